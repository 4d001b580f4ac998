package checkpoint

import (
	"math"
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

const (
	pageSize  = 1 << pageShift
	pageShift = 12
)

// merge returns the union of two ascending lists of page numbers and how many
// are in both. It may return one of the lists itself.
func merge(a, b []uint64) (union []uint64, both int) {
	if len(a) == 0 {
		return b, 0
	}
	if len(b) == 0 {
		return a, 0
	}
	union = make([]uint64, 0, len(a)+len(b))
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] < b[j]:
			union = append(union, a[i])
			i++
		case a[i] > b[j]:
			union = append(union, b[j])
			j++
		default:
			union = append(union, a[i])
			i++
			j++
			both++
		}
	}
	union = append(union, a[i:]...)
	return append(union, b[j:]...), both
}

// common counts the page numbers that are in both ascending lists.
func common(a, b []uint64) (n int) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			n++
			i++
			j++
		}
	}
	return n
}

// pageRange is a range of page numbers, both ends in it.
type pageRange struct{ first, last uint64 }

// writesOnly returns the pages that a search for stops depends on, when it is
// for writes to memory and nothing else.
func writesOnly(stops *vm.Stops) ([]pageRange, bool) {
	if len(stops.Breaks.Addrs()) > 0 || stops.Signals || stops.Switches {
		return nil, false
	}
	var ranges []pageRange
	for _, w := range stops.Watches {
		if w.Read {
			return nil, false
		}
		if !w.Write || w.Size == 0 {
			continue
		}
		last := w.Addr + w.Size - 1
		if last < w.Addr {
			last = math.MaxUint64
		}
		ranges = append(ranges, pageRange{w.Addr >> pageShift, last >> pageShift})
	}
	return ranges, true
}

// touches reports whether one of the ascending pages is in one of the ranges.
func touches(pages []uint64, ranges []pageRange) bool {
	for _, r := range ranges {
		if i, _ := slices.BinarySearch(pages, r.first); i < len(pages) && pages[i] <= r.last {
			return true
		}
	}
	return false
}
