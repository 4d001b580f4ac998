package gdbstub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// This file moves the timeline and says where and why it stopped. Each motion
// leaves the machine where its stop reply says.

// forwardStops is what a motion forward from the current position stops at: the
// client's breakpoints and watchpoints and signals, but not what it has been
// told of here, nor what other threads do if one is to run alone.
func (s *session) forwardStops() *vm.Stops {
	start, mover, known := s.tl.Icount(), s.m.CurrentThread(), s.seen
	if known.icount != start {
		known = seen{}
	}
	return &vm.Stops{
		Breaks: s.points.set, Watches: s.points.ranges, Signals: true,
		// The instruction here may be another thread's, or have been reached by a
		// step: then the client has not heard of the breakpoint on it.
		AtStart: true,
		Filter: func(st *vm.Stop) bool {
			by := st.Thread
			if st.After && st.At == start {
				by = mover // another thread may be the next now
			}
			if s.alone != anyThread && by != s.alone {
				return false
			}
			switch st.Reason {
			case vm.StopBreak:
				if st.Icount == start && st.Thread == known.thread {
					return false
				}
				return s.breakHolds(s.points.breaks[st.PC], st.Machine, st.Thread)
			case vm.StopWatch:
				return !(known.access && accessAt(st) == start)
			case vm.StopSignal:
				return !(known.signal && st.Icount == start) && !s.pass[gdbSignal(st.Signal)]
			}
			return true
		},
	}
}

// accessAt is the position before the access of a watch stop.
func accessAt(st *vm.Stop) uint64 {
	if st.After {
		return st.At
	}
	return st.Icount
}

// runForward goes on until something stops the guest.
func (s *session) runForward(ctx context.Context) stopReply {
	from := s.tl.Icount()
	if s.alone != anyThread && s.m.CurrentThread() == s.alone && !s.m.Elsewhere() {
		if r, stopped := s.stepOver(ctx, from); stopped {
			return r
		}
	}
	st := s.forward(ctx, math.MaxUint64, s.forwardStops())
	return s.arrive(ctx, st, from)
}

// forward is [checkpoint.Timeline.Forward] with a stop, of the reason StopMaps, when
// the process becomes another program, if the client wants to know.
func (s *session) forward(ctx context.Context, until uint64, stops *vm.Stops) vm.Stop {
	stops.Maps = s.client.execEvents
	for {
		before := s.m.Image()
		st := s.tl.Forward(ctx, until, stops)
		if st.Reason != vm.StopMaps || !sameProgram(before, s.m.Image()) {
			return st
		}
		if s.tl.Icount() >= until {
			st.Reason = vm.StopLimit
			return st
		}
	}
}

// sameProgram reports whether two descriptions are of the same run of a program.
func sameProgram(a, b vm.Image) bool {
	return a.Path == b.Path && a.Entry == b.Entry && slices.Equal(a.Args, b.Args) && bytes.Equal(a.Auxv, b.Auxv)
}

// stepOver executes the one instruction for which a client usually wants a thread
// to run alone: gdb has taken a breakpoint out from under it and put one where it
// will go. If the instruction is a system call that blocks, the thread is there
// now, but will not run for long; other threads will, for which nothing may be
// out of place. So the stop is reported now.
func (s *session) stepOver(ctx context.Context, from uint64) (stopReply, bool) {
	t := s.alone
	st := s.forward(ctx, from+1, s.forwardStops())
	if st.Reason != vm.StopLimit {
		return s.arrive(ctx, st, from), true
	}
	if _, exited := s.m.Exited(); exited {
		return s.endAlone(from), true
	}
	if _, alive := s.thread(t); alive && s.m.CurrentThread() != t && s.atBreak(t) {
		return s.conclude(s.breakReply(t)), true
	}
	return stopReply{}, false
}

// endAlone is the stop at the end of the guest, come to by a thread that is to run
// alone. Of the end of history gdb (13) must not be told then: it stops, but still
// believes that it is moving the thread over a breakpoint, and never resumes the
// guest again. So the thread has just stepped; the end comes next.
func (s *session) endAlone(from uint64) stopReply {
	t := s.alone
	if _, alive := s.thread(t); !alive {
		return s.atEnd(from)
	}
	if s.tl.Icount() > from {
		s.console(s.epitaph())
	}
	if s.atBreak(t) {
		return s.conclude(s.breakReply(t))
	}
	return s.stepped(t)
}

// atBreak reports whether t stands at a breakpoint whose condition holds.
func (s *session) atBreak(t vm.ThreadID) bool {
	here := s.points.breaks[s.m.Reg(t, s.m.Arch().PC)]
	return len(here) > 0 && s.breakHolds(here, s.m, t)
}

// stepThread executes one instruction of the action's thread, or of the next if
// that is anyThread, and goes on while its PC is in the action's range. Other
// threads run when it is their turn, and may run into a breakpoint or watchpoint.
func (s *session) stepThread(ctx context.Context, a action) stopReply {
	t := a.thread
	if _, alive := s.thread(t); !alive {
		t = s.m.CurrentThread()
	}
	from := s.tl.Icount()
	for {
		if r, stopped := s.comeHome(ctx, from); stopped {
			return r
		}
		if s.m.CurrentThread() != t {
			if r, stopped := s.runUntilNext(ctx, t, from); stopped {
				return r
			}
		}
		st := s.forward(ctx, s.tl.Icount()+1, s.forwardStops())
		if st.Reason != vm.StopLimit {
			return s.arrive(ctx, st, from)
		}
		if _, exited := s.m.Exited(); exited && s.alone != anyThread {
			return s.endAlone(from)
		} else if exited {
			return s.atEnd(from)
		}
		if pc := s.m.Reg(t, s.m.Arch().PC); pc < a.lo || pc >= a.hi {
			if r, stopped := s.comeHome(ctx, from); stopped {
				return r
			}
			return s.stepped(t)
		}
		if ctx.Err() != nil {
			return s.interrupted()
		}
	}
}

// comeHome runs other processes until the debugged one has the processor again, so
// that no step ends within theirs. It reports a stop before that.
func (s *session) comeHome(ctx context.Context, from uint64) (stopReply, bool) {
	if !s.m.Elsewhere() {
		return stopReply{}, false
	}
	st := s.tl.Forward(ctx, math.MaxUint64, s.switches(false))
	if st.Reason != vm.StopSwitch {
		return s.arrive(ctx, st, from), true
	}
	return stopReply{}, false
}

// switches stops where the processor goes from the debugged process to another
// one, or where it comes back.
func (s *session) switches(leaves bool) *vm.Stops {
	return &vm.Stops{Switches: true, Anywhere: true, Filter: func(st *vm.Stop) bool { return st.Machine.Elsewhere() == leaves }}
}

// stepped is the stop after a step of thread t.
func (s *session) stepped(t vm.ThreadID) stopReply {
	if _, alive := s.thread(t); !alive {
		t = s.m.CurrentThread() // the step was its last
	}
	return s.conclude(stopReply{cause: causeStep, signal: sigTrap, thread: t})
}

// How far runUntilNext runs before it looks whether the thread has been diverted.
const divertSlice = 1_000_000

// runUntilNext runs the other threads until t's next instruction is the next of
// all. It reports a stop before that.
//
// A thread that waits for its turn stands still, so the place to look for is its
// PC. Only a signal handler can divert it; that is noticed somewhat late.
func (s *session) runUntilNext(ctx context.Context, t vm.ThreadID, from uint64) (stopReply, bool) {
	pcReg := s.m.Arch().PC
	pc := s.m.Reg(t, pcReg)
	for {
		stops := s.forwardStops()
		user := stops.Filter
		stops.Breaks = vm.NewBreaks(append([]uint64{pc}, stops.Breaks.Addrs()...)...)
		stops.Filter = func(st *vm.Stop) bool {
			if st.Reason == vm.StopBreak && st.Thread == t {
				return st.PC == pc
			}
			return user(st)
		}
		limit := s.tl.Icount() + divertSlice
		st := s.forward(ctx, limit, stops)
		switch {
		case st.Reason == vm.StopBreak && st.Thread == t:
			return stopReply{}, false
		case st.Reason != vm.StopLimit:
			return s.arrive(ctx, st, from), true
		}
		if _, alive := s.thread(t); !alive || s.m.Reg(t, pcReg) != pc {
			return s.stepped(t), true
		}
	}
}

// arrive turns the end of a motion forward into a stop reply.
func (s *session) arrive(ctx context.Context, st vm.Stop, from uint64) stopReply {
	switch st.Reason {
	case vm.StopBreak:
		return s.conclude(s.breakReply(st.Thread))
	case vm.StopWatch:
		at := accessAt(&st)
		if watchesAfter(s.m.Arch()) {
			return s.arriveAfter(ctx, st, at)
		}
		if st.After {
			// The kernel made the access: go back to the instruction that called
			// it, so that the client can step over it as over any other.
			// It is a short way, and an interrupt on it would lose the access.
			if err := s.tl.Seek(context.WithoutCancel(ctx), at); err != nil {
				return s.failed(ctx, err)
			}
			st.Thread = s.m.CurrentThread()
		}
		r := s.conclude(s.watchReply(&st))
		s.seen.access = true
		return r
	case vm.StopSignal:
		r := s.conclude(stopReply{
			cause: causeSignal, signal: gdbSignal(st.Signal), thread: st.Thread,
			linux: st.Signal, addr: st.Addr,
		})
		s.seen.signal = true
		return r
	case vm.StopMaps:
		return s.conclude(stopReply{cause: causeExec, signal: sigTrap, thread: s.m.CurrentThread()})
	case vm.StopExit, vm.StopEnd:
		if s.alone != anyThread {
			return s.endAlone(from)
		}
		return s.atEnd(from)
	case vm.StopInterrupted:
		return s.interrupted()
	case vm.StopError:
		return s.broken(ctx, st.Err, from)
	}
	return s.conclude(stopReply{signal: sigTrap, thread: s.m.CurrentThread()})
}

// watchesAfter reports whether the architecture's watchpoints stop after the access,
// as x86's debug registers do: forward the PC is then behind the instruction, and
// going back at it.
func watchesAfter(a *vm.Arch) bool { return strings.HasPrefix(a.GDBArch, "i386") }

// arriveAfter is the stop after the access that the instruction at icount at makes.
func (s *session) arriveAfter(ctx context.Context, st vm.Stop, at uint64) stopReply {
	// A short way, and an interrupt on it would lose the access.
	ctx = context.WithoutCancel(ctx)
	if st.After {
		if err := s.tl.Seek(ctx, at); err != nil {
			return s.failed(ctx, err)
		}
	}
	st.Thread = s.m.CurrentThread()
	if after := s.tl.Forward(ctx, at+1, nil); after.Reason == vm.StopError {
		return s.broken(ctx, after.Err, at)
	}
	return s.conclude(s.watchReply(&st))
}

// breakReply is the stop of thread t at the breakpoint where it stands.
func (s *session) breakReply(t vm.ThreadID) stopReply {
	r := stopReply{cause: causeBreak, signal: sigTrap, thread: t}
	if s.points.breakReason(s.m.Reg(t, s.m.Arch().PC)) == hardBreak {
		r.cause = causeHardBreak
	}
	return r
}

// watchReply names an address inside the watched range: gdb looks the watchpoint
// up by it, and an access may begin before the range.
func (s *session) watchReply(st *vm.Stop) stopReply {
	w := s.points.watches[st.Watch]
	return stopReply{
		cause: causeWatch, signal: sigTrap, thread: st.Thread,
		watch: w.kind, addr: max(w.addr, st.Addr),
	}
}

// atEnd is the stop at the end of the guest, or of what was recorded of it. Who has come there just now is told
// how it ended.
func (s *session) atEnd(from uint64) stopReply {
	if s.tl.Icount() > from {
		s.console(s.epitaph())
	}
	return s.conclude(stopReply{cause: causeEnd, signal: sigTrap, thread: s.m.CurrentThread()})
}

// epitaph tells how the guest ended, or that the recording does before it.
func (s *session) epitaph() string {
	how := "end of the recording"
	if x, exited := s.m.Exited(); exited && x.Signal != 0 {
		how = fmt.Sprintf("killed by signal %d", x.Signal)
		if name := signalName(x.Signal); name != "" {
			how += " (" + name + ")"
		}
	} else if exited {
		how = fmt.Sprintf("exited with code %d", x.Code)
	}
	return "[" + how + "; history can still be walked]\n"
}

// atStart is the stop at the start of history.
func (s *session) atStart() stopReply {
	return s.conclude(stopReply{cause: causeBegin, signal: sigTrap, thread: s.m.CurrentThread()})
}

func (s *session) interrupted() stopReply {
	t := s.m.CurrentThread()
	if _, alive := s.thread(s.alone); alive {
		t = s.alone
	}
	return s.conclude(stopReply{cause: causeInterrupt, signal: sigInt, thread: t})
}

// failed is the stop after a request to the timeline that did not succeed.
func (s *session) failed(ctx context.Context, err error) stopReply {
	if errors.Is(err, checkpoint.ErrCancelled) || ctx.Err() != nil {
		return s.interrupted()
	}
	return s.broken(ctx, err, s.tl.Icount())
}

// broken is the stop when the machine can't go on, which is a defect. It goes
// back to where the motion began, if it can.
func (s *session) broken(ctx context.Context, err error, from uint64) stopReply {
	s.log.Error().Err(err).Uint64("icount", from).Msg("the machine can't go on")
	s.console(fmt.Sprintf("[%v]\n", err))
	if back := s.tl.Seek(context.WithoutCancel(ctx), from); back != nil {
		s.log.Error().Err(back).Msg("nor back to where it was")
	}
	return s.conclude(stopReply{cause: causeBroken, signal: sigAbrt, thread: s.m.CurrentThread()})
}

// conclude notes a stop.
func (s *session) conclude(r stopReply) stopReply {
	s.stopped(r)
	return r
}

// backStops is what a motion back from the current position stops at. Signals are
// no reason to stop on the way back.
func (s *session) backStops() *vm.Stops {
	start, known := s.tl.Icount(), s.seen
	return &vm.Stops{
		Breaks: s.points.set, Watches: s.points.ranges, AtStart: true, Anywhere: true,
		Filter: func(st *vm.Stop) bool {
			if s.alone != anyThread && st.Thread != s.alone {
				return false
			}
			switch st.Reason {
			case vm.StopBreak:
				return s.breakHolds(s.points.breaks[st.PC], st.Machine, st.Thread)
			case vm.StopWatch:
				return !(known.undone && known.icount == start && accessAt(st)+1 == start)
			}
			return true
		},
	}
}

// runBack goes back to the latest earlier breakpoint or watched access, or to
// the start of history.
func (s *session) runBack(ctx context.Context) stopReply {
	if s.tl.Icount() <= s.tl.Start() {
		return s.atStart()
	}
	st, err := s.tl.Back(ctx, s.tl.Start(), s.backStops())
	if err != nil {
		return s.failed(ctx, err)
	}
	return s.arriveBack(ctx, st)
}

// arriveBack turns the end of a motion back into a stop reply.
func (s *session) arriveBack(ctx context.Context, st vm.Stop) stopReply {
	switch st.Reason {
	case vm.StopBreak:
		return s.conclude(s.breakReply(st.Thread))
	case vm.StopWatch:
		if watchesAfter(s.m.Arch()) {
			return s.conclude(s.watchReply(&st)) // undone, as the client expects
		}
		// The client expects to be just after the access.
		if err := s.tl.Seek(context.WithoutCancel(ctx), st.At+1); err != nil {
			return s.failed(ctx, err)
		}
		r := s.conclude(s.watchReply(&st))
		s.seen.undone = true
		return r
	case vm.StopError:
		return s.broken(ctx, st.Err, s.tl.Icount())
	}
	return s.atStart()
}
