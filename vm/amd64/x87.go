package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/softfloat"
)

// The x87 floating-point unit (SDM volume 1, chapter 8). Its data registers lie
// in slots by physical number; ST(i) is physical register (TOP+i) mod 8. A
// helper executes each instruction, memory access included: so that it sees a
// stack fault, a failed access and an unmasked exception before it changes
// anything.
//
//	x87_table.go    which opcode is which helper
//	x87_control.go  control instructions
//	x87_env.go      saving and restoring the environment and the registers
//	x87_arith.go    arithmetic
//	x87_compare.go  comparisons
//	x87_move.go     loads and stores
//	x87_trans.go    transcendental functions
//	fxsave.go       the image of all registers
//
// Where the SDM leaves something open, it is as on AMD's processors of family
// 1Ah, but for the transcendental functions: see softfloat. The selectors of the
// instruction and operand pointers are 0.

// Bits of the status word (SDM volume 1, section 8.1.3). The low six, the
// exceptions, are at the places of their masks in the control word.
const (
	swInvalid   = 1 << 0
	swDenormal  = 1 << 1
	swZero      = 1 << 2
	swOverflow  = 1 << 3
	swUnderflow = 1 << 4
	swPrecision = 1 << 5
	swStack     = 1 << 6 // with swInvalid: a stack overflow or underflow
	swSummary   = 1 << 7 // an unmasked exception is pending
	swC0        = 1 << 8
	swC1        = 1 << 9
	swC2        = 1 << 10
	swC3        = 1 << 14
	swBusy      = 1 << 15 // as swSummary

	swExceptions = 0x3f
	swTopShift   = 11
	swTop        = 7 << swTopShift
)

// Bits of the control word (SDM volume 1, section 8.1.5): the masks of the
// exceptions, precision and rounding, the infinity bit of the 8087. One reserved
// bit reads as 1, the others as 0.
const (
	cwDefined   = 0x1f3f
	cwFixed     = 0x0040
	cwInitial   = 0x037f
	cwPrecision = 8 // shifts of the fields
	cwRounding  = 10
)

// top is the physical register that is ST(0).
func top(r []uint64) uint64 { return r[FPSW] >> swTopShift & 7 }

func setTop(r []uint64, n uint64) { r[FPSW] = r[FPSW]&^swTop | n&7<<swTopShift }

// physical is the number of the register that is ST(i).
func physical(r []uint64, i uint8) uint64 { return (top(r) + uint64(i)) & 7 }

// empty reports whether ST(i) holds nothing.
func empty(r []uint64, i uint8) bool { return r[FPTag]>>physical(r, i)&1 == 0 }

// st is the content of ST(i).
func st(r []uint64, i uint8) softfloat.F80 {
	n := FP0 + 2*physical(r, i)
	return softfloat.F80{Mant: r[n], SE: uint16(r[n+1])}
}

// setST writes ST(i), which is not empty then.
func setST(r []uint64, i uint8, v softfloat.F80) {
	p := physical(r, i)
	r[FP0+2*p], r[FP0+2*p+1] = v.Mant, uint64(v.SE)
	r[FPTag] |= 1 << p
}

// free marks ST(i) as empty.
func free(r []uint64, i uint8) { r[FPTag] &^= 1 << physical(r, i) }

// popST empties ST(0) and makes ST(1) the top.
func popST(r []uint64) {
	free(r, 0)
	setTop(r, top(r)+1)
}

// pushST makes v the new ST(0).
func pushST(r []uint64, v softfloat.F80) {
	setTop(r, top(r)-1)
	setST(r, 0, v)
}

// setControl writes the control word.
func setControl(r []uint64, v uint64) {
	r[FPCW] = v&cwDefined | cwFixed
	summarize(r)
}

// setStatus writes the status word; its summary follows from the exceptions.
func setStatus(r []uint64, v uint64) {
	r[FPSW] = v & 0xffff
	summarize(r)
}

// summarize makes the summary bits say whether an unmasked exception is pending.
func summarize(r []uint64) {
	if r[FPSW]&^r[FPCW]&swExceptions != 0 {
		r[FPSW] |= swSummary | swBusy
	} else {
		r[FPSW] &^= swSummary | swBusy
	}
}

// initFPU is FNINIT. The data registers stay, marked as empty.
func initFPU(r []uint64) {
	r[FPCW], r[FPSW], r[FPTag] = cwInitial, 0, 0
	r[FPOp], r[FPIP], r[FPDP] = 0, 0, 0
}

// pending reports an unmasked exception of an earlier instruction, which stops
// the next waiting one: c.Trap is set then.
func pending(c *ir.CPU) bool {
	if c.R[FPSW]&swSummary == 0 {
		return false
	}
	c.R[raised] = 0 // not one of SSE's
	c.R[raised] = 0
	c.Trap = ir.ExitFloat
	return true
}

// memoryFault ends a helper whose access failed.
func memoryFault(c *ir.CPU) bool {
	c.Trap = ir.ExitMem
	return false
}

// operand is the address of a helper's memory operand.
func operand(c *ir.CPU, op *ir.Op) uint64 { return c.R[op.A] + uint64(op.Imm) }

// underflow records that an operand is missing, and reports whether that is
// masked: then the result is the indefinite value.
func underflow(r []uint64) (masked bool) { return stackFault(r, 0) }

// overflow records that there is no room for a push; otherwise like underflow.
func overflow(r []uint64) (masked bool) { return stackFault(r, swC1) }

func stackFault(r []uint64, c1 uint64) (masked bool) {
	r[FPSW] = r[FPSW]&^swC1 | swInvalid | swStack | c1
	summarize(r)
	return r[FPCW]&swInvalid != 0
}

// precisions holds the precision for each value of its field. The reserved one is
// the full precision.
var precisions = [4]softfloat.Precision{softfloat.Prec24, softfloat.Prec64, softfloat.Prec53, softfloat.Prec64}

// newEnv is the environment of one instruction.
func newEnv(r []uint64) softfloat.Env {
	cw := r[FPCW]
	return softfloat.Env{
		Rounding:  roundings[cw>>cwRounding&3],
		Precision: precisions[cw>>cwPrecision&3],
		NaN:       softfloat.NaNLargest,
		Ints:      softfloat.IntIndefinite,
		Unmasked:  unmasked[cw&swExceptions],
	}
}

// Exceptions in the status word by softfloat's flags; and what is unmasked by
// the masks in the control word.
var (
	statusOf [64]uint64
	unmasked [64]softfloat.Flags
)

func init() {
	for i, f := range []softfloat.Flags{softfloat.Invalid, softfloat.Denormal, softfloat.DivByZero, softfloat.Overflow, softfloat.Underflow, softfloat.Inexact} {
		for n := range 64 {
			if softfloat.Flags(n)&f != 0 {
				statusOf[n] |= 1 << i
			}
			if n>>i&1 == 0 {
				unmasked[n] |= f
			}
		}
	}
}

// before are the exceptions that are found before an operation is carried out;
// unmasked, they leave its destination as it is.
const before = softfloat.Invalid | softfloat.Denormal | softfloat.DivByZero

// raise records the exceptions of an instruction, and in C1 whether its result
// was rounded up. It reports whether there is a result to store in a register.
func raise(r []uint64, e *softfloat.Env) bool {
	sw := r[FPSW]&^swC1 | statusOf[e.Flags&63]
	stop := e.Flags & e.Unmasked & before
	if e.Up && stop == 0 {
		sw |= swC1
	}
	r[FPSW] = sw
	if e.Flags != 0 {
		summarize(r)
	}
	return stop == 0
}

// x87Helper makes a handler that calls h, which waits for pending exceptions or
// not as it sees fit. A memory operand's address is slot A plus Imm.
func x87Helper(h ir.Helper) handler {
	return func(t *translation, in *inst) bool {
		if in.lock {
			return false
		}
		op := ir.Op{}
		if m, ok := in.Args[0].(x86asm.Mem); ok {
			op.A, op.Imm = t.address(in, m)
		}
		t.pure(h, op)
		return true
	}
}
