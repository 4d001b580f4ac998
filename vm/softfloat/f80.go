package softfloat

import "math/bits"

// F80 is a datum in the double extended format of x87 (Intel SDM volume 1,
// sections 4.2.2 and 8.2): a 64-bit significand whose integer bit is explicit,
// and a biased exponent of 15 bits below the sign.
//
// A set integer bit with the exponent 0 is a pseudo-denormal, which counts as
// the number that it spells. A clear one with any other exponent makes an
// unnormal, pseudo-infinity or pseudo-NaN: operations on such are Invalid.
type F80 struct {
	Mant uint64 // significand, the integer bit on top
	SE   uint16 // sign and biased exponent
}

const (
	exp80  = 0x7fff // mask of F80.SE's exponent
	sign80 = 0x8000
	bias80 = 16383
)

// The formats that x87 arithmetic rounds to. They share the range.
var (
	binary80 = format{prec: 64, width: 80, emin: -16382, emax: 16383}
	double80 = format{prec: 53, width: 80, emin: -16382, emax: 16383}
	single80 = format{prec: 24, width: 80, emin: -16382, emax: 16383}
)

// target is what the precision control rounds to.
func (e *Env) target() *format {
	switch e.Precision {
	case Prec24:
		return &single80
	case Prec53:
		return &double80
	}
	return &binary80
}

// Neg reports the sign.
func (a F80) Neg() bool { return a.SE&sign80 != 0 }

// IsZero reports ±0.
func (a F80) IsZero() bool { return a.SE&exp80 == 0 && a.Mant == 0 }

// IsDenormal reports a denormal or a pseudo-denormal.
func (a F80) IsDenormal() bool { return a.SE&exp80 == 0 && a.Mant != 0 }

// IsInf reports ±∞.
func (a F80) IsInf() bool { return a.SE&exp80 == exp80 && a.Mant == intBit }

// IsNaN reports a NaN, quiet or signaling.
func (a F80) IsNaN() bool { return a.SE&exp80 == exp80 && a.Mant > intBit }

// IsUnsupported reports an unnormal, a pseudo-infinity or a pseudo-NaN.
func (a F80) IsUnsupported() bool { return a.SE&exp80 != 0 && a.Mant < intBit }

// Indefinite80 is the NaN of an invalid operation.
var Indefinite80 = F80{Mant: intBit | quietBit, SE: exp80 | sign80}

func (a F80) unpack() num {
	n := num{neg: a.SE&sign80 != 0, sig: a.Mant, exp: int(a.SE&exp80) - bias80, class: finite}
	switch {
	case a.SE&exp80 == 0:
		n.exp = binary80.emin
		if a.Mant == 0 {
			n.class = zero
			break
		}
		z := bits.LeadingZeros64(a.Mant)
		n.sig <<= uint(z)
		n.exp -= z
	case a.Mant < intBit:
		n.class = unsupported
	case a.SE&exp80 != exp80:
	case a.Mant == intBit:
		n.class = infinite
	case a.Mant&quietBit != 0:
		n.class = quietNaN
	default:
		n.class = signalingNaN
	}
	return n
}

// pack80 encodes what pack does. An exponent of a significand without integer
// bit is emin, and encoded as 0.
func pack80(n num) F80 {
	se := uint16(n.exp + bias80)
	if n.sig < intBit {
		se = 0
	}
	if n.neg {
		se |= sign80
	}
	return F80{Mant: n.sig, SE: se}
}

// denormal raises Denormal if an operand is one, unless the operation has a more
// important exception. stop: it is unmasked, and there is no result.
func (e *Env) denormal(a, b F80, exempt bool) (stop bool) {
	if exempt || !a.IsDenormal() && !b.IsDenormal() && !e.denormals || a.noNumber() || b.noNumber() {
		return false
	}
	e.raise(Denormal)
	return e.Unmasked&Denormal != 0
}

// noNumber reports what unpack does not take for a number.
func (a F80) noNumber() bool { return a.IsNaN() || a.IsUnsupported() }

// Add80 is a + b.
func (e *Env) Add80(a, b F80) F80 {
	if e.denormal(a, b, false) {
		return F80{}
	}
	return pack80(e.add(e.target(), a.unpack(), b.unpack()))
}

// Sub80 is a − b.
func (e *Env) Sub80(a, b F80) F80 {
	if e.denormal(a, b, false) {
		return F80{}
	}
	return pack80(e.sub(e.target(), a.unpack(), b.unpack()))
}

// Mul80 is a × b.
func (e *Env) Mul80(a, b F80) F80 {
	if e.denormal(a, b, false) {
		return F80{}
	}
	return pack80(e.mul(e.target(), a.unpack(), b.unpack()))
}

// Div80 is a ÷ b.
func (e *Env) Div80(a, b F80) F80 {
	if e.denormal(a, b, b.IsZero()) {
		return F80{}
	}
	return pack80(e.div(e.target(), a.unpack(), b.unpack()))
}

// Sqrt80 is the square root of a; of −0 it is −0.
func (e *Env) Sqrt80(a F80) F80 {
	if e.denormal(a, a, a.Neg()) {
		return F80{}
	}
	return pack80(e.sqrt(e.target(), a.unpack()))
}

// RoundInt80 rounds a to an integral value. A zero result has a's sign.
func (e *Env) RoundInt80(a F80) F80 {
	if e.denormal(a, a, false) {
		return F80{}
	}
	return pack80(e.roundInt(&binary80, a.unpack()))
}

// Scale80 is a × 2^trunc(b) (FSCALE). Its result is rounded to 64 bits.
func (e *Env) Scale80(a, b F80) F80 {
	x, n := a.unpack(), b.unpack()
	noScale := n.class == infinite && (n.neg && x.class == infinite || !n.neg && x.class == zero)
	if e.denormal(a, b, noScale) {
		return F80{}
	}
	switch {
	case x.isNaN() || n.isNaN():
		return pack80(e.propagate(&binary80, x, n, n))
	case noScale:
		return pack80(e.invalid(&binary80))
	case n.class == infinite && n.neg:
		return pack80(binary80.zero(x.neg))
	case n.class == infinite:
		return pack80(binary80.infinity(x.neg))
	case x.class != finite || n.class == zero || n.exp < 0:
		if x.class != finite {
			return a
		}
		return pack80(e.round(&binary80, x.neg, x.exp, x.sig, 0))
	}
	const far = 1 << 17 // beyond the whole range
	by := far
	if n.exp < 17 {
		by = int(n.sig >> uint(63-n.exp))
	}
	if n.neg {
		by = -by
	}
	x.exp += by
	// So far off that the exponent does not come back when it is moved: in any
	// rounding the result is what is to be expected.
	const move = 3 << 13
	switch {
	case e.Unmasked&Overflow != 0 && x.exp > binary80.emax+move:
		e.raise(Overflow | Inexact)
		e.Up = true
		return pack80(binary80.infinity(x.neg))
	case e.Unmasked&Underflow != 0 && x.exp < binary80.emin-move:
		e.raise(Underflow | Inexact)
		return pack80(binary80.zero(x.neg))
	}
	return pack80(e.round(&binary80, x.neg, x.exp, x.sig, 0))
}

// Extract80 splits a into its exponent, as a number, and its significand, in
// [1, 2) with a's sign (FXTRACT). Zero raises DivByZero and has the exponent −∞.
func (e *Env) Extract80(a F80) (exp, sig F80) {
	x := a.unpack()
	if e.denormal(a, a, false) {
		return F80{}, F80{}
	}
	switch x.class {
	case zero:
		e.raise(DivByZero)
		return pack80(binary80.infinity(true)), a
	case infinite:
		return pack80(binary80.infinity(false)), a
	case finite:
		exp = e.Int64ToF80(int64(x.exp))
		x.exp = 0
		return exp, pack80(x)
	}
	n := pack80(e.propagate(&binary80, x, x, x))
	return n, n
}

// Order is the result of a comparison.
type Order uint8

// Orders.
const (
	Less Order = iota
	Equal
	Greater
	Unordered
)

// Compare80 compares a with b. A signaling NaN and an unsupported operand raise
// Invalid; a quiet NaN does unless quiet is set. The order is the same whether or
// not Denormal is unmasked.
func (e *Env) Compare80(a, b F80, quiet bool) Order {
	x, y := a.unpack(), b.unpack()
	if x.isNaN() || y.isNaN() {
		if !quiet || x.class > quietNaN || y.class > quietNaN {
			e.raise(Invalid)
		}
		return Unordered
	}
	e.denormal(a, b, false)
	less := false
	switch {
	case x.class == zero && y.class == zero:
		return Equal
	case x.class == zero:
		less = !y.neg
	case y.class == zero:
		less = x.neg
	case x.neg != y.neg:
		less = x.neg
	case x.exp != y.exp:
		less = x.exp < y.exp != x.neg
	case x.sig != y.sig:
		less = x.sig < y.sig != x.neg
	default:
		return Equal
	}
	if less {
		return Less
	}
	return Greater
}

// Rem80 is the remainder of a ÷ b, in steps when the exponents are 64 or more
// apart (FPREM, FPREM1): rest is a less a multiple of b, exact. When done, that
// multiple is a ÷ b truncated, or rounded to the nearest even integer with
// nearest, and quotient its lowest bits. Otherwise rest, with a's sign, takes
// a's place for the next step.
func (e *Env) Rem80(a, b F80, nearest bool) (rest F80, quotient uint64, done bool) {
	x, y := a.unpack(), b.unpack()
	none := x.class == infinite || y.class == zero
	if e.denormal(a, b, none) {
		return F80{}, 0, true
	}
	switch {
	case x.isNaN() || y.isNaN():
		return pack80(e.propagate(&binary80, x, y, y)), 0, true
	case none:
		return pack80(e.invalid(&binary80)), 0, true
	case x.class == zero:
		return a, 0, true
	}
	apart := x.exp - y.exp
	if y.class == infinite || apart < -1 || apart < 0 && !nearest {
		return pack80(e.round(&binary80, x.neg, x.exp, x.sig, 0)), 0, true
	}
	if apart < 0 { // in [¼, 1) of b: the nearest multiple is 0 or b
		if x.sig > y.sig {
			return e.rest(!x.neg, x.exp, -(x.sig-y.sig)+y.sig), 1, true
		}
		return pack80(e.round(&binary80, x.neg, x.exp, x.sig, 0)), 0, true
	}
	done = apart < 64
	by := uint(apart) // how many bits of the quotient this step makes
	if !done {
		by = uint(apart)&0x1f | 0x20
	}
	// The exponent of b after the step's multiple of it.
	exp := y.exp + apart - int(by)
	q, r := bits.Div64(x.sig>>(64-by), x.sig<<by, y.sig)
	if !done {
		return e.rest(x.neg, exp, r), 0, false
	}
	if nearest && (r > y.sig-r || r == y.sig-r && q&1 != 0) {
		return e.rest(!x.neg, exp, y.sig-r), q + 1, true
	}
	return e.rest(x.neg, exp, r), q, true
}

// rest is ±sig/2⁶³ × 2^exp, exact; a zero has x's sign whatever the quotient.
func (e *Env) rest(neg bool, exp int, sig uint64) F80 {
	if sig == 0 {
		return pack80(binary80.zero(neg))
	}
	z := bits.LeadingZeros64(sig)
	return pack80(e.round(&binary80, neg, exp-z, sig<<uint(z), 0))
}
