package values

import (
	"fmt"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// treeLinks are where a node of libstdc++'s red-black tree keeps its links.
type treeLinks struct {
	c                   *Context
	color               int64
	parent, left, right uint64
}

func treeLayout(c *Context, node *symbols.Type) (treeLinks, error) {
	l := treeLinks{c: c}
	for name, to := range map[string]*uint64{"_M_parent": &l.parent, "_M_left": &l.left, "_M_right": &l.right} {
		off, ok := offsetOf(node, name)
		if !ok {
			return l, fmt.Errorf("a layout of %s that is not known", typeText(node))
		}
		*to = uint64(off)
	}
	off, ok := offsetOf(node, "_M_color")
	if !ok {
		return l, fmt.Errorf("a layout of %s that is not known", typeText(node))
	}
	l.color = off
	return l, nil
}

// maxHeight is more than a balanced tree in 64 bits of memory can have.
const maxHeight = 128

// next is the node after another in order; the header after the last.
func (l treeLinks) next(node uint64) (uint64, error) {
	right, err := l.c.readWord(node + l.right)
	if err != nil {
		return 0, err
	}
	if right != 0 {
		for at, steps := right, 0; steps < maxHeight; steps++ {
			left, err := l.c.readWord(at + l.left)
			if err != nil || left == 0 {
				return at, err
			}
			at = left
		}
		return 0, damaged("its nodes form a cycle")
	}
	parent, err := l.c.readWord(node + l.parent)
	for steps := 0; err == nil && steps < maxHeight; steps++ {
		var r uint64
		if r, err = l.c.readWord(parent + l.right); err != nil {
			break
		}
		if r != node {
			return parent, nil
		}
		node = parent
		if parent, err = l.c.readWord(node + l.parent); err != nil {
			break
		}
		if r, err = l.c.readWord(node + l.right); err == nil && r == parent {
			return node, nil // the header, whose right is the last node
		}
	}
	return 0, orDamaged(err, "its nodes form a cycle")
}

// tree is the elements of a map or set, in order.
func (v *Value) tree() (*sequence, *symbols.Type, error) {
	t, err := v.at("_M_t")
	if err != nil {
		return nil, nil, err
	}
	elem, err := arg(strip(t.typ), 1)
	if err != nil {
		return nil, nil, err
	}
	head, err := t.at("_M_impl", "_M_header")
	addr, _, ok := head.addressIf(err)
	if !ok {
		return nil, nil, orDamaged(err, "it has no address")
	}
	l, err := treeLayout(v.c, strip(head.typ))
	if err != nil {
		return nil, nil, err
	}
	n, err := t.word("_M_impl", "_M_node_count")
	if err != nil {
		return nil, nil, err
	}
	first, err := head.word("_M_left")
	if err != nil {
		return nil, nil, err
	}
	header, _ := sizeOf(head.typ)
	return v.links(elem, first, addr, header, n, l.next), elem, nil
}

// pairs makes a map of a sequence of pairs.
func pairs(s *sequence) *sequence {
	return &sequence{n: s.n, pair: func(i int64) (*Value, *Value, error) {
		e, err := s.at(i)
		if err != nil {
			return nil, nil, err
		}
		k, err := e.at("first")
		if err != nil {
			return nil, nil, err
		}
		x, err := e.at("second")
		return k, x, err
	}}
}

func cppMap(v *Value, t *symbols.Type) (*view, error) {
	s, _, err := v.tree()
	if err != nil {
		return nil, err
	}
	s = pairs(s)
	base, _ := symbols.BaseName(t.Name())
	s.many = base == "std::multimap"
	return &view{seq: s}, nil
}

func cppSet(v *Value, _ *symbols.Type) (*view, error) {
	s, _, err := v.tree()
	return &view{seq: s}, err
}

// hashed is the elements of an unordered container, as they are linked.
func (v *Value) hashed() (*sequence, error) {
	h, err := v.at("_M_h")
	if err != nil {
		return nil, err
	}
	elem, err := arg(strip(h.typ), 1)
	if err != nil {
		return nil, err
	}
	first, err := h.word("_M_before_begin", "_M_nxt")
	if err != nil {
		return nil, err
	}
	n, err := h.word("_M_element_count")
	if err != nil {
		return nil, err
	}
	return v.links(elem, first, 0, ptrSize, n, v.c.readWord), nil
}

func cppHashMap(v *Value, t *symbols.Type) (*view, error) {
	s, err := v.hashed()
	if err != nil {
		return nil, err
	}
	s = pairs(s)
	base, _ := symbols.BaseName(t.Name())
	s.many = base == "std::unordered_multimap"
	return &view{seq: s}, nil
}

func cppHashSet(v *Value, _ *symbols.Type) (*view, error) {
	s, err := v.hashed()
	return &view{seq: s}, err
}

// Iterators are shown as what they point to.

// arrow is the view of an iterator at an element.
func (v *Value) arrow(e *Value) *view {
	return &view{target: e, kids: []*Value{v.star(e)}, text: func(p *printer, level int) {
		p.put("-> ")
		if err := e.readable(); err != nil {
			p.failure(err)
			return
		}
		p.value(e, level+1)
	}}
}

func cppPointerIterator(member string) viewer {
	return func(v *Value, _ *symbols.Type) (*view, error) {
		p, err := v.at(member)
		if err != nil {
			return nil, err
		}
		e, err := p.deref()
		if err != nil {
			return nil, err
		}
		return v.arrow(e), nil
	}
}

// cppNodeIterator is an iterator of a list. Its end looks like any other node.
func cppNodeIterator(v *Value, t *symbols.Type) (*view, error) {
	elem, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	node, err := v.at("_M_node")
	if err != nil {
		return nil, err
	}
	addr, err := node.word()
	if err != nil {
		return nil, err
	}
	if addr == 0 {
		return &view{text: fixed("<end>")}, nil
	}
	header, ok := sizeOf(strip(node.typ).Elem())
	if !ok {
		return nil, nil
	}
	return v.arrow(v.elem(elem, addr+uint64(alignUp(header, elem.Align())))), nil
}

func cppTreeIterator(v *Value, t *symbols.Type) (*view, error) {
	elem, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	node, err := v.at("_M_node")
	if err != nil {
		return nil, err
	}
	addr, err := node.word()
	if err != nil {
		return nil, err
	}
	header := strip(strip(node.typ).Elem())
	size, ok := sizeOf(header)
	l, lerr := treeLayout(v.c, header)
	if !ok || lerr != nil {
		return nil, nil
	}
	// The header is red, and the parent of its parent, the root; a root is black.
	red, err := v.c.readPart(addr+uint64(l.color), 1)
	if err != nil {
		return nil, err
	}
	parent, err := v.c.readWord(addr + l.parent)
	if err != nil {
		return nil, err
	}
	if red[0] == 0 {
		if back, err := v.c.readWord(parent + l.parent); parent == 0 || err == nil && back == addr {
			return &view{text: fixed("<end>")}, nil
		}
	}
	return v.arrow(v.elem(elem, addr+uint64(alignUp(size, elem.Align())))), nil
}

func cppHashIterator(v *Value, t *symbols.Type) (*view, error) {
	elem, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	addr, err := v.word("_M_cur")
	if err != nil {
		return nil, err
	}
	if addr == 0 {
		return &view{text: fixed("<end>")}, nil
	}
	return v.arrow(v.elem(elem, addr+uint64(alignUp(ptrSize, elem.Align())))), nil
}

func cppBitIterator(v *Value, t *symbols.Type) (*view, error) {
	if _, ok := offsetOf(t, "_M_mask"); ok { // a reference to a bit
		words, err := v.words("_M_p", "_M_mask")
		if err != nil {
			return nil, err
		}
		n, err := v.c.readWord(words[0])
		if err != nil {
			return nil, err
		}
		e := v.c.makeBool(n&words[1] != 0, false)
		return &view{target: e, kids: []*Value{}, text: func(p *printer, level int) { p.value(e, level) }}, nil
	}
	words, err := v.words("_M_p", "_M_offset")
	if err != nil {
		return nil, err
	}
	if words[1] > 63 {
		return nil, damaged("bit %d of a word", words[1])
	}
	e, err := v.bitRow(words[0], 64).at(int64(words[1]))
	if err != nil {
		return nil, err
	}
	return v.arrow(e), nil
}
