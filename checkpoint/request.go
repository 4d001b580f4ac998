package checkpoint

import (
	"context"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// filterBatch is how many calls of a filter go between two looks at the clock.
const filterBatch = 256

// request is what Seek, Forward and Back have in common while they work.
type request struct {
	ctx      context.Context
	start    time.Time
	reported time.Time
	what     string
	fraction func(icount uint64) float64 // nil: nothing to report
}

// begin starts a request and returns what ends it.
//
// When ctx ends, the machine is interrupted. It may be between two Runs then,
// or the request may just complete: the interrupt would stay pending and stop
// the next request, for no reason its user could see. So the end of a request
// waits until an interrupt on its way has arrived, and clears it. Nothing is
// lost by that: ctx itself remembers that it ended, and it is looked at between
// Runs.
func (t *Timeline) begin(ctx context.Context, what string) (end func()) {
	now := time.Now()
	t.req = request{ctx: ctx, start: now, reported: now, what: what}
	t.m.ClearInterrupt()
	arrived := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		t.m.Interrupt()
		close(arrived)
	})
	return func() {
		if !stop() {
			<-arrived
		}
		t.m.ClearInterrupt()
		if t.cfg.Disabled {
			t.store.dropTemps(t.base)
		}
		t.trim() // what the request held may go now
		t.lastRequest = time.Since(t.req.start)
		t.req = request{}
	}
}

// cancelled reports whether the current request's context has ended.
func (t *Timeline) cancelled() bool { return t.req.ctx.Err() != nil }

// progress reports if it is time to.
func (t *Timeline) progress(now time.Time) {
	r := &t.req
	if t.cfg.Progress == nil || r.fraction == nil || now.Sub(r.reported) < t.tune.progressEvery {
		return
	}
	r.reported = now
	icount := t.m.Icount()
	t.cfg.Progress(Progress{What: r.what, Fraction: min(max(r.fraction(icount), 0), 1), Icount: icount})
}

// between is a fraction that grows from 0 at from to 1 at to.
func between(from, to uint64) func(uint64) float64 {
	if to <= from {
		return nil
	}
	return func(icount uint64) float64 {
		return (float64(icount) - float64(from)) / float64(to-from)
	}
}

// reporting makes a filter that reports progress: one that keeps returning
// false keeps the machine in a single Run.
func (t *Timeline) reporting(filter func(*vm.Stop) bool) func(*vm.Stop) bool {
	if filter == nil || t.cfg.Progress == nil {
		return filter
	}
	calls := 0
	return func(s *vm.Stop) bool {
		if calls++; calls%filterBatch == 0 {
			t.progress(time.Now())
		}
		return filter(s)
	}
}

// hold makes sure that there is a checkpoint at the current position until
// release: a place to come back to without replaying.
func (t *Timeline) hold() *checkpoint {
	c := t.lay(temporary)
	c.held++
	return c
}

// release ends a hold.
func (t *Timeline) release(c *checkpoint) { c.held-- }
