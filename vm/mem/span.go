package mem

import "unsafe"

// Readable returns the memory from addr to the end of its page, if the TLB says
// that it may be read without further ado; else nil. It is valid until the space
// is written or changed.
func (s *Space) Readable(addr uint64) []byte {
	e := &s.TLB[addr>>PageShift%TLBSize]
	if e.R != addr&^pageMask {
		return nil
	}
	return span(e, addr)
}

// Writable is Readable for memory that may be written.
func (s *Space) Writable(addr uint64) []byte {
	e := &s.TLB[addr>>PageShift%TLBSize]
	if e.W != addr&^pageMask {
		return nil
	}
	return span(e, addr)
}

func span(e *TLBEntry, addr uint64) []byte {
	off := addr & pageMask
	return unsafe.Slice((*byte)(unsafe.Add(e.Data, off)), PageSize-off)
}

// Executable returns the memory from addr to the end of its page if it has
// content and may be executed; else nil, which need not mean a fault.
func (s *Space) Executable(addr uint64) []byte {
	v := s.vmaAt(addr)
	if v == nil || v.Prot&Exec == 0 {
		return nil
	}
	p := s.lookup(addr >> PageShift)
	if p == nil || !s.here(p) {
		return nil
	}
	return p.data.Load()[addr&pageMask:]
}
