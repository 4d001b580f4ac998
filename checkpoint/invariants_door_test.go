package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// Invariant 2: one door.

// recording is a history made live, with the hashes on the way.
type recording struct {
	cfg    linux.Config
	log    *vm.Log
	points []uint64
	hashes []vm.Hash
}

// record runs a program live, in pieces of at most n instructions, and takes a
// hash after each.
func record(tb testing.TB, cfg linux.Config, r *rand.Rand, n uint64) *recording {
	tb.Helper()
	m := boot(tb, cfg)
	defer m.Close()
	rec := &recording{cfg: cfg, log: m.Log()}
	for {
		s := m.Run(m.Icount()+1+r.Uint64N(n), nil)
		if s.Reason != vm.StopLimit && s.Reason != vm.StopExit {
			tb.Fatalf("%+v", s)
		}
		rec.points, rec.hashes = append(rec.points, m.Icount()), append(rec.hashes, m.Hash())
		if s.Reason == vm.StopExit {
			return rec
		}
	}
}

// replay runs the recording again on a machine of its own, which has nothing but
// the log.
func (rec *recording) replay(tb testing.TB) {
	tb.Helper()
	m := replayer(tb, rec.cfg, rec.log)
	inputs := rec.log.Len()
	for i, at := range rec.points {
		if s := m.Run(at, nil); m.Icount() != at || s.Reason == vm.StopError {
			tb.Fatalf("the replay to %d: %+v", at, s)
		}
		if m.Hash() != rec.hashes[i] {
			tb.Fatalf("the state at icount %d is not what it was when it was recorded", at)
		}
	}
	if s := m.Run(math.MaxUint64, nil); s.Reason != vm.StopExit {
		tb.Errorf("the replay ends with %+v", s)
	}
	if rec.log.Len() != inputs {
		tb.Errorf("the replay appends %d inputs to the log", rec.log.Len()-inputs)
	}
}

// What was recorded with files, a directory, standard input and output replays
// without any of them; what is there instead is neither read nor changed.
func TestReplayNeedsNothingOfTheOutside(t *testing.T) {
	t.Parallel()
	names := []string{"files", "stdin", "signals_more", "hello_glibc", "pthread_glibc", "sleepy", "gohello"}
	everywhere(t, names, func(t *testing.T, arch, name string) {
		p, r, dir := lookup(t, arch, name), random(t, 100), guestDir(t)
		var out output
		cfg := p.config()
		cfg.Dir = filepath.Join(dir, "cwd")
		cfg.Path = filepath.Join(dir, name)
		cfg.Output = out.sink
		if err := errors.Join(os.Mkdir(cfg.Dir, 0o755), os.WriteFile(cfg.Path, p.file, 0o755)); err != nil {
			t.Fatal(err)
		}
		rec := record(t, cfg, r, 20_000)
		out.check(t, p)

		// Now something else is there, which would show.
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(filepath.Join(cfg.Dir, "scratch"), 0o755),
			os.WriteFile(filepath.Join(cfg.Dir, "other"), []byte("other"), 0o600)); err != nil {
			t.Fatal(err)
		}
		before := listing(t, dir)
		rec.replay(t)
		if after := listing(t, dir); after != before {
			t.Errorf("the replay changed the directory from\n%sto\n%s", before, after)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		rec.replay(t)
		if _, err := os.Stat(dir); err == nil {
			t.Error("the replay made its directory")
		}
	})
}

// listing names all files below dir with their sizes and times.
func listing(tb testing.TB, dir string) string {
	tb.Helper()
	var b strings.Builder
	err := filepath.Walk(dir, func(path string, fi os.FileInfo, err error) error {
		if err == nil {
			fmt.Fprintln(&b, path, fi.Mode(), fi.Size(), fi.ModTime())
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// wander moves a timeline about in what has been recorded, and back to its end.
func wander(tb testing.TB, tl *checkpoint.Timeline, r *rand.Rand, n int) {
	tb.Helper()
	ctx := context.Background()
	for range n {
		at := tl.Icount()
		switch r.IntN(4) {
		case 0:
			if err := tl.Seek(ctx, r.Uint64N(tl.Frontier()+1)); err != nil {
				tb.Fatal(err)
			}
		case 1:
			if _, err := tl.Back(ctx, at-min(at, r.Uint64N(3000)), nil); err != nil {
				tb.Fatal(err)
			}
		case 2:
			m := tl.Machine()
			pc := m.Reg(m.CurrentThread(), m.Arch().PC)
			if s, err := tl.Back(ctx, 0, &vm.Stops{Breaks: vm.NewBreaks(pc)}); err != nil {
				tb.Fatalf("%+v, %v", s, err)
			}
		case 3:
			if s := tl.Forward(ctx, r.Uint64N(tl.Frontier()+1), nil); s.Reason != vm.StopLimit && s.Reason != vm.StopExit {
				tb.Fatalf("%+v", s)
			}
		}
	}
}

// Output is given out once, when it is written first, however often the session
// goes back and then live again; and files are written once.
func TestOutputIsGivenOutOnce(t *testing.T) {
	t.Parallel()
	each(t, []string{"hello_glibc", "stdin", "files", "forks", "threads", "signals_more", "gohello", "pthread_glibc"}, func(t *testing.T, f *truth) {
		r, dir := random(t, 200), guestDir(t)
		var out output
		cfg := f.config()
		cfg.Output, cfg.Dir = out.sink, dir
		m := boot(t, cfg)
		spacing := max(f.end/20, 100)
		tl := checkpoint.New(m, checkpoint.Config{MinSpacing: spacing, MaxSpacing: spacing})
		for {
			// Straight from the past, too: that replays, and goes on live.
			if s := tl.Forward(context.Background(), tl.Frontier()+1+r.Uint64N(f.end/8), nil); s.Reason == vm.StopExit {
				break
			} else if s.Reason != vm.StopLimit {
				t.Fatalf("%+v", s)
			}
			before := len(out.at)
			wander(t, tl, r, 4)
			if len(out.at) != before {
				t.Fatalf("output was given out in the past: %v", out.at[before:])
			}
		}
		wander(t, tl, r, 4)
		out.check(t, f.program)
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("it left %v behind, %v", left, err)
		}
		// Each piece has the position of the call that wrote it.
		for i, at := range out.at {
			if i > 0 && at <= out.at[i-1] {
				t.Errorf("two pieces of output at icount %d", at)
			}
			if err := tl.Seek(context.Background(), at); err != nil {
				t.Fatal(err)
			}
			if nr := callNumber(m, m.CurrentThread()); !slices.Contains(kernelOf(m).output, nr) {
				t.Errorf("output at icount %d, where system call %d is made", at, nr)
			}
		}
	})
}

// typist is a standard input that gives out a line when it is told to, and says
// when somebody waits for one.
type typist struct {
	lines chan string
	wants chan struct{}
}

func newTypist() *typist { return &typist{make(chan string), make(chan struct{}, 1)} }

func (y *typist) Read(p []byte) (int, error) {
	y.wants <- struct{}{}
	line, ok := <-y.lines
	if !ok {
		return 0, io.EOF
	}
	return copy(p, line), nil
}

// A guest waits for a line of input; the user interrupts, walks about in the
// past, comes back and types it. That makes the same output as all lines at once,
// and replays.
func TestGoingLiveForEachLineOfInput(t *testing.T) {
	t.Parallel()
	p, r, keys := lookup(t, testdata.RISCV64, "stdin"), random(t, 300), newTypist()
	var out output
	cfg := p.config()
	cfg.Output, cfg.Stdin = out.sink, keys
	m := boot(t, cfg)
	tl := checkpoint.New(m, checkpoint.Config{MinSpacing: 500, MaxSpacing: 500})
	lines := strings.SplitAfter(p.Stdin, "\n")
	rec := &recording{cfg: cfg, log: m.Log()}
	for len(lines) > 0 {
		ctx, cancel := context.WithCancel(context.Background())
		stopped := make(chan vm.Stop)
		go func() {
			select {
			case <-keys.wants:
			case <-ctx.Done():
			}
			cancel()
			close(stopped)
		}()
		s := tl.Forward(ctx, math.MaxUint64, nil)
		cancel()
		<-stopped
		if s.Reason != vm.StopInterrupted {
			t.Fatalf("waiting for input: %+v", s)
		}
		waiting, hash, inputs := tl.Icount(), m.Hash(), m.Log().Len()
		wander(t, tl, r, 6)
		if err := tl.Seek(context.Background(), waiting); err != nil {
			t.Fatal(err)
		}
		if m.Hash() != hash || m.Log().Len() != inputs || !tl.Live() {
			t.Fatal("back from the past, the wait is not what it was")
		}
		rec.points, rec.hashes = append(rec.points, waiting), append(rec.hashes, hash)
		keys.lines <- lines[0]
		lines = lines[1:]
		wander(t, tl, r, 3)
	}
	close(keys.lines)
	if s := tl.Forward(context.Background(), math.MaxUint64, nil); s.Reason != vm.StopExit {
		t.Fatalf("%+v", s)
	}
	out.check(t, p)
	rec.points, rec.hashes = append(rec.points, tl.Icount()), append(rec.hashes, m.Hash())
	rec.replay(t)
}

const (
	straceEnv   = "REVEXEC_TEST_UNDER_STRACE"
	replayBegin = "/replay/begins"
	replayEnd   = "/replay/ends"
)

// Seen from the host's kernel: a process that replays, walks back and searches
// opens no file, asks for no randomness, and reads and writes nothing.
func TestReplayingProcessMakesNoSystemCallsForTheGuest(t *testing.T) {
	if os.Getenv(straceEnv) != "" {
		replayUnderStrace(t)
		return
	}
	t.Parallel()
	if raceEnabled {
		t.Skip("the race detector's runtime makes system calls of its own")
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("strace is not installed (Debian: strace)")
		}
		t.Skip("strace is not installed (Debian: strace)")
	}
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-o", trace,
		"-e", "signal=none", "-e", "trace=%file,%network,getrandom,pread64,pwrite64,preadv,pwritev,ftruncate,getdents64,lseek,fsync",
		os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	// With a fixed GOMAXPROCS the runtime does not look at its control group.
	cmd.Env = append(os.Environ(), straceEnv+"=1", "GOMAXPROCS=2")
	if msg, err := cmd.CombinedOutput(); err != nil {
		if strings.Contains(string(msg), "PTRACE") || strings.Contains(string(msg), "ptrace") {
			if os.Getenv("CI") == "true" {
				t.Fatalf("strace may not trace here: %s", msg)
			}
			t.Skipf("strace may not trace here: %s", msg)
		}
		t.Fatalf("%v\n%s", err, msg)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), replayBegin)
	during, _, ok2 := strings.Cut(rest, replayEnd)
	if !ok || !ok2 {
		t.Fatalf("the trace does not show where the replay begins and ends:\n%s", text)
	}
	lines := strings.Split(during, "\n")
	if calls := lines[1 : len(lines)-1]; len(calls) > 0 { // the rest of the first mark, the start of the last
		t.Errorf("system calls while replaying:\n%s", strings.Join(calls, "\n"))
	}
	if !strings.Contains(string(text), "scratch") {
		t.Error("the trace does not even show the live run's files")
	}
}

func replayUnderStrace(t *testing.T) {
	p, r := lookup(t, testdata.RISCV64, "files"), random(t, 400)
	cfg := p.config()
	cfg.Dir = t.TempDir()
	rec := record(t, cfg, r, 20_000)
	m := replayer(t, cfg, rec.log)
	tl := checkpoint.New(m, checkpoint.Config{MinSpacing: 2000, MaxSpacing: 2000})
	_, _ = os.Stat(replayBegin)
	s := tl.Forward(context.Background(), math.MaxUint64, nil)
	wander(t, tl, r, 20)
	_, _ = os.Stat(replayEnd)
	if s.Reason != vm.StopExit {
		t.Fatalf("%+v", s)
	}
	if err := tl.Seek(context.Background(), tl.Frontier()); err != nil || m.Hash() != rec.hashes[len(rec.hashes)-1] {
		t.Errorf("the replay ends otherwise: %v", err)
	}
}
