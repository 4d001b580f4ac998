package softfloat

import "testing"

// NaNs with payloads, in binary32 and binary64: q quiet, s signaling.
const (
	q1 uint32 = 0x7fc00001
	q2 uint32 = 0xffc00002
	s1 uint32 = 0x7f800001
	s2 uint32 = 0xff800002

	one32 uint32 = 0x3f800000
	inf32 uint32 = 0x7f800000
)

func TestEachRuleReturnsItsNaN(t *testing.T) {
	const canonical, indefinite = 0x7fc00000, 0xffc00000
	const quieted1, quieted2 = 0x7fc00001, 0xffc00002 // s1, s2 made quiet
	for _, c := range []struct {
		what                      string
		do                        func(e *Env) uint32
		flags                     Flags
		canonical, first, largest uint32
	}{
		{"inf − inf", func(e *Env) uint32 { return e.Sub32(inf32, inf32) }, Invalid, canonical, indefinite, indefinite},
		{"√−1", func(e *Env) uint32 { return e.Sqrt32(one32 | sign32) }, Invalid, canonical, indefinite, indefinite},
		{"q1 + 1", func(e *Env) uint32 { return e.Add32(q1, one32) }, 0, canonical, q1, q1},
		{"1 − q2", func(e *Env) uint32 { return e.Sub32(one32, q2) }, 0, canonical, q2, q2},
		{"q1 × q2", func(e *Env) uint32 { return e.Mul32(q1, q2) }, 0, canonical, q1, q2},
		{"q2 × q1", func(e *Env) uint32 { return e.Mul32(q2, q1) }, 0, canonical, q2, q2},
		{"s2 ÷ q1", func(e *Env) uint32 { return e.Div32(s2, q1) }, Invalid, canonical, quieted2, q1},
		{"q1 ÷ s2", func(e *Env) uint32 { return e.Div32(q1, s2) }, Invalid, canonical, q1, q1},
		{"s1 + s2", func(e *Env) uint32 { return e.Add32(s1, s2) }, Invalid, canonical, quieted1, quieted2},
		{"−q1 + q1", func(e *Env) uint32 { return e.Add32(q1|sign32, q1) }, 0, canonical, q1 | sign32, q1},
		{"√s1", func(e *Env) uint32 { return e.Sqrt32(s1) }, Invalid, canonical, quieted1, quieted1},
		{"1×1 + s2", func(e *Env) uint32 { return e.MulAdd32(one32, one32, s2) }, Invalid, canonical, quieted2, quieted2},
		{"q1×q2 + 1", func(e *Env) uint32 { return e.MulAdd32(q1, q2, one32) }, 0, canonical, q1, q2},
		{"min(q1, q2)", func(e *Env) uint32 { return e.Min32(q1, q2) }, 0, canonical, q1, q2},
		{"max(s1, 1)", func(e *Env) uint32 { return e.Max32(s1, one32) }, Invalid, one32, one32, one32},
	} {
		for rule, want := range []uint32{NaNCanonical: c.canonical, NaNFirst: c.first, NaNLargest: c.largest} {
			e := Env{NaN: NaNRule(rule)}
			if got := c.do(&e); got != want || e.Flags != c.flags {
				t.Errorf("%s under NaN rule %d: got %#x flags %05b, want %#x flags %05b", c.what, rule, got, e.Flags, want, c.flags)
			}
		}
	}
}

// RISC-V says so explicitly; x86 returns the NaN quietly.
func TestInfinityTimesZeroPlusQuietNaN(t *testing.T) {
	for rule, want := range []struct {
		pattern uint32
		flags   Flags
	}{NaNCanonical: {0x7fc00000, Invalid}, NaNFirst: {q2, 0}, NaNLargest: {q2, 0}} {
		e := Env{NaN: NaNRule(rule)}
		if got := e.MulAdd32(inf32, 0, q2); got != want.pattern || e.Flags != want.flags {
			t.Errorf("NaN rule %d: got %#x flags %05b, want %#x flags %05b", rule, got, e.Flags, want.pattern, want.flags)
		}
	}
}

func TestPayloadsSurviveResizing(t *testing.T) {
	e := Env{NaN: NaNFirst}
	if got, want := e.F32ToF64(0xff812345), uint64(0xfff82468a0000000); got != want || e.Flags != Invalid {
		t.Errorf("widened: %#x flags %05b, want %#x, invalid", got, e.Flags, want)
	}
	e.Flags = 0
	if got, want := e.F64ToF32(0x7ff82468afffffff), uint32(0x7fc12345); got != want || e.Flags != 0 {
		t.Errorf("narrowed: %#x flags %05b, want %#x, no flags", got, e.Flags, want)
	}
}
