package checkpoint

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

func randomPages(r *rand.Rand, n int) []uint64 {
	set := map[uint64]bool{}
	for range r.IntN(n) {
		set[r.Uint64N(40)] = true
	}
	return slices.Sorted(maps.Keys(set))
}

func TestMergeIsUnionAndCountsTheIntersection(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		a, b := randomPages(r, 30), randomPages(r, 30)
		both, all := 0, map[uint64]bool{}
		for _, p := range a {
			all[p] = true
		}
		for _, p := range b {
			if all[p] {
				both++
			}
			all[p] = true
		}
		union, n := merge(a, b)
		if n != both || !slices.Equal(union, slices.Sorted(maps.Keys(all))) {
			t.Fatalf("merge(%v, %v) = %v, %d", a, b, union, n)
		}
		if n := common(a, b); n != both {
			t.Fatalf("common(%v, %v) = %d", a, b, n)
		}
	}
}

func TestTouches(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for range 2000 {
		pages := randomPages(r, 10)
		first := r.Uint64N(40)
		q := pageRange{first, first + r.Uint64N(4)}
		want := slices.ContainsFunc(pages, func(p uint64) bool { return q.first <= p && p <= q.last })
		if got := q.holdsAny(pages); got != want {
			t.Fatalf("%v touch %v: %v", pages, q, got)
		}
	}
}

func TestPagesOfWatches(t *testing.T) {
	for _, c := range []struct {
		w    vm.Watch
		want pageRange
	}{
		{vm.Watch{Addr: 0x1ffc, Size: 8, Write: true}, pageRange{1, 2}},
		{vm.Watch{Addr: 0x5000, Size: 0x1000, Write: true}, pageRange{5, 5}},
		{vm.Watch{Addr: math.MaxUint64 - 3, Size: 100, Write: true}, pageRange{math.MaxUint64 >> 12, math.MaxUint64 >> 12}},
	} {
		if got := pagesOf(&c.w); got != c.want {
			t.Errorf("%+v: %v", c.w, got)
		}
	}
}

func TestHostMemory(t *testing.T) {
	const meminfo = "MemFree:  17 kB\nMemTotal:       16303428 kB\nBuffers: 1 kB\n"
	if got := memTotal([]byte(meminfo)); got != 16303428<<10 {
		t.Errorf("%d", got)
	}
	for _, bad := range []string{"", "MemTotal:", "MemTotal: x kB\n", "MemTotal: 17 pages\n"} {
		if got := memTotal([]byte(bad)); got != 0 {
			t.Errorf("%q: %d", bad, got)
		}
	}
	if c := (Config{}).withDefaults(); c.MemoryCap < leastMemoryCap {
		t.Errorf("cap %d", c.MemoryCap)
	}
}
