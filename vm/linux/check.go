package linux

import (
	"fmt"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// A saved snapshot may come from a stranger, or be damaged in a way that no checksum
// shows. What the kernel relies on in a state is looked at before one is believed:
// that what refers to something refers to what is there, that counts of references are
// right, that what is ordered is in order, and that nothing leads in circles. What a
// guest could bring about needs no look.

// checking looks at a state.
type checking struct {
	s    *state
	refs []int // to each of descs, as counted
	err  error // the first thing found
}

// check looks whether the state, which comes from outside, is one that the kernel can
// work with.
func (s *state) check(a *arch) error {
	c := &checking{s: s, refs: make([]int, len(s.descs))}
	for _, look := range []func(){c.processes, func() { c.threads(a) }, c.files, c.tty, c.epolls, c.pipes, c.sockets, c.counts} {
		if look(); c.err != nil {
			return c.err
		}
	}
	return nil
}

// must records that something does not hold.
func (c *checking) must(holds bool, format string, args ...any) {
	if !holds && c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// maxID bounds the numbers of threads and processes: guests have them in 32 bits.
const maxID = 1 << 30

func (c *checking) processes() {
	s := c.s
	users := map[*mm]int{}
	var last vm.ThreadID
	for _, p := range s.procs {
		c.must(p.pid > last && p.pid <= s.lastTID, "process %d is out of order", p.pid)
		last = p.pid
		users[p.mm]++
		c.must(p.exitSignal >= 0 && p.exitSignal <= numSignals && p.deathSig >= 0 && p.deathSig <= numSignals,
			"process %d sends signals %d and %d", p.pid, p.exitSignal, p.deathSig)
		c.signals(p.pending)
		var id uint64
		for i := range p.timers {
			t := &p.timers[i]
			c.must(i == 0 || t.id > id, "timer %d is out of order", t.id)
			c.must(!t.notify || t.sig >= 1 && t.sig <= numSignals, "timer %d sends signal %d", t.id, t.sig)
			id = t.id
		}
		for fd, f := range p.fds {
			if f.desc != -1 {
				c.refer(f.desc, "descriptor %d of process %d", fd, p.pid)
			}
		}
	}
	owner := s.owner()
	c.must(owner != nil && owner.mm != nil, "the debugged process is not there")
	c.must(s.lastTID <= maxID, "the last thread has number %d", s.lastTID)
	var id uint64
	for _, x := range s.mms {
		c.must(x.id > id && x.id <= s.lastMM, "address space %d is out of order", x.id)
		id = x.id
		c.must(x.users == users[x], "address space %d has %d users, %d processes have it", x.id, x.users, users[x])
		c.must(x.users > 0, "nobody has address space %d", x.id)
		c.must(x.brkStart <= x.brk && x.brk <= mem.MaxAddr, "the heap is at %#x to %#x", x.brkStart, x.brk)
	}
	if d := s.doom; d != nil {
		p := s.process(d.pid)
		c.must(p != nil && p.mm != nil && d.sig >= 1 && d.sig <= numSignals, "signal %d kills process %d", d.sig, d.pid)
	}
	c.must(s.pos >= 0, "input %d is the next", s.pos)
}

func (c *checking) signals(q []sigInfo) {
	for i := range q {
		c.must(q[i].sig >= 1 && q[i].sig <= numSignals, "signal %d is pending", q[i].sig)
	}
}

func (c *checking) threads(a *arch) {
	s := c.s
	var last vm.ThreadID
	living := map[*process]int{}
	for _, t := range s.threads {
		c.must(t.id > last && t.id <= s.lastTID, "thread %d is out of order", t.id)
		last = t.id
		c.must(t.p.mm != nil, "thread %d is one of a process that has ended", t.id)
		living[t.p]++
		c.must(len(t.regs) == a.slots, "thread %d has %d registers", t.id, len(t.regs))
		c.signals(t.pending)
		c.wait(t)
	}
	for _, p := range s.procs {
		c.must((p.mm != nil) == (living[p] > 0), "process %d has %d threads", p.pid, living[p])
	}
	current, own := s.thread(s.current), s.thread(s.own)
	c.must(current != nil && own != nil && own.p.own(), "thread %d is the current one, %d was the last of the debugged process", s.current, s.own)
	queued := map[vm.ThreadID]bool{}
	for _, id := range s.queue {
		t := s.thread(id)
		c.must(t != nil && !t.blocked() && !queued[id], "thread %d waits for its turn", id)
		queued[id] = true
	}
	if current != nil && !s.idle && !s.exited {
		c.must(!current.blocked() && !queued[s.current], "thread %d runs and waits", s.current)
	}
}

// wait looks at what a blocked thread waits for.
func (c *checking) wait(t *thread) {
	w := &t.wait
	c.must(w.kind <= waitVfork && w.restart <= restartSA, "thread %d waits in way %d", t.id, w.kind)
	if !t.blocked() {
		return
	}
	c.must(w.nr < numCalls && w.done <= maxWait, "thread %d waits in call %d", t.id, w.nr)
	if w.desc != -1 {
		c.refer(w.desc, "thread %d", t.id)
	}
	if c.err != nil || w.kind != waitFile && w.kind != waitChild {
		return
	}
	c.must(calls[w.nr].fn != nil, "thread %d waits in call %d, which does not exist", t.id, w.nr)
	switch w.nr {
	case 56, 437: // openat, openat2: for the other end of a FIFO
		c.must(w.desc != -1, "thread %d waits to open nothing", t.id)
	}
}

// maxWait bounds how far a waiting call may have got, in bytes.
const maxWait = 1 << 40

// refer counts a reference to an open file.
func (c *checking) refer(i int, from string, args ...any) {
	if i < 0 || i >= len(c.s.descs) || c.s.descs[i] == nil {
		c.must(false, "%s refers to open file %d, which does not exist", fmt.Sprintf(from, args...), i)
		return
	}
	c.refs[i]++
}

// there reports whether there is an open file i.
func (c *checking) there(i int) bool {
	return i >= 0 && i < len(c.s.descs) && c.s.descs[i] != nil
}

func (c *checking) files() {
	s := c.s
	for i, d := range s.descs {
		if d == nil {
			continue
		}
		c.must(d.kind > kindNone && int(d.kind) < len(kinds), "open file %d is of kind %d", i, d.kind)
		c.must(d.off >= 0, "the offset of open file %d is %d", i, d.off)
		switch d.kind {
		case kindOutput:
			c.must(d.stream == 1 || d.stream == 2, "open file %d is output %d", i, d.stream)
		case kindTTY:
			c.must(s.tty != nil && (d.stream == ttyOwn || d.stream == ttyControlling), "open file %d is terminal %d, which does not exist", i, d.stream)
		case kindDevice:
			c.must(d.stream >= devNull && d.stream <= devRandom, "open file %d is device %d", i, d.stream)
		}
	}
	ids := map[uint64]bool{}
	for _, f := range s.shared {
		c.must(f.id > 0 && f.id <= s.lastShare && !ids[f.id], "shared memory %d is there twice, or not at all", f.id)
		ids[f.id] = true
		c.refer(f.desc, "shared memory %d", f.id)
		c.must(c.err != nil || s.descs[f.desc].kind == kindHost, "shared memory %d is no file", f.id)
	}
	for _, l := range s.locks {
		c.must(l.desc == -1 || c.there(l.desc), "a lock is held by open file %d, which does not exist", l.desc)
	}
}

// tty looks at the terminal.
func (c *checking) tty() {
	y := c.s.tty
	if y == nil {
		return
	}
	c.must(y.ready >= 0 && y.ready <= len(y.buf), "%d of the terminal's %d characters can be read", y.ready, len(y.buf))
	c.must(y.column >= 0 && y.canonColumn >= 0, "the terminal's cursor is in column %d, its line begins in %d", y.column, y.canonColumn)
	for _, x := range y.buf {
		c.must(x < 2*ttyEnd, "the terminal has character %#x", x)
	}
}

// epolls looks at what sets of files hold: sets that hold none at most.
func (c *checking) epolls() {
	for i, d := range c.s.descs {
		if d == nil {
			continue
		}
		c.must(len(d.items) == 0 || d.kind == kindEpoll, "open file %d holds files", i)
		for _, it := range d.items {
			c.must(c.there(it.desc), "open file %d holds open file %d, which does not exist", i, it.desc)
			if c.err != nil {
				return
			}
			inner := c.s.descs[it.desc]
			c.must(inner.ops().pollable, "open file %d holds one of kind %d", i, inner.kind)
			for _, deep := range inner.items {
				c.must(c.there(deep.desc) && c.s.descs[deep.desc].kind != kindEpoll, "open file %d holds sets of sets", i)
			}
		}
	}
}

func (c *checking) pipes() {
	type ends struct{ readers, writers int }
	open := make([]ends, len(c.s.pipes))
	for i, d := range c.s.descs {
		if d == nil || d.kind != kindPipeIn && d.kind != kindPipeOut && d.kind != kindPipeBoth {
			continue
		}
		if d.pipe < 0 || d.pipe >= len(c.s.pipes) || c.s.pipes[d.pipe] == nil {
			c.must(false, "open file %d is of pipe %d, which does not exist", i, d.pipe)
			return
		}
		if d.kind != kindPipeOut {
			open[d.pipe].readers++
		}
		if d.kind != kindPipeIn {
			open[d.pipe].writers++
		}
	}
	for i, p := range c.s.pipes {
		if p != nil {
			c.must(p.readers == open[i].readers && p.writers == open[i].writers, "pipe %d has %d readers and %d writers, %d and %d are open",
				i, p.readers, p.writers, open[i].readers, open[i].writers)
			c.must(len(p.buf) <= pipeSize, "%d bytes are in pipe %d", len(p.buf), i)
		}
	}
}

func (c *checking) sockets() {
	s := c.s
	held := make([]int, len(s.socks)) // by open files, and as connections not accepted yet
	there := func(i int) bool { return i >= 0 && i < len(s.socks) && s.socks[i] != nil }
	for i, d := range s.descs {
		if d == nil || d.kind != kindSocket {
			continue
		}
		if !there(d.sock) {
			c.must(false, "open file %d is socket %d, which does not exist", i, d.sock)
			return
		}
		held[d.sock]++
	}
	for i, k := range s.socks {
		if k == nil {
			continue
		}
		c.must(k.peer == -1 || there(k.peer), "socket %d is connected to socket %d, which does not exist", i, k.peer)
		c.must(k.state <= sockDead && k.want >= 0 && k.want <= maxWanted, "socket %d is in state %d and wants %d bytes", i, k.state, k.want)
		for _, j := range k.backlog {
			if !there(j) || j == i {
				c.must(false, "socket %d has connection %d, which does not exist", i, j)
				return
			}
			held[j]++
		}
		at := k.read
		for _, r := range k.rights {
			c.must(r.at >= at && len(r.descs) <= maxPassed, "%d files in socket %d at byte %d", len(r.descs), i, r.at)
			at = r.at
			for _, f := range r.descs {
				c.refer(f, "socket %d", i)
			}
		}
		for j := range k.packets {
			for _, f := range k.packets[j].rights {
				c.refer(f, "socket %d", i)
			}
		}
	}
	for i, k := range s.socks {
		c.must(k == nil || held[i] == 1, "socket %d is held %d times", i, held[i])
	}
}

// counts compares the counts of references.
func (c *checking) counts() {
	for i, d := range c.s.descs {
		if d != nil {
			c.must(d.refs == c.refs[i] && d.refs > 0, "open file %d has %d references, not %d", i, d.refs, c.refs[i])
		}
	}
}
