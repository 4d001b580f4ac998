package checkpoint

import (
	"context"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Forward runs to the absolute icount until (math.MaxUint64 for no limit) or to
// a stop, as [vm.Machine.Run] does: it replays up to the frontier and goes on
// live there, laying checkpoints. Replaying with nothing to stop at takes the
// short way over the checkpoints.
//
// When ctx ends the reason is StopInterrupted, with the machine where it
// happens to be. After StopError the machine is back where it was, or at the
// checkpoint before if even that cannot be replayed; Stop.Icount tells. After
// the guest's exit the reason is StopExit at once.
func (t *Timeline) Forward(ctx context.Context, until uint64, stops *vm.Stops) vm.Stop {
	start := t.m.Icount()
	if until <= start {
		return t.here(vm.StopLimit)
	}
	if _, exited := t.m.Exited(); exited {
		return t.here(vm.StopExit)
	}
	if ctx.Err() != nil {
		return t.here(vm.StopInterrupted)
	}
	defer t.begin(ctx, "replay")()
	past := min(until, t.Frontier())
	if start < past && !wants(stops) {
		if err := t.goTo(past, true); err != nil {
			if t.cancelled() {
				return t.here(vm.StopInterrupted)
			}
			return t.recover(start, vm.Stop{Reason: vm.StopError, Err: err})
		}
		if past == until {
			return t.here(vm.StopLimit)
		}
	}
	stop := t.forward(until, stops)
	if stop.Reason == vm.StopError {
		return t.recover(start, stop)
	}
	return stop
}

// forward runs slice after slice.
func (t *Timeline) forward(until uint64, stops *vm.Stops) vm.Stop {
	past := min(until, t.Frontier())
	t.req.fraction = between(t.m.Icount(), past)
	slice := stops
	if wants(stops) {
		s := *stops
		s.Filter = t.reporting(s.Filter)
		slice = &s
	}
	for {
		if t.m.Icount() >= past {
			t.req.fraction = nil
		}
		stop := t.step(until, slice)
		if stop.Reason != vm.StopLimit || t.m.Icount() >= until {
			return stop
		}
		if t.cancelled() {
			return t.here(vm.StopInterrupted)
		}
		if slice != nil && !slice.AtStart {
			// What is at the end of a slice belongs to the next one.
			s := *slice
			s.AtStart = true
			slice = &s
		}
	}
}

// recover makes the machine usable after a StopError: its state is unspecified.
func (t *Timeline) recover(start uint64, stop vm.Stop) vm.Stop {
	t.req.fraction = nil
	c := t.store.nearest(start)
	t.restore(c)
	if err := t.replay(start); err != nil {
		t.restore(c)
	}
	s := t.here(vm.StopError)
	s.Err = stop.Err
	return s
}
