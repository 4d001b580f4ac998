package debugger

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

func benchDebugger(b testing.TB, name string, n int, cfg checkpoint.Config) *Debugger {
	b.Helper()
	exe := guestPath(b, name)
	m, err := linux.New(linux.Config{Path: exe, Args: []string{filepath.Base(exe), strconv.Itoa(n)}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.Close)
	prog, err := symbols.Load(exe, m.Image().Bias)
	if err != nil {
		b.Fatal(err)
	}
	tl := checkpoint.New(m, cfg)
	b.Cleanup(func() { tl.Close() })
	return New(tl, prog)
}

// BenchmarkBreakpoint measures what a breakpoint in the hottest function costs
// that is never hit: on an instruction there that the first 9·10⁸ do not come
// to, or where there is none (all of bench_call's fib executes all the time), in
// main, around the loop. Two runs, one with it and one without, take turns; the
// metric x-plain is the time of the one over that of the other, x-median the
// median of the turns' ratios, which a busy machine disturbs less.
func BenchmarkBreakpoint(b *testing.B) {
	const turn = 10_000_000
	turns := 90
	if testing.Short() {
		turns = 5
	}
	for _, g := range testdata.Benchmarks() {
		b.Run(g.Name, func(b *testing.B) {
			var took [2]time.Duration
			var ratios []float64
			for range b.N {
				with := benchDebugger(b, g.Name, g.N, checkpoint.Config{})
				runs := [2]*Debugger{with, benchDebugger(b, g.Name, g.N, checkpoint.Config{})}
				stops := [2]vm.Stops{{Breaks: vm.NewBreaks(with.unreached(b, g.Hot, "main"))}, {}}
				for n := range turns {
					var d [2]time.Duration
					for k := range runs {
						i := (k + n) % 2 // neither is always the first
						start := time.Now()
						st := runs[i].tl.Forward(context.Background(), uint64(n+1)*turn, &stops[i])
						d[i] = time.Since(start)
						took[i] += d[i]
						if st.Reason != vm.StopLimit {
							b.Fatalf("stopped at %s: %+v", runs[i].place(), st)
						}
					}
					ratios = append(ratios, d[0].Seconds()/d[1].Seconds())
				}
			}
			slices.Sort(ratios)
			b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "x-plain")
			b.ReportMetric(ratios[len(ratios)/2], "x-median")
		})
	}
}

// unreached finds an instruction in the first of the functions that has one
// that a trial run of 2·10⁷ instructions does not come to.
func (d *Debugger) unreached(b *testing.B, functions ...string) uint64 {
	b.Helper()
	for _, name := range functions {
		f := d.Program().FuncsNamed(name)[0]
		var all []uint64
		for pc := f.Low; f.Contains(pc); {
			in, ok := d.instruction(pc)
			if !ok {
				break
			}
			all = append(all, pc)
			pc += uint64(in.Size)
		}
		met := map[uint64]bool{}
		start := d.m.Snapshot()
		d.m.Run(20_000_000, &vm.Stops{Breaks: vm.NewBreaks(all...), Filter: func(s *vm.Stop) bool {
			met[s.PC] = true
			return false
		}})
		d.m.Restore(start)
		for _, pc := range all {
			if !met[pc] {
				return pc
			}
		}
	}
	b.Fatalf("all of %v is executed", functions)
	return 0
}

// BenchmarkStepBack measures the latency of single requests in histories of
// several lengths: a step back over a line where the program has just stopped,
// which no request has prepared (fresh), at random places that a seek has led to
// (after seek), another one there (again); a continue backward to a hot
// breakpoint (near) and through the whole history to its beginning (far).
func BenchmarkStepBack(b *testing.B) {
	lengths := []uint64{100_000_000, 500_000_000, 2_000_000_000}
	if testing.Short() {
		lengths = []uint64{20_000_000}
	}
	for _, length := range lengths {
		d := benchDebugger(b, "bench_call", math.MaxInt32, checkpoint.Config{})
		if st := d.tl.Forward(context.Background(), length, nil); st.Reason != vm.StopLimit {
			b.Fatalf("%+v", st)
		}
		r := rand.New(rand.NewPCG(1, length))
		measure := func(name string, times int, prepare, f func()) {
			b.Run(fmt.Sprintf("%s/history=%d", name, length), func(b *testing.B) {
				var took []time.Duration
				for range b.N * times {
					d.undo = nil
					prepare()
					start := time.Now()
					f()
					took = append(took, time.Since(start))
				}
				slices.Sort(took)
				ms := func(p float64) float64 { return took[int(p*float64(len(took)-1)+0.5)].Seconds() * 1e3 }
				b.ReportMetric(ms(0.5), "ms-p50")
				b.ReportMetric(ms(0.95), "ms-p95")
			})
		}
		back := func(v Verb) func() {
			return func() {
				if _, err := d.Move(context.Background(), Motion{Verb: v, Back: true}); err != nil {
					b.Fatal(err)
				}
			}
		}
		goTo := func(icount uint64) {
			if err := d.seek(context.Background(), icount); err != nil {
				b.Fatal(err)
			}
		}
		anywhere := func() { goTo(1_000_000 + r.Uint64N(length-1_000_000)) }
		measure("fresh", 40, func() {
			goTo(d.tl.Frontier())
			d.tl.Forward(context.Background(), d.m.Icount()+1_000_000+r.Uint64N(30_000_000), nil)
		}, back(Next))
		measure("afterSeek", 40, anywhere, back(Next))
		measure("again", 40, func() { anywhere(); back(Next)() }, back(Next))
		d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "fib"}})
		measure("near", 40, anywhere, back(Continue))
		d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "main"}})
		measure("far", 3, func() { goTo(length) }, back(Continue))
		d.SetFunctionBreakpoints(nil)
	}
}
