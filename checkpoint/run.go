package checkpoint

import (
	"math"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// lay makes the current position a checkpoint of kind k. One that is already
// there is kept, and made permanent if k says so; if it is cold it is hot
// afterwards.
func (t *Timeline) lay(k kind) *checkpoint {
	icount := t.m.Icount()
	c := t.store.at(icount)
	more := c == nil || k == permanent && c.temp
	switch {
	case c == nil:
		snap := t.m.Snapshot()
		act := snap.Activity()
		c = &checkpoint{snap: snap, icount: icount, act: act, dirty: act.Written, temp: k == temporary, root: t.root()}
		if next := t.store.beyond(icount); next != nil {
			c.act, c.quiet = partOf(next.act, act), next.quiet
		}
		t.store.insert(c)
		t.base = c
	case !c.hot():
		snap := t.m.Snapshot()
		t.store.warm(c, snap, t.root(), snap.Activity().Written)
		t.base = c
	}
	if k == permanent {
		t.store.promote(c)
		t.pace.since = 0
	}
	if more {
		if k == permanent && t.laid != nil {
			t.laid(icount)
		}
		t.trim()
	}
	return c
}

// root is that of a checkpoint at the current position.
func (t *Timeline) root() *checkpoint {
	if t.base == nil {
		return nil
	}
	return t.base.root
}

func (t *Timeline) view() view {
	return view{
		current:   t.m.Icount(),
		frontier:  t.Frontier(),
		spacing:   t.pace.spacing(),
		cap:       t.cfg.MemoryCap,
		hot:       t.hotCap(),
		elsewhere: t.elsewhere(),
		base:      t.base,
		maxTemps:  t.tune.maxTemps,
	}
}

// restore puts the machine at c, which is loaded if it is cold. The error is that it
// can't be: the machine is where it was then. One that has been held is hot.
func (t *Timeline) restore(c *checkpoint) error {
	if c.gone {
		return t.reach(c.icount)
	}
	snap, err := t.snapshot(c)
	if err != nil {
		return err
	}
	t.m.Restore(snap)
	t.base = c
	t.pace.since = 0
	return nil
}

// reach puts the machine at icount, whether or not the request has been cancelled.
func (t *Timeline) reach(icount uint64) error {
	for {
		c := t.store.nearest(icount)
		err := t.restore(c)
		if err == nil {
			break
		}
		if !t.discard(c, err) {
			return err
		}
	}
	for t.m.Icount() < icount {
		if err := t.failed(t.step(icount, nil), icount); err != nil {
			return err
		}
	}
	return nil
}

// step runs the machine from where it is towards the icount limit, as far as
// the next place where the timeline has something to do. It returns the Run's
// stop: StopLimit at the end of a slice, be it at limit or before. Everything
// that executes comes through here.
//
// When what has been loaded of a cold checkpoint turns out to be damaged, that one is
// dropped and the slice done from an earlier one.
func (t *Timeline) step(limit uint64, stops *vm.Stops) vm.Stop {
	from := t.m.Icount()
	if c := t.store.at(from); c != nil && c != t.base && c.hot() {
		// Going on from here with the checkpoint's own pages keeps one
		// version of each in memory, and the dirty pages relative to it.
		_ = t.restore(c)
	}
	before, after := t.store.permanents(from)
	if t.due(from, before, after) {
		t.lay(permanent)
		before = from
	}
	end := t.sliceEnd(from, limit, before, after)

	log := t.m.Log()
	frontier, inputs := log.Frontier(), log.Len()
	start := time.Now()
	stop := t.m.Run(end, stops)
	now := time.Now()
	if stop.Reason == vm.StopError && t.base.root != nil && t.discard(t.base.root, stop.Err) {
		if err := t.reach(from); err == nil {
			return t.step(limit, stops)
		}
	}

	to := t.m.Icount()
	if from < frontier {
		t.replayed += min(to, frontier) - from
	}
	pure := log.Len() == inputs && stop.Reason == vm.StopLimit && !wants(stops)
	t.pace.measure(to-from, now.Sub(start), pure)
	t.progress(now)
	return stop
}

// due reports whether a permanent checkpoint should be laid at a position with
// the given permanent ones around it.
func (t *Timeline) due(icount, before, after uint64) bool {
	if t.cfg.Disabled || icount == before {
		return false
	}
	spacing := t.pace.spacing()
	// In a region that has been recorded before, one checkpoint more is
	// worthwhile only if it really shortens what lies between.
	if after-icount < spacing/2 {
		return false
	}
	length := icount - before
	return length >= spacing || t.pace.overdue(length)
}

// sliceEnd is where to interrupt a run from icount from to limit.
func (t *Timeline) sliceEnd(from, limit, before, after uint64) uint64 {
	end := limit
	stopAt := func(icount uint64) {
		if icount > from {
			end = min(end, icount)
		}
	}
	stopAt(saturate(from, max(t.pace.slice(), t.tune.leastSlice)))
	stopAt(t.Frontier())
	if !t.cfg.Disabled {
		stopAt(saturate(before, t.pace.spacing()))
	}
	if c := t.store.beyond(from); c != nil {
		stopAt(c.icount)
	}
	return end
}

// saturate is a+b, at most MaxUint64.
func saturate(a, b uint64) uint64 {
	if b > math.MaxUint64-a {
		return math.MaxUint64
	}
	return a + b
}

// wants reports whether stops asks for anything.
func wants(stops *vm.Stops) bool {
	return stops != nil && (len(stops.Breaks.Addrs()) > 0 || len(stops.Watches) > 0 || stops.Signals || stops.Maps || stops.Switches)
}

// here is a stop at the current position.
func (t *Timeline) here(reason vm.Reason) vm.Stop {
	s := vm.Stop{Reason: reason, Icount: t.m.Icount()}
	s.Thread, s.PC = t.current()
	s.At = s.Icount
	return s
}

// current is the current thread and its PC.
func (t *Timeline) current() (vm.ThreadID, uint64) {
	id := t.m.CurrentThread()
	for _, th := range t.m.Threads() {
		if th.ID == id {
			return id, th.PC
		}
	}
	return id, 0
}
