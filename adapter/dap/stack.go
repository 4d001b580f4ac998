package dap

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/vm"
)

// threads, stackTrace, exceptionInfo, and the references to frames and variables.

// frameRef is what a frameId stands for.
type frameRef struct {
	thread vm.ThreadID
	frame  debugger.Frame
}

// references are the frames and variables that the client may name, until the
// next motion. Numbers are not used again, so that an old one is told from a
// new one.
type references struct {
	last, base int // numbers up to base are of earlier stops
	frames     map[int]frameRef
	frameID    map[[2]int]int // thread and level → number
	vars       map[int]container
}

// drop forgets all references.
func (r *references) drop() {
	r.base = r.last
	r.frames, r.frameID, r.vars = nil, nil, nil
}

func (r *references) addFrame(t vm.ThreadID, f *debugger.Frame) int {
	key := [2]int{int(t), f.Level}
	if id, ok := r.frameID[key]; ok {
		return id
	}
	if r.frames == nil {
		r.frames, r.frameID = map[int]frameRef{}, map[[2]int]int{}
	}
	r.last++
	r.frames[r.last], r.frameID[key] = frameRef{t, *f}, r.last
	return r.last
}

func (r *references) addVars(c container) int {
	if r.vars == nil {
		r.vars = map[int]container{}
	}
	r.last++
	r.vars[r.last] = c
	return r.last
}

// gone says why there is nothing under a number.
func (r *references) gone(what string, id int) error {
	if id > 0 && id <= r.base {
		return &failure{id: errStale, quiet: true, text: fmt.Sprintf("%s %d belongs to an earlier stop: the program has moved since", what, id)}
	}
	return badArgument("there is no %s %d", what, id)
}

func (r *references) frame(id int) (frameRef, error) {
	f, ok := r.frames[id]
	if !ok {
		return f, r.gone("frame", id)
	}
	return f, nil
}

func (r *references) container(id int) (container, error) {
	v, ok := r.vars[id]
	if !ok {
		return v, r.gone("variablesReference", id)
	}
	return v, nil
}

func (s *session) threads(c *call, m *godap.ThreadsRequest) (any, error) {
	return godap.ThreadsResponseBody{Threads: s.threadList()}, nil
}

// threadList describes the threads to the client.
func (s *session) threadList() []godap.Thread {
	out := []godap.Thread{}
	for _, t := range s.prog.dbg.Threads() {
		name := t.Name
		if name == "" {
			name = "thread"
		}
		name = fmt.Sprintf("%s (%d)", name, t.ID)
		if t.State == vm.ThreadBlocked && t.Detail != "" {
			name += ": " + t.Detail
		}
		out = append(out, godap.Thread{Id: int(t.ID), Name: strings.ToValidUTF8(name, "\uFFFD")})
	}
	return out
}

func (s *session) stackTrace(c *call, m *godap.StackTraceRequest) (any, error) {
	a := &m.Arguments
	if a.StartFrame < 0 || a.Levels < 0 {
		return nil, badArgument("stackTrace: startFrame %d, levels %d: neither may be negative", a.StartFrame, a.Levels)
	}
	t, err := s.thread(a.ThreadId)
	if err != nil {
		return nil, err
	}
	frames, err := s.prog.dbg.Frames(t)
	if err != nil {
		s.log.Debug().Err(err).Msg("the stack ends early")
	}
	from := min(a.StartFrame, len(frames))
	to := len(frames)
	if a.Levels > 0 {
		to = min(to, from+a.Levels)
	}
	out := make([]godap.StackFrame, 0, to-from)
	for i := from; i < to; i++ {
		out = append(out, s.stackFrame(t, &frames[i]))
	}
	if from == 0 && len(out) > 0 && !s.anySelectable(frames) {
		out[0].PresentationHint = "normal"
		if out[0].Source != nil {
			out[0].Source.PresentationHint = "normal"
		}
	}
	return godap.StackTraceResponseBody{StackFrames: out, TotalFrames: len(frames)}, nil
}

// anySelectable reports whether an editor selects any of the frames by itself. It
// takes the innermost one that is neither subtle nor has a deemphasized source,
// and where there is none it shows neither a place nor variables: then the
// innermost frame must be one, be its source a disassembly or a missing file.
func (s *session) anySelectable(frames []debugger.Frame) bool {
	for i := range frames {
		if frames[i].File == "" || frames[i].Subtle {
			continue
		}
		if _, ok := s.sources.here(frames[i].File); ok {
			return true
		}
	}
	return false
}

// stackFrame describes a frame to the client.
func (s *session) stackFrame(t vm.ThreadID, f *debugger.Frame) godap.StackFrame {
	out := godap.StackFrame{
		Id: s.refs.addFrame(t, f), Name: symbols.FrameName(f.Name), InstructionPointerReference: hex(f.PC),
		CanRestart: !f.Inlined && f.CFA != 0,
	}
	if f.Module != nil {
		out.ModuleId = f.Module.ID
	}
	if f.Inlined {
		out.Name += " (inlined)"
	}
	if f.Subtle {
		out.PresentationHint = "subtle"
	}
	if f.File != "" {
		out.Source, out.Line, out.Column = s.source1(f.File), s.lineOut(f.Line), s.columnOut(f.Column)
		return out
	}
	if src, line, ok := s.disassembly(f.PC); ok {
		out.Source, out.Line = src, s.lineOut(line)
	}
	return out
}

func (s *session) exceptionInfo(c *call, m *godap.ExceptionInfoRequest) (any, error) {
	ev := &s.shown.last
	signal, fatal := ev.Signal, ev.Fatal
	if ev.Reason == debugger.ReasonEnd && ev.Exit != nil {
		signal, fatal = ev.Exit.Signal, true
	}
	raised := ev.Reason == debugger.ReasonException
	if signal == 0 && !raised || ev.Icount != s.prog.tl.Icount() {
		return nil, &failure{id: errState, text: "exceptionInfo: the program has not stopped for a signal or an exception"}
	}
	name, meaning := debugger.SignalName(signal)
	mode := godap.ExceptionBreakMode("always")
	if fatal {
		mode = "unhandled"
	}
	text := ev.Text
	if text == "" {
		text = meaning
	}
	details := &godap.ExceptionDetails{Message: text, TypeName: name, FullTypeName: name + " (" + meaning + ")"}
	if raised {
		name = text
		details.TypeName, details.FullTypeName = text, text
	}
	frames, _ := s.prog.dbg.Frames(ev.Thread)
	var b strings.Builder
	for i := range frames[:min(len(frames), 50)] {
		fmt.Fprintf(&b, "%s\n", s.describeFrame(&frames[i]))
	}
	details.StackTrace = b.String()
	return godap.ExceptionInfoResponseBody{ExceptionId: name, Description: text, BreakMode: mode, Details: details}, nil
}

// describeFrame describes a frame in a line of text. The file is the one here if
// there is one: editors make a link of it.
func (s *session) describeFrame(f *debugger.Frame) string {
	if f.File == "" {
		return symbols.FrameName(f.Name)
	}
	file := f.File
	if p, ok := s.sources.here(f.File); ok {
		file = p.Path
	}
	return fmt.Sprintf("%s at %s:%d", symbols.FrameName(f.Name), file, f.Line)
}

// usersFrame is the innermost of the frames that is in a file of the user's; without one
// the innermost that has a file, else the innermost. It is nil where there are no frames.
func (s *session) usersFrame(frames []debugger.Frame) *debugger.Frame {
	if len(frames) == 0 {
		return nil
	}
	program := s.prog.dbg.Program()
	for _, fits := range []func(f *debugger.Frame) bool{
		func(f *debugger.Frame) bool { return f.File != "" && !f.Subtle && s.sources.user(f.File, program) },
		func(f *debugger.Frame) bool { return f.File != "" },
	} {
		for i := range frames {
			if fits(&frames[i]) {
				return &frames[i]
			}
		}
	}
	return &frames[0]
}

// shortPlace tells a place in a few words: "main at prog.c:12".
func shortPlace(function, file string, line int) string {
	name := symbols.FrameName(function)
	if file == "" {
		return name
	}
	at := fmt.Sprintf("%s:%d", path.Base(filepath.ToSlash(file)), line)
	if name == "" {
		return at
	}
	return name + " at " + at
}
