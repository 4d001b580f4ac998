package linux

import (
	"fmt"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// What an InputWake is, in Input.Num.
const (
	// wakeIdle is an arrival that ends an idle wait: Data is what arrived on standard
	// input, or was typed on the terminal; Ret its length, 0 for the end; Aux[0] the
	// nanoseconds that passed; Aux[1] a new size of the terminal, rows<<16 | columns,
	// 0 for none.
	wakeIdle = 1
	// wakePoll is one noticed while threads run. Aux[0] is 0.
	wakePoll = 2
)

// unnoticed is the grain in which waiting for standard input takes virtual time.
const unnoticed = 20 * time.Millisecond

// live reports whether the instruction or tick at the current position has
// never been executed before: only then is the outside asked or told anything.
func (m *Machine) live() bool { return m.liveAt(m.c.Icount) }

// liveAt is live for an instruction or tick that is being executed, at icount at.
func (m *Machine) liveAt(at uint64) bool {
	return !m.sealed() && m.st.pos == m.log.Len() && at >= m.log.Frontier()
}

// expect returns the next input of the log if there is one; it must be the one
// wanted. nil: the question is a new one, to be asked live, or m.err is set.
func (m *Machine) expect(want *vm.Input) *vm.Input {
	in := m.log.At(m.st.pos)
	switch {
	case in == nil && m.live():
		return nil
	case in == nil:
		m.diverge("the guest looks outside (%s), where the log has no input before its end at icount %d",
			describe(want), m.log.Frontier())
		return nil
	case in.Icount != want.Icount || in.Kind != want.Kind || in.Thread != want.Thread || in.Num != want.Num:
		m.diverge("the guest looks outside (%s), but the log's input %d is %s", describe(want), m.st.pos, describe(in))
		return nil
	}
	return in
}

func describe(in *vm.Input) string {
	switch in.Kind {
	case vm.InputInit:
		return "start"
	case vm.InputWake:
		return fmt.Sprintf("wake %d at icount %d", in.Num, in.Icount)
	}
	return fmt.Sprintf("%s by thread %d at icount %d", callName(uint64(in.Num)), in.Thread, in.Icount)
}

// diverge records that replay does not follow the log.
func (m *Machine) diverge(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf("replay diverged at icount %d: %s", m.c.Icount, fmt.Sprintf(format, args...))
		m.note.Error().Err(m.err).Msg("the recording does not fit the program or is damaged")
	}
}

// ask puts the question that thread t's system call has for the outside. Live,
// query answers it by filling in Ret, Aux, Writes and Data; in replay the answer
// comes from the log. Either way the writes are applied, and the caller goes on
// from the answer alone. Inputs of one icount are in order of asking.
func (m *Machine) ask(t *thread, query func(h *host, in *vm.Input)) *vm.Input {
	want := &vm.Input{Icount: m.c.Icount, Kind: vm.InputSyscall, Thread: t.id, Num: uint32(m.nr)}
	in := m.expect(want)
	if in == nil {
		if m.err != nil {
			return &vm.Input{Ret: -eIO}
		}
		m.host.now = int64(m.realNow())
		query(m.host, want)
		in = want
		m.record(in)
	}
	m.st.pos++
	for _, w := range in.Writes {
		if m.mem.CopyOut(w.Addr, w.Data) < len(w.Data) {
			m.diverge("%s writes to %#x, which is not writable", describe(in), w.Addr)
		}
	}
	return in
}

func (m *Machine) record(in *vm.Input) {
	m.log.Reached(in.Icount)
	m.log.Append(in)
}

// aux returns value i of an answer, 0 when there is none.
func aux(in *vm.Input, i int) uint64 {
	if i < len(in.Aux) {
		return in.Aux[i]
	}
	return 0
}

// emit gives out what the guest writes to standard output (1) or error (2),
// unless it has been given out before; and to who wants to hear it again.
func (m *Machine) emit(stream int, p []byte) {
	m.emitAt(m.c.Icount, m.live(), stream, p)
	m.saw(vm.EventOutput)
	m.emitted = true
}

// emitAt gives out what the instruction or tick at icount at puts out. fresh says
// that it is executed for the first time.
func (m *Machine) emitAt(at uint64, fresh bool, stream int, p []byte) {
	if len(p) == 0 {
		return
	}
	if fresh {
		if m.host.output != nil {
			m.host.output(stream, at, p)
		}
		m.log.Note(vm.Event{Icount: at, Kind: vm.NoteOutput, Thread: m.cur.id, Value: uint64(stream), Size: uint64(len(p))})
	}
	if m.echo != nil {
		m.echo(stream, at, p)
	}
	m.saw(vm.EventOutput)
	m.emitted = true
}

// awaitOutside ends an idle wait in which the outside has a part: standard
// input when some thread waits for it, or the terminal, until the deadline at most. in
// is nil when nothing came until then, of which the log need not tell: the programs
// that have a terminal sleep a lot. ok is false when an Interrupt came first; fresh says
// that the input is a new one.
func (m *Machine) awaitOutside(deadline uint64) (in *vm.Input, fresh, ok bool) {
	want := &vm.Input{Icount: m.c.Icount, Kind: vm.InputWake, Num: wakeIdle}
	if next := m.log.At(m.st.pos); deadline != never && !m.live() && (next == nil || next.Icount > m.c.Icount) {
		return nil, false, true
	}
	if in = m.expect(want); in != nil {
		m.st.pos++
		return in, false, true
	}
	if m.err != nil {
		return nil, false, false
	}
	if deadline == never && !m.awaitsStdin() {
		m.noteHang()
	}
	left := uint64(never)
	if deadline != never {
		left = deadline - min(deadline, m.now())
	}
	if left >= uint64(unnoticed) {
		m.log.Waits(m.c.Icount)
	}
	began := time.Now()
	got, why := m.host.stdin.wait(left, m.listens(), m.wake, m.interrupted.Load)
	// Waits too short to notice take no virtual time: input that is there already
	// (a file) makes every run alike, however busy the host is.
	elapsed := min(uint64(time.Since(began)/unnoticed*unnoticed), left)
	switch why {
	case waitInterrupted:
		return nil, false, false
	case waitTimedOut:
		return nil, false, true
	}
	got.fill(want)
	want.Aux[0] = elapsed
	m.record(want)
	m.st.pos++
	return want, true, true
}

// pollOutside looks whether something has arrived on standard input, for a
// thread that waits for it while others run. It is called while arriving at a
// position, so a position that has been reached before is not live here.
func (m *Machine) pollOutside() {
	in, fresh := m.log.At(m.st.pos), false
	switch {
	case in != nil:
		if in.Icount != m.c.Icount || in.Kind != vm.InputWake || in.Num != wakePoll {
			return
		}
	case m.sealed() || m.c.Icount <= m.log.Frontier():
		return
	default:
		got, why := m.host.stdin.poll()
		if why == waitTimedOut {
			return
		}
		in, fresh = &vm.Input{Icount: m.c.Icount, Kind: vm.InputWake, Num: wakePoll}, true
		got.fill(in)
		m.record(in)
	}
	m.st.pos++
	m.arrive(in, m.c.Icount-1, fresh)
}

// lookStdin is the look at standard input of a call that does not wait, such
// as poll with a zero time-out.
func (m *Machine) lookStdin(t *thread) {
	if m.st.stdin.ready() {
		return
	}
	fresh := m.live()
	m.arrive(m.ask(t, func(h *host, in *vm.Input) {
		if got, why := h.stdin.poll(); why == waitTimedOut {
			in.Ret = -eAGAIN
		} else {
			got.fill(in)
		}
	}), m.c.Icount, fresh)
}

// arrive puts what came from standard input where the guest's reads find it. It came
// in the instruction or tick at icount at; fresh says that it is new.
func (m *Machine) arrive(in *vm.Input, at uint64, fresh bool) {
	if in.Ret < 0 {
		return
	}
	if fresh {
		m.log.Note(vm.Event{Icount: at, Kind: vm.NoteInput, Thread: m.st.own, Size: uint64(len(in.Data))})
	}
	if m.st.tty != nil {
		m.arriveTTY(in, at, fresh)
		return
	}
	q := &m.st.stdin
	q.arrivals++
	if len(in.Data) == 0 {
		q.eof = true
	} else {
		q.buf = append(q.buf[:len(q.buf):len(q.buf)], in.Data...)
	}
	m.changed = true
}
