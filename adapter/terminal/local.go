package terminal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/term"

	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// inputChunk is how much is read from a terminal at once, bytes.
const inputChunk = 4 << 10

// Is reports whether f is a terminal.
func Is(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Usable reports whether programs can be given the terminal that in, out and err are:
// that they all are one, and that this process is in the terminal's foreground, where
// it has one: one that is not would be stopped for changing it.
func Usable(in, out, err *os.File) bool {
	return Is(in) && Is(out) && Is(err) && foreground(in)
}

// Local is a terminal of this process, in raw mode. It implements linux.TerminalSource.
type Local struct {
	in, out *os.File
	notes   chan os.Signal
	resized chan struct{} // capacity 1
	closing chan struct{}
	done    chan struct{} // the goroutine for signals has ended
	start   sync.Once     // of the goroutine that reads
	input   chan []byte   // what that has read; closed at the end of input
	hangup  chan struct{} // closed when the terminal has gone away

	mu     sync.Mutex
	saved  *term.State  // what it was; nil while it is not raw
	output func() error // restores the output's mode, where that has one of its own
	modes  modes
	within bool // what was shown last did not end its line
	size   linux.TerminalSize
	closed bool
}

// Open puts the terminal that in and out are into raw mode, until Close.
func Open(in, out *os.File) (*Local, error) {
	l := &Local{
		in: in, out: out, notes: make(chan os.Signal, 4), resized: make(chan struct{}, 1),
		closing: make(chan struct{}), done: make(chan struct{}), input: make(chan []byte), hangup: make(chan struct{}),
	}
	l.size = l.measure()
	if err := l.raw(); err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	signal.Notify(l.notes, noticed...)
	go l.watch()
	return l, nil
}

// raw puts the terminal into raw mode.
func (l *Local) raw() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.saved != nil || l.closed {
		return nil
	}
	saved, err := term.MakeRaw(int(l.in.Fd()))
	if err != nil {
		return err
	}
	l.saved = saved
	l.output, err = rawOutput(l.out)
	if err != nil {
		l.restore()
	}
	return err
}

// restore makes the terminal what it was. l.mu is held.
func (l *Local) restore() error {
	if l.saved == nil {
		return nil
	}
	if p := l.modes.undo(); len(p) > 0 {
		_, _ = l.out.Write(p)
	}
	err := term.Restore(int(l.in.Fd()), l.saved)
	if l.output != nil {
		if e := l.output(); err == nil {
			err = e
		}
	}
	l.saved, l.output = nil, nil
	if errors.Is(err, syscall.EIO) { // it has been hung up, and is nobody's any more
		err = nil
	}
	return err
}

// Restore makes the terminal what it was, as Close does, from any goroutine: for a
// process that is about to be ended by a signal.
func (l *Local) Restore() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.restore()
}

// Close makes the terminal what it was and ends Next. A second one does nothing.
func (l *Local) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	err := l.restore()
	l.mu.Unlock()
	signal.Stop(l.notes)
	close(l.closing)
	<-l.done
	return err
}

// Size is the present size of the terminal's window.
func (l *Local) Size() linux.TerminalSize {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size
}

// measure asks for the size of the window; zero if it can't be told.
func (l *Local) measure() linux.TerminalSize {
	cols, rows, err := term.GetSize(int(l.out.Fd()))
	if err != nil || cols <= 0 || rows <= 0 {
		return linux.TerminalSize{}
	}
	return linux.TerminalSize{Rows: uint16(min(rows, 1<<16-1)), Cols: uint16(min(cols, 1<<16-1))}
}

// remeasure has Next give out the size if it has changed.
func (l *Local) remeasure() {
	size := l.measure()
	l.mu.Lock()
	changed := size != l.size && size != linux.TerminalSize{}
	if changed {
		l.size = size
	}
	l.mu.Unlock()
	if changed {
		select {
		case l.resized <- struct{}{}:
		default:
		}
	}
}

// read is the goroutine that reads what is typed. It stays behind when the Local is
// closed in the middle of a read, since not every system can end that; what it reads
// then is lost. The process is about to end, too.
func (l *Local) read() {
	defer close(l.input)
	for {
		buf := make([]byte, inputChunk)
		n, err := l.in.Read(buf)
		if errors.Is(err, io.EOF) && endIsCtrlZ {
			buf[0], n, err = 0x1a, 1, nil
		}
		if n > 0 {
			select {
			case l.input <- buf[:n:n]:
			case <-l.closing:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// Next implements linux.TerminalSource.
func (l *Local) Next() (linux.TerminalEvent, error) {
	l.start.Do(func() { go l.read() })
	select {
	case p, ok := <-l.input:
		if ok {
			return linux.TerminalEvent{Data: p}, nil
		}
	case <-l.resized:
		return linux.TerminalEvent{Size: l.Size()}, nil
	case <-l.hangup:
	case <-l.closing:
	}
	return linux.TerminalEvent{}, io.EOF
}

// Write shows output.
func (l *Local) Write(p []byte) (int, error) {
	l.mu.Lock()
	if !l.closed {
		l.modes.feed(p)
	}
	if len(p) > 0 {
		l.within = p[len(p)-1] != '\n'
	}
	l.mu.Unlock()
	return l.out.Write(p)
}

// Reset undoes the modes that the output has set.
func (l *Local) Reset() error {
	l.mu.Lock()
	p := l.modes.undo()
	l.mu.Unlock()
	_, err := l.out.Write(p)
	return err
}

// Lines is w for texts of our own that go to the same terminal: while that is raw, a
// line has to end with a carriage return, too. They begin on a line of their own.
func (l *Local) Lines(w io.Writer) io.Writer { return lines{l, w} }

type lines struct {
	l *Local
	w io.Writer
}

func (x lines) Write(p []byte) (int, error) {
	x.l.mu.Lock()
	raw := x.l.saved != nil
	text := p
	if x.l.within && len(p) > 0 {
		text = append([]byte("\n"), p...)
		x.l.within = false
	}
	x.l.mu.Unlock()
	if raw {
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	}
	if _, err := x.w.Write(text); err != nil {
		return 0, err
	}
	return len(p), nil
}
