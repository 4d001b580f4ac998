package mem

import "github.com/dap-revexec/dap-revexec/vm"

// readPages is a set of page numbers, as far as their low 16 bits.
type readPages [1 << 16 / 64]uint64

func (r *readPages) add(vpn uint64)      { r[vpn>>6%uint64(len(r))] |= 1 << (vpn & 63) }
func (r *readPages) has(vpn uint64) bool { return r[vpn>>6%uint64(len(r))]>>(vpn&63)&1 != 0 }

// TraceReads has the space note, from now on, which pages are read by instructions
// and by the guest kernel for them, or no longer. It costs something at the first read of
// a page only: until then the TLB has no read entry for it.
func (s *Space) TraceReads(on bool) {
	switch {
	case !on:
		s.reads = nil
	case s.reads == nil:
		s.reads = new(readPages)
		s.flushReads()
	}
}

// TakeReads returns the pages read since TraceReads, or since TakeReads last, and
// begins anew.
func (s *Space) TakeReads() vm.PageFilter {
	if s.reads == nil {
		return vm.PageFilter{}
	}
	f := vm.NewPageFilter((*[1024]uint64)(s.reads))
	s.DropReads()
	return f
}

// DropReads is TakeReads for whom the pages do not matter.
func (s *Space) DropReads() {
	if s.reads != nil {
		*s.reads = readPages{}
		s.flushReads()
	}
}

func (s *Space) flushReads() {
	for i := range s.TLB {
		s.TLB[i].R = noTag
	}
}
