package checkpoint

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// hunting is the steady program's timeline, with so many workers.
func hunting(t testing.TB, length uint64, workers int) (*Timeline, *toy) {
	t.Helper()
	cfg := fixedSpacing(1000)
	cfg.Workers = workers
	tl, m := steady(t, length, cfg)
	tl.tune.leastParallel = 0
	return tl, m
}

// anywhere asks the filter about each turn of the loop, on any machine.
func anywhere(filter func(*vm.Stop) bool) *vm.Stops {
	s := breakAt(pcLoop)
	s.Filter, s.Anywhere = filter, true
	return s
}

// gone waits until no more goroutines run than there were.
func gone(t *testing.T, before int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, there were %d:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
		runtime.Gosched()
	}
}

func TestFiltersAreAskedOnOtherMachinesOnlyIfTheyAllowIt(t *testing.T) {
	tl, m := hunting(t, 100_000, 3)
	for _, allow := range []bool{true, false} {
		mustSeek(t, tl, 90_000)
		others := 0 // not atomic: never two at a time
		s := anywhere(func(s *vm.Stop) bool {
			if s.Machine != vm.Machine(m) {
				others++
			}
			if s.Icount != s.Machine.Icount() {
				t.Errorf("asked about %d with the machine at %d", s.Icount, s.Machine.Icount())
			}
			return false
		})
		s.Anywhere = allow
		if got := mustBack(t, tl, 0, s); got.Reason != vm.StopLimit {
			t.Fatalf("%+v", got)
		}
		if allow != (others > 0) {
			t.Errorf("allowed %v: asked about replicas %d times", allow, others)
		}
	}
}

func TestCancelledHuntLeavesTheMachineWhereItWasAndNothingRunning(t *testing.T) {
	tl, m := hunting(t, 200_000, 4)
	mustSeek(t, tl, 150_000)
	hash, before := m.Hash(), runtime.NumGoroutine()
	for k := range 30 {
		ctx, cancel := context.WithCancel(bg)
		asked := 0
		s := anywhere(func(*vm.Stop) bool {
			if asked++; asked == 100*(k+1) {
				cancel()
			}
			return false
		})
		got, err := tl.Back(ctx, 0, s)
		if err != ErrCancelled || got.Reason != vm.StopInterrupted || tl.Icount() != 150_000 || m.Hash() != hash {
			t.Fatalf("%+v, %v, at %d", got, err, tl.Icount())
		}
		last := asked
		gone(t, before)
		if asked != last {
			t.Fatal("the filter is asked after the request")
		}
		checkStore(t, tl, "cancelled")
	}
	if s := mustBack(t, tl, 0, breakAt(pcRarer)); s.Reason != vm.StopBreak {
		t.Errorf("the next search: %+v", s)
	}
}

// heldUp is a machine whose replicas wait in an interval until they are let go.
type heldUp struct {
	*toy
	from, to uint64
	let      <-chan struct{}
}

type heldUpReplica struct {
	vm.Machine
	h *heldUp
}

func (h *heldUp) Replica() (vm.Machine, error) {
	m, err := h.toy.Replica()
	return heldUpReplica{m, h}, err
}

func (r heldUpReplica) Run(until uint64, stops *vm.Stops) vm.Stop {
	if at := r.Icount(); r.h.from <= at && at < r.h.to {
		<-r.h.let
	}
	return r.Machine.Run(until, stops)
}

// The newest hit counts, whoever finds one first.
func TestTheNewestHitWins(t *testing.T) {
	cfg := fixedSpacing(1000)
	cfg.Workers = 2
	let := make(chan struct{})
	tl := New(&heldUp{newToy(steadyProgram(100_000), &vm.Log{}, randomOutside(1)), 79_000, 80_000, let}, cfg)
	tl.tune.leastParallel = 0
	tl.Forward(bg, math.MaxUint64, nil)
	mustSeek(t, tl, 95_000)
	older := false
	got := mustBack(t, tl, 0, anywhere(func(s *vm.Stop) bool {
		if s.Icount < 79_000 && !older {
			older = true
			close(let)
		}
		return s.Icount < 79_500
	}))
	if !older || got.Icount >= 79_500 || got.Icount < 79_490 {
		t.Errorf("%+v; the older interval has had its hit before: %v", got, older)
	}
}

func TestWhatAFilterPanicsWithReachesTheCaller(t *testing.T) {
	tl, m := hunting(t, 100_000, 3)
	mustSeek(t, tl, 90_000)
	before := runtime.NumGoroutine()
	func() {
		defer func() {
			if got := recover(); got != "no such frame" {
				t.Errorf("panicked with %v", got)
			}
		}()
		s := anywhere(func(s *vm.Stop) bool {
			if s.Machine != vm.Machine(m) {
				panic("no such frame")
			}
			return false
		})
		_, _ = tl.Back(bg, 0, s)
		t.Error("the search has come to an end")
	}()
	gone(t, before)
	mustSeek(t, tl, 90_000)
	checkStore(t, tl, "after a panic")
	if s := mustBack(t, tl, 0, breakAt(pcRarer)); s.Reason != vm.StopBreak {
		t.Errorf("the next search: %+v", s)
	}
}

// loner is a machine of which there is no other.
type loner struct {
	*toy
	asked int
}

func (l *loner) Replica() (vm.Machine, error) {
	l.asked++
	return nil, errors.ErrUnsupported
}

func TestSearchWithoutReplicas(t *testing.T) {
	cfg := fixedSpacing(1000)
	cfg.Workers = 4
	m := &loner{toy: newToy(steadyProgram(50_000), &vm.Log{}, randomOutside(1))}
	tl := New(m, cfg)
	tl.tune.leastParallel = 0
	tl.Forward(bg, math.MaxUint64, nil)
	for range 3 {
		mustSeek(t, tl, 45_000)
		n := uint64(0)
		s := anywhere(func(s *vm.Stop) bool {
			yes := s.Icount < 20_000
			if yes {
				n = max(n, s.Icount)
			}
			return yes
		})
		if got := mustBack(t, tl, 0, s); got.Icount != n {
			t.Errorf("%+v, want %d", got, n)
		}
	}
	if m.asked != 1 {
		t.Errorf("asked for replicas %d times", m.asked)
	}
}

// A replica whose replay fails does not decide: the timeline's machine looks itself,
// and finds what it finds.
type weak struct{ *toy }

type weakReplica struct {
	vm.Machine
	runs *atomic.Int32
}

func (w weakReplica) Run(until uint64, stops *vm.Stops) vm.Stop {
	if w.runs.Add(1)%7 == 0 {
		return vm.Stop{Reason: vm.StopError, Icount: w.Icount(), Err: errors.New("a damaged page")}
	}
	return w.Machine.Run(until, stops)
}

func (w *weak) Replica() (vm.Machine, error) {
	m, err := w.toy.Replica()
	return weakReplica{m, &atomic.Int32{}}, err
}

func TestAWorkerThatFailsIsNotBelieved(t *testing.T) {
	cfg := fixedSpacing(1000)
	cfg.Workers = 3
	tl := New(&weak{newToy(steadyProgram(60_000), &vm.Log{}, randomOutside(1))}, cfg)
	tl.tune.leastParallel = 0
	tl.Forward(bg, math.MaxUint64, nil)
	for limit := uint64(50_000); limit > 0; limit -= 5000 {
		mustSeek(t, tl, 55_000)
		want := uint64(0)
		s := anywhere(func(s *vm.Stop) bool {
			yes := s.Icount < limit
			if yes {
				want = max(want, s.Icount)
			}
			return yes
		})
		if got := mustBack(t, tl, 0, s); got.Reason != vm.StopBreak || got.Icount != want || want+8 < limit {
			t.Fatalf("%+v, want %d", got, want)
		}
		checkStore(t, tl, "after failures")
	}
}

// What a worker has laid near its hit is the timeline's: going on from there, the
// way back to the hit is not gone again.
func TestTheWayToAHitIsHandedOver(t *testing.T) {
	cfg := fixedSpacing(100_000)
	cfg.Workers = 2
	tl, _ := steady(t, 2_000_000, cfg)
	tl.tune.leastParallel = 0
	mustSeek(t, tl, 1_950_000)
	s := anywhere(func(s *vm.Stop) bool { return s.Icount > 1_280_000 && s.Icount < 1_290_000 })
	mustBack(t, tl, 0, s)
	if c := tl.store.nearest(1_290_000); c.icount <= 1_200_000 {
		t.Errorf("nearest checkpoint at %d, the hit at %d", c.icount, tl.Icount())
	}
	checkStore(t, tl, "handed over")
}

func TestProgressOfAHuntGrows(t *testing.T) {
	var got []float64
	cfg := fixedSpacing(1000)
	cfg.Workers = 3
	cfg.Progress = func(p Progress) { got = append(got, p.Fraction) }
	tl, _ := steady(t, 100_000, cfg)
	tl.tune.leastParallel, tl.tune.progressEvery = 0, 0
	got = nil
	mustBack(t, tl, 0, anywhere(func(*vm.Stop) bool { return false }))
	if len(got) < 50 {
		t.Errorf("%d reports", len(got))
	}
	last := 0.0
	for _, f := range got {
		if f < last || f > 1 {
			t.Fatalf("%v after %v", f, last)
		}
		last = f
	}
	if last < 0.9 {
		t.Errorf("ends at %v", last)
	}
}

func TestClosedPoolMakesNoMoreReplicas(t *testing.T) {
	tl, _ := hunting(t, 50_000, 2)
	mustBack(t, tl, 0, anywhere(func(*vm.Stop) bool { return false }))
	if len(tl.pool.workers) != 2 {
		t.Fatalf("%d workers", len(tl.pool.workers))
	}
	tl.closePool()
	mustSeek(t, tl, 40_000)
	if s := mustBack(t, tl, 0, breakAt(pcRare)); s.Reason != vm.StopBreak || len(tl.pool.workers) != 0 {
		t.Errorf("%+v with %d workers", s, len(tl.pool.workers))
	}
}
