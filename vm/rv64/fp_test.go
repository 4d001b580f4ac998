package rv64

import (
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/arch/riscv64/riscv64asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// Registers of the instructions under test: destination, operands.
const tD, tA, tB, tC = 13, 10, 11, 12

// fpName is the name of an F or D instruction according to x/arch, an opinion
// independent of the tables here; "" if there is none by these bits. It takes
// reserved rounding modes for legal and knows Q and Zfh, which we haven't.
func fpName(inst uint32) string {
	in, err := riscv64asm.Decode(binary.LittleEndian.AppendUint32(nil, inst))
	if err != nil || inst>>25&3 > 1 {
		return ""
	}
	name := strings.ToLower(in.Op.String())
	if strings.HasSuffix(name, ".q") || strings.HasSuffix(name, ".h") {
		return ""
	}
	return name
}

// fpRounds reports whether an instruction's funct3 is its rounding mode: then
// any value of it gives the same instruction.
func fpRounds(inst uint32) bool {
	const f3 = 7 << 12
	return fpName(inst&^f3) != "" && fpName(inst&^f3) == fpName(inst|f3)
}

// fpInsts maps the names of all computational F and D instructions to an
// encoding with the registers above, those that round with mode RNE.
var fpInsts = func() map[string]uint32 {
	insts := map[string]uint32{}
	eachFP([]uint32{tB, 0, 1, 2, 3}, func(inst uint32) {
		inst |= tD<<7 | tA<<15
		if inst&0x7f != opFP && inst>>27 != tC {
			return
		}
		if name := fpName(inst); name != "" && insts[name] == 0 {
			insts[name] = inst
		}
	})
	return insts
}()

// eachFP calls f for all patterns of opcode, funct7 and funct3, and the given
// values of rs2, of the major opcodes that decodeFP is called for.
func eachFP(rs2 []uint32, f func(inst uint32)) {
	for _, opcode := range []uint32{0x43, 0x47, 0x4b, 0x4f, opFP} {
		for _, r2 := range rs2 {
			for f7 := range uint32(128) {
				for f3 := range uint32(8) {
					f(f7<<25 | r2<<20 | f3<<12 | opcode)
				}
			}
		}
	}
}

func TestEveryFloatInstructionIsKnown(t *testing.T) {
	const want = 4*2 + 5*2 + 3*2 + 2*2 + 3*2 + 2 + 16 + 2 + 4 // fused, arithmetic, signs, min/max, compare, class, to and from integers, resize, moves
	if len(fpInsts) != want {
		t.Errorf("%d instructions, want %d", len(fpInsts), want)
	}
	for name, inst := range fpInsts {
		if _, ok := decodeFP(inst); !ok {
			t.Errorf("%s (%#08x) is not decoded", name, inst)
		}
	}
}

func TestReservedFloatEncodingsAreIllegal(t *testing.T) {
	all := make([]uint32, 32)
	for i := range all {
		all[i] = uint32(i)
	}
	eachFP(all, func(inst uint32) {
		mode := inst >> 12 & 7
		want := fpName(inst) != "" && !(fpRounds(inst) && (mode == 5 || mode == 6))
		if f, ok := decodeFP(inst); ok != want || ok && f.Helper == nil {
			t.Fatalf("%#08x (%q): legal %v, want %v", inst, fpName(inst), ok, want)
		}
	})
}

// execFP executes an instruction with operands in both register files. It
// returns the destination register of the file that changed.
func execFP(t *testing.T, inst uint32, frm, fflags, a, b, c uint64) (result uint64, flags uint64, ok bool) {
	t.Helper()
	f, ok := decodeFP(inst)
	if !ok {
		t.Fatalf("%#08x is not decoded", inst)
	}
	var cpu ir.CPU
	cpu.R[tA], cpu.R[F0+tA], cpu.R[F0+tB], cpu.R[F0+tC] = a, a, b, c
	cpu.R[Frm], cpu.R[Fflags] = frm, fflags
	before := cpu
	op := ir.Op{Kind: ir.HelperOp, Dst: f.Dst, A: f.A, B: f.B, C: f.C, Imm: f.Imm}
	ok = f.Helper(&cpu, &op)
	result, flags = cpu.R[op.Dst], cpu.R[Fflags]
	// Nothing else may have changed.
	cpu.R[op.Dst], cpu.R[Fflags] = before.R[op.Dst], before.R[Fflags]
	if !ok {
		before.Trap = ir.ExitIllegal
	}
	if cpu != before {
		t.Fatalf("%s changed more than its result", fpName(inst))
	}
	return result, flags, ok
}

// Flags, short.
const (
	nx = uint64(softfloat.Inexact)
	uf = uint64(softfloat.Underflow)
	of = uint64(softfloat.Overflow)
	dz = uint64(softfloat.DivByZero)
	nv = uint64(softfloat.Invalid)
)

// Operands: s… boxed binary32, d… binary64.
const (
	s1, s2, s3, sm1    = boxBits | 0x3f800000, boxBits | 0x40000000, boxBits | 0x40400000, boxBits | 0xbf800000
	s0, sm0, sInf      = boxBits, boxBits | 0x80000000, boxBits | 0x7f800000
	sMax, sMin         = boxBits | 0x7f7fffff, boxBits | 1 // largest, smallest positive
	sQ, sS             = boxBits | 0x7fc00000, boxBits | 0x7f800001
	sQ2                = boxBits | 0xffc12345 // a quiet NaN that is not the canonical one
	unboxed1           = 0x3f800000           // 1 but for the box
	almost             = 0xfffffffe3f800000   // 1 but for one bit of the box
	d1, d2, d3, dm1    = 0x3ff0000000000000, 0x4000000000000000, 0x4008000000000000, 0xbff0000000000000
	d0, dm0, dInf      = 0, 0x8000000000000000, 0x7ff0000000000000
	dMax, dMin         = 0x7fefffffffffffff, 1
	dQ, dS, dQ2        = 0x7ff8000000000000, 0x7ff0000000000001, 0xfff8000012345678
	minus1             = ^uint64(0)
	maxI32, minI32     = 0x7fffffff, 0xffffffff80000000
	maxI64, minI64     = 0x7fffffffffffffff, 0x8000000000000000
	rne, rtz, rdn, rup = 0, 1, 2, 3
	rmm, dyn           = 4, 7
)

// Results by the text of the ISA manual, sections "F" and "D", worked by hand.
func TestFloatInstructions(t *testing.T) {
	for _, c := range []struct {
		name    string
		mode    uint64
		a, b, c uint64
		want    uint64
		flags   uint64
	}{
		{"fadd.s", rne, s1, s2, 0, s3, 0},
		{"fadd.s", rne, s1, sMin, 0, s1, nx},
		{"fadd.s", rup, s1, sMin, 0, s1 + 1, nx},
		{"fadd.s", rdn, s1, sm1, 0, sm0, 0},
		{"fadd.s", rne, s1, sS, 0, sQ, nv},
		{"fadd.s", rne, s1, sQ2, 0, sQ, 0},
		{"fadd.s", rne, unboxed1, s1, 0, sQ, 0},
		{"fadd.s", rne, s1, almost, 0, sQ, 0},
		{"fsub.s", rne, s1, s1, 0, s0, 0},
		{"fsub.s", rne, sInf, sInf, 0, sQ, nv},
		{"fmul.s", rne, sMax, s2, 0, sInf, of | nx},
		{"fmul.s", rtz, sMax, s2, 0, sMax, of | nx},
		{"fmul.s", rne, sMin, sMin, 0, s0, uf | nx},
		{"fdiv.s", rne, s1, s0, 0, sInf, dz},
		{"fdiv.s", rne, s0, sm0, 0, sQ, nv},
		{"fdiv.s", rne, s1, s3, 0, boxBits | 0x3eaaaaab, nx},
		{"fdiv.s", rtz, s1, s3, 0, boxBits | 0x3eaaaaaa, nx},
		{"fsqrt.s", rne, sm1, 0, 0, sQ, nv},
		{"fsqrt.s", rne, sm0, 0, 0, sm0, 0},
		{"fsqrt.s", rne, unboxed1, 0, 0, sQ, 0},
		{"fmadd.s", rne, s2, s1, s1, s3, 0},
		{"fmadd.s", rne, sInf, s0, sQ, sQ, nv},
		{"fmadd.s", rne, s1, s1, unboxed1, sQ, 0},
		{"fmsub.s", rne, s3, s1, s1, s2, 0},
		{"fnmsub.s", rne, s2, s1, s3, s1, 0},
		{"fnmadd.s", rne, s2, s1, s1, boxBits | 0xc0400000, 0},
		{"fnmadd.s", rne, s1, s0, s0, sm0, 0},
		{"fnmsub.s", rne, s1, s0, s0, s0, 0},
		{"fsgnj.s", 0, s1, sm0, 0, sm1, 0},
		{"fsgnj.s", 0, unboxed1, sm0, 0, sQ | signS, 0},
		{"fsgnj.s", 0, sS, s1, 0, sS, 0},
		{"fsgnjn.s", 0, s1, s1, 0, sm1, 0},
		{"fsgnjn.s", 0, s1, dm0, 0, sm1, 0}, // the operand is unboxed: a positive NaN
		{"fsgnjx.s", 0, sm1, sm0, 0, s1, 0},
		{"fmin.s", 0, s0, sm0, 0, sm0, 0},
		{"fmax.s", 0, sm0, s0, 0, s0, 0},
		{"fmin.s", 0, sS, s1, 0, s1, nv},
		{"fmax.s", 0, sQ2, sQ2, 0, sQ, 0},
		{"fmax.s", 0, almost, sm1, 0, sm1, 0},
		{"feq.s", 0, sm0, s0, 0, 1, 0},
		{"feq.s", 0, sQ, s0, 0, 0, 0},
		{"feq.s", 0, sS, s0, 0, 0, nv},
		{"feq.s", 0, unboxed1, s1, 0, 0, 0},
		{"flt.s", 0, sm1, s1, 0, 1, 0},
		{"flt.s", 0, sm0, s0, 0, 0, 0},
		{"flt.s", 0, sQ, s0, 0, 0, nv},
		{"fle.s", 0, s0, sm0, 0, 1, 0},
		{"fle.s", 0, s1, almost, 0, 0, nv},
		{"fclass.s", 0, sm1, 0, 0, 1 << 1, 0},
		{"fclass.s", 0, sS, 0, 0, 1 << 8, 0},
		{"fclass.s", 0, s1 >> 1, 0, 0, 1 << 9, 0}, // unboxed
		{"fcvt.w.s", rtz, boxBits | 0xbfc00000, 0, 0, minus1, nx},
		{"fcvt.w.s", rmm, boxBits | 0x3f000000, 0, 0, 1, nx}, // ½
		{"fcvt.w.s", rne, boxBits | 0x3f000000, 0, 0, 0, nx},
		{"fcvt.w.s", rne, sQ, 0, 0, maxI32, nv},
		{"fcvt.w.s", rne, boxBits | 0xff800000, 0, 0, minI32, nv},
		{"fcvt.w.s", rne, unboxed1, 0, 0, maxI32, nv},
		{"fcvt.wu.s", rne, boxBits | 0x4f000000, 0, 0, minI32, 0}, // 2³¹, sign-extended
		{"fcvt.wu.s", rne, sm1, 0, 0, 0, nv},
		{"fcvt.wu.s", rne, sInf, 0, 0, minus1, nv},
		{"fcvt.wu.s", rtz, boxBits | 0xbf000000, 0, 0, 0, nx}, // −½
		{"fcvt.l.s", rne, sInf, 0, 0, maxI64, nv},
		{"fcvt.l.s", rne, sm1, 0, 0, minus1, 0},
		{"fcvt.lu.s", rne, sQ, 0, 0, minus1, nv},
		{"fcvt.lu.s", rdn, sm1 &^ (1 << 23), 0, 0, 0, nv}, // −½
		{"fcvt.s.w", rne, 1<<32 | 0xffffffff, 0, 0, sm1, 0},
		{"fcvt.s.w", rtz, maxI32, 0, 0, boxBits | 0x4effffff, nx},
		{"fcvt.s.wu", rne, minus1, 0, 0, boxBits | 0x4f800000, nx},
		{"fcvt.s.l", rne, minus1, 0, 0, sm1, 0},
		{"fcvt.s.l", rne, minI64, 0, 0, boxBits | 0xdf000000, 0},
		{"fcvt.s.lu", rne, minus1, 0, 0, boxBits | 0x5f800000, nx},
		{"fcvt.s.lu", rtz, minus1, 0, 0, boxBits | 0x5f7fffff, nx},
		{"fmv.x.w", 0, 0x1234567880000001, 0, 0, 0xffffffff80000001, 0}, // boxed or not
		{"fmv.w.x", 0, 0x1234567880000001, 0, 0, boxBits | 0x80000001, 0},
		{"fcvt.s.d", rne, dMax, 0, 0, sInf, of | nx},
		{"fcvt.s.d", rne, dS, 0, 0, sQ, nv},
		{"fcvt.s.d", rne, dQ2, 0, 0, sQ, 0},
		{"fcvt.s.d", rup, dMin, 0, 0, sMin, uf | nx},

		{"fadd.d", rne, d1, d2, 0, d3, 0},
		{"fadd.d", rup, d1, dMin, 0, d1 + 1, nx},
		{"fadd.d", rne, d1, dS, 0, dQ, nv},
		{"fadd.d", rne, s1, d1, 0, dQ, 0}, // a boxed single is a NaN to D
		{"fsub.d", rdn, d1, d1, 0, dm0, 0},
		{"fmul.d", rne, dMax, d2, 0, dInf, of | nx},
		{"fmul.d", rdn, dMin, dMin, 0, d0, uf | nx},
		{"fdiv.d", rne, dm1, d0, 0, dInf | signD, dz},
		{"fdiv.d", rne, d1, d3, 0, 0x3fd5555555555555, nx},
		{"fsqrt.d", rne, dm1, 0, 0, dQ, nv},
		{"fsqrt.d", rne, d2, 0, 0, 0x3ff6a09e667f3bcd, nx},
		{"fmadd.d", rne, d2, d1, d1, d3, 0},
		{"fmadd.d", rne, dInf, d0, dQ2, dQ, nv},
		{"fmsub.d", rne, d3, d1, d1, d2, 0},
		{"fnmsub.d", rne, d2, d1, d3, d1, 0},
		{"fnmadd.d", rne, d2, d1, d1, d3 | signD, 0},
		{"fsgnj.d", 0, d1, dm0, 0, dm1, 0},
		{"fsgnjn.d", 0, dm1, dm1, 0, d1, 0},
		{"fsgnjx.d", 0, dm1, dm1, 0, d1, 0},
		{"fmin.d", 0, d0, dm0, 0, dm0, 0},
		{"fmin.d", 0, d1, dQ2, 0, d1, 0},
		{"fmax.d", 0, dS, dQ2, 0, dQ, nv},
		{"feq.d", 0, dQ, dQ, 0, 0, 0},
		{"feq.d", 0, d0, dm0, 0, 1, 0},
		{"flt.d", 0, dm1, d1, 0, 1, 0},
		{"flt.d", 0, d1, dQ, 0, 0, nv},
		{"fle.d", 0, dInf, dInf, 0, 1, 0},
		{"fle.d", 0, dQ, d1, 0, 0, nv},
		{"fclass.d", 0, dMin, 0, 0, 1 << 5, 0},
		{"fclass.d", 0, dQ2, 0, 0, 1 << 9, 0},
		{"fcvt.w.d", rne, 0x41dfffffffe00000, 0, 0, maxI32, nv}, // 2³¹−½ rounds out of range
		{"fcvt.w.d", rtz, 0x41dfffffffe00000, 0, 0, maxI32, nx},
		{"fcvt.wu.d", rne, 0x41efffffffe00000, 0, 0, minus1, 0}, // 2³²−1
		{"fcvt.wu.d", rdn, 0xbfe0000000000000, 0, 0, 0, nv},     // −½
		{"fcvt.l.d", rne, 0x43e0000000000000, 0, 0, maxI64, nv}, // 2⁶³
		{"fcvt.l.d", rne, 0xc3e0000000000000, 0, 0, minI64, 0},
		{"fcvt.lu.d", rne, 0x43e0000000000000, 0, 0, minI64, 0},
		{"fcvt.lu.d", rne, dm1, 0, 0, 0, nv},
		{"fcvt.d.w", rne, 0x1ffffffff, 0, 0, dm1, 0},
		{"fcvt.d.wu", rne, minus1, 0, 0, 0x41efffffffe00000, 0},
		{"fcvt.d.l", rne, maxI64, 0, 0, 0x43e0000000000000, nx},
		{"fcvt.d.l", rtz, maxI64, 0, 0, 0x43dfffffffffffff, nx},
		{"fcvt.d.lu", rdn, minus1, 0, 0, 0x43efffffffffffff, nx},
		{"fmv.x.d", 0, dS, 0, 0, dS, 0},
		{"fmv.d.x", 0, dS, 0, 0, dS, 0},
		{"fcvt.d.s", rne, s3, 0, 0, d3, 0},
		{"fcvt.d.s", rne, sS, 0, 0, dQ, nv},
		{"fcvt.d.s", rne, unboxed1, 0, 0, dQ, 0},
	} {
		inst, ok := fpInsts[c.name]
		if !ok {
			t.Fatalf("no instruction %s", c.name)
		}
		check := func(how string, inst uint32, frm uint64) {
			for _, before := range []uint64{0, nx | dz} { // flags accrue
				got, flags, ok := execFP(t, inst, frm, before, c.a, c.b, c.c)
				if !ok || got != c.want || flags != c.flags|before {
					t.Errorf("%s (%s) of %#x %#x %#x, flags %05b before: %#x flags %05b executed %v, want %#x flags %05b",
						c.name, how, c.a, c.b, c.c, before, got, flags, ok, c.want, c.flags|before)
				}
			}
		}
		if !fpRounds(inst) {
			check("no rounding", inst, rmm)
			continue
		}
		check("static rounding", inst|uint32(c.mode)<<12, (c.mode+1)%5)
		check("dynamic rounding", inst|dyn<<12, c.mode)
	}
}

func TestReservedDynamicRoundingModeTraps(t *testing.T) {
	for name, inst := range fpInsts {
		for frm := range uint64(8) {
			rounds := fpRounds(inst)
			if rounds {
				inst |= dyn << 12
			}
			result, flags, ok := execFP(t, inst, frm, nx, s1, s1, s1)
			switch want := !rounds || frm <= rmm; {
			case ok != want:
				t.Errorf("%s with frm %d: executed %v", name, frm, ok)
			case !ok && (result != 0 || flags != nx):
				t.Errorf("%s with frm %d trapped, but changed its result to %#x or flags to %05b", name, frm, result, flags)
			}
		}
	}
}

func TestStaticRoundingIgnoresFrm(t *testing.T) {
	got, _, ok := execFP(t, fpInsts["fadd.d"]|rup<<12, 6, 0, d1, dMin, 0)
	if !ok || got != d1+1 {
		t.Errorf("executed %v: %#x, want %#x", ok, got, d1+1)
	}
}

func TestResultForX0IsDropped(t *testing.T) {
	for name, inst := range fpInsts {
		f, _ := decodeFP(inst &^ (31 << 7))
		want := uint8(F0)
		if g, _ := decodeFP(inst); g.Dst == tD {
			want = ir.Sink
		}
		if f.Dst != want {
			t.Errorf("%s with destination 0 writes slot %d, want %d", name, f.Dst, want)
		}
	}
}

func TestFloatHelpersDoNotAllocate(t *testing.T) {
	var cpu ir.CPU
	cpu.R[F0+tA], cpu.R[F0+tB], cpu.R[F0+tC] = s1, s3, sS
	for name, inst := range fpInsts {
		f, _ := decodeFP(inst)
		op := ir.Op{Dst: f.Dst, A: f.A, B: f.B, C: f.C, Imm: f.Imm}
		if n := testing.AllocsPerRun(10, func() { f.Helper(&cpu, &op) }); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func BenchmarkFloatHelpers(b *testing.B) {
	for _, name := range []string{"fadd.d", "fmul.d", "fdiv.d", "fmadd.d", "fadd.s", "fmul.s", "fsgnj.d", "flt.d", "fcvt.d.w", "fcvt.w.d"} {
		b.Run(name, func(b *testing.B) {
			var cpu ir.CPU
			cpu.R[F0+tA], cpu.R[F0+tB], cpu.R[F0+tC] = 0x400921fb54442d18, 0x3ff3ae147ae147ae, d3
			if strings.HasSuffix(name, ".s") {
				cpu.R[F0+tA], cpu.R[F0+tB], cpu.R[F0+tC] = boxBits|0x40490fdb, boxBits|0x3f9d70a4, s3
			}
			f, _ := decodeFP(fpInsts[name])
			op := ir.Op{Dst: f.Dst, A: f.A, B: f.B, C: f.C, Imm: f.Imm}
			for b.Loop() {
				f.Helper(&cpu, &op)
			}
		})
	}
}
