package debugger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
)

// everyGuest calls f with a session of each guest of testdata that comes to an end,
// which it has come to.
func everyGuest(t *testing.T, f func(t *testing.T, d *Debugger, g testdata.Guest, r *rand.Rand)) {
	for _, arch := range testdata.Arches() {
		for i, g := range testdata.GuestsFor(arch) {
			if g.Endless || testing.Short() && (g.Go() || i%4 != 0) {
				continue
			}
			t.Run(arch+"/"+g.Name, func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(i), 5))
				spacing := 500 + r.Uint64N(200_000)
				d := debugWith(t, g.Name+"@"+arch, checkpoint.Config{MinSpacing: spacing, MaxSpacing: 100 * spacing, Workers: 1 + r.IntN(3)})
				d.StopOnSignals(false)
				if ev := d.do(t, Continue, false); ev.Reason != ReasonEnd {
					t.Fatalf("%+v", ev)
				}
				d.StopOnSignals(true)
				f(t, d, g, r)
			})
		}
	}
}

// lines are those of the program's own source that statements start on.
func (d *Debugger) lines(g testdata.Guest) (out []int) {
	p := d.Program()
	for _, f := range p.Funcs() {
		if filepath.Base(f.DeclFile) != filepath.Base(g.Source) {
			continue
		}
		for _, a := range p.Statements(f) {
			if l, ok := p.LineAt(a); ok && filepath.Base(l.File) == filepath.Base(g.Source) {
				out = append(out, l.Line)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// anywhere goes to a random position.
func (d *Debugger) anyPlace(t *testing.T, r *rand.Rand) uint64 {
	t.Helper()
	at := d.tl.Start() + r.Uint64N(d.tl.Frontier()-d.tl.Start()+1)
	d.to(t, at)
	return at
}

// setAnything sets random breakpoints, data breakpoints and exceptions.
func (d *Debugger) setAnything(t *testing.T, g testdata.Guest, r *rand.Rand) {
	t.Helper()
	lines := d.lines(g)
	var bps []SourceBreakpoint
	for range 1 + r.IntN(5) {
		if len(lines) == 0 {
			break
		}
		bp := SourceBreakpoint{Line: lines[r.IntN(len(lines))]}
		switch r.IntN(6) {
		case 0:
			bp.HitCondition = []string{"% 3", ">= 2", "2", "< 4"}[r.IntN(4)]
		case 1:
			bp.Condition = []string{"$sp % 32 == 0", "1 == 0", "no_such_variable == 1"}[r.IntN(3)]
		case 2:
			bp.Condition, bp.HitCondition = "$sp % 32 == 0", "% 2"
		case 3:
			bp.LogMessage = "passed"
		}
		bps = append(bps, bp)
	}
	d.SetSourceBreakpoints(filepath.Base(g.Source), bps)
	var data []DataBreakpoint
	for range r.IntN(4) {
		d.anyPlace(t, r)
		sp := d.sp(d.m.CurrentThread())
		x := DataBreakpoint{Addr: sp - sp%8 + 8*r.Uint64N(12), Size: 1 + r.Uint64N(12), Write: true, Read: r.IntN(3) == 0}
		if r.IntN(8) == 0 {
			x.Size = mostNoted + 40
		}
		if r.IntN(3) == 0 {
			x.Condition = "$sp % 32 == 0"
		}
		data = append(data, x)
	}
	d.SetDataBreakpoints(data)
	if r.IntN(2) == 0 {
		d.StopOnExceptions("throw", "panic")
	}
}

// arrives is where one who continues stops for an occurrence.
func (o *Occurrence) arrives() uint64 {
	if o.Reason == ReasonData {
		return o.Icount + 1
	}
	return o.Icount
}

// TestHitsAreTheStopsOfContinuingFromTheStart, with whatever may be set, in every guest.
func TestHitsAreTheStopsOfContinuingFromTheStart(t *testing.T) {
	reasons := map[Reason]int{}
	everyGuest(t, func(t *testing.T, d *Debugger, g testdata.Guest, r *rand.Rand) {
		d.setAnything(t, g, r)
		d.hitsAreStops(t, r, reasons)
	})
	t.Logf("stops by reason: %v", reasons)
	for _, r := range []Reason{ReasonBreakpoint, ReasonData, ReasonSignal} {
		if reasons[r] == 0 {
			t.Errorf("no stop of reason %d", r)
		}
	}
}

func TestHitsOfExceptionsAreTheStopsOfContinuingFromTheStart(t *testing.T) {
	for _, tc := range testdata.Toolchains() {
		t.Run(tc.Arch, func(t *testing.T) {
			d := jumps(t, tc, "-O0")
			d.StopOnSignals(false)
			d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "main"}})
			for d.do(t, Continue, false).Reason != ReasonEnd {
			}
			d.StopOnExceptions("throw")
			reasons := map[Reason]int{}
			d.hitsAreStops(t, rand.New(rand.NewPCG(1, 1)), reasons)
			if reasons[ReasonException] < 3 || reasons[ReasonFunction] != 1 {
				t.Errorf("stops by reason: %v", reasons)
			}
		})
	}
}

// hitsAreStops compares what Hits finds with the stops of going through the history,
// which it counts by their reasons.
func (d *Debugger) hitsAreStops(t *testing.T, r *rand.Rand, reasons map[Reason]int) {
	t.Helper()
	const most = 150
	ctx := context.Background()
	d.to(t, d.tl.Start())
	var stops []Event
	in := Span{d.tl.Start(), d.tl.Frontier()}
	for {
		ev := d.do(t, Continue, false)
		if ev.Reason == ReasonEnd {
			break
		}
		stops = append(stops, ev)
		reasons[ev.Reason]++
		if len(stops) == most {
			in.To = ev.Icount
			break
		}
	}
	seen := d.Seen()
	origin := d.anyPlace(t, r)
	before := d.m.Hash()
	found, err := d.Hits(ctx, in, 1_000_000)
	if err != nil || !found.Complete || found.From != in.From {
		t.Fatalf("%+v, %v", found, err)
	}
	if d.m.Icount() != origin || d.m.Hash() != before {
		t.Fatalf("the machine is at %d, not at %d as before", d.m.Icount(), origin)
	}
	hits := slices.DeleteFunc(slices.Clone(found.Occurrences), func(o Occurrence) bool { return o.arrives() == in.From })
	var want, got []uint64
	for _, ev := range stops {
		want = append(want, ev.Icount)
		i := slices.IndexFunc(hits, func(o Occurrence) bool { return o.arrives() == ev.Icount && o.Reason == ev.Reason })
		if i < 0 {
			t.Fatalf("the stop %+v is not among the hits", ev)
		}
		if o := hits[i]; !slices.Equal(o.Breakpoints, ev.Breakpoints) || o.Text != ev.Text || o.Watch != nil && !o.Watch.equal(ev.Watch) {
			t.Fatalf("%+v %+v, want %+v %+v", o, o.Watch, ev, ev.Watch)
		}
		i = slices.IndexFunc(seen, func(o Occurrence) bool { return o.arrives() == ev.Icount && o.Reason == ev.Reason })
		if i < 0 {
			t.Fatalf("the stop %+v has not been seen", ev)
		}
	}
	for _, o := range hits {
		got = append(got, o.arrives())
	}
	slices.Sort(want)
	slices.Sort(got)
	if want, got = slices.Compact(want), slices.Compact(got); !slices.Equal(got, want) {
		t.Fatalf("hits at %d, stops at %d", got, want)
	}
	// The newest of them, in a part of it.
	part := Span{in.From + r.Uint64N(in.To-in.From+1), in.To}
	part.To = part.From + r.Uint64N(in.To-part.From+1)
	var inside []Occurrence
	for _, o := range found.Occurrences {
		if o.Icount >= part.From && o.arrives() <= part.To {
			inside = append(inside, o)
		}
	}
	limit := 1 + r.IntN(len(inside)+2)
	some, err := d.Hits(ctx, part, limit)
	if err != nil || d.m.Icount() != origin {
		t.Fatal(err)
	}
	from := slices.IndexFunc(inside, func(o Occurrence) bool { return o.Icount >= some.From })
	if from < 0 {
		from = len(inside)
	}
	if !slices.EqualFunc(some.Occurrences, inside[from:], sameOccurrence) {
		t.Fatalf("of [%d, %d], %d:\n%+v, want\n%+v", part.From, part.To, limit, some.Occurrences, inside[from:])
	}
	if some.Complete != (from == 0 && some.From == part.From) && from > 0 || from > 0 && len(some.Occurrences) < limit {
		t.Fatalf("of [%d, %d], %d: %d from %d on, of %d, complete: %v", part.From, part.To, limit, len(some.Occurrences), some.From, len(inside), some.Complete)
	}
}

func (h *WatchHit) equal(o *WatchHit) bool {
	return h.ID == o.ID && h.Addr == o.Addr && h.Size == o.Size && h.Write == o.Write && h.Old == o.Old && h.New == o.New &&
		h.At == o.At && bytes.Equal(h.OldData, o.OldData) && bytes.Equal(h.NewData, o.NewData)
}

func sameOccurrence(a, b Occurrence) bool {
	return a.Icount == b.Icount && a.Thread == b.Thread && a.Function == b.Function && a.File == b.File && a.Line == b.Line &&
		a.Reason == b.Reason && slices.Equal(a.Breakpoints, b.Breakpoints) && a.Text == b.Text &&
		(a.Watch == nil) == (b.Watch == nil) && (a.Watch == nil || a.Watch.equal(b.Watch))
}

// TestWritesAreWhatGoingToTheLastWriteAgainAndAgainFinds, with the values before and
// after each.
func TestWritesAreWhatGoingToTheLastWriteAgainAndAgainFinds(t *testing.T) {
	total, kernel := 0, 0
	everyGuest(t, func(t *testing.T, d *Debugger, g testdata.Guest, r *rand.Rand) {
		ctx := context.Background()
		for range 3 {
			d.anyPlace(t, r)
			sp := d.sp(d.m.CurrentThread())
			w := DataBreakpoint{Addr: sp - sp%8 + 8*r.Uint64N(30) - 80, Size: 1 + r.Uint64N(16)}
			if r.IntN(4) == 0 {
				w.Size = mostNoted + r.Uint64N(500)
			}
			to := d.anyPlace(t, r)
			limit := 1 + r.IntN(40)
			origin := d.anyPlace(t, r)
			found, err := d.Writes(ctx, w, Span{0, to}, limit)
			if err != nil || d.m.Icount() != origin {
				t.Fatalf("%v, at %d, was at %d", err, d.m.Icount(), origin)
			}
			if !found.Complete && len(found.Occurrences) != limit {
				t.Fatalf("%d of %d writes", len(found.Occurrences), limit)
			}
			d.to(t, to)
			for i := len(found.Occurrences) - 1; i >= 0; i-- {
				o := found.Occurrences[i]
				ev, err := d.LastWrite(ctx, w)
				if err != nil {
					t.Fatal(err)
				}
				p := d.place()
				if o.Icount != ev.Icount || o.Thread != ev.Thread || o.Text != ev.Text || !o.Watch.equal(ev.Watch) || fmt.Sprintf("%s:%d", o.Function, o.Line) != p {
					t.Fatalf("write %d of %d: %+v %+v, want %+v %+v at %s", i, len(found.Occurrences), o, o.Watch, ev, ev.Watch, p)
				}
				total++
				if in, ok := d.instruction(d.pc(ev.Thread)); ok && (in.Text == "ecall" || in.Text == "syscall") {
					kernel++
				}
			}
			if _, err := d.LastWrite(ctx, w); found.Complete != errors.Is(err, ErrNotWritten) && found.Complete {
				t.Fatalf("%v, after all %d writes", err, len(found.Occurrences))
			}
		}
	})
	t.Logf("%d writes, %d by the kernel", total, kernel)
	if total < 100 || kernel == 0 && !testing.Short() {
		t.Error("too little is written")
	}
}

// TestExecutionsAreTheStopsOfABreakpoint and where LastExecution and NextExecution lead.
func TestExecutionsAreTheStopsOfABreakpoint(t *testing.T) {
	const most = 60
	total := 0
	everyGuest(t, func(t *testing.T, d *Debugger, g testdata.Guest, r *rand.Rand) {
		ctx := context.Background()
		file, lines := filepath.Base(g.Source), d.lines(g)
		for range 3 {
			if len(lines) == 0 {
				return
			}
			p := Place{File: file, Line: lines[r.IntN(len(lines))]}
			d.to(t, d.tl.Start())
			d.SetSourceBreakpoints(file, []SourceBreakpoint{{Line: p.Line}})
			var want []uint64
			in := Span{d.tl.Start(), d.tl.Frontier()}
			for in.To == d.tl.Frontier() {
				ev := d.do(t, Continue, false)
				if ev.Reason == ReasonEnd {
					break
				}
				if ev.Reason == ReasonBreakpoint {
					if want = append(want, ev.Icount); len(want) == most {
						in.To = ev.Icount
					}
				}
			}
			d.SetSourceBreakpoints(file, nil)
			d.to(t, d.tl.Start())
			if _, err := d.placesOf(p); err != nil {
				continue // it is in a program that is executed later
			}
			origin := d.anyPlace(t, r)
			if _, err := d.placesOf(p); err != nil {
				continue
			}
			found, err := d.Executions(ctx, p, in, 2*most)
			if err != nil || !found.Complete || d.m.Icount() != origin {
				t.Fatalf("%v, at %d, was at %d", err, d.m.Icount(), origin)
			}
			var got []uint64
			for _, o := range found.Occurrences {
				got = append(got, o.Icount)
				if o.Line == 0 || o.Function == "" {
					t.Errorf("%+v", o)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s is executed at %d, want %d", p, got, want)
			}
			total += len(got)
			// From anywhere to the neighbours.
			for range 4 {
				from := min(d.anyPlace(t, r), in.To)
				if len(want) > 0 && r.IntN(2) == 0 {
					from = want[r.IntN(len(want))]
				}
				d.to(t, from)
				i, here := slices.BinarySearch(want, from)
				ev, err := d.LastExecution(ctx, p, r.IntN(2) == 0)
				switch {
				case i == 0 && (!errors.Is(err, ErrNotExecuted) || d.m.Icount() != from) && ev.Reason != ReasonSignal:
					t.Fatalf("before %d: %+v, %v", from, ev, err)
				case i > 0 && (err != nil || ev.Icount != want[i-1] || ev.Reason != ReasonGoto) && ev.Reason != ReasonSignal:
					t.Fatalf("before %d: %+v, %v, want %d", from, ev, err, want[i-1])
				}
				if here {
					i++
				}
				d.to(t, from)
				ev, err = d.NextExecution(ctx, p, false)
				if i < len(want) {
					if err != nil || ev.Icount != want[i] || ev.Reason != ReasonGoto {
						t.Fatalf("after %d: %+v, %v, want %d", from, ev, err, want[i])
					}
				} else if in.To == d.tl.Frontier() && (err != nil || ev.Reason != ReasonEnd) {
					t.Fatalf("after %d: %+v, %v", from, ev, err)
				}
			}
		}
	})
	if total < 100 {
		t.Errorf("only %d executions", total)
	}
}

// TestBackToACallThenSteppingInArrivesInTheFrameThatItMade, for all frames at random
// statements of all guests.
func TestBackToACallThenSteppingInArrivesInTheFrameThatItMade(t *testing.T) {
	calls, inlined, signals := 0, 0, 0
	everyGuest(t, func(t *testing.T, d *Debugger, g testdata.Guest, r *rand.Rand) {
		ctx := context.Background()
		lines := d.lines(g)
		n := 12
		if !g.Go() {
			n = 40
		}
		for range n {
			if len(lines) == 0 {
				return
			}
			d.anyPlace(t, r)
			if ev, err := d.LastExecution(ctx, Place{File: filepath.Base(g.Source), Line: lines[r.IntN(len(lines))]}, false); err != nil || ev.Reason != ReasonGoto {
				continue
			}
			origin, thread := d.m.Icount(), d.m.CurrentThread()
			frames, _ := d.Frames(thread)
			frames = slices.Clone(frames)
			if len(frames) < 2 {
				continue
			}
			f := frames[1+r.IntN(len(frames)-1)]
			inner := frames[f.Level-1]
			phys := d.stack(thread).phys
			ev, err := d.BackToCall(ctx, thread, &f)
			if err != nil {
				if d.m.Icount() != origin {
					t.Fatalf("%v: at %d, was at %d", err, d.m.Icount(), origin)
				}
				if a, b := phys[inner.Physical], phys[f.Physical]; a != b && told(a) && told(b) && !b.Exact && !d.set().isGo {
					t.Errorf("from %s to %s: %v", inner.Name, f.Name, err)
				}
				continue
			}
			at, _ := d.Frames(thread)
			if p := phys[f.Physical]; p.Signal || p.Exact {
				if signals++; ev.Icount >= origin {
					t.Fatalf("where a signal came: %+v", ev)
				}
				continue
			}
			if ev.Reason != ReasonGoto || ev.Icount >= origin || at[0].Name != f.Name && f.Physical != inner.Physical || at[0].CFA != f.CFA && !d.set().isGo {
				t.Fatalf("back to the call of %s in %s: %+v at %s", inner.Name, f.Name, ev, d.place())
			}
			if f.Physical == inner.Physical {
				inlined++
				continue
			}
			in, ok := d.instruction(d.pc(thread))
			if !ok || !in.Call {
				t.Fatalf("at %s, which is no call", in.Text)
			}
			calls++
			if inner.File == "" || inner.Inlined || d.set().isGo {
				continue // where a step in does not lead
			}
			if ev := d.do(t, StepIn, false); ev.Reason == ReasonSignal {
				continue
			}
			if at, _ := d.Frames(thread); at[0].CFA != inner.CFA && d.ModuleAt(at[0].PC).User() || len(at) < len(frames)-f.Level {
				t.Fatalf("stepping into the call of %s in %s leads to %s", inner.Name, f.Name, d.place())
			}
		}
	})
	t.Logf("%d calls, %d inlined ones, %d of signals' handlers", calls, inlined, signals)
	if calls < 50 || inlined == 0 {
		t.Error("too few calls")
	}
}

// TestLifetimesBeginAtTheEntryOfTheirFrame, of all frames at random statements of all
// guests.
func TestLifetimesBeginAtTheEntryOfTheirFrame(t *testing.T) {
	found := 0
	everyGuest(t, func(t *testing.T, d *Debugger, g testdata.Guest, r *rand.Rand) {
		ctx := context.Background()
		lines := d.lines(g)
		for range 8 {
			if len(lines) == 0 {
				return
			}
			d.anyPlace(t, r)
			if ev, err := d.LastExecution(ctx, Place{File: filepath.Base(g.Source), Line: lines[r.IntN(len(lines))]}, false); err != nil || ev.Reason != ReasonGoto {
				continue
			}
			here, thread := d.m.Icount(), d.m.CurrentThread()
			frames, _ := d.Frames(thread)
			f := frames[r.IntN(len(frames))]
			phys := d.stack(thread).phys[f.Physical].Whole()
			if f.File == "" || f.CFA == 0 || phys.Guess != "" {
				continue
			}
			in, local, err := d.Lifetime(ctx, thread, &f, f.CFA-8, 8)
			if err != nil || d.m.Icount() != here {
				t.Fatalf("%s: %v, at %d, was at %d", f.Name, err, d.m.Icount(), here)
			}
			if !local {
				// On RISC-V a leaf function may have no frame of its own.
				if d.pushed() != 0 {
					t.Fatalf("the return address in the frame of %s is not local", f.Name)
				}
				continue
			}
			if in.To != here || in.From > here {
				t.Fatalf("%s: %+v at %d", f.Name, in, here)
			}
			if in.From == d.tl.Start() {
				continue // not known
			}
			found++
			d.to(t, in.From)
			sp := d.sp(d.m.CurrentThread()) + d.pushed()
			if d.pc(d.m.CurrentThread()) != phys.Func.Low || sp != f.CFA && !d.set().isGo {
				t.Fatalf("%s is entered at %d: at %s, with stack pointer %#x, CFA %#x", f.Name, in.From, d.place(), sp, f.CFA)
			}
		}
	})
	if found < 20 {
		t.Errorf("only %d", found)
	}
}
