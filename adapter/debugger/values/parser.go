package values

import (
	"fmt"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// Limits on an expression's shape. Nesting is what recursion follows in the
// parser; depth is what it follows in the evaluator, where a long chain of
// operators is deep, too.
const (
	maxNesting = 200
	maxDepth   = 1000
)

// parser is a precedence-climbing parser over the tokens of an expression.
type parser struct {
	src     string
	goL     bool
	rust    bool
	toks    []token
	i       int
	nesting int
	// isType says whether a name stands for a type where the expression is.
	isType func(name string) bool
}

// Precedences of binary operators, higher binds tighter. "@" is gdb's.
var (
	precC = map[string]int{
		"||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6,
		"<": 7, "<=": 7, ">": 7, ">=": 7, "<<": 8, ">>": 8, "@": 9,
		"+": 10, "-": 10, "*": 11, "/": 11, "%": 11,
	}
	precGo = map[string]int{
		"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "@": 4,
		"+": 5, "-": 5, "|": 5, "^": 5,
		"*": 6, "/": 6, "%": 6, "<<": 6, ">>": 6, "&": 6, "&^": 6,
	}
)

const (
	lowestPrec = 1
	assignText = "assignment: the past can't be changed"
	callText   = "calls are not possible: the program can't be run to compute a value"
)

var assignments = map[string]bool{
	"=": true, "+=": true, "-=": true, "*=": true, "/=": true, "%=": true, "&=": true, "|=": true,
	"^=": true, "<<=": true, ">>=": true, "&^=": true, ":=": true, "++": true, "--": true,
}

// formatLetters are those of gdb's print that change how a value is shown.
const formatLetters = "xduotcafs" + string(rawLetter)

// rawLetter shows a value as what it consists of, without a view; also "!".
const rawLetter = 'r'

// parse parses a whole expression, with its format if it has one (else 0).
func parse(src string, lang symbols.Language, isType func(string) bool) (*node, byte, *Error) {
	goLang := lang == symbols.LangGo
	toks, err := lex(src, lang, isType)
	if err != nil {
		return nil, 0, err
	}
	p := &parser{src: src, goL: goLang, rust: lang == symbols.LangRust, toks: toks, isType: isType}
	var format byte
	if p.peek().text == "/" && p.peek().kind == tokOp && isFormat(toks[1]) {
		format = formatOf(toks[1])
		p.i = 2
	}
	n, err := p.expr()
	for err == nil && p.isOp(",") {
		if isFormat(toks[p.i+1]) && toks[p.i+2].kind == tokEnd {
			format = formatOf(toks[p.i+1])
			p.i += 2
			break
		}
		n, err = p.comma(n)
	}
	if err != nil {
		return nil, 0, err
	}
	if t := p.peek(); t.kind != tokEnd {
		return nil, 0, p.unexpected(t)
	}
	return n, format, nil
}

func isFormat(t token) bool {
	return t.kind == tokOp && t.text == "!" || t.kind == tokName && len(t.text) == 1 && strings.Contains(formatLetters, t.text)
}

func formatOf(t token) byte {
	if t.text == "!" {
		return rawLetter
	}
	return t.text[0]
}

func (p *parser) peek() token { return p.toks[p.i] }

// take returns the next token; the last one is never passed.
func (p *parser) take() token {
	t := p.toks[p.i]
	if t.kind != tokEnd {
		p.i++
	}
	return t
}

func (p *parser) isOp(text string) bool {
	t := p.toks[p.i]
	return t.kind == tokOp && t.text == text
}

func (p *parser) accept(text string) bool {
	if p.isOp(text) {
		p.i++
		return true
	}
	return false
}

func (p *parser) expect(text, why string) *Error {
	if p.accept(text) {
		return nil
	}
	t := p.peek()
	if assignments[t.text] && t.kind == tokOp {
		return p.fail(t.pos, assignText)
	}
	return p.fail(t.pos, "expected %q %s, found %s", text, why, t.describe())
}

func (p *parser) fail(pos int, format string, args ...any) *Error {
	return &Error{Expr: p.src, Pos: pos, Msg: fmt.Sprintf(format, args...)}
}

func (p *parser) unexpected(t token) *Error {
	switch {
	case t.kind == tokOp && assignments[t.text]:
		return p.fail(t.pos, assignText)
	case t.kind == tokEnd && p.src == "":
		return p.fail(t.pos, "the expression is empty")
	case t.kind == tokEnd:
		return p.fail(t.pos, "the expression is incomplete")
	}
	return p.fail(t.pos, "unexpected %s", t.describe())
}

// node finishes a node whose source begins at pos and ends before the next token.
func (p *parser) node(n node, pos int) (*node, *Error) {
	n.pos = pos
	if p.i > 0 {
		n.end = p.toks[p.i-1].end
	}
	for _, k := range n.kids {
		if k != nil {
			n.depth = max(n.depth, k.depth)
		}
	}
	n.depth++
	if n.depth > maxDepth {
		return nil, p.fail(pos, "the expression has more than %d operators in a row", maxDepth)
	}
	return &n, nil
}

// enter guards a recursion; leave ends it.
func (p *parser) enter() *Error {
	p.nesting++
	if p.nesting > maxNesting {
		return p.fail(p.peek().pos, "the expression is nested more than %d deep", maxNesting)
	}
	return nil
}

func (p *parser) leave() { p.nesting-- }

// expr parses anything but the comma operator.
func (p *parser) expr() (*node, *Error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	pos := p.peek().pos
	cond, err := p.binary(lowestPrec)
	if err != nil || p.goL || !p.isOp("?") {
		return cond, err
	}
	at := p.take().pos
	yes, err := p.expr()
	if err != nil {
		return nil, err
	}
	if err := p.expect(":", `after "?"`); err != nil {
		return nil, err
	}
	no, err := p.expr()
	if err != nil {
		return nil, err
	}
	return p.node(node{kind: nodeCond, at: at, kids: []*node{cond, yes, no}}, pos)
}

// comma parses the rest of a comma operator, at the comma.
func (p *parser) comma(left *node) (*node, *Error) {
	at := p.take().pos
	right, err := p.expr()
	if err != nil {
		return nil, err
	}
	return p.node(node{kind: nodeBinary, at: at, text: ",", kids: []*node{left, right}}, left.pos)
}

func (p *parser) binary(min int) (*node, *Error) {
	pos := p.peek().pos
	left, err := p.unary()
	if err != nil {
		return nil, err
	}
	table := precC
	if p.goL {
		table = precGo
	}
	for {
		t := p.peek()
		prec, ok := table[t.text]
		if t.kind != tokOp || !ok || prec < min {
			return left, nil
		}
		p.take()
		if err := p.enter(); err != nil {
			return nil, err
		}
		right, err := p.binary(prec + 1)
		p.leave()
		if err != nil {
			return nil, err
		}
		left, err = p.node(node{kind: nodeBinary, at: t.pos, text: t.text, kids: []*node{left, right}}, pos)
		if err != nil {
			return nil, err
		}
	}
}

const (
	unaryC  = "*&-+!~"
	unaryGo = "*&-+!^"
)

func (p *parser) unary() (*node, *Error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	t := p.peek()
	ops := unaryC
	if p.goL {
		ops = unaryGo
	}
	switch {
	case t.kind == tokOp && (t.text == "++" || t.text == "--"):
		return nil, p.fail(t.pos, assignText)
	case t.kind == tokOp && t.text == "&&" && !p.goL:
		return nil, p.fail(t.pos, `"&&" needs a value before it`)
	case t.kind == tokOp && len(t.text) == 1 && strings.Contains(ops, t.text):
		p.take()
		kid, err := p.unary()
		if err != nil {
			return nil, err
		}
		return p.node(node{kind: nodeUnary, at: t.pos, text: t.text, kids: []*node{kid}}, t.pos)
	case t.kind == tokOp && t.text == "{":
		return p.memoryAt()
	case t.kind == tokOp && t.text == "(" && !p.goL:
		if n, ok, err := p.cast(); ok || err != nil {
			return n, err
		}
	case t.kind == tokName && t.text == "sizeof" && !p.goL:
		return p.sizeof()
	}
	return p.postfix()
}

// memoryAt parses gdb's {type} address.
func (p *parser) memoryAt() (*node, *Error) {
	open := p.take()
	typ, err := p.typ()
	if err != nil {
		return nil, err
	}
	if err := p.expect("}", "after the type"); err != nil {
		return nil, err
	}
	kid, err := p.unary()
	if err != nil {
		return nil, err
	}
	return p.node(node{kind: nodeAt, at: open.pos, typ: typ, kids: []*node{kid}}, open.pos)
}

// cast parses (type)operand; ok is false, and nothing read, when the parenthesis
// is another one.
func (p *parser) cast() (n *node, ok bool, err *Error) {
	open := p.peek()
	typ, err := p.parenType()
	if typ == nil {
		return nil, err != nil, err
	}
	kid, err := p.unary()
	if err != nil {
		return nil, true, err
	}
	n, err = p.node(node{kind: nodeCast, at: open.pos, typ: typ, kids: []*node{kid}}, open.pos)
	return n, true, err
}

// parenType parses a type in parentheses; nil, and nothing read, when they hold
// something else. There is an error when it can only be a type, and a wrong one.
func (p *parser) parenType() (*typeNode, *Error) {
	start := p.i
	if p.accept("(") && p.startsType() {
		word := p.peek().text
		typ, err := p.typ()
		if err == nil {
			err = p.expect(")", "after the type")
		}
		if err == nil {
			return typ, nil
		}
		if tagWords[word] || baseWords[word] || qualifiers[word] {
			// int(x), the C++ way, is no type.
			if p.i = start + 2; !p.isOp("(") || p.toks[p.i+1].text == "*" {
				return nil, err
			}
		}
	}
	p.i = start
	return nil, nil
}

func (p *parser) sizeof() (*node, *Error) {
	t := p.take()
	typ, err := p.parenType()
	if err != nil {
		return nil, err
	}
	if typ != nil {
		return p.node(node{kind: nodeSizeof, at: t.pos, typ: typ}, t.pos)
	}
	kid, err := p.unary()
	if err != nil {
		return nil, err
	}
	return p.node(node{kind: nodeSizeof, at: t.pos, kids: []*node{kid}}, t.pos)
}

func (p *parser) postfix() (*node, *Error) {
	pos := p.peek().pos
	n, err := p.primary()
	for err == nil {
		t := p.peek()
		if t.kind == tokNumber && t.text[0] == '.' && p.rust { // Rust's tuple.0
			n, err = p.tupleField(n, pos)
			continue
		}
		if t.kind != tokOp {
			return n, nil
		}
		switch t.text {
		case ".", "->":
			n, err = p.member(n, pos)
		case "[":
			n, err = p.index(n, pos)
		case "(":
			n, err = p.call(n, pos)
		case "++", "--":
			return nil, p.fail(t.pos, assignText)
		default:
			return n, nil
		}
	}
	return nil, err
}

// tupleField parses a field of one of Rust's tuples, which have numbers: t.0.
func (p *parser) tupleField(n *node, pos int) (*node, *Error) {
	t := p.take()
	return p.node(node{kind: nodeMember, at: t.pos + 1, text: "__" + t.text[1:], kids: []*node{n}}, pos)
}

func (p *parser) member(n *node, pos int) (*node, *Error) {
	op := p.take()
	if p.goL && op.text == "." && p.isOp("(") {
		p.take()
		typ, err := p.typ()
		if err != nil {
			return nil, err
		}
		if err := p.expect(")", "after the type"); err != nil {
			return nil, err
		}
		return p.node(node{kind: nodeAssert, at: op.pos, typ: typ, kids: []*node{n}}, pos)
	}
	name := p.take()
	if name.kind != tokName {
		return nil, p.fail(name.pos, "expected a member's name after %q, found %s", op.text, name.describe())
	}
	return p.node(node{kind: nodeMember, at: name.pos, arrow: op.text == "->", text: name.text, kids: []*node{n}}, pos)
}

func (p *parser) index(n *node, pos int) (*node, *Error) {
	open := p.take()
	var low, high *node
	var err *Error
	if !p.goL || !p.isOp(":") {
		if low, err = p.expr(); err == nil && p.isOp(",") && !p.goL {
			low, err = p.comma(low)
		}
		if err != nil {
			return nil, err
		}
	}
	if p.goL && p.accept(":") {
		if !p.isOp("]") {
			if high, err = p.expr(); err != nil {
				return nil, err
			}
		}
		if err := p.expect("]", `after "["`); err != nil {
			return nil, err
		}
		return p.node(node{kind: nodeSlice, at: open.pos, kids: []*node{n, low, high}}, pos)
	}
	if err := p.expect("]", `after "["`); err != nil {
		return nil, err
	}
	return p.node(node{kind: nodeIndex, at: open.pos, kids: []*node{n, low}}, pos)
}

func (p *parser) call(n *node, pos int) (*node, *Error) {
	open := p.take()
	kids := []*node{n}
	for !p.isOp(")") {
		arg, err := p.expr()
		if err != nil {
			return nil, err
		}
		kids = append(kids, arg)
		if !p.accept(",") {
			break
		}
	}
	if err := p.expect(")", `after "("`); err != nil {
		return nil, err
	}
	return p.node(node{kind: nodeCall, at: open.pos, kids: kids}, pos)
}

func (p *parser) primary() (*node, *Error) {
	t := p.peek()
	switch t.kind {
	case tokName:
		p.take()
		if p.goL && t.text == "nil" {
			return p.node(node{kind: nodeNil}, t.pos)
		}
		if !p.goL && !p.rust && (tagWords[t.text] || (baseWords[t.text] || qualifiers[t.text]) && !p.isOp("(")) {
			return nil, p.fail(t.pos, "%q begins a type, not a value", t.text)
		}
		if p.goL && t.text == "map" && p.isOp("[") {
			p.i--
			return p.goTypeNode()
		}
		return p.node(node{kind: nodeName, at: t.pos, text: t.text}, t.pos)
	case tokScope:
		return p.scoped()
	case tokNumber:
		p.take()
		c, msg := parseNumber(t.text, p.goL)
		if msg != "" {
			return nil, p.fail(t.pos, "%s", msg)
		}
		return p.node(node{kind: nodeConst, value: c}, t.pos)
	case tokChar:
		p.take()
		c, ok := charConstant(t.text, p.goL)
		if !ok {
			return nil, p.fail(t.pos, "a character literal holds one character")
		}
		return p.node(node{kind: nodeConst, value: c}, t.pos)
	case tokString:
		p.take()
		text := t.text
		for p.peek().kind == tokString && !p.goL { // C joins neighbours
			text += p.take().text
		}
		return p.node(node{kind: nodeText, at: t.pos, text: text}, t.pos)
	case tokReg:
		p.take()
		return p.node(node{kind: nodeReg, at: t.pos, text: t.text}, t.pos)
	}
	switch {
	case p.isOp("("):
		return p.paren()
	case p.isOp("::"):
		p.take()
		if p.peek().kind == tokScope {
			return p.scoped()
		}
		name := p.take()
		if name.kind != tokName {
			return nil, p.fail(name.pos, `expected a name after "::", found %s`, name.describe())
		}
		return p.node(node{kind: nodeScoped, at: t.pos, text: name.text}, t.pos)
	case p.isOp("[") && p.goL:
		return p.goTypeNode()
	}
	return nil, p.unexpected(t)
}

func (p *parser) paren() (*node, *Error) {
	open := p.take()
	n, err := p.expr()
	for err == nil && p.isOp(",") && !p.goL {
		n, err = p.comma(n)
	}
	if err != nil {
		return nil, err
	}
	if err := p.expect(")", `after "("`); err != nil {
		return nil, err
	}
	return p.node(node{kind: nodeParen, at: open.pos, kids: []*node{n}}, open.pos)
}

// scoped parses a::b::name.
func (p *parser) scoped() (*node, *Error) {
	first := p.peek()
	var scope []string
	for p.peek().kind == tokScope {
		scope = append(scope, p.take().text)
	}
	name := p.take()
	if name.kind != tokName {
		return nil, p.fail(name.pos, `expected a name after "::", found %s`, name.describe())
	}
	return p.node(node{kind: nodeScoped, at: first.pos, text: name.text, scope: scope}, first.pos)
}
