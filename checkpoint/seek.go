package checkpoint

import (
	"context"
	"fmt"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Seek puts the machine at icount. The error is ErrBeyondFrontier when it has
// not been reached yet, ErrBeforeStart when the history begins later, ErrCancelled when ctx ended first, or tells that the
// replay failed; the machine is where it was, then.
func (t *Timeline) Seek(ctx context.Context, icount uint64) error {
	if f := t.Frontier(); icount > f {
		return fmt.Errorf("seek to icount %d: %w, which ends at %d", icount, ErrBeyondFrontier, f)
	}
	if start := t.Start(); icount < start {
		return fmt.Errorf("seek to icount %d: %w, which begins at %d", icount, ErrBeforeStart, start)
	}
	if ctx.Err() != nil {
		return ErrCancelled
	}
	if icount == t.Icount() {
		return nil
	}
	defer t.begin(ctx, "seek")()
	return t.orBack(func() error { return t.goTo(icount, true) })
}

// Replay goes on to icount, which lies within history and is not before the current
// position, and executes all that lies between, where Seek and Forward take the short
// way over the checkpoints: for what the machine tells meanwhile. Errors are as Seek's.
func (t *Timeline) Replay(ctx context.Context, icount uint64) error {
	at, f := t.Icount(), t.Frontier()
	switch {
	case icount > f:
		return fmt.Errorf("replay to icount %d: %w, which ends at %d", icount, ErrBeyondFrontier, f)
	case icount < at:
		return fmt.Errorf("replay to icount %d: the position is %d already", icount, at)
	case ctx.Err() != nil:
		return ErrCancelled
	}
	defer t.begin(ctx, "replay")()
	t.req.fraction = between(at, icount)
	return t.orBack(func() error { return t.replay(icount) })
}

// orBack does work and, if that fails, puts the machine back where it was.
func (t *Timeline) orBack(work func() error) error {
	home := t.hold()
	defer t.release(home)
	err := work()
	if err != nil && t.restore(home) != nil {
		_ = t.restore(t.store.nearestHot(home.icount))
	}
	return err
}

// goTo replays to icount, which lies within history, from the nearest
// checkpoint before it or from where the machine is, if that is nearer. On the
// way it lays the ladder's checkpoints. It reports to the progress callback if
// tell says so.
func (t *Timeline) goTo(icount uint64, tell bool) error {
	for c := t.startFor(icount); c != nil; c = t.startFor(icount) {
		err := t.restore(c)
		if err == nil {
			break
		}
		if !t.discard(c, err) {
			return err
		}
	}
	start := t.m.Icount()
	if tell {
		t.req.fraction = between(start, icount)
	}
	for _, d := range t.tune.ladder {
		// A rung is worth its snapshot if it is well past the rung before.
		if icount < d || icount-d < t.m.Icount() || icount-d-t.m.Icount() < d {
			continue
		}
		if err := t.replay(icount - d); err != nil {
			return err
		}
		t.lay(temporary)
	}
	return t.replay(icount)
}

// startFor is the checkpoint to replay from to icount; nil to go on from where the
// machine is.
func (t *Timeline) startFor(icount uint64) *checkpoint {
	at, i := t.m.Icount(), t.store.after(icount)-1
	c := t.store.list[i]
	from := c.icount
	if !c.hot() {
		// Replaying a little more takes less time than loading one.
		from -= min(from, t.pace.spacing()/loadCost)
		for ; i >= 0 && t.store.list[i].icount >= from; i-- {
			if t.store.list[i].hot() {
				c, from = t.store.list[i], t.store.list[i].icount
				break
			}
		}
	}
	if from <= at && at <= icount && !t.base.gone {
		return nil
	}
	return c
}

// replay runs to the icount to, which lies within history, without stops.
func (t *Timeline) replay(to uint64) error {
	for t.m.Icount() < to {
		if t.cancelled() {
			return ErrCancelled
		}
		if err := t.failed(t.step(to, nil), to); err != nil {
			return err
		}
	}
	return nil
}

// failed is the error that a stop means for a replay that has to get to the
// icount to, or nil. An interruption is none: whether the request is cancelled
// its context tells.
func (t *Timeline) failed(stop vm.Stop, to uint64) error {
	switch stop.Reason {
	case vm.StopError:
		return fmt.Errorf("replay at icount %d: %w", t.m.Icount(), stop.Err)
	case vm.StopExit:
		if at := t.m.Icount(); at < to {
			return fmt.Errorf("replay at icount %d: the guest exits, but the recorded history goes on to %d", at, to)
		}
	case vm.StopEnd:
		if at := t.m.Icount(); at < to {
			return fmt.Errorf("replay at icount %d: the recorded history ends there, not at %d", at, to)
		}
	}
	return nil
}
