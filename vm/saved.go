package vm

// PageSize is the size of a page of guest memory in bytes.
const PageSize = 4096

// PageRef names a page's content in a PageStore. 0 is none.
type PageRef uint64

// PageStore keeps the contents of pages for snapshots that are not in memory.
type PageStore interface {
	// Put stores a page. base is an earlier version of it and ref what the store
	// calls that, for the store to keep the difference only; nil and 0 if there is
	// none. One goroutine at a time may call it.
	Put(page, base *[PageSize]byte, ref PageRef) (PageRef, error)
	// Get reads what Put has stored, from any goroutine. The error tells what is
	// damaged.
	Get(ref PageRef, page *[PageSize]byte) error
}

// EventKind says what an Event is.
type EventKind uint8

// Kinds of events in a journal.
const (
	NoteOutput EventKind = iota + 1 // Value: the stream (1, 2); Size: bytes
	NoteSignal                      // Value: the signal that is raised by a fault, or kills
	NoteThread                      // Value: the thread that begins
	NoteEnd                         // Value: the thread that ends
	NoteExec                        // another program is executed
	NoteExit                        // Value: the exit code; Size: the signal that killed the guest, or 0
	NoteInput                       // something came from standard input or the terminal. Size: bytes; 0: its end, or a new size of the terminal
)

// Event is something that happened in the debugged process and that a person may
// want to go to.
type Event struct {
	Icount      uint64 // position before the instruction or tick that did it
	Kind        EventKind
	Thread      ThreadID
	Value, Size uint64
}
