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
	sections map[string][]byte
	ehFrame  uint64 // address of .eh_frame
	tlsSize  uint64
	tlsAlign uint64
	symbols  []elf.Symbol
	isExec   []bool // section index → holds code
	notes    []string
}

// readImage takes what is needed out of f.
func readImage(f *elf.File, name string) (*image, error) {
	a := archFor(f.Machine)
	if a == nil {
		var known []string
		for _, a := range arches {
			known = append(known, a.name)
		}
		return nil, fmt.Errorf("%s: machine %v is not supported (supported: %s)", name, f.Machine, strings.Join(known, ", "))
	}
	if f.Class != elf.ELFCLASS64 || f.Data != elf.ELFDATA2LSB {
		return nil, fmt.Errorf("%s: %v, %v: only 64-bit little-endian files are supported", name, f.Class, f.Data)
	}
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return nil, fmt.Errorf("%s: %v: not an executable or a shared library", name, f.Type)
	}
	m := &image{name: name, arch: a, ptrSize: 8, entry: f.Entry, sections: map[string][]byte{}}

	// The file's size is not known here; its sections' own sizes bound it.
	var onDisk uint64
	for _, s := range f.Sections {
		if s.Type != elf.SHT_NOBITS {
			onDisk += min(s.FileSize, maxSection)
		}
	}
	budget := minBudget + min(onDisk, math.MaxInt64/maxExpansion)*maxExpansion

	m.isExec = make([]bool, len(f.Sections))
	for i, s := range f.Sections {
		m.isExec[i] = s.Flags&elf.SHF_EXECINSTR != 0
		wanted := strings.HasPrefix(s.Name, ".debug_") || s.Name == ".eh_frame"
		code := m.isExec[i] && s.Type == elf.SHT_PROGBITS && s.Flags&elf.SHF_COMPRESSED == 0
		if !wanted && !code || s.Type == elf.SHT_NOBITS {
			continue
		}
		if s.Size > maxSection || s.Size > budget {
			return nil, fmt.Errorf("%s: section %s claims %d bytes: too large", name, s.Name, s.Size)
		}
		data, err := s.Data()
		if err != nil {
			return nil, sectionError(name, s.Name, err)
		}
		budget -= s.Size
		if code {
			m.text = append(m.text, textSeg{Range{s.Addr, s.Addr + uint64(len(data))}, data})
			continue
		}
		if _, twice := m.sections[s.Name]; twice {
			return nil, fmt.Errorf("%s: two sections named %s", name, s.Name)
		}
		m.sections[s.Name] = data
		if s.Name == ".eh_frame" {
			m.ehFrame = s.Addr
		}
	}
	if len(m.text) == 0 {
		m.textFromSegments(f)
	}
	slices.SortFunc(m.text, func(a, b textSeg) int { return compare(a.Low, b.Low) })
	for _, ph := range f.Progs {
		if ph.Type == elf.PT_TLS {
			m.tlsSize, m.tlsAlign = ph.Memsz, ph.Align
		}
	}
	syms, err := f.Symbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		m.notes = append(m.notes, sectionError(name, ".symtab", err).Error())
	}
	if len(syms) == 0 {
		syms, _ = f.DynamicSymbols()
	}
	m.symbols = syms
	return m, nil
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
