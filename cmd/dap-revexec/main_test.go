package main

import (
	"bufio"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/dap/client"
	"github.com/dap-revexec/dap-revexec/testdata"
)

// asCommand makes the test binary behave as the command.
const asCommand = "REVEXEC_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(execute(os.Args[1:], system))
	}
	os.Exit(m.Run())
}

// command prepares the command as a process.
func command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

// result is what a command did.
type result struct {
	out, err string
	status   int
}

func runIt(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return finish(t, command(args...), stdin)
}

// finish runs a command to its end.
func finish(t *testing.T, cmd *exec.Cmd, stdin string) result {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{out.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func guest(t *testing.T, name string) string {
	t.Helper()
	exe, err := testdata.Extract(t.TempDir(), name)
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

func TestRunIsTheProgram(t *testing.T) {
	for _, name := range []string{"steps", "stdin", "threads", "hello_glibc", "crash", "abort"} {
		t.Run(name, func(t *testing.T) {
			g, _ := testdata.Lookup(name)
			want := g.Exit
			if g.Signal != 0 {
				want = 128 + g.Signal
			}
			exe := guest(t, name)
			for _, flags := range [][]string{nil, {"--no-record"}, {"--cwd", filepath.Dir(exe), "--"}} {
				args := append(append([]string{"run"}, flags...), exe)
				got := runIt(t, g.Stdin, append(args, g.Args...)...)
				if got.out != g.Expect() || got.err != g.Stderr || got.status != want {
					t.Errorf("%v: status %d (expected %d), standard error %q, output %q", flags, got.status, want, got.err, got.out)
				}
			}
		})
	}
}

func TestRunWithChaosIsReproducible(t *testing.T) {
	g, _ := testdata.Lookup("threads")
	exe := guest(t, "threads")
	seeded := func(seed string) result {
		return runIt(t, "", append([]string{"run", "--stats", "--chaos", seed, exe}, g.Args...)...)
	}
	drawn := seeded("random")
	said, rest, _ := strings.Cut(drawn.err, "\n")
	seed, ok := strings.CutPrefix(said, "dap-revexec: --chaos ")
	if !ok || drawn.out != g.Expect() {
		t.Fatalf("%+v", drawn)
	}
	icount := func(stats string) string { line, _, _ := strings.Cut(stats, "\n"); return line }
	if again := seeded(seed); again.out != drawn.out || icount(again.err) != icount(rest) {
		t.Errorf("with the seed %s: %+v, after %+v", seed, again, drawn)
	}
}

func TestRunPassesFlagsAfterTheProgramOn(t *testing.T) {
	// The guest takes --stats for its own argument.
	got := runIt(t, "", "run", guest(t, "steps"), "--stats")
	if strings.Contains(got.err, "icount") || got.status != 3 {
		t.Errorf("%+v", got)
	}
}

// The seed decides which runs lose a race.
func TestRunWithChaosProvokesARace(t *testing.T) {
	exe := guest(t, "lazy_race")
	for seed := range 100 {
		got := runIt(t, "", "run", "--chaos", strconv.Itoa(seed), exe)
		if got.status == 128+6 && strings.Contains(got.out, "1 of 2 users") {
			return
		}
		if got.status != 0 {
			t.Fatalf("%+v", got)
		}
	}
	t.Error("no run of 100 loses the race")
}

func TestRunStats(t *testing.T) {
	g, _ := testdata.Lookup("steps")
	got := runIt(t, "", "run", "--stats", guest(t, "steps"))
	if got.out != g.Expect() || got.status != g.Exit {
		t.Errorf("%+v", got)
	}
	for _, says := range []string{"icount       11281\n", "instructions/s", "checkpoints", "input log", "memory"} {
		if !strings.Contains(got.err, says) {
			t.Errorf("statistics without %q:\n%s", says, got.err)
		}
	}
}

// spinning starts a command on the guest that does not end, and waits until that runs.
func spinning(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := command(append(args, guest(t, "spin"))...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "spinning\n" {
		t.Errorf("output %q", line)
	}
	return cmd
}

// interrupt ends a command as Ctrl-C does.
func interrupt(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("status %d", got)
	}
}

func TestRunIsEndedByAnInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupts to send")
	}
	interrupt(t, spinning(t, "run"))
}

func TestFailuresAreOneLineAndAStatus(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	exe := guest(t, "steps")
	arm := testdata.Bin("steps")
	binary.LittleEndian.PutUint16(arm[18:], uint16(elf.EM_AARCH64))
	foreign := filepath.Join(t.TempDir(), "arm")
	if err := os.WriteFile(foreign, arm, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"unknown command":  {[]string{"fly"}, "fly"},
		"unknown flag":     {[]string{"--fly"}, "--fly"},
		"no program":       {[]string{"run"}, "arg"},
		"not there":        {[]string{"run", "/nowhere/prog"}, "/nowhere/prog"},
		"foreign":          {[]string{"run", foreign}, "ARM64"},
		"bad sysroot":      {[]string{"run", "--sysroot", "/nowhere", exe}, "/nowhere"},
		"a directory":      {[]string{"run", t.TempDir()}, ""},
		"no source":        {[]string{"run", filepath.Join(filepath.Dir(exe), "steps.c")}, "steps.c"},
		"bad chaos":        {[]string{"run", "--chaos", "big", exe}, "or random"},
		"bad memory":       {[]string{"run", "--memory", "-1", exe}, "--memory"},
		"bad environment":  {[]string{"run", "--env", "x", exe}, "NAME=VALUE"},
		"bad directory":    {[]string{"run", "--cwd", "/nowhere", exe}, "/nowhere"},
		"port in use":      {[]string{"serve", "--listen", ln.Addr().String()}, "in use"},
		"port in use, too": {[]string{"--listen", ln.Addr().String()}, "in use"},
		"port of gdb":      {[]string{"gdbserver", "--listen", ln.Addr().String(), exe}, "in use"},
		"everybody's port": {[]string{"--listen", "0.0.0.0:0"}, "--allow-remote"},
		"bad log":          {[]string{"--log", "/nowhere/at/all", "--listen", "127.0.0.1:0"}, "/nowhere"},
		"bad level":        {[]string{"--log", "stderr", "--log-level", "loud"}, "loud"},
		"gdb's program":    {[]string{"gdbserver", "/nowhere/prog"}, "/nowhere/prog"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runIt(t, "", c.args...)
			if got.status == 0 || got.out != "" {
				t.Errorf("status %d, output %q", got.status, got.out)
			}
			if strings.Count(got.err, "\n") != 1 || !strings.HasPrefix(got.err, "dap-revexec: ") || !strings.Contains(got.err, c.says) {
				t.Errorf("error %q, expected one line with %q", got.err, c.says)
			}
		})
	}
}

func TestVersionTellsWhatCanBeDebugged(t *testing.T) {
	got := runIt(t, "", "version")
	if got.status != 0 || !strings.Contains(got.out, "dap-revexec ") || !strings.Contains(got.out, runtime.Version()) || !strings.Contains(got.out, "riscv64") {
		t.Errorf("%+v", got)
	}
}

// session walks through a short session with a server.
func session(t *testing.T, conn io.ReadWriteCloser, exe string) {
	t.Helper()
	ctx := t.Context()
	c := client.New(conn)
	for _, r := range []struct {
		command string
		args    any
	}{
		{"initialize", map[string]any{"adapterID": "x"}},
		{"launch", map[string]any{"program": exe, "stopOnEntry": true}},
		{"configurationDone", nil},
	} {
		if err := c.Do(ctx, r.command, r.args, nil); err != nil {
			t.Fatal(err)
		}
	}
	var stop godap.StoppedEventBody
	if err := c.Event(ctx, "stopped", &stop); err != nil || stop.Reason != "entry" {
		t.Fatalf("stop %+v, %v", stop, err)
	}
	if err := c.Do(ctx, "disconnect", nil, nil); err != nil {
		t.Fatal(err)
	}
}

func TestBareCommandServesOnStandardInputAndOutput(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	cmd := command("--log", log)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	session(t, pipe{out, in}, guest(t, "steps"))
	if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
		t.Errorf("%v, standard error %q", err, &stderr)
	}
	if text, err := os.ReadFile(log); err != nil || !bytes.Contains(text, []byte(`"command":"launch"`)) {
		t.Errorf("log %q, %v", text, err)
	}
}

func TestServeOnAPortTellsWhichAndServesSeveralClients(t *testing.T) {
	cmd := command("serve", "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "DAP server listening at: ")
	if err != nil || !ok {
		t.Fatalf("first line %q, %v", line, err)
	}
	exe := guest(t, "steps")
	for range 2 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		session(t, conn, exe)
		conn.Close()
	}
}

func TestDemoFindsTheCulprit(t *testing.T) {
	got := runIt(t, "", "demo")
	if got.status != 0 || got.err != "" {
		t.Fatalf("status %d, %s", got.status, got.err)
	}
	lines := strings.Split(got.out, "\n")
	if len(lines) > 60 {
		t.Errorf("%d lines", len(lines))
	}
	if strings.Contains(got.out, "\x1b") {
		t.Error("colours, and no terminal")
	}
	for _, marker := range []string{"crash", "culprit"} {
		source := strings.Split(string(testdata.Source("demo_inventory.c")), "\n")[testdata.Line("demo_inventory.c", marker)-1]
		code, _, _ := strings.Cut(source, " //@")
		arrow := func(line string) bool {
			return strings.HasPrefix(line, "→") && strings.HasSuffix(line, strings.TrimSpace(code))
		}
		found := false
		for _, line := range lines {
			found = found || arrow(line)
		}
		if !found {
			t.Errorf("the %s, %q, is not shown", marker, strings.TrimSpace(code))
		}
	}
	for _, says := range []string{"before", "after", "SIGSEGV", "went back", "instructions in", "#0", "main"} {
		if !strings.Contains(got.out, says) {
			t.Errorf("no %q in\n%s", says, got.out)
		}
	}
}

func TestDemoInColoursTellsTheSame(t *testing.T) {
	var plain, colourful bytes.Buffer
	for w, p := range map[*bytes.Buffer]painter{&plain: {w: &plain}, &colourful: {w: &colourful, colours: true}} {
		if err := demo(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if (strings.Contains(w.String(), "\x1b[")) != p.colours {
			t.Errorf("colours %v:\n%s", p.colours, w)
		}
	}
	if a, b := strings.Count(plain.String(), "\n"), strings.Count(colourful.String(), "\n"); a != b {
		t.Errorf("%d lines, in colours %d", a, b)
	}
}
