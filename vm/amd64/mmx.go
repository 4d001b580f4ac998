package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// MMX, with the instructions on MMX registers that came with SSE, SSE2 and SSSE3.
//
// MMX register n is the significand of physical x87 register n. Each of the
// instructions waits for a pending x87 exception before all else (mmxReady), and
// each but EMMS leaves the x87 unit with TOP 0 and no register empty (mmxDone); a
// register that is written has all exponent and sign bits set.
//
// What they compute is in sse_packed.go, for SSE as well.

func mmxReady(c *ir.CPU, _ *ir.Op) bool { return !pending(c) }

// mmxDone ends an instruction.
func mmxDone(c *ir.CPU, _ *ir.Op) bool {
	enterMMX(c.R[:])
	return true
}

func enterMMX(r []uint64) {
	setTop(r, 0)
	r[FPTag] = 0xff
}

// setMMX writes the register whose significand is in slot, and ends a helper.
func setMMX(c *ir.CPU, slot uint8, v uint64) bool {
	c.R[slot], c.R[slot+1] = v, 0xffff
	return mmxDone(c, nil)
}

// mmxArg is the slot of an operand that must be an MMX register.
func mmxArg(a x86asm.Arg) (slot uint8, ok bool) {
	r, ok := a.(x86asm.Reg)
	if !ok || r < x86asm.M0 || r > x86asm.M7 {
		return 0, false
	}
	return FP0 + 2*uint8(r-x86asm.M0), true
}

// mmxSource is the slot of an MMX register, or of a temporary with size bytes of
// memory.
func (t *translation) mmxSource(in *inst, a x86asm.Arg, size int) (slot uint8, ok bool) {
	m, isMem := a.(x86asm.Mem)
	if !isMem {
		return mmxArg(a)
	}
	slot = t.temp()
	t.load(in, loads[size], slot, m)
	return slot, true
}

// mmxOp is the form "op mm, mm/m, imm8" with a memory operand of size bytes; the
// immediate may be missing.
func mmxOp(size int, f func(a, b uint64, imm int64) uint64) handler {
	h := func(c *ir.CPU, op *ir.Op) bool { return setMMX(c, op.Dst, f(c.R[op.A], c.R[op.B], op.Imm)) }
	return func(t *translation, in *inst) bool {
		d, ok := mmxArg(in.Args[0])
		if !ok || in.lock {
			return false
		}
		t.pure(mmxReady, ir.Op{})
		s, ok := t.mmxSource(in, in.Args[1], size)
		t.pure(h, ir.Op{Dst: d, A: d, B: s, Imm: imm8(in, 2)})
		return ok
	}
}

// mmxLanes are the instructions with an MMX form among lanes; mmxJoins those among
// joins. The rest is SSE's alone.
var mmxLanes = []x86asm.Op{
	x86asm.PANDN, x86asm.PADDB, x86asm.PADDW, x86asm.PADDD, x86asm.PSUBB, x86asm.PSUBW, x86asm.PSUBD,
	x86asm.PADDSB, x86asm.PADDSW, x86asm.PSUBSB, x86asm.PSUBSW, x86asm.PADDUSB, x86asm.PADDUSW, x86asm.PSUBUSB, x86asm.PSUBUSW,
	x86asm.PCMPEQB, x86asm.PCMPEQW, x86asm.PCMPEQD, x86asm.PCMPGTB, x86asm.PCMPGTW, x86asm.PCMPGTD,
	x86asm.PMINUB, x86asm.PMAXUB, x86asm.PMINSW, x86asm.PMAXSW, x86asm.PAVGB, x86asm.PAVGW,
	x86asm.PABSB, x86asm.PABSW, x86asm.PABSD, x86asm.PSIGNB, x86asm.PSIGNW, x86asm.PSIGND,
	x86asm.PMULLW, x86asm.PMULHW, x86asm.PMULHUW, x86asm.PMULHRSW, x86asm.PMULUDQ, x86asm.PMADDWD, x86asm.PMADDUBSW, x86asm.PSADBW,
}

var mmxJoins = []x86asm.Op{
	x86asm.PACKSSWB, x86asm.PACKUSWB, x86asm.PACKSSDW,
	x86asm.PHADDW, x86asm.PHSUBW, x86asm.PHADDSW, x86asm.PHSUBSW, x86asm.PHADDD, x86asm.PHSUBD,
}

func init() {
	for _, op := range mmxLanes {
		f := lanes[op]
		mmx[op] = mmxOp(8, func(a, b uint64, _ int64) uint64 { return f(a, b) })
	}
	for _, op := range mmxJoins {
		f := joins[op]
		mmx[op] = mmxOp(8, func(a, b uint64, _ int64) uint64 { return f(a, b) })
	}
	for _, op := range []x86asm.Op{
		x86asm.PUNPCKLBW, x86asm.PUNPCKLWD, x86asm.PUNPCKLDQ, x86asm.PUNPCKHBW, x86asm.PUNPCKHWD, x86asm.PUNPCKHDQ,
	} {
		u := unpacks[op]
		if u.high {
			mmx[op] = mmxOp(8, func(a, b uint64, _ int64) uint64 { return u.f(a>>32, b>>32) })
		} else {
			mmx[op] = mmxOp(4, func(a, b uint64, _ int64) uint64 { return u.f(a, b) })
		}
	}
	for op, f := range shifts {
		mmx[op] = mmxShift(f)
	}
	for op, f := range map[x86asm.Op]func(a, b uint64, imm int64) uint64{
		x86asm.PADDQ:   func(a, b uint64, _ int64) uint64 { return a + b },
		x86asm.PSUBQ:   func(a, b uint64, _ int64) uint64 { return a - b },
		x86asm.PAND:    func(a, b uint64, _ int64) uint64 { return a & b },
		x86asm.POR:     func(a, b uint64, _ int64) uint64 { return a | b },
		x86asm.PXOR:    func(a, b uint64, _ int64) uint64 { return a ^ b },
		x86asm.PSHUFB:  shuffleBytes,
		x86asm.PALIGNR: alignRight,
	} {
		mmx[op] = mmxOp(8, f)
	}
	mmx[x86asm.MOVD] = mmxMove
	mmx[x86asm.MOVQ] = mmxMove
	mmx[x86asm.PMOVMSKB] = pmovmskbMMX
	mmx[x86asm.PINSRW] = pinsrwMMX
	mmx[x86asm.PEXTRW] = pextrwMMX

	register(map[x86asm.Op]handler{
		x86asm.EMMS:      x87Helper(emms),
		x86asm.PSHUFW:    mmxOp(8, func(_, b uint64, imm int64) uint64 { return shuffleWords(b, imm) }),
		x86asm.MOVNTQ:    mmxMove,
		x86asm.MOVQ2DQ:   movq2dq,
		x86asm.MOVDQ2Q:   movdq2q,
		x86asm.MASKMOVQ:  maskmovq,
		x86asm.CVTPI2PS:  cvtFromMMX(cvtpi2ps),
		x86asm.CVTPI2PD:  cvtFromMMX(cvtpi2pd),
		x86asm.CVTPS2PI:  cvtToMMX(8, cvtps2pi, 0),
		x86asm.CVTTPS2PI: cvtToMMX(8, cvtps2pi, cvtTruncate),
		x86asm.CVTPD2PI:  cvtToMMX(16, cvtpd2pi, 0),
		x86asm.CVTTPD2PI: cvtToMMX(16, cvtpd2pi, cvtTruncate),
	})
}

// emms is EMMS: all registers become empty.
func emms(c *ir.CPU, _ *ir.Op) bool {
	if pending(c) {
		return false
	}
	c.R[FPTag] = 0
	setTop(c.R[:], 0)
	return true
}

// mmxShift is a shift by an immediate, or by the source.
func mmxShift(f func(a, n uint64) uint64) handler {
	byRegister := mmxOp(8, func(a, b uint64, _ int64) uint64 { return f(a, b) })
	immediate := func(c *ir.CPU, op *ir.Op) bool { return setMMX(c, op.Dst, f(c.R[op.A], uint64(op.Imm))) }
	return func(t *translation, in *inst) bool {
		if _, ok := in.Args[1].(x86asm.Imm); !ok {
			return byRegister(t, in)
		}
		d, ok := mmxArg(in.Args[0])
		t.pure(mmxReady, ir.Op{})
		t.pure(immediate, ir.Op{Dst: d, A: d, Imm: imm8(in, 1)})
		return ok && !in.lock
	}
}

// shuffleBytes is pshufb on 64 bits.
func shuffleBytes(a, b uint64, _ int64) (r uint64) {
	for i := 0; i < 64; i += 8 {
		if n := b >> i & 0xff; n < 0x80 {
			r |= a >> (n & 7 * 8) & 0xff << i
		}
	}
	return r
}

// alignRight is palignr on 64 bits: 8 bytes of a:b from byte imm on.
func alignRight(a, b uint64, imm int64) uint64 {
	n := uint64(imm) * 8 // shifts by 64 and more give 0
	if n >= 64 {
		return a >> (n - 64)
	}
	return b>>n | a<<(64-n)
}

// mmxMove is movd, movq and movntq with an MMX register.
func mmxMove(t *translation, in *inst) bool {
	if in.lock {
		return false
	}
	t.pure(mmxReady, ir.Op{})
	wide := in.Op != x86asm.MOVD
	if d, ok := mmxArg(in.Args[0]); ok {
		s, ok := mmxArg(in.Args[1])
		if m, isMem := in.Args[1].(x86asm.Mem); isMem {
			kind := ir.Ld32U
			if wide {
				kind = ir.Ld64
			}
			s, ok = t.temp(), true
			t.load(in, kind, s, m)
		} else if !ok {
			var wide bool
			s, wide, ok = gprArg(in.Args[1])
			if ok && !wide {
				low := t.temp()
				t.low32(low, s)
				s = low
			}
		}
		t.pure(moveToMMX, ir.Op{Dst: d, B: s})
		return ok
	}
	s, ok := mmxArg(in.Args[1])
	if !ok {
		return false
	}
	if m, isMem := in.Args[0].(x86asm.Mem); isMem {
		kind := ir.St32
		if wide {
			kind = ir.St64
		}
		t.store(in, kind, s, m)
	} else {
		d, wide, ok := gprArg(in.Args[0])
		switch {
		case !ok:
			return false
		case wide:
			t.mov(d, s)
		default:
			t.low32(d, s)
		}
	}
	t.pure(mmxDone, ir.Op{})
	return true
}

func moveToMMX(c *ir.CPU, op *ir.Op) bool { return setMMX(c, op.Dst, c.R[op.B]) }

// movq2dq moves to the low half of an XMM register and clears the rest.
func movq2dq(t *translation, in *inst) bool {
	d, ok1 := xmmArg(in.Args[0])
	s, ok2 := mmxArg(in.Args[1])
	if !ok1 || !ok2 || in.lock {
		return false
	}
	t.pure(mmxReady, ir.Op{})
	t.mov(d, s)
	t.clear(d + 1)
	t.pure(mmxDone, ir.Op{})
	return true
}

func movdq2q(t *translation, in *inst) bool {
	d, ok1 := mmxArg(in.Args[0])
	s, ok2 := xmmArg(in.Args[1])
	if !ok1 || !ok2 || in.lock {
		return false
	}
	t.pure(mmxReady, ir.Op{})
	t.pure(moveToMMX, ir.Op{Dst: d, B: s})
	return true
}

// maskmovq stores the bytes of A whose byte in B has its top bit set, at rDI.
func maskmovq(t *translation, in *inst) bool {
	s, ok1 := mmxArg(in.Args[0])
	mask, ok2 := mmxArg(in.Args[1])
	if !ok1 || !ok2 || in.lock {
		return false
	}
	t.pure(mmxReady, ir.Op{})
	t.pure(storeMasked, ir.Op{Dst: t.maskedAddress(in), A: s, B: mask, Imm: 8})
	t.pure(mmxDone, ir.Op{})
	return true
}

// pmovmskbMMX gathers the top bits of the bytes in a general register.
func pmovmskbMMX(t *translation, in *inst) bool {
	d, _, ok1 := gprArg(in.Args[0])
	s, ok2 := mmxArg(in.Args[1])
	if !ok1 || !ok2 || in.lock {
		return false
	}
	t.pure(mmxReady, ir.Op{})
	t.pure(func(c *ir.CPU, op *ir.Op) bool {
		c.R[op.Dst] = byteSigns(c.R[op.B])
		return mmxDone(c, op)
	}, ir.Op{Dst: d, B: s})
	return true
}

// pinsrwMMX replaces word Imm by the low 16 bits of a general register, or by
// memory.
func pinsrwMMX(t *translation, in *inst) bool {
	d, ok := mmxArg(in.Args[0])
	if !ok || in.lock {
		return false
	}
	t.pure(mmxReady, ir.Op{})
	var s uint8
	if m, isMem := in.Args[1].(x86asm.Mem); isMem {
		s = t.temp()
		t.load(in, ir.Ld16U, s, m)
	} else if s, _, ok = gprArg(in.Args[1]); !ok {
		return false
	}
	t.pure(func(c *ir.CPU, op *ir.Op) bool {
		n := op.Imm & 3 * 16
		return setMMX(c, op.Dst, c.R[op.Dst]&^(0xffff<<n)|c.R[op.B]&0xffff<<n)
	}, ir.Op{Dst: d, B: s, Imm: imm8(in, 2)})
	return true
}

// pextrwMMX takes word Imm to a general register.
func pextrwMMX(t *translation, in *inst) bool {
	d, _, ok1 := gprArg(in.Args[0])
	s, ok2 := mmxArg(in.Args[1])
	if !ok1 || !ok2 || in.lock {
		return false
	}
	t.pure(mmxReady, ir.Op{})
	t.pure(func(c *ir.CPU, op *ir.Op) bool {
		c.R[op.Dst] = c.R[op.B] >> (op.Imm & 3 * 16) & 0xffff
		return mmxDone(c, op)
	}, ir.Op{Dst: d, B: s, Imm: imm8(in, 2)})
	return true
}

// Conversions between floats in XMM registers and doublewords in MMX registers.

// cvtMMX in operand C says that the instruction has an MMX register.
const cvtMMX = 1 << 7

// cvtFromMMX is the form "op xmm, mm/m64". With a memory operand it does not count
// as an instruction of MMX.
func cvtFromMMX(h ir.Helper) handler {
	return func(t *translation, in *inst) bool {
		d, ok := xmmArg(in.Args[0])
		if !ok || in.lock {
			return false
		}
		_, isMem := in.Args[1].(x86asm.Mem)
		if !isMem {
			t.pure(mmxReady, ir.Op{})
		}
		s, ok := t.mmxSource(in, in.Args[1], 8)
		op := ir.Op{Dst: d, A: d, B: s}
		if !isMem {
			op.C = cvtMMX
		}
		t.pure(h, op)
		if !isMem {
			t.pure(mmxDone, ir.Op{})
		}
		return ok
	}
}

func cvtpi2ps(c *ir.CPU, op *ir.Op) bool {
	b := c.R[op.B]
	var f float
	f.begin(c)
	lo, hi := f.from32to32(uint32(b)), f.from32to32(uint32(b>>32))
	if !f.end(c) {
		return unmaskedMMX(c, op)
	}
	return set(c, op.Dst, vec{uint64(lo) | uint64(hi)<<32, c.R[op.A+1]})
}

// unmaskedMMX ends a conversion that stops with an unmasked exception. With an MMX
// register it counts as an instruction of MMX all the same.
func unmaskedMMX(c *ir.CPU, op *ir.Op) bool {
	if op.C&cvtMMX != 0 {
		c.R[raised] |= raisedMMX
	}
	return false
}

// cvtpi2pd is exact.
func cvtpi2pd(c *ir.CPU, op *ir.Op) bool {
	b := c.R[op.B]
	var e softfloat.Env
	return set(c, op.Dst, vec{e.Int32ToF64(int32(b)), e.Int32ToF64(int32(b >> 32))})
}

// cvtToMMX is the form "op mm, xmm/m" with size bytes of memory.
func cvtToMMX(size int, h ir.Helper, how uint8) handler {
	return func(t *translation, in *inst) bool {
		d, ok := mmxArg(in.Args[0])
		if !ok || in.lock {
			return false
		}
		t.pure(mmxReady, ir.Op{})
		s, ok := t.source(in, in.Args[1], size)
		t.pure(h, ir.Op{Dst: d, B: s, C: how | cvtMMX})
		return ok
	}
}

func cvtps2pi(c *ir.CPU, op *ir.Op) bool {
	b := c.R[op.B]
	var f float
	f.begin(c)
	f.truncating(op.C&cvtTruncate != 0)
	lo, hi := f.int32of32(uint32(b)), f.int32of32(uint32(b>>32))
	if !f.end(c) {
		return unmaskedMMX(c, op)
	}
	return setMMX(c, op.Dst, uint64(lo)|uint64(hi)<<32)
}

func cvtpd2pi(c *ir.CPU, op *ir.Op) bool {
	lo, hi := c.R[op.B], c.R[op.B+1]
	var f float
	f.begin(c)
	f.truncating(op.C&cvtTruncate != 0)
	a, b := f.int32of64(lo), f.int32of64(hi)
	if !f.end(c) {
		return unmaskedMMX(c, op)
	}
	return setMMX(c, op.Dst, uint64(a)|uint64(b)<<32)
}
