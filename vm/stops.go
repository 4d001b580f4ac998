package vm

import (
	"fmt"
	"slices"
)

// Breaks is an immutable set of breakpoint addresses. The engine keeps the code
// translated for a set as long as it remembers the set, so asking again for
// equal sets is cheap. Build it with NewBreaks.
type Breaks struct {
	addrs []uint64 // ascending, unique
	key   uint64
}

// NewBreaks returns the set of the given addresses, in any order. It returns
// nil, the empty set, for none.
func NewBreaks(addrs ...uint64) *Breaks {
	if len(addrs) == 0 {
		return nil
	}
	s := slices.Clone(addrs)
	slices.Sort(s)
	s = slices.Compact(s)
	h := uint64(14695981039346656037)
	for _, a := range s {
		h = (h ^ a) * 1099511628211
		h ^= h >> 29
	}
	return &Breaks{addrs: s, key: h}
}

// Has reports whether addr is in the set. A nil set is empty.
func (b *Breaks) Has(addr uint64) bool {
	if b == nil {
		return false
	}
	_, ok := slices.BinarySearch(b.addrs, addr)
	return ok
}

// Addrs lists the set's addresses, ascending. The caller must not change it.
func (b *Breaks) Addrs() []uint64 {
	if b == nil {
		return nil
	}
	return b.addrs
}

// Equal reports whether two sets hold the same addresses.
func (b *Breaks) Equal(c *Breaks) bool {
	if b == nil || c == nil {
		return b == c
	}
	return b == c || b.key == c.key && slices.Equal(b.addrs, c.addrs)
}

// Watch is a watched range of guest memory.
type Watch struct {
	Addr  uint64
	Size  uint64 // bytes, at least 1
	Read  bool   // stop at reads
	Write bool   // stop at writes
}

// Touches reports whether w asks for a stop at an access of size bytes at addr.
// A range that would go on past the last address ends there.
func (w *Watch) Touches(addr, size uint64, write bool) bool {
	if w.Size == 0 || size == 0 || write && !w.Write || !write && !w.Read {
		return false
	}
	// Compared by distance: ends may not be representable.
	if addr >= w.Addr {
		return addr-w.Addr < w.Size
	}
	return w.Addr-addr < size
}

// Stops says where a Run stops before its limit. The zero value asks for
// nothing. A Run does not change it.
type Stops struct {
	// Breaks are addresses to stop at, before the instruction there executes.
	Breaks *Breaks
	// Watches are ranges to stop at. An instruction's access stops before the
	// instruction executes; an access by the guest kernel (a system call that
	// fills a buffer, a signal frame) stops after the instruction or tick that
	// made it, with Stop.After set. What fails (a store that faults, a system
	// call that gives EFAULT) is no access.
	Watches []Watch
	// Signals asks for a stop before an instruction whose fault raises a
	// signal, and before the tick in which a signal kills the guest.
	Signals bool
	// Maps asks for a stop right after the instruction (a system call) that
	// changed which parts of files the debugged process can execute: it mapped
	// or unmapped one, or replaced the program. The machine is settled at the
	// position after it. It is no hit: Filter is not asked, and the very first
	// instruction of a Run counts. When a watched access is reported at the same
	// position, that comes instead: MapsVersion tells.
	Maps bool
	// Switches asks for a stop right after each instruction or tick after which
	// Machine.Elsewhere is another than before it: the debugged process has left the
	// processor to another one, or has it again. Filter is asked, and the very first
	// instruction of a Run counts. When a watched access is reported at the same
	// position, that comes instead.
	Switches bool
	// AtStart makes a breakpoint, watchpoint or signal count at the very
	// position where Run starts. Without it the first instruction executes
	// unconditionally, as a debugger's "continue" wants.
	AtStart bool
	// Filter, when set, is asked about each break, watch, signal and switch stop; the
	// machine is at that position then and may be read, but not run. Returning
	// false goes on as if nothing had been there. The Stop must not be kept.
	// It should be quick: it is called on the engine goroutine for each hit.
	Filter func(*Stop) bool
	// Anywhere says that Filter looks at the guest through Stop.Machine only: so it
	// can be asked about a Replica, on another goroutine, never two at a time.
	Anywhere bool
}

// Reason says why a Run returned.
type Reason uint8

// Reasons.
const (
	StopLimit       Reason = iota // the icount asked for has been reached
	StopBreak                     // at a breakpoint address
	StopWatch                     // at, or just after, an access to a watched range
	StopSignal                    // a signal is about to be raised by a fault, or about to kill
	StopExit                      // the guest has ended
	StopInterrupted               // Interrupt was called
	StopError                     // the machine cannot go on: see Stop.Err
	StopMaps                      // just after a change of the executable mappings: see Stops.Maps
	StopSwitch                    // just after another process got the processor: see Stops.Switches
	StopEnd                       // a machine that only replays is at the end of what was recorded
)

var reasonNames = [...]string{"limit", "breakpoint", "watchpoint", "signal", "exit", "interrupted", "error", "maps", "switch", "end of the recording"}

// String is the reason's name in lower case.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

// Stop is the result of a Run.
type Stop struct {
	Reason Reason
	Icount uint64   // the machine's position
	Thread ThreadID // the thread that stopped: the current one
	PC     uint64   // its PC

	// Machine is the machine at that position, for Stops.Filter; nil in what Run
	// returns.
	Machine Machine

	// For StopWatch.
	Watch int    // index into Stops.Watches
	Addr  uint64 // first byte accessed (also: the faulting address, for StopSignal)
	Size  uint64 // bytes accessed
	Write bool   // a write, else a read
	After bool   // the machine is after the access; At = Icount-1. So it is for StopSwitch
	At    uint64 // position before the instruction or tick that makes the access, or the switch

	Signal int   // for StopSignal: the signal's number
	Fatal  bool  // for StopSignal: it will kill the guest
	NoAddr bool  // for StopSignal: the processor does not tell the faulting address
	Err    error // for StopError
}
