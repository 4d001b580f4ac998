package vm

import (
	"fmt"
	"iter"
	"maps"
	"slices"
)

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
	// OnGrow, when set, is called on the live machine's goroutine after an input has
	// been appended, and (wait is true) before the machine waits for something from
	// outside, maybe long. It may read the log, not the machine.
	OnGrow func(wait bool)

	inputs   []*Input
	base     int            // the index of inputs[0]
	early    map[int]*Input // those before base that are there
	frontier uint64
	bytes    int
	journal  []Event
}

// Len is the number of inputs.
func (l *Log) Len() int { return l.base + len(l.inputs) }

// Bytes is the approximate memory that the log holds.
func (l *Log) Bytes() int { return l.bytes }

// At returns input i, or nil past the end.
func (l *Log) At(i int) *Input {
	switch j := i - l.base; {
	case j >= len(l.inputs):
		return nil
	case j < 0:
		return l.early[i]
	default:
		return l.inputs[j]
	}
}

// View is the log as it is now, for reading only: other goroutines may while a machine
// appends to l.
func (l *Log) View() *Log {
	v := *l
	v.OnGrow = nil
	v.inputs = l.inputs[:len(l.inputs):len(l.inputs)]
	v.journal = l.journal[:len(l.journal):len(l.journal)]
	return &v
}

// All lists the inputs that are there, in order, with their indices.
func (l *Log) All() iter.Seq2[int, *Input] {
	return func(yield func(int, *Input) bool) {
		for _, i := range slices.Sorted(maps.Keys(l.early)) {
			if !yield(i, l.early[i]) {
				return
			}
		}
		for i, in := range l.inputs {
			if !yield(l.base+i, in) {
				return
			}
		}
	}
}

// Append adds an input. Inputs are in order of icount.
func (l *Log) Append(in *Input) {
	if n := len(l.inputs); n > 0 && l.inputs[n-1].Icount > in.Icount {
		panic(fmt.Sprintf("vm: input at icount %d after one at %d", in.Icount, l.inputs[n-1].Icount))
	}
	l.inputs = append(l.inputs, in)
	l.bytes += 96 + len(in.Data) + 8*len(in.Aux)
	for _, w := range in.Writes {
		l.bytes += 32 + len(w.Data)
	}
	if l.OnGrow != nil {
		l.OnGrow(false)
	}
}

// Frontier is the newest position reached: execution is live there.
func (l *Log) Frontier() uint64 { return l.frontier }

// Reached tells the log that a machine has executed up to icount.
func (l *Log) Reached(icount uint64) {
	// Not written to in the past: replicas may be reading.
	if icount > l.frontier {
		l.frontier = icount
	}
}

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

// Skip stands for n inputs that are no longer there: At returns nil for them. It
// takes no memory for them.
func (l *Log) Skip(n int) {
	if l.early == nil {
		l.early = map[int]*Input{}
	}
	for i, in := range l.inputs {
		l.early[l.base+i] = in
	}
	l.base += len(l.inputs) + n
	l.inputs = nil
}

// Base is the index of the first input after the last Skip: from it on none is
// missing.
func (l *Log) Base() int { return l.base }

// Waits is for a machine to call that is live at icount and about to wait for
// something from outside: everything up to there is in the log.
func (l *Log) Waits(icount uint64) {
	if l.OnGrow != nil {
		l.Reached(icount)
		l.OnGrow(true)
	}
}
