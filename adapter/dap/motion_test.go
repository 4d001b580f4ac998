package dap_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
	"github.com/dap-revexec/dap-revexec/adapter/dap/client"
	"github.com/dap-revexec/dap-revexec/testdata"
)

type clientMessage = client.Message

func isOutput(text string) func(*clientMessage) bool {
	return func(m *clientMessage) bool {
		e, ok := m.Msg.(*godap.OutputEvent)
		return ok && e.Body.Output == text
	}
}

// running starts the guest that never ends, and lets it run once it is in its
// loop.
func running(t *testing.T) *peer {
	t.Helper()
	p := start(t, "spin")
	at := func(breakpoints ...args) {
		p.do("setBreakpoints", args{"source": args{"path": "/anywhere/spin.c"}, "breakpoints": append([]args{}, breakpoints...)})
		p.do("continue", args{"threadId": p.thread})
	}
	at(args{"line": testdata.Line("spin.c", "turn")})
	p.stopped("breakpoint")
	at()
	return p
}

func TestStepBackUndoesEachStep(t *testing.T) {
	for _, c := range []struct{ forward, back string }{
		{"next", "stepBack"},
		{"stepIn", "revexec/reverseStepIn"},
	} {
		t.Run(c.forward, func(t *testing.T) {
			p := start(t, "steps")
			var path []uint64
			at := p.move(c.forward, "step").Revexec.Icount
			for range 12 {
				path = append(path, at)
				at = p.move(c.forward, "step").Revexec.Icount
			}
			for i := len(path) - 1; i >= 0; i-- {
				stop := p.move(c.back, "step")
				if stop.Revexec.Icount != path[i] || !stop.Revexec.Back {
					t.Fatalf("%s arrived at %+v, expected icount %d", c.back, stop.Revexec, path[i])
				}
			}
		})
	}
}

func TestGranularities(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		// None, statement and line are the same, in both directions.
		var want [2]uint64
		for i, g := range []any{nil, "statement", "line"} {
			a := args{"threadId": p.thread}
			if g != nil {
				a["granularity"] = g
			}
			p.do("next", a)
			there := p.stopped("step").Revexec.Icount
			p.do("stepBack", a)
			back := p.stopped("step").Revexec.Icount
			if i == 0 {
				want = [2]uint64{there, back}
			} else if want != [2]uint64{there, back} {
				t.Errorf("granularity %v: %d, %d, expected %v", g, there, back, want)
			}
		}
		// An instruction is an instruction.
		for _, c := range []struct {
			command string
			by      int64
		}{{"stepIn", +1}, {"stepIn", +1}, {"stepBack", -1}, {"stepBack", -1}, {"revexec/reverseStepIn", -1}} {
			from := ask[dap.WhereResponseBody](p, "revexec/where", nil).Icount
			p.do(c.command, args{"threadId": p.thread, "granularity": "instruction"})
			if at := p.stopped("step").Revexec.Icount; at != from+uint64(c.by) {
				t.Errorf("%s by instruction: from %d to %d", c.command, from, at)
			}
		}
	})
}

func TestAnInstructionStepOverACallIsUndoneByOneStepBack(t *testing.T) {
	exe := guest(t, "steps")
	p := connect(t)
	p.initialize()
	p.launch(exe)
	p.breakOn(exe, "steps.c", bp{at: "nested"})
	p.do("configurationDone", nil)
	p.stopped("breakpoint")
	by := args{"threadId": p.thread, "granularity": "instruction"}
	at := []uint64{ask[dap.WhereResponseBody](p, "revexec/where", nil).Icount}
	calls := 0
	for range 20 {
		p.do("next", by)
		to := p.stopped("step").Revexec.Icount
		if to > at[len(at)-1]+1 {
			calls++
		}
		at = append(at, to)
	}
	if calls == 0 {
		t.Fatal("no call was stepped over")
	}
	// Once from the memory of the steps, once from the rule alone, which a seek
	// leaves.
	for range 2 {
		for i := len(at) - 2; i >= 0; i-- {
			p.do("stepBack", by)
			if got := p.stopped("step").Revexec.Icount; got != at[i] {
				t.Fatalf("back from %d to %d, expected %d", at[i+1], got, at[i])
			}
		}
		p.do("revexec/seek", args{"icount": at[len(at)-1]})
		p.stopped("goto")
	}
}

func TestStepInAndOutBothWays(t *testing.T) {
	exe := guest(t, "steps")
	p := connect(t)
	p.initialize()
	p.launch(exe)
	p.breakOn(exe, "steps.c", bp{at: "nested"})
	p.do("configurationDone", nil)
	p.stopped("breakpoint")
	p.at("steps.c", "nested")
	p.move("stepIn", "step")
	p.at("steps.c", "c-body")
	p.move("stepOut", "step")
	p.move("stepIn", "step")
	p.at("steps.c", "b-body")
	p.move("revexec/reverseStepOut", "step")
	if top := p.stack()[0]; top.Name != "nested_calls" {
		t.Errorf("stepped out backward to %s", top.Name)
	}
	// Back over the calls of the line, to its start.
	p.move("reverseContinue", "breakpoint")
	p.at("steps.c", "nested")
	p.move("next", "step")
	p.at("steps.c", "three-calls")
	p.move("stepBack", "step")
	p.at("steps.c", "nested")
}

func TestReverseContinueStopsAtTheLatestEarlierBreakpoint(t *testing.T) {
	exe := guest(t, "steps")
	p := connect(t)
	p.initialize()
	p.launch(exe)
	p.breakOn(exe, "steps.c", bp{at: "a-body"}, bp{at: "loop-body"})
	p.do("configurationDone", nil)
	var forward []uint64
	for range 8 {
		forward = append(forward, p.stopped("breakpoint").Revexec.Icount)
		p.do("continue", args{"threadId": p.thread})
	}
	p.stopped("breakpoint")
	for i := len(forward) - 1; i >= 0; i-- {
		if at := p.move("reverseContinue", "breakpoint").Revexec.Icount; at != forward[i] {
			t.Fatalf("at %d, expected %d", at, forward[i])
		}
	}
	p.move("reverseContinue", "entry")
}

func TestPauseWhileTheProgramRuns(t *testing.T) {
	p := running(t)
	p.do("pause", args{"threadId": p.thread})
	stop := p.stopped("pause")
	if top := p.stack()[0]; top.Name != "spin" {
		t.Errorf("paused in %s", top.Name)
	}
	// A pause that finds nothing to pause has no effect on what follows.
	p.do("pause", args{"threadId": p.thread})
	p.do("pause", args{"threadId": p.thread})
	p.do("continue", args{"threadId": p.thread})
	p.do("pause", args{"threadId": p.thread})
	if again := p.stopped("pause"); again.Revexec.Icount < stop.Revexec.Icount {
		t.Errorf("paused at %d, before at %d", again.Revexec.Icount, stop.Revexec.Icount)
	}
	// In the same breath: the pause is for the continue before it.
	c := p.send("continue", args{"threadId": p.thread})
	s := p.send("pause", args{"threadId": p.thread})
	for _, seq := range []int{c, s} {
		if err := p.response(seq); err != nil {
			t.Fatal(err)
		}
	}
	p.stopped("pause")
}

// farTurns is the value of turns where far stops.
const farTurns = 1_000_000

// far lets the endless guest get so far that a search back through its history,
// for a condition that never holds, takes much longer than a progress report
// waits. It returns where that is.
func far(t *testing.T, p *peer) dap.StoppedEventBody {
	t.Helper()
	// By a count of hits: much quicker than by a condition.
	p.do("setBreakpoints", args{
		"source":      args{"path": "/anywhere/spin.c"},
		"breakpoints": []args{{"line": testdata.Line("spin.c", "turn"), "hitCondition": fmt.Sprint(farTurns + 1)}},
	})
	p.do("continue", args{"threadId": p.thread})
	stop := p.stopped("breakpoint")
	if got := p.eval("turns").Result; got != fmt.Sprint(farTurns) {
		t.Fatalf("turns = %s", got)
	}
	p.breakOn1("spin.c", "turn", "turns == -1")
	return stop
}

// breakOn1 sets one breakpoint with a condition on a source that is named by its
// base name only.
func (p *peer) breakOn1(source, marker, cond string) {
	p.Helper()
	body := ask[godap.SetBreakpointsResponseBody](p, "setBreakpoints", args{
		"source":      args{"path": "/anywhere/" + source},
		"breakpoints": []args{{"line": testdata.Line(source, marker), "condition": cond}},
	})
	if len(body.Breakpoints) != 1 || !body.Breakpoints[0].Verified {
		p.Fatalf("breakpoint: %+v", body.Breakpoints)
	}
}

func TestRequestsWhileTheProgramMoves(t *testing.T) {
	p := running(t)
	for _, c := range []string{"next", "continue", "stepBack", "reverseContinue", "stackTrace", "revexec/where"} {
		if e := p.refused(1005, c, args{"threadId": p.thread}); e.Message != "notStopped" {
			t.Errorf("%s: message %q", c, e.Message)
		}
	}
	p.refused(1005, "evaluate", args{"expression": "turns", "context": "watch"})
	p.refused(1005, "evaluate", args{"expression": "turns", "context": "repl"})
	p.refused(1005, "evaluate", args{"expression": "rs", "context": "repl"})
	p.refused(1005, "readMemory", args{"memoryReference": "0x10000", "count": 4})
	if list := ask[godap.ThreadsResponseBody](p, "threads", nil).Threads; len(list) != 1 || list[0].Id != p.thread {
		t.Errorf("threads: %+v", list)
	}
	if text := p.console("help"); !strings.Contains(text, "reverse-step") {
		t.Errorf("help: %q", text)
	}
	ask[godap.CompletionsResponseBody](p, "completions", args{"text": "rev", "column": 4})
	ask[godap.ModulesResponseBody](p, "modules", args{})
	// Breakpoints are set without a stop that anybody sees, and work.
	p.breakOn1("spin.c", "turn", "turns > 100000")
	stop := p.stopped("breakpoint")
	p.at("spin.c", "turn")
	if !strings.HasPrefix(p.eval("turns > 100000").Result, "1") && p.eval("turns > 100000").Result != "true" {
		t.Errorf("stopped at turns = %s", p.eval("turns").Result)
	}
	_ = stop
	p.do("continue", args{"threadId": p.thread})
	p.stopped("breakpoint")
	// Typed: the word pause.
	p.breakOn1("spin.c", "turn", "0")
	p.do("continue", args{"threadId": p.thread})
	p.console("pause")
	p.stopped("pause")
}

func TestInterruptedMotionsArriveWhereTheyWouldHave(t *testing.T) {
	// A step over a call that takes a while, and requests in the middle of it.
	exe := guest(t, "demo_inventory")
	end := func(disturb bool) uint64 {
		p := connect(t)
		p.initialize()
		p.launch(exe)
		p.do("setFunctionBreakpoints", args{"breakpoints": []args{{"name": "main"}}})
		p.do("configurationDone", nil)
		p.stopped("function breakpoint")
		p.do("setBreakpoints", args{"source": args{"path": filepath.Join(filepath.Dir(exe), "demo_inventory.c")}, "breakpoints": []args{{"line": testdata.Line("demo_inventory.c", "crash")}}})
		p.do("continue", args{"threadId": p.thread})
		if disturb {
			for i := range 20 {
				p.do("setFunctionBreakpoints", args{"breakpoints": []args{{"name": "main", "condition": fmt.Sprintf("%d == -1", i)}}})
			}
		}
		return p.stopped("breakpoint").Revexec.Icount
	}
	if quiet, disturbed := end(false), end(true); quiet != disturbed {
		t.Errorf("arrived at %d, undisturbed at %d", disturbed, quiet)
	}
}

func TestSearchBackwardIsPausedCancelledAndEnded(t *testing.T) {
	p := start(t, "spin")
	here := far(t, p).Revexec
	ends := map[string]func(seq int){
		"pause":           func(int) { p.do("pause", args{"threadId": p.thread}) },
		"cancel":          func(seq int) { p.do("cancel", args{"requestId": seq}) },
		"cancel progress": func(seq int) { p.do("cancel", args{"progressId": fmt.Sprintf("revexec-%d", seq)}) },
	}
	for name, end := range ends {
		seq := p.send("reverseContinue", args{"threadId": p.thread})
		if err := p.response(seq); err != nil {
			t.Fatal(err)
		}
		end(seq)
		stop := p.stopped("pause")
		if stop.Revexec.Icount != here.Icount {
			t.Fatalf("%s: at %d, expected %d, where the search began", name, stop.Revexec.Icount, here.Icount)
		}
		p.at("spin.c", "turn")
	}
	// A breakpoint set during the search is found by it.
	p.do("reverseContinue", args{"threadId": p.thread})
	p.breakOn1("spin.c", "turn", fmt.Sprintf("turns == %d", farTurns-1000))
	p.stopped("breakpoint")
	if got := p.eval("turns").Result; got != fmt.Sprint(farTurns-1000) {
		t.Errorf("turns = %s", got)
	}
	p.do("revexec/seek", args{"icount": here.Icount})
	p.stopped("goto")
	// The client goes away in the middle of a search.
	p.breakOn1("spin.c", "turn", "turns == -1")
	p.do("reverseContinue", args{"threadId": p.thread})
	p.do("disconnect", nil)
	if err := <-p.served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	p.served <- nil
}

func TestClientThatVanishesInTheMiddleOfASearch(t *testing.T) {
	p := start(t, "spin")
	far(t, p)
	p.do("reverseContinue", args{"threadId": p.thread})
	p.c.Close()
	if err := <-p.served; err != nil {
		t.Logf("Serve: %v", err)
	}
	p.served <- nil
}

func TestCancelOfAWaitingRequest(t *testing.T) {
	p := running(t)
	// While the program runs a terminate waits for nothing, but a restart
	// takes a while: what is behind it can be cancelled.
	p.send("restart", args{"arguments": args{"program": guest(t, "steps"), "stopOnEntry": true}})
	seq := p.send("modules", args{})
	p.do("cancel", args{"requestId": seq})
	err := p.response(seq)
	if e, ok := err.(*client.Error); ok {
		if e.ID != 1006 || e.Message != "cancelled" {
			t.Errorf("cancelled request: %+v", e)
		}
	} else if err != nil {
		t.Fatal(err)
	} // else it was served before the cancel came: allowed
	p.stopped("entry")
	p.do("cancel", args{"requestId": 424242}) // no such request: no error
}

func TestProgressOfALongSearch(t *testing.T) {
	p := start(t, "spin")
	far(t, p)
	p.do("reverseContinue", args{"threadId": p.thread})
	begin := event[godap.ProgressStartEventBody](p, "progressStart")
	if begin.ProgressId == "" || begin.Title == "" || !begin.Cancellable {
		t.Errorf("progress: %+v", begin)
	}
	p.do("cancel", args{"progressId": begin.ProgressId})
	if end := event[godap.ProgressEndEventBody](p, "progressEnd"); end.ProgressId != begin.ProgressId {
		t.Errorf("progress ends: %+v", end)
	}
	p.stopped("pause")
}

func TestReferencesEndWithTheStop(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		frame := p.stack()[0].Id
		scopes := ask[godap.ScopesResponseBody](p, "scopes", args{"frameId": frame}).Scopes
		p.move("next", "step")
		p.refused(1007, "scopes", args{"frameId": frame})
		p.refused(1007, "variables", args{"variablesReference": scopes[0].VariablesReference})
		p.refused(1007, "evaluate", args{"expression": "1", "frameId": frame})
		p.refused(1007, "restartFrame", args{"frameId": frame})
		if again := p.stack()[0].Id; again == frame {
			t.Error("a frame's number was used again")
		}
	})
}

func TestSeekAndWhere(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		entry := ask[dap.WhereResponseBody](p, "revexec/where", nil)
		if !entry.Live || entry.Percent != 100 || entry.Icount == 0 || entry.Source == nil || entry.Line == 0 {
			t.Errorf("on entry: %+v", entry)
		}
		end := p.move("continue", "exit").Revexec.Icount
		for _, c := range []struct {
			to   string
			want uint64
		}{
			{"start", 0}, {"end", end}, {"50%", (end + 1) / 2}, {"-100", (end+1)/2 - 100}, {"+50", (end+1)/2 - 50}, {"1_000", 1000}, {"1,234", 1234},
		} {
			body := ask[dap.SeekResponseBody](p, "revexec/seek", args{"to": c.to})
			stop := p.stopped("goto")
			if body.Icount != c.want || stop.Revexec.Icount != c.want {
				t.Errorf("seek %s: %d, at %d, expected %d", c.to, body.Icount, stop.Revexec.Icount, c.want)
			}
		}
		if w := ask[dap.WhereResponseBody](p, "revexec/where", nil); w.Live || w.Frontier != end {
			t.Errorf("in the past: %+v", w)
		}
	})
}

func TestRestartFrameGoesToItsStart(t *testing.T) {
	exe := guest(t, "crash")
	p := connect(t)
	p.initialize()
	p.launch(exe)
	p.do("configurationDone", nil)
	p.stopped("exception")
	frames := p.stack()
	i := 0
	for i < len(frames) && frames[i].Name != "sum_of" {
		i++
	}
	if i == len(frames) || !frames[i].CanRestart {
		t.Fatalf("frames: %+v", frames)
	}
	p.do("restartFrame", args{"frameId": frames[i].Id})
	p.stopped("restart")
	top := p.stack()
	if top[0].Name != "sum_of" || len(top) != len(frames)-i {
		t.Errorf("restarted in %s, %d frames", top[0].Name, len(top))
	}
	if got := p.eval("n").Result; got != "4" {
		t.Errorf("n = %s at the start of the frame", got)
	}
}

func TestSignalStopsBeforeTheFault(t *testing.T) {
	p := connect(t)
	p.initialize()
	exe := guest(t, "crash")
	p.launch(exe)
	p.do("configurationDone", nil)
	stop := p.stopped("exception")
	if !strings.Contains(stop.Description, "SIGSEGV") || !strings.Contains(stop.Text, "SIGSEGV") {
		t.Errorf("stop: %+v", stop)
	}
	p.at("crash.c", "crash")
	info := ask[godap.ExceptionInfoResponseBody](p, "exceptionInfo", args{"threadId": p.thread})
	if info.ExceptionId != "SIGSEGV" || info.BreakMode != "unhandled" || info.Details == nil || !strings.Contains(info.Details.StackTrace, "sum_of") {
		t.Errorf("exception: %+v", info)
	}
	// Editors make links of the places: they have to lead to files here.
	here := fmt.Sprintf("%s:%d", filepath.Join(filepath.Dir(exe), "crash.c"), testdata.Line("crash.c", "crash"))
	if info.Details == nil || !strings.Contains(info.Details.StackTrace, here) {
		t.Errorf("%s is not in %+v", here, info.Details)
	}
	if end := p.move("continue", "exit"); end.Revexec.Exit.Signal != "SIGSEGV" {
		t.Errorf("the end: %+v", end.Revexec.Exit)
	}
	if code := event[godap.ExitedEventBody](p, "exited").ExitCode; code != 139 {
		t.Errorf("exit code %d", code)
	}
	p.move("reverseContinue", "exception")
	p.at("crash.c", "crash")

	// Without the filter it just dies.
	p.do("setExceptionBreakpoints", args{"filters": []string{}})
	p.move("continue", "exit")
}

func TestStepOutOfTheOutermostFrameSaysThatThereIsNone(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		p.do("revexec/seek", args{"to": "start"})
		p.stopped("goto")
		if stop := p.move("stepOut", "step"); !strings.Contains(stop.Description, "no caller") || stop.Revexec.Icount != 0 {
			t.Errorf("stop: %+v", stop)
		}
		p.move("next", "step")
	})
}

func TestResponseComesFirstAndContinuedOnlyForOurOwnRequests(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		for _, command := range []string{"next", "stepIn", "stepOut", "continue", "stepBack", "revexec/reverseStepIn", "revexec/reverseStepOut", "reverseContinue", "revexec/seek"} {
			for _, m := range p.c.Pending() { // of before
				if _, err := p.c.Take(p.ctx, func(x *clientMessage) bool { return x.Msg.GetSeq() == m.Msg.GetSeq() }); err != nil {
					t.Fatal(err)
				}
			}
			seq := p.send(command, args{"threadId": p.thread, "to": "50%"})
			responded, continued := false, false
			for stopped := false; !stopped; {
				m, err := p.c.Take(p.ctx, func(*clientMessage) bool { return true })
				if err != nil {
					t.Fatal(err)
				}
				switch msg := m.Msg.(type) {
				case *godap.StoppedEvent:
					stopped = true
				case *godap.ContinuedEvent:
					continued = true
				case *godap.ErrorResponse:
					t.Fatalf("%s: %s", command, m.Raw)
				case godap.ResponseMessage:
					responded = responded || msg.GetResponse().RequestSeq == seq
				}
				if !responded {
					t.Errorf("%s: before the response came %s", command, m.Raw)
				}
			}
			if want := strings.HasPrefix(command, "revexec/"); continued != want {
				t.Errorf("%s: continued was sent: %v", command, continued)
			}
		}
	})
}

func TestMotionsThatTheProtocolDoesNotKnowAreAnnounced(t *testing.T) {
	p := start(t, "steps")
	announced := func() bool {
		return slices.ContainsFunc(p.c.Pending(), func(m clientMessage) bool { _, ok := m.Msg.(*godap.ContinuedEvent); return ok })
	}
	p.move("next", "step")
	p.move("stepBack", "step")
	if announced() {
		t.Error("a step is announced")
	}
	for _, c := range []struct {
		command, reason, description string
		a                            args
	}{
		{dap.CommandSeek, "goto", "Start of history", args{"to": "start"}},
		{dap.CommandReverseStepIn, "entry", "Start of history", args{}},
		{dap.CommandNextExecution, "goto", "main executed", args{"function": "main"}},
		{dap.CommandSeek, "goto", "At icount 3", args{"icount": 3}},
		{dap.CommandSeek, "goto", "End of history", args{"to": "end"}},
		{"evaluate", "step", "", args{"expression": "step", "context": "repl"}},
	} {
		p.do(c.command, c.a)
		if e := event[godap.ContinuedEventBody](p, "continued"); !e.AllThreadsContinued || e.ThreadId == 0 {
			t.Errorf("%s: %+v", c.command, e)
		}
		if stop := p.stopped(c.reason); stop.Description != c.description {
			t.Errorf("%s %v: %q", c.command, c.a, stop.Description)
		}
		if announced() {
			t.Errorf("%s is announced twice", c.command)
		}
	}
	// What only looks is no motion.
	p.timeline(nil)
	p.console("bookmark")
	if announced() {
		t.Error("a query is announced")
	}
}
