package values

import (
	"fmt"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// cppViews are the viewers of the C++ standard library: libstdc++'s (GCC 5 and
// later) and, where their members are as simple, libc++'s.
func cppViews() map[string]viewer {
	views := map[string]viewer{
		"std::basic_string": cppString, "std::basic_string_view": cppStringView,
		"std::vector": cppVector, "std::array": cppArray, "std::deque": cppDeque,
		"std::list": cppList, "std::forward_list": cppForwardList,
		"std::span": cppSpan, "std::initializer_list": cppInitList, "std::bitset": cppBitset,
		"std::stack": cppAdaptor, "std::queue": cppAdaptor, "std::priority_queue": cppAdaptor,
		"std::valarray": cppValarray,

		"std::map": cppMap, "std::multimap": cppMap, "std::set": cppSet, "std::multiset": cppSet,
		"std::unordered_map": cppHashMap, "std::unordered_multimap": cppHashMap,
		"std::unordered_set": cppHashSet, "std::unordered_multiset": cppHashSet,

		"std::unique_ptr": cppUniquePtr, "std::shared_ptr": cppSharedPtr, "std::__shared_ptr": cppSharedPtr,
		"std::weak_ptr": cppWeakPtr, "std::reference_wrapper": cppReferenceWrapper,
		"std::optional": cppOptional, "std::variant": cppVariant, "std::any": cppAny,
		"std::pair": cppPair, "std::tuple": cppTuple, "std::function": cppFunction,
		"std::atomic": cppAtomic, "std::complex": cppComplex,
		"std::chrono::duration": cppDuration, "std::chrono::time_point": cppTimePoint,
		"std::filesystem::path": cppPath,

		"__gnu_cxx::__normal_iterator": cppPointerIterator("_M_current"), "std::_Deque_iterator": cppPointerIterator("_M_cur"),
		"std::_List_iterator": cppNodeIterator, "std::_List_const_iterator": cppNodeIterator,
		"std::_Fwd_list_iterator": cppNodeIterator, "std::_Fwd_list_const_iterator": cppNodeIterator,
		"std::_Rb_tree_iterator": cppTreeIterator, "std::_Rb_tree_const_iterator": cppTreeIterator,
		"std::__detail::_Node_iterator": cppHashIterator, "std::__detail::_Node_const_iterator": cppHashIterator,
		"std::_Bit_iterator": cppBitIterator, "std::_Bit_reference": cppBitIterator, "std::_Bit_const_iterator": cppBitIterator,
	}
	return views
}

// cppText is the view of n characters of type t at addr.
func cppText(v *Value, t *symbols.Type, addr, n uint64) (*view, error) {
	width := textWidth(t)
	if width == 0 { // of bytes, or a type of the program
		row, err := v.row(t, addr, int64(min(n, maxObject)))
		return &view{seq: row}, err
	}
	if n > 1<<40 {
		return nil, damaged("a text of %d characters", n)
	}
	return &view{str: &text{addr: addr, n: int64(n), width: width, typ: t, src: v}}, nil
}

func cppString(v *Value, t *symbols.Type) (*view, error) {
	char, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	if _, err := v.at("__r_"); err == nil {
		return libcxxString(v, char)
	}
	data, err := v.word("_M_dataplus", "_M_p")
	if err != nil {
		return nil, err
	}
	if _, ok := offsetOf(t, "_M_string_length"); !ok {
		// The reference-counted string of before 2011: its length, capacity and
		// count lie before the text.
		length, err := v.c.readWord(data - 3*ptrSize)
		if err != nil {
			return nil, err
		}
		return cppText(v, char, data, length)
	}
	length, err := v.word("_M_string_length")
	if err != nil {
		return nil, err
	}
	capacity := uint64(16/max(textWidth(char), 1) - 1)
	local, err := v.at("_M_local_buf")
	if addr, _, ok := local.addressIf(err); !ok || addr != data {
		if capacity, err = v.word("_M_allocated_capacity"); err != nil {
			return nil, err
		}
	}
	if length > capacity {
		return nil, damaged("a text of %d characters in a room of %d", length, capacity)
	}
	return cppText(v, char, data, length)
}

// addressIf is Address, if there was no error before.
func (v *Value) addressIf(err error) (addr, size uint64, ok bool) {
	if err != nil {
		return 0, 0, false
	}
	return v.Address()
}

// libcxxString reads libc++'s string, in its usual layout: the lowest bit of the
// first byte tells the two forms apart.
func libcxxString(v *Value, char *symbols.Type) (*view, error) {
	rep, err := v.at("__r_", "__value_")
	if err != nil {
		return nil, err
	}
	isLong, err := rep.word("__l", "__is_long_")
	if err != nil {
		return nil, err
	}
	if isLong != 0 {
		w, err := v.at("__r_", "__value_", "__l")
		if err != nil {
			return nil, err
		}
		words, err := w.words("__data_", "__size_")
		if err != nil {
			return nil, err
		}
		return cppText(v, char, words[0], words[1])
	}
	size, err := rep.word("__s", "__size_")
	if err != nil {
		return nil, err
	}
	data, err := rep.at("__s", "__data_")
	addr, _, ok := data.addressIf(err)
	if !ok {
		return nil, damaged("its text has no address")
	}
	return cppText(v, char, addr, size)
}

func cppStringView(v *Value, t *symbols.Type) (*view, error) {
	char, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	words, err := v.words("_M_str", "_M_len")
	if err != nil {
		if words, err = v.words("__data_", "__size_"); err != nil {
			return nil, err
		}
	}
	return cppText(v, char, words[0], words[1])
}

func cppVector(v *Value, t *symbols.Type) (*view, error) {
	elem, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	if kindOf(strip(elem)) == symbols.KindBool {
		if impl, err := v.at("_M_impl"); err == nil {
			return cppBits(impl)
		}
	}
	words, err := v.words("_M_start", "_M_finish", "_M_end_of_storage")
	if impl, ierr := v.at("_M_impl"); ierr == nil {
		words, err = impl.words("_M_start", "_M_finish", "_M_end_of_storage")
	} else if w, lerr := v.words("__begin_", "__end_"); lerr == nil { // libc++
		words, err = append(w, w[1]), nil
	}
	if err != nil {
		return nil, err
	}
	if words[1] > words[2] {
		return nil, damaged("its elements end at %#x, its memory at %#x", words[1], words[2])
	}
	row, err := v.between(elem, words[0], words[1])
	return &view{seq: row}, err
}

// cppBits is vector<bool>: words of bits.
func cppBits(impl *Value) (*view, error) {
	var at [4]uint64
	for i, path := range [][]string{{"_M_start", "_M_p"}, {"_M_start", "_M_offset"}, {"_M_finish", "_M_p"}, {"_M_finish", "_M_offset"}} {
		n, err := impl.word(path...)
		if err != nil {
			return nil, err
		}
		at[i] = n
	}
	if at[2] < at[0] || at[2]-at[0] > maxObject/8 || at[3] > 63 || at[1] != 0 {
		return nil, damaged("its bits lie from %#x to %#x", at[0], at[2])
	}
	return &view{seq: impl.bitRow(at[0], int64((at[2]-at[0])*8+at[3]))}, nil
}

// bitRow is n bits from the lowest of the byte at addr on, as bool.
func (v *Value) bitRow(addr uint64, n int64) *sequence {
	return &sequence{n: n, at: func(i int64) (*Value, error) {
		e := v.elem(v.c.base("bool", false), addr+uint64(i/8))
		e.bits = bitField{i % 8, 1}
		return e, nil
	}}
}

func cppArray(v *Value, t *symbols.Type) (*view, error) {
	elems, err := v.at("_M_elems")
	if err != nil {
		if elems, err = v.at("__elems_"); err != nil {
			return nil, nil // of no elements
		}
	}
	if kindOf(strip(elems.typ)) != symbols.KindArray {
		return nil, nil
	}
	n := strip(elems.typ).Len()
	return &view{
		text: func(p *printer, level int) { p.value(elems, level) },
		seq:  &sequence{n: n, at: elems.element},
	}, nil
}

// cppDeque is a map of blocks of the same size.
func cppDeque(v *Value, t *symbols.Type) (*view, error) {
	elem, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	impl, err := v.at("_M_impl")
	if err != nil {
		return nil, err
	}
	first, err := impl.at("_M_start")
	if err != nil {
		return nil, err
	}
	last, err := impl.at("_M_finish")
	if err != nil {
		return nil, err
	}
	a, err := first.words("_M_cur", "_M_first", "_M_last", "_M_node")
	if err != nil {
		return nil, err
	}
	b, err := last.words("_M_cur", "_M_first", "_M_last", "_M_node")
	if err != nil {
		return nil, err
	}
	n, ok := sizeOf(elem)
	size := uint64(n)
	if !ok || size == 0 {
		return nil, fmt.Errorf("the size of %s is not known", typeText(elem))
	}
	block := (a[2] - a[1]) / size
	if a[1] > a[0] || a[0] > a[2] || b[1] > b[0] || b[0] > b[2] || block == 0 || block > 1<<20 || b[3] < a[3] || (b[3]-a[3])/8 > 1<<40/block ||
		(a[2]-a[1])%size != 0 || (a[0]-a[1])%size != 0 || (b[0]-b[1])%size != 0 {
		return nil, damaged("its blocks do not fit together")
	}
	skip := (a[0] - a[1]) / size
	count := (b[3]-a[3])/8*block + (b[0]-b[1])/size - skip
	if int64(count) < 0 {
		return nil, damaged("its end is before its beginning")
	}
	return &view{seq: &sequence{n: int64(count), at: func(i int64) (*Value, error) {
		k := skip + uint64(i)
		base, err := v.c.readWord(a[3] + 8*(k/block))
		if err != nil {
			return nil, err
		}
		return v.elem(elem, base+k%block*size), nil
	}}}, nil
}

func cppList(v *Value, t *symbols.Type) (*view, error) {
	elem, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	head, err := v.at("_M_impl", "_M_node")
	addr, _, ok := head.addressIf(err)
	if !ok {
		return nil, orDamaged(err, "it has no address")
	}
	off, ok := offsetOf(strip(head.typ), "_M_next")
	if !ok {
		return nil, fmt.Errorf("a layout of %s that is not known", typeText(t))
	}
	next := func(at uint64) (uint64, error) { return v.c.readWord(at + uint64(off)) }
	first, err := next(addr)
	if err != nil {
		return nil, err
	}
	n, err := head.word("_M_size")
	if err != nil { // before 2011 nobody counted
		count, err := countLinks(first, addr, next)
		if err != nil {
			return nil, err
		}
		n = uint64(count)
	}
	return &view{seq: v.links(elem, first, addr, 2*ptrSize, n, next)}, nil
}

// links is n elements in nodes that are linked; each lies behind links of header
// bytes.
func (v *Value) links(elem *symbols.Type, first, end uint64, header int64, n uint64, next func(uint64) (uint64, error)) *sequence {
	off := uint64(alignUp(header, elem.Align()))
	c := &chain[uint64]{n: int64(min(n, maxObject))}
	if first != end && first != 0 {
		c.seen = []uint64{first}
	}
	c.next = func(at uint64) (uint64, bool, error) {
		to, err := next(at)
		return to, to != end && to != 0, err
	}
	return &sequence{n: c.n, at: func(i int64) (*Value, error) {
		at, err := c.at(i)
		if err != nil {
			return nil, err
		}
		return v.elem(elem, at+off), nil
	}}
}

func orDamaged(err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	return damaged(format, args...)
}

func cppForwardList(v *Value, t *symbols.Type) (*view, error) {
	elem, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	first, err := v.word("_M_impl", "_M_head", "_M_next")
	if err != nil {
		return nil, err
	}
	next := v.c.readWord // a node begins with the link
	n, err := countLinks(first, 0, next)
	if err != nil {
		return nil, err
	}
	return &view{seq: v.links(elem, first, 0, ptrSize, uint64(n), next)}, nil
}

func cppSpan(v *Value, t *symbols.Type) (*view, error) {
	elem, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	data, err := v.word("_M_ptr")
	if err != nil {
		return nil, err
	}
	n, err := v.word("_M_extent", "_M_extent_value")
	if err != nil { // it is part of the type
		args := t.TemplateArgs()
		if len(args) < 2 || !args[1].IsValue {
			return nil, err
		}
		n = uint64(args[1].Value)
	}
	row, err := v.row(elem, data, int64(n))
	return &view{seq: row}, err
}

func cppInitList(v *Value, t *symbols.Type) (*view, error) {
	elem, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	words, err := v.words("_M_array", "_M_len")
	if err != nil {
		return nil, err
	}
	row, err := v.row(elem, words[0], int64(words[1]))
	return &view{seq: row}, err
}

func cppValarray(v *Value, t *symbols.Type) (*view, error) {
	elem, err := arg(t, 0)
	if err != nil {
		return nil, err
	}
	words, err := v.words("_M_data", "_M_size")
	if err != nil {
		return nil, err
	}
	row, err := v.row(elem, words[0], int64(words[1]))
	return &view{seq: row}, err
}

// cppBitset writes the bits as bitset's own output does: the highest first.
func cppBitset(v *Value, t *symbols.Type) (*view, error) {
	args := t.TemplateArgs()
	words, err := v.at("_M_w")
	addr, size, ok := words.addressIf(err)
	if !ok || len(args) == 0 || !args[0].IsValue || args[0].Value < 0 || uint64(args[0].Value) > size*8 {
		return nil, err
	}
	n := args[0].Value
	row := v.bitRow(addr, n)
	return &view{seq: row, text: func(p *printer, _ int) {
		var b strings.Builder
		for i := n - 1; i >= 0 && b.Len() <= p.left; i-- {
			e, err := row.at(i)
			if err == nil {
				var bit num
				if bit, err = e.number(); err == nil {
					b.WriteByte('0' + byte(bit.u&1))
				}
			}
			if err != nil {
				p.failure(err)
				return
			}
		}
		p.put("0b" + b.String())
	}}, nil
}

// cppAdaptor shows a stack or queue as the container below it.
func cppAdaptor(v *Value, _ *symbols.Type) (*view, error) {
	below, err := v.at("c")
	if err != nil {
		return nil, err
	}
	w := below.view()
	if w == nil {
		return nil, nil
	}
	return &view{err: w.err, seq: w.seq, text: w.text}, nil
}

func cppPath(v *Value, _ *symbols.Type) (*view, error) {
	name, err := v.at("_M_pathname")
	if err != nil {
		return nil, err
	}
	w := name.view()
	if w == nil {
		return nil, nil
	}
	return &view{err: w.err, str: w.str}, nil
}
