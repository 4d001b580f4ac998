//go:build linux && amd64

package amd64_test

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
)

// testCase is a sequence of instructions with everything they start from.
type testCase struct {
	in      state
	insns   []*insn
	code    []byte
	steps   uint64
	several bool // it is a sequence

	undef uint64 // flags whose value at the end is undefined
	soft  bool   // so is the destination's
	// stored values that the host's single-stepping shows in (TF in a pushed
	// flags register): bits that are not compared.
	masks []windowMask
}

// windowMask excludes bits of a word of the window from the comparison.
type windowMask struct {
	at   uint64 // offset in the window
	bits uint64 // of the 8 bytes there
}

// insn is one instruction of a case, to be encoded.
type insn struct {
	form  *form
	size  byte // letter of the operand size
	reg   int  // register in ModRM.reg, or the one in the opcode
	rm    int  // register in ModRM.rm, if not memory
	isMem bool
	at    uint64 // address of the memory operand
	rep   byte   // F2, F3 or 0
	lock  bool
	imm   []byte

	seg, addr32  bool
	segByte      byte
	base, index  int // -1: none
	scale        uint
	disp         int32
	dispSize     int // 0, 1, 4
	ripRelative  bool
	forceRex     bool
	bytes        []byte
	start, after uint64 // addresses
	undef        uint64 // flags that are undefined before it
}

// gen generates cases.
type gen struct {
	*rand.Rand
	window *[pageSize]byte // what every case's window starts from
	// fixed says that addresses must not depend on registers, which earlier
	// instructions of the sequence may have changed.
	fixed bool
}

func (g *gen) one(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g *gen, from []T) T { return from[g.IntN(len(from))] }

// single is a case of one instruction.
func (g *gen) single(f *form) *testCase {
	k := &testCase{}
	g.state(&k.in, f)
	k.in.RIP = codeAt + 0x400 + g.Uint64N(0x400)
	g.fixed = false
	in := g.insn(k, f)
	in.encode(k.in.RIP)
	k.insns = []*insn{in}
	k.code = in.bytes
	k.steps = 1
	return k
}

// sequence is a case of several instructions from forms, which end up in one
// block, so that what the translator does across instructions is tested: flags
// that are never needed, comparisons fused with branches. Branches go to the
// instruction after the next.
func (g *gen) sequence(forms []*form) *testCase {
	k := &testCase{several: true}
	g.state(&k.in, pick(g, forms))
	k.in.Flags &^= amd64.FlagDF
	k.in.RIP = codeAt + 0x400 + g.Uint64N(0x400)
	g.fixed = true
	n := 2 + g.IntN(7)
	at := k.in.RIP
	for len(k.insns) < n {
		f := pick(g, forms)
		if f.reads&k.undef != 0 {
			continue
		}
		in, undef := g.insn(k, f), k.undef
		if k.undef |= f.undef; f.prepare == nil { // a shift by 0 writes no flags
			k.undef &^= f.writes &^ f.undef
		}
		if f.imm == "rel8" {
			// Over the next instruction, which is 2 bytes long.
			in.imm = []byte{2}
		}
		in.encode(at)
		in.undef, at = undef, in.after
		k.insns = append(k.insns, in)
		k.code = append(k.code, in.bytes...)
		if f.imm == "rel8" {
			skip := &insn{form: nopForm, bytes: []byte{0x40 | byte(g.IntN(16)), 0x90}, start: at, after: at + 2, undef: k.undef}
			k.insns = append(k.insns, skip)
			k.code = append(k.code, skip.bytes...)
			at += 2
		}
	}
	k.steps = uint64(len(k.insns))
	if g.one(2) { // the whole block at once
		k.code = append(k.code, 0xeb, 0)
		k.steps++
	}
	for range 16 {
		k.code = append(k.code, 0x90)
	}
	return k
}

var nopForm = &form{name: "nop"}

// insn is an instruction of form f with operands, which it puts into k.in.
func (g *gen) insn(k *testCase, f *form) *insn {
	in := &insn{form: f, base: -1, index: -1, size: f.sizes[g.IntN(len(f.sizes))]}
	in.reg, in.rm = g.IntN(16), g.IntN(16)
	if f.mmx {
		in.reg, in.rm = g.IntN(8), g.IntN(8)
	}
	if f.digit >= 0 {
		in.reg = f.digit
	}
	in.isMem = f.modrm && f.mem && (!f.reg || g.one(2))
	if f.rep {
		in.rep = pick(g, []byte{0, 0xf2, 0xf3})
	}
	in.forceRex = g.one(8)
	switch f.imm {
	case "ib", "rel8":
		in.imm = []byte{byte(g.Uint32())}
		if g.one(2) {
			in.imm[0] = byte(g.IntN(9))
		}
	case "iw":
		in.imm = binary.LittleEndian.AppendUint16(nil, uint16(g.value64()))
	case "iwib":
		in.imm = []byte{byte(g.IntN(64)), byte(g.IntN(2)), byte(g.IntN(4))}
		if g.one(2) {
			in.imm[2] = 0
		}
	case "id":
		in.imm = binary.LittleEndian.AppendUint32(nil, uint32(g.value64()))
	case "rel32":
		in.imm = binary.LittleEndian.AppendUint32(nil, uint32(int32(g.IntN(256)-128)))
	case "iz", "iv":
		v := g.value64()
		switch {
		case in.size == 'w':
			in.imm = binary.LittleEndian.AppendUint16(nil, uint16(v))
		case in.size == 'q' && f.imm == "iv":
			in.imm = binary.LittleEndian.AppendUint64(nil, v)
		default:
			in.imm = binary.LittleEndian.AppendUint32(nil, uint32(v))
		}
	case "moffs":
		in.at = g.target(f.memory(in.size), 1)
		in.imm = binary.LittleEndian.AppendUint64(nil, in.at)
	}
	if in.isMem {
		align := uint64(1)
		if f.aligned && !g.one(32) {
			align = 16
		}
		in.at = g.target(f.memory(in.size), align)
		if g.fixed {
			in.at = min(in.at, windowAt+pageSize-f.memory(in.size))
		}
		g.addressing(k, in)
		g.operand(k, f, in.at)
	}
	if f.lock && in.isMem && g.one(3) {
		in.lock = true
	}
	undef := k.undef
	if k.undef = f.undef; f.prepare != nil {
		f.prepare(g, k, in)
	}
	if g.fixed { // see sequence
		k.undef = undef
	}
	return in
}

// target is an address for a memory operand of size bytes: nearly always within
// the window, sometimes across its end.
func (g *gen) target(size, align uint64) uint64 {
	if g.one(100) {
		return windowAt + pageSize - g.Uint64N(size+1)
	}
	if g.one(200) {
		return windowAt - g.Uint64N(size+1)
	}
	return (windowAt + g.Uint64N(pageSize-size-align)) / align * align
}

// addressing chooses how the instruction names in.at, and sets registers
// accordingly.
func (g *gen) addressing(k *testCase, in *insn) {
	if g.one(12) {
		in.seg = true
		in.segByte = pick(g, []byte{0x64, 0x65, 0x2e, 0x3e})
	}
	offset := in.at // what base, index and displacement add up to
	switch in.segByte {
	case 0x64:
		offset -= fsBase
	case 0x65:
		offset -= gsBase
	}
	mode := g.IntN(6)
	if g.fixed || in.form.prepare != nil && g.one(3) {
		mode = 4 + g.IntN(2)
	}
	if mode == 4 && in.segByte&^1 == 0x64 {
		mode = 5
	}
	switch mode {
	case 4:
		in.ripRelative = true
		in.dispSize = 4
		return
	case 5: // absolute
		in.disp, in.dispSize = int32(offset), 4
		return
	}
	if in.addr32 = offset < 1<<32 && g.one(16); in.addr32 {
		defer func() { // the upper halves do not count
			for _, r := range []int{in.base, in.index} {
				if r >= 0 && r != 4 {
					k.in.GPR[r] ^= g.Uint64() << 32
				}
			}
		}()
	}
	switch g.IntN(4) {
	case 0:
		in.disp, in.dispSize = int32(int8(g.Uint32())), 1
	case 1:
		in.disp, in.dispSize = int32(g.Uint32()), 4
	case 2:
		in.disp, in.dispSize = int32(g.IntN(4096)-2048), 4
	}
	offset -= uint64(int64(in.disp))
	in.base = g.IntN(16)
	if mode >= 2 {
		if in.index = g.IntN(16); in.index == 4 || in.index == in.base {
			in.index = -1
		}
	}
	if in.index >= 0 {
		in.scale = uint(g.IntN(4))
		x := g.Uint64N(256) - 128
		if g.one(4) {
			x = g.Uint64()
		}
		k.in.GPR[in.index] = x
		offset -= x << in.scale
	}
	k.in.GPR[in.base] = offset
}

// encode writes the instruction's bytes for address pc.
func (in *insn) encode(pc uint64) {
	f := in.form
	var b []byte
	if in.lock {
		b = append(b, 0xf0)
	}
	if in.addr32 {
		b = append(b, 0x67)
	}
	if in.seg {
		b = append(b, in.segByte)
	}
	if in.size == 'w' {
		b = append(b, 0x66)
	}
	if f.prefix != 0 {
		b = append(b, f.prefix)
	}
	if in.rep != 0 {
		b = append(b, in.rep)
	}
	rex := byte(0)
	if in.size == 'q' || f.w {
		rex |= 8
	}
	op := append([]byte(nil), f.op...)
	if f.plusR {
		op[len(op)-1] |= byte(in.reg & 7)
		rex |= byte(in.reg >> 3)
	}
	var tail []byte
	if f.modrm {
		rex |= byte(in.reg>>3) << 2
		modrm := byte(in.reg&7) << 3
		switch {
		case !in.isMem:
			rex |= byte(in.rm >> 3)
			tail = []byte{0xc0 | modrm | byte(in.rm&7)}
		case in.ripRelative:
			tail = []byte{modrm | 5}
		case in.base < 0:
			tail = []byte{modrm | 4, 0x25}
		default:
			tail = in.memory(modrm, &rex)
		}
	}
	if rex != 0 || in.forceRex {
		b = append(b, 0x40|rex)
	}
	b = append(append(b, op...), tail...)
	if in.isMem && in.ripRelative {
		in.disp = int32(in.at - (pc + uint64(len(b)+4+len(in.imm))))
	}
	if in.isMem {
		switch in.dispSize {
		case 1:
			b = append(b, byte(in.disp))
		case 4:
			b = binary.LittleEndian.AppendUint32(b, uint32(in.disp))
		}
	}
	in.bytes = append(b, in.imm...)
	in.start, in.after = pc, pc+uint64(len(in.bytes))
}

// memory is ModRM and SIB of an operand with a base register.
func (in *insn) memory(modrm byte, rex *byte) []byte {
	if in.dispSize == 0 && in.base&7 == 5 { // has no form without a displacement
		in.dispSize = 1
	}
	switch in.dispSize {
	case 1:
		modrm |= 0x40
	case 4:
		modrm |= 0x80
	}
	*rex |= byte(in.base >> 3)
	if in.index < 0 && in.base&7 != 4 {
		return []byte{modrm | byte(in.base&7)}
	}
	index := byte(4)
	if in.index >= 0 {
		*rex |= byte(in.index>>3) << 1
		index = byte(in.index & 7)
	}
	return []byte{modrm | 4, byte(in.scale)<<6 | index<<3 | byte(in.base&7)}
}
