package debugger

import (
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// A reverse step looks for a position in a certain frame or in a caller of it. A
// function of the same code may run in between, billions of instructions long: a
// recursive one, or one that the frame's function has called back. So the index of
// what code an interval has executed rules nothing out. But from inside a call that
// the frame, or what was there before it, has made nothing of that is found until one
// is out of it again, and where that is a stack unwound at a checkpoint tells.

// maxInside bounds how many frames are unwound for it.
const maxInside = 1 << 14

// callBelow makes what tells, at a position, which call on a thread's stack is
// the outermost that was made with a stack pointer below limit. nil: nothing can,
// since the strand is a goroutine, whose stack moves.
//
// All of the way there has to be described by call frame information: a wrong
// answer would hide what is looked for, none only takes time.
func (d *Debugger) callBelow(t vm.ThreadID, me strand, limit uint64) inside {
	if me.g != 0 {
		return nil
	}
	return func() (none checkpoint.Activation, ok bool) {
		f := d.Space().Innermost(d.pc(t), threadRegs{d, t}, d.m)
		if !told(f) || f.CFA >= limit {
			return none, false
		}
		for range maxInside {
			c, err := f.Caller(d.m)
			if err != nil || !told(c) || c.Exact {
				return none, false
			}
			if c.CFA >= limit {
				if len(d.callsBefore(c.PC)) == 0 {
					return none, false
				}
				return checkpoint.Activation{Thread: t, SP: f.CFA}, true
			}
			f = c
		}
		return none, false
	}
}

// told reports whether a frame, and how it was come to, is no guess.
func told(f *symbols.Frame) bool { return f.CFA != 0 && f.Guess == "" && !f.Signal }
