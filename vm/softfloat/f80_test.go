package softfloat

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// datum80of takes x87's word for what an F80 means: an unsupported one has no
// meaning, like a signaling NaN.
func datum80of(a F80) datum {
	switch {
	case a.IsUnsupported():
		return datum{nan: true, signaling: true}
	case a.IsNaN():
		return datum{nan: true, signaling: a.Mant>>62&1 == 0}
	case a.IsInf():
		return datum{inf: true, neg: a.Neg()}
	}
	exp := max(int(a.SE&0x7fff), 1) - 16383 - 63
	return datum{neg: a.Neg(), mant: new(big.Int).SetUint64(a.Mant), exp: exp}
}

// random80 is any F80, often an unusual one, and often near others.
func random80(r *rand.Rand) F80 {
	sign := uint16(r.Uint32()) & 0x8000
	exps := []uint16{0, 0, 1, 2, 0x7ffe, 0x7fff, uint16(r.UintN(0x8000)), 0x3fff - 64 + uint16(r.UintN(128)), 0x3fff, 0x3fff, 0x2000 + uint16(r.UintN(80)), 0x5fff + uint16(r.UintN(80))}
	a := F80{SE: sign | exps[r.IntN(len(exps))], Mant: r.Uint64()}
	switch r.IntN(6) {
	case 0:
		a.Mant = 1 << r.UintN(64)
	case 1:
		a.Mant = -(uint64(1) << r.UintN(64))
	case 2:
		a.Mant = a.Mant >> 40 << 40
	case 3:
		a.Mant = 0
	}
	if a.SE&0x7fff != 0 && r.IntN(16) != 0 {
		a.Mant |= intBit
	}
	return a
}

// same reports whether an F80 is what the oracle says.
func (a F80) same(want datum) bool {
	got := datum80of(a)
	switch {
	case want.nan:
		return got.nan && !got.signaling
	case got.nan || got.inf != want.inf || got.neg != want.neg:
		return false
	case want.inf:
		return true
	}
	return got.cmp(want) == 0
}

// formats80 are the precisions with their number of bits.
var formats80 = []struct {
	precision Precision
	bits      int
}{{Prec64, 64}, {Prec53, 53}, {Prec24, 24}}

func TestArithmeticOnF80IsExactlyRoundedInEachPrecision(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 80))
	ops := []struct {
		name   string
		do     func(e *Env, a, b F80) F80
		oracle func(o *oracle, a, b datum) datum
		unary  bool
	}{
		{"add", (*Env).Add80, (*oracle).add, false},
		{"sub", (*Env).Sub80, (*oracle).sub, false},
		{"mul", (*Env).Mul80, (*oracle).mul, false},
		{"div", (*Env).Div80, (*oracle).div, false},
		{"sqrt", func(e *Env, a, _ F80) F80 { return e.Sqrt80(a) }, func(o *oracle, a, _ datum) datum { return o.sqrt(a) }, true},
	}
	for range 20000 {
		a, b := random80(r), random80(r)
		f := formats80[r.IntN(3)]
		for _, op := range ops {
			mode := modes[r.IntN(4)]
			o := &oracle{prec: f.bits, emax: 16383, mode: mode}
			want := op.oracle(o, datum80of(a), datum80of(b))
			denormal := a.IsDenormal() || !op.unary && b.IsDenormal()
			if denormal && !a.noNumber() && (op.unary || !b.noNumber()) && o.flags&(Invalid|DivByZero) == 0 {
				o.flags |= Denormal
			}
			e := Env{Rounding: mode, Precision: f.precision, NaN: NaNLargest}
			got := op.do(&e, a, b)
			if !got.same(want) || e.Flags != o.flags {
				t.Fatalf("%s, %d bits, rounding %d, of %+v %+v: got %+v flags %06b, want %+v flags %06b", op.name, f.bits, mode, a, b, got, e.Flags, want, o.flags)
			}
			if e.Unmasked = Denormal; o.flags&Denormal != 0 {
				e.Flags = 0
				if op.do(&e, a, b); e.Flags != Denormal {
					t.Fatalf("%s of %+v %+v with denormals unmasked: flags %06b", op.name, a, b, e.Flags)
				}
			}
		}
	}
}

func TestUpTellsWhetherAResultWasRoundedUp(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 80))
	for range 20000 {
		a, b := random80(r), random80(r)
		e := Env{Rounding: modes[r.IntN(4)], NaN: NaNLargest}
		got := e.Mul80(a, b)
		if got.IsNaN() {
			continue
		}
		down := Env{Rounding: RTZ, NaN: NaNLargest}
		if up := got != down.Mul80(a, b); up != e.Up {
			t.Fatalf("%+v × %+v, rounding %d: Up is %v", a, b, e.Rounding, e.Up)
		}
	}
}

func TestF80ConvertsExactlyRounded(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 80))
	for range 40000 {
		a := random80(r)
		if r.IntN(3) == 0 && !a.noNumber() { // in reach of the narrower formats
			exps := []uint16{127, 128, 126 + 23, 1023, 1024, 1022 + 52}
			a.SE = a.SE&0x8000 | (0x3fff + exps[r.IntN(len(exps))]*uint16(1-2*r.IntN(2)))
			a.Mant |= intBit
		}
		d := datum80of(a)
		mode := modes[r.IntN(4)]
		check := func(what string, ok bool, e *Env, flags Flags) {
			t.Helper()
			if !ok || e.Flags != flags {
				t.Fatalf("%+v to %s, rounding %d: flags %06b, want %06b (or the result is wrong)", a, what, mode, e.Flags, flags)
			}
		}
		for _, width := range []int{32, 64} {
			o := newOracle(width, mode, TinyAfter)
			want := o.round(d)
			if d.nan {
				want = o.nan(d)
			}
			e := Env{Rounding: mode, NaN: NaNLargest}
			var got datum
			if width == 32 {
				got = decode32(e.F80ToF32(a))
			} else {
				got = decode64(e.F80ToF64(a))
			}
			ok := got.nan == want.nan && got.inf == want.inf && (got.nan || got.neg == want.neg)
			if ok && !got.nan && !got.inf {
				ok = got.cmp(want) == 0
			}
			check("a float", ok, &e, o.flags)
		}
		for _, width := range []uint{16, 32, 64} {
			limit := new(big.Int).Lsh(big.NewInt(1), width-1)
			o := &oracle{mode: mode}
			want := o.toInt(d, new(big.Int).Neg(limit), new(big.Int).Sub(limit, big.NewInt(1)))
			if o.flags&Invalid != 0 {
				want = new(big.Int).Neg(limit)
			}
			e := Env{Rounding: mode, Ints: IntIndefinite}
			var got int64
			switch width {
			case 16:
				got = int64(e.F80ToInt16(a))
			case 32:
				got = int64(e.F80ToInt32(a))
			default:
				got = e.F80ToInt64(a)
			}
			check("an integer", want.IsInt64() && got == want.Int64(), &e, o.flags)
		}

		largest := big.NewInt(maxBCD)
		o := &oracle{mode: mode}
		o.toInt(d, new(big.Int).Neg(largest), largest)
		e := Env{Rounding: mode}
		b := e.F80ToBCD(a)
		if o.flags&Invalid != 0 {
			check("BCD", b == IndefiniteBCD, &e, Invalid)
			continue
		}
		var integral Env
		integral.Rounding = mode
		check("BCD", e.BCDToF80(b) == integral.RoundInt80(a), &e, o.flags)
	}
}

// widening is a number of a narrower format as an F80, and as an operand.
type widening struct {
	widened, operand F80
	from             datum
	subnormal        bool
	e                Env
}

func widening64(p uint64) widening {
	c := widening{from: decode64(p), subnormal: p&exp64 == 0 && p<<1 != 0, e: Env{NaN: NaNLargest}}
	c.widened, c.operand = c.e.F64ToF80(p), c.e.Widen64(p)
	return c
}

func widening32(p uint32) widening {
	c := widening{from: decode32(p), subnormal: p&exp32 == 0 && p<<1 != 0, e: Env{NaN: NaNLargest}}
	c.widened, c.operand = c.e.F32ToF80(p), c.e.Widen32(p)
	return c
}

func TestWideningToF80IsExact(t *testing.T) {
	g, h := gen64(10), gen32(10)
	for range 20000 {
		p, q := g.next(), uint32(h.next())
		for _, c := range []widening{widening64(p), widening32(q)} {
			var want Flags
			if c.subnormal {
				want = Denormal
			}
			if c.from.signaling {
				want = Invalid
			}
			if !c.widened.same(c.from) || c.e.Flags != want {
				t.Fatalf("%+v widens to %+v, flags %06b", c.from, c.widened, c.e.Flags)
			}
			if d := datum80of(c.operand); d.nan != c.from.nan || d.signaling != c.from.signaling || !d.nan && !c.operand.same(c.from) {
				t.Fatalf("%+v becomes operand %+v", c.from, c.operand)
			}
			if c.e.Add80(c.operand, F80{}); !c.from.nan && c.subnormal != (c.e.Flags&Denormal != 0) {
				t.Fatalf("%+v as an operand: flags %06b", c.from, c.e.Flags)
			}
		}
	}
}

func TestRemaindersAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 80))
	for range 20000 {
		a, b := random80(r), random80(r)
		if r.IntN(2) == 0 {
			b.SE = b.SE&0x8000 | (a.SE&0x7fff-uint16(r.UintN(70)))&0x7fff
		}
		x, y := datum80of(a), datum80of(b)
		if x.nan || y.nan || x.inf || y.inf || y.isZero() {
			continue
		}
		for _, nearest := range []bool{false, true} {
			e := Env{Rounding: modes[r.IntN(4)], NaN: NaNLargest}
			got, q, done := e.Rem80(a, b, nearest)
			g := datum80of(got)
			if e.Flags&^Denormal != 0 {
				t.Fatalf("%+v rem %+v: flags %06b", a, b, e.Flags)
			}
			// a − rest is a multiple of b.
			exp := min(x.exp, y.exp, g.exp)
			in := func(d datum) *big.Int {
				n := new(big.Int).Lsh(d.mant, uint(d.exp-exp))
				if d.neg {
					n.Neg(n)
				}
				return n
			}
			bb := new(big.Int).Abs(in(y))
			multiple, odd := new(big.Int).QuoRem(new(big.Int).Sub(in(x), in(g)), bb, new(big.Int))
			if odd.Sign() != 0 {
				t.Fatalf("%+v rem %+v = %+v: not a remainder", a, b, got)
			}
			rest := new(big.Int).Abs(in(g))
			twice := new(big.Int).Lsh(rest, 1)
			apart := int(x.exp) + x.mant.BitLen() - y.exp - y.mant.BitLen()
			switch {
			case done != (apart < 64):
				t.Fatalf("%+v rem %+v: done is %v", a, b, done)
			case !done:
				if rest.CmpAbs(in(x)) >= 0 && !x.isZero() {
					t.Fatalf("%+v rem %+v = %+v: no progress", a, b, got)
				}
			case q&7 != new(big.Int).And(multiple.Abs(multiple), big.NewInt(7)).Uint64():
				t.Fatalf("%+v rem %+v: quotient %d, want %d", a, b, q, multiple)
			case nearest && (twice.Cmp(bb) > 0 || twice.Cmp(bb) == 0 && multiple.Bit(0) == 1):
				t.Fatalf("%+v rem %+v = %+v: not the nearest", a, b, got)
			case !nearest && (rest.Cmp(bb) >= 0 || rest.Sign() != 0 && g.neg != x.neg):
				t.Fatalf("%+v rem %+v = %+v: not truncated", a, b, got)
			}
		}
	}
}

func TestScalingIsExactlyRounded(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 80))
	for range 20000 {
		a := random80(r)
		x := datum80of(a)
		if x.nan || x.inf {
			continue
		}
		var e Env
		by := r.Int64N(70000) - 35000
		b := e.Int64ToF80(by)
		if by != 0 && r.IntN(2) == 0 && b.SE&0x7fff < 0x3fff+60 {
			b.Mant |= 1 << r.UintN(3) // a fraction, cut off
		}
		mode := modes[r.IntN(4)]
		o := &oracle{prec: 64, emax: 16383, mode: mode}
		x.exp += int(by)
		want := o.round(x)
		if a.IsDenormal() {
			o.flags |= Denormal
		}
		e.Rounding = mode
		if got := e.Scale80(a, b); !got.same(want) || e.Flags != o.flags {
			t.Fatalf("%+v scaled by %d, rounding %d: got %+v flags %06b, want flags %06b", a, by, mode, got, e.Flags, o.flags)
		}
	}
}

func TestExtractionTakesANumberApart(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 80))
	for range 5000 {
		a := random80(r)
		if a.noNumber() || a.IsInf() || a.IsZero() {
			continue
		}
		e := Env{NaN: NaNLargest}
		exp, sig := e.Extract80(a)
		if sig.SE&0x7fff != 0x3fff || sig.Mant < intBit {
			t.Fatalf("%+v: significand %+v", a, sig)
		}
		if back := e.Scale80(sig, exp); !back.same(datum80of(a)) {
			t.Fatalf("%+v: %+v and %+v make %+v", a, exp, sig, back)
		}
	}
}

func TestF80ComparesAsNumbersDo(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 80))
	for range 20000 {
		a, b := random80(r), random80(r)
		if r.IntN(3) == 0 {
			b = a
			b.SE ^= uint16(r.Uint32()) & 0x8000
		}
		x, y := datum80of(a), datum80of(b)
		for _, quiet := range []bool{false, true} {
			var e Env
			got := e.Compare80(a, b, quiet)
			var want Order
			var flags Flags
			switch {
			case x.nan || y.nan:
				want = Unordered
				if !quiet || x.signaling || y.signaling {
					flags = Invalid
				}
			default:
				want = Order(1 + max(-1, min(x.cmp(y), 1)))
				if a.IsDenormal() || b.IsDenormal() {
					flags = Denormal
				}
			}
			if got != want || e.Flags != flags {
				t.Fatalf("%+v ? %+v: %d flags %06b, want %d flags %06b", a, b, got, e.Flags, want, flags)
			}
		}
	}
}

func TestRoundingF80ToIntegralValues(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 80))
	for range 20000 {
		a := random80(r)
		x := datum80of(a)
		if x.nan || x.inf {
			continue
		}
		mode := modes[r.IntN(4)]
		want := x
		var flags Flags
		if x.exp < 0 && !x.isZero() {
			n, inexact := roundAt(x, mode, 0)
			want = datum{neg: x.neg, mant: n}
			if inexact {
				flags |= Inexact
			}
		}
		if a.IsDenormal() {
			flags |= Denormal
		}
		e := Env{Rounding: mode}
		if got := e.RoundInt80(a); !got.same(want) || e.Flags != flags {
			t.Fatalf("%+v, rounding %d: got %+v flags %06b, want flags %06b", a, mode, got, e.Flags, flags)
		}
	}
}

func TestArithmeticOnF80DoesNotAllocate(t *testing.T) {
	a, b := F80{0xc90fdaa22168c235, 0x4000}, F80{0xadf85458a2bb4a9b, 0xc000}
	n := testing.AllocsPerRun(10, func() {
		e := Env{NaN: NaNLargest, Ints: IntIndefinite}
		x := e.Add80(a, b)
		x = e.Sub80(x, b)
		x = e.Mul80(x, b)
		x = e.Div80(x, a)
		x = e.Sqrt80(x)
		x = e.RoundInt80(e.Scale80(x, a))
		sink += x.Mant
		x, _, _ = e.Rem80(a, b, true)
		sink += x.Mant + uint64(e.F80ToF32(x)) + e.F80ToF64(x) + uint64(e.F80ToInt64(x)) + e.F64ToF80(sink).Mant + uint64(e.Compare80(a, b, true))
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
