package linux_test

import (
	"math"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// branching is a loop of n turns in which a branch is always taken, over cold code.
func branching(n int64) *asm {
	a := newAsm()
	a.li(t1, n)
	a.label("loop")
	a.addi(t0, t0, 1)
	a.bnez(t1, "hot")
	a.label("cold")
	a.addi(t0, t0, 2)
	a.addi(t0, t0, 3)
	a.label("hot")
	a.addi(t1, t1, -1)
	a.bnez(t1, "loop")
	a.label("end")
	a.exit(0)
	return a
}

func TestCodeBehindABranchThatIsAlwaysTakenIsNotExecuted(t *testing.T) {
	a := branching(1000)
	m := boot(t, a.elf(), nil)
	cold, hot, end := a.labels["cold"], a.labels["hot"], a.labels["end"]
	want := vm.Ranges{{Start: codeBase, End: cold}, {Start: hot, End: end}}
	at := m.Snapshot()
	for _, stops := range []*vm.Stops{
		nil,
		{Breaks: vm.NewBreaks(cold)},
		{Breaks: vm.NewBreaks(cold + 4)},
		{Breaks: vm.NewBreaks(cold, hot, a.labels["loop"]), Filter: func(*vm.Stop) bool { return false }},
		{Watches: []vm.Watch{{Addr: dataBase, Size: 8, Read: true}}},
	} {
		for range 2 {
			m.Restore(at)
			m.Run(2000, stops)
			if got := m.Snapshot().Activity().Code; !slices.Equal(got, want) {
				t.Errorf("with %+v: %x, want %x", stops, got, want)
			}
			m.Run(2001, stops)
			loop := vm.Ranges{{Start: a.labels["loop"], End: cold}, {Start: hot, End: end}}
			m.Run(2500, stops)
			if got := m.Snapshot().Activity().Code; !slices.Equal(got, loop) {
				t.Errorf("with %+v, later: %x, want %x", stops, got, loop)
			}
		}
	}
}

func TestASingleInstructionIsAllThatIsExecuted(t *testing.T) {
	m := boot(t, branching(1000).elf(), nil)
	for range 50 {
		pc := m.Reg(m.CurrentThread(), m.Arch().PC)
		m.Run(m.Icount()+1, nil)
		if got := m.Snapshot().Activity().Code; !slices.Equal(got, vm.Ranges{{Start: pc, End: pc + 4}}) {
			t.Fatalf("at %d: %x, want that at %#x", m.Icount(), got, pc)
		}
	}
}

// Stopped at a breakpoint the instruction there has not been executed.
func TestCodeEndsBeforeTheBreakpointThatStops(t *testing.T) {
	a := branching(1000)
	m := boot(t, a.elf(), nil)
	hot := a.labels["hot"]
	m.Run(forever, &vm.Stops{Breaks: vm.NewBreaks(hot)})
	if c := m.Snapshot().Activity().Code; c.Has(hot) || !c.Has(a.labels["cold"]-4) {
		t.Errorf("%x", c)
	}
	m.Run(m.Icount()+1, nil)
	if c := m.Snapshot().Activity().Code; !c.Has(hot) {
		t.Errorf("then %x", c)
	}
}

func TestAPageThatIsOnlyWrittenIsNotRead(t *testing.T) {
	a := newAsm()
	a.li(s0, dataBase)
	for range 20 {
		a.sd(t0, s0, 0)
	}
	a.ld(t0, s0, 0)
	a.exit(0)
	m := boot(t, a.elf(), nil)
	m.Run(15, nil)
	act := m.Snapshot().Activity()
	if act.Read.MayHold(0, math.MaxUint64) || !slices.Equal(act.Written, []uint64{dataBase >> 12}) || act.Events != 0 {
		t.Errorf("stores: %+v", act)
	}
	m.Run(22, nil) // the load follows
	m.Run(23, nil)
	if act = m.Snapshot().Activity(); !slices.Equal(act.Read.Low(), []uint16{dataBase >> 12}) {
		t.Errorf("a load: %+v", act)
	}
}

// A debugger that looks reads nothing.
func TestLookingIsNoActivity(t *testing.T) {
	m := boot(t, branching(10).elf(), nil)
	m.Run(5, nil)
	m.Snapshot()
	var b [4096]byte
	m.ReadMemory(dataBase, b[:])
	m.Hash()
	m.Run(6, nil)
	if act := m.Snapshot().Activity(); len(act.Read.Low()) != 0 || len(act.Written) != 0 {
		t.Errorf("%+v", act)
	}
}

// What the kernel makes of a stack pointer counts: here a signal's handler runs on a
// stack far above the thread's own.
func TestTheKernelsStackPointersCount(t *testing.T) {
	const alt = dataBase + 0x1000
	a := newAsm()
	a.j("main")
	a.label("handler")
	a.sys(139) // rt_sigreturn
	a.label("main")
	a.li(sp, dataBase+0x800)
	a.li(s0, dataBase)
	a.li(t1, alt)
	a.sd(t1, s0, 0)
	a.li(t1, 0x2000)
	a.sd(t1, s0, 16)
	a.sys(132, dataBase, 0) // sigaltstack
	a.la(t1, "handler")
	a.sd(t1, s0, 64)
	a.li(t1, 0x08000000) // SA_ONSTACK
	a.sd(t1, s0, 72)
	a.sys(134, 10, dataBase+64, 0, 8) // rt_sigaction
	a.sys(172)                        // getpid
	a.li(a1, 10)
	a.li(a7, 129) // kill
	a.label("kill")
	a.ecall()
	a.exit(0)
	m := boot(t, a.elf(), nil)
	m.Run(forever, &vm.Stops{Breaks: vm.NewBreaks(a.labels["kill"])})
	if act := m.Snapshot().Activity(); act.Top(m.CurrentThread()) != 0 {
		t.Errorf("before the signal: %+v", act)
	}
	m.Run(m.Icount()+1, nil)
	top := m.Reg(m.CurrentThread(), m.Arch().SP)
	if act := m.Snapshot().Activity(); top < alt || act.Top(m.CurrentThread()) != top {
		t.Errorf("in the handler: %+v, its stack pointer is %#x", act, top)
	}
	m.Run(forever, &vm.Stops{Breaks: vm.NewBreaks(a.labels["kill"] + 4)})
	if act := m.Snapshot().Activity(); act.Top(m.CurrentThread()) != dataBase+0x800 {
		t.Errorf("behind it: %+v", act)
	}
}

func TestAReplicaTracesNothing(t *testing.T) {
	m := boot(t, branching(1000).elf(), nil)
	m.Run(1000, nil)
	r := replica(t, m)
	r.Run(1000, nil)
	sn := r.Snapshot()
	if act := sn.Activity(); act.Traced || act.Code != nil || act.Tops != nil {
		t.Errorf("%+v", act)
	}
	m.Restore(sn)
	m.Run(1001, nil)
	if act := m.Snapshot().Activity(); !act.Traced || len(act.Code) != 1 {
		t.Errorf("its machine, from there: %+v", act)
	}
}

// The journal has each event once, where it was, however often it is replayed.
func TestTheJournalTellsOfEachEventOnce(t *testing.T) {
	names := []string{"hello_glibc", "threads", "signals", "crash", "abort", "programs", "gohello", "forks"}
	everywhere(t, names, func(t *testing.T, g testdata.Guest) {
		type output struct{ icount, stream, size uint64 }
		var given []output
		cfg := config(t, g)
		cfg.Output = func(fd int, icount uint64, p []byte) {
			given = append(given, output{icount, uint64(fd), uint64(len(p))})
		}
		m := start(t, cfg)
		begin := m.Snapshot()
		threads := map[vm.ThreadID]bool{m.CurrentThread(): true}
		execs := 0
		for _, exited := m.Exited(); !exited; _, exited = m.Exited() {
			m.Run(m.Icount()+100_003, nil)
			if s := m.Snapshot(); m.Icount()%3 == 0 {
				m.Restore(begin)
				m.Run(s.Icount(), nil)
				begin = s
			}
			for _, th := range m.Threads() {
				threads[th.ID] = true
			}
		}
		end := m.Icount()
		var told []output
		began := map[vm.ThreadID]bool{1000: true}
		ended, last := 0, vm.Event{}
		for _, e := range m.Log().Journal() {
			if e.Icount < last.Icount || e.Icount >= end {
				t.Fatalf("%+v comes after %+v", e, last)
			}
			last = e
			switch e.Kind {
			case vm.NoteOutput:
				told = append(told, output{e.Icount, e.Value, e.Size})
			case vm.NoteThread:
				if began[vm.ThreadID(e.Value)] {
					t.Errorf("a thread that has begun: %+v", e)
				}
				began[vm.ThreadID(e.Value)] = true
			case vm.NoteEnd:
				ended++
				if !began[vm.ThreadID(e.Value)] {
					t.Errorf("a thread that has not begun: %+v", e)
				}
			case vm.NoteExec:
				execs++
			}
		}
		if !slices.Equal(told, given) {
			t.Errorf("output %v, was %v", told, given)
		}
		for id := range threads {
			if !began[id] {
				t.Errorf("thread %d is not in the journal", id)
			}
		}
		status, _ := m.Exited()
		if last.Kind != vm.NoteExit || last.Icount != end-1 || last.Value != uint64(status.Code) || last.Size != uint64(status.Signal) {
			t.Errorf("the last event is %+v, at the end %+v, icount %d", last, status, end)
		}
		if status.Signal != 0 {
			want := vm.Event{Icount: end - 1, Kind: vm.NoteSignal, Thread: last.Thread, Value: uint64(status.Signal)}
			if !slices.Contains(m.Log().Journal(), want) {
				t.Errorf("no %+v in the journal", want)
			}
		}
		if threaded := len(began) > 1; threaded != (g.Name == "threads" || g.Name == "gohello") || ended > len(began) {
			t.Errorf("%d threads began, %d ended", len(began), ended)
		}
		if g.Name == "programs" && execs == 0 {
			t.Error("no other program was executed")
		}
		n := len(m.Log().Journal())
		replay := replayOf(t, linux.Config{Path: cfg.Path, Args: cfg.Args, Dir: cfg.Dir}, m.Log())
		replay.Run(end, nil)
		if len(m.Log().Journal()) != n {
			t.Error("a replay adds to the journal")
		}
	})
}
