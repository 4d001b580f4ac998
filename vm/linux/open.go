package linux

import (
	"path"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Paths, and the system calls that open files. Guest paths are host paths; what
// lies under /proc, and the devices, the kernel has itself.

const (
	atFdcwd           = -100
	atSymlinkNofollow = 0x100
	atRemovedir       = 0x200
	atSymlinkFollow   = 0x400
	atEmptyPath       = 0x1000
)

// pathAt reads the path at addr and makes it absolute: relative ones start at
// directory dirfd. The path is not cleaned, since ".." after a symbolic link
// must be resolved by the host.
func (m *Machine) pathAt(t *thread, dirfd, addr uint64) (string, int64) {
	p, bad := m.readString(addr, maxPath)
	switch {
	case bad != 0:
		return "", bad
	case p == "":
		return "", -eNOENT
	case strings.HasPrefix(p, "/proc/"):
		return m.throughProc(p), 0
	case p[0] == '/':
		return p, 0
	}
	dir := m.p.cwd
	if int32(dirfd) != atFdcwd {
		d := m.file(t, dirfd)
		switch {
		case d == nil:
			return "", -eBADF
		case d.mode&modeType != modeDir:
			return "", -eNOTDIR
		}
		dir = d.path
	}
	return strings.TrimSuffix(dir, "/") + "/" + p, 0
}

// emptyPath reports whether a call with AT_EMPTY_PATH names the descriptor
// itself.
func (m *Machine) emptyPath(addr, flags uint64) bool {
	if flags&atEmptyPath == 0 {
		return false
	}
	if addr == 0 {
		return true
	}
	p, bad := m.readString(addr, 2)
	return bad == 0 && p == ""
}

func sysOpenat(m *Machine, t *thread, a *[6]uint64) int64 {
	return m.open(t, a[0], a[1], uint32(a[2]), uint32(a[3]))
}

func sysOpenat2(m *Machine, t *thread, a *[6]uint64) int64 {
	if a[3] < 24 {
		return -eINVAL
	}
	raw, ok := m.copyIn(a[2], 24) // flags, mode, resolve
	switch {
	case !ok:
		return -eFAULT
	case leU64(raw[16:]) != 0:
		return -eNOSYS
	}
	return m.open(t, a[0], a[1], uint32(leU64(raw)), uint32(leU64(raw[8:])))
}

func (m *Machine) open(t *thread, dirfd, addr uint64, flags, perm uint32) int64 {
	if t.blocked() { // it waits for the other end of a FIFO
		if d := m.st.descs[t.wait.desc]; m.awaitPeer(d) {
			return m.blockOn(t, d, wait{})
		}
		return m.bind(t.wait.desc, 0, flags&oCloexec != 0)
	}
	p, bad := m.pathAt(t, dirfd, addr)
	switch {
	case bad != 0:
		return bad
	case !m.p.room(1):
		return -eMFILE
	}
	d, bad := m.openPath(t, p, flags, perm)
	if bad != 0 {
		return bad
	}
	if m.awaitPeer(d) {
		m.keep(d)
		return m.blockOn(t, d, wait{})
	}
	return m.add(d, flags&oCloexec != 0)
}

// Status flags that an open file keeps.
const keptFlags = oAccMode | oAppend | oNonblock | oDirectory | oPath

func (m *Machine) openPath(t *thread, p string, flags, perm uint32) (*desc, int64) {
	d := &desc{path: path.Clean(p), flags: flags & keptFlags}
	switch clean, is := m.special(d.path); {
	case is:
		if of, ok := m.fdPath(clean); ok && of != nil && of.kind == kindHost {
			return m.openPath(t, of.path, flags, perm)
		}
		if bad := m.openSpecial(d, clean); bad != 0 {
			return nil, bad
		}
		if d.kind == kindPipeIn || d.kind == kindPipeOut {
			m.reopenPipe(d)
		}
		if d.kind == kindTTY {
			if bad := m.mayOpenTTY(d, flags); bad != 0 {
				return nil, bad
			}
		}
		if d.kind == kindContent && flags&oAccMode != oRdOnly {
			return nil, -eACCES
		}
		return d, 0
	case strings.HasPrefix(d.path, "/proc/"):
		return nil, -eNOENT
	}
	handle, umask := m.st.handles+1, m.p.umask
	in := m.ask(t, func(h *host, in *vm.Input) {
		real := h.real(p)
		fi, errno := h.open(handle, real, flags, perm&^umask)
		in.Ret, in.Aux = -errno, []uint64{uint64(fi.mode), fi.dev, fi.ino}
		if real != p {
			in.Data = []byte(real)
		}
	})
	if in.Ret < 0 {
		return nil, in.Ret
	}
	if mode := uint32(aux(in, 0)); mode&modeType == modeFIFO {
		if bad := m.openFIFO(d, aux(in, 1), aux(in, 2)); bad != 0 {
			return nil, bad
		}
		return d, 0
	}
	m.st.handles = handle
	if len(in.Data) > 0 { // it lies below the sysroot
		d.path = path.Clean(string(in.Data))
	}
	d.kind, d.handle, d.mode, d.dev, d.ino = kindHost, handle, uint32(aux(in, 0)), aux(in, 1), aux(in, 2)
	if f := m.st.sharedFile(d); f != nil && flags&oTrunc != 0 {
		m.sharing.Truncate(f.id, 0)
	}
	return d, 0
}

// memfdPrefix starts the name of a file of memfd_create.
const memfdPrefix = "/memfd:"

// sysMemfdCreate makes a file of the host's that has no name.
func sysMemfdCreate(m *Machine, t *thread, a *[6]uint64) int64 {
	const cloexec, known = 1, 0x1f
	name, bad := m.readString(a[0], 250)
	switch {
	case bad == -eNAMETOOLONG || a[1]&^known != 0:
		return -eINVAL
	case bad != 0:
		return bad
	case !m.p.room(1):
		return -eMFILE
	}
	handle := m.st.handles + 1
	in := m.ask(t, func(h *host, in *vm.Input) {
		fi, errno := h.nameless(handle)
		in.Ret, in.Aux = -errno, []uint64{uint64(fi.mode), fi.dev, fi.ino}
	})
	if in.Ret < 0 {
		return in.Ret
	}
	m.st.handles = handle
	return m.add(&desc{kind: kindHost, flags: oRdWr, path: memfdPrefix + name + " (deleted)", handle: handle,
		mode: uint32(aux(in, 0)), dev: aux(in, 1), ino: aux(in, 2)}, a[1]&cloexec != 0)
}

func sysReadlinkat(m *Machine, t *thread, a *[6]uint64) int64 {
	p, bad := m.pathAt(t, a[0], a[1])
	switch {
	case bad != 0:
		return bad
	case int32(a[3]) <= 0:
		return -eINVAL
	}
	var target string
	if to, bad, is := m.specialLink(path.Clean(p)); is {
		if bad != 0 {
			return bad
		}
		target = to
	} else {
		in := m.ask(t, func(h *host, in *vm.Input) {
			to, errno := h.readlink(p)
			in.Ret, in.Data = -errno, []byte(to)
		})
		if in.Ret < 0 {
			return in.Ret
		}
		target = string(in.Data)
	}
	out := []byte(target)
	out = out[:min(len(out), int(int32(a[3])), maxPath)]
	if !m.copyOut(a[2], out) {
		return -eFAULT
	}
	return int64(len(out))
}

func sysGetcwd(m *Machine, _ *thread, a *[6]uint64) int64 {
	out := append([]byte(m.p.cwd), 0)
	switch {
	case uint64(len(out)) > a[1]:
		return -eRANGE
	case !m.copyOut(a[0], out):
		return -eFAULT
	}
	return int64(len(out))
}

func sysChdir(m *Machine, t *thread, a *[6]uint64) int64 {
	dir := int64(atFdcwd)
	p, bad := m.pathAt(t, uint64(dir), a[0])
	if bad != 0 {
		return bad
	}
	return m.chdir(t, p)
}

func sysFchdir(m *Machine, t *thread, a *[6]uint64) int64 {
	d := m.file(t, a[0])
	switch {
	case d == nil:
		return -eBADF
	case d.mode&modeType != modeDir:
		return -eNOTDIR
	}
	return m.chdir(t, d.path)
}

func (m *Machine) chdir(t *thread, p string) int64 {
	in := m.ask(t, func(h *host, in *vm.Input) {
		real, errno := h.chdir(p)
		in.Ret, in.Data = -errno, []byte(real)
	})
	if in.Ret == 0 {
		m.p.cwd = string(in.Data)
	}
	return in.Ret
}
