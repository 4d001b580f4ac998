package checkpoint_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Invariant 4: the ends hold.

// mortal are programs that end in every way: by themselves with a code, by a
// fault, by a signal that they send, with several threads, by exit of a thread
// that is not the first, Go's.
var mortal = []string{"recurse", "crash", "abort", "threads", "signals_more", "signals_glibc", "pthread_glibc", "sleepy", "gohello"}

func TestTheStartHolds(t *testing.T) {
	t.Parallel()
	each(t, mortal, func(t *testing.T, f *truth) {
		m := replayer(t, f.cfg, f.log)
		tl := checkpoint.New(m, checkpoint.Config{})
		ctx := context.Background()
		tl.Forward(ctx, f.end/2, nil)
		entry := m.Image().Entry
		for _, stops := range []*vm.Stops{
			nil,
			{},
			{Signals: true, Filter: func(*vm.Stop) bool { return false }},
			{Breaks: vm.NewBreaks(entry + 2), AtStart: true},
			{Breaks: vm.NewBreaks(entry)}, // found on the way, then no more
			{Watches: []vm.Watch{{Addr: entry, Size: 1, Write: true}}},
		} {
			found := 0
			for tl.Icount() > 0 {
				s, err := tl.Back(ctx, 0, stops)
				if err != nil {
					t.Fatal(err)
				}
				if found++; found > 100 {
					t.Fatalf("going back does not end: %+v", s)
				}
			}
			for range 2 {
				if s, err := tl.Back(ctx, 0, stops); err != nil || s.Reason != vm.StopLimit || s.Icount != 0 || s.PC != entry {
					t.Errorf("back at the start with %s: %+v, %v", describe(stops), s, err)
				}
				f.check(t, m, "at the start")
			}
			// The session stays usable.
			if s := tl.Forward(ctx, f.end/2, nil); s.Reason != vm.StopLimit || s.Icount != f.end/2 {
				t.Fatalf("forward from the start: %+v", s)
			}
			f.check(t, m, "forward from the start")
		}
	})
}

func TestTheEndHolds(t *testing.T) {
	t.Parallel()
	each(t, mortal, func(t *testing.T, f *truth) {
		r := random(t, f.end+5)
		var out output
		cfg := f.cfg
		cfg.Output, cfg.Stdin = out.sink, f.config().Stdin
		m := boot(t, cfg)
		tl := checkpoint.New(m, checkpoint.Config{MinSpacing: max(f.end/30, 10), MaxSpacing: max(f.end/30, 10)})
		ctx := context.Background()
		atEnd := func(s vm.Stop, how string) {
			t.Helper()
			status, exited := m.Exited()
			if s.Reason != vm.StopExit || s.Icount != f.end || tl.Icount() != f.end || !exited ||
				status != (vm.ExitStatus{Code: f.Exit, Signal: f.Signal}) {
				t.Fatalf("%s: %+v, exited %v, %+v; it should exit at %d", how, s, exited, status, f.end)
			}
			f.check(t, m, how)
		}
		everything := &vm.Stops{Breaks: f.breaks(r, 10), Signals: true, AtStart: true, Watches: []vm.Watch{f.watch(r)}}
		atEnd(tl.Forward(ctx, math.MaxUint64, nil), "the first time")
		for range 2 {
			atEnd(tl.Forward(ctx, math.MaxUint64, nil), "forward past the end")
			atEnd(tl.Forward(ctx, f.end+1, everything), "one step past the end")
			if err := tl.Seek(ctx, f.end+1); !errors.Is(err, checkpoint.ErrBeyondFrontier) {
				t.Fatalf("seek past the end: %v", err)
			}
			// Back by one, and it ends again.
			if _, err := tl.Back(ctx, f.end-1, nil); err != nil || tl.Icount() != f.end-1 {
				t.Fatalf("a step back from the end: at %d, %v", tl.Icount(), err)
			}
			if _, exited := m.Exited(); exited {
				t.Fatal("it has exited before its end")
			}
			f.check(t, m, "a step before the end")
			if s := tl.Forward(ctx, f.end, nil); s.Reason != vm.StopLimit {
				t.Fatalf("forward to the end: %+v", s)
			}
			atEnd(tl.Forward(ctx, math.MaxUint64, nil), "at the end again")
		}
		// A death by a signal is where a search for signals finds it.
		if f.Signal != 0 {
			s, err := tl.Back(ctx, 0, &vm.Stops{Signals: true, Filter: func(s *vm.Stop) bool { return s.Fatal }})
			if err != nil || s.Reason != vm.StopSignal || s.Signal != f.Signal || s.Icount != f.end-1 || !s.Fatal {
				t.Errorf("the latest fatal signal: %+v, %v", s, err)
			}
			atEnd(tl.Forward(ctx, math.MaxUint64, nil), "after the signal")
		}
		// The whole history can be walked, backwards and by any stride.
		for i := len(f.points) - 1; i >= 0; i -= 1 + r.IntN(20) {
			if _, err := tl.Back(ctx, f.points[i], nil); err != nil {
				t.Fatal(err)
			}
			f.check(t, m, "walking back from the end")
		}
		if err := tl.Seek(ctx, f.end); err != nil {
			t.Fatal(err)
		}
		atEnd(tl.Forward(ctx, math.MaxUint64, nil), "after walking the whole history")
		out.check(t, f.program)
	})
}
