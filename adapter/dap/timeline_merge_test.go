package dap

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/vm"
)

// journalOf makes a journal of n events of a program with some threads.
func journalOf(r *rand.Rand, n int) []vm.Event {
	kinds := []vm.EventKind{vm.NoteOutput, vm.NoteOutput, vm.NoteOutput, vm.NoteSignal, vm.NoteThread, vm.NoteEnd, vm.NoteExec, vm.NoteInput}
	list := make([]vm.Event, n)
	at := uint64(0)
	for i := range list {
		at += r.Uint64N(2000)
		list[i] = vm.Event{
			Icount: at, Kind: kinds[r.IntN(len(kinds))], Thread: vm.ThreadID(1 + r.IntN(4)),
			Value: 1 + r.Uint64N(2), Size: 1 + r.Uint64N(100),
		}
	}
	return list
}

func TestMergedEventsSumUpToTheJournalAtEachZoomLevel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	type sums struct {
		count int
		bytes uint64
	}
	for range 200 {
		journal := journalOf(r, r.IntN(300))
		end := uint64(1000)
		if len(journal) > 0 {
			end += journal[len(journal)-1].Icount
		}
		for _, buckets := range []int{1, 2, 7, 100, 10_000} {
			from := r.Uint64N(end)
			to := from + r.Uint64N(end-from)
			x := newScale(from, to, buckets)
			if last := x.bucket(to); last >= uint64(buckets) {
				t.Fatalf("bucket %d of %d in %+v", last, buckets, x)
			}
			want := map[lane]sums{}
			for _, e := range journal {
				if from <= e.Icount && e.Icount <= to {
					l := lane{kind: e.Kind, thread: e.Thread}
					n := want[l]
					n.count++
					if e.Kind == vm.NoteOutput || e.Kind == vm.NoteInput {
						n.bytes += e.Size
					}
					want[l] = n
				}
			}
			kinds := map[string]vm.EventKind{}
			for kind, n := range noted {
				kinds[n.kind] = vm.EventKind(kind)
			}
			got := map[lane]sums{}
			type column struct {
				lane
				bucket uint64
			}
			seen := map[column]bool{}
			before := uint64(0)
			for _, e := range mergeJournal(journal, x) {
				l := lane{kind: kinds[e.Kind], thread: vm.ThreadID(e.Thread)}
				n := got[l]
				n.count += e.Count
				n.bytes += e.Bytes
				got[l] = n
				col := column{l, x.bucket(e.Icount)}
				if e.Stream == "stderr" {
					col.stream = 2
				}
				if seen[col] {
					t.Fatalf("two events in one bucket: %+v", e)
				}
				seen[col] = true
				if e.Icount < before || e.Count > 1 && (e.To < e.Icount || x.bucket(e.To) != x.bucket(e.Icount)) || e.Count == 1 && e.To != 0 {
					t.Fatalf("event %+v after one at %d", e, before)
				}
				before = e.Icount
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%d buckets from %d to %d: %v, expected %v", buckets, from, to, got, want)
			}
		}
	}
}

func TestStretchesOfAThreadAreNoMoreThanBuckets(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		x := newScale(0, 1+r.Uint64N(10_000), 1+r.IntN(20))
		l := &life{from: 0, to: x.to}
		in := func(list [][2]uint64, at uint64) bool {
			for _, a := range list {
				if a[0] <= at && at <= a[1] {
					return true
				}
			}
			return false
		}
		var ran [][2]uint64
		for at := r.Uint64N(100); at < x.to; at += 1 + r.Uint64N(300) {
			end := at + r.Uint64N(50)
			l.ran(at, end, x)
			ran = append(ran, [2]uint64{at, min(end, x.to)})
			at = end
		}
		if buckets := x.bucket(x.to) + 1; uint64(len(l.active)) > buckets {
			t.Fatalf("%d stretches in %d buckets", len(l.active), buckets)
		}
		for _, a := range ran {
			if !in(l.active, a[0]) || !in(l.active, a[1]) {
				t.Fatalf("ran %v, not in %v", a, l.active)
			}
		}
	}
}

// BenchmarkTimeline is the request of a session whose journal has 10⁵ events.
func BenchmarkTimeline(b *testing.B) {
	p, err := openSteps(b.Context(), nil, machineOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer p.close()
	s := newSession(Config{})
	s.prog = p
	if _, err := p.dbg.Move(b.Context(), debugger.Motion{Verb: debugger.Continue}); err != nil {
		b.Fatal(err)
	}
	log := p.machine.Log()
	for _, e := range journalOf(rand.New(rand.NewPCG(5, 6)), 100_000) {
		log.Note(e)
		log.Reached(e.Icount)
		if e.Kind == vm.NoteOutput {
			p.outputs[e.Value].note(e.Icount, e.Size)
		}
	}
	for _, buckets := range []int{1000, maxBuckets} {
		b.Run(fmt.Sprint(buckets), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.timeline(nil, &TimelineRequest{Arguments: TimelineArguments{Buckets: buckets}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
