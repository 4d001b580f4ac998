package symbols

// Kind sorts types by how their values are read.
type Kind uint8

// Kinds. The Go kinds are structs in DWARF (pointers for maps and channels);
// their members are there, too.
const (
	KindVoid Kind = iota
	KindBool
	KindChar  // a character, signed or unsigned: see Type.Signed
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
	KindGoString
	KindGoSlice
	KindGoMap
	KindGoInterface
	KindGoChan
	KindUnknown // declared only, or beyond this reader: see Type.Why
)

// Type is a type of the program. Immutable; built from DWARF as it is looked
// at, so cycles are no concern. Two Types with the same DWARF entry are the
// same pointer.
type Type struct {
	kind Kind
}

// Kind tells how values are read. Typedefs and qualifiers are kinds of their
// own: see [Type.Strip].
func (t *Type) Kind() Kind { return t.kind }

// Name is the type's own name, without "struct" and the like; empty for
// unnamed and derived types.
func (t *Type) Name() string { return "" }

// String is the type as its language writes it: "struct node *", "int [3][4]",
// "char (*)[10]", "[]main.T".
func (t *Type) String() string { return "" }

// Language is the language the type was written in.
func (t *Type) Language() Language { return LangUnknown }

// Size is the size of a value in bytes; ok is false when it is not known
// (incomplete types, arrays of unknown bound, functions).
func (t *Type) Size() (n int64, ok bool) { return 0, false }

// Elem is what a pointer or reference points to, the element of an array,
// slice or channel, the value of a map, what a typedef or qualifier stands for,
// the result of a function, the integer type below an enum. nil for void and
// for kinds that have none.
func (t *Type) Elem() *Type { return nil }

// Key is the key type of a map.
func (t *Type) Key() *Type { return nil }

// Signed reports whether integers, characters and enums of the type are signed.
func (t *Type) Signed() bool { return false }

// Len is the number of elements of an array; -1 when it is not known. An array
// of several dimensions is an array of arrays.
func (t *Type) Len() int64 { return 0 }

// Fields lists the members of a struct, class, union or Go kind, base classes
// first, in order of declaration.
func (t *Type) Fields() []Field { return nil }

// Enumerators lists the constants of an enum in order of declaration.
func (t *Type) Enumerators() []Enumerator { return nil }

// Params lists the parameter types of a function; variadic says whether more
// may follow.
func (t *Type) Params() (params []*Type, variadic bool) { return nil, false }

// Strip removes typedefs and qualifiers. nil (void) stays nil.
func (t *Type) Strip() *Type { return t }

// Why says what a KindUnknown type is about.
func (t *Type) Why() string { return "" }

// Field is a member of a struct, class or union.
type Field struct {
	Name     string // empty for an unnamed struct or union
	Type     *Type
	Offset   int64 // bytes from the start of the value
	BitSize  int64 // size in bits for a bit field, else 0
	BitStart int64 // for a bit field: its first bit, counted from the low end of the byte at Offset (little endian)
	Base     bool  // a base class
	Embedded bool  // an embedded field of Go, or an unnamed member of C: its members are reached without a name
	Static   bool  // a static member of C++: it is not in the value
}

// Enumerator is a constant of an enum.
type Enumerator struct {
	Name  string
	Value int64
}

// LookupType finds a type by name, as a source of the program would write it:
// "int", "unsigned long", "struct node", "node" (a typedef or C++ or Go name,
// or else a tag), "main.T". Pointers ("struct node *") are not parsed: see
// [Program.PointerTo].
func (p *Program) LookupType(name string) (*Type, bool) { return nil, false }

// PointerTo is the type of a pointer to t (nil for void).
func (p *Program) PointerTo(t *Type) *Type { return nil }

// ArrayOf is the type of an array of n elements of type t.
func (p *Program) ArrayOf(t *Type, n int64) *Type { return nil }

// BaseType is a base type that need not occur in the program: the type of a
// literal or of an expression's result. kind is one of KindBool to
// KindComplex, size in bytes.
func (p *Program) BaseType(name string, kind Kind, size int64, signed bool) *Type { return nil }
