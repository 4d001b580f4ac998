package linux

import (
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Sockets within the guest: AF_UNIX, and TCP and UDP on the loopback addresses.
// Nothing of them is outside: whatever one guest thread or process sends another
// one is a function of the icount, and lies in the state. (Other hosts cannot be
// reached, nor can they reach the guest.)

// Address families and socket types (bits/socket.h).
const (
	afUnspec = 0
	afUnix   = 1
	afInet   = 2
	afInet6  = 10

	sockStream    = 1
	sockDgram     = 2
	sockSeqpacket = 5
	sockNonblock  = 0o4000
	sockCloexec   = 0o2000000

	ipProtoTCP = 6
	ipProtoUDP = 17
)

const (
	maxSockets    = 4096
	sockBuffer    = 212992 // bytes that wait in a socket, as net.core.rmem_default
	maxPackets    = 512    // messages that wait in a socket
	maxBacklog    = 4096
	maxMessage    = 65507 // bytes of a UDP datagram
	firstEphemera = 32768 // ports given to sockets that ask for none: up to 60999
	lastEphemera  = 60999
	maxPassed     = 253      // open files in one message (SCM_MAX_FD)
	maxWanted     = 64 << 20 // bytes that readers may wait for together
	maxInFlight   = maxFDs   // open files in all messages that wait
)

// sockState says how far a socket has come.
type sockState uint8

const (
	sockFresh     sockState = iota // not connected; bound perhaps
	sockListening                  // accepts connections
	sockConnected
	sockDead // connected once: the other end is gone for good
)

// sock is a socket. What waits in it for its reader lies in bytes (streams) or
// packets. Byte slices in it are immutable: a clone shares them.
type sock struct {
	family uint16
	typ    uint16
	proto  uint32
	state  sockState
	local  sockAddr
	remote sockAddr
	owner  vm.ThreadID // process that made it or listened at it
	bound  bool
	auto   bool // connecting has bound it: disconnecting undoes that
	peer   int  // the other end, an index into state.socks; -1: none

	bytes   []byte
	rights  []passed // open files that travel with the bytes, ascending by place
	packets []packet
	read    uint64 // bytes read from the stream so far

	backlog []int // connections not accepted yet, oldest first
	limit   int   // of backlog

	eof     bool  // nothing more will arrive
	shut    bool  // nothing more may be sent
	want    int   // bytes that a reader waits for together (MSG_WAITALL); 0: none does
	deaf    bool  // what arrives is not wanted any more (SHUT_RD)
	reset   bool  // something was sent after the other end had gone
	err     int64 // pending error
	events  uint64
	timeout [2]uint64 // SO_RCVTIMEO, SO_SNDTIMEO in ns; 0: none
	options []sockOption
	mark    uint64 // numbers the sockets, for getsockname of unnamed ones and inodes
}

// packet is a message that waits. Immutable.
type packet struct {
	data   []byte
	from   sockAddr
	rights []int
}

// passed are open files sent with the byte at place at of a stream.
type passed struct {
	at    uint64
	descs []int // indices into state.descs, each holding a reference
}

// sockOption is an option that has been set and only is remembered.
type sockOption struct {
	level, name uint32
	value       []byte // immutable
}

func (k *sock) clone() *sock {
	c := *k
	c.rights = slices.Clone(k.rights)
	c.packets = slices.Clone(k.packets)
	c.backlog = slices.Clone(k.backlog)
	c.options = slices.Clone(k.options)
	return &c
}

// size is roughly how many bytes a clone takes.
func (k *sock) size() int {
	n := 320 + len(k.bytes) + 24*len(k.rights) + 64*len(k.packets) + 40*len(k.options)
	for _, p := range k.packets {
		n += len(p.data)
	}
	return n
}

// connection reports whether the socket's type has connections.
func (k *sock) connection() bool { return k.typ != sockDgram }

// newSock puts a socket into the table.
func (m *Machine) newSock(k *sock) int {
	s := m.st
	s.sockets++
	k.peer, k.mark, k.owner = -1, s.sockets, m.p.pid
	i := slices.Index(s.socks, nil)
	if i < 0 {
		i = len(s.socks)
		s.socks = append(s.socks, nil)
	}
	s.socks[i] = k
	return i
}

// socketFile makes an open file of socket i.
func (m *Machine) socketFile(i int, flags uint32) int64 {
	return m.add(&desc{
		kind: kindSocket, flags: flags&oNonblock | oRdWr, mode: modeSocket | 0o777,
		path: "socket:[" + decimal(1000+m.st.socks[i].mark) + "]", sock: i,
	}, flags&oCloexec != 0)
}

func (m *Machine) sockOf(d *desc) *sock { return m.st.socks[d.sock] }

// peerOf is the other end of a connection, nil if there is none.
func (m *Machine) peerOf(k *sock) *sock {
	if k.peer < 0 {
		return nil
	}
	return m.st.socks[k.peer]
}

// stir notes that something has changed for those who wait for k.
func (m *Machine) stir(k *sock) {
	k.events++
	m.changed = true
}

// queued is how many bytes wait in k.
func (k *sock) queued() int {
	n := len(k.bytes)
	for i := range k.packets {
		n += len(k.packets[i].data)
	}
	return n
}

// room is how many bytes more may be sent to k.
func (k *sock) room() int {
	if len(k.packets) >= maxPackets {
		return 0
	}
	// A reader that wants more at once than there is room for must get it.
	return max(max(sockBuffer, k.want)-k.queued(), 0)
}

func readySocket(m *Machine, d *desc) (ev uint32, _ bool) {
	k := m.sockOf(d)
	if k.err != 0 {
		ev |= epollErr | epollIn | epollOut
	}
	if k.state == sockListening {
		if len(k.backlog) > 0 {
			ev |= epollIn
		}
		return ev, false
	}
	if len(k.bytes) > 0 || len(k.packets) > 0 {
		ev |= epollIn
	}
	if k.eof {
		ev |= epollIn | epollRdhup
	}
	switch p := m.peerOf(k); {
	case k.typ == sockDgram && (p == nil || p.room() > 0):
		ev |= epollOut
	case k.typ == sockDgram:
	case k.state == sockFresh:
		ev |= epollOut | epollHup
	case k.state == sockDead || k.shut:
		ev |= epollOut
	case p != nil && p.room() >= sockBuffer/3:
		ev |= epollOut
	}
	if k.connection() && (k.state == sockDead && (k.family == afUnix || k.reset) || k.shut && k.eof) {
		ev |= epollHup
	}
	return ev, false
}

func changesSocket(m *Machine, d *desc) uint64 { return m.sockOf(d).events }

// releaseSocket closes a socket: the other end reads what is there, and then the
// end of the stream.
func releaseSocket(m *Machine, d *desc) { m.closeSock(d.sock) }

func (m *Machine) closeSock(i int) {
	s := m.st
	k := s.socks[i]
	s.socks[i] = nil
	for _, c := range k.backlog {
		m.closeSock(c)
	}
	unread := k.queued() > 0
	if p := m.peerOf(k); p != nil && p.peer == i {
		p.peer = -1
		p.eof = true
		if p.connection() {
			p.state = sockDead
			if unread {
				p.err = eCONNRESET
			}
		}
		m.stir(p)
	}
	for _, r := range k.rights {
		m.dropRights(r.descs)
	}
	for j := range k.packets {
		m.dropRights(k.packets[j].rights)
	}
	// Datagram sockets that are connected to it lose it.
	for _, o := range s.socks {
		if o != nil && o.peer == i {
			o.peer = -1
			m.stir(o)
		}
	}
	m.changed = true
}

func (m *Machine) dropRights(descs []int) {
	for _, i := range descs {
		m.unref(i)
	}
}

// bindLocal gives k an address that nobody else has.
func (m *Machine) bindLocal(k *sock, a sockAddr) int64 {
	if a.family != afUnix {
		switch {
		case !a.loopback() && !a.wildcard():
			return eADDRNOTAVAIL
		case a.port == 0:
			p, ok := m.freePort(k, &a)
			if !ok {
				return eADDRINUSE
			}
			a.port = p
		case m.taken(k, &a):
			return eADDRINUSE
		}
	} else if m.taken(k, &a) {
		return eADDRINUSE
	}
	k.local, k.bound = a, true
	return 0
}

// taken reports whether another socket of k's type has address a, or one that
// includes it. Connections share their listener's address.
func (m *Machine) taken(k *sock, a *sockAddr) bool {
	for _, o := range m.st.socks {
		if o == nil || o == k || !o.bound || o.typ != k.typ || o.local.port != a.port || o.local.path != a.path {
			continue
		}
		if (o.local.family == afUnix) != (a.family == afUnix) || o.state == sockConnected || o.state == sockDead {
			continue
		}
		if a.family == afUnix || o.local.ip == a.ip || o.local.wildcard() || a.wildcard() {
			return true
		}
	}
	return false
}

func (m *Machine) freePort(k *sock, a *sockAddr) (uint16, bool) {
	s := m.st
	for range lastEphemera - firstEphemera + 1 {
		b := *a
		b.port = uint16(firstEphemera + s.ports%(lastEphemera-firstEphemera+1))
		s.ports++
		if !m.taken(k, &b) {
			return b.port, true
		}
	}
	return 0, false
}

// target finds the socket that is reached at address a.
func (m *Machine) target(k *sock, a *sockAddr) (index int, o *sock) {
	best := -1
	for i, o := range m.st.socks {
		if o == nil || !o.bound || o.typ != k.typ || (o.family == afUnix) != (a.family == afUnix) {
			continue
		}
		if o.connection() && o.state != sockListening {
			continue
		}
		if a.family == afUnix {
			if o.local.path == a.path {
				return i, o
			}
			continue
		}
		if o.local.port != a.port || o.family == afInet && !a.v4() {
			continue
		}
		switch {
		case o.local.ip == a.ip || o.local.ip == a.loopbackIP() && a.wildcard():
			return i, o
		case o.local.wildcard() && (a.loopback() || a.wildcard()) && !(o.v6Only() && a.v4()):
			best = i
		}
	}
	if best < 0 {
		return -1, nil
	}
	return best, m.st.socks[best]
}

// join makes two sockets the ends of one connection.
func (m *Machine) join(i, j int) {
	a, b := m.st.socks[i], m.st.socks[j]
	a.peer, b.peer = j, i
	a.state, b.state = sockConnected, sockConnected
	m.stir(a)
	m.stir(b)
}
