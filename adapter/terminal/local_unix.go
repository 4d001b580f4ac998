//go:build unix

package terminal

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// endIsCtrlZ: the end of input is one, and so the terminal's.
const endIsCtrlZ = false

// noticed are the signals that are about the terminal. The keyboard sends none in raw
// mode: SIGTSTP and SIGQUIT come from other processes.
var noticed = []os.Signal{unix.SIGWINCH, unix.SIGHUP, unix.SIGTSTP, unix.SIGCONT, unix.SIGQUIT}

// watch is the goroutine for signals.
func (l *Local) watch() {
	defer close(l.done)
	gone := false
	for {
		select {
		case <-l.closing:
			return
		case s := <-l.notes:
			switch s {
			case unix.SIGWINCH:
				l.remeasure()
			case unix.SIGHUP:
				if !gone {
					gone = true
					close(l.hangup)
				}
			case unix.SIGTSTP: // as it would be without us, but with the terminal in order
				_ = l.Restore()
				_ = unix.Kill(unix.Getpid(), unix.SIGSTOP)
			case unix.SIGCONT:
				_ = l.raw()
				l.remeasure()
			case unix.SIGQUIT: // Go's own: it tells what all goroutines do
				_ = l.Restore()
				signal.Reset(unix.SIGQUIT)
				_ = unix.Kill(unix.Getpid(), unix.SIGQUIT)
			}
		}
	}
}

// rawOutput does nothing: the output has the mode of the input.
func rawOutput(*os.File) (restore func() error, err error) { return nil, nil }

// foreground reports whether this process may change the terminal.
func foreground(f *os.File) bool {
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err != nil || group == syscall.Getpgrp()
}
