package dap

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	godap "github.com/google/go-dap"
	"github.com/rs/zerolog"
)

const (
	roomForOutput = 4 << 20   // bytes waiting for the client at which the program's output waits, too
	roomForAll    = 256 << 20 // bytes waiting at which the client is given up
	mergeFrom     = 64        // messages waiting from which on output events are merged
)

// response is a response with a body of any type.
type response struct {
	godap.Response
	Body any `json:"body,omitempty"`
}

// event is an event with a body of any type.
type event struct {
	godap.Event
	Body any `json:"body,omitempty"`
}

// message is what the outbox takes: it numbers messages itself.
type message interface{ number(seq int) }

func (r *response) number(seq int) { r.Seq = seq }
func (e *event) number(seq int)    { e.Seq = seq }

func newEvent(name string, body any) *event {
	return &event{Event: godap.Event{ProtocolMessage: godap.ProtocolMessage{Type: "event"}, Event: name}, Body: body}
}

// outItem is a message in the outbox: as bytes, or an output event that may
// still grow.
type outItem struct {
	data   []byte
	output *OutputEventBody
	seq    int
}

// outbox is the queue of messages to the client. All goroutines of the session
// put messages in, the writer takes them out.
type outbox struct {
	mu     sync.Mutex
	items  []outItem
	bytes  int // in items
	limit  int // of bytes: roomForAll
	seq    int
	closed bool  // no more messages are taken
	err    error // why the client is given up
	wake   chan struct{}
	room   chan struct{}  // closed and replaced when bytes fall below roomForOutput
	done   chan struct{}  // closed when the writer has ended
	log    zerolog.Logger // the writer's
}

func newOutbox() *outbox {
	return &outbox{limit: roomForAll, wake: make(chan struct{}, 1), room: make(chan struct{}), done: make(chan struct{})}
}

// send puts a message into the queue. It never waits.
func (o *outbox) send(m message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	m.number(o.seq + 1)
	data, err := json.Marshal(m)
	if err != nil {
		// Bodies are plain data; only a launch configuration's float or the
		// like could get here.
		panic(fmt.Sprintf("dap: message can't be encoded: %v", err))
	}
	o.seq++
	o.put(outItem{data: data}, len(data))
}

func (o *outbox) put(it outItem, size int) {
	o.items = append(o.items, it)
	o.bytes += size
	if o.bytes > o.limit {
		o.fail(errors.New("the client does not read: connection given up"))
	}
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// output puts an output event into the queue. It waits for room until ctx ends.
// Behind a client that does not keep up, output of one category grows together;
// such an event keeps the position of its beginning.
func (o *outbox) output(ctx context.Context, body OutputEventBody) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.bytes > roomForOutput && !o.closed && ctx.Err() == nil {
		room := o.room
		o.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
		case <-o.done:
		}
		o.mu.Lock()
		if o.finished() {
			return
		}
	}
	if o.closed {
		return
	}
	if n := len(o.items); n >= mergeFrom {
		if last := o.items[n-1].output; last != nil && last.mergeable(&body) {
			last.merge(&body)
			o.bytes += len(body.Output)
			return
		}
	}
	o.seq++
	o.put(outItem{output: &body, seq: o.seq}, len(body.Output)+64)
}

func (o *outbox) finished() bool {
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

// fail gives the client up. o.mu is held.
func (o *outbox) fail(err error) {
	o.closed, o.err, o.items, o.bytes = true, err, nil, 0
	close(o.room)
	o.room = make(chan struct{})
	o.signal()
}

// close lets the writer end when it has written what is in the queue.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.signal()
}

// failure is why the client was given up, nil if it was not.
func (o *outbox) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// take returns the queue's first message; ok is false when it is empty.
func (o *outbox) take() (it outItem, ok, closed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.items) == 0 {
		return it, false, o.closed
	}
	it, o.items[0] = o.items[0], outItem{}
	o.items = o.items[1:]
	before := o.bytes
	if it.output != nil {
		o.bytes -= len(it.output.Output) + 64
	} else {
		o.bytes -= len(it.data)
	}
	if before > roomForOutput && o.bytes <= roomForOutput {
		close(o.room)
		o.room = make(chan struct{})
	}
	return it, true, o.closed
}

// write is the writer goroutine. It calls lost when the client can't be written to.
func (o *outbox) write(w io.Writer, lost func(error)) {
	defer close(o.done)
	buf := bufio.NewWriterSize(w, 64<<10)
	for {
		it, ok, closed := o.take()
		var err error
		switch {
		case ok:
			if it.output != nil {
				ev := newEvent("output", it.output)
				ev.number(it.seq)
				it.data, err = json.Marshal(ev)
			}
			if e := o.log.Trace(); e.Enabled() {
				e.RawJSON("message", it.data).Msg("sent")
			}
			if err == nil {
				err = godap.WriteBaseMessage(buf, it.data)
			}
		default:
			err = buf.Flush()
			if err == nil {
				if closed {
					if err := o.failure(); err != nil {
						lost(err)
					}
					return
				}
				<-o.wake
			}
		}
		if err != nil {
			o.mu.Lock()
			o.fail(fmt.Errorf("writing to the client: %w", err))
			o.mu.Unlock()
			lost(err)
			return
		}
	}
}
