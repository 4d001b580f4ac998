package checkpoint_test

import (
	"context"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/checkpoint/pages"
	"github.com/dap-revexec/dap-revexec/vm"
)

// BenchmarkSavingReal measures what real programs' checkpoints take when all are
// saved, as with a recording: in memory beside the guest's own, and in the file, for
// 10⁹ instructions. With -short they execute a tenth of that. The last line has the
// medians.
func BenchmarkSavingReal(b *testing.B) {
	total := uint64(1e9)
	if testing.Short() {
		total /= 10
	}
	var memory, file []float64
	for _, p := range realPrograms {
		b.Run(p.name, func(b *testing.B) {
			path := p.find(b)
			per := 1e6 * float64(total) / 1e9
			for range b.N {
				to := pages.NewSpill(b.TempDir(), 0, 1<<40)
				b.Cleanup(func() { _ = to.Close() })
				tl := checkpoint.New(p.machine(b, path, b.TempDir()), checkpoint.Config{})
				b.Cleanup(tl.Close)
				if err := tl.Attach(to, 0, nil); err != nil {
					b.Fatal(err)
				}
				most := int64(0)
				for n := total / 20; n <= total; n += total / 20 {
					if s := tl.Forward(context.Background(), n, nil); s.Reason != vm.StopLimit {
						b.Fatalf("%v at icount %d %v", s.Reason, s.Icount, s.Err)
					}
					st := tl.Stats()
					most = max(most, st.Bytes-st.GuestBytes+int64(st.LogBytes)+st.SavedBytes)
				}
				if err := tl.Flush(); err != nil {
					b.Fatal(err)
				}
				memory, file = append(memory, float64(most)/per), append(file, float64(to.Disk())/per)
				b.ReportMetric(float64(tl.Stats().Checkpoints), "checkpoints")
				b.ReportMetric(float64(tl.Stats().Cold), "cold")
			}
			b.ReportMetric(memory[len(memory)-1], "MB/Ginstr")
			b.ReportMetric(file[len(file)-1], "file-MB/Ginstr")
		})
	}
	b.Run("median", func(b *testing.B) {
		if len(memory) == 0 {
			b.Skip("nothing has been measured")
		}
		slices.Sort(memory)
		slices.Sort(file)
		b.ReportMetric(memory[len(memory)/2], "MB/Ginstr")
		b.ReportMetric(file[len(file)/2], "file-MB/Ginstr")
	})
}
