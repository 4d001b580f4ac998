package checkpoint

import (
	"fmt"
	"math"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// replayedBy is how many instructions a request replays.
func replayedBy(tl *Timeline, request func()) uint64 {
	before := tl.Stats().Replayed
	request()
	return tl.Stats().Replayed - before
}

func TestStepsBackReplayLittle(t *testing.T) {
	tl, _ := steady(t, 1e6, fixedSpacing(1e6))
	mustSeek(t, tl, 9e5)
	var total uint64
	for range 3000 {
		total += replayedBy(tl, func() { mustSeek(t, tl, tl.Icount()-1) })
		// 1000 instructions to the rung below, and new rungs now and then.
		if total > 3000*1500 {
			t.Fatalf("%d instructions replayed", total)
		}
	}
}

func TestAReverseStepCostsNoMoreInALongHistory(t *testing.T) {
	for _, length := range []uint64{2e5, 7e5, 2e6} {
		tl, _ := steady(t, length, fixedSpacing(1e5))
		mustSeek(t, tl, length-3)
		step := func() { mustBack(t, tl, 0, breakAt(pcLoop)) }
		if n := replayedBy(tl, step); n > 1.2e5 {
			t.Errorf("history of %d: %d instructions replayed for the first step back", length, n)
		}
		if n := replayedBy(tl, step); n > 3000 {
			t.Errorf("history of %d: %d instructions replayed for the second step back", length, n)
		}
	}
}

func TestSearchForWritesSkipsIntervalsWithoutThem(t *testing.T) {
	tl, _ := steady(t, 2e6, fixedSpacing(1e4))
	var s vm.Stop
	n := replayedBy(tl, func() { s = mustBack(t, tl, 0, watchWrites(rarerWord)) })
	if s.Reason != vm.StopWatch || s.PC != pcRarer || !s.Write || s.Icount < 1.5e6 {
		t.Fatalf("found %+v", s)
	}
	if st := tl.Stats(); st.Skipped == 0 || n > 5e4 {
		t.Errorf("%d intervals skipped, %d instructions replayed over a distance of %d", st.Skipped, n, tl.Frontier()-s.Icount)
	}
	// There is no such write at all before the first.
	for s.Reason != vm.StopLimit {
		s = mustBack(t, tl, 0, watchWrites(rarerWord))
	}
	mustSeek(t, tl, tl.Frontier())
	if n := replayedBy(tl, func() { s = mustBack(t, tl, 0, watchWrites(0x5000)) }); s.Reason != vm.StopLimit || n > 0 {
		t.Errorf("%d instructions replayed to find that nothing writes to a page", n)
	}
}

// What the machine has not traced may have happened everywhere; of the writes the
// pages are known all the same.
func TestSearchesSkipWhatTheIndexRulesOutAndNothingElse(t *testing.T) {
	read := vm.Watch{Addr: 0x5000, Size: 8, Read: true}
	write := vm.Watch{Addr: 0x5000, Size: 8, Write: true}
	for name, s := range map[string]*vm.Stops{
		"read":            {Watches: []vm.Watch{read}},
		"access":          {Watches: []vm.Watch{{Addr: 0x5000, Size: 8, Read: true, Write: true}}},
		"write and break": {Watches: []vm.Watch{write}, Breaks: vm.NewBreaks(1)},
		"signals":         {Watches: []vm.Watch{write}, Signals: true},
		"switches":        {Switches: true},
	} {
		t.Run(name, func(t *testing.T) {
			tl, _ := steady(t, 50_000, fixedSpacing(1000))
			end := tl.Icount()
			if n := replayedBy(tl, func() { mustBack(t, tl, 0, s) }); tl.Stats().Skipped < 50 || n > 0 {
				t.Errorf("back: %d skipped, %d instructions replayed", tl.Stats().Skipped, n)
			}
			if n := replayedBy(tl, func() { tl.Forward(bg, end, s) }); tl.Stats().Skipped < 100 || n > 1000 {
				t.Errorf("forward: %d skipped, %d instructions replayed", tl.Stats().Skipped, n)
			}

			tl, _ = steady(t, 50_000, fixedSpacing(1000))
			tl.cfg.Workers = 1
			for _, c := range tl.store.list {
				c.act = &vm.Activity{Written: c.act.Written}
			}
			if n := replayedBy(tl, func() { mustBack(t, tl, 0, s) }); tl.Stats().Skipped > 1 || n < 48_000 {
				t.Errorf("untraced, back: %d skipped, %d instructions replayed", tl.Stats().Skipped, n)
			}
		})
	}
}

// A breakpoint that is hit hundreds of thousands of times in an interval must
// not be stopped at each time, only because the last hit counts.
func TestHotBreakpointIsNotStoppedAtEachTime(t *testing.T) {
	tl, m := steady(t, 1e6, fixedSpacing(1e6))
	mustSeek(t, tl, 8e5)
	from := tl.Icount()
	asked := 0
	s := breakAt(pcLoop)
	s.Filter = func(stop *vm.Stop) bool { asked++; return stop.Icount < 6e5 }
	runs := m.runs
	var got vm.Stop
	n := replayedBy(tl, func() { got = mustBack(t, tl, 0, s) })
	if got.Reason != vm.StopBreak || got.Icount >= 6e5 || got.Icount < 6e5-10 {
		t.Fatalf("%+v", got)
	}
	// The filter has to be asked about what comes after the hit.
	if max := int(from-6e5)/3 + 120_000; asked > max {
		t.Errorf("asked %d times, more than %d", asked, max)
	}
	if runs = m.runs - runs; runs > 3000 {
		t.Errorf("%d runs", runs)
	}
	if n > 8e6 {
		t.Errorf("%d instructions replayed", n)
	}

	// Without a filter every hit ends a run.
	mustSeek(t, tl, 8e5)
	s = breakAt(pcRare, pcRarer)
	s.Signals = true
	runs = m.runs
	mustBack(t, tl, 0, s)
	if runs = m.runs - runs; runs > 100 {
		t.Errorf("%d runs to find the last of many hits", runs)
	}
	// The last hit is far from the end of the only interval, but there are many.
	mustSeek(t, tl, 8e5)
	s = breakAt(pcLoop)
	s.Filter = func(stop *vm.Stop) bool { return stop.Icount < 4e5 }
	runs = m.runs
	mustBack(t, tl, 0, s)
	if runs = m.runs - runs; runs > 3000 {
		t.Errorf("%d runs to find the last of very many hits", runs)
	}
}

func TestForwardWithNothingToStopAtTakesTheCheckpoints(t *testing.T) {
	tl, _ := steady(t, 1e6, fixedSpacing(1e4))
	mustSeek(t, tl, 100)
	if n := replayedBy(tl, func() { tl.Forward(bg, math.MaxUint64, nil) }); n > 1e4 {
		t.Errorf("%d instructions replayed", n)
	}
}

// Wherever a history has no checkpoints (they were thinned, or never laid),
// replaying it lays them.
func TestReplayLaysTheCheckpointsThatAreMissing(t *testing.T) {
	tl, _ := steady(t, 1e5, fixedSpacing(1000))
	for i := len(tl.store.list) - 1; i > 0; i-- {
		if c := tl.store.list[i]; c != tl.base && c.icount > 20_000 && c.icount < 80_000 {
			tl.store.drop(i)
		}
	}
	mustSeek(t, tl, 10_000)
	tl.Forward(bg, 90_000, nowhere())
	prev := uint64(0)
	for _, c := range tl.Checkpoints() {
		if !c.Temporary {
			if c.Icount-prev > 1500 {
				t.Errorf("no checkpoint between %d and %d", prev, c.Icount)
			}
			prev = c.Icount
		}
	}
}

func TestCheckpointsAreLaidWhileStepping(t *testing.T) {
	tl := New(newToy(steadyProgram(1e5), &vm.Log{}, randomOutside(1)), fixedSpacing(100))
	for range 1000 {
		tl.Forward(bg, tl.Icount()+1, nil)
	}
	if n := len(tl.Checkpoints()); n != 10 {
		t.Errorf("%d checkpoints after 1000 steps of one instruction, spacing 100", n)
	}
}

func TestTemporaryCheckpointsGetDenserTowardsThePosition(t *testing.T) {
	tl, _ := steady(t, 1e6, fixedSpacing(1e6))
	mustSeek(t, tl, 8e5)
	for d := uint64(1e3); d < 1e5; d *= 10 {
		if c := tl.store.nearest(8e5 - d); 8e5-c.icount > 10*d {
			t.Errorf("%d instructions back, the nearest checkpoint is at -%d", d, uint64(8e5)-c.icount)
		}
	}
	// A long walk around must not leave a mess: still at most the budget.
	for i := range uint64(200) {
		mustSeek(t, tl, 8e5-i*777)
	}
	if st := tl.Stats(); st.Temporary > defaultTuning.maxTemps+1 {
		t.Errorf("%d temporary checkpoints", st.Temporary)
	}
}

func ExampleTimeline_Back() {
	tl := New(newToy(steadyProgram(1e6), &vm.Log{}, randomOutside(1)), Config{})
	fmt.Println(tl.Forward(bg, math.MaxUint64, nil).Reason)
	stop, err := tl.Back(bg, 0, watchWrites(rarerWord))
	fmt.Println(stop.Reason, stop.Icount == tl.Icount(), err)
	// Output:
	// exit
	// watchpoint true <nil>
}
