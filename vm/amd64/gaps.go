package amd64

import (
	"strconv"
	"strings"

	"golang.org/x/arch/x86/x86asm"
)

// This file decodes instructions through x86asm, and puts right what that gets
// wrong in 64-bit mode. Each deviation has a comment.

// maxInst is the length of the longest instruction in bytes; longer ones are
// invalid (SDM volume 2, section 2.3.11).
const maxInst = 15

// prefixes are the legacy and REX prefixes of an instruction.
type prefixes struct {
	n      int  // bytes
	lock   bool // F0
	rep    byte // the last of F2 and F3, or 0
	data16 bool // 66
	addr32 bool // 67
	seg    byte // the last of 64 and 65 (the others do nothing), or 0
	rex    byte // directly before the opcode, or 0
}

func scanPrefixes(code []byte) (p prefixes) {
	for _, c := range code {
		switch c {
		case 0xf0:
			p.lock = true
		case 0xf2, 0xf3:
			p.rep = c
		case 0x66:
			p.data16 = true
		case 0x67:
			p.addr32 = true
		case 0x64, 0x65:
			p.seg = c
		case 0x26, 0x2e, 0x36, 0x3e:
		default:
			if c&0xf0 != 0x40 {
				return p
			}
			p.rex = c
			p.n++
			continue
		}
		p.rex = 0 // a REX prefix counts only directly before the opcode
		p.n++
	}
	return p
}

// decodeAt decodes the instruction at the start of code, of which maxInst bytes
// are looked at; it lies at pc. When it returns false it is none, or, if in.Len >
// len(code), it continues after code.
func (in *inst) decodeAt(code []byte, pc uint64) bool {
	in.pc, in.Inst.Len = pc, 0
	ok := in.decode(code)
	if in.Len < 1 || in.Len > maxInst {
		in.Len, ok = 1, false
	}
	if in.Len > len(code) {
		ok = false
	}
	in.next = pc + uint64(in.Len)
	in.code = code[:min(in.Len, len(code))]
	return ok
}

func (in *inst) decode(code []byte) bool {
	// x86asm tells an instruction that is cut off from an invalid one by
	// nothing. So it gets zeros after the end, and the length decides.
	var padded [maxInst + 9]byte
	copy(padded[:maxInst], code)
	p := scanPrefixes(padded[:maxInst])
	if p.n == maxInst {
		return false
	}
	in.prefixes = p
	op := padded[p.n:]
	// x86asm knows AVX. We do not: VEX, EVEX (and XOP, which it does not know)
	// are invalid.
	if op[0] == 0xc4 || op[0] == 0xc5 || op[0] == 0x62 {
		return false
	}
	if n, is := hintNop(op); is {
		in.Inst = x86asm.Inst{Op: x86asm.NOP, Mode: 64, AddrSize: 64, DataSize: 32, Len: p.n + n}
		return in.Len <= maxInst && !p.lock
	}

	// x86asm takes prefixes as they come: it knows only one REX prefix, at the
	// end, no more than 14 prefixes, and lets those that mean nothing select
	// another instruction. It gets them in a canonical form instead.
	var buf [2 * maxInst]byte
	canon := buf[:0]
	rep, data16 := p.rep, p.data16
	switch {
	case op[0] != 0x0f && !repeatable(op[0]) && op[0] != 0x90, // bnd, xacquire, "rep ret"
		op[0] == 0x0f && ignoresRep(op[1]),
		op[0] == 0x90 && p.rex&1 != 0: // xchg r8, not pause
		rep = 0
	}
	if ignores66(op) {
		data16 = false
	}
	// F2 0F BC and BD are bsf and bsr; only F3 selects others.
	if op[0] == 0x0f && (op[1] == 0xbc || op[1] == 0xbd) && rep == 0xf2 {
		rep = 0
	}
	if op[0] == 0x0f && mandatory(op)&p.selector() == 0 {
		return false
	}
	if p.lock {
		canon = append(canon, 0xf0)
	}
	if rep != 0 {
		canon = append(canon, rep)
	}
	if data16 {
		canon = append(canon, 0x66)
	}
	if p.addr32 {
		canon = append(canon, 0x67)
	}
	if p.seg != 0 {
		canon = append(canon, p.seg)
	}
	if p.rex != 0 {
		canon = append(canon, p.rex)
	}
	removed := p.n - len(canon)
	at := len(canon)
	canon = append(canon, op...)
	switch c, n := op[0], op[1]>>3&7; {
	case (c&^1 == 0xc0 || c&^3 == 0xd0) && n == 6:
		canon[at+1] ^= 2 << 3 // another encoding of /4, shl
	case c&^1 == 0xf6 && n == 1:
		canon[at+1] ^= 1 << 3 // of /0, test
	}
	x, err := x86asm.Decode(canon, 64)
	if err != nil || x.Op == 0 { // an unknown instruction after prefixes is no error
		return in.x87Alias(op)
	}
	in.Inst = x
	in.Len += removed
	if x.PCRelOff > 0 {
		in.PCRelOff += removed
	}
	for _, pre := range x.Prefix {
		if pre&x86asm.PrefixInvalid != 0 { // LOCK where it must not be
			return false
		}
	}
	in.signDisplacement(op[0])
	return true
}

// hintNop finds instructions that do nothing here: the reserved no-operations
// 0F 18 to 0F 1F, of which x86asm knows a few (prefetch, nop) and fails at
// others (endbr64, rdsspq), and the prefetches 0F 0D.
func hintNop(op []byte) (n int, is bool) {
	if op[0] != 0x0f || op[1] != 0x0d && op[1]&0xf8 != 0x18 {
		return 0, false
	}
	return 2 + modrmLen(op[2:]), true
}

// modrmLen is the length of a ModRM byte with what follows it.
func modrmLen(b []byte) int {
	mod, rm := b[0]>>6, b[0]&7
	n := 1
	if mod == 3 {
		return n
	}
	if rm == 4 {
		n++
		if mod == 0 && b[1]&7 == 5 {
			return n + 4
		}
	}
	switch {
	case mod == 1:
		return n + 1
	case mod == 2, mod == 0 && rm == 5:
		return n + 4
	}
	return n
}

// A set of the prefixes that select among instructions with one opcode.
type selectors uint8

const (
	selNone selectors = 1 << iota
	sel66
	selF3
	selF2
	selAny = selNone | sel66 | selF3 | selF2
	selInt = selNone | sel66
)

// selector is the prefix that selects: F2 and F3 go before 66.
func (p *prefixes) selector() selectors {
	switch {
	case p.rep == 0xf3:
		return selF3
	case p.rep == 0xf2:
		return selF2
	case p.data16:
		return sel66
	}
	return selNone
}

// mandatory tells with which of those prefixes an opcode that starts with 0F is
// an instruction, of those where it matters; x86asm ignores some that it does not
// expect (SDM volume 2, appendix A, tables ).
func mandatory(op []byte) selectors {
	set := &twoByte
	c := op[1]
	switch c {
	case 0x38:
		set, c = &threeByte38, op[2]
	case 0x3a:
		set, c = &threeByte3A, op[2]
	}
	if s := set[c]; s != 0 {
		return s
	}
	return selAny
}

// The selectors of opcodes, where not all of them are possible.
var (
	twoByte = selectorTable(map[selectors]string{
		selNone:               "77 ae c3",
		sel66:                 "6c-6d",
		selF3:                 "b8",
		selF2:                 "f0",
		selInt:                "13-15 17 28-29 2b 2e-2f 50 54-57 60-6b 6e 71-76 c4-c6 d1-d5 d7-e5 e7-ef f1-fe",
		selNone | selF3:       "52-53",
		selInt | selF3:        "16 5b 6f 7e-7f",
		sel66 | selF2:         "7c-7d d0",
		sel66 | selF3 | selF2: "d6 e6",
	})
	threeByte38 = selectorTable(map[selectors]string{
		selInt: "00-0b 1c-1e",
		sel66:  "10 14-15 17 20-25 28-2b 30-35 37-41",
	})
	threeByte3A = selectorTable(map[selectors]string{
		selInt: "0f",
		sel66:  "08-0e 14-17 20-22 40-42 60-63",
	})
)

// selectorTable expands lists of opcodes, in hexadecimal.
func selectorTable(lists map[selectors]string) (t [256]selectors) {
	for s, list := range lists {
		for _, item := range strings.Fields(list) {
			lo, hi, isRange := strings.Cut(item, "-")
			if !isRange {
				hi = lo
			}
			first, err1 := strconv.ParseUint(lo, 16, 8)
			last, err2 := strconv.ParseUint(hi, 16, 8)
			if err1 != nil || err2 != nil {
				panic("amd64: bad list of opcodes: " + list)
			}
			for c := first; c <= last; c++ {
				t[c] = s
			}
		}
	}
	return t
}

// repeatable reports whether F2 and F3 mean something to a one-byte opcode.
func repeatable(op byte) bool {
	return 0x6c <= op && op <= 0x6f || 0xa4 <= op && op <= 0xa7 || 0xaa <= op && op <= 0xaf
}

// ignoresRep reports whether F2 and F3 mean nothing to the opcode 0F op, which
// x86asm may take for part of another one.
func ignoresRep(op byte) bool {
	switch {
	case op == 0x05, op == 0x31, 0x40 <= op && op <= 0x4f, 0x80 <= op && op <= 0xaf && op != 0xae,
		0xb0 <= op && op <= 0xb7, 0xba <= op && op <= 0xbb, op == 0xbe, op == 0xbf,
		op == 0xc0, op == 0xc1, 0xc8 <= op && op <= 0xcf:
		return true
	}
	return false
}

// ignores66 reports whether an operand-size prefix is ignored: by near branches,
// which x86asm would decode with 16-bit displacements (they are that on AMD's
// processors; Intel's ignore the prefix, and compilers pad with it).
func ignores66(op []byte) bool {
	switch c := op[0]; {
	case c == 0xe8, c == 0xe9, c == 0xeb, c == 0xc2, c == 0xc3, 0x70 <= c && c <= 0x7f, 0xe0 <= c && c <= 0xe3:
		return true
	case c == 0x0f:
		return 0x80 <= op[1] && op[1] <= 0x8f
	case c == 0xff:
		n := op[1] >> 3 & 7
		return n == 2 || n == 4
	}
	return false
}

// signDisplacement puts right that x86asm zero-extends displacements of 32 bits.
func (in *inst) signDisplacement(opcode byte) {
	if 0xa0 <= opcode && opcode <= 0xa3 { // an absolute address of 64 bits
		return
	}
	for i, a := range in.Args {
		if m, ok := a.(x86asm.Mem); ok {
			m.Disp = int64(int32(m.Disp))
			in.Args[i] = m
		}
	}
}
