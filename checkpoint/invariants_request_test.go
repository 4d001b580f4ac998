package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
)

// What happens around a request must not show in the history: cancellation,
// memory that runs short, a busy host.

// A request that is cancelled, at whatever moment, leaves the machine where it
// was and nothing for the next request; one that was quicker has done its work.
func TestCancelledRequestsLeaveTheMachineWhereItWas(t *testing.T) {
	t.Parallel()
	each(t, []string{"floats", "arith", "pthread_glibc", "gohello", "signals"}, func(t *testing.T, f *truth) {
		r := random(t, f.end+8)
		w := &stroll{T: t, truth: f, r: r, m: replayer(t, f.cfg, f.log)}
		spacing := max(f.end/40, 1000)
		tl := checkpoint.New(w.m, checkpoint.Config{MinSpacing: spacing, MaxSpacing: spacing})
		if s := tl.Forward(context.Background(), f.end*3/4, nil); s.Reason != vm.StopLimit {
			t.Fatalf("%+v", s)
		}
		cancelled := 0
		for range scale(60) {
			from, target := tl.Icount(), r.Uint64N(tl.Frontier()+1)
			stops := w.backStops()
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.IntN(2_000_000)))
			if r.IntN(3) == 0 { // by the filter, which is on the engine goroutine
				n, inner := r.IntN(50), stops.Filter
				stops.Filter = func(s *vm.Stop) bool {
					if n--; n == 0 {
						cancel()
					}
					return inner != nil && inner(s)
				}
			}
			var err error
			var how string
			switch r.IntN(3) {
			case 0:
				err = tl.Seek(ctx, target)
				how = fmt.Sprintf("seek from %d to %d: %v", from, target, err)
				if err == nil && tl.Icount() != target {
					t.Fatalf("%s: at %d", how, tl.Icount())
				}
			case 1:
				var s vm.Stop
				s, err = tl.Back(ctx, min(from, target), stops)
				how = fmt.Sprintf("back from %d to %d with %s: %+v, %v", from, target, describe(stops), s, err)
				if s.Icount != tl.Icount() || (err != nil) != (s.Reason == vm.StopInterrupted) {
					t.Fatalf("%s: at %d", how, tl.Icount())
				}
			case 2:
				to := from + r.Uint64N(f.end/8)
				s := tl.Forward(ctx, to, stops)
				how = fmt.Sprintf("forward from %d to %d with %s: %+v", from, to, describe(stops), s)
				if s.Reason == vm.StopInterrupted && ctx.Err() == nil || s.Reason == vm.StopError ||
					tl.Icount() != s.Icount || s.Icount < from || s.Icount > to && !s.After {
					t.Fatalf("%s: at %d", how, tl.Icount())
				}
				if s.Reason == vm.StopInterrupted {
					cancelled++
				}
			}
			if err != nil {
				cancelled++
				if !errors.Is(err, checkpoint.ErrCancelled) || ctx.Err() == nil || tl.Icount() != from {
					t.Fatalf("%s: at %d", how, tl.Icount())
				}
			}
			cancel()
			f.check(t, w.m, how)
			// Nothing is left that would stop the next one.
			if next := f.point(tl.Icount(), 1); next <= tl.Frontier() {
				if err := tl.Seek(context.Background(), next); err != nil || tl.Icount() != next {
					t.Fatalf("after %s: seek to %d: at %d, %v", how, next, tl.Icount(), err)
				}
				f.check(t, w.m, "after "+how)
			}
		}
		t.Logf("%d requests were cancelled", cancelled)
	})
}

// Interrupting a live run at any moment, again and again, does not change what
// the program does.
func TestInterruptedLiveRunsMakeTheSameHistory(t *testing.T) {
	t.Parallel()
	each(t, []string{"threads", "signals", "pthread_glibc", "gohello"}, func(t *testing.T, f *truth) {
		r := random(t, f.end+9)
		var out output
		cfg := f.cfg
		cfg.Output = out.sink
		m := boot(t, cfg)
		tl := checkpoint.New(m, checkpoint.Config{MinSpacing: 10_000, MaxSpacing: 10_000})
		for stops := 0; ; stops++ {
			wait := time.Duration(r.IntN(500_000))
			if stops > 200 {
				wait = time.Hour
			}
			ctx, cancel := context.WithTimeout(context.Background(), wait)
			s := tl.Forward(ctx, math.MaxUint64, nil)
			cancel()
			f.check(t, m, fmt.Sprintf("stopped by %+v", s))
			if s.Reason == vm.StopExit {
				break
			}
			if s.Reason != vm.StopInterrupted {
				t.Fatalf("%+v", s)
			}
		}
		if tl.Icount() != f.end {
			t.Errorf("it ends at %d, want %d", tl.Icount(), f.end)
		}
		out.check(t, f.program)
	})
}

// With a memory cap far below what all checkpoints would take, checkpoints are
// thinned, the cap is kept, and every position can still be reached.
func TestMemoryCapOnAGoProgram(t *testing.T) {
	name, spacing, memoryCap := "gothreads", uint64(200_000), int64(12<<20)
	if testing.Short() || raceEnabled {
		name, spacing, memoryCap = "gohello", 2000, 3<<20
	}
	f := truthOf(t, testdata.RISCV64, name)
	r := random(t, f.end+10)
	before := heapInUse()
	m := replayer(t, f.cfg, f.log)
	tl := checkpoint.New(m, checkpoint.Config{MinSpacing: spacing, MaxSpacing: spacing, MemoryCap: memoryCap, DiskCap: -1})
	ctx := context.Background()
	if s := tl.Forward(ctx, math.MaxUint64, nil); s.Reason != vm.StopExit {
		t.Fatalf("%+v", s)
	}
	checkCap := func(how string) {
		t.Helper()
		if st := tl.Stats(); st.Bytes-st.GuestBytes > memoryCap || st.Thinned == 0 || st.Checkpoints < 3 {
			t.Errorf("%s: %+v, the cap is %d", how, st, memoryCap)
		}
	}
	checkCap("at the end")
	longest := uint64(0)
	infos := tl.Checkpoints()
	for i := 1; i < len(infos); i++ {
		longest = max(longest, infos[i].Icount-infos[i-1].Icount)
	}
	if longest > f.end/2 {
		t.Errorf("an interval of %d instructions in a history of %d is left: %+v", longest, f.end, infos)
	}
	for range scale(25) {
		to := f.points[r.IntN(len(f.points))]
		if err := tl.Seek(ctx, to); err != nil {
			t.Fatal(err)
		}
		f.check(t, m, "with thinned checkpoints")
		checkCap(fmt.Sprintf("after a seek to %d", to))
	}
	// The count is near the truth: what the process really holds. Beside pages
	// that is the tree of pages and translated code.
	st := tl.Stats()
	if held := heapInUse() - before; held > 2*st.Bytes+32<<20 {
		t.Errorf("the timeline holds %d MB, by its count %d MB", held>>20, st.Bytes>>20)
	} else {
		t.Logf("held %.1f MB, counted %.1f MB (guest %.1f MB), %d checkpoints, %d thinned", float64(held)/1e6, float64(st.Bytes)/1e6, float64(st.GuestBytes)/1e6, st.Checkpoints, st.Thinned)
	}
	runtime.KeepAlive(tl)
}

// heapInUse is how many bytes of the heap are reachable.
func heapInUse() int64 {
	debug.FreeOSMemory() // a full collection
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	return int64(ms.HeapAlloc)
}

// Two live runs with the same start are the same, however the host schedules its
// own threads: with goroutines that fight for processors whose number changes all
// the time, and collections of garbage.
func TestLiveRunsAreAlikeOnABusyHost(t *testing.T) {
	name, runs := "gothreads", 4
	if testing.Short() || raceEnabled {
		name, runs = "gohello", 2
	}
	p := lookup(t, testdata.RISCV64, name)
	type end struct {
		icount uint64
		hash   vm.Hash
		inputs int
	}
	run := func() end {
		var out output
		cfg := p.config()
		cfg.Output = out.sink
		m := boot(t, cfg)
		if s := m.Run(math.MaxUint64, nil); s.Reason != vm.StopExit {
			t.Fatalf("%+v", s)
		}
		out.check(t, p)
		return end{m.Icount(), m.Hash(), m.Log().Len()}
	}
	quiet := run()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 1; ; n = n%4 + 1 {
			select {
			case <-stop:
				return
			default:
				runtime.GOMAXPROCS(n)
				garbage := make([][]byte, 100)
				for i := range garbage {
					garbage[i] = make([]byte, 10_000)
				}
				runtime.Gosched()
			}
		}
	}()
	for range runs {
		if noisy := run(); noisy != quiet {
			t.Errorf("on a busy host it ends with %+v, on a quiet one with %+v", noisy, quiet)
		}
	}
	close(stop)
	<-stopped
}
