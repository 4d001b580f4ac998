package checkpoint

import (
	"math"
	"time"
)

const (
	// A slice shorter than this says little about speed.
	leastSample = 1 << 14
	// A slice takes about this part of the replay time, so that an interval is
	// cut short in time when the guest turns slow, and progress can be told.
	slicesPerInterval = 4
	// Weight of a new measurement against those before.
	sampleWeight = 0.25
	// Assumed before anything is measured, instructions per second.
	initialSpeed = 50e6
)

// pace measures how fast the machine replays and derives from it how far apart
// checkpoints are.
type pace struct {
	replayTime time.Duration
	min, max   uint64
	speed      float64 // instructions per second
	// since is the time spent executing since the last permanent checkpoint.
	since time.Duration
}

func (p *pace) init(cfg Config) {
	p.replayTime, p.min, p.max, p.speed = cfg.ReplayTime, cfg.MinSpacing, cfg.MaxSpacing, initialSpeed
}

// fixed reports whether measurements do not count.
func (p *pace) fixed() bool { return p.min == p.max }

// spacing is the distance between checkpoints, in instructions.
func (p *pace) spacing() uint64 {
	if p.fixed() {
		return p.min
	}
	s := p.speed * p.replayTime.Seconds()
	if s >= math.MaxInt64 {
		return p.max
	}
	return min(max(uint64(s), p.min), p.max)
}

// slice is how many instructions to run between two looks at the clock.
func (p *pace) slice() uint64 {
	s := p.speed * p.replayTime.Seconds() / slicesPerInterval
	if s >= math.MaxInt64 {
		return math.MaxInt64
	}
	return uint64(s)
}

// overdue reports whether the interval that is being executed takes longer
// already than it should, although it is shorter than the spacing: the guest
// does slower things than when its speed was measured.
func (p *pace) overdue(length uint64) bool {
	return !p.fixed() && length >= p.min && p.since >= p.replayTime
}

// measure takes note of a slice of n instructions that took d. Only a pure one
// tells what replaying costs: one without stops to look for and without inputs
// from outside, which the guest may have had to wait for. The others still show
// that it takes no longer than d.
func (p *pace) measure(n uint64, d time.Duration, pure bool) {
	if pure {
		p.since += d
	}
	if n < leastSample || d <= 0 {
		return
	}
	speed := float64(n) / d.Seconds()
	if pure || speed > p.speed {
		p.speed += (speed - p.speed) * sampleWeight
	}
}
