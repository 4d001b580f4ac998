package symbols

import (
	"debug/dwarf"
	"errors"
	"fmt"
	"math"
	"strings"
)

// qualifiers and references: entries that are all told by their tag and DW_AT_type.
var wrapperKinds = map[dwarf.Tag]Kind{
	dwarf.TagTypedef:         KindTypedef,
	dwarf.TagConstType:       KindConst,
	dwarf.TagVolatileType:    KindVolatile,
	dwarf.TagRestrictType:    KindRestrict,
	tagAtomicType:            KindAtomic,
	dwarf.TagPointerType:     KindPointer,
	dwarf.TagReferenceType:   KindReference,
	tagRvalueReference:       KindRReference,
	dwarf.TagPtrToMemberType: KindMemberPointer,
}

var recordKinds = map[dwarf.Tag]Kind{
	dwarf.TagStructType:    KindStruct,
	dwarf.TagClassType:     KindClass,
	dwarf.TagInterfaceType: KindClass,
	dwarf.TagUnionType:     KindUnion,
}

// goKinds are reflect.Kind values of kinds that Go has and DWARF has not.
var goKinds = map[int64]Kind{
	18: KindGoChan,
	19: KindGoFunc,
	20: KindGoInterface,
	21: KindGoMap,
	23: KindGoSlice,
	24: KindGoString,
}

// readType fills d from t's entry. It may refer to other types, but must not
// look into them: that could lead back to t.
func (p *Program) readType(t *Type, d *typeData) error {
	e, r, u, err := p.readAt(t.off)
	if err != nil {
		return err
	}
	d.name, _ = e.Val(dwarf.AttrName).(string)
	if q, ok := p.quals[t.off]; ok {
		d.name = q
	}
	d.lang = u.Language
	if n, ok := e.Val(dwarf.AttrByteSize).(int64); ok && n >= 0 {
		d.size = n
	}
	if n, ok := e.Val(dwarf.AttrAlignment).(int64); ok && n > 0 && n <= 1<<16 && n&(n-1) == 0 {
		d.align = n
	}
	if off, ok := e.Val(dwarf.AttrType).(dwarf.Offset); ok {
		d.elem = p.typeFrom(off)
	} else if e.AttrField(dwarf.AttrType) != nil {
		d.elem = p.unknownType("a type that is not in this file")
	}
	if u.Language == LangGo {
		if k, ok := e.Val(attrGoKind).(int64); ok && goKinds[k] != KindVoid && goKindFits(goKinds[k], e.Tag) {
			return p.readGoType(e, r, u, goKinds[k], d)
		}
	}
	if k, ok := wrapperKinds[e.Tag]; ok {
		d.kind = k
		if off, ok := e.Val(dwarf.AttrContainingType).(dwarf.Offset); ok && k == KindMemberPointer {
			d.class = p.typeFrom(off)
		}
		return nil
	}
	if k, ok := recordKinds[e.Tag]; ok {
		d.kind = k
		if decl, _ := e.Val(dwarf.AttrDeclaration).(bool); decl {
			return p.completeDeclared(e, u, d)
		}
		d.size = max(d.size, 0)
		return p.readFields(e, r, u, d)
	}
	switch e.Tag {
	case dwarf.TagBaseType:
		return readBase(e, d)
	case dwarf.TagArrayType:
		return p.readArray(e, r, u, d)
	case dwarf.TagEnumerationType:
		return p.readEnum(e, r, u, d)
	case dwarf.TagSubroutineType, dwarf.TagSubprogram:
		d.kind, d.size = KindFunc, -1
		return p.readParams(e, r, u, d)
	case dwarf.TagUnspecifiedType:
		if u.Language == LangCPlusPlus && strings.HasSuffix(d.name, "nullptr_t") || d.name == "decltype(nullptr)" {
			d.kind, d.size, d.name = KindPointer, int64(p.img.ptrSize), ""
			return nil
		}
		d.kind, d.why = KindUnknown, "a type that the language does not describe"
		return nil
	}
	return fmt.Errorf("a type described by a %v entry", e.Tag)
}

// goKindFits tells the kind itself from named types of it: those are typedefs,
// except that maps, channels and interfaces are typedefs, too.
func goKindFits(k Kind, tag dwarf.Tag) bool {
	switch k {
	case KindGoString, KindGoSlice:
		return tag == dwarf.TagStructType
	case KindGoFunc:
		return tag == dwarf.TagSubroutineType
	}
	return tag == dwarf.TagTypedef
}

// readGoType reads a type of one of Go's own kinds.
func (p *Program) readGoType(e *dwarf.Entry, r *dwarf.Reader, u *Unit, k Kind, d *typeData) error {
	d.kind = k
	ref := func(a dwarf.Attr) *Type {
		if off, ok := e.Val(a).(dwarf.Offset); ok && off != 0 {
			return p.typeFrom(off)
		}
		return nil
	}
	switch k {
	case KindGoString, KindGoSlice:
		repr := typeData{kind: KindStruct, name: d.name, lang: LangGo, size: max(d.size, 0)}
		if err := p.readFields(e, r, u, &repr); err != nil {
			return err
		}
		d.repr = p.newType(repr)
		d.elem = ref(attrGoElem)
	case KindGoFunc:
		d.elem = nil
		return p.readParams(e, r, u, d)
	default:
		d.repr, d.elem, d.key = d.elem, ref(attrGoElem), ref(attrGoKey)
	}
	return nil
}

func readBase(e *dwarf.Entry, d *typeData) error {
	enc, _ := e.Val(dwarf.AttrEncoding).(int64)
	switch enc {
	case encBoolean:
		d.kind = KindBool
	case encSigned:
		d.kind, d.signed = KindInt, true
	case encUnsigned, encAddress:
		d.kind = KindUint
	case encSignedChar:
		d.kind, d.signed = KindChar, true
	case encUnsignedChar, encUTF, encASCII:
		d.kind = KindChar
	case encFloat:
		d.kind = KindFloat
	case encComplexFloat:
		d.kind = KindComplex
	default:
		d.kind, d.why = KindUnknown, fmt.Sprintf("a base type of encoding %#x", enc)
	}
	if d.lang == LangGo && d.kind == KindChar { // int8, uint8
		d.kind = KindUint
		if d.signed {
			d.kind = KindInt
		}
	}
	if d.size < 0 {
		return errors.New("a base type without a size")
	}
	return nil
}

// completeDeclared finds the definition of a type that is only declared in its
// unit.
func (p *Program) completeDeclared(e *dwarf.Entry, u *Unit, d *typeData) error {
	for _, n := range p.typesNamed(d.name) {
		if n.tag == e.Tag && !n.decl && n.unit.Language == u.Language {
			*d = *p.typeFrom(n.off).data() // no way back: definitions don't look further
			return nil
		}
	}
	d.kind, d.size, d.why = KindUnknown, -1, "declared, but not defined in a part of the program that has debug information"
	return nil
}

const maxFields = 1 << 20

func (p *Program) readFields(e *dwarf.Entry, r *dwarf.Reader, u *Unit, d *typeData) error {
	d.fields = []Field{}
	return children(e, r, u, func(c *dwarf.Entry, depth int) (bool, error) {
		switch c.Tag {
		case dwarf.TagMember, dwarf.TagInheritance, dwarf.TagVariable:
			if depth > 0 {
				break
			}
			if len(d.fields) >= maxFields {
				return false, errors.New("too many members")
			}
			d.fields = append(d.fields, p.field(c, d))
			return false, nil
		}
		return p.recordEntry(c, d, depth)
	})
}

func (p *Program) field(c *dwarf.Entry, d *typeData) Field {
	f := Field{Base: c.Tag == dwarf.TagInheritance}
	f.Name, _ = c.Val(dwarf.AttrName).(string)
	if off, ok := c.Val(dwarf.AttrType).(dwarf.Offset); ok {
		f.Type = p.typeFrom(off)
	} else {
		f.Type = p.unknownType("a type that is not in this file")
	}
	// A static member: DWARF 5 says DW_TAG_variable, before it was an external
	// declaration.
	ext, _ := c.Val(dwarf.AttrExternal).(bool)
	f.Static = c.Tag == dwarf.TagVariable || ext && c.AttrField(dwarf.AttrDataMemberLoc) == nil && d.kind != KindUnion
	f.Embedded, _ = c.Val(attrGoEmbedded).(bool)
	f.Embedded = f.Embedded || f.Name == "" && !f.Base && d.lang != LangGo
	virt, _ := c.Val(dwarf.AttrVirtuality).(int64)
	f.Virtual = f.Base && virt != 0
	switch loc := c.Val(dwarf.AttrDataMemberLoc).(type) {
	case int64:
		f.Offset = loc
	case []byte: // DWARF 2: DW_OP_plus_uconst n
		if x := (cursor{b: loc}); x.u8() == 0x23 {
			f.Offset = int64(x.uleb())
		} else {
			f.Virtual, f.where = true, loc
		}
	}
	bits, ok := c.Val(dwarf.AttrBitSize).(int64)
	if !ok || bits < 0 {
		return f
	}
	f.BitSize = bits
	if start, ok := c.Val(dwarf.AttrDataBitOffset).(int64); ok { // DWARF 4 on
		f.Offset, f.BitStart = start>>3, start&7
	} else if high, ok := c.Val(dwarf.AttrBitOffset).(int64); ok {
		// DWARF 2 and 3 count from the high end of the storage unit.
		unit, ok := c.Val(dwarf.AttrByteSize).(int64)
		if !ok {
			f.Type = p.unknownType("a bit field without the size of its storage unit")
			return f
		}
		start := f.Offset*8 + unit*8 - high - bits
		f.Offset, f.BitStart = start>>3, start&7
	}
	return f
}

// readArray makes an array of arrays of several dimensions.
func (p *Program) readArray(e *dwarf.Entry, r *dwarf.Reader, u *Unit, d *typeData) error {
	var dims []typeData
	err := children(e, r, u, func(c *dwarf.Entry, _ int) (bool, error) {
		if c.Tag != dwarf.TagSubrangeType && c.Tag != dwarf.TagEnumerationType {
			return false, nil
		}
		if len(dims) >= maxNesting/2 {
			return false, errors.New("an array of too many dimensions")
		}
		dims = append(dims, dimension(c, u))
		return false, nil
	})
	if err != nil {
		return err
	}
	if len(dims) == 0 {
		dims = []typeData{{count: -1}}
	}
	elem := d.elem
	for i := len(dims) - 1; i >= 0; i-- {
		x := &dims[i]
		x.kind, x.lang, x.elem, x.size = KindArray, d.lang, elem, -1
		elem = p.newType(*x)
	}
	dims[0].size, dims[0].name = d.size, d.name
	*d = dims[0]
	return nil
}

// dimension reads one dimension of an array.
func dimension(c *dwarf.Entry, u *Unit) typeData {
	d := typeData{count: -1, unit: u}
	d.lower, _ = c.Val(dwarf.AttrLowerBound).(int64)
	for _, a := range []dwarf.Attr{dwarf.AttrCount, dwarf.AttrUpperBound} {
		f := c.AttrField(a)
		if f == nil {
			continue
		}
		v, constant := f.Val.(int64)
		switch {
		case !constant:
			d.bound, d.counts = f, a == dwarf.AttrCount
		case a == dwarf.AttrCount && v >= 0:
			d.count = v
		case a == dwarf.AttrUpperBound && v >= d.lower-1 && v < math.MaxInt64:
			d.count = v - d.lower + 1
		}
		break
	}
	return d
}

func (p *Program) readEnum(e *dwarf.Entry, r *dwarf.Reader, u *Unit, d *typeData) error {
	d.kind = KindEnum
	negative := false
	err := children(e, r, u, func(c *dwarf.Entry, _ int) (bool, error) {
		if c.Tag != dwarf.TagEnumerator {
			return false, nil
		}
		if len(d.enums) >= maxFields {
			return false, errors.New("too many enumerators")
		}
		var x Enumerator
		x.Name, _ = c.Val(dwarf.AttrName).(string)
		x.Value, _ = c.Val(dwarf.AttrConstValue).(int64)
		negative = negative || x.Value < 0
		d.enums = append(d.enums, x)
		return false, nil
	})
	d.signed = negative // unless the integer type below says
	return err
}

func (p *Program) readParams(e *dwarf.Entry, r *dwarf.Reader, u *Unit, d *typeData) error {
	return children(e, r, u, func(c *dwarf.Entry, _ int) (bool, error) {
		switch c.Tag {
		case dwarf.TagFormalParameter:
			if out, _ := c.Val(attrIsVariable).(bool); out && u.Language == LangGo {
				return false, nil // a result
			}
			if len(d.params) >= maxFields {
				return false, errors.New("too many parameters")
			}
			var t *Type
			if off, ok := c.Val(dwarf.AttrType).(dwarf.Offset); ok {
				t = p.typeFrom(off)
			}
			d.params = append(d.params, t)
		case dwarf.TagUnspecifiedParameters:
			d.variadic = true
		}
		return false, nil
	})
}
