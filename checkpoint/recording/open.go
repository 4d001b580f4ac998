package recording

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// EndHow says how a recording ended.
type EndHow uint8

// How recordings end.
const (
	EndUnknown EndHow = iota // it has no end: the recorder did not get to write it
	EndExit                  // the program ended: see End.Status
	EndStopped               // the recorder stopped before the program did
)

// End is how a recording ended.
type End struct {
	How    EndHow
	Status vm.ExitStatus // for EndExit
	Text   string        // more, for people; may be empty
}

// Info describes a recording.
type Info struct {
	Version     int       // of the format
	Tool        string    // what made it
	Created     time.Time // when it was begun, UTC
	Start, Last uint64    // the history that can be replayed, icounts
	Size        int64     // of the file, bytes
	Inputs      int       // inputs from Start on
	Events      int       // in the journal
	Checkpoints int
	// Bytes of the file that hold inputs, checkpoints, pages of memory and files.
	InputBytes, CheckpointBytes, PageBytes, FileBytes int64

	End End
}

// Recording is an open recording. Its methods may be called from any goroutine.
type Recording struct {
	reader
	f      io.Closer
	info   Info
	begin  begin
	log    *vm.Log
	blobs  map[uint64]entry
	chunks []uint64 // the numbers of the chunks of pages
	saved  []checkpoint.SavedInfo
	files  []file
	byName map[string]int   // in files
	places map[uint64]entry // the records that files are in, by number
	damage []string
}

// Open opens a recording and reads what is needed to replay it, but checkpoints and
// pages. The error tells in words for its user why that can't be; what is damaged
// but leaves something to replay is told by Damage.
func Open(path string) (*Recording, error) {
	// Opening a FIFO would wait for a writer, deaf to interrupts.
	if fi, err := os.Stat(path); err == nil && !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() { // it may be another one by now
		err = errors.New("not a regular file")
	}
	var r *Recording
	if err == nil {
		r, err = open(f, fi.Size())
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r.f = f
	return r, nil
}

// opening is what Open works with.
type opening struct {
	*Recording
	history []entry // inputs, and what was kept: in order
	journal []entry
	heads   []entry // checkpoints
	ends    []entry
	names   []entry // files
	began   bool
	cut     bool
	gaps    int
	err     error
}

// open opens the recording in f, size bytes long.
func open(f io.ReaderAt, size int64) (*Recording, error) {
	o := opening{Recording: &Recording{
		reader: reader{f: f, size: size}, log: &vm.Log{},
		blobs: map[uint64]entry{}, byName: map[string]int{}, places: map[uint64]entry{},
	}}
	if err := o.hop(o.visit, o.gap); err != nil {
		return nil, err
	}
	if o.err != nil {
		return nil, o.err
	}
	if !o.began {
		return nil, errors.New("the recording breaks off before it tells what was recorded")
	}
	if err := o.readHistory(); err != nil {
		return nil, err
	}
	o.readCheckpoints()
	if o.begin.start > 0 && len(o.saved) == 0 {
		return nil, errors.New("the history begins at a checkpoint, and there is none that could be read")
	}
	o.readFiles()
	o.readEnd()
	o.info.Version, o.info.Size = formatVersion, size
	o.info.Tool, o.info.Created = o.begin.tool, time.Unix(o.begin.created, 0).UTC()
	o.info.Start, o.info.Last = o.begin.start, o.log.Frontier()
	return o.Recording, nil
}

// visit sorts the records.
func (o *opening) visit(e entry) {
	switch {
	case e.kind == kindBegin:
		if o.began {
			return
		}
		o.places[e.seq] = e
		payload, err := o.read(e)
		if err == nil {
			o.begin, err = parseBegin(payload)
		}
		if err != nil {
			o.err = fmt.Errorf("what was recorded can't be read: %w", err)
		}
		o.began = true
	case e.kind == kindInputs, e.kind == kindKept:
		o.history = append(o.history, e)
		o.info.InputBytes += int64(e.stored)
	case e.kind == kindJournal:
		o.journal = append(o.journal, e)
	case e.kind == kindContent:
		o.places[e.seq] = e
		o.info.FileBytes += int64(e.stored)
	case e.kind == kindFile:
		o.names = append(o.names, e)
	case e.kind == kindEnd:
		o.ends = append(o.ends, e)
	case e.kind.blob():
		o.visitBlob(e)
	}
	// Other kinds are of later versions that an old reader may skip.
}

func (o *opening) visitBlob(e entry) {
	id := blobID(e)
	if _, ok := o.blobs[id]; ok {
		return
	}
	o.blobs[id] = e
	switch e.kind {
	case kindChunk:
		// A chunk that is missing must not give its place to the next one. There are
		// no more of them than parts have room in the file.
		n := int64(e.mark >> 32)
		if n >= o.size/partHeaderSize {
			return
		}
		for int64(len(o.chunks)) <= n {
			o.chunks = append(o.chunks, math.MaxUint64)
		}
		o.chunks[n] = id
		o.info.PageBytes += int64(e.stored)
	case kindCheckpoint:
		o.heads = append(o.heads, e)
		o.info.CheckpointBytes += int64(e.stored)
	}
}

func (o *opening) gap(g gap) {
	if g.cut {
		o.cut = true
	} else {
		o.gaps++
		o.tell("%d bytes at byte %d are damaged, or parts are missing there", g.end-g.at, g.at)
	}
}

func (o *opening) tell(format string, args ...any) {
	const most = 20
	if len(o.damage) < most {
		o.damage = append(o.damage, fmt.Sprintf(format, args...))
	}
}

// readHistory builds the log, as far as it is there without a gap.
func (o *opening) readHistory() error {
	started, read := o.begin.start == 0, 0
	for _, e := range o.history {
		payload, err := o.read(e)
		switch {
		case e.kind == kindKept && !started:
			if err == nil {
				err = o.skip(payload, e.mark)
			}
			if err != nil {
				return fmt.Errorf("the beginning of the history can't be read: %w", err)
			}
			started = true
			continue
		case e.kind == kindKept:
			continue
		case !started:
			return errors.New("the beginning of the history is missing")
		case err == nil:
			err = o.addInputs(payload, e.mark)
		}
		if err != nil {
			o.tell("%v: the history ends before it", err)
			break
		}
		read++
	}
	if read == 0 {
		return errors.New("the recording has nothing of the history: it was cut off or damaged before the program's first instruction")
	}
	o.readJournal()
	return nil
}

// readJournal reads the events of the history that is there.
func (o *opening) readJournal() {
	for _, e := range o.journal {
		payload, err := o.read(e)
		if err == nil {
			err = parseEvents(payload, func(ev vm.Event) {
				if ev.Icount <= o.log.Frontier() {
					o.log.Note(ev)
				}
			})
		}
		if err != nil {
			o.tell("the journal: %v", err)
		}
	}
	o.info.Events = len(o.log.Journal())
}

// maxIndex bounds the numbers of inputs.
const maxIndex = 1 << 40

// skip takes the inputs from before the start.
func (o *opening) skip(payload []byte, end uint64) error {
	if end > maxIndex {
		return errDamaged
	}
	list, err := parseKept(payload, end)
	if err != nil {
		return err
	}
	for _, k := range list {
		o.log.Skip(int(k.index) - o.log.Len())
		o.log.Append(k.in)
	}
	o.log.Skip(int(end) - o.log.Len())
	o.log.Reached(o.begin.start)
	return nil
}

// addInputs takes the inputs up to a frontier.
func (o *opening) addInputs(payload []byte, frontier uint64) error {
	first, list, err := parseInputs(payload, frontier)
	if err != nil {
		return err
	}
	var before uint64
	if n := o.log.Len(); n > o.log.Base() {
		before = o.log.At(n - 1).Icount
	}
	switch {
	case first != uint64(o.log.Len()):
		return fmt.Errorf("inputs %d to %d are missing", o.log.Len(), int64(first)-1)
	case frontier < o.log.Frontier() || len(list) > 0 && list[0].Icount < before:
		return fmt.Errorf("inputs from %d on: %w: they are out of order", first, errDamaged)
	}
	for _, in := range list {
		o.log.Append(in)
	}
	o.log.Reached(frontier)
	o.info.Inputs += len(list)
	return nil
}

// readCheckpoints reads what the timeline has to know of its checkpoints.
//
// A checkpoint tells what happened since the one before. Where that is lost, nobody
// can tell what did not happen before the next one.
func (o *opening) readCheckpoints() {
	room := uint64(o.size) * maxRatio
	lost, missing := false, 0
	next := uint64(0) // the next one's number among the checkpoints
	for _, e := range o.heads {
		head, err := o.first(e)
		var info checkpoint.SavedInfo
		if _, memory := checkpoint.SavedHead(head); err == nil && memory > room {
			err = errDamaged
		} else if err == nil {
			room -= memory
			info, err = checkpoint.DecodeSaved(blobID(e), head)
		}
		if n := e.mark >> 32; n != next {
			lost, missing = true, missing+1
			next = n
		}
		next++
		if err != nil {
			lost, missing = true, missing+1
			continue
		}
		if lost {
			info.Activity = &vm.Activity{Written: info.Activity.Written, Unknown: true}
			lost = false
		}
		if info.Icount <= o.log.Frontier() && info.Icount >= o.begin.start {
			o.saved = append(o.saved, info)
		}
	}
	if missing > 0 {
		o.tell("checkpoints are damaged or missing at %d places: going back there takes longer", missing)
	}
	o.info.Checkpoints = len(o.saved)
}

// blobID is the number of the blob that a record holds.
func blobID(e entry) uint64 { return e.mark & math.MaxUint32 }

// readEnd reads how the recording ended and sums up what is missing.
func (o *opening) readEnd() {
	for _, e := range o.ends {
		payload, err := o.read(e)
		if err != nil || e.mark != o.log.Frontier() {
			continue
		}
		if end, err := parseEnd(payload); err == nil {
			o.info.End = end
		}
	}
	switch {
	case o.cut:
		o.tell("the file ends in the middle of a part")
	case o.info.End.How == EndUnknown && len(o.damage) == 0:
		o.tell("it has no end: the recorder was killed, or is still at work")
	}
}

// Info describes the recording.
func (r *Recording) Info() Info { return r.info }

// Machine is what Options.Machine was.
func (r *Recording) Machine() []byte { return r.begin.machine }

// Log is the recorded history. The caller must not add to it.
func (r *Recording) Log() *vm.Log { return r.log }

// Damage tells what of the recording is missing, and how much of the history is there;
// nil when nothing is missing.
func (r *Recording) Damage() error {
	if len(r.damage) == 0 {
		return nil
	}
	return fmt.Errorf("the recording is not complete: %s. It can be replayed from instruction %d to %d",
		strings.Join(r.damage, "; "), r.info.Start, r.info.Last)
}

// Timeline is the recorded history, at its start. m must be a machine at icount 0
// whose log is Log, and that never goes live.
func (r *Recording) Timeline(m vm.Machine, cfg checkpoint.Config) (*checkpoint.Timeline, error) {
	return checkpoint.Reopen(m, cfg, r, slices.Clone(r.chunks), slices.Clone(r.saved))
}

// Append implements [checkpoint.Backing]: nothing can be added.
func (r *Recording) Append(byte, []byte) (uint64, error) {
	return 0, errors.New("the recording is open for reading only")
}

// Read implements [checkpoint.Backing].
func (r *Recording) Read(id uint64) ([]byte, error) {
	e, ok := r.blobs[id]
	if !ok {
		return nil, fmt.Errorf("the recording has no blob %d", id)
	}
	return r.read(e)
}

// Close closes the file. Timelines made from it must not be used any more.
func (r *Recording) Close() error { return r.f.Close() }
