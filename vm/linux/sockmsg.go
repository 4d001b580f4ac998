package linux

// Messages with ancillary data: sendmsg(2), recvmsg(2) and the calls for several
// messages at once.

const (
	msghdrSize  = 56
	mmsghdrSize = msghdrSize + 8
	maxControl  = 64 << 10
	maxMessages = 1024
	cmsgHeader  = 16

	solSocket      = 1
	scmRights      = 1
	scmCredentials = 2
)

// msghdr is struct msghdr.
type msghdr struct {
	at          uint64
	name        uint64
	nameLen     uint32
	spans       []span
	total       uint64
	control     uint64
	controlSize uint64
}

// readMsghdr reads a message header; in says that the message is to be received.
func (m *Machine) readMsghdr(addr uint64, in bool) (h msghdr, bad int64) {
	raw, ok := m.copyIn(addr, msghdrSize)
	if !ok {
		return h, -eFAULT
	}
	h = msghdr{at: addr, name: leU64(raw), nameLen: leU32(raw[8:]), control: leU64(raw[32:]), controlSize: leU64(raw[40:])}
	count := leU64(raw[24:])
	if count > maxIOV {
		return h, -eMSGSIZE
	}
	iov, bad := m.readIOV(leU64(raw[16:]), count)
	if bad != 0 {
		return h, bad
	}
	h.spans, h.total, bad = m.clip(iov, in, maxIO)
	return h, bad
}

// rightsIn reads the open files that ancillary data carries.
func (m *Machine) rightsIn(h *msghdr) (descs []int, bad int64) {
	if h.control == 0 || h.controlSize < cmsgHeader {
		return nil, 0
	}
	if h.controlSize > maxControl {
		return nil, -eINVAL
	}
	raw, ok := m.copyIn(h.control, int(h.controlSize))
	if !ok {
		return nil, -eFAULT
	}
	for len(raw) >= cmsgHeader {
		size := leU64(raw)
		if size < cmsgHeader || size > uint64(len(raw)) {
			return nil, -eINVAL
		}
		if leU32(raw[8:]) == solSocket && leU32(raw[12:]) == scmRights {
			for b := raw[cmsgHeader:size]; len(b) >= 4; b = b[4:] {
				f := m.p.slot(uint64(leU32(b)))
				if f == nil {
					return nil, -eBADF
				}
				descs = append(descs, f.desc)
			}
			if len(descs) > maxPassed {
				return nil, -eINVAL
			}
			if m.inFlight()+len(descs) > maxInFlight {
				return nil, -eTOOMANYREFS
			}
		}
		raw = raw[min(uint64(len(raw)), (size+7)&^7):]
	}
	return descs, 0
}

// inFlight is how many open files are on their way in messages.
func (m *Machine) inFlight() (n int) {
	for _, k := range m.st.socks {
		if k == nil {
			continue
		}
		for _, r := range k.rights {
			n += len(r.descs)
		}
		for i := range k.packets {
			n += len(k.packets[i].rights)
		}
	}
	return n
}

func (m *Machine) sendOne(t *thread, d *desc, k *sock, addr uint64, flags uint32) int64 {
	h, bad := m.readMsghdr(addr, false)
	if bad != 0 {
		return bad
	}
	to, errno := m.messageAddr(k, h.name, uint64(h.nameLen))
	if errno != 0 {
		return -errno
	}
	rights, bad := m.rightsIn(&h)
	switch {
	case bad != 0:
		return bad
	case len(rights) > 0 && k.family != afUnix:
		rights = nil
	}
	return m.sendData(t, d, m.gather(h.spans, h.total), to, rights, flags)
}

func (m *Machine) receiveOne(t *thread, d *desc, k *sock, addr uint64, flags uint32) int64 {
	h, bad := m.readMsghdr(addr, true)
	if bad != 0 {
		return bad
	}
	got := m.receive(t, d, h.total, flags)
	if got.ret < 0 {
		return got.ret
	}
	m.give(h.spans, got.data)
	out := uint32(0)
	if got.size > len(got.data) {
		out |= msgTrunc
	}
	if h.name != 0 {
		var raw []byte
		if got.from != nil && (!k.connection() || k.family == afUnix) {
			raw = got.from.encode(k.family)
		}
		m.copyOut(h.name, raw[:min(len(raw), int(h.nameLen))])
		m.writeU32(h.at+8, uint32(len(raw)))
	}
	used := uint64(0)
	if len(got.rights) > 0 {
		used = m.giveRights(&h, got.rights, flags)
		if used < cmsgHeader+4*uint64(len(got.rights)) {
			out |= msgCtrunc
		}
	}
	m.writeU64(h.at+40, used)
	m.writeU32(h.at+48, out)
	if flags&msgTrunc != 0 && k.typ != sockStream {
		return int64(got.size)
	}
	return int64(len(got.data))
}

// giveRights gives received open files descriptors, as many as there is room for,
// and tells them in the ancillary data. It returns how many bytes that takes.
func (m *Machine) giveRights(h *msghdr, descs []int, flags uint32) uint64 {
	defer m.dropRights(descs)
	if h.control == 0 || h.controlSize < cmsgHeader+4 {
		return 0
	}
	n := min(len(descs), int((h.controlSize-cmsgHeader)/4))
	var fds record
	for _, i := range descs[:n] {
		fd := m.bind(i, 0, flags&msgCmsgCloexec != 0)
		if fd < 0 {
			break
		}
		fds.u32(uint32(fd))
	}
	var b record
	b.u64(uint64(cmsgHeader + len(fds)))
	b.u32(solSocket, scmRights)
	b = append(b, fds...)
	m.copyOut(h.control, b)
	return uint64(len(b))
}

func sendMessage(m *Machine, t *thread, d *desc, k *sock, a *[6]uint64) int64 {
	return m.sendOne(t, d, k, a[1], uint32(a[2]))
}

func receiveMessage(m *Machine, t *thread, d *desc, k *sock, a *[6]uint64) int64 {
	return m.receiveOne(t, d, k, a[1], uint32(a[2]))
}

// several applies one to up to a[2] message headers in a row, and writes to each
// how many bytes it moved. Only the first may wait.
func (m *Machine) several(t *thread, a *[6]uint64, one func(addr uint64, flags uint32) int64) int64 {
	n := min(a[2], maxMessages)
	flags := uint32(a[3]) &^ msgWaitforone
	for i := range n {
		at := a[1] + i*mmsghdrSize
		ret := one(at, flags)
		switch {
		case ret < 0 && i > 0:
			return int64(i)
		case ret < 0:
			return ret
		case !m.writeU32(at+msghdrSize, uint32(ret)):
			return -eFAULT
		}
		flags |= msgDontwait
		t.wait.done = 0 // how far a call that waited had got was about the first
	}
	return int64(n)
}

func sendMessages(m *Machine, t *thread, d *desc, k *sock, a *[6]uint64) int64 {
	return m.several(t, a, func(addr uint64, flags uint32) int64 { return m.sendOne(t, d, k, addr, flags) })
}

func receiveMessages(m *Machine, t *thread, d *desc, k *sock, a *[6]uint64) int64 {
	return m.several(t, a, func(addr uint64, flags uint32) int64 { return m.receiveOne(t, d, k, addr, flags) })
}
