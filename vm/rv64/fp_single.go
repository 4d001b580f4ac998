package rv64

import (
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// The instructions of the F extension, and fcvt.s.d: helpers whose operands are
// slots. Each computes as softfloat does and boxes its result.

func faddS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.Add32(single(c, op.A), single(c, op.B)))
}

func fsubS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.Sub32(single(c, op.A), single(c, op.B)))
}

func fmulS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.Mul32(single(c, op.A), single(c, op.B)))
}

func fdivS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.Div32(single(c, op.A), single(c, op.B)))
}

func fsqrtS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.Sqrt32(single(c, op.A)))
}

// Turning the signs of operands is exact, and no NaN's sign is seen in a result.
func fmaddS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.MulAdd32(single(c, op.A), single(c, op.B), single(c, op.C)))
}

func fmsubS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.MulAdd32(single(c, op.A), single(c, op.B), single(c, op.C)^signS))
}

func fnmsubS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.MulAdd32(single(c, op.A)^signS, single(c, op.B), single(c, op.C)))
}

func fnmaddS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.MulAdd32(single(c, op.A)^signS, single(c, op.B), single(c, op.C)^signS))
}

func fsgnjS(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = box(single(c, op.A)&^signS | single(c, op.B)&signS)
	return true
}

func fsgnjnS(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = box(single(c, op.A)&^signS | ^single(c, op.B)&signS)
	return true
}

func fsgnjxS(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = box(single(c, op.A) ^ single(c, op.B)&signS)
	return true
}

func fminS(c *ir.CPU, op *ir.Op) bool {
	e := softfloat.Env{Flags: softfloat.Flags(c.R[Fflags])}
	return setS(c, op, &e, e.Min32(single(c, op.A), single(c, op.B)))
}

func fmaxS(c *ir.CPU, op *ir.Op) bool {
	e := softfloat.Env{Flags: softfloat.Flags(c.R[Fflags])}
	return setS(c, op, &e, e.Max32(single(c, op.A), single(c, op.B)))
}

func fleS(c *ir.CPU, op *ir.Op) bool {
	e := softfloat.Env{Flags: softfloat.Flags(c.R[Fflags])}
	return setBool(c, op, &e, e.Le32(single(c, op.A), single(c, op.B)))
}

func fltS(c *ir.CPU, op *ir.Op) bool {
	e := softfloat.Env{Flags: softfloat.Flags(c.R[Fflags])}
	return setBool(c, op, &e, e.Lt32(single(c, op.A), single(c, op.B)))
}

func feqS(c *ir.CPU, op *ir.Op) bool {
	e := softfloat.Env{Flags: softfloat.Flags(c.R[Fflags])}
	return setBool(c, op, &e, e.Eq32(single(c, op.A), single(c, op.B)))
}

func fclassS(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = uint64(softfloat.Class32(single(c, op.A)))
	return true
}

func fcvtWS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setW(c, op, &e, e.F32ToInt32(single(c, op.A)))
}

func fcvtWUS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setW(c, op, &e, int32(e.F32ToUint32(single(c, op.A))))
}

func fcvtLS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, uint64(e.F32ToInt64(single(c, op.A))))
}

func fcvtLUS(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setD(c, op, &e, e.F32ToUint64(single(c, op.A)))
}

func fcvtSW(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.Int32ToF32(int32(c.R[op.A])))
}

func fcvtSWU(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.Uint32ToF32(uint32(c.R[op.A])))
}

func fcvtSL(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.Int64ToF32(int64(c.R[op.A])))
}

func fcvtSLU(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.Uint64ToF32(c.R[op.A]))
}

func fcvtSD(c *ir.CPU, op *ir.Op) bool {
	var e softfloat.Env
	return setRounding(&e, c, op) && setS(c, op, &e, e.F64ToF32(c.R[op.A]))
}

// fmvXW moves the lower half as it is, boxed or not.
func fmvXW(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = uint64(int64(int32(c.R[op.A])))
	return true
}

func fmvWX(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = box(uint32(c.R[op.A]))
	return true
}
