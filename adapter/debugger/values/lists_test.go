package values

import (
	"slices"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

func vmGroup(i int) vm.RegGroup { return vm.RegGroup(i) }

func names(vs []*Value) string {
	var out []string
	for _, v := range vs {
		out = append(out, v.Name())
	}
	return strings.Join(out, " ")
}

func TestArgumentsAndLocalsComeInOrderOfDeclaration(t *testing.T) {
	c := guestAt(t, "values", "values.c", "arguments")
	args, err := Args(c)
	if want := "i8 u8 i16 u16 i32 u32 i64 u64 f d p r s yes"; err != nil || names(args) != want {
		t.Errorf("arguments: %s, %v", names(args), err)
	}
	if locals, err := Locals(c); err != nil || len(locals) != 0 {
		t.Errorf("locals: %s, %v", names(locals), err)
	}
	c = guestAt(t, "govalues", "govalues/main.go", "variadic")
	args, err = Args(c)
	if want := "prefix rest n err"; err != nil || names(args) != want {
		t.Errorf("arguments of Go: %s, %v", names(args), err)
	}
	for _, v := range args {
		if got, want := v.Hint().Result, v.Name() == "n" || v.Name() == "err"; got != want {
			t.Errorf("%s is a result: %t", v.Name(), got)
		}
	}
}

func TestGlobalsAreThoseOfTheUnit(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	g := Globals(c)
	if got := names(g); !strings.HasPrefix(got, "global_int static_int const_int volatile_short") {
		t.Errorf("globals: %s", got)
	}
	for _, v := range g {
		if !v.Hint().Static {
			t.Errorf("%s is not static", v.Name())
		}
	}
	c = guestAt(t, "govalues", "govalues/main.go", "all")
	if got := names(Globals(c)); got != "main.globalInt main.globalString main.globalSlice main.globalMap main.globalError" {
		t.Errorf("globals of main: %s", got)
	}
}

// A local of the same name does not keep a global from being seen.
func TestAHiddenGlobalHasAnExpressionOfItsOwn(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	hidden := *c.Prog.Globals("global_int")[0]
	hidden.Name = "length" // as if it were called like a local of main
	if expr := c.globalExpr(&hidden); expr != "'values.c'::length" {
		t.Errorf("its expression is %s", expr)
	}
}

func TestRegisters(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	general := Registers(c, vm.GroupGeneral)
	if len(general) != 32 {
		t.Errorf("%d general registers", len(general))
	}
	find := func(vs []*Value, name string) *Value {
		i := slices.IndexFunc(vs, func(v *Value) bool { return v.Name() == name })
		if i < 0 {
			t.Fatalf("no register %s in %s", name, names(vs))
		}
		return vs[i]
	}
	if s1 := find(general, "s1"); s1.Text() != "0x4d" || s1.Expr() != "$s1" || s1.Hint().Kind != KindRegister {
		t.Errorf("s1, which holds in_register, is %s %s", s1.Expr(), s1.Text())
	}
	if pc := find(Registers(c, vm.GroupControl), "pc"); !strings.Contains(pc.Text(), "<main+") {
		t.Errorf("pc is %s", pc.Text())
	}
	for expr, want := range map[string]string{
		"$s1": "77", "$x9": "77", "$s1 == in_register": "1", "$pc > $ra": "1", "$sp == $x2": "1", "$s0 == $fp": "1", "$fa5 + 1": "2", "*(int *)&length == length": "1", "/x $s1": "0x4d", "(char)$s1": "77 'M'",
	} {
		if got := result(c, expr); got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
	// A float in a register for doubles has ones above it.
	c.RegBytes = func(int) ([]byte, bool) { return []byte{0, 0, 0xc0, 0x3f, 0xff, 0xff, 0xff, 0xff}, true }
	if v := must(t, c, "$fa0"); v.Text() != "1.5" || v.Type() != "float" {
		t.Errorf("a boxed float: %s %s", v.Type(), v.Text())
	}
	c.RegBytes = func(int) ([]byte, bool) { return nil, false }
	if v := must(t, c, "$a0"); v.Text() != "<optimized out>" || v.Err() == nil {
		t.Errorf("a lost register: %s, %v", v.Text(), v.Err())
	}
	if _, err := Evaluate(c, "$a0 + 1"); err == nil || !strings.Contains(err.Error(), "did not save") {
		t.Errorf("computing with a lost register: %v", err)
	}
}

func TestNumbersTargetsAndHints(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	for _, e := range []struct {
		expr   string
		i      int64
		u      uint64
		f      float64
		truth  bool
		kind   Kind
		target bool
	}{
		{"i8_min", -128, 1<<64 - 128, -128, true, KindData, false},
		{"u32_max", 1<<32 - 1, 1<<32 - 1, 1<<32 - 1, true, KindData, false},
		{"d", -2, 1<<64 - 2, -2.25, true, KindData, false},
		{"no", 0, 0, 0, false, KindData, false},
		{"minus_zero", 0, 0, 0, false, KindData, false},
		{"null_string", 0, 0, 0, false, KindString, false},
		{"bad_string", 16, 16, 16, true, KindString, true},
		{"pointer - pointer", 0, 0, 0, false, KindData, false},
		{"ring[0].next", 0x140e0, 0x140e0, 0x140e0, true, KindPointer, true},
		{"call", 0x11000, 0x11000, 0x11000, true, KindFunction, true},
		{"area", 0x11000, 0x11000, 0x11000, true, KindFunction, true},
		{"BLUE", 6, 6, 6, true, KindData, false},
	} {
		v := must(t, c, e.expr)
		i, err1 := v.Int()
		u, err2 := v.Uint()
		f, err3 := v.Float()
		truth, err4 := v.Truth()
		_, target := v.Target()
		if i != e.i || u != e.u || f != e.f || truth != e.truth || v.Hint().Kind != e.kind || target != e.target || err1 != nil || err2 != nil || err3 != nil || err4 != nil {
			t.Errorf("%s: %d %d %g %t, kind %d, target %t; %v %v %v %v", e.expr, i, u, f, truth, v.Hint().Kind, target, err1, err2, err3, err4)
		}
	}
	for expr, kind := range map[string]Kind{"p": KindAggregate, "numbers": KindAggregate, "text": KindString, "strings": KindAggregate, "message": KindPointer, "global_string": KindString} {
		if got := must(t, c, expr).Hint().Kind; got != kind {
			t.Errorf("%s: kind %d, want %d", expr, got, kind)
		}
	}
	if _, err := must(t, c, "p").Int(); err == nil {
		t.Error("a struct is a number")
	}
	if !must(t, c, "1 + 1").Hint().Constant || must(t, c, "length").Hint().Constant {
		t.Error("which values are constant")
	}
}

func TestHexOfTheUserInterface(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	for expr, want := range map[string]string{
		"length": "0x4", "i8_min": "0x80", "numbers": "{0x1, 0xfffffffe, 0x3, 0xfffffffc, 0x5}", "d": "-2.25", "colour": "0x6", "text": `"text"`, "text,x": "{0x74, 0x65, 0x78, 0x74, 0x0, 0x0, 0x0, 0x0}",
		"global_string": `0x13000 "hello, world"`, "call": "0x11000 <area>", "p": "{x=0x3, y=0xfffffffc}", "bits": "{a=0x5, b=0x19, c=0x12c, d=0x1, e=0x6, f=0xabcdef0123, g=0x64}",
	} {
		if got := must(t, c, expr).Text(Format{Hex: true}); got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
}

func TestFormatBytesShowsOldValues(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	for _, e := range []struct{ expr, data, want string }{
		{"length", "\x05\x00\x00\x00", "5"}, {"colour", "\x05\x00\x00\x00", "GREEN"}, {"p", "\x01\x00\x00\x00\xff\xff\xff\xff", "{x=1, y=-1}"},
		{"d", "\x00\x00\x00\x00\x00\x00\xf8\x3f", "1.5"}, {"text", "abc\x00defg", `"abc"`}, {"bits.b", "\x08", "1"}, {"letter", "A", "65 'A'"},
		{"ring[0].next", "\xc8\x40\x01\x00\x00\x00\x00\x00", "0x140c8 <ring>"}, {"length", "\x05", "<only 1 bytes of the value are known>"},
	} {
		if got := must(t, c, e.expr).FormatBytes([]byte(e.data)); got != e.want {
			t.Errorf("%s from %q: %s, want %s", e.expr, e.data, got, e.want)
		}
	}
}

// noRegs knows no register.
type noRegs struct{}

func (noRegs) Reg(int) (uint64, bool) { return 0, false }

func TestAFrameWithoutRegistersStillShowsItsNames(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	f := *c.Frame
	f.Regs = noRegs{}
	c.Frame = &f
	locals, err := Locals(c)
	if err != nil || len(locals) < 50 {
		t.Fatalf("%d locals, %v", len(locals), err)
	}
	var opt int
	for _, v := range locals {
		if v.Text() == "<optimized out>" || v.Err() != nil {
			opt++
		}
	}
	if opt == 0 {
		t.Error("all of them are there")
	}
}

func BenchmarkCondition(b *testing.B) {
	for _, g := range []struct{ guest, source, expr string }{
		{"values", "values.c", "length == 5 && list->next->value > 100"},
		{"govalues", "govalues/main.go", `len(slice) == 5 && p.x > 100 || s == "x"`},
	} {
		b.Run(g.guest, func(b *testing.B) {
			c := guestAt(b, g.guest, g.source, "all")
			e, err := Parse(c, g.expr)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				v, err := e.Eval(c)
				if err != nil {
					b.Fatal(err)
				}
				if yes, err := v.Truth(); yes || err != nil {
					b.Fatal(yes, err)
				}
			}
		})
	}
}
