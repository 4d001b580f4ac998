package amd64

import (
	"math/bits"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// Bits of RFLAGS (SDM volume 1, section 3.4.3).
const (
	FlagCF = 1 << 0
	FlagPF = 1 << 2
	FlagAF = 1 << 4
	FlagZF = 1 << 6
	FlagSF = 1 << 7
	FlagTF = 1 << 8
	FlagIF = 1 << 9
	FlagDF = 1 << 10
	FlagOF = 1 << 11
	FlagAC = 1 << 18
	FlagID = 1 << 21

	// FlagsArith are the flags that arithmetic sets.
	FlagsArith = FlagCF | FlagPF | FlagAF | FlagZF | FlagSF | FlagOF
	flagsOther = FlagDF | FlagAC | FlagID
	flagsFixed = 1<<1 | FlagIF // always set for a program
)

// The arithmetic flags are kept as the operation that set them last, in slot
// CCOp, and two values, in slots CCA and CCB: few are ever looked at. CCOp is a
// family of operations shifted left by ccFamily, plus the logarithm of the
// operand size in bytes. Values are sign-extended from that size, unless said
// otherwise, which keeps the order of signed and of unsigned numbers alike: a
// conditional jump compares the slots as they are.
//
// What an instruction leaves in the three slots depends on nothing but the
// instruction and its operands, so the slots are as good a part of the state as
// the flags themselves.
const (
	ccEager = 0 // CCA holds the flags, CCB is 0

	ccFamily = 2
)

// Families.
const (
	ccAdd  = iota + 1 // CCA: the sum, CCB: the second operand
	ccSub             // both operands; after And, Or, Xor: the result, and 0
	ccInc             // the result, and the carry flag from before
	ccDec             //
	ccAdc             // as ccAdd, with a carry of 1
	ccSbb             // as ccSub, with a borrow of 1
	ccShl             // the operand, and the count, which is not 0
	ccShr             //
	ccSar             //
	ccIMul            // both factors
	ccMul             // the low half of the product; CCB is not 0 if it does not tell the whole
)

// cc makes a value of CCOp.
func cc(family int, size operandSize) uint8 { return uint8(family<<ccFamily | int(size)) }

// setArith sets the arithmetic flags.
func setArith(r []uint64, bits uint64) { r[CCOp], r[CCA], r[CCB] = ccEager, bits&FlagsArith, 0 }

// arith computes the arithmetic flags.
//
// Where the SDM leaves flags undefined: And, Or and Xor clear AF; shifts set AF,
// and OF as if by a count of 1 at last; multiplication sets SF, ZF and PF by the
// low half of the product and clears AF.
func arith(r []uint64) uint64 {
	op, a, b := r[CCOp], r[CCA], r[CCB]
	size := op & 3
	width := uint64(8) << size
	mask := ^uint64(0) >> (64 - width)
	var f, v, x uint64 // the result; bit 4 of x is AF
	carry, overflow := false, false
	switch op >> ccFamily {
	case ccEager:
		return a
	case ccAdd:
		v, x = a, a-b
		carry, overflow = v&mask < b&mask, (v^b)&(v^x)>>(width-1)&1 != 0
		x ^= v ^ b
	case ccAdc:
		v, x = a, a-b-1
		carry, overflow = v&mask <= b&mask, (v^b)&(v^x)>>(width-1)&1 != 0
		x ^= v ^ b
	case ccSub:
		v = a - b
		carry, overflow = a&mask < b&mask, (a^b)&(a^v)>>(width-1)&1 != 0
		x = v ^ a ^ b
	case ccSbb:
		v = a - b - 1
		carry, overflow = a&mask <= b&mask, (a^b)&(a^v)>>(width-1)&1 != 0
		x = v ^ a ^ b
	case ccInc:
		v, x = a, a^(a-1)
		carry, overflow = b != 0, v&mask == 1<<(width-1)
	case ccDec:
		v, x = a, a^(a+1)
		carry, overflow = b != 0, v&mask == mask>>1
	case ccShl:
		v, x = a<<b, FlagAF
		carry = b <= width && a>>(width-b)&1 != 0
		overflow = carry != (v>>(width-1)&1 != 0)
	case ccShr:
		v, x = (a&mask)>>b, FlagAF
		carry = (a&mask)>>(b-1)&1 != 0
		overflow = (v^v<<1)>>(width-1)&1 != 0
	case ccSar:
		v, x = uint64(int64(a)>>b), FlagAF
		carry = int64(a)>>(b-1)&1 != 0
	case ccIMul:
		v = a * b
		hi, _ := bits.Mul64(a, b)
		hi -= uint64(int64(a)>>63)&b + uint64(int64(b)>>63)&a
		carry = signed(v, size) != v || hi != uint64(int64(v)>>63)
		overflow = carry
	case ccMul:
		v = a
		carry = b != 0
		overflow = carry
	}
	f = x & FlagAF
	if carry {
		f |= FlagCF
	}
	if overflow {
		f |= FlagOF
	}
	return f | resultFlags(v, size)
}

// resultFlags are the flags that tell about a result alone: SF, ZF and PF.
func resultFlags(v, size uint64) (f uint64) {
	v = signed(v, size)
	if v == 0 {
		f |= FlagZF
	}
	if int64(v) < 0 {
		f |= FlagSF
	}
	if bits.OnesCount8(uint8(v))&1 == 0 {
		f |= FlagPF
	}
	return f
}

// signed sign-extends v from 8 << (size & 3) bits.
func signed(v, size uint64) uint64 {
	n := 64 - 8<<(size&3)
	return uint64(int64(v<<n) >> n)
}

// carryFlag is CF as 0 or 1.
func carryFlag(r []uint64) uint64 {
	switch r[CCOp] >> ccFamily {
	case ccSub: // sign extension keeps the order
		return b2u(r[CCA] < r[CCB])
	case ccAdd:
		return b2u(r[CCA] < r[CCB])
	case ccAdc, ccSbb:
		return b2u(r[CCA] <= r[CCB])
	case ccInc, ccDec:
		return r[CCB]
	}
	return arith(r) & FlagCF
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// condition is one of the sixteen that conditional jumps, moves and sets test,
// as in the low four bits of their opcodes (SDM volume 1, appendix B.1). An odd
// one is the opposite of the one before it.
type condition uint8

const (
	condO condition = iota
	condNO
	condB
	condAE
	condE
	condNE
	condBE
	condA
	condS
	condNS
	condP
	condNP
	condL
	condGE
	condLE
	condG
)

// holds tests a condition.
func holds(r []uint64, c condition) bool {
	if r[CCOp]>>ccFamily == ccSub {
		a, b := r[CCA], r[CCB]
		switch c {
		case condB:
			return a < b
		case condAE:
			return a >= b
		case condE:
			return a == b
		case condNE:
			return a != b
		case condBE:
			return a <= b
		case condA:
			return a > b
		case condL:
			return int64(a) < int64(b)
		case condGE:
			return int64(a) >= int64(b)
		case condLE:
			return int64(a) <= int64(b)
		case condG:
			return int64(a) > int64(b)
		}
	}
	f := arith(r)
	var yes bool
	switch c &^ 1 {
	case condO:
		yes = f&FlagOF != 0
	case condB:
		yes = f&FlagCF != 0
	case condE:
		yes = f&FlagZF != 0
	case condBE:
		yes = f&(FlagCF|FlagZF) != 0
	case condS:
		yes = f&FlagSF != 0
	case condP:
		yes = f&FlagPF != 0
	case condL:
		yes = f&FlagSF != 0 != (f&FlagOF != 0)
	case condLE:
		yes = f&FlagZF != 0 || f&FlagSF != 0 != (f&FlagOF != 0)
	}
	return yes != (c&1 != 0)
}

// RFlags reads the flags register.
func RFlags(r []uint64) uint64 { return arith(r) | r[Flags] | flagsFixed }

// SetRFlags writes what a program may change of the flags register.
func SetRFlags(r []uint64, v uint64) {
	setArith(r, v)
	r[Flags] = v & flagsOther
}

// testCondition is a helper: Dst is 1 if condition Imm holds, else 0.
func testCondition(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = b2u(holds(c.R[:], condition(op.Imm)))
	return true
}

// testCarry is a helper: Dst is CF.
func testCarry(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = carryFlag(c.R[:])
	return true
}
