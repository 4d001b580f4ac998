package amd64

import (
	"encoding/binary"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// Loads, stores and moves of the x87 unit.

// load pushes v, with the exceptions of its conversion. A denormal is pushed even
// if that exception is unmasked.
func load(r []uint64, e *softfloat.Env, v softfloat.F80) bool {
	if !empty(r, 7) {
		if overflow(r) {
			pushST(r, softfloat.Indefinite80)
		}
		return true
	}
	e.Unmasked &^= softfloat.Denormal
	if raise(r, e) {
		pushST(r, v)
	}
	return true
}

func fldF32(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	v, ok := c.Mem.Load(operand(c, op), 4)
	if !ok {
		return memoryFault(c)
	}
	e := newEnv(c.R[:])
	return load(c.R[:], &e, e.F32ToF80(uint32(v)))
}

func fldF64(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	v, ok := c.Mem.Load(operand(c, op), 8)
	if !ok {
		return memoryFault(c)
	}
	e := newEnv(c.R[:])
	return load(c.R[:], &e, e.F64ToF80(v))
}

func fldF80(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	mant, se, ok := c.Mem.Load80(operand(c, op))
	if !ok {
		return memoryFault(c)
	}
	var e softfloat.Env
	return load(c.R[:], &e, softfloat.F80{Mant: mant, SE: se})
}

func fldST(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	if empty(r, op.C) {
		if underflow(r) {
			pushST(r, softfloat.Indefinite80)
		}
		return true
	}
	var e softfloat.Env
	return load(r, &e, st(r, op.C))
}

func fildI16(c *ir.CPU, op *ir.Op) bool { return fild(c, op, 2) }
func fildI32(c *ir.CPU, op *ir.Op) bool { return fild(c, op, 4) }
func fildI64(c *ir.CPU, op *ir.Op) bool { return fild(c, op, 8) }

func fild(c *ir.CPU, op *ir.Op, size uint64) bool {
	if pending(c) {
		return false
	}
	v, ok := c.Mem.Load(operand(c, op), size)
	if !ok {
		return memoryFault(c)
	}
	var e softfloat.Env
	shift := 64 - 8*size
	return load(c.R[:], &e, e.Int64ToF80(int64(v<<shift)>>shift))
}

func fbld(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	lo, hi, ok := c.Mem.Load80(operand(c, op))
	if !ok {
		return memoryFault(c)
	}
	var e softfloat.Env
	var b softfloat.BCD
	binary.LittleEndian.PutUint64(b[:], lo)
	binary.LittleEndian.PutUint16(b[8:], hi)
	return load(c.R[:], &e, e.BCDToF80(b))
}

// fpConstant is a constant rounded down, and whether its nearest neighbour is
// above.
type fpConstant struct {
	softfloat.F80
	up, exact bool
}

var fpConstants = [...]fpConstant{
	{softfloat.F80{Mant: 1 << 63, SE: 0x3fff}, false, true},             // 1
	{softfloat.F80{Mant: 0xd49a784bcd1b8afe, SE: 0x4000}, false, false}, // log2 10
	{softfloat.F80{Mant: 0xb8aa3b295c17f0bb, SE: 0x3fff}, true, false},  // log2 e
	{softfloat.F80{Mant: 0xc90fdaa22168c234, SE: 0x4000}, true, false},  // π
	{softfloat.F80{Mant: 0x9a209a84fbcff798, SE: 0x3ffd}, true, false},  // log10 2
	{softfloat.F80{Mant: 0xb17217f7d1cf79ab, SE: 0x3ffe}, true, false},  // ln 2
	{softfloat.F80{}, false, true},                                      // 0
}

// fldConstant pushes constant number B, rounded.
func fldConstant(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	k := &fpConstants[op.B]
	v := k.F80
	e := newEnv(c.R[:])
	if !k.exact && (e.Rounding == softfloat.RUP || e.Rounding == softfloat.RNE && k.up) {
		v.Mant++
	}
	return load(c.R[:], &e, v)
}

// stored ends a store: it records the exceptions, and pops with popping unless
// one of them kept the store from being made.
func stored(r []uint64, e *softfloat.Env, popping bool) bool {
	if raise(r, e) && popping && e.Flags&e.Unmasked&(softfloat.Overflow|softfloat.Underflow) == 0 {
		popST(r)
	}
	return true
}

func fstF32(c *ir.CPU, op *ir.Op) bool { return fst(c, op, 4) }
func fstF64(c *ir.CPU, op *ir.Op) bool { return fst(c, op, 8) }

// fst stores ST(0) as a floating-point number of size bytes, and pops if B is
// set.
func fst(c *ir.CPU, op *ir.Op, size uint64) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	if empty(r, 0) {
		indefinite := uint64(0xfff8 << 48)
		if size == 4 {
			indefinite = 0xffc00000
		}
		return storeNothing(c, operand(c, op), size, indefinite, op.B != 0)
	}
	const noStore = before | softfloat.Overflow | softfloat.Underflow
	e := newEnv(r)
	var v uint64
	if size == 4 {
		v = uint64(e.F80ToF32(st(r, 0)))
	} else {
		v = e.F80ToF64(st(r, 0))
	}
	switch {
	case e.Flags&e.Unmasked&noStore != 0: // nothing is rounded either
		if !touch(c, operand(c, op), size) {
			return memoryFault(c)
		}
		e.Flags &^= softfloat.Inexact
		e.Up = false
	case !c.Mem.Store(operand(c, op), size, v):
		return memoryFault(c)
	}
	return stored(r, &e, op.B != 0)
}

// touch makes sure that a store could be made, before an exception is recorded
// that keeps it from being made.
func touch(c *ir.CPU, addr, size uint64) bool {
	v, ok := c.Mem.Load(addr, size)
	return ok && c.Mem.Store(addr, size, v)
}

func touch80(c *ir.CPU, addr uint64) bool {
	lo, hi, ok := c.Mem.Load80(addr)
	return ok && c.Mem.Store80(addr, lo, hi)
}

// storeNothing ends a store with ST(0) empty.
func storeNothing(c *ir.CPU, addr, size, indefinite uint64, popping bool) bool {
	r := c.R[:]
	ok := false
	if r[FPCW]&swInvalid != 0 {
		ok = c.Mem.Store(addr, size, indefinite)
	} else {
		ok = touch(c, addr, size)
	}
	if !ok {
		return memoryFault(c)
	}
	if underflow(r) && popping {
		popST(r)
	}
	return true
}

func fstpF80(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	v, none := st(r, 0), empty(r, 0)
	if none {
		v = softfloat.Indefinite80
	}
	ok := false
	if none && r[FPCW]&swInvalid == 0 {
		ok = touch80(c, operand(c, op))
	} else {
		ok = c.Mem.Store80(operand(c, op), v.Mant, v.SE)
	}
	if !ok {
		return memoryFault(c)
	}
	r[FPSW] &^= swC1
	if !none || underflow(r) {
		popST(r)
	}
	return true
}

// Bits of fist's operand B.
const (
	storePop   = 1
	storeTrunc = 2 // round towards zero
)

// fist stores an integer of size bytes.
func fist(c *ir.CPU, op *ir.Op, size uint64) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	if empty(r, 0) {
		return storeNothing(c, operand(c, op), size, 1<<(8*size-1), op.B&storePop != 0)
	}
	e := newEnv(r)
	if op.B&storeTrunc != 0 {
		e.Rounding = softfloat.RTZ
	}
	var v uint64
	switch size {
	case 2:
		v = uint64(e.F80ToInt16(st(r, 0)))
	case 4:
		v = uint64(e.F80ToInt32(st(r, 0)))
	default:
		v = uint64(e.F80ToInt64(st(r, 0)))
	}
	ok := false
	if e.Flags&e.Unmasked&before != 0 {
		ok = touch(c, operand(c, op), size)
	} else {
		ok = c.Mem.Store(operand(c, op), size, v)
	}
	if !ok {
		return memoryFault(c)
	}
	return stored(r, &e, op.B&storePop != 0)
}

func fistI16(c *ir.CPU, op *ir.Op) bool { return fist(c, op, 2) }
func fistI32(c *ir.CPU, op *ir.Op) bool { return fist(c, op, 4) }
func fistI64(c *ir.CPU, op *ir.Op) bool { return fist(c, op, 8) }

func fbstp(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	none := empty(r, 0)
	e := newEnv(r)
	b := softfloat.IndefiniteBCD
	if none {
		e.Flags = softfloat.Invalid
	} else {
		b = e.F80ToBCD(st(r, 0))
	}
	ok := false
	if e.Flags&e.Unmasked&before != 0 {
		ok = touch80(c, operand(c, op))
	} else {
		ok = c.Mem.Store80(operand(c, op), binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint16(b[8:]))
	}
	if !ok {
		return memoryFault(c)
	}
	if !none {
		return stored(r, &e, true)
	}
	if underflow(r) {
		popST(r)
	}
	return true
}

// fstST copies ST(0) to ST(C), and pops if B is set.
func fstST(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	v := st(r, 0)
	if empty(r, 0) {
		if !underflow(r) {
			return true
		}
		v = softfloat.Indefinite80
	}
	r[FPSW] &^= swC1
	setST(r, op.C, v)
	if op.B != 0 {
		popST(r)
	}
	return true
}

// fstpNoFault is fstST with a pop that does nothing else when ST(0) is empty.
func fstpNoFault(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	r[FPSW] &^= swC1
	if !empty(r, 0) {
		setST(r, op.C, st(r, 0))
	}
	popST(r)
	return true
}

// fxch exchanges ST(0) and ST(C).
func fxch(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	a, b := st(r, 0), st(r, op.C)
	noA, noB := empty(r, 0), empty(r, op.C)
	if noA || noB {
		if !underflow(r) {
			return true
		}
		if noA {
			a = softfloat.Indefinite80
		}
		if noB {
			b = softfloat.Indefinite80
		}
	}
	r[FPSW] &^= swC1
	setST(r, op.C, a)
	setST(r, 0, b)
	return true
}
