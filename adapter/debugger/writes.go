package debugger

import (
	"context"
	"errors"
	"fmt"

	"github.com/dap-revexec/dap-revexec/vm"
)

// ErrNotWritten is returned by LastWrite where there is no earlier write.
var ErrNotWritten = errors.New("not written before here in the recorded history")

// LastWrite goes to the latest earlier write to w's range: to just before it, so that
// the line shown is the one that is about to be done. Breakpoints and signals do not
// stop it. The event is that of a watchpoint going back, but for no breakpoint. If
// there is no earlier write the error is [ErrNotWritten], and the machine stays where
// it is.
func (d *Debugger) LastWrite(ctx context.Context, w DataBreakpoint) (Event, error) {
	return d.write(ctx, w, true)
}

// NextWrite goes to just after the next write to w's range; one that is about to be
// done counts. It goes on past the recorded history, to the end of the program if
// need be.
func (d *Debugger) NextWrite(ctx context.Context, w DataBreakpoint) (Event, error) {
	return d.write(ctx, w, false)
}

func (d *Debugger) write(ctx context.Context, w DataBreakpoint, back bool) (Event, error) {
	if err := checkRange(w.Addr, w.Size); err != nil {
		return d.event(ReasonPause, back), err
	}
	defer d.tellModules()
	defer d.Moved()
	d.undo = nil
	origin := d.m.Icount()
	w.Read, w.Write, w.Condition = false, true, ""
	r := &search{d: d, back: back}
	r.watch(&point{reason: ReasonData, data: w})
	stops := func(*moduleSet) *vm.Stops { return &vm.Stops{Watches: r.watches} }
	ev, err := r.run(ctx, origin, stops)
	if err == nil && ev.Reason == ReasonStart {
		return d.abandon(origin, true, fmt.Errorf("%s: %w", d.named(&w), ErrNotWritten))
	}
	return ev, err
}

// checkRange says what is wrong with a range that is to be watched.
func checkRange(addr, size uint64) error {
	if size == 0 || size > maxWatch || addr+size < addr {
		return fmt.Errorf("watchpoint at %#x: it must cover 1 to %d bytes, not %d", addr, maxWatch, size)
	}
	return nil
}

// named is what messages call a watched range.
func (d *Debugger) named(w *DataBreakpoint) string {
	if w.Expr != "" {
		return w.Expr
	}
	return fmt.Sprintf("%#x", w.Addr)
}
