package mem

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// model is what a Space should hold: bytes by address, for mapped pages only.
type model struct {
	pages map[uint64]*[PageSize]byte
	prot  map[uint64]Prot
}

func (m *model) clone() *model {
	c := &model{map[uint64]*[PageSize]byte{}, maps.Clone(m.prot)}
	for k, p := range m.pages {
		q := *p
		c.pages[k] = &q
	}
	return c
}

const testBase = 0x10000

// pages that the tests use, some far apart in the tree.
var testPages = []uint64{0x10, 0x11, 0x12, 0x13, 0x3f, 0x40, 0x1000, 0x1001, 0xabcdef, 0xffffffff0}

func TestSpaceAgreesWithAPlainModelThroughSnapshotsAndRestores(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := NewSpace()
		s.OnCode = func(_, _ uint64) {}
		m := &model{map[uint64]*[PageSize]byte{}, map[uint64]Prot{}}
		type saved struct {
			sn   *Snapshot
			m    *model
			hash vm.Hash
		}
		var states []saved
		dirty := map[uint64]bool{}
		for range 600 {
			p := testPages[r.IntN(len(testPages))]
			addr := p<<PageShift + r.Uint64N(PageSize)
			size := uint64(1) << r.IntN(4)
			switch op := r.IntN(20); {
			case op < 2:
				prot := Prot(r.IntN(8))
				if err := s.Map(VMA{Start: p << PageShift, End: (p + 1) << PageShift, Prot: prot}); err != nil {
					t.Fatal(err)
				}
				m.pages[p], m.prot[p] = new([PageSize]byte), prot
			case op == 2:
				if err := s.Unmap(p<<PageShift, (p+1)<<PageShift); err != nil {
					t.Fatal(err)
				}
				delete(m.pages, p)
				delete(m.prot, p)
			case op == 3:
				prot := Prot(r.IntN(8))
				err := s.Protect(p<<PageShift, (p+1)<<PageShift, prot)
				if (err == nil) != (m.pages[p] != nil) {
					t.Fatalf("seed %d: protect: %v", seed, err)
				}
				if err == nil {
					m.prot[p] = prot
				}
			case op < 10:
				v := r.Uint64()
				want := m.can(addr, size, Write)
				if got := s.StoreSlow(addr, size, v); got != want {
					t.Fatalf("seed %d: store %d at %#x: %v, want %v", seed, size, addr, got, want)
				}
				if want {
					for i := range size {
						m.pages[(addr+i)>>PageShift][(addr+i)&pageMask] = byte(v >> (8 * i))
						dirty[(addr+i)>>PageShift] = true
					}
				}
			case op < 16:
				want := m.can(addr, size, Read)
				v, got := s.LoadSlow(addr, size)
				if got != want {
					t.Fatalf("seed %d: load %d at %#x: %v, want %v", seed, size, addr, got, want)
				}
				if want && v != m.load(addr, size) {
					t.Fatalf("seed %d: load %d at %#x: %#x, want %#x", seed, size, addr, v, m.load(addr, size))
				}
				// What the TLB would answer must be the same.
				e := &s.TLB[addr>>PageShift%TLBSize]
				if e.R == addr&^(pageMask^(size-1)) && !m.can(addr, size, Read) {
					t.Fatalf("seed %d: TLB lets %#x be read", seed, addr)
				}
				if e.W == addr&^(pageMask^(size-1)) && !m.can(addr, size, Write) {
					t.Fatalf("seed %d: TLB lets %#x be written", seed, addr)
				}
			case op < 18:
				sn := s.Snapshot()
				for p := range dirty {
					if m.pages[p] != nil && !contains(sn.Dirty(), p) {
						t.Fatalf("seed %d: page %#x was written and is not in Dirty", seed, p)
					}
				}
				clear(dirty)
				states = append(states, saved{sn, m.clone(), s.Hash()})
			case len(states) > 0:
				st := states[r.IntN(len(states))]
				s.Restore(st.sn)
				m = st.m.clone()
				clear(dirty)
				if s.Hash() != st.hash {
					t.Fatalf("seed %d: hash differs after restore", seed)
				}
			}
		}
		for _, p := range testPages {
			var got [PageSize]byte
			n := s.Peek(p<<PageShift, got[:])
			if (n == PageSize) != (m.pages[p] != nil) {
				t.Fatalf("seed %d: page %#x: peeked %d bytes", seed, p, n)
			}
			if n == PageSize && !bytes.Equal(got[:], m.pages[p][:]) {
				t.Fatalf("seed %d: page %#x differs", seed, p)
			}
		}
	}
}

func contains(v []uint64, x uint64) bool {
	for _, y := range v {
		if x == y {
			return true
		}
	}
	return false
}

func (m *model) can(addr, size uint64, need Prot) bool {
	for i := range size {
		if m.pages[(addr+i)>>PageShift] == nil || m.prot[(addr+i)>>PageShift]&need == 0 {
			return false
		}
	}
	return true
}

func (m *model) load(addr, size uint64) (v uint64) {
	for i := range size {
		v |= uint64(m.pages[(addr+i)>>PageShift][(addr+i)&pageMask]) << (8 * i)
	}
	return v
}

func mapped(t testing.TB, pages uint64) *Space {
	t.Helper()
	s := NewSpace()
	s.OnCode = func(_, _ uint64) {}
	if err := s.Map(VMA{Start: testBase, End: testBase + pages<<PageShift, Prot: Read | Write}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWatchedRangesFailOnlyTheAccessesThatTouchThem(t *testing.T) {
	s := mapped(t, 2)
	s.SetWatches([]vm.Watch{{Addr: testBase + 100, Size: 4, Write: true}, {Addr: testBase + 200, Size: 1, Read: true}})
	for _, c := range []struct {
		addr, size uint64
		write, hit bool
		watch      int
	}{
		{testBase + 92, 8, true, false, 0}, {testBase + 96, 8, true, true, 0}, {testBase + 103, 1, true, true, 0},
		{testBase + 104, 8, true, false, 0}, {testBase + 100, 4, false, false, 0},
		{testBase + 200, 1, true, false, 0}, {testBase + 200, 1, false, true, 1}, {testBase + 193, 8, false, true, 1},
	} {
		var ok bool
		if c.write {
			ok = s.StoreSlow(c.addr, c.size, 1)
		} else {
			_, ok = s.LoadSlow(c.addr, c.size)
		}
		if ok == c.hit {
			t.Errorf("%+v: ok = %v", c, ok)
		}
		if c.hit && (s.Fault.Kind != FaultWatch || s.Fault.Watch != c.watch) {
			t.Errorf("%+v: fault %+v", c, s.Fault)
		}
		if e := &s.TLB[c.addr>>PageShift%TLBSize]; e.W == testBase || e.R == testBase {
			t.Errorf("%+v: the TLB holds a watched page", c)
		}
	}
	s.IgnoreWatches = Read
	if s.StoreSlow(testBase+100, 4, 7) {
		t.Error("ignoring reads lets a watched store through")
	}
	s.IgnoreWatches = Write
	if !s.StoreSlow(testBase+100, 4, 7) {
		t.Error("an ignored watch fails the store")
	}
	s.IgnoreWatches = 0
	s.CopyOut(testBase+98, []byte{1, 2, 3})
	if h, ok := s.TakeKernelHit(); !ok || h.Addr != testBase+98 || !h.Write {
		t.Errorf("kernel hit: %+v %v", h, ok)
	}
	s.SetWatches(nil)
	if !s.StoreSlow(testBase+100, 4, 7) {
		t.Error("the store still fails without watches")
	}
}

func TestFindFreeReturnsTheHighestGap(t *testing.T) {
	s := NewSpace()
	s.OnCode = func(_, _ uint64) {}
	for _, r := range [][2]uint64{{0x10, 0x20}, {0x30, 0x40}} {
		if err := s.Map(VMA{Start: r[0] << 12, End: r[1] << 12, Prot: Read}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ size, want uint64 }{{0x10, 0x40}, {0x11, 0}, {0x8, 0x48}} {
		got, ok := s.FindFree(0x10<<12, 0x50<<12, c.size<<12)
		if got>>12 != c.want || ok != (c.want != 0) {
			t.Errorf("size %#x: %#x, %v", c.size, got>>12, ok)
		}
	}
}

func TestProtectStopsAtAHole(t *testing.T) {
	s := mapped(t, 2)
	if err := s.Protect(testBase, testBase+3<<PageShift, Read); err == nil {
		t.Error("no error for a hole")
	}
	if s.StoreSlow(testBase, 1, 1) {
		t.Error("what comes before the hole keeps its protection")
	}
}

// BenchmarkSnapshot measures a snapshot and the first writes after it.
func BenchmarkSnapshot(b *testing.B) {
	for _, pages := range []uint64{0, 10, 100, 1000} {
		b.Run(fmt.Sprintf("dirty=%d", pages), func(b *testing.B) {
			s := mapped(b, 16384)
			for p := range uint64(16384) {
				s.StoreSlow(testBase+p<<PageShift, 8, p)
			}
			s.Snapshot()
			b.ResetTimer()
			for i := range b.N {
				for p := range pages {
					s.StoreSlow(testBase+(p*16)<<PageShift, 8, uint64(i))
				}
				s.Snapshot()
			}
		})
	}
}

// A range may be larger than what could be listed page by page, and go on past
// the end of the address space.
func TestAWatchMayBeLargerThanMemory(t *testing.T) {
	const pages = 1 << 18
	s := mapped(t, pages)
	for _, w := range []vm.Watch{{Addr: testBase, Size: pages << PageShift, Write: true}, {Addr: testBase - 8, Size: ^uint64(0), Write: true}} {
		s.SetWatches([]vm.Watch{w})
		for _, vpn := range []uint64{0, 1, 1<<16 - 1, 1 << 16, pages - 1} {
			addr := testBase + vpn<<PageShift
			if s.StoreSlow(addr, 8, 1) || s.Fault.Kind != FaultWatch {
				t.Errorf("%+v: a store to page %#x is not noticed: %+v", w, vpn, s.Fault)
			}
			s.IgnoreWatches = Read | Write
			if !s.StoreSlow(addr, 8, 1) || s.TLB[addr>>PageShift%TLBSize].W == addr {
				t.Errorf("%+v: after one that is let through the next to page %#x is not noticed", w, vpn)
			}
			s.IgnoreWatches = 0
			s.CopyOut(addr+1, []byte{1})
			if h, ok := s.TakeKernelHit(); !ok || h.Addr != addr+1 {
				t.Errorf("%+v: the kernel's store to page %#x is not noticed", w, vpn)
			}
		}
	}
}

// What fails does not access anything: there is the fault to report, and the page
// is not among those written, which searches for writes rely on.
func TestAnAccessThatFaultsIsNoneToAWatch(t *testing.T) {
	s := mapped(t, 3)
	if err := s.Protect(testBase+PageSize, testBase+2*PageSize, Read); err != nil {
		t.Fatal(err)
	}
	if err := s.Unmap(testBase+2*PageSize, testBase+3*PageSize); err != nil {
		t.Fatal(err)
	}
	s.SetWatches([]vm.Watch{{Addr: testBase, Size: 3 * PageSize, Read: true, Write: true}})
	for _, c := range []struct {
		addr  uint64
		write bool
		want  FaultKind
	}{
		{testBase + PageSize - 8, true, FaultWatch},
		{testBase + PageSize - 4, true, FaultProt}, // reaches into the page that may only be read
		{testBase + PageSize, true, FaultProt},
		{testBase + PageSize, false, FaultWatch},
		{testBase + 2*PageSize - 4, false, FaultUnmapped},
		{testBase + 2*PageSize, true, FaultUnmapped},
	} {
		ok := false
		if c.write {
			ok = s.StoreSlow(c.addr, 8, 1)
		} else {
			_, ok = s.LoadSlow(c.addr, 8)
		}
		if ok || s.Fault.Kind != c.want {
			t.Errorf("%+v: %v, fault %+v", c, ok, s.Fault)
		}
	}
	if n := s.CopyOut(testBase+PageSize-2, make([]byte, 8)); n != 2 {
		t.Fatalf("%d bytes copied", n)
	}
	if h, ok := s.TakeKernelHit(); !ok || h.Addr != testBase+PageSize-2 || h.Size != 2 {
		t.Errorf("the part that was written: %+v, %v", h, ok)
	}
	s.CopyOut(testBase+PageSize, make([]byte, 8))
	s.CopyIn(testBase+2*PageSize, make([]byte, 8))
	if h, ok := s.TakeKernelHit(); ok {
		t.Errorf("a copy that failed counts: %+v", h)
	}
}

// A fork is no mark on the way from one snapshot to the next: the pages written
// before it are still dirty, and neither space sees what the other writes after.
func TestAForkLeavesTheDirtyPagesAsTheyAre(t *testing.T) {
	s := mapped(t, 4)
	s.StoreSlow(testBase, 8, 1)
	s.Snapshot()
	s.StoreSlow(testBase+PageSize, 8, 2)
	child := NewSpace()
	child.OnCode = func(_, _ uint64) {}
	child.Restore(s.Fork())
	s.StoreSlow(testBase+PageSize, 8, 3)
	s.StoreSlow(testBase+2*PageSize, 8, 4)
	child.StoreSlow(testBase, 8, 5)
	first := uint64(testBase >> PageShift)
	if got := s.Snapshot().Dirty(); !slices.Equal(got, []uint64{first + 1, first + 2}) {
		t.Errorf("dirty: %#x", got)
	}
	if got := child.Snapshot().Dirty(); !slices.Equal(got, []uint64{first}) {
		t.Errorf("dirty in the child: %#x", got)
	}
	for i, want := range [][2]uint64{{1, 5}, {3, 2}, {4, 0}} {
		at := testBase + uint64(i)*PageSize
		a, _ := s.LoadSlow(at, 8)
		b, _ := child.LoadSlow(at, 8)
		if [2]uint64{a, b} != want {
			t.Errorf("page %d: %d and %d in the child, want %d", i, a, b, want)
		}
	}
}

// Is tells whether anything has happened since a snapshot.
func TestASpaceIsItsSnapshotUntilSomethingHappens(t *testing.T) {
	s := mapped(t, 4)
	for name, change := range map[string]func(){
		"a store":      func() { s.StoreSlow(testBase, 8, 1) },
		"a protection": func() { _ = s.Protect(testBase, testBase+PageSize, Read) },
		"an unmapping": func() { _ = s.Unmap(testBase+PageSize, testBase+2*PageSize) },
		"a restore":    func() { s.Restore(NewSpace().Snapshot()) },
	} {
		sn := s.Snapshot()
		s.LoadSlow(testBase, 8)
		if s.Fork(); !s.Is(sn) {
			t.Errorf("before %s: it is not", name)
		}
		if change(); s.Is(sn) {
			t.Errorf("after %s: it is", name)
		}
		s.Restore(sn)
		if !s.Is(sn) {
			t.Errorf("restored after %s: it is not", name)
		}
	}
}
