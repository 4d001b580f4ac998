package debugger

import (
	"context"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// redZone is how far below the stack pointer a function may have variables, in bytes,
// where calls push their return address (System V ABI for AMD64, 3.2.2).
const redZone = 128

// Lifetime tells since when a range of memory is what it is now. If it lies in the
// stack frame of an activation on t's stack, as a local variable of f does, that is
// since the activation's function was entered, up to here, and local is true; where the
// entry is not found it is the start of history. Otherwise, for static variables and
// the heap, it is the whole history. A goroutine's stack may have been elsewhere before
// it grew; that is not told. The machine stays where it is.
func (d *Debugger) Lifetime(ctx context.Context, t vm.ThreadID, f *Frame, addr, size uint64) (in Span, local bool, err error) {
	t = d.current(t)
	here := d.m.Icount()
	i, ok := d.activationAt(t, f, addr, size)
	if !ok {
		return Span{d.tl.Start(), d.tl.Frontier()}, false, nil
	}
	in = Span{d.tl.Start(), here}
	st, err := d.toEntry(ctx, t, i)
	switch {
	case err != nil:
	case st.Reason == vm.StopBreak:
		in.From = d.m.Icount()
	case st.Reason == vm.StopInterrupted:
		err = checkpoint.ErrCancelled
	case st.Reason == vm.StopError:
		err = st.Err
	}
	if back := d.tl.Seek(context.WithoutCancel(ctx), here); err == nil {
		err = back
	}
	return in, true, err
}

// activationAt finds the activation on t's stack in whose frame a range lies. It begins
// with that of f, or nil for the innermost: a range may belong to a caller, passed by
// reference.
func (d *Debugger) activationAt(t vm.ThreadID, f *Frame, addr, size uint64) (index int, ok bool) {
	phys := d.stack(t).phys
	from := 0
	if f != nil {
		from = f.Physical
	}
	for i := from; i < len(phys); i++ {
		if phys[i].CFA == 0 {
			continue
		}
		low := d.sp(t)
		if i > 0 {
			low = phys[i-1].CFA
		} else if d.pushed() != 0 {
			low -= redZone
		}
		if low <= addr && addr+size <= phys[i].CFA && d.oneMapping(low, phys[i].CFA) {
			return i, true
		}
	}
	return 0, false
}

// oneMapping reports whether two addresses lie in the same mapping, as those of a stack
// do: a frame may have been called from another stack.
func (d *Debugger) oneMapping(low, high uint64) bool {
	for _, m := range d.m.Mappings() {
		if m.Start <= low && low < m.End {
			return high <= m.End
		}
	}
	return false
}
