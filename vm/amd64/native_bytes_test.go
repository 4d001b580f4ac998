//go:build linux && amd64

package amd64_test

import (
	"fmt"
	"slices"
	"testing"

	"golang.org/x/arch/x86/x86asm"
)

// hazards are opcodes that the runner must not execute, because they leave the
// program, change segments or the protection keys, or whose result is the
// machine's own affair. The first byte is the map: 0 none, 1 0F, 2 0F 38, 3 0F 3A.
var hazards = map[[2]byte]bool{
	{0, 0x8e}: true, {0, 0x8c}: true, // segment registers
	{0, 0xca}: true, {0, 0xcb}: true, {0, 0xcd}: true, {0, 0xcf}: true, {0, 0xf1}: true, // far returns, interrupts
	{0, 0xcc}: true,                                                    // tested by itself
	{0, 0xc4}: true, {0, 0xc5}: true, {0, 0x62}: true, {0, 0x8f}: true, // VEX, EVEX, XOP
	{0, 0xff}: true,                  // far calls and jumps among others
	{0, 0x9c}: true, {0, 0x9d}: true, // pushf, popf: TF
	{1, 0x05}: true, {1, 0x34}: true, {1, 0x07}: true, {1, 0x01}: true, {1, 0x00}: true, // system calls, descriptors
	{1, 0x31}: true, {1, 0xa2}: true, {1, 0x33}: true, // rdtsc, cpuid, rdpmc
	{1, 0xa0}: true, {1, 0xa1}: true, {1, 0xa8}: true, {1, 0xa9}: true, {1, 0xb2}: true, {1, 0xb4}: true, {1, 0xb5}: true,
	{1, 0xae}: true, {1, 0xc7}: true, {1, 0x02}: true, {1, 0x03}: true, // fsbase, xsave; rdrand; lar, lsl
	{1, 0x37}: true, {1, 0x1e}: true, {1, 0x1c}: true, {1, 0x1a}: true, {1, 0x1b}: true, // hints whose meaning depends on the processor
	{1, 0x20}: true, {1, 0x21}: true, {1, 0x22}: true, {1, 0x23}: true, // control and debug registers: with lock AMD's have more
	{1, 0x0f}: true, {1, 0x0e}: true, {1, 0x0d}: true,
}

// beyond are opcodes that the host may have and x86-64-v2 does not.
func beyond(opMap, op byte, prefixes []byte) bool {
	f3 := slices.Contains(prefixes, 0xf3)
	switch {
	case opMap == 1:
		return op == 0x78 || op == 0x79 || op == 0x2b || // SSE4a
			f3 && (op == 0xbc || op == 0xbd) || // tzcnt, lzcnt
			op == 0x18 || op == 0x19 || op == 0x1d || op == 0x1f
	case opMap == 2:
		return op >= 0xc8 && op != 0xf0 && op != 0xf1 || op == 0xf0 || op == 0xf1 // SHA, AES, ADX, movbe and crc32
	case opMap == 3:
		return op == 0x44 || op >= 0xcc // PCLMUL, SHA, GFNI, AES
	}
	return false
}

// differs reports whether an opcode with these prefixes is something else to
// processors of AMD and of Intel, which the guest's is: with a 66 prefix AMD's cut
// the target of a branch to 16 bits, and F3 makes loopne a loope.
func differs(opMap, op byte, prefixes []byte) bool {
	has := func(p byte) bool { return slices.Contains(prefixes, p) }
	switch {
	case opMap == 0 && (op == 0xe0 || op == 0xe1):
		return has(0x66) || has(0xf2) || has(0xf3)
	case opMap == 0 && (op&0xf0 == 0x70 || op == 0xe2 || op == 0xe3 || op == 0xeb || op&0xfe == 0xe8 || op&0xfe == 0xc2), opMap == 1 && op&0xf0 == 0x80:
		return has(0x66)
	}
	return false
}

// decodePlain decodes an instruction without the prefixes that do not matter to which
// one it is; x86asm does not know all combinations.
func decodePlain(prefixes, code []byte, opMap byte) (x86asm.Inst, error) {
	kept := map[byte]bool{}
	for i, p := range prefixes {
		last := i == len(prefixes)-1
		kept[p] = p == 0x66 || p&0xf0 == 0x40 && last || opMap != 0 && (p == 0xf2 || p == 0xf3)
	}
	var b []byte
	for p := range kept {
		if kept[p] && p&0xf0 != 0x40 {
			b = append(b, p)
		}
	}
	if n := len(prefixes); n > 0 && kept[prefixes[n-1]] && prefixes[n-1]&0xf0 == 0x40 {
		b = append(b, prefixes[n-1])
	}
	x, err := x86asm.Decode(append(b, code...), 64)
	x.Len += len(prefixes) - len(b)
	return x, err
}

// anything is a case of one instruction made of random bytes, or nil.
func (g *gen) anything() *testCase {
	var b, prefixes []byte
	for g.one(2) {
		b = append(b, pick(g, []byte{0x66, 0x66, 0x67, 0xf2, 0xf3, 0xf3, 0xf0, 0x2e, 0x36, 0x64, 0x65}))
		if len(b) == 4 {
			break
		}
	}
	if g.one(2) {
		b = append(b, 0x40|byte(g.IntN(16)))
		if g.one(20) { // a REX that does not count
			b = append(b, pick(g, []byte{0x66, 0x40, 0xf3}))
		}
	}
	prefixes = slices.Clone(b)
	opMap, op := byte(g.IntN(4)), byte(g.Uint32())
	switch opMap {
	case 0:
		if op == 0x0f || op&0xf0 == 0x40 || op == 0x66 || op == 0x67 || op&0xfe == 0xf2 || op == 0xf0 || op&0xfe == 0x64 || op&0xe7 == 0x26 {
			return nil
		}
	case 1:
		b = append(b, 0x0f)
		if op == 0x38 || op == 0x3a {
			return nil
		}
	case 2:
		b = append(b, 0x0f, 0x38)
	case 3:
		b = append(b, 0x0f, 0x3a)
	}
	if hazards[[2]byte{opMap, op}] || beyond(opMap, op, b) || differs(opMap, op, b) {
		return nil
	}
	b = append(b, op)
	for len(b) < 15 {
		switch g.IntN(3) {
		case 0:
			b = append(b, byte(g.Uint32()))
		case 1:
			b = append(b, byte(g.IntN(16)))
		default:
			b = append(b, 0xc0|byte(g.Uint32()))
		}
	}
	f := &form{name: fmt.Sprintf("%d-%02x", opMap, op), digit: -1, values: pick(g, []string{"int", "pi", "ps", "pd"})}
	f.x87 = opMap == 0 && op&0xf8 == 0xd8
	in := &insn{form: f, base: -1, index: -1, bytes: b}
	k := &testCase{insns: []*insn{in}, code: b, steps: 1}
	g.state(&k.in, f)
	for i := range k.in.GPR {
		if !g.one(3) {
			k.in.GPR[i] = windowAt + 0x200 + g.Uint64N(0xc00)&^15
		}
	}
	k.in.RIP = codeAt + 0x400 + g.Uint64N(0x400)
	in.start = k.in.RIP
	x, err := decodePlain(prefixes, b[len(prefixes):], opMap)
	if err == nil {
		in.bytes = b[:min(x.Len, len(b))]
		k.undef = undefAfter[x.Op]
		switch x.Op {
		case x86asm.BSF, x86asm.BSR, x86asm.SHLD, x86asm.SHRD, x86asm.BSWAP:
			k.soft = true
		case x86asm.FNSAVE, x86asm.FNSTENV:
			return nil // with fields that differ
		}
		f.tol = tolerances[x.Op]
	}
	return k
}

// TestRandomBytesAgreeWithTheHostCPU executes random opcodes with random
// prefixes and operands: what the host refuses the VM refuses, and what the VM
// executes it executes as the host does.
func TestRandomBytesAgreeWithTheHostCPU(t *testing.T) {
	n := startNative(t)
	for _, seed := range seeds(t) {
		c := newComparison(t, n, seed)
		c.fillWindow("pd")
		for range 200 * *nativeCases {
			if k := c.g.anything(); k != nil {
				c.add(k)
			}
		}
		c.report()
	}
}
