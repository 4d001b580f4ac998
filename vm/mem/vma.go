package mem

import (
	"fmt"
	"slices"
	"sort"
	"unsafe"
)

// VMA is a mapped region with one protection.
type VMA struct {
	Start, End uint64 // [Start, End), multiples of PageSize
	Prot       Prot
	Name       string // what is mapped, for a person to read
	Offset     uint64 // offset of Start in the mapped file, bytes

	Shared uint64 // number of the memory that is shared with other mappings: see Sharing; 0: it is private
	Fixed  bool   // it must not become writable; for the guest kernel
}

// IsFile reports whether a file is mapped, rather than anonymous memory.
func (v *VMA) IsFile() bool { return v.Name != "" && v.Name[0] != '[' }

// fileCode reports whether a part of a file can be executed there.
func (v *VMA) fileCode() bool { return v.Prot&Exec != 0 && v.IsFile() }

// CodeMaps counts the changes made so far to the set of executable mappings of
// files. It is part of a snapshot.
func (s *Space) CodeMaps() uint64 { return s.codeMaps }

// SetCodeMaps sets the count: for a space that takes another one's place.
func (s *Space) SetCodeMaps(n uint64) { s.codeMaps = n }

// fileCode reports whether part of a file can be executed in [start, end).
func (s *Space) fileCode(start, end uint64) bool {
	for i := find(s.vmas, start); i < len(s.vmas) && s.vmas[i].Start < end; i++ {
		if s.vmas[i].fileCode() {
			return true
		}
	}
	return false
}

// VMAs lists the regions, ascending. The caller must not change it.
func (s *Space) VMAs() []VMA { return s.vmas }

func find(vmas []VMA, addr uint64) int {
	return sort.Search(len(vmas), func(i int) bool { return vmas[i].End > addr })
}

func (s *Space) vmaAt(addr uint64) *VMA {
	i := find(s.vmas, addr)
	if i == len(s.vmas) || addr < s.vmas[i].Start {
		return nil
	}
	return &s.vmas[i]
}

// VMAAt returns the region that holds addr.
func (s *Space) VMAAt(addr uint64) (VMA, bool) {
	if v := s.vmaAt(addr); v != nil {
		return *v, true
	}
	return VMA{}, false
}

func protAt(vmas []VMA, vpn uint64) Prot {
	addr := vpn << PageShift
	i := find(vmas, addr)
	if i == len(vmas) || addr < vmas[i].Start {
		return 0
	}
	return vmas[i].Prot
}

func checkRange(start, end uint64) error {
	if start&pageMask != 0 || end&pageMask != 0 || start >= end || end > MaxAddr {
		return fmt.Errorf("mem: bad range [%#x, %#x): it must be page-aligned, not empty and below %#x", start, end, uint64(MaxAddr))
	}
	return nil
}

// carve returns the regions without [start, end), in a new slice.
func carve(vmas []VMA, start, end uint64) []VMA {
	out := make([]VMA, 0, len(vmas)+2)
	for _, v := range vmas {
		if v.End <= start || v.Start >= end {
			out = append(out, v)
			continue
		}
		if v.Start < start {
			l := v
			l.End = start
			out = append(out, l)
		}
		if v.End > end {
			r := v
			r.Offset += end - r.Start
			r.Start = end
			out = append(out, r)
		}
	}
	return out
}

func insert(vmas []VMA, v VMA) []VMA {
	i := find(vmas, v.Start)
	vmas = slices.Insert(vmas, i, v)
	// Merge with equal neighbours, so that growing a heap does not grow the list.
	merge := func(i int) {
		if i < 0 || i+1 >= len(vmas) {
			return
		}
		a, b := &vmas[i], &vmas[i+1]
		if a.End == b.Start && a.Prot == b.Prot && a.Name == b.Name && a.Shared == b.Shared && a.Fixed == b.Fixed &&
			(a.Shared == 0 && (a.Name == "" || a.Name[0] == '[') || a.Offset+(a.End-a.Start) == b.Offset) {
			a.End = b.End
			vmas = slices.Delete(vmas, i+1, i+2)
		}
	}
	merge(i)
	merge(i - 1)
	return vmas
}

// Map maps zeroed memory at v.Start, replacing what was mapped there.
func (s *Space) Map(v VMA) error {
	if err := checkRange(v.Start, v.End); err != nil {
		return err
	}
	s.changing(v.Start, v.End)
	s.drop(v.Start>>PageShift, v.End>>PageShift)
	if v.fileCode() || s.fileCode(v.Start, v.End) {
		s.codeMaps++
	}
	s.vmas = insert(carve(s.vmas, v.Start, v.End), v)
	s.shares = s.shares || v.Shared != 0
	return nil
}

// Unmap removes whatever is mapped in [start, end).
func (s *Space) Unmap(start, end uint64) error {
	if err := checkRange(start, end); err != nil {
		return err
	}
	s.changing(start, end)
	s.drop(start>>PageShift, end>>PageShift)
	if s.fileCode(start, end) {
		s.codeMaps++
	}
	s.vmas = carve(s.vmas, start, end)
	return nil
}

// Zero makes the content of [start, end) read as zeros again; the mapping stays
// (madvise MADV_DONTNEED on anonymous memory). What is shared changes here only.
func (s *Space) Zero(start, end uint64) error {
	if err := checkRange(start, end); err != nil {
		return err
	}
	s.changing(start, end)
	s.drop(start>>PageShift, end>>PageShift)
	return nil
}

// Move moves the content of [from, from+size) to to, as mremap(2) does: pages
// change hands, nothing is copied. Both ranges must be page-aligned and mapped;
// they must not overlap, and the new one must have no content. The old one reads
// as zeros afterwards.
func (s *Space) Move(from, to, size uint64) error {
	if err := checkRange(from, from+size); err != nil {
		return err
	}
	if err := checkRange(to, to+size); err != nil {
		return err
	}
	s.changing(from, from+size)
	s.changing(to, to+size)
	type moved struct {
		vpn uint64
		p   *Page
	}
	var found []moved
	s.root.walk(0, topShift, from>>PageShift, (from+size)>>PageShift, func(vpn uint64, p *Page) {
		found = append(found, moved{vpn, p})
	})
	for _, f := range found {
		dst := f.vpn - from>>PageShift + to>>PageShift
		*s.slot(f.vpn) = nil
		*s.slot(dst) = unsafe.Pointer(f.p)
		s.dirty = append(s.dirty, f.vpn, dst)
	}
	return nil
}

// Protect changes the protection of [start, end), all of which must be mapped:
// else it returns an error and what comes before the hole has been changed, as
// mprotect(2) does.
func (s *Space) Protect(start, end uint64, prot Prot) error {
	if err := checkRange(start, end); err != nil {
		return err
	}
	s.changing(start, end)
	before := s.fileCode(start, end)
	defer func() {
		if before || s.fileCode(start, end) {
			s.codeMaps++
		}
	}()
	for at := start; at < end; {
		v := s.vmaAt(at)
		if v == nil {
			return fmt.Errorf("mem: protect: %#x is not mapped", at)
		}
		part := *v
		part.Offset += at - part.Start
		part.Start = at
		part.End = min(v.End, end)
		part.Prot = prot
		s.vmas = insert(carve(s.vmas, part.Start, part.End), part)
		at = part.End
	}
	return nil
}

// Mapped reports whether any of [start, end) is mapped.
func (s *Space) Mapped(start, end uint64) bool {
	i := find(s.vmas, start)
	return i < len(s.vmas) && s.vmas[i].Start < end
}

// FindFree returns the highest free range of size bytes (a multiple of
// PageSize) that ends at or below high and starts at or above low.
func (s *Space) FindFree(low, high, size uint64) (uint64, bool) {
	end := high
	for i := len(s.vmas) - 1; ; i-- {
		var floor uint64
		if i >= 0 {
			floor = s.vmas[i].End
		}
		if end >= max(floor, low) && end-max(floor, low) >= size && end-size >= low {
			return end - size, true
		}
		if i < 0 {
			return 0, false
		}
		end = min(end, s.vmas[i].Start)
	}
}

// changing prepares for a change of mapping or protection of [start, end).
func (s *Space) changing(start, end uint64) {
	if (end-start)>>PageShift < TLBSize {
		for vpn := start >> PageShift; vpn < end>>PageShift; vpn++ {
			s.evict(vpn)
		}
	} else {
		s.FlushTLB()
	}
	s.marked(start, end, func(uint64) bool {
		s.OnCode(start, end)
		return false
	})
}
