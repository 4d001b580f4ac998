package amd64

import (
	"math/bits"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// Moves, and the logical operations that plain 64-bit operations express: they
// need no helper.

func init() {
	registerSSE(map[x86asm.Op]handler{
		x86asm.MOVAPS:   move128(true),
		x86asm.MOVAPD:   move128(true),
		x86asm.MOVDQA:   move128(true),
		x86asm.MOVUPS:   move128(false),
		x86asm.MOVUPD:   move128(false),
		x86asm.MOVDQU:   move128(false),
		x86asm.LDDQU:    move128(false),
		x86asm.MOVNTDQA: move128(true),
		x86asm.MOVNTPS:  move128(true),
		x86asm.MOVNTPD:  move128(true),
		x86asm.MOVNTDQ:  move128(true),

		x86asm.MOVSS:     moveScalar(ir.Ld32U, ir.St32),
		x86asm.MOVSD_XMM: moveScalar(ir.Ld64, ir.St64),
		x86asm.MOVQ:      movq,
		x86asm.MOVD:      movq,

		x86asm.MOVLPS:  moveHalf(0),
		x86asm.MOVLPD:  moveHalf(0),
		x86asm.MOVHPS:  moveHalf(1),
		x86asm.MOVHPD:  moveHalf(1),
		x86asm.MOVHLPS: moveHalves(1, 0),
		x86asm.MOVLHPS: moveHalves(0, 1),

		x86asm.MOVDDUP: movddup,

		x86asm.PAND:  logical(ir.And),
		x86asm.ANDPS: logical(ir.And),
		x86asm.ANDPD: logical(ir.And),
		x86asm.POR:   logical(ir.Or),
		x86asm.ORPS:  logical(ir.Or),
		x86asm.ORPD:  logical(ir.Or),
		x86asm.PXOR:  logical(ir.Xor),
		x86asm.XORPS: logical(ir.Xor),
		x86asm.XORPD: logical(ir.Xor),
		x86asm.PADDQ: logical(ir.Add),
		x86asm.PSUBQ: logical(ir.Sub),

		x86asm.PUNPCKLQDQ: unpackHalves(0),
		x86asm.UNPCKLPD:   unpackHalves(0),
		x86asm.PUNPCKHQDQ: unpackHalves(1),
		x86asm.UNPCKHPD:   unpackHalves(1),

		x86asm.MASKMOVDQU: maskmovdqu,
	})
	register(map[x86asm.Op]handler{
		x86asm.MOVNTI:  movnti,
		x86asm.LDMXCSR: ldmxcsr,
		x86asm.STMXCSR: stmxcsr,
	})
}

// mov emits a copy between slots.
func (t *translation) mov(dst, src uint8) {
	if dst != src {
		t.emit(ir.Op{Kind: ir.Mov, Dst: dst, A: src})
	}
}

// clear emits the zeroing of a slot.
func (t *translation) clear(dst uint8) { t.emit(ir.Op{Kind: ir.MovI, Dst: dst}) }

// low32 emits dst = the low 32 bits of src, zero-extended.
func (t *translation) low32(dst, src uint8) {
	t.emit(ir.Op{Kind: ir.ShlShr, Dst: dst, A: src, Imm: 32 | 32<<8})
}

// move128 is the family of 16-byte moves between registers and memory. Which
// forms an opcode has is x86asm's knowledge.
func move128(aligned bool) handler {
	return func(t *translation, in *inst) bool {
		if m, ok := in.Args[0].(x86asm.Mem); ok {
			s, ok := xmmArg(in.Args[1])
			if ok {
				t.store128(in, s, m, aligned)
			}
			return ok
		}
		d, ok := xmmArg(in.Args[0])
		if !ok {
			return false
		}
		if m, ok := in.Args[1].(x86asm.Mem); ok {
			t.load128(in, d, m, aligned)
			return true
		}
		s, ok := xmmArg(in.Args[1])
		t.mov(d, s)
		t.mov(d+1, s+1)
		return ok
	}
}

// moveScalar is movss and movsd: a load clears the rest of the register, a copy
// between registers keeps it.
func moveScalar(load, store ir.Kind) handler {
	return func(t *translation, in *inst) bool {
		if m, ok := in.Args[0].(x86asm.Mem); ok {
			s, ok := xmmArg(in.Args[1])
			if ok {
				t.store(in, store, s, m)
			}
			return ok
		}
		d, ok := xmmArg(in.Args[0])
		if !ok {
			return false
		}
		if m, ok := in.Args[1].(x86asm.Mem); ok {
			t.load(in, load, d, m)
			t.clear(d + 1)
			return true
		}
		s, ok := xmmArg(in.Args[1])
		if load == ir.Ld64 {
			t.mov(d, s)
		} else {
			high, low := t.temp(), t.temp()
			t.emit(ir.Op{Kind: ir.ShrI, Dst: high, A: d, Imm: 32})
			t.low32(low, s)
			t.emit(ir.Op{Kind: ir.ShlAdd, Dst: d, A: high, B: low, Imm: 32})
		}
		return ok
	}
}

// movq is movq and movd between XMM registers, general registers and memory. A
// write to a register clears the rest of it.
func movq(t *translation, in *inst) bool {
	wide := in.Op == x86asm.MOVQ
	if m, ok := in.Args[0].(x86asm.Mem); ok {
		s, ok := xmmArg(in.Args[1])
		if ok && wide {
			t.store(in, ir.St64, s, m)
		} else if ok {
			t.store(in, ir.St32, s, m)
		}
		return ok
	}
	d, toXMM := xmmArg(in.Args[0])
	if !toXMM {
		var ok bool
		if d, _, ok = gprArg(in.Args[0]); !ok {
			return false
		}
	}
	if m, ok := in.Args[1].(x86asm.Mem); ok && toXMM {
		kind := ir.Ld32U
		if wide {
			kind = ir.Ld64
		}
		t.load(in, kind, d, m)
	} else {
		s, ok := xmmArg(in.Args[1])
		if !ok {
			s, _, ok = gprArg(in.Args[1])
			if !ok || !toXMM {
				return false
			}
		}
		if wide {
			t.mov(d, s)
		} else {
			t.low32(d, s)
		}
	}
	if toXMM {
		t.clear(d + 1)
	}
	return true
}

// moveHalf is movlps and movhps: a half of a register from or to memory.
func moveHalf(half uint8) handler {
	return func(t *translation, in *inst) bool {
		if m, ok := in.Args[0].(x86asm.Mem); ok {
			s, ok := xmmArg(in.Args[1])
			if ok {
				t.store(in, ir.St64, s+half, m)
			}
			return ok
		}
		d, ok := xmmArg(in.Args[0])
		m, isMem := in.Args[1].(x86asm.Mem)
		if !ok || !isMem {
			return false
		}
		t.load(in, ir.Ld64, d+half, m)
		return true
	}
}

// moveHalves is movhlps and movlhps.
func moveHalves(from, to uint8) handler {
	return func(t *translation, in *inst) bool {
		d, ok1 := xmmArg(in.Args[0])
		s, ok2 := xmmArg(in.Args[1])
		if !ok1 || !ok2 {
			return false
		}
		t.mov(d+to, s+from)
		return true
	}
}

func movddup(t *translation, in *inst) bool {
	d, ok := xmmArg(in.Args[0])
	if !ok {
		return false
	}
	s, ok := t.source(in, in.Args[1], 8)
	if !ok {
		return false
	}
	t.mov(d, s)
	t.mov(d+1, s)
	return true
}

// logical does each half with one operation. What a register exclusive-or or
// minus itself gives is known.
func logical(kind ir.Kind) handler {
	return func(t *translation, in *inst) bool {
		d, ok := xmmArg(in.Args[0])
		if !ok {
			return false
		}
		s, ok := t.source(in, in.Args[1], 16)
		if !ok {
			return false
		}
		if d == s && (kind == ir.Xor || kind == ir.Sub) {
			t.clear(d)
			t.clear(d + 1)
			return true
		}
		t.emit(ir.Op{Kind: kind, Dst: d, A: d, B: s})
		t.emit(ir.Op{Kind: kind, Dst: d + 1, A: d + 1, B: s + 1})
		return true
	}
}

// unpackHalves joins the same half of both operands.
func unpackHalves(half uint8) handler {
	return func(t *translation, in *inst) bool {
		d, ok := xmmArg(in.Args[0])
		if !ok {
			return false
		}
		s, ok := t.source(in, in.Args[1], 16)
		if !ok {
			return false
		}
		t.mov(d, d+half)
		t.mov(d+1, s+half) // if s is d, then d+half has not changed
		return true
	}
}

func movnti(t *translation, in *inst) bool {
	m, ok1 := in.Args[0].(x86asm.Mem)
	s, wide, ok2 := gprArg(in.Args[1])
	if !ok1 || !ok2 {
		return false
	}
	if wide {
		t.store(in, ir.St64, s, m)
	} else {
		t.store(in, ir.St32, s, m)
	}
	return true
}

// maskmovdqu stores the bytes of A whose byte in B has its top bit set, at rDI.
func maskmovdqu(t *translation, in *inst) bool {
	s, ok1 := xmmArg(in.Args[0])
	mask, ok2 := xmmArg(in.Args[1])
	if !ok1 || !ok2 {
		return false
	}
	t.pure(storeMasked, ir.Op{Dst: t.maskedAddress(in), A: s, B: mask, Imm: 16})
	return true
}

// maskedAddress computes the address at which masked moves store.
func (t *translation) maskedAddress(in *inst) uint8 {
	m := x86asm.Mem{Base: x86asm.RDI}
	if in.AddrSize == 32 {
		m.Base = x86asm.EDI
	}
	for _, p := range in.Prefix {
		switch p & 0xff {
		case x86asm.PrefixFS:
			m.Segment = x86asm.FS
		case x86asm.PrefixGS:
			m.Segment = x86asm.GS
		}
	}
	base, _ := t.address(in, m) // there is no displacement
	return base
}

// storeMasked stores those of the Imm bytes, 8 or 16, at A whose byte at B has
// its top bit set, at the address in Dst. Each run of neighbouring bytes is an
// access of its own; no byte is stored before all may be written.
func storeMasked(c *ir.CPU, op *ir.Op) bool {
	addr, n := c.R[op.Dst], int(op.Imm)
	data := get(c, op.A)
	chosen := byteSigns(c.R[op.B])
	if n == 16 {
		chosen |= byteSigns(c.R[op.B+1]) << 8
	}
	var buf [16]byte
	for i := range n {
		buf[i] = data.byte(i)
	}
	for _, dry := range [2]bool{true, false} {
		for m := chosen; m != 0; {
			lo := bits.TrailingZeros64(m)
			hi := lo + bits.TrailingZeros64(^(m >> lo))
			m &^= 1<<hi - 1
			at := addr + uint64(lo)
			if dry && c.Mem.CanWrite(at, uint64(hi-lo)) {
				continue
			}
			if !c.Mem.StoreBytes(at, buf[lo:hi]) {
				if f := &c.Mem.Fault; dry { // told of the whole access within the page
					f.Addr = max(addr, f.Addr&^(mem.PageSize-1))
				}
				return memoryFault(c)
			}
		}
	}
	return true
}

// ldmxcsr faults on bits that are reserved (SDM volume 2, LDMXCSR).
func ldmxcsr(t *translation, in *inst) bool {
	m, ok := in.Args[0].(x86asm.Mem)
	if !ok {
		return false
	}
	v := t.temp()
	t.load(in, ir.Ld32U, v, m)
	t.pure(setMXCSR, ir.Op{A: v})
	return true
}

func setMXCSR(c *ir.CPU, op *ir.Op) bool {
	if c.R[op.A]&^mxAll != 0 {
		c.Trap = ir.ExitProtection
		return false
	}
	c.R[MXCSR] = c.R[op.A]
	return true
}

func stmxcsr(t *translation, in *inst) bool {
	m, ok := in.Args[0].(x86asm.Mem)
	if !ok {
		return false
	}
	t.store(in, ir.St32, MXCSR, m)
	return true
}
