package amd64

import (
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// Comparisons of the x87 unit.

// Bits of a comparison's operand B; with 1 it pops.
const compareQuiet = 2 // a quiet NaN is no exception

// fpOrders are the condition codes by order.
var fpOrders = [4]uint64{softfloat.Less: swC0, softfloat.Equal: swC3, softfloat.Greater: 0, softfloat.Unordered: swC0 | swC2 | swC3}

// setOrder writes the condition codes; C1 is clear.
func setOrder(r []uint64, o softfloat.Order) {
	r[FPSW] = r[FPSW]&^(swC0|swC1|swC2|swC3) | fpOrders[o]
}

// compareTop ends a comparison of ST(0) with x, which is missing with none, and
// reports whether operands are to be popped: not after an unmasked exception,
// though that sets the condition codes too.
func compareTop(r []uint64, e *softfloat.Env, x softfloat.F80, none, quiet bool) (popping bool) {
	if none || empty(r, 0) {
		setOrder(r, softfloat.Unordered)
		return underflow(r)
	}
	o := e.Compare80(st(r, 0), x, quiet)
	popping = raise(r, e)
	setOrder(r, o)
	return popping
}

func compareF32(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	v, ok := c.Mem.Load(operand(c, op), 4)
	if !ok {
		return memoryFault(c)
	}
	e := newEnv(c.R[:])
	return compareMem(c.R[:], &e, op.B, e.Widen32(uint32(v)))
}

func compareF64(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	v, ok := c.Mem.Load(operand(c, op), 8)
	if !ok {
		return memoryFault(c)
	}
	e := newEnv(c.R[:])
	return compareMem(c.R[:], &e, op.B, e.Widen64(v))
}

func compareI16(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	v, ok := c.Mem.Load(operand(c, op), 2)
	if !ok {
		return memoryFault(c)
	}
	e := newEnv(c.R[:])
	return compareMem(c.R[:], &e, op.B, e.Int64ToF80(int64(int16(v))))
}

func compareI32(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	v, ok := c.Mem.Load(operand(c, op), 4)
	if !ok {
		return memoryFault(c)
	}
	e := newEnv(c.R[:])
	return compareMem(c.R[:], &e, op.B, e.Int64ToF80(int64(int32(v))))
}

func compareMem(r []uint64, e *softfloat.Env, b uint8, x softfloat.F80) bool {
	if compareTop(r, e, x, false, false) && b != 0 {
		popST(r)
	}
	return true
}

// compareST compares with ST(C).
func compareST(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	e := newEnv(r)
	if compareTop(r, &e, st(r, op.C), empty(r, op.C), op.B&compareQuiet != 0) && op.B&1 != 0 {
		popST(r)
	}
	return true
}

// comparePop2 compares with ST(1), and pops both.
func comparePop2(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	e := newEnv(r)
	if compareTop(r, &e, st(r, 1), empty(r, 1), op.B&compareQuiet != 0) {
		popST(r)
		popST(r)
	}
	return true
}

// ftst compares with 0.
func ftst(c *ir.CPU, _ *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	e := newEnv(r)
	compareTop(r, &e, softfloat.F80{}, false, false)
	return true
}

// Bits of fcomi's operand B.
const (
	fcomiPop   = 1
	fcomiQuiet = 2
)

// fcomiFlags are the arithmetic flags by order.
var fcomiFlags = [4]uint64{softfloat.Less: FlagCF, softfloat.Equal: FlagZF, softfloat.Greater: 0, softfloat.Unordered: FlagZF | FlagPF | FlagCF}

// fcomi compares with ST(C) and tells in the flags register.
func fcomi(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	order, popping := softfloat.Unordered, false
	if empty(r, 0) || empty(r, op.C) {
		popping = underflow(r)
	} else {
		e := newEnv(r)
		c1 := r[FPSW] & swC1 // stays, other than in most instructions
		order = e.Compare80(st(r, 0), st(r, op.C), op.B&fcomiQuiet != 0)
		popping = raise(r, &e)
		r[FPSW] |= c1
	}
	setArith(r, fcomiFlags[order])
	if popping && op.B&fcomiPop != 0 {
		popST(r)
	}
	return true
}

// Values of fcmov's operand B: a condition, by its place in the opcodes, and
// whether it must not hold.
const fcmovNot = 4

var fcmovFlags = [4]uint64{FlagCF, FlagZF, FlagCF | FlagZF, FlagPF}

// fcmov moves ST(C) to ST(0) if a condition holds.
func fcmov(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	if empty(r, 0) || empty(r, op.C) {
		if underflow(r) {
			setST(r, 0, softfloat.Indefinite80)
		}
		return true
	}
	if (arith(r)&fcmovFlags[op.B&3] != 0) == (op.B&fcmovNot == 0) {
		setST(r, 0, st(r, op.C))
	}
	return true
}

// fxam says in the condition codes what is in ST(0), and its sign in C1, though it
// be empty.
func fxam(c *ir.CPU, _ *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	v := st(r, 0)
	var code uint64
	switch {
	case empty(r, 0):
		code = swC3 | swC0
	case v.IsUnsupported():
	case v.IsNaN():
		code = swC0
	case v.IsInf():
		code = swC2 | swC0
	case v.IsZero():
		code = swC3
	case v.IsDenormal():
		code = swC3 | swC2
	default:
		code = swC2
	}
	if v.Neg() {
		code |= swC1
	}
	r[FPSW] = r[FPSW]&^(swC0|swC1|swC2|swC3) | code
	return true
}
