package debugger

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/debugger/values"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
)

// watch sets a watchpoint on what expr stands for in the innermost frame.
func (d *Debugger) watch(t testing.TB, expr string, read, write bool, cond string) Breakpoint {
	t.Helper()
	v, err := values.Evaluate(d.Context(0, nil), expr)
	if err != nil {
		t.Fatal(err)
	}
	addr, size, ok := v.Address()
	if !ok {
		t.Fatalf("%s has no address", expr)
	}
	bp := d.SetDataBreakpoints([]DataBreakpoint{{Addr: addr, Size: size, Read: read, Write: write, Expr: expr, Format: v.FormatBytes, Condition: cond}})[0]
	if !bp.Verified {
		t.Fatal(bp.Message)
	}
	return bp
}

func (d *Debugger) text(t testing.TB, expr string) string {
	t.Helper()
	v, err := values.Evaluate(d.Context(0, nil), expr)
	if err != nil {
		t.Fatal(err)
	}
	return v.Text()
}

func TestFromTheCrashBackToTheCulprit(t *testing.T) {
	each(t, "demo_inventory", func(t *testing.T, d *Debugger) {
		crash := d.do(t, Continue, false)
		if crash.Reason != ReasonSignal || crash.Signal != 11 || !crash.Fatal {
			t.Fatalf("%+v", crash)
		}
		fs, err := d.Frames(0)
		if err != nil || len(fs) < 3 || fs[0].Name != "load_lorry" || fs[0].Line != testdata.Line("demo_inventory.c", "crash") {
			t.Fatalf("%v %+v", err, fs)
		}
		bad := d.text(t, "o->customer")
		bp := d.watch(t, "o->customer", false, true, "")
		back := d.do(t, Continue, true)
		if back.Reason != ReasonData || len(back.Breakpoints) != 1 || back.Breakpoints[0] != bp.ID || !back.Back {
			t.Fatalf("%+v", back)
		}
		fs, _ = d.Frames(0)
		if fs[0].Name != "add" || fs[0].Line != testdata.Line("demo_inventory.c", "culprit") {
			t.Fatalf("landed at %s:%d", fs[0].Name, fs[0].Line)
		}
		if back.Watch.New != bad || back.Watch.Old == bad || back.Watch.At != back.Icount {
			t.Fatalf("values %+v, want new %s", back.Watch, bad)
		}
		if crash.Icount-back.Icount < 1_000_000 {
			t.Fatalf("only %d instructions apart", crash.Icount-back.Icount)
		}
		// The one before is the honest assignment; forward again comes to the
		// culprit, just after it.
		honest := d.do(t, Continue, true)
		if fs, _ = d.Frames(0); honest.Reason != ReasonData || fs[0].Line != testdata.Line("demo_inventory.c", "customer") {
			t.Fatalf("%+v at %s", honest, d.place())
		}
		for _, want := range []uint64{honest.Watch.At + 1, back.Watch.At + 1} {
			ev := d.do(t, Continue, false)
			if ev.Reason != ReasonData || ev.Icount != want {
				t.Fatalf("forward: %+v, want %d", ev, want)
			}
		}
		if ev := d.do(t, Continue, false); ev.Reason != ReasonSignal || ev.Icount != crash.Icount {
			t.Fatalf("%+v", ev)
		}
		// Going on from there kills the program, which can be walked back from.
		if ev := d.do(t, Continue, false); ev.Reason != ReasonEnd || ev.Exit.Signal != 11 {
			t.Fatalf("%+v", ev)
		}
		if ev := d.do(t, Continue, true); ev.Reason != ReasonSignal || ev.Icount != crash.Icount {
			t.Fatalf("%+v", ev)
		}
	})
}

func TestAWatchpointsConditionSeesTheNewValue(t *testing.T) {
	each(t, "demo_inventory", func(t *testing.T, d *Debugger) {
		if _, err := d.RunToMain(context.Background()); err != nil {
			t.Fatal(err)
		}
		d.watch(t, "orders", false, true, "orders == 100")
		for _, back := range []bool{false, true} {
			if back {
				d.SetFunctionBreakpoints(nil)
				d.do(t, Continue, false)
			}
			ev := d.do(t, Continue, back)
			if ev.Reason != ReasonData || ev.Watch.Old != "99" || ev.Watch.New != "100" {
				t.Fatalf("back %v: %+v %+v", back, ev, ev.Watch)
			}
		}
	})
}

func TestAReadWatchpointTellsTheValueRead(t *testing.T) {
	each(t, "demo_inventory", func(t *testing.T, d *Debugger) {
		if _, err := d.RunToMain(context.Background()); err != nil {
			t.Fatal(err)
		}
		d.watch(t, "lorry", true, false, "")
		ev := d.do(t, Continue, false)
		if ev.Reason != ReasonData || ev.Watch.Write || !strings.Contains(ev.Text, "read") || !strings.HasPrefix(d.place(), "load_lorry:") {
			t.Fatalf("%+v at %s", ev, d.place())
		}
	})
}

func TestSystemCallsThatWriteAWatchedBufferStop(t *testing.T) {
	each(t, "stdin", func(t *testing.T, d *Debugger) {
		if _, err := d.RunToMain(context.Background()); err != nil {
			t.Fatal(err)
		}
		// The buffer that the guest reads its lines into.
		for range 2 {
			d.watch(t, "chunk", false, true, "")
			ev := d.do(t, Continue, false)
			if ev.Reason != ReasonData || !ev.Watch.Write || ev.Icount != ev.Watch.At+1 {
				t.Fatalf("%+v", ev)
			}
			at := ev.Watch.At
			if ev := d.do(t, Continue, true); ev.Reason != ReasonData || ev.Icount != at {
				t.Fatalf("back: %+v, want %d", ev, at)
			}
		}
	})
}

// cancelled is a context that ends when it has been asked about a few times.
type cancelled struct {
	context.Context
	cancel context.CancelFunc
	left   int
}

func (c *cancelled) Err() error {
	if c.left--; c.left == 0 {
		c.cancel()
	}
	return c.Context.Err()
}

func TestACancelledSearchThroughUnwantedAccessesLeavesTheProgramWhereItWas(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		d.at(t, "steps", "return-calls")
		d.watch(t, "trace", false, true, "trace == 99")
		from := d.m.Icount()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c := &cancelled{ctx, cancel, 30}
		ev, err := d.Move(c, Motion{Verb: Continue, Back: true})
		if !errors.Is(err, checkpoint.ErrCancelled) || c.left > 0 {
			t.Fatalf("not cancelled (%d left): %+v, %v", c.left, ev, err)
		}
		if ev.Icount != from || d.m.Icount() != from {
			t.Fatalf("cancelled at %d, said to be at %d, was at %d", d.m.Icount(), ev.Icount, from)
		}
	})
}

func TestABreakpointOnTheNextInstructionIsHitWithAWatchpointSet(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		d.at(t, "steps", "nested")
		d.watch(t, "trace", false, true, "")
		from := d.m.Icount()
		d.do(t, StepInstruction, false)
		next := d.pc(d.m.CurrentThread())
		d.to(t, from)
		d.SetInstructionBreakpoints([]InstructionBreakpoint{{Addr: next}})
		if ev := d.do(t, Continue, false); ev.Icount != from+1 || len(ev.Breakpoints) != 1 {
			t.Fatalf("from %d: %+v at %s", from, ev, d.place())
		}
	})
}
