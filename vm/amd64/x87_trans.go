package amd64

import (
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// Transcendental instructions of the x87 unit, but for F2XM1 (unary).

// binaryTop replaces ST(1) by a function of ST(1) and ST(0), and pops.
func binaryTop(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	v := softfloat.Indefinite80
	if empty(r, 0) || empty(r, 1) {
		if !underflow(r) {
			return true
		}
	} else {
		e := newEnv(r)
		y, x := st(r, 1), st(r, 0)
		switch op.B {
		case fpLogMul:
			v = e.LogMul80(y, x)
		case fpLogPlus1Mul:
			v = e.LogPlus1Mul80(y, x)
		default:
			v = e.Atan80(y, x)
		}
		if !raise(r, &e) {
			return true
		}
	}
	setST(r, 1, v)
	popST(r)
	return true
}

func fsin(c *ir.CPU, _ *ir.Op) bool { return trig(c, (*softfloat.Env).Sin80) }
func fcos(c *ir.CPU, _ *ir.Op) bool { return trig(c, (*softfloat.Env).Cos80) }

// trig replaces ST(0) by a function of it. C2 says that ST(0) is out of range.
func trig(c *ir.CPU, f func(*softfloat.Env, softfloat.F80) (softfloat.F80, bool)) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	r[FPSW] &^= swC2
	if empty(r, 0) {
		if underflow(r) {
			setST(r, 0, softfloat.Indefinite80)
		}
		return true
	}
	e := newEnv(r)
	v, ok := f(&e, st(r, 0))
	switch {
	case !ok:
		outOfRange(r)
	case raise(r, &e):
		setST(r, 0, v)
	}
	return true
}

func outOfRange(r []uint64) { r[FPSW] = r[FPSW]&^swC1 | swC2 }

// fsincos replaces ST(0) by its sine, and pushes its cosine.
func fsincos(c *ir.CPU, _ *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	r[FPSW] &^= swC2
	if noRoom(r) {
		return true
	}
	e := newEnv(r)
	s, cos, ok := e.SinCos80(st(r, 0))
	switch {
	case !ok:
		outOfRange(r)
	case raise(r, &e):
		setST(r, 0, s)
		pushST(r, cos)
	}
	return true
}

// fptan replaces ST(0) by its tangent, and pushes 1.
func fptan(c *ir.CPU, _ *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	r[FPSW] &^= swC2
	if noRoom(r) {
		return true
	}
	e := newEnv(r)
	v, ok := e.Tan80(st(r, 0))
	switch {
	case !ok:
		outOfRange(r)
	case raise(r, &e):
		setST(r, 0, v)
		if !v.IsNaN() {
			v = fpConstants[0].F80
		}
		pushST(r, v)
	}
	return true
}
