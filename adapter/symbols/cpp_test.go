package symbols

import (
	"os/exec"
	"path/filepath"
	"testing"
)

func compileCPP(t *testing.T, flags ...string) string {
	t.Helper()
	gxx := needTool(t, "riscv64-linux-gnu-g++")
	exe := filepath.Join(t.TempDir(), "classes")
	args := append([]string{"-static", "-o", exe, "testdata/classes.cc"}, flags...)
	if out, err := exec.Command(gxx, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

func TestCPlusPlusFramesAndVariablesAreThoseOfGDB(t *testing.T) {
	compareStops(t, compileCPP(t, "-g", "-O0"), 20, "main", "overloaded", "circle::area", "moved", "pop")
	compareStops(t, compileCPP(t, "-g", "-O2"), 20, "main", "circle::area")
}

func TestNamesOfCPlusPlusAreQualified(t *testing.T) {
	p, err := Load(compileCPP(t, "-g", "-O0"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"shapes::circle::area", "circle::area", "area", "_ZNK6shapes6circle4areaEv"} {
		if f := p.FuncsNamed(name); len(f) != 1 || f[0].Name != "shapes::circle::area" {
			t.Errorf("%s: %v", name, f)
		}
	}
	if f := p.FuncsNamed("overloaded"); len(f) != 2 {
		t.Errorf("overloaded: %v", f)
	}
	one, other := p.FuncPlaces("overloaded(int)"), p.FuncPlaces("overloaded(shapes::point const&)")
	if both := p.FuncPlaces("overloaded"); len(one) != 1 || len(other) != 1 || len(both) != 2 || one[0] == other[0] {
		t.Errorf("overloaded(int): %#x, overloaded(point): %#x, both: %#x", one, other, both)
	}
	for name, want := range map[string]string{
		"shapes::shape::count": "shapes::shape::count", "count": "shapes::shape::count", "hidden": "shapes::(anonymous namespace)::hidden",
	} {
		if g := p.Globals(name); len(g) != 1 || g[0].Name != want || g[0].Type.String() != "int" {
			t.Errorf("%s: %v", name, g)
		}
	}
	circle, ok := p.LookupType("shapes::circle")
	if short, _ := p.LookupType("circle"); !ok || short != circle {
		t.Error("shapes::circle is not circle")
	}
	if f := circle.Fields(); len(f) != 2 || !f[0].Base || f[0].Type.String() != "shapes::shape" || f[1].Name != "r" || f[1].Offset != 16 {
		t.Errorf("shapes::circle: %+v", f)
	}
	shape, _ := p.LookupType("shapes::shape")
	static := 0
	for _, f := range shape.Fields() {
		if f.Static && f.Name == "count" {
			static++
		}
	}
	if static != 1 {
		t.Errorf("shapes::shape: %+v", shape.Fields())
	}
	stack, ok := p.LookupType("shapes::stack<shapes::point, 4>")
	if !ok || stack.Fields()[0].Type.String() != "shapes::point [4]" {
		t.Errorf("%v, %+v", stack, stack.Fields())
	}
}
