//go:build linux && amd64

package amd64_test

import (
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
)

// vectorOpcodes are the opcodes of SSE and MMX by their map: nothing among them,
// with whatever prefixes, is a system instruction or depends on the host.
var vectorOpcodes = []struct {
	escape []byte
	ranges [][2]byte
}{
	{[]byte{0x0f}, [][2]byte{{0x10, 0x17}, {0x28, 0x2f}, {0x50, 0x76}, {0x7c, 0x7f}, {0xd0, 0xfe}, {0xc2, 0xc2}, {0xc4, 0xc6}}},
	{[]byte{0x0f, 0x38}, [][2]byte{{0x00, 0x41}, {0xf0, 0xf1}}},
	{[]byte{0x0f, 0x3a}, [][2]byte{{0x08, 0x0f}, {0x14, 0x17}, {0x20, 0x22}, {0x40, 0x42}, {0x60, 0x63}}},
}

// TestPrefixesSelectWhatTheySelectOnTheHostCPU executes vector opcodes with any
// prefixes in any order: most combinations are undefined, and must not be taken
// for an instruction that has other operands or another length.
func TestPrefixesSelectWhatTheySelectOnTheHostCPU(t *testing.T) {
	n := startNative(t)
	f := &form{name: "prefixes", values: "pi", reg: true, modrm: true, op: []byte{0x0f, 0x28}, sizes: "d", tol: "ps"}
	for _, seed := range seeds(t) {
		c := newComparison(t, n, seed)
		g := c.g
		c.fillWindow("pi")
		for range 40 * *nativeCases {
			k := g.single(f)
			var b []byte
			for g.one(2) {
				b = append(b, pick(g, []byte{0x66, 0xf2, 0xf3, 0x66, 0xf2, 0xf3, 0x2e, 0x64, 0x48, 0xf0}))
			}
			if g.one(2) {
				b = append(b, 0x40|byte(g.IntN(16)))
			}
			m := pick(g, vectorOpcodes)
			r := pick(g, m.ranges)
			op := r[0] + byte(g.IntN(int(r[1]-r[0])+1))
			b = append(append(b, m.escape...), op)
			// A register, or memory at rDI or R15, which hold an aligned address.
			modrm := byte(g.Uint32()) | 0xc0
			if g.one(2) {
				modrm = modrm&0x38 | 7
			}
			b = append(b, modrm)
			at := windowAt + g.Uint64N(pageSize-64)&^15
			k.in.GPR[amd64.RDI], k.in.GPR[amd64.R15] = at, at
			// Room for an immediate; if there is none, these are nops.
			k.code = append(b, 0x90, 0x90, 0x90)
			k.insns[0].bytes = b
			c.add(k)
		}
		c.report()
	}
}
