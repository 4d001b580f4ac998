package symbols

import (
	"debug/dwarf"
	"errors"
	"fmt"
	"strings"
)

// Attributes and tags that the standard library has no names for.
const (
	attrLinkageName     = dwarf.AttrLinkageName
	attrMIPSLinkageName = dwarf.Attr(0x2007)
	attrGNUAddrBase     = dwarf.Attr(0x2133)
	attrDwoName         = dwarf.Attr(0x76)
	attrGNUDwoName      = dwarf.Attr(0x2130)
)

const maxDepth = 1 << 10 // nesting of entries

// origin is what a subprogram entry says of its function: for the entries of
// out-of-line and inlined instances to refer to.
type origin struct {
	name, linker string
	qual         string       // the namespaces and classes around it, with a trailing "::"
	ref          dwarf.Offset // DW_AT_abstract_origin or DW_AT_specification
	file         int64
	line         int64
	unit         *Unit
}

// instance is an inlined call.
type instance struct {
	fn       int32 // function that contains it
	parent   int32 // instance around it, -1 if none
	depth    int32 // 1 for a call inlined into the function itself
	unit     *Unit
	origin   dwarf.Offset
	die      dwarf.Offset
	callFile int32
	callLine int32
	entry    uint64
	ranges   []Range
}

// named is an entry of the index of types and global variables.
type named struct {
	name string
	off  dwarf.Offset
	tag  dwarf.Tag
	unit *Unit
	decl bool // only declared here
	ref  dwarf.Offset
}

// scanner reads all entries once and indexes functions, inlined calls, types
// and global variables.
type scanner struct {
	d        *dwarf.Data
	img      *image
	bias     uint64
	ranges   *rangeReader
	lines    *lineBuilder
	units    []*Unit
	funcs    []*Function
	origins  map[dwarf.Offset]*origin
	insts    []instance
	types    []named
	enums    []named // enumerators; off is that of their type
	globals  []named
	quals    map[dwarf.Offset]string // types with qualified names
	goTypes  map[uint64]dwarf.Offset // by DW_AT_go_runtime_type
	fields   int                     // attributes that may still be read
	strBytes int                     // bytes of strings that may still be read
}

// level is an entry whose children are being read.
type level struct {
	fn     int32 // function around, -1 if none
	inst   int32 // inlined instance around, -1 if none
	qual   string
	enum   dwarf.Offset // enumeration type around
	inFunc bool         // in a function, with code or without
}

func (s *scanner) scan(headers []unitHeader) error {
	info := len(s.img.sections[".debug_info"])
	strs := len(s.img.sections[".debug_str"]) + len(s.img.sections[".debug_line_str"])
	s.fields = 16*info + 1<<16
	s.strBytes = 64*(info+strs) + 1<<24
	s.origins = map[dwarf.Offset]*origin{}
	s.quals = map[dwarf.Offset]string{}
	s.goTypes = map[uint64]dwarf.Offset{}
	r := s.d.Reader()
	for _, h := range headers {
		if h.die >= h.end {
			continue
		}
		r.Seek(h.die)
		e, err := s.next(r)
		if err != nil {
			return err
		}
		if e == nil || h.isType || e.Tag != dwarf.TagCompileUnit && e.Tag != dwarf.TagPartialUnit {
			continue
		}
		u, err := s.unit(h, e)
		if err != nil {
			return err
		}
		if e.Children {
			if err := s.children(r, u); err != nil {
				return err
			}
		}
	}
	return nil
}

// next reads an entry and charges it to the budget.
func (s *scanner) next(r *dwarf.Reader) (*dwarf.Entry, error) {
	e, err := r.Next()
	if err != nil || e == nil {
		return e, err
	}
	if s.fields -= len(e.Field) + 1; s.fields < 0 {
		return nil, errors.New("section .debug_info: entries have more attributes than its bytes can hold")
	}
	for i := range e.Field {
		if v, ok := e.Field[i].Val.(string); ok {
			s.strBytes -= len(v)
		}
	}
	if s.strBytes < 0 {
		return nil, errors.New("section .debug_info: entries have more bytes of strings than any real file")
	}
	return e, nil
}

func (s *scanner) unit(h unitHeader, e *dwarf.Entry) (*Unit, error) {
	for _, a := range []dwarf.Attr{attrDwoName, attrGNUDwoName} {
		if name, ok := e.Val(a).(string); ok {
			return nil, fmt.Errorf("the debug information is in separate files (split DWARF, %s): link it in, or build without -gsplit-dwarf", name)
		}
	}
	str := func(a dwarf.Attr) string { v, _ := e.Val(a).(string); return v }
	base := func(attrs ...dwarf.Attr) uint64 {
		for _, a := range attrs {
			if v, ok := e.Val(a).(int64); ok {
				return uint64(v)
			}
		}
		return 0
	}
	u := &Unit{
		Name: str(dwarf.AttrName), CompDir: str(dwarf.AttrCompDir), Producer: str(dwarf.AttrProducer),
		Version: h.version, addrSize: h.addr, is64: h.is64,
		base: h.base, die: h.die, end: h.end, id: len(s.units),
		addrBase:     base(dwarf.AttrAddrBase, attrGNUAddrBase),
		loclistsBase: base(dwarf.AttrLoclistsBase),
	}
	u.low, _ = e.Val(dwarf.AttrLowpc).(uint64)
	if lang, ok := e.Val(dwarf.AttrLanguage).(int64); ok {
		u.Language = languageOf(lang)
	}
	files, err := s.lines.add(e)
	if err != nil {
		return nil, err
	}
	u.files = files
	s.units = append(s.units, u)
	return u, nil
}

// languageOf sorts DW_LANG codes (DWARF 5, table 7.17, and later additions).
func languageOf(lang int64) Language {
	switch lang {
	case 0x01, 0x02, 0x0c, 0x1d, 0x2c, 0x3e: // C89, C, C99, C11, C17, C23
		return LangC
	case 0x04, 0x1a, 0x21, 0x2b, 0x3a: // C++, C++11, C++14, C++20, C++23
		return LangCPlusPlus
	case 0x16:
		return LangGo
	case 0x1c:
		return LangRust
	case 0x8001: // Mips_Assembler: GNU as says so for every machine
		return LangAsm
	}
	return LangUnknown
}

// children reads what is below the first entry of unit u.
func (s *scanner) children(r *dwarf.Reader, u *Unit) error {
	stack := []level{{fn: -1, inst: -1}}
	for len(stack) > 0 {
		e, err := s.next(r)
		if err != nil {
			return err
		}
		if e == nil || e.Offset >= u.end {
			return nil
		}
		if e.Tag == 0 {
			stack = stack[:len(stack)-1]
			continue
		}
		l := stack[len(stack)-1]
		if err := s.entry(e, u, &l); err != nil {
			return err
		}
		if e.Children {
			if len(stack) >= maxDepth {
				return fmt.Errorf("section .debug_info: entries nest deeper than %d at %#x", maxDepth, e.Offset)
			}
			stack = append(stack, l)
		}
	}
	return nil
}

// entry indexes one entry; l becomes the level of its children.
func (s *scanner) entry(e *dwarf.Entry, u *Unit, l *level) error {
	switch e.Tag {
	case dwarf.TagSubprogram:
		l.inst = -1
		return s.subprogram(e, u, l)
	case dwarf.TagInlinedSubroutine:
		return s.inlined(e, u, l)
	case dwarf.TagNamespace:
		if name, ok := e.Val(dwarf.AttrName).(string); ok {
			l.qual += name + "::"
		} else {
			l.qual += "(anonymous namespace)::"
		}
	case dwarf.TagStructType, dwarf.TagClassType, dwarf.TagUnionType, dwarf.TagInterfaceType:
		if name := s.addType(e, u, l); name != "" && u.Language != LangC && u.Language != LangGo {
			l.qual = name + "::"
		}
	case dwarf.TagEnumerationType:
		s.addType(e, u, l)
		l.enum = e.Offset
	case dwarf.TagEnumerator:
		s.addEnumerator(e, u, l)
	case dwarf.TagTypedef, dwarf.TagBaseType, dwarf.TagUnspecifiedType:
		s.addType(e, u, l)
	case dwarf.TagPointerType, dwarf.TagSubroutineType, dwarf.TagArrayType:
		if u.Language == LangGo {
			s.addType(e, u, l) // Go names every type
		}
	case dwarf.TagVariable, dwarf.TagConstant:
		// One without a location in a function without code is a local variable
		// of an abstract instance.
		if l.fn < 0 && (!l.inFunc || e.AttrField(dwarf.AttrLocation) != nil) {
			s.addGlobal(e, u, l)
		}
	}
	return nil
}

func (s *scanner) addType(e *dwarf.Entry, u *Unit, l *level) string {
	name, _ := e.Val(dwarf.AttrName).(string)
	if name == "" {
		return ""
	}
	if l.qual != "" {
		name = l.qual + name
		s.quals[e.Offset] = name
	}
	decl, _ := e.Val(dwarf.AttrDeclaration).(bool)
	if u.Language == LangGo {
		switch rt := e.Val(attrGoRuntimeType).(type) {
		case uint64:
			s.goTypes[rt] = e.Offset
		case int64:
			s.goTypes[uint64(rt)] = e.Offset
		}
	}
	s.types = append(s.types, named{name: name, off: e.Offset, tag: e.Tag, unit: u, decl: decl})
	return name
}

func (s *scanner) addGlobal(e *dwarf.Entry, u *Unit, l *level) {
	n := named{off: e.Offset, tag: e.Tag, unit: u}
	n.name, _ = e.Val(dwarf.AttrName).(string)
	if n.name != "" {
		n.name = l.qual + n.name
	}
	n.ref, _ = e.Val(dwarf.AttrSpecification).(dwarf.Offset)
	n.decl, _ = e.Val(dwarf.AttrDeclaration).(bool)
	if e.AttrField(dwarf.AttrConstValue) != nil {
		n.decl = false // of a static constexpr member there may be no definition
	}
	if n.name != "" || n.ref != 0 {
		s.globals = append(s.globals, n)
	}
}

func (s *scanner) subprogram(e *dwarf.Entry, u *Unit, l *level) error {
	o := &origin{qual: l.qual, unit: u, file: -1}
	o.name, _ = e.Val(dwarf.AttrName).(string)
	o.linker, _ = e.Val(attrLinkageName).(string)
	if o.linker == "" {
		o.linker, _ = e.Val(attrMIPSLinkageName).(string)
	}
	if ref, ok := e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset); ok {
		o.ref = ref
	} else if ref, ok := e.Val(dwarf.AttrSpecification).(dwarf.Offset); ok {
		o.ref = ref
	}
	if v, ok := e.Val(dwarf.AttrDeclFile).(int64); ok {
		o.file = v
	}
	o.line, _ = e.Val(dwarf.AttrDeclLine).(int64)
	s.origins[e.Offset] = o
	l.fn, l.inFunc = -1, true
	ranges, err := s.ranges.of(u, e)
	if err != nil {
		return err
	}
	ranges = s.real(ranges)
	if len(ranges) == 0 {
		return nil
	}
	f := &Function{Low: ranges[0].Low, Ranges: ranges, Language: u.Language, CU: u, die: e.Offset}
	if low, ok := e.Val(dwarf.AttrEntrypc).(uint64); ok && f.Contains(low+s.bias) {
		f.Low = low + s.bias
	} else if first, ok := s.firstRange(u, e); ok && e.AttrField(dwarf.AttrRanges) != nil {
		f.Low = first
	}
	l.fn = int32(len(s.funcs))
	s.funcs = append(s.funcs, f)
	return nil
}

// firstRange finds the entry of a function whose code is in several ranges:
// the start of the first one listed, which compilers make the hot part.
func (s *scanner) firstRange(u *Unit, e *dwarf.Entry) (uint64, bool) {
	r, err := s.ranges.listed(u, e)
	if err != nil {
		return 0, false
	}
	for _, x := range s.real(r) {
		return x.Low, true
	}
	return 0, false
}

// real drops ranges of code that the linker discarded.
func (s *scanner) real(ranges []Range) []Range {
	out := ranges[:0:0]
	for _, r := range ranges {
		if code := s.img.codeAt(r.Low - s.bias); code != nil && r.High-r.Low <= uint64(len(code)) {
			out = append(out, r)
		}
	}
	return out
}

func (s *scanner) inlined(e *dwarf.Entry, u *Unit, l *level) error {
	if l.fn < 0 {
		return nil // in an abstract instance
	}
	ranges, err := s.ranges.of(u, e)
	if err != nil {
		return err
	}
	ranges = s.real(ranges)
	in := instance{fn: l.fn, parent: l.inst, depth: 1, unit: u, die: e.Offset, ranges: ranges}
	if l.inst >= 0 {
		in.depth = s.insts[l.inst].depth + 1
	}
	in.origin, _ = e.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
	if f, ok := e.Val(dwarf.AttrCallFile).(int64); ok {
		in.callFile = u.file(f)
	}
	if n, ok := e.Val(dwarf.AttrCallLine).(int64); ok {
		in.callLine = int32(n)
	}
	if len(ranges) > 0 {
		in.entry = ranges[0].Low
	}
	if pc, ok := e.Val(dwarf.AttrEntrypc).(uint64); ok {
		in.entry = pc + s.bias
	} else if off, ok := e.Val(dwarf.AttrEntrypc).(int64); ok && e.AttrField(dwarf.AttrLowpc) != nil {
		low, _ := e.Val(dwarf.AttrLowpc).(uint64)
		in.entry = low + uint64(off) + s.bias
	}
	l.inst = int32(len(s.insts))
	s.insts = append(s.insts, in)
	return nil
}

// resolveOrigin follows an entry's references to complete what it says of its
// function.
func resolveOrigin(origins map[dwarf.Offset]*origin, off dwarf.Offset) origin {
	var o origin
	o.file = -1
	for range 8 {
		x := origins[off]
		if x == nil {
			break
		}
		if o.name == "" {
			o.name, o.qual = x.name, x.qual
		}
		if o.linker == "" {
			o.linker = x.linker
		}
		if o.file < 0 && x.file >= 0 {
			o.file, o.unit = x.file, x.unit
		}
		if o.line == 0 {
			o.line = x.line
		}
		if o.unit == nil {
			o.unit = x.unit
		}
		if x.ref == 0 || x.ref == off {
			break
		}
		off = x.ref
	}
	return o
}

// fullName makes the demangled, qualified name and the linkage name.
func (o origin) fullName() (name, linker string) {
	if o.linker != "" && o.linker != o.name {
		linker = o.linker
		if o.unit == nil || o.unit.Language != LangGo {
			if d := demangled(o.linker); d != o.linker && !strings.HasPrefix(d, "(") {
				return d, linker
			}
		}
	}
	return o.qual + o.name, linker
}
