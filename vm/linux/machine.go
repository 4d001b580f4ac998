package linux

import (
	"encoding/binary"
	"slices"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// Machine runs one guest program. It implements [vm.Machine].
type Machine struct {
	arch *arch
	c    *ir.CPU
	st   *state
	cur  *thread        // st.current; its registers are in c
	e    *engine.Engine // its process's
	log  *vm.Log
	host *host    // nil: it is sealed
	lib  *library // what files hold; shared with replicas
	note zerolog.Logger

	realms map[uint64]*realm // by ID of the address space
	tr     ir.Translator     // of all of them
	pool   []*realm
	p      *process   // whom the kernel works for: see focus
	mem    *mem.Space // its memory

	sharing mem.Sharing // the realms' memories

	acted *activity // nil: the machine does not trace

	setup
	trampoline uint64    // address of the signal trampoline
	origin     *snapshot // the state at icount 0
	old        *vm.Log   // a view of the log when the machine was made

	// Working state, meaningless between two positions.
	nr      uint64 // the system call being executed, and its arguments
	args    [6]uint64
	changed bool  // a file changed since waiting calls were last tried
	emitted bool  // output was given out at this position
	err     error // why the machine cannot go on; Restore forgets it

	interrupted atomic.Bool
	wake        chan struct{} // has a token after an Interrupt

	watches []vm.Watch // what the current Run watches; immutable
	breaks  *vm.Breaks // its breakpoints
	// breakFilter is asked about each of them.
	breakFilter func() bool
	// echo is given all output, see Echo.
	echo    func(fd int, icount uint64, p []byte)
	unknown map[uint64]bool // system calls that a message was logged for
	hung    bool            // a message about a hang was logged
}

var _ vm.Machine = (*Machine)(nil)

// Arch implements [vm.Machine].
func (m *Machine) Arch() *vm.Arch { return m.arch.desc }

// Icount implements [vm.Machine].
func (m *Machine) Icount() uint64 { return m.c.Icount }

// Log implements [vm.Machine].
func (m *Machine) Log() *vm.Log { return m.log }

// MapsVersion implements [vm.Machine].
func (m *Machine) MapsVersion() uint64 { return m.ownMem().CodeMaps() }

// Image implements [vm.Machine].
func (m *Machine) Image() vm.Image { return *m.st.owner().mm.image }

// Interrupt implements [vm.Machine].
func (m *Machine) Interrupt() {
	m.interrupted.Store(true)
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// ClearInterrupt implements [vm.Machine].
func (m *Machine) ClearInterrupt() { m.takeInterrupt() }

// Echo makes f be given what the guest writes to descriptors 1 and 2 each time that
// it is executed, also in replay; nil ends that. f is as Config.Output.
func (m *Machine) Echo(f func(fd int, icount uint64, p []byte)) { m.echo = f }

// takeInterrupt consumes an Interrupt and reports whether there was one.
func (m *Machine) takeInterrupt() bool {
	if !m.interrupted.CompareAndSwap(true, false) {
		return false
	}
	select {
	case <-m.wake:
	default:
	}
	return true
}

// Close releases what the machine holds of the host: open files and the reader
// of standard input. The machine can replay afterwards, but not go on live.
func (m *Machine) Close() {
	if m.host != nil {
		m.host.close()
	}
}

// Exited implements [vm.Machine].
func (m *Machine) Exited() (vm.ExitStatus, bool) { return m.st.status, m.st.exited }

// CurrentThread implements [vm.Machine].
func (m *Machine) CurrentThread() vm.ThreadID { return m.st.own }

// Threads implements [vm.Machine].
func (m *Machine) Threads() []vm.Thread {
	threads := m.st.threadsOf(m.st.owner())
	out := make([]vm.Thread, len(threads))
	for i, t := range threads {
		_, pc := m.regs(t)
		out[i] = vm.Thread{ID: t.id, Name: t.name, PC: *pc}
		switch {
		case m.st.exited:
			out[i].State = vm.ThreadExited
		case t.blocked():
			out[i].State, out[i].Detail = vm.ThreadBlocked, t.wait.String()
		}
	}
	return out
}

// regs returns thread t's registers, wherever they are now.
func (m *Machine) regs(t *thread) (r []uint64, pc *uint64) {
	if t == m.cur {
		return m.c.R[:m.arch.slots], &m.c.PC
	}
	return t.regs, &t.pc
}

// ownThread finds a thread of the debugged process.
func (m *Machine) ownThread(id vm.ThreadID) *thread {
	if t := m.st.thread(id); t != nil && t.p.own() {
		return t
	}
	return nil
}

// Reg implements [vm.Machine].
func (m *Machine) Reg(id vm.ThreadID, i int) uint64 {
	t := m.ownThread(id)
	if t == nil {
		return 0
	}
	r, pc := m.regs(t)
	lo, _ := m.arch.register(r, *pc, i)
	return lo
}

// RegBytes implements [vm.Machine].
func (m *Machine) RegBytes(id vm.ThreadID, i int) []byte {
	t := m.ownThread(id)
	if i < 0 || i >= len(m.arch.desc.Regs) || t == nil {
		return nil
	}
	r, pc := m.regs(t)
	lo, hi := m.arch.register(r, *pc, i)
	b := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, lo), hi)
	return b[:(m.arch.desc.Regs[i].Bits+7)/8]
}

// LastPC implements [vm.Machine].
func (m *Machine) LastPC(id vm.ThreadID) uint64 {
	t := m.ownThread(id)
	switch {
	case t == nil:
		return 0
	case t == m.cur:
		return m.c.LastPC
	}
	return t.last
}

// ReadMemory implements [vm.Machine].
func (m *Machine) ReadMemory(addr uint64, p []byte) int { return m.ownMem().Peek(addr, p) }

// Mappings implements [vm.Machine].
func (m *Machine) Mappings() []vm.Mapping {
	vmas := m.ownMem().VMAs()
	out := make([]vm.Mapping, len(vmas))
	for i, v := range vmas {
		out[i] = vm.Mapping{
			Start: v.Start, End: v.End, Name: v.Name, Offset: v.Offset,
			Read: v.Prot&mem.Read != 0, Write: v.Prot&mem.Write != 0, Exec: v.Prot&mem.Exec != 0,
		}
	}
	return out
}

// park writes the current thread's registers back to the state.
func (m *Machine) park() {
	if m.cur != nil {
		copy(m.cur.regs, m.c.R[:m.arch.slots])
		m.cur.pc, m.cur.last = m.c.PC, m.c.LastPC
	}
}

// load makes t the current thread: its registers are in the CPU from now on.
func (m *Machine) load(t *thread) {
	m.foldTop()
	m.cur, m.st.current = t, t.id
	if t.p.own() {
		m.st.own = t.id
	}
	m.focus(t.p)
	m.arm()
	copy(m.c.R[:m.arch.slots], t.regs)
	m.c.PC, m.c.LastPC = t.pc, t.last
	m.c.Skew = m.st.skew // it only changes while no thread runs
}

// setWatches chooses what is watched.
func (m *Machine) setWatches(ws []vm.Watch) {
	if !slices.Equal(m.watches, ws) {
		m.watches = slices.Clone(ws)
	}
	m.realms[m.st.owner().mm.id].setWatches(m.watches)
	for {
		if _, ok := m.ownMem().TakeKernelHit(); !ok {
			return
		}
	}
}
