package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// Control instructions of the x87 unit.

func init() {
	register(map[x86asm.Op]handler{
		x86asm.FWAIT: x87Helper(fwait),
	})
}

func fninit(c *ir.CPU, _ *ir.Op) bool {
	initFPU(c.R[:])
	return true
}

func fnclex(c *ir.CPU, _ *ir.Op) bool {
	c.R[FPSW] &^= swExceptions | swStack | swSummary | swBusy
	return true
}

func fnstcw(c *ir.CPU, op *ir.Op) bool {
	return c.Mem.Store(operand(c, op), 2, c.R[FPCW]) || memoryFault(c)
}

func fldcw(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	v, ok := c.Mem.Load(operand(c, op), 2)
	if !ok {
		return memoryFault(c)
	}
	setControl(c.R[:], v)
	return true
}

func fnstswAX(c *ir.CPU, _ *ir.Op) bool {
	c.R[RAX] = c.R[RAX]&^0xffff | c.R[FPSW]
	return true
}

func fnstsw(c *ir.CPU, op *ir.Op) bool {
	return c.Mem.Store(operand(c, op), 2, c.R[FPSW]) || memoryFault(c)
}

func fwait(c *ir.CPU, _ *ir.Op) bool { return !pending(c) }

func fnop(c *ir.CPU, _ *ir.Op) bool { return !pending(c) }

// nothing is an instruction that older processors needed; it does not wait.
func nothing(*ir.CPU, *ir.Op) bool { return true }

// turnStack is FINCSTP and FDECSTP: TOP becomes B more. No register is emptied.
func turnStack(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	setTop(r, top(r)+uint64(op.B))
	r[FPSW] &^= swC1
	return true
}

// ffree is FFREE, with B = 1 FFREEP.
func ffree(c *ir.CPU, op *ir.Op) bool {
	if pending(c) {
		return false
	}
	r := c.R[:]
	free(r, op.C)
	if op.B != 0 {
		popST(r)
	}
	r[FPSW] &^= swC1
	return true
}
