package recording

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// childVariable makes the test binary a recorder: its value is the file, the last
// instructions to keep, and the guest's command line.
const childVariable = "RECORDING_CHILD"

func TestMain(m *testing.M) {
	if job := os.Getenv(childVariable); job != "" {
		if err := childRecorder(strings.Fields(job)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// guestMachine makes a machine that runs the same in every process.
func guestMachine(args []string) (*linux.Machine, error) {
	return linux.New(linux.Config{
		Path: args[0], Args: args, Env: []string{"LANG=C"}, Dir: filepath.Dir(args[0]),
		Now: time.Unix(1e9, 0), Seed: [32]byte{1},
	})
}

var guestConfig = checkpoint.Config{MinSpacing: 300_000, MaxSpacing: 300_000, DiskCap: -1}

// childRecorder records a guest until it ends or the process is killed.
func childRecorder(args []string) error {
	last, err := strconv.ParseUint(args[1], 10, 64)
	if err != nil {
		return err
	}
	m, err := guestMachine(args[2:])
	if err != nil {
		return err
	}
	tl := checkpoint.New(m, guestConfig)
	r, err := Record(tl, Options{Path: args[0], Machine: linux.Describe(m), Last: last, Keep: linux.InputsToKeep})
	if err != nil {
		return err
	}
	fmt.Println("recording")
	tl.Forward(context.Background(), math.MaxUint64, nil)
	return r.Close()
}

// guestRun is a run of a guest in this process, for comparison.
type guestRun struct{ tl *checkpoint.Timeline }

func newGuestRun(t *testing.T, args []string) *guestRun {
	m, err := guestMachine(args)
	if err != nil {
		t.Fatal(err)
	}
	tl := checkpoint.New(m, guestConfig)
	t.Cleanup(func() { tl.Close(); m.Close() })
	return &guestRun{tl}
}

// check compares some states of an open recording with the run's.
func (x *guestRun) check(t *testing.T, r *Recording, rnd *rand.Rand, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	m, err := linux.Reopen(r.Machine(), r.Log(), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	tl, err := r.Timeline(m, guestConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer tl.Close()
	start, end := tl.Start(), tl.Frontier()
	at := []uint64{end}
	for range n {
		at = append(at, start+rnd.Uint64N(end-start+1))
	}
	for _, icount := range at {
		if x.tl.Frontier() < icount {
			x.tl.Forward(ctx, icount, nil)
		}
		if err := x.tl.Seek(ctx, icount); err != nil {
			t.Fatal(err)
		}
		if err := tl.Seek(ctx, icount); err != nil {
			t.Fatalf("seek to %d in [%d, %d] (%v): %v", icount, start, end, r.Damage(), err)
		}
		if tl.Machine().Hash() != x.tl.Machine().Hash() {
			t.Fatalf("the state at %d in [%d, %d] is another one (%v)", icount, start, end, r.Damage())
		}
	}
}

// recordGuest runs a recorder in another process until it ends, or is killed after some
// time of recording.
func recordGuest(t *testing.T, path string, last uint64, args []string, kill time.Duration) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %s", childVariable, path, last, strings.Join(args, " ")))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if kill == 0 {
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		return
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Errorf("the recorder did not begin: %v", err)
	}
	<-time.After(kill)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// guest is the command line of a guest that is extracted to dir.
func guest(t *testing.T, dir, name string, args ...string) []string {
	t.Helper()
	exe, err := testdata.Extract(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{exe}, args...)
}

// A recorder that is killed at any moment leaves a recording that can be opened, and
// whose states are those of the run.
func TestAKilledRecorderLeavesARecording(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(30, 1))
	dir := t.TempDir()
	guests := [][]string{
		guest(t, dir, "bench_mem", "100000"),
		guest(t, dir, "bench_call", "100000"),
	}
	for _, args := range guests {
		for _, last := range []uint64{0, 3_000_000} {
			t.Run(fmt.Sprintf("%s, last %d", filepath.Base(args[0]), last), func(t *testing.T) {
				x := newGuestRun(t, args)
				begun := 0
				for i := range many(5) {
					path := filepath.Join(dir, fmt.Sprintf("%s-%d-%d.rec", filepath.Base(args[0]), last, i))
					recordGuest(t, path, last, args, time.Duration(rnd.Int64N(int64(300*time.Millisecond))))
					rec := mustOpen(t, path)
					if rec.Damage() == nil {
						t.Error("no word of damage")
					}
					if last > 0 && rec.Info().Start > 0 {
						begun++
					}
					x.check(t, rec, rnd, 3)
				}
				t.Logf("%d recordings begin in the middle", begun)
			})
		}
	}
}

// A recording of a program that works with threads, signals or files is complete and
// has the states that it had live.
func TestRecordingsOfGuestsAreComplete(t *testing.T) {
	rnd := rand.New(rand.NewPCG(31, 1))
	for _, name := range []string{"demo_inventory", "threads", "signals", "files", "hello_glibc"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			args := guest(t, dir, name)
			if name == "files" {
				args = append(args, "scratch")
			}
			x := newGuestRun(t, args)
			path := filepath.Join(dir, "guest.rec")
			r, err := Record(x.tl, Options{Path: path, Machine: linux.Describe(x.tl.Machine().(*linux.Machine))})
			if err != nil {
				t.Fatal(err)
			}
			if s := x.tl.Forward(context.Background(), math.MaxUint64, nil); s.Reason != vm.StopExit {
				t.Fatalf("stopped: %v", s.Reason)
			}
			if err := r.Flush(); err != nil {
				t.Fatal(err)
			}
			x.check(t, mustOpen(t, path), rnd, 10)
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			rec := mustOpen(t, path)
			if err := rec.Damage(); err != nil {
				t.Error(err)
			}
			if rec.Info().End.How != EndExit {
				t.Errorf("end %+v", rec.Info().End)
			}
		})
	}
}

// When a guest waits for input, all that it has done is in the file: who kills the
// recorder then loses nothing.
func TestAWaitingGuestIsWrittenUpToTheWait(t *testing.T) {
	rnd := rand.New(rand.NewPCG(33, 1))
	args := guest(t, t.TempDir(), "stdin")
	in, typed := io.Pipe()
	m, err := linux.New(linux.Config{
		Path: args[0], Args: args, Dir: filepath.Dir(args[0]), Stdin: in, Now: time.Unix(1e9, 0), Seed: [32]byte{1},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	tl := checkpoint.New(m, guestConfig)
	defer tl.Close()
	path := filepath.Join(t.TempDir(), "stdin.rec")
	r, err := Record(tl, Options{Path: path, Machine: linux.Describe(m)})
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan uint64)
	told := m.Log().OnGrow
	m.Log().OnGrow = func(wait bool) {
		told(wait)
		if wait {
			waits <- m.Log().Frontier()
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tl.Forward(context.Background(), math.MaxUint64, nil)
	}()
	type seen struct {
		rec *Recording
		at  uint64
	}
	var all []seen
	for _, line := range []string{"first line, 1\n", "-5 and 7\n", ""} {
		at := <-waits
		r.written()
		rec := mustOpen(t, path)
		if rec.Info().Last != at || at == 0 {
			t.Errorf("the recording goes up to %d, the guest waits at %d", rec.Info().Last, at)
		}
		all = append(all, seen{rec, at})
		if line == "" {
			_ = typed.Close()
		} else if _, err := io.WriteString(typed, line); err != nil {
			t.Error(err)
		}
	}
	go func() {
		for range waits {
		}
	}()
	<-ended
	close(waits)
	for _, s := range all {
		(&guestRun{tl}).check(t, s.rec, rnd, 2)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// Where what a checkpoint tells of the interval before it is lost, searches still find
// what happened there.
func TestSearchesFindWhatALostCheckpointKnew(t *testing.T) {
	x := newGuestRun(t, guest(t, t.TempDir(), "demo_inventory"))
	whole := newMemory()
	r, err := record(x.tl, Options{Machine: linux.Describe(x.tl.Machine().(*linux.Machine))},
		func(string) (target, error) { return whole, nil })
	if err != nil {
		t.Fatal(err)
	}
	x.tl.Forward(context.Background(), math.MaxUint64, nil)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	timeline := func(f *memory) (*Recording, *checkpoint.Timeline) {
		rec, err := open(f, int64(len(f.b)))
		if err != nil {
			t.Fatal(err)
		}
		m, err := linux.Reopen(rec.Machine(), rec.Log(), zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		tl, err := rec.Timeline(m, guestConfig)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tl.Close)
		return rec, tl
	}
	intact, _ := timeline(whole)
	last := map[uint64]int{} // page -> the last checkpoint before which it was written
	for i, s := range intact.saved {
		for _, p := range s.Activity.Written {
			last[p] = i
		}
	}
	tried := map[int]bool{}
	for page, i := range last {
		if i == 0 || i == len(intact.saved)-1 || tried[i] {
			continue
		}
		tried[i] = true
		e := intact.blobs[intact.saved[i].ID]
		f := &memory{b: bytes.Clone(whole.b), room: -1}
		f.b[e.at+partHeaderSize+int64(e.head)/2] ^= 1
		rec, tl := timeline(f)
		if rec.Damage() == nil || len(rec.saved) != len(intact.saved)-1 {
			t.Errorf("checkpoint %d: %d of %d are left, damage: %v", i, len(rec.saved), len(intact.saved), rec.Damage())
		}
		if err := tl.Seek(context.Background(), tl.Frontier()); err != nil {
			t.Fatal(err)
		}
		stops := &vm.Stops{Watches: []vm.Watch{{Addr: page * vm.PageSize, Size: vm.PageSize, Write: true}}}
		want, err := x.tl.Back(context.Background(), 0, stops)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tl.Back(context.Background(), 0, stops)
		if err != nil || got.Icount != want.Icount || got.Reason != want.Reason {
			t.Errorf("page %#x: %v at %d (%v), want %v at %d", page, got.Reason, got.Icount, err, want.Reason, want.Icount)
		}
		if err := x.tl.Seek(context.Background(), x.tl.Frontier()); err != nil {
			t.Fatal(err)
		}
	}
	if len(tried) == 0 {
		t.Error("no page was last written in the middle")
	}
}

// On a file system that is really full the recording stops and is valid.
func TestAFullFileSystem(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs tmpfs")
	}
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("mounting is not permitted: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", disk).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	rnd := rand.New(rand.NewPCG(32, 1))
	args := guest(t, t.TempDir(), "bench_mem", "100000")
	m, err := guestMachine(args)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	tl := checkpoint.New(m, guestConfig)
	defer tl.Close()
	path := filepath.Join(disk, "full.rec")
	told := make(chan error, 10)
	r, err := Record(tl, Options{Path: path, Machine: linux.Describe(m), OnError: func(err error) { told <- err }})
	if err != nil {
		t.Fatal(err)
	}
	const until = 60_000_000
	if s := tl.Forward(context.Background(), until, nil); s.Icount != until || s.Reason != vm.StopLimit {
		t.Errorf("the program stopped at %d: %v", s.Icount, s.Reason)
	}
	if err := r.Close(); err == nil || len(told) != 1 || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("closing: %v; told %d times", err, len(told))
	}
	rec, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if rec.Damage() == nil || rec.Info().Last >= until {
		t.Errorf("history up to %d, damage: %v", rec.Info().Last, rec.Damage())
	}
	newGuestRun(t, args).check(t, rec, rnd, 3)
	if err := rec.Close(); err != nil { // else the file system is busy
		t.Error(err)
	}
}
