package debugger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
)

// BenchmarkReverse measures how long it takes to go back in histories of about 10⁸,
// 10⁹ and 10¹⁰ instructions (with -short: 10⁵, 10⁶ and 10⁷), in which something
// happened once, near their beginning; see long_ago.c. The figures are to depend little
// on the length. The metrics are the median and the 95th percentile of a request's
// time in milliseconds; what a request finds is checked.
//
//	stepBack/fresh        over a line, where the program has just stopped for the first time
//	stepBack/seek         where a seek to a random position has led
//	stepBack/again        once more from there
//	stepBack/call         over a call that is a tenth of the history
//	stepOut               to the call that the whole history is in, or a large part of it
//	continue/breakpoint   to a breakpoint that was passed once, near the beginning
//	continue/data         to the only write to a variable
//	continue/nothing      to the start of history, past a breakpoint that was never hit
//	lastWrite             to the only write to a variable, from where it is asked for
//
// Beside them, on the same program, is what others can do: gdb's own recording, as far
// as it gets, and QEMU's machine.
func BenchmarkReverse(b *testing.B) {
	depths := []int{5, 6, 7}
	if testing.Short() {
		depths = []int{2, 3, 4}
	}
	for _, arch := range testdata.Arches() {
		for _, depth := range depths {
			b.Run(fmt.Sprintf("%s/history=1e%d", arch, depth+3), func(b *testing.B) { benchmarkReverse(b, arch, depth) })
		}
	}
	b.Run("gdb", benchmarkGDBRecord)
	b.Run("qemu", benchmarkQEMUReplay)
}

// back is a long history and what is known of it.
type back struct {
	*Debugger
	r     *rand.Rand
	once  uint64 // where the variable is written for the only time
	after uint64 // where the long call has returned
	end   uint64
}

func benchmarkReverse(b *testing.B, arch string, depth int) {
	name := "long_ago@" + arch
	d := benchDebugger(b, name, depth, checkpoint.Config{})
	h := &back{Debugger: d, r: rand.New(rand.NewPCG(uint64(depth), 1))}
	start := time.Now()
	h.mustBreak(b, "once")
	h.once = h.do(b, Continue, false).Icount
	h.SetFunctionBreakpoints(nil)

	// Fresh stops are in the last stretch of the long call, as the program runs.
	length := h.rough(b, depth)
	if st := d.tl.Forward(context.Background(), length*7/10, nil); st.Reason != vm.StopLimit {
		b.Fatalf("%+v", st)
	}
	b.Run("stepBack/fresh", func(b *testing.B) {
		h.measure(b, 20, func() {
			h.to(b, d.tl.Frontier())
			d.tl.Forward(context.Background(), d.m.Icount()+1+h.r.Uint64N(min(length/100, 1_000_000)+1), nil)
			d.Moved()
		}, h.reverse(b, Next, ReasonStep))
	})
	h.to(b, d.tl.Frontier())
	h.mustBreak(b, "late")
	h.after = h.do(b, Continue, false).Icount
	h.SetFunctionBreakpoints(nil)
	if ev := h.do(b, Continue, false); ev.Reason != ReasonEnd {
		b.Fatalf("%+v", ev)
	}
	h.end = d.m.Icount()
	b.Logf("%d instructions recorded in %v; %+v", h.end, time.Since(start).Round(time.Millisecond), d.tl.Stats())

	anywhere := func() { h.to(b, h.once+1000+h.r.Uint64N(h.after-h.once-1000)) }
	b.Run("stepBack/seek", func(b *testing.B) { h.measure(b, 40, anywhere, h.reverse(b, Next, ReasonStep)) })
	b.Run("stepBack/again", func(b *testing.B) {
		h.measure(b, 40, func() { anywhere(); h.reverse(b, Next, ReasonStep)() }, h.reverse(b, Next, ReasonStep))
	})
	frames := h.outermost(b)
	b.Run("stepBack/call", func(b *testing.B) {
		h.measure(b, 20, func() { anywhere(); h.to(b, frames[h.r.IntN(len(frames))]) }, h.reverse(b, Next, ReasonStep))
	})
	b.Run("stepOut", func(b *testing.B) {
		h.measure(b, 20, func() { anywhere(); h.to(b, frames[h.r.IntN(len(frames))]) }, func() {
			h.reverse(b, StepOut, ReasonStep)()
			if at := d.m.Icount(); at < h.once || at > h.once+1000 {
				b.Fatalf("out at %d, and the call is soon after %d", at, h.once)
			}
		})
	})
	late := func() { h.to(b, h.after-h.r.Uint64N(h.after/10)) }
	arrived := func(reason Reason, from, to uint64) func() {
		f := h.reverse(b, Continue, reason)
		return func() {
			if f(); d.m.Icount() < from || d.m.Icount() > to {
				b.Fatalf("at %d, expected %d to %d", d.m.Icount(), from, to)
			}
		}
	}
	b.Run("continue/breakpoint", func(b *testing.B) {
		h.mustBreak(b, "once")
		h.measure(b, 20, late, arrived(ReasonFunction, h.once, h.once))
	})
	h.SetFunctionBreakpoints(nil)
	late()
	event := h.ranged(b, "event.value")
	b.Run("continue/data", func(b *testing.B) {
		w := event
		w.Write = true
		h.SetDataBreakpoints([]DataBreakpoint{w})
		h.measure(b, 20, late, arrived(ReasonData, h.once, h.once+100))
	})
	h.SetDataBreakpoints(nil)
	b.Run("continue/nothing", func(b *testing.B) {
		h.mustBreak(b, "late")
		h.measure(b, 20, late, arrived(ReasonStart, 0, 0))
	})
	h.SetFunctionBreakpoints(nil)
	b.Run("lastWrite", func(b *testing.B) {
		h.measure(b, 20, late, func() {
			if ev, err := h.LastWrite(context.Background(), event); err != nil || ev.Watch.New != strconv.Itoa(depth) {
				b.Fatalf("%+v %v", ev, err)
			}
		})
	})
}

// rough is about how long the program runs, from a trial run of a depth less.
func (h *back) rough(b *testing.B, depth int) uint64 {
	b.Helper()
	d := benchDebugger(b, "long_ago@"+h.arch.Name, depth-1, checkpoint.Config{Disabled: true})
	if st := d.tl.Forward(context.Background(), noLimit, nil); st.Reason != vm.StopExit {
		b.Fatalf("%+v", st)
	}
	return d.m.Icount() * 10
}

func (h *back) mustBreak(b *testing.B, function string) {
	b.Helper()
	if bp := h.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: function}})[0]; !bp.Verified {
		b.Fatal(bp.Message)
	}
}

// outermost are positions in the recursion's outermost frame, each right after one of
// its long calls.
func (h *back) outermost(b *testing.B) []uint64 {
	b.Helper()
	h.to(b, h.after)
	h.reverse(b, StepOut, ReasonStep)() // to main's call
	h.reverse(b, StepIn, ReasonStep)()  // main's line
	h.reverse(b, StepIn, ReasonStep)()  // the end of the long call
	var out []uint64
	for from := h.m.Icount(); len(out) < 8; from = h.m.Icount() {
		h.reverse(b, Next, ReasonStep)()
		if h.place()[:5] != "tree:" || h.frames() != 3 {
			b.Fatalf("at %d: %s, %d frames", h.m.Icount(), h.place(), h.frames())
		}
		if from-h.m.Icount() > (h.after-h.once)/20 {
			out = append(out, from)
		}
	}
	return out
}

func (h *back) to(b *testing.B, icount uint64) {
	b.Helper()
	h.undo = nil
	if err := h.seek(context.Background(), icount); err != nil {
		b.Fatal(err)
	}
}

// reverse makes a motion backward that has to end for a reason.
func (h *back) reverse(b *testing.B, v Verb, reason Reason) func() {
	return func() {
		h.undo = nil
		from := h.m.Icount()
		ev, err := h.Move(context.Background(), Motion{Verb: v, Back: true})
		if err != nil || ev.Reason != reason {
			b.Fatalf("verb %d from %d: %+v %v", v, from, ev, err)
		}
	}
}

// measure reports how long f takes, each time after prepare.
func (h *back) measure(b *testing.B, times int, prepare, f func()) {
	var took []time.Duration
	for range b.N * times {
		prepare()
		start := time.Now()
		f()
		took = append(took, time.Since(start))
	}
	report(b, took)
}

// report gives the distribution of times as the benchmark's result.
func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	ms := func(p float64) float64 { return took[int(p*float64(len(took)-1)+0.5)].Seconds() * 1e3 }
	b.ReportMetric(ms(0.5), "ms-p50")
	b.ReportMetric(ms(0.95), "ms-p95")
	b.ReportMetric(0, "ns/op")
}
