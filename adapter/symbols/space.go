package symbols

import (
	"sort"
	"strings"
)

// Part is a file mapped into an address space.
type Part struct {
	Low, High uint64 // where it is mapped, data included, [Low, High)
	// Load returns the file's debug information. It is called when it is first
	// needed, and not again; nil means that there is none to be had.
	Load func() *Program
	// Own says that the file brings its debug information itself, rather than in
	// a separate file.
	Own bool
	// Skim returns what [Skim] does for the file, in place of Load where that is
	// enough. It is called when it is first needed, and not again; nil means that
	// only Load will do.
	Skim func() *Program
	// Exports lists the symbols that the file exports to the dynamic loader,
	// without reading the rest. It is called when it is first needed, and not
	// again; nil means that it exports nothing.
	Exports func() []Symbol

	prog   *Program
	loaded bool

	skimmed *Program
	skims   bool // skimmed has been asked for

	exports []Symbol
	asked   bool // for exports
}

// Loaded reports whether the debug information has been asked for.
func (p *Part) Loaded() bool { return p.loaded }

// Program is the part's debug information, nil when there is none.
func (p *Part) Program() *Program {
	if !p.loaded {
		p.loaded = true
		if p.Load != nil {
			p.prog = p.Load()
		}
	}
	return p.prog
}

// glance is the part's debug information as far as it has been read; at least the
// symbols and what unwinds stacks. nil when there is none.
func (p *Part) glance() *Program {
	if p.loaded || p.Own || p.Skim == nil {
		return p.Program()
	}
	if !p.skims {
		p.skims = true
		p.skimmed = p.Skim()
	}
	return p.skimmed
}

// exported are the symbols that the file exports.
func (p *Part) exported() []Symbol {
	if !p.asked {
		p.asked = true
		if p.Exports != nil {
			p.exports = p.Exports()
		}
	}
	return p.exports
}

// hasExport reports whether the file exports a symbol of that name, as the linker
// or as the language has it.
func (p *Part) hasExport(name string) bool {
	// A mangled name contains its last part as it is, and demangling takes long.
	last := name[strings.LastIndex(name, ":")+1:]
	if i := strings.IndexAny(last, "<("); i >= 0 {
		last = last[:i]
	}
	for _, s := range p.exported() {
		if s.Linker == name || strings.HasPrefix(s.Linker, "_") && last != "" && strings.Contains(s.Linker, last) && demangled(s.Linker) == name {
			return true
		}
	}
	return false
}

// Space is the debug information of all files in an address space: the executable,
// its libraries, the dynamic loader. It answers by address what a [Program] does,
// and unwinds stacks that lead from one file into another.
//
// Unlike a Program it belongs to one goroutine, as files are loaded when they are
// first asked for.
type Space struct {
	main  *Program
	parts []*Part // ascending, not overlapping
	last  *Part   // where the last address asked for was
}

// NewSpace returns the space of main's process with the given parts, in any
// order, of which main may be one. Of parts that overlap the first stays.
func NewSpace(main *Program, parts ...*Part) *Space {
	s := &Space{main: main}
	for _, p := range parts {
		i := sort.Search(len(s.parts), func(i int) bool { return s.parts[i].Low >= p.Low })
		if p.Low >= p.High || i > 0 && s.parts[i-1].High > p.Low || i < len(s.parts) && s.parts[i].Low < p.High {
			continue
		}
		s.parts = append(s.parts, nil)
		copy(s.parts[i+1:], s.parts[i:])
		s.parts[i] = p
	}
	return s
}

// Main is the executable's debug information.
func (s *Space) Main() *Program { return s.main }

// Parts lists the files, ascending by address. The caller must not change it.
func (s *Space) Parts() []*Part { return s.parts }

// At finds the file that is mapped at an address, nil if there is none or if it
// can't be read. A space without parts has the executable everywhere.
func (s *Space) At(addr uint64) *Program {
	if len(s.parts) == 0 {
		return s.main
	}
	if x := s.part(addr); x != nil {
		return x.Program()
	}
	return nil
}

// Glance is [Space.At] for one who is content with what has been read so far, with
// symbols and with what unwinds stacks: it does not read debug information in
// separate files.
func (s *Space) Glance(addr uint64) *Program {
	if len(s.parts) == 0 {
		return s.main
	}
	if x := s.part(addr); x != nil {
		return x.glance()
	}
	return nil
}

// part finds the part that an address is in, nil if there is none.
func (s *Space) part(addr uint64) *Part {
	if l := s.last; l != nil && addr-l.Low < l.High-l.Low {
		return l
	}
	i := sort.Search(len(s.parts), func(i int) bool { return s.parts[i].High > addr })
	if i == len(s.parts) || addr < s.parts[i].Low {
		return nil
	}
	s.last = s.parts[i]
	return s.last
}

// orMain is p or, if that is nil, the executable's: which knows the architecture.
func (s *Space) orMain(p *Program) *Program {
	if p != nil {
		return p
	}
	return s.main
}

// Programs lists the debug information of the files, the executable's first,
// loading what has not been: of all files, or only of those that bring it
// themselves, since separate debug information is large and seldom what is meant.
func (s *Space) Programs(all bool) []*Program {
	out := []*Program{s.main}
	for _, x := range s.parts {
		if !all && !x.Own {
			continue
		}
		if p := x.Program(); p != nil && p != s.main {
			out = append(out, p)
		}
	}
	return out
}

// Exporters lists the debug information of the files that export a symbol to the
// dynamic loader, without the executable's. Only theirs is loaded for it.
func (s *Space) Exporters(name string) []*Program {
	var out []*Program
	for _, x := range s.parts {
		if x.hasExport(name) {
			if p := x.Program(); p != nil && p != s.main {
				out = append(out, p)
			}
		}
	}
	return out
}

// symbol finds a data symbol that the dynamic loader knows, by its linker name.
// What has not been read is not read for it.
func (s *Space) symbol(name string) (Symbol, bool) {
	for _, x := range s.parts {
		for _, sym := range x.exported() {
			if sym.Linker == name && !sym.Func && !sym.TLS {
				return sym, true
			}
		}
	}
	return Symbol{}, false
}

// LineAt is [Program.LineAt] in whichever file pc is.
func (s *Space) LineAt(pc uint64) (Line, bool) {
	if p := s.At(pc); p != nil {
		return p.LineAt(pc)
	}
	return Line{}, false
}

// FuncAt is [Program.FuncAt] in whichever file pc is.
func (s *Space) FuncAt(pc uint64) *Function {
	if p := s.At(pc); p != nil {
		return p.FuncAt(pc)
	}
	return nil
}

// SymbolAt is [Program.SymbolAt] in whichever file addr is.
func (s *Space) SymbolAt(addr uint64) (sym Symbol, offset uint64, ok bool) {
	return s.orMain(s.Glance(addr)).SymbolAt(addr)
}

// InlineChain is [Program.InlineChain] in whichever file pc is.
func (s *Space) InlineChain(pc uint64) []InlineFrame {
	if p := s.At(pc); p != nil {
		return p.InlineChain(pc)
	}
	return nil
}

// InlineDepth is [Program.InlineDepth] in whichever file pc is.
func (s *Space) InlineDepth(pc uint64) int {
	if p := s.At(pc); p != nil {
		return p.InlineDepth(pc)
	}
	return 0
}

// IsStatementStart is [Program.IsStatementStart] in whichever file pc is.
func (s *Space) IsStatementStart(pc, lastPC uint64) bool {
	p := s.At(pc)
	return p != nil && p.IsStatementStart(pc, lastPC)
}

// InPLT reports whether an address lies in a procedure linkage table: a stub that
// jumps to a function of another file.
func (s *Space) InPLT(addr uint64) bool {
	p := s.Glance(addr)
	return p != nil && p.inPLT(addr)
}

// Innermost is [Program.Innermost] in whichever file pc is.
func (s *Space) Innermost(pc uint64, regs Regs, mem Memory) *Frame {
	f := &Frame{PC: pc, Regs: regs, Exact: true, space: s}
	f.complete(mem)
	return f
}

// CFA is [Program.CFA] in whichever file pc is.
func (s *Space) CFA(pc uint64, regs Regs, mem Memory) (uint64, error) {
	return s.Innermost(pc, regs, mem).cfa()
}

// Backtrace is [Program.Backtrace] over all files.
func (s *Space) Backtrace(pc uint64, regs Regs, mem Memory, limit int) ([]*Frame, error) {
	if limit <= 0 {
		return nil, nil
	}
	return unwindFrom(s.Innermost(pc, regs, mem), mem, limit)
}
