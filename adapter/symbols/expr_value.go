package symbols

import (
	"debug/dwarf"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/go-delve/delve/pkg/dwarf/op"
)

// exprType is a base type of a value on the expression stack. nil stands for
// the generic type: an integer as long as an address, signed where it matters
// (DWARF 5, 2.5.1).
type exprType struct {
	size   int // bytes, 1 to 8
	float  bool
	signed bool
}

// value is an element of the expression stack.
type value struct {
	bits uint64 // no bits above the type's size are set
	typ  *exprType
}

func generic(v uint64) value { return value{bits: v} }

func (v value) size() int {
	if v.typ == nil {
		return 8
	}
	return v.typ.size
}

func (v value) isFloat() bool  { return v.typ != nil && v.typ.float }
func (v value) isSigned() bool { return v.typ == nil || v.typ.signed }
func (v value) isZero() bool   { return v.bits == 0 }

// normal clears the bits above the size.
func (v value) normal() value {
	if n := v.size(); n < 8 {
		v.bits &= 1<<(8*uint(n)) - 1
	}
	return v
}

// int is the value as an integer, extended according to its type.
func (v value) int() int64 {
	if v.isSigned() {
		return signExtend(v.bits, v.size())
	}
	return int64(v.bits)
}

// address is the value as an address.
func (v value) address() uint64 { return uint64(v.int()) }

func (v value) float() float64 {
	if v.size() == 4 {
		return float64(math.Float32frombits(uint32(v.bits)))
	}
	return math.Float64frombits(v.bits)
}

func (v value) withFloat(x float64) value {
	if v.size() == 4 {
		v.bits = uint64(math.Float32bits(float32(x)))
	} else {
		v.bits = math.Float64bits(x)
	}
	return v
}

// bytes is the value in guest byte order.
func (v value) bytes() []byte {
	return binary.LittleEndian.AppendUint64(nil, v.bits)[:v.size()]
}

func signExtend(v uint64, size int) int64 {
	shift := 64 - 8*uint(size)
	return int64(v<<shift) >> shift
}

// convert changes the type and keeps the number.
func (v value) convert(t *exprType) (value, error) {
	out := value{typ: t}
	switch {
	case v.isFloat() && out.isFloat():
		return out.withFloat(v.float()), nil
	case v.isFloat():
		x := v.float()
		if x != x || x >= 1<<63 && out.isSigned() || x < -1<<63 || x >= 1<<64 {
			return value{}, errors.New("a floating-point value beyond the integers it is converted to")
		}
		if x >= 1<<63 {
			out.bits = uint64(x)
		} else {
			out.bits = uint64(int64(x))
		}
		return out.normal(), nil
	case out.isFloat():
		if v.isSigned() {
			return out.withFloat(float64(v.int())), nil
		}
		return out.withFloat(float64(v.bits)), nil
	}
	out.bits = uint64(v.int())
	return out.normal(), nil
}

// reinterpret changes the type and keeps the bits.
func (v value) reinterpret(t *exprType) (value, error) {
	out := value{bits: v.bits, typ: t}
	if out.size() != v.size() {
		return value{}, errors.New("malformed expression: bits reinterpreted as a type of another size")
	}
	return out, nil
}

// baseType reads the base type at an offset from the unit's header.
func (e *evaluator) baseType(off uint64) (*exprType, error) {
	if e.unit == nil {
		return nil, errors.New("a typed operation without a unit")
	}
	entry, _, err := e.p.entryAt(e.unit.base + dwarf.Offset(off))
	if err != nil {
		return nil, err
	}
	size, _ := entry.Val(dwarf.AttrByteSize).(int64)
	enc, _ := entry.Val(dwarf.AttrEncoding).(int64)
	if entry.Tag != dwarf.TagBaseType {
		return nil, errors.New("malformed expression: a type that is not a base type")
	}
	if size < 1 || size > 8 {
		return nil, fmt.Errorf("a value of %d bytes in an expression", size)
	}
	t := &exprType{size: int(size)}
	switch enc {
	case encFloat:
		if size != 4 && size != 8 {
			return nil, fmt.Errorf("a floating-point value of %d bytes in an expression", size)
		}
		t.float = true
	case encSigned, encSignedChar:
		t.signed = true
	}
	return t, nil
}

type constSize struct {
	size   int
	signed bool
}

var constSizes = map[op.Opcode]constSize{
	op.DW_OP_const1u: {1, false}, op.DW_OP_const1s: {1, true},
	op.DW_OP_const2u: {2, false}, op.DW_OP_const2s: {2, true},
	op.DW_OP_const4u: {4, false}, op.DW_OP_const4s: {4, true},
	op.DW_OP_const8u: {8, false}, op.DW_OP_const8s: {8, true},
}

// binaryOp says how an operation works on integers and on floats; a nil float
// means that it has none.
type binaryOp struct {
	ints   func(a, b value) (uint64, error)
	floats func(a, b float64) float64
	cmp    func(c int) bool // a comparison instead: c is the sign of a-b
}

var errDivide = errors.New("a division by zero in the expression")

var binaryOps = map[op.Opcode]*binaryOp{
	op.DW_OP_plus: {
		ints:   func(a, b value) (uint64, error) { return a.bits + b.bits, nil },
		floats: func(a, b float64) float64 { return a + b },
	},
	op.DW_OP_minus: {
		ints:   func(a, b value) (uint64, error) { return a.bits - b.bits, nil },
		floats: func(a, b float64) float64 { return a - b },
	},
	op.DW_OP_mul: {
		ints:   func(a, b value) (uint64, error) { return a.bits * b.bits, nil },
		floats: func(a, b float64) float64 { return a * b },
	},
	op.DW_OP_div: {
		ints: func(a, b value) (uint64, error) {
			switch {
			case b.bits == 0:
				return 0, errDivide
			case !a.isSigned():
				return a.bits / b.bits, nil
			case b.int() == -1:
				return -a.bits, nil
			}
			return uint64(a.int() / b.int()), nil
		},
		floats: func(a, b float64) float64 { return a / b },
	},
	op.DW_OP_mod: {ints: func(a, b value) (uint64, error) {
		switch {
		case b.bits == 0:
			return 0, errDivide
		case a.typ == nil || !a.isSigned(): // the generic type counts as unsigned here
			return a.bits % b.bits, nil
		case b.int() == -1:
			return 0, nil
		}
		return uint64(a.int() % b.int()), nil
	}},
	op.DW_OP_and:  {ints: func(a, b value) (uint64, error) { return a.bits & b.bits, nil }},
	op.DW_OP_or:   {ints: func(a, b value) (uint64, error) { return a.bits | b.bits, nil }},
	op.DW_OP_xor:  {ints: func(a, b value) (uint64, error) { return a.bits ^ b.bits, nil }},
	op.DW_OP_shl:  {ints: func(a, b value) (uint64, error) { return a.bits << min(b.bits, 64), nil }},
	op.DW_OP_shr:  {ints: func(a, b value) (uint64, error) { return a.bits >> min(b.bits, 64), nil }},
	op.DW_OP_shra: {ints: func(a, b value) (uint64, error) { return uint64(signExtend(a.bits, a.size()) >> min(b.bits, 63)), nil }},
	op.DW_OP_eq:   {cmp: func(c int) bool { return c == 0 }},
	op.DW_OP_ne:   {cmp: func(c int) bool { return c != 0 }},
	op.DW_OP_lt:   {cmp: func(c int) bool { return c == -1 }},
	op.DW_OP_le:   {cmp: func(c int) bool { return c == -1 || c == 0 }},
	op.DW_OP_gt:   {cmp: func(c int) bool { return c == 1 }},
	op.DW_OP_ge:   {cmp: func(c int) bool { return c == 1 || c == 0 }},
}

// unordered is the result of comparing with a NaN.
const unordered = 2

func order(a, b value) int {
	switch {
	case a.isFloat():
		x, y := a.float(), b.float()
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		case x == y:
			return 0
		}
		return unordered
	case a.isSigned():
		switch x, y := a.int(), b.int(); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return compare(a.bits, b.bits)
}

// binary executes an operation on the two topmost elements. Shift counts may
// be of another type than what is shifted; other operands may not differ.
func (e *evaluator) binary(o op.Opcode) error {
	b, err := e.pop()
	if err != nil {
		return err
	}
	a, err := e.pop()
	if err != nil {
		return err
	}
	shift := o == op.DW_OP_shl || o == op.DW_OP_shr || o == op.DW_OP_shra
	if !shift && (a.size() != b.size() || a.isFloat() != b.isFloat() || (a.typ == nil) != (b.typ == nil)) {
		return errors.New("malformed expression: operands of different types")
	}
	x := binaryOps[o]
	switch {
	case x.cmp != nil:
		r := uint64(0)
		if x.cmp(order(a, b)) {
			r = 1
		}
		e.push(generic(r))
	case a.isFloat():
		if x.floats == nil {
			return errors.New("malformed expression: an integer operation on floating-point values")
		}
		e.push(a.withFloat(x.floats(a.float(), b.float())))
	default:
		r, err := x.ints(a, b)
		if err != nil {
			return err
		}
		e.push(value{r, a.typ}.normal())
	}
	return nil
}

// stackNeeds says how many elements the operations of stackOp need.
var stackNeeds = map[op.Opcode]int{
	op.DW_OP_dup: 1, op.DW_OP_drop: 1, op.DW_OP_over: 2, op.DW_OP_pick: 1, op.DW_OP_swap: 2, op.DW_OP_rot: 3,
	op.DW_OP_abs: 1, op.DW_OP_neg: 1, op.DW_OP_not: 1, op.DW_OP_plus_uconst: 1,
}

// stackOp executes the operations that move and change single elements.
func (e *evaluator) stackOp(o op.Opcode, c *cursor) error {
	top := len(e.stack) - 1
	if top+1 < stackNeeds[o] {
		return errUnderflow
	}
	switch o {
	case op.DW_OP_dup:
		e.push(e.stack[top])
	case op.DW_OP_drop:
		e.stack = e.stack[:top]
	case op.DW_OP_over:
		e.push(e.stack[top-1])
	case op.DW_OP_pick:
		i := top - int(c.u8())
		if i < 0 {
			return errUnderflow
		}
		e.push(e.stack[i])
	case op.DW_OP_swap:
		e.stack[top], e.stack[top-1] = e.stack[top-1], e.stack[top]
	case op.DW_OP_rot: // the top becomes the third
		e.stack[top], e.stack[top-1], e.stack[top-2] = e.stack[top-1], e.stack[top-2], e.stack[top]
	case op.DW_OP_abs, op.DW_OP_neg, op.DW_OP_not:
		return e.unary(o, &e.stack[top])
	case op.DW_OP_plus_uconst:
		v := &e.stack[top]
		if v.isFloat() {
			return errors.New("malformed expression: an integer operation on floating-point values")
		}
		v.bits += c.uleb()
		*v = v.normal()
	default:
		if name, ok := unsupported[o]; ok {
			return fmt.Errorf("the location uses %s, which is not supported", name)
		}
		return fmt.Errorf("the location uses operation %#x, which is not known", byte(o))
	}
	return nil
}

var unsupported = map[op.Opcode]string{
	op.DW_OP_xderef:              "DW_OP_xderef",
	op.DW_OP_xderef_size:         "DW_OP_xderef_size",
	op.DW_OP_push_object_address: "DW_OP_push_object_address",
	0xfa:                         "DW_OP_GNU_parameter_ref",
	0xfd:                         "DW_OP_GNU_variable_value",
}

func (e *evaluator) unary(o op.Opcode, v *value) error {
	if v.isFloat() {
		switch o {
		case op.DW_OP_abs:
			*v = v.withFloat(math.Abs(v.float()))
		case op.DW_OP_neg:
			*v = v.withFloat(-v.float())
		default:
			return errors.New("malformed expression: an integer operation on floating-point values")
		}
		return nil
	}
	switch o {
	case op.DW_OP_abs:
		if v.int() < 0 {
			v.bits = -v.bits
		}
	case op.DW_OP_neg:
		v.bits = -v.bits
	case op.DW_OP_not:
		v.bits = ^v.bits
	}
	*v = v.normal()
	return nil
}
