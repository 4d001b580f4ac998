package softfloat

import "testing"

// ordering is a format's comparisons over uint64 patterns.
type ordering struct {
	width      int
	eq, lt, le func(e *Env, a, b uint64) bool
	min, max   func(e *Env, a, b uint64) uint64
	class      func(a uint64) Class
}

var orderings = []ordering{
	{64, (*Env).Eq64, (*Env).Lt64, (*Env).Le64, (*Env).Min64, (*Env).Max64, Class64},
	{
		32,
		func(e *Env, a, b uint64) bool { return e.Eq32(uint32(a), uint32(b)) },
		func(e *Env, a, b uint64) bool { return e.Lt32(uint32(a), uint32(b)) },
		func(e *Env, a, b uint64) bool { return e.Le32(uint32(a), uint32(b)) },
		func(e *Env, a, b uint64) uint64 { return uint64(e.Min32(uint32(a), uint32(b))) },
		func(e *Env, a, b uint64) uint64 { return uint64(e.Max32(uint32(a), uint32(b))) },
		func(a uint64) Class { return Class32(uint32(a)) },
	},
}

// check holds comparisons, minimum and maximum of one pair against the oracle.
func (ord *ordering) check(t *testing.T, a, b uint64) {
	t.Helper()
	x, y := decode(ord.width, a), decode(ord.width, b)
	nan, signaling := x.nan || y.nan, x.signaling || y.signaling
	var order int
	if !nan {
		order = x.cmp(y)
	}
	invalid := func(when bool) Flags {
		if when {
			return Invalid
		}
		return 0
	}
	for _, c := range []struct {
		name  string
		f     func(e *Env, a, b uint64) bool
		want  bool
		flags Flags
	}{
		{"eq", ord.eq, !nan && order == 0, invalid(signaling)},
		{"lt", ord.lt, !nan && order < 0, invalid(nan)},
		{"le", ord.le, !nan && order <= 0, invalid(nan)},
	} {
		var e Env
		if got := c.f(&e, a, b); got != c.want || e.Flags != c.flags {
			t.Fatalf("%s%d(%#x, %#x) = %v flags %05b, want %v flags %05b", c.name, ord.width, a, b, got, e.Flags, c.want, c.flags)
		}
	}

	// The sign decides between zeros: −0 < +0.
	if order == 0 && !nan && x.neg != y.neg {
		order = 1
		if x.neg {
			order = -1
		}
	}
	smaller, larger := a, b
	if order > 0 {
		smaller, larger = b, a
	}
	switch {
	case x.nan && y.nan:
		smaller = (&oracle{prec: 53, emax: 1023}).encode(x)
		if ord.width == 32 {
			smaller = (&oracle{prec: 24, emax: 127}).encode(x)
		}
		larger = smaller
	case x.nan:
		smaller, larger = b, b
	case y.nan:
		smaller, larger = a, a
	}
	for _, m := range []struct {
		name string
		f    func(e *Env, a, b uint64) uint64
		want uint64
	}{{"min", ord.min, smaller}, {"max", ord.max, larger}} {
		var e Env
		if got := m.f(&e, a, b); got != m.want || e.Flags != invalid(signaling) {
			t.Fatalf("%s%d(%#x, %#x) = %#x flags %05b, want %#x flags %05b", m.name, ord.width, a, b, got, e.Flags, m.want, invalid(signaling))
		}
	}
}

// checkClass holds the classification of one pattern against the oracle.
func (ord *ordering) checkClass(t *testing.T, a uint64) {
	t.Helper()
	d := decode(ord.width, a)
	emin := -1022
	if ord.width == 32 {
		emin = -126
	}
	var want Class
	switch {
	case d.signaling:
		want = SignalingNaN
	case d.nan:
		want = QuietNaN
	case d.inf && d.neg:
		want = NegInf
	case d.inf:
		want = PosInf
	case d.isZero() && d.neg:
		want = NegZero
	case d.isZero():
		want = PosZero
	case d.exp+d.mant.BitLen()-1 < emin && d.neg:
		want = NegSubnormal
	case d.exp+d.mant.BitLen()-1 < emin:
		want = PosSubnormal
	case d.neg:
		want = NegNormal
	default:
		want = PosNormal
	}
	if got := ord.class(a); got != want {
		t.Fatalf("Class%d(%#x) = %#x, want %#x", ord.width, a, got, want)
	}
}

func TestComparisonsAgreeWithExactOrder(t *testing.T) {
	for _, ord := range orderings {
		g, bounds := gen64(2), boundaries64
		if ord.width == 32 {
			g, bounds = gen32(2), boundaries32
		}
		for _, a := range bounds {
			ord.checkClass(t, a)
			for _, b := range bounds {
				ord.check(t, a, b)
			}
		}
		for range 30000 {
			a, b, _ := g.triple()
			ord.check(t, a, b)
			ord.check(t, a, a)
			ord.checkClass(t, a)
		}
	}
}

// RISC-V programs see these numbers (unprivileged ISA, table "Format of result
// of FCLASS instruction").
func TestClassBitsAreThoseOfFclass(t *testing.T) {
	for bit, a := range []uint32{0xff800000, 0xbf800000, 0x80000001, 0x80000000, 0, 1, 0x3f800000, 0x7f800000, 0x7f800001, 0x7fc00000} {
		if got := Class32(a); got != 1<<bit {
			t.Errorf("Class32(%#x) = %#x, want bit %d", a, got, bit)
		}
	}
}
