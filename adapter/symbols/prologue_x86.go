package symbols

import (
	"encoding/binary"

	"golang.org/x/arch/x86/x86asm"
)

// On x86-64 nearly all code has call frame information. What has not is
// hand-written assembly and generated code.

// amd64DWARF has the DWARF numbers of x86-64's registers, by the number that
// instructions have for them.
var amd64DWARF = [16]int{0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15}

// scanAMD64 follows the stack pointer through code, a function's from its entry up
// to the address of interest. Code behind a return or jump is taken to be reached
// from the last conditional jump before it: there the frame is complete, while the
// epilogue has undone it.
func scanAMD64(code []byte) frameScan {
	s := frameScan{saved: map[int]int64{}, sizeOK: true, size: 8}
	var branch *frameScan // as at the last conditional jump
	for len(code) > 0 && len(code) <= maxScan {
		if len(code) >= 4 && binary.LittleEndian.Uint32(code) == 0xfa1e0ff3 { // endbr64
			code = code[4:]
			continue
		}
		in, err := x86asm.Decode(code, 64)
		if err != nil || in.Len <= 0 || in.Len > len(code) {
			// Not known: what is below may be data, or code that leaves the
			// stack pointer alone.
			break
		}
		code = code[in.Len:]
		dst, isReg := in.Args[0].(x86asm.Reg)
		imm, isImm := in.Args[1].(x86asm.Imm)
		switch in.Op {
		case x86asm.PUSH:
			s.size += 8
			if reg, ok := dwarfAMD64(dst); isReg && ok {
				if _, twice := s.saved[reg]; !twice {
					s.saved[reg] = -s.size
				}
			}
		case x86asm.POP:
			reg, ok := dwarfAMD64(dst)
			if off, saved := s.saved[reg]; isReg && ok && saved && off == -s.size {
				delete(s.saved, reg)
			}
			if isReg && dst == x86asm.RBP {
				s.hasFP = false
			}
			s.size -= 8
		case x86asm.SUB, x86asm.ADD, x86asm.AND:
			switch {
			case !isReg || dst != x86asm.RSP:
			case !isImm || in.Op == x86asm.AND:
				s.sizeOK = false
			case in.Op == x86asm.SUB:
				s.size += int64(imm)
			default:
				s.size -= int64(imm)
			}
		case x86asm.MOV:
			if src, ok := in.Args[1].(x86asm.Reg); isReg && ok && dst == x86asm.RBP && src == x86asm.RSP {
				s.fp, s.hasFP = -s.size, true
			}
		case x86asm.LEA:
			m, ok := in.Args[1].(x86asm.Mem)
			switch {
			case !isReg || dst != x86asm.RSP || !ok:
			case m.Base == x86asm.RSP && m.Index == 0:
				s.size -= m.Disp
			case m.Base == x86asm.RBP && m.Index == 0 && s.hasFP:
				s.size, s.sizeOK = -(s.fp + m.Disp), true
			default:
				s.sizeOK = false
			}
		case x86asm.LEAVE:
			if s.hasFP {
				s.size, s.sizeOK = -s.fp-8, true
			}
			s.hasFP = false
			delete(s.saved, amd64DWARF[5]) // rbp
		case x86asm.RET, x86asm.JMP, x86asm.UD2, x86asm.HLT:
			if branch != nil {
				s = branch.clone()
			}
		case x86asm.JA, x86asm.JAE, x86asm.JB, x86asm.JBE, x86asm.JE, x86asm.JG, x86asm.JGE, x86asm.JL, x86asm.JLE,
			x86asm.JNE, x86asm.JNO, x86asm.JNP, x86asm.JNS, x86asm.JO, x86asm.JP, x86asm.JS:
			b := s.clone()
			branch = &b
		}
	}
	return s
}

// dwarfAMD64 is the DWARF number of a 64-bit register.
func dwarfAMD64(r x86asm.Reg) (int, bool) {
	if r < x86asm.RAX || r > x86asm.R15 {
		return 0, false
	}
	return amd64DWARF[r-x86asm.RAX], true
}

// sigFrameAMD64 knows Linux's rt_sigframe: a handler returns to "mov $15,%rax;
// syscall", which leaves sp at the ucontext; in it the registers begin at 40
// (arch/x86/include/uapi/asm/sigcontext.h).
func sigFrameAMD64(mem Memory, pc, sp uint64) (uint64, func(int) (uint64, bool), bool) {
	var code [9]byte
	if mem == nil || mem.ReadMemory(pc, code[:]) < 7 {
		return 0, nil, false
	}
	long := string(code[:]) == "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05"
	if !long && string(code[:7]) != "\xb8\x0f\x00\x00\x00\x0f\x05" {
		return 0, nil, false
	}
	const gregs = 40
	// In the order of struct sigcontext.
	order := [...]int{8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7}
	return sp + gregs + 16*8, func(reg int) (uint64, bool) {
		for i, r := range order {
			if r == reg {
				return sp + gregs + uint64(i)*8, true
			}
		}
		return 0, false
	}, true
}
