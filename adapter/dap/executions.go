package dap

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
)

// The requests and words about the executions of a place in the program.

// placeOf is the place that a request names.
func (s *session) placeOf(request string, a *PlaceArguments) (debugger.Place, error) {
	var p debugger.Place
	named := 0
	for _, there := range []bool{a.Source != nil, a.Function != "", a.InstructionReference != ""} {
		if there {
			named++
		}
	}
	if named != 1 {
		return p, badArgument(`%s: name one place: "source" and "line", "function", or "instructionReference"`, request)
	}
	switch {
	case a.Function != "":
		p.Function = strings.TrimSpace(a.Function)
	case a.InstructionReference != "":
		addr, err := parseAddress(a.InstructionReference)
		if err != nil {
			return p, badArgument("%s: instructionReference: %v", request, err)
		}
		p.Addr = addr
	default:
		path, err := s.pathIn(a.Source)
		if err != nil {
			return p, err
		}
		if p.Line = s.lineIn(a.Line); p.Line < 1 {
			return p, badArgument("%s: line %d: lines start at %d", request, a.Line, s.lineOut(1))
		}
		p.File = s.sources.recorded(path, s.prog.dbg)
	}
	return p, s.known(request, p)
}

// parsePlace reads a place as a user writes it: LINE, FILE:LINE, 0xADDRESS, or a
// function. frame is the one whose file a line alone is of, 0 for the innermost.
func (s *session) parsePlace(name, text string, frame int) (debugger.Place, error) {
	var p debugger.Place
	file, line, found := cutLast(text, ":")
	n, notLine := strconv.Atoi(line)
	switch {
	case text == "":
		return p, badArgument("%s: a place is missing: write LINE, FILE:LINE, a function, or 0xADDRESS", name)
	case strings.HasPrefix(text, "0x"):
		addr, err := parseAddress(text)
		if err != nil {
			return p, badArgument("%s: %v", name, err)
		}
		p.Addr = addr
	case notLine == nil && found && file != "" && !strings.HasSuffix(file, ":"):
		p.File, p.Line = file, n
	case notLine == nil && !found:
		if p.File = s.currentFile(frame); p.File == "" {
			return p, fail(errUnresolvable, "%s: line %d of which file? There is no source here: write FILE:%[2]d", name, n)
		}
		p.Line = n
	default:
		p.Function = text
	}
	return p, s.known(name, p)
}

// cutLast cuts text at the last separator; found is false where there is none, and
// then all of it is after.
func cutLast(text, sep string) (before, after string, found bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return "", text, false
	}
	return text[:i], text[i+len(sep):], true
}

// currentFile is the source file of a frame, for 0 of the innermost one that is the
// user's; empty if there is none.
func (s *session) currentFile(frame int) string {
	if f, err := s.refs.frame(frame); err == nil && f.frame.File != "" {
		return f.frame.File
	}
	frames, _ := s.prog.dbg.Frames(s.prog.machine.CurrentThread())
	if f := s.usersFrame(frames); f != nil {
		return f.File
	}
	return ""
}

// known says why a place is none of the program's, nil if it is one.
func (s *session) known(request string, p debugger.Place) error {
	if err := s.prog.dbg.CheckPlace(p); err != nil {
		return fail(errUnresolvable, "%s: %v", request, err)
	}
	return nil
}

func (s *session) lastExecution(c *call, m *ExecutionRequest) (any, error) {
	return s.goToExecution(c, &m.Arguments, true)
}

func (s *session) nextExecution(c *call, m *ExecutionRequest) (any, error) {
	return s.goToExecution(c, &m.Arguments, false)
}

func (s *session) goToExecution(c *call, a *PlaceArguments, back bool) (any, error) {
	p, err := s.placeOf(c.name, a)
	if err != nil {
		return nil, err
	}
	c.then(func() { s.travel(c, s.executionOf(p, a.Breakpoints, back)) })
	return nil, nil
}

// executionOf makes the motion to an execution of a place.
func (s *session) executionOf(p debugger.Place, breakpoints, back bool) motion {
	d := s.prog.dbg
	origin := d.Timeline().Icount()
	m := motion{title: "Going to the next execution of " + p.String()}
	if back {
		m.title = "Looking for the last execution of " + p.String()
	}
	m.run = func(ctx context.Context) (debugger.Event, error) {
		// It has been interrupted if it is not where it began: forward it goes on, from
		// one instruction before, since a motion does not look at where it starts.
		if at := d.Timeline().Icount(); at != origin {
			if !back && at > origin {
				origin = at - 1
			}
			if ev, err := d.Seek(ctx, origin); err != nil {
				return ev, err
			}
		}
		if back {
			return d.LastExecution(ctx, p, breakpoints)
		}
		return d.NextExecution(ctx, p, breakpoints)
	}
	return m
}

func (s *session) executions(c *call, m *ExecutionsRequest) (any, error) {
	p, err := s.placeOf(c.name, &m.Arguments.PlaceArguments)
	if err != nil {
		return nil, err
	}
	limit, err := limitOf(c.name, m.Arguments.Limit)
	if err != nil {
		return nil, err
	}
	return s.allExecutions(c, p, limit)
}

func (s *session) allExecutions(c *call, p debugger.Place, limit int) (out Occurrences, err error) {
	err = s.query(c, "Looking for executions of "+p.String(), func(ctx context.Context) error {
		found, err := s.prog.dbg.Executions(ctx, p, s.whole(), limit)
		out = s.occurrences(&found)
		return err
	})
	return out, err
}

// frameOf is the frame that a word was typed in, 0 if the client did not say.
func frameOf(c *call) int {
	if m, ok := c.msg.(*godap.EvaluateRequest); ok {
		return m.Arguments.FrameId
	}
	return 0
}

// executionWord makes the word for executions in a direction.
func executionWord(name string, back bool) func(*session, *call, string) (string, error) {
	return func(s *session, c *call, rest string) (string, error) {
		if err := s.canMove(); err != nil {
			return "", err
		}
		p, err := s.parsePlace(name, rest, frameOf(c))
		if err != nil {
			return "", err
		}
		m := s.executionOf(p, false, back)
		s.typed(c, m)
		return m.title, nil
	}
}

func executionsWord(s *session, c *call, rest string) (string, error) {
	p, err := s.parsePlace("executions", rest, frameOf(c))
	if err != nil {
		return "", err
	}
	out, err := s.allExecutions(c, p, defaultLimit)
	if err != nil {
		return "", err
	}
	return out.lines("execution", p.String()+" was never executed in the recorded history", listed), nil
}

// completePlaces adds functions and source files.
func (s *session) completePlaces(x *completer, frame int) {
	if x.part == "" {
		return // a program has thousands of functions
	}
	for _, f := range s.prog.dbg.Files() {
		x.add(filepath.Base(f)+":", "", "file")
	}
	if ctx, err := s.frameOrCurrent(frame); err == nil {
		for _, f := range ctx.Prog.Funcs() {
			x.add(f.Name, "", "function")
		}
	}
}
