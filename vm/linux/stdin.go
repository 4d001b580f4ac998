package linux

import (
	"io"
	"sync"
	"time"
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

// feed is the host's end of standard input. Its goroutine, started by the first
// look, reads a chunk ahead at most.
type feed struct {
	r     io.Reader // nil: empty
	start sync.Once
	ch    chan []byte // closed at the end
	done  chan struct{}
}

func newFeed(r io.Reader) *feed {
	return &feed{r: r, ch: make(chan []byte), done: make(chan struct{})}
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
	if f.r == nil {
		return
	}
	for {
		buf := make([]byte, feedChunk)
		n, err := f.r.Read(buf)
		if n > 0 {
			select {
			case f.ch <- buf[:n:n]:
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
func (f *feed) poll() ([]byte, waitResult) {
	f.start.Do(func() { go f.run() })
	select {
	case p := <-f.ch:
		return p, waitData
	default:
		return nil, waitTimedOut
	}
}

// wait waits for data or the end of standard input (unless stdin is false), for
// at most left nanoseconds (never: no limit), until interrupted says yes after
// a token in wake.
func (f *feed) wait(left uint64, stdin bool, wake <-chan struct{}, interrupted func() bool) ([]byte, waitResult) {
	var ch chan []byte
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
			return nil, waitTimedOut
		case <-wake:
			if interrupted() {
				return nil, waitInterrupted
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
