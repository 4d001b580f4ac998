package debugger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// ErrNoCaller is returned by StepOut in the outermost frame.
var ErrNoCaller = errors.New("no caller to return to: this is the outermost frame")

// breakSets remembers the set that a step in stops at, as building and translating
// one of all statements takes a while, and what it was built for.
type breakSets struct {
	version    uint64  // of the modules
	inside     bool    // with the language's runtime
	beside     *Module // beside the user's modules
	code       *vm.Breaks
	statements *vm.Breaks
}

// places are the addresses that a motion looks at while s is mapped.
type places func(s *moduleSet) *vm.Breaks

// Move carries out a motion and returns how it ended. See Event and the package
// comment.
func (d *Debugger) Move(ctx context.Context, mo Motion) (Event, error) {
	mo.Thread = d.current(mo.Thread)
	defer d.tellModules()
	defer d.Moved()
	if ev, err, done := d.undoStep(ctx, mo); done {
		return ev, err
	}
	from := d.m.Icount()
	ev, err := d.move(ctx, mo)
	if err == nil {
		d.see(&ev)
	}
	if err == nil && ev.arrived && !mo.Back {
		d.undo = append(d.undo, undoStep{mo.Verb, from, ev.Icount})
	} else {
		d.undo = nil
	}
	return ev, err
}

func (d *Debugger) move(ctx context.Context, mo Motion) (Event, error) {
	switch mo.Verb {
	case Continue:
		return d.run(ctx, mo.Back, nil)
	case Next, StepIn:
		return d.step(ctx, mo)
	case StepOut:
		return d.stepOut(ctx, mo)
	case StepInstruction:
		return d.stepInstruction(ctx, mo)
	case StepInstructionOver:
		return d.stepInstructionOver(ctx, mo)
	}
	return Event{}, fmt.Errorf("unknown verb %d", mo.Verb)
}

// undoStep is a forward step made: its verb, where it came from, where it led.
type undoStep struct {
	verb     Verb
	from, to uint64
}

// undoStep takes back the last step if the motion asks for just that.
func (d *Debugger) undoStep(ctx context.Context, mo Motion) (Event, error, bool) {
	n := len(d.undo)
	if !mo.Back || n == 0 || d.undo[n-1].verb != mo.Verb || d.undo[n-1].to != d.m.Icount() {
		return Event{}, nil, false
	}
	u := d.undo[n-1]
	if err := d.seek(ctx, u.from); err != nil {
		return d.event(ReasonPause, true), err, true
	}
	d.undo = d.undo[:n-1]
	return d.event(ReasonStep, true), nil, true
}

// goal decides at a position whether a motion has arrived.
type goal func(s *vm.Stop) bool

// aim is what a step looks for.
type aim struct {
	at      places // where reached is asked
	reached goal   // depends on the position alone
	inside  inside // during which calls reached does not hold; nil: not known
}

// run moves to the first position, or the latest earlier one, where a breakpoint,
// watchpoint or signal stops it or where the aim, if there is one, is reached.
func (d *Debugger) run(ctx context.Context, back bool, to *aim) (Event, error) {
	origin := d.m.Icount()
	if err := d.count(ctx); err != nil {
		return d.event(ReasonPause, back), err
	}
	r := &search{d: d, back: back, counts: true, to: to}
	for _, p := range d.bps.data {
		if p.err == nil {
			r.watch(p)
		}
	}
	points := func(s *moduleSet) *vm.Stops {
		return &vm.Stops{Breaks: d.codeOf(s).breaks, Watches: r.watches, Signals: d.signals, Anywhere: true, Filter: d.anywhere(r.filter)}
	}
	if to == nil {
		return r.run(ctx, origin, points)
	}
	r.over = over{to.inside, points}
	return r.run(ctx, origin, func(s *moduleSet) *vm.Stops {
		stops := points(s)
		stops.Breaks = union(to.at(s), stops.Breaks)
		return stops
	})
}

// run moves from origin, where the machine is, to what the search looks for.
func (r *search) run(ctx context.Context, origin uint64, stops stopsFor) (Event, error) {
	d := r.d
	for atStart := false; ; atStart = true {
		var st vm.Stop
		var err error
		if r.back {
			st, err = d.backward(ctx, stops, r.over)
		} else {
			start := d.m.Icount()
			st = d.forward(ctx, stops, r.to != nil, atStart)
			if r.counts {
				d.counted(start)
			}
		}
		d.Moved()
		if err != nil {
			return d.abandon(origin, r.back, err)
		}
		if st.Reason == vm.StopWatch {
			// A short way, on which an interrupt would lose the access.
			ev, ok, err := r.watchEvent(context.WithoutCancel(ctx), st)
			if err != nil {
				return d.abandon(origin, r.back, err)
			}
			if ok {
				return ev, nil
			}
			continue
		}
		ev, err := d.stopped(st, r.back)
		if st.Reason == vm.StopBreak {
			r.describe(&ev, &st)
		}
		ev.Logs = r.logs
		return ev, err
	}
}

// union is the set of the addresses in either set.
func union(a, b *vm.Breaks) *vm.Breaks {
	for _, addr := range b.Addrs() {
		if !a.Has(addr) {
			return vm.NewBreaks(slices.Concat(a.Addrs(), b.Addrs())...)
		}
	}
	return a
}

// abandon ends a motion that err has ended. One backward, which may have come to
// accesses that were none for their conditions, has then not moved the machine.
func (d *Debugger) abandon(origin uint64, back bool, err error) (Event, error) {
	if back {
		if err := d.seek(context.Background(), origin); err != nil {
			return d.event(ReasonPause, true), err
		}
	}
	return d.event(ReasonPause, back), err
}

// forward runs to a stop. A breakpoint or signal at the very start does not
// count, unless atStart says so, but a watched access does: going back to an access
// leaves the machine before it, and going forward from there must come to it again.
func (d *Debugger) forward(ctx context.Context, stops stopsFor, atExec, atStart bool) vm.Stop {
	watches := stops(d.set()).Watches
	if atStart {
		return d.advance(ctx, noLimit, func(s *moduleSet) *vm.Stops {
			all := *stops(s)
			all.AtStart = true
			return &all
		}, atExec, false)
	}
	if len(watches) == 0 {
		return d.advance(ctx, noLimit, stops, atExec, false)
	}
	next := d.m.Icount() + 1
	st := d.advance(ctx, next, func(*moduleSet) *vm.Stops { return &vm.Stops{Watches: watches, AtStart: true} }, atExec, false)
	if st.Reason != vm.StopLimit || d.m.Icount() < next {
		return st
	}
	return d.advance(ctx, noLimit, func(s *moduleSet) *vm.Stops {
		rest := *stops(s)
		rest.AtStart = true
		return &rest
	}, atExec, false)
}

// stopped makes the event of a stop that is no breakpoint's or watchpoint's.
func (d *Debugger) stopped(st vm.Stop, back bool) (Event, error) {
	ev := d.event(ReasonPause, back)
	switch st.Reason {
	case vm.StopLimit:
		if back {
			ev.Reason, ev.Text = ReasonStart, "Start of history"
		} else {
			ev.Reason = ReasonStep
		}
	case vm.StopMaps: // a step has come to another program
		ev.Reason, ev.Text = ReasonStep, fmt.Sprintf("The process runs %s now", d.m.Image().Path)
	case vm.StopSignal:
		ev.Reason, ev.Signal, ev.Fatal = ReasonSignal, st.Signal, st.Fatal
		ev.Text = signalText(&st)
	case vm.StopExit:
		ev.Reason = ReasonEnd
		if x, ok := d.m.Exited(); ok {
			ev.Exit = &x
			ev.Text = fmt.Sprintf("Program exited with code %d", x.Code)
			if x.Signal != 0 {
				ev.Text = fmt.Sprintf("Program was killed by %s", signalName(x.Signal))
			}
		}
	case vm.StopEnd:
		d.replays = true
		ev.Reason, ev.Text = ReasonRecorded, "End of the recording"
	case vm.StopError:
		return ev, fmt.Errorf("at icount %d: %w", st.Icount, st.Err)
	}
	return ev, nil
}

// search is one run: what its filter has seen. The filter is a function of the
// position alone, so that searching back may call it in any order.
type search struct {
	d       *Debugger
	back    bool
	counts  bool // breakpoints are looked at, and their hits counted
	to      *aim // nil for none
	over    over
	watched []*point
	watches []vm.Watch // of watched, at the same index
	logs    []LogMessage
}

// watch adds a watchpoint.
func (r *search) watch(p *point) {
	r.watched = append(r.watched, p)
	r.watches = append(r.watches, vm.Watch{Addr: p.data.Addr, Size: p.data.Size, Read: p.data.Read, Write: p.data.Write})
}

// filter says whether to stop.
func (r *search) filter(s *vm.Stop) bool {
	if s.Reason != vm.StopBreak {
		return true
	}
	if r.to != nil && r.to.reached(s) {
		return true
	}
	for _, p := range r.d.code().at[s.PC] {
		if stop, _ := r.d.hit(p, s, r); stop {
			return true
		}
	}
	return false
}

// hit decides whether breakpoint p stops at s. A condition that can't be
// evaluated stops, so that the user learns of it.
func (d *Debugger) hit(p *point, s *vm.Stop, r *search) (stop bool, why error) {
	if p.cond != "" {
		ok, err := d.holds(p, s.Thread)
		if err != nil {
			return true, err
		}
		if !ok {
			return false, nil
		}
	}
	if p.hits != nil && !p.hits.hit(s.Icount) {
		return false, nil
	}
	if p.log != "" {
		if r != nil && !r.back && s.Icount >= p.logged {
			p.logged = s.Icount + 1
			at := d.locate(p, d.set())
			r.log(LogMessage{Icount: s.Icount, Text: d.message(p.log, s.Thread), File: at.File, Line: at.Line})
		}
		return false, nil
	}
	return true, nil
}

func (r *search) log(m LogMessage) {
	if r.d.logSink != nil {
		r.d.logSink(m)
		return
	}
	r.logs = append(r.logs, m)
}

// describe completes the event of a stop at a breakpoint address: a breakpoint
// there goes before the end of a step.
func (r *search) describe(ev *Event, st *vm.Stop) {
	ev.Reason, ev.Thread = ReasonStep, st.Thread
	ev.arrived = r.to != nil && r.to.reached(st)
	for _, p := range r.d.code().at[st.PC] {
		if stop, why := r.d.hit(p, st, nil); stop && p.log == "" {
			if p.raises != nil {
				if ev.Reason == ReasonStep {
					ev.Reason, ev.Text = ReasonException, r.d.exceptionText(p.raises, st)
				}
				continue
			}
			ev.Breakpoints = append(ev.Breakpoints, p.id)
			if ev.Reason == ReasonStep {
				ev.Reason = p.reason
			}
			if why != nil {
				ev.Text = fmt.Sprintf("breakpoint %d: condition %q: %v", p.id, p.cond, why)
			}
		}
	}
}

// count makes every hit counter know all hits up to the current position.
func (d *Debugger) count(ctx context.Context) error {
	here := d.m.Icount()
	from := here
	for _, p := range d.bps.list() {
		if p.hits != nil && p.err == nil {
			from = min(from, max(p.hits.known, d.tl.Start()))
		}
	}
	if from < here {
		if err := d.tl.Seek(ctx, from); err != nil {
			return fmt.Errorf("count hits: %w", err)
		}
		st := d.advance(ctx, here, func(s *moduleSet) *vm.Stops {
			return &vm.Stops{Breaks: d.codeOf(s).breaks, AtStart: true, Filter: d.countHits}
		}, false, true)
		d.counted(from)
		switch st.Reason {
		case vm.StopError:
			return fmt.Errorf("count hits: %w", st.Err)
		case vm.StopInterrupted:
			if err := d.tl.Seek(context.WithoutCancel(ctx), here); err != nil {
				return err
			}
			return checkpoint.ErrCancelled
		}
	}
	// The position itself: motions do not look at where they start.
	t := d.m.CurrentThread()
	d.countHits(&vm.Stop{Icount: here, Thread: t, PC: d.pc(t)})
	return nil
}

func (d *Debugger) countHits(s *vm.Stop) bool {
	for _, p := range d.code().at[s.PC] {
		if p.hits == nil {
			continue
		}
		if p.cond != "" {
			if ok, err := d.holds(p, s.Thread); err == nil && !ok {
				continue
			}
		}
		p.hits.hit(s.Icount)
	}
	return false
}

// counted notes that the counters have seen all hits from start, which they knew
// up to, to the current position, exclusive.
func (d *Debugger) counted(start uint64) {
	for _, p := range d.bps.list() {
		if p.hits != nil && p.hits.known >= start {
			p.hits.known = max(p.hits.known, d.m.Icount())
		}
	}
}
