package mem

import (
	"slices"
	"unsafe"
)

// Sharing is the spaces that can share memory with each other: those of one
// machine. Mappings with the same VMA.Shared show the same content at the same
// Offset, in whatever spaces they are.
//
// Each space has the pages of what it shares in its own tree, so that snapshots
// and restores need to know nothing of sharing. What keeps them alike is that all
// trees have the same page: the space that copies a page to write to it puts the
// copy into all of them. As long as the page carries that space's epoch it writes
// in place, which the others see; a write by another one copies it again.
// Therefore all spaces of a machine that share memory must be in its snapshots,
// and be restored, together.
//
// A Sharing belongs to its machine's goroutine.
type Sharing struct{ spaces []*Space }

// Join adds a space.
func (g *Sharing) Join(s *Space) {
	s.sharing = g
	g.spaces = append(g.spaces, s)
}

// Leave takes a space out: what it maps is nobody's concern any more.
func (g *Sharing) Leave(s *Space) {
	g.spaces = slices.DeleteFunc(g.spaces, func(x *Space) bool { return x == s })
	s.sharing = nil
}

// alias is a place where shared memory is mapped.
type alias struct {
	s *Space
	v *VMA
}

// page is the page number at which a has the page at offset off.
func (a alias) page(off uint64) uint64 { return (a.v.Start + off - a.v.Offset) >> PageShift }

// aliases lists where any of [off, end) of shared memory id is mapped.
func (g *Sharing) aliases(id, off, end uint64) []alias {
	var out []alias
	for _, s := range g.spaces {
		if !s.shares {
			continue
		}
		for i := range s.vmas {
			if v := &s.vmas[i]; v.Shared == id && v.Offset < end && off < v.Offset+v.End-v.Start {
				out = append(out, alias{s, v})
			}
		}
	}
	return out
}

// Mapped reports whether shared memory id is mapped anywhere.
func (g *Sharing) Mapped(id uint64) bool { return len(g.aliases(id, 0, MaxAddr)) > 0 }

// sharedAt finds the shared mapping of page vpn and the page's offset in what is
// mapped; nil: the page is private.
func (s *Space) sharedAt(vpn uint64) (v *VMA, off uint64) {
	if !s.shares || s.sharing == nil {
		return nil, 0
	}
	if v = s.vmaAt(vpn << PageShift); v == nil || v.Shared == 0 {
		return nil, 0
	}
	return v, v.Offset + vpn<<PageShift - v.Start
}

// spread puts page p into all trees that have page vpn of s by sharing.
func (s *Space) spread(vpn uint64, p *Page) {
	v, off := s.sharedAt(vpn)
	if v == nil {
		return
	}
	for _, a := range s.sharing.aliases(v.Shared, off, off+PageSize) {
		a.s.replace(a.page(off), p)
	}
}

// replace makes p page vpn.
func (s *Space) replace(vpn uint64, p *Page) {
	if old := s.lookup(vpn); old == p {
		return
	} else if old == nil {
		s.count++
	} else if p == nil {
		s.count--
	}
	*s.slot(vpn) = unsafe.Pointer(p)
	s.dirty = append(s.dirty, vpn)
	s.evict(vpn)
}

// coded reports whether code has been translated from page vpn, in whatever space.
func (s *Space) coded(vpn uint64) bool {
	if s.code[vpn] {
		return true
	}
	v, off := s.sharedAt(vpn)
	if v == nil {
		return false
	}
	for _, a := range s.sharing.aliases(v.Shared, off, off+PageSize) {
		if a.s.code[a.page(off)] {
			return true
		}
	}
	return false
}

// tellCode tells of a change of [start, end), within one page, those that have
// translated code from it.
func (s *Space) tellCode(start, end uint64) {
	vpn := start >> PageShift
	v, off := s.sharedAt(vpn)
	if v == nil {
		if s.code[vpn] {
			s.OnCode(start, end)
		}
		return
	}
	for _, a := range s.sharing.aliases(v.Shared, off, off+PageSize) {
		if at := a.page(off); a.s.code[at] {
			a.s.OnCode(at<<PageShift+start&pageMask, at<<PageShift+start&pageMask+end-start)
		}
	}
}

// Adopt makes the shared mappings in [start, end) show what others of the same
// memory show.
func (s *Space) Adopt(start, end uint64) {
	for vpn := start >> PageShift; vpn < end>>PageShift; vpn++ {
		v, off := s.sharedAt(vpn)
		if v == nil {
			continue
		}
		for _, a := range s.sharing.aliases(v.Shared, off, off+PageSize) {
			if at := a.page(off); a.s != s || at < start>>PageShift || at >= end>>PageShift {
				s.replace(vpn, a.s.lookup(at))
				break
			}
		}
	}
}

// Piece is a part of shared memory.
type Piece struct {
	Offset uint64
	Data   []byte
}

// maxPiece bounds the bytes of a Piece.
const maxPiece = 1 << 20

// TakeWritten lists what has been written in the shared mappings of memory id in
// [start, end), since it was mapped or last taken, in whole pages. The caller must
// not change it.
func (s *Space) TakeWritten(id, start, end uint64) []Piece {
	var out []Piece
	for _, v := range s.vmas {
		if v.Shared != id || v.Start >= end || v.End <= start {
			continue
		}
		first, last := max(v.Start, start)>>PageShift, min(v.End, end)>>PageShift
		var found []uint64
		s.root.walk(0, topShift, first, last, func(vpn uint64, p *Page) {
			if p.epoch != epochClean && s.here(p) {
				found = append(found, vpn)
			}
		})
		for _, vpn := range found {
			p := s.lookup(vpn)
			data := p.data.Load()
			off := v.Offset + vpn<<PageShift - v.Start
			if n := len(out); n > 0 && out[n-1].Offset+uint64(len(out[n-1].Data)) == off && len(out[n-1].Data) < maxPiece {
				out[n-1].Data = append(out[n-1].Data, data[:]...)
			} else {
				out = append(out, Piece{off, slices.Clone(data[:])})
			}
			// As the content of a file is: the next write copies it.
			s.spread(vpn, newPage(epochClean, data))
		}
	}
	return out
}

// Put writes p to shared memory id at offset off, as far as that is mapped.
func (g *Sharing) Put(id, off uint64, p []byte) {
	for len(p) > 0 {
		n := min(uint64(len(p)), PageSize-off&pageMask)
		if as := g.aliases(id, off, off+n); len(as) > 0 {
			a := as[0]
			a.s.put(a.page(off&^pageMask)<<PageShift+off&pageMask, p[:n])
		}
		off, p = off+n, p[n:]
	}
}

// Truncate makes shared memory id read as zeros from offset off on.
func (g *Sharing) Truncate(id, off uint64) {
	if rest := off & pageMask; rest != 0 {
		if as := g.aliases(id, off, off+1); len(as) > 0 && as[0].s.lookup(as[0].page(off&^pageMask)) != nil {
			g.Put(id, off, zeroPage[rest:])
		}
		off += PageSize - rest
	}
	for _, a := range g.aliases(id, off, MaxAddr) {
		first := max(a.v.Start>>PageShift, a.page(max(off, a.v.Offset)))
		a.s.changing(first<<PageShift, a.v.End)
		a.s.drop(first, a.v.End>>PageShift)
	}
}
