package linkmap

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// memory is a stretch of guest memory.
type memory struct {
	base uint64
	data []byte
}

func (m *memory) ReadMemory(addr uint64, p []byte) int {
	if addr < m.base || addr-m.base >= uint64(len(m.data)) {
		return 0
	}
	return copy(p, m.data[addr-m.base:])
}

func (m *memory) put(addr uint64, words ...uint64) {
	for i, w := range words {
		binary.LittleEndian.PutUint64(m.data[addr-m.base+uint64(8*i):], w)
	}
}

func (m *memory) text(addr uint64, s string) { copy(m.data[addr-m.base:], s+"\x00") }

const (
	base    = 0x1000
	dynamic = 0x1100
	rdebug  = 0x1200
)

// list lays out a dynamic section, an r_debug and the link_maps of the given names.
func list(version uint64, names ...string) *memory {
	m := &memory{base, make([]byte, 0x3000)}
	m.put(dynamic, 1, 5, dtDebug, rdebug, dtNull, 0)
	m.put(rdebug, version, 0x2000)
	for i, name := range names {
		at, text := 0x2000+uint64(i)*0x40, 0x3000+uint64(i)*0x40
		next := at + 0x40
		if i == len(names)-1 {
			next = 0
		}
		m.put(at, uint64(i)<<20, text, uint64(i)<<20+0x10, next)
		m.text(text, name)
	}
	return m
}

func TestTheListIsReadInTheLoadersOrder(t *testing.T) {
	got, err := Read(list(1, "", "/lib/libc.so.6", "/lib/ld.so"), dynamic)
	if err != nil {
		t.Fatal(err)
	}
	want := []Object{
		{0x2000, 0, "", 0x10, rdebug},
		{0x2040, 1 << 20, "/lib/libc.so.6", 1<<20 + 0x10, rdebug},
		{0x2080, 2 << 20, "/lib/ld.so", 2<<20 + 0x10, rdebug},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestNamespacesFollowTheFirst(t *testing.T) {
	m := list(2, "", "a.so")
	const second = 0x1300
	m.put(rdebug+40, second)
	m.put(second, 2, 0x2400, 0, 0, 0, 0)
	m.put(0x2400, 7, 0x3400, 8, 0)
	m.text(0x3400, "b.so")
	got, err := Read(m, dynamic)
	if err != nil || len(got) != 3 || got[2].Name != "b.so" || got[2].Namespace != second {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWithoutAListTheErrorSaysSo(t *testing.T) {
	m := list(1, "")
	m.put(dynamic, dtNull, 0)
	if _, err := Read(m, dynamic); !errors.Is(err, ErrNone) {
		t.Errorf("static: %v", err)
	}
	m.put(dynamic, dtDebug, 0)
	if _, err := Read(m, dynamic); !errors.Is(err, ErrNone) {
		t.Errorf("before the loader has run: %v", err)
	}
	if _, err := Read(m, 0x10); err == nil || errors.Is(err, ErrNone) {
		t.Errorf("no memory: %v", err)
	}
}

func TestTheDynamicSectionIsFoundByTheAuxiliaryVector(t *testing.T) {
	m := list(1, "")
	auxv := func(v ...uint64) (b []byte) {
		for _, w := range v {
			b = binary.LittleEndian.AppendUint64(b, w)
		}
		return b
	}
	const bias, table = 0x1000, 0x1040
	phdr := func(i int, typ uint32, vaddr uint64) {
		at := uint64(table + i*phdrSize)
		m.put(at, uint64(typ), 0, vaddr)
	}
	phdr(0, ptPhdr, table-bias)
	phdr(1, ptDynamic, dynamic-bias)
	if got, ok := Dynamic(m, auxv(atPhdr, table, atPhnum, 2, 0, 0)); !ok || got != dynamic {
		t.Errorf("%#x, %v", got, ok)
	}
	if _, ok := Dynamic(m, auxv(atPhdr, table, atPhnum, 1, 0, 0)); ok {
		t.Error("a program without a dynamic section")
	}
	for _, bad := range [][]byte{nil, {1, 2, 3}, auxv(atPhdr, ^uint64(0)-3, atPhnum, ^uint64(0))} {
		if _, ok := Dynamic(m, bad); ok {
			t.Errorf("%x", bad)
		}
	}
}

// A guest may have anything in memory: the list may be a circle or noise.
func TestDamagedListsEnd(t *testing.T) {
	m := list(1, "", "a.so", "b.so")
	m.put(0x2080+24, 0x2000)
	if got, err := Read(m, dynamic); err == nil || len(got) > maxList {
		t.Errorf("a circle: %d objects, %v", len(got), err)
	}
	m.put(rdebug, 2, 0, 0, 0, 0, rdebug)
	if got, err := Read(m, dynamic); err == nil && len(got) > 0 {
		t.Errorf("a circle of namespaces: %+v", got)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		m := list(1+r.Uint64N(2), "", "a.so", "b.so")
		for range 1 + r.IntN(12) {
			m.data[r.IntN(len(m.data))] = byte(r.Uint32())
		}
		if got, _ := Read(m, dynamic); len(got) > maxList {
			t.Fatalf("%d objects", len(got))
		}
	}
}
