package checkpoint

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// TestMain keeps the temporary files of timelines out of the user's cache. The go
// command, which builds guests, keeps its own: else it would compile Go's runtime for
// each architecture again, which takes minutes on a busy host.
func TestMain(m *testing.M) {
	if cache, err := os.UserCacheDir(); err == nil && os.Getenv("GOCACHE") == "" {
		os.Setenv("GOCACHE", filepath.Join(cache, "go-build"))
	}
	dir, err := os.MkdirTemp("", "checkpoint")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Setenv("XDG_CACHE_HOME", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// blobs is a Backing that a test may look at and damage.
type blobs struct {
	mu    sync.Mutex
	list  [][]byte
	kinds []byte
	full  int // how many blobs it takes, 0 for any number
	bad   map[uint64]bool
}

var errBlob = errors.New("the blob is damaged")
var errFull = errors.New("no room for the blob")

func (b *blobs) Append(kind byte, data []byte) (uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full > 0 && len(b.list) >= b.full {
		return 0, errFull
	}
	b.list, b.kinds = append(b.list, slices.Clone(data)), append(b.kinds, kind)
	return uint64(len(b.list) - 1), nil
}

func (b *blobs) Read(id uint64) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if id >= uint64(len(b.list)) || b.bad[id] {
		return nil, errBlob
	}
	return b.list[id], nil
}

// damage makes blob id unreadable.
func (b *blobs) damage(id uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bad == nil {
		b.bad = map[uint64]bool{}
	}
	b.bad[id] = true
}

// of lists the blobs of a kind.
func (b *blobs) of(kind byte) (ids []uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, k := range b.kinds {
		if k == kind {
			ids = append(ids, uint64(i))
		}
	}
	return ids
}

// infos reads what is saved.
func (b *blobs) infos(t testing.TB) (list []SavedInfo) {
	t.Helper()
	for _, id := range b.of(KindCheckpoint) {
		blob, err := b.Read(id)
		if err != nil {
			continue
		}
		info, err := DecodeSaved(id, blob)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, info)
	}
	return list
}

// endingProgram is a random program that comes to an end.
func endingProgram(r *rand.Rand, length uint64) *toyProgram {
	for {
		p := randomProgram(r, length)
		m := newToy(p, &vm.Log{}, randomOutside(1))
		if m.Run(2*length, nil).Reason == vm.StopExit && newToy(p, &vm.Log{}, randomOutside(2)).Run(2*length, nil).Reason == vm.StopExit {
			return p
		}
	}
}

// wander makes random requests, each of which is checked.
func (w *walker) wander(n int) {
	w.Helper()
	for range n {
		switch w.r.IntN(3) {
		case 0:
			w.seek()
		case 1:
			w.back()
		default:
			w.forward()
		}
	}
}

// toTheEnd runs to the exit.
func (w *walker) toTheEnd() {
	w.Helper()
	w.report, w.m.interrupted = nil, nil
	w.tl.Forward(bg, 1<<40, nil)
	w.check("at the end")
}

// roomy is a timeline's configuration under which nothing has to go.
func roomy(spacing uint64) Config {
	c := fixedSpacing(spacing)
	c.MemoryCap = 1 << 30
	return c
}

func TestAnAttachedBackingGetsEveryPermanentCheckpoint(t *testing.T) {
	for seed := range uint64(10) {
		r, b := rand.New(rand.NewPCG(seed, 31)), &blobs{}
		w := newWalker(t, straightRun(t, endingProgram(r, 3000), 1+seed%2), r, roomy(50))
		for range r.IntN(3) {
			w.wander(5)
		}
		laid := map[uint64]bool{}
		if err := w.tl.Attach(b, 0, func(icount uint64) {
			laid[icount] = true
			if n := len(b.of(KindCheckpoint)); n > len(laid)+len(w.tl.store.list) {
				t.Errorf("%d are saved before they are announced", n)
			}
		}); err != nil {
			t.Fatal(err)
		}
		w.wander(30)
		w.toTheEnd()
		if err := w.tl.Flush(); err != nil {
			t.Fatal(err)
		}
		have, last := map[uint64]bool{}, uint64(0)
		for i, info := range b.infos(t) {
			if info.Key != (i%(leastKeyDistance+1) == 0) && i <= leastKeyDistance {
				t.Errorf("checkpoint %d: key is %v", i, info.Key)
			}
			if i > 0 && info.Icount <= last {
				t.Errorf("icount %d is saved after %d", info.Icount, last)
			}
			for at := last + 1; at <= info.Icount; at++ {
				for _, p := range w.dirty[at] {
					if !slices.Contains(info.Activity.Written, p) {
						t.Fatalf("page %d is written at %d, and not between %d and %d", p, at, last, info.Icount)
					}
				}
			}
			have[info.Icount], last = true, info.Icount
		}
		if !have[0] || len(have) < 10 {
			t.Errorf("%d checkpoints are saved", len(have))
		}
		for at := range laid {
			if at > last {
				t.Errorf("the checkpoint at %d is not saved", at)
			}
		}
	}
}

// reopen makes a timeline of what w has saved in b.
func (w *walker) reopen(b *blobs, cfg Config) (*walker, error) {
	m := w.machine()
	m.log, m.sealed = w.m.log, true
	v := &walker{T: w.T, reference: w.reference, r: w.r, m: m}
	var err error
	v.tl, err = Reopen(m, cfg, b, b.of(KindPages), b.infos(w.T))
	if err == nil {
		w.Cleanup(v.tl.Close)
	}
	return v, err
}

// saveAll runs to the end with everything saved.
func (w *walker) saveAll(from uint64) *blobs {
	w.Helper()
	b := &blobs{}
	if err := w.tl.Attach(b, from, nil); err != nil {
		w.Fatal(err)
	}
	w.toTheEnd()
	if err := w.tl.Flush(); err != nil {
		w.Fatal(err)
	}
	return b
}

func TestAReopenedTimelineIsTheSameHistory(t *testing.T) {
	for seed := range uint64(15) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 32))
			w := newWalker(t, straightRun(t, endingProgram(r, 3000), 1+seed%2), r, roomy(20+r.Uint64N(100)))
			b := w.saveAll(0)
			cfg := randomConfig(r)
			v, err := w.reopen(b, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if v.m.runs > 0 || v.tl.Icount() != 0 || v.tl.Start() != 0 || v.tl.Frontier() != w.tl.Frontier() {
				t.Errorf("opened at %d after %d runs", v.tl.Icount(), v.m.runs)
			}
			v.tl.tune = randomTuning(r)
			v.check("opened")
			v.wander(60)
		})
	}
}

func TestAHistoryMayBeginLater(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 33))
		w := newWalker(t, straightRun(t, endingProgram(r, 3000), 1+seed%2), r, roomy(50))
		w.toTheEnd()
		from := 500 + r.Uint64N(1500)
		b := w.saveAll(from)
		v, err := w.reopen(b, roomy(50))
		if err != nil {
			t.Fatal(err)
		}
		start := v.tl.Start()
		if start > from || start+100 < from || v.tl.Icount() != start {
			t.Fatalf("begins at %d, asked for %d, at %d", start, from, v.tl.Icount())
		}
		v.check("opened")
		for range 30 {
			mustSeek(t, v.tl, start+r.Uint64N(v.tl.Frontier()-start+1))
			v.check("seek")
			if s := mustBack(t, v.tl, 0, breakAt(1)); s.Icount != start {
				t.Fatalf("back to %d, which is not the start, %d", s.Icount, start)
			}
			v.check("back")
		}
	}
}

func TestForgettingMovesTheStart(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 34))
		cfg := roomy(50)
		cfg.MemoryCap = 100 * pageSize
		w := newWalker(t, straightRun(t, endingProgram(r, 3000), 1+seed%2), r, cfg)
		w.toTheEnd()
		for from := uint64(300); from < 2500; from += 300 {
			before := w.tl.Start()
			err := w.tl.Forget(from)
			if at := w.tl.Icount(); at < from {
				if err == nil && w.tl.Start() > at {
					t.Fatalf("at %d history begins at %d", at, w.tl.Start())
				}
				mustSeek(t, w.tl, w.tl.Frontier())
				continue
			}
			if s := w.tl.Start(); err != nil || s < before || s > from {
				t.Fatalf("%v, history begins at %d", err, s)
			}
			for range 5 {
				mustSeek(t, w.tl, w.tl.Start()+r.Uint64N(w.tl.Frontier()-w.tl.Start()+1))
				w.check("seek")
			}
		}
	}
}

// The checkpoints that are saved already are saved again in another Backing, also
// those that are no longer in memory.
func TestAttachingAnotherBackingSavesAgain(t *testing.T) {
	cold := 0
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 35))
		cfg := roomy(40)
		cfg.MemoryCap = 60 * pageSize
		cfg.DiskCap = 1 << 30
		w := newWalker(t, straightRun(t, endingProgram(r, 3000), 1+seed%2), r, cfg)
		first := &blobs{}
		if err := w.tl.Attach(first, 0, nil); err != nil {
			t.Fatal(err)
		}
		w.wander(20)
		w.toTheEnd()
		cold += w.tl.Stats().Cold
		b := w.saveAll(1000)
		w.check("attached again")
		if err := w.tl.Forget(1000); err != nil {
			t.Fatal(err)
		}
		if len(w.tl.old) > 0 && w.tl.store.warmed == 0 {
			t.Errorf("something is still needed of the old one")
		}
		v, err := w.reopen(b, roomy(40))
		if err != nil {
			t.Fatal(err)
		}
		if n, m := len(v.tl.store.list), len(w.tl.store.list)-w.tl.store.temps; n < m*3/4 || n > m {
			t.Errorf("%d checkpoints in the second one, %d in the timeline", n, m)
		}
		for range 20 {
			mustSeek(t, v.tl, v.tl.Start()+r.Uint64N(v.tl.Frontier()-v.tl.Start()+1))
			v.check("seek")
		}
	}
	if cold == 0 {
		t.Error("nothing was cold")
	}
}

// Damaged blobs cost time and are told of; answers stay what they are.
func TestDamageCostsOnlyTime(t *testing.T) {
	warned := 0
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 36))
			w := newWalker(t, straightRun(t, endingProgram(r, 3000), 1+seed%2), r, roomy(20+r.Uint64N(100)))
			b := w.saveAll(0)
			cfg := randomConfig(r)
			cfg.Disabled = false
			cfg.Warn = func(error) { warned++ }
			v, err := w.reopen(b, cfg)
			if err != nil {
				t.Fatal(err)
			}
			v.lossy, v.tl.tune = true, randomTuning(r)
			for range 20 {
				v.wander(3)
				for range 1 + r.IntN(4) {
					b.damage(r.Uint64N(uint64(len(b.list))))
				}
				v.tl.unload()
				v.check("damaged")
			}
		})
	}
	if warned == 0 {
		t.Error("nobody was told")
	}
}

func TestASaverThatFailsIsToldOfOnceAndThinningTakesOver(t *testing.T) {
	cold, thinned := 0, 0
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 37))
		cfg := roomy(20)
		cfg.MemoryCap = 40 * pageSize
		var told []error
		cfg.Warn = func(err error) { told = append(told, err) }
		w := newWalker(t, straightRun(t, endingProgram(r, 6000), 1+seed%2), r, cfg)
		b := &blobs{full: 30 + r.IntN(60)}
		if err := w.tl.Attach(b, 0, nil); err != nil {
			t.Fatal(err)
		}
		w.toTheEnd()
		if err := w.tl.Flush(); !errors.Is(err, errFull) || !errors.Is(w.tl.SaveErr(), errFull) {
			t.Fatalf("flush: %v", err)
		}
		w.wander(30)
		if len(told) != 1 || !errors.Is(told[0], errFull) {
			t.Errorf("told %v", told)
		}
		st := w.tl.Stats()
		cold, thinned = cold+st.Cold, thinned+st.Thinned
		if st.Bytes-st.GuestBytes > cfg.MemoryCap {
			t.Errorf("%+v", st)
		}
	}
	if cold == 0 || thinned == 0 {
		t.Errorf("%d cold, %d thinned", cold, thinned)
	}
}

func TestSpacingStaysUniformAsLongAsThereIsRoomOnDisk(t *testing.T) {
	const spacing, length = 100, 200_000
	r := rand.New(rand.NewPCG(3, 4))
	cfg := fixedSpacing(spacing)
	cfg.MemoryCap = 150 * pageSize
	tl := New(newToy(randomProgram(r, length), &vm.Log{}, randomOutside(3)), cfg)
	t.Cleanup(tl.Close)
	tl.Forward(bg, length, nil)
	st := tl.Stats()
	if st.Thinned > 0 || st.Cold < length/spacing/2 || st.DiskBytes == 0 {
		t.Errorf("%+v", st)
	}
	for _, n := range intervals(tl) {
		if n > spacing {
			t.Fatalf("an interval is %d long", n)
		}
	}
	if st.Bytes-st.GuestBytes > cfg.MemoryCap {
		t.Errorf("%d bytes beyond the guest's, cap %d", st.Bytes-st.GuestBytes, cfg.MemoryCap)
	}
	for range 100 {
		to := r.Uint64N(length)
		if n := replayedBy(tl, func() { mustSeek(t, tl, to) }); n > 2*spacing {
			t.Fatalf("%d instructions replayed to %d", n, to)
		}
	}
	checkStore(t, tl, "at the end")
}
