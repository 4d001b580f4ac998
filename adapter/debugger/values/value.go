package values

import (
	"errors"
	"fmt"
	"math"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// MaxBytes is the size of the largest value that [Value.Bytes] reads.
const MaxBytes = 1 << 20

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
}

// Value is a value of the guest: a type and where its bytes are.
type Value struct {
	c    *Context
	name string
	expr string // gives the value again; "" if there is none
	prec int    // of expr
	// prefix is what members' names are put after to make their expr, where it
	// does not follow from this one: a member without a name has no expr, its own
	// members have.
	prefix string
	outer  *Value // the object that prefix is of

	typ  *symbols.Type // nil: void, or none
	desc string        // the type for people, where it is not typ's own name
	goL  bool          // shown as Go
	src  source
	bits bitField
	err  error // why there is nothing to read

	origin  *origin // the pointer that it was reached through
	static  bool
	result  bool
	isConst bool
	kind    Kind  // KindRegister or KindBase; else found from the type
	letter  byte  // the format asked for with the expression, or 0
	raw     bool  // shown as what it consists of, without a view
	viewed  *view // what view has found
	own     *view // a view that does not come from the type

	untyped bool              // a constant of Go without a type of its own
	isNil   bool              // Go's nil
	lit     *string           // a string that is not in the guest
	fn      *symbols.Function // a function, at src.addr
	symbol  bool              // a symbol without debug information, at src.addr
	kids    []*Value          // children that are not found from the type
	implied *symbols.Variable // what a pointer without a location points into
	shift   int64             // … at this offset, bytes
}

// origin remembers the pointer that led to a value.
type origin struct {
	expr string
	addr uint64
	goL  bool
}

// bitField says which bits of the value's bytes are its own; size 0 for all.
type bitField struct{ start, size int64 }

// bytes is the number of bytes that the bits touch.
func (b bitField) bytes() int64 { return (b.start + b.size + 7) / 8 }

// Name is what the value is called among its siblings: "x", "next", "[3]". For an
// evaluated expression it is the expression.
func (v *Value) Name() string { return v.name }

// Expr is an expression that gives the same value in the same frame, "" if there
// is none.
func (v *Value) Expr() string { return v.expr }

// Type is the type as the value's language writes it.
func (v *Value) Type() string {
	switch {
	case v.desc != "":
		return v.desc
	case v.isNil:
		return "nil"
	case v.typ == nil && (v.fn != nil || v.symbol || v.err != nil || v.kids != nil):
		return ""
	case v.typ == nil:
		return "void"
	}
	return v.typ.String()
}

// DWARFType is the type, nil for void and for values without one.
func (v *Value) DWARFType() *symbols.Type { return v.typ }

// Err says why the value can't be read, nil if it can. A value of more than
// [MaxBytes] bytes is only tried at its first one.
func (v *Value) Err() error {
	if v.err != nil || v.isNil || v.lit != nil || v.fn != nil || v.symbol || v.kids != nil {
		return v.err
	}
	if _, _, ok := v.implicit(); ok {
		return nil
	}
	if v.bits.size != 0 {
		_, _, err := v.readBits()
		return err
	}
	n, ok := v.size()
	if !ok || n == 0 {
		return nil
	}
	if n > MaxBytes {
		n = 1
	}
	_, err := v.read(0, n)
	return err
}

// Hint is advice for the presentation.
func (v *Value) Hint() Hint {
	h := Hint{Kind: v.kind, Constant: v.isConst, Static: v.static, Result: v.result}
	if h.Kind == KindData {
		h.Kind = v.shape()
	}
	return h
}

// shape finds the Kind from the type.
func (v *Value) shape() Kind {
	switch {
	case v.err != nil:
		return KindNone
	case v.fn != nil:
		return KindFunction
	case v.lit != nil:
		return KindString
	case v.kids != nil:
		return KindAggregate
	case v.isNil:
		return KindPointer
	}
	if w := v.view(); w != nil && w.str != nil {
		return KindString
	}
	t := strip(v.typ)
	switch kindOf(t) {
	case symbols.KindVoid, symbols.KindUnknown:
		return KindNone
	case symbols.KindPointer, symbols.KindReference, symbols.KindRReference:
		if isText(t.Elem()) {
			return KindString
		}
		if kindOf(strip(t.Elem())) == symbols.KindFunc {
			return KindFunction
		}
		return KindPointer
	case symbols.KindFunc, symbols.KindGoFunc:
		return KindFunction
	case symbols.KindArray:
		if isText(t.Elem()) {
			return KindString
		}
		return KindAggregate
	case symbols.KindGoString:
		return KindString
	case symbols.KindStruct, symbols.KindClass, symbols.KindUnion, symbols.KindGoSlice,
		symbols.KindGoMap, symbols.KindGoInterface, symbols.KindGoChan:
		return KindAggregate
	}
	return KindData
}

// Address is the value's place in memory. size is in bytes. ok is false when it
// is not in memory, or only in part. For a bit field it is the bytes that the
// field shares.
func (v *Value) Address() (addr, size uint64, ok bool) {
	if v.err != nil || v.src.kind != srcMemory || v.fn != nil || v.symbol {
		return 0, 0, false
	}
	if v.bits.size != 0 {
		return v.src.addr, uint64(v.bits.bytes()), true
	}
	n, ok := v.size()
	if !ok || n <= 0 {
		return 0, 0, false
	}
	return v.src.addr, uint64(n), true
}

// Target is the address that the value points to: of a pointer, a reference, a
// function, a Go slice, string or map. ok is false for other values and for nil
// pointers.
func (v *Value) Target() (addr uint64, ok bool) {
	if v.err != nil || v.isNil {
		return 0, false
	}
	if v.fn != nil || v.symbol {
		return v.src.addr, true
	}
	switch kindOf(strip(v.typ)) {
	case symbols.KindPointer, symbols.KindReference, symbols.KindRReference,
		symbols.KindGoMap, symbols.KindGoChan, symbols.KindGoFunc:
		n, err := v.number()
		return n.u, err == nil && n.u != 0
	case symbols.KindGoSlice, symbols.KindGoString:
		if v.lit != nil {
			return 0, false
		}
		addr, _, err := v.goHeader()
		return addr, err == nil && addr != 0
	}
	return 0, false
}

// Bytes reads the value's bytes, in guest order; of a bit field, those that it
// shares. Values of more than [MaxBytes] are refused.
func (v *Value) Bytes() ([]byte, error) {
	switch {
	case v.err != nil:
		return nil, v.err
	case v.lit != nil:
		return []byte(*v.lit), nil
	case v.bits.size != 0:
		return v.read(0, v.bits.bytes())
	}
	n, ok := v.size()
	if !ok {
		return nil, fmt.Errorf("the size of %s is not known", v.Type())
	}
	return v.read(0, n)
}

// Uint is the value of an integer, character, enum, bool, pointer or function
// (its address) as a 64-bit pattern; a float is truncated to an integer.
func (v *Value) Uint() (uint64, error) {
	n, err := v.scalar()
	return n.uint64(), err
}

// Int is [Value.Uint] with the sign of the type: -1 for an int of four bytes
// 0xff.
func (v *Value) Int() (int64, error) {
	n, err := v.scalar()
	return int64(n.uint64()), err
}

// Float is the value of a number.
func (v *Value) Float() (float64, error) {
	n, err := v.scalar()
	return n.float(), err
}

// Truth is the value as a condition: not zero, not nil. Arrays and functions are
// true, as in C.
func (v *Value) Truth() (bool, error) {
	switch {
	case v.err != nil:
		return false, v.err
	case v.isNil:
		return false, nil
	case v.fn != nil || v.symbol:
		return true, nil
	case v.lit != nil:
		return true, nil
	}
	if _, _, ok := v.implicit(); ok {
		return true, nil
	}
	if w := v.view(); w != nil {
		return w.truth()
	}
	switch kindOf(strip(v.typ)) {
	case symbols.KindArray:
		return true, v.Err()
	case symbols.KindGoInterface, symbols.KindGoSlice:
		b, err := v.read(0, 8)
		if err != nil {
			return false, err
		}
		return decodeInt(b, false).u != 0, nil
	}
	n, err := v.scalar()
	return !n.isZero(), err
}

var errNoNumber = errors.New("not a number")

// scalar is number for those who ask from outside: anything with an address in
// it will do.
func (v *Value) scalar() (num, error) {
	if v.fn != nil || v.symbol {
		return num{kind: numUint, size: 8, u: v.src.addr}, nil
	}
	if v.isNil {
		return num{kind: numUint, size: 8}, nil
	}
	return v.number()
}

// size is the number of bytes of the value.
func (v *Value) size() (int64, bool) {
	if v.typ == nil {
		return 0, false
	}
	return sizeOf(v.typ)
}

// limit brings a count from the guest into the range of the protocol's numbers.
func limit(n uint64) int { return int(min(n, math.MaxInt32)) }
