package linux

import (
	"encoding/binary"
	"slices"
)

// Signals (signal(7)).
const (
	sigHUP     = 1
	sigINT     = 2
	sigQUIT    = 3
	sigILL     = 4
	sigTRAP    = 5
	sigBUS     = 7
	sigFPE     = 8
	sigKILL    = 9
	sigSEGV    = 11
	sigPIPE    = 13
	sigALRM    = 14
	sigCHLD    = 17
	sigCONT    = 18
	sigSTOP    = 19
	sigTSTP    = 20
	sigTTIN    = 21
	sigTTOU    = 22
	sigURG     = 23
	sigVTALRM  = 26
	sigPROF    = 27
	sigWINCH   = 28
	sigRTMIN   = 32 // the first that queues
	numSignals = 64
)

// Values of si_code (sigaction(2)).
const (
	siUser     = 0
	siTimer    = -2
	siTkill    = -6
	siKernel   = 0x80
	illILLOPC  = 1
	illILLOPN  = 2
	fpeINTDIV  = 1
	fpeFLTDIV  = 3
	fpeFLTOVF  = 4
	fpeFLTUND  = 5
	fpeFLTRES  = 6
	fpeFLTINV  = 7
	trapBRKPT  = 1
	busADRALN  = 1
	segvMAPERR = 1
	segvACCERR = 2
)

// Flags and handlers of an action.
const (
	saNocldwait = 2
	saSiginfo   = 4
	saOnstack   = 0x08000000
	saRestart   = 0x10000000
	saNodefer   = 0x40000000
	saResethand = 0x80000000
	sigDFL      = 0
	sigIGN      = 1
)

// Flags of an alternate stack (sigaltstack(2)).
const (
	ssOnstack    = 1
	ssDisable    = 2
	ssAutodisarm = 1 << 31
)

// siginfoSize is the size of a siginfo_t, bytes.
const siginfoSize = 128

// unblockable signals can't be caught, blocked or ignored.
const unblockable = 1<<(sigKILL-1) | 1<<(sigSTOP-1)

// action is what a process does about a signal.
type action struct {
	handler uint64
	flags   uint64
	mask    uint64

	restorer uint64 // code that the handler returns to, where libc brings it
}

// sigInfo is a raised signal. w is the start of the siginfo's union: pid, uid
// and value; or timer, overrun and value; or an address.
type sigInfo struct {
	sig  int
	code int32
	w    [2]uint64

	trap trapInfo // of a fault; those are never queued
}

// trapInfo is what x86-64 tells of a fault: the exception's number, its error
// code, and the address of a page fault.
type trapInfo struct{ nr, err, addr uint64 }

// encode lays the siginfo out as the guest sees it.
func (si *sigInfo) encode() []byte {
	var b record
	b.u32(uint32(si.sig), 0, uint32(si.code), 0)
	b.u64(si.w[0], si.w[1])
	b.zero(siginfoSize - len(b))
	return b
}

func decodeSigInfo(raw []byte) sigInfo {
	le := binary.LittleEndian
	return sigInfo{
		sig: int(int32(le.Uint32(raw))), code: int32(le.Uint32(raw[8:])),
		w: [2]uint64{le.Uint64(raw[16:]), le.Uint64(raw[24:])},
	}
}

// fromUser is the siginfo of what the process in focus sends with kill and tgkill.
func (m *Machine) fromUser(sig int, code int32) sigInfo {
	return sigInfo{sig: sig, code: code, w: [2]uint64{uint64(m.p.pid) | uint64(m.st.uid)<<32}}
}

// disposition is what a signal does by default.
type disposition uint8

const (
	terminates disposition = iota
	ignored
	stops // treated as ignored: nobody could continue the guest
)

var dispositions = map[int]disposition{
	sigCHLD: ignored, sigCONT: ignored, sigURG: ignored, sigWINCH: ignored,
	sigSTOP: stops, sigTSTP: stops, sigTTIN: stops, sigTTOU: stops,
}

func bit(sig int) uint64 { return 1 << (sig - 1) }

// ignores reports whether the process does nothing about sig.
func (p *process) ignores(sig int) bool {
	h := p.actions[sig].handler
	return h == sigIGN || h == sigDFL && dispositions[sig] != terminates
}

// post raises a signal for process p, or for its thread t if that is not nil. It
// is delivered when the position is settled.
func (m *Machine) post(p *process, t *thread, si sigInfo) int64 {
	if p.ended() {
		return 0
	}
	queue, threads := &p.pending, m.st.threadsOf(p)
	blockedIn := func() bool {
		for _, x := range threads {
			if (t == nil || t == x) && (x.mask&bit(si.sig) != 0 || x.wait.set&bit(si.sig) != 0) {
				return true
			}
		}
		return false
	}
	if t != nil {
		queue = &t.pending
	}
	if p.ignores(si.sig) && !blockedIn() {
		if dispositions[si.sig] == stops && p.actions[si.sig].handler == sigDFL {
			m.note.Warn().Int("signal", si.sig).Msg("a signal that would stop the guest is ignored")
		}
		return 0
	}
	n := len(p.pending)
	for _, x := range threads {
		n += len(x.pending)
	}
	switch {
	case si.sig < sigRTMIN && slices.ContainsFunc(*queue, func(q sigInfo) bool { return q.sig == si.sig }):
		return 0
	case n >= maxPending && si.sig >= sigRTMIN:
		return -eAGAIN
	}
	*queue = append(*queue, si)
	m.changed = true // for those who wait for a signalfd
	return 0
}

// take removes the first signal to deliver among those in set from the queue:
// the lowest number, the oldest of that.
func take(queue *[]sigInfo, set uint64) (sigInfo, bool) {
	best := -1
	for i, si := range *queue {
		if set&bit(si.sig) != 0 && (best < 0 || si.sig < (*queue)[best].sig) {
			best = i
		}
	}
	if best < 0 {
		return sigInfo{}, false
	}
	si := (*queue)[best]
	*queue = slices.Delete(*queue, best, best+1)
	return si, true
}

// takeSignal removes a signal in set that t may have: its own first.
func (t *thread) takeSignal(set uint64) (sigInfo, bool) {
	if si, ok := take(&t.pending, set); ok {
		return si, true
	}
	return take(&t.p.pending, set)
}

// deliver hands pending signals to the threads that may have them. It reports
// whether there were any.
func (m *Machine) deliver() bool {
	s, any := m.st, false
	for _, t := range s.threads {
		for s.doom == nil {
			if len(t.pending) == 0 && len(t.p.pending) == 0 {
				break
			}
			m.focus(t.p)
			if si, ok := t.takeSignal(t.wait.set); ok {
				m.finish(t, m.giveInfo(t.wait.args[1], si))
				any = true
				continue
			}
			set := ^t.mask | unblockable
			if t.wait.kind == waitVfork {
				set &= t.p.deadly()
			}
			si, ok := t.takeSignal(set)
			if !ok {
				break
			}
			any = true
			m.act(t, si)
		}
	}
	return any
}

// deadly is the set of signals that kill the process as things are: the only ones
// that end the wait for a vforked child.
func (p *process) deadly() (set uint64) {
	for sig := 1; sig <= numSignals; sig++ {
		if sig == sigKILL || p.actions[sig].handler == sigDFL && !p.ignores(sig) {
			set |= bit(sig)
		}
	}
	return set
}

// act does about a signal what the process has arranged.
func (m *Machine) act(t *thread, si sigInfo) {
	switch {
	case si.sig != sigKILL && m.p.ignores(si.sig):
	case si.sig == sigKILL || m.p.actions[si.sig].handler == sigDFL:
		m.condemn(t, si)
	default:
		m.interrupt(t, m.p.actions[si.sig].flags&saRestart != 0)
		m.enterHandler(t, si)
	}
}

// condemn has a signal that t has got kill its process in the next tick.
func (m *Machine) condemn(t *thread, si sigInfo) {
	m.st.doom = &doom{pid: t.p.pid, sig: si.sig}
	if t.p.own() {
		m.st.own = t.id
	}
}

// interrupt ends t's wait, if it waits, because a handler is going to run.
func (m *Machine) interrupt(t *thread, again bool) {
	if !t.blocked() {
		return
	}
	r, pc := m.regs(t)
	w := &t.wait
	switch {
	case w.done > 0:
		r[m.arch.ret] = w.done
	case w.restart == restartSA && again:
		// The handler returns to the call itself.
		*pc -= m.arch.callSize
		m.arch.again(r, m.arch.numbers.number(w.nr), w.args[0])
	default:
		r[m.arch.ret] = negative(eINTR)
		if w.rem != 0 && w.deadline != never {
			m.copyOut(w.rem, timespec(w.deadline-min(w.deadline, m.now())))
		}
	}
	m.unblock(t)
}

func negative(errno int64) uint64 { return uint64(-errno) }

// forced reports whether a fault's signal would kill the guest: it can be
// neither blocked nor ignored.
func (m *Machine) forced(t *thread, sig int) bool {
	return m.p.actions[sig].handler <= sigIGN || t.mask&bit(sig) != 0
}

// enterHandler builds the frame of a signal and makes its handler what t
// executes next, as the kernel's setup_rt_frame does.
func (m *Machine) enterHandler(t *thread, si sigInfo) {
	act := m.p.actions[si.sig]
	r, pc := m.regs(t)
	mask := t.mask
	if t.restoring {
		mask, t.restoring = t.saved, false
	}
	sp := r[m.arch.sp] - m.arch.redZone
	onAlt := t.onAltStack(r[m.arch.sp])
	if act.flags&saOnstack != 0 && !onAlt && t.altSize > 0 {
		sp = t.altSP + t.altSize
	}
	at, frame := m.arch.frame(r, *pc, sp, &sigFrame{info: si, mask: mask, altSP: t.altSP, altSize: t.altSize, altFlags: t.altFlags, restorer: act.restorer})
	if onAlt && !t.onAltStack(at) || !m.copyOut(at, frame) {
		m.condemn(t, sigInfo{sig: sigSEGV, code: siKernel})
		m.st.doom.addr = at
		return
	}
	if t.altFlags&ssAutodisarm != 0 {
		t.altSP, t.altSize, t.altFlags = 0, 0, ssDisable
	}
	m.arch.handle(r, at, m.trampoline, si.sig)
	m.noteStack(t)
	*pc = act.handler &^ m.arch.pcIgnore
	t.mask |= act.mask
	if act.flags&saNodefer == 0 {
		t.mask |= bit(si.sig)
	}
	t.mask &^= unblockable
	if act.flags&saResethand != 0 {
		m.p.actions[si.sig].handler = sigDFL
	}
}

// onAltStack reports whether sp lies on t's alternate stack.
func (t *thread) onAltStack(sp uint64) bool {
	return t.altFlags&ssAutodisarm == 0 && sp > t.altSP && sp-t.altSP <= t.altSize
}
