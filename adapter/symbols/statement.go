package symbols

// Statements lists the addresses at which a statement of f can start,
// ascending: those for which [Program.IsStatementStart] can be true. The caller
// must not change it.
func (p *Program) Statements(f *Function) []uint64 { return nil }

// AllStatements lists the addresses at which a statement of any function can
// start, ascending. The caller must not change it.
func (p *Program) AllStatements() []uint64 { return nil }

// IsStatementStart reports whether a thread at pc, whose last retired
// instruction was at lastPC, is at the start of a statement. Takes some tens of
// nanoseconds.
func (p *Program) IsStatementStart(pc, lastPC uint64) bool { return false }
