package mem

import (
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/internal/wire"
)

// A snapshot is saved as its difference from an earlier one, or from an empty space:
// the regions between those that both have first and last, and the places in the tree
// that hold another page. Places are written as runs, each of one kind:
//
//	distance from the end of the run before, in pages
//	number of pages << 2 | kind
//	runRemoved  -
//	runContent  id of the content, index of the first page in it
//	runWritten  for each page the difference of its ref from that of the stored page before
//	runClean    likewise
//
// Pages of a known [Content] are never stored: they are the same pages after loading.
const (
	runRemoved = iota // nothing is there any more
	runContent        // pages of a content, one after the other
	runWritten        // pages in the store
	runClean          // likewise, not written since they were mapped or taken
	runKinds
)

// place is a page number and the pages that two trees have there, which differ.
type place struct {
	vpn      uint64
	old, new *Page
}

// diff appends the places where the trees a and b differ, ascending. Either may be
// nil.
func diff(out []place, a, b *node, base uint64, shift uint) []place {
	if a == b {
		return out
	}
	for i := range uint64(fanout) {
		var x, y = kid(a, i), kid(b, i)
		if x == y {
			continue
		}
		if at := base + i<<shift; shift == 0 {
			out = append(out, place{at, (*Page)(x), (*Page)(y)})
		} else {
			out = diff(out, (*node)(x), (*node)(y), at, shift-levelBits)
		}
	}
	return out
}

// Save writes what differs from prev, nil for an empty space. The contents of pages go
// into the store unless it has them. It may be called from any goroutine, one at a
// time for a store.
func (sn *Snapshot) Save(c *wire.Coder, prev *Snapshot, to vm.PageStore, known *Pages) error {
	if prev == nil {
		prev = &Snapshot{}
	}
	c.Uint(&sn.codeMaps)
	c.Bool(&sn.shares)
	saveVMAs(c, prev.vmas, sn.vmas)
	places := diff(nil, prev.root, sn.root, 0, topShift)
	for _, p := range places {
		if err := p.store(to, known); err != nil {
			return err
		}
	}
	var runs int
	for rest := places; len(rest) > 0; runs++ {
		rest = rest[run(rest):]
	}
	wire.Num(c, &runs)
	var end uint64
	var ref vm.PageRef
	for len(places) > 0 {
		n := run(places)
		kind := places[0].kind()
		c.Put(places[0].vpn - end)
		c.Put(uint64(n)<<2 | uint64(kind))
		end = places[0].vpn + uint64(n)
		switch kind {
		case runContent:
			h := places[0].new.home.Load()
			c.Put(h.content.id)
			c.Put(uint64(h.ref))
		case runWritten, runClean:
			for _, p := range places[:n] {
				h := p.new.home.Load()
				step := int64(h.ref - ref)
				wire.Num(c, &step)
				ref = h.ref
			}
		}
		places = places[n:]
	}
	return nil
}

func (p *place) kind() int {
	switch {
	case p.new == nil:
		return runRemoved
	case p.new.known():
		return runContent
	case p.new.epoch == epochClean:
		return runClean
	}
	return runWritten
}

// known reports whether p is a page of a content with an id.
func (p *Page) known() bool {
	h := p.home.Load()
	return h != nil && h.content != nil
}

// run is how many of the places, of which there are some, make the first run.
func run(places []place) int {
	first := &places[0]
	kind := first.kind()
	n := 1
	for ; n < len(places); n++ {
		p := &places[n]
		if p.vpn != first.vpn+uint64(n) || p.kind() != kind {
			break
		}
		if kind == runContent {
			a, b := first.new.home.Load(), p.new.home.Load()
			if a.content != b.content || b.ref != a.ref+vm.PageRef(n) {
				break
			}
		}
	}
	return n
}

// store puts the page there into the store, unless it has it.
func (p *place) store(to vm.PageStore, known *Pages) error {
	if p.new == nil || p.new.known() {
		return nil
	}
	if h := p.new.home.Load(); h != nil && h.store == to {
		return nil
	}
	data, err := p.new.bytes()
	if err != nil {
		return err
	}
	var base *[PageSize]byte
	var baseRef vm.PageRef
	if p.old != nil {
		if h := p.old.home.Load(); h != nil && h.store == to {
			if b, err := p.old.bytes(); err == nil {
				base, baseRef = b, h.ref
			}
		}
	}
	ref, err := to.Put(data, base, baseRef)
	if err != nil {
		return err
	}
	p.new.home.Store(&home{store: to, ref: ref})
	known.remember(p.new, to, ref)
	return nil
}

// saveVMAs writes vmas as what it does not have in common with prev at the start and
// at the end.
func saveVMAs(c *wire.Coder, prev, vmas []VMA) {
	var first, last int
	for first < min(len(prev), len(vmas)) && prev[first] == vmas[first] {
		first++
	}
	for last < min(len(prev), len(vmas))-first && prev[len(prev)-1-last] == vmas[len(vmas)-1-last] {
		last++
	}
	wire.Num(c, &first)
	wire.Num(c, &last)
	middle := vmas[first : len(vmas)-last]
	codeVMAs(c, &middle)
}

// maxRegions bounds the regions that are read; a guest kernel allows fewer.
const maxRegions = 1 << 20

func codeVMAs(c *wire.Coder, vmas *[]VMA) {
	var end uint64
	var name string
	wire.List(c, vmas, maxRegions, func(v *VMA) {
		// Differences are short; of a wrong one load tells.
		start, size := v.Start-end, v.End-v.Start
		c.Uints(&start, &size)
		end += start + size
		if c.Reading() {
			v.Start, v.End = end-size, end
		}
		wire.Num(c, &v.Prot)
		same := v.Name == name
		switch c.Bool(&same); {
		case !same:
			c.String(&v.Name)
		case c.Reading():
			v.Name = name
		}
		name = v.Name
		c.Uints(&v.Offset, &v.Shared)
		c.Bool(&v.Fixed)
	})
}
