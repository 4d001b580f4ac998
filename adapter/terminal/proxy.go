package terminal

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// connectWait is how long a proxy waits for the session to take it.
const connectWait = 10 * time.Second

// errRefused is why a session does not take a proxy.
var errRefused = errors.New("terminal: the debug session does not take this terminal: it has ended, or has another; start it again from the editor")

// ErrHangUp is the end of a proxy whose terminal has gone away: nobody is there to be
// told.
var ErrHangUp = errors.New("terminal: it was closed")

// Proxy connects the terminal that in and out are with the session that file
// tells of, until the session or ctx ends, or the connection breaks; the latter two are
// errors. The terminal is in raw mode meanwhile.
func Proxy(ctx context.Context, file string, in, out *os.File) error {
	if !Is(in) || !Is(out) {
		return errors.New("terminal: standard input and output are not a terminal: this command is for editors, which start it in one")
	}
	known, err := os.ReadFile(file)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return errRefused
		}
		return fmt.Errorf("terminal: %w", err)
	}
	addr, token, ok := strings.Cut(strings.TrimSpace(string(known)), "\n")
	if !ok {
		return fmt.Errorf("terminal: %s does not tell of a debug session", file)
	}
	dial := net.Dialer{Timeout: connectWait}
	conn, err := dial.DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("%w (%w)", errRefused, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	tty, err := Open(in, out)
	if err != nil {
		return err
	}
	defer tty.Close() // before the connection: its end tells the session that all is done
	text, err := forward(conn, tty, token)
	if e := tty.Close(); err == nil {
		err = e
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if text != "" {
		fmt.Fprintln(out, text)
	}
	return err
}

// forward is a proxy's work. It returns the session's last words.
func forward(conn net.Conn, tty *Local, token string) (text string, err error) {
	size := tty.Size()
	h, err := json.Marshal(hello{
		Version: protocolVersion, Token: token, Rows: size.Rows, Cols: size.Cols,
		Term: os.Getenv("TERM"), ColorTerm: os.Getenv("COLORTERM"),
	})
	if err != nil {
		return "", err
	}
	if len(h) > frames[kindHello].max {
		return "", errors.New("terminal: the token, TERM or COLORTERM is too long")
	}
	if err := conn.SetDeadline(time.Now().Add(connectWait)); err != nil {
		return "", err
	}
	in := bufio.NewReaderSize(conn, maxContent)
	if _, err := conn.Write(appendFrame(nil, kindHello, h)); err != nil {
		return "", errRefused
	}
	if k, _, err := readFrame(in, sessionSide, nil); err != nil || k != kindWelcome {
		return "", errRefused
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return "", err
	}

	// The goroutine for input ends with the terminal, which the caller closes, or
	// with the connection.
	var hungUp sync.Once
	var lost error
	go func() {
		for {
			ev, err := tty.Next()
			if err != nil {
				hungUp.Do(func() { lost = err })
				conn.Close()
				return
			}
			var b []byte
			if len(ev.Data) > 0 {
				b = appendFrames(b, kindInput, ev.Data)
			}
			if ev.Size.Rows != 0 {
				b = appendFrame(b, kindSize, sizeContent(ev.Size))
			}
			if _, err := conn.Write(b); err != nil {
				return // the other direction tells
			}
		}
	}()
	var buf [maxContent]byte
	for {
		k, content, err := readFrame(in, sessionSide, buf[:])
		if err != nil {
			hungUp.Do(func() {})
			if lost != nil {
				return "", ErrHangUp
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = errors.New("the debugger has ended without a word")
			}
			return "", fmt.Errorf("terminal: the connection to the debugger: %w", err)
		}
		switch k {
		case kindOutput:
			_, err = tty.Write(content)
		case kindReset:
			err = tty.Reset()
		case kindEnd:
			return string(content), nil
		}
		if err != nil {
			return "", fmt.Errorf("terminal: %w", err)
		}
	}
}
