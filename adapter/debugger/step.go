package debugger

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/vm"
)

// goStackHi is the offset of g.stack.hi in a goroutine, bytes (runtime.g).
const goStackHi = 8

// strand is what a step follows: a thread, or in a Go program a goroutine, which
// the scheduler may move to another thread.
type strand struct {
	thread vm.ThreadID
	g      uint64
}

func (d *Debugger) strand(t vm.ThreadID) strand {
	if s := d.set(); s.isGo {
		if g, ok := s.space.Main().Goroutine(threadRegs{d, t}, d.m); ok {
			return strand{g: g}
		}
	}
	return strand{thread: t}
}

// height tells how deep a stack address of a strand lies below the stack's
// base, in a measure that survives Go's moving stacks: larger is deeper, that
// is newer.
func (d *Debugger) height(s strand, addr uint64) uint64 {
	if s.g != 0 {
		var b [8]byte
		if d.m.ReadMemory(s.g+goStackHi, b[:]) == len(b) {
			var hi uint64
			for i := range b {
				hi |= uint64(b[i]) << (8 * i)
			}
			return hi - addr
		}
	}
	return -addr
}

// depth is how deep a thread's innermost frame is: the physical frame's height
// and the inlined calls in it.
type depth struct {
	height uint64
	inline int
}

func (a depth) deeper(b depth) bool {
	return a.height > b.height || a.height == b.height && a.inline > b.inline
}

func (d *Debugger) depth(t vm.ThreadID, s strand) depth {
	pc := d.pc(t)
	space := d.Space()
	return depth{d.height(s, d.cfa(space, t, pc)), space.InlineDepth(pc)}
}

// cfa is the canonical frame address of a thread's innermost frame, or its stack
// pointer if that is not known. Filters ask for it at each statement.
func (d *Debugger) cfa(space *symbols.Space, t vm.ThreadID, pc uint64) uint64 {
	if p := space.At(pc); p != nil {
		if reg, off, ok := p.CFARule(pc); ok {
			if i, ok := d.regIndex[reg]; ok {
				return d.m.Reg(t, i) + uint64(off)
			}
		}
	}
	if cfa, err := space.CFA(pc, threadRegs{d, t}, d.m); err == nil {
		return cfa
	}
	return d.sp(t)
}

// step finds the next, or the latest earlier, statement start of the thread; for
// Next only in frames not deeper than the current one.
func (d *Debugger) step(ctx context.Context, mo Motion) (Event, error) {
	t := mo.Thread
	me := d.strand(t)
	over := mo.Verb == Next
	var at depth
	to := &aim{}
	if over {
		at = d.depth(t, me)
		to.at = d.stackStatements(t)
		over = to.at != nil
	}
	if over {
		to.inside = d.callBelow(t, me, -at.height)
	} else {
		here := d.pc(t)
		to.at = func(s *moduleSet) *vm.Breaks { return d.allStatements(s, here) }
	}
	to.reached = func(s *vm.Stop) bool {
		if d.strand(s.Thread) != me || !d.Space().IsStatementStart(s.PC, d.m.LastPC(s.Thread)) {
			return false
		}
		return !over || !d.depth(s.Thread, me).deeper(at)
	}
	return d.run(ctx, mo.Back, to)
}

// breaksAt is the places with the given addresses in every epoch.
func breaksAt(addrs ...uint64) places {
	b := vm.NewBreaks(addrs...)
	return func(*moduleSet) *vm.Breaks { return b }
}

// stackStatements are the statements of the functions on the thread's stack; nil
// when none of them has any.
func (d *Debugger) stackStatements(t vm.ThreadID) places {
	addrs := d.statementsOf(t, d.stack(t).phys)
	if len(addrs) == 0 {
		return nil
	}
	return breaksAt(addrs...)
}

// statementsOf are the statements of the functions of frames, but for those of the
// system's libraries, unless the innermost frame is in the same one: as a step in
// does, a step leads out into the user's code.
func (d *Debugger) statementsOf(t vm.ThreadID, frames []*symbols.Frame) []uint64 {
	var addrs []uint64
	mine := d.ModuleAt(d.pc(t))
	seen := map[*symbols.Function]bool{}
	for _, f := range frames {
		if m := d.ModuleAt(f.LookupPC()); m != nil && m != mine && !m.User() {
			continue
		}
		if f.Func != nil && !seen[f.Func] {
			seen[f.Func] = true
			addrs = append(addrs, f.Program().Statements(f.Func)...)
		}
	}
	return addrs
}

// allStatements are the statements that a step in may lead to while s is mapped,
// and the breakpoints: those of all the user's modules (see [Module.User]) but for
// those inside the language's runtime, and in either case also where the step
// starts from, at pc.
func (d *Debugger) allStatements(s *moduleSet, pc uint64) *vm.Breaks {
	code := d.codeOf(s).breaks
	mine := s.at(pc)
	here := s.space.FuncAt(pc)
	inside := here != nil && internalFunction(here)
	if mine != nil && mine.User() {
		mine = nil
	}
	b := &d.breaks
	if b.statements != nil && b.version == s.version && b.code.Equal(code) && b.inside == inside && b.beside == mine {
		return b.statements
	}
	var addrs []uint64
	for _, m := range s.list {
		if !m.User() && m != mine {
			continue
		}
		p := m.Program()
		switch {
		case p == nil:
		case inside:
			addrs = append(addrs, p.AllStatements()...)
		default:
			for _, f := range p.Funcs() {
				if !internalFunction(f) {
					addrs = append(addrs, p.Statements(f)...)
				}
			}
		}
	}
	*b = breakSets{s.version, inside, mine, code, vm.NewBreaks(append(addrs, code.Addrs()...)...)}
	return b.statements
}

// internalName reports whether a function belongs to a language's runtime, where
// a step in does not lead.
func internalName(name string) bool {
	return strings.HasPrefix(name, "runtime.") || strings.HasPrefix(name, "internal/runtime/") || strings.HasPrefix(name, "internal/abi.")
}

// internalFunction is internalName of a function. In assembly it may have no package
// in its name, as gogo, or another one, as time.now: its package is the unit's.
func internalFunction(f *symbols.Function) bool {
	if f.Language == symbols.LangGo && f.CU != nil && (!strings.Contains(f.Name, ".") || strings.HasSuffix(f.DeclFile, ".s")) {
		return internalName(f.CU.Name + ".")
	}
	return internalName(f.Name)
}

// stepOut runs to the caller; backward, to the call.
func (d *Debugger) stepOut(ctx context.Context, mo Motion) (Event, error) {
	t := mo.Thread
	me := d.strand(t)
	st := d.stack(t)
	if len(st.frames) > 0 && st.frames[0].Inlined {
		return d.stepOutInline(ctx, mo, me)
	}
	if len(st.phys) < 2 {
		return d.event(ReasonPause, mo.Back), ErrNoCaller
	}
	if mo.Back {
		return d.reverseOut(ctx, t, me, st)
	}
	base := d.height(me, st.phys[0].CFA)
	// Not every function returns: longjmp and exceptions leave it for an older
	// frame, where the first statement ends the step.
	ret := st.phys[1].PC
	where := breaksAt(append([]uint64{ret}, d.statementsOf(t, st.phys[1:])...)...)
	return d.run(ctx, false, &aim{at: where, reached: func(s *vm.Stop) bool {
		if d.strand(s.Thread) != me || d.height(me, d.sp(s.Thread)) > base {
			return false
		}
		return s.PC == ret || d.Space().IsStatementStart(s.PC, d.m.LastPC(s.Thread)) && d.depth(s.Thread, me).height < base
	}})
}

// stepOutInline leaves an inlined call: to the first, or latest earlier,
// statement start outside of it.
func (d *Debugger) stepOutInline(ctx context.Context, mo Motion, me strand) (Event, error) {
	at := d.depth(mo.Thread, me)
	to := &aim{at: d.stackStatements(mo.Thread), inside: d.callBelow(mo.Thread, me, -at.height)}
	if to.at == nil {
		return d.event(ReasonPause, mo.Back), ErrNoCaller
	}
	to.reached = func(s *vm.Stop) bool {
		return d.strand(s.Thread) == me && d.Space().IsStatementStart(s.PC, d.m.LastPC(s.Thread)) && at.deeper(d.depth(s.Thread, me))
	}
	return d.run(ctx, mo.Back, to)
}

// pushed is how far below the caller's stack pointer a function's is at its entry,
// bytes: the return address, where calls push it.
func (d *Debugger) pushed() uint64 {
	if d.arch.RA < 0 {
		return uint64(d.arch.PtrSize)
	}
	return 0
}

// reverseOut goes back to the call of the current function.
func (d *Debugger) reverseOut(ctx context.Context, t vm.ThreadID, me strand, st *stack) (Event, error) {
	frame, caller := st.phys[0], st.phys[1]
	base := d.height(me, frame.CFA)
	if to := d.callOf(t, me, frame, caller); to != nil {
		return d.run(ctx, true, to)
	}
	return d.reverseToEntry(ctx, t, me, frame, base)
}

// reverseToEntry is reverseOut where no call has led, as into a signal's handler, or
// none is known: back to the function's entry, and from there to the instruction that
// led there.
func (d *Debugger) reverseToEntry(ctx context.Context, t vm.ThreadID, me strand, frame *symbols.Frame, base uint64) (Event, error) {
	entered := func(s *vm.Stop) bool {
		return d.strand(s.Thread) == me && d.height(me, d.sp(s.Thread)+d.pushed()) == base
	}
	if frame.Func == nil {
		return d.event(ReasonPause, true), ErrNoCaller
	}
	start := d.m.Icount()
	if d.pc(t) != frame.Func.Low || !entered(&vm.Stop{Thread: t}) {
		arrived := false
		ev, err := d.run(ctx, true, &aim{
			at:      breaksAt(frame.Func.Low),
			reached: func(s *vm.Stop) bool { return s.PC == frame.Func.Low && entered(s) },
		})
		if err == nil && (ev.Reason == ReasonStep || len(ev.Breakpoints) > 0) {
			t = ev.Thread
			arrived = d.pc(t) == frame.Func.Low && entered(&vm.Stop{Thread: t})
		}
		if !arrived {
			return ev, err
		}
	}
	calls, far := d.callsTo(t)
	ev, err := d.run(ctx, true, &aim{at: breaksAt(calls...), reached: func(s *vm.Stop) bool {
		if !slices.Contains(calls, s.PC) || d.strand(s.Thread) != me {
			return false
		}
		return !far || d.height(me, d.sp(s.Thread)) == base
	}})
	if err != nil {
		// Half of the way is no place to be.
		if back := d.seek(context.WithoutCancel(ctx), start); back != nil {
			return ev, back
		}
		return d.event(ReasonPause, true), err
	}
	return ev, nil
}

// callsTo are the addresses where the call may be that has led thread t to the
// entry of a function, where it is: that of the last instruction or, behind a
// linkage table and the dynamic loader (far), those in front of the return address.
func (d *Debugger) callsTo(t vm.ThreadID) (calls []uint64, far bool) {
	last := d.m.LastPC(t)
	if m := d.ModuleAt(last); d.Space().InPLT(last) || m != nil && m.Loader {
		if c, err := d.Space().Innermost(d.pc(t), threadRegs{d, t}, d.m).Caller(d.m); err == nil {
			if calls := d.callsBefore(c.PC); len(calls) > 0 {
				return calls, true
			}
		}
	}
	return []uint64{last}, false
}

// callsBefore are the addresses in front of pc at which a call may be decoded that
// returns there.
func (d *Debugger) callsBefore(pc uint64) []uint64 {
	var calls []uint64
	for size := d.arch.MinInst; size <= d.arch.MaxInst; size++ {
		if in, ok := d.instruction(pc - uint64(size)); ok && in.Call && in.Size == size {
			calls = append(calls, pc-uint64(size))
		}
	}
	return calls
}

// stepInstruction moves the machine by one instruction or tick of the debugged
// process. What other processes do in between belongs to the step.
func (d *Debugger) stepInstruction(ctx context.Context, mo Motion) (Event, error) {
	if !mo.Back {
		st := vm.Stop{Reason: vm.StopLimit}
		if !d.m.Elsewhere() {
			st = d.advance(ctx, d.m.Icount()+1, func(*moduleSet) *vm.Stops { return &vm.Stops{} }, false, false)
		}
		if st.Reason == vm.StopLimit && d.m.Elsewhere() {
			st = d.advance(ctx, noLimit, d.switches(false), false, false)
		}
		d.Moved()
		if st.Reason == vm.StopSwitch {
			st.Reason = vm.StopLimit
		}
		ev, err := d.stopped(st, false)
		if ev.Reason == ReasonStep {
			ev.Thread, ev.arrived = d.current(mo.Thread), true
		}
		return ev, err
	}
	at := d.m.Icount()
	if at <= d.tl.Start() {
		return d.stopped(vm.Stop{Reason: vm.StopLimit}, true)
	}
	err := d.seek(ctx, at-1)
	if err == nil && d.m.Elsewhere() {
		_, err = d.backward(ctx, d.switches(true), over{})
		d.Moved()
		if err != nil { // half of the way is no place to be
			err = errors.Join(err, d.seek(context.WithoutCancel(ctx), at))
		}
	}
	if err != nil {
		return d.event(ReasonPause, true), err
	}
	return d.event(ReasonStep, true), nil
}

// switches stops where the processor goes from the debugged process to another
// one, or where it comes back.
func (d *Debugger) switches(leaves bool) stopsFor {
	return func(*moduleSet) *vm.Stops {
		return &vm.Stops{Switches: true, Anywhere: true, Filter: func(s *vm.Stop) bool { return s.Machine.Elsewhere() == leaves }}
	}
}

// stepInstructionOver moves by one instruction, a call counting as one.
func (d *Debugger) stepInstructionOver(ctx context.Context, mo Motion) (Event, error) {
	t := mo.Thread
	me := d.strand(t)
	pc := d.pc(t)
	sp := d.height(me, d.sp(t))
	same := func(s *vm.Stop) bool { return d.strand(s.Thread) == me && d.height(me, d.sp(s.Thread)) <= sp }
	if !mo.Back {
		in, ok := d.instruction(pc)
		if !ok || !in.Call {
			return d.stepInstruction(ctx, mo)
		}
		ret := pc + uint64(in.Size)
		return d.run(ctx, false, &aim{at: breaksAt(ret), reached: func(s *vm.Stop) bool { return s.PC == ret && same(s) }})
	}
	// Did a call end just here? Then its address is before the PC, and the
	// instruction before this position is a return.
	last, ok := d.instruction(d.m.LastPC(t))
	if !ok || !last.Ret {
		return d.stepInstruction(ctx, mo)
	}
	calls := d.callsBefore(pc)
	if len(calls) == 0 {
		return d.stepInstruction(ctx, mo)
	}
	return d.run(ctx, true, &aim{
		at:      breaksAt(calls...),
		inside:  d.callBelow(t, me, d.sp(t)+1),
		reached: func(s *vm.Stop) bool { return slices.Contains(calls, s.PC) && same(s) },
	})
}

// instruction disassembles the instruction at pc.
func (d *Debugger) instruction(pc uint64) (vm.Inst, bool) {
	buf := make([]byte, d.arch.MaxInst)
	n := d.m.ReadMemory(pc, buf)
	if n == 0 {
		return vm.Inst{}, false
	}
	return d.arch.Disassemble(buf[:n], pc), true
}
