package dap

import (
	"context"
	"fmt"
	"strconv"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// Back to where a frame made the call that it is in.

func (s *session) backToCall(c *call, m *BackToCallRequest) (any, error) {
	f, err := s.refs.frame(m.Arguments.FrameID)
	if err != nil {
		return nil, err
	}
	mo, err := s.callOf(f)
	if err != nil {
		return nil, fmt.Errorf("backToCall: %w", err)
	}
	c.then(func() { s.travel(c, mo) })
	return nil, nil
}

// callOf makes the motion to the call that a frame is in.
func (s *session) callOf(f frameRef) (motion, error) {
	if f.frame.Level == 0 {
		return motion{}, fail(errUnresolvable, "%s is the innermost frame: it is not in a call (back to where it was called: the frame above it)", symbols.FrameName(f.frame.Name))
	}
	d := s.prog.dbg
	origin := d.Timeline().Icount()
	name := symbols.FrameName(f.frame.Name)
	return motion{title: "Going back to the call in " + name, run: func(ctx context.Context) (debugger.Event, error) {
		if d.Timeline().Icount() != origin {
			if ev, err := d.Seek(ctx, origin); err != nil {
				return ev, err
			}
		}
		return d.BackToCall(ctx, f.thread, &f.frame)
	}}, nil
}

func backToCallWord(s *session, c *call, rest string) (string, error) {
	if err := s.canMove(); err != nil {
		return "", err
	}
	f, selected := s.refs.frames[frameOf(c)]
	t := s.prog.machine.CurrentThread()
	if selected {
		t = f.thread
	}
	frames, _ := s.prog.dbg.Frames(t)
	level := 1
	switch {
	case rest != "":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return "", badArgument("back-to-call: %.20q: write a frame's level, from 1 on", rest)
		}
		level = n
	case selected && f.frame.Level > 0:
		level = f.frame.Level
	}
	if level < 1 || level >= len(frames) {
		return "", badArgument("back-to-call: there is no frame %d that is in a call: write 1 to %d", level, len(frames)-1)
	}
	m, err := s.callOf(frameRef{t, frames[level]})
	if err != nil {
		return "", err
	}
	s.typed(c, m)
	return m.title, nil
}
