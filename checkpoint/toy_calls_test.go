package checkpoint

import (
	"math/bits"

	"github.com/dap-revexec/dap-revexec/vm"
)

// The toy's calls: return addresses are kept beside memory, where no store reaches
// them; the stack pointer goes down by each call. A signal calls its handler, on an
// alternate stack if the instruction says so; that lies higher than the others.

// toyFrame is what a call has saved. Immutable.
type toyFrame struct {
	ret int    // index of the instruction to return to
	sp  uint64 // the caller's stack pointer
	up  *toyFrame
	n   int    // how many there are, this one included
	sum uint64 // digest of all
}

const (
	toyDeepest  = 24
	toyAltStack = 0x9_0008 // odd words: no other stack pointer is equal to one of these
	toyAltLow   = 0x8_0008
)

func toyStack(thread int) uint64 { return 0x1_0000 * uint64(thread+1) }

func (f *toyFrame) depth() int {
	if f == nil {
		return 0
	}
	return f.n
}

func (f *toyFrame) digest() uint64 {
	if f == nil {
		return 0
	}
	return f.sum
}

func (t *toyThread) push(ret int) {
	t.stack = &toyFrame{
		ret: ret, sp: t.sp, up: t.stack, n: t.stack.depth() + 1,
		sum: (t.stack.digest()+uint64(ret))*0x9e3779b97f4a7c15 ^ t.sp,
	}
}

// call makes a call whose frame has a size that depends on size. It fails when the
// stack is too deep.
func (t *toyThread) call(ret int, size uint8) bool {
	if t.stack.depth() >= toyDeepest {
		return false
	}
	t.push(ret)
	t.sp -= 16 * uint64(1+size)
	return true
}

// deliver calls a signal handler, which will return to the instruction after.
func (m *toy) deliver(t *toyThread, ins *toyIns) {
	if t.stack.depth() >= toyDeepest {
		return
	}
	t.push((t.pc + 1) % len(m.prog.ins))
	t.sp -= 128
	if ins.c%2 == 1 && t.sp < toyAltLow {
		t.sp = toyAltStack
	}
	m.raised(t)
}

// unwind returns from n calls.
func (m *toy) unwind(t *toyThread, n int) {
	for range n {
		t.sp, t.stack = t.stack.sp, t.stack.up
	}
	m.raised(t)
}

// raised notes where a thread's stack pointer is, after what may have raised it.
func (m *toy) raised(t *toyThread) {
	top := &m.trace.tops[m.current]
	*top = max(*top, t.sp)
}

// toyTrace is what the toy knows for its Activity, beside the pages written: sets of
// numbers, as bits.
type toyTrace struct {
	code   uint64 // instructions
	read   uint64 // pages
	ran    uint64 // threads
	tops   [8]uint64
	events vm.EventSet
}

// activity is what has happened since the last Snapshot or Restore.
func (m *toy) activity() *vm.Activity {
	a := &vm.Activity{}
	for d := m.dirty; d != 0; d &= d - 1 {
		a.Written = append(a.Written, uint64(bits.TrailingZeros32(d)))
	}
	if m.sealed {
		return a
	}
	a.Traced, a.Events = true, m.trace.events
	a.Read = vm.NewPageFilter(&[1024]uint64{m.trace.read})
	var code []vm.Range
	for c := m.trace.code; c != 0; c &= c - 1 {
		pc := toyBase + 4*uint64(bits.TrailingZeros64(c))
		code = append(code, vm.Range{Start: pc, End: pc + 4})
	}
	a.Code = vm.NewRanges(code)
	for i := range m.threads {
		if m.trace.ran>>i&1 != 0 {
			a.Tops = append(a.Tops, vm.StackTop{Thread: vm.ThreadID(i + 1), SP: m.trace.tops[i]})
		}
	}
	return a
}

// Replica makes a toy that only replays and does not trace.
func (m *toy) Replica() (vm.Machine, error) {
	r := newToy(m.prog, m.log, nil)
	r.sealed = true
	return r, nil
}
