package vm_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// randomRanges makes ranges of small addresses, and the set of these.
func randomRanges(r *rand.Rand) ([]vm.Range, map[uint64]bool) {
	var list []vm.Range
	set := map[uint64]bool{}
	for range r.IntN(12) {
		start := r.Uint64N(200)
		x := vm.Range{Start: start, End: start + r.Uint64N(20)}
		for a := x.Start; a < x.End; a++ {
			set[a] = true
		}
		list = append(list, x)
	}
	return list, set
}

func checkRanges(t *testing.T, s vm.Ranges, set map[uint64]bool) {
	t.Helper()
	for i, x := range s {
		if x.Start >= x.End || i > 0 && x.Start <= s[i-1].End {
			t.Fatalf("%v: ranges are empty, overlap or touch", s)
		}
	}
	for a := range uint64(240) {
		if s.Has(a) != set[a] {
			t.Fatalf("%v has %d: %v", s, a, s.Has(a))
		}
	}
}

func TestRangesAreSetsOfAddresses(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		x, inX := randomRanges(r)
		y, inY := randomRanges(r)
		a, b := vm.NewRanges(x), vm.NewRanges(y)
		checkRanges(t, a, inX)
		checkRanges(t, b, inY)
		keptA, keptB := slices.Clone(a), slices.Clone(b)
		both := map[uint64]bool{}
		for _, in := range []map[uint64]bool{inX, inY} {
			for addr := range in {
				both[addr] = true
			}
		}
		checkRanges(t, a.Merge(b), both)
		if !slices.Equal(a, keptA) || !slices.Equal(b, keptB) {
			t.Fatal("a merge changes what is merged")
		}
		var addrs []uint64
		want := false
		for range r.IntN(30) {
			addrs = append(addrs, r.Uint64N(240))
		}
		slices.Sort(addrs)
		for _, addr := range addrs {
			want = want || inX[addr]
		}
		if a.HasAny(addrs) != want {
			t.Fatalf("%v has any of %v: %v", a, addrs, !want)
		}
	}
}

func TestAPageFilterHoldsNumbersByTheirLowBits(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 2))
		make := func() (vm.PageFilter, map[uint16]bool) {
			var bits [1024]uint64
			set := map[uint16]bool{}
			for range r.IntN(8) {
				p := uint16(r.Uint32())
				if r.IntN(2) == 0 {
					p = uint16(r.IntN(20) - 10) // at the ends
				}
				set[p] = true
				bits[p>>6] |= 1 << (p & 63)
			}
			return vm.NewPageFilter(&bits), set
		}
		f, inF := make()
		g, inG := make()
		if len(f.Low()) != len(inF) || !slices.IsSorted(f.Low()) {
			t.Fatalf("%v of %v", f.Low(), inF)
		}
		both := f.Merge(g)
		if again := vm.FilterOf(both.Low()); !reflect.DeepEqual(again, both) {
			t.Fatal("FilterOf and Low are no opposites")
		}
		for range 40 {
			first := r.Uint64N(1<<36) << r.IntN(3)
			if r.IntN(2) == 0 {
				first = first&^0xffff + uint64(r.IntN(40)) - 20
			}
			n := r.Uint64N(1 << r.IntN(18))
			wantF, wantBoth := false, false
			for i := uint64(0); i <= min(n, 1<<16); i++ {
				low := uint16(first + i)
				wantF = wantF || inF[low]
				wantBoth = wantBoth || inF[low] || inG[low]
			}
			if f.MayHold(first, first+n) != wantF || both.MayHold(first, first+n) != wantBoth {
				t.Fatalf("%v and %v: MayHold(%#x, %#x) is not %v and %v", inF, inG, first, first+n, wantF, wantBoth)
			}
		}
	}
}

func TestActivitiesMergeToWhatHappenedInBoth(t *testing.T) {
	a := &vm.Activity{Written: []uint64{1, 5, 7}, Traced: true, Read: vm.FilterOf([]uint16{3, 4}), Code: vm.Ranges{{Start: 10, End: 20}},
		Tops: []vm.StackTop{{Thread: 1, SP: 100}, {Thread: 3, SP: 0}}, Events: vm.EventMaps}
	b := &vm.Activity{Written: []uint64{2, 5, 9}, Traced: true, Read: vm.FilterOf([]uint16{4, 9}), Code: vm.Ranges{{Start: 20, End: 30}},
		Tops: []vm.StackTop{{Thread: 1, SP: 90}, {Thread: 2, SP: 7}, {Thread: 3, SP: 5}}, Events: vm.EventInput}
	want := &vm.Activity{Written: []uint64{1, 2, 5, 7, 9}, Traced: true, Read: vm.FilterOf([]uint16{3, 4, 9}), Code: vm.Ranges{{Start: 10, End: 30}},
		Tops: []vm.StackTop{{Thread: 1, SP: 100}, {Thread: 2, SP: 7}, {Thread: 3, SP: 5}}, Events: vm.EventMaps | vm.EventInput}
	for range 2 {
		if got := a.Merge(b); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
		a, b = b, a
	}
	for _, c := range []struct {
		thread vm.ThreadID
		top    uint64
	}{{1, 100}, {2, 7}, {4, 0}} {
		if got := want.Top(c.thread); got != c.top {
			t.Errorf("the top of thread %d is %d, want %d", c.thread, got, c.top)
		}
	}
	unknown := a.Merge(&vm.Activity{Written: []uint64{4}})
	if unknown.Traced || unknown.Top(1) != math.MaxUint64 || !slices.Equal(unknown.Written, []uint64{1, 4, 5, 7}) {
		t.Errorf("with an untraced one: %+v", unknown)
	}
	if lost := a.Merge(&vm.Activity{Unknown: true}); !lost.Unknown || lost.Traced || unknown.Unknown {
		t.Errorf("with a lost one: %+v", lost)
	}
}

// Lists of threads that a stranger has made long merge in time in proportion to them.
func TestLongListsOfTopsMergeQuickly(t *testing.T) {
	const n = 1 << 20
	a, b := &vm.Activity{Traced: true}, &vm.Activity{Traced: true}
	for i := range n {
		a.Tops = append(a.Tops, vm.StackTop{Thread: vm.ThreadID(2 * i), SP: uint64(i)})
		b.Tops = append(b.Tops, vm.StackTop{Thread: vm.ThreadID(2*i + 1), SP: uint64(i)})
	}
	began := time.Now()
	m := a.Merge(b)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	for i, x := range m.Tops {
		if int(x.Thread) != i || x.SP != uint64(i/2) {
			t.Fatalf("entry %d is %+v", i, x)
		}
	}
	if len(m.Tops) != 2*n {
		t.Errorf("%d entries", len(m.Tops))
	}
}
