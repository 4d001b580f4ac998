package linux_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// out collects what a guest writes.
type out struct{ stdout, stderr bytes.Buffer }

func (o *out) sink(fd int, _ uint64, p []byte) {
	if fd == 1 {
		o.stdout.Write(p)
	} else {
		o.stderr.Write(p)
	}
}

var goGuests = struct {
	sync.Mutex
	dir   string
	paths map[string]string
}{paths: map[string]string{}}

func TestMain(m *testing.M) {
	code := m.Run()
	if goGuests.dir != "" {
		_ = os.RemoveAll(goGuests.dir)
	}
	os.Exit(code)
}

// executable returns the path of a guest's executable. Go guests are built once.
func executable(tb testing.TB, g testdata.Guest) string {
	tb.Helper()
	if !g.Go() {
		exe, err := g.Extract(tb.TempDir())
		if err != nil {
			tb.Fatal(err)
		}
		return exe
	}
	goGuests.Lock()
	defer goGuests.Unlock()
	if exe := goGuests.paths[g.Arch+g.Name]; exe != "" {
		return exe
	}
	var err error
	if goGuests.dir == "" {
		if goGuests.dir, err = os.MkdirTemp("", "guests"); err != nil {
			tb.Fatal(err)
		}
	}
	exe, err := g.Build(filepath.Join(goGuests.dir, g.Arch))
	if err != nil {
		tb.Fatal(err)
	}
	goGuests.paths[g.Arch+g.Name] = exe
	return exe
}

func lookup(tb testing.TB, name string) testdata.Guest {
	tb.Helper()
	g, ok := testdata.Lookup(name)
	if !ok {
		tb.Fatalf("no guest %s", name)
	}
	return g
}

// fixed makes runs repeatable from the outside too: same time, same randomness.
func fixed(cfg linux.Config) linux.Config {
	cfg.Now = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	cfg.Seed = [32]byte{1, 2, 3}
	return cfg
}

// config is how to run a guest in an empty directory.
func config(tb testing.TB, g testdata.Guest) linux.Config {
	tb.Helper()
	exe := executable(tb, g)
	return fixed(linux.Config{
		Path: exe, Args: append([]string{filepath.Base(exe)}, g.Args...), Dir: tb.TempDir(),
		Stdin: strings.NewReader(g.Stdin),
	})
}

func start(tb testing.TB, cfg linux.Config) *linux.Machine {
	tb.Helper()
	m, err := linux.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(m.Close)
	return m
}

// endless is how many instructions no guest executes that ends.
const endless = 1 << 34

// toEnd runs a machine to the guest's end.
func toEnd(tb testing.TB, m *linux.Machine) vm.ExitStatus {
	tb.Helper()
	if s := m.Run(m.Icount()+endless, nil); s.Reason != vm.StopExit {
		tb.Fatalf("%v at icount %d, pc %#x: %v", s.Reason, s.Icount, s.PC, s.Err)
	}
	status, exited := m.Exited()
	if !exited {
		tb.Fatal("StopExit, but not exited")
	}
	return status
}

// replayOf is a machine that replays a log with the outside taken away: no
// standard input, and no output expected.
func replayOf(tb testing.TB, cfg linux.Config, log *vm.Log) *linux.Machine {
	tb.Helper()
	cfg.Log, cfg.Now, cfg.Seed = log, time.Time{}, [32]byte{}
	cfg.Stdin = closed{tb}
	cfg.Output = func(fd int, icount uint64, p []byte) {
		tb.Errorf("replay writes %q to %d at icount %d", p, fd, icount)
	}
	return start(tb, cfg)
}

// closed is a standard input that nobody may read.
type closed struct{ tb testing.TB }

func (c closed) Read([]byte) (int, error) {
	c.tb.Error("replay reads standard input")
	return 0, io.EOF
}

func TestGuestsDoWhatTheyDoUnderLinux(t *testing.T) {
	var all []testdata.Guest
	for _, arch := range testdata.Arches() {
		all = append(all, testdata.GuestsFor(arch)...)
	}
	for _, g := range all {
		if g.Endless {
			continue
		}
		t.Run(g.Arch+"/"+g.Name, func(t *testing.T) {
			t.Parallel()
			var o out
			cfg := config(t, g)
			cfg.Output = o.sink
			m := start(t, cfg)
			status := toEnd(t, m)
			if want := (vm.ExitStatus{Code: g.Exit, Signal: g.Signal}); status != want {
				t.Errorf("ended with %+v, want %+v", status, want)
			}
			if got := o.stdout.String(); got != g.Expect() {
				t.Errorf("standard output:\n%s\nwant:\n%s", got, g.Expect())
			}
			if got := o.stderr.String(); got != g.Stderr {
				t.Errorf("standard error: %q, want %q", got, g.Stderr)
			}
			if g.Instructions != 0 && m.Icount() != g.Instructions {
				t.Errorf("%d instructions, want %d", m.Icount(), g.Instructions)
			}
			if left, _ := os.ReadDir(cfg.Dir); len(left) != 0 {
				t.Errorf("%d files are left in its directory", len(left))
			}
		})
	}
}
