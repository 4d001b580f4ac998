package debugger

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
)

// at runs to the marked line.
func (d *Debugger) at(t *testing.T, guest, marker string) {
	t.Helper()
	bp := d.breakAt(t, guest, marker)
	if ev := d.do(t, Continue, false); ev.Reason != ReasonBreakpoint || !slices.Equal(ev.Breakpoints, []int{bp.ID}) {
		t.Fatalf("to %s: %+v at %s", marker, ev, d.place())
	}
	d.SetSourceBreakpoints(testdataSource(guest), nil)
}

func testdataSource(guest string) string {
	g, _ := lookup(guest)
	return filepath.Base(g.Source)
}

// line is the innermost frame's line, as marked in the guest's source, or its
// number.
func (d *Debugger) line() int {
	fs, _ := d.Frames(0)
	if len(fs) == 0 {
		return 0
	}
	return fs[0].Line
}

// TestStepsLeadFromLineToLine walks by one verb from a marked line and names the
// marked lines that it stops at, forward, and then backward the same way.
func TestStepsLeadFromLineToLine(t *testing.T) {
	for _, c := range []struct {
		guest, from string
		verb        Verb
		lines       []string
	}{
		{"steps", "loop-init", Next, []string{"loop-head", "loop-body", "loop-head", "loop-body", "loop-head", "loop-body", "loop-head", "loop-one-line", "while-head", "while-body"}},
		{"steps", "nested", Next, []string{"three-calls", "conditional-call", "short-circuit"}},
		{"steps", "indirect", StepIn, []string{"b-body"}},
		{"steps", "callback-call", StepIn, []string{"callback-body"}},
		{"steps@amd64", "loop-init", Next, []string{"loop-head", "loop-body", "loop-head", "loop-body", "loop-head", "loop-body", "loop-head", "loop-one-line", "while-head", "while-body"}},
		{"steps@amd64", "nested", Next, []string{"three-calls", "conditional-call", "short-circuit"}},
		{"steps@amd64", "indirect", StepIn, []string{"b-body"}},
		{"steps@amd64", "callback-call", StepIn, []string{"callback-body"}},
		{"steps_dwarf4@amd64", "nested", Next, []string{"three-calls", "conditional-call", "short-circuit"}},
		{"steps_dwarf4", "nested", Next, []string{"three-calls", "conditional-call", "short-circuit"}},
		{"steps_dwarf4", "loop-init", Next, []string{"loop-head", "loop-body", "loop-head"}},
	} {
		t.Run(fmt.Sprintf("%s/%s/%d", c.guest, c.from, c.verb), func(t *testing.T) {
			d := debug(t, c.guest)
			d.at(t, c.guest, c.from)
			src := testdataSource(c.guest)
			from := testdata.Line(src, c.from)
			if d.line() != from {
				t.Fatalf("stopped at line %d, want %d", d.line(), from)
			}
			want := []int{from}
			for i, m := range c.lines {
				d.do(t, c.verb, false)
				want = append(want, testdata.Line(src, m))
				if d.line() != want[i+1] {
					t.Fatalf("step %d stops at %s, want line %d (%s)", i+1, d.place(), want[i+1], m)
				}
			}
			for i := len(want) - 2; i >= 0; i-- {
				d.undo = nil // by the rule alone
				d.do(t, c.verb, true)
				if d.line() != want[i] {
					t.Fatalf("step back to %s, want line %d", d.place(), want[i])
				}
			}
		})
	}
}

func TestStepOutAndItsReverse(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		d.at(t, "steps", "c-body")
		inside := d.m.Icount()
		caller := func() string { return d.frame(t, 1).Name }()
		out := d.do(t, StepOut, false)
		if out.Reason != ReasonStep || d.frame(t, 0).Name != caller {
			t.Fatalf("out: %+v at %s, want %s", out, d.place(), caller)
		}
		// Its own reverse undoes it; without the memory of it, the call of the
		// function that we are in now is where a reverse step out leads.
		if ev := d.do(t, StepOut, true); ev.Icount != inside {
			t.Fatalf("back to %d, want %d", ev.Icount, inside)
		}
		ev := d.do(t, StepOut, true)
		fr := d.frame(t, 0)
		in, ok := d.instruction(d.pc(ev.Thread))
		if fr.Name != caller || !ok || !in.Call || ev.Icount >= inside {
			t.Fatalf("to the call: %+v at %s, instruction %+v", ev, d.place(), in)
		}
		if ev := d.do(t, StepInstruction, false); d.frame(t, 0).Name != "c" {
			t.Fatalf("the call leads to %s (%+v)", d.place(), ev)
		}
		d.to(t, 0)
		if _, err := d.Move(t.Context(), Motion{Verb: StepOut}); !errors.Is(err, ErrNoCaller) {
			t.Fatalf("stepping out of the outermost frame: %v", err)
		}
	})
}

func TestStepOutOfAFunctionLeftByLongjmp(t *testing.T) {
	each(t, "signals_glibc", func(t *testing.T, d *Debugger) {
		d.StopOnSignals(false)
		d.at(t, "signals_glibc", "longjmp")
		inside := d.m.Icount()
		out := d.do(t, StepOut, false)
		if out.Reason != ReasonStep || d.frame(t, 0).Name != "main" {
			t.Fatalf("out: %+v at %s, want the next statement of main", out, d.place())
		}
		if ev := d.do(t, StepOut, true); ev.Icount != inside {
			t.Fatalf("back to %d, want %d", ev.Icount, inside)
		}
	})
}

func (d *Debugger) frame(t testing.TB, n int) Frame {
	t.Helper()
	fs, err := d.Frames(0)
	if n >= len(fs) {
		t.Fatalf("%d frames only: %v", len(fs), err)
	}
	return fs[n]
}

func TestInstructionStepsOverCallsInBothDirections(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		d.at(t, "steps", "nested")
		var at []uint64
		depth := len(d.stack(d.m.CurrentThread()).phys)
		for range 30 {
			at = append(at, d.m.Icount())
			d.do(t, StepInstructionOver, false)
			if n := len(d.stack(d.m.CurrentThread()).phys); n > depth {
				t.Fatalf("a call was stepped into: %s", d.place())
			}
		}
		for i := len(at) - 1; i >= 0; i-- {
			d.undo = nil
			if ev := d.do(t, StepInstructionOver, true); ev.Icount != at[i] {
				t.Fatalf("step %d back at %d, want %d", i, ev.Icount, at[i])
			}
		}
	})
}

func TestInlinedCallsAreFrames(t *testing.T) {
	each(t, "inline_o2", func(t *testing.T, d *Debugger) {
		// Several calls of square start at one address; step on to where one is.
		d.at(t, "inline_o2", "kernel-angle")
		for range 50 {
			if fs, _ := d.Frames(0); fs[0].Name == "square" && fs[1].Name == "norm" {
				break
			}
			d.do(t, StepInstruction, false)
		}
		fs, err := d.Frames(0)
		if err != nil || len(fs) < 4 || fs[0].Name != "square" || !fs[0].Inlined || fs[1].Name != "norm" || fs[2].Name != "angle" || fs[3].Name != "kernel" || fs[3].Inlined {
			t.Fatalf("%v %+v", err, fs)
		}
		for i, f := range fs[:4] {
			if f.CFA != fs[0].CFA || f.Logical != i || f.Physical != 0 || f.Level != i {
				t.Errorf("frame %d: %+v", i, f)
			}
		}
		if d.do(t, StepOut, false); d.frame(t, 0).Name == "square" {
			t.Errorf("stepping out of an inlined call stays in it: %s", d.place())
		}
	})
}

func TestAStepOverStopsAtABreakpointInTheCallee(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		d.at(t, "steps", "nested")
		start := d.m.Icount()
		bp := d.breakAt(t, "steps", "b-body")
		ev := d.do(t, Next, false)
		if ev.Reason != ReasonBreakpoint || !slices.Equal(ev.Breakpoints, []int{bp.ID}) || d.line() != testdata.Line("steps.c", "b-body") {
			t.Fatalf("%+v at %s", ev, d.place())
		}
		// Going back from after the call stops there, too.
		d.SetSourceBreakpoints("steps.c", nil)
		for d.line() != testdata.Line("steps.c", "three-calls") {
			d.do(t, StepOut, false)
			d.do(t, Next, false)
		}
		d.breakAt(t, "steps", "b-body")
		d.undo = nil
		if back := d.do(t, Next, true); back.Reason != ReasonBreakpoint || back.Icount != ev.Icount {
			t.Fatalf("%+v, want icount %d", back, ev.Icount)
		}
		d.SetSourceBreakpoints("steps.c", nil)
		if d.do(t, StepOut, true); d.m.Icount() <= start {
			t.Fatalf("the call of b is not before %d", start)
		}
	})
}
