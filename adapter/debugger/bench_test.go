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

func benchDebugger(b *testing.B, name string, n int, cfg checkpoint.Config) *Debugger {
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
	return New(checkpoint.New(m, cfg), prog)
}

// BenchmarkBreakpoint measures what a breakpoint in the hottest function costs
// that is never hit: one whose address the run does not come to. The metric
// x-plain is the time with it over the time without, in turn.
func BenchmarkBreakpoint(b *testing.B) {
	for _, g := range testdata.Benchmarks() {
		b.Run(g.Name, func(b *testing.B) {
			var took [2]time.Duration
			for i := range 2 * b.N {
				d := benchDebugger(b, g.Name, g.N, checkpoint.Config{})
				if i%2 == 0 {
					d.SetInstructionBreakpoints([]InstructionBreakpoint{{Addr: unreached(b, d, g.Hot)}})
				}
				start := time.Now()
				ev := d.doB(b, Continue)
				took[i%2] += time.Since(start)
				if ev.Reason != ReasonEnd {
					b.Fatalf("stopped at %s: %+v", d.place(), ev)
				}
			}
			b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "x-plain")
		})
	}
}

func (d *Debugger) doB(b *testing.B, v Verb) Event {
	b.Helper()
	ev, err := d.Move(context.Background(), Motion{Verb: v})
	if err != nil {
		b.Fatal(err)
	}
	return ev
}

// unreached finds an instruction in the function that a trial run of 10⁷
// instructions does not come to; if it has none, the middle of an instruction.
func unreached(b *testing.B, d *Debugger, hot string) uint64 {
	b.Helper()
	f := d.prog.FuncsNamed(hot)[0]
	met := map[uint64]bool{}
	var all []uint64
	for pc := f.Low; f.Contains(pc); {
		in, ok := d.instruction(pc)
		if !ok {
			break
		}
		all = append(all, pc)
		pc += uint64(in.Size)
	}
	trial := d.tl.Machine()
	start := trial.Snapshot()
	trial.Run(10_000_000, &vm.Stops{Breaks: vm.NewBreaks(all...), Filter: func(s *vm.Stop) bool {
		met[s.PC] = true
		return false
	}})
	trial.Restore(start)
	for _, pc := range all {
		if !met[pc] {
			return pc
		}
	}
	return all[0] + 2
}

// BenchmarkStepBack measures the latency of single requests in histories of
// several lengths, each at 40 random places: a step back over a line, and a
// continue backward to a breakpoint far away.
func BenchmarkStepBack(b *testing.B) {
	for _, length := range []uint64{100_000_000, 500_000_000, 2_000_000_000} {
		d := benchDebugger(b, "bench_call", math.MaxInt32, checkpoint.Config{})
		if st := d.tl.Forward(context.Background(), length, nil); st.Reason != vm.StopLimit {
			b.Fatalf("%+v", st)
		}
		r := rand.New(rand.NewPCG(1, length))
		measure := func(name string, prepare func(), f func()) {
			b.Run(fmt.Sprintf("%s/history=%d", name, length), func(b *testing.B) {
				var took []time.Duration
				for range b.N {
					for range 40 {
						d.seekB(b, 1_000_000+r.Uint64N(length-1_000_000))
						prepare()
						start := time.Now()
						f()
						took = append(took, time.Since(start))
					}
				}
				slices.Sort(took)
				ms := func(p float64) float64 { return took[int(p*float64(len(took)-1))].Seconds() * 1e3 }
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
		// From the end, as after a crash: nothing near the place is laid yet.
		measure("stepBack", func() {}, back(Next))
		measure("stepBackAgain", back(Next), back(Next))
		measure("stepBackAtTheEnd", func() { d.seekB(b, length) }, back(Next))
		d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "fib"}})
		measure("reverseContinueNear", func() {}, back(Continue))
		d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "main"}})
		measure("reverseContinueToTheStart", func() { d.seekB(b, length) }, back(Continue))
		d.SetFunctionBreakpoints(nil)
	}
}

func (d *Debugger) seekB(b *testing.B, icount uint64) {
	b.Helper()
	if err := d.seek(context.Background(), icount); err != nil {
		b.Fatal(err)
	}
}
