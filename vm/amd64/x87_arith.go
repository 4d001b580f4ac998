package amd64

import (
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// Arithmetic of the x87 unit. Operand B says which operation it is.

// calculate is operation b on ST(0) and another operand.
func calculate(e *softfloat.Env, b uint8, st0, x softfloat.F80) softfloat.F80 {
	switch b {
	case fpAdd:
		return e.Add80(st0, x)
	case fpMul:
		return e.Mul80(st0, x)
	case fpSub:
		return e.Sub80(st0, x)
	case fpSubr:
		return e.Sub80(x, st0)
	case fpDiv:
		return e.Div80(st0, x)
	}
	return e.Div80(x, st0)
}

// arithMem ends an instruction whose result goes to ST(0).
func arithMem(r []uint64, e *softfloat.Env, b uint8, x softfloat.F80) bool {
	if empty(r, 0) {
		if underflow(r) {
			setST(r, 0, softfloat.Indefinite80)
		}
		return true
	}
	v := calculate(e, b, st(r, 0), x)
	if raise(r, e) {
		setST(r, 0, v)
	}
	return true
}

func arithF32(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	v, ok := c.Mem.Load(operand(c, op), 4)
	if !ok {
		return memoryFault(c)
	}
	e := newEnv(c.R[:])
	return arithMem(c.R[:], &e, op.B, e.Widen32(uint32(v)))
}

func arithF64(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	v, ok := c.Mem.Load(operand(c, op), 8)
	if !ok {
		return memoryFault(c)
	}
	e := newEnv(c.R[:])
	return arithMem(c.R[:], &e, op.B, e.Widen64(v))
}

func arithI16(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	v, ok := c.Mem.Load(operand(c, op), 2)
	if !ok {
		return memoryFault(c)
	}
	e := newEnv(c.R[:])
	return arithMem(c.R[:], &e, op.B, e.Int64ToF80(int64(int16(v))))
}

func arithI32(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	v, ok := c.Mem.Load(operand(c, op), 4)
	if !ok {
		return memoryFault(c)
	}
	e := newEnv(c.R[:])
	return arithMem(c.R[:], &e, op.B, e.Int64ToF80(int64(int32(v))))
}

// arithTop computes with ST(C) into ST(0); arithST into ST(C); arithPop does too,
// and pops.
func arithTop(c *ir.CPU, op *ir.Op) bool {
	_, ok := arithStack(c, op, 0)
	return ok
}

func arithST(c *ir.CPU, op *ir.Op) bool {
	_, ok := arithStack(c, op, op.C)
	return ok
}

func arithPop(c *ir.CPU, op *ir.Op) bool {
	stored, ok := arithStack(c, op, op.C)
	if stored {
		popST(c.R[:])
	}
	return ok
}

// arithStack computes with ST(0) and ST(C) into ST(dst). ok is false when the
// helper must fail.
func arithStack(c *ir.CPU, op *ir.Op, dst uint8) (stored, ok bool) {
	if pending(c) {
		return false, false
	}
	r := c.R[:]
	if empty(r, 0) || empty(r, op.C) {
		stored = underflow(r)
		if stored {
			setST(r, dst, softfloat.Indefinite80)
		}
		return stored, true
	}
	e := newEnv(r)
	v := calculate(&e, op.B, st(r, 0), st(r, op.C))
	if stored = raise(r, &e); stored {
		setST(r, dst, v)
	}
	return stored, true
}

// Operations of unary and binaryTop.
const (
	fpSqrt = iota
	fpRound
	fpExp2m1
	fpLogMul
	fpLogPlus1Mul
	fpAtan
)

// unary replaces ST(0) by a function of it.
func unary(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	if empty(r, 0) {
		if underflow(r) {
			setST(r, 0, softfloat.Indefinite80)
		}
		return true
	}
	e := newEnv(r)
	v := st(r, 0)
	switch op.B {
	case fpSqrt:
		v = e.Sqrt80(v)
	case fpRound:
		v = e.RoundInt80(v)
	default:
		v = e.Exp2m1x80(v)
	}
	if raise(r, &e) {
		setST(r, 0, v)
	}
	return true
}

// fchs and fabs change the sign of anything.
func fchs(c *ir.CPU, _ *ir.Op) bool { return setSign(c, func(se uint16) uint16 { return se ^ 0x8000 }) }
func fabs(c *ir.CPU, _ *ir.Op) bool {
	return setSign(c, func(se uint16) uint16 { return se &^ 0x8000 })
}

func setSign(c *ir.CPU, f func(uint16) uint16) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	if empty(r, 0) {
		if underflow(r) {
			setST(r, 0, softfloat.Indefinite80)
		}
		return true
	}
	v := st(r, 0)
	v.SE = f(v.SE)
	setST(r, 0, v)
	r[FPSW] &^= swC1
	return true
}

// fscale scales ST(0) by the power of two in ST(1).
func fscale(c *ir.CPU, _ *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	if empty(r, 0) || empty(r, 1) {
		if underflow(r) {
			setST(r, 0, softfloat.Indefinite80)
		}
		return true
	}
	e := newEnv(r)
	v := e.Scale80(st(r, 0), st(r, 1))
	if raise(r, &e) {
		setST(r, 0, v)
	}
	return true
}

// fprem is FPREM, with B = 1 FPREM1: the remainder of ST(0) by ST(1). C0, C3 and
// C1 are the lowest bits of the quotient, the highest of them first; C2 is set
// when there is more to do.
func fprem(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	if empty(r, 0) || empty(r, 1) {
		r[FPSW] &^= swC2
		if underflow(r) {
			setST(r, 0, softfloat.Indefinite80)
		}
		return true
	}
	e := newEnv(r)
	v, q, done := e.Rem80(st(r, 0), st(r, 1), op.B != 0)
	ok := raise(r, &e)
	if !ok || v.IsNaN() {
		r[FPSW] &^= swC2
	} else {
		r[FPSW] &^= swC0 | swC1 | swC2 | swC3
		if !done {
			r[FPSW] |= swC2
		}
		r[FPSW] |= (q>>2&1)*swC0 | (q>>1&1)*swC3 | (q&1)*swC1
	}
	if ok {
		setST(r, 0, v)
	}
	return true
}

// fxtract replaces ST(0) by its exponent, and pushes its significand.
func fxtract(c *ir.CPU, _ *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	if noRoom(r) {
		return true
	}
	e := newEnv(r)
	exp, sig := e.Extract80(st(r, 0))
	if raise(r, &e) {
		setST(r, 0, exp)
		pushST(r, sig)
	}
	return true
}

// noRoom deals with a missing operand of an instruction that replaces ST(0) and
// pushes another result, and with a full stack.
func noRoom(r []uint64) bool {
	var masked bool
	switch {
	case empty(r, 0):
		masked = underflow(r)
	case !empty(r, 7):
		masked = overflow(r)
	default:
		return false
	}
	if masked {
		setST(r, 0, softfloat.Indefinite80)
		pushST(r, softfloat.Indefinite80)
	}
	return true
}
