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

// sysSendfile copies from a file to another one, a pipe, a socket or an output.
func sysSendfile(m *Machine, t *thread, a *[6]uint64) int64 {
	out, in := m.file(t, a[0]), m.p.slot(a[1])
	if out == nil || in == nil {
		return -eBADF
	}
	src := m.st.descs[in.desc]
	if src.flags&oAccMode == oWrOnly || out.flags&oAccMode == oRdOnly {
		return -eBADF
	}
	if out.kind == kindHost {
		if out.flags&oAppend != 0 {
			return -eINVAL
		}
		return m.copyFile(t, src, out, a[2], 0, a[3])
	}
	if src.kind != kindHost || src.mode&modeType == modeDir {
		return -eINVAL
	}
	room, ok := m.takes(out)
	switch {
	case !ok:
		return -eINVAL
	case t.blocked() && room > 0:
		return m.again(t)
	case room == 0 && out.flags&oNonblock != 0:
		return -eAGAIN
	case room == 0:
		return m.blockOn(t, out, wait{})
	}
	from, bad := m.offsetArg(src, a[2])
	switch {
	case bad != 0:
		return bad
	case from > 1<<62:
		return -eFBIG
	}
	m.coherent(t, src)
	handle, most := src.handle, int(min(a[3], uint64(room)))
	answer := m.ask(t, func(h *host, in *vm.Input) {
		p, errno := h.pread(handle, most, from)
		in.Ret, in.Data = -errno, p
	})
	if answer.Ret < 0 || len(answer.Data) == 0 {
		return answer.Ret
	}
	ret := m.write(t, out, answer.Data)
	if ret > 0 {
		m.advance(src, a[2], from+ret)
	}
	return ret
}

// takes is how many bytes can be written to d, which is no file of the host's,
// before somebody reads. ok is false when write can't write to it.
func (m *Machine) takes(d *desc) (room int, ok bool) {
	switch d.kind {
	case kindOutput, kindDevice:
		return maxIO, true
	case kindTTY:
		if m.st.tty.stopped {
			return 0, true
		}
		return maxIO, true
	case kindPipeOut, kindPipeBoth:
		p := m.st.pipes[d.pipe]
		if p.readers == 0 {
			return pipeSize, true // the write finds out
		}
		return pipeSize - len(p.buf), true
	case kindSocket:
		k := m.sockOf(d)
		if p := m.peerOf(k); k.connection() && p != nil {
			return max(p.room(), 0), true
		}
		return sockBuffer, true
	}
	return 0, false
}

// write writes p, no more than d takes.
func (m *Machine) write(t *thread, d *desc, p []byte) int64 {
	switch d.kind {
	case kindOutput:
		m.emit(d.stream, p)
	case kindDevice:
		return writeDevice(m, t, d, nil, uint64(len(p)), 0)
	case kindTTY:
		return m.showTTY(p)
	case kindSocket:
		return m.sendData(t, d, p, nil, nil, 0)
	default:
		pipe := m.st.pipes[d.pipe]
		if pipe.readers == 0 {
			m.post(t.p, t, m.fromUser(sigPIPE, siUser))
			return -ePIPE
		}
		pipe.buf = append(pipe.buf[:len(pipe.buf):len(pipe.buf)], p...)
		pipe.writes++
		m.changed = true
	}
	return int64(len(p))
}

// again ends t's wait by having it make its call once more: a try looks nowhere
// outside, the call may.
func (m *Machine) again(t *thread) int64 {
	r, pc := m.regs(t)
	*pc -= m.arch.callSize
	m.arch.again(r, m.arch.numbers.number(t.wait.nr), t.wait.args[0])
	return noResult
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
	case in.dev == out.dev && in.ino == out.ino && from < to+int64(min(n, 1<<62)) && to < from+int64(min(n, 1<<62)):
		return -eINVAL // the ranges overlap
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
