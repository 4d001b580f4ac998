// Package symbols reads ELF files and their DWARF (versions 2 to 5) and answers
// a debugger's questions about code: lines, statements, functions, inlined
// calls, unwinding, types, variables and where they live, and how values of
// each language are shown.
//
// It never runs or changes a guest: memory and registers are read through the
// interfaces [Memory] and [Regs]. Whatever an ELF file or a DWARF section holds,
// nothing here panics or loops: parsers stand behind one recover at the boundary
// and hostile input gives an error that names the file and the section.
//
// A [Program] is immutable once loaded and may be used from several goroutines.
package symbols

// Memory reads guest memory for unwinding and values.
type Memory interface {
	// ReadMemory reads up to len(p) bytes at addr and returns how many it got.
	ReadMemory(addr uint64, p []byte) int
}

// Regs are the registers of one frame, by DWARF number. ok is false for a
// register whose value is not known in this frame (clobbered by a callee).
type Regs interface {
	Reg(dwarf int) (value uint64, ok bool)
}
