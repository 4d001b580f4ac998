package dap_test

import (
	"path/filepath"
	"strings"
	"testing"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
	"github.com/dap-revexec/dap-revexec/testdata"
)

// configured launches a guest and leaves it to be configured.
func configured(t *testing.T, name string) (p *peer, exe string) {
	t.Helper()
	p, exe = connect(t), guest(t, name)
	p.initialize()
	p.launch(exe)
	return p, exe
}

func TestConditionsAndHitCountsStopOnTheSameHitBothWays(t *testing.T) {
	for name, c := range map[string]struct {
		bp   bp
		want []string // values of i at the stops, forward
	}{
		"condition": {bp{at: "loop-body", cond: "i == 1"}, []string{"1"}},
		"hits":      {bp{at: "loop-body", hit: ">= 2"}, []string{"1", "2"}},
		"nth hit":   {bp{at: "loop-body", hit: "2"}, []string{"1"}},
		"both":      {bp{at: "loop-body", cond: "i > 0", hit: "% 2"}, []string{"2"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, exe := configured(t, "steps")
			p.breakOn(exe, "steps.c", c.bp)
			p.do("configurationDone", nil)
			for _, want := range c.want {
				p.stopped("breakpoint")
				if got := p.eval("i").Result; got != want {
					t.Errorf("stopped at i = %s, expected %s", got, want)
				}
				p.do("continue", args{"threadId": p.thread})
			}
			p.stopped("exit")
			for i := len(c.want) - 1; i >= 0; i-- {
				p.move("reverseContinue", "breakpoint")
				if got := p.eval("i").Result; got != c.want[i] {
					t.Errorf("going back stopped at i = %s, expected %s", got, c.want[i])
				}
			}
			p.move("reverseContinue", "entry")
		})
	}
}

func TestLogpointsSayTheirMessageOnceAndDoNotStop(t *testing.T) {
	p, exe := configured(t, "steps")
	p.breakOn(exe, "steps.c", bp{at: "loop-body", log: "i is {i}, twice that {2*i} {{}}"}, bp{at: "nested"})
	p.do("configurationDone", nil)
	p.stopped("breakpoint")
	want := "i is 0, twice that 0 {}\ni is 1, twice that 2 {}\ni is 2, twice that 4 {}\n"
	if got := p.output("console"); got != want {
		t.Errorf("logged %q, expected %q", got, want)
	}
	for _, m := range p.c.Pending() {
		if e, ok := m.Msg.(*godap.OutputEvent); ok && e.Body.Category == "console" {
			if e.Body.Source == nil || e.Body.Line != testdata.Line("steps.c", "loop-body") {
				t.Errorf("a message without its place: %s", m.Raw)
			}
		}
	}
	p.move("reverseContinue", "entry")
	p.move("continue", "breakpoint")
	if got := p.output("console"); got != want {
		t.Errorf("after going back and forth %q", got)
	}
}

func TestBreakpointsThatCannotBeSetSayWhy(t *testing.T) {
	p, exe := configured(t, "steps")
	source := args{"path": filepath.Join(filepath.Dir(exe), "steps.c")}
	check := func(what string, got godap.Breakpoint) {
		t.Helper()
		if got.Verified || got.Message == "" || got.Id == 0 {
			t.Errorf("%s: %+v", what, got)
		}
	}
	set := func(a args) godap.Breakpoint {
		t.Helper()
		body := ask[godap.SetBreakpointsResponseBody](p, "setBreakpoints", a)
		if len(body.Breakpoints) != 1 {
			t.Fatalf("%v: %+v", a, body)
		}
		return body.Breakpoints[0]
	}
	line := testdata.Line("steps.c", "loop-body")
	check("no such line", set(args{"source": source, "breakpoints": []args{{"line": 100000}}}))
	check("no such file", set(args{"source": args{"path": "/x/other.c"}, "breakpoints": []args{{"line": 1}}}))
	check("bad condition", set(args{"source": source, "breakpoints": []args{{"line": line, "condition": "i =="}}}))
	check("bad hit condition", set(args{"source": source, "breakpoints": []args{{"line": line, "hitCondition": "often"}}}))
	f := ask[godap.SetFunctionBreakpointsResponseBody](p, "setFunctionBreakpoints", args{"breakpoints": []args{{"name": "nowhere"}}})
	check("no such function", f.Breakpoints[0])
	i := ask[godap.SetInstructionBreakpointsResponseBody](p, "setInstructionBreakpoints", args{"breakpoints": []args{{"instructionReference": "0x8"}}})
	check("no such address", i.Breakpoints[0])
	p.do("configurationDone", nil)
	p.stopped("exit")
}

func TestBreakpointsBeforeLaunchAreSetByIt(t *testing.T) {
	p, exe := connect(t), guest(t, "steps")
	p.initialize()
	body := ask[godap.SetBreakpointsResponseBody](p, "setBreakpoints", args{
		"source": args{"path": filepath.Join(filepath.Dir(exe), "steps.c")}, "breakpoints": []args{{"line": testdata.Line("steps.c", "nested")}},
	})
	if body.Breakpoints[0].Verified {
		t.Errorf("verified without a program")
	}
	p.launch(exe)
	changed := event[godap.BreakpointEventBody](p, "breakpoint")
	if !changed.Breakpoint.Verified || changed.Breakpoint.Id != body.Breakpoints[0].Id {
		t.Errorf("after launch: %+v, before %+v", changed.Breakpoint, body.Breakpoints[0])
	}
	p.do("configurationDone", nil)
	if stop := p.stopped("breakpoint"); len(stop.HitBreakpointIds) != 1 || stop.HitBreakpointIds[0] != changed.Breakpoint.Id {
		t.Errorf("hit %v", stop.HitBreakpointIds)
	}
}

func TestFunctionAndInstructionBreakpoints(t *testing.T) {
	p, _ := configured(t, "steps")
	f := ask[godap.SetFunctionBreakpointsResponseBody](p, "setFunctionBreakpoints", args{"breakpoints": []args{{"name": "b"}, {"name": "factorial", "condition": "n == 1"}}})
	if len(f.Breakpoints) != 2 || !f.Breakpoints[0].Verified || !f.Breakpoints[1].Verified {
		t.Fatalf("function breakpoints: %+v", f)
	}
	p.do("configurationDone", nil)
	p.stopped("function breakpoint")
	top := p.at("steps.c", "b-body")
	p.do("setFunctionBreakpoints", args{"breakpoints": []args{{"name": "factorial", "condition": "n == 1"}}})
	p.move("continue", "function breakpoint")
	if got := p.eval("n").Result; got != "1" {
		t.Errorf("n = %s", got)
	}
	p.do("setFunctionBreakpoints", args{"breakpoints": []args{}})
	i := ask[godap.SetInstructionBreakpointsResponseBody](p, "setInstructionBreakpoints", args{"breakpoints": []args{{"instructionReference": top.InstructionPointerReference}}})
	if !i.Breakpoints[0].Verified || i.Breakpoints[0].InstructionReference != top.InstructionPointerReference {
		t.Fatalf("instruction breakpoint: %+v", i)
	}
	p.move("reverseContinue", "instruction breakpoint")
	p.at("steps.c", "b-body")
}

func TestDataBreakpointStopsAtTheWriteBothWays(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		// By a name in an expression; static, so that it keeps its place.
		info := ask[godap.DataBreakpointInfoResponseBody](p, "dataBreakpointInfo", args{"name": "trace"})
		id, ok := info.DataId.(string)
		if !ok || !info.CanPersist || !strings.Contains(info.Description, "trace") || len(info.AccessTypes) != 3 {
			t.Fatalf("info: %+v", info)
		}
		set := ask[godap.SetDataBreakpointsResponseBody](p, "setDataBreakpoints", args{"breakpoints": []args{{"dataId": id, "accessType": "write"}}})
		if !set.Breakpoints[0].Verified {
			t.Fatalf("set: %+v", set)
		}
		var writes []dap.WatchInfo
		for range 3 {
			stop := p.move("continue", "data breakpoint")
			w := stop.Revexec.Watch
			if w == nil || !w.Write || len(stop.HitBreakpointIds) != 1 {
				t.Fatalf("stop: %+v", stop)
			}
			writes = append(writes, *w)
		}
		for i, w := range writes {
			if w.Expr != "trace" || w.Old != digits(i) || w.New != digits(i+1) {
				t.Errorf("write %d: %+v", i, w)
			}
		}
		for i := len(writes) - 1; i >= 0; i-- {
			stop := p.move("reverseContinue", "data breakpoint")
			if w := stop.Revexec.Watch; w == nil || *w != writes[i] {
				t.Errorf("going back: %+v, forward it was %+v", w, writes[i])
			}
			if stop.Revexec.Icount != writes[i].Icount {
				t.Errorf("going back stopped at %d, before the write at %d", stop.Revexec.Icount, writes[i].Icount)
			}
			p.at("steps.c", "a-body")
		}
		p.move("reverseContinue", "entry")
	})
}

func digits(n int) string { return string(rune('0' + n)) }

func TestLastAndNextWriteByRequestAndWord(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		p.refused(2004, "revexec/lastWrite", args{"name": "no_such_thing"})
		p.refused(2004, "revexec/lastWrite", args{"name": "1 + 1"})
		at := ask[dap.WhereResponseBody](p, "revexec/where", nil).Icount
		p.do("revexec/lastWrite", args{"name": "trace"})
		if stop := p.stopped("step"); !strings.Contains(stop.Description, "trace: not written before here") || stop.Revexec.Icount != at {
			t.Errorf("no write before: %+v", stop)
		}
		p.breakOn("", "steps.c", bp{at: "b-body"}) // is no obstacle
		p.do("revexec/nextWrite", args{"name": "trace"})
		first := p.stopped("data breakpoint")
		if w := first.Revexec.Watch; w == nil || w.Old != "0" || w.New != "1" || first.Revexec.Icount != w.Icount+1 {
			t.Fatalf("next: %+v", first)
		}
		for range 9 {
			p.console("next-write trace")
			if stop := p.stopped("data breakpoint"); len(stop.HitBreakpointIds) != 0 {
				t.Fatalf("%+v", stop)
			}
		}
		p.console("last-write trace")
		if w := p.stopped("data breakpoint").Revexec.Watch; w == nil || w.Old != "9" || w.New != "10" {
			t.Errorf("last: %+v", w)
		}
		p.do("revexec/lastWrite", args{"name": "&trace", "asAddress": true, "bytes": 1})
		if stop := p.stopped("data breakpoint"); !stop.Revexec.Back || stop.Revexec.Watch.Old != "0x8" || stop.Revexec.Watch.New != "0x9" {
			t.Errorf("last, by address: %+v", stop)
		}
		p.refused(1003, "evaluate", args{"expression": "last-write", "context": "repl"})
	})
}

func TestDataBreakpointByVariableAddressAndLength(t *testing.T) {
	p, exe := configured(t, "values")
	p.breakOn(exe, "values.c", bp{at: "all"})
	p.do("configurationDone", nil)
	p.stopped("breakpoint")
	locals := p.scope("Locals")
	// A part of a variable, through its reference.
	var r godap.Variable
	for _, v := range locals {
		if v.Name == "p" {
			r = v
		}
	}
	byRef := ask[godap.DataBreakpointInfoResponseBody](p, "dataBreakpointInfo", args{"variablesReference": r.VariablesReference, "name": "y"})
	if _, ok := byRef.DataId.(string); !ok {
		t.Errorf("by reference: %+v", byRef)
	}
	byAddress := ask[godap.DataBreakpointInfoResponseBody](p, "dataBreakpointInfo", args{"name": r.MemoryReference, "asAddress": true, "bytes": 4})
	if id, ok := byAddress.DataId.(string); !ok || !strings.Contains(id, ",4,") {
		t.Errorf("by address: %+v", byAddress)
	}
	none := ask[godap.DataBreakpointInfoResponseBody](p, "dataBreakpointInfo", args{"name": "1 + 1"})
	if none.DataId != nil || !strings.Contains(none.Description, "can't be watched") {
		t.Errorf("a sum: %+v", none)
	}
	p.refused(2004, "dataBreakpointInfo", args{"name": "no_such_thing"})
	p.refused(2004, "dataBreakpointInfo", args{"variablesReference": r.VariablesReference, "name": "z"})
	// The latest write of the watched part.
	p.do("setDataBreakpoints", args{"breakpoints": []args{{"dataId": byRef.DataId}}})
	stop := p.move("reverseContinue", "data breakpoint")
	if w := stop.Revexec.Watch; w == nil || w.New != "-4" {
		t.Errorf("stop: %+v", stop.Revexec)
	}
}

func TestBreakpointLocationsAreTheLinesWithCode(t *testing.T) {
	p, exe := configured(t, "steps")
	from := testdata.Line("steps.c", "loop-init")
	body := ask[godap.BreakpointLocationsResponseBody](p, "breakpointLocations", args{
		"source": args{"path": filepath.Join(filepath.Dir(exe), "steps.c")}, "line": from, "endLine": from + 4,
	})
	var lines []int
	for _, l := range body.Breakpoints {
		lines = append(lines, l.Line-from)
	}
	if len(lines) < 3 || lines[0] != 0 || lines[1] != 1 || lines[2] != 2 {
		t.Errorf("lines %v after %d", lines, from)
	}
	none := ask[godap.BreakpointLocationsResponseBody](p, "breakpointLocations", args{"source": args{"path": "/x/other.c"}, "line": 1, "endLine": 9})
	if len(none.Breakpoints) != 0 {
		t.Errorf("locations in another file: %+v", none)
	}
}
