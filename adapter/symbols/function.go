package symbols

import (
	"debug/dwarf"
	"path"
	"slices"
	"strings"
)

// Language is a source language as far as a debugger cares.
type Language uint8

// Languages.
const (
	LangUnknown Language = iota
	LangC
	LangCPlusPlus
	LangGo
	LangRust
	LangAsm
)

var languageNames = [...]string{"unknown", "C", "C++", "Go", "Rust", "assembly"}

// String is the language's name.
func (l Language) String() string { return languageNames[l] }

// Range is a range of addresses, [Low, High).
type Range struct{ Low, High uint64 }

// Contains reports whether addr lies in r.
func (r Range) Contains(addr uint64) bool { return addr-r.Low < r.High-r.Low }

// Function is a function with code: the out-of-line instance. Immutable.
type Function struct {
	Name     string  // demangled and qualified: "main.(*T).get", "ns::f", "fact"
	Linker   string  // the linkage name, where it differs; else empty
	Low      uint64  // entry address
	Ranges   []Range // all code, ascending; more than one for hot/cold splits
	DeclFile string  // where it is declared; empty if not known
	DeclLine int     // 0 if not known
	Language Language
	CU       *Unit // nil for a function known from the symbol table only
	// BodyStart is the first address after the prologue, where a breakpoint
	// on the function belongs: the arguments are in place there. It is Low for
	// a function without a prologue or without line information.
	BodyStart uint64

	id  int // index into Program.funcs
	die dwarf.Offset
}

// Contains reports whether pc is in the function's code.
func (f *Function) Contains(pc uint64) bool {
	for _, r := range f.Ranges {
		if r.Contains(pc) {
			return true
		}
	}
	return false
}

// inPrologue reports whether pc is before the body.
func (f *Function) inPrologue(pc uint64) bool { return pc-f.Low < f.BodyStart-f.Low }

// Unit is a compilation unit.
type Unit struct {
	Name     string // the source file, or the package in Go
	CompDir  string
	Producer string // the compiler and, for gcc, its options
	Language Language
	Version  int // of DWARF

	id           int
	base         dwarf.Offset // of the header
	die, end     dwarf.Offset // of the first entry, and behind the last
	low          uint64       // base of range and location lists, as in the file
	addrSize     int
	is64         bool
	addrBase     uint64
	loclistsBase uint64
	files        []int32 // file number → index into lineTable.files
}

// SourcePath is the path of the unit's main source file: its name, joined with
// the compilation directory when that is needed. For Go, whose units are
// packages, it is the package's path.
func (u *Unit) SourcePath() string {
	if u.Language == LangGo || u.CompDir == "" || path.IsAbs(u.Name) || strings.ContainsAny(u.Name, `:\`) {
		return u.Name
	}
	return path.Join(u.CompDir, u.Name)
}

// file returns the index of a file number of the unit, 0 for none.
func (u *Unit) file(n int64) int32 {
	if u == nil || n < 0 || n >= int64(len(u.files)) {
		return 0
	}
	return u.files[n]
}

// funcTable finds functions by address: code ranges ascending, not overlapping.
type funcTable struct {
	low, high []uint64
	byLow     addrIndex
	fn        []int32
}

// find returns the function at pc, -1 if none.
func (t *funcTable) find(pc uint64) int32 {
	i := t.byLow.find(pc)
	if i < 0 || pc >= t.high[i] {
		return -1
	}
	return t.fn[i]
}

// build fills the table with the code of funcs, by index. Where ranges overlap
// the one that begins first keeps its code.
func (t *funcTable) build(funcs []*Function) {
	type span struct {
		Range
		fn int32
	}
	var spans []span
	for i, f := range funcs {
		for _, r := range f.Ranges {
			spans = append(spans, span{r, int32(i)})
		}
	}
	slices.SortStableFunc(spans, func(a, b span) int { return compare(a.Low, b.Low) })
	t.low, t.high, t.fn = nil, nil, nil
	for _, s := range spans {
		if n := len(t.high); n > 0 && s.Low < t.high[n-1] {
			s.Low = t.high[n-1] // identical functions that the linker folded
			if s.Low >= s.High {
				continue
			}
		}
		if n := len(t.low); n > 0 && s.Low == t.low[n-1] {
			continue // damaged: empty before
		}
		t.low, t.high, t.fn = append(t.low, s.Low), append(t.high, s.High), append(t.fn, s.fn)
	}
	t.byLow = newAddrIndex(t.low)
}

// symbolFuncs makes functions of the symbols for code that no function of
// funcs covers.
func symbolFuncs(t *symtab, covered *funcTable) []*Function {
	var out []*Function
	var end uint64
	for i := range t.syms {
		s := &t.syms[i]
		if !s.Func || s.TLS || s.Addr < end || covered.find(s.Addr) >= 0 {
			continue
		}
		high := t.high[i]
		if j, ok := slices.BinarySearch(covered.low, s.Addr); !ok && j < len(covered.low) {
			high = min(high, covered.low[j])
		}
		if high <= s.Addr {
			continue
		}
		f := &Function{Name: s.Name, Low: s.Addr, BodyStart: s.Addr, Ranges: []Range{{s.Addr, high}}}
		if s.Name != s.Linker {
			f.Linker = s.Linker
		}
		end = high
		out = append(out, f)
	}
	return out
}

// Units lists the compilation units in order of the file. The caller must not
// change it.
func (p *Program) Units() []*Unit { return p.units }

// Funcs lists all functions with code, by ascending entry address. The caller
// must not change it.
func (p *Program) Funcs() []*Function { return p.funcs }

// FuncAt finds the function whose code contains pc, nil if none: from DWARF,
// or else from the ELF symbol table.
func (p *Program) FuncAt(pc uint64) *Function {
	if i := p.ftab.find(pc); i >= 0 {
		return p.funcs[i]
	}
	return nil
}

// FuncsNamed finds functions by name: exactly as in [Function.Name] or its
// linkage name, or else by its last components ("foo" finds "main.foo",
// "T.get" and "(*T).get" find "main.(*T).get"). Parameter types choose among the
// overloads of C++: "f(int)".
func (p *Program) FuncsNamed(name string) []*Function {
	if base, params, ok := cutParams(name); ok {
		var out []*Function
		for _, f := range p.FuncsNamed(base) {
			if hasParams(p.linkerOf(f), params) {
				out = append(out, f)
			}
		}
		return out
	}
	var exact, suffix []*Function
	for _, f := range p.funcs {
		switch {
		case f.Name == name || f.Linker == name && name != "":
			exact = append(exact, f)
		case (len(exact) == 0 || name == "main") && nameMatches(f.Name, name):
			suffix = append(suffix, f)
		}
	}
	if len(exact) > 0 && !(name == "main" && exact[0].CU == nil) {
		return exact
	}
	if name == "main" {
		if own := rustMain(suffix); own != nil {
			return own
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return suffix
}

// linkerOf is a function's linkage name: its symbol's, where the debug information
// leaves it out, as it does for static functions.
func (p *Program) linkerOf(f *Function) string {
	if f.Linker != "" {
		return f.Linker
	}
	if sym, off, ok := p.SymbolAt(f.Low); ok && off == 0 {
		return sym.Linker
	}
	return ""
}

// rustMain is the main function of a Rust program, which rustc calls from one in C
// that it makes: that of the crate, and not of a module in it.
func rustMain(funcs []*Function) []*Function {
	var out []*Function
	for _, f := range funcs {
		if f.Language == LangRust && strings.HasSuffix(f.Name, "::main") && strings.Count(f.Name, "::") == 1 {
			out = append(out, f)
		}
	}
	return out
}

// FuncPlaces lists the addresses where a breakpoint on the named function
// belongs: the body start of each out-of-line instance and the entry of each
// inlined one, ascending.
func (p *Program) FuncPlaces(name string) []uint64 {
	var out []uint64
	for _, f := range p.FuncsNamed(name) {
		out = append(out, f.BodyStart)
	}
	base, params, overload := cutParams(name)
	if overload {
		name = base
	}
	exact := false
	var inlined []uint64
	for i := range p.insts {
		in := &p.insts[i]
		if len(in.ranges) == 0 {
			continue
		}
		full, linker := p.origin(in.origin).fullName()
		if overload && !hasParams(linker, params) {
			continue
		}
		is := full == name || linker == name && name != ""
		if is && !exact {
			exact, inlined = true, nil
		}
		if is || !exact && nameMatches(full, name) {
			inlined = append(inlined, in.entry)
		}
	}
	out = append(out, inlined...)
	slices.Sort(out)
	return slices.Compact(out)
}

// nameMatches reports whether want is full without its first components. A
// pointer receiver may be written without its parentheses and star.
func nameMatches(full, want string) bool {
	if want == "" || len(want) > maxParsedName {
		return false
	}
	if hasSuffixPart(full, want) {
		return true
	}
	if strings.Contains(full, "<") || strings.Contains(full, "::_") {
		return cppMatches(full, want)
	}
	if i := strings.Index(full, "(*"); i >= 0 { // main.(*T).get → main.T.get
		plain := full[:i] + strings.Replace(full[i+2:], ")", "", 1)
		return plain == want || hasSuffixPart(plain, want)
	}
	return false
}

// hasSuffixPart reports whether full ends with want, after a separator.
func hasSuffixPart(full, want string) bool {
	if len(full) <= len(want) || !strings.HasSuffix(full, want) {
		return false
	}
	switch full[len(full)-len(want)-1] {
	case '.', '/', ':':
		return true
	}
	return false
}
