package linux

import (
	"slices"
)

// How messages pass between sockets.

// Flags of send(2) and recv(2).
const (
	msgOOB          = 0x1
	msgPeek         = 0x2
	msgCtrunc       = 0x8
	msgTrunc        = 0x20
	msgDontwait     = 0x40
	msgWaitall      = 0x100
	msgErrqueue     = 0x2000
	msgNosignal     = 0x4000
	msgWaitforone   = 0x10000
	msgCmsgCloexec  = 0x40000000
	msgSendSupports = msgDontwait | msgNosignal | 0x80 | 0x8000 | 0x4 | 0x800 // EOR, MORE, DONTROUTE, CONFIRM: no difference
)

func readSocket(m *Machine, t *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	got := m.receive(t, d, total, 0)
	m.dropRights(got.rights)
	if got.ret < 0 {
		return got.ret
	}
	return m.give(spans, got.data)
}

func writeSocket(m *Machine, t *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	return m.sendData(t, d, m.gather(spans, total), nil, nil, 0)
}

// pause makes t's call wait for a change of the socket, or tells why it does not:
// it has waited long enough, or must not wait. done is how many bytes an
// interrupted or timed-out call has moved.
func (m *Machine) pause(t *thread, d *desc, flags uint32, timeout, done uint64) int64 {
	late := t.blocked() && t.wait.deadline <= m.now()
	if late || d.flags&oNonblock != 0 || flags&msgDontwait != 0 {
		if done > 0 {
			return int64(done)
		}
		return -eAGAIN
	}
	deadline := uint64(never)
	if timeout != 0 {
		deadline = m.after(timeout)
	}
	return m.block(t, wait{kind: waitFile, deadline: deadline, restart: restartSA, desc: m.st.index(d), done: done})
}

// takeErr returns and forgets a socket's pending error, negated.
func (k *sock) takeErr() int64 {
	e := k.err
	k.err = 0
	return -e
}

// broken is the result of writing to a connection that takes nothing more.
func (m *Machine) broken(t *thread, k *sock, flags uint32, done uint64) int64 {
	if done > 0 {
		return int64(done)
	}
	if k.typ == sockStream && flags&msgNosignal == 0 {
		m.post(t.p, t, m.fromUser(sigPIPE, siUser))
	}
	return -ePIPE
}

// sendData sends data from the socket of d, to an address if to is not nil, together
// with open files.
func (m *Machine) sendData(t *thread, d *desc, data []byte, to *sockAddr, rights []int, flags uint32) int64 {
	k := m.sockOf(d)
	if flags&msgOOB != 0 {
		return -eOPNOTSUPP
	}
	if k.err != 0 {
		return k.takeErr()
	}
	if !k.connection() {
		return m.sendDatagram(t, d, k, data, to, rights, flags)
	}
	done := t.wait.done // by earlier tries of this call
	switch {
	case k.shut:
		return m.broken(t, k, flags, done)
	case k.state == sockFresh || k.state == sockListening:
		if k.family == afUnix || k.state == sockFresh && k.typ == sockStream && !k.bound {
			return m.unconnected(t, k, flags)
		}
		return m.broken(t, k, flags, done)
	}
	p := m.peerOf(k)
	switch {
	case p == nil && k.family != afUnix && !k.reset:
		// The other host answers with a reset: the next write notices it.
		k.reset = true
		m.stir(k)
		return int64(len(data))
	case p == nil || p.deaf:
		return m.broken(t, k, flags, done)
	}
	if k.typ == sockSeqpacket {
		if len(data) > sockBuffer {
			return -eMSGSIZE
		}
		if len(p.packets) > 0 && p.room() < len(data) {
			return m.pause(t, d, flags, k.timeout[1], 0)
		}
		p.packets = append(p.packets, packet{data: data, from: k.local, rights: m.hold(rights)})
		m.stir(p)
		return int64(len(data))
	}
	if n := min(p.room(), len(data)-int(done)); n > 0 {
		if len(rights) > 0 && done == 0 {
			p.rights = append(p.rights, passed{at: p.read + uint64(len(p.bytes)), descs: m.hold(rights)})
		}
		p.bytes = append(p.bytes[:len(p.bytes):len(p.bytes)], data[done:int(done)+n]...)
		done += uint64(n)
		m.stir(p)
	}
	if done >= uint64(len(data)) {
		return int64(done)
	}
	return m.pause(t, d, flags, k.timeout[1], done)
}

// hold takes references to open files that are on their way.
func (m *Machine) hold(rights []int) []int {
	for _, i := range rights {
		m.st.descs[i].refs++
	}
	return rights
}

// unconnected is the result of writing to a socket that was never connected.
func (m *Machine) unconnected(t *thread, k *sock, flags uint32) int64 {
	if k.family == afUnix {
		return -eNOTCONN
	}
	return m.broken(t, k, flags, 0)
}

func (m *Machine) sendDatagram(t *thread, d *desc, k *sock, data []byte, to *sockAddr, rights []int, flags uint32) int64 {
	if k.shut {
		return m.broken(t, k, flags, 0)
	}
	p := m.peerOf(k)
	switch {
	case to != nil:
		_, p = m.target(k, to)
	case k.family != afUnix && k.state == sockConnected:
		_, p = m.target(k, &k.remote)
		to = &k.remote
	case p == nil && k.family == afUnix && k.state == sockConnected:
		return -eCONNREFUSED
	case p == nil && k.family == afUnix:
		return -eNOTCONN
	case p == nil:
		return -eDESTADDRREQ
	}
	if k.family != afUnix {
		switch {
		case !to.loopback() && !to.wildcard():
			return -eNETUNREACH
		case len(data) > maxMessage:
			return -eMSGSIZE
		}
		if !k.bound {
			if e := m.bindLocal(k, anyAddr(k.family)); e != 0 {
				return -e
			}
		}
		from := k.local
		if from.wildcard() {
			from.ip = to.loopbackIP()
		}
		if p != nil && p.state == sockConnected && (p.remote.ip != from.ip || p.remote.port != from.port) {
			p = nil // it talks to somebody else only
		}
		switch {
		case p == nil && k.state == sockConnected:
			k.err = eCONNREFUSED
			m.stir(k)
		case p != nil && !p.deaf && p.room() >= len(data):
			p.packets = append(p.packets, packet{data: data, from: from})
			m.stir(p)
		}
		return int64(len(data)) // what finds no room is lost
	}
	switch {
	case p == nil:
		return -eCONNREFUSED
	case p.deaf:
		return m.broken(t, k, flags, 0)
	case len(data) > sockBuffer:
		return -eMSGSIZE
	case p.room() < len(data) || len(p.packets) >= maxPackets:
		return m.pause(t, d, flags, k.timeout[1], 0)
	}
	p.packets = append(p.packets, packet{data: data, from: k.local, rights: m.hold(rights)})
	m.stir(p)
	return int64(len(data))
}

// received is what a receive gave: data, as much as fits, of a message of size
// bytes.
type received struct {
	ret    int64 // a negated error number, blocked, or 0
	data   []byte
	size   int
	from   *sockAddr
	rights []int // open files, whose references are the caller's now
}

// receive takes up to limit bytes from the socket of d.
func (m *Machine) receive(t *thread, d *desc, limit uint64, flags uint32) received {
	k := m.sockOf(d)
	switch {
	case flags&msgOOB != 0:
		return received{ret: -eINVAL}
	case flags&msgErrqueue != 0:
		return received{ret: -eAGAIN}
	case k.state == sockListening:
		if k.family == afUnix {
			return received{ret: -eINVAL}
		}
		return received{ret: -eNOTCONN}
	}
	if k.typ != sockStream {
		return m.receivePacket(t, d, k, limit, flags)
	}
	enough := uint64(1)
	if flags&msgWaitall != 0 {
		if enough = limit; enough > sockBuffer && enough > uint64(k.want) && m.wanted()+enough > maxWanted {
			enough = sockBuffer
		}
	}
	have := uint64(len(k.bytes))
	switch {
	case limit == 0 && have > 0:
		return received{}
	case have >= enough || have > 0 && (k.eof || k.deaf || k.err != 0):
	case k.err != 0:
		return received{ret: k.takeErr()}
	case k.eof || k.deaf:
		return received{}
	case k.state == sockFresh && k.family == afUnix:
		return received{ret: -eINVAL}
	case k.state == sockFresh:
		return received{ret: -eNOTCONN}
	default:
		r := m.pause(t, d, flags, k.timeout[0], 0)
		if p := m.peerOf(k); r == blocked && enough > sockBuffer && uint64(k.want) < enough {
			k.want = int(enough)
			if p != nil {
				m.stir(p)
			}
		}
		if r != -eAGAIN || have == 0 {
			return received{ret: r}
		}
	}
	n := min(have, limit)
	var rights []int
	if len(k.rights) > 0 {
		// Open files come with the first byte of their message; the next message
		// with some ends the read.
		first := k.rights[0]
		if first.at < k.read+n && first.at > k.read {
			n = first.at - k.read
		} else if first.at == k.read {
			if len(k.rights) > 1 {
				n = min(n, k.rights[1].at-k.read)
			}
			if rights = first.descs; flags&msgPeek != 0 {
				m.hold(rights)
			} else {
				k.rights = slices.Delete(k.rights, 0, 1)
			}
		}
	}
	got := received{data: k.bytes[:n:n], size: int(n), rights: rights}
	if flags&msgPeek == 0 {
		k.bytes, k.want = k.bytes[n:], 0
		k.read += n
		if len(k.bytes) == 0 {
			k.bytes = nil
		}
		if p := m.peerOf(k); p != nil {
			m.stir(p)
		}
	}
	return got
}

// wanted is how much more than usual sockets may hold for readers that want it.
func (m *Machine) wanted() (n uint64) {
	for _, k := range m.st.socks {
		if k != nil {
			n += uint64(k.want)
		}
	}
	return n
}

func (m *Machine) receivePacket(t *thread, d *desc, k *sock, limit uint64, flags uint32) received {
	if len(k.packets) == 0 {
		switch {
		case k.err != 0:
			return received{ret: k.takeErr()}
		case k.eof && k.connection() || k.deaf:
			return received{}
		case k.connection() && k.state == sockFresh:
			return received{ret: -eNOTCONN}
		}
		return received{ret: m.pause(t, d, flags, k.timeout[0], 0)}
	}
	p := k.packets[0]
	got := received{data: p.data[:min(uint64(len(p.data)), limit)], size: len(p.data), from: &p.from, rights: p.rights}
	if flags&msgPeek != 0 {
		m.hold(got.rights)
		return got
	}
	k.packets = slices.Delete(k.packets, 0, 1)
	// Senders may wait for room here without being known: unconnected ones.
	m.changed = true
	if o := m.peerOf(k); o != nil {
		m.stir(o)
	}
	return got
}
