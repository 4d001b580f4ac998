package linux

// Futexes (futex(2)). The key of one is its address space and address; in memory
// that is shared it is that memory and the offset, private or not.

// futexKey names a futex of the process in focus.
type futexKey struct {
	mm     *mm // nil: it is in shared memory
	shared uint64
	addr   uint64
}

func (m *Machine) futexKey(addr uint64) futexKey {
	if v, ok := m.mem.VMAAt(addr); ok && v.Shared != 0 {
		return futexKey{nil, v.Shared, addr - v.Start + v.Offset}
	}
	return futexKey{m.p.mm, 0, addr}
}

// futexKey names the futex that t waits for.
func (t *thread) futexKey() futexKey {
	if t.wait.shared != 0 {
		return futexKey{nil, t.wait.shared, t.wait.addr}
	}
	return futexKey{t.p.mm, 0, t.wait.addr}
}

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
	key := m.futexKey(a[0])
	w := wait{kind: waitFutex, addr: key.addr, shared: key.shared, bits: bits, deadline: never, late: -eTIMEDOUT, restart: restartSA, desc: -1}
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

// futexWake wakes at most n threads that wait at addr for one of bits, in
// line.
func (m *Machine) futexWake(addr uint64, n int32, bits uint64) int64 {
	var woken int64
	key := m.futexKey(addr)
	for _, t := range m.st.inLine(waitFutex) {
		if woken >= int64(max(n, 1)) { // the kernel wakes one when asked for none
			break
		}
		if t.futexKey() == key && t.wait.bits&bits != 0 {
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
	source, target := m.futexKey(from), m.futexKey(to)
	for _, t := range m.st.inLine(waitFutex) {
		switch {
		case t.futexKey() != source:
		case woken < int64(wake):
			m.finish(t, 0)
			woken++
		case moved < int64(move):
			if to != from {
				m.st.waits++
				t.wait.addr, t.wait.shared, t.wait.seq = target.addr, target.shared, m.st.waits
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
