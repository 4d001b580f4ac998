package dap

import (
	"context"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
)

// The requests and words that go to the latest earlier, or the next, write to a
// variable.

func (s *session) lastWrite(c *call, m *WriteRequest) (any, error) { return s.goToWrite(c, true) }

func (s *session) nextWrite(c *call, m *WriteRequest) (any, error) { return s.goToWrite(c, false) }

func (s *session) goToWrite(c *call, back bool) (any, error) {
	a, err := extended[dataBreakpointInfoArguments](c)
	if err != nil {
		return nil, err
	}
	m, err := s.writeOf(c.name, &a, back)
	if err != nil {
		return nil, err
	}
	c.then(func() { s.travel(c, m) })
	return nil, nil
}

// writeOf makes the motion to a write to what the arguments name.
func (s *session) writeOf(request string, a *dataBreakpointInfoArguments, back bool) (motion, error) {
	r, why, err := s.watchRange(request, a)
	switch {
	case err != nil:
		return motion{}, err
	case why != "":
		return motion{}, fail(errEvaluate, "%s: %s", request, why)
	}
	d := s.prog.dbg
	origin := d.Timeline().Icount()
	m := motion{title: "Going to the next write of " + r.Expr, run: func(ctx context.Context) (debugger.Event, error) {
		// Interrupted, it has gone a part of the way, on which there was no write.
		return d.NextWrite(ctx, r.DataBreakpoint)
	}}
	if back {
		m = motion{title: "Looking for the last write of " + r.Expr, run: func(ctx context.Context) (debugger.Event, error) {
			if d.Timeline().Icount() != origin {
				if ev, err := d.Seek(ctx, origin); err != nil {
					return ev, err
				}
			}
			return d.LastWrite(ctx, r.DataBreakpoint)
		}}
	}
	return m, nil
}

// writeWord makes the word for writes in a direction.
func writeWord(name string, back bool) func(*session, *call, string) (string, error) {
	return func(s *session, c *call, rest string) (string, error) {
		if rest == "" {
			return "", badArgument("%s: an expression is missing", name)
		}
		if err := s.canMove(); err != nil {
			return "", err
		}
		a := dataBreakpointInfoArguments{DataBreakpointInfoArguments: godap.DataBreakpointInfoArguments{Name: rest}}
		if m, ok := c.msg.(*godap.EvaluateRequest); ok {
			a.FrameId = m.Arguments.FrameId
		}
		m, err := s.writeOf(name, &a, back)
		if err != nil {
			return "", err
		}
		s.typed(c, m)
		return m.title, nil
	}
}
