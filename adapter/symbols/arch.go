package symbols

import (
	"debug/elf"
	"encoding/binary"
)

// flow is what an instruction does to the flow of control, as far as telling
// statements and frames apart needs it.
type flow uint8

const (
	flowOther  flow = iota
	flowCall        // saves a return address
	flowReturn      // goes to one
)

// arch is what unwinding and stepping need to know of an architecture beside
// its debug information. Registers are DWARF numbers.
type arch struct {
	machine elf.Machine
	name    string // as GOARCH has it
	sp      int
	fp      int
	// ra is the register that holds the return address at a function's entry,
	// -1 where the call instruction pushes it.
	ra int
	// raColumn is the register that call frame information names for the
	// return address when it does not say.
	raColumn int
	minInst  uint64 // size of the smallest instruction, bytes
	// kept lists the registers that the C calling convention preserves over a
	// call, beside sp. Without a rule for them a caller's value is the
	// callee's; any other register's is lost.
	kept []int
	// goKept is the same for Go's ABIInternal: only those that never change
	// within a thread.
	goKept []int
	// goG is the register that holds the current goroutine in Go code.
	goG int
	// goTLS says that goG is for other things in assembly code, and that the
	// goroutine is in thread-local storage, too.
	goTLS bool
	// fpRA and fpFP are where a frame pointer's target keeps the return
	// address and the caller's frame pointer, fpCFA what to add to the frame
	// pointer for the CFA; in bytes, in code built with frame pointers.
	fpRA, fpFP, fpCFA int64
	// scan reads a function's frame off its code, from the entry to the
	// address of interest; nil when that is not known.
	scan func(code []byte) frameScan
	// classify looks at the instruction at the start of code (up to 8 bytes).
	classify func(code []byte) flow
	// callBefore reports whether code ends with a call.
	callBefore func(code []byte) bool
	// pltSlot finds the word through which a stub of a linkage table at pc jumps.
	pltSlot func(code []byte, pc uint64) (slot uint64, ok bool)
	// sigFrame recognizes the code that a signal handler returns to, and
	// finds the interrupted registers on the stack. nil when not known.
	sigFrame func(mem Memory, pc, sp uint64) (pcAt uint64, regAt func(reg int) (uint64, bool), ok bool)
	// tls finds the address of an offset in the executable's thread-local
	// storage; nil when not known.
	tls func(regs Regs, offset, size, align uint64) (uint64, bool)
	// tp is the thread pointer, tpDTV where from there glibc keeps the address
	// of the dynamic thread vector (tcbhead_t), in bytes. tlsBelow says that
	// blocks at fixed places lie below the thread pointer (TLS variant II).
	tp       int
	tpDTV    int64
	tlsBelow bool
}

var arches = []*arch{&riscv64, &amd64}

func archFor(m elf.Machine) *arch {
	for _, a := range arches {
		if a.machine == m {
			return a
		}
	}
	return nil
}

// RISC-V, from the psABI's "Register Convention" and "DWARF Register Numbers".
var riscv64 = arch{
	machine: elf.EM_RISCV, name: "riscv64",
	sp: 2, fp: 8, ra: 1, raColumn: 1, minInst: 2,
	kept: []int{
		3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, // gp, tp, s0–s11
		40, 41, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, // fs0–fs11
	},
	goKept: []int{3, 4, 27}, // gp, tp, and s11, which is g
	goG:    27,
	fpRA:   -8, fpFP: -16, fpCFA: 0,
	scan:       scanRISCV,
	classify:   classifyRISCV,
	callBefore: callBeforeRISCV,
	pltSlot:    pltSlotRISCV,
	sigFrame:   sigFrameRISCV,
	tp:         4,
	tpDTV:      -16,
	tls: func(regs Regs, offset, _, _ uint64) (uint64, bool) {
		// TLS variant I: tp points to the executable's block.
		tp, ok := regs.Reg(4)
		return tp + offset, ok && tp != 0
	},
}

// The x86-64 psABI, figures 3.4 and 3.36.
var amd64 = arch{
	machine: elf.EM_X86_64, name: "amd64",
	sp: 7, fp: 6, ra: -1, raColumn: 16, minInst: 1,
	kept:   []int{3, 6, 12, 13, 14, 15, 58, 59}, // rbx, rbp, r12–r15, fs.base, gs.base
	goKept: []int{14, 58, 59},                   // r14 is g
	goG:    14, goTLS: true,
	fpRA: 8, fpFP: 0, fpCFA: 16,
	classify:   classifyAMD64,
	callBefore: callBeforeAMD64,
	scan:       scanAMD64,
	pltSlot:    pltSlotAMD64,
	sigFrame:   sigFrameAMD64,
	tp:         58, // fs.base
	tpDTV:      8,
	tlsBelow:   true,
	tls: func(regs Regs, offset, size, align uint64) (uint64, bool) {
		// TLS variant II: the block ends at fs.base.
		fs, ok := regs.Reg(58)
		if align > 1 {
			size = (size + align - 1) &^ (align - 1)
		}
		return fs - size + offset, ok && fs != 0
	},
}

// isLink says whether a RISC-V register holds return addresses: ra, or t0 as
// the alternate link register (the unprivileged ISA, 2.5.1).
func isLink(r uint32) bool { return r == 1 || r == 5 }

func classifyRISCV(code []byte) flow {
	if len(code) < 2 {
		return flowOther
	}
	if h := uint32(binary.LittleEndian.Uint16(code)); h&3 != 3 {
		rs1 := h >> 7 & 31
		switch {
		case h&0xf07f == 0x8002 && isLink(rs1): // c.jr
			return flowReturn
		case h&0xf07f == 0x9002 && rs1 != 0: // c.jalr
			return flowCall
		}
		return flowOther
	}
	if len(code) < 4 {
		return flowOther
	}
	w := binary.LittleEndian.Uint32(code)
	rd, rs1 := w>>7&31, w>>15&31
	switch {
	case w&0x7f == 0x6f && isLink(rd), w&0x707f == 0x67 && isLink(rd): // jal, jalr
		return flowCall
	case w&0x707f == 0x67 && rd == 0 && isLink(rs1):
		return flowReturn
	}
	return flowOther
}

func callBeforeRISCV(code []byte) bool {
	n := len(code)
	return n >= 4 && classifyRISCV(code[n-4:]) == flowCall && code[n-4]&3 == 3 ||
		n >= 2 && code[n-2]&3 != 3 && classifyRISCV(code[n-2:]) == flowCall
}

func classifyAMD64(code []byte) flow {
	i := 0
	for i < len(code) && (code[i] == 0xf2 || code[i] == 0xf3 || code[i] == 0x3e || code[i]&0xf0 == 0x40) {
		i++
	}
	if i == len(code) {
		return flowOther
	}
	switch code[i] {
	case 0xc3, 0xc2:
		return flowReturn
	case 0xe8:
		return flowCall
	case 0xff:
		if i+1 < len(code) && code[i+1]>>3&7 == 2 {
			return flowCall
		}
	}
	return flowOther
}

func callBeforeAMD64(code []byte) bool {
	n := len(code)
	if n >= 5 && code[n-5] == 0xe8 {
		return true
	}
	for size := 2; size <= 7 && size <= n; size++ { // call r/m
		if code[n-size] == 0xff && code[n-size+1]>>3&7 == 2 {
			return true
		}
	}
	return false
}

// sigFrameRISCV knows Linux's rt_sigframe: the trampoline is "li a7,139;
// ecall", at sp lie siginfo (128 bytes) and ucontext, whose registers begin
// with pc, x1, … x31 at 176 (arch/riscv/kernel/signal.c, asm/ucontext.h).
func sigFrameRISCV(mem Memory, pc, sp uint64) (uint64, func(int) (uint64, bool), bool) {
	var code [8]byte
	if mem == nil || mem.ReadMemory(pc, code[:]) != len(code) {
		return 0, nil, false
	}
	if binary.LittleEndian.Uint64(code[:]) != 0x00000073_08b00893 {
		return 0, nil, false
	}
	const gregs, fregs = 128 + 176, 128 + 176 + 32*8
	return sp + gregs, func(reg int) (uint64, bool) {
		switch {
		case reg >= 1 && reg < 32:
			return sp + gregs + uint64(reg)*8, true
		case reg >= 32 && reg < 64:
			return sp + fregs + uint64(reg-32)*8, true
		}
		return 0, false
	}, true
}
