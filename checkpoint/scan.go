package checkpoint

import (
	"math"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// scan looks for the last hit in stretches of a timeline's history, or for all, by
// replaying them.
type scan struct {
	t     *Timeline
	stops [2]vm.Stops // without and with AtStart

	gather *gather // for all hits, which are none for what follows; nil for the last

	hit     vm.Stop // the last one found, with At set
	touched bool    // a watched access was met, in the last window; it need not be a hit

	calls     int    // of the filter, since the counter was reset
	yielded   bool   // the filter has only ended a Run because there were many calls
	yieldedAt uint64 // where it did so last
}

// newScan makes a scan for what stops stop at. What all is for, if it is not nil, is a
// gather of the scan's own: all.left may change between windows.
func newScan(t *Timeline, stops *vm.Stops, all *gather) *scan {
	s := &scan{t: t, gather: all, yieldedAt: math.MaxUint64}
	own := *stops
	if stops.Filter != nil || all != nil {
		own.Filter = func(stop *vm.Stop) bool {
			if stop.Reason == vm.StopWatch {
				s.touched = true
			}
			if s.calls++; s.calls%filterBatch == 0 {
				t.progress(time.Now())
			}
			if stops.Filter == nil || stops.Filter(stop) {
				if all == nil || stop.Reason == vm.StopWatch && all.after != nil {
					return true
				}
				all.note(positionOf(stop))
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
	if s.gather != nil {
		s.gather.begin(start)
	}
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
			if s.gather != nil {
				if err := s.beyond(&stop); err != nil {
					return found, err
				}
				at, atStart = t.m.Icount(), 1
				busy = s.calls >= t.tune.manyCalls
				break
			}
			stop.At = positionOf(&stop)
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
			if s.gather != nil && s.gather.enough(middle) {
				return false, nil
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
	if !found && err == nil && (s.gather == nil || !s.gather.enough(middle)) {
		t.restore(mark)
	}
	return found, err
}

// positionOf is the position that a stop is at, for one who looks back.
func positionOf(stop *vm.Stop) uint64 {
	if stop.Reason == vm.StopWatch || stop.After {
		return stop.At
	}
	return stop.Icount
}
