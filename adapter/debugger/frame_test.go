package debugger

import (
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
)

// Steps are of one frame of one thread: what other calls of the same function
// and other threads do at the same addresses is not theirs.

// frames is the number of frames of the current thread.
func (d *Debugger) frames() int { return len(d.stack(d.m.CurrentThread()).phys) }

// walk steps over lines while in the function where it starts, and then back
// without the memory of the steps made; same says whether a stop is the frame's.
func (d *Debugger) walk(t *testing.T, atMost int, same func(Event) bool) (stops int) {
	t.Helper()
	name := d.frame(t, 0).Name
	var at []uint64
	for here := d.m.Icount(); len(at) < atMost; {
		at = append(at, here)
		ev := d.do(t, Next, false)
		if ev.Reason == ReasonEnd || d.frame(t, 0).Name != name {
			break
		}
		if !same(ev) {
			t.Fatalf("stop %d: next leads to another frame: %+v at %s", len(at), ev, d.place())
		}
		here = ev.Icount
	}
	last := at[len(at)-1]
	d.to(t, last)
	for _, want := range slices.Backward(at[:len(at)-1]) {
		d.undo = nil
		ev := d.do(t, Next, true)
		if ev.Icount != want || !same(ev) {
			t.Fatalf("back at %d (%s), want %d", ev.Icount, d.place(), want)
		}
	}
	return len(at)
}

func TestStepsOverRecursiveCallsStayInTheirFrame(t *testing.T) {
	each(t, "recurse", func(t *testing.T, d *Debugger) {
		for _, fn := range []string{"fib", "hanoi", "permute"} {
			d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: fn}})
			if ev := d.do(t, Continue, false); ev.Reason != ReasonFunction {
				t.Fatalf("to %s: %+v", fn, ev)
			}
			d.SetFunctionBreakpoints(nil)
			depth := d.frames()
			if n := d.walk(t, 40, func(Event) bool { return d.frames() == depth }); n < 2 {
				t.Fatalf("%s: %d stops", fn, n)
			}
		}
	})
}

func TestStepOutOfARecursiveCallLeadsToItsOwnCaller(t *testing.T) {
	each(t, "recurse", func(t *testing.T, d *Debugger) {
		d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "hanoi", Condition: "n == 4"}})
		if ev := d.do(t, Continue, false); ev.Reason != ReasonFunction {
			t.Fatalf("%+v", ev)
		}
		d.SetFunctionBreakpoints(nil)
		for depth, n := d.frames(), 5; n <= 8; n++ {
			if d.do(t, StepOut, false); d.frames() != depth-(n-4) || d.text(t, "n") != string(rune('0'+n)) {
				t.Fatalf("out of hanoi(%d): %d frames of %d, n = %s", n-1, d.frames(), depth, d.text(t, "n"))
			}
		}
	})
}

func TestStepsStayWithTheirThread(t *testing.T) {
	each(t, "threads", func(t *testing.T, d *Debugger) {
		// Threads whose stacks lie on either side of this one's.
		bp := d.SetSourceBreakpoints("threads.c", []SourceBreakpoint{{Line: testdata.Line("threads.c", "counter"), Condition: "id == 2 && i == 1"}})
		if ev := d.do(t, Continue, false); ev.Reason != ReasonBreakpoint || ev.Breakpoints[0] != bp[0].ID {
			t.Fatalf("%+v", ev)
		}
		d.SetSourceBreakpoints("threads.c", nil)
		from, me, depth := d.m.Icount(), d.m.CurrentThread(), d.frames()
		if n := d.walk(t, 200, func(ev Event) bool { return ev.Thread == me && d.frames() == depth }); n < 50 {
			t.Fatalf("%d stops only", n)
		}
		d.to(t, from)
		others := false // have run between two stops
		for at := from; !others || d.m.Icount() < from+2000; at = d.m.Icount() {
			ev, err := d.Move(t.Context(), Motion{Verb: StepIn, Thread: me})
			if err != nil || ev.Reason != ReasonStep || ev.Thread != me {
				t.Fatalf("from %d: %+v, %v", at, ev, err)
			}
			for p := at + 1; p < ev.Icount && !others; p++ {
				d.to(t, p)
				others = d.m.CurrentThread() != me
			}
			d.to(t, ev.Icount)
		}
	})
}

func TestStepOutWaitsForItsOwnThread(t *testing.T) {
	each(t, "threads", func(t *testing.T, d *Debugger) {
		blocked := 0 // in a lock that another thread held
		for range 60 {
			d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "mutex_lock"}})
			in := d.do(t, Continue, false)
			if in.Reason != ReasonFunction {
				t.Fatalf("%+v", in)
			}
			d.SetFunctionBreakpoints(nil)
			out := d.do(t, StepOut, false)
			if out.Reason != ReasonStep || out.Thread != in.Thread {
				t.Fatalf("out of thread %d: %+v", in.Thread, out)
			}
			if out.Icount-in.Icount > 100 {
				blocked++
			}
		}
		if blocked == 0 {
			t.Fatal("no lock was ever held by another thread")
		}
	})
}
