package values

import (
	"encoding/binary"
	"math"
	"math/big"
)

// Floats of 16 bytes have one of two formats: IEEE binary128 (RISC-V, arm64), or
// the x87's 80 bits padded (amd64).
const (
	quadPrec = 113
	x87Prec  = 64
	extBias  = 16383 // of both
)

// decodeFloat reads a float of 2, 4, 8, 10 or 16 bytes. long is nil up to 8
// bytes, and for infinities and NaN.
func decodeFloat(b []byte, x87 bool) (f float64, long *big.Float, ok bool) {
	switch len(b) {
	case 2:
		return halfFloat(binary.LittleEndian.Uint16(b)), nil, true
	case 4:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), nil, true
	case 8:
		return math.Float64frombits(binary.LittleEndian.Uint64(b)), nil, true
	case 10, 12:
		return decodeX87(b)
	case 16:
		if x87 {
			return decodeX87(b)
		}
		return decodeQuad(b)
	}
	return 0, nil, false
}

// halfFloat is IEEE binary16.
func halfFloat(h uint16) float64 {
	exp, frac := int(h>>10&31), float64(h&0x3ff)
	var f float64
	switch exp {
	case 0:
		f = math.Ldexp(frac, -24)
	case 31:
		f = math.Inf(1)
		if frac != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(frac+1024, exp-25)
	}
	if h>>15 != 0 {
		f = -f
	}
	return f
}

func decodeQuad(b []byte) (float64, *big.Float, bool) {
	lo, hi := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	neg, exp := hi>>63 != 0, int(hi>>48&0x7fff)
	hi &= 1<<48 - 1
	if exp == 0x7fff {
		return special(neg, hi|lo != 0)
	}
	if exp == 0 {
		exp = 1
	} else {
		hi |= 1 << 48
	}
	m := new(big.Int).SetUint64(hi)
	m.Lsh(m, 64).Or(m, new(big.Int).SetUint64(lo))
	return extended(m, exp-extBias-112, neg, quadPrec)
}

func decodeX87(b []byte) (float64, *big.Float, bool) {
	m, se := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint16(b[8:])
	neg, exp := se>>15 != 0, int(se&0x7fff)
	if exp == 0x7fff {
		return special(neg, m<<1 != 0)
	}
	return extended(new(big.Int).SetUint64(m), max(exp, 1)-extBias-63, neg, x87Prec)
}

func special(neg, nan bool) (float64, *big.Float, bool) {
	f := math.Inf(1)
	if nan {
		f = math.NaN()
	}
	if neg {
		f = math.Copysign(f, -1)
	}
	return f, nil, true
}

func extended(m *big.Int, exp int, neg bool, prec uint) (float64, *big.Float, bool) {
	x := new(big.Float).SetPrec(prec).SetInt(m)
	x.SetMantExp(x, exp)
	if neg {
		x.Neg(x)
	}
	f, _ := x.Float64()
	return f, x, true
}

// encodeFloat writes f as a float of len(b) bytes.
func encodeFloat(b []byte, f float64, x87 bool) {
	switch len(b) {
	case 4:
		binary.LittleEndian.PutUint32(b, math.Float32bits(float32(f)))
	case 8:
		binary.LittleEndian.PutUint64(b, math.Float64bits(f))
	case 10, 12:
		encodeExtended(b, f, true)
	case 16:
		encodeExtended(b, f, x87)
	}
}

// encodeExtended writes f, exactly, in the x87's format or in that of 16 bytes.
func encodeExtended(b []byte, f float64, x87 bool) {
	var sign uint64
	if math.Signbit(f) {
		sign = 1
	}
	var exp, m uint64 // m has its leading one at bit 63
	switch {
	case math.IsNaN(f):
		exp, m = 0x7fff, 3<<62
	case math.IsInf(f, 0):
		exp, m = 0x7fff, 1<<63
	case f != 0:
		frac, e := math.Frexp(math.Abs(f)) // 0.5 ≤ frac < 1
		exp, m = uint64(e-1+extBias), uint64(math.Ldexp(frac, 64))
	}
	if x87 {
		binary.LittleEndian.PutUint64(b, m)
		binary.LittleEndian.PutUint16(b[8:], uint16(sign<<15|exp))
		return
	}
	m <<= 1 // without the leading one: 63 bits of the fraction's 112
	binary.LittleEndian.PutUint64(b, m<<48)
	binary.LittleEndian.PutUint64(b[8:], sign<<63|exp<<48|m>>16)
}
