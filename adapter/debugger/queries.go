package debugger

import (
	"context"
	"errors"

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

// Place is a place in the code: one of File with Line, Function, and Addr.
type Place struct {
	File     string // any path that ends like the one in the debug information
	Line     int
	Function string
	Addr     uint64
}

// ErrNotExecuted is returned by LastExecution where there is no earlier execution.
var ErrNotExecuted = errors.New("not executed before here in the recorded history")

var errNotYet = errors.New("not available yet")

// Writes finds the writes to w's range in a span, the newest first, until it has limit
// of them (0: 1000). Each tells the values before and after it. Reads, conditions and
// breakpoints do not count. Like all queries it leaves the machine where it is, also
// when it is cancelled.
func (d *Debugger) Writes(ctx context.Context, w DataBreakpoint, in Span, limit int) (Found, error) {
	return Found{}, errNotYet
}

// Hits finds what motions over a span would stop at, the newest first, until it has
// limit (0: 1000): breakpoints, data breakpoints, exceptions and signals, as they are
// set, with their conditions; hits are counted from the start of history. They are
// among those that Seen tells from then on.
func (d *Debugger) Hits(ctx context.Context, in Span, limit int) (Found, error) {
	return Found{}, errNotYet
}

// Executions finds the executions of a place in a span, the newest first, until it has
// limit of them (0: 1000): the positions that a breakpoint there would stop at.
func (d *Debugger) Executions(ctx context.Context, p Place, in Span, limit int) (Found, error) {
	return Found{}, errNotYet
}

// LastExecution goes back to the latest earlier execution of a place. With breakpoints
// what stops other motions stops this one, too. The event has the reason ReasonGoto
// where it has arrived; if there is no earlier execution, nor anything else to stop at,
// the error is [ErrNotExecuted], and the machine stays where it is.
func (d *Debugger) LastExecution(ctx context.Context, p Place, breakpoints bool) (Event, error) {
	return d.event(ReasonPause, true), errNotYet
}

// NextExecution goes on to the next execution of a place, past the recorded history, to
// the end of the program if need be.
func (d *Debugger) NextExecution(ctx context.Context, p Place, breakpoints bool) (Event, error) {
	return d.event(ReasonPause, false), errNotYet
}

// BackToCall goes back to right before the call that frame f of thread t, which Frames
// returned, is in: where it made the call of the next inner frame. Stepping in leads
// into that. Breakpoints do not stop it. The event has the reason ReasonGoto.
func (d *Debugger) BackToCall(ctx context.Context, t vm.ThreadID, f *Frame) (Event, error) {
	return d.event(ReasonPause, true), errNotYet
}

// Lifetime tells since when a range of memory is what it is now. If it lies in the
// stack frame of an activation on t's stack, as a local variable of f does, that is
// since the activation's function was entered, and local is true. Otherwise, of static
// variables and the heap, it is the whole history. To is the current position.
func (d *Debugger) Lifetime(ctx context.Context, t vm.ThreadID, f *Frame, addr, size uint64) (in Span, local bool, err error) {
	return Span{d.tl.Start(), d.m.Icount()}, false, nil
}

// Seen are the stops at breakpoints, data breakpoints, exceptions and signals that
// motions have come to, and what Hits has found: ascending by Icount, each once. When
// they are too many the oldest found are forgotten. The slice is the caller's.
func (d *Debugger) Seen() []Occurrence { return nil }
