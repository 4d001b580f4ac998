package softfloat

import "testing"

func f80(se uint16, mant uint64) F80 { return F80{Mant: mant, SE: se} }

// The functions by their place in transcendentals.
const (
	sin = iota
	cos
	tan
	exp2m1
	logMul
	logPlus1Mul
	atan
)

var transcendentals = [...]func(e *Env, x, y F80) F80{
	sin:         func(e *Env, x, _ F80) F80 { r, _ := e.Sin80(x); return r },
	cos:         func(e *Env, x, _ F80) F80 { r, _ := e.Cos80(x); return r },
	tan:         func(e *Env, x, _ F80) F80 { r, _ := e.Tan80(x); return r },
	exp2m1:      func(e *Env, x, _ F80) F80 { return e.Exp2m1x80(x) },
	logMul:      func(e *Env, x, y F80) F80 { return e.LogMul80(y, x) },
	logPlus1Mul: func(e *Env, x, y F80) F80 { return e.LogPlus1Mul80(y, x) },
	atan:        func(e *Env, x, y F80) F80 { return e.Atan80(y, x) },
}

// vectors were computed by mpmath with 1100 bits: a function, its arguments, the
// result truncated to 64 bits, and what follows in 2⁻³² of the last place.
var vectors = []struct {
	f            int
	x, y, result F80
	rest         uint32
}{
	{sin, f80(0xbffc, 0x8000000000000000), f80(0x0000, 0x0000000000000000), f80(0xbffb, 0xff5577743771ae50), 0x34d43390},
	{sin, f80(0x3ffc, 0x8000000000000000), f80(0x0000, 0x0000000000000000), f80(0x3ffb, 0xff5577743771ae50), 0x34d43390},
	{sin, f80(0xbffe, 0xddbc1028e2fb57c5), f80(0x0000, 0x0000000000000000), f80(0xbffe, 0xc308075384107e8d), 0x367d47ac},
	{sin, f80(0x4001, 0xffff800000000000), f80(0x0000, 0x0000000000000000), f80(0x3ffe, 0xfd4729f75240bb7c), 0xbb576d03},
	{sin, f80(0x3ffe, 0xfd416a2af6e1cad9), f80(0x0000, 0x0000000000000000), f80(0x3ffe, 0xd5ebdf4d8fa06e02), 0x532fe16f},
	{sin, f80(0xbffd, 0x8000000000000000), f80(0x0000, 0x0000000000000000), f80(0xbffc, 0xfd5776a798abb5d4), 0x4ef5ee39},
	{sin, f80(0xc000, 0x8000000000000000), f80(0x0000, 0x0000000000000000), f80(0xbffe, 0xe8c7b7568da22efd), 0x582aaa23},
	{sin, f80(0xc000, 0xfffffffffffffc00), f80(0x0000, 0x0000000000000000), f80(0x3ffe, 0xc1bdceeee0f56911), 0x3476c391},
	{cos, f80(0x4033, 0xa7513173c303bf23), f80(0x0000, 0x0000000000000000), f80(0x3ffd, 0x8b18518dda842508), 0x37fc57bf},
	{cos, f80(0x4033, 0xffffffffffffff00), f80(0x0000, 0x0000000000000000), f80(0xbffe, 0xa15604825a9f307e), 0x52f2b721},
	{cos, f80(0x3ffd, 0xfffffffffe000000), f80(0x0000, 0x0000000000000000), f80(0x3ffe, 0xe0a94032dc65388f), 0x8f09450d},
	{cos, f80(0xbffe, 0x8000000000000000), f80(0x0000, 0x0000000000000000), f80(0x3ffe, 0xe0a94032dbea7ced), 0xbddd9da2},
	{cos, f80(0x3fff, 0x92ab1b778c151f15), f80(0x0000, 0x0000000000000000), f80(0x3ffd, 0xd315af495c2ac50a), 0x61e467af},
	{cos, f80(0xbffc, 0x8000000000000000), f80(0x0000, 0x0000000000000000), f80(0x3ffe, 0xfe00aa93eade9b6d), 0x1e6a129d},
	{cos, f80(0x3ffd, 0xf000000000000000), f80(0x0000, 0x0000000000000000), f80(0x3ffe, 0xe462dfc670d421ab), 0x3d1a1590},
	{cos, f80(0x402e, 0x8000000000000000), f80(0x0000, 0x0000000000000000), f80(0xbffe, 0xff75e6454f84ece3), 0x61826234},
	{tan, f80(0x3fc4, 0xeeec95e13a6266e5), f80(0x0000, 0x0000000000000000), f80(0x3fc4, 0xeeec95e13a6266e5), 0x00000000},
	{tan, f80(0x4014, 0x8000000000002000), f80(0x0000, 0x0000000000000000), f80(0x3ffe, 0xcc57de95595f721f), 0x0eec119e},
	{tan, f80(0x401c, 0xc000000000000000), f80(0x0000, 0x0000000000000000), f80(0x3fff, 0xeadb9017afa3651f), 0x5fa62f68},
	{tan, f80(0x3fff, 0x9af7408795e66217), f80(0x0000, 0x0000000000000000), f80(0x4000, 0xa9f73abf3c48e93a), 0xb744bd54},
	{tan, f80(0xc039, 0x902bcf6705f1f588), f80(0x0000, 0x0000000000000000), f80(0xbffd, 0xb69048fe8e3b4bb9), 0x1b2e6a8e},
	{tan, f80(0xc002, 0xd605a38ba4651658), f80(0x0000, 0x0000000000000000), f80(0xbfff, 0x8675bb4d1e430386), 0xd7e823b1},
	{tan, f80(0xc026, 0xbc631e5eeaa207a7), f80(0x0000, 0x0000000000000000), f80(0x3ffe, 0xebd91dd7f01552d0), 0x92f949a3},
	{tan, f80(0xc01e, 0xd232b46ec265eda0), f80(0x0000, 0x0000000000000000), f80(0xbffc, 0xac0d34867af2154c), 0x8867c9c8},
	{exp2m1, f80(0xbffe, 0x8000000000000000), f80(0x0000, 0x0000000000000000), f80(0xbffd, 0x95f619980c4336f7), 0x4d04ec99},
	{exp2m1, f80(0xbffc, 0x8000000000000000), f80(0x0000, 0x0000000000000000), f80(0xbffb, 0xa9f9c8c116de3689), 0x7e945264},
	{exp2m1, f80(0xbffc, 0x8000000000000001), f80(0x0000, 0x0000000000000000), f80(0xbffb, 0xa9f9c8c116de368a), 0xc4042517},
	{exp2m1, f80(0xbfd3, 0xfa055682885052f8), f80(0x0000, 0x0000000000000000), f80(0xbfd3, 0xad4d1e99492e1703), 0xcf71a3d1},
	{exp2m1, f80(0x3ffc, 0x8000000000000000), f80(0x0000, 0x0000000000000000), f80(0x3ffb, 0xb95c1e3ea8bd6e6f), 0xbe462875},
	{exp2m1, f80(0x3fd8, 0xa2810d5c252734f5), f80(0x0000, 0x0000000000000000), f80(0x3fd7, 0xe1474dd722040209), 0x88d4e326},
	{exp2m1, f80(0xbfd0, 0x8000000000000000), f80(0x0000, 0x0000000000000000), f80(0xbfcf, 0xb17217f7d1cefeac), 0xd1e5a882},
	{exp2m1, f80(0xbffc, 0xffd9a88ad94fc850), f80(0x0000, 0x0000000000000000), f80(0xbffc, 0xa2d5b3744207989e), 0x8c250f7f},
	{logMul, f80(0x401f, 0xffffffffffffff00), f80(0x4003, 0xae3a94e76ecc2ad2), f80(0x4008, 0xb3ac698eaa428c20), 0xb5209cf2},
	{logMul, f80(0x3ffe, 0xb7d6dbb3a5b8975f), f80(0x4001, 0xc2d19365e57530d4), f80(0xc000, 0xba211525f6ac678a), 0xafcdc962},
	{logMul, f80(0x3ffe, 0xfffffffc00000000), f80(0x4000, 0xb2914e23ad910bf4), f80(0xbfe3, 0x80cf2dece0948688), 0xfccd0e85},
	{logMul, f80(0x4001, 0xffffffffff800000), f80(0x3fff, 0xffffffffff000000), f80(0x4001, 0xbfffffffff11d571), 0x35a91ca3},
	{logMul, f80(0x3fff, 0xbf6aa6df96362fdd), f80(0xc000, 0xe000000000000000), f80(0xc000, 0x820c551e0d8443d5), 0x7b83f08d},
	{logMul, f80(0x3ffe, 0x8000080000000000), f80(0x3ffe, 0x8e7fc18658129e9f), f80(0xbffe, 0x8e7fb4ad05ddb7f4), 0xb3124d50},
	{logPlus1Mul, f80(0x3ffc, 0x8c18392588a315d7), f80(0xc003, 0xffffffffff000000), f80(0xc001, 0xbd6eb443c19d7d27), 0x692fdda1},
	{logPlus1Mul, f80(0x3ffd, 0x83e8f0b6b1edff88), f80(0xbffe, 0xe236e29019f9843a), f80(0xbffd, 0x95a0014d42fbd4b5), 0xb31d0a9d},
	{logPlus1Mul, f80(0xbffc, 0x8000000000000000), f80(0xbfff, 0x8000000000000000), f80(0x3ffc, 0xc544c055fde99333), 0x54dbf16f},
	{logPlus1Mul, f80(0xbffc, 0x8275aa33eb3d3d47), f80(0xbfff, 0x8000000000000400), f80(0x3ffc, 0xc9545de2fb4c8c27), 0x63e5defe},
	{logPlus1Mul, f80(0xbffa, 0xfc00000000000000), f80(0xbfff, 0xd697f898f915ac1f), f80(0x3ffc, 0x9d44529bd2a6010b), 0xde93c630},
	{logPlus1Mul, f80(0xbffc, 0xd783b64c98da0f01), f80(0x4004, 0xbfd8aac50d4a95bb), f80(0xc003, 0x82cf2b2db1788c59), 0x1e6e681d},
	{logPlus1Mul, f80(0x3ffd, 0xd7a5738a6efe1392), f80(0xc004, 0x891cbaaa4ab6cc6e), f80(0xc003, 0x8b0eb46dd7f82524), 0xe3793a0a},
	{logPlus1Mul, f80(0xbff3, 0x8000000000000000), f80(0xbffa, 0x8000000000000000), f80(0x3fee, 0xb8b000b8c65957cc), 0xb6fe1bf6},
	{atan, f80(0x3ffb, 0x8000001000000000), f80(0x4001, 0xffffffffff000000), f80(0x3fff, 0xc80fdbf7538a6d7d), 0x5ca83f59},
	{atan, f80(0x4002, 0xfecebd292e2921ca), f80(0x4002, 0x8020000000000000), f80(0x3ffd, 0xee8bacb04039234e), 0xf86dbdc2},
	{atan, f80(0x3ff9, 0x96f1de4a39c71e65), f80(0xc005, 0xcae810c211fe5bad), f80(0xbfff, 0xc909e71972b5cb7c), 0x64350c33},
	{atan, f80(0xbfaa, 0x8000000000000000), f80(0x3fce, 0xfffffff000000000), f80(0x3fff, 0xc90fdaa22568c235), 0x04c6628f},
	{atan, f80(0xc070, 0x8000000000000000), f80(0x3fb3, 0x8000000000000000), f80(0x4000, 0xc90fdaa22168c234), 0xc4c6628b},
	{atan, f80(0xbfe2, 0xfffffffffffff000), f80(0xbf98, 0xc370506be2028cab), f80(0xc000, 0xc90fdaa22168c234), 0xc4ba2b86},
	{atan, f80(0xbffc, 0x8000100000000000), f80(0x4005, 0x8000000000000000), f80(0x3fff, 0xc94fdaa4cc1239ac), 0x57ab9550},
	{atan, f80(0x3fa7, 0x8000000000000000), f80(0xbf99, 0xb9993ee149cf82f8), f80(0xbff1, 0xb9993ed928a999bb), 0x62e21cf4},
}

func TestTranscendentalFunctionsAreCorrectlyRounded(t *testing.T) {
	for _, v := range vectors {
		for _, mode := range modes[:4] {
			want := v.result
			up := mode.up(want.Neg(), want.Mant&1 != 0, uint64(v.rest)<<32|1)
			if up {
				want.Mant++ // none of them is all ones
			}
			e := Env{Rounding: mode, NaN: NaNLargest}
			got := transcendentals[v.f](&e, v.x, v.y)
			if got != want || e.Flags != Inexact || e.Up != up {
				t.Errorf("function %d of %+v, %+v, rounding %d: got %+v up %v flags %06b, want %+v up %v", v.f, v.x, v.y, mode, got, e.Up, e.Flags, want, up)
			}
		}
	}
}

func TestExactResultsOfTranscendentalFunctionsRaiseInexact(t *testing.T) {
	one, minusOne, eight, three := f80(0x3fff, 1<<63), f80(0xbfff, 1<<63), f80(0x4002, 1<<63), f80(0x4000, 3<<62)
	for _, c := range []struct {
		f          int
		x, y, want F80
	}{
		{exp2m1, one, F80{}, one},
		{exp2m1, minusOne, F80{}, f80(0xbffe, 1<<63)},
		{logMul, eight, three, f80(0x4002, 9<<60)},
		{logPlus1Mul, three, three, f80(0x4001, 3<<62)},
	} {
		e := Env{Rounding: RUP}
		if got := transcendentals[c.f](&e, c.x, c.y); got != c.want || e.Flags != Inexact || e.Up {
			t.Errorf("function %d of %+v, %+v = %+v, flags %06b, up %v; want %+v", c.f, c.x, c.y, got, e.Flags, e.Up, c.want)
		}
	}
}

// Near 0 each function is x, or 1, or a multiple of x, but for something that is
// far below the last place, on the side that its series says.
func TestTranscendentalFunctionsOfTinyArguments(t *testing.T) {
	for _, x := range []F80{f80(0x3f00, 0xc000000000000001), f80(0x3f9b, 1<<63), f80(0xbf9a, ^uint64(0)), f80(1, 0x8000000000000005), f80(0xa000, 3<<62)} {
		one := f80(0x3fff, 1<<63)
		below := func(a F80) F80 { // the next number towards zero
			a.Mant--
			if a.Mant < 1<<63 {
				a.Mant, a.SE = ^uint64(0), a.SE-1
			}
			return a
		}
		above := func(a F80) F80 {
			a.Mant++
			if a.Mant == 0 {
				a.Mant, a.SE = 1<<63, a.SE+1
			}
			return a
		}
		if x.SE&0x7fff > 1 {
			for _, c := range []struct {
				f         int
				rtz, away F80
			}{
				{f: sin, rtz: below(x), away: x},
				{f: tan, rtz: x, away: above(x)},
			} {
				down, up := Env{Rounding: RTZ}, Env{Rounding: RUP}
				if x.Neg() {
					up.Rounding = RDN
				}
				if got := transcendentals[c.f](&down, x, F80{}); got != c.rtz {
					t.Errorf("function %d of %+v towards zero: %+v, want %+v", c.f, x, got, c.rtz)
				}
				if got := transcendentals[c.f](&up, x, F80{}); got != c.away {
					t.Errorf("function %d of %+v away from zero: %+v, want %+v", c.f, x, got, c.away)
				}
			}
		}
		var e Env
		if got, _ := e.Cos80(x); got != one || e.Flags&Inexact == 0 {
			t.Errorf("cos %+v = %+v", x, got)
		}
		e = Env{Rounding: RTZ}
		if got, _ := e.Cos80(x); got != below(one) {
			t.Errorf("cos %+v towards zero = %+v", x, got)
		}
		if got := e.Atan80(x, one); x.SE&0x7fff > 1 && got != below(x) {
			t.Errorf("atan %+v towards zero = %+v", x, got)
		}
	}
}

func TestFunctionsOutOfRange(t *testing.T) {
	for _, se := range []uint16{0x3fff + 63, 0xbfff + 63, 0x7ffe} {
		x := f80(se, 1<<63|1)
		var e Env
		_, sinOK := e.Sin80(x)
		_, cosOK := e.Cos80(x)
		_, tanOK := e.Tan80(x)
		_, _, bothOK := e.SinCos80(x)
		if sinOK || cosOK || tanOK || bothOK || e.Flags != 0 {
			t.Errorf("%+v is taken, flags %06b", x, e.Flags)
		}
	}
}

// Random arguments, for what must hold everywhere: neighbours in the directed
// roundings, and the same sign.
func TestDirectedRoundingsOfTranscendentalFunctionsEnclose(t *testing.T) {
	for _, v := range vectors {
		for i := range uint64(40) {
			x := v.x
			x.Mant += i * 0x1234567
			if x.Mant < 1<<63 {
				continue
			}
			down, up, nearest := Env{Rounding: RDN, NaN: NaNLargest}, Env{Rounding: RUP, NaN: NaNLargest}, Env{NaN: NaNLargest}
			f := transcendentals[v.f]
			lo, hi, mid := f(&down, x, v.y), f(&up, x, v.y), f(&nearest, x, v.y)
			if lo.IsNaN() {
				continue
			}
			var e Env
			if e.Compare80(lo, mid, true) == Greater || e.Compare80(mid, hi, true) == Greater || mid != lo && mid != hi {
				t.Fatalf("function %d of %+v: %+v %+v %+v", v.f, x, lo, mid, hi)
			}
			step := lo.Mant - hi.Mant
			if lo.SE == hi.SE && step+1 > 2 {
				t.Fatalf("function %d of %+v: %+v and %+v are no neighbours", v.f, x, lo, hi)
			}
		}
	}
}
