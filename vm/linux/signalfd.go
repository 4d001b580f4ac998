package linux

// Signals as files (signalfd(2)).

// sysSignalfd4 makes a file from which the signals of a set are read, or changes
// the set.
func sysSignalfd4(m *Machine, _ *thread, a *[6]uint64) int64 {
	flags := uint32(a[3])
	if a[2] != 8 || flags&^(oCloexec|oNonblock) != 0 {
		return -eINVAL
	}
	set, ok := m.readU64(a[1])
	if !ok {
		return -eFAULT
	}
	set &^= unblockable
	if int32(a[0]) != -1 {
		f := m.p.slot(a[0])
		if f == nil {
			return -eBADF
		}
		d := m.st.descs[f.desc]
		if d.kind != kindSignalFD {
			return -eINVAL
		}
		d.count, m.changed = set, true
		return int64(int32(a[0]))
	}
	if !m.p.room(1) {
		return -eMFILE
	}
	return m.add(&desc{kind: kindSignalFD, flags: flags&oNonblock | oRdOnly, mode: 0o600, path: "anon_inode:[signalfd]", count: set}, flags&oCloexec != 0)
}

// signalfdInfo is the size of struct signalfd_siginfo.
const signalfdInfo = 128

func readSignalFD(m *Machine, t *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	if total < signalfdInfo {
		return -eINVAL
	}
	var b record
	for uint64(len(b))+signalfdInfo <= total {
		si, ok := t.takeSignal(d.count)
		if !ok {
			break
		}
		start := len(b)
		// ssi_signo, errno, code, pid, uid, fd, tid, band, overrun, trapno, status, int, ptr
		b.u32(uint32(si.sig), 0, uint32(si.code))
		b.u64(si.w[0])
		b.u32(0, 0, 0, 0, 0)
		b.u32(uint32(si.w[1]), uint32(si.w[1]))
		b.u64(si.w[1])
		b.zero(start + signalfdInfo - len(b))
	}
	switch {
	case len(b) > 0:
		return m.give(spans, b)
	case d.flags&oNonblock != 0:
		return -eAGAIN
	}
	return m.blockOn(t, d, wait{})
}

// readySignalFD tells whether a signal of the set is pending for the process in
// focus or one of its threads.
func readySignalFD(m *Machine, d *desc) (uint32, bool) {
	for _, q := range m.signalQueues() {
		for _, si := range *q {
			if d.count&bit(si.sig) != 0 {
				return epollIn, false
			}
		}
	}
	return 0, false
}
