package checkpoint

import (
	"math"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// longCall is a program that makes a call, which calls itself many times over and
// takes nearly all of the time, and then goes on where it was.
func longCall(t *testing.T, length uint64, workers int) (*Timeline, *toy) {
	t.Helper()
	prog := &toyProgram{threads: 1, length: length, ins: []toyIns{
		0: {op: opALU, a: 2, b: 2, imm: 1, c: 1},
		1: {op: opCall, imm: 5, c: 1},            // the long one
		2: {op: opALU, a: 5, b: 5, imm: 1, c: 1}, // after it
		3: {op: opBranch, a: 6, c: 1, imm: 0},
		4: {op: opALU},
		// The function: a loop of calls of another one, with its code shared.
		5:  {op: opALU, a: 3, b: 3, imm: 1, c: 1},
		6:  {op: opCall, imm: 10},
		7:  {op: opBranch, a: 3, c: 0xff, imm: 5},
		8:  {op: opBranch, a: 1, c: 0xff, imm: 12}, // always: there is no return
		9:  {op: opRet},
		10: {op: opStore, a: 3, b: 1, imm: loopWord},
		11: {op: opRet},
		12: {op: opALU, a: 4, b: 4, imm: 1, c: 0}, // now and then
		13: {op: opBranch, a: 0, c: 0xff, imm: 5},
		14: {op: opExit},
	}}
	cfg := fixedSpacing(1000)
	cfg.Workers = workers
	m := newToy(prog, &vm.Log{}, randomOutside(1))
	tl := New(m, cfg)
	tl.tune.leastParallel, tl.tune.leastAsk = 0, 0
	if s := tl.Forward(bg, math.MaxUint64, nil); s.Reason != vm.StopExit {
		t.Fatalf("ran to %+v", s)
	}
	return tl, m
}

// Stepping back over a call costs a few intervals, however long it is.
func TestACallIsPassedOverWhateverItsLength(t *testing.T) {
	for _, workers := range []int{1, 3} {
		for _, length := range []uint64{50_000, 500_000} {
			tl, m := longCall(t, length, workers)
			mustSeek(t, tl, length-5000)
			q := &frameQuery{thread: 1, sp: toyStack(0), depth: -1}
			if m.threads[0].stack == nil {
				t.Fatal("not inside the call")
			}
			stops := breakAt(toyBase+4*1, toyBase+4*5, toyBase+4*10)
			stops.Filter, stops.Anywhere = q.filter, true
			n := replayedBy(tl, func() {
				s, err := tl.Search(bg, 0, Query{Stops: *stops, Inside: q.inside})
				if err != nil || s.Reason != vm.StopBreak || s.PC != toyBase+4*1 {
					t.Errorf("%+v, %v", s, err)
				}
			})
			if n > 10_000 {
				t.Errorf("%d workers: %d instructions replayed, of %d", workers, n, length)
			}
			if q.yes > 40 {
				t.Errorf("asked %d times", q.yes)
			}

			// A breakpoint that counts within the call, too, is not passed over.
			mustSeek(t, tl, length-5000)
			user := vm.NewBreaks(toyBase + 4*12)
			stops.Breaks = vm.NewBreaks(append(user.Addrs(), stops.Breaks.Addrs()...)...)
			q.always = user
			s, err := tl.Search(bg, 0, Query{Stops: *stops, Inside: q.inside, Within: &vm.Stops{Breaks: user}})
			if err != nil || s.Reason != vm.StopBreak || s.PC != toyBase+4*12 || s.Icount < length-10_000 {
				t.Errorf("%+v, %v", s, err)
			}
		}
	}
}
