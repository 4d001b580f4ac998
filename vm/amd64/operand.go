package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// operandSize is the logarithm of a size in bytes.
type operandSize uint8

const (
	size8 operandSize = iota
	size16
	size32
	size64
)

// bits is the size in bits.
func (s operandSize) bits() int64 { return 8 << s }

// bytes is the size in bytes.
func (s operandSize) bytes() int64 { return 1 << s }

// mask has the bits of an operand set.
func (s operandSize) mask() uint64 { return ^uint64(0) >> (64 - s.bits()) }

func sizeOfBytes(n int) (s operandSize, ok bool) {
	switch n {
	case 1:
		return size8, true
	case 2:
		return size16, true
	case 4:
		return size32, true
	case 8:
		return size64, true
	}
	return 0, false
}

// regSize is the size of a general register. ok is false for other registers.
func regSize(r x86asm.Reg) (s operandSize, ok bool) {
	switch {
	case x86asm.AL <= r && r <= x86asm.R15B:
		return size8, true
	case x86asm.AX <= r && r <= x86asm.R15W:
		return size16, true
	case x86asm.EAX <= r && r <= x86asm.R15L:
		return size32, true
	case x86asm.RAX <= r && r <= x86asm.R15:
		return size64, true
	}
	return 0, false
}

// size is the size of an operand: a general register, or memory.
func (in *inst) size(arg x86asm.Arg) (operandSize, bool) {
	switch a := arg.(type) {
	case x86asm.Reg:
		return regSize(a)
	case x86asm.Mem:
		return sizeOfBytes(in.MemBytes)
	}
	return 0, false
}

// high reports whether r is one of ah, ch, dh and bh.
func high(r x86asm.Reg) bool { return x86asm.AH <= r && r <= x86asm.BH }

var (
	intLoads  = [...]ir.Kind{ir.Ld8U, ir.Ld16U, ir.Ld32U, ir.Ld64}
	intLoadsS = [...]ir.Kind{ir.Ld8S, ir.Ld16S, ir.Ld32S, ir.Ld64}
	intStores = [...]ir.Kind{ir.St8, ir.St16, ir.St32, ir.St64}

	setCCs  = [...]ir.Kind{ir.SetCC8, ir.SetCC16, ir.SetCC32, ir.SetCC64}
	setCCIs = [...]ir.Kind{ir.SetCCI8, ir.SetCCI16, ir.SetCCI32, ir.SetCCI64}
)

// place is an operand that is read and written: a register, or memory whose
// address has been computed.
type place struct {
	reg  x86asm.Reg // 0: memory
	size operandSize
	base uint8 // of memory: address is a slot's content
	disp int64 // plus this
}

// place finds an operand. ok is false if it is neither a general register nor
// memory.
func (t *translation) place(in *inst, arg x86asm.Arg) (p place, ok bool) {
	p.size, ok = in.size(arg)
	switch a := arg.(type) {
	case x86asm.Reg:
		p.reg = a
	case x86asm.Mem:
		p.base, p.disp = t.address(in, a)
	}
	return p, ok
}

func (p place) memory() bool { return p.reg == 0 }

// wide reports whether a value computed in 64 bits, or in 32 and zero-extended,
// may be written to the register's slot as it is.
func (p place) wide() bool { return !p.memory() && p.size >= size32 }

// get returns a slot whose low bits are the operand; what is above them is
// unknown, but zero when it was loaded from memory.
func (t *translation) get(p place) uint8 {
	switch {
	case p.memory():
		v := t.temp()
		t.emit(ir.Op{Kind: intLoads[p.size], Dst: v, A: p.base, Imm: p.disp})
		return v
	case high(p.reg):
		v := t.temp()
		t.emit(ir.Op{Kind: ir.ShlShr, Dst: v, A: gprSlot(p.reg), Imm: 48 | 56<<8})
		return v
	}
	return gprSlot(p.reg)
}

// getZ returns a slot that holds the operand zero-extended.
func (t *translation) getZ(p place) uint8 {
	v := t.get(p)
	if p.memory() || high(p.reg) {
		return v
	}
	return t.zero(v, p.size)
}

// getS returns a slot that holds the operand sign-extended.
func (t *translation) getS(p place) uint8 {
	if p.memory() {
		v := t.temp()
		t.emit(ir.Op{Kind: intLoadsS[p.size], Dst: v, A: p.base, Imm: p.disp})
		return v
	}
	return t.sign(t.get(p), p.size)
}

// zero returns a slot that holds v zero-extended from size.
func (t *translation) zero(v uint8, size operandSize) uint8 {
	if size == size64 {
		return v
	}
	d := t.temp()
	t.zeroTo(d, v, size)
	return d
}

// zeroTo emits d = v, zero-extended from size.
func (t *translation) zeroTo(d, v uint8, size operandSize) {
	switch size {
	case size64:
		if d != v {
			t.emit(ir.Op{Kind: ir.Mov, Dst: d, A: v})
		}
	case size32:
		t.emit(ir.Op{Kind: ir.MovU32, Dst: d, A: v})
	default:
		t.emit(ir.Op{Kind: ir.AndI, Dst: d, A: v, Imm: int64(size.mask())})
	}
}

// sign returns a slot that holds v sign-extended from size.
func (t *translation) sign(v uint8, size operandSize) uint8 {
	if size == size64 {
		return v
	}
	d := t.temp()
	t.signTo(d, v, size)
	return d
}

// signTo emits d = v, sign-extended from size.
func (t *translation) signTo(d, v uint8, size operandSize) {
	n := 64 - size.bits()
	t.emit(ir.Op{Kind: ir.ShlSar, Dst: d, A: v, Imm: n | n<<8})
}

// put emits a write of slot v to the operand. Memory is written here: nothing of
// the guest's may have been changed before.
func (t *translation) put(p place, v uint8) {
	if p.memory() {
		t.emit(ir.Op{Kind: intStores[p.size], A: p.base, B: v, Imm: p.disp})
		return
	}
	t.set(p.reg, v)
}

// set emits a write of slot v to a general register: 32 bits clear the upper
// half, fewer leave the rest alone (SDM volume 1, section 3.4.1.1).
func (t *translation) set(r x86asm.Reg, v uint8) {
	size, _ := regSize(r)
	d := gprSlot(r)
	switch {
	case size >= size32:
		t.zeroTo(d, v, size)
	case size == size16:
		t.emit(ir.Op{Kind: ir.Ins16, Dst: d, A: v})
	case high(r):
		t.emit(ir.Op{Kind: ir.Ins8H, Dst: d, A: v})
	default:
		t.emit(ir.Op{Kind: ir.Ins8, Dst: d, A: v})
	}
}

// operand returns a slot whose low bits are the operand; an immediate is loaded
// into a temporary.
func (t *translation) operand(in *inst, arg x86asm.Arg) (v uint8, ok bool) {
	if i, is := arg.(x86asm.Imm); is {
		return t.constant(int64(i)), true
	}
	p, ok := t.place(in, arg)
	if !ok {
		return 0, false
	}
	return t.get(p), true
}

// constant returns a temporary that holds v.
func (t *translation) constant(v int64) uint8 {
	d := t.temp()
	t.emit(ir.Op{Kind: ir.MovI, Dst: d, Imm: v})
	return d
}

// copyOf returns a temporary with the value of slot v.
func (t *translation) copyOf(v uint8) uint8 {
	d := t.temp()
	t.emit(ir.Op{Kind: ir.Mov, Dst: d, A: v})
	return d
}

// op2 emits d = a kind b.
func (t *translation) op2(kind ir.Kind, d, a, b uint8) {
	t.emit(ir.Op{Kind: kind, Dst: d, A: a, B: b})
}

// opI emits d = a kind imm.
func (t *translation) opI(kind ir.Kind, d, a uint8, imm int64) {
	t.emit(ir.Op{Kind: kind, Dst: d, A: a, Imm: imm})
}

// static is what is known while translating about the operation in CCOp.
type static struct {
	known  bool
	family int
	size   operandSize
	zeroB  bool  // CCB is 0
	count  int64 // the count of a shift
}

// setCC emits the note that an operation set the flags, with the values of
// slots a and b; both are cut to its size.
func (t *translation) setCC(family int, size operandSize, a, b uint8) {
	t.emit(ir.Op{Kind: setCCs[size], A: a, B: b, Imm: int64(cc(family, size))})
	t.cc = static{known: true, family: family, size: size}
}

// setCCI is setCC with a constant for the second value, as it is.
func (t *translation) setCCI(family int, size operandSize, a uint8, b int64) {
	t.emit(ir.Op{Kind: setCCIs[size], A: a, C: cc(family, size), Imm: b})
	t.cc = static{known: true, family: family, size: size, zeroB: b == 0, count: b}
}

// setEager emits a write of the flags from a slot that holds them (and no other
// bits).
func (t *translation) setEager(flags uint8) {
	t.emit(ir.Op{Kind: ir.SetCCI64, A: flags, C: ccEager})
	t.cc = static{known: true, family: ccEager}
}

// pure emits a call of a helper that does not set flags.
func (t *translation) pure(h ir.Helper, op ir.Op) {
	known := t.cc
	t.helper(h, op)
	t.cc = known
}

// carry returns a temporary that holds CF.
func (t *translation) carry() uint8 {
	d := t.temp()
	if t.cc.known && (t.cc.family == ccSub || t.cc.family == ccAdd) {
		t.op2(ir.Sltu, d, CCA, CCB)
		return d
	}
	t.pure(testCarry, ir.Op{Dst: d})
	return d
}
