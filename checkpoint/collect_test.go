package checkpoint

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// all are the positions in [lower, from) that a query's stops stop at: found by one
// search after the other.
func (f *reference) all(t *testing.T, tl *Timeline, lower, from uint64, q Query) (at []uint64) {
	t.Helper()
	mustSeek(t, tl, from)
	for {
		st, err := tl.Search(bg, lower, q)
		if err != nil {
			t.Fatal(err)
		}
		if st.Reason == vm.StopLimit {
			slices.Reverse(at)
			return at
		}
		at = append(at, st.Icount)
	}
}

// TestCollectingFindsWhatOneSearchAfterTheOtherFinds compares on three timelines: that
// looks at all intervals, that passes over those it can, and that looks at several at
// once.
func TestCollectingFindsWhatOneSearchAfterTheOtherFinds(t *testing.T) {
	programs, queries := 24, 40
	if testing.Short() {
		programs = 8
	}
	cut, whole, cancelled, behind := 0, 0, 0, 0
	for seed := range uint64(programs) {
		r := rand.New(rand.NewPCG(seed, 14))
		f := straightRun(t, endingProgram(r, 3500), seed)
		var lines [3]*Timeline
		var reports [3]*func(Progress)
		for i := range lines {
			lines[i], reports[i] = f.history(t, r, []int{1, 1, 2 + r.IntN(4)}[i])
			lines[i].tune.blind = i == 0
			if r.IntN(2) == 0 {
				lines[i].tune.manyCalls, lines[i].tune.leastHalved = 1+r.IntN(8), 2+r.Uint64N(20)
			}
		}
		for n := range queries {
			from, lower := r.Uint64N(f.end+1), uint64(0)
			if r.IntN(3) == 0 {
				lower = r.Uint64N(f.end + 1)
			}
			mustSeek(t, lines[0], from)
			query, _ := f.randomQuery(r, lines[0].m.(*toy))
			if r.IntN(2) == 0 {
				query.Filter, query.Inside, query.Within = nil, nil, nil
			}
			want := f.all(t, lines[0], lower, from, query)
			for i, tl := range lines {
				mustSeek(t, tl, from)
				ctx := context.Context(bg)
				c := Collection{Query: query, Limit: 1 + r.IntN(2*len(want)+2)}
				found := map[uint64]bool{}
				filter := query.Filter
				c.Filter = func(s *vm.Stop) bool {
					if filter != nil && !filter(s) {
						return false
					}
					if s.Reason != vm.StopWatch || c.After == nil {
						found[positionOf(s)] = true
					}
					return true
				}
				if r.IntN(2) == 0 {
					c.After = func(s *vm.Stop) bool {
						if at := s.Machine.Icount(); at != s.At+1 || s.Machine.Hash() != f.hash[at] {
							t.Errorf("%d after the access at %d", at, s.At)
						}
						behind++
						found[s.At] = true
						return true
					}
				}
				if r.IntN(10) == 0 {
					ctx = cancelledAt(r.IntN(6), &c.Query, reports[i])
				}
				since, err := tl.Collect(ctx, lower, c)
				*reports[i] = func(Progress) {}
				var got []uint64
				for at := range found {
					if at >= since {
						got = append(got, at)
					}
				}
				slices.Sort(got)
				if tl.Icount() != from || tl.m.Hash() != f.hash[from] {
					t.Fatalf("program %d, query %d, way %d: at %d, not %d any more", seed, n, i, tl.Icount(), from)
				}
				checkStore(t, tl, "collect")
				if err != nil {
					if cancelled++; err != ErrCancelled || ctx.Err() == nil {
						t.Fatal(err)
					}
					continue
				}
				k, _ := slices.BinarySearch(want, since)
				if !slices.Equal(got, want[k:]) {
					t.Fatalf("program %d, query %d, way %d, from %d back to %d of %d: %d, want %d", seed, n, i, from, since, lower, got, want[k:])
				}
				if since > lower && from > lower {
					if cut++; len(got) < c.Limit {
						t.Fatalf("program %d, query %d, way %d: ends at %d with %d of %d", seed, n, i, since, len(got), c.Limit)
					}
				} else {
					whole++
				}
			}
		}
	}
	t.Logf("%d whole, %d cut short, %d cancelled, %d times behind an access", whole, cut, cancelled, behind)
	if cut < programs || whole < programs || cancelled < programs/2 || behind == 0 {
		t.Error("the test is not what it should be")
	}
}

// A filter that takes notes and wants nothing must not make the timeline believe that
// there is nothing.
func TestCollectingDoesNotHideAnything(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 15))
		f := straightRun(t, endingProgram(r, 1000), seed)
		tl, _ := f.history(t, r, 1+int(seed%2)*2)
		plain, _ := f.history(t, r, 1)
		plain.tune.blind = true
		for range 30 {
			from := r.Uint64N(f.end + 1)
			s := f.randomStops(r)
			s.Filter = nil
			mustSeek(t, tl, from)
			refuses := *s
			refuses.Anywhere = true
			refuses.Filter = func(*vm.Stop) bool { return false }
			if _, err := tl.Collect(bg, 0, Collection{Query: Query{Stops: refuses}, Limit: 1}); err != nil {
				t.Fatal(err)
			}
			got, err := tl.Back(bg, 0, s)
			mustSeek(t, plain, from)
			want, _ := plain.Back(bg, 0, s)
			if err != nil || got != want {
				t.Fatalf("program %d from %d: %+v, %v, want %+v", seed, from, got, err, want)
			}
		}
	}
}

func TestIntervalsCoverTheHistoryAndTellWhatIsKnown(t *testing.T) {
	known := 0
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 16))
		f := straightRun(t, endingProgram(r, 2000), seed)
		tl, _ := f.history(t, r, 1)
		for range 20 {
			mustSeek(t, tl, r.Uint64N(f.end+1))
			from, to := r.Uint64N(f.end+1), r.Uint64N(f.end+1)
			if from > to {
				from, to = to, from
			}
			var list []Interval
			for i := range tl.Intervals(from, to) {
				if c := tl.store.at(i.From); c == nil || c.temp {
					t.Fatalf("no permanent checkpoint at %d", i.From)
				}
				list = append(list, i)
			}
			if len(list) == 0 || list[0].From > from || list[len(list)-1].To < to {
				t.Fatalf("[%d, %d] is covered by %+v", from, to, list)
			}
			for i, x := range list {
				if x.To < from || x.From > to || x.From >= x.To || i > 0 && x.From != list[i-1].To {
					t.Fatalf("interval %d of [%d, %d] is [%d, %d]", i, from, to, x.From, x.To)
				}
				if x.Activity == nil {
					continue
				}
				known++
				// All that was executed in it is told.
				mustSeek(t, tl, x.From)
				for at := x.From; at < min(x.To, x.From+20); at++ {
					if pc, m := tl.here(vm.StopLimit).PC, tl.m.(*toy); !m.threads[m.current].blocked && !x.Activity.Code.HasAny([]uint64{pc}) {
						t.Fatalf("%#x is executed at %d, in [%d, %d]", pc, at, x.From, x.To)
					}
					mustSeek(t, tl, at+1)
				}
			}
		}
	}
	if known == 0 {
		t.Error("nothing is known of any interval")
	}
}
