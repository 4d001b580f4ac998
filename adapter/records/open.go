package records

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/adapter/files"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/checkpoint/recording"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// Session is an open recording, ready to be replayed.
type Session struct {
	*recording.Recording
	Machine  *linux.Machine
	Timeline *checkpoint.Timeline
	// Files are the files in the recording.
	Files files.Files

	path string
}

// Open opens the recording at path. Its machine is at the start of the history. The
// error tells in words for its user what is wrong; damage that leaves something to
// look at is told by [recording.Recording.Damage].
func Open(path string, cfg checkpoint.Config, log zerolog.Logger) (*Session, error) {
	r, err := recording.Open(path)
	if err != nil {
		return nil, err
	}
	s, err := open(r, cfg, log)
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.path = path
	return s, nil
}

func open(r *recording.Recording, cfg checkpoint.Config, log zerolog.Logger) (*Session, error) {
	m, err := linux.Reopen(r.Machine(), r.Log(), log)
	if err != nil {
		return nil, err
	}
	tl, err := r.Timeline(m, cfg)
	if err != nil {
		m.Close()
		return nil, err
	}
	return &Session{Recording: r, Machine: m, Timeline: tl, Files: files.Kept(r.ReadFile)}, nil
}

// Source is where the symbols of the recorded program are read from. debugDirs are
// directories of this machine where its separate debug files may be read, too.
func (s *Session) Source(debugDirs ...string) symbols.Source {
	layers := files.Layers{s.Files}
	for _, dir := range debugDirs {
		layers = append(layers, files.Below(dir))
	}
	return symbols.Source{Files: layers, DebugDirs: debugDirs}
}

// Program reads the symbols of the program that the recording begins with.
func (s *Session) Program(from symbols.Source) (*symbols.Program, error) {
	im := s.Machine.Image()
	p, err := from.Load(im.Path, im.Bias)
	if errors.Is(err, fs.ErrNotExist) {
		why := fmt.Sprintf("%s is not in the recording: only addresses can be shown of it", filepath.Base(im.Path))
		return symbols.Unknown(s.Machine.Arch().ELF, im.Path, why)
	}
	return p, err
}

// Close releases the timeline, the machine and the file.
func (s *Session) Close() error {
	s.Timeline.Close()
	s.Machine.Close()
	return s.Recording.Close()
}

// Ended says how the recorded program ended; ok is false if the recording ends before.
func (s *Session) Ended() (status vm.ExitStatus, ok bool) {
	end := s.Info().End
	return end.Status, end.How == recording.EndExit
}
