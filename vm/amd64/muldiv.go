package amd64

import (
	"math/bits"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

func init() {
	register(map[x86asm.Op]handler{
		x86asm.IMUL: imul,
		x86asm.MUL:  func(t *translation, in *inst) bool { return t.multiply(in, false) },
		x86asm.DIV:  func(t *translation, in *inst) bool { return t.divide(in, false) },
		x86asm.IDIV: func(t *translation, in *inst) bool { return t.divide(in, true) },
		x86asm.CBW:  extendA(x86asm.AX, size8),
		x86asm.CWDE: extendA(x86asm.EAX, size16),
		x86asm.CDQE: extendA(x86asm.RAX, size32),
		x86asm.CWD:  extendD(x86asm.DX, size16),
		x86asm.CDQ:  extendD(x86asm.EDX, size32),
		x86asm.CQO:  extendD(x86asm.RDX, size64),
	})
}

// imul with two or three operands keeps the low half of the product.
func imul(t *translation, in *inst) bool {
	if in.Args[1] == nil {
		return t.multiply(in, true)
	}
	d, ok := in.Args[0].(x86asm.Reg)
	size, ok2 := regSize(d)
	if !ok || !ok2 {
		return false
	}
	x, y := in.Args[0], in.Args[1]
	if in.Args[2] != nil {
		x, y = in.Args[1], in.Args[2]
	}
	a, ok := t.operand(in, x)
	if !ok {
		return false
	}
	b, ok := t.operand(in, y)
	if !ok {
		return false
	}
	if !t.flagsDead(in) {
		t.setCC(ccIMul, size, a, b)
	}
	if size == size64 {
		t.op2(ir.Mul, gprSlot(d), a, b)
		return true
	}
	v := t.temp()
	t.op2(ir.Mul, v, a, b)
	t.set(d, v)
	return true
}

// multiply translates mul and imul with one operand: the product is twice as
// wide, in rdx:rax or in ax.
func (t *translation) multiply(in *inst, sign bool) bool {
	p, ok := t.place(in, in.Args[0])
	if !ok {
		return false
	}
	if p.size == size64 {
		b := t.get(p)
		hi, over := t.temp(), t.temp()
		kind := ir.MulHU
		if sign {
			kind = ir.MulH
		}
		t.op2(kind, hi, RAX, b)
		t.op2(ir.Mul, RAX, RAX, b)
		t.op2(ir.Xor, over, over, over)
		if sign { // does the high half tell more than the sign?
			t.opI(ir.SarI, over, RAX, 63)
		}
		t.op2(ir.Sub, over, hi, over)
		t.emit(ir.Op{Kind: ir.Mov, Dst: RDX, A: hi})
		t.setCC(ccMul, size64, RAX, over)
		return true
	}
	// The whole product fits into 64 bits.
	v, over := t.temp(), t.temp()
	if sign {
		b := t.getS(p)
		t.op2(ir.Mul, v, t.sign(RAX, p.size), b)
		t.signTo(over, v, p.size)
	} else {
		b := t.getZ(p)
		t.op2(ir.Mul, v, t.zero(RAX, p.size), b)
		t.zeroTo(over, v, p.size)
	}
	t.op2(ir.Sne, over, v, over)
	switch p.size {
	case size8:
		t.set(x86asm.AX, v)
	case size16:
		t.set(x86asm.AX, v)
		hi := t.temp()
		t.opI(ir.ShrI, hi, v, 16)
		t.set(x86asm.DX, hi)
	default:
		t.set(x86asm.EAX, v)
		hi := t.temp()
		t.opI(ir.ShrI, hi, v, 32)
		t.set(x86asm.EDX, hi)
	}
	t.setCC(ccMul, p.size, v, over)
	return true
}

// divide leaves the flags, which are undefined, alone.
func (t *translation) divide(in *inst, sign bool) bool {
	p, ok := t.place(in, in.Args[0])
	if !ok {
		return false
	}
	var b uint8
	if sign {
		b = t.getS(p)
	} else {
		b = t.getZ(p)
	}
	size := p.size
	h := func(c *ir.CPU, op *ir.Op) bool { return divideSmall(c, c.R[op.B], size, sign) }
	switch {
	case size == size64 && sign:
		h = divideSigned
	case size == size64:
		h = divideUnsigned
	}
	t.pure(h, ir.Op{B: b})
	return true
}

func divideUnsigned(c *ir.CPU, op *ir.Op) bool {
	b := c.R[op.B]
	if b <= c.R[RDX] { // 0, too
		c.Trap = ir.ExitDivide
		return false
	}
	c.R[RAX], c.R[RDX] = bits.Div64(c.R[RDX], c.R[RAX], b)
	return true
}

func divideSigned(c *ir.CPU, op *ir.Op) bool {
	hi, lo, b := c.R[RDX], c.R[RAX], c.R[op.B]
	negative := int64(hi) < 0
	if negative { // hi:lo = -hi:lo
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	d := b
	if int64(b) < 0 {
		d = -b
	}
	if d <= hi {
		c.Trap = ir.ExitDivide
		return false
	}
	q, rem := bits.Div64(hi, lo, d)
	limit := uint64(1)<<63 - 1
	if negative != (int64(b) < 0) {
		q, limit = -q, limit+1
		if -q > limit {
			c.Trap = ir.ExitDivide
			return false
		}
	} else if q > limit {
		c.Trap = ir.ExitDivide
		return false
	}
	if negative {
		rem = -rem
	}
	c.R[RAX], c.R[RDX] = q, rem
	return true
}

// divideSmall divides rdx:rax or ax by b, which has been extended.
func divideSmall(c *ir.CPU, b uint64, size operandSize, sign bool) bool {
	r := &c.R
	n := size.bits()
	var dividend uint64 // of 2n bits
	if size == size8 {
		dividend = r[RAX] & 0xffff
	} else {
		dividend = r[RAX]&size.mask() | r[RDX]&size.mask()<<n
	}
	c.Trap = ir.ExitDivide
	if b == 0 {
		return false
	}
	var q, rem uint64
	if sign {
		v := int64(dividend<<(64-2*n)) >> (64 - 2*n)
		if v == -1<<63 && int64(b) == -1 {
			return false
		}
		q, rem = uint64(v/int64(b)), uint64(v%int64(b))
		if signed(q, uint64(size)) != q {
			return false
		}
	} else {
		q, rem = dividend/b, dividend%b
		if q > size.mask() {
			return false
		}
	}
	switch size {
	case size8:
		r[RAX] = r[RAX]&^0xffff | rem&0xff<<8 | q&0xff
	case size16:
		r[RAX] = r[RAX]&^0xffff | q&0xffff
		r[RDX] = r[RDX]&^0xffff | rem&0xffff
	default:
		r[RAX], r[RDX] = q&0xffffffff, rem&0xffffffff
	}
	return true
}

// extendA translates cbw, cwde and cdqe.
func extendA(dst x86asm.Reg, from operandSize) handler {
	return func(t *translation, _ *inst) bool {
		t.set(dst, t.sign(RAX, from))
		return true
	}
}

// extendD translates cwd, cdq and cqo: the sign of rax into rdx.
func extendD(dst x86asm.Reg, from operandSize) handler {
	return func(t *translation, _ *inst) bool {
		v := t.temp()
		t.opI(ir.SarI, v, t.sign(RAX, from), 63)
		t.set(dst, v)
		return true
	}
}
