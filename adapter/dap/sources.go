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
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// sources finds the files here for the paths recorded in the debug information,
// which may come from another machine, and back.
//
// Of the program of a recording only that may be read here which the user has
// named: what is below sourcePaths and sourceMap. All else comes from the recording.
type sources struct {
	files.Finder

	found map[string]files.Place // by the recorded path; empty if nowhere
	back  map[string]string      // here → recorded
	mine  map[string]bool        // by the recorded path: see user
	// library are the directories of libraries' files, with a slash behind.
	library []string
	refs    []sourceRef // what a sourceReference stands for: refs[n-1]
	refOf   map[sourceRef]int

	starts map[uint64][]uint64 // function → its instructions, for disassembly
}

// sourceRef is a source without a file here: one that is missing, one that is in the
// recording, or the disassembly of a function.
type sourceRef struct {
	missing string // the path recorded for it
	kept    string // the same
	addr    uint64 // the function's
}

// reset prepares for a program. References given out stay what they are. kept are the
// files of the recording that it comes from, if it does.
func (x *sources) reset(args *launchArguments, program string, kept files.Files) {
	x.Finder = args.finder(program, kept)
	x.library = nil
	x.found, x.back, x.mine = map[string]files.Place{}, map[string]string{}, map[string]bool{}
	x.starts = map[uint64][]uint64{}
	if x.refOf == nil {
		x.refOf = map[sourceRef]int{}
	}
}

// finder finds the program's sources as the launch configuration wants it.
func (a *launchArguments) finder(program string, kept files.Files) files.Finder {
	x := files.Finder{Subst: a.SourceMap, Kept: kept}
	for _, dir := range a.SourcePaths {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(a.dir(), dir)
		}
		x.Dirs = append(x.Dirs, filepath.Clean(dir))
	}
	if kept != nil {
		return x
	}
	if abs, err := filepath.Abs(program); err == nil {
		program = abs
	}
	for _, dir := range files.DirsNear(filepath.Dir(program), a.dir()) {
		if !slices.Contains(x.Dirs, dir) {
			x.Dirs = append(x.Dirs, dir)
		}
	}
	return x
}

// here finds the file for a recorded path; ok is false if there is none.
func (x *sources) here(recorded string) (p files.Place, ok bool) {
	p, known := x.found[recorded]
	if !known {
		p, _ = x.Find(recorded)
		x.found[recorded] = p
		if p.Path != "" {
			x.back[p.Path] = recorded
		}
	}
	return p, p.Path != ""
}

// recorded finds the recorded path for a file here. Without one it returns the
// file as it is: the debugger says what is wrong with it.
func (x *sources) recorded(file string, syms *debugger.Debugger) string {
	if r, ok := x.back[file]; ok {
		return r
	}
	for _, r := range x.Subst {
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

// user reports whether a recorded file is the user's: one that can be shown, and is
// neither of a language's library nor of the system. program is the one that it is of.
func (x *sources) user(recorded string, program *symbols.Program) bool {
	if x.library == nil {
		x.library = libraries(program.Files())
	}
	is, known := x.mine[recorded]
	if !known {
		_, is = x.here(recorded)
		is = is && !slices.ContainsFunc(x.library, func(dir string) bool { return strings.HasPrefix(recorded, dir) })
		x.mine[recorded] = is
	}
	return is
}

// libraries are the directories, with a slash behind, that no file of a user's is in,
// among them Go's own: where its runtime is.
func libraries(files []string) []string {
	dirs := []string{"/usr/include/", "/usr/lib/", "/usr/src/", "/rustc/"}
	for _, f := range files {
		if root, ok := strings.CutSuffix(f, "/runtime/proc.go"); ok {
			return append(dirs, root+"/")
		}
	}
	return dirs
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
	case ok && p.Kept:
		src.Path, src.Origin = recorded, "from the recording"
		src.SourceReference = s.sources.ref(sourceRef{kept: recorded})
		return src
	case ok:
		src.Path = p.Path
		if s.client.PathFormat == "uri" {
			src.Path = uriOfPath(p.Path)
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
	data, err := files.Read(p.In, p.Path, maxSource)
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
	case s.sources.Kept == nil:
		b.WriteString("It was looked for under that name, and under the ends of that name in\n")
	case len(s.sources.Dirs) > 0:
		b.WriteString("It is not in the recording (record with --sources to have it there). It was looked for under the ends of that name in\n")
	default:
		b.WriteString("It is not in the recording (record with --sources to have it there), and files of this machine are\nlooked at only where the launch configuration says so.\n")
	}
	for _, dir := range s.sources.Dirs {
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
