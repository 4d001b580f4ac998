package symbols

import (
	"debug/elf"
)

// Load reads the ELF file at path. bias is what the loader added to the
// addresses in the file (0 for a fixed-address executable); all addresses that
// a Program takes and gives are guest addresses, with the bias applied.
//
// A file without debug information loads well: see [Program.HasDWARF].
func Load(path string, bias uint64) (*Program, error) { return nil, errNotYet }

// LoadFile is [Load] for an ELF file already opened; name stands for it in
// errors. The Program keeps no reference to f.
func LoadFile(f *elf.File, name string, bias uint64) (*Program, error) { return nil, errNotYet }

// Program is the debug information of one ELF file. Immutable; safe for
// concurrent use.
type Program struct {
	name string
}

// Name is the path, or whatever name the file was loaded under.
func (p *Program) Name() string { return p.name }

// HasDWARF reports whether the file has usable DWARF, and if not, why: for a
// person to read. Without it functions come from the ELF symbol table, and
// lines, types and variables are not known.
func (p *Program) HasDWARF() (bool, string) { return false, "" }

// PtrSize is the size of an address, in bytes.
func (p *Program) PtrSize() int { return 8 }

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

// SymbolAt finds the symbol that covers addr (or, for symbols without a size,
// the nearest one before it in the same section) and addr's offset in it.
func (p *Program) SymbolAt(addr uint64) (sym Symbol, offset uint64, ok bool) { return }

// SymbolNamed finds a symbol by its demangled or linker name; global before
// local ones.
func (p *Program) SymbolNamed(name string) (Symbol, bool) { return Symbol{}, false }
