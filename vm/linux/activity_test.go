package linux_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// A happening is what really happens in [start, end) of a history: executed one
// instruction at a time, and once more asking about every instruction and access.
type happening struct {
	start, end uint64
	pcs        map[uint64]bool // of instructions that a breakpoint stops at
	read       map[uint64]bool // pages
	written    map[uint64]bool
	events     vm.EventSet
	tops       map[vm.ThreadID]uint64
	trapped    bool // an instruction did not retire, a system call's aside
}

// observer finds out what happens in a guest's history.
type observer struct {
	t  *testing.T
	m  *linux.Machine // replays
	g  testdata.Guest
	h  *history
	sp int

	// For RISC-V: the register that the last instructions, auipc and addi, have set, and
	// where calls made in the stretch that is observed return to.
	auipc   uint32
	returns map[vm.ThreadID][]uint64
}

func newObserver(t *testing.T, h *history, g testdata.Guest) *observer {
	m := replayOf(t, h.cfg, h.log)
	return &observer{t: t, m: m, g: g, h: h, sp: m.Arch().SP}
}

// observe moves on to start and looks at what happens up to end.
func (o *observer) observe(start, end uint64) *happening {
	m := o.m
	m.Run(start, nil)
	w := &happening{start: start, end: end, pcs: map[uint64]bool{}, read: map[uint64]bool{}, written: map[uint64]bool{}, tops: map[vm.ThreadID]uint64{}}
	s := m.Snapshot()
	visited := o.step(w)
	m.Restore(s)
	o.ask(w, visited)
	m.Restore(s)
	for i := range o.h.log.Len() {
		if in := o.h.log.At(i); in.Kind != vm.InputInit && start <= in.Icount && in.Icount < end && in.Num != wakePolled(in) {
			w.events |= vm.EventInput
		}
	}
	return w
}

// wakePolled is the number of inputs that take effect when their position is
// arrived at, and not in what is executed there.
func wakePolled(in *vm.Input) uint32 {
	if in.Kind == vm.InputWake {
		return 2
	}
	return 1<<32 - 1
}

// step executes w one by one and returns the addresses at which instructions were
// about to be executed.
func (o *observer) step(w *happening) []uint64 {
	m := o.m
	visited := map[uint64]bool{}
	o.auipc, o.returns = 0, map[vm.ThreadID][]uint64{}
	pc := m.Arch().PC
	stacks := o.stacks()
	for m.Icount() < w.end {
		at, elsewhere := m.Icount(), m.Elsewhere()
		t := m.CurrentThread()
		from, last := m.Reg(t, pc), m.LastPC(t)
		var code [15]byte
		m.ReadMemory(from, code[:])
		visited[from] = true
		if s := m.Run(at+1, nil); s.Reason != vm.StopLimit && s.Reason != vm.StopExit {
			o.t.Fatalf("%v at %d: %v", s.Reason, at, s.Err)
		} else if m.Icount() == at {
			break
		}
		call := isSyscall(o.g.Arch, code[:])
		if !elsewhere && !call && m.LastPC(t) == from && m.CurrentThread() == t {
			// An instruction has retired: only its own stack can be another.
			if isIndirect(o.g.Arch, code[:]) && !o.isKnown(t, code[:]) {
				w.tops[t] = max(w.tops[t], m.Reg(t, o.sp))
			}
			o.link(t, code[:])
			stacks[t] = m.Reg(t, o.sp)
			continue
		}
		w.trapped = w.trapped || !elsewhere && !call && m.LastPC(t) == last
		if !elsewhere && call && m.LastPC(t) == from {
			w.events |= vm.EventSyscall
		}
		now := o.stacks()
		for id, sp := range now {
			if was, known := stacks[id]; !known || was != sp {
				if id == t && !elsewhere && m.CurrentThread() != t && isOrdinary(o.g.Arch, code[:]) {
					continue // its last instruction before another thread's turn
				}
				w.tops[id] = max(w.tops[id], sp)
			}
		}
		stacks = now
	}
	out := make([]uint64, 0, len(visited))
	for a := range visited {
		out = append(out, a)
	}
	return out
}

func (o *observer) stacks() map[vm.ThreadID]uint64 {
	out := map[vm.ThreadID]uint64{}
	for _, t := range o.m.Threads() {
		out[t.ID] = o.m.Reg(t.ID, o.sp)
	}
	return out
}

// link remembers what an instruction of RISC-V's that has just been executed makes
// known to the engine: an auipc's result for the next one, and where calls return to.
func (o *observer) link(t vm.ThreadID, code []byte) {
	if o.g.Arch == testdata.RISCV64 {
		i := binary.LittleEndian.Uint32(code)
		rd, rs := i>>7&31, i>>15&31
		switch op := i & 0x7f; {
		case op == 0x17: // auipc
			o.auipc = rd
		case op == 0x13 && rd == rs && rd == o.auipc: // and addi, for all of the address
		default:
			o.auipc = 0
			if (op == 0x6f || op == 0x67) && rd == 1 || i&0xf07f == 0x9002 { // jal, jalr, c.jalr
				o.returns[t] = append(o.returns[t], o.m.Reg(t, 1))
			}
		}
	}
}

// isKnown reports whether the engine may have made a direct jump of the indirect one
// that has just been executed.
func (o *observer) isKnown(t vm.ThreadID, code []byte) bool {
	if o.g.Arch != testdata.RISCV64 {
		return false
	}
	i := binary.LittleEndian.Uint32(code)
	return o.auipc != 0 && i&0x7f == 0x67 && i>>15&31 == o.auipc || slices.Contains(o.returns[t], o.m.Reg(t, o.m.Arch().PC))
}

func isSyscall(arch string, code []byte) bool {
	if arch == testdata.RISCV64 {
		return binary.LittleEndian.Uint32(code) == 0x73
	}
	return code[0] == 0x0f && code[1] == 0x05
}

// isOrdinary reports whether an instruction is none that jumps to what a register
// says, nor a system call.
func isOrdinary(arch string, code []byte) bool {
	return !isSyscall(arch, code) && !isIndirect(arch, code)
}

// isIndirect reports whether an instruction jumps to what a register or memory says.
func isIndirect(arch string, code []byte) bool {
	if arch == testdata.RISCV64 {
		i := binary.LittleEndian.Uint32(code)
		return i&0x7f == 0x67 || i&0xe07f == 0x8002 && i>>7&31 != 0
	}
	for len(code) > 2 && (code[0]&0xf0 == 0x40 || slices.Contains([]byte{0x66, 0xf2, 0xf3, 0x3e, 0x2e, 0x64, 0x65}, code[0])) {
		code = code[1:]
	}
	n := code[1] >> 3 & 7
	return code[0] == 0xc3 || code[0] == 0xc2 || code[0] == 0xff && (n == 2 || n == 4)
}

// ask executes w with a filter that is asked about everything.
func (o *observer) ask(w *happening, visited []uint64) {
	pages := func(set map[uint64]bool, s *vm.Stop) {
		for p := s.Addr >> 12; p <= (s.Addr+s.Size-1)>>12; p++ {
			set[p] = true
		}
	}
	stops := &vm.Stops{
		Breaks:  vm.NewBreaks(visited...),
		Watches: []vm.Watch{{Addr: 0, Size: 1 << 62, Read: true, Write: true}},
		Signals: true, Maps: true, Switches: true, AtStart: true,
		Filter: func(s *vm.Stop) bool {
			switch s.Reason {
			case vm.StopBreak:
				w.pcs[s.PC] = true
			case vm.StopSignal:
				w.events |= vm.EventSignal
				w.trapped = true
			case vm.StopSwitch:
				w.events |= vm.EventSwitch
			case vm.StopWatch:
				if s.Write {
					pages(w.written, s)
				} else {
					pages(w.read, s)
				}
			}
			return false
		},
	}
	for o.m.Icount() < w.end {
		s := o.m.Run(w.end, stops)
		stops.AtStart = true
		switch s.Reason {
		case vm.StopMaps:
			w.events |= vm.EventMaps
		case vm.StopLimit:
		case vm.StopExit:
			return
		default:
			o.t.Fatalf("%v at %d: %v", s.Reason, s.Icount, s.Err)
		}
	}
}

// check compares an activity with what happened. known are addresses of
// instructions; exact says that those that were not executed must not be in it.
func (w *happening) check(t *testing.T, how string, a *vm.Activity, known map[uint64]bool, exact bool) {
	t.Helper()
	if !a.Traced {
		t.Fatalf("[%d,%d) %s: not traced", w.start, w.end, how)
	}
	for pc := range w.pcs {
		if !a.Code.Has(pc) {
			t.Errorf("[%d,%d) %s: %#x is executed, and not in Code", w.start, w.end, how, pc)
		}
	}
	for p := range w.read {
		if !a.Read.MayHold(p, p) {
			t.Errorf("[%d,%d) %s: page %#x is read, and not in Read", w.start, w.end, how, p)
		}
	}
	for p := range w.written {
		if _, ok := slices.BinarySearch(a.Written, p); !ok {
			t.Errorf("[%d,%d) %s: page %#x is written, and not in Written", w.start, w.end, how, p)
		}
	}
	if missing := w.events &^ a.Events; missing != 0 {
		t.Errorf("[%d,%d) %s: events %b are missing", w.start, w.end, how, missing)
	}
	for id, sp := range w.tops {
		if a.Top(id) < sp {
			t.Errorf("[%d,%d) %s: thread %d had its stack pointer at %#x, Top is %#x", w.start, w.end, how, id, sp, a.Top(id))
		}
	}
	if !exact || w.trapped {
		return
	}
	for pc := range known {
		if !w.pcs[pc] && a.Code.Has(pc) {
			t.Errorf("[%d,%d) %s: %#x is not executed, but in Code", w.start, w.end, how, pc)
		}
	}
	for _, low := range a.Read.Low() {
		hit := false
		for p := range w.read {
			hit = hit || uint16(p) == low
		}
		if !hit {
			t.Errorf("[%d,%d) %s: no page …%x is read, but it is in Read", w.start, w.end, how, low)
		}
	}
	if extra := a.Events &^ w.events &^ (vm.EventOutput | vm.EventInput); extra != 0 {
		t.Errorf("[%d,%d) %s: events %b did not occur", w.start, w.end, how, extra)
	}
}

// windows picks stretches of a history that do not overlap: at its ends, where inputs
// are, and anywhere.
func windows(rnd *rand.Rand, h *history, n int, longest uint64) [][2]uint64 {
	starts := []uint64{0, h.end - min(h.end, 200)}
	for range n {
		starts = append(starts, rnd.Uint64N(h.end))
		at := h.log.At(rnd.IntN(h.log.Len())).Icount
		starts = append(starts, at-min(at, rnd.Uint64N(20)))
	}
	slices.Sort(starts)
	var out [][2]uint64
	free := uint64(0)
	for _, s := range starts {
		if s < free {
			continue
		}
		end := min(s+1+rnd.Uint64N(1+longest>>rnd.IntN(10)), h.end)
		if end > s {
			out = append(out, [2]uint64{s, end})
			free = end
		}
	}
	return out
}

// wander runs m to the icount end with stops that must not matter. It reports whether
// accesses may have been executed in part.
func wander(t *testing.T, rnd *rand.Rand, m *linux.Machine, end uint64, known []uint64) (watched bool) {
	t.Helper()
	no := func(*vm.Stop) bool { return false }
	some := func() *vm.Breaks {
		var list []uint64
		for range 1 + rnd.IntN(20) {
			list = append(list, known[rnd.IntN(len(known))])
		}
		return vm.NewBreaks(list...)
	}
	for m.Icount() < end {
		until := min(end, m.Icount()+1+rnd.Uint64N(1<<rnd.IntN(12)))
		stops := &vm.Stops{AtStart: rnd.IntN(2) == 0}
		switch rnd.IntN(6) {
		case 0:
			stops.Breaks = some()
		case 1, 2:
			stops.Breaks, stops.Filter = some(), no
		case 3:
			stops.Signals, stops.Switches, stops.Maps = true, true, true
			stops.AtStart = false
		case 4:
			watched = true
			page := known[rnd.IntN(len(known))] &^ 0xfff
			stops.Watches, stops.Filter = []vm.Watch{{Addr: page, Size: 4096, Read: true}, {Addr: page &^ 0xffffff, Size: 1 << 24, Write: true}}, no
		default:
			stops = nil
		}
		if stops != nil && stops.Filter == nil {
			stops.AtStart = false
		}
		switch s := m.Run(until, stops); s.Reason {
		case vm.StopError, vm.StopInterrupted:
			t.Fatalf("%v at %d: %v", s.Reason, s.Icount, s.Err)
		case vm.StopExit:
			return watched
		}
	}
	return watched
}

// What happened is in the activity, whatever way the machine took; and of code and
// reads not more, unless something trapped in the middle of a block.
func TestAnActivityMissesNothing(t *testing.T) {
	guests := append(slices.Clone(walked), "x86", "signals_glibc", "sockets_glibc", "lazy_race", "inline_o2", "floats")
	everywhere(t, guests, func(t *testing.T, g testdata.Guest) {
		h := record(t, g, 1)
		rnd := rand.New(rand.NewPCG(7, h.end))
		o := newObserver(t, h, g)
		var all []*happening
		known := map[uint64]bool{}
		n := 6
		if testing.Short() {
			n = 3
		}
		for _, w := range windows(rnd, h, n, 1500) {
			all = append(all, o.observe(w[0], w[1]))
			for pc := range all[len(all)-1].pcs {
				known[pc] = true
			}
		}
		var addrs []uint64
		for pc := range known {
			addrs = append(addrs, pc)
		}
		slices.Sort(addrs)
		// Code that changes, and a vforked child's, may be in it as well.
		exact := g.Name != "selfmod" && g.Name != "x86" && g.Name != "programs"

		m := replayOf(t, h.cfg, h.log)
		for _, w := range all {
			m.Run(w.start, nil)
			before := m.Snapshot()
			m.Run(w.end, nil)
			w.check(t, "straight", m.Snapshot().Activity(), known, exact)
			if again := m.Snapshot().Activity(); len(again.Code)+len(again.Written)+len(again.Read.Low())+len(again.Tops)+int(again.Events) > 1 {
				t.Errorf("[%d,%d): nothing happened since, but %+v", w.start, w.end, again)
			}
			for range 2 {
				m.Restore(before)
				watched := wander(t, rnd, m, w.end, addrs)
				w.check(t, "wandering", m.Snapshot().Activity(), known, exact && !watched)
			}
			m.Restore(before)
			middle := w.start + rnd.Uint64N(w.end-w.start)
			watched := wander(t, rnd, m, middle, addrs)
			first := m.Snapshot().Activity()
			watched = wander(t, rnd, m, w.end, addrs) || watched
			w.check(t, "in two parts", first.Merge(m.Snapshot().Activity()), known, exact && !watched)
			if t.Failed() {
				return
			}
		}
	})
}
