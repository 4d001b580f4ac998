package symbols

import (
	"bytes"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	guests "github.com/dap-revexec/dap-revexec/testdata"
)

// loadGuest loads a prebuilt guest program.
func loadGuest(t testing.TB, name string) *Program {
	t.Helper()
	return loadBytes(t, guests.Bin(name), name)
}

func loadBytes(t testing.TB, b []byte, name string) *Program {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	p, err := LoadFile(f, name, 0)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// needTool finds a tool that only some tests need. On a machine without it they
// are skipped; CI has to have it.
func needTool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed, and CI may not skip tests", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}

// guestFile puts a guest where tools can find it.
func guestFile(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, guests.Bin(name), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// gdbOutput runs gdb on a program with commands and returns what it prints.
func gdbOutput(t testing.TB, program string, commands ...string) string {
	t.Helper()
	gdb := needTool(t, "gdb-multiarch")
	// From Python, because a script ends at the first command that fails.
	var text strings.Builder
	text.WriteString("import gdb\nfor c in [\n")
	for _, c := range append([]string{"set confirm off", "set pagination off", "set width 0"}, commands...) {
		fmt.Fprintf(&text, "%q,\n", c)
	}
	text.WriteString("]:\n    try:\n        print(gdb.execute(c, to_string=True), end='')\n    except gdb.error as e:\n        print(e)\n")
	script := filepath.Join(t.TempDir(), "commands.py")
	if err := os.WriteFile(script, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(gdb, "-nx", "-batch", "-x", script, program).CombinedOutput()
	if err != nil {
		t.Fatalf("gdb: %v\n%s", err, out)
	}
	return string(out)
}

// stop is a line of what testdata/stops.py writes.
type stop struct {
	PC     uint64
	Regs   []uint64
	Mem    []memChunk
	Frames []stopFrame
	image  []memChunk // the program's own bytes
}

type memChunk struct {
	Addr uint64
	Hex  string
	b    []byte
}

type stopFrame struct {
	PC      uint64
	Name    string
	Inlined bool
	Signal  bool
	Line    int
	CFA     uint64
	Vars    []stopVar
}

type stopVar struct {
	Name    string
	Type    string
	Arg     bool
	Line    int
	Missing bool
	Why     string
	Int     *json.Number
	Float   *uint64 // the bits of a double
	Addr    *uint64
	Other   bool
}

// Reg makes a stop a [Regs].
func (s *stop) Reg(n int) (uint64, bool) {
	if n < 0 || n >= len(s.Regs) {
		return 0, false
	}
	return s.Regs[n], true
}

// ReadMemory makes a stop a [Memory].
func (s *stop) ReadMemory(addr uint64, p []byte) int {
	for _, list := range [][]memChunk{s.Mem, s.image} {
		for _, m := range list {
			if addr >= m.Addr && addr-m.Addr < uint64(len(m.b)) {
				return copy(p, m.b[addr-m.Addr:])
			}
		}
	}
	return 0
}

// stops runs a program under qemu and gdb and records the stops at places.
func stops(t *testing.T, program string, maxStops int, places ...string) []*stop {
	t.Helper()
	gdb := needTool(t, "gdb-multiarch")
	qemu := needTool(t, "qemu-riscv64")
	dir := t.TempDir()
	socket, out := filepath.Join(dir, "gdb"), filepath.Join(dir, "out")

	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var image []memChunk
	var data []string
	for _, ph := range f.Progs {
		if ph.Type != elf.PT_LOAD {
			continue
		}
		b := make([]byte, ph.Filesz)
		if _, err := io.ReadFull(ph.Open(), b); err != nil {
			t.Fatal(err)
		}
		image = append(image, memChunk{Addr: ph.Vaddr, b: b})
		if ph.Flags&elf.PF_W != 0 {
			data = append(data, fmt.Sprintf("%x-%x", ph.Vaddr, ph.Vaddr+min(ph.Memsz, 1<<20)))
		}
	}

	guest := exec.Command(qemu, "-g", socket, program)
	guest.Dir = dir
	if err := guest.Start(); err != nil {
		t.Fatal(err)
	}
	defer guest.Wait()
	defer guest.Process.Kill()
	script, err := filepath.Abs("testdata/stops.py")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(gdb, "-nx", "-batch", "-x", script, program)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "REMOTE="+socket, "PLACES="+strings.Join(places, " "), "OUT="+out,
		fmt.Sprint("MAXSTOPS=", maxStops), "DATA="+strings.Join(data, " "), "PYTHONDONTWRITEBYTECODE=1")
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("gdb: %v\n%s", err, text)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var all []*stop
	for _, line := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
		s := &stop{image: image}
		if err := json.Unmarshal(line, s); err != nil {
			t.Fatalf("%v in %.200q\n%s", err, line, text)
		}
		for i := range s.Mem {
			if s.Mem[i].b, err = hex.DecodeString(s.Mem[i].Hex); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		t.Fatalf("no stop\n%s", text)
	}
	return all
}

// compileGuest compiles a C guest with other options than the prebuilt one.
func compileGuest(t testing.TB, name string, flags ...string) string {
	t.Helper()
	gcc := needTool(t, "riscv64-linux-gnu-gcc")
	dir := t.TempDir()
	exe, err := guests.Extract(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	g, _ := guests.Lookup(name)
	args := []string{"-march=rv64gc", "-mabi=lp64d", "-std=gnu11", "-static", "-fno-stack-protector", "-fno-pie", "-no-pie", "-w", "-o", exe}
	args = append(args, flags...)
	args = append(args, g.Source)
	if !g.Libc {
		args = append(args, "-nostdlib", "-ffreestanding", "-fno-builtin", "-fno-tree-loop-distribute-patterns",
			"rt/start.S", "rt/sys.c", "rt/print.c", "rt/mem.c", "rt/thread.c", "rt/signal.c", "-lgcc")
	}
	cmd := exec.Command(gcc, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

var goGuests sync.Map // name → func() (string, error)

// goGuest builds a guest in Go, once for all tests.
func goGuest(t testing.TB, name string, flags ...string) string {
	t.Helper()
	key := name + strings.Join(flags, " ")
	build, _ := goGuests.LoadOrStore(key, sync.OnceValues(func() (string, error) {
		dir, err := os.MkdirTemp(buildDir, "go")
		if err != nil {
			return "", err
		}
		return guests.BuildGo(dir, name, flags...)
	}))
	path, err := build.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// buildDir holds what tests build; it lives as long as they run.
var buildDir string

func TestMain(m *testing.M) {
	var err error
	if buildDir, err = os.MkdirTemp("", "symbols"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(buildDir)
	os.Exit(code)
}
