package checkpoint_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// sought are random stops for a whole history: for what happens in it, now and then
// for what does not.
func (f *truth) sought(r *rand.Rand) *vm.Stops {
	s := &vm.Stops{Signals: r.IntN(6) == 0, Switches: r.IntN(8) == 0, Maps: r.IntN(6) == 0, Anywhere: true}
	if r.IntN(2) == 0 {
		var addrs []uint64
		for range 1 + r.IntN(3) {
			pc := f.pcs[r.IntN(len(f.pcs))]
			if r.IntN(4) == 0 {
				pc += 2 * r.Uint64N(64)
			}
			addrs = append(addrs, pc)
		}
		s.Breaks = vm.NewBreaks(addrs...)
	}
	for range r.IntN(3) {
		if len(f.datas) == 0 {
			break
		}
		s.Watches = append(s.Watches, vm.Watch{
			Addr: f.datas[r.IntN(len(f.datas))] + r.Uint64N(200) - 100, Size: 1 + r.Uint64N(16),
			Write: r.IntN(3) != 0, Read: r.IntN(3) == 0,
		})
	}
	switch k := 1 + r.Uint64N(50); r.IntN(4) {
	case 0:
		s.Filter = func(stop *vm.Stop) bool { return mixed(stop.Icount+uint64(stop.Reason))%k == 0 }
	case 1: // a condition that looks at the guest
		s.Filter = func(stop *vm.Stop) bool {
			m := stop.Machine
			return mixed(m.Reg(m.CurrentThread(), m.Arch().SP)>>4+m.Reg(m.CurrentThread(), m.Arch().Ret))%k == 0
		}
	}
	return s
}

// searchAllWays makes n random searches in all ways, in both directions: those that
// use the index and several machines find what the plain search of all intervals
// finds.
func (f *truth) searchAllWays(t *testing.T, r *rand.Rand, n int) {
	t.Helper()
	ctx := context.Background()
	var lines [3]*checkpoint.Timeline
	for i := range lines {
		spacing := max(f.end/uint64(20+r.IntN(60)), 50)
		lines[i] = checkpoint.New(replayer(t, f.cfg, f.log), checkpoint.Config{
			MinSpacing: spacing, MaxSpacing: spacing, Workers: []int{1, 1, 3}[i], MemoryCap: 4 << 20 << r.IntN(8),
		})
		if i == 0 {
			lines[i].SearchBlindly()
		} else {
			lines[i].SearchEagerly()
		}
		lines[i].Forward(ctx, f.end, nil)
	}
	for range n {
		from, lower := f.end-r.Uint64N(f.end/2), uint64(0)
		if r.IntN(3) == 0 {
			lower = r.Uint64N(from)
		}
		stops := f.sought(r)
		var want [2]vm.Stop
		for i, tl := range lines {
			how := fmt.Sprintf("way %d, back from %d to %d with %s", i, from, lower, describe(stops))
			if err := tl.Seek(ctx, from); err != nil {
				t.Fatal(err)
			}
			back, err := tl.Back(ctx, lower, stops)
			if err != nil {
				t.Fatalf("%s: %v", how, err)
			}
			f.check(t, tl.Machine(), how)
			forward := tl.Forward(ctx, from, stops)
			f.check(t, tl.Machine(), how+", and forward again")
			if forward.Reason == vm.StopLimit {
				forward.At = 0 // says nothing
			}
			if got := [2]vm.Stop{back, forward}; i == 0 {
				want = got
			} else if got != want {
				t.Fatalf("%s, and forward again: %+v, want %+v", how, got, want)
			}
		}
	}
	st := lines[1].Stats()
	t.Logf("%d intervals skipped, there are %d", st.Skipped, st.Checkpoints)
}

func TestAllSearchesFindTheSameInGuests(t *testing.T) {
	t.Parallel()
	each(t, everyKind, func(t *testing.T, f *truth) {
		n := 8
		if f.end > 5e6 {
			n = 2
		}
		f.searchAllWays(t, random(t, f.end+9), scale(n))
	})
}

func TestAllSearchesFindTheSameInRandomPrograms(t *testing.T) {
	t.Parallel()
	for i := range scale(16) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			r := random(t, 2000+uint64(i))
			findTruth(t, randomProgram(r)).searchAllWays(t, r, 12)
		})
	}
}
