// Package mem is guest memory: an address space of 4 KiB pages with
// protections, O(1) snapshots and an inlinable software TLB.
//
// Pages hang in a persistent radix tree. A snapshot is the tree's root; the
// first write to a page after it copies the page and the path to it, so a
// snapshot costs what is written afterwards and a restore costs nothing but a
// TLB flush. The TLB is where this dirty tracking happens: a page's write entry
// is only installed once the page is private to the current epoch.
//
// The same slow path catches everything else that the hot path must not pay
// for: watched pages and pages with translated code never get a write entry (or
// a read entry, for a read watch), so that only accesses to them are slow; and a page
// gets a read entry at its first read, so that it can be noted what is read.
//
// A snapshot can be saved as bytes, its pages going to a store, and be loaded again:
// see [Snapshot.Save] and [Loading]. The content of a loaded page is read from the store
// when it is first needed.
//
// The package knows nothing of instructions or the guest kernel. A [Space]
// belongs to one goroutine, its machine's; a [Snapshot] is immutable and may be
// shared between goroutines and spaces.
package mem

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"

	"github.com/dap-revexec/dap-revexec/vm"
)

// PageSize is the size of a page in bytes.
const (
	PageSize  = 1 << PageShift
	PageShift = 12
	pageMask  = PageSize - 1
)

// MaxAddr is the first address beyond the largest address space: 2^48.
const MaxAddr = 1 << 48

// Prot is a set of permitted accesses.
type Prot uint8

// Protections.
const (
	Read Prot = 1 << iota
	Write
	Exec
)

// FaultKind says why an access failed.
type FaultKind uint8

// Kinds of faults.
const (
	FaultNone     FaultKind = iota
	FaultUnmapped           // nothing is mapped there
	FaultProt               // the mapping does not permit the access
	FaultWatch              // a watched range would be accessed, without another fault
	FaultAlign              // an atomic access is misaligned
	FaultCode               // translated code would be overwritten: see AllowCodeWrite
	FaultLost               // the page's content cannot be read from its store: see OnLost
)

// Access is what an access wanted.
type Access uint8

// Accesses.
const (
	AccessRead Access = iota
	AccessWrite
	AccessFetch
)

// Fault describes a failed access.
type Fault struct {
	Kind   FaultKind
	Access Access
	Addr   uint64 // first byte that could not be accessed (for a watch: first byte of the access)
	Size   uint64 // bytes of the access
	Watch  int    // for FaultWatch: index of the watch
}

// epochs numbers the stretches between snapshots, process-wide, so that pages
// of one space's epoch are never taken for another's.
var epochs atomic.Uint64

// TLBSize is the number of entries in the TLB, a power of two.
const TLBSize = 4096

// TLBEntry caches one page. An access of a power-of-two size n at addr hits when
// addr & (^0xfff | n-1) equals the tag of its kind: it is aligned, then, and in
// the page. Data is the page's first byte.
type TLBEntry struct {
	R, W uint64 // the page's address, or noTag
	Data unsafe.Pointer
	_    uint64
}

const noTag = ^uint64(0)

// Space is an address space.
type Space struct {
	TLB [TLBSize]TLBEntry

	// Fault describes the failure that a slow path just returned false for.
	Fault Fault

	// AllowCodeWrite lets a guest store overwrite translated code (after
	// telling OnCode) instead of failing with FaultCode. The engine sets it
	// while it executes a single instruction.
	AllowCodeWrite bool

	// IgnoreWatches lets accesses of these kinds (Read, Write) to watched ranges
	// through, by the guest kernel too: set while the instruction is executed at
	// which the watch has been reported, and for accesses that are nobody's concern.
	IgnoreWatches Prot

	// OnCode is told of each change of content or protection of [start, end)
	// that touches a page marked by MarkCode, before anything is executed
	// there again.
	OnCode func(start, end uint64)

	// OnLost is told when the content of a page is needed and cannot be read from the
	// store that has it. An access fails with FaultLost then; what else needs it
	// takes zeros.
	OnLost func(err error)

	root  *node
	epoch uint64
	dirty []uint64 // page numbers written since the last Snapshot or Restore
	vmas  []VMA    // ascending, disjoint; copied on change

	watches []vm.Watch
	code    map[uint64]bool // page numbers with translated code

	codeMaps uint64 // see CodeMaps

	reads *readPages // nil: nobody wants to know; see TraceReads

	sharing *Sharing // nil: it shares no memory
	shares  bool     // something shared has been mapped

	kernelHits []KernelHit // not taken yet, in order
	count      int         // pages in the tree
}

// KernelHit is an access by the guest kernel to a watched range.
type KernelHit struct {
	Watch int
	Addr  uint64
	Size  uint64
	Write bool
}

// NewSpace returns an empty address space.
func NewSpace() *Space {
	s := &Space{root: &node{}, epoch: epochs.Add(1), code: map[uint64]bool{}}
	s.FlushTLB()
	return s
}

// FlushTLB empties the TLB.
func (s *Space) FlushTLB() {
	for i := range s.TLB {
		s.TLB[i].R, s.TLB[i].W, s.TLB[i].Data = noTag, noTag, nil
	}
}

func (s *Space) flushWrites() {
	for i := range s.TLB {
		s.TLB[i].W = noTag
	}
}

func (s *Space) evict(vpn uint64) {
	e := &s.TLB[vpn%TLBSize]
	if e.R == vpn<<PageShift || e.W == vpn<<PageShift {
		e.R, e.W = noTag, noTag
	}
}

// SetWatches replaces the watched ranges. The caller must not change ws.
func (s *Space) SetWatches(ws []vm.Watch) {
	if len(ws) == 0 && len(s.watches) == 0 {
		return
	}
	s.watches = ws
	s.FlushTLB()
}

// watchHit looks for a watch that the access touches.
func (s *Space) watchHit(addr, size uint64, write bool) (int, bool) {
	for i := range s.watches {
		if s.watches[i].Touches(addr, size, write) {
			return i, true
		}
	}
	return 0, false
}

// watched tells which accesses to page vpn may touch a watch.
func (s *Space) watched(vpn uint64) (p Prot) {
	for i := range s.watches {
		w := &s.watches[i]
		if w.Touches(vpn<<PageShift, PageSize, false) {
			p |= Read
		}
		if w.Touches(vpn<<PageShift, PageSize, true) {
			p |= Write
		}
	}
	return p
}

// TakeKernelHit returns and forgets the first of the watched accesses that the
// guest kernel made and that have not been taken yet. An access that several
// watches cover counts for each.
func (s *Space) TakeKernelHit() (KernelHit, bool) {
	if len(s.kernelHits) == 0 {
		return KernelHit{}, false
	}
	h := s.kernelHits[0]
	s.kernelHits = s.kernelHits[1:]
	return h, true
}

// Pages is the number of pages that have been written, or mapped with content,
// and not unmapped since: the memory that the guest uses.
func (s *Space) Pages() int { return s.count }

// MarkCode records that code on page vpn has been translated.
func (s *Space) MarkCode(vpn uint64) {
	if !s.code[vpn] {
		s.code[vpn] = true
		s.writesSlowly(vpn)
		if v, off := s.sharedAt(vpn); v != nil {
			for _, a := range s.sharing.aliases(v.Shared, off, off+PageSize) {
				a.s.writesSlowly(a.page(off))
			}
		}
	}
}

// writesSlowly takes the write entry of page vpn from the TLB.
func (s *Space) writesSlowly(vpn uint64) {
	e := &s.TLB[vpn%TLBSize]
	if e.W == vpn<<PageShift {
		e.W = noTag
	}
}

// UnmarkCode undoes MarkCode for the pages that touch [start, end) and that no
// translation is left of, as holds tells.
func (s *Space) UnmarkCode(start, end uint64, holds func(vpn uint64) bool) {
	s.marked(start, end, func(vpn uint64) bool {
		if !holds(vpn) {
			delete(s.code, vpn)
		}
		return true
	})
}

// marked calls f for the pages marked by MarkCode that touch [start, end), until
// it returns false.
func (s *Space) marked(start, end uint64, f func(vpn uint64) bool) {
	if len(s.code) == 0 || start >= end {
		return
	}
	first, last := start>>PageShift, (end-1)>>PageShift
	if last-first < uint64(len(s.code)) {
		for vpn := first; vpn <= last; vpn++ {
			if s.code[vpn] && !f(vpn) {
				return
			}
		}
		return
	}
	for vpn := range s.code {
		if first <= vpn && vpn <= last && !f(vpn) {
			return
		}
	}
}

// fault records a failure and returns false.
func (s *Space) fault(k FaultKind, a Access, addr, size uint64) bool {
	s.Fault = Fault{Kind: k, Access: a, Addr: addr, Size: size}
	return false
}

// probe finds the page of addr for an access and fills the TLB entry. p is nil
// for a readable page that has never been written. On failure it records the
// fault.
func (s *Space) probe(addr uint64, a Access) (p *Page, ok bool) {
	vpn := addr >> PageShift
	v := s.vmaAt(addr)
	if v == nil {
		return nil, s.fault(FaultUnmapped, a, addr, 1)
	}
	need := Read
	switch a {
	case AccessWrite:
		need = Write
	case AccessFetch:
		need = Exec
	}
	if v.Prot&need == 0 {
		return nil, s.fault(FaultProt, a, addr, 1)
	}
	if p = s.lookup(vpn); !s.here(p) {
		return nil, s.fault(FaultLost, a, addr, 1)
	}
	if a == AccessWrite {
		p = s.writable(vpn)
	}
	if a == AccessFetch {
		return p, true
	}
	e := &s.TLB[vpn%TLBSize]
	tag := vpn << PageShift
	w := s.watched(vpn)
	e.R, e.W = noTag, noTag
	e.Data = unsafe.Pointer(&zeroPage)
	if p != nil {
		e.Data = unsafe.Pointer(p.data.Load())
	}
	if s.reads != nil && a == AccessRead {
		s.reads.add(vpn)
	}
	if v.Prot&Read != 0 && w&Read == 0 && (s.reads == nil || s.reads.has(vpn)) {
		e.R = tag
	}
	if v.Prot&Write != 0 && w&Write == 0 && p != nil && p.epoch == s.epoch && !s.code[vpn] && (v.Shared == 0 || !s.coded(vpn)) {
		e.W = tag
	}
	return p, true
}

var zeroPage [PageSize]byte

// LoadSlow reads size (1, 2, 4 or 8) bytes at addr, zero-extended. It is what a
// TLB miss falls back to; it handles misaligned and page-crossing accesses. ok
// is false when the access fails: s.Fault then tells why.
func (s *Space) LoadSlow(addr, size uint64) (v uint64, ok bool) {
	if len(s.watches) > 0 && s.IgnoreWatches&Read == 0 {
		if i, hit := s.watchHit(addr, size, false); hit && s.can(addr, size, Read) {
			s.fault(FaultWatch, AccessRead, addr, size)
			s.Fault.Watch = i
			return 0, false
		}
	}
	off := addr & pageMask
	if off+size <= PageSize {
		p, ok := s.probe(addr, AccessRead)
		if !ok {
			return 0, false
		}
		if p == nil {
			return 0, true
		}
		return loadLE(p.data.Load()[off : off+size]), true
	}
	var buf [8]byte
	n := PageSize - off
	if !s.readPage(addr, buf[:n]) || !s.readPage(addr+n, buf[n:size]) {
		return 0, false
	}
	return loadLE(buf[:size]), true
}

// StoreSlow writes the low size (1, 2, 4 or 8) bytes of v at addr; otherwise
// like LoadSlow. A failed store changes nothing.
func (s *Space) StoreSlow(addr, size, v uint64) bool {
	if len(s.watches) > 0 && s.IgnoreWatches&Write == 0 {
		if i, hit := s.watchHit(addr, size, true); hit && s.can(addr, size, Write) {
			s.fault(FaultWatch, AccessWrite, addr, size)
			s.Fault.Watch = i
			return false
		}
	}
	off := addr & pageMask
	first := min(size, PageSize-off)
	p, ok := s.probe(addr, AccessWrite)
	if !ok {
		return false
	}
	var q *Page
	if first < size {
		if q, ok = s.probe(addr+first, AccessWrite); !ok {
			return false
		}
		if p, ok = s.probe(addr, AccessWrite); !ok {
			return false
		}
	}
	if (len(s.code) != 0 || s.shares) && (s.coded(addr>>PageShift) || s.coded((addr+size-1)>>PageShift)) {
		if !s.AllowCodeWrite {
			s.fault(FaultCode, AccessWrite, addr, size)
			return false
		}
		s.tellCode(addr, addr+first)
		if first < size {
			s.tellCode(addr+first, addr+size)
		}
	}
	var buf [8]byte
	binary.LittleEndian.PutUint64(buf[:], v)
	copy(p.data.Load()[off:off+first], buf[:first])
	if q != nil {
		copy(q.data.Load()[:size-first], buf[first:size])
	}
	return true
}

func loadLE(b []byte) uint64 {
	switch len(b) {
	case 8:
		return binary.LittleEndian.Uint64(b)
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	}
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

func (s *Space) readPage(addr uint64, b []byte) bool {
	p, ok := s.probe(addr, AccessRead)
	if !ok {
		return false
	}
	copyPage(b, p, addr&pageMask)
	return true
}

// copyPage reads from a page whose content is here, or that has never been written.
func copyPage(b []byte, p *Page, off uint64) {
	if p == nil {
		clear(b)
	} else {
		copy(b, p.data.Load()[off:])
	}
}

// Load reads size (1, 2, 4 or 8) bytes at addr, zero-extended, through the TLB;
// they may be misaligned. ok is false when the access fails: s.Fault then tells
// why.
func (s *Space) Load(addr, size uint64) (v uint64, ok bool) {
	e := &s.TLB[addr>>PageShift%TLBSize]
	if e.R != addr&^pageMask || addr&pageMask > PageSize-size {
		return s.LoadSlow(addr, size)
	}
	at := unsafe.Add(e.Data, addr&pageMask)
	switch size {
	case 8:
		return *(*uint64)(at), true
	case 4:
		return uint64(*(*uint32)(at)), true
	case 2:
		return uint64(*(*uint16)(at)), true
	}
	return uint64(*(*uint8)(at)), true
}

// Store writes the low size (1, 2, 4 or 8) bytes of v at addr through the TLB;
// they may be misaligned.
// A failed store changes nothing: s.Fault then tells why.
func (s *Space) Store(addr, size, v uint64) bool {
	e := &s.TLB[addr>>PageShift%TLBSize]
	if e.W != addr&^pageMask || addr&pageMask > PageSize-size {
		return s.StoreSlow(addr, size, v)
	}
	at := unsafe.Add(e.Data, addr&pageMask)
	switch size {
	case 8:
		*(*uint64)(at) = v
	case 4:
		*(*uint32)(at) = uint32(v)
	case 2:
		*(*uint16)(at) = uint16(v)
	default:
		*(*uint8)(at) = uint8(v)
	}
	return true
}
