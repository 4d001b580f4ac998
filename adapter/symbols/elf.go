package symbols

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Limits on what a file may make the reader hold. Real files stay far below:
// DWARF compresses to a third or a fifth.
const (
	maxSection   = 1 << 30 // bytes of one section, decompressed
	maxExpansion = 64      // decompressed bytes for each byte of the file
	minBudget    = 16 << 20
)

// textSeg is a stretch of machine code.
type textSeg struct {
	Range
	code []byte
}

// image is what the reader needs of an ELF file.
type image struct {
	name     string
	arch     *arch
	ptrSize  int
	entry    uint64
	text     []textSeg // ascending
	plt      []Range   // what of it are procedure linkage tables
	sections map[string][]byte
	ehFrame  uint64 // address of .eh_frame
	dynamic  uint64 // address of the dynamic section, 0 if there is none
	tlsSize  uint64
	tlsAlign uint64
	symbols  []elf.Symbol
	isExec   []bool // section index → holds code
	notes    []string

	buildID   string // hexadecimal digits; empty if there is none
	debugFile string // the separate debug file that was read, if one was

	slots map[uint64]string // words that the dynamic loader fills with a function's address
}

// readImage takes what is needed out of f.
func readImage(f *elf.File, name string) (*image, error) {
	a := archFor(f.Machine)
	if a == nil {
		return nil, notSupported(name, f.Machine)
	}
	if f.Class != elf.ELFCLASS64 || f.Data != elf.ELFDATA2LSB {
		return nil, fmt.Errorf("%s: %v, %v: only 64-bit little-endian files are supported", name, f.Class, f.Data)
	}
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return nil, fmt.Errorf("%s: %v: not an executable or a shared library", name, f.Type)
	}
	m := &image{name: name, arch: a, ptrSize: 8, entry: f.Entry, sections: map[string][]byte{}}

	if err := m.readSections(f, name, true); err != nil {
		return nil, err
	}
	if len(m.text) == 0 {
		m.textFromSegments(f)
	}
	slices.SortFunc(m.text, func(a, b textSeg) int { return compare(a.Low, b.Low) })
	for _, ph := range f.Progs {
		if ph.Type == elf.PT_TLS {
			m.tlsSize, m.tlsAlign = ph.Memsz, ph.Align
		}
		if ph.Type == elf.PT_DYNAMIC {
			m.dynamic = ph.Vaddr
		}
	}
	m.buildID = fileBuildID(f)
	m.readSymbols(f, name)
	dynamic, _ := f.DynamicSymbols()
	if len(m.symbols) == 0 {
		m.symbols = dynamic
	}
	m.readSlots(f, dynamic)
	return m, nil
}

func notSupported(name string, m elf.Machine) error {
	var known []string
	for _, a := range arches {
		known = append(known, a.name)
	}
	return fmt.Errorf("%s: machine %v is not supported (supported: %s)", name, m, strings.Join(known, ", "))
}

// addDebug takes what a separate debug file has: DWARF and the symbol table. Of
// code it has only where it would be.
func (m *image) addDebug(f *elf.File, name string) error {
	if err := m.readSections(f, name, false); err != nil {
		return err
	}
	return m.addSymbols(f, name)
}

// addSymbols takes the symbol table that a separate debug file has.
func (m *image) addSymbols(f *elf.File, name string) error {
	old, exec := m.symbols, m.isExec
	m.readSymbols(f, name)
	if len(m.symbols) == 0 {
		m.symbols, m.isExec = old, exec
	}
	m.debugFile = name
	return nil
}

// readSymbols reads .symtab.
func (m *image) readSymbols(f *elf.File, name string) {
	syms, err := f.Symbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		m.notes = append(m.notes, sectionError(name, ".symtab", err).Error())
	}
	m.symbols = syms
	m.isExec = make([]bool, len(f.Sections))
	for i, s := range f.Sections {
		m.isExec[i] = s.Flags&elf.SHF_EXECINSTR != 0
	}
}

// readSections reads the debug information and, if the file is the one that is
// run, the code and what unwinds it.
func (m *image) readSections(f *elf.File, name string, run bool) error {
	// The file's size is not known here; its sections' own sizes bound it.
	var onDisk uint64
	for _, s := range f.Sections {
		if s.Type != elf.SHT_NOBITS {
			onDisk += min(s.FileSize, maxSection)
		}
	}
	budget := minBudget + min(onDisk, math.MaxInt64/maxExpansion)*maxExpansion
	seen := map[string]bool{}
	for _, s := range f.Sections {
		wanted := strings.HasPrefix(s.Name, ".debug_") || s.Name == ".eh_frame" && run
		code := run && s.Flags&elf.SHF_EXECINSTR != 0 && s.Type == elf.SHT_PROGBITS && s.Flags&elf.SHF_COMPRESSED == 0
		if !wanted && !code || s.Type == elf.SHT_NOBITS {
			continue
		}
		if s.Size > maxSection || s.Size > budget {
			return fmt.Errorf("%s: section %s claims %d bytes: too large", name, s.Name, s.Size)
		}
		data, err := s.Data()
		if err != nil {
			return sectionError(name, s.Name, err)
		}
		budget -= s.Size
		if code {
			r := Range{s.Addr, s.Addr + uint64(len(data))}
			m.text = append(m.text, textSeg{r, data})
			if strings.HasPrefix(s.Name, ".plt") || s.Name == ".iplt" {
				m.plt = append(m.plt, r)
			}
			continue
		}
		if seen[s.Name] {
			return fmt.Errorf("%s: two sections named %s", name, s.Name)
		}
		seen[s.Name] = true
		m.sections[s.Name] = data
		if s.Name == ".eh_frame" {
			m.ehFrame = s.Addr
		}
	}
	return nil
}

// textFromSegments serves files without section headers.
func (m *image) textFromSegments(f *elf.File) {
	for _, ph := range f.Progs {
		if ph.Type != elf.PT_LOAD || ph.Flags&elf.PF_X == 0 || ph.Filesz > maxSection {
			continue
		}
		data, err := io.ReadAll(io.LimitReader(ph.Open(), maxSection))
		if err != nil {
			m.notes = append(m.notes, fmt.Sprintf("%s: segment at %#x: %v", m.name, ph.Vaddr, err))
		}
		m.text = append(m.text, textSeg{Range{ph.Vaddr, ph.Vaddr + uint64(len(data))}, data})
	}
}

func sectionError(file, section string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s: section %s is truncated", file, section)
	}
	return fmt.Errorf("%s: section %s: %w", file, section, err)
}

// codeAt returns the machine code from addr to the end of its section, nil when
// addr is not in code. Addresses are the file's.
func (m *image) codeAt(addr uint64) []byte {
	lo, hi := 0, len(m.text)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if m.text[mid].High <= addr {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(m.text) || addr < m.text[lo].Low {
		return nil
	}
	return m.text[lo].code[addr-m.text[lo].Low:]
}

// inPLT reports whether addr lies in a procedure linkage table: stubs that jump
// to functions of other files.
func (p *Program) inPLT(addr uint64) bool {
	for _, r := range p.img.plt {
		if r.Contains(addr - p.bias) {
			return true
		}
	}
	return false
}

// flowAt classifies the instruction at addr.
func (m *image) flowAt(addr uint64) flow { return m.arch.classify(m.codeAt(addr)) }

// afterCall reports whether the instruction before addr is a call.
func (m *image) afterCall(addr uint64) bool {
	const back = 8
	for n := uint64(back); n >= 2; n -= 2 {
		if code := m.codeAt(addr - n); uint64(len(code)) >= n {
			return m.arch.callBefore(code[:n])
		}
	}
	return false
}
