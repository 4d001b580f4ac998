package gdbstub

import (
	"bufio"
	"context"
	"io"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// announced is a timeline that tells when a motion without a limit begins, so
// that a test knows when there is something to interrupt.
type announced struct {
	Timeline
	begun chan struct{}
}

func (a announced) Forward(ctx context.Context, until uint64, stops *vm.Stops) vm.Stop {
	if until == math.MaxUint64 {
		a.begun <- struct{}{}
	}
	return a.Timeline.Forward(ctx, until, stops)
}

func (a announced) Back(ctx context.Context, lower uint64, stops *vm.Stops) (vm.Stop, error) {
	if lower == 0 {
		a.begun <- struct{}{}
	}
	return a.Timeline.Back(ctx, lower, stops)
}

// mi is a gdb that is driven through its machine interface.
type mi struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string
	log   []string
}

func startMI(t *testing.T, st *guestStage) *mi {
	t.Helper()
	path := gdbPath(t, "gdb-multiarch")
	ctx, cancel := context.WithCancel(context.Background())
	cmd := st.gdbCommand(ctx, path, "-q", "-i=mi3", st.exe)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	g := &mi{t: t, cmd: cmd, in: in, lines: make(chan string, 1000)}
	go func() {
		defer close(g.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			g.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		cancel()
		for range g.lines { // until gdb has closed its end
		}
		_ = cmd.Wait() // killed
		if t.Failed() {
			t.Logf("gdb said:\n%s", strings.Join(g.log, "\n"))
		}
	})
	return g
}

func (g *mi) send(line string) {
	g.t.Helper()
	g.log = append(g.log, "> "+line)
	if _, err := io.WriteString(g.in, line+"\n"); err != nil {
		g.t.Fatal(err)
	}
}

// await waits for a line with a prefix, and returns it.
func (g *mi) await(prefix string) string {
	g.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line, open := <-g.lines:
			if !open {
				g.t.Fatalf("gdb ended before it said %s", prefix)
			}
			g.log = append(g.log, line)
			if strings.HasPrefix(line, prefix) {
				return line
			}
			if strings.HasPrefix(line, "^error") {
				g.t.Fatalf("waiting for %s: %s", prefix, line)
			}
		case <-deadline:
			g.t.Fatalf("gdb did not say %s", prefix)
		}
	}
}

// interruptWhenBegun presses Ctrl-C when the server is at work.
func (g *mi) interruptWhenBegun(begun <-chan struct{}) {
	g.t.Helper()
	select {
	case <-begun:
	case <-time.After(patience):
		g.t.Fatal("gdb did not resume the guest")
	}
	g.log = append(g.log, "> SIGINT")
	if err := g.cmd.Process.Signal(os.Interrupt); err != nil {
		g.t.Fatal(err)
	}
}

func (g *mi) wantInterrupted() {
	g.t.Helper()
	if line := g.await("*stopped"); !strings.Contains(line, `signal-name="SIGINT"`) {
		g.t.Errorf("stopped otherwise than by SIGINT: %s", line)
	}
}

func TestGDBCtrlCInBothDirections(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	// Long enough that a search through all of it takes seconds, with a
	// breakpoint that is hit in every turn of the loop.
	const history = 30_000_000
	st := newGuest(t, "spin", func(st *guestStage, cfg *Config) {
		if s := st.tl.Forward(context.Background(), history, nil); s.Reason != vm.StopLimit {
			t.Fatal(s)
		}
		cfg.Timeline = announced{st.tl, begun}
	})
	st.listen(t)
	g := startMI(t, st)
	g.await("(gdb)")
	g.send("-target-select remote " + st.addr)
	g.await("^connected")
	for range 2 {
		g.send("-exec-continue")
		g.interruptWhenBegun(begun)
		g.wantInterrupted()
	}
	g.send(`-break-insert -c "turns == 0x1234567890" ` + at("spin.c", "turn"))
	g.await("^done")
	for range 2 {
		g.send("-data-evaluate-expression turns")
		before := g.await("^done")
		g.send("-exec-continue --reverse")
		g.interruptWhenBegun(begun)
		g.wantInterrupted()
		g.send("-data-evaluate-expression turns")
		if after := g.await("^done"); after != before {
			t.Errorf("the interrupted search moved the guest: turns was %s, is %s", before, after)
		}
	}
	g.send("-exec-step-instruction --reverse")
	g.await("*stopped,reason=\"end-stepping-range\"")
	g.send("-gdb-exit")
	g.await("^exit")
}
