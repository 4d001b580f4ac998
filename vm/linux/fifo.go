package linux

import (
	"github.com/dap-revexec/dap-revexec/vm"
)

// FIFOs (fifo(7)): named pipes. The name is on the host, the pipe is in the guest:
// one connects the guest's processes only.

// openFIFO makes d, whose flags are set, an open file of the FIFO that is called
// (dev, ino) on the host.
func (m *Machine) openFIFO(d *desc, dev, ino uint64) int64 {
	s := m.st
	i := 0
	for i < len(s.pipes) && (s.pipes[i] == nil || s.pipes[i].dev != dev || s.pipes[i].ino != ino) {
		i++
	}
	if i == len(s.pipes) {
		if i = m.newPipe(&pipe{dev: dev, ino: ino}); i < 0 {
			return -eNFILE
		}
	}
	p := s.pipes[i]
	if d.flags&oAccMode == oWrOnly && d.flags&oNonblock != 0 && p.readers == 0 {
		if p.writers == 0 {
			s.pipes[i] = nil
		}
		return -eNXIO
	}
	d.pipe, d.mode, d.kind = i, modeFIFO|0o644, kindPipeBoth
	switch d.flags & oAccMode {
	case oRdOnly:
		d.kind = kindPipeIn
		p.readers++
	case oWrOnly:
		d.kind = kindPipeOut
		p.writers++
	default:
		p.readers++
		p.writers++
	}
	p.reads++
	p.writes++
	m.changed = true
	return 0
}

// awaitPeer reports whether the opening of d, an end of a FIFO, has to wait for
// somebody to open the other end.
func (m *Machine) awaitPeer(d *desc) bool {
	if d.flags&oNonblock != 0 || d.kind != kindPipeIn && d.kind != kindPipeOut {
		return false
	}
	p := m.st.pipes[d.pipe]
	return p.ino != 0 && (d.kind == kindPipeIn && p.writers == 0 || d.kind == kindPipeOut && p.readers == 0)
}

// sysMknodat makes a FIFO or a regular file; the rest needs privileges.
func sysMknodat(m *Machine, t *thread, a *[6]uint64) int64 {
	mode := uint32(a[2]) & modeType
	if mode != modeFIFO && mode != modeFile && mode != 0 {
		return -ePERM // devices and sockets
	}
	p, bad := m.pathAt(t, a[0], a[1])
	if bad != 0 {
		return bad
	}
	if bad := m.protected(p); bad != 0 {
		return bad
	}
	perm := uint32(a[2]) & 0o777 &^ m.p.umask
	return m.ask(t, func(h *host, in *vm.Input) { in.Ret = -h.mknod(p, perm, mode == modeFIFO) }).Ret
}
