package linux_test

import (
	"debug/elf"
	"encoding/binary"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// A tiny RV64 assembler, for guests that do one thing.

const (
	x0 = 0
	ra = 1
	sp = 2
	tp = 4
	t0 = 5
	t1 = 6
	s0 = 8
	s1 = 9
	a0 = 10
	a1 = 11
	a2 = 12
	a3 = 13
	a4 = 14
	a5 = 15
	a7 = 17
)

// codeBase is where assembled code starts; dataBase is writable memory of
// dataSize bytes.
const (
	codeBase = 0x10000
	dataBase = 0x20000
	dataSize = 0x4000
)

type asm struct {
	code   []uint32
	labels map[string]uint64
	fixups []fixup
}

type fixup struct {
	at    int
	label string
	apply func(offset int64) uint32
}

func newAsm() *asm { return &asm{labels: map[string]uint64{}} }

func (a *asm) pc() uint64        { return codeBase + 4*uint64(len(a.code)) }
func (a *asm) emit(w ...uint32)  { a.code = append(a.code, w...) }
func (a *asm) label(name string) { a.labels[name] = a.pc() }

func (a *asm) branch(label string, f func(offset int64) uint32) {
	a.fixups = append(a.fixups, fixup{len(a.code), label, f})
	a.emit(0)
}

func itype(op, f3 uint32, rd, rs uint32, imm int64) uint32 {
	return uint32(imm)<<20 | rs<<15 | f3<<12 | rd<<7 | op
}

func stype(f3, rs1, rs2 uint32, imm int64) uint32 {
	i := uint32(imm)
	return i>>5<<25 | rs2<<20 | rs1<<15 | f3<<12 | i&31<<7 | 0x23
}

func (a *asm) addi(rd, rs uint32, imm int64) { a.emit(itype(0x13, 0, rd, rs, imm)) }
func (a *asm) ld(rd, rs uint32, off int64)   { a.emit(itype(0x03, 3, rd, rs, off)) }
func (a *asm) sd(rs2, rs1 uint32, off int64) { a.emit(stype(3, rs1, rs2, off)) }
func (a *asm) ecall()                        { a.emit(0x73) }
func (a *asm) ebreak()                       { a.emit(0x100073) }

// li loads a constant of 32 bits, sign-extended.
func (a *asm) li(rd uint32, v int64) {
	if v >= -2048 && v < 2048 {
		a.addi(rd, x0, v)
		return
	}
	if v != int64(int32(v)) {
		panic("li: more than 32 bits")
	}
	lo := v << 52 >> 52
	a.emit(uint32(v-lo)&0xfffff000|rd<<7|0x37, itype(0x1b, 0, rd, rd, lo)) // lui, addiw
}

// big loads a constant of 64 bits from the code.
func (a *asm) big(rd uint32, v uint64) {
	a.emit(rd<<7|0x17, itype(0x03, 3, rd, rd, 12), jal(x0, 12), uint32(v), uint32(v>>32)) // auipc, ld, j over it
}

func jal(rd uint32, off int64) uint32 {
	i := uint32(off)
	return i>>20&1<<31 | i>>1&0x3ff<<21 | i>>11&1<<20 | i>>12&0xff<<12 | rd<<7 | 0x6f
}

func btype(f3, rs1, rs2 uint32) func(off int64) uint32 {
	return func(off int64) uint32 {
		i := uint32(off)
		return i>>12&1<<31 | i>>5&0x3f<<25 | rs2<<20 | rs1<<15 | f3<<12 | i>>1&0xf<<8 | i>>11&1<<7 | 0x63
	}
}

func (a *asm) j(label string) { a.branch(label, func(off int64) uint32 { return jal(x0, off) }) }
func (a *asm) beqz(rs uint32, label string) {
	a.branch(label, btype(0, rs, x0))
}
func (a *asm) bnez(rs uint32, label string) { a.branch(label, btype(1, rs, x0)) }

// la loads the address of a label that has been defined.
func (a *asm) la(rd uint32, label string) { a.li(rd, int64(a.labels[label])) }

// sys makes a system call with constant arguments.
func (a *asm) sys(nr int64, args ...int64) {
	for i, v := range args {
		a.li(a0+uint32(i), v)
	}
	a.li(a7, nr)
	a.ecall()
}

func (a *asm) exit(code int64) { a.sys(94, code) }

// elf is the executable: code at codeBase, then data at dataBase.
func (a *asm) elf(data ...byte) []byte {
	code := make([]byte, 0, 4*len(a.code))
	for _, f := range a.fixups {
		to, ok := a.labels[f.label]
		if !ok {
			panic("no label " + f.label)
		}
		a.code[f.at] = f.apply(int64(to) - int64(codeBase+4*f.at))
	}
	for _, w := range a.code {
		code = binary.LittleEndian.AppendUint32(code, w)
	}
	return image(code, data)
}

// image is an ELF executable with code at codeBase, its entry, and data at
// dataBase.
func image(code, data []byte) []byte {
	le := binary.LittleEndian
	b := make([]byte, 0x1000)
	copy(b, "\x7fELF\x02\x01\x01")
	le.PutUint16(b[16:], uint16(elf.ET_EXEC))
	le.PutUint16(b[18:], uint16(elf.EM_RISCV))
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[24:], codeBase)
	le.PutUint64(b[32:], 64)
	le.PutUint16(b[52:], 64)
	le.PutUint16(b[54:], 56)
	le.PutUint16(b[56:], 2)
	phdr := func(at int, flags elf.ProgFlag, off, vaddr, filesz, memsz uint64) {
		p := b[at:]
		le.PutUint32(p, uint32(elf.PT_LOAD))
		le.PutUint32(p[4:], uint32(flags))
		le.PutUint64(p[8:], off)
		le.PutUint64(p[16:], vaddr)
		le.PutUint64(p[24:], vaddr)
		le.PutUint64(p[32:], filesz)
		le.PutUint64(p[40:], memsz)
		le.PutUint64(p[48:], 0x1000)
	}
	dataOff := (0x1000 + len(code) + 0xfff) &^ 0xfff
	phdr(64, elf.PF_R|elf.PF_X, 0x1000, codeBase, uint64(len(code)), uint64(len(code)))
	phdr(120, elf.PF_R|elf.PF_W, uint64(dataOff), dataBase, uint64(len(data)), dataSize)
	b = append(b, code...)
	b = append(b, make([]byte, dataOff-len(b))...)
	return append(b, data...)
}

// boot starts an assembled guest. change may be nil.
func boot(tb testing.TB, file []byte, change func(*linux.Config)) *linux.Machine {
	tb.Helper()
	cfg := fixed(linux.Config{Path: "/guest", File: file, Dir: "/"})
	if change != nil {
		change(&cfg)
	}
	return start(tb, cfg)
}
