package symbols

import (
	"debug/dwarf"
	"encoding/binary"
	"errors"
	"slices"
	"sort"
	"strings"
)

// Variable is a variable, argument or constant. Immutable.
type Variable struct {
	Name     string
	Type     *Type
	IsArg    bool
	IsResult bool // a result of a Go function
	Escaped  bool // Go keeps it on the heap: Locate follows the pointer to it
	Global   bool
	External bool   // visible outside of its compilation unit
	DeclFile string // empty if not known
	DeclLine int
	Unit     *Unit
	Block    int // nesting depth of the lexical block that declares it, 0 for the function's own

	die      dwarf.Offset
	origin   dwarf.Offset // its abstract instance, 0 if none
	location *dwarf.Field
	locUnit  *Unit
	constant *dwarf.Field
}

// attrIsVariable is DW_AT_variable_parameter: Go marks results with it.
const attrIsVariable = dwarf.AttrVarParam

// variable makes a variable of an entry.
func (p *Program) variable(e *dwarf.Entry, u *Unit) (*Variable, error) {
	w, err := p.withOrigin(e, u)
	if err != nil {
		return nil, err
	}
	v := &Variable{
		Name: w.str(dwarf.AttrName), Unit: u, die: e.Offset,
		IsArg:    e.Tag == dwarf.TagFormalParameter,
		External: w.flag(dwarf.AttrExternal),
		DeclFile: w.file(p, dwarf.AttrDeclFile),
		DeclLine: int(w.int(dwarf.AttrDeclLine)),
	}
	v.origin, _ = e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
	v.location, v.locUnit = w.field(dwarf.AttrLocation)
	v.constant, _ = w.field(dwarf.AttrConstValue)
	if f, _ := w.field(dwarf.AttrType); f != nil {
		if off, ok := f.Val.(dwarf.Offset); ok {
			v.Type = p.typeFrom(off)
		} else {
			v.Type = p.unknownType("a type that is not in this file")
		}
	}
	if u.Language == LangGo {
		v.IsResult = v.IsArg && w.flag(attrIsVariable)
		// The compiler calls a variable that it moved to the heap &x and
		// describes the pointer to it.
		if name, ok := strings.CutPrefix(v.Name, "&"); ok && v.Type != nil && v.Type.Kind() == KindPointer {
			v.Name, v.Type, v.Escaped = name, v.Type.Elem(), true
		}
	}
	return v, nil
}

// variableAt makes the variable of the entry at off.
func (p *Program) variableAt(off dwarf.Offset) (*Variable, error) {
	p.mu.Lock()
	v := p.vars[off]
	p.mu.Unlock()
	if v != nil {
		return v, nil
	}
	e, u, err := p.entryAt(off)
	if err != nil {
		return nil, err
	}
	if v, err = p.variable(e, u); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.vars[off]; old != nil {
		return old, nil
	}
	p.vars[off] = v
	return v, nil
}

// indexNames sorts the types and global variables by name.
func (p *Program) indexNames(s *scanner) {
	byOff := map[dwarf.Offset]string{}
	for _, n := range s.globals {
		byOff[n.off] = n.name
	}
	for _, n := range s.globals {
		if n.decl {
			continue
		}
		if n.name == "" || n.ref != 0 && byOff[n.ref] != "" {
			n.name = byOff[n.ref] // qualified by where it is declared
		}
		if n.name != "" {
			p.globals = append(p.globals, n)
		}
	}
	p.types, p.enums = s.types, s.enums
	byName := func(a, b named) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return compare(uint64(a.off), uint64(b.off))
	}
	slices.SortFunc(p.globals, byName)
	slices.SortFunc(p.types, byName)
	slices.SortFunc(p.enums, byName)
}

// Globals finds global and file-static variables and constants by name:
// exactly, or else by the last components ("counter" finds "main.counter").
// Those of several compilation units with the same name are all listed.
func (p *Program) Globals(name string) []*Variable {
	i := sort.Search(len(p.globals), func(i int) bool { return p.globals[i].name >= name })
	var out []*Variable
	for ; i < len(p.globals) && p.globals[i].name == name; i++ {
		out = p.appendGlobal(out, p.globals[i])
	}
	if len(out) > 0 || name == "" {
		return out
	}
	for _, n := range p.globals {
		if hasSuffixPart(n.name, name) {
			out = p.appendGlobal(out, n)
		}
	}
	return out
}

// UnitGlobals lists the global and file-static variables that a compilation
// unit defines, in order of declaration. Constants are left out.
func (p *Program) UnitGlobals(u *Unit) []*Variable {
	var found []named
	for _, n := range p.globals {
		if n.unit == u && n.tag == dwarf.TagVariable {
			found = append(found, n)
		}
	}
	slices.SortFunc(found, func(a, b named) int { return compare(uint64(a.off), uint64(b.off)) })
	var out []*Variable
	for _, n := range found {
		out = p.appendGlobal(out, n)
	}
	return out
}

func (p *Program) appendGlobal(out []*Variable, n named) []*Variable {
	var v *Variable
	err := guard(func() error {
		x, err := p.variableAt(n.off)
		if err != nil {
			return err
		}
		g := *x
		g.Name, g.Global = n.name, true
		v = &g
		return nil
	})
	if err != nil {
		return out // a damaged entry: as if it were not there
	}
	return append(out, v)
}

// Locate finds where v's value is in frame f. f may be nil for a global. The
// result is always usable: what can't be evaluated is missing, with the reason.
func (p *Program) Locate(v *Variable, f *Frame, mem Memory) Location {
	var l Location
	err := guard(func() (err error) {
		l, err = p.locate(v, f, mem)
		return err
	})
	if err != nil {
		return Location{Pieces: []Piece{{Kind: Missing, Why: err.Error()}}}
	}
	return l
}

func (p *Program) locate(v *Variable, f *Frame, mem Memory) (Location, error) {
	if v.location == nil {
		if v.constant != nil {
			return constantLocation(v)
		}
		if v.Global {
			return p.locateBySymbol(v, f, mem)
		}
		return Location{}, errors.New("the compiler gave it no location")
	}
	pc := uint64(0)
	if f != nil {
		pc = f.LookupPC()
	} else if _, always := v.location.Val.([]byte); !always {
		return Location{}, errors.New("its location depends on a frame, and none is selected")
	}
	expr, err := p.locationExpr(v.location, v.locUnit, pc)
	if err != nil {
		return Location{}, err
	}
	e := evaluator{p: p, unit: v.locUnit, frame: f, mem: mem}
	l, err := e.location(expr)
	if addr, ok := l.Addr(); ok && err == nil && v.Global && v.External && f != nil {
		l.Pieces[0].Addr = p.copied(addr, f)
	}
	if err != nil || !v.Escaped {
		return l, err
	}
	var regs Regs
	if f != nil {
		regs = f.Regs
	}
	b, err := l.Read(p.img.ptrSize, regs, mem)
	if err != nil {
		return Location{}, err
	}
	addr := littleUint(b)
	if addr == 0 {
		return Location{}, errors.New("it has not been allocated yet")
	}
	return Location{Pieces: []Piece{{Kind: InMemory, Addr: addr}}}, nil
}

// copied is where a library's variable at addr really is. An executable that was
// not compiled for it reaches a library's data by having it copied into its own
// (copy relocations), and then everyone uses that: the variable under this name in
// the executable's symbol table.
func (p *Program) copied(addr uint64, f *Frame) uint64 {
	if f.space == nil || f.space.main == p {
		return addr
	}
	own, off, ok := p.SymbolAt(addr)
	if !ok || off != 0 || own.Func || !own.Global {
		return addr
	}
	s, ok := f.space.main.symtab.only(own.Linker)
	if !ok || s.Func || s.TLS || !s.Global || s.Size != own.Size {
		return addr
	}
	return s.Addr
}

// locateBySymbol finds a global variable that the compiler describes without a
// location by its symbol: gcc does so for thread-local ones on RISC-V. The symbol
// has to be the only one of its name, and of the right size.
func (p *Program) locateBySymbol(v *Variable, f *Frame, mem Memory) (Location, error) {
	sym, only := p.symtab.only(v.Name)
	size, known := v.Type.Size()
	if !only || sym.Func || !known || sym.Size != uint64(size) {
		return Location{}, errors.New("the compiler gave it no location")
	}
	if !sym.TLS {
		return Location{Pieces: []Piece{{Kind: InMemory, Addr: sym.Addr}}}, nil
	}
	e := evaluator{p: p, frame: f, mem: mem}
	e.push(generic(sym.Addr))
	if err := e.tls(); err != nil {
		return Location{}, err
	}
	return Location{Pieces: []Piece{{Kind: InMemory, Addr: e.stack[0].address()}}}, nil
}

// constantLocation makes a literal of DW_AT_const_value.
func constantLocation(v *Variable) (Location, error) {
	lit := func(b []byte) (Location, error) {
		return Location{Pieces: []Piece{{Kind: Literal, Value: b}}}, nil
	}
	switch x := v.constant.Val.(type) {
	case int64:
		b := binary.LittleEndian.AppendUint64(nil, uint64(x))
		if n, ok := v.Type.Size(); ok && n > 8 && n <= 16 { // __int128
			ext := byte(0)
			if x < 0 && v.Type.Signed() {
				ext = 0xff
			}
			for int64(len(b)) < n {
				b = append(b, ext)
			}
		}
		return lit(b)
	case []byte:
		return lit(slices.Clone(x))
	case string:
		return lit(append([]byte(x), 0))
	}
	return Location{}, errors.New("its constant has a form that is not supported")
}
