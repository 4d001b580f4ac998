package debugger

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What others can do on the program that BenchmarkReverse goes back in.

// gdbRecord is what gdb is told: to record the program of depth DEPTH with "record
// full", and to go back in it. It prints how long each took.
const gdbRecord = `
import gdb, os, time
def run(*commands):
    out = ""
    for c in commands: out = gdb.execute(c, to_string=True)
    return out
def result(name, t): print("RESULT %s %.9f" % (name, t), flush=True)
run("set pagination off", "set confirm off", "set width 0", "break main", "run " + os.environ["DEPTH"], "delete")
run("set record full insn-number-max unlimited", "record full", "break late")
t = time.time(); run("continue"); result("record", time.time() - t)
run("delete")
for line in run("info record").split("\n"):
    if line.startswith("Log contains"): result("instructions", int(line.split()[2]))
def measure(name, setup, prepare, command, expect):
    run(*setup)
    for i in range(int(os.environ["TIMES"])):
        try: run("record goto end")
        except gdb.error: pass # it is there
        run(*prepare)
        t = time.time(); out = run(command); t = time.time() - t
        if expect not in out + run("frame"): raise Exception("%s: %s says %s" % (name, command, out))
        result(name, t)
    run("delete")
measure("stepBack/again", [], ["reverse-finish"], "reverse-next", "main")
measure("stepBack/call", [], ["reverse-finish", "reverse-next"], "reverse-next", "main")
# reverse-finish goes to the latest entry of the function, which in a recursion is that of another call.
measure("continue/breakpoint", ["break once"], [], "reverse-continue", "once")
# Watchpoints are not measured: gdb 13 does not find the write going back, or stops elsewhere.
measure("continue/nothing", ["break late"], [], "reverse-continue", "main")
`

// benchmarkGDBRecord is about gdb's own recording of a native run. It is about a
// thousand times as slow as what it records, and keeps 200,000 instructions unless it
// is told otherwise: that is how far it gets here.
func benchmarkGDBRecord(b *testing.B) {
	gdb := tool(b, "gdb")
	depth := 2
	if testing.Short() {
		depth = 1
	}
	script := filepath.Join(b.TempDir(), "record.py")
	if err := os.WriteFile(script, []byte(gdbRecord), 0o644); err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), gdb, "-batch", "-nx", "-x", script, guestPath(b, "long_ago@amd64"))
	cmd.Env = append(os.Environ(), "DEPTH="+strconv.Itoa(depth), "TIMES=5", "DEBUGINFOD_URLS=")
	out, err := cmd.CombinedOutput()
	results := resultsOf(out)
	if err != nil || len(results["continue/nothing"]) == 0 {
		b.Skipf("gdb can't record here: %v\n%s", err, out)
	}
	b.Run(fmt.Sprintf("amd64/history=%.0f", results["instructions"][0]), func(b *testing.B) { reportAll(b, results) })
}

// tool finds a program of the host's.
func tool(b *testing.B, name string) string {
	b.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		b.Skipf("%s is not installed", name)
	}
	return path
}

// resultsOf are the lines "RESULT name number" of a text, by name.
func resultsOf(text []byte) map[string][]float64 {
	out := map[string][]float64{}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		if f := strings.Fields(s.Text()); len(f) == 3 && f[0] == "RESULT" {
			if v, err := strconv.ParseFloat(f[2], 64); err == nil {
				out[f[1]] = append(out[f[1]], v)
			}
		}
	}
	return out
}

// reportAll reports results, in seconds, as the benchmark's own do.
func reportAll(b *testing.B, results map[string][]float64) {
	for _, name := range []string{"record", "stepBack/seek", "stepBack/again", "stepBack/call", "stepOut", "continue/breakpoint", "continue/data", "continue/nothing", "lastWrite"} {
		list := results[name]
		if len(list) == 0 {
			continue
		}
		b.Run(name, func(b *testing.B) {
			took := make([]time.Duration, len(list))
			for i, v := range list {
				took[i] = time.Duration(v * float64(time.Second))
			}
			report(b, took)
		})
	}
}

func benchmarkQEMUReplay(b *testing.B) { b.Skip("to come") }
