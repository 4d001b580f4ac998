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
	named, several := anyThread, false // the only thread that is to run, or if there are more
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
		several = several || x.thread == anyThread || named != anyThread
		named = x.thread
	}
	if !several {
		defer s.only(named)()
	}
	if step == nil {
		return s.finish(s.runForward(ctx))
	}
	return s.finish(s.stepThread(ctx, *step))
}

// only makes t the only thread whose stops are reported, until the function that
// it returns is called. gdb says so when it moves a thread over a breakpoint: it
// has taken the breakpoint out, thinks that no other thread runs, and fails an
// assertion when it is told of a stop of another one.
func (s *session) only(t vm.ThreadID) func() {
	if _, alive := s.thread(t); alive {
		s.alone = t
	}
	return func() { s.alone = anyThread }
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
	return s.finish(s.stepThread(ctx, action{thread: max(s.resume, anyThread), step: true}))
}

func (s *session) oldStepSignal(ctx context.Context, args string) response {
	_, addr, _ := strings.Cut(args, ";")
	return s.oldStep(ctx, addr)
}

// backStep is bs. It is about the thread that the client looks at unless Hc names
// another: gdb says "any" there even when it steps a certain thread back, and
// would take the step of another thread for a stray SIGTRAP.
func (s *session) backStep(ctx context.Context, _ string) response {
	if s.resume <= anyThread {
		return s.finish(s.stepBack(ctx, s.generalThread()))
	}
	defer s.only(s.resume)()
	return s.finish(s.stepBack(ctx, s.resume))
}

// backContinue is bc. Whatever Hc says, all threads count: clients that are not
// gdb name one there as a matter of course.
func (s *session) backContinue(ctx context.Context, _ string) response {
	return s.finish(s.runBack(ctx))
}

// rewind goes to the start of history, which is what running the guest again
// comes to: it would do the same.
func (s *session) rewind(ctx context.Context) stopReply {
	s.killed = false
	if err := s.tl.Seek(ctx, s.tl.Start()); err != nil {
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
