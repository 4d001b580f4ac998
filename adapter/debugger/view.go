package debugger

import (
	"context"

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

// inside tells at the debugger's machine's position whether a search back can pass
// over the call that the position is in, see [checkpoint.Query].
type inside func() (checkpoint.Activation, bool)

// searchBack searches back within an epoch.
func (d *Debugger) searchBack(ctx context.Context, lower uint64, stops *vm.Stops, in inside) (vm.Stop, error) {
	q := checkpoint.Query{Stops: *stops}
	if in != nil {
		q.Inside = func(m vm.Machine) (a checkpoint.Activation, ok bool) {
			ok = d.lookAt(m, func() bool {
				a, ok = in()
				return ok
			})
			return a, ok
		}
	}
	return d.tl.Search(ctx, lower, q)
}
