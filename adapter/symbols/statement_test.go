package symbols

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	guests "github.com/dap-revexec/dap-revexec/testdata"
)

// trace runs a guest under qemu and returns the address of each instruction
// that it executes.
func trace(t *testing.T, program string) []uint64 {
	t.Helper()
	qemu := needTool(t, "qemu-riscv64")
	log := filepath.Join(t.TempDir(), "log")
	cmd := exec.Command(qemu, "-singlestep", "-d", "exec,nochain", "-D", log, program)
	cmd.Dir = t.TempDir()
	cmd.Run() // the guest's exit code does not matter
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var out []uint64
	for _, m := range regexp.MustCompile(`\[[0-9a-f]+/([0-9a-f]+)/`).FindAllSubmatch(b, -1) {
		out = append(out, hex64(t, string(m[1])))
	}
	if len(out) < 1000 {
		t.Fatalf("a trace of %d instructions", len(out))
	}
	return out
}

// gdbSteps steps through a guest with gdb, from main to a line of it.
func gdbSteps(t *testing.T, program string, lastLine int) []uint64 {
	t.Helper()
	gdb := needTool(t, "gdb-multiarch")
	qemu := needTool(t, "qemu-riscv64")
	dir := t.TempDir()
	guest := exec.Command(qemu, "-g", filepath.Join(dir, "gdb"), program)
	guest.Dir = dir
	if err := guest.Start(); err != nil {
		t.Fatal(err)
	}
	defer guest.Wait()
	defer guest.Process.Kill()
	script, err := filepath.Abs("testdata/steps.py")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(gdb, "-nx", "-batch", "-x", script, program)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "REMOTE="+filepath.Join(dir, "gdb"), "OUT="+filepath.Join(dir, "out"),
		"SKIP=*rt/*", "MAXSTOPS=5000", fmt.Sprint("LASTLINE=", lastLine), "PYTHONDONTWRITEBYTECODE=1")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gdb: %v\n%s", err, text)
	}
	b, err := os.ReadFile(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	var out []uint64
	for _, l := range strings.Fields(string(b)) {
		out = append(out, hex64(t, l))
	}
	return out
}

func inRuntime(f *Function) bool {
	return f == nil || f.CU == nil || strings.Contains(f.CU.Name, "rt/")
}

func where(p *Program, pc uint64) string {
	l, _ := p.LineAt(pc)
	return fmt.Sprintf("%#x (%s:%d)", pc, filepath.Base(l.File), l.Line)
}

func TestStatementStartsAreWhereGDBStops(t *testing.T) {
	for _, c := range []struct{ guest, source, end string }{
		{"steps", "steps.c", "main-return"}, {"steps_dwarf4", "steps.c", "main-return"},
	} {
		t.Run(c.guest, func(t *testing.T) {
			t.Parallel()
			p := loadGuest(t, c.guest)
			path := guestFile(t, c.guest)
			lastLine := guests.Line(c.source, c.end)

			main := p.FuncsNamed("main")[0]
			var ours []uint64
			last := uint64(0)
			for _, pc := range trace(t, path) {
				f := p.FuncAt(pc)
				started := len(ours) > 0 || pc == main.BodyStart
				if started && !inRuntime(f) && p.IsStatementStart(pc, last) {
					ours = append(ours, pc)
					if l, _ := p.LineAt(pc); f == main && l.Line == lastLine {
						break
					}
				}
				last = pc
			}

			var theirs []uint64
			previous := uint64(0)
			for _, pc := range gdbSteps(t, path, lastLine) {
				// After a return gdb stops in the middle of the calling
				// statement; here that is no new statement.
				if p.img.afterCall(pc) && p.lines.pos[p.lines.find(pc-1)] == p.lines.pos[p.lines.find(pc)] {
					continue
				}
				if !slices.Contains(p.Statements(p.FuncAt(pc)), pc) {
					continue
				}
				// gdb enters an inlined call in a step of its own, which takes
				// no instruction: its state is not that of the machine.
				if pc == previous && p.InlineDepth(pc) > 0 {
					continue
				}
				previous = pc
				theirs = append(theirs, pc)
			}
			for i := range max(len(ours), len(theirs)) {
				if i >= len(ours) || i >= len(theirs) || ours[i] != theirs[i] {
					for k := max(0, i-3); k < i+5; k++ {
						o, g := "-", "-"
						if k < len(ours) {
							o = where(p, ours[k])
						}
						if k < len(theirs) {
							g = where(p, theirs[k])
						}
						t.Logf("stop %d: %s, gdb: %s", k, o, g)
					}
					t.Fatalf("stop %d differs (%d here, %d in gdb)", i, len(ours), len(theirs))
				}
			}
			if len(ours) < 300 {
				t.Errorf("only %d stops", len(ours))
			}
			t.Logf("%d stops", len(ours))
		})
	}
}

func TestEveryCallReachesTheBodyStart(t *testing.T) {
	for _, name := range []string{"steps", "steps_o2", "values_o2", "inline_o2"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := loadGuest(t, name)
			entries, bodies := map[*Function]int{}, map[*Function]int{}
			for _, pc := range trace(t, guestFile(t, name)) {
				f := p.FuncAt(pc)
				if f == nil || f.CU == nil {
					continue
				}
				if pc == f.Low {
					entries[f]++
				}
				if pc == f.BodyStart {
					bodies[f]++
				}
			}
			for f, n := range entries {
				if bodies[f] < n {
					t.Errorf("%s is entered %d times, its body %d times", f.Name, n, bodies[f])
				}
			}
			if len(entries) < 10 {
				t.Errorf("only %d functions were called", len(entries))
			}
		})
	}
}
