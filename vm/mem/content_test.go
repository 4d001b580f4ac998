package mem_test

import (
	"bytes"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/mem"
)

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>12)
	}
	return b
}

func TestContentIsSharedUntilItIsWritten(t *testing.T) {
	data := pattern(3*mem.PageSize + 100)
	c := mem.NewContent(bytes.Clone(data))
	var spaces [2]*mem.Space
	for i := range spaces {
		s := mem.NewSpace()
		if err := s.Map(mem.VMA{Start: 0x10000, End: 0x18000, Prot: mem.Read | mem.Write}); err != nil {
			t.Fatal(err)
		}
		if err := s.Fill(0x10000, 0x16000, c, mem.PageSize); err != nil {
			t.Fatal(err)
		}
		spaces[i] = s
	}
	want := append(bytes.Clone(data[mem.PageSize:]), make([]byte, 0x8000)...)[:0x8000]
	got := make([]byte, 0x8000)
	check := func(s *mem.Space, want []byte, when string) {
		t.Helper()
		if n := s.Peek(0x10000, got); n != len(got) || !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes than the content's (%d read)", when, n)
		}
	}
	check(spaces[0], want, "mapped")
	if n := spaces[0].Pages(); n != 3 {
		t.Errorf("%d pages are charged, want 3", n)
	}
	before := spaces[0].Snapshot()
	if !spaces[0].Store(0x10008, 8, 0x1122334455667788) {
		t.Fatal("the store fails")
	}
	check(spaces[1], want, "written in the other space")
	changed := bytes.Clone(want)
	copy(changed[8:], []byte{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11})
	check(spaces[0], changed, "written")
	if spaces[0].Hash() == spaces[1].Hash() {
		t.Error("the write does not show in the hash")
	}
	spaces[0].Restore(before)
	check(spaces[0], want, "restored")
	if spaces[0].Hash() != spaces[1].Hash() {
		t.Error("equal spaces differ in hash")
	}
}

func TestContentThatIsNotAlignedIsMappedAllTheSame(t *testing.T) {
	data := pattern(2*mem.PageSize + 3)
	s := mem.NewSpace()
	if err := s.Map(mem.VMA{Start: 0x10000, End: 0x12000, Prot: mem.Read}); err != nil {
		t.Fatal(err)
	}
	if err := s.Fill(0x10000, 0x12000, mem.NewContent(data[3:]), 0); err != nil {
		t.Fatal(err)
	}
	if v, ok := s.Load(0x10ff8, 8); !ok || v != uint64(data[0xffb])|uint64(data[0xffc])<<8|uint64(data[0xffd])<<16|uint64(data[0xffe])<<24|
		uint64(data[0xfff])<<32|uint64(data[0x1000])<<40|uint64(data[0x1001])<<48|uint64(data[0x1002])<<56 {
		t.Errorf("%#x is read", v)
	}
}

func BenchmarkMapTwoMegabytes(b *testing.B) {
	c := mem.NewContent(make([]byte, 2<<20))
	s := mem.NewSpace()
	for b.Loop() {
		if err := s.Map(mem.VMA{Start: 1 << 30, End: 1<<30 + 2<<20, Prot: mem.Read | mem.Exec}); err != nil {
			b.Fatal(err)
		}
		if err := s.Fill(1<<30, 1<<30+2<<20, c, 0); err != nil {
			b.Fatal(err)
		}
	}
}
