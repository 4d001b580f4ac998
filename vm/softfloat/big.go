package softfloat

import "math/big"

// Transcendental functions of numbers with many bits. With workBits of them an
// error of some units in the last place can't reach the rounding position of
// any result: two arguments of 64 bits could put a result within some 2⁻²⁰⁰ of a
// point where the rounding changes, hardly closer.

const workBits = 320

// Constants, to more than workBits.
var (
	pi  = constant("0x3243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89452821e638d01377be5466cf34e90c6c", -384)
	ln2 = constant("0xb17217f7d1cf79abc9e3b39803f2f6af40f343267298b62d8a0d175b8baafa2be7b876206debac98559552fb4afa1b10", -384)

	// halfPi66 is half of the π that x87 reduces arguments by: 66 bits.
	halfPi66 = constant("0x3243f6a8885a308d3", -65)
)

func constant(hex string, exp int) *big.Float {
	x, _, err := big.ParseFloat(hex, 0, workBits, big.ToNearestEven)
	if err != nil {
		panic("softfloat: " + hex + ": " + err.Error())
	}
	return x.SetMantExp(x, exp)
}

func newBig() *big.Float { return new(big.Float).SetPrec(workBits) }

func intBig(i int64) *big.Float { return newBig().SetInt64(i) }

// numBig is n, which is finite.
func numBig(n num) *big.Float {
	x := newBig().SetUint64(n.sig)
	x.SetMantExp(x, n.exp-63)
	if n.neg {
		x.Neg(x)
	}
	return x
}

func mulBig(a, b *big.Float) *big.Float { return newBig().Mul(a, b) }

// irrational rounds x, which stands for an irrational number, to 64 bits.
func (e *Env) irrational(x *big.Float) F80 {
	var m, upper big.Float
	exp := x.MantExp(&m)
	neg := m.Signbit()
	m.SetMantExp(m.Abs(&m), 64)
	hi, _ := m.Uint64()
	m.Sub(&m, upper.SetUint64(hi))
	lo, _ := m.SetMantExp(&m, 64).Uint64()
	return pack80(e.round(&binary80, neg, exp-1, hi, lo|1))
}

// negligible reports whether a term no longer counts in a sum.
func negligible(term, sum *big.Float) bool {
	return term.Sign() == 0 || term.MantExp(nil) < sum.MantExp(nil)-workBits
}

// sincos is the sine and the cosine of x, which is not 0 and below 2⁶³.
func sincos(x num) (sin, cos *big.Float) {
	neg := x.neg
	x.neg = false
	r := numBig(x)
	turns := newBig().Quo(r, halfPi66)
	n, _ := turns.Add(turns, big.NewFloat(0.5)).Int64() // up to 2⁶³/1.57
	if n != 0 {
		r.Sub(r, mulBig(intBig(n), halfPi66)) // exact
	}
	s, c := sinSeries(r), cosSeries(r)
	if n&1 != 0 {
		s, c = c, s.Neg(s)
	}
	if n&2 != 0 {
		s.Neg(s)
		c.Neg(c)
	}
	if neg {
		s.Neg(s)
	}
	return s, c
}

// sinSeries is Taylor's, for |x| ≤ 1.
func sinSeries(x *big.Float) *big.Float { return alternating(x, newBig().Set(x), 2) }

// cosSeries is Taylor's, for |x| ≤ 1.
func cosSeries(x *big.Float) *big.Float { return alternating(x, intBig(1), 1) }

// alternating sums a series that starts with first, and whose terms are the
// ones before times −x²/(k(k+1)), where k goes up by two.
func alternating(x, first *big.Float, k int64) *big.Float {
	square := mulBig(x, x)
	sum := newBig().Set(first)
	for term := first; !negligible(term, sum); k += 2 {
		term.Mul(term, square)
		term.Quo(term, intBig(-k*(k+1)))
		sum.Add(sum, term)
	}
	return sum
}

// expm1 is e^x − 1, for |x| < 1.
func expm1(x *big.Float) *big.Float {
	sum, term := newBig().Set(x), newBig().Set(x)
	for k := int64(2); !negligible(term, sum); k++ {
		term.Mul(term, x)
		term.Quo(term, intBig(k))
		sum.Add(sum, term)
	}
	return sum
}

// log2 is the binary logarithm of x, which is positive.
func log2(x num) *big.Float {
	k := int64(x.exp)
	x.exp = 0
	if x.sig >= 0xb504f333f9de6485 { // √2: so that 1 is in the middle
		x.exp = -1
		k++
	}
	m := numBig(x)
	s := newBig().Quo(newBig().Sub(m, intBig(1)), newBig().Add(m, intBig(1)))
	l := newBig().Quo(twiceAtanh(s), ln2)
	return l.Add(l, intBig(k))
}

// log2p1 is the binary logarithm of x + 1, where x > −1.
func log2p1(x num) *big.Float {
	if x.exp >= -1 { // the sum is exact in this many bits, and not near 1
		sum := newBig().Add(numBig(x), intBig(1))
		var m big.Float
		k := sum.MantExp(&m)
		s := newBig().Quo(newBig().Sub(&m, intBig(1)), newBig().Add(&m, intBig(1)))
		l := newBig().Quo(twiceAtanh(s), ln2)
		return l.Add(l, intBig(int64(k)))
	}
	v := numBig(x)
	return newBig().Quo(twiceAtanh(newBig().Quo(v, newBig().Add(v, intBig(2)))), ln2)
}

// twiceAtanh is ln((1+s)/(1−s)), for |s| ≤ ⅓.
func twiceAtanh(s *big.Float) *big.Float {
	sum := powers(s, mulBig(s, s))
	return sum.Add(sum, sum)
}

// powers is s + s·q/3 + s·q²/5 + …
func powers(s, q *big.Float) *big.Float {
	sum, power, term := newBig().Set(s), newBig().Set(s), newBig().Set(s)
	for k := int64(3); !negligible(term, sum); k += 2 {
		power.Mul(power, q)
		term.Quo(power, intBig(k))
		sum.Add(sum, term)
	}
	return sum
}

// atan2 is the angle of the point (x, y), neither of them 0.
func atan2(y, x num) *big.Float {
	u, v := numBig(y), numBig(x)
	u.Abs(u)
	v.Abs(v)
	over := u.Cmp(v) > 0 // more than 45° from the axis
	if over {
		u, v = v, u
	}
	t := u.Quo(u, v)
	// Halve the angle until the series is short.
	halvings := 0
	for ; t.MantExp(nil) > -3; halvings++ {
		root := newBig().Add(mulBig(t, t), intBig(1))
		t.Quo(t, root.Add(root.Sqrt(root), intBig(1)))
	}
	square := mulBig(t, t)
	a := powers(t, square.Neg(square))
	a.SetMantExp(a, halvings)
	if over {
		a.Sub(newBig().SetMantExp(pi, -1), a)
	}
	if x.neg {
		a.Sub(pi, a)
	}
	if y.neg {
		a.Neg(a)
	}
	return a
}
