package values

import (
	"encoding/binary"
	"math"
	"math/big"
)

// num is a number taken out of a value.
type num struct {
	kind numKind
	size int        // bytes: 1, 2, 4, 8 or 16 for integers
	u    uint64     // an integer up to 8 bytes, extended to 64 bits by its sign
	wide *big.Int   // an integer of 16 bytes
	f    float64    // a float, or the real part
	im   float64    // the imaginary part
	long *big.Float // a float beyond double, exactly; nil for infinities and NaN
}

type numKind uint8

const (
	numInt numKind = iota // signed
	numUint
	numFloat
	numComplex
)

// truncate reduces v to size bytes and extends it again.
func truncate(v uint64, size int, signed bool) uint64 {
	if size >= 8 {
		return v
	}
	shift := uint(64 - 8*size)
	if signed {
		return uint64(int64(v<<shift) >> shift)
	}
	return v << shift >> shift
}

// decodeInt reads a little-endian integer of 1 to 8 or of 16 bytes.
func decodeInt(b []byte, signed bool) num {
	n := num{kind: numUint, size: len(b)}
	if signed {
		n.kind = numInt
	}
	if len(b) <= 8 {
		var buf [8]byte
		copy(buf[:], b)
		n.u = truncate(binary.LittleEndian.Uint64(buf[:]), len(b), signed)
		return n
	}
	be := make([]byte, len(b))
	for i, x := range b {
		be[len(b)-1-i] = x
	}
	n.wide = wrapWide(new(big.Int).SetBytes(be), len(b), signed)
	return n
}

// wrapWide reduces v to size bytes, as two's complement when signed.
func wrapWide(v *big.Int, size int, signed bool) *big.Int {
	bits := uint(8 * size)
	mod := new(big.Int).Lsh(big.NewInt(1), bits)
	v = new(big.Int).Mod(v, mod) // Euclidean: never negative
	if signed && v.Bit(int(bits)-1) == 1 {
		v.Sub(v, mod)
	}
	return v
}

// isZero reports whether the number is false as a condition.
func (n num) isZero() bool {
	switch {
	case n.kind == numFloat && n.long != nil:
		return n.long.Sign() == 0
	case n.kind == numFloat:
		return n.f == 0
	case n.kind == numComplex:
		return n.f == 0 && n.im == 0
	case n.wide != nil:
		return n.wide.Sign() == 0
	}
	return n.u == 0
}

// bigInt is the value of an integer.
func (n num) bigInt() *big.Int {
	switch {
	case n.wide != nil:
		return n.wide
	case n.kind == numInt:
		return big.NewInt(int64(n.u))
	}
	return new(big.Int).SetUint64(n.u)
}

// float is the value as a double.
func (n num) float() float64 {
	switch {
	case n.kind >= numFloat:
		return n.f
	case n.wide != nil:
		f, _ := new(big.Float).SetInt(n.wide).Float64()
		return f
	case n.kind == numInt:
		return float64(int64(n.u))
	}
	return float64(n.u)
}

// uint64 is the value's low 64 bits; a float is truncated to an integer first,
// as C does, and saturates where C leaves it open.
func (n num) uint64() uint64 {
	switch {
	case n.kind >= numFloat:
		switch f := math.Trunc(n.f); {
		case f != f:
			return 0
		case f < -0x1p63:
			return 1 << 63
		case f < 0:
			return uint64(int64(f))
		case f >= 0x1p64:
			return math.MaxUint64
		default:
			return uint64(f)
		}
	case n.wide != nil:
		return new(big.Int).And(n.wide, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	}
	return n.u
}

// toInt converts to an integer of the size and sign.
func (n num) toInt(size int, signed bool) num {
	out := num{kind: numUint, size: size}
	if signed {
		out.kind = numInt
	}
	if size > 8 {
		v := new(big.Int)
		switch {
		case n.kind < numFloat:
			v = n.bigInt()
		case !math.IsNaN(n.f) && !math.IsInf(n.f, 0):
			big.NewFloat(math.Trunc(n.f)).Int(v)
		}
		out.wide = wrapWide(v, size, signed)
		return out
	}
	out.u = truncate(n.uint64(), size, signed)
	return out
}

// toFloat converts to a float of the size.
func (n num) toFloat(size int) num {
	f := n.float()
	if size == 4 {
		f = float64(float32(f))
	}
	out := num{kind: numFloat, size: size, f: f}
	if size > 8 && n.long != nil {
		out.long = n.long
	}
	return out
}

// bytes encodes the number in guest order. x87 chooses the format of a float of
// 16 bytes.
func (n num) bytes(x87 bool) []byte {
	out := make([]byte, n.size)
	switch {
	case n.kind == numFloat:
		encodeFloat(out, n.f, x87)
	case n.kind == numComplex:
		encodeFloat(out[:n.size/2], n.f, x87)
		encodeFloat(out[n.size/2:], n.im, x87)
	case n.wide != nil:
		v := n.wide
		if v.Sign() < 0 {
			v = new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), uint(8*n.size)))
		}
		v.FillBytes(out)
		for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
			out[i], out[j] = out[j], out[i]
		}
	default:
		var buf [8]byte
		binary.LittleEndian.PutUint64(buf[:], n.u)
		copy(out, buf[:])
	}
	return out
}
