package linux_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// reader reads standard input once into dataBase and exits with what it got.
func reader() *asm {
	a := newAsm()
	a.sys(63, 0, dataBase, 100)
	a.label("read")
	a.li(a7, 94)
	a.ecall()
	return a
}

// pipeIn is a standard input that tells when the guest begins to wait for it.
type pipeIn struct {
	*io.PipeReader
	waiting chan struct{} // has a token from the first Read on
}

func newPipe() (*pipeIn, *io.PipeWriter) {
	r, w := io.Pipe()
	return &pipeIn{r, make(chan struct{}, 1)}, w
}

func (p *pipeIn) Read(b []byte) (int, error) {
	select {
	case p.waiting <- struct{}{}:
	default:
	}
	return p.PipeReader.Read(b)
}

// async runs a machine on a goroutine, which owns it until the result is there.
func async(m *linux.Machine, until uint64) <-chan vm.Stop {
	ch := make(chan vm.Stop, 1)
	go func() { ch <- m.Run(until, nil) }()
	return ch
}

func TestInterruptWhileWaitingForStandardInput(t *testing.T) {
	in, w := newPipe()
	defer w.Close()
	m := boot(t, reader().elf(), func(c *linux.Config) { c.Stdin = in })
	ch := async(m, forever)
	<-in.waiting
	m.Interrupt()
	s := <-ch
	if s.Reason != vm.StopInterrupted {
		t.Fatal(s.Reason, s.Err)
	}
	at, hash := m.Icount(), m.Hash()
	if th := m.Threads()[0]; th.State != vm.ThreadBlocked || !strings.Contains(th.Detail, "standard input") {
		t.Errorf("thread %+v", th)
	}
	// The wait has left no trace, and goes on.
	r := replayOf(t, fixed(linux.Config{Path: "/guest", File: reader().elf(), Dir: "/"}), m.Log())
	if s := r.Run(at, nil); s.Reason != vm.StopLimit || r.Hash() != hash {
		t.Errorf("replay up to the wait: %v", s.Reason)
	}
	go w.Write([]byte("input"))
	if st := toEnd(t, m); st.Code != 5 {
		t.Errorf("it read %d bytes", st.Code)
	}
	r = replayOf(t, fixed(linux.Config{Path: "/guest", File: reader().elf(), Dir: "/"}), m.Log())
	if toEnd(t, r); r.Hash() != m.Hash() {
		t.Error("the replay ends otherwise")
	}
}

func TestInterruptBeforeARunAndClearInterrupt(t *testing.T) {
	m := boot(t, counter(10).elf(), nil)
	m.Interrupt()
	if s := m.Run(forever, nil); s.Reason != vm.StopInterrupted || s.Icount != 0 {
		t.Fatalf("%v at %d", s.Reason, s.Icount)
	}
	m.Interrupt()
	m.ClearInterrupt()
	if s := m.Run(forever, nil); s.Reason != vm.StopExit {
		t.Fatal(s.Reason)
	}
}

func TestInterruptEndlessLoop(t *testing.T) {
	a := newAsm()
	a.label("loop")
	a.sys(124) // sched_yield
	a.j("loop")
	for _, file := range [][]byte{testdata.Bin("spin"), a.elf()} {
		m := boot(t, file, nil)
		m.Run(1_000_000, nil)
		ch := async(m, forever)
		m.Interrupt()
		if s := <-ch; s.Reason != vm.StopInterrupted {
			t.Fatal(s.Reason)
		}
		at, hash := m.Icount(), m.Hash()
		r := replayOf(t, fixed(linux.Config{Path: "/guest", File: file, Dir: "/"}), m.Log())
		if r.Run(at, nil); r.Hash() != hash {
			t.Error("where an interrupt strikes shows in the state")
		}
	}
}

// An Interrupt gets through a filter that is asked all the time.
func TestInterruptWhileAFilterIsAsked(t *testing.T) {
	a := counter(1 << 30)
	m := boot(t, a.elf(), nil)
	asked := 0
	s := m.Run(forever, &vm.Stops{
		Breaks: vm.NewBreaks(a.labels["loop"]),
		Filter: func(*vm.Stop) bool {
			if asked++; asked == 10 {
				m.Interrupt()
			}
			return false
		},
	})
	if s.Reason != vm.StopInterrupted || asked != 10 {
		t.Errorf("%v after the filter was asked %d times", s.Reason, asked)
	}
}

func TestDeadlockWaitsForAnInterrupt(t *testing.T) {
	a := newAsm()
	a.sys(98, dataBase, 0, 0, 0) // futex wait that nobody wakes
	a.exit(1)
	logged := make(chan struct{}, 1)
	m := boot(t, a.elf(), func(c *linux.Config) {
		c.Logger = zerolog.New(writerFunc(func(p []byte) (int, error) {
			if bytes.Contains(p, []byte("hangs")) {
				logged <- struct{}{}
			}
			return len(p), nil
		}))
	})
	for i := range 2 {
		ch := async(m, forever)
		if i == 0 {
			<-logged // once only
		}
		m.Interrupt()
		if s := <-ch; s.Reason != vm.StopInterrupted {
			t.Fatal(s.Reason)
		}
	}
	if th := m.Threads()[0]; th.State != vm.ThreadBlocked || !strings.HasPrefix(th.Detail, "futex at 0x20000") {
		t.Errorf("thread %+v", th)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// spinReader reads in a second thread while the first one spins until the
// reader says what it got.
func spinReader() *asm {
	a := newAsm()
	a.li(a0, 0x10f00) // CLONE_VM|FS|FILES|SIGHAND|THREAD
	a.li(a1, dataBase+0x2000)
	a.li(a2, 0)
	a.li(a3, 0)
	a.li(a4, 0)
	a.li(a7, 220)
	a.ecall()
	a.beqz(a0, "child")
	a.li(t0, dataBase)
	a.label("spin")
	a.ld(t1, t0, 0)
	a.beqz(t1, "spin")
	a.addi(a0, t1, 0)
	a.li(a7, 94)
	a.ecall()
	a.label("child")
	a.sys(63, 0, dataBase+0x100, 100)
	a.li(t0, dataBase)
	a.sd(a0, t0, 0)
	a.sys(93, 0)
	return a
}

func TestInputArrivesWhileOtherThreadsRun(t *testing.T) {
	in, w := newPipe()
	file := spinReader().elf()
	m := boot(t, file, func(c *linux.Config) { c.Stdin = in })
	ch := async(m, forever)
	<-in.waiting
	if _, err := w.Write([]byte("seven b")); err != nil {
		t.Fatal(err)
	}
	if s := <-ch; s.Reason != vm.StopExit {
		t.Fatal(s.Reason, s.Err)
	}
	if st, _ := m.Exited(); st.Code != 7 {
		t.Errorf("status %+v", st)
	}
	// The arrival is an input at the end of a quantum; any replay has it there.
	cfg := fixed(linux.Config{Path: "/guest", File: file, Dir: "/"})
	wake := m.Log().At(m.Log().Len() - 1)
	if wake.Kind != vm.InputWake {
		t.Fatalf("the last input is %+v", wake)
	}
	for _, chunk := range []uint64{1 << 40, 7919} {
		r := replayOf(t, cfg, m.Log())
		for r.Icount() < m.Icount() {
			r.Run(min(r.Icount()+chunk, m.Icount()), nil)
		}
		if r.Hash() != m.Hash() {
			t.Errorf("chunks of %d: the replay ends otherwise", chunk)
		}
	}
	// A position that has been reached without the input stays without it.
	r := replayOf(t, cfg, m.Log())
	r.Run(wake.Icount-1, nil)
	before := r.Hash()
	first := r.Snapshot()
	r.Run(wake.Icount, nil)
	r.Restore(first)
	if r.Hash() != before {
		t.Error("the state before the arrival has changed")
	}
}

// A wait for standard input with a time-out takes real time; what came of it is
// in the log.
func TestPollOfStandardInputTimesOut(t *testing.T) {
	a := newAsm()
	a.li(t0, dataBase)
	a.li(t1, 1<<24) // events POLLIN at byte 4 follow
	a.addi(t1, x0, 1)
	a.emit(stype(2, t0, t1, 4)) // sw: pollfd{0, POLLIN}
	a.li(t1, 30_000_000)
	a.sd(t1, t0, 24)
	a.sys(73, dataBase, 1, dataBase+16, 0, 0) // ppoll, 30 ms
	a.addi(s1, a0, 0)
	a.sys(113, 1, dataBase+32) // clock_gettime(CLOCK_MONOTONIC)
	a.addi(a0, s1, 0)
	a.li(a7, 94)
	a.ecall()
	in, w := newPipe()
	defer w.Close()
	file := a.elf()
	m := boot(t, file, func(c *linux.Config) { c.Stdin = in })
	began := time.Now()
	if st := toEnd(t, m); st.Code != 0 {
		t.Errorf("poll returns %d", st.Code)
	}
	if d := time.Since(began); d < 30*time.Millisecond {
		t.Errorf("it took %v", d)
	}
	var ts [16]byte
	m.ReadMemory(dataBase+32, ts[:])
	r := replayOf(t, fixed(linux.Config{Path: "/guest", File: file, Dir: "/"}), m.Log())
	if toEnd(t, r); r.Hash() != m.Hash() {
		t.Error("the replay ends otherwise")
	}
}

func TestReplayNeedsNoFiles(t *testing.T) {
	t.Parallel()
	g := lookup(t, "files")
	cfg := config(t, g)
	m := start(t, cfg)
	toEnd(t, m)
	file, err := os.ReadFile(cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(cfg.Dir); err != nil {
		t.Fatal(err)
	}
	cfg.File, cfg.Path = file, filepath.Join(filepath.Dir(cfg.Path), "files")
	r := replayOf(t, cfg, m.Log())
	if toEnd(t, r); r.Hash() != m.Hash() {
		t.Error("the replay ends otherwise")
	}
	if _, err := os.Stat(cfg.Dir); err == nil {
		t.Error("the replay has made the directory")
	}
}

// fileGuest opens, reads and closes the file whose path is its data, and exits
// with the number of bytes.
func fileGuest() *asm {
	a := newAsm()
	a.sys(56, -100, dataBase, 0, 0)
	a.addi(s0, a0, 0)
	a.li(a1, dataBase+0x800)
	a.li(a2, 0x400)
	a.li(a7, 63)
	a.ecall()
	a.addi(s1, a0, 0)
	a.addi(a0, s0, 0)
	a.li(a7, 57)
	a.ecall()
	a.addi(a0, s1, 0)
	a.li(a7, 94)
	a.ecall()
	return a
}

func TestReplayThatDoesNotFitTheLogStopsWithAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("twelve bytes"), 0o644); err != nil {
		t.Fatal(err)
	}
	file := fileGuest().elf(append([]byte(path), 0)...)
	m := boot(t, file, nil)
	if st := toEnd(t, m); st.Code != 12 {
		t.Fatalf("it read %d bytes", st.Code)
	}
	good := m.Log()
	change := func(f func(i int, in *vm.Input)) *vm.Log {
		log := &vm.Log{}
		for i := range good.Len() {
			in := *good.At(i)
			f(i, &in)
			log.Append(&in)
		}
		log.Reached(good.Frontier())
		return log
	}
	cut := &vm.Log{}
	cut.Append(good.At(0))
	cut.Reached(good.Frontier())
	extra := change(func(int, *vm.Input) {})
	extra.Append(&vm.Input{Icount: good.Frontier() - 1, Kind: vm.InputSyscall, Num: 63})
	for name, log := range map[string]*vm.Log{
		"another call":      change(func(i int, in *vm.Input) { in.Num += uint32(i) }),
		"another thread":    change(func(i int, in *vm.Input) { in.Thread += vm.ThreadID(i) }),
		"another place":     change(func(i int, in *vm.Input) { in.Icount += uint64(i) }),
		"an input too few":  cut,
		"an input too many": extra,
		"a wild write": change(func(i int, in *vm.Input) {
			if i == 2 {
				in.Writes = []vm.MemWrite{{Addr: 8, Data: []byte{1}}}
			}
		}),
	} {
		m := replayOf(t, fixed(linux.Config{Path: "/guest", File: file, Dir: "/"}), log)
		first := m.Snapshot()
		for range 2 {
			s := m.Run(forever, nil)
			if name == "an input too many" && s.Reason == vm.StopExit {
				continue // never looked at: the guest has ended
			}
			if s.Reason != vm.StopError || s.Err == nil || !strings.HasPrefix(s.Err.Error(), "replay diverged at icount ") {
				t.Errorf("%s: %v, %v", name, s.Reason, s.Err)
			}
		}
		m.Restore(first)
		if s := m.Run(3, nil); s.Reason != vm.StopLimit {
			t.Errorf("%s: after a restore: %v", name, s.Reason)
		}
	}
}

func TestUnknownSystemCallIsLoggedOnceWithItsName(t *testing.T) {
	a := newAsm()
	a.sys(117) // ptrace
	a.sys(117)
	a.addi(s0, a0, 0)
	a.sys(4000)
	a.addi(a0, s0, 38)
	a.li(a7, 94)
	a.ecall()
	var log bytes.Buffer
	m := boot(t, a.elf(), func(c *linux.Config) { c.Logger = zerolog.New(&log) })
	if st := toEnd(t, m); st.Code != 0 {
		t.Errorf("ptrace returns %d", st.Code-38)
	}
	if n := strings.Count(log.String(), `"ptrace"`); n != 1 || strings.Count(log.String(), "\n") != 2 {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestInputsOfALogAreTheFactsOfTheStart(t *testing.T) {
	a := newAsm()
	a.sys(278, dataBase, 32, 0)
	a.sys(113, 0, dataBase+32)
	a.exit(0)
	file := a.elf()
	m := boot(t, file, func(c *linux.Config) { c.Now, c.Seed = time.Time{}, [32]byte{} })
	toEnd(t, m)
	o := boot(t, file, func(c *linux.Config) { c.Now, c.Seed = time.Time{}, [32]byte{} })
	toEnd(t, o)
	if m.Hash() == o.Hash() {
		t.Error("two machines have the same time and randomness")
	}
	r := replayOf(t, fixed(linux.Config{Path: "/guest", File: file, Dir: "/"}), m.Log())
	if toEnd(t, r); r.Hash() != m.Hash() {
		t.Error("the replay has another time or randomness")
	}
	var sec [8]byte
	r.ReadMemory(dataBase+32, sec[:])
	if sec == [8]byte{} {
		t.Error("no time of day")
	}
}
