package amd64

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

var (
	one80 = softfloat.F80{Mant: 1 << 63, SE: 0x3fff}
	pi80  = softfloat.F80{Mant: 0xc90fdaa22168c235, SE: 0x4000}
)

func TestAnUnmaskedExceptionStopsTheNextWaitingInstruction(t *testing.T) {
	code := []byte{
		0xd9, 0xe8, // fld1
		0xd9, 0xee, // fldz
		0xde, 0xf9, // fdivp: division by zero
		0x90,       // nop: does not wait
		0xdf, 0xe0, // fnstsw ax: neither
		0x9b,       // fwait
		0xdb, 0xe2, // fnclex
		0x9b, // fwait
		0xcc,
	}
	c, e := machine(t, code)
	c.R[FPCW] = cwInitial &^ swZero
	if x := e.Run(100, false); x != ir.ExitFloat || c.PC != codeBase+9 || c.R[RAX]&(swZero|swSummary|swBusy) != swZero|swSummary|swBusy {
		t.Fatalf("exit %d at %#x, status %#x", x, c.PC, c.R[RAX])
	}
	if RaisedFloat(c.R[:]) != 0 {
		t.Error("taken for an SSE exception")
	}
	if c.R[FPIP] != codeBase+4 || c.R[FPOp] != 0x6f9 || top(c.R[:]) != 6 {
		t.Errorf("last instruction %#x, opcode %#x, top %d", c.R[FPIP], c.R[FPOp], top(c.R[:]))
	}
	c.PC++ // as if the handler had dealt with it
	if x := e.Run(100, false); x != ir.ExitTrap {
		t.Fatalf("exit %d at %#x", x, c.PC)
	}
}

func TestEachWaitingInstructionStopsAtAPendingException(t *testing.T) {
	for _, code := range [][]byte{
		{0xd9, 0xe8}, {0xd9, 0xd0}, {0xd9, 0x2b}, {0xdb, 0x2b}, {0xdb, 0x3b}, {0xde, 0xc1}, {0xdb, 0xf1}, {0xda, 0xc1},
		{0xd9, 0xfe}, {0xd9, 0xf7}, {0xdd, 0xc0}, {0xd9, 0x23}, {0xdd, 0x23}, {0x0f, 0x77}, {0x0f, 0xfc, 0xc1}, {0x0f, 0x7e, 0xc0},
		{0x0f, 0x6f, 0x03}, {0x0f, 0xe7, 0x03}, {0xf3, 0x0f, 0xd6, 0xc1},
	} {
		c, e := machine(t, code)
		c.R[RBX] = dataBase
		c.R[FPCW] = 0x340
		setStatus(c.R[:], swInvalid)
		before := slices.Clone(c.R[:NumSlots])
		if x := e.Run(1, false); x != ir.ExitFloat || !slices.Equal(c.R[:NumSlots], before) {
			t.Errorf("% x: exit %d", code, x)
		}
	}
}

func TestAStoreThatFaultsDoesNotPop(t *testing.T) {
	for _, code := range [][]byte{
		{0xd9, 0x1b}, {0xdd, 0x1b}, {0xdb, 0x3b}, {0xdf, 0x1b}, {0xdb, 0x1b}, {0xdf, 0x3b}, {0xdf, 0x33}, {0xdd, 0x0b},
		{0xd9, 0x33}, {0xdd, 0x33}, {0x0f, 0xae, 0x03}, {0x0f, 0x7f, 0x03},
	} {
		c, e := machine(t, code)
		c.R[RBX] = dataBase + dataPages*mem.PageSize // unmapped
		r := c.R[:]
		pushST(r, pi80)
		r[FPSW] |= swC1 | swC3
		before := slices.Clone(r[:NumSlots])
		if x := e.Run(1, false); x != ir.ExitMem || !slices.Equal(r[:NumSlots], before) {
			t.Errorf("% x: exit %d", code, x)
		}
	}
}

func TestAStoreAcrossAFaultingPageWritesNothing(t *testing.T) {
	c, e := machine(t, []byte{0xdb, 0x3b}) // fstp m80
	end := uint64(dataBase + dataPages*mem.PageSize)
	c.R[RBX] = end - 8
	pushST(c.R[:], pi80)
	if x := e.Run(1, false); x != ir.ExitMem {
		t.Fatalf("exit %d", x)
	}
	var b [8]byte
	if c.Mem.Peek(end-8, b[:]); binary.LittleEndian.Uint64(b[:]) != 0 {
		t.Errorf("% x has been written", b)
	}
}

func TestALockPrefixIsInvalid(t *testing.T) {
	for _, code := range [][]byte{{0xf0, 0xd8, 0xc1}, {0xf0, 0xd9, 0x03}, {0xf0, 0xd9, 0xd9}, {0xf0, 0x0f, 0xfc, 0xc1}, {0xf0, 0x0f, 0xfc, 0x03}, {0xf0, 0x0f, 0xae, 0x03}, {0xf0, 0x9b}} {
		_, e := machine(t, code)
		if x := e.Run(1, false); x != ir.ExitIllegal {
			t.Errorf("% x: exit %d", code, x)
		}
	}
}

func TestMMXRegistersAreX87Significands(t *testing.T) {
	c, e := machine(t, []byte{
		0xd9, 0xe8, // fld1: physical register 7
		0x0f, 0x6f, 0xd7, // movq mm2, mm7
		0x0f, 0x77, // emms
		0xcc,
	})
	e.Run(2, false)
	r := c.R[:]
	if r[FP0+4] != 1<<63 || r[FP0+5] != 0xffff || top(r) != 0 || r[FPTag] != 0xff {
		t.Errorf("mm2 %#x:%#x, top %d, tags %#x", r[FP0+5], r[FP0+4], top(r), r[FPTag])
	}
	if x := e.Run(2, false); x != ir.ExitTrap || r[FPTag] != 0 {
		t.Errorf("exit %d, tags %#x after emms", x, r[FPTag])
	}
}

func TestTheEnvironmentSurvivesItsStoreInBothFormats(t *testing.T) {
	for _, prefix := range [][]byte{nil, {0x66}} {
		code := slices.Concat(prefix, []byte{0xdd, 0x33}, prefix, []byte{0xdd, 0x23}) // fnsave, frstor
		c, e := machine(t, code)
		r := c.R[:]
		r[RBX] = dataBase + 3
		setTop(r, 3)
		pushST(r, pi80)
		pushST(r, one80)
		r[FPSW] |= swC2 | swPrecision
		r[FPIP], r[FPDP] = 0x1234, 0x5678
		before := slices.Clone(r[:NumSlots])
		if x := e.Run(1, false); x != ir.ExitLimit || r[FPTag] != 0 || r[FPSW] != 0 || r[FPCW] != cwInitial {
			t.Fatalf("exit %d, tags %#x after fnsave", x, r[FPTag])
		}
		for i := range 16 {
			r[FP0+i] = 0
		}
		if x := e.Run(1, false); x != ir.ExitLimit || !slices.Equal(r[:NumSlots], before) {
			t.Errorf("exit %d; got\n%x\nwant\n%x", x, r[FPCW:NumSlots], before[FPCW:])
		}
	}
}

func TestTheTagWordTellsWhatRegistersHold(t *testing.T) {
	r := make([]uint64, NumSlots)
	Reset(r)
	for i, v := range []softfloat.F80{one80, {}, {SE: 0x8000}, {Mant: 1}, {Mant: 1 << 63, SE: 0x7fff}, softfloat.Indefinite80, {Mant: 1, SE: 0x3fff}} {
		r[FP0+2*i], r[FP0+2*i+1] = v.Mant, uint64(v.SE)
		r[FPTag] |= 1 << i
	}
	if got, want := tagWord(r), uint64(0b11_10_10_10_10_01_01_00); got != want {
		t.Errorf("%016b, want %016b", got, want)
	}
}

// Loads, arithmetic and stores are what compilers make of long double.
func TestPlainX87CodeDoesNotAllocate(t *testing.T) {
	c, e := machine(t, []byte{
		0xdb, 0x2b, // fld m80
		0xd9, 0xe8, // fld1
		0xde, 0xc1, // faddp
		0xdc, 0x0b, // fmul m64
		0xdb, 0xe9, // fucomi
		0xdb, 0x3b, // fstp m80
		0xeb, 0xf2, // jmp
	})
	c.R[RBX] = dataBase
	if x := e.Run(70, false); x != ir.ExitLimit {
		t.Fatalf("exit %d", x)
	}
	if n := testing.AllocsPerRun(20, func() { e.Run(70, false) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
