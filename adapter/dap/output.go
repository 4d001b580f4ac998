package dap

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
)

// programOutput takes what the program writes to its standard output (fd 1) and
// standard error (fd 2), while it runs live, or each time that a recorded program is
// replayed. It is called on the engine goroutine in the middle of a motion.
func (s *session) programOutput(fd int, icount uint64, p []byte) {
	if s.prog == nil { // it is being loaded
		return
	}
	offset := s.prog.wrote(fd, icount, p)
	if !s.prog.hears(fd, icount, offset, p) {
		return
	}
	ctx := s.workCtx
	if ctx == nil {
		ctx = context.Background()
	}
	if s.shows(ctx, p) {
		return
	}
	s.write(ctx, fd, icount, offset, p, false)
}

// write sends output. The client gets text: a character that comes in two pieces
// waits for its rest (unless all is true).
func (s *session) write(ctx context.Context, fd int, icount, offset uint64, p []byte, all bool) {
	if s.shown.partial == nil {
		s.shown.partial = map[int][]byte{}
	}
	if rest := s.shown.partial[fd]; len(rest) > 0 {
		offset -= uint64(len(rest))
		p = append(rest, p...)
	}
	keep := 0
	if !all {
		keep = incomplete(p)
	}
	s.shown.partial[fd] = append([]byte(nil), p[len(p)-keep:]...)
	if p = p[:len(p)-keep]; len(p) == 0 {
		return
	}
	body := OutputEventBody{Revexec: &OutputInfo{Icount: icount, Stream: streamName(fd), Offset: &offset}, end: offset + uint64(len(p))}
	body.Category = body.Revexec.Stream
	body.Output = strings.ToValidUTF8(string(p), "\uFFFD")
	s.attribute(&body)
	s.out.output(ctx, body)
}

// attribute tells the client the line that was writing, or, if the launch configuration
// names a scheme for that, the moment.
func (s *session) attribute(body *OutputEventBody) {
	if s.launched.NoDebug {
		return
	}
	d := s.prog.dbg
	var at debugger.Line
	known := false
	if !s.prog.machine.Elsewhere() { // not a child's output
		at, known = d.Writer(func(file string) bool { return s.sources.user(file, d.Program()) })
	}
	body.from = at
	if moment := s.launched.MomentURI; moment != "" {
		body.Source, body.Line = &godap.Source{Name: "output"}, s.lineOut(1)
		if known {
			body.Source.Name, body.Line = path.Base(filepath.ToSlash(at.File)), s.lineOut(at.Line)
		}
		body.Source.Path = fmt.Sprintf("%s/%d/%s", moment, body.Revexec.Icount, url.PathEscape(body.Source.Name))
		return
	}
	if known {
		body.Source, body.Line = s.source1(at.File), s.lineOut(at.Line)
	}
}

// flushOutput sends what waits for the rest of a character.
func (s *session) flushOutput(ctx context.Context) {
	for _, fd := range streams {
		if len(s.shown.partial[fd]) > 0 {
			w := &s.prog.outputs[fd]
			end := w.size
			if s.prog.played != nil { // of which more may follow
				end = w.given
			}
			s.write(ctx, fd, s.prog.tl.Icount(), end, nil, true)
		}
	}
}

// incomplete is how many bytes at the end of p are the beginning of a character.
func incomplete(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if c := p[len(p)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(p[len(p)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// logpoint sends what a logpoint says.
func (s *session) logpoint(l debugger.LogMessage) {
	body := OutputEventBody{
		OutputEventBody: godap.OutputEventBody{Category: "console", Output: strings.ToValidUTF8(l.Text, "\uFFFD") + "\n"},
		Revexec:         &OutputInfo{Icount: l.Icount},
	}
	if l.File != "" {
		body.Source, body.Line = s.source1(l.File), s.lineOut(l.Line)
	}
	ctx := s.workCtx
	if ctx == nil {
		ctx = context.Background()
	}
	s.out.output(ctx, body)
}
