package engine_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
	"github.com/dap-revexec/dap-revexec/vm/rv64"
)

const (
	codeBase = 0x10000
	dataBase = 0x40000
)

// machine is a bare CPU with code at codeBase, everything permitted there, and
// two pages of data.
func machine(t testing.TB, code []uint32) (*ir.CPU, *engine.Engine) {
	t.Helper()
	c := &ir.CPU{PC: codeBase, Mem: mem.NewSpace()}
	c.R[rv64.Resv] = rv64.NoResv
	e := engine.New(c, rv64.Translator{})
	for _, v := range []mem.VMA{
		{Start: codeBase, End: codeBase + 2*mem.PageSize, Prot: mem.Read | mem.Write | mem.Exec},
		{Start: dataBase, End: dataBase + 2*mem.PageSize, Prot: mem.Read | mem.Write},
	} {
		if err := c.Mem.Map(v); err != nil {
			t.Fatal(err)
		}
	}
	buf := make([]byte, 0, 4*len(code))
	for _, i := range code {
		buf = binary.LittleEndian.AppendUint32(buf, i)
	}
	if !c.Mem.Poke(codeBase, buf) {
		t.Fatal("code does not fit")
	}
	return c, e
}

// Encoders for the tests' programs.
func addi(rd, rs, imm uint32) uint32 { return imm<<20 | rs<<15 | rd<<7 | 0x13 }
func add(rd, a, b uint32) uint32     { return b<<20 | a<<15 | rd<<7 | 0x33 }
func lui(rd, imm uint32) uint32      { return imm<<12 | rd<<7 | 0x37 }
func sw(b, rs, imm uint32) uint32    { return imm>>5<<25 | b<<20 | rs<<15 | 2<<12 | imm&31<<7 | 0x23 }
func ld(rd, rs, imm uint32) uint32   { return imm<<20 | rs<<15 | 3<<12 | rd<<7 | 0x03 }
func jal(rd uint32, off int32) uint32 {
	o := uint32(off)
	return o>>20&1<<31 | o>>1&0x3ff<<21 | o>>11&1<<20 | o>>12&0xff<<12 | rd<<7 | 0x6f
}
func bne(a, b uint32, off int32) uint32 {
	o := uint32(off)
	return o>>12&1<<31 | o>>5&0x3f<<25 | b<<20 | a<<15 | 1<<12 | o>>1&0xf<<8 | o>>11&1<<7 | 0x63
}
func jalr(rd, rs, imm uint32) uint32 { return imm<<20 | rs<<15 | rd<<7 | 0x67 }

const ecall = 0x73

// state is what two executions must agree on.
type state struct {
	regs               [128]uint64
	pc, lastPC, icount uint64
	memory             vm.Hash
}

func stateOf(c *ir.CPU) (s state) {
	copy(s.regs[:], c.R[:])
	s.pc, s.lastPC, s.icount, s.memory = c.PC, c.LastPC, c.Icount, c.Mem.Hash()
	return s
}

// program is a random program that loops, calls, loads and stores, for ever.
func program(r *rand.Rand) []uint32 {
	var code []uint32
	const n = 120
	code = append(code, lui(2, dataBase>>12)) // x2: data
	for len(code) < n {
		rd, a, b := 5+r.Uint32N(10), 5+r.Uint32N(10), 5+r.Uint32N(10)
		switch r.IntN(10) {
		case 0:
			code = append(code, sw(a, 2, r.Uint32N(512)*4))
		case 1:
			code = append(code, ld(rd, 2, r.Uint32N(255)*8))
		case 2:
			off := int32(r.IntN(n)-len(code)) * 4
			code = append(code, bne(a, b, off))
		case 3:
			if r.IntN(3) == 0 {
				code = append(code, jal([]uint32{0, 1}[r.IntN(2)], int32(r.IntN(n)-len(code))*4))
			}
		default:
			code = append(code, []uint32{addi(rd, a, r.Uint32N(4096)), add(rd, a, b), 0x33 | rd<<7 | a<<15 | b<<20 | r.Uint32N(8)<<12, 0x02000033 | rd<<7 | a<<15 | b<<20 | r.Uint32N(8)<<12}[r.IntN(4)])
		}
	}
	return append(code, jal(0, -4*int32(len(code)-1)))
}

func TestAnyChunkingGivesTheSameStates(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 2))
		code := program(r)
		const steps = 3000
		// One instruction at a time.
		c, e := machine(t, code)
		states := []state{stateOf(c)}
		for range steps {
			if x := e.Run(1, false); x != ir.ExitLimit {
				t.Fatalf("seed %d: exit %d at icount %d, pc %#x", seed, x, c.Icount, c.PC)
			}
			states = append(states, stateOf(c))
		}
		for range 4 {
			c, e := machine(t, code)
			for c.Icount < steps {
				if r.IntN(4) == 0 {
					e.SetBreaks(vm.NewBreaks(codeBase+4*r.Uint64N(120), codeBase+4*r.Uint64N(120)))
				}
				n := min(1+r.Uint64N(400), steps-c.Icount)
				x := e.Run(n, r.IntN(2) == 0)
				if x != ir.ExitLimit && x != ir.ExitBreak {
					t.Fatalf("seed %d: exit %d", seed, x)
				}
				if got, want := stateOf(c), states[c.Icount]; got != want {
					t.Fatalf("seed %d: state at icount %d differs:\n%v\n%v", seed, c.Icount, got, want)
				}
			}
		}
	}
}

func TestBreakpointsStopAtEachArrival(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		code := program(r)
		c, e := machine(t, code)
		set := vm.NewBreaks(codeBase+4*r.Uint64N(120), codeBase+4*r.Uint64N(120), codeBase+4*r.Uint64N(120))
		const steps = 2000
		var want []uint64 // positions at a breakpoint, but for the start
		for range steps {
			e.Run(1, false)
			if set.Has(c.PC) {
				want = append(want, c.Icount)
			}
		}
		c, e = machine(t, code)
		e.SetBreaks(set)
		var got []uint64
		for skip := true; ; skip = true {
			x := e.Run(steps+1-c.Icount, skip)
			if x != ir.ExitBreak {
				break
			}
			got = append(got, c.Icount)
		}
		if !equal(got, want) {
			t.Fatalf("seed %d: stopped at %v, want %v", seed, got, want)
		}
		// With a filter that refuses all of them, they are only seen.
		c, e = machine(t, code)
		e.SetBreaks(set)
		var seen []uint64
		e.BreakFilter = func() bool {
			if !set.Has(c.PC) {
				t.Fatalf("the filter is asked at %#x", c.PC)
			}
			seen = append(seen, c.Icount)
			return false
		}
		if x := e.Run(steps+1, true); x != ir.ExitLimit || !equal(seen, want) {
			t.Fatalf("seed %d: exit %d, seen %v, want %v", seed, x, seen, want)
		}
	}
}

func equal(a, b []uint64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestAStoreToCodeTakesEffectAtTheNextInstruction(t *testing.T) {
	// The store replaces the instruction right after it, in the same block.
	c, e := machine(t, []uint32{
		lui(6, codeBase>>12),
		lui(5, addi(7, 0, 42)>>12),
		addi(5, 5, addi(7, 0, 42)&0xfff),
		sw(5, 6, 4*5),
		addi(8, 0, 1),
		addi(7, 0, 1), // becomes addi x7, x0, 42
		ecall,
	})
	for range 2 { // the second time around the code is already there
		if x := e.Run(100, false); x != ir.ExitSyscall {
			t.Fatalf("exit %d at %#x, fault %+v", x, c.PC, c.Mem.Fault)
		}
		if c.R[7] != 42 || c.R[8] != 1 {
			t.Fatalf("x7 = %d, x8 = %d", c.R[7], c.R[8])
		}
		c.PC = codeBase
	}
}

func TestRestoringASnapshotDropsCodeThatDiffers(t *testing.T) {
	c, e := machine(t, []uint32{addi(7, 0, 1), ecall})
	sn := c.Mem.Snapshot()
	e.Run(10, false)
	c.Mem.Poke(codeBase, binary.LittleEndian.AppendUint32(nil, addi(7, 0, 2)))
	c.PC = codeBase
	if e.Run(10, false); c.R[7] != 2 {
		t.Fatalf("x7 = %d after the code has changed", c.R[7])
	}
	c.Mem.Restore(sn)
	c.PC = codeBase
	if e.Run(10, false); c.R[7] != 1 {
		t.Fatalf("x7 = %d after the old code was restored", c.R[7])
	}
}

func TestUnmappedCodeFaultsAtItsFirstInstruction(t *testing.T) {
	c, e := machine(t, []uint32{addi(7, 0, 1), jal(0, 0x3000)})
	x := e.Run(10, false)
	if x != ir.ExitFetch || c.PC != codeBase+4+0x3000 || c.Icount != 2 || c.Mem.Fault.Kind != mem.FaultUnmapped {
		t.Fatalf("exit %d, pc %#x, icount %d, fault %+v", x, c.PC, c.Icount, c.Mem.Fault)
	}
	if c.LastPC != codeBase+4 {
		t.Fatalf("last pc %#x", c.LastPC)
	}
	if err := c.Mem.Protect(codeBase, codeBase+mem.PageSize, mem.Read); err != nil {
		t.Fatal(err)
	}
	c.PC = codeBase
	if x := e.Run(10, false); x != ir.ExitFetch || c.Mem.Fault.Kind != mem.FaultProt {
		t.Fatalf("exit %d, fault %+v: translated code is executed without permission", x, c.Mem.Fault)
	}
}

func TestAFaultingAccessIsExact(t *testing.T) {
	c, e := machine(t, []uint32{addi(7, 0, 1), addi(8, 0, 2), ld(9, 0, 16), addi(8, 0, 3)})
	x := e.Run(10, false)
	if x != ir.ExitMem || c.PC != codeBase+8 || c.LastPC != codeBase+4 || c.Icount != 2 || c.R[8] != 2 || c.Mem.Fault.Addr != 16 {
		t.Fatalf("exit %d, pc %#x, last %#x, icount %d, x8 %d, fault %+v", x, c.PC, c.LastPC, c.Icount, c.R[8], c.Mem.Fault)
	}
}

func TestIndirectJumpsKeepTheReturnAddressWhenBaseAndLinkAreOneRegister(t *testing.T) {
	c, e := machine(t, []uint32{lui(1, codeBase>>12), ld(5, 1, 0), addi(1, 1, 0), add(1, 1, 0), jalr(1, 1, 24), ecall, ecall})
	if x := e.Run(10, false); x != ir.ExitSyscall || c.PC != codeBase+24 || c.R[1] != codeBase+20 {
		t.Fatalf("exit %d, pc %#x, ra %#x", x, c.PC, c.R[1])
	}
}
