package ir

import "github.com/dap-revexec/dap-revexec/vm"

// Armed marks an operation that an executor reports when it gets to it: it is no
// kind, but a bit beside one. Reporting clears it, so that code pays for being
// watched once, until it is armed again.
const Armed Kind = 1 << 15

// Segment is a stretch of a block that is executed as a whole unless an
// instruction in it traps: it begins where the block does or behind a side exit.
type Segment struct {
	Op   int        // index of its first operation
	Code []vm.Range // where its instructions lie, in order of execution
}

// SideExit reports whether operations of kind k may leave the block before its
// end.
func (k Kind) SideExit() bool {
	return Beq <= k && k <= Bgeu || k == BeqI || k == BneI || CmpBeq <= k && k <= CmpBgtuI
}

// Split sets b.Segments. A Break belongs to none: it comes before the instruction.
// Nor is there a segment of what follows the last instruction's side exit.
func (b *Block) Split() {
	b.Segments = make([]Segment, 0, 1+len(b.Links))
	first, n := 0, 0 // operation and instruction
	if b.Ops[0].Kind == Break {
		first = 1
	}
	for i := first; i < len(b.Ops); i++ {
		end := b.N
		switch {
		case b.Ops[i].Kind.SideExit():
			end = int(b.Ops[i].N) + 1
		case i+1 < len(b.Ops):
			continue
		}
		if n < end {
			b.Segments = append(b.Segments, Segment{first, b.code(n, end)})
		}
		first, n = i+1, max(n, end)
	}
}

// code is where instructions [first, end) lie.
func (b *Block) code(first, end int) []vm.Range {
	out := make([]vm.Range, 0, 1)
	for i := first; i < end; i++ {
		r := vm.Range{Start: b.PCs[i], End: b.PCs[i] + uint64(b.Lens[i])}
		if n := len(out); n > 0 && out[n-1].End == r.Start {
			out[n-1].End = r.End
		} else {
			out = append(out, r)
		}
	}
	return out
}
