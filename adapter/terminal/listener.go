package terminal

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net"
	"os"
	"time"
)

// Command is the hidden command of the executable that is a proxy. Its argument is the
// file that tells where to connect to.
const Command = "terminal"

const (
	helloWait = 5 * time.Second // for whoever connects to say who it is
	maxGuests = 16              // connections at a time that have not said that yet
)

// Listener waits for the proxy that a session has asked for. Others can connect to a
// port of the loopback interface, too: only who knows the token is taken. It is in a
// file that only the user can read, as is the address. (A command line can be read by
// others; an environment variable is what some clients do not pass on; and an address
// that is seen in a terminal is one that editors offer to forward.)
type Listener struct {
	ln    net.Listener
	token string
	file  string // that the address and the token are in, a line each
}

// Listen opens a port on the loopback interface.
func Listen() (*Listener, error) {
	l := &Listener{token: rand.Text()}
	f, err := os.CreateTemp("", "revexec-terminal-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("terminal: no file for its token: %w", err)
	}
	l.file = f.Name()
	l.ln, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Close()
		os.Remove(l.file)
		return nil, fmt.Errorf("terminal: no port for its connection: %w", err)
	}
	_, err = fmt.Fprintf(f, "%s\n%s\n", l.ln.Addr(), l.token)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("terminal: the file for its token: %w", err)
	}
	return l, nil
}

// Close stops waiting. A terminal that was accepted stays.
func (l *Listener) Close() error {
	os.Remove(l.file)
	return l.ln.Close()
}

// Args is the command line of the proxy, of which exe is the executable.
func (l *Listener) Args(exe string) []string {
	return []string{exe, Command, l.file}
}

// Accept waits for the proxy until ctx ends, and closes the listener. Its error is
// then the cause of that.
func (l *Listener) Accept(ctx context.Context) (*Remote, error) {
	defer l.Close()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()

	greeting, done := context.WithCancel(ctx) // ends the other handshakes
	defer done()
	found := make(chan *Remote)
	room := make(chan struct{}, maxGuests)
	failed := make(chan error, 1)
	go func() {
		for {
			conn, err := l.ln.Accept()
			if err != nil {
				failed <- err
				return
			}
			room <- struct{}{}
			go func() {
				defer func() { <-room }()
				r := l.greet(greeting, conn)
				if r == nil {
					conn.Close()
					return
				}
				select {
				case found <- r:
				case <-greeting.Done(): // another was faster
					conn.Close()
				}
			}()
		}
	}()
	select {
	case r := <-found:
		r.start()
		return r, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case err := <-failed:
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("terminal: waiting for its connection: %w", err)
	}
}

// greet finds out who has connected; nil if it is not the proxy.
func (l *Listener) greet(ctx context.Context, conn net.Conn) *Remote {
	if conn.SetDeadline(time.Now().Add(helloWait)) != nil {
		return nil
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	in := bufio.NewReader(conn)
	k, content, err := readFrame(in, proxySide, nil)
	if err != nil || k != kindHello {
		return nil
	}
	h, err := parseHello(content)
	if err != nil || subtle.ConstantTimeCompare([]byte(h.Token), []byte(l.token)) != 1 {
		return nil
	}
	if _, err := conn.Write(appendFrame(nil, kindWelcome, nil)); err != nil {
		return nil
	}
	if !stop() || conn.SetDeadline(time.Time{}) != nil {
		return nil
	}
	return newRemote(conn, in, h)
}
