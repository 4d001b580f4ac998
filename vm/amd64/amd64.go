// Package amd64 is the x86-64 guest architecture in user mode, at level
// x86-64-v2 of the psABI (SSE to SSE4.2, POPCNT, CMPXCHG16B, LAHF/SAHF) with
// x87 and MMX: its registers, and its decoding to ir.
//
// Sources: Intel 64 and IA-32 Architectures Software Developer's Manual (SDM),
// volumes 1 and 2; the System V ABI, AMD64 supplement.
//
// Instructions are decoded by golang.org/x/arch/x86/x86asm; what it gets wrong
// is put right in one place, gaps.go. A table for each group of instructions
// (general, SSE, x87) maps its opcodes to handlers, which emit operations or a
// call of an [ir.Helper]. What no handler knows raises an invalid-opcode
// exception in the guest: never a wrong result.
//
// The package holds no state; a [Translator] may be shared.
//
// # Quirks
//
// RCPPS, RCPSS, RSQRTPS and RSQRTSS, whose results differ between processors,
// give the result of the division, or of the root's, rounded to 12 significant
// bits: their relative error is at most 2⁻¹² (the SDM allows 1.5×2⁻¹²).
//
// MASKMOVDQU writes each run of neighbouring bytes as an access of its own, and
// nothing if one of them can't be written.
package amd64

import "github.com/dap-revexec/dap-revexec/vm/ir"

// General registers, in the hardware's order: register n lies in slot n.
const (
	RAX = iota
	RCX
	RDX
	RBX
	RSP
	RBP
	RSI
	RDI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
)

// Other slots of the register file.
const (
	// The arithmetic flags are kept as the operation that set them (CCOp), and
	// its operands; see flags.go.
	CCOp = ir.CCOp
	CCA  = ir.CCA
	CCB  = ir.CCB

	Flags  = 20 // the other flags: DF, AC, ID, at their places in RFLAGS
	FSBase = 21
	GSBase = 22
	MXCSR  = 23

	FPCW  = 24 // x87 control word
	FPSW  = 25 // x87 status word, with the top of the stack
	FPTag = 26 // bit n is set when physical register n holds a value, as in FXSAVE
	FPOp  = 27 // opcode, address and operand address of the last x87 instruction
	FPIP  = 28
	FPDP  = 29

	XMM0 = 32 // register n: low half in XMM0+2n, high half in the slot after it
	FP0  = 64 // physical x87 register n: significand in FP0+2n, sign and exponent in the slot after it

	// NumSlots is how many slots make up the architectural state of a thread.
	NumSlots = 80
)

// Translator decodes x86-64 code.
type Translator struct{}

var _ ir.Translator = Translator{}

// Reset puts the registers into the state in which Linux starts a program: all
// zero but for the control words of SSE and x87.
func Reset(r []uint64) {
	clear(r[:NumSlots])
	r[CCOp] = ccEager
	r[MXCSR] = 0x1f80
	r[FPCW] = 0x37f
}
