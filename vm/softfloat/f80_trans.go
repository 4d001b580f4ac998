package softfloat

import "math/bits"

// The transcendental instructions of x87: their special cases and ranges. The
// functions themselves are in big.go.
//
// Results are correctly rounded to 64 bits in the direction of e.Rounding,
// whatever the precision, which is closer than the 1 ulp that processors promise
// (Intel SDM volume 1, section 8.3.10), and the same on every host. Only where
// processors of both makers agree on another value is that one taken: sine,
// cosine and tangent reduce their argument by a π of 66 bits (SDM volume 1,
// section 8.3.8); and a result that is not obvious raises Inexact though it be
// exact.

// Exp2m1x80 is 2^a − 1 for −1 ≤ a ≤ 1 (F2XM1). Beyond, where the result is
// undefined, it is a itself, with Inexact.
func (e *Env) Exp2m1x80(a F80) F80 {
	x := a.unpack()
	if e.denormal(a, a, false) {
		return F80{}
	}
	switch {
	case x.isNaN():
		return pack80(e.propagate(&binary80, x, x, x))
	case x.class == zero:
		return a
	case x.class == infinite && x.neg:
		return pack80(num{class: finite, neg: true, sig: intBit})
	case x.class == infinite:
		return a
	}
	e.raise(Inexact)
	switch {
	case x.exp == 0 && x.sig == intBit && x.neg: // 2⁻¹ − 1
		return pack80(num{class: finite, neg: true, sig: intBit, exp: -1})
	case x.exp >= 0: // among them 1 itself: 2 − 1
		return a
	}
	return e.irrational(expm1(mulBig(numBig(x), ln2)))
}

// LogMul80 is y × log2 x (FYL2X).
func (e *Env) LogMul80(y, x F80) F80 {
	u, v := y.unpack(), x.unpack()
	isOne := v.class == finite && !v.neg && v.exp == 0 && v.sig == intBit
	invalid := v.neg && v.class != zero || // the logarithm of a negative number
		v.class == zero && u.class == zero || // 0 × −∞
		v.class == infinite && u.class == zero ||
		isOne && u.class == infinite
	divides := v.class == zero && u.class == finite
	if e.denormal(y, x, invalid || divides) {
		return F80{}
	}
	above := v.exp >= 0 // x ≥ 1: the logarithm is not negative
	switch {
	case u.isNaN() || v.isNaN():
		return pack80(e.propagate(&binary80, u, v, v))
	case invalid:
		return pack80(e.invalid(&binary80))
	case v.class == zero:
		if divides {
			e.raise(DivByZero)
		}
		return pack80(binary80.infinity(!u.neg))
	case v.class == infinite:
		return pack80(binary80.infinity(u.neg))
	case u.class == infinite:
		return pack80(binary80.infinity(u.neg == above))
	case u.class == zero || isOne:
		return pack80(binary80.zero(u.neg == above))
	case v.sig == intBit: // a power of two: the logarithm is an integer
		return e.multiple(u, v.exp)
	}
	return e.irrational(mulBig(numBig(u), log2(v)))
}

// multiple is k × u, which is not 0, as the result of a transcendental function:
// as if it were not exact.
func (e *Env) multiple(u num, k int) F80 {
	neg, mag := magnitude(int64(k))
	p := product(u, normal(neg, mag))
	e.raise(Inexact)
	if p.exp < binary80.emin {
		e.raise(Underflow)
	}
	return pack80(e.round(&binary80, p.neg, p.exp, p.hi, p.lo))
}

// LogPlus1Mul80 is y × log2(x + 1) (FYL2XP1). The instruction defines it for
// |x| ≤ 1 − √½; here it is the same for all x > −1, and for smaller x it is x
// itself, with Inexact.
func (e *Env) LogPlus1Mul80(y, x F80) F80 {
	u, v := y.unpack(), x.unpack()
	invalid := v.class == zero && u.class == infinite ||
		v.class == infinite && (v.neg || u.class == zero)
	if e.denormal(y, x, invalid) {
		return F80{}
	}
	switch {
	case u.isNaN() || v.isNaN():
		return pack80(e.propagate(&binary80, u, v, v))
	case invalid:
		return pack80(e.invalid(&binary80))
	case v.class == infinite || u.class == infinite:
		return pack80(binary80.infinity(u.neg != v.neg))
	case u.class == zero || v.class == zero:
		return pack80(binary80.zero(u.neg != v.neg))
	case v.neg && v.exp >= 0:
		e.raise(Inexact)
		return x
	}
	if k, ok := v.plusOneIsPower(); ok {
		return e.multiple(u, k)
	}
	return e.irrational(mulBig(numBig(u), log2p1(v)))
}

// plusOneIsPower reports whether n + 1 is a power of two, and which: not 2⁰.
func (n num) plusOneIsPower() (k int, ok bool) {
	if n.exp > 63 || n.exp < -64 {
		return 0, false
	}
	sum := newBig().Add(numBig(n), intBig(1)) // exact
	return sum.MantExp(nil) - 1, sum.MinPrec() == 1
}

// Atan80 is the angle of the point (x, y) in (−π, π] (FPATAN).
func (e *Env) Atan80(y, x F80) F80 {
	u, v := y.unpack(), x.unpack()
	if e.denormal(y, x, false) {
		return F80{}
	}
	switch {
	case u.isNaN() || v.isNaN():
		return pack80(e.propagate(&binary80, u, v, v))
	case u.class == zero || v.class == infinite && u.class != infinite:
		if !v.neg {
			return pack80(binary80.zero(u.neg))
		}
		return e.angle(u.neg, 4) // π
	case u.class == infinite && v.class == infinite && v.neg:
		return e.angle(u.neg, 3) // ¾π
	case u.class == infinite && v.class == infinite:
		return e.angle(u.neg, 1) // ¼π
	case u.class == infinite || v.class == zero:
		return e.angle(u.neg, 2) // ½π
	}
	if d := u.exp - v.exp; d < -farBelow && !v.neg {
		// The angle is the tangent less a part of it that is far below the
		// rounding position.
		hi, lo, exp := quotient(u, v)
		return e.nudged(u.neg, exp, hi, lo, false)
	}
	return e.irrational(atan2(u, v))
}

// angle is ±quarters × ¼π.
func (e *Env) angle(neg bool, quarters int64) F80 {
	x := mulBig(intBig(quarters), pi)
	x.SetMantExp(x, -2)
	if neg {
		x.Neg(x)
	}
	return e.irrational(x)
}

// quotient is a ÷ b, truncated to 128 bits, or 127 and a sticky one.
func quotient(a, b num) (hi, lo uint64, exp int) {
	exp = a.exp - b.exp
	hi, lo = a.sig>>1, a.sig<<63
	if a.sig < b.sig {
		hi, lo = a.sig, 0
		exp--
	}
	hi, r := bits.Div64(hi, lo, b.sig)
	lo, r = bits.Div64(r, 0, b.sig)
	if r != 0 {
		lo |= 1
	}
	return hi, lo, exp
}

// tooLarge reports an argument that the trigonometric instructions refuse.
func (n num) tooLarge() bool { return n.class == finite && n.exp >= 63 }

// trig is what the trigonometric instructions share. done: r is the result of
// all, and a NaN.
func (e *Env) trig(a F80, x num) (r F80, done bool) {
	switch {
	case x.isNaN():
		return pack80(e.propagate(&binary80, x, x, x)), true
	case x.class == infinite:
		return pack80(e.invalid(&binary80)), true
	}
	return F80{}, e.denormal(a, a, false)
}

// Sin80 is the sine of a. ok is false, and nothing is raised, for |a| ≥ 2⁶³.
func (e *Env) Sin80(a F80) (r F80, ok bool) {
	x := a.unpack()
	if x.tooLarge() {
		return a, false
	}
	if r, done := e.trig(a, x); done {
		return r, true
	}
	return e.sine(a, x), true
}

func (e *Env) sine(a F80, x num) F80 {
	switch {
	case x.class == zero:
		return a
	case x.exp < -farBelow:
		return e.nudged(x.neg, x.exp, x.sig, 0, false)
	}
	s, _ := sincos(x)
	return e.irrational(s)
}

// Cos80 is the cosine of a. ok is false, and nothing is raised, for |a| ≥ 2⁶³.
func (e *Env) Cos80(a F80) (r F80, ok bool) {
	x := a.unpack()
	if x.tooLarge() {
		return a, false
	}
	if r, done := e.trig(a, x); done {
		return r, true
	}
	return e.cosine(x), true
}

func (e *Env) cosine(x num) F80 {
	switch {
	case x.class == zero:
		return pack80(num{class: finite, sig: intBit})
	case x.exp < -farBelow:
		return e.nudged(false, 0, intBit, 0, false)
	}
	_, c := sincos(x)
	return e.irrational(c)
}

// SinCos80 is the sine and the cosine of a; otherwise like Sin80.
func (e *Env) SinCos80(a F80) (sin, cos F80, ok bool) {
	x := a.unpack()
	if x.tooLarge() {
		return a, a, false
	}
	if r, done := e.trig(a, x); done {
		return r, r, true
	}
	return e.sine(a, x), e.cosine(x), true
}

// Tan80 is the tangent of a; otherwise like Sin80.
func (e *Env) Tan80(a F80) (r F80, ok bool) {
	x := a.unpack()
	if x.tooLarge() {
		return a, false
	}
	if r, done := e.trig(a, x); done {
		return r, true
	}
	switch {
	case x.class == zero:
		return a, true
	case x.exp < -farBelow:
		return e.nudged(x.neg, x.exp, x.sig, 0, true), true
	}
	s, c := sincos(x)
	return e.irrational(s.Quo(s, c)), true
}

// farBelow: with an argument smaller than 2^−farBelow, a function that is the
// identity to the first order differs from it by less than an exact quotient's
// bits can tell.
const farBelow = 100

// nudged rounds a value that lies just above the magnitude hi:lo/2¹²⁷ × 2^exp, or
// just below it.
func (e *Env) nudged(neg bool, exp int, hi, lo uint64, above bool) F80 {
	if !above && lo&1 == 0 {
		var borrow uint64
		lo, borrow = bits.Sub64(lo, 1, 0)
		hi -= borrow
		if hi < intBit {
			hi, lo = hi<<1|lo>>63, lo<<1
			exp--
		}
	}
	return pack80(e.round(&binary80, neg, exp, hi, lo|1))
}
