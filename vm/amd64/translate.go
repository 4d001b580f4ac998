package amd64

import (
	"slices"
	"sync"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// inst is a decoded instruction.
type inst struct {
	x86asm.Inst
	prefixes
	pc, next uint64 // its address, and that of the instruction after it
	code     []byte // its bytes
	buf      [maxInst]byte
}

// handler translates an instruction. It returns false when it does not know
// this form of it: whatever it has emitted is dropped, and the instruction
// becomes an invalid one. Nothing may change a register of the guest before the
// last operation of the instruction that can fault. It must not keep in.
type handler func(t *translation, in *inst) bool

// handlers by opcode; each group of instructions adds its own.
var handlers [1024]handler

// register adds a group of instructions to the table.
func register(group map[x86asm.Op]handler) {
	for op, h := range group {
		if handlers[op] != nil {
			panic("amd64: two handlers for " + op.String())
		}
		handlers[op] = h
	}
}

// Translate implements ir.Translator.
func (Translator) Translate(m *mem.Space, pc uint64, max int, stop func(uint64) bool) *ir.Block {
	t := scratch.Get().(*translation)
	defer func() {
		t.m, t.stop = nil, nil
		scratch.Put(t)
	}()
	t.m, t.pc, t.limit, t.stop = m, pc, min(max, ir.MaxBlock), stop
	t.done, t.cc = false, static{}
	clear(t.ahead)
	t.used = 0
	b := &t.buf
	*b = ir.Block{PC: pc, Ops: b.Ops[:0], Links: b.Links[:0], PCs: b.PCs[:0], Helpers: b.Helpers[:0], Pages: b.Pages[:0], Lens: b.Lens[:0]}
	t.b = b
	if !t.run() {
		return nil
	}
	return &ir.Block{
		PC: pc, N: b.N, Ops: slices.Clone(b.Ops), Links: slices.Clone(b.Links), PCs: slices.Clone(b.PCs),
		Helpers: slices.Clone(b.Helpers), Pages: slices.Clone(b.Pages), Lens: slices.Clone(b.Lens),
	}
}

// scratch holds translations to be used again: their buffers have grown to the
// size of blocks.
var scratch = sync.Pool{New: func() any { return &translation{ahead: map[uint64]*inst{}} }}

// translation is a block being made.
type translation struct {
	m     *mem.Space
	b     *ir.Block // buf
	pc    uint64    // address of the next instruction to decode
	limit int
	stop  func(uint64) bool
	done  bool             // the block has its terminator
	temps int              // temporaries in use by the instruction
	cc    static           // what is known about the flags, as of the last operation
	ahead map[uint64]*inst // decoded already
	pool  []*inst          // what ahead refers to: the first used ones
	used  int
	buf   ir.Block
	in    inst // the current instruction, unless it has been decoded ahead
}

// maxHelpers bounds the helpers and links of a block, which Op indexes with 8
// bits; an instruction adds a few.
const maxHelpers = 200

// run decodes until the block ends. false: nothing can be fetched at its start.
func (t *translation) run() bool {
	for !t.done {
		n := len(t.b.PCs)
		if n > 0 && (n >= t.limit || len(t.b.Helpers) > maxHelpers || len(t.b.Links) > maxHelpers || t.stop != nil && t.stop(t.pc) || t.contains(t.pc)) {
			t.jump(t.pc)
			break
		}
		in, ok := t.ahead[t.pc], true
		if in == nil {
			in = &t.in
			code := t.fetch(t.pc, &in.buf)
			ok = in.decodeAt(code, t.pc)
			if got := len(code); in.Len > got { // it goes on where nothing can be fetched
				if n == 0 {
					t.m.Fetch(t.pc+uint64(got), in.buf[:1]) // for the fault
					return false
				}
				t.jump(t.pc)
				break
			}
		}
		t.b.PCs = append(t.b.PCs, t.pc)
		t.b.Lens = append(t.b.Lens, uint8(in.Len))
		t.page(t.pc)
		t.page(in.next - 1)
		t.pc = in.next
		t.translate(in, ok)
	}
	t.b.N = len(t.b.PCs)
	t.b.Ops = fuse(t.b.Ops)
	return true
}

// fetch returns up to maxInst bytes of code at pc; it may use buf for them.
func (t *translation) fetch(pc uint64, buf *[maxInst]byte) []byte {
	if code := t.m.Executable(pc); len(code) >= maxInst {
		return code[:maxInst]
	}
	return buf[:t.m.Fetch(pc, buf[:])]
}

func (t *translation) translate(in *inst, ok bool) {
	ops, links, helpers := len(t.b.Ops), len(t.b.Links), len(t.b.Helpers)
	t.temps = 0
	if ok {
		if h := handlers[in.Op]; h != nil && h(t, in) {
			return
		}
	}
	t.b.Ops, t.b.Links, t.b.Helpers, t.done = t.b.Ops[:ops], t.b.Links[:links], t.b.Helpers[:helpers], false
	t.trap(ir.ExitIllegal)
}

// contains reports whether the block already holds pc: code that loops is not
// unrolled.
func (t *translation) contains(pc uint64) bool {
	for _, p := range t.b.PCs {
		if p == pc {
			return true
		}
	}
	return false
}

func (t *translation) page(addr uint64) {
	p := addr >> mem.PageShift
	for _, q := range t.b.Pages {
		if p == q {
			return
		}
	}
	t.b.Pages = append(t.b.Pages, p)
}

// emit appends an operation of the current instruction.
func (t *translation) emit(op ir.Op) *ir.Op {
	op.N = uint8(len(t.b.PCs) - 1)
	t.b.Ops = append(t.b.Ops, op)
	return &t.b.Ops[len(t.b.Ops)-1]
}

// link adds a way out and returns its index.
func (t *translation) link(pc uint64) uint8 {
	t.b.Links = append(t.b.Links, ir.Link{PC: pc})
	return uint8(len(t.b.Links) - 1)
}

// jump ends the block by leaving for pc.
func (t *translation) jump(pc uint64) {
	t.emit(ir.Op{Kind: ir.Jmp, C: t.link(pc)})
	t.done = true
}

// trap ends the block by stopping before the current instruction.
func (t *translation) trap(x ir.Exit) {
	t.emit(ir.Op{Kind: ir.Stop, Imm: int64(x)})
	t.done = true
}

// helper emits a call of h; the operands and Imm are the helper's own affair.
func (t *translation) helper(h ir.Helper, op ir.Op) { t.call(ir.HelperOp, h, op) }

// helperSync emits a call of a helper that sees the exact PC and icount.
func (t *translation) helperSync(h ir.Helper, op ir.Op) { t.call(ir.HelperSync, h, op) }

func (t *translation) call(kind ir.Kind, h ir.Helper, op ir.Op) {
	op.Kind = kind
	op.H = uint8(len(t.b.Helpers))
	t.b.Helpers = append(t.b.Helpers, h)
	t.emit(op)
	t.cc = static{} // it may set flags: see pure
}

// temp gives out a temporary slot of the current instruction.
func (t *translation) temp() uint8 {
	t.temps++
	return uint8(ir.Temp + t.temps - 1)
}

// pair gives out two neighbouring temporaries: a 128-bit value, low half first.
func (t *translation) pair() uint8 {
	lo := t.temp()
	t.temp()
	return lo
}

// address computes a memory operand's address: it is the content of a slot plus
// a displacement. RIP-relative operands, segment bases and 32-bit addressing are
// resolved.
func (t *translation) address(in *inst, m x86asm.Mem) (base uint8, disp int64) {
	disp = m.Disp
	has := false // base holds a part of the address
	add := func(r uint8) {
		if !has {
			base, has = r, true
			return
		}
		sum := t.temp()
		t.emit(ir.Op{Kind: ir.Add, Dst: sum, A: base, B: r})
		base = sum
	}
	switch {
	case m.Base == x86asm.RIP || m.Base == x86asm.EIP:
		disp += int64(in.next)
	case m.Base != 0:
		add(gprSlot(m.Base))
	}
	if m.Index != 0 && m.Scale != 0 {
		x := gprSlot(m.Index)
		switch {
		case has && m.Scale > 1:
			sum := t.temp()
			t.emit(ir.Op{Kind: ir.ShlAdd, Dst: sum, A: x, B: base, Imm: log2(m.Scale)})
			base = sum
		case m.Scale > 1:
			scaled := t.temp()
			t.emit(ir.Op{Kind: ir.ShlI, Dst: scaled, A: x, Imm: log2(m.Scale)})
			add(scaled)
		default:
			add(x)
		}
	}
	if !has { // absolute
		base = t.temp()
		t.emit(ir.Op{Kind: ir.MovI, Dst: base, Imm: disp})
		disp, has = 0, true
	}
	if in.AddrSize == 32 {
		cut := t.temp()
		t.emit(ir.Op{Kind: ir.AddI, Dst: cut, A: base, Imm: disp})
		t.emit(ir.Op{Kind: ir.ShlShr, Dst: cut, A: cut, Imm: 32 | 32<<8})
		base, disp = cut, 0
	}
	switch m.Segment {
	case x86asm.FS:
		add(FSBase)
	case x86asm.GS:
		add(GSBase)
	}
	return base, disp
}

func log2(scale uint8) int64 {
	switch scale {
	case 2:
		return 1
	case 4:
		return 2
	case 8:
		return 3
	}
	return 0
}

// load emits a load of kind (ir.Ld8U to ir.Ld64) into slot dst.
func (t *translation) load(in *inst, kind ir.Kind, dst uint8, m x86asm.Mem) {
	base, disp := t.address(in, m)
	t.emit(ir.Op{Kind: kind, Dst: dst, A: base, Imm: disp})
}

// store emits a store of kind (ir.St8 to ir.St64) from slot src.
func (t *translation) store(in *inst, kind ir.Kind, src uint8, m x86asm.Mem) {
	base, disp := t.address(in, m)
	t.emit(ir.Op{Kind: kind, A: base, B: src, Imm: disp})
}

// load128 emits a load of 16 bytes into slots dst and dst+1. With aligned an
// address that is no multiple of 16 is a general-protection fault.
func (t *translation) load128(in *inst, dst uint8, m x86asm.Mem, aligned bool) {
	base, disp := t.address(in, m)
	t.emit(ir.Op{Kind: ir.Ld128, Dst: dst, A: base, H: alignment(aligned), Imm: disp})
}

// store128 emits a store of 16 bytes from slots src and src+1; otherwise like
// load128.
func (t *translation) store128(in *inst, src uint8, m x86asm.Mem, aligned bool) {
	base, disp := t.address(in, m)
	t.emit(ir.Op{Kind: ir.St128, A: base, B: src, H: alignment(aligned), Imm: disp})
}

func alignment(aligned bool) uint8 {
	if aligned {
		return 15
	}
	return 0
}

// gprSlot is the slot of a general register, whatever part of it r names.
func gprSlot(r x86asm.Reg) uint8 {
	switch {
	case x86asm.AL <= r && r <= x86asm.BL:
		return uint8(r - x86asm.AL)
	case x86asm.AH <= r && r <= x86asm.BH:
		return uint8(r - x86asm.AH)
	case x86asm.SPB <= r && r <= x86asm.R15B:
		return uint8(r-x86asm.SPB) + RSP
	case x86asm.AX <= r && r <= x86asm.R15W:
		return uint8(r - x86asm.AX)
	case x86asm.EAX <= r && r <= x86asm.R15L:
		return uint8(r - x86asm.EAX)
	case x86asm.RAX <= r && r <= x86asm.R15:
		return uint8(r - x86asm.RAX)
	}
	panic("amd64: not a general register: " + r.String())
}

// xmmSlot is the slot of the low half of an XMM register; the high half is in
// the slot after it. ok is false for other registers (XMM16 and up too).
func xmmSlot(r x86asm.Reg) (slot uint8, ok bool) {
	if r < x86asm.X0 || r > x86asm.X15 {
		return 0, false
	}
	return XMM0 + 2*uint8(r-x86asm.X0), true
}
