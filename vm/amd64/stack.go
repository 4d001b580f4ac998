package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

func init() {
	register(map[x86asm.Op]handler{
		x86asm.PUSH:   push,
		x86asm.POP:    pop,
		x86asm.ENTER:  enter,
		x86asm.LEAVE:  leave,
		x86asm.PUSHF:  pushf(size16),
		x86asm.PUSHFQ: pushf(size64),
		x86asm.POPF:   popf(size16),
		x86asm.POPFQ:  popf(size64),
	})
}

// push emits a push of slot v: rsp changes once the store has succeeded.
func (t *translation) push(v uint8, size operandSize) {
	if size == size64 {
		t.emit(ir.Op{Kind: ir.Push, A: RSP, B: v})
		return
	}
	t.emit(ir.Op{Kind: intStores[size], A: RSP, B: v, Imm: -size.bytes()})
	t.opI(ir.AddI, RSP, RSP, -size.bytes())
}

// stackSize is the operand size of push and pop: 8 bytes, or 2 with the prefix.
func (in *inst) stackSize() operandSize {
	if in.data16 && in.rex&8 == 0 {
		return size16
	}
	return size64
}

func push(t *translation, in *inst) bool {
	size := in.stackSize()
	switch a := in.Args[0].(type) {
	case x86asm.Imm:
		if size == size64 {
			t.emit(ir.Op{Kind: ir.PushI, A: RSP, Imm: int64(a)})
		} else {
			t.push(t.constant(int64(a)), size)
		}
		return true
	case x86asm.Reg:
		if a == x86asm.FS || a == x86asm.GS {
			t.push(t.constant(segments[a]), size)
			return true
		}
		if _, ok := regSize(a); !ok {
			return false
		}
		t.push(gprSlot(a), size)
		return true
	case x86asm.Mem:
		v := t.temp()
		t.load(in, intLoads[size], v, a)
		t.push(v, size)
		return true
	}
	return false
}

func pop(t *translation, in *inst) bool {
	size := in.stackSize()
	if a, is := in.Args[0].(x86asm.Reg); is && size == size64 {
		if _, ok := regSize(a); ok {
			t.emit(ir.Op{Kind: ir.Pop, Dst: gprSlot(a), A: RSP})
			return true
		}
	}
	v := t.temp()
	t.emit(ir.Op{Kind: intLoads[size], Dst: v, A: RSP})
	switch a := in.Args[0].(type) {
	case x86asm.Reg:
		if _, ok := regSize(a); !ok {
			return t.popSegment(a, v, size)
		}
		t.opI(ir.AddI, RSP, RSP, size.bytes())
		t.set(a, v)
		return true
	case x86asm.Mem:
		// An address with rsp uses the value after the pop.
		if a.Base == x86asm.RSP || a.Base == x86asm.ESP {
			a.Disp += size.bytes()
		}
		t.store(in, intStores[size], v, a)
		t.opI(ir.AddI, RSP, RSP, size.bytes())
		return true
	}
	return false
}

// enter makes a stack frame, with pointers to those of enclosing procedures.
func enter(t *translation, in *inst) bool {
	n, ok := in.Args[0].(x86asm.Imm)
	level, ok2 := in.Args[1].(x86asm.Imm)
	if !ok || !ok2 {
		return false
	}
	size := in.stackSize()
	depth := int64(level) & 31
	s := size.bytes()
	// Nothing changes before the last store.
	t.emit(ir.Op{Kind: intStores[size], A: RSP, B: RBP, Imm: -s})
	v := t.temp()
	for i := int64(1); i < depth; i++ {
		t.emit(ir.Op{Kind: intLoads[size], Dst: v, A: RBP, Imm: -i * s})
		t.emit(ir.Op{Kind: intStores[size], A: RSP, B: v, Imm: -(i + 1) * s})
	}
	frame := t.temp()
	t.opI(ir.AddI, frame, RSP, -s)
	last := s
	if depth > 0 {
		last += depth * s
		t.emit(ir.Op{Kind: intStores[size], A: RSP, B: frame, Imm: -last})
	}
	last += int64(uint16(n))
	// The processor makes sure that the new top of the stack can be written.
	t.emit(ir.Op{Kind: ir.Ld8U, Dst: v, A: RSP, Imm: -last})
	t.emit(ir.Op{Kind: ir.St8, A: RSP, B: v, Imm: -last})
	t.opI(ir.AddI, RSP, RSP, -last)
	if size == size16 {
		t.emit(ir.Op{Kind: ir.Ins16, Dst: RBP, A: frame})
	} else {
		t.emit(ir.Op{Kind: ir.Mov, Dst: RBP, A: frame})
	}
	return true
}

func leave(t *translation, in *inst) bool {
	size := in.stackSize()
	v, sp := t.temp(), t.copyOf(RBP)
	t.emit(ir.Op{Kind: intLoads[size], Dst: v, A: RBP})
	t.opI(ir.AddI, RSP, sp, size.bytes())
	if size == size16 {
		t.emit(ir.Op{Kind: ir.Ins16, Dst: RBP, A: v})
	} else {
		t.emit(ir.Op{Kind: ir.Mov, Dst: RBP, A: v})
	}
	return true
}

func pushf(size operandSize) handler {
	return func(t *translation, _ *inst) bool {
		v := t.temp()
		t.pure(func(c *ir.CPU, op *ir.Op) bool {
			c.R[op.Dst] = RFlags(c.R[:])
			return true
		}, ir.Op{Dst: v})
		t.push(v, size)
		return true
	}
}

// popf sets what a program may set.
func popf(size operandSize) handler {
	return func(t *translation, _ *inst) bool {
		v := t.temp()
		t.emit(ir.Op{Kind: intLoads[size], Dst: v, A: RSP})
		t.helper(func(c *ir.CPU, op *ir.Op) bool {
			v := c.R[op.A]
			if size == size16 { // AC and ID lie above
				v |= c.R[Flags] &^ 0xffff
			}
			SetRFlags(c.R[:], v)
			return true
		}, ir.Op{A: v})
		t.opI(ir.AddI, RSP, RSP, size.bytes())
		return true
	}
}
