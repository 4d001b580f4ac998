package symbols

// InlineFrame is one of the logical frames that share a physical one: an
// inlined call, or, last in a chain, the function itself.
type InlineFrame struct {
	Name     string    // demangled and qualified
	Func     *Function // the physical function that contains the code
	Inlined  bool      // an inlined call; false for the function itself
	CallFile string    // where it was called; empty for the function itself
	CallLine int
	DeclFile string
	DeclLine int
	Entry    uint64  // where its code is entered
	Ranges   []Range // its code, ascending

	id int32 // inlined instance, or -1 for the function itself
}

// InlineChain lists the logical frames at pc, innermost first; the last is the
// physical function. It is empty when pc is in no known function. The source
// position of element 0 is LineAt(pc), that of element i the call site of i-1.
func (p *Program) InlineChain(pc uint64) []InlineFrame { return nil }

// InlineDepth is len(InlineChain(pc))-1: how many inlined calls are active at
// pc; 0 outside of known functions. Takes some tens of nanoseconds.
func (p *Program) InlineDepth(pc uint64) int { return 0 }
