package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

func init() {
	nothing := func(*translation, *inst) bool { return true }
	protected := stop(ir.ExitProtection)
	register(map[x86asm.Op]handler{
		x86asm.NOP: nothing, x86asm.PAUSE: nothing,
		x86asm.LFENCE: nothing, x86asm.MFENCE: nothing, x86asm.SFENCE: nothing,
		x86asm.CLFLUSH: clflush,

		x86asm.CLC:  changeFlags(func(f uint64) uint64 { return f &^ FlagCF }),
		x86asm.STC:  changeFlags(func(f uint64) uint64 { return f | FlagCF }),
		x86asm.CMC:  changeFlags(func(f uint64) uint64 { return f ^ FlagCF }),
		x86asm.CLD:  direction(false),
		x86asm.STD:  direction(true),
		x86asm.LAHF: lahf,
		x86asm.SAHF: sahf,

		x86asm.CPUID:  cpuid,
		x86asm.RDTSC:  rdtsc,
		x86asm.RDTSCP: rdtscp,

		// Privileged, or forbidden by I/O privilege level 0.
		x86asm.HLT: protected, x86asm.CLI: protected, x86asm.STI: protected, x86asm.CLTS: protected,
		x86asm.IN: protected, x86asm.OUT: protected, x86asm.INSB: protected, x86asm.INSW: protected,
		x86asm.INSD: protected, x86asm.OUTSB: protected, x86asm.OUTSW: protected, x86asm.OUTSD: protected,
		x86asm.INVD: protected, x86asm.WBINVD: protected, x86asm.INVLPG: protected, x86asm.RDMSR: protected,
		x86asm.WRMSR: protected, x86asm.RDPMC: protected, x86asm.SWAPGS: protected, x86asm.LGDT: protected,
		x86asm.LIDT: protected, x86asm.LLDT: protected, x86asm.LTR: protected, x86asm.LMSW: protected,
		x86asm.SYSRET: protected, x86asm.SYSEXIT: protected, x86asm.IRET: protected, x86asm.IRETD: protected,
		x86asm.IRETQ: protected, x86asm.LRET: protected,
	})
}

// segments are the selectors that Linux gives to programs in 64-bit mode.
var segments = map[x86asm.Reg]int64{
	x86asm.CS: 0x33, x86asm.SS: 0x2b, x86asm.DS: 0, x86asm.ES: 0, x86asm.FS: 0, x86asm.GS: 0,
}

// moveSystem translates mov from and to registers that are not general ones.
func moveSystem(t *translation, in *inst) bool {
	src, _ := in.Args[1].(x86asm.Reg)
	if v, ok := segments[src]; ok {
		if dst, ok := in.Args[0].(x86asm.Reg); ok {
			if _, ok := regSize(dst); !ok {
				return false
			}
			t.set(dst, t.constant(v))
			return true
		}
		m, ok := in.Args[0].(x86asm.Mem)
		if ok { // always 2 bytes
			t.store(in, ir.St16, t.constant(v), m)
		}
		return ok
	}
	dst, _ := in.Args[0].(x86asm.Reg)
	if _, ok := segments[dst]; ok {
		if dst == x86asm.CS {
			return false
		}
		v := t.temp()
		if m, ok := in.Args[1].(x86asm.Mem); ok {
			t.load(in, ir.Ld16U, v, m)
		} else if p, ok := t.place(in, in.Args[1]); ok {
			t.zeroTo(v, t.get(p), size16)
		} else {
			return false
		}
		t.loadSegment(dst, v)
		return true
	}
	for _, a := range in.Args[:2] {
		switch r, _ := a.(x86asm.Reg); r {
		case x86asm.CR0, x86asm.CR2, x86asm.CR3, x86asm.CR4, x86asm.CR8,
			x86asm.DR0, x86asm.DR1, x86asm.DR2, x86asm.DR3, x86asm.DR6, x86asm.DR7:
			t.trap(ir.ExitProtection)
			return true
		}
	}
	return false // there are no others
}

// loadSegment emits a load of a segment register. The selectors that a program
// has already, and null, are accepted; there are no others. Loading fs or gs
// with null clears its base, as on Intel's processors.
func (t *translation) loadSegment(r x86asm.Reg, v uint8) {
	t.pure(func(c *ir.CPU, op *ir.Op) bool {
		sel := c.R[op.A] & 0xffff
		if sel != uint64(segments[r]) && (r == x86asm.SS || sel > 3 && sel != 0x2b) {
			c.Trap = ir.ExitProtection
			return false
		}
		switch r {
		case x86asm.FS:
			c.R[FSBase] = 0
		case x86asm.GS:
			c.R[GSBase] = 0
		}
		return true
	}, ir.Op{A: v})
}

func (t *translation) popSegment(r x86asm.Reg, v uint8, size operandSize) bool {
	if r != x86asm.FS && r != x86asm.GS {
		return false
	}
	t.loadSegment(r, v)
	t.opI(ir.AddI, RSP, RSP, size.bytes())
	return true
}

// clflush may fault as a load does.
func clflush(t *translation, in *inst) bool {
	m, ok := in.Args[0].(x86asm.Mem)
	if ok {
		t.load(in, ir.Ld8U, t.temp(), m)
	}
	return ok
}

// changeFlags translates instructions that change a flag by the old ones.
func changeFlags(f func(uint64) uint64) handler {
	return func(t *translation, _ *inst) bool {
		t.helper(func(c *ir.CPU, _ *ir.Op) bool {
			setArith(c.R[:], f(arith(c.R[:])))
			return true
		}, ir.Op{})
		t.cc = static{known: true, family: ccEager}
		return true
	}
}

func direction(down bool) handler {
	return func(t *translation, _ *inst) bool {
		if down {
			t.opI(ir.OrI, Flags, Flags, FlagDF)
		} else {
			t.opI(ir.AndI, Flags, Flags, ^FlagDF)
		}
		return true
	}
}

const flagsLow = FlagCF | FlagPF | FlagAF | FlagZF | FlagSF // in ah

func lahf(t *translation, _ *inst) bool {
	t.pure(func(c *ir.CPU, _ *ir.Op) bool {
		f := arith(c.R[:])&flagsLow | 2
		c.R[RAX] = c.R[RAX]&^0xff00 | f<<8
		return true
	}, ir.Op{})
	return true
}

func sahf(t *translation, _ *inst) bool {
	t.helper(func(c *ir.CPU, _ *ir.Op) bool {
		setArith(c.R[:], arith(c.R[:])&FlagOF|c.R[RAX]>>8&flagsLow)
		return true
	}, ir.Op{})
	t.cc = static{known: true, family: ccEager}
	return true
}

// rdtsc counts nanoseconds of virtual time.
func rdtsc(t *translation, _ *inst) bool {
	known := t.cc
	t.helperSync(func(c *ir.CPU, _ *ir.Op) bool {
		v := c.Icount + c.Skew
		c.R[RAX], c.R[RDX] = v&0xffffffff, v>>32
		return true
	}, ir.Op{})
	t.cc = known
	return true
}

// rdtscp reads processor number 0, too, where Linux keeps it.
func rdtscp(t *translation, in *inst) bool {
	rdtsc(t, in)
	t.emit(ir.Op{Kind: ir.MovI, Dst: RCX})
	return true
}
