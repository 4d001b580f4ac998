package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// shaky is a Backing some of whose blobs can't be read, and that may be full.
type shaky struct {
	mu   sync.Mutex
	list [][]byte
	full int // how many it takes
	bad  map[uint64]bool
}

func (b *shaky) Append(_ byte, data []byte) (uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.list) >= b.full {
		return 0, errors.New("no room")
	}
	b.list = append(b.list, slices.Clone(data))
	return uint64(len(b.list) - 1), nil
}

func (b *shaky) Read(id uint64) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if id >= uint64(len(b.list)) || b.bad[id] {
		return nil, errors.New("damaged")
	}
	return b.list[id], nil
}

// damage makes one of the blobs unreadable.
func (b *shaky) damage(r *rand.Rand) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.list); n > 0 {
		b.bad[r.Uint64N(uint64(n))] = true
	}
}

// answer is a request and what came of it.
type answer struct {
	what     string
	from, to uint64 // the position before, and the bound
	stops    *vm.Stops
	stop     vm.Stop
	state    state
}

func (a *answer) String() string {
	return fmt.Sprintf("%s from %d to %d with %s", a.what, a.from, a.to, describe(a.stops))
}

// ask makes the request of a timeline that is at its position.
func (a *answer) ask(ctx context.Context, tl *checkpoint.Timeline) (err error) {
	switch a.what {
	case "back":
		a.stop, err = tl.Back(ctx, a.to, a.stops)
	case "forward":
		a.stop = tl.Forward(ctx, a.to, a.stops)
		err = a.stop.Err
		if a.stop.Reason == vm.StopInterrupted {
			err = checkpoint.ErrCancelled
		}
		if a.stop.Reason == vm.StopLimit {
			a.stop.At = 0 // says nothing
		}
	default:
		err = tl.Seek(ctx, a.to)
	}
	a.state = stateOf(tl.Machine())
	return err
}

// ordeal makes random requests of a timeline whose machine runs live, for which memory
// and disk are too small, that is attached to Backings which are full or damaged, and
// whose requests are cancelled now and then; and compares what comes of them with the
// answers of a timeline that replays the same history, keeps all in memory and looks
// at everything.
func (f *truth) ordeal(t *testing.T, r *rand.Rand, n int) {
	t.Helper()
	cfg := f.cfg
	cfg.Stdin = strings.NewReader(f.Stdin)
	if f.path != "" { // it executes itself
		exe := filepath.Join(guestDir(t), f.Name)
		if err := os.WriteFile(exe, f.file, 0o755); err != nil {
			t.Fatal(err)
		}
		cfg.Path, cfg.Args = exe, append([]string{exe}, f.Args...)
	}
	if f.Name == "files" || f.Name == "forks" || f.Name == "programs" {
		cfg.Dir = guestDir(t)
	}
	spacing := max(f.end/uint64(20+r.IntN(100)), 50)
	warned := 0
	m := boot(t, cfg)
	tl := checkpoint.New(m, checkpoint.Config{
		MinSpacing: spacing, MaxSpacing: spacing, Workers: 1 + r.IntN(3), MemoryCap: 1 << (14 + r.IntN(10)),
		DiskCap: []int64{-1, 1 << 14, 1 << 20, 0}[r.IntN(4)], Warn: func(error) { warned++ },
	})
	t.Cleanup(tl.Close)
	tl.SearchEagerly()
	var b *shaky
	var answers []answer
	cancelled := 0
	for range n {
		at, frontier := tl.Icount(), tl.Frontier()
		a := answer{from: at, what: "forward", stops: f.sought(r)}
		switch k := r.IntN(12); {
		case k == 0:
			tl.Pin()
			continue
		case k == 1:
			b = &shaky{full: []int{1 << 30, 1 << 30, 3 + r.IntN(40)}[r.IntN(3)], bad: map[uint64]bool{}}
			if err := tl.Attach(b, r.Uint64N(frontier+1), nil); err != nil {
				t.Fatal(err)
			}
			if r.IntN(2) == 0 {
				_ = tl.Flush()
			}
			continue
		case k == 2 && b != nil:
			b.damage(r)
			continue
		case k < 6:
			a.what, a.to, a.stops = "seek", r.Uint64N(frontier+1), nil
		case k < 9 && at > 0:
			a.what = "back"
			if r.IntN(3) == 0 {
				a.to = r.Uint64N(at)
			}
		default:
			a.to = at + 1 + r.Uint64N(f.end/4)
			if r.IntN(8) == 0 {
				a.to = math.MaxUint64
			}
			if r.IntN(4) == 0 {
				a.stops = nil
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		if r.IntN(6) == 0 {
			timer := time.AfterFunc(time.Duration(r.IntN(3000))*time.Microsecond, cancel)
			defer timer.Stop()
		}
		err := a.ask(ctx, tl)
		cancel()
		switch {
		case errors.Is(err, checkpoint.ErrCancelled):
			cancelled++
			// Where it is now is a position like any other.
			a = answer{what: "seek", to: tl.Icount(), from: tl.Icount(), state: a.state}
		case err != nil:
			t.Fatalf("%s: %v", &a, err)
		}
		answers = append(answers, a)
	}
	tl.Forward(t.Context(), math.MaxUint64, nil)
	end := tl.Icount()
	if _, exited := m.Exited(); !exited {
		t.Fatalf("the guest does not end, but stops at %d", end)
	}
	st := tl.Stats()
	t.Logf("%d answers, %d cancelled, %d warnings, %d intervals skipped, %d of %d checkpoints cold, %d thinned", len(answers), cancelled, warned, st.Skipped, st.Cold, st.Checkpoints, st.Thinned)

	plain := checkpoint.New(replayer(t, cfg, m.Log()), checkpoint.Config{MinSpacing: max(end/100, 50), MaxSpacing: max(end/100, 50), Workers: 1, DiskCap: -1, MemoryCap: 1 << 32})
	plain.SearchBlindly()
	if s := plain.Forward(t.Context(), end, nil); plain.Icount() != end {
		t.Fatalf("the replay ends at %d, not at %d: %+v", plain.Icount(), end, s)
	}
	for i, a := range answers {
		if err := plain.Seek(t.Context(), a.from); err != nil {
			t.Fatal(err)
		}
		want := a
		if err := want.ask(t.Context(), plain); err != nil {
			t.Fatalf("request %d, %s: %v", i, &a, err)
		}
		if want.stop != a.stop {
			t.Fatalf("request %d, %s: %+v, want %+v", i, &a, a.stop, want.stop)
		}
		if want.state != a.state {
			t.Fatalf("request %d, %s: another state at %d", i, &a, plain.Icount())
		}
	}
}

func TestNothingThatGoesWrongChangesAnAnswer(t *testing.T) {
	t.Parallel()
	each(t, append([]string{"remap", "jumps"}, everyKind...), func(t *testing.T, f *truth) {
		if f.Name == dynamic {
			t.Skip("what it loads is gone")
		}
		rounds, n := 1, max(scale(80), 20)
		if f.end > 5e6 {
			rounds, n = 1, 12
		}
		for i := range rounds {
			f.ordeal(t, random(t, f.end+100+uint64(i)), n)
		}
	})
}

func TestNothingThatGoesWrongChangesAnAnswerAboutRandomPrograms(t *testing.T) {
	t.Parallel()
	for i := range scale(16) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			r := random(t, 3000+uint64(i))
			findTruth(t, randomProgram(r)).ordeal(t, r, 60)
		})
	}
}
