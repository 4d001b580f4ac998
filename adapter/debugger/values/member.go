package values

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// evalMember is a.b and a->b; in Go also pkg.name. Either operator follows a
// pointer: which one to write is the compiler's concern.
func (ev *evaluator) evalMember(n *node) (*Value, error) {
	kid := n.kids[0]
	if v, err := ev.packaged(n); v != nil || err != nil {
		return v, err
	}
	v, err := ev.eval(kid)
	if err != nil {
		return nil, err
	}
	if v.err != nil {
		return nil, ev.readError(kid, v, v.err)
	}
	m, err := v.member(n.text)
	if err != nil {
		return nil, ev.wrap(n.at, err)
	}
	return m, nil
}

// packaged finds pkg.name of Go; nil when n is an ordinary member.
func (ev *evaluator) packaged(n *node) (*Value, error) {
	pkg := n.kids[0]
	if !ev.goL || pkg.kind != nodeName && pkg.kind != nodeText || pkg.kind == nodeName && ev.c.find(pkg.text, &pkg.cache) != nil {
		return nil, nil
	}
	name := pkg.text + "." + n.text
	if v := ev.c.findGlobal(name); v != nil {
		return ev.c.variable(v), nil
	}
	// The path of the package may have more in front.
	for _, v := range ev.c.Prog.Globals(n.text) {
		if strings.HasSuffix(v.Name, "/"+name) {
			return ev.c.variable(v), nil
		}
	}
	if v := ev.named(name); v != nil {
		return v, nil
	}
	if _, ok := ev.c.lookupType(name, true); ok {
		return nil, ev.fail(n.pos, "%q is a type, not a value", clip(name, 80))
	}
	return nil, ev.noSymbol(n.pos, name)
}

// member is the member of a struct, of what a pointer points to, or of what an
// interface holds.
func (v *Value) member(name string) (*Value, error) {
	if v.isNil || v.fn != nil || v.symbol || v.lit != nil {
		return nil, fmt.Errorf("%s has no members", clip(v.expr, 60))
	}
	if m := v.throughView(name); m != nil {
		return m, nil
	}
	t := strip(v.typ)
	if kindOf(t) == symbols.KindArray && !v.goL { // C's array->member
		first, err := v.element(0)
		if err != nil {
			return nil, err
		}
		first.expr, first.prec = v.expr, v.prec
		v, t = first, strip(first.typ)
		if !isStruct(t) {
			return nil, fmt.Errorf("%s has no member %q: it is an array of %s", clip(v.expr, 60), clip(name, 40), typeText(v.typ))
		}
	}
	hops := 0
	for isPointer(t) && hops < 2 && (hops == 0 || v.goL) {
		target, err := v.deref()
		if err != nil {
			return nil, err
		}
		target.expr, target.prec = v.expr, v.prec
		v, t = target, strip(target.typ)
		hops++
	}
	if kindOf(t) == symbols.KindGoInterface {
		held, err := v.dynamic()
		if err != nil {
			return nil, err
		}
		held.expr = v.expr
		return held.member(name)
	}
	if !isStruct(t) {
		return nil, fmt.Errorf("%s has no member %q: it is %s", clip(v.expr, 60), clip(name, 40), article(v.Type()))
	}
	if m := v.findMember(t, 0, name, 0); m != nil {
		return m, nil
	}
	if w := v.whole(); w != nil {
		if m := w.findMember(strip(w.typ), 0, name, 0); m != nil {
			return m, nil
		}
	}
	return nil, fmt.Errorf("no member %q in %s", clip(name, 40), v.typ)
}

// maxEmbedding bounds how deep members without a name and base classes nest.
const maxEmbedding = 16

// findMember looks for a member from byte off on, also in base classes, unnamed
// members and embedded fields. nil if there is none.
func (v *Value) findMember(t *symbols.Type, off int64, name string, depth int) *Value {
	if depth > maxEmbedding {
		return nil
	}
	fields := t.Fields()
	for i := range fields {
		if f := &fields[i]; f.Name == name && name != "" {
			if f.Static {
				return v.staticMember(t, f)
			}
			return v.field(f, off)
		}
	}
	for i := range fields {
		f := &fields[i]
		if !f.Base && !f.Embedded {
			continue
		}
		ft := strip(f.Type)
		if f.Virtual {
			if b := v.field(f, off); b.err == nil && isStruct(ft) {
				if m := b.findMember(ft, 0, name, depth+1); m != nil {
					return m
				}
			}
			continue
		}
		if isStruct(ft) {
			if m := v.findMember(ft, off+f.Offset, name, depth+1); m != nil {
				return m
			}
		} else if isPointer(ft) && v.goL { // an embedded *T
			if p := v.field(f, off); p.err == nil {
				if target, err := p.deref(); err == nil && isStruct(strip(target.typ)) {
					if m := target.findMember(strip(target.typ), 0, name, depth+1); m != nil {
						return m
					}
				}
			}
		}
	}
	return nil
}

// field is the value of a member; off is where its struct begins in v.
func (v *Value) field(f *symbols.Field, off int64) *Value {
	out := &Value{
		c: v.c, name: f.Name, typ: f.Type, goL: v.goL, src: v.src.at(off + f.Offset), err: v.err,
		origin: v.origin, isConst: v.isConst,
	}
	if f.Virtual && out.err == nil {
		out.virtualBase(f)
	}
	if f.BitSize > 0 {
		out.bits = bitField{f.BitStart, f.BitSize}
	}
	if f.Base || f.Embedded && f.Name != "" {
		out.kind = KindBase
	}
	return out.follow()
}

// virtualBase moves v, made as a base class at its offset, to where the object
// says that its virtual base class is.
func (v *Value) virtualBase(f *symbols.Field) {
	if v.src.kind != srcMemory {
		v.err = errVirtual
		return
	}
	object := v.src.addr - uint64(f.Offset)
	addr, err := v.c.Prog.BaseAt(f, object, v.c.Mem)
	if err != nil {
		v.err = fmt.Errorf("a virtual base class that can't be found: %w", err)
		return
	}
	v.src.addr = addr
}

var errVirtual = errors.New("a virtual base class: where it is depends on the object, and that has no address")

// staticMember finds a static member of the C++ class t, a variable of its own.
func (v *Value) staticMember(t *symbols.Type, f *symbols.Field) *Value {
	vars := v.c.Prog.Globals(t.Name() + "::" + f.Name)
	if len(vars) == 0 {
		return &Value{c: v.c, name: f.Name, typ: f.Type, err: &symbols.OptimizedOutError{Why: "a static member that is not in this program"}}
	}
	out := v.c.variable(vars[0])
	out.name = f.Name
	return out
}

// evalCast is (type)value.
func (ev *evaluator) evalCast(n *node) (*Value, error) {
	t, err := ev.resolve(n.typ)
	if err != nil {
		return nil, err
	}
	v, err := ev.eval(n.kids[0])
	if err != nil {
		return nil, err
	}
	if v.err != nil {
		return nil, ev.readError(n.kids[0], v, v.err)
	}
	out, err := v.convert(t)
	if err != nil {
		return nil, ev.readError(n.kids[0], v, err)
	}
	return out, nil
}

// convert casts v to type t, as C does.
func (v *Value) convert(t *symbols.Type) (*Value, error) {
	if v.symbol && t != nil && !isPointer(strip(t)) {
		// A symbol without debug information is what the cast says.
		return &Value{c: v.c, typ: t, goL: v.goL, src: v.src, static: true}, nil
	}
	s := strip(t)
	from := v.decayed()
	fs := strip(from.typ)
	switch {
	case s == nil:
		return &Value{c: v.c, isConst: true, err: errNoValue}, nil
	case s == strip(v.typ) || isStruct(s) && isStruct(fs) && s.String() == fs.String():
		out := *v
		out.typ = t
		return &out, nil
	case !(isArithmetic(s) || isPointer(s)) || !(isArithmetic(fs) || isPointer(fs) || from.isNil):
		return nil, fmt.Errorf("%s can't be cast to %s: it is %s", clip(v.expr, 60), t, article(v.Type()))
	}
	if from.isNil {
		return v.c.makeInt(t, 0, v.goL), nil
	}
	if to, off, ok := from.implicit(); ok && isPointer(s) {
		return &Value{c: v.c, typ: t, goL: v.goL, src: from.src, implied: to, shift: off}, nil
	}
	n, err := from.number()
	if err != nil {
		return nil, err
	}
	if isPointer(s) && n.kind >= numFloat || isPointer(fs) && !isInteger(s) && !isPointer(s) {
		return nil, fmt.Errorf("%s can't be cast to %s: it is %s", clip(v.expr, 60), t, article(v.Type()))
	}
	return v.c.convertNum(n, t, v.goL)
}

// convertNum makes a value of type t, a scalar, of a number.
func (c *Context) convertNum(n num, t *symbols.Type, goL bool) (*Value, error) {
	s := strip(t)
	size, _ := sizeOf(s)
	info, ok := scalarOf(s)
	if !ok || !slices.Contains([]int64{1, 2, 4, 8, 16, 32}, size) {
		return nil, fmt.Errorf("nothing can be cast to %s", typeText(t))
	}
	switch {
	case kindOf(s) == symbols.KindBool:
		return c.makeInt(t, uint64(boolInt(!n.isZero())), goL), nil
	case info.kind == numFloat:
		n = n.toFloat(int(size))
	case info.kind == numComplex:
		n = rank{numComplex, int(size)}.convert(n)
	default:
		n = n.toInt(int(size), info.kind == numInt)
	}
	return c.makeNum(n, t, goL), nil
}
