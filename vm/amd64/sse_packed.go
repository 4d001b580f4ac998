package amd64

import "golang.org/x/arch/x86/x86asm"

// Integers side by side in 64 bits: what MMX instructions compute, and SSE's on
// each half of a register. Where it is possible all elements of a word are
// computed at once: h8, h16 and h32 have the top bit of each element set, and
// keep carries from crossing into the next one.

const (
	h8  = 0x8080808080808080
	h16 = 0x8000800080008000
	h32 = 0x8000000080000000
)

// spread makes all bits of an element equal to its top one, where other bits
// are 0.
func spread(h, tops uint64) uint64 {
	low := tops >> topShift(h)
	return low * (h&-h*2 - 1) // element width from the lowest top bit
}

// topShift is the position of an element's top bit.
func topShift(h uint64) uint {
	switch h {
	case h8:
		return 7
	case h16:
		return 15
	}
	return 31
}

func addLanes(h, a, b uint64) uint64 { return a&^h + b&^h ^ (a^b)&h }

func subLanes(h, a, b uint64) uint64 { return (a | h) - b&^h ^ ^(a^b)&h }

// atLeast is all ones in the elements in which a ≥ b, unsigned.
func atLeast(h, a, b uint64) uint64 {
	low := (a | h) - b&^h // top bit: the rest of a is at least the rest of b
	return spread(h, (a&^b|^(a^b)&low)&h)
}

func equalLanes(h, a, b uint64) uint64 { return atLeast(h, 0, a^b) }

// greater is all ones in the elements in which a > b, signed.
func greater(h, a, b uint64) uint64 { return ^atLeast(h, b^h, a^h) }

func choose(mask, a, b uint64) uint64 { return a&mask | b&^mask }

// saturate replaces the elements of sum in which the top bit of overflow is set
// by the limit on the side of a's sign.
func saturate(h, sum, a, overflow uint64) uint64 {
	limit := ^h + a&h>>topShift(h) // 0x7f, or 0x80 for negative a
	return choose(spread(h, overflow&h), limit, sum)
}

func addSigned(h, a, b uint64) uint64 {
	sum := addLanes(h, a, b)
	return saturate(h, sum, a, (a^sum)&(b^sum))
}

func subSigned(h, a, b uint64) uint64 {
	d := subLanes(h, a, b)
	return saturate(h, d, a, (a^b)&(a^d))
}

func addUnsigned(h, a, b uint64) uint64 {
	sum := addLanes(h, a, b)
	return sum | ^atLeast(h, sum, a)
}

func subUnsigned(h, a, b uint64) uint64 { return subLanes(h, a, b) & atLeast(h, a, b) }

// average rounds up; the difference has no borrow between elements.
func average(h, a, b uint64) uint64 { return (a | b) - (a^b)>>1&^h }

func minUnsigned(h, a, b uint64) uint64 { return choose(atLeast(h, b, a), a, b) }
func maxUnsigned(h, a, b uint64) uint64 { return choose(atLeast(h, a, b), a, b) }
func minSigned(h, a, b uint64) uint64   { return choose(greater(h, b, a), a, b) }
func maxSigned(h, a, b uint64) uint64   { return choose(greater(h, a, b), a, b) }

// negateWhere turns the sign of the elements of a under mask.
func negateWhere(h, a, mask uint64) uint64 { return subLanes(h, a^mask, mask) }

func abs(h, a uint64) uint64 { return negateWhere(h, a, spread(h, a&h)) }

// sign gives a, 0 or −a by the sign of b.
func sign(h, a, b uint64) uint64 {
	return negateWhere(h, a, spread(h, b&h)) &^ equalLanes(h, b, 0)
}

// words applies f to the four pairs of signed words.
func words(a, b uint64, f func(x, y int32) int32) (r uint64) {
	for i := 0; i < 64; i += 16 {
		r |= uint64(uint16(f(int32(int16(a>>i)), int32(int16(b>>i))))) << i
	}
	return r
}

func pmulhuw(a, b uint64) (r uint64) {
	for i := 0; i < 64; i += 16 {
		r |= uint64(uint16(a>>i)) * uint64(uint16(b>>i)) >> 16 << i
	}
	return r
}

func pmulhrsw(a, b uint64) uint64 {
	return words(a, b, func(x, y int32) int32 { return (x*y>>14 + 1) >> 1 })
}

func pmaddwd(a, b uint64) (r uint64) {
	for i := 0; i < 64; i += 32 {
		sum := int32(int16(a>>i))*int32(int16(b>>i)) + int32(int16(a>>(i+16)))*int32(int16(b>>(i+16)))
		r |= uint64(uint32(sum)) << i
	}
	return r
}

// pmaddubsw multiplies unsigned bytes of a with signed ones of b.
func pmaddubsw(a, b uint64) (r uint64) {
	for i := 0; i < 64; i += 16 {
		sum := int32(uint8(a>>i))*int32(int8(b>>i)) + int32(uint8(a>>(i+8)))*int32(int8(b>>(i+8)))
		r |= uint64(uint16(clampInt16(sum))) << i
	}
	return r
}

func psadbw(a, b uint64) (sum uint64) {
	d := maxUnsigned(h8, a, b) - minUnsigned(h8, a, b) // no borrows
	const even = 0x00ff00ff00ff00ff
	d = d&even + d>>8&even
	return d * 0x0001000100010001 >> 48
}

func pmulld(a, b uint64) uint64 {
	return uint64(uint32(a)*uint32(b)) | uint64(uint32(a>>32)*uint32(b>>32))<<32
}

func clampInt16(x int32) int16 { return int16(max(-1<<15, min(x, 1<<15-1))) }

// lanes are the instructions that compute each 64 bits of the result from the
// same 64 bits of both operands, the destination first.
var lanes = map[x86asm.Op]func(a, b uint64) uint64{
	x86asm.PANDN:  func(a, b uint64) uint64 { return ^a & b },
	x86asm.ANDNPS: func(a, b uint64) uint64 { return ^a & b },
	x86asm.ANDNPD: func(a, b uint64) uint64 { return ^a & b },

	x86asm.PADDB:   func(a, b uint64) uint64 { return addLanes(h8, a, b) },
	x86asm.PADDW:   func(a, b uint64) uint64 { return addLanes(h16, a, b) },
	x86asm.PADDD:   func(a, b uint64) uint64 { return addLanes(h32, a, b) },
	x86asm.PSUBB:   func(a, b uint64) uint64 { return subLanes(h8, a, b) },
	x86asm.PSUBW:   func(a, b uint64) uint64 { return subLanes(h16, a, b) },
	x86asm.PSUBD:   func(a, b uint64) uint64 { return subLanes(h32, a, b) },
	x86asm.PADDSB:  func(a, b uint64) uint64 { return addSigned(h8, a, b) },
	x86asm.PADDSW:  func(a, b uint64) uint64 { return addSigned(h16, a, b) },
	x86asm.PSUBSB:  func(a, b uint64) uint64 { return subSigned(h8, a, b) },
	x86asm.PSUBSW:  func(a, b uint64) uint64 { return subSigned(h16, a, b) },
	x86asm.PADDUSB: func(a, b uint64) uint64 { return addUnsigned(h8, a, b) },
	x86asm.PADDUSW: func(a, b uint64) uint64 { return addUnsigned(h16, a, b) },
	x86asm.PSUBUSB: func(a, b uint64) uint64 { return subUnsigned(h8, a, b) },
	x86asm.PSUBUSW: func(a, b uint64) uint64 { return subUnsigned(h16, a, b) },

	x86asm.PCMPEQB: func(a, b uint64) uint64 { return equalLanes(h8, a, b) },
	x86asm.PCMPEQW: func(a, b uint64) uint64 { return equalLanes(h16, a, b) },
	x86asm.PCMPEQD: func(a, b uint64) uint64 { return equalLanes(h32, a, b) },
	x86asm.PCMPEQQ: func(a, b uint64) uint64 { return allOnes(a == b) },
	x86asm.PCMPGTB: func(a, b uint64) uint64 { return greater(h8, a, b) },
	x86asm.PCMPGTW: func(a, b uint64) uint64 { return greater(h16, a, b) },
	x86asm.PCMPGTD: func(a, b uint64) uint64 { return greater(h32, a, b) },
	x86asm.PCMPGTQ: func(a, b uint64) uint64 { return allOnes(int64(a) > int64(b)) },

	x86asm.PMINUB: func(a, b uint64) uint64 { return minUnsigned(h8, a, b) },
	x86asm.PMINUW: func(a, b uint64) uint64 { return minUnsigned(h16, a, b) },
	x86asm.PMINUD: func(a, b uint64) uint64 { return minUnsigned(h32, a, b) },
	x86asm.PMAXUB: func(a, b uint64) uint64 { return maxUnsigned(h8, a, b) },
	x86asm.PMAXUW: func(a, b uint64) uint64 { return maxUnsigned(h16, a, b) },
	x86asm.PMAXUD: func(a, b uint64) uint64 { return maxUnsigned(h32, a, b) },
	x86asm.PMINSB: func(a, b uint64) uint64 { return minSigned(h8, a, b) },
	x86asm.PMINSW: func(a, b uint64) uint64 { return minSigned(h16, a, b) },
	x86asm.PMINSD: func(a, b uint64) uint64 { return minSigned(h32, a, b) },
	x86asm.PMAXSB: func(a, b uint64) uint64 { return maxSigned(h8, a, b) },
	x86asm.PMAXSW: func(a, b uint64) uint64 { return maxSigned(h16, a, b) },
	x86asm.PMAXSD: func(a, b uint64) uint64 { return maxSigned(h32, a, b) },

	x86asm.PAVGB:  func(a, b uint64) uint64 { return average(h8, a, b) },
	x86asm.PAVGW:  func(a, b uint64) uint64 { return average(h16, a, b) },
	x86asm.PABSB:  func(_, b uint64) uint64 { return abs(h8, b) },
	x86asm.PABSW:  func(_, b uint64) uint64 { return abs(h16, b) },
	x86asm.PABSD:  func(_, b uint64) uint64 { return abs(h32, b) },
	x86asm.PSIGNB: func(a, b uint64) uint64 { return sign(h8, a, b) },
	x86asm.PSIGNW: func(a, b uint64) uint64 { return sign(h16, a, b) },
	x86asm.PSIGND: func(a, b uint64) uint64 { return sign(h32, a, b) },

	x86asm.PMULLW: func(a, b uint64) uint64 {
		return words(a, b, func(x, y int32) int32 { return x * y })
	},
	x86asm.PMULHW: func(a, b uint64) uint64 {
		return words(a, b, func(x, y int32) int32 { return x * y >> 16 })
	},
	x86asm.PMULHUW:   pmulhuw,
	x86asm.PMULHRSW:  pmulhrsw,
	x86asm.PMULLD:    pmulld,
	x86asm.PMULUDQ:   func(a, b uint64) uint64 { return uint64(uint32(a)) * uint64(uint32(b)) },
	x86asm.PMULDQ:    func(a, b uint64) uint64 { return uint64(int64(int32(a)) * int64(int32(b))) },
	x86asm.PMADDWD:   pmaddwd,
	x86asm.PMADDUBSW: pmaddubsw,
	x86asm.PSADBW:    psadbw,
}

func allOnes(b bool) uint64 {
	if b {
		return ^uint64(0)
	}
	return 0
}

// shifts are the shifts of each element by n bits, any n.
var shifts = map[x86asm.Op]func(a, n uint64) uint64{
	x86asm.PSLLW: func(a, n uint64) uint64 { return shiftLeft(h16, a, n) },
	x86asm.PSLLD: func(a, n uint64) uint64 { return shiftLeft(h32, a, n) },
	x86asm.PSLLQ: func(a, n uint64) uint64 { return a << n },
	x86asm.PSRLW: func(a, n uint64) uint64 { return shiftRight(h16, a, n) },
	x86asm.PSRLD: func(a, n uint64) uint64 { return shiftRight(h32, a, n) },
	x86asm.PSRLQ: func(a, n uint64) uint64 { return a >> n },
	x86asm.PSRAW: func(a, n uint64) uint64 { return shiftSigned(h16, a, n) },
	x86asm.PSRAD: func(a, n uint64) uint64 { return shiftSigned(h32, a, n) },
}

// ones has the bits in [lo, width) of each element set.
func ones(h uint64, lo uint64) uint64 {
	each := h >> topShift(h) // the lowest bit of each element
	return (each << topShift(h) << 1) - each<<lo
}

func shiftLeft(h, a, n uint64) uint64 {
	if n > uint64(topShift(h)) {
		return 0
	}
	return a << n & ones(h, n)
}

func shiftRight(h, a, n uint64) uint64 {
	if n > uint64(topShift(h)) {
		return 0
	}
	return a & ones(h, n) >> n
}

func shiftSigned(h, a, n uint64) uint64 {
	n = min(n, uint64(topShift(h)))
	return shiftRight(h, a, n) | spread(h, a&h)&^(ones(h, n)>>n)
}

// joins are the instructions that make 64 bits of the result from 128 bits of an
// operand: from the destination the low half, from the source the high one. In
// MMX lo is the destination and hi the source.
var joins = map[x86asm.Op]func(lo, hi uint64) uint64{
	x86asm.PACKSSWB: packBytes(-1<<7, 1<<7-1),
	x86asm.PACKUSWB: packBytes(0, 1<<8-1),
	x86asm.PACKSSDW: packWords(-1<<15, 1<<15-1),
	x86asm.PACKUSDW: packWords(0, 1<<16-1),

	x86asm.PHADDW: func(lo, hi uint64) uint64 { return pairWords(lo, hi, func(x, y int32) int32 { return x + y }) },
	x86asm.PHSUBW: func(lo, hi uint64) uint64 { return pairWords(lo, hi, func(x, y int32) int32 { return x - y }) },
	x86asm.PHADDSW: func(lo, hi uint64) uint64 {
		return pairWords(lo, hi, func(x, y int32) int32 { return int32(clampInt16(x + y)) })
	},
	x86asm.PHSUBSW: func(lo, hi uint64) uint64 {
		return pairWords(lo, hi, func(x, y int32) int32 { return int32(clampInt16(x - y)) })
	},
	x86asm.PHADDD: func(lo, hi uint64) uint64 { return uint64(uint32(lo+lo>>32)) | (hi+hi>>32)<<32 },
	x86asm.PHSUBD: func(lo, hi uint64) uint64 { return uint64(uint32(lo-lo>>32)) | (hi-hi>>32)<<32 },
}

// packBytes narrows words to bytes in [low, high].
func packBytes(low, high int16) func(lo, hi uint64) uint64 {
	return func(lo, hi uint64) (r uint64) {
		for i := 0; i < 4; i++ {
			r |= uint64(uint8(max(low, min(int16(lo>>(16*i)), high)))) << (8 * i)
			r |= uint64(uint8(max(low, min(int16(hi>>(16*i)), high)))) << (8*i + 32)
		}
		return r
	}
}

// packWords narrows doublewords to words in [low, high].
func packWords(low, high int32) func(lo, hi uint64) uint64 {
	narrow := func(x uint64) uint64 { return uint64(uint16(max(low, min(int32(x), high)))) }
	return func(lo, hi uint64) uint64 {
		return narrow(lo) | narrow(lo>>32)<<16 | narrow(hi)<<32 | narrow(hi>>32)<<48
	}
}

// pairWords applies f to neighbouring words.
func pairWords(lo, hi uint64, f func(x, y int32) int32) (r uint64) {
	for i := 0; i < 2; i++ {
		r |= uint64(uint16(f(int32(int16(lo>>(32*i))), int32(int16(lo>>(32*i+16)))))) << (16 * i)
		r |= uint64(uint16(f(int32(int16(hi>>(32*i))), int32(int16(hi>>(32*i+16)))))) << (16*i + 32)
	}
	return r
}

// unpacks interleave the elements of the low 32 bits of a and b, a first. MMX's
// and SSE's forms for high elements give the upper bits.
var unpacks = map[x86asm.Op]struct {
	f    func(a, b uint64) uint64
	high bool
}{
	x86asm.PUNPCKLBW: {interleaveBytes, false},
	x86asm.PUNPCKLWD: {interleaveWords, false},
	x86asm.PUNPCKLDQ: {interleaveDwords, false},
	x86asm.UNPCKLPS:  {interleaveDwords, false},
	x86asm.PUNPCKHBW: {interleaveBytes, true},
	x86asm.PUNPCKHWD: {interleaveWords, true},
	x86asm.PUNPCKHDQ: {interleaveDwords, true},
	x86asm.UNPCKHPS:  {interleaveDwords, true},
}

// spaceWords puts the two low words 32 bits apart.
func spaceWords(x uint64) uint64 { return (x&0xffffffff | x<<16) & 0x0000ffff0000ffff }

// spaceBytes puts the four low bytes 16 bits apart.
func spaceBytes(x uint64) uint64 {
	x = spaceWords(x)
	return (x | x<<8) & 0x00ff00ff00ff00ff
}

func interleaveBytes(a, b uint64) uint64  { return spaceBytes(a) | spaceBytes(b)<<8 }
func interleaveWords(a, b uint64) uint64  { return spaceWords(a) | spaceWords(b)<<16 }
func interleaveDwords(a, b uint64) uint64 { return a&0xffffffff | b<<32 }

// byteSigns gathers the top bits of the eight bytes. The terms of the product
// do not overlap, and those of the top byte are the bits wanted.
func byteSigns(x uint64) uint64 { return x & h8 >> 7 * 0x0102040810204080 >> 56 }
