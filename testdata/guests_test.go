package testdata

import (
	"bytes"
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path"
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
	make := g.Extract
	if g.Go() {
		make = func(dir string) (string, error) { return g.Build(dir) }
	}
	exe, err := make(t.TempDir())
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

// runners are implementations that have nothing in common with ours, by
// architecture.
var runners = map[string]string{RISCV64: "qemu-riscv64", AMD64: "qemu-x86_64"}

// TestGuestsUnderQEMU runs every guest under an independent implementation and
// compares what it does with the table and expect/: QEMU, or the host itself. With
// REVEXEC_RECORD set to "all" or a list of names it records what it sees under
// qemu-riscv64 in expect/ instead: see build.sh expect.
func TestGuestsUnderQEMU(t *testing.T) {
	record := strings.Fields(os.Getenv("REVEXEC_RECORD"))
	for _, arch := range Arches() {
		t.Run(arch, func(t *testing.T) {
			runner := []string{}
			// Under an own kernel there are no defects of QEMU to be feared.
			if arch != runtime.GOARCH || runtime.GOOS != "linux" {
				runner = append(runner, needTool(t, runners[arch], "qemu-user"))
			}
			for _, g := range GuestsFor(arch) {
				recording := arch == RISCV64 && (slices.Contains(record, g.Name) || slices.Contains(record, "all"))
				if g.Endless || len(record) > 0 && !recording {
					continue
				}
				t.Run(g.Name, func(t *testing.T) {
					t.Parallel()
					run := append(slices.Clone(runner), build(t, g))
					if g.Execs && len(runner) > 0 {
						run = []string{buildForHost(t, g)}
					}
					compare(t, g, run, recording)
				})
			}
		})
	}
}

// compare runs a guest with the given command line and compares what it does with
// the table.
func compare(t *testing.T, g Guest, run []string, recording bool) {
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
		// QEMU dies of the signal that killed its guest.
		if !status.Signaled() || int(status.Signal()) != g.Signal {
			t.Errorf("%v, want death by signal %d", cmd.ProcessState, g.Signal)
		}
	} else if !status.Exited() || status.ExitStatus() != g.Exit {
		t.Errorf("%v, want exit code %d", cmd.ProcessState, g.Exit)
	}
	// Of a guest that died QEMU says so itself, on standard error.
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
}

// binaries lists what is in bin, by its path below it.
func binaries(t *testing.T) (out []string) {
	err := fs.WalkDir(files, "bin", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, strings.TrimPrefix(name, "bin/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEveryBinaryIsAGuestWithDebugInformation(t *testing.T) {
	for _, g := range guests {
		here := func(arch string) bool {
			_, ok := LookupFor(arch, g.Name)
			return ok
		}
		if !slices.ContainsFunc(Arches(), here) {
			t.Errorf("%s has no binary: run build.sh", g.Name)
		}
	}
	for _, file := range binaries(t) {
		dir, name := path.Split(file)
		arch, machine := RISCV64, elf.EM_RISCV
		if dir != "" {
			arch, machine = AMD64, elf.EM_X86_64
		}
		g, ok := LookupFor(arch, name)
		if !ok {
			t.Errorf("bin/%s is not in the table", file)
			continue
		}
		f, err := elf.NewFile(bytes.NewReader(g.Bin()))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.Machine != machine || f.Class != elf.ELFCLASS64 || f.Type != elf.ET_EXEC {
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
	needTool(t, "riscv64-linux-gnu-gcc", "gcc-riscv64-linux-gnu libc6-dev-riscv64-cross")
	needTool(t, "x86_64-linux-gnu-gcc", "gcc-x86-64-linux-gnu")
	out := t.TempDir()
	if msg, err := exec.CommandContext(t.Context(), "./build.sh", "-o", out).CombinedOutput(); err != nil || len(msg) > 0 {
		t.Fatalf("build.sh: %v\n%s", err, msg)
	}
	bins, different := binaries(t), 0
	for _, b := range bins {
		got, err := os.ReadFile(filepath.Join(out, b))
		if err != nil {
			t.Error(err)
		}
		if !bytes.Equal(got, mustRead("bin/"+b)) {
			different++
		}
	}
	// Another version of the compiler makes other bytes; that is no defect.
	t.Logf("%d of %d binaries differ from those checked in", different, len(bins))
}
