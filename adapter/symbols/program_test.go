package symbols

import (
	"bytes"
	"debug/elf"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	guests "github.com/dap-revexec/dap-revexec/testdata"
)

func TestBiasMovesEverything(t *testing.T) {
	const bias = 0x5555_0000_0000
	f, err := elf.NewFile(bytes.NewReader(guests.Bin("inline_o2")))
	if err != nil {
		t.Fatal(err)
	}
	p, err := LoadFile(f, "inline_o2", bias)
	if err != nil {
		t.Fatal(err)
	}
	q := loadGuest(t, "inline_o2")
	if len(p.Funcs()) != len(q.Funcs()) {
		t.Fatalf("%d functions, %d without bias", len(p.Funcs()), len(q.Funcs()))
	}
	move := func(a []uint64) []uint64 {
		out := slices.Clone(a)
		for i := range out {
			out[i] += bias
		}
		return out
	}
	regs := fakeRegs{2: 0x8000, 10: 1, 11: 2}
	for i, f := range q.Funcs() {
		g := p.Funcs()[i]
		if g.Name != f.Name || g.Low != f.Low+bias || g.BodyStart != f.BodyStart+bias || g.Ranges[0].Low != f.Ranges[0].Low+bias {
			t.Fatalf("%+v, without bias %+v", g, f)
		}
		if !slices.Equal(p.Statements(g), move(q.Statements(f))) {
			t.Errorf("the statements of %s differ", f.Name)
		}
		for _, pc := range q.Statements(f) {
			a, _ := q.LineAt(pc)
			b, _ := p.LineAt(pc + bias)
			if a.Line != b.Line || a.Low+bias != b.Low {
				t.Errorf("%#x: line %+v, with bias %+v", pc, a, b)
			}
			r, off, ok := q.CFARule(pc)
			if r2, off2, ok2 := p.CFARule(pc + bias); r != r2 || off != off2 || ok != ok2 {
				t.Errorf("%#x: CFA rules differ", pc)
			}
			if q.InlineDepth(pc) != p.InlineDepth(pc+bias) || q.IsStatementStart(pc, pc-2) != p.IsStatementStart(pc+bias, pc+bias-2) {
				t.Errorf("%#x: inlining or statements differ", pc)
			}
			vars, _ := q.Scope(pc, 0)
			moved, _ := p.Scope(pc+bias, 0)
			for k := range vars {
				x, y := q.Locate(vars[k], q.Innermost(pc, regs, nil), nil), p.Locate(moved[k], p.Innermost(pc+bias, regs, nil), nil)
				if x.Pieces[0].Kind != y.Pieces[0].Kind {
					t.Errorf("%#x: %s: %v, with bias %v", pc, vars[k].Name, x, y)
				}
			}
		}
	}
	v, w := q.Globals("sink"), p.Globals("sink")
	if len(v) != 1 || len(w) != 1 {
		t.Fatal(v, w)
	}
	a, _ := q.Locate(v[0], nil, nil).Addr()
	if b, ok := p.Locate(w[0], nil, nil).Addr(); !ok || b != a+bias {
		t.Errorf("sink is at %#x, with bias %#x", a, b)
	}
}

// stripped removes the sections whose name begins with one of the prefixes, by
// renaming them.
func stripped(t *testing.T, b []byte, prefixes ...string) []byte {
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Clone(b)
	names := f.Sections[len(f.Sections)-1]
	for _, s := range f.Sections {
		if s.Name == ".shstrtab" {
			names = s
		}
	}
	table := b[names.Offset : names.Offset+names.Size]
	for _, p := range prefixes {
		for i := bytes.Index(table, []byte(p)); i >= 0; i = bytes.Index(table, []byte(p)) {
			table[i] = '-'
		}
	}
	return b
}

func TestWithoutDWARFSymbolsServe(t *testing.T) {
	full := loadGuest(t, "steps")
	p := loadBytes(t, stripped(t, guests.Bin("steps"), ".debug_"), "steps")
	if ok, why := p.HasDWARF(); ok || !strings.Contains(why, "-g") {
		t.Errorf("HasDWARF: %t, %q", ok, why)
	}
	for _, f := range full.Funcs() {
		g := p.FuncAt(f.Low)
		if g == nil || g.Low != f.Low || g.BodyStart != f.Low || g.CU != nil {
			t.Errorf("%s: %+v", f.Name, g)
		}
	}
	if f := p.FuncsNamed("factorial"); len(f) != 1 {
		t.Errorf("factorial: %v", f)
	}
	sym, off, ok := p.SymbolAt(p.FuncsNamed("factorial")[0].Low + 6)
	if !ok || sym.Name != "factorial" || off != 6 || !sym.Func {
		t.Errorf("%+v+%d, %t", sym, off, ok)
	}
	if _, ok := p.LineAt(sym.Addr); ok {
		t.Error("a line is known")
	}
	if _, err := p.Resolve("steps.c", 10); err == nil || !strings.Contains(err.Error(), "-g") {
		t.Error(err)
	}
	if p.IsStatementStart(sym.Addr, 0) || len(p.AllStatements()) != 0 {
		t.Error("statements are known")
	}
	if vars, err := p.Scope(sym.Addr, 0); err != nil || len(vars) != 0 {
		t.Error(vars, err)
	}
}

func TestDamagedDWARFLeavesSymbolsAndSaysWhy(t *testing.T) {
	b := guests.Bin("steps")
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Clone(b)
	s := f.Section(".debug_abbrev")
	for i := range s.Size {
		b[s.Offset+i] = 0x81
	}
	p := loadBytes(t, b, "damaged")
	ok, why := p.HasDWARF()
	if ok || !strings.Contains(why, ".debug_abbrev") || !strings.Contains(why, "damaged") {
		t.Errorf("%t, %q", ok, why)
	}
	if len(p.FuncsNamed("main")) != 1 {
		t.Error("main is not known")
	}
}

func TestBreakpointsOnLinesWithoutCodeMoveOrSayWhatIsNear(t *testing.T) {
	p := loadGuest(t, "steps")
	line := func(marker string) int { return guests.Line("steps.c", marker) }
	last := line("main-end")
	for _, c := range []struct{ ask, get int }{
		{line("loop-body"), line("loop-body")},
		{line("loop-body") + 1, line("loop-body") + 2}, // a closing brace
		{last, last},
	} {
		place, err := p.Resolve("src/steps.c", c.ask)
		if err != nil || place.Line != c.get || len(place.Addrs) == 0 {
			t.Errorf("line %d: %+v, %v; want line %d", c.ask, place, err, c.get)
		}
		for _, a := range place.Addrs {
			if !slices.Contains(p.AllStatements(), a) {
				t.Errorf("line %d: %#x is no statement", c.ask, a)
			}
		}
	}
	for _, c := range []struct {
		file string
		line int
		want string
	}{
		{"steps.c", last + 100, fmt.Sprintf("breakpoint at steps.c:%d: no code on this line (nearest: %d)", last+100, last)},
		{"no.c", 5, "breakpoint at no.c:5: no code of steps comes from this file"},
		{"", 5, "no code of steps"},
	} {
		if _, err := p.Resolve(c.file, c.line); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:%d: %v, want %q", c.file, c.line, err, c.want)
		}
	}
	// One place for each call inlined into the caller, none twice.
	place, err := p.Resolve("steps.c", line("inlined-body"))
	if err != nil || len(place.Addrs) != 3 {
		t.Errorf("an inlined function's line: %+v, %v", place, err)
	}
	if places := p.FuncPlaces("inlined"); len(places) != 3 {
		t.Errorf("an inlined function: %#x", places)
	}
}

func TestFilesAreFoundByTheirEnds(t *testing.T) {
	p := &Program{lines: &lineTable{files: []string{
		"", "/src/a/main.c", "/src/b/main.c", "/src/b/util.c", `C:\work\win.c`, "/usr/include/x.h",
	}}, byFile: map[int32][]lineRef{}}
	for i := 1; i < len(p.lines.files); i++ {
		p.byFile[int32(i)] = []lineRef{{1, 0}}
	}
	for _, c := range []struct {
		path, want string
		candidates int
	}{
		{"/src/a/main.c", "/src/a/main.c", 0},
		{"/src/./b/../b/main.c", "/src/b/main.c", 0},
		{"/elsewhere/b/main.c", "/src/b/main.c", 0},
		{"a/main.c", "/src/a/main.c", 0},
		{"util.c", "/src/b/util.c", 0},
		{`D:\checkout\b\util.c`, "/src/b/util.c", 0},
		{"win.c", `C:\work\win.c`, 0},
		{"main.c", "", 2},
		{"/other/main.c", "", 2},
		{"in.c", "", 0},
		{"", "", 0},
	} {
		got, candidates, ok := p.FindFile(c.path)
		if got != c.want || ok != (c.want != "") || len(candidates) != c.candidates {
			t.Errorf("%s: %q, %v; want %q", c.path, got, candidates, c.want)
		}
	}
}

func TestVariablesOfInnerBlocksHideThoseOutside(t *testing.T) {
	p := loadGuest(t, "steps")
	blocks := func(marker string) map[string]int {
		place, err := p.Resolve("steps.c", guests.Line("steps.c", marker))
		if err != nil {
			t.Fatal(err)
		}
		vars, err := p.Scope(place.Addrs[0], 0)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]int{}
		for _, v := range vars {
			if _, twice := out[v.Name]; twice {
				t.Errorf("%s: %s is listed twice", marker, v.Name)
			}
			out[v.Name] = v.Block
		}
		if len(vars) == 0 || len(out) != 2 {
			t.Errorf("%s: %v", marker, out)
		}
		return out
	}
	for marker, want := range map[string]int{"outer": 0, "inner-use": 1, "innermost-use": 2, "outer-again": 0} {
		if got := blocks(marker)["x"]; got != want {
			t.Errorf("%s: x is that of block %d, want %d", marker, got, want)
		}
	}
}

func TestStatementsBeginOnlyWhereControlComesFromElsewhere(t *testing.T) {
	p := loadGuest(t, "steps")
	at := func(marker string) uint64 {
		place, err := p.Resolve("steps.c", guests.Line("steps.c", marker))
		if err != nil {
			t.Fatal(err)
		}
		return place.Addrs[0]
	}
	a := p.FuncsNamed("a")[0]
	body := at("loop-body")
	l, _ := p.LineAt(body)
	for _, c := range []struct {
		name     string
		pc, last uint64
		want     bool
	}{
		{"from the line before", body, at("loop-head"), true},
		{"from the same line", body, l.High - 2, false},
		{"from nowhere", body, 0, true},
		{"in the middle", body + 2, body, false},
		{"at the entry", a.Low, body, false},
		{"in the prologue", a.Low + 2, a.Low, false},
		{"out of the prologue", a.BodyStart, a.BodyStart - 4, true},
		{"no code", 12, 10, false},
	} {
		if got := p.IsStatementStart(c.pc, c.last); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
	// A row may begin behind a call in the middle of its line: returning there
	// starts no statement, jumping there from another line does.
	returns := 0
	for _, f := range p.Funcs() {
		for _, pc := range p.Statements(f) {
			if !p.img.afterCall(pc) || p.lines.pos[p.lines.find(pc-1)] != p.lines.pos[p.lines.exact(pc)] {
				continue
			}
			returns++
			if p.IsStatementStart(pc, a.Ranges[0].High-2) {
				t.Errorf("%#x: a return starts a statement", pc)
			}
			if !p.IsStatementStart(pc, f.Ranges[0].High-4) && p.img.flowAt(f.Ranges[0].High-4) == flowOther {
				t.Errorf("%#x: a jump from the last line starts no statement", pc)
			}
		}
	}
	if returns == 0 {
		t.Error("no row begins behind a call: the test tests nothing")
	}
	for _, f := range p.Funcs() {
		for _, pc := range p.Statements(f) {
			if !f.Contains(pc) || f.inPrologue(pc) {
				t.Errorf("%#x is no place for a statement of %s", pc, f.Name)
			}
		}
	}
	all := p.AllStatements()
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Error("statements are not in order")
	}
}

func TestAProgramMayBeUsedFromSeveralGoroutines(t *testing.T) {
	p := loadGuest(t, "values_o2")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { exercise(p) })
	}
	wg.Wait()
	a, ok := p.LookupType("struct rect")
	b, _ := p.LookupType("struct rect")
	if !ok || a != b {
		t.Error("the same type is two")
	}
	if p.PointerTo(a) != p.PointerTo(b) || p.ArrayOf(a, 3) == p.ArrayOf(a, 4) {
		t.Error("derived types are not shared")
	}
}

func TestThreadLocalVariablesAreFoundThroughTheThreadPointer(t *testing.T) {
	p := loadGuest(t, "pthread_glibc")
	g := p.Globals("mine")
	sym, ok := p.SymbolNamed("mine")
	if len(g) != 1 || !ok || !sym.TLS {
		t.Fatalf("%v, %+v", g, sym)
	}
	f := p.Innermost(p.FuncsNamed("main")[0].BodyStart, fakeRegs{2: 0x8000, 4: 0x5000}, nil)
	if a, ok := p.Locate(g[0], f, nil).Addr(); !ok || a != 0x5000+sym.Addr {
		t.Errorf("at %#x, want %#x", a, 0x5000+sym.Addr)
	}
	if why, missing := p.Locate(g[0], nil, nil).OptimizedOut(); !missing || !strings.Contains(why, "thread") {
		t.Errorf("without a thread: %q", why)
	}
}

func TestUnitsKnowTheirSource(t *testing.T) {
	p := loadGuest(t, "steps")
	paths := map[string]bool{}
	for _, u := range p.Units() {
		paths[u.SourcePath()] = true
		if u.Version != 5 || u.Language != LangC && u.Language != LangAsm {
			t.Errorf("%+v", u)
		}
	}
	if !paths["/revexec/testdata/src/steps.c"] || !paths["/revexec/testdata/src/rt/start.S"] {
		t.Error(paths)
	}
	if !slices.Contains(p.Files(), "/revexec/testdata/src/steps.c") {
		t.Error(p.Files())
	}
}
