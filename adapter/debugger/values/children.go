package values

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// MaxChildren is the largest number of children that one call lists.
const MaxChildren = 10000

// Children lists up to count children from start on: first the named ones, then
// the indexed ones. count ≤ 0 stands for all of them; more than [MaxChildren] are
// never listed at once.
func (v *Value) Children(start, count int) ([]*Value, error) {
	if v.err != nil {
		return nil, v.err
	}
	named, indexed := v.NumNamed(), v.NumIndexed()
	total := named + indexed
	if start < 0 || start >= total {
		return nil, nil
	}
	if count <= 0 || count > total-start {
		count = total - start
	}
	count = min(count, MaxChildren)
	if v.kids != nil {
		return v.kids[start : start+count], nil
	}
	w := v.members()
	if w != nil && w.transparent {
		if !v.c.enter() {
			return nil, nil
		}
		defer v.c.leave()
		list, err := w.target.Children(start, count)
		for i, child := range list {
			if child.raw { // that is of v, not of what it wraps
				list[i] = v.rawChild()
			}
		}
		return list, err
	}
	if t := strip(v.typ); w == nil && kindOf(t) == symbols.KindGoMap {
		return v.mapChildren(uint64(start), uint64(count))
	}
	out := make([]*Value, 0, count)
	for i := start; i < start+count; i++ {
		child, err := v.child(i)
		if err != nil {
			return out, err
		}
		if !child.raw {
			child.letter = v.letter
		}
		out = append(out, child)
	}
	return out, nil
}

// NumNamed is the number of children that have names, at the start of the
// children.
func (v *Value) NumNamed() int {
	if v.kids != nil {
		return len(v.kids)
	}
	if v.err != nil || v.fn != nil || v.symbol || v.lit != nil || v.isNil {
		return 0
	}
	if w := v.members(); w != nil {
		return w.numNamed()
	}
	t := strip(v.typ)
	switch kindOf(t) {
	case symbols.KindStruct, symbols.KindClass, symbols.KindUnion:
		return v.numFields(t)
	case symbols.KindPointer:
		elem := strip(t.Elem())
		if _, _, ok := v.implicit(); !ok {
			if n, err := v.number(); err != nil || n.u == 0 {
				return 0
			}
		}
		switch kindOf(elem) {
		case symbols.KindVoid, symbols.KindFunc, symbols.KindUnknown:
			return 0
		case symbols.KindArray:
			if v.pointsToArray() {
				return 0
			}
		case symbols.KindStruct, symbols.KindClass, symbols.KindUnion:
			if target, err := v.deref(); err == nil && target.Err() == nil && target.view() == nil {
				return target.numFields(elem)
			}
		}
		return 1 // *p
	case symbols.KindGoInterface:
		if rtype, _, err := v.interfaceWords(); err == nil && rtype != 0 {
			return 1
		}
	}
	return 0
}

// numFields is the number of children of a struct: its members, and the object
// that it is part of, if it is of a class with virtual functions.
func (v *Value) numFields(t *symbols.Type) int {
	if v.whole() != nil {
		return len(t.Fields()) + 1
	}
	return len(t.Fields())
}

// pointsToArray reports whether v points to an array with elements to list: they
// are then the pointer's children.
func (v *Value) pointsToArray() bool {
	elem := strip(strip(v.typ).Elem())
	return kindOf(elem) == symbols.KindArray && elem.Len() > 0
}

// NumIndexed is the number of children that have an index, after the named ones;
// at most 2³¹-1.
func (v *Value) NumIndexed() int {
	if v.err != nil || v.lit != nil || v.kids != nil || v.fn != nil || v.symbol || v.isNil {
		return 0
	}
	if w := v.members(); w != nil {
		return w.numIndexed()
	}
	t := strip(v.typ)
	switch kindOf(t) {
	case symbols.KindArray:
		if n := t.Len(); n > 0 {
			return limit(uint64(n))
		}
	case symbols.KindPointer:
		if n, err := v.number(); err == nil && n.u != 0 && v.pointsToArray() {
			return limit(uint64(strip(t.Elem()).Len()))
		}
	case symbols.KindGoSlice, symbols.KindGoMap, symbols.KindGoChan:
		if n, err := v.goLen(); err == nil && n > 0 {
			return limit(uint64(n))
		}
	}
	return 0
}

// members is the view that the children are those of: not of one that can't be
// told, which has the raw members.
func (v *Value) members() *view {
	if w := v.view(); w != nil && w.err == nil {
		return w
	}
	return nil
}

// child makes the child i, which exists.
func (v *Value) child(i int) (*Value, error) {
	if w := v.members(); w != nil {
		return w.child(i)
	}
	t := strip(v.typ)
	switch kindOf(t) {
	case symbols.KindStruct, symbols.KindClass, symbols.KindUnion:
		return v.fieldChild(t, i, v.memberPrefix("."), 0), nil
	case symbols.KindPointer:
		return v.targetChild(i)
	case symbols.KindGoInterface:
		held, err := v.dynamic()
		if err != nil {
			return &Value{c: v.c, name: "data", err: err, goL: true}, nil
		}
		held.name = "(" + held.typ.String() + ")"
		held.expr = ""
		if q, ok := quoteGoType(held.typ.String()); ok && v.expr != "" {
			held.expr = v.chain() + ".(" + q + ")"
		}
		return held, nil
	case symbols.KindGoChan:
		ch, err := v.goChan()
		if err != nil {
			return nil, err
		}
		e, err := ch.element(v.c, uint64(i))
		if err == nil {
			e.name = "[" + strconv.Itoa(i) + "]"
		}
		return e, err
	}
	e, err := v.index(int64(i), v.goL)
	if err != nil {
		return nil, err
	}
	e.name = "[" + strconv.Itoa(i) + "]"
	e.expr, e.prec = v.subscript(e.name), precPostfix
	return e, nil
}

// targetChild is the child i of a pointer.
func (v *Value) targetChild(i int) (*Value, error) {
	target, err := v.deref()
	if err != nil {
		return nil, err
	}
	elem := strip(target.typ)
	if isStruct(elem) && target.Err() == nil && target.view() == nil {
		op := "->"
		if v.goL {
			op = "."
		}
		return target.fieldChild(elem, i, v.memberPrefix(op), 0), nil
	}
	star := ""
	if v.expr != "" {
		star = "*" + v.expr
		if v.prec == precLow {
			star = "*(" + v.expr + ")"
		}
	}
	if v.pointsToArray() {
		target.expr, target.prec = star, precUnary
		return target.child(i)
	}
	target.name, target.expr, target.prec = "*"+v.name, star, precUnary
	return target, nil
}

// fieldChild is the member i of a struct, as a child; prefix is what its name is
// put after to make its expression, "" if there is none.
func (v *Value) fieldChild(t *symbols.Type, i int, prefix string, _ int) *Value {
	if i == len(t.Fields()) {
		if w := v.whole(); w != nil {
			return w
		}
		return &Value{c: v.c, err: errNoValue}
	}
	f := &t.Fields()[i]
	out := v.field(f, 0)
	if f.Static {
		out = v.staticMember(t, f)
		out.expr = ""
	}
	switch {
	case f.Base:
		out.name, out.prefix, out.outer = typeText(f.Type), prefix, v.around()
	case f.Name == "":
		out.name, out.prefix, out.outer = "<anonymous "+aggregateWord(f.Type)+">", prefix, v.around()
	case prefix != "" && isName(f.Name) && !v.hidden(f, out):
		out.expr, out.prec = prefix+f.Name, precPostfix
		if i, ok := tupleIndex(f.Name); ok && v.c.language() == symbols.LangRust {
			out.expr = strings.TrimSuffix(prefix, "->") + "." + i
			if !strings.HasSuffix(prefix, "->") {
				out.expr = prefix + i
			}
		}
	}
	if i, ok := tupleIndex(f.Name); ok && kindOf(t) == symbols.KindStruct && t.Language() == symbols.LangRust {
		out.name = i
	}
	if out.origin != nil && out.expr != "" && out.origin.expr == "" {
		o := *out.origin
		o.expr = out.expr
		out.origin = &o
	}
	return out
}

// around is the object that the names of members are looked up in.
func (v *Value) around() *Value {
	if v.outer != nil {
		return v.outer
	}
	return v
}

// hidden reports whether the name of a member, of a base class, finds another in
// the object around it.
func (v *Value) hidden(f *symbols.Field, m *Value) bool {
	if v.outer == nil || f.Static {
		return false
	}
	found := v.outer.findMember(strip(v.outer.typ), 0, f.Name, 0)
	return found == nil || found.src.kind != m.src.kind || found.src.addr != m.src.addr || found.src.off != m.src.off || found.typ != m.typ
}

// isName reports whether an expression can have name in it.
func isName(name string) bool {
	l := lexer{src: name}
	return name != "_" && l.name() == name && name != ""
}

func aggregateWord(t *symbols.Type) string {
	if kindOf(strip(t)) == symbols.KindUnion {
		return "union"
	}
	return "struct"
}

// chain is the value's expression in a form that can be followed by "[0]".
func (v *Value) chain() string {
	if v.expr == "" || v.prec == precPostfix {
		return v.expr
	}
	return "(" + v.expr + ")"
}

// memberPrefix is what members' names are put after; "" if there is nothing.
func (v *Value) memberPrefix(op string) string {
	if v.prefix != "" {
		return v.prefix
	}
	if v.expr == "" {
		return ""
	}
	return v.chain() + op
}

func (v *Value) subscript(index string) string {
	if v.expr == "" {
		return ""
	}
	return v.chain() + index
}

// mapChildren lists entries of a map.
func (v *Value) mapChildren(start, count uint64) ([]*Value, error) {
	m, err := v.goMap()
	if err != nil || m == nil {
		return nil, err
	}
	var out []*Value
	err = m.walk(func(i uint64, e mapEntry) bool {
		if i < start {
			return true
		}
		text := e.key.Text(Format{Limit: 60})
		child := e.elem
		child.name, child.letter = "["+text+"]", v.letter
		if isSimpleKey(e.key) && !strings.Contains(text, "…") && !strings.HasPrefix(text, "<") {
			child.expr, child.prec = v.subscript(child.name), precPostfix
		}
		out = append(out, child)
		return uint64(len(out)) < count
	})
	return out, err
}

// isSimpleKey reports whether a key's text is an expression for it.
func isSimpleKey(k *Value) bool {
	t := strip(k.typ)
	return k.err == nil && (kindOf(t) == symbols.KindGoString || isInteger(t))
}

// quoteGoType writes a type's name so that an expression can hold it: with the
// path of its package in quotes.
func quoteGoType(name string) (string, bool) {
	stars := len(name) - len(strings.TrimLeft(name, "*"))
	base := name[stars:]
	slash := strings.LastIndexByte(base, '/')
	if slash < 0 {
		return name, true
	}
	dot := strings.IndexByte(base[slash:], '.')
	if dot < 0 || strings.ContainsAny(base, "[]{}() ") {
		return "", false
	}
	return name[:stars] + fmt.Sprintf("%q", base[:slash+dot]) + base[slash+dot:], true
}
