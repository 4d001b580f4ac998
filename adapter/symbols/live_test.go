package symbols

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	guests "github.com/dap-revexec/dap-revexec/testdata"
)

// logicalFrame is one line of a backtrace.
type logicalFrame struct {
	frame *Frame
	index int // into the inline chain
	name  string
	line  int
	last  bool // the physical function
}

// backtrace lists logical frames, as a debugger shows them.
func backtrace(p *Program, s *stop) ([]logicalFrame, error) {
	frames, err := p.Backtrace(s.PC, s, s, 200)
	var out []logicalFrame
	for _, f := range frames {
		if f.Signal {
			out = append(out, logicalFrame{frame: f, name: "<signal>", last: true})
			continue
		}
		chain := p.InlineChain(f.LookupPC())
		if len(chain) == 0 {
			out = append(out, logicalFrame{frame: f, last: true})
			continue
		}
		for i, c := range chain {
			line := 0
			if i == 0 {
				l, _ := p.LineAt(f.LookupPC())
				line = l.Line
			} else {
				line = chain[i-1].CallLine
			}
			out = append(out, logicalFrame{f, i, c.Name, line, i == len(chain)-1})
		}
	}
	return out, err
}

var inlinePlaces = []string{
	"square", "dot", "norm", "angle", "kernel", "tail_last", "tail_middle", "dead_argument", "split_struct",
	"folded", "in_float_registers", "checked", "complain", "sys_write", "inline_o2.c:dead-return", "inline_o2.c:split-sink",
}

func TestFramesAndVariablesAreThoseOfGDB(t *testing.T) {
	for _, c := range []struct {
		guest  string
		stops  int
		places []string
	}{
		{"steps", 60, []string{"a", "b", "factorial", "one_line_factorial", "inlined", "many_arguments", "variable_frame", "sign", "add_to"}},
		{"steps_dwarf4", 20, []string{"a", "factorial", "shadowing"}},
		{"steps_o2", 40, []string{"a", "b", "c", "many_arguments", "inlined", "steps.c:factorial-return"}},
		{"recurse", 40, []string{"ackermann", "is_even", "fib", "deep", "permute"}},
		{"values", 10, []string{"values.c:all", "sys_write"}},
		{"values_dwarf4", 10, []string{"values.c:all", "sys_write"}},
		{"values_o2", 20, []string{"values.c:all", "sys_write"}},
		{"signals", 30, []string{"note", "nested", "clobber", "repair_by_skipping", "repair_by_returning"}},
		{"signals_glibc", 10, []string{"on_fault", "on_usr1", "on_alarm", "on_abort"}},
		{"inline_o2", 80, inlinePlaces},
	} {
		t.Run(c.guest, func(t *testing.T) {
			t.Parallel()
			compareStops(t, guestFile(t, c.guest), c.stops, c.places...)
		})
	}
}

func TestOtherCompilerOptionsChangeNothingOfThat(t *testing.T) {
	for _, c := range []struct {
		name   string
		guest  string
		flags  []string
		places []string
	}{
		{"O2 DWARF 4", "inline_o2", []string{"-O2", "-gdwarf-4"}, inlinePlaces},
		{"O3", "inline_o2", []string{"-O3", "-gdwarf-5", "-fomit-frame-pointer", "-fasynchronous-unwind-tables"}, inlinePlaces},
		{"Og strict", "values", []string{"-Og", "-gdwarf-5", "-gstrict-dwarf"}, []string{"sys_write"}},
		{"O1 DWARF 3", "values", []string{"-O1", "-gdwarf-3"}, []string{"sys_write"}},
		{"compressed", "steps", []string{"-O1", "-g", "-gz"}, []string{"a", "c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			compareStops(t, compileGuest(t, c.guest, c.flags...), 30, c.places...)
		})
	}
}

// compareStops compares what this package says of stops of a program with what
// gdb says.
func compareStops(t *testing.T, path string, maxStops int, names ...string) {
	p, err := Load(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	if ok, why := p.HasDWARF(); !ok {
		t.Fatal(why)
	}
	var places []string
	for _, name := range names {
		if file, marker, ok := strings.Cut(name, ".c:"); ok {
			file += ".c"
			name = fmt.Sprint(file, ":", guests.Line(file, marker))
		} else if len(p.FuncPlaces(name)) == 0 {
			t.Fatalf("no function %s", name)
		}
		places = append(places, name)
	}
	compared, values, missing := 0, 0, 0
	for i, s := range stops(t, path, maxStops, places...) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			v, m := compareStop(t, p, s)
			values += v
			missing += m
		})
		compared++
	}
	t.Logf("%d stops, %d values, %d missing in both", compared, values, missing)
}

// compareStop compares what this package says of a stop with what gdb said.
func compareStop(t *testing.T, p *Program, s *stop) (values, missing int) {
	ours, err := backtrace(p, s)
	if err != nil && !errors.Is(err, ErrOutermost) {
		t.Errorf("at %#x: %v", s.PC, err)
	}
	theirs := s.Frames
	if len(ours) != len(theirs) {
		var list []string
		for _, f := range ours {
			list = append(list, f.name)
		}
		var want []string
		for _, f := range theirs {
			want = append(want, f.Name)
		}
		t.Errorf("at %#x: %d frames %v, gdb has %d %v", s.PC, len(ours), list, len(theirs), want)
	}
	for i := range min(len(ours), len(theirs)) {
		o, g := ours[i], theirs[i]
		if o.frame.PC != g.PC || !g.Signal && !sameName(p, o, g.Name) || o.last == g.Inlined {
			t.Errorf("at %#x, frame %d: %s at %#x (physical: %t), gdb has %s at %#x (inlined: %t)", s.PC, i, o.name, o.frame.PC, o.last, g.Name, g.PC, g.Inlined)
			return values, missing
		}
		if !g.Signal && o.line != g.Line {
			t.Errorf("at %#x, frame %d (%s): line %d, gdb has %d", s.PC, i, o.name, o.line, g.Line)
		}
		if o.last && g.CFA != 0 && o.frame.CFA != g.CFA {
			t.Errorf("at %#x, frame %d (%s): CFA %#x, gdb has %#x", s.PC, i, o.name, o.frame.CFA, g.CFA)
		}
		v, m := compareVars(t, p, s, o, g)
		values += v
		missing += m
	}
	return values, missing
}

// sameName allows for another name of the same function: a C library has many.
func sameName(p *Program, o logicalFrame, name string) bool {
	if o.name == name {
		return true
	}
	sym, ok := p.SymbolNamed(name)
	return ok && o.frame.Func != nil && sym.Addr == o.frame.Func.Low
}

func compareVars(t *testing.T, p *Program, s *stop, o logicalFrame, g stopFrame) (values, missing int) {
	if o.frame.Func == nil || o.frame.Func.CU == nil {
		return 0, 0
	}
	vars, err := p.Scope(o.frame.LookupPC(), o.index)
	if err != nil {
		t.Errorf("at %#x in %s: %v", s.PC, o.name, err)
		return 0, 0
	}
	byName := map[string]*Variable{}
	for _, v := range vars {
		byName[v.Name] = v
	}
	if len(vars) > len(g.Vars) {
		t.Errorf("at %#x in %s: %d variables, gdb has %d", s.PC, o.name, len(vars), len(g.Vars))
	}
	for _, want := range g.Vars {
		v := byName[want.Name]
		if v == nil && want.Missing {
			continue // of the abstract instance: nothing to show
		}
		if v == nil {
			t.Errorf("at %#x in %s: gdb has a variable %s", s.PC, o.name, want.Name)
			continue
		}
		typ := strings.ReplaceAll(want.Type, "variable length", "")
		if v.Type.String() != typ && !strings.Contains(typ, "{...}") {
			t.Errorf("at %#x in %s: %s is of type %q, gdb says %q", s.PC, o.name, v.Name, v.Type, want.Type)
		}
		if v.IsArg != want.Arg || v.DeclLine != want.Line {
			t.Errorf("%s: argument %t, line %d; gdb says %t, %d", v.Name, v.IsArg, v.DeclLine, want.Arg, want.Line)
		}
		loc := p.Locate(v, o.frame, s)
		// gdb takes what a called function left in a register for the caller's
		// value; here such a value is missing.
		if why, yes := loc.OptimizedOut(); yes && o.frame.Depth > 0 && strings.Contains(why, "overwritten") {
			continue
		} else if strings.Contains(why, "tail call") {
			continue // gdb follows the chain
		}
		if len(loc.Pieces) == 1 && loc.Pieces[0].Kind == Implicit {
			continue // gdb makes up a number for it
		}
		if k := v.Type.Strip().Kind(); k == KindReference || k == KindRReference {
			continue // gdb follows it
		}
		if want.Addr != nil {
			a, ok := loc.Addr()
			if !ok || a != *want.Addr {
				t.Errorf("at %#x in %s: %s is at %#x (%v), gdb says %#x", s.PC, o.name, v.Name, a, loc, *want.Addr)
			}
			values++
			continue
		}
		if want.Other {
			continue
		}
		size, ok := p.TypeIn(v.Type, o.frame, s).Size()
		if !ok && v.Type.Dynamic() && want.Missing {
			continue
		}
		if !ok {
			t.Errorf("%s: the size of %s is not known", v.Name, v.Type)
			continue
		}
		if size == 0 {
			continue
		}
		b, err := loc.Read(int(size), o.frame.Regs, s)
		if want.Missing != (err != nil) {
			t.Errorf("at %#x in %s (%#x, depth %d): %s is missing: %v (%v, %v), gdb says %t %s", s.PC, o.name, o.frame.PC, o.frame.Depth, v.Name, err != nil, err, loc, want.Missing, want.Why)
			continue
		}
		if err != nil {
			missing++
			continue
		}
		values++
		got := littleUint(b)
		switch {
		case want.Int != nil:
			if fmt.Sprint(got) != want.Int.String() {
				t.Errorf("at %#x in %s: %s = %d, gdb says %s", s.PC, o.name, v.Name, got, want.Int)
			}
		case want.Float != nil:
			x := math.Float64frombits(got)
			if size == 4 {
				x = float64(math.Float32frombits(uint32(got)))
			}
			y := math.Float64frombits(*want.Float)
			if x != y && (x == x || y == y) {
				t.Errorf("at %#x in %s: %s = %v, gdb says %v", s.PC, o.name, v.Name, x, y)
			}
		}
	}
	return values, missing
}
