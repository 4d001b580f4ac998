package amd64

import "github.com/dap-revexec/dap-revexec/vm/ir"

// x86's two-operand instructions make compilers copy a register before they
// change it, so a copy and an operation on the copy are neighbours nearly
// everywhere. The operation can read the original: the copy itself is gone then,
// and nobody can have seen it, since neither of the two can stop.

// forwards says for an operation d = f(a, b) which copies its operands may skip.
type forwards uint8

const (
	fromMov    forwards = 1 << iota // the whole register
	fromMovU32                      // its low half
)

var forwarding = func() (f [ir.NumKinds]forwards) {
	for _, span := range [][2]ir.Kind{
		{ir.Add, ir.MulHSU}, {ir.AddI, ir.SltuI}, {ir.ShlAdd, ir.ShlSar}, {ir.AddCC, ir.XorCC}, {ir.AddCCI, ir.XorCCI},
		{ir.RolI, ir.RolI}, {ir.Seq, ir.Sne},
	} {
		for k := span[0]; k <= span[1]; k++ {
			f[k] = fromMov
		}
	}
	for _, span := range [][2]ir.Kind{{ir.AddCC32, ir.XorCC32}, {ir.AddCCI32, ir.XorCCI32}, {ir.RolI32, ir.RolI32}, {ir.MovU32, ir.MovU32}} {
		for k := span[0]; k <= span[1]; k++ {
			f[k] = fromMov | fromMovU32
		}
	}
	return f
}()

// immediates are operations with their form for a constant second operand.
var immediates = map[ir.Kind]ir.Kind{
	ir.Add: ir.AddI, ir.And: ir.AndI, ir.Or: ir.OrI, ir.Xor: ir.XorI,
	ir.Shl: ir.ShlI, ir.Shr: ir.ShrI, ir.Sar: ir.SarI, ir.Slt: ir.SltI, ir.Sltu: ir.SltuI,
}

// fuse makes one operation of neighbours that allow it.
func fuse(ops []ir.Op) []ir.Op {
	out := ops[:0]
	for i := range ops {
		op := ops[i]
		if n := len(out); n > 0 {
			if last := &out[n-1]; skipsCopy(last, &op) || takesConstant(last, &op, ops[i+1:]) {
				*last = op
				continue
			}
		}
		out = append(out, op)
	}
	return out
}

// skipsCopy lets op read what last has copied, if it overwrites the copy.
func skipsCopy(last, op *ir.Op) bool {
	if last.Dst != op.Dst || op.A != last.Dst && op.B != last.Dst {
		return false
	}
	need := fromMov
	switch last.Kind {
	case ir.Mov:
	case ir.MovU32:
		need = fromMovU32
		if (op.Kind == ir.ShlShr || op.Kind == ir.ShlSar) && op.Imm&63 >= 32 { // what it drops first
			need = fromMov
		}
	default:
		return false
	}
	if forwarding[op.Kind]&need == 0 {
		return false
	}
	if op.A == last.Dst {
		op.A = last.A
	}
	if op.B == last.Dst {
		op.B = last.A
	}
	return true
}

// takesConstant puts a constant that only op uses into it.
func takesConstant(last, op *ir.Op, rest []ir.Op) bool {
	kind, ok := immediates[op.Kind]
	if !ok || last.Kind != ir.MovI || last.Dst < ir.Temp || op.B != last.Dst || op.A == last.Dst {
		return false
	}
	for i := range rest {
		r := &rest[i]
		if r.N != op.N {
			break
		}
		if r.A == last.Dst || r.B == last.Dst || r.C == last.Dst || r.Kind == ir.HelperOp || r.Kind == ir.HelperSync || r.Kind == ir.Repeat ||
			r.Kind == ir.St128 {
			return false
		}
	}
	op.Kind, op.Imm, op.B = kind, last.Imm, 0
	return true
}
