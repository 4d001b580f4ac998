package amd64

import (
	hashcrc "hash/crc32"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// The integer instructions on whole XMM registers, which the tables of
// sse_packed.go make, and those that work across the halves.

func init() {
	group := map[x86asm.Op]handler{
		x86asm.PSLLDQ: shiftBytes,
		x86asm.PSRLDQ: shiftBytes,

		x86asm.PHMINPOSUW: xmmOp(16, phminposuw),
		x86asm.MPSADBW:    xmmOp(16, mpsadbw),
		x86asm.PTEST:      flagsOp(xmmOp(16, ptest)),

		x86asm.PMOVSXBW: xmmOp(8, extendTo(1, 2, true)),
		x86asm.PMOVSXBD: xmmOp(4, extendTo(1, 4, true)),
		x86asm.PMOVSXBQ: xmmOp(2, extendTo(1, 8, true)),
		x86asm.PMOVSXWD: xmmOp(8, extendTo(2, 4, true)),
		x86asm.PMOVSXWQ: xmmOp(4, extendTo(2, 8, true)),
		x86asm.PMOVSXDQ: xmmOp(8, extendTo(4, 8, true)),
		x86asm.PMOVZXBW: xmmOp(8, extendTo(1, 2, false)),
		x86asm.PMOVZXBD: xmmOp(4, extendTo(1, 4, false)),
		x86asm.PMOVZXBQ: xmmOp(2, extendTo(1, 8, false)),
		x86asm.PMOVZXWD: xmmOp(8, extendTo(2, 4, false)),
		x86asm.PMOVZXWQ: xmmOp(4, extendTo(2, 8, false)),
		x86asm.PMOVZXDQ: xmmOp(8, extendTo(4, 8, false)),

		x86asm.PMOVMSKB: mask(pmovmskb),
		x86asm.MOVMSKPS: mask(movmskps),
		x86asm.MOVMSKPD: mask(movmskpd),
	}
	for op, f := range lanes {
		group[op] = xmmOp(16, func(c *ir.CPU, op *ir.Op) bool {
			c.R[op.Dst], c.R[op.Dst+1] = f(c.R[op.A], c.R[op.B]), f(c.R[op.A+1], c.R[op.B+1])
			return true
		})
	}
	for op, f := range joins {
		group[op] = xmmOp(16, func(c *ir.CPU, op *ir.Op) bool {
			c.R[op.Dst], c.R[op.Dst+1] = f(c.R[op.A], c.R[op.A+1]), f(c.R[op.B], c.R[op.B+1])
			return true
		})
	}
	for op, u := range unpacks {
		half := uint8(0)
		if u.high {
			half = 1
		}
		group[op] = xmmOp(16, func(c *ir.CPU, op *ir.Op) bool {
			a, b := c.R[op.A+half], c.R[op.B+half]
			c.R[op.Dst], c.R[op.Dst+1] = u.f(a, b), u.f(a>>32, b>>32)
			return true
		})
	}
	for op, f := range shifts {
		group[op] = shift(f)
	}
	registerSSE(group)
	register(map[x86asm.Op]handler{x86asm.CRC32: crc32})
}

// shift is a shift by an immediate, or by the low 64 bits of the source.
func shift(f func(a, n uint64) uint64) handler {
	byRegister := xmmOp(16, func(c *ir.CPU, op *ir.Op) bool {
		n := c.R[op.B]
		c.R[op.Dst], c.R[op.Dst+1] = f(c.R[op.A], n), f(c.R[op.A+1], n)
		return true
	})
	immediate := func(c *ir.CPU, op *ir.Op) bool {
		n := uint64(op.Imm)
		c.R[op.Dst], c.R[op.Dst+1] = f(c.R[op.A], n), f(c.R[op.A+1], n)
		return true
	}
	return func(t *translation, in *inst) bool {
		if _, ok := in.Args[1].(x86asm.Imm); !ok {
			return byRegister(t, in)
		}
		d, ok := xmmArg(in.Args[0])
		t.pure(immediate, ir.Op{Dst: d, A: d, Imm: imm8(in, 1)})
		return ok
	}
}

// shiftBytes is pslldq and psrldq.
func shiftBytes(t *translation, in *inst) bool {
	d, ok := xmmArg(in.Args[0])
	n := min(imm8(in, 1), 16) * 8
	switch {
	case n == 64 && in.Op == x86asm.PSRLDQ:
		t.mov(d, d+1)
		t.clear(d + 1)
	case n == 64:
		t.mov(d+1, d)
		t.clear(d)
	case in.Op == x86asm.PSRLDQ:
		t.pure(psrldq, ir.Op{Dst: d, A: d, Imm: n})
	default:
		t.pure(pslldq, ir.Op{Dst: d, A: d, Imm: n})
	}
	return ok
}

// psrldq and pslldq shift 128 bits by Imm bits, a multiple of 8.
func psrldq(c *ir.CPU, op *ir.Op) bool {
	return set(c, op.Dst, get(c, op.A).right(uint(op.Imm)))
}

func pslldq(c *ir.CPU, op *ir.Op) bool {
	return set(c, op.Dst, get(c, op.A).left(uint(op.Imm)))
}

// right and left shift by n bits, up to 128. (Shifts by 64 and more give 0.)
func (v vec) right(n uint) vec {
	if n >= 64 {
		return vec{v.hi >> (n - 64), 0}
	}
	return vec{v.lo>>n | v.hi<<(64-n), v.hi >> n}
}

func (v vec) left(n uint) vec {
	if n >= 64 {
		return vec{0, v.lo << (n - 64)}
	}
	return vec{v.lo << n, v.hi<<n | v.lo>>(64-n)}
}

// phminposuw finds the smallest word and the first place where it is.
func phminposuw(c *ir.CPU, op *ir.Op) bool {
	v := get(c, op.B)
	at := 0
	for i := 1; i < 8; i++ {
		if v.word(i) < v.word(at) {
			at = i
		}
	}
	return set(c, op.Dst, vec{uint64(v.word(at)) | uint64(at)<<16, 0})
}

// mpsadbw sums the differences of four bytes of B, chosen by bits 0 and 1 of
// Imm, to four bytes of A at eight places from that chosen by bit 2 on.
func mpsadbw(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	from, block := int(op.Imm)&4, int(op.Imm)&3*4
	var r vec
	for i := range 8 {
		sum := 0
		for j := range 4 {
			d := int(a.byte(from+i+j)) - int(b.byte(block+j))
			sum += max(d, -d)
		}
		r.setWord(i, uint16(sum))
	}
	return set(c, op.Dst, r)
}

// ptest sets ZF if A & B is 0 and CF if B has no bit that A has not.
func ptest(c *ir.CPU, op *ir.Op) bool {
	a, b := get(c, op.A), get(c, op.B)
	flags := uint64(0)
	if a.lo&b.lo|a.hi&b.hi == 0 {
		flags |= FlagZF
	}
	if b.lo&^a.lo|b.hi&^a.hi == 0 {
		flags |= FlagCF
	}
	setArith(c.R[:], flags)
	return true
}

// extendTo is the widening of the low elements of B from so many bytes to so
// many.
func extendTo(from, to int, signed bool) ir.Helper {
	return func(c *ir.CPU, op *ir.Op) bool {
		src := c.R[op.B]
		var r vec
		for i := range 16 / to {
			x := src >> (8 * from * i) << (64 - 8*from)
			if signed {
				x = uint64(int64(x) >> (64 - 8*from))
			} else {
				x >>= 64 - 8*from
			}
			r.put(8*to*i, ^uint64(0)>>(64-8*to), x<<(64-8*to)>>(64-8*to))
		}
		return set(c, op.Dst, r)
	}
}

// mask is the form "op r, xmm".
func mask(h ir.Helper) handler {
	return func(t *translation, in *inst) bool {
		d, _, ok1 := gprArg(in.Args[0])
		s, ok2 := xmmArg(in.Args[1])
		t.pure(h, ir.Op{Dst: d, A: s})
		return ok1 && ok2
	}
}

func pmovmskb(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = byteSigns(c.R[op.A]) | byteSigns(c.R[op.A+1])<<8
	return true
}

func movmskpd(c *ir.CPU, op *ir.Op) bool {
	c.R[op.Dst] = c.R[op.A]>>63 | c.R[op.A+1]>>63<<1
	return true
}

func movmskps(c *ir.CPU, op *ir.Op) bool {
	two := func(x uint64) uint64 { return x>>31&1 | x>>63<<1 }
	c.R[op.Dst] = two(c.R[op.A]) | two(c.R[op.A+1])<<2
	return true
}

// crc32 accumulates a CRC-32C of 1 to 8 bytes.
func crc32(t *translation, in *inst) bool {
	d, _, ok := gprArg(in.Args[0])
	if !ok {
		return false
	}
	size := in.DataSize / 8
	if in.Opcode>>8&0xff == 0xf0 { // 0F 38 F0
		size = 1
	}
	var s uint8
	switch a := in.Args[1].(type) {
	case x86asm.Mem:
		s = t.temp()
		t.load(in, loads[size], s, a)
	case x86asm.Reg:
		s = gprSlot(a)
		if x86asm.AH <= a && a <= x86asm.BH {
			high := t.temp()
			t.emit(ir.Op{Kind: ir.ShrI, Dst: high, A: s, Imm: 8})
			s = high
		}
	default:
		return false
	}
	t.pure(crc32C, ir.Op{Dst: d, A: d, B: s, Imm: int64(size)})
	return true
}

// crc32C is A with Imm bytes of B added, neither inverted.
func crc32C(c *ir.CPU, op *ir.Op) bool {
	crc, v := uint32(c.R[op.A]), c.R[op.B]
	for range op.Imm {
		crc = crc>>8 ^ castagnoli[uint8(crc)^uint8(v)]
		v >>= 8
	}
	c.R[op.Dst] = uint64(crc)
	return true
}

var castagnoli = hashcrc.MakeTable(hashcrc.Castagnoli)
