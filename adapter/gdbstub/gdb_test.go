package gdbstub

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// These tests drive the real gdb over a real guest. They are skipped where there
// is no gdb-multiarch, but not in CI.

// gdbPath finds a gdb.
func gdbPath(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: tests with the real gdb take seconds")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is needed in CI: apt-get install %[1]s", name)
		}
		t.Skipf("no %s here: apt-get install %[1]s", name)
	}
	return path
}

// guestStage is a guest that is served on a TCP port.
type guestStage struct {
	tl     *checkpoint.Timeline
	m      *linux.Machine
	server *Server
	exe    string
	// gdbName and sysroot are for gdb: which one, and where it has libraries from.
	gdbName, sysroot string
	addr             string
	out              bytes.Buffer // the guest's output, to be read after stop
	stop             func()       // ends the server, once
}

// newGuest loads a guest; setup, which may be nil, can change the server's
// configuration or prepare the timeline.
func newGuest(t testing.TB, name string, setup func(*guestStage, *Config)) *guestStage {
	t.Helper()
	return newGuestFor(t, testdata.Toolchain{Arch: "riscv64", GDB: "gdb-multiarch"}, name, setup)
}

// newGuestFor is newGuest for an architecture.
func newGuestFor(t testing.TB, tc testdata.Toolchain, name string, setup func(*guestStage, *Config)) *guestStage {
	t.Helper()
	g, known := testdata.LookupFor(tc.Arch, name)
	if !known {
		t.Fatalf("no guest %s", name)
	}
	exe, err := g.Extract(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	st := &guestStage{exe: exe, gdbName: tc.GDB}
	st.m, err = linux.New(linux.Config{
		Path: exe, Args: append([]string{exe}, g.Args...), Dir: filepath.Dir(exe),
		Stdin: strings.NewReader(g.Stdin), Now: time.Unix(1e9, 0), Seed: [32]byte{1},
		Output: func(fd int, at uint64, p []byte) {
			if st.server != nil {
				st.server.Output(fd, at, p)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.m.Close)
	st.tl = checkpoint.New(st.m, checkpoint.Config{})
	cfg := Config{Timeline: st.tl, Logger: rspLog(t), Stdout: &st.out, Stderr: &st.out}
	if setup != nil {
		setup(st, &cfg)
	}
	st.server = New(cfg)
	return st
}

// listen serves the guest to whoever connects.
func (st *guestStage) listen(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	st.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- st.server.ListenAndServe(ctx, l) }()
	stopped := false
	st.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case <-done:
		case <-time.After(patience):
			t.Error("the server does not end")
		}
	}
	t.Cleanup(st.stop)
}

// guestSet is a guest on each architecture that there is a gdb and a compiler for.
type guestSet struct{ name string }

func guests(t *testing.T, name string) guestSet {
	t.Helper()
	mustGuest(t, name)
	return guestSet{name}
}

// gdb runs a session on each architecture. A command that begins with the name of
// an architecture and a colon is for that one only.
func (g guestSet) gdb(t *testing.T, steps ...step) {
	for _, tc := range testdata.Toolchains() {
		t.Run(tc.Arch, func(t *testing.T) {
			t.Parallel()
			st := newGuestFor(t, tc, g.name, nil)
			var own []step
			for _, s := range steps {
				arch, rest, found := strings.Cut(s.command, ": ")
				switch {
				case !found || arch != "riscv64" && arch != "amd64":
					own = append(own, s)
				case arch == tc.Arch:
					own = append(own, step{rest, s.want})
				}
			}
			st.gdb(t, own...)
		})
	}
}

// gdbCommand is a command line of gdb that connects to the guest.
func (st *guestStage) gdbCommand(ctx context.Context, path string, args ...string) *exec.Cmd {
	all := append([]string{"-nx",
		"-iex", "set confirm off", "-iex", "set width 0", "-iex", "set height 0", "-iex", "set auto-load off",
		"-iex", "set debuginfod enabled off", "-iex", "set print thread-events off", "-iex", "set sysroot " + st.sysroot,
		"-iex", "directory " + filepath.Dir(st.exe),
	}, args...)
	cmd := exec.CommandContext(ctx, path, all...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+filepath.Dir(st.exe))
	cmd.Dir = filepath.Dir(st.exe)
	return cmd
}

// step is a command for gdb and what it has to answer: each line of want, in
// order, is found in what gdb writes. A line that begins with ! must not be
// found. Runs of white space are alike.
type step struct{ command, want string }

// gdb runs a session: connects, runs the commands, kills.
func (st *guestStage) gdb(t *testing.T, steps ...step) {
	t.Helper()
	path := gdbPath(t, st.gdbName)
	if st.addr == "" {
		st.listen(t)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	args := []string{"-batch", "-ex", "file " + st.exe, "-ex", "target remote " + st.addr}
	for i, s := range steps {
		args = append(args, "-ex", fmt.Sprintf(`printf "\n@%d\n"`, i), "-ex", s.command)
	}
	args = append(args, "-ex", `printf "\n@end\n"`)
	cmd := st.gdbCommand(ctx, path, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("gdb: %v", err)
	}
	text := string(out)
	for i, s := range steps {
		got := section(text, fmt.Sprintf("\n@%d\n", i))
		if missing := lacks(got, s.want); missing != "" {
			t.Errorf("step %d, %s: %s in\n%s", i, s.command, missing, got)
		}
	}
	if t.Failed() {
		t.Logf("the whole session:\n%s", text)
	}
}

// section is what follows a mark, up to the next one.
func section(text, mark string) string {
	_, rest, found := strings.Cut(text, mark)
	if !found {
		return "(gdb did not get here)"
	}
	if next := nextMark.FindStringIndex(rest); next != nil {
		rest = rest[:next[0]]
	}
	return rest
}

var (
	nextMark = regexp.MustCompile(`\n@(\d+|end)\n`)
	blanks   = regexp.MustCompile(`\s+`)
)

// lacks says what of want is not in got, or is and must not be.
func lacks(got, want string) string {
	got = blanks.ReplaceAllString(got, " ")
	for _, line := range strings.Split(want, "\n") {
		line = strings.TrimSpace(blanks.ReplaceAllString(line, " "))
		if bad, not := strings.CutPrefix(line, "!"); not {
			if strings.Contains(got, bad) {
				return fmt.Sprintf("there is %q", bad)
			}
			continue
		}
		i := strings.Index(got, line)
		if i < 0 {
			return fmt.Sprintf("no %q", line)
		}
		got = got[i+len(line):]
	}
	return ""
}

// at is "steps.c:NN" for a marker in a guest's source.
func at(source, marker string) string {
	return fmt.Sprintf("%s:%d", source, testdata.Line(source, marker))
}

// lineOf is the number in front of the line when gdb shows it.
func lineOf(source, marker string) string {
	return fmt.Sprintf("%d ", testdata.Line(source, marker))
}

const (
	noHistory = "No more reverse-execution history."
	exited3   = "[exited with code 3; history can still be walked]"
)

func TestGDBConnectsAndLooksAround(t *testing.T) {
	t.Parallel()
	guests(t, "steps").gdb(t,
		step{"info inferiors", "process 1000"},
		step{"break loops", "Breakpoint 1 at"},
		step{"continue", "Breakpoint 1, loops () at steps.c:" + lineOf("steps.c", "loop-init")},
		step{"backtrace", "#0  loops ()\n#1  0x\nin main () at steps.c:"},
		step{"riscv64: info registers pc", "pc 0x\n<loops+8>"},
		step{"riscv64: info registers fcsr ft0", "fcsr\nft0"},
		step{"riscv64: x/2i $pc", "=> 0x\n<loops+8>: sw zero,-20(s0)"},
		step{"amd64: info registers rip", "rip 0x\n<loops+8>"},
		step{"amd64: info registers eflags mxcsr fctrl cs", "eflags\nmxcsr 0x1f80\nfctrl 0x37f\ncs 0x33"},
		step{"amd64: p $xmm0", "v4_float"},
		step{"amd64: p $st0", "= 0"},
		step{"amd64: x/2i $pc", "=> 0x\n<loops+8>: movl $0x0,-0x4(%rbp)"},
		step{"info auxv", "AT_PAGESZ\n4096\nAT_EXECFN\nsteps"},
		step{"info threads", "* 1 Thread 1000.1000 \"steps\" (runnable)"},
		step{"info proc", "process 1000\ncmdline =\nsteps\nexe ="},
		step{"info proc mappings", "r-xp\nsteps\n[stack]"},
		step{"compare-sections", "Section .text\nmatched."},
		step{"riscv64: p/x $sp", "$1 = 0x3f"},
		step{"amd64: p/x $sp", "= 0x7f"},
	)
}

func TestGDBStepsInBothDirections(t *testing.T) {
	t.Parallel()
	source := "steps.c"
	guests(t, "steps").gdb(t,
		step{"break nested_calls", ""},
		step{"continue", "Breakpoint 1, nested_calls (x=5) at " + at(source, "nested")},
		step{"p $pc", "<nested_calls+"},
		step{"next", lineOf(source, "three-calls")},
		step{"step", "a (x=5) at " + at(source, "a-body")},
		step{"next", "return x + 1"},
		step{"reverse-next", lineOf(source, "a-body")},
		step{"reverse-step", "nested_calls (x=5) at " + at(source, "three-calls")},
		step{"reverse-next", lineOf(source, "nested")},
		step{"next", lineOf(source, "three-calls")},
		step{"reverse-step", "a (x=4) at steps.c:"}, // into the last call of the line before: a
		step{"reverse-finish", "nested_calls (x=5) at " + at(source, "nested")},
		step{"stepi", "a ("},
		step{"reverse-stepi", "nested_calls (x=5) at " + at(source, "nested")},
		step{"break b", ""},
		step{"reverse-continue", "Breakpoint 2, b ("},
		step{"backtrace", "#0  b (\n#1\nin nested_calls"},
		step{"finish", "nested_calls\nValue returned is $"},
		step{"reverse-continue", "Breakpoint 2, b ("},
		step{"delete 2", ""},
		step{"until", "return x * 2"},
		step{"advance " + at(source, "return-calls"), "in nested_calls"}, // the frame has returned
		step{"advance " + at(source, "return-calls"), "nested_calls\n" + lineOf(source, "return-calls")},
		step{"tbreak c", "Temporary breakpoint 3"},
		step{"continue", "Temporary breakpoint 3, c ("},
		step{"reverse-continue", "Breakpoint 1, nested_calls"},
	)
}

// The landing line is the writer's, and gdb's old and new values are what a
// person going in this direction expects.
func TestGDBWatchpointsInBothDirections(t *testing.T) {
	t.Parallel()
	writer := lineOf("steps.c", "a-body")
	guests(t, "steps").gdb(t,
		step{"break nested_calls", ""},
		step{"continue", "Breakpoint 1"},
		step{"p trace", "$1 = 3"},
		step{"watch trace", "Hardware watchpoint 2: trace"},
		step{"reverse-continue", "Hardware watchpoint 2: trace\nOld value = 3\nNew value = 2\nin a (x=2) at steps.c:" + writer},
		step{"p trace", "$2 = 2"},
		step{"reverse-continue", "Old value = 2\nNew value = 1\nin a (x=1) at steps.c:" + writer},
		step{"continue", "Old value = 1\nNew value = 2\na (x=1) at steps.c:"},
		step{"reverse-continue", "Old value = 2\nNew value = 1\nin a (x=1) at steps.c:" + writer},
		step{"reverse-continue", "Old value = 1\nNew value = 0\nin a (x=0) at steps.c:" + writer},
		step{"reverse-continue", noHistory},
		step{"continue", "Old value = 0\nNew value = 1\na (x=0) at steps.c:"},
		step{"reverse-stepi", "Old value = 1\nNew value = 0\nin a (x=0) at steps.c:" + writer},
		step{"stepi", "Old value = 0\nNew value = 1\na (x=0) at steps.c:"},
		step{"reverse-step", "Old value = 1\nNew value = 0\nin a (x=0) at steps.c:" + writer},
		step{"delete 2", ""},
		step{"rwatch trace", "Hardware read watchpoint 3: trace"},
		step{"continue", "Hardware read watchpoint 3: trace\nValue = "},
		step{"delete 3", ""},
		step{"awatch trace", "Hardware access (read/write) watchpoint 4: trace"},
		step{"continue", "Hardware access (read/write) watchpoint 4: trace\n"},
		step{"reverse-continue", "Hardware access (read/write) watchpoint 4: trace\n"},
	)
}

func TestGDBAtBothEndsOfHistory(t *testing.T) {
	t.Parallel()
	st := newGuest(t, "steps", nil)
	st.gdb(t,
		step{"reverse-stepi", noHistory + "\n_start ()"},
		step{"reverse-continue", noHistory + "\n_start ()"},
		step{"reverse-step", noHistory},
		step{"continue", exited3 + "\n" + noHistory},
		step{"continue", noHistory + "\n!" + exited3},
		step{"stepi", noHistory},
		step{"next", noHistory},
		step{"info threads", "* 1 Thread 1000.1000 \"steps\" (exited)"},
		step{"monitor when", "exited with code 3"},
		step{"break empty", "Breakpoint 1"},
		step{"reverse-continue", "Breakpoint 1, empty ()"},
		step{"reverse-finish", "main () at " + at("steps.c", "main-empty")},
		step{"continue", "Breakpoint 1, empty ()"},
		step{"continue", exited3 + "\n" + noHistory},
		step{"reverse-stepi", "ecall"},
		step{"reverse-continue", "Breakpoint 1, empty ()"},
		step{"reverse-continue", noHistory + "\n_start ()"},
		step{"reverse-continue", noHistory + "\n_start ()"},
	)
	st.stop()
	if got := st.out.String(); got != mustGuest(t, "steps").Expect() {
		t.Errorf("the guest wrote, after going to and fro,\n%s", got)
	}
}

// gdb moves a thread alone over a breakpoint where it is; if it meets an end of
// history on that way it must not be left waiting.
func TestGDBMovesOverBreakpointsAtTheEndsOfHistory(t *testing.T) {
	t.Parallel()
	guests(t, "steps").gdb(t,
		step{"tbreak empty", ""},
		step{"continue", "empty ()"},
		step{`break *_start if $_strlen("x") == 0`, ""}, // a condition that gdb has to check itself
		step{"reverse-continue", noHistory},
		step{"reverse-continue", noHistory},
		step{"continue", exited3},
		step{"tbreak empty", ""},
		step{"reverse-continue", "empty ()"},
		step{"riscv64: break rt/start.S:38", ""},
		step{"riscv64: break rt/start.S:39", ""}, // where the guest ends
		step{"riscv64: continue", "Breakpoint 4"},
		step{"riscv64: continue", "Breakpoint 5"},
		step{"riscv64: continue", "Breakpoint 4"},
		step{"riscv64: continue", exited3 + "\nBreakpoint 5"},
		step{"riscv64: continue", "rt_syscall"},
		step{"riscv64: continue", "rt_syscall"},
		step{"riscv64: reverse-continue", "Breakpoint 4"},
		step{"riscv64: delete", ""},
		step{"riscv64: continue", noHistory},
		step{"riscv64: reverse-continue", noHistory + "\n_start ()"},
	)
}

func mustGuest(t *testing.T, name string) testdata.Guest {
	t.Helper()
	g, known := testdata.Lookup(name)
	if !known {
		t.Fatal(name)
	}
	return g
}

func TestGDBConditionalBreakpointsInBothDirections(t *testing.T) {
	t.Parallel()
	guests(t, "recurse").gdb(t,
		step{"break fib if n == 7", "Breakpoint 1"},
		step{"continue", "Breakpoint 1, fib (n=7)"},
		step{"continue 3", "Breakpoint 1, fib (n=7)"},
		step{"info breakpoints", "stop only if n == 7\nbreakpoint already hit 4 times"},
		step{"reverse-continue", "Breakpoint 1, fib (n=7)"},
		step{"reverse-continue 2", "Breakpoint 1, fib (n=7)"},
		step{"reverse-continue", noHistory},
		step{"break hanoi if n == 3 && moves % 7 == 1 && moves > 8", ""},
		step{"tbreak permute", ""},
		step{"delete 1", ""},
		step{"continue", "Breakpoint 2, hanoi (n=3"},
		step{"p moves", "= 64"},
		step{"condition 2 moves < 0", ""},
		step{"continue", "Temporary breakpoint 3, permute"},
		step{"reverse-continue", noHistory},
	)
}

func TestGDBAtACrash(t *testing.T) {
	t.Parallel()
	guests(t, "crash").gdb(t,
		step{"continue", "Program received signal SIGSEGV, Segmentation fault.\nin nth (list=0x0\n" + lineOf("crash.c", "crash")},
		step{"p $_siginfo.si_signo", "= 11"},
		step{"p $_siginfo._sifields._sigfault.si_addr", "= (void *) 0x0"},
		step{"backtrace", "#0\nnth\n#1\nsum_of\n#2\nreport\n#3\nmain"},
		step{"watch -l list", ""},
		step{"reverse-continue", "Old value = (const struct node *) 0x0\nNew value = (const struct node *) 0x\nnth (list=0x"},
		step{"delete", ""},
		step{"continue", "SIGSEGV"},
		step{"continue", "[killed by signal 11 (SIGSEGV); history can still be walked]\n" + noHistory},
		step{"continue", noHistory},
		step{"reverse-stepi", lineOf("crash.c", "crash")},
		step{"break make_list", ""},
		step{"reverse-continue", "Breakpoint 2, make_list (n=5)"},
		step{"handle SIGSEGV nostop noprint pass", ""},
		step{"delete", ""},
		step{"continue", "!Program received\n[killed by signal 11 (SIGSEGV)"},
	)
}

// From a crash to the line that is to blame, four million instructions before.
func TestGDBFindsTheCulpritOfTheDemo(t *testing.T) {
	t.Parallel()
	source := "demo_inventory.c"
	guests(t, "demo_inventory").gdb(t,
		step{"continue", "Program received signal SIGSEGV\n" + lineOf(source, "crash")},
		step{"watch -l o->customer", "Hardware watchpoint 1"},
		step{"reverse-continue", "Old value = (struct customer *)\nNew value = (struct customer *)\n<customers\n" + lineOf(source, "culprit")},
	)
}

func TestGDBSignalsWithHandlers(t *testing.T) {
	t.Parallel()
	newGuest(t, "signals", nil).gdb(t,
		step{"break repair_by_mapping", ""},
		step{"continue", "Program received signal SIGSEGV\n" + lineOf("signals.c", "fault")},
		step{"continue", "Breakpoint 1, repair_by_mapping (sig=11"},
		step{"backtrace", "#0  repair_by_mapping\n#1  <signal handler called>\n#2\ntest_faults () at " + at("signals.c", "fault")},
		step{"reverse-stepi", ""},
		step{"reverse-continue", noHistory},
		step{"continue", "Program received signal SIGSEGV\n" + lineOf("signals.c", "fault")},
		step{"stepi", "Breakpoint 1, repair_by_mapping (sig=11"}, // the tick into the handler
		step{"finish", "<signal handler called>"},
		step{"delete", ""},
		step{"stepi 2", "test_faults () at " + at("signals.c", "fault")}, // li, ecall
		step{"handle all nostop noprint pass", ""},
		step{"handle SIGTRAP nostop noprint pass", ""},
		step{"continue", "[killed by signal 10 (SIGUSR1)"},
		step{"reverse-stepi", ""},
	)
}

func TestGDBThreads(t *testing.T) {
	t.Parallel()
	source := "threads.c"
	guests(t, "threads").gdb(t,
		step{"break " + at(source, "counter") + " if counter == 400", ""},
		step{"continue", "hit Breakpoint 1, worker\n" + lineOf(source, "counter")},
		step{"p seen", "= 400"},
		step{"info threads", "1 Thread 1000.1000\n(blocked: futex at\n* \nThread 1000.100\nworker\nThread 1000.100\nThread 1000.100\nThread 1000.100"},
		step{"thread apply all backtrace 1", "worker"},
		step{"next", "mutex_unlock"},
		step{"p counter", "= 401"},
		step{"next", ""},
		step{"reverse-next", "mutex_unlock"},
		step{"reverse-next", "hit Breakpoint 1\n" + lineOf(source, "counter")},
		step{"p counter", "= 400"},
		step{"tbreak " + at(source, "relay"), ""},
		step{"continue", "Temporary breakpoint 2, worker"},
		step{"reverse-continue", "hit Breakpoint 1, worker"},
		step{"watch counter", ""},
		step{"reverse-continue", "Old value = 400\nNew value = 399\nworker\n" + lineOf(source, "counter")},
		step{"delete", ""},
		step{"reverse-continue", noHistory},
		step{"info threads", "* 1 Thread 1000.1000\n!1000.1001"},
		step{"continue", "[exited with code 7"},
		step{"break " + at(source, "counter"), ""},
		step{"reverse-continue", "hit Breakpoint 4, worker"},
		step{"p counter", "= 799"},
	)
}

// Going back over calls in which other threads ran: gdb has to get them off its own
// breakpoints.
func TestGDBStepsBackOverCallsThatWait(t *testing.T) {
	t.Parallel()
	source := "threads.c"
	barrier := testdata.Line(source, "counter") + 10 // the first barrier_wait
	guests(t, "threads").gdb(t,
		step{fmt.Sprintf("break threads.c:%d", barrier+2), ""},
		step{"continue", "hit Breakpoint 1, worker\nCHECK(counter"}, // the last one at the barrier
		step{"continue", "hit Breakpoint 1, worker\nCHECK(counter"}, // one that has waited
		step{"delete", ""},
		step{"p $first = $_thread", ""},
		step{"reverse-next", fmt.Sprintf("%d if (barrier_wait(&barrier))", barrier)},
		step{"reverse-next", fmt.Sprintf("%d if (barrier_wait(&barrier))", barrier)}, // two statements of the line
		step{"reverse-next", "for (int i = 0; i < 10; i++)"},
		step{"p $first == $_thread", "= 1"},
		step{"next", "!received signal"},
		step{"break barrier_wait", ""},
		step{"continue", "hit Breakpoint 2, barrier_wait"},
		step{"reverse-finish", "worker"},
		step{"delete", ""},
		step{"break " + at(source, "relay"), ""},
		step{"continue 8", "hit Breakpoint 3, worker"},
		step{"next", "set_and_wake"},
		step{"reverse-next", "hit Breakpoint 3, worker"},
		step{"reverse-next", "wait_for(&turn"},
		step{"reverse-next", ""},
		step{"delete", ""},
		step{"continue", "[exited with code 7"},
		step{"reverse-stepi", "!received signal"},
	)
}

func TestGDBMonitorCommands(t *testing.T) {
	t.Parallel()
	guests(t, "steps").gdb(t,
		step{"monitor help", "when\nseek POSITION\nstart\nend\ncheckpoint"},
		step{"monitor when", "icount 0 of 0 recorded\nexecution is live"},
		step{"break empty", ""},
		step{"continue", "Breakpoint 1, empty"},
		step{"monitor checkpoint", "checkpoint kept at icount"},
		step{"monitor seek 100", "icount 100 of\nin the past"},
		step{"maintenance flush register-cache", ""},
		step{"stepi", ""},
		step{"monitor when", "icount 101 of"},
		step{"monitor seek -1", "icount 100 of"},
		step{"monitor end", "icount\nexecution is live"},
		step{"maintenance flush register-cache", ""},
		step{"frame", "#0  empty ()"},
		step{"monitor seek 99999999", "lies beyond the recorded history"},
		step{"monitor nonsense", "no such command: try help"},
		step{"monitor info", "checkpoints"},
	)
}

func TestGDBCannotChangeHistory(t *testing.T) {
	t.Parallel()
	guests(t, "steps").gdb(t,
		step{"break nested_calls", ""},
		step{"continue", "Breakpoint 1"},
		step{"set var trace = 77", "Cannot access memory at address"},
		step{"p trace", "= 3"},
		step{"p $pc = 0", "history can't be changed"},
		step{"print a(1)", ""},
		step{"jump main", ""},
		step{"p trace", "= 3"},
		step{"next", lineOf("steps.c", "three-calls")},
		step{"reverse-continue", "Breakpoint 1, nested_calls (x=5)"},
	)
}

func TestGDBDetachesAndComesBack(t *testing.T) {
	t.Parallel()
	st := newGuest(t, "steps", nil)
	st.listen(t)
	st.gdb(t,
		step{"break nested_calls", ""},
		step{"continue", "Breakpoint 1"},
		step{"detach", "detached"},
		step{"target remote " + st.addr, "nested_calls (x=5)"},
		step{"reverse-stepi", ""},
		step{"disconnect", ""},
	)
	// Another gdb, that just quits.
	st.gdb(t,
		step{"frame", "nested_calls"},
		step{"next", lineOf("steps.c", "nested")},
	)
	st.gdb(t, step{"reverse-continue", noHistory})
}

// Without a file of its own gdb gets everything through the connection; "run"
// goes back to the start.
func TestGDBExtendedRemoteWithoutAFile(t *testing.T) {
	t.Parallel()
	st := newGuest(t, "steps", nil)
	st.listen(t)
	st.gdb(t,
		step{"disconnect", ""},
		step{"file", ""},
		step{"set sysroot target:", ""},
		step{"target extended-remote " + st.addr, "_start ()"},
		step{"info proc exe", "steps"},
		step{"break empty", "Breakpoint 1"},
		step{"continue", "Breakpoint 1, empty ()"},
		step{"run", "Breakpoint 1, empty ()"},
		step{"reverse-continue", noHistory + "\n_start ()"},
	)
}
