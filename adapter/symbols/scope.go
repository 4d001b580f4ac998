package symbols

import (
	"debug/dwarf"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// scopeTree is what a function's entries say of its variables and calls. Built
// when first asked for, then kept.
type scopeTree struct {
	root      *block
	frameBase *dwarf.Field
	sites     map[uint64]*callSite // by return address
	inherited int                  // entries read for inherit
}

// maxInherited bounds the entries of abstract instances read for one function:
// each inlined call reads those of its own.
const maxInherited = 1 << 20

// block is a function, an inlined call or a lexical block.
type block struct {
	inlined bool
	die     dwarf.Offset
	ranges  []Range // none: as far as the block around it
	vars    []*Variable
	kids    []*block
}

func (b *block) contains(pc uint64) bool {
	if len(b.ranges) == 0 {
		return !b.inlined
	}
	for _, r := range b.ranges {
		if r.Contains(pc) {
			return true
		}
	}
	return false
}

// callSite describes a call: what it is of, and what it passes (DWARF 5, 3.4).
type callSite struct {
	unit   *Unit
	origin dwarf.Offset // the function called, 0 if not known
	target []byte       // computes its address, for indirect calls
	params []callParam
}

type callParam struct {
	location []byte // where the callee finds it
	value    []byte
}

// scopeTree reads the entries of f.
func (p *Program) scopeTree(f *Function) (*scopeTree, error) {
	p.mu.Lock()
	t := p.scopes[f.id]
	p.mu.Unlock()
	if t != nil {
		return t, nil
	}
	err := guard(func() (err error) {
		t, err = p.readScopes(f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the scopes of %s: %w", f.Name, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.scopes[f.id]; old != nil {
		return old, nil // another goroutine was faster: keep the variables unique
	}
	p.scopes[f.id] = t
	return t, nil
}

func (p *Program) readScopes(f *Function) (*scopeTree, error) {
	e, r, u, err := p.readAt(f.die)
	if err != nil {
		return nil, err
	}
	t := &scopeTree{root: &block{die: f.die, ranges: f.Ranges}, sites: map[uint64]*callSite{}}
	w, err := p.withOrigin(e, u)
	if err != nil {
		return nil, err
	}
	t.frameBase, _ = w.field(dwarf.AttrFrameBase)
	ranges := newRangeReader(p.img.sections, p.bias)
	path := []*block{t.root}
	sites := []*callSite{nil} // the call site around, at each depth
	err = children(e, r, u, func(c *dwarf.Entry, depth int) (bool, error) {
		path, sites = path[:depth+1], sites[:depth+1]
		b, site := path[depth], (*callSite)(nil)
		switch c.Tag {
		case dwarf.TagFormalParameter, dwarf.TagVariable, dwarf.TagConstant:
			v, err := p.variable(c, u)
			if err != nil {
				return false, err
			}
			if v.Name != "" {
				v.Block = p.blockDepth(path)
				b.vars = append(b.vars, v)
			}
			return false, nil
		case dwarf.TagLexDwarfBlock, dwarf.TagInlinedSubroutine:
			rs, err := ranges.of(u, c)
			if err != nil {
				return false, err
			}
			n := &block{inlined: c.Tag == dwarf.TagInlinedSubroutine, die: c.Offset, ranges: rs}
			b.kids = append(b.kids, n)
			b = n
		case tagCallSite, tagGNUCallSite:
			site = p.callSite(c, u, t)
		case tagCallSiteParam, tagGNUCallSiteParam:
			if s := sites[depth]; s != nil {
				loc, _ := c.Val(dwarf.AttrLocation).([]byte)
				val, ok := c.Val(attrCallValue).([]byte)
				if !ok {
					val, _ = c.Val(attrGNUCallSiteValue).([]byte)
				}
				s.params = append(s.params, callParam{loc, val})
			}
			return false, nil
		default:
			return false, nil
		}
		path, sites = append(path, b), append(sites, site)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return t, p.inherit(t, t.root, f.die)
}

// inherit adds to a function or an inlined call, and to the calls inlined into
// it, the variables that only its abstract instance describes: static ones,
// which are the same for all instances (DWARF 5, 3.3.8.2).
func (p *Program) inherit(t *scopeTree, b *block, die dwarf.Offset) error {
	known := map[dwarf.Offset]bool{}
	if err := p.noteOrigins(t, b, known); err != nil {
		return err
	}
	e, _, err := p.entryAt(die)
	if err != nil {
		return err
	}
	from, ok := e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
	if !ok {
		return nil
	}
	e, r, u, err := p.readAt(from)
	if err != nil {
		return err
	}
	return children(e, r, u, func(c *dwarf.Entry, _ int) (bool, error) {
		if t.inherited++; t.inherited > maxInherited {
			return false, errors.New("section .debug_info: abstract instances with too many entries")
		}
		if c.Tag != dwarf.TagVariable || known[c.Offset] {
			return c.Tag == dwarf.TagLexDwarfBlock, nil
		}
		if c.AttrField(dwarf.AttrLocation) == nil && c.AttrField(dwarf.AttrConstValue) == nil {
			return false, nil
		}
		v, err := p.variable(c, u)
		if err == nil && v.Name != "" {
			b.vars = append(b.vars, v)
		}
		return false, err
	})
}

// noteOrigins collects the abstract entries that the variables of b stand for,
// and lets the inlined calls in it inherit theirs.
func (p *Program) noteOrigins(t *scopeTree, b *block, known map[dwarf.Offset]bool) error {
	for _, v := range b.vars {
		if v.origin != 0 {
			known[v.origin] = true
		}
	}
	for _, k := range b.kids {
		var err error
		if k.inlined {
			err = p.inherit(t, k, k.die)
		} else {
			err = p.noteOrigins(t, k, known)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// blockDepth counts the lexical blocks inside the innermost function of path.
func (p *Program) blockDepth(path []*block) int {
	n := 0
	for i := len(path) - 1; i > 0 && !path[i].inlined; i-- {
		n++
	}
	return n
}

func (p *Program) callSite(c *dwarf.Entry, u *Unit, t *scopeTree) *callSite {
	s := &callSite{unit: u}
	pc, ok := c.Val(attrCallReturnPC).(uint64)
	if !ok {
		if pc, ok = c.Val(dwarf.AttrLowpc).(uint64); !ok { // GNU: the return address, too
			return s
		}
	}
	for _, a := range []dwarf.Attr{attrCallOrigin, dwarf.AttrAbstractOrigin} {
		if off, ok := c.Val(a).(dwarf.Offset); ok {
			s.origin = off
		}
	}
	for _, a := range []dwarf.Attr{attrCallTarget, attrGNUCallSiteTarget} {
		if expr, ok := c.Val(a).([]byte); ok {
			s.target = expr
		}
	}
	t.sites[pc+p.bias] = s
	return s
}

// Scope lists the variables visible at pc in one of the logical frames there:
// logical is an index into InlineChain(pc), 0 for the innermost. Arguments come
// first, then locals from the outer blocks to the inner, each in order of
// declaration. Of several with the same name only the innermost is listed. In
// Go, variables declared from the current line on are left out: their blocks
// begin too early.
func (p *Program) Scope(pc uint64, logical int) ([]*Variable, error) {
	chain := p.InlineChain(pc)
	if len(chain) == 0 {
		return nil, fmt.Errorf("no function is known at %#x", pc)
	}
	if logical < 0 || logical >= len(chain) {
		return nil, fmt.Errorf("no frame %d at %#x: there are %d", logical, pc, len(chain))
	}
	frame := chain[logical]
	if frame.Func.CU == nil {
		return nil, nil // known by its symbol only
	}
	t, err := p.scopeTree(frame.Func)
	if err != nil {
		return nil, err
	}
	b := t.root
	if frame.id >= 0 {
		if b = t.root.findInlined(p.insts[frame.id].die); b == nil {
			return nil, nil
		}
	}
	blocks := b.path(pc)
	line := 0
	if frame.Func.Language == LangGo {
		line = p.lineOf(pc, chain, logical)
	}
	var args, locals []*Variable
	for _, b := range blocks {
		for _, v := range b.vars {
			if v.IsArg {
				args = append(args, v)
			} else if line == 0 || v.DeclLine < line || v.DeclLine == 0 {
				locals = append(locals, v)
			}
		}
	}
	return innermost(append(args, locals...)), nil
}

// lineOf is the source line of a logical frame.
func (p *Program) lineOf(pc uint64, chain []InlineFrame, logical int) int {
	if logical > 0 {
		return chain[logical-1].CallLine
	}
	l, _ := p.LineAt(pc)
	return l.Line
}

// innermost removes variables that a later one of the same name hides.
func innermost(vars []*Variable) []*Variable {
	last := map[string]int{}
	for i, v := range vars {
		if j, ok := last[v.Name]; ok && vars[j].Block > v.Block {
			continue
		}
		last[v.Name] = i
	}
	out := vars[:0]
	for i, v := range vars {
		if last[v.Name] == i {
			out = append(out, v)
		}
	}
	return slices.Clip(out)
}

// findInlined finds the block of an inlined call.
func (b *block) findInlined(die dwarf.Offset) *block {
	for _, k := range b.kids {
		if k.inlined && k.die == die {
			return k
		}
		if x := k.findInlined(die); x != nil {
			return x
		}
	}
	return nil
}

// path lists b and the lexical blocks in it around pc, from the outside in.
// Inlined calls are functions of their own.
func (b *block) path(pc uint64) []*block {
	out := []*block{b}
	for _, k := range b.kids {
		if !k.inlined && k.contains(pc) {
			out = append(out, k.path(pc)...)
		}
	}
	return out
}

// entryValue evaluates DW_OP_entry_value: what a register held when the
// function was entered. The caller's entries say what it passed.
func (e *evaluator) entryValue(expr []byte) (value, error) {
	f := e.frame
	if f == nil || f.Func == nil {
		return value{}, errNoEntry("the function is not known")
	}
	if f.Exact && f.PC == f.Func.Low { // nothing has changed yet
		n, err := e.nested(e.unit, f)
		if err != nil {
			return value{}, err
		}
		return n.value(expr)
	}
	caller, err := f.Caller(e.mem)
	if err != nil {
		return value{}, errNoEntry(err.Error())
	}
	if caller.Exact || caller.Guess != "" || caller.Func == nil || caller.Func.CU == nil {
		return value{}, errNoEntry("the caller has no debug information")
	}
	tree, err := caller.prog.scopeTree(caller.Func)
	if err != nil {
		return value{}, err
	}
	site := tree.sites[caller.PC]
	if site == nil {
		return value{}, errNoEntry("the caller does not record what it passed")
	}
	if err := e.checkCallee(site, caller); err != nil {
		return value{}, err
	}
	for _, param := range site.params {
		if string(param.location) != string(expr) || len(param.value) == 0 {
			continue
		}
		n, err := e.nested(site.unit, caller)
		if err != nil {
			return value{}, err
		}
		n.p = caller.prog
		return n.value(param.value)
	}
	return value{}, errNoEntry("the caller does not record what it passed")
}

// checkCallee makes sure that a call site calls the function of the frame: in
// between there may have been tail calls that passed something else.
func (e *evaluator) checkCallee(s *callSite, caller *Frame) error {
	want := e.frame.Func
	if s.origin != 0 {
		name, linker := caller.prog.origin(s.origin).fullName()
		here := caller.prog == e.p // else the two files' entries have nothing to do with each other
		if here && (s.origin == want.die || e.p.sameFunc(s.origin, want)) || name == want.Name && linker == want.Linker {
			return nil
		}
		return errNoEntry("it was entered through a tail call of " + name)
	}
	if len(s.target) > 0 {
		n, err := e.nested(s.unit, caller)
		if err != nil {
			return err
		}
		n.p = caller.prog
		if a, err := n.scalar(s.target); err == nil && a == want.Low {
			return nil
		}
	}
	return errNoEntry("the call in the caller is indirect")
}

// sameFunc reports whether an entry is what f refers to, its abstract instance
// or declaration.
func (p *Program) sameFunc(off dwarf.Offset, f *Function) bool {
	at := f.die
	for range 8 {
		if at == off {
			return true
		}
		o := p.origins[at]
		if o == nil || o.ref == 0 {
			return false
		}
		at = o.ref
	}
	return false
}

// errNoEntry says that a value existed only when the function was entered.
func errNoEntry(why string) error {
	return fmt.Errorf("only its value at the function's entry is described, and %s", strings.TrimSpace(why))
}
