package linux

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// sockAddr is the address of a socket. IPv4 addresses are kept as IPv6 has them,
// mapped (RFC 4291, section 2.5.5.2).
type sockAddr struct {
	family uint16
	path   string // AF_UNIX: a path, absolute, or a name that starts with a zero byte; empty: unnamed
	ip     [16]byte
	port   uint16
}

const maxSockAddr = 128 // bytes of a sockaddr_storage

func decimal(v uint64) string { return strconv.FormatUint(v, 10) }

func mapped(a, b, c, d byte) [16]byte {
	return [16]byte{10: 0xff, 11: 0xff, 12: a, 13: b, 14: c, 15: d}
}

// v4 reports whether the address is an IPv4 one, mapped or not.
func (a *sockAddr) v4() bool {
	return [12]byte(a.ip[:12]) == [12]byte{10: 0xff, 11: 0xff}
}

// wildcard reports whether the address stands for all of the host's.
func (a *sockAddr) wildcard() bool {
	return a.ip == [16]byte{} || a.ip == mapped(0, 0, 0, 0)
}

// loopback reports whether the address is one of the guest's own.
func (a *sockAddr) loopback() bool {
	return a.ip == [16]byte{15: 1} || a.v4() && a.ip[12] == 127
}

// loopbackIP is the loopback address of a's kind.
func (a *sockAddr) loopbackIP() [16]byte {
	if a.v4() {
		return mapped(127, 0, 0, 1)
	}
	return [16]byte{15: 1}
}

// anyAddr is the address of a socket that has been given none.
func anyAddr(family uint16) sockAddr {
	a := sockAddr{family: family}
	if family == afInet {
		a.ip = mapped(0, 0, 0, 0)
	}
	return a
}

// encode lays the address out as the guest has it (struct sockaddr_un,
// sockaddr_in, sockaddr_in6) for a socket of the given family.
func (a *sockAddr) encode(family uint16) []byte {
	var b record
	b.u16(family)
	port := func() { b.u8(byte(a.port>>8), byte(a.port)) }
	switch family {
	case afUnix:
		if a.path != "" {
			b.u8([]byte(a.path)...)
			if a.path[0] != 0 {
				b.u8(0)
			}
		}
	case afInet:
		port()
		b.u8(a.ip[12:]...)
		b.zero(8)
	case afInet6:
		port()
		b.u32(0)
		b.u8(a.ip[:]...)
		b.u32(0)
	}
	return b
}

// readAddr reads a socket address of k's family.
func (m *Machine) readAddr(k *sock, addr, size uint64) (a sockAddr, errno int64) {
	if size > maxSockAddr || size < 2 {
		return a, eINVAL
	}
	raw, ok := m.copyIn(addr, int(size))
	if !ok {
		return a, eFAULT
	}
	return m.decodeAddr(k, raw)
}

func (m *Machine) decodeAddr(k *sock, raw []byte) (a sockAddr, errno int64) {
	a.family = binary.LittleEndian.Uint16(raw)
	switch {
	case a.family == afUnspec:
		return a, 0
	case a.family == afUnix && k.family == afUnix:
		a.path = string(raw[2:])
		if a.path != "" && a.path[0] != 0 {
			for i := range a.path {
				if a.path[i] == 0 {
					a.path = a.path[:i]
					break
				}
			}
			if a.path[0] != '/' {
				a.path = strings.TrimSuffix(m.p.cwd, "/") + "/" + a.path
			}
		}
	case a.family == afInet && k.family != afUnix:
		if len(raw) < 16 {
			return a, eINVAL
		}
		a.port = binary.BigEndian.Uint16(raw[2:])
		a.ip = mapped(raw[4], raw[5], raw[6], raw[7])
	case a.family == afInet6 && k.family == afInet6:
		if len(raw) < 24 {
			return a, eINVAL
		}
		a.port = binary.BigEndian.Uint16(raw[2:])
		copy(a.ip[:], raw[8:24])
	default:
		return a, eAFNOSUPPORT
	}
	return a, 0
}

// giveAddr writes an address and its size where a call wants them; nowhere if
// addr is 0. What does not fit is cut off.
func (m *Machine) giveAddr(raw []byte, addr, sizeAt uint64) int64 {
	if addr == 0 {
		return 0
	}
	room, ok := m.readU32(sizeAt)
	switch {
	case !ok:
		return -eFAULT
	case int32(room) < 0:
		return -eINVAL
	case !m.copyOut(addr, raw[:min(len(raw), int(room))]) || !m.writeU32(sizeAt, uint32(len(raw))):
		return -eFAULT
	}
	return 0
}
