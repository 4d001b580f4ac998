package checkpoint

import (
	"context"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Back is a Search for stops alone.
func (t *Timeline) Back(ctx context.Context, lower uint64, stops *vm.Stops) (vm.Stop, error) {
	if stops == nil {
		stops = &vm.Stops{}
	}
	return t.Search(ctx, lower, Query{Stops: *stops})
}

// Search finds the latest position p, lower ≤ p < Icount(), at which the query's
// Stops would stop (AtStart is implied; Maps is not looked at), moves the machine
// there and returns the Stop. For a watch or a switch the position is [vm.Stop.At],
// before the access; the machine being there, Stop.After is false and Stop.Icount is
// At. When there is none the machine is moved to lower, or to the start of the
// history if that is later, and the reason is StopLimit. The order in which the
// filter is asked is not that of the history, and it may be asked about one position
// several times.
//
// When ctx ends first the error is ErrCancelled; it may also tell that the replay
// failed. Either way the machine is where it was. What the filter or Inside panic
// with, the caller gets.
func (t *Timeline) Search(ctx context.Context, lower uint64, query Query) (vm.Stop, error) {
	if ctx.Err() != nil {
		return t.here(vm.StopInterrupted), ErrCancelled
	}
	from := t.m.Icount()
	lower = max(lower, t.Start())
	if lower >= from {
		return t.here(vm.StopLimit), nil
	}
	defer t.begin(ctx, "search back")()
	stop := vm.Stop{Reason: vm.StopLimit}
	err := t.orBack(func() error {
		target := lower
		if wants(&query.Stops) {
			s := newSearch(t, query, from, lower)
			hit, err := s.run()
			if err != nil {
				return err
			}
			if hit != nil {
				stop, target = *hit, hit.At
			}
		}
		return t.goTo(target, false)
	})
	switch {
	case err == ErrCancelled:
		return t.here(vm.StopInterrupted), err
	case err != nil:
		s := t.here(vm.StopError)
		s.Err = err
		return s, err
	case stop.Reason == vm.StopLimit:
		return t.here(vm.StopLimit), nil
	}
	if stop.After {
		// Another thread may have run at the access than after it.
		stop.After = false
		stop.Thread, stop.PC = t.current()
	}
	stop.Icount = t.m.Icount()
	return stop, nil
}
