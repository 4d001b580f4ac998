package symbols

import (
	"debug/dwarf"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// String is the type as its language writes it: "struct node *", "int [3][4]",
// "char (*)[10]", "[]main.T".
func (t *Type) String() string {
	switch t.Language() {
	case LangGo:
		return t.goName(maxNesting)
	case LangRust:
		return t.rustName(maxNesting)
	}
	return t.declare("", maxNesting)
}

// rustName is a type as Rust writes it: "&str", "[i32; 3]", "*const Point". rustc
// names its pointers; others are made by expressions.
func (t *Type) rustName(depth int) string {
	d := t.data()
	if depth == 0 {
		return "…"
	}
	switch {
	case d.short != "":
		return d.short
	case d.name != "":
		return ShortName(d.name)
	case d.kind == KindVoid:
		return "()"
	case d.kind == KindArray && d.count >= 0:
		return "[" + d.elem.rustName(depth-1) + "; " + strconv.FormatInt(d.count, 10) + "]"
	case d.kind == KindArray:
		return "[" + d.elem.rustName(depth-1) + "]"
	case d.kind == KindPointer:
		return "*const " + d.elem.rustName(depth-1)
	}
	return t.declare("", depth)
}

// keywords stand before the names of C's tagged types.
var keywords = map[Kind]string{
	KindStruct: "struct", KindClass: "class", KindUnion: "union", KindEnum: "enum",
}

var qualifierNames = map[Kind]string{
	KindConst: "const", KindVolatile: "volatile", KindRestrict: "restrict", KindAtomic: "_Atomic",
}

var pointerMarks = map[Kind]string{KindPointer: "*", KindReference: "&", KindRReference: "&&"}

// declare writes the declaration of inner as being of type t, the way C reads:
// from the inside out. Without an inner it is the name of the type.
func (t *Type) declare(inner string, depth int) string {
	if depth == 0 {
		return join("…", inner)
	}
	d := t.data()
	switch d.kind {
	case KindVoid:
		return join("void", inner)
	case KindPointer, KindReference, KindRReference:
		return d.elem.declare(parenthesize(d.elem, pointerMarks[d.kind]+inner), depth-1)
	case KindMemberPointer:
		if f := d.elem.data(); f.kind == KindFunc && len(f.params) > 0 { // without this
			method := *f
			method.params = f.params[1:]
			return t.p.newType(method).declare("("+d.class.Name()+"::*"+inner+")", depth-1)
		}
		return d.elem.declare(parenthesize(d.elem, d.class.Name()+"::*"+inner), depth-1)
	case KindConst, KindVolatile, KindRestrict, KindAtomic:
		q := qualifierNames[d.kind]
		switch d.elem.Kind() {
		case KindPointer, KindReference, KindRReference, KindMemberPointer:
			return d.elem.declare(join(" "+q, inner), depth-1)
		case KindArray, KindFunc: // it belongs to the element, which may have it already
			whole := d.elem.declare(inner, depth-1)
			if strings.HasPrefix(whole, q+" ") {
				return whole
			}
			return q + " " + whole
		}
		return join(q+" "+d.elem.declare("", depth-1), inner)
	case KindArray:
		n := ""
		if d.count >= 0 {
			n = strconv.FormatInt(d.count, 10)
		}
		return d.elem.declare(inner+"["+n+"]", depth-1)
	case KindFunc:
		var b strings.Builder
		for i, p := range d.params {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(p.declare("", depth-1))
		}
		switch {
		case d.variadic && len(d.params) > 0:
			b.WriteString(", ...")
		case len(d.params) == 0 && !d.variadic:
			b.WriteString("void")
		}
		return d.elem.declare(inner+"("+b.String()+")", depth-1)
	}
	return join(t.plainName(), inner)
}

// plainName is the name of a type that is not derived from another.
func (t *Type) plainName() string {
	d := t.data()
	name := d.name
	k := keywords[d.kind]
	if k != "" && (d.lang == LangC || name == "") {
		if name == "" {
			name = "{…}"
		}
		return k + " " + name
	}
	switch {
	case name == "":
		return "?"
	case d.kind == KindInt || d.kind == KindUint:
		return shortInt(name)
	case d.lang == LangCPlusPlus || d.lang == LangRust:
		return d.short
	}
	return name
}

// shortInt writes C's integer types the way people do: compilers say "long
// unsigned int".
func shortInt(name string) string {
	words := strings.Fields(name)
	if len(words) < 2 {
		return name
	}
	var out []string
	unsigned := false
	for _, w := range words {
		switch w {
		case "unsigned":
			unsigned = true
		case "long", "short":
			out = append(out, w)
		case "int", "signed":
		default:
			return name
		}
	}
	if len(out) == 0 {
		out = []string{"int"}
	}
	if unsigned {
		out = append([]string{"unsigned"}, out...)
	}
	return strings.Join(out, " ")
}

// parenthesize guards a pointer mark against what follows in the declaration
// of an array or function.
func parenthesize(elem *Type, inner string) string {
	for range maxNesting {
		switch elem.Kind() {
		case KindArray, KindFunc:
			return "(" + inner + ")"
		case KindConst, KindVolatile, KindAtomic:
			elem = elem.Elem()
			continue
		}
		break
	}
	return inner
}

// join puts a space between a name and what is declared.
func join(name, inner string) string {
	if inner == "" {
		return name
	}
	if inner[0] == ' ' {
		return name + inner
	}
	return name + " " + inner
}

// goName writes a type of Go. The compiler names all types it describes.
func (t *Type) goName(depth int) string {
	if t == nil {
		return "void"
	}
	d := t.data()
	if depth == 0 {
		return "…"
	}
	if d.name != "" {
		return d.name
	}
	switch d.kind {
	case KindPointer:
		if d.elem == nil {
			return "unsafe.Pointer"
		}
		return "*" + d.elem.goName(depth-1)
	case KindArray:
		return "[" + strconv.FormatInt(d.count, 10) + "]" + d.elem.goName(depth-1)
	case KindStruct:
		return "struct {…}"
	case KindFunc, KindGoFunc:
		return "func"
	}
	return t.plainName()
}

// typesNamed lists the entries of the types with a name.
func (p *Program) typesNamed(name string) []named {
	i := sort.Search(len(p.types), func(i int) bool { return p.types[i].name >= name })
	j := i
	for j < len(p.types) && p.types[j].name == name {
		j++
	}
	return p.types[i:j]
}

// LookupType finds a type by name, as a source of the program would write it:
// "int", "unsigned long", "struct node", "node" (a typedef or a name of C++ or
// Go, or else a tag), "main.T", or "T" when no other type has that name. Qualifiers and pointers are not parsed: see
// [Program.PointerTo].
func (p *Program) LookupType(name string) (*Type, bool) {
	words := strings.Fields(name)
	if len(words) == 0 {
		return nil, false
	}
	if len(words) == 1 && words[0] == "void" {
		return nil, true
	}
	var want Kind
	for k, w := range keywords {
		if len(words) == 2 && words[0] == w {
			want = k
		}
	}
	if want != KindVoid {
		return p.bestType(words[1], func(k Kind) bool {
			return k == want || k == KindStruct && want == KindClass || k == KindClass && want == KindStruct
		})
	}
	joined := strings.Join(words, " ")
	if t, ok := p.bestType(joined, func(k Kind) bool { return keywords[k] == "" }); ok {
		return t, true
	}
	if t, ok := p.bestType(joined, func(Kind) bool { return true }); ok {
		return t, true
	}
	if canon, ok := canonicalInt(words); ok {
		return p.baseNamed(canon)
	}
	if t, ok := p.instance(joined); ok {
		return t, true
	}
	for _, n := range p.types { // without its package or namespace
		if !n.decl && hasSuffixPart(n.name, joined) {
			return p.typeFrom(n.off), true
		}
	}
	return nil, false
}

// instance finds an instance of a template by a name in another spelling than
// the compiler's: "std::vector<int>".
func (p *Program) instance(name string) (*Type, bool) {
	if !strings.HasSuffix(name, ">") && aliasOf[ShortName(name)] == "" {
		return nil, false
	}
	p.instanceOnce.Do(func() {
		p.instances = map[string]dwarf.Offset{}
		for _, n := range p.types {
			if _, known := p.instances[canonical(n.name)]; !known && !n.decl && strings.HasSuffix(n.name, ">") {
				p.instances[canonical(n.name)] = n.off
			}
		}
	})
	off, ok := p.instances[canonical(name)]
	if !ok {
		return nil, false
	}
	return p.typeFrom(off), true
}

// bestType picks a definition, if there is one, among the types of that name.
func (p *Program) bestType(name string, fits func(Kind) bool) (*Type, bool) {
	var decl *Type
	for _, n := range p.typesNamed(name) {
		t := p.typeFrom(n.off)
		k := t.Kind()
		if n.decl && k == KindUnknown {
			k = recordKinds[n.tag]
		}
		if !fits(k) {
			continue
		}
		if !n.decl {
			return t, true
		}
		decl = t
	}
	return decl, decl != nil
}

// canonicalInt sorts the words of one of C's arithmetic types, "int" left out
// where others say all: compilers and people order them differently.
func canonicalInt(words []string) (string, bool) {
	known := map[string]bool{"signed": true, "unsigned": true, "long": true, "short": true, "int": true, "char": true, "double": true}
	var out []string
	sized := false
	for _, w := range words {
		if !known[w] {
			return "", false
		}
		sized = sized || w == "long" || w == "short" || w == "char"
	}
	for _, w := range words {
		if w == "int" && (sized || len(words) > 1) || w == "signed" && !slices.Contains(words, "char") {
			continue
		}
		out = append(out, w)
	}
	if len(out) == 0 {
		out = []string{"int"}
	}
	slices.Sort(out)
	return strings.Join(out, " "), true
}

// baseNamed finds a base type by its canonical words.
func (p *Program) baseNamed(canon string) (*Type, bool) {
	for _, n := range p.types {
		if c, ok := canonicalInt(strings.Fields(n.name)); ok && c == canon {
			return p.typeFrom(n.off), true
		}
	}
	return nil, false
}
