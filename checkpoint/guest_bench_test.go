package checkpoint_test

import (
	"context"
	"math"
	"path/filepath"
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

// BenchmarkRecording measures what keeping checkpoints costs: the metric
// x-plain is the time of a run with checkpoints over that of one without, both
// in turn, and the rest is what the timeline holds at the end.
func BenchmarkRecording(b *testing.B) {
	for _, g := range testdata.Benchmarks() {
		b.Run(g.Name, func(b *testing.B) {
			var took [2]time.Duration
			var st checkpoint.Stats
			for i := range 2 * b.N {
				plain := i % 2
				tl := checkpoint.New(benchMachine(b, g, b.TempDir()), checkpoint.Config{Disabled: plain == 1})
				start := time.Now()
				if s := tl.Forward(context.Background(), math.MaxUint64, nil); s.Reason != vm.StopExit {
					b.Fatalf("%s %v", s.Reason, s.Err)
				}
				took[plain] += time.Since(start)
				if plain == 0 {
					st = tl.Stats()
				}
			}
			b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "x-plain")
			b.ReportMetric(float64(st.Checkpoints), "checkpoints")
			b.ReportMetric(float64(st.Bytes)/1e6, "MB")
			b.ReportMetric(float64(st.Spacing)/1e6, "Minstr-spacing")
		})
	}
}
