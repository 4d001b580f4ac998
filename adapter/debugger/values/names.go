package values

import (
	"path"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// nameCache remembers what a name stood for, so that a condition that is
// evaluated over and over at one place looks its names up once.
type nameCache struct {
	prog    *symbols.Program
	pc      uint64
	logical int
	found   *symbols.Variable // nil: no variable
}

// isGo reports whether expressions are Go here.
func (c *Context) isGo() bool {
	if c.Frame != nil && c.Frame.Func != nil {
		return c.Frame.Func.Language == symbols.LangGo
	}
	if c.Prog == nil {
		return false
	}
	for _, u := range c.Prog.Units() {
		if u.Language == symbols.LangGo {
			return true
		}
	}
	return false
}

// language is that of expressions: Go, Rust where the frame is, or else C.
func (c *Context) language() symbols.Language {
	if c.isGo() {
		return symbols.LangGo
	}
	if u := c.unit(); u != nil && u.Language == symbols.LangRust {
		return symbols.LangRust
	}
	return symbols.LangC
}

// unit is the frame's compilation unit, nil if not known.
func (c *Context) unit() *symbols.Unit {
	if c.Frame == nil || c.Frame.Func == nil {
		return nil
	}
	return c.Frame.Func.CU
}

// goPackage is the frame's package: "main", "net/http".
func (c *Context) goPackage() string {
	if u := c.unit(); u != nil && u.Language == symbols.LangGo {
		return u.Name
	}
	if c.Frame == nil {
		return "main"
	}
	return ""
}

// scope lists the variables of the frame.
func (c *Context) scope() ([]*symbols.Variable, error) {
	if c.Frame == nil || c.Prog == nil {
		return nil, nil
	}
	return c.Prog.Scope(c.Frame.LookupPC(), c.Logical)
}

// find looks a variable up: in the frame's blocks from the innermost on, in the
// compilation unit, in the program. nil if there is none.
func (c *Context) find(name string, cache *nameCache) *symbols.Variable {
	var pc uint64
	if c.Frame != nil {
		pc = c.Frame.LookupPC()
	}
	if cache != nil && cache.prog == c.Prog && cache.pc == pc && cache.logical == c.Logical {
		return cache.found
	}
	v := c.findLocal(name)
	if v == nil {
		v = c.findGlobal(name)
	}
	if cache != nil {
		*cache = nameCache{c.Prog, pc, c.Logical, v}
	}
	return v
}

func (c *Context) findLocal(name string) *symbols.Variable {
	vars, _ := c.scope()
	for i := len(vars) - 1; i >= 0; i-- {
		if vars[i].Name == name {
			return vars[i]
		}
	}
	return nil
}

// findGlobal prefers the frame's compilation unit, then variables that are
// visible everywhere.
func (c *Context) findGlobal(name string) *symbols.Variable {
	if c.Prog == nil {
		return nil
	}
	unit, pkg := c.unit(), ""
	if c.isGo() {
		pkg = c.goPackage()
	}
	var best *symbols.Variable
	bestRank := 0
	for _, v := range c.Prog.Globals(name) {
		rank := 1
		switch {
		case pkg != "" && v.Name == pkg+"."+name || v.Unit == unit && unit != nil:
			rank = 3
		case v.External:
			rank = 2
		}
		if rank > bestRank {
			best, bestRank = v, rank
		}
	}
	return best
}

// findScoped finds scope::name, where scope is a file, a function or, in C++, a
// namespace or class.
func (c *Context) findScoped(scope []string, name string) *symbols.Variable {
	if len(scope) == 0 {
		return c.findGlobal(name)
	}
	qualified := strings.Join(scope, "::") + "::" + name
	if prefix, ok := strings.CutSuffix(qualified, "::"+name); ok && strings.HasSuffix(prefix, ">") {
		if t, ok := c.lookupType(prefix, false); ok { // as the compiler spells it
			qualified = t.Name() + "::" + name
		}
	}
	for _, v := range c.Prog.Globals(qualified) {
		return v
	}
	if len(scope) != 1 {
		return nil
	}
	var found *symbols.Variable
	for _, v := range c.Prog.Globals(name) {
		if v.Unit == nil || !(sameFile(v.Unit.Name, scope[0]) || sameFile(v.DeclFile, scope[0])) {
			continue
		}
		if found == nil || v.External {
			found = v
		}
	}
	if found != nil {
		return found
	}
	return c.findStatic(scope[0], name)
}

// sameFile reports whether file is what a person calls want: the same path or
// the end of it.
func sameFile(file, want string) bool {
	file, want = path.Clean(file), path.Clean(want)
	return file == want || strings.HasSuffix(file, "/"+want)
}

// findStatic finds a static variable of a function, whether it is running or
// not: one whose location does not need a frame.
func (c *Context) findStatic(function, name string) *symbols.Variable {
	for _, f := range c.Prog.FuncsNamed(function) {
		for _, pc := range append([]uint64{f.BodyStart}, blockStarts(f)...) {
			vars, err := c.Prog.Scope(pc, c.outermost(pc))
			if err != nil {
				continue
			}
			for i := len(vars) - 1; i >= 0; i-- {
				if vars[i].Name != name {
					continue
				}
				if _, ok := c.Prog.Locate(vars[i], nil, c.Mem).Addr(); ok {
					return vars[i]
				}
			}
		}
	}
	return nil
}

// outermost is the index of the function itself in the inline chain at pc.
func (c *Context) outermost(pc uint64) int { return c.Prog.InlineDepth(pc) }

// blockStarts samples a function's code for the blocks in it.
func blockStarts(f *symbols.Function) []uint64 {
	const samples = 64
	var out []uint64
	for _, r := range f.Ranges {
		step := max((r.High-r.Low)/samples&^1, 2)
		for pc := r.Low; pc < r.High && len(out) < 4*samples; pc += step {
			out = append(out, pc)
		}
	}
	return out
}

// variable makes the value of a variable.
func (c *Context) variable(v *symbols.Variable) *Value {
	out := &Value{c: c, name: v.Name, expr: v.Name, typ: c.Prog.TypeIn(v.Type, c.Frame, c.Mem), result: v.IsResult}
	out.goL = v.Unit != nil && v.Unit.Language == symbols.LangGo
	loc := c.Prog.Locate(v, c.Frame, c.Mem)
	if addr, ok := loc.Addr(); ok {
		out.src = source{kind: srcMemory, addr: addr}
	} else if why, yes := loc.OptimizedOut(); yes {
		out.err = &symbols.OptimizedOutError{Why: why}
	} else {
		out.src = source{kind: srcLocation, loc: loc}
		out.isConst = loc.Pieces[0].Kind == symbols.Literal && len(loc.Pieces) == 1
	}
	out.static = v.Global
	return out.follow()
}

// follow makes the value of a reference that of its target.
func (v *Value) follow() *Value {
	if v.err != nil || !isReference(strip(v.typ)) {
		return v
	}
	t := strip(v.typ)
	out := *v
	out.desc = v.typ.String()
	out.typ = t.Elem()
	n, err := v.number()
	if err != nil {
		out.err = err
		return &out
	}
	out.src = source{kind: srcMemory, addr: n.u}
	out.origin = &origin{expr: v.expr, addr: n.u}
	return &out
}

// function makes the value of a function.
func (c *Context) function(f *symbols.Function) *Value {
	return &Value{
		c: c, name: f.Name, expr: f.Name, fn: f, isConst: true,
		goL: f.Language == symbols.LangGo,
		src: source{kind: srcMemory, addr: f.Low},
	}
}

// findFunction finds a function: of the frame's compilation unit before others.
func (c *Context) findFunction(name string) *symbols.Function {
	var best *symbols.Function
	for _, f := range c.Prog.FuncsNamed(name) {
		if best == nil || f.CU != nil && f.CU == c.unit() {
			best = f
		}
	}
	return best
}
