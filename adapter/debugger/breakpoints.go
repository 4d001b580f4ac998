package debugger

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/debugger/values"
	"github.com/dap-revexec/dap-revexec/vm"
)

// point is a breakpoint or watchpoint.
type point struct {
	Breakpoint
	reason Reason // what a stop at it is reported as
	cond   string
	expr   *values.Expr // cond, once it has been parsed in the point's context
	hits   *hitCounter  // nil without a hit condition
	log    string       // for a logpoint: its message
	logged uint64       // positions below have been logged
	data   DataBreakpoint
}

// breakpoints are all the points set, by kind and file.
type breakpoints struct {
	source map[string][]*point // by file, as the client names it
	funcs  []*point
	insts  []*point
	data   []*point
	at     map[uint64][]*point // code breakpoints by address
	code   *vm.Breaks
	nextID int
}

// code lists the code breakpoints, in a fixed order.
func (b *breakpoints) list() []*point {
	var all []*point
	for _, file := range slices.Sorted(maps.Keys(b.source)) {
		all = append(all, b.source[file]...)
	}
	return append(append(all, b.funcs...), b.insts...)
}

// changed rebuilds what motions use.
func (b *breakpoints) changed() {
	b.at = map[uint64][]*point{}
	var addrs []uint64
	for _, p := range b.list() {
		for _, a := range p.Addrs {
			b.at[a] = append(b.at[a], p)
			addrs = append(addrs, a)
		}
	}
	b.code = vm.NewBreaks(addrs...)
}

// request is what the kinds of breakpoints have in common.
type request struct {
	cond, hit string
	place     func(p *point) error // fills in where it lies
}

// set replaces old by the points asked for. A request that can't be met makes a
// point that is not verified and says why.
func (d *Debugger) set(old []*point, r Reason, reqs []request) ([]*point, []Breakpoint) {
	points := make([]*point, len(reqs))
	out := make([]Breakpoint, len(reqs))
	for i, req := range reqs {
		p := &point{reason: r, cond: strings.TrimSpace(req.cond)}
		if err := d.fill(p, req); err != nil {
			p.Verified, p.Message, p.Addrs = false, err.Error(), nil
		}
		if q := reuse(old, p); q != nil {
			p = q
		} else {
			d.bps.nextID++
			p.ID = d.bps.nextID
		}
		points[i], out[i] = p, p.Breakpoint
	}
	return points, out
}

func (d *Debugger) fill(p *point, req request) (err error) {
	if p.cond != "" {
		if _, err := values.Parse(&d.globals, p.cond); err != nil {
			return fmt.Errorf("condition %q: %w", p.cond, err)
		}
	}
	if req.hit != "" {
		if p.hits, err = parseHit(req.hit); err != nil {
			return err
		}
	}
	if err := req.place(p); err != nil {
		return err
	}
	p.Verified = true
	return nil
}

// reuse finds the old point that was asked for in the same way, to keep its ID
// and the hits it has counted.
func reuse(old []*point, p *point) *point {
	for _, q := range old {
		if q.Verified == p.Verified && q.Message == p.Message && q.File == p.File && q.Line == p.Line &&
			q.cond == p.cond && q.log == p.log && sameHits(q.hits, p.hits) && slices.Equal(q.Addrs, p.Addrs) &&
			q.data.Addr == p.data.Addr && q.data.Size == p.data.Size && q.data.Read == p.data.Read && q.data.Write == p.data.Write {
			q.data = p.data
			return q
		}
	}
	return nil
}

// SetSourceBreakpoints replaces the breakpoints of a file, which may be named by
// any path that ends like the one in the debug information.
func (d *Debugger) SetSourceBreakpoints(file string, bps []SourceBreakpoint) []Breakpoint {
	reqs := make([]request, len(bps))
	for i, bp := range bps {
		reqs[i] = request{bp.Condition, bp.HitCondition, func(p *point) error {
			p.Line, p.log = bp.Line, bp.LogMessage
			place, err := d.prog.Resolve(file, bp.Line)
			if err != nil {
				return err
			}
			p.File, p.Line, p.Addrs = place.File, place.Line, place.Addrs
			return nil
		}}
	}
	if d.bps.source == nil {
		d.bps.source = map[string][]*point{}
	}
	points, out := d.set(d.bps.source[file], ReasonBreakpoint, reqs)
	d.bps.source[file] = points
	if len(points) == 0 {
		delete(d.bps.source, file)
	}
	d.bps.changed()
	return out
}

// SetFunctionBreakpoints replaces the breakpoints on functions.
func (d *Debugger) SetFunctionBreakpoints(bps []FunctionBreakpoint) []Breakpoint {
	reqs := make([]request, len(bps))
	for i, bp := range bps {
		reqs[i] = request{bp.Condition, bp.HitCondition, func(p *point) error {
			p.Addrs = d.prog.FuncPlaces(bp.Name)
			if len(p.Addrs) == 0 {
				return fmt.Errorf("breakpoint at %s: no function of that name", bp.Name)
			}
			d.locate(p)
			return nil
		}}
	}
	var out []Breakpoint
	d.bps.funcs, out = d.set(d.bps.funcs, ReasonFunction, reqs)
	d.bps.changed()
	return out
}

// SetInstructionBreakpoints replaces the breakpoints on addresses.
func (d *Debugger) SetInstructionBreakpoints(bps []InstructionBreakpoint) []Breakpoint {
	reqs := make([]request, len(bps))
	for i, bp := range bps {
		reqs[i] = request{bp.Condition, bp.HitCondition, func(p *point) error {
			if d.m.ReadMemory(bp.Addr, make([]byte, d.arch.MinInst)) < d.arch.MinInst {
				return fmt.Errorf("breakpoint at %#x: no memory there", bp.Addr)
			}
			if bp.Addr%uint64(d.arch.MinInst) != 0 {
				return fmt.Errorf("breakpoint at %#x: instructions start at multiples of %d", bp.Addr, d.arch.MinInst)
			}
			p.Addrs = []uint64{bp.Addr}
			d.locate(p)
			return nil
		}}
	}
	var out []Breakpoint
	d.bps.insts, out = d.set(d.bps.insts, ReasonBreakpoint, reqs)
	d.bps.changed()
	return out
}

// locate fills in the source line of a point's first address.
func (d *Debugger) locate(p *point) {
	if l, ok := d.prog.LineAt(p.Addrs[0]); ok {
		p.File, p.Line = l.File, l.Line
	}
}

// maxWatch is the largest range that may be watched, in bytes.
const maxWatch = 1 << 20

// SetDataBreakpoints replaces the watchpoints.
func (d *Debugger) SetDataBreakpoints(bps []DataBreakpoint) []Breakpoint {
	reqs := make([]request, len(bps))
	for i, bp := range bps {
		reqs[i] = request{bp.Condition, bp.HitCondition, func(p *point) error {
			p.data = bp
			switch {
			case bp.Size == 0 || bp.Size > maxWatch || bp.Addr+bp.Size < bp.Addr:
				return fmt.Errorf("watchpoint at %#x: it must cover 1 to %d bytes, not %d", bp.Addr, maxWatch, bp.Size)
			case !bp.Read && !bp.Write:
				return fmt.Errorf("watchpoint at %#x: neither reads nor writes are asked for", bp.Addr)
			case p.hits != nil:
				return fmt.Errorf("watchpoint at %#x: hit conditions are not available for watchpoints", bp.Addr)
			}
			return nil
		}}
	}
	var out []Breakpoint
	d.bps.data, out = d.set(d.bps.data, ReasonData, reqs)
	return out
}
