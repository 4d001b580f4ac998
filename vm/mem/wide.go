package mem

import (
	"encoding/binary"
	"unsafe"
)

// Load128 reads 16 bytes at addr as one access, the low 8 of them into lo. ok is
// false when the access fails: s.Fault then tells why.
func (s *Space) Load128(addr uint64) (lo, hi uint64, ok bool) {
	e := &s.TLB[addr>>PageShift%TLBSize]
	if off := addr & pageMask; e.R == addr&^pageMask && off <= PageSize-16 {
		p := (*[16]byte)(unsafe.Add(e.Data, off))
		return binary.LittleEndian.Uint64(p[:8]), binary.LittleEndian.Uint64(p[8:]), true
	}
	var b [16]byte
	if !s.LoadBytes(addr, b[:]) {
		return 0, 0, false
	}
	return binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:]), true
}

// Store128 writes 16 bytes at addr as one access, the low 8 of them from lo. A
// failed store changes nothing: s.Fault then tells why.
func (s *Space) Store128(addr, lo, hi uint64) bool {
	e := &s.TLB[addr>>PageShift%TLBSize]
	if off := addr & pageMask; e.W == addr&^pageMask && off <= PageSize-16 {
		p := (*[16]byte)(unsafe.Add(e.Data, off))
		binary.LittleEndian.PutUint64(p[:8], lo)
		binary.LittleEndian.PutUint64(p[8:], hi)
		return true
	}
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], lo)
	binary.LittleEndian.PutUint64(b[8:], hi)
	return s.StoreBytes(addr, b[:])
}

// LoadBytes reads len(p) bytes (at most a page) at addr as one access of a guest
// instruction. ok is false when it fails: s.Fault then tells why.
func (s *Space) LoadBytes(addr uint64, p []byte) bool {
	size := uint64(len(p))
	if len(s.watches) > 0 && s.IgnoreWatches&Read == 0 {
		if i, hit := s.watchHit(addr, size, false); hit && s.can(addr, size, Read) {
			s.fault(FaultWatch, AccessRead, addr, size)
			s.Fault.Watch = i
			return false
		}
	}
	return pages(addr, len(p), func(a uint64, lo, hi int) bool { return s.readPage(a, p[lo:hi]) })
}

// StoreBytes writes p (at most a page) at addr as one access of a guest
// instruction. A failed store changes nothing: s.Fault then tells why.
func (s *Space) StoreBytes(addr uint64, p []byte) bool {
	size := uint64(len(p))
	if len(s.watches) > 0 && s.IgnoreWatches&Write == 0 {
		if i, hit := s.watchHit(addr, size, true); hit && s.can(addr, size, Write) {
			s.fault(FaultWatch, AccessWrite, addr, size)
			s.Fault.Watch = i
			return false
		}
	}
	code := false
	if !pages(addr, len(p), func(a uint64, _, _ int) bool {
		code = code || s.coded(a>>PageShift)
		_, ok := s.probe(a, AccessWrite)
		return ok
	}) {
		return false
	}
	if code && !s.AllowCodeWrite {
		return s.fault(FaultCode, AccessWrite, addr, size)
	}
	pages(addr, len(p), func(a uint64, lo, hi int) bool {
		s.put(a, p[lo:hi])
		return true
	})
	return true
}

// Load80 reads 10 bytes at addr as one access, the low 8 of them into lo;
// otherwise like Load128.
func (s *Space) Load80(addr uint64) (lo uint64, hi uint16, ok bool) {
	e := &s.TLB[addr>>PageShift%TLBSize]
	if off := addr & pageMask; e.R == addr&^pageMask && off <= PageSize-10 {
		p := (*[10]byte)(unsafe.Add(e.Data, off))
		return binary.LittleEndian.Uint64(p[:8]), binary.LittleEndian.Uint16(p[8:]), true
	}
	var b [10]byte
	if !s.LoadBytes(addr, b[:]) {
		return 0, 0, false
	}
	return binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint16(b[8:]), true
}

// Store80 writes 10 bytes at addr as one access, the low 8 of them from lo;
// otherwise like Store128.
func (s *Space) Store80(addr, lo uint64, hi uint16) bool {
	e := &s.TLB[addr>>PageShift%TLBSize]
	if off := addr & pageMask; e.W == addr&^pageMask && off <= PageSize-10 {
		p := (*[10]byte)(unsafe.Add(e.Data, off))
		binary.LittleEndian.PutUint64(p[:8], lo)
		binary.LittleEndian.PutUint16(p[8:], hi)
		return true
	}
	var b [10]byte
	binary.LittleEndian.PutUint64(b[:], lo)
	binary.LittleEndian.PutUint16(b[8:], hi)
	return s.StoreBytes(addr, b[:])
}
