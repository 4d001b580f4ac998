package linux

import (
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// interval is a timer that may repeat. A deadline is virtual time, or an icount
// for a timer of CPU time; never when disarmed.
type interval struct {
	deadline uint64
	period   uint64 // ns; 0: once
}

// elapse moves the timer on past now and returns how often it has expired.
func (i *interval) elapse(now uint64) uint64 {
	if i.deadline > now {
		return 0
	}
	if i.period == 0 {
		i.deadline = never
		return 1
	}
	n := (now-i.deadline)/i.period + 1
	i.deadline += n * i.period
	return n
}

// left is the time until the timer expires, 0 when it is disarmed.
func (i *interval) left(now uint64) uint64 {
	if i.deadline == never {
		return 0
	}
	return i.deadline - min(i.deadline, now)
}

// The interval timers of setitimer(2): their signals, and whether they count
// CPU time.
var itimerKinds = [3]struct {
	sig int
	cpu bool
}{{sigALRM, false}, {sigVTALRM, true}, {sigPROF, true}}

// posixTimer is a timer of timer_create(2).
type posixTimer struct {
	id    uint64
	clock int32
	cpu   bool
	interval
	notify  bool // by a signal
	sig     int
	value   uint64
	target  vm.ThreadID // 0: the process
	overrun uint64
}

// clockOf is the time that a timer of p's counts.
func (m *Machine) clockOf(p *process, cpu bool) uint64 {
	if cpu {
		return m.processTime(p)
	}
	return m.now()
}

// expireTimers raises what is due. It reports whether anything was.
func (m *Machine) expireTimers() bool {
	any := false
	for _, p := range m.st.procs {
		any = m.expireProcess(p) || any
	}
	for _, d := range m.st.descs {
		if d == nil || d.kind != kindTimerFD {
			continue
		}
		if n := d.timer.elapse(m.now()); n > 0 {
			d.count += n
			d.events++
			any, m.changed = true, true
		}
	}
	return any
}

// expireProcess raises what p's timers have due.
func (m *Machine) expireProcess(p *process) bool {
	any := false
	for i := range p.itimers {
		k := itimerKinds[i]
		if p.itimers[i].elapse(m.clockOf(p, k.cpu)) > 0 {
			any = true
			m.post(p, nil, sigInfo{sig: k.sig, code: siKernel})
		}
	}
	for i := range p.timers {
		t := &p.timers[i]
		n := t.elapse(m.clockOf(p, t.cpu))
		if n == 0 {
			continue
		}
		any = true
		if !t.notify {
			continue
		}
		var to *thread
		queue := &p.pending
		if t.target != 0 {
			if to = m.st.thread(t.target); to == nil || to.p != p {
				continue
			}
			queue = &to.pending
		}
		// A timer has one signal queued at most; more expiries are overruns.
		same := func(q sigInfo) bool { return q.sig == t.sig && q.code == siTimer && uint32(q.w[0]) == uint32(t.id) }
		if j := slices.IndexFunc(*queue, same); j >= 0 {
			t.overrun = min(t.overrun+n, 1<<31-1)
			(*queue)[j].w[0] = t.id | t.overrun<<32
			continue
		}
		t.overrun = min(n-1, 1<<31-1)
		m.post(p, to, sigInfo{sig: t.sig, code: siTimer, w: [2]uint64{t.id | t.overrun<<32, t.value}})
	}
	return any
}

// earliest is the next deadline of the process's timers that count CPU time, or
// of those that count the clock.
func (p *process) earliest(cpu bool) uint64 {
	d := uint64(never)
	for i := range p.itimers {
		if itimerKinds[i].cpu == cpu {
			d = min(d, p.itimers[i].deadline)
		}
	}
	for i := range p.timers {
		if p.timers[i].cpu == cpu {
			d = min(d, p.timers[i].deadline)
		}
	}
	return d
}

// earliestTimer is the next deadline of the timers that count the clock.
func (m *Machine) earliestTimer() uint64 {
	d := uint64(never)
	for _, p := range m.st.procs {
		d = min(d, p.earliest(false))
	}
	for _, x := range m.st.descs {
		if x != nil && x.kind == kindTimerFD {
			d = min(d, x.timer.deadline)
		}
	}
	return d
}

// earliestCPUTimer is the next icount at which a timer of CPU time expires: one
// of the process that runs.
func (m *Machine) earliestCPUTimer() uint64 {
	p := m.cur.p
	d := p.earliest(true)
	if d == never {
		return never
	}
	return m.c.Icount + d - min(d, m.processTime(p))
}

// arm sets a timer to expire first after or at value, then every period. A
// timer that is due at once expires in the next nanosecond, an instruction
// later, not in this one.
func arm(now, value, period uint64, absolute bool) interval {
	switch {
	case value == 0 || value == never:
		return interval{deadline: never}
	case period >= maxTime:
		period = 0
	}
	if !absolute {
		value += now
	}
	return interval{deadline: max(value, now+1), period: period}
}

func timeval(ns uint64) (sec, usec uint64) { return ns / second, ns % second / 1000 }

func encodeITimer(i *interval, now uint64) []byte {
	var b record
	left := i.left(now)
	if left > 0 && left < 1000 {
		left = 1000 // an armed timer does not look like a disarmed one
	}
	s, us := timeval(i.period)
	b.u64(s, us)
	s, us = timeval(left)
	b.u64(s, us)
	return b
}

func sysGetitimer(m *Machine, _ *thread, a *[6]uint64) int64 {
	if a[0] >= uint64(len(itimerKinds)) {
		return -eINVAL
	}
	if !m.copyOut(a[1], encodeITimer(&m.p.itimers[a[0]], m.clockOf(m.p, itimerKinds[a[0]].cpu))) {
		return -eFAULT
	}
	return 0
}

func sysSetitimer(m *Machine, _ *thread, a *[6]uint64) int64 {
	if a[0] >= uint64(len(itimerKinds)) {
		return -eINVAL
	}
	it, now := &m.p.itimers[a[0]], m.clockOf(m.p, itimerKinds[a[0]].cpu)
	old := encodeITimer(it, now)
	next := interval{deadline: never}
	if a[1] != 0 {
		raw, ok := m.copyIn(a[1], 32)
		if !ok {
			return -eFAULT
		}
		if int64(leU64(raw)) < 0 || leU64(raw[8:]) >= 1e6 || int64(leU64(raw[16:])) < 0 || leU64(raw[24:]) >= 1e6 {
			return -eINVAL
		}
		next = arm(now, saturate(leU64(raw[16:]), leU64(raw[24:])*1000), saturate(leU64(raw), leU64(raw[8:])*1000), false)
	}
	if a[2] != 0 && !m.copyOut(a[2], old) {
		return -eFAULT
	}
	*it = next
	return 0
}

// Ways to notify in struct sigevent.
const (
	sigevSignal   = 0
	sigevNone     = 1
	sigevThread   = 2 // with threadID: what libcs build SIGEV_THREAD from
	sigevThreadID = 4
)

func sysTimerCreate(m *Machine, t *thread, a *[6]uint64) int64 {
	id := int32(a[0])
	if _, ok := m.clock(t, id); !ok {
		return -eINVAL
	}
	if len(m.p.timers) >= maxTimers {
		return -eAGAIN
	}
	p := posixTimer{clock: id, cpu: id < 0 || id == clockProcess || id == clockThread,
		interval: interval{deadline: never}, notify: true, sig: sigALRM}
	for slices.ContainsFunc(m.p.timers, func(q posixTimer) bool { return q.id == p.id }) {
		p.id++
	}
	p.value = p.id
	if a[1] != 0 {
		raw, ok := m.copyIn(a[1], 24) // value, signo, notify, tid; struct sigevent goes on with padding
		if !ok {
			return -eFAULT
		}
		p.value, p.sig = leU64(raw), int(int32(leU32(raw[8:])))
		switch leU32(raw[12:]) {
		case sigevNone:
			p.notify = false
		case sigevSignal, sigevThread:
		case sigevThreadID:
			p.target = vm.ThreadID(int32(leU32(raw[16:])))
			if to := m.st.thread(p.target); to == nil || to.p != m.p {
				return -eINVAL
			}
		default:
			return -eINVAL
		}
		if p.notify && !validSig(uint64(p.sig)) {
			return -eINVAL
		}
	}
	if !m.writeU32(a[2], uint32(p.id)) {
		return -eFAULT
	}
	m.p.timers = append(m.p.timers, p)
	slices.SortFunc(m.p.timers, func(x, y posixTimer) int { return int(x.id) - int(y.id) })
	return 0
}

func (p *process) timer(id uint64) *posixTimer {
	for i := range p.timers {
		if p.timers[i].id == id {
			return &p.timers[i]
		}
	}
	return nil
}

func encodeSpec(i *interval, now uint64) []byte {
	return append(timespec(i.period), timespec(i.left(now))...)
}

// readSpec reads a struct itimerspec.
func (m *Machine) readSpec(addr uint64) (value, period uint64, bad int64) {
	if period, bad = m.readTimespec(addr); bad == 0 {
		value, bad = m.readTimespec(addr + 16)
	}
	return value, period, bad
}

func sysTimerSettime(m *Machine, _ *thread, a *[6]uint64) int64 {
	p := m.p.timer(a[0])
	if p == nil {
		return -eINVAL
	}
	value, period, bad := m.readSpec(a[2])
	if bad != 0 {
		return -bad
	}
	now := m.clockOf(m.p, p.cpu)
	if a[3] != 0 && !m.copyOut(a[3], encodeSpec(&p.interval, now)) {
		return -eFAULT
	}
	absolute := a[1]&timerAbstime != 0
	if absolute && value != 0 {
		value = max(m.absolute(p.clock, value), 1)
	}
	p.interval = arm(now, value, period, absolute)
	return 0
}

func sysTimerGettime(m *Machine, _ *thread, a *[6]uint64) int64 {
	p := m.p.timer(a[0])
	if p == nil {
		return -eINVAL
	}
	if !m.copyOut(a[1], encodeSpec(&p.interval, m.clockOf(m.p, p.cpu))) {
		return -eFAULT
	}
	return 0
}

func sysTimerGetoverrun(m *Machine, _ *thread, a *[6]uint64) int64 {
	if p := m.p.timer(a[0]); p != nil {
		return int64(p.overrun)
	}
	return -eINVAL
}

func sysTimerDelete(m *Machine, _ *thread, a *[6]uint64) int64 {
	if m.p.timer(a[0]) == nil {
		return -eINVAL
	}
	m.p.timers = slices.DeleteFunc(m.p.timers, func(p posixTimer) bool { return p.id == a[0] })
	return 0
}
