package debugger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// built holds the guests that the tests have unpacked or built, by name.
var built struct {
	sync.Mutex
	dir  string
	path map[string]string
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "revexec-debugger-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built.dir, built.path = dir, map[string]string{}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// lookup finds a guest by its name, which may end with "@" and an architecture other
// than riscv64.
func lookup(name string) (testdata.Guest, bool) {
	name, arch, found := strings.Cut(name, "@")
	if !found {
		arch = testdata.RISCV64
	}
	return testdata.LookupFor(arch, name)
}

// each calls f with a debugging session of a guest on each architecture.
func each(t *testing.T, guest string, f func(t *testing.T, d *Debugger)) {
	t.Run("riscv64", func(t *testing.T) { f(t, debug(t, guest)) })
	t.Run("amd64", func(t *testing.T) { f(t, debug(t, guest+"@amd64")) })
}

func guestPath(t testing.TB, name string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if p := built.path[name]; p != "" {
		return p
	}
	g, ok := lookup(name)
	if !ok {
		t.Fatalf("no guest %q", name)
	}
	var p string
	var err error
	if dir := filepath.Join(built.dir, name); g.Go() {
		p, err = g.Build(dir)
	} else {
		p, err = g.Extract(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	built.path[name] = p
	return p
}

// newMachine starts a guest. With a log it can only replay.
func newMachine(t testing.TB, name string, log *vm.Log) *linux.Machine {
	t.Helper()
	g, _ := lookup(name)
	cfg := linux.Config{
		Path: guestPath(t, name), Args: append([]string{name}, g.Args...), Dir: built.dir, Log: log,
		Now: time.Unix(1_700_000_000, 0), Seed: [32]byte{1, 2, 3},
	}
	if g.Stdin != "" && log == nil {
		cfg.Stdin = strings.NewReader(g.Stdin)
	}
	m, err := linux.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// debug starts a debugging session of a guest.
func debug(t testing.TB, name string) *Debugger {
	t.Helper()
	return debugWith(t, name, checkpoint.Config{})
}

func debugWith(t testing.TB, name string, cfg checkpoint.Config) *Debugger {
	t.Helper()
	m := newMachine(t, name, nil)
	prog, err := symbols.Load(guestPath(t, name), m.Image().Bias)
	if err != nil {
		t.Fatal(err)
	}
	return New(checkpoint.New(m, cfg), prog)
}

// do makes a motion, which must succeed.
func (d *Debugger) do(t testing.TB, v Verb, back bool) Event {
	t.Helper()
	ev, err := d.Move(context.Background(), Motion{Verb: v, Back: back})
	if err != nil {
		t.Fatalf("verb %d, back %v, at icount %d: %v", v, back, d.m.Icount(), err)
	}
	return ev
}

// place is the innermost frame's function and line.
func (d *Debugger) place() string {
	fs, _ := d.Frames(0)
	if len(fs) == 0 {
		return "?"
	}
	return fmt.Sprintf("%s:%d", fs[0].Name, fs[0].Line)
}

// breakAt sets a breakpoint on a marked line of a guest's source.
func (d *Debugger) breakAt(t testing.TB, guest, marker string) Breakpoint {
	t.Helper()
	g, _ := lookup(guest)
	bps := d.SetSourceBreakpoints(filepath.Base(g.Source), []SourceBreakpoint{{Line: testdata.Line(g.Source, marker)}})
	if !bps[0].Verified {
		t.Fatalf("breakpoint at %s: %s", marker, bps[0].Message)
	}
	return bps[0]
}
