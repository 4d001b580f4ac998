package debugger

import (
	"fmt"

	"github.com/dap-revexec/dap-revexec/adapter/debugger/values"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/vm"
)

// maxFrames bounds a backtrace: a runaway recursion has about as many frames as
// fit into its stack.
const maxFrames = 100_000

// stack is a thread's unwound call stack at the current position.
type stack struct {
	phys   []*symbols.Frame
	frames []Frame
	err    error // why unwinding stopped early
}

// Frames lists the frames of a thread, innermost first, inlined calls included.
// An error says why the list ends early; what was found is returned beside it.
// The result is valid until the next motion.
func (d *Debugger) Frames(t vm.ThreadID) ([]Frame, error) {
	s := d.stack(d.current(t))
	return s.frames, s.err
}

func (d *Debugger) stack(t vm.ThreadID) *stack {
	if s := d.stacks[t]; s != nil {
		return s
	}
	s := &stack{}
	s.phys, s.err = d.Space().Backtrace(d.pc(t), threadRegs{d, t}, d.m, maxFrames)
	for i, f := range s.phys {
		s.frames = d.logical(s.frames, i, f)
	}
	d.stacks[t] = s
	return s
}

// logical appends the frames for display that make up physical frame f.
func (d *Debugger) logical(out []Frame, index int, f *symbols.Frame) []Frame {
	pc := f.LookupPC()
	base := Frame{PC: f.PC, CFA: f.CFA, Physical: index, Module: d.ModuleAt(pc)}
	line, hasLine := f.Program().LineAt(pc)
	chain := f.Program().InlineChain(pc)
	if len(chain) == 0 {
		base.Level, base.Name, base.Subtle = len(out), d.symbolic(f.PC), !hasLine
		if hasLine {
			base.File, base.Line, base.Column = line.File, line.Line, line.Column
		}
		return append(out, base)
	}
	file, no, col := line.File, line.Line, line.Column
	if !hasLine {
		file, no, col = "", 0, 0
	}
	for i, c := range chain {
		fr := base
		fr.Level, fr.Logical, fr.Name, fr.Inlined = len(out), i, c.Name, c.Inlined
		fr.File, fr.Line, fr.Column = file, no, col
		fr.Subtle = file == "" || internalName(c.Name) || !c.Inlined && internalFunction(c.Func)
		out = append(out, fr)
		file, no, col = c.CallFile, c.CallLine, 0
	}
	return out
}

// symbolic is the name for a PC without debug information.
func (d *Debugger) symbolic(pc uint64) string { return d.symbolicIn(d.set(), pc) }

// symbolicIn is symbolic while s is mapped. What is in no file is looked for among what
// is mapped at the machine's position.
func (d *Debugger) symbolicIn(s *moduleSet, pc uint64) string {
	if sym, off, ok := s.space.SymbolAt(pc); ok {
		return offset(sym.Name, off)
	}
	for _, m := range d.m.Mappings() {
		if m.Start <= pc && pc < m.End && m.Name != "" {
			return fmt.Sprintf("%#x in %s", pc, m.Name)
		}
	}
	return fmt.Sprintf("%#x", pc)
}

// offset is "name+12", or the name alone.
func offset(name string, off uint64) string {
	if off == 0 {
		return name
	}
	return fmt.Sprintf("%s+%d", name, off)
}

// Context is where to evaluate expressions for a frame that Frames returned;
// nil stands for the innermost.
func (d *Debugger) Context(t vm.ThreadID, f *Frame) *values.Context {
	t = d.current(t)
	s := d.stack(t)
	physical, logical := 0, 0
	if f != nil {
		physical, logical = f.Physical, f.Logical
	}
	if physical >= len(s.phys) {
		return d.here(t)
	}
	return d.context(t, s.phys[physical].Whole(), logical)
}

// Where describes the position for a person.
func (d *Debugger) Where() string {
	t := d.m.CurrentThread()
	at, end := d.tl.Icount(), d.tl.Frontier()
	pos := "at the start of history"
	switch status, exited := d.m.Exited(); {
	case exited && status.Signal != 0:
		pos = "at the end: the program was killed by " + signalName(status.Signal)
	case exited:
		pos = "at the end: the program has exited"
	case at == end && d.replays:
		pos = "at the end of the recording"
	case at == end && end > 0:
		pos = "live, at the frontier"
	case at > d.tl.Start():
		pos = fmt.Sprintf("in the past: %.2f%% of %d, %d before the frontier", 100*float64(at)/float64(end), end, end-at)
	}
	place := d.symbolic(d.pc(t))
	if fs, _ := d.Frames(t); len(fs) > 0 {
		place = fs[0].Name
		if fs[0].File != "" {
			place = fmt.Sprintf("%s at %s:%d", fs[0].Name, fs[0].File, fs[0].Line)
		}
	}
	return fmt.Sprintf("icount %d (%s), thread %d, pc %#x, %s", at, pos, t, d.pc(t), place)
}
