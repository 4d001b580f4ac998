package symbols

import "encoding/binary"

// On RISC-V gcc before 13 writes no unwind tables unless asked to, so most of a
// static C library has none. What its functions do to the stack can be read off
// their code.

// frameScan is what the code of a function says of its frame at some address.
type frameScan struct {
	size   int64         // CFA - sp, bytes; not valid when dynamic
	saved  map[int]int64 // DWARF register → where it is, relative to the CFA
	fp     int64         // frame pointer - CFA
	hasFP  bool
	sizeOK bool // sp changed by known amounts only
}

func (s *frameScan) clone() frameScan {
	c := *s
	c.saved = make(map[int]int64, len(s.saved))
	for r, off := range s.saved {
		c.saved[r] = off
	}
	return c
}

// maxScan bounds how much code is looked at, bytes.
const maxScan = 1 << 16

// scanRISCV follows the stack pointer through code, a function's from its entry
// up to the address of interest. Code behind a return or jump is reached from
// before the epilogue, so what the epilogue undid counts again there.
func scanRISCV(code []byte) frameScan {
	s := frameScan{saved: map[int]int64{}, sizeOK: true}
	var body *frameScan // as before the epilogue that is being read
	known := map[int]int64{}
	for len(code) >= 2 && len(code) <= maxScan {
		in, n := decodeFrameInst(code)
		if n > len(code) {
			break
		}
		switch in.kind {
		case instAddSP:
			if in.imm > 0 && body == nil {
				b := s.clone()
				body = &b
			}
			s.size -= in.imm
		case instAddSPReg:
			v, ok := known[in.reg]
			switch {
			case !ok:
				s.sizeOK = false
			default:
				if v > 0 && body == nil {
					b := s.clone()
					body = &b
				}
				s.size -= v
			}
		case instStore:
			if _, twice := s.saved[in.reg]; !twice && body == nil {
				s.saved[in.reg] = in.imm - s.size
			}
		case instLoad:
			if off, ok := s.saved[in.reg]; ok && off == in.imm-s.size {
				if body == nil {
					b := s.clone()
					body = &b
				}
				delete(s.saved, in.reg)
			}
		case instSetFP:
			if body == nil {
				s.fp, s.hasFP = in.imm-s.size, true
			}
		case instSPFromFP: // sp = fp + imm: undoes alloca
			if s.hasFP {
				if body == nil {
					b := s.clone()
					body = &b
				}
				s.size, s.sizeOK = -(s.fp + in.imm), true
			}
		case instConst:
			known[in.reg] = in.imm
		case instAddConst:
			if v, ok := known[in.reg]; ok {
				known[in.reg] = v + in.imm
			}
		case instNegSub:
			if v, ok := known[in.reg]; ok {
				s.size += v
			} else {
				s.sizeOK = false
			}
		case instLeave:
			if body != nil {
				s, body = *body, nil
			}
		}
		code = code[n:]
	}
	return s
}

// frameInst is an instruction as far as it says something about the frame.
type frameInst struct {
	kind instKind
	reg  int
	imm  int64
}

type instKind uint8

const (
	instOther    instKind = iota
	instAddSP             // sp += imm
	instAddSPReg          // sp += reg
	instNegSub            // sp -= reg
	instStore             // reg to sp + imm
	instLoad              // reg from sp + imm
	instSetFP             // s0 = sp + imm
	instSPFromFP          // sp = s0 + imm
	instConst             // reg = imm
	instAddConst          // reg += imm
	instLeave             // returns or jumps
)

// field extracts w[hi:lo] to position at.
func field(w uint32, hi, lo, at uint) int64 { return int64(w>>lo&(1<<(hi-lo+1)-1)) << at }

func sext(v int64, width uint) int64 { return v << (64 - width) >> (64 - width) }

const (
	regSP = 2
	regS0 = 8
	fp0   = 32 // DWARF number of f0
)

// decodeFrameInst decodes the instruction at the start of code and tells its
// size (the unprivileged ISA: chapter "RV32/64G Instruction Set Listings", and
// "C" for the compressed ones).
func decodeFrameInst(code []byte) (frameInst, int) {
	h := uint32(binary.LittleEndian.Uint16(code))
	if h&3 != 3 {
		return decodeFrameC(h), 2
	}
	if len(code) < 4 {
		return frameInst{}, 4
	}
	w := binary.LittleEndian.Uint32(code)
	rd, rs1, rs2 := int(w>>7&31), int(w>>15&31), int(w>>20&31)
	immI := sext(field(w, 31, 20, 0), 12)
	immS := sext(field(w, 31, 25, 5)|field(w, 11, 7, 0), 12)
	switch w & 0x707f {
	case 0x0013: // addi
		return addImmediate(rd, rs1, immI), 4
	case 0x3023: // sd
		if rs1 == regSP {
			return frameInst{instStore, rs2, immS}, 4
		}
	case 0x3027: // fsd
		if rs1 == regSP {
			return frameInst{instStore, rs2 + fp0, immS}, 4
		}
	case 0x3003: // ld
		if rs1 == regSP {
			return frameInst{instLoad, rd, immI}, 4
		}
	case 0x3007: // fld
		if rs1 == regSP {
			return frameInst{instLoad, rd + fp0, immI}, 4
		}
	}
	switch {
	case w&0x7f == 0x37: // lui
		return frameInst{instConst, rd, sext(field(w, 31, 12, 12), 32)}, 4
	case w&0xfe00707f == 0x33 && rd == regSP && rs1 == regSP: // add
		return frameInst{instAddSPReg, rs2, 0}, 4
	case w&0xfe00707f == 0x40000033 && rd == regSP && rs1 == regSP: // sub
		return frameInst{instNegSub, rs2, 0}, 4
	case w&0x7f == 0x6f && rd == 0, w&0x707f == 0x67 && rd == 0: // j, jr
		return frameInst{kind: instLeave}, 4
	}
	return frameInst{}, 4
}

func addImmediate(rd, rs1 int, imm int64) frameInst {
	switch {
	case rd == regSP && rs1 == regSP:
		return frameInst{instAddSP, 0, imm}
	case rd == regS0 && rs1 == regSP:
		return frameInst{instSetFP, 0, imm}
	case rd == regSP && rs1 == regS0:
		return frameInst{instSPFromFP, 0, imm}
	case rs1 == 0:
		return frameInst{instConst, rd, imm}
	case rs1 == rd:
		return frameInst{instAddConst, rd, imm}
	}
	return frameInst{}
}

func decodeFrameC(h uint32) frameInst {
	rd, rs2 := int(h>>7&31), int(h>>2&31)
	imm6 := sext(field(h, 12, 12, 5)|field(h, 6, 2, 0), 6)
	ldsp := field(h, 12, 12, 5) | field(h, 6, 5, 3) | field(h, 4, 2, 6)
	sdsp := field(h, 12, 10, 3) | field(h, 9, 7, 6)
	switch h & 0xe003 {
	case 0x0000: // c.addi4spn
		if imm := field(h, 12, 11, 4) | field(h, 10, 7, 6) | field(h, 6, 6, 2) | field(h, 5, 5, 3); imm != 0 && h>>2&7 == 0 {
			return frameInst{instSetFP, 0, imm}
		}
	case 0x0001: // c.addi
		return addImmediate(rd, rd, imm6)
	case 0x4001: // c.li
		return frameInst{instConst, rd, imm6}
	case 0x6001:
		if rd == regSP { // c.addi16sp
			return frameInst{instAddSP, 0, sext(field(h, 12, 12, 9)|field(h, 6, 6, 4)|field(h, 5, 5, 6)|field(h, 4, 3, 7)|field(h, 2, 2, 5), 10)}
		}
		return frameInst{instConst, rd, imm6 << 12} // c.lui
	case 0x6002: // c.ldsp
		return frameInst{instLoad, rd, ldsp}
	case 0x2002: // c.fldsp
		return frameInst{instLoad, rd + fp0, ldsp}
	case 0xe002: // c.sdsp
		return frameInst{instStore, rs2, sdsp}
	case 0xa002: // c.fsdsp
		return frameInst{instStore, rs2 + fp0, sdsp}
	case 0xa001: // c.j
		return frameInst{kind: instLeave}
	case 0x8002:
		switch {
		case h>>12&1 == 0 && rs2 == 0: // c.jr
			return frameInst{kind: instLeave}
		case h>>12&1 == 1 && rd == regSP && rs2 != 0: // c.add
			return frameInst{instAddSPReg, rs2, 0}
		}
	}
	return frameInst{}
}

// guessScan reads the frame off the function's code.
func (p *Program) guessScan(f *Frame, mem Memory, sp uint64) (guessed, bool) {
	a := p.img.arch
	if a.scan == nil || f.Func == nil || f.PC < f.Func.Low || f.PC-f.Func.Low > maxScan {
		return guessed{}, false
	}
	code := p.img.codeAt(f.Func.Low - p.bias)
	if n := f.PC - f.Func.Low; n <= uint64(len(code)) {
		code = code[:n]
	}
	s := a.scan(code)
	cfa := sp + uint64(s.size)
	// A body may push and pop; from the frame pointer the frame is known whatever
	// it does.
	if !s.sizeOK || a.ra < 0 && s.hasFP {
		fp, ok := f.Regs.Reg(a.fp)
		if !s.hasFP || !ok {
			return guessed{}, false
		}
		cfa = fp - uint64(s.fp)
	}
	if cfa < sp {
		return guessed{}, false
	}
	g := guessed{cfa: cfa, how: "from the function's code", regs: p.kept(f)}
	g.regs.set(a.sp, cfa)
	for reg, off := range s.saved {
		if off >= 0 || reg != a.ra && !isKept(a, reg) {
			continue
		}
		if v, err := p.readWord(mem, cfa+uint64(off)); err == nil {
			g.regs.set(reg, v)
		} else {
			g.regs.forget(reg)
		}
	}
	if a.ra < 0 { // the call has pushed it
		g.pc, _ = p.readWord(mem, cfa-uint64(p.img.ptrSize))
	} else if _, saved := s.saved[a.ra]; saved {
		g.pc, _ = g.regs.Reg(a.ra)
	} else if f.Exact {
		g.pc, _ = f.Regs.Reg(a.ra)
	}
	return g, f.space.isReturnAddress(g.pc, mem)
}

func isKept(a *arch, reg int) bool {
	for _, n := range a.kept {
		if n == reg {
			return true
		}
	}
	return false
}
