package values

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// goHeader reads the first two words of a string or a slice: where its elements
// are, and how many.
func (v *Value) goHeader() (addr uint64, n int64, err error) {
	b, err := v.read(0, 16)
	if err != nil {
		return 0, 0, err
	}
	addr, n = decodeInt(b[:8], false).u, int64(decodeInt(b[8:], true).u)
	if n < 0 || n > maxObject {
		return 0, 0, fmt.Errorf("a length of %d: it is not initialized, or damaged", n)
	}
	return addr, n, nil
}

// goLen is len(v).
func (v *Value) goLen() (int64, error) {
	t := strip(v.typ)
	switch kindOf(t) {
	case symbols.KindGoString:
		if v.lit != nil {
			return int64(len(*v.lit)), nil
		}
		fallthrough
	case symbols.KindGoSlice:
		_, n, err := v.goHeader()
		return n, err
	case symbols.KindArray:
		return t.Len(), nil
	case symbols.KindGoMap:
		m, err := v.goMap()
		if err != nil || m == nil {
			return 0, err
		}
		return int64(m.used), nil
	case symbols.KindGoChan:
		ch, err := v.goChan()
		return int64(ch.count), err
	case symbols.KindPointer:
		if kindOf(strip(t.Elem())) == symbols.KindArray {
			return strip(t.Elem()).Len(), nil
		}
	}
	return 0, fmt.Errorf("%s has no length: it is %s", clip(v.expr, 60), article(v.Type()))
}

// goCap is cap(v).
func (v *Value) goCap() (int64, error) {
	switch t := strip(v.typ); kindOf(t) {
	case symbols.KindGoSlice:
		b, err := v.read(16, 8)
		if err != nil {
			return 0, err
		}
		return int64(decodeInt(b, true).u), nil
	case symbols.KindGoChan:
		ch, err := v.goChan()
		return int64(ch.size), err
	case symbols.KindArray, symbols.KindPointer:
		return v.goLen()
	}
	return 0, fmt.Errorf("%s has no capacity: it is %s", clip(v.expr, 60), article(v.Type()))
}

// goString reads up to bound bytes of a string; n is its full length.
func (v *Value) goString(bound int64) (text []byte, n int64, err error) {
	if v.lit != nil {
		return []byte((*v.lit)[:min(bound, int64(len(*v.lit)))]), int64(len(*v.lit)), nil
	}
	addr, n, err := v.goHeader()
	if err != nil || n == 0 {
		return nil, n, err
	}
	text, err = v.c.readMemory(addr, min(n, bound), nil)
	return text, n, err
}

// goElement is the element i of a slice or the byte i of a string.
func (v *Value) goElement(i int64) (*Value, error) {
	t := strip(v.typ)
	n, err := v.goLen()
	if err != nil {
		return nil, err
	}
	if i < 0 || i >= n {
		return nil, fmt.Errorf("index %d is out of range: the length is %d", i, n)
	}
	elem := t.Elem()
	if kindOf(t) == symbols.KindGoString {
		elem = v.c.base("uint8", true)
		if v.lit != nil {
			return v.c.makeInt(elem, uint64((*v.lit)[i]), true), nil
		}
	}
	size, ok := sizeOf(elem)
	if !ok {
		return nil, fmt.Errorf("the size of %s is not known", typeText(elem))
	}
	if i > maxObject/max(size, 1) {
		return nil, fmt.Errorf("index %d is too large", i)
	}
	addr, _, err := v.goHeader()
	if err != nil {
		return nil, err
	}
	return &Value{
		c: v.c, typ: elem, goL: true,
		src: source{kind: srcMemory, addr: addr + uint64(i*size)}, origin: &origin{v.expr, addr, true},
	}, nil
}

// evalSlice is a[low:high]: of an array an array, since there need not be a type
// for its slices.
func (ev *evaluator) evalSlice(n *node) (*Value, error) {
	v, err := ev.eval(n.kids[0])
	if err != nil {
		return nil, err
	}
	if v.err != nil {
		return nil, ev.readError(n.kids[0], v, v.err)
	}
	t := strip(v.typ)
	if isPointer(t) && kindOf(strip(t.Elem())) == symbols.KindArray {
		if v, err = v.deref(); err != nil {
			return nil, err
		}
		t = strip(v.typ)
	}
	length, err := v.goLen()
	if err != nil || kindOf(t) == symbols.KindGoMap || kindOf(t) == symbols.KindGoChan {
		return nil, ev.fail(n.at, "%s can't be sliced: it is %s", clip(ev.text(n.kids[0]), 60), article(v.Type()))
	}
	top := length
	if kindOf(t) == symbols.KindGoSlice {
		if top, err = v.goCap(); err != nil {
			return nil, err
		}
	}
	bounds := [2]int64{0, length}
	for i, kid := range n.kids[1:] {
		if kid == nil {
			continue
		}
		b, err := ev.eval(kid)
		if err != nil {
			return nil, err
		}
		num, err := b.number()
		if err != nil || num.kind >= numFloat {
			return nil, ev.fail(kid.pos, "a bound of a slice must be an integer")
		}
		bounds[i] = int64(num.uint64())
	}
	low, high := bounds[0], bounds[1]
	if low < 0 || high < low || high > top {
		return nil, ev.fail(n.at, "bounds [%d:%d] are out of range: the length is %d", low, high, length)
	}
	return v.cutOut(low, high, top)
}

// cutOut is v[low:high], with bounds in range.
func (v *Value) cutOut(low, high, top int64) (*Value, error) {
	t := strip(v.typ)
	out := &Value{c: v.c, typ: v.typ, goL: true, isConst: true, desc: v.desc}
	if v.lit != nil {
		text := (*v.lit)[low:high]
		out.lit = &text
		return out, nil
	}
	if kindOf(t) == symbols.KindArray {
		size, ok := sizeOf(t.Elem())
		if !ok {
			return nil, fmt.Errorf("the size of %s is not known", typeText(t.Elem()))
		}
		out.typ, out.src, out.isConst = v.c.Prog.ArrayOf(t.Elem(), high-low), v.src.at(low*size), v.isConst
		return out, nil
	}
	size := int64(1)
	if kindOf(t) == symbols.KindGoSlice {
		size, _ = sizeOf(t.Elem())
	}
	addr, _, err := v.goHeader()
	if err != nil {
		return nil, err
	}
	word := func(u uint64) []byte { return num{size: 8, u: u}.bytes(false) }
	data := append(word(addr+uint64(low*size)), word(uint64(high-low))...)
	if kindOf(t) == symbols.KindGoSlice {
		data = append(data, word(uint64(top-low))...)
	}
	out.src = source{kind: srcBytes, data: data}
	return out, nil
}

// binaryGo computes an operator of Go.
func (ev *evaluator) binaryGo(n *node, a, b *Value) (*Value, error) {
	test, comparing := comparisons[n.text]
	if a.isNil || b.isNil {
		return ev.compareNil(n, a, b)
	}
	at, bt := strip(a.typ), strip(b.typ)
	ak, bk := kindOf(at), kindOf(bt)
	switch {
	case ak == symbols.KindGoString && bk == symbols.KindGoString:
		return ev.textsGo(n, a, b)
	case n.text == "<<" || n.text == ">>":
		return ev.shiftGo(n, a, b)
	case ak == symbols.KindBool && bk == symbols.KindBool, isPointer(at) && isPointer(bt),
		ak == symbols.KindGoChan && bk == symbols.KindGoChan:
		if n.text != "==" && n.text != "!=" {
			return nil, ev.fail(n.at, "no operator %q for %s", n.text, a.Type())
		}
		x, y, err := ev.numbers(n, a, b)
		if err != nil {
			return nil, err
		}
		return ev.c.makeBool(test(cmp.Compare(x.u, y.u)), true), nil
	case !isArithmetic(at) || !isArithmetic(bt) || ak == symbols.KindBool || bk == symbols.KindBool:
		if comparing {
			return nil, ev.fail(n.at, "%s and %s can't be compared", a.Type(), b.Type())
		}
		return nil, ev.fail(n.at, "no operator %q for %s and %s", n.text, a.Type(), b.Type())
	}
	x, y, err := ev.numbers(n, a, b)
	if err != nil {
		return nil, err
	}
	typ := a.typ
	switch {
	case a.untyped && !b.untyped:
		typ = b.typ
		x, err = untypedAs(x, y)
	case b.untyped && !a.untyped:
		y, err = untypedAs(y, x)
	case a.untyped && b.untyped:
		if x.kind != y.kind || x.size != y.size { // the "larger" kind of constant
			if r := common(rank{x.kind, 8}, rank{y.kind, 8}); r.kind == numFloat {
				typ = ev.c.base("float64", true)
			} else {
				typ = ev.c.base("int", true)
			}
			info, _ := scalarOf(strip(typ))
			x, y = rank{info.kind, 8}.convert(x), rank{info.kind, 8}.convert(y)
		}
	case strip(a.typ).String() != strip(b.typ).String():
		err = fmt.Errorf("mismatched types %s and %s: convert one of them", a.Type(), b.Type())
	}
	if err != nil {
		return nil, err
	}
	if comparing {
		return ev.c.makeBool(test(compare(x, y)), true), nil
	}
	res, err := arith(n.text, x, y)
	if err != nil {
		return nil, err
	}
	out := ev.c.makeNum(res, typ, true)
	out.untyped = a.untyped && b.untyped
	return out, nil
}

func (ev *evaluator) numbers(n *node, a, b *Value) (x, y num, err error) {
	if x, err = a.number(); err != nil {
		return x, y, ev.readError(n.kids[0], a, err)
	}
	if y, err = b.number(); err != nil {
		return x, y, ev.readError(n.kids[1], b, err)
	}
	return x, y, nil
}

// untypedAs makes the constant k a number like n, if it fits.
func untypedAs(k, n num) (num, error) {
	out := rank{n.kind, n.size}.convert(k)
	if n.kind < numFloat {
		if k.kind == numFloat && k.f != math.Trunc(k.f) {
			return k, fmt.Errorf("the constant %v is truncated", k.f)
		}
		if k.kind < numFloat && k.bigInt().Cmp(out.bigInt()) != 0 {
			sign := ""
			if n.kind == numUint {
				sign = "u"
			}
			return k, fmt.Errorf("the constant %v overflows %sint%d", k.bigInt(), sign, 8*n.size)
		}
	}
	return out, nil
}

// shiftGo is a<<b; the count may be of any integer type.
func (ev *evaluator) shiftGo(n *node, a, b *Value) (*Value, error) {
	x, y, err := ev.numbers(n, a, b)
	if err != nil {
		return nil, err
	}
	if x.kind >= numFloat || y.kind >= numFloat {
		return nil, ev.fail(n.at, "%q needs integers", n.text)
	}
	res, err := arith(n.text, x, y)
	if err != nil {
		return nil, err
	}
	out := ev.c.makeNum(res, a.typ, true)
	out.untyped = a.untyped && b.untyped
	return out, nil
}

// textsGo computes with strings.
func (ev *evaluator) textsGo(n *node, a, b *Value) (*Value, error) {
	x, xn, err := a.goString(maxText)
	if err != nil {
		return nil, ev.readError(n.kids[0], a, err)
	}
	y, yn, err := b.goString(maxText)
	if err != nil {
		return nil, ev.readError(n.kids[1], b, err)
	}
	if test, ok := comparisons[n.text]; ok {
		c := strings.Compare(string(x), string(y))
		if c == 0 && xn > maxText && yn > maxText {
			if n.text == "==" && xn != yn {
				return ev.c.makeBool(false, true), nil
			}
			return nil, ev.fail(n.at, "strings of more than %d bytes can't be compared", maxText)
		}
		return ev.c.makeBool(test(c), true), nil
	}
	if n.text != "+" {
		return nil, ev.fail(n.at, "no operator %q for strings", n.text)
	}
	if len(x)+len(y) > maxText || xn > maxText || yn > maxText {
		return nil, ev.fail(n.at, "the string would be longer than %d bytes", maxText)
	}
	text := string(x) + string(y)
	return &Value{c: ev.c, typ: a.typ, goL: true, lit: &text, isConst: true, desc: a.desc}, nil
}

// compareNil compares with nil.
func (ev *evaluator) compareNil(n *node, a, b *Value) (*Value, error) {
	if n.text != "==" && n.text != "!=" {
		return nil, ev.fail(n.at, "no operator %q for nil", n.text)
	}
	v := a
	if a.isNil {
		v = b
	}
	zero := v.isNil
	if !zero {
		switch kindOf(strip(v.typ)) {
		case symbols.KindPointer, symbols.KindGoMap, symbols.KindGoChan, symbols.KindGoFunc,
			symbols.KindGoSlice, symbols.KindGoInterface:
		default:
			return nil, ev.fail(n.at, "%s can't be nil: it is %s", clip(v.expr, 60), article(v.Type()))
		}
		yes, err := v.Truth()
		if err != nil {
			return nil, ev.readError(n, v, err)
		}
		zero = !yes
	}
	return ev.c.makeBool(zero == (n.text == "=="), true), nil
}

// evalCall is a conversion or a built-in function of Go; anything else is
// refused.
func (ev *evaluator) evalCall(n *node) (*Value, error) {
	callee, args := n.kids[0], n.kids[1:]
	if callee.kind == nodeName && ev.goL && ev.c.find(callee.text, &callee.cache) == nil {
		if f, ok := goBuiltins[callee.text]; ok {
			return ev.builtin(n, f)
		}
	}
	t := ev.asType(callee)
	if t == nil {
		return nil, ev.fail(callee.pos, "%s", callText)
	}
	typ, err := ev.c.resolve(t, ev.goL)
	if err != nil {
		return nil, ev.fail(callee.pos, "%s", callText)
	}
	if len(args) != 1 {
		return nil, ev.fail(n.at, "a conversion to %s needs one value", typeText(typ))
	}
	v, err := ev.eval(args[0])
	if err != nil {
		return nil, err
	}
	if v.err != nil {
		return nil, ev.readError(args[0], v, v.err)
	}
	if !ev.goL {
		out, err := v.convert(typ)
		if err != nil {
			return nil, ev.readError(args[0], v, err)
		}
		return out, nil
	}
	out, err := v.convertGo(typ)
	if err != nil {
		return nil, ev.readError(args[0], v, err)
	}
	return out, nil
}

// convertGo is T(v).
func (v *Value) convertGo(t *symbols.Type) (*Value, error) {
	s, from := strip(t), strip(v.typ)
	if v.isNil {
		size, _ := sizeOf(t)
		if kindOf(s) == symbols.KindGoString || isStruct(s) || isArithmetic(s) || size > 24 {
			return nil, fmt.Errorf("nil can't be converted to %s", typeText(t))
		}
		return &Value{c: v.c, typ: t, goL: true, isConst: true, src: source{kind: srcBytes, data: make([]byte, size)}}, nil
	}
	switch {
	case kindOf(s) == symbols.KindGoString && kindOf(from) == symbols.KindGoSlice:
		if n, _ := sizeOf(from.Elem()); n != 1 {
			break
		}
		text, n, err := v.goString(maxText)
		if err == nil && n > maxText {
			err = fmt.Errorf("a slice of %d bytes is too long", n)
		}
		lit := string(text)
		return &Value{c: v.c, typ: t, goL: true, isConst: true, lit: &lit}, err
	case kindOf(s) == symbols.KindGoString && isInteger(from):
		n, err := v.number()
		lit := string(rune(int32(n.uint64())))
		return &Value{c: v.c, typ: t, goL: true, isConst: true, lit: &lit}, err
	case kindOf(s) == kindOf(from) && !isArithmetic(s) && !isPointer(s):
		out := *v
		out.typ, out.desc = t, ""
		return &out, nil
	}
	return v.convert(t)
}

// asType reads an expression of Go as a type; nil if it can't be one.
func (ev *evaluator) asType(n *node) *typeNode {
	switch n.kind {
	case nodeParen:
		return ev.asType(n.kids[0])
	case nodeType:
		return n.typ
	case nodeName:
		if ev.c.find(n.text, &n.cache) == nil {
			return &typeNode{kind: typeName, pos: n.pos, name: n.text}
		}
	case nodeMember:
		if pkg := n.kids[0]; ev.goL && (pkg.kind == nodeName && ev.c.find(pkg.text, &pkg.cache) == nil || pkg.kind == nodeText) {
			return &typeNode{kind: typeName, pos: n.pos, name: pkg.text + "." + n.text}
		}
	case nodeUnary:
		if elem := ev.asType(n.kids[0]); elem != nil && n.text == "*" {
			return &typeNode{kind: typePointer, pos: n.pos, elem: elem}
		}
	case nodeIndex: // an instance of a generic type
		base, arg := ev.asType(n.kids[0]), ev.asType(n.kids[1])
		if base != nil && arg != nil {
			return &typeNode{kind: typeName, pos: n.pos, name: base.goString() + "[" + arg.goString() + "]"}
		}
	}
	return nil
}

// goBuiltins are the built-in functions that need no running program.
var goBuiltins = map[string]func(*Value) (*Value, error){
	"len": func(v *Value) (*Value, error) {
		n, err := v.goLen()
		return v.c.makeInt(v.c.base("int", true), uint64(n), true), err
	},
	"cap": func(v *Value) (*Value, error) {
		n, err := v.goCap()
		return v.c.makeInt(v.c.base("int", true), uint64(n), true), err
	},
	"real": func(v *Value) (*Value, error) { return v.part64(0) },
	"imag": func(v *Value) (*Value, error) { return v.part64(1) },
}

// part64 is a part of a complex number.
func (v *Value) part64(i int) (*Value, error) {
	n, err := v.number()
	if err == nil && n.kind != numComplex {
		err = errors.New("not a complex number")
	}
	if err != nil {
		return nil, err
	}
	name := map[int]string{8: "float32", 16: "float64"}[n.size]
	return v.c.makeFloat(v.c.base(name, true), [2]float64{n.f, n.im}[i], true), nil
}

func (ev *evaluator) builtin(n *node, f func(*Value) (*Value, error)) (*Value, error) {
	if len(n.kids) != 2 {
		return nil, ev.fail(n.at, "%s needs one value", n.kids[0].text)
	}
	v, err := ev.eval(n.kids[1])
	if err != nil {
		return nil, err
	}
	out, err := f(v)
	if err != nil {
		return nil, ev.readError(n.kids[1], v, err)
	}
	return out, nil
}

// evalAssert is v.(T).
func (ev *evaluator) evalAssert(n *node) (*Value, error) {
	v, err := ev.eval(n.kids[0])
	if err != nil {
		return nil, err
	}
	if kindOf(strip(v.typ)) != symbols.KindGoInterface {
		return nil, ev.fail(n.at, "%s is no interface: it is %s", clip(ev.text(n.kids[0]), 60), article(v.Type()))
	}
	held, err := v.dynamic()
	if err != nil {
		return nil, ev.readError(n.kids[0], v, err)
	}
	want, err := ev.resolve(n.typ)
	if err != nil {
		return nil, err
	}
	if want != held.typ && want.String() != held.typ.String() {
		return nil, ev.fail(n.at, "%s holds %s, not %s", clip(ev.text(n.kids[0]), 60), article(held.Type()), article(typeText(want)))
	}
	return held, nil
}
