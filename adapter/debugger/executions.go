package debugger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Place is a place in the code: one of File with Line, Function, and Addr. It is
// executed where a breakpoint there would stop: at the start of the line's statement or
// behind the function's prologue, in each copy that the compiler has made, of any
// thread and at any depth.
type Place struct {
	File     string // any path that ends like the one in the debug information
	Line     int
	Function string
	Addr     uint64
}

// ErrNotExecuted is returned by LastExecution where there is no earlier execution.
var ErrNotExecuted = errors.New("not executed before here in the recorded history")

// String is the place for messages: "main.c:12", "main.main", "0x401000".
func (p Place) String() string {
	switch {
	case p.File != "":
		return fmt.Sprintf("%s:%d", filepath.Base(p.File), p.Line)
	case p.Function != "":
		return p.Function
	}
	return fmt.Sprintf("%#x", p.Addr)
}

// placesOf finds a place's addresses. The error says why it has none in what is mapped at
// the machine's position; where other files are mapped it may have others, or none.
func (d *Debugger) placesOf(p Place) (places, error) {
	find := func(s *moduleSet) ([]uint64, error) {
		switch {
		case p.File != "":
			at, err := s.placesOf(p.File, p.Line)
			return at.Addrs, err
		case p.Function != "":
			if addrs := s.functionPlaces(p.Function); len(addrs) > 0 {
				return addrs, nil
			}
			return nil, fmt.Errorf("%s: no function of that name", p.Function)
		case p.Addr%uint64(d.arch.MinInst) != 0:
			return nil, fmt.Errorf("%#x: instructions start at multiples of %d", p.Addr, d.arch.MinInst)
		}
		return []uint64{p.Addr}, nil
	}
	if _, err := find(d.set()); err != nil {
		return nil, fmt.Errorf("executions of %w", err)
	}
	known := map[uint64]*vm.Breaks{}
	return func(s *moduleSet) *vm.Breaks {
		b := known[s.version]
		if b == nil {
			addrs, _ := find(s)
			b = vm.NewBreaks(addrs...)
			known[s.version] = b
		}
		return b
	}, nil
}

// Executions finds the executions of a place in a span, the newest first, until it has
// limit of them (0: 1000). Their reason is ReasonStep. At the frontier, where the
// program has not gone on yet, a place that it is about to execute counts.
func (d *Debugger) Executions(ctx context.Context, p Place, in Span, limit int) (Found, error) {
	at, err := d.placesOf(p)
	if err != nil {
		return Found{}, err
	}
	q := &survey{
		d: d, in: in, limit: limit,
		stops: func(s *moduleSet) *vm.Stops { return &vm.Stops{Breaks: at(s)} },
		judge: func(*vm.Stop) (Occurrence, bool) { return Occurrence{Reason: ReasonStep}, true },
	}
	return q.find(ctx)
}

// LastExecution goes back to the latest earlier execution of a place: from a stop there
// to the one before. With breakpoints what stops other motions stops this one, too. The
// event has the reason ReasonGoto where it has arrived, unless a breakpoint there is
// looked at and hit; if there is no earlier execution, nor anything else to stop at,
// the error is [ErrNotExecuted], and the machine stays where it is.
func (d *Debugger) LastExecution(ctx context.Context, p Place, breakpoints bool) (Event, error) {
	return d.execution(ctx, p, breakpoints, true)
}

// NextExecution goes on to the next execution of a place, past the recorded history, to
// the end of the program if need be.
func (d *Debugger) NextExecution(ctx context.Context, p Place, breakpoints bool) (Event, error) {
	return d.execution(ctx, p, breakpoints, false)
}

func (d *Debugger) execution(ctx context.Context, p Place, breakpoints, back bool) (ev Event, err error) {
	at, err := d.placesOf(p)
	if err != nil {
		return d.event(ReasonPause, back), err
	}
	defer d.tellModules()
	defer d.Moved()
	d.undo = nil
	origin := d.m.Icount()
	to := &aim{at: at, reached: func(s *vm.Stop) bool { return at(d.set()).Has(s.PC) }}
	if breakpoints {
		ev, err = d.run(ctx, back, to)
	} else {
		ev, err = d.goTo(ctx, to, back)
	}
	switch {
	case err != nil:
		return ev, err
	case ev.Reason == ReasonStart:
		return d.abandon(origin, true, fmt.Errorf("%s: %w", p, ErrNotExecuted))
	case ev.arrived && ev.Reason == ReasonStep:
		ev.Reason, ev.Text = ReasonGoto, fmt.Sprintf("%s executed", p)
	}
	d.see(&ev)
	return ev, nil
}

// goTo moves to what an aim looks for, which alone stops it.
func (d *Debugger) goTo(ctx context.Context, to *aim, back bool) (Event, error) {
	origin := d.m.Icount()
	var st vm.Stop
	var err error
	if back {
		st, err = d.backward(ctx, to.stops(d), over{to.inside, func(*moduleSet) *vm.Stops { return &vm.Stops{} }})
	} else {
		st = d.advance(ctx, noLimit, to.stops(d), false, false)
	}
	d.Moved()
	if err != nil {
		return d.abandon(origin, back, err)
	}
	ev, err := d.stopped(st, back)
	if st.Reason == vm.StopBreak {
		ev.Reason, ev.Thread, ev.arrived = ReasonStep, st.Thread, true
	}
	return ev, err
}
