package recording

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// spaced is the configuration of timelines with a checkpoint every so many
// instructions, which keep to themselves.
func spaced(n uint64) checkpoint.Config {
	return checkpoint.Config{MinSpacing: n, MaxSpacing: n, DiskCap: -1}
}

// toyRun is a run of a toy: a timeline of it, for comparison.
type toyRun struct {
	seed, length uint64
	tl           *checkpoint.Timeline
}

func outside(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 5)) }

func newToyRun(t testing.TB, seed, length uint64) *toyRun {
	tl := checkpoint.New(newToy(&vm.Log{}, length, outside(seed)), spaced(1000))
	t.Cleanup(tl.Close)
	return &toyRun{seed, length, tl}
}

// hash is the state's at icount.
func (x *toyRun) hash(t testing.TB, icount uint64) vm.Hash {
	t.Helper()
	if x.tl.Frontier() < icount {
		x.tl.Forward(context.Background(), icount, nil)
	}
	if err := x.tl.Seek(context.Background(), icount); err != nil {
		t.Fatal(err)
	}
	return x.tl.Machine().Hash()
}

// sealed makes the timeline of an open recording of the toy.
func (x *toyRun) sealed(t testing.TB, r *Recording) (*checkpoint.Timeline, error) {
	return r.Timeline(newToy(r.Log(), x.length, nil), spaced(1000))
}

// check compares states at some positions of an open recording with the run's: the
// ends, and n others.
func (x *toyRun) check(t testing.TB, r *Recording, rnd *rand.Rand, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tl, err := x.sealed(t, r)
	if err != nil {
		if r.Damage() == nil {
			t.Fatalf("no timeline, but no damage: %v", err)
		}
		return
	}
	defer tl.Close()
	start, end := tl.Start(), tl.Frontier()
	at := []uint64{end, start}
	for range n {
		at = append(at, start+rnd.Uint64N(end-start+1))
	}
	for _, icount := range at {
		if err := tl.Seek(ctx, icount); err != nil {
			t.Fatalf("seek to %d in [%d, %d] (%v): %v", icount, start, end, r.Damage(), err)
		}
		if tl.Machine().Hash() != x.hash(t, icount) {
			t.Fatalf("the state at %d in [%d, %d] is another one (%v)", icount, start, end, r.Damage())
		}
	}
	if err := tl.Seek(ctx, end); err != nil {
		t.Fatal(err)
	}
	if s := tl.Forward(ctx, math.MaxUint64, nil); s.Icount != end || s.Reason != vm.StopEnd && s.Reason != vm.StopExit {
		t.Fatalf("going on at the end stops with %v at %d", s.Reason, s.Icount)
	}
}

// recordToy records a run of a toy up to icount until, into what create makes.
func (x *toyRun) record(t testing.TB, o Options, until uint64, create func(string) (target, error)) (*Recorder, *checkpoint.Timeline) {
	t.Helper()
	tl := checkpoint.New(newToy(&vm.Log{}, x.length, outside(x.seed)), spaced(1000))
	t.Cleanup(tl.Close)
	r, err := record(tl, o, create)
	if err != nil {
		return nil, tl
	}
	tl.Forward(context.Background(), until, nil)
	return r, tl
}

func mustOpen(t testing.TB, path string) *Recording {
	t.Helper()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestARecordingHasTheStatesOfTheRun(t *testing.T) {
	rnd := rand.New(rand.NewPCG(20, 1))
	x := newToyRun(t, 1, 50_000)
	path := filepath.Join(t.TempDir(), "toy.rec")
	r, tl := x.record(t, Options{Path: path, Machine: []byte("toy"), Tool: "test 1"}, math.MaxUint64, create)
	lib := []byte("the content of a library")
	if err := r.AddFile(File{"/lib/a", Library, lib}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	rec := mustOpen(t, path)
	if err := rec.Damage(); err != nil {
		t.Error(err)
	}
	info := rec.Info()
	if info.Start != 0 || info.Last != 50_000 || info.Inputs != tl.Machine().Log().Len() || info.Checkpoints < 40 ||
		info.Tool != "test 1" || info.End != (End{How: EndExit, Status: vm.ExitStatus{Code: 3}}) {
		t.Errorf("info %+v", info)
	}
	if got, err := rec.ReadFile("/lib/a"); err != nil || !bytes.Equal(got, lib) {
		t.Errorf("the library: %q, %v", got, err)
	}
	x.check(t, rec, rnd, 50)
}

// A recording that is still being written can be opened, up to where it is.
func TestARecordingIsOpenedWhileItIsWritten(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 1))
	x := newToyRun(t, 2, math.MaxUint64)
	path := filepath.Join(t.TempDir(), "toy.rec")
	r, tl := x.record(t, Options{Path: path}, 10_000, create)
	for i := range uint64(5) {
		if err := r.Flush(); err != nil {
			t.Fatal(err)
		}
		rec := mustOpen(t, path)
		if got := rec.Info().Last; got != tl.Frontier() {
			t.Errorf("after Flush the recording goes up to %d, not to %d", got, tl.Frontier())
		}
		if rec.Damage() == nil {
			t.Error("a recording without an end does not say so")
		}
		x.check(t, rec, rnd, 3)
		tl.Forward(context.Background(), 10_000+i*5000, nil)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if end := mustOpen(t, path).Info().End; end.How != EndStopped {
		t.Errorf("end %+v", end)
	}
}

// Recording begins at any time, and has what was before.
func TestRecordingBeginsLate(t *testing.T) {
	rnd := rand.New(rand.NewPCG(22, 1))
	x := newToyRun(t, 3, math.MaxUint64)
	tl := checkpoint.New(newToy(&vm.Log{}, x.length, outside(3)), spaced(1000))
	defer tl.Close()
	tl.Forward(context.Background(), 20_000, nil)
	if err := tl.Seek(context.Background(), 5555); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "toy.rec")
	r, err := Record(tl, Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	tl.Forward(context.Background(), 30_000, nil)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	rec := mustOpen(t, path)
	if rec.Info().Last != 30_000 || rec.Info().Checkpoints < 25 {
		t.Errorf("info %+v", rec.Info())
	}
	x.check(t, rec, rnd, 10)
}

// What the guest did before it waits is in the file before it waits.
func TestAWaitIsWritten(t *testing.T) {
	x := newToyRun(t, 4, math.MaxUint64)
	path := filepath.Join(t.TempDir(), "toy.rec")
	r, tl := x.record(t, Options{Path: path}, 5000, create)
	tl.Machine().Log().Waits(5000)
	r.written() // what is on its way; nothing more is handed over
	if last := mustOpen(t, path).Info().Last; last != 5000 {
		t.Errorf("the recording goes up to %d, the guest waits at 5000", last)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// When the disk is full the program goes on, the user is told once, and the file has
// what was before.
func TestAFullDiskStopsTheRecordingOnly(t *testing.T) {
	rnd := rand.New(rand.NewPCG(23, 1))
	const length = 20_000
	x := newToyRun(t, 5, length)
	whole := newMemory()
	r, _ := x.record(t, Options{}, math.MaxUint64, func(string) (target, error) { return whole, nil })
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for range many(200) {
		f := newMemory()
		f.room = rnd.IntN(len(whole.b))
		told := make(chan error, 10)
		r, tl := x.record(t, Options{OnError: func(err error) { told <- err }}, math.MaxUint64, func(string) (target, error) { return f, nil })
		if r != nil {
			if tl.Frontier() != length {
				t.Fatalf("the program stopped at %d", tl.Frontier())
			}
			if err := r.Close(); !errors.Is(err, errFull) || !errors.Is(r.Err(), errFull) || len(told) != 1 {
				t.Fatalf("closing: %v; told %d times", err, len(told))
			}
		}
		tl.Close()
		rec, err := open(f, int64(len(f.b)))
		if err != nil {
			refused++
			continue
		}
		if rec.Damage() == nil {
			t.Fatal("no word of damage")
		}
		x.check(t, rec, rnd, 2)
	}
	if refused > many(200)/2 {
		t.Errorf("%d files were refused", refused)
	}
}

// wholeToy is a recording of a toy in memory.
func wholeToy(t testing.TB, x *toyRun) *memory {
	f := newMemory()
	r, _ := x.record(t, Options{Machine: []byte("toy")}, math.MaxUint64, func(string) (target, error) { return f, nil })
	if err := r.AddFile(File{"/lib/a", Library, make([]byte, 3000)}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return f
}

// Whichever bytes are changed, the states that a recording still shows are those of the
// run.
func TestChangedBytesDoNotChangeStates(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(24, 1))
	x := newToyRun(t, 6, 20_000)
	f := wholeToy(t, x)
	opened := 0
	for range many(1000) {
		b := bytes.Clone(f.b)
		for range 1 + rnd.IntN(4)*rnd.IntN(2) {
			b[rnd.IntN(len(b))] ^= byte(1 + rnd.IntN(255))
		}
		if rec, err := open(&memory{b: b}, int64(len(b))); err == nil {
			opened++
			x.check(t, rec, rnd, 2)
		}
	}
	if opened < many(1000)/2 {
		t.Errorf("only %d recordings could be opened", opened)
	}
}

func TestCutRecordingsHaveTheStatesBefore(t *testing.T) {
	rnd := rand.New(rand.NewPCG(25, 1))
	x := newToyRun(t, 7, 20_000)
	f := wholeToy(t, x)
	for range many(300) {
		n := rnd.IntN(len(f.b))
		rec, err := open(&memory{b: f.b[:n]}, int64(n))
		if err != nil {
			continue
		}
		if rec.Damage() == nil {
			t.Fatalf("cut at %d of %d: no word of damage", n, len(f.b))
		}
		x.check(t, rec, rnd, 2)
	}
}

// Opening reads headers, inputs and the heads of checkpoints: neither states nor pages.
func TestOpeningReadsLittle(t *testing.T) {
	x := newToyRun(t, 8, 200_000)
	f := wholeToy(t, x)
	f.read = 0
	rec, err := open(f, int64(len(f.b)))
	if err != nil {
		t.Fatal(err)
	}
	var heads, parts int64
	for _, e := range rec.blobs {
		parts += int64(e.parts)
		if e.kind == kindCheckpoint {
			heads += int64(e.head)
		}
	}
	i := rec.Info()
	most := i.InputBytes + heads + 2*partHeaderSize*(parts+100) + 10_000
	if int64(f.read) > most || most > i.Size/3 {
		t.Errorf("opening read %d bytes of %d; expected %d at most", f.read, i.Size, most)
	}
	if i.Checkpoints < 190 {
		t.Errorf("%d checkpoints", i.Checkpoints)
	}
}

// With Last the file stays small, and can be opened at every moment.
func TestLastKeepsTheFileSmall(t *testing.T) {
	rnd := rand.New(rand.NewPCG(26, 1))
	x := newToyRun(t, 9, math.MaxUint64)
	path := filepath.Join(t.TempDir(), "toy.rec")
	const last = 20_000
	r, tl := x.record(t, Options{Path: path, Last: last, Machine: []byte("toy")}, 1000, create)
	if err := r.AddFile(File{"/lib/a", Library, []byte("library")}); err != nil {
		t.Fatal(err)
	}
	var most int64
	for icount := uint64(1000); icount < 400_000; icount += 7000 {
		tl.Forward(context.Background(), icount, nil)
		rec := mustOpen(t, path)
		x.check(t, rec, rnd, 1)
		if icount%3 == 0 {
			if err := r.Flush(); err != nil {
				t.Fatal(err)
			}
			rec := mustOpen(t, path)
			if n := rec.Info().Last - rec.Info().Start; rec.Info().Last != icount || n > 2*last+2000 || icount > last && n < last {
				t.Errorf("at %d the file has the history from %d to %d", icount, rec.Info().Start, rec.Info().Last)
			}
			x.check(t, rec, rnd, 3)
			if _, err := rec.ReadFile("/lib/a"); err != nil {
				t.Error(err)
			}
		}
		most = max(most, r.Size())
	}
	whole := int64(len(wholeToy(t, newToyRun(t, 9, 400_000)).b))
	if most > whole/4 {
		t.Errorf("the file had up to %d bytes; a whole recording has %d", most, whole)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + moveSuffix); err == nil {
		t.Error("a file is left over")
	}
}

// Exporting takes nothing away: neither from an open recording nor from one that is
// being written, and it can be done again.
func TestExportLeavesTheTimelineAsItWas(t *testing.T) {
	rnd := rand.New(rand.NewPCG(28, 1))
	x := newToyRun(t, 11, 40_000)
	cfg := spaced(1000)
	cfg.MemoryCap = 1 // what can be cold is
	cfg.Warn = func(err error) { t.Error(err) }
	for _, live := range []bool{false, true} {
		var f *memory
		var tl *checkpoint.Timeline
		var r *Recorder
		var err error
		if live {
			f = newMemory()
			tl = checkpoint.New(newToy(&vm.Log{}, x.length, outside(x.seed)), cfg)
			r, err = record(tl, Options{Machine: []byte("toy")}, func(string) (target, error) { return f, nil })
			if err == nil {
				tl.Forward(t.Context(), 25_500, nil)
			}
		} else {
			f = wholeToy(t, x)
			var rec *Recording
			if rec, err = open(f, int64(len(f.b))); err == nil {
				tl, err = rec.Timeline(newToy(rec.Log(), x.length, nil), cfg)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		defer tl.Close()
		for turn := range 3 {
			path := filepath.Join(t.TempDir(), "copy")
			if err := Export(tl, 0, Options{Path: path, Machine: []byte("toy")}, nil); err != nil {
				t.Fatalf("live %v, turn %d: %v", live, turn, err)
			}
			last := tl.Frontier()
			for range 20 {
				at := rnd.Uint64N(last + 1)
				if err := tl.Seek(t.Context(), at); err != nil {
					t.Fatal(err)
				}
				if tl.Machine().Hash() != x.hash(t, at) {
					t.Fatalf("live %v: the state at %d is another one", live, at)
				}
			}
			part := mustOpen(t, path)
			if i := part.Info(); i.Start != 0 || i.Last != last || uint64(i.Checkpoints) < last/1000 || part.Damage() != nil {
				t.Errorf("live %v: %+v, %v", live, i, part.Damage())
			}
			x.check(t, part, rnd, 10)
			if err := tl.Seek(t.Context(), last); err != nil {
				t.Fatal(err)
			}
			tl.Forward(t.Context(), last+5000, nil)
		}
		if !live {
			continue
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		rec, err := open(f, int64(len(f.b)))
		if err != nil {
			t.Fatal(err)
		}
		if i := rec.Info(); i.Last != x.length || i.Checkpoints < 38 || rec.Damage() != nil {
			t.Errorf("the recording: %+v, %v", i, rec.Damage())
		}
		x.check(t, rec, rnd, 20)
	}
}

// A part of a recording is a recording.
func TestExportFromTheMiddle(t *testing.T) {
	rnd := rand.New(rand.NewPCG(27, 1))
	x := newToyRun(t, 10, 30_000)
	f := wholeToy(t, x)
	rec, err := open(f, int64(len(f.b)))
	if err != nil {
		t.Fatal(err)
	}
	tl, err := x.sealed(t, rec)
	if err != nil {
		t.Fatal(err)
	}
	defer tl.Close()
	path := filepath.Join(t.TempDir(), "part.rec")
	lib := File{"/lib/a", Library, []byte("library")}
	if err := Export(tl, 12_345, Options{Path: path, Machine: rec.Machine()}, []File{lib}); err != nil {
		t.Fatal(err)
	}
	part := mustOpen(t, path)
	if err := part.Damage(); err != nil {
		t.Error(err)
	}
	if i := part.Info(); i.Start != 12_000 || i.Last != 30_000 || i.Checkpoints < 15 {
		t.Errorf("info %+v", i)
	}
	for i := part.log.Base(); i < part.log.Len(); i++ {
		if !reflect.DeepEqual(part.log.At(i), rec.log.At(i)) {
			t.Fatalf("input %d is another one", i)
		}
	}
	x.check(t, part, rnd, 20)
}
