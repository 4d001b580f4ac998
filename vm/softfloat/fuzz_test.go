package softfloat

import (
	"slices"
	"testing"
)

// fuzzArith fuzzes the named operations against the oracle.
func fuzzArith(f *testing.F, names ...string) {
	g, h := gen64(8), gen32(8)
	for i := range 20 {
		a, b, c := g.triple()
		f.Add(a, b, c, uint8(i))
		a, b, c = h.triple()
		f.Add(a, b, c, uint8(i))
	}
	f.Fuzz(func(t *testing.T, a, b, c uint64, env uint8) {
		mode, tiny := modes[int(env)%len(modes)], TinyRule(env>>7)
		for _, family := range ariths {
			for i := range family {
				op := &family[i]
				if !slices.Contains(names, op.name) {
					continue
				}
				if op.width == 32 {
					a, b, c := a&0xffffffff, b&0xffffffff, c&0xffffffff
					op.check(t, mode, tiny, a, b, c)
					continue
				}
				op.check(t, mode, tiny, a, b, c)
			}
		}
	})
}

func FuzzAddSub(f *testing.F)  { fuzzArith(f, "Add32", "Add64", "Sub32", "Sub64") }
func FuzzMul(f *testing.F)     { fuzzArith(f, "Mul32", "Mul64") }
func FuzzDivSqrt(f *testing.F) { fuzzArith(f, "Div32", "Div64", "Sqrt32", "Sqrt64") }
func FuzzMulAdd(f *testing.F)  { fuzzArith(f, "MulAdd32", "MulAdd64") }

func FuzzCompare(f *testing.F) {
	f.Add(uint64(1<<63), uint64(0))
	f.Add(uint64(0x7ff0000000000001), uint64(0x7f800001))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		for _, ord := range orderings {
			mask := ^uint64(0) >> (64 - ord.width)
			ord.check(t, a&mask, b&mask)
			ord.checkClass(t, a&mask)
		}
	})
}

func FuzzConvert(f *testing.F) {
	g := gen64(9)
	for i := range 20 {
		f.Add(g.nearInteger(), uint8(i))
	}
	f.Fuzz(func(t *testing.T, a uint64, env uint8) {
		mode := modes[int(env)%len(modes)]
		for _, typ := range integers {
			typ.checkTo(t, mode, 64, a)
			typ.checkTo(t, mode, 32, a&0xffffffff)
			typ.checkFrom(t, mode, 64, a)
			typ.checkFrom(t, mode, 32, a)
		}
		checkResize(t, mode, TinyRule(env>>7), a)
	})
}
