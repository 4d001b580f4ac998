package recording

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Options say what to record, and where.
type Options struct {
	// Path is the file. One that is there already is replaced.
	Path string
	// Machine is what the machine can be made from again: [Recording.Machine] gives
	// it back.
	Machine []byte
	// Tool is the name and version of the program that records, for people.
	Tool string
	// Last, when not 0, keeps about the last so many instructions only: the file
	// never holds many more than twice that. The timeline forgets what the file does.
	Last uint64
	// Keep lists the indices of the log's inputs that a history needs even when it
	// begins after them, for Last and Export. nil: the inputs at icount 0.
	Keep func(*vm.Log) []int
	// OnError, when set, is told once when the recording has to stop, on any
	// goroutine. The file is valid up to there. It must not call the Recorder.
	OnError func(error)
}

func (o *Options) keep(log *vm.Log) []int {
	if o.Keep != nil {
		return o.Keep(log)
	}
	var list []int
	for i := 0; log.At(i) != nil && log.At(i).Icount == 0; i++ {
		list = append(list, i)
	}
	return list
}

// FileKind says what a file is to the program.
type FileKind string

// Kinds of files.
const (
	Executable FileKind = "executable"
	Library    FileKind = "library"
	Source     FileKind = "source"
	Other      FileKind = "other"
)

// File is a file that a recording holds.
type File struct {
	Path string // what the guest, or its debug information, calls it: only a name
	Kind FileKind
	Data []byte
}

// Recorder writes a timeline to a file while it grows. Its methods belong to the
// timeline's goroutine, unless they say something else.
type Recorder struct {
	tl   *checkpoint.Timeline
	log  *vm.Log
	opts Options
	open func(path string) (target, error)

	// What has been handed to the writing goroutine.
	inputs, events int
	bytes          int
	last           time.Time

	jobs   chan job
	wake   chan struct{} // has a token when the timeline has saved a checkpoint
	ended  chan struct{} // closed when the writing goroutine has
	closed bool

	mu   sync.Mutex
	cur  *sink // what the timeline saves to
	move *move // the change to a new file, while there is one

	// retired was in cur's place before: the timeline may still read what it has not
	// taken note of to be in the new one. Of the writing goroutine.
	retired *sink

	failed atomic.Bool
	err    error // set before failed
	once   sync.Once
}

// job is something for the writing goroutine.
type job struct {
	batch batch
	only  *sink           // nil: all files that are being written
	done  chan<- struct{} // closed afterwards, if set; then there is no batch
}

// Record begins to write the timeline to a file: the history that there is, and
// what will be added to it until Close.
func Record(tl *checkpoint.Timeline, o Options) (*Recorder, error) {
	_ = os.Remove(o.Path + moveSuffix) // of a recorder that was killed
	return record(tl, o, create)
}

// create makes the file at path anew. Who has the one open that was there keeps it. A
// recording has all of a program's memory in it: it is for its owner to read.
func create(path string) (target, error) {
	if fi, err := os.Lstat(path); err == nil && fi.Mode().IsRegular() {
		_ = os.Remove(path)
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
}

func record(tl *checkpoint.Timeline, o Options, open func(string) (target, error)) (*Recorder, error) {
	r := &Recorder{
		tl: tl, log: tl.Machine().Log(), opts: o, open: open,
		jobs: make(chan job, 64), wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	if r.log.OnGrow != nil {
		return nil, errors.New("the program is being recorded already")
	}
	s, err := r.newFile(o.Path, tl.Start())
	if err != nil {
		return nil, fmt.Errorf("the recording %s: %w", o.Path, err)
	}
	r.cur = s
	r.inputs, r.events = s.inputs, eventsFrom(r.log.Journal(), tl.Start())
	go r.run()
	r.take(true)
	r.written() // so the file can be opened from now on
	if err := tl.Attach(s, tl.Start(), r.laid); err != nil {
		r.stop()
		return nil, err
	}
	r.log.OnGrow = func(wait bool) { r.take(wait) }
	return r, nil
}

// newFile begins a file for the history from start on, with the inputs that are
// needed from before.
func (r *Recorder) newFile(path string, start uint64) (*sink, error) {
	f, err := r.open(path)
	if err != nil {
		return nil, err
	}
	s, err := newSink(f, begin{start: start, created: time.Now().Unix(), tool: r.opts.Tool, machine: r.opts.Machine}, r.fail)
	if err == nil {
		err = s.start(r.log, &r.opts)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	s.onSaved = func() {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	return s, nil
}

// laid is told of each permanent checkpoint at the frontier, before it is saved.
func (r *Recorder) laid(icount uint64) {
	r.take(true)
	r.makeRoom(icount)
}

// take hands what is new in the log to the writing goroutine; unless now is set only
// when it is time to.
func (r *Recorder) take(now bool) {
	if r.failed.Load() || r.closed {
		return
	}
	if !now && r.log.Bytes()-r.bytes < takeBytes {
		if time.Since(r.last) < takeEvery {
			return
		}
	}
	b := collect(r.log, r.inputs, r.events)
	r.inputs, r.events, r.bytes = r.log.Len(), len(r.log.Journal()), r.log.Bytes()
	r.last = time.Now()
	r.jobs <- job{batch: b}
}

// run is the writing goroutine.
func (r *Recorder) run() {
	defer close(r.ended)
	for {
		select {
		case j, ok := <-r.jobs:
			if !ok {
				return
			}
			r.do(j)
		case <-r.wake:
		}
		r.finishMove()
	}
}

func (r *Recorder) do(j job) {
	if j.done != nil {
		close(j.done)
		return
	}
	if r.failed.Load() {
		return
	}
	for _, s := range r.sinks() {
		if j.only == nil || j.only == s {
			_ = s.write(j.batch) // fail has been told
		}
	}
}

// sinks lists the files that are being written, the one at Options.Path first.
func (r *Recorder) sinks() []*sink {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.move != nil {
		return []*sink{r.move.old, r.cur}
	}
	return []*sink{r.cur}
}

// fail is told of the first failure to write a file.
func (r *Recorder) fail(err error) {
	r.once.Do(func() {
		r.err = fmt.Errorf("the recording %s has stopped, and holds what was executed before: %w", r.opts.Path, err)
		r.failed.Store(true)
		if r.opts.OnError != nil {
			r.opts.OnError(r.err)
		}
	})
}

// Err tells why the recording has stopped, nil if it has not. Any goroutine may ask.
func (r *Recorder) Err() error {
	if r.failed.Load() {
		return r.err
	}
	return nil
}

// Size is how long the file is, in bytes. Any goroutine may ask.
func (r *Recorder) Size() int64 {
	var n int64
	for _, s := range r.sinks() {
		n = max(n, s.size())
	}
	return n
}

// AddFile stores a whole file, so that a debugger finds it where the program is not
// installed. What is there already is stored once. Any goroutine may call it.
func (r *Recorder) AddFile(f File) error {
	for _, s := range r.sinks() {
		if err := s.addFile(f); err != nil {
			return err
		}
	}
	return nil
}

// Flush waits until everything up to the frontier is in the file, and the file on the
// disk.
func (r *Recorder) Flush() error {
	if r.closed {
		return r.Err()
	}
	err := r.settle()
	for _, s := range r.sinks() {
		if e := s.sync(); err == nil && e != nil {
			err = e
		}
	}
	if e := r.Err(); e != nil {
		return e
	}
	return err
}

// settle waits until everything that there is to write has been written.
func (r *Recorder) settle() error {
	r.take(true)
	err := r.tl.Flush()
	r.written()
	r.written() // a change of files ends after the last checkpoint has been saved
	return err
}

// written waits until the writing goroutine has done what it was given.
func (r *Recorder) written() {
	done := make(chan struct{})
	r.jobs <- job{done: done}
	<-done
}

// Close ends the recording: it says how it ended, and nothing more is added. Since the
// timeline has its checkpoints in the file, it is of little use afterwards. The error is
// that of the whole recording, as Err's.
func (r *Recorder) Close() error {
	if r.closed {
		return r.Err()
	}
	err := r.settle()
	r.log.OnGrow = nil
	s := r.sinks()[0]
	if r.Err() == nil {
		end := endOf(r.tl)
		_, e := s.record(kindEnd, s.frontier, end.appendTo(nil))
		if e == nil {
			e = s.sync()
		}
		err = errors.Join(err, e)
	}
	r.stop()
	if e := r.Err(); e != nil {
		return e
	}
	return err
}

// stop ends the writing goroutine and closes the files.
func (r *Recorder) stop() {
	r.closed = true
	close(r.jobs)
	<-r.ended
	r.abandonMove()
	if r.retired != nil {
		_ = r.retired.close()
	}
	_ = r.cur.close()
}

// endOf says how a history ended so far.
func endOf(tl *checkpoint.Timeline) End {
	if tl.Live() {
		if status, ok := tl.Machine().Exited(); ok {
			return End{How: EndExit, Status: status}
		}
	}
	if j := tl.Machine().Log().Journal(); len(j) > 0 && j[len(j)-1].Kind == vm.NoteExit {
		e := j[len(j)-1]
		return End{How: EndExit, Status: vm.ExitStatus{Code: int(e.Value), Signal: int(e.Size)}}
	}
	return End{How: EndStopped}
}
