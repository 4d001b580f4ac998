package files

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Finder finds source files by the paths that debug information has for them, which
// may have been compiled somewhere else.
type Finder struct {
	// Subst are replacements for the beginnings of recorded paths; the first that
	// leads to a file counts.
	Subst [][2]string
	// Dirs are where files are looked for by the ends of their recorded paths, the
	// most likely first.
	Dirs []string
	// Kept are the files of a recording, nil if the program is one of this machine.
	// With it only what Subst and Dirs name is read of this machine's files, as
	// somebody else may have chosen the paths.
	Kept Files
}

// Place is where a file is.
type Place struct {
	Path string
	In   Files
	Kept bool // in the recording, else on this machine
}

// searchUp is how many parents of directories are looked in.
const searchUp = 6

// DirsNear lists directories and the parents of each, the nearest first.
func DirsNear(dirs ...string) []string {
	dirs = slices.Clone(dirs)
	var out []string
	for range searchUp + 1 {
		for i, dir := range dirs {
			if !slices.Contains(out, dir) {
				out = append(out, dir)
			}
			dirs[i] = filepath.Dir(dir)
		}
	}
	return out
}

// Find finds the file for a recorded path.
func (x *Finder) Find(recorded string) (Place, bool) {
	clean := path.Clean(filepath.ToSlash(recorded))
	for _, r := range x.Subst {
		from := strings.TrimRight(filepath.ToSlash(r[0]), "/")
		if rest, ok := strings.CutPrefix(clean, from); ok && (rest == "" || rest[0] == '/' || from == "") {
			if p, ok := x.look(r[1], rest); ok {
				return p, true
			}
		}
	}
	if p := filepath.FromSlash(clean); x.Kept == nil && filepath.IsAbs(p) && Exists(Host, p) {
		return Place{Path: p, In: Host}, true
	}
	// The longest tail of the recorded path that is found under a directory.
	// A bare name is looked for only where it can hardly be another file.
	for tail, more := strings.TrimLeft(clean, "/"), true; more; _, tail, more = strings.Cut(tail, "/") {
		dirs := x.Dirs
		if !strings.Contains(tail, "/") {
			dirs = dirs[:min(len(dirs), 2)]
		}
		for _, dir := range dirs {
			if p, ok := x.look(dir, tail); ok {
				return p, true
			}
		}
	}
	if x.Kept != nil && Exists(x.Kept, recorded) {
		return Place{Path: recorded, In: x.Kept, Kept: true}, true
	}
	return Place{}, false
}

// look looks for a file of this machine by its path below a directory, or for the
// file dir itself if rest is empty.
func (x *Finder) look(dir, rest string) (Place, bool) {
	p := Place{Path: filepath.Join(dir, filepath.FromSlash(rest)), In: Host}
	if x.Kept != nil {
		p.In = Below(dir)
	}
	return p, Exists(p.In, p.Path)
}
