package linux

import (
	"math"
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/engine"
)

// activity collects what the debugged process does between two snapshots: see
// [vm.Activity]. What it writes and reads its address space knows; what it executes,
// its engine notes. It is no state: Restore begins anew.
type activity struct {
	code   *engine.Trace
	realm  *realm        // the debugged process's: the only one that is traced
	tops   []vm.StackTop // ascending by thread; the current thread's goes on in CPU.Top
	events vm.EventSet
}

// trace has the machine make complete activities from now on.
func (m *Machine) trace() {
	m.acted = &activity{code: engine.NewTrace()}
	m.traceIn(m.realms[m.st.owner().mm.id])
	m.dropActivity()
}

// traceIn makes r the realm that is traced.
func (m *Machine) traceIn(r *realm) {
	if m.acted == nil || m.acted.realm == r {
		return
	}
	if old := m.acted.realm; old != nil {
		old.e.SetTrace(nil)
		old.mem.TraceReads(false)
	}
	m.acted.realm = r
	r.e.SetTrace(m.acted.code)
	r.mem.TraceReads(true)
}

// takeActivity returns what has been done since it was called last. written are the
// pages written.
func (m *Machine) takeActivity(written []uint64) *vm.Activity {
	a := &vm.Activity{Written: written}
	if m.acted == nil {
		return a
	}
	m.foldTop()
	a.Traced = true
	a.Read = m.acted.realm.mem.TakeReads()
	a.Code = m.acted.code.Take()
	a.Tops, m.acted.tops = m.acted.tops, nil
	a.Events, m.acted.events = m.acted.events, 0
	return a
}

// dropActivity forgets what has been done so far.
func (m *Machine) dropActivity() {
	m.c.Top = 0
	if m.acted == nil {
		return
	}
	m.acted.realm.mem.DropReads()
	m.acted.code.Drop()
	m.acted.tops, m.acted.events = nil, 0
}

// saw notes that events have occurred.
func (m *Machine) saw(e vm.EventSet) {
	if m.acted != nil {
		m.acted.events |= e
	}
}

// foldTop takes over how far the current thread's stack went down.
func (m *Machine) foldTop() {
	if m.cur != nil {
		m.noteTop(m.cur, m.c.Top)
	}
	m.c.Top = 0
}

// noteTop notes that t's stack pointer had value sp after an indirect jump, or got it
// from the kernel.
func (m *Machine) noteTop(t *thread, sp uint64) {
	if m.acted == nil || !t.p.own() {
		return
	}
	tops := m.acted.tops
	i, ok := slices.BinarySearchFunc(tops, t.id, func(s vm.StackTop, id vm.ThreadID) int { return int(s.Thread - id) })
	if ok {
		tops[i].SP = max(tops[i].SP, sp)
	} else {
		m.acted.tops = slices.Insert(tops, i, vm.StackTop{Thread: t.id, SP: sp})
	}
}

// noteStack notes that the kernel has given t another stack pointer.
func (m *Machine) noteStack(t *thread) {
	r, _ := m.regs(t)
	m.noteTop(t, r[m.arch.sp])
}

// noteExec notes that t, the first thread of its process by now, executes another
// program: no call that was made before is still there.
func (m *Machine) noteExec(t *thread) { m.noteTop(t, math.MaxUint64) }

// journal notes an event of the instruction or tick at icount at, unless it has been
// noted when that was executed for the first time.
func (m *Machine) journal(at uint64, kind vm.EventKind, t vm.ThreadID, value, size uint64) {
	if m.liveAt(at) {
		m.log.Note(vm.Event{Icount: at, Kind: kind, Thread: t, Value: value, Size: size})
	}
}

// noteEnd notes that t ends while its process goes on.
func (m *Machine) noteEnd(t *thread) {
	if t.p.own() {
		m.journal(m.c.Icount, vm.NoteEnd, t.id, uint64(t.id), 0)
	}
}
