package amd64

import (
	"math/bits"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM: comparisons of strings of
// bytes or words (SDM volume 2, 4.1).

func init() {
	registerSSE(map[x86asm.Op]handler{
		x86asm.PCMPESTRI: compareStrings(strExplicit),
		x86asm.PCMPESTRM: compareStrings(strExplicit | strMask),
		x86asm.PCMPISTRI: compareStrings(0),
		x86asm.PCMPISTRM: compareStrings(strMask),
	})
}

// Bits of operand C.
const (
	strExplicit = 1 << iota // lengths are in rAX and rDX, else a zero ends a string
	strMask                 // the result is a mask in XMM0, else an index in ECX
	strWide                 // of explicit lengths 64 bits count
)

// compareStrings is the form of all four; their memory operand need not be
// aligned.
func compareStrings(how uint8) handler {
	return func(t *translation, in *inst) bool {
		a, ok := xmmArg(in.Args[0])
		if !ok {
			return false
		}
		var b uint8
		if m, isMem := in.Args[1].(x86asm.Mem); isMem {
			b = t.pair()
			t.load128(in, b, m, false)
		} else if b, ok = xmmArg(in.Args[1]); !ok {
			return false
		}
		op := ir.Op{A: a, B: b, C: how, Imm: imm8(in, 2)}
		if in.DataSize == 64 {
			op.C |= strWide
		}
		t.helper(pcmpstr, op)
		t.cc = static{known: true, family: ccEager}
		return true
	}
}

// Fields of the immediate.
const (
	strWords  = 1 << 0 // else bytes
	strSigned = 1 << 1

	strNegate = 1 << 4
	strMasked = 1 << 5 // negate only what is valid in b
	strLast   = 1 << 6 // index: the last one, mask: of elements, not bits
)

// text is a string operand.
type text struct {
	elems [16]int32
	n     int // valid elements
}

func newText(v vec, imm int64) (s text) {
	n := 16
	if imm&strWords != 0 {
		n = 8
	}
	for i := range n {
		switch imm & (strWords | strSigned) {
		case 0:
			s.elems[i] = int32(v.byte(i))
		case strWords:
			s.elems[i] = int32(v.word(i))
		case strSigned:
			s.elems[i] = int32(int8(v.byte(i)))
		default:
			s.elems[i] = int32(int16(v.word(i)))
		}
	}
	return s
}

// untilZero finds the length of a string of at most n elements.
func (s *text) untilZero(n int) {
	for s.n < n && s.elems[s.n] != 0 {
		s.n++
	}
}

// explicit takes the length from a register: its magnitude, at most n.
func (s *text) explicit(r uint64, wide bool, n int) {
	l := int64(r)
	if !wide {
		l = int64(int32(r))
	}
	if l < 0 {
		l = -l
	}
	s.n = int(min(uint64(l), uint64(n)))
}

// aggregate compares b's elements with a's as bits 2 and 3 of the immediate say;
// bit j of the result is about element j of b, of n.
func aggregate(a, b *text, n int, imm int64) uint64 {
	switch imm >> 2 & 3 {
	case 0:
		return equalAny(a, b)
	case 1:
		return ranges(a, b)
	case 2:
		return equalEach(a, b, n)
	}
	return equalOrdered(a, b, n)
}

// equalAny: is b[j] among a?
func equalAny(a, b *text) (r uint64) {
	for j := range b.n {
		for i := range a.n {
			if a.elems[i] == b.elems[j] {
				r |= 1 << j
			}
		}
	}
	return r
}

// ranges: does b[j] lie in one of the ranges of which a holds the limits?
func ranges(a, b *text) (r uint64) {
	for j := range b.n {
		for i := 0; i+1 < a.n; i += 2 {
			if a.elems[i] <= b.elems[j] && b.elems[j] <= a.elems[i+1] {
				r |= 1 << j
			}
		}
	}
	return r
}

// equalEach: is b[j] equal to a[j]? Past both ends it is.
func equalEach(a, b *text, n int) (r uint64) {
	for j := range n {
		if j < a.n && j < b.n && a.elems[j] == b.elems[j] || j >= a.n && j >= b.n {
			r |= 1 << j
		}
	}
	return r
}

// equalOrdered: does a, or as much of it as fits, start at b[j]?
func equalOrdered(a, b *text, n int) (r uint64) {
	for j := range n {
		all := true
		for i := 0; i < a.n && i+j < n; i++ {
			if i+j >= b.n || a.elems[i] != b.elems[i+j] {
				all = false
				break
			}
		}
		if all {
			r |= 1 << j
		}
	}
	return r
}

func pcmpstr(c *ir.CPU, op *ir.Op) bool {
	n := 16
	if op.Imm&strWords != 0 {
		n = 8
	}
	a, b := newText(get(c, op.A), op.Imm), newText(get(c, op.B), op.Imm)
	if op.C&strExplicit != 0 {
		a.explicit(c.R[RAX], op.C&strWide != 0, n)
		b.explicit(c.R[RDX], op.C&strWide != 0, n)
	} else {
		a.untilZero(n)
		b.untilZero(n)
	}

	r := aggregate(&a, &b, n, op.Imm)
	all := uint64(1)<<n - 1
	switch op.Imm & (strNegate | strMasked) {
	case strNegate:
		r ^= all
	case strNegate | strMasked:
		r ^= 1<<b.n - 1
	}

	switch {
	case op.C&strMask != 0 && op.Imm&strLast == 0:
		set(c, XMM0, vec{r, 0})
	case op.C&strMask != 0 && n == 16:
		set(c, XMM0, vec{widen(r, 8), widen(r>>8, 8)})
	case op.C&strMask != 0:
		set(c, XMM0, vec{widen(r, 4), widen(r>>4, 4)})
	case r == 0:
		c.R[RCX] = uint64(n)
	case op.Imm&strLast != 0:
		c.R[RCX] = uint64(bits.Len64(r) - 1)
	default:
		c.R[RCX] = uint64(bits.TrailingZeros64(r))
	}

	flags := uint64(0)
	if r != 0 {
		flags |= FlagCF
	}
	if b.n < n {
		flags |= FlagZF
	}
	if a.n < n {
		flags |= FlagSF
	}
	if r&1 != 0 {
		flags |= FlagOF
	}
	setArith(c.R[:], flags)
	return true
}
