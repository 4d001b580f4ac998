package symbols

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestTypesAreWrittenAndMeasuredAsByGDB(t *testing.T) {
	p := loadGuest(t, "values")
	var commands []string
	var vars []*Variable
	for _, u := range p.Units() {
		vars = append(vars, p.UnitGlobals(u)...)
	}
	f := p.FuncsNamed("main")[0]
	locals, err := p.Scope(f.BodyStart, 0)
	if err != nil {
		t.Fatal(err)
	}
	vars = append(vars, locals...)
	for i, v := range vars {
		name := v.Name
		if !v.Global {
			name = "main::" + name
		}
		commands = append(commands, fmt.Sprintf("echo @@%d\\n", i), "whatis "+name, "print sizeof("+name+")")
	}
	out := gdbOutput(t, guestFile(t, "values"), commands...)
	typ := regexp.MustCompile(`(?m)^type = (.*)$`)
	size := regexp.MustCompile(`(?m)^\$\d+ = (\d+)$`)
	compared := 0
	for _, part := range strings.Split(out, "@@")[1:] {
		var i int
		fmt.Sscan(part, &i)
		m, n := typ.FindStringSubmatch(part), size.FindStringSubmatch(part)
		if m == nil || n == nil || strings.Contains(m[1], "{...}") || strings.Contains(m[1], "variable length") {
			continue
		}
		compared++
		s, ok := vars[i].Type.Size()
		if vars[i].Type.String() != m[1] || !ok || fmt.Sprint(s) != n[1] {
			t.Errorf("%s: %s of %d bytes; gdb says %s of %s", vars[i].Name, vars[i].Type, s, m[1], n[1])
		}
	}
	if compared < 40 {
		t.Errorf("only %d variables compared\n%.2000s", compared, out)
	}
}

func TestDeclarationsAreWrittenFromTheInsideOut(t *testing.T) {
	p := emptyProgram()
	p.derived = map[derivedKey]*Type{}
	make := func(d typeData) *Type { d.lang = LangC; return p.newType(d) }
	i := p.BaseType("int", KindInt, 4, true)
	c := p.BaseType("char", KindChar, 1, false)
	node := make(typeData{kind: KindStruct, name: "node", size: 16})
	fn := make(typeData{kind: KindFunc, elem: i, params: []*Type{c, p.PointerTo(nil)}, size: -1})
	konst := func(t *Type) *Type { return make(typeData{kind: KindConst, elem: t, size: -1}) }
	for _, x := range []struct {
		t    *Type
		want string
		size int64
	}{
		{nil, "void", -1},
		{p.PointerTo(node), "struct node *", 8},
		{p.ArrayOf(p.ArrayOf(i, 4), 3), "int [3][4]", 48},
		{p.PointerTo(p.ArrayOf(c, 10)), "char (*)[10]", 8},
		{p.ArrayOf(p.PointerTo(c), 10), "char *[10]", 80},
		{p.PointerTo(fn), "int (*)(char, void *)", 8},
		{p.ArrayOf(p.PointerTo(fn), 2), "int (*[2])(char, void *)", 16},
		{konst(p.PointerTo(konst(c))), "const char * const", 8},
		{p.PointerTo(p.PointerTo(konst(c))), "const char **", 8},
		{p.PointerTo(make(typeData{kind: KindFunc, elem: p.PointerTo(p.ArrayOf(i, 2)), size: -1})), "int (*(*)(void))[2]", 8},
		{p.ArrayOf(i, -1), "int []", -1},
		{make(typeData{kind: KindStruct, size: 4}), "struct {…}", 4},
		{make(typeData{kind: KindUint, name: "long unsigned int", size: 8}), "unsigned long", 8},
		{make(typeData{kind: KindInt, name: "short int", size: 2}), "short", 2},
		{make(typeData{kind: KindInt, name: "long long int", size: 8}), "long long", 8},
	} {
		size, ok := x.t.Size()
		if !ok {
			size = -1
		}
		if got := x.t.String(); got != x.want || size != x.size {
			t.Errorf("%s, %d bytes; want %s, %d", got, size, x.want, x.size)
		}
	}
}

func TestMembersLieWhereTheCompilerPutThem(t *testing.T) {
	for _, guest := range []string{"values", "values_dwarf4", "values_o2"} {
		p := loadGuest(t, guest)
		var commands []string
		names := []string{"point", "rect", "bits", "list", "tree", "message", "packed", "aligned"}
		for _, n := range names {
			commands = append(commands, "echo @@"+n+"\\n", "ptype/o struct "+n)
		}
		out := gdbOutput(t, guestFile(t, guest), commands...)
		// "/*      0: 3   |       4 */    unsigned int a : 3;"
		member := regexp.MustCompile(`(?m)^/\*\s+(\d+)(?:: *(\d+))?\s+\|\s+(\d+) \*/    (?:\w.*[ *])?(\w+)(?: : (\d+))?(?:\[.*\])?;`)
		compared := 0
		for _, part := range strings.Split(out, "@@")[1:] {
			name := strings.Fields(part)[0]
			typ, ok := p.LookupType("struct " + name)
			if !ok {
				t.Errorf("%s: no struct %s", guest, name)
				continue
			}
			fields := map[string]Field{}
			for _, f := range typ.Fields() {
				fields[f.Name] = f
			}
			for _, m := range member.FindAllStringSubmatch(part, -1) {
				f, ok := fields[m[4]]
				if !ok {
					continue // of a nested one
				}
				compared++
				bits, start := "", ""
				if f.BitSize > 0 {
					bits, start = fmt.Sprint(f.BitSize), fmt.Sprint(f.BitStart)
				}
				if fmt.Sprint(f.Offset) != m[1] || bits != m[5] || start != m[2] {
					t.Errorf("%s: %s.%s at %d, bits %s from %s; gdb says %q", guest, name, f.Name, f.Offset, bits, start, m[0])
				}
			}
		}
		if compared < 15 {
			t.Errorf("%s: only %d members compared", guest, compared)
		}
	}
}

func TestTypesAreFoundByTheNamesThatSourcesUse(t *testing.T) {
	p := loadGuest(t, "values")
	for name, want := range map[string]string{
		"int":                   "int",
		"unsigned":              "unsigned int",
		"unsigned int":          "unsigned int",
		"long unsigned int":     "unsigned long",
		"unsigned long":         "unsigned long",
		"unsigned  long  int":   "unsigned long",
		"short":                 "short",
		"signed char":           "signed char",
		"struct point":          "struct point",
		"point":                 "struct point",
		"point_t":               "point_t",
		"enum colour":           "enum colour",
		"union number":          "union number",
		"byte":                  "byte",
		"void":                  "void",
		"enum point":            "-",
		"struct nothing":        "-",
		"nothing":               "-",
		"":                      "-",
		"struct struct point":   "-",
		"long long long":        "-",
		"unsigned struct point": "-",
		"double":                "double",
	} {
		typ, ok := p.LookupType(name)
		got := "-"
		if ok {
			got = typ.String()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
	typ, _ := p.LookupType("enum level")
	e := typ.Enumerators()
	if len(e) != 2 || e[0] != (Enumerator{"LOW", -10}) || e[1] != (Enumerator{"HIGH", 2000000000}) || !typ.Signed() {
		t.Errorf("enum level: %v, signed: %t", e, typ.Signed())
	}
}
