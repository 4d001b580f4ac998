package linux

// The system calls of sockets.

// socketTypes are the types that exist, by family, with the protocol that each
// has when none is asked for.
var socketTypes = map[uint16]map[uint16]uint32{
	afUnix:  {sockStream: 0, sockDgram: 0, sockSeqpacket: 0},
	afInet:  {sockStream: ipProtoTCP, sockDgram: ipProtoUDP},
	afInet6: {sockStream: ipProtoTCP, sockDgram: ipProtoUDP},
}

func makeSock(a *[6]uint64) (k *sock, flags uint32, errno int64) {
	flags = uint32(a[1]) & (sockNonblock | sockCloexec)
	family, typ, proto := uint16(a[0]), uint16(uint32(a[1])&^flags), uint32(a[2])
	types := socketTypes[family]
	if types == nil {
		return nil, 0, eAFNOSUPPORT
	}
	own, ok := types[typ]
	switch {
	case !ok && typ >= 1 && typ <= 10:
		return nil, 0, eSOCKTNOSUPPORT
	case !ok:
		return nil, 0, eINVAL
	case proto != 0 && proto != own && !(family == afUnix && proto == 1):
		return nil, 0, ePROTONOSUPPORT
	}
	return &sock{family: family, typ: typ, proto: own, local: anyAddr(family), remote: anyAddr(family)}, flags, 0
}

func sysSocket(m *Machine, _ *thread, a *[6]uint64) int64 {
	k, flags, errno := makeSock(a)
	switch {
	case errno != 0:
		return -errno
	case !m.p.room(1):
		return -eMFILE
	case !m.socketRoom(1):
		return -eNFILE
	}
	return m.socketFile(m.newSock(k), flags)
}

// socketRoom reports whether n more sockets may be made.
func (m *Machine) socketRoom(n int) bool {
	free := maxSockets - len(m.st.socks)
	for _, k := range m.st.socks {
		if k == nil {
			free++
		}
	}
	return free >= n
}

func sysSocketpair(m *Machine, _ *thread, a *[6]uint64) int64 {
	k, flags, errno := makeSock(a)
	switch {
	case errno != 0:
		return -errno
	case k.family != afUnix:
		return -eOPNOTSUPP
	case !m.p.room(2):
		return -eMFILE
	case !m.socketRoom(2):
		return -eNFILE
	case !m.mem.CanWrite(a[3], 8):
		return -eFAULT
	}
	other := *k
	i, j := m.newSock(k), m.newSock(&other)
	m.join(i, j)
	var b record
	b.u32(uint32(m.socketFile(i, flags)), uint32(m.socketFile(j, flags)))
	m.copyOut(a[3], b)
	return 0
}

// onSocket is a call on the socket of descriptor a[0].
func onSocket(f func(m *Machine, t *thread, d *desc, k *sock, a *[6]uint64) int64) handler {
	return func(m *Machine, t *thread, a *[6]uint64) int64 {
		d := m.file(t, a[0])
		switch {
		case d == nil:
			return -eBADF
		case d.kind != kindSocket:
			return -eNOTSOCK
		}
		return f(m, t, d, m.sockOf(d), a)
	}
}

func bindSocket(m *Machine, _ *thread, _ *desc, k *sock, a *[6]uint64) int64 {
	addr, errno := m.readAddr(k, a[1], a[2])
	switch {
	case errno != 0:
		return -errno
	case k.bound || addr.family == afUnspec && k.family != afInet:
		return -eINVAL
	case k.family == afUnix && addr.path == "": // autobind
		m.st.ports++
		addr.path = "\x00" + decimal(m.st.ports+0x10000)
	}
	if addr.family == afUnspec {
		addr = anyAddr(k.family)
	}
	return -m.bindLocal(k, addr)
}

func listenSocket(m *Machine, _ *thread, _ *desc, k *sock, a *[6]uint64) int64 {
	switch {
	case !k.connection():
		return -eOPNOTSUPP
	case k.state != sockFresh && k.state != sockListening, k.family == afUnix && !k.bound:
		return -eINVAL
	}
	if !k.bound {
		if e := m.bindLocal(k, anyAddr(k.family)); e != 0 {
			return -e
		}
	}
	k.state, k.limit = sockListening, int(min(uint32(a[1]), maxBacklog))
	return 0
}

func connectSocket(m *Machine, t *thread, d *desc, k *sock, a *[6]uint64) int64 {
	addr, errno := m.readAddr(k, a[1], a[2])
	if errno != 0 {
		return -errno
	}
	if !k.connection() {
		return m.connectDatagram(k, addr)
	}
	switch {
	case addr.family == afUnspec:
		return -eINVAL
	case k.state == sockConnected || k.state == sockDead:
		return -eISCONN
	case k.state == sockListening:
		return -eINVAL
	case k.family != afUnix && !addr.loopback() && !addr.wildcard():
		return -eNETUNREACH
	}
	_, l := m.target(k, &addr)
	switch {
	case l == nil && k.family == afUnix && addr.path != "" && addr.path[0] != 0:
		return -eNOENT
	case l == nil || !m.socketRoom(1):
		return -eCONNREFUSED
	case len(l.backlog) > l.limit && k.family == afUnix:
		return m.pause(t, d, 0, k.timeout[1], 0)
	case len(l.backlog) >= maxBacklog:
		return -eCONNREFUSED
	}
	if addr.wildcard() && k.family != afUnix {
		addr.ip = addr.loopbackIP()
	}
	if k.family != afUnix && (!k.bound || k.local.wildcard()) {
		from := sockAddr{family: k.family, ip: addr.loopbackIP(), port: k.local.port}
		if !k.bound {
			if e := m.bindLocal(k, from); e != 0 {
				return -e
			}
		}
		k.local.ip = from.ip
	}
	child := &sock{family: l.family, typ: l.typ, proto: l.proto, local: addr, remote: k.local, bound: true, options: l.options}
	if l.family == afUnix {
		child.local = l.local
	}
	k.remote = addr
	ci := m.newSock(child)
	child.owner = l.owner
	m.join(d.sock, ci)
	l.backlog = append(l.backlog, ci)
	m.stir(l)
	return 0
}

func (m *Machine) connectDatagram(k *sock, addr sockAddr) int64 {
	if addr.family == afUnspec {
		k.state, k.peer, k.remote = sockFresh, -1, anyAddr(k.family)
		if k.auto {
			k.bound, k.auto, k.local = false, false, anyAddr(k.family)
		}
		return 0
	}
	if k.family == afUnix {
		i, p := m.target(k, &addr)
		switch {
		case p == nil && addr.path != "" && addr.path[0] != 0:
			return -eNOENT
		case p == nil:
			return -eCONNREFUSED
		}
		k.peer, k.state, k.remote = i, sockConnected, addr
		return 0
	}
	if !addr.loopback() && !addr.wildcard() {
		return -eNETUNREACH
	}
	if addr.wildcard() {
		addr.ip = addr.loopbackIP()
	}
	if !k.bound {
		k.auto = true
		if e := m.bindLocal(k, sockAddr{family: k.family, ip: addr.loopbackIP()}); e != 0 {
			return -e
		}
	}
	if k.local.wildcard() {
		k.local.ip = addr.loopbackIP()
	}
	k.state, k.remote = sockConnected, addr
	return 0
}

// accept takes the oldest connection that waits at a listening socket.
func accept(flagsAt int) handler {
	return onSocket(func(m *Machine, t *thread, d *desc, k *sock, a *[6]uint64) int64 {
		flags := uint32(0)
		if flagsAt >= 0 {
			flags = uint32(a[flagsAt])
		}
		switch {
		case flags&^(sockNonblock|sockCloexec) != 0 || k.state != sockListening && k.connection():
			return -eINVAL
		case !k.connection():
			return -eOPNOTSUPP
		case !m.p.room(1):
			return -eMFILE
		case len(k.backlog) == 0:
			return m.pause(t, d, 0, k.timeout[0], 0)
		}
		i := k.backlog[0]
		c := m.st.socks[i]
		if bad := m.giveAddr(c.remote.encode(c.family), a[1], a[2]); bad != 0 {
			return bad
		}
		k.backlog = k.backlog[1:]
		m.changed = true
		return m.socketFile(i, flags)
	})
}

func socketName(m *Machine, _ *thread, _ *desc, k *sock, a *[6]uint64) int64 {
	return m.giveAddr(k.local.encode(k.family), a[1], a[2])
}

func peerName(m *Machine, _ *thread, _ *desc, k *sock, a *[6]uint64) int64 {
	if k.state != sockConnected {
		return -eNOTCONN
	}
	return m.giveAddr(k.remote.encode(k.family), a[1], a[2])
}

func shutdownSocket(m *Machine, _ *thread, _ *desc, k *sock, a *[6]uint64) int64 {
	how := uint32(a[1])
	switch {
	case how > 2:
		return -eINVAL
	case k.state == sockListening: // Linux ends listening; accept then gives EINVAL
		k.state = sockFresh
		for _, i := range k.backlog {
			m.closeSock(i)
		}
		k.backlog = nil
		m.stir(k)
		return 0
	case k.state == sockFresh:
		return -eNOTCONN
	}
	p := m.peerOf(k)
	if how != 1 { // SHUT_RD, SHUT_RDWR
		k.deaf, k.eof = true, true
	}
	if how != 0 { // SHUT_WR, SHUT_RDWR
		k.shut = true
		if p != nil && p.peer >= 0 && k.connection() {
			p.eof = true
			m.stir(p)
		}
	}
	m.stir(k)
	return 0
}

// messageAddr reads the destination of sendto and sendmsg.
func (m *Machine) messageAddr(k *sock, addr, size uint64) (to *sockAddr, errno int64) {
	if addr == 0 || size == 0 {
		return nil, 0
	}
	a, errno := m.readAddr(k, addr, size)
	switch {
	case errno != 0:
		return nil, errno
	case k.connection() && k.state == sockConnected && k.family == afUnix:
		return nil, eISCONN
	case k.connection():
		return nil, 0
	}
	return &a, 0
}

func sendTo(m *Machine, t *thread, d *desc, k *sock, a *[6]uint64) int64 {
	to, errno := m.messageAddr(k, a[4], a[5])
	if errno != 0 {
		return -errno
	}
	spans, total, bad := m.clip([]span{{a[1], a[2]}}, false, maxIO)
	if bad != 0 {
		return bad
	}
	return m.sendData(t, d, m.gather(spans, total), to, nil, uint32(a[3]))
}

func receiveFrom(m *Machine, t *thread, d *desc, k *sock, a *[6]uint64) int64 {
	spans, total, bad := m.clip([]span{{a[1], a[2]}}, true, maxIO)
	if bad != 0 {
		return bad
	}
	got := m.receive(t, d, total, uint32(a[3]))
	m.dropRights(got.rights)
	if got.ret < 0 {
		return got.ret
	}
	m.give(spans, got.data)
	if got.from != nil && (!k.connection() || k.family == afUnix) {
		if bad := m.giveAddr(got.from.encode(k.family), a[4], a[5]); bad != 0 {
			return bad
		}
	} else if a[4] != 0 && a[5] != 0 {
		m.writeU32(a[5], 0)
	}
	if uint32(a[3])&msgTrunc != 0 && k.typ != sockStream {
		return int64(got.size)
	}
	return int64(len(got.data))
}
