package rv64

import (
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// The A extension. All harts run on one host thread, so an atomic is a load and
// a store; the acquire and release bits order nothing more.

// amoOps by funct5: the new value of memory from the old one and the operand.
var amoOps = [32]func(old, v uint64, word bool) uint64{
	0x00: func(o, v uint64, _ bool) uint64 { return o + v },
	0x01: func(_, v uint64, _ bool) uint64 { return v },
	0x04: func(o, v uint64, _ bool) uint64 { return o ^ v },
	0x08: func(o, v uint64, _ bool) uint64 { return o | v },
	0x0c: func(o, v uint64, _ bool) uint64 { return o & v },
	0x10: func(o, v uint64, w bool) uint64 { return uint64(min(signed(o, w), signed(v, w))) },
	0x14: func(o, v uint64, w bool) uint64 { return uint64(max(signed(o, w), signed(v, w))) },
	0x18: func(o, v uint64, w bool) uint64 { return min(unsigned(o, w), unsigned(v, w)) },
	0x1c: func(o, v uint64, w bool) uint64 { return max(unsigned(o, w), unsigned(v, w)) },
}

func signed(v uint64, word bool) int64 {
	if word {
		return int64(int32(v))
	}
	return int64(v)
}

func unsigned(v uint64, word bool) uint64 {
	if word {
		return uint64(uint32(v))
	}
	return v
}

func (t *translation) amo(i uint32) {
	f3, f5 := funct3(i), i>>27
	if f3 != 2 && f3 != 3 {
		t.illegal()
		return
	}
	op := ir.Op{Dst: t.reg(rd(i)), A: rs1(i), B: rs2(i), Imm: 4}
	if f3 == 3 {
		op.Imm = 8
	}
	switch {
	case f5 == 2 && rs2(i) == 0:
		t.helper(ir.HelperOp, loadReserved, op)
	case f5 == 3:
		t.helper(ir.HelperOp, storeConditional, op)
	case amoOps[f5] != nil:
		f := amoOps[f5]
		t.helper(ir.HelperOp, func(c *ir.CPU, op *ir.Op) bool { return amo(c, op, f) }, op)
	default:
		t.illegal()
	}
}

// misaligned reports the trap of an atomic at an address that is not a multiple
// of its size.
func misaligned(c *ir.CPU, addr, size uint64, a mem.Access) bool {
	if addr&(size-1) == 0 {
		return false
	}
	c.Mem.Fault = mem.Fault{Kind: mem.FaultAlign, Access: a, Addr: addr, Size: size}
	c.Trap = ir.ExitMem
	return true
}

func loadReserved(c *ir.CPU, op *ir.Op) bool {
	addr, size := c.R[op.A], uint64(op.Imm)
	if misaligned(c, addr, size, mem.AccessRead) {
		return false
	}
	v, ok := c.Mem.LoadSlow(addr, size)
	if !ok {
		c.Trap = ir.ExitMem
		return false
	}
	c.R[op.Dst] = uint64(signed(v, size == 4))
	c.R[Resv] = addr &^ 7
	return true
}

func storeConditional(c *ir.CPU, op *ir.Op) bool {
	addr, size := c.R[op.A], uint64(op.Imm)
	if misaligned(c, addr, size, mem.AccessWrite) {
		return false
	}
	if c.R[Resv] != addr&^7 {
		c.R[Resv] = NoResv
		c.R[op.Dst] = 1
		return true
	}
	if !c.Mem.StoreSlow(addr, size, c.R[op.B]) {
		c.Trap = ir.ExitMem
		return false
	}
	c.R[Resv] = NoResv
	c.R[op.Dst] = 0
	return true
}

func amo(c *ir.CPU, op *ir.Op, f func(old, v uint64, word bool) uint64) bool {
	addr, size := c.R[op.A], uint64(op.Imm)
	if misaligned(c, addr, size, mem.AccessWrite) {
		return false
	}
	old, ok := c.Mem.LoadSlow(addr, size)
	if !ok || !c.Mem.StoreSlow(addr, size, f(old, c.R[op.B], size == 4)) {
		c.Trap = ir.ExitMem
		return false
	}
	c.R[op.Dst] = uint64(signed(old, size == 4))
	return true
}
