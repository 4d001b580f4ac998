package linux

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// The system calls about threads and the process.

// String says for a person what a thread waits for.
func (w *wait) String() string {
	s := callName(w.nr)
	switch w.kind {
	case waitVfork:
		return fmt.Sprintf("%s, process %d", s, w.addr)
	case waitFutex:
		return fmt.Sprintf("%s at %#x", s, w.addr)
	case waitFile:
		if w.outside {
			return s + ", standard input"
		}
	}
	return s
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

// sysSchedGetparam tells the priority, which SCHED_OTHER has not.
func sysSchedGetparam(m *Machine, _ *thread, a *[6]uint64) int64 {
	if !m.writeU32(a[1], 0) {
		return -eFAULT
	}
	return 0
}

// sysSchedRRGetInterval tells how long a thread's turn is.
func sysSchedRRGetInterval(m *Machine, _ *thread, a *[6]uint64) int64 {
	if !m.copyOut(a[1], timespec(quantum)) {
		return -eFAULT
	}
	return 0
}

// sysSchedGetattr tells that a thread is SCHED_OTHER, nice 0: struct sched_attr of
// linux/sched/types.h, version 0.
func sysSchedGetattr(m *Machine, _ *thread, a *[6]uint64) int64 {
	const size = 48
	if a[2] < size {
		return -eINVAL
	}
	var b record
	b.u32(size)
	b.zero(size - len(b))
	if !m.copyOut(a[1], b) {
		return -eFAULT
	}
	return 0
}

// sysCapget tells that the process has no capabilities: version 3 of struct
// __user_cap_header_struct and two of __user_cap_data_struct.
func sysCapget(m *Machine, _ *thread, a *[6]uint64) int64 {
	const version = 0x20080522
	v, ok := m.readU32(a[0])
	switch {
	case !ok:
		return -eFAULT
	case v != version:
		m.writeU32(a[0], version)
		if a[1] == 0 {
			return 0
		}
		return -eINVAL
	case a[1] != 0 && !m.copyOut(a[1], make([]byte, 24)):
		return -eFAULT
	}
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
	prGetPdeathsig  = 2
	prGetDumpable   = 3
	prSetDumpable   = 4
	prSetName       = 15
	prGetName       = 16
	prSetTimerslack = 29
	prGetTimerslack = 30
	prSetNoNewPrivs = 38
	prGetNoNewPrivs = 39
	prGetKeepcaps   = 7
	prSetKeepcaps   = 8
	prGetSeccomp    = 21
	prCapbsetRead   = 23
	prSetSubreaper  = 36
	prSetTHPDisable = 41
	prGetTHPDisable = 42
	prSetPtracer    = 0x59616d61
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
	case prSetPdeathsig:
		if a[1] != 0 && !validSig(a[1]) {
			return -eINVAL
		}
		m.p.deathSig = int(a[1])
	case prGetPdeathsig:
		if !m.writeU32(a[1], uint32(m.p.deathSig)) {
			return -eFAULT
		}
	case prSetDumpable, prSetTimerslack, prSetNoNewPrivs, prGetNoNewPrivs, prSetKeepcaps, prGetKeepcaps,
		prGetSeccomp, prCapbsetRead, prSetSubreaper, prSetTHPDisable, prGetTHPDisable, prSetPtracer:
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

func sysGetuid(m *Machine, _ *thread, _ *[6]uint64) int64 { return int64(m.st.uid) }
func sysGetgid(m *Machine, _ *thread, _ *[6]uint64) int64 { return int64(m.st.gid) }

func sysGetresuid(m *Machine, _ *thread, a *[6]uint64) int64 { return m.giveIDs(a, m.st.uid) }
func sysGetresgid(m *Machine, _ *thread, a *[6]uint64) int64 { return m.giveIDs(a, m.st.gid) }

func (m *Machine) giveIDs(a *[6]uint64, id uint32) int64 {
	for _, p := range a[:3] {
		if !m.writeU32(p, id) {
			return -eFAULT
		}
	}
	return 0
}

// Users and groups can be changed to themselves only.
func sysSetuid(m *Machine, _ *thread, a *[6]uint64) int64 { return setID(a[0], m.st.uid) }
func sysSetgid(m *Machine, _ *thread, a *[6]uint64) int64 { return setID(a[0], m.st.gid) }

func setID(want uint64, id uint32) int64 {
	if uint32(want) == id || uint32(want) == 1<<32-1 {
		return 0
	}
	return -ePERM
}

func sysUmask(m *Machine, _ *thread, a *[6]uint64) int64 {
	old := m.p.umask
	m.p.umask = uint32(a[0]) & 0o777
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
	p := m.named(a[0])
	if p == nil || p.ended() {
		return -eSRCH
	}
	return m.limit(p, a[1], a[2], a[3])
}

func sysGetrlimit(m *Machine, _ *thread, a *[6]uint64) int64 { return m.limit(m.p, a[0], 0, a[1]) }
func sysSetrlimit(m *Machine, _ *thread, a *[6]uint64) int64 { return m.limit(m.p, a[0], a[1], 0) }

func (m *Machine) limit(p *process, which, set, get uint64) int64 {
	if which >= numLimits {
		return -eINVAL
	}
	l := &p.limits[which]
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
