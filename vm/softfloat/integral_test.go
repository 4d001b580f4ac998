package softfloat

import "testing"

// toIntegral rounds to an integral value, from the definition.
func (o *oracle) toIntegral(a datum) datum {
	switch {
	case a.nan:
		return o.nan(a)
	case a.inf || a.isZero():
		return a
	}
	n, inexact := roundAt(a, o.mode, 0)
	if inexact {
		o.flags |= Inexact
	}
	return datum{neg: a.neg, mant: n}
}

// checkIntegral holds both ways of rounding to an integral value against the
// oracle.
func checkIntegral(t *testing.T, mode Rounding, width int, a uint64) {
	t.Helper()
	o := newOracle(width, mode, TinyAfter)
	want := o.encode(o.toIntegral(decode(width, a)))
	ways := map[string]func(e *Env) uint64{
		"exact way": func(e *Env) uint64 { return binary64.pack(e.roundInt(&binary64, binary64.unpack(a))) },
		"public":    func(e *Env) uint64 { return e.RoundInt64(a) },
	}
	if width == 32 {
		ways["exact way"] = func(e *Env) uint64 { return binary32.pack(e.roundInt(&binary32, binary32.unpack(a))) }
		ways["public"] = func(e *Env) uint64 { return uint64(e.RoundInt32(uint32(a))) }
	}
	for name, f := range ways {
		e := Env{Rounding: mode}
		if got := f(&e); got != want || e.Flags != o.flags {
			t.Fatalf("binary%d %#x to an integral value (%s), rounding %d: got %#x flags %05b, want %#x flags %05b",
				width, a, name, mode, got, e.Flags, want, o.flags)
		}
	}
}

func TestFloatsRoundToIntegralValues(t *testing.T) {
	for width, g := range map[int]*gen{32: gen32(10), 64: gen64(10)} {
		for _, mode := range modes {
			for _, a := range g.bounds {
				checkIntegral(t, mode, width, a)
			}
			for range 5000 {
				checkIntegral(t, mode, width, g.next())
				checkIntegral(t, mode, width, g.nearInteger())
			}
		}
	}
}

// A NaN's payload comes through, as in all operations of one operand.
func TestRoundingToIntegralKeepsPayloads(t *testing.T) {
	e := Env{NaN: NaNFirst}
	if got, want := e.RoundInt64(0xfff0000000000123), uint64(0xfff8000000000123); got != want || e.Flags != Invalid {
		t.Errorf("got %#x flags %05b, want %#x and Invalid", got, e.Flags, want)
	}
	e = Env{NaN: NaNFirst}
	if got, want := e.RoundInt32(0x7fc00321), uint32(0x7fc00321); got != want || e.Flags != 0 {
		t.Errorf("got %#x flags %05b, want %#x and none", got, e.Flags, want)
	}
}
