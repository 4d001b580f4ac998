// Package engine executes translated guest code: it caches blocks by guest
// address, chains them, and stops exactly where it is told to.
//
// It never runs past its budget: a block is entered only while at least as many
// instructions are left as it holds, and what remains is executed one
// instruction at a time. Breakpoints are compiled in: blocks end before them and
// start with a Break operation at them, so code without breakpoints does not
// know that there are any. Translated code is dropped as soon as a byte of it is
// written or its mapping changes, whoever does it, so the cache never shows in
// what the guest computes.
//
// What is executed can be noted (see [Trace]) at no cost but that of the first time: an
// operation that is to be noted is none that the interpreter's loop knows.
//
// An Engine belongs to its machine's goroutine.
package engine

import (
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

const (
	maxBlock  = 64 // instructions in a block
	jumpSize  = 4096
	maxCaches = 8
	maxBlocks = 1 << 16 // per cache; past it the cache is emptied
	maxBudget = 1 << 62
)

// Engine executes one CPU in one address space. A CPU that changes between address
// spaces has an engine for each.
type Engine struct {
	// BreakFilter, when set, is asked at each breakpoint reached; PC, LastPC
	// and Icount are exact then. Returning false goes on.
	BreakFilter func() bool

	c      *ir.CPU
	mem    *mem.Space
	tr     ir.Translator
	cur    *cache
	caches []*cache // by breakpoint set, most recently used first
	all    []*cache // caches and single
	single *cache   // blocks of one instruction, without breakpoints
	trace  *Trace   // nil: nobody wants to know what is executed
}

// jump is an entry of the direct-mapped cache for indirect jumps.
type jump struct {
	pc uint64
	b  *ir.Block
}

// cache holds the blocks translated for one set of breakpoints.
type cache struct {
	breaks *vm.Breaks
	blocks map[uint64]*ir.Block
	pages  map[uint64][]*ir.Block
	jumps  [jumpSize]jump
}

func newCache(b *vm.Breaks) *cache {
	c := &cache{breaks: b}
	c.reset()
	return c
}

// reset empties the cache. Blocks that are still being executed must not lead to
// one another any more: nobody would know of them when their code changes.
func (c *cache) reset() {
	for _, b := range c.blocks {
		for i := range b.Links {
			b.Links[i].To = nil
		}
		b.In, b.Dead = nil, true
	}
	c.jumps = [jumpSize]jump{}
	c.blocks = map[uint64]*ir.Block{}
	c.pages = map[uint64][]*ir.Block{}
}

// New returns an engine for the CPU in the address space that c.Mem is. It takes
// over c.Mem.OnCode. Whenever it runs c.Mem must be that space again.
func New(c *ir.CPU, tr ir.Translator) *Engine {
	e := &Engine{c: c, mem: c.Mem, tr: tr, cur: newCache(nil), single: newCache(nil)}
	e.caches = []*cache{e.cur}
	e.all = []*cache{e.cur, e.single}
	c.Mem.OnCode = e.invalidate
	return e
}

// SetBreaks chooses the breakpoints.
func (e *Engine) SetBreaks(b *vm.Breaks) {
	if e.cur.breaks.Equal(b) {
		return
	}
	for i, c := range e.caches {
		if c.breaks.Equal(b) {
			copy(e.caches[1:i+1], e.caches[:i])
			e.caches[0], e.cur = c, c
			return
		}
	}
	e.cur = newCache(b)
	if len(e.caches) == maxCaches {
		for _, b := range e.caches[maxCaches-1].blocks {
			b.Dead = true
		}
		e.caches = e.caches[:maxCaches-1]
	}
	e.caches = append([]*cache{e.cur}, e.caches...)
	e.all = append(slices.Clone(e.caches), e.single)
}

// Run executes at most max instructions from c.PC on and returns why it stopped;
// c is exact then. With skip the breakpoint at the first instruction does not
// count.
func (e *Engine) Run(max uint64, skip bool) ir.Exit {
	end := e.c.Icount + min(max, maxBudget)
	for e.c.Icount < end {
		left := end - e.c.Icount
		if !skip {
			b := e.block(e.cur, e.c.PC, ir.MaxBlock)
			if b == nil {
				return ir.ExitFetch
			}
			if uint64(b.N) <= left {
				x := e.exec(b, int64(left))
				if x == ir.ExitLimit {
					continue
				}
				if x != ir.ExitMem || !e.rewrites() {
					return x
				}
			} else if b.Ops[0].Kind == ir.Break && (e.BreakFilter == nil || e.BreakFilter()) {
				return ir.ExitBreak
			}
		}
		skip = false
		if x := e.step(); x != ir.ExitLimit {
			return x
		}
	}
	return ir.ExitLimit
}

// step executes one instruction, whatever breakpoint lies on it. It may
// overwrite translated code: nothing but its own block is in use then.
func (e *Engine) step() ir.Exit {
	b := e.block(e.single, e.c.PC, 1)
	if b == nil {
		return ir.ExitFetch
	}
	e.c.Mem.AllowCodeWrite = true
	x := e.exec(b, 1)
	e.c.Mem.AllowCodeWrite = false
	return x
}

// rewrites reports whether the access that just failed did so only because it
// writes to translated code.
func (e *Engine) rewrites() bool { return e.c.Mem.Fault.Kind == mem.FaultCode }

// block returns the block at pc in cache k, translating it if need be. nil: pc
// can't be fetched.
func (e *Engine) block(k *cache, pc uint64, max int) *ir.Block {
	j := &k.jumps[pc>>1&(jumpSize-1)]
	if j.pc == pc && j.b != nil {
		return j.b
	}
	b := k.blocks[pc]
	if b == nil {
		if len(k.blocks) >= maxBlocks {
			k.reset()
		}
		b = e.translate(k, pc, max)
		if b == nil {
			return nil
		}
		k.blocks[pc] = b
		for _, p := range b.Pages {
			k.pages[p] = append(k.pages[p], b)
			e.mem.MarkCode(p)
		}
	}
	j.pc, j.b = pc, b
	return b
}

func (e *Engine) translate(k *cache, pc uint64, max int) *ir.Block {
	var stop func(uint64) bool
	if k.breaks != nil {
		stop = k.breaks.Has
	}
	b := e.tr.Translate(e.c.Mem, pc, max, stop)
	if b == nil {
		return nil
	}
	if k.breaks.Has(pc) {
		b.Ops = slices.Insert(b.Ops, 0, ir.Op{Kind: ir.Break})
	}
	if e.trace != nil {
		arm(b)
	}
	return b
}

// invalidate drops the blocks with code in [start, end). What it costs follows
// the blocks on the pages of that range: programs that generate code change it
// often.
func (e *Engine) invalidate(start, end uint64) {
	for _, k := range e.all {
		k.invalidate(start, end)
	}
	e.mem.UnmarkCode(start, end, e.holds)
}

func (c *cache) invalidate(start, end uint64) {
	first, last := start>>mem.PageShift, (end-1)>>mem.PageShift
	if last-first < uint64(len(c.pages)) {
		for p := first; p <= last; p++ {
			c.invalidatePage(p, start, end)
		}
		return
	}
	for p := range c.pages {
		if first <= p && p <= last {
			c.invalidatePage(p, start, end)
		}
	}
}

// invalidatePage drops the blocks on page p with code in [start, end).
func (c *cache) invalidatePage(p, start, end uint64) {
	blocks := c.pages[p]
	for i := len(blocks) - 1; i >= 0; i-- { // remove moves those behind i
		if blocks[i].Overlaps(start, end) {
			c.remove(blocks[i])
		}
	}
}

// remove drops a block, and all ways to it.
func (c *cache) remove(b *ir.Block) {
	delete(c.blocks, b.PC)
	if j := &c.jumps[b.PC>>1&(jumpSize-1)]; j.b == b {
		*j = jump{}
	}
	for _, l := range b.In {
		l.To = nil
	}
	b.In, b.Dead = nil, true
	for i := range b.Links {
		l := &b.Links[i]
		if l.To != nil {
			l.To.In = without(l.To.In, l)
			l.To = nil
		}
	}
	for _, p := range b.Pages {
		if l := without(c.pages[p], b); len(l) == 0 {
			delete(c.pages, p)
		} else {
			c.pages[p] = l
		}
	}
}

// without removes x from s, in place.
func without[T comparable](s []T, x T) []T {
	if i := slices.Index(s, x); i >= 0 {
		return slices.Delete(s, i, i+1)
	}
	return s
}

// holds reports whether some block has code on page p.
func (e *Engine) holds(p uint64) bool {
	for _, k := range e.all {
		if len(k.pages[p]) > 0 {
			return true
		}
	}
	return false
}
