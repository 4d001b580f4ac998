package debugger

import (
	"testing"
)

// Stepping by instruction in a program that has forked stays with it: what its
// children do in between belongs to the step, and a step back takes back just
// the step, from the rule alone.
func TestInstructionStepsStayInTheDebuggedProcess(t *testing.T) {
	d := debug(t, "forks")
	b := d.breakAt(t, "forks", "generations")
	if ev := d.do(t, Continue, false); len(ev.Breakpoints) != 1 || ev.Breakpoints[0] != b.ID {
		t.Fatalf("stopped for %v", ev.Reason)
	}
	far := 0
	for range 6000 {
		at := d.m.Icount()
		ev := d.do(t, StepInstruction, false)
		if ev.Reason == ReasonEnd {
			break
		}
		if d.m.Elsewhere() {
			t.Fatalf("the step from %d ended in another process, at %d", at, ev.Icount)
		}
		if ev.Icount == at+1 {
			continue
		}
		far++
		d.undo = nil
		if back := d.do(t, StepInstruction, true); back.Icount != at {
			t.Fatalf("a step from %d to %d, and back to %d", at, ev.Icount, back.Icount)
		}
		if ev2 := d.do(t, StepInstruction, false); ev2.Icount != ev.Icount {
			t.Fatalf("the step from %d led to %d, then to %d", at, ev.Icount, ev2.Icount)
		}
	}
	if far == 0 {
		t.Error("no step led over another process")
	}
}

// From within another process, where a pause may end up, a step leads to where
// the debugged one goes on, or had been.
func TestAStepFromWithinAnotherProcessComesHome(t *testing.T) {
	d := debug(t, "forks")
	d.breakAt(t, "forks", "generations")
	d.do(t, Continue, false)
	for !d.m.Elsewhere() {
		d.tl.Forward(t.Context(), d.m.Icount()+1, nil)
	}
	first := d.m.Icount()
	d.tl.Forward(t.Context(), first+100, nil)
	if !d.m.Elsewhere() {
		t.Fatal("the child has gone already")
	}
	inside := d.m.Icount()
	d.Moved()
	if ev := d.do(t, StepInstruction, true); ev.Icount != first-1 {
		t.Errorf("a step back leads to %d, not %d", ev.Icount, first-1)
	}
	d.to(t, inside)
	ev := d.do(t, StepInstruction, false)
	if d.m.Elsewhere() || ev.Icount <= inside {
		t.Errorf("a step leads to %d", ev.Icount)
	}
	d.undo = nil
	if ev := d.do(t, StepInstruction, true); ev.Icount != first-1 {
		t.Errorf("and one back to %d, not %d", ev.Icount, first-1)
	}
}

// A step over the call that makes children and waits for them is one step, and
// its reverse takes it back.
func TestAStepOverForksIsOneStep(t *testing.T) {
	d := debug(t, "forks")
	d.breakAt(t, "forks", "generations")
	d.do(t, Continue, false)
	at := d.m.Icount()
	ev := d.do(t, Next, false)
	if ev.Reason != ReasonStep || d.m.Elsewhere() || ev.Icount < at+1000 {
		t.Fatalf("%v at %d, from %d", ev.Reason, ev.Icount, at)
	}
	d.undo = nil
	if back := d.do(t, Next, true); back.Icount != at {
		t.Errorf("back at %d, not %d", back.Icount, at)
	}
}
