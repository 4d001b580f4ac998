package debugger

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// An epoch is a stretch of history in which the same files are mapped. Breakpoints
// and statements have addresses within an epoch only: a motion goes from one into
// the next, and what it looks for is made anew for each. Forward the machine says
// where a new one begins, the first time that it comes there; a search back has to
// know.

// epoch begins at a position, just after the system call that mapped or unmapped
// something.
type epoch struct {
	at      uint64
	version uint64
}

// epochs are those of the history up to the position known, ascending; the first
// begins at 0.
type epochs struct {
	list  []epoch
	known uint64
}

// of is the epoch that a position ≤ known belongs to.
func (e *epochs) of(icount uint64) epoch {
	return e.list[sort.Search(len(e.list), func(i int) bool { return e.list[i].at > icount })-1]
}

// next is where the epoch after that of a position begins; ok is false if none is
// known.
func (e *epochs) next(icount uint64) (at uint64, ok bool) {
	i := sort.Search(len(e.list), func(i int) bool { return e.list[i].at > icount })
	if i == len(e.list) {
		return 0, false
	}
	return e.list[i].at, true
}

// reached notes that the history up to the machine's position, which it has run to
// from a known one, has been looked at.
func (d *Debugger) reached() {
	e := &d.epochs
	at, v := d.m.Icount(), d.m.MapsVersion()
	if at <= e.known {
		return
	}
	if e.list[len(e.list)-1].version != v {
		e.list = append(e.list, epoch{at, v})
	}
	e.known = at
}

// learn looks for epochs up to the machine's position, where it may have come
// without the debugger: by a seek in a history that was recorded before.
func (d *Debugger) learn(ctx context.Context) error {
	here := d.m.Icount()
	if len(d.epochs.list) == 0 {
		if here > 0 {
			if err := d.tl.Seek(ctx, 0); err != nil {
				return fmt.Errorf("look for libraries: %w", err)
			}
		}
		d.epochs = epochs{list: []epoch{{0, d.m.MapsVersion()}}}
	}
	if here <= d.epochs.known && here == d.m.Icount() {
		return nil
	}
	if here > d.epochs.known && d.m.Icount() != d.epochs.known {
		if err := d.tl.Seek(ctx, d.epochs.known); err != nil {
			return fmt.Errorf("look for libraries: %w", err)
		}
	}
	for d.m.Icount() < here {
		st := d.tl.Forward(ctx, here, &vm.Stops{Maps: true})
		switch st.Reason {
		case vm.StopError:
			return fmt.Errorf("look for libraries: %w", st.Err)
		case vm.StopInterrupted:
			if err := d.tl.Seek(context.WithoutCancel(ctx), here); err != nil {
				return err
			}
			return checkpoint.ErrCancelled
		case vm.StopExit:
			return nil
		}
		d.reached()
	}
	return nil
}

// stopsFor makes what a motion stops at while s is mapped.
type stopsFor func(s *moduleSet) *vm.Stops

// advance runs to until or a stop, over any number of epochs. quiet keeps it to
// itself that modules come and go. atExec stops where the process becomes another
// program, with StopMaps. The caller has called learn.
func (d *Debugger) advance(ctx context.Context, until uint64, stops stopsFor, atExec, quiet bool) vm.Stop {
	program := d.set().image
	for first := true; ; first = false {
		here := d.m.Icount()
		s := *stops(d.set())
		s.AtStart = s.AtStart || !first
		limit := until
		if here < d.epochs.known {
			// Over what is known nothing needs to be looked for.
			limit = min(limit, d.epochs.known)
			if at, ok := d.epochs.next(here); ok {
				limit = min(limit, at)
			}
		} else {
			s.Maps = true
		}
		version := d.m.MapsVersion()
		st := d.tl.Forward(ctx, limit, &s)
		d.reached()
		if d.m.MapsVersion() != version {
			clear(d.stacks)
			if !quiet {
				d.tellModules()
			}
			if atExec && (st.Reason == vm.StopMaps || st.Reason == vm.StopLimit) && !sameProgram(program, d.set().image) {
				st.Reason = vm.StopMaps
				return st
			}
		}
		switch {
		case st.Reason == vm.StopMaps:
			if d.m.Icount() >= until {
				st.Reason = vm.StopLimit
				return st
			}
		case st.Reason != vm.StopLimit || d.m.Icount() >= until:
			return st
		}
	}
}

// sameProgram reports whether two descriptions are of the same run of a program.
func sameProgram(a, b vm.Image) bool {
	return a.Path == b.Path && a.Entry == b.Entry && slices.Equal(a.Args, b.Args) && bytes.Equal(a.Auxv, b.Auxv)
}

// backward searches back to the start of history, over any number of epochs; see
// [checkpoint.Timeline.Back]. After an error the machine may be anywhere. The
// caller has called learn.
func (d *Debugger) backward(ctx context.Context, stops stopsFor) (vm.Stop, error) {
	for {
		here := d.m.Icount()
		if here == 0 {
			return vm.Stop{Reason: vm.StopLimit, Thread: d.m.CurrentThread()}, nil
		}
		e := d.epochs.of(here - 1)
		if d.mods.sets[e.version] == nil {
			// What was mapped then has to be looked at there.
			if err := d.tl.Seek(ctx, e.at); err != nil {
				return vm.Stop{Reason: vm.StopError, Err: err}, err
			}
			d.set()
			if err := d.tl.Seek(ctx, here); err != nil {
				return vm.Stop{Reason: vm.StopError, Err: err}, err
			}
		}
		st, err := d.tl.Back(ctx, e.at, stops(d.mods.sets[e.version]))
		if err != nil || st.Reason != vm.StopLimit || e.at == 0 {
			return st, err
		}
	}
}
