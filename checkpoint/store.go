package checkpoint

import (
	"math"
	"slices"
	"sort"

	"github.com/dap-revexec/dap-revexec/vm"
)

const (
	// tempCapShare is the part of the memory cap that temporary checkpoints
	// may take: one of so many.
	tempCapShare = 4
	// tempNearness, in instructions: all positions that are closer to the
	// current one count as equally near.
	tempNearness = 64
)

// kind is a checkpoint's kind.
type kind bool

const (
	permanent kind = false
	temporary kind = true
)

// checkpoint is a snapshot that the timeline keeps.
type checkpoint struct {
	snap   vm.Snapshot // nil when it is cold, see tiers.go
	icount uint64
	// act is what happened since the checkpoint before.
	act *vm.Activity
	// quiet is what is known beyond act not to have been accessed since then.
	quiet quiet
	// dirty are the pages whose version here is not that of the hot checkpoint
	// before with the same root, ascending. Shared, never changed in place.
	dirty []uint64
	// again is how many of them are dirty at the next one too: what dropping this
	// one would free. uncounted until it is asked for.
	again  int
	temp   bool
	pinned bool
	held   int // requests that need it

	saved saveState
	arch  *archive // where it is saved
	id    uint64   // its blob there
	// root is the checkpoint that was loaded and that the pages of this one which
	// have not been written since come from; nil for those that have never been out of
	// memory.
	root *checkpoint
	// gone is that it has been dropped because it, or its root, is damaged.
	gone bool
}

// saveState is how far saving a checkpoint is.
type saveState uint8

const (
	unsaved saveState = iota
	queued
	saved
	lost // its blob is damaged, or needs one that is
)

// hot reports whether the checkpoint's snapshot is in memory.
func (c *checkpoint) hot() bool { return c.snap != nil }

const uncounted = -1

func (c *checkpoint) info() Info {
	return Info{Icount: c.icount, Temporary: c.temp, Pinned: c.pinned, Pages: len(c.act.Written), Cold: !c.hot()}
}

// store holds the checkpoints in order and counts their memory.
type store struct {
	list      []*checkpoint // by icount, the first where history starts
	cold      int
	warmed    int // loaded ones that are hot
	temps     int
	tempPages int64            // dirty pages of the temporary ones
	bytes     int64            // pages and overhead
	versions  map[uint64]int32 // page -> how many checkpoints hold a version of their own
	thinned   int
}

func (s *store) init() { s.versions = map[uint64]int32{} }

// after is the index of the first checkpoint beyond icount.
func (s *store) after(icount uint64) int {
	return sort.Search(len(s.list), func(i int) bool { return s.list[i].icount > icount })
}

// nearest is the last checkpoint at or before icount.
func (s *store) nearest(icount uint64) *checkpoint { return s.list[s.after(icount)-1] }

// nearestHot is the last hot one, and the first where there is none.
func (s *store) nearestHot(icount uint64) *checkpoint {
	for i := s.after(icount) - 1; i > 0; i-- {
		if s.list[i].hot() {
			return s.list[i]
		}
	}
	return s.list[0]
}

// at is the checkpoint at icount, or nil.
func (s *store) at(icount uint64) *checkpoint {
	if i := s.after(icount); i > 0 && s.list[i-1].icount == icount {
		return s.list[i-1]
	}
	return nil
}

// beyond is the first checkpoint after icount, or nil.
func (s *store) beyond(icount uint64) *checkpoint {
	if i := s.after(icount); i < len(s.list) {
		return s.list[i]
	}
	return nil
}

// permanents returns the icounts of the permanent checkpoints around icount:
// the last at or before it and the first after it (MaxUint64 when there is
// none).
func (s *store) permanents(icount uint64) (before, after uint64) {
	i := s.after(icount)
	after = math.MaxUint64
	for j := i; j < len(s.list); j++ {
		if !s.list[j].temp {
			after = s.list[j].icount
			break
		}
	}
	for j := i - 1; j >= 0; j-- {
		if !s.list[j].temp {
			before = s.list[j].icount
			break
		}
	}
	return before, after
}

// guestBytes is the memory of the newest checkpoint's pages, all those that were
// ever written.
func (s *store) guestBytes() int64 { return int64(len(s.versions)) * pageSize }

// insert adds a checkpoint where there is none yet.
func (s *store) insert(c *checkpoint) {
	s.list = slices.Insert(s.list, s.after(c.icount), c)
	if c.temp {
		s.temps++
	}
	if c.hot() {
		s.count(c)
	} else {
		s.cold++
	}
}

// count adds a hot checkpoint to what is counted.
func (s *store) count(c *checkpoint) {
	s.recount(c)
	s.bytes += int64(len(c.dirty))*pageSize + int64(c.snap.Overhead())
	for _, p := range c.dirty {
		s.versions[p]++
	}
	if c.root == c {
		s.warmed++
	}
	if c.temp {
		s.tempPages += int64(len(c.dirty))
	}
}

// uncount takes the snapshot of checkpoint i out of what is counted: the pages that
// nobody else has are free, the others are the next one's.
func (s *store) uncount(i int) {
	c := s.list[i]
	s.recount(c)
	s.bytes -= int64(c.snap.Overhead())
	if c.root == c {
		s.warmed--
	}
	if c.temp {
		s.tempPages -= int64(len(c.dirty))
	}
	next := s.next(i)
	if next == nil {
		s.bytes -= int64(len(c.dirty)) * pageSize
		for _, p := range c.dirty {
			s.forget(p)
		}
		return
	}
	union, both := merge(c.dirty, next.dirty)
	if next.temp {
		s.tempPages += int64(len(union) - len(next.dirty))
	}
	s.bytes -= int64(both) * pageSize
	if both > 0 {
		s.forgetBoth(c.dirty, next.dirty)
	}
	next.dirty, next.again = union, uncounted
}

// next is the hot checkpoint after i with the same root, or nil.
func (s *store) next(i int) *checkpoint {
	for _, c := range s.list[i+1:] {
		if c.hot() && c.root == s.list[i].root {
			return c
		}
	}
	return nil
}

// promote makes a temporary checkpoint permanent.
func (s *store) promote(c *checkpoint) {
	if c.temp {
		c.temp = false
		s.temps--
		s.tempPages -= int64(len(c.dirty))
	}
}

// drop removes checkpoint i, not the last one.
func (s *store) drop(i int) {
	c := s.list[i]
	if c.hot() {
		s.uncount(i)
	} else {
		s.cold--
	}
	if c.temp {
		s.temps--
	}
	if i+1 < len(s.list) {
		next := s.list[i+1]
		next.act = c.act.Merge(next.act)
		next.quiet = c.quiet.and(next.quiet)
	}
	s.list = slices.Delete(s.list, i, i+1)
}

// cool drops the snapshot of checkpoint i, which is saved.
func (s *store) cool(i int) {
	s.uncount(i)
	c := s.list[i]
	c.snap, c.root, c.dirty, c.again = nil, nil, nil, uncounted
	s.cold++
}

// warm gives a cold checkpoint a snapshot, whose pages are those of the hot one
// before with the same root but for those in dirty.
func (s *store) warm(c *checkpoint, snap vm.Snapshot, root *checkpoint, dirty []uint64) {
	c.snap, c.root, c.dirty = snap, root, dirty
	s.cold--
	s.count(c)
}

// recount forgets what depends on the dirty pages of c or on its being hot.
func (s *store) recount(c *checkpoint) {
	c.again = uncounted
	for i := s.after(c.icount) - 1; i >= 0; i-- {
		if p := s.list[i]; p != c && p.hot() && p.root == c.root {
			p.again = uncounted
			return
		}
	}
}

// freed is how many bytes dropping checkpoint i would free.
func (s *store) freed(i int) int64 {
	c := s.list[i]
	if !c.hot() {
		return 0
	}
	if c.again == uncounted {
		c.again = len(c.dirty)
		if next := s.next(i); next != nil {
			c.again = common(c.dirty, next.dirty)
		}
	}
	return int64(c.again)*pageSize + int64(c.snap.Overhead())
}

// forget uncounts a version of page p.
func (s *store) forget(p uint64) {
	if n := s.versions[p]; n > 1 {
		s.versions[p] = n - 1
	} else {
		delete(s.versions, p)
	}
}

// forgetBoth uncounts a version of each page that is in both lists.
func (s *store) forgetBoth(a, b []uint64) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			s.forget(a[i])
			i++
			j++
		}
	}
}

// view is what cooling and thinning depend on besides the checkpoints.
type view struct {
	current   uint64      // the machine's position
	frontier  uint64      // the newest position
	spacing   uint64      // what checkpoints are laid at now
	cap       int64       // bytes
	hot       int64       // how many of them hot checkpoints may take if others can be cold
	elsewhere int64       // how many are taken by what is saved, but is in memory
	base      *checkpoint // not to be dropped
	maxTemps  int
}

// spares reports whether a checkpoint has to stay hot.
func (v view) spares(c *checkpoint) bool { return c.pinned || c.held > 0 || c == v.base }

// thin drops permanent checkpoints that are not saved until the memory cap is kept, or
// only those are left that may not be dropped: the first and the newest, pinned ones,
// those that a request holds, and the one that the machine's dirty pages are relative
// to.
//
// The rule is least harm for each byte that dropping them frees, see [view.harm].
// What comes of it:
//
//   - Spacing grows in proportion to the distance from where the user is likely
//     to look: from the current position or the frontier. Near, checkpoints keep
//     about the spacing that they were laid with, however small the cap.
//   - With room for n checkpoints over a history of h instructions the farthest
//     interval is longer than h/n, what equal spacing would give, by a factor of
//     about ln(h/spacing).
//   - A guest that writes to ever other pages, more than the cap has room for,
//     loses the old checkpoints, each of which holds nearly all of these pages,
//     and keeps the many small ones that are near.
func (s *store) thin(v view) {
	for s.bytes-s.guestBytes()+v.elsewhere > v.cap {
		if s.dropLeastHarm(permanent, v) {
			s.thinned++
		} else if !s.dropLeastHarm(temporary, v) {
			break
		}
	}
}

// trimTemps drops temporary checkpoints past their budget. They are weighed by the
// distance from the current position alone: that keeps them ever denser towards it.
func (s *store) trimTemps(v view) {
	for s.temps > v.maxTemps || s.tempPages*pageSize > v.cap/tempCapShare {
		if !s.dropLeastHarm(temporary, v) {
			break
		}
	}
}

// dropLeastHarm drops the checkpoint of a kind that will be missed least. It
// reports false when there is none that may be dropped.
func (s *store) dropLeastHarm(k kind, v view) bool {
	best, least := -1, math.Inf(1)
	consider := func(prev uint64, i int, next uint64) {
		c := s.list[i]
		if v.spares(c) || !c.hot() || k == permanent && c.saved == saved {
			return
		}
		h := v.harm(k, prev, c.icount, next)
		if k == permanent {
			h /= float64(s.freed(i) + 1)
		}
		if h < least {
			best, least = i, h
		}
	}
	// Neighbours of a permanent checkpoint are permanent ones: the temporary
	// ones between them go soon. prev and mid trail the loop by two and one.
	var prev uint64
	mid := -1
	for i, c := range s.list {
		if i == 0 || k == permanent && c.temp {
			continue
		}
		if mid >= 0 {
			if bool(k) == s.list[mid].temp {
				consider(prev, mid, c.icount)
			}
			prev = s.list[mid].icount
		}
		mid = i
	}
	// The newest permanent checkpoint is spared: it is what guestBytes counts.
	if k == temporary && mid >= 0 && s.list[mid].temp {
		consider(prev, mid, v.frontier)
	}
	if best < 0 {
		return false
	}
	s.drop(best)
	return true
}

// harm weighs the loss of the checkpoint at icount at, between those at prev and
// next. Positions in the interval after it are then reached from prev: over
// half of that interval before, on average, and the one before it in addition
// now. Waiting ten times as long is as bad at any scale, so it is the logarithm of
// the ratio that counts; and users go back by small steps as often as by large
// ones at any scale, so positions count in inverse proportion to their distance.
func (v view) harm(k kind, prev, at, next uint64) float64 {
	next = max(next, at+1)
	dist, nearness := gap(v.current, at, next), float64(tempNearness)
	if k == permanent {
		dist, nearness = min(dist, gap(v.frontier, at, next)), float64(v.spacing)
	}
	before, after := float64(at-prev), float64(next-at)
	return after / (float64(dist) + nearness) * math.Log1p(2*before/after)
}

// gap is the distance of x from the interval [from, to].
func gap(x, from, to uint64) uint64 {
	switch {
	case x < from:
		return from - x
	case x > to:
		return x - to
	}
	return 0
}

// dropTemps drops all temporary checkpoints that may be dropped.
func (s *store) dropTemps(base *checkpoint) {
	for i := len(s.list) - 1; i > 0; i-- {
		if c := s.list[i]; c.temp && !c.pinned && c.held == 0 && c != base {
			s.drop(i)
		}
	}
}
