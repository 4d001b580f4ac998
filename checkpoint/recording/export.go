package recording

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/dap-revexec/dap-revexec/checkpoint"
)

// Export writes the history from about icount from on (the last permanent checkpoint at
// or before it) into a new recording at o.Path, with the files given. It runs nothing, and
// the timeline is as before. The file appears when it is complete.
func Export(tl *checkpoint.Timeline, from uint64, o Options, files []File) (err error) {
	start := tl.Start()
	for _, c := range tl.Checkpoints() {
		if c.Icount <= from && !c.Temporary {
			start = c.Icount
		}
	}
	path := o.Path + moveSuffix
	defer func() {
		if err != nil {
			_ = os.Remove(path)
			err = fmt.Errorf("writing the recording %s: %w", o.Path, err)
		}
	}()
	f, err := create(path)
	if err != nil {
		return err
	}
	s, err := export(tl, start, &o, files, f)
	if err != nil {
		_ = f.Close()
		return err
	}
	if err := errors.Join(s.sync(), s.close()); err != nil {
		return err
	}
	return os.Rename(path, o.Path)
}

// export writes a recording to an empty file.
func export(tl *checkpoint.Timeline, start uint64, o *Options, files []File, f target) (*sink, error) {
	log := tl.Machine().Log()
	s, err := newSink(f, begin{start: start, created: time.Now().Unix(), tool: o.Tool, machine: o.Machine}, nil)
	if err != nil {
		return nil, err
	}
	if err := s.start(log, o); err != nil {
		return nil, err
	}
	for _, x := range files {
		if err := s.addFile(x); err != nil {
			return nil, err
		}
	}
	if err := s.write(collect(log, s.inputs, eventsFrom(log.Journal(), start))); err != nil {
		return nil, err
	}
	if err := tl.SaveTo(s, start); err != nil {
		return nil, err
	}
	end := endOf(tl)
	_, err = s.record(kindEnd, s.frontier, end.appendTo(nil))
	return s, err
}
