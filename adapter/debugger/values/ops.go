package values

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

func (ev *evaluator) evalUnary(n *node) (*Value, error) {
	kid := n.kids[0]
	v, err := ev.eval(kid)
	if err != nil {
		return nil, err
	}
	switch n.text {
	case "*":
		if v.err != nil {
			return nil, ev.readError(kid, v, v.err)
		}
		return v.deref()
	case "&":
		return v.addressOf()
	case "!":
		yes, err := ev.truth(kid, v)
		if err != nil {
			return nil, err
		}
		return ev.c.makeBool(!yes, ev.goL), nil
	}
	v = v.seenThrough()
	t := strip(v.typ)
	if !isArithmetic(t) || ev.goL && kindOf(t) == symbols.KindBool {
		return nil, ev.fail(n.at, "unary %q needs a number, %s is %s", n.text, clip(ev.text(kid), 60), article(v.Type()))
	}
	num, err := v.number()
	if err != nil {
		return nil, ev.readError(kid, v, err)
	}
	if !ev.goL {
		r := v.promoted(num)
		res, err := unaryNum(n.text, r.convert(num))
		if err != nil {
			return nil, err
		}
		return ev.c.makeNum(res, r.cType(ev.c), false), nil
	}
	res, err := unaryNum(n.text, num)
	if err != nil {
		return nil, err
	}
	out := ev.c.makeNum(res, v.typ, true)
	out.untyped = v.untyped
	return out, nil
}

// deref is what a pointer points to.
func (v *Value) deref() (*Value, error) {
	if v.fn != nil {
		return v, nil
	}
	if v.isNil {
		return nil, errors.New("nil points to nothing")
	}
	if w := v.view(); w != nil && !isPointer(strip(v.typ)) {
		switch {
		case w.err != nil:
			return nil, w.err
		case w.transparent && v.c.enter():
			defer v.c.leave()
			return w.target.deref()
		case w.target != nil:
			return w.target, nil
		}
	}
	t := strip(v.typ)
	if kindOf(t) == symbols.KindArray {
		return v.element(0)
	}
	if !isPointer(t) {
		return nil, fmt.Errorf("%s is no pointer: it is %s", clip(v.expr, 60), article(v.Type()))
	}
	elem := t.Elem()
	if strip(elem) == nil {
		return nil, fmt.Errorf("%s is %s: cast it to another pointer first", clip(v.expr, 60), article(v.Type()))
	}
	if to, off, ok := v.implicit(); ok {
		return v.c.variable(to).part(off, elem)
	}
	n, err := v.number()
	if err != nil {
		return nil, err
	}
	if kindOf(strip(elem)) == symbols.KindFunc && !v.goL {
		if f := v.c.funcAt(n.u); f != nil && f.Low == n.u {
			return v.c.function(f), nil
		}
	}
	return &Value{
		c: v.c, typ: elem, goL: v.goL,
		src:    source{kind: srcMemory, addr: n.u},
		origin: &origin{v.expr, n.u, v.goL},
	}, nil
}

// part is the piece of v from byte off on, as type t.
func (v *Value) part(off int64, t *symbols.Type) (*Value, error) {
	if v.err != nil {
		return nil, v.err
	}
	return &Value{c: v.c, typ: t, goL: v.goL, src: v.src.at(off), origin: v.origin, isConst: v.isConst}, nil
}

// addressOf is a pointer to v.
func (v *Value) addressOf() (*Value, error) {
	if v.err != nil {
		return nil, v.err
	}
	if v.bits.size != 0 {
		return nil, fmt.Errorf("%s is a bit field: it has no address", clip(v.expr, 60))
	}
	if v.src.kind == srcLocation && len(v.src.loc.Pieces) == 1 {
		if p := v.src.loc.Pieces[0]; p.Kind == symbols.InRegister {
			where := "a register"
			if v.c.Arch != nil {
				if i, ok := v.c.Arch.RegByDWARF(p.Reg); ok {
					where = "register " + v.c.Arch.Regs[i].Name
				}
			}
			return nil, fmt.Errorf("%s is in %s: it has no address", clip(v.expr, 60), where)
		}
	}
	if v.src.kind != srcMemory {
		return nil, fmt.Errorf("%s has no address", clip(v.expr, 60))
	}
	out := v.c.makeInt(v.c.Prog.PointerTo(v.typ), v.src.addr, v.goL)
	if v.fn != nil || v.symbol {
		out.desc = "void *"
	}
	return out, nil
}

func (ev *evaluator) evalBinary(n *node) (*Value, error) {
	switch n.text {
	case "&&", "||":
		return ev.evalLogical(n)
	case "@":
		return ev.evalRepeat(n)
	}
	a, err := ev.eval(n.kids[0])
	if err != nil {
		return nil, err
	}
	b, err := ev.eval(n.kids[1])
	if err != nil || n.text == "," {
		return b, err
	}
	a, b = a.seenThrough(), b.seenThrough()
	for i, v := range []*Value{a, b} {
		if v.err != nil {
			return nil, ev.readError(n.kids[i], v, v.err)
		}
	}
	if ev.goL {
		return ev.binaryGo(n, a, b)
	}
	return ev.binaryC(n, a, b)
}

func (ev *evaluator) evalLogical(n *node) (*Value, error) {
	for i, kid := range n.kids {
		v, err := ev.eval(kid)
		if err != nil {
			return nil, err
		}
		yes, err := ev.truth(kid, v)
		if err != nil {
			return nil, err
		}
		if yes == (n.text == "||") || i == 1 {
			return ev.c.makeBool(yes, ev.goL), nil
		}
	}
	return nil, errNoValue
}

// evalRepeat is gdb's value@count: an array in the memory from value on.
func (ev *evaluator) evalRepeat(n *node) (*Value, error) {
	v, err := ev.eval(n.kids[0])
	if err != nil {
		return nil, err
	}
	count, err := ev.eval(n.kids[1])
	if err != nil {
		return nil, err
	}
	if v.src.kind != srcMemory || v.bits.size != 0 || v.fn != nil || v.err != nil {
		return nil, ev.fail(n.at, `only values in memory can be extended with "@"`)
	}
	num, err := count.number()
	if err != nil {
		return nil, ev.readError(n.kids[1], count, err)
	}
	if len := int64(num.uint64()); len <= 0 || num.kind >= numFloat {
		return nil, ev.fail(n.kids[1].pos, `the count after "@" must be a positive integer`)
	}
	t, err := ev.c.arrayOf(v.typ, int64(num.uint64()))
	if err != nil {
		return nil, err
	}
	return &Value{c: ev.c, typ: t, goL: ev.goL, src: v.src, origin: v.origin}, nil
}

// binaryC computes an operator of C.
func (ev *evaluator) binaryC(n *node, a, b *Value) (*Value, error) {
	if test, ok := comparisons[n.text]; ok && (a.isLiteralText() || b.isLiteralText()) {
		c, err := compareText(a, b)
		if err != nil {
			return nil, err
		}
		return ev.c.makeBool(test(c), false), nil
	}
	a, b = a.decayed(), b.decayed()
	at, bt := strip(a.typ), strip(b.typ)
	if isPointer(at) || isPointer(bt) {
		return ev.pointerC(n, a, b)
	}
	for i, t := range []*symbols.Type{at, bt} {
		if !isArithmetic(t) {
			v := []*Value{a, b}[i]
			return nil, ev.fail(n.at, "%q needs numbers, %s is %s", n.text, clip(ev.text(n.kids[i]), 60), article(v.Type()))
		}
	}
	x, err := a.number()
	if err != nil {
		return nil, ev.readError(n.kids[0], a, err)
	}
	y, err := b.number()
	if err != nil {
		return nil, ev.readError(n.kids[1], b, err)
	}
	if n.text == "<<" || n.text == ">>" {
		if x.kind >= numFloat || y.kind >= numFloat {
			return nil, ev.fail(n.at, "%q needs integers", n.text)
		}
		r := a.promoted(x)
		res, err := arith(n.text, r.convert(x), y)
		if err != nil {
			return nil, err
		}
		return ev.c.makeNum(res, r.cType(ev.c), false), nil
	}
	r := common(a.promoted(x), b.promoted(y))
	x, y = r.convert(x), r.convert(y)
	if test, ok := comparisons[n.text]; ok {
		return ev.c.makeBool(test(compare(x, y)), false), nil
	}
	res, err := arith(n.text, x, y)
	if err != nil {
		return nil, err
	}
	return ev.c.makeNum(res, r.cType(ev.c), false), nil
}

// decayed is v with arrays and functions turned into pointers, where they have
// an address.
func (v *Value) decayed() *Value {
	if v.fn != nil || v.symbol {
		out := v.c.makeInt(v.c.Prog.PointerTo(nil), v.src.addr, v.goL)
		out.expr = v.expr
		return out
	}
	t := strip(v.typ)
	if kindOf(t) != symbols.KindArray || v.src.kind != srcMemory {
		return v
	}
	out := v.c.makeInt(v.c.Prog.PointerTo(t.Elem()), v.src.addr, v.goL)
	out.expr, out.prec = v.expr, v.prec
	return out
}

// pointerC computes with pointers: p+n, n+p, p-n, p-q, and comparisons.
func (ev *evaluator) pointerC(n *node, a, b *Value) (*Value, error) {
	nums := [2]num{}
	for i, v := range []*Value{a, b} {
		if t := strip(v.typ); !isPointer(t) && !isInteger(t) {
			return nil, ev.fail(n.at, "%q of a pointer and %s", n.text, article(v.Type()))
		}
		var err error
		if nums[i], err = v.number(); err != nil {
			return nil, ev.readError(n.kids[i], v, err)
		}
	}
	x, y := nums[0].uint64(), nums[1].uint64()
	aPtr, bPtr := isPointer(strip(a.typ)), isPointer(strip(b.typ))
	if test, ok := comparisons[n.text]; ok {
		c := compare(num{kind: numUint, size: 8, u: x}, num{kind: numUint, size: 8, u: y})
		return ev.c.makeBool(test(c), false), nil
	}
	switch {
	case n.text == "+" && aPtr != bPtr:
		if bPtr {
			a, x, y = b, y, x
		}
		step, err := a.stride()
		if err != nil {
			return nil, err
		}
		return ev.c.makeInt(a.typ, x+y*uint64(step), false), nil
	case n.text == "-" && aPtr && !bPtr:
		step, err := a.stride()
		if err != nil {
			return nil, err
		}
		return ev.c.makeInt(a.typ, x-y*uint64(step), false), nil
	case n.text == "-" && aPtr && bPtr:
		step, err := a.stride()
		if err != nil {
			return nil, err
		}
		other, err := b.stride()
		if err != nil {
			return nil, err
		}
		if step != other || step == 0 {
			return nil, ev.fail(n.at, "pointers to different types can't be subtracted: %s and %s", a.Type(), b.Type())
		}
		return ev.c.makeInt(ev.c.base("long", false), uint64(int64(x-y)/step), false), nil
	}
	return nil, ev.fail(n.at, "no operator %q for pointers", n.text)
}

// stride is the size of what a pointer points to; 1 for void and functions, as
// gcc has it.
func (v *Value) stride() (int64, error) {
	elem := strip(strip(v.typ).Elem())
	if k := kindOf(elem); k == symbols.KindVoid || k == symbols.KindFunc {
		return 1, nil
	}
	n, ok := sizeOf(elem)
	if !ok {
		return 0, fmt.Errorf("the size of %s is not known", typeText(elem))
	}
	return n, nil
}

// isLiteralText reports whether v is a string literal of the expression, or a
// string of a library: comparing with it compares texts.
func (v *Value) isLiteralText() bool {
	if w := v.view(); w != nil && w.str != nil {
		return true
	}
	return v.lit != nil || v.isConst && v.src.kind == srcBytes && kindOf(strip(v.typ)) == symbols.KindArray && isText(strip(v.typ).Elem())
}

// maxText bounds the texts that are compared, in bytes.
const maxText = 1 << 16

// compareText compares the text in arrays of char, or that pointers to char point
// to.
func compareText(a, b *Value) (int, error) {
	x, err := a.cText()
	if err != nil {
		return 0, err
	}
	y, err := b.cText()
	if err != nil {
		return 0, err
	}
	return bytes.Compare(x, y), nil
}

// cText reads a string of C up to its zero.
func (v *Value) cText() ([]byte, error) {
	if w := v.view(); w != nil && w.str != nil {
		return w.str.read(maxText)
	}
	t := strip(v.typ)
	bound := int64(maxText)
	src := v
	switch {
	case kindOf(t) == symbols.KindArray && isText(t.Elem()):
		if n, ok := v.size(); ok {
			bound = min(bound, n)
		}
	case isPointer(t) && isText(t.Elem()):
		target, err := v.deref()
		if err != nil {
			return nil, err
		}
		src = target
	default:
		return nil, fmt.Errorf("%s can't be compared with text: it is %s", clip(v.expr, 60), article(v.Type()))
	}
	text, _, err := src.readText(bound)
	return text, err
}

// readText reads bytes up to a zero, at most bound; ended says whether the zero
// was there. It reads no page further than it needs to.
func (v *Value) readText(bound int64) (text []byte, ended bool, err error) {
	const page = 4096
	for int64(len(text)) < bound {
		n := int64(256)
		if v.src.kind == srcMemory {
			at := v.src.addr + uint64(len(text))
			n = int64(min(256, page-at%page))
		} else if v.src.kind == srcBytes {
			n = int64(min(256, max(len(v.src.data)-len(text), 1)))
		} else {
			n = 1
		}
		chunk, err := v.readSome(int64(len(text)), min(n, bound-int64(len(text))))
		if err != nil {
			return text, false, err
		}
		if i := bytes.IndexByte(chunk, 0); i >= 0 {
			return append(text, chunk[:i]...), true, nil
		}
		text = append(text, chunk...)
	}
	return text, false, nil
}

// evalIndex is a[i].
func (ev *evaluator) evalIndex(n *node) (*Value, error) {
	a, err := ev.eval(n.kids[0])
	if err != nil {
		return nil, err
	}
	i, err := ev.eval(n.kids[1])
	if err != nil {
		return nil, err
	}
	if a.err != nil {
		return nil, ev.readError(n.kids[0], a, a.err)
	}
	if kindOf(strip(a.typ)) == symbols.KindGoMap {
		return ev.mapIndex(n, a, i)
	}
	a = a.seenThrough()
	if w := a.view(); w != nil && w.err != nil {
		return nil, ev.readError(n.kids[0], a, w.err)
	} else if w != nil && w.seq != nil && w.seq.pair != nil {
		e, err := w.seq.lookup(i)
		if err != nil {
			return nil, ev.wrap(n.at, err)
		}
		return e, nil
	}
	if !ev.goL && isInteger(strip(a.typ)) && !isInteger(strip(i.typ)) {
		a, i = i, a // C's 3[array]
	}
	if i.fn != nil || !isInteger(strip(i.typ)) {
		return nil, ev.fail(n.kids[1].pos, "an index must be an integer, %s is %s", clip(ev.text(n.kids[1]), 60), article(i.Type()))
	}
	num, err := i.number()
	if err != nil {
		return nil, ev.readError(n.kids[1], i, err)
	}
	index := int64(num.uint64())
	if num.kind == numUint && index < 0 {
		return nil, ev.fail(n.kids[1].pos, "index %d is too large", num.uint64())
	}
	v, err := a.index(index, ev.goL)
	if err != nil {
		return nil, ev.wrap(n.at, err)
	}
	return v, nil
}

// index is the element i of an array, a slice, a string, or what a pointer points
// to. strict refuses an index out of range, as Go does.
func (v *Value) index(i int64, strict bool) (*Value, error) {
	if w := v.view(); w != nil && (w.seq != nil || w.str != nil || w.array != nil) {
		return w.index(i)
	}
	t := strip(v.typ)
	if strict && isPointer(t) && kindOf(strip(t.Elem())) == symbols.KindArray {
		target, err := v.deref()
		if err != nil {
			return nil, err
		}
		return target.index(i, strict)
	}
	switch kindOf(t) {
	case symbols.KindArray:
		if n := t.Len(); strict && n >= 0 && (i < 0 || i >= n) {
			return nil, fmt.Errorf("index %d is out of range: the length is %d", i, n)
		}
		return v.element(i)
	case symbols.KindGoSlice, symbols.KindGoString:
		return v.goElement(i)
	case symbols.KindPointer:
		if strict {
			break
		}
		target, err := v.deref()
		if err != nil {
			return nil, err
		}
		step, err := v.stride()
		if err != nil {
			return nil, err
		}
		if hi := math.MaxInt64 / max(step, 1); i > hi || i < -hi {
			return nil, fmt.Errorf("index %d is too large", i)
		}
		if target.fn != nil {
			return target, nil
		}
		return target.part(i*step, target.typ)
	}
	return nil, fmt.Errorf("%s can't be indexed: it is %s", clip(v.expr, 60), article(v.Type()))
}

// element is the element i of an array. In memory it may lie outside of the
// array, as in C.
func (v *Value) element(i int64) (*Value, error) {
	t := strip(v.typ)
	elem := t.Elem()
	size, ok := sizeOf(elem)
	if !ok {
		return nil, fmt.Errorf("the size of %s is not known", typeText(elem))
	}
	if hi := int64(maxObject) / max(size, 1); i > hi || i < -hi {
		return nil, fmt.Errorf("index %d is too large", i)
	}
	if n := t.Len(); v.src.kind != srcMemory && (i < 0 || n >= 0 && i >= n) {
		return nil, fmt.Errorf("index %d is out of range: the length is %d", i, n)
	}
	out, err := v.part(i*size, elem)
	if err != nil {
		return nil, err
	}
	return out.follow(), nil
}
