package softfloat

import (
	"math"
	"math/bits"
)

// The functions here compute on unpacked operands, of any format, and round
// once to format f.

// add is a + b.
func (e *Env) add(f *format, a, b num) num {
	switch {
	case a.isNaN() || b.isNaN():
		return e.propagate(f, a, b, b)
	case a.class == infinite && b.class == infinite && a.neg != b.neg:
		return e.invalid(f)
	case a.class == infinite || b.class == infinite:
		return f.infinity(a.class == infinite && a.neg || b.class == infinite && b.neg)
	}
	return e.sum(f, wide{neg: a.neg, exp: a.exp, hi: a.sig}, b)
}

// sub is a − b. It is not add with b's sign turned, because a NaN operand
// keeps its sign.
func (e *Env) sub(f *format, a, b num) num {
	if !b.isNaN() {
		b.neg = !b.neg
	}
	return e.add(f, a, b)
}

// wide is the exact value ±hi:lo/2¹²⁷ × 2^exp; zero if hi is 0, else bit 127
// is set.
type wide struct {
	hi, lo uint64
	exp    int
	neg    bool
}

// sum is x + y, for y zero or finite. Neither may have been rounded before.
//
// The smaller one is shifted right into 192 bits. That is enough: a shift that
// loses bits is by more than 64 places, then the difference loses at most one
// leading bit, and what is lost lies far below the rounding position, where
// the sticky bit stands for it. (128 bits would not do for a product of 128
// bits, shifted by one and nearly cancelled.)
func (e *Env) sum(f *format, x wide, y num) num {
	w := wide{neg: y.neg, exp: y.exp, hi: y.sig}
	switch {
	case x.hi == 0 && w.hi == 0:
		if x.neg == w.neg {
			return f.zero(x.neg)
		}
		return f.zero(e.Rounding == RDN)
	case x.hi == 0:
		return e.round(f, w.neg, w.exp, w.hi, w.lo)
	case w.hi == 0:
		return e.round(f, x.neg, x.exp, x.hi, x.lo)
	}

	// x becomes the one of larger magnitude.
	if x.exp < w.exp || x.exp == w.exp && (x.hi < w.hi || x.hi == w.hi && x.lo < w.lo) {
		x, w = w, x
	}
	var low uint64 // the third word, below w.lo
	switch d := uint(x.exp - w.exp); {
	case d <= 64:
		low = w.lo << (64 - d)
		w.hi, w.lo = w.hi>>d, w.hi<<(64-d)|w.lo>>d
	case d < 128:
		w.lo, low = shiftRight(w.hi, w.lo, d-64)
		w.hi = 0
	default:
		w.hi, w.lo, low = 0, 0, 1
	}

	var carry uint64
	if x.neg == w.neg {
		x.lo, carry = bits.Add64(x.lo, w.lo, 0)
		x.hi, carry = bits.Add64(x.hi, w.hi, carry)
		if low != 0 {
			x.lo |= 1
		}
		if carry != 0 {
			x.hi, x.lo = shiftRight(x.hi, x.lo, 1)
			x.hi |= intBit
			x.exp++
		}
		return e.round(f, x.neg, x.exp, x.hi, x.lo)
	}

	low, carry = bits.Sub64(0, low, 0)
	x.lo, carry = bits.Sub64(x.lo, w.lo, carry)
	x.hi, _ = bits.Sub64(x.hi, w.hi, carry)
	if x.hi|x.lo|low == 0 {
		return f.zero(e.Rounding == RDN)
	}
	for x.hi == 0 {
		x.hi, x.lo, low = x.lo, low, 0
		x.exp -= 64
	}
	z := uint(bits.LeadingZeros64(x.hi))
	x.hi = x.hi<<z | x.lo>>(64-z)
	x.lo = x.lo<<z | low>>(64-z)
	x.exp -= int(z)
	if low<<z != 0 {
		x.lo |= 1
	}
	return e.round(f, x.neg, x.exp, x.hi, x.lo)
}

// product is the exact product of two operands that are zero or finite.
func product(a, b num) wide {
	p := wide{neg: a.neg != b.neg, exp: a.exp + b.exp + 1}
	p.hi, p.lo = bits.Mul64(a.sig, b.sig)
	if p.hi < intBit {
		p.hi, p.lo = p.hi<<1|p.lo>>63, p.lo<<1
		p.exp--
	}
	return p
}

// mul is a × b.
func (e *Env) mul(f *format, a, b num) num {
	switch {
	case a.isNaN() || b.isNaN():
		return e.propagate(f, a, b, b)
	case a.class == infinite && b.class == zero || a.class == zero && b.class == infinite:
		return e.invalid(f)
	case a.class == infinite || b.class == infinite:
		return f.infinity(a.neg != b.neg)
	case a.class == zero || b.class == zero:
		return f.zero(a.neg != b.neg)
	}
	p := product(a, b)
	return e.round(f, p.neg, p.exp, p.hi, p.lo)
}

// mulAdd is a × b + c, rounded once.
func (e *Env) mulAdd(f *format, a, b, c num) num {
	noProduct := a.class == infinite && b.class == zero || a.class == zero && b.class == infinite
	neg := a.neg != b.neg
	infProduct := a.class == infinite || b.class == infinite
	switch {
	case a.isNaN() || b.isNaN() || c.isNaN():
		if noProduct && e.NaN == NaNCanonical {
			e.raise(Invalid)
		}
		return e.propagate(f, a, b, c)
	case noProduct || infProduct && c.class == infinite && c.neg != neg:
		return e.invalid(f)
	case infProduct:
		return f.infinity(neg)
	case c.class == infinite:
		return f.infinity(c.neg)
	case a.class == zero || b.class == zero:
		return e.sum(f, wide{neg: neg}, c)
	}
	return e.sum(f, product(a, b), c)
}

// div is a ÷ b.
func (e *Env) div(f *format, a, b num) num {
	neg := a.neg != b.neg
	switch {
	case a.isNaN() || b.isNaN():
		return e.propagate(f, a, b, b)
	case a.class == b.class && a.class != finite: // 0÷0, ∞÷∞
		return e.invalid(f)
	case a.class == infinite:
		return f.infinity(neg)
	case b.class == infinite || a.class == zero:
		return f.zero(neg)
	case b.class == zero:
		e.raise(DivByZero)
		return f.infinity(neg)
	}
	exp := a.exp - b.exp
	hi, lo := a.sig>>1, a.sig<<63
	if a.sig < b.sig { // so that bit 127 of the quotient is set
		hi, lo = a.sig, 0
		exp--
	}
	hi, r := bits.Div64(hi, lo, b.sig)
	lo, r = bits.Div64(r, 0, b.sig)
	if r != 0 {
		lo |= 1
	}
	return e.round(f, neg, exp, hi, lo)
}

// sqrt is the square root of a.
func (e *Env) sqrt(f *format, a num) num {
	switch {
	case a.isNaN():
		return e.propagate(f, a, a, a)
	case a.class == zero:
		return f.zero(a.neg)
	case a.neg:
		return e.invalid(f)
	case a.class == infinite:
		return f.infinity(false)
	}
	// With an even exponent the radicand a.sig×2⁶³ or ×2⁶⁴ lies in [2¹²⁶,
	// 2¹²⁸), and its root has 64 bits.
	hi, lo := a.sig>>1, a.sig<<63
	if a.exp&1 != 0 {
		hi, lo = a.sig, 0
	}
	root, restHi, restLo := isqrt(hi, lo)
	// The next bit of the root is set if (root+½)² ≤ radicand, that is if rest
	// ≥ root+¼. A root is never halfway between two 65-bit numbers.
	switch {
	case restHi != 0 || restLo > root:
		lo = intBit | 1
	case restLo != 0:
		lo = 1
	default:
		lo = 0
	}
	return e.round(f, false, a.exp>>1, root, lo)
}

// isqrt is the integer square root of hi:lo ≥ 2¹²⁶, and the rest hi:lo − root².
func isqrt(hi, lo uint64) (root, restHi, restLo uint64) {
	// The host's root is good for some 50 bits, and one Newton step doubles
	// that. A Newton step in integers, from any estimate, does not end below
	// the integer root, so the loop that corrects the last place only goes
	// down. It makes the result independent of the host. Div64 wants the
	// estimate above hi, as the root itself is unless both are all ones.
	root = math.MaxUint64
	if est := float64(math.Sqrt(float64(hi)) * (1 << 32)); est < 1<<64 {
		root = uint64(est)
	}
	if hi != math.MaxUint64 {
		root = max(root, hi+1)
		q, _ := bits.Div64(hi, lo, root)
		sum, carry := bits.Add64(root, q, 0)
		root = sum>>1 | carry<<63
	}
	for ; ; root-- {
		squareHi, squareLo := bits.Mul64(root, root)
		restLo, borrow := bits.Sub64(lo, squareLo, 0)
		restHi, borrow := bits.Sub64(hi, squareHi, borrow)
		if borrow == 0 {
			return root, restHi, restLo
		}
	}
}
