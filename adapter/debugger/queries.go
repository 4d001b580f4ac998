package debugger

import (
	"context"
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Span is a stretch of history: the positions from From to To, both in it. A write is
// in it if the positions right before and right after it are.
type Span struct{ From, To uint64 }

// Occurrence is something in history that can be gone to.
type Occurrence struct {
	// Icount is the position: at a breakpoint's address, in front of the instruction
	// that raises a signal, in front of the one that makes a watched access.
	Icount   uint64
	Thread   vm.ThreadID
	Function string // "0x… in ?" style if it has no name, as [Frame.Name]
	File     string // empty if not known
	Line     int
	Reason   Reason

	Breakpoints []int     // IDs of those that are hit
	Watch       *WatchHit // of an access
	Text        string    // for a person, as [Event.Text]; empty if there is nothing to add to the place
}

// Found is what a query has found.
type Found struct {
	// Occurrences are all that there are from From on, ascending by Icount. At one
	// position there can be several, of different reasons.
	Occurrences []Occurrence
	// From is how far back the query has looked: the span's start, unless it ended
	// early because it had found as many as it was asked for.
	From uint64
	// Complete says that From is the span's start.
	Complete bool
}

// Writes finds the writes to w's range in a span, the newest first, until it has limit
// of them (0: 1000). Each tells the values before and after it. Reads, conditions and
// breakpoints do not count. Like all queries it leaves the machine where it is, also
// when it is cancelled. Of a large range it may find fewer than limit, as what it gives
// is bounded to 64 MiB of values.
func (d *Debugger) Writes(ctx context.Context, w DataBreakpoint, in Span, limit int) (Found, error) {
	if err := checkRange(w.Addr, w.Size); err != nil {
		return Found{}, err
	}
	w.Read, w.Write, w.Condition = false, true, ""
	q := &survey{d: d, in: in, limit: limit, watched: []*point{{reason: ReasonData, data: w}}}
	watches := watchesOf(q.watched)
	q.stops = func(*moduleSet) *vm.Stops { return &vm.Stops{Watches: watches} }
	return q.find(ctx)
}

// Hits finds what motions over a span would stop at, the newest first, until it has
// limit (0: 1000): breakpoints, data breakpoints, exceptions and signals, as they are
// set, with their conditions; hits are counted from the start of history. They are
// among those that Seen tells from then on.
//
// They are the stops of one who continues again and again from before the span on, and
// those that such a one does not see because they are where another one has led: a
// breakpoint right behind a watched access, a signal at a breakpoint.
func (d *Debugger) Hits(ctx context.Context, in Span, limit int) (Found, error) {
	if err := d.countUpTo(ctx, in.To); err != nil {
		return Found{}, err
	}
	q := &survey{d: d, in: in, limit: limit, judge: d.judge}
	for _, p := range d.bps.data {
		if p.err == nil {
			q.watched = append(q.watched, p)
		}
	}
	watches := watchesOf(q.watched)
	q.stops = func(s *moduleSet) *vm.Stops {
		return &vm.Stops{Breaks: d.codeOf(s).breaks, Watches: watches, Signals: d.signals}
	}
	found, err := q.find(ctx)
	if err == nil {
		d.seen.add(found.Occurrences...)
	}
	return found, err
}

// judge says what a stop is to which the breakpoints, exceptions and signals lead; false
// if none of them is hit.
func (d *Debugger) judge(s *vm.Stop) (Occurrence, bool) {
	if s.Reason == vm.StopSignal {
		return Occurrence{Reason: ReasonSignal, Text: signalText(s)}, true
	}
	ev := Event{}
	(&search{d: d}).describe(&ev, s)
	return Occurrence{Reason: ev.Reason, Breakpoints: ev.Breakpoints, Text: ev.Text}, ev.Reason != ReasonStep
}

// countUpTo makes the hit counters know all hits up to a position, and leaves the
// machine where it is.
func (d *Debugger) countUpTo(ctx context.Context, at uint64) error {
	if !slices.ContainsFunc(d.bps.list(), func(p *point) bool { return p.hits != nil }) {
		return nil
	}
	origin := d.m.Icount()
	err := d.tl.Seek(ctx, min(max(at, d.tl.Start()), d.tl.Frontier()))
	if err == nil {
		err = d.count(ctx)
	}
	if back := d.tl.Seek(context.WithoutCancel(ctx), origin); err == nil {
		err = back
	}
	return err
}

// watchesOf are the watches for data breakpoints.
func watchesOf(points []*point) []vm.Watch {
	watches := make([]vm.Watch, len(points))
	for i, p := range points {
		watches[i] = vm.Watch{Addr: p.data.Addr, Size: p.data.Size, Read: p.data.Read, Write: p.data.Write}
	}
	return watches
}
