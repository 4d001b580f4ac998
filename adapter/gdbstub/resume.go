package gdbstub

import (
	"context"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm"
)

// finish answers a resume packet with the stop.
func (s *session) finish(r stopReply) response {
	return answer(s.render(r))
}

// vContActions are the actions that vCont takes: continue and step, each also
// with a signal, and step while in a range of addresses.
const vContActions = "vCont;c;C;s;S;r"

// vCont is vCont? and vCont;ACTION[:THREAD]…. Since every thread runs when
// history has it run, all that matters is whether one is to be stepped.
func (s *session) vCont(ctx context.Context, args string) response {
	if args == "?" {
		return answer(vContActions)
	}
	var step *stepAction
	actions := strings.Split(args, ";")
	if len(actions) < 2 || actions[0] != "" {
		return s.malformed()
	}
	for _, a := range actions[1:] {
		x, good := parseAction(a)
		if !good {
			return s.malformed()
		}
		if x != nil && step == nil {
			step = x
		}
	}
	if step == nil {
		return s.finish(s.runForward(ctx))
	}
	return s.finish(s.stepThread(ctx, step.thread, step.lo, step.hi))
}

// stepAction is a step of a thread, while its PC is in [lo, hi).
type stepAction struct {
	thread vm.ThreadID // anyThread for whichever is next
	lo, hi uint64
}

// parseAction parses one action of vCont; nil for a continue.
func parseAction(a string) (*stepAction, bool) {
	a, id, forOne := strings.Cut(a, ":")
	thread := anyThread
	if forOne {
		t, good := threadID(id)
		if !good {
			return nil, false
		}
		thread = max(t, anyThread)
	}
	if a == "" {
		return nil, false
	}
	kind, rest := a[0], a[1:]
	switch kind {
	case 'c', 's':
		if rest != "" {
			return nil, false
		}
	case 'C', 'S':
		// The signal would be the one that the guest is about to get anyway, or
		// change history.
		if _, good := number(rest); !good {
			return nil, false
		}
	case 'r':
		lo, hi, good := pair(rest, ",")
		return &stepAction{thread, lo, hi}, good
	default:
		return nil, false
	}
	if kind == 'c' || kind == 'C' {
		return nil, true
	}
	return &stepAction{thread: thread}, true
}

// The resume packets from before vCont: c [ADDR], s [ADDR], C SIG[;ADDR] and
// S SIG[;ADDR]. Going on at another address would change history. Signals are as
// in parseAction.

func (s *session) oldContinue(ctx context.Context, addr string) response {
	if addr != "" {
		return answer("E." + unchangeable)
	}
	return s.finish(s.runForward(ctx))
}

func (s *session) oldContinueSignal(ctx context.Context, args string) response {
	_, addr, _ := strings.Cut(args, ";")
	return s.oldContinue(ctx, addr)
}

func (s *session) oldStep(ctx context.Context, addr string) response {
	if addr != "" {
		return answer("E." + unchangeable)
	}
	return s.finish(s.stepThread(ctx, max(s.resume, anyThread), 0, 0))
}

func (s *session) oldStepSignal(ctx context.Context, args string) response {
	_, addr, _ := strings.Cut(args, ";")
	return s.oldStep(ctx, addr)
}

// backStep is bs.
func (s *session) backStep(ctx context.Context, args string) response {
	return s.finish(s.stepBack(ctx, max(s.resume, anyThread)))
}

// backContinue is bc.
func (s *session) backContinue(ctx context.Context, args string) response {
	return s.finish(s.runBack(ctx))
}

// rewind goes to the start of history, which is what running the guest again
// comes to: it would do the same.
func (s *session) rewind(ctx context.Context) stopReply {
	s.killed = false
	if err := s.tl.Seek(ctx, 0); err != nil {
		return s.failed(ctx, err)
	}
	return s.conclude(stopReply{signal: sigTrap, thread: s.m.CurrentThread()})
}

// restart is R, which has no answer.
func (s *session) restart(ctx context.Context, _ string) response {
	s.rewind(ctx)
	return noAnswer
}

// runAgain is vRun;FILE;ARGUMENT…. What to run is fixed.
func (s *session) runAgain(ctx context.Context, _ string) response {
	return s.finish(s.rewind(ctx))
}
