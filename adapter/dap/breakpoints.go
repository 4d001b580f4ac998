package dap

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
)

// exceptionFilters are what setExceptionBreakpoints can switch on.
var exceptionFilters = []godap.ExceptionBreakpointsFilter{{
	Filter:      "signals",
	Label:       "Signals",
	Description: "Stop before a fault (such as an invalid memory access) raises its signal, and before a signal kills the program",
	Default:     true,
}, {
	Filter:      "panic",
	Label:       "Panics",
	Description: "Stop where a Rust panic begins, where a Go panic is found to be recovered by nothing, and at fatal errors of Go's runtime",
	Default:     true,
}, {
	Filter:      "throw",
	Label:       "C++ exceptions",
	Description: "Stop where a C++ exception is thrown, whether or not it is caught",
}}

// defaultFilters are the filters that are on until a client says otherwise.
func defaultFilters() (names []string) {
	for _, f := range exceptionFilters {
		if f.Default {
			names = append(names, f.Filter)
		}
	}
	return names
}

// applyFilters has the program stop at what the filters name.
func (s *session) applyFilters() {
	if s.prog == nil {
		return
	}
	filters := s.breaks.filters
	if s.launched.NoDebug {
		filters = nil
	}
	s.prog.dbg.StopOnSignals(slices.Contains(filters, "signals"))
	s.prog.dbg.StopOnExceptions(filters...)
}

// breakpointSet is what one request has asked for. It outlives the program: a
// restarted one gets it, too.
type breakpointSet struct {
	reason string // of stops, where it is not the debugger's reason that decides
	source *godap.Source
	ids    []int // as the client knows them
	apply  func(*debugger.Debugger) []debugger.Breakpoint
	count  int
	// recorded is the name that the debug information has for the source, as
	// the set was applied last.
	recorded string
}

// breakpoints are all the sets that the client has asked for.
type breakpoints struct {
	source  map[string]*breakpointSet // by the path that the client uses
	funcs   *breakpointSet
	insts   *breakpointSet
	data    *breakpointSet
	filters []string // of exceptions

	lastID int
	ofID   map[int]int // the debugger's ID → the client's
	reason map[int]string
	// sourceOf is how the client named the file of a breakpoint, by its ID.
	sourceOf map[int]*godap.Source
	// formats are the watched values' formatters, by data ID.
	formats map[string]func([]byte) string
}

// sets lists all sets, in a fixed order.
func (b *breakpoints) sets() []*breakpointSet {
	var all []*breakpointSet
	for _, path := range slices.Sorted(maps.Keys(b.source)) {
		all = append(all, b.source[path])
	}
	for _, set := range []*breakpointSet{b.funcs, b.insts, b.data} {
		if set != nil {
			all = append(all, set)
		}
	}
	return all
}

// applySet applies a set to the program, if there is one, and returns what became
// of it as the client sees it. With keep the client's IDs stay what they are.
func (s *session) applySet(set *breakpointSet, keep bool) []godap.Breakpoint {
	b := &s.breaks
	out := make([]godap.Breakpoint, set.count)
	var got []debugger.Breakpoint
	if s.prog != nil && !s.launched.NoDebug {
		got = set.apply(s.prog.dbg)
	}
	if b.ofID == nil {
		b.ofID, b.reason, b.sourceOf = map[int]int{}, map[int]string{}, map[int]*godap.Source{}
	}
	ids := make([]int, set.count)
	for i := range out {
		switch {
		case keep && i < len(set.ids):
			ids[i] = set.ids[i]
		case i < len(got) && b.ofID[got[i].ID] != 0:
			ids[i] = b.ofID[got[i].ID]
		default:
			b.lastID++
			ids[i] = b.lastID
		}
		out[i] = godap.Breakpoint{Id: ids[i], Message: "the program has not been launched yet"}
		if s.launched != nil && s.launched.NoDebug {
			out[i].Message = "breakpoints are off: the program was launched with noDebug"
		}
		if i < len(got) {
			b.ofID[got[i].ID] = ids[i]
			b.reason[ids[i]], b.sourceOf[ids[i]] = set.reason, set.source
			out[i] = s.breakpoint(&got[i], ids[i], set.source)
			s.showPoint(out[i])
		}
	}
	set.ids = ids
	return out
}

// reapply applies all sets to a program that was just loaded, and tells the client
// what became of them.
func (s *session) reapply() {
	s.breaks.ofID = nil
	for _, set := range s.breaks.sets() {
		for _, bp := range s.applySet(set, true) {
			s.event("breakpoint", godap.BreakpointEventBody{Reason: "changed", Breakpoint: bp})
		}
	}
}

// breakpoint describes a breakpoint to the client. source is how the client named
// the file, nil if it did not.
func (s *session) breakpoint(bp *debugger.Breakpoint, id int, source *godap.Source) godap.Breakpoint {
	out := godap.Breakpoint{Id: id, Verified: bp.Verified, Message: bp.Message, Source: source}
	if bp.Line > 0 && (bp.Verified || source != nil) {
		out.Line = s.lineOut(bp.Line)
	}
	if out.Source == nil && bp.File != "" {
		out.Source = s.source1(bp.File)
	}
	if len(bp.Addrs) > 0 {
		out.InstructionReference = hex(bp.Addrs[0])
	}
	return out
}

func (s *session) setBreakpoints(c *call, m *godap.SetBreakpointsRequest) (any, error) {
	defer s.forgetHits(c)
	a := &m.Arguments
	path, err := s.pathIn(&a.Source)
	if err != nil {
		return nil, err
	}
	bps := a.Breakpoints
	if bps == nil {
		for _, line := range a.Lines { // the deprecated form
			bps = append(bps, godap.SourceBreakpoint{Line: line})
		}
	}
	want := make([]debugger.SourceBreakpoint, len(bps))
	for i, bp := range bps {
		line := s.lineIn(bp.Line)
		if line < 1 {
			return nil, badArgument("setBreakpoints: line %d: lines start at %d", bp.Line, s.lineOut(1))
		}
		want[i] = debugger.SourceBreakpoint{Line: line, Condition: bp.Condition, HitCondition: bp.HitCondition, LogMessage: bp.LogMessage}
	}
	set := &breakpointSet{source: &a.Source, count: len(want), reason: "breakpoint"}
	set.apply = func(d *debugger.Debugger) []debugger.Breakpoint {
		recorded := s.sources.recorded(path, d)
		if set.recorded != "" && set.recorded != recorded {
			d.SetSourceBreakpoints(set.recorded, nil)
		}
		set.recorded = recorded
		return d.SetSourceBreakpoints(recorded, want)
	}
	if s.breaks.source == nil {
		s.breaks.source = map[string]*breakpointSet{}
	}
	if old := s.breaks.source[path]; old != nil {
		set.recorded = old.recorded
	}
	s.breaks.source[path] = set
	out := s.applySet(set, false)
	if len(want) == 0 {
		delete(s.breaks.source, path)
	}
	return godap.SetBreakpointsResponseBody{Breakpoints: out}, nil
}

func (s *session) setFunctionBreakpoints(c *call, m *godap.SetFunctionBreakpointsRequest) (any, error) {
	defer s.forgetHits(c)
	want := make([]debugger.FunctionBreakpoint, len(m.Arguments.Breakpoints))
	for i, bp := range m.Arguments.Breakpoints {
		want[i] = debugger.FunctionBreakpoint{Name: strings.TrimSpace(bp.Name), Condition: bp.Condition, HitCondition: bp.HitCondition}
	}
	set := &breakpointSet{count: len(want), reason: "function breakpoint"}
	set.apply = func(d *debugger.Debugger) []debugger.Breakpoint { return d.SetFunctionBreakpoints(want) }
	s.breaks.funcs = set
	return godap.SetFunctionBreakpointsResponseBody{Breakpoints: s.applySet(set, false)}, nil
}

func (s *session) setInstructionBreakpoints(c *call, m *godap.SetInstructionBreakpointsRequest) (any, error) {
	defer s.forgetHits(c)
	want := make([]debugger.InstructionBreakpoint, len(m.Arguments.Breakpoints))
	for i, bp := range m.Arguments.Breakpoints {
		addr, err := parseAddress(bp.InstructionReference)
		if err != nil {
			return nil, badArgument("setInstructionBreakpoints: instructionReference: %v", err)
		}
		want[i] = debugger.InstructionBreakpoint{Addr: addr + uint64(int64(bp.Offset)), Condition: bp.Condition, HitCondition: bp.HitCondition}
	}
	set := &breakpointSet{count: len(want), reason: "instruction breakpoint"}
	set.apply = func(d *debugger.Debugger) []debugger.Breakpoint { return d.SetInstructionBreakpoints(want) }
	s.breaks.insts = set
	return godap.SetInstructionBreakpointsResponseBody{Breakpoints: s.applySet(set, false)}, nil
}

func (s *session) setExceptionBreakpoints(c *call, m *godap.SetExceptionBreakpointsRequest) (any, error) {
	defer s.forgetHits(c)
	known := func(name string) bool {
		return slices.ContainsFunc(exceptionFilters, func(f godap.ExceptionBreakpointsFilter) bool { return f.Filter == name })
	}
	names := slices.Clone(m.Arguments.Filters)
	for _, f := range m.Arguments.FilterOptions {
		names = append(names, f.FilterId)
	}
	for _, name := range names {
		if !known(name) {
			return nil, badArgument("setExceptionBreakpoints: there is no filter %.60q (there are signals, panic and throw)", name)
		}
	}
	s.breaks.filters = names
	s.applyFilters()
	out := make([]godap.Breakpoint, len(names))
	for i := range out {
		out[i].Verified = true
	}
	return godap.SetExceptionBreakpointsResponseBody{Breakpoints: out}, nil
}

func (s *session) breakpointLocations(c *call, m *godap.BreakpointLocationsRequest) (any, error) {
	if m.Arguments == nil {
		return nil, badArgument("breakpointLocations: the arguments are missing")
	}
	path, err := s.pathIn(&m.Arguments.Source)
	if err != nil {
		return nil, err
	}
	from, to := s.lineIn(m.Arguments.Line), s.lineIn(m.Arguments.EndLine)
	if m.Arguments.EndLine == 0 {
		to = from
	}
	if from < 1 || to < from {
		return nil, badArgument("breakpointLocations: lines %d to %d: no such range", m.Arguments.Line, m.Arguments.EndLine)
	}
	out := []godap.BreakpointLocation{}
	lines, err := s.prog.dbg.BreakpointLines(s.sources.recorded(path, s.prog.dbg), from, to)
	if err != nil {
		// A file without code is no mistake of the client's.
		s.log.Debug().Err(err).Msg("breakpointLocations")
	}
	for _, line := range lines {
		out = append(out, godap.BreakpointLocation{Line: s.lineOut(line)})
	}
	return godap.BreakpointLocationsResponseBody{Breakpoints: out}, nil
}

// dataID names a range of memory in a way that the client can keep: its address,
// its size, and what it is.
func dataID(addr, size uint64, expr string) string {
	return fmt.Sprintf("%#x,%d,%s", addr, size, expr)
}

func parseDataID(id string) (addr, size uint64, expr string, err error) {
	parts := strings.SplitN(id, ",", 3)
	if len(parts) >= 2 {
		if addr, err = strconv.ParseUint(parts[0], 0, 64); err == nil {
			if size, err = strconv.ParseUint(parts[1], 10, 64); err == nil && size > 0 {
				if len(parts) == 3 {
					expr = parts[2]
				}
				return addr, size, expr, nil
			}
		}
	}
	return 0, 0, "", badArgument("setDataBreakpoints: %.80q is no dataId of dataBreakpointInfo's", id)
}

// accesses are the access types of data breakpoints.
var accesses = map[godap.DataBreakpointAccessType]struct{ read, write bool }{
	"read": {read: true}, "write": {write: true}, "readWrite": {read: true, write: true},
	"": {write: true},
}

func (s *session) setDataBreakpoints(c *call, m *godap.SetDataBreakpointsRequest) (any, error) {
	defer s.forgetHits(c)
	want := make([]debugger.DataBreakpoint, len(m.Arguments.Breakpoints))
	for i, bp := range m.Arguments.Breakpoints {
		addr, size, expr, err := parseDataID(bp.DataId)
		if err != nil {
			return nil, err
		}
		access, ok := accesses[bp.AccessType]
		if !ok {
			return nil, badArgument(`setDataBreakpoints: accessType %.60q: write "read", "write" or "readWrite"`, bp.AccessType)
		}
		want[i] = debugger.DataBreakpoint{
			Addr: addr, Size: size, Read: access.read, Write: access.write, Expr: expr, Format: s.breaks.formats[bp.DataId],
			Condition: bp.Condition, HitCondition: bp.HitCondition,
		}
	}
	set := &breakpointSet{count: len(want), reason: "data breakpoint"}
	set.apply = func(d *debugger.Debugger) []debugger.Breakpoint { return d.SetDataBreakpoints(want) }
	s.breaks.data = set
	return godap.SetDataBreakpointsResponseBody{Breakpoints: s.applySet(set, false)}, nil
}

// maxWatchBytes bounds a data breakpoint asked for by address and length.
const maxWatchBytes = 1 << 20

func (s *session) dataBreakpointInfo(c *call, m *godap.DataBreakpointInfoRequest) (any, error) {
	a, err := extended[dataBreakpointInfoArguments](c)
	if err != nil {
		return nil, err
	}
	r, why, err := s.watchRange(c.name, &a)
	switch {
	case err != nil:
		return nil, err
	case why != "":
		return godap.DataBreakpointInfoResponseBody{Description: why}, nil
	}
	id := dataID(r.Addr, r.Size, r.Expr)
	if r.Format != nil {
		if s.breaks.formats == nil {
			s.breaks.formats = map[string]func([]byte) string{}
		}
		s.breaks.formats[id] = r.Format
	}
	return godap.DataBreakpointInfoResponseBody{
		DataId:      id,
		Description: fmt.Sprintf("%s (%s at %s)", r.Expr, plural(r.Size, "byte"), hex(r.Addr)),
		AccessTypes: []godap.DataBreakpointAccessType{"write", "readWrite", "read"},
		CanPersist:  r.keeps,
	}, nil
}

// watchRange is a range of memory that can be watched.
type watchRange struct {
	debugger.DataBreakpoint
	keeps  bool // it is the same thing wherever the program is
	typ    string
	name   string                                 // an expression for it; empty if there is none
	number func(data []byte) (n float64, ok bool) // of its content; nil for none
}

// watchRange finds the range of memory that a request names, or says why it can't be
// watched.
func (s *session) watchRange(request string, a *dataBreakpointInfoArguments) (r watchRange, why string, err error) {
	if a.AsAddress {
		r.keeps, r.Expr = true, a.Name
		if r.Addr, err = s.addressOf(a.Name, a.FrameId); err != nil {
			return r, "", badArgument("%s: %v", request, err)
		}
		if r.Size = uint64(max(a.Bytes, 0)); r.Size == 0 {
			r.Size = uint64(s.prog.dbg.Arch().PtrSize)
		}
	} else {
		v, err := s.watched(request, &a.DataBreakpointInfoArguments)
		if err != nil {
			return r, "", err
		}
		var ok bool
		if r.Addr, r.Size, ok = v.Address(); !ok {
			why := "it is not in memory"
			if err := v.Err(); err != nil {
				why = err.Error()
			} else if v.Hint().Constant {
				why = "it is a computed value, not a place in memory"
			}
			return r, fmt.Sprintf("%s can't be watched: %s", a.Name, why), nil
		}
		r.Format, r.keeps, r.typ, r.number = v.FormatBytes, v.Hint().Static, v.Type(), v.NumberOf
		if a.Bytes > 0 {
			r.Size, r.Format, r.typ, r.number = uint64(a.Bytes), nil, "", nil
		}
		r.name = v.Expr()
		if r.Expr = r.name; r.Expr == "" {
			r.Expr = a.Name
		}
	}
	if r.Size == 0 || r.Size > maxWatchBytes || r.Addr+r.Size < r.Addr {
		return r, fmt.Sprintf("%s can't be watched: it has %d bytes (1 to %d can be)", r.Expr, r.Size, maxWatchBytes), nil
	}
	return r, "", nil
}

// lineIn and lineOut convert between the client's line numbers and those from 1.
func (s *session) lineIn(n int) int {
	if !s.client.LinesStartAt1 {
		n++
	}
	return n
}

func (s *session) lineOut(n int) int {
	if !s.client.LinesStartAt1 && n > 0 {
		n--
	}
	return n
}

func (s *session) columnOut(n int) int {
	if !s.client.ColumnsStartAt1 && n > 0 {
		n--
	}
	return n
}

// pathIn is the path of a source that the client names.
func (s *session) pathIn(src *godap.Source) (string, error) {
	switch n := src.SourceReference; {
	case n > 0 && n <= len(s.sources.refs) && s.sources.refs[n-1].kept != "":
		return s.sources.refs[n-1].kept, nil
	case n > len(s.sources.refs) && s.sources.Kept != nil && src.Path != "":
		return src.Path, nil // of an earlier session: the editor has kept the breakpoint
	case n > 0:
		return "", fail(errUnresolvable, "breakpoints can't be set in this view by line: it is not a source file; use the Disassembly view, or a function breakpoint")
	case src.Path == "":
		return "", badArgument("the source has no path")
	case s.client.PathFormat == "uri":
		return pathOfURI(src.Path)
	}
	return filepath.Clean(src.Path), nil
}
