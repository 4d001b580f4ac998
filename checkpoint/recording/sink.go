package recording

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

const (
	// takeEvery is how much real time of execution passes at most before inputs
	// are written, takeBytes how many bytes of them there are at most.
	takeEvery = 50 * time.Millisecond
	takeBytes = 1 << 20
)

// sink is a recording that is being written: what the parts mean. It is the
// [checkpoint.Backing] of a timeline.
type sink struct {
	*writer
	begin begin

	// Under writer.mu:
	blobs    []entry           // by number
	counts   [kindBlobs]uint64 // how many blobs of each kind there are
	newest   uint64            // icount of the newest checkpoint that is there
	contents map[[sha256.Size]byte]file
	places   map[uint64]entry // the records that files are in, by number
	files    []file
	onSaved  func() // told when a checkpoint is there

	// What the writing goroutine has written of the log.
	inputs   int // index of the next
	frontier uint64
	wrote    bool // anything
}

// newSink begins a recording in an empty file.
func newSink(f target, x begin, fail func(error)) (*sink, error) {
	w, err := newWriter(f, fail)
	if err != nil {
		return nil, err
	}
	s := &sink{writer: w, begin: x, contents: map[[sha256.Size]byte]file{}, places: map[uint64]entry{}}
	_, err = s.content(kindBegin, x.appendTo(nil))
	return s, err
}

// Append implements [checkpoint.Backing].
func (s *sink) Append(k byte, data []byte) (id uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k >= kindBlobs {
		return 0, fmt.Errorf("a blob of kind %d: there are none", k)
	}
	e := entry{kind: kindBlob + kind(k), mark: s.counts[k]<<32 | uint64(len(s.blobs)), length: uint64(len(data))}
	pieces := [][]byte{data}
	icount := uint64(0)
	if e.kind == kindCheckpoint {
		if n, _ := checkpoint.SavedHead(data); 0 < n && n < len(data) {
			pieces = [][]byte{data[:n], data[n:]}
		}
		info, err := checkpoint.DecodeSaved(uint64(len(s.blobs)), pieces[0])
		if err != nil {
			return 0, err
		}
		icount = info.Icount
	}
	if e.place, err = s.pieces(e.kind, e.mark, pieces...); err != nil {
		return 0, err
	}
	e.parts = uint32(s.seq - e.seq)
	s.blobs = append(s.blobs, e)
	s.newest = max(s.newest, icount)
	s.counts[k]++
	if e.kind == kindCheckpoint && s.onSaved != nil {
		s.onSaved()
	}
	return uint64(len(s.blobs) - 1), nil
}

// Read implements [checkpoint.Backing].
func (s *sink) Read(id uint64) ([]byte, error) {
	s.mu.Lock()
	if id >= uint64(len(s.blobs)) {
		s.mu.Unlock()
		return nil, fmt.Errorf("the recording has no blob %d", id)
	}
	r, e := reader{s.f, s.at, s.salt}, s.blobs[id]
	s.mu.Unlock()
	return r.read(e)
}

// saved is the icount of the newest checkpoint in the file.
func (s *sink) saved() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest
}

// content appends a record that files can refer to. The caller holds mu, or is alone.
func (s *sink) content(k kind, payload []byte) (place, error) {
	p, err := s.pieces(k, 0, payload)
	if err == nil {
		s.places[p.seq] = entry{kind: k, place: p, parts: uint32(s.seq - p.seq), length: uint64(len(payload))}
	}
	return p, err
}

// entry finds a record that a file refers to.
func (s *sink) entry(seq uint64) (entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.places[seq]
	return e, ok
}

// close closes the file.
func (s *sink) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.f.Close()
}

// addFile stores a file, its content only if that is not there yet.
func (s *sink) addFile(f File) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := sha256.Sum256(f.Data)
	c, ok := s.contents[sum]
	if !ok {
		c.bytes = uint64(len(f.Data))
		// The description of the machine has the executable already.
		if i := bytes.Index(s.begin.machine, f.Data); i >= 0 && len(f.Data) >= smallPayload {
			c.seq, c.from = 0, uint64(s.begin.head()+i)
		} else {
			p, err := s.content(kindContent, f.Data)
			if err != nil {
				return err
			}
			c.seq = p.seq
		}
		s.contents[sum] = c
	}
	c.path, c.kind = f.Path, string(f.Kind)
	if _, err := s.pieces(kindFile, 0, c.appendTo(nil)); err != nil {
		return err
	}
	s.files = append(s.files, c)
	return nil
}

// batch is a piece of the log on its way into the file.
type batch struct {
	first    int
	inputs   []*vm.Input
	events   []vm.Event
	frontier uint64
}

// write appends what is new to it of a batch. One that was on its way already when the
// file was begun is left out: the file's first one has it, too.
func (s *sink) write(b batch) error {
	if b.first > s.inputs || b.frontier < s.begin.start {
		return nil
	}
	if skip := s.inputs - b.first; skip > 0 {
		b.inputs = b.inputs[min(skip, len(b.inputs)):]
		b.first = s.inputs
	}
	if len(b.events) > 0 {
		if _, err := s.record(kindJournal, 0, appendEvents(nil, b.events)); err != nil {
			return err
		}
	}
	if len(b.inputs) == 0 && b.frontier == s.frontier && s.wrote {
		return nil
	}
	if _, err := s.record(kindInputs, b.frontier, appendInputs(nil, b.first, b.inputs)); err != nil {
		return err
	}
	s.inputs, s.frontier, s.wrote = b.first+len(b.inputs), b.frontier, true
	return nil
}

// collect takes what of the log is after input first and event noted.
func collect(log *vm.Log, first, noted int) batch {
	b := batch{first: first, frontier: log.Frontier()}
	for i := first; i < log.Len(); i++ {
		b.inputs = append(b.inputs, log.At(i))
	}
	b.events = slices.Clone(log.Journal()[min(noted, len(log.Journal())):])
	return b
}

// eventsFrom is the index of the first event at or after icount.
func eventsFrom(list []vm.Event, icount uint64) int {
	return sort.Search(len(list), func(i int) bool { return list[i].Icount >= icount })
}

// firstFrom is the index of the log's first input at or after icount.
func firstFrom(log *vm.Log, icount uint64) int {
	base := log.Base()
	return base + sort.Search(log.Len()-base, func(i int) bool { return log.At(base+i).Icount >= icount })
}

// start writes the inputs from before the start that are still needed.
func (s *sink) start(log *vm.Log, o *Options) error {
	if s.begin.start == 0 && log.Base() == 0 {
		return nil
	}
	s.inputs = firstFrom(log, s.begin.start)
	var list []kept
	for _, i := range slices.Compact(slices.Sorted(slices.Values(o.keep(log)))) {
		if in := log.At(i); i < s.inputs && in != nil {
			list = append(list, kept{uint64(i), in})
		}
	}
	_, err := s.record(kindKept, uint64(s.inputs), appendKept(nil, list))
	return err
}
