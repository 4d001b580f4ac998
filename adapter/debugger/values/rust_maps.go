package values

import (
	"fmt"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// rustHash is a HashMap or HashSet: hashbrown's table, below the members of path.
func rustHash(path ...string) viewer {
	return func(v *Value, _ *symbols.Type) (*view, error) {
		table, err := v.at(append(append([]string{}, path...), "table")...)
		if err != nil {
			return nil, err
		}
		t := strip(table.typ)
		entry, err := arg(t, 0)
		if err != nil {
			return nil, err
		}
		inner, err := table.at("table")
		if err != nil {
			return nil, err
		}
		words, err := inner.words("bucket_mask", "items")
		if err != nil {
			return nil, err
		}
		at, err := inner.at("ctrl")
		if err != nil {
			return nil, err
		}
		ctrl, err := at.pointerIn()
		if err != nil {
			return nil, err
		}
		size, ok := sizeOf(entry)
		mask, n := words[0], words[1]
		if !ok || mask&(mask+1) != 0 || n > mask+1 || mask > maxObject/uint64(max(size, 1)) {
			return nil, damaged("%d elements in %d buckets", n, mask+1)
		}
		s := v.buckets(entry, ctrl, mask, n, uint64(size))
		if base, _ := symbols.BaseName(strip(v.typ).Name()); isMap(base) {
			s = rustPairs(s)
		} else {
			s = firstOf(s)
		}
		return &view{seq: s}, nil
	}
}

func isMap(base string) bool { return len(base) > 3 && base[len(base)-3:] == "Map" }

// buckets is the elements of a table: those whose control byte has its highest
// bit clear. The element i lies i+1 elements before the control bytes.
func (v *Value) buckets(entry *symbols.Type, ctrl, mask, n, size uint64) *sequence {
	const block = 256
	from := func(i uint64) (uint64, bool, error) {
		for steps := 0; i <= mask; steps++ {
			if steps > maxWalk {
				return 0, false, damaged("too many empty buckets")
			}
			b, err := v.c.readPart(ctrl+i, int64(min(block, mask+1-i)))
			if err != nil {
				return 0, false, err
			}
			for k, c := range b {
				if c < 0x80 {
					return i + uint64(k), true, nil
				}
			}
			i += uint64(len(b))
		}
		return 0, false, nil
	}
	c := &chain[uint64]{n: int64(n), next: func(i uint64) (uint64, bool, error) { return from(i + 1) }}
	return &sequence{n: int64(n), at: func(i int64) (*Value, error) {
		if len(c.seen) == 0 {
			first, ok, err := from(0)
			if err != nil {
				return nil, err
			}
			if ok {
				c.seen = []uint64{first}
			}
		}
		k, err := c.at(i)
		if err != nil {
			return nil, err
		}
		return v.elem(entry, ctrl-(k+1)*size), nil
	}}
}

// rustPairs makes a map of a sequence of tuples.
func rustPairs(s *sequence) *sequence {
	return &sequence{n: s.n, pair: func(i int64) (*Value, *Value, error) {
		e, err := s.at(i)
		if err != nil {
			return nil, nil, err
		}
		k, err := e.at("__0")
		if err != nil {
			return nil, nil, err
		}
		x, err := e.at("__1")
		return k, x, err
	}}
}

// firstOf makes a set of a sequence of tuples whose second part is empty.
func firstOf(s *sequence) *sequence {
	return &sequence{n: s.n, at: func(i int64) (*Value, error) {
		e, err := s.at(i)
		if err != nil {
			return nil, err
		}
		return e.at("__0")
	}}
}

// treeNode is the layout of a BTreeMap's nodes: a leaf, and an internal node that
// is a leaf with edges behind it.
type treeNode struct {
	v                              *Value
	leaf, key, value               *symbols.Type
	keys, vals, length, up, upFrom uint64 // offsets
	edges                          uint64
}

// treePos is an element: the entry idx of a node, height levels above the leaves.
type treePos struct {
	node        uint64
	idx, height uint64
}

// capacity of a node, elements (B is 6).
const nodeCapacity = 11

func (n *treeNode) half(at uint64) (uint64, error) {
	b, err := n.v.c.readPart(at, 2)
	if err != nil {
		return 0, err
	}
	return decodeInt(b, false).u, nil
}

// count reads the number of elements in a node.
func (n *treeNode) count(node uint64) (uint64, error) {
	k, err := n.half(node + n.length)
	if err == nil && k > nodeCapacity {
		err = damaged("a node of %d elements", k)
	}
	return k, err
}

// down goes to the first element below the edge i of a node.
func (n *treeNode) down(node, i, height uint64) (treePos, error) {
	for ; height > 0; height-- {
		child, err := n.v.c.readWord(node + n.edges + i*ptrSize)
		if err != nil {
			return treePos{}, err
		}
		node, i = child, 0
	}
	return treePos{node: node}, nil
}

func (n *treeNode) next(p treePos) (treePos, bool, error) {
	if p.height > 0 {
		q, err := n.down(p.node, p.idx+1, p.height)
		return q, err == nil, err
	}
	p.idx++
	for range maxHeight {
		k, err := n.count(p.node)
		if err != nil {
			return p, false, err
		}
		if p.idx < k {
			return p, true, nil
		}
		parent, err := n.v.c.readWord(p.node + n.up)
		if err != nil || parent == 0 {
			return p, false, err
		}
		from, err := n.half(p.node + n.upFrom)
		if err != nil {
			return p, false, err
		}
		p = treePos{parent, from, p.height + 1}
	}
	return p, false, damaged("its nodes form a cycle")
}

// layout finds out where a leaf has its members.
func treeLeaf(v *Value, leaf *symbols.Type) (*treeNode, error) {
	n := &treeNode{v: v, leaf: leaf}
	for name, to := range map[string]*uint64{"keys": &n.keys, "vals": &n.vals, "len": &n.length, "parent": &n.up, "parent_idx": &n.upFrom} {
		off, ok := offsetOf(leaf, name)
		if !ok {
			return nil, fmt.Errorf("a layout of %s that is not known", typeText(leaf))
		}
		*to = uint64(off)
	}
	size, ok := sizeOf(leaf)
	if !ok {
		return nil, fmt.Errorf("the size of %s is not known", typeText(leaf))
	}
	n.edges = uint64(alignUp(size, ptrSize))
	var err error
	if n.key, err = arg(leaf, 0); err != nil {
		return nil, err
	}
	n.value, err = arg(leaf, 1)
	return n, err
}

func rustTree(v *Value, _ *symbols.Type) (*view, error) {
	s, err := v.treePairs()
	return &view{seq: s}, err
}

func rustTreeSet(v *Value, _ *symbols.Type) (*view, error) {
	m, err := v.at("map")
	if err != nil {
		return nil, err
	}
	s, err := m.treePairs()
	if err != nil {
		return nil, err
	}
	return &view{seq: &sequence{n: s.n, at: func(i int64) (*Value, error) {
		k, _, err := s.pair(i)
		return k, err
	}}}, nil
}

// treePairs is the elements of a BTreeMap in order.
func (v *Value) treePairs() (*sequence, error) {
	n, err := v.word("length")
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return &sequence{pair: func(int64) (*Value, *Value, error) { return nil, nil, errNoValue }}, nil
	}
	root, err := v.at("root")
	if err != nil {
		return nil, err
	}
	some := root.payload()
	if some == nil {
		return nil, damaged("%d elements, but no root", n)
	}
	ref, err := some.at("__0")
	if err != nil {
		return nil, err
	}
	height, err := ref.word("height")
	if err != nil {
		return nil, err
	}
	ptr, err := ref.at("node")
	if err != nil {
		return nil, err
	}
	addr, err := ptr.pointerIn()
	if err != nil {
		return nil, err
	}
	leaf, err := arg(strip(ptr.typ), 0)
	if err != nil {
		return nil, err
	}
	node, err := treeLeaf(v, strip(leaf))
	if err != nil {
		return nil, err
	}
	if height > maxHeight {
		return nil, damaged("a tree of height %d", height)
	}
	first, err := node.down(addr, 0, height)
	if err != nil {
		return nil, err
	}
	c := &chain[treePos]{n: int64(min(n, maxObject)), seen: []treePos{first}, next: node.next}
	ksize, _ := sizeOf(node.key)
	vsize, _ := sizeOf(node.value)
	return &sequence{n: c.n, pair: func(i int64) (*Value, *Value, error) {
		p, err := c.at(i)
		if err != nil {
			return nil, nil, err
		}
		return v.elem(node.key, p.node+node.keys+p.idx*uint64(ksize)), v.elem(node.value, p.node+node.vals+p.idx*uint64(vsize)), nil
	}}, nil
}
