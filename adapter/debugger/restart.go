package debugger

import (
	"context"
	"fmt"
	"slices"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Restartable reports whether RestartFrame can find where a frame's function was
// entered.
func (d *Debugger) Restartable(t vm.ThreadID, f *Frame) bool {
	p := d.physical(t, f)
	return p != nil && !f.Inlined && p.CFA != 0 && p.Func != nil
}

// physical is the activation that a frame for display belongs to, nil if there is
// none.
func (d *Debugger) physical(t vm.ThreadID, f *Frame) *symbols.Frame {
	if s := d.stack(d.current(t)); f.Physical < len(s.phys) {
		return s.phys[f.Physical].Whole()
	}
	return nil
}

// RestartFrame goes back to where the function of a frame, which Frames returned, was
// entered for it: to the start of its body. Breakpoints do not stop it. If that is not
// found the event has the reason ReasonStart.
func (d *Debugger) RestartFrame(ctx context.Context, t vm.ThreadID, f *Frame) (Event, error) {
	t = d.current(t)
	if !d.Restartable(t, f) {
		return d.event(ReasonPause, true), ErrNoCaller
	}
	origin := d.m.Icount()
	fn, me := d.physical(t, f).Func, d.strand(t)
	defer d.tellModules()
	defer d.Moved()
	d.undo = nil
	st, err := d.toEntry(ctx, t, f.Physical)
	if entry := d.m.Icount(); err == nil && st.Reason == vm.StopBreak && fn.BodyStart != fn.Low {
		// The prologue makes no calls that could take long.
		st = d.until(ctx, t, origin, &aim{at: breaksAt(fn.BodyStart), reached: func(s *vm.Stop) bool {
			return s.PC == fn.BodyStart && d.strand(s.Thread) == me
		}})
		if st.Reason == vm.StopLimit { // it is in the prologue still
			st.Reason, err = vm.StopBreak, d.seek(ctx, entry)
		}
	}
	d.Moved()
	switch {
	case err != nil:
	case st.Reason == vm.StopBreak:
		return d.event(ReasonStep, true), nil
	case st.Reason == vm.StopInterrupted:
		return d.event(ReasonPause, true), nil
	case st.Reason == vm.StopError:
		err = st.Err
	case d.m.Icount() < origin:
		return d.event(ReasonStart, true), nil
	default:
		err = fmt.Errorf("the call of %s does not lead to its entry", fn.Name)
	}
	return d.abandon(origin, true, err)
}

// toEntry goes back to where the function of a physical activation on thread t's stack
// was entered for it. The stop's reason is StopBreak there; StopLimit if it is not
// found, StopInterrupted if a search was cancelled, with the machine anywhere.
func (d *Debugger) toEntry(ctx context.Context, t vm.ThreadID, index int) (vm.Stop, error) {
	origin, phys := d.m.Icount(), d.stack(t).phys
	frame := phys[index].Whole()
	if frame.Func == nil {
		return vm.Stop{Reason: vm.StopLimit}, nil
	}
	fn, me := frame.Func, d.strand(t)
	base := d.height(me, frame.CFA)
	// At its entry the stack pointer is the frame's CFA, or below it by the return
	// address that the call has pushed.
	entered := &aim{at: breaksAt(fn.Low), reached: func(s *vm.Stop) bool {
		return s.PC == fn.Low && d.strand(s.Thread) == me && d.height(me, d.sp(s.Thread)+d.pushed()) == base
	}}
	// From the call, of which there is one, it is a short way to the entry.
	to := entered
	if index+1 < len(phys) {
		if called := d.callOf(t, me, frame, phys[index+1]); called != nil {
			to = called
		}
	}
	st, err := d.backward(ctx, to.stops(d), over{to.inside, func(*moduleSet) *vm.Stops { return &vm.Stops{} }})
	if err == nil && st.Reason == vm.StopBreak && to != entered {
		st = d.until(ctx, t, origin, entered)
	}
	return st, err
}

// until goes on to what an aim looks for, at the icount limit at the latest, where it
// may be, too.
func (d *Debugger) until(ctx context.Context, t vm.ThreadID, limit uint64, to *aim) vm.Stop {
	st := d.advance(ctx, limit, to.stops(d), false, true)
	if st.Reason == vm.StopLimit && to.reached(&vm.Stop{Thread: t, PC: d.pc(t)}) {
		st.Reason = vm.StopBreak
	}
	return st
}

// stops makes what a motion stops at that looks for the aim alone.
func (a *aim) stops(d *Debugger) stopsFor {
	return func(s *moduleSet) *vm.Stops {
		return &vm.Stops{Breaks: a.at(s), Anywhere: true, Filter: d.anywhere(a.reached)}
	}
}

// callOf is about the call that has made frame, which caller called: the instruction
// in front of where it returns to, when the stack pointer was where the frame starts.
// It is nil if no call has, as of a signal's handler, or none is known.
func (d *Debugger) callOf(t vm.ThreadID, me strand, frame, caller *symbols.Frame) *aim {
	if !told(frame) || !told(caller) {
		return nil
	}
	return d.probableCallOf(t, me, frame, caller)
}

// probableCallOf is callOf where it is enough that the frames are most probably these.
func (d *Debugger) probableCallOf(t vm.ThreadID, me strand, frame, caller *symbols.Frame) *aim {
	base := d.height(me, frame.CFA)
	calls := d.callsBefore(caller.PC)
	if frame.CFA == 0 || caller.Exact || caller.Signal || len(calls) == 0 {
		return nil
	}
	return &aim{
		at:     breaksAt(calls...),
		inside: d.callBelow(t, me, frame.CFA+1),
		reached: func(s *vm.Stop) bool {
			return slices.Contains(calls, s.PC) && d.strand(s.Thread) == me && d.height(me, d.sp(s.Thread)) == base
		},
	}
}
