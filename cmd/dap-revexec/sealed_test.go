package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
)

// need finds a tool of this host, or skips the test.
func need(t *testing.T, tools ...string) string {
	t.Helper()
	for _, tool := range tools {
		if path, err := exec.LookPath(tool); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("no %s", strings.Join(tools, " or "))
	}
	t.Skipf("no %s", strings.Join(tools, " or "))
	return ""
}

// opens finds the paths in what strace writes.
var opens = regexp.MustCompile(`\b\w+\((?:AT_FDCWD, )?"([^"]*)"`)

// TestARecordingReadsNothingButItself plays, describes and debugs a recording under
// strace, with the recorded program still in its place.
func TestARecordingReadsNothingButItself(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("strace is for Linux")
	}
	strace := need(t, "strace")
	if exec.Command(strace, "-f", "-o", os.DevNull, "true").Run() != nil {
		t.Skip("strace may not trace here")
	}
	dir := t.TempDir()
	rec := filepath.Join(dir, "rec")
	exe := guest(t, "hello_glibc")
	if got := runIt(t, "", "record", "-q", "--sources", "-o", rec, exe); strings.Contains(got.err, "dap-revexec") {
		t.Fatalf("%+v", got)
	}
	log := filepath.Join(dir, "log")
	traced := func(args ...string) *exec.Cmd {
		cmd := command(args...)
		cmd.Args = append([]string{strace, "-f", "-qq", "-e", "trace=%file", "-o", log}, cmd.Args...)
		cmd.Path = strace
		cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+filepath.Join(dir, "cache"), "TZ=UTC")
		return cmd
	}
	paths := func() (text []byte, found [][][]byte) {
		t.Helper()
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return text, opens.FindAllSubmatch(text, -1)
	}
	// What the system's loader reads to start the command, and where it stands.
	if out, err := traced("version").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	always := map[string]bool{os.Args[0]: true, rec: true, ".": true, here: true}
	_, found := paths()
	for _, m := range found {
		always[string(m[1])] = true
	}
	check := func(what string) {
		t.Helper()
		text, found := paths()
		if len(found) == 0 || !bytes.Contains(text, []byte(rec)) {
			t.Errorf("%s: the trace has %d paths, and not the recording", what, len(found))
		}
		for _, m := range found {
			path := string(m[1])
			allowed := always[path]
			for _, below := range []string{dir + "/cache", "/proc/", "/sys/", "/dev/null"} {
				allowed = allowed || strings.HasPrefix(path, below)
			}
			if !allowed {
				t.Errorf("%s: %s", what, m[0])
			}
		}
	}

	for _, args := range [][]string{{"replay", "--verify", rec}, {"info", rec}} {
		if out, err := traced(args...).CombinedOutput(); err != nil && args[0] != "replay" {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		check(args[0])
	}

	u := serveWith(t, traced())
	u.launch(map[string]any{"recording": rec, "stopOnEntry": true}, func() {})
	at := u.settle()
	for _, request := range []string{"modules", "loadedSources"} {
		u.do(request, map[string]any{}, nil)
	}
	u.do("evaluate", map[string]any{"expression": "$pc", "frameId": at.frame}, nil)
	u.move("next")
	u.move("stepBack")
	u.move("continue")
	u.move("reverseContinue")
	u.do("disconnect", nil, nil)
	if err := u.end(); err != nil {
		t.Error(err)
	}
	check("debugging")
}

func TestGDBDebugsARecordingWithoutTheProgram(t *testing.T) {
	gdb := need(t, "gdb-multiarch", "gdb")
	for _, arch := range testdata.Arches() {
		if arch != runtime.GOARCH && filepath.Base(gdb) != "gdb-multiarch" {
			continue
		}
		t.Run(arch, func(t *testing.T) {
			g, _ := testdata.LookupFor(arch, "steps")
			rec, _ := record(t, g, "-q")
			args := []string{"-q", "-nx", "-batch", "-iex", "set debuginfod enabled off"}
			for _, c := range []string{
				"set pagination off", "set confirm off", "target remote | env " + asCommand + "=1 " + os.Args[0] + " gdbserver - " + rec,
				"info files", "break nested_calls", "continue", "print trace", "reverse-stepi", "continue", "continue", "reverse-continue", "reverse-continue", "kill",
			} {
				args = append(args, "-ex", c)
			}
			cmd := exec.Command(gdb, args...)
			cmd.Dir = t.TempDir()
			cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+cmd.Dir)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("gdb: %v", err)
			}
			text := string(out)
			for _, says := range []string{"Reading symbols from target:", "Breakpoint 1, nested_calls", "$1 = ", "No more reverse-execution history"} {
				if !strings.Contains(text, says) {
					t.Errorf("gdb does not say %q", says)
				}
			}
			if n := strings.Count(text, "Breakpoint 1, nested_calls"); n < 3 {
				t.Errorf("%d stops at the breakpoint", n)
			}
			// What the program wrote comes once, however often it is come by.
			for _, line := range strings.SplitAfter(strings.TrimSpace(g.Expect()), "\n") {
				if n := strings.Count(text, line); n != 1 {
					t.Errorf("%q is output %d times", line, n)
				}
			}
			if t.Failed() {
				t.Logf("%s", text)
			}
		})
	}
}
