package linux

import (
	"slices"

	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// The system calls about memory maps.

// Protections and flags of mmap(2).
const (
	protRead          = 1
	protWrite         = 2
	protExec          = 4
	protGrowsdown     = 0x01000000
	protGrowsup       = 0x02000000
	mapShared         = 1
	mapPrivate        = 2
	mapSharedValidate = 3
	mapTypeMask       = 15
	mapFixed          = 0x10
	mapAnonymous      = 0x20
	map32Bit          = 0x40 // x86-64: in the second GiB
	mapFixedNoreplace = 0x100000
)

// minMapAddr is the lowest address that a guest may ask for, as
// vm.mmap_min_addr.
const minMapAddr = 0x10000

func pageUp(n uint64) uint64   { return (n + mem.PageSize - 1) &^ (mem.PageSize - 1) }
func pageDown(n uint64) uint64 { return n &^ (mem.PageSize - 1) }

// protOf converts PROT_ flags. Writable memory is readable too: the hardware
// knows no other.
func protOf(p uint64) mem.Prot {
	var out mem.Prot
	if p&(protRead|protWrite) != 0 {
		out |= mem.Read
	}
	if p&protWrite != 0 {
		out |= mem.Write
	}
	if p&protExec != 0 {
		out |= mem.Exec
	}
	return out
}

func sysBrk(m *Machine, _ *thread, a *[6]uint64) int64 {
	s := m.p.mm
	want := a[0]
	if want < s.brkStart || want > m.arch.mmapTop {
		return int64(s.brk)
	}
	from, to := pageUp(s.brk), pageUp(want)
	switch {
	case to > from:
		if to-s.brkStart > m.p.limits[limitData][0] || m.mem.Mapped(from, to) || !m.roomForVMAs() {
			return int64(s.brk)
		}
		if m.mem.Map(mem.VMA{Start: from, End: to, Prot: mem.Read | mem.Write, Name: "[heap]"}) != nil {
			return int64(s.brk)
		}
	case to < from:
		_ = m.mem.Unmap(to, from)
	}
	s.brk = want
	return int64(want)
}

// roomForVMAs reports whether the guest may have more mappings.
func (m *Machine) roomForVMAs() bool { return len(m.mem.VMAs()) < maxVMAs }

// userRange reports whether [addr, addr+n) is page-aligned and the user's.
func (m *Machine) userRange(addr, n uint64) bool {
	return addr%mem.PageSize == 0 && n%mem.PageSize == 0 && n <= m.arch.top && addr <= m.arch.top-n
}

// place chooses where a mapping of n bytes goes.
func (m *Machine) place(addr, n, flags uint64) (uint64, int64) {
	if flags&(mapFixed|mapFixedNoreplace) != 0 {
		switch {
		case addr%mem.PageSize != 0:
			return 0, -eINVAL
		case !m.userRange(addr, n):
			return 0, -eNOMEM
		case addr < minMapAddr:
			return 0, -ePERM
		case flags&mapFixedNoreplace != 0 && m.mem.Mapped(addr, addr+n):
			return 0, -eEXIST
		}
		return addr, 0
	}
	if hint := pageUp(addr); addr != 0 && hint >= minMapAddr && m.userRange(hint, n) && !m.mem.Mapped(hint, hint+n) {
		return hint, 0
	}
	low, high := m.arch.mmapLow, m.arch.mmapTop
	if m.arch.map32 && flags&map32Bit != 0 {
		low, high = 1<<30, 1<<31
	}
	at, ok := m.mem.FindFree(low, high, n)
	if !ok {
		return 0, -eNOMEM
	}
	return at, 0
}

func sysMmap(m *Machine, t *thread, a *[6]uint64) int64 {
	addr, length, prot, flags, fd, off := a[0], a[1], a[2], a[3], a[4], a[5]
	kind := flags & mapTypeMask
	switch {
	case length == 0 || off%mem.PageSize != 0 || kind != mapShared && kind != mapPrivate && kind != mapSharedValidate:
		return -eINVAL
	case length > m.arch.top || !m.roomForVMAs():
		return -eNOMEM
	}
	length = pageUp(length)
	v := mem.VMA{Prot: protOf(prot)}
	var d *desc
	if flags&mapAnonymous == 0 {
		if d = m.file(t, fd); d == nil {
			return -eBADF
		}
		switch {
		case d.kind == kindDevice && d.stream == devZero:
			d = nil
		case d.kind != kindHost && d.kind != kindContent || d.remade || d.mode&modeType == modeDir:
			return -eNODEV
		case d.flags&oAccMode == oWrOnly:
			return -eACCES
		case kind != mapPrivate && prot&protWrite != 0 && d.flags&oAccMode == oRdOnly:
			return -eACCES
		}
	}
	at, bad := m.place(addr, length, flags)
	if bad != 0 {
		return bad
	}
	m.unmapping(t, at, at+length)
	v.Start, v.End = at, at+length
	if d != nil {
		v.Name, v.Offset = d.path, off
	}
	var content *mem.Content
	var base uint64
	if d != nil {
		m.coherent(t, d)
		if content, base, bad = m.fileContent(t, d, off, length, kind != mapPrivate); bad != 0 {
			return bad
		}
	}
	if kind != mapPrivate && (d == nil || d.kind == kindHost) {
		m.share(&v, d, prot&protWrite != 0)
	}
	if err := m.mem.Map(v); err != nil {
		return -eNOMEM
	}
	if content != nil && m.mem.Fill(at, at+length, content, off-base) != nil {
		return -eNOMEM
	}
	m.mem.Adopt(at, at+length)
	m.unshare()
	return int64(at)
}

func sysMunmap(m *Machine, t *thread, a *[6]uint64) int64 {
	n := pageUp(a[1])
	if n == 0 || a[1] > m.arch.top || !m.userRange(a[0], n) {
		return -eINVAL
	}
	if !m.roomForVMAs() {
		return -eNOMEM
	}
	m.unmapping(t, a[0], a[0]+n)
	_ = m.mem.Unmap(a[0], a[0]+n)
	m.unshare()
	return 0
}

func sysMprotect(m *Machine, _ *thread, a *[6]uint64) int64 {
	n := pageUp(a[1])
	switch {
	case a[0]%mem.PageSize != 0 || a[2]&^(protRead|protWrite|protExec|protGrowsdown|protGrowsup) != 0:
		return -eINVAL
	case a[1] > m.arch.top || !m.userRange(a[0], n) || !m.roomForVMAs():
		return -eNOMEM
	case n == 0:
		return 0
	}
	if a[2]&protWrite != 0 && !m.mayWrite(a[0], a[0]+n) {
		return -eACCES
	}
	if m.mem.Protect(a[0], a[0]+n, protOf(a[2])) != nil {
		return -eNOMEM
	}
	return 0
}

// mayWrite reports whether what is mapped in [start, end) may become writable,
// which it is going to be.
func (m *Machine) mayWrite(start, end uint64) bool {
	if m.st.lastShare == 0 {
		return true
	}
	for _, v := range m.mem.VMAs() {
		if v.Shared == 0 || v.Start >= end || v.End <= start {
			continue
		}
		if v.Fixed {
			return false
		}
		for i := range m.st.shared {
			f := &m.st.shared[i]
			f.written = f.written || f.id == v.Shared
		}
	}
	return true
}

// Flags of mremap(2).
const (
	mremapMaymove = 1
	mremapFixed   = 2
)

func sysMremap(m *Machine, t *thread, a *[6]uint64) int64 {
	from, flags := a[0], a[3]
	oldSize, newSize := pageUp(a[1]), pageUp(a[2])
	switch {
	case flags&^(mremapMaymove|mremapFixed) != 0 || flags&mremapFixed != 0 && flags&mremapMaymove == 0:
		return -eINVAL
	case a[1] > m.arch.top || a[2] > m.arch.top || newSize == 0 || oldSize == 0 || from%mem.PageSize != 0:
		return -eINVAL
	case !m.userRange(from, oldSize):
		return -eFAULT
	case !m.roomForVMAs():
		return -eNOMEM
	}
	v, ok := m.mem.VMAAt(from)
	if !ok || v.End < from+oldSize {
		return -eFAULT
	}
	v.Offset += from - v.Start
	v.Start = from
	grown := v
	if flags&mremapFixed != 0 {
		to := a[4]
		switch {
		case to%mem.PageSize != 0 || !m.userRange(to, newSize) || to < from+oldSize && from < to+newSize:
			return -eINVAL
		case to < minMapAddr:
			return -ePERM
		}
		return m.move(t, v, from, to, oldSize, newSize)
	}
	switch {
	case newSize <= oldSize:
		if newSize < oldSize {
			m.unmapping(t, from+newSize, from+oldSize)
			_ = m.mem.Unmap(from+newSize, from+oldSize)
		}
		return int64(from)
	case v.End == from+oldSize && m.userRange(from, newSize) && !m.mem.Mapped(v.End, from+newSize):
		grown.Offset += oldSize
		grown.Start, grown.End = v.End, from+newSize
		if m.mem.Map(grown) != nil {
			return -eNOMEM
		}
		m.fill(t, grown)
		return int64(from)
	case flags&mremapMaymove == 0:
		return -eNOMEM
	}
	to, ok := m.mem.FindFree(m.arch.mmapLow, m.arch.mmapTop, newSize)
	if !ok {
		return -eNOMEM
	}
	return m.move(t, v, from, to, oldSize, newSize)
}

// move gives a part of mapping v another place and size.
func (m *Machine) move(t *thread, v mem.VMA, from, to, oldSize, newSize uint64) int64 {
	m.unmapping(t, to, to+newSize)
	v.Start, v.End = to, to+newSize
	if m.mem.Map(v) != nil {
		return -eNOMEM
	}
	m.mem.Move(from, to, min(oldSize, newSize))
	m.unmapping(t, from, from+oldSize)
	_ = m.mem.Unmap(from, from+oldSize)
	if newSize > oldSize {
		v.Offset, v.Start = v.Offset+oldSize, to+oldSize
		m.fill(t, v)
	}
	m.unshare()
	return int64(to)
}

// fill gives v, a new part of a shared mapping, its content.
func (m *Machine) fill(t *thread, v mem.VMA) {
	if v.Shared == 0 {
		return
	}
	i := slices.IndexFunc(m.st.shared, func(f sharedFile) bool { return f.id == v.Shared })
	if i >= 0 {
		d := m.st.descs[m.st.shared[i].desc]
		if content, base, bad := m.fileContent(t, d, v.Offset, v.End-v.Start, true); bad == 0 {
			_ = m.mem.Fill(v.Start, v.End, content, v.Offset-base)
		}
	}
	m.mem.Adopt(v.Start, v.End)
}

// Advice of madvise(2) that changes what the guest sees, or is refused.
const (
	madvDontneed       = 4
	madvRemove         = 9
	madvHwpoison       = 100
	madvDontneedLocked = 24
	madvPopulateRead   = 22
	madvPopulateWrite  = 23
	madvCollapse       = 25
)

func sysMadvise(m *Machine, _ *thread, a *[6]uint64) int64 {
	addr, n := a[0], pageUp(a[1])
	switch {
	case addr%mem.PageSize != 0 || a[1] > m.arch.top || !m.userRange(addr, n):
		return -eINVAL
	case n == 0:
		return 0
	}
	end := addr + n
	switch a[2] {
	case madvDontneed, madvDontneedLocked:
		// A file's content stays: it is a private copy that is still right unless
		// the guest has written to it.
		for _, v := range m.mem.VMAs() {
			lo, hi := max(v.Start, addr), min(v.End, end)
			if lo < hi && v.Shared == 0 && (v.Name == "" || v.Name[0] == '[') {
				_ = m.mem.Zero(lo, hi)
			}
		}
	case madvRemove, madvHwpoison, madvCollapse:
		return -eINVAL
	}
	if !m.wholly(addr, end) {
		return -eNOMEM
	}
	return 0
}

// wholly reports whether all of [addr, end) is mapped.
func (m *Machine) wholly(addr, end uint64) bool {
	for addr < end {
		v, ok := m.mem.VMAAt(addr)
		if !ok {
			return false
		}
		addr = v.End
	}
	return true
}

// sysMincore says that every mapped page is in memory.
func sysMincore(m *Machine, _ *thread, a *[6]uint64) int64 {
	addr, n := a[0], pageUp(a[1])
	switch {
	case addr%mem.PageSize != 0:
		return -eINVAL
	case a[1] > m.arch.top || !m.userRange(addr, n) || !m.wholly(addr, addr+n):
		return -eNOMEM
	}
	ones := make([]byte, mem.PageSize)
	for i := range ones {
		ones[i] = 1
	}
	for left, at := n/mem.PageSize, a[2]; left > 0; {
		step := min(left, uint64(len(ones)))
		if !m.copyOut(at, ones[:step]) {
			return -eFAULT
		}
		left, at = left-step, at+step
	}
	return 0
}

// sysMlock is mlock and its relatives: memory is never swapped out.
func sysMlock(m *Machine, _ *thread, a *[6]uint64) int64 {
	addr := pageDown(a[0])
	if a[1] > m.arch.top || a[0] > m.arch.top || !m.wholly(addr, pageUp(a[0]+a[1])) {
		return -eNOMEM
	}
	return 0
}

func sysMsync(m *Machine, t *thread, a *[6]uint64) int64 {
	switch {
	case a[0]%mem.PageSize != 0:
		return -eINVAL
	case a[1] > m.arch.top || a[0] > m.arch.top || !m.wholly(a[0], pageUp(a[0]+a[1])):
		return -eNOMEM
	}
	return m.writeBack(t, m.mem, a[0], a[0]+pageUp(a[1]))
}
