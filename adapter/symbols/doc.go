// Package symbols reads ELF files and their DWARF (versions 2 to 5) and answers
// a debugger's questions about code: lines, statements, functions, inlined
// calls, unwinding, types, variables and where they live. How values are shown
// is for others to say.
//
// It never runs or changes a guest: memory and registers are read through the
// interfaces [Memory] and [Regs]. Whatever an ELF file or a DWARF section holds,
// nothing here panics or loops: parsers stand behind one recover at the boundary
// (guard), files whose tables would cost a reader memory or time out of
// proportion are refused first (vet), and hostile input gives an error that names
// the file and the section. What can't be known is said to be so, with the reason:
// a variable is optimized out rather than shown with a value that may be wrong.
//
// # How the parts meet
//
// [Load] reads the sections (elf.go), checks them (vet.go), and passes once over
// all entries and line tables (scan.go, rows.go). From these come flat tables in
// order of address, which answer what a stepper asks at each instruction in tens
// of nanoseconds: lines, functions, inlined calls, statement starts (statement.go
// says what those are). The entries of a function, its variables and call sites
// (scope.go) and types (typeread.go) are read when first asked for, and kept.
//
// A [Frame] is a physical activation, found by [Program.Innermost] and
// [Frame.Caller] through call frame information (cfi.go) or, without it, by
// reading code and guessing (guess.go, prologue.go). Several logical frames share
// it where calls are inlined: [Program.InlineChain] lists them, and
// [Program.Scope] the variables of one. [Program.Locate] evaluates where a
// variable is (expr.go) and [Location.Read] fetches its bytes.
//
// A process has several files, and what is asked by address or crosses from one
// into another goes through a [Space] (space.go), of which a Program alone is the
// simplest. Debug information may lie in a file of its own (separate.go), and
// thread-local variables of libraries are found by way of the dynamic loader's
// tables (tls.go).
//
// What differs between architectures is in one table (arch.go).
//
// # Concurrency
//
// A [Program] is immutable once loaded and may be used from several goroutines. A
// [Space], and so the frames found in it, belong to one.
package symbols

// Memory reads guest memory for unwinding and values.
type Memory interface {
	// ReadMemory reads up to len(p) bytes at addr and returns how many it got.
	ReadMemory(addr uint64, p []byte) int
}

// WideRegs is implemented by Regs that have registers of more than 64 bits: vectors,
// and x87's.
type WideRegs interface {
	// RegBytes is a register's content in guest byte order.
	RegBytes(dwarf int) ([]byte, bool)
}

// Regs are the registers of one frame, by DWARF number. ok is false for a
// register whose value is not known in this frame (clobbered by a callee).
type Regs interface {
	Reg(dwarf int) (value uint64, ok bool)
}
