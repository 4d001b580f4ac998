package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
)

// record records a guest, then removes it, and returns the recording.
func record(t *testing.T, g testdata.Guest, flags ...string) (path string, did result) {
	t.Helper()
	exe, err := g.Extract(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "rec")
	args := append(append([]string{"record", "-o", path}, flags...), exe)
	did = runIt(t, g.Stdin, append(args, g.Args...)...)
	if err := os.RemoveAll(filepath.Dir(exe)); err != nil {
		t.Fatal(err)
	}
	return path, did
}

// info describes a recording.
func info(t *testing.T, path string) description {
	t.Helper()
	got := runIt(t, "", "info", "--json", path)
	var d description
	if err := json.Unmarshal([]byte(got.out), &d); err != nil || got.status != 0 {
		t.Fatalf("info: %v, %+v", err, got)
	}
	return d
}

// exitOf is a guest's exit status, as a shell has it.
func exitOf(g testdata.Guest) int {
	if g.Signal != 0 {
		return 128 + g.Signal
	}
	return g.Exit
}

func TestWhatIsRecordedIsTheProgramAndSoIsItsReplay(t *testing.T) {
	for _, arch := range testdata.Arches() {
		for _, name := range []string{"steps", "stdin", "threads", "hello_glibc", "crash", "abort", "programs"} {
			g, ok := testdata.LookupFor(arch, name)
			if !ok {
				continue
			}
			t.Run(name+"@"+arch, func(t *testing.T) {
				path, did := record(t, g, "-q")
				if did.out != g.Expect() || did.err != g.Stderr || did.status != exitOf(g) {
					t.Errorf("recorded: status %d, standard error %q, output %q", did.status, did.err, did.out)
				}
				if got := runIt(t, "", "replay", path); got != did {
					t.Errorf("replayed: status %d, standard error %q, output %q", got.status, got.err, got.out)
				}
				got := runIt(t, "", "replay", "--verify", path)
				if got.out != did.out || got.status != did.status || !strings.Contains(got.err, "verified") {
					t.Errorf("verified: %+v", got)
				}
				d := info(t, path)
				want := "exited"
				if g.Signal != 0 {
					want = "killed"
				}
				if d.Ended != want || d.Arch != arch || filepath.Base(d.Program) != name || d.Start != 0 || d.End == 0 || d.Damage != "" || d.Problem != "" {
					t.Errorf("%+v", d)
				}
				if len(d.Args) != 1+len(g.Args) || len(d.Files) == 0 || d.Files[0].Kind != "executable" || d.Files[0].Size != uint64(len(g.Bin())) {
					t.Errorf("%+v", d)
				}
			})
		}
	}
}

func TestRecordTellsWhatIsInTheFile(t *testing.T) {
	g, _ := testdata.Lookup("steps")
	path, did := record(t, g, "--sources", "--stats")
	for _, says := range []string{"recorded 11,281 instructions in " + path, "gdbserver " + path, "icount       11281\n"} {
		if !strings.Contains(did.err, says) {
			t.Errorf("no %q in\n%s", says, did.err)
		}
	}
	got := runIt(t, "", "info", path)
	for _, says := range []string{"steps (riscv64 Linux)", "11,281 instructions", "exited with code 3", "executable", "checkpoint", "sources"} {
		if !strings.Contains(got.out, says) {
			t.Errorf("no %q in\n%s", says, got.out)
		}
	}
	sources := 0
	for _, f := range info(t, path).Files {
		if f.Kind == "source" && filepath.Base(f.Path) == "steps.c" && f.Size == uint64(len(testdata.Source("steps.c"))) {
			sources++
		}
	}
	if sources != 1 {
		t.Errorf("%d times steps.c in %+v", sources, info(t, path).Files)
	}
}

func TestARecordingIsCompleteAfterAnInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupts to send")
	}
	path := filepath.Join(t.TempDir(), "rec")
	interrupt(t, spinning(t, "record", "-o", path))
	if d := info(t, path); d.Ended != "stopped" || d.Damage != "" || d.End == 0 {
		t.Errorf("%+v", d)
	}
	got := runIt(t, "", "replay", "--verify", path)
	if got.out != "spinning\n" || got.status != 0 || !strings.Contains(got.err, "before the program did") {
		t.Errorf("replay: %+v", got)
	}
}

func TestARecordingOpensUpToWhereTheRecorderWasKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rec")
	cmd := spinning(t, "record", "-o", path)
	cmd.Process.Kill()
	cmd.Wait()
	if d := info(t, path); d.Ended != "unknown" || d.Damage == "" || d.Problem != "" {
		t.Errorf("%+v", d)
	}
	if got := runIt(t, "", "replay", path); got.status != 0 || !strings.Contains(got.err, "killed") || strings.Contains(got.err, "panic") {
		t.Errorf("replay: %+v", got)
	}
}

func TestATruncatedRecordingIsPlayedAsFarAsItGoesOrRefused(t *testing.T) {
	g, _ := testdata.Lookup("threads")
	path, _ := record(t, g, "-q")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	played := 0
	lengths := []int{len(whole) - 1} // most of so short a one is its beginning
	for part := range 12 {
		lengths = append(lengths, len(whole)*part/12)
	}
	for _, n := range lengths {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		got := runIt(t, "", "replay", path)
		if !strings.HasPrefix(g.Expect(), got.out) || !strings.HasPrefix(got.err, "dap-revexec: "+path) || strings.Contains(got.err, "goroutine") {
			t.Errorf("%d of %d bytes: %+v", n, len(whole), got)
		}
		if strings.Contains(got.err, "not complete") {
			played++
		} else if got.status == 0 {
			t.Errorf("%d of %d bytes: nothing is said of that: %+v", n, len(whole), got)
		}
	}
	if played == 0 {
		t.Error("no part of it can be played")
	}
}

func TestAFlightRecorderKeepsTheEnd(t *testing.T) {
	g, _ := testdata.Lookup("bench_int")
	g.Args = []string{"10000000"} // some 145 million instructions
	path, did := record(t, g, "--last", "10M")
	d := info(t, path)
	if d.Start == 0 || d.End-d.Start < 10e6 || d.Ended != "exited" || d.Damage != "" {
		t.Errorf("%+v, %+v", d, did)
	}
	got := runIt(t, "", "replay", "--verify", path)
	if got.status != did.status || !strings.HasSuffix(did.out, got.out) || !strings.Contains(got.err, "verified") {
		t.Errorf("replay: %+v, recorded: %+v", got, did)
	}
}

func TestFailuresOfRecordingsAreOneLineAndAStatus(t *testing.T) {
	exe := guest(t, "steps")
	text := filepath.Join(t.TempDir(), "notes")
	if err := os.WriteFile(text, []byte("not to be lost, and long enough for a header"), 0o666); err != nil {
		t.Fatal(err)
	}
	g, _ := testdata.Lookup("steps")
	rec, _ := record(t, g)
	whole, err := os.ReadFile(rec)
	if err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(t.TempDir(), "newer")
	if err := os.WriteFile(newer, whole[:12], 0o666); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"nowhere to":                {[]string{"record", exe}, "-o FILE"},
		"nothing to record":         {[]string{"record", "-o", rec}, "arg"},
		"over a file":               {[]string{"record", "-o", text, exe}, "no recording"},
		"over the program":          {[]string{"record", "-o", exe, exe}, "no recording"},
		"into no directory":         {[]string{"record", "-o", "/nowhere/rec", exe}, "/nowhere/rec"},
		"a directory":               {[]string{"record", "-o", t.TempDir(), exe}, "not a regular file"},
		"bad length":                {[]string{"record", "--last", "long", "-o", rec, exe}, "instructions"},
		"replay nothing":            {[]string{"replay", "/nowhere/rec"}, "/nowhere/rec"},
		"replay a program":          {[]string{"replay", exe}, "not a recording"},
		"replay a text":             {[]string{"replay", text}, "not a recording"},
		"replay a directory":        {[]string{"replay", t.TempDir()}, "regular"},
		"replay a beginning":        {[]string{"replay", newer}, newer},
		"describe a program":        {[]string{"info", exe}, "not a recording"},
		"arguments for a recording": {[]string{"gdbserver", rec, "x"}, "no arguments"},
		"run a recording":           {[]string{"run", rec}, "is a recording"},
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
	if data, err := os.ReadFile(text); err != nil || !strings.HasPrefix(string(data), "not to be lost") {
		t.Errorf("%q, %v", data, err)
	}
}
