package linux

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// An executable is read here from scratch rather than by debug/elf: the kernel
// looks at the ELF header and the program headers only, and a program whose
// section headers are damaged or stripped still runs.

// ELF structures (ELF-64, little-endian).
const (
	ehdrSize  = 64
	phdrSize  = 56
	maxPhdrs  = 1024
	maxInterp = 4096
)

// segment is a PT_LOAD program header.
type segment struct {
	off, vaddr, filesz, memsz uint64
	prot                      mem.Prot
}

// executable is what an ELF file says about running it.
type executable struct {
	arch     *arch
	pie      bool
	entry    uint64
	segments []segment // ascending by address
	phdr     uint64    // address of the program headers in memory, 0 if they are not there
	phnum    uint64
	interp   string // the dynamic loader that it asks for, empty for none
	align    uint64 // the largest alignment of a segment
	exec     bool   // it wants its stack to be executable
}

// machineNames tells people which programs are not supported.
var machineNames = map[elf.Machine]string{
	elf.EM_X86_64: "x86-64", elf.EM_386: "x86 (32-bit)", elf.EM_AARCH64: "ARM64", elf.EM_ARM: "ARM (32-bit)",
	elf.EM_RISCV: "RISC-V", elf.EM_PPC64: "PowerPC 64", elf.EM_S390: "IBM S/390", elf.EM_MIPS: "MIPS",
	elf.EM_LOONGARCH: "LoongArch", elf.EM_SPARCV9: "SPARC V9",
}

// magics tells what a file is that is no ELF file.
var magics = []struct{ start, what string }{
	{"#!", "a script"}, {"MZ", "a Windows program"}, {"\xcf\xfa\xed\xfe", "a macOS program"},
	{"\xca\xfe\xba\xbe", "a macOS program or a Java class"}, {"!<arch>", "a library archive"}, {"\x00asm", "a WebAssembly module"},
}

// notRunnable is the error for a file of the wrong kind.
func notRunnable(what string) error {
	return fmt.Errorf("%s; this build runs: %s Linux executables", what, supported())
}

// parseELF reads the headers. It believes nothing it has not checked.
func parseELF(file []byte) (*executable, error) {
	le := binary.LittleEndian
	if len(file) < 4 || string(file[:4]) != elf.ELFMAG {
		for _, m := range magics {
			if bytes.HasPrefix(file, []byte(m.start)) {
				return nil, notRunnable(m.what)
			}
		}
		if len(file) == 0 {
			return nil, notRunnable("an empty file")
		}
		return nil, notRunnable("not an ELF file")
	}
	if len(file) < ehdrSize {
		return nil, fmt.Errorf("damaged ELF file: it ends within the ELF header")
	}
	if elf.Data(file[elf.EI_DATA]) == elf.ELFDATA2MSB {
		return nil, notRunnable("a big-endian ELF file")
	}
	machine := elf.Machine(le.Uint16(file[18:]))
	typ := elf.Type(le.Uint16(file[16:]))
	x := &executable{}
	for _, a := range arches {
		if uint16(machine) == a.desc.ELF && elf.Class(file[elf.EI_CLASS]) == elf.ELFCLASS64 {
			x.arch = a
		}
	}
	if x.arch == nil {
		name := machineNames[machine]
		if name == "" {
			name = "unsupported"
		}
		switch machine { // of the other class
		case elf.EM_RISCV:
			name += " (32-bit)"
		case elf.EM_X86_64:
			name += " (x32, 32-bit addresses)"
		}
		return nil, notRunnable(fmt.Sprintf("%s %s (%s) executable", article(name), name, machine))
	}
	switch typ {
	case elf.ET_EXEC:
	case elf.ET_DYN:
		x.pie = true
	case elf.ET_REL:
		return nil, notRunnable("an object file (it has not been linked)")
	case elf.ET_CORE:
		return nil, notRunnable("a core dump")
	default:
		return nil, fmt.Errorf("damaged ELF file: type %d", uint16(typ))
	}
	x.entry = le.Uint64(file[24:])
	if err := x.readPhdrs(file); err != nil {
		return nil, err
	}
	return x, nil
}

func article(name string) string {
	if strings.ContainsRune("AEIOUaeioux", rune(name[0])) {
		return "an"
	}
	return "a"
}

func (x *executable) readPhdrs(file []byte) error {
	le := binary.LittleEndian
	phoff, phentsize := le.Uint64(file[32:]), le.Uint16(file[54:])
	x.phnum = uint64(le.Uint16(file[56:]))
	size := uint64(len(file))
	switch {
	case x.phnum == 0:
		return fmt.Errorf("damaged ELF file: an executable without program headers")
	case x.phnum > maxPhdrs:
		return fmt.Errorf("damaged ELF file: %d program headers", x.phnum)
	case phentsize != phdrSize:
		return fmt.Errorf("damaged ELF file: program headers of %d bytes, not %d", phentsize, phdrSize)
	case phoff > size || x.phnum*phdrSize > size-phoff:
		return fmt.Errorf("damaged ELF file: its program headers lie behind its end")
	}
	for i := range x.phnum {
		p := file[phoff+i*phdrSize:]
		off, vaddr, filesz, memsz := le.Uint64(p[8:]), le.Uint64(p[16:]), le.Uint64(p[32:]), le.Uint64(p[40:])
		switch elf.ProgType(le.Uint32(p)) {
		case elf.PT_INTERP:
			if off > size || filesz > size-off || filesz > maxInterp {
				return fmt.Errorf("damaged ELF file: PT_INTERP lies behind its end")
			}
			x.interp = strings.TrimRight(string(file[off:off+filesz]), "\x00")
			if x.interp == "" || strings.Contains(x.interp, "\x00") {
				return fmt.Errorf("damaged ELF file: PT_INTERP names no file")
			}
		case elf.PT_GNU_STACK:
			x.exec = elf.ProgFlag(le.Uint32(p[4:]))&elf.PF_X != 0
		case elf.PT_PHDR:
			x.phdr = vaddr
		case elf.PT_LOAD:
			s := segment{off: off, vaddr: vaddr, filesz: filesz, memsz: memsz}
			if err := s.check(size); err != nil {
				return fmt.Errorf("damaged ELF file: program header %d: %w", i, err)
			}
			flags := elf.ProgFlag(le.Uint32(p[4:]))
			if flags&elf.PF_R != 0 {
				s.prot |= mem.Read
			}
			if flags&elf.PF_W != 0 {
				s.prot |= mem.Read | mem.Write
			}
			if flags&elf.PF_X != 0 {
				s.prot |= mem.Exec
			}
			if memsz == 0 {
				continue
			}
			if n := len(x.segments); n > 0 && vaddr < x.segments[n-1].vaddr+x.segments[n-1].memsz {
				return fmt.Errorf("damaged ELF file: program header %d: segments overlap or are not in order of address", i)
			}
			x.segments = append(x.segments, s)
			if align := le.Uint64(p[48:]); align&(align-1) == 0 {
				x.align = max(x.align, align)
			}
			if x.phdr == 0 && off <= phoff && phoff+x.phnum*phdrSize <= off+filesz {
				x.phdr = vaddr + phoff - off
			}
		}
	}
	if len(x.segments) == 0 {
		return fmt.Errorf("damaged ELF file: an executable with nothing to load")
	}
	return nil
}

// check looks whether the segment can be mapped at all. Where its addresses may
// lie is the loader's business.
func (s *segment) check(size uint64) error {
	switch {
	case s.filesz > s.memsz:
		return fmt.Errorf("more bytes in the file (%#x) than in memory (%#x)", s.filesz, s.memsz)
	case s.filesz > 0 && (s.off > size || s.filesz > size-s.off):
		return fmt.Errorf("the file ends (at %#x) before the segment does (at %#x + %#x)", size, s.off, s.filesz)
	case s.off%mem.PageSize != s.vaddr%mem.PageSize:
		return fmt.Errorf("address %#x and offset %#x differ within the page", s.vaddr, s.off)
	case s.vaddr >= mem.MaxAddr || s.memsz >= mem.MaxAddr || s.vaddr+s.memsz > mem.MaxAddr:
		return fmt.Errorf("addresses %#x + %#x are out of range", s.vaddr, s.memsz)
	}
	return nil
}
