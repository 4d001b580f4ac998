package amd64

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm"
)

// disassemble decodes one instruction for a person to read: of the length that
// executing it has.
func disassemble(code []byte, pc uint64) vm.Inst {
	var in inst
	if !in.decodeAt(code, pc) {
		// What is not executed may still be known: AVX.
		x, err := x86asm.Decode(code, 64)
		if err != nil || x.Op == 0 || x.Len < 1 || x.Len > len(code) {
			return vm.Inst{Text: fmt.Sprintf(".byte 0x%02x", code[0]), Size: 1}
		}
		if x.Op == x86asm.VZEROUPPER || x.Op == x86asm.VZEROALL { // x86asm reads a ModRM byte behind it
			x.Len = 3
			if code[0] == 0xc4 {
				x.Len = 4
			}
		}
		return vm.Inst{Text: x86asm.GNUSyntax(x, pc, nil), Size: x.Len}
	}
	out := vm.Inst{Text: in.text(), Size: in.Len}
	switch in.Op {
	case x86asm.CALL, x86asm.LCALL:
		out.Call = true
	case x86asm.RET, x86asm.LRET, x86asm.IRET, x86asm.IRETD, x86asm.IRETQ:
		out.Ret = true
	case x86asm.JMP, x86asm.LJMP, x86asm.LOOP, x86asm.LOOPE, x86asm.LOOPNE,
		x86asm.JA, x86asm.JAE, x86asm.JB, x86asm.JBE, x86asm.JCXZ, x86asm.JE, x86asm.JECXZ, x86asm.JG, x86asm.JGE, x86asm.JL, x86asm.JLE,
		x86asm.JNE, x86asm.JNO, x86asm.JNP, x86asm.JNS, x86asm.JO, x86asm.JP, x86asm.JRCXZ, x86asm.JS:
		out.Jump = true
	}
	return out
}

// text is the instruction in GNU syntax.
func (in *inst) text() string {
	op := in.code[in.n:]
	if _, hint := hintNop(append(op[:len(op):len(op)], make([]byte, 8)...)); hint {
		return in.hintText(op)
	}
	text := x86asm.GNUSyntax(in.Inst, in.pc, nil)
	switch in.Op { // what x86asm names as Intel does
	case x86asm.NOP:
		if in.data16 {
			return "xchg %ax,%ax"
		}
	case x86asm.CDQE:
		return "cltq"
	case x86asm.MOVSXD:
		return strings.Replace(text, "movsxd", "movslq", 1)
	case x86asm.JMP, x86asm.CALL:
		if _, direct := in.target(); !direct && bytes.IndexByte(in.code[:in.n], 0x3e) >= 0 {
			text = "notrack " + text
		}
		fallthrough
	case x86asm.RET:
		if in.rep == 0xf2 {
			text = "bnd " + text
		}
	}
	return text
}

// hintText names the instructions that do nothing here.
func (in *inst) hintText(op []byte) string {
	if op[1] == 0x1e && in.rep == 0xf3 {
		switch {
		case op[2] == 0xfa:
			return "endbr64"
		case op[2] == 0xfb:
			return "endbr32"
		case op[2]&0xf8 == 0xc8:
			r := x86asm.Reg(op[2]&7 | in.rex&1<<3)
			if in.rex&8 != 0 {
				return "rdsspq " + attReg(x86asm.RAX+r)
			}
			return "rdsspd " + attReg(x86asm.EAX+r)
		}
	}
	if x, err := x86asm.Decode(in.code, 64); err == nil && x.Op != 0 && x.Len == in.Len {
		return x86asm.GNUSyntax(x, in.pc, nil)
	}
	return "nop"
}

func attReg(r x86asm.Reg) string { return "%" + strings.ToLower(r.String()) }
