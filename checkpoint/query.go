package checkpoint

import (
	"context"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Query is what a backward search looks for.
type Query struct {
	vm.Stops
	// Inside, when set, tells whether the machine, at its position, is inside a call
	// during all of which, from the position back to the call, nothing can match:
	// which one, or false. Like the filter it looks at the guest through its argument
	// only; it is never called at the same time as the filter.
	Inside func(m vm.Machine) (Activation, bool)
}

// Activation names a call that has not returned: the thread that it was made on, and
// the thread's stack pointer right before the call, which is the one right after the
// return from it.
type Activation struct {
	Thread vm.ThreadID
	SP     uint64
}

// Search is [Timeline.Back] with a query: the answer is the same, Inside only makes
// it faster.
func (t *Timeline) Search(ctx context.Context, lower uint64, q Query) (vm.Stop, error) {
	return t.Back(ctx, lower, &q.Stops)
}
