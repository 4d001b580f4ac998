package dap

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// motion is something that moves the program and ends with a stopped event.
type motion struct {
	title string // for a progress report
	entry bool   // report the end as the entry stop
	// run moves. It is called again to go on after it was interrupted for a
	// request: it must then arrive where it would have arrived without that.
	run   func(ctx context.Context) (debugger.Event, error)
	frame bool // report the end as the restart of a frame
	typed bool // asked for by a word in the debug console: say there where it ended
}

// moveBy makes a motion of the debugger's.
func (s *session) moveBy(title string, mo debugger.Motion) motion {
	d := s.prog.dbg
	origin := d.Timeline().Icount()
	return motion{title: title, run: func(ctx context.Context) (debugger.Event, error) {
		// An interrupted search backward has not moved the program. Forward
		// it has: a step starts anew at its origin, since it is relative to
		// that; continue goes on, from one instruction before, since a motion
		// does not look for breakpoints where it starts.
		if at := d.Timeline().Icount(); at != origin {
			if mo.Verb == debugger.Continue && !mo.Back && at > origin {
				origin = at - 1
			}
			if ev, err := d.Seek(ctx, origin); err != nil {
				return ev, err
			}
		}
		return d.Move(ctx, mo)
	}}
}

// travel carries out a motion, and sends the stopped event in the end. It is
// called after the response to the request c that caused it.
func (s *session) travel(c *call, m motion) {
	if s.phase != stopped { // an earlier action of the same request failed
		return
	}
	b := s.in
	if m.typed || c.cmd.own() || c.name == "restart" {
		// What the protocol does not know the client does not take for a motion. At a
		// restart it may keep what it was told of the stop before.
		s.event("continued", godap.ContinuedEventBody{ThreadId: s.prog.position().Thread, AllThreadsContinued: true})
	}
	s.refs.drop()
	s.phase = moving
	s.report(c, m.title)
	b.mu.Lock()
	b.pausing, b.interrupted = "", false
	b.mu.Unlock()

	s.prog.listen(true)
	ev, err, tell := s.run(c, m)
	s.prog.listen(false)
	s.prog.heard = max(s.prog.heard, s.prog.tl.Icount())

	// The reader must know before the client does.
	s.reported()
	s.workCtx = nil
	s.phase = stopped
	b.end()
	if tell {
		s.stopped(ev, err, m)
		return
	}
	s.hushed = func() { s.stopped(s.paused("Paused", nil), nil, m) }
}

// paused is the event of a motion that ended where the program is now.
func (s *session) paused(what string, logs []debugger.LogMessage) debugger.Event {
	return debugger.Event{
		Reason: debugger.ReasonPause, Thread: s.prog.machine.CurrentThread(), Icount: s.prog.tl.Icount(), Text: what, Logs: logs,
	}
}

// call runs the motion with the protection that handlers have.
func (m *motion) call(ctx context.Context, s *session) (ev debugger.Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error().Str("motion", m.title).Interface("panic", p).Bytes("stack", debug.Stack()).Msg("defect")
			ev, err = debugger.Event{Reason: debugger.ReasonPause}, fmt.Errorf("internal error: %v", p)
		}
	}()
	return m.run(ctx)
}

// run runs the motion to its end, serving requests in between. tell is false when
// nobody needs to know of the stop, since a request ended the motion that makes
// it irrelevant.
func (s *session) run(c *call, m motion) (ev debugger.Event, err error, tell bool) {
	b := s.in
	for {
		ctx := b.begin(c.seq)
		s.workCtx = ctx
		b.mu.Lock()
		b.moving, b.interrupted = true, false
		if b.cancelled == c.seq { // after the response, before the motion
			b.pausing, b.cancelled = "Cancelled", 0
		}
		b.mu.Unlock()
		pausing, over := s.serveMoving()
		if over {
			return ev, nil, false
		}
		if pausing == "" {
			ev, err = m.call(ctx, s)
			b.mu.Lock()
			pausing = b.pausing
			again := b.interrupted && !b.ending && pausing == ""
			b.mu.Unlock()
			unfinished := err == nil && ev.Reason == debugger.ReasonPause || errors.Is(err, checkpoint.ErrCancelled)
			switch {
			case !unfinished:
				return ev, err, true
			case again:
				continue
			case b.over():
				return ev, nil, false
			}
		}
		if pausing == "" {
			pausing = "Paused"
		}
		return s.paused(pausing, ev.Logs), nil, true
	}
}

// serveMoving serves what waits in the inbox in the middle of a motion. pausing
// says what to call the end of the motion, if it is to end here; over is true if
// it is to end without a stop.
func (s *session) serveMoving() (pausing string, over bool) {
	b := s.in
	for {
		b.mu.Lock()
		if pausing == "" {
			pausing = b.pausing
		}
		if len(b.queue) == 0 {
			b.mu.Unlock()
			return pausing, b.over()
		}
		c := b.queue[0]
		policy := whileMovingOf(c)
		if policy == replaces || b.ending {
			b.mu.Unlock()
			return pausing, true
		}
		b.queue = b.queue[1:]
		b.mu.Unlock()
		switch policy {
		case refuse:
			s.out.send(failNotStopped.response(c.seq, c.name))
		case pauses:
			s.reply(c, pauseBody(c))
			pausing = "Paused"
		default:
			s.serve(c)
		}
	}
}

// pauseBody is the body of the response to what pauses a motion: the pause
// request, or the word of that name.
func pauseBody(c *call) any {
	if c.name == "evaluate" {
		return godap.EvaluateResponseBody{Result: "pausing"}
	}
	return nil
}

// pauseStopped serves a pause that finds nothing to pause. It must not have an
// effect on a later motion.
func (s *session) pauseStopped(c *call, m *godap.PauseRequest) (any, error) { return nil, nil }

// shown is what the client has been told about the program.
type shown struct {
	threads map[int]bool
	names   map[int]string // of threads, also those that are not there now
	exited  bool
	last    debugger.Event  // of the last stop
	err     error           // that it ended with
	partial map[int][]byte  // of output by file descriptor: the start of a character
	memory  map[string]span // what was read, by memory reference
	program string          // that the process runs
	modules map[int]godap.Module
	points  map[int]godap.Breakpoint // code breakpoints, by the client's ID
}

type span struct{ offset, count int }

// reasons are the DAP's names for the debugger's.
var reasons = map[debugger.Reason]string{
	debugger.ReasonStep:       "step",
	debugger.ReasonBreakpoint: "breakpoint",
	debugger.ReasonFunction:   "function breakpoint",
	debugger.ReasonData:       "data breakpoint",
	debugger.ReasonSignal:     "exception",
	debugger.ReasonStart:      "entry",
	debugger.ReasonEnd:        "exit",
	debugger.ReasonPause:      "pause",
	debugger.ReasonGoto:       "goto",
	debugger.ReasonException:  "exception",
	debugger.ReasonRecorded:   "pause",
}

// stopped tells the client about the end of a motion: first what the program said
// on the way, then that it stopped, and why.
func (s *session) stopped(ev debugger.Event, err error, m motion) {
	if ev.Reason == debugger.ReasonEnd {
		s.flushOutput(context.Background())
	}
	for _, l := range ev.Logs {
		s.logpoint(l)
	}
	s.shown.last, s.shown.err = ev, err
	s.threadEvents()
	s.moduleEvents()
	s.visitBookmark()
	if s.launched.NoDebug && (ev.Reason == debugger.ReasonEnd || ev.Reason == debugger.ReasonRecorded || err != nil) {
		s.exited(ev.Exit)
		s.unload()
		s.endConsole()
		s.phase = ended
		s.event("terminated", nil)
		return
	}
	body := StoppedEventBody{
		StoppedEventBody: godap.StoppedEventBody{
			Reason: reasons[ev.Reason], Description: ev.Text, Text: "", ThreadId: int(ev.Thread), AllThreadsStopped: true,
		},
		Revexec: StopInfo{Position: s.prog.position(), Back: ev.Back},
	}
	if body.ThreadId == 0 {
		body.ThreadId = body.Revexec.Thread
	}
	for _, id := range ev.Breakpoints {
		client := s.breaks.ofID[id]
		if client == 0 {
			continue
		}
		body.HitBreakpointIds = append(body.HitBreakpointIds, client)
		if ev.Reason == debugger.ReasonBreakpoint {
			body.Reason = s.breaks.reason[client]
		}
	}
	switch ev.Reason {
	case debugger.ReasonStart:
		body.Description = "Start of history"
	case debugger.ReasonStep:
		switch {
		case m.entry:
			body.Reason, body.Description = "entry", "Stopped on entry"
		case m.frame:
			body.Reason, body.Description = "restart", "Frame restarted"
		}
	case debugger.ReasonGoto:
		if pos := &body.Revexec.Position; ev.Text == "" {
			switch pos.Icount {
			case pos.Start:
				body.Description = "Start of history"
			case pos.Frontier:
				body.Description = "End of history"
			default:
				body.Description = fmt.Sprintf("At icount %d", pos.Icount)
			}
		}
	case debugger.ReasonSignal:
		name, _ := debugger.SignalName(ev.Signal)
		body.Description, body.Text = "Signal "+name, ev.Text
	case debugger.ReasonException:
		body.Description, body.Text = "Exception", ev.Text
	case debugger.ReasonData:
		body.Text = ev.Text
		if w := ev.Watch; w != nil {
			body.Revexec.Watch = &WatchInfo{
				Expr: w.Expr, Address: hex(w.Addr), Size: w.Size, Write: w.Write, Old: w.Old, New: w.New, Icount: w.At,
			}
		}
	case debugger.ReasonEnd:
		s.exited(ev.Exit)
		body.Revexec.Exit = exitInfo(ev.Exit)
		body.Description = exitText(ev.Exit) + " — step back to walk its history"
	case debugger.ReasonRecorded:
		body.Text = "The recording ends here: what the program did next is not known. Its history can be walked back from here."
		s.console("console", fmt.Sprintf("%s at icount %d.\n", ev.Text, ev.Icount))
	case debugger.ReasonBreakpoint, debugger.ReasonFunction:
		if ev.Text != "" { // a condition that can't be evaluated
			body.Text = ev.Text
			s.console("important", ev.Text+"\n")
		}
		body.Description = ""
	}
	switch {
	case errors.Is(err, debugger.ErrNoCaller), errors.Is(err, debugger.ErrNotWritten), errors.Is(err, debugger.ErrNotExecuted), errors.Is(err, debugger.ErrNoCall):
		body.Reason, body.Description = "step", err.Error()
	case err != nil:
		body.Reason, body.Description, body.Text = "pause", "Stopped: the machine could not go on", err.Error()
		s.console("important", fmt.Sprintf("%s: %v\n", m.title, err))
	}
	if e := s.log.Debug(); e.Enabled() {
		e.Str("reason", body.Reason).Str("text", ev.Text).Uint64("icount", body.Revexec.Icount).Msg("stopped")
	}
	if m.typed {
		s.console("console", s.prog.dbg.Where()+"\n")
	}
	s.event("stopped", body)
	s.memoryEvents()
}

// exited tells, once, how the program ended. It does not end the session: its
// history is still there.
func (s *session) exited(status *vm.ExitStatus) {
	if s.shown.exited || status == nil {
		return
	}
	s.shown.exited = true
	code := status.Code
	if status.Signal != 0 {
		code = 128 + status.Signal // as a shell has it
	}
	s.console("console", fmt.Sprintf("%s at icount %d.\n", exitText(status), s.prog.tl.Icount()))
	s.event("exited", godap.ExitedEventBody{ExitCode: code})
}

func exitText(status *vm.ExitStatus) string {
	switch {
	case status == nil:
		return "Program ended"
	case status.Signal != 0:
		name, _ := debugger.SignalName(status.Signal)
		return "Program was killed by " + name
	}
	return fmt.Sprintf("Program exited with code %d", status.Code)
}

func exitInfo(status *vm.ExitStatus) *ExitInfo {
	if status == nil {
		return nil
	}
	info := &ExitInfo{Code: status.Code}
	if status.Signal != 0 {
		info.Signal, _ = debugger.SignalName(status.Signal)
	}
	return info
}

// memoryEvents makes the client read anew what it shows of memory: an editor's
// memory view does so on nothing else. After a motion anything may have changed.
func (s *session) memoryEvents() {
	if !s.client.SupportsMemoryEvent {
		return
	}
	for ref, r := range s.shown.memory {
		s.event("memory", godap.MemoryEventBody{MemoryReference: ref, Offset: r.offset, Count: r.count})
	}
}

// threadEvents tells which threads have come and gone since the last stop: going
// back, threads come back and their beginnings are undone.
func (s *session) threadEvents() {
	s.keepThreads()
	now := map[int]bool{}
	if s.shown.names == nil {
		s.shown.names = map[int]string{}
	}
	for _, t := range s.prog.dbg.Threads() {
		id := int(t.ID)
		now[id] = true
		s.shown.names[id] = t.Name
		if !s.shown.threads[id] {
			s.event("thread", godap.ThreadEventBody{Reason: "started", ThreadId: id})
		}
	}
	for id := range s.shown.threads {
		if !now[id] {
			s.event("thread", godap.ThreadEventBody{Reason: "exited", ThreadId: id})
		}
	}
	s.shown.threads = now
}

// keepThreads puts the list of threads where the reader finds it.
func (s *session) keepThreads() {
	list := s.threadList()
	s.in.mu.Lock()
	s.in.threads = list
	s.in.mu.Unlock()
}

// progressAfter is how long something takes before it is reported.
const progressAfter = 500 * time.Millisecond
