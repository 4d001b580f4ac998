package linux

import (
	"crypto/sha256"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Hash implements [vm.Machine].
func (m *Machine) Hash() vm.Hash {
	m.park()
	var e encoding
	e.u64(m.c.Icount)
	for _, x := range m.st.mms {
		space := m.realms[x.id].mem.Hash()
		e.bytes(space[:])
	}
	e.state(m.st)
	full := sha256.Sum256(e.record)
	var out vm.Hash
	copy(out[:], full[:])
	return out
}

// encoding is a canonical byte form of a state: equal states, equal bytes.
// Lengths precede what varies in length. What settle derives from the rest
// (state.next) is left out.
type encoding struct{ record }

func (e *encoding) bool(v bool) {
	if v {
		e.u8(1)
	} else {
		e.u8(0)
	}
}

func (e *encoding) bytes(b []byte) {
	e.u64(uint64(len(b)))
	e.u8(b...)
}

func (e *encoding) str(s string) { e.bytes([]byte(s)) }
func (e *encoding) int(v int)    { e.u64(uint64(v)) }

func (e *encoding) state(s *state) {
	e.int(s.pos)
	e.u64(uint64(s.uid), uint64(s.gid), s.boot, s.draws, s.skew, s.quantumEnd)
	e.bytes(s.seed[:])
	e.bool(s.idle)
	e.int(len(s.mms))
	for _, x := range s.mms {
		e.mm(x)
	}
	e.u64(s.lastMM)
	e.int(len(s.procs))
	for _, p := range s.procs {
		e.process(p)
	}
	e.int(len(s.threads))
	for _, t := range s.threads {
		e.thread(t)
	}
	e.u64(uint64(s.current), uint64(s.own), uint64(s.lastTID), s.waits)
	e.chaos(&s.chaos)
	e.int(len(s.queue))
	for _, id := range s.queue {
		e.int(int(id))
	}
	e.int(len(s.shared))
	for _, f := range s.shared {
		e.u64(f.id, f.dev, f.ino)
		e.int(f.desc)
		e.bool(f.written)
	}
	e.u64(s.lastShare)
	e.int(len(s.locks))
	for _, l := range s.locks {
		e.u64(l.dev, l.ino, uint64(l.pid), l.start, l.end)
		e.int(l.desc)
		e.bool(l.exclusive)
	}
	e.int(len(s.descs))
	for _, d := range s.descs {
		e.bool(d != nil)
		if d != nil {
			e.desc(d)
		}
	}
	e.int(len(s.pipes))
	for _, p := range s.pipes {
		e.bool(p != nil)
		if p != nil {
			e.bytes(p.buf)
			e.int(p.readers)
			e.int(p.writers)
			e.u64(p.reads, p.writes, p.dev, p.ino)
		}
	}
	e.int(len(s.socks))
	for _, k := range s.socks {
		e.bool(k != nil)
		if k != nil {
			e.sock(k)
		}
	}
	e.u64(s.sockets, s.ports)
	e.bytes(s.stdin.buf)
	e.bool(s.stdin.eof)
	e.u64(s.stdin.arrivals)
	e.u64(s.handles)
	e.bool(s.doom != nil)
	if s.doom != nil {
		e.u64(uint64(s.doom.pid), uint64(s.doom.sig), s.doom.addr)
	}
	e.bool(s.exited)
	e.status(s.status)
}

func (e *encoding) status(x vm.ExitStatus) {
	e.int(x.Code)
	e.int(x.Signal)
}

func (e *encoding) chaos(c *chaos) {
	e.bool(c.on)
	e.u64(c.x, c.turns, c.log, c.salt, uint64(c.starved), c.ready)
}

func (e *encoding) mm(x *mm) {
	e.u64(x.id, x.brkStart, x.brk)
	e.int(x.users)
	e.str(x.image.Path)
	e.int(len(x.image.Args))
	for _, a := range x.image.Args {
		e.str(a)
	}
	e.bytes(x.image.Auxv)
	e.int(len(x.env))
	for _, v := range x.env {
		e.str(v)
	}
	e.u64(x.image.Entry, x.image.Bias, x.image.InterpBias)
	e.str(x.image.Interp)
}

func (e *encoding) process(p *process) {
	e.u64(uint64(p.pid), uint64(p.ppid), uint64(p.pgid), uint64(p.sid), p.cpu, p.childCPU, p.born)
	e.bool(p.ended())
	if !p.ended() {
		e.u64(p.mm.id)
	}
	e.str(p.name)
	e.int(p.exitSignal)
	e.int(p.deathSig)
	e.status(p.status)
	e.bool(p.execed)
	for _, a := range p.actions {
		e.u64(a.handler, a.flags, a.mask, a.restorer)
	}
	e.signals(p.pending)
	for _, t := range p.itimers {
		e.u64(t.deadline, t.period)
	}
	e.int(len(p.timers))
	for i := range p.timers {
		t := &p.timers[i]
		e.u64(t.id, t.deadline, t.period, t.overrun, t.value, uint64(t.sig), uint64(t.target))
		e.u64(uint64(t.clock))
		e.bool(t.notify)
		e.bool(t.cpu)
	}
	e.int(len(p.fds))
	for _, f := range p.fds {
		e.int(f.desc)
		e.bool(f.cloexec)
	}
	e.str(p.cwd)
	e.u64(uint64(p.umask))
	for _, l := range p.limits {
		e.u64(l[0], l[1])
	}
}

func (e *encoding) thread(t *thread) {
	e.u64(uint64(t.id), uint64(t.p.pid))
	e.str(t.name)
	e.u64(t.regs...)
	e.u64(t.pc, t.last, t.cpu, t.since, t.mask, t.saved)
	e.bool(t.restoring)
	e.signals(t.pending)
	e.u64(t.altSP, t.altSize, uint64(t.altFlags), t.clearTID, t.robust)
	w := &t.wait
	e.u8(byte(w.kind), byte(w.restart))
	e.u64(w.seq, w.nr, w.deadline, uint64(w.late), w.addr, w.shared, w.bits, w.set, w.done, w.rem)
	e.u64(w.args[:]...)
	e.int(w.desc)
	e.bool(w.outside)
}

func (e *encoding) signals(q []sigInfo) {
	e.int(len(q))
	for _, si := range q {
		e.u64(uint64(si.sig), uint64(si.code), si.w[0], si.w[1], si.trap.nr, si.trap.err, si.trap.addr)
	}
}

func (e *encoding) desc(d *desc) {
	e.u8(byte(d.kind))
	e.int(d.refs)
	e.u64(uint64(d.flags), d.handle, d.dev, d.ino, uint64(d.off), uint64(d.mode), d.count, d.events)
	e.int(d.pipe)
	e.int(d.sock)
	e.int(d.stream)
	e.str(d.path)
	e.bytes(d.content)
	e.bool(d.remade)
	e.u8(d.flock)
	e.bool(d.semaphore)
	e.u64(d.timer.deadline, d.timer.period)
	e.u64(uint64(d.clock))
	e.bool(d.listed)
	e.int(len(d.listing))
	for _, x := range d.listing {
		e.u64(x.ino, uint64(x.typ))
		e.str(x.name)
	}
	e.int(len(d.items))
	for _, it := range d.items {
		e.int(it.fd)
		e.int(it.desc)
		e.u64(uint64(it.events), it.data, it.seen)
		e.bool(it.disabled)
	}
}
