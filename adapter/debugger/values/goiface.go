package values

import (
	"errors"
	"fmt"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

var errNilInterface = errors.New("the interface is nil")

// dynamic is what an interface holds, with its own type.
func (v *Value) dynamic() (*Value, error) {
	rtype, data, err := v.interfaceWords()
	if err != nil {
		return nil, err
	}
	if rtype == 0 {
		return nil, errNilInterface
	}
	t, ok := v.c.Prog.GoType(rtype)
	if !ok {
		return nil, fmt.Errorf("the debug information does not describe its type (at %#x)", rtype)
	}
	out := &Value{c: v.c, typ: t, goL: true, src: source{kind: srcMemory, addr: data}}
	if isDirect(t, 0) {
		// The pointer is the data word itself.
		out.src = v.src.at(ptrSize)
	}
	if v.expr != "" {
		out.expr, out.prec = v.chain()+".("+t.String()+")", precPostfix
	}
	return out, nil
}

// interfaceWords reads an interface: the address of the type's descriptor, 0 for
// nil, and the data word.
func (v *Value) interfaceWords() (rtype, data uint64, err error) {
	b, err := v.read(0, 2*ptrSize)
	if err != nil {
		return 0, 0, err
	}
	first, data := decodeInt(b[:8], false).u, decodeInt(b[8:], false).u
	if first == 0 || fieldOf(strip(v.typ).Repr(), "tab") == nil {
		return first, data, nil
	}
	// An interface with methods: the word points to its table, abi.ITab, whose
	// second word is the type.
	rtype, err = v.c.readWord(first + ptrSize)
	return rtype, data, err
}

// isDirect reports whether interfaces hold values of t themselves, and not a
// pointer to them: those that are one pointer.
func isDirect(t *symbols.Type, depth int) bool {
	t = strip(t)
	switch kindOf(t) {
	case symbols.KindPointer, symbols.KindGoMap, symbols.KindGoChan, symbols.KindGoFunc:
		return true
	case symbols.KindArray:
		return t.Len() == 1 && depth < maxEmbedding && isDirect(t.Elem(), depth+1)
	case symbols.KindStruct:
		f := t.Fields()
		return len(f) == 1 && depth < maxEmbedding && isDirect(f[0].Type, depth+1)
	}
	return false
}

// goChan is a channel's header.
type goChan struct {
	count, size uint64 // elements in the buffer, and room for
	buf         uint64
	next        uint64 // index of the next element to be received
	elem        *symbols.Type
	closed      bool
}

// goChan reads a channel; a nil channel is empty.
func (v *Value) goChan() (goChan, error) {
	n, err := v.number()
	if err != nil || n.u == 0 {
		return goChan{}, err
	}
	t := strip(v.typ)
	ch := goChan{elem: t.Elem()}
	header := strip(strip(t.Repr()).Elem())
	h := &Value{c: v.c, typ: header, goL: true, src: source{kind: srcMemory, addr: n.u}, origin: &origin{v.expr, n.u, true}}
	var closed uint64
	for _, f := range []struct {
		name string
		to   *uint64
	}{{"qcount", &ch.count}, {"dataqsiz", &ch.size}, {"buf", &ch.buf}, {"recvx", &ch.next}, {"closed", &closed}} {
		var field *Value
		if isStruct(header) {
			field = h.findMember(header, 0, f.name, 0)
		}
		if field == nil {
			return ch, errors.New("a channel in an unknown layout")
		}
		n, err := field.number()
		if err != nil {
			return ch, err
		}
		*f.to = n.u
	}
	ch.closed = closed != 0
	if ch.count > ch.size || ch.next >= max(ch.size, 1) || ch.size > maxObject {
		return ch, errors.New("the channel is not initialized, or damaged")
	}
	return ch, nil
}

// element is the element i of a channel's buffer, in the order of receiving.
func (ch goChan) element(c *Context, i uint64) (*Value, error) {
	size, ok := sizeOf(ch.elem)
	if !ok || uint64(size) > maxObject {
		return nil, fmt.Errorf("the size of %s is not known", typeText(ch.elem))
	}
	at := ch.buf + (ch.next+i)%ch.size*uint64(size)
	return &Value{c: c, typ: ch.elem, goL: true, src: source{kind: srcMemory, addr: at}}, nil
}
