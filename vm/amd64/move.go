package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

func init() {
	register(map[x86asm.Op]handler{
		x86asm.MOV:    mov,
		x86asm.MOVZX:  extend(false),
		x86asm.MOVSX:  extend(true),
		x86asm.MOVSXD: extend(true),
		x86asm.LEA:    lea,
		x86asm.XCHG:   xchg,
		x86asm.BSWAP:  bswap,
		x86asm.XLATB:  xlat,
	})
	for op, c := range map[x86asm.Op]condition{
		x86asm.CMOVO: condO, x86asm.CMOVNO: condNO, x86asm.CMOVB: condB, x86asm.CMOVAE: condAE,
		x86asm.CMOVE: condE, x86asm.CMOVNE: condNE, x86asm.CMOVBE: condBE, x86asm.CMOVA: condA,
		x86asm.CMOVS: condS, x86asm.CMOVNS: condNS, x86asm.CMOVP: condP, x86asm.CMOVNP: condNP,
		x86asm.CMOVL: condL, x86asm.CMOVGE: condGE, x86asm.CMOVLE: condLE, x86asm.CMOVG: condG,
	} {
		register(map[x86asm.Op]handler{op: cmov(c)})
	}
	for op, c := range map[x86asm.Op]condition{
		x86asm.SETO: condO, x86asm.SETNO: condNO, x86asm.SETB: condB, x86asm.SETAE: condAE,
		x86asm.SETE: condE, x86asm.SETNE: condNE, x86asm.SETBE: condBE, x86asm.SETA: condA,
		x86asm.SETS: condS, x86asm.SETNS: condNS, x86asm.SETP: condP, x86asm.SETNP: condNP,
		x86asm.SETL: condL, x86asm.SETGE: condGE, x86asm.SETLE: condLE, x86asm.SETG: condG,
	} {
		register(map[x86asm.Op]handler{op: setcc(c)})
	}
}

func mov(t *translation, in *inst) bool {
	if dst, ok := in.Args[0].(x86asm.Reg); ok {
		size, ok := regSize(dst)
		if !ok {
			return moveSystem(t, in)
		}
		d := gprSlot(dst)
		switch src := in.Args[1].(type) {
		case x86asm.Imm:
			if size >= size32 {
				t.emit(ir.Op{Kind: ir.MovI, Dst: d, Imm: int64(uint64(src) & size.mask())})
			} else {
				t.set(dst, t.constant(int64(src)))
			}
			return true
		case x86asm.Mem:
			if size >= size32 {
				t.load(in, intLoads[size], d, src)
			} else {
				v := t.temp()
				t.load(in, intLoads[size], v, src)
				t.set(dst, v)
			}
			return true
		case x86asm.Reg:
			if _, ok := regSize(src); !ok {
				return moveSystem(t, in)
			}
			v, _ := t.operand(in, src)
			t.set(dst, v)
			return true
		}
		return false
	}
	if src, ok := in.Args[1].(x86asm.Reg); ok {
		if _, ok := regSize(src); !ok {
			return moveSystem(t, in)
		}
	}
	p, ok := t.place(in, in.Args[0])
	if !ok {
		return false
	}
	v, ok := t.operand(in, in.Args[1])
	if ok {
		t.put(p, v)
	}
	return ok
}

// extend translates movzx, movsx and movsxd.
func extend(sign bool) handler {
	return func(t *translation, in *inst) bool {
		dst, ok := in.Args[0].(x86asm.Reg)
		size, ok2 := regSize(dst)
		if !ok || !ok2 {
			return false
		}
		d := gprSlot(dst)
		from, ok := in.size(in.Args[1])
		if !ok {
			return false
		}
		if m, is := in.Args[1].(x86asm.Mem); is {
			kind := intLoads[from]
			if sign {
				kind = intLoadsS[from]
			}
			if size == size64 || size == size32 && !sign {
				t.load(in, kind, d, m)
			} else {
				v := t.temp()
				t.load(in, kind, v, m)
				t.set(dst, v)
			}
			return true
		}
		src, _ := t.place(in, in.Args[1])
		switch {
		case sign && size == size64:
			t.signTo(d, t.get(src), from)
		case sign:
			t.set(dst, t.getS(src))
		case size >= size32:
			t.zeroTo(d, t.get(src), from)
		default:
			t.set(dst, t.getZ(src))
		}
		return true
	}
}

// lea computes an address; a segment does not count.
func lea(t *translation, in *inst) bool {
	dst, ok := in.Args[0].(x86asm.Reg)
	size, ok2 := regSize(dst)
	m, ok3 := in.Args[1].(x86asm.Mem)
	if !ok || !ok2 || !ok3 {
		return false
	}
	m.Segment = 0
	base, disp := t.address(in, m)
	if size == size64 {
		if op := &t.b.Ops; disp == 0 && len(*op) > 0 && base >= ir.Temp && (*op)[len(*op)-1].Dst == base {
			(*op)[len(*op)-1].Dst = gprSlot(dst) // the last operation computes all of it
			return true
		}
		t.opI(ir.AddI, gprSlot(dst), base, disp)
		return true
	}
	if disp == 0 {
		t.set(dst, base)
		return true
	}
	v := t.temp()
	t.opI(ir.AddI, v, base, disp)
	t.set(dst, v)
	return true
}

func cmov(c condition) handler {
	return func(t *translation, in *inst) bool {
		dst, ok := in.Args[0].(x86asm.Reg)
		size, ok2 := regSize(dst)
		if !ok || !ok2 {
			return false
		}
		v, ok := t.operand(in, in.Args[1]) // memory is read, whatever the condition
		if !ok {
			return false
		}
		d := gprSlot(dst)
		yes := t.flag(c, false)
		if size == size64 {
			t.emit(ir.Op{Kind: ir.Sel, Dst: d, A: v, B: d, C: yes})
			return true
		}
		r := t.temp()
		t.emit(ir.Op{Kind: ir.Sel, Dst: r, A: v, B: d, C: yes})
		t.set(dst, r)
		return true
	}
}

func setcc(c condition) handler {
	return func(t *translation, in *inst) bool {
		p, ok := t.place(in, in.Args[0])
		if !ok || p.size != size8 {
			return false
		}
		t.put(p, t.flag(c, true))
		return true
	}
}

// xchg with memory is locked, which changes nothing here.
func xchg(t *translation, in *inst) bool {
	x, y := in.Args[0], in.Args[1]
	if _, is := y.(x86asm.Mem); is {
		x, y = y, x
	}
	p, ok := t.place(in, x)
	r, ok2 := y.(x86asm.Reg)
	if size, ok := regSize(r); !ok2 || !ok || size != p.size {
		return false
	}
	if !ok {
		return false
	}
	old := t.copyOf(t.get(p))
	v, _ := t.operand(in, r)
	t.put(p, v)
	t.set(r, old)
	return true
}

// bswap of 16 bits is undefined; processors clear the register.
func bswap(t *translation, in *inst) bool {
	r, ok := in.Args[0].(x86asm.Reg)
	size, ok2 := regSize(r)
	if !ok || !ok2 {
		return false
	}
	d := gprSlot(r)
	if size == size16 {
		t.set(r, t.constant(0))
		return true
	}
	t.pure(func(c *ir.CPU, op *ir.Op) bool {
		v := c.R[op.A]
		v = v>>56 | v>>40&0xff00 | v>>24&0xff0000 | v>>8&0xff000000 |
			v<<56 | v&0xff00<<40 | v&0xff0000<<24 | v&0xff000000<<8
		if size == size32 {
			v >>= 32
		}
		c.R[op.Dst] = v
		return true
	}, ir.Op{Dst: d, A: d})
	return true
}

// xlat intLoads al from rbx + al.
func xlat(t *translation, in *inst) bool {
	m, ok := in.Args[0].(x86asm.Mem)
	if !ok {
		return false
	}
	al := t.zero(RAX, size8)
	sum := t.temp()
	t.op2(ir.Add, sum, RBX, al)
	if in.AddrSize == 32 {
		t.zeroTo(sum, sum, size32)
	}
	switch m.Segment {
	case x86asm.FS:
		t.op2(ir.Add, sum, sum, FSBase)
	case x86asm.GS:
		t.op2(ir.Add, sum, sum, GSBase)
	}
	v := t.temp()
	t.emit(ir.Op{Kind: ir.Ld8U, Dst: v, A: sum})
	t.set(x86asm.AL, v)
	return true
}
