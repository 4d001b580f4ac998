package dap_test

import (
	"slices"
	"strings"
	"testing"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
	"github.com/dap-revexec/dap-revexec/testdata"
)

// outputs asks for the moments of all writes to stdout, in order.
func (p *peer) outputs() (all []dap.OutputMoment) {
	p.Helper()
	for _, e := range p.timeline(args{"buckets": 10_000}).Events {
		if e.Kind != dap.KindOutput {
			continue
		}
		for offset, end := uint64(0), e.Bytes; end > 0; {
			if n := len(all); n > 0 {
				offset = all[n-1].Offset + all[n-1].Size
			}
			m := ask[dap.OutputMoment](p, dap.CommandOutputMoment, args{"offset": offset})
			if m.Offset != offset || m.Size == 0 || m.Size > end {
				p.Fatalf("byte %d: %+v, of an event with %d bytes", offset, m, e.Bytes)
			}
			end -= m.Size
			all = append(all, m)
		}
	}
	return all
}

func TestAnOutputsMomentIsRightBeforeItIsWritten(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		p.move("continue", "exit")
		all := p.outputs()
		g, _ := testdata.Lookup("steps")
		var text strings.Builder
		for _, m := range all {
			text.WriteString(m.Text)
		}
		if text.String() != g.Expect() || len(all) < 10 {
			t.Fatalf("%d writes: %q", len(all), text.String())
		}
		// One instruction from there on the output is that of the write.
		m := all[len(all)/2]
		p.do(dap.CommandSeek, args{"icount": m.Icount})
		p.stopped("goto")
		if top := p.stack(); !slices.ContainsFunc(top, func(f godap.StackFrame) bool { return f.Name == "main" }) {
			t.Errorf("not below main: %+v", top)
		}
		at := ask[dap.WhereResponseBody](p, dap.CommandWhere, nil)
		if at.Icount != m.Icount {
			t.Errorf("at %d, expected %d", at.Icount, m.Icount)
		}
	})
}

func TestATextIsFoundInTheLatestOutputThatHasIt(t *testing.T) {
	find := func(p *peer, a args) dap.OutputMoment {
		p.Helper()
		return ask[dap.OutputMoment](p, dap.CommandOutputMoment, a)
	}
	check := func(t *testing.T, p *peer) {
		first, second := find(p, args{"text": "lap 0: thread 2"}), find(p, args{"text": "thread 2"})
		if first.Icount >= second.Icount || first.Text != "lap 0: thread 2\n" || second.Text != "lap 1: thread 2\n" || second.Stream != "stdout" {
			t.Errorf("%+v, %+v", first, second)
		}
		if again := find(p, args{"text": "thread 2", "before": second.Icount}); again != first {
			t.Errorf("before %d: %+v", second.Icount, again)
		}
		// Over the border of two writes it is where it begins.
		if over, want := find(p, args{"text": "thread 3\nlap 1"}), find(p, args{"text": "lap 0: thread 3"}); over != want {
			t.Errorf("over the border: %+v, expected %+v", over, want)
		}
		for _, a := range []args{{"text": "nowhere"}, {"text": "lap 0: thread 0", "before": 1}, {"text": "lap 0", "stream": "stderr"}, {"offset": 1 << 40}} {
			p.refused(2005, dap.CommandOutputMoment, a)
		}
		for _, a := range []args{{}, {"text": "x", "offset": 1}, {"offset": 0, "stream": "stdin"}, {"text": strings.Repeat("x", 1<<17)}} {
			p.refused(1003, dap.CommandOutputMoment, a)
		}
	}
	t.Run("live", func(t *testing.T) {
		p := start(t, "threads")
		p.move("continue", "exit")
		check(t, p)
	})
	// Of a recording the texts are not known before it has come by them.
	t.Run("recording", func(t *testing.T) {
		p := open(t, recorded(t, "threads", args{}), args{"position": "50%"})
		p.do("configurationDone", nil)
		at := p.stopped("goto").Revexec.Icount
		check(t, p)
		if now := ask[dap.WhereResponseBody](p, dap.CommandWhere, nil); now.Icount != at {
			t.Errorf("at %d, expected %d", now.Icount, at)
		}
		if out := p.output("stdout"); out != "" {
			t.Errorf("output %q", out)
		}
		p.move("continue", "exit")
		if out := p.output("stdout"); strings.Count(out, "lap 1") != 4 {
			t.Errorf("output %q", out)
		}
	})
}

func TestTheWordPrintedGoesBackFromOutputToOutput(t *testing.T) {
	p := start(t, "threads")
	p.move("continue", "exit")
	var at []uint64
	for _, want := range []string{"lap 1: thread 3", "lap 0: thread 3"} {
		if text := p.console("printed thread 3"); !strings.Contains(text, want) {
			t.Errorf("%s", text)
		}
		at = append(at, p.stopped("goto").Revexec.Icount)
	}
	if at[0] <= at[1] {
		t.Errorf("went to %v", at)
	}
	// None is before here: the latest of all.
	if text := p.console(`printed "thread 3\n"`); !strings.Contains(text, "future") {
		t.Errorf("%s", text)
	}
	if got := p.stopped("goto").Revexec.Icount; got != at[0] {
		t.Errorf("at %d, expected %d", got, at[0])
	}
	for text, id := range map[string]int{"printed": 1003, "printed nowhere": 2005} {
		p.refused(id, "evaluate", args{"expression": text, "context": "repl"})
	}
}

func TestASearchForAnOutputCanBeCancelled(t *testing.T) {
	// A text that is nowhere, in a recording with output that is not known yet.
	path := recorded(t, "bench_int", args{})
	p := open(t, path, args{"position": "start"})
	p.do("configurationDone", nil)
	p.stopped("goto")
	seq := p.send(dap.CommandOutputMoment, args{"text": "nowhere"})
	p.do("cancel", args{"requestId": seq})
	err := p.response(seq)
	if err == nil {
		t.Fatal("found")
	}
	// It was quick enough to end before, or it was cancelled.
	if text := err.Error(); !strings.Contains(text, "cancelled") && !strings.Contains(text, "not in what") {
		t.Error(err)
	}
	if now := ask[dap.WhereResponseBody](p, dap.CommandWhere, nil); now.Icount != 0 {
		t.Errorf("at %d", now.Icount)
	}
	for _, m := range p.c.Pending() {
		if strings.Contains(string(m.Raw), `"event":"stopped"`) {
			t.Errorf("a query stopped: %s", m.Raw)
		}
	}
}

func TestARecordingsOutputIsGivenOnceHoweverItIsWalked(t *testing.T) {
	p := open(t, recorded(t, "threads", args{}), args{"stopOnEntry": true})
	p.do("configurationDone", nil)
	p.stopped("entry")
	g, _ := testdata.Lookup("threads")
	for range 3 {
		p.do(dap.CommandNextExecution, args{"source": args{"path": "/x/threads.c"}, "line": testdata.Line("threads.c", "relay")})
		p.stopped("goto")
	}
	for range 4 {
		p.move("next", "step")
		p.move("stepBack", "step")
		p.move("next", "step")
	}
	p.move("reverseContinue", "entry")
	p.move("continue", "exit")
	if got := p.output("stdout"); got != g.Expect() {
		t.Errorf("output %q", got)
	}
}
