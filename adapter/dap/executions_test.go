package dap_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
	"github.com/dap-revexec/dap-revexec/testdata"
)

// line names a marked line of steps.c.
func line(marker string) args {
	return args{"source": args{"path": "/anywhere/steps.c"}, "line": testdata.Line("steps.c", marker)}
}

// quiet fails the test if any of the messages that have come is a stop.
func (p *peer) quiet() {
	p.Helper()
	for _, m := range p.c.Pending() {
		if e, ok := m.Msg.(*godap.StoppedEvent); ok {
			p.Errorf("a query stopped: %+v", e.Body)
		}
	}
}

// stops lists where the program stops on a line, by continuing from the start.
func stops(p *peer, marker string) (at []uint64) {
	p.Helper()
	p.do("setBreakpoints", args{"source": line(marker)["source"], "breakpoints": []args{{"line": testdata.Line("steps.c", marker)}}})
	for {
		p.do("continue", args{"threadId": p.thread})
		stop := event[dap.StoppedEventBody](p, "stopped")
		if stop.Reason != "breakpoint" {
			p.do("setBreakpoints", args{"source": line(marker)["source"], "breakpoints": []args{}})
			return at
		}
		at = append(at, stop.Revexec.Icount)
	}
}

func icounts(list []dap.Occurrence) (at []uint64) {
	for _, o := range list {
		at = append(at, o.Icount)
	}
	return at
}

func TestExecutionsAreWhereABreakpointStops(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		want := stops(p, "a-body")
		if len(want) < 5 {
			t.Fatalf("%d stops", len(want))
		}
		p.do(dap.CommandSeek, args{"to": "50%"})
		here := p.stopped("goto").Revexec.Icount
		got := ask[dap.Occurrences](p, dap.CommandExecutions, line("a-body"))
		if !got.Complete || !slices.Equal(icounts(got.Occurrences), want) {
			t.Errorf("executions at %v, stops at %v", icounts(got.Occurrences), want)
		}
		first := got.Occurrences[0]
		if first.Function != "a" || first.Line != testdata.Line("steps.c", "a-body") || first.Source == nil || first.Thread == 0 || first.Text == "" {
			t.Errorf("%+v", first)
		}
		a := line("a-body")
		a["limit"] = 2
		if some := ask[dap.Occurrences](p, dap.CommandExecutions, a); some.Complete || !slices.Equal(icounts(some.Occurrences), want[len(want)-2:]) {
			t.Errorf("the newest two: %+v", some)
		}
		if at := ask[dap.WhereResponseBody](p, dap.CommandWhere, nil).Icount; at != here {
			t.Errorf("at %d, expected %d", at, here)
		}
		p.quiet()
		// From there to the last, and to the next.
		i, _ := slices.BinarySearch(want, here)
		p.do(dap.CommandLastExecution, line("a-body"))
		if stop := p.stopped("goto"); stop.Revexec.Icount != want[i-1] || !stop.Revexec.Back || !strings.Contains(stop.Description, "executed") {
			t.Errorf("last: %+v, expected %d", stop, want[i-1])
		}
		p.at("steps.c", "a-body")
		for _, j := range []int{i, i + 1} {
			p.do(dap.CommandNextExecution, line("a-body"))
			if stop := p.stopped("goto"); stop.Revexec.Icount != want[j] || stop.Revexec.Back {
				t.Errorf("next: %+v, expected %d", stop, want[j])
			}
		}
		// By name and by address.
		p.do(dap.CommandLastExecution, args{"function": "nested_calls"})
		p.stopped("goto")
		top := p.stack()[0]
		if top.Name != "nested_calls" {
			t.Errorf("in %s", top.Name)
		}
		p.do(dap.CommandNextExecution, args{"function": "macros"})
		p.stopped("goto")
		p.do(dap.CommandLastExecution, args{"instructionReference": top.InstructionPointerReference})
		p.stopped("goto")
		if again := p.stack()[0]; again.InstructionPointerReference != top.InstructionPointerReference {
			t.Errorf("at %s, expected %s", again.InstructionPointerReference, top.InstructionPointerReference)
		}
	})
}

func TestWithoutAnEarlierExecutionTheProgramStays(t *testing.T) {
	p := start(t, "steps")
	here := ask[dap.WhereResponseBody](p, dap.CommandWhere, nil).Icount
	p.do(dap.CommandLastExecution, line("a-body"))
	if stop := p.stopped("step"); stop.Revexec.Icount != here || !strings.Contains(stop.Description, "not executed") {
		t.Errorf("%+v", stop)
	}
	// Ahead nothing is recorded: it goes on, here to the end.
	p.do(dap.CommandNextExecution, line("main-end"))
	if stop := p.stopped("goto"); stop.Revexec.Icount <= here || !stop.Revexec.Live {
		t.Errorf("%+v", stop)
	}
	p.do(dap.CommandNextExecution, line("a-body"))
	if stop := p.stopped("exit"); !stop.Revexec.Ended {
		t.Errorf("%+v", stop)
	}
	// After the end.
	p.do(dap.CommandLastExecution, line("main-end"))
	p.stopped("goto")
	p.at("steps.c", "main-end")
}

func TestBreakpointsStopTheWayToAnExecutionIfAskedFor(t *testing.T) {
	p := start(t, "steps")
	p.do("setBreakpoints", args{"source": args{"path": "/anywhere/steps.c"}, "breakpoints": []args{{"line": testdata.Line("steps.c", "macro-call")}}})
	at := p.move("continue", "breakpoint").Revexec.Icount
	p.move("continue", "exit")
	a := line("nested")
	a["breakpoints"] = true
	p.do(dap.CommandLastExecution, a)
	if stop := p.stopped("breakpoint"); stop.Revexec.Icount != at || len(stop.HitBreakpointIds) != 1 {
		t.Errorf("%+v, expected the breakpoint at %d", stop, at)
	}
	p.do(dap.CommandLastExecution, a)
	p.stopped("goto")
	p.at("steps.c", "nested")
	p.do(dap.CommandNextExecution, line("main-end"))
	p.stopped("goto")
	p.at("steps.c", "main-end")
}

func TestPlacesThatAreNoneAreRefused(t *testing.T) {
	p := start(t, "steps")
	for _, a := range []args{
		{}, {"line": 3}, {"source": args{"path": "/x/steps.c"}}, {"source": args{"path": "/x/steps.c"}, "line": 0},
		{"source": args{"path": "/x/steps.c"}, "line": 12, "function": "a"}, {"instructionReference": "main"}, {"source": args{}, "line": 1},
	} {
		for _, command := range []string{dap.CommandExecutions, dap.CommandLastExecution, dap.CommandNextExecution} {
			p.refused(1003, command, a)
		}
	}
	for _, a := range []args{{"function": "nothing_of_that_name"}, {"source": args{"path": "/x/other.c"}, "line": 1}, {"instructionReference": "0x1"}} {
		for _, command := range []string{dap.CommandExecutions, dap.CommandLastExecution, dap.CommandNextExecution} {
			p.refused(2005, command, a)
		}
	}
	for _, limit := range []int{-1, 10_001} {
		p.refused(1003, dap.CommandExecutions, args{"function": "a", "limit": limit})
		p.refused(1003, dap.CommandFindHits, args{"limit": limit})
		p.refused(1003, dap.CommandValueHistory, args{"name": "trace", "limit": limit})
	}
	p.quiet()
}

func TestPlacesAreTypedInFourWays(t *testing.T) {
	p := start(t, "steps")
	n := strconv.Itoa(testdata.Line("steps.c", "nested"))
	p.do(dap.CommandNextExecution, line("nested"))
	at := p.stopped("goto").Revexec.Icount
	pc := p.stack()[0].InstructionPointerReference
	for _, place := range []string{n, "steps.c:" + n, "nested_calls", pc} {
		p.do(dap.CommandSeek, args{"to": "start"})
		p.stopped("goto")
		if place == n { // a line of the current file: that has to be it
			p.console("next-execution main")
			p.stopped("goto")
		}
		p.console("ne " + place)
		got := p.stopped("goto").Revexec.Icount
		if got > at || at-got > 20 {
			t.Errorf("%s: at %d, expected %d", place, got, at)
		}
		p.console("next") // within the same file
		p.stopped("step")
		p.console("last-execution " + place)
		if again := p.stopped("goto").Revexec.Icount; again != got {
			t.Errorf("%s: back at %d, expected %d", place, again, got)
		}
		if text := p.console("executions " + place); !strings.HasPrefix(text, "1 execution:") || !strings.Contains(text, "nested_calls") {
			t.Errorf("executions %s: %s", place, text)
		}
	}
	p.do(dap.CommandSeek, args{"to": "start"})
	p.stopped("goto")
	for text, id := range map[string]int{"le": 1003, "le 99999": 2005, "le steps.c:99999": 2005, "le nothing": 2005, "le 0xzz": 1003, "executions": 1003} {
		p.refused(id, "evaluate", args{"expression": text, "context": "repl"})
	}
	if text := p.console("executions one_line_factorial"); !strings.Contains(text, "never executed") {
		t.Errorf("%s", text)
	}
	p.move("continue", "exit")
	if text := p.console("executions one_line_factorial"); !strings.Contains(text, "5 executions") {
		t.Errorf("%s", text)
	}
}

func TestBackToCallGoesToWhereAFrameCalled(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		p.do("setFunctionBreakpoints", args{"breakpoints": []args{}})
		p.do(dap.CommandNextExecution, line("factorial-bottom"))
		p.stopped("goto")
		frames := p.stack()
		if len(frames) < 6 {
			t.Fatalf("%d frames", len(frames))
		}
		p.refused(2005, dap.CommandBackToCall, args{"frameId": frames[0].Id})
		p.refused(1003, dap.CommandBackToCall, args{"frameId": 1 << 30})
		p.refused(1003, dap.CommandBackToCall, args{})
		here := ask[dap.WhereResponseBody](p, dap.CommandWhere, nil).Icount
		p.do(dap.CommandBackToCall, args{"frameId": frames[3].Id})
		stop := p.stopped("goto")
		now := p.stack()
		if stop.Revexec.Icount >= here || !stop.Revexec.Back || len(now) != len(frames)-3 || now[0].Name != frames[3].Name || now[0].Line != frames[3].Line {
			t.Errorf("at %+v: %d frames, %s:%d, expected %s:%d", stop.Revexec, len(now), now[0].Name, now[0].Line, frames[3].Name, frames[3].Line)
		}
		p.refused(1007, dap.CommandBackToCall, args{"frameId": frames[1].Id})
		// The word, from the selected frame and by level.
		p.do(dap.CommandSeek, args{"icount": here})
		p.stopped("goto")
		selected := p.stack()[3].Id
		p.do("evaluate", args{"expression": "back-to-call", "context": "repl", "frameId": selected})
		if again := p.stopped("goto"); again.Revexec.Icount != stop.Revexec.Icount {
			t.Errorf("at %d, expected %d", again.Revexec.Icount, stop.Revexec.Icount)
		}
		p.do(dap.CommandSeek, args{"icount": here})
		p.stopped("goto")
		p.console("back-to-call 3")
		if again := p.stopped("goto"); again.Revexec.Icount != stop.Revexec.Icount {
			t.Errorf("at %d, expected %d", again.Revexec.Icount, stop.Revexec.Icount)
		}
		p.refused(1003, "evaluate", args{"expression": "back-to-call 99", "context": "repl"})
	})
}
