package checkpoint

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/dap-revexec/dap-revexec/checkpoint/pages"
	"github.com/dap-revexec/dap-revexec/vm"
)

// defaultDiskCap bounds the temporary file where Config does not say, bytes.
const defaultDiskCap = 8 << 30

// openSpill makes the archive of a session that is not recorded.
func (t *Timeline) openSpill() {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	disk := t.cfg.DiskCap
	if disk == 0 {
		disk = defaultDiskCap
		if free := pages.FreeDisk(dir); free > 0 {
			disk = min(disk, free/2)
		}
	}
	t.spill = pages.NewSpill(filepath.Join(dir, "dap-revexec"), min(t.cfg.MemoryCap/blobShare, mostBlobs), disk)
	t.arch = newArchive(t.m, t.spill, pages.New(t.spill))
	t.arch.closer = t.spill
}

// Attach saves in b every permanent checkpoint that is laid from now on, as soon as it
// is, and those that there are, from the last one at or before the icount from on. The
// first one in b is a key. b must have no blobs of [KindPages] yet. It has to be
// readable until Close, also after another one has been attached in its place.
//
// laid, when not nil, is called on the engine goroutine when a permanent checkpoint has
// been laid, and by Attach, before anything is given to be saved: what must come before
// a checkpoint in b can be appended there. It must not call the timeline's requests.
//
// When another Backing is attached already, or checkpoints have become cold, what is
// saved is saved in b again, in the background.
func (t *Timeline) Attach(b Backing, from uint64, laid func(icount uint64)) error {
	if from > t.Frontier() {
		return fmt.Errorf("icount %d: %w, which ends at %d", from, ErrBeyondFrontier, t.Frontier())
	}
	a := newArchive(t.m, b, pages.New(b))
	a.from, _ = t.store.permanents(from)
	if t.arch != nil {
		t.collect()
		t.arch.retire()
		_ = t.arch.flush() // two must not save the same pages at once: each has one home
		t.old = append(t.old, t.arch)
	}
	t.arch, t.attached, t.laid, t.told = a, true, laid, false
	if laid != nil {
		laid(t.Icount())
	}
	t.trim()
	return nil
}

// SaveTo saves in b the permanent checkpoints that there are, from the last one at or
// before the icount from on, and returns when they are saved. The first one in b is a
// key. Where the timeline saves its checkpoints stays as it is, and it does not use b
// afterwards. b must have no blobs of [KindPages] yet.
func (t *Timeline) SaveTo(b Backing, from uint64) error {
	if from > t.Frontier() {
		return fmt.Errorf("icount %d: %w, which ends at %d", from, ErrBeyondFrontier, t.Frontier())
	}
	if t.arch != nil {
		_ = t.arch.flush() // two must not save the same pages at once: each has one home
		t.collect()
	}
	// What has been put into b stays in memory as long as its page does, so that b is
	// not asked for it when it has become that page's home.
	a := newArchive(t.m, b, pages.New(b))
	first, _ := t.store.permanents(from)
	var act *vm.Activity // since the last one saved
	for i := t.store.after(first) - 1; i < len(t.store.list); i++ {
		c := t.store.list[i]
		if act == nil {
			act = c.act
		} else {
			act = act.Merge(c.act)
		}
		if c.temp || !c.hot() && c.arch == nil {
			continue
		}
		if err := a.do(&saveJob{c: c, snap: c.snap, from: c.arch, old: c.id, info: SavedInfo{Icount: c.icount, Activity: act}}, false); err != nil {
			return err
		}
		act = nil
	}
	return nil
}

// Flush waits until all permanent checkpoints laid so far are saved, where there is a
// Backing to save them in. The error is why saving has ended.
func (t *Timeline) Flush() error {
	if t.arch == nil {
		return nil
	}
	_ = t.arch.flush()
	t.collect()
	return t.SaveErr()
}

// SaveErr tells why no more checkpoints are saved, nil if they are.
func (t *Timeline) SaveErr() error {
	if t.arch == nil || t.arch.sealed {
		return nil
	}
	return t.arch.failure()
}

// Forget drops the history before the last permanent checkpoint at or before the given
// icount, at or before which the machine must not be.
func (t *Timeline) Forget(before uint64) error {
	first, _ := t.store.permanents(before)
	c := t.store.at(first)
	if c == nil || c == t.store.list[0] {
		return nil
	}
	if at := t.Icount(); at < first {
		return fmt.Errorf("history before icount %d cannot be dropped while the position is %d", first, at)
	}
	if _, err := t.snapshot(c); err != nil {
		return err
	}
	if t.base.icount < first {
		t.lay(temporary)
	}
	for t.store.list[0] != c {
		t.store.drop(0)
	}
	t.closeOld()
	return nil
}

// Close ends what works in the background, gives up the machines that searches use,
// and removes the temporary file. Cold
// checkpoints are lost, so the timeline is of no more use. A Backing that has been
// attached stays open, and what has not been saved in it is not: see Flush.
func (t *Timeline) Close() {
	t.closePool()
	for _, a := range append(t.old, t.arch) {
		if a != nil {
			a.close()
		}
	}
}

// Reopen returns the timeline of a history whose checkpoints are in a Backing. The
// machine is at icount 0, has the history's log and only replays. chunks are the blobs of
// [KindPages] in order, infos those of [KindCheckpoint]; nothing else is read of them
// until it is needed. If the history begins at 0 the first checkpoint is the machine's
// own, else it is loaded and the machine put there.
//
// Checkpoints that are relative to one that is not among infos are left out, as are
// those beyond the log's frontier.
func Reopen(m vm.Machine, cfg Config, b Backing, chunks []uint64, infos []SavedInfo) (*Timeline, error) {
	if m.Icount() != 0 {
		return nil, fmt.Errorf("the machine of a recorded history is at icount %d, not 0", m.Icount())
	}
	t := newTimeline(m, cfg)
	a := newArchive(m, b, pages.Reopen(b, chunks))
	a.sealed, a.err = true, errClosed
	t.arch, t.told = a, true

	known := map[uint64]bool{}
	infos = slices.SortedFunc(slices.Values(infos), func(x, y SavedInfo) int { return cmp.Compare(x.ID, y.ID) })
	for _, info := range infos {
		if info.Key || known[info.Prev] {
			known[info.ID] = true
			if !info.Key {
				a.prev[info.ID] = info.Prev
			}
		}
	}
	infos = slices.SortedStableFunc(slices.Values(infos), func(x, y SavedInfo) int { return cmp.Compare(x.Icount, y.Icount) })
	if len(infos) == 0 || infos[0].Icount == 0 {
		t.lay(permanent)
	}
	var before []*vm.Activity // what happened in the intervals before those left out
	var damaged error
	for _, info := range infos {
		if info.Icount > t.Frontier() {
			break
		}
		act := info.Activity
		if act == nil {
			return nil, fmt.Errorf("nothing is known of what happened before the saved checkpoint at icount %d", info.Icount)
		}
		before = append(before, act)
		if n := len(t.store.list); !known[info.ID] || n > 0 && t.store.list[n-1].icount >= info.Icount {
			continue
		}
		c := &checkpoint{icount: info.Icount, act: mergeAll(before), saved: saved, arch: a, id: info.ID}
		t.store.insert(c)
		if len(t.store.list) == 1 {
			if err := t.restore(c); err != nil {
				t.store.drop(0)
				before, damaged = []*vm.Activity{c.act}, err
				continue
			}
		}
		before = before[:0]
	}
	if len(t.store.list) == 0 {
		return nil, errors.Join(errors.New("there is no checkpoint that the history could begin with"), damaged)
	}
	if damaged != nil {
		t.warn(fmt.Errorf("history begins at icount %d: %w", t.Start(), damaged))
	}
	return t, nil
}

// mergeAll is the activity of some consecutive stretches, one at least. Halves are merged
// with halves: a stranger's recording may have a great many of them that can't be used,
// and one after the other they would take time with the square of their number.
func mergeAll(list []*vm.Activity) *vm.Activity {
	if len(list) == 1 {
		return list[0]
	}
	half := len(list) / 2
	return mergeAll(list[:half]).Merge(mergeAll(list[half:]))
}
