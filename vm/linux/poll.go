package linux

import "slices"

// Waiting for several files: poll, select, epoll.

// Events, which poll(2) and epoll(7) number alike.
const (
	epollIn      = 1
	epollPri     = 2
	epollOut     = 4
	epollErr     = 8
	epollHup     = 16
	pollNval     = 32
	epollRdnorm  = 64
	epollRdband  = 128
	epollWrnorm  = 256
	epollWrband  = 512
	epollRdhup   = 0x2000
	epollOneshot = 1 << 30
	epollEdge    = 1 << 31
)

// readiness tells what holds of an open file now.
func (m *Machine) readiness(d *desc) (ev uint32, outside bool) {
	if f := d.ops().ready; f != nil {
		ev, outside = f(m, d)
	} else {
		ev = epollIn | epollOut
	}
	if ev&epollIn != 0 {
		ev |= epollRdnorm
	}
	if ev&epollOut != 0 {
		ev |= epollWrnorm
	}
	return ev, outside
}

// multiWait is the frame of the calls that wait for several files until a
// deadline. check tells how many are ready and whether standard input could make
// it more; done writes the result. mask, if not nil, replaces the signal mask
// meanwhile. The time left is written to rem, unless it is 0.
func (m *Machine) multiWait(t *thread, deadline uint64, mask *uint64, rem uint64, check func() (n int64, outside bool), done func(n int64) int64) int64 {
	if mask != nil && !t.blocked() {
		m.replaceMask(t, *mask)
	}
	n, outside := check()
	if n == 0 && outside && !t.blocked() && deadline <= m.now() {
		m.lookStdin(t)
		n, outside = check()
	}
	if n == 0 && deadline > m.now() {
		return m.block(t, wait{kind: waitFile, deadline: deadline, desc: -1, outside: outside, rem: rem})
	}
	if rem != 0 && deadline != never {
		m.copyOut(rem, timespec(deadline-min(deadline, m.now())))
	}
	return done(n)
}

// deadlineArg reads a pointer to a relative time-out, nil for none. A retried
// call keeps the deadline that it began with.
func (m *Machine) deadlineArg(t *thread, addr uint64) (uint64, int64) {
	switch {
	case t.blocked():
		return t.wait.deadline, 0
	case addr == 0:
		return never, 0
	}
	ns, bad := m.readTimespec(addr)
	if bad != 0 {
		return 0, -bad
	}
	return m.after(ns), 0
}

// maskArg reads a pointer to a signal mask, nil for none.
func (m *Machine) maskArg(addr, size uint64) (*uint64, int64) {
	if addr == 0 {
		return nil, 0
	}
	if size != 8 {
		return nil, -eINVAL
	}
	v, ok := m.readU64(addr)
	if !ok {
		return nil, -eFAULT
	}
	return &v, 0
}

func sysPpoll(m *Machine, t *thread, a *[6]uint64) int64 {
	deadline, bad := m.deadlineArg(t, a[2])
	if bad != 0 {
		return bad
	}
	mask, bad := m.maskArg(a[3], a[4])
	if bad != 0 {
		return bad
	}
	return m.poll(t, a[0], a[1], deadline, mask, a[2])
}

// poll waits for the n files that the pollfd array at addr lists.
func (m *Machine) poll(t *thread, addr, n, deadline uint64, mask *uint64, rem uint64) int64 {
	if n > maxFDs {
		return -eINVAL
	}
	raw, ok := m.copyIn(addr, int(n)*8)
	if !ok || !m.mem.CanWrite(addr, n*8) {
		return -eFAULT
	}
	check := func() (ready int64, outside bool) {
		for i := range int(n) {
			p := raw[8*i:]
			fd, want := int32(leU32(p)), uint32(p[4])|uint32(p[5])<<8
			var got uint32
			if fd >= 0 {
				got = pollNval
				if f := m.p.slot(uint64(fd)); f != nil {
					ev, out := m.readiness(m.st.descs[f.desc])
					got = ev & (want | epollErr | epollHup)
					outside = outside || out && want&(epollIn|epollRdnorm) != 0
				}
			}
			p[6], p[7] = byte(got), byte(got>>8)
			if got != 0 {
				ready++
			}
		}
		return ready, outside
	}
	return m.multiWait(t, deadline, mask, rem, check, func(ready int64) int64 {
		m.copyOut(addr, raw)
		return ready
	})
}

// selectEvents says which events make a descriptor ready in select's three sets.
var selectEvents = [3]uint32{
	epollIn | epollRdnorm | epollRdband | epollHup | epollErr,
	epollOut | epollWrnorm | epollWrband | epollErr,
	epollPri,
}

func sysPselect6(m *Machine, t *thread, a *[6]uint64) int64 {
	deadline, bad := m.deadlineArg(t, a[4])
	if bad != 0 {
		return bad
	}
	var mask *uint64
	if a[5] != 0 {
		raw, ok := m.copyIn(a[5], 16)
		if !ok {
			return -eFAULT
		}
		if mask, bad = m.maskArg(leU64(raw), leU64(raw[8:])); bad != 0 {
			return bad
		}
	}
	return m.selectFiles(t, a, deadline, mask, a[4], func() {})
}

// selectFiles waits for the files in the three sets at arguments 1 to 3; left is
// called at its end, to tell the time that is left.
func (m *Machine) selectFiles(t *thread, a *[6]uint64, deadline uint64, mask *uint64, rem uint64, left func()) int64 {
	if int32(a[0]) < 0 {
		return -eINVAL
	}
	n := int(min(a[0], maxFDs))
	size := (n + 63) / 64 * 8
	var sets, out [3][]byte
	for i := range sets {
		if a[1+i] == 0 {
			continue
		}
		var ok bool
		if sets[i], ok = m.copyIn(a[1+i], size); !ok || !m.mem.CanWrite(a[1+i], uint64(size)) {
			return -eFAULT
		}
	}
	for fd := range n {
		for _, set := range sets {
			if set != nil && set[fd/8]>>(fd%8)&1 != 0 && m.p.slot(uint64(fd)) == nil {
				return -eBADF
			}
		}
	}
	check := func() (ready int64, outside bool) {
		for i, set := range sets {
			out[i] = make([]byte, len(set))
			for fd := range len(set) * 8 {
				if fd >= n || set[fd/8]>>(fd%8)&1 == 0 {
					continue
				}
				ev, o := m.readiness(m.st.descs[m.p.slot(uint64(fd)).desc])
				outside = outside || o && i == 0
				if ev&selectEvents[i] != 0 {
					out[i][fd/8] |= 1 << (fd % 8)
					ready++
				}
			}
		}
		return ready, outside
	}
	return m.multiWait(t, deadline, mask, rem, check, func(ready int64) int64 {
		left()
		for i, set := range out {
			if sets[i] != nil {
				m.copyOut(a[1+i], set)
			}
		}
		return ready
	})
}

// epollItem is a file in an epoll set.
type epollItem struct {
	fd, desc int
	events   uint32
	data     uint64
	seen     uint64 // changes of the file when it was last reported, plus 1
	disabled bool   // a one-shot that has been reported
}

func sysEpollCreate1(m *Machine, _ *thread, a *[6]uint64) int64 {
	switch {
	case a[0]&^oCloexec != 0:
		return -eINVAL
	case !m.p.room(1):
		return -eMFILE
	}
	return m.add(&desc{kind: kindEpoll, flags: oRdWr, mode: 0o600, path: "anon_inode:[eventpoll]"}, a[0]&oCloexec != 0)
}

func sysEpollCtl(m *Machine, _ *thread, a *[6]uint64) int64 {
	const add, del, mod = 1, 2, 3
	ef, f := m.p.slot(a[0]), m.p.slot(a[2])
	if ef == nil || f == nil {
		return -eBADF
	}
	e, d := m.st.descs[ef.desc], m.st.descs[f.desc]
	fd := int(uint32(a[2]))
	i := slices.IndexFunc(e.items, func(it epollItem) bool { return it.fd == fd && it.desc == f.desc })
	it := epollItem{fd: fd, desc: f.desc}
	if a[1] != del {
		raw, ok := m.copyIn(a[3], m.arch.epollEvent) // events, padding but on x86-64, data
		if !ok {
			return -eFAULT
		}
		it.events, it.data = leU32(raw), leU64(raw[m.arch.epollEvent-8:])
	}
	switch {
	case e.kind != kindEpoll || e == d:
		return -eINVAL
	case !d.ops().pollable:
		return -ePERM
	case a[1] == add && i >= 0:
		return -eEXIST
	case a[1] != add && i < 0:
		return -eNOENT
	case a[1] == add && len(e.items) >= maxEpoll:
		return -eNOSPC
	case a[1] == add && d.kind == kindEpoll && (m.holdsEpoll(d) || m.inEpoll(ef.desc)):
		return -eLOOP
	case a[1] == add:
		e.items = append(e.items, it)
	case a[1] == mod:
		e.items[i] = it
	case a[1] == del:
		e.items = slices.Delete(e.items, i, i+1)
	default:
		return -eINVAL
	}
	m.changed = true // for those who wait already
	return 0
}

// Epoll sets may hold other sets, but those none: so looking into one ends, and
// soon. (Linux allows four levels more, as long as they are no loop.)

// holdsEpoll reports whether an epoll set has another one in it.
func (m *Machine) holdsEpoll(e *desc) bool {
	return slices.ContainsFunc(e.items, func(it epollItem) bool { return m.st.descs[it.desc].kind == kindEpoll })
}

// inEpoll reports whether a file is in some epoll set.
func (m *Machine) inEpoll(index int) bool {
	return slices.ContainsFunc(m.st.descs, func(e *desc) bool {
		return e != nil && e.kind == kindEpoll && slices.ContainsFunc(e.items, func(it epollItem) bool { return it.desc == index })
	})
}

// forgetInEpolls takes a file that has gone out of the epoll sets.
func (m *Machine) forgetInEpolls(desc int) {
	for _, e := range m.st.descs {
		if e != nil && e.kind == kindEpoll {
			e.items = slices.DeleteFunc(e.items, func(it epollItem) bool { return it.desc == desc })
		}
	}
}

// itemReady tells what an item would report now.
func (m *Machine) itemReady(it *epollItem) (ev uint32, outside bool) {
	if it.disabled {
		return 0, false
	}
	d := m.st.descs[it.desc]
	ev, outside = m.readiness(d)
	ev &= it.events | epollErr | epollHup
	outside = outside && it.events&(epollIn|epollRdnorm) != 0
	if it.events&epollEdge != 0 && it.seen == m.changesOf(d)+1 {
		ev = 0
	}
	return ev, outside
}

func (m *Machine) changesOf(d *desc) uint64 {
	if f := d.ops().changes; f != nil {
		return f(m, d)
	}
	return 0
}

func readyEpoll(m *Machine, e *desc) (ev uint32, outside bool) {
	for i := range e.items {
		got, out := m.itemReady(&e.items[i])
		outside = outside || out
		if got != 0 {
			ev = epollIn
		}
	}
	return ev, outside
}

func sysEpollPwait(m *Machine, t *thread, a *[6]uint64) int64 {
	deadline := uint64(never)
	switch ms := int32(a[3]); {
	case t.blocked():
		deadline = t.wait.deadline
	case ms >= 0:
		deadline = m.after(uint64(ms) * 1e6)
	}
	return m.epollWait(t, a, deadline)
}

func sysEpollPwait2(m *Machine, t *thread, a *[6]uint64) int64 {
	deadline, bad := m.deadlineArg(t, a[3])
	if bad != 0 {
		return bad
	}
	return m.epollWait(t, a, deadline)
}

func (m *Machine) epollWait(t *thread, a *[6]uint64, deadline uint64) int64 {
	f := m.p.slot(a[0])
	if f == nil {
		return -eBADF
	}
	e, most := m.st.descs[f.desc], int(int32(a[2]))
	switch {
	case e.kind != kindEpoll || most <= 0:
		return -eINVAL
	case !m.mem.CanWrite(a[1], uint64(min(most, maxEpoll)*m.arch.epollEvent)):
		return -eFAULT
	}
	mask, bad := m.maskArg(a[4], a[5])
	if bad != 0 {
		return bad
	}
	check := func() (n int64, outside bool) {
		for i := range e.items {
			ev, out := m.itemReady(&e.items[i])
			outside = outside || out
			if ev != 0 && int(n) < most {
				n++
			}
		}
		return n, outside
	}
	return m.multiWait(t, deadline, mask, 0, check, func(n int64) int64 {
		var b record
		var reported []epollItem
		kept := make([]epollItem, 0, len(e.items))
		for _, it := range e.items {
			ev, _ := m.itemReady(&it)
			if ev == 0 || int64(len(reported)) == n {
				kept = append(kept, it)
				continue
			}
			b.u32(ev)
			b.zero(m.arch.epollEvent - 12)
			b.u64(it.data)
			it.seen = m.changesOf(m.st.descs[it.desc]) + 1
			it.disabled = it.events&epollOneshot != 0
			reported = append(reported, it)
		}
		// Those reported go to the end, so that a small buffer starves nobody.
		e.items = append(kept, reported...)
		if len(b) > 0 {
			m.copyOut(a[1], b)
		}
		return n
	})
}
