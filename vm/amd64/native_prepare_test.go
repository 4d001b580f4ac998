//go:build linux && amd64

package amd64_test

import (
	"encoding/binary"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
)

// preparation adjusts a case to a form with implicit operands, or whose
// undefined flags depend on the operands. The instruction's own operands have
// been chosen, its encoding not yet.
type preparation func(g *gen, k *testCase, in *insn)

// preparations by the name that the tables use.
var preparations map[string]preparation

func init() {
	preparations = map[string]preparation{
		"shift1":  func(g *gen, k *testCase, in *insn) { shiftFlags(k, in, 1) },
		"shiftib": func(g *gen, k *testCase, in *insn) { shiftFlags(k, in, in.imm[0]) },
		"shiftcl": func(g *gen, k *testCase, in *insn) {
			if g.one(2) && !g.fixed {
				k.in.GPR[amd64.RCX] = k.in.GPR[amd64.RCX]&^0xff | uint64(g.IntN(70))
			}
			shiftFlags(k, in, byte(k.in.GPR[amd64.RCX]))
		},
		"double":   func(g *gen, k *testCase, in *insn) { doubleFlags(g, k, in, in.imm[0]) },
		"doublecl": func(g *gen, k *testCase, in *insn) { doubleFlags(g, k, in, byte(k.in.GPR[amd64.RCX])) },
		"div":      prepareDiv,
		"bit":      prepareBit,
		"scan":     prepareScan,
		"string":   prepareString,
		"cmpxchg":  prepareCmpxchg,
		"cmpxchgb": prepareCmpxchgPair,
		"popf": func(g *gen, k *testCase, in *insn) {
			// TF and NT, which no program sets, would disturb the host.
			k.in.GPR[amd64.RSP] = windowAt + 0x100 + g.Uint64N(0x800)
			k.poke(k.in.GPR[amd64.RSP], binary.LittleEndian.AppendUint64(nil, g.Uint64()&^0x4100))
		},
		"pushf": func(g *gen, k *testCase, in *insn) {
			k.masks = append(k.masks, windowMask{k.in.GPR[amd64.RSP] - 8 - windowAt, amd64.FlagTF})
			if in.size == 'w' {
				k.masks[0] = windowMask{k.in.GPR[amd64.RSP] - 8 - windowAt, amd64.FlagTF << 48}
			}
		},
		"branch": func(g *gen, k *testCase, in *insn) { // through r/m
			to := uint64(codeAt) + g.Uint64N(pageSize)
			if in.isMem {
				k.poke(in.at, binary.LittleEndian.AppendUint64(nil, to))
			} else {
				k.in.GPR[in.rm] = to
			}
		},
		"ret": func(g *gen, k *testCase, in *insn) {
			k.poke(k.in.GPR[amd64.RSP], binary.LittleEndian.AppendUint64(nil, codeAt+g.Uint64N(pageSize)))
		},
		"loop": func(g *gen, k *testCase, in *insn) {
			k.in.GPR[amd64.RCX] = pick(g, []uint64{0, 1, 2, 1 << 32, 1<<32 + 1, g.Uint64()})
			in.addr32 = g.one(3)
		},
		"leave": func(g *gen, k *testCase, in *insn) {
			k.in.GPR[amd64.RBP] = windowAt + g.Uint64N(pageSize+16)
		},
		"enter": func(g *gen, k *testCase, in *insn) {
			k.in.GPR[amd64.RBP] = windowAt + 0x100 + g.Uint64N(pageSize-0x100)
		},
		"xlat":    func(g *gen, k *testCase, in *insn) { k.in.GPR[amd64.RBX] = windowAt + g.Uint64N(pageSize-256) },
		"maskmov": func(g *gen, k *testCase, in *insn) { k.in.GPR[amd64.RDI] = windowAt + g.Uint64N(pageSize-16) },
		"lengths": func(g *gen, k *testCase, in *insn) {
			for _, r := range []int{amd64.RAX, amd64.RDX} {
				if !g.one(8) {
					k.in.GPR[r] = g.Uint64N(41) - 20
				}
			}
		},
		"ldmxcsr": func(g *gen, k *testCase, in *insn) {
			v := g.Uint32() & 0xffff
			if g.one(8) {
				v |= 1 << (16 + g.UintN(16))
				v &^= 1 << 17 // AMD's misaligned mode, which the guest's CPU has not
			}
			k.poke(in.at, binary.LittleEndian.AppendUint32(nil, v))
		},
		"fxrstor": func(g *gen, k *testCase, in *insn) {
			var s state
			image := make([]byte, 512)
			g.state(&s, &form{values: pick(g, []string{"pd", "pi"}), x87: true})
			s.toFX(image)
			if g.one(16) {
				image[27] = 1 // a reserved bit of MXCSR
			}
			k.poke(in.at, image)
		},
		"fxsave": func(g *gen, k *testCase, in *insn) { // the x87 pointers differ between processors
			at := in.at - windowAt
			k.masks = append(k.masks, windowMask{at, 0xffff << 48}, windowMask{at + 8, ^uint64(0)}, windowMask{at + 16, ^uint64(0)})
			k.masks = append(k.masks, windowMask{at + 24, 0xffffffff << 32})
			for i := range uint64(8) { // reserved bytes
				k.masks = append(k.masks, windowMask{at + 32 + 16*i + 8, ^uint64(0xffff)})
			}
		},
		"fldenv":  func(g *gen, k *testCase, in *insn) { g.environment(k, in) },
		"fnstenv": func(g *gen, k *testCase, in *insn) { maskEnvironment(k, in) },
		"fbld": func(g *gen, k *testCase, in *insn) {
			b := make([]byte, 10)
			for i := range 9 {
				b[i] = byte(g.IntN(10)<<4 | g.IntN(10))
			}
			b[9] = byte(g.Uint32()) & 0x80
			k.poke(in.at, b)
		},
		"fldcw": func(g *gen, k *testCase, in *insn) {
			k.poke(in.at, binary.LittleEndian.AppendUint16(nil, uint16(g.Uint32()&0x1f7f|0x40)))
		},
	}
}

func bitsOf(size byte) uint64 { return 8 * uint64(sizeBytes[size]) }

// shiftFlags works out which flags a shift or rotate leaves undefined (SDM
// volume 2, RCL/RCR/ROL/ROR and SAL/SAR/SHL/SHR).
func shiftFlags(k *testCase, in *insn, count byte) {
	n, bits := uint64(count&31), bitsOf(in.size)
	if in.size == 'q' {
		n = uint64(count & 63)
	}
	k.undef = 0
	if n == 0 {
		return
	}
	if n != 1 {
		k.undef |= amd64.FlagOF
	}
	if in.reg&7 >= 4 { // shifts
		k.undef |= amd64.FlagAF
		if n >= bits && in.reg&7 != 7 {
			k.undef |= amd64.FlagCF
		}
	}
}

func doubleFlags(g *gen, k *testCase, in *insn, count byte) {
	n := uint64(count & 31)
	if in.size == 'q' {
		n = uint64(count & 63)
	}
	k.undef = 0
	switch {
	case n == 0:
	case n > bitsOf(in.size):
		k.undef, k.soft = amd64.FlagsArith, true
	case n == 1:
		k.undef = amd64.FlagAF
	default:
		k.undef = amd64.FlagAF | amd64.FlagOF
	}
}

// prepareDiv makes a quotient that fits likely.
func prepareDiv(g *gen, k *testCase, in *insn) {
	k.undef = amd64.FlagsArith
	bits := bitsOf(in.size)
	top := &k.in.GPR[amd64.RDX]
	if bits == 8 {
		if g.one(2) {
			k.in.GPR[amd64.RAX] &^= 0xff00 &^ (g.Uint64N(4) << 8)
		}
		return
	}
	switch g.IntN(3) {
	case 0:
		*top = 0
	case 1:
		*top = -(k.in.GPR[amd64.RAX] >> (bits - 1) & 1)
	}
}

// prepareBit makes a bit offset that leads from the operand into the window.
func prepareBit(g *gen, k *testCase, in *insn) {
	if in.isMem && !g.fixed && in.reg != in.base && in.reg != in.index {
		off := (windowAt+g.Uint64N(pageSize)-in.at)*8 + g.Uint64N(8)
		if in.size != 'q' {
			off = off&(1<<bitsOf(in.size)-1) | g.Uint64()<<bitsOf(in.size)
		}
		k.in.GPR[in.reg] = off
	}
	k.undef = in.form.undef
}

// prepareScan: of a scan that finds nothing the destination is undefined.
func prepareScan(g *gen, k *testCase, in *insn) {
	if v, ok := k.destination(in); ok && v&(1<<(bitsOf(in.size)-1)<<1-1) == 0 {
		k.soft = true
	}
	k.undef = in.form.undef
}

// prepareString points rsi and rdi into the window and makes rcx small.
func prepareString(g *gen, k *testCase, in *insn) {
	for _, r := range []int{amd64.RSI, amd64.RDI} {
		k.in.GPR[r] = g.target(uint64(sizeBytes[in.size]), 1)
	}
	if g.one(3) {
		k.in.GPR[amd64.RDI] = k.in.GPR[amd64.RSI] + g.Uint64N(3)
	}
	k.in.GPR[amd64.RCX] = pick(g, []uint64{0, 1, 2, 3, 5, 1 << 32, g.Uint64()})
	in.addr32 = g.one(8)
	if in.addr32 && g.one(2) {
		k.in.GPR[amd64.RSI] ^= g.Uint64() << 32
	}
	if in.rep != 0 {
		k.steps = 1 + g.Uint64N(3)
	}
}

// destination reads the r/m operand of a case.
func (k *testCase) destination(in *insn) (uint64, bool) {
	if !in.isMem {
		return k.in.GPR[in.rm], true
	}
	var b [8]byte
	if in.at < windowAt || in.at+8 > windowAt+pageSize {
		return 0, false
	}
	copy(b[:], k.in.Window[in.at-windowAt:])
	return binary.LittleEndian.Uint64(b[:]), true
}

func prepareCmpxchg(g *gen, k *testCase, in *insn) {
	if v, ok := k.destination(in); ok && g.one(2) && in.base != amd64.RAX && in.index != amd64.RAX {
		k.in.GPR[amd64.RAX] = v
	}
}

func prepareCmpxchgPair(g *gen, k *testCase, in *insn) {
	if in.base == amd64.RAX || in.index == amd64.RAX || in.base == amd64.RDX || in.index == amd64.RDX {
		return
	}
	n := in.form.size
	if g.one(2) || in.at < windowAt || in.at+n > windowAt+pageSize {
		return
	}
	at := k.in.Window[in.at-windowAt:]
	if n == 8 {
		k.in.GPR[amd64.RAX] = uint64(binary.LittleEndian.Uint32(at)) | g.Uint64()<<32
		k.in.GPR[amd64.RDX] = uint64(binary.LittleEndian.Uint32(at[4:])) | g.Uint64()<<32
	} else {
		k.in.GPR[amd64.RAX], k.in.GPR[amd64.RDX] = binary.LittleEndian.Uint64(at), binary.LittleEndian.Uint64(at[8:])
	}
}

// environment makes the operand of fldenv and frstor: 28 bytes of environment,
// then the registers.
func (g *gen) environment(k *testCase, in *insn) {
	var s state
	g.x87State(&s, in.form)
	s.FSW &= 0x7f00 // what is pending is another test's
	n := in.form.size
	b := make([]byte, n)
	if in.size == 'w' {
		binary.LittleEndian.PutUint16(b, s.FCW)
		binary.LittleEndian.PutUint16(b[2:], s.FSW)
		binary.LittleEndian.PutUint16(b[4:], uint16(g.Uint32()))
	} else {
		binary.LittleEndian.PutUint32(b, uint32(s.FCW))
		binary.LittleEndian.PutUint32(b[4:], uint32(s.FSW))
		binary.LittleEndian.PutUint32(b[8:], g.Uint32())
	}
	for i := range 8 {
		if at := 28 + 10*i; at+10 <= len(b) {
			f := g.float80()
			binary.LittleEndian.PutUint64(b[at:], f.Mant)
			binary.LittleEndian.PutUint16(b[at+8:], f.Exp)
		}
	}
	k.poke(in.at, b)
}

// maskEnvironment excludes the pointers in a stored environment, which differ
// between processors.
func maskEnvironment(k *testCase, in *insn) {
	for i := range uint64(28) {
		at := in.at - windowAt + i
		if in.size == 'w' {
			if i < 6 || i >= 14 {
				continue
			}
		} else if i < 12 && i&3 < 2 {
			continue
		}
		k.masks = append(k.masks, windowMask{at &^ 7, 0xff << (at & 7 * 8)})
	}
}
