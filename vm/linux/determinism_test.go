package linux_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// history is a guest's straight run: the hash at some positions of it.
type history struct {
	cfg    linux.Config
	log    *vm.Log
	end    uint64
	final  vm.Hash
	points []uint64 // ascending
	hashes map[uint64]vm.Hash
}

// record runs a guest in one piece, and once more, replaying, to take the
// hashes at n random positions and at the last ones.
func record(t *testing.T, g testdata.Guest, n int) *history {
	t.Helper()
	return recordConfig(t, config(t, g), n)
}

func recordConfig(t *testing.T, cfg linux.Config, n int) *history {
	t.Helper()
	h := &history{cfg: cfg, hashes: map[uint64]vm.Hash{}}
	m := start(t, h.cfg)
	toEnd(t, m)
	h.log, h.end, h.final = m.Log(), m.Icount(), m.Hash()

	rnd := rand.New(rand.NewPCG(1, h.end))
	for range n {
		h.points = append(h.points, rnd.Uint64N(h.end))
	}
	for i := range uint64(5) {
		h.points = append(h.points, h.end-min(i, h.end))
	}
	slices.Sort(h.points)
	h.points = slices.Compact(h.points)
	r := replayOf(t, h.cfg, h.log)
	for _, p := range h.points {
		r.Run(p, nil)
		if r.Icount() != p {
			t.Fatalf("Run to %d arrives at %d", p, r.Icount())
		}
		h.hashes[p] = r.Hash()
	}
	if h.hashes[h.end] != h.final {
		t.Fatal("the replay's final state differs from the live run's")
	}
	return h
}

func (h *history) check(t *testing.T, m *linux.Machine, how string) {
	t.Helper()
	want, ok := h.hashes[m.Icount()]
	if ok && m.Hash() != want {
		t.Fatalf("%s: the state at icount %d differs from the straight run's", how, m.Icount())
	}
}

// walked are the guests whose histories the properties are tested on.
var walked = []string{"arith", "recurse", "threads", "signals", "signals_more", "stdin", "files", "sleepy", "selfmod", "abort",
	"crash", "hello_glibc", "pthread_glibc", "gohello", "forks", "programs"}

// everywhere calls f in parallel with the guests of these names for each
// architecture that has them.
func everywhere(t *testing.T, names []string, f func(t *testing.T, g testdata.Guest)) {
	for _, arch := range testdata.Arches() {
		for _, name := range names {
			g, ok := testdata.LookupFor(arch, name)
			if !ok {
				continue
			}
			t.Run(arch+"/"+name, func(t *testing.T) {
				t.Parallel()
				f(t, g)
			})
		}
	}
}

func each(t *testing.T, f func(t *testing.T, g testdata.Guest)) {
	everywhere(t, walked, f)
}

func TestReplayInChunksOfAnySizeGivesTheSameStates(t *testing.T) {
	each(t, func(t *testing.T, g testdata.Guest) {
		record(t, g, 20).inChunks(t, 977, 49_999, 50_000, 1_000_003)
	})
}

// inChunks replays the history in chunks of each of the sizes.
func (h *history) inChunks(t *testing.T, sizes ...uint64) {
	t.Helper()
	for _, chunk := range sizes {
		m := replayOf(t, h.cfg, h.log)
		next := 0
		for m.Icount() < h.end {
			until := min(m.Icount()+chunk, h.end)
			if next < len(h.points) {
				until = min(until, h.points[next])
			}
			if s := m.Run(until, nil); m.Icount() != until {
				t.Fatalf("chunks of %d: Run to %d stops at %d: %v %v", chunk, until, s.Icount, s.Reason, s.Err)
			}
			h.check(t, m, fmt.Sprintf("chunks of %d", chunk))
			for next < len(h.points) && h.points[next] <= m.Icount() {
				next++
			}
		}
	}
}

// A guest's whole history, one instruction at a time, is the history in one
// piece.
func TestSingleSteppingIsTheStraightRun(t *testing.T) {
	everywhere(t, []string{"crash", "abort", "steps", "signals_more", "stdin", "threads", "files", "selfmod"}, func(t *testing.T, g testdata.Guest) {
		h := record(t, g, 50)
		m := replayOf(t, h.cfg, h.log)
		for m.Icount() < h.end {
			before := m.Icount()
			if s := m.Run(before+1, nil); m.Icount() != before+1 || s.Reason != vm.StopLimit {
				t.Fatalf("a step from %d arrives at %d: %v %v", before, m.Icount(), s.Reason, s.Err)
			}
			h.check(t, m, "single-stepped")
		}
		if m.Hash() != h.final {
			t.Error("the final state differs")
		}
	})
}

// Restoring any snapshot and replaying to any later position gives that
// position's state, with breakpoints and watchpoints or without.
func TestRestoreAndReplayGivesTheSameStates(t *testing.T) {
	each(t, func(t *testing.T, g testdata.Guest) {
		h := record(t, g, 30)
		m := replayOf(t, h.cfg, h.log)
		rnd := rand.New(rand.NewPCG(2, h.end))
		snaps := []vm.Snapshot{m.Snapshot()}
		for range 60 {
			if rnd.IntN(2) == 0 {
				m.Restore(snaps[rnd.IntN(len(snaps))])
			}
			i, found := slices.BinarySearch(h.points, m.Icount())
			if found {
				i++
			}
			if i == len(h.points) {
				m.Restore(snaps[0])
				i = 0
			}
			to := h.points[min(i+rnd.IntN(3), len(h.points)-1)]
			var stops *vm.Stops
			if rnd.IntN(2) == 0 {
				stops = disturbing(m, rnd)
			}
			for m.Icount() < to {
				if s := m.Run(to, stops); s.Reason == vm.StopError || s.Reason == vm.StopExit {
					t.Fatalf("%v at %d: %v", s.Reason, s.Icount, s.Err)
				}
			}
			h.check(t, m, "after restores")
			snaps = append(snaps, m.Snapshot())
		}
	})
}

// disturbing is a set of stops that makes the machine take other paths: some
// ignored by a filter, some real.
func disturbing(m *linux.Machine, rnd *rand.Rand) *vm.Stops {
	pc := m.Reg(m.CurrentThread(), m.Arch().PC)
	sp := m.Reg(m.CurrentThread(), m.Arch().SP)
	s := &vm.Stops{
		Breaks:  vm.NewBreaks(pc, pc+8, m.Image().Entry, m.LastPC(m.CurrentThread())),
		Watches: []vm.Watch{{Addr: sp - 16, Size: 24, Write: true, Read: rnd.IntN(2) == 0}},
		Signals: rnd.IntN(2) == 0,
		AtStart: false,
	}
	n := 0
	s.Filter = func(*vm.Stop) bool { n++; return n%512 == 0 }
	return s
}

// sameWorld reports whether a guest gets the same inputs in every live run. Not
// so files, whose fstat tells the time, and stdin: how long its input takes to
// arrive is an input, and not nothing on a busy host.
func sameWorld(guest string) bool { return guest != "files" && guest != "stdin" }

// A live run in pieces, with snapshots, makes the same history as one in one
// piece: a session's timeline does not change what the program does.
func TestLiveRunInPiecesMakesTheSameHistory(t *testing.T) {
	everywhere(t, []string{"threads", "signals", "stdin", "files", "pthread_glibc"}, func(t *testing.T, g testdata.Guest) {
		h := record(t, g, 10)
		cfg := h.cfg
		cfg.Stdin = config(t, g).Stdin
		m := start(t, cfg)
		rnd := rand.New(rand.NewPCG(3, 3))
		for {
			s := m.Run(m.Icount()+1+rnd.Uint64N(5000), nil)
			m.Snapshot()
			if s.Reason == vm.StopExit {
				break
			}
			if s.Reason != vm.StopLimit {
				t.Fatal(s.Reason, s.Err)
			}
		}
		if m.Icount() != h.end || sameWorld(g.Name) && m.Hash() != h.final {
			t.Errorf("ends at %d with hash %x, in one piece at %d with %x", m.Icount(), m.Hash(), h.end, h.final)
		}
	})
}

// Going back from the frontier and forward again goes on live where it was.
func TestGoingLiveAgainAfterARestore(t *testing.T) {
	everywhere(t, []string{"stdin", "files", "threads"}, func(t *testing.T, g testdata.Guest) {
		h := record(t, g, 0)
		var o out
		cfg := h.cfg
		cfg.Stdin, cfg.Output = config(t, g).Stdin, o.sink
		m := start(t, cfg)
		rnd := rand.New(rand.NewPCG(4, 4))
		snaps := []vm.Snapshot{m.Snapshot()}
		for live := uint64(0); ; live += 1 + rnd.Uint64N(h.end/10) {
			s := m.Run(max(live, m.Icount()+1), nil)
			if s.Reason == vm.StopExit {
				break
			}
			if s.Reason != vm.StopLimit {
				t.Fatal(s.Reason, s.Err)
			}
			snaps = append(snaps, m.Snapshot())
			m.Restore(snaps[rnd.IntN(len(snaps))])
		}
		if m.Icount() != h.end || sameWorld(g.Name) && m.Hash() != h.final {
			t.Errorf("ends at %d, a straight run at %d", m.Icount(), h.end)
		}
		if o.stdout.String() != g.Expect() {
			t.Errorf("standard output:\n%s\nwant:\n%s", o.stdout.String(), g.Expect())
		}
	})
}

// The multi-threaded Go guest with timers and preemption, in big strides.
func TestGoThreadsReplay(t *testing.T) {
	if testing.Short() {
		t.Skip("44 million instructions, several times")
	}
	everywhere(t, []string{"gothreads"}, func(t *testing.T, g testdata.Guest) {
		h := record(t, g, 8)
		m := replayOf(t, h.cfg, h.log)
		first := m.Snapshot()
		for _, p := range h.points {
			m.Run(p, nil)
			h.check(t, m, "straight")
		}
		m.Restore(first)
		if s := m.Run(math.MaxUint64, nil); s.Reason != vm.StopExit || m.Hash() != h.final {
			t.Error("the second replay ends otherwise")
		}
	})
}

// Machines that replay the same history may run on several goroutines, share its
// log and restore each other's snapshots.
func TestReplayingMachinesShareLogAndSnapshots(t *testing.T) {
	t.Parallel()
	h := record(t, lookup(t, "threads"), 6)
	m := replayOf(t, h.cfg, h.log)
	var snaps []vm.Snapshot
	for _, p := range h.points {
		m.Run(p, nil)
		snaps = append(snaps, m.Snapshot())
	}
	var wg sync.WaitGroup
	for range 3 {
		other := replayOf(t, h.cfg, h.log)
		wg.Go(func() {
			for _, s := range slices.Backward(snaps) {
				other.Restore(s)
				if other.Hash() != h.hashes[s.Icount()] {
					t.Errorf("restored at %d: another state", s.Icount())
				}
				if other.Run(h.end, nil); other.Hash() != h.final {
					t.Errorf("replayed from %d: another end", s.Icount())
				}
			}
		})
	}
	wg.Wait()
}
