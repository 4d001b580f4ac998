package debugger

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/debugger/values"
	"github.com/dap-revexec/dap-revexec/vm"
)

// point is a breakpoint or watchpoint.
type point struct {
	id     int
	want   string // what was asked for, to know it again
	reason Reason // what a stop at it is reported as
	cond   string
	expr   *values.Expr // cond, once it has been parsed in the point's context
	hits   *hitCounter  // nil without a hit condition
	log    string       // for a logpoint: its message
	logged uint64       // positions below have been logged
	data   DataBreakpoint
	raises *raiser // of an exception
	err    error   // why it can't be met anywhere

	// place finds a code breakpoint among the modules of an epoch.
	place  func(s *moduleSet) (spot, error)
	placed map[uint64]*Breakpoint // what came of it, by the version of the set
}

// spot is where a code breakpoint lies.
type spot struct {
	file  string
	line  int
	addrs []uint64
}

// breakpoints are all the points set, by kind and file.
type breakpoints struct {
	source map[string][]*point // by file, as the client names it
	funcs  []*point
	insts  []*point
	data   []*point

	exceptions []*point

	gen    uint64 // counts the changes
	nextID int
}

// codeSet are the code breakpoints of an epoch.
type codeSet struct {
	gen    uint64
	at     map[uint64][]*point
	breaks *vm.Breaks
}

// list lists the code breakpoints, in a fixed order.
func (b *breakpoints) list() []*point {
	var all []*point
	for _, file := range slices.Sorted(maps.Keys(b.source)) {
		all = append(all, b.source[file]...)
	}
	return slices.Concat(all, b.funcs, b.insts, b.exceptions)
}

// code are the code breakpoints at the machine's position. Filters call it at
// each hit.
func (d *Debugger) code() *codeSet { return d.codeOf(d.set()) }

// codeOf are the code breakpoints while s is mapped.
func (d *Debugger) codeOf(s *moduleSet) *codeSet {
	if s.code != nil && s.code.gen == d.bps.gen {
		return s.code
	}
	c := &codeSet{gen: d.bps.gen, at: map[uint64][]*point{}}
	var addrs []uint64
	for _, p := range d.bps.list() {
		for _, a := range d.locate(p, s).Addrs {
			c.at[a] = append(c.at[a], p)
			addrs = append(addrs, a)
		}
	}
	c.breaks = vm.NewBreaks(addrs...)
	s.code = c
	return c
}

// locate finds a point while s is mapped.
func (d *Debugger) locate(p *point, s *moduleSet) *Breakpoint {
	if b := p.placed[s.version]; b != nil {
		return b
	}
	b := &Breakpoint{ID: p.id}
	var err error
	if err = p.err; err == nil && p.place != nil {
		var at spot
		at, err = p.place(s)
		b.File, b.Line, b.Addrs = at.file, at.line, at.addrs
	}
	if b.Verified = err == nil; err != nil {
		b.Message = err.Error()
	}
	if p.placed == nil || len(p.placed) >= maxSets {
		p.placed = map[uint64]*Breakpoint{}
	}
	p.placed[s.version] = b
	return b
}

// pending completes the message about a breakpoint that has no place now.
func pending(s *moduleSet, err error) error {
	if !s.dynamic() {
		return err
	}
	return fmt.Errorf("%w; it is set as soon as a library that has it is loaded", err)
}

// Breakpoints tells what has become of the code breakpoints at the current
// position. One in a library is verified where that is mapped.
func (d *Debugger) Breakpoints() []Breakpoint {
	var out []Breakpoint
	for _, p := range d.bps.list() {
		out = append(out, d.describe(p))
	}
	return out
}

// describe tells what has become of a point at the current position.
func (d *Debugger) describe(p *point) Breakpoint {
	b := *d.locate(p, d.set())
	if b.Verified && p.reason == ReasonBreakpoint && len(b.Addrs) == 1 {
		if d.m.ReadMemory(b.Addrs[0], make([]byte, d.arch.MinInst)) < d.arch.MinInst {
			b.Verified, b.Addrs, b.Message = false, nil, fmt.Sprintf("breakpoint at %#x: no memory there", b.Addrs[0])
			if s := d.set(); s.dynamic() {
				b.Message += " now"
			}
		}
	}
	return b
}

// request is what the kinds of breakpoints have in common.
type request struct {
	want      string
	cond, hit string
	log       string
	data      DataBreakpoint
	raises    *raiser
	check     func(p *point) error // what can be told at once
	place     func(s *moduleSet) (spot, error)
}

// replace replaces old by the points asked for. A request that can't be met makes a
// point that is not verified and says why.
func (d *Debugger) replace(old []*point, r Reason, reqs []request) ([]*point, []Breakpoint) {
	d.bps.gen++
	points := make([]*point, len(reqs))
	out := make([]Breakpoint, len(reqs))
	for i, req := range reqs {
		p := &point{reason: r, want: req.want, cond: strings.TrimSpace(req.cond), log: req.log, data: req.data, raises: req.raises, place: req.place}
		p.err = d.fill(p, req)
		if q := reuse(old, p); q != nil {
			p = q
		} else {
			d.bps.nextID++
			p.id = d.bps.nextID
		}
		points[i], out[i] = p, d.describe(p)
	}
	return points, out
}

func (d *Debugger) fill(p *point, req request) (err error) {
	if p.cond != "" {
		if _, err := values.Parse(d.globals(), p.cond); err != nil {
			return fmt.Errorf("condition %q: %w", p.cond, err)
		}
	}
	if req.hit != "" {
		if p.hits, err = parseHit(req.hit); err != nil {
			return err
		}
	}
	if req.check != nil {
		return req.check(p)
	}
	return nil
}

// reuse finds the old point that was asked for in the same way, to keep its ID
// and the hits it has counted.
func reuse(old []*point, p *point) *point {
	for _, q := range old {
		if q.want == p.want && q.cond == p.cond && q.log == p.log && sameHits(q.hits, p.hits) && (q.err == nil) == (p.err == nil) &&
			q.data.Addr == p.data.Addr && q.data.Size == p.data.Size && q.data.Read == p.data.Read && q.data.Write == p.data.Write {
			q.data, q.place, q.placed, q.err = p.data, p.place, nil, p.err
			return q
		}
	}
	return nil
}

// SetSourceBreakpoints replaces the breakpoints of a file, which may be named by
// any path that ends like the one in the debug information.
func (d *Debugger) SetSourceBreakpoints(file string, bps []SourceBreakpoint) []Breakpoint {
	reqs := make([]request, len(bps))
	for i, bp := range bps {
		reqs[i] = request{
			want: fmt.Sprintf("line %d", bp.Line), cond: bp.Condition, hit: bp.HitCondition, log: bp.LogMessage,
			place: func(s *moduleSet) (spot, error) {
				place, err := s.placesOf(file, bp.Line)
				if err != nil {
					return spot{line: bp.Line}, pending(s, err)
				}
				return spot{place.File, place.Line, place.Addrs}, nil
			},
		}
	}
	if d.bps.source == nil {
		d.bps.source = map[string][]*point{}
	}
	points, out := d.replace(d.bps.source[file], ReasonBreakpoint, reqs)
	d.bps.source[file] = points
	if len(points) == 0 {
		delete(d.bps.source, file)
	}
	return out
}

// SetFunctionBreakpoints replaces the breakpoints on functions.
func (d *Debugger) SetFunctionBreakpoints(bps []FunctionBreakpoint) []Breakpoint {
	reqs := make([]request, len(bps))
	for i, bp := range bps {
		reqs[i] = request{
			want: "function " + bp.Name, cond: bp.Condition, hit: bp.HitCondition,
			place: func(s *moduleSet) (spot, error) {
				addrs := s.functionPlaces(bp.Name)
				if len(addrs) == 0 {
					return spot{}, pending(s, fmt.Errorf("breakpoint at %s: no function of that name", bp.Name))
				}
				return s.spot(addrs), nil
			},
		}
	}
	var out []Breakpoint
	d.bps.funcs, out = d.replace(d.bps.funcs, ReasonFunction, reqs)
	return out
}

// SetInstructionBreakpoints replaces the breakpoints on addresses.
func (d *Debugger) SetInstructionBreakpoints(bps []InstructionBreakpoint) []Breakpoint {
	reqs := make([]request, len(bps))
	for i, bp := range bps {
		reqs[i] = request{
			want: fmt.Sprintf("address %#x", bp.Addr), cond: bp.Condition, hit: bp.HitCondition,
			check: func(*point) error {
				if bp.Addr%uint64(d.arch.MinInst) != 0 {
					return fmt.Errorf("breakpoint at %#x: instructions start at multiples of %d", bp.Addr, d.arch.MinInst)
				}
				return nil
			},
			place: func(s *moduleSet) (spot, error) { return s.spot([]uint64{bp.Addr}), nil },
		}
	}
	var out []Breakpoint
	d.bps.insts, out = d.replace(d.bps.insts, ReasonBreakpoint, reqs)
	return out
}

// spot is the place with the given addresses, and the first one's source line.
func (s *moduleSet) spot(addrs []uint64) spot {
	at := spot{addrs: addrs}
	if l, ok := s.space.LineAt(addrs[0]); ok {
		at.file, at.line = l.File, l.Line
	}
	return at
}

// maxWatch is the largest range that may be watched, in bytes.
const maxWatch = 1 << 20

// SetDataBreakpoints replaces the watchpoints.
func (d *Debugger) SetDataBreakpoints(bps []DataBreakpoint) []Breakpoint {
	reqs := make([]request, len(bps))
	for i, bp := range bps {
		reqs[i] = request{cond: bp.Condition, hit: bp.HitCondition, data: bp, check: func(p *point) error {
			if err := checkRange(bp.Addr, bp.Size); err != nil {
				return err
			}
			switch {
			case !bp.Read && !bp.Write:
				return fmt.Errorf("watchpoint at %#x: neither reads nor writes are asked for", bp.Addr)
			case p.hits != nil:
				return fmt.Errorf("watchpoint at %#x: hit conditions are not available for watchpoints", bp.Addr)
			}
			return nil
		}}
	}
	var out []Breakpoint
	d.bps.data, out = d.replace(d.bps.data, ReasonData, reqs)
	return out
}
