package checkpoint

import "github.com/dap-revexec/dap-revexec/vm"

// Query is what a backward search looks for.
type Query struct {
	// Stops is what is searched for. With a Filter, intervals are searched on several
	// machines at once only if Anywhere is set: the filter is asked on other
	// goroutines then, but only while the search lasts.
	vm.Stops

	// Inside, when set, tells whether the machine, at its position, is inside a call
	// during all of which, from the position back to the call, nothing can match except
	// what Within asks for: which call, or false. For the same call it must always
	// tell the same. The search passes over the whole call then, without replaying it.
	// To say no costs time only.
	//
	// Inside is asked on the engine goroutine, at checkpoints, a dozen times for a
	// call. Like the filter it looks at the guest through its argument only; it is
	// never called at the same time as the filter.
	Inside func(m vm.Machine) (Activation, bool)

	// Within is the part of Stops that may match during such a call, too; nil for
	// none. It only tells which intervals to look into all the same: its Filter is
	// not asked.
	Within *vm.Stops
}

// Activation names a call that has not returned: the thread that it was made on, and
// the thread's stack pointer right before the call, which is the one right after the
// return from it. Two calls of a thread that are active at the same time have
// different ones.
type Activation struct {
	Thread vm.ThreadID
	SP     uint64
}
