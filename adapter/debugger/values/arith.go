package values

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// rank is a type of C's arithmetic, after promotion.
type rank struct {
	kind numKind
	size int
}

// promote applies the integer promotions to a number of type t (C11, 6.3.1.1): what
// is smaller than int becomes int. bits is the width of a bit field, else 0.
func promote(n num, bits int64) rank {
	if n.kind == numFloat {
		return rank{numFloat, floatSize(n.size)}
	}
	if n.kind >= numFloat {
		return rank{n.kind, n.size}
	}
	if n.size < 4 || bits > 0 && (bits < 32 || bits == 32 && n.kind == numInt) {
		return rank{numInt, 4}
	}
	if bits == 32 {
		return rank{numUint, 4}
	}
	return rank{n.kind, n.size}
}

func (v *Value) promoted(n num) rank { return promote(n, v.bits.size) }

// promotedType is promoted for a value that need not be readable.
func (v *Value) promotedType() rank {
	info, _ := scalarOf(strip(v.typ))
	size, _ := v.size()
	return promote(num{kind: info.kind, size: int(size)}, v.bits.size)
}

// common applies the usual arithmetic conversions (C11, 6.3.1.8).
func common(a, b rank) rank {
	switch {
	case a.kind == numComplex || b.kind == numComplex:
		parts := func(r rank) int {
			switch r.kind {
			case numComplex:
				return r.size
			case numFloat:
				return 2 * r.size
			}
			return 0
		}
		return rank{numComplex, max(parts(a), parts(b))}
	case a.kind == numFloat && b.kind == numFloat:
		return rank{numFloat, max(a.size, b.size)}
	case a.kind == numFloat:
		return a
	case b.kind == numFloat:
		return b
	case a.size > b.size:
		return a
	case b.size > a.size:
		return b
	case a.kind == numUint:
		return a
	}
	return b
}

// convert makes n a number of the rank.
func (r rank) convert(n num) num {
	switch r.kind {
	case numFloat:
		return n.toFloat(r.size)
	case numComplex:
		if n.kind == numComplex {
			n.size = r.size
			return n
		}
		return num{kind: numComplex, size: r.size, f: n.float()}
	}
	return n.toInt(r.size, r.kind == numInt)
}

// floatSize is the size of results of floats of a size: those that C has no name
// for are widened to the next that it has.
func floatSize(size int) int {
	switch {
	case size < 4:
		return 8
	case size > 8:
		return 16 // the x87's registers
	}
	return size
}

var cRanks = map[rank]string{
	{numInt, 4}: "int", {numUint, 4}: "unsigned int", {numInt, 8}: "long", {numUint, 8}: "unsigned long",
	{numInt, 16}: "__int128", {numUint, 16}: "unsigned __int128",
	{numFloat, 4}: "float", {numFloat, 8}: "double", {numFloat, 16}: "long double",
	{numComplex, 8}: "_Complex float", {numComplex, 16}: "_Complex double", {numComplex, 32}: "_Complex long double",
}

// cType is the type of results of the rank.
func (r rank) cType(c *Context) *symbols.Type {
	name, ok := cRanks[r]
	if !ok { // _Float16 and the like
		name = "double"
	}
	return c.base(name, false)
}

var (
	errDivision = errors.New("division by zero")
	errFloatOp  = errors.New("the operator needs integers")
)

// arith computes a op b; both have the same kind and size, except that b of a
// shift is any integer.
func arith(op string, a, b num) (num, error) {
	switch {
	case a.kind == numComplex:
		return arithComplex(op, a, b)
	case a.kind == numFloat:
		return arithFloat(op, a, b)
	case a.size > 8:
		return arithWide(op, a, b)
	}
	f, ok := intOps[op]
	if !ok {
		return num{}, fmt.Errorf("no operator %q", op)
	}
	u, err := f(a, b)
	if err != nil {
		return num{}, err
	}
	a.u = truncate(u, a.size, a.kind == numInt)
	return a, nil
}

var intOps = map[string]func(a, b num) (uint64, error){
	"+":  func(a, b num) (uint64, error) { return a.u + b.u, nil },
	"-":  func(a, b num) (uint64, error) { return a.u - b.u, nil },
	"*":  func(a, b num) (uint64, error) { return a.u * b.u, nil },
	"&":  func(a, b num) (uint64, error) { return a.u & b.u, nil },
	"|":  func(a, b num) (uint64, error) { return a.u | b.u, nil },
	"^":  func(a, b num) (uint64, error) { return a.u ^ b.u, nil },
	"&^": func(a, b num) (uint64, error) { return a.u &^ b.u, nil },
	"/": func(a, b num) (uint64, error) {
		switch {
		case b.u == 0:
			return 0, errDivision
		case a.kind == numInt:
			return uint64(int64(a.u) / int64(b.u)), nil
		}
		return a.u / b.u, nil
	},
	"%": func(a, b num) (uint64, error) {
		switch {
		case b.u == 0:
			return 0, errDivision
		case a.kind == numInt:
			return uint64(int64(a.u) % int64(b.u)), nil
		}
		return a.u % b.u, nil
	},
	"<<": func(a, b num) (uint64, error) {
		n, err := shiftCount(b)
		if n >= uint(8*a.size) {
			return 0, err
		}
		return a.u << n, err
	},
	">>": func(a, b num) (uint64, error) {
		n, err := shiftCount(b)
		if a.kind == numInt {
			return uint64(int64(a.u) >> min(n, 63)), err
		}
		if n >= 64 {
			return 0, err
		}
		return a.u >> n, err
	},
}

// shiftCount is b as a count of bits; more than any width for a huge one. What C
// leaves undefined (as wide as the type or wider) shifts everything out, as in
// Go.
func shiftCount(b num) (uint, error) {
	n := b.bigInt()
	if n.Sign() < 0 {
		return 0, errors.New("a shift by a negative count")
	}
	if !n.IsUint64() || n.Uint64() > 255 {
		return 255, nil
	}
	return uint(n.Uint64()), nil
}

func arithWide(op string, a, b num) (num, error) {
	x, y, z := a.bigInt(), b.bigInt(), new(big.Int)
	switch op {
	case "+":
		z.Add(x, y)
	case "-":
		z.Sub(x, y)
	case "*":
		z.Mul(x, y)
	case "&":
		z.And(x, y)
	case "|":
		z.Or(x, y)
	case "^":
		z.Xor(x, y)
	case "/", "%":
		if y.Sign() == 0 {
			return num{}, errDivision
		}
		if op == "/" {
			z.Quo(x, y)
		} else {
			z.Rem(x, y)
		}
	case "<<", ">>":
		n, err := shiftCount(b)
		if err != nil {
			return num{}, err
		}
		if op == "<<" {
			z.Lsh(x, n)
		} else {
			z.Rsh(x, n)
		}
	default:
		return num{}, fmt.Errorf("no operator %q", op)
	}
	a.wide = wrapWide(z, a.size, a.kind == numInt)
	return a, nil
}

// arithFloat computes in double, rounded to float for floats: long double loses
// its extra bits.
func arithFloat(op string, a, b num) (num, error) {
	var f float64
	switch op {
	case "+":
		f = a.f + b.f
	case "-":
		f = a.f - b.f
	case "*":
		f = a.f * b.f
	case "/":
		f = a.f / b.f
	default:
		return num{}, errFloatOp
	}
	if a.size == 4 {
		f = float64(float32(f))
	}
	return num{kind: numFloat, size: a.size, f: f}, nil
}

func arithComplex(op string, a, b num) (num, error) {
	x, y := complex(a.f, a.im), complex(b.f, b.im)
	switch op {
	case "+":
		x += y
	case "-":
		x -= y
	case "*":
		x *= y
	case "/":
		x /= y
	default:
		return num{}, errFloatOp
	}
	if a.size == 8 {
		x = complex128(complex64(x))
	}
	return num{kind: numComplex, size: a.size, f: real(x), im: imag(x)}, nil
}

// compare orders a and b, of the same kind and size: -1, 0, 1, or 2 when a NaN
// makes them unordered.
func compare(a, b num) int {
	switch {
	case a.kind == numComplex:
		if a.f == b.f && a.im == b.im {
			return 0
		}
		return 2
	case a.long != nil && b.long != nil:
		return a.long.Cmp(b.long)
	case a.kind == numFloat:
		switch {
		case a.f < b.f:
			return -1
		case a.f > b.f:
			return 1
		case a.f == b.f:
			return 0
		}
		return 2
	}
	if a.wide == nil && b.wide == nil {
		if a.kind == numInt {
			return cmp.Compare(int64(a.u), int64(b.u))
		}
		return cmp.Compare(a.u, b.u)
	}
	return a.bigInt().Cmp(b.bigInt())
}

// comparisons say for which results of compare an operator holds.
var comparisons = map[string]func(c int) bool{
	"==": func(c int) bool { return c == 0 },
	"!=": func(c int) bool { return c != 0 },
	"<":  func(c int) bool { return c == -1 },
	"<=": func(c int) bool { return c == -1 || c == 0 },
	">":  func(c int) bool { return c == 1 },
	">=": func(c int) bool { return c == 1 || c == 0 },
}

// unaryNum computes the unary operators of numbers.
func unaryNum(op string, n num) (num, error) {
	zero := num{kind: n.kind, size: n.size}
	switch op {
	case "+":
		return n, nil
	case "-":
		if n.kind >= numFloat {
			n.f, n.im = -n.f, -n.im
			if n.long != nil {
				n.long = new(big.Float).Neg(n.long)
			}
			return n, nil
		}
		return arith("-", zero, n)
	case "~", "^":
		if n.kind >= numFloat {
			return num{}, errFloatOp
		}
		if n.wide != nil {
			n.wide = wrapWide(new(big.Int).Not(n.wide), n.size, n.kind == numInt)
			return n, nil
		}
		n.u = truncate(^n.u, n.size, n.kind == numInt)
		return n, nil
	}
	return num{}, fmt.Errorf("no operator %q", op)
}

// makeNum makes a value of a number; t has its kind and size.
func (c *Context) makeNum(n num, t *symbols.Type, goL bool) *Value {
	return &Value{c: c, typ: t, goL: goL, isConst: true, src: source{kind: srcBytes, data: n.bytes(c.x87())}}
}

// makeInt makes an integer, enum or pointer of type t.
func (c *Context) makeInt(t *symbols.Type, u uint64, goL bool) *Value {
	n := num{kind: numUint, size: ptrSize, u: u}
	size, _ := sizeOf(t)
	if size != ptrSize {
		info, _ := scalarOf(strip(t))
		n = n.toInt(int(min(max(size, 1), 16)), info.kind == numInt)
	}
	return c.makeNum(n, t, goL)
}

func (c *Context) makeFloat(t *symbols.Type, f float64, goL bool) *Value {
	size, _ := sizeOf(t)
	return c.makeNum(num{kind: numFloat, size: 8, f: f}.toFloat(int(size)), t, goL)
}

func (c *Context) makeBool(b, goL bool) *Value {
	name := "int"
	switch u := c.unit(); {
	case goL:
		name = "bool"
	case u != nil && u.Language != symbols.LangC:
		name = "bool"
	}
	return c.makeInt(c.base(name, goL), uint64(boolInt(b)), goL)
}
