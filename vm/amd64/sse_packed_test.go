package amd64

import (
	"math/rand/v2"
	"testing"

	"golang.org/x/arch/x86/x86asm"
)

// split takes a word apart into elements of w bits, sign-extended.
func split(x uint64, w int) []int64 {
	var e []int64
	for i := 0; i < 64; i += w {
		e = append(e, int64(x<<(64-w-i))>>(64-w))
	}
	return e
}

// join is the inverse of split; what does not fit is cut off.
func join(e []int64, w int) (x uint64) {
	for i, v := range e {
		x |= uint64(v) << (64 - w) >> (64 - w) << (w * i)
	}
	return x
}

// lanewise applies f to pairs of elements.
func lanewise(w int, f func(a, b int64) int64) func(a, b uint64) uint64 {
	return func(a, b uint64) uint64 {
		x, y := split(a, w), split(b, w)
		for i := range x {
			x[i] = f(x[i], y[i])
		}
		return join(x, w)
	}
}

func clamp(x, low, high int64) int64 { return max(low, min(x, high)) }

// unsigned makes f one on unsigned elements of w bits.
func unsigned(w int, f func(a, b int64) int64) func(a, b int64) int64 {
	m := int64(1)<<w - 1
	return func(a, b int64) int64 { return f(a&m, b&m) }
}

func truth(b bool) int64 {
	if b {
		return -1
	}
	return 0
}

// plainLanes are the definitions of the SDM, element by element.
func plainLanes() map[x86asm.Op]func(a, b uint64) uint64 {
	add := func(a, b int64) int64 { return a + b }
	sub := func(a, b int64) int64 { return a - b }
	sign := func(a, b int64) int64 {
		switch {
		case b < 0:
			return -a
		case b == 0:
			return 0
		}
		return a
	}
	least := func(a, b int64) int64 { return min(a, b) }
	most := func(a, b int64) int64 { return max(a, b) }
	r := map[x86asm.Op]func(a, b uint64) uint64{}
	for i, w := range []int{8, 16, 32} {
		low, high, top := int64(-1)<<(w-1), int64(1)<<(w-1)-1, int64(1)<<w-1
		op := func(ops ...x86asm.Op) x86asm.Op { return ops[i] }
		r[op(x86asm.PADDB, x86asm.PADDW, x86asm.PADDD)] = lanewise(w, add)
		r[op(x86asm.PSUBB, x86asm.PSUBW, x86asm.PSUBD)] = lanewise(w, sub)
		r[op(x86asm.PCMPEQB, x86asm.PCMPEQW, x86asm.PCMPEQD)] = lanewise(w, func(a, b int64) int64 { return truth(a == b) })
		r[op(x86asm.PCMPGTB, x86asm.PCMPGTW, x86asm.PCMPGTD)] = lanewise(w, func(a, b int64) int64 { return truth(a > b) })
		r[op(x86asm.PMINSB, x86asm.PMINSW, x86asm.PMINSD)] = lanewise(w, least)
		r[op(x86asm.PMAXSB, x86asm.PMAXSW, x86asm.PMAXSD)] = lanewise(w, most)
		r[op(x86asm.PMINUB, x86asm.PMINUW, x86asm.PMINUD)] = lanewise(w, unsigned(w, least))
		r[op(x86asm.PMAXUB, x86asm.PMAXUW, x86asm.PMAXUD)] = lanewise(w, unsigned(w, most))
		r[op(x86asm.PABSB, x86asm.PABSW, x86asm.PABSD)] = lanewise(w, func(_, b int64) int64 { return max(b, -b) })
		r[op(x86asm.PSIGNB, x86asm.PSIGNW, x86asm.PSIGND)] = lanewise(w, sign)
		if w == 32 {
			continue
		}
		r[op(x86asm.PADDSB, x86asm.PADDSW)] = lanewise(w, func(a, b int64) int64 { return clamp(a+b, low, high) })
		r[op(x86asm.PSUBSB, x86asm.PSUBSW)] = lanewise(w, func(a, b int64) int64 { return clamp(a-b, low, high) })
		r[op(x86asm.PADDUSB, x86asm.PADDUSW)] = lanewise(w, unsigned(w, func(a, b int64) int64 { return clamp(a+b, 0, top) }))
		r[op(x86asm.PSUBUSB, x86asm.PSUBUSW)] = lanewise(w, unsigned(w, func(a, b int64) int64 { return clamp(a-b, 0, top) }))
		r[op(x86asm.PAVGB, x86asm.PAVGW)] = lanewise(w, unsigned(w, func(a, b int64) int64 { return (a + b + 1) / 2 }))
	}
	r[x86asm.PMULLW] = lanewise(16, func(a, b int64) int64 { return a * b })
	r[x86asm.PMULHW] = lanewise(16, func(a, b int64) int64 { return a * b >> 16 })
	r[x86asm.PMULHUW] = lanewise(16, unsigned(16, func(a, b int64) int64 { return a * b >> 16 }))
	r[x86asm.PMULHRSW] = lanewise(16, func(a, b int64) int64 { return (a*b>>14 + 1) >> 1 })
	r[x86asm.PMULLD] = lanewise(32, func(a, b int64) int64 { return a * b })
	r[x86asm.PMADDWD] = func(a, b uint64) uint64 {
		x, y := split(a, 16), split(b, 16)
		return join([]int64{x[0]*y[0] + x[1]*y[1], x[2]*y[2] + x[3]*y[3]}, 32)
	}
	r[x86asm.PMADDUBSW] = func(a, b uint64) uint64 {
		x, y := split(a, 8), split(b, 8)
		var sums []int64
		for i := 0; i < 8; i += 2 {
			sums = append(sums, clamp(x[i]&0xff*y[i]+x[i+1]&0xff*y[i+1], -1<<15, 1<<15-1))
		}
		return join(sums, 16)
	}
	r[x86asm.PSADBW] = func(a, b uint64) (sum uint64) {
		for i := 0; i < 64; i += 8 {
			x, y := a>>i&0xff, b>>i&0xff
			sum += max(x, y) - min(x, y)
		}
		return sum
	}
	return r
}

// packedOperand is a word whose elements tend to the limits.
func packedOperand(r *rand.Rand) (x uint64) {
	if r.IntN(3) == 0 {
		return r.Uint64()
	}
	w := []int{8, 16, 32}[r.IntN(3)]
	for i := 0; i < 64; i += w {
		e := []uint64{0, 1, 1<<(w-1) - 1, 1 << (w - 1), 1<<w - 1, r.Uint64()}[r.IntN(6)]
		x |= e << (64 - w) >> (64 - w) << i
	}
	return x
}

func TestPackedIntegersAreComputedElementByElement(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for op, want := range plainLanes() {
		f := lanes[op]
		if f == nil {
			t.Errorf("%v: no function", op)
			continue
		}
		for range 20000 {
			a, b := packedOperand(r), packedOperand(r)
			if got := f(a, b); got != want(a, b) {
				t.Fatalf("%v of %#016x and %#016x: got %#016x, want %#016x", op, a, b, got, want(a, b))
			}
		}
	}
}

func TestPackedShiftsTakeAnyCount(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for _, s := range []struct {
		op x86asm.Op
		w  int
		f  func(a int64, n uint64) int64
	}{
		{x86asm.PSLLW, 16, func(a int64, n uint64) int64 { return a << n }},
		{x86asm.PSLLD, 32, func(a int64, n uint64) int64 { return a << n }},
		{x86asm.PSLLQ, 64, func(a int64, n uint64) int64 { return a << n }},
		{x86asm.PSRLW, 16, func(a int64, n uint64) int64 { return a & 0xffff >> n }},
		{x86asm.PSRLD, 32, func(a int64, n uint64) int64 { return a & 0xffffffff >> n }},
		{x86asm.PSRLQ, 64, func(a int64, n uint64) int64 { return int64(uint64(a) >> n) }},
		{x86asm.PSRAW, 16, func(a int64, n uint64) int64 { return a >> n }},
		{x86asm.PSRAD, 32, func(a int64, n uint64) int64 { return a >> n }},
	} {
		for range 20000 {
			a, n := packedOperand(r), r.Uint64N(70)
			if r.IntN(8) == 0 {
				n = r.Uint64()
			}
			e := split(a, s.w)
			for i := range e {
				e[i] = s.f(e[i], n)
			}
			if got, want := shifts[s.op](a, n), join(e, s.w); got != want {
				t.Fatalf("%v of %#016x by %d: got %#016x, want %#016x", s.op, a, n, got, want)
			}
		}
	}
}

func TestPacksAndHorizontalSumsTakeTheDestinationFirst(t *testing.T) {
	const lo, hi = 0x8000_7fff_0080_ffff, 0x0001_00ff_ff7f_1234
	for op, want := range map[x86asm.Op]uint64{
		x86asm.PACKSSWB: 0x017f80_7f_807f7fff,
		x86asm.PACKUSWB: 0x01ff00_ff_00ff8000,
		x86asm.PACKSSDW: 0x7fff_8000_8000_7fff,
		x86asm.PACKUSDW: 0xffff_0000_0000_ffff,
		x86asm.PHADDW:   0x0100_11b3_ffff_007f,
		x86asm.PHSUBW:   0x00fe_12b5_ffff_ff7f,
		x86asm.PHADDSW:  0x0100_11b3_ffff_007f,
		x86asm.PHSUBSW:  0x00fe_12b5_7fff_ff7f,
		x86asm.PHADDD:   0xff80_1333_8081_7ffe,
		x86asm.PHSUBD:   0xff7e_1135_8080_8000,
	} {
		if got := joins[op](lo, hi); got != want {
			t.Errorf("%v: got %#016x, want %#016x", op, got, want)
		}
	}
}

func TestUnpacksInterleaveFromTheLowEnd(t *testing.T) {
	const a, b = 0x0706050403020100, 0x1716151413121110
	for op, want := range map[x86asm.Op]uint64{
		x86asm.PUNPCKLBW: 0x1303120211011000,
		x86asm.PUNPCKLWD: 0x1312030211100100,
		x86asm.PUNPCKLDQ: 0x1312111003020100,
	} {
		if got := unpacks[op].f(a, b); got != want {
			t.Errorf("%v: got %#016x, want %#016x", op, got, want)
		}
	}
	if got, want := unpacks[x86asm.PUNPCKHBW].f(a>>32, b>>32), uint64(0x1707160615051404); got != want {
		t.Errorf("PUNPCKHBW: got %#016x, want %#016x", got, want)
	}
}
