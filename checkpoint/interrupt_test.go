package checkpoint

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// everyStep makes a timeline report progress after every slice, and slices short.
func everyStep(tl *Timeline) {
	tl.tune.progressEvery = 0
	tl.tune.leastSlice = 50
	tl.pace.replayTime = 1
}

func TestEndedContextMovesNothing(t *testing.T) {
	tl, m := steady(t, 5000, fixedSpacing(300))
	mustSeek(t, tl, 2000)
	runs := m.runs
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if err := tl.Seek(ctx, 10); err != ErrCancelled {
		t.Errorf("seek: %v", err)
	}
	if s, err := tl.Back(ctx, 0, breakAt(pcLoop)); err != ErrCancelled || s.Reason != vm.StopInterrupted {
		t.Errorf("back: %+v, %v", s, err)
	}
	if s := tl.Forward(ctx, 4000, nil); s.Reason != vm.StopInterrupted || s.Icount != 2000 {
		t.Errorf("forward: %+v", s)
	}
	if tl.Icount() != 2000 || m.runs != runs {
		t.Errorf("at %d after %d runs", tl.Icount(), m.runs-runs)
	}
}

func TestCancelledRequestsReturnAndLeaveNothingBehind(t *testing.T) {
	requests := map[string]func(ctx context.Context, tl *Timeline) error{
		"seek": func(ctx context.Context, tl *Timeline) error { return tl.Seek(ctx, 90_000) },
		"back": func(ctx context.Context, tl *Timeline) error {
			_, err := tl.Back(ctx, 0, nowhere())
			return err
		},
		"forward": func(ctx context.Context, tl *Timeline) error {
			if s := tl.Forward(ctx, math.MaxUint64, nowhere()); s.Reason == vm.StopInterrupted {
				return ErrCancelled
			}
			return nil
		},
	}
	for name, do := range requests {
		t.Run(name, func(t *testing.T) {
			report := func() {}
			cfg := fixedSpacing(100_000)
			cfg.Progress = func(Progress) { report() }
			tl, m := steady(t, 250_000, cfg)
			everyStep(tl)
			for k := range 20 {
				mustSeek(t, tl, 150_000)
				tl.store.dropTemps(tl.base) // they would make it too easy
				hash := m.Hash()
				ctx, cancel := context.WithCancel(bg)
				n := 0
				report = func() {
					if n++; n == k+1 {
						cancel()
					}
				}
				err := do(ctx, tl)
				report = func() {}
				if err != ErrCancelled {
					t.Fatalf("cancelled at report %d: %v", k+1, err)
				}
				if name != "forward" && m.Hash() != hash {
					t.Fatalf("at %d", tl.Icount())
				}
				// The next request runs its course.
				at := tl.Icount()
				if s := tl.Forward(bg, at+70, nowhere()); s.Reason != vm.StopLimit || s.Icount != at+70 {
					t.Fatalf("the next request: %+v", s)
				}
			}
		})
	}
}

// A filter that never says yes keeps the machine in one Run: the interrupt has
// to end it there.
func TestCancellationReachesARunThatKeepsAskingTheFilter(t *testing.T) {
	tl, m := steady(t, 100_000, fixedSpacing(100_000))
	arrived := make(chan struct{}, 1)
	m.interrupted = func() { arrived <- struct{}{} }
	for _, back := range []bool{true, false} {
		mustSeek(t, tl, 50_000)
		ctx, cancel := context.WithCancel(bg)
		asked, after := 0, 0
		s := breakAt(pcLoop)
		s.Filter = func(*vm.Stop) bool {
			if asked++; asked == 1000 {
				cancel()
				<-arrived
			}
			if asked > 1000 {
				after++
			}
			return false
		}
		if back {
			if _, err := tl.Back(ctx, 0, s); err != ErrCancelled || tl.Icount() != 50_000 {
				t.Errorf("%v, at %d", err, tl.Icount())
			}
		} else if stop := tl.Forward(ctx, math.MaxUint64, s); stop.Reason != vm.StopInterrupted {
			t.Errorf("%+v", stop)
		}
		if after > 10 {
			t.Errorf("back %v: went on for %d more hits", back, after)
		}
		cancel()
	}
}

// The context ends at the moment at which the request succeeds: it has
// succeeded, and the interrupt on its way stops nobody else.
func TestInterruptThatComesTooLateStopsNobody(t *testing.T) {
	tl, m := steady(t, 20_000, fixedSpacing(1000))
	mustSeek(t, tl, 5000)
	for range 200 {
		at := tl.Icount()
		ctx, cancel := context.WithCancel(bg)
		s := breakAt(pcLoop)
		s.Filter = func(*vm.Stop) bool { cancel(); return true }
		if stop := tl.Forward(ctx, math.MaxUint64, s); stop.Reason != vm.StopBreak || stop.Icount != at+3-(at-stop.Icount+3)%3 && stop.Icount <= at {
			t.Fatalf("%+v", stop)
		}
		if m.interruptPending() {
			t.Fatal("an interrupt is left over")
		}
		if stop := tl.Forward(bg, math.MaxUint64, breakAt(pcLoop)); stop.Reason != vm.StopBreak {
			t.Fatalf("the next request: %+v", stop)
		}
	}
}

// An interrupt from before the request is not the request's.
func TestStaleInterruptIsForgotten(t *testing.T) {
	tl, m := steady(t, 20_000, fixedSpacing(1000))
	m.Interrupt()
	mustSeek(t, tl, 5500)
	m.Interrupt()
	if s := tl.Forward(bg, 9000, nowhere()); s.Reason != vm.StopLimit {
		t.Errorf("forward: %+v", s)
	}
	m.Interrupt()
	if s := mustBack(t, tl, 0, breakAt(pcRare)); s.Reason != vm.StopBreak {
		t.Errorf("back: %+v", s)
	}
}

// waiting is a program that waits for an input again and again.
func waiting() (*toyProgram, *toyOutside, chan uint64) {
	prog := &toyProgram{threads: 1, length: math.MaxUint64, ins: []toyIns{
		{op: opALU, a: 2, b: 2, imm: 1, c: 1},
		{op: opWait, a: 4, b: 1, imm: 0x2000},
		{op: opStore, a: 4, b: 1, imm: 0x3000},
		{op: opExit},
	}}
	inputs := make(chan uint64, 10)
	return prog, &toyOutside{next: func(bool) (uint64, bool) {
		select {
		case v := <-inputs:
			return v, true
		default:
			return 0, false
		}
	}}, inputs
}

func TestPauseWhileTheGuestWaitsForInput(t *testing.T) {
	prog, outside, inputs := waiting()
	m := newToy(prog, &vm.Log{}, outside)
	tl := New(m, Config{})
	spacing := tl.Stats().Spacing
	for k := range 5 {
		inputs <- uint64(k)
		ctx, cancel := context.WithCancel(bg)
		look := outside.next
		outside.next = func(wait bool) (uint64, bool) {
			v, ok := look(wait)
			if !ok {
				cancel() // it waits now
			}
			return v, ok
		}
		if s := tl.Forward(ctx, math.MaxUint64, nil); s.Reason != vm.StopInterrupted || !tl.Live() {
			t.Fatalf("%+v", s)
		}
		outside.next = look
	}
	if got := m.log.Len(); got != 5 {
		t.Errorf("%d inputs", got)
	}
	if s := tl.Stats().Spacing; s != spacing {
		t.Errorf("waiting changed the spacing from %d to %d", spacing, s)
	}
	// What came in is history now, and the guest waits at its end.
	end := tl.Frontier()
	var came []uint64
	for {
		s := mustBack(t, tl, 0, watchWrites(0x2000))
		if s.Reason == vm.StopLimit {
			break
		}
		if s.After || s.At != s.Icount {
			t.Errorf("not before the access: %+v", s)
		}
		came = append(came, m.log.At(4-len(came)).Icount)
		if s.Icount != came[len(came)-1] {
			t.Errorf("found %d, the input came at %d", s.Icount, came[len(came)-1])
		}
	}
	if len(came) != 5 {
		t.Errorf("found %d inputs", len(came))
	}
	mustSeek(t, tl, end)
	inputs <- 7
	if s := tl.Forward(bg, end+1, nil); s.Reason != vm.StopLimit || s.Icount != end+1 {
		t.Errorf("live again: %+v", s)
	}
}

func TestProgressOfEachRequest(t *testing.T) {
	var got []Progress
	cfg := fixedSpacing(50_000)
	cfg.Progress = func(p Progress) { got = append(got, p) }
	tl, _ := steady(t, 100_000, cfg)
	if len(got) > 0 {
		t.Errorf("live execution reports progress: %+v", got)
	}
	everyStep(tl)
	check := func(what string, request func()) {
		t.Helper()
		got = nil
		request()
		if len(got) < 50 {
			t.Errorf("%s: %d reports", what, len(got))
		}
		if !slices.IsSortedFunc(got, func(a, b Progress) int {
			return int(math.Copysign(1, a.Fraction-b.Fraction)) * btoi(a.Fraction != b.Fraction)
		}) {
			t.Errorf("%s: the fraction falls", what)
		}
		for _, p := range got {
			if p.What != what || p.Fraction < 0 || p.Fraction > 1 {
				t.Errorf("%s: %+v", what, p)
			}
		}
		if last := got[len(got)-1].Fraction; last < 0.4 {
			t.Errorf("%s: ends at %v", what, last)
		}
	}
	check("search back", func() { mustBack(t, tl, 10, nowhere()) })
	check("replay", func() { tl.Forward(bg, 90_000, nowhere()) })
	tl.store.dropTemps(tl.base)
	check("seek", func() { mustSeek(t, tl, 49_000) })
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Progress and cancellation work while a filter keeps one Run busy.
func TestProgressFromWithinARun(t *testing.T) {
	n := 0
	cfg := fixedSpacing(1e6)
	cfg.Progress = func(Progress) { n++ }
	tl, _ := steady(t, 100_000, cfg)
	tl.tune.progressEvery = 0
	s := breakAt(pcLoop)
	s.Filter = func(*vm.Stop) bool { return false }
	mustBack(t, tl, 0, s)
	if n < 50 {
		t.Errorf("back: %d reports", n)
	}
	n = 0
	tl.Forward(bg, 90_000, s)
	if n < 50 {
		t.Errorf("forward: %d reports", n)
	}
}
