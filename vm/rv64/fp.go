package rv64

import (
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// The F and D extensions (Unprivileged ISA, chapters "F" and "D"): decoding,
// and what their instructions share. The instructions themselves are helpers in
// fp_single.go and fp_double.go; loads and stores are decode.go's.

// fpInst is a decoded computational instruction of the F or D extension.
type fpInst struct {
	Helper       ir.Helper
	Dst, A, B, C uint8 // slots
	Imm          int64 // static rounding mode, or dynamic
}

// Values of the rm field beside softfloat's roundings.
const (
	rmLast  = int64(softfloat.RMM)
	dynamic = 7 // the mode in Frm
)

// What an fpForm's rs2 and f3 may be instead of a number.
const (
	register = -1 // rs2 is an operand
	rounding = -1 // funct3 is the rounding mode
)

// fpForm is an instruction of the major opcode OP-FP.
type fpForm struct {
	rs2    int // the value of its rs2 field, or register
	f3     int // the value of its funct3 field, or rounding
	files  fpFiles
	helper ir.Helper
}

// fpFiles says in which register files destination and first operand lie.
type fpFiles uint8

const (
	floats  fpFiles = iota
	toInt           // the destination is an integer register
	fromInt         // the operand is an integer register
)

// fpForms holds the forms of OP-FP by funct7.
var fpForms = [128][]fpForm{
	0x00: {{register, rounding, floats, faddS}},
	0x01: {{register, rounding, floats, faddD}},
	0x04: {{register, rounding, floats, fsubS}},
	0x05: {{register, rounding, floats, fsubD}},
	0x08: {{register, rounding, floats, fmulS}},
	0x09: {{register, rounding, floats, fmulD}},
	0x0c: {{register, rounding, floats, fdivS}},
	0x0d: {{register, rounding, floats, fdivD}},
	0x10: {{register, 0, floats, fsgnjS}, {register, 1, floats, fsgnjnS}, {register, 2, floats, fsgnjxS}},
	0x11: {{register, 0, floats, fsgnjD}, {register, 1, floats, fsgnjnD}, {register, 2, floats, fsgnjxD}},
	0x14: {{register, 0, floats, fminS}, {register, 1, floats, fmaxS}},
	0x15: {{register, 0, floats, fminD}, {register, 1, floats, fmaxD}},
	0x20: {{1, rounding, floats, fcvtSD}},
	0x21: {{0, rounding, floats, fcvtDS}},
	0x2c: {{0, rounding, floats, fsqrtS}},
	0x2d: {{0, rounding, floats, fsqrtD}},
	0x50: {{register, 0, toInt, fleS}, {register, 1, toInt, fltS}, {register, 2, toInt, feqS}},
	0x51: {{register, 0, toInt, fleD}, {register, 1, toInt, fltD}, {register, 2, toInt, feqD}},
	0x60: {{0, rounding, toInt, fcvtWS}, {1, rounding, toInt, fcvtWUS}, {2, rounding, toInt, fcvtLS}, {3, rounding, toInt, fcvtLUS}},
	0x61: {{0, rounding, toInt, fcvtWD}, {1, rounding, toInt, fcvtWUD}, {2, rounding, toInt, fcvtLD}, {3, rounding, toInt, fcvtLUD}},
	0x68: {{0, rounding, fromInt, fcvtSW}, {1, rounding, fromInt, fcvtSWU}, {2, rounding, fromInt, fcvtSL}, {3, rounding, fromInt, fcvtSLU}},
	0x69: {{0, rounding, fromInt, fcvtDW}, {1, rounding, fromInt, fcvtDWU}, {2, rounding, fromInt, fcvtDL}, {3, rounding, fromInt, fcvtDLU}},
	0x70: {{0, 0, toInt, fmvXW}, {0, 1, toInt, fclassS}},
	0x71: {{0, 0, toInt, fmvXD}, {0, 1, toInt, fclassD}},
	0x78: {{0, 0, fromInt, fmvWX}},
	0x79: {{0, 0, fromInt, fmvDX}},
}

// fpFused holds the fused multiply-adds by bits 3:2 of their major opcodes
// MADD, MSUB, NMSUB, NMADD, and by their fmt field.
var fpFused = [4][4]ir.Helper{
	{fmaddS, fmaddD},
	{fmsubS, fmsubD},
	{fnmsubS, fnmsubD},
	{fnmaddS, fnmaddD},
}

// opFP is the major opcode OP-FP.
const opFP = 0x53

// decodeFP decodes the computational instructions of F and D (major opcodes
// OP-FP, MADD, MSUB, NMSUB, NMADD). Loads and stores are decode.go's.
func decodeFP(inst uint32) (fpInst, bool) {
	f := fpInst{Dst: F0 + rd(inst), A: F0 + rs1(inst), B: F0 + rs2(inst), Imm: int64(funct3(inst))}
	legalMode := f.Imm <= rmLast || f.Imm == dynamic
	switch inst & 0x7f {
	case 0x43, 0x47, 0x4b, 0x4f:
		f.C = F0 + rs3(inst)
		f.Helper = fpFused[inst>>2&3][funct7(inst)&3]
		return f, f.Helper != nil && legalMode
	case opFP:
	default:
		return fpInst{}, false
	}
	for _, form := range fpForms[funct7(inst)] {
		if form.rs2 != register && form.rs2 != int(rs2(inst)) {
			continue
		}
		if form.f3 == rounding && !legalMode || form.f3 != rounding && form.f3 != int(f.Imm) {
			continue
		}
		switch form.files {
		case toInt:
			f.Dst = rd(inst)
			if f.Dst == 0 {
				f.Dst = ir.Sink
			}
		case fromInt:
			f.A = rs1(inst)
		}
		f.Helper = form.helper
		return f, true
	}
	return fpInst{}, false
}

// setRounding makes e, new, the environment of an instruction that rounds. It
// returns false, and sets the trap, when the instruction asks for the mode in Frm
// and that is a reserved one. (It takes a pointer because the processor stalls
// on an Env that is written by bytes and then copied.)
func setRounding(e *softfloat.Env, c *ir.CPU, op *ir.Op) bool {
	mode := uint64(op.Imm)
	if mode == dynamic {
		mode = c.R[Frm]
		if mode > uint64(rmLast) {
			c.Trap = ir.ExitIllegal
			return false
		}
	}
	e.Rounding, e.Flags = softfloat.Rounding(mode), softfloat.Flags(c.R[Fflags])
	return true
}

// Results. Each stores what an instruction computed in e and returns true, so
// that it can end a helper.

func setD(c *ir.CPU, op *ir.Op, e *softfloat.Env, v uint64) bool {
	c.R[op.Dst] = v
	if f := uint64(e.Flags); f != c.R[Fflags] {
		c.R[Fflags] = f // stored seldom, so that no instruction waits for the one before
	}
	return true
}

func setS(c *ir.CPU, op *ir.Op, e *softfloat.Env, v uint32) bool {
	return setD(c, op, e, box(v))
}

// setW stores a 32-bit integer: sign-extended, the unsigned ones too.
func setW(c *ir.CPU, op *ir.Op, e *softfloat.Env, v int32) bool {
	return setD(c, op, e, uint64(int64(v)))
}

func setBool(c *ir.CPU, op *ir.Op, e *softfloat.Env, v bool) bool {
	if v {
		return setD(c, op, e, 1)
	}
	return setD(c, op, e, 0)
}

// NaN-boxing (Unprivileged ISA, "NaN Boxing of Narrower Values"): a binary32 in
// a 64-bit register has all upper bits set. To instructions that take a
// binary32, whatever else is in the register is the canonical NaN.
const (
	boxBits    = 0xffffffff << 32
	canonicalS = 0x7fc00000
	signS      = 1 << 31
	signD      = 1 << 63
)

func box(v uint32) uint64 { return boxBits | uint64(v) }

// single is the binary32 in a slot.
func single(c *ir.CPU, slot uint8) uint32 {
	if v := c.R[slot]; v >= boxBits {
		return uint32(v)
	}
	return canonicalS
}
