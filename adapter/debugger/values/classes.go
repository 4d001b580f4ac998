package values

import (
	"fmt"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// Objects of classes with virtual functions tell what they really are: the
// Itanium C++ ABI, "Virtual Table Layout".

// hasVTable reports whether objects of class t begin with the pointer to a table
// of virtual functions.
func hasVTable(t *symbols.Type, depth int) bool {
	if !isStruct(t) || depth > maxEmbedding {
		return false
	}
	fields := t.Fields()
	for i := range fields {
		f := &fields[i]
		if strings.HasPrefix(f.Name, "_vptr.") || strings.HasPrefix(f.Name, "_vptr$") {
			return f.Offset == 0
		}
		if f.Base && !f.Virtual && f.Offset == 0 && hasVTable(strip(f.Type), depth+1) {
			return true
		}
	}
	return false
}

// whole is the object that v, of a class with virtual functions, is part of; nil
// when that is v itself, or can't be told.
func (v *Value) whole() *Value {
	t := strip(v.typ)
	if v.err != nil || v.goL || v.src.kind != srcMemory || t.Language() != symbols.LangCPlusPlus || !hasVTable(t, 0) {
		return nil
	}
	table, err := v.c.readWord(v.src.addr)
	if err != nil || table == 0 {
		return nil
	}
	sym, _, ok := v.c.Prog.SymbolAt(table)
	if !ok || !strings.HasPrefix(sym.Linker, "_ZTV") {
		return nil
	}
	name, ok := strings.CutPrefix(sym.Name, "vtable for ")
	if !ok {
		return nil
	}
	real, ok := v.c.Prog.TypeNamed(name)
	if !ok || !isStruct(real) || real == t || real.String() == t.String() {
		return nil
	}
	up, err := v.c.readWord(table - 2*ptrSize) // how far it is to the object's start
	if err != nil || int64(up) > 0 || int64(up) < -maxClass {
		return nil
	}
	out := v.elem(real, v.src.addr+up)
	out.name = "[" + typeText(real) + "]"
	out.expr, out.prec = fmt.Sprintf("{%s} %#x", typeText(real), out.src.addr), precUnary
	return out
}

// maxClass bounds the size of classes, in bytes.
const maxClass = 1 << 30

// memberPointer writes a pointer to a member: by the member's name.
func (p *printer) memberPointer(v *Value, t *symbols.Type) {
	if kindOf(strip(t.Elem())) == symbols.KindFunc {
		p.methodPointer(v, strip(t.Class()))
		return
	}
	b, err := v.read(0, ptrSize)
	if err != nil {
		p.failure(err)
		return
	}
	off := int64(decodeInt(b, true).u)
	if off == -1 {
		p.put("nullptr")
		return
	}
	class := strip(t.Class())
	if name, ok := memberAt(class, off, 0); ok {
		p.put("&" + typeText(class) + "::" + name)
		return
	}
	p.put(fmt.Sprintf("<offset %d>", off))
}

// memberAt is the name of the member at an offset.
func memberAt(t *symbols.Type, off int64, depth int) (string, bool) {
	if !isStruct(t) || depth > maxEmbedding {
		return "", false
	}
	fields := t.Fields()
	for i := range fields {
		f := &fields[i]
		if f.Static || f.Virtual || f.BitSize > 0 {
			continue
		}
		if f.Name != "" && f.Offset == off {
			return f.Name, true
		}
		if f.Base || f.Embedded {
			if name, ok := memberAt(strip(f.Type), off-f.Offset, depth+1); ok {
				return name, true
			}
		}
	}
	return "", false
}

// methodPointer writes a pointer to a member function: two words, the function
// and what to add to this. An odd first word is a virtual function's offset in
// the class's table, and one more.
func (p *printer) methodPointer(v *Value, class *symbols.Type) {
	b, err := v.read(0, 2*ptrSize)
	if err != nil {
		p.failure(err)
		return
	}
	ptr, adj := decodeInt(b[:8], false).u, int64(decodeInt(b[8:], true).u)
	switch {
	case ptr&1 != 0:
		slot := (ptr - 1) / ptrSize
		p.put(fmt.Sprintf("virtual function %d of %s", slot, typeText(class)))
		if table, ok := v.c.Prog.SymbolNamed("vtable for " + class.Name()); ok && slot*ptrSize < table.Size {
			if code, err := v.c.readWord(table.Addr + 2*ptrSize + slot*ptrSize); err == nil {
				p.put(" <" + v.c.symbolText(code) + ">")
			}
		}
	case ptr == 0:
		p.put("nullptr")
	default:
		p.put(v.c.codeText(ptr))
	}
	if adj != 0 {
		p.put(fmt.Sprintf(" (this%+d)", adj))
	}
}
