package values

import (
	"strconv"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// variant is the part of a record with a variant part that there is now: its name
// and its members, one of them of a type with the name of the variant. nil when
// the discriminant has no variant.
func (v *Value) variant() (*symbols.Variant, error) {
	t := strip(v.typ)
	parts := t.Variants()
	if parts == nil {
		return nil, nil
	}
	if parts.Discr == nil {
		if len(parts.List) == 1 {
			return &parts.List[0], nil
		}
		return nil, damaged("it has no discriminant")
	}
	d := v.field(parts.Discr, 0)
	n, err := d.number()
	if err != nil {
		return nil, err
	}
	size, _ := sizeOf(parts.Discr.Type)
	if x := parts.Select(n.u, size); x != nil {
		return x, nil
	}
	return nil, damaged("discriminant %d", n.u)
}

// payload is the members of the variant of an enum, nil if it can't be told.
func (v *Value) payload() *Value {
	x, err := v.variant()
	if err != nil || x == nil || len(x.Fields) == 0 {
		return nil
	}
	return v.field(&x.Fields[0], 0)
}

func rustEnum(v *Value, t *symbols.Type) (*view, error) {
	x, err := v.variant()
	if err != nil {
		return nil, err
	}
	if x == nil || len(x.Fields) == 0 {
		return nil, nil
	}
	f := &x.Fields[0]
	payload := v.field(f, 0)
	s := strip(payload.typ)
	if !isStruct(s) {
		return nil, nil
	}
	w := &view{payload: payload, kids: []*Value{}, text: func(p *printer, level int) {
		p.rustMembers(f.Name, payload, s, level)
	}}
	for i := range s.Fields() {
		w.kids = append(w.kids, payload.fieldChild(s, i, v.memberPrefix("."), 0))
	}
	return w, nil
}

// rustStruct writes a struct or tuple of Rust.
func (p *printer) rustStruct(v *Value, t *symbols.Type, level int) {
	name := t.Name()
	if strings.HasPrefix(name, "(") || strings.HasSuffix(name, "}") { // a tuple, a closure
		name = ""
	}
	base, _ := symbols.BaseName(name)
	p.rustMembers(base[strings.LastIndexByte(base, ':')+1:], v, t, level)
}

// rustMembers writes a name with members: Point {x: 1, y: 2}, Some(1), (1, 2),
// None.
func (p *printer) rustMembers(name string, v *Value, t *symbols.Type, level int) {
	fields := t.Fields()
	tuple := name == "" && strings.HasPrefix(t.Name(), "(")
	for i := range fields {
		_, numbered := tupleIndex(fields[i].Name)
		tuple = tuple || i == 0 && numbered
	}
	p.put(name)
	if d := t.Variants(); d != nil && d.Discr != nil && len(fields) == 0 { // raw
		p.put(" {discriminant: ")
		p.value(v.field(d.Discr, 0), level+1)
		p.close("}")
		return
	}
	open, closing := " {", "}"
	switch {
	case len(fields) == 0 && name != "":
		return
	case tuple:
		open, closing = "(", ")"
	case name == "":
		open = "{"
	}
	p.put(open)
	if level >= maxLevels {
		p.put("…" + closing)
		return
	}
	for i := range fields {
		f := &fields[i]
		if p.full {
			break
		}
		if i > 0 {
			p.put(", ")
		}
		if !tuple {
			p.put(f.Name + ": ")
		}
		p.value(v.field(f, 0), level+1)
	}
	p.close(closing)
}

// tupleIndex is the number of a member that has one: rustc calls it __0.
func tupleIndex(name string) (index string, ok bool) {
	if digits, ok := strings.CutPrefix(name, "__"); ok {
		if _, err := strconv.ParseUint(digits, 10, 32); err == nil {
			return digits, true
		}
	}
	return "", false
}

// rustScalar writes what Rust writes in its own way; false for the rest.
func (p *printer) rustScalar(v *Value, t *symbols.Type, n num) bool {
	switch kindOf(t) {
	case symbols.KindChar:
		if !p.formatted(v, n) {
			p.put(rustChar(n))
		}
	case symbols.KindFloat:
		if !p.formatted(v, n) {
			s := cFloat(n)
			if strings.Trim(s, "-0123456789") == "" {
				s += ".0"
			}
			p.put(s)
		}
	default:
		return false
	}
	return true
}

// rustChar writes a character; a number that is none as a number.
func rustChar(n num) string {
	u := n.uint64()
	if u > 0x10ffff || u >= 0xd800 && u < 0xe000 {
		return integer(n, 'x')
	}
	return strconv.QuoteRune(rune(u))
}

// rustObject is a pointer to a trait object: with the table of its type's
// functions beside it, whose names tell the type.
func rustObject(v *Value, t *symbols.Type) (*view, error) {
	words, err := v.words("pointer", "vtable")
	if err != nil {
		return nil, err
	}
	name := v.c.implementor(words[1])
	real, ok := v.c.Prog.TypeNamed(name)
	if name == "" || !ok || kindOf(strip(real)) == symbols.KindVoid {
		return nil, nil
	}
	target := v.elem(real, words[0])
	return &view{target: target, kids: v.pointee(target), text: func(p *printer, level int) {
		p.value(target, level+1)
		p.put(" (dyn)")
	}}, nil
}

// implementor is the type that a table of a trait's functions is for, "" if that
// can't be told. The table begins with drop, size and alignment.
func (c *Context) implementor(table uint64) string {
	for _, slot := range []uint64{3, 0, 4, 5} {
		code, err := c.readWord(table + slot*ptrSize)
		if err != nil || code == 0 {
			continue
		}
		f := c.Prog.FuncAt(code)
		if f == nil || f.Low != code {
			continue
		}
		if slot == 0 {
			front, ok := strings.CutPrefix(f.Name, "core::ptr::drop_in_place")
			if _, args := symbols.BaseName("d" + strings.TrimPrefix(front, "::")); ok && len(args) == 1 {
				return args[0]
			}
			continue
		}
		if name, ok := strings.CutPrefix(f.Name, "<"); ok {
			if typ, _, ok := strings.Cut(name, " as "); ok {
				return typ
			}
		}
	}
	return ""
}
