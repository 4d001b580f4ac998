package softfloat

// F32ToF80 converts binary32 to F80, which is exact. Unlike in the other
// conversions, a denormal operand raises Denormal.
func (e *Env) F32ToF80(a uint32) F80 {
	if a&exp32 == 0 && a&^sign32 != 0 {
		e.raise(Denormal)
	}
	return pack80(e.resize(&binary80, unpack32(a)))
}

// F64ToF80 converts binary64 to F80, as F32ToF80 does.
func (e *Env) F64ToF80(a uint64) F80 {
	if a&exp64 == 0 && a&^sign64 != 0 {
		e.raise(Denormal)
	}
	return pack80(e.resize(&binary80, binary64.unpack(a)))
}

// Widen32 makes an operand of arithmetic on F80 out of a binary32. A signaling
// NaN stays one, and that it is denormal comes to light in the operation: an Env
// is good for one operation with such operands.
func (e *Env) Widen32(a uint32) F80 {
	e.denormals = e.denormals || a&exp32 == 0 && a&^sign32 != 0
	return widen(unpack32(a))
}

// Widen64 is Widen32 for binary64.
func (e *Env) Widen64(a uint64) F80 {
	e.denormals = e.denormals || a&exp64 == 0 && a&^sign64 != 0
	return widen(binary64.unpack(a))
}

func widen(n num) F80 {
	if n.class >= infinite {
		n.exp = binary80.emax + 1
	}
	return pack80(n)
}

// F80ToF32 converts a to binary32.
func (e *Env) F80ToF32(a F80) uint32 { return pack32(e.resize(&binary32, a.unpack())) }

// F80ToF64 converts a to binary64.
func (e *Env) F80ToF64(a F80) uint64 { return binary64.pack(e.resize(&binary64, a.unpack())) }

// Int64ToF80 converts an integer, which is exact.
func (e *Env) Int64ToF80(i int64) F80 {
	if i == 0 {
		return F80{}
	}
	neg, mag := magnitude(i)
	return pack80(normal(neg, mag))
}

// F80ToInt16 converts a to a signed 16-bit integer.
func (e *Env) F80ToInt16(a F80) int16 { return int16(e.toInt(a.unpack(), 16, true)) }

// F80ToInt32 converts a to a signed 32-bit integer.
func (e *Env) F80ToInt32(a F80) int32 { return int32(e.toInt(a.unpack(), 32, true)) }

// F80ToInt64 converts a to a signed 64-bit integer.
func (e *Env) F80ToInt64(a F80) int64 { return int64(e.toInt(a.unpack(), 64, true)) }

// BCD is a packed decimal integer: 18 digits, two to a byte, the lowest first,
// and a byte whose top bit is the sign (Intel SDM volume 1, section 4.7).
type BCD [10]byte

// maxBCD is the largest magnitude of a BCD.
const maxBCD = 1e18 - 1

// IndefiniteBCD is the result of an invalid conversion.
var IndefiniteBCD = BCD{7: 0xc0, 8: 0xff, 9: 0xff}

// BCDToF80 converts a decimal integer, which is exact. Digits above 9, which have
// no defined meaning, count as their value.
func (e *Env) BCDToF80(b BCD) F80 {
	var mag uint64
	for i := 8; i >= 0; i-- {
		mag = mag*100 + uint64(b[i]>>4)*10 + uint64(b[i]&15)
	}
	neg := b[9]&0x80 != 0
	if mag == 0 {
		return pack80(binary80.zero(neg))
	}
	return pack80(normal(neg, mag))
}

// F80ToBCD rounds a to a decimal integer. What does not fit raises Invalid.
func (e *Env) F80ToBCD(a F80) BCD {
	x := *e
	x.Flags, x.Ints = 0, IntIndefinite
	i := x.F80ToInt64(a)
	_, mag := magnitude(i)
	if x.Flags&Invalid != 0 || mag > maxBCD {
		e.raise(Invalid)
		return IndefiniteBCD
	}
	e.raise(x.Flags)
	e.Up = x.Up
	var b BCD
	for n := range 9 {
		d := mag % 100
		mag /= 100
		b[n] = byte(d/10<<4 | d%10)
	}
	if a.Neg() {
		b[9] = 0x80
	}
	return b
}
