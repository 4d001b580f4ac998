package checkpoint

import (
	"context"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Forward runs to the absolute icount until (math.MaxUint64 for no limit) or to
// a stop, as [vm.Machine.Run] does: it replays up to the frontier and goes on
// live there, laying checkpoints. Replaying takes the short way over the checkpoints
// where there is nothing to stop at.
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
	if start < past && !wants(stops) && past <= t.hearFrom {
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
	var sought want
	if wants(stops) {
		s := *stops
		s.Filter = t.reporting(s.Filter)
		slice = &s
		sought = wantOf(stops, true)
	}
	for {
		if t.m.Icount() >= past {
			t.req.fraction = nil
		} else if wants(stops) && t.passOver(&sought, past) {
			// What is at the place that has been jumped to counts.
			s := *slice
			s.AtStart = true
			slice = &s
			if t.m.Icount() >= until {
				return t.here(vm.StopLimit)
			}
			if t.cancelled() {
				return t.here(vm.StopInterrupted)
			}
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

// passOver puts the machine, at or before the icount past, at the last checkpoint up
// to which the index rules out that anything wanted happens. It reports false when
// there is none.
func (t *Timeline) passOver(w *want, past uint64) bool {
	if t.tune.blind {
		return false
	}
	list := t.store.list
	first := t.store.after(t.m.Icount())
	i := first
	for i < len(list) && list[i].icount <= past && w.ruledOut(list[i]) && !t.heard(list[i]) {
		i++
	}
	if i == first {
		return false
	}
	c := list[i-1]
	if _, err := t.snapshot(c); err != nil {
		return false
	}
	t.skipped += i - first
	_ = t.restore(c) // it is hot now
	t.letGo()
	return true
}

// Hear makes Forward replay what the guest writes from icount on, rather than pass over
// it: for whoever hears the machine. math.MaxUint64, as at first, is for nobody.
func (t *Timeline) Hear(from uint64) { t.hearFrom = from }

// heard reports whether in the interval that c ends there may be something to hear.
func (t *Timeline) heard(c *checkpoint) bool {
	return c.icount > t.hearFrom && (!c.act.Traced || c.act.Events&vm.EventOutput != 0)
}

// recover makes the machine usable after a StopError: its state is unspecified.
func (t *Timeline) recover(start uint64, stop vm.Stop) vm.Stop {
	t.req.fraction = nil
	if t.reach(start) != nil {
		_ = t.restore(t.store.nearestHot(start))
	}
	s := t.here(vm.StopError)
	s.Err = stop.Err
	return s
}
