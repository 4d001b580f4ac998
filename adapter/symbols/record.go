package symbols

import (
	"debug/dwarf"
	"errors"
	"strconv"
	"strings"
)

// Tags that the standard library has names for only in part.
const tagGNUParameterPack = dwarf.Tag(0x4107)

// Variants is the variant part of a record: which members there are depends on
// a discriminant. Rust's enums with payload are such records.
type Variants struct {
	Discr *Field // nil where there is only one variant
	List  []Variant

	discrOff dwarf.Offset
}

// Variant is one of several sets of members.
type Variant struct {
	Default bool   // chosen where no other is
	Value   uint64 // of the discriminant, as a pattern of its size
	Fields  []Field
}

// Select finds the variant of a discriminant, nil if there is none. size is
// the discriminant's, in bytes.
func (v *Variants) Select(discr uint64, size int64) *Variant {
	mask := ^uint64(0)
	if size > 0 && size < 8 {
		mask = 1<<(8*size) - 1
	}
	var other *Variant
	for i := range v.List {
		x := &v.List[i]
		switch {
		case x.Default:
			other = x
		case x.Value&mask == discr&mask:
			return x
		}
	}
	return other
}

// TemplateArg is an argument of a template of C++, or of a generic type of Rust.
type TemplateArg struct {
	Name  string // of the parameter
	Type  *Type
	Value int64 // of one that is a value, when IsValue
	// IsValue tells a value from a type.
	IsValue bool
}

// Variants is the type's variant part, nil for types without one.
func (t *Type) Variants() *Variants { return t.data().variants }

// TemplateArgs lists the arguments of a struct, class or union that is an
// instance of a template, those of a parameter pack one after the other. Where
// the compiler left them out they are read from the name. The caller must not
// change it.
func (t *Type) TemplateArgs() []TemplateArg {
	d := t.data()
	if d.targs != nil || t == nil || t.p == nil {
		return d.targs
	}
	_, names := BaseName(d.name)
	var out []TemplateArg
	for _, name := range names {
		if n, err := strconv.ParseInt(strings.TrimRight(name, "ul"), 0, 64); err == nil {
			out = append(out, TemplateArg{IsValue: true, Value: n})
			continue
		}
		typ, ok := t.p.TypeNamed(name)
		if !ok {
			return nil
		}
		out = append(out, TemplateArg{Type: typ})
	}
	return out
}

// TypeNamed is [Program.LookupType] for the names that compilers give template
// arguments: with pointers and qualifiers, as in "char const*".
func (p *Program) TypeNamed(name string) (*Type, bool) {
	name = strings.TrimSpace(name)
	for range maxNesting {
		if t, ok := strings.CutSuffix(name, " const"); ok {
			name = t
			continue
		}
		if t, ok := strings.CutPrefix(name, "const "); ok && !strings.HasSuffix(name, "*") {
			name = t
			continue
		}
		break
	}
	if to, ok := strings.CutSuffix(name, "*"); ok {
		t, ok := p.TypeNamed(to)
		return p.PointerTo(t), ok
	}
	return p.LookupType(name)
}

// recordEntry reads what is below a record beside its members: template
// arguments, and the variant part at the given depth.
func (p *Program) recordEntry(c *dwarf.Entry, d *typeData, depth int) (into bool, err error) {
	switch c.Tag {
	case tagGNUParameterPack:
		return depth == 0, nil
	case dwarf.TagTemplateTypeParameter, dwarf.TagTemplateValueParameter:
		if len(d.targs) >= maxFields {
			return false, errors.New("too many template arguments")
		}
		a := TemplateArg{IsValue: c.Tag == dwarf.TagTemplateValueParameter}
		a.Name, _ = c.Val(dwarf.AttrName).(string)
		a.Value, _ = c.Val(dwarf.AttrConstValue).(int64)
		if off, ok := c.Val(dwarf.AttrType).(dwarf.Offset); ok {
			a.Type = p.typeFrom(off)
		}
		d.targs = append(d.targs, a)
	case dwarf.TagVariantPart:
		if depth > 0 || d.variants != nil {
			return false, nil
		}
		d.variants = &Variants{}
		d.variants.discrOff, _ = c.Val(dwarf.AttrDiscr).(dwarf.Offset)
		return true, nil
	case dwarf.TagVariant:
		if d.variants == nil || depth != 1 {
			return false, nil
		}
		if len(d.variants.List) >= maxFields {
			return false, errors.New("too many variants")
		}
		x := Variant{Default: true}
		if n, ok := c.Val(dwarf.AttrDiscrValue).(int64); ok {
			x.Default, x.Value = false, uint64(n)
		}
		d.variants.List = append(d.variants.List, x)
		return true, nil
	case dwarf.TagMember:
		v := d.variants
		switch {
		case v == nil:
		case depth == 1:
			if c.Offset == v.discrOff {
				f := p.field(c, d)
				v.Discr = &f
			}
		case depth == 2 && len(v.List) > 0:
			x := &v.List[len(v.List)-1]
			if len(x.Fields) >= maxFields {
				return false, errors.New("too many members")
			}
			x.Fields = append(x.Fields, p.field(c, d))
		}
	}
	return false, nil
}

// BaseAt finds where the virtual base class f of the object at addr is.
func (p *Program) BaseAt(f *Field, addr uint64, mem Memory) (base uint64, err error) {
	if len(f.where) == 0 {
		return 0, errors.New("the debug information does not say where the base class is")
	}
	err = guard(func() error {
		e := evaluator{p: p, mem: mem}
		e.push(generic(addr))
		base, err = e.scalar(f.where)
		return err
	})
	return base, err
}

// Align is the alignment of values of the type in bytes, at least 1: as the
// debug information says, or else as the ABIs of 64-bit systems have it.
func (t *Type) Align() int64 { return t.alignWithin(maxNesting) }

func (t *Type) alignWithin(depth int) int64 {
	d := t.data()
	if d.align > 0 {
		return d.align
	}
	if depth == 0 {
		return 1
	}
	switch d.kind {
	case KindTypedef, KindConst, KindVolatile, KindRestrict, KindAtomic, KindArray:
		return d.elem.alignWithin(depth - 1)
	case KindStruct, KindClass, KindUnion:
		return d.alignOfFields(depth)
	case KindComplex:
		return min(max(d.size/2, 1), 16)
	case KindMemberPointer, KindGoString, KindGoSlice, KindGoInterface:
		return 8
	}
	n, _ := t.Size()
	switch n {
	case 2, 4, 8, 16:
		return n
	}
	return 1
}

// alignOfFields is the greatest alignment of a record's members. A class with
// virtual functions has a member for them, and one with virtual bases, too.
func (d *typeData) alignOfFields(depth int) int64 {
	n := int64(1)
	consider := func(fields []Field) {
		for i := range fields {
			f := &fields[i]
			switch {
			case f.Static:
			case f.Virtual:
				n = max(n, 8)
			default:
				n = max(n, f.Type.alignWithin(depth-1))
			}
		}
	}
	consider(d.fields)
	if v := d.variants; v != nil {
		if v.Discr != nil {
			consider([]Field{*v.Discr})
		}
		for i := range v.List {
			consider(v.List[i].Fields)
		}
	}
	return n
}
