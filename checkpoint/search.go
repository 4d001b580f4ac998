package checkpoint

import (
	"math"
	"sync"

	"github.com/dap-revexec/dap-revexec/vm"
)

// search is a search for the last hit in [lower, from), or for all. It goes through the
// intervals, the newest first, passes over those that the index rules out and those
// that lie within a call that it need not look into, and scans the others: near the
// start in windows that grow, further back whole, several at once.
type search struct {
	t           *Timeline
	query       Query
	from, lower uint64
	want        want
	within      want // what is wanted within a call, see Query.Within

	// callbacks is held while any function is called that the timeline was given:
	// they need not be safe for concurrent use.
	callbacks *sync.Mutex
	stops     vm.Stops // with the filter under callbacks
	gather    *gather  // for all hits; nil for the last one

	edge     uint64      // all of [edge, from) has been given out or passed over by next
	done     uint64      // in all of [done, from) there is no hit
	size     uint64      // how long the next window may be
	asked    *checkpoint // Inside has been asked there, and said no
	callFrom uint64      // intervals from here on, before edge, lie within a call
}

func newSearch(t *Timeline, query Query, from, lower uint64) *search {
	s := &search{
		t: t, query: query, from: from, lower: lower,
		want: wantOf(&query.Stops, false), callbacks: &sync.Mutex{}, stops: query.Stops,
		edge: from, done: from, size: t.tune.firstWindow, callFrom: math.MaxUint64,
	}
	if query.Within != nil {
		s.within = wantOf(query.Within, false)
	}
	if filter := query.Filter; filter != nil {
		s.stops.Filter = func(stop *vm.Stop) bool {
			s.callbacks.Lock()
			defer s.callbacks.Unlock()
			return filter(stop)
		}
	}
	return s
}

// run returns the last hit, with At set, or nil.
func (s *search) run() (*vm.Stop, error) {
	t := s.t
	t.req.fraction = func(uint64) float64 {
		return float64(s.from-s.done) / float64(s.from-s.lower)
	}
	scan := newScan(t, &s.stops, s.gather)
	for alone := false; ; {
		p, ok := s.next()
		if !ok {
			return nil, nil
		}
		if workers := s.workers(p); len(workers) > 1 && !alone {
			hit, err := s.hunt(p, workers)
			if hit != nil || err != nil || s.ended() {
				return hit, err
			}
			// What it came to nothing with is scanned here.
			alone = true
			continue
		}
		alone = false
		found, err := scan.window(p.start, p.end)
		if err != nil {
			return nil, err
		}
		if found {
			return &scan.hit, nil
		}
		if s.gathered(scan.gather) {
			return nil, nil
		}
		s.nothingIn(p, scan.touched)
	}
}

// piece is a stretch of history to look at, in one interval: [start, end).
type piece struct {
	start, end uint64
	prev, next *checkpoint // around the interval
	whole      bool        // the piece is all of the interval from lower on
}

// next gives out the newest piece that has to be looked at.
func (s *search) next() (piece, bool) {
	t := s.t
	for s.edge > s.lower {
		t.letGo()
		// There is a checkpoint at or after edge: at least that at from, held by
		// the request.
		i := t.store.after(s.edge - 1)
		p := piece{end: s.edge, prev: t.store.list[i-1], next: t.store.list[i]}
		p.start = max(p.prev.icount, s.lower)
		s.size = max(s.size, s.from-s.edge)
		if !t.tune.blind {
			inCall, want := s.inCall(p.prev.icount), &s.want
			if inCall {
				want = &s.within
			}
			if want.ruledOut(p.next) {
				t.skipped++
				s.passed(p.start)
				continue
			}
			// Asking costs some time, too: the usual reverse step does not come here.
			if s.query.Inside != nil && !inCall && s.asked != p.next && s.size >= t.tune.leastAsk {
				if s.leaveCall(i) {
					continue
				}
				s.asked = p.next
			}
		}
		if p.end-p.start > s.size {
			p.start = p.end - s.size
		} else {
			p.whole = p.end == p.next.icount
		}
		s.edge = p.start
		s.size = min(s.size*t.tune.windowGrowth, 1<<40)
		return p, true
	}
	return piece{}, false
}

// letGo makes checkpoints cold again that have been loaded, when they are too many: a
// search may come by all of them.
func (t *Timeline) letGo() {
	if t.store.warmed > mostLoaded {
		t.trim()
	}
}

// passed notes that there is nothing from start to edge.
func (s *search) passed(start uint64) {
	if s.done == s.edge {
		s.done = start
	}
	s.edge = start
}

// again takes back what has been given out or passed over before end.
func (s *search) again(end uint64) {
	s.edge, s.asked, s.callFrom = end, nil, math.MaxUint64
}

// nothingIn notes that p has been looked at for nothing; touched tells that a watched
// access was met there.
func (s *search) nothingIn(p piece, touched bool) {
	s.done = p.start
	if p.whole && !touched && !s.t.tune.blind {
		s.t.learn(p.next, p.start, s.want.watches)
	}
}
