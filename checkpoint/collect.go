package checkpoint

import (
	"context"
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Collection is a search for all that there is, rather than for the last of it.
type Collection struct {
	// Query is what counts. The filter is told of everything: it takes its notes, and
	// says whether what it has been asked about counts. It may be told of a position
	// several times, in any order, and of positions before those that Collect answers
	// for.
	Query

	// After, when set, is called after each watched access that the filter wants, with
	// the machine at the position right behind it; for the machine that is in
	// Stop.Machine everything holds that holds for the filter. It says whether the
	// access counts. An instruction's other accesses are not looked at then, as by one
	// who stops there and goes on behind it.
	After func(*vm.Stop) bool

	// Limit is how many positions suffice, at least 1.
	Limit int
}

// Collect tells the filter of all positions in [from, Icount()) at which the query's
// Stops would stop (AtStart is implied, Maps is not looked at), where from is lower or,
// if that many suffice, what is needed for Limit of them: it goes from the newest
// interval to the oldest, through each once, so that it takes hardly longer than to
// search for something that is not there. The machine is where it was afterwards, also
// when there is an error: ErrCancelled, or that the replay failed.
func (t *Timeline) Collect(ctx context.Context, lower uint64, c Collection) (from uint64, err error) {
	if ctx.Err() != nil {
		return t.Icount(), ErrCancelled
	}
	from = t.Icount()
	lower = max(lower, t.Start())
	if lower >= from || !wants(&c.Stops) {
		return min(lower, from), nil
	}
	defer t.begin(ctx, "search back")()
	home := t.hold()
	defer t.release(home)
	s := newSearch(t, c.Query, from, lower)
	s.gather = &gather{left: max(c.Limit, 1)}
	if after := c.After; after != nil {
		s.gather.after = func(stop *vm.Stop) bool {
			s.callbacks.Lock()
			defer s.callbacks.Unlock()
			return after(stop)
		}
	}
	_, err = s.run()
	if back := t.restore(home); err == nil {
		err = back
	}
	if err != nil {
		return from, err
	}
	if s.gather.left <= 0 {
		return s.done, nil
	}
	return lower, nil
}

// gather is what a scan is to do that looks for all hits.
type gather struct {
	after func(*vm.Stop) bool // nil: not called
	left  int                 // how many positions suffice
	since uint64              // in all from here on to where the scan began it has looked

	at []uint64 // the positions that count
}

// begin prepares for a scan from start on.
func (g *gather) begin(start uint64) { g.at, g.since = g.at[:0], start }

// note takes note of a position.
func (g *gather) note(at uint64) {
	if n := len(g.at); n == 0 || g.at[n-1] != at {
		g.at = append(g.at, at)
	}
}

// enough reports whether there are as many positions as suffice from icount on, up to
// where the scan has been given to look, all of which it has.
func (g *gather) enough(icount uint64) bool {
	slices.Sort(g.at)
	g.at = slices.Compact(g.at)
	i, _ := slices.BinarySearch(g.at, icount)
	if len(g.at)-i < g.left {
		return false
	}
	g.since = max(g.since, icount)
	return true
}

// gathered takes over what the scan of a piece, the newest that had not been looked at,
// has gathered. It reports whether that is the end of the search.
func (s *search) gathered(g *gather) bool {
	if s.gather == nil {
		return false
	}
	if g.enough(g.since) {
		s.gather.left, s.done = 0, g.since
		return true
	}
	s.gather.left -= len(g.at)
	return false
}

// ended reports whether as much has been gathered as suffices.
func (s *search) ended() bool { return s.gather != nil && s.gather.left <= 0 }

// beyond puts the machine right behind the watched access that has stopped it.
func (s *scan) beyond(stop *vm.Stop) error {
	t := s.t
	for t.m.Icount() <= stop.At {
		if t.cancelled() {
			return ErrCancelled
		}
		if err := t.failed(t.step(stop.At+1, nil), stop.At+1); err != nil {
			return err
		}
	}
	stop.Machine = t.m
	if s.gather.after(stop) {
		s.gather.note(stop.At)
	}
	return nil
}
