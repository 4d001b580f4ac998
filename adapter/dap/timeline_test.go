package dap_test

import (
	"slices"
	"strings"
	"testing"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
)

// count sums the events of a kind.
func count(tl dap.Timeline, kind string) (n int) {
	for _, e := range tl.Events {
		if e.Kind == kind {
			n += e.Count
		}
	}
	return n
}

func TestTheTimelineTellsWhatHappened(t *testing.T) {
	each(t, "threads", func(t *testing.T, p *peer) {
		p.move("continue", "exit")
		tl := p.timeline(nil)
		if !tl.Position.Live || !tl.Position.Ended || tl.From != 0 || tl.To != tl.Position.Frontier || tl.Recording || tl.Buckets != 1000 || tl.Hits != nil {
			t.Errorf("%+v", tl.Position)
		}
		if n := count(tl, dap.KindOutput); n != 9 {
			t.Errorf("%d outputs, expected 9", n)
		}
		if n := count(tl, dap.KindThread); n != 4 || count(tl, dap.KindExit) != 1 {
			t.Errorf("%d threads begin", n)
		}
		if len(tl.Threads) != 5 || len(tl.Branches) != 1 || !tl.Branches[0].Current || len(tl.Checkpoints) == 0 {
			t.Fatalf("threads %+v, branches %+v, checkpoints %+v", tl.Threads, tl.Branches, tl.Checkpoints)
		}
		for i, th := range tl.Threads {
			if th.Name == "" || i > 0 && (th.From == 0 || th.To == nil || *th.To <= th.From) || len(th.Active) == 0 {
				t.Errorf("thread %+v", th)
			}
			for _, a := range th.Active {
				if a[0] < th.From || a[1] < a[0] || th.To != nil && a[1] > *th.To {
					t.Errorf("thread %d from %d ran in %v", th.ID, th.From, a)
				}
			}
		}
		last := tl.Events[len(tl.Events)-1]
		if last.Kind != dap.KindExit || !strings.Contains(last.Text, "code 7") || last.Icount != tl.To-1 {
			t.Errorf("last event %+v of %d", last, tl.To)
		}
		if !slices.IsSortedFunc(tl.Events, func(a, b dap.TimelineEvent) int { return int(int64(a.Icount - b.Icount)) }) {
			t.Error("events are not in order")
		}
		first := tl.Events[slices.IndexFunc(tl.Events, func(e dap.TimelineEvent) bool { return e.Kind == dap.KindOutput })]
		if first.Stream != "stdout" || first.Bytes == 0 || !strings.HasPrefix(first.Text, "lap 0: thread 0") {
			t.Errorf("first output %+v", first)
		}
		// From the past it is the same, and a part of it is a part.
		p.do(dap.CommandSeek, args{"to": "start"})
		p.stopped("goto")
		past := p.timeline(args{"buckets": 1})
		if past.Position.Live || past.Position.Ended || len(past.Threads) != 5 || count(past, dap.KindOutput) != 9 || len(past.Checkpoints) != 1 {
			t.Errorf("from the past: %+v", past)
		}
		part := p.timeline(args{"from": first.Icount, "to": first.Icount})
		if count(part, dap.KindOutput) != 1 || part.Events[0].Icount != first.Icount || part.Events[0].Text != first.Text {
			t.Errorf("at %d: %+v", first.Icount, part.Events)
		}
	})
}

func TestTheTimelineSaysWhatIsWrongWithARange(t *testing.T) {
	p := start(t, "steps")
	for _, a := range []args{{"buckets": -1}, {"buckets": 10001}, {"from": 10, "to": 9}, {"from": uint64(1) << 40}, {"from": -1}, {"to": "x"}} {
		p.refused(1003, dap.CommandTimeline, a)
	}
	if tl := p.timeline(args{"to": uint64(1) << 60}); tl.To != tl.Position.Frontier {
		t.Errorf("up to %d of %d", tl.To, tl.Position.Frontier)
	}
	q := connect(t)
	q.initialize()
	q.refused(1004, dap.CommandTimeline, nil)
	q.launch(guest(t, "steps"))
	if tl := q.timeline(nil); tl.From != 0 || tl.To != 0 || len(tl.Threads) != 1 || tl.Events == nil || len(tl.Events) != 0 {
		t.Errorf("before the start: %+v", tl)
	}
}

func TestARecordingsTimelineIsThatOfTheRun(t *testing.T) {
	path := recorded(t, "threads", args{})
	p := open(t, path, args{"position": "start"})
	p.do("configurationDone", nil)
	p.stopped("goto")
	tl := p.timeline(nil)
	if !tl.Recording || count(tl, dap.KindOutput) != 9 || len(tl.Threads) != 5 || count(tl, dap.KindExit) != 1 {
		t.Errorf("%+v", tl)
	}
}

func TestOutputEventsTellWhereInTheirStreamTheyAre(t *testing.T) {
	for name, run := range map[string]func(t *testing.T) *peer{
		"live": func(t *testing.T) *peer { return start(t, "steps") },
		"recording": func(t *testing.T) *peer {
			p := open(t, recorded(t, "steps", args{}), args{"stopOnEntry": true})
			p.do("configurationDone", nil)
			p.stopped("entry")
			return p
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := run(t)
			p.move("continue", "exit")
			var offset uint64
			var all strings.Builder
			for {
				if !slices.ContainsFunc(p.c.Pending(), func(m clientMessage) bool {
					e, ok := m.Msg.(*godap.OutputEvent)
					return ok && e.Body.Category == "stdout"
				}) {
					break
				}
				m, err := p.c.Take(p.ctx, func(m *clientMessage) bool {
					e, ok := m.Msg.(*godap.OutputEvent)
					return ok && e.Body.Category == "stdout"
				})
				if err != nil {
					t.Fatal(err)
				}
				body := decode[dap.OutputEventBody](t, m.Raw)
				if body.Revexec == nil || body.Revexec.Stream != "stdout" || body.Revexec.Offset == nil || *body.Revexec.Offset != offset {
					t.Fatalf("at offset %d: %s", offset, m.Raw)
				}
				offset += uint64(len(body.Output))
				all.WriteString(body.Output)
				moment := ask[dap.OutputMoment](p, dap.CommandOutputMoment, args{"offset": *body.Revexec.Offset})
				if moment.Icount != body.Revexec.Icount || moment.Offset != *body.Revexec.Offset || moment.Stream != "stdout" || !strings.HasPrefix(body.Output, moment.Text) {
					t.Fatalf("moment %+v of %s", moment, m.Raw)
				}
			}
			if offset < 100 {
				t.Errorf("%d bytes of output", offset)
			}
			e := p.refused(2005, dap.CommandOutputMoment, args{"offset": offset})
			if !strings.Contains(e.Format, "bytes so far") {
				t.Error(e)
			}
		})
	}
}

func TestInputIsInTheTimeline(t *testing.T) {
	text := "one\ntwo\n"
	p := start(t, "stdin", args{"stdin": args{"text": text}})
	p.move("continue", "exit")
	bytes := uint64(0)
	for _, e := range p.timeline(nil).Events {
		if e.Kind == dap.KindInput {
			bytes += e.Bytes
		}
	}
	if bytes != uint64(len(text)) {
		t.Errorf("%d bytes of input, expected %d", bytes, len(text))
	}
}
