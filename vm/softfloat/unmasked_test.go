package softfloat

import (
	"math/big"
	"testing"
)

// checkUnmasked holds an operation whose overflow and underflow may be unmasked
// against the oracle with exponents that have no bounds.
func (op *arith) checkUnmasked(t *testing.T, mode Rounding, tiny TinyRule, unmasked Flags, a, b, c uint64) {
	t.Helper()
	masked := newOracle(op.width, mode, tiny)
	x, y, z := decode(op.width, a), decode(op.width, b), decode(op.width, c)
	want := masked.encode(op.oracle(masked, x, y, z))
	wantFlags := masked.flags

	wide := newOracle(op.width, mode, tiny)
	emax := wide.emax
	wide.emax = 1 << 20
	if d := op.oracle(wide, x, y, z); !d.nan && !d.inf && !d.isZero() {
		top := func(d datum) int { return d.exp + d.mant.BitLen() - 1 }
		below := top(d) < 1-emax
		if tiny == TinyBefore && !below && top(d) == 1-emax && d.mant.TrailingZeroBits() == uint(d.mant.BitLen()-1) {
			// A power of two that is the smallest normal number: was it before
			// rounding? Towards zero it stays below.
			o := &oracle{prec: wide.prec, emax: 1 << 20, mode: RTZ}
			below = top(op.oracle(o, x, y, z)) < 1-emax
		}
		move := 0
		switch {
		case top(d) > emax && unmasked&Overflow != 0:
			wantFlags, move = wide.flags|Overflow, -(emax+1)/2*3
		case below && unmasked&Underflow != 0:
			wantFlags, move = wide.flags|Underflow, (emax+1)/2*3
		}
		if move != 0 {
			d.exp += move
			want = masked.encode(datum{neg: d.neg, mant: new(big.Int).Set(d.mant), exp: d.exp})
		}
	}
	e := Env{Rounding: mode, Tiny: tiny, Unmasked: unmasked}
	if got := op.public(&e, a, b, c); got != want || e.Flags != wantFlags {
		t.Fatalf("%s, rounding %d, tininess rule %d, unmasked %05b, of %#x %#x %#x: got %#x flags %05b, want %#x flags %05b",
			op.name, mode, tiny, unmasked, a, b, c, got, e.Flags, want, wantFlags)
	}
}

func TestUnmaskedOverflowAndUnderflowKeepTheResult(t *testing.T) {
	eachArith(t, func(t *testing.T, op *arith) {
		g := gen64(11)
		if op.width == 32 {
			g = gen32(11)
		}
		for range 6000 {
			a, b, c := g.triple()
			for _, mode := range modes {
				op.checkUnmasked(t, mode, TinyRule(g.IntN(2)), []Flags{Overflow, Underflow, Overflow | Underflow}[g.IntN(3)], a, b, c)
			}
		}
	})
}
