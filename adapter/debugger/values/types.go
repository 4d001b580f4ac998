package values

import (
	"fmt"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// strip removes typedefs and qualifiers; nil stays nil.
func strip(t *symbols.Type) *symbols.Type { return t.Strip() }

// kindOf is the kind of a stripped type.
func kindOf(t *symbols.Type) symbols.Kind { return t.Kind() }

const ptrSize = 8 // bytes; symbols reads 64-bit programs only

// sizeOf is the size of a value of type t, in bytes; ok is false when it is not
// known.
func sizeOf(t *symbols.Type) (n int64, ok bool) {
	n, ok = t.Size()
	return n, ok && n >= 0
}

// scalarInfo says how to read a scalar.
type scalarInfo struct {
	kind numKind
}

// scalarOf tells whether a stripped type is a scalar.
func scalarOf(t *symbols.Type) (scalarInfo, bool) {
	switch kindOf(t) {
	case symbols.KindInt:
		return scalarInfo{numInt}, true
	case symbols.KindUint, symbols.KindBool, symbols.KindPointer, symbols.KindReference, symbols.KindRReference,
		symbols.KindGoMap, symbols.KindGoChan, symbols.KindGoFunc, symbols.KindMemberPointer:
		return scalarInfo{numUint}, true
	case symbols.KindChar, symbols.KindEnum:
		if t.Signed() {
			return scalarInfo{numInt}, true
		}
		return scalarInfo{numUint}, true
	case symbols.KindFloat:
		return scalarInfo{numFloat}, true
	case symbols.KindComplex:
		return scalarInfo{numComplex}, true
	}
	return scalarInfo{}, false
}

// isArithmetic reports whether a stripped type takes part in C's arithmetic.
func isArithmetic(t *symbols.Type) bool {
	switch kindOf(t) {
	case symbols.KindBool, symbols.KindChar, symbols.KindInt, symbols.KindUint, symbols.KindEnum,
		symbols.KindFloat, symbols.KindComplex:
		return true
	}
	return false
}

func isInteger(t *symbols.Type) bool {
	switch kindOf(t) {
	case symbols.KindBool, symbols.KindChar, symbols.KindInt, symbols.KindUint, symbols.KindEnum:
		return true
	}
	return false
}

func isStruct(t *symbols.Type) bool {
	switch kindOf(t) {
	case symbols.KindStruct, symbols.KindClass, symbols.KindUnion:
		return true
	}
	return false
}

func isPointer(t *symbols.Type) bool { return kindOf(t) == symbols.KindPointer }

func isReference(t *symbols.Type) bool {
	k := kindOf(t)
	return k == symbols.KindReference || k == symbols.KindRReference
}

// isText reports whether an array of t, or a pointer to it, holds text in C: t
// is plain char, or another character type by its name (uint8_t may be either:
// see [printer.charArray]).
func isText(t *symbols.Type) bool { return textWidth(t) != 0 }

// textWidth is the size of a character of C text, in bytes; 0 if t is none.
func textWidth(t *symbols.Type) int {
	for range maxTypedefs {
		if t == nil || t.Language() == symbols.LangGo {
			return 0
		}
		switch t.Name() {
		case "wchar_t", "char32_t":
			return 4
		case "char16_t":
			return 2
		case "char8_t":
			return 1
		}
		switch t.Kind() {
		case symbols.KindChar:
			if n, _ := t.Size(); n == 1 || n == 2 || n == 4 {
				return int(n)
			}
			return 0
		case symbols.KindTypedef, symbols.KindConst, symbols.KindVolatile, symbols.KindAtomic:
			t = t.Elem()
		default:
			return 0
		}
	}
	return 0
}

const maxTypedefs = 100

// isPlainChar reports whether t is char itself, and so text beyond doubt.
func isPlainChar(t *symbols.Type) bool {
	s := strip(t)
	if kindOf(s) != symbols.KindChar {
		return textWidth(t) > 1
	}
	return s.Name() != "unsigned char" && s.Name() != "signed char"
}

// baseType describes a base type of a language.
type baseType struct {
	kind   symbols.Kind
	size   int64
	signed bool
}

var cBases = map[string]baseType{
	"_Bool": {symbols.KindBool, 1, false}, "bool": {symbols.KindBool, 1, false},
	"signed char": {symbols.KindChar, 1, true}, "unsigned char": {symbols.KindChar, 1, false},
	"short": {symbols.KindInt, 2, true}, "unsigned short": {symbols.KindUint, 2, false},
	"int": {symbols.KindInt, 4, true}, "unsigned int": {symbols.KindUint, 4, false},
	"long": {symbols.KindInt, 8, true}, "unsigned long": {symbols.KindUint, 8, false},
	"long long": {symbols.KindInt, 8, true}, "unsigned long long": {symbols.KindUint, 8, false},
	"__int128": {symbols.KindInt, 16, true}, "unsigned __int128": {symbols.KindUint, 16, false},
	"float": {symbols.KindFloat, 4, true}, "double": {symbols.KindFloat, 8, true}, "long double": {symbols.KindFloat, 16, true},
	"_Complex float": {symbols.KindComplex, 8, true}, "_Complex double": {symbols.KindComplex, 16, true},
	"_Complex long double": {symbols.KindComplex, 32, true},
	// Well known, whether the program has them or not.
	"int8_t": {symbols.KindChar, 1, true}, "uint8_t": {symbols.KindChar, 1, false},
	"int16_t": {symbols.KindInt, 2, true}, "uint16_t": {symbols.KindUint, 2, false},
	"int32_t": {symbols.KindInt, 4, true}, "uint32_t": {symbols.KindUint, 4, false},
	"int64_t": {symbols.KindInt, 8, true}, "uint64_t": {symbols.KindUint, 8, false},
	"size_t": {symbols.KindUint, 8, false}, "ssize_t": {symbols.KindInt, 8, true}, "ptrdiff_t": {symbols.KindInt, 8, true},
	"intptr_t": {symbols.KindInt, 8, true}, "uintptr_t": {symbols.KindUint, 8, false},
}

var goBases = map[string]baseType{
	"bool": {symbols.KindBool, 1, false},
	"int":  {symbols.KindInt, 8, true}, "uint": {symbols.KindUint, 8, false}, "uintptr": {symbols.KindUint, 8, false},
	"int8": {symbols.KindInt, 1, true}, "uint8": {symbols.KindUint, 1, false},
	"int16": {symbols.KindInt, 2, true}, "uint16": {symbols.KindUint, 2, false},
	"int32": {symbols.KindInt, 4, true}, "uint32": {symbols.KindUint, 4, false},
	"int64": {symbols.KindInt, 8, true}, "uint64": {symbols.KindUint, 8, false},
	"float32": {symbols.KindFloat, 4, true}, "float64": {symbols.KindFloat, 8, true},
	"complex64": {symbols.KindComplex, 8, true}, "complex128": {symbols.KindComplex, 16, true},
}

// goAliases are the names that the debug information does not have.
var goAliases = map[string]string{"byte": "uint8", "rune": "int32", "any": "interface {}", "interface{}": "interface {}"}

// baseKey names a base type of a language.
type baseKey struct {
	name   string
	goLang bool
}

// base is a base type by its canonical name; nil if there is none.
func (c *Context) base(name string, goLang bool) *symbols.Type {
	k := baseKey{name, goLang}
	t := c.bases[k]
	if t == nil {
		if t = c.findBase(name, goLang); c.bases != nil && t != nil {
			c.bases[k] = t
		}
	}
	return t
}

func (c *Context) findBase(name string, goLang bool) *symbols.Type {
	b, ok := cBases[name]
	if goLang {
		if alias := goAliases[name]; alias != "" {
			name = alias
		}
		// The program's own, so that types made of it are written as in Go.
		if t, found := c.Prog.LookupType(name); found && goBases[name].size != 0 && t.Language() == symbols.LangGo {
			return t
		}
		b, ok = goBases[name]
	}
	if name == "char" && !goLang {
		b, ok = baseType{symbols.KindChar, 1, c.charSigned()}, true
	}
	if !ok {
		return nil
	}
	return c.Prog.BaseType(name, b.kind, b.size, b.signed)
}

// charSigned reports whether C's char has a sign: the ABI's choice.
func (c *Context) charSigned() bool { return c.Arch != nil && c.Arch.Name == "amd64" }

// x87 reports whether floats of 16 bytes are the x87's.
func (c *Context) x87() bool { return c.Arch != nil && c.Arch.Name == "amd64" }

// lookupType finds a named type.
func (c *Context) lookupType(name string, goLang bool) (*symbols.Type, bool) {
	if goLang {
		return c.lookupGoType(name)
	}
	if word, _, _ := strings.Cut(name, " "); baseWords[word] {
		if t := c.base(name, false); t != nil {
			return t, true
		}
	}
	if t, ok := c.Prog.LookupType(name); ok && t != nil {
		return t, true
	}
	if t := c.base(name, false); t != nil {
		return t, true
	}
	return c.typeElsewhere(name)
}

// lookupGoType finds a type of Go by its name, which may be that of a slice, a map
// and the like; names without a package are those of the frame's.
func (c *Context) lookupGoType(name string) (*symbols.Type, bool) {
	if t := c.base(name, true); t != nil {
		return t, true
	}
	if alias := goAliases[name]; alias != "" {
		name = alias
	}
	if pkg := c.goPackage(); pkg != "" {
		if full := qualifyGo(name, pkg); full != name {
			if t, ok := c.Prog.LookupType(full); ok && t != nil {
				return t, true
			}
		}
	}
	t, ok := c.Prog.LookupType(name)
	if !ok || t == nil {
		return nil, false
	}
	// It may have been found by the end of its name: of a type itself, and not
	// of one that is made of it, as []T is.
	front, isEnd := strings.CutSuffix(t.String(), name)
	return t, !isEnd || !strings.ContainsAny(front, "*[]() ")
}

// qualifyGo puts a package in front of the names in a type that have none.
func qualifyGo(name, pkg string) string {
	var out strings.Builder
	for rest := name; rest != ""; {
		l := lexer{src: rest}
		word := l.name()
		if word == "" {
			out.WriteByte(rest[0])
			rest = rest[1:]
			continue
		}
		rest = rest[len(word):]
		before := out.String()
		member := strings.HasSuffix(before, ".") || strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "/") || strings.HasSuffix(before, "/")
		if !member && !goTypeWords[word] && goBases[word].size == 0 && goAliases[word] == "" {
			out.WriteString(pkg + ".")
		}
		out.WriteString(word)
	}
	return out.String()
}

var goTypeWords = map[string]bool{
	"string": true, "error": true, "map": true, "chan": true, "func": true, "struct": true, "interface": true,
}

// resolve makes a type of a type's node.
func (c *Context) resolve(n *typeNode, goLang bool) (*symbols.Type, error) {
	switch n.kind {
	case typePointer:
		elem, err := c.resolve(n.elem, goLang)
		if err != nil {
			return nil, err
		}
		return c.Prog.PointerTo(elem), nil
	case typeArray:
		elem, err := c.resolve(n.elem, goLang)
		if err != nil {
			return nil, err
		}
		return c.arrayOf(elem, n.n)
	case typeFunc:
		// Function types can't be made up; a pointer to anything shows the
		// code it points to.
		return nil, nil
	}
	if n.name == "void" && !goLang {
		return nil, nil
	}
	name := n.name
	if goLang {
		name = n.goString()
	}
	if t, ok := c.lookupType(name, goLang); ok {
		return t, nil
	}
	return nil, fmt.Errorf("no type %q in this program", clip(n.name, 80))
}

// arrayOf is the type of an array of n elements of type t.
func (c *Context) arrayOf(t *symbols.Type, n int64) (*symbols.Type, error) {
	size, ok := sizeOf(t)
	if !ok {
		return nil, fmt.Errorf("there are no arrays of %s", typeText(t))
	}
	if n < 0 || size > 0 && n > maxObject/size {
		return nil, fmt.Errorf("an array of %d elements is too large", n)
	}
	return c.Prog.ArrayOf(t, n), nil
}

// maxObject bounds the sizes that are computed with, in bytes.
const maxObject = 1 << 56

func typeText(t *symbols.Type) string {
	if t == nil {
		return "void"
	}
	return t.String()
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
