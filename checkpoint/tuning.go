package checkpoint

import "time"

// tuning are the sizes that only speed depends on. Tests shrink them to meet
// every case in short histories.
type tuning struct {
	// ladder is how many instructions before the target of a replay temporary
	// checkpoints are laid, falling: the next request for a position just
	// before the target finds one near, wherever it looks.
	ladder []uint64

	// maxTemps is how many temporary checkpoints are kept.
	maxTemps int

	// firstWindow is how many instructions before the start a backward search
	// looks at first, and windowGrowth how much longer each following window
	// is, until it covers a whole interval. The usual reverse step ends in the
	// first.
	firstWindow, windowGrowth uint64

	// After manyHits in a window, or manyCalls of a filter that says no, the
	// second half of what is left is searched first, for only the last hit
	// counts; unless less than leastHalved (at least 2) instructions are left.
	manyHits, manyCalls int
	leastHalved         uint64

	// leastSlice is how many instructions a Run is given at least, where no
	// checkpoint is to be laid or passed before.
	leastSlice uint64

	// leastAsk is how long a window has to be for asking whether it lies in a call
	// (Query.Inside) first, and leastParallel how much there has to be left to search,
	// in instructions, for other machines to help.
	leastAsk, leastParallel uint64

	// blind makes searches look at all intervals. For tests, to compare with.
	blind bool

	// progressEvery is the time between two calls of Config.Progress.
	progressEvery time.Duration
}

var defaultTuning = tuning{
	ladder:        []uint64{1e8, 1e7, 1e6, 1e5, 1e4, 1e3},
	maxTemps:      64,
	firstWindow:   1 << 6,
	windowGrowth:  1 << 4,
	manyHits:      64,
	manyCalls:     4096,
	leastHalved:   1 << 10,
	leastSlice:    1 << 15,
	leastAsk:      1 << 13,
	leastParallel: 1 << 20,
	progressEvery: 100 * time.Millisecond,
}
