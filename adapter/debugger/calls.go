package debugger

import (
	"context"
	"errors"
	"fmt"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// ErrNoCall is returned by BackToCall where the call is not in the history, or can't be
// told.
var ErrNoCall = errors.New("is not known, or not in the recorded history")

// BackToCall goes back to right before the call that frame f of thread t, which Frames
// returned, is in: where it made the call of the next inner frame. Stepping in leads
// into that. If the inner frame is an inlined call there is no such instruction: it is
// the latest statement start before it, outside of it. If the inner frame is that of a
// signal's handler, it is where the signal came. Breakpoints do not stop the motion. The
// event has the reason ReasonGoto; the error is [ErrNoCall] where there is nowhere to go.
func (d *Debugger) BackToCall(ctx context.Context, t vm.ThreadID, f *Frame) (Event, error) {
	t = d.current(t)
	st := d.stack(t)
	if f.Level < 1 || f.Physical >= len(st.phys) {
		return d.event(ReasonPause, true), errors.New("back to call: the innermost frame has made no call; choose one of its callers")
	}
	defer d.tellModules()
	defer d.Moved()
	origin, me := d.m.Icount(), d.strand(t)
	d.undo = nil
	// An inlined call's depth in the frame's activation.
	inline := st.inlined(f)
	if f.Physical > 0 {
		if ok, err := d.backToCall(ctx, t, me, st.phys, f.Physical); err != nil || !ok {
			return d.notCalled(origin, f, err)
		}
	}
	if f.Logical > 0 {
		base := d.depth(t, me)
		to := &aim{at: d.stackStatements(t), reached: func(s *vm.Stop) bool {
			if d.strand(s.Thread) != me || !d.Space().IsStatementStart(s.PC, d.m.LastPC(s.Thread)) {
				return false
			}
			at := d.depth(s.Thread, me)
			return at.height == base.height && at.inline <= inline
		}}
		if to.at == nil {
			return d.notCalled(origin, f, nil)
		}
		if ev, err := d.goTo(ctx, to, true); err != nil || !ev.arrived {
			return d.notCalled(origin, f, err)
		}
	}
	ev := d.event(ReasonGoto, true)
	ev.Thread, ev.Text = d.current(t), fmt.Sprintf("Call in %s", f.Name)
	return ev, nil
}

// backToCall is BackToCall of a physical activation that is not the innermost. It reports
// whether it has arrived; otherwise the machine may be anywhere.
func (d *Debugger) backToCall(ctx context.Context, t vm.ThreadID, me strand, phys []*symbols.Frame, index int) (ok bool, err error) {
	if to := d.probableCallOf(t, me, phys[index-1].Whole(), phys[index].Whole()); to != nil {
		ev, err := d.goTo(ctx, to, true)
		return ev.arrived, err
	}
	// The kernel has called a signal's handler: the frame that this returns to is the
	// one in between.
	handler := index - 1
	if handler > 0 && phys[handler].Signal {
		handler--
	}
	if !phys[handler+1].Signal {
		return false, nil
	}
	st, err := d.toEntry(ctx, t, handler)
	d.Moved()
	switch {
	case err != nil:
		return false, err
	case st.Reason == vm.StopInterrupted:
		return false, checkpoint.ErrCancelled
	case st.Reason == vm.StopError:
		return false, st.Err
	case st.Reason != vm.StopBreak || d.m.Icount() == d.tl.Start():
		return false, nil
	}
	return true, d.seek(ctx, d.m.Icount()-1)
}

// inlined is how many inlined calls frame f is in, in its activation.
func (st *stack) inlined(f *Frame) int {
	n := 0
	for _, x := range st.frames {
		if x.Physical == f.Physical && x.Logical > f.Logical {
			n++
		}
	}
	return n
}

// notCalled ends a search for a call that has found none.
func (d *Debugger) notCalled(origin uint64, f *Frame, err error) (Event, error) {
	if err == nil {
		err = fmt.Errorf("back to call: where %s has made the call %w", f.Name, ErrNoCall)
	}
	return d.abandon(origin, true, err)
}
