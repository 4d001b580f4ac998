package gdbstub

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// A client that sends more requests than this without waiting for answers is
// disconnected: the reader must never be held up, or it could not see an
// interrupt.
const maxPending = 256

// flushTime bounds how long the end of a session waits for the client to read
// the last answers.
const flushTime = 2 * time.Second

var errFlooded = errors.New("client sent too many requests without waiting for the answers")

// link is the connection to one client: the reader and the writer goroutine and
// what they share with the engine.
type link struct {
	rw       io.ReadWriteCloser
	log      zerolog.Logger
	requests chan request  // reader → engine; closed at the end of the connection
	out      chan outgoing // reader, engine → writer
	noAck    atomic.Bool   // QStartNoAckMode has been agreed on
	gate     gate
	ctx      context.Context // ends with the connection
	cancel   context.CancelCauseFunc
	written  chan struct{} // closed when the writer has ended
}

// request is a packet from the client.
type request struct {
	seq     uint64 // counts the packets of this connection from 1
	data    string
	tooLong bool
}

// outgoing is something for the writer.
type outgoing struct {
	data   []byte
	packet bool // it is a packet, and what a NAK asks for again
	again  bool // send the last packet again
	end    bool // the writer's work is done
}

// newLink starts the goroutines. The connection ends with ctx.
func newLink(ctx context.Context, rw io.ReadWriteCloser, log zerolog.Logger) *link {
	l := &link{
		rw:       rw,
		log:      log,
		requests: make(chan request, maxPending),
		out:      make(chan outgoing, 64),
		written:  make(chan struct{}),
	}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	context.AfterFunc(l.ctx, func() { l.rw.Close() })
	go l.read()
	go l.write()
	return l
}

// read is the reader goroutine.
func (l *link) read() {
	defer close(l.requests)
	s := newScanner(l.rw)
	for seq := uint64(1); ; {
		kind, data, err := s.next()
		if err != nil {
			l.cancel(err)
			return
		}
		switch kind {
		case itemInterrupt:
			l.log.Debug().Msg("interrupt")
			l.gate.interrupt()
			continue
		case itemNak:
			l.post(outgoing{again: true})
			continue
		case itemAck:
			continue
		}
		if !l.noAck.Load() {
			if kind == itemBad {
				l.log.Debug().Bytes("packet", data).Msg("wrong checksum")
				l.post(outgoing{data: []byte{'-'}})
				continue
			}
			l.post(outgoing{data: []byte{'+'}})
		}
		l.gate.arrived(seq)
		select {
		case l.requests <- request{seq: seq, data: string(data), tooLong: kind == itemTooLong}:
			seq++
		default:
			l.cancel(errFlooded)
			return
		}
	}
}

// write is the writer goroutine. It ends at the end marker or with the
// connection.
func (l *link) write() {
	defer close(l.written)
	var last []byte
	for {
		select {
		case o := <-l.out:
			if o.end {
				return
			}
			data := o.data
			if o.again {
				data = last
			} else if o.packet {
				last = data
			}
			if _, err := l.rw.Write(data); err != nil {
				l.cancel(err)
				return
			}
		case <-l.ctx.Done():
			return
		}
	}
}

// post queues something for the writer. It waits while the queue is full, and
// drops it when the connection has ended.
func (l *link) post(o outgoing) {
	select {
	case l.out <- o:
	case <-l.ctx.Done():
	}
}

// send queues a packet.
func (l *link) send(data string) {
	l.post(outgoing{data: frame(data), packet: true})
}

// close writes what is queued and ends the connection. Only the engine calls it,
// once.
func (l *link) close() {
	if d, ok := l.rw.(interface{ SetWriteDeadline(time.Time) error }); ok {
		// A client that does not read must not keep the next one waiting.
		_ = d.SetWriteDeadline(time.Now().Add(flushTime))
	}
	l.post(outgoing{end: true})
	<-l.written
	l.cancel(io.EOF)
}

// gate ties interrupts to the request that they are meant for: one sent after a
// request was, and before its answer was read, interrupts this request, even if
// the engine has not come to it yet. One that comes when nothing is under way is
// forgotten, so that it can't hit a later request.
type gate struct {
	mu          sync.Mutex
	last        uint64 // the newest request that has arrived
	interrupted uint64 // the newest request that was interrupted
	current     uint64 // the request that the engine is at, or 0
	cancel      context.CancelFunc
}

// arrived is called by the reader for each request before the engine sees it.
func (g *gate) arrived(seq uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = seq
}

// interrupt is called by the reader.
func (g *gate) interrupt() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.interrupted = g.last
	if g.cancel != nil && g.current <= g.interrupted {
		g.cancel()
	}
}

// enter gives the context under which the engine handles a request, and the
// function that ends it.
func (g *gate) enter(ctx context.Context, seq uint64) (context.Context, func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	g.current, g.cancel = seq, cancel
	if g.interrupted >= seq {
		cancel()
	}
	return ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.current, g.cancel = 0, nil
		cancel()
	}
}
