// Package values shows the guest's variables: typed values, their text and their
// children, and the expression language over them.
//
// It only reads the guest, through symbols.Memory and a frame's registers, and
// never runs or changes it. It holds no state between calls; a Value may be kept
// until the guest moves.
package values

import (
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Context is where names are looked up and expressions evaluated.
type Context struct {
	Prog    *symbols.Program
	Arch    *vm.Arch
	Mem     symbols.Memory
	Frame   *symbols.Frame // nil: globals and constants only
	Logical int            // depth in the inline chain at the frame's PC, 0 for the innermost
	// RegBytes reads register i (an index into Arch.Regs) of the frame; ok is
	// false when it is not known there.
	RegBytes func(i int) (b []byte, ok bool)
}
