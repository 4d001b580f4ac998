package checkpoint

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// frameQuery is a query as source-level steps make it: for stops of a thread in a
// certain frame, or in one of the outer frames.
type frameQuery struct {
	thread vm.ThreadID
	sp     uint64 // of the frame
	depth  int    // if not negative: the deepest frame that counts, whatever its sp
	always *vm.Breaks
	yes    int // how often Inside said so
}

// randomFrame picks a frame of a thread as it is where m is.
func randomFrame(r *rand.Rand, m *toy) *frameQuery {
	q := &frameQuery{thread: vm.ThreadID(1 + r.IntN(len(m.threads))), depth: -1}
	t := &m.threads[q.thread-1]
	q.sp = t.sp
	up := t.stack
	for range r.IntN(t.stack.depth() + 1) {
		q.sp, up = up.sp, up.up
	}
	if r.IntN(2) == 0 {
		q.depth = up.depth()
	}
	return q
}

func (q *frameQuery) filter(s *vm.Stop) bool {
	if s.Reason == vm.StopBreak && q.always.Has(s.PC) {
		return true
	}
	t := &s.Machine.(*toy).threads[q.thread-1]
	if s.Thread != q.thread {
		return false
	}
	if q.depth >= 0 {
		return t.stack.depth() <= q.depth
	}
	return t.sp == q.sp
}

func (q *frameQuery) inside(m vm.Machine) (Activation, bool) {
	for f := m.(*toy).threads[q.thread-1].stack; f != nil; f = f.up {
		if q.depth >= 0 && f.n == q.depth+1 || q.depth < 0 && f.sp == q.sp {
			q.yes++
			return Activation{q.thread, f.sp}, true
		}
	}
	return Activation{}, false
}

// randomQuery makes a query, for where m is.
func (f *reference) randomQuery(r *rand.Rand, m *toy) (Query, *frameQuery) {
	s := f.randomStops(r)
	s.Anywhere = r.IntN(8) != 0
	if r.IntN(2) == 0 {
		return Query{Stops: *s}, nil
	}
	q := randomFrame(r, m)
	s.Filter = q.filter
	query := Query{Stops: *s, Inside: q.inside}
	if s.Breaks != nil && r.IntN(3) == 0 {
		q.always = vm.NewBreaks(s.Breaks.Addrs()[0])
		query.Within = &vm.Stops{Breaks: q.always}
	}
	return query, q
}

// history runs a program to its end on a timeline with sizes of its own.
func (f *reference) history(t *testing.T, r *rand.Rand, workers int) (*Timeline, *func(Progress)) {
	report := func(Progress) {}
	cfg := randomConfig(r)
	cfg.Workers = workers
	cfg.Progress = func(p Progress) { report(p) }
	tl := New(f.machine(), cfg)
	tl.tune = randomTuning(r)
	tl.tune.leastAsk = r.Uint64N(50)
	if s := tl.Forward(bg, math.MaxUint64, nil); s.Reason != vm.StopExit || s.Icount != f.end {
		t.Fatalf("ran to %+v", s)
	}
	return tl, &report
}

// TestAllSearchesFindTheSame compares the three ways to search: all intervals one
// after the other, those that the index does not rule out, and these several at
// once; with a few of them cancelled on the way.
func TestAllSearchesFindTheSame(t *testing.T) {
	programs, searches := 50, 200
	if testing.Short() {
		programs = 8
	}
	var replayed [3]uint64
	skipped, insides, hits, cancelled := 0, 0, 0, 0
	for seed := range uint64(programs) {
		r := rand.New(rand.NewPCG(seed, 4))
		f := straightRun(t, randomProgram(r, 500+r.Uint64N(3000)), seed)
		var lines [3]*Timeline
		var reports [3]*func(Progress)
		for i := range lines {
			lines[i], reports[i] = f.history(t, r, []int{1, 1, 2 + r.IntN(4)}[i])
			lines[i].tune.blind = i == 0
			lines[i].replayed = 0
		}
		for n := range searches {
			from, lower := r.Uint64N(f.end+1), uint64(0)
			if r.IntN(3) == 0 {
				lower = r.Uint64N(f.end + 1)
			}
			for _, tl := range lines {
				mustSeek(t, tl, from)
			}
			query, frame := f.randomQuery(r, lines[0].m.(*toy))
			what := fmt.Sprintf("program %d, search %d from %d, not before %d", seed, n, from, lower)
			want, err := lines[0].Search(bg, lower, query)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if want.Reason != vm.StopLimit {
				hits++
			}
			for i := 1; i < len(lines); i++ {
				tl := lines[i]
				ctx := context.Context(bg)
				if r.IntN(10) == 0 {
					ctx = cancelledAt(r.IntN(6), &query, reports[i])
				}
				last := 0.0
				report := *reports[i]
				*reports[i] = func(p Progress) {
					if p.Fraction < last || p.Fraction > 1 {
						t.Errorf("%s: progress %v after %v", what, p.Fraction, last)
					}
					last = p.Fraction
					report(p)
				}
				got, err := tl.Search(ctx, lower, query)
				*reports[i] = func(Progress) {}
				at := want.Icount
				switch {
				case err != nil:
					cancelled++
					if err != ErrCancelled || ctx.Err() == nil || got.Reason != vm.StopInterrupted {
						t.Fatalf("%s: way %d: %+v, %v", what, i, got, err)
					}
					at = from
				case got != want:
					t.Fatalf("%s: way %d: %+v, want %+v", what, i, got, want)
				}
				if tl.Icount() != at || tl.m.Hash() != f.hash[at] {
					t.Fatalf("%s: way %d: at %d, want %d", what, i, tl.Icount(), at)
				}
				checkStore(t, tl, what)
				if tl.m.(*toy).interruptPending() {
					t.Fatalf("%s: an interrupt is left", what)
				}
			}
			if frame != nil {
				insides += frame.yes
			}
		}
		for i, tl := range lines {
			replayed[i] += tl.replayed
		}
		skipped += lines[1].skipped
	}
	t.Logf("%d hits, %d cancelled, %d intervals skipped, %d times inside a call, replayed %d", hits, cancelled, skipped, insides, replayed)
	if hits < programs*searches/10 || cancelled < programs || skipped == 0 || insides == 0 || replayed[1] > replayed[0] {
		t.Error("the test is not what it should be")
	}
}

// cancelledAt returns a context that ends when the search asks or reports for the
// nth time.
func cancelledAt(n int, q *Query, report *func(Progress)) context.Context {
	ctx, cancel := context.WithCancel(bg)
	count := func() {
		if n--; n == -1 {
			cancel()
		}
	}
	*report = func(Progress) { count() }
	if filter := q.Filter; filter != nil {
		q.Filter = func(s *vm.Stop) bool { count(); return filter(s) }
	}
	return ctx
}

// A history that has been opened again is searched from what is saved of it, index
// and all, and with few checkpoints in memory.
func TestSearchesInASavedHistory(t *testing.T) {
	skipped, passed := 0, 0
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 6))
		cfg := roomy(50)
		cfg.Workers = 1 + 2*int(seed%2)
		w := newWalker(t, straightRun(t, endingProgram(r, 4000), 1+seed%2), r, cfg)
		b := w.saveAll(0)
		v, err := w.reopen(b, cfg)
		if err != nil {
			t.Fatal(err)
		}
		v.tl.tune = w.tl.tune
		w.tl.tune.blind = true
		for range 60 {
			from := w.r.Uint64N(w.tl.Frontier() + 1)
			mustSeek(t, w.tl, from)
			mustSeek(t, v.tl, from)
			query, frame := w.randomQuery(r, w.m)
			want, err := w.tl.Search(bg, 0, query)
			if err != nil {
				t.Fatal(err)
			}
			if filter := query.Filter; filter != nil {
				query.Filter = func(s *vm.Stop) bool {
					if n := v.tl.store.warmed; n > mostLoaded+40 && query.Inside == nil {
						t.Errorf("%d checkpoints are loaded", n)
					}
					return filter(s)
				}
				query.Anywhere = false
			}
			got, err := v.tl.Search(bg, 0, query)
			if err != nil || got != want || v.m.Hash() != w.hash[want.Icount] {
				t.Fatalf("seed %d, from %d: %+v, %v, want %+v", seed, from, got, err, want)
			}
			if frame != nil {
				passed += frame.yes
			}
			got = v.tl.Forward(bg, from, &query.Stops)
			if want := w.reference.forward(want.Icount, from, &query.Stops); !sameStop(got, want) {
				t.Fatalf("seed %d, forward to %d: %+v, want %+v", seed, from, got, want)
			}
		}
		for _, c := range v.tl.store.list[1:] {
			if !c.act.Traced {
				t.Fatalf("seed %d: what happened before %d is not known any more", seed, c.icount)
			}
		}
		skipped += v.tl.skipped
		w.tl.Close()
	}
	if skipped == 0 || passed == 0 {
		t.Errorf("%d intervals skipped, %d times inside a call", skipped, passed)
	}
}
