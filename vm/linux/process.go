package linux

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// The system calls about threads and the process.

// Flags of clone(2).
const (
	cloneVM            = 0x100
	cloneFS            = 0x200
	cloneFiles         = 0x400
	cloneSighand       = 0x800
	cloneThread        = 0x10000
	cloneSettls        = 0x80000
	cloneParentSettid  = 0x100000
	cloneChildCleartid = 0x200000
	cloneChildSettid   = 0x1000000

	// cloneShared is what makes a new task a thread. A copy of the process,
	// fork, would be a second machine.
	cloneShared = cloneVM | cloneSighand | cloneThread
)

// String says for a person what a thread waits for.
func (w *wait) String() string {
	s := callName(w.nr)
	switch w.kind {
	case waitFutex:
		return fmt.Sprintf("%s at %#x", s, w.addr)
	case waitFile:
		if w.outside {
			return s + ", standard input"
		}
	}
	return s
}

func sysClone(m *Machine, t *thread, a *[6]uint64) int64 {
	return m.clone(t, a[0]&^0xff, a[1], a[2], a[3], a[4])
}

func sysClone3(m *Machine, t *thread, a *[6]uint64) int64 {
	if a[1] < 64 || a[1] > 4096 {
		return -eINVAL
	}
	raw, ok := m.copyIn(a[0], int(a[1]))
	if !ok {
		return -eFAULT
	}
	// flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls
	f := func(i int) uint64 { return leU64(raw[8*i:]) }
	sp := f(5) + f(6)
	return m.clone(t, f(0), sp, f(3), f(7), f(2))
}

// clone starts a thread. What it shares beyond memory and signal handlers makes
// no difference: there is one process.
func (m *Machine) clone(t *thread, flags, sp, parentTID, tls, childTID uint64) int64 {
	if flags&cloneShared != cloneShared {
		m.note.Warn().Msg("the guest tries to fork: only threads are supported, it gets ENOSYS")
		return -eNOSYS
	}
	s := m.st
	if len(s.threads) >= maxThreads {
		return -eAGAIN
	}
	id := s.lastTID + 1
	if flags&cloneParentSettid != 0 && !m.writeU32(parentTID, uint32(id)) ||
		flags&cloneChildSettid != 0 && !m.writeU32(childTID, uint32(id)) {
		return -eFAULT
	}
	s.lastTID = id
	r, pc := m.regs(t)
	c := &thread{id: id, name: t.name, regs: slices.Clone(r), pc: *pc, mask: t.mask, altFlags: ssDisable}
	m.arch.switched(c.regs)
	c.regs[m.arch.ret] = 0
	if sp != 0 {
		c.regs[m.arch.sp] = sp
	}
	if flags&cloneSettls != 0 {
		c.regs[m.arch.tls] = tls
	}
	if flags&cloneChildCleartid != 0 {
		c.clearTID = childTID
	}
	s.threads = append(s.threads, c)
	s.queue = append(s.queue, id)
	return int64(id)
}

func sysExit(m *Machine, t *thread, a *[6]uint64) int64 {
	m.exitRobust(t)
	if t.clearTID != 0 && m.writeU32(t.clearTID, 0) {
		m.futexWake(t.clearTID, 1, futexAnyBits)
	}
	s := m.st
	if len(s.threads) == 1 {
		m.exitProcess(vm.ExitStatus{Code: int(a[0] & 0xff)})
		return noResult
	}
	m.release(t)
	s.threads = slices.DeleteFunc(s.threads, func(x *thread) bool { return x == t })
	return noResult
}

func sysExitGroup(m *Machine, _ *thread, a *[6]uint64) int64 {
	m.exitProcess(vm.ExitStatus{Code: int(a[0] & 0xff)})
	return noResult
}

func sysSetTidAddress(_ *Machine, t *thread, a *[6]uint64) int64 {
	t.clearTID = a[0]
	return int64(t.id)
}

func sysSetRobustList(_ *Machine, t *thread, a *[6]uint64) int64 {
	if a[1] != 24 {
		return -eINVAL
	}
	t.robust = a[0]
	return 0
}

func sysGetRobustList(m *Machine, t *thread, a *[6]uint64) int64 {
	if a[0] != 0 {
		if t = m.st.thread(vm.ThreadID(int32(a[0]))); t == nil {
			return -eSRCH
		}
	}
	if !m.writeU64(a[1], t.robust) || !m.writeU64(a[2], 24) {
		return -eFAULT
	}
	return 0
}

func sysSchedYield(m *Machine, _ *thread, _ *[6]uint64) int64 {
	m.st.quantumEnd = m.c.Icount + 1
	return 0
}

// cpuMask is the affinity of every thread.
func (m *Machine) cpuMask() []byte {
	var b record
	n := m.ncpu
	for ; n >= 64; n -= 64 {
		b.u64(1<<64 - 1)
	}
	if n > 0 || len(b) == 0 {
		b.u64(1<<n - 1)
	}
	return b
}

func sysSchedGetaffinity(m *Machine, _ *thread, a *[6]uint64) int64 {
	mask := m.cpuMask()
	switch {
	case a[0] != 0 && m.st.thread(vm.ThreadID(int32(a[0]))) == nil:
		return -eSRCH
	case a[1] < uint64(len(mask)) || a[1]&7 != 0:
		return -eINVAL
	case !m.copyOut(a[2], mask):
		return -eFAULT
	}
	return int64(len(mask))
}

func sysSchedSetaffinity(m *Machine, _ *thread, a *[6]uint64) int64 {
	raw, ok := m.copyIn(a[2], int(min(a[1], 1024)))
	switch {
	case a[0] != 0 && m.st.thread(vm.ThreadID(int32(a[0]))) == nil:
		return -eSRCH
	case !ok:
		return -eFAULT
	}
	mask := m.cpuMask()
	for i := range min(len(raw), len(mask)) {
		if bits.OnesCount8(raw[i]&mask[i]) > 0 {
			return 0 // accepted; there is one host thread anyway
		}
	}
	return -eINVAL
}

func sysGetcpu(m *Machine, _ *thread, a *[6]uint64) int64 {
	if a[0] != 0 && !m.writeU32(a[0], 0) || a[1] != 0 && !m.writeU32(a[1], 0) {
		return -eFAULT
	}
	return 0
}

// Options of prctl(2).
const (
	prSetPdeathsig  = 1
	prGetDumpable   = 3
	prSetDumpable   = 4
	prSetName       = 15
	prGetName       = 16
	prSetTimerslack = 29
	prGetTimerslack = 30
	prSetNoNewPrivs = 38
	prGetNoNewPrivs = 39
)

// commSize is the size of a thread's name with its terminating zero.
const commSize = 16

func sysPrctl(m *Machine, t *thread, a *[6]uint64) int64 {
	switch int32(a[0]) {
	case prSetName:
		raw := make([]byte, commSize-1)
		n := m.mem.Peek(a[1], raw)
		name := string(raw[:n])
		if i := slices.Index(raw[:n], 0); i >= 0 {
			name = name[:i]
		} else if n < len(raw) {
			return -eFAULT
		}
		t.name = name
	case prGetName:
		var b record
		b.text(t.name, commSize)
		if !m.copyOut(a[1], b) {
			return -eFAULT
		}
	case prSetPdeathsig, prSetDumpable, prSetTimerslack, prSetNoNewPrivs, prGetNoNewPrivs:
	case prGetDumpable:
		return 1
	case prGetTimerslack:
		return 50_000
	default:
		return -eINVAL
	}
	return 0
}

func sysGetgroups(*Machine, *thread, *[6]uint64) int64 { return 0 }

// sysGetresid is getresuid and getresgid.
func sysGetresid(m *Machine, _ *thread, a *[6]uint64) int64 {
	for _, p := range a[:3] {
		if !m.writeU32(p, guestUID) {
			return -eFAULT
		}
	}
	return 0
}

// sysSetID stands for the calls that change user or group: to itself they may.
func sysSetID(_ *Machine, _ *thread, a *[6]uint64) int64 {
	if id := uint32(a[0]); id == guestUID || id == 1<<32-1 {
		return 0
	}
	return -ePERM
}

func sysPgid(_ *Machine, _ *thread, a *[6]uint64) int64 {
	if a[0] != 0 && a[0] != pid {
		return -eSRCH
	}
	return pid
}

func sysUmask(m *Machine, _ *thread, a *[6]uint64) int64 {
	old := m.st.umask
	m.st.umask = uint32(a[0]) & 0o777
	return int64(old)
}

// Resources of prlimit(2).
const (
	limitData   = 2
	limitStack  = 3
	limitCore   = 4
	limitNproc  = 6
	limitNofile = 7
	numLimits   = 16
)

const unlimited = 1<<64 - 1

func initialLimits() (l [numLimits][2]uint64) {
	for i := range l {
		l[i] = [2]uint64{unlimited, unlimited}
	}
	l[limitStack][0] = stackSize
	l[limitCore][0] = 0
	l[limitNproc] = [2]uint64{maxThreads, maxThreads}
	l[limitNofile] = [2]uint64{maxFDs, maxFDs}
	return l
}

func sysPrlimit64(m *Machine, _ *thread, a *[6]uint64) int64 {
	if a[0] != 0 && a[0] != pid {
		return -eSRCH
	}
	return m.limit(a[1], a[2], a[3])
}

func sysGetrlimit(m *Machine, _ *thread, a *[6]uint64) int64 { return m.limit(a[0], 0, a[1]) }
func sysSetrlimit(m *Machine, _ *thread, a *[6]uint64) int64 { return m.limit(a[0], a[1], 0) }

func (m *Machine) limit(which, set, get uint64) int64 {
	if which >= numLimits {
		return -eINVAL
	}
	l := &m.st.limits[which]
	old := *l
	if set != 0 {
		raw, ok := m.copyIn(set, 16)
		if !ok {
			return -eFAULT
		}
		soft, hard := leU64(raw), leU64(raw[8:])
		switch {
		case soft > hard:
			return -eINVAL
		case hard > l[1]:
			return -ePERM
		}
		*l = [2]uint64{soft, hard}
	}
	var b record
	b.u64(old[0], old[1])
	if get != 0 && !m.copyOut(get, b) {
		return -eFAULT
	}
	return 0
}
