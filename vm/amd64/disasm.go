package amd64

import (
	"bytes"
	"fmt"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm"
)

// disassemble decodes one instruction for a person to read.
func disassemble(code []byte, pc uint64) vm.Inst {
	if bytes.HasPrefix(code, []byte{0xf3, 0x0f, 0x1e, 0xfa}) {
		return vm.Inst{Text: "endbr64", Size: 4}
	}
	in, err := x86asm.Decode(code, 64)
	if err != nil || in.Op == 0 || in.Len < 1 || in.Len > len(code) {
		return vm.Inst{Text: fmt.Sprintf(".byte 0x%02x", code[0]), Size: 1}
	}
	out := vm.Inst{Text: x86asm.GNUSyntax(in, pc, nil), Size: in.Len}
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
