package linux

import (
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// snapshot is a machine state. Immutable.
type snapshot struct {
	icount uint64
	mem    *mem.Snapshot
	st     *state
}

// Icount implements [vm.Snapshot].
func (s *snapshot) Icount() uint64 { return s.icount }

// Dirty implements [vm.Snapshot].
func (s *snapshot) Dirty() []uint64 { return s.mem.Dirty() }

// Overhead implements [vm.Snapshot].
func (s *snapshot) Overhead() int { return s.st.size() }

// Snapshot implements [vm.Machine].
func (m *Machine) Snapshot() vm.Snapshot {
	m.park()
	return &snapshot{icount: m.c.Icount, mem: m.mem.Snapshot(), st: m.st.clone()}
}

// Restore implements [vm.Machine]. It panics when sn is not a snapshot of this
// personality.
func (m *Machine) Restore(sn vm.Snapshot) {
	s := sn.(*snapshot)
	m.mem.Restore(s.mem)
	m.st = s.st.clone()
	m.c.Icount = s.icount
	m.load(m.st.thread(m.st.current))
	m.changed, m.emitted, m.err = false, false, nil
}
