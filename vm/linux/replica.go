package linux

import (
	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// setup is what a machine is made of, beside its log. It is constant, and the guest
// computes from it. Paths have slashes on every host.
type setup struct {
	path     string // of the executable, as Image.Path has it
	argv     []string
	env      []string
	dir      string // the working directory at the start
	sysroot  string // see Config.Sysroot
	ncpu     int
	maxPages int // see Config.MaxMemory
	chaos    Chaos
	terminal bool         // there is one
	window   TerminalSize // its size at the start
}

// newMachine makes a machine without a process yet. Without a host it is sealed.
func newMachine(s setup, lib *library, log *vm.Log, h *host, logger zerolog.Logger) *Machine {
	a := lib.exe.x.arch
	return &Machine{
		setup: s, lib: lib, arch: a, c: &ir.CPU{}, log: log, old: log.View(), host: h, note: logger,
		realms:     map[uint64]*realm{},
		tr:         engine.NewMemo(a.tr),
		trampoline: a.mmapTop,
		wake:       make(chan struct{}, 1),
		unknown:    map[uint64]bool{},
	}
}

// sealed reports whether the machine only replays: it never goes live, and has no
// host to ask anything.
func (m *Machine) sealed() bool { return m.host == nil }

// Replica implements [vm.Machine]. Replicas may be made of replicas.
func (m *Machine) Replica() (vm.Machine, error) {
	r := newMachine(m.setup, m.lib, m.log, nil, m.note.Level(zerolog.ErrorLevel))
	r.origin = m.origin
	r.enter(m.origin)
	return r, nil
}

// enter puts a machine that has no state yet into the state of a snapshot.
func (m *Machine) enter(s *snapshot) {
	first := s.st.owner().mm.id
	r := m.newRealm(first, emptyMemory)
	m.c.Mem, m.mem, m.e = r.mem, r.mem, r.e
	m.Restore(s)
}

// reach is how far a Run to until may go: a sealed machine stops at the frontier.
func (m *Machine) reach(until uint64) uint64 {
	if m.sealed() {
		return min(until, m.log.Frontier())
	}
	return until
}
