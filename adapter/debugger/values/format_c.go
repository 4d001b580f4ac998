package values

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// cValue writes a value of C, C++ and other languages with their syntax.
func (p *printer) cValue(v *Value, level int) {
	t := strip(v.typ)
	switch kindOf(t) {
	case symbols.KindVoid:
		p.put("void")
	case symbols.KindUnknown:
		p.put("<incomplete type>")
	case symbols.KindStruct, symbols.KindClass, symbols.KindUnion:
		p.cStruct(v, t, level)
	case symbols.KindArray:
		p.cArray(v, t, level)
	case symbols.KindFunc:
		p.put("{code} " + v.c.addressText(v.src.addr))
	default:
		p.cScalar(v, t)
	}
}

func (p *printer) cScalar(v *Value, t *symbols.Type) {
	if to, off, ok := v.implicit(); ok {
		p.implicitPointer(v, t, to, off)
		return
	}
	if kindOf(t) == symbols.KindMemberPointer {
		p.memberPointer(v, t)
		return
	}
	if size, ok := sizeOf(t); ok && size == 0 && t.Language() == symbols.LangRust {
		p.put(t.Name()) // (), !
		return
	}
	n, err := v.number()
	if err != nil {
		p.failure(err)
		return
	}
	if t.Language() == symbols.LangRust && p.rustScalar(v, t, n) {
		return
	}
	switch kindOf(t) {
	case symbols.KindPointer:
		p.cPointer(v, t, n.u)
	case symbols.KindEnum:
		if !p.formatted(v, n) {
			p.put(enumText(t, n))
		}
	case symbols.KindBool:
		if p.formatted(v, n) {
			return
		}
		switch n.u {
		case 0:
			p.put("false")
		case 1:
			p.put("true")
		default:
			p.put(integer(n, 0))
		}
	case symbols.KindChar:
		if !p.formatted(v, n) {
			p.put(charText(n, widePrefix[textWidth(v.typ)]))
		}
	case symbols.KindFloat:
		if !p.formatted(v, n) {
			p.put(cFloat(n))
		}
	case symbols.KindComplex:
		im := num{kind: numFloat, size: n.size / 2, f: n.im}
		p.put(cFloat(num{kind: numFloat, size: n.size / 2, f: n.f}) + " + " + cFloat(im) + "i")
	default:
		switch w := textWidth(v.typ); { // wchar_t is an integer, but for its name
		case p.formatted(v, n):
		case w > 1:
			p.put(charText(n, widePrefix[w]))
		default:
			p.put(integer(n, 0))
		}
	}
}

// widePrefix is what literals of characters have in front, by their size.
var widePrefix = map[int]string{2: "u", 4: "L"}

// cPointer writes a pointer: with the text it points to, or the symbol.
func (p *printer) cPointer(v *Value, t *symbols.Type, addr uint64) {
	if p.letter != 0 && p.letter != 's' && p.letter != 'a' && !p.soft {
		p.put(integer(num{kind: numUint, size: ptrSize, u: addr}, p.letter))
		return
	}
	elem := t.Elem()
	width := textWidth(elem)
	if width == 0 || addr == 0 || p.letter == 'a' {
		if kindOf(strip(elem)) == symbols.KindFunc {
			p.put(v.c.codeText(addr))
			return
		}
		p.put(v.c.addressText(addr))
		if isStruct(strip(elem)) && addr != 0 {
			if w := v.elem(elem, addr).whole(); w != nil {
				p.put(" (" + typeText(w.typ) + ")")
			}
		}
		return
	}
	target := &Value{c: v.c, typ: elem, src: source{kind: srcMemory, addr: addr}}
	if !isPlainChar(elem) && p.letter != 's' {
		// Bytes or text? Text if it looks like it.
		text, ended, err := target.readText(maxShown)
		if err == nil && ended && printable(text) {
			p.put(v.c.addressText(addr) + " ")
			p.quoted(text, int64(len(text)), cQuote)
			return
		}
		p.put(v.c.addressText(addr))
		return
	}
	p.put(v.c.addressText(addr) + " ")
	p.textAt(target, width, -1)
}

// implicitPointer writes a pointer to a variable that has no address.
func (p *printer) implicitPointer(v *Value, t *symbols.Type, to *symbols.Variable, off int64) {
	if w := textWidth(t.Elem()); w > 0 {
		if target, err := v.deref(); err == nil {
			p.put("<no address> ")
			p.textAt(target, w, -1)
			return
		}
	}
	switch {
	case to.Name == "":
		p.put("<points to a value without an address>")
	case off != 0:
		p.put(fmt.Sprintf("<points to %s%+d>", to.Name, off))
	default:
		p.put(fmt.Sprintf("<points to %s>", to.Name))
	}
}

// textAt writes the text at v, up to its zero or, if that is not negative, bound
// characters. width is the size of a character, in bytes.
func (p *printer) textAt(v *Value, width int, bound int64) {
	most := int64(max(p.left, 1))
	if bound >= 0 {
		most = min(most, bound)
	}
	if width > 1 {
		p.wideText(v, int64(width), most, bound)
		return
	}
	text, ended, err := v.readText(most)
	if err != nil && len(text) == 0 {
		p.put("<no memory there>")
		return
	}
	n := int64(len(text))
	if !ended && n != bound {
		n = -1 // there may be more
	}
	p.quoted(text, n, cQuote)
}

// wideText writes text of wchar_t, char16_t and char32_t.
func (p *printer) wideText(v *Value, width, most, bound int64) {
	var text []byte
	n := int64(-1)
	i := int64(0)
	for ; i < most; i++ {
		b, err := v.read(i*width, width)
		if err != nil {
			if i == 0 {
				p.put("<no memory there>")
				return
			}
			break
		}
		r := rune(decodeInt(b, false).u)
		if r == 0 {
			n = int64(len(text))
			break
		}
		text = utf8.AppendRune(text, r)
	}
	if i == bound {
		n = int64(len(text))
	}
	q := cQuote
	q.prefix = widePrefix[int(width)]
	p.quoted(text, n, q)
}

// printable reports whether text looks as if it was written for people: UTF-8
// without control characters, and not empty.
func printable(text []byte) bool {
	if len(text) == 0 || !utf8.Valid(text) {
		return false
	}
	return bytes.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f }) < 0
}

// cStruct writes {x=1, y=2}.
func (p *printer) cStruct(v *Value, t *symbols.Type, level int) {
	if level >= maxLevels {
		p.put("{…}")
		return
	}
	if t.Language() == symbols.LangRust {
		p.rustStruct(v, t, level)
		return
	}
	p.put("{")
	fields := t.Fields()
	first := true
	for i := range fields {
		f := &fields[i]
		if f.Static || p.full || strings.HasPrefix(f.Name, "_vptr.") {
			continue
		}
		if !first {
			p.put(", ")
		}
		first = false
		switch {
		case f.Base:
			p.put("<" + typeText(f.Type) + "> = ")
		case f.Name != "":
			p.put(f.Name + "=")
		}
		p.value(v.field(f, 0), level+1)
	}
	p.close("}")
}

// cArray writes {1, 2, 3} or "text".
func (p *printer) cArray(v *Value, t *symbols.Type, level int) {
	elem, n := t.Elem(), t.Len()
	if n < 0 {
		p.put("<unknown length>")
		return
	}
	if w := textWidth(elem); w > 0 && (p.letter == 0 || p.letter == 's' || p.soft) && p.charArray(v, elem, w, n) {
		return
	}
	if level >= maxLevels {
		p.put("{…}")
		return
	}
	size, ok := sizeOf(elem)
	if !ok {
		p.put("{…}")
		return
	}
	open, closing := "{", "}"
	if t.Language() == symbols.LangRust {
		open, closing = "[", "]"
	}
	bytesOnly := textWidth(elem) == 1 && p.letter == 0 && !isPlainChar(elem)
	p.put(open)
	p.elements(n, func(i int64) bool {
		e, err := v.element(i)
		if err != nil {
			p.failure(err)
			return false
		}
		if bytesOnly { // numbers: they did not look like text
			if num, err := e.number(); err == nil {
				p.put(integer(num, 0))
				return true
			}
		}
		if e.src.kind == srcMemory && !isStruct(strip(elem)) && kindOf(strip(elem)) != symbols.KindArray {
			if _, err := e.read(0, size); err != nil { // once, not for every element
				p.failure(err)
				return false
			}
		}
		p.value(e, level+1)
		return true
	}, arrayRun(v, size, n))
	p.close(closing)
}

// charArray writes an array of characters as text, up to its first zero. Arrays
// of signed and unsigned char are text when they look like it; false otherwise.
func (p *printer) charArray(v *Value, elem *symbols.Type, width int, n int64) bool {
	if isPlainChar(elem) || p.letter == 's' {
		if v.src.kind == srcLocation && v.Err() != nil {
			return false // some of it is missing: element by element
		}
		p.textAt(v, width, n)
		return true
	}
	text, ended, err := v.readText(min(n, maxShown))
	if err != nil || !ended || !printable(text) {
		return false
	}
	rest, err := v.read(int64(len(text)), min(n, maxShown)-int64(len(text)))
	if err != nil || strings.Trim(string(rest), "\x00") != "" {
		return false
	}
	p.quoted(text, int64(len(text)), cQuote)
	return true
}

// enumText writes an enum by the name of its value, as a combination of flags,
// or as a number.
func enumText(t *symbols.Type, n num) string {
	enums := t.Enumerators()
	value := int64(n.uint64())
	for _, e := range enums {
		if e.Value == value && e.Name != "" {
			return e.Name
		}
	}
	// Flags: at least two enumerators of one bit, which make up the value.
	var parts []string
	singles := 0
	rest := uint64(value)
	for _, e := range enums {
		bit := uint64(e.Value)
		if e.Value < 0 {
			singles = 0
			break
		}
		if bit == 0 || bit&(bit-1) != 0 {
			continue
		}
		singles++
		if rest&bit != 0 && len(parts) < 64 {
			if e.Name != "" { // a bit that is always set has none
				parts = append(parts, e.Name)
			}
			rest &^= bit
		}
	}
	if singles >= 2 && len(parts) > 0 && rest == 0 {
		return strings.Join(parts, "|")
	}
	return integer(n, 0)
}
