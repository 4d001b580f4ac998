package linux

import (
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// tty is the guest's terminal in its kernel: settings, the line discipline N_TTY's
// buffers (ttyin.go, ttyout.go), and whose terminal it is. It is part of the state:
// a function of what has come from outside, which the input log has.
type tty struct {
	termios
	window [4]uint16 // rows, columns; width, height in pixels, which only the guest may set

	sid  vm.ThreadID // the session that it controls; 0 for none
	pgrp vm.ThreadID // the process group in the foreground
	hung bool        // its outside has gone

	// buf is what has been typed and not been read yet; with ttyEnd: it ends a line.
	// A 0 that ends a line is the end of a file. Up to ready it is complete lines,
	// from there on the line that is being typed. (Not so without ICANON.)
	buf   []uint16
	ready int
	later []byte // has arrived, but buf has no room

	literal bool // the next character is taken as it is (LNEXT)
	erasing bool // within what ECHOPRT shows between \ and /

	column      int  // of the cursor, as far as it is known
	canonColumn int  // where the line that is typed begins
	stopped     bool // output is
	byCall      bool // output has been stopped by tcflow(3): no key lets it go on
	held        []byte

	look    uint64 // icount from which on the outside is looked at while threads run
	changes uint64 // of readiness so far
}

const (
	ttyEnd    = 0x100   // in tty.buf
	ttyBuffer = 4096    // characters in tty.buf
	ttyLater  = 4 << 10 // no more is taken from outside while so many bytes wait
	maxHeld   = 4 << 10 // bytes of echo that are kept while output is stopped
	maxShown  = 1 << 20 // bytes of echo for what arrives at once: each key may repeat a line
)

func newTTY(size TerminalSize) *tty {
	return &tty{termios: initialTermios(), window: [4]uint16{size.Rows, size.Cols}, sid: pid, pgrp: pid}
}

func (y *tty) clone() *tty {
	c := *y
	c.buf = slices.Clone(y.buf)
	c.later = slices.Clone(y.later)
	c.held = slices.Clone(y.held)
	return &c
}

// listens reports whether something from outside would be taken.
func (y *tty) listens() bool { return !y.hung && len(y.later) < ttyLater }

// controls reports whether the terminal is p's controlling one.
func (y *tty) controls(p *process) bool {
	return y != nil && !y.hung && y.sid != 0 && y.sid == p.sid && !p.noTTY
}

// arriveTTY is arrive for the terminal.
func (m *Machine) arriveTTY(in *vm.Input, at uint64, fresh bool) {
	y := m.st.tty
	size := aux(in, 1)
	switch {
	case y.hung:
		return
	case len(in.Data) > 0:
		y.later = append(y.later, in.Data...)
		m.pump(at, fresh)
	case size == 0:
		m.hangUp()
	}
	if size != 0 {
		m.resize([4]uint16{uint16(size >> 16), uint16(size), y.window[2], y.window[3]})
	}
}

// pump has the line discipline take what has arrived, as far as there is room. at is
// the instruction or tick, fresh whether it is executed for the first time.
func (m *Machine) pump(at uint64, fresh bool) {
	y := m.st.tty
	if len(y.later) == 0 {
		return
	}
	shown, signals := y.receive()
	for _, sig := range signals {
		m.signalGroup(y.pgrp, sig)
	}
	m.emitAt(at, fresh, ttyStream, shown)
	m.ttyChanged()
}

func (m *Machine) ttyChanged() {
	m.st.tty.changes++
	m.changed = true
}

// signalGroup raises a signal of the kernel's for all processes of a group.
func (m *Machine) signalGroup(pgrp vm.ThreadID, sig int) {
	for _, p := range m.st.procs {
		if pgrp != 0 && p.pgid == pgrp {
			m.post(p, nil, sigInfo{sig: sig, code: siKernel})
		}
	}
}

// resize gives the window another size.
func (m *Machine) resize(window [4]uint16) {
	y := m.st.tty
	if y.window != window {
		y.window = window
		m.signalGroup(y.pgrp, sigWINCH)
	}
}

// hangUp is the end of the terminal: its session's leader is told.
func (m *Machine) hangUp() {
	y := m.st.tty
	y.hung, y.stopped, y.buf, y.ready, y.later, y.held = true, false, nil, 0, nil, nil
	if p := m.st.process(y.sid); p != nil && y.sid != 0 {
		for _, sig := range []int{sigHUP, sigCONT} {
			m.post(p, nil, sigInfo{sig: sig, code: siKernel})
		}
	}
	m.ttyChanged()
}

// leaveTTY parts process p from its terminal. With the leader of the session all part.
func (m *Machine) leaveTTY(p *process) {
	y := m.st.tty
	switch {
	case !y.controls(p):
	case p.sid == p.pid:
		fore := y.pgrp
		y.sid, y.pgrp = 0, 0
		m.signalGroup(fore, sigHUP)
		m.signalGroup(fore, sigCONT)
	default:
		p.noTTY = true
	}
}

// mayOpenTTY looks whether the process in focus may open d, the terminal by whatever
// name. A session's leader that has none gets it by that, as its controlling one.
func (m *Machine) mayOpenTTY(d *desc, flags uint32) int64 {
	const oNoctty = 0o400
	y := m.st.tty
	switch {
	case d.stream == ttyControlling && (y == nil || !y.controls(m.p)):
		return -eNXIO
	case y.hung:
		return -eIO
	case flags&oNoctty == 0 && m.p.sid == m.p.pid && y.sid == 0:
		y.sid, y.pgrp = m.p.sid, m.p.pgid
	}
	return 0
}

// background reports whether the process in focus is one of the terminal's session,
// but not in the foreground.
func (m *Machine) background() bool {
	y := m.st.tty
	return y.controls(m.p) && m.p.pgid != y.pgrp
}

// intrude is what a process in the background gets that reads or sets the terminal:
// a signal, which would stop it if it had no handler. errno is what its call gives
// then, 0: it may go on.
func (m *Machine) intrude(t *thread, sig int, errno int64) int64 {
	if !m.background() {
		return 0
	}
	if m.p.actions[sig].handler <= sigIGN || t.mask&bit(sig) != 0 {
		return errno
	}
	m.signalGroup(m.p.pgid, sig)
	return -eINTR
}
