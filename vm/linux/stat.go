package linux

import (
	"path"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm"
)

// The system calls that tell about files.

// genericStat is struct stat of asm-generic/stat.h.
func genericStat(fi *fileInfo) []byte {
	var b record
	b.u64(fi.dev, fi.ino)
	b.u32(fi.mode, uint32(fi.nlink), uint32(fi.uid), uint32(fi.gid))
	b.u64(fi.rdev, 0, fi.size)
	b.u32(uint32(fi.blockSize), 0)
	b.u64(fi.blocks)
	for _, t := range []int64{fi.atime, fi.mtime, fi.ctime} {
		s, ns := splitTime(t)
		b.u64(s, ns)
	}
	b.u32(0, 0)
	return b
}

func splitTime(ns int64) (sec, nsec uint64) {
	s := ns / second
	r := ns % second
	if r < 0 {
		s, r = s-1, r+second
	}
	return uint64(s), uint64(r)
}

// encodeStatx is struct statx of linux/stat.h.
func encodeStatx(fi *fileInfo) []byte {
	const basicStats = 0x7ff
	var b record
	b.u32(basicStats, uint32(fi.blockSize))
	b.u64(0)
	b.u32(uint32(fi.nlink), uint32(fi.uid), uint32(fi.gid))
	b.u16(uint16(fi.mode), 0)
	b.u64(fi.ino, fi.size, fi.blocks, 0)
	for _, t := range []int64{fi.atime, fi.btime, fi.ctime, fi.mtime} {
		s, ns := splitTime(t)
		b.u64(s)
		b.u32(uint32(ns), 0)
	}
	for _, dev := range []uint64{fi.rdev, fi.dev} {
		b.u32(uint32(dev>>8&0xfff|dev>>32&^0xfff), uint32(dev&0xff|dev>>12&^0xff))
	}
	b.zero(256 - len(b))
	return b
}

// ownInfo is what stat tells of what is not on the host.
func (m *Machine) ownInfo(d *desc) *fileInfo {
	boot := int64(m.st.boot)
	fi := &fileInfo{dev: 1, ino: 2 + uint64(d.kind)<<8 + uint64(d.stream) + uint64(d.pipe)<<16, mode: d.mode, nlink: 1,
		uid: uint64(m.st.uid), gid: uint64(m.st.gid), blockSize: 4096, atime: boot, mtime: boot, ctime: boot, btime: boot}
	switch d.kind {
	case kindDevice:
		fi.rdev = 1<<8 | deviceNumbers[d.stream]
	case kindTTY:
		fi.rdev = [...]uint64{ttyOwn: ttyNumber, ttyControlling: ttyControllingNumber}[d.stream]
	}
	return fi
}

// fstat asks about an open file. The error number is negative.
func (m *Machine) fstat(t *thread, d *desc) (*fileInfo, int64) {
	if d.kind != kindHost {
		return m.ownInfo(d), 0
	}
	handle := d.handle
	in := m.ask(t, func(h *host, in *vm.Input) {
		fi, errno := h.fstat(handle)
		if in.Ret = -errno; errno == 0 {
			in.Aux = fi.aux()
		}
	})
	return infoFromAux(in.Aux), in.Ret
}

// statAt is what the stat family shares.
func (m *Machine) statAt(t *thread, dirfd, addr, flags uint64) (*fileInfo, int64) {
	if m.emptyPath(addr, flags) {
		if int32(dirfd) == atFdcwd {
			return m.statPath(t, m.p.cwd, true)
		}
		d := m.file(t, dirfd)
		if d == nil {
			return nil, -eBADF
		}
		return m.fstat(t, d)
	}
	p, bad := m.pathAt(t, dirfd, addr)
	if bad != 0 {
		return nil, bad
	}
	return m.statPath(t, p, flags&atSymlinkNofollow == 0)
}

func (m *Machine) statPath(t *thread, p string, follow bool) (*fileInfo, int64) {
	clean := path.Clean(p)
	follow = follow || strings.HasSuffix(p, "/")
	_, bad, link := m.specialLink(clean)
	if x, is := m.special(clean); is && (follow || !link || bad != 0) {
		if of, ok := m.fdPath(x); ok && of != nil {
			return m.fstat(t, of)
		}
		d := &desc{path: clean}
		if bad := m.openSpecial(d, x); bad != 0 {
			return nil, bad
		}
		return m.ownInfo(d), 0
	}
	if target, bad, is := m.specialLink(clean); is {
		if bad != 0 {
			return nil, bad
		}
		return &fileInfo{dev: 1, ino: 1, mode: modeLink | 0o777, nlink: 1, size: uint64(len(target)), blockSize: 4096}, 0
	}
	in := m.ask(t, func(h *host, in *vm.Input) {
		fi, errno := h.stat(p, follow)
		if in.Ret = -errno; errno == 0 {
			in.Aux = fi.aux()
		}
	})
	return infoFromAux(in.Aux), in.Ret
}

func (m *Machine) giveStat(addr uint64, fi *fileInfo, bad int64) int64 {
	switch {
	case bad != 0:
		return bad
	case !m.copyOut(addr, m.arch.stat(fi)):
		return -eFAULT
	}
	return 0
}

func sysFstat(m *Machine, t *thread, a *[6]uint64) int64 {
	d := m.file(t, a[0])
	if d == nil {
		return -eBADF
	}
	fi, bad := m.fstat(t, d)
	return m.giveStat(a[1], fi, bad)
}

func sysNewfstatat(m *Machine, t *thread, a *[6]uint64) int64 {
	fi, bad := m.statAt(t, a[0], a[1], a[3])
	return m.giveStat(a[2], fi, bad)
}

func sysStatx(m *Machine, t *thread, a *[6]uint64) int64 {
	fi, bad := m.statAt(t, a[0], a[1], a[2])
	switch {
	case bad != 0:
		return bad
	case !m.copyOut(a[4], encodeStatx(fi)):
		return -eFAULT
	}
	return 0
}

func sysFaccessat(m *Machine, t *thread, a *[6]uint64) int64 { return m.access(t, a, 0) }

func sysFaccessat2(m *Machine, t *thread, a *[6]uint64) int64 { return m.access(t, a, a[3]) }

func (m *Machine) access(t *thread, a *[6]uint64, flags uint64) int64 {
	const eaccess = 0x200
	if a[2]&^7 != 0 || flags&^(eaccess|atSymlinkNofollow|atEmptyPath) != 0 {
		return -eINVAL
	}
	if m.emptyPath(a[1], flags) {
		_, bad := m.statAt(t, a[0], a[1], flags)
		return bad
	}
	p, bad := m.pathAt(t, a[0], a[1])
	if bad != 0 {
		return bad
	}
	clean := path.Clean(p)
	if _, is := m.special(clean); is {
		return 0
	}
	if _, bad, is := m.specialLink(clean); is {
		return bad
	}
	mode, follow := uint32(a[2]), flags&atSymlinkNofollow == 0
	return m.ask(t, func(h *host, in *vm.Input) { in.Ret = -h.access(p, mode, follow) }).Ret
}

// encodeStatfs is struct statfs: a plain file system with room on it. What the
// host's is like is nothing that a program should compute from.
func encodeStatfs() []byte {
	const tmpfsMagic = 0x01021994
	var b record
	b.u64(tmpfsMagic, 4096, 1<<20, 1<<19, 1<<19, 1<<20, 1<<19)
	b.u64(0, 255, 4096, 0, 0, 0, 0, 0)
	return b
}

func sysStatfs(m *Machine, t *thread, a *[6]uint64) int64 {
	p, bad := m.pathAt(t, uint64(1<<64-100), a[0])
	if bad != 0 {
		return bad
	}
	if _, bad := m.statPath(t, p, true); bad != 0 {
		return bad
	}
	if !m.copyOut(a[1], encodeStatfs()) {
		return -eFAULT
	}
	return 0
}

func sysFstatfs(m *Machine, t *thread, a *[6]uint64) int64 {
	switch {
	case m.file(t, a[0]) == nil:
		return -eBADF
	case !m.copyOut(a[1], encodeStatfs()):
		return -eFAULT
	}
	return 0
}
