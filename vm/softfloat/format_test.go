package softfloat

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// number80 is a random finite number, normal or not, that meets its like.
func number80(r *rand.Rand) num {
	n := num{class: finite, neg: r.IntN(2) == 0, sig: r.Uint64() | intBit}
	switch r.IntN(4) {
	case 0:
		n.sig = intBit | 1<<r.UintN(64)
	case 1:
		n.sig = -(uint64(1) << r.UintN(64))
	}
	switch r.IntN(4) {
	case 0:
		n.exp = -16382 - r.IntN(64) // subnormal: no finer than 2⁻¹⁶⁴⁴⁵
		n.sig &= ^uint64(0) << uint(-16382-n.exp)
	case 1:
		n.exp = 16383 - r.IntN(3)
	default:
		n.exp = r.IntN(140) - 70
	}
	return n
}

func datum80(n num) datum {
	return datum{neg: n.neg, mant: new(big.Int).SetUint64(n.sig), exp: n.exp - 63}
}

func TestArithmeticServesFormatsOf64Bits(t *testing.T) {
	ops := []struct {
		name   string
		do     func(e *Env, a, b, c num) num
		oracle func(o *oracle, a, b, c datum) datum
	}{
		{"add", func(e *Env, a, b, _ num) num { return e.add(&binary80, a, b) }, func(o *oracle, a, b, _ datum) datum { return o.add(a, b) }},
		{"sub", func(e *Env, a, b, _ num) num { return e.sub(&binary80, a, b) }, func(o *oracle, a, b, _ datum) datum { return o.sub(a, b) }},
		{"mul", func(e *Env, a, b, _ num) num { return e.mul(&binary80, a, b) }, func(o *oracle, a, b, _ datum) datum { return o.mul(a, b) }},
		{"div", func(e *Env, a, b, _ num) num { return e.div(&binary80, a, b) }, func(o *oracle, a, b, _ datum) datum { return o.div(a, b) }},
		{"sqrt", func(e *Env, a, _, _ num) num { return e.sqrt(&binary80, a) }, func(o *oracle, a, _, _ datum) datum { return o.sqrt(a) }},
		{"mulAdd", func(e *Env, a, b, c num) num { return e.mulAdd(&binary80, a, b, c) }, (*oracle).mulAdd},
	}
	r := rand.New(rand.NewPCG(6, 80))
	for range 10000 {
		a, b, c := number80(r), number80(r), number80(r)
		if r.IntN(3) == 0 { // c nearly cancels a×b
			if r.IntN(2) == 0 {
				a.sig, b.sig = ^r.Uint64N(8), ^r.Uint64N(8)
			}
			p := product(a, b)
			c = num{class: finite, neg: !p.neg, exp: p.exp, sig: p.hi}
			if r.IntN(2) == 0 { // across a power of two
				c.sig = intBit
				c.exp++
			}
			if c.exp > binary80.emax || c.exp < binary80.emin {
				c.exp = 0
			}
		}
		for _, op := range ops {
			mode, tiny := modes[r.IntN(len(modes))], TinyRule(r.IntN(2))
			o := &oracle{prec: 64, emax: 16383, mode: mode, tiny: tiny}
			want := op.oracle(o, datum80(a), datum80(b), datum80(c))
			e := Env{Rounding: mode, Tiny: tiny}
			got := op.do(&e, a, b, c)
			var same bool
			switch {
			case want.nan || want.inf:
				same = got.isNaN() == want.nan && (got.class == infinite) == want.inf
			default:
				same = got.class <= finite && (got.class == zero) == want.isZero() && datum80(got).cmp(want) == 0
			}
			if !want.nan && got.neg != want.neg {
				same = false
			}
			if !same || e.Flags != o.flags {
				t.Fatalf("%s, rounding %d, of %+v %+v %+v: got %+v flags %05b, want %+v flags %05b", op.name, mode, a, b, c, got, e.Flags, want, o.flags)
			}
		}
	}
}

func TestPackUndoesUnpack(t *testing.T) {
	g, h := gen64(7), gen32(7)
	same := func(f *format, p uint64) {
		n := f.unpack(p)
		if n.class == finite && n.exp < f.emin { // pack takes subnormals as round makes them
			n.sig >>= uint(f.emin - n.exp)
			n.exp = f.emin
		}
		if got := f.pack(n); got != p {
			t.Fatalf("%#x unpacks to %+v, which packs to %#x", p, f.unpack(p), got)
		}
	}
	for range 20000 {
		same(&binary64, g.next())
		same(&binary32, h.next())
	}
}
