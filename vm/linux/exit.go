package linux

import (
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// How threads and processes end.

func sysExit(m *Machine, t *thread, a *[6]uint64) int64 {
	m.exitRobust(t)
	m.clearTID(t)
	s := m.st
	if len(s.threadsOf(t.p)) == 1 {
		m.lastWords(t.p)
		m.exitProcess(t.p, vm.ExitStatus{Code: int(a[0] & 0xff)}, m.c.Icount+1)
		return noResult
	}
	m.noteEnd(t)
	m.release(t)
	s.threads = slices.DeleteFunc(s.threads, func(x *thread) bool { return x == t })
	return noResult
}

func sysExitGroup(m *Machine, t *thread, a *[6]uint64) int64 {
	m.lastWords(t.p)
	m.exitProcess(t.p, vm.ExitStatus{Code: int(a[0] & 0xff)}, m.c.Icount+1)
	return noResult
}

// clearTID tells those who wait for t's end of it, as set_tid_address(2)
// promises. The process in focus is t's.
func (m *Machine) clearTID(t *thread) {
	if t.clearTID != 0 && m.writeU32(t.clearTID, 0) {
		m.futexWake(t.clearTID, 1, futexAnyBits)
	}
	t.clearTID = 0
}

// exitProcess ends p at icount at. With the debugged process everything ends: its
// threads stay to be looked at.
func (m *Machine) exitProcess(p *process, status vm.ExitStatus, at uint64) {
	s := m.st
	if p.own() {
		m.journal(at-1, vm.NoteExit, s.own, uint64(status.Code), uint64(status.Signal))
		s.exited, s.status, s.doom, s.idle = true, status, nil, false
		s.next = never
		return
	}
	if s.doom != nil && s.doom.pid == p.pid {
		s.doom = nil
	}
	before := m.focus(p)
	p.name = s.leader(p).name
	for _, t := range s.threadsOf(p) {
		if p.mm.users > 1 {
			m.clearTID(t)
		}
		m.dropThread(t, at)
	}
	for fd := range p.fds {
		if p.fds[fd].desc >= 0 {
			m.closeFD(fd)
		}
	}
	m.dropLocks(p, nil)
	if p.sid == p.pid {
		m.leaveTTY(p)
	}
	p.fds, p.timers, p.pending = nil, nil, nil
	p.itimers = [3]interval{{deadline: never}, {deadline: never}, {deadline: never}}
	p.status = status
	m.leaveMM(p)
	m.focus(before)
	m.orphan(p)
	m.bury(p)
}

// dropThread takes away a thread that does not run on: at is the icount that it
// has run up to, if it runs.
func (m *Machine) dropThread(t *thread, at uint64) {
	s := m.st
	if t == m.cur && !s.idle {
		m.charge(t, at)
		s.idle = true
	}
	if t.blocked() && t.wait.desc >= 0 {
		m.unref(t.wait.desc)
	}
	s.threads = slices.DeleteFunc(s.threads, func(x *thread) bool { return x == t })
	s.queue = slices.DeleteFunc(s.queue, func(id vm.ThreadID) bool { return id == t.id })
}

// leaveMM parts p from its address space, and lets a parent go on that waits for
// that (vfork(2)).
func (m *Machine) leaveMM(p *process) {
	s, x := m.st, p.mm
	p.mm = nil
	if x.users--; x.users == 0 {
		s.mms = slices.DeleteFunc(s.mms, func(y *mm) bool { return x == y })
		m.dropRealm(x.id)
		m.unshare()
	}
	for _, t := range s.waiters(waitVfork) {
		if t.wait.addr == uint64(p.pid) {
			m.finish(t, int64(p.pid))
		}
	}
}

// orphan leaves p's children to init, which waits for those that have ended.
func (m *Machine) orphan(p *process) {
	for _, c := range slices.Clone(m.st.procs) {
		if c.ppid != p.pid {
			continue
		}
		c.ppid = 1
		if c.deathSig != 0 {
			m.post(c, nil, sigInfo{sig: c.deathSig, code: siUser, w: [2]uint64{uint64(p.pid) | uint64(m.st.uid)<<32}})
		}
		if c.ended() {
			m.forget(c)
		}
	}
}

// forget takes away the rest of a process that has been waited for.
func (m *Machine) forget(p *process) {
	m.st.procs = slices.DeleteFunc(m.st.procs, func(x *process) bool { return x == p })
}

// Values of si_code for SIGCHLD.
const (
	cldExited = 1
	cldKilled = 2
)

// bury tells p's parent that p has ended. Nothing stays of p if the parent does
// not care.
func (m *Machine) bury(p *process) {
	parent := m.st.process(p.ppid)
	if parent == nil || parent.ended() {
		m.forget(p)
		return
	}
	m.changed = true // for those who wait for children
	if p.exitSignal == 0 {
		return
	}
	act := parent.actions[p.exitSignal]
	if p.exitSignal == sigCHLD && (act.handler == sigIGN || act.flags&saNocldwait != 0) {
		parent.childCPU += p.cpu + p.childCPU
		m.forget(p)
	}
	if act.handler != sigIGN {
		m.post(parent, nil, m.obituary(p))
	}
}

// obituary is the siginfo that tells of p's end.
func (m *Machine) obituary(p *process) sigInfo {
	si := sigInfo{sig: p.exitSignal, code: cldExited, w: [2]uint64{uint64(p.pid) | uint64(m.st.uid)<<32, uint64(p.status.Code)}}
	if p.status.Signal != 0 {
		si.code, si.w[1] = cldKilled, uint64(p.status.Signal)
	}
	return si
}

// largest is the process that uses the most pages; of equals the youngest.
func (m *Machine) largest() *process {
	var out *process
	most := -1
	for _, p := range m.st.procs {
		if p.mm == nil {
			continue
		}
		if n := m.realms[p.mm.id].mem.Pages(); n >= most {
			out, most = p, n
		}
	}
	return out
}
