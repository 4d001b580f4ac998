package linux

import "math"

// Event counters (eventfd(2)) and timers as files (timerfd_create(2)).

func sysEventfd2(m *Machine, _ *thread, a *[6]uint64) int64 {
	flags := uint32(a[1])
	const semaphore = 1
	switch {
	case flags&^(oCloexec|oNonblock|semaphore) != 0:
		return -eINVAL
	case !m.p.room(1):
		return -eMFILE
	}
	return m.add(&desc{
		kind: kindEventFD, flags: flags&oNonblock | oRdWr, mode: 0o600, path: "anon_inode:[eventfd]",
		count: uint64(uint32(a[0])), semaphore: flags&semaphore != 0,
	}, flags&oCloexec != 0)
}

func (m *Machine) readCounter(t *thread, d *desc, spans []span, total, v uint64) int64 {
	switch {
	case total < 8:
		return -eINVAL
	case v == 0 && d.flags&oNonblock != 0:
		return -eAGAIN
	case v == 0:
		return m.blockOn(t, d, wait{})
	}
	d.count -= v
	var b record
	b.u64(v)
	return m.give(spans, b)
}

func readEventFD(m *Machine, t *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	v := d.count
	if d.semaphore {
		v = min(v, 1)
	}
	ret := m.readCounter(t, d, spans, total, v)
	if ret > 0 {
		d.events++
		m.changed = true
	}
	return ret
}

func writeEventFD(m *Machine, t *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	if total < 8 {
		return -eINVAL
	}
	v := leU64(m.gather(spans, total))
	switch {
	case v == math.MaxUint64:
		return -eINVAL
	case v <= math.MaxUint64-1-d.count:
		d.count += v
		d.events++
		m.changed = true
		return 8
	case d.flags&oNonblock != 0:
		return -eAGAIN
	}
	return m.blockOn(t, d, wait{})
}

func readyEventFD(_ *Machine, d *desc) (ev uint32, _ bool) {
	if d.count > 0 {
		ev |= epollIn
	}
	if d.count < math.MaxUint64-1 {
		ev |= epollOut
	}
	return ev, false
}

func sysTimerfdCreate(m *Machine, _ *thread, a *[6]uint64) int64 {
	id, flags := int32(a[0]), uint32(a[1])
	switch id {
	case clockRealtime, clockMonotonic, clockBoottime, clockRealAlarm, clockBootAlarm:
	default:
		return -eINVAL
	}
	switch {
	case flags&^(oCloexec|oNonblock) != 0:
		return -eINVAL
	case !m.p.room(1):
		return -eMFILE
	}
	return m.add(&desc{
		kind: kindTimerFD, flags: flags&oNonblock | oRdWr, mode: 0o600, path: "anon_inode:[timerfd]",
		clock: id, timer: interval{deadline: never},
	}, flags&oCloexec != 0)
}

func (m *Machine) timerFD(t *thread, fd uint64) (*desc, int64) {
	d := m.file(t, fd)
	switch {
	case d == nil:
		return nil, -eBADF
	case d.kind != kindTimerFD:
		return nil, -eINVAL
	}
	return d, 0
}

func sysTimerfdSettime(m *Machine, t *thread, a *[6]uint64) int64 {
	d, bad := m.timerFD(t, a[0])
	if bad != 0 {
		return bad
	}
	value, period, errno := m.readSpec(a[2])
	if errno != 0 {
		return -errno
	}
	if a[3] != 0 && !m.copyOut(a[3], encodeSpec(&d.timer, m.now())) {
		return -eFAULT
	}
	absolute := a[1]&timerAbstime != 0
	if absolute && value != 0 {
		value = max(m.absolute(d.clock, value), 1)
	}
	d.timer, d.count = arm(m.now(), value, period, absolute), 0
	return 0
}

func sysTimerfdGettime(m *Machine, t *thread, a *[6]uint64) int64 {
	d, bad := m.timerFD(t, a[0])
	if bad != 0 {
		return bad
	}
	if !m.copyOut(a[1], encodeSpec(&d.timer, m.now())) {
		return -eFAULT
	}
	return 0
}

func readTimerFD(m *Machine, t *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	return m.readCounter(t, d, spans, total, d.count)
}

func readyTimerFD(_ *Machine, d *desc) (uint32, bool) {
	if d.count > 0 {
		return epollIn, false
	}
	return 0, false
}
