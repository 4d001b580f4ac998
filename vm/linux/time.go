package linux

import "github.com/dap-revexec/dap-revexec/vm"

// The system calls about time. Virtual time is icount + skew nanoseconds and is
// the monotonic clock; the time of day is that plus the time at icount 0. CPU
// time is counted in instructions, one nanosecond each.

const second = 1_000_000_000

// Clocks (clock_gettime(2)).
const (
	clockRealtime     = 0
	clockMonotonic    = 1
	clockProcess      = 2
	clockThread       = 3
	clockMonotonicRaw = 4
	clockRealCoarse   = 5
	clockMonoCoarse   = 6
	clockBoottime     = 7
	clockRealAlarm    = 8
	clockBootAlarm    = 9
	clockTAI          = 11
)

const timerAbstime = 1

// timespec is ns as a struct timespec.
func timespec(ns uint64) []byte {
	var b record
	b.u64(ns/second, ns%second)
	return b
}

// realNow is the time of day, ns since 1970.
func (m *Machine) realNow() uint64 { return m.st.boot + m.now() }

// clock reads a clock; ok is false for one that does not exist.
func (m *Machine) clock(t *thread, id int32) (ns uint64, ok bool) {
	switch id {
	case clockRealtime, clockRealCoarse, clockRealAlarm, clockTAI:
		return m.realNow(), true
	case clockMonotonic, clockMonotonicRaw, clockMonoCoarse, clockBoottime, clockBootAlarm:
		return m.now(), true
	case clockProcess:
		return m.processTime(t.p), true
	case clockThread:
		return m.cpuTime(t), true
	}
	if id < 0 { // the CPU clock of a process or thread: ^id<<3 | per-thread 4 | kind
		who := vm.ThreadID(^(id >> 3))
		if id&4 == 0 {
			p := t.p
			if who != 0 {
				p = m.st.process(who)
			}
			if p == nil {
				return 0, false
			}
			return m.processTime(p), true
		}
		if who != 0 {
			p := t.p
			if t = m.st.thread(who); t != nil && t.p != p {
				t = nil
			}
		}
		if t != nil {
			return m.cpuTime(t), true
		}
	}
	return 0, false
}

// cpuTime is how many instructions t has executed.
func (m *Machine) cpuTime(t *thread) uint64 {
	if t == m.cur && !m.st.idle {
		return t.cpu + m.c.Icount - t.since
	}
	return t.cpu
}

// processTime is how many instructions p has executed.
func (m *Machine) processTime(p *process) uint64 {
	if p == m.cur.p && !m.st.idle {
		return p.cpu + m.c.Icount - m.cur.since
	}
	return p.cpu
}

// readTimespec reads a struct timespec as ns, at most never-1. bad is an error
// number.
func (m *Machine) readTimespec(addr uint64) (ns uint64, bad int64) {
	raw, ok := m.copyIn(addr, 16)
	if !ok {
		return 0, eFAULT
	}
	sec, nsec := int64(leU64(raw)), leU64(raw[8:])
	if sec < 0 || nsec >= second {
		return 0, eINVAL
	}
	return saturate(uint64(sec), nsec), 0
}

// maxTime keeps sums of times from overflowing: what lies beyond never comes.
const maxTime = 1 << 62

// saturate is a time of whole seconds and nanoseconds; never if it is absurdly
// large.
func saturate(sec, nsec uint64) uint64 {
	if sec >= maxTime/second {
		return never
	}
	return sec*second + nsec
}

// after is the virtual time d ns from now.
func (m *Machine) after(d uint64) uint64 {
	if d >= maxTime {
		return never
	}
	return m.now() + d
}

// fromReal converts a time of day to virtual time.
func (m *Machine) fromReal(ns uint64) uint64 {
	if ns == never {
		return never
	}
	return ns - min(ns, m.st.boot)
}

// readDeadline reads a relative time-out. ok is false when it is invalid.
func (m *Machine) readDeadline(addr uint64) (deadline uint64, ok bool) {
	ns, bad := m.readTimespec(addr)
	return m.after(ns), bad == 0
}

func sysClockGettime(m *Machine, t *thread, a *[6]uint64) int64 {
	ns, ok := m.clock(t, int32(a[0]))
	if !ok {
		return -eINVAL
	}
	if !m.copyOut(a[1], timespec(ns)) {
		return -eFAULT
	}
	return 0
}

func sysClockGetres(m *Machine, t *thread, a *[6]uint64) int64 {
	if _, ok := m.clock(t, int32(a[0])); !ok {
		return -eINVAL
	}
	if a[1] != 0 && !m.copyOut(a[1], timespec(1)) {
		return -eFAULT
	}
	return 0
}

func sysGettimeofday(m *Machine, _ *thread, a *[6]uint64) int64 {
	ns := m.realNow()
	var tv record
	tv.u64(ns/second, ns%second/1000)
	if a[0] != 0 && !m.copyOut(a[0], tv) || a[1] != 0 && !m.writeU64(a[1], 0) {
		return -eFAULT
	}
	return 0
}

// clockTick is AT_CLKTCK: times are counted in hundredths of a second.
const clockTick = 100

func sysTimes(m *Machine, _ *thread, a *[6]uint64) int64 {
	const tick = second / clockTick
	var b record
	b.u64(m.processTime(m.p)/tick, 0, m.p.childCPU/tick, 0)
	if a[0] != 0 && !m.copyOut(a[0], b) {
		return -eFAULT
	}
	return int64(m.now() / (second / clockTick))
}

func sysNanosleep(m *Machine, t *thread, a *[6]uint64) int64 {
	return m.sleep(t, clockMonotonic, false, a[0], a[1])
}

func sysClockNanosleep(m *Machine, t *thread, a *[6]uint64) int64 {
	switch id := int32(a[0]); id {
	case clockRealtime, clockMonotonic, clockBoottime, clockTAI, clockRealAlarm, clockBootAlarm:
		return m.sleep(t, id, a[1]&timerAbstime != 0, a[2], a[3])
	default:
		if _, ok := m.clock(t, id); ok {
			return -eOPNOTSUPP
		}
		return -eINVAL
	}
}

func (m *Machine) sleep(t *thread, clock int32, absolute bool, req, rem uint64) int64 {
	ns, bad := m.readTimespec(req)
	if bad != 0 {
		return -bad
	}
	deadline := m.after(ns)
	if absolute {
		deadline, rem = m.absolute(clock, ns), 0
	}
	if deadline <= m.now() {
		return 0
	}
	return m.block(t, wait{kind: waitSleep, deadline: deadline, rem: rem, desc: -1})
}

// absolute is a time of a clock as virtual time.
func (m *Machine) absolute(clock int32, ns uint64) uint64 {
	switch clock {
	case clockRealtime, clockRealAlarm, clockTAI, clockRealCoarse:
		return m.fromReal(ns)
	}
	return ns
}
