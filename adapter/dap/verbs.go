package dap

import (
	"context"
	"fmt"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/vm"
)

// The requests that move the program.

// thread checks a thread that a request names; 0 stands for the current one.
func (s *session) thread(id int) (vm.ThreadID, error) {
	if id == 0 {
		return s.prog.machine.CurrentThread(), nil
	}
	for _, t := range s.prog.dbg.Threads() {
		if int(t.ID) == id {
			return t.ID, nil
		}
	}
	return 0, badArgument("there is no thread %d here", id)
}

// byInstruction reports whether a step is to be by one instruction. Statement,
// line and nothing at all mean the same: editors send any of them for the same
// button.
func byInstruction(g godap.SteppingGranularity) (bool, error) {
	switch g {
	case "", "statement", "line":
		return false, nil
	case "instruction":
		return true, nil
	}
	return false, badArgument(`granularity %.60q: write "statement", "line" or "instruction"`, g)
}

// move starts a motion of the debugger's after the response.
func (s *session) move(c *call, title string, mo debugger.Motion) {
	m := s.moveBy(title, mo)
	c.then(func() { s.travel(c, m) })
}

// step starts a step of thread id: verb, or inst for the granularity instruction.
func (s *session) step(c *call, title string, id int, g godap.SteppingGranularity, verb, inst debugger.Verb, back bool) (any, error) {
	t, err := s.thread(id)
	if err != nil {
		return nil, err
	}
	only, err := byInstruction(g)
	if err != nil {
		return nil, err
	}
	if only {
		verb = inst
	}
	s.move(c, title, debugger.Motion{Verb: verb, Back: back, Thread: t})
	return nil, nil
}

func (s *session) cont(c *call, m *godap.ContinueRequest) (any, error) {
	if _, err := s.thread(m.Arguments.ThreadId); err != nil {
		return nil, err
	}
	s.move(c, "Continuing", debugger.Motion{Verb: debugger.Continue})
	return godap.ContinueResponseBody{AllThreadsContinued: true}, nil
}

func (s *session) next(c *call, m *godap.NextRequest) (any, error) {
	a := &m.Arguments
	return s.step(c, "Stepping over", a.ThreadId, a.Granularity, debugger.Next, debugger.StepInstructionOver, false)
}

func (s *session) stepIn(c *call, m *godap.StepInRequest) (any, error) {
	a := &m.Arguments
	return s.step(c, "Stepping in", a.ThreadId, a.Granularity, debugger.StepIn, debugger.StepInstruction, false)
}

func (s *session) stepOut(c *call, m *godap.StepOutRequest) (any, error) {
	a := &m.Arguments
	return s.step(c, "Stepping out", a.ThreadId, a.Granularity, debugger.StepOut, debugger.StepOut, false)
}

func (s *session) stepBack(c *call, m *godap.StepBackRequest) (any, error) {
	a := &m.Arguments
	return s.step(c, "Stepping back", a.ThreadId, a.Granularity, debugger.Next, debugger.StepInstructionOver, true)
}

func (s *session) reverseContinue(c *call, m *godap.ReverseContinueRequest) (any, error) {
	if _, err := s.thread(m.Arguments.ThreadId); err != nil {
		return nil, err
	}
	s.move(c, "Going back", debugger.Motion{Verb: debugger.Continue, Back: true})
	return nil, nil
}

func (s *session) reverseStepIn(c *call, m *ReverseStepInRequest) (any, error) {
	a := &m.Arguments
	return s.step(c, "Stepping back in", a.ThreadId, a.Granularity, debugger.StepIn, debugger.StepInstruction, true)
}

func (s *session) reverseStepOut(c *call, m *ReverseStepOutRequest) (any, error) {
	a := &m.Arguments
	return s.step(c, "Stepping back out", a.ThreadId, a.Granularity, debugger.StepOut, debugger.StepOut, true)
}

func (s *session) seek(c *call, m *SeekRequest) (any, error) {
	var to uint64
	var err error
	switch a := &m.Arguments; {
	case a.Icount != nil && a.To != "":
		err = badArgument(`the arguments "icount" and "to" exclude each other`)
	case a.Icount != nil:
		to, err = s.reachable(*a.Icount)
	case a.To != "":
		to, err = s.parsePosition(a.To)
	default:
		err = badArgument(`an argument "icount" or "to" is missing`)
	}
	if err != nil {
		return nil, fmt.Errorf("seek: %w", err)
	}
	c.then(func() { s.travel(c, s.seekTo(to)) })
	return SeekResponseBody{Icount: to}, nil
}

// seekTo makes the motion to a position.
func (s *session) seekTo(icount uint64) motion {
	p := s.prog
	return motion{title: fmt.Sprintf("Going to icount %d", icount), run: func(ctx context.Context) (debugger.Event, error) {
		p.deaf = true // of what lies between it passes by the most
		defer func() { p.deaf = false }()
		return p.dbg.Seek(ctx, icount)
	}}
}

// restartFrame goes back to where the frame's function was entered.
func (s *session) restartFrame(c *call, m *godap.RestartFrameRequest) (any, error) {
	f, err := s.refs.frame(m.Arguments.FrameId)
	if err != nil {
		return nil, err
	}
	d := s.prog.dbg
	switch {
	case f.frame.Inlined:
		return nil, fail(errUnresolvable, "restartFrame: %s is inlined: restart the frame that it is inlined into", f.frame.Name)
	case !d.Restartable(f.thread, &f.frame):
		return nil, fail(errUnresolvable, "restartFrame: it is not known where %s starts", f.frame.Name)
	}
	origin := d.Timeline().Icount()
	c.then(func() {
		s.travel(c, motion{title: "Restarting " + f.frame.Name, frame: true, run: func(ctx context.Context) (debugger.Event, error) {
			if d.Timeline().Icount() != origin {
				if ev, err := d.Seek(ctx, origin); err != nil {
					return ev, err
				}
			}
			return d.RestartFrame(ctx, f.thread, &f.frame)
		}})
	})
	return nil, nil
}

func (s *session) where(c *call, m *WhereRequest) (any, error) {
	pos := s.prog.position()
	body := WhereResponseBody{Position: pos, Percent: percent(pos.Icount, pos.Frontier), Text: s.prog.dbg.Where()}
	if frames, _ := s.prog.dbg.Frames(vm.ThreadID(pos.Thread)); len(frames) > 0 && frames[0].File != "" {
		body.Source, body.Line = s.source1(frames[0].File), s.lineOut(frames[0].Line)
	}
	return body, nil
}

func percent(at, of uint64) float64 {
	if of == 0 {
		return 100
	}
	return 100 * float64(at) / float64(of)
}
