package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// All threads of a guest run on one host thread, so a locked instruction is just
// the instruction.

func init() {
	register(map[x86asm.Op]handler{
		x86asm.CMPXCHG:    cmpxchg,
		x86asm.CMPXCHG8B:  cmpxchgWide(cmpxchg8b),
		x86asm.CMPXCHG16B: cmpxchgWide(cmpxchg16b),
	})
}

// cmpxchg writes its destination in any case, as the processor does: with its
// old value if the comparison fails.
func cmpxchg(t *translation, in *inst) bool {
	p, ok := t.place(in, in.Args[0])
	src, ok2 := in.Args[1].(x86asm.Reg)
	if !ok || !ok2 {
		return false
	}
	b, ok := t.operand(in, src)
	if !ok {
		return false
	}
	// With registers, old is a copy: the destination is written before the end.
	old := t.copyOf(t.get(p))
	x, y := t.zero(RAX, p.size), t.zero(old, p.size)
	same := t.temp()
	t.op2(ir.Seq, same, x, y)
	v := t.temp()
	if p.wide() { // a register keeps its upper half, too, if the comparison fails
		t.zeroTo(v, b, p.size)
		t.emit(ir.Op{Kind: ir.Sel, Dst: v, A: v, B: gprSlot(p.reg), C: same})
	} else {
		t.emit(ir.Op{Kind: ir.Sel, Dst: v, A: b, B: old, C: same})
	}
	// What rax becomes if the comparison fails.
	acc := t.copyOf(RAX)
	switch p.size {
	case size8:
		t.emit(ir.Op{Kind: ir.Ins8, Dst: acc, A: old})
	case size16:
		t.emit(ir.Op{Kind: ir.Ins16, Dst: acc, A: old})
	default:
		t.zeroTo(acc, old, p.size)
	}
	if p.memory() {
		t.put(p, v)
	}
	t.setCC(ccSub, p.size, RAX, old)
	t.emit(ir.Op{Kind: ir.Sel, Dst: RAX, A: RAX, B: acc, C: same})
	switch {
	case p.memory():
	case p.wide():
		t.zeroTo(gprSlot(p.reg), v, size64)
	default:
		t.put(p, v)
	}
	return true
}

// cmpxchgWide translates cmpxchg8b and cmpxchg16b, whose helper gets the address
// in A and Imm. They change no flag but ZF.
func cmpxchgWide(h ir.Helper) handler {
	return func(t *translation, in *inst) bool {
		m, ok := in.Args[0].(x86asm.Mem)
		if !ok {
			return false
		}
		base, disp := t.address(in, m)
		t.helper(h, ir.Op{A: base, Imm: disp})
		t.cc = static{known: true, family: ccEager}
		return true
	}
}

func cmpxchg8b(c *ir.CPU, op *ir.Op) bool {
	r := &c.R
	addr := r[op.A] + uint64(op.Imm)
	c.Trap = ir.ExitMem
	old, ok := c.Mem.Load(addr, 8)
	if !ok {
		return false
	}
	v := old
	same := old == r[RDX]<<32|r[RAX]&0xffffffff
	if same {
		v = r[RCX]<<32 | r[RBX]&0xffffffff
	}
	if !c.Mem.Store(addr, 8, v) {
		return false
	}
	setZero(r[:], same)
	if !same {
		r[RAX], r[RDX] = old&0xffffffff, old>>32
	}
	return true
}

func cmpxchg16b(c *ir.CPU, op *ir.Op) bool {
	r := &c.R
	addr := r[op.A] + uint64(op.Imm)
	if addr&15 != 0 {
		c.Trap = ir.ExitProtection
		return false
	}
	c.Trap = ir.ExitMem
	lo, hi, ok := c.Mem.Load128(addr)
	if !ok {
		return false
	}
	same := lo == r[RAX] && hi == r[RDX]
	x, y := lo, hi
	if same {
		x, y = r[RBX], r[RCX]
	}
	if !c.Mem.Store128(addr, x, y) {
		return false
	}
	setZero(r[:], same)
	if !same {
		r[RAX], r[RDX] = lo, hi
	}
	return true
}

func setZero(r []uint64, zero bool) {
	setArith(r, arith(r)&^FlagZF|b2u(zero)*FlagZF)
}
