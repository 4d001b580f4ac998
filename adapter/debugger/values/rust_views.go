package values

import (
	"fmt"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// rustViews are the viewers of Rust's standard library. Its layouts are not
// promised to anybody: the members are those of rustc 1.7x to 1.9x, and what
// changed between them is looked for under both names.
func rustViews() map[string]viewer {
	const btree, hash = "alloc::collections::btree::", "std::collections::hash::"
	return map[string]viewer{
		"alloc::string::String": rustString, "std::ffi::os_str::OsString": rustString, "std::path::PathBuf": rustString,
		"alloc::ffi::c_str::CString": rustString,
		"alloc::vec::Vec":            rustVec, "alloc::collections::vec_deque::VecDeque": rustDeque,
		"alloc::collections::binary_heap::BinaryHeap": wrapperOf("data"), "alloc::collections::linked_list::LinkedList": rustList,
		btree + "map::BTreeMap": rustTree, btree + "set::BTreeSet": rustTreeSet,
		hash + "map::HashMap": rustHash("base"), hash + "set::HashSet": rustHash("base", "map"),
		"hashbrown::map::HashMap": rustHash(), "hashbrown::set::HashSet": rustHash("map"),

		"alloc::boxed::Box": rustReference, "alloc::rc::Rc": rustShared, "alloc::sync::Arc": rustShared,
		"alloc::rc::Weak": rustWeak, "alloc::sync::Weak": rustWeak,
		"core::cell::Cell": wrapperOf("value", "value"), "core::cell::UnsafeCell": wrapperOf("value"),
		"core::cell::RefCell": rustRefCell,
		"core::cell::Ref":     rustReferenceIn("value"), "core::cell::RefMut": rustReferenceIn("value"),
		"std::sync::poison::mutex::Mutex": rustLock, "std::sync::mutex::Mutex": rustLock,
		"std::sync::poison::rwlock::RwLock": rustLock, "std::sync::rwlock::RwLock": rustLock,
		"core::num::nonzero::NonZero": rustNonZero, "core::mem::manually_drop::ManuallyDrop": wrapperOf("value"),
		"core::mem::maybe_uninit::MaybeUninit": wrapperOf("value"),
		"core::time::Duration":                 rustDuration,
		"core::ops::range::Range":              rustRange(".."), "core::ops::range::RangeInclusive": rustRange("..="),
		"core::sync::atomic::AtomicBool": rustAtomicBool, "core::sync::atomic::Atomic": wrapperOf("v", "value"),
		"core::sync::atomic::AtomicUsize": wrapperOf("v", "value"), "core::sync::atomic::AtomicIsize": wrapperOf("v", "value"),
		"core::sync::atomic::AtomicU64": wrapperOf("v", "value"), "core::sync::atomic::AtomicI64": wrapperOf("v", "value"),
		"core::sync::atomic::AtomicU32": wrapperOf("v", "value"), "core::sync::atomic::AtomicI32": wrapperOf("v", "value"),
		"core::sync::atomic::AtomicU16": wrapperOf("v", "value"), "core::sync::atomic::AtomicI16": wrapperOf("v", "value"),
		"core::sync::atomic::AtomicU8": wrapperOf("v", "value"), "core::sync::atomic::AtomicI8": wrapperOf("v", "value"),
	}
}

// rustShape is the viewer of types that are known by their members and not by
// their names; nil if t is none.
func rustShape(t *symbols.Type) viewer {
	if isPointer(t) {
		if strings.HasPrefix(t.Name(), "&") {
			return rustReference
		}
		return nil
	}
	if !isStruct(t) {
		return nil
	}
	if t.Variants() != nil {
		return rustEnum
	}
	if f := t.Fields(); len(f) == 2 {
		switch {
		case f[0].Name == "data_ptr" && f[1].Name == "length":
			return rustSlice
		case f[0].Name == "pointer" && f[1].Name == "vtable":
			return rustObject
		}
	}
	return nil
}

// pointerIn is the address in a pointer, or in what wraps one: NonNull, Unique.
func (v *Value) pointerIn() (uint64, error) {
	for range maxLevels {
		if v.err != nil {
			return 0, v.err
		}
		t := strip(v.typ)
		if isPointer(t) {
			n, err := v.number()
			return n.u, err
		}
		m := v.firstMember("pointer", "data_ptr", "ptr", "__0")
		if m == nil {
			break
		}
		v = m
	}
	return 0, fmt.Errorf("a layout of %s that is not known", typeText(v.typ))
}

// firstMember is the first member of the names that there is, nil if none.
func (v *Value) firstMember(names ...string) *Value {
	t := strip(v.typ)
	if !isStruct(t) {
		return nil
	}
	for _, name := range names {
		if m := v.findMember(t, 0, name, 0); m != nil {
			return m
		}
	}
	return nil
}

// innermost unwraps types of one member around a value: Cell, UnsafeCell, atomics.
func (v *Value) innermost() *Value {
	for range 2 * maxLevels {
		m := v.firstMember("value", "v", "inner", "__0")
		if m == nil {
			break
		}
		v = m
	}
	return v
}

// rustRow is the parts of a Vec: where its elements are and how many.
func rustRow(v *Value) (addr, n uint64, elem *symbols.Type, err error) {
	t := strip(v.typ)
	if elem, err = arg(t, 0); err != nil {
		return 0, 0, nil, err
	}
	if n, err = v.word("len"); err != nil {
		return 0, 0, nil, err
	}
	addr, capacity, err := rustBuffer(v)
	if err != nil {
		return 0, 0, nil, err
	}
	if size, ok := sizeOf(elem); ok && size > 0 && n > capacity {
		return 0, 0, nil, damaged("%d elements in a room of %d", n, capacity)
	}
	return addr, n, elem, nil
}

// rustBuffer reads a RawVec, in the member buf.
func rustBuffer(v *Value) (addr, capacity uint64, err error) {
	buf, err := v.at("buf")
	if err != nil {
		return 0, 0, err
	}
	if inner := buf.firstMember("inner"); inner != nil {
		buf = inner
	}
	ptr, err := buf.at("ptr")
	if err != nil {
		return 0, 0, err
	}
	if addr, err = ptr.pointerIn(); err != nil {
		return 0, 0, err
	}
	room, err := buf.at("cap")
	if err != nil {
		return 0, 0, err
	}
	capacity, err = room.innermost().word()
	return addr, capacity, err
}

func rustVec(v *Value, _ *symbols.Type) (*view, error) {
	addr, n, elem, err := rustRow(v)
	if err != nil {
		return nil, err
	}
	return v.rustElements(elem, addr, n)
}

// rustElements is the view of n elements in memory.
func (v *Value) rustElements(elem *symbols.Type, addr, n uint64) (*view, error) {
	if n > maxObject {
		return nil, damaged("it would have %d elements", n)
	}
	row, err := v.row(elem, addr, int64(n))
	if err != nil {
		return nil, err
	}
	row.open, row.close = "[", "]"
	return &view{seq: row}, nil
}

// rustText is the view of n bytes of UTF-8.
func (v *Value) rustText(addr, n uint64) (*view, error) {
	if n > 1<<40 {
		return nil, damaged("a text of %d bytes", n)
	}
	return &view{str: &text{addr: addr, n: int64(n), width: 1, typ: v.c.rustType("u8", "unsigned char"), src: v}}, nil
}

// rustType is a base type of Rust, or C's where the program does not have it.
func (c *Context) rustType(name, inC string) *symbols.Type {
	if t, ok := c.Prog.LookupType(name); ok && t != nil && t.Language() == symbols.LangRust {
		return t
	}
	return c.base(inC, false)
}

// rustString is text in a Vec, below whatever wraps it.
func rustString(v *Value, _ *symbols.Type) (*view, error) {
	inner := v
	for range maxLevels {
		t := strip(inner.typ)
		base, _ := symbols.BaseName(t.Name())
		if base == "alloc::vec::Vec" {
			addr, n, _, err := rustRow(inner)
			if err != nil {
				return nil, err
			}
			return v.rustText(addr, n)
		}
		if _, ok := offsetOf(t, "data_ptr"); ok { // of a CString: with its zero
			words, err := inner.words("data_ptr", "length")
			if err != nil {
				return nil, err
			}
			return v.rustText(words[0], max(words[1], 1)-1)
		}
		if inner = inner.firstMember("vec", "inner"); inner == nil {
			break
		}
	}
	return nil, nil
}

// rustSlice is &[T], &str, Box<[T]> and the like.
func rustSlice(v *Value, t *symbols.Type) (*view, error) {
	data, err := v.at("data_ptr")
	if err != nil {
		return nil, err
	}
	words, err := v.words("data_ptr", "length")
	if err != nil {
		return nil, err
	}
	if isRustText(t.Name()) {
		return v.rustText(words[0], words[1])
	}
	return v.rustElements(strip(data.typ).Elem(), words[0], words[1])
}

// isRustText reports whether a fat pointer is one to text, by its name: "&str",
// "*const str", "alloc::boxed::Box<str, …>", "&std::path::Path".
func isRustText(name string) bool {
	if _, args := symbols.BaseName(name); len(args) > 0 {
		name = args[0]
	}
	name = name[strings.LastIndexAny(name, " &:")+1:]
	return name == "str" || name == "Path" || name == "OsStr"
}

// rustDeque is a ring in a buffer.
func rustDeque(v *Value, t *symbols.Type) (*view, error) {
	elem, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	words, err := v.words("head", "len")
	if err != nil {
		return nil, err
	}
	addr, capacity, err := rustBuffer(v)
	if err != nil {
		return nil, err
	}
	size, ok := sizeOf(elem)
	head, n := words[0], words[1]
	if !ok || size > 0 && (n > capacity || head > capacity) || n > maxObject {
		return nil, damaged("%d elements from %d on in a room of %d", n, head, capacity)
	}
	return &view{seq: &sequence{n: int64(n), open: "[", close: "]", at: func(i int64) (*Value, error) {
		k := head + uint64(i)
		if k >= capacity {
			k -= capacity
		}
		return v.elem(elem, addr+k*uint64(size)), nil
	}}}, nil
}

func rustList(v *Value, _ *symbols.Type) (*view, error) {
	head, err := v.at("head")
	if err != nil {
		return nil, err
	}
	n, err := v.word("len")
	if err != nil {
		return nil, err
	}
	pointer, err := arg(strip(head.typ), 0) // of Option<NonNull<Node<T>>>
	if err != nil {
		return nil, err
	}
	node, err := arg(strip(pointer), 0)
	if err != nil {
		return nil, err
	}
	b, err := head.read(0, ptrSize) // 0 is None
	if err != nil {
		return nil, err
	}
	next, ok := offsetOf(strip(node), "next")
	if !ok {
		return nil, fmt.Errorf("a layout of %s that is not known", typeText(node))
	}
	c := &chain[uint64]{n: int64(min(n, maxObject)), next: func(at uint64) (uint64, bool, error) {
		to, err := v.c.readWord(at + uint64(next))
		return to, to != 0, err
	}}
	if first := decodeInt(b, false).u; first != 0 {
		c.seen = []uint64{first}
	}
	return &view{seq: &sequence{n: c.n, open: "[", close: "]", at: func(i int64) (*Value, error) {
		at, err := c.at(i)
		if err != nil {
			return nil, err
		}
		e, err := v.elem(node, at).at("element")
		if err != nil {
			return nil, err
		}
		return e.called("", ""), nil
	}}}, nil
}

// rustReference is &T, &mut T and Box<T>: shown as what it points to.
func rustReference(v *Value, t *symbols.Type) (*view, error) {
	if !isPointer(t) {
		if w := rustShape(t); w != nil { // of something without a size
			return w(v, t)
		}
		return nil, nil
	}
	if k := kindOf(strip(t.Elem())); k == symbols.KindVoid || k == symbols.KindFunc || k == symbols.KindUnknown {
		return nil, nil
	}
	if _, _, ok := v.implicit(); ok {
		return nil, nil
	}
	n, err := v.number()
	if err != nil {
		return nil, err
	}
	target := v.elem(t.Elem(), n.u)
	if err := target.readable(); err != nil {
		return nil, err
	}
	return &view{target: target.called(v.name, v.expr), transparent: true}, nil
}

func rustReferenceIn(member string) viewer {
	return func(v *Value, _ *symbols.Type) (*view, error) {
		m, err := v.at(member)
		if err != nil {
			return nil, err
		}
		addr, err := m.pointerIn()
		if err != nil {
			return nil, err
		}
		elem, err := arg(strip(v.typ), 0)
		if err != nil {
			return nil, err
		}
		return &view{target: v.elem(elem, addr).called(v.name, v.expr), transparent: true}, nil
	}
}

// rustShared is Rc and Arc: a pointer to two counts and the value.
func rustShared(v *Value, t *symbols.Type) (*view, error) {
	return rustCounted(v, t, func(target *Value, strong, weak uint64) *view {
		kids := v.pointee(target, v.count("[strong]", strong), v.count("[weak]", weak))
		return &view{target: target, kids: kids, text: func(p *printer, level int) {
			p.value(target, level+1)
			if level == 0 {
				p.close(fmt.Sprintf(" (strong %d, weak %d)", strong, weak))
			}
		}}
	})
}

// rustWeak does not show a value that was dropped.
func rustWeak(v *Value, t *symbols.Type) (*view, error) {
	ptr, err := v.at("ptr")
	if err != nil {
		return nil, err
	}
	if addr, err := ptr.pointerIn(); err != nil || addr == ^uint64(0) {
		return &view{text: fixed("<dangling>")}, err
	}
	return rustCounted(v, t, func(target *Value, strong, weak uint64) *view {
		kids := []*Value{v.count("[strong]", strong), v.count("[weak]", weak)}
		if strong == 0 {
			return &view{kids: kids, text: fixed("<dropped>")}
		}
		return &view{kids: append([]*Value{target.called("[value]", "")}, kids...), text: func(p *printer, level int) {
			p.put("(Weak) ")
			p.value(target, level+1)
		}}
	})
}

func rustCounted(v *Value, t *symbols.Type, show func(target *Value, strong, weak uint64) *view) (*view, error) {
	held, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	ptr, err := v.at("ptr")
	if err != nil {
		return nil, err
	}
	addr, err := ptr.pointerIn()
	if err != nil {
		return nil, err
	}
	words := [2]uint64{}
	for i := range words { // both layouts begin with the counts
		if words[i], err = v.c.readWord(addr + uint64(i*ptrSize)); err != nil {
			return nil, err
		}
	}
	strong, weak := words[0], words[1]
	if strong > 0 && weak > 0 {
		weak-- // all strong ones together count as one
	}
	if strong > maxObject || weak > maxObject {
		return nil, damaged("%d owners", strong)
	}
	fat := ptr.fatPart("length")
	const header = 2 * ptrSize
	at := addr + uint64(alignUp(header, held.Align()))
	if fat == nil {
		if ptr.fatPart("vtable") != nil {
			return nil, nil
		}
		return show(v.elem(held, at), strong, weak), nil
	}
	n, err := fat.word()
	if err != nil {
		return nil, err
	}
	w, err := v.rustElements(held, at, n) // the debug information has the element's type
	if isRustText(t.Name()) {
		w, err = v.rustText(at, n)
	}
	if err != nil {
		return nil, err
	}
	return show(v.shown(w), strong, weak), nil
}

// fatPart is the second word of a fat pointer, in whatever wraps it; nil if it is
// none of that name.
func (v *Value) fatPart(name string) *Value {
	for range maxLevels {
		m := v.firstMember(name)
		if m != nil {
			return m
		}
		if v = v.firstMember("pointer", "ptr", "__0"); v == nil {
			break
		}
	}
	return nil
}

// shown is a value that is nothing but a view: of something without a size.
func (v *Value) shown(w *view) *Value {
	_, args := symbols.BaseName(strip(v.typ).Name())
	return &Value{c: v.c, typ: v.typ, desc: symbols.ShortName(args[0]), src: v.src, own: w}
}

func rustRefCell(v *Value, _ *symbols.Type) (*view, error) {
	borrow, err := v.at("borrow")
	if err != nil {
		return nil, err
	}
	n, err := borrow.innermost().number()
	if err != nil {
		return nil, err
	}
	e, err := v.at("value", "value")
	if err != nil {
		return nil, err
	}
	switch k := int64(n.u); {
	case k > 0:
		return v.holdingMore(e, fmt.Sprintf(" (borrowed %d×)", k)), nil
	case k < 0:
		return v.holdingMore(e, " (mutably borrowed)"), nil
	}
	return v.holdingMore(e, ""), nil
}

// holdingMore is the view of a value with something to say about it.
func (v *Value) holdingMore(e *Value, after string) *view {
	w := v.holding(e, after)
	w.kids = v.pointee(e)
	for i := range w.kids {
		w.kids[i].expr = "" // a lock has no operator *
	}
	if len(w.kids) == 1 && strings.HasPrefix(w.kids[0].name, "*") {
		w.kids[0].name = "[value]"
	}
	return w
}

// rustLock is a Mutex or an RwLock.
func rustLock(v *Value, t *symbols.Type) (*view, error) {
	e, err := v.at("data", "value")
	if err != nil {
		return nil, err
	}
	after := ""
	if inner := v.firstMember("inner"); inner != nil {
		state := inner.firstMember("futex", "state")
		if state != nil {
			if n, err := state.innermost().number(); err == nil && n.u != 0 {
				after = " (locked)"
			}
		}
	}
	if poison := v.firstMember("poison"); poison != nil {
		if failed := poison.firstMember("failed"); failed != nil {
			if n, err := failed.innermost().number(); err == nil && n.u != 0 {
				after += " (poisoned)"
			}
		}
	}
	return v.holdingMore(e, after), nil
}

func rustAtomicBool(v *Value, _ *symbols.Type) (*view, error) {
	m, err := v.at("v", "value")
	if err != nil {
		return nil, err
	}
	e := m.as(v.c.base("bool", false))
	return &view{target: e.called(v.name, v.expr), transparent: true}, nil
}

func rustDuration(v *Value, _ *symbols.Type) (*view, error) {
	secs, err := v.word("secs")
	if err != nil {
		return nil, err
	}
	part, err := v.at("nanos")
	if err != nil {
		return nil, err
	}
	nanos, err := part.innermost().word()
	if err != nil {
		return nil, err
	}
	if nanos >= 1e9 {
		return nil, damaged("%d nanoseconds", nanos)
	}
	s := fmt.Sprintf("%d", secs)
	if nanos > 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%09d", nanos), "0")
	}
	return &view{text: fixed(s + "s")}, nil
}

func rustNonZero(v *Value, _ *symbols.Type) (*view, error) {
	return &view{target: v.innermost().called(v.name, v.expr), transparent: true}, nil
}

func rustRange(dots string) viewer {
	return func(v *Value, _ *symbols.Type) (*view, error) {
		start, err := v.at("start")
		if err != nil {
			return nil, err
		}
		end, err := v.at("end")
		if err != nil {
			return nil, err
		}
		kids := []*Value{start.called("start", v.memberExpr("start")), end.called("end", v.memberExpr("end"))}
		return &view{kids: kids, text: func(p *printer, level int) {
			p.value(start, level+1)
			p.put(dots)
			p.value(end, level+1)
		}}, nil
	}
}
