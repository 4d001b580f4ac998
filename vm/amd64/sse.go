package amd64

import (
	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// SSE to SSE4.2. The forms and their operands are here; what the instructions
// compute is in tables, by subject:
//
//	sse_move.go     moves, and what a few plain operations can do
//	sse_packed.go   integers side by side in 64 bits, shared with MMX
//	sse_integer.go  the integer instructions on 128 bits
//	sse_shuffle.go  shuffles, blends, insertion and extraction of elements
//	sse_float.go    MXCSR, exceptions, and arithmetic on elements
//	sse_arith.go    the floating-point instructions
//	sse_convert.go  conversions
//	sse_string.go   PCMPxSTRx
//
// Most instructions are an [ir.Helper] whose operands are slots of low halves:
// Dst = f(A, B), with Imm for the immediate byte. Legacy encodings have Dst = A;
// the helpers do not count on it, nor on A, B and Dst being different.
//
// Encodings with VEX and EVEX are other opcodes in x86asm (VADDPS), for which
// there is no handler.

// mmx holds the handlers for the forms with an MMX operand of opcodes that have
// one with an XMM register as well.
var mmx = map[x86asm.Op]handler{}

// registerSSE adds a group of instructions to the table of handlers. Forms with
// an MMX operand go to the handlers in table mmx.
func registerSSE(group map[x86asm.Op]handler) {
	all := make(map[x86asm.Op]handler, len(group))
	for op, h := range group {
		all[op] = func(t *translation, in *inst) bool {
			if hasMMX(in) {
				h := mmx[in.Op]
				return h != nil && h(t, in)
			}
			return h(t, in)
		}
	}
	register(all)
}

// hasMMX reports whether an operand is an MMX register.
func hasMMX(in *inst) bool {
	for _, a := range in.Args[:3] {
		if r, ok := a.(x86asm.Reg); ok && x86asm.M0 <= r && r <= x86asm.M7 {
			return true
		}
	}
	return false
}

// xmmArg is the slot of an operand that must be an XMM register.
func xmmArg(a x86asm.Arg) (slot uint8, ok bool) {
	r, ok := a.(x86asm.Reg)
	if !ok {
		return 0, false
	}
	return xmmSlot(r)
}

// gprArg is the slot of an operand that must be a general register, of 32 or 64
// bits.
func gprArg(a x86asm.Arg) (slot uint8, wide, ok bool) {
	r, ok := a.(x86asm.Reg)
	if !ok || r < x86asm.EAX || r > x86asm.R15 {
		return 0, false, false
	}
	return gprSlot(r), r >= x86asm.RAX, true
}

// imm8 is the immediate byte at operand n, 0 if there is none.
func imm8(in *inst, n int) int64 {
	i, _ := in.Args[n].(x86asm.Imm)
	return int64(uint8(i))
}

// loads are the operations that load so many bytes, zero-extended.
var loads = map[int]ir.Kind{1: ir.Ld8U, 2: ir.Ld16U, 4: ir.Ld32U, 8: ir.Ld64}

// source gives the slot of the low half of operand a, an XMM register or size
// bytes of memory, which are loaded first. Of memory shorter than 16 bytes the
// rest of the first slot is 0 and the second one undefined. 16 bytes must be
// aligned.
func (t *translation) source(in *inst, a x86asm.Arg, size int) (slot uint8, ok bool) {
	m, isMem := a.(x86asm.Mem)
	if !isMem {
		return xmmArg(a)
	}
	slot = t.pair()
	if size == 16 {
		t.load128(in, slot, m, true)
	} else {
		t.load(in, loads[size], slot, m)
	}
	return slot, true
}

// xmmOp is the form "op xmm, xmm/m, imm8" with a memory operand of size bytes;
// the immediate may be missing.
func xmmOp(size int, h ir.Helper) handler { return xmmOpC(size, h, 0) }

// xmmOpC is xmmOp with an operand C for the helper.
func xmmOpC(size int, h ir.Helper, c uint8) handler {
	return func(t *translation, in *inst) bool {
		d, ok := xmmArg(in.Args[0])
		if !ok {
			return false
		}
		s, ok := t.source(in, in.Args[1], size)
		if !ok {
			return false
		}
		t.pure(h, ir.Op{Dst: d, A: d, B: s, C: c, Imm: imm8(in, 2)})
		return true
	}
}

// flagsOp makes a form whose helper sets the arithmetic flags one that says so.
func flagsOp(h handler) handler {
	return func(t *translation, in *inst) bool {
		ok := h(t, in)
		t.cc = static{known: true, family: ccEager}
		return ok
	}
}

// vec is the value of an XMM register. (A struct: Go keeps it in registers, which
// it does not do with arrays.)
type vec struct{ lo, hi uint64 }

// get reads the register whose low half is in slot.
func get(c *ir.CPU, slot uint8) vec { return vec{c.R[slot], c.R[slot+1]} }

// set writes the register whose low half is in slot. It ends a helper.
func set(c *ir.CPU, slot uint8, v vec) bool {
	c.R[slot], c.R[slot+1] = v.lo, v.hi
	return true
}

// half is the low half for even i, else the high one.
func (v vec) half(i int) uint64 {
	if i&1 == 0 {
		return v.lo
	}
	return v.hi
}

// dword is element i of four.
func (v vec) dword(i int) uint32 { return uint32(v.half(i>>1) >> (i & 1 * 32)) }

// word is element i of eight.
func (v vec) word(i int) uint16 { return uint16(v.half(i>>2) >> (i & 3 * 16)) }

// byte is element i of sixteen.
func (v vec) byte(i int) uint8 { return uint8(v.half(i>>3) >> (i & 7 * 8)) }

// setDword, setWord and setByte write an element.
func (v *vec) setDword(i int, x uint32) { v.put(i*32, 1<<32-1, uint64(x)) }
func (v *vec) setWord(i int, x uint16)  { v.put(i*16, 1<<16-1, uint64(x)) }
func (v *vec) setByte(i int, x uint8)   { v.put(i*8, 1<<8-1, uint64(x)) }

// put writes the bits of mask at bit position pos, which must not cross the
// halves.
func (v *vec) put(pos int, mask, x uint64) {
	n := pos & 63
	if pos < 64 {
		v.lo = v.lo&^(mask<<n) | x<<n
	} else {
		v.hi = v.hi&^(mask<<n) | x<<n
	}
}
