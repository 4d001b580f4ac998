package linux_test

import (
	"math"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

const forever = math.MaxUint64

// expectStop compares the parts of a stop that the test knows.
func expectStop(t *testing.T, got, want vm.Stop) {
	t.Helper()
	got.Thread = 0
	if want.PC == 0 {
		got.PC = 0
	}
	if got != want {
		t.Fatalf("stop %+v, want %+v", got, want)
	}
}

// counter is a loop that counts t0 up to n and stores it each time; 3
// instructions a turn, the first at icount 3.
func counter(n int64) *asm {
	a := newAsm()
	a.li(t0, 0)
	a.li(t1, n)
	a.addi(t1, t1, 0)
	a.li(s0, dataBase)
	a.label("loop")
	a.addi(t0, t0, 1)
	a.label("store")
	a.sd(t0, s0, 0)
	a.addi(t1, t1, -1)
	a.bnez(t1, "loop")
	a.label("end")
	a.exit(3)
	return a
}

func TestBreakpointsStopBeforeTheInstruction(t *testing.T) {
	a := counter(5)
	m := boot(t, a.elf(), nil)
	stops := &vm.Stops{Breaks: vm.NewBreaks(a.labels["loop"])}
	s := m.Run(forever, stops)
	at := s.Icount
	for i := range uint64(5) {
		expectStop(t, s, vm.Stop{Reason: vm.StopBreak, Icount: at + 4*i, PC: a.labels["loop"]})
		if got := m.Reg(m.CurrentThread(), t0); got != i {
			t.Fatalf("t0 is %d, want %d", got, i)
		}
		s = m.Run(forever, stops)
	}
	if s.Reason != vm.StopExit {
		t.Fatalf("then %v", s.Reason)
	}
}

func TestBreakpointAtTheStartCountsOnlyWithAtStart(t *testing.T) {
	a := counter(1)
	m := boot(t, a.elf(), nil)
	entry := vm.NewBreaks(codeBase)
	expectStop(t, m.Run(forever, &vm.Stops{Breaks: entry, AtStart: true}), vm.Stop{Reason: vm.StopBreak, PC: codeBase})
	if s := m.Run(forever, &vm.Stops{Breaks: entry}); s.Reason != vm.StopExit {
		t.Errorf("without AtStart: %v", s.Reason)
	}
}

func TestBreakpointAtTheLimitBelongsToTheNextRun(t *testing.T) {
	a := counter(5)
	m := boot(t, a.elf(), nil)
	stops := &vm.Stops{Breaks: vm.NewBreaks(a.labels["loop"])}
	at := m.Run(forever, stops).Icount
	n := 0
	stops.Filter = func(*vm.Stop) bool { n++; return true }
	expectStop(t, m.Run(at+4, stops), vm.Stop{Reason: vm.StopLimit, Icount: at + 4, PC: a.labels["loop"]})
	if n != 0 {
		t.Error("the filter was asked about a position that the run does not execute")
	}
	stops.AtStart = true
	expectStop(t, m.Run(forever, stops), vm.Stop{Reason: vm.StopBreak, Icount: at + 4, PC: a.labels["loop"]})
}

func TestFilterSeesEachBreakpointOnceAtItsPosition(t *testing.T) {
	a := counter(100_000) // several slices and quanta
	m := boot(t, a.elf(), nil)
	var next uint64
	seen := 0
	stops := &vm.Stops{Breaks: vm.NewBreaks(a.labels["store"])}
	stops.Filter = func(s *vm.Stop) bool {
		seen++
		if next != 0 && s.Icount != next || m.Icount() != s.Icount || m.Reg(s.Thread, t0) != uint64(seen) {
			t.Fatalf("hit %d at icount %d, machine at %d, t0 %d", seen, s.Icount, m.Icount(), m.Reg(s.Thread, t0))
		}
		next = s.Icount + 4
		return false
	}
	if s := m.Run(forever, stops); s.Reason != vm.StopExit || seen != 100_000 {
		t.Errorf("%v after %d hits", s.Reason, seen)
	}
}

func TestWatchpointsStopBeforeTheAccess(t *testing.T) {
	a := counter(3)
	m := boot(t, a.elf(), nil)
	stops := &vm.Stops{Watches: []vm.Watch{{Addr: dataBase + 100, Size: 8, Write: true}, {Addr: dataBase + 4, Size: 1, Write: true}}}
	s := m.Run(forever, stops)
	at := s.Icount
	for i := range uint64(3) {
		expectStop(t, s, vm.Stop{Reason: vm.StopWatch, Icount: at + 4*i, PC: a.labels["store"], Watch: 1, Addr: dataBase, Size: 8, Write: true, At: at + 4*i})
		var b [8]byte
		m.ReadMemory(dataBase, b[:])
		if uint64(b[0]) != i {
			t.Fatalf("memory holds %d before store %d", b[0], i)
		}
		s = m.Run(forever, stops)
	}
	if s.Reason != vm.StopExit {
		t.Fatal(s.Reason)
	}
}

func TestEveryWatchOfAnAccessIsAskedAbout(t *testing.T) {
	m := boot(t, counter(1).elf(), nil)
	var asked []int
	stops := &vm.Stops{Watches: []vm.Watch{{Addr: dataBase, Size: 8, Write: true}, {Addr: dataBase, Size: 8, Read: true}, {Addr: dataBase + 7, Size: 1, Write: true}}}
	stops.Filter = func(s *vm.Stop) bool {
		asked = append(asked, s.Watch)
		return s.Watch == 2
	}
	if s := m.Run(forever, stops); s.Reason != vm.StopWatch || s.Watch != 2 || len(asked) != 2 {
		t.Errorf("%v of watch %d, asked about %v", s.Reason, s.Watch, asked)
	}
}

// An atomic reads and writes: that nobody wants the one does not hide the other.
func TestAnAtomicIsAskedAboutAsAReadAndAsAWrite(t *testing.T) {
	a := newAsm()
	a.li(t0, dataBase)
	a.label("amo")
	a.emit(0x0062b02f | t1<<7) // amoadd.d t1, t1, (t0)
	a.exit(0)
	m := boot(t, a.elf(), nil)
	var asked []vm.Stop
	stops := &vm.Stops{Watches: []vm.Watch{{Addr: dataBase, Size: 8, Read: true}, {Addr: dataBase, Size: 8, Write: true}}}
	stops.Filter = func(s *vm.Stop) bool { asked = append(asked, *s); return s.Write }
	expectStop(t, m.Run(forever, stops), vm.Stop{Reason: vm.StopWatch, Icount: 2, At: 2, PC: a.labels["amo"], Watch: 1, Addr: dataBase, Size: 8, Write: true})
	if len(asked) != 2 || asked[0].Write || asked[0].Watch != 0 {
		t.Errorf("asked about %+v", asked)
	}
	if s := m.Run(forever, stops); s.Reason != vm.StopExit || len(asked) != 2 {
		t.Errorf("then %v, asked about %+v", s.Reason, asked)
	}
}

func TestKernelAccessStopsAfterTheCall(t *testing.T) {
	a := newAsm()
	a.li(t0, 7)
	a.label("call")
	a.sys(113, 1, dataBase+64) // clock_gettime
	a.label("after")
	a.exit(0)
	file := a.elf()
	stops := &vm.Stops{Watches: []vm.Watch{{Addr: dataBase + 72, Size: 1, Write: true}}}
	want := vm.Stop{Reason: vm.StopWatch, Icount: 6, PC: a.labels["after"], Addr: dataBase + 64, Size: 16, Write: true, After: true, At: 5}

	m := boot(t, file, nil)
	m.Run(1, nil)
	before := m.Snapshot()
	expectStop(t, m.Run(forever, stops), want)

	m.Restore(before)
	expectStop(t, m.Run(6, stops), want) // even at the limit

	m.Restore(before)
	m.Run(5, nil)
	if s := m.Run(forever, stops); s.Reason != vm.StopExit {
		t.Errorf("the first instruction counts without AtStart: %v", s.Reason)
	}
	m.Restore(before)
	m.Run(5, nil)
	stops.AtStart = true
	expectStop(t, m.Run(forever, stops), want)
}

func TestFaultStopsBeforeTheSignal(t *testing.T) {
	a := newAsm()
	a.li(t0, 64)
	a.label("fault")
	a.ld(t1, t0, 0)
	m := boot(t, a.elf(), nil)
	stops := &vm.Stops{Signals: true}
	want := vm.Stop{Reason: vm.StopSignal, Icount: 1, PC: a.labels["fault"], Addr: 64, Signal: 11, Fatal: true}
	expectStop(t, m.Run(forever, stops), want)
	if _, exited := m.Exited(); exited {
		t.Fatal("it is dead already")
	}
	s := m.Run(forever, stops)
	expectStop(t, s, vm.Stop{Reason: vm.StopExit, Icount: 2, PC: a.labels["fault"]})
	if st, _ := m.Exited(); st.Signal != 11 {
		t.Errorf("status %+v", st)
	}
	if th := m.Threads(); len(th) != 1 || th[0].State != vm.ThreadExited || th[0].PC != a.labels["fault"] {
		t.Errorf("threads after the end: %+v", th)
	}
}

func TestFaultWithAHandlerIsATick(t *testing.T) {
	a := newAsm()
	a.j("main")
	a.label("handler")
	a.exit(9)
	a.label("main")
	a.li(t0, dataBase)
	a.la(t1, "handler")
	a.sd(t1, t0, 0)
	a.sys(134, 11, dataBase, 0, 8)
	a.li(t0, 64)
	a.label("fault")
	a.ld(t1, t0, 0)
	m := boot(t, a.elf(), nil)
	s := m.Run(forever, &vm.Stops{Signals: true})
	at := s.Icount
	expectStop(t, s, vm.Stop{Reason: vm.StopSignal, Icount: at, PC: a.labels["fault"], Addr: 64, Signal: 11})
	last := m.LastPC(m.CurrentThread())
	s = m.Run(at+1, &vm.Stops{Signals: true})
	expectStop(t, s, vm.Stop{Reason: vm.StopLimit, Icount: at + 1, PC: a.labels["handler"]})
	if m.LastPC(m.CurrentThread()) != last {
		t.Error("the trap counts as an instruction of the thread")
	}
	if m.Reg(m.CurrentThread(), a0) != 11 {
		t.Error("the handler's argument is not the signal")
	}
	if toEnd(t, m).Code != 9 {
		t.Error("the handler did not run on")
	}
}

func TestFaultFilterRefusedGoesOnIntoTheHandler(t *testing.T) {
	a := newAsm()
	a.ebreak()
	m := boot(t, a.elf(), nil)
	var asked []vm.Stop
	s := m.Run(forever, &vm.Stops{Signals: true, AtStart: true, Filter: func(s *vm.Stop) bool { asked = append(asked, *s); return false }})
	if s.Reason != vm.StopExit || len(asked) != 1 || asked[0].Signal != 5 || !asked[0].Fatal {
		t.Errorf("%v, asked %+v", s.Reason, asked)
	}
}

func TestSentFatalSignalKillsInTheNextTick(t *testing.T) {
	a := newAsm()
	a.sys(172) // getpid
	a.li(a1, 15)
	a.li(a7, 129)
	a.ecall()
	a.label("after")
	a.exit(0)
	m := boot(t, a.elf(), nil)
	stops := &vm.Stops{Signals: true, Breaks: vm.NewBreaks(a.labels["after"])}
	s := m.Run(forever, stops)
	expectStop(t, s, vm.Stop{Reason: vm.StopSignal, Icount: 5, PC: a.labels["after"], Signal: 15, Fatal: true})
	expectStop(t, m.Run(forever, stops), vm.Stop{Reason: vm.StopExit, Icount: 6, PC: a.labels["after"]})
}

func TestIdlePositionHasNoBreakpoint(t *testing.T) {
	a := newAsm()
	a.li(t0, dataBase)
	a.li(t1, 1000)
	a.sd(t1, t0, 8)
	a.sys(101, dataBase, 0) // nanosleep of 1000 ns
	a.label("after")
	a.exit(0)
	m := boot(t, a.elf(), nil)
	s := m.Run(forever, &vm.Stops{Breaks: vm.NewBreaks(a.labels["after"])})
	slept := s.Icount - 1
	expectStop(t, s, vm.Stop{Reason: vm.StopBreak, Icount: slept + 1, PC: a.labels["after"]})

	m = boot(t, a.elf(), nil)
	m.Run(slept, nil)
	if th := m.Threads()[0]; th.State != vm.ThreadBlocked || th.Detail != "nanosleep" || th.PC != a.labels["after"] {
		t.Errorf("asleep: %+v", th)
	}
}

func TestExitPosition(t *testing.T) {
	a := newAsm()
	a.exit(258)
	m := boot(t, a.elf(), nil)
	expectStop(t, m.Run(3, nil), vm.Stop{Reason: vm.StopLimit, Icount: 3, PC: codeBase + 12})
	for range 2 {
		expectStop(t, m.Run(4, nil), vm.Stop{Reason: vm.StopExit, Icount: 3, PC: codeBase + 12})
	}
	expectStop(t, m.Run(3, nil), vm.Stop{Reason: vm.StopLimit, Icount: 3, PC: codeBase + 12})
	if st, ok := m.Exited(); !ok || st.Code != 2 {
		t.Errorf("status %+v", st)
	}
}

func TestLastPCIsTheThreadsLastInstruction(t *testing.T) {
	a := counter(3)
	m := boot(t, a.elf(), nil)
	var pc uint64
	for range 10 {
		if got := m.LastPC(m.CurrentThread()); got != pc {
			t.Fatalf("at %d the last PC is %#x, want %#x", m.Icount(), got, pc)
		}
		pc = m.Reg(m.CurrentThread(), m.Arch().PC)
		m.Run(m.Icount()+1, nil)
	}
}

func TestOutputCarriesTheIcountOfItsCall(t *testing.T) {
	a := newAsm()
	a.sys(64, 1, dataBase, 5)
	a.exit(0)
	var at []uint64
	m := boot(t, a.elf([]byte("hello")...), func(c *linux.Config) {
		c.Output = func(fd int, icount uint64, p []byte) {
			if fd == 1 && string(p) == "hello" {
				at = append(at, icount)
			}
		}
	})
	s := m.Snapshot()
	toEnd(t, m)
	m.Restore(s)
	toEnd(t, m)
	if len(at) != 1 || at[0] != 5 {
		t.Errorf("output at %v, want once at 5", at)
	}
}

func TestErrorsOfExecutablesSayWhatIsWrong(t *testing.T) {
	good := counter(1).elf()
	patch := func(at int, v ...byte) []byte {
		b := append([]byte(nil), good...)
		copy(b[at:], v)
		return b
	}
	damagedInterp := append([]byte(nil), good...)
	damagedInterp[64] = 3 // PT_INTERP, of code
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"ARM64", patch(18, 183), "an ARM64 (EM_AARCH64) executable; this build runs: riscv64 (RV64GC), amd64 (x86-64-v2) Linux executables"},
		{"i386", func() []byte { b := patch(18, 3); b[4] = 1; return b }(), "an x86 (32-bit) (EM_386) executable"},
		{"x32", func() []byte { b := patch(18, 62); b[4] = 1; return b }(), "an x86-64 (x32, 32-bit addresses) (EM_X86_64) executable"},
		{"32 bits", patch(4, 1), "RISC-V (32-bit)"},
		{"big endian", patch(5, 2), "big-endian"},
		{"script", []byte("#!/bin/sh\n"), "a script; this build runs"},
		{"text", []byte("hello"), "not an ELF file"},
		{"empty", []byte{}, "an empty file"},
		{"cut", good[:40], "ends within the ELF header"},
		{"cut headers", good[:100], "program headers lie behind its end"},
		{"cut segment", good[:0x1004], "the file ends"},
		{"object", patch(16, 1), "has not been linked"},
		{"interpreter", damagedInterp, "PT_INTERP names no file"},
		{"low", patch(64+16, 0, 0, 0), "it wants addresses"},
	} {
		_, err := linux.New(linux.Config{Path: "/some/prog", File: c.file})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "/some/prog: ") {
			t.Errorf("%s: error %v, want …%s…", c.name, err, c.want)
		}
	}
	dir := t.TempDir()
	for path, want := range map[string]string{dir: "a directory", dir + "/none": "no such file"} {
		if _, err := linux.New(linux.Config{Path: path}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", path, err, want)
		}
	}
}
