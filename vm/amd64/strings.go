package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// String instructions (SDM volume 1, section 7.3.9). With a repeat prefix each
// iteration counts as an instruction, after which the PC stays where it is until
// the last one, just as a processor lets a debugger step: so execution can stop
// between any two. The iterations that the budget allows run in one go, though.

func init() {
	for op, o := range map[x86asm.Op]stringOp{
		x86asm.MOVSB: {&movs, size8}, x86asm.MOVSW: {&movs, size16}, x86asm.MOVSD: {&movs, size32}, x86asm.MOVSQ: {&movs, size64},
		x86asm.STOSB: {&stos, size8}, x86asm.STOSW: {&stos, size16}, x86asm.STOSD: {&stos, size32}, x86asm.STOSQ: {&stos, size64},
		x86asm.LODSB: {&lods, size8}, x86asm.LODSW: {&lods, size16}, x86asm.LODSD: {&lods, size32}, x86asm.LODSQ: {&lods, size64},
		x86asm.SCASB: {&scas, size8}, x86asm.SCASW: {&scas, size16}, x86asm.SCASD: {&scas, size32}, x86asm.SCASQ: {&scas, size64},
		x86asm.CMPSB: {&cmps, size8}, x86asm.CMPSW: {&cmps, size16}, x86asm.CMPSD: {&cmps, size32}, x86asm.CMPSQ: {&cmps, size64},
	} {
		register(map[x86asm.Op]handler{op: o.translate})
	}
}

// stringKind is what the sizes of a string instruction have in common.
type stringKind struct {
	src, dst bool // it uses rsi, rdi
	compares bool // it sets flags, and its repetition ends by them
	// run executes at least one iteration and at most max. It returns how many:
	// fewer when an access failed, 0 if the first one did, or when a repeated
	// comparison ends the repetition.
	run func(c *ir.CPU, s *stringState, max uint64) uint64
}

var (
	movs = stringKind{src: true, dst: true, run: runMovs}
	stos = stringKind{dst: true, run: runStos}
	lods = stringKind{src: true, run: runLods}
	scas = stringKind{dst: true, compares: true, run: runScas}
	cmps = stringKind{src: true, dst: true, compares: true, run: runCmps}
)

// stringOp is a string instruction.
type stringOp struct {
	*stringKind
	size operandSize
}

// stringState is what an instruction works on.
type stringState struct {
	src, dst uint64 // addresses
	by       uint64 // what is added to them by an iteration
	size     operandSize
	rep      byte // F2, F3 or 0
}

func (s *stringState) next() {
	s.src += s.by
	s.dst += s.by
}

func (o stringOp) translate(t *translation, in *inst) bool {
	known := static{known: true, family: ccSub, size: o.size}
	if in.rep == 0 {
		before := t.cc
		t.helper(o.helper(in), ir.Op{})
		if t.cc = before; o.compares {
			t.cc = known
		}
		return true
	}
	if !t.alone(in) {
		return true
	}
	t.emit(ir.Op{Kind: ir.BeqI, A: t.counter(in), C: t.link(in.next)})
	var once uint8
	if t.stop != nil && t.stop(in.pc) {
		once = 1 // a breakpoint is met before each iteration
	}
	t.call(ir.Repeat, o.helper(in), ir.Op{C: once})
	if o.compares {
		t.cc = known
		c := condNE
		if in.rep == 0xf2 {
			c = condE
		}
		t.leaveIf(c, in.next)
	}
	t.emit(ir.Op{Kind: ir.BneI, A: t.counter(in), C: t.link(in.pc)})
	t.jump(in.next)
	return true
}

// alone makes the instruction the only one of its block: else it ends the block
// before it and returns false.
func (t *translation) alone(in *inst) bool {
	n := len(t.b.PCs) - 1
	if n == 0 {
		return true
	}
	t.b.PCs, t.b.Lens = t.b.PCs[:n], t.b.Lens[:n]
	t.jump(in.pc)
	return false
}

// helper makes the helper that executes iterations.
func (o stringOp) helper(in *inst) ir.Helper {
	rep, seg, mask := in.rep, in.seg, ^uint64(0)
	if in.addr32 {
		mask = 1<<32 - 1
	}
	return func(c *ir.CPU, op *ir.Op) bool {
		r := &c.R
		max := uint64(1)
		if rep != 0 && op.C == 0 && mask == ^uint64(0) { // short addresses may wrap around
			max = min(r[RCX], c.More+1)
		}
		s := stringState{src: r[RSI] & mask, dst: r[RDI] & mask, by: 1 << o.size, size: o.size, rep: rep}
		switch seg {
		case 0x64:
			s.src += r[FSBase]
		case 0x65:
			s.src += r[GSBase]
		}
		if r[Flags]&FlagDF != 0 {
			s.by = -s.by
		}
		n := o.run(c, &s, max)
		if n == 0 {
			c.Trap = ir.ExitMem
			return false
		}
		if o.src {
			r[RSI] = (r[RSI] + n*s.by) & mask
		}
		if o.dst {
			r[RDI] = (r[RDI] + n*s.by) & mask
		}
		if rep != 0 {
			r[RCX] = (r[RCX] - n) & mask
			c.More -= n - 1
		}
		return true
	}
}

func runMovs(c *ir.CPU, s *stringState, max uint64) (n uint64) {
	size := uint64(s.size.bytes())
	for n < max {
		if s.by == size {
			from, to := c.Mem.Readable(s.src), c.Mem.Writable(s.dst)
			if k := min(max-n, uint64(len(from))/size, uint64(len(to))/size); k > 0 {
				from, to = from[:k*size], to[:k*size]
				if over := s.dst - s.src; over == 0 || over >= k*size {
					copy(to, from)
				} else { // what has been written is read again
					for i := uint64(0); i < k*size; i += size {
						copy(to[i:i+size], from[i:i+size])
					}
				}
				s.src += k * size
				s.dst += k * size
				n += k
				continue
			}
		}
		v, ok := c.Mem.Load(s.src, size)
		if !ok || !c.Mem.Store(s.dst, size, v) {
			break
		}
		s.next()
		n++
	}
	return n
}

func runStos(c *ir.CPU, s *stringState, max uint64) (n uint64) {
	size := uint64(s.size.bytes())
	v := c.R[RAX]
	for n < max {
		if s.by == size {
			to := c.Mem.Writable(s.dst)
			if k := min(max-n, uint64(len(to))/size); k > 1 {
				to = to[:k*size]
				for i := range size {
					to[i] = byte(v >> (8 * i))
				}
				for done := size; done < k*size; done *= 2 {
					copy(to[done:], to[:done])
				}
				s.dst += k * size
				n += k
				continue
			}
		}
		if !c.Mem.Store(s.dst, size, v) {
			break
		}
		s.next()
		n++
	}
	return n
}

func runLods(c *ir.CPU, s *stringState, max uint64) (n uint64) {
	for n < max {
		v, ok := c.Mem.Load(s.src, uint64(s.size.bytes()))
		if !ok {
			break
		}
		if s.size < size32 {
			v |= c.R[RAX] &^ s.size.mask()
		}
		c.R[RAX] = v
		s.next()
		n++
	}
	return n
}

func runScas(c *ir.CPU, s *stringState, max uint64) uint64 {
	a := c.R[RAX] & s.size.mask()
	return s.compare(c, max, func() (uint64, uint64, bool) {
		b, ok := c.Mem.Load(s.dst, uint64(s.size.bytes()))
		return a, b, ok
	})
}

func runCmps(c *ir.CPU, s *stringState, max uint64) uint64 {
	return s.compare(c, max, func() (uint64, uint64, bool) {
		a, ok := c.Mem.Load(s.src, uint64(s.size.bytes()))
		if !ok {
			return 0, 0, false
		}
		b, ok := c.Mem.Load(s.dst, uint64(s.size.bytes()))
		return a, b, ok
	})
}

// compare compares what operands returns, iteration by iteration, and sets the
// flags by the last one.
func (s *stringState) compare(c *ir.CPU, max uint64, operands func() (a, b uint64, ok bool)) (n uint64) {
	var a, b uint64
	for n < max {
		x, y, ok := operands()
		if !ok {
			break
		}
		a, b = x, y
		s.next()
		n++
		if s.rep != 0 && (a == b) != (s.rep == 0xf3) {
			break
		}
	}
	if n > 0 {
		c.R[CCOp] = uint64(cc(ccSub, s.size))
		c.R[CCA], c.R[CCB] = signed(a, uint64(s.size)), signed(b, uint64(s.size))
	}
	return n
}
