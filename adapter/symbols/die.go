package symbols

import (
	"debug/dwarf"
	"fmt"
	"sort"
)

// Attributes and tags beyond the standard library's names, and encodings.
const (
	attrCallReturnPC      = dwarf.Attr(0x7d)
	attrCallValue         = dwarf.Attr(0x7e)
	attrCallOrigin        = dwarf.Attr(0x7f)
	attrCallTarget        = dwarf.Attr(0x83)
	attrGNUCallSiteValue  = dwarf.Attr(0x2111)
	attrGNUCallSiteTarget = dwarf.Attr(0x2113)
	attrGoKind            = dwarf.Attr(0x2900)
	attrGoKey             = dwarf.Attr(0x2901)
	attrGoElem            = dwarf.Attr(0x2902)
	attrGoEmbedded        = dwarf.Attr(0x2903)
	attrGoRuntimeType     = dwarf.Attr(0x2904)

	tagCallSite         = dwarf.Tag(0x48)
	tagCallSiteParam    = dwarf.Tag(0x49)
	tagGNUCallSite      = dwarf.Tag(0x4109)
	tagGNUCallSiteParam = dwarf.Tag(0x410a)
	tagAtomicType       = dwarf.Tag(0x47)
	tagRvalueReference  = dwarf.Tag(0x42)

	encAddress      = 0x01
	encBoolean      = 0x02
	encComplexFloat = 0x03
	encFloat        = 0x04
	encSigned       = 0x05
	encSignedChar   = 0x06
	encUnsigned     = 0x07
	encUnsignedChar = 0x08
	encUTF          = 0x10
	encASCII        = 0x12
)

// unitAt finds the unit that holds the entry at off.
func (p *Program) unitAt(off dwarf.Offset) *Unit {
	i := sort.Search(len(p.units), func(i int) bool { return p.units[i].die > off }) - 1
	if i < 0 || off >= p.units[i].end {
		return nil
	}
	return p.units[i]
}

// entryAt reads the entry at off.
func (p *Program) entryAt(off dwarf.Offset) (*dwarf.Entry, *Unit, error) {
	e, _, u, err := p.readAt(off)
	return e, u, err
}

// readAt reads the entry at off and leaves a reader at its children.
func (p *Program) readAt(off dwarf.Offset) (*dwarf.Entry, *dwarf.Reader, *Unit, error) {
	u := p.unitAt(off)
	if u == nil {
		return nil, nil, nil, fmt.Errorf("section .debug_info: a reference to %#x, where no entry is", off)
	}
	r := p.d.Reader()
	r.Seek(off)
	e, err := r.Next()
	if err != nil {
		return nil, nil, nil, err
	}
	if e == nil || e.Tag == 0 || e.Offset >= u.end {
		return nil, nil, nil, fmt.Errorf("section .debug_info: a reference to %#x, where no entry is", off)
	}
	return e, r, u, nil
}

// children calls visit for the direct children of the entry that r just read,
// which belongs to unit u. What is below those is skipped, except where visit
// returns true: then depth tells it about the grandchildren, too.
func children(e *dwarf.Entry, r *dwarf.Reader, u *Unit, visit func(c *dwarf.Entry, depth int) (into bool, err error)) error {
	if !e.Children {
		return nil
	}
	// open holds, for each entry around the next one, whether it is visited.
	open := []bool{true}
	depth := 0
	for len(open) > 0 {
		c, err := r.Next()
		if err != nil {
			return err
		}
		if c == nil || c.Tag != 0 && c.Offset >= u.end {
			return nil
		}
		if c.Tag == 0 {
			if open = open[:len(open)-1]; len(open) > 0 && open[len(open)-1] {
				depth--
			}
			continue
		}
		into := false
		if open[len(open)-1] {
			if into, err = visit(c, depth); err != nil {
				return err
			}
		}
		if !c.Children {
			continue
		}
		if !into {
			if next, ok := c.Val(dwarf.AttrSibling).(dwarf.Offset); ok && next > c.Offset && next < u.end {
				r.Seek(next)
				continue
			}
		}
		if len(open) >= maxDepth {
			return fmt.Errorf("section .debug_info: entries nest deeper than %d at %#x", maxDepth, c.Offset)
		}
		if open[len(open)-1] {
			depth++
		}
		open = append(open, into)
	}
	return nil
}

// withOrigin is an entry with those that it refers to as its abstract origin or
// specification, which complete it.
type withOrigin struct {
	e     *dwarf.Entry
	unit  *Unit
	next  []*dwarf.Entry
	units []*Unit
}

func (p *Program) withOrigin(e *dwarf.Entry, u *Unit) (withOrigin, error) {
	w := withOrigin{e: e, unit: u}
	for range 8 {
		ref, ok := e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
		if !ok {
			ref, ok = e.Val(dwarf.AttrSpecification).(dwarf.Offset)
		}
		if !ok || ref == e.Offset {
			break
		}
		var err error
		if e, u, err = p.entryAt(ref); err != nil {
			return w, err
		}
		w.next = append(w.next, e)
		w.units = append(w.units, u)
	}
	return w, nil
}

// field finds an attribute and the unit of the entry that has it.
func (w *withOrigin) field(a dwarf.Attr) (*dwarf.Field, *Unit) {
	if f := w.e.AttrField(a); f != nil {
		return f, w.unit
	}
	for i, e := range w.next {
		if f := e.AttrField(a); f != nil {
			return f, w.units[i]
		}
	}
	return nil, nil
}

func (w *withOrigin) str(a dwarf.Attr) string {
	if f, _ := w.field(a); f != nil {
		s, _ := f.Val.(string)
		return s
	}
	return ""
}

func (w *withOrigin) int(a dwarf.Attr) int64 {
	if f, _ := w.field(a); f != nil {
		n, _ := f.Val.(int64)
		return n
	}
	return 0
}

func (w *withOrigin) flag(a dwarf.Attr) bool {
	if f, _ := w.field(a); f != nil {
		b, _ := f.Val.(bool)
		return b
	}
	return false
}

// file is the path of a file attribute.
func (w *withOrigin) file(p *Program, a dwarf.Attr) string {
	if f, u := w.field(a); f != nil {
		if n, ok := f.Val.(int64); ok {
			return p.lines.files[u.file(n)]
		}
	}
	return ""
}
