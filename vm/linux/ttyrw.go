package linux

// Reading, writing and waiting for the terminal.

// ttyStream is the stream that everything belongs to that a terminal shows.
const ttyStream = 1

// Terminals by their names, in desc.stream.
const (
	ttyOwn         = iota // ttyPath
	ttyControlling        // ttyControllingPath
)

// Names of the terminal: its own, and what each process calls its controlling one.
const (
	ttyPath            = "/dev/pts/0"
	ttyControllingPath = "/dev/tty"
)

// decisecond is the unit of VTIME, ns.
const decisecond = second / 10

// readable reports whether a read would not wait, as poll(2) tells it.
func (y *tty) readable() bool {
	switch {
	case y.canonical():
		return y.ready > 0
	case y.cc[ccTime] == 0 && y.cc[ccMin] > 0:
		return len(y.buf) >= int(y.cc[ccMin])
	}
	return len(y.buf) > 0
}

// unread is how many bytes reads would get now.
func (y *tty) unread() int {
	if !y.canonical() {
		return len(y.buf)
	}
	n := 0
	for _, c := range y.buf[:y.ready] {
		if c != ttyEnd {
			n++
		}
	}
	return n
}

// await tells whether t's read of at most total bytes has to wait, and until when at
// most. Without ICANON it depends on VMIN and VTIME, see termios(3).
func (y *tty) await(t *thread, total int, now uint64) (deadline uint64, wait bool) {
	if y.canonical() {
		return never, y.ready == 0
	}
	have, least, pause := len(y.buf), int(y.cc[ccMin]), uint64(y.cc[ccTime])*decisecond
	switch {
	case have >= min(max(least, 1), total):
		return 0, false
	case t.blocked() && t.wait.deadline <= now:
		return 0, false
	case pause == 0:
		return never, least > 0
	case least > 0 && have == 0: // the clock starts with the first character
		return never, true
	case !t.blocked() || t.wait.deadline == never || least > 0 && uint64(have) != t.wait.addr:
		return now + pause, true
	}
	return t.wait.deadline, true
}

// take takes at most n bytes to be read: of one line only, if there are lines.
func (y *tty) take(n int) []byte {
	if !y.canonical() {
		n = min(n, len(y.buf))
		return y.drop(n, n)
	}
	for i, c := range y.buf[:y.ready] {
		switch {
		case c == ttyEnd: // also where it is all that is left of the line
			return y.drop(i, i+1)
		case i == n:
			return y.drop(i, i)
		case c&ttyEnd != 0:
			return y.drop(i+1, i+1)
		}
	}
	return y.drop(y.ready, y.ready)
}

// drop takes away the first m characters, and returns the first n.
func (y *tty) drop(n, m int) []byte {
	p := make([]byte, n)
	for i, c := range y.buf[:n] {
		p[i] = byte(c)
	}
	y.buf, y.ready = y.buf[m:], max(y.ready-m, 0)
	if len(y.buf) == 0 {
		y.buf = nil
	}
	return p
}

func readTTY(m *Machine, t *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	y := m.st.tty
	switch bad := m.intrude(t, sigTTIN, -eIO); {
	case bad != 0:
		return bad
	case y.hung || total == 0:
		return 0
	}
	n := int(min(total, ttyBuffer))
	deadline, waits := y.await(t, n, m.now())
	if waits && d.flags&oNonblock != 0 {
		if waits = false; y.canonical() || len(y.buf) == 0 {
			return -eAGAIN
		}
	}
	if waits {
		t.wait.deadline, t.wait.addr = deadline, uint64(len(y.buf)) // if it waits already
		return m.block(t, wait{kind: waitFile, deadline: deadline, restart: restartSA, desc: m.st.index(d), outside: true, addr: uint64(len(y.buf))})
	}
	p := y.take(n)
	m.pump(m.c.Icount, m.live())
	return m.give(spans, p)
}

func writeTTY(m *Machine, t *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	y := m.st.tty
	if y.hung {
		return -eIO
	}
	if y.local&locTOSTOP != 0 {
		if bad := m.intrude(t, sigTTOU, 0); bad != 0 {
			return bad
		}
	}
	switch {
	case total == 0:
		return 0
	case y.stopped && d.flags&oNonblock != 0:
		return -eAGAIN
	case y.stopped:
		return m.blockOn(t, d, wait{outside: true})
	}
	return m.showTTY(m.gather(spans, total))
}

// showTTY shows what a program writes.
func (m *Machine) showTTY(p []byte) int64 {
	y := m.st.tty
	if y.hung {
		return -eIO
	}
	m.emit(ttyStream, y.process(p))
	return int64(len(p))
}

func readyTTY(m *Machine, _ *desc) (ev uint32, outside bool) {
	y := m.st.tty
	if y.hung {
		return epollIn | epollOut | epollErr | epollHup, false
	}
	if y.readable() {
		ev |= epollIn
	}
	if !y.stopped {
		ev |= epollOut
	}
	return ev, true
}
