package linux

import "github.com/dap-revexec/dap-revexec/vm"

// Process IDs, process groups and sessions (credentials(7)).

func sysGetpid(m *Machine, _ *thread, _ *[6]uint64) int64  { return int64(m.p.pid) }
func sysGetppid(m *Machine, _ *thread, _ *[6]uint64) int64 { return int64(m.p.ppid) }
func sysGettid(_ *Machine, t *thread, _ *[6]uint64) int64  { return int64(t.id) }

// named finds the process that argument id names; 0 is the caller's own.
func (m *Machine) named(id uint64) *process {
	if int32(id) == 0 {
		return m.p
	}
	return m.processOf(vm.ThreadID(int32(id)))
}

func sysGetpgid(m *Machine, _ *thread, a *[6]uint64) int64 {
	if p := m.named(a[0]); p != nil {
		return int64(p.pgid)
	}
	return -eSRCH
}

func sysGetsid(m *Machine, _ *thread, a *[6]uint64) int64 {
	if p := m.named(a[0]); p != nil {
		return int64(p.sid)
	}
	return -eSRCH
}

func sysSetpgid(m *Machine, _ *thread, a *[6]uint64) int64 {
	p, to := m.named(a[0]), vm.ThreadID(int32(a[1]))
	switch {
	case to < 0:
		return -eINVAL
	case p == nil || p != m.p && p.ppid != m.p.pid:
		return -eSRCH
	case p != m.p && p.execed:
		return -eACCES
	case p.sid == p.pid || p.sid != m.p.sid:
		return -ePERM
	}
	if to == 0 {
		to = p.pid
	}
	if to != p.pid && !m.groupIn(to, p.sid) {
		return -ePERM
	}
	p.pgid = to
	return 0
}

// groupIn reports whether session sid has a process group of that ID.
func (m *Machine) groupIn(pgid, sid vm.ThreadID) bool {
	for _, q := range m.st.procs {
		if q.pgid == pgid && q.sid == sid {
			return true
		}
	}
	return false
}

func sysSetsid(m *Machine, _ *thread, _ *[6]uint64) int64 {
	for _, q := range m.st.procs {
		if q.pgid == m.p.pid {
			return -ePERM
		}
	}
	m.p.sid, m.p.pgid = m.p.pid, m.p.pid
	return int64(m.p.pid)
}
