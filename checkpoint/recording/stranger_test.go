package recording

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// forge writes the records of a recording to a new one, with right checksums, after
// change has had a look at each.
func forge(t *testing.T, f *memory, change func(k kind, payload []byte)) *memory {
	t.Helper()
	out := newMemory()
	w, err := newWriter(out, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := reader{f: f, size: int64(len(f.b))}
	err = r.hop(func(e entry) {
		head, err := r.first(e)
		if err != nil {
			t.Fatal(err)
		}
		all, err := r.read(e)
		if err != nil {
			t.Fatal(err)
		}
		all = append([]byte(nil), all...)
		change(e.kind, all)
		pieces := [][]byte{all}
		if n := len(head); n < len(all) {
			pieces = [][]byte{all[:n], all[n:]}
		}
		if _, err := w.pieces(e.kind, e.mark, pieces...); err != nil {
			t.Fatal(err)
		}
	}, func(gap) {})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A recording that somebody has changed with care, so that its checksums are right,
// shows states that never were, or stops with an error. It does nothing else.
func TestAStrangersRecordingCanOnlyBeReplayed(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(40, 1))
	for _, name := range []string{"demo_inventory", "hello_glibc", "threads"} {
		t.Run(name, func(t *testing.T) {
			x := newGuestRun(t, guest(t, t.TempDir(), name))
			whole := newMemory()
			r, err := record(x.tl, Options{Machine: linux.Describe(x.tl.Machine().(*linux.Machine))},
				func(string) (target, error) { return whole, nil })
			if err != nil {
				t.Fatal(err)
			}
			x.tl.Forward(context.Background(), 3_000_000, nil)
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			shown := 0
			for range many(60) {
				victim := []kind{kindBegin, kindInputs, kindChunk, kindCheckpoint}[rnd.IntN(4)]
				f := forge(t, whole, func(k kind, p []byte) {
					if k != victim || len(p) == 0 || rnd.IntN(3) == 0 {
						return
					}
					for range 1 + rnd.IntN(4) {
						p[rnd.IntN(min(len(p), 1+rnd.IntN(len(p))))] = byte(rnd.Uint32())
					}
				})
				rec, err := open(f, int64(len(f.b)))
				if err != nil {
					continue
				}
				if lookAround(rec, rnd) {
					shown++
				}
			}
			t.Logf("%d recordings showed something", shown)
		})
	}
}

// lookAround does what a session does with a recording, whatever comes of it. It reports
// whether it could be replayed at all.
func lookAround(rec *Recording, rnd *rand.Rand) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	m, err := linux.Reopen(rec.Machine(), rec.Log(), zerolog.Nop())
	if err != nil {
		return false
	}
	tl, err := rec.Timeline(m, checkpoint.Config{MinSpacing: 300_000, MaxSpacing: 300_000, DiskCap: -1})
	if err != nil {
		return false
	}
	defer tl.Close()
	for range 3 {
		at := tl.Start()
		if n := tl.Frontier() - at; n > 0 {
			at += rnd.Uint64N(n)
		}
		if tl.Seek(ctx, at) == nil {
			_ = tl.Machine().Hash()
			_ = tl.Machine().Mappings()
		}
	}
	_ = tl.Forward(ctx, tl.Icount()+100_000, &vm.Stops{Signals: true})
	_, _ = tl.Back(ctx, tl.Start(), &vm.Stops{Breaks: vm.NewBreaks(tl.Machine().Image().Entry)})
	return true
}

// A recording whose path is not there is an error that names it.
func TestOpeningNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.rec")
	if _, err := Open(path); err == nil {
		t.Error("opened a file that is not there")
	}
	if _, err := Open(filepath.Dir(path)); err == nil {
		t.Error("opened a directory")
	}
}

// A time that no calendar has is none: descriptions of the recording can be written.
func TestATimeOutOfRangeIsNone(t *testing.T) {
	for _, created := range []int64{math.MinInt64, -62167219201, 253402300800, math.MaxInt64} {
		x := begin{created: created}
		got, err := parseBegin(x.appendTo(nil))
		if err != nil || got.created != 0 {
			t.Errorf("%d becomes %d, %v", created, got.created, err)
		}
	}
	for _, created := range []int64{-62167219200, 0, 1e9, 253402300799} {
		x := begin{created: created}
		got, err := parseBegin(x.appendTo(nil))
		if err != nil || got.created != created {
			t.Errorf("%d becomes %d, %v", created, got.created, err)
		}
		if _, err := time.Unix(got.created, 0).UTC().MarshalJSON(); err != nil {
			t.Error(err)
		}
	}
}
