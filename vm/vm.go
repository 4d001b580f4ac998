// Package vm is the contract of the deterministic machine: what a timeline
// and a debugger may ask of it, whatever the guest architecture and the
// personality are. The packages below it implement the contract:
//
//	mem        address spaces: copy-on-write pages, software TLB, protections
//	ir         the micro-operations that guest code is translated to
//	engine     executes translated blocks, exact to the instruction
//	softfloat  IEEE 754 arithmetic with every rounding mode and flag
//	rv64       the RISC-V RV64GC guest: registers, decoding to ir
//	amd64      the x86-64 guest, level v2: registers, decoding to ir
//	linux      the Linux user-mode personality
//
// The package knows nothing of checkpoints, debug information or protocols,
// and never reads host time, host randomness or anything else from outside:
// all that enters a machine goes through its [Log].
//
// # Position
//
// The icount is the only position in a machine's history: the number of
// instructions retired since the machine was created, counted over all
// threads. One icount names exactly one state. To keep that law, everything
// that changes the state without a guest instruction is either done eagerly at
// the end of the instruction before it (scheduling, delivery of a signal to a
// handler), or counts as an instruction itself, a tick: waking from idle when
// no thread can run (as a WFI that retires), death by a signal, and the trap of
// a faulting instruction into its signal handler.
//
// # Concurrency
//
// A Machine belongs to one goroutine, the engine goroutine of its session. Only
// [Machine.Interrupt] may be called from any goroutine.
package vm

// ThreadID names a guest thread: under Linux its tid. Never 0.
type ThreadID int

// Machine is a deterministic virtual machine with one guest program on it. The
// program may have started others: they run in the same history, and the
// instructions of all are counted, but what a Machine shows (threads, registers,
// memory, mappings, the image) and where it stops (breakpoints, watchpoints,
// signals, maps) is the first one's alone, the debugged process. History ends with
// it.
type Machine interface {
	// Arch describes the guest's architecture. Constant.
	Arch() *Arch

	// Icount is the current position, in instructions.
	Icount() uint64

	// Run executes until the absolute icount until, or to the first stop that
	// stops asks for, whichever comes first; a nil stops asks for none. At
	// until the reason is always StopLimit: a breakpoint there belongs to the
	// next Run. (A stop with After, and a StopMaps, is about an instruction
	// that this Run has executed: it is reported even when Icount() is until then,
	// otherwise it would be lost.) While the log holds inputs ahead, Run takes them from there
	// (replay) and touches nothing outside; past its end Run goes live and
	// appends. A Run with until ≤ Icount() does nothing.
	//
	// A machine that only replays (a Replica, or one made from a recording)
	// returns StopEnd at the frontier, unless that is until.
	//
	// Before a guest exits Run may also return StopInterrupted, after
	// Interrupt, and StopError, when replay diverges from the log (a defect of
	// the machine or a damaged log; the state is then unspecified and the
	// caller should Restore a snapshot).
	Run(until uint64, stops *Stops) Stop

	// Interrupt makes the current Run, or the next one, return
	// StopInterrupted soon (in about a millisecond), even when the guest waits
	// for input. Callable from any goroutine.
	Interrupt()

	// ClearInterrupt forgets an Interrupt that no Run has consumed.
	ClearInterrupt()

	// Snapshot captures the complete state. Its cost follows the pages written
	// since the previous Snapshot or Restore of this machine.
	Snapshot() Snapshot

	// Restore puts the machine into a state captured from it, or from a
	// machine forked from it. Its cost does not depend on the distance.
	Restore(Snapshot)

	// Load makes the snapshot that Save has encoded, by this machine or another
	// one of the same history. Pages are read from the store when they are first
	// needed: if one is damaged, the Run that needs it ends with StopError. It may
	// be called from any goroutine.
	Load(saved []byte, prev Snapshot, from PageStore) (Snapshot, error)

	// Replica returns another machine for the same history, at icount 0, for
	// another goroutine to replay on. It takes the inputs from the same log and never
	// goes live: at the frontier its Run returns StopEnd. Snapshots of one can be
	// restored in the other. What it does it does not trace.
	Replica() (Machine, error)

	// Log is the input log that the machine records to and replays from.
	Log() *Log

	// Hash is a digest of the complete guest-visible and guest-kernel state,
	// including the icount: equal states have equal hashes in every process.
	Hash() Hash

	// Exited reports whether the guest has ended, and how.
	Exited() (ExitStatus, bool)

	// Threads lists the live threads in order of ID. After the guest's exit it
	// still lists those that lived then.
	Threads() []Thread

	// CurrentThread is the thread whose instruction is executed next (or the
	// one that ran last, when all wait, another process runs, or the guest has
	// exited).
	CurrentThread() ThreadID

	// Elsewhere reports whether the next instruction or tick is one of another
	// process: no thread of the debugged one takes part in it. Its memory may
	// change there only by what the processes share.
	Elsewhere() bool

	// Reg reads register r (an index into Arch().Regs) of thread t. Registers
	// wider than 64 bits are read with RegBytes. 0 for an unknown thread.
	Reg(t ThreadID, r int) uint64

	// RegBytes reads register r of thread t in guest byte order, as long as
	// the register is. nil for an unknown thread or register.
	RegBytes(t ThreadID, r int) []byte

	// LastPC is the address of the last instruction that thread t retired, 0
	// before its first. It is part of the state.
	LastPC(t ThreadID) uint64

	// ReadMemory reads guest memory as a debugger does: protections are
	// ignored, watchpoints do not fire. It returns how many bytes from addr on
	// could be read: fewer than len(p) when an unmapped page comes before.
	ReadMemory(addr uint64, p []byte) int

	// Mappings lists the mapped regions in order of address.
	Mappings() []Mapping

	// MapsVersion counts the changes that Stops.Maps stops after, up to the
	// current position. It is part of the state: where it is equal on one
	// timeline, the same parts of files are executable at the same addresses.
	MapsVersion() uint64

	// Image describes the program that the debugged process runs.
	Image() Image
}

// Snapshot is a complete, immutable machine state. Snapshots share what they
// have in common. They may be used from several goroutines.
type Snapshot interface {
	// Icount is the snapshot's position.
	Icount() uint64
	// Activity is what the machine did between its previous Snapshot or Restore
	// and this snapshot. The caller must not change it.
	Activity() *Activity
	// Overhead is the approximate size in bytes of what the snapshot holds
	// beside pages (registers, kernel state).
	Overhead() int
	// Save encodes the snapshot: page contents go into the store, unless it has
	// them already, the rest into the bytes returned. prev, when not nil, is an
	// earlier snapshot of the same history that has been saved to the same store:
	// then only what differs from it is encoded, and Machine.Load wants it again.
	// It may be called from any goroutine, but one at a time for a store.
	Save(prev Snapshot, to PageStore) ([]byte, error)
}

// Hash is a digest of a machine state.
type Hash [16]byte

// ExitStatus says how the guest ended.
type ExitStatus struct {
	Code   int // exit code 0–255, when Signal is 0
	Signal int // the signal that killed it, or 0
}

// ThreadState is what a thread is doing.
type ThreadState uint8

// Thread states.
const (
	ThreadRunnable ThreadState = iota // runs, or waits for its turn
	ThreadBlocked                     // waits in the guest kernel
	ThreadExited
)

// Thread describes a guest thread.
type Thread struct {
	ID     ThreadID
	Name   string // the comm name, may be empty
	State  ThreadState
	Detail string // what it waits for, for a person to read; may be empty
	PC     uint64 // address of its next instruction
}

// Mapping describes a region of guest memory.
type Mapping struct {
	Start, End uint64 // [Start, End), multiples of 4096
	Read       bool
	Write      bool
	Exec       bool
	Name       string // file path, or "[heap]", "[stack]", or empty
	Offset     uint64 // offset of Start in the file, bytes
}

// Image describes a loaded program.
type Image struct {
	Path  string   // absolute host path of the executable
	Args  []string // argv
	Entry uint64   // address of the first instruction
	Bias  uint64   // what was added to the addresses in the ELF file
	Auxv  []byte   // the auxiliary vector as the guest sees it

	// Interp is the dynamic loader that the program asks for (PT_INTERP), where
	// it lies on the host; empty for a static program. InterpBias is what was
	// added to the addresses in its ELF file.
	Interp     string
	InterpBias uint64
}
