package softfloat

import "math/bits"

// format describes a binary format of at most 64 significant bits.
type format struct {
	prec  uint // significant bits, the integer bit included
	width uint // bits of the interchange pattern
	emin  int  // exponent of the smallest normal number
	emax  int  // exponent of the largest finite number
}

// The interchange formats (IEEE 754-2019 table 3.5).
var (
	binary32 = format{prec: 24, width: 32, emin: -126, emax: 127}
	binary64 = format{prec: 53, width: 64, emin: -1022, emax: 1023}
)

// class is what kind of datum a num is.
type class uint8

const (
	zero class = iota
	finite
	infinite
	quietNaN
	signalingNaN
	unsupported // a pattern of F80 that is no number: see F80
)

// num is an unpacked datum. A finite one is ±sig/2⁶³ × 2^exp. Operands have
// bit 63 of sig set; a result of round that is subnormal has it clear and exp =
// emin, which is the form that pack wants. An infinity and a NaN have exp =
// emax+1 and bit 63 set; a NaN's payload lies below it, the quiet bit on top,
// as in x87's registers: so payloads keep their meaning between formats.
type num struct {
	sig   uint64
	exp   int
	class class
	neg   bool
}

const (
	intBit   = 1 << 63 // of a num's sig
	quietBit = 1 << 62
)

// isNaN reports a datum that no arithmetic works on.
func (n num) isNaN() bool { return n.class >= quietNaN }

// unpack decodes an interchange pattern, in the low f.width bits.
func (f *format) unpack(pattern uint64) num {
	fracBits := f.prec - 1
	n := num{
		neg: pattern>>(f.width-1)&1 != 0,
		sig: pattern << (64 - fracBits) >> 1,
	}
	biased := int(pattern >> fracBits & (1<<(f.width-f.prec) - 1))
	n.exp = biased + f.emin - 1
	switch {
	case n.exp > f.emax:
		switch {
		case n.sig == 0:
			n.class = infinite
		case n.sig&quietBit != 0:
			n.class = quietNaN
		default:
			n.class = signalingNaN
		}
		n.sig |= intBit
	case biased != 0:
		n.class = finite
		n.sig |= intBit
	case n.sig != 0: // subnormal
		n.class = finite
		z := bits.LeadingZeros64(n.sig)
		n.sig <<= uint(z)
		n.exp = f.emin - z
	default:
		n.exp = f.emin
	}
	return n
}

// pack encodes what round, infinity, zero or a NaN function returned. Adding
// rather than or-ing the significand makes its integer bit the exponent's last
// step: biased exponent 1 with the bit, 0 (subnormal) without.
func (f *format) pack(n num) uint64 {
	p := uint64(n.exp-f.emin)<<(f.prec-1) + n.sig>>(64-f.prec)
	if n.neg {
		p |= 1 << (f.width - 1)
	}
	return p
}

// infinity is the format's ±∞.
func (f *format) infinity(neg bool) num {
	return num{class: infinite, neg: neg, exp: f.emax + 1, sig: intBit}
}

// zero is the format's ±0.
func (f *format) zero(neg bool) num {
	return num{class: zero, neg: neg, exp: f.emin}
}
