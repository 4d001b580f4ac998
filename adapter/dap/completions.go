package dap

import (
	"slices"
	"strings"
	"unicode/utf16"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger/values"
)

// maxCompletions bounds the answer to one request.
const maxCompletions = 200

func (s *session) completions(c *call, m *godap.CompletionsRequest) (any, error) {
	a := &m.Arguments
	text := a.Text
	if a.Line > 0 { // of several lines: the one that the column is about
		lines := strings.Split(text, "\n")
		if n := s.lineIn(a.Line); n >= 1 && n <= len(lines) {
			text = lines[n-1]
		}
	}
	col := a.Column
	if s.client.ColumnsStartAt1 {
		col--
	}
	units := utf16.Encode([]rune(text))
	if col < 0 || a.Column < 0 {
		return nil, badArgument("completions: column %d is before the text", a.Column)
	}
	before := string(utf16.Decode(units[:min(col, len(units))]))
	part := tail(before)
	head := strings.TrimSpace(before[:len(before)-len(part)])

	found := &completer{before: before}
	if s.client.ColumnsStartAt1 {
		found.first = 1
	}
	found.completes(part)
	// A word with its argument, or as much as there is of that.
	w, _, isWord := findWord(before)
	_, argument, begun := strings.Cut(strings.TrimLeft(before, " "), " ")
	switch {
	case s.phase == moving:
		if head == "" {
			found.words()
		}
	case isWord && begun && w.complete != nil:
		found.completes(strings.TrimLeft(argument, " "))
		w.complete(s, found, a.FrameId)
	case strings.HasSuffix(head, ".") || strings.HasSuffix(head, "->"):
		s.completeMembers(found, strings.TrimSuffix(strings.TrimSuffix(head, "."), "->"), a.FrameId)
	default:
		if head == "" {
			found.words()
		}
		s.completeNames(found, a.FrameId)
	}
	return godap.CompletionsResponseBody{Targets: found.list()}, nil
}

// tail is the name that text ends with, as far as it is written. Words of the
// console may contain hyphens, but only as the first thing of a line.
func tail(text string) string {
	if t := strings.TrimLeft(text, " "); strings.IndexFunc(t, func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') }) < 0 {
		return t
	}
	i := len(text)
	for i > 0 && nameByte(text[i-1]) {
		i--
	}
	return text[i:]
}

func nameByte(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// completer collects what completes the part that a text ends with.
type completer struct {
	before string // the text
	first  int    // the number of its first column
	part   string
	start  int // the column of part
	items  []godap.CompletionItem
	seen   map[string]bool
}

// completes sets the part that is to be completed.
func (x *completer) completes(part string) {
	x.part = part
	x.start = x.first + len(utf16.Encode([]rune(x.before))) - len(utf16.Encode([]rune(part)))
}

func (x *completer) add(label, detail string, kind godap.CompletionItemType) {
	if !strings.HasPrefix(label, x.part) || x.seen[label] || len(x.items) >= maxCompletions {
		return
	}
	if x.seen == nil {
		x.seen = map[string]bool{}
	}
	x.seen[label] = true
	x.items = append(x.items, godap.CompletionItem{
		Label: label, Detail: detail, Type: kind, Start: x.start, Length: len(utf16.Encode([]rune(x.part))),
	})
}

func (x *completer) words() {
	for i := range words {
		for j, name := range words[i].names {
			if j == 0 || len(name) > 2 { // the short forms are no help to anybody
				x.add(name, words[i].help, "keyword")
			}
		}
	}
}

func (x *completer) list() []godap.CompletionItem {
	if x.items == nil {
		return []godap.CompletionItem{}
	}
	return x.items
}

// completeNames adds variables, functions and registers.
func (s *session) completeNames(x *completer, frame int) {
	ctx, err := s.frameOrCurrent(frame)
	if err != nil {
		return
	}
	args, _ := values.Args(ctx)
	locals, _ := values.Locals(ctx)
	for _, v := range slices.Concat(args, locals, values.Globals(ctx)) {
		x.add(v.Name(), v.Type(), "variable")
	}
	if strings.HasPrefix(x.part, "$") {
		for _, r := range ctx.Arch.Regs {
			x.add("$"+r.Name, "", "variable")
			if r.Alias != "" {
				x.add("$"+r.Alias, "", "variable")
			}
		}
	}
	if x.part == "" {
		return // a program has thousands of functions
	}
	for _, f := range ctx.Prog.Funcs() {
		x.add(f.Name, "", "function")
	}
}

// completeMembers adds the members of an expression's value.
func (s *session) completeMembers(x *completer, text string, frame int) {
	expr := lastOperand(text)
	ctx, err := s.frameOrCurrent(frame)
	if err != nil || expr == "" {
		return
	}
	v, err := values.Evaluate(ctx, expr)
	if err != nil {
		return
	}
	members := func(v *values.Value) {
		list, _ := v.Children(0, min(v.NumNamed(), maxCompletions))
		for _, child := range list {
			x.add(child.Name(), child.Type(), "field")
		}
	}
	if _, pointer := v.Target(); pointer {
		if target, err := values.Evaluate(ctx, "*("+expr+")"); err == nil {
			members(target)
			return
		}
	}
	members(v)
}

// lastOperand is the operand that text ends with: names, members, and what is in
// brackets after them.
func lastOperand(text string) string {
	i, depth := len(text), 0
	for i > 0 {
		c := text[i-1]
		switch {
		case c == ')' || c == ']':
			depth++
		case c == '(' || c == '[':
			depth--
		case depth > 0 || nameByte(c) || c == '.':
		case c == '>' && i >= 2 && text[i-2] == '-':
			i--
		default:
			return text[i:]
		}
		if depth < 0 {
			return text[i:]
		}
		i--
	}
	return text[i:]
}

// What completes the arguments of words that take something else than an expression.

func noCompletions(*session, *completer, int) {}

func (s *session) completeInfos(x *completer, _ int) {
	for _, i := range infos {
		x.add(i.name, "", "keyword")
	}
}

func (s *session) completePositions(x *completer, _ int) {
	x.add("start", "the start of history", "keyword")
	x.add("end", "the end of history", "keyword")
	s.completeBookmarks(x, "@")
}
