package dap

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/vm"
)

// The timeline: what happened when, for a picture of the history. A picture has as many
// columns as it has, so the answer is by buckets, and as large as these are many,
// however long the history is.

// Bounds of the buckets of a timeline.
const (
	maxBuckets     = 10_000
	defaultBuckets = 1000
)

// scale divides the part [from, to] of the history into buckets.
type scale struct {
	from, to uint64
	width    uint64 // of a bucket, positions
}

func newScale(from, to uint64, buckets int) scale {
	n := to - from // one less than there are positions
	return scale{from, to, n/uint64(buckets) + 1}
}

// bucket is the number of the bucket that a position is in.
func (x scale) bucket(icount uint64) uint64 { return (icount - x.from) / x.width }

// holds reports whether a position is in the part.
func (x scale) holds(icount uint64) bool { return x.from <= icount && icount <= x.to }

func (s *session) timeline(c *call, m *TimelineRequest) (any, error) {
	a := &m.Arguments
	tl := s.prog.tl
	from, to, buckets := tl.Start(), tl.Frontier(), a.Buckets
	if a.From != nil {
		from = max(from, *a.From)
	}
	if a.To != nil {
		to = min(to, *a.To)
	}
	if buckets == 0 {
		buckets = defaultBuckets
	}
	switch {
	case buckets < 1 || buckets > maxBuckets:
		return nil, badArgument("timeline: %d buckets: write 1 to %d", a.Buckets, maxBuckets)
	case from > to:
		return nil, badArgument("timeline: no position of the history is in what is asked for: the history is icount %d to %d", tl.Start(), tl.Frontier())
	}
	x := newScale(from, to, buckets)
	out := Timeline{
		Position: s.prog.position(), Recording: s.prog.played != nil, From: from, To: to, Buckets: buckets,
		Threads: s.timelineThreads(x), Checkpoints: s.timelineCheckpoints(x), Events: s.timelineEvents(x), Bookmarks: s.bookmarkList(),
		Branches: []TimelineBranch{{ID: 0, Name: "main", From: tl.Start(), To: tl.Frontier(), Current: true}},
		Hits:     s.hitsKnown,
	}
	return out, nil
}

// noted are the names of the journal's events in a timeline, and what tells of one.
var noted = [...]struct {
	kind string
	text func(*vm.Event) string // nil: told otherwise
}{
	vm.NoteOutput: {kind: KindOutput}, // its text tells
	vm.NoteInput: {KindInput, func(e *vm.Event) string {
		if e.Size == 0 {
			return "end of the input, or another size of the terminal"
		}
		return plural(e.Size, "byte") + " of input"
	}},
	vm.NoteSignal: {KindSignal, func(e *vm.Event) string { name, _ := debugger.SignalName(int(e.Value)); return name }},
	vm.NoteThread: {KindThread, func(e *vm.Event) string { return fmt.Sprintf("thread %d begins", e.Value) }},
	vm.NoteEnd:    {KindThreadEnd, func(e *vm.Event) string { return fmt.Sprintf("thread %d ends", e.Value) }},
	vm.NoteExec:   {KindExec, func(e *vm.Event) string { return "another program is executed" }},
	vm.NoteExit: {KindExit, func(e *vm.Event) string {
		return exitText(&vm.ExitStatus{Code: int(e.Value), Signal: int(e.Size)})
	}},
}

// lane is what events are merged by, beside buckets.
type lane struct {
	kind   vm.EventKind
	reason debugger.Reason // of what is not in the journal, whose kind is 0
	thread vm.ThreadID
	stream uint64
}

// merger makes events of a timeline of what happened, which comes by ascending
// position.
type merger struct {
	scale
	last uint64 // position of the current bucket
	open []struct {
		lane
		event int
	} // the current bucket's events
	out []TimelineEvent
}

// add returns the event that something at a position belongs to. It is new if Count
// is 1.
func (m *merger) add(l lane, icount uint64) *TimelineEvent {
	if icount > m.last || len(m.open) == 0 {
		m.open = m.open[:0]
		m.last = m.from + m.bucket(icount)*m.width + m.width - 1
	}
	for i := range m.open {
		if m.open[i].lane == l {
			e := &m.out[m.open[i].event]
			e.Count++
			e.To = icount
			return e
		}
	}
	m.open = append(m.open, struct {
		lane
		event int
	}{l, len(m.out)})
	m.out = append(m.out, TimelineEvent{Icount: icount, Count: 1, Thread: int(l.thread)})
	return &m.out[len(m.out)-1]
}

// timelineEvents are the events of a part of the history.
func (s *session) timelineEvents(x scale) []TimelineEvent {
	journal := s.prog.machine.Log().Journal()
	events := mergeJournal(journal, x)
	for i := range events {
		if e := &events[i]; e.Kind == KindOutput {
			if e.Text = s.outputLine(e); e.Text == "" {
				e.Text = plural(e.Bytes, "byte") + " to " + e.Stream
			}
		}
	}
	stops := s.mergeSeen(x)
	all := append(events, stops...)
	if len(stops) > 0 {
		slices.SortStableFunc(all, func(a, b TimelineEvent) int { return cmp.Compare(a.Icount, b.Icount) })
	}
	for i := range all {
		if e := &all[i]; e.Count > 1 {
			e.Text += " (and " + strconv.Itoa(e.Count-1) + " more)"
		}
	}
	return all
}

// mergeJournal makes events of the part of a journal that is in the scale.
func mergeJournal(journal []vm.Event, x scale) []TimelineEvent {
	first, _ := slices.BinarySearchFunc(journal, x.from, func(e vm.Event, at uint64) int { return cmp.Compare(e.Icount, at) })
	// Events that come apart are about as many as there are buckets, if not all are.
	m := merger{scale: x, out: make([]TimelineEvent, 0, min(len(journal)-first, 4*int((x.to-x.from)/x.width+1)))}
	for i := first; i < len(journal) && journal[i].Icount <= x.to; i++ {
		e := &journal[i]
		if int(e.Kind) >= len(noted) || noted[e.Kind].kind == "" {
			continue // of a newer program's recording
		}
		n := &noted[e.Kind]
		l := lane{kind: e.Kind, thread: e.Thread}
		if e.Kind == vm.NoteOutput {
			l.stream = e.Value
		}
		t := m.add(l, e.Icount)
		if t.Count == 1 {
			if t.Kind = n.kind; n.text != nil {
				t.Text = n.text(e)
			}
		}
		switch e.Kind {
		case vm.NoteOutput:
			t.Stream = streamName(int(e.Value))
			t.Bytes += e.Size
		case vm.NoteInput:
			t.Bytes += e.Size
		}
	}
	return m.out
}

// seenKinds are the kinds of stops in a timeline.
var seenKinds = map[debugger.Reason]string{
	debugger.ReasonBreakpoint: KindBreakpoint,
	debugger.ReasonFunction:   KindBreakpoint,
	debugger.ReasonData:       KindData,
	debugger.ReasonSignal:     KindException,
	debugger.ReasonException:  KindException,
}

// mergeSeen makes events of the stops that the debugger has seen.
func (s *session) mergeSeen(x scale) []TimelineEvent {
	m := merger{scale: x}
	seen := s.prog.dbg.Seen()
	for i := range seen {
		o := &seen[i]
		kind, known := seenKinds[o.Reason]
		if !known || !x.holds(o.Icount) {
			continue
		}
		e := m.add(lane{reason: o.Reason, thread: o.Thread}, o.Icount)
		if e.Count == 1 {
			e.Kind, e.Text = kind, s.occurrenceText(o)
		}
		for _, id := range s.clientIDs(o.Breakpoints) {
			if !slices.Contains(e.Breakpoints, id) {
				e.Breakpoints = append(e.Breakpoints, id)
			}
		}
	}
	return m.out
}

// timelineCheckpoints are the checkpoints in a part of the history.
func (s *session) timelineCheckpoints(x scale) []TimelineCheckpoint {
	out := []TimelineCheckpoint{}
	for _, p := range s.prog.tl.Checkpoints() {
		if !x.holds(p.Icount) {
			continue
		}
		if n := len(out); n > 0 && x.bucket(out[n-1].Icount) == x.bucket(p.Icount) {
			o := &out[n-1]
			o.Count++
			o.Cold, o.Pinned = o.Cold && p.Cold, o.Pinned || p.Pinned
			continue
		}
		out = append(out, TimelineCheckpoint{Icount: p.Icount, Count: 1, Cold: p.Cold, Pinned: p.Pinned})
	}
	return out
}

// life is a thread's, as far as a timeline shows it.
type life struct {
	id       vm.ThreadID
	from, to uint64 // in the history
	ends     bool   // at to
	active   [][2]uint64
}

// ran notes that the thread ran, or may have, from one position to another. Stretches
// come by ascending position; those that are nearer to each other than a bucket is
// wide are put together.
func (l *life) ran(from, to uint64, x scale) {
	from, to = max(from, l.from, x.from), min(to, l.to, x.to)
	if from > to {
		return
	}
	if n := len(l.active); n > 0 && from <= l.active[n-1][1]+x.width {
		l.active[n-1][1] = max(l.active[n-1][1], to)
		return
	}
	l.active = append(l.active, [2]uint64{from, to})
}

// lives lists the threads that a part of the history has, by ID.
func (s *session) lives(x scale) []*life {
	start, end := s.prog.tl.Start(), s.prog.tl.Frontier()
	byID := map[vm.ThreadID]*life{}
	of := func(id vm.ThreadID) *life {
		l := byID[id]
		if l == nil {
			l = &life{id: id, from: start, to: end}
			byID[id] = l
		}
		return l
	}
	for _, t := range s.prog.dbg.Threads() {
		of(t.ID)
	}
	for _, e := range s.prog.machine.Log().Journal() {
		switch e.Kind {
		case vm.NoteThread:
			of(vm.ThreadID(e.Value)).from = e.Icount
		case vm.NoteEnd:
			l := of(vm.ThreadID(e.Value))
			l.to, l.ends = e.Icount, true
		}
	}
	var out []*life
	for _, l := range byID {
		if l.from <= x.to && l.to >= x.from {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b *life) int { return cmp.Compare(a.id, b.id) })
	return out
}

// timelineThreads are the threads in a part of the history, and when they ran.
func (s *session) timelineThreads(x scale) []TimelineThread {
	lives := s.lives(x)
	if len(lives) == 1 {
		lives[0].ran(x.from, x.to, x) // who else?
	} else {
		for iv := range s.prog.tl.Intervals(x.from, x.to) {
			for _, l := range lives {
				if iv.Activity == nil || slices.ContainsFunc(iv.Activity.Tops, func(t vm.StackTop) bool { return t.Thread == l.id }) {
					l.ran(iv.From, iv.To, x)
				}
			}
		}
	}
	out := make([]TimelineThread, len(lives))
	for i, l := range lives {
		out[i] = TimelineThread{ID: int(l.id), Name: s.threadName(l.id), From: l.from, Active: l.active}
		if l.ends {
			out[i].To = &l.to
		}
		if l.active == nil {
			out[i].Active = [][2]uint64{}
		}
	}
	return out
}

// threadName is what a thread was called when the program was last seen with it.
func (s *session) threadName(id vm.ThreadID) string {
	if name := s.shown.names[int(id)]; name != "" {
		return name
	}
	return fmt.Sprintf("thread %d", id)
}

// timelineWord lists the events of all of the history, and where in it the program is.
func timelineWord(s *session, c *call, rest string) (string, error) {
	const lines = 40
	tl := s.prog.tl
	x := newScale(tl.Start(), tl.Frontier(), lines)
	var b strings.Builder
	at := tl.Icount()
	shown := false
	here := func(next uint64) {
		if !shown && at <= next {
			shown = true
			fmt.Fprintf(&b, "> icount %-12d you are here\n", at)
		}
	}
	for _, e := range s.timelineEvents(x) {
		here(e.Icount)
		fmt.Fprintf(&b, "  icount %-12d %-14s %s\n", e.Icount, e.Kind, e.Text)
	}
	here(at)
	fmt.Fprintf(&b, "%s, %s; icount %d to %d", plural(len(s.lives(x)), "thread"), plural(len(s.marks.list), "bookmark"), x.from, x.to)
	return b.String(), nil
}
