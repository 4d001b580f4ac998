package linux_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// System calls of asm-generic.
const (
	sysFork   = 220 // clone
	sysWait4  = 260
	sysExecve = 221
	sigchld   = 17
)

// forker forks a child that writes to data and runs through "both", as its parent
// does after it has waited for it.
func forker() *asm {
	a := newAsm()
	a.li(s1, dataBase)
	a.sys(sysFork, sigchld, 0, 0, 0, 0)
	a.addi(s0, a0, 0)
	a.beqz(s0, "both")
	a.sys(sysWait4, -1, dataBase+0x100, 0, 0)
	a.label("both")
	a.addi(t1, s1, 0)
	a.sd(s1, s1, 8)
	a.li(t0, 300)
	a.label("loop")
	a.addi(t0, t0, -1)
	a.bnez(t0, "loop")
	a.exit(7)
	return a
}

func TestBreakpointsAndWatchesAreTheDebuggedProcessesOnly(t *testing.T) {
	a := forker()
	m := boot(t, a.elf(), nil)
	stops := &vm.Stops{
		Breaks:  vm.NewBreaks(a.labels["both"], a.labels["loop"]+4),
		Watches: []vm.Watch{{Addr: dataBase, Size: 64, Read: true, Write: true}},
		Signals: true,
	}
	s := m.Run(forever, stops)
	if s.Reason != vm.StopBreak || s.PC != a.labels["both"] || s.Thread != 1000 {
		t.Fatalf("first %+v", s)
	}
	if m.Reg(1000, s0) != 1001 {
		t.Error("the child stopped, not its parent")
	}
	var word [8]byte
	if m.ReadMemory(dataBase+8, word[:]); word != [8]byte{} {
		t.Error("the child's store shows in its parent")
	}
	if m.ReadMemory(dataBase+0x100, word[:]); word != [8]byte{1: 7} {
		t.Errorf("the child's status: %v", word)
	}
	if s := m.Run(forever, stops); s.Reason != vm.StopWatch || s.Addr != dataBase+8 {
		t.Errorf("then %+v", s)
	}
	if s := m.Run(forever, stops); s.Reason != vm.StopBreak || s.PC != a.labels["loop"]+4 {
		t.Errorf("then %+v", s)
	}
}

// The positions of a child are positions of the one history: the machine can be
// there, shows the parent as it stands, and says so.
func TestPositionsOfAChildShowTheParent(t *testing.T) {
	a := forker()
	m := boot(t, a.elf(), nil)
	var elsewhere, turns int
	was := false
	for {
		s := m.Run(m.Icount()+1, nil)
		if s.Reason == vm.StopExit {
			break
		}
		if s.Thread != 1000 || m.CurrentThread() != 1000 || len(m.Threads()) != 1 || s.PC != m.Reg(1000, m.Arch().PC) {
			t.Fatalf("at %d: %+v, current %d of %+v", m.Icount(), s, m.CurrentThread(), m.Threads())
		}
		if m.Elsewhere() {
			elsewhere++
			if s.PC != a.labels["both"] && m.Threads()[0].State != vm.ThreadBlocked {
				t.Fatalf("at %d: the parent is at %#x, %+v", m.Icount(), s.PC, m.Threads()[0])
			}
		}
		if m.Elsewhere() != was {
			turns++
			was = !was
		}
	}
	// Its way from the system call: a branch, a move, a store, the loop, and the exit.
	if want := 610; elsewhere < want-10 || elsewhere > want || turns != 2 {
		t.Errorf("%d positions elsewhere, %d turns", elsewhere, turns)
	}
}

func TestSwitchesStopsRightAfterEachChangeOfProcess(t *testing.T) {
	a := forker()
	m := boot(t, a.elf(), nil)
	first := m.Snapshot()
	var turns []uint64
	for was := false; ; was = m.Elsewhere() {
		if s := m.Run(m.Icount()+1, nil); s.Reason == vm.StopExit {
			break
		}
		if m.Elsewhere() != was {
			turns = append(turns, m.Icount())
		}
	}
	m.Restore(first)
	for _, want := range turns {
		s := m.Run(want, &vm.Stops{Switches: true})
		if s.Reason != vm.StopSwitch || s.Icount != want || !s.After || s.At != want-1 {
			t.Errorf("%+v, want a switch at %d", s, want)
		}
	}
	if s := m.Run(forever, &vm.Stops{Switches: true}); s.Reason != vm.StopExit {
		t.Errorf("then %v", s.Reason)
	}
}

// A child that shares its parent's memory until it executes something runs over
// its parent's breakpoints, and its stores are its own affair.
func TestVforkedChildDoesNotStop(t *testing.T) {
	a := newAsm()
	a.li(s1, dataBase)
	a.sys(sysFork, 0x4111, 0, 0, 0, 0) // CLONE_VM | CLONE_VFORK | SIGCHLD
	a.addi(s0, a0, 0)
	a.label("both")
	a.addi(t1, s1, 0)
	a.sd(s1, s1, 8)
	a.bnez(s0, "parent")
	a.exit(3)
	a.label("parent")
	a.exit(4)
	m := boot(t, a.elf(), nil)
	stops := &vm.Stops{Breaks: vm.NewBreaks(a.labels["both"]), Watches: []vm.Watch{{Addr: dataBase, Size: 64, Write: true}}}
	s := m.Run(forever, stops)
	var word [8]byte
	if m.ReadMemory(dataBase+8, word[:]); s.Reason != vm.StopBreak || m.Reg(1000, s0) == 0 || word == [8]byte{} {
		t.Fatalf("%+v, s0 %d, memory %v", s, m.Reg(1000, s0), word)
	}
	if s := m.Run(forever, stops); s.Reason != vm.StopWatch || s.Thread != 1000 {
		t.Errorf("then %+v", s)
	}
	if st := toEnd(t, m); st.Code != 4 {
		t.Errorf("status %+v", st)
	}
}

func TestFatalSignalOfAChildIsItsOwnEndOnly(t *testing.T) {
	a := newAsm()
	a.sys(sysFork, sigchld, 0, 0, 0, 0)
	a.bnez(a0, "parent")
	a.sd(x0, x0, 0)
	a.label("parent")
	a.sys(sysWait4, -1, dataBase, 0, 0)
	a.li(t0, dataBase)
	a.ld(a0, t0, 0)
	a.li(a7, 94)
	a.ecall()
	m := boot(t, a.elf(), nil)
	if s := m.Run(forever, &vm.Stops{Signals: true}); s.Reason != vm.StopExit {
		t.Fatalf("%+v", s)
	}
	if st, _ := m.Exited(); st.Code != 11 {
		t.Errorf("status %+v", st)
	}
}

// When the debugged process executes another program, everything that shows it
// shows the new one, and history goes on.
func TestExecOfTheDebuggedProcess(t *testing.T) {
	b := newAsm()
	b.label("here")
	b.exit(9)
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, b.elf(), 0o700); err != nil {
		t.Fatal(err)
	}
	a := newAsm()
	a.sys(sysExecve, dataBase, 0, 0)
	m := boot(t, a.elf([]byte(other)...), nil)
	first := m.Snapshot()
	var final vm.Hash
	for round := range 2 {
		m.ReadMemory(dataBase, make([]byte, 8))
		s := m.Run(forever, &vm.Stops{Maps: true})
		if s.Reason != vm.StopMaps || m.MapsVersion() != 1 || s.PC != b.labels["here"] || s.Thread != 1000 {
			t.Fatalf("round %d: %+v, version %d", round, s, m.MapsVersion())
		}
		im := m.Image()
		if im.Path != other || len(im.Args) != 1 || m.Threads()[0].Name != "other" {
			t.Errorf("%+v, thread %+v", im, m.Threads()[0])
		}
		if st := toEnd(t, m); st.Code != 9 {
			t.Errorf("status %+v", st)
		}
		if round == 1 && m.Hash() != final {
			t.Error("the replay ends otherwise")
		}
		final = m.Hash()
		m.Restore(first)
		if m.Image().Path != "/guest" || m.MapsVersion() != 0 {
			t.Errorf("back at the start: %+v", m.Image())
		}
		_ = os.Remove(other) // the log has it
	}
}

// What is executed again and again is in the log once.
func TestProgramsAreLoggedOnce(t *testing.T) {
	m := start(t, config(t, lookup(t, "programs")))
	toEnd(t, m)
	if n, size := m.Log().Bytes(), len(testdata.Bin("programs")); n > 3*size {
		t.Errorf("the log holds %d bytes for a program of %d", n, size)
	}
}

func TestForkBombsAreBounded(t *testing.T) {
	for _, c := range []struct {
		name string
		a    *asm
	}{
		{"fork", loopOf(sysFork, sigchld, 0, 0, 0, 0)},
		{"children that share memory", loopOf(sysFork, 0x100|sigchld, 0, 0, 0, 0)},
		{"fork and exit", func() *asm {
			a := newAsm()
			a.label("loop")
			a.sys(sysFork, sigchld, 0, 0, 0, 0)
			a.bnez(a0, "loop")
			a.exit(0)
			return a
		}()},
		{"vfork in vfork", loopOf(sysFork, 0x4100|sigchld, 0, 0, 0, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := boot(t, c.a.elf(), func(c *linux.Config) { c.MaxMemory = 1 << 26 })
			for range 4 {
				if s := m.Run(m.Icount()+50_000, nil); s.Reason == vm.StopError {
					t.Fatal(s.Err)
				}
				if n := m.Snapshot().Overhead(); n > 16<<20 {
					t.Fatalf("a snapshot holds %d bytes beside pages", n)
				}
			}
		})
	}
}

// The memory of all processes counts, and the largest one pays.
func TestMemoryOfAllProcessesIsBounded(t *testing.T) {
	a := newAsm()
	a.sys(sysFork, sigchld, 0, 0, 0, 0)
	a.bnez(a0, "parent")
	a.sys(222, 0, 1<<30, 3, 0x22, -1, 0)
	a.li(t0, 0x1000)
	a.label("loop")
	a.sd(a0, a0, 0)
	a.emit(t0<<20 | a0<<15 | a0<<7 | 0x33) // add a0, a0, t0
	a.j("loop")
	a.label("parent")
	a.sys(sysWait4, -1, dataBase, 0, 0)
	a.li(t0, dataBase)
	a.ld(a0, t0, 0)
	a.li(a7, 94)
	a.ecall()
	var log bytes.Buffer
	m := boot(t, a.elf(), func(c *linux.Config) { c.MaxMemory, c.Logger = 32<<20, zerolog.New(&log) })
	if st := toEnd(t, m); st.Code != 9 {
		t.Errorf("status %+v", st)
	}
	if !bytes.Contains(log.Bytes(), []byte(`"process":1001`)) {
		t.Errorf("logged: %s", &log)
	}
}

// What Dirty lists of an interval is what the debugged process wrote in it, forks
// in between or not.
func TestDirtyPagesOutliveAFork(t *testing.T) {
	a := newAsm()
	a.li(s1, dataBase)
	a.label("before")
	a.sd(s1, s1, 8)
	a.sys(sysFork, sigchld, 0, 0, 0, 0)
	a.label("after")
	a.exit(0)
	m := boot(t, a.elf(), nil)
	m.Run(forever, &vm.Stops{Breaks: vm.NewBreaks(a.labels["before"])})
	m.Snapshot()
	m.Run(forever, &vm.Stops{Breaks: vm.NewBreaks(a.labels["after"])})
	found := false
	for _, p := range m.Snapshot().Activity().Written {
		found = found || p == dataBase>>12
	}
	if !found {
		t.Error("the page written before the fork is not dirty")
	}
}

// Random walks over a history of many processes, with children's ends and new
// programs in between, come to the same states in another machine.
func TestSnapshotsOfProcessesGoToOtherMachines(t *testing.T) {
	h := record(t, lookup(t, "programs"), 40)
	a, b := replayOf(t, h.cfg, h.log), replayOf(t, h.cfg, h.log)
	rnd := rand.New(rand.NewPCG(4, 4))
	snaps := map[uint64]vm.Snapshot{}
	for _, p := range h.points {
		a.Run(p, nil)
		snaps[p] = a.Snapshot()
	}
	for range 60 {
		i := rnd.IntN(len(h.points))
		b.Restore(snaps[h.points[i]])
		h.check(t, b, "restored from another machine")
		if i+1 < len(h.points) {
			b.Run(h.points[i+1], nil)
			h.check(t, b, "and run on")
		}
	}
}

// BenchmarkSnapshotOfProcesses measures a snapshot while several processes live
// and many have lived.
func BenchmarkSnapshotOfProcesses(b *testing.B) {
	a := newAsm()
	a.li(s1, 200) // that end at once
	a.label("loop")
	a.sys(sysFork, sigchld, 0, 0, 0, 0)
	a.beqz(a0, "exit")
	a.sys(sysWait4, -1, 0, 0, 0)
	a.addi(s1, s1, -1)
	a.bnez(s1, "loop")
	a.li(s1, 5) // that stay
	a.label("more")
	a.sys(sysFork, sigchld, 0, 0, 0, 0)
	a.beqz(a0, "stay")
	a.addi(s1, s1, -1)
	a.bnez(s1, "more")
	a.label("stay")
	a.addi(t0, t0, 1)
	a.j("stay")
	a.label("exit")
	a.exit(0)
	m := boot(b, a.elf(), nil)
	m.Run(1_000_000, nil)
	b.ResetTimer()
	for range b.N {
		m.Run(m.Icount()+100, nil)
		m.Snapshot()
	}
}
