package dap

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
)

// The modules request, and what comes of modules that come and go: as the program
// loads and unloads libraries, as a process becomes another program, and as the
// user travels to where other ones are loaded.

func (s *session) modules(c *call, m *godap.ModulesRequest) (any, error) {
	all := []godap.Module{}
	for _, m := range s.prog.dbg.Modules() {
		all = append(all, s.module(m))
	}
	from := min(max(m.Arguments.StartModule, 0), len(all))
	to := len(all)
	if n := m.Arguments.ModuleCount; n > 0 {
		to = min(to, from+n)
	}
	return godap.ModulesResponseBody{Modules: all[from:to], TotalModules: len(all)}, nil
}

// module describes a module to the client, without reading its symbols.
func (s *session) module(m *debugger.Module) godap.Module {
	out := godap.Module{
		Id: m.ID, Name: m.Name(), Path: m.Path, IsUserCode: m.User(),
		SymbolStatus: "Symbols are read when they are needed",
	}
	if m.High > m.Low {
		out.AddressRange = hex(m.Low) + "-" + hex(m.High)
	}
	if !m.Loaded() {
		return out
	}
	p := m.Program()
	why := m.Problem()
	switch {
	case p == nil:
		out.SymbolStatus = "No symbols: " + why
		return out
	case why != "":
		out.SymbolStatus = "No debug information: " + why
	default:
		out.SymbolStatus, out.SymbolFilePath = "Symbols loaded", m.Path
		if f := p.DebugFile(); f != "" {
			out.SymbolFilePath = f
		}
	}
	for _, u := range p.Units() {
		if strings.Contains(u.Producer, " -O1") || strings.Contains(u.Producer, " -O2") || strings.Contains(u.Producer, " -O3") || strings.Contains(u.Producer, " -Os") {
			out.IsOptimized = true
		}
	}
	return out
}

// moduleEvents tells which modules have come, gone and changed since the client
// was told last.
func (s *session) moduleEvents() {
	now := map[int]godap.Module{}
	for _, m := range s.prog.dbg.Modules() {
		now[m.ID] = s.module(m)
	}
	for _, id := range slices.Sorted(maps.Keys(s.shown.modules)) {
		if _, still := now[id]; !still {
			s.event("module", godap.ModuleEventBody{Reason: "removed", Module: s.shown.modules[id]})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(now)) {
		old, known := s.shown.modules[id]
		switch {
		case !known:
			s.event("module", godap.ModuleEventBody{Reason: "new", Module: now[id]})
		case !reflect.DeepEqual(old, now[id]):
			s.event("module", godap.ModuleEventBody{Reason: "changed", Module: now[id]})
		}
	}
	s.shown.modules = now
}

// modulesChanged is called by the debugger when other modules are there than
// before, also in the middle of a motion.
func (s *session) modulesChanged() {
	if s.prog.recorder != nil {
		s.prog.recorder.Look()
	}
	if path := s.prog.machine.Image().Path; path != s.shown.program {
		s.processEvent(path)
		s.console("console", fmt.Sprintf("The process runs %s at icount %d.\n", path, s.prog.tl.Icount()))
	}
	s.moduleEvents()
	if !s.launched.NoDebug {
		s.replaceBreakpoints()
	}
}

// replaceBreakpoints tells the client which breakpoints have got or lost their
// place.
func (s *session) replaceBreakpoints() {
	// What a file of the client's is called in a library that was just loaded.
	for _, path := range slices.Sorted(maps.Keys(s.breaks.source)) {
		set := s.breaks.source[path]
		if name := s.sources.recorded(path, s.prog.dbg); name != set.recorded {
			s.applySet(set, true)
		}
	}
	now := s.prog.dbg.Breakpoints()
	for i := range now {
		id := s.breaks.ofID[now[i].ID]
		if id == 0 {
			continue
		}
		bp := s.breakpoint(&now[i], id, s.breaks.sourceOf[id])
		if old, known := s.shown.points[id]; known && !reflect.DeepEqual(old, bp) {
			s.event("breakpoint", godap.BreakpointEventBody{Reason: "changed", Breakpoint: bp})
		}
		s.showPoint(bp)
	}
}

// showPoint notes what the client has been told of a breakpoint.
func (s *session) showPoint(bp godap.Breakpoint) {
	if s.shown.points == nil {
		s.shown.points = map[int]godap.Breakpoint{}
	}
	s.shown.points[bp.Id] = bp
}
