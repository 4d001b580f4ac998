package linux

import (
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// What ioctl(2) does with the terminal (ioctl_tty(2)).

// ttyRequest is a request of ioctl for the terminal; arg is its last argument.
type ttyRequest func(m *Machine, t *thread, arg uint64) int64

// requestSetPgrp is TIOCSPGRP, the only one that has another error after a hang-up.
const requestSetPgrp = 0x5410

// ttyRequests is set by init: the requests refer back to it.
var ttyRequests map[uint32]ttyRequest

func init() {
	ttyRequests = map[uint32]ttyRequest{
		0x5401:         getTermios(termiosSize),                              // TCGETS
		0x5402:         setTermios(termiosSize, false),                       // TCSETS
		0x5403:         setTermios(termiosSize, false),                       // TCSETSW: all output is out always
		0x5404:         setTermios(termiosSize, true),                        // TCSETSF
		0x802c542a:     getTermios(termios2Size),                             // TCGETS2
		0x402c542b:     setTermios(termios2Size, false),                      // TCSETS2
		0x402c542c:     setTermios(termios2Size, false),                      // TCSETSW2
		0x402c542d:     setTermios(termios2Size, true),                       // TCSETSF2
		0x5409:         changesTTY(nothing),                                  // TCSBRK
		0x540a:         changesTTY(ttyFlow),                                  // TCXONC
		0x540b:         changesTTY(ttyFlush),                                 // TCFLSH
		0x540c:         nothing,                                              // TIOCEXCL
		0x540d:         nothing,                                              // TIOCNXCL
		0x540e:         ttyControl,                                           // TIOCSCTTY
		0x540f:         ttyGetPgrp,                                           // TIOCGPGRP
		requestSetPgrp: ttySetPgrp,                                           // TIOCSPGRP
		0x5411:         givesNumber(func(*tty) int { return 0 }),             // TIOCOUTQ
		0x5412:         refused(-eIO),                                        // TIOCSTI
		0x5413:         ttyGetWindow,                                         // TIOCGWINSZ
		0x5414:         ttySetWindow,                                         // TIOCSWINSZ
		0x541b:         givesNumber((*tty).unread),                           // FIONREAD
		0x5422:         ttyLeave,                                             // TIOCNOTTY
		0x5423:         ttySetDiscipline,                                     // TIOCSETD
		0x5424:         givesNumber(func(y *tty) int { return int(y.disc) }), // TIOCGETD
		0x5425:         changesTTY(nothing),                                  // TCSBRKP
		0x5429:         ttyGetSession,                                        // TIOCGSID
		0x80045432:     givesNumber(func(*tty) int { return ttyNumber }),     // TIOCGDEV
		0x80045440:     givesNumber(func(*tty) int { return 0 }),             // TIOCGEXCL
	}
}

// Device numbers of the terminal, and of /dev/tty.
const (
	ttyNumber            = 136 << 8
	ttyControllingNumber = 5 << 8
)

// controlTTY is request nr on the terminal.
func (m *Machine) controlTTY(t *thread, nr uint32, do ttyRequest, arg uint64) int64 {
	switch {
	case !m.st.tty.hung:
		return do(m, t, arg)
	case nr == requestSetPgrp:
		return -eNOTTY
	}
	return -eIO
}

func nothing(*Machine, *thread, uint64) int64 { return 0 }

func refused(errno int64) ttyRequest { return func(*Machine, *thread, uint64) int64 { return errno } }

// changesTTY is a request that a process in the background is signalled for.
func changesTTY(do ttyRequest) ttyRequest {
	return func(m *Machine, t *thread, arg uint64) int64 {
		if bad := m.intrude(t, sigTTOU, 0); bad != 0 {
			return bad
		}
		return do(m, t, arg)
	}
}

func givesNumber(of func(y *tty) int) ttyRequest {
	return func(m *Machine, _ *thread, arg uint64) int64 {
		if !m.writeU32(arg, uint32(of(m.st.tty))) {
			return -eFAULT
		}
		return 0
	}
}

func getTermios(size int) ttyRequest {
	return func(m *Machine, _ *thread, arg uint64) int64 {
		if !m.copyOut(arg, m.st.tty.encode()[:size]) {
			return -eFAULT
		}
		return 0
	}
}

func setTermios(size int, flush bool) ttyRequest {
	return changesTTY(func(m *Machine, _ *thread, arg uint64) int64 {
		raw, ok := m.copyIn(arg, size)
		if !ok {
			return -eFAULT
		}
		y := m.st.tty
		if flush {
			y.flush()
		}
		m.ttyOut(y.set(y.termios.decode(raw)))
		return 0
	})
}

// set changes the settings. It returns what has been kept of the output, if that goes
// on by it.
func (y *tty) set(to termios) (out []byte) {
	was := y.termios
	y.termios = to
	if (was.local^to.local)&(locICANON|locEXTPROC) != 0 {
		// What lines were is none any more, but what is there is a line.
		for i := range y.buf {
			y.buf[i] &^= ttyEnd
		}
		y.ready, y.erasing, y.literal = 0, false, false
		if n := len(y.buf); n > 0 && to.local&locICANON != 0 {
			y.buf[n-1] |= ttyEnd
			y.ready = n
		}
	}
	if was.in&inIXON != 0 && to.in&inIXON == 0 && y.stopped && !y.byCall {
		out = y.start()
	}
	return out
}

// ttyOut is the end of a request that may have changed what can be read, or let
// output go on: out is what has been kept of it.
func (m *Machine) ttyOut(out []byte) {
	m.emitAt(m.c.Icount, m.live(), ttyStream, out)
	m.pump(m.c.Icount, m.live())
	m.ttyChanged()
}

// ttyFlow is tcflow(3): it stops output or lets it go on, or asks the outside to do so
// with what it sends.
func ttyFlow(m *Machine, _ *thread, arg uint64) int64 {
	y := m.st.tty
	switch do := int32(arg); do {
	case 0: // TCOOFF
		y.stopped, y.byCall = true, true
	case 1: // TCOON
		if y.byCall {
			m.ttyOut(y.start())
		}
	case 2, 3: // TCIOFF, TCION
		if c := y.cc[[]int{ccStop, ccStart}[do-2]]; c != ccDisabled {
			m.emit(ttyStream, []byte{c})
		}
	default:
		return -eINVAL
	}
	return 0
}

func ttyFlush(m *Machine, _ *thread, arg uint64) int64 {
	const input, output, both = 0, 1, 2
	switch int32(arg) {
	case input, both:
		m.st.tty.flush()
		m.ttyOut(nil)
	case output:
	default:
		return -eINVAL
	}
	return 0
}

func ttyGetWindow(m *Machine, _ *thread, arg uint64) int64 {
	var b record
	b.u16(m.st.tty.window[:]...)
	if !m.copyOut(arg, b) {
		return -eFAULT
	}
	return 0
}

func ttySetWindow(m *Machine, _ *thread, arg uint64) int64 {
	raw, ok := m.copyIn(arg, 8)
	if !ok {
		return -eFAULT
	}
	v := leU64(raw)
	m.resize([4]uint16{uint16(v), uint16(v >> 16), uint16(v >> 32), uint16(v >> 48)})
	return 0
}

func ttyGetPgrp(m *Machine, _ *thread, arg uint64) int64 {
	y := m.st.tty
	if !y.controls(m.p) {
		return -eNOTTY
	}
	return givesNumber(func(y *tty) int { return int(y.pgrp) })(m, nil, arg)
}

func ttySetPgrp(m *Machine, t *thread, arg uint64) int64 {
	y := m.st.tty
	v, ok := m.readU32(arg)
	pgrp := vm.ThreadID(int32(v))
	switch {
	case !y.controls(m.p):
		return -eNOTTY
	case !ok:
		return -eFAULT
	case pgrp < 0:
		return -eINVAL
	case !slices.ContainsFunc(m.st.procs, func(p *process) bool { return p.pgid == pgrp }):
		return -eSRCH
	case !m.groupIn(pgrp, m.p.sid):
		return -ePERM
	}
	if bad := m.intrude(t, sigTTOU, 0); bad != 0 {
		return bad
	}
	y.pgrp = pgrp
	m.changed = true // readers may be in the foreground now, or no longer
	return 0
}

func ttyGetSession(m *Machine, _ *thread, arg uint64) int64 {
	if !m.st.tty.controls(m.p) {
		return -eNOTTY
	}
	return givesNumber(func(y *tty) int { return int(y.sid) })(m, nil, arg)
}

// ttyControl makes the terminal the controlling one of the session that the process
// leads.
func ttyControl(m *Machine, _ *thread, _ uint64) int64 {
	y, p := m.st.tty, m.p
	switch {
	case p.sid == p.pid && y.sid == p.sid:
		return 0
	case p.sid != p.pid || y.sid != 0:
		return -ePERM
	}
	y.sid, y.pgrp = p.sid, p.pgid
	return 0
}

func ttyLeave(m *Machine, _ *thread, _ uint64) int64 {
	if !m.st.tty.controls(m.p) {
		return -eNOTTY
	}
	m.leaveTTY(m.p)
	return 0
}

func ttySetDiscipline(m *Machine, _ *thread, arg uint64) int64 {
	v, ok := m.readU32(arg)
	switch {
	case !ok:
		return -eFAULT
	case v != 0: // N_TTY, the only one
		return -eINVAL
	}
	return 0
}
