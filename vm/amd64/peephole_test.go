package amd64

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// given is a translator that has one block to give.
type given struct{ b *ir.Block }

func (g given) Translate(*mem.Space, uint64, int, func(uint64) bool) *ir.Block { return g.b }

// execute runs operations and returns the registers after them.
func execute(ops []ir.Op, r [ir.Temp]uint64) [ir.Temp]uint64 {
	const pc = 0x1000
	c := &ir.CPU{Mem: mem.NewSpace(), PC: pc}
	copy(c.R[:], r[:])
	b := &ir.Block{PC: pc, N: 8, Ops: append(slices.Clone(ops), ir.Op{Kind: ir.Stop, N: 7, Imm: int64(ir.ExitSyscall)})}
	for i := range uint64(8) {
		b.PCs, b.Lens = append(b.PCs, pc+i), append(b.Lens, 1)
	}
	engine.New(c, given{b}).Run(8, false)
	return [ir.Temp]uint64(c.R[:ir.Temp])
}

func TestFusedOperationsComputeTheSame(t *testing.T) {
	var kinds []ir.Kind
	for k := range ir.NumKinds {
		if forwarding[k] != 0 || k >= ir.Add && k <= ir.SarI && k != ir.Div && k != ir.Rem {
			kinds = append(kinds, k)
		}
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	slot := func() uint8 { return []uint8{RAX, RCX, RDX, ir.Temp, ir.Temp + 1}[rnd.IntN(5)] }
	fused := 0
	for range 4_000 {
		var ops []ir.Op
		for n := range uint8(6) {
			op := ir.Op{Kind: kinds[rnd.IntN(len(kinds))], Dst: slot(), A: slot(), B: slot(), N: n / 3, Imm: int64(rnd.IntN(64))}
			switch rnd.IntN(3) {
			case 0:
				op.Kind = []ir.Kind{ir.Mov, ir.MovU32, ir.MovI}[rnd.IntN(3)]
			case 1:
				if n > 0 { // what fusing looks for
					op.A = ops[n-1].Dst
					op.Dst = []uint8{op.A, op.Dst}[rnd.IntN(2)]
				}
			}
			if op.Kind == ir.ShlShr || op.Kind == ir.ShlSar {
				op.Imm |= int64(rnd.IntN(64)) << 8
			}
			ops = append(ops, op)
		}
		var r [ir.Temp]uint64
		for i := range 3 {
			r[i] = rnd.Uint64()
		}
		// Temporaries belong to an instruction: the next one starts without them.
		for i := range ops {
			if i == 0 || ops[i].N != ops[i-1].N {
				defined := map[uint8]bool{}
				for j := i; j < len(ops) && ops[j].N == ops[i].N; j++ {
					for _, s := range []*uint8{&ops[j].A, &ops[j].B} {
						if *s >= ir.Temp && !defined[*s] {
							*s = RAX
						}
					}
					defined[ops[j].Dst] = true
				}
			}
		}
		want := execute(ops, r)
		out := fuse(slices.Clone(ops))
		if fused += len(ops) - len(out); execute(out, r) != want {
			t.Fatalf("%+v\nfused to\n%+v\ngives another result", ops, out)
		}
	}
	if fused < 400 {
		t.Errorf("only %d operations were saved", fused)
	}
}
