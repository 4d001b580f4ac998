package symbols

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	guests "github.com/dap-revexec/dap-revexec/testdata"
)

// exercise asks a program everything, within bounds.
func exercise(p *Program) {
	regs := fakeRegs{}
	for n := range 64 {
		regs[n] = uint64(0x8000 + n*8)
	}
	mem := fakeMemory{0, 1 << 30}
	p.Warnings()
	p.Files()
	p.AllStatements()
	asked := 0
	types := func(t *Type) {
		for depth := 0; t != nil && depth < 20; depth++ {
			_ = t.String()
			t.Size()
			t.Strip()
			t.Signed()
			t.Params()
			t.Enumerators()
			if f := t.Fields(); len(f) > 0 {
				_ = f[len(f)-1].Type.String()
			}
			t = t.Elem()
		}
	}
	variables := func(vars []*Variable, f *Frame) {
		for _, v := range vars[:min(len(vars), 50)] {
			l := p.Locate(v, f, mem)
			l.Read(16, regs, mem)
			l.Slice(1, 4).Read(4, regs, mem)
			l.Addr()
			types(v.Type)
			if f != nil {
				types(p.TypeIn(v.Type, f, mem))
			}
		}
	}
	for _, f := range p.Funcs() {
		if asked++; asked > 60 {
			break
		}
		p.FuncPlaces(f.Name)
		places := append(p.Statements(f), f.Low, f.BodyStart, f.Ranges[0].High-1)
		for _, pc := range places[max(0, len(places)-12):] {
			p.IsStatementStart(pc, pc-2)
			p.LineAt(pc)
			p.CFARule(pc)
			frames, _ := p.Backtrace(pc, regs, mem, 20)
			for _, fr := range frames[:min(len(frames), 3)] {
				chain := p.InlineChain(fr.LookupPC())
				for i := range min(len(chain), 5) {
					vars, err := p.Scope(fr.LookupPC(), i)
					if err == nil {
						variables(vars, fr)
					}
				}
			}
		}
	}
	for i, u := range p.Units() {
		if i > 10 {
			break
		}
		variables(p.UnitGlobals(u), nil)
	}
	for _, file := range p.Files()[:min(len(p.Files()), 10)] {
		lines, _ := p.BreakpointLines(file, 0, 1000)
		for _, l := range lines[:min(len(lines), 50)] {
			p.Resolve(file, l)
		}
	}
	for _, name := range []string{"main", "x", "struct point", "unsigned long", "trace"} {
		p.Globals(name)
		if t, ok := p.LookupType(name); ok {
			types(t)
		}
	}
}

// load loads whatever b is and asks it everything; it returns the reason when
// there is no DWARF, or the error.
func load(b []byte) string {
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return err.Error()
	}
	p, err := LoadFile(f, "test", 0)
	if err != nil {
		return err.Error()
	}
	exercise(p)
	_, why := p.HasDWARF()
	return why
}

// within fails when f all but hangs or leaves much memory in use.
func within(t *testing.T, limit time.Duration, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f()
	if d := time.Since(start); d > limit {
		t.Errorf("took %v", d)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 2<<30 {
		t.Errorf("allocated %d MiB", n>>20)
	}
}

func TestDamagedFilesNeitherPanicNorHang(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, name := range []string{"steps", "values_dwarf4", "inline_o2"} {
		t.Run(name, func(t *testing.T) {
			good := guests.Bin(name)
			f, err := elf.NewFile(bytes.NewReader(good))
			if err != nil {
				t.Fatal(err)
			}
			var spots []uint64 // where sections with descriptions lie
			for _, s := range f.Sections {
				if strings.HasPrefix(s.Name, ".debug_") || s.Name == ".eh_frame" || s.Name == ".symtab" {
					for off := range s.FileSize {
						spots = append(spots, s.Offset+off)
					}
				}
			}
			reasons := map[string]int{}
			for range 60 {
				b := bytes.Clone(good)
				for range 1 + rnd.IntN(8) {
					b[spots[rnd.IntN(len(spots))]] ^= byte(1 + rnd.IntN(255))
				}
				within(t, time.Minute, func() { reasons[load(b)]++ })
			}
			for range 20 {
				b := good[:rnd.IntN(len(good))]
				within(t, time.Minute, func() { load(b) })
			}
			if reasons[""] == 0 || len(reasons) < 2 {
				t.Errorf("damage found: %v", reasons)
			}
		})
	}
}

// section is a section of a made-up file.
type section struct {
	name  string
	data  []byte
	flags elf.SectionFlag
	addr  uint64
}

// makeELF makes a RISC-V executable of sections.
func makeELF(sections ...section) []byte {
	le := binary.LittleEndian
	names := []byte{0}
	out := make([]byte, 64)
	var headers []byte
	header := func(name uint32, typ elf.SectionType, flags elf.SectionFlag, addr uint64, off, size int) {
		headers = le.AppendUint32(headers, name)
		headers = le.AppendUint32(headers, uint32(typ))
		headers = le.AppendUint64(headers, uint64(flags))
		headers = le.AppendUint64(headers, addr)
		headers = le.AppendUint64(headers, uint64(off))
		headers = le.AppendUint64(headers, uint64(size))
		headers = append(headers, make([]byte, 24)...)
	}
	header(0, elf.SHT_NULL, 0, 0, 0, 0)
	for _, s := range sections {
		header(uint32(len(names)), elf.SHT_PROGBITS, s.flags, s.addr, len(out), len(s.data))
		names = append(append(names, s.name...), 0)
		out = append(out, s.data...)
	}
	header(uint32(len(names)), elf.SHT_STRTAB, 0, 0, len(out), len(names)+len(".names")+1)
	names = append(append(names, ".names"...), 0)
	out = append(out, names...)
	shoff := len(out)
	out = append(out, headers...)
	copy(out, "\x7fELF\x02\x01\x01")
	le.PutUint16(out[16:], uint16(elf.ET_EXEC))
	le.PutUint16(out[18:], uint16(elf.EM_RISCV))
	le.PutUint32(out[20:], 1)
	le.PutUint64(out[40:], uint64(shoff))
	le.PutUint16(out[52:], 64)
	le.PutUint16(out[54:], 56)
	le.PutUint16(out[58:], 64)
	le.PutUint16(out[60:], uint16(len(sections)+2))
	le.PutUint16(out[62:], uint16(len(sections)+1))
	return out
}

var text = section{".text", make([]byte, 4096), elf.SHF_EXECINSTR | elf.SHF_ALLOC, 0x10000}

// unit5 makes a unit of DWARF 5 of entries.
func unit5(abbrev uint32, entries []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(8+len(entries)))
	b = append(b, 5, 0, 1, 8)
	b = binary.LittleEndian.AppendUint32(b, abbrev)
	return append(b, entries...)
}

func TestHostileFilesAreRefusedQuickly(t *testing.T) {
	const (
		compileUnit, block, subprogram = 0x11, 0x0b, 0x2e
		formData1, formStrp, formSec   = 0x0b, 0x0e, 0x17
		formFlagPresent                = 0x19
		atName, atRanges, atStmtList   = 0x03, 0x55, 0x10
	)
	rep := func(n int, b ...byte) []byte { return bytes.Repeat(b, n) }
	cat := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	info := func(abbrev, entries []byte, more ...section) []byte {
		return makeELF(append([]section{text, {name: ".debug_info", data: unit5(0, entries)}, {name: ".debug_abbrev", data: abbrev}}, more...)...)
	}
	var manyUnits []byte
	for i := range 20_000 {
		manyUnits = append(manyUnits, unit5(uint32(i), []byte{1})...)
	}
	var bomb bytes.Buffer
	binary.Write(&bomb, binary.LittleEndian, elf.Chdr64{Type: uint32(elf.COMPRESS_ZLIB), Size: 900 << 20, Addralign: 1})
	z := zlib.NewWriter(&bomb)
	z.Write(make([]byte, 8<<20))
	z.Close()
	manyFiles := cat([]byte{0xff, 0, 0, 0, 5, 0, 8, 0, 0xe0, 0, 0, 0, 1, 1, 1, 0xfb, 14, 1, 0 /* no directory format */}, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, make([]byte, 300))
	longPaths := cat([]byte{0, 0, 0, 0, 5, 0, 8, 0, 0xff, 0xff, 0, 0, 1, 1, 1, 0xfb, 14, 1},
		[]byte{1, 1, 0x1f, 1, 0, 0, 0, 0 /* one directory, of a long name */},
		[]byte{2, 1, 0x08, 2, 0x0b}, []byte{0xff, 0x7f} /* 16383 files in it */, rep(16383, 'x', 0, 0))
	binary.LittleEndian.PutUint32(longPaths, uint32(len(longPaths)-4))
	cuAbbrev := func(children byte, attrs ...byte) []byte {
		return cat([]byte{1, compileUnit, children}, attrs, []byte{0, 0})
	}
	for _, c := range []struct {
		name, why string
		file      []byte
	}{
		{"too deep", "nest deeper", info(cat(cuAbbrev(1), []byte{2, block, 1, 0, 0, 0}), cat([]byte{1}, rep(1<<20, 2)))},
		{"many attributes", "attributes", info(cat([]byte{1, compileUnit, 1}, rep(5000, atName, formFlagPresent), []byte{0, 0, 0}), rep(1<<18, 1))},
		{"attributes without bytes", "more attributes than", info(cat(cuAbbrev(1), []byte{2, block, 0}, rep(200, atName, formFlagPresent), []byte{0, 0, 0}), cat([]byte{1}, rep(1<<20, 2)))},
		{"overlapping abbreviations", "overlap", makeELF(text, section{name: ".debug_info", data: manyUnits}, section{name: ".debug_abbrev", data: cat(rep(10_000, 1, compileUnit, 0, 0, 0), []byte{0})})},
		{"long strings", "too long", info(cat(cuAbbrev(1, atName, formStrp), []byte{0}), make([]byte, 64), section{name: ".debug_str", data: rep(4<<20, 'x')})},
		{"one string for all", "bytes of strings", info(cat(cuAbbrev(1), []byte{2, block, 0, atName, formStrp, 0, 0, 0}), cat([]byte{1}, rep(100_000, 2, 0, 0, 0, 0)), section{name: ".debug_str", data: cat(rep(1<<19, 'x'), []byte{0})})},
		{"one range list for all", "overlap", info(cat(cuAbbrev(1), []byte{2, subprogram, 0, atRanges, formSec, 0, 0, 0}), cat([]byte{1}, rep(50_000, 2, 0, 0, 0, 0)), section{name: ".debug_rnglists", data: cat(rep(100_000, 4, 1, 2), []byte{0})})},
		{"files without bytes", "claims", info(cat(cuAbbrev(0, atStmtList, formSec), []byte{0}), []byte{1, 0, 0, 0, 0}, section{name: ".debug_line", data: manyFiles})},
		{"long paths", "bytes of paths", info(cat(cuAbbrev(0, atStmtList, formSec), []byte{0}), []byte{1, 0, 0, 0, 0}, section{name: ".debug_line", data: longPaths}, section{name: ".debug_line_str", data: cat([]byte{'/'}, rep(1<<19, 'x'), []byte{0})})},
		{"decompression bomb", "too large", makeELF(text, section{name: ".debug_info", data: bomb.Bytes(), flags: elf.SHF_COMPRESSED})},
		{"version 9", "version 9", makeELF(text, section{name: ".debug_info", data: []byte{8, 0, 0, 0, 9, 0, 1, 8, 0, 0, 0, 0}}, section{name: ".debug_abbrev", data: []byte{0}})},
		{"truncated unit", ".debug_info is truncated", makeELF(text, section{name: ".debug_info", data: []byte{80, 0, 0, 0, 5, 0, 1, 8, 0, 0, 0, 0}}, section{name: ".debug_abbrev", data: []byte{0}})},
		{"no abbreviations", ".debug_abbrev", makeELF(text, section{name: ".debug_info", data: unit5(77, []byte{1})})},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, time.Minute, func() {
				if why := load(c.file); !strings.Contains(why, c.why) {
					t.Errorf("%q, want %q", why, c.why)
				}
			})
		})
	}
}

func TestFilesThatAreNotForUsAreRefusedWithAReason(t *testing.T) {
	good := guests.Bin("steps")
	change := func(off int, v ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[off:], v)
		return b
	}
	for _, c := range []struct {
		name, why string
		file      []byte
	}{
		{"another machine", "supported: riscv64, amd64", change(18, byte(elf.EM_AARCH64))},
		{"an object file", "not an executable", change(16, byte(elf.ET_REL))},
		{"not ELF", "bad magic number", []byte("#!/bin/sh\necho hello\n# a script, not a program\n")},
		{"empty", "EOF", nil},
	} {
		if why := load(c.file); !strings.Contains(why, c.why) {
			t.Errorf("%s: %q, want %q", c.name, why, c.why)
		}
	}
	if _, err := Load("/no/such/file", 0); err == nil || !strings.Contains(err.Error(), "/no/such/file") {
		t.Error(err)
	}
}

func FuzzLoadFile(f *testing.F) {
	for _, name := range []string{"steps", "values_dwarf4", "inline_o2"} {
		b := guests.Bin(name)
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add(makeELF(text, section{name: ".debug_info", data: unit5(0, []byte{1, 0})}, section{name: ".debug_abbrev", data: []byte{1, 0x11, 1, 0, 0, 0}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<20 {
			t.Skip("large files only take time")
		}
		load(b)
	})
}

func FuzzExpression(f *testing.F) {
	f.Add([]byte{0x70, 1, 0x9f})
	f.Add([]byte{0x08, 1, 0x2f, 0xfd, 0xff})
	f.Fuzz(func(t *testing.T, expr []byte) {
		err := guard(func() error {
			l, err := testEvaluator().location(expr)
			if err == nil {
				l.Read(64, fakeRegs{1: 2}, fakeMemory{0, 1 << 20})
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func FuzzCallFrameInstructions(f *testing.F) {
	f.Add([]byte{0x0c, 2, 0}, []byte{0x42, 0x81, 1, 0x0a, 0x0b})
	f.Fuzz(func(t *testing.T, initial, instr []byte) {
		rows, err := evalCFI(initial, instr)
		if err == nil && len(rows) == 0 {
			t.Error("no rows")
		}
		for i := 1; i < len(rows); i++ {
			if rows[i].loc <= rows[i-1].loc {
				t.Error(fmt.Sprint(rows[i-1].loc, rows[i].loc))
			}
		}
	})
}
