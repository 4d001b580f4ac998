package linux

import (
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Making threads and processes (clone(2)).

// Flags of clone.
const (
	cloneSignal        = 0xff // the signal that tells the parent of the child's end
	cloneVM            = 0x100
	cloneFS            = 0x200
	cloneFiles         = 0x400
	cloneSighand       = 0x800
	clonePidfd         = 0x1000
	cloneVfork         = 0x4000
	cloneParent        = 0x8000
	cloneThread        = 0x10000
	cloneSettls        = 0x80000
	cloneParentSettid  = 0x100000
	cloneChildCleartid = 0x200000
	cloneChildSettid   = 0x1000000
	cloneClearSighand  = 0x100000000 // clone3 only

	// cloneNamespaces asks for what only a privileged process may have.
	cloneNamespaces = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x80
	// cloneShared is what makes a new task a thread.
	cloneShared = cloneVM | cloneSighand | cloneThread
)

// cloneArgs is struct clone_args, as far as it is known here.
type cloneArgs struct {
	flags               uint64
	signal              int
	sp, tls             uint64
	parentTID, childTID uint64
}

func sysClone(m *Machine, t *thread, a *[6]uint64) int64 {
	return m.clone(t, &cloneArgs{flags: a[0] &^ cloneSignal & (1<<32 - 1), signal: int(a[0] & cloneSignal), sp: a[1], parentTID: a[2], tls: a[3], childTID: a[4]})
}

func sysFork(m *Machine, t *thread, _ *[6]uint64) int64 {
	return m.clone(t, &cloneArgs{signal: sigCHLD})
}

func sysVfork(m *Machine, t *thread, _ *[6]uint64) int64 {
	return m.clone(t, &cloneArgs{flags: cloneVM | cloneVfork, signal: sigCHLD})
}

func sysClone3(m *Machine, t *thread, a *[6]uint64) int64 {
	if a[1] < 64 || a[1] > 4096 {
		return -eINVAL
	}
	raw, ok := m.copyIn(a[0], int(a[1]))
	if !ok {
		return -eFAULT
	}
	// flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
	// then set_tid and cgroup, which need privileges
	f := func(i int) uint64 { return leU64(raw[8*i:]) }
	for _, b := range raw[64:] {
		if b != 0 {
			return -eINVAL
		}
	}
	if f(4) > numSignals || f(0)&cloneSignal != 0 {
		return -eINVAL
	}
	return m.clone(t, &cloneArgs{flags: f(0), signal: int(f(4)), sp: f(5) + f(6), parentTID: f(3), tls: f(7), childTID: f(2)})
}

// clone starts a thread or a process.
func (m *Machine) clone(t *thread, a *cloneArgs) int64 {
	s := m.st
	switch {
	case a.flags&cloneThread != 0 && a.flags&cloneShared != cloneShared,
		a.flags&cloneSighand != 0 && a.flags&(cloneVM|cloneClearSighand) != cloneVM,
		a.flags&clonePidfd != 0, a.signal > numSignals:
		return -eINVAL
	case a.flags&cloneNamespaces != 0:
		return -ePERM
	case len(s.threads) >= maxThreads, a.flags&cloneThread == 0 && len(s.procs) >= maxProcesses:
		return -eAGAIN
	}
	id := s.lastTID + 1
	if a.flags&cloneParentSettid != 0 && !m.writeU32(a.parentTID, uint32(id)) {
		return -eFAULT
	}
	s.lastTID = id
	r, pc := m.regs(t)
	c := &thread{id: id, p: t.p, name: t.name, regs: slices.Clone(r), pc: *pc, last: m.c.LastPC, mask: t.mask, altFlags: ssDisable}
	if a.flags&cloneThread == 0 {
		c.p = m.fork(id, a)
		if a.flags&cloneVM == 0 || a.flags&cloneVfork != 0 {
			c.altSP, c.altSize, c.altFlags = t.altSP, t.altSize, t.altFlags
		}
	}
	m.arch.switched(c.regs)
	c.regs[m.arch.ret] = 0
	if a.sp != 0 {
		c.regs[m.arch.sp] = a.sp
	}
	if a.flags&cloneSettls != 0 {
		c.regs[m.arch.tls] = a.tls
	}
	if a.flags&cloneChildCleartid != 0 {
		c.clearTID = a.childTID
	}
	if a.flags&cloneChildSettid != 0 {
		m.focus(c.p)
		m.writeU32(a.childTID, uint32(id)) // where that fails the kernel does not care either
		m.focus(t.p)
	}
	m.noteStack(c)
	if c.p.own() {
		m.journal(m.c.Icount, vm.NoteThread, t.id, uint64(id), 0)
	}
	s.threads = append(s.threads, c)
	s.queue = append(s.queue, id)
	if a.flags&cloneVfork != 0 && a.flags&cloneThread == 0 {
		return m.block(t, wait{kind: waitVfork, addr: uint64(id), deadline: never, desc: -1})
	}
	return int64(id)
}

// fork makes a process that is like the one in focus. It has no thread yet.
func (m *Machine) fork(id vm.ThreadID, a *cloneArgs) *process {
	s, c := m.st, m.p.clone()
	c.pid, c.ppid = id, m.p.pid
	c.exitSignal, c.deathSig, c.execed = a.signal, 0, false
	if a.flags&cloneParent != 0 {
		c.ppid, c.exitSignal = m.p.ppid, m.p.exitSignal
	}
	c.cpu, c.childCPU, c.born = 0, 0, m.now()
	c.pending, c.timers = nil, nil
	for i := range c.itimers {
		c.itimers[i] = interval{deadline: never}
	}
	if a.flags&cloneClearSighand != 0 {
		c.resetActions()
	}
	for _, f := range c.fds {
		if f.desc >= 0 {
			s.descs[f.desc].refs++
		}
	}
	if a.flags&cloneVM != 0 {
		c.mm.users++
	} else {
		x := *c.mm
		s.lastMM++
		x.id, x.users = s.lastMM, 1
		c.mm = &x
		s.mms = append(s.mms, c.mm)
		m.newRealm(x.id, m.mem.Fork())
	}
	s.procs = append(s.procs, c)
	return c
}

// resetActions has no signal handled by a function any more.
func (p *process) resetActions() {
	for i := range p.actions {
		if p.actions[i].handler != sigIGN {
			p.actions[i] = action{}
		}
	}
}
