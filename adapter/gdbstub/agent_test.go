package gdbstub

import (
	"encoding/hex"
	"math"
	"testing"
)

// world is a small guest for expressions.
type world struct {
	regs map[int]uint64
	mem  map[uint64]byte
}

func (w world) register(n int) (uint64, bool) {
	v, ok := w.regs[n]
	return v, ok
}

func (w world) memory(addr uint64, p []byte) bool {
	for i := range p {
		b, ok := w.mem[addr+uint64(i)]
		if !ok {
			return false
		}
		p[i] = b
	}
	return true
}

var testWorld = world{
	regs: map[int]uint64{2: 0x1000, 10: 7, 258: 99},
	mem:  map[uint64]byte{0x1000: 0xfe, 0x1001: 0xff, 0x1002: 3, 0x1003: 4, 0x1004: 5, 0x1005: 6, 0x1006: 7, 0x1007: 0x80},
}

func TestAgentExpressions(t *testing.T) {
	const minus1 = "25ffffffffffffffff"
	for _, c := range []struct {
		name, code string
		want       uint64
	}{
		{"const8", "22ff27", 255},
		{"const16 is big-endian", "23123427", 0x1234},
		{"const32", "24123456789a27"[:10] + "27", 0x12345678},
		{"const64", "25123456789abcdef027", 0x123456789abcdef0},
		{"reg", "26000a27", 7},
		{"reg above 255", "26010227", 99},
		{"add wraps", minus1 + "220202" + "27", 1},
		{"sub takes the top from the one below", "2205220303" + "27", 2},
		{"mul", "2206220704" + "27", 42},
		{"div_signed", "25fffffffffffffff92202" + "05" + "27", ^uint64(2)}, // -7/2 = -3
		{"div_signed of the smallest number", "258000000000000000" + minus1 + "0527", 1 << 63},
		{"div_unsigned", "25fffffffffffffff92202" + "06" + "27", 0x7ffffffffffffffc},
		{"rem_signed", "25fffffffffffffff92202" + "07" + "27", math.MaxUint64},
		{"rem_signed by -1", "258000000000000000" + minus1 + "0727", 0},
		{"rem_unsigned", "2207220408" + "27", 3},
		{"lsh", "2201220409" + "27", 16},
		{"lsh by everything", "2201224009" + "27", 0},
		{"rsh_signed", "25fffffffffffffff022040a27", math.MaxUint64},
		{"rsh_unsigned", "25fffffffffffffff022040b27", 0x0fffffffffffffff},
		{"log_not", "22000e27", 1},
		{"log_not of truth", "22050e27", 0},
		{"bit_and", "220c220a0f27", 8},
		{"bit_or", "220c220a1027", 14},
		{"bit_xor", "220c220a1127", 6},
		{"bit_not", "22001227", math.MaxUint64},
		{"equal", "220c220c1327", 1},
		{"less_signed", minus1 + "22011427", 1},
		{"less_unsigned", minus1 + "22011527", 0},
		{"ext", "22fe160827", ^uint64(1)},
		{"ext 64", "22fe164027", 0xfe},
		{"zero_ext", minus1 + "2a1027", 0xffff},
		{"ref8", "2310001727", 0xfe},
		{"ref16 is little-endian", "2310001827", 0xfffe},
		{"ref32", "2310001927", 0x0403fffe},
		{"ref64", "2310001a27", 0x800706050403fffe},
		{"dup", "2203280427", 9},
		{"pop", "2203220429" + "27", 3},
		{"swap", "22032205" + "2b" + "0327", 2},
		{"pick", "2203220532" + "01" + "27", 3},
		{"rot brings the top below two", "220122022203" + "33" + "27", 2},
		{"rot, the lowest", "220122022203" + "33" + "2929" + "27", 3},
		{"if_goto taken", "2201" + "200008" + "2207" + "27" + "2209" + "27", 9},
		{"if_goto not taken", "2200" + "200008" + "2207" + "27" + "2209" + "27", 7},
		{"goto", "210006" + "220727" + "220927", 9},
		// i = 5; do i--; while (i != 2)
		{"loop", "2205" + "2201" + "03" + "28" + "2202" + "13" + "0e" + "200002" + "27", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, err := hex.DecodeString(c.code)
			if err != nil {
				t.Fatal(err)
			}
			e, err := parseAgentExpr(code)
			if err != nil {
				t.Fatal(err)
			}
			got, err := (&agentMachine{ctx: testWorld}).eval(e)
			if err != nil || got != c.want {
				t.Errorf("%#x, %v, want %#x", got, err, c.want)
			}
		})
	}
}

func TestBadAgentExpressionsAreErrors(t *testing.T) {
	for name, c := range map[string]string{
		"nothing":                 "",
		"unknown operation":       "00",
		"tracing":                 "0c",
		"operand cut short":       "2312",
		"jump into an operand":    "2100" + "01" + "27",
		"jump to the end":         "210003",
		"stack empty":             "0227",
		"no value at the end":     "27",
		"no end":                  "2201",
		"division by zero":        "220122000527",
		"division by zero, too":   "220122000827",
		"no such register":        "26ffff27",
		"no such memory":          "22001727",
		"memory missing in part":  "2310041a27",
		"pick out of the stack":   "2203320127",
		"ext to no bits":          "2203160027",
		"ext to too many bits":    "2203164127",
		"zero_ext to no bits":     "22032a0027",
		"endless":                 "210000",
		"endless and pushing":     "2201210000",
		"stack empty after a few": "22012929" + "27",
	} {
		t.Run(name, func(t *testing.T) {
			code, err := hex.DecodeString(c)
			if err != nil {
				t.Fatal(err)
			}
			if e, err := parseAgentExpr(code); err == nil {
				if v, err := (&agentMachine{ctx: testWorld}).eval(e); err == nil {
					t.Errorf("gave %#x, want an error", v)
				}
			}
		})
	}
}

// FuzzAgentExpr: no bytecode panics or runs for ever.
func FuzzAgentExpr(f *testing.F) {
	for _, s := range []string{"22ff27", "2205220103282202130e20000227", "2310001a27", "2210200000"} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		if e, err := parseAgentExpr(code); err == nil {
			_, _ = (&agentMachine{ctx: testWorld}).eval(e) // an error is as good as a value
		}
	})
}
