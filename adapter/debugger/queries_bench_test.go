package debugger

import (
	"context"
	"fmt"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
)

// BenchmarkQueries measures queries of histories of about 10⁸ and 10⁹ instructions (with
// -short: 10⁵ and 10⁶), from where the program has ended; see long_ago.c. The metrics are
// those of BenchmarkReverse, and how many occurrences are found.
//
//	writes/once      the only write to a variable, near the beginning
//	writes/few       all of the 100 or so last writes to a word of a table that is written
//	                 all the time, which lie in one or two intervals
//	writes/hot       the last 1000 of millions of writes to 32 words
//	writes/earlier   1000 of them in the middle of the history
//	executions/once  of a line that was executed once, near the beginning
//	executions/hot   the last 1000 of a line that is executed all the time
//	hits             of a breakpoint that was hit once and a data breakpoint beside it
//	lastExecution    to a line that was executed once
//	lifetime         of a local variable of the function that the whole history is in
func BenchmarkQueries(b *testing.B) {
	depths := []int{5, 6}
	if testing.Short() {
		depths = []int{2, 3}
	}
	for _, arch := range testdata.Arches() {
		for _, depth := range depths {
			b.Run(fmt.Sprintf("%s/history=1e%d", arch, depth+3), func(b *testing.B) { benchmarkQueries(b, arch, depth) })
		}
	}
}

func benchmarkQueries(b *testing.B, arch string, depth int) {
	d := benchDebugger(b, "long_ago@"+arch, depth, checkpoint.Config{})
	h := &back{Debugger: d}
	h.mustBreak(b, "once")
	h.once = h.do(b, Continue, false).Icount
	h.SetFunctionBreakpoints(nil)
	d.StopOnSignals(false)
	if ev := h.do(b, Continue, false); ev.Reason != ReasonEnd {
		b.Fatalf("%+v", ev)
	}
	d.StopOnSignals(true)
	end := d.m.Icount()
	all := Span{0, end}
	ctx := context.Background()
	event := h.ranged(b, "event.value")
	word := h.ranged(b, "table[77]")
	// Two in 10³ instructions write to it: millions do in the longer histories.
	hot := DataBreakpoint{Addr: h.ranged(b, "table").Addr, Size: 256}
	query := func(name string, least, most int, f func() (Found, error)) {
		b.Run(name, func(b *testing.B) {
			n := 0
			h.measure(b, 5, func() { h.to(b, end) }, func() {
				found, err := f()
				if n = len(found.Occurrences); err != nil || n < least || n > most || d.m.Icount() != end {
					b.Fatalf("%d found, %v", n, err)
				}
			})
			b.ReportMetric(float64(n), "found")
		})
	}
	query("writes/once", 1, 1, func() (Found, error) { return d.Writes(ctx, event, all, 0) })
	query("writes/few", 1, 100, func() (Found, error) { return d.Writes(ctx, word, all, 100) })
	query("writes/hot", 100, 1000, func() (Found, error) { return d.Writes(ctx, hot, all, 1000) })
	query("writes/earlier", 50, 1000, func() (Found, error) { return d.Writes(ctx, hot, Span{0, end / 2}, 1000) })
	query("executions/once", 1, 1, func() (Found, error) { return d.Executions(ctx, Place{Function: "once"}, all, 0) })
	query("executions/hot", 1000, 1000, func() (Found, error) { return d.Executions(ctx, Place{Function: "fib"}, all, 1000) })
	event.Write = true
	h.mustBreak(b, "once")
	h.SetDataBreakpoints([]DataBreakpoint{event})
	query("hits", 2, 2, func() (Found, error) { return d.Hits(ctx, all, 0) })
	h.SetFunctionBreakpoints(nil)
	h.SetDataBreakpoints(nil)
	b.Run("lastExecution", func(b *testing.B) {
		h.measure(b, 5, func() { h.to(b, end) }, func() {
			if ev, err := d.LastExecution(ctx, Place{Function: "once"}, false); err != nil || ev.Icount != h.once {
				b.Fatalf("%+v, %v", ev, err)
			}
		})
	})
	b.Run("lifetime", func(b *testing.B) {
		h.to(b, end/2)
		frames, _ := d.Frames(0)
		for _, f := range frames {
			if f.Name != "main" {
				continue
			}
			h.measure(b, 5, func() {}, func() {
				in, local, err := d.Lifetime(ctx, 0, &f, f.CFA-24, 4)
				if err != nil || !local || in.From > h.once {
					b.Fatalf("%+v, %v, %v", in, local, err)
				}
			})
		}
	})
}
