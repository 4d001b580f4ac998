package values

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// goValue writes a value of Go in Go's syntax. typed says that composite values
// need their type in front; inside of others of one type they don't.
func (p *printer) goValue(v *Value, level int, typed bool) {
	if v.err != nil {
		p.failure(v.err)
		return
	}
	if w := v.view(); w != nil && !p.raw {
		p.viewText(w, level)
		return
	}
	t := strip(v.typ)
	switch kindOf(t) {
	case symbols.KindGoString:
		text, n, err := v.goString(int64(max(p.left, 1)))
		if err != nil {
			p.failure(err)
			return
		}
		before := len(p.out)
		p.quoted(text, n, goQuote)
		if strings.HasSuffix(string(p.out[before:]), "…") && level == 0 {
			p.close(fmt.Sprintf(" (len %d)", n))
		}
	case symbols.KindGoSlice:
		p.goSlice(v, t, level, typed)
	case symbols.KindArray:
		p.goArray(v, t, t.Len(), level, typed)
	case symbols.KindStruct:
		p.goStruct(v, t, level, typed)
	case symbols.KindGoMap:
		p.goMapValue(v, level, typed)
	case symbols.KindGoInterface:
		p.goInterface(v, level)
	case symbols.KindGoChan:
		p.goChanValue(v)
	case symbols.KindVoid, symbols.KindUnknown:
		p.put("<incomplete type>")
	default:
		p.goScalar(v, t, level)
	}
}

func (p *printer) goScalar(v *Value, t *symbols.Type, level int) {
	n, err := v.number()
	if err != nil {
		p.failure(err)
		return
	}
	switch k := kindOf(t); {
	case k == symbols.KindPointer && p.letter == 0 || k == symbols.KindPointer && p.soft:
		p.goPointer(v, t, n.u, level)
	case k == symbols.KindGoFunc && n.u == 0:
		p.put("nil")
	case k == symbols.KindGoFunc && (p.letter == 0 || p.soft):
		p.put(v.c.closureText(n.u))
	case p.formatted(v, n):
	case k == symbols.KindBool:
		p.put(strconv.FormatBool(n.u != 0))
	case k == symbols.KindFloat:
		p.put(goFloat(n.f, n.size))
	case k == symbols.KindComplex:
		im := goFloat(n.im, n.size/2)
		if !strings.HasPrefix(im, "-") && !strings.HasPrefix(im, "+") {
			im = "+" + im
		}
		p.put("(" + goFloat(n.f, n.size/2) + im + "i)")
	case t.Name() == "uintptr":
		p.put(integer(n, 'x'))
	default:
		p.put(integer(n, 0))
	}
}

func goFloat(f float64, size int) string {
	return strconv.FormatFloat(f, 'g', -1, 8*size)
}

// goPointer writes a pointer; at the outermost level a struct with its content.
func (p *printer) goPointer(v *Value, t *symbols.Type, addr uint64, level int) {
	if addr == 0 {
		p.put("nil")
		return
	}
	if level == 0 && isStruct(strip(t.Elem())) {
		if target, err := v.deref(); err == nil && target.Err() == nil {
			p.put("&")
			p.goValue(target, level+1, true)
			return
		}
	}
	p.put(fmt.Sprintf("%#x", addr))
}

// closureText names the function of a func value, a pointer to a closure whose
// first word is the code.
func (c *Context) closureText(closure uint64) string {
	code, err := c.readWord(closure)
	if err != nil {
		return fmt.Sprintf("%#x", closure)
	}
	if f := c.funcAt(code); f != nil && f.Low == code {
		return clip(f.Name, 200)
	}
	return c.addressText(code)
}

// typePrefix writes a composite value's type.
func (p *printer) typePrefix(v *Value, typed bool) {
	if !typed {
		return
	}
	name := typeText(v.typ)
	if strings.HasPrefix(name, "struct {") {
		return // it would be longer than the value
	}
	p.put(name)
}

func (p *printer) goStruct(v *Value, t *symbols.Type, level int, typed bool) {
	p.typePrefix(v, typed)
	if level >= maxLevels {
		p.put("{…}")
		return
	}
	p.put("{")
	fields := t.Fields()
	for i := range fields {
		if p.full {
			break
		}
		if i > 0 {
			p.put(", ")
		}
		p.put(fields[i].Name + ": ")
		p.value(v.field(&fields[i], 0), level+1)
	}
	p.close("}")
}

func (p *printer) goSlice(v *Value, t *symbols.Type, level int, typed bool) {
	addr, n, err := v.goHeader()
	if err != nil {
		p.failure(err)
		return
	}
	if addr == 0 {
		p.put("nil")
		return
	}
	size, ok := sizeOf(t.Elem())
	if !ok {
		p.put("{…}")
		return
	}
	if n > 0 && strip(t.Elem()).Name() == "uint8" && p.letter == 0 {
		text, _, err := v.goString(maxShown)
		if err == nil && printable(text) {
			p.put("[]byte(")
			p.quoted(text, n, goQuote)
			p.close(")")
			p.lenCap(v, n, level)
			return
		}
	}
	elems := &Value{c: v.c, typ: v.c.Prog.ArrayOf(t.Elem(), n), goL: true, src: source{kind: srcMemory, addr: addr}}
	p.typePrefix(v, typed)
	if level >= maxLevels && n > 0 {
		p.put("{…}")
		return
	}
	p.goElements(elems, n, size, level)
	p.lenCap(v, n, level)
}

// lenCap adds the length and capacity to an outermost slice, where they don't
// show.
func (p *printer) lenCap(v *Value, n int64, level int) {
	if level > 0 {
		return
	}
	if c, err := v.goCap(); err == nil && (p.full || c != n || strings.HasSuffix(string(p.out), "…)")) {
		p.close(fmt.Sprintf(" (len %d, cap %d)", n, c))
	}
}

func (p *printer) goArray(v *Value, t *symbols.Type, n int64, level int, typed bool) {
	size, ok := sizeOf(t.Elem())
	p.typePrefix(v, typed)
	if level >= maxLevels || !ok {
		p.put("{…}")
		return
	}
	p.goElements(v, n, size, level)
}

// goElements writes the elements of v, an array in memory.
func (p *printer) goElements(v *Value, n, size int64, level int) {
	p.put("{")
	p.elements(n, func(i int64) bool {
		e, err := v.element(i)
		if err == nil {
			err = e.Err()
		}
		if err != nil {
			p.failure(err)
			return false
		}
		if e.err != nil || p.steps > maxPrintStep {
			p.more()
			return false
		}
		p.steps++
		p.goValue(e, level+1, false)
		return true
	}, arrayRun(v, size, n))
	p.close("}")
}

func (p *printer) goMapValue(v *Value, level int, typed bool) {
	m, err := v.goMap()
	if err != nil {
		p.failure(err)
		return
	}
	if m == nil {
		p.put("nil")
		return
	}
	p.typePrefix(v, typed)
	if level >= maxLevels && m.used > 0 {
		p.put("{…}")
		return
	}
	p.put("{")
	err = m.walk(func(i uint64, e mapEntry) bool {
		if i > 0 {
			p.put(", ")
		}
		if p.steps++; i >= maxElements || p.steps > maxPrintStep {
			p.more()
		}
		if p.full {
			return false
		}
		p.goValue(e.key, level+1, false)
		p.put(": ")
		p.goValue(e.elem, level+1, false)
		return !p.full
	})
	if err != nil {
		p.failure(err)
	}
	p.close("}")
	if p.full && level == 0 {
		p.close(fmt.Sprintf(" (len %d)", m.used))
	}
}

// goInterface writes what an interface holds, with its type where the value
// alone does not tell it.
func (p *printer) goInterface(v *Value, level int) {
	rtype, data, err := v.interfaceWords()
	if err != nil {
		p.failure(err)
		return
	}
	if rtype == 0 {
		p.put("nil")
		return
	}
	held, err := v.dynamic()
	if err != nil {
		p.put(fmt.Sprintf("<type at %#x>(%#x)", rtype, data))
		return
	}
	if level >= maxLevels {
		p.put("…")
		return
	}
	t := strip(held.typ)
	switch kindOf(t) {
	case symbols.KindGoString, symbols.KindBool:
		if held.typ.String() == "string" || held.typ.String() == "bool" {
			p.goValue(held, level+1, true)
			return
		}
	case symbols.KindStruct, symbols.KindArray, symbols.KindGoSlice, symbols.KindGoMap:
		p.goValue(held, level+1, true)
		return
	case symbols.KindPointer:
		if n, err := held.number(); err == nil && n.u != 0 && level < 2 && isStruct(strip(t.Elem())) {
			p.goPointer(held, t, n.u, 0)
			return
		}
		p.put("(" + typeText(held.typ) + ")")
		p.put("(")
		p.goValue(held, level+1, true)
		p.close(")")
		return
	}
	p.put(typeText(held.typ) + "(")
	p.goValue(held, level+1, true)
	p.close(")")
}

func (p *printer) goChanValue(v *Value) {
	n, err := v.number()
	if err == nil && n.u == 0 {
		p.put("nil")
		return
	}
	ch, err := v.goChan()
	if err != nil {
		p.failure(err)
		return
	}
	closed := ""
	if ch.closed {
		closed = ", closed"
	}
	p.put(fmt.Sprintf("%s(%#x) (len %d, cap %d%s)", typeText(v.typ), n.u, ch.count, ch.size, closed))
}
