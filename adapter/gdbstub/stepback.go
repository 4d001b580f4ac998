package gdbstub

import (
	"context"

	"github.com/dap-revexec/dap-revexec/vm"
)

// stepBack undoes one instruction of thread t. What other threads did after it is
// undone as well, up to a breakpoint or watched access of theirs. Where t's life
// began the instruction of another thread is undone.
func (s *session) stepBack(ctx context.Context, t vm.ThreadID) stopReply {
	from := s.tl.Icount()
	pretended := s.pretence.of(t, from)
	switch {
	case from <= s.tl.Start() && s.alone == t && !pretended:
		return s.pretend(t) // see endAlone
	case from <= s.tl.Start():
		return s.atStart()
	}
	if r, stopped := s.undo(ctx, from); stopped {
		return r
	}
	undone := s.m.CurrentThread()
	_, alive := s.thread(t)
	switch {
	case undone == t:
		return s.conclude(stopReply{cause: causeStep, signal: sigTrap, thread: t})
	case alive && s.alone == t && !pretended:
		return s.pretend(t)
	case !alive || s.m.LastPC(t) == 0:
		return s.conclude(stopReply{cause: causeStep, signal: sigTrap, thread: undone})
	}
	// The instruction to undo is the latest that t executed, which is at its
	// LastPC.
	pc := s.m.LastPC(t)
	stops := s.backStops()
	stops.Breaks = vm.NewBreaks(append([]uint64{pc}, s.points.set.Addrs()...)...)
	user := stops.Filter
	stops.Filter = func(st *vm.Stop) bool {
		if st.Reason == vm.StopBreak && st.Thread == t {
			return st.PC == pc
		}
		return user(st)
	}
	st, err := s.tl.Back(ctx, s.tl.Start(), stops)
	switch {
	case err != nil:
		if back := s.tl.Seek(context.WithoutCancel(ctx), from); back != nil {
			return s.broken(ctx, back, s.tl.Icount())
		}
		return s.failed(ctx, err)
	case st.Reason == vm.StopBreak && st.Thread == t:
		return s.conclude(stopReply{cause: causeStep, signal: sigTrap, thread: t})
	}
	return s.arriveBack(ctx, st)
}

// undo goes to the debugged process's latest instruction before from, or reports a
// watched access of it.
func (s *session) undo(ctx context.Context, from uint64) (stopReply, bool) {
	err := s.tl.Seek(ctx, from-1)
	if err == nil && s.m.Elsewhere() {
		_, err = s.tl.Back(ctx, s.tl.Start(), s.switches(true))
	}
	var st vm.Stop
	if to := s.tl.Icount(); err == nil && len(s.points.watches) > 0 {
		if err = s.tl.Seek(ctx, from); err == nil {
			stops := s.backStops()
			stops.Breaks = nil
			st, err = s.tl.Back(ctx, to, stops)
		}
	}
	switch {
	case err != nil:
		if back := s.tl.Seek(context.WithoutCancel(ctx), from); back != nil {
			return s.broken(ctx, back, s.tl.Icount()), true
		}
		return s.failed(ctx, err), true
	case st.Reason == vm.StopWatch:
		return s.arriveBack(ctx, st), true
	}
	return stopReply{}, false
}

// pretence is a PC that a thread is said to have at a position, and has not.
//
// When gdb going back meets a breakpoint of its own that is meant for another
// thread, it has the thread that ran into it step back alone, to get it off the
// breakpoint, before it searches on. That thread's previous instruction may lie
// far back, if other threads ran in between; going there would pass over all
// breakpoints that they met, and one of them may be what gdb is looking for. So
// the machine goes back by one instruction, of whichever thread, and the one that
// stands still is said to be at its previous instruction. gdb asks no more of it.
// A client that does, and steps it back once more, gets there for good.
type pretence struct {
	icount uint64
	thread vm.ThreadID
	pc     uint64
}

// of reports whether t's PC is a pretence at a position.
func (p pretence) of(t vm.ThreadID, icount uint64) bool {
	return p.thread == t && t != anyThread && p.icount == icount
}

// pretend says that t has stepped back, at the current position.
func (s *session) pretend(t vm.ThreadID) stopReply {
	pc := s.m.LastPC(t)
	if pc == 0 {
		// Its life began here, or with a system call of another thread.
		pc = s.m.Reg(t, s.m.Arch().PC) - uint64(s.m.Arch().MaxInst)
	}
	r := s.conclude(stopReply{cause: causeStep, signal: sigTrap, thread: t})
	s.pretence = pretence{s.tl.Icount(), t, pc}
	return r
}
