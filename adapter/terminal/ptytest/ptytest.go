//go:build linux

// Package ptytest is a person at a terminal, for tests: a pseudoterminal of the host
// with a program on it, keys that are typed, and what is seen. It is for Linux.
package ptytest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// deadline is when something that is waited for has failed to come.
const deadline = 30 * time.Second

// Terminal is a pseudoterminal.
type Terminal struct {
	t      testing.TB
	master *os.File
	slave  *os.File // keeps the terminal open while no program has it

	mu      sync.Mutex
	seen    bytes.Buffer
	taken   int           // bytes of seen that Expect has passed
	changed chan struct{} // closed and replaced with each change
	over    bool          // nothing more is seen
}

// New opens a pseudoterminal of 24 rows and 80 columns, in the usual mode.
func New(t testing.TB) *Terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no pseudoterminal: %v", err)
		}
		t.Skipf("no pseudoterminal: %v", err)
	}
	p := &Terminal{t: t, master: master, changed: make(chan struct{})}
	var n int
	p.control(func(fd int) error {
		if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
			return err
		}
		n, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		return err
	})
	if p.slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	p.Resize(24, 80)
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.read()
	}()
	t.Cleanup(func() {
		p.Close()
		<-read
		if t.Failed() {
			t.Logf("seen on the terminal: %q", p.Seen())
		}
	})
	return p
}

func (p *Terminal) control(f func(fd int) error) {
	p.t.Helper()
	c, err := p.master.SyscallConn()
	if err == nil {
		if e := c.Control(func(fd uintptr) { err = f(int(fd)) }); e != nil {
			err = e
		}
	}
	if err != nil {
		p.t.Fatalf("pseudoterminal: %v", err)
	}
}

func (p *Terminal) read() {
	buf := make([]byte, 4096)
	for {
		n, err := p.master.Read(buf)
		p.mu.Lock()
		p.seen.Write(buf[:n])
		if err != nil {
			p.over = true
		}
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Start starts a program on the terminal, in a session of its own.
func (p *Terminal) Start(cmd *exec.Cmd) {
	p.t.Helper()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.slave, p.slave, p.slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = cmd.Process.Kill() })
}

// Type types keys.
func (p *Terminal) Type(keys string) {
	p.t.Helper()
	if _, err := p.master.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// Resize changes the size of the window.
func (p *Terminal) Resize(rows, cols uint16) {
	p.t.Helper()
	p.control(func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: cols})
	})
}

// Expect waits until text is seen after what earlier calls have waited for.
func (p *Terminal) Expect(text string) {
	p.t.Helper()
	late := time.After(deadline)
	for {
		p.mu.Lock()
		i := bytes.Index(p.seen.Bytes()[p.taken:], []byte(text))
		if i >= 0 {
			p.taken += i + len(text)
		}
		rest, changed, over := string(p.seen.Bytes()[p.taken:]), p.changed, p.over
		p.mu.Unlock()
		if i >= 0 {
			return
		}
		if over {
			p.t.Fatalf("%q is not seen, but %q, and the end", text, rest)
		}
		select {
		case <-changed:
		case <-late:
			p.t.Fatalf("%q is not seen, but %q", text, rest)
		}
	}
}

// Settle waits until all is seen that has been written to the terminal so far.
func (p *Terminal) Settle() {
	p.t.Helper()
	const mark = "\x00ptytest\x00"
	if _, err := p.slave.WriteString(mark); err != nil {
		p.t.Fatal(err)
	}
	late := time.After(deadline)
	for {
		p.mu.Lock()
		i := bytes.Index(p.seen.Bytes(), []byte(mark))
		if i >= 0 {
			rest := string(p.seen.Bytes()[i+len(mark):])
			p.seen.Truncate(i)
			p.seen.WriteString(rest)
			p.taken = min(p.taken, i)
		}
		changed := p.changed
		p.mu.Unlock()
		if i >= 0 {
			return
		}
		select {
		case <-changed:
		case <-late:
			p.t.Fatal("what is written to the terminal is not seen")
		}
	}
}

// Seen is all that has been seen.
func (p *Terminal) Seen() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen.String()
}

// Count is how often text has been seen.
func (p *Terminal) Count(text string) int { return strings.Count(p.Seen(), text) }

// Mode is the mode that the terminal is in.
func (p *Terminal) Mode() unix.Termios {
	p.t.Helper()
	var mode *unix.Termios
	p.control(func(fd int) (err error) {
		mode, err = unix.IoctlGetTermios(fd, unix.TCGETS)
		return err
	})
	return *mode
}

// Raw reports whether the terminal is in raw mode.
func (p *Terminal) Raw() bool { return p.Mode().Lflag&(unix.ICANON|unix.ECHO|unix.ISIG) == 0 }

// AwaitRaw waits until a program has put the terminal into raw mode. No event tells of
// that.
func (p *Terminal) AwaitRaw() {
	p.t.Helper()
	for late := time.Now().Add(deadline); !p.Raw(); time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			p.t.Fatal("the terminal is not put into raw mode")
		}
	}
}

// Close closes the window: the programs on the terminal get a hang-up.
func (p *Terminal) Close() {
	p.slave.Close()
	if err := p.master.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		p.t.Error(err)
	}
}
