package debugger

import (
	"cmp"
	"slices"
)

// mostSeen bounds what is remembered of hits.
const mostSeen = 1 << 15

// seen are hits that are known: ascending by position, one of each reason at a position.
type seen struct{ list []Occurrence }

// bySeen orders hits.
func bySeen(a, b Occurrence) int {
	return cmp.Or(cmp.Compare(a.Icount, b.Icount), cmp.Compare(a.Reason, b.Reason))
}

// add adds hits. What is newly known of one replaces what was.
func (s *seen) add(hits ...Occurrence) {
	if len(hits) == 1 {
		i, found := slices.BinarySearchFunc(s.list, hits[0], bySeen)
		if found {
			s.list[i] = hits[0]
		} else {
			s.list = slices.Insert(s.list, i, hits[0])
		}
	} else {
		all := slices.Concat(hits, s.list)
		slices.SortStableFunc(all, bySeen)
		s.list = slices.CompactFunc(all, func(a, b Occurrence) bool { return bySeen(a, b) == 0 })
	}
	if more := len(s.list) - mostSeen; more > 0 {
		s.list = slices.Delete(s.list, 0, more)
	}
}

// at are the hits at a position.
func (s *seen) at(icount uint64) []Occurrence {
	from, _ := slices.BinarySearchFunc(s.list, Occurrence{Icount: icount}, bySeen)
	to := from
	for to < len(s.list) && s.list[to].Icount == icount {
		to++
	}
	return s.list[from:to]
}

// Seen are the stops at breakpoints, data breakpoints, exceptions and signals that
// motions have come to, and what Hits has found: ascending by Icount, each once, also
// of breakpoints that are not set any more. When they are more than 32,768 those
// farthest back in history are forgotten. The slice is the caller's.
func (d *Debugger) Seen() []Occurrence { return slices.Clone(d.seen.list) }

// see remembers the event that a motion has ended with, if it is a hit.
func (d *Debugger) see(ev *Event) {
	o := Occurrence{
		Icount: ev.Icount, Thread: ev.Thread, Reason: ev.Reason,
		Breakpoints: ev.Breakpoints, Watch: ev.Watch, Text: ev.Text,
	}
	pc := d.pc(ev.Thread)
	switch ev.Reason {
	case ReasonBreakpoint, ReasonFunction, ReasonSignal, ReasonException:
	case ReasonData:
		if ev.Watch.ID == 0 {
			return
		}
		if o.Icount = ev.Watch.At; !ev.Back {
			pc = d.m.LastPC(ev.Thread)
		}
	default:
		return
	}
	o.Function, o.File, o.Line = d.placeAt(d.set(), pc)
	d.seen.add(o)
}
