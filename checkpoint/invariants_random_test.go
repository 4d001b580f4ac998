package checkpoint_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// The invariants hold for programs that nobody would write, too.
func TestRandomProgramsKeepTheInvariants(t *testing.T) {
	t.Parallel()
	for i := range scale(40) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			r := random(t, 1000+uint64(i))
			f := findTruth(t, randomProgram(r))
			t.Logf("%d instructions, %d inputs", f.end, f.log.Len())

			w := &stroll{T: t, truth: f, r: r, m: replayer(t, f.cfg, f.log)}
			w.walk(60)
			w = &stroll{T: t, truth: f, r: r, m: boot(t, f.cfg)}
			w.walk(30)
			w.m.ClearInterrupt()
			if s := w.m.Run(math.MaxUint64, nil); s.Reason != vm.StopExit || w.m.Icount() != f.end {
				t.Errorf("ends with %+v, want %d", s, f.end)
			}
			w.check(t, w.m, "at the end")

			x := lookAt(t, f, f.points[r.IntN(len(f.points))], 100)
			if x.end() > x.from {
				m := replayer(t, f.cfg, f.log)
				spacing := 20 + r.Uint64N(f.end)
				x.compare(t, r, checkpoint.New(m, checkpoint.Config{MinSpacing: spacing, MaxSpacing: spacing}), m)
			}
		})
	}
}
