package checkpoint_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// reverseContinue stops at the latest earlier hit, never another one: compared
// with looking at each position of a window one by one.

// window is a stretch of a history that has been looked at one position at a
// time.
type window struct {
	*truth
	m        *linux.Machine
	from     uint64
	snaps    []vm.Snapshot // at from, from+1, …
	pcs      []uint64      // PC at each
	retired  []bool        // an instruction, no tick, leads on from there
	accesses []access
}

// access is one that a watch on all memory has seen.
type access struct {
	at         uint64 // position before the instruction or tick
	addr, size uint64
	write      bool
}

func (w *window) end() uint64 { return w.from + uint64(len(w.snaps)) - 1 }

// lookAt makes a window of n positions around an event.
func lookAt(t *testing.T, f *truth, event, n uint64) *window {
	t.Helper()
	w := &window{truth: f, m: replayer(t, f.cfg, f.log), from: event - min(event, n/2)}
	m := w.m
	m.Run(w.from, nil)
	for {
		th := m.CurrentThread()
		pc := m.Reg(th, m.Arch().PC)
		w.snaps, w.pcs = append(w.snaps, m.Snapshot()), append(w.pcs, pc)
		if m.Icount() == min(w.from+n, f.end) {
			break
		}
		last, count := m.LastPC(th), counter(m, th)
		m.Run(m.Icount()+1, nil)
		// A jump to itself is none of these programs' instructions, but one that
		// repeats counts.
		w.retired = append(w.retired, m.LastPC(th) == pc && (last != pc || counter(m, th) != count))
	}

	// All accesses, as one Run over the window sees them.
	var all []vm.Watch
	m.Restore(w.snaps[0])
	for i := 0; i < len(w.snaps); i += max(len(w.snaps)-1, 1) {
		m.Restore(w.snaps[i])
		for _, v := range m.Mappings() {
			if v.Read && v.End-v.Start <= 16<<20 {
				all = append(all, vm.Watch{Addr: v.Start, Size: v.End - v.Start, Read: true, Write: true})
			}
		}
	}
	m.Restore(w.snaps[0])
	m.Run(w.end(), &vm.Stops{AtStart: true, Watches: all, Filter: func(s *vm.Stop) bool {
		w.accesses = append(w.accesses, access{s.At, s.Addr, s.Size, s.Write})
		return false
	}})
	return w
}

// counter is what instructions that repeat count down.
func counter(m *linux.Machine, t vm.ThreadID) uint64 {
	if r, ok := m.Arch().RegByName("rcx"); ok {
		return m.Reg(t, r)
	}
	return 0
}

// hit is what stops stop at, at position at; nil for nothing.
func (w *window) hit(at uint64, stops *vm.Stops) *vm.Stop {
	s := *stops
	s.AtStart = true
	w.m.Restore(w.snaps[at-w.from])
	stop := w.m.Run(at+1, &s)
	if stop.Reason == vm.StopLimit {
		return nil
	}
	return &stop
}

// hits are all that stops stop at in the window, by position. It compares them
// with the instructions and accesses that are known to be there.
func (w *window) hits(t *testing.T, stops *vm.Stops) map[uint64]*vm.Stop {
	t.Helper()
	list := map[uint64]*vm.Stop{}
	for at := w.from; at < w.end(); at++ {
		if s := w.hit(at, stops); s != nil {
			list[at] = s
		}
	}
	if stops.Filter != nil {
		return list
	}
	for at := w.from; at < w.end(); at++ {
		i, s := at-w.from, list[at]
		isBreak := stops.Breaks.Has(w.pcs[i])
		if isBreak && w.retired[i] && (s == nil || s.Reason != vm.StopBreak) || s != nil && s.Reason == vm.StopBreak && !isBreak {
			t.Errorf("at %d, pc %#x: %+v with %s", at, w.pcs[i], s, describe(stops))
		}
		touched := slices.ContainsFunc(w.accesses, func(a access) bool {
			return a.at == at && slices.ContainsFunc(stops.Watches, func(x vm.Watch) bool {
				return a.addr < x.Addr+x.Size && x.Addr < a.addr+a.size && (a.write && x.Write || !a.write && x.Read)
			})
		})
		if touched != (s != nil && s.Reason == vm.StopWatch) && (s == nil || s.Reason == vm.StopWatch) {
			t.Errorf("at %d, pc %#x: %+v, accessed: %v, with %s", at, w.pcs[i], s, touched, describe(stops))
		}
		if s == nil && w.changes(at, stops.Watches) {
			t.Errorf("at %d, pc %#x, watched memory changes without a hit of %s", at, w.pcs[i], describe(stops))
		}
	}
	return list
}

// changes reports whether memory watched for writes differs after a position.
func (w *window) changes(at uint64, watches []vm.Watch) bool {
	m := w.m
	read := func(at uint64) (all []byte) {
		m.Restore(w.snaps[at-w.from])
		for _, x := range watches {
			if x.Write {
				b := make([]byte, x.Size)
				all = append(all, b[:m.ReadMemory(x.Addr, b)]...)
			}
		}
		return all
	}
	before := read(at)
	if remaps(m, m.CurrentThread()) {
		return false
	}
	return len(before) > 0 && !slices.Equal(before, read(at+1))
}

// stops asks for random things that happen in the window.
func (w *window) stops(r *rand.Rand) *vm.Stops {
	s := &vm.Stops{Signals: r.IntN(4) == 0}
	if r.IntN(2) == 0 {
		var addrs []uint64
		for range 1 + r.IntN(4) {
			addrs = append(addrs, w.pcs[r.IntN(len(w.pcs))])
		}
		s.Breaks = vm.NewBreaks(addrs...)
	}
	for range r.IntN(3) {
		x := w.watch(r)
		if len(w.accesses) > 0 && r.IntN(4) != 0 {
			a := w.accesses[r.IntN(len(w.accesses))]
			x = vm.Watch{Addr: a.addr + r.Uint64N(a.size), Size: 1 + r.Uint64N(8), Write: a.write || r.IntN(4) == 0, Read: !a.write || r.IntN(4) == 0}
		}
		s.Watches = append(s.Watches, x)
	}
	if k := 1 + r.Uint64N(12); r.IntN(3) == 0 {
		s.Filter = func(stop *vm.Stop) bool { return mixed(stop.Icount+uint64(stop.Reason))%k == 0 }
	}
	return s
}

// sameHit compares what a search found with what is at its position. A search
// arrives before the access, a Run after one that the guest kernel makes.
func sameHit(got vm.Stop, want *vm.Stop) bool {
	w := *want
	if w.After {
		w.After, w.Icount = false, w.At
		got.PC, got.Thread = w.PC, w.Thread // another thread's turn may have come
	}
	if w.Reason != vm.StopWatch {
		got.At, w.At = 0, 0
	}
	return got == w
}

func TestSearchesFindWhatLookingAtEachPositionFinds(t *testing.T) {
	t.Parallel()
	each(t, everyKind, func(t *testing.T, f *truth) {
		r := random(t, f.end+6)
		length := uint64(300)
		if f.Go() {
			length = 150
		}
		windows := scale(2)
		if f.end > 1e7 {
			windows = 1
		}
		for range windows {
			// Points are dense where something happens.
			w := lookAt(t, f, f.points[r.IntN(len(f.points))], length)
			if w.end() <= w.from {
				continue
			}
			m := replayer(t, f.cfg, f.log)
			spacing := max(f.end/64, 1+r.Uint64N(2*length))
			tl := checkpoint.New(m, checkpoint.Config{MinSpacing: spacing, MaxSpacing: spacing, Disabled: f.end < 1e6 && r.IntN(8) == 0})
			for range 6 {
				w.compare(t, r, tl, m)
				if t.Failed() {
					return
				}
			}
		}
	})
}

// compare makes a few requests for the same stops and compares their answers
// with what is there.
func (w *window) compare(t *testing.T, r *rand.Rand, tl *checkpoint.Timeline, m *linux.Machine) {
	t.Helper()
	stops := w.stops(r)
	hits := w.hits(t, stops)
	at := slices.Sorted(maps.Keys(hits))
	// place is a position in the window, preferably at a hit or just after.
	place := func() uint64 {
		if len(at) > 0 && r.IntN(2) == 0 {
			return min(at[r.IntN(len(at))]+r.Uint64N(3), w.end())
		}
		return w.from + r.Uint64N(w.end()-w.from+1)
	}
	ctx := context.Background()
	for range 6 {
		from, to := place(), place()
		if from > to {
			from, to = to, from
		}
		if err := tl.Seek(ctx, to); err != nil {
			t.Fatal(err)
		}
		got, err := tl.Back(ctx, from, stops)
		how := fmt.Sprintf("back from %d to %d with %s: %+v, %v", to, from, describe(stops), got, err)
		want := from
		var hit *vm.Stop
		for at := to; at > from && hit == nil; at-- {
			if hit = hits[at-1]; hit != nil {
				want = at - 1
			}
		}
		switch {
		case err != nil || got.Icount != want || m.Icount() != want:
			t.Fatalf("%s, want %d: %+v", how, want, hit)
		case hit == nil && got.Reason != vm.StopLimit, hit != nil && !sameHit(got, hit):
			t.Fatalf("%s, want %+v", how, hit)
		}
		w.check(t, m, how)

		if err := tl.Seek(ctx, from); err != nil {
			t.Fatal(err)
		}
		got = tl.Forward(ctx, to, stops)
		how = fmt.Sprintf("forward from %d to %d with %s: %+v", from, to, describe(stops), got)
		hit, want = nil, to
		for at := from + 1; at < to && hit == nil; at++ {
			if hit = hits[at]; hit != nil {
				want = hit.Icount
			}
		}
		switch {
		case got.Icount != want || m.Icount() != want:
			t.Fatalf("%s, want %d: %+v", how, want, hit)
		case hit == nil && got.Reason != vm.StopLimit && (got.Reason != vm.StopExit || to != w.truth.end):
			t.Fatalf("%s, want none", how)
		case hit != nil && (got.Reason != hit.Reason || got.PC != hit.PC || got.After != hit.After || got.Addr != hit.Addr || got.Watch != hit.Watch):
			t.Fatalf("%s, want %+v", how, hit)
		}
		w.check(t, m, how)
	}
}
