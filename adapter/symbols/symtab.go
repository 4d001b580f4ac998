package symbols

import (
	"debug/elf"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/ianlancetaylor/demangle"
)

// Symbol is an entry of the ELF symbol table.
type Symbol struct {
	Name   string // demangled
	Linker string // as in the file
	Addr   uint64
	Size   uint64 // bytes; 0 when the file does not say
	Func   bool   // code, else data
	TLS    bool   // Addr is an offset into thread-local storage
	Global bool
}

// symtab is the symbol table, sorted two ways.
type symtab struct {
	syms   []Symbol // by address; those of one address: functions first, global first
	maxEnd []uint64 // the highest end of syms[:i+1], to stop looking back
	byName []int32  // indices into syms, by linker name; global first
	high   []uint64 // for symbols without a size: how far they reach
}

// demangled turns a C++ or Rust linkage name into a qualified name without
// parameters. Other names stay as they are.
func demangled(name string) string {
	if !strings.HasPrefix(name, "_Z") && !strings.HasPrefix(name, "_R") && !strings.HasPrefix(name, "__Z") {
		return name
	}
	return demangle.Filter(keepUnderscores(name), demangle.NoParams, demangle.NoEnclosingParams, demangle.MaxLength(14))
}

// legacyRust is the end of names in Rust's older mangling: a hash.
var legacyRust = regexp.MustCompile(`^_ZN.*17h[0-9a-f]{16}E$`)

// keepUnderscores doubles the underscores that begin the parts of names in Rust's
// older mangling, since the demangler takes the first one for a separator.
func keepUnderscores(name string) string {
	if !strings.Contains(name, "_") || !legacyRust.MatchString(name) {
		return name
	}
	out, rest := "_ZN", name[3:]
	for rest != "" && rest != "E" {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.Atoi(rest[:digits])
		if err != nil || n > len(rest)-digits {
			return name
		}
		part := rest[digits : digits+n]
		rest = rest[digits+n:]
		if strings.HasPrefix(part, "_") && !strings.HasPrefix(part, "_$") {
			part = "_" + part
		}
		out += strconv.Itoa(len(part)) + part
	}
	return out + rest
}

// TypeInfoName is the name of a type as its std::type_info has it, for a person.
func TypeInfoName(mangled string) string {
	// A leading asterisk says that the name is not unique (libsupc++'s typeinfo).
	mangled = strings.TrimPrefix(mangled, "*")
	if s, err := demangle.ToString("_ZTS"+mangled, demangle.MaxLength(14)); err == nil {
		return strings.TrimPrefix(s, "typeinfo name for ")
	}
	return mangled
}

func newSymtab(img *image, bias uint64) *symtab {
	t := &symtab{}
	for _, s := range img.symbols {
		typ := elf.ST_TYPE(s.Info)
		if s.Section == elf.SHN_UNDEF || s.Name == "" || typ == elf.STT_SECTION || typ == elf.STT_FILE {
			continue
		}
		// $x and $d mark code and data on RISC-V, .L are labels of the compiler.
		if s.Name[0] == '$' || strings.HasPrefix(s.Name, ".L") {
			continue
		}
		x := Symbol{Linker: s.Name, Addr: s.Value, Size: s.Size, Global: elf.ST_BIND(s.Info) != elf.STB_LOCAL}
		switch typ {
		case elf.STT_FUNC, elf.STT_GNU_IFUNC:
			x.Func = true
		case elf.STT_TLS:
			x.TLS = true
		case elf.STT_NOTYPE: // what an assembler makes of a label
			x.Func = int(s.Section) < len(img.isExec) && img.isExec[s.Section]
		}
		if s.Section == elf.SHN_ABS && !x.Func {
			continue
		}
		if !x.TLS {
			x.Addr += bias
		}
		t.syms = append(t.syms, x)
	}
	for _, s := range img.pltSymbols() {
		s.Addr += bias
		t.syms = append(t.syms, s)
	}
	rank := func(s *Symbol) int {
		n := 0
		if !s.Func {
			n += 4
		}
		if s.Size == 0 {
			n += 2
		}
		if !s.Global {
			n++
		}
		return n
	}
	slices.SortStableFunc(t.syms, func(a, b Symbol) int {
		if a.TLS != b.TLS { // offsets, not addresses: kept apart at the end
			if a.TLS {
				return 1
			}
			return -1
		}
		if c := compare(a.Addr, b.Addr); c != 0 {
			return c
		}
		if c := rank(&a) - rank(&b); c != 0 {
			return c
		}
		if c := strings.Count(a.Linker, "_") - strings.Count(b.Linker, "_"); c != 0 {
			return c // of aliases, memcpy rather than __memcpy_generic
		}
		return strings.Compare(a.Linker, b.Linker)
	})
	t.index(img, bias)
	return t
}

func (t *symtab) index(img *image, bias uint64) {
	t.maxEnd = make([]uint64, len(t.syms))
	t.high = make([]uint64, len(t.syms))
	t.byName = make([]int32, len(t.syms))
	var end uint64
	next := ^uint64(0)
	for i := len(t.syms) - 1; i >= 0; i-- {
		s := &t.syms[i]
		t.byName[i] = int32(i)
		t.syms[i].Name = demangled(s.Linker)
		if s.TLS {
			continue
		}
		t.high[i] = s.Addr + s.Size
		if s.Size == 0 {
			t.high[i] = s.Addr
			if code := img.codeAt(s.Addr - bias); code != nil {
				t.high[i] = min(next, s.Addr+uint64(len(code)))
			}
		}
		if i == 0 || t.syms[i-1].Addr != s.Addr {
			next = s.Addr
		}
	}
	for i := range t.syms {
		if !t.syms[i].TLS {
			end = max(end, t.high[i])
		}
		t.maxEnd[i] = end
	}
	slices.SortStableFunc(t.byName, func(a, b int32) int {
		x, y := &t.syms[a], &t.syms[b]
		if c := strings.Compare(x.Linker, y.Linker); c != 0 {
			return c
		}
		if x.Global != y.Global {
			if x.Global {
				return -1
			}
			return 1
		}
		return 0
	})
}

// SymbolAt finds the symbol that covers addr (or, for a label without a size,
// the nearest one before it in code) and addr's offset in it. Of several the
// innermost is taken, and of aliases a global function.
func (p *Program) SymbolAt(addr uint64) (sym Symbol, offset uint64, ok bool) {
	t := p.symtab
	i := sort.Search(len(t.syms), func(i int) bool { return t.syms[i].TLS || t.syms[i].Addr > addr }) - 1
	best := -1
	for ; i >= 0 && (t.maxEnd[i] > addr || t.syms[i].Addr == addr); i-- {
		if best >= 0 && t.syms[i].Addr != t.syms[best].Addr {
			break
		}
		if addr < t.high[i] || addr == t.syms[i].Addr {
			best = i
		}
	}
	if best < 0 {
		return Symbol{}, 0, false
	}
	return t.syms[best], addr - t.syms[best].Addr, true
}

// only finds the symbol of a linker name that no other symbol has.
func (t *symtab) only(name string) (Symbol, bool) {
	i := sort.Search(len(t.byName), func(i int) bool { return t.syms[t.byName[i]].Linker >= name })
	has := func(i int) bool { return i < len(t.byName) && t.syms[t.byName[i]].Linker == name }
	if !has(i) || has(i+1) {
		return Symbol{}, false
	}
	return t.syms[t.byName[i]], true
}

// SymbolNamed finds a symbol by its linker name or, failing that, its demangled
// name; global before local ones.
func (p *Program) SymbolNamed(name string) (Symbol, bool) {
	t := p.symtab
	i := sort.Search(len(t.byName), func(i int) bool { return t.syms[t.byName[i]].Linker >= name })
	if i < len(t.byName) && t.syms[t.byName[i]].Linker == name {
		return t.syms[t.byName[i]], true
	}
	for _, k := range t.byName {
		if t.syms[k].Name == name {
			return t.syms[k], true
		}
	}
	return Symbol{}, false
}
