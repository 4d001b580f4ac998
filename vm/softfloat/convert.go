package softfloat

import (
	"math"
	"math/bits"
)

// F32ToF64 converts binary32 to binary64, which is exact.
func (e *Env) F32ToF64(a uint32) uint64 {
	if a&exp32 != exp32 { // not for NaNs: hosts differ
		return math.Float64bits(float64(math.Float32frombits(a)))
	}
	return e.softF32ToF64(a)
}

func (e *Env) softF32ToF64(a uint32) uint64 {
	return binary64.pack(e.resize(&binary64, unpack32(a)))
}

// F64ToF32 converts binary64 to binary32.
func (e *Env) F64ToF32(a uint64) uint32 {
	if e.Rounding == RNE {
		x := math.Float64frombits(a)
		f := float32(x)
		if r := math.Float32bits(f); sure32(r) || x == 0 {
			if float64(f) != x {
				e.raise(Inexact)
			}
			return r
		}
	}
	return e.softF64ToF32(a)
}

func (e *Env) softF64ToF32(a uint64) uint32 {
	return pack32(e.resize(&binary32, binary64.unpack(a)))
}

// resize converts a number of another format to f.
func (e *Env) resize(f *format, a num) num {
	switch {
	case a.isNaN():
		return e.propagate(f, a, a, a)
	case a.class == infinite:
		return f.infinity(a.neg)
	case a.class == zero:
		return f.zero(a.neg)
	}
	return e.round(f, a.neg, a.exp, a.sig, 0)
}

// fromInt converts the integer ±mag, not 0, to f.
func (e *Env) fromInt(f *format, neg bool, mag uint64) num {
	z := bits.LeadingZeros64(mag)
	return e.round(f, neg, 63-z, mag<<uint(z), 0)
}

// magnitude splits a signed integer.
func magnitude(i int64) (neg bool, mag uint64) {
	if i < 0 {
		return true, -uint64(i)
	}
	return false, uint64(i)
}

// Int32ToF64 converts a signed 32-bit integer to binary64, which is exact.
func (e *Env) Int32ToF64(i int32) uint64 { return math.Float64bits(float64(i)) }

// Uint32ToF64 converts an unsigned 32-bit integer to binary64, which is exact.
func (e *Env) Uint32ToF64(u uint32) uint64 { return math.Float64bits(float64(u)) }

// Int64ToF64 converts a signed 64-bit integer to binary64.
func (e *Env) Int64ToF64(i int64) uint64 {
	const exact = 1 << 53
	if -exact <= i && i <= exact {
		return math.Float64bits(float64(i))
	}
	neg, mag := magnitude(i)
	return binary64.pack(e.fromInt(&binary64, neg, mag))
}

// Uint64ToF64 converts an unsigned 64-bit integer to binary64.
func (e *Env) Uint64ToF64(u uint64) uint64 {
	if u <= 1<<53 {
		return math.Float64bits(float64(u))
	}
	return binary64.pack(e.fromInt(&binary64, false, u))
}

// Int32ToF32 converts a signed 32-bit integer to binary32.
func (e *Env) Int32ToF32(i int32) uint32 { return e.Int64ToF32(int64(i)) }

// Uint32ToF32 converts an unsigned 32-bit integer to binary32.
func (e *Env) Uint32ToF32(u uint32) uint32 { return e.Uint64ToF32(uint64(u)) }

// Int64ToF32 converts a signed 64-bit integer to binary32.
func (e *Env) Int64ToF32(i int64) uint32 {
	const exact = 1 << 24
	if -exact <= i && i <= exact {
		return math.Float32bits(float32(i))
	}
	neg, mag := magnitude(i)
	return pack32(e.fromInt(&binary32, neg, mag))
}

// Uint64ToF32 converts an unsigned 64-bit integer to binary32.
func (e *Env) Uint64ToF32(u uint64) uint32 {
	if u <= 1<<24 {
		return math.Float32bits(float32(u))
	}
	return pack32(e.fromInt(&binary32, false, u))
}

// toInt rounds a to an integer and returns it in two's complement, as an
// integer of the given width in bits, 8 to 64, extended to 64 bits. Out of
// range and NaN are Invalid, with a result by e.Ints.
func (e *Env) toInt(a num, width uint, signed bool) uint64 {
	limit := uint64(math.MaxUint64) >> (64 - width) // the largest magnitude
	switch {
	case signed && a.neg:
		limit = 1 << (width - 1)
	case signed:
		limit >>= 1
	case a.neg:
		limit = 0
	}

	var mag, rest uint64 // the integer, and the fraction in 2⁻⁶⁴, sticky
	fits := true
	switch {
	case a.class == zero:
	case a.class != finite || a.exp > 63:
		fits = false
	case a.exp >= 0:
		mag, rest = a.sig>>uint(63-a.exp), a.sig<<uint(a.exp+1)
	case a.exp == -1:
		rest = a.sig
	default:
		rest = 1
	}
	up := e.Rounding.up(a.neg, mag&1 != 0, rest)
	if up {
		mag++ // no carry: with a rest, mag < 2⁶³
	}
	if !fits || mag > limit {
		e.raise(Invalid)
		return e.noInt(a, width, signed, limit)
	}
	if rest != 0 {
		e.raise(Inexact)
		e.Up = e.Up || up
	}
	if a.neg {
		return -mag
	}
	return mag
}

// noInt is the result of converting a, which fits no integer of the type.
func (e *Env) noInt(a num, width uint, signed bool, limit uint64) uint64 {
	largest := uint64(math.MaxUint64) >> (64 - width)
	switch {
	case e.Ints == IntIndefinite && signed:
		return -(uint64(1) << (width - 1))
	case e.Ints == IntIndefinite:
		return largest
	case a.isNaN() && signed:
		return largest >> 1
	case a.isNaN():
		return largest
	case a.neg:
		return -limit
	}
	return limit
}

// hostTrunc converts x to an integer towards zero if it lies strictly between
// low and high, which lie in [−2⁶³, 2⁶³].
func (e *Env) hostTrunc(x, low, high float64) (int64, bool) {
	if !(e.Rounding == RTZ && low < x && x < high) {
		return 0, false
	}
	i := int64(x)
	if float64(i) != x {
		e.raise(Inexact)
	}
	return i, true
}

// F64ToInt32 converts binary64 to a signed 32-bit integer.
func (e *Env) F64ToInt32(a uint64) int32 {
	if i, ok := e.hostTrunc(math.Float64frombits(a), -1<<31-1, 1<<31); ok {
		return int32(i)
	}
	return int32(e.toInt(binary64.unpack(a), 32, true))
}

// F64ToUint32 converts binary64 to an unsigned 32-bit integer.
func (e *Env) F64ToUint32(a uint64) uint32 {
	if i, ok := e.hostTrunc(math.Float64frombits(a), -1, 1<<32); ok {
		return uint32(i)
	}
	return uint32(e.toInt(binary64.unpack(a), 32, false))
}

// F64ToInt64 converts binary64 to a signed 64-bit integer.
func (e *Env) F64ToInt64(a uint64) int64 {
	if i, ok := e.hostTrunc(math.Float64frombits(a), -1<<63, 1<<63); ok {
		return i
	}
	return int64(e.toInt(binary64.unpack(a), 64, true))
}

// F64ToUint64 converts binary64 to an unsigned 64-bit integer.
func (e *Env) F64ToUint64(a uint64) uint64 {
	if i, ok := e.hostTrunc(math.Float64frombits(a), -1, 1<<63); ok {
		return uint64(i)
	}
	return e.toInt(binary64.unpack(a), 64, false)
}

// From binary32 the way over binary64 loses nothing: widening is exact, and the
// Invalid it raises for a signaling NaN is due in any case.

// F32ToInt32 converts binary32 to a signed 32-bit integer.
func (e *Env) F32ToInt32(a uint32) int32 { return e.F64ToInt32(e.F32ToF64(a)) }

// F32ToUint32 converts binary32 to an unsigned 32-bit integer.
func (e *Env) F32ToUint32(a uint32) uint32 { return e.F64ToUint32(e.F32ToF64(a)) }

// F32ToInt64 converts binary32 to a signed 64-bit integer.
func (e *Env) F32ToInt64(a uint32) int64 { return e.F64ToInt64(e.F32ToF64(a)) }

// F32ToUint64 converts binary32 to an unsigned 64-bit integer.
func (e *Env) F32ToUint64(a uint32) uint64 { return e.F64ToUint64(e.F32ToF64(a)) }
