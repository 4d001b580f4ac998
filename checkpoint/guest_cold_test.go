package checkpoint_test

import (
	"math"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Where there is room for few checkpoints in memory the others are saved, and every
// position of a real program is what it was when it is reached from one of these.
func TestColdCheckpointsOfRealPrograms(t *testing.T) {
	for _, p := range []struct{ arch, name string }{
		{testdata.RISCV64, "gohello"},
		{testdata.AMD64, "pthread_glibc"},
		{testdata.AMD64, "forks"},
	} {
		t.Run(p.arch+"/"+p.name, func(t *testing.T) {
			t.Parallel()
			f := truthOf(t, p.arch, p.name)
			r := random(t, f.end+11)
			spacing := max(f.end/200, 100)
			m := replayer(t, f.cfg, f.log)
			tl := checkpoint.New(m, checkpoint.Config{MinSpacing: spacing, MaxSpacing: spacing, MemoryCap: 256 << 10})
			t.Cleanup(tl.Close)
			if s := tl.Forward(t.Context(), math.MaxUint64, nil); s.Reason != vm.StopExit {
				t.Fatalf("%+v", s)
			}
			cold := 0
			for range scale(20) {
				if err := tl.Seek(t.Context(), f.points[r.IntN(len(f.points))]); err != nil {
					t.Fatal(err)
				}
				f.check(t, m, "from a saved checkpoint")
				cold = max(cold, tl.Stats().Cold)
			}
			if st := tl.Stats(); cold == 0 || st.Thinned > 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}
