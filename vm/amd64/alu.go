package amd64

import (
	"math/bits"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

func init() {
	register(map[x86asm.Op]handler{
		x86asm.ADD:  twoOperands(aluAdd),
		x86asm.OR:   twoOperands(aluOr),
		x86asm.ADC:  withCarry(ir.Add, ccAdd, ccAdc),
		x86asm.SBB:  withCarry(ir.Sub, ccSub, ccSbb),
		x86asm.AND:  twoOperands(aluAnd),
		x86asm.SUB:  twoOperands(aluSub),
		x86asm.XOR:  twoOperands(aluXor),
		x86asm.CMP:  twoOperands(aluCmp),
		x86asm.TEST: twoOperands(aluTest),
		x86asm.INC:  step(ir.AddI, 1, ccInc),
		x86asm.DEC:  step(ir.AddI, -1, ccDec),
		x86asm.NEG:  neg,
		x86asm.NOT:  not,
		x86asm.XADD: xadd,
	})
}

// alu is an operation with two operands.
type alu struct {
	family  int
	discard bool    // there is no result but the flags
	plain   ir.Kind // the operation without flags, in 64 bits
	plainI  ir.Kind // with an immediate
	cc      ir.Kind // in 64 bits, with flags
	ccI     ir.Kind // with an immediate
	cc32    ir.Kind
	ccI32   ir.Kind
}

var (
	aluAdd  = alu{ccAdd, false, ir.Add, ir.AddI, ir.AddCC, ir.AddCCI, ir.AddCC32, ir.AddCCI32}
	aluSub  = alu{ccSub, false, ir.Sub, ir.AddI, ir.SubCC, ir.SubCCI, ir.SubCC32, ir.SubCCI32}
	aluAnd  = alu{ccSub, false, ir.And, ir.AndI, ir.AndCC, ir.AndCCI, ir.AndCC32, ir.AndCCI32}
	aluOr   = alu{ccSub, false, ir.Or, ir.OrI, ir.OrCC, ir.OrCCI, ir.OrCC32, ir.OrCCI32}
	aluXor  = alu{ccSub, false, ir.Xor, ir.XorI, ir.XorCC, ir.XorCCI, ir.XorCC32, ir.XorCCI32}
	aluCmp  = alu{ccSub, true, ir.Sub, ir.AddI, ir.SubCC, ir.SubCCI, ir.SubCC32, ir.SubCCI32}
	aluTest = alu{ccSub, true, ir.And, ir.AndI, ir.AndCC, ir.AndCCI, ir.AndCC32, ir.AndCCI32}
)

// logic reports whether the flags tell about the result alone.
func (k *alu) logic() bool { return k.plain != ir.Add && k.plain != ir.Sub }

// twoOperands translates an instruction with two operands, the first of which is
// also its destination. The flags are written when nothing can fail any more.
func twoOperands(k alu) handler {
	return func(t *translation, in *inst) bool {
		p, ok := t.place(in, in.Args[0])
		if !ok {
			return false
		}
		a := t.get(p)
		imm, isImm := in.Args[1].(x86asm.Imm)
		if p.size >= size32 && (!p.memory() || k.discard) {
			op := ir.Op{Dst: a, A: a, C: cc(k.family, p.size)}
			if k.discard {
				op.Dst = ir.Sink
			}
			if isImm {
				op.Kind, op.Imm = k.ccI32, int64(imm)
				if p.size == size64 {
					op.Kind = k.ccI
				}
				if k.plain == ir.Sub && k.discard {
					t.setCCI(ccSub, p.size, a, int64(imm))
					return true
				}
			} else {
				b, ok := t.operand(in, in.Args[1])
				if !ok {
					return false
				}
				if k.discard && a == b && k.plain == ir.And { // as a comparison with 0
					t.setCCI(ccSub, p.size, a, 0)
					return true
				}
				op.Kind, op.B = k.cc32, b
				if p.size == size64 {
					op.Kind = k.cc
				}
				if k.plain == ir.Sub && k.discard {
					t.setCC(ccSub, p.size, a, b)
					return true
				}
			}
			if p.size == size64 && t.flagsDead(in) {
				switch {
				case !isImm:
					op.Kind = k.plain
				case k.plain == ir.Sub:
					op.Kind, op.Imm = k.plainI, -op.Imm
				default:
					op.Kind = k.plainI
				}
				t.emit(op)
				return true
			}
			t.emit(op)
			t.cc = static{known: true, family: k.family, size: p.size, zeroB: k.logic()}
			return true
		}

		b, ok := t.operand(in, in.Args[1])
		if !ok {
			return false
		}
		v := t.temp()
		if k.plain != ir.Sub || !k.discard {
			t.op2(k.plain, v, a, b)
		}
		if p.memory() && !k.discard {
			t.put(p, v)
		}
		switch {
		case k.logic():
			t.setCCI(ccSub, p.size, v, 0)
		case k.plain == ir.Add:
			t.setCC(ccAdd, p.size, v, b)
		default:
			t.setCC(ccSub, p.size, a, b)
		}
		if !p.memory() && !k.discard {
			t.put(p, v)
		}
		return true
	}
}

// withCarry translates adc and sbb. Which of two families the flags belong to
// depends on the carry that comes in.
func withCarry(kind ir.Kind, without, with int) handler {
	return func(t *translation, in *inst) bool {
		p, ok := t.place(in, in.Args[0])
		if !ok {
			return false
		}
		a := t.get(p)
		b, ok := t.operand(in, in.Args[1])
		if !ok {
			return false
		}
		c := t.carry()
		v := t.temp()
		t.op2(kind, v, a, b)
		t.op2(kind, v, v, c)
		if p.memory() {
			t.put(p, v)
		}
		// CCOp = the family without a carry, or the other: the codes of the two
		// differ by a constant.
		lo, hi := cc(without, p.size), cc(with, p.size)
		if without == ccAdd {
			t.setCC(without, p.size, v, b)
		} else {
			t.setCC(without, p.size, a, b)
		}
		t.emit(ir.Op{Kind: ir.ShlAdd, Dst: CCOp, A: c, B: CCOp, Imm: int64(bits.TrailingZeros8(hi - lo))})
		t.cc = static{}
		if !p.memory() {
			t.put(p, v)
		}
		return true
	}
}

// step translates inc and dec, which leave CF alone.
func step(kind ir.Kind, by int64, family int) handler {
	return func(t *translation, in *inst) bool {
		p, ok := t.place(in, in.Args[0])
		if !ok {
			return false
		}
		a := t.get(p)
		dead := t.flagsDead(in)
		if dead && p.size == size64 && !p.memory() {
			t.opI(kind, a, a, by)
			return true
		}
		v := t.temp()
		t.opI(kind, v, a, by)
		if p.memory() {
			t.put(p, v)
		}
		if !dead {
			c := t.carry()
			t.setCC(family, p.size, v, c)
		}
		if !p.memory() {
			t.put(p, v)
		}
		return true
	}
}

// neg is a subtraction from 0.
func neg(t *translation, in *inst) bool {
	p, ok := t.place(in, in.Args[0])
	if !ok {
		return false
	}
	a := t.get(p)
	z, v := t.constant(0), t.temp()
	t.op2(ir.Sub, v, z, a)
	if p.memory() {
		t.put(p, v)
	}
	t.setCC(ccSub, p.size, z, a)
	if !p.memory() {
		t.put(p, v)
	}
	return true
}

func not(t *translation, in *inst) bool {
	p, ok := t.place(in, in.Args[0])
	if !ok {
		return false
	}
	v := t.temp()
	t.opI(ir.XorI, v, t.get(p), -1)
	t.put(p, v)
	return true
}

// xadd exchanges and adds. With one register as both operands the sum wins.
func xadd(t *translation, in *inst) bool {
	p, ok := t.place(in, in.Args[0])
	src, ok2 := in.Args[1].(x86asm.Reg)
	if !ok || !ok2 {
		return false
	}
	a := t.copyOf(t.get(p))
	b, ok := t.operand(in, src)
	if !ok {
		return false
	}
	v := t.temp()
	t.op2(ir.Add, v, a, b)
	if p.memory() {
		t.put(p, v)
	}
	t.setCC(ccAdd, p.size, v, b)
	t.set(src, a)
	if !p.memory() {
		t.put(p, v)
	}
	return true
}
