package softfloat

import "math"

// Binary64 operations on bit patterns. Each tries the host's arithmetic first,
// for round to nearest even only; see the package comment.

const (
	exp64     = 0x7ff << 52 // mask of the exponent field
	sign64    = 1 << 63
	expStep64 = 1 << 52 // one step of the exponent field
)

// sure64 reports whether a result pattern, rounded to nearest even, is a
// finite number above the smallest normal one, so that its rounding can have
// neither overflowed nor been tiny.
func sure64(r uint64) bool {
	return r&^sign64-(expStep64+1) < exp64-(expStep64+1)
}

// roomy64 reports whether a pattern is that of a finite number so far above
// the subnormal range that the rounding error of a sum, product or quotient of
// its magnitude, up to 106 bits below, is still a normal number.
func roomy64(r uint64) bool {
	const low = (1023 - 900) * expStep64 // 2⁻⁹⁰⁰
	return r&^sign64-low < exp64-low
}

// Add64 is a + b.
func (e *Env) Add64(a, b uint64) uint64 {
	if e.Rounding == RNE {
		if r, ok := e.hostAdd64(math.Float64frombits(a), math.Float64frombits(b)); ok {
			return r
		}
	}
	return e.softAdd64(a, b)
}

// Sub64 is a − b.
func (e *Env) Sub64(a, b uint64) uint64 {
	if e.Rounding == RNE {
		if r, ok := e.hostAdd64(math.Float64frombits(a), -math.Float64frombits(b)); ok {
			return r
		}
	}
	return e.softSub64(a, b)
}

// hostAdd64 takes sums that are 0, which are exact, or roomy. A sum is exact if
// and only if taking either operand off it gives the other: taking off the
// larger one is itself exact (Dekker's Fast2Sum), so one of the two comparisons
// decides, and if the sum is exact both hold.
//
// A smaller sum would be as good on hosts with floating point of their own, but
// Go's software floating point (GO386=softfloat) errs in subnormal differences,
// which don't occur here: next to a roomy sum a subnormal operand is lost.
func (e *Env) hostAdd64(x, y float64) (uint64, bool) {
	s := float64(x + y)
	r := math.Float64bits(s)
	if !roomy64(r) && s != 0 {
		return 0, false
	}
	if e.Flags&Inexact == 0 && (s-x != y || s-y != x) {
		e.raise(Inexact)
	}
	return r, true
}

// Mul64 is a × b.
func (e *Env) Mul64(a, b uint64) uint64 {
	if e.Rounding == RNE {
		x, y := math.Float64frombits(a), math.Float64frombits(b)
		p := float64(x * y)
		r := math.Float64bits(p)
		switch {
		case e.Flags&Inexact != 0:
			if sure64(r) {
				return r
			}
		case roomy64(r):
			if math.FMA(x, y, -p) != 0 { // the error, exactly
				e.raise(Inexact)
			}
			return r
		}
		if p == 0 && (x == 0 || y == 0) { // exact, and no NaN: both are finite
			return r
		}
	}
	return e.softMul64(a, b)
}

// Div64 is a ÷ b.
func (e *Env) Div64(a, b uint64) uint64 {
	if e.Rounding == RNE {
		x, y := math.Float64frombits(a), math.Float64frombits(b)
		q := x / y
		r := math.Float64bits(q)
		switch {
		case e.Flags&Inexact != 0:
			if sure64(r) {
				return r
			}
		case roomy64(r) && roomy64(a):
			if math.FMA(-q, y, x) != 0 { // the remainder, exactly
				e.raise(Inexact)
			}
			return r
		}
	}
	return e.softDiv64(a, b)
}

// Sqrt64 is the square root of a; of −0 it is −0.
func (e *Env) Sqrt64(a uint64) uint64 {
	// A root is never tiny, nor does it overflow. For negative a, roomy64
	// would still hold: the test against the sign comes first.
	if e.Rounding == RNE && a < sign64 && roomy64(a) {
		x := math.Float64frombits(a)
		s := math.Sqrt(x)
		if e.Flags&Inexact == 0 && math.FMA(-s, s, x) != 0 { // the remainder, exactly
			e.raise(Inexact)
		}
		return math.Float64bits(s)
	}
	return e.softSqrt64(a)
}

// MulAdd64 is a × b + c, rounded once.
func (e *Env) MulAdd64(a, b, c uint64) uint64 {
	// The error of a fused operation is not one number, so only an operation
	// that can't be the first inexact one may take this way.
	if e.Rounding == RNE && e.Flags&Inexact != 0 {
		r := math.Float64bits(math.FMA(math.Float64frombits(a), math.Float64frombits(b), math.Float64frombits(c)))
		if sure64(r) {
			return r
		}
	}
	return e.softMulAdd64(a, b, c)
}

func (e *Env) softAdd64(a, b uint64) uint64 {
	return binary64.pack(e.add(&binary64, binary64.unpack(a), binary64.unpack(b)))
}

func (e *Env) softSub64(a, b uint64) uint64 {
	return binary64.pack(e.sub(&binary64, binary64.unpack(a), binary64.unpack(b)))
}

func (e *Env) softMul64(a, b uint64) uint64 {
	return binary64.pack(e.mul(&binary64, binary64.unpack(a), binary64.unpack(b)))
}

func (e *Env) softDiv64(a, b uint64) uint64 {
	return binary64.pack(e.div(&binary64, binary64.unpack(a), binary64.unpack(b)))
}

func (e *Env) softSqrt64(a uint64) uint64 {
	return binary64.pack(e.sqrt(&binary64, binary64.unpack(a)))
}

func (e *Env) softMulAdd64(a, b, c uint64) uint64 {
	return binary64.pack(e.mulAdd(&binary64, binary64.unpack(a), binary64.unpack(b), binary64.unpack(c)))
}
