package records

import (
	"path/filepath"
	"slices"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/adapter/files"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint/recording"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Limits on what is put into a recording, bytes.
const (
	maxFile    = 1 << 30 // an executable, a library, a debug file
	maxSource  = 8 << 20 // a source file: what a debugger shows
	maxSources = 1 << 28 // all of them together
)

// gatherer finds the files that belong to a program as it runs.
type gatherer struct {
	add  func(recording.File) error
	opts *Options
	log  zerolog.Logger

	looked  bool
	version uint64 // of the maps that were looked at last
	seen    map[string]bool
	sources int64 // bytes so far
}

// look adds the files that are new: the program, its dynamic loader, its libraries,
// and what belongs to them. It is quick where nothing has been mapped since. The
// error is one of adding; a file that can't be read is left out.
func (g *gatherer) look(m vm.Machine) error {
	v := m.MapsVersion()
	if g.looked && v == g.version {
		return nil
	}
	im := m.Image()
	paths := []string{im.Path, im.Interp}
	for _, mp := range m.Mappings() {
		if mp.Exec && mp.Name != "" && mp.Name[0] != '[' {
			paths = append(paths, mp.Name)
		}
	}
	for _, path := range paths {
		kind := recording.Library
		if path == im.Path {
			kind = recording.Executable
		}
		if path == "" || g.seen[path] {
			continue
		}
		if err := g.object(path, kind); err != nil {
			return err
		}
	}
	g.looked, g.version = true, v
	return nil
}

// object adds an executable or a library, and what belongs to it.
func (g *gatherer) object(path string, kind recording.FileKind) error {
	if ok, err := g.file(path, path, kind, maxFile); !ok {
		return err
	}
	_, own, err := g.opts.Symbols.Glance(path)
	if err != nil {
		return nil // it is no ELF file
	}
	if g.opts.DebugInfo && !own {
		if name, ok := g.opts.Symbols.DebugFile(path); ok {
			if _, err := g.file(name, g.installed(name), recording.Other, maxFile); err != nil {
				return err
			}
		}
	}
	if g.opts.Sources && own {
		return g.sourcesOf(path)
	}
	return nil
}

// installed is where a separate debug file is looked for that was found in one of
// the directories that this machine has for them.
func (g *gatherer) installed(name string) string {
	for _, dir := range g.opts.Symbols.DebugDirs {
		if rel, err := filepath.Rel(dir, name); err == nil && filepath.IsLocal(rel) {
			return symbols.DebugDir + "/" + filepath.ToSlash(rel)
		}
	}
	return name
}

// sourcesOf adds the source files that an ELF file's debug information names.
func (g *gatherer) sourcesOf(path string) error {
	prog, err := g.opts.Symbols.Load(path, 0)
	if err != nil {
		g.log.Debug().Err(err).Msg("no sources are recorded")
		return nil
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(prog.Files()))) {
		p, ok := g.opts.Finder.Find(name)
		if !ok || g.sources > maxSources {
			continue
		}
		if _, err := g.file(p.Path, name, recording.Source, maxSource); err != nil {
			return err
		}
	}
	return nil
}

// file adds the file at path, called name in the recording, unless it is there. ok
// tells whether it is now.
func (g *gatherer) file(path, name string, kind recording.FileKind, limit int64) (ok bool, err error) {
	if g.seen[name] {
		return true, nil
	}
	g.seen[name] = true
	data, err := files.Read(files.Host, path, limit)
	if err != nil {
		g.log.Debug().Err(err).Msg("a file is not recorded")
		return false, nil
	}
	if kind == recording.Source {
		g.sources += int64(len(data))
	}
	return true, g.add(recording.File{Path: name, Kind: kind, Data: data})
}

func newGatherer(add func(recording.File) error, o *Options) gatherer {
	return gatherer{add: add, opts: o, log: o.Logger, seen: map[string]bool{}}
}
