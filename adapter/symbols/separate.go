package symbols

import (
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/files"
)

// Distributions strip programs and libraries and ship what was taken off in files
// of their own: found by build ID, a hash that the linker put into both, or by
// name and checksum ("Debugging with GDB", section "Separate Debug Files").

// DebugDir is where separate debug files are installed.
const DebugDir = "/usr/lib/debug"

const (
	maxNotes   = 1 << 16 // bytes of notes looked at
	noteID     = 3       // NT_GNU_BUILD_ID
	maxBuildID = 64      // bytes
)

// buildIDIn finds the build ID in ELF notes, as hexadecimal digits; empty if there
// is none.
func buildIDIn(notes []byte) string {
	for c := (cursor{b: notes}); c.left() >= 12; {
		nameSize, size, typ := uint64(c.u32()), uint64(c.u32()), c.u32()
		name := c.bytes((nameSize + 3) &^ 3)
		desc := c.bytes((size + 3) &^ 3)
		if c.bad {
			return ""
		}
		if typ == noteID && string(name) == "GNU\x00" && size <= maxBuildID {
			return hex.EncodeToString(desc[:size])
		}
	}
	return ""
}

// fileBuildID is the build ID of an ELF file, empty if it has none.
func fileBuildID(f *elf.File) string {
	for _, s := range f.Sections {
		if s.Type == elf.SHT_NOTE && s.Size <= maxNotes && s.Flags&elf.SHF_COMPRESSED == 0 {
			if data, err := s.Data(); err == nil {
				if id := buildIDIn(data); id != "" {
					return id
				}
			}
		}
	}
	for _, ph := range f.Progs {
		if ph.Type == elf.PT_NOTE && ph.Filesz <= maxNotes {
			data, err := io.ReadAll(ph.Open())
			if id := buildIDIn(data); err == nil && id != "" {
				return id
			}
		}
	}
	return ""
}

// Mapped is what the headers of a file say that lies in guest memory.
type Mapped struct {
	Bias    uint64 // what was added to the addresses in the file
	Low     uint64 // all that is loaded of it, and its zeroed data,
	High    uint64 // lies in [Low, High)
	BuildID string // empty if there is none
}

// ReadMapped reads the headers of an ELF file whose start is mapped at base.
func ReadMapped(mem Memory, base uint64) (Mapped, error) {
	const ehdrSize, phdrSize, maxPhdrs = 64, 56, 1 << 10
	read := func(addr uint64, n int) ([]byte, error) {
		b := make([]byte, n)
		if mem.ReadMemory(addr, b) != n {
			return nil, fmt.Errorf("can't read the ELF headers at %#x in memory", addr)
		}
		return b, nil
	}
	le := binary.LittleEndian
	h, err := read(base, ehdrSize)
	switch {
	case err != nil:
		return Mapped{}, err
	case string(h[:4]) != elf.ELFMAG || h[elf.EI_CLASS] != byte(elf.ELFCLASS64) || h[elf.EI_DATA] != byte(elf.ELFDATA2LSB):
		return Mapped{}, fmt.Errorf("what is at %#x in memory is not a 64-bit little-endian ELF file", base)
	case le.Uint16(h[54:]) != phdrSize || le.Uint16(h[56:]) > maxPhdrs || le.Uint64(h[32:]) > 1<<20:
		return Mapped{}, fmt.Errorf("the ELF headers at %#x in memory are damaged", base)
	}
	table, err := read(base+le.Uint64(h[32:]), int(le.Uint16(h[56:]))*phdrSize)
	if err != nil {
		return Mapped{}, err
	}
	out := Mapped{Bias: math.MaxUint64}
	for i := 0; i < len(table); i += phdrSize {
		p := table[i:]
		if elf.ProgType(le.Uint32(p)) == elf.PT_LOAD && out.Bias == math.MaxUint64 {
			out.Bias = base - le.Uint64(p[16:])&^4095
			out.Low, out.High = base, base
		}
		if end := le.Uint64(p[16:]) + le.Uint64(p[40:]); elf.ProgType(le.Uint32(p)) == elf.PT_LOAD && end < 1<<47 {
			out.High = max(out.High, out.Bias+((end+4095)&^4095))
		}
	}
	if out.Bias == math.MaxUint64 {
		return Mapped{}, fmt.Errorf("the ELF file at %#x in memory has nothing to load", base)
	}
	for i := 0; i < len(table); i += phdrSize {
		p := table[i:]
		if size := le.Uint64(p[40:]); elf.ProgType(le.Uint32(p)) == elf.PT_NOTE && size <= maxNotes && out.BuildID == "" {
			if notes, err := read(out.Bias+le.Uint64(p[16:]), int(size)); err == nil {
				out.BuildID = buildIDIn(notes)
			}
		}
	}
	return out, nil
}

// DebugFile finds the separate debug file of the ELF file at path. ok is false if
// there is none, or the file has its debug information itself.
func (s Source) DebugFile(path string) (name string, ok bool) {
	f, err := s.open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	err = guard(func() error {
		if carriesDWARF(f.File) {
			return nil
		}
		var d *elfFile
		if d, name, _ = s.separate(f.File, path, fileBuildID(f.File)); d != nil {
			d.Close()
			ok = true
		}
		return nil
	})
	return name, ok && err == nil
}

// carriesDWARF reports whether an ELF file has debug information itself.
func carriesDWARF(f *elf.File) bool {
	s := f.Section(".debug_info")
	return s != nil && s.Type != elf.SHT_NOBITS && s.Size > 0
}

// separate finds the file with the debug information that was stripped off f.
// The file is nil when there is none; why then says what was looked for.
func (s Source) separate(f *elf.File, path, id string) (d *elfFile, name, why string) {
	dirs := append(slices.Clip(s.DebugDirs), DebugDir)
	var tried []string
	try := func(name string, good func(*elfFile) bool) bool {
		x, err := s.open(name)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				tried = append(tried, fmt.Sprintf("%s is unusable: %v", name, err))
			}
			return false
		}
		if x.Machine != f.Machine || x.Class != f.Class || !good(x) {
			tried = append(tried, name+" belongs to another build")
			x.Close()
			return false
		}
		d = x
		return true
	}
	same := func(x *elfFile) bool { return id == "" || fileBuildID(x.File) == id }
	if len(id) > 2 {
		for _, dir := range dirs {
			name := filepath.Join(dir, ".build-id", id[:2], id[2:]+".debug")
			if try(name, same) {
				return d, name, ""
			}
		}
	}
	if link, sum, ok := debugLink(f); ok {
		dir := filepath.Dir(path)
		places := []string{filepath.Join(dir, link), filepath.Join(dir, ".debug", link)}
		for _, root := range dirs {
			places = append(places, filepath.Join(root, dir, link))
		}
		for _, name := range places {
			if name != path && try(name, func(x *elfFile) bool {
				if own := fileBuildID(x.File); id != "" && own != "" {
					return own == id
				}
				return checksum(x.file) == sum
			}) {
				return d, name, ""
			}
		}
	}
	switch {
	case len(tried) > 0:
		why = strings.Join(tried, "; ")
	case len(id) > 2:
		why = fmt.Sprintf("no separate debug file for build ID %s in %s", id, strings.Join(dirs, ", "))
	}
	return nil, "", why
}

// debugLink reads section .gnu_debuglink: a file's name and its checksum.
func debugLink(f *elf.File) (name string, sum uint32, ok bool) {
	s := f.Section(".gnu_debuglink")
	if s == nil || s.Size > 4096 {
		return "", 0, false
	}
	data, err := s.Data()
	if err != nil || len(data) < 8 {
		return "", 0, false
	}
	name, _, _ = strings.Cut(string(data[:len(data)-4]), "\x00")
	if name == "" || name != filepath.Base(name) || name == ".." || name == "." {
		return "", 0, false
	}
	return name, binary.LittleEndian.Uint32(data[len(data)-4:]), true
}

// checksum is the CRC-32 of a file, 0 if it can't be read.
func checksum(f files.File) uint32 {
	h := crc32.NewIEEE()
	if _, err := io.Copy(h, io.NewSectionReader(f, 0, min(f.Size(), 4*maxSection))); err != nil {
		return 0
	}
	return h.Sum32()
}
