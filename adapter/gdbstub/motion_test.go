package gdbstub

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/rv64"
)

func TestBreakpointsStopBeforeTheirInstructionInBothDirections(t *testing.T) {
	st, c := newCounting(t)
	c.want("Z0,1008,4", "OK") // the store
	for _, icount := range []uint64{2, 5, 8} {
		c.wantStop("vCont;c", "05", 0x1008, "swbreak:")
		if st.tl.Icount() != icount {
			t.Errorf("stopped at icount %d, want %d", st.tl.Icount(), icount)
		}
	}
	for _, icount := range []uint64{5, 2} {
		c.wantStop("bc", "05", 0x1008, "swbreak:")
		if st.tl.Icount() != icount {
			t.Errorf("back at icount %d, want %d", st.tl.Icount(), icount)
		}
	}
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	c.want("z0,1008,4", "OK")
	c.want("Z1,1004,4", "OK")
	c.wantStop("c", "05", 0x1004, "hwbreak:")
	c.want("z1,1004,4", "OK")
	c.want("z1,1004,4", "OK") // gone already
	c.want("Z5,1004,4", "")
	c.wantError("Z0,1004")
	c.wantError("Z2,1004,0")
	c.wantError("Z2,0,1000001")
	c.wantError("Z2,ffffffffffffffff,8")
	c.wantError("Z")
}

func TestBothEndsOfHistoryHold(t *testing.T) {
	st, c := newCounting(t)
	for range 2 {
		c.wantStop("bs", "05", 0x1000, "replaylog:begin")
		c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	}
	s, text := c.move("vCont;c")
	if s.pc != 0x1014 || fmt.Sprint(s.fields) != "map[replaylog:end]" {
		t.Errorf("at the end: %v", s)
	}
	if want := "[exited with code 7; history can still be walked]\n"; text != want {
		t.Errorf("console has %q, want %q", text, want)
	}
	for _, again := range []string{"vCont;c", "c", "s", "vCont;s:1;c", "vCont;r1000,2000:1;c"} {
		s, text := c.move(again)
		if s.pc != 0x1014 || fmt.Sprint(s.fields) != "map[replaylog:end]" || text != "" {
			t.Errorf("%s at the end: %v, console %q", again, s, text)
		}
	}
	c.wantStop("bs", "05", 0x1010)
	c.wantStop("s", "05", 0x1014, "replaylog:end")
	c.want("Z0,1004,4", "OK")
	c.wantStop("bc", "05", 0x1004, "swbreak:")
	if st.tl.Icount() != 7 {
		t.Errorf("the latest breakpoint before the end is at icount %d, want 7", st.tl.Icount())
	}
}

func TestSteppingBackUndoesStepping(t *testing.T) {
	st, c := newCounting(t)
	var hashes []vm.Hash
	var pcs []uint64
	for {
		hashes, pcs = append(hashes, st.m.Hash()), append(pcs, st.m.Reg(1, rv64.RegPC))
		s, _ := c.move("vCont;s:1;c")
		if _, end := s.fields["replaylog"]; end {
			break
		}
	}
	for i := len(hashes) - 1; i >= 0; i-- {
		c.wantStop("bs", "05", pcs[i])
		if st.m.Hash() != hashes[i] {
			t.Errorf("the state at icount %d is another one", i)
		}
	}
}

func TestRangeStepping(t *testing.T) {
	st, c := newCounting(t)
	c.wantStop("vCont;r1000,1010:1;c", "05", 0x1010) // all of the loop
	if st.tl.Icount() != 10 {
		t.Errorf("at icount %d, want 10", st.tl.Icount())
	}
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	c.want("Z0,1008,4", "OK")
	c.wantStop("vCont;r1000,1010:1;c", "05", 0x1008, "swbreak:")
	c.wantStop("vCont;r1000,1010:1;c", "05", 0x1008, "swbreak:")
	if st.tl.Icount() != 5 {
		t.Errorf("at icount %d, want 5", st.tl.Icount())
	}
}

func TestWatchpointForwardStopsBeforeTheStore(t *testing.T) {
	st, c := newCounting(t)
	c.want("Z2,200a,1", "OK") // a byte in the middle
	c.wantStop("vCont;c", "05", 0x1008, "watch:200a")
	if st.tl.Icount() != 2 {
		t.Errorf("at icount %d, want 2", st.tl.Icount())
	}
	// What gdb does: step over it without the watchpoint, then look.
	c.want("z2,200a,1", "OK")
	c.wantStop("vCont;s:1", "05", 0x100c)
	c.want("Z2,200a,1", "OK")
	c.wantStop("vCont;c", "05", 0x1008, "watch:200a")
	// A client that just goes on is not held at the same one.
	c.wantStop("vCont;c", "05", 0x1008, "watch:200a")
	if st.tl.Icount() != 8 {
		t.Errorf("at icount %d, want 8", st.tl.Icount())
	}
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
}

func TestWatchpointStopsAStepOntoItsStore(t *testing.T) {
	st, c := newCounting(t)
	c.want("Z2,2008,8", "OK")
	c.wantStop("vCont;s:1", "05", 0x1004)
	c.wantStop("vCont;s:1", "05", 0x1008)
	c.wantStop("vCont;s:1", "05", 0x1008, "watch:2008")
	c.wantStop("vCont;s:1", "05", 0x100c)
	if st.tl.Icount() != 3 {
		t.Errorf("at icount %d, want 3", st.tl.Icount())
	}
}

func TestWatchpointGoingBackStopsAfterTheStore(t *testing.T) {
	st, c := newCounting(t)
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
	c.want("Z2,2008,8", "OK")
	for _, icount := range []uint64{9, 6, 3} { // each once, the latest first
		c.wantStop("bc", "05", 0x100c, "watch:2008")
		if st.tl.Icount() != icount {
			t.Errorf("at icount %d, want %d", st.tl.Icount(), icount)
		}
	}
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
}

func TestSteppingBackOverAWatchedStoreReportsIt(t *testing.T) {
	st, c := newCounting(t)
	c.want("Z0,100c,4", "OK")
	c.wantStop("vCont;c", "05", 0x100c, "swbreak:")
	c.want("Z2,2008,8", "OK")
	c.wantStop("bs", "05", 0x100c, "watch:2008")
	if st.tl.Icount() != 3 {
		t.Errorf("at icount %d, want 3", st.tl.Icount())
	}
	c.wantStop("bs", "05", 0x1008)
	c.wantStop("bs", "05", 0x1004)
}

func TestReadAndAccessWatchpoints(t *testing.T) {
	prog := []toyIns{{toyStore, 10, 8}, {toyLoad, 11, 8}, {toyStore, 10, 16}, {toyLoad, 12, 16}, {toyExit, 0, 0}}
	st := newStage(newToy(prog, 0), Config{})
	c := st.connect(t)
	c.want("Z3,2008,8", "OK")
	c.want("Z4,2010,8", "OK")
	c.wantStop("vCont;c", "05", 0x1004, "rwatch:2008")
	c.wantStop("vCont;c", "05", 0x1008, "awatch:2010")
	c.wantStop("vCont;c", "05", 0x100c, "awatch:2010")
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
	c.wantStop("bc", "05", 0x1010, "awatch:2010")
	c.wantStop("bc", "05", 0x100c, "awatch:2010")
	c.wantStop("bc", "05", 0x1008, "rwatch:2008")
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
}

// A recording may end before its program does: that is an end of history, too.
func TestTheEndOfARecording(t *testing.T) {
	prog := []toyIns{{toyAdd, 10, 1}, {toyAdd, 10, 1}, {toyAdd, 10, 1}, {toyAdd, 10, 1}, {toyExit, 0, 0}}
	m := newToy(prog, 0)
	st := newStage(m, Config{})
	if stop := st.tl.Forward(t.Context(), 3, nil); stop.Reason != vm.StopLimit {
		t.Fatalf("%+v", stop)
	}
	if err := st.tl.Seek(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	m.sealed = true
	c := st.connect(t)
	c.wantStop("vCont;c", "05", 0x100c, "replaylog:end")
	c.wantStop("vCont;c", "05", 0x100c, "replaylog:end")
	c.wantStop("vCont;s:1;c", "05", 0x100c, "replaylog:end")
	c.wantStop("bs", "05", 0x1008)
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	c.want("Z0,1008,4", "OK")
	c.wantStop("vCont;c", "05", 0x1008, "swbreak:")
}

// A write by the guest kernel looks as if its system call had made it.
func TestWatchedKernelWrites(t *testing.T) {
	prog := []toyIns{{toyAdd, 10, 1}, {toyKernel, 10, 8}, {toyAdd, 10, 1}, {toyKernel, 10, 8}, {toyExit, 0, 0}}
	st := newStage(newToy(prog, 0), Config{})
	c := st.connect(t)
	c.want("Z2,2008,8", "OK")
	c.wantStop("vCont;c", "05", 0x1004, "watch:2008")
	c.want("m2008,1", "00")
	c.wantStop("vCont;s:1", "05", 0x1008)
	c.want("m2008,1", "02")
	c.wantStop("vCont;c", "05", 0x100c, "watch:2008")
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
	c.wantStop("bc", "05", 0x1010, "watch:2008")
	c.wantStop("bs", "05", 0x100c)
	c.wantStop("bc", "05", 0x1008, "watch:2008")
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
}

func TestConditionsAreEvaluatedInTheServer(t *testing.T) {
	st, c := newCounting(t)
	const equals3 = "26000a" + "2203" + "13" + "27" // x10 == 3
	const equals4 = "26000a" + "2204" + "13" + "27"
	const fails = "2200" + "17" + "27" // *(char *)0
	c.want("Z0,1008,4;X7,"+equals3, "OK")
	c.wantStop("vCont;c", "05", 0x1008, "swbreak:")
	c.want("pa", "0300000000000000")
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
	c.wantStop("bc", "05", 0x1008, "swbreak:")
	c.want("pa", "0300000000000000")
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	c.want("Z0,1008,4;X7,"+equals3+"X7,"+equals4, "OK") // either; replaces the one before
	c.wantStop("vCont;c", "05", 0x1008, "swbreak:")
	c.wantStop("vCont;c", "05", 0x1008, "swbreak:")
	c.want("pa", "0400000000000000")
	c.wantStop("bc", "05", 0x1008, "swbreak:")
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	c.want("Z0,1008,4;X4,"+fails, "OK")
	c.wantStop("vCont;c", "05", 0x1008, "swbreak:")
	if st.tl.Icount() != 2 {
		t.Errorf("a condition that can't be evaluated stopped at icount %d, want 2", st.tl.Icount())
	}
	c.wantError("Z0,1008,4;X1,00")
	c.wantError("Z0,1008,4;X9,27")
	c.wantError("Z0,1008,4;cmds:0")
}

func TestSignalsStopBeforeTheirDelivery(t *testing.T) {
	prog := []toyIns{{toyFault, 0, 0x10}, {toyAdd, 10, 1}, {toyDie, 0, 0x2000}, {toyExit, 0, 0}}
	st := newStage(newToy(prog, 0), Config{})
	c := st.connect(t)
	c.wantStop("vCont;c", "0b", 0x1000)
	info := c.call("qXfer:siginfo:read::0,80")
	if len(info) != 1+128 || info[1] != 11 || info[1+8] != 1 || info[1+16] != 0x10 {
		t.Errorf("siginfo is %q, want SIGSEGV, SEGV_MAPERR at 0x10", info)
	}
	c.wantStop("vCont;C0b:1;c", "0b", 0x1008)
	if info := c.call("qXfer:siginfo:read::0,80"); info[1+8] != 2 || info[1+16+1] != 0x20 {
		t.Errorf("siginfo is %q, want SEGV_ACCERR at 0x2000", info)
	}
	c.want("?", c.call("?"))
	s, text := c.move("c")
	if fmt.Sprint(s.fields) != "map[replaylog:end]" || !strings.Contains(text, "killed by signal 11 (SIGSEGV)") {
		t.Errorf("%v, console %q", s, text)
	}
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	// Of signals that the client does not want to hear it is not told.
	c.want("QPassSignals:b;e", "OK")
	c.wantStop("vCont;c", "05", 0x100c, "replaylog:end")
	c.wantError("QPassSignals:xyz")
}

// Two threads in one loop, five instructions each in turn.
func TestThreadsTakeTurnsInBothDirections(t *testing.T) {
	prog := []toyIns{
		{toyAdd, 11, 1}, {toyAdd, 12, 1}, {toyAdd, 13, 1}, {toyJump, 0, 0}, // thread 1
		{toyAdd, 11, 1}, {toyAdd, 12, 1}, {toyAdd, 13, 1}, {toyJump, 0, 4}, // thread 2
	}
	st := newStage(newToy(prog, 0, 4), Config{})
	c := st.connect(t)
	c.want("qfThreadInfo", "m1,2")
	c.want("qsThreadInfo", "l")
	c.want("T2", "OK")
	c.wantError("T3")
	c.want("Hg2", "OK")
	c.want("p20", "1010000000000000")
	c.wantError("Hg3")
	c.wantError("Hx1")
	c.want("Hg0", "OK")
	c.want("qThreadExtraInfo,2", hexText("toy-2: runnable"))
	if x := c.call("qXfer:threads:read::0,1000"); !strings.Contains(x, `<thread id="2" name="toy-2">runnable</thread>`) {
		t.Errorf("threads: %s", x)
	}

	// Thread 2's first instruction runs after five of thread 1's.
	if s := c.wantStop("vCont;s:2;c", "05", 0x1014); s.thread != "2" || st.tl.Icount() != 6 {
		t.Errorf("thread %s stopped at icount %d, want 2 at 6", s.thread, st.tl.Icount())
	}
	// Thread 1's next, the sixth, after the rest of thread 2's.
	if s := c.wantStop("vCont;s:1;c", "05", 0x1008); s.thread != "1" || st.tl.Icount() != 11 {
		t.Errorf("thread %s stopped at icount %d, want 1 at 11", s.thread, st.tl.Icount())
	}
	// Undoing thread 2's last undoes that of thread 1, too.
	c.want("Hg2", "OK")
	if s := c.wantStop("bs", "05", 0x1010); s.thread != "2" || st.tl.Icount() != 9 {
		t.Errorf("thread %s stopped at icount %d, want 2 at 9", s.thread, st.tl.Icount())
	}
	// Any thread: the one whose instruction is undone.
	c.want("Hcp1.-1", "OK")
	for icount := uint64(8); icount > 3; icount-- {
		thread := "2"
		if icount < 5 {
			thread = "1"
		}
		if s, _ := c.move("bs"); s.thread != thread || st.tl.Icount() != icount {
			t.Errorf("thread %s stopped at icount %d, want %s at %d", s.thread, st.tl.Icount(), thread, icount)
		}
	}
	// On the way another thread's breakpoint is one.
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	c.want("Z0,1008,4", "OK")
	if s := c.wantStop("vCont;s:2;c", "05", 0x1008, "swbreak:"); s.thread != "1" || st.tl.Icount() != 2 {
		t.Errorf("thread %s stopped at icount %d, want 1 at 2", s.thread, st.tl.Icount())
	}
	c.wantStop("vCont;s:2;c", "05", 0x1014)
	c.want("Z0,100c,4", "OK")
	c.want("Hg1", "OK")
	if s := c.wantStop("bs", "05", 0x1000); s.thread != "1" || st.tl.Icount() != 4 {
		t.Errorf("thread %s stopped at icount %d, want 1 at 4", s.thread, st.tl.Icount())
	}
}

// A step can end where another thread is about to execute an instruction with a
// breakpoint: the client has not been told of that one.
func TestBreakpointOfTheNextThreadIsNotPassedOver(t *testing.T) {
	prog := []toyIns{{toyJump, 0, 0}, {toyAdd, 11, 1}, {toyAdd, 11, 1}, {toyJump, 0, 1}}
	st := newStage(newToy(prog, 0, 1), Config{})
	c := st.connect(t)
	c.want("Z0,1004,4", "OK")
	for range 5 {
		c.wantStop("vCont;s:1;c", "05", 0x1000)
	}
	if s := c.wantStop("vCont;c", "05", 0x1004, "swbreak:"); s.thread != "2" || st.tl.Icount() != 5 {
		t.Errorf("thread %s stopped at icount %d, want 2 at 5", s.thread, st.tl.Icount())
	}
}

// gdb takes a breakpoint out to move a thread over it, thinks that no other thread
// runs meanwhile, and fails an assertion when it is told of another one's stop.
func TestOnlyTheThreadThatIsToRunAloneIsReported(t *testing.T) {
	prog := []toyIns{{toyAdd, 11, 1}, {toyAdd, 11, 1}, {toyStore, 11, 8}, {toyJump, 0, 0}}
	st := newStage(newToy(prog, 0, 1), Config{})
	c := st.connect(t)
	c.want("Z0,1008,4", "OK")
	c.want("Z2,2008,8", "OK")
	// On the way thread 1 comes to the breakpoint and the store, then thread 2.
	if s := c.wantStop("vCont;s:2", "05", 0x1008); s.thread != "2" || st.tl.Icount() != 6 {
		t.Errorf("thread %s stopped at icount %d, want 2 at 6", s.thread, st.tl.Icount())
	}
	if s := c.wantStop("vCont;s:1", "05", 0x1008); s.thread != "1" || st.tl.Icount() != 11 {
		t.Errorf("thread %s stopped at icount %d, want 1 at 11", s.thread, st.tl.Icount())
	}
	// Its previous instruction is at icount 9. First it only is said to be there.
	c.want("Hc2", "OK")
	for _, icount := range []uint64{10, 9} {
		if s := c.wantStop("bs", "05", 0x1004); s.thread != "2" || st.tl.Icount() != icount {
			t.Errorf("thread %s stopped at icount %d, want 2 at %d", s.thread, st.tl.Icount(), icount)
		}
		c.want("Hg2", "OK")
		c.want("p20", "0410000000000000")
		c.want("Hg1", "OK")
		c.want("p20", "0410000000000000")
	}
}

// Where a thread's life began there is nothing of it to undo.
func TestSteppingBackOverAThreadsStart(t *testing.T) {
	st := newStage(newToy([]toyIns{{toyAdd, 11, 1}, {toyJump, 0, 0}}, 0, 0), Config{})
	c := st.connect(t)
	c.wantStop("vCont;s:2;c", "05", 0x1004)
	c.wantStop("bs", "05", 0x1000)
	if s := c.wantStop("bs", "05", 0x1000); s.thread != "1" || st.tl.Icount() != 4 {
		t.Errorf("thread %s stopped at icount %d, want 1 at 4", s.thread, st.tl.Icount())
	}
}
