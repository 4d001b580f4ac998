package terminal

import (
	"bufio"
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dap-revexec/dap-revexec/vm/linux"
)

const (
	roomForOutput = 256 << 10 // bytes that wait for the proxy at which a program's output waits, too
	roomForInput  = 64 << 10  // bytes typed that wait for a program; then the proxy waits
)

// Remote is a terminal that a proxy forwards.
type Remote struct {
	conn net.Conn
	in   *bufio.Reader // the reader's
	env  []string

	mu      sync.Mutex
	changed sync.Cond // of mu: input, sources
	size    linux.TerminalSize
	events  []linux.TerminalEvent // that no source has given out yet
	typed   int                   // bytes in events
	hungUp  bool                  // there is no more input than events
	sources []*Source             // those not closed; the latest gets the input

	out    []byte // frames to be written
	ending bool   // nothing comes after out
	broken bool   // the connection can't be written to
	lost   bool   // the proxy went away by itself
	wake   chan struct{}
	room   chan struct{} // closed and replaced when there is room in out again
	gone   chan struct{} // closed when the proxy has closed the connection, or it is broken
}

func newRemote(conn net.Conn, in *bufio.Reader, h hello) *Remote {
	r := &Remote{
		conn: conn, in: in, size: linux.TerminalSize{Rows: h.Rows, Cols: h.Cols},
		wake: make(chan struct{}, 1), room: make(chan struct{}), gone: make(chan struct{}),
	}
	r.changed.L = &r.mu
	for _, v := range []struct{ name, value string }{{"TERM", h.Term}, {"COLORTERM", h.ColorTerm}} {
		if v.value != "" && !strings.ContainsRune(v.value, 0) {
			r.env = append(r.env, v.name+"="+v.value)
		}
	}
	return r
}

func (r *Remote) start() {
	go r.read()
	go r.write()
}

// Env are the environment variables that tell a program what terminal it is on:
// TERM and COLORTERM, as far as the terminal has them.
func (r *Remote) Env() []string { return slices.Clone(r.env) }

// Size is the terminal's present size.
func (r *Remote) Size() linux.TerminalSize {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.size
}

// Gone is closed when the terminal has gone away.
func (r *Remote) Gone() <-chan struct{} { return r.gone }

// Lost reports whether a terminal that is gone went by itself, before End.
func (r *Remote) Lost() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// read is the reader goroutine.
func (r *Remote) read() {
	defer func() {
		r.mu.Lock()
		r.hungUp = true
		r.lost = !r.ending
		ending := r.ending
		close(r.gone) // before any source tells its program
		r.changed.Broadcast()
		r.mu.Unlock()
		if !ending {
			r.conn.Close() // the writer must not wait for a proxy that is no more
		}
	}()
	for {
		k, content, err := readFrame(r.in, proxySide, nil)
		if err != nil {
			return
		}
		r.mu.Lock()
		switch k {
		case kindInput:
			for r.typed > roomForInput && !r.ending {
				r.changed.Wait()
			}
			r.typed += len(content)
			r.events = append(r.events, linux.TerminalEvent{Data: content})
		case kindSize:
			r.resized(parseSize(content))
		}
		if r.ending { // only the end of the connection is waited for
			r.events, r.typed = nil, 0
		}
		r.changed.Broadcast()
		r.mu.Unlock()
		if k == kindHello {
			return // a second one
		}
	}
}

// resized takes note of a new size. r.mu is held. Of many in a row only the last
// counts.
func (r *Remote) resized(size linux.TerminalSize) {
	if size == (linux.TerminalSize{}) || size == r.size {
		return
	}
	r.size = size
	ev := linux.TerminalEvent{Size: size}
	if n := len(r.events); n > 0 && len(r.events[n-1].Data) == 0 {
		r.events[n-1] = ev
		return
	}
	r.events = append(r.events, ev)
}

// write is the writer goroutine.
func (r *Remote) write() {
	for {
		r.mu.Lock()
		p, ending := r.out, r.ending
		r.out = nil
		if len(p) > roomForOutput {
			close(r.room)
			r.room = make(chan struct{})
		}
		r.mu.Unlock()
		if len(p) > 0 {
			if _, err := r.conn.Write(p); err != nil {
				r.breakOff()
				return
			}
			continue
		}
		if ending {
			// Not Close: what was typed and is not read would make the system
			// drop what the proxy has not read.
			if half, ok := r.conn.(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
			return
		}
		select {
		case <-r.wake:
		case <-r.gone:
			r.breakOff()
			return
		}
	}
}

// breakOff gives up writing.
func (r *Remote) breakOff() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken, r.out = true, nil
	close(r.room)
	r.room = make(chan struct{})
	r.conn.Close()
}

// put queues frames. r.mu is held.
func (r *Remote) put(k kind, content []byte) {
	if len(content) == 0 {
		r.out = appendFrame(r.out, k, nil)
	} else {
		r.out = appendFrames(r.out, k, content)
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Write shows p on the terminal. It waits for room until ctx ends: a terminal may be
// slower than a program. Nothing is lost then. It reports false when the terminal is
// gone, and p is not shown.
func (r *Remote) Write(ctx context.Context, p []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.out) > roomForOutput && !r.broken && !r.ending && ctx.Err() == nil {
		room := r.room
		r.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
		}
		r.mu.Lock()
	}
	if r.broken || r.ending || r.hungUp {
		return false
	}
	if len(p) > 0 {
		r.put(kindOutput, p)
	}
	return true
}

// Reset undoes the modes that a program's output has set: another is to be run.
func (r *Remote) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ending && !r.broken {
		r.put(kindReset, nil)
	}
}

// End lets the terminal go: the proxy shows what has been written, and text, restores
// the terminal and ends. That is waited for, for at most wait.
func (r *Remote) End(text string, wait time.Duration) {
	r.mu.Lock()
	if !r.ending {
		if !r.broken {
			text = strings.ToValidUTF8(text, "\uFFFD")
			r.put(kindEnd, []byte(text[:min(len(text), frames[kindEnd].max)]))
		}
		r.ending = true
		for _, s := range r.sources {
			s.closed = true
		}
		r.sources, r.events, r.typed = nil, nil, 0
		r.changed.Broadcast()
	}
	r.mu.Unlock()
	late := time.NewTimer(wait)
	defer late.Stop()
	select {
	case <-r.gone:
	case <-late.C:
	}
	r.conn.Close()
}

// Source is the input of one run of a program. It implements linux.TerminalSource.
type Source struct {
	r      *Remote
	closed bool // guarded by r.mu
}

// Source begins a run: what is typed goes to it, until it is closed. Another source
// that is open gets nothing meanwhile.
func (r *Remote) Source() *Source {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &Source{r: r, closed: r.ending}
	if !s.closed {
		r.sources = append(r.sources, s)
	}
	return s
}

// Next implements linux.TerminalSource.
func (s *Source) Next() (linux.TerminalEvent, error) {
	r := s.r
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		if s.closed {
			return linux.TerminalEvent{}, io.EOF
		}
		if r.sources[len(r.sources)-1] == s {
			if len(r.events) > 0 {
				ev := r.events[0]
				r.events = slices.Delete(r.events, 0, 1)
				r.typed -= len(ev.Data)
				r.changed.Broadcast()
				return ev, nil
			}
			if r.hungUp {
				return linux.TerminalEvent{}, io.EOF
			}
		}
		r.changed.Wait()
	}
}

// Close ends the run: Next returns io.EOF. What was typed and not taken goes to the
// next run.
func (s *Source) Close() error {
	r := s.r
	r.mu.Lock()
	defer r.mu.Unlock()
	s.closed = true
	r.sources = slices.DeleteFunc(r.sources, func(o *Source) bool { return o == s })
	r.changed.Broadcast()
	return nil
}
