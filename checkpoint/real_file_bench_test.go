package checkpoint_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	files "github.com/dap-revexec/dap-revexec/checkpoint/recording"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// BenchmarkRecordingRealFile measures what recording real programs to a file costs: the
// time over that of executing them without a history (x-plain, x-median: see
// BenchmarkRecording), the memory that the history takes meanwhile and the file's size
// (for 10⁹ instructions), and the time to open it and to go to places in it.
func BenchmarkRecordingRealFile(b *testing.B) {
	total := uint64(1e9)
	if testing.Short() {
		total /= 10
	}
	for _, p := range realPrograms {
		b.Run(p.name, func(b *testing.B) {
			path := p.find(b)
			for range b.N {
				p.measureFile(b, path, total)
			}
		})
	}
}

func (p *realProgram) measureFile(b *testing.B, path string, total uint64) {
	const turn = 10_000_000
	lines := [2]*checkpoint.Timeline{}
	for i := range lines {
		lines[i] = checkpoint.New(p.machine(b, path, b.TempDir()), checkpoint.Config{Disabled: i == 1})
		defer lines[i].Close()
	}
	out := filepath.Join(b.TempDir(), "real.rec")
	rec, err := files.Record(lines[0], files.Options{Path: out, Machine: linux.Describe(lines[0].Machine().(*linux.Machine))})
	if err != nil {
		b.Fatal(err)
	}
	var took [2]time.Duration
	var ratios []float64
	for n := uint64(1); n <= total/turn; n++ {
		var d [2]time.Duration
		for k := range lines {
			i := (k + int(n)) % 2 // neither is always the first
			start := time.Now()
			s := lines[i].Forward(context.Background(), n*turn, nil)
			d[i] = time.Since(start)
			took[i] += d[i]
			if s.Reason != vm.StopLimit {
				b.Fatalf("%v at icount %d %v", s.Reason, s.Icount, s.Err)
			}
		}
		ratios = append(ratios, d[0].Seconds()/d[1].Seconds())
	}
	slices.Sort(ratios)
	st := lines[0].Stats()
	if err := rec.Close(); err != nil {
		b.Fatal(err)
	}

	start := time.Now()
	r, err := files.Open(out)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	m, err := linux.Reopen(r.Machine(), r.Log(), zerolog.Nop())
	if err != nil {
		b.Fatal(err)
	}
	tl, err := r.Timeline(m, checkpoint.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer tl.Close()
	opened := time.Since(start)
	rnd := rand.New(rand.NewPCG(1, 1))
	var seeks []time.Duration
	for range 20 {
		start := time.Now()
		if err := tl.Seek(context.Background(), rnd.Uint64N(total)); err != nil {
			b.Fatal(err)
		}
		seeks = append(seeks, time.Since(start))
	}
	slices.Sort(seeks)

	info, scale := r.Info(), 1e6*float64(total)/1e9
	b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "x-plain")
	b.ReportMetric(ratios[len(ratios)/2], "x-median")
	b.ReportMetric(float64(st.Bytes-st.GuestBytes+int64(st.LogBytes))/scale, "MB/Ginstr")
	b.ReportMetric(float64(info.Size)/scale, "file-MB/Ginstr")
	b.ReportMetric(float64(info.PageBytes)/scale, "pages-MB/Ginstr")
	b.ReportMetric(float64(info.CheckpointBytes)/scale, "checkpoints-MB/Ginstr")
	b.ReportMetric(1e3*opened.Seconds(), "open-ms")
	b.ReportMetric(1e3*seeks[len(seeks)/2].Seconds(), "seek-ms")
	b.ReportMetric(1e3*seeks[len(seeks)-1].Seconds(), "seek-max-ms")
}
