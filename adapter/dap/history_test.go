package dap_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
	"github.com/dap-revexec/dap-revexec/testdata"
)

// chained checks that each write's value before is the one after the write before.
func chained(t *testing.T, h dap.ValueHistory) {
	t.Helper()
	for i, o := range h.Occurrences {
		if o.Old == nil || o.New == nil || o.Icount < h.From || o.Icount >= h.To {
			t.Fatalf("write %+v of %d to %d", o, h.From, h.To)
		}
		if i > 0 && (o.Old.Text != h.Occurrences[i-1].New.Text || o.Icount <= h.Occurrences[i-1].Icount) {
			t.Errorf("write %d: %+v after %+v", i, o, h.Occurrences[i-1])
		}
	}
	if n := len(h.Occurrences); n > 0 && (h.Initial == nil || h.Initial.Text != h.Occurrences[0].Old.Text) {
		t.Errorf("initial %+v, then %+v", h.Initial, h.Occurrences[0].Old)
	}
}

func TestAStaticsHistoryIsAllOfItsValues(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		p.do(dap.CommandNextExecution, line("main-last"))
		p.stopped("goto")
		total := p.eval("trace").Result
		p.do(dap.CommandLastExecution, line("macro-call"))
		here := p.stopped("goto").Revexec.Icount
		h := ask[dap.ValueHistory](p, dap.CommandValueHistory, args{"name": "trace"})
		chained(t, h)
		if fmt.Sprint(len(h.Occurrences)) != total || !h.Complete || h.Name != "trace" || h.EvaluateName != "trace" || h.Type != "int" || h.Size != 4 || h.From != 0 || h.To <= here {
			t.Fatalf("%d writes of %s: %+v", len(h.Occurrences), total, h)
		}
		for i, o := range h.Occurrences {
			if o.New.Number == nil || *o.New.Number != float64(i+1) || o.New.Text != fmt.Sprint(i+1) || o.Function == "" || o.Line == 0 || o.Source == nil || o.Reason != "data breakpoint" {
				t.Fatalf("write %d: %+v", i, o)
			}
		}
		if h.Initial.Number == nil || *h.Initial.Number != 0 {
			t.Errorf("initial %+v", h.Initial)
		}
		some := ask[dap.ValueHistory](p, dap.CommandValueHistory, args{"name": "trace", "limit": 3})
		if some.Complete || !slices.Equal(icounts(some.Occurrences), icounts(h.Occurrences[len(h.Occurrences)-3:])) || some.From == 0 {
			t.Errorf("the newest three: %+v", some)
		}
		// By its address, which has no type.
		raw := ask[dap.ValueHistory](p, dap.CommandValueHistory, args{"name": h.Address, "asAddress": true, "bytes": 4})
		if !slices.Equal(icounts(raw.Occurrences), icounts(h.Occurrences)) || raw.EvaluateName != "" || raw.Occurrences[0].New.Number != nil {
			t.Errorf("by address: %d writes, %+v", len(raw.Occurrences), raw.Occurrences[0])
		}
		if at := ask[dap.WhereResponseBody](p, dap.CommandWhere, nil).Icount; at != here {
			t.Errorf("at %d, expected %d", at, here)
		}
		p.quiet()
		// Where it says, the write is about to be done.
		o := h.Occurrences[10]
		p.do(dap.CommandSeek, args{"icount": o.Icount})
		p.stopped("goto")
		if got := p.eval("trace").Result; got != o.Old.Text {
			t.Errorf("trace is %s, expected %s", got, o.Old.Text)
		}
	})
}

func TestALocalsHistoryBeginsWithItsFunction(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		p.do(dap.CommandNextExecution, line("nested"))
		entered := p.stopped("goto").Revexec.Icount
		p.do(dap.CommandNextExecution, line("return-calls"))
		here := p.stopped("goto").Revexec.Icount
		now := p.eval("r").Result
		h := ask[dap.ValueHistory](p, dap.CommandValueHistory, args{"name": "r", "frameId": p.stack()[0].Id})
		chained(t, h)
		if h.From == 0 || h.From > entered || entered-h.From > 20 || h.To != here || !h.Complete || len(h.Occurrences) < 3 {
			t.Errorf("from %d to %d, expected %d to %d: %d writes", h.From, h.To, entered, here, len(h.Occurrences))
		}
		if last := h.Occurrences[len(h.Occurrences)-1]; last.New.Text != now {
			t.Errorf("the last write makes it %s, it is %s", last.New.Text, now)
		}
		if text := p.console("history trace"); !strings.Contains(text, "writes") || !strings.Contains(text, "trace: 0 since the start") {
			t.Errorf("history trace: %s", text)
		}
	})
}

func TestAHistoryThatCantBeToldIsRefused(t *testing.T) {
	p := start(t, "steps")
	p.refused(1003, dap.CommandValueHistory, args{})
	for _, name := range []string{"nothing", "1 + 2", "trace +"} {
		if e := p.refused(2004, dap.CommandValueHistory, args{"name": name}); !e.ShowUser {
			t.Errorf("%s: the user asked, and is not told", name)
		}
		if e := p.refused(2004, dap.CommandValueHistory, args{"name": name, "quiet": true}); e.ShowUser {
			t.Errorf("%s: the user is told of what a view asked", name)
		}
	}
	p.refused(1003, dap.CommandValueHistory, args{"name": "0xzz", "asAddress": true})
	for text, id := range map[string]int{"history": 1003, "history nothing": 2004} {
		p.refused(id, "evaluate", args{"expression": text, "context": "repl"})
	}
}

func TestAllHitsAreFoundAndShownInTheTimeline(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		want := stops(p, "b-body")
		set := args{"source": args{"path": "/anywhere/steps.c"}, "breakpoints": []args{{"line": testdata.Line("steps.c", "b-body")}}}
		p.do(dap.CommandSeek, args{"to": "start"})
		p.stopped("goto")
		p.do("setBreakpoints", set)
		got := ask[dap.Occurrences](p, dap.CommandFindHits, nil)
		p.timelineChanged(dap.ChangedHits)
		if !got.Complete || !slices.Equal(icounts(got.Occurrences), want) {
			t.Errorf("hits at %v, stops at %v", icounts(got.Occurrences), want)
		}
		o := got.Occurrences[0]
		if o.Reason != "breakpoint" || len(o.Breakpoints) != 1 || o.Line != testdata.Line("steps.c", "b-body") {
			t.Errorf("%+v", o)
		}
		tl := p.timeline(nil)
		if n := count(tl, dap.KindBreakpoint); n < len(want) || tl.Hits == nil || tl.Hits.From != 0 || tl.Hits.To != tl.To {
			t.Errorf("%d hits of %d in the timeline, known in %+v", n, len(want), tl.Hits)
		}
		i := slices.IndexFunc(tl.Events, func(e dap.TimelineEvent) bool { return e.Icount == want[len(want)-1] && e.Kind == dap.KindBreakpoint })
		if i < 0 || !slices.Contains(tl.Events[i].Breakpoints, o.Breakpoints[0]) {
			t.Errorf("the last hit is event %d", i)
		}
		if text := p.console("find-hits"); !strings.Contains(text, "hits") {
			t.Errorf("%s", text)
		}
		p.timelineChanged(dap.ChangedHits)
		// Other breakpoints: it is not known any more.
		set["breakpoints"] = []args{}
		p.do("setBreakpoints", set)
		p.timelineChanged(dap.ChangedHits)
		if tl := p.timeline(nil); tl.Hits != nil {
			t.Errorf("known in %+v", tl.Hits)
		}
		if got := ask[dap.Occurrences](p, dap.CommandFindHits, nil); len(got.Occurrences) != 0 || got.Occurrences == nil {
			t.Errorf("of nothing: %+v", got)
		}
		p.quiet()
	})
}

func TestQueriesOnARecordingAreThoseOfTheRun(t *testing.T) {
	path := recorded(t, "steps", args{"sources": true})
	p := open(t, path, args{"position": "end"})
	p.do("configurationDone", nil)
	p.stopped("goto")
	h := ask[dap.ValueHistory](p, dap.CommandValueHistory, args{"name": "trace"})
	chained(t, h)
	if len(h.Occurrences) != 36 {
		t.Errorf("%d writes", len(h.Occurrences))
	}
	all := ask[dap.Occurrences](p, dap.CommandExecutions, args{"function": "a"})
	if len(all.Occurrences) < 5 || !all.Complete {
		t.Errorf("%+v", all)
	}
	if out := p.output("stdout"); out != "" {
		t.Errorf("queries output %q", out)
	}
	p.do(dap.CommandLastExecution, args{"function": "a"})
	if stop := p.stopped("goto"); stop.Revexec.Icount != all.Occurrences[len(all.Occurrences)-1].Icount {
		t.Errorf("at %d", stop.Revexec.Icount)
	}
}

func TestAQueryGivesTheNewestOrIsCancelled(t *testing.T) {
	p := start(t, "spin")
	p.do("setBreakpoints", args{"source": args{"path": "/anywhere/spin.c"}, "breakpoints": []args{{"line": testdata.Line("spin.c", "turn"), "hitCondition": "20000"}}})
	here := p.move("continue", "breakpoint").Revexec.Icount
	// Thousands of writes: it gives the newest, or, cancelled, none.
	for _, q := range []struct {
		command string
		a       args
	}{
		{dap.CommandValueHistory, args{"name": "turns", "limit": 10_000}},
		{dap.CommandExecutions, args{"source": args{"path": "/anywhere/spin.c"}, "line": testdata.Line("spin.c", "turn"), "limit": 10_000}},
	} {
		seq := p.send(q.command, q.a)
		p.do("cancel", args{"requestId": seq})
		if err := p.response(seq); err != nil && !strings.Contains(err.Error(), "cancelled") {
			t.Error(err)
		}
		if at := ask[dap.WhereResponseBody](p, dap.CommandWhere, nil).Icount; at != here {
			t.Errorf("%s: at %d, expected %d", q.command, at, here)
		}
		// And not cancelled: the newest.
		q.a["limit"] = 10
		if q.command == dap.CommandValueHistory {
			h := ask[dap.ValueHistory](p, q.command, q.a)
			chained(t, h)
			if len(h.Occurrences) != 10 || h.Complete {
				t.Errorf("%d writes", len(h.Occurrences))
			}
			continue
		}
		if got := ask[dap.Occurrences](p, q.command, q.a); len(got.Occurrences) != 10 || got.Complete {
			t.Errorf("%d executions", len(got.Occurrences))
		}
	}
	p.quiet()
}

func TestAQueryDoesNotHoldUpWhoLetsTheProgramGo(t *testing.T) {
	for command, then := range map[string]func(p *peer) error{
		"restart":   func(p *peer) error { p.stopped("entry"); return nil },
		"terminate": func(p *peer) error { return p.c.Event(p.ctx, "terminated", nil) },
	} {
		t.Run(command, func(t *testing.T) {
			p := start(t, "spin")
			far(t, p)
			query := p.send(dap.CommandFindHits, nil)
			p.do(command, nil)
			if err := p.response(query); err == nil || !strings.Contains(err.Error(), "cancelled") {
				t.Errorf("the query: %v", err)
			}
			if err := then(p); err != nil {
				t.Error(err)
			}
		})
	}
}
