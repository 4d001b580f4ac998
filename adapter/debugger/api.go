// Package debugger is source-level debugging on a timeline, in both directions
// and without any protocol: breakpoints, watchpoints, stepping, frames.
//
// A [Debugger] belongs to the session's engine goroutine, like the timeline
// below it; a motion is cancelled through its context, from any goroutine. While it
// searches back the timeline may ask it about several machines on other goroutines,
// one question at a time, the engine goroutine waiting (view.go). It never writes to
// the guest: the past can't be changed.
//
// # Stepping
//
// Stepping in either direction is a search for a position with a property that
// depends on the state there and on nothing else (see
// [symbols.Program.IsStatementStart]): so stepping back finds the very positions
// that stepping forward stops at. A step over looks for statement starts in
// frames not deeper than the current one, a step in for any of the thread, a
// step out for the return address in the caller's frame; their reverses look for
// the latest earlier one, the latest earlier one of any depth, and the call. What
// no stateless rule can undo, a step that left a function, is undone from the
// memory of the steps made: a reverse step right after its forward step returns
// to where that came from.
//
// A search back does not look into a call in which nothing can be found that it looks
// for: unwinding at a few checkpoints tells which call that is (inside.go), and the
// timeline's index since when. So a reverse step over, out of or to the start of a
// call costs one or two intervals between checkpoints, however long the call was.
// Breakpoints, watchpoints and signals in it are found all the same.
//
// # Queries
//
// What all there is of something, the writes to a range, the hits of what is set, the
// executions of a place, is one search back, too, with a filter that takes notes
// (survey.go). A query leaves the machine and all that the session remembers as they are.
package debugger

import (
	"github.com/dap-revexec/dap-revexec/vm"
)

// Verb is a kind of motion.
type Verb uint8

// Verbs. Each goes forward, or backward with Motion.Back.
const (
	Continue Verb = iota // to a breakpoint, watchpoint, signal or the end of history
	Next                 // step over
	StepIn
	StepOut // backward: to the call of the current function
	StepInstruction
	StepInstructionOver // over calls
)

// Motion is a request to move.
type Motion struct {
	Verb   Verb
	Back   bool
	Thread vm.ThreadID // for steps; 0 for the current thread
}

// Reason says why a motion ended.
type Reason uint8

// Reasons.
const (
	ReasonStep       Reason = iota // the step is done
	ReasonBreakpoint               // source or address breakpoint: Event.Breakpoints
	ReasonFunction                 // function breakpoint
	ReasonData                     // watchpoint, or a write that was asked for: Event.Watch
	ReasonSignal                   // a signal is about to be raised by a fault, or about to kill
	ReasonStart                    // the start of history was reached going back
	ReasonEnd                      // the guest has ended: Event.Exit
	ReasonPause                    // interrupted
	ReasonGoto                     // a seek arrived
	ReasonException                // an exception or panic is about to be raised: Event.Text
	ReasonRecorded                 // the end of what was recorded was reached: the machine only replays
)

// Event is the end of a motion.
type Event struct {
	Reason      Reason
	Thread      vm.ThreadID
	Icount      uint64
	Back        bool   // the motion went backward
	Breakpoints []int  // IDs of the breakpoints hit
	Text        string // for a person: "SIGSEGV: invalid address 0x0", "counter: 41 → 42", "Start of history"
	Watch       *WatchHit
	Signal      int
	Fatal       bool
	Exit        *vm.ExitStatus
	Logs        []LogMessage // logpoint messages passed for the first time, in order, unless SetLogSink takes them

	arrived bool // a step's goal is reached here, whatever else there is
}

// LogMessage is what a logpoint said.
type LogMessage struct {
	Icount uint64
	Text   string
	File   string
	Line   int
}

// WatchHit describes an access to a watched range.
type WatchHit struct {
	ID       int // the watchpoint's; 0 for a write that was asked for
	Expr     string
	Addr     uint64
	Size     uint64
	Write    bool
	Old, New string // values before and after, formatted; New is empty for a read
	// OldData and NewData are the bytes of the watched range before and after: nil if
	// they can't be read, NewData also for a read.
	OldData, NewData []byte
	At               uint64 // position before the access
}

// SourceBreakpoint asks for a breakpoint on a line.
type SourceBreakpoint struct {
	Line         int
	Column       int // 0 for none
	Condition    string
	HitCondition string // "5", ">= 5", "% 3"; counted over the history from its start
	LogMessage   string // {expressions} in braces are replaced
}

// FunctionBreakpoint asks for a breakpoint on a function.
type FunctionBreakpoint struct {
	Name         string
	Condition    string
	HitCondition string
}

// InstructionBreakpoint asks for a breakpoint on an address.
type InstructionBreakpoint struct {
	Addr         uint64
	Condition    string
	HitCondition string
}

// DataBreakpoint asks for a watchpoint on a range of memory.
type DataBreakpoint struct {
	Addr         uint64
	Size         uint64 // bytes
	Read, Write  bool
	Expr         string                   // for messages: what is watched
	Format       func(data []byte) string `json:"-"` // formats the range's content for a person; nil: hex
	Condition    string
	HitCondition string
}

// Breakpoint is what became of a request.
type Breakpoint struct {
	ID       int
	Verified bool
	Message  string // why not verified, or what to know
	File     string // as recorded in the debug information
	Line     int
	Addrs    []uint64
}

// Frame is a frame for display: a physical activation or an inlined call in it.
type Frame struct {
	Name     string // function, or "0x… in ?"
	File     string // empty if not known
	Line     int
	Column   int
	PC       uint64 // its next instruction
	CFA      uint64
	Inlined  bool
	Subtle   bool    // without source: runtime or library code
	Level    int     // 0 for the innermost
	Physical int     // index of the physical activation
	Logical  int     // depth within the activation's inline chain, 0 for the innermost
	Module   *Module // nil if the code is in no file
}

// Methods, in the files of this package (ctx cancels; positions are icounts):
//
//	func New(tl *checkpoint.Timeline, prog *symbols.Program) *Debugger
//	func (d *Debugger) Timeline() *checkpoint.Timeline
//	func (d *Debugger) Program() *symbols.Program            // of the program that runs here
//	func (d *Debugger) Space() *symbols.Space                // of all that is mapped here
//	func (d *Debugger) Modules() []*Module
//	func (d *Debugger) Breakpoints() []Breakpoint
//	func (d *Debugger) Arch() *vm.Arch
//	func (d *Debugger) Move(ctx, Motion) (Event, error)
//	func (d *Debugger) Seek(ctx, icount) (Event, error)
//	func (d *Debugger) RestartFrame(ctx, t vm.ThreadID, f *Frame) (Event, error)
//	func (d *Debugger) LastWrite(ctx, DataBreakpoint) (Event, error)
//	func (d *Debugger) NextWrite(ctx, DataBreakpoint) (Event, error)
//	func (d *Debugger) Writes(ctx, DataBreakpoint, Span, limit int) (Found, error)
//	func (d *Debugger) Hits(ctx, Span, limit int) (Found, error)
//	func (d *Debugger) Executions(ctx, Place, Span, limit int) (Found, error)
//	func (d *Debugger) LastExecution(ctx, Place, breakpoints bool) (Event, error)
//	func (d *Debugger) NextExecution(ctx, Place, breakpoints bool) (Event, error)
//	func (d *Debugger) BackToCall(ctx, t vm.ThreadID, f *Frame) (Event, error)
//	func (d *Debugger) Lifetime(ctx, t vm.ThreadID, f *Frame, addr, size uint64) (in Span, local bool, err error)
//	func (d *Debugger) Seen() []Occurrence
//	func (d *Debugger) RunToMain(ctx) (Event, error)       // stopOnEntry: main.main, main, or the entry point
//	func (d *Debugger) SetSourceBreakpoints(file string, bps []SourceBreakpoint) []Breakpoint
//	func (d *Debugger) SetFunctionBreakpoints([]FunctionBreakpoint) []Breakpoint
//	func (d *Debugger) SetInstructionBreakpoints([]InstructionBreakpoint) []Breakpoint
//	func (d *Debugger) SetDataBreakpoints([]DataBreakpoint) []Breakpoint
//	func (d *Debugger) Threads() []vm.Thread
//	func (d *Debugger) Frames(t vm.ThreadID) ([]Frame, error)          // all, cached until the next motion
//	func (d *Debugger) Context(t vm.ThreadID, f *Frame) *values.Context // to evaluate in a frame; f nil: the innermost
//	func (d *Debugger) Disassemble(addr uint64, offsetInsts, count int) []Instruction
//	func (d *Debugger) Where() string                                   // position, thread, place, for a person
//
// An error of Move or Seek is checkpoint.ErrCancelled (the machine is where it
// was, for a backward motion; a forward one gives ReasonPause instead) or a
// failure of the machine; the session stays usable in either case.
var _ = vm.ThreadID(0)

// Instruction is a disassembled instruction.
type Instruction struct {
	Addr  uint64
	Bytes []byte // nil where no memory is
	Text  string // with the symbols of what it refers to
	Sym   string // "main+12", on the first instruction of a function only "main"
	File  string // set where a new line starts
	Line  int
}
