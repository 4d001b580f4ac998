package amd64

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// randomState fills the registers that an FXSAVE image holds with anything
// that can be in them.
func randomState(g *rand.Rand) []uint64 {
	r := make([]uint64, NumSlots)
	Reset(r)
	for i := XMM0; i < XMM0+32; i++ {
		r[i] = g.Uint64()
	}
	for i := FP0; i < FP0+16; i += 2 {
		r[i], r[i+1] = g.Uint64(), g.Uint64()&0xffff
	}
	r[MXCSR] = g.Uint64() & mxcsrMask
	r[FPTag] = g.Uint64() & 0xff
	r[FPOp], r[FPIP], r[FPDP] = g.Uint64()&0x7ff, g.Uint64(), g.Uint64()
	setControl(r, g.Uint64())
	setStatus(r, g.Uint64())
	return r
}

func TestRestoringAnImageGivesBackTheRegisters(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 512))
	for range 1000 {
		want := randomState(g)
		img := FXSave(want)
		got := make([]uint64, NumSlots)
		Reset(got)
		if err := FXRestore(got, &img); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got\n%x\nwant\n%x", got, want)
		}
	}
}

func TestAnImageListsTheStackFromItsTop(t *testing.T) {
	r := make([]uint64, NumSlots)
	Reset(r)
	setTop(r, 5)
	r[FP0+2*5], r[FP0+2*5+1] = 0x8000000000000000, 0x3fff
	r[FP0+2*1], r[FP0+2*1+1] = 0xc000000000000000, 0x4000
	img := FXSave(r)
	if m, se := binary.LittleEndian.Uint64(img[32:]), img[40:42]; m != 1<<63 || se[0] != 0xff || se[1] != 0x3f {
		t.Errorf("ST(0) is %#x, %x", m, se)
	}
	if m := binary.LittleEndian.Uint64(img[32+16*4:]); m != 3<<62 {
		t.Errorf("ST(4) is %#x", m)
	}
}

func TestReservedBitsOfMXCSRAreRefused(t *testing.T) {
	r := randomState(rand.New(rand.NewPCG(2, 512)))
	before := slices.Clone(r)
	var img [512]byte
	img[26] = 1
	if err := FXRestore(r, &img); err == nil {
		t.Error("no error")
	}
	if !slices.Equal(r, before) {
		t.Error("registers have changed")
	}
}

// FXSAVE writes less than the 512 bytes of its image, but needs all of them.
func TestFXSaveFaultsWhereItsImageEndsInUnmappedMemory(t *testing.T) {
	space := mem.NewSpace()
	const page = 0x10000
	if err := space.Map(mem.VMA{Start: page, End: page + mem.PageSize, Prot: mem.Read | mem.Write}); err != nil {
		t.Fatal(err)
	}
	c := &ir.CPU{Mem: space}
	Reset(c.R[:])
	if !fxsave(c, page+mem.PageSize-fxSize, true) {
		t.Fatal("an image at the end of the page faults")
	}
	at := uint64(page + mem.PageSize - fxSize + 16)
	before, after := make([]byte, fxSize), make([]byte, fxSize)
	space.Peek(at, before)
	if fxsave(c, at, true) || c.Trap != ir.ExitMem || space.Fault.Kind != mem.FaultUnmapped {
		t.Errorf("an image that ends behind it: trap %v, fault %+v", c.Trap, space.Fault)
	}
	if space.Peek(at, after); string(before) != string(after) {
		t.Error("the failed store has changed memory")
	}
}
