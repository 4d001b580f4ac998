package softfloat

import (
	"math"
	"math/big"
)

// The oracle computes with integers of any size, straight from the standard's
// definitions, and shares nothing with the package but the names of roundings
// and flags.

// datum is ±mant × 2^exp, an infinity or a NaN. With sticky it is a value
// strictly between mant and mant+1 units, and mant is much longer than any
// format's precision.
type datum struct {
	nan, signaling, inf bool
	neg                 bool
	mant                *big.Int
	exp                 int
	sticky              bool
}

func (d datum) isZero() bool { return !d.nan && !d.inf && !d.sticky && d.mant.Sign() == 0 }

// decode64 and decode32 take the host's word for what a pattern means.
func decode64(p uint64) datum {
	x := math.Float64frombits(p)
	switch {
	case x != x:
		return datum{nan: true, signaling: p>>51&1 == 0}
	case math.IsInf(x, 0):
		return datum{inf: true, neg: x < 0}
	}
	frac, exp := math.Frexp(math.Abs(x))
	return datum{neg: math.Signbit(x), mant: big.NewInt(int64(math.Ldexp(frac, 53))), exp: exp - 53}
}

func decode32(p uint32) datum {
	x := math.Float32frombits(p)
	if x != x {
		return datum{nan: true, signaling: p>>22&1 == 0}
	}
	return decode64(math.Float64bits(float64(x)))
}

// oracle is an environment and a format: IEEE 754-2019 table 3.5.
type oracle struct {
	prec, emax int
	mode       Rounding
	tiny       TinyRule
	flags      Flags
}

func (o *oracle) nan(operands ...datum) datum {
	for _, d := range operands {
		if d.signaling {
			o.flags |= Invalid
		}
	}
	return datum{nan: true}
}

func (o *oracle) invalid() datum {
	o.flags |= Invalid
	return datum{nan: true}
}

// roundAt rounds d to a multiple of 2^last; it returns the multiple.
func roundAt(d datum, mode Rounding, last int) (n *big.Int, inexact bool) {
	unit := new(big.Int)
	switch shift := last - d.exp; {
	case shift <= 0 && d.sticky:
		panic("oracle: too few bits")
	case shift <= 0:
		return new(big.Int).Lsh(d.mant, uint(-shift)), false
	default:
		unit.Lsh(big.NewInt(1), uint(shift))
	}
	n, rest := new(big.Int).QuoRem(d.mant, unit, new(big.Int))
	inexact = rest.Sign() != 0 || d.sticky
	against := new(big.Int).Lsh(rest, 1).Cmp(unit) // the rest against half a unit
	if against == 0 && d.sticky {
		against = 1
	}
	var up bool
	switch mode {
	case RNE:
		up = against > 0 || against == 0 && n.Bit(0) == 1
	case RMM:
		up = against >= 0
	case RUP:
		up = inexact && !d.neg
	case RDN:
		up = inexact && d.neg
	}
	if up {
		n.Add(n, big.NewInt(1))
	}
	return n, inexact
}

// round rounds an exact datum to the format.
func (o *oracle) round(d datum) datum {
	if d.nan || d.inf || d.isZero() {
		return d
	}
	emin := 1 - o.emax
	top := d.exp + d.mant.BitLen() - 1
	last := max(top, emin) - o.prec + 1
	n, inexact := roundAt(d, o.mode, last)
	if inexact {
		o.flags |= Inexact
		tiny := top < emin
		if tiny && o.tiny == TinyAfter {
			free := top - o.prec + 1
			m, _ := roundAt(d, o.mode, free)
			tiny = free+m.BitLen()-1 < emin
		}
		if tiny {
			o.flags |= Underflow
		}
	}
	if last+n.BitLen()-1 > o.emax {
		o.flags |= Overflow | Inexact
		if o.mode == RNE || o.mode == RMM || o.mode == RUP && !d.neg || o.mode == RDN && d.neg {
			return datum{inf: true, neg: d.neg}
		}
		n.Sub(n.Lsh(big.NewInt(1), uint(o.prec)), big.NewInt(1))
		last = o.emax - o.prec + 1
	}
	return datum{neg: d.neg, mant: n, exp: last}
}

// encode makes a pattern of what round returned; NaNs are RISC-V's.
func (o *oracle) encode(d datum) uint64 {
	var p uint64
	fracBits := o.prec - 1
	ones := uint64(2*o.emax + 1)
	switch {
	case d.nan:
		return ones<<fracBits | 1<<(fracBits-1)
	case d.inf:
		p = ones << fracBits
	case d.mant.Sign() != 0:
		last := max(d.exp+d.mant.BitLen(), 2-o.emax) - o.prec
		n := new(big.Int).Lsh(d.mant, 200)
		m := n.Rsh(n, uint(200+last-d.exp)).Uint64()
		p = m
		if m>>fracBits != 0 {
			p = m&(1<<fracBits-1) | uint64(last+fracBits+o.emax)<<fracBits
		}
	}
	if d.neg {
		p |= (ones + 1) << fracBits
	}
	return p
}

// exactSum is the sum of two finite data, as a signed integer in units 2^exp.
func exactSum(a, b datum) (sum *big.Int, exp int) {
	exp = min(a.exp, b.exp)
	signed := func(d datum) *big.Int {
		n := new(big.Int).Lsh(d.mant, uint(d.exp-exp))
		if d.neg {
			n.Neg(n)
		}
		return n
	}
	return new(big.Int).Add(signed(a), signed(b)), exp
}

func (o *oracle) add(a, b datum) datum {
	switch {
	case a.nan || b.nan:
		return o.nan(a, b)
	case a.inf && b.inf && a.neg != b.neg:
		return o.invalid()
	case a.inf:
		return a
	case b.inf:
		return b
	}
	sum, exp := exactSum(a, b)
	neg := sum.Sign() < 0
	if sum.Sign() == 0 {
		neg = a.neg && b.neg || a.neg != b.neg && o.mode == RDN
		if !a.isZero() {
			neg = o.mode == RDN
		}
	}
	return o.round(datum{neg: neg, mant: sum.Abs(sum), exp: exp})
}

func (o *oracle) sub(a, b datum) datum {
	b.neg = !b.neg
	return o.add(a, b)
}

// exactMul is the product, not rounded.
func (o *oracle) exactMul(a, b datum) datum {
	neg := a.neg != b.neg
	switch {
	case a.nan || b.nan:
		return o.nan(a, b)
	case a.inf && b.isZero() || a.isZero() && b.inf:
		return o.invalid()
	case a.inf || b.inf:
		return datum{inf: true, neg: neg}
	}
	return datum{neg: neg, mant: new(big.Int).Mul(a.mant, b.mant), exp: a.exp + b.exp}
}

func (o *oracle) mul(a, b datum) datum { return o.round(o.exactMul(a, b)) }

// mulAdd with NaNCanonical: ∞×0+NaN is invalid.
func (o *oracle) mulAdd(a, b, c datum) datum {
	p := o.exactMul(a, b)
	return o.add(p, c)
}

func (o *oracle) div(a, b datum) datum {
	neg := a.neg != b.neg
	switch {
	case a.nan || b.nan:
		return o.nan(a, b)
	case a.inf && b.inf || a.isZero() && b.isZero():
		return o.invalid()
	case a.inf:
		return datum{inf: true, neg: neg}
	case b.isZero():
		o.flags |= DivByZero
		return datum{inf: true, neg: neg}
	case b.inf || a.isZero():
		return datum{neg: neg, mant: new(big.Int)}
	}
	const extra = 400
	q, r := new(big.Int).QuoRem(new(big.Int).Lsh(a.mant, extra), b.mant, new(big.Int))
	return o.round(datum{neg: neg, mant: q, exp: a.exp - b.exp - extra, sticky: r.Sign() != 0})
}

func (o *oracle) sqrt(a datum) datum {
	switch {
	case a.nan:
		return o.nan(a)
	case a.isZero():
		return a
	case a.neg:
		return o.invalid()
	case a.inf:
		return a
	}
	shift := 800 + a.exp&1
	n := new(big.Int).Lsh(a.mant, uint(shift))
	root := new(big.Int).Sqrt(n)
	sticky := new(big.Int).Mul(root, root).Cmp(n) != 0
	return o.round(datum{mant: root, exp: (a.exp - shift) / 2, sticky: sticky})
}

// toInt converts as RISC-V's fcvt: saturating, NaN to the largest.
func (o *oracle) toInt(a datum, lowest, highest *big.Int) *big.Int {
	switch {
	case a.nan || a.inf && !a.neg:
		o.flags |= Invalid
		return highest
	case a.inf:
		o.flags |= Invalid
		return lowest
	}
	n, inexact := roundAt(a, o.mode, 0)
	if a.neg {
		n.Neg(n)
	}
	switch {
	case n.Cmp(lowest) < 0:
		o.flags |= Invalid
		return lowest
	case n.Cmp(highest) > 0:
		o.flags |= Invalid
		return highest
	}
	if inexact {
		o.flags |= Inexact
	}
	return n
}

// cmp orders two data that are no NaNs; zeros are equal.
func (d datum) cmp(b datum) int {
	if d.inf || b.inf {
		rank := func(d datum) int {
			switch {
			case d.inf && d.neg:
				return -1
			case d.inf:
				return 1
			}
			return 0
		}
		return rank(d) - rank(b)
	}
	b.neg = !b.neg
	sum, _ := exactSum(d, b)
	return sum.Sign()
}
