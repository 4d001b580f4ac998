package debugger

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// ranged is a range that LastWrite and NextWrite take.
func (d *Debugger) ranged(t testing.TB, expr string) DataBreakpoint {
	t.Helper()
	return d.inFrame(t, nil, expr)
}

// TestLastAndNextWriteFindEachWrite compares with all the writes that a run from the
// start comes to, from random positions, while breakpoints and signals are in the way.
func TestLastAndNextWriteFindEachWrite(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		ctx := context.Background()
		if _, err := d.RunToMain(ctx); err != nil {
			t.Fatal(err)
		}
		w := d.ranged(t, "trace")
		d.do(t, Continue, false)
		end := d.m.Icount()
		d.to(t, 0)
		var writes []uint64
		for {
			st := d.tl.Forward(ctx, noLimit, &vm.Stops{Watches: []vm.Watch{{Addr: w.Addr, Size: w.Size, Write: true}}, AtStart: len(writes) == 0})
			if st.Reason != vm.StopWatch {
				break
			}
			writes = append(writes, st.At)
			d.to(t, st.At)
		}
		if len(writes) < 5 {
			t.Fatalf("only %d writes", len(writes))
		}
		d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "a"}, {Name: "c"}})
		r := rand.New(rand.NewPCG(3, 3))
		for range 40 {
			from := r.Uint64N(end + 1)
			last, next := -1, len(writes)
			for i, at := range writes {
				if at < from {
					last = i
				} else if next == len(writes) {
					next = i
				}
			}
			d.to(t, from)
			ev, err := d.LastWrite(ctx, w)
			switch {
			case last < 0:
				if !errors.Is(err, ErrNotWritten) || d.m.Icount() != from {
					t.Fatalf("from %d: %v at %d, where nothing was written before", from, err, d.m.Icount())
				}
			case err != nil || ev.Reason != ReasonData || ev.Icount != writes[last] || !ev.Back || len(ev.Breakpoints) != 0:
				t.Fatalf("last before %d: %+v %v, want %d", from, ev, err, writes[last])
			case ev.Watch.At != writes[last] || ev.Watch.Old == ev.Watch.New || d.text(t, "trace") != ev.Watch.Old:
				t.Fatalf("last before %d: %+v, and trace is %s", from, ev.Watch, d.text(t, "trace"))
			}
			d.to(t, from)
			ev, err = d.NextWrite(ctx, w)
			if next == len(writes) {
				if err != nil || ev.Reason != ReasonEnd {
					t.Fatalf("next after %d: %+v %v, want the end", from, ev, err)
				}
			} else if err != nil || ev.Reason != ReasonData || ev.Icount != writes[next]+1 || d.text(t, "trace") != ev.Watch.New {
				t.Fatalf("next after %d: %+v %v, want %d", from, ev, err, writes[next]+1)
			}
		}
		if _, err := d.LastWrite(ctx, DataBreakpoint{Addr: w.Addr}); err == nil {
			t.Error("a range of no bytes is accepted")
		}
	})
}
