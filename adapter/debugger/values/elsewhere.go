package values

import (
	"slices"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// A process has several files (Context.Space). A name is looked up in the file of
// the frame first, then in the executable, and last among what the other files
// export: their own statics are nobody else's, and the debug information of the
// system's libraries takes long to read.

// in is the context in which c's frame sees another file of the process.
func (c *Context) in(p *symbols.Program) *Context {
	o := *c
	o.Prog, o.bases = p, nil
	return &o
}

// elsewhere finds a name in the other files of the process: a global variable, a
// function, or at least a symbol; of the executable also a constant and what is
// static. nil if there is none. Only debug information of files that export the
// name is read for it.
func (ev *evaluator) elsewhere(name string) *Value {
	c := ev.c
	if c.Space == nil {
		return nil
	}
	var bare *Value
	if p := c.Space.Main(); p != c.Prog {
		o := evaluator{c: c.in(p), src: ev.src, goL: ev.goL}
		if v := o.c.findGlobal(name); v != nil {
			return o.c.variable(v)
		}
		if bare = o.named(name); bare != nil && !bare.symbol {
			return bare
		}
	}
	for _, p := range c.Space.Exporters(name) {
		if p == c.Prog {
			continue
		}
		o := evaluator{c: c.in(p), src: ev.src, goL: ev.goL}
		if v := o.exported(name); v != nil && (!v.symbol || bare == nil) {
			return v
		}
	}
	return bare
}

// exported finds what a file exports under a name; nil if there is nothing.
func (ev *evaluator) exported(name string) *Value {
	for _, v := range ev.c.Prog.Globals(name) {
		if v.External {
			return ev.c.variable(v)
		}
	}
	if f := ev.c.findFunction(name); f != nil {
		return ev.c.function(f)
	}
	return ev.symbol(name)
}

// typeElsewhere finds a type of C or C++ in the other files of the process: in
// those that bring their debug information themselves or, if the name says that it
// is a type's, in all.
func (c *Context) typeElsewhere(name string) (*symbols.Type, bool) {
	if c.Space == nil {
		return nil, false
	}
	word, _, tagged := strings.Cut(name, " ")
	tagged = tagged && slices.Contains([]string{"struct", "union", "enum", "class"}, word)
	for _, p := range c.Space.Programs(tagged) {
		if p == c.Prog {
			continue
		}
		if t, ok := p.LookupType(name); ok && t != nil {
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
