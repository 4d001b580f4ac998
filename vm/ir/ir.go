// Package ir is the small register-machine language that guest code is
// translated to, a block at a time, and the CPU state that it works on.
//
// An operation is 16 bytes: a kind, a destination, up to three operands, all
// indices into a register file of 256 64-bit slots, and an immediate. Guest
// registers lie in the lowest slots, where each architecture puts them;
// temporaries follow; writes to slot [Sink] are lost, which is how a register
// that reads as zero is written.
//
// A block is a stretch of guest code with one entry. It may leave through side
// exits (conditional branches) and ends in a terminator. It carries its
// instruction count, and each operation says how many of the block's
// instructions have retired before the one it belongs to, so that whichever way
// a block is left, the icount and the PC are exact.
//
// The language is meant for more than one executor: package engine interprets
// it, and compilers to host code can stand beside it. It never refers to host
// time, randomness or anything outside the machine.
package ir

import "github.com/dap-revexec/dap-revexec/vm/mem"

// Sink is the slot whose value nobody reads. Temp is the first temporary.
const (
	Temp = 128
	Sink = 255
)

// Slots of the condition codes, in architectures that have them.
const (
	CCOp = 16
	CCA  = 17
	CCB  = 18
)

// CPU is the state of the processor while a thread runs on it.
type CPU struct {
	R      [256]uint64 // register slots
	PC     uint64      // address of the next instruction
	LastPC uint64      // address of the last instruction retired
	Icount uint64      // instructions retired by the machine
	Skew   uint64      // the virtual clock's lead over Icount, nanoseconds
	Trap   Exit        // why the last Helper returned false
	More   uint64      // during a Repeat: how often more the instruction may be executed
	Mem    *mem.Space

	// Top is the highest value that the stack pointer had right after a JmpInd, JmpTo or
	// Ret, since it was set to 0 last.
	Top uint64
}

// Helper executes what has no operation of its own. It returns false when the
// instruction traps: it has changed nothing then but c.Trap.
type Helper func(c *CPU, op *Op) bool

// Op is one operation.
type Op struct {
	Kind    Kind
	Dst     uint8
	A, B, C uint8
	N       uint8 // instructions of the block retired before this one's
	H       uint8 // index into Helpers
	Imm     int64
}

// Link is a direct way out of a block. To is filled in when it is first taken.
type Link struct {
	PC uint64
	To *Block
}

// MaxBlock is the largest number of instructions in a block.
const MaxBlock = 64

// Block is translated guest code. Immutable but for Link.To, In, Dead and the bit
// [Armed] of operations.
type Block struct {
	PC      uint64   // address of the first instruction
	N       int      // instructions, when left through the end
	Ops     []Op     // the last one is a terminator
	Links   []Link   // what branches refer to
	PCs     []uint64 // address of each instruction
	Helpers []Helper // what Helper operations refer to
	Pages   []uint64 // numbers of the pages that hold its code, unique
	Lens    []uint8  // length of each instruction in bytes
	In      []*Link  // whose To this block is
	Dead    bool     // nothing leads to it any more

	Segments []Segment // if what is executed is noted: see Split
}

// Overlaps reports whether any of the block's code lies in [start, end).
func (b *Block) Overlaps(start, end uint64) bool {
	for i, pc := range b.PCs {
		if pc < end && start < pc+uint64(b.Lens[i]) {
			return true
		}
	}
	return false
}

// Exit says why execution of translated code stopped.
type Exit uint8

// Exits. But for ExitLimit the instruction at the PC has not retired.
const (
	ExitLimit      Exit = iota // the number of instructions asked for has retired
	ExitBreak                  // a breakpoint lies at the PC
	ExitMem                    // a memory access failed: see Mem.Fault
	ExitFetch                  // the instruction can't be fetched: see Mem.Fault
	ExitSyscall                // a system-call instruction is at the PC
	ExitTrap                   // a breakpoint instruction of the guest's is at the PC
	ExitIllegal                // the bytes at the PC are no instruction
	ExitDivide                 // a division by zero or one whose quotient overflows (x86 #DE)
	ExitProtection             // the instruction breaks a protection rule other than a page's (x86 #GP)
	ExitFloat                  // an unmasked floating-point exception (x86 #MF, #XM)
)

// Kind is what an operation does. In the comments d, a, b are the slots Dst, A
// and B, i the immediate, all 64 bits wide; "32" works on the low 32 bits and
// sign-extends the result.
type Kind uint16

// Kinds.
const (
	Nop  Kind = iota
	Mov       // d = a
	MovI      // d = i

	Add // d = a + b
	Sub
	And
	Or
	Xor
	Shl // d = a << (b & 63)
	Shr // unsigned
	Sar // signed
	Slt // d = a < b, signed
	Sltu
	Mul
	MulH // high half, signed
	MulHU
	MulHSU // a signed, b unsigned
	Div    // RISC-V rules for 0 and overflow
	DivU
	Rem
	RemU

	AddI // d = a + i
	AndI
	OrI
	XorI
	ShlI // d = a << i
	ShrI
	SarI
	SltI
	SltuI

	Add32
	Sub32
	Shl32
	Shr32
	Sar32
	Mul32
	Div32
	DivU32
	Rem32
	RemU32
	AddI32
	ShlI32
	ShrI32
	SarI32

	ShlAdd // d = a << i + b
	ShlShr // d = (a << (i & 63)) >> (i >> 8), unsigned
	ShlSar // the same, signed

	Ld8S // d = memory at a + i
	Ld8U
	Ld16S
	Ld16U
	Ld32S
	Ld32U
	Ld64
	Ld32Box // with the upper 32 bits set: a NaN-boxed float
	St8     // memory at a + i = b
	St16
	St32
	St64

	// Side exits: leave through link C if the condition holds.
	Beq
	Bne
	Blt
	Bge
	Bltu
	Bgeu

	// HelperOp calls Helpers[H]. What the operands and Imm mean is between the
	// translator and the helper.
	HelperOp
	// HelperSync is a HelperOp that sees exact PC, LastPC and Icount.
	HelperSync

	// Break is the first operation of a block at a breakpoint.
	Break

	// Terminators.
	Jmp    // leave through link C
	JmpInd // PC = (a + i) &^ 1, d = the PC of link C; B is the slot of the stack pointer
	Stop   // stop with Exit(i) before the instruction

	// 16 bytes of memory at a + i and slots d, d+1 (b, b+1), low half first, as
	// one access. H is 0, or a mask of address bits that must be 0: otherwise
	// the operation stops with ExitProtection.
	Ld128
	St128

	// JmpTo is a terminator: PC = a + i. If the upper 17 bits of that are not all
	// the same it stops before the instruction instead, with ExitProtection, and
	// adds H to slot Dst, the stack pointer's, which undoes the rest of the
	// instruction.
	JmpTo

	BeqI // side exits: a == i
	BneI

	Seq    // d = a == b
	Sne    // d = a != b
	Sel    // d = a if slot C is not 0, else b
	MovU32 // d = a, zero-extended from 32 bits
	RolI   // d = a, rotated left by i
	RolI32 // the low 32 bits rotated, zero-extended
	Ins8   // d = d with its low 8 bits from a
	Ins8H  // bits 8 to 15 from the low 8 of a
	Ins16  // the low 16 bits from a

	// Condition codes, kept as the operation that set them and its operands:
	// slots CCOp, CCA and CCB. What the codes of operations mean is the
	// architecture's affair. The number in a kind's name is the size in bits
	// from which operands are sign-extended into CCA and CCB.
	SetCC8 // CCOp = i, CCA = a, CCB = b
	SetCC16
	SetCC32
	SetCC64
	SetCCI8 // CCOp = C, CCA = a, CCB = i
	SetCCI16
	SetCCI32
	SetCCI64
	SetCCNZ // if b is not 0: CCOp = i, CCA = a (of 8 << (i & 3) bits), CCB = b

	// Arithmetic that sets the condition codes too: CCOp = C; CCA and CCB are
	// the result and the second operand (Add), both operands (Sub), the result
	// and 0 (And, Or, Xor). In those of 32 bits d is zero-extended.
	AddCC
	SubCC
	AndCC
	OrCC
	XorCC
	AddCCI // with i as the second operand
	SubCCI
	AndCCI
	OrCCI
	XorCCI
	AddCC32
	SubCC32
	AndCC32
	OrCC32
	XorCC32
	AddCCI32
	SubCCI32
	AndCCI32
	OrCCI32
	XorCCI32

	// Side exits after a comparison: both operands, sign-extended from 64-H bits,
	// become CCA and CCB, Dst becomes CCOp; leave through link C if the condition
	// holds for CCA and CCB.
	CmpBeq
	CmpBne
	CmpBlt
	CmpBge
	CmpBle
	CmpBgt
	CmpBltu
	CmpBgeu
	CmpBleu
	CmpBgtu
	CmpBeqI // with i as the second operand, as it is
	CmpBneI
	CmpBltI
	CmpBgeI
	CmpBleI
	CmpBgtI
	CmpBltuI
	CmpBgeuI
	CmpBleuI
	CmpBgtuI

	// A stack that grows downwards, of 8-byte words; a is its pointer's slot.
	Push  // memory at a - 8 = b, then a -= 8
	PushI // i instead of b
	Pop   // d = memory at a, and a += 8 unless d is a
	Ret   // terminator: PC = memory at a, and a += i; otherwise like JmpTo

	// Repeat calls Helpers[H] like HelperOp, for an instruction that is a block
	// of its own and may follow itself: the helper executes it once and, up to
	// CPU.More times, again, each time as an instruction of its own.
	Repeat

	NumKinds
)

// Translator decodes guest code.
type Translator interface {
	// Translate decodes a block of at most max instructions at pc. It ends
	// before an address for which stop reports true (stop may be nil), but
	// always holds the first instruction. When pc can't be fetched it returns
	// nil and m.Fault tells why.
	Translate(m *mem.Space, pc uint64, max int, stop func(pc uint64) bool) *Block
}
