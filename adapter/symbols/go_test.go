package symbols

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	guests "github.com/dap-revexec/dap-revexec/testdata"
)

func TestGoFramesAndVariablesAreThoseOfGDB(t *testing.T) {
	for _, c := range []struct {
		name  string
		flags []string
	}{
		{"unoptimised", []string{"-gcflags=-N -l"}},
		{"optimised", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := goGuest(t, "govalues", c.flags...)
			p, err := Load(path, 0)
			if err != nil {
				t.Fatal(err)
			}
			var places []string
			for _, marker := range []string{"all", "scale", "area", "push", "closure", "variadic"} {
				places = append(places, fmt.Sprint("main.go:", guests.Line("govalues/main.go", marker)))
			}
			places = append(places, "fmt.Fprintln", "runtime.growslice", "internal/poll.(*FD).Write")
			frames, values, switched := 0, 0, 0
			for _, s := range stops(t, path, 25, places...) {
				ours, err := backtrace(p, s)
				if err != nil && !errors.Is(err, ErrOutermost) {
					t.Errorf("at %#x: %v", s.PC, err)
				}
				if n := len(ours); n == 0 || !goOutermost[ours[n-1].name] {
					t.Errorf("at %#x: the stack does not end where Go stacks begin", s.PC)
				}
				for i := range min(len(ours), len(s.Frames)) {
					o, g := ours[i], s.Frames[i]
					if o.name == "runtime.systemstack_switch" {
						switched++
						break // gdb does not know of goroutines' stacks
					}
					if o.frame.PC != g.PC || o.name != g.Name || o.line != g.Line || o.last && o.frame.CFA != g.CFA && g.CFA != 0 {
						t.Errorf("at %#x, frame %d: %s:%d at %#x, CFA %#x; gdb has %s:%d at %#x, CFA %#x", s.PC, i,
							o.name, o.line, o.frame.PC, o.frame.CFA, g.Name, g.Line, g.PC, g.CFA)
						break
					}
					frames++
					values += compareGoVars(t, p, s, o, g)
				}
			}
			t.Logf("%d frames, %d values", frames, values)
			if frames < 40 || values < 100 || switched == 0 {
				t.Errorf("only %d frames and %d values compared, %d stacks switched", frames, values, switched)
			}
		})
	}
}

// compareGoVars compares the scalar values that both know. Which variables are
// visible is not compared: gdb takes the blocks as they are.
func compareGoVars(t *testing.T, p *Program, s *stop, o logicalFrame, g stopFrame) (values int) {
	vars, err := p.Scope(o.frame.LookupPC(), o.index)
	if err != nil {
		t.Errorf("at %#x in %s: %v", s.PC, o.name, err)
		return 0
	}
	theirs := map[string]stopVar{}
	for _, v := range g.Vars {
		theirs[v.Name] = v
	}
	for _, v := range vars {
		want, ok := theirs[v.Name]
		if !ok {
			if _, escaped := theirs["&"+v.Name]; !escaped && v.Escaped {
				t.Errorf("at %#x in %s: gdb has no &%s", s.PC, o.name, v.Name)
			}
			continue
		}
		loc := p.Locate(v, o.frame, s)
		if want.Addr != nil && v.Type.Strip().Kind() != KindGoFunc {
			if a, ok := loc.Addr(); ok && a != *want.Addr {
				t.Errorf("at %#x in %s: %s is at %#x, gdb says %#x", s.PC, o.name, v.Name, a, *want.Addr)
			}
			values++
		}
		size, ok := v.Type.Size()
		if want.Int == nil || !ok || size > 8 {
			continue
		}
		b, err := loc.Read(int(size), o.frame.Regs, s)
		if err != nil {
			// Go's functions preserve no registers: what gdb reads in a
			// caller's frame is what the callee left there.
			if o.frame.Depth == 0 {
				t.Errorf("at %#x in %s: %s: %v; gdb says %s", s.PC, o.name, v.Name, err, want.Int)
			}
			continue
		}
		values++
		if got := fmt.Sprint(littleUint(b)); got != want.Int.String() {
			t.Errorf("at %#x in %s (%v): %s = %s, gdb says %s", s.PC, o.name, loc, v.Name, got, want.Int)
		}
	}
	return values
}

func TestGoTypesAreReadAsGoHasThem(t *testing.T) {
	p, err := Load(goGuest(t, "govalues", "-gcflags=-N -l"), 0)
	if err != nil {
		t.Fatal(err)
	}
	all := p.FuncsNamed("main.main")
	if len(all) != 1 {
		t.Fatalf("%d functions main.main", len(all))
	}
	place, err := p.Resolve("main.go", guests.Line("govalues/main.go", "all"))
	if err != nil || len(place.Addrs) != 1 {
		t.Fatalf("%v, %v", place, err)
	}
	vars, err := p.Scope(place.Addrs[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*Variable{}
	for _, v := range vars {
		byName[v.Name] = v
	}
	for name, want := range map[string]struct {
		text string
		kind Kind
		size int64
		elem string
		key  string
	}{
		"b":        {"bool", KindBool, 1, "", ""},
		"i8":       {"int8", KindInt, 1, "", ""},
		"u8":       {"uint8", KindUint, 1, "", ""},
		"f32":      {"float32", KindFloat, 4, "", ""},
		"c128":     {"complex128", KindComplex, 16, "", ""},
		"s":        {"string", KindGoString, 16, "", ""},
		"array":    {"[3]int", KindArray, 24, "int", ""},
		"grid":     {"[2][2]string", KindArray, 64, "[2]string", ""},
		"slice":    {"[]int", KindGoSlice, 24, "int", ""},
		"m":        {"map[string]main.point", KindGoMap, 8, "main.point", "string"},
		"ch":       {"chan int", KindGoChan, 8, "int", ""},
		"err":      {"error", KindGoInterface, 16, "", ""},
		"any1":     {"interface {}", KindGoInterface, 16, "", ""},
		"sh":       {"main.shape", KindGoInterface, 16, "", ""},
		"add":      {"func(int) int", KindGoFunc, 8, "", ""},
		"rc":       {"*main.rect", KindPointer, 8, "main.rect", ""},
		"col":      {"main.colour", KindInt, 8, "", ""},
		"l":        {"*main.list[string]", KindPointer, 8, "main.list[string]", ""},
		"d":        {"time.Duration", KindInt, 8, "", ""},
		"ptr":      {"uintptr", KindUint, 8, "", ""},
		"anon":     {"struct { main.a int; main.b string }", KindStruct, 24, "", ""},
		"p":        {"main.point", KindStruct, 8, "", ""},
		"nilSlice": {"[]string", KindGoSlice, 24, "string", ""},
	} {
		v := byName[name]
		if v == nil {
			t.Errorf("no variable %s", name)
			continue
		}
		s := v.Type.Strip()
		size, _ := v.Type.Size()
		if v.Type.String() != want.text || s.Kind() != want.kind || size != want.size {
			t.Errorf("%s: %s, kind %d, size %d; want %+v", name, v.Type, s.Kind(), size, want)
		}
		if want.elem != "" && s.Elem().String() != want.elem || want.key != "" && s.Key().String() != want.key {
			t.Errorf("%s: of %s, by %s; want %+v", name, s.Elem(), s.Key(), want)
		}
	}
	rect := byName["rc"].Type.Elem().Strip()
	if f := rect.Fields(); len(f) != 4 || !f[0].Embedded || f[0].Name != "point" || f[1].Name != "w" || f[1].Offset != 8 {
		t.Errorf("fields of main.rect: %+v", f)
	}
	if f := byName["s"].Type.Strip().Fields(); len(f) != 2 || f[1].Name != "len" {
		t.Errorf("fields of string: %+v", f)
	}
	if f := byName["err"].Type.Strip().Fields(); len(f) != 2 {
		t.Errorf("fields of error: %+v", f)
	}
}

func TestGoFunctionsAreFoundByTheirShortNames(t *testing.T) {
	p, err := Load(goGuest(t, "govalues", "-gcflags=-N -l"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"main.main":         "main.main",
		"adder":             "main.adder",
		"point.scale":       "main.(*point).scale",
		"(*point).scale":    "main.(*point).scale",
		"main.(*rect).area": "main.(*rect).area",
		"poll.(*FD).Write":  "internal/poll.(*FD).Write",
	} {
		found := p.FuncsNamed(name)
		if len(found) == 0 || found[0].Name != want || found[0].Language != LangGo {
			t.Errorf("%s: %v, want %s", name, found, want)
		}
	}
	if found := p.FuncsNamed("no.such"); len(found) != 0 {
		t.Errorf("no.such: %v", found)
	}
	if g := p.Globals("globalInt"); len(g) != 1 || g[0].Name != "main.globalInt" || g[0].Type.String() != "int" {
		t.Errorf("globalInt: %v", g)
	}
	// Every Go function that sets up a frame says where its prologue ends.
	for _, f := range p.Funcs() {
		if f.Language != LangGo || strings.HasSuffix(f.CU.Name, ".s") || f.BodyStart != f.Low {
			continue
		}
		_, row, err := p.frames.find(f.Ranges[0].High - 2)
		if err == nil && row.cfaOff > 0 && p.lines.pos[p.lines.find(f.Low)] != 0 && !strings.HasSuffix(f.DeclFile, ".s") {
			t.Logf("%s has a frame of %d bytes at its end and no prologue", f.Name, row.cfaOff)
		}
	}
}
