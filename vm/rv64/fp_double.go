package rv64

import (
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// The instructions of the D extension but fcvt.s.d: helpers whose operands are
// slots.

func faddD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.Add64(c.R[op.A], c.R[op.B]))
}

func fsubD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.Sub64(c.R[op.A], c.R[op.B]))
}

func fmulD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.Mul64(c.R[op.A], c.R[op.B]))
}

func fdivD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.Div64(c.R[op.A], c.R[op.B]))
}

func fsqrtD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.Sqrt64(c.R[op.A]))
}

// Turning the signs of operands is exact, and no NaN's sign is seen in a result.
func fmaddD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.MulAdd64(c.R[op.A], c.R[op.B], c.R[op.C]))
}

func fmsubD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.MulAdd64(c.R[op.A], c.R[op.B], c.R[op.C]^signD))
}

func fnmsubD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.MulAdd64(c.R[op.A]^signD, c.R[op.B], c.R[op.C]))
}

func fnmaddD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.MulAdd64(c.R[op.A]^signD, c.R[op.B], c.R[op.C]^signD))
}

func fsgnjD(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = c.R[op.A]&^signD | c.R[op.B]&signD
	return true
}

func fsgnjnD(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = c.R[op.A]&^signD | ^c.R[op.B]&signD
	return true
}

func fsgnjxD(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = c.R[op.A] ^ c.R[op.B]&signD
	return true
}

func fminD(c *ir.CPU, op *ir.Op) bool {
	e := softfloat.Env{Flags: softfloat.Flags(c.R[Fflags])}
	return setD(c, op, &e, e.Min64(c.R[op.A], c.R[op.B]))
}

func fmaxD(c *ir.CPU, op *ir.Op) bool {
	e := softfloat.Env{Flags: softfloat.Flags(c.R[Fflags])}
	return setD(c, op, &e, e.Max64(c.R[op.A], c.R[op.B]))
}

func fleD(c *ir.CPU, op *ir.Op) bool {
	e := softfloat.Env{Flags: softfloat.Flags(c.R[Fflags])}
	return setBool(c, op, &e, e.Le64(c.R[op.A], c.R[op.B]))
}

func fltD(c *ir.CPU, op *ir.Op) bool {
	e := softfloat.Env{Flags: softfloat.Flags(c.R[Fflags])}
	return setBool(c, op, &e, e.Lt64(c.R[op.A], c.R[op.B]))
}

func feqD(c *ir.CPU, op *ir.Op) bool {
	e := softfloat.Env{Flags: softfloat.Flags(c.R[Fflags])}
	return setBool(c, op, &e, e.Eq64(c.R[op.A], c.R[op.B]))
}

func fclassD(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = uint64(softfloat.Class64(c.R[op.A]))
	return true
}

func fcvtWD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setW(c, op, &e, e.F64ToInt32(c.R[op.A]))
}

func fcvtWUD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setW(c, op, &e, int32(e.F64ToUint32(c.R[op.A])))
}

func fcvtLD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, uint64(e.F64ToInt64(c.R[op.A])))
}

func fcvtLUD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.F64ToUint64(c.R[op.A]))
}

func fcvtDW(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.Int32ToF64(int32(c.R[op.A])))
}

func fcvtDWU(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.Uint32ToF64(uint32(c.R[op.A])))
}

func fcvtDL(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.Int64ToF64(int64(c.R[op.A])))
}

func fcvtDLU(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.Uint64ToF64(c.R[op.A]))
}

// fcvtDS is exact, but a reserved rounding mode is illegal all the same ("F",
// "Floating-Point Control and Status Register").
func fcvtDS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.F32ToF64(single(c, op.A)))
}

func fmvXD(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = c.R[op.A]
	return true
}

func fmvDX(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = c.R[op.A]
	return true
}
