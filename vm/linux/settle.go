package linux

import (
	"slices"
)

// now is the virtual time in ns: the monotonic clock.
func (m *Machine) now() uint64 { return m.c.Icount + m.st.skew }

// settle does all that is due at the current icount, so that the position has
// its one state. It runs exactly once on arriving at a position by a system
// call or a tick, or at st.next.
func (m *Machine) settle() {
	s := m.st
	switch y := s.tty; {
	case y == nil:
		if !s.idle && m.c.Icount >= s.quantumEnd && m.awaitsStdin() {
			m.pollOutside()
		}
	case m.c.Icount >= y.look:
		// Not only at the end of a turn: threads may give each other turns for ever.
		if y.look = m.c.Icount + quantum; y.listens() {
			m.pollOutside()
		}
	}
	for !s.exited && s.doom == nil {
		progress := m.expire()
		if m.changed {
			m.changed = false
			progress = m.retry() || progress
		}
		if !m.deliver() && !progress && !m.changed {
			break
		}
	}
	if n := m.pages(); n > m.maxPages && !s.exited && s.doom == nil {
		victim := m.largest()
		m.note.Warn().Int("pages", n).Int("process", int(victim.pid)).
			Msg("the guest uses more memory than it is allowed: its largest process is killed")
		s.doom = &doom{pid: victim.pid, sig: sigKILL}
	}
	m.changed = false
	if s.thread(s.own) == nil { // it has exited
		s.own = s.leader(s.owner()).id
	}
	if s.thread(s.current) == nil {
		m.load(s.thread(s.own))
	}
	m.focus(m.cur.p)
	if s.exited || s.doom != nil {
		s.next = never
		return
	}
	m.schedule()
	s.next = m.nextEvent()
}

// schedule gives the CPU to the next thread when it is free or the current
// thread's quantum is over.
func (m *Machine) schedule() {
	s := m.st
	if !s.idle {
		if m.c.Icount < s.quantumEnd {
			if s.stirred() {
				s.quantumEnd = m.c.Icount + s.turn()
			}
			return
		}
		if len(s.queue) == 0 {
			s.quantumEnd = m.c.Icount + s.turn()
			return
		}
		m.charge(m.cur, m.c.Icount)
		s.queue = append(s.queue, s.current)
	}
	if len(s.queue) == 0 {
		return
	}
	next := s.pick()
	id := s.queue[next]
	s.queue = slices.Delete(s.queue, next, next+1)
	m.park()
	t := s.thread(id)
	m.arch.switched(t.regs)
	t.since = m.c.Icount
	m.load(t)
	s.idle = false
	s.quantumEnd = m.c.Icount + s.turn()
}

// retry tries the calls that wait for files once more. It reports whether one has
// ended.
func (m *Machine) retry() bool {
	progress := false
	for _, t := range m.st.inLine(waitFile, waitChild) {
		if t.blocked() {
			progress = m.try(t) || progress
		}
	}
	return progress
}

// try tries the call that t waits in once more. It reports whether it has ended.
func (m *Machine) try(t *thread) bool {
	m.focus(t.p)
	m.nr, m.args = t.wait.nr, t.wait.args
	ret := calls[m.nr].fn(m, t, &m.args)
	switch ret {
	case blocked:
		return false
	case noResult:
		m.unblock(t)
	default:
		m.finish(t, ret)
	}
	return true
}

// block makes t wait; its call has retired and gets its result later. When a
// retried call has to go on waiting, only how far it got is taken over.
func (m *Machine) block(t *thread, w wait) int64 {
	if t.blocked() {
		t.wait.done, t.wait.outside = w.done, w.outside
		return blocked
	}
	m.st.waits++
	w.seq, w.nr, w.args = m.st.waits, m.nr, m.args
	if w.desc >= 0 {
		m.st.descs[w.desc].refs++
	}
	t.wait = w
	m.release(t)
	return blocked
}

// release takes the CPU from t, the current thread, in whose system call we are.
func (m *Machine) release(t *thread) {
	m.st.idle = true
	m.charge(t, m.c.Icount+1)
}

// charge counts the instructions that t has executed up to icount at.
func (m *Machine) charge(t *thread, at uint64) {
	t.cpu += at - t.since
	t.p.cpu += at - t.since
	t.since = at
}

// finish ends t's system call with a result. A thread that waited can run again.
func (m *Machine) finish(t *thread, ret int64) {
	r, _ := m.regs(t)
	r[m.arch.ret] = uint64(ret)
	if t.restoring {
		t.mask, t.restoring = t.saved, false
	}
	m.unblock(t)
}

// unblock ends t's wait, if it waits.
func (m *Machine) unblock(t *thread) {
	if !t.blocked() {
		return
	}
	held := t.wait.desc
	t.wait = wait{}
	m.st.queue = append(m.st.queue, t.id)
	if held >= 0 {
		m.unref(held)
	}
}

// awaitsStdin reports whether some thread could be woken by standard input.
func (m *Machine) awaitsStdin() bool {
	for _, t := range m.st.threads {
		if t.wait.outside {
			return true
		}
	}
	return false
}

// listens reports whether what comes from outside would be taken now.
func (m *Machine) listens() bool {
	if y := m.st.tty; y != nil {
		return y.listens()
	}
	return m.awaitsStdin()
}

// expire lets the timers and time-outs that are due pass. It reports whether
// there were any.
func (m *Machine) expire() bool {
	progress := m.expireTimers()
	now := m.now()
	var due []*thread
	for _, t := range m.st.threads {
		if t.blocked() && t.wait.deadline <= now {
			due = append(due, t)
		}
	}
	slices.SortFunc(due, func(a, b *thread) int {
		if a.wait.seq < b.wait.seq {
			return -1
		}
		return 1
	})
	for _, t := range due {
		if t.wait.kind == waitFile { // the call has to tell that nothing is ready
			progress = m.try(t) || progress
		} else {
			m.finish(t, t.wait.late)
			progress = true
		}
	}
	return progress
}

// earliest is the next deadline in virtual time: of a wait or a timer of the
// clock (not of CPU time, which stands still in an idle machine).
func (m *Machine) earliest() uint64 {
	d := m.earliestTimer()
	for _, t := range m.st.threads {
		if t.blocked() {
			d = min(d, t.wait.deadline)
		}
	}
	return d
}

// nextEvent is the icount up to which only instructions of the current thread
// change the state.
func (m *Machine) nextEvent() uint64 {
	s := m.st
	if s.idle {
		return never
	}
	next := min(s.quantumEnd, m.earliestCPUTimer())
	if d := m.earliest(); d != never {
		next = min(next, d-s.skew)
	}
	return next
}
