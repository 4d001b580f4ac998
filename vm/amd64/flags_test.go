package amd64

import (
	"math/big"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// interesting is a number near a border, or any.
func interesting(g *rand.Rand) uint64 {
	v := g.Uint64() >> g.Uint64N(64)
	switch g.IntN(4) {
	case 0:
		v = uint64(1)<<g.Uint64N(64) + g.Uint64N(3) - 1
	case 1:
		v = -v
	}
	return v
}

// sums is what the SDM's definitions of the flags make of a sum or difference
// of two operands and a carry of the given size: computed with wide numbers, by
// range.
func sums(a, b, carry uint64, size operandSize, subtract bool) (result, flags uint64) {
	n := uint(size.bits())
	ua, ub := new(big.Int).SetUint64(a&size.mask()), new(big.Int).SetUint64(b&size.mask())
	sa, sb := big.NewInt(int64(signed(a, uint64(size)))), big.NewInt(int64(signed(b, uint64(size))))
	low := func(v uint64) *big.Int { return new(big.Int).SetUint64(v & 15) }
	c := new(big.Int).SetUint64(carry)
	do := func(x, y *big.Int) *big.Int {
		z := new(big.Int)
		if subtract {
			return z.Sub(z.Sub(x, y), c)
		}
		return z.Add(z.Add(x, y), c)
	}
	outside := func(v *big.Int, lo, hi *big.Int) bool { return v.Cmp(lo) < 0 || v.Cmp(hi) >= 0 }
	pow := func(k uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), k) }
	zero := new(big.Int)
	u := do(ua, ub)
	result = new(big.Int).And(u, new(big.Int).Sub(pow(64), big.NewInt(1))).Uint64() & size.mask()
	if outside(u, zero, pow(n)) {
		flags |= FlagCF
	}
	if outside(do(sa, sb), new(big.Int).Neg(pow(n-1)), pow(n-1)) {
		flags |= FlagOF
	}
	if outside(do(low(a), low(b)), zero, big.NewInt(16)) {
		flags |= FlagAF
	}
	return result, flags | valueFlags(result, size)
}

func valueFlags(v uint64, size operandSize) (flags uint64) {
	if v == 0 {
		flags |= FlagZF
	}
	if v>>(size.bits()-1) != 0 {
		flags |= FlagSF
	}
	if bits.OnesCount8(uint8(v))%2 == 0 {
		flags |= FlagPF
	}
	return flags
}

// encode is an instruction with a register operand, rax, and maybe a second one,
// rbx: opcode is that of the form with 8 bits.
func encode(size operandSize, opcode, modrm byte) []byte {
	var code []byte
	switch size {
	case size8:
		return []byte{opcode, modrm}
	case size16:
		code = []byte{0x66}
	case size64:
		code = []byte{0x48}
	}
	return append(code, opcode|1, modrm)
}

func TestFlagsAreThoseOfTheResultsRange(t *testing.T) {
	type op struct {
		name          string
		opcode, modrm byte
		unary         bool
		want          func(a, b, old uint64, size operandSize) (result, flags uint64)
	}
	carry := func(f uint64) uint64 { return f & FlagCF }
	logic := func(f func(a, b uint64) uint64) func(a, b, _ uint64, size operandSize) (uint64, uint64) {
		return func(a, b, _ uint64, size operandSize) (uint64, uint64) {
			v := f(a, b) & size.mask()
			return v, valueFlags(v, size)
		}
	}
	keepCarry := func(v, f, old uint64) (uint64, uint64) { return v, f&^FlagCF | carry(old) }
	ops := []op{
		{"add", 0x00, 0xd8, false, func(a, b, _ uint64, s operandSize) (uint64, uint64) { return sums(a, b, 0, s, false) }},
		{"or", 0x08, 0xd8, false, logic(func(a, b uint64) uint64 { return a | b })},
		{"adc", 0x10, 0xd8, false, func(a, b, old uint64, s operandSize) (uint64, uint64) { return sums(a, b, carry(old), s, false) }},
		{"sbb", 0x18, 0xd8, false, func(a, b, old uint64, s operandSize) (uint64, uint64) { return sums(a, b, carry(old), s, true) }},
		{"and", 0x20, 0xd8, false, logic(func(a, b uint64) uint64 { return a & b })},
		{"sub", 0x28, 0xd8, false, func(a, b, _ uint64, s operandSize) (uint64, uint64) { return sums(a, b, 0, s, true) }},
		{"xor", 0x30, 0xd8, false, logic(func(a, b uint64) uint64 { return a ^ b })},
		{"cmp", 0x38, 0xd8, false, func(a, b, _ uint64, s operandSize) (uint64, uint64) {
			_, f := sums(a, b, 0, s, true)
			return a & s.mask(), f
		}},
		{"test", 0x84, 0xd8, false, func(a, b, _ uint64, s operandSize) (uint64, uint64) {
			return a & s.mask(), valueFlags(a&b&s.mask(), s)
		}},
		{"inc", 0xfe, 0xc0, true, func(a, _, old uint64, s operandSize) (uint64, uint64) {
			v, f := sums(a, 1, 0, s, false)
			return keepCarry(v, f, old)
		}},
		{"dec", 0xfe, 0xc8, true, func(a, _, old uint64, s operandSize) (uint64, uint64) {
			v, f := sums(a, 1, 0, s, true)
			return keepCarry(v, f, old)
		}},
		{"neg", 0xf6, 0xd8, true, func(a, _, _ uint64, s operandSize) (uint64, uint64) { return sums(0, a, 0, s, true) }},
	}
	g := rand.New(rand.NewPCG(1, 3))
	for _, o := range ops {
		for size := size8; size <= size64; size++ {
			c, e := machine(t, append(encode(size, o.opcode, o.modrm), 0xcc))
			for range 400 {
				a, b, old := interesting(g), interesting(g), g.Uint64()&FlagsArith
				c.PC, c.R[RAX], c.R[RBX] = codeBase, a, b
				setArith(c.R[:], old)
				if x := e.Run(10, false); x != ir.ExitTrap {
					t.Fatalf("%s of %d bits: exit %d", o.name, size.bits(), x)
				}
				v, f := o.want(a, b, old, size)
				if got := c.R[RAX] & size.mask(); got != v || arith(c.R[:]) != f {
					t.Fatalf("%s of %d bits, %#x and %#x, flags %#x: %#x, flags %#x; want %#x, %#x", o.name, size.bits(), a, b, old, got, arith(c.R[:]), v, f)
				}
				checkConditions(t, c.R[:], f)
			}
		}
	}
}

// checkConditions compares all conditions with their definitions (SDM volume 1,
// appendix B.1).
func checkConditions(t *testing.T, r []uint64, f uint64) {
	t.Helper()
	has := func(bit uint64) bool { return f&bit != 0 }
	less := has(FlagSF) != has(FlagOF)
	for c, want := range map[condition]bool{
		condO: has(FlagOF), condB: has(FlagCF), condE: has(FlagZF), condBE: has(FlagCF | FlagZF),
		condS: has(FlagSF), condP: has(FlagPF), condL: less, condLE: less || has(FlagZF),
	} {
		if holds(r, c) != want || holds(r, c+1) == want {
			t.Fatalf("condition %d with flags %#x", c, f)
		}
	}
	if carryFlag(r) != f&FlagCF {
		t.Fatalf("carry with flags %#x", f)
	}
}

// A jump that compares what set the flags must go where one that reads them
// goes, whatever set them and whichever condition it is.
func TestFusedConditionsAgreeWithTheFlags(t *testing.T) {
	setters := [][]byte{
		{0x01, 0xd8}, {0x48, 0x01, 0xd8}, {0x00, 0xd8}, {0x66, 0x29, 0xd8}, {0x29, 0xd8}, {0x48, 0x29, 0xd8}, // add, sub
		{0x39, 0xd8}, {0x48, 0x39, 0xd8}, {0x38, 0xd8}, {0x66, 0x39, 0xd8}, {0x83, 0xf8, 0x7f}, {0x3c, 0x80}, // cmp
		{0x85, 0xc0}, {0x48, 0x85, 0xd8}, {0x84, 0xd8}, {0x21, 0xd8}, {0x48, 0x31, 0xd8}, // test, and, xor
		{0xff, 0xc0}, {0x48, 0xff, 0xc8}, {0xfe, 0xc0}, {0xf7, 0xd8}, // inc, dec, neg
		{0xc1, 0xe0, 3}, {0x48, 0xc1, 0xe8, 63}, {0xc0, 0xf8, 9}, {0xd0, 0xe8}, {0xc0, 0xe0, 8}, {0x66, 0xc1, 0xe8, 17}, {0xd3, 0xe8}, // shifts
		{0x11, 0xd8}, {0x48, 0x19, 0xd8}, {0xd1, 0xc0}, {0x0f, 0xa3, 0xd8}, {0x0f, 0xbc, 0xc3}, {0xf8}, {0xf5}, // adc, sbb, rol, bt, bsf, clc, cmc
		{0x0f, 0xaf, 0xc3}, {0xf7, 0xe3}, {0x48, 0xf7, 0xeb}, // imul, mul
	}
	g := rand.New(rand.NewPCG(2, 3))
	for _, s := range setters {
		for cond := condO; cond <= condG; cond++ {
			code := append([]byte{}, s...)
			code = append(code, 0x0f, 0x90+byte(cond), 0xc1)          // setcc cl
			code = append(code, 0x48, 0x0f, 0x40+byte(cond), 0xfe)    // cmovcc rdi, rsi
			code = append(code, 0x70+byte(cond), 1, 0xcc, 0x90, 0xcc) // jcc over the first int3
			c, e := machine(t, code)
			for range 30 {
				c.PC, c.R[RAX], c.R[RBX], c.R[RCX], c.R[RDX] = codeBase, interesting(g), interesting(g), 0x100|g.Uint64N(40), interesting(g)
				c.R[RSI], c.R[RDI] = 1, 0
				setArith(c.R[:], g.Uint64()&FlagsArith)
				if x := e.Run(10, false); x != ir.ExitTrap {
					t.Fatalf("% x: exit %d", code, x)
				}
				want := b2u(holds(c.R[:], cond))
				jumped := b2u(c.PC == codeBase+uint64(len(code))-1)
				if jumped != want || c.R[RDI] != want || c.R[RCX] != 0x100|want {
					t.Fatalf("% x: jump %d, cmov %d, set %#x, want %d (flags %#x)", code, jumped, c.R[RDI], c.R[RCX], want, arith(c.R[:]))
				}
			}
		}
	}
}
