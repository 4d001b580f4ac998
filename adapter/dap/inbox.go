package dap

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	godap "github.com/google/go-dap"
)

// maxQueued is how many requests may wait for the engine.
const maxQueued = 10000

// Why the engine's work is cancelled: the cause of its context.
var (
	errPause     = errors.New("paused")
	errInterrupt = errors.New("interrupted to serve a request")
	errEnding    = errors.New("the session ends")
)

// call is a request on its way through the engine.
type call struct {
	seq  int
	name string
	cmd  *command        // nil for a command that is not served
	msg  godap.Message   // as decoded
	raw  json.RawMessage // all of the message, for arguments that go-dap does not know

	ctx   context.Context // ends when the request is cancelled; set by the engine
	after []func()        // to be done after the response has been sent
}

// then defers f until the response has been sent.
func (c *call) then(f func()) { c.after = append(c.after, f) }

// inbox is what the reader and the engine share: the queue of requests, and the
// means to interrupt the engine.
type inbox struct {
	mu      sync.Mutex
	queue   []*call
	arrived chan struct{} // capacity 1: the queue or ending has changed

	// What the engine is in the middle of.
	current int                     // the seq of its request, 0 when idle
	stop    context.CancelCauseFunc // ends it; nil when idle
	moving  bool                    // it is a motion
	yields  bool                    // it is cancelled by a request that lets the program go

	pausing     string // a pause of the motion is wanted, and what to call it; else empty
	interrupted bool   // the motion is to be resumed after the queue has been served
	ending      bool   // nothing more is to be done but the end of the session
	cancelled   int    // the seq of a request that was cancelled when the engine was not at it: its motion may be about to begin

	threads []godap.Thread // as of the last stop
}

func newInbox() *inbox { return &inbox{arrived: make(chan struct{}, 1)} }

func (b *inbox) signal() {
	select {
	case b.arrived <- struct{}{}:
	default:
	}
}

// put queues a request. b.mu is held. It reports false when too many wait.
func (b *inbox) put(c *call) bool {
	if len(b.queue) >= maxQueued {
		return false
	}
	b.queue = append(b.queue, c)
	b.signal()
	return true
}

// next waits for a request; nil when the session ends without one.
func (b *inbox) next() *call {
	for {
		b.mu.Lock()
		if len(b.queue) > 0 {
			c := b.queue[0]
			b.queue = b.queue[1:]
			b.mu.Unlock()
			return c
		}
		ending := b.ending
		b.mu.Unlock()
		if ending {
			return nil
		}
		<-b.arrived
	}
}

// begin makes the context of the engine's next piece of work, for the request seq.
func (b *inbox) begin(seq int) context.Context {
	ctx, stop := context.WithCancelCause(context.Background())
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current, b.stop = seq, stop
	if b.ending {
		stop(errEnding)
	}
	return ctx
}

// yield makes requests that let the program go cancel the work under way, until done:
// work that looks at the program, and may take long.
func (b *inbox) yield() (done func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.yields || b.stop == nil {
		return func() {}
	}
	b.yields = true
	if slices.ContainsFunc(b.queue, func(c *call) bool { return c.cmd.moving == replaces }) {
		b.stop(context.Canceled)
	}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.yields = false
	}
}

// end tells that the engine is idle again.
func (b *inbox) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stop != nil {
		b.stop(nil)
	}
	b.current, b.stop, b.moving = 0, nil, false
}

// finish makes the session end: the engine's work is cancelled, what waits is
// answered as cancelled.
func (b *inbox) finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finishLocked()
}

func (b *inbox) finishLocked() {
	b.ending = true
	if b.stop != nil {
		b.stop(errEnding)
	}
	b.signal()
}

// over reports whether the session ends.
func (b *inbox) over() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ending
}

// pause makes the motion under way end where it is. b.mu is held.
func (b *inbox) pause(what string) {
	b.pausing = what
	b.stop(errPause)
}

// remove takes a waiting request out of the queue. b.mu is held.
func (b *inbox) remove(seq int) *call {
	i := slices.IndexFunc(b.queue, func(c *call) bool { return c.seq == seq })
	if i < 0 {
		return nil
	}
	c := b.queue[i]
	b.queue = slices.Delete(b.queue, i, i+1)
	return c
}
