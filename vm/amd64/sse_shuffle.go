package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// Shuffles, blends, and elements put in and taken out.

func init() {
	registerSSE(map[x86asm.Op]handler{
		x86asm.PSHUFB:  xmmOp(16, pshufb),
		x86asm.PSHUFD:  xmmOp(16, pshufd),
		x86asm.PSHUFLW: xmmOp(16, pshuflw),
		x86asm.PSHUFHW: xmmOp(16, pshufhw),
		x86asm.SHUFPS:  xmmOp(16, shufps),
		x86asm.SHUFPD:  xmmOp(16, shufpd),
		x86asm.PALIGNR: xmmOp(16, palignr),

		x86asm.MOVSHDUP: xmmOp(16, movshdup),
		x86asm.MOVSLDUP: xmmOp(16, movsldup),

		x86asm.PBLENDW:  xmmOp(16, pblendw),
		x86asm.BLENDPS:  xmmOp(16, blendps),
		x86asm.BLENDPD:  xmmOp(16, blendpd),
		x86asm.PBLENDVB: xmmOp(16, pblendvb),
		x86asm.BLENDVPS: xmmOp(16, blendvps),
		x86asm.BLENDVPD: xmmOp(16, blendvpd),

		x86asm.INSERTPS:  insertps,
		x86asm.PINSRB:    insert(1, ir.Ld8U),
		x86asm.PINSRW:    insert(2, ir.Ld16U),
		x86asm.PINSRD:    insert(4, ir.Ld32U),
		x86asm.PINSRQ:    insert(8, ir.Ld64),
		x86asm.PEXTRB:    extract(1, ir.St8),
		x86asm.PEXTRW:    extract(2, ir.St16),
		x86asm.PEXTRD:    extract(4, ir.St32),
		x86asm.PEXTRQ:    extract(8, ir.St64),
		x86asm.EXTRACTPS: extract(4, ir.St32),
	})
}

func pshufb(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	var r vec
	for i := range 16 {
		if n := b.byte(i); n < 0x80 {
			r.setByte(i, a.byte(int(n&15)))
		}
	}
	return set(c, op.Dst, r)
}

// quarter is the doubleword of v that bits 2i and 2i+1 of imm choose.
func (v vec) quarter(imm int64, i int) uint64 { return uint64(v.dword(int(imm >> (2 * i) & 3))) }

func pshufd(c *ir.CPU, op *ir.Op) bool {
	b := get(c, op.B)
	return set(c, op.Dst, vec{
		b.quarter(op.Imm, 0) | b.quarter(op.Imm, 1)<<32,
		b.quarter(op.Imm, 2) | b.quarter(op.Imm, 3)<<32,
	})
}

func shufps(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	return set(c, op.Dst, vec{
		a.quarter(op.Imm, 0) | a.quarter(op.Imm, 1)<<32,
		b.quarter(op.Imm, 2) | b.quarter(op.Imm, 3)<<32,
	})
}

func shufpd(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	return set(c, op.Dst, vec{a.half(int(op.Imm)), b.half(int(op.Imm >> 1))})
}

// shuffleWords is the shuffle of four words in 64 bits (pshufw).
func shuffleWords(x uint64, imm int64) (r uint64) {
	for i := 0; i < 4; i++ {
		r |= x >> (imm >> (2 * i) & 3 * 16) & 0xffff << (16 * i)
	}
	return r
}

func pshuflw(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst], c.R[op.Dst+1] = shuffleWords(c.R[op.B], op.Imm), c.R[op.B+1]
	return true
}

func pshufhw(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst], c.R[op.Dst+1] = c.R[op.B], shuffleWords(c.R[op.B+1], op.Imm)
	return true
}

// palignr takes 16 bytes out of A:B from byte Imm on.
func palignr(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	n := uint(min(op.Imm, 32)) * 8
	if n >= 128 {
		return set(c, op.Dst, a.right(n-128))
	}
	low, high := b.right(n), a.left(128-n)
	return set(c, op.Dst, vec{low.lo | high.lo, low.hi | high.hi})
}

const lowDword = 0xffffffff

func movsldup(c *ir.CPU, op *ir.Op) bool {
	twice := func(x uint64) uint64 { return x&lowDword | x<<32 }
	c.R[op.Dst], c.R[op.Dst+1] = twice(c.R[op.B]), twice(c.R[op.B+1])
	return true
}

func movshdup(c *ir.CPU, op *ir.Op) bool {
	twice := func(x uint64) uint64 { return x>>32 | x&^lowDword }
	c.R[op.Dst], c.R[op.Dst+1] = twice(c.R[op.B]), twice(c.R[op.B+1])
	return true
}

// blend takes the elements under mask from B, the others from A.
func blend(c *ir.CPU, op *ir.Op, lo, hi uint64) bool {
	c.R[op.Dst], c.R[op.Dst+1] = choose(lo, c.R[op.B], c.R[op.A]), choose(hi, c.R[op.B+1], c.R[op.A+1])
	return true
}

// widen makes of each of the n low bits of x an element of 64/n bits.
func widen(x uint64, n int) (r uint64) {
	w := 64 / n
	for i := range n {
		r |= -(x >> i & 1) >> (64 - w) << (w * i)
	}
	return r
}

func pblendw(c *ir.CPU, op *ir.Op) bool {
	return blend(c, op, widen(uint64(op.Imm), 4), widen(uint64(op.Imm)>>4, 4))
}

func blendps(c *ir.CPU, op *ir.Op) bool {
	return blend(c, op, widen(uint64(op.Imm), 2), widen(uint64(op.Imm)>>2, 2))
}

func blendpd(c *ir.CPU, op *ir.Op) bool {
	return blend(c, op, widen(uint64(op.Imm), 1), widen(uint64(op.Imm)>>1, 1))
}

// The variable blends choose by the top bits of XMM0's elements.

func pblendvb(c *ir.CPU, op *ir.Op) bool {
	return blend(c, op, spread(h8, c.R[XMM0]&h8), spread(h8, c.R[XMM0+1]&h8))
}

func blendvps(c *ir.CPU, op *ir.Op) bool {
	return blend(c, op, spread(h32, c.R[XMM0]&h32), spread(h32, c.R[XMM0+1]&h32))
}

func blendvpd(c *ir.CPU, op *ir.Op) bool {
	return blend(c, op, uint64(int64(c.R[XMM0])>>63), uint64(int64(c.R[XMM0+1])>>63))
}

// insertps copies a doubleword and zeroes some; from memory it has but one to
// choose from.
func insertps(t *translation, in *inst) bool {
	d, ok := xmmArg(in.Args[0])
	if !ok {
		return false
	}
	s, ok := t.source(in, in.Args[1], 4)
	imm := imm8(in, 2)
	if _, isMem := in.Args[1].(x86asm.Mem); isMem {
		imm &= 0x3f
	}
	t.pure(insertPS, ir.Op{Dst: d, A: d, B: s, Imm: imm})
	return ok
}

func insertPS(c *ir.CPU, op *ir.Op) bool {
	r, b := get(c, op.A), get(c, op.B)
	r.setDword(int(op.Imm>>4&3), b.dword(int(op.Imm>>6&3)))
	for i := range 4 {
		if op.Imm>>i&1 != 0 {
			r.setDword(i, 0)
		}
	}
	return set(c, op.Dst, r)
}

// insert is the pinsr family: an element of so many bytes from a general
// register or memory.
func insert(size int, load ir.Kind) handler {
	return func(t *translation, in *inst) bool {
		d, ok := xmmArg(in.Args[0])
		if !ok {
			return false
		}
		half, pos := element(imm8(in, 2), size)
		var s uint8
		if m, isMem := in.Args[1].(x86asm.Mem); isMem {
			s = t.temp()
			t.load(in, load, s, m)
		} else if s, _, ok = gprArg(in.Args[1]); !ok {
			return false
		}
		if size == 8 {
			t.mov(d+half, s)
			return true
		}
		t.pure(insertBits, ir.Op{Dst: d + half, A: d + half, B: s, Imm: pos | int64(size)<<8})
		return true
	}
}

// element says in which half element n of so many bytes is, and at which bit.
func element(n int64, size int) (half uint8, pos int64) {
	at := n * int64(size) & 15
	return uint8(at >> 3), at & 7 * 8
}

// insertBits is A with B's lowest Imm>>8 bytes (less than 8) at bit Imm&63.
func insertBits(c *ir.CPU, op *ir.Op) bool {
	pos, width := op.Imm&63, op.Imm>>8*8
	m := (uint64(1)<<width - 1) << pos
	c.R[op.Dst] = c.R[op.A]&^m | c.R[op.B]<<pos&m
	return true
}

// extract is the pextr family: an element of so many bytes to a general
// register, zero-extended, or to memory.
func extract(size int, store ir.Kind) handler {
	return func(t *translation, in *inst) bool {
		s, ok := xmmArg(in.Args[1])
		if !ok {
			return false
		}
		half, pos := element(imm8(in, 2), size)
		width := int64(size) * 8
		if m, isMem := in.Args[0].(x86asm.Mem); isMem {
			v := t.temp()
			t.emit(ir.Op{Kind: ir.ShrI, Dst: v, A: s + half, Imm: pos})
			t.store(in, store, v, m)
			return true
		}
		d, _, ok := gprArg(in.Args[0])
		t.emit(ir.Op{Kind: ir.ShlShr, Dst: d, A: s + half, Imm: 64 - width - pos | (64-width)<<8})
		return ok
	}
}
