package linux

import "github.com/dap-revexec/dap-revexec/vm"

// Waiting for children (wait(2)).

// Options of wait4 and waitid.
const (
	waitNohang   = 1
	waitStopped  = 2 // also WUNTRACED; nothing ever stops
	waitExited   = 4
	waitCont     = 8
	waitNowait   = 0x01000000
	waitNothread = 0x20000000
	waitAll      = 0x40000000
	waitClone    = 0x80000000
)

// child looks for a child of the process in focus that sel selects and that has
// ended, the oldest first. any: there is one that it selects.
func (m *Machine) child(options uint32, sel func(c *process) bool) (dead *process, any bool) {
	for _, c := range m.st.procs {
		clone := c.exitSignal != sigCHLD
		if c.ppid != m.p.pid || options&waitAll == 0 && clone != (options&waitClone != 0) || !sel(c) {
			continue
		}
		any = true
		if c.ended() {
			return c, true
		}
	}
	return nil, any
}

// collect takes away what is left of a child.
func (m *Machine) collect(c *process) {
	m.p.childCPU += c.cpu + c.childCPU
	m.forget(c)
}

func (m *Machine) awaitChild(t *thread) int64 {
	return m.block(t, wait{kind: waitChild, deadline: never, restart: restartSA, desc: -1})
}

func sysWait4(m *Machine, t *thread, a *[6]uint64) int64 {
	who, options := vm.ThreadID(int32(a[0])), uint32(a[2])
	if options&^(waitNohang|waitStopped|waitCont|waitNothread|waitAll|waitClone) != 0 {
		return -eINVAL
	}
	c, any := m.child(options, func(c *process) bool {
		switch {
		case who > 0:
			return c.pid == who
		case who == 0:
			return c.pgid == m.p.pgid
		}
		return who == -1 || c.pgid == -who
	})
	switch {
	case !any:
		return -eCHILD
	case c == nil && options&waitNohang != 0:
		return 0
	case c == nil:
		return m.awaitChild(t)
	}
	m.collect(c)
	status := uint32(c.status.Code)<<8 | uint32(c.status.Signal)
	if a[1] != 0 && !m.writeU32(a[1], status) || a[3] != 0 && !m.copyOut(a[3], encodeRusage(c.cpu+c.childCPU, 0)) {
		return -eFAULT
	}
	return int64(c.pid)
}

// What waitid waits for.
const (
	idAll  = 0
	idPID  = 1
	idPGID = 2
)

func sysWaitid(m *Machine, t *thread, a *[6]uint64) int64 {
	id, options := vm.ThreadID(int32(a[1])), uint32(a[3])
	switch {
	case options&^(waitNohang|waitStopped|waitExited|waitCont|waitNowait|waitNothread|waitAll|waitClone) != 0,
		options&(waitStopped|waitExited|waitCont) == 0, a[0] == idPID && id <= 0, a[0] == idPGID && id < 0, a[0] > idPGID:
		return -eINVAL
	}
	if a[0] == idPGID && id == 0 {
		id = m.p.pgid
	}
	c, any := m.child(options, func(c *process) bool {
		return a[0] == idAll || a[0] == idPID && c.pid == id || a[0] == idPGID && c.pgid == id
	})
	if options&waitExited == 0 {
		c = nil
	}
	switch {
	case !any:
		return -eCHILD
	case c == nil && options&waitNohang == 0:
		return m.awaitChild(t)
	case c == nil:
		if a[2] != 0 && !m.copyOut(a[2], make([]byte, siginfoSize)) {
			return -eFAULT
		}
		return 0
	}
	if options&waitNowait == 0 {
		m.collect(c)
	}
	si := m.obituary(c)
	si.sig = sigCHLD
	if a[2] != 0 && !m.copyOut(a[2], si.encode()) || a[4] != 0 && !m.copyOut(a[4], encodeRusage(c.cpu+c.childCPU, 0)) {
		return -eFAULT
	}
	return 0
}
