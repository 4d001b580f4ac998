package debugger

import (
	"slices"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
)

// hitsOf lists the positions at which continuing from the start stops.
func (d *Debugger) hitsOf(t *testing.T) []uint64 {
	t.Helper()
	d.to(t, 0)
	var at []uint64
	for ev := d.do(t, Continue, false); ev.Reason != ReasonEnd; ev = d.do(t, Continue, false) {
		at = append(at, ev.Icount)
	}
	return at
}

func (d *Debugger) one(t *testing.T, bp SourceBreakpoint) Breakpoint {
	t.Helper()
	if bp.Line == 0 {
		bp.Line = testdata.Line("steps.c", "loop-body")
	}
	b := d.SetSourceBreakpoints("steps.c", []SourceBreakpoint{bp})[0]
	if !b.Verified {
		t.Fatal(b.Message)
	}
	return b
}

func TestConditionsHoldInBothDirections(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		d.one(t, SourceBreakpoint{})
		all := d.hitsOf(t)
		d.one(t, SourceBreakpoint{Condition: "i == 1"})
		if got := d.hitsOf(t); !slices.Equal(got, all[1:2]) {
			t.Fatalf("i == 1 at %v, want %v", got, all[1:2])
		}
		if ev := d.do(t, Continue, true); ev.Icount != all[1] || d.text(t, "i") != "1" {
			t.Fatalf("backward: %+v", ev)
		}
		// What can't be evaluated stops, and says why.
		b := d.one(t, SourceBreakpoint{Condition: "nothing == 1"})
		d.to(t, 0)
		if ev := d.do(t, Continue, false); ev.Icount != all[0] || ev.Breakpoints[0] != b.ID || !strings.Contains(ev.Text, "nothing") {
			t.Fatalf("%+v", ev)
		}
	})
}

func TestHitConditionsCountFromTheStartOfHistory(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		d.one(t, SourceBreakpoint{})
		all := d.hitsOf(t)
		if len(all) != 3 {
			t.Fatalf("%d hits", len(all))
		}
		for _, c := range []struct {
			cond string
			want []uint64
		}{
			{"2", all[1:2]}, {"== 3", all[2:]}, {">= 2", all[1:]}, {"> 2", all[2:]}, {"< 2", all[:1]}, {"<= 2", all[:2]}, {"% 2", all[1:2]}, {"7", nil},
		} {
			for _, from := range []uint64{0, all[1], d.tl.Frontier()} {
				// Set at any position, also in the middle.
				d.to(t, from)
				d.SetSourceBreakpoints("steps.c", nil)
				d.one(t, SourceBreakpoint{HitCondition: c.cond})
				d.to(t, d.tl.Frontier())
				var got []uint64
				for ev := d.do(t, Continue, true); ev.Reason != ReasonStart; ev = d.do(t, Continue, true) {
					got = append(got, ev.Icount)
				}
				slices.Reverse(got)
				if !slices.Equal(got, c.want) {
					t.Errorf("%q set at %d, backward: %v, want %v", c.cond, from, got, c.want)
				}
				if got := d.hitsOf(t); !slices.Equal(got, c.want) {
					t.Errorf("%q set at %d, forward: %v, want %v", c.cond, from, got, c.want)
				}
			}
		}
		for _, bad := range []string{"x", "0", "-1", ">>2", "99999999999999999999"} {
			if b := d.SetSourceBreakpoints("steps.c", []SourceBreakpoint{{Line: testdata.Line("steps.c", "loop-body"), HitCondition: bad}})[0]; b.Verified || b.Message == "" {
				t.Errorf("hit condition %q is taken: %+v", bad, b)
			}
		}
	})
}

func TestLogpointsSpeakOnceAndDoNotStop(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		var got []string
		d.SetLogSink(func(m LogMessage) { got = append(got, m.Text) })
		d.one(t, SourceBreakpoint{LogMessage: "i is {i}, sum {sum + 1} {{as is}}"})
		want := []string{"i is 0, sum 1 {as is}", "i is 1, sum 1 {as is}", "i is 2, sum 2 {as is}"}
		for range 2 {
			if hits := d.hitsOf(t); len(hits) != 0 {
				t.Fatalf("stops at %v", hits)
			}
			if ev := d.do(t, Continue, true); ev.Reason != ReasonStart {
				t.Fatalf("%+v", ev)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}

func TestBreakpointsSayWhatIsWrongWithThem(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		for name, b := range map[string]Breakpoint{
			"no such file":     d.SetSourceBreakpoints("nowhere.c", []SourceBreakpoint{{Line: 3}})[0],
			"past the end":     d.SetSourceBreakpoints("steps.c", []SourceBreakpoint{{Line: 99999}})[0],
			"bad condition":    d.SetSourceBreakpoints("steps.c", []SourceBreakpoint{{Line: testdata.Line("steps.c", "nested"), Condition: "1 +"}})[0],
			"no such function": d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "nofunction"}})[0],
			"no memory":        d.SetInstructionBreakpoints([]InstructionBreakpoint{{Addr: 16}})[0],
			"odd address":      d.SetInstructionBreakpoints([]InstructionBreakpoint{{Addr: d.pc(d.m.CurrentThread()) + 1}})[0],
			"empty range":      d.SetDataBreakpoints([]DataBreakpoint{{Addr: 16, Write: true}})[0],
			"huge range":       d.SetDataBreakpoints([]DataBreakpoint{{Addr: 16, Size: 1 << 40, Write: true}})[0],
			"neither read":     d.SetDataBreakpoints([]DataBreakpoint{{Addr: 16, Size: 4}})[0],
			"wraps":            d.SetDataBreakpoints([]DataBreakpoint{{Addr: ^uint64(0), Size: 4, Write: true}})[0],
			"watch hit count":  d.SetDataBreakpoints([]DataBreakpoint{{Addr: 16, Size: 4, Write: true, HitCondition: "3"}})[0],
		} {
			if name == "odd address" && d.arch.MinInst == 1 {
				continue // there is none
			}
			if b.Verified || b.Message == "" || len(b.Addrs) != 0 {
				t.Errorf("%s: %+v", name, b)
			}
		}
		if ev := d.do(t, Continue, false); ev.Reason != ReasonEnd {
			t.Fatalf("one of them stopped: %+v", ev)
		}
	})
}

func TestSettingTheSameBreakpointsAgainKeepsThem(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		req := []SourceBreakpoint{{Line: testdata.Line("steps.c", "loop-body"), HitCondition: "2"}, {Line: testdata.Line("steps.c", "nested")}}
		first := d.SetSourceBreakpoints("steps.c", req)
		hits := d.hitsOf(t)
		again := d.SetSourceBreakpoints("steps.c", req)
		if first[0].ID != again[0].ID || first[1].ID != again[1].ID {
			t.Errorf("IDs change from %d, %d to %d, %d", first[0].ID, first[1].ID, again[0].ID, again[1].ID)
		}
		if got := d.hitsOf(t); !slices.Equal(got, hits) {
			t.Errorf("hits %v, then %v", hits, got)
		}
		moved := d.SetSourceBreakpoints("steps.c", req[1:])
		if moved[0].ID != first[1].ID {
			t.Errorf("removing one changes the other's ID from %d to %d", first[1].ID, moved[0].ID)
		}
	})
}

func TestDisassemblyBeforeAnAddressMeetsIt(t *testing.T) {
	each(t, "steps", func(t *testing.T, d *Debugger) {
		d.at(t, "steps", "nested")
		pc := d.pc(d.m.CurrentThread())
		all := d.Disassemble(pc, -20, 60)
		if len(all) != 60 || all[20].Addr != pc || all[20].Line != testdata.Line("steps.c", "nested") {
			t.Fatalf("%d instructions, number 20 %+v, want %#x", len(all), all[20], pc)
		}
		for i := 1; i < len(all); i++ {
			if p := all[i-1]; p.Addr+uint64(len(p.Bytes)) != all[i].Addr {
				t.Errorf("a gap before %+v", all[i])
			}
		}
		if after := d.Disassemble(pc, 5, 3); len(after) != 3 || after[0].Addr != all[25].Addr {
			t.Errorf("offset 5: %+v, want %#x first", after, all[25].Addr)
		}
		if none := d.Disassemble(0, -3, 5); len(none) != 5 || none[4].Text != "??" {
			t.Errorf("where nothing is: %+v", none)
		}
	})
}
