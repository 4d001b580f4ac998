package linux

import (
	"math/bits"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Chaos says how threads are scheduled: in turn, each for the same time, or at
// random, to provoke what goes wrong only in rare orders of events.
//
// It is a setting of the machine as its Args are: a history replays on machines
// with the same one only. The same Seed draws the same schedule from the same
// inputs, so that a run can also be made again.
type Chaos struct {
	On   bool
	Seed uint64 // any number
}

// chaos is the scheduler's randomness, part of the state. What it draws depends on
// the state alone, not on how the machine is run.
//
// What provokes a race depends on the race. One needs a thread to be stopped between
// two instructions and the others to go on for long; another needs threads that woke
// up together to take steps of a few instructions. So time is divided into stretches
// of some turns, in each of which turns are drawn in another way: of up to hundreds
// of thousands of instructions or a few, one thread preferred, one left out. Where
// threads meet (one wakes another) races are likely: there often begins a new one.
type chaos struct {
	on      bool
	x       uint64      // state of the generator, splitmix64
	turns   uint64      // left in this stretch
	log     uint64      // turns are shorter than 2^log instructions
	salt    uint64      // decides the threads' ranks
	starved vm.ThreadID // runs only when no other can; 0 for none
	ready   uint64      // threads that waited for their turn when it was drawn last
}

// Lengths of turns and stretches, as exponents of 2.
const (
	longTurn    = 18 // about 5 quanta
	leastFine   = 3  // the longest turn of a fine stretch
	mostFine    = 12
	leastSteps  = 5 // turns in a fine stretch
	mostSteps   = 11
	mostStrides = 3 // turns in another
)

// draw is the next number from the generator (Steele, Lea, Flood, "Fast Splittable
// Pseudorandom Number Generators", 2014).
func (c *chaos) draw() uint64 {
	c.x += 0x9e3779b97f4a7c15
	return mix(c.x)
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below draws a number in [0, n).
func (c *chaos) below(n uint64) uint64 {
	hi, _ := bits.Mul64(c.draw(), n)
	return hi
}

// spread draws a number in [1, 2^log): each power of two is as likely.
func (c *chaos) spread(log uint64) uint64 {
	low := uint64(1) << c.below(log)
	return low + c.below(low)
}

// stretch draws how turns are drawn from now on.
func (s *state) stretch() {
	c := &s.chaos
	c.salt = c.draw()
	if c.below(2) == 0 {
		c.log = leastFine + c.below(mostFine-leastFine+1)
		c.turns = uint64(1) << (leastSteps + c.below(mostSteps-leastSteps+1))
	} else {
		c.log = longTurn
		c.turns = c.spread(mostStrides)
	}
	c.starved = 0
	if c.below(4) == 0 && len(s.threads) > 0 {
		c.starved = s.threads[c.below(uint64(len(s.threads)))].id
	}
}

// turn is how many instructions the thread that has the CPU now gets: as long as
// every other one's, without chaos.
func (s *state) turn() uint64 {
	c := &s.chaos
	if !c.on {
		return quantum
	}
	c.ready = uint64(len(s.queue))
	if c.ready == 0 {
		return quantum // there is nothing to decide
	}
	if c.turns == 0 {
		s.stretch()
	}
	c.turns--
	return c.spread(c.log)
}

// stirred tells of threads that can run since the last turn was drawn: that one is
// to be drawn again.
func (s *state) stirred() bool {
	c := &s.chaos
	if !c.on || uint64(len(s.queue)) <= c.ready {
		return false
	}
	if c.ready == 0 || c.below(2) == 0 {
		s.stretch()
	}
	return true
}

// pick is the place in the queue of the thread that runs next: the first's without
// chaos. The queue is not empty.
func (s *state) pick() int {
	c := &s.chaos
	if !c.on || len(s.queue) == 1 {
		return 0
	}
	best, n := -1, 0
	random := c.below(2) == 0
	for i, id := range s.queue {
		if id == c.starved {
			continue
		}
		n++
		switch {
		case best < 0:
			best = i
		case random:
			if c.below(uint64(n)) == 0 {
				best = i
			}
		case c.rank(id) > c.rank(s.queue[best]):
			best = i
		}
	}
	return best
}

func (c *chaos) rank(id vm.ThreadID) uint64 { return mix(c.salt ^ uint64(id)) }

// inLine lists the blocked threads of some kinds in the order in which they are
// served: that in which they began to wait, without chaos.
func (s *state) inLine(kinds ...waitKind) []*thread {
	list := s.waiters(kinds...)
	if c := &s.chaos; c.on {
		for i := len(list) - 1; i > 0; i-- {
			j := c.below(uint64(i + 1))
			list[i], list[j] = list[j], list[i]
		}
	}
	return list
}
