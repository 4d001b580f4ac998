package gdbstub

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Bounds on what a client can insert.
const (
	maxPoints  = 10_000   // breakpoints and watchpoints together
	maxWatched = 16 << 20 // bytes in all watchpoints together
)

// pointType is the number in Z and z packets.
type pointType uint8

const (
	softBreak   pointType = iota // Z0
	hardBreak                    // Z1: here the same as Z0
	writeWatch                   // Z2
	readWatch                    // Z3
	accessWatch                  // Z4
	pointTypes
)

// watchReason is how stop replies name a watchpoint of a type.
var watchReason = [pointTypes]string{writeWatch: "watch", readWatch: "rwatch", accessWatch: "awatch"}

// point is a breakpoint or watchpoint.
type point struct {
	kind pointType
	addr uint64
	size uint64 // watchpoints: bytes; breakpoints: the client's idea of an instruction's size
	when []agentExpr
}

// points are the breakpoints and watchpoints that a client has inserted.
type points struct {
	breaks  map[uint64][]*point // by address: there may be a Z0 and a Z1
	watches []*point            // in order of insertion
	set     *vm.Breaks          // the addresses of breaks
	ranges  []vm.Watch          // of watches, at the same index
}

func newPoints() points {
	return points{breaks: map[uint64][]*point{}}
}

// insert adds a point, or replaces one of the same type at the same place.
func (p *points) insert(n *point) error {
	p.remove(n)
	if len(p.breaks)+len(p.watches) >= maxPoints {
		return fmt.Errorf("more than %d breakpoints and watchpoints", maxPoints)
	}
	if n.kind > hardBreak {
		watched := n.size
		for _, w := range p.watches {
			watched += min(w.size, maxWatched)
		}
		if n.size > maxWatched || watched > maxWatched {
			return fmt.Errorf("more than %d bytes in watchpoints", maxWatched)
		}
	}
	if n.kind <= hardBreak {
		p.breaks[n.addr] = append(p.breaks[n.addr], n)
	} else {
		p.watches = append(p.watches, n)
	}
	p.changed()
	return nil
}

// remove deletes a point, if there is one of this type at this place.
func (p *points) remove(n *point) {
	same := func(q *point) bool {
		return q.kind == n.kind && q.addr == n.addr && (n.kind <= hardBreak || q.size == n.size)
	}
	if n.kind > hardBreak {
		p.watches = slices.DeleteFunc(p.watches, same)
		p.changed()
		return
	}
	here := p.breaks[n.addr]
	if i := slices.IndexFunc(here, same); i >= 0 {
		if here = slices.Delete(here, i, i+1); len(here) > 0 {
			p.breaks[n.addr] = here
		} else {
			delete(p.breaks, n.addr)
		}
		p.changed()
	}
}

// changed brings the derived sets up to date. Building them at the next motion
// would be enough, but they are small.
func (p *points) changed() {
	addrs := make([]uint64, 0, len(p.breaks))
	for a := range p.breaks {
		addrs = append(addrs, a)
	}
	p.set = vm.NewBreaks(addrs...)
	p.ranges = p.ranges[:0:0]
	for _, w := range p.watches {
		p.ranges = append(p.ranges, vm.Watch{
			Addr: w.addr, Size: w.size,
			Read: w.kind != writeWatch, Write: w.kind != readWatch,
		})
	}
}

// breakReason is how a stop at a breakpoint is reported: as hardware breakpoint
// if there is nothing but such ones.
func (p *points) breakReason(addr uint64) pointType {
	for _, b := range p.breaks[addr] {
		if b.kind == softBreak {
			return softBreak
		}
	}
	if len(p.breaks[addr]) > 0 {
		return hardBreak
	}
	return softBreak
}

// parsePoint parses TYPE,ADDR,KIND and what may follow.
func parsePoint(args string) (p *point, rest string, good bool) {
	args, rest, _ = strings.Cut(args, ";")
	typ, where, found := strings.Cut(args, ",")
	if !found || len(typ) != 1 || typ[0] < '0' || typ[0] >= '0'+byte(pointTypes) {
		return nil, "", false
	}
	p = &point{kind: pointType(typ[0] - '0')}
	p.addr, p.size, good = pair(where, ",")
	if p.kind > hardBreak {
		good = good && p.size > 0 && p.addr+p.size-1 >= p.addr
	}
	return p, rest, good
}

// insertPoint is Z. Conditions follow the place: ;XLENGTH,BYTECODE….
func (s *session) insertPoint(_ context.Context, args string) response {
	if args != "" && (args[0] < '0' || args[0] >= '0'+byte(pointTypes)) {
		return unsupported // a type to come
	}
	p, rest, good := parsePoint(args)
	if !good {
		return s.malformed()
	}
	var err error
	if p.when, err = parseConditions(rest); err != nil {
		// gdb won't check a condition that it has handed over, so without it the
		// breakpoint would lie.
		s.log.Debug().Err(err).Msg("breakpoint condition refused")
		return s.fail(errnoInvalid, err.Error())
	}
	if err := s.points.insert(p); err != nil {
		return s.fail(errnoInvalid, err.Error())
	}
	return ok
}

func (s *session) removePoint(_ context.Context, args string) response {
	if args != "" && (args[0] < '0' || args[0] >= '0'+byte(pointTypes)) {
		return unsupported
	}
	p, _, good := parsePoint(args)
	if !good {
		return s.malformed()
	}
	s.points.remove(p)
	return ok
}

// parseConditions parses a list of agent expressions.
func parseConditions(s string) ([]agentExpr, error) {
	var list []agentExpr
	for s = strings.TrimLeft(s, ";"); s != ""; s = strings.TrimLeft(s, ";") {
		length, rest, found := strings.Cut(s, ",")
		x, isExpr := strings.CutPrefix(length, "X")
		n, good := number(x)
		if !found || !isExpr || !good || n > agentBytes || uint64(len(rest)) < 2*n {
			return nil, fmt.Errorf("breakpoint conditions: want XLENGTH,BYTECODE, got %q", shorten(s))
		}
		code, err := hex.DecodeString(rest[:2*n])
		if err != nil {
			return nil, fmt.Errorf("breakpoint conditions: %w", err)
		}
		e, err := parseAgentExpr(code)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		s = rest[2*n:]
	}
	return list, nil
}

// breakHolds reports whether a breakpoint of the list wants to stop, evaluated in
// m's current state: one without a condition does, or with one that is true. A
// condition that can't be evaluated stops too, as in gdb.
func (s *session) breakHolds(list []*point, m vm.Machine, t vm.ThreadID) bool {
	s.looking.m, s.looking.t = m, t
	for _, b := range list {
		if len(b.when) == 0 {
			return true
		}
		for _, e := range b.when {
			v, err := s.conditions.eval(e)
			if err != nil {
				s.log.Debug().Err(err).Uint64("addr", b.addr).Msg("breakpoint condition")
				return true
			}
			if v != 0 {
				return true
			}
		}
	}
	return false
}

// guestContext lets agent expressions look at a thread of a machine: in a search back
// that may be a replica.
type guestContext struct {
	s *session
	m vm.Machine
	t vm.ThreadID
}

func (c *guestContext) register(n int) (uint64, bool) {
	i, known := c.s.regs.byGDB[n]
	if !known {
		return 0, false
	}
	return c.m.Reg(c.t, i), true
}

func (c *guestContext) memory(addr uint64, p []byte) bool {
	return c.m.ReadMemory(addr, p) == len(p)
}
