package linux

import (
	"github.com/dap-revexec/dap-revexec/vm"
)

// Copying between open files within the kernel: sendfile(2), copy_file_range(2).

// offsetArg is an offset that a call takes from memory, or the file's own.
func (m *Machine) offsetArg(d *desc, addr uint64) (int64, int64) {
	if addr == 0 {
		return d.off, 0
	}
	v, ok := m.readU64(addr)
	switch {
	case !ok || !m.mem.CanWrite(addr, 8):
		return 0, -eFAULT
	case int64(v) < 0:
		return 0, -eINVAL
	}
	return int64(v), 0
}

// advance moves the offset that offsetArg has told on by n.
func (m *Machine) advance(d *desc, addr uint64, to int64) {
	if addr == 0 {
		d.off = to
	} else {
		m.writeU64(addr, uint64(to))
	}
}

// sysSendfile copies from a file of the host's to another one. Into anything else
// callers have to read and write: EINVAL tells them so.
func sysSendfile(m *Machine, t *thread, a *[6]uint64) int64 {
	out, in := m.file(t, a[0]), m.file(t, a[1])
	if out == nil || in == nil || in.flags&oAccMode == oWrOnly || out.flags&oAccMode == oRdOnly {
		return -eBADF
	}
	if out.kind != kindHost || out.flags&oAppend != 0 {
		return -eINVAL
	}
	return m.copyFile(t, in, out, a[2], 0, a[3])
}

func sysCopyFileRange(m *Machine, t *thread, a *[6]uint64) int64 {
	in, out := m.file(t, a[0]), m.file(t, a[2])
	switch {
	case out == nil || in == nil || in.flags&oAccMode == oWrOnly || out.flags&oAccMode == oRdOnly || out.flags&oAppend != 0:
		return -eBADF
	case a[5] != 0:
		return -eINVAL
	case in.mode&modeType == modeDir || out.mode&modeType == modeDir:
		return -eISDIR
	case out.kind != kindHost:
		return -eINVAL
	}
	return m.copyFile(t, in, out, a[1], a[3], a[4])
}

// copyFile copies at most n bytes between host files, from and to offsets in
// memory, or their own where the address is 0. The bytes stay on the host.
func (m *Machine) copyFile(t *thread, in, out *desc, inAt, outAt, n uint64) int64 {
	from, bad := m.offsetArg(in, inAt)
	if bad != 0 {
		return bad
	}
	to, bad := m.offsetArg(out, outAt)
	if bad != 0 {
		return bad
	}
	switch {
	case in.kind != kindHost || in.mode&modeType == modeDir:
		return -eINVAL
	case m.st.sharedFile(out) != nil:
		return -eINVAL // its mappings have to show what is written
	case from > 1<<62 || to > 1<<62:
		return -eFBIG
	}
	m.coherent(t, in)
	inHandle, outHandle, most := in.handle, out.handle, int(min(n, maxIO))
	ret := m.ask(t, func(h *host, in *vm.Input) {
		p, errno := h.pread(inHandle, most, from)
		if errno == 0 && len(p) > 0 {
			var n int
			n, _, errno = h.pwrite(outHandle, p, to, false)
			in.Ret = int64(n)
		}
		in.Ret -= errno
	}).Ret
	if ret > 0 {
		m.advance(in, inAt, from+ret)
		m.advance(out, outAt, to+ret)
	}
	return ret
}
