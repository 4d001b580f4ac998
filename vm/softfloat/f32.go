package softfloat

import "math"

// Binary32 operations on bit patterns. Each tries the host's arithmetic first,
// for round to nearest even only; see the package comment.
//
// A binary64 holds every product of two binary32 numbers exactly. It holds
// their sums, quotients and roots to 2p+2 bits, with which rounding twice
// gives what rounding once would (Figueroa, "When is double rounding
// innocuous?", 1995), but none of the paths here needs that.

const (
	exp32     = 0xff << 23 // mask of the exponent field
	sign32    = 1 << 31
	expStep32 = 1 << 23 // one step of the exponent field
)

// sure32 reports whether a result pattern, rounded to nearest even, is a
// finite number above the smallest normal one, so that its rounding can have
// neither overflowed nor been tiny.
func sure32(r uint32) bool {
	return r&^sign32-(expStep32+1) < exp32-(expStep32+1)
}

// roomy32 reports whether a pattern is that of a finite number so far above the
// subnormal range that the rounding error of a sum of its magnitude is still a
// normal number.
func roomy32(r uint32) bool {
	const low = (127 - 100) * expStep32 // 2⁻¹⁰⁰
	return r&^sign32-low < exp32-low
}

// Add32 is a + b.
func (e *Env) Add32(a, b uint32) uint32 {
	if e.Rounding == RNE {
		if r, ok := e.hostAdd32(math.Float32frombits(a), math.Float32frombits(b)); ok {
			return r
		}
	}
	return e.softAdd32(a, b)
}

// Sub32 is a − b.
func (e *Env) Sub32(a, b uint32) uint32 {
	if e.Rounding == RNE {
		if r, ok := e.hostAdd32(math.Float32frombits(a), -math.Float32frombits(b)); ok {
			return r
		}
	}
	return e.softSub32(a, b)
}

// hostAdd32 is hostAdd64 in binary32.
func (e *Env) hostAdd32(x, y float32) (uint32, bool) {
	s := float32(x + y)
	r := math.Float32bits(s)
	if !roomy32(r) && s != 0 {
		return 0, false
	}
	if e.Flags&Inexact == 0 && (s-x != y || s-y != x) {
		e.raise(Inexact)
	}
	return r, true
}

// Mul32 is a × b.
func (e *Env) Mul32(a, b uint32) uint32 {
	if e.Rounding == RNE {
		exact := float64(math.Float32frombits(a)) * float64(math.Float32frombits(b))
		p := float32(exact)
		if r := math.Float32bits(p); sure32(r) || exact == 0 {
			if float64(p) != exact {
				e.raise(Inexact)
			}
			return r
		}
	}
	return e.softMul32(a, b)
}

// Div32 is a ÷ b.
func (e *Env) Div32(a, b uint32) uint32 {
	if e.Rounding == RNE {
		x, y := math.Float32frombits(a), math.Float32frombits(b)
		q := x / y
		if r := math.Float32bits(q); sure32(r) {
			if float64(q)*float64(y) != float64(x) { // all three are exact
				e.raise(Inexact)
			}
			return r
		}
	}
	return e.softDiv32(a, b)
}

// Sqrt32 is the square root of a; of −0 it is −0.
func (e *Env) Sqrt32(a uint32) uint32 {
	// A root is never tiny, nor does it overflow.
	if e.Rounding == RNE && a-expStep32 < exp32-expStep32 { // positive, normal
		x := math.Float32frombits(a)
		s := float32(math.Sqrt(float64(x))) // innocuous double rounding
		if float64(s)*float64(s) != float64(x) {
			e.raise(Inexact)
		}
		return math.Float32bits(s)
	}
	return e.softSqrt32(a)
}

// MulAdd32 is a × b + c, rounded once.
func (e *Env) MulAdd32(a, b, c uint32) uint32 {
	if e.Rounding == RNE {
		// The product is exact, but the sum is rounded twice, which is not
		// innocuous: the first rounding may arrive at a point halfway between
		// two binary32 numbers. Anywhere else it has not crossed one.
		p := float64(float64(math.Float32frombits(a)) * float64(math.Float32frombits(b)))
		z := float64(math.Float32frombits(c))
		s := float64(p + z)
		const below = 1<<29 - 1 // bits of a binary64 below a binary32's last
		if math.Float64bits(s)&below != 1<<28 {
			sum := float32(s)
			if r := math.Float32bits(sum); sure32(r) {
				if e.Flags&Inexact == 0 && (float64(sum) != s || s-p != z || s-z != p) { // as in hostAdd64
					e.raise(Inexact)
				}
				return r
			}
		}
	}
	return e.softMulAdd32(a, b, c)
}

func pack32(n num) uint32 { return uint32(binary32.pack(n)) }

func unpack32(pattern uint32) num { return binary32.unpack(uint64(pattern)) }

func (e *Env) softAdd32(a, b uint32) uint32 {
	return pack32(e.add(&binary32, unpack32(a), unpack32(b)))
}

func (e *Env) softSub32(a, b uint32) uint32 {
	return pack32(e.sub(&binary32, unpack32(a), unpack32(b)))
}

func (e *Env) softMul32(a, b uint32) uint32 {
	return pack32(e.mul(&binary32, unpack32(a), unpack32(b)))
}

func (e *Env) softDiv32(a, b uint32) uint32 {
	return pack32(e.div(&binary32, unpack32(a), unpack32(b)))
}

func (e *Env) softSqrt32(a uint32) uint32 {
	return pack32(e.sqrt(&binary32, unpack32(a)))
}

func (e *Env) softMulAdd32(a, b, c uint32) uint32 {
	return pack32(e.mulAdd(&binary32, unpack32(a), unpack32(b), unpack32(c)))
}
