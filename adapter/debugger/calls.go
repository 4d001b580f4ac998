package debugger

import (
	"context"
	"errors"
	"fmt"

	"github.com/dap-revexec/dap-revexec/vm"
)

// BackToCall goes back to right before the call that frame f of thread t, which Frames
// returned, is in: where it made the call of the next inner frame. Stepping in leads
// into that. If the inner frame is an inlined call there is no such instruction: it is
// the latest statement start before it, outside of it. Breakpoints do not stop the
// motion. The event has the reason ReasonGoto.
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
		to := d.callOf(t, me, st.phys[f.Physical-1].Whole(), st.phys[f.Physical].Whole())
		if to == nil {
			return d.event(ReasonPause, true), fmt.Errorf("back to call: %s has not made a call there, or it is not known: a signal may have come", f.Name)
		}
		if ev, err := d.goTo(ctx, to, true); err != nil || !ev.arrived {
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
		err = fmt.Errorf("back to call: the call in %s is not in the recorded history", f.Name)
	}
	return d.abandon(origin, true, err)
}
