package debugger

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/debugger/values"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
)

// ask makes each kind of query.
func (d *Debugger) ask(ctx context.Context, t *testing.T, w DataBreakpoint) (failed int) {
	t.Helper()
	all := Span{0, d.tl.Frontier()}
	for i, q := range []func() error{
		func() error { _, err := d.Writes(ctx, w, all, 0); return err },
		func() error { _, err := d.Hits(ctx, all, 0); return err },
		func() error { _, err := d.Executions(ctx, Place{Function: "a"}, all, 0); return err },
		func() error { _, _, err := d.Lifetime(ctx, 0, nil, d.sp(d.m.CurrentThread()), 4); return err },
	} {
		at, hash := d.m.Icount(), d.m.Hash()
		err := q()
		if err != nil && !errors.Is(err, checkpoint.ErrCancelled) {
			t.Fatalf("query %d: %v", i, err)
		}
		if err != nil {
			failed++
		}
		if d.m.Icount() != at || d.m.Hash() != hash {
			t.Fatalf("query %d, %v: the machine is at %d, was at %d", i, err, d.m.Icount(), at)
		}
	}
	return failed
}

// What a session remembers is not changed by queries in between: the steps made, the
// hits counted, the frames of the position.
func TestQueriesDisturbNothing(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		ctx := t.Context()
		d.at(t, "steps", "return-calls")
		w := d.ranged(t, "trace")
		var steps []uint64
		for range 4 {
			steps = append(steps, d.m.Icount())
			d.do(t, StepIn, false)
			d.ask(ctx, t, w)
			if fs, _ := d.Frames(0); len(fs) == 0 || fs[0].PC != d.pc(d.m.CurrentThread()) {
				t.Fatalf("%+v at %#x", fs, d.pc(d.m.CurrentThread()))
			}
		}
		if n := len(d.undo); n != len(steps) {
			t.Fatalf("%d steps are remembered of %d", n, len(steps))
		}
		slices.Reverse(steps)
		for _, at := range steps {
			d.ask(ctx, t, w)
			if ev := d.do(t, StepIn, true); ev.Icount != at {
				t.Fatalf("back to %d, want %d", ev.Icount, at)
			}
		}
		// Every second call of a, with queries and without, is the same.
		file := []FunctionBreakpoint{{Name: "a", HitCondition: "% 2"}}
		run := func(between func()) (stops []uint64) {
			d.SetFunctionBreakpoints(nil)
			d.SetFunctionBreakpoints(file)
			for d.to(t, 0); ; {
				ev := d.do(t, Continue, false)
				if ev.Reason == ReasonEnd {
					return stops
				}
				stops = append(stops, ev.Icount)
				between()
			}
		}
		want := run(func() {})
		got := run(func() { d.ask(ctx, t, w) })
		if len(want) < 5 || !slices.Equal(got, want) {
			t.Fatalf("stops at %d with queries, at %d without", got, want)
		}
		// A motion that no breakpoint stops passes hits, which count.
		n := 0
		got = run(func() {
			at := d.m.Icount()
			if ev, err := d.NextWrite(ctx, w); err != nil || ev.Reason != ReasonData && ev.Reason != ReasonEnd {
				t.Fatalf("%+v, %v", ev, err)
			} else if n < 3 {
				n++
				if ev, err := d.NextExecution(ctx, Place{Function: "b"}, false); err != nil {
					t.Fatalf("%+v, %v", ev, err)
				}
			}
			d.to(t, at)
		})
		if !slices.Equal(got, want) {
			t.Fatalf("stops at %d after motions to writes, at %d without", got, want)
		}
	})
}

func TestACancelledQueryLeavesTheProgramWhereItIs(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		d.at(t, "steps", "return-calls")
		w := d.ranged(t, "trace")
		d.do(t, Continue, false)
		d.do(t, Continue, true)
		d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "a", HitCondition: "% 2"}})
		failed := 0
		for n := range 40 {
			ctx, cancel := context.WithCancel(t.Context())
			failed += d.ask(&cancelled{ctx, cancel, n + 1}, t, w)
			cancel()
		}
		if failed < 40 {
			t.Errorf("only %d queries were cancelled", failed)
		}
	})
}

// A data breakpoint whose condition refuses an access right before a breakpoint does not
// hide that.
func TestABreakpointRightBehindARefusedAccessIsHit(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		d.at(t, "steps", "nested")
		start := d.m.Icount()
		d.watch(t, "trace", false, true, "")
		at := d.do(t, Continue, false).Icount
		d.watch(t, "trace", false, true, "trace == 9999")
		d.SetInstructionBreakpoints([]InstructionBreakpoint{{Addr: d.pc(d.m.CurrentThread())}})
		d.to(t, start)
		if ev := d.do(t, Continue, false); ev.Icount != at || ev.Reason != ReasonBreakpoint {
			t.Fatalf("%+v, want a breakpoint at %d", ev, at)
		}
	})
}

// inFrame is the range of a variable in a frame; nil stands for the innermost.
func (d *Debugger) inFrame(t testing.TB, f *Frame, expr string) DataBreakpoint {
	t.Helper()
	v, err := values.Evaluate(d.Context(0, f), expr)
	if err != nil {
		t.Fatal(err)
	}
	addr, size, ok := v.Address()
	if !ok {
		t.Fatalf("%s has no address", expr)
	}
	return DataBreakpoint{Addr: addr, Size: size, Expr: expr, Format: v.FormatBytes}
}

// Each activation of a recursive function has its own local variable, which lives from
// the activation's entry on; a static variable lives all the time.
func TestLifetimeIsThatOfTheActivation(t *testing.T) {
	each(t, "recurse", func(t *testing.T, d *Debugger) {
		ctx := t.Context()
		g, _ := lookup("recurse")
		d.SetSourceBreakpoints(filepath.Base(g.Source), []SourceBreakpoint{{Line: testdata.Line(g.Source, "fib-leaf"), HitCondition: "20"}})
		d.do(t, Continue, false)
		d.SetSourceBreakpoints(filepath.Base(g.Source), nil)
		here := d.m.Icount()
		frames, _ := d.Frames(0)
		frames = slices.Clone(frames)
		last := here + 1
		depth := 0
		for _, f := range frames {
			if f.Name != "fib" {
				break
			}
			depth++
			n := d.inFrame(t, &f, "n")
			in, local, err := d.Lifetime(ctx, 0, &f, n.Addr, n.Size)
			if err != nil || !local || in.To != here || in.From >= last {
				t.Fatalf("level %d: %+v, %v, %v; the inner one from %d on", f.Level, in, local, err, last)
			}
			last = in.From
			d.to(t, in.From)
			fs, _ := d.Frames(0)
			if fs[0].Name != "fib" || fs[0].CFA != f.CFA || len(fs) != len(frames)-f.Level || d.pc(d.m.CurrentThread()) != d.stack(d.m.CurrentThread()).phys[0].Func.Low {
				t.Fatalf("level %d is entered at %d, at %s", f.Level, in.From, d.place())
			}
			d.to(t, here)
			// It is written once, as a parameter.
			found, err := d.Writes(ctx, n, in, 0)
			if err != nil || !found.Complete || len(found.Occurrences) != 1 || found.Occurrences[0].Function != "fib" || found.Occurrences[0].Watch.New != n.Format(d.content(&point{data: n})) {
				t.Fatalf("level %d: %+v, %v", f.Level, found, err)
			}
		}
		if depth < 3 {
			t.Fatalf("only %d activations of fib", depth)
		}
		moves := d.ranged(t, "moves")
		if in, local, err := d.Lifetime(ctx, 0, &frames[0], moves.Addr, moves.Size); local || err != nil || in != (Span{0, d.tl.Frontier()}) {
			t.Errorf("a static variable: %+v, %v, %v", in, local, err)
		}
	})
}

// However many writes there are in an interval, it is replayed once; and when some
// number of them is enough, hardly more than what they are in.
func TestManyWritesCostOneReplay(t *testing.T) {
	for _, name := range []string{"long_ago@riscv64", "long_ago@amd64"} {
		t.Run(name, func(t *testing.T) {
			d := benchDebugger(t, name, 3, checkpoint.Config{Workers: 1, MinSpacing: 200_000, MaxSpacing: 200_000})
			if ev := d.do(t, Continue, false); ev.Reason != ReasonEnd {
				t.Fatalf("%+v", ev)
			}
			end := d.m.Icount()
			w := DataBreakpoint{Addr: d.ranged(t, "table").Addr, Size: 256}
			writes := func(limit int) (Found, uint64) {
				before := d.tl.Stats().Replayed
				found, err := d.Writes(t.Context(), w, Span{0, end}, limit)
				if err != nil {
					t.Fatal(err)
				}
				return found, d.tl.Stats().Replayed - before
			}
			all, replayed := writes(1 << 20)
			if n := len(all.Occurrences); n < 1000 || !all.Complete || replayed > end+end/4 {
				t.Errorf("%d instructions are replayed of %d for all %d writes", replayed, end, n)
			}
			some, replayed := writes(100)
			if len(some.Occurrences) != 100 || replayed > 2*200_000 {
				t.Errorf("%d instructions are replayed for the last %d writes, which are after %d of %d", replayed, len(some.Occurrences), some.From, end)
			}
		})
	}
}
