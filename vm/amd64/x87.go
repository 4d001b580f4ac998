package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// The x87 floating-point unit (SDM volume 1, chapter 8). Its data registers lie
// in slots by physical number; ST(i) is physical register (TOP+i) mod 8. A
// helper executes each instruction, memory access included: so that it sees a
// stack fault, a failed access and an unmasked exception before it changes
// anything.

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
	swCodes      = swC0 | swC1 | swC2 | swC3
	swTopShift   = 11
	swTop        = 7 << swTopShift
)

// Bits of the control word (SDM volume 1, section 8.1.5): the masks of the
// exceptions, precision and rounding, the infinity bit of the 8087. One reserved
// bit reads as 1, the others as 0.
const (
	cwDefined  = 0x1f3f
	cwFixed    = 0x0040
	cwInitial  = 0x037f
	cwRounding = 10 // shift of the rounding field
)

// top is the physical register that is ST(0).
func top(r []uint64) uint64 { return r[FPSW] >> swTopShift & 7 }

func setTop(r []uint64, n uint64) { r[FPSW] = r[FPSW]&^swTop | n&7<<swTopShift }

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
	c.Trap = ir.ExitFloat
	return true
}

// memoryFault ends a helper whose access failed.
func memoryFault(c *ir.CPU) bool {
	c.Trap = ir.ExitMem
	return false
}

// locked reports a LOCK prefix, which no x87, MMX or SSE instruction may have.
func locked(in *inst) bool {
	for _, p := range in.Prefix {
		if p&0xff == x86asm.PrefixLOCK {
			return true
		}
	}
	return false
}

// x87Helper makes a handler that calls h, which waits for pending exceptions or
// not as it sees fit. A memory operand's address is slot A plus Imm.
func x87Helper(h ir.Helper) handler {
	return func(t *translation, in *inst) bool {
		if locked(in) {
			return false
		}
		op := ir.Op{}
		if m, ok := in.Args[0].(x86asm.Mem); ok {
			op.A, op.Imm = t.address(in, m)
		}
		t.helper(h, op)
		return true
	}
}

// operand is the address of a helper's memory operand.
func operand(c *ir.CPU, op *ir.Op) uint64 { return c.R[op.A] + uint64(op.Imm) }
