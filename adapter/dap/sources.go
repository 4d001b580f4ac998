package dap

import (
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/adapter/files"
)

// sources finds the files here for the paths recorded in the debug information,
// which may come from another machine, and back.
//
// Of the program of a recording only that may be read here which the user has
// named: what is below sourcePaths and sourceMap. All else comes from the recording.
type sources struct {
	subst sourceMap
	dirs  []string    // to look in, most likely first
	kept  files.Files // those in the recording; nil if the program runs here

	found map[string]place  // by the recorded path; empty if nowhere
	back  map[string]string // here → recorded
	refs  []sourceRef       // what a sourceReference stands for: refs[n-1]
	refOf map[sourceRef]int

	starts map[uint64][]uint64 // function → its instructions, for disassembly
}

// place is where a source file is.
type place struct {
	path string
	in   files.Files
	kept bool // in the recording, else on this machine
}

// sourceRef is a source without a file here: one that is missing, one that is in the
// recording, or the disassembly of a function.
type sourceRef struct {
	missing string // the path recorded for it
	kept    string // the same
	addr    uint64 // the function's
}

// searchUp is how many parents of the program's and the working directory are
// looked in.
const searchUp = 6

// reset prepares for a program. References given out stay what they are.
func (x *sources) reset(args *launchArguments, program string, kept files.Files) {
	x.subst = args.SourceMap
	x.dirs, x.kept = nil, kept
	x.found, x.back = map[string]place{}, map[string]string{}
	x.starts = map[uint64][]uint64{}
	if x.refOf == nil {
		x.refOf = map[sourceRef]int{}
	}
	add := func(dir string) {
		if !slices.Contains(x.dirs, dir) {
			x.dirs = append(x.dirs, dir)
		}
	}
	for _, dir := range args.SourcePaths {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(args.dir(), dir)
		}
		add(filepath.Clean(dir))
	}
	if kept != nil {
		return
	}
	if abs, err := filepath.Abs(program); err == nil {
		program = abs
	}
	starts := []string{filepath.Dir(program), args.dir()}
	for up := 0; up <= searchUp; up++ {
		for i, dir := range starts {
			add(dir)
			starts[i] = filepath.Dir(dir)
		}
	}
}

// here finds the file for a recorded path; ok is false if there is none.
func (x *sources) here(recorded string) (p place, ok bool) {
	p, known := x.found[recorded]
	if !known {
		p = x.find(recorded)
		x.found[recorded] = p
		if p.path != "" {
			x.back[p.path] = recorded
		}
	}
	return p, p.path != ""
}

func (x *sources) find(recorded string) place {
	clean := path.Clean(filepath.ToSlash(recorded))
	for _, r := range x.subst {
		from := strings.TrimRight(filepath.ToSlash(r[0]), "/")
		if rest, ok := strings.CutPrefix(clean, from); ok && (rest == "" || rest[0] == '/' || from == "") {
			if p, ok := x.look(r[1], rest); ok {
				return p
			}
		}
	}
	if p := filepath.FromSlash(clean); x.kept == nil && filepath.IsAbs(p) && files.Exists(files.Host, p) {
		return place{path: p, in: files.Host}
	}
	// The longest tail of the recorded path that is found under a directory.
	// A bare name is looked for only where it can hardly be another file.
	for tail, more := strings.TrimLeft(clean, "/"), true; more; _, tail, more = strings.Cut(tail, "/") {
		dirs := x.dirs
		if !strings.Contains(tail, "/") {
			dirs = dirs[:min(len(dirs), 2)]
		}
		for _, dir := range dirs {
			if p, ok := x.look(dir, tail); ok {
				return p
			}
		}
	}
	if x.kept != nil && files.Exists(x.kept, recorded) {
		return place{path: recorded, in: x.kept, kept: true}
	}
	return place{}
}

// look looks for a file of this machine by its path below a directory, or for the
// file dir itself if rest is empty. What a recording says of its sources does not
// lead out of the directory.
func (x *sources) look(dir, rest string) (place, bool) {
	p := place{path: filepath.Join(dir, filepath.FromSlash(rest)), in: files.Host}
	if x.kept != nil {
		p.in = files.Below(dir)
	}
	return p, files.Exists(p.in, p.path)
}

// recorded finds the recorded path for a file here. Without one it returns the
// file as it is: the debugger says what is wrong with it.
func (x *sources) recorded(file string, syms *debugger.Debugger) string {
	if r, ok := x.back[file]; ok {
		return r
	}
	for _, r := range x.subst {
		to := filepath.Clean(r[1])
		if rest, ok := strings.CutPrefix(file, to); ok && (rest == "" || rest[0] == filepath.Separator) {
			p := path.Join(filepath.ToSlash(r[0]), filepath.ToSlash(rest))
			if f, _, ok := syms.FindFile(p); ok {
				return f
			}
		}
	}
	// The recorded files that would be looked for here.
	for _, f := range syms.Files() {
		if path.Base(filepath.ToSlash(f)) == filepath.Base(file) {
			x.here(f)
		}
	}
	if r, ok := x.back[file]; ok {
		return r
	}
	return file
}

// ref is the sourceReference for r.
func (x *sources) ref(r sourceRef) int {
	n, ok := x.refOf[r]
	if !ok {
		x.refs = append(x.refs, r)
		n = len(x.refs)
		x.refOf[r] = n
	}
	return n
}

// source1 describes a recorded source file to the client.
func (s *session) source1(recorded string) *godap.Source {
	src := &godap.Source{Name: path.Base(filepath.ToSlash(recorded))}
	switch p, ok := s.sources.here(recorded); {
	case ok && p.kept:
		src.Path, src.Origin = recorded, "from the recording"
		src.SourceReference = s.sources.ref(sourceRef{kept: recorded})
		return src
	case ok:
		src.Path = p.path
		if s.client.PathFormat == "uri" {
			src.Path = uriOfPath(p.path)
		}
		return src
	}
	src.Path, src.Origin, src.PresentationHint = recorded, "not found", "deemphasize"
	src.SourceReference = s.sources.ref(sourceRef{missing: recorded})
	return src
}

func (s *session) source(c *call, m *godap.SourceRequest) (any, error) {
	n := m.Arguments.SourceReference
	if n == 0 && m.Arguments.Source != nil {
		n = m.Arguments.Source.SourceReference
	}
	if n == 0 && m.Arguments.Source != nil && m.Arguments.Source.Path != "" {
		p, err := s.pathIn(m.Arguments.Source)
		if err != nil {
			return nil, err
		}
		return s.file(p)
	}
	if n < 1 || n > len(s.sources.refs) {
		return nil, badArgument("source: there is no sourceReference %d", n)
	}
	switch r := s.sources.refs[n-1]; {
	case r.missing != "":
		return godap.SourceResponseBody{Content: s.missing(r.missing), MimeType: "text/plain"}, nil
	case r.kept != "":
		return s.content(r.kept)
	default:
		return godap.SourceResponseBody{Content: s.listing(r.addr), MimeType: "text/x-asm"}, nil
	}
}

// maxSource is the size of the largest source file that is sent, bytes.
const maxSource = 8 << 20

// file sends a file: only one that the debug information names.
func (s *session) file(p string) (any, error) {
	recorded := s.sources.recorded(p, s.prog.dbg)
	f, _, ok := s.prog.dbg.FindFile(recorded)
	if !ok {
		return nil, fail(errUnresolvable, "source: %s is not a source of this program", p)
	}
	return s.content(f)
}

// content sends the file for a recorded path.
func (s *session) content(recorded string) (any, error) {
	p, ok := s.sources.here(recorded)
	if !ok {
		return godap.SourceResponseBody{Content: s.missing(recorded), MimeType: "text/plain"}, nil
	}
	data, err := files.Read(p.in, p.path, maxSource)
	if err != nil {
		return nil, fail(errUnresolvable, "source: %v", err)
	}
	return godap.SourceResponseBody{Content: strings.ToValidUTF8(string(data), "\uFFFD")}, nil
}

// missing is what is shown in place of a source file that is not here.
func (s *session) missing(recorded string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The source file was not found.\n\nThe debug information names it\n    %s\n\n", recorded)
	switch {
	case s.sources.kept == nil:
		b.WriteString("It was looked for under that name, and under the ends of that name in\n")
	case len(s.sources.dirs) > 0:
		b.WriteString("It is not in the recording (record with --sources to have it there). It was looked for under the ends of that name in\n")
	default:
		b.WriteString("It is not in the recording (record with --sources to have it there), and files of this machine are\nlooked at only where the launch configuration says so.\n")
	}
	for _, dir := range s.sources.dirs {
		fmt.Fprintf(&b, "    %s\n", dir)
	}
	fmt.Fprintf(&b, "\nIn the launch configuration, \"sourcePaths\": [\"directory\"] adds a directory to look in,\nand \"sourceMap\": {%q: \"path here\"} replaces the beginning of recorded paths.\n", path.Dir(filepath.ToSlash(recorded)))
	return b.String()
}

func (s *session) loadedSources(c *call, m *godap.LoadedSourcesRequest) (any, error) {
	out := []godap.Source{}
	for _, f := range s.prog.dbg.Files() {
		out = append(out, *s.source1(f))
	}
	return godap.LoadedSourcesResponseBody{Sources: out}, nil
}

func pathOfURI(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "file" {
		return "", badArgument("source path %.200q: not a file: URI", s)
	}
	return filepath.FromSlash(u.Path), nil
}

func uriOfPath(p string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(p)}).String()
}
