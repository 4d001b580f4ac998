package values

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// maxSource is the length of the longest expression, in bytes.
const maxSource = 1 << 14

type tokenKind uint8

const (
	tokEnd    tokenKind = iota
	tokName             // identifier or keyword
	tokNumber           // as written
	tokString           // text is the decoded content
	tokChar             // text is the decoded content, one character
	tokReg              // $name: text is the name
	tokScope            // name:: or 'name'::, text is the name; the colons are part of it
	tokOp               // operator or punctuation
)

type token struct {
	kind     tokenKind
	pos, end int // in the source, bytes
	text     string
}

// describe names the token in an error.
func (t token) describe() string {
	if t.kind == tokEnd {
		return "the end"
	}
	return fmt.Sprintf("%q", t.text)
}

// Operators, longest first within each first character. Some are there only to
// be refused by name.
var operators = []string{
	"<<=", ">>=", "&^=", "...",
	"->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "::",
	"+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", ":=", "&^",
	"(", ")", "[", "]", "{", "}", ".", ",", "?", ":", ";", "~", "!", "+", "-", "*", "/", "%",
	"&", "|", "^", "<", ">", "=", "@",
}

type lexer struct {
	src    string
	pos    int
	goL    bool                   // Go's literals
	rust   bool                   // Rust's tuples
	isType func(name string) bool // tells instances of templates; may be nil
}

// lex splits src into tokens; the last is tokEnd.
func lex(src string, lang symbols.Language, isType func(string) bool) ([]token, *Error) {
	if len(src) > maxSource {
		return nil, &Error{Expr: src[:40] + "…", Msg: fmt.Sprintf("expression of %d bytes is too long (at most %d)", len(src), maxSource)}
	}
	l := lexer{src: src, goL: lang == symbols.LangGo, rust: lang == symbols.LangRust, isType: isType}
	var out []token
	for {
		t, err := l.next()
		if err != nil {
			err.Expr = src
			return nil, err
		}
		out = append(out, t)
		if t.kind == tokEnd {
			return out, nil
		}
	}
}

func (l *lexer) next() (token, *Error) {
	for l.pos < len(l.src) && strings.IndexByte(" \t\r\n", l.src[l.pos]) >= 0 {
		l.pos++
	}
	start := l.pos
	if start == len(l.src) {
		return token{kind: tokEnd, pos: start, end: start}, nil
	}
	make := func(k tokenKind, text string) (token, *Error) {
		return token{k, start, l.pos, text}, nil
	}
	c := l.src[start]
	switch {
	case c == '$':
		l.pos++
		name := l.name()
		if name == "" {
			return token{}, &Error{Pos: start, Msg: `"$" needs a register's name after it, as in $sp`}
		}
		return make(tokReg, name)
	case l.rust && c == '.' && start+1 < len(l.src) && isDigit(l.src[start+1]): // a tuple's field
		for l.pos++; l.pos < len(l.src) && isDigit(l.src[l.pos]); l.pos++ {
		}
		return make(tokNumber, l.src[start:l.pos])
	case isDigit(c) || c == '.' && start+1 < len(l.src) && isDigit(l.src[start+1]):
		return make(tokNumber, l.number())
	case c == '"' || c == '`' && l.goL:
		text, err := l.quoted(c)
		if err != nil {
			return token{}, err
		}
		return make(tokString, text)
	case c == '\'':
		text, err := l.quoted(c)
		if err != nil {
			return token{}, err
		}
		if strings.HasPrefix(l.src[l.pos:], "::") {
			l.pos += 2
			return make(tokScope, text)
		}
		return make(tokChar, text)
	}
	if c == '~' && l.goL { // an unnamed result: ~r0
		l.pos++
		if name := l.name(); name != "" {
			return make(tokName, "~"+name)
		}
		l.pos = start
	}
	if l.isType != nil && !l.goL {
		if text, isScope := l.instance(); isScope {
			return make(tokScope, text)
		} else if text != "" {
			return make(tokName, text)
		}
	}
	if scope := l.scope(); scope != "" {
		return make(tokScope, scope)
	}
	if name := l.name(); name != "" {
		return make(tokName, name)
	}
	for _, op := range operators {
		if op[0] == c && strings.HasPrefix(l.src[start:], op) && (l.goL || op[0] != '&' || len(op) < 2 || op[1] != '^') {
			l.pos += len(op)
			return make(tokOp, op)
		}
	}
	r, _ := utf8.DecodeRuneInString(l.src[start:])
	return token{}, &Error{Pos: start, Msg: fmt.Sprintf("unexpected character %q", r)}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// name reads an identifier, "" if there is none.
func (l *lexer) name() string {
	start := l.pos
	for l.pos < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.pos:])
		if r != '_' && !unicode.IsLetter(r) && (l.pos == start || !unicode.IsDigit(r)) {
			break
		}
		l.pos += n
	}
	return l.src[start:l.pos]
}

// scope reads "file.c::" or "name::" and returns what is before the colons, ""
// (and nothing read) if there is none.
func (l *lexer) scope() string {
	end := l.pos
	for end < len(l.src) {
		c := l.src[end]
		if c != '_' && c != '.' && !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') {
			break
		}
		end++
	}
	if end == l.pos || !strings.HasPrefix(l.src[end:], "::") {
		return ""
	}
	text := l.src[l.pos:end]
	l.pos = end + 2
	return text
}

// maxInstance is the length of the longest instance of a template, in bytes.
const maxInstance = 1 << 10

// instance reads a qualified name with template arguments in it, if it is a type
// of the program ("std::vector<int>"), or with the colons behind one it is the
// scope of. Nothing is read, and text is empty, when there is none.
func (l *lexer) instance() (text string, isScope bool) {
	best, bestScope := 0, false
	has := false
	rest := l.src[l.pos:min(len(l.src), l.pos+maxInstance)]
	for at := 0; ; {
		word := (&lexer{src: rest[at:]}).name()
		if word == "" {
			break
		}
		at += len(word)
		if at < len(rest) && rest[at] == '<' {
			end := closing(rest[at:])
			if end < 0 {
				break
			}
			at += end
			has = true
		}
		scope := strings.HasPrefix(rest[at:], "::")
		if has && l.isType(rest[:at]) {
			best, bestScope = at, scope
		}
		if !scope {
			break
		}
		at += 2
	}
	if best == 0 {
		return "", false
	}
	l.pos += best
	if bestScope {
		l.pos += 2
	}
	return rest[:best], bestScope
}

// closing is where the angle brackets that open at the start of s end, -1 if they
// don't, or hold what template arguments do not.
func closing(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '<' || c == '(' || c == '[':
			depth++
		case c == '>' || c == ')' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case strings.IndexByte(" ,:*&_'-", c) >= 0 || isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80:
		default:
			return -1
		}
	}
	return -1
}

// number reads the characters of a number; what they mean is the parser's.
func (l *lexer) number() string {
	start := l.pos
	hex := strings.HasPrefix(l.src[start:], "0x") || strings.HasPrefix(l.src[start:], "0X")
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		exponent := l.pos > start && (c == '+' || c == '-')
		if exponent {
			p := l.src[l.pos-1] | 0x20
			exponent = p == 'p' && hex || p == 'e' && !hex
		}
		if !exponent && c != '.' && c != '_' && !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') {
			break
		}
		l.pos++
	}
	return l.src[start:l.pos]
}

// quoted reads a string or character literal and decodes its escapes.
func (l *lexer) quoted(quote byte) (string, *Error) {
	start := l.pos
	l.pos++
	var out strings.Builder
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case c == quote:
			l.pos++
			return out.String(), nil
		case c == '\\' && quote != '`':
			if err := l.escape(&out); err != nil {
				return "", err
			}
		default:
			out.WriteByte(c)
			l.pos++
		}
	}
	return "", &Error{Pos: start, Msg: fmt.Sprintf("no closing %c", quote)}
}

var simpleEscapes = map[byte]byte{
	'n': '\n', 't': '\t', 'r': '\r', 'a': '\a', 'b': '\b', 'f': '\f', 'v': '\v', 'e': 0x1b,
	'\\': '\\', '\'': '\'', '"': '"', '?': '?',
}

// escape reads one escape sequence, of C or Go.
func (l *lexer) escape(out *strings.Builder) *Error {
	start := l.pos
	bad := &Error{Pos: start, Msg: "bad escape sequence in a literal"}
	l.pos++
	if l.pos == len(l.src) {
		return bad
	}
	c := l.src[l.pos]
	if plain, ok := simpleEscapes[c]; ok {
		l.pos++
		out.WriteByte(plain)
		return nil
	}
	// base, the most digits, and whether fewer may do.
	base, most, short := uint32(16), 2, !l.goL
	switch {
	case c >= '0' && c <= '7':
		base, most = 8, 3
	case c == 'x':
		l.pos++
	case c == 'u':
		l.pos++
		most, short = 4, false
	case c == 'U':
		l.pos++
		most, short = 8, false
	default:
		return bad
	}
	var value uint32
	n := 0
	for ; n < most && l.pos < len(l.src); n++ {
		d := digit(l.src[l.pos])
		if d >= base {
			break
		}
		value = value*base + d
		l.pos++
	}
	if n == 0 || n < most && !short {
		return bad
	}
	if c == 'u' || c == 'U' {
		if value > unicode.MaxRune {
			return bad
		}
		out.WriteRune(rune(value))
		return nil
	}
	if value > 255 {
		return bad
	}
	out.WriteByte(byte(value))
	return nil
}

// digit is the value of a hexadecimal digit, 255 for anything else.
func digit(c byte) uint32 {
	switch {
	case isDigit(c):
		return uint32(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return uint32(c|0x20-'a') + 10
	}
	return 255
}
