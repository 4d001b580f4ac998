package softfloat

import "math/rand/v2"

// modes are all rounding directions.
var modes = []Rounding{RNE, RTZ, RDN, RUP, RMM}

// boundaries are patterns of a format with fracBits fraction bits and expBits
// exponent bits where something changes: zeros, the subnormal range's ends,
// neighbours of powers of two, halfway patterns, the largest, infinities, NaNs.
func boundaries(fracBits, expBits uint) []uint64 {
	one := uint64(1) << fracBits
	inf := (1<<expBits - 1) * one
	bias := (1<<(expBits-1) - 1) * one // pattern of 1
	mags := []uint64{
		0, 1, 2, 3, one / 2, one - 1, one, one + 1, 2*one - 1, 2 * one, // subnormals, smallest normal
		uint64(fracBits) * one, uint64(fracBits+1) * one,
		bias / 2, bias/2 + one/2 + 1, bias - one*uint64(fracBits+1), // square roots of tiny; 2^-prec
		bias - 2*one, bias - one - 1, bias - one, bias - one + 1, bias - one/2, // around ½, ¾
		bias - 1, bias, bias + 1, bias + 2, bias + one/2, bias + one/2 + 1, bias + one - 1, bias + one, bias + one*3/2,
		bias + one*uint64(fracBits), bias + one*uint64(fracBits) + 1, bias + one*uint64(fracBits+1),
		bias + bias/2, inf - 2*one, inf - one, inf - 2, inf - 1, // large
		inf, inf + 1, inf + one/2 - 1, inf + one/2, inf + one/2 + 1, inf + one - 1, // NaNs
	}
	var all []uint64
	for _, m := range mags {
		all = append(all, m, m|(inf+one))
	}
	return all
}

var (
	boundaries64 = boundaries(52, 11)
	boundaries32 = boundaries(23, 8)
)

// gen makes random patterns that tend to meet each other's corners.
type gen struct {
	*rand.Rand
	fracBits, expBits uint
	bounds            []uint64
}

func gen64(seed uint64) *gen {
	return &gen{rand.New(rand.NewPCG(seed, 64)), 52, 11, boundaries64}
}

func gen32(seed uint64) *gen {
	return &gen{rand.New(rand.NewPCG(seed, 32)), 23, 8, boundaries32}
}

// frac is a fraction: uniform, sparse, or with long runs, which is what makes
// ties and carries.
func (g *gen) frac() uint64 {
	mask := uint64(1)<<g.fracBits - 1
	power := func() uint64 { return 1 << g.UintN(g.fracBits+1) }
	x, y, z := power(), power(), power()
	switch g.IntN(4) {
	case 0:
		return x & mask
	case 1:
		return (x - y) & mask
	case 2:
		return (x + y - z) & mask
	}
	return g.Uint64() & mask
}

func (g *gen) sign() uint64 { return g.Uint64() & 1 << (g.fracBits + g.expBits) }

// next is one operand.
func (g *gen) next() uint64 {
	expMask := uint64(1)<<g.expBits - 1
	if g.IntN(8) == 0 {
		return g.bounds[g.IntN(len(g.bounds))]
	}
	var exp uint64
	switch g.IntN(8) {
	case 0:
		exp = 0
	case 1:
		exp = g.Uint64N(4)
	case 2:
		exp = expMask - g.Uint64N(4)
	case 3, 4:
		exp = g.Uint64()
	default:
		exp = expMask/2 + g.Uint64N(9) - 4
	}
	return g.sign() | exp&expMask<<g.fracBits | g.frac()
}

// triple is three operands whose exponents suit each other in a way that makes
// a product meet the third operand, the underflow or the overflow threshold.
func (g *gen) triple() (a, b, c uint64) {
	a, b, c = g.next(), g.next(), g.next()
	expMask := int(1)<<g.expBits - 1
	bias := expMask / 2
	expOf := func(p uint64) int { return int(p >> g.fracBits & uint64(expMask)) }
	with := func(p uint64, exp int) uint64 {
		return p&^(uint64(expMask)<<g.fracBits) | uint64(min(max(exp, 0), expMask-1))<<g.fracBits
	}
	near := g.IntN(2*int(g.fracBits)+6) - int(g.fracBits) - 3
	switch g.IntN(6) {
	case 0: // a×b near the underflow threshold
		b = with(b, bias-expOf(a)+near/2)
	case 1: // a÷b near it
		a = with(a, expOf(b)-bias+near/2)
	case 2: // near overflow
		b = with(b, expMask+bias-expOf(a)+g.IntN(5)-2)
	case 3: // c near a×b
		c = with(c, expOf(a)+expOf(b)-bias+near)
	case 4: // b near a: cancellation
		b = with(b, expOf(a)+near)
		c = a ^ 1<<(g.fracBits+g.expBits)
	}
	return a, b, c
}
