package values

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// Values of types that a standard library defines are shown by what they mean:
// a string's text, a container's elements, what a smart pointer points to. A view
// is that meaning of one value. A viewer makes it, from the names of the members
// in the debug information; the viewers are in tables, by language and the name
// of the type (viewsOf). What a value consists of stays within reach: as its
// child "[raw]", and with the format r.
//
// A view is made of memory that may hold anything: a container that was not
// constructed yet, or that was overwritten. Viewers check what they read, walks
// along pointers are counted, and what is wrong becomes the view's err: the
// value is then shown with that text and its raw members.

// view is what a value means.
type view struct {
	of   *Value
	err  error                       // why it can't be told
	text func(p *printer, level int) // writes it on one line; nil: from what follows

	str    *text     // it is text
	kids   []*Value  // its named parts
	seq    *sequence // its elements
	target *Value    // what * and -> reach in an expression

	// transparent says that the value is shown as its target is, with the
	// target's own children.
	transparent bool
	payload     *Value // whose members are the value's own: of a variant
	array       *Value // the pointer to an array that an index counts in
	holds       bool   // there is something in it, which * does not reach
}

// viewer makes the view of a value of type t, stripped. nil for a value that is
// best shown as it is.
type viewer func(v *Value, t *symbols.Type) (*view, error)

// text is a run of characters.
type text struct {
	addr  uint64
	n     int64         // characters
	width int           // of one, in bytes
	typ   *symbols.Type // of one
	src   *Value
}

// char is the type of a character.
func (t *text) char() *symbols.Type {
	if t.typ != nil {
		return t.typ
	}
	return t.src.c.base("char", false)
}

// sequence is the elements of a container.
type sequence struct {
	n           int64
	at          func(i int64) (*Value, error)          // the element i
	pair        func(i int64) (*Value, *Value, error)  // of a map: the key and the value
	same        func(i int64) (count int64, over bool) // repetitions, as printer.elements has it; may be nil
	many        bool                                   // of a map: several values may have one key
	open, close string                                 // around the elements, "{" and "}" if empty
}

var errDamaged = errors.New("not initialized, or damaged")

// damaged says what is wrong with a value.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errDamaged, fmt.Sprintf(format, args...))
}

// viewsOf are the viewers of each language, by the base names of types.
var viewsOf map[symbols.Language]map[string]viewer

func init() { // a literal would be an initialization cycle
	viewsOf = map[symbols.Language]map[string]viewer{
		symbols.LangCPlusPlus: cppViews(),
		symbols.LangRust:      rustViews(),
		symbols.LangGo:        goViews(),
	}
}

// view is the value's view, nil for values that are shown as they are.
func (v *Value) view() *view {
	if v.viewed != nil && v.viewed.of == v {
		if v.viewed.isNone() {
			return nil
		}
		return v.viewed
	}
	if v.typ == nil || !mayHaveView(v.typ) && v.own == nil || !v.c.enter() {
		return nil
	}
	defer v.c.leave()
	var w *view
	if v.own != nil {
		c := *v.own
		w = &c
	} else {
		w = v.makeView()
	}
	if w == nil {
		v.viewed = &view{of: v}
		return nil
	}
	w.of = v
	v.viewed = w
	return w
}

// maxViewing bounds how deep views are made of views. Programs don't nest them
// deeper than their types, but debug information can hold a type made of itself.
const maxViewing = 24

// enter begins something that may lead to other views, unless it is too deep in
// them; leave ends it.
func (c *Context) enter() bool {
	if c.viewing >= maxViewing {
		return false
	}
	c.viewing++
	return true
}

func (c *Context) leave() { c.viewing-- }

// mayHaveView rules out what conditions are made of, before anything is looked up.
func mayHaveView(t *symbols.Type) bool {
	switch t.Language() {
	case symbols.LangC:
		return false
	case symbols.LangCPlusPlus:
		return isStruct(strip(t))
	}
	return true
}

// isNone reports whether there is nothing in the view: the value has none.
func (w *view) isNone() bool {
	return w.err == nil && w.text == nil && w.str == nil && w.kids == nil && w.seq == nil && w.target == nil
}

func (v *Value) makeView() *view {
	if v.raw || v.err != nil || v.typ == nil || v.isNil || v.fn != nil || v.symbol || v.lit != nil || v.kids != nil {
		return nil
	}
	make, t := v.c.viewer(v.typ)
	if make == nil {
		return nil
	}
	w, err := make(v, t)
	if err != nil {
		return &view{err: err}
	}
	return w
}

// viewer finds the viewer of a type, by its name or one that it stands for, and
// the type itself.
func (c *Context) viewer(t *symbols.Type) (viewer, *symbols.Type) {
	for range maxTypedefs {
		table := viewsOf[t.Language()]
		if table == nil {
			return nil, nil
		}
		k := t.Kind()
		if name := t.Name(); name != "" && (k != symbols.KindTypedef || t.Language() == symbols.LangGo) {
			base, _ := symbols.BaseName(name)
			if w := table[base]; w != nil {
				return w, t.Strip()
			}
			if t.Language() == symbols.LangRust && k != symbols.KindTypedef {
				return rustShape(t), t
			}
		}
		switch k {
		case symbols.KindTypedef, symbols.KindConst, symbols.KindVolatile, symbols.KindAtomic, symbols.KindRestrict:
			t = t.Elem()
		default:
			return nil, nil
		}
	}
	return nil, nil
}

// viewText writes a value with a view.
func (p *printer) viewText(w *view, level int) {
	switch {
	case w.err != nil:
		p.failure(w.err)
	case level > maxLevels:
		p.put("…")
	case w.text != nil:
		w.text(p, level)
	case w.str != nil:
		p.viewString(w.str, level)
	case w.seq != nil:
		p.sequence(w.seq, level)
	case w.target != nil:
		p.value(w.target, level+1)
	default:
		p.list(w.kids, level)
	}
}

// viewString writes text with its full length known.
func (p *printer) viewString(t *text, level int) {
	b, err := t.read(int64(max(p.left, 1)))
	if err != nil && len(b) == 0 {
		p.failure(err)
		return
	}
	q := cQuote
	q.prefix = widePrefix[t.width]
	n := t.n
	if t.width > 1 && int64(len(b)) > 0 { // the bytes are UTF-8 here
		if all := t.n <= int64(max(p.left, 1)); all {
			n = int64(len(b))
		} else {
			n = -1
		}
	}
	before := len(p.out)
	p.quoted(b, n, q)
	if level == 0 && strings.HasSuffix(string(p.out[before:]), "…") {
		p.close(fmt.Sprintf(" (length %d)", t.n))
	}
}

// read reads at most most characters, as UTF-8.
func (t *text) read(most int64) ([]byte, error) {
	n := min(t.n, most, maxText)
	if n <= 0 {
		return nil, nil
	}
	b, err := t.src.c.readPart(t.addr, n*int64(t.width))
	if t.width == 1 {
		return b, err
	}
	return wideToUTF8(b, t.width), err
}

// readPart reads n bytes, or as many as there are; an error says that some are
// missing.
func (c *Context) readPart(addr uint64, n int64) ([]byte, error) {
	b := make([]byte, n)
	got := 0
	if c.Mem != nil {
		got = max(c.Mem.ReadMemory(addr, b), 0)
	}
	if int64(got) < n {
		return b[:got], &memoryError{addr + uint64(got), 1, nil}
	}
	return b, nil
}

// sequence writes the elements of a container.
func (p *printer) sequence(s *sequence, level int) {
	open, closing := "{", "}"
	if s.open != "" {
		open, closing = s.open, s.close
	}
	if level >= maxLevels && s.n > 0 {
		p.put(open + "…" + closing)
		return
	}
	p.put(open)
	same := s.same
	if same == nil {
		same = func(int64) (int64, bool) { return 1, false }
	}
	p.elements(s.n, func(i int64) bool {
		if s.pair == nil {
			e, err := s.at(i)
			if err == nil {
				err = e.readable()
			}
			if err != nil {
				p.failure(err)
				return false
			}
			p.value(e, level+1)
			return true
		}
		k, e, err := s.pair(i)
		if err == nil {
			err = k.readable()
		}
		if err != nil {
			p.failure(err)
			return false
		}
		p.value(k, level+1)
		p.put(": ")
		p.value(e, level+1)
		return true
	}, same)
	p.close(closing)
	if p.full && level == 0 {
		p.close(fmt.Sprintf(" (size %d)", s.n))
	}
}

// readable tries the first byte of a value, so that memory that is missing is
// said once and not for every element.
func (v *Value) readable() error {
	if v.err != nil {
		return v.err
	}
	if n, ok := v.size(); !ok || n == 0 || v.src.kind != srcMemory {
		return nil
	}
	_, err := v.read(0, 1)
	return err
}

// The children of a value with a view are its parts, and "[raw]", then its
// elements.

func (w *view) numNamed() int {
	if w.transparent {
		if !w.of.c.enter() {
			return 0
		}
		defer w.of.c.leave()
		return w.target.NumNamed()
	}
	if w.payload != nil || w.of.own != nil { // there is nothing else
		return len(w.kids)
	}
	if len(w.kids) == 0 && !isStruct(strip(w.of.typ)) { // a number
		return 0
	}
	return len(w.kids) + 1
}

func (w *view) numIndexed() int {
	switch {
	case w.transparent:
		if !w.of.c.enter() {
			return 0
		}
		defer w.of.c.leave()
		return w.target.NumIndexed()
	case w.seq != nil:
		return limit(uint64(max(w.seq.n, 0)))
	}
	return 0
}

func (w *view) child(i int) (*Value, error) {
	if i < len(w.kids) {
		k := *w.kids[i]
		return &k, nil
	}
	if i == len(w.kids) && w.numNamed() > i {
		return w.of.rawChild(), nil
	}
	return w.element(int64(i - w.numNamed()))
}

// rawChild is the value as what it consists of.
func (v *Value) rawChild() *Value {
	out := *v
	out.name, out.raw, out.viewed, out.letter = "[raw]", true, nil, 0
	out.prefix = v.memberPrefix(".")
	if v.expr != "" {
		out.expr, out.prec = v.expr+",r", precLow
	}
	return &out
}

// element is the element i, as a child.
func (w *view) element(i int64) (*Value, error) {
	index := "[" + strconv.FormatInt(i, 10) + "]"
	if w.seq.pair == nil {
		e, err := w.seq.at(i)
		if err != nil {
			return nil, err
		}
		return e.called(index, w.of.subscript(index)), nil
	}
	k, e, err := w.seq.pair(i)
	if err != nil {
		return nil, err
	}
	key := k.Text(Format{Limit: 60})
	name, expr := "["+key+"]", ""
	if !w.seq.many && k.isPlainKey() && !strings.Contains(key, "…") {
		expr = w.of.subscript(name)
	}
	return e.called(name, expr), nil
}

// called is v under another name.
func (v *Value) called(name, expr string) *Value {
	out := *v
	out.name, out.expr, out.prec, out.viewed = name, expr, precPostfix, nil
	return &out
}

// isPlainKey reports whether a key's text is an expression for it.
func (v *Value) isPlainKey() bool {
	if w := v.view(); w != nil {
		return w.err == nil && w.str != nil && w.str.width == 1
	}
	return v.err == nil && isInteger(strip(v.typ)) && kindOf(strip(v.typ)) != symbols.KindChar &&
		kindOf(strip(v.typ)) != symbols.KindEnum
}

// maxLookup bounds how many keys a lookup compares.
const maxLookup = 1 << 20

// lookup finds the value of a key in a map.
func (s *sequence) lookup(key *Value) (*Value, error) {
	var text []byte
	isText := key.isLiteralText()
	var num num
	var err error
	if w := key.view(); w != nil && w.str != nil {
		isText = true
	}
	if isText {
		text, err = key.cText()
	} else {
		num, err = key.number()
	}
	if err != nil {
		return nil, err
	}
	for i := int64(0); i < s.n; i++ {
		if i >= maxLookup {
			return nil, fmt.Errorf("the key is not among the first %d", i)
		}
		k, e, err := s.pair(i)
		if err != nil {
			return nil, err
		}
		if isText {
			have, err := k.cText()
			if err != nil {
				return nil, err
			}
			if string(have) == string(text) {
				return e, nil
			}
			continue
		}
		have, err := k.number()
		if err != nil {
			return nil, fmt.Errorf("keys of this type can't be looked up: %w", err)
		}
		if compare(common2(have), common2(num)) == 0 {
			return e, nil
		}
	}
	return nil, errors.New("no such key")
}

// common2 widens a number so that any two compare by value.
func common2(n num) num {
	if n.kind >= numFloat {
		return n
	}
	return n.toInt(16, n.kind == numInt)
}
