package values

import (
	"fmt"
	"strings"
	"time"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// heads are the elements of a tuple, the member _M_head_impl of each level: a
// tuple is derived from the tuple of the elements behind the first.
func (v *Value) heads() ([]*Value, error) {
	var out []*Value
	level := v.baseNamed("std::_Tuple_impl")
	for level != nil && len(out) < maxNesting {
		head := level.baseNamed("std::_Head_base")
		if head == nil {
			break
		}
		e, err := head.at("_M_head_impl")
		if err != nil { // an empty class, older than GCC 12's layout
			bases := strip(head.typ).Fields()
			if len(bases) == 0 || !bases[0].Base {
				return nil, err
			}
			e = head.field(&bases[0], 0)
		}
		out = append(out, e)
		level = level.baseNamed("std::_Tuple_impl")
	}
	return out, nil
}

// baseNamed is the part of an object that a base class of some template is; nil
// if there is none.
func (v *Value) baseNamed(base string) *Value {
	fields := strip(v.typ).Fields()
	for i := range fields {
		f := &fields[i]
		if !f.Base {
			continue
		}
		if name, _ := symbols.BaseName(f.Type.Name()); name == base {
			return v.field(f, 0)
		}
	}
	return nil
}

func cppTuple(v *Value, _ *symbols.Type) (*view, error) {
	heads, err := v.heads()
	if err != nil {
		return nil, err
	}
	for i, e := range heads {
		heads[i] = e.called(fmt.Sprintf("[%d]", i), "")
	}
	return &view{kids: emptyNotNil(heads), text: func(p *printer, level int) {
		p.put("{")
		for i, e := range heads {
			if i > 0 {
				p.put(", ")
			}
			p.value(e, level+1)
		}
		p.close("}")
	}}, nil
}

func emptyNotNil(list []*Value) []*Value {
	if list == nil {
		return []*Value{}
	}
	return list
}

func cppPair(v *Value, _ *symbols.Type) (*view, error) {
	first, err := v.at("first")
	if err != nil && first == nil {
		return nil, err
	}
	second, err := v.at("second")
	if err != nil && second == nil {
		return nil, err
	}
	kids := []*Value{first.called("first", v.memberExpr("first")), second.called("second", v.memberExpr("second"))}
	return &view{kids: kids, text: func(p *printer, level int) {
		p.put("{")
		p.value(first, level+1)
		p.put(", ")
		p.value(second, level+1)
		p.close("}")
	}}, nil
}

// memberExpr is the expression of a member, "" if the value has none.
func (v *Value) memberExpr(name string) string {
	if prefix := v.memberPrefix("."); prefix != "" {
		return prefix + name
	}
	return ""
}

// pointerText writes a smart pointer: what a pointer shows, and the object.
func pointerText(target *Value, addr uint64, after string) func(*printer, int) {
	return func(p *printer, level int) {
		if addr == 0 {
			p.put("nullptr" + after)
			return
		}
		p.put(fmt.Sprintf("%#x", addr))
		if target != nil && level < 2 && kindOf(strip(target.typ)) != symbols.KindVoid {
			p.put(" ")
			if err := target.readable(); err != nil {
				p.failure(err)
			} else {
				p.value(target, level+1)
			}
		}
		p.close(after)
	}
}

func cppUniquePtr(v *Value, t *symbols.Type) (*view, error) {
	var p *Value
	holder, err := v.at("_M_t")
	if err == nil {
		if tuple := holder; true {
			if inner, ierr := holder.at("_M_t"); ierr == nil {
				tuple = inner
			}
			heads, herr := tuple.heads()
			if herr != nil || len(heads) == 0 {
				return nil, herr
			}
			p = heads[0]
		}
	} else if p, err = v.at("__ptr_"); err != nil {
		return nil, err
	} else if inner, ierr := p.at("__value_"); ierr == nil { // libc++ before 20
		p = inner
	}
	addr, err := p.word()
	if err != nil {
		return nil, err
	}
	return v.smart(p, addr, "")
}

// plainType is what a typedef inside of a template stands for.
func plainType(t *symbols.Type) *symbols.Type {
	for range maxTypedefs {
		if t == nil || t.Kind() != symbols.KindTypedef || !strings.Contains(t.Name(), ">::") {
			break
		}
		t = t.Elem()
	}
	return t
}

// smart is the view of a smart pointer that holds p.
func (v *Value) smart(p *Value, addr uint64, after string, more ...*Value) (*view, error) {
	w := &view{kids: emptyNotNil(more)}
	if addr != 0 && kindOf(strip(strip(p.typ).Elem())) != symbols.KindVoid {
		target, err := p.deref()
		if err != nil {
			return nil, err
		}
		target.typ = plainType(target.typ)
		w.target = target
		w.kids = v.pointee(target, more...)
		if args := strip(v.typ).TemplateArgs(); len(args) > 0 && !args[0].IsValue && kindOf(strip(args[0].Type)) == symbols.KindArray {
			w.array = p
		}
	}
	w.text = pointerText(w.target, addr, after)
	return w, nil
}

// counts reads a control block: how many own the object, and how many watch it.
func (v *Value) counts() (use, weak uint64, err error) {
	block, err := v.at("_M_refcount", "_M_pi")
	names := []string{"_M_use_count", "_M_weak_count"}
	extra := uint64(0)
	if err != nil {
		if block, err = v.at("__cntrl_"); err != nil {
			return 0, 0, err
		}
		names = []string{"__shared_owners_", "__shared_weak_owners_"}
		extra = 1 // libc++ counts from -1
	}
	addr, err := block.word()
	if err != nil || addr == 0 {
		return 0, 0, err
	}
	w, err := block.at("*")
	if err != nil {
		return 0, 0, err
	}
	words, err := w.words(names...)
	if err != nil {
		return 0, 0, err
	}
	use, weak = uint64(uint32(words[0]+extra)), uint64(uint32(words[1]))
	if use > 0 && extra == 0 && weak > 0 {
		weak-- // all owners together count as one
	}
	return use, weak, nil
}

func cppSharedPtr(v *Value, _ *symbols.Type) (*view, error) {
	p, addr, err := v.sharedPointer()
	if err != nil {
		return nil, err
	}
	use, weak, err := v.counts()
	if err != nil {
		return nil, err
	}
	if addr == 0 && use == 0 {
		return v.smart(p, 0, "")
	}
	after := fmt.Sprintf(" (use count %d)", use)
	if weak > 0 {
		after = fmt.Sprintf(" (use count %d, weak %d)", use, weak)
	}
	return v.smart(p, addr, after, v.count("[use count]", use), v.count("[weak count]", weak))
}

func (v *Value) sharedPointer() (p *Value, addr uint64, err error) {
	if p, err = v.at("_M_ptr"); err != nil {
		if p, err = v.at("__ptr_"); err != nil {
			return nil, 0, err
		}
	}
	addr, err = p.word()
	return p, addr, err
}

// cppWeakPtr does not show an object that is gone.
func cppWeakPtr(v *Value, _ *symbols.Type) (*view, error) {
	p, addr, err := v.sharedPointer()
	if err != nil {
		return nil, err
	}
	use, weak, err := v.counts()
	if err != nil {
		return nil, err
	}
	switch {
	case use == 0 && weak == 0:
		return &view{text: fixed("<empty>")}, nil
	case use == 0:
		return &view{text: fixed("<expired>"), kids: []*Value{v.count("[weak count]", weak)}}, nil
	}
	return v.smart(p, addr, fmt.Sprintf(" (use count %d, weak %d)", use, weak), v.count("[use count]", use), v.count("[weak count]", weak))
}

func cppReferenceWrapper(v *Value, _ *symbols.Type) (*view, error) {
	p, err := v.at("_M_data")
	if err != nil {
		return nil, err
	}
	target, err := p.deref()
	if err != nil {
		return nil, err
	}
	if err := target.readable(); err != nil {
		return nil, err
	}
	return &view{target: target, transparent: true}, nil
}

// holding is the view of something that may hold a value.
func (v *Value) holding(e *Value, after string) *view {
	return &view{target: e, kids: []*Value{e.called("[value]", "")}, text: func(p *printer, level int) {
		p.value(e, level+1)
		p.put(after)
	}}
}

func cppOptional(v *Value, _ *symbols.Type) (*view, error) {
	engaged, err := v.word("_M_payload", "_M_engaged")
	if err != nil {
		return nil, err
	}
	switch engaged {
	case 0:
		return &view{text: fixed("nullopt")}, nil
	case 1:
		e, err := v.at("_M_payload", "_M_payload", "_M_value")
		if err != nil {
			return nil, err
		}
		w := v.holding(e, "")
		w.kids = []*Value{v.star(e).renamed("[value]")}
		return w, nil
	}
	return nil, damaged("its flag is %d", engaged)
}

// renamed is v under another name, with its expression.
func (v *Value) renamed(name string) *Value {
	out := *v
	out.name, out.viewed = name, nil
	return &out
}

func cppVariant(v *Value, t *symbols.Type) (*view, error) {
	which, err := v.at("_M_index")
	if err != nil {
		return nil, err
	}
	n, err := which.number()
	if err != nil {
		return nil, err
	}
	args := t.TemplateArgs()
	size, _ := sizeOf(which.typ)
	switch {
	case n.u < uint64(len(args)) && !args[n.u].IsValue:
	case n.toInt(int(size), true).bigInt().Sign() < 0: // all bits set
		return &view{text: fixed("<valueless by exception>")}, nil
	default:
		return nil, damaged("alternative %d of %d", n.u, len(args))
	}
	u, err := v.at("_M_u")
	if err != nil {
		return nil, err
	}
	held := args[n.u].Type
	w := v.holding(u.as(held), " ("+typeText(held)+")")
	w.target, w.holds = nil, true // variants have no operator *
	return w, nil
}

// cppAny finds the type in the name of the function that manages the value.
func cppAny(v *Value, _ *symbols.Type) (*view, error) {
	manager, err := v.word("_M_manager")
	if err != nil {
		return nil, err
	}
	if manager == 0 {
		return &view{text: fixed("<empty>")}, nil
	}
	name := ""
	if f := v.c.Prog.FuncAt(manager); f != nil && f.Low == manager {
		name = f.Name
	}
	front, ok := strings.CutSuffix(name, "::_S_manage")
	base, args := symbols.BaseName(front)
	if !ok || len(args) != 1 {
		return nil, damaged("%s does not manage a value", v.c.codeText(manager))
	}
	held, ok := v.c.Prog.TypeNamed(args[0])
	if !ok {
		return &view{text: fixed("<" + symbols.ShortName(args[0]) + ">")}, nil
	}
	storage, err := v.at("_M_storage", "_M_buffer")
	if err != nil {
		return nil, err
	}
	e := storage.as(held)
	if base == "std::any::_Manager_external" {
		addr, err := v.word("_M_storage", "_M_ptr")
		if err != nil {
			return nil, err
		}
		e = v.elem(held, addr)
	}
	w := v.holding(e, " ("+typeText(held)+")")
	w.target, w.holds = nil, true
	return w, nil
}

// cppFunction names what a std::function calls: it is in the name of the function
// that does it.
func cppFunction(v *Value, _ *symbols.Type) (*view, error) {
	manager, err := v.word("_M_manager")
	if err != nil {
		return nil, err
	}
	if manager == 0 {
		return &view{text: fixed("<empty>")}, nil
	}
	invoker, err := v.word("_M_invoker")
	if err != nil {
		return nil, err
	}
	f := v.c.Prog.FuncAt(invoker)
	if f == nil || f.Low != invoker {
		return nil, damaged("%#x is not a function", invoker)
	}
	_, args := symbols.BaseName(strings.TrimSuffix(f.Name, "::_M_invoke"))
	if len(args) < 2 {
		return &view{text: fixed(v.c.codeText(invoker))}, nil
	}
	target := args[1]
	if strings.Contains(target, "(*)") {
		functor, err := v.at("_M_functor")
		if err != nil {
			return nil, err
		}
		b, err := functor.read(0, ptrSize)
		if err != nil {
			return nil, err
		}
		return &view{text: fixed(v.c.codeText(decodeInt(b, false).u))}, nil
	}
	return &view{text: fixed(symbols.ShortName(target))}, nil
}

func cppAtomic(v *Value, t *symbols.Type) (*view, error) {
	for _, path := range [][]string{{"_M_i"}, {"_M_b", "_M_p"}, {"_M_base", "_M_i"}, {"_M_fp"}, {"__a_", "__a_value"}} {
		if _, err := v.at(path...); err == nil {
			return v.inner(path...)
		}
	}
	return nil, nil
}

func cppComplex(v *Value, _ *symbols.Type) (*view, error) {
	return v.inner("_M_value")
}

// units are the periods of std::chrono with a unit's name, in seconds.
var units = map[[2]int64]string{
	{1, 1_000_000_000}: "ns", {1, 1_000_000}: "µs", {1, 1000}: "ms", {1, 1}: "s",
	{60, 1}: "min", {3600, 1}: "h", {86400, 1}: "d",
}

// period is the std::ratio that a duration counts in.
func period(t *symbols.Type) (num, den int64, ok bool) {
	ratio, err := arg(t, 1)
	if err != nil {
		return 0, 0, false
	}
	args := strip(ratio).TemplateArgs()
	if len(args) != 2 || !args[0].IsValue || !args[1].IsValue || args[1].Value <= 0 || args[0].Value <= 0 {
		return 0, 0, false
	}
	return args[0].Value, args[1].Value, true
}

func cppDuration(v *Value, t *symbols.Type) (*view, error) {
	rep, err := v.at("__r")
	if err != nil {
		if rep, err = v.at("__rep_"); err != nil {
			return nil, err
		}
	}
	num, den, ok := period(t)
	if !ok {
		return nil, nil
	}
	unit, known := units[[2]int64{num, den}]
	switch {
	case known:
	case den == 1:
		unit = fmt.Sprintf("×%ds", num)
	default:
		unit = fmt.Sprintf("×%d/%ds", num, den)
	}
	rep.typ = plainType(rep.typ)
	return &view{kids: []*Value{rep.called("[count]", "")}, text: func(p *printer, level int) {
		p.value(rep, level)
		p.put(unit)
	}}, nil
}

// cppTimePoint shows a time of the system's clock as a date.
func cppTimePoint(v *Value, t *symbols.Type) (*view, error) {
	since, err := v.at("__d")
	if err != nil {
		return nil, err
	}
	since.typ = plainType(since.typ)
	kids := []*Value{since.called("[since epoch]", "")}
	clock, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	base, _ := symbols.BaseName(strip(clock).Name())
	num, den, ok := period(strip(since.typ))
	rep, err := since.at("__r")
	if err == nil && ok && base == "std::chrono::system_clock" && kindOf(strip(rep.typ)) == symbols.KindInt && num == 1 && 1_000_000_000%den == 0 {
		n, err := rep.number()
		if err != nil {
			return nil, err
		}
		at := time.Unix(int64(n.u)/den, int64(n.u)%den*(1_000_000_000/den)).UTC()
		return &view{kids: kids, text: fixed(at.Format(time.RFC3339Nano))}, nil
	}
	return &view{kids: kids, text: func(p *printer, level int) { p.value(since, level) }}, nil
}
