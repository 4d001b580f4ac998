package checkpoint

import (
	"math"
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// want is what stops ask for, in the terms of the interval index.
type want struct {
	breaks  []uint64 // ascending
	watches []vm.Watch
	events  vm.EventSet
}

// wantOf translates stops. Those for changes of the mappings count if maps says so.
func wantOf(stops *vm.Stops, maps bool) want {
	w := want{breaks: stops.Breaks.Addrs()}
	for _, x := range stops.Watches {
		if x.Size > 0 && (x.Read || x.Write) {
			w.watches = append(w.watches, x)
		}
	}
	if stops.Signals {
		w.events |= vm.EventSignal
	}
	if stops.Switches {
		w.events |= vm.EventSwitch
	}
	if maps && stops.Maps {
		w.events |= vm.EventMaps
	}
	return w
}

// ruledOut reports whether nothing that is wanted has happened in the interval
// that c ends.
func (w *want) ruledOut(c *checkpoint) bool {
	if len(w.breaks) > 0 || w.events != 0 {
		if a := c.act; !a.Traced || a.Events&w.events != 0 || a.Code.HasAny(w.breaks) {
			return false
		}
	}
	for i := range w.watches {
		if mayAccess(c, &w.watches[i]) {
			return false
		}
	}
	return true
}

// mayAccess reports whether what w watches may have been accessed in the interval
// that c ends, in a way that w asks for.
func mayAccess(c *checkpoint, w *vm.Watch) bool {
	p := pagesOf(w)
	a := c.act
	return (w.Write && (a.Unknown || p.holdsAny(a.Written)) || w.Read && (!a.Traced || a.Read.MayHold(p.first, p.last))) && !c.quiet.covers(w)
}

// partOf is the activity in a part of an interval. whole is that in all of it, own what
// the machine tells of the part: if it has not traced, as replicas do not, the rest is
// what is known of the whole.
func partOf(whole, own *vm.Activity) *vm.Activity {
	if own.Traced || !whole.Traced {
		return own
	}
	part := *whole
	part.Written = own.Written
	return &part
}

// pageRange is a range of page numbers, both ends in it.
type pageRange struct{ first, last uint64 }

// pagesOf are the pages that w lies in.
func pagesOf(w *vm.Watch) pageRange {
	return pageRange{w.Addr >> pageShift, lastByte(w) >> pageShift}
}

// lastByte is the address of the last byte watched: a range that would go on past
// the last address ends there.
func lastByte(w *vm.Watch) uint64 {
	if last := w.Addr + w.Size - 1; last >= w.Addr {
		return last
	}
	return math.MaxUint64
}

// holdsAny reports whether one of the ascending pages is in the range.
func (r pageRange) holdsAny(pages []uint64) bool {
	i, _ := slices.BinarySearch(pages, r.first)
	return i < len(pages) && pages[i] <= r.last
}

// quiet lists what is known not to have been accessed in an interval, in the ways
// that each entry's Read and Write tell. The machine's index knows pages only; a
// search that has replayed an interval and has not met a watched access knows more,
// and the next search for the same need not replay it. The newest is last. A list
// is never changed in place: checkpoints share it.
type quiet []vm.Watch

// mostQuiet is how many entries are kept for an interval.
const mostQuiet = 8

// covers reports whether w asks for nothing that is not known to be absent.
func (q quiet) covers(w *vm.Watch) bool {
	return slices.ContainsFunc(q, func(x vm.Watch) bool {
		return x.Addr <= w.Addr && lastByte(w) <= lastByte(&x) && (x.Read || !w.Read) && (x.Write || !w.Write)
	})
}

// with adds an entry, forgetting those that it makes needless and, when they are
// too many, the oldest.
func (q quiet) with(w vm.Watch) quiet {
	if q.covers(&w) {
		return q
	}
	out := make(quiet, 0, min(len(q)+1, mostQuiet))
	for _, x := range q {
		if !(quiet{w}).covers(&x) {
			out = append(out, x)
		}
	}
	if len(out) == mostQuiet {
		out = append(out[:0], out[1:]...)
	}
	return append(out, w)
}

// and is what is known of two intervals together: what is known of both.
func (q quiet) and(r quiet) quiet {
	var out quiet
	for _, x := range q {
		if r.covers(&x) {
			out = append(out, x)
		}
	}
	for _, x := range r {
		if q.covers(&x) && !out.covers(&x) && len(out) < mostQuiet {
			out = append(out, x)
		}
	}
	return out
}

// learn notes that the watches have not been met from start to checkpoint c, if that
// is all of the interval that c ends.
func (t *Timeline) learn(c *checkpoint, start uint64, watches []vm.Watch) {
	i := t.store.after(c.icount) - 1
	if i < 1 || t.store.list[i] != c || t.store.list[i-1].icount < start {
		return
	}
	for _, w := range watches {
		c.quiet = c.quiet.with(w)
	}
}
