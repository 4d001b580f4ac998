package mem

import (
	"unsafe"

	"github.com/dap-revexec/dap-revexec/vm"
)

// The tree has six levels of 64 children. Six bits a level keep the path that
// the first write to a page copies at 3 KB, and neighbours share most of it.
const (
	levelBits = 6
	fanout    = 1 << levelBits
	topShift  = 30 // shift of the root's index in a page number
)

// node is an inner node. It may be changed only by the space whose epoch it
// carries.
type node struct {
	epoch uint64
	kid   [fanout]unsafe.Pointer // *node, or *Page where the shift is 0
}

func index(vpn uint64, shift uint) uint64 { return vpn >> shift & (fanout - 1) }

// kid is child i of n, which may be nil.
func kid(n *node, i uint64) unsafe.Pointer {
	if n == nil {
		return nil
	}
	return n.kid[i]
}

// lookup returns page vpn, or nil if it has never been written.
func (s *Space) lookup(vpn uint64) *Page { return s.root.lookup(vpn) }

func (n *node) lookup(vpn uint64) *Page {
	for shift := uint(topShift); ; shift -= levelBits {
		k := n.kid[index(vpn, shift)]
		if k == nil || shift == 0 {
			return (*Page)(k)
		}
		n = (*node)(k)
	}
}

// own returns n itself if it is private to an epoch, or a private copy.
func (n *node) own(epoch uint64) *node {
	if n.epoch == epoch {
		return n
	}
	c := *n
	c.epoch = epoch
	return &c
}

// slot returns the private place of page vpn in the tree, making the path to it
// private.
func (s *Space) slot(vpn uint64) *unsafe.Pointer { return slot(&s.root, s.epoch, vpn) }

func slot(root **node, epoch, vpn uint64) *unsafe.Pointer {
	*root = (*root).own(epoch)
	n := *root
	for shift := uint(topShift); ; shift -= levelBits {
		k := &n.kid[index(vpn, shift)]
		if shift == 0 {
			return k
		}
		if *k == nil {
			*k = unsafe.Pointer(&node{epoch: epoch})
		} else if c := (*node)(*k); c.epoch != epoch {
			*k = unsafe.Pointer(c.own(epoch))
		}
		n = (*node)(*k)
	}
}

// writable returns page vpn for writing in place: the existing page if it is
// private to this epoch, else a private copy, and then the page is dirty.
func (s *Space) writable(vpn uint64) *Page {
	old := s.lookup(vpn)
	if old != nil && old.epoch == s.epoch {
		return old
	}
	data := new([PageSize]byte)
	if old == nil {
		s.count++
	} else if s.here(old) {
		*data = *old.data.Load()
	}
	p := newPage(s.epoch, data)
	*s.slot(vpn) = unsafe.Pointer(p)
	s.dirty = append(s.dirty, vpn)
	s.spread(vpn, p)
	return p
}

// drop forgets the content of pages [first, end).
func (s *Space) drop(first, end uint64) {
	var found []uint64
	s.root.walk(0, topShift, first, end, func(vpn uint64, _ *Page) { found = append(found, vpn) })
	for _, vpn := range found {
		*s.slot(vpn) = nil
		s.dirty = append(s.dirty, vpn)
	}
	s.count -= len(found)
}

// walk calls f for each page in [first, end), ascending.
func (n *node) walk(base uint64, shift uint, first, end uint64, f func(vpn uint64, p *Page)) {
	span := uint64(1) << shift
	for i := range n.kid {
		lo := base + uint64(i)*span
		if n.kid[i] == nil || lo+span <= first || lo >= end {
			continue
		}
		if shift == 0 {
			f(lo, (*Page)(n.kid[i]))
		} else {
			(*node)(n.kid[i]).walk(lo, shift-levelBits, first, end, f)
		}
	}
}

// Snapshot is the immutable content and layout of a space.
type Snapshot struct {
	root  *node
	vmas  []VMA
	dirty []uint64
	count int

	codeMaps uint64
	shares   bool
}

// Dirty lists the pages written since the space's previous Snapshot or Restore,
// ascending.
func (sn *Snapshot) Dirty() []uint64 { return sn.dirty }

// Snapshot captures the space. It takes about a microsecond; each page's first
// write afterwards pays for copying the page.
func (s *Space) Snapshot() *Snapshot {
	sn := &Snapshot{root: s.root, vmas: s.vmas, dirty: sortUnique(s.dirty), count: s.count, codeMaps: s.codeMaps, shares: s.shares}
	s.newEpoch()
	return sn
}

// Restore puts the space into the state of a snapshot, its own or another
// space's. Watches and code marks stay; OnCode is told of the marked pages whose
// content or mapping differs.
func (s *Space) Restore(sn *Snapshot) {
	old, oldVMAs := s.root, s.vmas
	s.root, s.vmas, s.count, s.codeMaps, s.shares = sn.root, sn.vmas, sn.count, sn.codeMaps, sn.shares
	s.newEpoch()
	s.FlushTLB()
	s.kernelHits = nil
	sameVMAs := len(oldVMAs) == len(s.vmas) && (len(s.vmas) == 0 || &oldVMAs[0] == &s.vmas[0])
	if old == s.root && sameVMAs {
		return
	}
	var changed []uint64
	for vpn := range s.code {
		if old.lookup(vpn) != s.root.lookup(vpn) || !sameVMAs && protAt(oldVMAs, vpn) != protAt(s.vmas, vpn) {
			changed = append(changed, vpn)
		}
	}
	for _, vpn := range changed {
		s.OnCode(vpn<<PageShift, (vpn+1)<<PageShift)
	}
}

func (s *Space) newEpoch() {
	s.epoch = epochs.Add(1)
	s.dirty = nil
	s.flushWrites()
}

// Hash digests layout and content. Pages of zeros count as never written.
func (s *Space) Hash() vm.Hash {
	h := newHasher()
	h.u64(s.codeMaps)
	for _, v := range s.vmas {
		h.u64(v.Start, v.End, uint64(v.Prot))
		if v.Shared != 0 {
			h.u64(v.Shared, v.Offset)
		}
	}
	s.root.walk(0, topShift, 0, MaxAddr>>PageShift, func(vpn uint64, p *Page) {
		frozen := p.epoch != s.epoch
		if v, _ := s.sharedAt(vpn); v != nil {
			frozen = false // another space may write to it in place
		}
		if !s.here(p) {
			return
		}
		d := p.digest(frozen)
		if d != zeroDigest {
			h.u64(vpn)
			h.bytes(d[:])
		}
	})
	return h.sum()
}

// Is reports whether the space is as sn has it: nothing has been written or
// mapped since sn was taken or restored.
func (s *Space) Is(sn *Snapshot) bool {
	return s.root == sn.root && s.codeMaps == sn.codeMaps && len(s.vmas) == len(sn.vmas) &&
		(len(s.vmas) == 0 || &s.vmas[0] == &sn.vmas[0])
}

// Fork captures the space for another one to Restore, as Snapshot does, but is no
// mark on the way from one Snapshot of s to the next: what has been written before
// it stays among the pages that the next one lists as dirty.
func (s *Space) Fork() *Snapshot {
	sn := &Snapshot{root: s.root, vmas: s.vmas, count: s.count, codeMaps: s.codeMaps, shares: s.shares}
	s.epoch = epochs.Add(1)
	s.flushWrites()
	return sn
}

// Succeed makes s stand for old from now on, for whoever follows both as one (a
// process that executes another program): what has been written to and read of old
// counts as written and read, if both trace reads, and CodeMaps goes on from there.
func (s *Space) Succeed(old *Space) {
	s.dirty = append(s.dirty, old.dirty...)
	if s.reads != nil && old.reads != nil {
		for i, w := range old.reads {
			s.reads[i] |= w
		}
	}
	s.codeMaps = old.codeMaps + 1
}
