package checkpoint

import (
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// What is known to be quiet is so for each byte and way of access that it covers.
func TestQuietTellsTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	const bytes = 24
	random := func() vm.Watch {
		for {
			w := vm.Watch{Addr: r.Uint64N(bytes), Size: 1 + r.Uint64N(8), Read: r.IntN(2) == 0, Write: r.IntN(2) == 0}
			if w.Addr+w.Size <= bytes && (w.Read || w.Write) {
				return w
			}
		}
	}
	type model struct {
		q           quiet
		read, write [bytes]bool // known to be quiet
	}
	check := func(m *model) {
		t.Helper()
		if len(m.q) > mostQuiet {
			t.Fatalf("%d entries", len(m.q))
		}
		for range 20 {
			w := random()
			if !m.q.covers(&w) {
				continue
			}
			for a := w.Addr; a < w.Addr+w.Size; a++ {
				if w.Read && !m.read[a] || w.Write && !m.write[a] {
					t.Fatalf("%+v covers %+v", m.q, w)
				}
			}
		}
	}
	for range 2000 {
		var m [2]model
		for i := range m {
			for range r.IntN(12) {
				w := random()
				before := m[i].q
				m[i].q = m[i].q.with(w)
				if !m[i].q.covers(&w) {
					t.Fatalf("%+v with %+v is %+v", before, w, m[i].q)
				}
				for a := w.Addr; a < w.Addr+w.Size; a++ {
					m[i].read[a], m[i].write[a] = m[i].read[a] || w.Read, m[i].write[a] || w.Write
				}
			}
			check(&m[i])
		}
		both := model{q: m[0].q.and(m[1].q)}
		for a := range bytes {
			both.read[a], both.write[a] = m[0].read[a] && m[1].read[a], m[0].write[a] && m[1].write[a]
		}
		check(&both)
	}
}

// The page is written all the time, the word that is watched never: the second
// search knows.
func TestASecondSearchInVainReplaysLittle(t *testing.T) {
	for _, workers := range []int{1, 3} {
		tl, _ := hunting(t, 200_000, workers)
		end := tl.Icount()
		never := watchWrites(loopWord + 0x800)
		first := replayedBy(tl, func() { mustBack(t, tl, 0, never) })
		mustSeek(t, tl, end)
		second := replayedBy(tl, func() { mustBack(t, tl, 0, never) })
		if first < 150_000 || second > 5000 {
			t.Errorf("%d workers: first %d instructions replayed, then %d", workers, first, second)
		}
		if n := replayedBy(tl, func() { tl.Forward(bg, end, never) }); n > 5000 {
			t.Errorf("%d workers: forward %d instructions replayed", workers, n)
		}
		// Another word of the page is another question, and reading another still.
		mustSeek(t, tl, end)
		if s := mustBack(t, tl, 0, watchWrites(loopWord+5)); s.Reason != vm.StopWatch {
			t.Errorf("%d workers: %+v", workers, s)
		}
		reads := &vm.Stops{Watches: []vm.Watch{{Addr: loopWord + 0x800, Size: 8, Read: true, Write: true}}}
		mustSeek(t, tl, end)
		if s := mustBack(t, tl, 0, reads); s.Reason != vm.StopLimit {
			t.Errorf("%d workers: %+v", workers, s)
		}
		// Dropping checkpoints merges what is known of the intervals.
		mustSeek(t, tl, end)
		for i := len(tl.store.list) - 1; i > 0; i -= 2 {
			if c := tl.store.list[i]; c != tl.base && c.held == 0 {
				tl.store.drop(i)
			}
		}
		if n := replayedBy(tl, func() { mustBack(t, tl, 0, never) }); n > 10_000 {
			t.Errorf("%d workers: with fewer checkpoints %d instructions replayed", workers, n)
		}
	}
}
