package values

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// Error is what is wrong with an expression, and where.
type Error struct {
	Expr string
	Pos  int // where in Expr, in bytes from 0
	Msg  string
}

// Error is the message; where in a longer expression it is about, it says so.
func (e *Error) Error() string {
	if e.Pos <= 0 || e.Pos >= len(e.Expr) {
		return e.Msg
	}
	return fmt.Sprintf("%s (at column %d of %q)", e.Msg, e.Pos+1, clip(e.Expr, 60))
}

// Expr is a parsed expression, for evaluation at many positions: a breakpoint's
// condition. It belongs to one goroutine.
type Expr struct {
	src    string
	root   *node
	format byte
	goL    bool
	prog   *symbols.Program // that bases are of
	bases  map[baseKey]*symbols.Type
}

// Parse parses an expression. Which names are types, and whether the language is
// C or Go, depends on c: evaluate in frames of the same function only. The error
// is an [*Error].
func Parse(c *Context, expr string) (*Expr, error) {
	if c == nil || c.Prog == nil {
		return nil, &Error{Expr: expr, Msg: "there is no program to look names up in"}
	}
	e := &Expr{src: strings.TrimSpace(expr), goL: c.isGo()}
	isType := func(name string) bool {
		if c.find(name, nil) != nil {
			return false
		}
		_, ok := c.lookupType(name, e.goL)
		return ok
	}
	root, format, err := parse(e.src, c.language(), isType)
	if err != nil {
		return nil, err
	}
	e.root, e.format = root, format
	return e, nil
}

// String is the expression as it was written.
func (e *Expr) String() string { return e.src }

// Eval evaluates the expression in c, as [Evaluate] does.
func (e *Expr) Eval(c *Context) (*Value, error) {
	if e.prog != c.Prog {
		e.prog, e.bases = c.Prog, map[baseKey]*symbols.Type{}
	}
	own := *c
	own.bases = e.bases
	ev := evaluator{c: &own, src: e.src, goL: e.goL}
	v, err := ev.eval(e.root)
	if err != nil {
		return nil, err
	}
	out := *v
	out.name, out.viewed = e.src, nil
	if out.letter = e.format; e.format == rawLetter {
		out.letter, out.raw = 0, true
	}
	return &out, nil
}

// Evaluate evaluates an expression. The error is an [*Error]. A variable that
// can't be read is no error: see [Value.Err].
func Evaluate(c *Context, expr string) (*Value, error) {
	e, err := Parse(c, expr)
	if err != nil {
		return nil, err
	}
	return e.Eval(c)
}

// evaluator walks the nodes of one expression.
type evaluator struct {
	c     *Context
	src   string
	goL   bool
	steps int
}

// maxSteps bounds the nodes that one evaluation visits.
const maxSteps = 1 << 20

// evaluators has a function for each kind of node.
var evaluators [nodeType + 1]func(*evaluator, *node) (*Value, error)

func init() { // a literal would be an initialization cycle
	evaluators = [...]func(*evaluator, *node) (*Value, error){
		nodeName:   (*evaluator).evalName,
		nodeScoped: (*evaluator).evalScoped,
		nodeConst:  (*evaluator).evalConst,
		nodeText:   (*evaluator).evalText,
		nodeReg:    (*evaluator).evalReg,
		nodeNil:    (*evaluator).evalNil,
		nodeParen:  (*evaluator).evalParen,
		nodeUnary:  (*evaluator).evalUnary,
		nodeBinary: (*evaluator).evalBinary,
		nodeCond:   (*evaluator).evalCond,
		nodeMember: (*evaluator).evalMember,
		nodeIndex:  (*evaluator).evalIndex,
		nodeSlice:  (*evaluator).evalSlice,
		nodeCall:   (*evaluator).evalCall,
		nodeCast:   (*evaluator).evalCast,
		nodeAt:     (*evaluator).evalAt,
		nodeAssert: (*evaluator).evalAssert,
		nodeSizeof: (*evaluator).evalSizeof,
		nodeType:   (*evaluator).evalType,
	}
}

// eval evaluates n. The value's expression is n's source text.
func (ev *evaluator) eval(n *node) (*Value, error) {
	if ev.steps++; ev.steps > maxSteps {
		return nil, ev.fail(n.pos, "the expression takes too many steps")
	}
	v, err := evaluators[n.kind](ev, n)
	if err != nil {
		return nil, ev.wrap(n.at, err)
	}
	if v.expr == "" || n.kind != nodeName {
		c := *v
		c.expr, c.prec, c.prefix = ev.text(n), n.prec(), ""
		if c.origin != nil && c.origin.expr == "" {
			o := *c.origin
			o.expr = c.expr
			c.origin = &o
		}
		v = &c
	}
	return v, nil
}

func (ev *evaluator) text(n *node) string { return ev.src[n.pos:n.end] }

func (ev *evaluator) fail(pos int, format string, args ...any) *Error {
	return &Error{Expr: ev.src, Pos: pos, Msg: fmt.Sprintf(format, args...)}
}

// wrap gives an error a position, if it has none.
func (ev *evaluator) wrap(pos int, err error) error {
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	return &Error{Expr: ev.src, Pos: pos, Msg: err.Error()}
}

func (ev *evaluator) evalParen(n *node) (*Value, error) { return ev.eval(n.kids[0]) }

func (ev *evaluator) evalNil(*node) (*Value, error) {
	return &Value{c: ev.c, isNil: true, isConst: true, goL: true}, nil
}

// words are constants without a declaration.
var wordsC = map[string]struct {
	typ   string
	value uint64
}{
	"NULL": {"void *", 0}, "nullptr": {"void *", 0}, "true": {"_Bool", 1}, "false": {"_Bool", 0},
}

// evalName finds what a name stands for: a variable, an enumerator, a function or
// a symbol.
func (ev *evaluator) evalName(n *node) (*Value, error) {
	v := ev.c.find(n.text, &n.cache)
	if v == nil || v.Global {
		if m := ev.ofThis(n.text); m != nil {
			return m, nil
		}
	}
	if v != nil {
		out := ev.c.variable(v)
		out.expr, out.name = n.text, n.text
		return out, nil
	}
	for _, scope := range ev.c.around() {
		if scope != "" {
			scope += "::"
		}
		if v := ev.named(scope + n.text); v != nil {
			if v.symbol { // such as the executable's copy of a library's variable
				if known := ev.elsewhere(scope + n.text); known != nil && !known.symbol {
					v, known.name = known, n.text
				}
			}
			v.expr = n.text
			return v, nil
		}
	}
	if ev.goL {
		switch n.text {
		case "true", "false":
			return ev.c.makeBool(n.text == "true", true), nil
		}
	} else if w, ok := wordsC[n.text]; ok {
		t := ev.c.base(w.typ, false)
		if t == nil {
			t = ev.c.Prog.PointerTo(nil)
		}
		return ev.c.makeInt(t, w.value, false), nil
	}
	if v := ev.elsewhere(n.text); v != nil {
		v.expr, v.name = n.text, n.text
		return v, nil
	}
	if _, ok := ev.c.lookupType(n.text, ev.goL); ok {
		return nil, ev.fail(n.pos, "%q is a type, not a value", clip(n.text, 80))
	}
	return nil, ev.noSymbol(n.pos, n.text)
}

// ofThis is a member of the object that a method of C++ belongs to; nil if there
// is none.
func (ev *evaluator) ofThis(name string) *Value {
	if u := ev.c.unit(); u == nil || u.Language != symbols.LangCPlusPlus {
		return nil
	}
	this := ev.c.findLocal("this")
	if this == nil {
		return nil
	}
	m, err := ev.c.variable(this).member(name)
	if err != nil {
		return nil
	}
	m.expr = name
	return m
}

func (ev *evaluator) noSymbol(pos int, name string) error {
	if ok, why := ev.c.Prog.HasDWARF(); !ok {
		return ev.fail(pos, "no symbol %q here, where there is no debug information (%s)", clip(name, 80), why)
	}
	return ev.fail(pos, "no symbol %q here", clip(name, 80))
}

// named finds what is not a variable; nil if there is nothing.
func (ev *evaluator) named(name string) *Value {
	c := ev.c
	if t, e, ok := c.Prog.Enumerator(name, c.unit()); ok {
		return c.makeInt(t, uint64(e.Value), ev.goL)
	}
	if f := c.findFunction(name); f != nil {
		return c.function(f)
	}
	return ev.symbol(name)
}

// symbol finds what only the symbol table knows; nil if there is nothing.
func (ev *evaluator) symbol(name string) *Value {
	if s, ok := ev.c.Prog.SymbolNamed(name); ok && !s.TLS {
		return &Value{c: ev.c, name: name, symbol: true, static: true, src: source{kind: srcMemory, addr: s.Addr}, goL: ev.goL}
	}
	return nil
}

// around are the scopes around the frame's function, from the inside out, "" last:
// what is written in them need not say them.
func (c *Context) around() []string {
	out := []string{""}
	if c.Frame == nil || c.Frame.Func == nil || c.isGo() {
		return out
	}
	name, _, _ := strings.Cut(c.Frame.Func.Name, "<")
	for i := 0; i < maxNesting; i++ {
		end := strings.LastIndex(name, "::")
		if end < 0 {
			break
		}
		name = name[:end]
		out = slices.Insert(out, len(out)-1, name)
	}
	return out
}

func (ev *evaluator) evalScoped(n *node) (*Value, error) {
	var first error
	for _, scope := range ev.c.around() {
		inside := *n
		if scope != "" {
			if len(n.scope) == 0 {
				continue // ::name
			}
			inside.scope = append([]string{scope}, n.scope...)
		}
		v, err := ev.scopedIn(&inside)
		if err == nil {
			return v, nil
		}
		first = err // that of the name as it stands
	}
	return nil, first
}

// scopedIn finds a name by the scopes that it has.
func (ev *evaluator) scopedIn(n *node) (*Value, error) {
	if v := ev.c.findScoped(n.scope, n.text); v != nil {
		return ev.c.variable(v), nil
	}
	if v := ev.named(strings.Join(append(slices.Clone(n.scope), n.text), "::")); v != nil {
		return v, nil
	}
	if last := len(n.scope) - 1; last >= 0 { // a constant of an enum class
		name := strings.Join(append(slices.Clone(n.scope[:last]), n.text), "::")
		if t, e, ok := ev.c.Prog.Enumerator(name, ev.c.unit()); ok && (t.Name() == n.scope[last] || strings.HasSuffix(t.Name(), "::"+n.scope[last])) {
			return ev.c.makeInt(t, uint64(e.Value), false), nil
		}
	}
	if v := ev.elsewhere(strings.Join(append(slices.Clone(n.scope), n.text), "::")); v != nil {
		return v, nil
	}
	if len(n.scope) == 0 {
		return nil, ev.noSymbol(n.pos, "::"+n.text)
	}
	return nil, ev.fail(n.pos, "no symbol %q in %q", clip(n.text, 80), clip(strings.Join(n.scope, "::"), 80))
}

func (ev *evaluator) evalConst(n *node) (*Value, error) {
	c, k := ev.c, n.value
	if ev.goL {
		name := map[constKind]string{constInt: "int", constChar: "rune", constFloat: "float64"}[k.kind]
		var v *Value
		if k.kind == constFloat {
			v = c.makeFloat(c.base(name, true), k.float, true)
		} else {
			v = c.makeInt(c.base(name, true), k.bits, true)
			if k.kind == constInt && int64(k.bits) < 0 {
				v = c.makeInt(c.base("uint64", true), k.bits, true)
			}
		}
		v.untyped = true
		return v, nil
	}
	switch k.kind {
	case constChar:
		return c.makeInt(c.base("char", false), k.bits, false), nil
	case constFloat:
		name := map[string]string{"": "double", "f": "float", "l": "long double"}[k.suffix]
		return c.makeFloat(c.base(name, false), k.float, false), nil
	}
	return c.makeInt(c.base(cConstType(k), false), k.bits, false), nil
}

// cConstType finds the type of an integer constant of C (C11, 6.4.4.1).
func cConstType(k constant) string {
	unsigned, long := strings.Contains(k.suffix, "u"), strings.Contains(k.suffix, "l")
	mayBeUnsigned := unsigned || k.base != 10
	switch {
	case !long && !unsigned && k.bits <= 1<<31-1:
		return "int"
	case !long && mayBeUnsigned && k.bits <= 1<<32-1:
		return "unsigned int"
	case !unsigned && k.bits <= 1<<63-1:
		return "long"
	}
	return "unsigned long"
}

func (ev *evaluator) evalText(n *node) (*Value, error) {
	c := ev.c
	if ev.goL {
		text := n.text
		t, _ := c.lookupType("string", true)
		return &Value{c: c, typ: t, goL: true, lit: &text, isConst: true, desc: "string"}, nil
	}
	t := c.Prog.ArrayOf(c.base("char", false), int64(len(n.text))+1)
	return &Value{c: c, typ: t, src: source{kind: srcBytes, data: append([]byte(n.text), 0)}, isConst: true}, nil
}

// evalReg reads a register: by its names, or $pc, $sp, $fp and $ra for the
// architecture's own.
func (ev *evaluator) evalReg(n *node) (*Value, error) {
	c := ev.c
	if c.Arch == nil {
		return nil, ev.fail(n.pos, "there are no registers here")
	}
	i, ok := c.Arch.RegByName(n.text)
	if !ok {
		switch n.text {
		case "pc":
			i, ok = c.Arch.PC, true
		case "sp":
			i, ok = c.Arch.SP, true
		case "fp":
			i, ok = c.Arch.FP, true
		case "ra":
			i, ok = c.Arch.RA, c.Arch.RA >= 0
		}
	}
	if !ok {
		for j := range c.Arch.Regs { // other spellings of the same number
			if r := &c.Arch.Regs[j]; r.DWARF == 8 && c.Arch.Name == "riscv64" && n.text == "s0" {
				i, ok = j, true
			}
		}
	}
	if !ok {
		if v := c.subRegister(n.text, ev.goL); v != nil {
			return v, nil
		}
		return nil, ev.fail(n.pos, "no register \"$%s\" on %s", clip(n.text, 40), c.Arch.Name)
	}
	return c.register(i, ev.goL), nil
}

func (ev *evaluator) evalCond(n *node) (*Value, error) {
	cond, err := ev.eval(n.kids[0])
	if err != nil {
		return nil, err
	}
	yes, err := ev.truth(n.kids[0], cond)
	if err != nil {
		return nil, err
	}
	chosen, other := n.kids[1], n.kids[2]
	if !yes {
		chosen, other = other, chosen
	}
	v, err := ev.eval(chosen)
	if err != nil || !isArithmetic(strip(v.typ)) {
		return v, err
	}
	// The type is that of both together; what is wrong with the other's value
	// does not matter.
	o, oerr := ev.eval(other)
	if oerr != nil || !isArithmetic(strip(o.typ)) {
		return v, nil
	}
	a, err := v.number()
	if err != nil {
		return v, nil
	}
	r := common(v.promoted(a), o.promotedType())
	if kindOf(strip(v.typ)) == kindOf(strip(o.typ)) && v.Type() == o.Type() {
		return v, nil
	}
	return ev.c.makeNum(r.convert(a), r.cType(ev.c), false), nil
}

// truth is v as a condition.
func (ev *evaluator) truth(n *node, v *Value) (bool, error) {
	if ev.goL && kindOf(strip(v.typ)) != symbols.KindBool {
		return false, ev.fail(n.pos, "%s is no condition: it is %s, not bool", clip(ev.text(n), 60), article(v.Type()))
	}
	if isStruct(strip(v.typ)) && !v.seenThrough().isCondition() {
		return false, ev.fail(n.pos, "%s is no condition: it is %s", clip(ev.text(n), 60), article(v.Type()))
	}
	yes, err := v.Truth()
	if err != nil {
		return false, ev.readError(n, v, err)
	}
	return yes, nil
}

// readError says which operand could not be read.
func (ev *evaluator) readError(n *node, _ *Value, err error) error {
	var opt *symbols.OptimizedOutError
	if errors.As(err, &opt) {
		return ev.fail(n.pos, "%s is %v", clip(ev.text(n), 60), err)
	}
	return ev.wrap(n.pos, err)
}

func article(typ string) string {
	if typ == "" {
		return "something without a type"
	}
	if strings.ContainsRune("aeiou", rune(typ[0]|0x20)) {
		return "an " + typ
	}
	return "a " + typ
}

func (ev *evaluator) evalSizeof(n *node) (*Value, error) {
	var t *symbols.Type
	if n.typ != nil {
		var err error
		if t, err = ev.resolve(n.typ); err != nil {
			return nil, err
		}
	} else {
		v, err := ev.eval(n.kids[0])
		if err != nil {
			return nil, err
		}
		if v.bits.size != 0 {
			return nil, ev.fail(n.pos, "sizeof of a bit field")
		}
		t = v.typ
	}
	size, ok := sizeOf(t)
	if t == nil { // void has the size 1, as gcc has it
		size, ok = 1, true
	}
	if !ok {
		return nil, ev.fail(n.pos, "the size of %s is not known", typeText(t))
	}
	return ev.c.makeInt(ev.c.base("unsigned long", false), uint64(size), false), nil
}

// resolve makes a type of a type's node.
func (ev *evaluator) resolve(n *typeNode) (*symbols.Type, error) {
	t, err := ev.c.resolve(n, ev.goL)
	if err != nil {
		for n.elem != nil { // what is wrong is the name
			n = n.elem
		}
		return nil, ev.wrap(n.pos, err)
	}
	return t, nil
}

// evalAt reads the memory at an address as a type.
func (ev *evaluator) evalAt(n *node) (*Value, error) {
	t, err := ev.resolve(n.typ)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, ev.fail(n.typ.pos, "memory can't be read as void")
	}
	v, err := ev.eval(n.kids[0])
	if err != nil {
		return nil, err
	}
	addr, err := v.addressed()
	if err != nil {
		return nil, ev.readError(n.kids[0], v, err)
	}
	return &Value{c: ev.c, typ: t, goL: ev.goL, src: source{kind: srcMemory, addr: addr}, origin: &origin{ev.text(n.kids[0]), addr, ev.goL}}, nil
}

// addressed is the address that a pointer, an integer or an array stands for.
func (v *Value) addressed() (uint64, error) {
	if v.fn != nil || v.symbol {
		return v.src.addr, nil
	}
	t := strip(v.typ)
	if kindOf(t) == symbols.KindArray && v.src.kind == srcMemory {
		return v.src.addr, v.err
	}
	if !isInteger(t) && !isPointer(t) {
		return 0, fmt.Errorf("%s is no address: it is %s", clip(v.expr, 60), article(v.Type()))
	}
	n, err := v.number()
	return n.uint64(), err
}

func (ev *evaluator) evalType(n *node) (*Value, error) {
	return nil, ev.fail(n.pos, "%s is a type, not a value", ev.text(n))
}
