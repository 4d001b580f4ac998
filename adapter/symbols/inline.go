package symbols

import (
	"container/heap"
	"debug/dwarf"
	"slices"
)

// InlineFrame is one of the logical frames that share a physical one: an
// inlined call, or, last in a chain, the function itself.
type InlineFrame struct {
	Name     string    // demangled and qualified
	Func     *Function // the physical function that contains the code
	Inlined  bool      // an inlined call; false for the function itself
	CallFile string    // where it was called; empty for the function itself
	CallLine int
	DeclFile string
	DeclLine int
	Entry    uint64  // where its code is entered
	Ranges   []Range // its code, ascending

	id int32 // inlined instance, or -1 for the function itself
}

// inlineTable tells the innermost inlined instance at each address: segments
// ascending, each up to the next.
type inlineTable struct {
	low   []uint64
	byLow addrIndex
	inst  []int32 // -1: none
}

// find returns the innermost instance at pc, -1 if none.
func (t *inlineTable) find(pc uint64) int32 {
	i := t.byLow.find(pc)
	if i < 0 {
		return -1
	}
	return t.inst[i]
}

// span is a range of an inlined instance.
type span struct {
	Range
	inst, depth int32
}

// spanHeap holds the ranges around an address, the deepest first.
type spanHeap []span

func (h spanHeap) Len() int { return len(h) }
func (h spanHeap) Less(i, j int) bool {
	return h[i].depth > h[j].depth || h[i].depth == h[j].depth && h[i].inst > h[j].inst
}
func (h spanHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *spanHeap) Push(x any)   { *h = append(*h, x.(span)) }
func (h *spanHeap) Pop() any {
	x := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return x
}

// build sweeps over the ranges of all instances.
func (t *inlineTable) build(insts []instance) {
	var spans []span
	var bounds []uint64
	for i := range insts {
		for _, r := range insts[i].ranges {
			spans = append(spans, span{r, int32(i), insts[i].depth})
			bounds = append(bounds, r.Low, r.High)
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return compare(a.Low, b.Low) })
	slices.Sort(bounds)
	bounds = slices.Compact(bounds)
	var active spanHeap
	next := 0
	for _, b := range bounds {
		for next < len(spans) && spans[next].Low <= b {
			heap.Push(&active, spans[next])
			next++
		}
		for len(active) > 0 && active[0].High <= b {
			heap.Pop(&active)
		}
		inst := int32(-1)
		if len(active) > 0 {
			inst = active[0].inst
		}
		if n := len(t.inst); n > 0 && t.inst[n-1] == inst {
			continue
		}
		t.low, t.inst = append(t.low, b), append(t.inst, inst)
	}
	t.byLow = newAddrIndex(t.low)
}

// origin completes what the entry at off says of its function.
func (p *Program) origin(off dwarf.Offset) origin { return resolveOrigin(p.origins, off) }

// instAt finds the innermost inlined instance at pc in function fn, -1 if none.
func (p *Program) instAt(pc uint64, fn int32) int32 {
	i := p.inl.find(pc)
	if i >= 0 && p.insts[i].fn != fn {
		return -1
	}
	return i
}

// InlineChain lists the logical frames at pc, innermost first; the last is the
// physical function. It is empty when pc is in no known function. The source
// position of element 0 is LineAt(pc), that of element i the call site of i-1.
func (p *Program) InlineChain(pc uint64) []InlineFrame {
	fn := p.ftab.find(pc)
	if fn < 0 {
		return nil
	}
	f := p.funcs[fn]
	var out []InlineFrame
	for i := p.instAt(pc, fn); i >= 0; i = p.insts[i].parent {
		in := &p.insts[i]
		o := p.origin(in.origin)
		name, _ := o.fullName()
		out = append(out, InlineFrame{
			Name: name, Func: f, Inlined: true,
			CallFile: p.lines.files[in.callFile], CallLine: int(in.callLine),
			DeclFile: p.lines.files[o.unit.file(o.file)], DeclLine: int(o.line),
			Entry: in.entry, Ranges: in.ranges, id: i,
		})
	}
	return append(out, InlineFrame{
		Name: f.Name, Func: f, DeclFile: f.DeclFile, DeclLine: f.DeclLine,
		Entry: f.Low, Ranges: f.Ranges, id: -1,
	})
}

// InlineDepth is len(InlineChain(pc))-1: how many inlined calls are active at
// pc; 0 outside of known functions. Takes some tens of nanoseconds.
func (p *Program) InlineDepth(pc uint64) int {
	if i := p.inl.find(pc); i >= 0 {
		return int(p.insts[i].depth)
	}
	return 0
}
