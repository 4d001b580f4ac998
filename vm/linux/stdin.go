package linux

import (
	"io"
	"sync"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
)

// inlet is the guest kernel's end of standard input: a pipe whose other end is
// outside. It is part of the state.
type inlet struct {
	buf      []byte // arrived and not yet read; immutable
	eof      bool   // nothing follows buf
	arrivals uint64 // changes of readiness so far
}

// ready reports whether a read would not wait.
func (q *inlet) ready() bool { return len(q.buf) > 0 || q.eof }

// feedChunk is how much is read from the host's standard input at once, bytes.
const feedChunk = 32 << 10

// feed is the host's end of standard input, or of the terminal. Its goroutine,
// started by the first look, reads a chunk ahead at most.
type feed struct {
	next  func() (TerminalEvent, error) // nil: nothing comes
	start sync.Once
	ch    chan TerminalEvent // closed at the end
	done  chan struct{}
}

// newFeed makes the feed of a reader, or of a terminal if x is not nil.
func newFeed(r io.Reader, x *Terminal) *feed {
	f := &feed{ch: make(chan TerminalEvent), done: make(chan struct{})}
	switch {
	case x != nil && x.Source != nil:
		f.next = x.Source.Next
	case x == nil && r != nil:
		f.next = func() (TerminalEvent, error) {
			buf := make([]byte, feedChunk)
			n, err := r.Read(buf)
			return TerminalEvent{Data: buf[:n:n]}, err
		}
	}
	return f
}

// fill puts what has come into an input: nothing is the end.
func (e TerminalEvent) fill(in *vm.Input) {
	in.Ret, in.Data, in.Aux = int64(len(e.Data)), e.Data, []uint64{0}
	if size := uint64(e.Size.Rows)<<16 | uint64(e.Size.Cols); size != 0 {
		in.Aux = append(in.Aux, size)
	}
}

// waitResult says how a wait for standard input ended.
type waitResult uint8

const (
	waitData waitResult = iota // with data, or its end
	waitTimedOut
	waitInterrupted
)

func (f *feed) run() {
	defer close(f.ch)
	if f.next == nil {
		return
	}
	for {
		e, err := f.next()
		if len(e.Data) > 0 || e.Size != (TerminalSize{}) {
			select {
			case f.ch <- e:
			case <-f.done:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// poll takes what has arrived, if anything has. No data is the end.
func (f *feed) poll() (TerminalEvent, waitResult) {
	f.start.Do(func() { go f.run() })
	select {
	case p := <-f.ch:
		return p, waitData
	default:
		return TerminalEvent{}, waitTimedOut
	}
}

// wait waits for data or the end of standard input (unless stdin is false), for
// at most left nanoseconds (never: no limit), until interrupted says yes after
// a token in wake.
func (f *feed) wait(left uint64, stdin bool, wake <-chan struct{}, interrupted func() bool) (TerminalEvent, waitResult) {
	var ch chan TerminalEvent
	if stdin {
		f.start.Do(func() { go f.run() })
		ch = f.ch
	}
	var late <-chan time.Time
	if left != never {
		t := time.NewTimer(time.Duration(min(left, uint64(1<<62))))
		defer t.Stop()
		late = t.C
	}
	for {
		select {
		case p := <-ch:
			return p, waitData
		case <-late:
			return TerminalEvent{}, waitTimedOut
		case <-wake:
			if interrupted() {
				return TerminalEvent{}, waitInterrupted
			}
		}
	}
}

func (f *feed) close() {
	select {
	case <-f.done:
	default:
		close(f.done)
	}
}
