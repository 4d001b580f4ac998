package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/dap-revexec/dap-revexec/checkpoint/pages"
	"github.com/dap-revexec/dap-revexec/vm"
)

// A key is saved after so many checkpoints at least and at most. Between these, it is
// when what has been saved since the last one is so many times smaller than that key:
// a key of a large guest is large.
const (
	leastKeyDistance = 32
	mostKeyDistance  = 256
	keyShare         = 4
)

// keptLoaded is how many snapshots that have been loaded an archive keeps beside those
// that are checkpoints: the next one loaded is most likely the one before, which the
// way to this one led over.
const keptLoaded = 2 * leastKeyDistance

// archive saves checkpoints in a Backing, in the order in which they are given to it,
// on a goroutine that lives while there is something to do; and loads them.
type archive struct {
	m       vm.Machine // for Load
	backing Backing
	pages   *pages.Store
	closer  io.Closer // of the backing, nil if it is someone else's

	// Of the engine goroutine.
	from uint64 // no checkpoint before is saved
	last *checkpoint

	sealed bool // it only loads: a recording that has been opened

	mu      sync.Mutex
	changed *sync.Cond // told when a job is done
	queue   []*saveJob
	running bool
	done    []*saveJob
	err     error             // nothing more is saved
	prev    map[uint64]uint64 // blob -> the blob it is relative to; keys have none
	broken  bool              // the chain has a damaged link: the next is a key

	// Of the goroutine that saves.
	newest            vm.Snapshot // the one saved last
	newestID          uint64
	sinceKey          int
	keySize, sinceLen int // bytes of the last key, and of what has been saved since

	loading sync.Mutex
	loaded  []loadedSnapshot // oldest first
}

// saveJob is a checkpoint to be saved.
type saveJob struct {
	c    *checkpoint
	snap vm.Snapshot // nil: to be loaded from another archive
	from *archive
	old  uint64 // its blob there
	info SavedInfo
	err  error
}

type loadedSnapshot struct {
	id   uint64
	snap vm.Snapshot
}

func newArchive(m vm.Machine, b Backing, p *pages.Store) *archive {
	a := &archive{m: m, backing: b, pages: p, prev: map[uint64]uint64{}}
	a.changed = sync.NewCond(&a.mu)
	return a
}

// save queues a job. Only the engine goroutine calls it, in order of icount.
func (a *archive) save(j *saveJob) {
	a.last = j.c
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queue = append(a.queue, j)
	if !a.running {
		a.running = true
		go a.work()
	}
}

// work does the jobs in the queue. After an error it gives up the rest.
func (a *archive) work() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.queue) > 0 {
		j := a.queue[0]
		a.queue = a.queue[1:]
		if j.err = a.err; j.err == nil {
			broken := a.broken
			a.broken = false
			a.mu.Unlock()
			j.err = a.do(j, broken)
			a.mu.Lock()
			if a.err == nil { // it may have been closed meanwhile
				a.err = j.err
			}
		}
		if j.err == nil && !j.info.Key {
			a.prev[j.info.ID] = j.info.Prev
		}
		j.snap = nil
		a.done = append(a.done, j)
		a.changed.Broadcast()
	}
	a.queue, a.running = nil, false
	a.changed.Broadcast()
}

// do saves a checkpoint, as a key if need be.
func (a *archive) do(j *saveJob, key bool) (err error) {
	snap := j.snap
	if snap == nil {
		if snap, err = j.from.load(j.old, nil); err != nil {
			return err
		}
	}
	if a.newest == nil || a.sinceKey >= mostKeyDistance || a.sinceKey >= leastKeyDistance && a.sinceLen >= a.keySize/keyShare {
		key = true
	}
	prev := a.newest
	if key {
		prev = nil
	}
	state, err := snap.Save(prev, a.pages)
	if err == nil {
		err = a.pages.Flush() // what the blob refers to comes before it
	}
	if err != nil {
		return err
	}
	j.info.Key = key
	if !key {
		j.info.Prev = a.newestID
	}
	blob := encodeSaved(j.info, state)
	if j.info.ID, err = a.backing.Append(KindCheckpoint, blob); err != nil {
		return err
	}
	a.newest, a.newestID = snap, j.info.ID
	if key {
		a.sinceKey, a.keySize, a.sinceLen = 0, len(blob), 0
	} else {
		a.sinceKey++
		a.sinceLen += len(blob)
	}
	return nil
}

// take returns the jobs that are done, and the error that ended saving.
func (a *archive) take() ([]*saveJob, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	done := a.done
	a.done = nil
	return done, a.err
}

// wait waits until a job is done that has not been taken. It reports false when there
// is nothing to wait for.
func (a *archive) wait() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.done) == 0 && a.running {
		a.changed.Wait()
	}
	return len(a.done) > 0
}

// flush waits until all jobs are done and returns the error that ended saving.
func (a *archive) flush() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.running {
		a.changed.Wait()
	}
	return a.err
}

// failure is the error that ended saving.
func (a *archive) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// damage is that a saved checkpoint cannot be loaded.
type damage struct {
	id  uint64 // the first blob on the way to it that is damaged
	err error
}

func (d *damage) Error() string { return d.err.Error() }
func (d *damage) Unwrap() error { return d.err }

// load returns the snapshot that is saved in a blob: from the last key before, or from
// a later snapshot that is in memory. known knows some of these; it may be nil. An
// error is a *damage.
func (a *archive) load(id uint64, known func(id uint64) vm.Snapshot) (vm.Snapshot, error) {
	a.loading.Lock()
	defer a.loading.Unlock()
	type link struct {
		SavedInfo
		state []byte
	}
	var chain []link
	var snap vm.Snapshot
	for at := id; ; {
		if known != nil {
			snap = known(at)
		}
		if snap == nil {
			snap = a.kept(at)
		}
		if snap != nil {
			break
		}
		blob, err := a.backing.Read(at)
		if err != nil {
			return nil, &damage{at, fmt.Errorf("saved checkpoint %d: %w", at, err)}
		}
		info, _, state, err := splitSaved(at, blob)
		if err != nil {
			return nil, &damage{at, err}
		}
		chain = append(chain, link{info, state})
		if info.Key {
			break
		}
		if len(chain) > mostKeyDistance {
			return nil, &damage{at, fmt.Errorf("the saved checkpoint at icount %d is too far from a key", info.Icount)}
		}
		at = info.Prev // which is less
	}
	for i := len(chain) - 1; i >= 0; i-- {
		l := chain[i]
		state, err := pages.Unpack(l.state, min(maxState, pages.MaxRatio*len(l.state)))
		if err == nil {
			snap, err = a.m.Load(state, snap, a.pages)
		}
		if err == nil && snap.Icount() != l.Icount {
			err = fmt.Errorf("it says that it is at icount %d", snap.Icount())
		}
		if err != nil {
			return nil, &damage{l.ID, fmt.Errorf("the saved checkpoint at icount %d: %w", l.Icount, err)}
		}
		a.keep(l.ID, snap)
	}
	return snap, nil
}

// kept returns a snapshot that has been loaded lately, or nil.
func (a *archive) kept(id uint64) vm.Snapshot {
	for _, l := range a.loaded {
		if l.id == id {
			return l.snap
		}
	}
	return nil
}

func (a *archive) keep(id uint64, snap vm.Snapshot) {
	if len(a.loaded) >= keptLoaded {
		a.loaded = append(a.loaded[:0], a.loaded[1:]...)
	}
	a.loaded = append(a.loaded, loadedSnapshot{id, snap})
}

// unload forgets the snapshots that have been loaded, and with them the pages that
// have been read for them and for nobody else.
func (a *archive) unload() {
	a.loading.Lock()
	defer a.loading.Unlock()
	a.loaded = nil
}

// dependsOn reports whether loading blob id needs blob other.
func (a *archive) dependsOn(id, other uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id > other {
		prev, ok := a.prev[id]
		if !ok {
			return false
		}
		id = prev
	}
	return id == other
}

// breakChain makes the next checkpoint that is saved a key: those before may be
// damaged.
func (a *archive) breakChain() {
	a.mu.Lock()
	a.broken = true
	a.mu.Unlock()
	a.unload()
}

// retire ends saving. What is saved can be loaded.
func (a *archive) retire() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err == nil {
		a.err = errClosed
	}
}

// close ends saving, without waiting for what is in the queue, and closes the backing
// if it is the archive's own.
func (a *archive) close() {
	a.retire()
	_ = a.flush()
	if a.closer != nil {
		_ = a.closer.Close()
	}
}

var errClosed = errors.New("the timeline is closed")
