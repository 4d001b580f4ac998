package linux

// The system calls that tell what the system is like. It is a fixed one: what
// they say must not depend on the host.

// release is the kernel that the guest is told it runs on.
const release = "6.6.0"

func sysUname(m *Machine, _ *thread, a *[6]uint64) int64 {
	var b record
	for _, s := range []string{"Linux", "revexec", release, "#1 SMP", m.arch.machine, "(none)"} {
		b.text(s, 65)
	}
	if !m.copyOut(a[0], b) {
		return -eFAULT
	}
	return 0
}

// totalRAM is what the guest is told it has, bytes.
func (m *Machine) totalRAM() uint64 { return uint64(m.maxPages) * 4096 }

func sysSysinfo(m *Machine, _ *thread, a *[6]uint64) int64 {
	var b record
	b.u64(m.now()/second, 0, 0, 0)
	b.u64(m.totalRAM(), m.totalRAM()-min(m.totalRAM(), uint64(m.pages())*4096), 0, 0, 0, 0)
	b.u16(uint16(len(m.st.threads)), 0)
	b.u32(0)
	b.u64(0, 0)
	b.u32(1, 0)
	if !m.copyOut(a[0], b) {
		return -eFAULT
	}
	return 0
}

func sysGetrusage(m *Machine, t *thread, a *[6]uint64) int64 {
	ns := m.processTime(m.p)
	switch int32(a[0]) {
	case 0: // RUSAGE_SELF
	case 1: // RUSAGE_THREAD
		ns = m.cpuTime(t)
	case -1: // RUSAGE_CHILDREN
		ns = m.p.childCPU
	default:
		return -eINVAL
	}
	if !m.copyOut(a[1], encodeRusage(ns, m.mem.Pages())) {
		return -eFAULT
	}
	return 0
}

// encodeRusage is struct rusage: all the time is the user's, and the pages that
// are used now are the most that have been.
func encodeRusage(ns uint64, pages int) []byte {
	var b record
	s, us := timeval(ns)
	b.u64(s, us, 0, 0, uint64(pages)*4) // user, system, maximum resident KiB
	b.zero(144 - len(b))
	return b
}

// constant is a system call that always gives the same result.
func constant(ret int64) handler {
	return func(*Machine, *thread, *[6]uint64) int64 { return ret }
}

func sysGetrandom(m *Machine, _ *thread, a *[6]uint64) int64 {
	if a[2]&^7 != 0 {
		return -eINVAL
	}
	spans, total, bad := m.clip([]span{{a[0], a[1]}}, true, maxRandom)
	if bad != 0 {
		return bad
	}
	m.scatter(spans, m.random(int(total)))
	return int64(total)
}

func sysMembarrier(_ *Machine, _ *thread, a *[6]uint64) int64 {
	const all = 0x1ff
	switch {
	case a[0] == 0: // MEMBARRIER_CMD_QUERY
		return all
	case a[0]&^all != 0:
		return -eINVAL
	}
	return 0 // one host thread: memory is always ordered
}
