package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

func init() {
	register(map[x86asm.Op]handler{
		x86asm.JMP:     jmp,
		x86asm.CALL:    call,
		x86asm.RET:     ret,
		x86asm.JRCXZ:   jrcxz,
		x86asm.JECXZ:   jrcxz,
		x86asm.LOOP:    loop(0, false),
		x86asm.LOOPE:   loop(condE, true),
		x86asm.LOOPNE:  loop(condNE, true),
		x86asm.SYSCALL: stop(ir.ExitSyscall),
		x86asm.INT:     interrupt,
		x86asm.ICEBP:   stop(ir.ExitTrap),
	})
	for op, c := range map[x86asm.Op]condition{
		x86asm.JO: condO, x86asm.JNO: condNO, x86asm.JB: condB, x86asm.JAE: condAE,
		x86asm.JE: condE, x86asm.JNE: condNE, x86asm.JBE: condBE, x86asm.JA: condA,
		x86asm.JS: condS, x86asm.JNS: condNS, x86asm.JP: condP, x86asm.JNP: condNP,
		x86asm.JL: condL, x86asm.JGE: condGE, x86asm.JLE: condLE, x86asm.JG: condG,
	} {
		register(map[x86asm.Op]handler{op: jcc(c)})
	}
}

// target of a relative branch.
func (in *inst) target() (pc uint64, ok bool) {
	rel, ok := in.Args[0].(x86asm.Rel)
	return in.next + uint64(int64(rel)), ok
}

// jcc leaves the block when the jump is taken; the block goes on behind it.
func jcc(c condition) handler {
	return func(t *translation, in *inst) bool {
		pc, ok := in.target()
		if ok {
			t.leaveIf(c, pc)
		}
		return ok
	}
}

// follow makes the block go on at the target of a direct jump.
func (t *translation) follow(pc uint64) {
	if t.contains(pc) || len(t.b.PCs) >= t.limit {
		t.jump(pc)
		return
	}
	t.pc = pc
}

// jumpTo ends the block by jumping to where a slot says. The instruction has
// pushed so many bytes before.
func (t *translation) jumpTo(v, pushed uint8) {
	t.emit(ir.Op{Kind: ir.JmpTo, A: v, Dst: RSP, H: pushed})
	t.done = true
}

func jmp(t *translation, in *inst) bool {
	if pc, ok := in.target(); ok {
		// A jump by itself must leave an operation for the block's end.
		t.follow(pc)
		return true
	}
	v, ok := t.indirect(in)
	if ok {
		t.jumpTo(v, 0)
	}
	return ok
}

// indirect intLoads the target of an indirect branch.
func (t *translation) indirect(in *inst) (uint8, bool) {
	p, ok := t.place(in, in.Args[0])
	if !ok || p.size != size64 {
		return 0, false
	}
	return t.get(p), true
}

func call(t *translation, in *inst) bool {
	pc, direct := in.target()
	var v uint8
	if !direct {
		var ok bool
		if v, ok = t.indirect(in); !ok {
			return false
		}
		if v == RSP {
			v = t.copyOf(v)
		}
	}
	t.emit(ir.Op{Kind: ir.PushI, A: RSP, Imm: int64(in.next)})
	if direct {
		t.follow(pc)
	} else {
		t.jumpTo(v, 8)
	}
	return true
}

func ret(t *translation, in *inst) bool {
	n := int64(8)
	if imm, is := in.Args[0].(x86asm.Imm); is {
		n += int64(uint16(imm))
	}
	t.emit(ir.Op{Kind: ir.Ret, A: RSP, Imm: n})
	t.done = true
	return true
}

// counter is rcx, or ecx with 32-bit addressing, zero-extended.
func (t *translation) counter(in *inst) uint8 {
	if in.addr32 {
		return t.zero(RCX, size32)
	}
	return RCX
}

func jrcxz(t *translation, in *inst) bool {
	pc, ok := in.target()
	if ok {
		t.emit(ir.Op{Kind: ir.BeqI, A: t.counter(in), C: t.link(pc)})
	}
	return ok
}

// loop counts rcx down and jumps unless it is 0, and a condition holds if there
// is one. The flags stay as they are.
func loop(c condition, conditional bool) handler {
	return func(t *translation, in *inst) bool {
		pc, ok := in.target()
		if !ok {
			return false
		}
		yes := uint8(0)
		if conditional {
			yes = t.flag(c, true)
		}
		t.opI(ir.AddI, RCX, RCX, -1)
		if in.addr32 {
			t.zeroTo(RCX, RCX, size32)
		}
		if !conditional {
			t.emit(ir.Op{Kind: ir.BneI, A: RCX, C: t.link(pc)})
			return true
		}
		nonzero, zero := t.temp(), t.constant(0)
		t.op2(ir.Sne, nonzero, RCX, zero)
		t.op2(ir.And, nonzero, nonzero, yes)
		t.emit(ir.Op{Kind: ir.BneI, A: nonzero, C: t.link(pc)})
		return true
	}
}

// stop translates an instruction that the personality executes, or that raises
// an exception.
func stop(x ir.Exit) handler {
	return func(t *translation, _ *inst) bool {
		t.trap(x)
		return true
	}
}

// interrupt translates int n: of those, programs may execute 3 only (and 4,
// which Linux makes a segmentation fault as well).
func interrupt(t *translation, in *inst) bool {
	n, ok := in.Args[0].(x86asm.Imm)
	if ok && uint8(n) == 3 {
		t.trap(ir.ExitTrap)
	} else {
		t.trap(ir.ExitProtection)
	}
	return true
}
