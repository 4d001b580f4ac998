package mem

import (
	"unsafe"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/internal/wire"
)

// Loading is how the snapshots of a machine's spaces are loaded.
type Loading struct {
	Store   vm.PageStore
	Known   *Pages
	Content func(id uint64) *Content // nil: there is none with that id
	Limit   int                      // pages that may still be loaded; it is counted down
}

// Load reads what Save has written with the same prev. What is wrong c.Err tells:
// the snapshot cannot be used then.
func (l *Loading) Load(c *wire.Coder, prev *Snapshot) *Snapshot {
	if prev == nil {
		prev = &Snapshot{}
	}
	sn := &Snapshot{root: prev.root, count: prev.count}
	c.Uint(&sn.codeMaps)
	c.Bool(&sn.shares)
	sn.vmas = loadVMAs(c, prev.vmas)
	if sn.root == nil {
		sn.root = &node{}
	}
	l.pages(c, sn)
	return sn
}

// pages puts the runs of pages into the tree.
func (l *Loading) pages(c *wire.Coder, sn *Snapshot) {
	epoch := epochs.Add(1) // of the nodes that are made here
	put := func(vpn uint64, p *Page) {
		old := sn.root.lookup(vpn)
		switch {
		case old == p:
			return
		case old == nil:
			sn.count++
		case p == nil:
			sn.count--
		}
		*slot(&sn.root, epoch, vpn) = unsafe.Pointer(p)
	}
	const maxPages = MaxAddr >> PageShift
	var vpn uint64
	var ref vm.PageRef
	for runs := c.Len(0, maxPages); runs > 0 && c.Err() == nil; runs-- {
		skip, head := c.Get(), c.Get()
		n, kind := head>>2, head&3
		if skip > maxPages-vpn || n == 0 || n > maxPages-vpn-skip {
			c.Fail("a run of %d pages, %d behind page %#x", n, skip, vpn)
			return
		}
		vpn += skip
		if kind != runRemoved {
			if n > uint64(l.Limit) {
				c.Fail("more pages than the machine may have")
				return
			}
			l.Limit -= int(n)
		}
		switch kind {
		case runRemoved:
			var there []uint64
			sn.root.walk(0, topShift, vpn, vpn+n, func(at uint64, _ *Page) { there = append(there, at) })
			for _, at := range there {
				put(at, nil)
			}
		case runContent:
			id, at := c.Get(), c.Get()
			content := l.Content(id)
			if content == nil || at > uint64(len(content.pages)) || n > uint64(len(content.pages))-at {
				c.Fail("pages %d to %d of content %d, which are not there", at, at+n, id)
				return
			}
			for i := range n {
				put(vpn+i, &content.pages[at+i])
			}
		default:
			if n > uint64(c.Left()) {
				c.Fail("a run of %d pages, where %d bytes are left", n, c.Left())
				return
			}
			for i := range n {
				var step int64
				wire.Num(c, &step)
				if ref += vm.PageRef(step); ref == 0 || c.Err() != nil {
					c.Fail("a page without a place in the store")
					return
				}
				put(vpn+i, l.Known.page(l.Store, ref, kind == runClean))
			}
		}
		vpn += n
	}
}

// loadVMAs reads what saveVMAs has written.
func loadVMAs(c *wire.Coder, prev []VMA) []VMA {
	var first, last int
	var middle []VMA
	wire.Num(c, &first)
	wire.Num(c, &last)
	codeVMAs(c, &middle)
	if c.Err() != nil {
		return nil
	}
	if first < 0 || last < 0 || first > len(prev) || last > len(prev)-first {
		c.Fail("%d and %d regions of the %d before", first, last, len(prev))
		return nil
	}
	if len(middle) == 0 && first+last == len(prev) {
		return prev // whoever compares them sees at once that they are the same
	}
	vmas := make([]VMA, 0, first+len(middle)+last)
	vmas = append(vmas, prev[:first]...)
	vmas = append(vmas, middle...)
	vmas = append(vmas, prev[len(prev)-last:]...)
	var end uint64
	for i := range vmas {
		v := &vmas[i]
		if v.Start < end || checkRange(v.Start, v.End) != nil || v.Prot&^(Read|Write|Exec) != 0 || v.Offset&pageMask != 0 ||
			v.Shared != 0 && v.Offset+v.End-v.Start < v.Offset {
			c.Fail("region %d, [%#x, %#x), is damaged", i, v.Start, v.End)
			return nil
		}
		end = v.End
	}
	return vmas
}
