package values

import (
	"slices"
	"strconv"
	"strings"
)

// startsType reports whether a type's name is next.
func (p *parser) startsType() bool {
	t := p.peek()
	if t.kind == tokScope {
		name, _ := p.qualified()
		return name != "" && p.isType(name)
	}
	if t.kind != tokName {
		return false
	}
	if !p.rust && (tagWords[t.text] || baseWords[t.text] || qualifiers[t.text]) {
		return true // in Rust they are names like others
	}
	return p.isType(t.text)
}

var (
	tagWords   = map[string]bool{"struct": true, "union": true, "enum": true, "class": true}
	qualifiers = map[string]bool{"const": true, "volatile": true, "restrict": true, "_Atomic": true}
	baseWords  = map[string]bool{
		"char": true, "short": true, "int": true, "long": true, "signed": true, "unsigned": true,
		"float": true, "double": true, "void": true, "_Bool": true, "_Complex": true, "__int128": true,
	}
)

// typ parses a type of the expression's language.
func (p *parser) typ() (*typeNode, *Error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if p.goL {
		return p.goType()
	}
	base, err := p.cBase()
	if err != nil {
		return nil, err
	}
	return p.declarator(base)
}

// cBase parses what comes before the * and [] of a C type.
func (p *parser) cBase() (*typeNode, *Error) {
	start := p.peek()
	var words []string
	name := ""
	for name == "" {
		t := p.peek()
		switch {
		case t.kind == tokName && qualifiers[t.text]:
			p.take()
			continue
		case t.kind == tokName && baseWords[t.text]:
			p.take()
			words = append(words, t.text)
			continue
		case len(words) > 0:
		case t.kind == tokName && tagWords[t.text]:
			p.take()
			tag, _ := p.qualified()
			if tag == "" {
				return nil, p.fail(p.peek().pos, "expected a name after %q, found %s", t.text, p.peek().describe())
			}
			p.skipQualified()
			name = t.text + " " + tag
			continue
		case t.kind == tokName || t.kind == tokScope:
			if name, _ = p.qualified(); name != "" {
				p.skipQualified()
				continue
			}
		}
		break
	}
	if len(words) > 0 {
		var ok bool
		if name, ok = baseName(words); !ok {
			return nil, p.fail(start.pos, "no type %q", strings.Join(words, " "))
		}
	}
	if name == "" {
		return nil, p.fail(start.pos, "expected a type, found %s", start.describe())
	}
	for p.peek().kind == tokName && qualifiers[p.peek().text] {
		p.take()
	}
	return &typeNode{kind: typeName, pos: start.pos, name: name}, nil
}

// qualified looks ahead for a name with its C++ scopes, n tokens long; "" if
// there is none.
func (p *parser) qualified() (name string, n int) {
	for _, t := range p.toks[p.i:] {
		n++
		switch t.kind {
		case tokScope:
			name += t.text + "::"
			continue
		case tokName:
			return name + t.text, n
		}
		break
	}
	return "", 0
}

func (p *parser) skipQualified() {
	_, n := p.qualified()
	p.i += n
}

// baseName makes one canonical name of the words of a base type, in whatever
// order they came ("long unsigned int").
func baseName(words []string) (string, bool) {
	words = slices.Sorted(slices.Values(words))
	name, ok := baseNames[strings.Join(words, " ")]
	return name, ok
}

// baseNames maps the sorted words of a base type to its canonical name.
var baseNames = map[string]string{
	"void": "void", "_Bool": "_Bool", "float": "float", "double": "double", "double long": "long double",
	"char": "char", "char signed": "signed char", "char unsigned": "unsigned char",
	"short": "short", "int short": "short", "short signed": "short", "int short signed": "short",
	"short unsigned": "unsigned short", "int short unsigned": "unsigned short",
	"int": "int", "signed": "int", "int signed": "int", "unsigned": "unsigned int", "int unsigned": "unsigned int",
	"long": "long", "int long": "long", "long signed": "long", "int long signed": "long",
	"long unsigned": "unsigned long", "int long unsigned": "unsigned long",
	"long long": "long long", "int long long": "long long", "long long signed": "long long", "int long long signed": "long long",
	"long long unsigned": "unsigned long long", "int long long unsigned": "unsigned long long",
	"__int128": "__int128", "__int128 signed": "__int128", "__int128 unsigned": "unsigned __int128",
	"_Complex float": "_Complex float", "_Complex double": "_Complex double", "_Complex double long": "_Complex long double",
}

// declarator parses the * and [] of a C type without a name: "*", "(*)[10]",
// "[2][3]", "(*)(int)".
func (p *parser) declarator(t *typeNode) (*typeNode, *Error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	for {
		if p.accept("*") || p.accept("&") {
			t = &typeNode{kind: typePointer, pos: p.toks[p.i-1].pos, elem: t}
		} else if q := p.peek(); q.kind == tokName && (qualifiers[q.text] || q.text == "__restrict") {
			p.take()
		} else {
			break
		}
	}
	// A parenthesis around a declarator, else it holds parameters.
	inner := -1
	if p.isOp("(") && p.i+1 < len(p.toks) && (p.toks[p.i+1].text == "*" || p.toks[p.i+1].text == "(") && p.toks[p.i+1].kind == tokOp {
		inner = p.i + 1
		if err := p.skipGroup("(", ")"); err != nil {
			return nil, err
		}
	}
	t, err := p.suffixes(t)
	if err != nil || inner < 0 {
		return t, err
	}
	end := p.i
	p.i = inner
	t, err = p.declarator(t)
	if err != nil {
		return nil, err
	}
	if err := p.expect(")", "in the type"); err != nil {
		return nil, err
	}
	p.i = end
	return t, nil
}

// suffixes parses the [n] and (parameters) after a declarator. The first [n] is
// the outermost array.
func (p *parser) suffixes(t *typeNode) (*typeNode, *Error) {
	if p.isOp("(") {
		pos := p.peek().pos
		if err := p.skipGroup("(", ")"); err != nil {
			return nil, err
		}
		return &typeNode{kind: typeFunc, pos: pos, elem: t}, nil
	}
	var lens []int64
	pos := p.peek().pos
	for p.isOp("[") {
		n, err := p.arrayLen()
		if err != nil {
			return nil, err
		}
		lens = append(lens, n)
		if len(lens) > maxNesting {
			return nil, p.fail(pos, "an array of more than %d dimensions", maxNesting)
		}
	}
	for i := len(lens) - 1; i >= 0; i-- {
		t = &typeNode{kind: typeArray, pos: pos, elem: t, n: lens[i]}
	}
	return t, nil
}

// arrayLen parses [n].
func (p *parser) arrayLen() (int64, *Error) {
	p.take()
	t := p.take()
	n, err := strconv.ParseInt(t.text, 0, 64)
	if t.kind != tokNumber || err != nil || n < 0 {
		return 0, p.fail(t.pos, "expected an array's length, found %s", t.describe())
	}
	return n, p.expect("]", "after the length")
}

// skipGroup passes a group in brackets.
func (p *parser) skipGroup(open, close string) *Error {
	start := p.peek()
	for depth := 0; ; {
		t := p.take()
		switch {
		case t.kind == tokEnd:
			return p.fail(start.pos, "no closing %q", close)
		case t.kind != tokOp:
		case t.text == open:
			depth++
		case t.text == close:
			if depth--; depth == 0 {
				return nil
			}
		}
	}
}

// goTypeNode parses a type of Go that can't be an expression, for a conversion.
func (p *parser) goTypeNode() (*node, *Error) {
	pos := p.peek().pos
	typ, err := p.typ()
	if err != nil {
		return nil, err
	}
	if !p.isOp("(") {
		return nil, p.fail(p.peek().pos, `expected "(" after the type, found %s`, p.peek().describe())
	}
	return p.node(node{kind: nodeType, at: pos, typ: typ}, pos)
}

// goType parses a type of Go. Those that the debug information knows only as a
// whole (slices, maps, channels, instances of generic types) become names.
func (p *parser) goType() (*typeNode, *Error) {
	t := p.peek()
	switch {
	case p.accept("*"):
		elem, err := p.typ()
		if err != nil {
			return nil, err
		}
		return &typeNode{kind: typePointer, pos: t.pos, elem: elem}, nil
	case p.accept("("):
		elem, err := p.typ()
		if err != nil {
			return nil, err
		}
		return elem, p.expect(")", "after the type")
	case p.isOp("[") && p.toks[p.i+1].text == "]" && p.toks[p.i+1].kind == tokOp:
		p.i += 2
		elem, err := p.typ()
		if err != nil {
			return nil, err
		}
		return &typeNode{kind: typeName, pos: t.pos, name: "[]" + elem.goString()}, nil
	case p.isOp("["):
		n, err := p.arrayLen()
		if err != nil {
			return nil, err
		}
		elem, err := p.typ()
		if err != nil {
			return nil, err
		}
		return &typeNode{kind: typeArray, pos: t.pos, elem: elem, n: n}, nil
	case t.kind == tokName && t.text == "map":
		p.take()
		if err := p.expect("[", `after "map"`); err != nil {
			return nil, err
		}
		key, err := p.typ()
		if err != nil {
			return nil, err
		}
		if err := p.expect("]", "after the key's type"); err != nil {
			return nil, err
		}
		elem, err := p.typ()
		if err != nil {
			return nil, err
		}
		return &typeNode{kind: typeName, pos: t.pos, name: "map[" + key.goString() + "]" + elem.goString()}, nil
	case t.kind == tokName && (t.text == "struct" || t.text == "interface" || t.text == "func" || t.text == "chan"):
		return p.goTypeText()
	case t.kind == tokName || t.kind == tokString:
		return p.goNamed()
	}
	return nil, p.fail(t.pos, "expected a type, found %s", t.describe())
}

// goTypeText takes "interface {}", "struct {…}", "func(…) T" and the like as their
// source has them, which has to be as Go writes them.
func (p *parser) goTypeText() (*typeNode, *Error) {
	t := p.take()
	switch t.text {
	case "chan":
		elem, err := p.typ()
		if err != nil {
			return nil, err
		}
		return &typeNode{kind: typeName, pos: t.pos, name: "chan " + elem.goString()}, nil
	case "func":
		if !p.isOp("(") {
			return nil, p.fail(p.peek().pos, `expected "(" after "func", found %s`, p.peek().describe())
		}
		if err := p.skipGroup("(", ")"); err != nil {
			return nil, err
		}
		if p.isOp("(") {
			if err := p.skipGroup("(", ")"); err != nil {
				return nil, err
			}
		} else if r := p.peek(); r.kind == tokName || r.kind == tokOp && (r.text == "*" || r.text == "[") {
			if _, err := p.typ(); err != nil {
				return nil, err
			}
		}
	default:
		if !p.isOp("{") {
			return nil, p.fail(p.peek().pos, `expected "{" after %q, found %s`, t.text, p.peek().describe())
		}
		if err := p.skipGroup("{", "}"); err != nil {
			return nil, err
		}
	}
	name := p.src[t.pos:p.toks[p.i-1].end]
	if p.toks[p.i-2].text == "{" && p.toks[p.i-1].text == "}" {
		name = t.text + " {}"
	}
	return &typeNode{kind: typeName, pos: t.pos, name: name}, nil
}

// goNamed parses pkg.T, "path/to/pkg".T and T, with the arguments of an instance.
func (p *parser) goNamed() (*typeNode, *Error) {
	t := p.take()
	name := t.text
	if p.isOp(".") && p.toks[p.i+1].kind == tokName {
		p.take()
		name += "." + p.take().text
	}
	if p.isOp("[") {
		p.take()
		var args []string
		for {
			arg, err := p.typ()
			if err != nil {
				return nil, err
			}
			args = append(args, arg.goString())
			if !p.accept(",") {
				break
			}
		}
		if err := p.expect("]", "after the type's arguments"); err != nil {
			return nil, err
		}
		name += "[" + strings.Join(args, ",") + "]"
	}
	return &typeNode{kind: typeName, pos: t.pos, name: name}, nil
}

// goString is the type's name as Go's debug information has it.
func (t *typeNode) goString() string {
	switch t.kind {
	case typePointer:
		return "*" + t.elem.goString()
	case typeArray:
		return "[" + strconv.FormatInt(t.n, 10) + "]" + t.elem.goString()
	}
	if alias := goAliases[t.name]; alias != "" {
		return alias
	}
	return t.name
}
