package linux_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// copied is what another process has of a log that it has read from a file; nothing of
// it is shared. What is not kept is skipped.
func copied(log *vm.Log, keep func(i int) bool) *vm.Log {
	out := &vm.Log{}
	for i := range log.Len() {
		if !keep(i) {
			out.Skip(1)
			continue
		}
		in := *log.At(i)
		in.Aux, in.Data, in.Writes = slices.Clone(in.Aux), slices.Clone(in.Data), slices.Clone(in.Writes)
		for j, w := range in.Writes {
			in.Writes[j].Data = slices.Clone(w.Data)
		}
		out.Append(&in)
	}
	out.Reached(log.Frontier())
	return out
}

func all(int) bool { return true }

func reopen(tb testing.TB, description []byte, log *vm.Log) *linux.Machine {
	tb.Helper()
	m, err := linux.Reopen(description, log, zerolog.Nop())
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// A machine made from its description replays the history, without the host.
func TestAReopenedMachineIsTheSame(t *testing.T) {
	everywhere(t, kept, func(t *testing.T, g testdata.Guest) {
		h := record(t, g, 10)
		m := reopen(t, linux.Describe(replayOf(t, h.cfg, h.log)), copied(h.log, all))
		first := m.Snapshot()
		for _, p := range h.points {
			if s := m.Run(p, nil); s.Icount != p {
				t.Fatalf("Run to %d: %v %v at %d", p, s.Reason, s.Err, s.Icount)
			}
			h.check(t, m, "reopened")
		}
		if s := m.Run(endless, nil); s.Reason != vm.StopExit {
			t.Fatalf("at the guest's end: %v %v", s.Reason, s.Err)
		}
		m.Restore(first)
		if again := linux.Describe(m); string(again) != string(linux.Describe(replayOf(t, h.cfg, h.log))) {
			t.Error("described again it is another machine")
		}
	})
}

// Snapshots saved by the machine that has recorded can be loaded by one that has been
// reopened, even if the inputs before them are gone.
func TestSnapshotsOutliveTheInputsBefore(t *testing.T) {
	everywhere(t, kept, func(t *testing.T, g testdata.Guest) {
		h := record(t, g, 0)
		m := replayOf(t, h.cfg, h.log)
		s := saveAll(t, m, h.end, 12, 5, false)
		description := linux.Describe(m)
		for i := 0; i < len(s.at); i += 3 {
			needed := linux.InputsToKeep(h.log)
			later := copied(h.log, func(j int) bool { return h.log.At(j).Icount >= s.at[i] || slices.Contains(needed, j) })
			x := reopen(t, description, later)
			sn, err := x.Load(s.keys[i], nil, s.store)
			if err != nil {
				t.Fatalf("the snapshot at icount %d: %v", s.at[i], err)
			}
			x.Restore(sn)
			if x.Hash() != s.hash[i] {
				t.Fatalf("the state loaded at icount %d differs", s.at[i])
			}
			if stop := x.Run(endless, nil); stop.Reason != vm.StopExit || x.Hash() != h.final {
				t.Fatalf("from icount %d: %v %v, the same end: %v", s.at[i], stop.Reason, stop.Err, x.Hash() == h.final)
			}
		}
	})
}

// A log that ends early is the end of a reopened machine's history, wherever it ends.
func TestAReopenedMachineEndsWhereItsLogDoes(t *testing.T) {
	everywhere(t, []string{"files", "stdin", "threads", "programs"}, func(t *testing.T, g testdata.Guest) {
		h := record(t, g, 30)
		description := linux.Describe(replayOf(t, h.cfg, h.log))
		for _, end := range h.points {
			if end >= h.end {
				break
			}
			short := &vm.Log{}
			for i := 0; i < h.log.Len() && h.log.At(i).Icount <= end; i++ {
				short.Append(h.log.At(i))
			}
			short.Reached(end)
			m := reopen(t, description, short)
			if s := m.Run(endless, nil); s.Reason != vm.StopEnd || s.Icount != end {
				t.Fatalf("a log up to %d: %v %v at %d", end, s.Reason, s.Err, s.Icount)
			}
			h.check(t, m, "at the log's end")
		}
	})
}

func TestADescriptionOfAnotherVersionIsRefused(t *testing.T) {
	h := record(t, lookup(t, "arith"), 0)
	d := linux.Describe(replayOf(t, h.cfg, h.log))
	for i, want := range []string{"reads version", "replay it with the release"} {
		other := slices.Clone(d)
		other[i]++
		if _, err := linux.Reopen(other, h.log, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	for n := range 200 {
		if _, err := linux.Reopen(d[:n*len(d)/200], h.log, zerolog.Nop()); err == nil {
			t.Errorf("%d bytes of %d are enough", n*len(d)/200, len(d))
		}
	}
	if _, err := linux.Reopen(d, &vm.Log{}, zerolog.Nop()); err == nil {
		t.Error("no inputs are needed")
	}
}
