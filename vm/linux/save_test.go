package linux_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// drawer is a store in memory.
type drawer struct {
	mu    sync.Mutex
	pages [][vm.PageSize]byte
	lost  error // what Get returns
	gets  int
}

func (d *drawer) Put(page, base *[vm.PageSize]byte, ref vm.PageRef) (vm.PageRef, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if (base == nil) != (ref == 0) || ref != 0 && d.pages[ref-1] != *base {
		return 0, errors.New("the base of a page is not what its ref says")
	}
	d.pages = append(d.pages, *page)
	return vm.PageRef(len(d.pages)), nil
}

func (d *drawer) Get(ref vm.PageRef, page *[vm.PageSize]byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gets++; d.lost != nil {
		return d.lost
	}
	if ref == 0 || ref > vm.PageRef(len(d.pages)) {
		return errors.New("no such page")
	}
	*page = d.pages[ref-1]
	return nil
}

// saved is a chain of saved snapshots of a history.
type saved struct {
	store *drawer
	at    []uint64
	hash  []vm.Hash
	data  [][]byte // relative to the one before
	keys  [][]byte // relative to none
	snaps []vm.Snapshot
}

// saveAll runs m to until in n random pieces and saves it after each, on another
// goroutine if beside says so.
func saveAll(t *testing.T, m vm.Machine, until uint64, n int, seed uint64, beside bool) *saved {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, until))
	s := &saved{store: &drawer{}}
	jobs := make(chan vm.Snapshot, n+1)
	var wg sync.WaitGroup
	save := func() {
		defer wg.Done()
		for sn := range jobs {
			var prev vm.Snapshot
			if len(s.snaps) > 0 {
				prev = s.snaps[len(s.snaps)-1]
			}
			data, err := sn.Save(prev, s.store)
			if err != nil {
				t.Error(err)
			}
			key, err := sn.Save(nil, s.store)
			if err != nil {
				t.Error(err)
			}
			s.snaps, s.data, s.keys = append(s.snaps, sn), append(s.data, data), append(s.keys, key)
		}
	}
	wg.Add(1)
	if beside {
		go save()
	}
	for range n {
		if _, over := m.Exited(); over {
			break
		}
		m.Run(m.Icount()+1+rnd.Uint64N(max(2*until/uint64(n), 1)), nil)
		s.at, s.hash = append(s.at, m.Icount()), append(s.hash, m.Hash())
		jobs <- m.Snapshot()
	}
	close(jobs)
	if !beside {
		save()
	}
	wg.Wait()
	return s
}

// load loads snapshot i and all that it is relative to, from a random key on.
func (s *saved) load(t *testing.T, m vm.Machine, i int, rnd *rand.Rand) vm.Snapshot {
	t.Helper()
	key := rnd.IntN(i + 1)
	sn, err := m.Load(s.keys[key], nil, s.store)
	for j := key + 1; j <= i && err == nil; j++ {
		sn, err = m.Load(s.data[j], sn, s.store)
	}
	if err != nil {
		t.Fatalf("loading the snapshot at icount %d: %v", s.at[i], err)
	}
	if sn.Icount() != s.at[i] {
		t.Fatalf("loaded icount %d, not %d", sn.Icount(), s.at[i])
	}
	return sn
}

// walk restores snapshots in random order, loaded by any machine, in m, checks their
// states and replays from them to other ones.
func (s *saved) walk(t *testing.T, m vm.Machine, loaders []vm.Machine, rounds int, seed uint64) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 77))
	for range rounds {
		i := rnd.IntN(len(s.at))
		sn := s.load(t, loaders[rnd.IntN(len(loaders))], i, rnd)
		m.Restore(sn)
		if m.Hash() != s.hash[i] {
			t.Fatalf("the state loaded at icount %d differs", s.at[i])
		}
		if j := min(i+rnd.IntN(3), len(s.at)-1); j > i {
			if stop := m.Run(s.at[j], nil); m.Icount() != s.at[j] || m.Hash() != s.hash[j] {
				t.Fatalf("replay from icount %d to %d arrives at %d (%v %v), same state: %v", s.at[i], s.at[j], m.Icount(), stop.Reason, stop.Err, m.Hash() == s.hash[j])
			}
			if rnd.IntN(2) == 0 { // memory has been read by now: a hot one loads, too
				m.Restore(s.snaps[rnd.IntN(len(s.snaps))])
			}
		}
	}
}

// kept are the guests whose snapshots are saved: there is something of everything.
var kept = []string{"threads", "signals", "signals_more", "stdin", "files", "sleepy", "selfmod", "crash", "hello_glibc", "pthread_glibc",
	"gohello", "forks", "programs", "sockets_glibc", "contend_glibc"}

func TestSavedSnapshotsAreTheSameStatesWhoeverLoadsThem(t *testing.T) {
	everywhere(t, kept, func(t *testing.T, g testdata.Guest) {
		h := record(t, g, 0)
		m := replayOf(t, h.cfg, h.log)
		s := saveAll(t, m, h.end, 24, 1, false)
		r := replica(t, m)
		other := replayOf(t, h.cfg, h.log)
		machines := []vm.Machine{m, r, other, reopen(t, linux.Describe(m), copied(h.log, all))}
		for i, x := range machines {
			loaders := []vm.Machine{m, r, x} // another library's pages are other pages, but as good
			s.walk(t, x, loaders, 12, uint64(i))
		}
	})
}

// A machine that is live goes on while its snapshots are saved and loaded, and while
// replicas work with them.
func TestSnapshotsAreSavedWhileTheMachineGoesOn(t *testing.T) {
	everywhere(t, []string{"threads", "forks", "hello_glibc", "programs", "selfmod"}, func(t *testing.T, g testdata.Guest) {
		end := record(t, g, 0).end
		m := start(t, config(t, g))
		s := saveAll(t, m, end, 30, 2, true)
		var wg sync.WaitGroup
		for i := range 3 {
			x := vm.Machine(m)
			if i > 0 {
				x = replica(t, m)
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				s.walk(t, x, []vm.Machine{m, x}, 8, uint64(i))
			}()
		}
		wg.Wait()
	})
}

// What cannot be read ends the Run that needs it, and nothing else.
func TestADamagedStoreEndsTheRun(t *testing.T) {
	everywhere(t, []string{"hello_glibc", "forks", "gohello"}, func(t *testing.T, g testdata.Guest) {
		h := record(t, g, 0)
		m := replayOf(t, h.cfg, h.log)
		s := saveAll(t, m, h.end, 6, 3, false)
		lost := errors.New("bit rot")
		for i := range s.at[:len(s.at)-1] {
			other := replayOf(t, h.cfg, h.log) // it has none of the pages
			first := other.Snapshot()
			sn, err := other.Load(s.keys[i], nil, s.store)
			if err != nil {
				t.Fatal(err)
			}
			other.Restore(sn)
			s.store.lost = lost
			stop := other.Run(h.end, nil)
			if stop.Reason != vm.StopError || !errors.Is(stop.Err, lost) {
				t.Fatalf("from icount %d: %v %v", s.at[i], stop.Reason, stop.Err)
			}
			if again := other.Run(h.end, nil); again.Reason != vm.StopError {
				t.Errorf("once more: %v", again.Reason)
			}
			other.Restore(first)
			if stop := other.Run(min(s.at[0], 1000), nil); stop.Reason != vm.StopLimit {
				t.Fatalf("from another snapshot: %v %v", stop.Reason, stop.Err)
			}
			s.store.lost = nil
			other.Restore(sn)
			if other.Run(s.at[i+1], nil); other.Hash() != s.hash[i+1] {
				t.Fatalf("from icount %d, repaired: another state", s.at[i])
			}
		}
	})
}

// What has been saved already is not saved again, and what files hold is not saved at
// all.
func TestOnlyChangedPagesAreSaved(t *testing.T) {
	h := record(t, lookup(t, "hello_glibc"), 0)
	m := replayOf(t, h.cfg, h.log)
	store := &drawer{}
	first := m.Snapshot()
	if _, err := first.Save(nil, store); err != nil {
		t.Fatal(err)
	}
	began := len(store.pages)
	if began == 0 || began > 12 {
		t.Errorf("at its start a program has %d pages that files have not", began)
	}
	if _, err := first.Save(nil, store); err != nil || len(store.pages) != began {
		t.Errorf("saved again: %d pages more, %v", len(store.pages)-began, err)
	}
	m.Run(h.end/2, nil)
	second := m.Snapshot()
	data, err := second.Save(first, store)
	if err != nil {
		t.Fatal(err)
	}
	if more, want := len(store.pages)-began, len(second.Activity().Written); more > want {
		t.Errorf("%d pages saved, %d written", more, want)
	}
	if len(data) > 4096 {
		t.Errorf("a snapshot of a small program takes %d bytes beside its pages", len(data))
	}
	if _, err := m.Load(data, nil, store); err == nil {
		t.Error("a snapshot loads without what it is relative to")
	}
	if _, err := m.Load(data, second, store); err == nil {
		t.Error("a snapshot loads with something else than what it is relative to")
	}
}

var _ vm.PageStore = (*drawer)(nil)

// everywhereLoaded saves a history and has it loaded by its machine, a replica, and a
// machine that has been reopened.
func (h *history) everywhereLoaded(t *testing.T, n int) *saved {
	t.Helper()
	m := replayOf(t, h.cfg, h.log)
	s := saveAll(t, m, h.end, n, 9, false)
	other := reopen(t, linux.Describe(m), copied(h.log, all))
	for i, x := range []vm.Machine{m, replica(t, m), other, replica(t, other)} {
		s.walk(t, x, []vm.Machine{x}, 8, uint64(i))
	}
	return s
}

func TestSavedSnapshotsOfDynamicallyLinkedPrograms(t *testing.T) {
	toolchains(t, func(t *testing.T, tc toolchain) {
		exe := tc.build(t, t.TempDir(), "hello", helloSource, "-lm")
		h := recordConfig(t, tc.config(t, exe, "a", "b"), 0)
		s := h.everywhereLoaded(t, 16)
		if n := len(s.store.pages); n > 16*40 {
			t.Errorf("%d pages are stored: those of libraries are among them", n)
		}
	})
}

// The guest in testdata/calls makes use of everything that the kernel has.
func TestSavedSnapshotsHaveAllThatTheKernelHas(t *testing.T) {
	for _, arch := range testdata.Arches() {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			recordConfig(t, fixed(linux.Config{Path: buildCalls(t, arch), Dir: t.TempDir()}), 0).everywhereLoaded(t, 40)
		})
	}
}

// What it takes to save and load the snapshots of a program with some megabytes of
// memory.
func BenchmarkSave(b *testing.B) {
	m := start(b, config(b, lookup(b, "bench_mem")))
	first := m.Snapshot()
	m.Run(20_000_000, nil)
	second := m.Snapshot()
	written := len(second.Activity().Written)
	b.Run("first", func(b *testing.B) {
		for range b.N {
			if _, err := second.Save(nil, &drawer{}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(written), "pages")
	})
	store := &drawer{}
	if _, err := first.Save(nil, store); err != nil {
		b.Fatal(err)
	}
	data, err := second.Save(first, store)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("again", func(b *testing.B) {
		for range b.N {
			if _, err := second.Save(first, store); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(data)), "bytes")
	})
	b.Run("load", func(b *testing.B) {
		for range b.N {
			if _, err := m.Load(data, first, store); err != nil {
				b.Fatal(err)
			}
		}
	})
}
