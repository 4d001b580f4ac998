package debugger

import (
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
)

// TestConditionsHoldAlikeOnSeveralMachines goes back to breakpoints with conditions,
// of which most hits are none, in searches with and without the help of replicas.
func TestConditionsHoldAlikeOnSeveralMachines(t *testing.T) {
	for _, name := range []string{"long_ago", "long_ago@amd64"} {
		t.Run(name, func(t *testing.T) {
			var ds [2]*Debugger
			var end uint64
			for i := range ds {
				ds[i] = benchDebugger(t, name, 4, checkpoint.Config{MinSpacing: 150_000, MaxSpacing: 150_000, Workers: 1 + 2*i})
				ds[i].do(t, Continue, false)
				end = ds[i].m.Icount()
			}
			r := rand.New(rand.NewPCG(4, 4))
			for _, bp := range []FunctionBreakpoint{
				{Name: "tree", Condition: "depth == 3"},
				{Name: "tree", Condition: "depth == 2 && h % 7 == 3"},
				{Name: "mix", Condition: "h == 0"},
				{Name: "mix", Condition: "event.value == 5"},
				{Name: "tree", Condition: "depth > 2", HitCondition: "% 4"},
			} {
				for range 2 {
					from := end/2 + r.Uint64N(end/2)
					var evs [2]Event
					for i, d := range ds {
						if b := d.SetFunctionBreakpoints([]FunctionBreakpoint{bp}); !b[0].Verified {
							t.Fatal(b[0].Message)
						}
						d.to(t, from)
						evs[i] = d.do(t, Continue, true)
					}
					if evs[0].Icount != evs[1].Icount || evs[0].Reason != evs[1].Reason {
						t.Fatalf("%+v, back from %d: %+v on one machine, %+v on several", bp, from, evs[0], evs[1])
					}
				}
			}
		})
	}
}
