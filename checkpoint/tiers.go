package checkpoint

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// A checkpoint is hot, when its snapshot is in memory, or cold: saved, and to be loaded
// when it is needed. One that has been loaded is hot again, and the root of those
// that are laid while running on from it: the pages that they have in common are
// its own, not those of the checkpoints around it that have never been cold.

// How the memory cap is divided among hot checkpoints, the blobs of cold ones, and what
// is read of those that are loaded: one of so many.
const (
	hotShare    = 2
	blobShare   = 4
	loadedShare = 8
	// mostHot bounds the memory of hot checkpoints that others can make room in, bytes:
	// going back to a cold one is nearly as fast. mostHotRecorded does when all are
	// saved anyway.
	mostHot         = 32 << 20
	mostHotRecorded = 24 << 20
	// mostBlobs bounds what is kept in memory before a file is made.
	mostBlobs = 64 << 20
	// mostLoaded is how many loaded checkpoints stay hot.
	mostLoaded = 8
	// loadCost is how much of the replay time loading a checkpoint may be worth: one of
	// so many. Where a hot one is not farther away than that, it is taken.
	loadCost = 4
)

// hotCap is how much memory hot checkpoints may take, beside the guest's newest pages,
// where others can be cold.
func (t *Timeline) hotCap() int64 {
	if t.attached {
		return min(t.cfg.MemoryCap/hotShare, mostHotRecorded)
	}
	return min(t.cfg.MemoryCap/hotShare, mostHot)
}

// trim keeps to the budgets: temporary checkpoints go first, then permanent ones are
// saved and become cold, and when that is not possible some are dropped.
func (t *Timeline) trim() {
	t.store.trimTemps(t.view())
	if t.arch != nil || t.cfg.DiskCap >= 0 && !t.cfg.Disabled {
		t.collect()
		t.feed()
		t.cool()
		// Memory is bounded, so the guest has to wait for the disk.
		for t.over(t.cfg.MemoryCap) && t.arch != nil && t.arch.wait() {
			t.collect()
			t.cool()
		}
	}
	t.store.thin(t.view())
}

// over reports whether checkpoints take more memory than so many bytes.
func (t *Timeline) over(bytes int64) bool {
	return t.store.bytes-t.store.guestBytes()+t.elsewhere() > bytes
}

// elsewhere is the memory that saved checkpoints take.
func (t *Timeline) elsewhere() int64 {
	if t.spill == nil {
		return 0
	}
	return t.spill.Memory()
}

// feed gives the archive the checkpoints that are to be saved. In a session that is
// not recorded nothing is saved until memory gets short.
func (t *Timeline) feed() {
	if t.arch == nil {
		if !t.over(t.hotCap() / 2) {
			return
		}
		t.openSpill()
	}
	a := t.arch
	if a.failure() != nil {
		return
	}
	i := 0
	if a.last != nil {
		i = t.store.after(a.last.icount)
	} else if a.from > 0 {
		i = t.store.after(a.from - 1)
	}
	for ; i < len(t.store.list); i++ {
		c := t.store.list[i]
		if c.temp || c.arch == a || !c.hot() && c.arch == nil {
			continue
		}
		a.save(&saveJob{c: c, snap: c.snap, from: c.arch, old: c.id, info: SavedInfo{Icount: c.icount, Activity: t.since(i)}})
		if c.saved == unsaved {
			c.saved = queued
		}
	}
}

// since is what happened between the last permanent checkpoint that is being saved and
// checkpoint i.
func (t *Timeline) since(i int) *vm.Activity {
	act := t.store.list[i].act
	for j := i - 1; j > 0 && (t.store.list[j].temp || t.store.list[j].saved == unsaved); j-- {
		act = t.store.list[j].act.Merge(act)
	}
	return act
}

// collect takes note of what has been saved.
func (t *Timeline) collect() {
	a := t.arch
	if a == nil {
		return
	}
	done, err := a.take()
	for _, j := range done {
		switch {
		case j.err == nil:
			j.c.arch, j.c.id, j.c.saved = a, j.info.ID, saved
		case j.c.saved == queued:
			j.c.saved = unsaved
		}
	}
	if err != nil && !t.told && !errors.Is(err, errClosed) {
		t.told = true
		if t.attached || !errors.Is(err, errors.ErrUnsupported) {
			t.warn(fmt.Errorf("no more checkpoints are saved: %w", err))
		}
	}
	if len(done) > 0 {
		t.closeOld()
	}
}

// cool makes checkpoints cold until hot ones keep to their budget: loaded ones first,
// of which few are kept, then the others, those far away first.
func (t *Timeline) cool() {
	s, v := &t.store, t.view()
	for s.warmed > mostLoaded || t.loadedBytes() > t.cfg.MemoryCap/loadedShare {
		if !s.coolFarthest(v, true) {
			break
		}
	}
	if t.loadedBytes() > t.cfg.MemoryCap/loadedShare {
		t.unload()
	}
	for s.bytes-s.guestBytes() > v.hot && s.coolFarthest(v, false) {
	}
}

// coolFarthest makes the checkpoint cold that is farthest from the current position
// (and, if it is not a loaded one, from the frontier). It reports false when there is
// none that may be.
func (s *store) coolFarthest(v view, loaded bool) bool {
	best, most := -1, uint64(0)
	for i, c := range s.list {
		if i == 0 || !c.hot() || c.saved != saved || v.spares(c) || loaded != (c.root == c) {
			continue
		}
		d := gap(v.current, c.icount, c.icount)
		if !loaded {
			d = min(d, gap(v.frontier, c.icount, c.icount))
		}
		if best < 0 || d > most {
			best, most = i, d
		}
	}
	if best < 0 {
		return false
	}
	s.cool(best)
	return true
}

// loadedBytes is the memory of pages that have been read for loaded checkpoints: an
// upper bound.
func (t *Timeline) loadedBytes() int64 {
	if t.arch == nil {
		return 0
	}
	return (t.arch.pages.Got() - t.got) * pageSize
}

// cacheBytes is the memory of what is kept to read saved pages from.
func (t *Timeline) cacheBytes() int64 {
	if t.arch == nil {
		return 0
	}
	return t.arch.pages.CacheBytes()
}

// diskBytes is the size of the temporary file.
func (t *Timeline) diskBytes() int64 {
	if t.spill == nil {
		return 0
	}
	return t.spill.Disk()
}

// unload lets go of the pages that have been read, but for those that are in use.
func (t *Timeline) unload() {
	t.arch.unload()
	t.got = t.arch.pages.Got()
}

// snapshot is the snapshot of c, which is loaded if it is cold.
func (t *Timeline) snapshot(c *checkpoint) (vm.Snapshot, error) {
	if c.hot() {
		return c.snap, nil
	}
	if c.arch == nil {
		return nil, fmt.Errorf("the checkpoint at icount %d is gone", c.icount)
	}
	snap, err := c.arch.load(c.id, func(id uint64) vm.Snapshot { return t.hotSnapshot(c.arch, id) })
	if err != nil {
		return nil, err
	}
	t.store.warm(c, snap, c, nil)
	return snap, nil
}

// hotSnapshot is the snapshot that is saved in a blob, if it is in memory.
func (t *Timeline) hotSnapshot(a *archive, id uint64) vm.Snapshot {
	// Blobs are in order of icount, as checkpoints are; but not all of these are
	// saved, so a look at each it is.
	for _, c := range t.store.list {
		if c.id == id && c.arch == a && c.saved == saved && c.hot() {
			return c.snap
		}
	}
	return nil
}

// discard drops checkpoint c, which cannot be loaded, those that need its blob, and
// those whose pages come from it. It reports false if history cannot do without.
func (t *Timeline) discard(c *checkpoint, cause error) bool {
	first := t.store.list[0]
	if c == first || first.root == c {
		return false
	}
	a, blob := c.arch, c.id
	var d *damage
	if errors.As(cause, &d) {
		blob = d.id
	}
	a.breakChain()
	n := 0
	for i := len(t.store.list) - 1; i > 0; i-- {
		x := t.store.list[i]
		needs := x.arch == a && x.saved == saved && a.dependsOn(x.id, blob)
		switch {
		case x == c, x.root == c, needs && !x.hot(), needs && x.root == x && !t.inUse(x):
			x.gone = true
			t.store.drop(i)
			if !x.temp {
				n++
			}
		case needs:
			x.saved = lost
		}
	}
	t.warn(fmt.Errorf("%d saved checkpoints are lost, from icount %d on: %w", n, c.icount, cause))
	return true
}

// inUse reports whether a request or the machine needs c.
func (t *Timeline) inUse(c *checkpoint) bool { return t.view().spares(c) }

// warn tells what went wrong and has been dealt with.
func (t *Timeline) warn(err error) {
	if t.cfg.Warn != nil {
		t.cfg.Warn(err)
	}
}

// closeOld closes archives that no checkpoint is in any more.
func (t *Timeline) closeOld() {
	t.old = slices.DeleteFunc(t.old, func(a *archive) bool {
		for _, c := range t.store.list {
			if c.arch == a && !c.hot() {
				return false
			}
		}
		for _, c := range t.store.list {
			if c.arch == a {
				c.arch, c.saved = nil, unsaved
				if c.icount >= t.arch.from {
					c.saved = queued // in the archive that follows
				}
			}
		}
		a.close()
		return true
	})
}
