package testdata

import (
	"bytes"
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// needTool skips the test when a program is not installed, but fails in CI,
// where everything has to be there.
func needTool(t *testing.T, name, pkg string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed (Debian: %s)", name, pkg)
		}
		t.Skipf("%s is not installed (Debian: %s)", name, pkg)
	}
	return p
}

func build(t *testing.T, g Guest) string {
	t.Helper()
	make := Extract
	if g.Go() {
		make = func(dir, name string) (string, error) { return BuildGo(dir, name) }
	}
	exe, err := make(t.TempDir(), g.Name)
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// buildForHost compiles a guest in C for the machine that the tests run on.
func buildForHost(t *testing.T, g Guest) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the host is not Linux")
	}
	cc := needTool(t, "gcc", "gcc")
	exe := filepath.Join(t.TempDir(), g.Name)
	out, err := exec.CommandContext(t.Context(), cc, "-std=gnu11", "-w", "-o", exe, filepath.Join("src", g.Source)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return exe
}

// TestGuestsUnderQEMU runs every guest under an independent implementation and
// compares what it does with the table and expect/: qemu-riscv64, or the host itself. With REVEXEC_RECORD set to
// "all" or a list of names it records what it sees in expect/ instead: see
// build.sh expect.
func TestGuestsUnderQEMU(t *testing.T) {
	qemu := needTool(t, "qemu-riscv64", "qemu-user")
	record := strings.Fields(os.Getenv("REVEXEC_RECORD"))
	for _, g := range Guests() {
		if g.Endless {
			continue
		}
		t.Run(g.Name, func(t *testing.T) {
			recording := slices.Contains(record, g.Name) || slices.Contains(record, "all")
			if len(record) > 0 && !recording {
				t.Skip("not to be recorded")
			}
			t.Parallel()
			run := []string{qemu, build(t, g)}
			if g.Execs {
				run = []string{buildForHost(t, g)}
			}
			run = append(run, g.Args...)
			cmd := exec.CommandContext(t.Context(), run[0], run[1:]...)
			var stdout, stderr bytes.Buffer
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(g.Stdin), &stdout, &stderr
			cmd.Dir = t.TempDir()
			cmd.WaitDelay = time.Minute
			err := cmd.Run()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			status := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if g.Signal != 0 {
				// qemu-riscv64 dies of the signal that killed its guest.
				if !status.Signaled() || int(status.Signal()) != g.Signal {
					t.Errorf("%v, want death by signal %d", cmd.ProcessState, g.Signal)
				}
			} else if !status.Exited() || status.ExitStatus() != g.Exit {
				t.Errorf("%v, want exit code %d", cmd.ProcessState, g.Exit)
			}
			// Of a guest that died qemu says so itself, on standard error.
			if g.Signal == 0 && stderr.String() != g.Stderr {
				t.Errorf("standard error %q, want %q", &stderr, g.Stderr)
			}
			if recording {
				if err := os.WriteFile(filepath.Join("expect", g.Name+".out"), stdout.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if stdout.String() != g.Expect() {
				t.Errorf("printed:\n%s\nexpected:\n%s", &stdout, g.Expect())
			}
			if left, _ := os.ReadDir(cmd.Dir); len(left) > 0 {
				t.Errorf("it left %v behind", left)
			}
		})
	}
}

func TestEveryBinaryIsAGuestWithDebugInformation(t *testing.T) {
	bins, err := fs.ReadDir(files, "bin")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range bins {
		names = append(names, b.Name())
	}
	for _, g := range Guests() {
		if !g.Go() && !slices.Contains(names, g.Name) {
			t.Errorf("%s has no binary: run build.sh", g.Name)
		}
	}
	for _, name := range names {
		g, ok := Lookup(name)
		if !ok {
			t.Errorf("bin/%s is not in the table", name)
			continue
		}
		f, err := elf.NewFile(bytes.NewReader(Bin(name)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.Machine != elf.EM_RISCV || f.Class != elf.ELFCLASS64 || f.Type != elf.ET_EXEC {
			t.Errorf("%s is a %v %v %v", name, f.Class, f.Machine, f.Type)
		}
		if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
			t.Errorf("%s is not linked statically", name)
		}
		d, err := f.DWARF()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		unit, err := d.Reader().Next()
		if err != nil || unit == nil {
			t.Errorf("%s: no compilation unit: %v", name, err)
			continue
		}
		for e := unit.Field; len(e) > 0; e = e[1:] {
			s, _ := e[0].Val.(string)
			if strings.HasPrefix(s, "/") && s != "/revexec/testdata/src" {
				t.Errorf("%s: %v has the path %s", name, e[0].Attr, s)
			}
		}
		if info := f.Section(".debug_info"); info != nil {
			head := make([]byte, 6)
			if _, err := info.ReadAt(head, 0); err != nil || int(head[4]) != g.DWARF {
				t.Errorf("%s has DWARF %d, the table says %d (%v)", name, head[4], g.DWARF, err)
			}
		}
	}
}

func TestExtractPutsSourcesWhereTheDebugInformationHasThem(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	exe, err := Extract(dir, "steps_o2")
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(exe); err != nil || st.Mode()&0o100 == 0 {
		t.Errorf("%s: %v, %v", exe, st, err)
	}
	for _, s := range []string{"steps.c", "rt/print.c", "rt/start.S"} {
		got, err := os.ReadFile(filepath.Join(dir, s))
		if err != nil || !bytes.Equal(got, Source(s)) {
			t.Errorf("%s: %d bytes, %v", s, len(got), err)
		}
	}
	if _, err := Extract(dir, "no-such-guest"); err == nil {
		t.Error("extracting an unknown guest succeeds")
	}
}

func TestMarkersAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range Guests() {
		if seen[g.Source] {
			continue
		}
		seen[g.Source] = true
		for text := range strings.Lines(string(Source(g.Source))) {
			if _, m, ok := strings.Cut(text, "//@"); ok && !strings.Contains(text, "//@NAME") && markerOf(m) != "" {
				Line(g.Source, markerOf(m)) // panics on a second one
			}
		}
	}
	if got := Line("steps.c", "nested"); !strings.Contains(strings.Split(string(Source("steps.c")), "\n")[got-1], "a(b(c(x)))") {
		t.Errorf("//@nested is on line %d", got)
	}
}

func TestBuildScriptReproducesEveryBinary(t *testing.T) {
	cc := needTool(t, "riscv64-linux-gnu-gcc", "gcc-riscv64-linux-gnu libc6-dev-riscv64-cross")
	out := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "./build.sh", "-o", out)
	cmd.Env = append(os.Environ(), "CC="+cc)
	if msg, err := cmd.CombinedOutput(); err != nil || len(msg) > 0 {
		t.Fatalf("build.sh: %v\n%s", err, msg)
	}
	bins, err := fs.ReadDir(files, "bin")
	if err != nil {
		t.Fatal(err)
	}
	different := 0
	for _, b := range bins {
		got, err := os.ReadFile(filepath.Join(out, b.Name()))
		if err != nil {
			t.Error(err)
		}
		if !bytes.Equal(got, Bin(b.Name())) {
			different++
		}
	}
	// Another version of the compiler makes other bytes; that is no defect.
	t.Logf("%d of %d binaries differ from those checked in", different, len(bins))
}
