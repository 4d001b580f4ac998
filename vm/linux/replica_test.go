package linux_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

func replica(tb testing.TB, m vm.Machine) vm.Machine {
	tb.Helper()
	r, err := m.Replica()
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// A replica walks its machine's history, from the start to the end and no further.
func TestAReplicaEndsAtTheFrontier(t *testing.T) {
	each(t, func(t *testing.T, g testdata.Guest) {
		half := record(t, g, 0).end / 2
		m := start(t, config(t, g))
		if s := m.Run(half, nil); s.Reason != vm.StopLimit {
			t.Fatal(s)
		}
		want := m.Hash()
		r := replica(t, m)
		if r.Icount() != 0 {
			t.Fatalf("a replica begins at icount %d", r.Icount())
		}
		if s := r.Run(half, nil); s.Reason != vm.StopLimit || s.Icount != half || r.Hash() != want {
			t.Fatalf("to the frontier: %v at %d, same state: %v", s.Reason, s.Icount, r.Hash() == want)
		}
		for range 2 {
			if s := r.Run(half+1, nil); s.Reason != vm.StopEnd || s.Icount != half || r.Hash() != want {
				t.Fatalf("beyond the frontier: %v at %d, same state: %v", s.Reason, s.Icount, r.Hash() == want)
			}
		}
		toEnd(t, m)
		if s := r.Run(endless, nil); s.Reason != vm.StopExit || r.Hash() != m.Hash() {
			t.Fatalf("to the guest's end: %v, same state: %v", s.Reason, r.Hash() == m.Hash())
		}
		if s := r.Run(endless, nil); s.Reason != vm.StopExit {
			t.Fatalf("at the guest's end: %v", s.Reason)
		}
	})
}

// Snapshots of a machine and of its replicas can be restored in each of them, while
// all of them work.
func TestReplicasExchangeSnapshotsWhileTheyRun(t *testing.T) {
	each(t, func(t *testing.T, g testdata.Guest) {
		h := record(t, g, 8)
		m := replayOf(t, h.cfg, h.log)
		toEnd(t, m)
		r := replica(t, m)
		machines := []vm.Machine{m, r, replica(t, r)}
		var mu sync.Mutex
		var shared []vm.Snapshot
		var wg sync.WaitGroup
		for i, x := range machines {
			wg.Add(1)
			go func() {
				defer wg.Done()
				rnd := rand.New(rand.NewPCG(3, uint64(i)))
				if i == 0 { // it is at the end
					return
				}
				for range 12 {
					to := h.points[rnd.IntN(len(h.points))]
					if x.Icount() < to {
						x.Run(to, nil)
						if want, ok := h.hashes[x.Icount()]; ok && x.Hash() != want {
							t.Errorf("the state at icount %d differs", x.Icount())
							return
						}
						sn := x.Snapshot()
						mu.Lock()
						shared = append(shared, sn)
						mu.Unlock()
						continue
					}
					mu.Lock()
					if len(shared) == 0 {
						mu.Unlock()
						continue
					}
					sn := shared[rnd.IntN(len(shared))]
					mu.Unlock()
					x.Restore(sn)
				}
			}()
		}
		wg.Wait()
		for _, sn := range shared {
			for _, x := range machines {
				x.Restore(sn)
				if want, ok := h.hashes[sn.Icount()]; ok && x.Hash() != want {
					t.Fatalf("the state restored at icount %d differs", sn.Icount())
				}
			}
		}
	})
}

// What a replica is told to do it never does to the host: it has none.
func TestAReplicaDoesNotTouchTheHost(t *testing.T) {
	g := lookup(t, "files")
	var o out
	cfg := config(t, g)
	cfg.Output = o.sink
	m := start(t, cfg)
	toEnd(t, m)
	written := o.stdout.String()
	r := replica(t, m).(*linux.Machine)
	if toEnd(t, r); o.stdout.String() != written {
		t.Error("a replica writes to standard output")
	}
	r.Close()
}
