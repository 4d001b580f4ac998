package dap_test

import (
	"debug/elf"
	"encoding/binary"
	"maps"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
	"github.com/dap-revexec/dap-revexec/testdata"
)

func TestCapabilitiesTellWhatIsServed(t *testing.T) {
	p := connect(t)
	caps := p.initialize()
	// What an editor needs for its buttons, and what must not be claimed.
	v := reflect.ValueOf(caps.Capabilities)
	for name, want := range map[string]bool{
		"SupportsStepBack": true, "SupportsConfigurationDoneRequest": true, "SupportsFunctionBreakpoints": true,
		"SupportsConditionalBreakpoints": true, "SupportsHitConditionalBreakpoints": true, "SupportsLogPoints": true,
		"SupportsDataBreakpoints": true, "SupportsInstructionBreakpoints": true, "SupportsSteppingGranularity": true,
		"SupportsReadMemoryRequest": true, "SupportsDisassembleRequest": true, "SupportsCompletionsRequest": true,
		"SupportsCancelRequest": true, "SupportsRestartRequest": true, "SupportsRestartFrame": true, "SupportsTerminateRequest": true,
		"SupportsExceptionInfoRequest": true, "SupportsEvaluateForHovers": true, "SupportsClipboardContext": true,
		"SupportsBreakpointLocationsRequest": true, "SupportsDelayedStackTraceLoading": true, "SupportsModulesRequest": true,
		"SupportsLoadedSourcesRequest": true, "SupportsValueFormattingOptions": true,
		"SupportsSetVariable": false, "SupportsSetExpression": false, "SupportsWriteMemoryRequest": false,
		"SupportsGotoTargetsRequest": false, "SupportsStepInTargetsRequest": false, "SupportsTerminateThreadsRequest": false,
	} {
		if got := v.FieldByName(name).Bool(); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	filters := map[string]bool{}
	for _, f := range caps.ExceptionBreakpointFilters {
		filters[f.Filter] = f.Default
	}
	if want := map[string]bool{"signals": true, "panic": true, "throw": false}; !maps.Equal(filters, want) {
		t.Errorf("exception filters and their defaults: %v, not %v", filters, want)
	}
	if !caps.SupportsDataBreakpointBytes || caps.Revexec == nil || len(caps.Revexec.Requests) != 17 {
		t.Errorf("extensions: %+v", caps.Revexec)
	}
}

func TestProgramRunsToItsEndAndCanBeWalkedFromThere(t *testing.T) {
	p := connect(t)
	p.initialize()
	p.launch(guest(t, "steps"))
	p.do("configurationDone", nil)
	end := p.stopped("exit")
	if !strings.Contains(end.Description, "exited with code 3") || end.Revexec.Exit == nil || end.Revexec.Exit.Code != 3 {
		t.Errorf("the end: %+v", end)
	}
	g, _ := testdata.Lookup("steps")
	if got := p.output("stdout"); got != g.Expect() {
		t.Errorf("output %q, expected %q", got, g.Expect())
	}
	if code := event[godap.ExitedEventBody](p, "exited").ExitCode; code != 3 {
		t.Errorf("exit code %d", code)
	}
	// At the end there is no going on, again and again; but going back.
	for range 2 {
		if again := p.move("continue", "exit"); again.Revexec.Icount != end.Revexec.Icount {
			t.Errorf("continue at the end went to %d", again.Revexec.Icount)
		}
	}
	p.move("stepBack", "step")
	begin := p.move("reverseContinue", "entry")
	if begin.Description != "Start of history" || begin.Revexec.Icount != 0 {
		t.Errorf("the start: %+v", begin)
	}
	for _, back := range []string{"stepBack", "reverseContinue", "revexec/reverseStepIn"} {
		if again := p.move(back, "entry"); again.Revexec.Icount != 0 {
			t.Errorf("%s at the start went to %d", back, again.Revexec.Icount)
		}
	}
	// Forward again: the same history, and nothing is printed twice.
	if again := p.move("continue", "exit"); again.Revexec.Icount != end.Revexec.Icount {
		t.Errorf("the end was %d, now %d", end.Revexec.Icount, again.Revexec.Icount)
	}
	if got := p.output("stdout"); got != g.Expect() {
		t.Errorf("output after going back and forth %q", got)
	}
	for _, m := range p.c.Pending() {
		if _, ok := m.Msg.(*godap.TerminatedEvent); ok {
			t.Error("terminated: the session must stay")
		}
		if _, ok := m.Msg.(*godap.ExitedEvent); ok {
			t.Error("exited was sent twice")
		}
	}
}

func TestOutputComesBeforeTheStopThatFollowsIt(t *testing.T) {
	p := connect(t)
	p.initialize()
	exe := guest(t, "steps")
	p.launch(exe)
	p.breakOn(exe, "steps.c", bp{at: "main-sign"})
	p.do("configurationDone", nil)
	// Messages are in order: take the stop, and look at what was before it.
	var before string
	for before == "" {
		m, err := p.c.Take(p.ctx, func(m *clientMessage) bool {
			_, out := m.Msg.(*godap.OutputEvent)
			_, stop := m.Msg.(*godap.StoppedEvent)
			return out || stop
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, stop := m.Msg.(*godap.StoppedEvent); stop {
			t.Fatal("stopped before the output")
		}
		before = m.Msg.(*godap.OutputEvent).Body.Output
	}
	if !strings.HasPrefix(before, "loops ") {
		t.Errorf("first output %q", before)
	}
	p.stopped("breakpoint")
	if got := p.output("stdout"); !strings.Contains(got, "callbacks ") || strings.Contains(got, "negative") {
		t.Errorf("output at the stop: %q", got)
	}
}

func TestStdinOfTextAndOfFile(t *testing.T) {
	g, _ := testdata.Lookup("stdin")
	for name, in := range map[string]any{
		"text": args{"text": g.Stdin},
		"file": write(t, "input", g.Stdin),
	} {
		t.Run(name, func(t *testing.T) {
			p := connect(t)
			p.initialize()
			p.launch(guest(t, "stdin"), args{"stdin": in})
			p.do("configurationDone", nil)
			if end := p.stopped("exit"); end.Revexec.Exit.Code != g.Exit {
				t.Errorf("exit %+v", end.Revexec.Exit)
			}
			if got := p.output("stdout"); got != g.Expect() {
				t.Errorf("output %q", got)
			}
		})
	}
}

func TestNoDebugRunsThrough(t *testing.T) {
	p := connect(t)
	p.initialize()
	exe := guest(t, "steps")
	p.launch(exe, args{"noDebug": true})
	body := ask[godap.SetBreakpointsResponseBody](p, "setBreakpoints", args{
		"source": args{"path": filepath.Join(filepath.Dir(exe), "steps.c")}, "breakpoints": []args{{"line": testdata.Line("steps.c", "main-sign")}},
	})
	if len(body.Breakpoints) != 1 || body.Breakpoints[0].Verified {
		t.Errorf("breakpoint without debugging: %+v", body.Breakpoints)
	}
	p.do("configurationDone", nil)
	if code := event[godap.ExitedEventBody](p, "exited").ExitCode; code != 3 {
		t.Errorf("exit code %d", code)
	}
	if err := p.c.Event(p.ctx, "terminated", nil); err != nil {
		t.Fatal(err)
	}
	p.do("disconnect", nil)
}

func TestLaunchThatCannotWorkSaysWhy(t *testing.T) {
	script := write(t, "script", "#!/bin/sh\n")
	foreign := testdata.Bin("steps")
	binary.LittleEndian.PutUint16(foreign[18:], uint16(elf.EM_AARCH64))
	arm := write(t, "arm", string(foreign))
	for name, c := range map[string]struct {
		args args
		id   int
		says string
	}{
		"no program":     {args{}, 1003, "program"},
		"empty program":  {args{"program": ""}, 1003, "program"},
		"not there":      {args{"program": "/nowhere/at/all"}, 2001, "/nowhere/at/all"},
		"directory":      {args{"program": t.TempDir()}, 2001, ""},
		"script":         {args{"program": script}, 2001, script},
		"foreign":        {args{"program": arm}, 2001, "ARM64"},
		"wrong type":     {args{"program": 7}, 1003, "program"},
		"wrong args":     {args{"program": script, "args": "a b"}, 1003, "args"},
		"wrong cwd":      {args{"program": script, "cwd": "/nowhere"}, 1003, "/nowhere"},
		"wrong stdin":    {args{"program": script, "stdin": 5}, 1003, "stdin"},
		"no stdin":       {args{"program": script, "stdin": "/nowhere"}, 2001, "/nowhere"},
		"wrong map":      {args{"program": script, "sourceMap": []int{1}}, 1003, "sourceMap"},
		"wrong log":      {args{"program": script, "log": "/nowhere/log"}, 2001, "/nowhere/log"},
		"zero in a path": {args{"program": "a\x00b"}, 1003, "zero"},
	} {
		t.Run(name, func(t *testing.T) {
			p := connect(t)
			p.initialize()
			if e := p.refused(c.id, "launch", c.args); !strings.Contains(e.Format, c.says) {
				t.Errorf("error %q does not tell of %q", e.Format, c.says)
			}
			// The session is intact: the next launch works.
			p.launch(guest(t, "steps"), args{"stopOnEntry": true})
			p.do("configurationDone", nil)
			p.stopped("entry")
		})
	}
}

func TestAttachIsRefused(t *testing.T) {
	p := connect(t)
	p.initialize()
	p.refused(2002, "attach", args{"pid": 1})
}

func TestRestartBeginsANewHistoryWithTheSameBreakpoints(t *testing.T) {
	p := connect(t)
	p.initialize()
	exe := guest(t, "steps")
	p.launch(exe)
	ids := p.breakOn(exe, "steps.c", bp{at: "main-sign"})
	p.do("configurationDone", nil)
	first := p.stopped("breakpoint")
	if len(first.HitBreakpointIds) != 1 || first.HitBreakpointIds[0] != ids[0].Id {
		t.Errorf("hit %v, expected %d", first.HitBreakpointIds, ids[0].Id)
	}
	p.do("restart", nil)
	// A client that keeps what it was told of the stop before forgets it then.
	if e := event[godap.ContinuedEventBody](p, "continued"); !e.AllThreadsContinued {
		t.Errorf("restart: %+v", e)
	}
	again := p.stopped("breakpoint")
	p.at("steps.c", "main-sign")
	if again.Revexec != first.Revexec || len(again.HitBreakpointIds) != 1 || again.HitBreakpointIds[0] != ids[0].Id {
		t.Errorf("after restart %+v, before %+v", again, first)
	}
	// Also while it runs, and with another configuration.
	p.do("restart", args{"arguments": args{"program": guest(t, "spin")}})
	p.c.Take(p.ctx, isOutput("spinning\n"))
	p.do("restart", args{"arguments": args{"program": exe, "cwd": filepath.Dir(exe), "stopOnEntry": true}})
	p.stopped("entry")
}

func TestTerminateEndsTheProgramAndNotTheConnection(t *testing.T) {
	p := start(t, "steps")
	p.do("terminate", nil)
	if err := p.c.Event(p.ctx, "terminated", nil); err != nil {
		t.Fatal(err)
	}
	p.refused(1004, "stackTrace", args{"threadId": 1})
	p.refused(1004, "continue", args{"threadId": 1})
	p.do("restart", nil)
	p.stopped("entry")
	p.do("disconnect", nil)
	if err := <-p.served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	p.served <- nil
}

func TestRequestsInTheWrongStateAreRefused(t *testing.T) {
	p := connect(t)
	p.refused(1004, "launch", args{"program": "x"})
	p.refused(1004, "setBreakpoints", args{"source": args{"path": "/x.c"}})
	p.initialize()
	p.refused(1004, "initialize", args{"adapterID": "x"})
	for _, c := range []string{"configurationDone", "threads", "continue", "next", "stepIn", "stepOut", "stepBack", "reverseContinue", "pause", "terminate", "revexec/where", "modules", "loadedSources"} {
		p.refused(1004, c, args{"threadId": 1})
	}
	p.launch(guest(t, "steps"), args{"stopOnEntry": true})
	p.refused(1004, "launch", args{"program": "x"})
	p.refused(1004, "continue", args{"threadId": 1})
	p.do("configurationDone", nil)
	p.stopped("entry")
	p.refused(1004, "configurationDone", nil)
	p.refused(1004, "exceptionInfo", args{"threadId": p.thread})
}

func TestWhatIsNotSupportedIsRefusedWithTheReason(t *testing.T) {
	p := start(t, "steps")
	for c, a := range map[string]args{
		"setVariable":   {"variablesReference": 1, "name": "x", "value": "1"},
		"setExpression": {"expression": "x", "value": "1"},
		"writeMemory":   {"memoryReference": "0x1000", "data": ""},
		"gotoTargets":   {"source": args{"path": "/x.c"}, "line": 1},
		"goto":          {"threadId": 1, "targetId": 1},
	} {
		if e := p.refused(2003, c, a); !strings.Contains(e.Format, "history can't be changed") {
			t.Errorf("%s: %s", c, e)
		}
	}
	for _, c := range []string{"terminateThreads", "stepInTargets", "no/such/thing", ""} {
		p.refused(1002, c, args{"frameId": 1})
	}
	p.move("next", "step")
}

func TestWrongArgumentsAreRefused(t *testing.T) {
	p := start(t, "steps")
	for _, c := range []struct {
		command string
		args    any
		id      int
	}{
		{"continue", args{"threadId": 99}, 1003},
		{"next", args{"threadId": "one"}, 1003},
		{"next", args{"threadId": p.thread, "granularity": "page"}, 1003},
		{"stackTrace", args{"threadId": p.thread, "startFrame": -1}, 1003},
		{"scopes", args{}, 1003},
		{"scopes", args{"frameId": 12345}, 1003},
		{"variables", args{"variablesReference": 0}, 1003},
		{"variables", args{"variablesReference": -4}, 1003},
		{"evaluate", args{"context": "repl"}, 1003},
		{"setBreakpoints", args{}, 1003},
		{"setBreakpoints", args{"source": args{}}, 1003},
		{"setBreakpoints", args{"source": args{"path": "/x.c"}, "breakpoints": []args{{"line": -3}}}, 1003},
		{"setBreakpoints", args{"source": "x.c"}, 1003},
		{"setInstructionBreakpoints", args{"breakpoints": []args{{"instructionReference": "main"}}}, 1003},
		{"setDataBreakpoints", args{"breakpoints": []args{{"dataId": "nonsense"}}}, 1003},
		{"setExceptionBreakpoints", args{"filters": []string{"panics"}}, 1003},
		{"readMemory", args{"memoryReference": "0x1000"}, 1003},
		{"readMemory", args{"memoryReference": "x", "count": 1}, 1003},
		{"readMemory", args{"memoryReference": "0x1000", "count": -1}, 1003},
		{"readMemory", args{"memoryReference": "0x1000", "count": 1 << 40}, 1003},
		{"disassemble", args{"memoryReference": "0x10000", "instructionCount": 1 << 30}, 1003},
		{"revexec/seek", args{}, 1003},
		{"revexec/seek", args{"to": "tomorrow"}, 1003},
		{"revexec/seek", args{"to": "150%"}, 1003},
		{"revexec/seek", args{"icount": 1 << 60}, 2005},
		{"cancel", args{}, 1003},
		{"cancel", args{"progressId": "x"}, 1003},
		{"completions", args{"text": "a", "column": -1}, 1003},
		{"source", args{"sourceReference": 99}, 1003},
		{"breakpointLocations", args{"source": args{"path": "/x.c"}, "line": 5, "endLine": 2}, 1003},
		{"restartFrame", args{"frameId": 4711}, 1003},
	} {
		p.refused(c.id, c.command, c.args)
	}
	p.move("next", "step")
}

func TestARestartThatFailsWhileTheProgramRunsLeavesItPaused(t *testing.T) {
	p := running(t)
	p.refused(1003, "restart", args{"arguments": args{"program": ""}})
	// What the client takes for running does not run any more: it is told.
	at := p.stopped("pause").Revexec.Icount
	if now := ask[dap.WhereResponseBody](p, dap.CommandWhere, nil).Icount; now != at {
		t.Errorf("at %d, told of %d", now, at)
	}
	p.refused(1003, "restart", args{"arguments": args{"program": ""}})
	p.quiet() // it is stopped, as before
	p.move("stepBack", "step")
}
