package checkpoint

import "sort"

// inCall reports whether the interval from start on lies within a call that the
// search need not look into, but for what Query.Within asks.
func (s *search) inCall(start uint64) bool { return start >= s.callFrom }

// leaveCall is asked about interval i before it is replayed. If the thread is
// inside a call at its end, it finds out from which checkpoint on that has been so, and
// sets callFrom; it reports whether that is before the interval's end.
//
// Let the call be made with stack pointer SP, as seen at the interval's end. As long
// as the thread's stack pointer does not come up to SP, no call made with SP
// returns, and none that has returned can have been made anew; so at any two
// checkpoints with only such activity between them, the same Activation means the
// same call, and that the thread was in it all the time. Going back, the answer
// changes from the same Activation to something else once at most: that place is
// searched for by halving.
func (s *search) leaveCall(i int) bool {
	list := s.t.store.list // asking does not change it
	a, ok := s.ask(list[i])
	if !ok {
		return false
	}
	low := i
	for low > 0 && list[low].icount > s.lower && list[low].act.Top(a.Thread) < a.SP {
		low--
	}
	same := func(k int) bool {
		b, ok := s.ask(list[k])
		return ok && a == b
	}
	// What comes before a call often raises the stack pointer: low itself or one
	// soon after is the most probable answer.
	no, yes := low-1, i
	for step := 1; no+step < i; step *= 2 {
		if k := no + step; same(k) {
			yes = k
			break
		} else {
			no = k
		}
	}
	first := no + 1 + sort.Search(yes-no-1, func(k int) bool { return same(no + 1 + k) })
	if first == i {
		return false
	}
	s.callFrom = list[first].icount
	return true
}

// ask puts the machine at c and asks the query's Inside. A checkpoint that can't be
// loaded has no answer.
func (s *search) ask(c *checkpoint) (Activation, bool) {
	if _, err := s.t.snapshot(c); err != nil {
		return Activation{}, false
	}
	_ = s.t.restore(c) // it is hot now
	s.callbacks.Lock()
	defer s.callbacks.Unlock()
	return s.query.Inside(s.t.m)
}
