package dap

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
)

// sources finds the files here for the paths recorded in the debug information,
// which may come from another machine, and back.
type sources struct {
	subst sourceMap
	dirs  []string // to look in, most likely first

	found map[string]string // recorded → here; empty if nowhere
	back  map[string]string // here → recorded
	refs  []sourceRef       // what a sourceReference stands for: refs[n-1]
	refOf map[sourceRef]int

	starts map[uint64][]uint64 // function → its instructions, for disassembly
}

// sourceRef is a source without a file: the one that is missing, or the
// disassembly of a function.
type sourceRef struct {
	missing string // the path recorded for it
	addr    uint64 // the function's
}

// searchUp is how many parents of the program's and the working directory are
// looked in.
const searchUp = 6

// reset prepares for a program. References given out stay what they are.
func (x *sources) reset(args *launchArguments, program string) {
	x.subst = args.SourceMap
	x.dirs = nil
	x.found, x.back = map[string]string{}, map[string]string{}
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

// here finds the file here for a recorded path; ok is false if there is none.
func (x *sources) here(recorded string) (string, bool) {
	if p, known := x.found[recorded]; known {
		return p, p != ""
	}
	p := x.find(recorded)
	x.found[recorded] = p
	if p != "" {
		x.back[p] = recorded
	}
	return p, p != ""
}

func (x *sources) find(recorded string) string {
	clean := path.Clean(filepath.ToSlash(recorded))
	for _, r := range x.subst {
		from := strings.TrimRight(filepath.ToSlash(r[0]), "/")
		if rest, ok := strings.CutPrefix(clean, from); ok && (rest == "" || rest[0] == '/' || from == "") {
			if p := filepath.Join(r[1], filepath.FromSlash(rest)); isFile(p) {
				return p
			}
		}
	}
	if p := filepath.FromSlash(clean); filepath.IsAbs(p) && isFile(p) {
		return p
	}
	// The longest tail of the recorded path that is found under a directory.
	// A bare name is looked for only where it can hardly be another file.
	tail := strings.TrimLeft(clean, "/")
	for {
		dirs := x.dirs
		if !strings.Contains(tail, "/") {
			dirs = dirs[:min(len(dirs), 2)]
		}
		for _, dir := range dirs {
			if p := filepath.Join(dir, filepath.FromSlash(tail)); isFile(p) {
				return p
			}
		}
		_, rest, more := strings.Cut(tail, "/")
		if !more {
			return ""
		}
		tail = rest
	}
}

func isFile(p string) bool {
	st, err := os.Stat(p)
	return err == nil && st.Mode().IsRegular()
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
	if p, ok := s.sources.here(recorded); ok {
		src.Path = p
		if s.client.PathFormat == "uri" {
			src.Path = uriOfPath(p)
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
	here, ok := s.sources.here(f)
	if !ok {
		return godap.SourceResponseBody{Content: s.missing(f), MimeType: "text/plain"}, nil
	}
	if st, err := os.Stat(here); err != nil || st.Size() > maxSource {
		return nil, fail(errUnresolvable, "source: %s: can't be read, or has more than %d bytes", here, maxSource)
	}
	data, err := os.ReadFile(here)
	if err != nil {
		return nil, fail(errUnresolvable, "source: %v", err)
	}
	return godap.SourceResponseBody{Content: strings.ToValidUTF8(string(data), "\uFFFD")}, nil
}

// missing is what is shown in place of a source file that is not here.
func (s *session) missing(recorded string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The source file was not found.\n\nThe debug information names it\n    %s\n\nIt was looked for under that name, and under the ends of that name in\n", recorded)
	for _, dir := range s.sources.dirs {
		fmt.Fprintf(&b, "    %s\n", dir)
	}
	fmt.Fprintf(&b, "\nIn the launch configuration, \"sourcePaths\": [\"directory\"] adds a directory to these,\nand \"sourceMap\": {%q: \"path here\"} replaces the beginning of recorded paths.\n", path.Dir(filepath.ToSlash(recorded)))
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
