package softfloat

import (
	"fmt"
	"testing"
)

// arith is an arithmetic operation in three forms: the exact way, the public
// one with its fast path, and the oracle's.
type arith struct {
	name   string
	arity  int
	width  int
	soft   func(e *Env, a, b, c uint64) uint64
	public func(e *Env, a, b, c uint64) uint64
	oracle func(o *oracle, a, b, c datum) datum
}

type (
	fn32 = func(e *Env, a, b uint32) uint32
	fn64 = func(e *Env, a, b uint64) uint64
)

func binary(name string, soft32, public32 fn32, soft64, public64 fn64, want func(o *oracle, a, b datum) datum) []arith {
	narrow := func(f fn32) func(e *Env, a, b, c uint64) uint64 {
		return func(e *Env, a, b, _ uint64) uint64 { return uint64(f(e, uint32(a), uint32(b))) }
	}
	wide := func(f fn64) func(e *Env, a, b, c uint64) uint64 {
		return func(e *Env, a, b, _ uint64) uint64 { return f(e, a, b) }
	}
	ideal := func(o *oracle, a, b, _ datum) datum { return want(o, a, b) }
	return []arith{
		{name + "32", 2, 32, narrow(soft32), narrow(public32), ideal},
		{name + "64", 2, 64, wide(soft64), wide(public64), ideal},
	}
}

// ariths is every arithmetic operation, in families.
var ariths = [][]arith{
	append(
		binary("Add", (*Env).softAdd32, (*Env).Add32, (*Env).softAdd64, (*Env).Add64, (*oracle).add),
		binary("Sub", (*Env).softSub32, (*Env).Sub32, (*Env).softSub64, (*Env).Sub64, (*oracle).sub)...),
	binary("Mul", (*Env).softMul32, (*Env).Mul32, (*Env).softMul64, (*Env).Mul64, (*oracle).mul),
	binary("Div", (*Env).softDiv32, (*Env).Div32, (*Env).softDiv64, (*Env).Div64, (*oracle).div),
	{
		{"Sqrt32", 1, 32,
			func(e *Env, a, _, _ uint64) uint64 { return uint64(e.softSqrt32(uint32(a))) },
			func(e *Env, a, _, _ uint64) uint64 { return uint64(e.Sqrt32(uint32(a))) },
			func(o *oracle, a, _, _ datum) datum { return o.sqrt(a) }},
		{"Sqrt64", 1, 64,
			func(e *Env, a, _, _ uint64) uint64 { return e.softSqrt64(a) },
			func(e *Env, a, _, _ uint64) uint64 { return e.Sqrt64(a) },
			func(o *oracle, a, _, _ datum) datum { return o.sqrt(a) }},
	},
	{
		{"MulAdd32", 3, 32,
			func(e *Env, a, b, c uint64) uint64 { return uint64(e.softMulAdd32(uint32(a), uint32(b), uint32(c))) },
			func(e *Env, a, b, c uint64) uint64 { return uint64(e.MulAdd32(uint32(a), uint32(b), uint32(c))) },
			(*oracle).mulAdd},
		{"MulAdd64", 3, 64, (*Env).softMulAdd64, (*Env).MulAdd64, (*oracle).mulAdd},
	},
}

// newOracle is an oracle for a format (IEEE 754-2019 table 3.5).
func newOracle(width int, mode Rounding, tiny TinyRule) *oracle {
	if width == 32 {
		return &oracle{prec: 24, emax: 127, mode: mode, tiny: tiny}
	}
	return &oracle{prec: 53, emax: 1023, mode: mode, tiny: tiny}
}

func decode(width int, p uint64) datum {
	if width == 32 {
		return decode32(uint32(p))
	}
	return decode64(p)
}

// check holds the operation against the oracle: the exact way, the public way,
// and the public way when the inexact flag is set before.
func (op *arith) check(t *testing.T, mode Rounding, tiny TinyRule, a, b, c uint64) {
	t.Helper()
	o := newOracle(op.width, mode, tiny)
	want := o.encode(op.oracle(o, decode(op.width, a), decode(op.width, b), decode(op.width, c)))
	for _, way := range []struct {
		name   string
		f      func(e *Env, a, b, c uint64) uint64
		before Flags
	}{
		{"exact way", op.soft, 0},
		{"public", op.public, 0},
		{"public, inexact before", op.public, Inexact},
	} {
		e := Env{Rounding: mode, Tiny: tiny, Flags: way.before}
		got := way.f(&e, a, b, c)
		if wantFlags := o.flags | way.before; got != want || e.Flags != wantFlags {
			t.Fatalf("%s (%s), rounding %d, tininess rule %d, of %#x %#x %#x: got %#x flags %05b, want %#x flags %05b",
				op.name, way.name, mode, tiny, a, b, c, got, e.Flags, want, wantFlags)
		}
	}
}

// eachArith runs f as a subtest for every arithmetic operation.
func eachArith(t *testing.T, f func(t *testing.T, op *arith)) {
	for _, family := range ariths {
		for i := range family {
			t.Run(family[i].name, func(t *testing.T) {
				t.Parallel()
				f(t, &family[i])
			})
		}
	}
}

func TestArithmeticAtBoundariesIsExactlyRounded(t *testing.T) {
	eachArith(t, func(t *testing.T, op *arith) {
		bounds := boundaries64
		if op.width == 32 {
			bounds = boundaries32
		}
		only := bounds[:1]
		second, third := only, only
		switch op.arity {
		case 2:
			second = bounds
		case 3:
			second, third = bounds, bounds
		}
		// All pairs; of the triples, each with one direction in turn.
		turn := 0
		for _, a := range bounds {
			for _, b := range second {
				for _, c := range third {
					if op.arity == 3 {
						turn++
						op.check(t, modes[turn%len(modes)], TinyRule(turn&1), a, b, c)
						continue
					}
					for _, mode := range modes {
						op.check(t, mode, TinyAfter, a, b, c)
						op.check(t, mode, TinyBefore, a, b, c)
					}
				}
			}
		}
	})
}

func TestArithmeticOnRandomOperandsIsExactlyRounded(t *testing.T) {
	const seed, rounds = 1, 12000
	eachArith(t, func(t *testing.T, op *arith) {
		g := gen64(seed)
		if op.width == 32 {
			g = gen32(seed)
		}
		for range rounds {
			a, b, c := g.triple()
			for _, mode := range modes {
				op.check(t, mode, TinyRule(g.IntN(2)), a, b, c)
			}
		}
	})
}

// The product here is 1−2⁻⁵² exactly halfway in binary64; the two roundings of
// a fused and an unfused operation differ.
func TestMulAddRoundsOnce(t *testing.T) {
	const onePlus, oneMinus = 0x3ff0000000000001, 0x3feffffffffffffe // 1+2⁻⁵², 1−2⁻⁵²
	const minusOne = 0xbff0000000000000
	var e Env
	if got, want := e.MulAdd64(onePlus, oneMinus, minusOne), uint64(0xb970000000000000); got != want { // −2⁻¹⁰⁴
		t.Errorf("(1+2⁻⁵²)(1−2⁻⁵²)−1 = %#x, want %#x", got, want)
	}
	if e.Flags != 0 {
		t.Errorf("flags %05b for an exact result", e.Flags)
	}
}

func TestFlagsAccrue(t *testing.T) {
	var e Env
	const one, three, zero, inf = 0x3f800000, 0x40400000, 0, 0x7f800000
	steps := []struct {
		what string
		do   func()
		want Flags
	}{
		{"1/3", func() { e.Div32(one, three) }, Inexact},
		{"1/0", func() { e.Div32(one, zero) }, Inexact | DivByZero},
		{"0·inf", func() { e.Mul32(zero, inf) }, Inexact | DivByZero | Invalid},
		{"1+1", func() { e.Add32(one, one) }, Inexact | DivByZero | Invalid},
		{"max·max", func() { e.Mul32(inf-1, inf-1) }, Inexact | DivByZero | Invalid | Overflow},
		{"min/3", func() { e.Div32(1, three) }, Inexact | DivByZero | Invalid | Overflow | Underflow},
	}
	for _, s := range steps {
		s.do()
		if e.Flags != s.want {
			t.Errorf("after %s: flags %05b, want %05b", s.what, e.Flags, s.want)
		}
	}
}

// An Env on the stack must stay there: a guest instruction makes one each time.
func TestOperationsDoNotAllocate(t *testing.T) {
	const a, b, c = 0x4000000040490fdb, 0x400000003f9d70a4, 0x3ff0000040000001
	truth := func(v bool) uint64 {
		if v {
			return 1
		}
		return 0
	}
	for _, mode := range modes {
		n := testing.AllocsPerRun(10, func() {
			e := Env{Rounding: mode}
			sink += e.Add64(a, b) + e.Sub64(a, b) + e.Mul64(a, b) + e.Div64(a, b) + e.Sqrt64(a) + e.MulAdd64(a, b, c) +
				e.Min64(a, b) + e.Max64(a, b) + truth(e.Eq64(a, b)) + truth(e.Lt64(a, b)) + truth(e.Le64(a, b)) +
				uint64(e.F64ToInt32(a)) + uint64(e.F64ToUint32(a)) + uint64(e.F64ToInt64(a)) + e.F64ToUint64(a) +
				e.Int32ToF64(-1) + e.Uint32ToF64(1) + e.Int64ToF64(-a) + e.Uint64ToF64(a)
			var f Env
			f.Rounding = mode
			const a, b, c = a & 0xffffffff, b & 0xffffffff, c & 0xffffffff
			sink += uint64(f.Add32(a, b)+f.Sub32(a, b)+f.Mul32(a, b)+f.Div32(a, b)+f.Sqrt32(a)+f.MulAdd32(a, b, c)) +
				uint64(f.Min32(a, b)+f.Max32(a, b)) + truth(f.Eq32(a, b)) + truth(f.Lt32(a, b)) + truth(f.Le32(a, b)) +
				uint64(f.F32ToInt32(a)) + uint64(f.F32ToUint32(a)) + uint64(f.F32ToInt64(a)) + f.F32ToUint64(a) +
				uint64(f.Int32ToF32(-1)+f.Uint32ToF32(1)+f.Int64ToF32(-a)+f.Uint64ToF32(a)) +
				f.F32ToF64(a) + uint64(f.F64ToF32(b))
		})
		if n != 0 {
			t.Errorf("rounding %d: %v allocations", mode, n)
		}
	}
}

// sink keeps results of measured code alive.
var sink uint64

func BenchmarkArith(b *testing.B) {
	// Two operands whose results are inexact and normal, in either format.
	const x, y, z = 0x400921fb40490fdb, 0x3ff3ae143f9d70a4, 0x3ff0000040000001
	for _, family := range ariths {
		for _, op := range family {
			for _, way := range []struct {
				name  string
				f     func(e *Env, a, b, c uint64) uint64
				flags Flags
				mode  Rounding
			}{
				{"fast", op.public, Inexact, RNE},
				{"exact", op.soft, Inexact, RNE},
				{"RTZ", op.public, 0, RTZ},
			} {
				b.Run(fmt.Sprintf("%s/%s", op.name, way.name), func(b *testing.B) {
					env := new(Env)
					for b.Loop() {
						env.Flags, env.Rounding = way.flags, way.mode
						sink += way.f(env, x, y, z)
					}
				})
			}
		}
	}
}
