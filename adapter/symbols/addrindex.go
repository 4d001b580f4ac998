package symbols

import "math/bits"

// addrIndex finds the last of ascending addresses that is not above a given
// one. The stepper asks this several times for each instruction it looks at, so
// a table by the leading bits of the address leaves only a few to search.
type addrIndex struct {
	addr    []uint64
	shift   uint
	buckets []int32 // for each value of (a-addr[0])>>shift: how many addresses are below it
}

// newAddrIndex indexes addresses in ascending order, without repetitions.
func newAddrIndex(addr []uint64) addrIndex {
	x := addrIndex{addr: addr}
	if len(addr) == 0 {
		return x
	}
	// About one address per bucket when they are spread evenly.
	span := addr[len(addr)-1] - addr[0]
	if n := bits.Len64(span / uint64(len(addr))); n > 0 {
		x.shift = uint(n - 1)
	}
	for span>>x.shift > uint64(4*len(addr)+16) {
		x.shift++
	}
	n := int(span>>x.shift) + 1
	x.buckets = make([]int32, n+1)
	k := 0
	for b := range n {
		for k < len(addr) && (addr[k]-addr[0])>>x.shift < uint64(b) {
			k++
		}
		x.buckets[b] = int32(k)
	}
	x.buckets[n] = int32(len(addr))
	return x
}

// find returns the index of the last address ≤ a, or -1.
func (x *addrIndex) find(a uint64) int {
	if len(x.addr) == 0 || a < x.addr[0] {
		return -1
	}
	b := (a - x.addr[0]) >> x.shift
	if b >= uint64(len(x.buckets)-1) {
		return len(x.addr) - 1
	}
	lo, hi := int(x.buckets[b]), int(x.buckets[b+1])
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if x.addr[mid] <= a {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo - 1
}
