package softfloat

import (
	"math"
	"math/big"
	"testing"
)

// integer is an integer type with its conversions, over uint64 patterns of
// integers (sign- or zero-extended) and floats.
type integer struct {
	name            string
	width           uint
	signed          bool
	to64, to32      func(e *Env, a uint64) uint64
	from64, from32  func(e *Env, i uint64) uint64
	indefinite      uint64 // the result under IntIndefinite
	lowest, highest *big.Int
}

func bigInt(neg bool, mag uint64) *big.Int {
	n := new(big.Int).SetUint64(mag)
	if neg {
		n.Neg(n)
	}
	return n
}

var integers = []integer{
	{
		"int32", 32, true,
		func(e *Env, a uint64) uint64 { return uint64(e.F64ToInt32(a)) },
		func(e *Env, a uint64) uint64 { return uint64(e.F32ToInt32(uint32(a))) },
		func(e *Env, i uint64) uint64 { return e.Int32ToF64(int32(i)) },
		func(e *Env, i uint64) uint64 { return uint64(e.Int32ToF32(int32(i))) },
		0xffffffff80000000, bigInt(true, 1<<31), bigInt(false, math.MaxInt32),
	},
	{
		"uint32", 32, false,
		func(e *Env, a uint64) uint64 { return uint64(e.F64ToUint32(a)) },
		func(e *Env, a uint64) uint64 { return uint64(e.F32ToUint32(uint32(a))) },
		func(e *Env, i uint64) uint64 { return e.Uint32ToF64(uint32(i)) },
		func(e *Env, i uint64) uint64 { return uint64(e.Uint32ToF32(uint32(i))) },
		0xffffffff, bigInt(false, 0), bigInt(false, math.MaxUint32),
	},
	{
		"int64", 64, true,
		func(e *Env, a uint64) uint64 { return uint64(e.F64ToInt64(a)) },
		func(e *Env, a uint64) uint64 { return uint64(e.F32ToInt64(uint32(a))) },
		func(e *Env, i uint64) uint64 { return e.Int64ToF64(int64(i)) },
		func(e *Env, i uint64) uint64 { return uint64(e.Int64ToF32(int64(i))) },
		1 << 63, bigInt(true, 1<<63), bigInt(false, math.MaxInt64),
	},
	{
		"uint64", 64, false,
		(*Env).F64ToUint64,
		func(e *Env, a uint64) uint64 { return e.F32ToUint64(uint32(a)) },
		(*Env).Uint64ToF64,
		func(e *Env, i uint64) uint64 { return uint64(e.Uint64ToF32(i)) },
		math.MaxUint64, bigInt(false, 0), bigInt(false, math.MaxUint64),
	},
}

// pattern is n in two's complement.
func pattern(n *big.Int) uint64 {
	if n.Sign() < 0 {
		return -new(big.Int).Neg(n).Uint64()
	}
	return n.Uint64()
}

// checkTo holds float-to-integer conversions against the oracle. Saturation
// and the indefinite differ only where Invalid is raised.
func (typ *integer) checkTo(t *testing.T, mode Rounding, width int, a uint64) {
	t.Helper()
	f := typ.to64
	if width == 32 {
		f = typ.to32
	}
	o := newOracle(width, mode, TinyAfter)
	want := pattern(o.toInt(decode(width, a), typ.lowest, typ.highest))
	for _, rule := range []IntRule{IntSaturate, IntIndefinite} {
		if rule == IntIndefinite && o.flags&Invalid != 0 {
			want = typ.indefinite
		}
		e := Env{Rounding: mode, Ints: rule}
		if got := f(&e, a); got != want || e.Flags != o.flags {
			t.Fatalf("binary%d %#x to %s, rounding %d, rule %d: got %#x flags %05b, want %#x flags %05b",
				width, a, typ.name, mode, rule, got, e.Flags, want, o.flags)
		}
	}
}

// checkFrom holds integer-to-float conversions against the oracle.
func (typ *integer) checkFrom(t *testing.T, mode Rounding, width int, i uint64) {
	t.Helper()
	f := typ.from64
	if width == 32 {
		f = typ.from32
	}
	i = i << (64 - typ.width) >> (64 - typ.width)
	d := datum{mant: new(big.Int).SetUint64(i)}
	if typ.signed {
		s := int64(i<<(64-typ.width)) >> (64 - typ.width)
		i = uint64(s)
		d = datum{neg: s < 0, mant: new(big.Int).Abs(big.NewInt(s))}
	}
	o := newOracle(width, mode, TinyAfter)
	want := o.encode(o.round(d))
	e := Env{Rounding: mode}
	if got := f(&e, i); got != want || e.Flags != o.flags {
		t.Fatalf("%s %#x to binary%d, rounding %d: got %#x flags %05b, want %#x flags %05b",
			typ.name, i, width, mode, got, e.Flags, want, o.flags)
	}
}

// checkResize holds conversions between the formats against the oracle, in the
// exact and the public way.
func checkResize(t *testing.T, mode Rounding, tiny TinyRule, a uint64) {
	t.Helper()
	narrow := newOracle(32, mode, tiny)
	want := narrow.encode(narrow.round(narrow.nanOr(decode64(a))))
	for name, f := range map[string]func(e *Env, a uint64) uint32{"exact way": (*Env).softF64ToF32, "public": (*Env).F64ToF32} {
		e := Env{Rounding: mode, Tiny: tiny}
		if got := uint64(f(&e, a)); got != want || e.Flags != narrow.flags {
			t.Fatalf("F64ToF32 (%s), rounding %d, of %#x: got %#x flags %05b, want %#x flags %05b", name, mode, a, got, e.Flags, want, narrow.flags)
		}
	}
	wide := newOracle(64, mode, tiny)
	want = wide.encode(wide.round(wide.nanOr(decode32(uint32(a)))))
	for name, f := range map[string]func(e *Env, a uint32) uint64{"exact way": (*Env).softF32ToF64, "public": (*Env).F32ToF64} {
		e := Env{Rounding: mode, Tiny: tiny}
		if got := f(&e, uint32(a)); got != want || e.Flags != wide.flags {
			t.Fatalf("F32ToF64 (%s) of %#x: got %#x flags %05b, want %#x flags %05b", name, uint32(a), got, e.Flags, want, wide.flags)
		}
	}
}

// nanOr is d, having noticed that it may be a signaling NaN.
func (o *oracle) nanOr(d datum) datum {
	if d.nan {
		return o.nan(d)
	}
	return d
}

// nearInteger is a float pattern close to an integer or to half of one, often
// near the limits of an integer type.
func (g *gen) nearInteger() uint64 {
	x := math.Ldexp(1, g.IntN(67)-2)
	if g.IntN(2) == 0 {
		x += float64(g.IntN(9)) / 4
	}
	if g.IntN(2) == 0 {
		x = -x
	}
	p := math.Float64bits(x)
	if g.fracBits == 23 {
		p = uint64(math.Float32bits(float32(x)))
	}
	return p + g.Uint64N(5) - 2
}

func TestFloatsConvertToIntegers(t *testing.T) {
	for _, typ := range integers {
		for width, g := range map[int]*gen{32: gen32(3), 64: gen64(3)} {
			for _, mode := range modes {
				for _, a := range g.bounds {
					typ.checkTo(t, mode, width, a)
				}
				for range 3000 {
					typ.checkTo(t, mode, width, g.next())
					typ.checkTo(t, mode, width, g.nearInteger())
				}
			}
		}
	}
}

func TestIntegersConvertToFloats(t *testing.T) {
	g := gen64(4)
	for _, typ := range integers {
		for _, width := range []int{32, 64} {
			for _, mode := range modes {
				for shift := range uint(65) {
					for off := range uint64(5) {
						typ.checkFrom(t, mode, width, uint64(1)<<shift+off-2)
					}
				}
				for range 5000 {
					typ.checkFrom(t, mode, width, g.Uint64()>>g.UintN(64))
					typ.checkFrom(t, mode, width, g.frac()<<g.UintN(12))
				}
			}
		}
	}
}

func TestFormatsConvertToEachOther(t *testing.T) {
	g, h := gen64(5), gen32(5)
	for _, mode := range modes {
		for _, a := range append(boundaries64, boundaries32...) {
			checkResize(t, mode, TinyAfter, a)
			checkResize(t, mode, TinyBefore, a)
		}
		for range 10000 {
			checkResize(t, mode, TinyRule(g.IntN(2)), g.next())
			// Binary32 numbers and their neighbourhood in binary64.
			near := math.Float64bits(float64(math.Float32frombits(uint32(h.next()))))
			checkResize(t, mode, TinyRule(g.IntN(2)), near+g.Uint64N(9)<<26-4<<26)
			checkResize(t, mode, TinyAfter, h.next())
		}
	}
}

func BenchmarkConvert(b *testing.B) {
	const x = 0x400921fb54442d18
	var e Env
	b.Run("F64ToF32", func(b *testing.B) {
		for b.Loop() {
			e.Rounding = RNE
			sink += uint64(e.F64ToF32(x))
		}
	})
	b.Run("F64ToInt64/RTZ", func(b *testing.B) {
		for b.Loop() {
			e.Rounding = RTZ
			sink += uint64(e.F64ToInt64(x))
		}
	})
	b.Run("F64ToInt64/RNE", func(b *testing.B) {
		for b.Loop() {
			e.Rounding = RNE
			sink += uint64(e.F64ToInt64(x))
		}
	})
	b.Run("Int64ToF64", func(b *testing.B) {
		i := int64(0)
		for b.Loop() {
			i++
			sink += e.Int64ToF64(i)
		}
	})
}
