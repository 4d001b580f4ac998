package records

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/adapter/files"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/checkpoint/recording"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// Options say what is recorded.
type Options struct {
	// Path is the file of the recording. A recording that is there is replaced,
	// anything else is not.
	Path string
	// Tool is the name and version of the program that records, for people.
	Tool string
	// Last, when not 0, keeps about the last so many instructions only.
	Last uint64
	// Sources adds the source files that debug information names, where Finder finds
	// them. DebugInfo adds separate debug files, where Symbols finds them.
	Sources, DebugInfo bool
	Symbols            symbols.Source
	Finder             files.Finder
	// OnError, when set, is told once when the recording has to stop (the disk is
	// full), on any goroutine. The program can go on.
	OnError func(error)
	Logger  zerolog.Logger
}

// Recorder records a program. Its methods belong to the timeline's goroutine.
type Recorder struct {
	*recording.Recorder
	m      *linux.Machine
	gather gatherer
}

// Record begins to record the history of m, which tl is the timeline of: that which
// there is, and what comes.
func Record(m *linux.Machine, tl *checkpoint.Timeline, o Options) (*Recorder, error) {
	if err := replaceable(o.Path); err != nil {
		return nil, err
	}
	rec, err := recording.Record(tl, o.recording(m))
	if err != nil {
		return nil, err
	}
	r := &Recorder{Recorder: rec, m: m, gather: newGatherer(rec.AddFile, &o)}
	r.Look()
	// From its first moment on the file can be opened, whatever happens.
	if err := rec.Flush(); err != nil {
		return nil, errors.Join(err, rec.Close())
	}
	return r, nil
}

// recording is what package recording has to know.
func (o *Options) recording(m *linux.Machine) recording.Options {
	return recording.Options{
		Path: o.Path, Machine: linux.Describe(m), Tool: o.Tool, Last: o.Last, Keep: linux.InputsToKeep, OnError: o.OnError,
	}
}

// Look adds the files that the program has mapped since the last time. It is to be
// called after a Run that has stopped with vm.StopMaps, or now and then.
func (r *Recorder) Look() {
	if err := r.gather.look(r.m); err != nil && r.Err() == nil {
		r.gather.log.Warn().Err(err).Msg("files are not recorded")
	}
}

// replaceable tells why the file at path must not be written over: it is neither
// empty nor a recording.
func replaceable(path string) error {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !st.Mode().IsRegular():
		return fmt.Errorf("%s: not a regular file: a recording needs one", path)
	case st.Size() == 0 || IsRecording(path):
		return nil
	}
	return fmt.Errorf("%s is there already, and is no recording: choose another name, or remove it", path)
}

// IsRecording reports whether the file at path begins as a recording does.
func IsRecording(path string) bool {
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, recording.MagicSize)
	_, err = io.ReadFull(f, head)
	return err == nil && recording.HasMagic(head)
}
