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
// where a new one begins. A search back has to know where the one that it starts in
// begins: that is looked for once, among the checkpoints, as the version of what is
// mapped (see [vm.Machine.MapsVersion]) only grows.

// epochs tells where epochs begin, just after the system call that mapped or
// unmapped something or at the start of history, by the version of what is mapped.
type epochs map[uint64]uint64

// maxEpochs bounds the epochs that are remembered.
const maxEpochs = 1 << 16

// note remembers where an epoch begins.
func (e epochs) note(version, at uint64) {
	if len(e) >= maxEpochs {
		clear(e)
	}
	e[version] = at
}

// epoch finds the epoch that the position before the machine's belongs to: where
// it begins, and what is mapped in it. Between the start of history and the machine
// there must be a position. After an error the machine may be anywhere.
func (d *Debugger) epoch(ctx context.Context) (begins uint64, set *moduleSet, err error) {
	here := d.m.Icount()
	if at, known := d.epochs[d.m.MapsVersion()]; known && at < here {
		return at, d.set(), nil
	}
	if err = d.tl.Seek(ctx, here-1); err != nil {
		return 0, nil, fmt.Errorf("look for libraries: %w", err)
	}
	set = d.set()
	if begins, err = d.begin(ctx); err != nil {
		return 0, nil, fmt.Errorf("look for libraries: %w", err)
	}
	if err = d.tl.Seek(ctx, here); err != nil {
		return 0, nil, fmt.Errorf("look for libraries: %w", err)
	}
	return begins, set, nil
}

// begin finds where the epoch of the machine's position begins. It leaves the
// machine anywhere.
func (d *Debugger) begin(ctx context.Context) (uint64, error) {
	here, version := d.m.Icount(), d.m.MapsVersion()
	if at, known := d.epochs[version]; known {
		return at, nil
	}
	// Most programs map nothing after their first instants: the first probe often
	// is the last.
	start := d.tl.Start()
	if same, err := d.hasVersion(ctx, start, version); err != nil {
		return 0, err
	} else if same {
		d.epochs.note(version, start)
		return start, nil
	}
	list := d.tl.Checkpoints()
	list = list[:sort.Search(len(list), func(i int) bool { return list[i].Icount > here })]
	var failed error
	i := sort.Search(len(list), func(i int) bool {
		if failed != nil {
			return true
		}
		same, err := d.hasVersion(ctx, list[i].Icount, version)
		failed = err
		return same
	})
	if failed != nil {
		return 0, failed
	}
	// It begins after the checkpoint before.
	if err := d.tl.Seek(ctx, list[max(i-1, 0)].Icount); err != nil {
		return 0, err
	}
	for d.m.MapsVersion() != version {
		at := d.m.Icount()
		switch st := d.tl.Forward(ctx, here, &vm.Stops{Maps: true}); {
		case st.Reason == vm.StopError:
			return 0, st.Err
		case st.Reason == vm.StopInterrupted:
			return 0, checkpoint.ErrCancelled
		case st.Reason == vm.StopMaps:
			d.epochs.note(d.m.MapsVersion(), d.m.Icount())
		case d.m.Icount() == at || d.m.Icount() >= here:
			return 0, fmt.Errorf("version %d of what is mapped at icount %d does not begin before it", version, here)
		}
	}
	return d.m.Icount(), nil
}

// hasVersion goes to a position and reports whether it has a version of what is
// mapped.
func (d *Debugger) hasVersion(ctx context.Context, at, version uint64) (bool, error) {
	err := d.tl.Seek(ctx, at)
	return err == nil && d.m.MapsVersion() == version, err
}

// stopsFor makes what a motion stops at while s is mapped.
type stopsFor func(s *moduleSet) *vm.Stops

// advance runs to until or a stop, over any number of epochs. quiet keeps it to
// itself that modules come and go. atExec stops where the process becomes another
// program, with StopMaps.
func (d *Debugger) advance(ctx context.Context, until uint64, stops stopsFor, atExec, quiet bool) vm.Stop {
	program := d.set().image
	for first := true; ; first = false {
		s := *stops(d.set())
		s.AtStart = s.AtStart || !first
		s.Maps = true
		version := d.m.MapsVersion()
		st := d.tl.Forward(ctx, until, &s)
		if v := d.m.MapsVersion(); v != version {
			if st.Reason == vm.StopMaps {
				d.epochs.note(v, d.m.Icount())
			}
			clear(d.stacks)
			if !quiet {
				d.tellModules()
			}
			if atExec && st.Reason == vm.StopMaps && !sameProgram(program, d.set().image) {
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

// nearby is how many instructions a search that may pass over calls looks at before
// it asks for one: often a call has just ended, so that the position it starts from is
// in none, but the ones before are.
const nearby = 1 << 12

// backward searches back to the start of history, over any number of epochs; see
// [checkpoint.Timeline.Search]. After an error the machine may be anywhere.
func (d *Debugger) backward(ctx context.Context, stops stopsFor, pass over) (vm.Stop, error) {
	for first := true; ; first = false {
		if d.m.Icount() <= d.tl.Start() {
			return vm.Stop{Reason: vm.StopLimit, Thread: d.m.CurrentThread()}, nil
		}
		begins, set, err := d.epoch(ctx)
		if err != nil {
			return vm.Stop{Reason: vm.StopError, Err: err}, err
		}
		q := d.query(set, stops, pass)
		if here := d.m.Icount(); first && q.Inside != nil && here-begins > nearby {
			q.Inside, q.Within, begins = nil, nil, here-nearby
		}
		st, err := d.tl.Search(ctx, begins, q)
		if err != nil || st.Reason != vm.StopLimit {
			return st, err
		}
	}
}
