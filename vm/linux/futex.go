package linux

// Futexes (futex(2)). The key of one is its address space and address, private or
// not: no memory is shared between address spaces.

// Operations and flags.
const (
	futexWait       = 0
	futexWake       = 1
	futexRequeue    = 3
	futexCmpRequeue = 4
	futexWakeOp     = 5
	futexWaitBitset = 9
	futexWakeBitset = 10
	futexPrivate    = 128
	futexRealtime   = 256
	futexAnyBits    = 1<<32 - 1
)

func sysFutex(m *Machine, t *thread, a *[6]uint64) int64 {
	addr, op := a[0], uint32(a[1])
	if addr&3 != 0 {
		return -eINVAL
	}
	switch op &^ (futexPrivate | futexRealtime) {
	case futexWait:
		return m.futexWait(t, a, futexAnyBits, false)
	case futexWaitBitset:
		return m.futexWait(t, a, a[5]&futexAnyBits, true)
	case futexWake:
		return m.futexWake(addr, int32(a[2]), futexAnyBits)
	case futexWakeBitset:
		if a[5]&futexAnyBits == 0 {
			return -eINVAL
		}
		return m.futexWake(addr, int32(a[2]), a[5]&futexAnyBits)
	case futexRequeue, futexCmpRequeue:
		return m.futexRequeue(a, op&^(futexPrivate|futexRealtime) == futexCmpRequeue)
	case futexWakeOp:
		return m.futexWakeOp(a)
	}
	return -eNOSYS
}

func (m *Machine) futexWait(t *thread, a *[6]uint64, bits uint64, absolute bool) int64 {
	if bits == 0 {
		return -eINVAL
	}
	w := wait{kind: waitFutex, addr: a[0], bits: bits, deadline: never, late: -eTIMEDOUT, restart: restartSA, desc: -1}
	if a[3] != 0 {
		ns, bad := m.readTimespec(a[3])
		if bad != 0 {
			return -bad
		}
		// With a time-out a handler ends the wait for good.
		w.restart = restartNever
		switch {
		case !absolute:
			w.deadline = m.after(ns)
		case a[1]&futexRealtime != 0:
			w.deadline = m.fromReal(ns)
		default:
			w.deadline = ns
		}
	}
	v, ok := m.readU32(a[0])
	switch {
	case !ok:
		return -eFAULT
	case v != uint32(a[2]):
		return -eAGAIN
	case w.deadline <= m.now():
		return -eTIMEDOUT
	}
	return m.block(t, w)
}

// futexWake wakes at most n threads that wait at addr for one of bits, in the
// order in which they began to wait.
func (m *Machine) futexWake(addr uint64, n int32, bits uint64) int64 {
	var woken int64
	for _, t := range m.st.waiters(waitFutex) {
		if woken >= int64(max(n, 1)) { // the kernel wakes one when asked for none
			break
		}
		if t.p.mm == m.p.mm && t.wait.addr == addr && t.wait.bits&bits != 0 {
			m.finish(t, 0)
			woken++
		}
	}
	return woken
}

// futexRequeue wakes some of those that wait at one address and has others wait
// at another.
func (m *Machine) futexRequeue(a *[6]uint64, compare bool) int64 {
	from, wake, move, to := a[0], int32(a[2]), int32(a[3]), a[4]
	if wake < 0 || move < 0 || to&3 != 0 {
		return -eINVAL
	}
	if compare {
		v, ok := m.readU32(from)
		switch {
		case !ok:
			return -eFAULT
		case v != uint32(a[5]):
			return -eAGAIN
		}
	}
	var woken, moved int64
	for _, t := range m.st.waiters(waitFutex) {
		switch {
		case t.p.mm != m.p.mm || t.wait.addr != from:
		case woken < int64(wake):
			m.finish(t, 0)
			woken++
		case moved < int64(move):
			if to != from {
				m.st.waits++
				t.wait.addr, t.wait.seq = to, m.st.waits
			}
			moved++
		}
	}
	return woken + moved
}

func (m *Machine) futexWakeOp(a *[6]uint64) int64 {
	addr2, code := a[4], uint32(a[5])
	op, cmp := code>>28&7, code>>24&15
	arg := int32(code<<8) >> 20
	cmpArg := int32(code<<20) >> 20
	if code>>31 != 0 { // FUTEX_OP_ARG_SHIFT
		arg = 1 << (arg & 31)
	}
	raw, ok := m.readU32(addr2)
	if !ok || addr2&3 != 0 {
		return -eFAULT
	}
	old := int32(raw)
	var v int32
	switch op {
	case 0:
		v = arg
	case 1:
		v = old + arg
	case 2:
		v = old | arg
	case 3:
		v = old &^ arg
	case 4:
		v = old ^ arg
	default:
		return -eNOSYS
	}
	if !m.writeU32(addr2, uint32(v)) {
		return -eFAULT
	}
	woken := m.futexWake(a[0], int32(a[2]), futexAnyBits)
	var yes bool
	switch cmp {
	case 0:
		yes = old == cmpArg
	case 1:
		yes = old != cmpArg
	case 2:
		yes = old < cmpArg
	case 3:
		yes = old <= cmpArg
	case 4:
		yes = old > cmpArg
	case 5:
		yes = old >= cmpArg
	default:
		return -eNOSYS
	}
	if yes {
		woken += m.futexWake(addr2, int32(a[3]), futexAnyBits)
	}
	return woken
}

// exitRobust marks the robust mutexes that a dying thread holds, as
// set_robust_list(2) promises.
func (m *Machine) exitRobust(t *thread) {
	if t.robust == 0 {
		return
	}
	next, ok := m.readU64(t.robust)
	offset, ok2 := m.readU64(t.robust + 8)
	pending, ok3 := m.readU64(t.robust + 16)
	if !ok || !ok2 || !ok3 {
		return
	}
	const most = 2048
	for n := 0; n < most && next&^1 != t.robust; n++ {
		entry := next &^ 1
		if next, ok = m.readU64(entry); !ok {
			return
		}
		if entry != pending&^1 {
			m.ownerDied(t, entry+offset)
		}
	}
	if pending&^1 != 0 {
		m.ownerDied(t, pending&^1+offset)
	}
}

func (m *Machine) ownerDied(t *thread, addr uint64) {
	const waiters, died, tidMask = 1 << 31, 1 << 30, 1<<30 - 1
	v, ok := m.readU32(addr)
	if !ok || addr&3 != 0 || v&tidMask != uint32(t.id) {
		return
	}
	if m.writeU32(addr, v&waiters|died) && v&waiters != 0 {
		m.futexWake(addr, 1, futexAnyBits)
	}
}
