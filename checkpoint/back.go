package checkpoint

import (
	"context"
	"math"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Back finds the latest position p, lower ≤ p < Icount(), at which stops would
// stop (AtStart is implied), moves the machine there and returns the Stop. For a
// watch or a switch the position is [vm.Stop.At], before the access; the machine
// being there, Stop.After is false and Stop.Icount is At. When there is none the machine is
// moved to lower, and the reason is StopLimit. The order in which the filter is
// asked is not that of the history, and it may be asked about one position
// several times.
//
// When ctx ends first the error is ErrCancelled; it may also tell that the replay
// failed. Either way the machine is where it was.
func (t *Timeline) Back(ctx context.Context, lower uint64, stops *vm.Stops) (vm.Stop, error) {
	if ctx.Err() != nil {
		return t.here(vm.StopInterrupted), ErrCancelled
	}
	from := t.m.Icount()
	if lower >= from {
		return t.here(vm.StopLimit), nil
	}
	defer t.begin(ctx, "search back")()
	stop := vm.Stop{Reason: vm.StopLimit}
	err := t.orBack(func() error {
		target := lower
		if wants(stops) {
			s := newSearch(t, stops, from, lower)
			if err := s.run(); err != nil {
				return err
			}
			if s.found {
				stop, target = s.hit, s.hit.At
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

// search is a search for the last hit in [lower, from).
type search struct {
	t           *Timeline
	from, lower uint64
	stops       [2]vm.Stops // without and with AtStart
	pages       []pageRange // if writes is true, what is searched for are writes to these
	writes      bool

	found bool
	hit   vm.Stop // the last one found, with At set

	calls     int    // of the filter, since the counter was reset
	yielded   bool   // the filter has only ended a Run because there were many calls
	yieldedAt uint64 // where it did so last
}

func newSearch(t *Timeline, stops *vm.Stops, from, lower uint64) *search {
	s := &search{t: t, from: from, lower: lower, yieldedAt: math.MaxUint64}
	s.pages, s.writes = writesOnly(stops)
	own := *stops
	if stops.Filter != nil {
		own.Filter = func(stop *vm.Stop) bool {
			if s.calls++; s.calls%filterBatch == 0 {
				t.progress(time.Now())
			}
			if stops.Filter(stop) {
				return true
			}
			// After an access by the guest kernel there may be more of the
			// same instruction's, which the next Run would not know of.
			// And asking again at one position must come to an end.
			s.yielded = s.calls >= t.tune.manyCalls && !stop.After && stop.Icount != s.yieldedAt
			if s.yielded {
				s.yieldedAt = stop.Icount
			}
			return s.yielded
		}
	}
	own.AtStart = false
	s.stops[0] = own
	own.AtStart = true
	s.stops[1] = own
	return s
}

// run searches window after window, the newest first. Windows end at
// checkpoints at the latest, so that each is one replay.
func (s *search) run() error {
	t := s.t
	end := s.from
	t.req.fraction = func(uint64) float64 {
		return float64(s.from-end) / float64(s.from-s.lower)
	}
	for size := t.tune.firstWindow; end > s.lower; {
		// There is a checkpoint at or after end: at least that at from, held by
		// the request. What was written in the interval is known there.
		i := t.store.after(end - 1)
		start := max(t.store.list[i-1].icount, s.lower)
		if s.writes && !touches(t.store.list[i].act.Written, s.pages) {
			t.skipped++
			end = start
			continue
		}
		if end-start > size {
			start = end - size
		}
		found, err := s.window(start, end)
		if found || err != nil {
			return err
		}
		end = start
		size = min(size*t.tune.windowGrowth, 1<<40)
	}
	return nil
}

// window looks for the last hit in [start, end) and notes it.
func (s *search) window(start, end uint64) (found bool, err error) {
	t := s.t
	if err := t.goTo(start, false); err != nil {
		return false, err
	}
	hits, atStart, marked := 0, 1, start
	s.calls, s.yielded = 0, false
	for t.m.Icount() < end {
		if t.cancelled() {
			return found, ErrCancelled
		}
		busy, from := false, t.m.Icount()
		stop := t.step(end, &s.stops[atStart])
		if err := t.failed(stop, end); err != nil {
			return found, err
		}
		at := t.m.Icount()
		switch stop.Reason {
		case vm.StopBreak, vm.StopWatch, vm.StopSignal, vm.StopSwitch:
			// The next Run must not stop at the same place again; but an
			// access by the guest kernel was reported at the position after
			// it, where nothing else has been looked at yet.
			atStart = 0
			if stop.After {
				atStart = 1
			}
			if s.yielded {
				// Not a hit. There may be another stop at this position that
				// the filter has not been asked about yet.
				atStart, s.yielded = 1, false
				busy = true
				break
			}
			if stop.Reason != vm.StopWatch && !stop.After {
				stop.At = at
			}
			found, s.found, s.hit = true, true, stop
			hits++
			busy = hits >= t.tune.manyHits
			if !stop.After && at-marked > end-at {
				// Keeps the way to the last hit shorter than from there to
				// the end, at a cost of log(end-start) snapshots.
				t.lay(temporary)
				marked = at
			}
		default: // the end of a slice
			if at > from {
				atStart = 1
			}
		}
		if !busy {
			continue
		}
		hits, s.calls = 0, 0
		if at < end && end-at >= t.tune.leastHalved {
			middle := at + (end-at)/2
			later, err := s.secondHalf(middle, end)
			if later || err != nil {
				return true, err
			}
			end = middle
			s.calls = 0
		}
	}
	return found, nil
}

// secondHalf looks for the last hit in [middle, end) first, and comes back when
// there is none.
func (s *search) secondHalf(middle, end uint64) (found bool, err error) {
	t := s.t
	mark := t.hold()
	defer t.release(mark)
	found, err = s.window(middle, end)
	if !found && err == nil {
		t.restore(mark)
	}
	return found, err
}
