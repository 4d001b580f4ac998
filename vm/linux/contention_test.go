package linux_test

import (
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// Eight threads that race for everything come to the same end, and through the
// same middle, in each of a hundred replays, whatever pieces they run in.
func TestAHundredReplaysOfContendingThreadsGiveOneState(t *testing.T) {
	for _, arch := range testdata.Arches() {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			g, ok := testdata.LookupFor(arch, "contend_glibc")
			if !ok {
				t.Fatal("no such guest")
			}
			exe := executable(t, g)
			cfg := fixed(linux.Config{Path: exe, Dir: t.TempDir(), NCPU: 8})
			m := start(t, cfg)
			toEnd(t, m)
			log, end, final := m.Log(), m.Icount(), m.Hash()
			if end < 1_000_000 {
				t.Fatalf("it ended after %d instructions: no time to contend", end)
			}
			middle := end / 2
			var half vm.Hash
			for i := range uint64(100) {
				r := replayOf(t, cfg, log)
				rnd := rand.New(rand.NewPCG(i, end))
				for r.Icount() < middle {
					r.Run(min(middle, r.Icount()+1+rnd.Uint64N(end/4)), nil)
				}
				if h := r.Hash(); i == 0 {
					half = h
				} else if h != half {
					t.Fatalf("replay %d has another state at icount %d", i, middle)
				}
				toEnd(t, r)
				if r.Icount() != end || r.Hash() != final {
					t.Fatalf("replay %d ends at icount %d, the recording at %d; states equal: %v", i, r.Icount(), end, r.Hash() == final)
				}
			}
		})
	}
}
