package amd64

import (
	"math"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// The floating-point instructions but for conversions.

func init() {
	group := map[x86asm.Op]handler{
		x86asm.CMPPD:     compare(16, packed64),
		x86asm.CMPPS:     compare(16, packed32),
		x86asm.CMPSD_XMM: compare(8, scalar64),
		x86asm.CMPSS:     compare(4, scalar32),

		x86asm.COMISD:  flagsOp(xmmOpC(8, comi64, 1)),
		x86asm.COMISS:  flagsOp(xmmOpC(4, comi32, 1)),
		x86asm.UCOMISD: flagsOp(xmmOp(8, comi64)),
		x86asm.UCOMISS: flagsOp(xmmOp(4, comi32)),

		x86asm.ADDSUBPD: xmmOp(16, addsubpd),
		x86asm.ADDSUBPS: xmmOp(16, addsubps),
		x86asm.HADDPD:   xmmOpC(16, pairs64, uint8(elAdd)),
		x86asm.HSUBPD:   xmmOpC(16, pairs64, uint8(elSub)),
		x86asm.HADDPS:   xmmOpC(16, pairs32, uint8(elAdd)),
		x86asm.HSUBPS:   xmmOpC(16, pairs32, uint8(elSub)),
		x86asm.DPPD:     xmmOp(16, dppd),
		x86asm.DPPS:     xmmOp(16, dpps),

		x86asm.RCPPS:   bare(xmmOp(16, estimates(reciprocal))),
		x86asm.RCPSS:   xmmOp(4, estimate(reciprocal)),
		x86asm.RSQRTPS: bare(xmmOp(16, estimates(reciprocalRoot))),
		x86asm.RSQRTSS: xmmOp(4, estimate(reciprocalRoot)),
	}
	for x, ops := range map[elemOp][4]x86asm.Op{
		elAdd:  {x86asm.ADDPD, x86asm.ADDPS, x86asm.ADDSD, x86asm.ADDSS},
		elSub:  {x86asm.SUBPD, x86asm.SUBPS, x86asm.SUBSD, x86asm.SUBSS},
		elMul:  {x86asm.MULPD, x86asm.MULPS, x86asm.MULSD, x86asm.MULSS},
		elDiv:  {x86asm.DIVPD, x86asm.DIVPS, x86asm.DIVSD, x86asm.DIVSS},
		elSqrt: {x86asm.SQRTPD, x86asm.SQRTPS, x86asm.SQRTSD, x86asm.SQRTSS},
		elMin:  {x86asm.MINPD, x86asm.MINPS, x86asm.MINSD, x86asm.MINSS},
		elMax:  {x86asm.MAXPD, x86asm.MAXPS, x86asm.MAXSD, x86asm.MAXSS},
	} {
		group[ops[0]] = xmmOpC(16, packed64, uint8(x))
		group[ops[1]] = xmmOpC(16, packed32, uint8(x))
		group[ops[2]] = xmmOpC(8, scalar64, uint8(x))
		group[ops[3]] = xmmOpC(4, scalar32, uint8(x))
	}
	registerSSE(group)
}

// plain reports whether MXCSR asks for nothing but IEEE's default handling.
func plain(c *ir.CPU) bool { return c.R[MXCSR]&mxModes == mxPlain }

// scalar64 does element operation C on the low halves; the high half is A's.
//
// Floating-point programs spend their time here. So when MXCSR asks for nothing
// special and no operand is subnormal, the operation goes to softfloat as it is;
// and when the result can raise nothing but an inexact flag that is set already,
// to the host.
func scalar64(c *ir.CPU, op *ir.Op) bool {
	a, b := c.R[op.A], c.R[op.B]
	x := elemOp(op.C)
	if plain(c) && !subnormal64(b) && (!subnormal64(a) || x == elSqrt) {
		if c.R[MXCSR]&mxPE != 0 {
			if r, ok := host64(x, a, b); ok {
				c.R[op.Dst], c.R[op.Dst+1] = r, c.R[op.A+1]
				return true
			}
		}
		e := sseEnv()
		r := apply64(&e, x, a, b)
		c.R[MXCSR] |= uint64(flagsOf[e.Flags&31])
		c.R[op.Dst], c.R[op.Dst+1] = r, c.R[op.A+1]
		return true
	}
	var f float
	f.begin(c)
	r := f.do64(x, a, b)
	if !f.end(c) {
		return false
	}
	c.R[op.Dst], c.R[op.Dst+1] = r, c.R[op.A+1]
	return true
}

// host64 computes with the host's floating point, to nearest. ok is false if the
// result may be anything but a normal number or an exact zero: neither NaNs nor
// infinities get through, nor results whose rounding is special.
func host64(x elemOp, a, b uint64) (r uint64, ok bool) {
	p, q := math.Float64frombits(a), math.Float64frombits(b)
	switch x {
	case elAdd:
		r = math.Float64bits(p + q)
		ok = r<<1 == 0 // a sum of numbers is 0 only exactly
	case elSub:
		r = math.Float64bits(p - q)
		ok = r<<1 == 0
	case elMul:
		r = math.Float64bits(p * q)
		ok = r<<1 == 0 && (a<<1 == 0 || b<<1 == 0)
	case elDiv:
		r = math.Float64bits(p / q)
		ok = r<<1 == 0 && a<<1 == 0
	case elSqrt:
		r = math.Float64bits(math.Sqrt(q))
		ok = r<<1 == 0
	default:
		return 0, false
	}
	return r, ok || r&^sign64-(1<<52+1) < exp64-(1<<52+1)
}

// scalar32 is scalar64 on the low elements of binary32.
func scalar32(c *ir.CPU, op *ir.Op) bool {
	a, b := uint32(c.R[op.A]), uint32(c.R[op.B])
	x := elemOp(op.C)
	var r uint32
	if plain(c) && !subnormal32(b) && (!subnormal32(a) || x == elSqrt) {
		e := sseEnv()
		if c.R[MXCSR]&mxPE != 0 {
			e.Flags = softfloat.Inexact // spares finding out
		}
		r = apply32(&e, x, a, b)
		c.R[MXCSR] |= uint64(flagsOf[e.Flags&31])
	} else {
		var f float
		f.begin(c)
		r = f.do32(x, a, b)
		if !f.end(c) {
			return false
		}
	}
	c.R[op.Dst], c.R[op.Dst+1] = c.R[op.A]&^lowDword|uint64(r), c.R[op.A+1]
	return true
}

// packed64 does element operation C on both elements, quickly where scalar64
// would.
func packed64(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	x := elemOp(op.C)
	if plain(c) && !subnormal64(a.lo) && !subnormal64(a.hi) && !subnormal64(b.lo) && !subnormal64(b.hi) {
		if c.R[MXCSR]&mxPE != 0 {
			lo, ok1 := host64(x, a.lo, b.lo)
			hi, ok2 := host64(x, a.hi, b.hi)
			if ok1 && ok2 {
				return set(c, op.Dst, vec{lo, hi})
			}
		}
		e := sseEnv()
		r := vec{apply64(&e, x, a.lo, b.lo), apply64(&e, x, a.hi, b.hi)}
		c.R[MXCSR] |= uint64(flagsOf[e.Flags&31])
		return set(c, op.Dst, r)
	}
	var f float
	f.begin(c)
	r := vec{f.do64(x, a.lo, b.lo), f.do64(x, a.hi, b.hi)}
	return f.end(c) && set(c, op.Dst, r)
}

// packed32 does element operation C on the four elements, quickly where scalar32
// would.
func packed32(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	x := elemOp(op.C)
	if plain(c) && !anySubnormal32(a) && !anySubnormal32(b) {
		e := sseEnv()
		if c.R[MXCSR]&mxPE != 0 {
			e.Flags = softfloat.Inexact
		}
		r0 := apply32(&e, x, uint32(a.lo), uint32(b.lo))
		r1 := apply32(&e, x, uint32(a.lo>>32), uint32(b.lo>>32))
		r2 := apply32(&e, x, uint32(a.hi), uint32(b.hi))
		r3 := apply32(&e, x, uint32(a.hi>>32), uint32(b.hi>>32))
		c.R[MXCSR] |= uint64(flagsOf[e.Flags&31])
		return set(c, op.Dst, vec{uint64(r0) | uint64(r1)<<32, uint64(r2) | uint64(r3)<<32})
	}
	var f float
	f.begin(c)
	var r vec
	for i := range 4 {
		r.setDword(i, f.do32(x, a.dword(i), b.dword(i)))
	}
	return f.end(c) && set(c, op.Dst, r)
}

func anySubnormal32(v vec) bool {
	return subnormal32(uint32(v.lo)) || subnormal32(uint32(v.lo>>32)) || subnormal32(uint32(v.hi)) || subnormal32(uint32(v.hi>>32))
}

// compare is the family of CMPPS; of the predicate legacy encodings have 3 bits.
func compare(size int, h ir.Helper) handler {
	var forms [8]handler
	for i := range forms {
		forms[i] = xmmOpC(size, h, uint8(elEQ)+uint8(i))
	}
	return func(t *translation, in *inst) bool { return forms[imm8(in, 2)&7](t, in) }
}

// Flags after a comparison (SDM volume 2, COMISD).
const (
	comiUnordered = FlagZF | FlagPF | FlagCF
	comiLess      = FlagCF
	comiEqual     = FlagZF
)

// comi64 compares A with B. With C 1 quiet NaNs raise an exception as well.
func comi64(c *ir.CPU, op *ir.Op) bool {
	a, b := c.R[op.A], c.R[op.B]
	if c.R[MXCSR]&mxDAZ == 0 && !subnormal64(a) && !subnormal64(b) && !nan64(a) && !nan64(b) {
		setArith(c.R[:], order(math.Float64frombits(a), math.Float64frombits(b)))
		return true
	}
	var f float
	f.begin(c)
	a, b = f.daz64(a), f.daz64(b)
	if op.C != 0 {
		f.do64(elLT, a, b)
	} else {
		f.do64(elEQ, a, b)
	}
	if !f.end(c) {
		return false
	}
	setArith(c.R[:], order(math.Float64frombits(a), math.Float64frombits(b)))
	return true
}

// order gives the flags of a comparison.
func order(a, b float64) uint64 {
	switch {
	case a > b:
		return 0
	case a < b:
		return comiLess
	case a == b:
		return comiEqual
	}
	return comiUnordered
}

// comi32 is comi64 in binary32.
func comi32(c *ir.CPU, op *ir.Op) bool {
	a, b := uint32(c.R[op.A]), uint32(c.R[op.B])
	if c.R[MXCSR]&mxDAZ != 0 || subnormal32(a) || subnormal32(b) || nan32(a) || nan32(b) {
		var f float
		f.begin(c)
		a, b = f.daz32(a), f.daz32(b)
		if op.C != 0 {
			f.do32(elLT, a, b)
		} else {
			f.do32(elEQ, a, b)
		}
		if !f.end(c) {
			return false
		}
	}
	setArith(c.R[:], order(float64(math.Float32frombits(a)), float64(math.Float32frombits(b))))
	return true
}

// addsubpd subtracts the even elements and adds the odd ones.
func addsubpd(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	var f float
	f.begin(c)
	r := vec{f.do64(elSub, a.lo, b.lo), f.do64(elAdd, a.hi, b.hi)}
	return f.end(c) && set(c, op.Dst, r)
}

func addsubps(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	var f float
	f.begin(c)
	var r vec
	for i := range 4 {
		r.setDword(i, f.do32([2]elemOp{elSub, elAdd}[i&1], a.dword(i), b.dword(i)))
	}
	return f.end(c) && set(c, op.Dst, r)
}

// pairs64 and pairs32 do C on neighbouring elements of A, then of B.
func pairs64(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	var f float
	f.begin(c)
	r := vec{f.do64(elemOp(op.C), a.lo, a.hi), f.do64(elemOp(op.C), b.lo, b.hi)}
	return f.end(c) && set(c, op.Dst, r)
}

func pairs32(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	var f float
	f.begin(c)
	var r vec
	for i := range 2 {
		r.setDword(i, f.do32(elemOp(op.C), a.dword(2*i), a.dword(2*i+1)))
		r.setDword(i+2, f.do32(elemOp(op.C), b.dword(2*i), b.dword(2*i+1)))
	}
	return f.end(c) && set(c, op.Dst, r)
}

// dppd and dpps sum the products of the elements that the high bits of Imm
// choose into those that the low bits choose. Each step rounds, and an unmasked
// exception of one step keeps the next ones from being computed (SDM volume 2,
// DPPS).
func dppd(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	var f float
	f.begin(c)
	var p vec
	if op.Imm>>4&1 != 0 {
		p.lo = f.do64(elMul, a.lo, b.lo)
	}
	if op.Imm>>5&1 != 0 {
		p.hi = f.do64(elMul, a.hi, b.hi)
	}
	if !f.step(c) {
		return false
	}
	sum := f.do64(elAdd, p.lo, p.hi)
	if !f.end(c) {
		return false
	}
	lo, hi := -uint64(op.Imm&1), -uint64(op.Imm>>1&1)
	return set(c, op.Dst, vec{sum & lo, sum & hi})
}

func dpps(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	var f float
	f.begin(c)
	var p [4]uint32
	for i := range p {
		if op.Imm>>(4+i)&1 != 0 {
			p[i] = f.do32(elMul, a.dword(i), b.dword(i))
		}
	}
	if !f.step(c) {
		return false
	}
	low, high := f.do32(elAdd, p[0], p[1]), f.do32(elAdd, p[2], p[3])
	if !f.step(c) {
		return false
	}
	sum := uint64(f.do32(elAdd, low, high))
	if !f.end(c) {
		return false
	}
	sum |= sum << 32
	return set(c, op.Dst, vec{sum & widen(uint64(op.Imm), 2), sum & widen(uint64(op.Imm)>>2, 2)})
}

// The estimates RCPPS and RSQRTPS have a relative error of at most 1.5×2⁻¹²;
// which result that is differs from one CPU to the other. Here it is the
// double-precision result rounded to 12 significant bits. They raise nothing,
// take subnormal operands for zeros and give zeros for subnormal results, in
// every mode.

// bare refuses prefixes that make no instruction of 0F 52 and 0F 53, but which
// x86asm ignores.
func bare(h handler) handler {
	return func(t *translation, in *inst) bool { return !in.data16 && in.rep == 0 && h(t, in) }
}

// estimates applies f to the four elements.
func estimates(f func(float64) float64) ir.Helper {
	return func(c *ir.CPU, op *ir.Op) bool {
		b := get(c, op.B)
		var r vec
		for i := range 4 {
			r.setDword(i, approximate(f, b.dword(i)))
		}
		return set(c, op.Dst, r)
	}
}

// estimate applies f to the lowest element; the others are A's.
func estimate(f func(float64) float64) ir.Helper {
	return func(c *ir.CPU, op *ir.Op) bool {
		r := get(c, op.A)
		r.setDword(0, approximate(f, uint32(c.R[op.B])))
		return set(c, op.Dst, r)
	}
}

func reciprocal(x float64) float64     { return 1 / x }
func reciprocalRoot(x float64) float64 { return 1 / math.Sqrt(x) }

func approximate(f func(float64) float64, a uint32) uint32 {
	const (
		indefinite = 0xffc00000
		cut        = 12 // bits that are 0 in a result
	)
	if nan32(a) {
		return a | 1<<22
	}
	if subnormal32(a) {
		a &= sign32
	}
	x := f(float64(math.Float32frombits(a)))
	if a == sign32 {
		return sign32 | exp32 // of −0 both estimates are −∞
	}
	if math.IsNaN(x) {
		return indefinite
	}
	r := math.Float32bits(float32(x))
	if r&exp32 == 0 {
		return r & sign32
	}
	if r&exp32 != exp32 {
		r += 1<<(cut-1) - 1 + r>>cut&1
		r &^= 1<<cut - 1
	}
	return r
}
