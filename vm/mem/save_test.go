package mem

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/internal/wire"
)

// box is a store in memory.
type box struct {
	pages []([PageSize]byte)
	err   error
}

func (b *box) Put(page, base *[PageSize]byte, ref vm.PageRef) (vm.PageRef, error) {
	if b.err != nil {
		return 0, b.err
	}
	if base != nil && *base != b.pages[ref-1] {
		return 0, errors.New("that is not the base")
	}
	b.pages = append(b.pages, *page)
	return vm.PageRef(len(b.pages)), nil
}

func (b *box) Get(ref vm.PageRef, page *[PageSize]byte) error {
	if b.err != nil {
		return b.err
	}
	*page = b.pages[ref-1]
	return nil
}

func saved(t *testing.T, sn, prev *Snapshot, to vm.PageStore, known *Pages) []byte {
	t.Helper()
	var c wire.Coder
	if err := sn.Save(&c, prev, to, known); err != nil {
		t.Fatal(err)
	}
	return c.Written()
}

func (l Loading) load(t *testing.T, data []byte, prev *Snapshot) *Snapshot {
	t.Helper()
	c := wire.Reader(data)
	sn := l.Load(c, prev)
	if err := c.End(); err != nil {
		t.Fatal(err)
	}
	return sn
}

// scribble does something to the space, as a guest would.
func scribble(rnd *rand.Rand, s *Space, file *Content) {
	at := uint64(0x10000) + uint64(rnd.IntN(40))*PageSize
	if rnd.IntN(8) == 0 {
		at += 1 << 40
	}
	n := uint64(1+rnd.IntN(6)) * PageSize
	switch rnd.IntN(9) {
	case 0:
		_ = s.Map(VMA{Start: at, End: at + n, Prot: Read | Write, Name: []string{"", "[heap]"}[rnd.IntN(2)]})
	case 1:
		off := uint64(rnd.IntN(8)) * PageSize
		_ = s.Map(VMA{Start: at, End: at + n, Prot: Read | Write | Exec, Name: "/lib", Offset: off})
		_ = s.Fill(at, at+n, file, off)
	case 2:
		_ = s.Unmap(at, at+n)
	case 3:
		_ = s.Protect(at, at+n, Read)
	case 4:
		_ = s.Zero(at, at+n)
	default:
		s.Poke(at+uint64(rnd.IntN(3000)), binary.LittleEndian.AppendUint64(nil, rnd.Uint64()))
	}
}

// Snapshots that are saved and loaded again, relative to each other or not, are the
// same; and they are made of the same pages for who saved them.
func TestSavedSnapshotsAreLoadedAgain(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 2))
	content := func(raw []byte) *Content { return NewKnownContent(9, raw) }
	raw := make([]byte, 11*PageSize+100)
	for i := range raw {
		raw[i] = byte(rnd.Uint32())
	}
	file := content(raw)
	for range 20 {
		s, store, known := NewSpace(), &box{}, &Pages{}
		var snaps []*Snapshot
		var hashes []vm.Hash
		var chain, keys [][]byte
		for range 30 {
			for range 1 + rnd.IntN(8) {
				scribble(rnd, s, file)
			}
			hashes = append(hashes, s.Hash())
			sn := s.Snapshot()
			var prev *Snapshot
			if len(snaps) > 0 {
				prev = snaps[len(snaps)-1]
			}
			snaps = append(snaps, sn)
			chain = append(chain, saved(t, sn, prev, store, known))
			keys = append(keys, saved(t, sn, nil, store, known))
		}
		elsewhere := content(raw)
		for _, l := range []Loading{
			{Store: store, Known: known, Limit: 1 << 20, Content: func(uint64) *Content { return file }},
			{Store: store, Known: &Pages{}, Limit: 1 << 20, Content: func(uint64) *Content { return elsewhere }},
		} {
			for i := range snaps {
				key := rnd.IntN(i + 1)
				sn := l.load(t, keys[key], nil)
				for j := key + 1; j <= i; j++ {
					sn = l.load(t, chain[j], sn)
				}
				x := NewSpace()
				x.Restore(sn)
				if x.Hash() != hashes[i] || x.Pages() != snaps[i].count || x.CodeMaps() != snaps[i].codeMaps {
					t.Fatal("a loaded snapshot differs")
				}
				if d := diff(nil, sn.root, snaps[i].root, 0, topShift); l.Known == known && len(d) > 0 {
					t.Fatalf("%d pages are others", len(d))
				}
				// It can be written to, and stays as it was.
				scribble(rnd, x, file)
				x.Restore(sn)
				if x.Hash() != hashes[i] {
					t.Fatal("a loaded snapshot has changed")
				}
			}
		}
	}
}

// Pages are read when they are needed, not before; what is lost is a fault.
func TestLostPagesAreFaults(t *testing.T) {
	s, store := NewSpace(), &box{}
	_ = s.Map(VMA{Start: 0x1000, End: 0x4000, Prot: Read | Write | Exec})
	s.Poke(0x1000, []byte{1})
	s.Poke(0x2000, []byte{2})
	data := saved(t, s.Snapshot(), nil, store, &Pages{})
	l := Loading{Store: store, Known: &Pages{}, Limit: 10}
	x := NewSpace()
	var lost error
	x.OnLost = func(err error) { lost = err }
	sn := l.load(t, data, nil)
	x.Restore(sn)
	if v, ok := x.Load(0x1000, 1); !ok || v != 1 {
		t.Fatalf("%d, %v", v, ok)
	}
	store.err = errors.New("bit rot")
	if v, ok := x.Load(0x1000, 1); !ok || v != 1 || lost != nil {
		t.Error("a page that has been read is lost")
	}
	var b [1]byte
	for what, ok := range map[string]bool{
		"load":  func() bool { _, ok := x.Load(0x2000, 8); return ok }(),
		"store": x.Store(0x2000, 1, 5), "copy in": x.CopyIn(0x2000, b[:]) == 1, "copy out": x.CopyOut(0x2000, b[:]) == 1,
		"fetch": x.Fetch(0x2000, b[:]) == 1,
	} {
		if ok || x.Fault.Kind != FaultLost || !errors.Is(lost, store.err) {
			t.Errorf("%s of a lost page: %v, fault %d, told %v", what, ok, x.Fault.Kind, lost)
		}
	}
	lost = nil
	if x.Peek(0x1fff, make([]byte, 3)) != 1 || lost != nil {
		t.Error("a debugger's look at a lost page")
	}
	if x.Store(0x3000, 8, 7) != true {
		t.Error("what was never written is lost, too")
	}
	store.err = nil
	x.Restore(sn)
	if v, ok := x.Load(0x2000, 1); !ok || v != 2 {
		t.Error("a page that is there again stays lost")
	}
}

func TestAnErrorOfTheStoreIsSavesError(t *testing.T) {
	s, store := NewSpace(), &box{err: errors.New("disk full")}
	_ = s.Map(VMA{Start: 0x1000, End: 0x4000, Prot: Read | Write})
	s.Poke(0x1000, []byte{1})
	if err := s.Snapshot().Save(&wire.Coder{}, nil, store, &Pages{}); !errors.Is(err, store.err) {
		t.Error(err)
	}
}

// The mark that shared pages carry since they were last taken outlives saving: what
// has been written back is not written back again.
func TestWhatHasBeenTakenStaysTaken(t *testing.T) {
	var g Sharing
	s, store, known := NewSpace(), &box{}, &Pages{}
	g.Join(s)
	_ = s.Map(VMA{Start: 0x1000, End: 0x4000, Prot: Read | Write, Shared: 1})
	s.Poke(0x1000, []byte{1})
	s.TakeWritten(1, 0, MaxAddr)
	s.Poke(0x2000, []byte{2})
	data := saved(t, s.Snapshot(), nil, store, known)
	l := Loading{Store: store, Known: &Pages{}, Limit: 10}
	s.Restore(l.load(t, data, nil))
	if p := s.TakeWritten(1, 0, MaxAddr); len(p) != 1 || p[0].Offset != 0x1000 || p[0].Data[0] != 2 {
		t.Errorf("%d pieces are taken", len(p))
	}
}

// More than it may have a space does not get, whatever is claimed.
func TestLoadedSpacesAreBounded(t *testing.T) {
	file := NewKnownContent(9, make([]byte, 100*PageSize))
	var c wire.Coder
	c.Put(0)
	f := false
	c.Bool(&f)
	saveVMAs(&c, nil, nil)
	runs := 50
	wire.Num(&c, &runs)
	for range runs {
		c.Put(0)
		c.Put(100<<2 | runContent)
		c.Put(9)
		c.Put(0)
	}
	for limit, fits := range map[int]bool{4999: false, 5000: true} {
		l := Loading{Known: &Pages{}, Limit: limit, Content: func(uint64) *Content { return file }}
		r := wire.Reader(c.Written())
		if l.Load(r, nil); (r.End() == nil) != fits {
			t.Errorf("5000 pages where %d may be: %v", limit, r.Err())
		}
	}
}
