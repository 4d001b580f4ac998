package linux

import (
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/internal/wire"
)

// coding writes a state into a saved snapshot, or for its hash, or reads it from a saved
// snapshot. One description serves all. What must hold of a state that is read, [state.check] looks at.
type coding struct {
	*wire.Coder
	lib  *library
	log  *vm.Log // where contents are read from that the library does not have yet
	prev *state  // of the snapshot that this one is relative to; nil for none

	// digest leaves out what follows from the rest, and what the machine knows already:
	// the bytes are for the state's hash, not to be read.
	digest bool
}

// maxListed bounds the lists that nothing else bounds: each entry takes a byte, so
// that this is no bound for memory.
const maxListed = 1 << 20

func (c *coding) state(s *state) {
	wire.Num(c.Coder, &s.pos)
	wire.Num(c.Coder, &s.uid)
	wire.Num(c.Coder, &s.gid)
	c.Uints(&s.boot, &s.draws, &s.skew, &s.quantumEnd)
	if !c.digest {
		c.Uint(&s.next) // settle computes it
	}
	c.Fixed(s.seed[:])
	c.Bool(&s.idle)
	wire.List(c.Coder, &s.mms, maxProcesses+1, func(x **mm) { c.mm(made(c, x)) })
	c.Uint(&s.lastMM)
	wire.List(c.Coder, &s.procs, maxProcesses+1, func(p **process) { c.process(s, made(c, p)) })
	wire.List(c.Coder, &s.threads, maxThreads+1, func(t **thread) { c.thread(s, made(c, t)) })
	wire.Num(c.Coder, &s.current)
	wire.Num(c.Coder, &s.own)
	wire.Num(c.Coder, &s.lastTID)
	c.Uint(&s.waits)
	c.chaos(&s.chaos)
	wire.List(c.Coder, &s.queue, maxThreads+1, func(id *vm.ThreadID) { wire.Num(c.Coder, id) })
	wire.List(c.Coder, &s.shared, maxListed, func(f *sharedFile) {
		c.Uints(&f.id, &f.dev, &f.ino)
		wire.Num(c.Coder, &f.desc)
		c.Bool(&f.written)
	})
	c.Uint(&s.lastShare)
	wire.List(c.Coder, &s.locks, maxListed, func(l *recordLock) {
		c.Uints(&l.dev, &l.ino, &l.start, &l.end)
		wire.Num(c.Coder, &l.pid)
		wire.Num(c.Coder, &l.desc)
		c.Bool(&l.exclusive)
	})
	wire.List(c.Coder, &s.descs, maxListed, func(d **desc) { place(c, d, c.desc) })
	wire.List(c.Coder, &s.pipes, maxListed, func(p **pipe) { place(c, p, c.pipe) })
	wire.List(c.Coder, &s.socks, maxListed, func(k **sock) { place(c, k, c.sock) })
	c.Uints(&s.sockets, &s.ports)
	tty := wire.Optional(c.Coder, s.tty, c.tty)
	if c.Reading() {
		s.tty = tty
	}
	c.Bytes(&s.stdin.buf)
	c.Bool(&s.stdin.eof)
	c.Uints(&s.stdin.arrivals, &s.handles)
	d := wire.Optional(c.Coder, s.doom, func(d *doom) {
		wire.Num(c.Coder, &d.pid)
		wire.Num(c.Coder, &d.sig)
		c.Uint(&d.addr)
	})
	if c.Reading() {
		s.doom = d
	}
	c.Bool(&s.exited)
	c.status(&s.status)
}

// made is what *p points to: something new when reading.
func made[T any](c *coding, p **T) *T {
	if c.Reading() {
		*p = new(T)
	}
	return *p
}

func (c *coding) chaos(x *chaos) {
	c.Bool(&x.on)
	c.Uints(&x.x, &x.turns, &x.log, &x.salt, &x.ready)
	wire.Num(c.Coder, &x.starved)
}

func (c *coding) status(x *vm.ExitStatus) {
	wire.Num(c.Coder, &x.Code)
	wire.Num(c.Coder, &x.Signal)
}

func (c *coding) strings(s *[]string) {
	wire.List(c.Coder, s, 2*maxArgs, c.String)
}

func (c *coding) mm(x *mm) {
	c.Uints(&x.id, &x.brkStart, &x.brk)
	wire.Num(c.Coder, &x.users)
	// What a program began with never changes.
	var before *mm
	if c.prev != nil {
		before = c.prev.mm(x.id)
	}
	same := before != nil && before.image == x.image
	if c.Bool(&same); same {
		switch {
		case before == nil:
			c.Fail("address space %d is not in the snapshot before", x.id)
		case c.Reading():
			x.image, x.exe, x.env = before.image, before.exe, before.env
		}
		return
	}
	i := made(c, &x.image)
	c.String(&i.Path)
	c.strings(&i.Args)
	c.Uints(&i.Entry, &i.Bias, &i.InterpBias)
	c.Bytes(&i.Auxv)
	c.String(&i.Interp)
	if !c.digest {
		c.content(&x.exe)
	}
	c.strings(&x.env)
}

// content is the content of a file, which the history may have.
func (c *coding) content(p *[]byte) {
	if c.digest {
		c.Bytes(p)
		return
	}
	var from source
	if !c.Reading() {
		from = c.lib.sourceOf(*p)
	}
	wire.Num(c.Coder, &from)
	switch {
	case from == 0:
		c.Bytes(p)
	case c.Reading():
		var ok bool
		if *p, ok = c.lib.raw(from, c.log); !ok {
			c.Fail("the log has no program %d", from)
		}
	}
}

func (c *coding) process(s *state, p *process) {
	for _, id := range []*vm.ThreadID{&p.pid, &p.ppid, &p.pgid, &p.sid} {
		wire.Num(c.Coder, id)
	}
	c.Uints(&p.cpu, &p.childCPU, &p.born)
	var id uint64
	if p.mm != nil {
		id = p.mm.id
	}
	if c.Uint(&id); c.Reading() && id != 0 {
		if p.mm = s.mm(id); p.mm == nil {
			c.Fail("process %d has address space %d, which does not exist", p.pid, id)
		}
	}
	c.String(&p.name)
	wire.Num(c.Coder, &p.exitSignal)
	wire.Num(c.Coder, &p.deathSig)
	c.status(&p.status)
	c.Bool(&p.execed)
	for i := range p.actions {
		a := &p.actions[i]
		c.Uints(&a.handler, &a.flags, &a.mask, &a.restorer)
	}
	c.signals(&p.pending)
	for i := range p.itimers {
		c.interval(&p.itimers[i])
	}
	c.Bool(&p.noTTY)
	wire.List(c.Coder, &p.timers, maxListed, func(t *posixTimer) {
		c.Uints(&t.id, &t.overrun, &t.value)
		c.interval(&t.interval)
		wire.Num(c.Coder, &t.sig)
		wire.Num(c.Coder, &t.target)
		wire.Num(c.Coder, &t.clock)
		c.Bool(&t.notify)
		c.Bool(&t.cpu)
	})
	wire.List(c.Coder, &p.fds, maxFDs, func(f *fdSlot) {
		wire.Num(c.Coder, &f.desc)
		c.Bool(&f.cloexec)
	})
	c.String(&p.cwd)
	wire.Num(c.Coder, &p.umask)
	for i := range p.limits {
		c.Uints(&p.limits[i][0], &p.limits[i][1])
	}
}

func (c *coding) interval(i *interval) { c.Uints(&i.deadline, &i.period) }

func (c *coding) thread(s *state, t *thread) {
	wire.Num(c.Coder, &t.id)
	var id vm.ThreadID
	if !c.Reading() {
		id = t.p.pid
	}
	if wire.Num(c.Coder, &id); c.Reading() {
		if t.p = s.process(id); t.p == nil {
			c.Fail("thread %d is one of process %d, which does not exist", t.id, id)
		}
	}
	c.String(&t.name)
	wire.List(c.Coder, &t.regs, 256, c.Uint)
	c.Uints(&t.pc, &t.last, &t.cpu, &t.since, &t.mask, &t.saved)
	c.Bool(&t.restoring)
	c.signals(&t.pending)
	c.Uints(&t.altSP, &t.altSize, &t.clearTID, &t.robust)
	wire.Num(c.Coder, &t.altFlags)
	w := &t.wait
	wire.Num(c.Coder, &w.kind)
	wire.Num(c.Coder, &w.restart)
	c.Uints(&w.seq, &w.nr, &w.deadline, &w.addr, &w.shared, &w.bits, &w.set, &w.done, &w.rem)
	wire.Num(c.Coder, &w.late)
	for i := range w.args {
		c.Uint(&w.args[i])
	}
	wire.Num(c.Coder, &w.desc)
	c.Bool(&w.outside)
}

func (c *coding) signals(q *[]sigInfo) {
	wire.List(c.Coder, q, maxListed, func(si *sigInfo) {
		wire.Num(c.Coder, &si.sig)
		wire.Num(c.Coder, &si.code)
		c.Uints(&si.w[0], &si.w[1], &si.trap.nr, &si.trap.err, &si.trap.addr)
	})
}

// place is an entry of a table in which nil stands for a free place. A snapshot that is
// saved is in use elsewhere: not even the same pointer may be written to it.
func place[T any](c *coding, p **T, each func(*T)) {
	q := wire.Optional(c.Coder, *p, each)
	if c.Reading() {
		*p = q
	}
}

func (c *coding) desc(d *desc) {
	wire.Num(c.Coder, &d.kind)
	wire.Num(c.Coder, &d.refs)
	wire.Num(c.Coder, &d.flags)
	wire.Num(c.Coder, &d.mode)
	c.String(&d.path)
	c.Uints(&d.handle, &d.dev, &d.ino)
	wire.Num(c.Coder, &d.off)
	wire.Num(c.Coder, &d.stream)
	c.Bool(&d.listed)
	wire.List(c.Coder, &d.listing, maxListed, func(x *dirEntry) {
		c.Uint(&x.ino)
		wire.Num(c.Coder, &x.typ)
		c.String(&x.name)
	})
	c.content(&d.content)
	wire.Num(c.Coder, &d.flock)
	c.Bool(&d.remade)
	wire.Num(c.Coder, &d.pipe)
	wire.Num(c.Coder, &d.sock)
	c.Uint(&d.count)
	c.Bool(&d.semaphore)
	wire.Num(c.Coder, &d.clock)
	c.interval(&d.timer)
	wire.List(c.Coder, &d.items, maxListed, func(it *epollItem) {
		wire.Num(c.Coder, &it.fd)
		wire.Num(c.Coder, &it.desc)
		wire.Num(c.Coder, &it.events)
		c.Uints(&it.data, &it.seen)
		c.Bool(&it.disabled)
	})
	c.Uint(&d.events)
}

func (c *coding) pipe(p *pipe) {
	c.Bytes(&p.buf)
	wire.Num(c.Coder, &p.readers)
	wire.Num(c.Coder, &p.writers)
	c.Uints(&p.reads, &p.writes, &p.dev, &p.ino)
}

func (c *coding) tty(y *tty) {
	for _, flags := range []*uint32{&y.in, &y.out, &y.line, &y.local, &y.ispeed, &y.ospeed} {
		wire.Num(c.Coder, flags)
	}
	wire.Num(c.Coder, &y.disc)
	c.Fixed(y.cc[:])
	for i := range y.window {
		wire.Num(c.Coder, &y.window[i])
	}
	wire.Num(c.Coder, &y.sid)
	wire.Num(c.Coder, &y.pgrp)
	wire.List(c.Coder, &y.buf, ttyBuffer, func(x *uint16) { wire.Num(c.Coder, x) })
	wire.Num(c.Coder, &y.ready)
	c.Bytes(&y.later)
	c.Bytes(&y.held)
	for _, b := range []*bool{&y.hung, &y.literal, &y.erasing, &y.stopped, &y.byCall} {
		c.Bool(b)
	}
	wire.Num(c.Coder, &y.column)
	wire.Num(c.Coder, &y.canonColumn)
	c.Uints(&y.look, &y.changes)
}

func (c *coding) ints(v *[]int) {
	wire.List(c.Coder, v, maxListed, func(x *int) { wire.Num(c.Coder, x) })
}

func (c *coding) address(a *sockAddr) {
	wire.Num(c.Coder, &a.family)
	c.String(&a.path)
	c.Fixed(a.ip[:])
	wire.Num(c.Coder, &a.port)
}

func (c *coding) sock(k *sock) {
	wire.Num(c.Coder, &k.family)
	wire.Num(c.Coder, &k.typ)
	wire.Num(c.Coder, &k.proto)
	wire.Num(c.Coder, &k.state)
	c.address(&k.local)
	c.address(&k.remote)
	wire.Num(c.Coder, &k.owner)
	c.Bool(&k.bound)
	c.Bool(&k.auto)
	wire.Num(c.Coder, &k.peer)
	c.Bytes(&k.bytes)
	wire.List(c.Coder, &k.rights, maxListed, func(r *passed) {
		c.Uint(&r.at)
		c.ints(&r.descs)
	})
	wire.List(c.Coder, &k.packets, maxListed, func(p *packet) {
		c.Bytes(&p.data)
		c.address(&p.from)
		c.ints(&p.rights)
	})
	c.Uint(&k.read)
	c.ints(&k.backlog)
	wire.Num(c.Coder, &k.limit)
	c.Bool(&k.eof)
	c.Bool(&k.shut)
	wire.Num(c.Coder, &k.want)
	c.Bool(&k.deaf)
	c.Bool(&k.reset)
	wire.Num(c.Coder, &k.err)
	c.Uint(&k.events)
	c.Uints(&k.timeout[0], &k.timeout[1])
	wire.List(c.Coder, &k.options, maxListed, func(o *sockOption) {
		wire.Num(c.Coder, &o.level)
		wire.Num(c.Coder, &o.name)
		c.Bytes(&o.value)
	})
	c.Uint(&k.mark)
}
