package linux_test

import (
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// BenchmarkInterpreter measures the speed of guest code: an integer loop, a
// memory-bound loop, a program that calls a lot, each of about 10⁹ instructions,
// and a floating-point loop of a fifth of that, on each architecture that programs can be built
// for. Where qemu-ARCH (Debian's qemu-user) is installed, the same program runs
// under it right before, and the metric x-qemu is how many times longer the
// machine takes.
func BenchmarkInterpreter(b *testing.B) {
	for _, arch := range testdata.Arches() {
		qemu := map[string]string{"amd64": "qemu-x86_64"}[arch]
		if qemu == "" {
			qemu = "qemu-" + arch
		}
		for _, g := range testdata.Benchmarks() {
			b.Run(arch+"/"+g.Name, func(b *testing.B) {
				guest, ok := testdata.LookupFor(arch, g.Name)
				if !ok {
					b.Fatal("no such guest")
				}
				exe := executable(b, guest)
				n := g.N
				if g.Name == "bench_float" {
					n /= 5
				}
				speed(b, exe, qemu, strconv.Itoa(n))
			})
		}
	}
}

func speed(b *testing.B, exe, qemu, n string) {
	var icount uint64
	var ours, qemus time.Duration
	for range b.N {
		if qemu, err := exec.LookPath(qemu); err == nil {
			start := time.Now()
			if out, err := exec.Command(qemu, exe, n).CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			qemus += time.Since(start)
		}
		m, err := linux.New(linux.Config{Path: exe, Args: []string{filepath.Base(exe), n}})
		if err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		if st := m.Run(math.MaxUint64, nil); st.Reason != vm.StopExit {
			b.Fatalf("%s %v", st.Reason, st.Err)
		}
		ours += time.Since(start)
		icount += m.Icount()
		m.Close()
	}
	b.ReportMetric(float64(icount)/ours.Seconds()/1e6, "Minstr/s")
	if qemus > 0 {
		b.ReportMetric(ours.Seconds()/qemus.Seconds(), "x-qemu")
	}
}

// BenchmarkSnapshot measures what a snapshot costs against the pages written
// since the one before, including their copying.
func BenchmarkSnapshot(b *testing.B) {
	exe, err := testdata.Extract(b.TempDir(), "bench_mem")
	if err != nil {
		b.Fatal(err)
	}
	for _, spacing := range []uint64{100_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprintf("spacing=%d", spacing), func(b *testing.B) {
			m, err := linux.New(linux.Config{Path: exe, Args: []string{"bench_mem", "1000000"}})
			if err != nil {
				b.Fatal(err)
			}
			defer m.Close()
			m.Run(10_000_000, nil)
			m.Snapshot()
			var pages int
			var taking time.Duration
			b.ResetTimer()
			for range b.N * 20 {
				m.Run(m.Icount()+spacing, nil)
				start := time.Now()
				pages += len(m.Snapshot().Activity().Written)
				taking += time.Since(start)
			}
			b.ReportMetric(float64(pages)/float64(20*b.N), "pages/snapshot")
			b.ReportMetric(float64(taking.Nanoseconds())/float64(20*b.N), "ns/snapshot")
		})
	}
}
