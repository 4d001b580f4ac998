package mem

// access walks [addr, addr+n) page by page.
func pages(addr uint64, n int, f func(addr uint64, lo, hi int) bool) bool {
	for lo := 0; lo < n; {
		hi := min(n, lo+int(PageSize-(addr+uint64(lo))&pageMask))
		if !f(addr+uint64(lo), lo, hi) {
			return false
		}
		lo = hi
	}
	return true
}

// Fetch copies executable memory at addr for decoding. It returns how many
// bytes it got: fewer than len(p) when what follows may not be executed, with
// s.Fault telling why when it is 0.
func (s *Space) Fetch(addr uint64, p []byte) int {
	n := 0
	pages(addr, len(p), func(a uint64, lo, hi int) bool {
		pg, ok := s.probe(a, AccessFetch)
		if !ok {
			return false
		}
		copyPage(p[lo:hi], pg, a&pageMask)
		n = hi
		return true
	})
	return n
}

// Peek reads memory as a debugger does: protections and watches do not count.
// It returns how many bytes it got before a page that is not mapped, or lost.
func (s *Space) Peek(addr uint64, p []byte) int {
	n := 0
	pages(addr, len(p), func(a uint64, lo, hi int) bool {
		if s.vmaAt(a) == nil {
			return false
		}
		pg := s.lookup(a >> PageShift)
		if pg != nil {
			if _, err := pg.bytes(); err != nil {
				return false
			}
		}
		copyPage(p[lo:hi], pg, a&pageMask)
		n = hi
		return true
	})
	return n
}

// Poke writes memory regardless of protection and watches: for the loader and
// the guest kernel's own pages. All of it must be mapped; else nothing is
// written and Poke returns false.
func (s *Space) Poke(addr uint64, p []byte) bool {
	if !pages(addr, len(p), func(a uint64, _, _ int) bool { return s.vmaAt(a) != nil }) {
		return false
	}
	pages(addr, len(p), func(a uint64, lo, hi int) bool {
		s.put(a, p[lo:hi])
		return true
	})
	return true
}

// put writes within one page.
func (s *Space) put(a uint64, b []byte) {
	vpn := a >> PageShift
	s.tellCode(a, a+uint64(len(b)))
	pg := s.writable(vpn)
	s.evict(vpn)
	copy(pg.data.Load()[a&pageMask:], b)
}

// CopyIn reads guest memory for the guest kernel, as copy_from_user does: the
// pages must be readable. It returns how many bytes it got before the first
// that is not; s.Fault tells why.
func (s *Space) CopyIn(addr uint64, p []byte) int {
	n := 0
	pages(addr, len(p), func(a uint64, lo, hi int) bool {
		if !s.readPage(a, p[lo:hi]) {
			return false
		}
		n = hi
		return true
	})
	s.noteKernel(addr, uint64(n), false)
	return n
}

// CopyOut writes guest memory for the guest kernel, as copy_to_user does: the
// pages must be writable. It returns how many bytes it wrote.
func (s *Space) CopyOut(addr uint64, p []byte) int {
	n := 0
	pages(addr, len(p), func(a uint64, lo, hi int) bool {
		if _, ok := s.probe(a, AccessWrite); !ok {
			return false
		}
		s.put(a, p[lo:hi])
		n = hi
		return true
	})
	s.noteKernel(addr, uint64(n), true)
	return n
}

// CanWrite reports whether the guest kernel could write all of [addr, addr+n).
func (s *Space) CanWrite(addr, n uint64) bool { return s.can(addr, n, Write) }

// CanRead reports whether the guest kernel could read all of [addr, addr+n).
func (s *Space) CanRead(addr, n uint64) bool { return s.can(addr, n, Read) }

func (s *Space) can(addr, n uint64, need Prot) bool {
	if addr >= MaxAddr || n > MaxAddr || addr+n > MaxAddr {
		return false
	}
	for end := addr + n; addr < end; {
		v := s.vmaAt(addr)
		if v == nil || v.Prot&need == 0 {
			return false
		}
		addr = v.End
	}
	return true
}

func accessKind(write bool) Prot {
	if write {
		return Write
	}
	return Read
}

// maxKernelHits bounds the accesses that are remembered for TakeKernelHit.
const maxKernelHits = 1024

// noteKernel remembers an access that the guest kernel has made, if it is
// watched. What failed was none.
func (s *Space) noteKernel(addr, n uint64, write bool) {
	if len(s.watches) == 0 || s.IgnoreWatches&accessKind(write) != 0 {
		return
	}
	for i := range s.watches {
		if s.watches[i].Touches(addr, n, write) && len(s.kernelHits) < maxKernelHits {
			s.kernelHits = append(s.kernelHits, KernelHit{Watch: i, Addr: addr, Size: n, Write: write})
		}
	}
}
