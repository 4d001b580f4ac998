package symbols

import (
	"debug/dwarf"
	"errors"
	"sync"
)

// Kind sorts types by how their values are read.
type Kind uint8

// Kinds.
const (
	KindVoid Kind = iota
	KindBool
	KindChar  // a character of 1, 2 or 4 bytes: see Type.Signed
	KindInt   // a signed integer
	KindUint  // an unsigned integer
	KindFloat // 2, 4, 8, 10 (in 16) or 16 bytes
	KindComplex
	KindPointer
	KindReference  // C++ &
	KindRReference // C++ &&
	KindStruct
	KindClass
	KindUnion
	KindArray
	KindEnum
	KindTypedef
	KindConst
	KindVolatile
	KindRestrict
	KindAtomic
	KindFunc
	KindMemberPointer // C++ T C::*
	// Go's own kinds; Type.Repr tells what they consist of.
	KindGoString
	KindGoSlice
	KindGoMap
	KindGoInterface
	KindGoChan
	KindGoFunc
	KindUnknown // declared only, or beyond this reader: see Type.Why
)

// Type is a type of the program. Immutable; built from DWARF as it is looked
// at, so cycles are no concern. Types of the same DWARF entry are the same
// pointer. A nil *Type is void; its methods may be called.
type Type struct {
	p   *Program
	off dwarf.Offset // of its entry; 0 for one made here

	once sync.Once
	typeData
}

// typeData is what load finds out.
type typeData struct {
	kind     Kind
	name     string
	short    string // name as it is shown: see ShortName
	lang     Language
	size     int64 // -1: not known
	align    int64 // bytes; 0 where the entry does not say
	signed   bool
	elem     *Type
	key      *Type
	repr     *Type
	class    *Type // of a pointer to a member
	count    int64
	bound    *dwarf.Field // of an array whose length is computed: its last index, or
	counts   bool         // the number of its elements
	lower    int64
	unit     *Unit
	fields   []Field
	enums    []Enumerator
	params   []*Type
	variadic bool
	variants *Variants
	targs    []TemplateArg
	why      string
}

// Field is a member of a struct, class or union.
type Field struct {
	Name     string // empty for an unnamed struct or union
	Type     *Type
	Offset   int64 // bytes from the start of the value
	BitSize  int64 // size in bits for a bit field, else 0
	BitStart int64 // for a bit field: its lowest bit, counted from the lowest of the byte at Offset; below 8
	Base     bool  // a base class
	Virtual  bool  // a virtual base class: where it lies depends on the object (see Program.BaseAt), Offset is not valid
	Embedded bool  // an embedded field of Go, or an unnamed member of C: its members are reached without a name
	Static   bool  // a static member of C++: it is not in the value

	where []byte // of a virtual base class: the expression that finds it
}

// Enumerator is a constant of an enum.
type Enumerator struct {
	Name  string
	Value int64
}

// typeFrom is the type of the entry at off. Nothing is read yet.
func (p *Program) typeFrom(off dwarf.Offset) *Type {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.typeAt[off]
	if t == nil {
		t = &Type{p: p, off: off}
		p.typeAt[off] = t
	}
	return t
}

// newType makes a type that has no entry.
func (p *Program) newType(d typeData) *Type { return &Type{p: p, typeData: d} }

func (p *Program) unknownType(why string) *Type {
	return p.newType(typeData{kind: KindUnknown, size: -1, why: why})
}

// data reads the type's entry if that has not been done.
func (t *Type) data() *typeData {
	if t == nil {
		return &typeData{size: -1}
	}
	if t.off == 0 {
		return &t.typeData
	}
	t.once.Do(func() {
		d := typeData{size: -1}
		err := guard(func() error { return t.p.readType(t, &d) })
		if err != nil {
			d = typeData{kind: KindUnknown, size: -1, why: err.Error()}
		}
		if d.short = d.name; d.lang == LangCPlusPlus || d.lang == LangRust {
			d.short = ShortName(d.name)
		}
		t.typeData = d
	})
	return &t.typeData
}

// Kind tells how values are read. Typedefs and qualifiers are kinds of their
// own: see [Type.Strip].
func (t *Type) Kind() Kind { return t.data().kind }

// Name is the type's own name, without "struct" and the like; empty for
// unnamed and derived types.
func (t *Type) Name() string { return t.data().name }

// Language is the language the type was written in.
func (t *Type) Language() Language { return t.data().lang }

// Elem is what a pointer or reference points to, the element of an array,
// slice or channel, the value of a map, what a typedef or qualifier stands for,
// the result of a function, the integer type below an enum. nil for void and
// for kinds that have none.
func (t *Type) Elem() *Type { return t.data().elem }

// Class is the class that a pointer to a member belongs to.
func (t *Type) Class() *Type { return t.data().class }

// Key is the key type of a map.
func (t *Type) Key() *Type { return t.data().key }

// Repr is what a value of one of Go's own kinds consists of: a struct for
// strings, slices and interfaces, a pointer to the runtime's structure for maps
// and channels. nil for other kinds.
func (t *Type) Repr() *Type { return t.data().repr }

// Signed reports whether integers, characters and enums of the type are signed.
func (t *Type) Signed() bool {
	d := t.data()
	if d.kind == KindEnum && d.elem != nil {
		return d.elem.Strip().data().signed
	}
	return d.signed
}

// Len is the number of elements of an array; -1 when it is not known, or known
// only at run time: see [Program.TypeIn]. An array of several dimensions is an
// array of arrays.
func (t *Type) Len() int64 { return t.data().count }

// Fields lists the members of a struct, class, union or Go kind in order of
// declaration. The caller must not change it.
func (t *Type) Fields() []Field {
	d := t.data()
	if d.repr != nil && d.fields == nil {
		return d.repr.Strip().data().fields
	}
	return d.fields
}

// Enumerators lists the constants of an enum in order of declaration. The
// caller must not change it.
func (t *Type) Enumerators() []Enumerator { return t.data().enums }

// Params lists the parameter types of a function; variadic says whether more
// may follow. The caller must not change it.
func (t *Type) Params() (params []*Type, variadic bool) {
	d := t.data()
	return d.params, d.variadic
}

// Why says what a KindUnknown type is about.
func (t *Type) Why() string { return t.data().why }

// maxNesting bounds chains of types: typedefs and qualifiers of one another,
// arrays of arrays. Damaged files have cycles there.
const maxNesting = 64

// Strip removes typedefs and qualifiers. nil (void) stays nil.
func (t *Type) Strip() *Type {
	for range maxNesting {
		switch t.Kind() {
		case KindTypedef, KindConst, KindVolatile, KindRestrict, KindAtomic:
			t = t.Elem()
		default:
			return t
		}
	}
	return t.p.unknownType("a typedef of itself")
}

// Size is the size of a value in bytes; ok is false when it is not known
// (incomplete types, arrays of unknown bound, functions, void).
func (t *Type) Size() (n int64, ok bool) { return t.sizeWithin(maxNesting) }

func (t *Type) sizeWithin(depth int) (int64, bool) {
	d := t.data()
	if d.size >= 0 {
		return d.size, true
	}
	if depth == 0 {
		return 0, false
	}
	switch d.kind {
	case KindTypedef, KindConst, KindVolatile, KindRestrict, KindAtomic, KindEnum:
		return d.elem.sizeWithin(depth - 1)
	case KindArray:
		n, ok := d.elem.sizeWithin(depth - 1)
		if ok && d.count >= 0 && (n == 0 || d.count <= 1<<50/n) {
			return n * d.count, true
		}
	case KindPointer, KindReference, KindRReference, KindGoFunc:
		return int64(t.p.img.ptrSize), true
	case KindGoString, KindGoSlice, KindGoMap, KindGoInterface, KindGoChan:
		return d.repr.sizeWithin(depth - 1)
	}
	return 0, false
}

// Dynamic reports whether the type's size depends on the frame: a variable-length
// array, or an array of them.
func (t *Type) Dynamic() bool {
	for range maxNesting {
		d := t.data()
		switch d.kind {
		case KindTypedef, KindConst, KindVolatile, KindRestrict, KindAtomic:
		case KindArray:
			if d.bound != nil {
				return true
			}
		default:
			return false
		}
		t = d.elem
	}
	return false
}

// TypeIn computes the lengths of a variable-length array in frame f. Types
// that are not dynamic stay as they are, and so do lengths that can't be
// computed.
func (p *Program) TypeIn(t *Type, f *Frame, mem Memory) *Type {
	return p.resolve(t, f, mem, maxNesting)
}

func (p *Program) resolve(t *Type, f *Frame, mem Memory, depth int) *Type {
	if depth == 0 || !t.Dynamic() {
		return t
	}
	d := t.data()
	elem := p.resolve(d.elem, f, mem, depth-1)
	if d.kind != KindArray {
		c := *d
		c.elem, c.size = elem, -1
		return p.newType(c)
	}
	n := d.count
	if d.bound != nil {
		err := guard(func() error {
			v, err := p.attrValue(d.bound, d.unit, f, mem)
			if err != nil {
				return err
			}
			if n = int64(v); !d.counts {
				n += 1 - d.lower
			}
			if n < 0 || n > 1<<40 {
				return errors.New("not a length")
			}
			return nil
		})
		if err != nil {
			n = -1
		}
	}
	return p.ArrayOf(elem, n)
}

// attrValue evaluates an attribute that is an expression, or refers to a
// variable whose value it is.
func (p *Program) attrValue(a *dwarf.Field, u *Unit, f *Frame, mem Memory) (uint64, error) {
	switch x := a.Val.(type) {
	case int64:
		return uint64(x), nil
	case []byte:
		e := evaluator{p: p, unit: u, frame: f, mem: mem}
		return e.scalar(x)
	case dwarf.Offset:
		v, err := p.variableAt(x)
		if err != nil {
			return 0, err
		}
		l, err := p.locate(v, f, mem)
		if err != nil {
			return 0, err
		}
		n, ok := v.Type.Size()
		if !ok || n > 8 || f == nil {
			return 0, errors.New("a bound that is not an integer")
		}
		b, err := l.Read(int(n), f.Regs, mem)
		if err != nil {
			return 0, err
		}
		if v.Type.Strip().Signed() {
			return uint64(signExtend(littleUint(b), int(n))), nil
		}
		return littleUint(b), nil
	}
	return 0, errors.New("an attribute of a form that is not supported")
}

// derivedKey names a type made of another.
type derivedKey struct {
	of   *Type
	kind Kind
	n    int64
	name string
}

// derive returns the type that make makes, the same one each time.
func (p *Program) derive(k derivedKey, d typeData) *Type {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.derived[k]
	if t == nil {
		t = p.newType(d)
		p.derived[k] = t
	}
	return t
}

// PointerTo is the type of a pointer to t (nil for void).
func (p *Program) PointerTo(t *Type) *Type {
	return p.derive(derivedKey{of: t, kind: KindPointer},
		typeData{kind: KindPointer, size: int64(p.img.ptrSize), elem: t, lang: t.Language()})
}

// ArrayOf is the type of an array of n elements of type t.
func (p *Program) ArrayOf(t *Type, n int64) *Type {
	return p.derive(derivedKey{of: t, kind: KindArray, n: n},
		typeData{kind: KindArray, size: -1, elem: t, count: n, lang: t.Language()})
}

// UnionOf is a union that need not occur in the program, of members that all begin
// at its start. The same name must mean the same members each time.
func (p *Program) UnionOf(name string, size int64, members []Field) *Type {
	return p.derive(derivedKey{kind: KindUnion, n: size, name: name},
		typeData{kind: KindUnion, name: name, size: size, fields: members, lang: LangC})
}

// EnumOf is an enumeration that need not occur in the program. The same name must
// mean the same enumerators each time.
func (p *Program) EnumOf(name string, size int64, enums []Enumerator) *Type {
	return p.derive(derivedKey{kind: KindEnum, n: size, name: name},
		typeData{kind: KindEnum, name: name, size: size, enums: enums, lang: LangC})
}

// BaseType is a base type that need not occur in the program: the type of a
// literal or of an expression's result. kind is one of KindBool to
// KindComplex, size in bytes; signed matters for characters only.
func (p *Program) BaseType(name string, kind Kind, size int64, signed bool) *Type {
	n := size
	signed = signed && kind == KindChar || kind == KindInt
	if signed {
		n = -size
	}
	return p.derive(derivedKey{kind: kind, n: n, name: name},
		typeData{kind: kind, name: name, size: size, signed: signed, lang: LangC})
}
