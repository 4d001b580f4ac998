package engine

import (
	"math/bits"
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// Trace notes what code engines execute, at no cost but that of the first time: the
// first operation of each segment of a block is armed, which the interpreter's loop
// takes for one that it does not know; it notes the segment then, and disarms it.
// Take arms again all that have been noted.
//
// What is noted is kept as a bit for each byte of code, so that it takes no more
// memory the longer it goes on. A Trace belongs to the goroutine of its engines.
type Trace struct {
	pages   map[uint64]*tracedPage
	last    *tracedPage   // the one noted last
	touched []*tracedPage // those with bits
	noted   []noted       // segments that are not armed
	limit   int           // length of noted at which dead blocks are dropped from it
	taken   vm.Ranges     // what Take returned last
}

// tracedPage has a bit for each byte of a page of code.
type tracedPage struct {
	vpn  uint64
	used bool
	bits [mem.PageSize / 64]uint64
}

// noted is a segment of a block, by its first operation.
type noted struct {
	b  *ir.Block
	op *ir.Op
}

const (
	lineOps    = 4 // operations in a line
	leastNoted = 1 << 14
	// maxTracedPages bounds the pages for which memory is kept from one Take to the
	// next; each takes half a KB.
	maxTracedPages = 1 << 14
)

// NewTrace returns an empty Trace.
func NewTrace() *Trace { return &Trace{pages: map[uint64]*tracedPage{}, limit: leastNoted} }

// SetTrace has the engine note in t what it executes from now on; nil: nowhere.
// Beginning to makes it translate everything anew.
func (e *Engine) SetTrace(t *Trace) {
	if t != nil && t != e.trace {
		for _, k := range e.all {
			k.reset()
		}
	}
	e.trace = t
}

// arm arms all segments of a block that has not been executed yet.
func arm(b *ir.Block) {
	// Copies of a block may share operations: see Memo. Where they begin on a cache line of the
	// host's, as those of this capacity do, a block takes the fewest.
	ops := make([]ir.Op, len(b.Ops), (len(b.Ops)+lineOps-1)/lineOps*lineOps)
	copy(ops, b.Ops)
	b.Ops = ops
	b.Split()
	for i := range b.Segments {
		b.Ops[b.Segments[i].Op].Kind |= ir.Armed
	}
}

// note notes the segment of b that begins with op, which is armed, and disarms it.
func (e *Engine) note(b *ir.Block, op *ir.Op) {
	if op.Kind&ir.Armed == 0 {
		panic("engine: unknown operation")
	}
	op.Kind &^= ir.Armed
	t := e.trace
	if t == nil {
		return
	}
	for i := range b.Segments {
		if s := &b.Segments[i]; &b.Ops[s.Op] == op {
			for _, r := range s.Code {
				t.mark(r.Start, r.End)
			}
			break
		}
	}
	if len(t.noted) >= t.limit {
		t.compact()
	}
	t.noted = append(t.noted, noted{b, op})
}

// compact drops the segments that are not executed again. There are no more others
// than the engines' caches hold.
func (t *Trace) compact() {
	t.noted = slices.DeleteFunc(t.noted, func(n noted) bool { return n.b.Dead })
	t.limit = max(leastNoted, 2*len(t.noted))
}

// mark sets the bits of [start, end).
func (t *Trace) mark(start, end uint64) {
	for start < end {
		p := t.last
		if p == nil || p.vpn != start>>mem.PageShift || !p.used {
			p = t.page(start >> mem.PageShift)
		}
		stop := min(end, (p.vpn+1)<<mem.PageShift)
		for start < stop {
			i := start % mem.PageSize
			n := min(64-i%64, stop-start)
			p.bits[i/64] |= (^uint64(0) >> (64 - n)) << (i % 64)
			start += n
		}
	}
}

func (t *Trace) page(vpn uint64) *tracedPage {
	p := t.pages[vpn]
	if p == nil {
		p = &tracedPage{vpn: vpn}
		t.pages[vpn] = p
	}
	if !p.used {
		p.used = true
		t.touched = append(t.touched, p)
	}
	t.last = p
	return p
}

// Take returns the addresses of the code executed since the last Take, and begins
// anew. The caller must not change it.
func (t *Trace) Take() vm.Ranges {
	slices.SortFunc(t.touched, func(a, b *tracedPage) int {
		if a.vpn < b.vpn {
			return -1
		}
		return 1
	})
	var out vm.Ranges
	for _, p := range t.touched {
		for i, w := range p.bits {
			if w != 0 {
				out = spans(out, p.vpn<<mem.PageShift+uint64(i)*64, w)
			}
		}
	}
	t.Drop()
	if slices.Equal(out, t.taken) {
		return t.taken // most stretches are like the one before: they share it
	}
	t.taken = slices.Clip(out)
	return t.taken
}

// Drop forgets what has been noted, and begins anew.
func (t *Trace) Drop() {
	for _, n := range t.noted {
		n.op.Kind |= ir.Armed
	}
	clear(t.noted) // it may hold the last ways to blocks
	t.noted, t.limit = t.noted[:0], max(leastNoted, cap(t.noted))
	for _, p := range t.touched {
		p.used, p.bits = false, [len(p.bits)]uint64{}
	}
	t.touched = t.touched[:0]
	if len(t.pages) > maxTracedPages {
		clear(t.pages)
		t.last = nil
	}
}

// spans appends the ranges of w's bits, which begin at address at, to ranges that
// end there at the latest.
func spans(out vm.Ranges, at, w uint64) vm.Ranges {
	for w != 0 {
		skip := uint64(bits.TrailingZeros64(w))
		w >>= skip
		at += skip
		n := uint64(bits.TrailingZeros64(^w))
		if k := len(out); k > 0 && out[k-1].End == at {
			out[k-1].End += n
		} else {
			out = append(out, vm.Range{Start: at, End: at + n})
		}
		w >>= n // n may be 64: nothing is left
		at += n
	}
	return out
}
