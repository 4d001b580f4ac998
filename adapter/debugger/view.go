package debugger

import (
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// A search back may ask its filter about several machines, replicas that replay
// different stretches of the history, one question at a time and each on any
// goroutine. All that the debugger reads of the guest it reads from d.m, so while a
// question is answered that is the machine in question. What the debugger remembers
// in the meantime holds for the history, not for a machine: what is mapped is known
// by its version, code by its address. What belongs to the session's position, as
// unwound stacks do, no filter touches.

// lookAt calls f while the debugger looks at m.
func (d *Debugger) lookAt(m vm.Machine, f func() bool) bool {
	if m == nil || m == d.m {
		return f()
	}
	defer func(own vm.Machine) { d.m = own }(d.m)
	d.m = m
	return f()
}

// anywhere makes a filter that may be asked about any machine of a filter that reads
// the debugger's.
func (d *Debugger) anywhere(f func(*vm.Stop) bool) func(*vm.Stop) bool {
	return func(s *vm.Stop) bool {
		return d.lookAt(s.Machine, func() bool { return f(s) })
	}
}

// inside tells at the debugger's machine's position which call that the position is
// in can be passed over, see [checkpoint.Query].
type inside func() (checkpoint.Activation, bool)

// over is what a search back may pass over: calls that inside knows of, but for what
// within asks for, which may be found in them.
type over struct {
	inside inside // nil for none
	within stopsFor
}

// query makes a search back within an epoch.
func (d *Debugger) query(s *moduleSet, stops stopsFor, pass over) checkpoint.Query {
	q := checkpoint.Query{Stops: *stops(s)}
	if pass.inside == nil || d.plodding {
		return q
	}
	q.Within = pass.within(s)
	q.Inside = func(m vm.Machine) (a checkpoint.Activation, ok bool) {
		d.lookAt(m, func() bool {
			a, ok = pass.inside()
			return ok
		})
		return a, ok
	}
	return q
}
