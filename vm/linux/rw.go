package linux

import (
	"bytes"

	"github.com/dap-revexec/dap-revexec/vm"
)

// The system calls that move bytes between memory and open files, and what they
// do with host files, standard streams and devices.

// ownOffset stands for the file's own offset.
const ownOffset = -1

func sysRead(m *Machine, t *thread, a *[6]uint64) int64 {
	return m.transfer(t, a[0], []span{{a[1], a[2]}}, false, ownOffset)
}

func sysWrite(m *Machine, t *thread, a *[6]uint64) int64 {
	return m.transfer(t, a[0], []span{{a[1], a[2]}}, true, ownOffset)
}

func sysPread64(m *Machine, t *thread, a *[6]uint64) int64 {
	return m.transferAt(t, a[0], []span{{a[1], a[2]}}, false, a[3])
}

func sysPwrite64(m *Machine, t *thread, a *[6]uint64) int64 {
	return m.transferAt(t, a[0], []span{{a[1], a[2]}}, true, a[3])
}

// vectored is readv and its relatives. hasOffset: argument 3 is an offset, -1
// for the file's own if plainOK.
func vectored(write, hasOffset, plainOK bool) handler {
	return func(m *Machine, t *thread, a *[6]uint64) int64 {
		spans, bad := m.readIOV(a[1], a[2])
		switch {
		case bad != 0:
			return bad
		case !hasOffset || plainOK && int64(a[3]) == ownOffset:
			return m.transfer(t, a[0], spans, write, ownOffset)
		}
		return m.transferAt(t, a[0], spans, write, a[3])
	}
}

func (m *Machine) transferAt(t *thread, fd uint64, spans []span, write bool, off uint64) int64 {
	if int64(off) < 0 {
		return -eINVAL
	}
	if d := m.file(t, fd); d != nil && !d.ops().seekable {
		return -eSPIPE
	}
	return m.transfer(t, fd, spans, write, int64(off))
}

// transfer is what all reads and writes come to. It moves at most maxIO bytes,
// and no more than is accessible.
func (m *Machine) transfer(t *thread, fd uint64, spans []span, write bool, off int64) int64 {
	d := m.file(t, fd)
	if d == nil || d.flags&oPath != 0 {
		return -eBADF
	}
	op, denied := d.ops().read, uint32(oWrOnly)
	if write {
		op, denied = d.ops().write, oRdOnly
	}
	switch {
	case d.flags&oAccMode == denied:
		return -eBADF
	case op == nil:
		return -eINVAL
	}
	spans, total, bad := m.clip(spans, !write, maxIO)
	if bad != 0 {
		return bad
	}
	return op(m, t, d, spans, total, off)
}

// give scatters p and returns its length: the end of a successful read.
func (m *Machine) give(spans []span, p []byte) int64 {
	m.scatter(spans, p)
	return int64(len(p))
}

func readHost(m *Machine, t *thread, d *desc, spans []span, total uint64, off int64) int64 {
	at := off
	if off == ownOffset {
		at = d.off
	}
	handle, dir := d.handle, d.mode&modeType == modeDir
	if dir {
		return -eISDIR
	}
	if total == 0 {
		return 0
	}
	m.coherent(t, d)
	in := m.ask(t, func(h *host, in *vm.Input) {
		p, errno := h.pread(handle, int(total), at)
		in.Ret = int64(len(p)) - errno
		for _, w := range split(spans, p) {
			in.Writes = append(in.Writes, vm.MemWrite{Addr: w.addr, Data: p[w.at : w.at+w.n]})
		}
	})
	if in.Ret > 0 && off == ownOffset {
		d.off += in.Ret
	}
	return in.Ret
}

func writeHost(m *Machine, t *thread, d *desc, spans []span, total uint64, off int64) int64 {
	at, atEnd := off, false
	if off == ownOffset {
		at, atEnd = d.off, d.flags&oAppend != 0
	}
	if at > 1<<62 {
		return -eFBIG
	}
	if total == 0 {
		return 0
	}
	p, handle := m.gather(spans, total), d.handle
	in := m.ask(t, func(h *host, in *vm.Input) {
		n, end, errno := h.pwrite(handle, p, at, atEnd)
		in.Ret, in.Aux = int64(n)-errno, []uint64{uint64(end)}
	})
	if in.Ret > 0 {
		m.putShared(d, aux(in, 0)-uint64(in.Ret), p[:min(in.Ret, int64(len(p)))])
		if off == ownOffset {
			d.off = int64(aux(in, 0))
		}
	}
	return in.Ret
}

func releaseHost(m *Machine, d *desc) {
	if m.live() {
		m.host.drop(d.handle)
		m.emitted = true
	}
}

func readStdin(m *Machine, t *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	q := &m.st.stdin
	if total == 0 {
		return 0
	}
	if !q.ready() && d.flags&oNonblock != 0 {
		if m.lookStdin(t); !q.ready() {
			return -eAGAIN
		}
	}
	if !q.ready() {
		return m.blockOn(t, d, wait{outside: true})
	}
	n := min(uint64(len(q.buf)), total)
	p := q.buf[:n]
	q.buf = q.buf[n:]
	return m.give(spans, p)
}

// blockOn makes t's call wait for a change of open file d, or go on waiting.
func (m *Machine) blockOn(t *thread, d *desc, w wait) int64 {
	w.kind, w.deadline, w.restart, w.desc = waitFile, never, restartSA, m.st.index(d)
	return m.block(t, w)
}

func readyStdin(m *Machine, _ *desc) (uint32, bool) {
	q := &m.st.stdin
	switch {
	case len(q.buf) > 0:
		return epollIn, false
	case q.eof:
		return epollHup, false
	}
	return 0, true
}

func writeOutput(m *Machine, t *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	p := m.gather(spans, min(total, maxIO))
	m.emit(d.stream, p)
	return int64(len(p))
}

func readyOutput(*Machine, *desc) (uint32, bool) { return epollOut, false }

func readDevice(m *Machine, _ *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	switch d.stream {
	case devZero, devFull:
		return m.give(spans, make([]byte, total))
	case devRandom:
		return m.give(spans, m.random(int(min(total, maxRandom))))
	}
	return 0
}

func writeDevice(m *Machine, _ *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	if d.stream == devFull {
		return -eNOSPC
	}
	return int64(total)
}

func readContent(m *Machine, _ *thread, d *desc, spans []span, total uint64, off int64) int64 {
	at := off
	if off == ownOffset {
		at = d.off
	}
	if d.remade && (at == 0 || d.content == nil) {
		if bad := m.makeUp(d); bad != 0 {
			return bad
		}
	}
	r := bytes.NewReader(d.content)
	p := make([]byte, min(total, uint64(len(d.content))))
	n, _ := r.ReadAt(p, at)
	if off == ownOffset {
		d.off += int64(n)
	}
	return m.give(spans, p[:n])
}

// Origins of lseek(2).
const (
	seekSet  = 0
	seekCur  = 1
	seekEnd  = 2
	seekData = 3
	seekHole = 4
)

func sysLseek(m *Machine, t *thread, a *[6]uint64) int64 {
	d := m.file(t, a[0])
	switch {
	case d == nil:
		return -eBADF
	case !d.ops().seekable:
		return -eSPIPE
	}
	to := int64(a[1])
	switch a[2] {
	case seekSet:
	case seekCur:
		to += d.off
	case seekEnd, seekData, seekHole:
		size, bad := m.sizeOf(t, d)
		switch {
		case bad != 0:
			return bad
		case a[2] == seekEnd:
			to += size
		case to < 0 || to >= size:
			return -eNXIO
		case a[2] == seekHole: // no holes: the one at the end
			to = size
		}
	default:
		return -eINVAL
	}
	if to < 0 {
		return -eINVAL
	}
	if d.kind == kindDevice {
		return 0
	}
	d.off = to
	if d.listed && to == 0 {
		d.listed, d.listing = false, nil // rewound: the directory is read again
	}
	return to
}

// sizeOf is the size of a seekable file, or a negative error number.
func (m *Machine) sizeOf(t *thread, d *desc) (size, bad int64) {
	switch d.kind {
	case kindContent:
		return int64(len(d.content)), 0
	case kindHost:
		fi, bad := m.fstat(t, d)
		return int64(fi.size), bad
	}
	return 0, 0
}
