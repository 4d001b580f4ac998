package symbols

// Variable is a variable, argument or constant. Immutable.
type Variable struct {
	Name     string
	Type     *Type
	IsArg    bool
	IsResult bool // a result parameter of a Go function
	Escaped  bool // Go moved it to the heap; the location is that of the heap object
	Global   bool
	External bool   // visible outside of its compilation unit
	DeclFile string // empty if not known
	DeclLine int
	Unit     *Unit
	Block    int // nesting depth of the lexical block that declares it, 0 for the function's own
}

// Scope lists the variables visible at f in the given logical frame (an index
// into InlineChain(f.LookupPC())), in order of declaration, arguments first.
// Of variables with the same name only the innermost is listed: the one
// declared last in the innermost block. Variables of Go that are declared after
// the current line are left out.
func (p *Program) Scope(pc uint64, logical int) ([]*Variable, error) { return nil, errNotYet }

// Globals finds global and file-static variables by name: exactly, or by the
// last component ("counter" finds "main.counter").
func (p *Program) Globals(name string) []*Variable { return nil }

// UnitGlobals lists the global and file-static variables that a compilation
// unit defines, in order of declaration.
func (p *Program) UnitGlobals(u *Unit) []*Variable { return nil }

// Locate finds where v's value is in frame f. f may be nil for a global. The
// result is always usable: whatever can't be evaluated is optimized out, with
// the reason.
func (p *Program) Locate(v *Variable, f *Frame, mem Memory) Location { return Location{} }
