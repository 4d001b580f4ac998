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
