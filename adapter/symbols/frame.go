package symbols

import "errors"

// ErrOutermost is what [Program.Caller] returns when a frame has no caller.
var ErrOutermost = errors.New("outermost frame")

// Frame is a physical frame of a call stack: the function's activation, with
// the inlined calls in it. Immutable.
type Frame struct {
	PC   uint64 // the next instruction here: for a caller, the return address
	Regs Regs   // as they are in this frame; some are not known in a caller
	// CFA is the canonical frame address: the value of SP just before the
	// frame was called. With the stack's memory it names the activation.
	CFA   uint64
	Func  *Function // nil if not known
	Depth int       // 0 for the innermost
	// Exact says that PC is an instruction about to run (the innermost frame,
	// or one that a signal interrupted), not a return address.
	Exact bool
	// Guess is empty for a frame found through call frame information; else
	// it says how the frame was guessed.
	Guess string
}

// LookupPC is the address under which to look up the frame's lines, scopes and
// unwind rules: PC, or PC-1 for a return address, since the call may be the
// last instruction of its block.
func (f *Frame) LookupPC() uint64 {
	if f.Exact || f.PC == 0 {
		return f.PC
	}
	return f.PC - 1
}

// Innermost makes the frame of a thread that is about to execute at pc. It
// always succeeds; CFA is 0 when it can't be found.
func (p *Program) Innermost(pc uint64, regs Regs, mem Memory) *Frame { return nil }

// Caller unwinds one physical frame. The error is [ErrOutermost] at the regular
// end of the stack; any other says why unwinding had to stop.
func (p *Program) Caller(f *Frame, mem Memory) (*Frame, error) { return nil, errNotYet }

// Backtrace lists up to limit frames from the innermost on. Beside an error the
// frames found before it are returned; the regular end is no error.
func (p *Program) Backtrace(pc uint64, regs Regs, mem Memory, limit int) ([]*Frame, error) {
	return nil, errNotYet
}

// CFARule is the simple form of the rule for the CFA at pc: the value of the
// DWARF register reg plus offset bytes. ok is false when pc has no call frame
// information or needs an expression: use [Program.CFA] then. Takes some tens
// of nanoseconds.
func (p *Program) CFARule(pc uint64) (reg int, offset int64, ok bool) { return 0, 0, false }

// CFA computes the canonical frame address of a thread about to execute at pc,
// as [Program.Innermost] does.
func (p *Program) CFA(pc uint64, regs Regs, mem Memory) (uint64, error) { return 0, errNotYet }
