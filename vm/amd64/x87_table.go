package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// x87Form is what an encoding does: a helper, with its operand B. Operand C is
// the number of ST(i). A control instruction does not become the last
// instruction that FPIP names. One with flags sets the arithmetic flags.
type x87Form struct {
	h       ir.Helper
	b       uint8
	control bool
	flags   bool
}

// Forms by the low three bits of the opcode (D8 to DF) and: the reg field, with a
// memory operand; the low six bits of the ModRM byte, without one.
var (
	x87Mem [8][8]x87Form
	x87Reg [8][64]x87Form
)

// Operations of arithmetic, numbered as their reg field, with ST(0) as the first
// operand.
const (
	fpAdd = iota
	fpMul
	fpCom
	fpComp
	fpSub
	fpSubr
	fpDiv
	fpDivr
)

func init() {
	for b := range uint8(8) {
		for i, h := range []struct{ arith, compare ir.Helper }{
			0: {arithF32, compareF32}, 2: {arithI32, compareI32}, 4: {arithF64, compareF64}, 6: {arithI16, compareI16},
		} {
			switch {
			case h.arith == nil:
			case b == fpCom || b == fpComp:
				x87Mem[i][b] = x87Form{h: h.compare, b: b - fpCom}
			default:
				x87Mem[i][b] = x87Form{h: h.arith, b: b}
			}
		}
		if b != fpCom && b != fpComp {
			stack(0xd8, b, x87Form{h: arithTop, b: b})
			stack(0xdc, b, x87Form{h: arithST, b: b})
			stack(0xde, b, x87Form{h: arithPop, b: b})
		}
	}
	// Conditional moves: DA for a condition, DB for its opposite.
	for cc := range uint8(4) {
		stack(0xda, cc, x87Form{h: fcmov, b: cc})
		stack(0xdb, cc, x87Form{h: fcmov, b: cc | fcmovNot})
	}
	for _, f := range x87Memory {
		x87Mem[f.opcode&7][f.reg] = f.x87Form
	}
	for _, f := range x87Stack {
		stack(f.opcode, f.reg, f.x87Form)
	}
	for _, f := range x87Single {
		x87Reg[f.code>>8&7][f.code&63] = f.x87Form
	}

	group := map[x86asm.Op]handler{}
	for _, op := range x87Ops {
		group[op] = x87
	}
	register(group)
}

// stack sets the eight forms of an opcode and reg field that name ST(i).
func stack(opcode, reg uint8, f x87Form) {
	for i := range uint8(8) {
		x87Reg[opcode&7][reg<<3|i] = f
	}
}

// x87Memory lists the forms with a memory operand but for arithmetic and
// comparisons.
var x87Memory = []struct {
	opcode, reg uint8
	x87Form
}{
	{0xd9, 0, x87Form{h: fldF32}},
	{0xd9, 2, x87Form{h: fstF32}},
	{0xd9, 3, x87Form{h: fstF32, b: 1}},
	{0xd9, 4, x87Form{h: fldenv, control: true}},
	{0xd9, 5, x87Form{h: fldcw, control: true}},
	{0xd9, 6, x87Form{h: fnstenv, control: true}},
	{0xd9, 7, x87Form{h: fnstcw, control: true}},
	{0xdb, 0, x87Form{h: fildI32}},
	{0xdb, 1, x87Form{h: fistI32, b: storePop | storeTrunc}},
	{0xdb, 2, x87Form{h: fistI32}},
	{0xdb, 3, x87Form{h: fistI32, b: storePop}},
	{0xdb, 5, x87Form{h: fldF80}},
	{0xdb, 7, x87Form{h: fstpF80}},
	{0xdd, 0, x87Form{h: fldF64}},
	{0xdd, 1, x87Form{h: fistI64, b: storePop | storeTrunc}},
	{0xdd, 2, x87Form{h: fstF64}},
	{0xdd, 3, x87Form{h: fstF64, b: 1}},
	{0xdd, 4, x87Form{h: frstor, control: true}},
	{0xdd, 6, x87Form{h: fnsave, control: true}},
	{0xdd, 7, x87Form{h: fnstsw, control: true}},
	{0xdf, 0, x87Form{h: fildI16}},
	{0xdf, 1, x87Form{h: fistI16, b: storePop | storeTrunc}},
	{0xdf, 2, x87Form{h: fistI16}},
	{0xdf, 3, x87Form{h: fistI16, b: storePop}},
	{0xdf, 4, x87Form{h: fbld}},
	{0xdf, 5, x87Form{h: fildI64}},
	{0xdf, 6, x87Form{h: fbstp}},
	{0xdf, 7, x87Form{h: fistI64, b: storePop}},
}

// x87Stack lists the forms that name ST(i) but for arithmetic and conditional
// moves. Those marked are not in the SDM; processors execute them all the same.
var x87Stack = []struct {
	opcode, reg uint8
	x87Form
}{
	{0xd8, 2, x87Form{h: compareST}},
	{0xd8, 3, x87Form{h: compareST, b: 1}},
	{0xd9, 0, x87Form{h: fldST}},
	{0xd9, 1, x87Form{h: fxch}},
	{0xd9, 3, x87Form{h: fstpNoFault}}, // undocumented
	{0xdb, 5, x87Form{h: fcomi, b: fcomiQuiet, flags: true}},
	{0xdb, 6, x87Form{h: fcomi, flags: true}},
	{0xdc, 2, x87Form{h: compareST}},       // undocumented
	{0xdc, 3, x87Form{h: compareST, b: 1}}, // undocumented
	{0xdd, 0, x87Form{h: ffree}},
	{0xdd, 1, x87Form{h: fxch}}, // undocumented
	{0xdd, 2, x87Form{h: fstST}},
	{0xdd, 3, x87Form{h: fstST, b: 1}},
	{0xdd, 4, x87Form{h: compareST, b: compareQuiet}},
	{0xdd, 5, x87Form{h: compareST, b: compareQuiet | 1}},
	{0xde, 2, x87Form{h: compareST, b: 1}}, // undocumented
	{0xdf, 0, x87Form{h: ffree, b: 1}},
	{0xdf, 1, x87Form{h: fxch}},        // undocumented
	{0xdf, 2, x87Form{h: fstST, b: 1}}, // undocumented
	{0xdf, 3, x87Form{h: fstST, b: 1}}, // undocumented
	{0xdf, 5, x87Form{h: fcomi, b: fcomiQuiet | fcomiPop, flags: true}},
	{0xdf, 6, x87Form{h: fcomi, b: fcomiPop, flags: true}},
}

// x87Single lists the forms that have an opcode byte and ModRM byte of their own.
var x87Single = []struct {
	code uint16
	x87Form
}{
	{0xd9d0, x87Form{h: fnop, control: true}},
	{0xd9e0, x87Form{h: fchs}},
	{0xd9e1, x87Form{h: fabs}},
	{0xd9e4, x87Form{h: ftst}},
	{0xd9e5, x87Form{h: fxam}},
	{0xd9e8, x87Form{h: fldConstant, b: 0}},
	{0xd9e9, x87Form{h: fldConstant, b: 1}},
	{0xd9ea, x87Form{h: fldConstant, b: 2}},
	{0xd9eb, x87Form{h: fldConstant, b: 3}},
	{0xd9ec, x87Form{h: fldConstant, b: 4}},
	{0xd9ed, x87Form{h: fldConstant, b: 5}},
	{0xd9ee, x87Form{h: fldConstant, b: 6}},
	{0xd9f0, x87Form{h: unary, b: fpExp2m1}},
	{0xd9f1, x87Form{h: binaryTop, b: fpLogMul}},
	{0xd9f2, x87Form{h: fptan}},
	{0xd9f3, x87Form{h: binaryTop, b: fpAtan}},
	{0xd9f4, x87Form{h: fxtract}},
	{0xd9f5, x87Form{h: fprem, b: 1}},
	{0xd9f6, x87Form{h: turnStack, b: 7, control: true}},
	{0xd9f7, x87Form{h: turnStack, b: 1, control: true}},
	{0xd9f8, x87Form{h: fprem}},
	{0xd9f9, x87Form{h: binaryTop, b: fpLogPlus1Mul}},
	{0xd9fa, x87Form{h: unary, b: fpSqrt}},
	{0xd9fb, x87Form{h: fsincos}},
	{0xd9fc, x87Form{h: unary, b: fpRound}},
	{0xd9fd, x87Form{h: fscale}},
	{0xd9fe, x87Form{h: fsin}},
	{0xd9ff, x87Form{h: fcos}},
	{0xdae9, x87Form{h: comparePop2, b: compareQuiet}},
	{0xdbe0, x87Form{h: nothing, control: true}}, // of the 8087: FNENI
	{0xdbe1, x87Form{h: nothing, control: true}}, // FNDISI
	{0xdbe2, x87Form{h: fnclex, control: true}},
	{0xdbe3, x87Form{h: fninit, control: true}},
	{0xdbe4, x87Form{h: nothing, control: true}}, // of the 80287: FNSETPM
	{0xded9, x87Form{h: comparePop2}},
	{0xdfe0, x87Form{h: fnstswAX, control: true}},
}

// x87Ops are x86asm's names of all of these. Which of them an instruction is, its
// bytes tell.
var x87Ops = []x86asm.Op{
	x86asm.F2XM1, x86asm.FABS, x86asm.FADD, x86asm.FADDP, x86asm.FBLD, x86asm.FBSTP, x86asm.FCHS, x86asm.FCMOVB,
	x86asm.FCMOVBE, x86asm.FCMOVE, x86asm.FCMOVNB, x86asm.FCMOVNBE, x86asm.FCMOVNE, x86asm.FCMOVNU, x86asm.FCMOVU, x86asm.FCOM,
	x86asm.FCOMI, x86asm.FCOMIP, x86asm.FCOMP, x86asm.FCOMPP, x86asm.FCOS, x86asm.FDECSTP, x86asm.FDIV, x86asm.FDIVP,
	x86asm.FDIVR, x86asm.FDIVRP, x86asm.FFREE, x86asm.FFREEP, x86asm.FIADD, x86asm.FICOM, x86asm.FICOMP, x86asm.FIDIV,
	x86asm.FIDIVR, x86asm.FILD, x86asm.FIMUL, x86asm.FINCSTP, x86asm.FIST, x86asm.FISTP, x86asm.FISTTP, x86asm.FISUB,
	x86asm.FISUBR, x86asm.FLD, x86asm.FLD1, x86asm.FLDCW, x86asm.FLDENV, x86asm.FLDL2E, x86asm.FLDL2T, x86asm.FLDLG2,
	x86asm.FLDLN2, x86asm.FLDPI, x86asm.FLDZ, x86asm.FMUL, x86asm.FMULP, x86asm.FNCLEX, x86asm.FNINIT, x86asm.FNOP,
	x86asm.FNSAVE, x86asm.FNSTCW, x86asm.FNSTENV, x86asm.FNSTSW, x86asm.FPATAN, x86asm.FPREM, x86asm.FPREM1, x86asm.FPTAN,
	x86asm.FRNDINT, x86asm.FRSTOR, x86asm.FSCALE, x86asm.FSIN, x86asm.FSINCOS, x86asm.FSQRT, x86asm.FST, x86asm.FSTP,
	x86asm.FSUB, x86asm.FSUBP, x86asm.FSUBR, x86asm.FSUBRP, x86asm.FTST, x86asm.FUCOM, x86asm.FUCOMI, x86asm.FUCOMIP,
	x86asm.FUCOMP, x86asm.FUCOMPP, x86asm.FXAM, x86asm.FXCH, x86asm.FXTRACT, x86asm.FYL2X, x86asm.FYL2XP1,
}

// x87 translates an instruction by the tables.
func x87(t *translation, in *inst) bool {
	if in.lock {
		return false
	}
	opcode, modrm := in.code[in.n], in.code[in.n+1]
	op := ir.Op{C: modrm & 7}
	f := &x87Reg[opcode&7][modrm&63]
	m, isMem := in.Args[0].(x86asm.Mem)
	if isMem {
		f = &x87Mem[opcode&7][modrm>>3&7]
		op.A, op.Imm = t.address(in, m)
		op.C = 0
		if in.data16 && in.rex&8 == 0 { // REX.W goes before 66
			op.C = 1
		}
	}
	if f.h == nil {
		return false
	}
	op.B = f.b
	if f.flags {
		t.helper(f.h, op)
		t.cc = static{known: true, family: ccEager}
	} else {
		t.pure(f.h, op)
	}
	if f.control {
		return true
	}
	if isMem {
		t.emit(ir.Op{Kind: ir.AddI, Dst: FPDP, A: op.A, Imm: op.Imm})
	}
	t.emit(ir.Op{Kind: ir.MovI, Dst: FPIP, Imm: int64(in.pc)})
	t.emit(ir.Op{Kind: ir.MovI, Dst: FPOp, Imm: int64(opcode&7)<<8 | int64(modrm)})
	return true
}

// x87Alias decodes those encodings in the tables that x86asm does not know: they
// all name registers only. code begins with the opcode.
func (in *inst) x87Alias(code []byte) bool {
	if code[0]&0xf8 != 0xd8 || code[1] < 0xc0 || x87Reg[code[0]&7][code[1]&63].h == nil {
		return false
	}
	in.Inst = x86asm.Inst{Op: x86asm.FNOP, Mode: 64, AddrSize: 64, DataSize: 32, Len: in.n + 2}
	return true
}
