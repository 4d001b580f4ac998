package amd64

import "golang.org/x/arch/x86/x86asm"

// lookahead is how many instructions flagsDead looks at.
const lookahead = 8

// flagsDead reports whether the flags that in sets can't be seen: an instruction
// further on in the block sets them all, and in between nothing reads them,
// leaves the block or can fail. It is asked where flags are expensive; the state
// at each place where execution can stop is the same either way.
func (t *translation) flagsDead(in *inst) bool {
	if max(len(t.b.Helpers), len(t.b.Links))+2*lookahead > maxHelpers {
		return false // the block may end for lack of room
	}
	pc := in.next
	for n := len(t.b.PCs); n < len(t.b.PCs)+lookahead; n++ {
		if n >= t.limit || t.stop != nil && t.stop(pc) || t.contains(pc) || pc == in.pc {
			return false
		}
		next, ok := t.peek(pc)
		if !ok {
			return false
		}
		switch next.flagUse() {
		case flagsSet:
			return true
		case flagsUsed:
			return false
		}
		pc = next.next
	}
	return false
}

// peek decodes an instruction that may become part of the block.
func (t *translation) peek(pc uint64) (*inst, bool) {
	if in := t.ahead[pc]; in != nil {
		return in, true
	}
	if t.used == len(t.pool) {
		t.pool = append(t.pool, new(inst))
	}
	in := t.pool[t.used]
	fault := t.m.Fault
	code := t.fetch(pc, &in.buf)
	t.m.Fault = fault
	if !in.decodeAt(code, pc) {
		return nil, false
	}
	t.used++
	t.ahead[pc] = in
	return in, true
}

type flagUse uint8

const (
	flagsUsed    flagUse = iota // or the instruction may fail, or leave the block
	flagsSet                    // all of them, without having been read
	flagsIgnored                // neither
)

// registerOnly lists instructions that can't fail as long as their operands are
// general registers and immediates, by what they do to the flags.
var registerOnly = map[x86asm.Op]flagUse{
	x86asm.ADD: flagsSet, x86asm.SUB: flagsSet, x86asm.AND: flagsSet, x86asm.OR: flagsSet,
	x86asm.XOR: flagsSet, x86asm.CMP: flagsSet, x86asm.TEST: flagsSet, x86asm.NEG: flagsSet,
	x86asm.MOV: flagsIgnored, x86asm.MOVZX: flagsIgnored, x86asm.MOVSX: flagsIgnored,
	x86asm.MOVSXD: flagsIgnored, x86asm.NOT: flagsIgnored, x86asm.BSWAP: flagsIgnored,
	x86asm.NOP: flagsIgnored, x86asm.CDQE: flagsIgnored, x86asm.CQO: flagsIgnored,
	x86asm.CDQ: flagsIgnored, x86asm.CWDE: flagsIgnored, x86asm.IMUL: flagsSet,
}

func (in *inst) flagUse() flagUse {
	switch in.Op {
	case x86asm.LEA:
		return flagsIgnored
	case x86asm.SHL, x86asm.SHR, x86asm.SAR:
		return in.shiftFlagUse()
	}
	use := registerOnly[in.Op]
	for _, a := range in.Args {
		switch a := a.(type) {
		case x86asm.Mem:
			return flagsUsed
		case x86asm.Reg:
			if _, ok := regSize(a); !ok {
				return flagsUsed
			}
		}
	}
	return use
}

// shiftFlagUse is flagUse for a shift: by a constant that is not 0 it sets all
// flags.
func (in *inst) shiftFlagUse() flagUse {
	r, isReg := in.Args[0].(x86asm.Reg)
	n, isImm := in.Args[1].(x86asm.Imm)
	if !isReg || !isImm {
		return flagsUsed
	}
	size, ok := regSize(r)
	switch {
	case !ok:
		return flagsUsed
	case int64(n)&countMask(size) == 0:
		return flagsIgnored
	}
	return flagsSet
}
