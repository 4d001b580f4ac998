package symbols

// Line is a row of the line table: the source position of a range of addresses.
type Line struct {
	File   string // as recorded, joined with the compilation directory
	Line   int    // from 1
	Column int    // from 1; 0 if not known
	IsStmt bool   // Low is a recommended breakpoint location
	Low    uint64 // first address
	High   uint64 // first address of the next row
}

// LineAt finds the source position of pc. For a frame that called another,
// pass the return address minus 1. Code that the compiler gives no line (line
// 0) has none.
func (p *Program) LineAt(pc uint64) (Line, bool) { return Line{}, false }

// Files lists the source files that have code, sorted.
func (p *Program) Files() []string { return nil }

// FindFile finds the recorded path for a path an editor or a person gives: the
// same path after cleaning, or the recorded path with the longest common suffix
// of whole path components that includes the base name. ok is false when none
// matches, or several match equally well; candidates lists those.
func (p *Program) FindFile(path string) (file string, candidates []string, ok bool) { return }

// Place is a source breakpoint's place: where execution stops for it.
type Place struct {
	File  string // as recorded
	Line  int    // the line that has code: the one asked for, or a later one
	Addrs []uint64
}

// Resolve finds the addresses for a breakpoint at a source line: one for each
// function and inlined instance that has code for it. A line without code
// stands for the next line with code in the same function (or, outside of any
// function, in the same file); Place.Line says which it was. The error says
// what is wrong: no such file, an ambiguous one, or no code from that line on.
func (p *Program) Resolve(file string, line int) (Place, error) { return Place{}, errNotYet }

// BreakpointLines lists the lines in [from, to] of a file at which a breakpoint
// can be set without being moved, ascending.
func (p *Program) BreakpointLines(file string, from, to int) ([]int, error) { return nil, errNotYet }
