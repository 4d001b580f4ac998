package debugger

import (
	"context"
	"fmt"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm"
)

// watchEvent makes the event of a watched access: it reads the values before and
// after it, and leaves the machine after the access going forward and before it
// going back, so that the line shown is the one that is about to be undone or
// done. ok is false when the watchpoint's condition does not hold.
func (r *search) watchEvent(ctx context.Context, st vm.Stop) (ev Event, ok bool, err error) {
	d := r.d
	p := r.watched[st.Watch]
	h := &WatchHit{ID: p.id, Expr: p.data.Expr, Addr: st.Addr, Size: st.Size, Write: st.Write, At: st.At}
	// First the side that the machine will not stay on.
	sides := [2]uint64{st.At, st.At + 1}
	datas := [2]*[]byte{&h.OldData, &h.NewData}
	stay := 1
	if r.back {
		stay = 0
	}
	cond := true
	for _, i := range []int{1 - stay, stay} {
		if err := d.seekOrStep(ctx, sides[i]); err != nil {
			return d.event(ReasonPause, r.back), false, err
		}
		*datas[i] = d.content(p)
		if i == 1 {
			cond = d.accepts(p)
		}
	}
	if !cond {
		return ev, false, nil
	}
	ev = d.event(ReasonData, r.back)
	ev.Thread = d.current(st.Thread)
	ev.Watch, ev.Logs = h, r.logs
	if p.id != 0 {
		ev.Breakpoints = []int{p.id}
	}
	ev.Text = d.tellAccess(p, h)
	return ev, true, nil
}

// accepts reports whether a watchpoint's condition holds right behind an access. One
// that can't be evaluated does, so that the user learns of it.
func (d *Debugger) accepts(p *point) bool {
	if p.cond == "" {
		return true
	}
	ok, err := d.holds(p, d.m.CurrentThread())
	return ok || err != nil
}

// tellAccess completes h, of an access to what p watches, with the values as text, and
// tells of it.
func (d *Debugger) tellAccess(p *point, h *WatchHit) string {
	name := d.named(&p.data)
	h.Old = p.format(h.OldData)
	if !h.Write {
		h.New, h.NewData = "", nil
		return fmt.Sprintf("%s: read, %s", name, h.Old)
	}
	h.New = p.format(h.NewData)
	return fmt.Sprintf("%s: %s → %s", name, h.Old, h.New)
}

// seekOrStep goes to icount, which may be just past the frontier.
func (d *Debugger) seekOrStep(ctx context.Context, icount uint64) error {
	if icount <= d.tl.Frontier() {
		return d.seek(ctx, icount)
	}
	if err := d.seek(ctx, d.tl.Frontier()); err != nil {
		return err
	}
	st := d.advance(ctx, icount, func(*moduleSet) *vm.Stops { return &vm.Stops{} }, false, true)
	d.Moved()
	if st.Reason == vm.StopError {
		return st.Err
	}
	return nil
}

// content is what is in a watched range, nil if that can't be read.
func (d *Debugger) content(p *point) []byte {
	buf := make([]byte, p.data.Size)
	if d.m.ReadMemory(p.data.Addr, buf) < len(buf) {
		return nil
	}
	return buf
}

// format formats the content of the range that a point watches.
func (p *point) format(buf []byte) string {
	if buf == nil {
		return "unreadable"
	}
	return p.data.Text(buf)
}

// Text formats data, the content of the range at some time, for a person.
func (w *DataBreakpoint) Text(data []byte) string {
	if w.Format != nil {
		return w.Format(data)
	}
	if len(data) <= 8 {
		var v uint64
		for i, b := range data {
			v |= uint64(b) << (8 * i)
		}
		return fmt.Sprintf("%#x", v)
	}
	var s strings.Builder
	for i, b := range data {
		if i == 32 {
			s.WriteString("…")
			break
		}
		fmt.Fprintf(&s, "%02x ", b)
	}
	return strings.TrimSpace(s.String())
}
