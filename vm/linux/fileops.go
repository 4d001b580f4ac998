package linux

import (
	"encoding/binary"
	"os"
	"path"
	"strings"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// The system calls that change files and list directories.

// onPath is a call that does one thing to the path in arguments 0 and 1.
func onPath(do func(h *host, path string, a *[6]uint64) int64) handler { return onPathTo(false, do) }

// onPathTo is onPath; with follow it is to what a link of /proc/self/fd leads that
// it does it, as a C library does it to what it has opened with O_PATH.
func onPathTo(follow bool, do func(h *host, path string, a *[6]uint64) int64) handler {
	return func(m *Machine, t *thread, a *[6]uint64) int64 {
		p, bad := m.pathAt(t, a[0], a[1])
		if bad != 0 {
			return bad
		}
		if follow {
			p = m.behindFD(p)
		}
		if bad := m.protected(p); bad != 0 {
			return bad
		}
		args := *a
		return m.ask(t, func(h *host, in *vm.Input) { in.Ret = -do(h, p, &args) }).Ret
	}
}

// protected refuses to change what the guest kernel has itself.
func (m *Machine) protected(p string) int64 {
	clean := path.Clean(p)
	if _, is := m.special(clean); is || strings.HasPrefix(clean, "/proc/") {
		return -ePERM
	}
	return 0
}

// onFile is a call that does one thing to the host file in argument 0. Other
// kinds of files give ret.
func onFile(ret int64, do func(h *host, handle uint64, a *[6]uint64) int64) handler {
	return func(m *Machine, t *thread, a *[6]uint64) int64 {
		d := m.file(t, a[0])
		switch {
		case d == nil:
			return -eBADF
		case d.kind != kindHost:
			return ret
		}
		args, handle := *a, d.handle
		return m.ask(t, func(h *host, in *vm.Input) { in.Ret = -do(h, handle, &args) }).Ret
	}
}

func sysMkdirat(m *Machine, t *thread, a *[6]uint64) int64 {
	perm := uint32(a[2]) &^ m.p.umask
	return onPath(func(h *host, p string, _ *[6]uint64) int64 {
		err := os.Mkdir(p, hostMode(perm))
		if err == nil {
			_ = os.Chtimes(p, time.Time{}, time.Unix(0, h.now))
		}
		return errnoOf(err)
	})(m, t, a)
}

func unlinkat(h *host, p string, a *[6]uint64) int64 { return h.unlink(p, a[2]&atRemovedir != 0) }

func fchmodat(_ *host, p string, a *[6]uint64) int64 {
	return errnoOf(os.Chmod(p, hostMode(uint32(a[2]))))
}

func fchmodat2(h *host, p string, a *[6]uint64) int64 {
	switch {
	case a[3]&^(atSymlinkNofollow|atEmptyPath) != 0:
		return eINVAL
	case a[3]&atSymlinkNofollow != 0:
		if fi, err := os.Lstat(p); err == nil && fi.Mode()&os.ModeSymlink != 0 {
			return eOPNOTSUPP
		}
	}
	return fchmodat(h, p, a)
}

func sysTruncate(m *Machine, t *thread, a *[6]uint64) int64 {
	if int64(a[1]) < 0 {
		return -eINVAL
	}
	cwd := int64(atFdcwd)
	return onPathTo(true, func(_ *host, p string, a *[6]uint64) int64 {
		return errnoOf(os.Truncate(p, int64(a[2])))
	})(m, t, &[6]uint64{uint64(cwd), a[0], a[1]})
}

func sysFtruncate(m *Machine, t *thread, a *[6]uint64) int64 {
	d := m.file(t, a[0])
	switch {
	case d == nil:
		return -eBADF
	case int64(a[1]) < 0 || d.kind != kindHost || d.flags&oAccMode == oRdOnly:
		return -eINVAL
	}
	ret := onFile(-eINVAL, func(h *host, handle uint64, a *[6]uint64) int64 {
		return h.truncate(handle, int64(a[1]))
	})(m, t, a)
	if f := m.st.sharedFile(d); f != nil && ret == 0 {
		m.sharing.Truncate(f.id, a[1])
	}
	return ret
}

// fallocate makes the file long enough; only the plain mode is there.
func sysFallocate(m *Machine, t *thread, a *[6]uint64) int64 {
	d := m.file(t, a[0])
	switch {
	case d == nil || d.flags&oAccMode == oRdOnly:
		return -eBADF
	case a[1] != 0:
		return -eOPNOTSUPP
	case int64(a[2]) < 0 || int64(a[3]) <= 0 || int64(a[2]+a[3]) < 0:
		return -eINVAL
	case d.kind != kindHost:
		return -eNODEV
	}
	return onFile(-eNODEV, func(h *host, handle uint64, a *[6]uint64) int64 {
		fi, errno := h.fstat(handle)
		if errno != 0 || fi.size >= a[2]+a[3] {
			return errno
		}
		return h.truncate(handle, int64(a[2]+a[3]))
	})(m, t, a)
}

func fsync(h *host, handle uint64, _ *[6]uint64) int64 { return h.sync(handle) }

func fchmod(h *host, handle uint64, a *[6]uint64) int64 {
	f, errno := h.file(handle)
	if errno != 0 {
		return errno
	}
	return errnoOf(f.Chmod(hostMode(uint32(a[1]))))
}

// twoPaths is a call with paths in arguments 0, 1 and 2, 3.
func twoPaths(do func(h *host, from, to string, a *[6]uint64) int64) handler {
	return func(m *Machine, t *thread, a *[6]uint64) int64 {
		from, bad := m.pathAt(t, a[0], a[1])
		if bad != 0 {
			return bad
		}
		to, bad := m.pathAt(t, a[2], a[3])
		if bad != 0 {
			return bad
		}
		for _, p := range []string{from, to} {
			if bad := m.protected(p); bad != 0 {
				return bad
			}
		}
		args := *a
		return m.ask(t, func(h *host, in *vm.Input) { in.Ret = -do(h, from, to, &args) }).Ret
	}
}

func renameat(h *host, from, to string, _ *[6]uint64) int64 { return h.rename(from, to, 0) }

func renameat2(h *host, from, to string, a *[6]uint64) int64 { return h.rename(from, to, uint32(a[4])) }

func linkat(_ *host, from, to string, _ *[6]uint64) int64 { return errnoOf(os.Link(from, to)) }

func sysSymlinkat(m *Machine, t *thread, a *[6]uint64) int64 {
	target, bad := m.readString(a[0], maxPath)
	if bad != 0 {
		return bad
	}
	return onPath(func(_ *host, p string, _ *[6]uint64) int64 {
		return errnoOf(os.Symlink(target, p))
	})(m, t, &[6]uint64{a[1], a[2]})
}

// Special values of tv_nsec in utimensat(2).
const (
	utimeNowNsec  = 1<<30 - 1
	utimeOmitNsec = 1<<30 - 2
)

func sysUtimensat(m *Machine, t *thread, a *[6]uint64) int64 {
	var p string
	if d := m.file(t, a[0]); a[1] == 0 {
		switch {
		case d == nil:
			return -eBADF
		case d.kind != kindHost:
			return 0
		}
		p = d.path
	} else {
		var bad int64
		if p, bad = m.pathAt(t, a[0], a[1]); bad != 0 {
			return bad
		}
	}
	// The guest's time of day, so that a file is as old as the guest thinks.
	now := int64(m.realNow())
	times := [2]int64{now, now}
	if a[2] != 0 {
		raw, ok := m.copyIn(a[2], 32)
		if !ok {
			return -eFAULT
		}
		for i := range times {
			switch nsec := leU64(raw[16*i+8:]); {
			case nsec == utimeNowNsec:
			case nsec == utimeOmitNsec:
				times[i] = utimeOmit
			case nsec >= second:
				return -eINVAL
			default:
				times[i] = int64(leU64(raw[16*i:])*second) + int64(nsec)
			}
		}
	}
	return m.setTimes(t, p, times, a[3]&atSymlinkNofollow == 0)
}

// setTimes sets a file's times of access and modification, ns since 1970.
func (m *Machine) setTimes(t *thread, p string, times [2]int64, follow bool) int64 {
	p = m.behindFD(p)
	if bad := m.protected(p); bad != 0 {
		return bad
	}
	return m.ask(t, func(h *host, in *vm.Input) { in.Ret = -h.chtimes(p, times[0], times[1], follow) }).Ret
}

// encodeListing is the form in which a directory passes the door.
func encodeListing(es []dirEntry) []byte {
	var b record
	for _, e := range es {
		b.u64(e.ino)
		b.u8(e.typ)
		b.u16(uint16(len(e.name)))
		b = append(b, e.name...)
	}
	return b
}

func decodeListing(b []byte) []dirEntry {
	var out []dirEntry
	for len(b) >= 11 {
		n := int(binary.LittleEndian.Uint16(b[9:]))
		if len(b) < 11+n {
			break
		}
		out = append(out, dirEntry{ino: leU64(b), typ: b[8], name: string(b[11 : 11+n])})
		b = b[11+n:]
	}
	return out
}

// sysGetdents64 lists a directory. It is read as a whole when the first entry is
// asked for; the offset counts entries.
func sysGetdents64(m *Machine, t *thread, a *[6]uint64) int64 {
	return m.listDir(t, a, func(out *record, e *dirEntry, next int64) {
		start := len(*out)
		size := (19 + len(e.name) + 1 + 7) &^ 7
		out.u64(e.ino, uint64(next))
		out.u16(uint16(size))
		out.u8(e.typ)
		*out = append(*out, e.name...)
		out.zero(start + size - len(*out))
	})
}

// listDir fills the buffer of arguments 1 and 2 with entries of the directory in
// argument 0, as encode lays them out; next is the position behind the entry.
func (m *Machine) listDir(t *thread, a *[6]uint64, encode func(out *record, e *dirEntry, next int64)) int64 {
	d := m.file(t, a[0])
	switch {
	case d == nil:
		return -eBADF
	case d.mode&modeType != modeDir:
		return -eNOTDIR
	}
	if !d.listed && d.kind == kindContent {
		x, ok := m.special(d.path)
		if !ok {
			return -eNOENT
		}
		d.listed, d.listing = true, m.procDir(x)
	}
	if !d.listed {
		handle := d.handle
		in := m.ask(t, func(h *host, in *vm.Input) {
			es, errno := h.list(handle)
			in.Ret, in.Data = -errno, encodeListing(es)
		})
		if in.Ret < 0 {
			return in.Ret
		}
		d.listed, d.listing = true, decodeListing(in.Data)
	}
	room := int(min(a[2], maxIO))
	var out record
	at := int(min(max(d.off, 0), int64(len(d.listing))))
	for ; at < len(d.listing); at++ {
		start := len(out)
		if encode(&out, &d.listing[at], int64(at+1)); len(out) > room {
			out = out[:start]
			break
		}
	}
	switch {
	case len(out) == 0 && at < len(d.listing):
		return -eINVAL
	case !m.copyOut(a[1], out):
		return -eFAULT
	}
	d.off = int64(at)
	return int64(len(out))
}
