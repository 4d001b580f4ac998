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
	for _, name := range []string{"record", "stepBack/fresh", "stepBack/again", "stepBack/call", "stepOut", "continue/breakpoint", "continue/data", "continue/nothing", "lastWrite"} {
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

// qemuStart begins the program on QEMU's board "virt", which has no kernel: it calls
// main, keeps what would be printed to itself, and switches the board off.
const qemuStart = `
	.globl	_start, rt_syscall
_start:	la	sp, stack_top
	la	a1, argv
	la	t1, name
	sd	t1, 0(a1)
	la	t1, depth
	sd	t1, 8(a1)
	li	a0, 2
	call	main
	li	t0, 0x100000	# the board's test device
	li	t1, 0x5555
	sw	t1, 0(t0)
1:	j	1b
rt_syscall:
	mv	a0, a3
	ret
	.data
name:	.asciz	"long_ago"
depth:	.asciz	DEPTH
	.balign	8
argv:	.quad	0, 0, 0
	.bss
	.balign	16
	.space	65536
stack_top:
`

// gdbQEMU is what gdb is told: to go back in QEMU's replay.
const gdbQEMU = `
import gdb, os, time
def run(*commands):
    out = ""
    for c in commands: out = gdb.execute(c, to_string=True)
    return out
def result(name, t): print("RESULT %s %.9f" % (name, t), flush=True)
run("set pagination off", "set confirm off", "set width 0", "set remotetimeout 600", "target remote " + os.environ["REMOTE"])
def measure(name, setup, command, expect, times):
    for i in range(times):
        run("break late", "continue", "delete", *setup)
        t = time.time(); out = run(command); t = time.time() - t
        if expect not in out + run("frame"): raise Exception("%s: %s says %s" % (name, command, out))
        result(name, t)
        run("delete")
        if command == "reverse-stepi": # later ones cost the same: nothing is kept
            t = time.time(); run(command); result("stepBack/again", time.time() - t)
            run("stepi", "stepi")
            break
measure("stepBack/fresh", [], "reverse-stepi", "", 1)
run("reverse-continue")
measure("continue/breakpoint", ["break once"], "reverse-continue", "once", 3)
measure("continue/data", ["watch event.value"], "reverse-continue", "once", 3)
measure("continue/nothing", [], "reverse-continue", "", 3)
`

// benchmarkQEMUReplay is about QEMU's record and replay of a whole machine, on which
// the same program runs without a kernel. It has one snapshot, at the start, as it makes
// none by itself; and it goes back by instructions and to breakpoints only.
func benchmarkQEMUReplay(b *testing.B) {
	qemu, img, gdb, cc := tool(b, "qemu-system-riscv64"), tool(b, "qemu-img"), tool(b, "gdb-multiarch"), tool(b, "riscv64-linux-gnu-gcc")
	depth := 5
	if testing.Short() {
		depth = 3
	}
	dir, err := os.MkdirTemp("", "qemu") // short: it is in a socket's name
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	g, _ := lookup("long_ago")
	if _, err := g.Extract(dir); err != nil {
		b.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"start.S": qemuStart, "back.py": gdbQEMU} {
		if err := os.WriteFile(in(name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	run := func(name string, args ...string) []byte {
		b.Helper()
		cmd := exec.CommandContext(b.Context(), name, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "REMOTE="+in("gdb"), "DEBUGINFOD_URLS=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			b.Skipf("%s: %v\n%s", filepath.Base(name), err, out)
		}
		return out
	}
	run(cc, "-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany", "-O0", "-g", "-ffreestanding", "-nostdlib", "-static", "-fno-pie", "-no-pie",
		"-fno-stack-protector", "-fno-builtin", fmt.Sprintf("-DDEPTH=\"%d\"", depth), "-Wl,-Ttext=0x80000000,--build-id=none,-n",
		"-o", "bare", "start.S", "long_ago.c", "rt/print.c", "rt/mem.c", "rt/sys.c")
	run(img, "create", "-f", "qcow2", "snapshots", "256M")
	machine := func(mode string) []string {
		return []string{"-M", "virt", "-m", "64M", "-nographic", "-bios", "none", "-kernel", "bare", "-monitor", "none", "-serial", "none", "-net", "none",
			"-drive", "file=snapshots,if=none,id=rr", "-icount", "shift=0,rr=" + mode + ",rrfile=log,rrsnapshot=init"}
	}
	start := time.Now()
	run(qemu, machine("record")...)
	recorded := time.Since(start).Seconds()

	replay := exec.CommandContext(b.Context(), qemu, append(machine("replay"), "-S", "-gdb", "unix:"+in("gdb")+",server=on,wait=off")...)
	replay.Dir = dir
	if err := replay.Start(); err != nil {
		b.Skipf("qemu: %v", err)
	}
	defer func() {
		_ = replay.Process.Kill()
		_ = replay.Wait()
	}()
	for range 500 {
		if _, err := os.Stat(in("gdb")); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	results := resultsOf(run(gdb, "-batch", "-nx", "-x", "back.py", "bare"))
	if len(results["continue/nothing"]) == 0 {
		b.Skip("gdb has no results")
	}
	results["record"] = []float64{recorded}
	b.Run(fmt.Sprintf("riscv64/history=1e%d", depth+3), func(b *testing.B) { reportAll(b, results) })
}
