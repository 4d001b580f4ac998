package values

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// What viewers share: finding members by name, elements in memory, and walks
// along pointers.

// at is the member at the end of a path of names, as it lies in the value; "*"
// follows a pointer. Base classes are looked through.
func (v *Value) at(path ...string) (*Value, error) {
	for _, name := range path {
		if v.err != nil {
			return nil, v.err
		}
		if name == "*" {
			target, err := v.deref()
			if err != nil {
				return nil, err
			}
			v = target
			continue
		}
		t := strip(v.typ)
		var m *Value
		if isStruct(t) {
			m = v.findMember(t, 0, name, 0)
		}
		if m == nil {
			return nil, fmt.Errorf("no member %q in %s: a layout that is not known", name, typeText(v.typ))
		}
		v = m
	}
	return v, v.err
}

// word is the unsigned number in the member at the end of a path.
func (v *Value) word(path ...string) (uint64, error) {
	m, err := v.at(path...)
	if err != nil {
		return 0, err
	}
	n, err := m.number()
	return n.uint64(), err
}

// words reads several members below one.
func (v *Value) words(names ...string) ([]uint64, error) {
	out := make([]uint64, len(names))
	for i, name := range names {
		n, err := v.word(name)
		if err != nil {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}

// offsetOf is where a member lies in a stripped struct, through base classes.
func offsetOf(t *symbols.Type, name string) (int64, bool) { return offsetWithin(t, name, 0) }

func offsetWithin(t *symbols.Type, name string, depth int) (int64, bool) {
	if depth > maxEmbedding {
		return 0, false
	}
	fields := t.Fields()
	for i := range fields {
		if f := &fields[i]; f.Name == name && !f.Static {
			return f.Offset, true
		}
	}
	for i := range fields {
		if f := &fields[i]; f.Base && !f.Virtual {
			if off, ok := offsetWithin(strip(f.Type), name, depth+1); ok {
				return f.Offset + off, true
			}
		}
	}
	return 0, false
}

// arg is the template argument i, if it is a type.
func arg(t *symbols.Type, i int) (*symbols.Type, error) {
	args := t.TemplateArgs()
	if i < 0 || i >= len(args) || args[i].IsValue {
		return nil, fmt.Errorf("the debug information does not say what %s is made of", typeText(t))
	}
	return args[i].Type, nil
}

// elem makes a value of type t in memory.
func (v *Value) elem(t *symbols.Type, addr uint64) *Value {
	e := &Value{c: v.c, typ: t, goL: v.goL, letter: v.letter, src: source{kind: srcMemory, addr: addr}}
	return e.follow()
}

// as is the value's place as another type.
func (v *Value) as(t *symbols.Type) *Value {
	out := &Value{c: v.c, name: v.name, typ: t, goL: v.goL, src: v.src, err: v.err, origin: v.origin, letter: v.letter}
	return out.follow()
}

// alignUp rounds n up to a multiple of align.
func alignUp(n, align int64) int64 {
	if align <= 1 {
		return n
	}
	return (n + align - 1) / align * align
}

// row is n elements of type t that lie one after the other.
func (v *Value) row(t *symbols.Type, addr uint64, n int64) (*sequence, error) {
	size, ok := sizeOf(t)
	if !ok {
		return nil, fmt.Errorf("the size of %s is not known", typeText(t))
	}
	if n < 0 || size > 0 && n > maxObject/size {
		return nil, damaged("it would have %d elements", n)
	}
	whole := &Value{c: v.c, typ: v.c.Prog.ArrayOf(t, n), src: source{kind: srcMemory, addr: addr}}
	return &sequence{
		n: n,
		at: func(i int64) (*Value, error) {
			return v.elem(t, addr+uint64(i*size)), nil
		},
		same: arrayRun(whole, size, n),
	}, nil
}

// between is the row of elements from begin up to end.
func (v *Value) between(t *symbols.Type, begin, end uint64) (*sequence, error) {
	size, ok := sizeOf(t)
	if !ok || size == 0 {
		return nil, fmt.Errorf("the size of %s is not known", typeText(t))
	}
	if end < begin || (end-begin)%uint64(size) != 0 || end-begin > maxObject {
		return nil, damaged("its elements lie from %#x to %#x", begin, end)
	}
	return v.row(t, begin, int64((end-begin)/uint64(size)))
}

// chain is a walk along pointers. It remembers where it has been, so that asking
// for one page after the other costs no more than walking once.
type chain[S any] struct {
	seen []S
	next func(S) (S, bool, error) // ok is false at the end
	n    int64                    // how many there should be
}

// maxWalk bounds how far a walk goes, in nodes.
const maxWalk = 1 << 20

func (c *chain[S]) at(i int64) (S, error) {
	var none S
	for int64(len(c.seen)) <= i {
		if len(c.seen) >= maxWalk {
			return none, fmt.Errorf("only the first %d elements can be reached", maxWalk)
		}
		if len(c.seen) == 0 {
			return none, damaged("it has no first of %d elements", c.n)
		}
		s, ok, err := c.next(c.seen[len(c.seen)-1])
		if err != nil {
			return none, err
		}
		if !ok {
			return none, damaged("it ends after %d of %d elements", len(c.seen), c.n)
		}
		c.seen = append(c.seen, s)
	}
	return c.seen[i], nil
}

// maxCount bounds how many nodes are counted where a container does not keep
// their number.
const maxCount = 1 << 16

// countLinks counts the nodes of a list without a count, that ends at the address
// end. A cycle is an error.
func countLinks(first, end uint64, next func(uint64) (uint64, error)) (int64, error) {
	n := int64(0)
	mark, power := first, int64(1) // Brent's algorithm
	for at := first; at != end; n++ {
		if n >= maxCount {
			return n, nil
		}
		if n == power {
			mark, power = at, power*2
		} else if n > 0 && at == mark {
			return 0, damaged("its nodes form a cycle")
		}
		to, err := next(at)
		if err != nil {
			return n, nil // the walk will say it
		}
		at = to
	}
	return n, nil
}

// wideToUTF8 turns UTF-16 or UTF-32 in the guest's order into UTF-8.
func wideToUTF8(b []byte, width int) []byte {
	var out []byte
	for ; len(b) >= width; b = b[width:] {
		u := rune(decodeInt(b[:width], false).u)
		if width == 2 && utf16.IsSurrogate(u) && len(b) >= 4 {
			if r := utf16.DecodeRune(u, rune(decodeInt(b[2:4], false).u)); r != utf8.RuneError {
				u, b = r, b[2:]
			}
		}
		out = utf8.AppendRune(out, u)
	}
	return out
}

// pointee makes the parts of a smart pointer: the members of what it points to,
// or else that itself, and then more.
func (v *Value) pointee(target *Value, more ...*Value) []*Value {
	t := strip(target.typ)
	op := "->"
	if t.Language() == symbols.LangRust {
		op = "."
	}
	var out []*Value
	if isStruct(t) && target.view() == nil && target.Err() == nil {
		for i := range target.numFields(t) {
			out = append(out, target.fieldChild(t, i, v.memberPrefix(op), 0))
		}
	} else {
		out = append(out, v.star(target))
	}
	return append(out, more...)
}

// star is a target under the name that an expression has for it.
func (v *Value) star(target *Value) *Value {
	out := *target
	out.viewed, out.name, out.expr = nil, "*"+v.name, ""
	if v.expr != "" {
		out.expr, out.prec = "*"+v.chain(), precUnary
	}
	return &out
}

// count is a number that a view adds to a value's parts.
func (v *Value) count(name string, n uint64) *Value {
	t := v.c.base("unsigned long", false)
	if v.typ.Language() == symbols.LangRust {
		t = v.c.rustType("usize", "unsigned long")
	}
	out := v.c.makeInt(t, n, false)
	out.name, out.expr = name, ""
	return out
}

// fixed writes the same text always.
func fixed(s string) func(*printer, int) {
	return func(p *printer, _ int) { p.put(s) }
}

// wrapperOf shows the member at the end of a path in the place of what wraps it.
func wrapperOf(path ...string) viewer {
	return func(v *Value, _ *symbols.Type) (*view, error) { return v.inner(path...) }
}

// inner is a view that shows a member in the value's place.
func (v *Value) inner(path ...string) (*view, error) {
	e, err := v.at(path...)
	if err != nil {
		return nil, err
	}
	return &view{target: e.called(v.name, v.expr), transparent: true}, nil
}
