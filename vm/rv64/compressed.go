package rv64

// Encoders of the 32-bit forms that compressed instructions expand to.
func encI(op, rd, f3, rs1 uint32, imm int32) uint32 {
	return uint32(imm)<<20 | rs1<<15 | f3<<12 | rd<<7 | op
}

func encR(op, rd, f3, rs1, rs2, f7 uint32) uint32 {
	return f7<<25 | rs2<<20 | rs1<<15 | f3<<12 | rd<<7 | op
}

func encS(op, f3, rs1, rs2 uint32, imm uint32) uint32 {
	return imm>>5<<25 | rs2<<20 | rs1<<15 | f3<<12 | imm&31<<7 | op
}

func encB(f3, rs1 uint32, off int32) uint32 {
	o := uint32(off)
	return o>>12&1<<31 | o>>5&0x3f<<25 | rs1<<15 | f3<<12 | o>>1&0xf<<8 | o>>11&1<<7 | opBRANCH
}

func encJ(rd uint32, off int32) uint32 {
	o := uint32(off)
	return o>>20&1<<31 | o>>1&0x3ff<<21 | o>>11&1<<20 | o>>12&0xff<<12 | rd<<7 | opJAL
}

// Major opcodes, with the low bits 11.
const (
	opLOAD    = 0x03
	opLOADFP  = 0x07
	opIMM     = 0x13
	opIMM32   = 0x1b
	opSTORE   = 0x23
	opSTOREFP = 0x27
	opOP      = 0x33
	opLUI     = 0x37
	opOP32    = 0x3b
	opBRANCH  = 0x63
	opJALR    = 0x67
	opJAL     = 0x6f
)

// illegalInst expands what is reserved: all zeros is defined to be illegal.
const illegalInst = 0

// expand returns the 32-bit instruction that a compressed one stands for, or
// illegalInst. (Unprivileged ISA, "C" extension, RV64 columns.)
func expand(h uint16) uint32 {
	c := uint32(h)
	f3 := c >> 13
	// Full and 3-bit register fields.
	r, r2 := c>>7&31, c>>2&31
	rp, r2p := c>>7&7+8, c>>2&7+8
	imm6 := int32(c>>12&1)<<31>>26 | int32(c>>2&31)
	switch c & 3 {
	case 0:
		// uimm[5:3|7:6] for doublewords, uimm[5:3|2|6] for words.
		d := c>>10&7<<3 | c>>5&3<<6
		w := c>>10&7<<3 | c>>6&1<<2 | c>>5&1<<6
		switch f3 {
		case 0: // c.addi4spn
			imm := c>>11&3<<4 | c>>7&15<<6 | c>>6&1<<2 | c>>5&1<<3
			if imm == 0 {
				return illegalInst
			}
			return encI(opIMM, r2p, 0, 2, int32(imm))
		case 1:
			return encI(opLOADFP, r2p, 3, rp, int32(d))
		case 2:
			return encI(opLOAD, r2p, 2, rp, int32(w))
		case 3:
			return encI(opLOAD, r2p, 3, rp, int32(d))
		case 5:
			return encS(opSTOREFP, 3, rp, r2p, d)
		case 6:
			return encS(opSTORE, 2, rp, r2p, w)
		case 7:
			return encS(opSTORE, 3, rp, r2p, d)
		}
	case 1:
		switch f3 {
		case 0: // c.addi, c.nop
			return encI(opIMM, r, 0, r, imm6)
		case 1: // c.addiw
			if r == 0 {
				return illegalInst
			}
			return encI(opIMM32, r, 0, r, imm6)
		case 2: // c.li
			return encI(opIMM, r, 0, 0, imm6)
		case 3:
			if imm6 == 0 {
				return illegalInst
			}
			if r == 2 { // c.addi16sp
				imm := int32(c>>12&1)<<31>>22 | int32(c>>6&1)<<4 | int32(c>>5&1)<<6 | int32(c>>3&3)<<7 | int32(c>>2&1)<<5
				return encI(opIMM, 2, 0, 2, imm)
			}
			return uint32(imm6)<<12 | r<<7 | opLUI
		case 4:
			return expandALU(c, rp, r2p, imm6)
		case 5: // c.j
			off := int32(c>>12&1)<<31>>20 | int32(c>>11&1)<<4 | int32(c>>9&3)<<8 | int32(c>>8&1)<<10 |
				int32(c>>7&1)<<6 | int32(c>>6&1)<<7 | int32(c>>3&7)<<1 | int32(c>>2&1)<<5
			return encJ(0, off)
		case 6, 7: // c.beqz, c.bnez
			off := int32(c>>12&1)<<31>>23 | int32(c>>10&3)<<3 | int32(c>>5&3)<<6 | int32(c>>3&3)<<1 | int32(c>>2&1)<<5
			return encB(f3-6, rp, off)
		}
	case 2:
		dsp := c>>12&1<<5 | c>>5&3<<3 | c>>2&7<<6
		wsp := c>>12&1<<5 | c>>4&7<<2 | c>>2&3<<6
		dst := c>>10&7<<3 | c>>7&7<<6
		wst := c>>9&15<<2 | c>>7&3<<6
		switch f3 {
		case 0: // c.slli
			return encI(opIMM, r, 1, r, imm6&63)
		case 1:
			return encI(opLOADFP, r, 3, 2, int32(dsp))
		case 2:
			if r == 0 {
				return illegalInst
			}
			return encI(opLOAD, r, 2, 2, int32(wsp))
		case 3:
			if r == 0 {
				return illegalInst
			}
			return encI(opLOAD, r, 3, 2, int32(dsp))
		case 4:
			return expandJump(c, r, r2)
		case 5:
			return encS(opSTOREFP, 3, 2, r2, dst)
		case 6:
			return encS(opSTORE, 2, 2, r2, wst)
		case 7:
			return encS(opSTORE, 3, 2, r2, dst)
		}
	}
	return illegalInst
}

// expandALU expands quadrant 1, funct3 100.
func expandALU(c, rp, r2p uint32, imm6 int32) uint32 {
	switch c >> 10 & 3 {
	case 0: // c.srli
		return encI(opIMM, rp, 5, rp, imm6&63)
	case 1: // c.srai
		return encI(opIMM, rp, 5, rp, imm6&63|0x400)
	case 2: // c.andi
		return encI(opIMM, rp, 7, rp, imm6)
	}
	switch c>>12&1<<2 | c>>5&3 {
	case 0:
		return encR(opOP, rp, 0, rp, r2p, 0x20) // c.sub
	case 1:
		return encR(opOP, rp, 4, rp, r2p, 0) // c.xor
	case 2:
		return encR(opOP, rp, 6, rp, r2p, 0) // c.or
	case 3:
		return encR(opOP, rp, 7, rp, r2p, 0) // c.and
	case 4:
		return encR(opOP32, rp, 0, rp, r2p, 0x20) // c.subw
	case 5:
		return encR(opOP32, rp, 0, rp, r2p, 0) // c.addw
	}
	return illegalInst
}

// expandJump expands quadrant 2, funct3 100.
func expandJump(c, r, r2 uint32) uint32 {
	hi := c>>12&1 == 1
	switch {
	case !hi && r2 == 0 && r == 0:
		return illegalInst
	case !hi && r2 == 0: // c.jr
		return encI(opJALR, 0, 0, r, 0)
	case !hi: // c.mv
		return encR(opOP, r, 0, 0, r2, 0)
	case r == 0 && r2 == 0: // c.ebreak
		return 0x00100073
	case r2 == 0: // c.jalr
		return encI(opJALR, 1, 0, r, 0)
	}
	return encR(opOP, r, 0, r, r2, 0) // c.add
}
