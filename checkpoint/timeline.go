package checkpoint

import (
	"context"
	"errors"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// ErrCancelled is returned by requests whose context ended; the machine is
// where it was before the request.
var ErrCancelled = errors.New("cancelled")

// ErrBeyondFrontier is returned by Seek for a position that has not been
// reached yet.
var ErrBeyondFrontier = errors.New("position lies beyond the recorded history")

// Config sets a timeline up. The zero value means the defaults.
type Config struct {
	// ReplayTime is how long replaying an interval may take: the spacing of
	// checkpoints adapts to measured speed to keep to it. Default 50 ms.
	ReplayTime time.Duration
	// MemoryCap bounds the memory of checkpoints in bytes; past it they are
	// thinned. Default a quarter of the machine's memory, at least 256 MiB.
	MemoryCap int64
	// MinSpacing and MaxSpacing bound the spacing, in instructions.
	// Defaults 10^5 and 10^9; equal values fix it (for tests).
	MinSpacing, MaxSpacing uint64
	// Disabled keeps no checkpoints but the one at 0.
	Disabled bool
	// Progress, when set, is called about ten times a second on the engine
	// goroutine while a long request works.
	Progress func(Progress)
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
	Pages     int // pages written since the checkpoint before
}

// Stats describes a timeline's cost.
type Stats struct {
	Checkpoints int
	Temporary   int
	Bytes       int64  // memory held by checkpoints: exact for pages, approximate beside
	Spacing     uint64 // current spacing, instructions
	Thinned     int    // checkpoints dropped to keep to the cap
	LogInputs   int
	LogBytes    int
	Replayed    uint64        // instructions replayed by requests so far
	LastRequest time.Duration // time the last Seek, Forward or Back took
}

// Timeline API, implemented in this package:
//
//	func New(m vm.Machine, cfg Config) *Timeline      // m at icount 0
//	func (t *Timeline) Machine() vm.Machine           // to read the state at the current position, not to run it
//	func (t *Timeline) Icount() uint64
//	func (t *Timeline) Frontier() uint64
//	func (t *Timeline) Live() bool                    // at the frontier
//	func (t *Timeline) Seek(ctx context.Context, icount uint64) error
//	func (t *Timeline) Forward(ctx context.Context, until uint64, stops *vm.Stops) vm.Stop
//	func (t *Timeline) Back(ctx context.Context, lower uint64, stops *vm.Stops) (vm.Stop, error)
//	func (t *Timeline) Pin() Info                     // keep a checkpoint here for good
//	func (t *Timeline) Checkpoints() []Info
//	func (t *Timeline) Stats() Stats
//
// Forward runs to the absolute icount until (math.MaxUint64 for no limit) or to
// a stop; it replays up to the frontier and goes on live there, laying
// checkpoints. A cancelled context gives StopInterrupted where it happens to be.
//
// Back finds the latest position p, lower ≤ p < Icount(), at which stops would
// stop (AtStart is implied), moves the machine there and returns the Stop. For
// a watch the position is Stop.At, before the access. When there is none it
// moves to lower and returns StopLimit. When ctx ends first it returns
// ErrCancelled with the machine where it was.
var _ = context.Canceled
var _ vm.Machine
