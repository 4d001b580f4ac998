package linux

// Terminal is the terminal that a guest runs on: its descriptors 0, 1 and 2 are
// open on it, and it is the guest's controlling terminal. The line discipline (the
// editing of lines, echo, control characters) is the guest kernel's, so the terminal
// outside must be in raw mode: it hands on each key as it is pressed, and shows what
// it is given as it is.
type Terminal struct {
	// Source is the outside; nil: a terminal that has been hung up by the time that
	// the guest looks.
	Source TerminalSource
	// Size is the window's at the start; 0 rows or columns: 24×80.
	Size TerminalSize
}

// TerminalSize is the size of a terminal's window in characters.
type TerminalSize struct{ Rows, Cols uint16 }

// size is the window's size at the start.
func (x *Terminal) size() TerminalSize {
	if x.Size.Rows == 0 || x.Size.Cols == 0 {
		return TerminalSize{24, 80}
	}
	return x.Size
}

// TerminalSource is what comes from outside to the guest's terminal. Next waits for
// what is typed, or for a new size. An error, such as io.EOF, is a hang-up: the guest
// gets SIGHUP, and reads the end of its input. Next is called on one goroutine of the
// machine's, from the first time on that the guest waits or has run a little while,
// and not again after an error. Machine.Close does not end a Next that waits.
type TerminalSource interface {
	Next() (TerminalEvent, error)
}

// TerminalEvent is something that comes from a terminal. One without anything in it
// is passed over.
type TerminalEvent struct {
	Data []byte       // typed; the machine keeps it
	Size TerminalSize // the window's new size; zero: unchanged
}
