package pages

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

type page = [vm.PageSize]byte

// memory is a Backing whose blobs a test may look at and damage.
type memory struct {
	mu    sync.Mutex
	blobs [][]byte
	kinds []byte
	full  error
}

func (m *memory) Append(kind byte, data []byte) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full != nil {
		return 0, m.full
	}
	m.blobs, m.kinds = append(m.blobs, slices.Clone(data)), append(m.kinds, kind)
	return uint64(len(m.blobs) - 1), nil
}

func (m *memory) Read(id uint64) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if id >= uint64(len(m.blobs)) {
		return nil, errors.New("no such blob")
	}
	return m.blobs[id], nil
}

// version is a page that has been put.
type version struct {
	ref     vm.PageRef
	content *page
}

// evolve changes some words of a page: none, a few, or all.
func evolve(r *rand.Rand, from *page) *page {
	p := *from
	switch r.IntN(6) {
	case 0:
	case 1:
		for i := range p {
			p[i] = byte(r.Uint32())
		}
	case 2:
		p = page{}
	default:
		for range 1 << r.IntN(10) {
			binary.LittleEndian.PutUint64(p[r.IntN(pageWords)*wordSize:], r.Uint64N(1<<r.IntN(64)))
		}
	}
	return &p
}

// fill puts n versions of random pages into s, flushing now and then.
func fill(t *testing.T, r *rand.Rand, s *Store, n int) (all []version) {
	t.Helper()
	for range n {
		base := version{content: &page{}}
		if len(all) > 0 && r.IntN(5) != 0 {
			base = all[max(0, len(all)-1-r.IntN(40))]
		}
		next := evolve(r, base.content)
		ref, err := s.Put(next, base.content, base.ref)
		if err != nil || ref == 0 {
			t.Fatalf("put: %#x, %v", ref, err)
		}
		all = append(all, version{ref, next})
		if r.IntN(50) == 0 {
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

func (v version) check(t *testing.T, s *Store) {
	t.Helper()
	got := page{1}
	if err := s.Get(v.ref, &got); err != nil {
		t.Fatal(err)
	}
	if got != *v.content {
		t.Fatalf("page %#x reads differently", uint64(v.ref))
	}
}

func TestPagesComeBackAsTheyWerePut(t *testing.T) {
	for seed := range uint64(5) {
		r, b := rand.New(rand.NewPCG(seed, 1)), &memory{}
		s := New(b)
		all := fill(t, r, s, 2000)
		for _, i := range r.Perm(len(all)) {
			all[i].check(t, s)
		}
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		var chunks []uint64
		for i := range b.blobs {
			chunks = append(chunks, uint64(i))
		}
		again := Reopen(b, chunks)
		for _, i := range r.Perm(len(all)) {
			all[i].check(t, again)
		}
	}
}

// Blobs of others may lie between the chunks.
func TestChunksKeepTheirNumbersAmongOtherBlobs(t *testing.T) {
	r, b := rand.New(rand.NewPCG(1, 2)), &memory{}
	s := New(b)
	var all []version
	for range 20 {
		if _, err := b.Append(9, []byte("something else")); err != nil {
			t.Fatal(err)
		}
		all = append(all, fill(t, r, s, 100)...)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	var chunks []uint64
	for i, k := range b.kinds {
		if k == Kind {
			chunks = append(chunks, uint64(i))
		}
	}
	again := Reopen(b, chunks)
	for _, v := range all {
		v.check(t, again)
	}
}

func TestSmallChangesTakeLittleRoom(t *testing.T) {
	r, b := rand.New(rand.NewPCG(1, 3)), &memory{}
	s := New(b)
	first := page{}
	for i := range first {
		first[i] = byte(r.Uint32())
	}
	v := version{content: &first}
	const versions = 1000
	for range versions {
		next := *v.content
		for range 20 {
			binary.LittleEndian.PutUint32(next[r.IntN(1024)*4:], r.Uint32())
		}
		ref, err := s.Put(&next, v.content, v.ref)
		if err != nil {
			t.Fatal(err)
		}
		v = version{ref, &next}
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, blob := range b.blobs {
		total += len(blob)
	}
	// A whole page for each maxDepth differences, of 20 times 4 bytes and a mask.
	if most := versions * (vm.PageSize/maxDepth + 250); total > most {
		t.Errorf("%d bytes for %d versions, more than %d", total, versions, most)
	}
}

func TestCacheIsBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	s := New(&memory{})
	var all []version
	for range 6000 {
		p := &page{}
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		ref, err := s.Put(p, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, version{ref, p})
	}
	for _, v := range all {
		v.check(t, s)
		if n := s.CacheBytes(); n > cacheSize {
			t.Fatalf("%d bytes are kept", n)
		}
	}
}

func TestPagesAreReadWhileOthersAreWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	s := New(&memory{})
	known := fill(t, r, s, 500)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 3 {
				for _, v := range known {
					got := page{}
					if err := s.Get(v.ref, &got); err != nil || got != *v.content {
						t.Errorf("page %#x: %v", uint64(v.ref), err)
						return
					}
				}
			}
		})
	}
	fill(t, r, s, 1500)
	wg.Wait()
}

func TestAfterAnErrorOfTheBackingWhatIsThereCanBeRead(t *testing.T) {
	r, b := rand.New(rand.NewPCG(1, 6)), &memory{}
	s := New(b)
	all := fill(t, r, s, 500)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	b.full = errors.New("no room")
	for n := 0; ; n++ {
		p := page{}
		p[0] = byte(n)
		_, err := s.Put(&p, nil, 0)
		if err == nil {
			err = s.Flush()
		}
		if err != nil {
			if !errors.Is(err, b.full) {
				t.Fatal(err)
			}
			break
		}
	}
	b.full = nil
	if _, err := s.Put(&page{1}, nil, 0); err == nil {
		t.Error("the store goes on after an error")
	}
	for _, v := range all {
		v.check(t, s)
	}
}

// A chunk from a stranger makes errors, nothing worse, and a page that is read is
// either right or an error where the container has a checksum: here, no panic and no
// endless chain.
func TestDamagedChunksAreErrors(t *testing.T) {
	r, b := rand.New(rand.NewPCG(1, 7)), &memory{}
	s := New(b)
	all := fill(t, r, s, 300)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	var chunks []uint64
	for i := range b.blobs {
		chunks = append(chunks, uint64(i))
	}
	bad := 0
	for range 500 {
		d := &memory{blobs: slices.Clone(b.blobs)}
		i := r.IntN(len(d.blobs))
		blob := slices.Clone(d.blobs[i])
		switch r.IntN(3) {
		case 0:
			blob = blob[:r.IntN(len(blob))]
		default:
			raw, err := Unpack(blob, maxChunk)
			if err != nil {
				t.Fatal(err)
			}
			raw = slices.Clone(raw)
			raw[r.IntN(min(len(raw), 400))] ^= byte(1 << r.IntN(8))
			blob = Pack(nil, raw)
		}
		d.blobs[i] = blob
		again := Reopen(d, chunks)
		for range 20 {
			got := page{}
			if again.Get(all[r.IntN(len(all))].ref, &got) != nil {
				bad++
			}
		}
	}
	if bad == 0 {
		t.Error("no damage was noticed")
	}
}

func TestReferencesThatNobodyGaveOutAreErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	s := New(&memory{})
	fill(t, r, s, 100)
	for _, ref := range []vm.PageRef{0, 1, 0xffff, 1<<16 | 0xfff<<4, 1<<16 | 9, 1 << 40, 1<<64 - 1} {
		if s.Get(ref, &page{}) == nil {
			t.Errorf("page %#x can be read", uint64(ref))
		}
	}
	if _, err := s.Put(&page{}, &page{}, 9); err == nil {
		t.Error("a difference to a page that is none")
	}
}

func FuzzChunk(f *testing.F) {
	b := &memory{}
	s := New(b)
	_, _ = s.Put(&page{1}, nil, 0)
	_ = s.Flush()
	raw, _ := Unpack(b.blobs[0], maxChunk)
	f.Add(append([]byte{packedRaw}, raw...))
	f.Add(b.blobs[0])
	f.Fuzz(func(t *testing.T, blob []byte) {
		c, err := decode(0, blob)
		if err != nil {
			return
		}
		s := Reopen(&memory{blobs: [][]byte{blob}}, []uint64{0})
		for i, e := range c.entries {
			_ = s.Get(makeRef(0, i, int(e.depth)), &page{})
		}
	})
}

func TestPackAndUnpack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for range 300 {
		data := make([]byte, r.IntN(20_000))
		for i := range data {
			data[i] = byte(r.Uint32N(1 << (1 + i%8)))
		}
		packed := Pack([]byte("before"), data)[len("before"):]
		got, err := Unpack(packed, len(data))
		if err != nil || !slices.Equal(got, data) {
			t.Fatalf("%d bytes: %v", len(data), err)
		}
		if len(packed) > len(data)+1 {
			t.Errorf("%d bytes take %d", len(data), len(packed))
		}
		if _, err := Unpack(packed, len(data)-1); len(data) > 0 && err == nil {
			t.Error("more bytes than are allowed")
		}
	}
	for _, bad := range [][]byte{nil, {7}, {packedZstd}, {packedZstd, 5, 1, 2, 3}, {packedZstd, 0xff, 0xff, 0xff}} {
		if data, err := Unpack(bad, 1<<20); err == nil {
			t.Errorf("% x unpacks to % x", bad, data)
		}
	}
}

func TestSpillKeepsBlobsInMemoryAndThenInAFile(t *testing.T) {
	dir := t.TempDir()
	r, s := rand.New(rand.NewPCG(1, 10)), NewSpill(dir, 10_000, 50_000)
	var all [][]byte
	for i := 0; ; i++ {
		data := make([]byte, r.IntN(2000))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		id, err := s.Append(1, data)
		if err != nil {
			if !errors.Is(err, ErrFull) || s.Disk()+int64(len(data)) <= 50_000 {
				t.Fatalf("%v, %d bytes in the file", err, s.Disk())
			}
			break
		}
		if id != uint64(i) {
			t.Fatalf("blob %d is called %d", i, id)
		}
		all = append(all, slices.Clone(data))
		clear(data)
	}
	if _, err := s.Append(1, nil); err == nil {
		t.Error("a full one takes more")
	}
	if s.Memory() > 10_000 || s.Memory() < 5000 || s.Disk() == 0 {
		t.Errorf("%d bytes in memory, %d in the file", s.Memory(), s.Disk())
	}
	for i, want := range all {
		got, err := s.Read(uint64(i))
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("blob %d: %v", i, err)
		}
	}
	if _, err := s.Read(uint64(len(all))); err == nil {
		t.Error("a blob that there is not")
	}
	if _, err := s.file.WriteAt([]byte("damage"), 100); err != nil {
		t.Fatal(err)
	}
	damaged := 0
	for i := range all {
		if _, err := s.Read(uint64(i)); err != nil {
			damaged++
		}
	}
	if damaged != 1 {
		t.Errorf("%d damaged blobs", damaged)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := s.Read(0); err == nil {
		t.Error("a closed one reads")
	}
}

func TestSpillThatCannotMakeItsFileSaysSo(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := NewSpill(file, 100, 1<<20)
	if _, err := s.Append(1, make([]byte, 90)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(1, make([]byte, 90)); err == nil {
		t.Fatal("no error")
	}
	if b, err := s.Read(0); err != nil || len(b) != 90 {
		t.Errorf("what is in memory is lost: %v", err)
	}
}

func BenchmarkPut(b *testing.B) {
	for _, words := range []int{10, 60, 200} {
		b.Run(fmt.Sprintf("words=%d", words), func(b *testing.B) {
			r, s := rand.New(rand.NewPCG(1, 11)), New(&memory{})
			base := page{}
			for i := range base {
				base[i] = byte(r.Uint32N(16))
			}
			next := base
			for range words {
				binary.LittleEndian.PutUint32(next[r.IntN(1024)*4:], r.Uint32())
			}
			ref, _ := s.Put(&base, nil, 0)
			b.SetBytes(vm.PageSize)
			for b.Loop() {
				if _, err := s.Put(&next, &base, ref); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What is packed with a bound comes back, and is not smaller than the bound allows.
func TestPackBoundedBoundsWhatUnpackingTakes(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 1000, 5000, 70_000, 3 << 20} {
		data := make([]byte, n)
		packed := PackBounded([]byte("before"), data)[len("before"):]
		if len(packed)*MaxRatio < n {
			t.Errorf("%d bytes become %d", n, len(packed))
		}
		got, err := Unpack(packed, MaxRatio*len(packed))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes come back as %d: %v", n, len(got), err)
		}
	}
}
