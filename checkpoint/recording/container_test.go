package recording

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// memory is a file in memory that can be full.
type memory struct {
	b    []byte
	room int // bytes; < 0: no limit
	read int // bytes that were read
}

func newMemory() *memory { return &memory{room: -1} }

var errFull = errors.New("no space left on device")

func (f *memory) Write(p []byte) (int, error) {
	if f.room >= 0 && len(f.b)+len(p) > f.room {
		n := max(f.room-len(f.b), 0)
		f.b = append(f.b, p[:n]...)
		return n, errFull
	}
	f.b = append(f.b, p...)
	return len(p), nil
}

func (f *memory) ReadAt(p []byte, at int64) (int, error) {
	if at >= int64(len(f.b)) {
		return 0, io.EOF
	}
	n := copy(p, f.b[at:])
	f.read += n
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memory) Truncate(size int64) error { f.b = f.b[:size]; return nil }
func (f *memory) Sync() error               { return nil }
func (f *memory) Close() error              { return nil }

// compressible makes n bytes, of which zstd can take about half away.
func compressible(r *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32() & 15)
	}
	return p
}

type written struct {
	kind    kind
	mark    uint64
	payload []byte
}

// scan reads all records of a file.
func scan(t *testing.T, f *memory) (list []written, gaps []gap) {
	t.Helper()
	r := reader{f: f, size: int64(len(f.b))}
	err := r.hop(func(e entry) {
		if p, err := r.read(e); err != nil {
			if !errors.Is(err, errDamaged) {
				t.Errorf("reading part %d: %v", e.seq, err)
			}
		} else {
			list = append(list, written{e.kind, e.mark, p})
		}
	}, func(g gap) { gaps = append(gaps, g) })
	if err != nil {
		t.Fatal(err)
	}
	return list, gaps
}

func equal(a, b []written) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d records, want %d", len(a), len(b))
	}
	for i := range a {
		if a[i].kind != b[i].kind || a[i].mark != b[i].mark || !bytes.Equal(a[i].payload, b[i].payload) {
			return fmt.Errorf("record %d is another one", i)
		}
	}
	return nil
}

// someRecords writes records of many sizes.
func someRecords(t *testing.T, r *rand.Rand, sizes ...int) (*memory, []written) {
	t.Helper()
	f := newMemory()
	w, err := newWriter(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	var list []written
	for _, n := range sizes {
		x := written{kind(1 + r.IntN(100)), r.Uint64(), make([]byte, n)} // zeros: they compress best
		if r.IntN(3) > 0 {
			x.payload = compressible(r, n)
		}
		if _, err := w.record(x.kind, x.mark, x.payload); err != nil {
			t.Fatal(err)
		}
		list = append(list, x)
	}
	return f, list
}

func TestRecordsOfAllSizesAreReadAsWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	f, want := someRecords(t, r, 0, 1, 255, 256, 257, 70000, pieceSize-1, pieceSize, pieceSize+1, 3*pieceSize+5, 0, 9)
	got, gaps := scan(t, f)
	if err := equal(got, want); err != nil || len(gaps) > 0 {
		t.Errorf("%v; gaps %v", err, gaps)
	}
}

// A file that was cut anywhere has the records that end before the cut.
func TestATruncatedFileHasAPrefixOfTheRecords(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	var sizes []int
	for range 60 {
		sizes = append(sizes, r.IntN(2000))
	}
	f, want := someRecords(t, r, sizes...)
	for range 1000 {
		n := fileHeaderSize + r.IntN(len(f.b)-fileHeaderSize)
		got, gaps := scan(t, &memory{b: f.b[:n]})
		if len(got) >= len(want) {
			t.Fatalf("cut at %d of %d: %d records", n, len(f.b), len(got))
		}
		if err := equal(got, want[:len(got)]); err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if len(gaps) > 1 || len(gaps) == 1 && !gaps[0].cut {
			t.Fatalf("cut at %d: gaps %v", n, gaps)
		}
	}
}

// One changed byte costs one record at most, wherever it is, and nothing is read that
// was not written.
func TestAChangedByteCostsOneRecord(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	var sizes []int
	for range 60 {
		sizes = append(sizes, r.IntN(600))
	}
	f, want := someRecords(t, r, sizes...)
	for range 3000 {
		i := fileHeaderSize + r.IntN(len(f.b)-fileHeaderSize)
		b := bytes.Clone(f.b)
		b[i] ^= byte(1 + r.IntN(255))
		got, _ := scan(t, &memory{b: b})
		if len(got) < len(want)-1 {
			t.Fatalf("byte %d: %d of %d records are left", i, len(got), len(want))
		}
		for j, k := 0, 0; j < len(got); j, k = j+1, k+1 {
			if k == j && equal(got[j:j+1], want[k:k+1]) != nil {
				k++
			}
			if err := equal(got[j:j+1], want[k:k+1]); err != nil {
				t.Fatalf("byte %d: record %d: %v", i, j, err)
			}
		}
	}
}

// Headers of another recording that lies within a file are not taken for its own.
func TestARecordingWithinARecording(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	inner, _ := someRecords(t, r, 100, 100, 100, 100)
	f := newMemory()
	w, err := newWriter(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.record(kindBlob, 1, inner.b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(f.b, inner.b) {
		t.Fatal("it was compressed: nothing is tested")
	}
	if _, err := w.record(kindBlob, 2, []byte("next")); err != nil {
		t.Fatal(err)
	}
	f.b[p.at+20] ^= 1
	got, gaps := scan(t, f)
	if len(got) != 1 || string(got[0].payload) != "next" || len(gaps) != 1 {
		t.Errorf("%d records and gaps %v, want the last record and a gap", len(got), gaps)
	}
}

// Whatever is not a recording of this version is refused with a word on why.
func TestOtherFilesAreRefused(t *testing.T) {
	damaged := appendFileHeader(nil, formatVersion, 7)
	damaged[8] ^= 8
	for about, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":     {nil, "empty"},
		"text":      {[]byte("#!/bin/sh\necho hello\n"), "not a recording"},
		"short":     {fileMagic[:], "damaged"},
		"damaged":   {damaged, "damaged"},
		"newer":     {appendFileHeader(nil, formatVersion+1, 7), "open it with a newer one"},
		"version 0": {appendFileHeader(nil, 0, 7), "version 0"},
		"no parts":  {appendFileHeader(nil, formatVersion, 7), "breaks off"},
	} {
		_, err := open(&memory{b: c.content}, int64(len(c.content)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", about, err, c.want)
		}
	}
}

// That a part was taken out is told.
func TestAMissingPartIsTold(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	f := newMemory()
	w, err := newWriter(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	var at []int
	for range 3 {
		at = append(at, len(f.b))
		if _, err := w.record(kindInputs, 0, compressible(r, 100)); err != nil {
			t.Fatal(err)
		}
	}
	f.b = append(f.b[:at[1]:at[1]], f.b[at[2]:]...)
	if got, gaps := scan(t, f); len(got) != 2 || len(gaps) != 1 {
		t.Errorf("%d records and gaps %v, want 2 and one", len(got), gaps)
	}
}

// A full disk stops the writing, is told once, and leaves a file that is valid.
func TestAFullDiskLeavesAValidFile(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for range 200 {
		f := newMemory()
		f.room = fileHeaderSize + r.IntN(20000)
		told := 0
		w, err := newWriter(f, func(err error) {
			told++
			if !errors.Is(err, errFull) {
				t.Errorf("told %v", err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		var want []written
		failed := false
		for range 60 {
			x := written{kindInputs, r.Uint64(), compressible(r, r.IntN(2000))}
			if _, err := w.record(x.kind, x.mark, x.payload); err == nil {
				want = append(want, x)
			} else if failed = true; !errors.Is(err, errFull) {
				t.Fatalf("error %v", err)
			}
		}
		if failed != (told == 1) || told > 1 {
			t.Fatalf("failed: %v; told %d times", failed, told)
		}
		got, gaps := scan(t, f)
		if err := equal(got, want); err != nil || len(gaps) > 0 {
			t.Fatalf("room for %d bytes: %v; gaps %v", f.room, err, gaps)
		}
	}
}

// randomInputs makes n inputs from icount on.
func randomInputs(r *rand.Rand, icount uint64, n int) []*vm.Input {
	var list []*vm.Input
	for range n {
		icount += r.Uint64N(1000)
		in := &vm.Input{
			Icount: icount, Kind: vm.InputKind(1 + r.IntN(3)), Thread: vm.ThreadID(r.Int32()),
			Num: r.Uint32(), Ret: int64(r.Uint64()),
		}
		for range r.IntN(3) {
			in.Aux = append(in.Aux, r.Uint64())
		}
		for range r.IntN(3) {
			in.Writes = append(in.Writes, vm.MemWrite{Addr: r.Uint64(), Data: compressible(r, 1+r.IntN(50))})
		}
		if r.IntN(2) == 0 {
			in.Data = compressible(r, 1+r.IntN(300))
		}
		list = append(list, in)
	}
	return list
}

func TestInputsAndEventsAreReadAsWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	for range 50 {
		list := randomInputs(r, r.Uint64()>>1, r.IntN(20))
		first, got, err := parseInputs(appendInputs(nil, 77, list), 1<<63+1<<62)
		if err != nil || first != 77 || len(got) != len(list) {
			t.Fatalf("%d inputs from %d: %v", len(got), first, err)
		}
		var keep []kept
		for i := range list {
			if !reflect.DeepEqual(got[i], list[i]) {
				t.Fatalf("input %d: %+v, want %+v", i, got[i], list[i])
			}
			keep = append(keep, kept{uint64(3 * i), list[i]})
		}
		again, err := parseKept(appendKept(nil, keep), 100)
		if err != nil || len(again) != len(keep) || len(keep) > 0 && !reflect.DeepEqual(again, keep) {
			t.Fatalf("kept inputs: %v, %v", again, err)
		}
		events := make([]vm.Event, r.IntN(5))
		for i := range events {
			events[i] = vm.Event{Icount: r.Uint64(), Kind: vm.EventKind(r.Uint32() & 255), Thread: vm.ThreadID(-r.Int32()), Value: r.Uint64(), Size: r.Uint64()}
		}
		back := make([]vm.Event, 0)
		err = parseEvents(appendEvents(nil, events), func(e vm.Event) { back = append(back, e) })
		if err != nil || !reflect.DeepEqual(back, events) {
			t.Fatalf("events %v: %v, want %v", back, err, events)
		}
	}
}

// history is a recording without checkpoints, and what is in it.
type history struct {
	f         *memory
	inputs    []*vm.Input
	frontiers map[uint64]int // to how many inputs there are
	events    []vm.Event
	ends      []int64 // where each batch of inputs ends in the file
}

func writeHistory(t testing.TB, r *rand.Rand, batches int) *history {
	h := &history{f: newMemory(), frontiers: map[uint64]int{0: 0}}
	s, err := newSink(h.f, begin{created: 1e9, tool: "test", machine: compressible(r, 3000)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	frontier := uint64(0)
	for i := range batches {
		list := randomInputs(r, frontier, r.IntN(8))
		if n := len(list); n > 0 {
			frontier = list[n-1].Icount
		}
		frontier += r.Uint64N(1000)
		e := vm.Event{Icount: frontier, Kind: vm.NoteOutput, Size: uint64(i)}
		if err := s.write(batch{first: len(h.inputs), inputs: list, events: []vm.Event{e}, frontier: frontier}); err != nil {
			t.Fatal(err)
		}
		h.inputs, h.events = append(h.inputs, list...), append(h.events, e)
		h.frontiers[frontier] = len(h.inputs)
		h.ends = append(h.ends, int64(len(h.f.b)))
		if i%5 == 0 {
			if _, err := s.Append(1, compressible(r, 500)); err != nil {
				t.Fatal(err)
			}
			if err := s.addFile(File{Path: fmt.Sprint("/lib/", i), Kind: Library, Data: compressible(r, 700)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	end := End{How: EndExit, Status: vm.ExitStatus{Code: 7}, Text: "done"}
	if _, err := s.record(kindEnd, frontier, end.appendTo(nil)); err != nil {
		t.Fatal(err)
	}
	return h
}

// check makes sure that an opened recording is a prefix of the history.
func (h *history) check(t *testing.T, r *Recording) {
	t.Helper()
	n, ok := h.frontiers[r.log.Frontier()]
	if !ok || n != r.log.Len() {
		t.Fatalf("%d inputs up to %d: no such state was written", r.log.Len(), r.log.Frontier())
	}
	for i := range n {
		if !reflect.DeepEqual(r.log.At(i), h.inputs[i]) {
			t.Fatalf("input %d is %+v, want %+v", i, r.log.At(i), h.inputs[i])
		}
	}
	for _, e := range r.log.Journal() {
		if e.Icount > r.log.Frontier() || h.events[e.Size] != e {
			t.Fatalf("event %+v was not written, or lies beyond %d", e, r.log.Frontier())
		}
	}
	complete := n == len(h.inputs) && r.info.End.How == EndExit
	if !complete && r.Damage() == nil {
		t.Fatalf("%d of %d inputs, end %+v, but no word of damage", n, len(h.inputs), r.info.End)
	}
	if r.info.End.How != EndUnknown && (r.info.End != End{How: EndExit, Status: vm.ExitStatus{Code: 7}, Text: "done"}) {
		t.Fatalf("end %+v", r.info.End)
	}
}

func TestAHistoryIsReadAsWritten(t *testing.T) {
	h := writeHistory(t, rand.New(rand.NewPCG(7, 1)), 40)
	r, err := open(h.f, int64(len(h.f.b)))
	if err != nil {
		t.Fatal(err)
	}
	h.check(t, r)
	if err := r.Damage(); err != nil {
		t.Error(err)
	}
	i := r.Info()
	if i.Tool != "test" || !i.Created.Equal(time.Unix(1e9, 0)) || i.Inputs != len(h.inputs) || i.Events != 40 || i.Start != 0 {
		t.Errorf("info %+v", i)
	}
	if len(r.Machine()) != 3000 {
		t.Errorf("the machine's description has %d bytes", len(r.Machine()))
	}
	if fs := r.Files(); len(fs) != 8 || fs[1] != (FileInfo{"/lib/5", Library, 700}) {
		t.Errorf("files %v", fs)
	}
}

// A cut or changed history opens up to a batch that was written, or is refused, and
// says what is missing.
func TestADamagedHistoryOpensToAPrefix(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	h := writeHistory(t, r, 60)
	opened := 0
	for range many(2000) {
		b := bytes.Clone(h.f.b)
		if r.IntN(4) == 0 {
			b = b[:r.IntN(len(b))]
		} else {
			for range 1 + r.IntN(3)*r.IntN(2) {
				b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
			}
		}
		rec, err := open(&memory{b: b}, int64(len(b)))
		if err == nil {
			opened++
			h.check(t, rec)
			for _, f := range rec.Files() {
				if p, err := rec.ReadFile(f.Path); err == nil && len(p) != 700 {
					t.Fatalf("%s has %d bytes", f.Path, len(p))
				}
			}
		} else if err.Error() == "" {
			t.Fatal("refused without a word")
		}
	}
	if opened < many(2000)/4 {
		t.Errorf("only %d could be opened", opened)
	}
}

// The same content is stored once, be it in a file before or in the machine's description.
func TestContentIsStoredOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	exe, lib := make([]byte, 100000), make([]byte, 50000)
	for i := range exe {
		exe[i] = byte(r.Uint32())
	}
	for i := range lib {
		lib[i] = byte(r.Uint32())
	}
	f := newMemory()
	s, err := newSink(f, begin{machine: append([]byte("settings"), append(exe, "more"...)...)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	files := []File{{"/bin/a", Executable, exe}, {"/lib/b", Library, lib}, {"/lib/b.1", Library, lib}, {"/empty", Source, nil}}
	for _, x := range files {
		if err := s.addFile(x); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.b) > 152000 {
		t.Errorf("the file has %d bytes", len(f.b))
	}
	if err := s.write(batch{}); err != nil {
		t.Fatal(err)
	}
	rec, err := open(f, int64(len(f.b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range files {
		if got, err := rec.ReadFile(x.Path); err != nil || !bytes.Equal(got, x.Data) {
			t.Errorf("%s: %d bytes, %v", x.Path, len(got), err)
		}
	}
	if _, err := rec.ReadFile("/etc/passwd"); err == nil {
		t.Error("a file that is not in the recording was read")
	}
}
