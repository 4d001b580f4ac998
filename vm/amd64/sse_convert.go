package amd64

import (
	"math"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// Conversions, and rounding to integral values.

// Bits of operand C of the conversions to integers.
const (
	cvtTruncate = 1 << iota
	cvtWide     // to 64 bits
)

func init() {
	registerSSE(map[x86asm.Op]handler{
		x86asm.CVTSI2SD: fromInt(cvtsi2sd),
		x86asm.CVTSI2SS: fromInt(cvtsi2ss),

		x86asm.CVTSD2SI:  toInt(8, cvtsd2si, 0),
		x86asm.CVTTSD2SI: toInt(8, cvtsd2si, cvtTruncate),
		x86asm.CVTSS2SI:  toInt(4, cvtss2si, 0),
		x86asm.CVTTSS2SI: toInt(4, cvtss2si, cvtTruncate),

		x86asm.CVTSD2SS: xmmOp(8, cvtsd2ss),
		x86asm.CVTSS2SD: xmmOp(4, cvtss2sd),
		x86asm.CVTPD2PS: xmmOp(16, cvtpd2ps),
		x86asm.CVTPS2PD: xmmOp(8, cvtps2pd),

		x86asm.CVTDQ2PD:  xmmOp(8, cvtdq2pd),
		x86asm.CVTDQ2PS:  xmmOp(16, cvtdq2ps),
		x86asm.CVTPD2DQ:  xmmOp(16, cvtpd2dq),
		x86asm.CVTTPD2DQ: xmmOpC(16, cvtpd2dq, cvtTruncate),
		x86asm.CVTPS2DQ:  xmmOp(16, cvtps2dq),
		x86asm.CVTTPS2DQ: xmmOpC(16, cvtps2dq, cvtTruncate),

		x86asm.ROUNDPD: xmmOp(16, roundpd),
		x86asm.ROUNDPS: xmmOp(16, roundps),
		x86asm.ROUNDSD: xmmOp(8, roundsd),
		x86asm.ROUNDSS: xmmOp(4, roundss),
	})
}

// truncating makes conversions truncate, whatever MXCSR says.
func (f *float) truncating(yes bool) {
	if yes {
		f.env.Rounding = softfloat.RTZ
	}
}

// The conversions of one element.

// narrow is binary64 to binary32.
func (f *float) narrow(a uint64) uint32 {
	a = f.daz64(a)
	r := f.env.F64ToF32(a)
	flags := f.take()
	if subnormal64(a) {
		flags |= mxDE
	}
	r, flags = f.flush32(r, flags)
	f.flags |= flags
	return r
}

// widen is binary32 to binary64.
func (f *float) widen(a uint32) uint64 {
	a = f.daz32(a)
	r := f.env.F32ToF64(a)
	f.flags |= f.take()
	if subnormal32(a) {
		f.flags |= mxDE
	}
	return r
}

// The conversions to integers take subnormal operands without a flag.

func (f *float) int32of64(a uint64) uint32 {
	r := f.env.F64ToInt32(f.daz64(a))
	f.flags |= f.take()
	return uint32(r)
}

func (f *float) int64of64(a uint64) uint64 {
	r := f.env.F64ToInt64(f.daz64(a))
	f.flags |= f.take()
	return uint64(r)
}

func (f *float) int32of32(a uint32) uint32 {
	r := f.env.F32ToInt32(f.daz32(a))
	f.flags |= f.take()
	return uint32(r)
}

func (f *float) int64of32(a uint32) uint64 {
	r := f.env.F32ToInt64(f.daz32(a))
	f.flags |= f.take()
	return uint64(r)
}

func (f *float) from32to32(i uint32) uint32 {
	r := f.env.Int32ToF32(int32(i))
	f.flags |= f.take()
	return r
}

// fromInt is the form "cvtsi2s? xmm, r/m".
func fromInt(h ir.Helper) handler {
	return func(t *translation, in *inst) bool {
		d, ok := xmmArg(in.Args[0])
		if !ok {
			return false
		}
		var s uint8
		wide := in.DataSize == 64
		if m, isMem := in.Args[1].(x86asm.Mem); isMem {
			s = t.temp()
			if wide {
				t.load(in, ir.Ld64, s, m)
			} else {
				t.load(in, ir.Ld32S, s, m)
			}
		} else if s, wide, ok = gprArg(in.Args[1]); !ok {
			return false
		} else if !wide {
			low := t.temp()
			t.emit(ir.Op{Kind: ir.AddI32, Dst: low, A: s})
			s = low
		}
		t.pure(h, ir.Op{Dst: d, A: d, B: s})
		return true
	}
}

// cvtsi2sd converts B, a signed integer of 64 bits. Most are exact, in every
// mode.
func cvtsi2sd(c *ir.CPU, op *ir.Op) bool {
	const exact = 1 << 53
	if i := int64(c.R[op.B]); -exact <= i && i <= exact {
		c.R[op.Dst], c.R[op.Dst+1] = math.Float64bits(float64(i)), c.R[op.A+1]
		return true
	}
	var f float
	f.begin(c)
	r := f.env.Int64ToF64(int64(c.R[op.B]))
	f.flags = f.take()
	if !f.end(c) {
		return false
	}
	c.R[op.Dst], c.R[op.Dst+1] = r, c.R[op.A+1]
	return true
}

func cvtsi2ss(c *ir.CPU, op *ir.Op) bool {
	const exact = 1 << 24
	if i := int64(c.R[op.B]); -exact <= i && i <= exact {
		r := uint64(math.Float32bits(float32(i)))
		c.R[op.Dst], c.R[op.Dst+1] = c.R[op.A]&^lowDword|r, c.R[op.A+1]
		return true
	}
	var f float
	f.begin(c)
	r := f.env.Int64ToF32(int64(c.R[op.B]))
	f.flags = f.take()
	if !f.end(c) {
		return false
	}
	c.R[op.Dst], c.R[op.Dst+1] = c.R[op.A]&^lowDword|uint64(r), c.R[op.A+1]
	return true
}

// toInt is the form "cvts?2si r, xmm/m".
func toInt(size int, h ir.Helper, how uint8) handler {
	return func(t *translation, in *inst) bool {
		d, wide, ok := gprArg(in.Args[0])
		if !ok {
			return false
		}
		s, ok := t.source(in, in.Args[1], size)
		if wide {
			t.pure(h, ir.Op{Dst: d, B: s, C: how | cvtWide})
		} else {
			t.pure(h, ir.Op{Dst: d, B: s, C: how})
		}
		return ok
	}
}

// cvtsd2si is cvttsd2si, too: that one truncates as Go's conversions do, where
// they are defined.
func cvtsd2si(c *ir.CPU, op *ir.Op) bool {
	if x := math.Float64frombits(c.R[op.B]); op.C&cvtTruncate != 0 && plain(c) && -1<<31 < x && x < 1<<31 {
		i := int32(x)
		if float64(i) != x {
			c.R[MXCSR] |= mxPE
		}
		c.R[op.Dst] = uint64(uint32(i))
		if op.C&cvtWide != 0 {
			c.R[op.Dst] = uint64(int64(i))
		}
		return true
	}
	var f float
	f.begin(c)
	f.truncating(op.C&cvtTruncate != 0)
	var r uint64
	if op.C&cvtWide != 0 {
		r = f.int64of64(c.R[op.B])
	} else {
		r = uint64(f.int32of64(c.R[op.B]))
	}
	if !f.end(c) {
		return false
	}
	c.R[op.Dst] = r
	return true
}

func cvtss2si(c *ir.CPU, op *ir.Op) bool {
	var f float
	f.begin(c)
	f.truncating(op.C&cvtTruncate != 0)
	var r uint64
	if op.C&cvtWide != 0 {
		r = f.int64of32(uint32(c.R[op.B]))
	} else {
		r = uint64(f.int32of32(uint32(c.R[op.B])))
	}
	if !f.end(c) {
		return false
	}
	c.R[op.Dst] = r
	return true
}

func cvtsd2ss(c *ir.CPU, op *ir.Op) bool {
	if b := c.R[op.B]; plain(c) && !subnormal64(b) {
		e := sseEnv()
		r := e.F64ToF32(b)
		c.R[MXCSR] |= uint64(flagsOf[e.Flags&31])
		c.R[op.Dst], c.R[op.Dst+1] = c.R[op.A]&^lowDword|uint64(r), c.R[op.A+1]
		return true
	}
	var f float
	f.begin(c)
	r := f.narrow(c.R[op.B])
	if !f.end(c) {
		return false
	}
	c.R[op.Dst], c.R[op.Dst+1] = c.R[op.A]&^lowDword|uint64(r), c.R[op.A+1]
	return true
}

func cvtss2sd(c *ir.CPU, op *ir.Op) bool {
	var f float
	f.begin(c)
	r := f.widen(uint32(c.R[op.B]))
	if !f.end(c) {
		return false
	}
	c.R[op.Dst], c.R[op.Dst+1] = r, c.R[op.A+1]
	return true
}

func cvtpd2ps(c *ir.CPU, op *ir.Op) bool {
	b := get(c, op.B)
	var f float
	f.begin(c)
	lo, hi := f.narrow(b.lo), f.narrow(b.hi)
	return f.end(c) && set(c, op.Dst, vec{uint64(lo) | uint64(hi)<<32, 0})
}

func cvtps2pd(c *ir.CPU, op *ir.Op) bool {
	b := get(c, op.B)
	var f float
	f.begin(c)
	r := vec{f.widen(b.dword(0)), f.widen(b.dword(1))}
	return f.end(c) && set(c, op.Dst, r)
}

// cvtdq2pd is exact.
func cvtdq2pd(c *ir.CPU, op *ir.Op) bool {
	b := get(c, op.B)
	e := sseEnv()
	return set(c, op.Dst, vec{e.Int32ToF64(int32(b.dword(0))), e.Int32ToF64(int32(b.dword(1)))})
}

func cvtdq2ps(c *ir.CPU, op *ir.Op) bool {
	b := get(c, op.B)
	var f float
	f.begin(c)
	var r vec
	for i := range 4 {
		r.setDword(i, f.from32to32(b.dword(i)))
	}
	return f.end(c) && set(c, op.Dst, r)
}

func cvtpd2dq(c *ir.CPU, op *ir.Op) bool {
	b := get(c, op.B)
	var f float
	f.begin(c)
	f.truncating(op.C&cvtTruncate != 0)
	lo, hi := f.int32of64(b.lo), f.int32of64(b.hi)
	return f.end(c) && set(c, op.Dst, vec{uint64(lo) | uint64(hi)<<32, 0})
}

func cvtps2dq(c *ir.CPU, op *ir.Op) bool {
	b := get(c, op.B)
	var f float
	f.begin(c)
	f.truncating(op.C&cvtTruncate != 0)
	var r vec
	for i := range 4 {
		r.setDword(i, f.int32of32(b.dword(i)))
	}
	return f.end(c) && set(c, op.Dst, r)
}

// The immediate of the ROUND instructions: bits 0 and 1 are a rounding control,
// unless bit 2 says that MXCSR's counts; bit 3 keeps Precision from being
// raised.
func (f *float) beginRound(c *ir.CPU, imm int64) {
	f.begin(c)
	if imm&4 == 0 {
		f.env.Rounding = roundings[imm&3]
	}
}

func (f *float) round64(a uint64, imm int64) uint64 {
	r := f.env.RoundInt64(f.daz64(a))
	f.flags |= f.take() &^ uint64(imm>>3&1*mxPE)
	return r
}

func (f *float) round32(a uint32, imm int64) uint32 {
	r := f.env.RoundInt32(f.daz32(a))
	f.flags |= f.take() &^ uint64(imm>>3&1*mxPE)
	return r
}

func roundpd(c *ir.CPU, op *ir.Op) bool {
	b := get(c, op.B)
	var f float
	f.beginRound(c, op.Imm)
	r := vec{f.round64(b.lo, op.Imm), f.round64(b.hi, op.Imm)}
	return f.end(c) && set(c, op.Dst, r)
}

func roundps(c *ir.CPU, op *ir.Op) bool {
	b := get(c, op.B)
	var f float
	f.beginRound(c, op.Imm)
	var r vec
	for i := range 4 {
		r.setDword(i, f.round32(b.dword(i), op.Imm))
	}
	return f.end(c) && set(c, op.Dst, r)
}

func roundsd(c *ir.CPU, op *ir.Op) bool {
	var f float
	f.beginRound(c, op.Imm)
	r := f.round64(c.R[op.B], op.Imm)
	if !f.end(c) {
		return false
	}
	c.R[op.Dst], c.R[op.Dst+1] = r, c.R[op.A+1]
	return true
}

func roundss(c *ir.CPU, op *ir.Op) bool {
	var f float
	f.beginRound(c, op.Imm)
	r := f.round32(uint32(c.R[op.B]), op.Imm)
	if !f.end(c) {
		return false
	}
	c.R[op.Dst], c.R[op.Dst+1] = c.R[op.A]&^lowDword|uint64(r), c.R[op.A+1]
	return true
}
