package debugger

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
)

// TestPassingOverCallsChangesNoAnswer compares reverse steps from random positions with
// those of searches that look at everything, breakpoints and signals being in the way
// or not. Checkpoints are dense, so that calls of all lengths span some.
func TestPassingOverCallsChangesNoAnswer(t *testing.T) {
	for _, guest := range []string{"recurse", "long_ago", "threads", "signals", "hello_glibc", "inline_o2", "steps_o2", "gothreads",
		"recurse@amd64", "long_ago@amd64", "threads@amd64", "signals_glibc@amd64", "pthread_glibc@amd64", "inline_o2@amd64", "steps_o2@amd64"} {
		t.Run(guest, func(t *testing.T) {
			if testing.Short() && guest == "gothreads" {
				t.Skip("long")
			}
			d := debugWith(t, guest, checkpoint.Config{MinSpacing: 3000, MaxSpacing: 3000})
			d.StopOnSignals(false)
			for d.do(t, Continue, false).Reason != ReasonEnd {
			}
			end := d.m.Icount()
			r := rand.New(rand.NewPCG(5, uint64(len(guest))))
			moved, before := 0, d.tl.Stats().Skipped
			for range 120 {
				d.StopOnSignals(r.IntN(3) == 0)
				d.SetFunctionBreakpoints(nil)
				if fs := d.Program().Funcs(); r.IntN(3) == 0 {
					d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: fs[r.IntN(len(fs))].Name}})
				}
				d.to(t, r.Uint64N(end))
				for range r.IntN(8) { // out of calls, which going back leads over
					d.undo = nil
					if ev, err := d.Move(t.Context(), Motion{Verb: StepOut}); err != nil || ev.Reason == ReasonEnd {
						break
					}
				}
				d.undo = nil
				from := d.m.Icount()
				mo := Motion{Verb: []Verb{Next, StepOut, StepInstructionOver}[r.IntN(3)], Back: true}
				quick, err1 := d.Move(t.Context(), mo)
				d.to(t, from)
				d.plodding = true
				slow, err2 := d.Move(t.Context(), mo)
				d.plodding = false
				if !errors.Is(err1, err2) || quick.Reason != slow.Reason || quick.Icount != slow.Icount || quick.Thread != slow.Thread || len(quick.Breakpoints) != len(slow.Breakpoints) {
					d.to(t, from)
					t.Fatalf("verb %d from %d (%s): %+v %v, looking at everything: %+v %v", mo.Verb, from, d.place(), quick, err1, slow, err2)
				}
				if err1 == nil && from-quick.Icount > nearby {
					moved++
				}
			}
			t.Logf("%d of 120 steps over more than %d instructions in a history of %d; %d intervals skipped", moved, nearby, end, d.tl.Stats().Skipped-before)
		})
	}
}

// TestRestartedFramesAreTheSameActivations goes back to the start of frames of random
// stacks: the callers are those that the frame had, and no instruction of it was
// executed before.
func TestRestartedFramesAreTheSameActivations(t *testing.T) {
	for _, guest := range []string{"recurse", "long_ago", "hello_glibc", "recurse@amd64", "long_ago@amd64", "pthread_glibc@amd64"} {
		t.Run(guest, func(t *testing.T) {
			d := debugWith(t, guest, checkpoint.Config{MinSpacing: 3000, MaxSpacing: 3000})
			d.do(t, Continue, false)
			end := d.m.Icount()
			r := rand.New(rand.NewPCG(2, 2))
			restarted := 0
			for range 60 {
				from := r.Uint64N(end)
				d.to(t, from)
				thread := d.m.CurrentThread()
				frames, _ := d.Frames(thread)
				f := frames[r.IntN(len(frames))]
				if !d.Restartable(thread, &f) || f.Subtle {
					continue
				}
				outer := d.stack(thread).phys[f.Physical:]
				ev, err := d.RestartFrame(t.Context(), thread, &f)
				if err != nil {
					t.Fatalf("frame %d, %s, from %d: %v", f.Level, f.Name, from, err)
				}
				if ev.Reason == ReasonStart && len(outer) == 1 {
					continue // nothing called it
				}
				got := d.stack(thread).phys
				if ev.Reason != ReasonStep || len(got) != len(outer) || got[0].CFA != outer[0].CFA || got[0].Func != outer[0].Func || !slices.Contains(starts(got[0].Func), d.pc(thread)) {
					t.Fatalf("frame %d, %s, from %d: %+v at %s, %d frames, it had %d", f.Level, f.Name, from, ev, d.place(), len(got), len(outer))
				}
				for i := 1; i < len(got); i++ {
					if got[i].PC != outer[i].PC || got[i].CFA != outer[i].CFA {
						t.Fatalf("frame %d, %s, from %d: caller %d is at %#x, it was at %#x", f.Level, f.Name, from, i, got[i].PC, outer[i].PC)
					}
				}
				restarted++
			}
			if restarted < 9 {
				t.Errorf("only %d frames restarted", restarted)
			}
		})
	}
}

// starts are where a restarted frame may be: at its body, or at the function's entry if
// it had not come further than the prologue.
func starts(f *symbols.Function) []uint64 { return []uint64{f.BodyStart, f.Low} }

// TestReverseStepsOverALongCallReplayLittle: of a call of millions of instructions, in
// which the code that is looked for is executed all the time, no more than the ends
// are replayed.
func TestReverseStepsOverALongCallReplayLittle(t *testing.T) {
	each := func(name string) {
		t.Run(name, func(t *testing.T) {
			const spacing = 100_000
			d := benchDebugger(t, name, 4, checkpoint.Config{MinSpacing: spacing, MaxSpacing: spacing, Workers: 1})
			d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "once"}})
			once := d.do(t, Continue, false).Icount
			d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "late"}})
			d.do(t, Continue, false)
			d.SetFunctionBreakpoints(nil)
			d.do(t, StepOut, true) // to main's call of late
			d.do(t, StepIn, true)  // to the start of its line
			after := d.m.Icount()
			if after-once < 50*spacing {
				t.Fatalf("the call has only %d instructions", after-once)
			}
			step := func(v Verb, what string) {
				t.Helper()
				d.undo = nil
				from, before := d.m.Icount(), d.tl.Stats().Replayed
				d.do(t, v, true)
				if n := d.tl.Stats().Replayed - before; d.m.Icount()-once > 1000 || n > 5*spacing {
					t.Errorf("%s from %d leads to %d and replays %d instructions", what, from, d.m.Icount(), n)
				}
			}
			step(Next, "over the call")
			d.to(t, after)
			for range 10 { // to right behind the call
				if in, _ := d.instruction(d.m.LastPC(d.m.CurrentThread())); in.Ret {
					break
				}
				d.do(t, StepInstruction, true)
			}
			step(StepInstructionOver, "over the call's instruction")
			d.to(t, after)
			d.do(t, StepIn, true) // the call's last line
			step(StepOut, "out of the call")
		})
	}
	each("long_ago")
	each("long_ago@amd64")
}
