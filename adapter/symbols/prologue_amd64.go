package symbols

import "encoding/binary"

// On x86-64 nearly all code has call frame information. What has not, hand-written
// assembly and generated code, has the prologues that everybody writes.

// DWARF numbers of x86-64's registers, by the number that instructions have for them.
var amd64DWARF = [16]int{0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15}

const (
	x86RSP = 4 // as instructions number them
	x86RBP = 5
)

// scanAMD64 follows the stack pointer through code, a function's from its entry up
// to the address of interest, as scanRISCV does. It gives up at the first
// instruction that it does not know before the frame is complete.
func scanAMD64(code []byte) frameScan {
	s := frameScan{saved: map[int]int64{}, sizeOK: true, size: 8}
	for len(code) > 0 && len(code) <= maxScan {
		n := s.stepAMD64(code)
		if n == 0 {
			// What follows is the body: it leaves the stack pointer alone or
			// has a frame pointer.
			break
		}
		code = code[n:]
	}
	return s
}

// stepAMD64 takes one instruction of a prologue into account and returns its
// length, 0 for one that does not belong to a prologue.
func (s *frameScan) stepAMD64(code []byte) int {
	rex, at := byte(0), 0
	if code[0]&0xf0 == 0x40 {
		rex, at = code[0], 1
	}
	rest := code[at:]
	switch {
	case len(code) >= 4 && binary.LittleEndian.Uint32(code) == 0xfa1e0ff3: // endbr64
		return 4
	case len(rest) >= 1 && rest[0]&0xf8 == 0x50: // push
		s.size += 8
		reg := amd64DWARF[rest[0]&7|rex&1<<3]
		if _, twice := s.saved[reg]; !twice {
			s.saved[reg] = -s.size
		}
		return at + 1
	case rex == 0x48 && len(rest) >= 2 && (rest[0] == 0x89 && rest[1] == 0xe5 || rest[0] == 0x8b && rest[1] == 0xec): // mov %rsp,%rbp
		s.fp, s.hasFP = -s.size, true
		return at + 2
	case rex == 0x48 && len(rest) >= 3 && rest[0] == 0x83 && rest[1] == 0xec: // sub $imm8,%rsp
		s.size += int64(int8(rest[2]))
		return at + 3
	case rex == 0x48 && len(rest) >= 6 && rest[0] == 0x81 && rest[1] == 0xec: // sub $imm32,%rsp
		s.size += int64(int32(binary.LittleEndian.Uint32(rest[2:])))
		return at + 6
	case len(rest) >= 2 && rest[0] == 0x31 && rest[1]&0xc0 == 0xc0: // xor of registers
		return at + 2
	}
	return 0
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
