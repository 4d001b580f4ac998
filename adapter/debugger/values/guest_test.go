package values

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// machineRegs are the registers of a thread of a machine that stands still.
type machineRegs struct{ m vm.Machine }

func (r machineRegs) Reg(dwarf int) (uint64, bool) {
	i, ok := r.m.Arch().RegByDWARF(dwarf)
	if !ok {
		return 0, false
	}
	return r.m.Reg(r.m.CurrentThread(), i), true
}

// stop is a guest at a place, shared by the tests: they only read it.
type stop struct {
	once sync.Once
	ctx  *Context
}

var (
	stopsMu sync.Mutex
	stops   = map[[2]string]*stop{}
)

// guestAt runs a guest of testdata to the line that has the marker, its own
// function's frame.
func guestAt(t testing.TB, name, source, marker string) *Context {
	t.Helper()
	stopsMu.Lock()
	s := stops[[2]string{name, marker}]
	if s == nil {
		s = &stop{}
		stops[[2]string{name, marker}] = s
	}
	stopsMu.Unlock()
	s.once.Do(func() {
		file := guestFile(t, name)
		s.ctx = runTo(t, file, filepath.Base(source), testdata.Line(source, marker))
	})
	if s.ctx == nil {
		t.Fatalf("%s did not get to %s", name, marker)
	}
	c := *s.ctx
	return &c
}

// guestFile is the content of a guest's executable.
func guestFile(t testing.TB, name string) []byte {
	t.Helper()
	filesMu.Lock()
	defer filesMu.Unlock()
	if b := files[name]; b != nil {
		return b
	}
	b := readGuest(t, name)
	files[name] = b
	return b
}

var (
	filesMu sync.Mutex
	files   = map[string][]byte{}
)

func readGuest(t testing.TB, name string) []byte {
	t.Helper()
	for _, g := range testdata.Guests() {
		if g.Name == name && g.Go() {
			exe, err := testdata.BuildGo(t.TempDir(), name, "-gcflags=all=-N -l")
			if err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(exe)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	return testdata.Bin(name)
}

func loadProgram(t testing.TB, file []byte) *symbols.Program {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	prog, err := symbols.LoadFile(f, "guest", 0)
	if err != nil {
		t.Fatal(err)
	}
	if ok, why := prog.HasDWARF(); !ok {
		t.Fatal(why)
	}
	return prog
}

// runTo runs an executable to a line.
func runTo(t testing.TB, file []byte, source string, line int) *Context {
	t.Helper()
	prog := loadProgram(t, file)
	m, err := linux.New(linux.Config{Path: "/guest", File: file, Dir: t.TempDir(), Now: time.Unix(1e9, 0), Seed: [32]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	place, err := prog.Resolve(source, line)
	if err != nil {
		t.Fatal(err)
	}
	m.Run(1e9, &vm.Stops{Breaks: vm.NewBreaks(place.Addrs...)})
	if _, exited := m.Exited(); exited {
		return nil
	}
	thread := m.CurrentThread()
	arch := m.Arch()
	return &Context{
		Prog: prog, Arch: arch, Mem: m,
		Frame:    prog.Innermost(m.Reg(thread, arch.PC), machineRegs{m}, m),
		RegBytes: func(i int) ([]byte, bool) { return m.RegBytes(thread, i), true },
	}
}

// needTool skips the test when a program is not installed, but fails in CI,
// where everything has to be there.
func needTool(t testing.TB, name string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return p
}

// stripped loads an executable as if it had no debug information.
func stripped(t testing.TB, file []byte) *symbols.Program {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f.Sections {
		s.Name = strings.Replace(s.Name, ".debug_", ".other_", 1)
	}
	prog, err := symbols.LoadFile(f, "stripped", 0)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _ := prog.HasDWARF(); ok {
		t.Fatal("it has debug information")
	}
	return prog
}
