package main

import (
	"io"

	"github.com/dap-revexec/dap-revexec/adapter/terminal"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// seat is where a program that is run has its standard streams from: a terminal, if
// the command is in the foreground of one, or whatever the command's own are.
type seat struct {
	stdio
	tty *terminal.Local // nil if it is no terminal
}

// sit takes the seat. The terminal is in raw mode from then on, until leave.
func sit(std stdio) (*seat, error) {
	at := &seat{stdio: std}
	if !terminal.Usable(std.in, std.out, std.err) {
		return at, nil
	}
	var err error
	at.tty, err = terminal.Open(std.in, std.out)
	return at, err
}

// leave restores the terminal. It may be called more than once, and on any goroutine.
func (at *seat) leave() error {
	if at.tty == nil {
		return nil
	}
	return at.tty.Close()
}

// shared reports whether the program writes to the same terminal as the command.
func (at *seat) shared() bool { return at.tty != nil }

// messages is for messages of the command's own while the program runs.
func (at *seat) messages() io.Writer {
	if at.tty == nil {
		return at.err
	}
	return at.tty.Lines(at.err)
}

// give makes the seat the program's.
func (at *seat) give(cfg *linux.Config) {
	if at.tty == nil {
		cfg.Stdin = at.in
		return
	}
	cfg.Terminal = &linux.Terminal{Source: at.tty, Size: at.tty.Size()}
}

// write writes a program's output to where it belongs.
func (at *seat) write(fd int, p []byte) error {
	if at.tty == nil {
		return at.stdio.write(fd, p)
	}
	// A terminal that has been hung up takes nothing. The program gets to know of
	// that from its own.
	_, _ = at.tty.Write(p)
	return nil
}
