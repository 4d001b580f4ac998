package vm

import "fmt"

// InputKind says what an Input is.
type InputKind uint8

// Input kinds.
const (
	// InputSyscall is the result of a system call that looked outside.
	InputSyscall InputKind = iota + 1
	// InputWake is what ended or changed a wait: data for a blocked read, a
	// time-out decided outside. Logged at the icount where it takes effect.
	InputWake
	// InputInit is one of the facts fixed when the machine was created: the
	// time of day, random seed. At icount 0.
	InputInit
)

// MemWrite is a piece of guest memory that an input fills.
type MemWrite struct {
	Addr uint64
	Data []byte
}

// Input is anything that a machine receives from outside. Immutable once
// appended.
type Input struct {
	Icount uint64 // where the machine consumes it
	Kind   InputKind
	Thread ThreadID
	Num    uint32 // the system call's number, or what kind of wake
	Ret    int64  // its result
	Aux    []uint64
	Writes []MemWrite
	Data   []byte // anything else, in a form that the personality defines
}

// Log is an input log: all inputs of a history in order, and the frontier. A
// machine appends to it while live and reads from it while replaying; its
// reading position is part of the machine's state. It belongs to the machine's
// goroutine while live; machines that only replay may share it.
type Log struct {
	inputs   []*Input
	frontier uint64
	bytes    int
	journal  []Event
}

// Len is the number of inputs.
func (l *Log) Len() int { return len(l.inputs) }

// Bytes is the approximate memory that the log holds.
func (l *Log) Bytes() int { return l.bytes }

// At returns input i, or nil past the end.
func (l *Log) At(i int) *Input {
	if i < 0 || i >= len(l.inputs) {
		return nil
	}
	return l.inputs[i]
}

// Append adds an input. Inputs are in order of icount.
func (l *Log) Append(in *Input) {
	if n := len(l.inputs); n > 0 && l.inputs[n-1] != nil && l.inputs[n-1].Icount > in.Icount {
		panic(fmt.Sprintf("vm: input at icount %d after one at %d", in.Icount, l.inputs[n-1].Icount))
	}
	l.inputs = append(l.inputs, in)
	l.bytes += 96 + len(in.Data) + 8*len(in.Aux)
	for _, w := range in.Writes {
		l.bytes += 32 + len(w.Data)
	}
}

// Frontier is the newest position reached: execution is live there.
func (l *Log) Frontier() uint64 { return l.frontier }

// Reached tells the log that a machine has executed up to icount.
func (l *Log) Reached(icount uint64) { l.frontier = max(l.frontier, icount) }

// maxJournal bounds the events that a log keeps.
const maxJournal = 1 << 20

// Note adds an event to the journal, in order of icount: a machine does when it is
// live. What is too much is left out.
func (l *Log) Note(e Event) {
	if len(l.journal) < maxJournal {
		l.journal = append(l.journal, e)
	}
}

// Journal lists the events noted. The caller must not change it.
func (l *Log) Journal() []Event { return l.journal }

// Skip stands for n inputs that are no longer there: At returns nil for them.
func (l *Log) Skip(n int) {
	for range n {
		l.inputs = append(l.inputs, nil)
	}
}
