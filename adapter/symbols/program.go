package symbols

import (
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"slices"
	"sync"

	"github.com/dap-revexec/dap-revexec/adapter/files"
)

// Program is the debug information of one ELF file. Immutable; safe for
// concurrent use.
type Program struct {
	name string
	bias uint64
	img  *image
	why  string // why there is no DWARF; empty when there is

	d       *dwarf.Data
	units   []*Unit
	funcs   []*Function // ascending by Low
	ftab    funcTable
	insts   []instance
	inl     inlineTable
	lines   *lineTable
	symtab  *symtab
	origins map[dwarf.Offset]*origin
	frames  *frameTable
	byFile  map[int32][]lineRef // is_stmt rows of each file, by line

	funcDecl  []uint64 // where functions are declared, as positions in lineTable.pos
	instDecl  []uint64 // the same for the functions that inlined calls are of
	decls     []uint64 // all of them, sorted
	declInsts map[declKey][]int32

	types   []named                 // by name
	globals []named                 // by name
	enums   []named                 // enumerators, by name
	goTypes map[uint64]dwarf.Offset // by DW_AT_go_runtime_type
	quals   map[dwarf.Offset]string // types in namespaces and classes

	instanceOnce sync.Once
	instances    map[string]dwarf.Offset // of templates, by canonical name

	tlsgOnce sync.Once
	tlsg     uint64 // offset of runtime.tlsg in thread-local storage: see Goroutine

	mu      sync.Mutex // guards the caches below
	typeAt  map[dwarf.Offset]*Type
	derived map[derivedKey]*Type
	scopes  map[int]*scopeTree // by function
	vars    map[dwarf.Offset]*Variable
}

// Source says where ELF files and what was stripped off them are read from. The
// zero value means this machine.
type Source struct {
	// Files are the files to read; nil: the host's.
	Files files.Files
	// DebugDirs are where separate debug files are looked for before
	// /usr/lib/debug.
	DebugDirs []string
}

// Load is [Source.Load] from this machine's files.
func Load(path string, bias uint64, debugDirs ...string) (*Program, error) {
	return Source{DebugDirs: debugDirs}.Load(path, bias)
}

// Load reads the ELF file at path. bias is what the loader added to the
// addresses in the file (0 for a fixed-address executable); all addresses that
// a Program takes and gives are guest addresses, with the bias applied.
//
// Debug information that was stripped off is read from its own file. A file
// without debug information, or with damaged one, loads well: see
// [Program.HasDWARF].
func (s Source) Load(path string, bias uint64) (*Program, error) {
	return s.loadWith(path, bias, (*image).addDebug)
}

// Skim is [Source.Load] but for debug information in a separate file: of that it
// reads the symbol table only, which takes a fraction of the time.
func (s Source) Skim(path string, bias uint64) (*Program, error) {
	return s.loadWith(path, bias, (*image).addSymbols)
}

// loadWith reads an ELF file; add takes what is wanted of its separate debug file.
func (s Source) loadWith(path string, bias uint64, add func(*image, *elf.File, string) error) (*Program, error) {
	f, err := s.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, err := guardImage(f.File, path)
	if err != nil {
		return nil, err
	}
	var why string
	if len(img.sections[".debug_info"]) == 0 {
		var d *elfFile
		var name string
		if d, name, why = s.separate(f.File, path, img.buildID); d != nil {
			err := guard(func() error { return add(img, d.File, name) })
			d.Close()
			if err != nil {
				// Half of it is worse than none.
				why = err.Error()
				if img, err = guardImage(f.File, path); err != nil {
					return nil, err
				}
			}
		}
	}
	return newProgram(img, path, bias, why)
}

// LoadFile is [Source.Load] for an ELF file already opened, without a separate debug
// file; name stands for it in errors. The Program keeps no reference to f.
func LoadFile(f *elf.File, name string, bias uint64) (*Program, error) {
	img, err := guardImage(f, name)
	if err != nil {
		return nil, err
	}
	return newProgram(img, name, bias, "")
}

// Unknown stands for a file of the given ELF machine about which nothing is known,
// and says why: as for one that is not there. All its tables are empty.
func Unknown(machine uint16, name, why string) (*Program, error) {
	a := archFor(elf.Machine(machine))
	if a == nil {
		return nil, notSupported(name, elf.Machine(machine))
	}
	return newProgram(&image{name: name, arch: a, ptrSize: 8, sections: map[string][]byte{}}, name, 0, why)
}

// Glance looks at the ELF file at path without reading it: at its build ID, empty
// if it has none, and whether it carries debug information itself.
func (s Source) Glance(path string) (buildID string, hasDWARF bool, err error) {
	f, err := s.open(path)
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	return fileBuildID(f.File), carriesDWARF(f.File), nil
}

// Exported lists the symbols that the ELF file at path exports to the dynamic
// loader, without reading the rest of the file. Their Name is their linker name.
func (s Source) Exported(path string, bias uint64) []Symbol {
	f, err := s.open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var out []Symbol
	_ = guard(func() error { // a damaged table exports what was found in it
		list, err := f.DynamicSymbols()
		for _, s := range list {
			typ := elf.ST_TYPE(s.Info)
			if s.Section == elf.SHN_UNDEF || s.Section == elf.SHN_ABS || s.Name == "" || typ == elf.STT_SECTION || elf.ST_BIND(s.Info) == elf.STB_LOCAL {
				continue
			}
			x := Symbol{
				Name: s.Name, Linker: s.Name, Addr: s.Value, Size: s.Size, Global: true,
				Func: typ == elf.STT_FUNC || typ == elf.STT_GNU_IFUNC, TLS: typ == elf.STT_TLS,
			}
			if !x.TLS {
				x.Addr += bias
			}
			out = append(out, x)
		}
		return err
	})
	return out
}

// ExportedFunctions finds functions that the ELF file at path exports to the dynamic
// loader, by their linker names, without reading the rest of the file.
func (s Source) ExportedFunctions(path string, bias uint64, names ...string) map[string]uint64 {
	f, err := s.open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	found := map[string]uint64{}
	_ = guard(func() error { // a damaged table exports what was found in it
		list, err := f.DynamicSymbols()
		for _, s := range list {
			if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Section != elf.SHN_UNDEF && slices.Contains(names, s.Name) {
				found[s.Name] = s.Value + bias
			}
		}
		return err
	})
	return found
}

// elfFile is an open ELF file.
type elfFile struct {
	*elf.File
	file files.File
}

// Close closes the file.
func (f *elfFile) Close() { _ = f.file.Close() } // opened for reading only

// open opens an ELF file; the error names it.
func (s Source) open(path string) (*elfFile, error) {
	from := s.Files
	if from == nil {
		from = files.Host
	}
	file, err := from.Open(path)
	if err != nil {
		return nil, err
	}
	f, err := elf.NewFile(file)
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s: not a readable ELF file: %w", path, err)
	}
	return &elfFile{f, file}, nil
}

func guardImage(f *elf.File, name string) (img *image, err error) {
	err = guard(func() error {
		img, err = readImage(f, name)
		return err
	})
	return img, err
}

// newProgram makes a program of what was read. separate says why the debug information
// that was stripped off could not be had.
func newProgram(img *image, name string, bias uint64, separate string) (p *Program, err error) {
	p = &Program{
		name: name, bias: bias, img: img, lines: &lineTable{files: []string{""}},
		typeAt: map[dwarf.Offset]*Type{}, derived: map[derivedKey]*Type{},
		scopes: map[int]*scopeTree{}, vars: map[dwarf.Offset]*Variable{},
	}
	err = guard(func() error {
		p.symtab = newSymtab(img, bias)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: section .symtab: %w", name, err)
	}
	var s *scanner
	err = guard(func() error {
		s, err = p.readDWARF()
		return err
	})
	switch {
	case err != nil:
		p.why = fmt.Sprintf("%s: %v", name, err)
		s = nil
	case s == nil:
		p.why = name + " was built without debug information (no .debug_info section; build with -g)"
		if separate != "" {
			p.why = fmt.Sprintf("%s has no debug information: %s", name, separate)
		}
	}
	p.index(s)
	p.frames = newFrameTable(img, bias)
	return p, nil
}

// readDWARF reads what is indexed at once. Both results are nil without DWARF.
func (p *Program) readDWARF() (*scanner, error) {
	sec := p.img.sections
	if len(sec[".debug_info"]) == 0 {
		return nil, nil
	}
	headers, err := vet(sec)
	if err != nil {
		return nil, err
	}
	d, err := dwarf.New(sec[".debug_abbrev"], nil, nil, sec[".debug_info"], sec[".debug_line"], nil, sec[".debug_ranges"], sec[".debug_str"])
	if err != nil {
		return nil, err
	}
	for _, name := range []string{".debug_addr", ".debug_line_str", ".debug_str_offsets", ".debug_rnglists"} {
		if err := d.AddSection(name, sec[name]); err != nil {
			return nil, err
		}
	}
	s := &scanner{d: d, img: p.img, bias: p.bias, ranges: newRangeReader(sec, p.bias), lines: newLineBuilder(d, p.img, p.bias)}
	if err := s.scan(headers); err != nil {
		return nil, err
	}
	return s, nil
}

// index turns what the scanner found, nil without DWARF, into the tables that
// answer questions.
func (p *Program) index(s *scanner) {
	if s == nil {
		p.funcs = symbolFuncs(p.symtab, &funcTable{})
		p.sortFuncs()
		p.ftab.build(p.funcs)
		return
	}
	p.d, p.units, p.origins, p.goTypes, p.quals = s.d, s.units, s.origins, s.goTypes, s.quals
	p.lines = s.lines.table()
	p.insts = s.insts
	p.inl.build(p.insts)
	for _, f := range s.funcs {
		o := p.origin(f.die)
		f.Name, f.Linker = o.fullName()
		f.DeclFile, f.DeclLine = p.lines.files[o.unit.file(o.file)], int(o.line)
		if f.Name == "" {
			if sym, off, ok := p.SymbolAt(f.Low); ok && off == 0 {
				f.Name = sym.Name
			}
		}
	}
	var dw funcTable
	dw.build(s.funcs)
	p.funcs = append(s.funcs, symbolFuncs(p.symtab, &dw)...)
	moved := p.sortFuncs()
	for i := range p.insts {
		p.insts[i].fn = moved[p.insts[i].fn]
	}
	p.ftab.build(p.funcs)
	p.statements()
	p.indexLines()
	p.indexDecls()
	p.indexNames(s)
}

// sortFuncs sorts the functions by entry and tells where each went.
func (p *Program) sortFuncs() []int32 {
	for i, f := range p.funcs {
		f.id = i
	}
	slices.SortStableFunc(p.funcs, func(a, b *Function) int { return compare(a.Low, b.Low) })
	moved := make([]int32, len(p.funcs))
	for i, f := range p.funcs {
		moved[f.id] = int32(i)
		f.id = i
	}
	return moved
}

// Name is the path, or whatever name the file was loaded under.
func (p *Program) Name() string { return p.name }

// Bias is what was added to the addresses in the file.
func (p *Program) Bias() uint64 { return p.bias }

// Arch is the architecture, named as GOARCH has it.
func (p *Program) Arch() string { return p.img.arch.name }

// HasDWARF reports whether the file has usable DWARF, and if not, why: for a
// person to read. Without it functions come from the ELF symbol table, and
// lines, types and variables are not known.
func (p *Program) HasDWARF() (ok bool, why string) { return p.why == "", p.why }

// Entry is the address of the first instruction, 0 if the file has none.
func (p *Program) Entry() uint64 {
	if p.img.entry == 0 {
		return 0
	}
	return p.img.entry + p.bias
}

// BuildID is the linker's hash of the file, as hexadecimal digits; empty if it
// has none.
func (p *Program) BuildID() string { return p.img.buildID }

// DebugFile is the path of the separate file that the debug information was read
// from; empty when it is in the file itself, or nowhere.
func (p *Program) DebugFile() string { return p.img.debugFile }

// Warnings says what else in the file could not be used, for a log.
func (p *Program) Warnings() []string {
	out := slices.Clone(p.img.notes)
	if p.frames.why != "" {
		out = append(out, p.frames.why)
	}
	return out
}

// PtrSize is the size of an address, in bytes.
func (p *Program) PtrSize() int { return p.img.ptrSize }

// InCode reports whether addr lies in the file's machine code.
func (p *Program) InCode(addr uint64) bool { return p.img.codeAt(addr-p.bias) != nil }

// guard is the package's one recover: whatever a parser of damaged data panics
// with becomes an error. Exhausted memory and stacks can't be recovered from,
// so parsers bound both; see vet.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("malformed debug information (%v)", r)
		}
	}()
	return f()
}
