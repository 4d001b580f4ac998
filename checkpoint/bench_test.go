package checkpoint

import (
	"errors"
	"fmt"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// sparse is a machine without a guest: running it costs nothing and dirties
// pages, so that what is measured is the timeline's bookkeeping.
type sparse struct {
	toy
	at    uint64
	pages int
}

type sparseSnapshot struct {
	at    uint64
	dirty []uint64
}

func (s sparseSnapshot) Icount() uint64         { return s.at }
func (s sparseSnapshot) Activity() *vm.Activity { return &vm.Activity{Written: s.dirty} }
func (s sparseSnapshot) Save(vm.Snapshot, vm.PageStore) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

func (s sparseSnapshot) Overhead() int { return 1000 }

func (m *sparse) Icount() uint64                { return m.at }
func (m *sparse) Exited() (vm.ExitStatus, bool) { return vm.ExitStatus{}, false }
func (m *sparse) Restore(s vm.Snapshot)         { m.at = s.Icount() }
func (m *sparse) Run(until uint64, _ *vm.Stops) vm.Stop {
	m.at = until
	m.log.Reached(until)
	return vm.Stop{Icount: until}
}

func (m *sparse) Snapshot() vm.Snapshot {
	s := sparseSnapshot{at: m.at, dirty: make([]uint64, m.pages)}
	for i := range s.dirty {
		// Half are always the same, half move on.
		s.dirty[i] = uint64(i)
		if i >= m.pages/2 {
			s.dirty[i] += m.at / 1e7 % 1000 * uint64(m.pages/2)
		}
	}
	return s
}

// BenchmarkBookkeeping is the cost of a checkpoint beside the machine's own, at
// the default spacing: ns/op is per checkpoint, and must be small against the
// 40 ms that an interval takes. The cap, with room for so many checkpoints of
// pages that are written in every interval, is reached from the start.
func BenchmarkBookkeeping(b *testing.B) {
	for _, pages := range []int{100, 1000, 6000} {
		for _, room := range []int{500, 5000} {
			b.Run(fmt.Sprintf("pages=%d/room=%d", pages, room), func(b *testing.B) {
				cfg := fixedSpacing(1e7)
				cfg.MemoryCap = int64(room) * int64(pages) / 2 * pageSize
				m := &sparse{toy: *newToy(steadyProgram(1), &vm.Log{}, nil), pages: pages}
				tl := New(m, cfg)
				for tl.Stats().Thinned < 100 {
					tl.Forward(bg, tl.Icount()+1e7, nil)
				}
				b.ResetTimer()
				for b.Loop() {
					tl.Forward(bg, tl.Icount()+1e7, nil)
				}
				b.ReportMetric(float64(len(tl.store.list)), "checkpoints")
			})
		}
	}
}

// BenchmarkStep is what the timeline adds to a step of one instruction.
func BenchmarkStep(b *testing.B) {
	m := &sparse{toy: *newToy(steadyProgram(1), &vm.Log{}, nil), pages: 10}
	tl := New(m, Config{})
	tl.Forward(bg, 1e9, nil)
	b.Run("forward", func(b *testing.B) {
		for b.Loop() {
			tl.Forward(bg, tl.Icount()+1, nil)
		}
	})
	b.Run("back", func(b *testing.B) {
		for b.Loop() {
			mustSeek(b, tl, tl.Icount()-1)
		}
	})
}
