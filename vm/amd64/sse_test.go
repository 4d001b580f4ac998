package amd64

import (
	"encoding/hex"
	"math"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

const (
	testCode = 0x10000
	testData = 0x20000 // two pages, of which the second one is read-only
)

// newTestCPU is a CPU at code, given in hexadecimal.
func newTestCPU(t testing.TB, code string) (*ir.CPU, *engine.Engine) {
	t.Helper()
	b, err := hex.DecodeString(code)
	if err != nil {
		t.Fatal(err)
	}
	c := &ir.CPU{Mem: mem.NewSpace(), PC: testCode}
	Reset(c.R[:])
	for _, v := range []mem.VMA{
		{Start: testCode, End: testCode + 0x1000, Prot: mem.Read | mem.Exec},
		{Start: testData, End: testData + 0x1000, Prot: mem.Read | mem.Write},
		{Start: testData + 0x1000, End: testData + 0x2000, Prot: mem.Read},
	} {
		if err := c.Mem.Map(v); err != nil {
			t.Fatal(err)
		}
	}
	c.Mem.Poke(testCode, b)
	return c, engine.New(c, Translator{})
}

func setXMM(c *ir.CPU, n int, lo, hi uint64) { c.R[XMM0+2*n], c.R[XMM0+2*n+1] = lo, hi }

// wantXMM checks a register.
func wantXMM(t *testing.T, c *ir.CPU, n int, lo, hi uint64) {
	t.Helper()
	if got := get(c, uint8(XMM0+2*n)); got != (vec{lo, hi}) {
		t.Errorf("xmm%d: got %#016x:%#016x, want %#016x:%#016x", n, got.hi, got.lo, hi, lo)
	}
}

// The results and flags here are those of a CPU (SDM volume 1, 11.5, agrees).
func TestExceptionsFollowMXCSR(t *testing.T) {
	const (
		def     = 0x1f80
		noOE    = def &^ (1 << 10)
		noUE    = def &^ (1 << 11)
		daz     = def | 1<<6
		ftz     = def | 1<<15
		tiny    = 1
		least   = 1 << 52
		largest = 0x7fefffffffffffff
		qnan    = 0x7ff8000000000001
		snan    = 0x7ff0000000000001
		inf     = 0x7ff << 52
		neg     = 1 << 63
		trap    = 0xdead // no result
	)
	one, half := math.Float64bits(1), math.Float64bits(0.5)
	const add, mul, div, sqrt, minsd, maxsd = "f20f58c1", "f20f59c1", "f20f5ec1", "f20f51c1", "f20f5dc1", "f20f5fc1"
	for _, k := range []struct {
		name, code    string
		a, b, mx      uint64
		result, flags uint64
	}{
		{"subnormal ÷ 0", div, tiny, 0, def, inf, mxZE},
		{"√ of a negative subnormal", sqrt, 0, neg | tiny, def, 0xfff8 << 48, mxIE},
		{"subnormal + quiet NaN", add, tiny, qnan, def, qnan, 0},
		{"signaling NaN + subnormal, denormal unmasked", add, snan, tiny, def &^ (1 << 8), qnan, mxIE},
		{"two NaNs: the first", add, qnan + 1, qnan, def, qnan + 1, 0},
		{"subnormal × ∞", mul, tiny, inf, def, inf, mxDE},
		{"∞ × 0", mul, inf, 0, def, 0xfff8 << 48, mxIE},
		{"exact overflow, unmasked", add, largest, largest, noOE, trap, mxOE},
		{"inexact overflow, unmasked", mul, largest, largest, noOE, trap, mxOE | mxPE},
		{"exact underflow, masked", mul, least, half, def, least / 2, 0},
		{"exact underflow, unmasked", mul, least, half, noUE, trap, mxUE},
		{"exact underflow, flushed", mul, least, neg | half, ftz, neg, mxUE | mxPE},
		{"FTZ does not count with underflow unmasked", mul, least, half, ftz &^ (1 << 11), trap, mxUE},
		{"exceptions before computing come alone", mul, 3, half, noUE &^ (1 << 8), trap, mxDE},
		{"division by zero, unmasked", div, one, 0, def &^ (1 << 9), trap, mxZE},
		{"tiny before rounding only", mul, 2*least - 1, half, def, least, mxUE | mxPE},
		{"subnormal operand taken for 0", mul, 3, half, daz, 0, 0},
		{"min of a NaN and a number", minsd, qnan, one, def, one, mxIE},
		{"min of a number and a NaN", minsd, one, qnan, def, qnan, mxIE},
		{"max of zeros: the second", maxsd, 0, neg, def, neg, 0},
		{"a subnormal minimum is no tiny result", minsd, tiny, one, ftz, tiny, mxDE},
		{"1 ÷ 3 upwards", div, one, math.Float64bits(3), def | 2<<13, 0x3fd5555555555556, mxPE},
		{"1 ÷ 3 downwards", div, one, math.Float64bits(3), def | 1<<13, 0x3fd5555555555555, mxPE},
	} {
		c, e := newTestCPU(t, k.code)
		setXMM(c, 0, k.a, 77)
		setXMM(c, 1, k.b, 88)
		c.R[MXCSR] = k.mx
		want, exit := k.result, ir.ExitLimit
		if k.result == trap {
			want, exit = k.a, ir.ExitFloat
		}
		if x := e.Run(1, false); x != exit {
			t.Errorf("%s: exit %v, want %v", k.name, x, exit)
		}
		if exit == ir.ExitFloat {
			if c.R[MXCSR] != k.mx || c.PC != testCode || c.Icount != 0 {
				t.Errorf("%s: something has changed before the exception is delivered", k.name)
			}
			RaiseFloat(c.R[:])
		}
		if got := get(c, XMM0); got != (vec{want, 77}) {
			t.Errorf("%s: got %#016x:%#016x, want %#016x:%#x", k.name, got.hi, got.lo, want, 77)
		}
		if got := c.R[MXCSR]; got != k.mx|k.flags {
			t.Errorf("%s: flags %#x, want %#x", k.name, got&^k.mx, k.flags)
		}
	}
}

// What the quick ways of operations give must not depend on the sticky
// flag that lets it go to the host.
func TestResultsDoNotDependOnTheStickyFlag(t *testing.T) {
	values := []uint64{
		0, 1 << 63, 1, 1<<52 - 1, 1 << 52, 1<<52 + 1, 3 << 52, 0x3ff << 52, 0x3ff0000000000001, 0xc008 << 48, 0x3fb999999999999a,
		0x7fefffffffffffff, 0x7fe0000000000000, 0x7ff << 52, 0xfff << 52, 0x7ff8000000000001, 0xfff0000000000001,
		0x1ff << 52, 0x200 << 52, 0x5ff << 52, 0x3f800000, 0x7f800001, 0x00800000, 0x00000003, 0x7f7fffff, 0x33800001,
	}
	for x := elAdd; x <= elOrd; x++ {
		for name, h := range map[string]ir.Helper{"scalar64": scalar64, "scalar32": scalar32, "packed64": packed64, "packed32": packed32} {
			for _, a := range values {
				for _, b := range values {
					op := ir.Op{Dst: XMM0, A: XMM0, B: XMM0 + 2, C: uint8(x)}
					var results [3]vec
					var flags [3]uint64
					for i, mx := range []uint64{0x1f80, 0x1fa0, 0x1f80} {
						var c ir.CPU
						setXMM(&c, 0, a, b)
						setXMM(&c, 1, b, a)
						c.R[MXCSR] = mx
						if i < 2 {
							h(&c, &op)
						} else { // the way with all checks
							var f float
							f.begin(&c)
							switch lo, hi := uint32(a), uint32(b); name {
							case "scalar64":
								c.R[XMM0] = f.do64(x, a, b)
							case "scalar32":
								c.R[XMM0] = a&^lowDword | uint64(f.do32(x, lo, hi))
							case "packed64":
								c.R[XMM0], c.R[XMM0+1] = f.do64(x, a, b), f.do64(x, b, a)
							default:
								up, upB := uint32(a>>32), uint32(b>>32)
								c.R[XMM0] = uint64(f.do32(x, lo, hi)) | uint64(f.do32(x, up, upB))<<32
								c.R[XMM0+1] = uint64(f.do32(x, hi, lo)) | uint64(f.do32(x, upB, up))<<32
							}
							f.end(&c)
						}
						results[i], flags[i] = get(&c, XMM0), c.R[MXCSR]&mxFlags
					}
					if results[0] != results[2] || results[1] != results[2] || flags[0] != flags[2] || flags[1] != flags[2]|mxPE {
						t.Fatalf("%s, operation %d, of %#x and %#x: results %#x, flags %#x", name, x, a, b, results, flags)
					}
				}
			}
		}
	}
}

func TestMisalignedOperandsOf16BytesFault(t *testing.T) {
	for name, k := range map[string]struct {
		code string
		exit ir.Exit
	}{
		"movaps load":      {"0f280f", ir.ExitProtection},
		"movaps store":     {"0f290f", ir.ExitProtection},
		"addps":            {"0f580f", ir.ExitProtection},
		"pxor":             {"660fef0f", ir.ExitProtection},
		"movntdq":          {"660fe70f", ir.ExitProtection},
		"movups load":      {"0f100f", ir.ExitLimit},
		"movdqu store":     {"f30f7f0f", ir.ExitLimit},
		"lddqu":            {"f20ff00f", ir.ExitLimit},
		"pcmpistri":        {"660f3a630f00", ir.ExitLimit},
		"addss":            {"f30f580f", ir.ExitLimit},
		"cvtps2pd 8 bytes": {"0f5a0f", ir.ExitLimit},
	} {
		c, e := newTestCPU(t, k.code)
		c.R[RDI] = testData + 9
		setXMM(c, 1, 11, 12)
		if x := e.Run(1, false); x != k.exit {
			t.Errorf("%s: exit %v, want %v", name, x, k.exit)
		}
		if k.exit != ir.ExitLimit {
			wantXMM(t, c, 1, 11, 12)
		}
	}
}

func TestVectorExtensionsAreNoInstructions(t *testing.T) {
	for name, code := range map[string]string{
		"vaddps":              "c5f858c1",
		"vpxor ymm":           "c5fdefc0",
		"vpxor, 3 bytes":      "c4e17defc0",
		"vzeroupper":          "c5f877",
		"evex vaddps":         "62f17c4858c1",
		"lock addps":          "f00f58c1",
		"movntsd (SSE4a)":     "f20f2b0f",
		"movhpd of registers": "660f16c1",
		"pclmulqdq":           "660f3a44c100",
		"aesenc":              "660f38dcc1",
		"movnti to register":  "0fc3c1",
	} {
		c, e := newTestCPU(t, code)
		c.R[RDI] = testData
		if x := e.Run(1, false); x != ir.ExitIllegal {
			t.Errorf("%s: exit %v, want %v", name, x, ir.ExitIllegal)
		}
	}
}

func TestReservedBitsOfMXCSRFault(t *testing.T) {
	c, e := newTestCPU(t, "0fae17")
	c.R[RDI] = testData
	c.Mem.Poke(testData, []byte{0x80, 0x1f, 1, 0})
	if x := e.Run(1, false); x != ir.ExitProtection || c.R[MXCSR] != 0x1f80 {
		t.Errorf("exit %v, MXCSR %#x; want %v and %#x", x, c.R[MXCSR], ir.ExitProtection, 0x1f80)
	}
}

// A masked move must have written nothing when one of its bytes can't be.
func TestMaskedMoveStoresAllOrNothing(t *testing.T) {
	for _, k := range []struct {
		at     uint64
		hi     uint64 // mask of the high half
		exit   ir.Exit
		stored byte
	}{
		{testData + 0xff8, 1 << 7, ir.ExitMem, 0},      // the high half is read-only
		{testData + 0xff8, 0, ir.ExitLimit, 2},         // but not touched
		{testData + 0x800, 1 << 63, ir.ExitLimit, 2},   // apart
		{testData + 0x1ff0, 1 << 63, ir.ExitMem, 0},    // all of it is
		{testData + 0x800, 1<<63 | 1, ir.ExitLimit, 2}, // other bits do not count
	} {
		c, e := newTestCPU(t, "660ff7c1")
		setXMM(c, 0, 0x0807060504030201, 0x100f0e0d0c0b0a09)
		setXMM(c, 1, 0x8000, k.hi)
		c.R[RDI] = k.at
		if x := e.Run(1, false); x != k.exit {
			t.Errorf("at %#x: exit %v, want %v", k.at, x, k.exit)
		}
		var b [16]byte
		c.Mem.Peek(k.at, b[:])
		if b[1] != k.stored || b[0] != 0 || b[2] != 0 {
			t.Errorf("at %#x: stored % x", k.at, b)
		}
	}
}

// The estimates are the guest CPU's own, but every CPU's are within 1.5×2⁻¹².
func TestEstimatesAreAsGoodAsPromised(t *testing.T) {
	for _, x := range []float32{1, 3, 0.7, 1e-30, 1e30, 1.9999999, 1.0000001, 2.5e-38, -7} {
		r := float64(math.Float32frombits(approximate(reciprocal, math.Float32bits(x))))
		if err := math.Abs(r*float64(x) - 1); err > 1.5/4096 {
			t.Errorf("1/%v: %v is off by %v", x, r, err)
		}
		if x < 0 {
			continue
		}
		r = float64(math.Float32frombits(approximate(reciprocalRoot, math.Float32bits(x))))
		if err := math.Abs(r*math.Sqrt(float64(x)) - 1); err > 1.5/4096 {
			t.Errorf("1/√%v: %v is off by %v", x, r, err)
		}
	}
	for _, k := range []struct {
		a, inverse, root uint32
	}{
		{0, 0x7f800000, 0x7f800000},
		{0x80000000, 0xff800000, 0xff800000},
		{0x80000001, 0xff800000, 0xff800000}, // subnormal
		{0x7f800000, 0, 0},
		{0x7f7fffff, 0, 0x1f800000}, // a subnormal result
		{0xff800000, 0x80000000, 0xffc00000},
		{0x7f800001, 0x7fc00001, 0x7fc00001},
	} {
		if got := approximate(reciprocal, k.a); got != k.inverse {
			t.Errorf("1/%#x: got %#x, want %#x", k.a, got, k.inverse)
		}
		if got := approximate(reciprocalRoot, k.a); got != k.root {
			t.Errorf("1/√%#x: got %#x, want %#x", k.a, got, k.root)
		}
	}
}

func TestStringComparisonsFindWhatLibraryFunctionsLookFor(t *testing.T) {
	word := func(s string) (v vec) {
		for i := range len(s) {
			v.setByte(i, s[i])
		}
		return v
	}
	for _, k := range []struct {
		name  string
		a, b  string
		imm   int64
		index uint64
		flags uint64
	}{
		{"strchr: any of", "xyz", "hello, zebra", 0, 7, FlagCF | FlagZF | FlagSF},
		{"strspn: none of the ranges", "azAZ", "word7up", 4 | 1<<4, 4, FlagCF | FlagZF | FlagSF},
		{"strcmp: first difference", "program one", "program two", 8 | 1<<4, 8, FlagCF | FlagZF | FlagSF},
		{"strcmp: equal", "same", "same", 8 | 1<<4, 16, FlagZF | FlagSF},
		{"strstr", "edle", "hay needle hay", 12, 6, FlagCF | FlagZF | FlagSF},
		{"strstr: a prefix at the end", "xab", "0123456789abcdex", 12, 15, FlagCF | FlagSF},
		{"last of", "a", "banana", 1 << 6, 5, FlagCF | FlagZF | FlagSF},
		{"no end", "0123456789abcdef", "0123456789abcdef", 8, 0, FlagCF | FlagOF},
	} {
		var c ir.CPU
		a, b := word(k.a), word(k.b)
		setXMM(&c, 1, a.lo, a.hi)
		setXMM(&c, 2, b.lo, b.hi)
		pcmpstr(&c, &ir.Op{A: XMM0 + 2, B: XMM0 + 4, Imm: k.imm})
		if c.R[RCX] != k.index || RFlags(c.R[:])&FlagsArith != k.flags {
			t.Errorf("%s: index %d, flags %#x; want %d, %#x", k.name, c.R[RCX], RFlags(c.R[:])&FlagsArith, k.index, k.flags)
		}
	}
}

func TestSSEHelpersDoNotAllocate(t *testing.T) {
	var c ir.CPU
	Reset(c.R[:])
	for name, h := range map[string]ir.Helper{
		"scalar64": scalar64, "scalar32": scalar32, "packed64": packed64, "packed32": packed32, "comi64": comi64,
		"cvtsd2si": cvtsd2si, "cvtsi2sd": cvtsi2sd, "cvtsd2ss": cvtsd2ss, "dpps": dpps, "roundps": roundps,
		"pshufb": pshufb, "pcmpstr": pcmpstr, "mpsadbw": mpsadbw, "insertPS": insertPS,
	} {
		for _, mx := range []uint64{0x1f80, 0x1fa0, 0xffc0} {
			c.R[MXCSR] = mx
			setXMM(&c, 0, 0x3fb999999999999a, 0x3f8000003f800001)
			setXMM(&c, 1, 0x3fd5555555555555, 0x3e9999993f800001)
			op := ir.Op{Dst: XMM0 + 4, A: XMM0, B: XMM0 + 2, C: uint8(elDiv), Imm: 0xf7}
			if n := testing.AllocsPerRun(10, func() { h(&c, &op) }); n != 0 {
				t.Errorf("%s: %v allocations", name, n)
			}
		}
	}
}

func BenchmarkSSEHelpers(b *testing.B) {
	for _, k := range []struct {
		name string
		h    ir.Helper
		c    uint8
	}{
		{"addsd", scalar64, uint8(elAdd)}, {"mulsd", scalar64, uint8(elMul)}, {"divsd", scalar64, uint8(elDiv)},
		{"addss", scalar32, uint8(elAdd)}, {"mulpd", packed64, uint8(elMul)}, {"addps", packed32, uint8(elAdd)},
		{"ucomisd", comi64, 0}, {"cvttsd2si", cvtsd2si, cvtTruncate}, {"cvtsi2sd", cvtsi2sd, 0}, {"cvtss2sd", cvtss2sd, 0}, {"cvtsd2ss", cvtsd2ss, 0},
	} {
		b.Run(k.name, func(b *testing.B) {
			var c ir.CPU
			c.R[MXCSR] = 0x1fa0
			setXMM(&c, 0, 0x3fb999999999999a, 0x3fe999993f800001)
			setXMM(&c, 1, 0x3fd5555555555555, 0x3fe999993f800001)
			op := ir.Op{Dst: XMM0 + 4, A: XMM0, B: XMM0 + 2, C: k.c}
			for b.Loop() {
				k.h(&c, &op)
			}
		})
	}
}
