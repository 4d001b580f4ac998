package values

import (
	"errors"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Format says how to show a value. The zero Format is a language's usual way.
type Format struct {
	Hex   bool // integers and enums in hexadecimal
	Limit int  // most characters of a text; 0 for 256
}

// Kind sorts values by how a user interface presents them.
type Kind uint8

// Kinds.
const (
	KindData      Kind = iota // a scalar
	KindPointer               // its target is at [Value.Target]
	KindString                // text: a string, a char array, a pointer to char
	KindAggregate             // a struct, union, array, slice, map: see [Value.Children]
	KindFunction              // code
	KindRegister
	KindBase // a base class or an embedded field
	KindNone // void, or nothing that can be read: see [Value.Err]
)

// Hint is advice for the presentation of a value.
type Hint struct {
	Kind     Kind
	Constant bool // it has no place of its own: a literal, a result, an enumerator
	Static   bool // a global, or a static variable of a function
	Result   bool // a result parameter of a Go function
	// Lazy says that the text needs to follow a pointer, which a user
	// interface may leave until it is asked to.
	Lazy bool
}

// Value is a value of the guest: a type and where its bytes are.
type Value struct{}

var errNotYet = errors.New("values: not there yet")

// Evaluate evaluates an expression. The error is an [*Error]. A value that
// can't be read is no error here: see [Value.Err].
func Evaluate(c *Context, expr string) (*Value, error) { return nil, errNotYet }

// Expr is a parsed expression, for evaluation at many positions: a breakpoint's
// condition. It belongs to one goroutine.
type Expr struct{}

// Parse parses an expression. Which names are types, and whether the language is
// C or Go, depends on c: evaluate in frames of the same function only.
func Parse(c *Context, expr string) (*Expr, error) { return nil, errNotYet }

// Eval evaluates the expression in c, as [Evaluate] does.
func (e *Expr) Eval(c *Context) (*Value, error) { return nil, errNotYet }

// String is the expression as it was written.
func (e *Expr) String() string { return "" }

// Error is what is wrong with an expression.
type Error struct {
	Expr string
	Pos  int // where in Expr, in bytes from 0
	Msg  string
}

func (e *Error) Error() string { return e.Msg }

// Locals lists the local variables of the frame, without its arguments, in order
// of declaration.
func Locals(c *Context) ([]*Value, error) { return nil, errNotYet }

// Args lists the arguments of the frame's function (in Go the result parameters,
// too), in order of declaration.
func Args(c *Context) ([]*Value, error) { return nil, errNotYet }

// Globals lists the global and file-static variables of the frame's compilation
// unit (in Go: package), in order of declaration.
func Globals(c *Context) []*Value { return nil }

// Registers lists the frame's registers of a group.
func Registers(c *Context, group vm.RegGroup) []*Value { return nil }

// Name is what the value is called among its siblings: "x", "next", "[3]". For an
// evaluated expression it is the expression.
func (v *Value) Name() string { return "" }

// Expr is an expression that gives the same value in the same frame, "" if there
// is none.
func (v *Value) Expr() string { return "" }

// Type is the type as the value's language writes it.
func (v *Value) Type() string { return "" }

// DWARFType is the type, nil for void and for values without one.
func (v *Value) DWARFType() *symbols.Type { return nil }

// Text shows the value on one line. At most one Format is used.
func (v *Value) Text(f ...Format) string { return "" }

// FormatBytes shows data, the content of the value's place (Address) at another
// time, as [Value.Text] would.
func (v *Value) FormatBytes(data []byte) string { return "" }

// Err says why the value can't be read, nil if it can.
func (v *Value) Err() error { return nil }

// Hint is advice for the presentation.
func (v *Value) Hint() Hint { return Hint{} }

// Address is the value's place in memory. size is in bytes. ok is false when it
// is not in memory, or only in part. For a bit field it is the bytes that the
// field shares.
func (v *Value) Address() (addr, size uint64, ok bool) { return }

// Target is the address that the value points to: of a pointer, a reference, a
// function, a Go slice or string. ok is false for other values and for nil
// pointers.
func (v *Value) Target() (addr uint64, ok bool) { return }

// NumNamed is the number of children that have names, at the start of the
// children.
func (v *Value) NumNamed() int { return 0 }

// NumIndexed is the number of children that have an index, after the named ones;
// at most 2³¹-1.
func (v *Value) NumIndexed() int { return 0 }

// Children lists up to count children from start on: first the named ones, then
// the indexed ones. count ≤ 0 stands for all of them; more than [MaxChildren] are
// never listed at once.
func (v *Value) Children(start, count int) ([]*Value, error) { return nil, errNotYet }

// MaxChildren is the largest number of children that one call lists.
const MaxChildren = 10000

// Bytes reads the value's bytes, in guest order. Values of more than [MaxBytes]
// are refused.
func (v *Value) Bytes() ([]byte, error) { return nil, errNotYet }

// MaxBytes is the size of the largest value that [Value.Bytes] reads.
const MaxBytes = 1 << 20

// Uint is the value of an integer, character, enum, bool, pointer or function
// (its address) as a 64-bit pattern; a float is truncated.
func (v *Value) Uint() (uint64, error) { return 0, errNotYet }

// Int is Uint with the sign extended from the type's size.
func (v *Value) Int() (int64, error) { return 0, errNotYet }

// Float is the value of a number.
func (v *Value) Float() (float64, error) { return 0, errNotYet }

// Truth is the value as a condition: not zero, not nil.
func (v *Value) Truth() (bool, error) { return false, errNotYet }
