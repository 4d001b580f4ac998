package checkpoint

import (
	"iter"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Interval is the stretch between two neighbouring permanent checkpoints.
type Interval struct {
	From, To uint64
	// Activity is what happened in it; nil if that is not known.
	Activity *vm.Activity
}

// Intervals are those that have a position in [from, to], ascending. The newest
// history, past the last permanent checkpoint, is an interval up to the frontier of which
// nothing is known. Neither checkpoints nor the machine may change while they are
// gone through.
func (t *Timeline) Intervals(from, to uint64) iter.Seq[Interval] {
	return func(yield func(Interval) bool) {
		list := t.store.list
		begin := list[0].icount // of the interval; list[0] is permanent
		var act *vm.Activity
		for _, c := range list[1:] {
			if begin > to {
				return
			}
			if act == nil {
				act = c.act
			} else {
				act = act.Merge(c.act)
			}
			if c.temp {
				continue
			}
			known := act
			if !known.Traced {
				known = nil
			}
			if c.icount >= from && !yield(Interval{begin, c.icount, known}) {
				return
			}
			begin, act = c.icount, nil
		}
		if f := t.Frontier(); f > begin && f >= from && begin <= to {
			yield(Interval{begin, f, nil})
		}
	}
}
