package checkpoint_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// write is what a guest writes at a position.
type write struct {
	at   uint64
	text string
}

// talker is the history of a guest that writes a lot, and what is heard of it.
type talker struct {
	*checkpoint.Timeline
	m      *linux.Machine
	writes []write // all, in order
	heard  []write // since it was emptied last
}

func newTalker(t *testing.T, arch string, cfg checkpoint.Config) *talker {
	t.Helper()
	g, ok := testdata.LookupFor(arch, "steps")
	if !ok {
		t.Fatal("no such guest")
	}
	x := &talker{}
	m, err := linux.New(linux.Config{Path: "/steps", File: g.Bin(), Dir: "/", Output: func(_ int, at uint64, p []byte) {
		x.writes = append(x.writes, write{at, string(p)})
	}})
	if err != nil {
		t.Fatal(err)
	}
	x.m, x.Timeline = m, checkpoint.New(m, cfg)
	t.Cleanup(func() { x.Close(); m.Close() })
	if s := x.Forward(t.Context(), math.MaxUint64, nil); s.Reason != vm.StopExit || len(x.writes) < 10 {
		t.Fatalf("%v: %v, after %d writes", s.Reason, s.Err, len(x.writes))
	}
	m.Echo(func(_ int, at uint64, p []byte) { x.heard = append(x.heard, write{at, string(p)}) })
	return x
}

// between are the writes that instructions in [from, to) make.
func (x *talker) between(from, to uint64) (list []write) {
	for _, w := range x.writes {
		if from <= w.at && w.at < to {
			list = append(list, w)
		}
	}
	return list
}

// stretch is a random one: from one position to another.
func (x *talker) stretch(r *rand.Rand) (from, to uint64) {
	from, to = r.Uint64N(x.Frontier()+1), r.Uint64N(x.Frontier()+1)
	if r.IntN(2) == 0 { // around a write
		from = x.writes[r.IntN(len(x.writes))].at + r.Uint64N(2)
	}
	return min(from, to), max(from, to)
}

// quietly goes to a position, of which nothing is to be heard.
func (x *talker) quietly(t *testing.T, to uint64) {
	t.Helper()
	if err := x.Seek(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	x.heard = nil
}

func eachTalker(t *testing.T, f func(t *testing.T, x *talker, r *rand.Rand)) {
	for _, arch := range testdata.Arches() {
		t.Run(arch, func(t *testing.T) {
			f(t, newTalker(t, arch, checkpoint.Config{MinSpacing: 300, MaxSpacing: 300}), rand.New(rand.NewPCG(5, 17)))
		})
	}
}

func TestReplayIsHeardWhollyAndOnce(t *testing.T) {
	eachTalker(t, func(t *testing.T, x *talker, r *rand.Rand) {
		for range 60 {
			from, to := x.stretch(r)
			x.quietly(t, to)
			want := x.m.Hash()
			x.quietly(t, from)
			if err := x.Replay(t.Context(), to); err != nil {
				t.Fatal(err)
			}
			if x.Icount() != to || x.m.Hash() != want {
				t.Fatalf("from %d to %d: at %d, or otherwise there", from, to, x.Icount())
			}
			if want := x.between(from, to); !slices.Equal(x.heard, want) {
				t.Fatalf("from %d to %d: heard %v, expected %v", from, to, x.heard, want)
			}
		}
	})
}

func TestReplayThatCannotBeLeavesTheMachineWhereItWas(t *testing.T) {
	eachTalker(t, func(t *testing.T, x *talker, r *rand.Rand) {
		end := x.Frontier()
		x.quietly(t, end/2)
		want := x.m.Hash()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		midway, stop := context.WithCancel(t.Context())
		x.m.Echo(func(_ int, _ uint64, _ []byte) { stop() })
		for name, c := range map[string]struct {
			ctx context.Context
			to  uint64
			is  error // nil: any
		}{
			"beyond the frontier": {t.Context(), end + 1, checkpoint.ErrBeyondFrontier},
			"at infinity":         {t.Context(), math.MaxUint64, checkpoint.ErrBeyondFrontier},
			"backward":            {t.Context(), end/2 - 1, nil},
			"cancelled before":    {over, end, checkpoint.ErrCancelled},
			"cancelled midway":    {midway, end, checkpoint.ErrCancelled},
		} {
			err := x.Replay(c.ctx, c.to)
			if err == nil || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%s: %v", name, err)
			}
			if x.Icount() != end/2 || x.m.Hash() != want {
				t.Errorf("%s: at %d, not %d any more", name, x.Icount(), end/2)
			}
		}
		if err := x.Replay(t.Context(), end/2); err != nil || x.m.Hash() != want {
			t.Errorf("to where it is: %v", err)
		}
	})
}

// However the way forward is gone, with stops and without, all that is to be heard is.
func TestForwardIsHeardFromWhereItIsAskedFor(t *testing.T) {
	eachTalker(t, func(t *testing.T, x *talker, r *rand.Rand) {
		passed := 0
		for n := range 90 {
			from, to := x.stretch(r)
			x.quietly(t, from)
			hear := []uint64{0, from, from + r.Uint64N(to-from+1), to, math.MaxUint64}[r.IntN(5)]
			x.Hear(hear)
			var stops *vm.Stops
			switch r.IntN(3) {
			case 0:
				stops = &vm.Stops{Breaks: vm.NewBreaks(0x1234)} // nowhere
			case 1:
				stops = &vm.Stops{Watches: []vm.Watch{{Addr: x.m.Reg(x.m.CurrentThread(), x.m.Arch().SP), Size: 8, Write: true}}, Filter: func(*vm.Stop) bool { return false }}
			}
			s := x.Forward(t.Context(), to, stops)
			x.Hear(math.MaxUint64)
			if s.Reason != vm.StopLimit || s.Icount != to {
				t.Fatalf("way %d from %d to %d: %v at %d: %v", n, from, to, s.Reason, s.Icount, s.Err)
			}
			want := x.between(max(from, hear), to)
			got := slices.DeleteFunc(slices.Clone(x.heard), func(w write) bool { return w.at < hear })
			if !slices.Equal(got, want) {
				t.Fatalf("way %d from %d to %d, to be heard from %d: heard %v, expected %v", n, from, to, hear, got, want)
			}
			if hear == math.MaxUint64 && len(x.heard) < len(x.between(from, to)) {
				passed++
			}
		}
		if passed == 0 {
			t.Error("where nobody listens nothing is passed over")
		}
	})
}
