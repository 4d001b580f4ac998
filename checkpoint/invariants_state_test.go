package checkpoint_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// Invariant 1: one position, one state.

// everyKind are programs of each kind: arithmetic, recursion, floating point,
// code that changes itself, threads, signals, input, files, sleep, C with a
// library, processes, Go, strings and x87, shared libraries, sockets, execve.
var everyKind = []string{
	"arith", "recurse", "floats", "threads", "signals", "signals_more", "stdin", "sleepy", "selfmod", "files",
	"hello_glibc", "pthread_glibc", "signals_glibc", "forks", "gohello", "gothreads", "x86", dynamic, "sockets_glibc", "programs",
}

// stroll is a random walk of a machine through a program's history.
type stroll struct {
	*testing.T
	*truth
	r     *rand.Rand
	m     *linux.Machine
	snaps []vm.Snapshot
}

// mostCalls is how often a filter says no before it lets the Run end: a watch on
// a busy page would take for ever.
const mostCalls = 500

// stops asks for random things with a filter that says no to nearly all of them,
// and compares the state when it is asked.
func (w *stroll) stops() *vm.Stops {
	s := &vm.Stops{Signals: w.r.IntN(3) == 0, AtStart: w.r.IntN(2) == 0}
	if w.r.IntN(3) != 0 {
		s.Breaks = w.breaks(w.r, 1+w.r.IntN(20))
	}
	for range w.r.IntN(3) {
		s.Watches = append(s.Watches, w.watch(w.r))
	}
	calls, start := 0, w.m.Icount()
	last := start
	s.Filter = func(stop *vm.Stop) bool {
		calls++
		w.examine(s, stop, start, last)
		last = stop.Icount
		return calls >= mostCalls || w.r.IntN(200) == 0
	}
	return s
}

// examine checks what a filter is told in a Run from icount start; stops asked
// for it, and it was asked last at icount last.
func (w *stroll) examine(stops *vm.Stops, s *vm.Stop, start, last uint64) {
	m := w.m
	pc := m.Reg(m.CurrentThread(), m.Arch().PC)
	if s.Icount != m.Icount() || s.Thread != m.CurrentThread() || s.PC != pc || s.Icount < last {
		w.Errorf("asked about %+v with the machine at icount %d, pc %#x, thread %d, after icount %d", *s, m.Icount(), pc, m.CurrentThread(), last)
	}
	ok := false
	switch s.Reason {
	case vm.StopBreak:
		ok = stops.Breaks.Has(s.PC)
	case vm.StopWatch:
		x := stops.Watches[s.Watch]
		ok = s.Addr < x.Addr+x.Size && x.Addr < s.Addr+s.Size && (s.Write && x.Write || !s.Write && x.Read) &&
			(s.After && s.At == s.Icount-1 || !s.After && s.At == s.Icount)
	case vm.StopSignal:
		ok = stops.Signals && s.Signal > 0
	}
	if at := s.Icount; !stops.AtStart && (at == start || s.After && s.At == start) {
		ok = false
	}
	if !ok {
		w.Errorf("asked about %+v in a run from %d, which nobody wanted: %s", *s, start, describe(stops))
	}
	if w.r.IntN(16) == 0 {
		w.check(w, m, "in a filter")
	}
}

// run goes forward by a random distance.
func (w *stroll) run() {
	from := w.m.Icount()
	to := w.point(from, 1+w.r.IntN(6))
	switch w.r.IntN(6) {
	case 0:
		to = min(from+1+w.r.Uint64N(20), w.end)
	case 1:
		to = min(from+1+w.r.Uint64N(200_000), w.end)
	}
	var stops *vm.Stops
	if w.r.IntN(3) != 0 {
		stops = w.stops()
	}
	if w.r.IntN(40) == 0 {
		w.m.Interrupt()
	}
	s := w.m.Run(to, stops)
	how := fmt.Sprintf("run from %d to %d, %s: %+v", from, to, describe(stops), s)
	at := w.m.Icount()
	switch {
	case s.Icount != at || at < from || at > to && !s.After:
		w.Fatalf("%s: at %d", how, at)
	case s.Reason == vm.StopError:
		w.Fatal(how)
	case s.Reason == vm.StopLimit && at != to,
		s.Reason == vm.StopExit && at != w.end:
		w.Fatalf("%s: at %d", how, at)
	case at == from && to > from && s.Reason != vm.StopInterrupted && s.Reason != vm.StopExit && (stops == nil || !stops.AtStart):
		w.Fatalf("%s: it did not move", how)
	}
	w.check(w, w.m, how)
}

func (w *stroll) walk(steps int) {
	w.snaps = []vm.Snapshot{w.m.Snapshot()}
	w.check(w, w.m, "at the start")
	for range steps {
		switch k := w.r.IntN(10); {
		case k < 6:
			w.run()
		case k < 8:
			s := w.m.Snapshot()
			if s.Icount() != w.m.Icount() {
				w.Fatalf("a snapshot at %d says it was made at %d", w.m.Icount(), s.Icount())
			}
			if w.snaps = append(w.snaps, s); len(w.snaps) > 30 {
				w.snaps[w.r.IntN(len(w.snaps))] = s
				w.snaps = w.snaps[:30]
			}
			w.check(w, w.m, "after a snapshot")
		default:
			s := w.snaps[w.r.IntN(len(w.snaps))]
			w.m.Restore(s)
			if w.m.Icount() != s.Icount() {
				w.Fatalf("restoring icount %d leads to %d", s.Icount(), w.m.Icount())
			}
			w.check(w, w.m, "after a restore")
		}
		if w.Failed() {
			return
		}
	}
}

// In chunks of any size, with snapshots and restores anywhere, and with
// breakpoints, watchpoints and signal stops that a filter refuses or accepts, a
// position has the state of the straight run.
func TestOnePositionHasOneState(t *testing.T) {
	t.Parallel()
	each(t, everyKind, func(t *testing.T, f *truth) {
		w := &stroll{T: t, truth: f, r: random(t, f.end), m: replayer(t, f.cfg, f.log)}
		w.walk(scale(240))
	})
}

// The history does not depend on the way in which it is made either: a live run
// that is stopped, examined and sent back all the time records the same.
func TestALiveStrollMakesTheSameHistory(t *testing.T) {
	t.Parallel()
	// The others hear of the world what is not the same twice: inode numbers and
	// times of files, or how long they waited for standard input.
	names := []string{"recurse", "threads", "signals", "signals_more", "sleepy", "selfmod", "pthread_glibc", "signals_glibc", "gohello", "x86"}
	each(t, names, func(t *testing.T, f *truth) {
		var out output
		cfg := f.cfg
		cfg.Output, cfg.Stdin = out.sink, f.config().Stdin
		w := &stroll{T: t, truth: f, r: random(t, f.end+1), m: boot(t, cfg)}
		w.walk(scale(100))
		for w.m.Icount() < f.end && !t.Failed() {
			w.run()
		}
		w.m.ClearInterrupt()
		if s := w.m.Run(math.MaxUint64, nil); s.Reason != vm.StopExit {
			t.Errorf("ends with %+v", s)
		}
		w.check(t, w.m, "at the end")
		out.check(t, f.program)
	})
}

// A run that goes from the start to a position without a stop anywhere.
func TestARunInOnePieceLeadsToTheSameState(t *testing.T) {
	t.Parallel()
	each(t, everyKind, func(t *testing.T, f *truth) {
		r := random(t, f.end+2)
		m := replayer(t, f.cfg, f.log)
		first := m.Snapshot()
		for range scale(8) {
			at := f.points[r.IntN(len(f.points))]
			if f.end > 1e7 { // not so far
				at = f.points[r.IntN(len(f.points)/4)]
			}
			m.Run(at, nil)
			f.check(t, m, "in one piece")
			m.Restore(first)
		}
	})
}

// Each position of a whole history, arrived at instruction by instruction, with
// a snapshot, a restore and refused stops at each, is what a machine finds that
// only steps.
func TestEveryPositionOfASteppedHistory(t *testing.T) {
	t.Parallel()
	each(t, []string{"crash", "signals_more", "steps", "selfmod", "x86"}, func(t *testing.T, f *truth) {
		if f.end > 5000 && (raceEnabled || testing.Short()) {
			t.Skip("too long a history")
		}
		r := random(t, f.end+3)
		plain, vexed := replayer(t, f.cfg, f.log), replayer(t, f.cfg, f.log)
		for at := uint64(0); at < f.end; at++ {
			if stretch := at / 400; f.end > 20_000 && stretch%16 != 0 { // of a long history, stretches
				at = min((stretch+1)*400, f.end-1)
				plain.Run(at, nil)
				vexed.Run(at, nil)
			}
			f.check(t, plain, "stepping")
			f.check(t, vexed, "stepping with stops")
			if s := plain.Run(at+1, nil); s.Icount != at+1 || s.Reason != vm.StopLimit {
				t.Fatalf("a step from %d: %+v", at, s)
			}
			th := vexed.CurrentThread()
			stops := &vm.Stops{
				Breaks:  vm.NewBreaks(vexed.Reg(th, vexed.Arch().PC), f.pcs[r.IntN(len(f.pcs))]),
				Watches: []vm.Watch{{Addr: vexed.Reg(th, vexed.Arch().SP) - 64, Size: 128, Read: true, Write: true}},
				Signals: true, AtStart: r.IntN(2) == 0,
				Filter: func(*vm.Stop) bool { return false },
			}
			if at%8 == 0 {
				snap := vexed.Snapshot()
				vexed.Run(at+1+r.Uint64N(60), stops)
				vexed.Restore(snap)
			}
			if s := vexed.Run(at+1, stops); s.Icount != at+1 || s.Reason != vm.StopLimit {
				t.Fatalf("a step from %d with %s: %+v", at, describe(stops), s)
			}
		}
		f.check(t, plain, "stepped to the end")
		f.check(t, vexed, "stepped to the end with stops")
		if s := plain.Run(f.end+1, nil); s.Reason != vm.StopExit || s.Icount != f.end {
			t.Errorf("a step past the end: %+v", s)
		}
	})
}

// The timeline's verbs lead to the same states, wherever its checkpoints are.
func TestTimelinePositionsHaveOneState(t *testing.T) {
	t.Parallel()
	each(t, everyKind, func(t *testing.T, f *truth) {
		r := random(t, f.end+4)
		spacing := min(max(f.end/uint64(5+r.IntN(100)), 50), 500_000)
		w := &stroll{T: t, truth: f, r: r, m: replayer(t, f.cfg, f.log)}
		tl := checkpoint.New(w.m, checkpoint.Config{
			MinSpacing: spacing, MaxSpacing: spacing * uint64(1+r.IntN(2)), Disabled: f.end < 1e6 && r.IntN(6) == 0,
			MemoryCap: int64(1+r.IntN(2000)) * 4096,
		})
		ctx := context.Background()
		steps := scale(80)
		if f.end > 1e7 {
			steps /= 4
		}
		for range steps {
			from := tl.Icount()
			target := f.points[r.IntN(len(f.points))]
			if f.end > 1e6 && r.IntN(4) != 0 {
				target = f.point(from, r.IntN(11)-5)
			}
			switch r.IntN(8) {
			case 0, 1, 2:
				if err := tl.Seek(ctx, target); err != nil || tl.Icount() != target {
					t.Fatalf("seek from %d to %d: at %d, %v", from, target, tl.Icount(), err)
				}
				f.check(t, w.m, fmt.Sprintf("seek from %d", from))
			case 3, 4:
				s := tl.Forward(ctx, target, w.stops())
				if s.Reason == vm.StopError || s.Icount != w.m.Icount() {
					t.Fatalf("forward from %d to %d: %+v", from, target, s)
				}
				f.check(t, w.m, fmt.Sprintf("forward from %d to %d: %+v", from, target, s))
			case 5, 6:
				stops := w.backStops()
				lower := from - min(from, 1+r.Uint64N(min(f.end, 100_000)))
				s, err := tl.Back(ctx, lower, stops)
				if err != nil || s.Icount != w.m.Icount() || s.Icount < lower || s.Icount > from || s.Icount == from && lower < from {
					t.Fatalf("back from %d to %d, %s: %+v, %v", from, lower, describe(stops), s, err)
				}
				f.check(t, w.m, fmt.Sprintf("back from %d to %d: %+v", from, lower, s))
			case 7:
				tl.Pin()
				f.check(t, w.m, "after a pin")
			}
			if t.Failed() {
				return
			}
		}
	})
}

// backStops asks for random things to search for; the filter always answers
// the same about a position, as it should.
func (w *stroll) backStops() *vm.Stops {
	s := &vm.Stops{Signals: w.r.IntN(3) == 0}
	if w.r.IntN(2) == 0 {
		s.Breaks = w.breaks(w.r, 1+w.r.IntN(4))
	}
	if w.r.IntN(2) == 0 {
		s.Watches = append(s.Watches, w.watch(w.r))
	}
	if k := 1 + w.r.Uint64N(30); w.r.IntN(2) == 0 {
		s.Filter = func(stop *vm.Stop) bool { return mixed(stop.Icount)%k == 0 }
	}
	return s
}

// mixed is a number that looks random.
func mixed(n uint64) uint64 { return n * 0x9e3779b97f4a7c15 >> 32 }
