package checkpoint

import (
	"math"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// scan looks for the last hit in stretches of a timeline's history, by replaying
// them.
type scan struct {
	t     *Timeline
	stops [2]vm.Stops // without and with AtStart

	hit     vm.Stop // the last one found, with At set
	touched bool    // a watched access was met, in the last window; it need not be a hit

	calls     int    // of the filter, since the counter was reset
	yielded   bool   // the filter has only ended a Run because there were many calls
	yieldedAt uint64 // where it did so last
}

func newScan(t *Timeline, stops *vm.Stops) *scan {
	s := &scan{t: t, yieldedAt: math.MaxUint64}
	own := *stops
	if stops.Filter != nil {
		own.Filter = func(stop *vm.Stop) bool {
			if stop.Reason == vm.StopWatch {
				s.touched = true
			}
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

// window looks for the last hit in [start, end), which lies in one interval, and
// notes it.
func (s *scan) window(start, end uint64) (found bool, err error) {
	if err := s.t.goTo(start, false); err != nil {
		return false, err
	}
	s.touched = false
	return s.onwards(end)
}

// onwards looks for the last hit from where the machine is to end.
func (s *scan) onwards(end uint64) (found bool, err error) {
	t := s.t
	hits, atStart, marked := 0, 1, t.m.Icount()
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
			found, s.hit = true, stop
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
func (s *scan) secondHalf(middle, end uint64) (found bool, err error) {
	t := s.t
	mark := t.hold()
	defer t.release(mark)
	if err = t.goTo(middle, false); err == nil {
		found, err = s.onwards(end)
	}
	if !found && err == nil {
		t.restore(mark)
	}
	return found, err
}
