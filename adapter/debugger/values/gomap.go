package values

import (
	"errors"
	"fmt"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// Maps of Go since 1.24 are "Swiss tables" (internal/runtime/maps): a Map points
// to a directory of tables, each with groups of eight slots; a map of up to eight
// entries has one group and no directory. The types and offsets come from the
// debug information, where the linker instantiates Map, table and group for each
// map type; only what is not a type is known here: the control byte of a slot has
// its high bit set when the slot is empty or deleted.

// goMap is a map's header, and the types to walk it.
type goMap struct {
	c       *Context
	used    uint64
	dir     uint64 // address of the directory, or of the only group
	dirLen  uint64 // 0: there is only one group
	group   groupLayout
	groups  int64 // offset of groups in table
	data    int64 // offset of data in groups
	mask    int64 // offset of lengthMask in groups
	indexAt int64 // offset of index in table
}

// groupLayout is where keys and elements are in a group.
type groupLayout struct {
	size      int64
	ctrl      int64
	slots     int64 // entries in a group
	key, elem slotField
}

// slotField is where a group's keys, or its elements, are.
type slotField struct {
	off, stride int64
	typ         *symbols.Type
	// indirect says that the slot holds a pointer: keys and elements of more
	// than 128 bytes live elsewhere.
	indirect bool
}

var errOldMap = errors.New("a map in the layout of Go before 1.24: it can't be shown")

// maxSlots bounds the slots that one walk over a map looks at.
const maxSlots = 1 << 20

// goMap reads the header of a map; nil for a nil map.
func (v *Value) goMap() (*goMap, error) {
	n, err := v.number()
	if err != nil || n.u == 0 {
		return nil, err
	}
	t := strip(v.typ)
	header := strip(strip(t.Repr()).Elem())
	m := &goMap{c: v.c}
	h := &Value{c: v.c, typ: header, goL: true, src: source{kind: srcMemory, addr: n.u}, origin: &origin{v.expr, n.u, true}}
	for _, f := range []struct {
		name string
		to   *uint64
	}{{"used", &m.used}, {"dirPtr", &m.dir}, {"dirLen", &m.dirLen}} {
		field := h.findMember(header, 0, f.name, 0)
		if field == nil {
			return nil, errOldMap
		}
		n, err := field.number()
		if err != nil {
			return nil, err
		}
		*f.to = n.u
	}
	table := pointee(pointee(fieldType(header, "dirPtr")))
	return m, m.layout(table, t)
}

// layout finds the offsets in tables and groups.
func (m *goMap) layout(table, t *symbols.Type) error {
	groups := fieldOf(table, "groups")
	index := fieldOf(table, "index")
	if groups == nil || index == nil {
		return errOldMap
	}
	ref := strip(groups.Type)
	data, mask := fieldOf(ref, "data"), fieldOf(ref, "lengthMask")
	if data == nil || mask == nil {
		return errOldMap
	}
	m.groups, m.data, m.mask, m.indexAt = groups.Offset, data.Offset, mask.Offset, index.Offset
	group := pointee(data.Type)
	ctrl := fieldOf(group, "ctrl")
	if ctrl == nil {
		return errOldMap
	}
	g := &m.group
	g.ctrl = ctrl.Offset
	g.size, _ = sizeOf(group)
	if slots := fieldOf(group, "slots"); slots != nil {
		arr := strip(slots.Type)
		slot := strip(arr.Elem())
		stride, ok := sizeOf(slot)
		key, elem := fieldOf(slot, "key"), fieldOf(slot, "elem")
		if !ok || key == nil || elem == nil {
			return errOldMap
		}
		g.slots = arr.Len()
		g.key = slotField{slots.Offset + key.Offset, stride, key.Type, false}
		g.elem = slotField{slots.Offset + elem.Offset, stride, elem.Type, false}
	} else if keys, elems := fieldOf(group, "keys"), fieldOf(group, "elems"); keys != nil && elems != nil {
		ka, ea := strip(keys.Type), strip(elems.Type)
		ks, _ := sizeOf(ka.Elem())
		es, _ := sizeOf(ea.Elem())
		g.slots = ka.Len()
		g.key = slotField{keys.Offset, ks, ka.Elem(), false}
		g.elem = slotField{elems.Offset, es, ea.Elem(), false}
	} else {
		return errOldMap
	}
	if g.size <= 0 || g.size > MaxBytes || g.slots <= 0 || g.slots > 8 {
		return errOldMap
	}
	g.key.resolve(t.Key())
	g.elem.resolve(t.Elem())
	return nil
}

// resolve gives the field the map's own type, and tells whether slots point to
// it.
func (f *slotField) resolve(t *symbols.Type) {
	const largest = 128 // abi.MapMaxKeyBytes, abi.MapMaxElemBytes
	if t == nil {
		return
	}
	n, ok := sizeOf(t)
	f.indirect = ok && n > largest && isPointer(strip(f.typ))
	f.typ = t
}

func fieldOf(t *symbols.Type, name string) *symbols.Field {
	t = strip(t)
	if kindOf(t) != symbols.KindStruct {
		return nil
	}
	fields := t.Fields()
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

func fieldType(t *symbols.Type, name string) *symbols.Type {
	if f := fieldOf(t, name); f != nil {
		return f.Type
	}
	return nil
}

// pointee is what t points to; nil if it is no pointer.
func pointee(t *symbols.Type) *symbols.Type {
	if t = strip(t); !isPointer(t) {
		return nil
	}
	return t.Elem()
}

// entry is an entry of a map.
type mapEntry struct{ key, elem *Value }

// walk calls visit for each entry, in the order of memory, until it returns
// false.
func (m *goMap) walk(visit func(i uint64, e mapEntry) bool) error {
	w := mapWalk{m: m, visit: visit}
	if m.used == 0 {
		return nil
	}
	if m.dirLen == 0 {
		_, err := w.group(m.dir)
		return err
	}
	last := uint64(0)
	for i := uint64(0); i < m.dirLen; i++ {
		if w.looked++; w.looked > maxSlots {
			return fmt.Errorf("the map is too large to be listed beyond entry %d", w.found)
		}
		table, err := m.c.readWord(m.dir + 8*i)
		if err != nil {
			return err
		}
		if table == last || table == 0 {
			continue // several entries in a row may share a table
		}
		last = table
		data, err := m.c.readWord(table + uint64(m.groups+m.data))
		if err != nil {
			return err
		}
		mask, err := m.c.readWord(table + uint64(m.groups+m.mask))
		if err != nil {
			return err
		}
		for g := uint64(0); ; g++ {
			more, err := w.group(data + g*uint64(m.group.size))
			if err != nil || !more {
				return err
			}
			if g >= mask {
				break
			}
		}
	}
	return nil
}

type mapWalk struct {
	m      *goMap
	visit  func(uint64, mapEntry) bool
	found  uint64
	looked int
}

// group visits the entries of the group at addr.
func (w *mapWalk) group(addr uint64) (more bool, err error) {
	g := &w.m.group
	b, err := w.m.c.readMemory(addr, g.size, nil)
	if err != nil {
		return false, err
	}
	for i := int64(0); i < g.slots; i++ {
		if w.looked++; w.looked > maxSlots {
			return false, fmt.Errorf("the map is too large to be listed beyond entry %d", w.found)
		}
		if b[g.ctrl+i]&0x80 != 0 {
			continue
		}
		e := mapEntry{w.m.slot(g.key, addr, i), w.m.slot(g.elem, addr, i)}
		if !w.visit(w.found, e) {
			return false, nil
		}
		if w.found++; w.found >= w.m.used {
			return false, nil
		}
	}
	return true, nil
}

// slot is the key or the element i of the group at addr.
func (m *goMap) slot(f slotField, addr uint64, i int64) *Value {
	v := &Value{c: m.c, typ: f.typ, goL: true, src: source{kind: srcMemory, addr: addr + uint64(f.off+i*f.stride)}}
	if f.indirect {
		if v.src.addr, v.err = m.c.readWord(v.src.addr); v.err != nil {
			v.src = source{}
		}
	}
	return v
}

// mapIndex is m[key].
func (ev *evaluator) mapIndex(n *node, v, key *Value) (*Value, error) {
	t := strip(v.typ)
	want, err := key.mapKey(t.Key())
	if err != nil {
		return nil, ev.readError(n.kids[1], key, err)
	}
	m, err := v.goMap()
	if err != nil {
		return nil, ev.readError(n.kids[0], v, err)
	}
	var found *Value
	if m != nil {
		err = m.walk(func(_ uint64, e mapEntry) bool {
			if k, err := e.key.keyBytes(); err == nil && k == want {
				found = e.elem
			}
			return found == nil
		})
	}
	if found == nil && err == nil {
		err = fmt.Errorf("the map has no key %s", clip(ev.text(n.kids[1]), 60))
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}

// mapKey is v as a key of type t, in the form of keyBytes.
func (v *Value) mapKey(t *symbols.Type) (string, error) {
	s := strip(t)
	switch {
	case kindOf(s) == symbols.KindGoString && kindOf(strip(v.typ)) == symbols.KindGoString:
		return v.keyBytes()
	case isArithmetic(s) && isArithmetic(strip(v.typ)):
		k := *v
		if v.untyped {
			n, err := v.number()
			if err != nil {
				return "", err
			}
			c, err := v.c.convertNum(n, t, true)
			if err != nil {
				return "", err
			}
			k = *c
		}
		return k.keyBytes()
	case t != nil && v.typ != nil && s.String() == strip(v.typ).String():
		return v.keyBytes()
	}
	return "", fmt.Errorf("keys of the map are %s, not %s", typeText(t), article(v.Type()))
}

// keyBytes is a value in a form in which equal keys are equal. Interfaces, and
// structs with strings in them, are equal only when they are the same.
func (v *Value) keyBytes() (string, error) {
	if kindOf(strip(v.typ)) == symbols.KindGoString {
		b, n, err := v.goString(maxText)
		if n > maxText {
			return "", fmt.Errorf("a key of %d bytes is too long", n)
		}
		return string(b), err
	}
	if kindOf(strip(v.typ)) == symbols.KindFloat {
		n, err := v.number()
		if n.f == 0 {
			n.f = 0 // -0 is the same key
		}
		return string(n.bytes(false)), err
	}
	b, err := v.Bytes()
	return string(b), err
}
