package mem

import (
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

func TestMisalignedAccessesGiveWhatSingleBytesDo(t *testing.T) {
	s := mapped(t, 3)
	g := rand.New(rand.NewPCG(1, 9))
	want := make([]byte, 3*PageSize)
	for i := range want {
		want[i] = byte(g.Uint32())
	}
	s.Poke(testBase, want)
	for range 20000 {
		size := uint64(1) << g.UintN(4)
		off := g.Uint64N(uint64(len(want)) - size + 1)
		if g.IntN(2) == 0 { // across the border of two pages
			off = PageSize*(1+g.Uint64N(2)) - g.Uint64N(size+1)
		}
		if off+size > uint64(len(want)) {
			continue
		}
		if g.IntN(2) == 0 {
			v := g.Uint64()
			if !s.Store(testBase+off, size, v) {
				t.Fatalf("store of %d bytes at %#x fails: %+v", size, off, s.Fault)
			}
			for i := range size {
				want[off+i] = byte(v >> (8 * i))
			}
		}
		v, ok := s.Load(testBase+off, size)
		if !ok || v != loadLE(want[off:off+size]) {
			t.Fatalf("load of %d bytes at %#x: %#x, %v", size, off, v, ok)
		}
	}
}

// A span is there only where an access needs nothing but the copying.
func TestSpansLeaveOutWhatAccessesMustNotice(t *testing.T) {
	s := mapped(t, 4)
	for p := range uint64(4) {
		s.Store(testBase+p*PageSize, 8, p)
	}
	const off = 40
	if r, w := s.Readable(testBase+off), s.Writable(testBase+off); len(r) != PageSize-off || len(w) != PageSize-off {
		t.Fatalf("%d bytes to read and %d to write", len(r), len(w))
	}
	s.MarkCode((testBase + PageSize) >> PageShift)
	if s.Writable(testBase+PageSize) != nil {
		t.Error("translated code may be written")
	}
	s.SetWatches([]vm.Watch{{Addr: testBase + 2*PageSize, Size: 1, Write: true}})
	for p := range uint64(4) {
		s.Load(testBase+p*PageSize, 8)
	}
	if s.Writable(testBase+2*PageSize+100) != nil || s.Readable(testBase+2*PageSize) == nil {
		t.Error("a page watched for writes")
	}
	if err := s.Protect(testBase+3*PageSize, testBase+4*PageSize, Read); err != nil {
		t.Fatal(err)
	}
	s.Load(testBase+3*PageSize, 8)
	if s.Writable(testBase+3*PageSize) != nil || s.Executable(testBase+3*PageSize) != nil {
		t.Error("a page that may only be read")
	}
	s.Snapshot()
	if s.Writable(testBase) != nil {
		t.Error("the first write after a snapshot is not noticed")
	}
	if s.Readable(testBase+4*PageSize) != nil || s.Writable(testBase+4*PageSize) != nil || s.Executable(testBase+4*PageSize) != nil {
		t.Error("nothing is mapped there")
	}
}
