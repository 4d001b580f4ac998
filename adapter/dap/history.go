package dap

import (
	"context"
	"fmt"
	"math"
	"strings"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
)

// The history of a variable: which values it had, and who wrote them.

func (s *session) valueHistory(c *call, m *ValueHistoryRequest) (any, error) {
	limit, err := limitOf(c.name, m.Arguments.Limit)
	if err != nil {
		return nil, err
	}
	h, err := s.historyOf(c, &m.Arguments.dataBreakpointInfoArguments, limit)
	if err != nil && m.Arguments.Quiet {
		return nil, quietly(err)
	}
	return h, err
}

// historyOf looks for the values of what the arguments name.
func (s *session) historyOf(c *call, a *dataBreakpointInfoArguments, limit int) (*ValueHistory, error) {
	r, why, err := s.watchRange(c.name, a)
	switch {
	case err != nil:
		return nil, err
	case why != "":
		return nil, fail(errEvaluate, "%s", why)
	}
	thread, frame := s.prog.machine.CurrentThread(), (*debugger.Frame)(nil)
	if f, err := s.refs.frame(a.FrameId); err == nil {
		thread, frame = f.thread, &f.frame
	}
	out := &ValueHistory{Name: r.Expr, EvaluateName: r.name, Type: r.typ, Address: hex(r.Addr), Size: r.Size}
	now := s.valueNow(&r)
	err = s.query(c, "Looking for the writes of "+r.Expr, func(ctx context.Context) error {
		in, local, err := s.prog.dbg.Lifetime(ctx, thread, frame, r.Addr, r.Size)
		if err != nil {
			return err
		}
		if !local {
			in = s.whole()
		}
		found, err := s.prog.dbg.Writes(ctx, r.DataBreakpoint, in, limit)
		if err != nil {
			return err
		}
		out.From, out.To, out.Complete = found.From, in.To, found.Complete
		out.Occurrences = s.occurrences(&found).Occurrences
		for i := range found.Occurrences {
			if w := found.Occurrences[i].Watch; w != nil {
				o := &out.Occurrences[i]
				o.Old.Number, o.New.Number = r.numberOf(w.OldData), r.numberOf(w.NewData)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if out.Initial = now; len(out.Occurrences) > 0 {
		out.Initial = out.Occurrences[0].Old
	}
	return out, nil
}

// valueNow is the value at the program's position; nil if it can't be read.
func (s *session) valueNow(r *watchRange) *Value {
	buf := make([]byte, r.Size)
	if s.prog.machine.ReadMemory(r.Addr, buf) < len(buf) {
		return nil
	}
	return &Value{Text: r.Text(buf), Number: r.numberOf(buf)}
}

// numberOf is the number that a watched range's content stands for; nil if it is none.
func (r *watchRange) numberOf(data []byte) *float64 {
	if r.number == nil || uint64(len(data)) != r.Size {
		return nil
	}
	n, ok := r.number(data)
	if !ok || math.IsNaN(n) || math.IsInf(n, 0) { // JSON has no form for these
		return nil
	}
	return &n
}

func historyWord(s *session, c *call, rest string) (string, error) {
	if rest == "" {
		return "", badArgument("history: an expression is missing")
	}
	a := dataBreakpointInfoArguments{DataBreakpointInfoArguments: godap.DataBreakpointInfoArguments{Name: rest, FrameId: frameOf(c)}}
	h, err := s.historyOf(c, &a, defaultLimit)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	since := "the start of history"
	if h.From > s.prog.tl.Start() {
		since = fmt.Sprintf("icount %d", h.From)
	}
	if h.Initial != nil {
		fmt.Fprintf(&b, "%s: %s since %s\n", h.Name, h.Initial.Text, since)
	}
	list := Occurrences{Occurrences: h.Occurrences, Complete: h.Complete}
	b.WriteString(list.lines("write", fmt.Sprintf("not written from icount %d to %d", h.From, h.To), listed))
	return b.String(), nil
}
