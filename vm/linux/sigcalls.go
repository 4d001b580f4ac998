package linux

import (
	"github.com/dap-revexec/dap-revexec/vm"
)

// The system calls about signals.

func validSig(n uint64) bool { return n >= 1 && n <= numSignals }

func sysRtSigaction(m *Machine, _ *thread, a *[6]uint64) int64 {
	sig := a[0]
	if a[3] != 8 || !validSig(sig) || a[1] != 0 && unblockable&bit(int(sig)) != 0 {
		return -eINVAL
	}
	old := m.p.actions[sig]
	if a[1] != 0 {
		raw, ok := m.copyIn(a[1], m.arch.actionSize)
		if !ok {
			return -eFAULT
		}
		act := m.arch.readAction(raw)
		act.mask &^= unblockable
		m.p.actions[sig] = act
		// What is ignored from now on is not pending any more.
		if m.p.ignores(int(sig)) {
			for _, q := range m.signalQueues() {
				for ok := true; ok; {
					_, ok = take(q, bit(int(sig)))
				}
			}
		}
	}
	if a[2] != 0 && !m.copyOut(a[2], m.arch.writeAction(old)) {
		return -eFAULT
	}
	return 0
}

func (m *Machine) signalQueues() []*[]sigInfo {
	out := []*[]sigInfo{&m.p.pending}
	for _, t := range m.st.threadsOf(m.p) {
		out = append(out, &t.pending)
	}
	return out
}

func sysRtSigprocmask(m *Machine, t *thread, a *[6]uint64) int64 {
	if a[3] != 8 {
		return -eINVAL
	}
	old := t.mask
	if a[1] != 0 {
		set, ok := m.readU64(a[1])
		if !ok {
			return -eFAULT
		}
		switch a[0] {
		case 0: // SIG_BLOCK
			t.mask |= set
		case 1: // SIG_UNBLOCK
			t.mask &^= set
		case 2: // SIG_SETMASK
			t.mask = set
		default:
			return -eINVAL
		}
		t.mask &^= unblockable
	}
	if a[2] != 0 && !m.writeU64(a[2], old) {
		return -eFAULT
	}
	return 0
}

func sysRtSigpending(m *Machine, t *thread, a *[6]uint64) int64 {
	if a[1] > 8 {
		return -eINVAL
	}
	var set uint64
	for _, q := range [][]sigInfo{t.pending, m.p.pending} {
		for _, si := range q {
			set |= bit(si.sig)
		}
	}
	var b record
	b.u64(set & t.mask)
	if !m.copyOut(a[0], b[:a[1]]) {
		return -eFAULT
	}
	return 0
}

func sysRtSigsuspend(m *Machine, t *thread, a *[6]uint64) int64 {
	if a[1] != 8 {
		return -eINVAL
	}
	set, ok := m.readU64(a[0])
	if !ok {
		return -eFAULT
	}
	m.replaceMask(t, set)
	return m.block(t, wait{kind: waitSignal, deadline: never, desc: -1})
}

// replaceMask sets t's signal mask until its system call ends.
func (m *Machine) replaceMask(t *thread, set uint64) {
	t.saved, t.restoring = t.mask, true
	t.mask = set &^ unblockable
}

func sysRtSigtimedwait(m *Machine, t *thread, a *[6]uint64) int64 {
	if a[3] != 8 {
		return -eINVAL
	}
	set, ok := m.readU64(a[0])
	if !ok {
		return -eFAULT
	}
	set &^= unblockable
	deadline := uint64(never)
	if a[2] != 0 {
		if deadline, ok = m.readDeadline(a[2]); !ok {
			return -eINVAL
		}
	}
	if si, ok := t.takeSignal(set); ok {
		return m.giveInfo(a[1], si)
	}
	if deadline <= m.now() {
		return -eAGAIN
	}
	return m.block(t, wait{kind: waitSignal, set: set, deadline: deadline, late: -eAGAIN, desc: -1})
}

// giveInfo is the end of a call that waits for a signal and gets it.
func (m *Machine) giveInfo(addr uint64, si sigInfo) int64 {
	if addr != 0 && !m.copyOut(addr, si.encode()) {
		return -eFAULT
	}
	return int64(si.sig)
}

func sysRtSigreturn(m *Machine, t *thread, _ *[6]uint64) int64 {
	r, pc := m.regs(t)
	at, f, ok := m.arch.resume(r, m.copyIn)
	if !ok {
		m.condemn(t, sigInfo{sig: sigSEGV, code: siKernel})
		m.st.doom.addr = r[m.arch.sp]
		return noResult
	}
	*pc = at
	m.noteStack(t)
	t.mask = f.mask &^ unblockable
	if f.altFlags&^(ssDisable|ssAutodisarm) == 0 && !t.onAltStack(r[m.arch.sp]) {
		t.altSP, t.altSize, t.altFlags = f.altSP, f.altSize, f.altFlags
	}
	return noResult
}

func sysSigaltstack(m *Machine, t *thread, a *[6]uint64) int64 {
	r, _ := m.regs(t)
	on := t.onAltStack(r[m.arch.sp])
	var old record
	old.u64(t.altSP)
	flags := t.altFlags & (ssAutodisarm | ssDisable)
	if on {
		flags |= ssOnstack
	}
	old.u32(flags, 0)
	old.u64(t.altSize)
	if a[0] != 0 {
		raw, ok := m.copyIn(a[0], 24)
		switch {
		case !ok:
			return -eFAULT
		case on:
			return -ePERM
		}
		sp, fl, size := leU64(raw), uint32(leU64(raw[8:])), leU64(raw[16:])
		switch fl &^ ssAutodisarm {
		case ssDisable:
			sp, size = 0, 0
		case 0, ssOnstack:
			if size < 2048 { // MINSIGSTKSZ
				return -eNOMEM
			}
		default:
			return -eINVAL
		}
		t.altSP, t.altSize, t.altFlags = sp, size, fl
	}
	if a[1] != 0 && !m.copyOut(a[1], old) {
		return -eFAULT
	}
	return 0
}

// send is kill, tkill and tgkill after their arguments have been checked.
func (m *Machine) send(p *process, t *thread, sig uint64, code int32) int64 {
	switch {
	case sig == 0:
		return 0
	case !validSig(sig):
		return -eINVAL
	}
	return m.post(p, t, m.fromUser(int(sig), code))
}

func sysKill(m *Machine, _ *thread, a *[6]uint64) int64 {
	if a[1] > numSignals {
		return -eINVAL
	}
	who := vm.ThreadID(int32(a[0]))
	if who == 1 {
		return -ePERM // init
	}
	found := false
	for _, p := range m.st.procs {
		switch {
		case who == -1 && p != m.p:
		case who == 0 && p.pgid == m.p.pgid, who < -1 && p.pgid == -who:
		case who > 0 && p == m.processOf(who):
		default:
			continue
		}
		found = true
		m.send(p, nil, a[1], siUser)
	}
	if !found {
		return -eSRCH
	}
	return 0
}

// processOf finds the process that a process or thread ID names.
func (m *Machine) processOf(id vm.ThreadID) *process {
	if p := m.st.process(id); p != nil {
		return p
	}
	if t := m.st.thread(id); t != nil {
		return t.p
	}
	return nil
}

func sysTkill(m *Machine, _ *thread, a *[6]uint64) int64 {
	t := m.st.thread(vm.ThreadID(int32(a[0])))
	switch {
	case int32(a[0]) <= 0:
		return -eINVAL
	case t == nil:
		return -eSRCH
	}
	return m.send(t.p, t, a[1], siTkill)
}

func sysTgkill(m *Machine, t *thread, a *[6]uint64) int64 {
	if int32(a[0]) <= 0 || int32(a[1]) <= 0 {
		return -eINVAL
	}
	if t := m.st.thread(vm.ThreadID(int32(a[1]))); t == nil || t.p.pid != vm.ThreadID(int32(a[0])) {
		return -eSRCH
	}
	return sysTkill(m, t, &[6]uint64{a[1], a[2]})
}

func sysRtSigqueueinfo(m *Machine, _ *thread, a *[6]uint64) int64 {
	return m.queueInfo(m.processOf(vm.ThreadID(int32(a[0]))), nil, a[1], a[2])
}

func sysRtTgsigqueueinfo(m *Machine, _ *thread, a *[6]uint64) int64 {
	t := m.st.thread(vm.ThreadID(int32(a[1])))
	if t == nil || t.p.pid != vm.ThreadID(int32(a[0])) {
		return m.queueInfo(nil, nil, a[2], a[3])
	}
	return m.queueInfo(t.p, t, a[2], a[3])
}

func (m *Machine) queueInfo(p *process, t *thread, sig, addr uint64) int64 {
	raw, ok := m.copyIn(addr, 128)
	switch {
	case !ok:
		return -eFAULT
	case p == nil:
		return -eSRCH
	case sig == 0:
		return 0
	case !validSig(sig):
		return -eINVAL
	}
	si := decodeSigInfo(raw)
	si.sig = int(sig)
	return m.post(p, t, si)
}
