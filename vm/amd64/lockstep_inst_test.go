//go:build linux && amd64

package amd64_test

import (
	"bytes"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// stepInst is what a lockstep run must know of an instruction.
type stepInst struct {
	code  []byte
	inst  x86asm.Inst
	known bool
	kind  stepKind
	undef uint64 // flags that may be undefined after it
	fp    bool   // it may change x87 or SSE registers
	tol   string
}

type stepKind uint8

const (
	plain   stepKind = iota
	calling          // syscall
	asking           // its result is the machine's own affair: cpuid, rdtsc, tzcnt, …
	storing          // stores the x87 environment, whose pointers differ between processors
	pushing          // pushes flags, with the debugger's trap flag natively
)

var undefAfter = map[x86asm.Op]uint64{
	x86asm.AND: flagSet("A"), x86asm.OR: flagSet("A"), x86asm.XOR: flagSet("A"), x86asm.TEST: flagSet("A"),
	x86asm.SHL: flagSet("OAC"), x86asm.SHR: flagSet("OAC"), x86asm.SAR: flagSet("OA"),
	x86asm.ROL: flagSet("O"), x86asm.ROR: flagSet("O"), x86asm.RCL: flagSet("O"), x86asm.RCR: flagSet("O"),
	x86asm.SHLD: flagSet("OSZAPC"), x86asm.SHRD: flagSet("OSZAPC"),
	x86asm.MUL: flagSet("SZAP"), x86asm.IMUL: flagSet("SZAP"), x86asm.DIV: flagSet("OSZAPC"), x86asm.IDIV: flagSet("OSZAPC"),
	x86asm.BT: flagSet("OSAP"), x86asm.BTS: flagSet("OSAP"), x86asm.BTR: flagSet("OSAP"), x86asm.BTC: flagSet("OSAP"),
	x86asm.BSF: flagSet("OSAPC"), x86asm.BSR: flagSet("OSAPC"),
}

var tolerances = map[x86asm.Op]string{
	x86asm.RSQRTPS: "ps", x86asm.RSQRTSS: "ps", x86asm.RCPPS: "ps", x86asm.RCPSS: "ps",
	x86asm.FSIN: "ld", x86asm.FCOS: "ld", x86asm.FSINCOS: "ld", x86asm.FPTAN: "ld", x86asm.FPATAN: "ld",
	x86asm.F2XM1: "ld", x86asm.FYL2X: "ld", x86asm.FYL2XP1: "ld",
}

// environments are the instructions that store or load the x87 environment, and
// the bytes that those concern.
var environments = map[x86asm.Op]uint64{
	x86asm.FXSAVE: 512, x86asm.FXSAVE64: 512, x86asm.FNSAVE: 108, x86asm.FNSTENV: 28,
	x86asm.FXRSTOR: 16, x86asm.FXRSTOR64: 16, x86asm.FRSTOR: 16, x86asm.FLDENV: 16,
}

// classify decodes an instruction.
func classify(code []byte) *stepInst {
	s := &stepInst{code: bytes.Clone(code), fp: true}
	legacy := code
	for len(legacy) > 2 && (legacy[0]&0xf0 == 0x40 || legacy[0] == 0x66 || legacy[0] == 0xf2 || legacy[0] == 0xf3) {
		legacy = legacy[1:]
	}
	switch {
	case bytes.HasPrefix(legacy, []byte{0x0f, 0x05}):
		s.kind = calling
	case bytes.HasPrefix(legacy, []byte{0x0f, 0xa2}), bytes.HasPrefix(legacy, []byte{0x0f, 0x31}),
		bytes.HasPrefix(legacy, []byte{0x0f, 0x01, 0xf9}), bytes.HasPrefix(legacy, []byte{0x0f, 0x01, 0xd0}),
		bytes.HasPrefix(legacy, []byte{0x0f, 0xc7}) && legacy[2] >= 0xf0:
		s.kind = asking
	case legacy[0] == 0x9c:
		s.kind = pushing
	}
	in, err := x86asm.Decode(code, 64)
	if err != nil {
		return s
	}
	s.inst, s.known = in, true
	if in.Op == x86asm.TZCNT || in.Op == x86asm.LZCNT { // bsf and bsr to a processor of the guest's level
		s.kind = asking
	}
	if environments[in.Op] > 16 {
		s.kind = storing
	}
	s.undef = undefAfter[in.Op]
	s.tol = tolerances[in.Op]
	s.fp = in.Opcode>>24 >= 0xd8 && in.Opcode>>24 <= 0xdf
	for _, a := range in.Args {
		if r, ok := a.(x86asm.Reg); ok && (r >= x86asm.M0 && r <= x86asm.M7 || r >= x86asm.X0 && r <= x86asm.X15 || r >= x86asm.F0 && r <= x86asm.F7) {
			s.fp = true
		}
	}
	switch in.Op {
	case x86asm.LDMXCSR, x86asm.FXRSTOR, x86asm.FXRSTOR64, x86asm.EMMS:
		s.fp = true
	}
	return s
}

// written calls f for the memory that the instruction, at which the CPU stands,
// may write.
func (s *stepInst) written(c *ir.CPU, f func(addr, size uint64)) {
	if !s.known {
		return
	}
	in := &s.inst
	switch in.Op {
	case x86asm.PUSH, x86asm.CALL, x86asm.PUSHF, x86asm.PUSHFQ, x86asm.ENTER:
		f(c.R[amd64.RSP]-8, 8)
	case x86asm.LEA, x86asm.NOP: // without an access
		return
	}
	for _, a := range in.Args {
		m, ok := a.(x86asm.Mem)
		if !ok {
			continue
		}
		size := uint64(in.MemBytes)
		if n := environments[in.Op]; n != 0 {
			size = n
		} else if size == 0 || size > 64 {
			size = 16
		}
		f(effective(c, in, m), size)
	}
}

// effective is the address of a memory operand.
func effective(c *ir.CPU, in *x86asm.Inst, m x86asm.Mem) uint64 {
	reg := func(r x86asm.Reg) uint64 {
		switch {
		case r == x86asm.RIP:
			return c.PC + uint64(in.Len)
		case r >= x86asm.RAX && r <= x86asm.R15:
			return c.R[r-x86asm.RAX]
		case r >= x86asm.EAX && r <= x86asm.R15L:
			return c.R[r-x86asm.EAX] & 0xffffffff
		}
		return 0
	}
	disp := m.Disp
	if m.Base != 0 || m.Index != 0 {
		disp = int64(int32(disp))
	}
	addr := reg(m.Base) + reg(m.Index)*uint64(m.Scale) + uint64(disp)
	if in.AddrSize == 32 {
		addr &= 0xffffffff
	}
	switch m.Segment {
	case x86asm.FS:
		addr += c.R[amd64.FSBase]
	case x86asm.GS:
		addr += c.R[amd64.GSBase]
	}
	return addr
}
