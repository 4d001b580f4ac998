package checkpoint_test

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
)

// BenchmarkParallelSearch searches a history for a breakpoint that is not there, as if
// the index ruled nothing out: on one machine, and on as many as there are processors,
// in turns. The metric x-faster is the first time over the second, the median of the
// turns.
func BenchmarkParallelSearch(b *testing.B) {
	for _, g := range testdata.Benchmarks() {
		b.Run(g.Name, func(b *testing.B) {
			lines := twoLines(b, g, 300_000_000)
			for _, tl := range lines {
				tl.SearchBlindly()
			}
			searchInTurns(b, lines, &vm.Stops{Breaks: vm.NewBreaks(1)})
		})
	}
}

// twoLines are timelines of a guest with so long a history: one searches on its
// machine alone.
func twoLines(b *testing.B, g testdata.Benchmark, length uint64) (lines [2]*checkpoint.Timeline) {
	b.Helper()
	for i := range lines {
		lines[i] = checkpoint.New(benchMachine(b, g, b.TempDir()), checkpoint.Config{Workers: []int{1, runtime.GOMAXPROCS(0)}[i]})
		if s := lines[i].Forward(context.Background(), length, nil); s.Reason != vm.StopLimit {
			b.Fatalf("%+v", s)
		}
	}
	return lines
}

func searchInTurns(b *testing.B, lines [2]*checkpoint.Timeline, stops *vm.Stops) {
	b.Helper()
	ctx := context.Background()
	var took [2][]float64
	var ratios []float64
	for n := range b.N + 1 {
		var d [2]float64
		for k := range lines {
			i := (k + n) % 2 // neither is always the first
			if err := lines[i].Seek(ctx, lines[i].Frontier()); err != nil {
				b.Fatal(err)
			}
			start := time.Now()
			if s, err := lines[i].Back(ctx, 0, stops); err != nil || s.Reason != vm.StopLimit {
				b.Fatalf("%+v, %v", s, err)
			}
			d[i] = time.Since(start).Seconds()
		}
		if n == 0 {
			continue // replicas are made, and translate the code
		}
		for i := range d {
			took[i] = append(took[i], d[i])
		}
		ratios = append(ratios, d[0]/d[1])
	}
	for _, list := range [][]float64{took[0], took[1], ratios} {
		slices.Sort(list)
	}
	median := len(ratios) / 2
	b.ReportMetric(took[0][median], "s-alone")
	b.ReportMetric(took[1][median], "s-together")
	b.ReportMetric(ratios[median], "x-faster")
	b.ReportMetric(float64(lines[1].Stats().Checkpoints), "checkpoints")
}
