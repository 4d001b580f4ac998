package checkpoint_test

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

func benchMachine(b *testing.B, g testdata.Benchmark, dir string) *linux.Machine {
	b.Helper()
	exe, err := testdata.Extract(dir, g.Name)
	if err != nil {
		b.Fatal(err)
	}
	m, err := linux.New(linux.Config{Path: exe, Args: []string{filepath.Base(exe), strconv.Itoa(g.N)}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.Close)
	return m
}

// BenchmarkRecording measures what keeping checkpoints costs: two timelines of the
// same guest, one with checkpoints and one without, take turns of about 20 ms.
// The metric x-plain is the time of the one over that of the other, x-median the
// median of the turns' ratios, which a busy machine disturbs less; the rest is
// what the timeline holds at the end.
func BenchmarkRecording(b *testing.B) {
	const turn = 10_000_000
	for _, g := range testdata.Benchmarks() {
		b.Run(g.Name, func(b *testing.B) {
			var took [2]time.Duration
			var ratios []float64
			var st checkpoint.Stats
			for range b.N {
				lines := [2]*checkpoint.Timeline{}
				for i := range lines {
					lines[i] = checkpoint.New(benchMachine(b, g, b.TempDir()), checkpoint.Config{Disabled: i == 1})
				}
				for n, done := uint64(1), false; !done; n++ {
					var d [2]time.Duration
					for k := range lines {
						i := (k + int(n)) % 2 // neither is always the first
						start := time.Now()
						s := lines[i].Forward(context.Background(), n*turn, nil)
						d[i] = time.Since(start)
						took[i] += d[i]
						done = s.Reason == vm.StopExit
						if !done && s.Reason != vm.StopLimit {
							b.Fatalf("%s %v", s.Reason, s.Err)
						}
					}
					ratios = append(ratios, d[0].Seconds()/d[1].Seconds())
				}
				st = lines[0].Stats()
			}
			slices.Sort(ratios)
			b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "x-plain")
			b.ReportMetric(ratios[len(ratios)/2], "x-median")
			b.ReportMetric(float64(st.Checkpoints), "checkpoints")
			b.ReportMetric(float64(st.Bytes)/1e6, "MB")
			b.ReportMetric(float64(st.Spacing)/1e6, "Minstr-spacing")
		})
	}
}
