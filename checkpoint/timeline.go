package checkpoint

import (
	"errors"
	"math"
	"runtime"
	"time"

	"github.com/dap-revexec/dap-revexec/checkpoint/pages"
	"github.com/dap-revexec/dap-revexec/vm"
)

// ErrCancelled is returned by requests whose context ended; the machine is
// where it was before the request.
var ErrCancelled = errors.New("cancelled")

// ErrBeyondFrontier is returned by Seek for a position that has not been
// reached yet.
var ErrBeyondFrontier = errors.New("position lies beyond the recorded history")

// ErrBeforeStart is returned by Seek for a position before the first of the history.
var ErrBeforeStart = errors.New("position lies before the recorded history")

// Config sets a timeline up. The zero value means the defaults.
type Config struct {
	// ReplayTime is how long replaying an interval may take: the spacing of
	// checkpoints adapts to measured speed to keep to it. Default 20 ms, so that
	// with noise and what a request does beside, going back anywhere takes 25 ms.
	ReplayTime time.Duration
	// MemoryCap bounds the memory of checkpoints in bytes. When they come near it
	// they are saved, compressed, and read again when they are needed; they are
	// thinned when that is not possible. The pages of the guest's newest state do not count (see
	// Stats.GuestBytes): the machine holds them with or without checkpoints.
	// Default a quarter of the host's memory, at least 256 MiB.
	MemoryCap int64
	// DiskCap bounds the temporary file that checkpoints are saved in when memory
	// gets short, in bytes. It is in the user's cache directory. Default 8 GiB, or half
	// of what is free if that is less; negative: nothing is saved.
	DiskCap int64
	// MinSpacing and MaxSpacing bound the spacing, in instructions.
	// Defaults 10^5 and 10^9; equal values fix it (for tests).
	MinSpacing, MaxSpacing uint64
	// Disabled keeps no checkpoints but the one at 0 and pinned ones. Requests
	// still lay temporary ones while they work.
	Disabled bool
	// Workers is how many intervals a search looks at at once, each on a machine of
	// its own (vm.Machine.Replica). Default GOMAXPROCS; 1 for none but the timeline's.
	Workers int
	// Progress, when set, is called about ten times a second on the engine
	// goroutine while a long request replays. Live execution does not report:
	// it has no end to come near to.
	Progress func(Progress)
	// Warn, when set, is told on the engine goroutine what went wrong without a
	// request failing: that no more checkpoints can be saved, that some are damaged.
	Warn func(error)
}

// Defaults of Config.
const (
	defaultReplayTime = 20 * time.Millisecond
	defaultMinSpacing = 1e5
	defaultMaxSpacing = 1e9
	leastMemoryCap    = 256 << 20
)

func (c Config) withDefaults() Config {
	if c.ReplayTime <= 0 {
		c.ReplayTime = defaultReplayTime
	}
	if c.MemoryCap <= 0 {
		c.MemoryCap = max(hostMemory()/4, leastMemoryCap)
	}
	if c.MinSpacing == 0 {
		c.MinSpacing = defaultMinSpacing
		if c.MaxSpacing != 0 {
			c.MinSpacing = min(c.MinSpacing, c.MaxSpacing)
		}
	}
	if c.MaxSpacing == 0 {
		c.MaxSpacing = defaultMaxSpacing
	}
	c.MaxSpacing = max(c.MaxSpacing, c.MinSpacing)
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	return c
}

// Progress tells how far a long request is.
type Progress struct {
	What     string  // "seek", "search back", "replay"
	Fraction float64 // 0–1, of the history that may have to be looked at
	Icount   uint64  // where it looks now
}

// Info describes a checkpoint.
type Info struct {
	Icount    uint64
	Temporary bool
	Pinned    bool
	Cold      bool // not in memory: saved
	Pages     int  // pages written since the checkpoint before (an upper bound, see the package comment)
}

// Stats describes a timeline's cost.
type Stats struct {
	Checkpoints int    // all of them, temporary ones included
	Temporary   int    // temporary ones among them
	Cold        int    // those that are not in memory but saved
	Bytes       int64  // memory held by checkpoints: exact for pages, approximate beside
	SavedBytes  int64  // memory that saved checkpoints take, and what has been read of them
	DiskBytes   int64  // size of the temporary file
	GuestBytes  int64  // of these, pages that make up the newest checkpoint; they do not count against the cap
	Spacing     uint64 // current spacing, instructions
	Thinned     int    // permanent checkpoints dropped to keep to the cap
	LogInputs   int
	LogBytes    int
	Replayed    uint64        // instructions replayed by requests so far
	Skipped     int           // intervals that searches passed over without replaying them
	LastRequest time.Duration // time the last Seek, Forward or Back took
}

// Timeline is a machine's history. Create it with New.
type Timeline struct {
	m     vm.Machine
	cfg   Config
	tune  tuning
	store store
	pace  pace
	req   request
	pool  pool

	// base is the checkpoint that the machine was snapshotted at or restored
	// to last: the machine's dirty pages are relative to it. It is never
	// dropped, and the machine never runs past another checkpoint without
	// being restored to it, so that a new checkpoint's predecessor is always
	// base.
	base *checkpoint

	arch     *archive     // where checkpoints are saved, nil for nowhere yet
	old      []*archive   // where some still are
	spill    *pages.Spill // what arch or an old one saves in, nil if nothing is in a temporary file
	attached bool         // all permanent checkpoints are saved
	laid     func(icount uint64)
	told     bool  // that saving has ended
	got      int64 // how many pages had been read when all of them were let go

	hearFrom uint64 // see Hear

	replayed    uint64
	skipped     int
	lastRequest time.Duration
}

// New returns the timeline of m, which must be at icount 0, and lays the
// checkpoint there. Afterwards the machine is run by the timeline alone. Close gives
// up what it holds outside of memory.
func New(m vm.Machine, cfg Config) *Timeline {
	if m.Icount() != 0 {
		panic("checkpoint: the machine of a new timeline is not at icount 0")
	}
	t := newTimeline(m, cfg)
	t.lay(permanent)
	return t
}

func newTimeline(m vm.Machine, cfg Config) *Timeline {
	t := &Timeline{m: m, cfg: cfg.withDefaults(), tune: defaultTuning, hearFrom: math.MaxUint64}
	t.store.init()
	t.pace.init(t.cfg)
	return t
}

// Machine is the machine at the current position. It may be read, not run,
// restored or interrupted.
func (t *Timeline) Machine() vm.Machine { return t.m }

// Icount is the current position.
func (t *Timeline) Icount() uint64 { return t.m.Icount() }

// Start is the first position of the history.
func (t *Timeline) Start() uint64 { return t.store.list[0].icount }

// Frontier is the newest position reached.
func (t *Timeline) Frontier() uint64 { return t.m.Log().Frontier() }

// Live reports whether the current position is the frontier.
func (t *Timeline) Live() bool { return t.m.Icount() >= t.m.Log().Frontier() }

// Pin keeps a checkpoint at the current position for good.
func (t *Timeline) Pin() Info {
	c := t.lay(permanent)
	c.pinned = true
	return c.info()
}

// Checkpoints lists the checkpoints by icount.
func (t *Timeline) Checkpoints() []Info {
	infos := make([]Info, len(t.store.list))
	for i, c := range t.store.list {
		infos[i] = c.info()
	}
	return infos
}

// Stats returns the timeline's present cost. It is cheap.
func (t *Timeline) Stats() Stats {
	return Stats{
		Checkpoints: len(t.store.list),
		Temporary:   t.store.temps,
		Cold:        t.store.cold,
		SavedBytes:  t.elsewhere() + t.loadedBytes() + t.cacheBytes(),
		DiskBytes:   t.diskBytes(),
		Bytes:       t.store.bytes,
		GuestBytes:  t.store.guestBytes(),
		Spacing:     t.pace.spacing(),
		Thinned:     t.store.thinned,
		LogInputs:   t.m.Log().Len(),
		LogBytes:    t.m.Log().Bytes(),
		Replayed:    t.replayed,
		Skipped:     t.skipped,
		LastRequest: t.lastRequest,
	}
}
