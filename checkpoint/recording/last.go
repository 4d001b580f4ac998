package recording

import (
	"fmt"
	"os"
	"runtime"
)

// move is the change to a new file that leaves the beginning of history out. While
// the timeline saves its checkpoints into the new file, inputs are written to both:
// at every moment there is a file at Options.Path that can be opened.
type move struct {
	old    *sink
	path   string // of the new file
	target uint64 // icount of the checkpoint that it has to hold to take over
}

// moveSuffix is appended to Options.Path for the new file until it is renamed.
const moveSuffix = ".revexec-part"

// makeRoom begins a move when the file holds more than Options.Last allows.
func (r *Recorder) makeRoom(icount uint64) {
	last, files := r.opts.Last, r.sinks()
	if last == 0 || len(files) > 1 || r.failed.Load() || icount-files[0].begin.start <= 2*last {
		return
	}
	old := files[0]
	start := r.tl.Start()
	for _, c := range r.tl.Checkpoints() {
		if c.Icount > icount-last {
			break
		}
		if !c.Temporary {
			start = c.Icount
		}
	}
	if start-old.begin.start < last/2 {
		return // hardly worth it: checkpoints are far apart
	}
	path := r.opts.Path + moveSuffix
	s, err := r.newFile(path, start)
	if err == nil {
		err = copyFiles(s, old)
	}
	if err != nil {
		r.fail(fmt.Errorf("%s: %w", path, err))
		return
	}
	b := collect(r.log, s.inputs, eventsFrom(r.log.Journal(), start))
	r.mu.Lock()
	r.move = &move{old: old, path: path, target: icount}
	r.cur = s
	r.mu.Unlock()
	r.jobs <- job{batch: b, only: s}
	if err := r.tl.Attach(s, start, r.laid); err != nil {
		r.fail(err)
		return
	}
	if err := r.tl.Forget(start); err != nil {
		r.fail(err)
	}
}

// finishMove lets the new file take the old one's place, once it holds all that is
// to be kept. On the writing goroutine.
func (r *Recorder) finishMove() {
	r.mu.Lock()
	m, s := r.move, r.cur
	r.mu.Unlock()
	if m == nil || r.failed.Load() || s.frontier < m.target || s.saved() < m.target {
		return
	}
	err := s.sync()
	if err == nil {
		err = s.rename(m.path, r.opts.Path, m.old)
	}
	if err != nil {
		r.fail(err)
		return
	}
	if r.retired != nil {
		_ = r.retired.close()
	}
	r.retired = m.old
	r.mu.Lock()
	r.move = nil
	r.mu.Unlock()
}

// abandonMove removes a new file that has not taken over.
func (r *Recorder) abandonMove() {
	if m := r.move; m != nil {
		_ = r.cur.close()
		_ = os.Remove(m.path)
		r.cur, r.move = m.old, nil
	}
}

// rename gives the sink's file another name, in one step, that of old's file.
func (s *sink) rename(from, to string, old *sink) error {
	if runtime.GOOS != "windows" {
		return os.Rename(from, to)
	}
	// There a file that is open can neither be renamed nor replaced.
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = old.close()
	if err := s.f.Close(); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	s.f = f
	return nil
}

// copyFiles adds the files that one recording holds to another one.
func copyFiles(to, from *sink) error {
	from.mu.Lock()
	files := from.files
	r := reader{from.f, from.at, from.salt}
	from.mu.Unlock()
	for _, f := range files {
		data, err := r.content(f, from.entry)
		if err != nil {
			return err
		}
		if err := to.addFile(File{Path: f.path, Kind: FileKind(f.kind), Data: data}); err != nil {
			return err
		}
	}
	return nil
}
