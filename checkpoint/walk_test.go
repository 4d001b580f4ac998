package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// reference is a straight run of a program, the truth to compare with.
type reference struct {
	prog  *toyProgram
	seed  uint64 // of its inputs
	log   *vm.Log
	end   uint64 // the icount at the exit
	snaps []vm.Snapshot
	hash  []vm.Hash
	dirty [][]uint64 // pages written by the instruction before
	m     *toy

	// What happens in it: instructions executed and words accessed, by
	// address. What happens often is in here often, what does not at least
	// twice.
	pcs, accesses []uint64
}

func straightRun(t testing.TB, prog *toyProgram, seed uint64) *reference {
	t.Helper()
	f := &reference{prog: prog, seed: seed, log: &vm.Log{}}
	f.m = newToy(prog, f.log, randomOutside(seed))
	all := &vm.Stops{
		AtStart: true,
		Watches: []vm.Watch{{Size: toyPages * pageSize, Read: true, Write: true}},
		Filter:  func(s *vm.Stop) bool { f.accesses = append(f.accesses, s.Addr); return false },
	}
	for {
		f.pcs = append(f.pcs, f.m.pc(f.m.current))
		s := f.m.Snapshot()
		f.snaps, f.hash, f.dirty = append(f.snaps, s), append(f.hash, f.m.Hash()), append(f.dirty, s.Activity().Written)
		if f.m.Run(f.m.Icount()+1, all).Reason == vm.StopExit {
			break
		}
	}
	f.end = f.m.Icount()
	f.pcs, f.accesses = rareToo(f.pcs), rareToo(f.accesses)
	return f
}

// rareToo makes the rare elements as probable as all together.
func rareToo(list []uint64) []uint64 {
	distinct := slices.Compact(slices.Sorted(slices.Values(list)))
	n := len(list)
	for len(distinct) > 0 && len(list) < 2*n {
		list = append(list, distinct...)
	}
	return list
}

// machine is a fresh machine that will run the same history.
func (f *reference) machine() *toy { return newToy(f.prog, &vm.Log{}, randomOutside(f.seed)) }

// forward is what Forward from a position has to return.
func (f *reference) forward(from, until uint64, stops *vm.Stops) vm.Stop {
	f.m.Restore(f.snaps[from])
	return f.m.Run(until, stops)
}

// back is what Back from a position has to return, found the plain way.
func (f *reference) back(from, lower uint64, stops *vm.Stops) vm.Stop {
	s := *stops
	s.AtStart = true
	for p := from; p > lower; p-- {
		f.m.Restore(f.snaps[p-1])
		stop := f.m.Run(p, &s)
		if stop.Reason == vm.StopLimit {
			continue
		}
		f.m.Restore(f.snaps[p-1])
		if stop.After {
			here := f.m.stopped(vm.StopLimit)
			stop.After, stop.Icount, stop.Thread, stop.PC = false, here.Icount, here.Thread, here.PC
		}
		return stop
	}
	f.m.Restore(f.snaps[lower])
	return f.m.stopped(vm.StopLimit)
}

// randomStops asks for something that may happen: mostly for what does.
func (f *reference) randomStops(r *rand.Rand) *vm.Stops {
	pick := func(from []uint64, or uint64) uint64 {
		if len(from) == 0 || r.IntN(4) == 0 {
			return or
		}
		return from[r.IntN(len(from))]
	}
	s := &vm.Stops{Signals: r.IntN(6) == 0, AtStart: r.IntN(3) == 0}
	if r.IntN(2) == 0 {
		var addrs []uint64
		for range 1 + r.IntN(3) {
			addrs = append(addrs, pick(f.pcs, toyBase+4*r.Uint64N(uint64(len(f.prog.ins)+2))))
		}
		s.Breaks = vm.NewBreaks(addrs...)
	}
	if r.IntN(2) == 0 {
		for range 1 + r.IntN(2) {
			s.Watches = append(s.Watches, vm.Watch{
				Addr: pick(f.accesses, r.Uint64N(toyPages*pageSize)) + r.Uint64N(8),
				Size: 1 + r.Uint64N(1<<r.IntN(9)), Write: r.IntN(4) != 0, Read: r.IntN(4) == 0,
			})
		}
	}
	switch r.IntN(4) {
	case 0:
		k := 1 + r.Uint64N(40)
		s.Filter = func(stop *vm.Stop) bool { return (stop.Icount+uint64(stop.Watch))*0x9e3779b97f4a7c15>>32%k == 0 }
	case 1:
		s.Filter = func(*vm.Stop) bool { return false }
	}
	return s
}

func randomConfig(r *rand.Rand) Config {
	c := Config{
		MinSpacing: 10 + r.Uint64N(400),
		MaxSpacing: 1000,
		ReplayTime: time.Duration(1 + r.IntN(100_000)),
		MemoryCap:  int64(1+r.IntN(200)) * pageSize,
		DiskCap:    -1,
		Disabled:   r.IntN(8) == 0,
	}
	switch r.IntN(3) {
	case 0:
		c.DiskCap = 1 << 30
	case 1:
		c.DiskCap = 1 + r.Int64N(100*pageSize)
	}
	if r.IntN(2) == 0 {
		c.MaxSpacing = c.MinSpacing
	}
	return c
}

func randomTuning(r *rand.Rand) tuning {
	t := tuning{
		maxTemps:     1 + r.IntN(20),
		firstWindow:  1 + r.Uint64N(50),
		windowGrowth: 1 + r.Uint64N(4),
		manyHits:     1 + r.IntN(20),
		manyCalls:    1 + r.IntN(20),
		leastHalved:  2 + r.Uint64N(50),
		leastSlice:   1 + r.Uint64N(500),
		leastAsk:     r.Uint64N(100),
	}
	for d := uint64(1000); d > 1; d /= 2 + r.Uint64N(8) {
		t.ladder = append(t.ladder, d)
	}
	return t
}

// walker walks a timeline at random and compares it with the reference.
type walker struct {
	*testing.T
	*reference
	r      *rand.Rand
	m      *toy
	tl     *Timeline
	report func() // called by the timeline's progress callback
	lossy  bool   // pages may be unreadable
}

func newWalker(t *testing.T, f *reference, r *rand.Rand, cfg Config) *walker {
	w := &walker{T: t, reference: f, r: r, m: f.machine()}
	cfg.Progress = func(p Progress) {
		if p.Fraction < 0 || p.Fraction > 1 || p.Icount != w.m.Icount() || p.What == "" {
			t.Errorf("progress %+v at icount %d", p, w.m.Icount())
		}
		if w.report != nil {
			w.report()
		}
	}
	w.tl = New(w.m, cfg)
	t.Cleanup(w.tl.Close)
	w.tl.tune = randomTuning(r)
	return w
}

// check compares the machine with the straight run at the same position, and
// whatever holds between requests.
func (w *walker) check(what string) {
	w.Helper()
	at := w.tl.Icount()
	if w.m.Hash() != w.hash[at] || !w.lossy && !w.m.equalMemory(&w.snaps[at].(*toySnapshot).state) {
		w.Fatalf("%s: the state at icount %d is not that of the straight run", what, at)
	}
	if w.m.interruptPending() {
		w.Fatalf("%s: an interrupt is left for the next request", what)
	}
	checkStore(w.T, w.tl, what)
	prev := w.tl.Start()
	for _, c := range w.tl.store.list[1:] {
		if c.hot() && c.snap.(*toySnapshot).state.icount != c.icount {
			w.Fatalf("%s: checkpoint %d is a snapshot of %d", what, c.icount, c.snap.Icount())
		}
		have := map[uint64]bool{}
		for _, p := range c.act.Written {
			have[p] = true
		}
		for i := prev + 1; i <= c.icount; i++ {
			for _, p := range w.dirty[i] {
				if !have[p] {
					w.Fatalf("%s: page %d is written at %d but not known at checkpoint %d", what, p, i, c.icount)
				}
			}
		}
		prev = c.icount
	}
}

// checkStore checks the order of checkpoints and compares what is counted with
// what the snapshots hold.
func checkStore(t testing.TB, tl *Timeline, what string) {
	t.Helper()
	held, own := map[*toyPage]bool{}, 0
	var overhead int64
	temps, pages, cold, loaded := 0, 0, 0, 0
	for i, c := range tl.store.list {
		if c.temp {
			temps++
			pages += len(c.dirty)
		}
		if c.held != 0 {
			t.Fatalf("%s: checkpoint %d is still held", what, c.icount)
		}
		if c.gone {
			t.Fatalf("%s: checkpoint %d is said to be gone", what, c.icount)
		}
		if !c.hot() {
			cold++
			if c.saved != saved || c.temp || c.pinned || c == tl.base || i == 0 || len(c.dirty) > 0 || c.root != nil {
				t.Fatalf("%s: checkpoint %d is cold: %+v", what, c.icount, *c)
			}
		} else {
			snap := c.snap.(*toySnapshot)
			overhead += int64(snap.Overhead())
			if c.root == nil {
				for _, p := range snap.state.pages {
					if p != nil {
						held[p] = true
					}
				}
			} else {
				// What is shared with what has been loaded is counted elsewhere.
				for _, p := range c.dirty {
					held[snap.state.pages[p]] = true
				}
			}
			own += len(c.dirty)
		}
		if c.root == c {
			loaded++
		}
		if want := len(c.dirty); c.again != uncounted {
			if next := tl.store.next(i); next != nil {
				want = common(c.dirty, next.dirty)
			}
			if c.again != want {
				t.Fatalf("%s: dropping checkpoint %d would free %d pages, counted %d", what, c.icount, want, c.again)
			}
		}
		if i > 0 && c.icount <= tl.store.list[i-1].icount {
			t.Fatalf("%s: checkpoint %d after %d", what, c.icount, tl.store.list[i-1].icount)
		}
	}
	if c := tl.store.list[0]; c.icount != tl.Start() || c.temp || !c.hot() {
		t.Fatalf("%s: the first checkpoint is %+v", what, c.info())
	}
	st := tl.Stats()
	if want := int64(len(held))*pageSize + overhead; st.Bytes != want {
		t.Fatalf("%s: %d bytes counted, the snapshots hold %d", what, st.Bytes, want)
	}
	if own != len(held) {
		t.Fatalf("%s: %d versions of pages counted, there are %d", what, own, len(held))
	}
	if st.Cold != cold || tl.store.warmed != loaded {
		t.Fatalf("%s: %d cold and %d loaded checkpoints counted, there are %d and %d", what, st.Cold, tl.store.warmed, cold, loaded)
	}
	if st.Temporary != temps || int(tl.store.tempPages) != pages {
		t.Fatalf("%s: %d temporary checkpoints with %d pages counted, there are %d with %d", what, st.Temporary, tl.store.tempPages, temps, pages)
	}
	if temps > tl.tune.maxTemps+1 { // base may be one
		t.Fatalf("%s: %d temporary checkpoints, %d allowed", what, temps, tl.tune.maxTemps)
	}
}

// place is somewhere in history, preferably near.
func (w *walker) place() uint64 {
	f, at := w.tl.Frontier(), w.tl.Icount()
	switch w.r.IntN(4) {
	case 0:
		return min(at+w.r.Uint64N(30), f)
	case 1:
		return at - min(at, w.r.Uint64N(30))
	}
	return w.r.Uint64N(f + 1)
}

// cancellable returns a context that may end: when the request reports progress
// for the nth time, or asks a filter for the nth time. If wait is true the
// interrupt has arrived when the callback returns.
func (w *walker) cancellable(stops *vm.Stops) context.Context {
	w.report, w.m.interrupted = nil, nil
	if w.r.IntN(3) != 0 {
		return context.Background()
	}
	ctx, cancel := context.WithCancel(context.Background())
	arrived := make(chan struct{}, 1)
	w.m.interrupted = func() { arrived <- struct{}{} }
	wait := w.r.IntN(2) == 0
	n := w.r.IntN(10)
	once := func() {
		if n--; n == -1 {
			cancel()
			if wait {
				<-arrived
			}
		}
	}
	if stops != nil && stops.Filter != nil && w.r.IntN(2) == 0 {
		f := stops.Filter
		stops.Filter = func(s *vm.Stop) bool { once(); return f(s) }
	} else {
		w.report = once
	}
	return ctx
}

func (w *walker) seek() {
	from, to := w.tl.Icount(), w.place()
	ctx := w.cancellable(nil)
	err := w.tl.Seek(ctx, to)
	what := fmt.Sprintf("seek from %d to %d: %v", from, to, err)
	switch {
	case err == nil && w.tl.Icount() != to,
		err != nil && (err != ErrCancelled || ctx.Err() == nil || w.tl.Icount() != from):
		w.Fatalf("%s: at %d", what, w.tl.Icount())
	}
	w.check(what)
}

func (w *walker) forward() {
	from := w.tl.Icount()
	until := from + w.r.Uint64N(300)
	if w.r.IntN(8) == 0 {
		until = math.MaxUint64
	}
	var stops *vm.Stops
	var filter func(*vm.Stop) bool
	if w.r.IntN(3) != 0 {
		stops = w.randomStops(w.r)
		filter = stops.Filter
	}
	ctx := w.cancellable(stops)
	got := w.tl.Forward(ctx, until, stops)
	if stops != nil {
		stops.Filter = filter
	}
	want := w.reference.forward(from, until, stops)
	what := fmt.Sprintf("forward from %d to %d: %+v", from, until, got)
	if got.Reason == vm.StopInterrupted && ctx.Err() != nil {
		// It is on the way to what it would have found.
		if got.Icount < from || got.Icount > want.Icount || got.Icount != w.m.Icount() {
			w.Fatalf("%s, would have come to %d", what, want.Icount)
		}
	} else if !sameStop(got, want) {
		w.Fatalf("%s, want %+v", what, want)
	}
	w.check(what)
}

// sameStop compares stops; At says nothing but for a watch.
func sameStop(a, b vm.Stop) bool {
	if a.Reason != vm.StopWatch && b.Reason != vm.StopWatch {
		a.At, b.At = 0, 0
	}
	return a == b
}

func (w *walker) back() {
	from, lower := w.tl.Icount(), w.place()
	if w.r.IntN(3) == 0 {
		lower = 0
	}
	stops := w.randomStops(w.r)
	filter := stops.Filter
	ctx := w.cancellable(stops)
	got, err := w.tl.Back(ctx, lower, stops)
	stops.Filter = filter
	what := fmt.Sprintf("back from %d, not before %d: %+v, %v", from, lower, got, err)
	switch {
	case err != nil:
		if err != ErrCancelled || ctx.Err() == nil || w.tl.Icount() != from {
			w.Fatalf("%s: at %d", what, w.tl.Icount())
		}
	case lower >= from:
		if got.Reason != vm.StopLimit || w.tl.Icount() != from {
			w.Fatalf("%s: at %d", what, w.tl.Icount())
		}
	default:
		want := w.reference.back(from, lower, stops)
		if !sameStop(got, want) || w.tl.Icount() != want.Icount {
			w.Fatalf("%s, want %+v", what, want)
		}
	}
	w.check(what)
}

// TestWalk is the law of the package: whatever way a position is reached, with
// checkpoints anywhere, its state is that of the straight run, and forward and
// backward searches find what looking at each position one by one finds.
func TestWalk(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			prog := randomProgram(r, 500+r.Uint64N(2000))
			w := newWalker(t, straightRun(t, prog, seed), r, randomConfig(r))
			for range 150 {
				switch k := r.IntN(100); {
				case k < 30:
					w.seek()
				case k < 60:
					w.back()
				case k < 97:
					w.forward()
				default:
					at := w.tl.Icount()
					if i := w.tl.Pin(); i.Icount != at || !i.Pinned || i.Temporary {
						t.Fatalf("pinned %+v at %d", i, at)
					}
					w.check("pin")
				}
			}
			if err := w.tl.Seek(context.Background(), w.tl.Frontier()+1); !errors.Is(err, ErrBeyondFrontier) {
				t.Errorf("seek beyond the frontier: %v", err)
			}
		})
	}
}
