package amd64

import (
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// Floating point of SSE: MXCSR, exceptions, and the operations on one element
// (SDM volume 1, chapter 11, and 4.8.4, 4.9).

// Bits of MXCSR. The mask of an exception lies mxMask bits above its flag.
const (
	mxIE  = 1 << 0 // invalid operation
	mxDE  = 1 << 1 // denormal operand
	mxZE  = 1 << 2 // division by zero
	mxOE  = 1 << 3 // overflow
	mxUE  = 1 << 4 // underflow
	mxPE  = 1 << 5 // precision: inexact
	mxDAZ = 1 << 6 // subnormal operands are zeros
	mxFTZ = 1 << 15

	mxFlags = 1<<6 - 1
	mxPre   = mxIE | mxDE | mxZE // exceptions found before computing
	mxMask  = 7
	mxRC    = 13 // position of the rounding control, 2 bits

	// mxAll are the bits that a program may set: MXCSR_MASK of FXSAVE.
	mxAll = 1<<16 - 1

	// With these bits as in mxPlain, an operation on numbers that are not
	// subnormal has nothing to it that IEEE's default handling has not.
	mxModes = mxAll &^ mxFlags
	mxPlain = mxFlags << mxMask
)

// raised is the slot in which an instruction that stops with ir.ExitFloat leaves
// the flags that it raises; 0 if it is one of x87. It is no part of the state:
// see RaiseFloat.
const raised = 254

// RaisedFloat returns the flags of MXCSR that the instruction which has just
// stopped with [ir.ExitFloat] raises; 0 if it is one of x87, whose flags are in
// FPSW already. r are all slots of the CPU.
func RaisedFloat(r []uint64) uint64 { return r[raised] & mxFlags }

// RaiseFloat sets them. The personality calls it as it delivers the exception:
// until then the instruction has changed nothing, so that the position before it
// has one state, whether the instruction has been tried or not.
func RaiseFloat(r []uint64) {
	r[MXCSR] |= RaisedFloat(r)
	if r[raised]&raisedMMX != 0 {
		enterMMX(r)
	}
}

// raisedMMX in slot raised says that the instruction has an MMX register.
const raisedMMX = 1 << 16

// flagsOf translates softfloat's flags to MXCSR's.
var flagsOf = func() (table [32]uint8) {
	for f := range table {
		for _, bit := range []struct {
			soft softfloat.Flags
			mx   uint8
		}{
			{softfloat.Invalid, mxIE}, {softfloat.DivByZero, mxZE}, {softfloat.Overflow, mxOE},
			{softfloat.Underflow, mxUE}, {softfloat.Inexact, mxPE},
		} {
			if softfloat.Flags(f)&bit.soft != 0 {
				table[f] |= bit.mx
			}
		}
	}
	return table
}()

// roundings translates rounding controls.
var roundings = [4]softfloat.Rounding{softfloat.RNE, softfloat.RDN, softfloat.RUP, softfloat.RTZ}

// float is the execution of one instruction: its environment, and the flags that
// its elements have raised so far.
type float struct {
	env     softfloat.Env
	mx      uint64
	flags   uint64
	earlier uint64 // flags of earlier steps of an instruction that has several
}

// sseEnv is the environment of SSE instructions, rounding to nearest.
func sseEnv() softfloat.Env {
	return softfloat.Env{NaN: softfloat.NaNFirst, Ints: softfloat.IntIndefinite}
}

// begin takes the environment from MXCSR.
func (f *float) begin(c *ir.CPU) {
	f.mx = c.R[MXCSR]
	f.env = sseEnv()
	f.env.Rounding = roundings[f.mx>>mxRC&3]
	if f.mx&(mxOE<<mxMask) == 0 {
		f.env.Unmasked |= softfloat.Overflow
	}
	if f.mx&(mxUE<<mxMask) == 0 {
		f.env.Unmasked |= softfloat.Underflow
	}
}

// step ends a step of an instruction that computes in several. When it returns
// false an unmasked exception stops the instruction, which must have written
// nothing yet. Exceptions found before computing come alone then (SDM volume 1,
// 11.5.3).
func (f *float) step(c *ir.CPU) bool {
	if unmasked := f.flags &^ (f.mx >> mxMask); unmasked != 0 {
		if unmasked&mxPre != 0 {
			f.flags &= mxPre
		}
		c.R[raised] = f.earlier | f.flags
		c.Trap = ir.ExitFloat
		return false
	}
	f.earlier |= f.flags
	f.flags = 0
	return true
}

// end is the last step: the flags go to MXCSR.
func (f *float) end(c *ir.CPU) bool {
	if !f.step(c) {
		return false
	}
	c.R[MXCSR] |= f.earlier
	return true
}

// take moves the flags of an element's operation out of the environment.
func (f *float) take() (flags uint64) {
	flags = uint64(flagsOf[f.env.Flags&31])
	f.env.Flags = 0
	return flags
}

const (
	sign64 = 1 << 63
	exp64  = 0x7ff << 52
	frac64 = 1<<52 - 1
	sign32 = 1 << 31
	exp32  = 0xff << 23
	frac32 = 1<<23 - 1
)

func nan64(a uint64) bool       { return a&^sign64 > exp64 }
func nan32(a uint32) bool       { return a&^sign32 > exp32 }
func subnormal64(a uint64) bool { return a<<1-1 < 1<<53-1 }
func subnormal32(a uint32) bool { return a<<1-1 < 1<<24-1 }

// daz64 and daz32 apply DAZ to an operand.
func (f *float) daz64(a uint64) uint64 {
	if f.mx&mxDAZ != 0 && subnormal64(a) {
		return a & sign64
	}
	return a
}

func (f *float) daz32(a uint32) uint32 {
	if f.mx&mxDAZ != 0 && subnormal32(a) {
		return a & sign32
	}
	return a
}

// elemOp is an operation on elements. The comparisons lie in the order of the
// predicates of CMPPS.
type elemOp uint8

const (
	elAdd elemOp = iota
	elSub
	elMul
	elDiv
	elSqrt // of B
	elMin
	elMax
	elEQ
	elLT
	elLE
	elUnord
	elNE
	elNLT
	elNLE
	elOrd
)

// rounds reports whether results are rounded, and so may be tiny.
func (x elemOp) rounds() bool { return x <= elSqrt }

// do64 executes x on elements of binary64.
func (f *float) do64(x elemOp, a, b uint64) uint64 {
	if x == elSqrt {
		a = b
	}
	a, b = f.daz64(a), f.daz64(b)
	r := apply64(&f.env, x, a, b)
	flags := f.take()
	if (subnormal64(a) || subnormal64(b)) && flags&(mxIE|mxZE) == 0 && !nan64(a) && !nan64(b) {
		flags |= mxDE
	}
	if x.rounds() {
		r, flags = f.flush64(r, flags)
	}
	f.flags |= flags
	return r
}

// flush64 applies FTZ to a result: it counts when underflow is masked.
func (f *float) flush64(r, flags uint64) (uint64, uint64) {
	if f.mx&(mxFTZ|mxUE<<mxMask) == mxFTZ|mxUE<<mxMask && (flags&mxUE != 0 || subnormal64(r)) {
		return r & sign64, flags | mxUE | mxPE
	}
	return r, flags
}

// do32 is do64 in binary32.
func (f *float) do32(x elemOp, a, b uint32) uint32 {
	if x == elSqrt {
		a = b
	}
	a, b = f.daz32(a), f.daz32(b)
	r := apply32(&f.env, x, a, b)
	flags := f.take()
	if (subnormal32(a) || subnormal32(b)) && flags&(mxIE|mxZE) == 0 && !nan32(a) && !nan32(b) {
		flags |= mxDE
	}
	if x.rounds() {
		r, flags = f.flush32(r, flags)
	}
	f.flags |= flags
	return r
}

func (f *float) flush32(r uint32, flags uint64) (uint32, uint64) {
	if f.mx&(mxFTZ|mxUE<<mxMask) == mxFTZ|mxUE<<mxMask && (flags&mxUE != 0 || subnormal32(r)) {
		return r & sign32, flags | mxUE | mxPE
	}
	return r, flags
}

// apply64 computes in softfloat's environment. (A switch and not a table: the
// environment stays on the stack.)
func apply64(e *softfloat.Env, x elemOp, a, b uint64) uint64 {
	switch x {
	case elAdd:
		return e.Add64(a, b)
	case elSub:
		return e.Sub64(a, b)
	case elMul:
		return e.Mul64(a, b)
	case elDiv:
		return e.Div64(a, b)
	case elSqrt:
		return e.Sqrt64(b)
	case elMin: // the second one unless a < b: for NaNs and two zeros, too
		if e.Lt64(a, b) {
			return a
		}
		return b
	case elMax:
		if e.Lt64(b, a) {
			return a
		}
		return b
	case elEQ:
		return allOnes(e.Eq64(a, b))
	case elLT:
		return allOnes(e.Lt64(a, b))
	case elLE:
		return allOnes(e.Le64(a, b))
	case elUnord:
		e.Eq64(a, b) // for its flag
		return allOnes(nan64(a) || nan64(b))
	case elNE:
		return ^allOnes(e.Eq64(a, b))
	case elNLT:
		return ^allOnes(e.Lt64(a, b))
	case elNLE:
		return ^allOnes(e.Le64(a, b))
	}
	e.Eq64(a, b)
	return ^allOnes(nan64(a) || nan64(b))
}

// apply32 is apply64 in binary32.
func apply32(e *softfloat.Env, x elemOp, a, b uint32) uint32 {
	switch x {
	case elAdd:
		return e.Add32(a, b)
	case elSub:
		return e.Sub32(a, b)
	case elMul:
		return e.Mul32(a, b)
	case elDiv:
		return e.Div32(a, b)
	case elSqrt:
		return e.Sqrt32(b)
	case elMin:
		if e.Lt32(a, b) {
			return a
		}
		return b
	case elMax:
		if e.Lt32(b, a) {
			return a
		}
		return b
	case elEQ:
		return uint32(allOnes(e.Eq32(a, b)))
	case elLT:
		return uint32(allOnes(e.Lt32(a, b)))
	case elLE:
		return uint32(allOnes(e.Le32(a, b)))
	case elUnord:
		e.Eq32(a, b)
		return uint32(allOnes(nan32(a) || nan32(b)))
	case elNE:
		return ^uint32(allOnes(e.Eq32(a, b)))
	case elNLT:
		return ^uint32(allOnes(e.Lt32(a, b)))
	case elNLE:
		return ^uint32(allOnes(e.Le32(a, b)))
	}
	e.Eq32(a, b)
	return ^uint32(allOnes(nan32(a) || nan32(b)))
}
