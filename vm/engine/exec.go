package engine

import (
	"math/bits"
	"unsafe"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

const (
	opSize  = unsafe.Sizeof(ir.Op{})
	pageOff = mem.PageSize - 1
	tlbMask = mem.TLBSize - 1
)

// exec is the interpreter's loop: it executes from the start of b, of which at
// least b.N instructions must fit into left, until left instructions have
// retired or something else stops it, and makes the CPU's PC, LastPC and Icount
// exact. Operations that are armed (see [Trace]) are no kind that it knows: it
// notes them there and goes on with what they are.
//
// The loop keeps what it needs in locals: budget is what remains of left once
// the current block has retired as a whole; from and fromN name the instruction
// that led into the current block. Operations are walked by pointer since each
// block ends in a terminator; a bounds check per operation costs about 8%.
// Loads and stores look into the TLB here as long as they are aligned; the rest
// leave it to Space.Load and Store.
func (e *Engine) exec(b *ir.Block, left int64) ir.Exit {
	c := e.c
	r := &c.R
	tlb := &c.Mem.TLB
	budget := left
	start := c.Icount
	var (
		from  *ir.Block
		fromN int
		op    *ir.Op
		link  *ir.Link
		exit  ir.Exit
		pc    uint64
	)

enter:
	budget -= int64(b.N)
	if budget < 0 {
		budget += int64(b.N)
		c.PC = b.PC
		goto limit
	}
	op = &b.Ops[0]

begin: // at op
	for {
		switch op.Kind {
		case ir.Nop:
		case ir.Mov:
			r[op.Dst] = r[op.A]
		case ir.MovI:
			r[op.Dst] = uint64(op.Imm)
		case ir.Add:
			r[op.Dst] = r[op.A] + r[op.B]
		case ir.Sub:
			r[op.Dst] = r[op.A] - r[op.B]
		case ir.And:
			r[op.Dst] = r[op.A] & r[op.B]
		case ir.Or:
			r[op.Dst] = r[op.A] | r[op.B]
		case ir.Xor:
			r[op.Dst] = r[op.A] ^ r[op.B]
		case ir.Shl:
			r[op.Dst] = r[op.A] << (r[op.B] & 63)
		case ir.Shr:
			r[op.Dst] = r[op.A] >> (r[op.B] & 63)
		case ir.Sar:
			r[op.Dst] = uint64(int64(r[op.A]) >> (r[op.B] & 63))
		case ir.Slt:
			r[op.Dst] = b2u(int64(r[op.A]) < int64(r[op.B]))
		case ir.Sltu:
			r[op.Dst] = b2u(r[op.A] < r[op.B])
		case ir.Mul:
			r[op.Dst] = r[op.A] * r[op.B]
		case ir.MulH:
			r[op.Dst] = mulh(r[op.A], r[op.B])
		case ir.MulHU:
			r[op.Dst] = mulhu(r[op.A], r[op.B])
		case ir.MulHSU:
			r[op.Dst] = mulhsu(r[op.A], r[op.B])
		case ir.Div:
			r[op.Dst] = div(int64(r[op.A]), int64(r[op.B]))
		case ir.DivU:
			r[op.Dst] = divu(r[op.A], r[op.B])
		case ir.Rem:
			r[op.Dst] = rem(int64(r[op.A]), int64(r[op.B]))
		case ir.RemU:
			r[op.Dst] = remu(r[op.A], r[op.B])
		case ir.AddI:
			r[op.Dst] = r[op.A] + uint64(op.Imm)
		case ir.AndI:
			r[op.Dst] = r[op.A] & uint64(op.Imm)
		case ir.OrI:
			r[op.Dst] = r[op.A] | uint64(op.Imm)
		case ir.XorI:
			r[op.Dst] = r[op.A] ^ uint64(op.Imm)
		case ir.ShlI:
			r[op.Dst] = r[op.A] << (uint64(op.Imm) & 63)
		case ir.ShrI:
			r[op.Dst] = r[op.A] >> (uint64(op.Imm) & 63)
		case ir.SarI:
			r[op.Dst] = uint64(int64(r[op.A]) >> (uint64(op.Imm) & 63))
		case ir.SltI:
			r[op.Dst] = b2u(int64(r[op.A]) < op.Imm)
		case ir.SltuI:
			r[op.Dst] = b2u(r[op.A] < uint64(op.Imm))
		case ir.Add32:
			r[op.Dst] = sx(uint32(r[op.A]) + uint32(r[op.B]))
		case ir.Sub32:
			r[op.Dst] = sx(uint32(r[op.A]) - uint32(r[op.B]))
		case ir.Shl32:
			r[op.Dst] = sx(uint32(r[op.A]) << (r[op.B] & 31))
		case ir.Shr32:
			r[op.Dst] = sx(uint32(r[op.A]) >> (r[op.B] & 31))
		case ir.Sar32:
			r[op.Dst] = uint64(int64(int32(r[op.A]) >> (r[op.B] & 31)))
		case ir.Mul32:
			r[op.Dst] = sx(uint32(r[op.A]) * uint32(r[op.B]))
		case ir.Div32:
			r[op.Dst] = div32(int32(r[op.A]), int32(r[op.B]))
		case ir.DivU32:
			r[op.Dst] = divu32(uint32(r[op.A]), uint32(r[op.B]))
		case ir.Rem32:
			r[op.Dst] = rem32(int32(r[op.A]), int32(r[op.B]))
		case ir.RemU32:
			r[op.Dst] = remu32(uint32(r[op.A]), uint32(r[op.B]))
		case ir.AddI32:
			r[op.Dst] = sx(uint32(r[op.A]) + uint32(op.Imm))
		case ir.ShlI32:
			r[op.Dst] = sx(uint32(r[op.A]) << (uint64(op.Imm) & 31))
		case ir.ShrI32:
			r[op.Dst] = sx(uint32(r[op.A]) >> (uint64(op.Imm) & 31))
		case ir.SarI32:
			r[op.Dst] = uint64(int64(int32(r[op.A]) >> (uint64(op.Imm) & 31)))
		case ir.ShlAdd:
			r[op.Dst] = r[op.A]<<(uint64(op.Imm)&63) + r[op.B]
		case ir.ShlShr:
			r[op.Dst] = r[op.A] << (uint64(op.Imm) & 63) >> (uint64(op.Imm) >> 8 & 63)
		case ir.ShlSar:
			r[op.Dst] = uint64(int64(r[op.A]<<(uint64(op.Imm)&63)) >> (uint64(op.Imm) >> 8 & 63))
		case ir.Ld8S:
			addr := r[op.A] + uint64(op.Imm)
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.R == addr&^pageOff {
				r[op.Dst] = uint64(int64(*(*int8)(unsafe.Add(t.Data, addr&pageOff))))
			} else {
				v, ok := c.Mem.LoadSlow(addr, 1)
				if !ok {
					exit = ir.ExitMem
					goto trap
				}
				r[op.Dst] = uint64(int64(int8(v)))
			}
		case ir.Ld8U:
			addr := r[op.A] + uint64(op.Imm)
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.R == addr&^pageOff {
				r[op.Dst] = uint64(*(*uint8)(unsafe.Add(t.Data, addr&pageOff)))
			} else {
				v, ok := c.Mem.LoadSlow(addr, 1)
				if !ok {
					exit = ir.ExitMem
					goto trap
				}
				r[op.Dst] = uint64(uint8(v))
			}
		case ir.Ld16S:
			addr := r[op.A] + uint64(op.Imm)
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.R == addr&^(pageOff^1) {
				r[op.Dst] = uint64(int64(*(*int16)(unsafe.Add(t.Data, addr&pageOff))))
			} else {
				v, ok := c.Mem.Load(addr, 2)
				if !ok {
					exit = ir.ExitMem
					goto trap
				}
				r[op.Dst] = uint64(int64(int16(v)))
			}
		case ir.Ld16U:
			addr := r[op.A] + uint64(op.Imm)
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.R == addr&^(pageOff^1) {
				r[op.Dst] = uint64(*(*uint16)(unsafe.Add(t.Data, addr&pageOff)))
			} else {
				v, ok := c.Mem.Load(addr, 2)
				if !ok {
					exit = ir.ExitMem
					goto trap
				}
				r[op.Dst] = uint64(uint16(v))
			}
		case ir.Ld32S:
			addr := r[op.A] + uint64(op.Imm)
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.R == addr&^(pageOff^3) {
				r[op.Dst] = uint64(int64(*(*int32)(unsafe.Add(t.Data, addr&pageOff))))
			} else {
				v, ok := c.Mem.Load(addr, 4)
				if !ok {
					exit = ir.ExitMem
					goto trap
				}
				r[op.Dst] = uint64(int64(int32(v)))
			}
		case ir.Ld32U:
			addr := r[op.A] + uint64(op.Imm)
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.R == addr&^(pageOff^3) {
				r[op.Dst] = uint64(*(*uint32)(unsafe.Add(t.Data, addr&pageOff)))
			} else {
				v, ok := c.Mem.Load(addr, 4)
				if !ok {
					exit = ir.ExitMem
					goto trap
				}
				r[op.Dst] = uint64(uint32(v))
			}
		case ir.Ld64:
			addr := r[op.A] + uint64(op.Imm)
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.R == addr&^(pageOff^7) {
				r[op.Dst] = *(*uint64)(unsafe.Add(t.Data, addr&pageOff))
			} else {
				v, ok := c.Mem.Load(addr, 8)
				if !ok {
					exit = ir.ExitMem
					goto trap
				}
				r[op.Dst] = v
			}
		case ir.Ld32Box:
			addr := r[op.A] + uint64(op.Imm)
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.R == addr&^(pageOff^3) {
				r[op.Dst] = boxed | uint64(*(*uint32)(unsafe.Add(t.Data, addr&pageOff)))
			} else {
				v, ok := c.Mem.Load(addr, 4)
				if !ok {
					exit = ir.ExitMem
					goto trap
				}
				r[op.Dst] = boxed | uint64(uint32(v))
			}
		case ir.St8:
			addr := r[op.A] + uint64(op.Imm)
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.W == addr&^pageOff {
				*(*uint8)(unsafe.Add(t.Data, addr&pageOff)) = uint8(r[op.B])
			} else if !c.Mem.StoreSlow(addr, 1, r[op.B]) {
				exit = ir.ExitMem
				goto trap
			}
		case ir.St16:
			addr := r[op.A] + uint64(op.Imm)
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.W == addr&^(pageOff^1) {
				*(*uint16)(unsafe.Add(t.Data, addr&pageOff)) = uint16(r[op.B])
			} else if !c.Mem.Store(addr, 2, r[op.B]) {
				exit = ir.ExitMem
				goto trap
			}
		case ir.St32:
			addr := r[op.A] + uint64(op.Imm)
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.W == addr&^(pageOff^3) {
				*(*uint32)(unsafe.Add(t.Data, addr&pageOff)) = uint32(r[op.B])
			} else if !c.Mem.Store(addr, 4, r[op.B]) {
				exit = ir.ExitMem
				goto trap
			}
		case ir.St64:
			addr := r[op.A] + uint64(op.Imm)
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.W == addr&^(pageOff^7) {
				*(*uint64)(unsafe.Add(t.Data, addr&pageOff)) = r[op.B]
			} else if !c.Mem.Store(addr, 8, r[op.B]) {
				exit = ir.ExitMem
				goto trap
			}
		case ir.Beq:
			if r[op.A] == r[op.B] {
				goto leave
			}
		case ir.Bne:
			if r[op.A] != r[op.B] {
				goto leave
			}
		case ir.Blt:
			if int64(r[op.A]) < int64(r[op.B]) {
				goto leave
			}
		case ir.Bge:
			if int64(r[op.A]) >= int64(r[op.B]) {
				goto leave
			}
		case ir.Bltu:
			if r[op.A] < r[op.B] {
				goto leave
			}
		case ir.Bgeu:
			if r[op.A] >= r[op.B] {
				goto leave
			}
		case ir.Jmp:
			goto leave
		case ir.JmpInd:
			pc = (r[op.A] + uint64(op.Imm)) &^ 1
			r[op.Dst] = b.Links[op.C].PC
			from, fromN, link = b, int(op.N), nil
			if sp := r[op.B]; sp > c.Top {
				c.Top = sp
			}
			if j := &e.cur.jumps[pc>>1&(jumpSize-1)]; j.pc == pc && j.b != nil && budget > 0 {
				b = j.b
				goto enter
			}
			goto lookup
		case ir.HelperSync:
			e.sync(b, int(op.N), start, left-budget, from, fromN)
			fallthrough
		case ir.HelperOp:
			if !b.Helpers[op.H](c, op) {
				exit = c.Trap
				goto trap
			}
		case ir.Break:
			if e.BreakFilter != nil {
				e.sync(b, 0, start, left-budget, from, fromN)
				if !e.BreakFilter() {
					break
				}
			}
			exit = ir.ExitBreak
			goto trap
		case ir.Stop:
			exit = ir.Exit(op.Imm)
			goto trap
		case ir.Ld128:
			addr := r[op.A] + uint64(op.Imm)
			if addr&uint64(op.H) != 0 {
				exit = ir.ExitProtection
				goto trap
			}
			lo, hi, ok := c.Mem.Load128(addr)
			if !ok {
				exit = ir.ExitMem
				goto trap
			}
			r[op.Dst], r[op.Dst+1] = lo, hi
		case ir.St128:
			addr := r[op.A] + uint64(op.Imm)
			if addr&uint64(op.H) != 0 {
				exit = ir.ExitProtection
				goto trap
			}
			if !c.Mem.Store128(addr, r[op.B], r[op.B+1]) {
				exit = ir.ExitMem
				goto trap
			}
		case ir.JmpTo:
			pc = r[op.A] + uint64(op.Imm)
			if sp := r[op.Dst]; sp > c.Top {
				c.Top = sp
			}
			goto indirect
		case ir.BeqI:
			if r[op.A] == uint64(op.Imm) {
				goto leave
			}
		case ir.BneI:
			if r[op.A] != uint64(op.Imm) {
				goto leave
			}
		case ir.Seq:
			r[op.Dst] = b2u(r[op.A] == r[op.B])
		case ir.Sne:
			r[op.Dst] = b2u(r[op.A] != r[op.B])
		case ir.Sel:
			if r[op.C] != 0 {
				r[op.Dst] = r[op.A]
			} else {
				r[op.Dst] = r[op.B]
			}
		case ir.MovU32:
			r[op.Dst] = uint64(uint32(r[op.A]))
		case ir.RolI:
			r[op.Dst] = bits.RotateLeft64(r[op.A], int(op.Imm))
		case ir.RolI32:
			r[op.Dst] = uint64(bits.RotateLeft32(uint32(r[op.A]), int(op.Imm)))
		case ir.Ins8:
			r[op.Dst] = r[op.Dst]&^0xff | r[op.A]&0xff
		case ir.Ins8H:
			r[op.Dst] = r[op.Dst]&^0xff00 | r[op.A]&0xff<<8
		case ir.Ins16:
			r[op.Dst] = r[op.Dst]&^0xffff | r[op.A]&0xffff
		case ir.SetCC8:
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Imm), uint64(int64(int8(r[op.A]))), uint64(int64(int8(r[op.B])))
		case ir.SetCC16:
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Imm), uint64(int64(int16(r[op.A]))), uint64(int64(int16(r[op.B])))
		case ir.SetCC32:
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Imm), uint64(int64(int32(r[op.A]))), uint64(int64(int32(r[op.B])))
		case ir.SetCC64:
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Imm), r[op.A], r[op.B]
		case ir.SetCCI8:
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), uint64(int64(int8(r[op.A]))), uint64(op.Imm)
		case ir.SetCCI16:
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), uint64(int64(int16(r[op.A]))), uint64(op.Imm)
		case ir.SetCCI32:
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), uint64(int64(int32(r[op.A]))), uint64(op.Imm)
		case ir.SetCCI64:
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), r[op.A], uint64(op.Imm)
		case ir.SetCCNZ:
			if n := r[op.B]; n != 0 {
				r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Imm), sxn(r[op.A], uint64(op.Imm)), n
			}
		case ir.AddCC:
			x := r[op.B]
			v := r[op.A] + x
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), v, x
			r[op.Dst] = v
		case ir.SubCC:
			y, x := r[op.A], r[op.B]
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), y, x
			r[op.Dst] = y - x
		case ir.AndCC:
			v := r[op.A] & r[op.B]
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), v, 0
			r[op.Dst] = v
		case ir.OrCC:
			v := r[op.A] | r[op.B]
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), v, 0
			r[op.Dst] = v
		case ir.XorCC:
			v := r[op.A] ^ r[op.B]
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), v, 0
			r[op.Dst] = v
		case ir.AddCCI:
			x := uint64(op.Imm)
			v := r[op.A] + x
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), v, x
			r[op.Dst] = v
		case ir.SubCCI:
			y, x := r[op.A], uint64(op.Imm)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), y, x
			r[op.Dst] = y - x
		case ir.AndCCI:
			v := r[op.A] & uint64(op.Imm)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), v, 0
			r[op.Dst] = v
		case ir.OrCCI:
			v := r[op.A] | uint64(op.Imm)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), v, 0
			r[op.Dst] = v
		case ir.XorCCI:
			v := r[op.A] ^ uint64(op.Imm)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), v, 0
			r[op.Dst] = v
		case ir.AddCC32:
			x := uint32(r[op.B])
			v := uint32(r[op.A]) + x
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), sx(v), sx(x)
			r[op.Dst] = uint64(v)
		case ir.SubCC32:
			y, x := uint32(r[op.A]), uint32(r[op.B])
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), sx(y), sx(x)
			r[op.Dst] = uint64(y - x)
		case ir.AndCC32:
			v := uint32(r[op.A]) & uint32(r[op.B])
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), sx(v), 0
			r[op.Dst] = uint64(v)
		case ir.OrCC32:
			v := uint32(r[op.A]) | uint32(r[op.B])
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), sx(v), 0
			r[op.Dst] = uint64(v)
		case ir.XorCC32:
			v := uint32(r[op.A]) ^ uint32(r[op.B])
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), sx(v), 0
			r[op.Dst] = uint64(v)
		case ir.AddCCI32:
			x := uint32(op.Imm)
			v := uint32(r[op.A]) + x
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), sx(v), sx(x)
			r[op.Dst] = uint64(v)
		case ir.SubCCI32:
			y, x := uint32(r[op.A]), uint32(op.Imm)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), sx(y), sx(x)
			r[op.Dst] = uint64(y - x)
		case ir.AndCCI32:
			v := uint32(r[op.A]) & uint32(op.Imm)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), sx(v), 0
			r[op.Dst] = uint64(v)
		case ir.OrCCI32:
			v := uint32(r[op.A]) | uint32(op.Imm)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), sx(v), 0
			r[op.Dst] = uint64(v)
		case ir.XorCCI32:
			v := uint32(r[op.A]) ^ uint32(op.Imm)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.C), sx(v), 0
			r[op.Dst] = uint64(v)
		case ir.CmpBeq:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), int64(r[op.B]<<(op.H&63))>>(op.H&63)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if a == b {
				goto leave
			}
		case ir.CmpBne:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), int64(r[op.B]<<(op.H&63))>>(op.H&63)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if a != b {
				goto leave
			}
		case ir.CmpBlt:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), int64(r[op.B]<<(op.H&63))>>(op.H&63)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if a < b {
				goto leave
			}
		case ir.CmpBge:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), int64(r[op.B]<<(op.H&63))>>(op.H&63)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if a >= b {
				goto leave
			}
		case ir.CmpBle:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), int64(r[op.B]<<(op.H&63))>>(op.H&63)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if a <= b {
				goto leave
			}
		case ir.CmpBgt:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), int64(r[op.B]<<(op.H&63))>>(op.H&63)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if a > b {
				goto leave
			}
		case ir.CmpBltu:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), int64(r[op.B]<<(op.H&63))>>(op.H&63)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if uint64(a) < uint64(b) {
				goto leave
			}
		case ir.CmpBgeu:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), int64(r[op.B]<<(op.H&63))>>(op.H&63)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if uint64(a) >= uint64(b) {
				goto leave
			}
		case ir.CmpBleu:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), int64(r[op.B]<<(op.H&63))>>(op.H&63)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if uint64(a) <= uint64(b) {
				goto leave
			}
		case ir.CmpBgtu:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), int64(r[op.B]<<(op.H&63))>>(op.H&63)
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if uint64(a) > uint64(b) {
				goto leave
			}
		case ir.CmpBeqI:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), op.Imm
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if a == b {
				goto leave
			}
		case ir.CmpBneI:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), op.Imm
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if a != b {
				goto leave
			}
		case ir.CmpBltI:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), op.Imm
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if a < b {
				goto leave
			}
		case ir.CmpBgeI:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), op.Imm
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if a >= b {
				goto leave
			}
		case ir.CmpBleI:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), op.Imm
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if a <= b {
				goto leave
			}
		case ir.CmpBgtI:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), op.Imm
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if a > b {
				goto leave
			}
		case ir.CmpBltuI:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), op.Imm
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if uint64(a) < uint64(b) {
				goto leave
			}
		case ir.CmpBgeuI:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), op.Imm
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if uint64(a) >= uint64(b) {
				goto leave
			}
		case ir.CmpBleuI:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), op.Imm
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if uint64(a) <= uint64(b) {
				goto leave
			}
		case ir.CmpBgtuI:
			a, b := int64(r[op.A]<<(op.H&63))>>(op.H&63), op.Imm
			r[ir.CCOp], r[ir.CCA], r[ir.CCB] = uint64(op.Dst), uint64(a), uint64(b)
			if uint64(a) > uint64(b) {
				goto leave
			}
		case ir.Push:
			addr := r[op.A] - 8
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.W == addr&^(pageOff^7) {
				*(*uint64)(unsafe.Add(t.Data, addr&pageOff)) = r[op.B]
			} else if !c.Mem.Store(addr, 8, r[op.B]) {
				exit = ir.ExitMem
				goto trap
			}
			r[op.A] = addr
		case ir.PushI:
			addr := r[op.A] - 8
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.W == addr&^(pageOff^7) {
				*(*uint64)(unsafe.Add(t.Data, addr&pageOff)) = uint64(op.Imm)
			} else if !c.Mem.Store(addr, 8, uint64(op.Imm)) {
				exit = ir.ExitMem
				goto trap
			}
			r[op.A] = addr
		case ir.Pop:
			addr := r[op.A]
			t := &tlb[addr>>mem.PageShift&tlbMask]
			var v uint64
			if t.R == addr&^(pageOff^7) {
				v = *(*uint64)(unsafe.Add(t.Data, addr&pageOff))
			} else {
				var ok bool
				if v, ok = c.Mem.Load(addr, 8); !ok {
					exit = ir.ExitMem
					goto trap
				}
			}
			r[op.A] = addr + 8
			r[op.Dst] = v
		case ir.Ret:
			addr := r[op.A]
			t := &tlb[addr>>mem.PageShift&tlbMask]
			if t.R == addr&^(pageOff^7) {
				pc = *(*uint64)(unsafe.Add(t.Data, addr&pageOff))
			} else {
				v, ok := c.Mem.Load(addr, 8)
				if !ok {
					exit = ir.ExitMem
					goto trap
				}
				pc = v
			}
			sp := addr + uint64(op.Imm)
			if r[op.A] = sp; sp > c.Top {
				c.Top = sp
			}
			goto indirect
		case ir.Repeat:
			c.More = uint64(budget)
			if !b.Helpers[op.H](c, op) {
				exit = c.Trap
				goto trap
			}
			if done := budget - int64(c.More); done > 0 {
				budget -= done
				from, fromN = b, int(op.N)
			}
		default:
			goto armed
		}
		op = (*ir.Op)(unsafe.Add(unsafe.Pointer(op), opSize))
	}

armed: // or unknown
	e.note(b, op)
	goto begin

indirect: // to pc, with the instruction of op as the last one
	if j := &e.cur.jumps[pc>>1&(jumpSize-1)]; j.pc == pc && j.b != nil && budget > 0 {
		from, fromN = b, int(op.N)
		b = j.b
		goto enter
	}
	if int64(pc<<16)>>16 != int64(pc) {
		// No such address: undo the instruction.
		if op.Kind == ir.Ret {
			r[op.A] -= uint64(op.Imm)
		} else {
			r[op.Dst] += uint64(op.H)
		}
		exit = ir.ExitProtection
		goto trap
	}
	from, fromN, link = b, int(op.N), nil
	goto lookup

leave: // by link, with the instruction of op as the last one
	link = &b.Links[op.C]
	budget += int64(b.N) - int64(op.N) - 1
	from, fromN = b, int(op.N)
	if link.To != nil {
		b = link.To
		goto enter
	}
	pc = link.PC

lookup: // the block at pc
	if budget <= 0 {
		c.PC = pc
		goto limit
	}
	b = e.block(e.cur, pc, ir.MaxBlock)
	if b == nil {
		// Let Run find it out again: the fetch is the next instruction's.
		c.PC = pc
		goto limit
	}
	if link != nil {
		link.To = b
		b.In = append(b.In, link)
		link = nil
	}
	goto enter

limit: // between blocks, c.PC is set
	c.Icount = start + uint64(left-budget)
	if from != nil {
		c.LastPC = from.PCs[fromN]
	}
	return ir.ExitLimit

trap: // before the instruction of op
	e.sync(b, int(op.N), start, left-budget, from, fromN)
	return exit
}

// sync makes the CPU exact for a stop in block b before its instruction n, when
// through counts the instructions up to the end of the block.
func (e *Engine) sync(b *ir.Block, n int, start uint64, through int64, from *ir.Block, fromN int) {
	c := e.c
	c.PC = b.PC
	if n < len(b.PCs) {
		c.PC = b.PCs[n]
	}
	c.Icount = start + uint64(through) - uint64(b.N) + uint64(n)
	if n > 0 {
		c.LastPC = b.PCs[n-1]
	} else if from != nil {
		c.LastPC = from.PCs[fromN]
	}
}
