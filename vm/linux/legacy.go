package linux

// The system calls that only x86-64 has: older forms of those that every
// architecture has.

// cwd is AT_FDCWD as an argument.
const cwd = 1<<64 + atFdcwd

// legacyCalls are entries of the table of calls, by the number of x86-64.
func legacyCalls() map[uint64]handler {
	return map[uint64]handler{
		2: func(m *Machine, t *thread, a *[6]uint64) int64 { // open
			return m.open(t, cwd, a[0], uint32(a[1]), uint32(a[2]))
		},
		4: func(m *Machine, t *thread, a *[6]uint64) int64 { // stat
			return sysNewfstatat(m, t, &[6]uint64{cwd, a[0], a[1]})
		},
		6: func(m *Machine, t *thread, a *[6]uint64) int64 { // lstat
			return sysNewfstatat(m, t, &[6]uint64{cwd, a[0], a[1], atSymlinkNofollow})
		},
		7:  sysPoll,
		21: at(48), // access
		22: func(m *Machine, t *thread, a *[6]uint64) int64 { // pipe
			return generic(59, m, t, a[0], 0)
		},
		23: sysSelect,
		33: sysDup2,
		34: func(m *Machine, t *thread, _ *[6]uint64) int64 { // pause
			return m.block(t, wait{kind: waitSignal, deadline: never, desc: -1})
		},
		37: sysAlarm,
		56: func(m *Machine, t *thread, a *[6]uint64) int64 { // clone: the last two arguments change places
			return sysClone(m, t, &[6]uint64{a[0], a[1], a[2], a[4], a[3]})
		},
		57: sysFork,
		58: sysVfork,
		78: sysGetdents,
		82: func(m *Machine, t *thread, a *[6]uint64) int64 { // rename
			return generic(38, m, t, cwd, a[0], cwd, a[1])
		},
		83: at(34), // mkdir
		84: func(m *Machine, t *thread, a *[6]uint64) int64 { // rmdir
			return generic(35, m, t, cwd, a[0], atRemovedir)
		},
		85: func(m *Machine, t *thread, a *[6]uint64) int64 { // creat
			return m.open(t, cwd, a[0], oCreat|oWrOnly|oTrunc, uint32(a[1]))
		},
		86: func(m *Machine, t *thread, a *[6]uint64) int64 { // link
			return generic(37, m, t, cwd, a[0], cwd, a[1])
		},
		87: at(35), // unlink
		88: func(m *Machine, t *thread, a *[6]uint64) int64 { // symlink
			return generic(36, m, t, a[0], cwd, a[1])
		},
		89: at(78), // readlink
		90: at(53), // chmod
		92: at(54), // chown
		94: at(54), // lchown
		111: func(m *Machine, t *thread, _ *[6]uint64) int64 { // getpgrp
			return generic(155, m, t)
		},
		133: at(33), // mknod
		132: sysUtime,
		158: sysArchPrctl,
		201: sysTime,
		213: func(m *Machine, t *thread, a *[6]uint64) int64 { // epoll_create
			if int32(a[0]) <= 0 {
				return -eINVAL
			}
			return generic(20, m, t)
		},
		232: func(m *Machine, t *thread, a *[6]uint64) int64 { // epoll_wait
			return generic(22, m, t, a[0], a[1], a[2], a[3])
		},
		235: sysUtimes,
		261: sysFutimesat,
		264: func(m *Machine, t *thread, a *[6]uint64) int64 { // renameat
			return generic(38, m, t, a[:4]...)
		},
		282: func(m *Machine, t *thread, a *[6]uint64) int64 { // signalfd
			return generic(74, m, t, a[0], a[1], a[2])
		},
		284: func(m *Machine, t *thread, a *[6]uint64) int64 { // eventfd
			return generic(19, m, t, a[0])
		},
	}
}

// generic executes a call of the table with the given arguments.
func generic(nr uint64, m *Machine, t *thread, a ...uint64) int64 {
	if calls[nr].fn == nil {
		return -eNOSYS
	}
	var args [6]uint64
	copy(args[:], a)
	return calls[nr].fn(m, t, &args)
}

// at is the call of the table that starts at a directory, with the working
// directory as that. The arguments that it has beyond the older call's are 0.
func at(nr uint64) handler {
	return func(m *Machine, t *thread, a *[6]uint64) int64 {
		extra := legacyArgs[nr]
		args := []uint64{cwd}
		return generic(nr, m, t, append(args, a[:extra]...)...)
	}
}

// legacyArgs is how many arguments the older forms of calls have.
var legacyArgs = map[uint64]int{33: 3, 34: 2, 35: 1, 48: 2, 53: 2, 54: 3, 78: 3}

func sysPoll(m *Machine, t *thread, a *[6]uint64) int64 {
	deadline := uint64(never)
	switch ms := int32(a[2]); {
	case t.blocked():
		deadline = t.wait.deadline
	case ms >= 0:
		deadline = m.after(uint64(ms) * 1e6)
	}
	return m.poll(t, a[0], a[1], deadline, nil, 0)
}

// sysSelect has a timeval where pselect6 has a timespec, and gives the time that
// is left in it.
func sysSelect(m *Machine, t *thread, a *[6]uint64) int64 {
	deadline := uint64(never)
	switch {
	case t.blocked():
		deadline = t.wait.deadline
	case a[4] != 0:
		ns, bad := m.readTimeval(a[4])
		if bad != 0 {
			return bad
		}
		deadline = m.after(ns)
	}
	return m.selectFiles(t, a, deadline, nil, 0, func() {
		if deadline != never {
			var b record
			s, us := timeval(deadline - min(deadline, m.now()))
			b.u64(s, us)
			m.copyOut(a[4], b)
		}
	})
}

func sysDup2(m *Machine, t *thread, a *[6]uint64) int64 {
	if uint32(a[0]) == uint32(a[1]) {
		if m.file(t, a[0]) == nil {
			return -eBADF
		}
		return int64(uint32(a[1]))
	}
	return generic(24, m, t, a[0], a[1], 0)
}

// sysAlarm is setitimer(ITIMER_REAL) in whole seconds, the rest rounded up.
func sysAlarm(m *Machine, _ *thread, a *[6]uint64) int64 {
	timer := &m.p.itimers[0]
	left := timer.left(m.now())
	*timer = interval{deadline: never}
	if s := uint64(uint32(a[0])); s > 0 {
		timer.deadline = m.after(s * second)
	}
	return int64((left + second - 1) / second)
}

func sysTime(m *Machine, _ *thread, a *[6]uint64) int64 {
	s := (m.st.boot + m.now()) / second
	if a[0] != 0 && !m.writeU64(a[0], s) {
		return -eFAULT
	}
	return int64(s)
}

// Codes of arch_prctl(2).
const (
	archSetGS = 0x1001
	archSetFS = 0x1002
	archGetFS = 0x1003
	archGetGS = 0x1004
)

func sysArchPrctl(m *Machine, t *thread, a *[6]uint64) int64 {
	r, _ := m.regs(t)
	var slot int
	switch a[0] {
	case archSetFS, archGetFS:
		slot = m.arch.tls
	case archSetGS, archGetGS:
		slot = m.arch.tls + 1
	default:
		return -eINVAL
	}
	switch {
	case a[0] == archGetFS || a[0] == archGetGS:
		if !m.writeU64(a[1], r[slot]) {
			return -eFAULT
		}
	case a[1] >= m.arch.top:
		return -ePERM
	default:
		r[slot] = a[1]
	}
	return 0
}

// sysGetdents is getdents64 with another layout of the entries: the type is at
// the end.
func sysGetdents(m *Machine, t *thread, a *[6]uint64) int64 {
	return m.listDir(t, a, func(out *record, e *dirEntry, next int64) {
		start := len(*out)
		size := (18 + len(e.name) + 2 + 7) &^ 7
		out.u64(e.ino, uint64(next))
		out.u16(uint16(size))
		*out = append(*out, e.name...)
		out.zero(start + size - 1 - len(*out))
		out.u8(e.typ)
	})
}

// readTimeval reads a struct timeval; the error number is negative.
func (m *Machine) readTimeval(addr uint64) (ns uint64, bad int64) {
	raw, ok := m.copyIn(addr, 16)
	switch {
	case !ok:
		return 0, -eFAULT
	case int64(leU64(raw)) < 0 || leU64(raw[8:]) >= 1e6:
		return 0, -eINVAL
	}
	return saturate(leU64(raw), leU64(raw[8:])*1000), 0
}

// sysUtime has whole seconds.
func sysUtime(m *Machine, t *thread, a *[6]uint64) int64 {
	return m.oldTimes(t, cwd, a[0], a[1], 8, 0)
}

func sysUtimes(m *Machine, t *thread, a *[6]uint64) int64 {
	return m.oldTimes(t, cwd, a[0], a[1], 16, 1000)
}

func sysFutimesat(m *Machine, t *thread, a *[6]uint64) int64 {
	return m.oldTimes(t, a[0], a[1], a[2], 16, 1000)
}

// oldTimes sets a file's times from two structures of the given size at times:
// seconds, and a fraction in units of unit ns if unit is not 0.
func (m *Machine) oldTimes(t *thread, dirfd, path, times, size, unit uint64) int64 {
	p, bad := m.pathAt(t, dirfd, path)
	if bad != 0 {
		return bad
	}
	now := int64(m.realNow())
	out := [2]int64{now, now}
	if times != 0 {
		raw, ok := m.copyIn(times, int(2*size))
		if !ok {
			return -eFAULT
		}
		for i := range uint64(2) {
			b := raw[i*size:]
			out[i] = int64(leU64(b) * second)
			if unit == 0 {
				continue
			}
			fraction := leU64(b[8:])
			if fraction*unit >= second || fraction >= second {
				return -eINVAL
			}
			out[i] += int64(fraction * unit)
		}
	}
	return m.setTimes(t, p, out, true)
}
