package checkpoint

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// intervals returns the lengths of the intervals between permanent checkpoints.
func intervals(tl *Timeline) (lengths []uint64) {
	prev := uint64(0)
	for _, c := range tl.Checkpoints()[1:] {
		if !c.Temporary {
			lengths = append(lengths, c.Icount-prev)
			prev = c.Icount
		}
	}
	return append(lengths, tl.Frontier()-prev)
}

func TestMemoryStaysWithinTheCapAndIntervalsBounded(t *testing.T) {
	for _, capPages := range []int64{40, 150, 600} {
		t.Run(fmt.Sprint(capPages), func(t *testing.T) {
			const spacing, length = 100, 400_000
			r := rand.New(rand.NewPCG(3, 4))
			cfg := fixedSpacing(spacing)
			cfg.MemoryCap, cfg.DiskCap = capPages*pageSize, -1
			tl := New(newToy(randomProgram(r, length), &vm.Log{}, randomOutside(3)), cfg)
			worst, bound := 0.0, 0.0
			for tl.Frontier() < length {
				tl.Forward(bg, tl.Frontier()+length/50, nil)
				st := tl.Stats()
				if st.Bytes-st.GuestBytes > cfg.MemoryCap {
					t.Fatalf("at %d: %d bytes beyond the guest's, cap %d", tl.Icount(), st.Bytes-st.GuestBytes, cfg.MemoryCap)
				}
				if st.GuestBytes > toyPages*pageSize {
					t.Fatalf("%d bytes said to be the guest's, which has %d", st.GuestBytes, toyPages*pageSize)
				}
				l := intervals(tl)
				even := max(float64(tl.Frontier())/float64(len(l)), spacing)
				for _, n := range l {
					worst = max(worst, float64(n)/even)
				}
				if last := l[max(0, len(l)-2)]; last > 8*spacing {
					t.Errorf("the newest interval is %d long, spacing %d", last, spacing)
				}
				bound = 2 * math.Log(float64(tl.Frontier())/spacing)
			}
			if tl.Stats().Thinned == 0 || len(intervals(tl)) < int(capPages)/20 {
				t.Errorf("%d thinned, %d left", tl.Stats().Thinned, len(intervals(tl)))
			}
			// Twice what the rule promises: checkpoints go one at a time.
			if worst > bound {
				t.Errorf("an interval is %.1f times as long as if all were equal, more than %.1f", worst, bound)
			}
			checkStore(t, tl, "at the end")
		})
	}
}

func TestPinnedCheckpointsAndTheFirstAreKept(t *testing.T) {
	cfg := fixedSpacing(100)
	cfg.MemoryCap, cfg.DiskCap = 20*pageSize, -1
	r := rand.New(rand.NewPCG(3, 4))
	tl := New(newToy(randomProgram(r, 50_000), &vm.Log{}, randomOutside(3)), cfg)
	pins := []uint64{0}
	for range 10 {
		tl.Forward(bg, tl.Icount()+1+r.Uint64N(3000), nil)
		tl.Pin()
		pins = append(pins, tl.Icount())
	}
	tl.Forward(bg, 50_000, nil)
	for range 100 {
		mustSeek(t, tl, r.Uint64N(50_000))
	}
	for _, p := range pins {
		if tl.store.at(p) == nil {
			t.Errorf("the checkpoint at %d is gone", p)
		}
	}
	if tl.Stats().Thinned == 0 {
		t.Errorf("nothing was thinned: %+v", tl.Stats())
	}
}

// Reverse stays useful when the guest alone takes more memory than the cap.
func TestGuestLargerThanTheCapKeepsItsCheckpoints(t *testing.T) {
	cfg := fixedSpacing(1000)
	cfg.MemoryCap, cfg.DiskCap = 4*pageSize, -1
	prog := &toyProgram{threads: 1, length: 16_000} // fills page after page, once
	for p := range uint64(toyPages) {
		for range 1000 {
			prog.ins = append(prog.ins, toyIns{op: opStore, a: 0, b: 1, imm: p * pageSize})
		}
	}
	prog.ins = append(prog.ins, toyIns{op: opExit})
	tl := New(newToy(prog, &vm.Log{}, randomOutside(1)), cfg)
	tl.Forward(bg, 16_000, nil)
	if n := len(tl.Checkpoints()); n < 12 {
		t.Errorf("%d checkpoints, %+v", n, tl.Stats())
	}
}

// A guest that writes to ever other pages, more than the cap has room for: an old
// checkpoint holds nearly all of them, and a few of these must not take the room
// of many that are near.
func TestThinningKeepsCheckpointsNearWhenFarOnesAreLarge(t *testing.T) {
	const spacing = 1e7
	for _, room := range []int64{100, 1000} {
		cfg := fixedSpacing(spacing)
		cfg.MemoryCap, cfg.DiskCap = room*100*pageSize, -1
		m := &sparse{toy: *newToy(steadyProgram(1), &vm.Log{}, nil), pages: 100}
		tl := New(m, cfg)
		for n := range 4000 {
			tl.Forward(bg, tl.Icount()+spacing, nil)
			if st := tl.Stats(); st.Bytes-st.GuestBytes > cfg.MemoryCap {
				t.Fatalf("room for %d: %d bytes beyond the guest's, cap %d", room, st.Bytes-st.GuestBytes, cfg.MemoryCap)
			}
			if l := intervals(tl); n > 10 && (l[len(l)-2] > 2*spacing || l[len(l)-3] > 8*spacing) {
				t.Fatalf("room for %d, at %d: the newest intervals are %d long", room, tl.Icount(), l[len(l)-3:])
			}
		}
		if n := len(intervals(tl)); int64(n) < room/4 {
			t.Errorf("room for %d: only %d checkpoints", room, n)
		}
	}
}

// Around the place that is looked at, checkpoints are kept however long ago it is.
func TestThinningSparesTheNeighbourhood(t *testing.T) {
	v := view{current: 5e6, frontier: 100e6, spacing: 1e6}
	if near, far := v.harm(permanent, 4e6, 5e6, 6e6), v.harm(permanent, 49e6, 50e6, 51e6); near <= far {
		t.Errorf("harm %v where the user looks, %v elsewhere", near, far)
	}
	if new, old := v.harm(permanent, 97e6, 98e6, 99e6), v.harm(permanent, 49e6, 50e6, 51e6); new <= old {
		t.Errorf("harm %v at the frontier, %v in the past", new, old)
	}
	if long, short := v.harm(permanent, 50e6, 54e6, 55e6), v.harm(permanent, 53e6, 54e6, 55e6); long <= short {
		t.Errorf("harm %v for a longer way, %v for a shorter one", long, short)
	}
	if near, far := v.harm(temporary, 5e6-100, 5e6-50, 5e6-10), v.harm(temporary, 98e6, 98.5e6, 99e6); near <= far {
		t.Errorf("harm %v for a temporary checkpoint that is near, %v far", near, far)
	}
}
