// Package values shows the guest's variables: typed values, their text and their
// children, and the expression language over them.
//
// It only reads the guest, through [symbols.Memory] and a frame's registers, and
// never runs or changes it. It holds no state between calls; a [Value] may be kept
// until the guest moves, and belongs to one goroutine.
//
// # Values
//
// A [Value] is a type and a place: guest memory, registers, or bytes at hand. It
// reads as little as it must and as late as it can: an array of 10⁹ elements costs
// nothing until somebody asks for some of them, and a text stops reading where it
// is cut. Whatever is wrong with a value (optimized out, unreadable memory) is part
// of it: [Value.Err], and `<…>` in its text.
//
// # Views
//
// Values of the standard libraries of C++, Rust and Go have a view: what they mean
// (view.go). It is made by a viewer that knows the names of the members, one small
// function for each kind of type, found in tables by language and the type's name
// (cpp_*.go, rust_*.go, go_views.go; what they share is in viewtools.go). Text,
// children and operators ask the view first.
//
// # Expressions
//
// [Evaluate] reads C in frames of C (and of anything that is not Go), and Go in
// frames of Go, with the operators, conversions and precedence of the language.
// Beyond them there are:
//
//	$sp, $a0, $pc              registers
//	*p@10                      10 values from *p on, as gdb has it
//	{struct node} 0x1234       the memory at an address as a type
//	file.c::var, func::var     a file's variable, a function's static
//	'dir/file.c'::var          the same, quoted
//	"path/to/pkg".Var          a variable of a Go package, by its full path
//	expr,x  /x expr            a format: x d u o t c a f s, as gdb's print has them
//	expr,r  expr,!  /r expr    the value without its view
//	v[3]  m["key"]  *p  p->x   elements and targets of what has a view
//	t.0                        a field of one of Rust's tuples
//	p == "text"                compares text where C would compare addresses
//
// Assignments and calls are refused: the past can't be changed. Every error of an
// expression is an [*Error], which knows the position.
//
// Hostile input (expressions, DWARF, memory) gives errors, never a panic: nesting,
// sizes and the number of steps are bounded.
package values

import (
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Context is where names are looked up and expressions evaluated.
type Context struct {
	Prog    *symbols.Program // of the file that the frame is in
	Space   *symbols.Space   // of all files of the process; nil if there is only one
	Arch    *vm.Arch
	Mem     symbols.Memory
	Frame   *symbols.Frame // nil: globals and constants only
	Logical int            // depth in the inline chain at the frame's PC, 0 for the innermost
	// RegBytes reads register i (an index into Arch.Regs) of the frame; ok is
	// false when it is not known there.
	RegBytes func(i int) (b []byte, ok bool)

	viewing int // views that are being made or looked through now: see maxViewing

	bases map[baseKey]*symbols.Type // base types looked up before; nil: none are kept
}
