package linux

import (
	"fmt"
	"runtime/debug"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// slice is how many instructions run between two looks at the interrupt flag:
// about a millisecond. Slicing does not show in the state.
const slice = 200_000

// run is one call of Run.
type run struct {
	m     *Machine
	until uint64
	limit uint64 // how far the machine may go: see Machine.reach
	stops *vm.Stops
	start uint64 // icount at which it began
	cut   bool   // the engine was stopped at a breakpoint for an Interrupt
}

// Run implements [vm.Machine].
func (m *Machine) Run(until uint64, stops *vm.Stops) (stop vm.Stop) {
	if until <= m.c.Icount {
		return m.stopped(vm.StopLimit)
	}
	if stops == nil {
		stops = &vm.Stops{}
	}
	r := &run{m: m, until: until, limit: m.reach(until), stops: stops, start: m.c.Icount}
	m.breaks, m.breakFilter = stops.Breaks, nil
	if stops.Filter != nil {
		m.breakFilter = func() bool {
			if m.err != nil {
				return true // there is nothing to ask about: the loop tells
			}
			// A condition that is asked about often is slow: don't wait for the
			// slice to end.
			if m.interrupted.Load() {
				r.cut = true
				return true
			}
			return r.wanted(m.stopped(vm.StopBreak))
		}
	}
	m.setWatches(stops.Watches)
	m.arm()
	// A defect in here must not take the debugger down with it.
	defer func() {
		if p := recover(); p != nil {
			m.err = fmt.Errorf("internal error at icount %d, pc %#x: %v", m.c.Icount, m.c.PC, p)
			m.note.Error().Err(m.err).Bytes("stack", debug.Stack()).Msg("the machine failed")
			stop = m.stopped(vm.StopError)
		}
	}()
	stop = r.loop()
	if m.err == nil {
		m.reached()
	}
	return stop
}

// reached tells the log how far the history goes by now. Replay changes nothing
// in the log: machines that only replay may share it.
func (m *Machine) reached() {
	if m.c.Icount > m.log.Frontier() {
		m.log.Reached(m.c.Icount)
	}
}

// stopped describes the current position.
func (m *Machine) stopped(why vm.Reason) vm.Stop {
	s := vm.Stop{Reason: why, Icount: m.c.Icount, Thread: m.st.own, Err: m.err}
	if t := m.st.thread(s.Thread); t != nil {
		_, pc := m.regs(t)
		s.PC = *pc
	}
	return s
}

func (r *run) loop() vm.Stop {
	m := r.m
	for {
		switch {
		case m.err != nil:
			return m.stopped(vm.StopError)
		case m.c.Icount >= r.until:
			return m.stopped(vm.StopLimit)
		case m.st.exited:
			return m.stopped(vm.StopExit)
		case m.c.Icount >= r.limit:
			return m.stopped(vm.StopEnd)
		case m.takeInterrupt():
			return m.stopped(vm.StopInterrupted)
		}
		if in := m.log.At(m.st.pos); in != nil && in.Icount < m.c.Icount {
			m.diverge("the log's input %d, %s, was not asked for", m.st.pos, describe(in))
			continue
		}
		maps, elsewhere, inputs := m.MapsVersion(), m.Elsewhere(), m.st.pos
		var s *vm.Stop
		switch {
		case m.st.doom != nil:
			s = r.die()
		case m.st.idle:
			s = r.idle()
		default:
			s = r.execute()
		}
		if m.err != nil {
			continue
		}
		if m.MapsVersion() != maps {
			m.saw(vm.EventMaps)
		}
		if m.Elsewhere() != elsewhere {
			m.saw(vm.EventSwitch)
		}
		if m.st.pos != inputs {
			m.saw(vm.EventInput)
		}
		if m.emitted {
			m.emitted = false
			m.reached()
		}
		if s == nil {
			s = r.kernelHit()
		}
		if s == nil && r.stops.Switches && m.Elsewhere() != elsewhere {
			s = r.turn()
		}
		if s == nil && r.stops.Maps && m.MapsVersion() != maps {
			changed := m.stopped(vm.StopMaps)
			s = &changed
		}
		if s != nil {
			return *s
		}
	}
}

// turn asks about the change of process that the instruction or tick just made.
func (r *run) turn() *vm.Stop {
	s := r.m.stopped(vm.StopSwitch)
	s.After, s.At = true, s.Icount-1
	if !r.wanted(s) {
		return nil
	}
	return &s
}

// free reports whether the current position is the one that a Run without
// AtStart leaves unconditionally.
func (r *run) free(icount uint64) bool { return icount == r.start && !r.stops.AtStart }

func (r *run) wanted(s vm.Stop) bool {
	if r.stops.Filter == nil {
		return true
	}
	s.Machine = r.m
	return r.stops.Filter(&s)
}

// execute runs the current thread to the next event, limit or stop.
func (r *run) execute() *vm.Stop {
	m := r.m
	// (A damaged snapshot may have its next event in the past.)
	n := min(r.limit, max(m.st.next, m.c.Icount+1), m.c.Icount+slice) - m.c.Icount
	free := r.free(m.c.Icount)
	if free && len(r.stops.Watches) > 0 && m.p.own() {
		n, m.mem.IgnoreWatches = 1, mem.Read|mem.Write
	}
	x := m.e.Run(n, free)
	for x == ir.ExitMem && m.err == nil && m.mem.Fault.Kind == mem.FaultWatch {
		if s := r.watch(); s != nil {
			m.mem.IgnoreWatches = m.unwatched()
			return s
		}
		// Nobody wants it. But an atomic that reads may go on to write.
		if m.mem.Fault.Access == mem.AccessWrite {
			m.mem.IgnoreWatches |= mem.Write
		} else {
			m.mem.IgnoreWatches |= mem.Read
		}
		x = m.e.Run(1, true)
	}
	m.mem.IgnoreWatches = m.unwatched()
	if m.err != nil {
		return nil
	}
	switch x {
	case ir.ExitLimit:
		if m.c.Icount >= m.st.next {
			m.settle()
		}
	case ir.ExitBreak:
		if r.cut {
			return nil
		}
		s := m.stopped(vm.StopBreak)
		return &s
	case ir.ExitSyscall:
		m.syscall()
	default:
		return r.fault(m.arch.fault(m.c, x))
	}
	return nil
}

// watch asks about each watched range that the access which just failed touches.
func (r *run) watch() *vm.Stop {
	f := r.m.mem.Fault
	write := f.Access == mem.AccessWrite
	for i := range r.stops.Watches {
		if !r.stops.Watches[i].Touches(f.Addr, f.Size, write) {
			continue
		}
		s := r.m.stopped(vm.StopWatch)
		s.Watch, s.Addr, s.Size, s.Write, s.At = i, f.Addr, f.Size, write, s.Icount
		if r.wanted(s) {
			return &s
		}
	}
	return nil
}

// kernelHit looks for watched accesses that the guest kernel made in the
// instruction or tick that led here.
func (r *run) kernelHit() *vm.Stop {
	m := r.m
	for {
		h, ok := m.ownMem().TakeKernelHit()
		if !ok {
			return nil
		}
		s := m.stopped(vm.StopWatch)
		s.Watch, s.Addr, s.Size, s.Write, s.After, s.At = h.Watch, h.Addr, h.Size, h.Write, true, s.Icount-1
		if !r.free(s.At) && r.wanted(s) {
			return &s
		}
	}
}

// fault is the tick in which an instruction's fault raises a signal: it traps
// into the handler, or the guest dies.
func (r *run) fault(si sigInfo, taken func()) *vm.Stop {
	m := r.m
	fatal := m.forced(m.cur, si.sig)
	if r.stops.Signals && m.p.own() && !r.free(m.c.Icount) {
		s := m.stopped(vm.StopSignal)
		s.Signal, s.Addr, s.Fatal, s.NoAddr = si.sig, si.w[0], fatal, si.code == siKernel
		if r.wanted(s) {
			return &s
		}
	}
	if m.p.own() {
		m.saw(vm.EventSignal)
		m.journal(m.c.Icount, vm.NoteSignal, m.cur.id, uint64(si.sig), 0)
	}
	if fatal {
		m.lastWords(m.p)
	}
	m.c.Icount++
	if taken != nil {
		taken()
	}
	if fatal {
		m.exitProcess(m.p, vm.ExitStatus{Signal: si.sig}, m.c.Icount)
	} else {
		m.enterHandler(m.cur, si)
	}
	m.settle()
	return nil
}

// die is the tick in which a signal that is not a fault of the current
// instruction kills a process.
func (r *run) die() *vm.Stop {
	m, d := r.m, r.m.st.doom
	if r.stops.Signals && d.pid == pid && !r.free(m.c.Icount) {
		s := m.stopped(vm.StopSignal)
		s.Signal, s.Addr, s.Fatal = d.sig, d.addr, true
		if r.wanted(s) {
			return &s
		}
	}
	if d.pid == pid {
		m.saw(vm.EventSignal)
		m.journal(m.c.Icount, vm.NoteSignal, m.st.own, uint64(d.sig), 0)
	}
	m.lastWords(m.st.process(d.pid))
	m.c.Icount++
	m.st.doom = nil
	m.exitProcess(m.st.process(d.pid), vm.ExitStatus{Signal: d.sig}, m.c.Icount)
	m.settle()
	return nil
}

// idle is the tick that ends a stretch in which no thread can run: the clock
// jumps to the earliest deadline, or something arrives from outside.
func (r *run) idle() *vm.Stop {
	m := r.m
	now, deadline := m.now(), m.earliest()
	var in *vm.Input
	fresh := false
	if deadline == never || m.listens() {
		var ok bool
		if in, fresh, ok = m.awaitOutside(deadline); !ok {
			return nil // interrupted, or diverged: the loop finds out
		}
	}
	// In a tick the clock advances by 1 ns at least.
	to := max(deadline, now+1)
	if in != nil {
		to = max(min(now+min(aux(in, 0), never/4), deadline), now+1)
	}
	m.c.Icount++
	m.st.skew = to - m.c.Icount
	if in != nil {
		m.arrive(in, m.c.Icount-1, fresh)
	}
	m.settle()
	return nil
}

// syscall executes the system-call instruction at the PC.
func (m *Machine) syscall() {
	t := m.cur
	r, _ := m.regs(t)
	m.c.LastPC = m.c.PC
	m.c.PC += m.arch.callSize
	nr, args := m.arch.call(r, m.c.PC)
	if t.p.own() {
		m.saw(vm.EventSyscall)
	}
	ret := m.call(t, nr, &args)
	m.c.Icount++
	if ret != blocked && ret != noResult {
		m.finish(t, ret)
	}
	m.settle()
}

// lost records that a page which is needed cannot be read from where it is kept.
func (m *Machine) lost(err error) {
	if m.err == nil {
		m.err = fmt.Errorf("the memory at icount %d cannot be read: %w", m.c.Icount, err)
		m.note.Error().Err(m.err).Msg("what has been saved of the history is damaged")
	}
}
