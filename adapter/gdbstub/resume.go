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
	var step *action
	alone, all := anyThread, false // the only thread that is to run
	actions := strings.Split(args, ";")
	if len(actions) < 2 || actions[0] != "" {
		return s.malformed()
	}
	for _, a := range actions[1:] {
		x, good := parseAction(a)
		if !good {
			return s.malformed()
		}
		if x.step && step == nil {
			step = &x
		}
		if x.thread == anyThread || alone != anyThread {
			all = true
		}
		alone = x.thread
	}
	if all {
		alone = anyThread
	}
	if step == nil {
		return s.finish(s.runForward(ctx, alone))
	}
	return s.finish(s.stepThread(ctx, *step, alone))
}

// action is what a vCont packet asks of a thread.
type action struct {
	thread vm.ThreadID // anyThread for all
	step   bool
	lo, hi uint64 // keep stepping while the PC is in [lo, hi)
}

// parseAction parses one action of vCont.
func parseAction(text string) (a action, good bool) {
	text, id, forOne := strings.Cut(text, ":")
	if forOne {
		t, good := threadID(id)
		if !good {
			return a, false
		}
		a.thread = max(t, anyThread)
	}
	if text == "" {
		return a, false
	}
	kind, rest := text[0], text[1:]
	a.step = kind == 's' || kind == 'S' || kind == 'r'
	switch kind {
	case 'c', 's':
		return a, rest == ""
	case 'C', 'S':
		// The signal would be the one that the guest is about to get anyway, or
		// change history.
		_, good = number(rest)
		return a, good
	case 'r':
		a.lo, a.hi, good = pair(rest, ",")
		return a, good
	}
	return a, false
}

// The resume packets from before vCont: c [ADDR], s [ADDR], C SIG[;ADDR] and
// S SIG[;ADDR]. Going on at another address would change history. Signals are as
// in parseAction.

func (s *session) oldContinue(ctx context.Context, addr string) response {
	if addr != "" {
		return answer("E." + unchangeable)
	}
	return s.finish(s.runForward(ctx, anyThread))
}

func (s *session) oldContinueSignal(ctx context.Context, args string) response {
	_, addr, _ := strings.Cut(args, ";")
	return s.oldContinue(ctx, addr)
}

func (s *session) oldStep(ctx context.Context, addr string) response {
	if addr != "" {
		return answer("E." + unchangeable)
	}
	return s.finish(s.stepThread(ctx, action{thread: max(s.resume, anyThread), step: true}, anyThread))
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
