package dap

import (
	"context"
	"fmt"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// Queries look at the history and leave the program where it is: no stop comes of them.
// They may take long. While one is under way the engine serves nothing else; a cancel
// ends it, as terminate, restart and the end of the session do.

// query runs a query for the request c.
func (s *session) query(c *call, title string, f func(ctx context.Context) error) error {
	p := s.prog
	s.report(c, title)
	defer s.in.yield()()
	p.deaf = true // what it replays the client has seen, or will
	defer func() {
		p.deaf = false
		s.reported()
	}()
	return f(c.ctx)
}

// Bounds of how many occurrences a query gives.
const (
	maxLimit     = 10_000
	defaultLimit = 1000
)

// limitOf checks the limit that a request asks for; 0 stands for the default.
func limitOf(request string, n int) (int, error) {
	if n == 0 {
		return defaultLimit, nil
	}
	if n < 1 || n > maxLimit {
		return 0, badArgument("%s: limit %d: write 1 to %d", request, n, maxLimit)
	}
	return n, nil
}

// whole is all of the history.
func (s *session) whole() debugger.Span {
	return debugger.Span{From: s.prog.tl.Start(), To: s.prog.tl.Frontier()}
}

// occurrences describes what was found to the client.
func (s *session) occurrences(found *debugger.Found) Occurrences {
	out := Occurrences{Occurrences: make([]Occurrence, len(found.Occurrences)), Complete: found.Complete}
	for i := range found.Occurrences {
		out.Occurrences[i] = s.occurrence(&found.Occurrences[i])
	}
	return out
}

func (s *session) occurrence(o *debugger.Occurrence) Occurrence {
	out := Occurrence{
		Icount: o.Icount, Thread: int(o.Thread), Function: symbols.FrameName(o.Function), Reason: reasons[o.Reason],
		Breakpoints: s.clientIDs(o.Breakpoints), Text: s.occurrenceText(o),
	}
	if o.Reason == debugger.ReasonBreakpoint && len(out.Breakpoints) > 0 {
		out.Reason = s.breaks.reason[out.Breakpoints[0]]
	}
	if o.File != "" {
		out.Source, out.Line = s.source1(o.File), s.lineOut(o.Line)
	}
	if w := o.Watch; w != nil {
		out.Old = &Value{Text: w.Old}
		if w.Write {
			out.New = &Value{Text: w.New}
		}
	}
	return out
}

// occurrenceText tells of an occurrence in a line: what happened, and where.
func (s *session) occurrenceText(o *debugger.Occurrence) string {
	at := shortPlace(o.Function, o.File, o.Line)
	switch {
	case o.Text == "":
		return at
	case at == "":
		return o.Text
	}
	return o.Text + ", " + at
}

// clientIDs are the client's IDs of breakpoints of the debugger's.
func (s *session) clientIDs(ids []int) (out []int) {
	for _, id := range ids {
		if client := s.breaks.ofID[id]; client != 0 {
			out = append(out, client)
		}
	}
	return out
}

// lines lists what was found for the debug console.
func (o *Occurrences) lines(what, none string, n int) string {
	if len(o.Occurrences) == 0 {
		return none
	}
	text := plural(len(o.Occurrences), what)
	list := o.Occurrences
	if !o.Complete {
		text = "the newest " + text
	}
	if len(list) > n {
		text += fmt.Sprintf("; the last %d", n)
		list = list[len(list)-n:]
	}
	text += ":"
	for i := range list {
		x := &list[i]
		text += fmt.Sprintf("\n  icount %-12d thread %-4d %s", x.Icount, x.Thread, x.Text)
	}
	return text
}

// listed is how many occurrences a word lists.
const listed = 30
