package checkpoint

import (
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint/pages"
	"github.com/dap-revexec/dap-revexec/vm"
)

// randomActivity is one that may be traced.
func randomActivity(r *rand.Rand) *vm.Activity {
	a := &vm.Activity{Written: randomPages(r, 30)}
	if r.IntN(4) == 0 {
		a.Unknown = r.IntN(2) == 0
		return a
	}
	a.Traced = true
	var bits [1024]uint64
	for range r.IntN(50) {
		bits[r.IntN(1024)] |= 1 << r.IntN(64)
	}
	a.Read = vm.NewPageFilter(&bits)
	var list []vm.Range
	for range r.IntN(30) {
		start := r.Uint64N(1 << (1 + r.IntN(63)))
		list = append(list, vm.Range{Start: start, End: start + r.Uint64N(100)})
	}
	a.Code = vm.NewRanges(list)
	for id := range r.IntN(5) {
		a.Tops = append(a.Tops, vm.StackTop{Thread: vm.ThreadID(3*id + 1), SP: r.Uint64()})
	}
	a.Events = vm.EventSet(r.Uint32())
	return a
}

// sameActivity compares what two activities say.
func sameActivity(a, b *vm.Activity) bool {
	return slices.Equal(a.Written, b.Written) && a.Unknown == b.Unknown && a.Traced == b.Traced && slices.Equal(a.Read.Low(), b.Read.Low()) &&
		slices.Equal(a.Code, b.Code) && slices.Equal(a.Tops, b.Tops) && a.Events == b.Events
}

// A field of an activity that is added has to be saved, and be in the two functions
// above.
func TestAllOfAnActivityIsKnownHere(t *testing.T) {
	if n := reflect.TypeFor[vm.Activity]().NumField(); n != 7 {
		t.Errorf("an activity has %d fields, 7 are saved", n)
	}
}

func TestSavedCheckpointsDecodeToWhatWasEncoded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 41))
	for range 500 {
		info := SavedInfo{ID: 1000, Icount: r.Uint64(), Key: r.IntN(2) == 0, Activity: randomActivity(r)}
		if !info.Key {
			info.Prev = r.Uint64N(1000)
		}
		got, err := DecodeSaved(1000, encodeSaved(info, []byte("state")))
		if err != nil || !sameActivity(got.Activity, info.Activity) {
			t.Fatalf("%+v: %+v, %v", *info.Activity, got.Activity, err)
		}
		got.Activity = info.Activity
		if got != info {
			t.Fatalf("%+v, want %+v", got, info)
		}
	}
}

func TestACheckpointRelativeToALaterOneIsRefused(t *testing.T) {
	blob := encodeSaved(SavedInfo{ID: 9, Prev: 7, Activity: &vm.Activity{}}, nil)
	for id := range uint64(8) {
		if _, err := DecodeSaved(id, blob); err == nil {
			t.Errorf("blob %d is relative to 7", id)
		}
	}
}

func FuzzDecodeSaved(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 42))
	for range 20 {
		f.Add(encodeSaved(SavedInfo{ID: 9, Prev: 7, Key: r.IntN(2) == 0, Activity: randomActivity(r)}, []byte("state")), encodeActivity(randomActivity(r)))
	}
	f.Fuzz(func(t *testing.T, blob, act []byte) {
		_, _ = DecodeSaved(9, blob)
		if a, err := decodeActivity(act); err == nil {
			if b, err := decodeActivity(encodeActivity(a)); err != nil || !sameActivity(a, b) {
				t.Errorf("%+v does not survive: %+v, %v", a, b, err)
			}
			if !slices.IsSorted(a.Written) || !slices.IsSorted(a.Read.Low()) {
				t.Errorf("not ascending: %+v", a)
			}
		}
	})
}

// A recording with a great many checkpoints that can't be used opens in time and memory
// that do not grow with the square of their number, and nothing is lost of what they
// tell.
func TestUnusableCheckpointsAreMergedInNoTime(t *testing.T) {
	const n, pagesOf = 1000, 1000
	m := newToy(endingProgram(rand.New(rand.NewPCG(1, 50)), 3000), &vm.Log{}, &toyOutside{})
	m.sealed = true
	m.log.Reached(n + 1)
	var infos []SavedInfo
	for i := range uint64(n) {
		act := &vm.Activity{}
		for p := range uint64(pagesOf) {
			act.Written = append(act.Written, p*n+i)
		}
		infos = append(infos, SavedInfo{ID: i + 1, Icount: i, Activity: act}) // relative to blob 0, which is none
	}
	infos = append(infos, SavedInfo{ID: n + 1, Icount: n + 1, Key: true, Activity: &vm.Activity{}})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tl, err := Reopen(m, Config{DiskCap: -1}, &blobs{}, nil, infos)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	defer tl.Close()
	if got := after.TotalAlloc - before.TotalAlloc; got > 500<<20 {
		t.Errorf("%d MiB were taken", got>>20)
	}
	last := tl.store.list[len(tl.store.list)-1]
	if last.icount != n+1 || len(last.act.Written) != n*pagesOf {
		t.Errorf("the last one, at %d, knows of %d pages", last.icount, len(last.act.Written))
	}
}

// A small blob cannot make the reader unpack a large state.
func TestAStateLargerThanItsBlobAllowsIsRefused(t *testing.T) {
	m := newToy(endingProgram(rand.New(rand.NewPCG(2, 50)), 3000), &vm.Log{}, &toyOutside{})
	state := make([]byte, 100<<20)
	blob := encodeSaved(SavedInfo{Key: true, Activity: &vm.Activity{}}, nil)
	b := &blobs{}
	id, err := b.Append(KindCheckpoint, pages.Pack(blob[:len(blob)-1], state)) // in place of an empty one
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = newArchive(m, b, pages.New(b)).load(id, nil)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; err == nil || got > 10<<20 {
		t.Errorf("%d MiB were taken for a blob of %d bytes: %v", got>>20, len(b.list[0]), err)
	}
}
