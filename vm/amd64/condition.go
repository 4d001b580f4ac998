package amd64

import (
	"slices"

	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// comparison is a comparison of two slots that a condition comes to.
type comparison struct {
	kind ir.Kind // a side exit
	a, b uint8
	imm  int64 // for BeqI and BneI
}

// inverse of a side exit.
var inverse = map[ir.Kind]ir.Kind{
	ir.Beq: ir.Bne, ir.Bne: ir.Beq, ir.Blt: ir.Bge, ir.Bge: ir.Blt,
	ir.Bltu: ir.Bgeu, ir.Bgeu: ir.Bltu, ir.BeqI: ir.BneI, ir.BneI: ir.BeqI,
}

// compare reduces a condition to a comparison, by what is known about the
// operation that set the flags; if nothing is, a helper tests it.
func (t *translation) compare(c condition) comparison {
	cmp, ok := t.fuse(c &^ 1)
	if !ok {
		d := t.temp()
		t.pure(testCondition, ir.Op{Dst: d, Imm: int64(c &^ 1)})
		cmp = comparison{kind: ir.BneI, a: d}
	}
	if c&1 != 0 {
		cmp.kind = inverse[cmp.kind]
	}
	return cmp
}

// fuse reduces an even condition to a comparison, if the operation that set the
// flags is known and the condition is simple for it.
func (t *translation) fuse(c condition) (comparison, bool) {
	if !t.cc.known {
		return comparison{}, false
	}
	switch t.cc.family {
	case ccEager:
		return t.fuseEager(c)
	case ccSub:
		switch {
		case c == condB:
			return comparison{kind: ir.Bltu, a: CCA, b: CCB}, true
		case c == condE && t.cc.zeroB:
			return comparison{kind: ir.BeqI, a: CCA}, true
		case c == condE:
			return comparison{kind: ir.Beq, a: CCA, b: CCB}, true
		case c == condBE:
			return comparison{kind: ir.Bgeu, a: CCB, b: CCA}, true
		case c == condL, c == condS && t.cc.zeroB:
			return comparison{kind: ir.Blt, a: CCA, b: CCB}, true
		case c == condLE:
			return comparison{kind: ir.Bge, a: CCB, b: CCA}, true
		case c == condS:
			v := t.temp()
			t.op2(ir.Sub, v, CCA, CCB)
			return t.negative(v, t.cc.size), true
		}
	case ccAdd:
		if c == condB {
			return comparison{kind: ir.Bltu, a: CCA, b: CCB}, true
		}
		return t.fuseResult(c)
	case ccInc, ccDec:
		return t.fuseResult(c)
	case ccShl, ccShr, ccSar:
		return t.fuseShift(c)
	}
	return comparison{}, false
}

// fuseResult is fuse for operations that keep the result in CCA.
func (t *translation) fuseResult(c condition) (comparison, bool) {
	switch c {
	case condE:
		return comparison{kind: ir.BeqI, a: CCA}, true
	case condS:
		return t.negative(CCA, size64), true
	}
	return comparison{}, false
}

// fuseShift computes the result of a shift by a known count again.
func (t *translation) fuseShift(c condition) (comparison, bool) {
	n, unused := t.cc.count, 64-t.cc.size.bits()
	if n == 0 || c != condE && c != condS {
		return comparison{}, false
	}
	v := t.temp()
	switch t.cc.family {
	case ccShl:
		if n+unused > 63 {
			t.emit(ir.Op{Kind: ir.MovI, Dst: v})
		} else {
			t.opI(ir.ShlI, v, CCA, n+unused)
		}
	case ccShr:
		t.opI(ir.ShlShr, v, CCA, unused|min(unused+n, 63)<<8)
		if unused+n > 63 {
			t.emit(ir.Op{Kind: ir.MovI, Dst: v})
		}
		if c == condS { // n is at least 1
			t.emit(ir.Op{Kind: ir.MovI, Dst: v})
		}
	case ccSar:
		t.opI(ir.SarI, v, CCA, n)
	}
	if c == condE {
		return comparison{kind: ir.BeqI, a: v}, true
	}
	return t.negative(v, size64), true
}

// fuseEager tests a bit of the flags.
func (t *translation) fuseEager(c condition) (comparison, bool) {
	mask, ok := map[condition]int64{
		condO: FlagOF, condB: FlagCF, condE: FlagZF, condBE: FlagCF | FlagZF, condS: FlagSF, condP: FlagPF,
	}[c]
	if !ok {
		return comparison{}, false
	}
	v := t.temp()
	t.opI(ir.AndI, v, CCA, mask)
	return comparison{kind: ir.BneI, a: v}, true
}

// negative compares the sign bit of v's low bits.
func (t *translation) negative(v uint8, size operandSize) comparison {
	s := t.temp()
	n := 64 - size.bits()
	t.opI(ir.ShlShr, s, v, n|63<<8)
	return comparison{kind: ir.BneI, a: s}
}

// leaveIf emits a side exit to pc on a condition.
func (t *translation) leaveIf(c condition, pc uint64) {
	if t.merge(c, pc) {
		return
	}
	cmp := t.compare(c)
	t.emit(ir.Op{Kind: cmp.kind, A: cmp.a, B: cmp.b, C: t.link(pc), Imm: cmp.imm})
}

// compareAndLeave holds the side exits that compare as well, with two slots and
// with a constant.
var compareAndLeave = map[condition][2]ir.Kind{
	condB: {ir.CmpBltu, ir.CmpBltuI}, condAE: {ir.CmpBgeu, ir.CmpBgeuI},
	condE: {ir.CmpBeq, ir.CmpBeqI}, condNE: {ir.CmpBne, ir.CmpBneI},
	condBE: {ir.CmpBleu, ir.CmpBleuI}, condA: {ir.CmpBgtu, ir.CmpBgtuI},
	condL: {ir.CmpBlt, ir.CmpBltI}, condGE: {ir.CmpBge, ir.CmpBgeI},
	condLE: {ir.CmpBle, ir.CmpBleI}, condG: {ir.CmpBgt, ir.CmpBgtI},
}

// merge makes one operation of a comparison, if that is what the block ends with,
// and the side exit that depends on it.
func (t *translation) merge(c condition, pc uint64) bool {
	if len(t.b.Ops) == 0 || !t.cc.known || t.cc.family != ccSub {
		return false
	}
	op := &t.b.Ops[len(t.b.Ops)-1]
	constant := slices.Contains(setCCIs[:], op.Kind)
	if !constant && !slices.Contains(setCCs[:], op.Kind) {
		return false
	}
	if t.cc.zeroB && c&^1 == condS { // the sign
		c += condL - condS
	}
	kinds, ok := compareAndLeave[c]
	if !ok {
		return false
	}
	op.Dst, op.H = cc(ccSub, t.cc.size), uint8(64-t.cc.size.bits())
	op.C, op.N = t.link(pc), uint8(len(t.b.PCs)-1)
	if constant {
		op.Kind = kinds[1]
	} else {
		op.Kind, op.Imm = kinds[0], 0
	}
	return true
}

// flag returns a temporary that is not 0 if a condition holds; it is 1 then
// if exact.
func (t *translation) flag(c condition, exact bool) uint8 {
	cmp := t.compare(c)
	d := t.temp()
	switch cmp.kind {
	case ir.Beq:
		t.op2(ir.Seq, d, cmp.a, cmp.b)
	case ir.Bne:
		t.op2(ir.Sne, d, cmp.a, cmp.b)
	case ir.Blt, ir.Bge:
		t.op2(ir.Slt, d, cmp.a, cmp.b)
	case ir.Bltu, ir.Bgeu:
		t.op2(ir.Sltu, d, cmp.a, cmp.b)
	case ir.BeqI: // with 0
		t.opI(ir.SltuI, d, cmp.a, 1)
	case ir.BneI:
		if !exact {
			return cmp.a
		}
		t.opI(ir.SltuI, d, cmp.a, 1)
		t.opI(ir.XorI, d, d, 1)
	}
	if cmp.kind == ir.Bge || cmp.kind == ir.Bgeu {
		t.opI(ir.XorI, d, d, 1)
	}
	return d
}
