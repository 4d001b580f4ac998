package debugger

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

var stepVerbs = []Verb{Next, StepIn, StepOut, StepInstruction, StepInstructionOver}

// TestStepBackUndoesStep checks invariant 3 at all stops of a complete run made
// of single source steps: whatever verb goes from A to B, its reverse at B comes
// back to A. For the step in that must also hold without the memory of the steps
// made, from the rule alone.
func TestStepBackUndoesStep(t *testing.T) {
	for _, guest := range []string{"steps", "steps_dwarf4", "steps_o2", "crash", "signals", "steps@amd64", "steps_o2@amd64", "crash@amd64"} {
		t.Run(guest, func(t *testing.T) {
			d := debug(t, guest)
			stops, undone := 0, 0
			for ; stops < 3000; stops++ {
				at, place := d.m.Icount(), d.place()
				for _, v := range stepVerbs {
					ev, err := d.Move(t.Context(), Motion{Verb: v})
					if errors.Is(err, ErrNoCaller) {
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					if ev.arrived {
						if v == StepIn {
							d.undo = nil
						}
						back := d.do(t, v, true)
						if back.Icount != at {
							t.Fatalf("verb %d from %d (%s) to %d, and back to %d (%s)", v, at, place, ev.Icount, back.Icount, d.place())
						}
						undone++
					}
					d.to(t, at)
				}
				if ev := d.do(t, StepIn, false); ev.Reason == ReasonEnd {
					break
				}
			}
			if stops < 10 || undone < 2*stops {
				t.Fatalf("%d stops, %d steps undone: the guest was not stepped through", stops, undone)
			}
			t.Logf("%d stops, %d steps undone", stops, undone)
		})
	}
}

func (d *Debugger) to(t testing.TB, icount uint64) {
	t.Helper()
	if _, err := d.Seek(t.Context(), icount); err != nil {
		t.Fatal(err)
	}
}

// TestRandomWalksMeetTheStatesOfAStraightRun checks invariants 1, 3 and 4: the
// positions that random walks of all verbs come through have the states of a
// run that never looks back.
func TestRandomWalksMeetTheStatesOfAStraightRun(t *testing.T) {
	for _, guest := range []string{"arith", "recurse", "floats", "threads", "signals", "signals_more", "stdin", "sleepy", "selfmod", "hello_glibc", "forks", "programs", "gothreads",
		"recurse@amd64", "threads@amd64", "stdin@amd64", "hello_glibc@amd64", "signals_glibc@amd64"} {
		t.Run(guest, func(t *testing.T) {
			if testing.Short() && guest == "gothreads" {
				t.Skip("long")
			}
			r := rand.New(rand.NewPCG(7, uint64(len(guest))))
			d := debugWith(t, guest, checkpoint.Config{MinSpacing: 50_000, MaxSpacing: 200_000})
			seen := map[uint64]vm.Hash{}
			note := func() {
				at, h := d.m.Icount(), d.m.Hash()
				if old, ok := seen[at]; ok && old != h {
					t.Fatalf("two states at icount %d", at)
				}
				seen[at] = h
			}
			if fs := d.Program().FuncsNamed("main"); len(fs) > 0 {
				d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: fs[0].Name}})
			}
			note()
			for i := range 150 {
				switch n := r.IntN(10); {
				case i == 40:
					for ev := d.do(t, Continue, false); ev.Reason != ReasonEnd; ev = d.do(t, Continue, false) {
						note()
					}
				case n == 0 && d.tl.Frontier() > 0:
					d.to(t, r.Uint64N(d.tl.Frontier()+1))
				case n == 1:
					d.do(t, Continue, r.IntN(2) == 0)
				default:
					mo := Motion{Verb: stepVerbs[r.IntN(len(stepVerbs))], Back: r.IntN(2) == 0}
					if _, err := d.Move(t.Context(), mo); err != nil && !errors.Is(err, ErrNoCaller) {
						t.Fatal(err)
					}
				}
				note()
			}
			at := make([]uint64, 0, len(seen))
			for p := range seen {
				at = append(at, p)
			}
			slices.Sort(at)
			straight := newMachine(t, guest, d.m.Log())
			for _, p := range at {
				if st := straight.Run(p, nil); straight.Icount() != p {
					t.Fatalf("the straight run stops at %d on the way to %d: %s %v", straight.Icount(), p, st.Reason, st.Err)
				}
				if h := straight.Hash(); h != seen[p] {
					t.Fatalf("icount %d: the walk's state %x is not the straight run's %x", p, seen[p], h)
				}
			}
			t.Logf("%d positions", len(at))
		})
	}
}

// TestReverseContinueStopsAtTheLatestEarlierHit compares with the list of all
// hits that going forward finds.
func TestReverseContinueStopsAtTheLatestEarlierHit(t *testing.T) {
	each(t, "recurse", func(t *testing.T, d *Debugger) {
		d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "main"}, {Name: "fib"}})
		var hits []uint64
		for ev := d.do(t, Continue, false); ev.Reason != ReasonEnd; ev = d.do(t, Continue, false) {
			if ev.Reason != ReasonFunction {
				t.Fatalf("%+v", ev)
			}
			hits = append(hits, ev.Icount)
		}
		if len(hits) < 10 {
			t.Fatalf("only %d hits", len(hits))
		}
		for i := len(hits) - 1; i >= 0; i-- {
			if ev := d.do(t, Continue, true); ev.Icount != hits[i] || ev.Reason != ReasonFunction {
				t.Fatalf("hit %d: %+v, want icount %d", i, ev, hits[i])
			}
		}
		for range 2 { // and the start holds
			if ev := d.do(t, Continue, true); ev.Reason != ReasonStart || ev.Icount != 0 {
				t.Fatalf("at the start: %+v", ev)
			}
		}
		// From anywhere, not just from hit to hit.
		r := rand.New(rand.NewPCG(1, 1))
		for range 30 {
			from := r.Uint64N(d.tl.Frontier())
			d.to(t, from)
			want := uint64(0)
			for _, h := range hits {
				if h < from {
					want = h
				}
			}
			if ev := d.do(t, Continue, true); ev.Icount != want {
				t.Fatalf("from %d: %+v, want %d", from, ev, want)
			}
		}
	})
}

func TestTheEndsOfHistoryHold(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		for range 2 {
			for _, v := range append(stepVerbs, Continue) {
				if v == StepOut {
					continue
				}
				if ev := d.do(t, v, true); ev.Reason != ReasonStart || ev.Icount != 0 {
					t.Fatalf("verb %d backward at the start: %+v", v, ev)
				}
			}
		}
		end := d.do(t, Continue, false)
		if end.Reason != ReasonEnd || end.Exit == nil || end.Exit.Code != 3 {
			t.Fatalf("%+v", end)
		}
		for range 2 {
			for _, v := range []Verb{Next, StepIn, StepInstruction, Continue} {
				if ev := d.do(t, v, false); ev.Reason != ReasonEnd || ev.Icount != end.Icount {
					t.Fatalf("verb %d forward at the end: %+v", v, ev)
				}
			}
		}
		if ev := d.do(t, StepInstruction, true); ev.Icount != end.Icount-1 || ev.Reason != ReasonStep {
			t.Fatalf("back from the end: %+v", ev)
		}
		if ev := d.do(t, StepIn, true); ev.Reason != ReasonStep {
			t.Fatalf("a step back from the end: %+v", ev)
		}
	})
}
