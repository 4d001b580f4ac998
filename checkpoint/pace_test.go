package checkpoint

import (
	"math"
	"testing"
	"time"
)

func newPace(cfg Config) *pace {
	p := &pace{}
	p.init(cfg.withDefaults())
	return p
}

func TestSpacingFollowsMeasuredSpeed(t *testing.T) {
	for _, speed := range []float64{6e6, 2e8, 5e9} {
		p := newPace(Config{})
		for range 40 {
			n := uint64(speed / 100)
			p.measure(n, 10*time.Millisecond, true)
		}
		if got := time.Duration(float64(p.spacing()) / speed * 1e9); got > defaultReplayTime+time.Millisecond || got < defaultReplayTime*9/10 {
			t.Errorf("at %.0g instructions/s an interval takes %v", speed, got)
		}
	}
}

func TestSpacingIsClamped(t *testing.T) {
	p := newPace(Config{})
	p.speed = math.Inf(1)
	if p.spacing() != defaultMaxSpacing {
		t.Error(p.spacing())
	}
	p.speed = 1
	if p.spacing() != defaultMinSpacing {
		t.Error(p.spacing())
	}
	if p = newPace(fixedSpacing(77)); p.spacing() != 77 {
		t.Error(p.spacing())
	}
	for _, c := range []struct{ in, min, max uint64 }{{0, 1e5, 1e9}, {500, 500, 500}} {
		if d := (Config{MaxSpacing: c.in}).withDefaults(); d.MinSpacing != c.min || d.MaxSpacing != max(c.max, c.in) {
			t.Errorf("MaxSpacing %d: %d to %d", c.in, d.MinSpacing, d.MaxSpacing)
		}
	}
}

// Time that a live guest waits for input says nothing about its speed.
func TestWaitingDoesNotSlowTheMeasuredSpeed(t *testing.T) {
	p := newPace(Config{})
	for range 100 {
		p.measure(1e6, 10*time.Millisecond, true)
	}
	before := p.spacing()
	p.measure(1e6, time.Hour, false)
	p.measure(10, time.Hour, true) // too short to say anything
	if p.spacing() != before {
		t.Errorf("spacing %d, was %d", p.spacing(), before)
	}
	for range 100 {
		p.measure(1e6, 5*time.Millisecond, false)
	}
	if s := p.spacing(); s < before*19/10 {
		t.Errorf("spacing %d, though it is shown to run twice as fast as for %d", s, before)
	}
}

func TestIntervalIsCutShortWhenTheGuestTurnsSlow(t *testing.T) {
	p := newPace(Config{MinSpacing: 1000})
	p.measure(50_000, defaultReplayTime-time.Millisecond, true)
	if p.overdue(50_000) {
		t.Error("overdue before the time")
	}
	p.measure(50_000, 2*time.Millisecond, true)
	if !p.overdue(100_000) || p.overdue(999) {
		t.Error("not overdue when it should be, or although shorter than the least spacing")
	}
	p = newPace(fixedSpacing(1000))
	p.measure(900, time.Hour, true)
	if p.overdue(900) {
		t.Error("fixed spacing is not fixed")
	}
}
