package debugger

import (
	"cmp"
	"context"
	"slices"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Queries look for all that there is of something, from the newest to the oldest. All
// are one search back whose filter takes notes (see [checkpoint.Timeline.Collect]), so
// each interval is replayed once, however much is in it; then the machine goes back to
// where it was. A query looks at what it asks for only: it counts no hits of
// breakpoints, and forgets no steps made.

const (
	// defaultLimit is how many occurrences a query looks for if no number is given.
	defaultLimit = 1000
	// mostValues bounds the values that a query gives, in bytes.
	mostValues = 64 << 20
	// mostNoted is the size of a watched range, in bytes, up to which its values are
	// noted at each access on the way: there are many more than are given in the end.
	mostNoted = 256
)

// survey is a query at work. Its callbacks are called one at a time.
type survey struct {
	d     *Debugger
	in    Span
	limit int
	stops stopsFor // without a filter
	// judge says what a stop is that is not a watched access's; false: nothing.
	judge   func(s *vm.Stop) (Occurrence, bool)
	watched []*point // what the stops' watches are for, at the same index

	notes map[noteKey]*note
	olds  map[uint64][]byte // values before accesses that are about to be made, by position
}

// noteKey tells notes apart: a position has one of each reason.
type noteKey struct {
	at  uint64
	why vm.Reason
}

// note is an occurrence, not complete yet.
type note struct {
	Occurrence
	pc     uint64
	set    *moduleSet
	point  *point // of a watched access
	kernel bool   // the guest's kernel has made it: thread, pc and old value are not known
}

// find carries the query out.
func (q *survey) find(ctx context.Context) (Found, error) {
	d := q.d
	q.in.From, q.in.To = max(q.in.From, d.tl.Start()), min(q.in.To, d.tl.Frontier())
	if q.in.From > q.in.To {
		return Found{From: q.in.From, Complete: true}, nil
	}
	if q.limit <= 0 {
		q.limit = defaultLimit
	}
	for _, p := range q.watched {
		q.limit = min(q.limit, max(1, int(mostValues/(2*p.data.Size))))
	}
	q.notes, q.olds = map[noteKey]*note{}, map[uint64][]byte{}
	origin := d.m.Icount()
	found, err := q.collect(ctx)
	// The frames of the position that the user looks at stay what they are.
	if back := d.tl.Seek(context.WithoutCancel(ctx), origin); err == nil {
		err = back
	}
	if err != nil {
		return Found{}, err
	}
	return found, nil
}

// collect searches from the span's end. It leaves the machine anywhere.
func (q *survey) collect(ctx context.Context) (Found, error) {
	d := q.d
	end := q.in.To
	if end < d.tl.Frontier() {
		end++ // the position at its end belongs to the span
	}
	if err := d.tl.Seek(ctx, end); err != nil {
		return Found{}, err
	}
	if end == q.in.To {
		q.atFrontier()
	}
	from := end
	for from > q.in.From && len(q.notes) < q.limit {
		begins, set, err := d.epoch(ctx)
		if err != nil {
			return Found{}, err
		}
		lower := max(begins, q.in.From)
		stops := *q.stops(set)
		stops.Anywhere, stops.Filter = true, d.anywhere(q.filter)
		c := checkpoint.Collection{Query: checkpoint.Query{Stops: stops}, Limit: q.limit - len(q.notes)}
		if len(stops.Watches) > 0 {
			c.After = d.anywhere(q.after)
		}
		if from, err = d.tl.Collect(ctx, lower, c); err != nil {
			return Found{}, err
		}
		if from > lower {
			break
		}
		if from > q.in.From {
			if err := d.tl.Seek(ctx, from); err != nil {
				return Found{}, err
			}
		}
	}
	return q.complete(ctx, min(from, q.in.To))
}

// filter takes note of a stop, if it counts.
func (q *survey) filter(s *vm.Stop) bool {
	if s.Reason != vm.StopWatch {
		if s.Icount < q.in.From || s.Icount > q.in.To {
			return false
		}
		o, ok := q.judge(s)
		if ok {
			o.Icount, o.Thread = s.Icount, s.Thread
			q.note(s, &note{Occurrence: o, pc: s.PC})
		}
		return ok
	}
	if s.At < q.in.From || s.At >= q.in.To {
		return false
	}
	if p := q.watched[s.Watch]; !s.After && p.data.Size <= mostNoted {
		q.olds[s.At] = q.d.content(p)
	}
	return true
}

// after takes note of a watched access that has just been made.
func (q *survey) after(s *vm.Stop) bool {
	d, p := q.d, q.watched[s.Watch]
	old := q.olds[s.At]
	delete(q.olds, s.At)
	if !d.accepts(p) {
		return false
	}
	h := &WatchHit{ID: p.id, Expr: p.data.Expr, Addr: s.Addr, Size: s.Size, Write: s.Write, At: s.At}
	if p.data.Size <= mostNoted {
		h.OldData, h.NewData = old, d.content(p)
	}
	n := &note{pc: s.PC, point: p, kernel: s.After, Occurrence: Occurrence{Icount: s.At, Thread: s.Thread, Reason: ReasonData, Watch: h}}
	if p.id != 0 {
		n.Breakpoints = []int{p.id}
	}
	q.note(s, n)
	return true
}

func (q *survey) note(s *vm.Stop, n *note) {
	n.set = q.d.set()
	q.notes[noteKey{n.Icount, s.Reason}] = n
}

// atFrontier takes note of what there is at the frontier, where the machine is: to go
// on would be to go live. That is a breakpoint of a thread that is about to run, and a
// signal that a motion has stopped at.
func (q *survey) atFrontier() {
	d := q.d
	here := d.m.Icount()
	if _, exited := d.m.Exited(); exited || d.m.Elsewhere() {
		return
	}
	for _, th := range d.m.Threads() {
		s := &vm.Stop{Reason: vm.StopBreak, Icount: here, Thread: th.ID, PC: th.PC, Machine: d.m}
		if th.ID == d.m.CurrentThread() && th.State == vm.ThreadRunnable && q.stops(d.set()).Breaks.Has(th.PC) {
			q.filter(s)
		}
	}
	if !q.stops(d.set()).Signals {
		return
	}
	for _, o := range d.seen.at(here) {
		if o.Reason == ReasonSignal {
			q.note(&vm.Stop{Reason: vm.StopSignal}, &note{Occurrence: o, pc: d.pc(o.Thread)})
		}
	}
}

// complete makes the result of the notes; all from the position from on have been
// taken. It leaves the machine anywhere.
func (q *survey) complete(ctx context.Context, from uint64) (Found, error) {
	var notes []*note
	for _, n := range q.notes {
		if n.Icount >= from {
			notes = append(notes, n)
		}
	}
	slices.SortFunc(notes, func(a, b *note) int {
		return cmp.Or(cmp.Compare(a.Icount, b.Icount), cmp.Compare(a.Reason, b.Reason))
	})
	if more := len(notes) - q.limit; more > 0 {
		for more > 0 && notes[more].Icount == notes[more-1].Icount {
			more--
		}
		notes = notes[more:]
		from = notes[0].Icount
	}
	f := Found{From: from, Complete: from <= q.in.From, Occurrences: make([]Occurrence, 0, len(notes))}
	for _, n := range notes {
		if err := q.lookAgain(ctx, n); err != nil {
			return Found{}, err
		}
		n.Function, n.File, n.Line = q.d.placeAt(n.set, n.pc)
		if h := n.Watch; h != nil {
			n.Text = q.d.tellAccess(n.point, h)
		}
		f.Occurrences = append(f.Occurrences, n.Occurrence)
	}
	return f, nil
}

// lookAgain completes the note of an access with what could not be noted in passing.
// The notes are gone through in order, so the way from one to the next is short.
func (q *survey) lookAgain(ctx context.Context, n *note) error {
	d, h := q.d, n.Watch
	if h == nil || !n.kernel && n.point.data.Size <= mostNoted {
		return nil
	}
	if err := d.tl.Seek(ctx, h.At); err != nil {
		return err
	}
	h.OldData = d.content(n.point)
	if n.kernel {
		n.Thread = d.m.CurrentThread()
		n.pc, n.set = d.pc(n.Thread), d.set()
	}
	if n.point.data.Size > mostNoted {
		if err := d.tl.Seek(ctx, h.At+1); err != nil {
			return err
		}
		h.NewData = d.content(n.point)
	}
	return nil
}

// placeAt names the code at pc while s is mapped: its innermost function, inlined ones
// included, and its line.
func (d *Debugger) placeAt(s *moduleSet, pc uint64) (function, file string, line int) {
	if l, ok := s.space.LineAt(pc); ok {
		file, line = l.File, l.Line
	}
	if chain := s.space.InlineChain(pc); len(chain) > 0 {
		return chain[0].Name, file, line
	}
	return d.symbolicIn(s, pc), file, line
}
