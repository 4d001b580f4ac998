package symbols

// Language is a source language as far as a debugger cares.
type Language uint8

// Languages.
const (
	LangUnknown Language = iota
	LangC
	LangCPlusPlus
	LangGo
	LangRust
	LangAsm
)

// Range is a range of addresses, [Low, High).
type Range struct{ Low, High uint64 }

// Contains reports whether addr lies in r.
func (r Range) Contains(addr uint64) bool { return addr-r.Low < r.High-r.Low }

// Function is a function with code: the out-of-line instance. Immutable.
type Function struct {
	Name     string   // demangled and qualified: "main.(*T).get", "ns::f", "fact"
	Linker   string   // the linkage name, where it differs; else empty
	Low      uint64   // entry address
	Ranges   []Range  // all code, ascending; more than one for hot/cold splits
	DeclFile string   // where it is declared; empty if not known
	DeclLine int      // 0 if not known
	Language Language //
	CU       *Unit    // nil for a function known from the symbol table only
	// BodyStart is the first address after the prologue, where a breakpoint
	// on the function belongs: the arguments are in place there. It is Low for
	// a function without a prologue or without line information.
	BodyStart uint64

	id int // index into Program.funcs
}

// Contains reports whether pc is in the function's code.
func (f *Function) Contains(pc uint64) bool {
	for _, r := range f.Ranges {
		if r.Contains(pc) {
			return true
		}
	}
	return false
}

// Unit is a compilation unit.
type Unit struct {
	Name     string // the source file, or the package in Go
	CompDir  string
	Producer string // the compiler and, for gcc, its options
	Language Language
	Version  int // of DWARF
}

// Units lists the compilation units in order of the file.
func (p *Program) Units() []*Unit { return nil }

// Funcs lists all functions with code, by ascending entry address. The caller
// must not change it.
func (p *Program) Funcs() []*Function { return nil }

// FuncAt finds the function whose code contains pc, nil if none: from DWARF,
// or else from the ELF symbol table.
func (p *Program) FuncAt(pc uint64) *Function { return nil }

// FuncsNamed finds functions by name: exactly as in [Function.Name] or its
// linkage name, or else by its last components ("foo" finds "main.foo",
// "T.get" and "(*T).get" find "main.(*T).get").
func (p *Program) FuncsNamed(name string) []*Function { return nil }

// FuncPlaces lists the addresses where a breakpoint on the named function
// belongs: the body start of each out-of-line instance and the entry of each
// inlined one, ascending.
func (p *Program) FuncPlaces(name string) []uint64 { return nil }
