package linux

import (
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Socket options. Few of them make a difference here; the others are remembered.

// Options of level SOL_SOCKET (asm-generic/socket.h).
const (
	soType       = 3
	soError      = 4
	soSndbuf     = 7
	soRcvbuf     = 8
	soPeercred   = 17
	soRcvtimeo   = 20
	soSndtimeo   = 21
	soAcceptconn = 30
	soProtocol   = 38
	soDomain     = 39
)

// Other levels.
const (
	solIP      = 0
	solTCP     = 6
	solUDP     = 17
	solIPv6    = 41
	ipv6V6only = 26
	tcpInfo    = 11
)

const (
	maxOption  = 256 // bytes
	maxOptions = 64  // of a socket
)

func setOption(m *Machine, _ *thread, _ *desc, k *sock, a *[6]uint64) int64 {
	level, name := uint32(a[1]), uint32(a[2])
	if int32(a[4]) < 0 {
		return -eINVAL
	}
	value, ok := m.copyIn(a[3], int(min(uint32(a[4]), maxOption)))
	switch {
	case !ok:
		return -eFAULT
	case !knownLevel(k, level):
		return -eNOPROTOOPT
	}
	if level == solSocket {
		switch name {
		case soType, soError, soPeercred, soAcceptconn, soProtocol, soDomain:
			return -eNOPROTOOPT
		case soRcvtimeo, soSndtimeo:
			if len(value) < 16 {
				return -eINVAL
			}
			sec, usec := int64(leU64(value)), int64(leU64(value[8:]))
			if usec < 0 || usec >= 1e6 {
				return -eDOM
			}
			k.timeout[name-soRcvtimeo] = min(uint64(max(sec, 0)), never/4/1_000_000_000)*1e9 + uint64(usec)*1e3
			return 0
		case soSndbuf, soRcvbuf: // the kernel doubles what is asked for
			if len(value) < 4 {
				return -eINVAL
			}
			var b record
			b.u32(min(max(leU32(value), 1152), sockBuffer) * 2)
			value = b
		}
	}
	i := slices.IndexFunc(k.options, func(o sockOption) bool { return o.level == level && o.name == name })
	switch {
	case i >= 0:
		k.options = slices.Clone(k.options) // an accepted socket shares its listener's
		k.options[i].value = value
	case len(k.options) < maxOptions:
		k.options = append(k.options[:len(k.options):len(k.options)], sockOption{level, name, value})
	}
	return 0
}

func knownLevel(k *sock, level uint32) bool {
	switch level {
	case solSocket:
		return true
	case solIP:
		return k.family != afUnix
	case solIPv6:
		return k.family == afInet6
	case solTCP:
		return k.proto == ipProtoTCP
	case solUDP:
		return k.proto == ipProtoUDP
	}
	return false
}

// option is the value that was set for an option, nil if none was.
func (k *sock) option(level, name uint32) []byte {
	for _, o := range k.options {
		if o.level == level && o.name == name {
			return o.value
		}
	}
	return nil
}

func (k *sock) v6Only() bool {
	v := k.option(solIPv6, ipv6V6only)
	return len(v) >= 4 && leU32(v) != 0
}

func getOption(m *Machine, _ *thread, _ *desc, k *sock, a *[6]uint64) int64 {
	level, name := uint32(a[1]), uint32(a[2])
	room, ok := m.readU32(a[4])
	switch {
	case !ok:
		return -eFAULT
	case int32(room) < 0:
		return -eINVAL
	case !knownLevel(k, level):
		return -eNOPROTOOPT
	}
	var b record
	if level == solSocket {
		m.socketOption(k, &b, name)
	}
	if len(b) == 0 {
		b = k.option(level, name)
	}
	if len(b) == 0 {
		if level == solTCP && name == tcpInfo {
			b.zero(104)
		} else {
			b.u32(0)
		}
	}
	b = b[:min(len(b), int(room))]
	if !m.copyOut(a[3], b) || !m.writeU32(a[4], uint32(len(b))) {
		return -eFAULT
	}
	return 0
}

// socketOption tells the options of level SOL_SOCKET that are not just remembered.
func (m *Machine) socketOption(k *sock, b *record, name uint32) {
	switch name {
	case soType:
		b.u32(uint32(k.typ))
	case soError:
		b.u32(uint32(-k.takeErr()))
	case soDomain:
		b.u32(uint32(k.family))
	case soProtocol:
		b.u32(k.proto)
	case soAcceptconn:
		if k.state == sockListening {
			b.u32(1)
		}
	case soSndbuf, soRcvbuf:
		if k.option(solSocket, name) == nil {
			b.u32(sockBuffer)
		}
	case soRcvtimeo, soSndtimeo:
		ns := k.timeout[name-soRcvtimeo]
		b.u64(ns/1e9, ns%1e9/1e3)
	case soPeercred:
		o := vm.ThreadID(0)
		if p := m.peerOf(k); p != nil {
			o = p.owner
		}
		b.u32(uint32(o), m.st.uid, m.st.gid)
	}
}
