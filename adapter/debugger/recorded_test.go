package debugger

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Histories of recordings may begin in the middle of the program's run, and end there.

// TestHistoriesThatBeginLate goes to all ends of histories whose beginnings have been
// dropped, and compares what is found between with what the whole history has.
func TestHistoriesThatBeginLate(t *testing.T) {
	for _, guest := range []string{"recurse", "programs", "pthread_glibc", "recurse@amd64", "programs@amd64"} {
		t.Run(guest, func(t *testing.T) {
			d := debugWith(t, guest, checkpoint.Config{MinSpacing: 5000, MaxSpacing: 5000})
			for d.do(t, Continue, false).Reason != ReasonEnd {
			}
			end := d.m.Icount()
			d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: d.Program().FuncsNamed("main")[0].Name}})
			// Steps back from random positions, in the whole history.
			r := rand.New(rand.NewPCG(8, 8))
			type step struct {
				from uint64
				verb Verb
				ev   Event
				err  error
			}
			var steps []step
			for range 60 {
				s := step{from: end/2 + r.Uint64N(end/2), verb: append(stepVerbs, Continue)[r.IntN(len(stepVerbs)+1)]}
				d.to(t, s.from)
				s.ev, s.err = d.Move(t.Context(), Motion{Verb: s.verb, Back: true})
				steps = append(steps, s)
			}
			d.to(t, end)
			if err := d.tl.Forget(end / 3); err != nil {
				t.Fatal(err)
			}
			start := d.tl.Start()
			if start == 0 {
				t.Fatal("the history begins at 0 still")
			}
			d = New(d.tl, d.first) // which has seen nothing
			d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: d.Program().FuncsNamed("main")[0].Name}})
			early := 0
			for _, s := range steps {
				d.to(t, s.from)
				ev, err := d.Move(t.Context(), Motion{Verb: s.verb, Back: true})
				switch {
				case !errors.Is(err, s.err):
					t.Fatalf("verb %d from %d: %v, was %v", s.verb, s.from, err, s.err)
				case s.err != nil:
				case s.ev.Icount < start:
					early++
					if ev.Reason != ReasonStart || ev.Icount != start || ev.Text != "Start of history" {
						t.Fatalf("verb %d from %d: %+v, expected the start at %d", s.verb, s.from, ev, start)
					}
				case ev.Reason != s.ev.Reason || ev.Icount != s.ev.Icount || ev.Thread != s.ev.Thread:
					t.Fatalf("verb %d from %d: %+v, was %+v", s.verb, s.from, ev, s.ev)
				}
			}
			d.SetFunctionBreakpoints(nil)
			for range 2 {
				for _, v := range append(stepVerbs, Continue) {
					d.to(t, start)
					if ev, err := d.Move(t.Context(), Motion{Verb: v, Back: true}); !errors.Is(err, ErrNoCaller) && (err != nil || ev.Reason != ReasonStart || ev.Icount != start) {
						t.Fatalf("verb %d backward at the start: %+v %v", v, ev, err)
					}
				}
				if ev := d.do(t, Continue, false); ev.Reason != ReasonEnd && ev.Reason != ReasonSignal {
					t.Fatalf("forward from the start: %+v", ev)
				}
			}
			if _, err := d.Seek(t.Context(), start-1); err == nil {
				t.Error("a seek to before the start succeeds")
			}
			t.Logf("%d of %d steps lead to before the start", early, len(steps))
		})
	}
}

// TestTheEndOfARecordingHolds: a machine that only replays stops at the frontier, and
// all of the history can be walked.
func TestTheEndOfARecordingHolds(t *testing.T) {
	each(t, "recurse", func(t *testing.T, live *Debugger) {
		const length = 40_000
		if st := live.tl.Forward(t.Context(), length, nil); st.Reason != vm.StopLimit {
			t.Fatalf("%+v", st)
		}
		m, err := live.m.Replica()
		if err != nil {
			t.Fatal(err)
		}
		prog, err := symbols.Load(m.Image().Path, m.Image().Bias)
		if err != nil {
			t.Fatal(err)
		}
		d := New(checkpoint.New(m, checkpoint.Config{MinSpacing: 5000, MaxSpacing: 5000}), prog)
		for range 2 {
			for _, v := range []Verb{Continue, StepIn, Next, StepInstruction} {
				d.to(t, length-1)
				d.undo = nil
				ev := d.do(t, v, false)
				if v == StepInstruction || ev.Icount < length {
					ev = d.do(t, Continue, false)
				}
				if ev.Reason != ReasonRecorded || ev.Icount != length || ev.Text != "End of the recording" || ev.Exit != nil {
					t.Fatalf("verb %d to the end: %+v", v, ev)
				}
				if ev := d.do(t, v, false); ev.Reason != ReasonRecorded || ev.Icount != length {
					t.Fatalf("verb %d at the end: %+v", v, ev)
				}
			}
			if where := d.Where(); !strings.Contains(where, "at the end of the recording") {
				t.Errorf("at the end: %s", where)
			}
			if ev := d.do(t, StepInstruction, true); ev.Reason != ReasonStep || ev.Icount != length-1 {
				t.Fatalf("back from the end: %+v", ev)
			}
			if ev := d.do(t, Continue, true); ev.Reason != ReasonStart || ev.Icount != 0 {
				t.Fatalf("to the start: %+v", ev)
			}
		}
	})
}
