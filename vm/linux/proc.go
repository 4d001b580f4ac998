package linux

import (
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// process is a guest process. One that has ended (mm is nil) stays until its
// parent has waited for it. The threads of a process refer to it.
type process struct {
	pid, ppid  vm.ThreadID // ppid 1: the parent is init, which is not there and waits for all
	pgid, sid  vm.ThreadID
	mm         *mm    // its address space, which it may share; nil: it has ended
	name       string // of its first thread, once it has ended
	exitSignal int    // what the parent is sent at its end; 0: nothing
	deathSig   int    // what it is sent at its parent's end; 0: nothing
	status     vm.ExitStatus
	execed     bool // it has executed another program since it was forked
	noTTY      bool // it has left the terminal, but not its session

	cpu      uint64 // instructions that its threads have spent, up to when they were last switched to
	born     uint64 // virtual time at which it began
	childCPU uint64 // those of its children that it has waited for, and theirs

	actions [numSignals + 1]action // by signal
	pending []sigInfo              // for the process as a whole
	itimers [3]interval
	timers  []posixTimer // ascending by id
	fds     []fdSlot     // by descriptor
	cwd     string
	umask   uint32
	limits  [numLimits][2]uint64 // soft and hard, by RLIMIT_ number
}

// mm is the kernel's view of an address space. Its pages and the code translated
// from them are in the [realm] of the same ID.
type mm struct {
	id       uint64
	users    int // processes
	brkStart uint64
	brk      uint64
	image    *vm.Image // immutable
	exe      []byte    // content of the executable; immutable
	env      []string  // its environment at the start; immutable
}

// begin makes the address space that of a program that has been loaded.
func (x *mm) begin(l *loader, at *loaded) {
	x.image, x.exe, x.env = &at.image, l.prog.raw, l.env
	x.brkStart, x.brk = at.brk, at.brk
}

func (p *process) clone() *process {
	c := *p
	c.pending = slices.Clone(p.pending)
	c.timers = slices.Clone(p.timers)
	c.fds = slices.Clone(p.fds)
	return &c
}

// ended reports whether the process only waits to be waited for.
func (p *process) ended() bool { return p.mm == nil }

// own reports whether p is the process that is debugged.
func (p *process) own() bool { return p.pid == pid }

// process finds a process, or what is left of it.
func (s *state) process(id vm.ThreadID) *process {
	i, ok := slices.BinarySearchFunc(s.procs, id, func(p *process, id vm.ThreadID) int { return int(p.pid - id) })
	if !ok {
		return nil
	}
	return s.procs[i]
}

// mm finds an address space.
func (s *state) mm(id uint64) *mm {
	for _, x := range s.mms {
		if x.id == id {
			return x
		}
	}
	return nil
}

// threadsOf lists the live threads of p.
func (s *state) threadsOf(p *process) []*thread {
	var out []*thread
	for _, t := range s.threads {
		if t.p == p {
			out = append(out, t)
		}
	}
	return out
}

// leader is the first of p's live threads.
func (s *state) leader(p *process) *thread {
	for _, t := range s.threads {
		if t.p == p {
			return t
		}
	}
	return nil
}

// owner is the debugged process.
func (s *state) owner() *process { return s.process(pid) }

// realm is an address space at work: its memory, and the engine that executes in
// it. A realm without an address space waits in the pool with what it held last:
// code that the next one holds too stays translated.
type realm struct {
	mem     *mem.Space
	e       *engine.Engine
	watches []vm.Watch    // as set in mem
	last    *mem.Snapshot // the newest snapshot taken or restored
}

// maxPool is how many realms are kept for address spaces to come. Each holds
// some hundred KB beside pages.
const maxPool = 8

// newRealm returns a realm for address space id with the content of sn.
func (m *Machine) newRealm(id uint64, sn *mem.Snapshot) *realm {
	var r *realm
	if n := len(m.pool); n > 0 {
		r = m.pool[n-1]
		m.pool = m.pool[:n-1]
	} else {
		space := mem.NewSpace()
		cpu := m.c.Mem
		m.c.Mem = space
		space.OnLost = m.lost
		r = &realm{mem: space, e: engine.New(m.c, m.tr)}
		if cpu != nil {
			m.c.Mem = cpu
		}
	}
	m.sharing.Join(r.mem)
	r.mem.Restore(sn)
	r.mem.IgnoreWatches = 0
	r.setWatches(nil)
	r.last = nil
	m.realms[id] = r
	return r
}

// dropRealm puts the realm of an address space that has gone into the pool.
func (m *Machine) dropRealm(id uint64) {
	r := m.realms[id]
	delete(m.realms, id)
	r.last = nil
	m.sharing.Leave(r.mem)
	if len(m.pool) < maxPool {
		m.pool = append(m.pool, r)
	}
}

// setWatches tells the address space what is watched, if it does not know yet:
// telling it empties the TLB.
func (r *realm) setWatches(ws []vm.Watch) {
	if !slices.Equal(r.watches, ws) {
		r.watches = ws
		r.mem.SetWatches(ws)
	}
}

// focus makes p the process that the kernel works for: m.p and m.mem are its. It
// returns the one before, to go back to. Between two positions it is the current
// thread's.
func (m *Machine) focus(p *process) (before *process) {
	before = m.p
	if p == before && p.mm != nil && m.mem == m.realms[p.mm.id].mem {
		return before
	}
	m.p = p
	if p.mm != nil {
		m.mem = m.realms[p.mm.id].mem
		m.mem.IgnoreWatches = m.unwatched()
	}
	return before
}

// unwatched is which accesses of the process in focus no watch sees. What is
// watched is what the debugged process does.
func (m *Machine) unwatched() mem.Prot {
	if m.p.own() {
		return 0
	}
	return mem.Read | mem.Write
}

// ownMem is the memory of the debugged process. After its end it is the one that
// it had.
func (m *Machine) ownMem() *mem.Space { return m.realms[m.st.owner().mm.id].mem }

// arm has the engine of the current thread stop where the current Run wants it
// to: in the debugged process only.
func (m *Machine) arm() {
	r := m.realms[m.cur.p.mm.id]
	m.c.Mem, m.e = r.mem, r.e
	if m.cur.p.own() {
		m.e.SetBreaks(m.breaks)
		m.e.BreakFilter = m.breakFilter
		r.setWatches(m.watches)
	} else {
		m.e.SetBreaks(nil)
	}
}

// pages is how many pages all processes use. A page that several see since a fork
// counts for each.
func (m *Machine) pages() int {
	n := 0
	for _, x := range m.st.mms {
		n += m.realms[x.id].mem.Pages()
	}
	return n
}

// Elsewhere implements [vm.Machine].
func (m *Machine) Elsewhere() bool {
	s := m.st
	switch {
	case s.exited:
		return false
	case s.doom != nil:
		return s.doom.pid != pid
	}
	return !s.idle && !m.cur.p.own()
}
