package dap

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/records"
	"github.com/dap-revexec/dap-revexec/vm"
)

func TestWhatIsKeptOfAStreamIsWhatWasWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 100 {
		var all []byte
		var writes [][]byte
		var journal []vm.Event
		for i := range 1 + r.IntN(50) {
			p := make([]byte, 1+r.IntN(20))
			for j := range p {
				p[j] = byte(r.IntN(256))
			}
			all, writes = append(all, p...), append(writes, p)
			journal = append(journal, vm.Event{Icount: uint64(i / 2 * 10), Kind: vm.NoteOutput, Value: 1, Size: uint64(len(p))}) // two at one position
		}
		w := &newOutputs(journal)[1]
		if w.size != uint64(len(all)) {
			t.Fatalf("%d bytes, expected %d", w.size, len(all))
		}
		// Stretches of it come by in any order, some again.
		known := make([]bool, len(writes))
		for range 20 {
			from := r.IntN(len(writes)) &^ 1
			to := from + 2*(1+r.IntN(5)) // both at a position
			for i := from; i < min(len(writes), to); i++ {
				offset := w.offset(journal[i].Icount)
				if !bytes.HasPrefix(all[offset:], writes[i]) || w.of(offset) != i || w.end(i) != offset+uint64(len(writes[i])) {
					t.Fatalf("write %d is at %d", i, offset)
				}
				w.keep(offset, writes[i])
				known[i] = true
			}
		}
		held := 0
		for i, p := range writes {
			offset := w.marks[i].offset
			got := w.text(offset, len(p))
			if !known[i] {
				p = nil
			}
			if !bytes.Equal(got, p) {
				t.Fatalf("write %d: kept %q, expected %q", i, got, p)
			}
			held += len(p)
			if known[i] && w.holds(w.end(i)) > offset {
				t.Fatalf("write %d, at %d, is not held", i, offset)
			}
		}
		if w.held != held {
			t.Fatalf("%d bytes kept, expected %d", w.held, held)
		}
	}
}

func TestTheLatestOfALongOutputIsKept(t *testing.T) {
	w := &newOutputs(nil)[1]
	line := bytes.Repeat([]byte("x"), 1000)
	for i := range 2 * keptText / 1000 {
		w.add(uint64(i), line)
	}
	if w.held != keptText || w.size < 2*keptText-1000 || w.text(0, 1) != nil || len(w.text(w.size-keptText, keptText)) != keptText {
		t.Errorf("%d bytes kept of %d", w.held, w.size)
	}
	total := 0
	for _, k := range w.kept {
		total += cap(k.data)
	}
	if total > 3*keptText {
		t.Errorf("%d bytes of memory", total)
	}
}

// Of a recording more may follow than the client has been given.
func TestWhatIsLeftOfACharacterIsToldWhereItWasWritten(t *testing.T) {
	for _, played := range []*records.Session{nil, {}} {
		s := newSession(Config{})
		s.prog, _ = openSteps(t.Context(), nil, machineOptions{})
		s.launched = &launchArguments{NoDebug: true}
		if s.prog.played = played; played != nil {
			s.prog.outputs = newOutputs([]vm.Event{{Icount: 1, Kind: vm.NoteOutput, Value: 1, Size: 2}, {Icount: 9, Kind: vm.NoteOutput, Value: 1, Size: 5}})
		}
		s.programOutput(1, 1, []byte("a\xc3"))
		s.flushOutput(t.Context())
		s.prog.played = nil
		s.prog.close()
		s.out.close()
		var offsets []uint64
		for it, ok, _ := s.out.take(); ok; it, ok, _ = s.out.take() {
			offsets = append(offsets, *it.output.Revexec.Offset)
		}
		if !slices.Equal(offsets, []uint64{0, 1}) {
			t.Errorf("a recording: %v: offsets %v", played != nil, offsets)
		}
	}
}
