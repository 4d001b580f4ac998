package vm

// RegGroup sorts registers for display.
type RegGroup uint8

// Register groups.
const (
	GroupGeneral RegGroup = iota
	GroupFloat
	GroupControl
)

// Register describes one register of an architecture.
type Register struct {
	Name    string
	Alias   string // the ABI's name, when it has another
	Bits    int
	Group   RegGroup
	DWARF   int    // DWARF register number, -1 if none
	GDB     int    // gdb's register number, -1 if none
	GDBType string // type in gdb's target description
}

// Inst is one disassembled instruction.
type Inst struct {
	Text string // in the GNU syntax of the architecture
	Size int    // bytes
	Call bool   // it calls: a return address is saved
	Ret  bool   // it returns
	Jump bool   // any other change of control flow
}

// Arch describes a guest architecture to debuggers. Immutable.
type Arch struct {
	Name     string // as GOARCH has it, e.g. "riscv64"
	ELF      uint16 // e_machine
	PtrSize  int    // bytes
	Regs     []Register
	PC       int // index into Regs
	SP       int
	FP       int // the frame pointer of the ABI
	RA       int // the return-address register, -1 if calls push it
	Args     []int
	Ret      int // integer return value
	FloatRet int // floating-point return value
	MinInst  int // smallest instruction, bytes
	MaxInst  int // largest instruction, bytes

	// GDBFeatures holds the target description: the architecture name and, by
	// feature name, which registers belong to it, in order.
	GDBArch     string
	GDBFeatures []GDBFeature

	// Disassemble decodes the instruction at the start of code, which lies at
	// pc. Bytes that are no instruction give a ".byte"-like text and the
	// smallest size; it never fails. len(code) is at least 1.
	Disassemble func(code []byte, pc uint64) Inst
}

// GDBFeature is a <feature> of gdb's target description.
type GDBFeature struct {
	Name  string // e.g. "org.gnu.gdb.riscv.cpu"
	Types string // XML that defines types of its registers, may be empty
	Regs  []int  // indices into Arch.Regs
}

// RegByName finds a register by its name or alias.
func (a *Arch) RegByName(name string) (int, bool) {
	for i := range a.Regs {
		if a.Regs[i].Name == name || a.Regs[i].Alias == name && name != "" {
			return i, true
		}
	}
	return 0, false
}

// RegByDWARF finds a register by its DWARF number.
func (a *Arch) RegByDWARF(n int) (int, bool) {
	for i := range a.Regs {
		if a.Regs[i].DWARF == n {
			return i, true
		}
	}
	return 0, false
}
