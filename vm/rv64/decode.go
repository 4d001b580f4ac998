package rv64

import (
	"encoding/binary"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// Translate implements ir.Translator.
func (Translator) Translate(m *mem.Space, pc uint64, max int, stop func(uint64) bool) *ir.Block {
	t := &translation{m: m, b: &ir.Block{PC: pc}, pc: pc, limit: min(max, ir.MaxBlock), stop: stop}
	if !t.run() {
		return nil
	}
	return t.b
}

// translation is a block being made.
type translation struct {
	m     *mem.Space
	b     *ir.Block
	pc    uint64 // address of the instruction being decoded
	next  uint64 // address after it
	limit int
	stop  func(uint64) bool
	done  bool // the block has its terminator

	// Registers whose value is known, because the block has just set them:
	// auipc and lui feed most addresses.
	known [32]bool
	value [32]uint64
}

// run decodes until the block ends. false: nothing can be fetched at its start.
func (t *translation) run() bool {
	for !t.done {
		n := len(t.b.PCs)
		if n > 0 && (n >= t.limit || t.stop != nil && t.stop(t.pc) || t.contains(t.pc)) {
			t.jump(t.pc)
			break
		}
		inst, size, ok := t.fetch()
		if !ok {
			if n == 0 {
				return false
			}
			t.jump(t.pc)
			break
		}
		t.next = t.pc + size
		t.b.PCs = append(t.b.PCs, t.pc)
		t.b.Lens = append(t.b.Lens, uint8(size))
		t.page(t.pc)
		t.page(t.next - 1)
		t.decode(inst)
		t.pc = t.next
	}
	t.b.N = len(t.b.PCs)
	return true
}

// contains reports whether the block already holds pc: code that loops is not
// unrolled.
func (t *translation) contains(pc uint64) bool {
	for _, p := range t.b.PCs {
		if p == pc {
			return true
		}
	}
	return false
}

// fetch reads the instruction at t.pc; a compressed one is expanded.
func (t *translation) fetch() (inst uint32, size uint64, ok bool) {
	var buf [4]byte
	n := t.m.Fetch(t.pc, buf[:2])
	if n < 2 {
		return 0, 0, false
	}
	lo := binary.LittleEndian.Uint16(buf[:])
	if lo&3 != 3 {
		return expand(lo), 2, true
	}
	if t.m.Fetch(t.pc+2, buf[2:]) < 2 {
		return 0, 0, false
	}
	return binary.LittleEndian.Uint32(buf[:]), 4, true
}

func (t *translation) page(addr uint64) {
	p := addr >> mem.PageShift
	for _, q := range t.b.Pages {
		if p == q {
			return
		}
	}
	t.b.Pages = append(t.b.Pages, p)
}

// emit appends an operation of the current instruction.
func (t *translation) emit(op ir.Op) *ir.Op {
	op.N = uint8(len(t.b.PCs) - 1)
	t.b.Ops = append(t.b.Ops, op)
	return &t.b.Ops[len(t.b.Ops)-1]
}

// link adds a way out and returns its index.
func (t *translation) link(pc uint64) uint8 {
	t.b.Links = append(t.b.Links, ir.Link{PC: pc})
	return uint8(len(t.b.Links) - 1)
}

// jump ends the block by leaving for pc.
func (t *translation) jump(pc uint64) {
	t.emit(ir.Op{Kind: ir.Jmp, C: t.link(pc)})
	t.done = true
}

// trap ends the block by stopping before the current instruction.
func (t *translation) trap(x ir.Exit) {
	t.emit(ir.Op{Kind: ir.Stop, Imm: int64(x)})
	t.done = true
}

func (t *translation) illegal() { t.trap(ir.ExitIllegal) }

// helper emits a call of h.
func (t *translation) helper(kind ir.Kind, h ir.Helper, op ir.Op) {
	op.Kind = kind
	op.H = uint8(len(t.b.Helpers))
	t.b.Helpers = append(t.b.Helpers, h)
	t.emit(op)
	t.forget(op.Dst)
}

// reg is the slot to write integer register rd through.
func (t *translation) reg(rd uint8) uint8 {
	if rd == 0 {
		return ir.Sink
	}
	return rd
}

func (t *translation) forget(rd uint8) {
	if rd < 32 {
		t.known[rd] = false
	}
}

// get returns the value of register r if it is known.
func (t *translation) get(r uint8) (uint64, bool) {
	if r == 0 {
		return 0, true
	}
	return t.value[r], t.known[r]
}

// set emits rd = v.
func (t *translation) set(rd uint8, v uint64) {
	if rd == 0 {
		return
	}
	t.known[rd], t.value[rd] = true, v
	if n := len(t.b.Ops); n > 0 && t.b.Ops[n-1].Kind == ir.MovI && t.b.Ops[n-1].Dst == rd {
		t.b.Ops[n-1].Imm = int64(v) // lui and addi of the same register
		return
	}
	t.emit(ir.Op{Kind: ir.MovI, Dst: rd, Imm: int64(v)})
}

// Fields of an instruction.
func rd(i uint32) uint8      { return uint8(i >> 7 & 31) }
func rs1(i uint32) uint8     { return uint8(i >> 15 & 31) }
func rs2(i uint32) uint8     { return uint8(i >> 20 & 31) }
func rs3(i uint32) uint8     { return uint8(i >> 27) }
func funct3(i uint32) uint32 { return i >> 12 & 7 }
func funct7(i uint32) uint32 { return i >> 25 }
func immI(i uint32) int64    { return int64(int32(i) >> 20) }
func immS(i uint32) int64    { return int64(int32(i)>>25<<5 | int32(i>>7&31)) }
func immU(i uint32) int64    { return int64(int32(i &^ 0xfff)) }

func immB(i uint32) int64 {
	return int64(int32(i)>>31<<12 | int32(i>>7&1)<<11 | int32(i>>25&0x3f)<<5 | int32(i>>8&0xf)<<1)
}

func immJ(i uint32) int64 {
	return int64(int32(i)>>31<<20 | int32(i>>12&0xff)<<12 | int32(i>>20&1)<<11 | int32(i>>21&0x3ff)<<1)
}

// decoders by major opcode (bits 6:2).
var decoders = [32]func(*translation, uint32){
	0x00: (*translation).load,
	0x01: (*translation).loadFP,
	0x03: (*translation).fence,
	0x04: (*translation).opImm,
	0x05: (*translation).auipc,
	0x06: (*translation).opImm32,
	0x08: (*translation).store,
	0x09: (*translation).storeFP,
	0x0b: (*translation).amo,
	0x0c: (*translation).op,
	0x0d: (*translation).lui,
	0x0e: (*translation).op32,
	0x10: (*translation).float,
	0x11: (*translation).float,
	0x12: (*translation).float,
	0x13: (*translation).float,
	0x14: (*translation).float,
	0x18: (*translation).branch,
	0x19: (*translation).jalr,
	0x1b: (*translation).jal,
	0x1c: (*translation).system,
}

func (t *translation) decode(i uint32) {
	if f := decoders[i>>2&31]; f != nil && i&3 == 3 {
		f(t, i)
		return
	}
	t.illegal()
}

func (t *translation) lui(i uint32)   { t.set(rd(i), uint64(immU(i))) }
func (t *translation) auipc(i uint32) { t.set(rd(i), t.pc+uint64(immU(i))) }

// address returns base slot and displacement of rs1 + off.
func (t *translation) address(r uint8, off int64) (uint8, int64) {
	if v, ok := t.get(r); ok {
		return 0, int64(v) + off
	}
	return r, off
}

var loads = [8]ir.Kind{ir.Ld8S, ir.Ld16S, ir.Ld32S, ir.Ld64, ir.Ld8U, ir.Ld16U, ir.Ld32U, ir.Nop}
var stores = [8]ir.Kind{ir.St8, ir.St16, ir.St32, ir.St64}

func (t *translation) load(i uint32) {
	k := loads[funct3(i)]
	if k == ir.Nop {
		t.illegal()
		return
	}
	a, off := t.address(rs1(i), immI(i))
	t.emit(ir.Op{Kind: k, Dst: t.reg(rd(i)), A: a, Imm: off})
	t.forget(rd(i))
}

func (t *translation) store(i uint32) {
	k := stores[funct3(i)]
	if k == ir.Nop {
		t.illegal()
		return
	}
	a, off := t.address(rs1(i), immS(i))
	t.emit(ir.Op{Kind: k, A: a, B: rs2(i), Imm: off})
}

func (t *translation) loadFP(i uint32) {
	a, off := t.address(rs1(i), immI(i))
	switch funct3(i) {
	case 2:
		t.emit(ir.Op{Kind: ir.Ld32Box, Dst: F0 + rd(i), A: a, Imm: off})
	case 3:
		t.emit(ir.Op{Kind: ir.Ld64, Dst: F0 + rd(i), A: a, Imm: off})
	default:
		t.illegal()
	}
}

func (t *translation) storeFP(i uint32) {
	a, off := t.address(rs1(i), immS(i))
	switch funct3(i) {
	case 2:
		t.emit(ir.Op{Kind: ir.St32, A: a, B: F0 + rs2(i), Imm: off})
	case 3:
		t.emit(ir.Op{Kind: ir.St64, A: a, B: F0 + rs2(i), Imm: off})
	default:
		t.illegal()
	}
}

// fence: one host thread executes all harts in program order, and changed code
// is noticed without fence.i, so both order nothing.
func (t *translation) fence(i uint32) {
	if funct3(i) > 1 {
		t.illegal()
		return
	}
	t.emit(ir.Op{Kind: ir.Nop})
}

var immOps = [8]ir.Kind{0: ir.AddI, 2: ir.SltI, 3: ir.SltuI, 4: ir.XorI, 6: ir.OrI, 7: ir.AndI}

func (t *translation) opImm(i uint32) {
	k, imm := immOps[funct3(i)], immI(i)
	switch funct3(i) {
	case 1:
		k, imm = ir.ShlI, imm&63
		if i>>26 != 0 {
			t.illegal()
			return
		}
	case 5:
		k, imm = ir.ShrI, imm&63
		switch i >> 26 {
		case 0:
		case 0x10:
			k = ir.SarI
		default:
			t.illegal()
			return
		}
	}
	d, a := rd(i), rs1(i)
	if k == ir.AddI {
		if v, ok := t.get(a); ok {
			t.setOrNop(d, v+uint64(imm))
			return
		}
		if imm == 0 && d != 0 {
			t.emit(ir.Op{Kind: ir.Mov, Dst: d, A: a})
			t.forget(d)
			return
		}
	}
	if (k == ir.ShrI || k == ir.SarI) && d == a && t.fuseShift(k, d, imm) {
		return
	}
	t.alu(ir.Op{Kind: k, Dst: t.reg(d), A: a, Imm: imm}, d)
}

// alu emits an operation whose only effect is its result. One that writes x0 is
// a hint and becomes a Nop.
func (t *translation) alu(op ir.Op, d uint8) {
	if d == 0 {
		op = ir.Op{Kind: ir.Nop}
	}
	t.emit(op)
	t.forget(d)
}

func (t *translation) setOrNop(d uint8, v uint64) {
	if d == 0 {
		t.emit(ir.Op{Kind: ir.Nop})
		return
	}
	t.set(d, v)
}

// fuseShift makes one operation of "slli d, s, x; srli d, d, y" (zero- or
// sign-extension). The pair is only fused within a block, so that stopping
// between the two executes them one by one.
func (t *translation) fuseShift(k ir.Kind, d uint8, imm int64) bool {
	if len(t.b.Ops) == 0 {
		return false
	}
	p := &t.b.Ops[len(t.b.Ops)-1]
	if p.Kind != ir.ShlI || p.Dst != d || d == 0 {
		return false
	}
	p.Kind = ir.ShlShr
	if k == ir.SarI {
		p.Kind = ir.ShlSar
	}
	p.Imm |= imm << 8
	return true
}

func (t *translation) opImm32(i uint32) {
	d, a, imm := rd(i), rs1(i), immI(i)
	var k ir.Kind
	switch {
	case funct3(i) == 0:
		k = ir.AddI32
		if v, ok := t.get(a); ok {
			t.setOrNop(d, uint64(int64(int32(uint32(v)+uint32(imm)))))
			return
		}
	case funct3(i) == 1 && funct7(i) == 0:
		k, imm = ir.ShlI32, imm&31
	case funct3(i) == 5 && funct7(i) == 0:
		k, imm = ir.ShrI32, imm&31
	case funct3(i) == 5 && funct7(i) == 0x20:
		k, imm = ir.SarI32, imm&31
	default:
		t.illegal()
		return
	}
	t.alu(ir.Op{Kind: k, Dst: t.reg(d), A: a, Imm: imm}, d)
}

// Register-register operations by funct7 and funct3; Nop where there is none.
var (
	ops   = [8]ir.Kind{ir.Add, ir.Shl, ir.Slt, ir.Sltu, ir.Xor, ir.Shr, ir.Or, ir.And}
	opsM  = [8]ir.Kind{ir.Mul, ir.MulH, ir.MulHSU, ir.MulHU, ir.Div, ir.DivU, ir.Rem, ir.RemU}
	opsW  = [8]ir.Kind{0: ir.Add32, 1: ir.Shl32, 5: ir.Shr32}
	opsWM = [8]ir.Kind{0: ir.Mul32, 4: ir.Div32, 5: ir.DivU32, 6: ir.Rem32, 7: ir.RemU32}
	opsA  = [8]ir.Kind{0: ir.Sub, 5: ir.Sar}
	opsWA = [8]ir.Kind{0: ir.Sub32, 5: ir.Sar32}
)

func (t *translation) regOp(i uint32, plain, muldiv, alt *[8]ir.Kind) {
	var k ir.Kind
	switch funct7(i) {
	case 0:
		k = plain[funct3(i)]
	case 1:
		k = muldiv[funct3(i)]
	case 0x20:
		k = alt[funct3(i)]
	}
	if k == ir.Nop {
		t.illegal()
		return
	}
	d, a, b := rd(i), rs1(i), rs2(i)
	if k == ir.Add {
		if a == 0 && d != 0 {
			t.emit(ir.Op{Kind: ir.Mov, Dst: d, A: b})
			t.forget(d)
			return
		}
		if t.fuseShlAdd(d, a, b) {
			return
		}
	}
	t.alu(ir.Op{Kind: k, Dst: t.reg(d), A: a, B: b}, d)
}

// fuseShlAdd makes one operation of "slli d, s, x; add d, d, b", the address of
// an array's element.
func (t *translation) fuseShlAdd(d, a, b uint8) bool {
	if a != d {
		a, b = b, a
	}
	if a != d || b == d || d == 0 || len(t.b.Ops) == 0 {
		return false
	}
	p := &t.b.Ops[len(t.b.Ops)-1]
	if p.Kind != ir.ShlI || p.Dst != d {
		return false
	}
	p.Kind, p.B = ir.ShlAdd, b
	return true
}

func (t *translation) op(i uint32)   { t.regOp(i, &ops, &opsM, &opsA) }
func (t *translation) op32(i uint32) { t.regOp(i, &opsW, &opsWM, &opsWA) }

var branches = [8]ir.Kind{0: ir.Beq, 1: ir.Bne, 4: ir.Blt, 5: ir.Bge, 6: ir.Bltu, 7: ir.Bgeu}

// branch leaves the block if it is taken. After a forward branch the block goes
// on; a backward one ends it, as it is probably a loop's.
func (t *translation) branch(i uint32) {
	k := branches[funct3(i)]
	if k == ir.Nop {
		t.illegal()
		return
	}
	target := t.pc + uint64(immB(i))
	t.emit(ir.Op{Kind: k, A: rs1(i), B: rs2(i), C: t.link(target)})
	if target <= t.pc {
		t.jump(t.next)
	}
}

// jal goes on decoding at its target: most calls become part of the caller's
// block.
func (t *translation) jal(i uint32) {
	t.goTo(rd(i), t.pc+uint64(immJ(i)))
}

func (t *translation) goTo(d uint8, target uint64) {
	t.setOrNop(d, t.next)
	if len(t.b.PCs) >= t.limit || target <= t.pc {
		t.jump(target)
		return
	}
	t.next = target
}

func (t *translation) jalr(i uint32) {
	if funct3(i) != 0 {
		t.illegal()
		return
	}
	if v, ok := t.get(rs1(i)); ok {
		t.goTo(rd(i), (v+uint64(immI(i)))&^1)
		return
	}
	t.emit(ir.Op{Kind: ir.JmpInd, Dst: t.reg(rd(i)), A: rs1(i), B: SP, C: t.link(t.next), Imm: immI(i)})
	t.done = true
}

func (t *translation) float(i uint32) {
	f, ok := decodeFP(i)
	if !ok {
		t.illegal()
		return
	}
	t.helper(ir.HelperOp, f.Helper, ir.Op{Dst: f.Dst, A: f.A, B: f.B, C: f.C, Imm: f.Imm})
}

func (t *translation) system(i uint32) {
	switch {
	case i == 0x00000073:
		t.trap(ir.ExitSyscall)
	case i == 0x00100073:
		t.trap(ir.ExitTrap)
	case funct3(i)&3 != 0:
		t.csr(i)
	default:
		t.illegal()
	}
}
