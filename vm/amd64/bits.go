package amd64

import (
	"math/bits"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

func init() {
	register(map[x86asm.Op]handler{
		x86asm.BT:  bitTest(nil),
		x86asm.BTS: bitTest(func(v, bit uint64) uint64 { return v | bit }),
		x86asm.BTR: bitTest(func(v, bit uint64) uint64 { return v &^ bit }),
		x86asm.BTC: bitTest(func(v, bit uint64) uint64 { return v ^ bit }),
		x86asm.BSF: bitScan(func(v uint64) int { return bits.TrailingZeros64(v) }),
		x86asm.BSR: bitScan(func(v uint64) int { return bits.Len64(v) - 1 }),
		// Processors without BMI1 and LZCNT ignore the prefix that tells these
		// from bsf and bsr.
		x86asm.TZCNT:  bitScan(func(v uint64) int { return bits.TrailingZeros64(v) }),
		x86asm.LZCNT:  bitScan(func(v uint64) int { return bits.Len64(v) - 1 }),
		x86asm.POPCNT: popcnt,
	})
}

// bitTest copies a bit to CF and changes it. The other flags, which are
// undefined but for ZF, stay as they are. A register's bit offset reaches beyond
// a memory operand, in both directions; a constant one does not.
func bitTest(change func(v, bit uint64) uint64) handler {
	return func(t *translation, in *inst) bool {
		p, ok := t.place(in, in.Args[0])
		if !ok || p.size == size8 {
			return false
		}
		var n uint8
		switch a := in.Args[1].(type) {
		case x86asm.Imm:
			n = t.constant(int64(a))
		case x86asm.Reg:
			if size, ok := regSize(a); !ok || size != p.size {
				return false
			}
			n = gprSlot(a)
			if p.memory() {
				var segment x86asm.Reg
				if m := in.Args[0].(x86asm.Mem); in.addr32 { // the sum is cut before a segment's base is added
					segment, m.Segment = m.Segment, 0
					p.base, p.disp = t.address(in, m)
				}
				word, sum := t.temp(), t.temp()
				t.opI(ir.SarI, word, t.sign(n, p.size), 3+int64(p.size))
				t.emit(ir.Op{Kind: ir.ShlAdd, Dst: sum, A: word, B: p.base, Imm: int64(p.size)})
				p.base = sum
				if in.addr32 {
					t.opI(ir.AddI, sum, sum, p.disp)
					t.zeroTo(sum, sum, size32)
					p.disp = 0
				}
				switch segment {
				case x86asm.FS:
					t.emit(ir.Op{Kind: ir.Add, Dst: sum, A: sum, B: FSBase})
				case x86asm.GS:
					t.emit(ir.Op{Kind: ir.Add, Dst: sum, A: sum, B: GSBase})
				}
			}
		default:
			return false
		}
		v := t.get(p)
		res := t.pair()
		mask := uint64(p.size.bits() - 1)
		t.pure(func(c *ir.CPU, op *ir.Op) bool {
			r := &c.R
			n := r[op.B] & mask
			v := r[op.A]
			flags := arith(r[:])&^FlagCF | v>>n&1
			if change != nil {
				v = change(v, 1<<n)
			}
			r[op.Dst], r[op.Dst+1] = v, flags
			return true
		}, ir.Op{Dst: res, A: v, B: n})
		if change != nil && p.memory() {
			t.put(p, res)
		}
		t.setEager(res + 1)
		if change != nil && !p.memory() {
			t.put(p, res)
		}
		return true
	}
}

// bitScan finds a bit. If there is none the destination keeps its value, all 64
// bits of it. The undefined flags are those of the index found (0 for none).
func bitScan(find func(v uint64) int) handler {
	return func(t *translation, in *inst) bool {
		dst, ok := in.Args[0].(x86asm.Reg)
		size, ok2 := regSize(dst)
		p, ok3 := t.place(in, in.Args[1])
		if !ok || !ok2 || !ok3 || p.size != size {
			return false
		}
		v := t.getZ(p)
		t.helper(func(c *ir.CPU, op *ir.Op) bool {
			v := c.R[op.A]
			if v == 0 {
				setArith(c.R[:], FlagZF|FlagPF)
				return true
			}
			n := uint64(find(v))
			setArith(c.R[:], resultFlags(n, uint64(size64))&^FlagZF)
			if size == size16 {
				n |= c.R[op.Dst] &^ 0xffff
			}
			c.R[op.Dst] = n
			return true
		}, ir.Op{Dst: gprSlot(dst), A: v})
		t.cc = static{known: true, family: ccEager}
		return true
	}
}

// popcnt clears all flags but ZF.
func popcnt(t *translation, in *inst) bool {
	dst, ok := in.Args[0].(x86asm.Reg)
	size, ok2 := regSize(dst)
	p, ok3 := t.place(in, in.Args[1])
	if !ok || !ok2 || !ok3 || p.size != size {
		return false
	}
	n := t.temp()
	t.helper(func(c *ir.CPU, op *ir.Op) bool {
		n := uint64(bits.OnesCount64(c.R[op.A]))
		setArith(c.R[:], b2u(n == 0)*FlagZF)
		c.R[op.Dst] = n
		return true
	}, ir.Op{Dst: n, A: t.getZ(p)})
	t.set(dst, n)
	t.cc = static{known: true, family: ccEager}
	return true
}
