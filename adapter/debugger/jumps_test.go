package debugger

import (
	"errors"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// jumps starts a session of a program that leaves calls by longjmp, exceptions and other
// stacks, built by a toolchain.
func jumps(t *testing.T, tc testdata.Toolchain, level string) *Debugger {
	t.Helper()
	if err := tc.Missing(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	path, err := tc.BuildStaticCXX(dir, "jumps.cc", level)
	if err != nil {
		t.Fatal(err)
	}
	m, err := linux.New(linux.Config{Path: path, Args: []string{"jumps"}, Dir: dir, Seed: [32]byte{5}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	prog, err := symbols.Load(path, m.Image().Bias)
	if err != nil {
		t.Fatal(err)
	}
	tl := checkpoint.New(m, checkpoint.Config{MinSpacing: 500, MaxSpacing: 500, MemoryCap: 8 << 20})
	t.Cleanup(tl.Close)
	return New(tl, prog)
}

// TestPassingOverCallsThatDoNotReturn compares reverse steps in a program that leaves
// calls by longjmp, exceptions and other stacks with those of searches that pass over
// no call.
func TestPassingOverCallsThatDoNotReturn(t *testing.T) {
	for _, tc := range testdata.Toolchains() {
		for _, level := range []string{"-O0", "-O2"} {
			t.Run(tc.Arch+level, func(t *testing.T) {
				d := jumps(t, tc, level)
				d.StopOnSignals(false)
				d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "main"}})
				start := d.do(t, Continue, false).Icount
				d.SetFunctionBreakpoints(nil)
				for d.do(t, Continue, false).Reason != ReasonEnd {
				}
				end := d.m.Icount()
				r := rand.New(rand.NewPCG(5, 1))
				moved, before := 0, d.tl.Stats().Skipped
				n := 120
				if testing.Short() {
					n = 60
				}
				for range n {
					d.to(t, start+r.Uint64N(end-start))
					for range r.IntN(6) {
						d.undo = nil
						if ev, err := d.Move(t.Context(), Motion{Verb: StepOut}); err != nil || ev.Reason == ReasonEnd {
							break
						}
					}
					d.undo = nil
					from := d.m.Icount()
					mo := Motion{Verb: []Verb{Next, Next, StepOut, StepInstructionOver, StepIn}[r.IntN(5)], Back: true}
					quick, err1 := d.Move(t.Context(), mo)
					d.to(t, from)
					d.plodding = true
					slow, err2 := d.Move(t.Context(), mo)
					d.plodding = false
					if !errors.Is(err1, err2) || quick.Reason != slow.Reason || quick.Icount != slow.Icount || quick.Thread != slow.Thread {
						d.to(t, from)
						t.Fatalf("verb %d from %d (%s): %+v %v, looking at everything: %+v %v", mo.Verb, from, d.place(), quick, err1, slow, err2)
					}
					if err1 == nil && from-quick.Icount > nearby {
						moved++
					}
				}
				t.Logf("%d of %d steps over more than %d instructions in a history of %d; %d intervals skipped", moved, n, nearby, end-start, d.tl.Stats().Skipped-before)
			})
		}
	}
}
