// Package rv64 is the RISC-V guest architecture RV64GC (I, M, A, F, D, C, Zicsr,
// Zifencei), user mode: its registers, and its decoding to ir.
//
// Sources: The RISC-V Instruction Set Manual, Volume I: Unprivileged
// Architecture (20240411); the RISC-V ELF psABI.
//
// The package holds no state; a [Translator] may be shared.
package rv64

import "github.com/dap-revexec/dap-revexec/vm/ir"

// Slots of the register file. Integer register n lies in slot n (slot 0 is
// always 0), floating-point register n in slot F0+n, NaN-boxed when single.
const (
	F0     = 32
	Fflags = 64 // accrued exceptions, 5 bits
	Frm    = 65 // rounding mode, 3 bits
	Resv   = 66 // address of the LR reservation, 8 bytes aligned; NoResv for none
	// NumSlots is how many slots make up the architectural state of a thread.
	NumSlots = 67
)

// NoResv in slot Resv says that there is no reservation.
const NoResv = ^uint64(0)

// Registers of the calling convention.
const (
	RA = 1
	SP = 2
	GP = 3
	TP = 4
	A0 = 10
	A7 = 17
)

// Translator decodes RV64GC code.
type Translator struct{}

var _ ir.Translator = Translator{}
