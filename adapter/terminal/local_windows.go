package terminal

import (
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// endIsCtrlZ: package os takes a Ctrl-Z that is typed for the end of input. A console
// that is gone gives another error.
const endIsCtrlZ = true

// noticed: the system tells of no changes of a console by signals.
var noticed = []os.Signal{windows.SIGHUP}

// sizeEvery is how often the window's size is looked at: the events that tell of it
// come with the keys, which package os reads without them.
const sizeEvery = 500 * time.Millisecond

// watch is the goroutine that looks for changes of the size.
func (l *Local) watch() {
	defer close(l.done)
	t := time.NewTicker(sizeEvery)
	defer t.Stop()
	for {
		select {
		case <-l.closing:
			return
		case <-t.C:
			l.remeasure()
		case <-l.notes:
		}
	}
}

// rawOutput has the console obey control sequences, and nothing but them: a line
// feed is not a carriage return.
func rawOutput(f *os.File) (restore func() error, err error) {
	h := windows.Handle(f.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(h, &mode); err != nil {
		return nil, nil // not a console: a pipe of a terminal emulator
	}
	raw := mode | windows.ENABLE_PROCESSED_OUTPUT | windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING | windows.DISABLE_NEWLINE_AUTO_RETURN
	if err := windows.SetConsoleMode(h, raw); err != nil {
		return nil, err
	}
	return func() error { return windows.SetConsoleMode(h, mode) }, nil
}

// foreground is always so: there are no background jobs.
func foreground(*os.File) bool { return true }
