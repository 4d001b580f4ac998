package softfloat

import (
	"math"
	"math/bits"
)

// Rounding to integral values.

// RoundInt64 rounds a to an integral value in the direction of e.Rounding
// (roundToIntegralExact): a zero result has a's sign, and Inexact is raised if
// the value changes.
func (e *Env) RoundInt64(a uint64) uint64 {
	x := math.Float64frombits(a)
	var r float64
	switch {
	case nan64(a):
		return binary64.pack(e.roundInt(&binary64, binary64.unpack(a)))
	case e.Rounding == RNE:
		r = math.RoundToEven(x)
	case e.Rounding == RDN:
		r = math.Floor(x)
	case e.Rounding == RUP:
		r = math.Ceil(x)
	case e.Rounding == RMM:
		r = math.Round(x)
	default:
		r = math.Trunc(x)
	}
	if r != x {
		e.raise(Inexact)
	}
	return math.Float64bits(r)
}

// RoundInt32 is RoundInt64 in binary32.
func (e *Env) RoundInt32(a uint32) uint32 {
	if nan32(a) {
		return pack32(e.roundInt(&binary32, unpack32(a)))
	}
	// Integral values of binary32's precision stay in it.
	return math.Float32bits(float32(math.Float64frombits(e.RoundInt64(math.Float64bits(float64(math.Float32frombits(a)))))))
}

// roundInt rounds a, of format f, to an integral value.
func (e *Env) roundInt(f *format, a num) num {
	switch {
	case a.isNaN():
		return e.propagate(f, a, a, a)
	case a.class != finite || a.exp >= 63:
		return a
	}
	var whole, rest uint64 // in units of 1, and 2⁻⁶⁴, sticky
	switch {
	case a.exp >= 0:
		whole, rest = a.sig>>uint(63-a.exp), a.sig<<uint(a.exp+1)
	case a.exp == -1:
		rest = a.sig
	default:
		rest = 1
	}
	if rest == 0 {
		return a
	}
	e.raise(Inexact)
	if e.Rounding.up(a.neg, whole&1 != 0, rest) {
		e.Up = true
		whole++ // no carry: with a rest, whole < 2⁶³
	}
	if whole == 0 {
		return f.zero(a.neg)
	}
	return normal(a.neg, whole)
}

// normal is the finite number ±whole, which is not 0.
func normal(neg bool, whole uint64) num {
	z := bits.LeadingZeros64(whole)
	return num{class: finite, neg: neg, exp: 63 - z, sig: whole << uint(z)}
}
