package linux

import (
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// snapshot is a machine state. Immutable.
type snapshot struct {
	icount uint64
	own    *mem.Snapshot   // of the debugged process's memory
	mems   []*mem.Snapshot // of all address spaces, in the order of st.mms
	st     *state
	act    *vm.Activity
	lib    *library // of the machines of this history
}

// Icount implements [vm.Snapshot].
func (s *snapshot) Icount() uint64 { return s.icount }

// Activity implements [vm.Snapshot].
func (s *snapshot) Activity() *vm.Activity { return s.act }

// Overhead implements [vm.Snapshot].
func (s *snapshot) Overhead() int { return s.st.size() }

// Snapshot implements [vm.Machine].
func (m *Machine) Snapshot() vm.Snapshot {
	m.park()
	s := &snapshot{icount: m.c.Icount, lib: m.lib, st: m.st.clone(), mems: make([]*mem.Snapshot, len(m.st.mms))}
	own := m.st.owner().mm
	for i, x := range m.st.mms {
		r := m.realms[x.id]
		if x == own {
			r.last = r.mem.Snapshot()
			s.own = r.last
		} else if r.last == nil || !r.mem.Is(r.last) {
			r.last = r.mem.Snapshot()
		}
		s.mems[i] = r.last
	}
	s.act = m.takeActivity(s.own.Dirty())
	return s
}

// Restore implements [vm.Machine]. It panics when sn is not a snapshot of this
// personality.
func (m *Machine) Restore(sn vm.Snapshot) {
	s := sn.(*snapshot)
	m.st = s.st.clone()
	for id := range m.realms {
		if m.st.mm(id) == nil {
			m.dropRealm(id)
		}
	}
	own := m.st.owner().mm
	for i, x := range m.st.mms {
		r := m.realms[x.id]
		switch {
		case r == nil:
			r = m.newRealm(x.id, s.mems[i])
		case x == own || r.last != s.mems[i] || !r.mem.Is(s.mems[i]):
			r.mem.Restore(s.mems[i])
		}
		r.last = s.mems[i]
	}
	m.traceIn(m.realms[own.id])
	m.c.Icount = s.icount
	m.load(m.st.thread(m.st.current))
	m.st.own = s.st.own // load has it be the current thread, but one may be about to die
	m.changed, m.emitted, m.err = false, false, nil
	m.dropActivity()
}
