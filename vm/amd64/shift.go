package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

func init() {
	register(map[x86asm.Op]handler{
		x86asm.SHL:  shiftBy(ccShl),
		x86asm.SHR:  shiftBy(ccShr),
		x86asm.SAR:  shiftBy(ccSar),
		x86asm.ROL:  rotate(rol, 1),
		x86asm.ROR:  rotate(ror, -1),
		x86asm.RCL:  rotate(rcl, 0),
		x86asm.RCR:  rotate(rcr, 0),
		x86asm.SHLD: double(shld),
		x86asm.SHRD: double(shrd),
	})
}

// countMask cuts the count of a shift of an operand.
func countMask(size operandSize) int64 {
	if size == size64 {
		return 63
	}
	return 31
}

// shiftBy translates shl, shr and sar. A count of 0 leaves the flags alone.
func shiftBy(family int) handler {
	return func(t *translation, in *inst) bool {
		p, ok := t.place(in, in.Args[0])
		if !ok {
			return false
		}
		if imm, is := in.Args[1].(x86asm.Imm); is && p.wide() {
			t.shiftWide(in, family, p, int64(imm)&countMask(p.size))
			return true
		}
		var a uint8
		switch {
		case family == ccShl || p.size == size64:
			a = t.get(p)
		case family == ccShr:
			a = t.getZ(p)
		default:
			a = t.getS(p)
		}
		v := t.temp()
		if imm, is := in.Args[1].(x86asm.Imm); is {
			n := int64(imm) & countMask(p.size)
			t.opI([...]ir.Kind{ir.ShlI, ir.ShrI, ir.SarI}[family-ccShl], v, a, n)
			if p.memory() {
				t.put(p, v)
			}
			if n != 0 && !t.flagsDead(in) {
				t.setCCI(family, p.size, a, n)
				t.cc.zeroB = false
			}
			if !p.memory() {
				t.put(p, v)
			}
			return true
		}
		n := t.temp()
		t.opI(ir.AndI, n, RCX, countMask(p.size))
		t.op2([...]ir.Kind{ir.Shl, ir.Shr, ir.Sar}[family-ccShl], v, a, n)
		if p.memory() {
			t.put(p, v)
		}
		if !t.flagsDead(in) {
			t.emit(ir.Op{Kind: ir.SetCCNZ, A: a, B: n, Imm: int64(cc(family, p.size))})
			t.cc = static{}
		}
		if !p.memory() {
			t.put(p, v)
		}
		return true
	}
}

// shiftWide shifts a register of 32 or 64 bits by a constant.
func (t *translation) shiftWide(in *inst, family int, p place, n int64) {
	d := gprSlot(p.reg)
	if n != 0 && !t.flagsDead(in) {
		t.setCCI(family, p.size, d, n)
	}
	switch {
	case p.size == size64:
		t.opI([...]ir.Kind{ir.ShlI, ir.ShrI, ir.SarI}[family-ccShl], d, d, n)
	case family == ccShl:
		t.opI(ir.ShlShr, d, d, (32+n)|32<<8)
	case family == ccShr:
		t.opI(ir.ShlShr, d, d, 32|(32+n)<<8)
	default:
		t.opI(ir.ShlSar, d, d, 32|(32+n)<<8)
		t.emit(ir.Op{Kind: ir.MovU32, Dst: d, A: d})
	}
}

// shifter computes a shift or rotation of v, an operand of the size, zero-
// extended, by n, which is not 0. It returns the result and the flags, given
// those from before. b is the other operand of shld and shrd.
type shifter func(v, b, n uint64, size operandSize, flags uint64) (result, f uint64)

// rotate translates rotations, which set CF and OF only. direction is 1 or -1
// for those that need nothing else: by a constant, when nobody looks at the
// flags, they have operations.
func rotate(f shifter, direction int64) handler {
	return func(t *translation, in *inst) bool {
		p, ok := t.place(in, in.Args[0])
		if !ok {
			return false
		}
		imm, is := in.Args[1].(x86asm.Imm)
		n := int64(imm) & countMask(p.size)
		if direction != 0 && is && p.wide() && (n == 0 || t.flagsDead(in)) {
			kind := ir.RolI
			if p.size == size32 {
				kind = ir.RolI32
			}
			d := gprSlot(p.reg)
			t.opI(kind, d, d, direction*n&(p.size.bits()-1))
			return true
		}
		return t.shifter(in, p, in.Args[1], 0, f)
	}
}

// double translates shld and shrd.
func double(f shifter) handler {
	return func(t *translation, in *inst) bool {
		p, ok := t.place(in, in.Args[0])
		if !ok {
			return false
		}
		src, is := in.Args[1].(x86asm.Reg)
		if size, ok := regSize(src); !is || !ok || size != p.size {
			return false
		}
		return t.shifter(in, p, in.Args[2], gprSlot(src), f)
	}
}

// shifter emits a call of a helper that shifts, and writes its results.
func (t *translation) shifter(in *inst, p place, count x86asm.Arg, b uint8, f shifter) bool {
	a := t.getZ(p)
	n := t.temp()
	if imm, is := count.(x86asm.Imm); is {
		t.emit(ir.Op{Kind: ir.MovI, Dst: n, Imm: int64(imm) & countMask(p.size)})
	} else {
		t.opI(ir.AndI, n, RCX, countMask(p.size))
	}
	res := t.pair()
	size := p.size
	t.pure(func(c *ir.CPU, op *ir.Op) bool {
		r := &c.R
		v, flags := r[op.A], arith(r[:])
		if n := r[op.C]; n != 0 {
			v, flags = f(v, r[op.B]&size.mask(), n, size, flags)
		}
		r[op.Dst], r[op.Dst+1] = v, flags
		return true
	}, ir.Op{Dst: res, A: a, B: b, C: n})
	if p.memory() {
		t.put(p, res)
	}
	// The slots must not depend on whether the count is known to be 0.
	t.setEager(res + 1)
	if !p.memory() {
		t.put(p, res)
	}
	return true
}

func rol(v, _, n uint64, size operandSize, flags uint64) (uint64, uint64) {
	w := uint64(size.bits())
	n &= w - 1
	v = (v<<n | v>>(w-n)) & size.mask()
	return v, flags&^(FlagCF|FlagOF) | leftFlags(v, v&1, size)
}

func ror(v, _, n uint64, size operandSize, flags uint64) (uint64, uint64) {
	w := uint64(size.bits())
	n &= w - 1
	v = (v>>n | v<<(w-n)) & size.mask()
	return v, flags&^(FlagCF|FlagOF) | v>>(w-1)&1 | rightOverflow(v, size)
}

// rcl and rcr rotate through CF: by the count modulo the width plus 1.

func rcl(v, _, n uint64, size operandSize, flags uint64) (uint64, uint64) {
	w := uint64(size.bits())
	carry := flags & FlagCF
	if n %= w + 1; n != 0 {
		out := v >> (w - n) & 1
		v = (v<<n | carry<<(n-1) | v>>(w-n)>>1) & size.mask()
		carry = out
	}
	return v, flags&^(FlagCF|FlagOF) | leftFlags(v, carry, size)
}

func rcr(v, _, n uint64, size operandSize, flags uint64) (uint64, uint64) {
	w := uint64(size.bits())
	carry := flags & FlagCF
	if n %= w + 1; n != 0 {
		out := v >> (n - 1) & 1
		v = (v>>n | carry<<(w-n) | v<<(w-n)<<1) & size.mask()
		carry = out
	}
	return v, flags&^(FlagCF|FlagOF) | carry | rightOverflow(v, size)
}

// shld shifts in bits of b. With 16 bits and a count above that the result is
// undefined (SDM): as on AMD's processors, b follows b.
func shld(v, b, n uint64, size operandSize, _ uint64) (uint64, uint64) {
	w := uint64(size.bits())
	var carry uint64
	if n > w {
		v = b<<(n-w) | b>>(2*w-n)
	} else {
		carry = v >> (w - n) & 1
		v = v<<n | b>>(w-n)
	}
	v &= size.mask()
	return v, resultFlags(v, uint64(size)) | FlagAF | leftFlags(v, carry, size)
}

func shrd(v, b, n uint64, size operandSize, _ uint64) (uint64, uint64) {
	w := uint64(size.bits())
	var carry uint64
	if n > w {
		v = b>>(n-w) | b<<(2*w-n)
	} else {
		carry = v >> (n - 1) & 1
		v = v>>n | b<<(w-n)
	}
	v &= size.mask()
	return v, resultFlags(v, uint64(size)) | FlagAF | carry | rightOverflow(v, size)
}

// leftFlags are CF and OF after a shift or rotation to the left: OF tells that
// the last step changed the sign.
func leftFlags(v, carry uint64, size operandSize) uint64 {
	f := carry
	if v>>(size.bits()-1)&1 != carry {
		f |= FlagOF
	}
	return f
}

// rightOverflow is OF after a shift or rotation to the right: the last step
// changed the sign.
func rightOverflow(v uint64, size operandSize) uint64 {
	if (v^v<<1)>>(size.bits()-1)&1 != 0 {
		return FlagOF
	}
	return 0
}
