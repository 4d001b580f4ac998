//go:build linux && amd64

package amd64_test

import (
	"encoding/binary"
	"math"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
)

// How operands are chosen. Kinds, as the tables name them: "int" general
// registers; "ps", "pd" vectors of floats; "ss", "sd" the same, with the upper
// part anything; "pi" vectors of integers; "x87".

// value64 is an integer: any, small, near a power of two, or with repeated
// parts.
func (g *gen) value64() uint64 {
	switch g.IntN(6) {
	case 0:
		return g.Uint64N(256) - 128
	case 1:
		return uint64(1)<<g.UintN(64) + g.Uint64N(3) - 1
	case 2:
		return -(uint64(1) << g.UintN(64))
	case 3:
		return pick(g, []uint64{0, 1, math.MaxUint64, 1 << 31, 1 << 63, 0x7fffffff, 0xffffffff, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 1<<63 - 1, 0xffffffff80000000})
	}
	return g.Uint64() >> (g.UintN(2) * g.UintN(64))
}

var floats32 = []uint32{
	0, 0x80000000, 0x3f800000, 0xbf800000, 1, 0x80000001, 0x7fffff, 0x807fffff, 0x800000, 0x80800000, 0x7f7fffff, 0xff7fffff,
	0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7fc12345, 0x7f800001, 0xffbfffff, 0x3f000000, 0xbf000000, 0x3fc00000, 0x40200000,
	0x4f000000, 0xcf000000, 0x5f000000, 0xdf000000, 0x4effffff, 0x4b000001, 0x3f7fffff, 0x3f800001, 0x00ffffff, 0x34000000,
}

// float32 is a single: special, near 1, or anything.
func (g *gen) float32() uint32 {
	switch g.IntN(4) {
	case 0:
		return pick(g, floats32)
	case 1:
		return g.Uint32()&0x80000000 | (122+g.Uint32N(10))<<23 | g.Uint32()>>9
	case 2: // few digits, small exponents: exact results and ties
		return g.Uint32()&0x80000000 | (120+g.Uint32N(40))<<23 | g.Uint32N(8)<<20
	}
	return g.Uint32()
}

// float64 is a double: special, near 1, or anything.
func (g *gen) float64() uint64 {
	switch g.IntN(5) {
	case 0: // the same specials
		return widen(pick(g, floats32))
	case 1:
		return g.Uint64()&(1<<63) | (1018+g.Uint64N(10))<<52 | g.Uint64()>>12
	case 2:
		return g.Uint64()&(1<<63) | (1016+g.Uint64N(80))<<52 | g.Uint64N(8)<<49
	case 3: // near the limits of singles
		return g.Uint64()&(1<<63) | pick(g, []uint64{873, 874, 895, 896, 897, 1149, 1150, 1151})<<52 | g.Uint64()>>12&^(1<<g.UintN(52)-1)
	}
	return g.Uint64()
}

// widen maps each special single to the double that plays the same part.
func widen(v uint32) uint64 {
	sign, exp, frac := uint64(v>>31)<<63, uint64(v>>23&0xff), uint64(v&0x7fffff)
	switch exp {
	case 0, 1:
	case 0xff:
		exp = 0x7ff
		frac = frac&^3<<29 | frac&3
	case 0xfe:
		exp = 0x7fe
	default:
		exp += 1023 - 127
	}
	if frac == 0x7fffff {
		frac = 1<<52 - 1
	}
	if frac > 1 && exp != 0x7ff && frac>>23 == 0 {
		frac <<= 29
	}
	return sign | exp<<52 | frac
}

var floats80 = []float80{
	{0, 0}, {0, 0x8000}, {1 << 63, 0x3fff}, {1 << 63, 0xbfff}, {1, 0}, {1<<63 - 1, 0x8000}, {1 << 63, 0}, {1 << 63, 1}, {math.MaxUint64, 0x7ffe},
	{1 << 63, 0x7fff}, {1 << 63, 0xffff}, {3 << 62, 0x7fff}, {3 << 62, 0xffff}, {1<<63 | 1, 0x7fff}, {0xc000000000012345, 0xffff},
	{0x8000000000000123, 0xffff},                                                // a signalling NaN
	{0, 0x7fff}, {1 << 62, 0x7fff}, {0, 0x3fff}, {1, 0x4000}, {1 << 62, 0x3fff}, // unsupported formats
	{1 << 63, 0x3ffe}, {3 << 62, 0x3fff}, {5 << 61, 0x4000}, {1 << 63, 0x401e}, {1 << 63, 0xc01e}, {1 << 63, 0x403e}, {1 << 63, 0xc03e},
	{math.MaxUint64, 0x403e}, {0xc90fdaa22168c235, 0x4000}, {1 << 63, 0x400e}, {0xffff800000000000, 0x400d}, {math.MaxUint64, 0x3ffe},
	{0xde0b6b3a763ffff0, 0x403a}, {0x8ac7230489e80000, 0x403f},
}

// float80 is an extended double: special, near 1, a widened single or double,
// or anything.
func (g *gen) float80() float80 {
	sign := uint16(g.Uint32() & 0x8000)
	switch g.IntN(6) {
	case 0:
		return pick(g, floats80)
	case 1:
		return float80{1<<63 | g.Uint64(), sign | uint16(0x3fff-5+g.IntN(10))}
	case 2:
		return float80{1<<63 | g.Uint64N(8)<<60, sign | uint16(0x3fff-6+g.IntN(80))}
	case 3:
		return float80{(1<<63 | g.Uint64()) &^ (1<<g.UintN(63) - 1), sign | uint16(0x3fff-2+g.IntN(70))}
	case 4: // near the limits of the smaller formats
		return float80{(1<<63 | g.Uint64()) &^ (1<<g.UintN(63) - 1), sign | uint16(0x3fff+pick(g, []int{-1080, -1074, -1023, -1022, -150, -127, -126, 127, 128, 1023, 1024, -16380, 16380}))}
	}
	return float80{1<<63 | g.Uint64(), uint16(g.Uint32())}
}

// vector is a 16-byte operand.
func (g *gen) vector(values string) [2]uint64 {
	switch values {
	case "ps", "ss":
		return [2]uint64{uint64(g.float32()) | uint64(g.float32())<<32, uint64(g.float32()) | uint64(g.float32())<<32}
	case "pd", "sd":
		return [2]uint64{g.float64(), g.float64()}
	case "str": // few different bytes and words, zeros among them
		var v [2]uint64
		for i := range v {
			for j := range 8 {
				v[i] |= uint64(pick(g, []byte{0, 1, 1, 2, 2, 3, 0xff, 0x80, 'a', 'b', 'z'})) << (8 * j)
			}
			if g.one(3) {
				v[i] &= 0x00ff00ff00ff00ff
			}
		}
		return v
	}
	return [2]uint64{g.packed(), g.packed()}
}

// packed is 8 bytes of integers of some width.
func (g *gen) packed() uint64 {
	var v uint64
	switch g.IntN(5) {
	case 0:
		for i := range 8 {
			v |= uint64(pick(g, []byte{0, 1, 0x7f, 0x80, 0x81, 0xff, byte(g.Uint32())})) << (8 * i)
		}
	case 1:
		for i := range 4 {
			v |= uint64(pick(g, []uint16{0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x7f, 0x80, 0xff80, 0xff7f, 0xff, 0x100, uint16(g.Uint32())})) << (16 * i)
		}
	case 2:
		for i := range 2 {
			v |= uint64(pick(g, []uint32{0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fff, 0xffff8000, 0x8000, 0xffff, 0x10000, g.Uint32()})) << (32 * i)
		}
	case 3:
		return g.value64()
	default:
		return g.Uint64()
	}
	return v
}

// bytes is n bytes of operands of the kind.
func (g *gen) bytes(values string, n uint64) []byte {
	var b []byte
	for uint64(len(b)) < n {
		switch {
		case values == "x87" && n == 10:
			f := g.float80()
			b = binary.LittleEndian.AppendUint64(b, f.Mant)
			b = binary.LittleEndian.AppendUint16(b, f.Exp)
		case values == "x87" && n == 8 && g.one(2):
			b = binary.LittleEndian.AppendUint64(b, g.float64())
		case values == "x87" && n == 4 && g.one(2):
			b = binary.LittleEndian.AppendUint32(b, g.float32())
		case values == "x87" || values == "int":
			b = binary.LittleEndian.AppendUint64(b, g.value64())
		default:
			v := g.vector(values)
			b = binary.LittleEndian.AppendUint64(b, v[0])
			b = binary.LittleEndian.AppendUint64(b, v[1])
		}
	}
	return b[:n]
}

// operand puts a value of the form's kind at an address.
func (g *gen) operand(k *testCase, f *form, at uint64) {
	n := f.size
	if n == 0 {
		n = 8
	}
	k.poke(at, g.bytes(f.values, min(n, 16)))
}

// poke changes what is in the window before the case, as far as it is in the
// window. Sequences take what is there: a case can describe one changed place.
func (k *testCase) poke(at uint64, b []byte) {
	if !k.several && at >= windowAt && at+uint64(len(b)) <= windowAt+pageSize {
		copy(k.in.Window[at-windowAt:], b)
	}
}

const mxcsrDefault = 0x1f80

// state fills the registers before an instruction of form f.
func (g *gen) state(s *state, f *form) {
	s.Window = *g.window
	for i := range s.GPR {
		s.GPR[i] = g.value64()
	}
	s.GPR[amd64.RSP] = windowAt + 0x800 + g.Uint64N(64)*8
	s.Flags = 0x202 | g.Uint64()&amd64.FlagsArith
	if g.one(4) {
		s.Flags |= amd64.FlagDF
	}
	for i := range s.XMM {
		s.XMM[i] = g.vector(f.values)
	}
	s.MXCSR = mxcsrDefault
	if !g.one(3) {
		s.MXCSR |= g.Uint32() & 0x6000 // rounding
	}
	if g.one(4) {
		s.MXCSR |= g.Uint32() & 0x803f // flush to zero, flags
	}
	if g.one(4) {
		s.MXCSR |= 0x40 // denormals are zeros
	}
	if g.one(8) {
		s.MXCSR &^= g.Uint32() & 0x1f80 // exceptions
	}
	g.x87State(s, f)
}

// x87State fills the x87 registers: what MMX and x87 instructions find in them.
func (g *gen) x87State(s *state, f *form) {
	s.FCW = 0x37f
	if !g.one(3) {
		s.FCW = s.FCW&^0xf00 | uint16(g.Uint32()&0xc00|pick(g, []uint32{0, 2, 3, 3, 3})<<8)
	}
	if g.one(8) {
		s.FCW &^= uint16(g.Uint32() & 0x3f)
	}
	s.FSW = uint16(g.Uint32() & 0x7800) // top, C3
	s.FSW |= uint16(g.Uint32() & 0x0700 & (g.Uint32() | -(g.Uint32() & 1)))
	if g.one(8) {
		s.FSW |= uint16(g.Uint32() & 0x7f)
	}
	if s.FSW&^s.FCW&0x3f != 0 { // as hardware sees it: a pending exception
		if g.one(8) {
			s.FSW |= 0x8080
		} else {
			s.FSW &^= 0x7f
		}
	}
	s.FTag = 0xff
	if g.one(3) {
		s.FTag = uint8(g.Uint32())
	}
	for i := range s.FP {
		switch {
		case f.mmx:
			s.FP[i] = float80{g.packed(), 0xffff}
		case f.x87:
			s.FP[i] = g.float80()
		default:
			s.FP[i] = float80{1 << 63, 0x3fff}
		}
	}
}
