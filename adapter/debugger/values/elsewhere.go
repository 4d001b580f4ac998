package values

import "github.com/dap-revexec/dap-revexec/adapter/symbols"

// A process has several files (Context.Space). Names are looked up in the frame's
// own first, and what is only known elsewhere in the program and its libraries.

// others lists contexts in which c's frame sees the other files of the process.
// Their debug information is read for it.
func (c *Context) others() []*Context {
	if c.Space == nil {
		return nil
	}
	var out []*Context
	for _, p := range c.Space.Programs() {
		if p == c.Prog {
			continue
		}
		o := *c
		o.Prog, o.bases = p, nil
		out = append(out, &o)
	}
	return out
}

// elsewhere finds a name in the other files of the process: a global variable, a
// function, a constant, or at least a symbol. nil if there is none.
func (ev *evaluator) elsewhere(name string) *Value {
	others := ev.c.others()
	for _, c := range others {
		if v := c.findGlobal(name); v != nil {
			return c.variable(v)
		}
	}
	var bare *Value
	for _, c := range others {
		o := evaluator{c: c, src: ev.src, goL: ev.goL}
		v := o.named(name)
		if v != nil && !v.symbol {
			return v
		}
		if bare == nil {
			bare = v
		}
	}
	return bare
}

// typeElsewhere finds a type of C or C++ in the other files of the process.
func (c *Context) typeElsewhere(name string) (*symbols.Type, bool) {
	for _, o := range c.others() {
		if t, ok := o.Prog.LookupType(name); ok && t != nil {
			return t, true
		}
	}
	return nil, false
}

// symbolAt finds the symbol that covers an address, in whichever file it is.
func (c *Context) symbolAt(addr uint64) (symbols.Symbol, uint64, bool) {
	if c.Space != nil {
		return c.Space.SymbolAt(addr)
	}
	return c.Prog.SymbolAt(addr)
}

// funcAt finds the function whose code contains an address, in whichever file.
func (c *Context) funcAt(addr uint64) *symbols.Function {
	if c.Space != nil {
		return c.Space.FuncAt(addr)
	}
	return c.Prog.FuncAt(addr)
}
