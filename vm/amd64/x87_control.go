package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// Control instructions of the x87 unit.

func init() {
	register(map[x86asm.Op]handler{
		x86asm.FNINIT: x87Helper(fninit),
		x86asm.FNCLEX: x87Helper(fnclex),
		x86asm.FNSTCW: x87Helper(fnstcw),
		x86asm.FLDCW:  x87Helper(fldcw),
		x86asm.FNSTSW: x87Status,
		x86asm.FWAIT:  x87Helper(fwait),
		x86asm.EMMS:   x87Helper(emms),
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

// x87Status translates FNSTSW, to memory or AX.
func x87Status(t *translation, in *inst) bool {
	if _, reg := in.Args[0].(x86asm.Reg); reg {
		if locked(in) {
			return false
		}
		t.helper(fnstswAX, ir.Op{})
		return true
	}
	return x87Helper(fnstsw)(t, in)
}

func fnstswAX(c *ir.CPU, _ *ir.Op) bool {
	c.R[RAX] = c.R[RAX]&^0xffff | c.R[FPSW]
	return true
}

func fnstsw(c *ir.CPU, op *ir.Op) bool {
	return c.Mem.Store(operand(c, op), 2, c.R[FPSW]) || memoryFault(c)
}

func fwait(c *ir.CPU, _ *ir.Op) bool { return !pending(c) }

// emms is EMMS: all registers become empty.
func emms(c *ir.CPU, _ *ir.Op) bool {
	if pending(c) {
		return false
	}
	c.R[FPTag] = 0
	setTop(c.R[:], 0)
	return true
}
