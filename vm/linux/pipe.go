package linux

import "slices"

// pipe is a pipe within the guest. Immutable slices: a clone shares buf.
type pipe struct {
	buf     []byte
	readers int // open files of either end
	writers int
	reads   uint64 // changes of readiness so far, for edge-triggered waits
	writes  uint64

	dev, ino uint64 // of a FIFO: what it is called on the host; else 0
}

// atomicWrite is PIPE_BUF: so many bytes are written in one piece.
const atomicWrite = 4096

func sysPipe2(m *Machine, _ *thread, a *[6]uint64) int64 {
	flags := uint32(a[1])
	switch {
	case flags&^(oCloexec|oNonblock|0o40000) != 0:
		return -eINVAL
	case !m.p.room(2):
		return -eMFILE
	case !m.mem.CanWrite(a[0], 8):
		return -eFAULT
	}
	i := m.newPipe(&pipe{readers: 1, writers: 1})
	if i < 0 {
		return -eNFILE
	}
	d := desc{flags: flags & oNonblock, mode: modeFIFO | 0o600, path: "pipe:[1]", pipe: i}
	in, out := d, d
	in.kind, in.flags = kindPipeIn, d.flags|oRdOnly
	out.kind, out.flags = kindPipeOut, d.flags|oWrOnly
	r := m.add(&in, flags&oCloexec != 0)
	w := m.add(&out, flags&oCloexec != 0)
	var b record
	b.u32(uint32(r), uint32(w))
	m.copyOut(a[0], b)
	return 0
}

// newPipe finds a place for p; -1: there are too many.
func (m *Machine) newPipe(p *pipe) int {
	s := m.st
	i := slices.Index(s.pipes, nil)
	switch {
	case i < 0 && len(s.pipes) == maxPipes:
		return -1
	case i < 0:
		i = len(s.pipes)
		s.pipes = append(s.pipes, nil)
	}
	s.pipes[i] = p
	return i
}

// reopenPipe makes d, a new open file for the pipe d.pipe, the end that its flags
// ask for.
func (m *Machine) reopenPipe(d *desc) {
	p := m.st.pipes[d.pipe]
	if d.flags&oAccMode == oRdOnly {
		d.kind = kindPipeIn
		p.readers++
	} else {
		d.kind = kindPipeOut
		p.writers++
	}
	m.changed = true
}

func readPipe(m *Machine, t *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	p := m.st.pipes[d.pipe]
	if total == 0 {
		return 0
	}
	if len(p.buf) == 0 {
		switch {
		case p.writers == 0:
			return 0
		case d.flags&oNonblock != 0:
			return -eAGAIN
		}
		return m.blockOn(t, d, wait{})
	}
	n := min(uint64(len(p.buf)), total)
	data := p.buf[:n]
	p.buf = p.buf[n:]
	p.reads++
	m.changed = true
	return m.give(spans, data)
}

func writePipe(m *Machine, t *thread, d *desc, spans []span, total uint64, _ int64) int64 {
	p := m.st.pipes[d.pipe]
	done := t.wait.done // by earlier tries of this call
	if p.readers == 0 {
		m.post(t.p, t, m.fromUser(sigPIPE, siUser))
		if done > 0 {
			return int64(done)
		}
		return -ePIPE
	}
	if total == 0 {
		return 0
	}
	room, left := uint64(pipeSize-len(p.buf)), total-min(done, total)
	if n := min(room, left); n > 0 && (n == left || total > atomicWrite) {
		data := m.gather(spans, total)[done : done+n]
		p.buf = append(p.buf[:len(p.buf):len(p.buf)], data...)
		p.writes++
		m.changed = true
		done += n
	}
	switch {
	case done >= total:
		return int64(done)
	case d.flags&oNonblock != 0 && done > 0:
		return int64(done)
	case d.flags&oNonblock != 0:
		return -eAGAIN
	}
	return m.blockOn(t, d, wait{done: done})
}

func readyPipeIn(m *Machine, d *desc) (ev uint32, _ bool) {
	p := m.st.pipes[d.pipe]
	if len(p.buf) > 0 {
		ev |= epollIn
	}
	if p.writers == 0 {
		ev |= epollHup
	}
	return ev, false
}

func readyPipeOut(m *Machine, d *desc) (ev uint32, _ bool) {
	p := m.st.pipes[d.pipe]
	if pipeSize-len(p.buf) >= atomicWrite {
		ev |= epollOut
	}
	if p.readers == 0 {
		ev |= epollErr
	}
	return ev, false
}

func readyPipeBoth(m *Machine, d *desc) (uint32, bool) {
	in, _ := readyPipeIn(m, d)
	out, _ := readyPipeOut(m, d)
	return in | out, false
}

func changesPipeBoth(m *Machine, d *desc) uint64 {
	return m.st.pipes[d.pipe].reads + m.st.pipes[d.pipe].writes
}

func changesPipeIn(m *Machine, d *desc) uint64  { return m.st.pipes[d.pipe].writes }
func changesPipeOut(m *Machine, d *desc) uint64 { return m.st.pipes[d.pipe].reads }

// releasePipe closes an end.
func releasePipe(m *Machine, d *desc) {
	p := m.st.pipes[d.pipe]
	if d.kind != kindPipeOut {
		p.readers--
	}
	if d.kind != kindPipeIn {
		p.writers--
	}
	p.reads++
	p.writes++
	m.changed = true
	if p.readers == 0 && p.writers == 0 {
		m.st.pipes[d.pipe] = nil
	}
}
