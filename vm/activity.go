package vm

import (
	"math"
	bits64 "math/bits"
	"slices"
	"sort"
)

// Activity is what the debugged process did between two snapshots of a machine,
// coarsely: it tells what did not happen. What it tells of may have happened, or
// something near it. It is immutable once given out.
type Activity struct {
	// Written lists the numbers (address / 4096) of the pages written, ascending.
	Written []uint64
	// Unknown says that anything may have been written beside these: what is known of
	// a stretch has been lost. Traced is false then.
	Unknown bool

	// Traced says that what follows is known. Without it anything may have
	// happened.
	Traced bool
	// Read are the pages that instructions, or the kernel for them, have read.
	Read PageFilter
	// Code are the addresses of the instructions executed.
	Code Ranges
	// Tops are the threads that executed anything, ascending by ID.
	Tops []StackTop
	// Events are the kinds of events that occurred.
	Events EventSet
}

// StackTop is how far a thread's stack went down (a stack grows downwards, so
// this is upwards in memory): SP is the highest value that its stack pointer had
// right after an indirect jump (a return is one) or a change of it by the kernel;
// 0 for none. A call that had not returned before, nor been made since, and was made
// with a higher or the same stack pointer has not returned meanwhile.
type StackTop struct {
	Thread ThreadID
	SP     uint64
}

// EventSet is a set of kinds of events.
type EventSet uint32

// Kinds of events of the debugged process.
const (
	EventSignal  EventSet = 1 << iota // Stops.Signals would stop
	EventSwitch                       // Stops.Switches would stop
	EventMaps                         // Stops.Maps would stop
	EventSyscall                      // a system call was made
	EventInput                        // an input was consumed
	EventOutput                       // output was given out
)

// Merge is the activity of two stretches together.
func (a *Activity) Merge(b *Activity) *Activity {
	m := &Activity{
		Written: union(a.Written, b.Written),
		Unknown: a.Unknown || b.Unknown,
		Traced:  a.Traced && b.Traced,
	}
	if m.Traced {
		m.Read = a.Read.Merge(b.Read)
		m.Code = a.Code.Merge(b.Code)
		m.Tops = mergeTops(a.Tops, b.Tops)
		m.Events = a.Events | b.Events
	}
	return m
}

// Top is the highest stack pointer of a thread, see StackTop; MaxUint64 if nothing
// is known.
func (a *Activity) Top(t ThreadID) uint64 {
	if !a.Traced {
		return math.MaxUint64
	}
	for _, s := range a.Tops {
		if s.Thread == t {
			return s.SP
		}
	}
	return 0
}

// mergeTops merges two lists that ascend by thread. It may return one of them.
func mergeTops(a, b []StackTop) []StackTop {
	if len(b) == 0 {
		return a
	}
	out := make([]StackTop, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Thread < b[0].Thread:
			out, a = append(out, a[0]), a[1:]
		case a[0].Thread > b[0].Thread:
			out, b = append(out, b[0]), b[1:]
		default:
			out = append(out, StackTop{a[0].Thread, max(a[0].SP, b[0].SP)})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// union merges two ascending lists without repetitions. It may return one of them.
func union(a, b []uint64) []uint64 {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	out := make([]uint64, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case a[0] > b[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// Range is a range of addresses, [Start, End).
type Range struct{ Start, End uint64 }

// Ranges is a set of addresses: ascending ranges that neither overlap nor touch.
type Ranges []Range

// NewRanges makes the set of all addresses in list, which it reorders and may keep.
func NewRanges(list []Range) Ranges {
	slices.SortFunc(list, func(a, b Range) int {
		if a.Start < b.Start {
			return -1
		}
		if a.Start > b.Start {
			return 1
		}
		return 0
	})
	out := list[:0]
	for _, r := range list {
		if r.Start >= r.End {
			continue
		}
		if n := len(out); n > 0 && r.Start <= out[n-1].End {
			out[n-1].End = max(out[n-1].End, r.End)
		} else {
			out = append(out, r)
		}
	}
	return Ranges(out)
}

// Has reports whether addr is in the set.
func (s Ranges) Has(addr uint64) bool {
	i := sort.Search(len(s), func(i int) bool { return s[i].End > addr })
	return i < len(s) && s[i].Start <= addr
}

// HasAny reports whether any of the ascending addresses is in the set.
func (s Ranges) HasAny(addrs []uint64) bool {
	if len(addrs) <= len(s) {
		return slices.ContainsFunc(addrs, s.Has)
	}
	for _, r := range s {
		if i, _ := slices.BinarySearch(addrs, r.Start); i < len(addrs) && addrs[i] < r.End {
			return true
		}
	}
	return false
}

// Merge is the union of two sets. It may return one of them.
func (s Ranges) Merge(t Ranges) Ranges {
	if len(s) == 0 || slices.Equal(s, t) {
		return t
	}
	if len(t) == 0 {
		return s
	}
	return NewRanges(append(slices.Clone(s), t...))
}

// PageFilter is a set of page numbers, as far as their low 16 bits: it may seem to
// hold more than was put into it. The zero value is empty.
type PageFilter struct {
	low []uint16 // ascending; the numbers' low bits
}

// NewPageFilter makes the filter of the page numbers whose low 16 bits are set in
// bits.
func NewPageFilter(bits *[1024]uint64) PageFilter {
	var f PageFilter
	for i, w := range bits {
		for ; w != 0; w &= w - 1 {
			f.low = append(f.low, uint16(i<<6+bits64.TrailingZeros64(w)))
		}
	}
	return f
}

// FilterOf makes a filter from the low 16 bits of page numbers, ascending. It keeps
// the list.
func FilterOf(low []uint16) PageFilter { return PageFilter{low} }

// Low lists the low 16 bits of the page numbers, ascending. The caller must not
// change it.
func (f PageFilter) Low() []uint16 { return f.low }

// MayHold reports whether a page number in [first, last] may be in the set.
func (f PageFilter) MayHold(first, last uint64) bool {
	if last-first >= 1<<16-1 {
		return len(f.low) > 0
	}
	between := func(a, b uint16) bool {
		i, _ := slices.BinarySearch(f.low, a)
		return i < len(f.low) && f.low[i] <= b
	}
	a, b := uint16(first), uint16(last)
	if a <= b {
		return between(a, b)
	}
	return between(a, math.MaxUint16) || between(0, b)
}

// Merge is the union of two filters.
func (f PageFilter) Merge(g PageFilter) PageFilter {
	if len(f.low) == 0 {
		return g
	}
	if len(g.low) == 0 {
		return f
	}
	out := append(slices.Clone(f.low), g.low...)
	slices.Sort(out)
	return PageFilter{slices.Compact(out)}
}
