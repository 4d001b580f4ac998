package engine_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// What a trace has is what single steps go over, whatever was executed before and with
// whatever breakpoints.
func TestATraceHasWhatIsExecutedAndNothingElse(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 5))
		code := program(r)
		alone, one := machine(t, code)
		c, e := machine(t, code)
		trace := engine.NewTrace()
		e.SetTrace(trace)
		for range 60 {
			if r.IntN(3) == 0 {
				e.SetBreaks(vm.NewBreaks(codeBase+4*r.Uint64N(120), codeBase+4*r.Uint64N(120)))
				e.BreakFilter = func() bool { return false }
			}
			if r.IntN(20) == 0 {
				trace.Drop()
			}
			n := 1 + r.Uint64N(1<<r.IntN(10))
			var want []vm.Range
			for range n {
				want = append(want, vm.Range{Start: alone.PC, End: alone.PC + 4})
				one.Run(1, true)
			}
			for end := c.Icount + n; c.Icount < end; {
				if x := e.Run(min(1+r.Uint64N(400), end-c.Icount), r.IntN(2) == 0); x != ir.ExitLimit {
					t.Fatalf("seed %d: exit %d", seed, x)
				}
			}
			if got, want := trace.Take(), vm.NewRanges(want); !slices.Equal(got, want) {
				t.Fatalf("seed %d, up to %d: %x, want %x", seed, c.Icount, got, want)
			}
		}
	}
}

// A trace that goes on for long, over code that changes, does not grow with it; and the
// engine that leaves it notes nothing more.
func TestATraceForgetsCodeThatIsGone(t *testing.T) {
	c, e := machine(t, []uint32{addi(7, 7, 1), ecall})
	trace := engine.NewTrace()
	e.SetTrace(trace)
	for i := range uint32(40_000) {
		word := addi(7, 0, i&0x7ff)
		c.Mem.Poke(codeBase, []byte{byte(word), byte(word >> 8), byte(word >> 16), byte(word >> 24)})
		c.PC = codeBase
		if x := e.Run(10, false); x != ir.ExitSyscall || c.R[7] != uint64(i&0x7ff) {
			t.Fatalf("turn %d: exit %d", i, x)
		}
	}
	if n := trace.Waiting(); n > 1<<15 {
		t.Errorf("%d segments wait to be armed", n)
	}
	want := vm.Ranges{{Start: codeBase, End: codeBase + 8}}
	if got := trace.Take(); !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	e.SetTrace(nil)
	c.PC = codeBase
	e.Run(10, false)
	if got := trace.Take(); len(got) != 0 {
		t.Errorf("without it: %x", got)
	}
}
