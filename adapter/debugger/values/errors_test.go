package values

import (
	"errors"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

var cErrors = []struct {
	expr string
	pos  int
	want string
}{
	{"nothing", 0, `no symbol "nothing" here`},
	{"p.x + nothing", 6, `no symbol "nothing" here (at column 7 of "p.x + nothing")`},
	{"p.z", 2, `no member "z" in struct point`},
	{"length.x", 7, `length has no member "x": it is an int`},
	{"list->prev->value", -1, "cannot read 4 bytes at 0x0 (list->prev is NULL)"},
	{"list->prev->next", -1, "cannot read 8 bytes at 0x8 (list->prev is NULL)"},
	{"list->prev->next->value", 18, "cannot read 8 bytes at 0x8 (list->prev is NULL)"},
	{"*null_string + 1", 0, "cannot read the byte at 0x0 (null_string is NULL)"},
	{"*bad_string == 'x'", 0, "cannot read the byte at 0x10"},
	{"((int *)8)[2]", -1, "cannot read 4 bytes at 0x10 (((int *)8) is 0x8)"},
	{"*untyped", 0, "untyped is a void *: cast it to another pointer first"},
	{"*length", 0, "length is no pointer: it is an int"},
	{"1 / 0", 2, "division by zero"},
	{"7 % (length - length)", 2, "division by zero"},
	{"1 << -1", 2, "a shift by a negative count"},
	{"d % 2", 2, "the operator needs integers"},
	{"p + 1", 2, `"+" needs numbers, p is a struct point`},
	{"p && 1", 0, "p is no condition: it is a struct point"},
	{"pointer * 2", 8, `no operator "*" for pointers`},
	{"pointer - &d", 8, "pointers to different types can't be subtracted"},
	{"numbers[d]", 8, "an index must be an integer, d is a double"},
	{"length[0]", 6, "length can't be indexed"},
	{"&length + ", 9, "the expression is incomplete"},
	{"", 0, "the expression is empty"},
	{"   ", 0, "the expression is empty"},
	{"1 2", 2, `unexpected "2"`},
	{"(1", 2, `expected ")" after "(", found the end`},
	{"numbers[1", 9, `expected "]" after "[", found the end`},
	{"p.", 2, `expected a member's name after ".", found the end`},
	{"p.1", 1, `unexpected ".1"`},
	{"1 ? 2", 5, `expected ":" after "?", found the end`},
	{"length = 4", 7, "assignment: the past can't be changed"},
	{"length += 4", 7, "assignment: the past can't be changed"},
	{"numbers[length = 4]", 15, "assignment: the past can't be changed"},
	{"length++", 6, "assignment: the past can't be changed"},
	{"--length", 0, "assignment: the past can't be changed"},
	{"counter()", 0, "calls are not possible: the program can't be run to compute a value"},
	{"call(&p, 1) + 1", 0, "calls are not possible"},
	{"struct point", 0, `"struct" begins a type, not a value`},
	{"point_t", 0, `"point_t" is a type, not a value`},
	{"(struct nowhere *)0", 1, `no type "struct nowhere" in this program`},
	{"sizeof(struct nowhere)", 7, `no type "struct nowhere" in this program`},
	{"(unsigned float)1", 1, `no type "unsigned float"`},
	{"int", 0, `"int" begins a type`},
	{"(int (*)(int)", 13, `expected ")" after the type`},
	{"(struct point)1", 14, "1 can't be cast to struct point: it is an int"},
	{"(int)p", 5, "p can't be cast to int: it is a struct point"},
	{"(double)pointer", 8, "pointer can't be cast to double"},
	{"$nosuch", 0, `no register "$nosuch" on riscv64`},
	{"$", 0, `"$" needs a register's name after it`},
	{"'ab'", 0, "a character literal holds one character"},
	{"''", 0, "a character literal holds one character"},
	{"'a", 0, "no closing '"},
	{`"a`, 0, `no closing "`},
	{`"\q"`, 1, "bad escape sequence"},
	{"0x", 0, "bad number 0x"},
	{"08", 0, "bad number 08"},
	{"1.2.3", 0, "bad number 1.2.3"},
	{"1abc", 0, "bad number 1abc"},
	{"99999999999999999999", 0, "99999999999999999999 does not fit in 64 bits"},
	{"length # 1", 7, "unexpected character '#'"},
	{"length @ 0", 9, `the count after "@" must be a positive integer`},
	{"1 @ 2", 2, `only values in memory can be extended with "@"`},
	{"&bits.a", 0, "bits.a is a bit field: it has no address"},
	{"sizeof bits.a", 0, "sizeof of a bit field"},
	{"&1", 0, "1 has no address"},
	{"other.c::static_int", 0, `no symbol "static_int" in "other.c"`},
	{"main::nothing", 0, `no symbol "nothing" in "main"`},
	{`p == "text"`, 2, "p can't be compared with text"},
	{"{void} 0", 1, "memory can't be read as void"},
	{"{int} p", 6, "p is no address"},
}

func TestErrorsSayWhatAndWhere(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	for _, e := range cErrors {
		v, err := Evaluate(c, e.expr)
		if err == nil {
			err = v.Err()
			if e.pos >= 0 || err == nil {
				t.Errorf("%q: no error: %s", e.expr, v.Text())
				continue
			}
			if !strings.HasPrefix(v.Text(), "<") {
				t.Errorf("%q: the text does not show the error: %s", e.expr, v.Text())
			}
		}
		if !strings.Contains(err.Error(), e.want) {
			t.Errorf("%q: %v, want %q", e.expr, err, e.want)
		}
		var ee *Error
		if errors.As(err, &ee) && ee.Pos != e.pos {
			t.Errorf("%q: %v: at %d, want %d", e.expr, err, ee.Pos, e.pos)
		}
	}
}

func TestOptimizedOutIsNamed(t *testing.T) {
	c := guestAt(t, "values_o2", "values.c", "counter")
	v, err := Evaluate(c, "full[0]")
	if err != nil {
		t.Fatal(err)
	}
	var opt *symbols.OptimizedOutError
	if !errors.As(v.Err(), &opt) || v.Text() != "<optimized out>" {
		t.Errorf("%s, %v", v.Text(), v.Err())
	}
	if _, err := Evaluate(c, "full[0] + 1"); err == nil || !strings.Contains(err.Error(), "full[0] is optimized out") {
		t.Errorf("computing with it: %v", err)
	}
	if got := result(c, "full[3]"); got != "108 'l'" {
		t.Errorf("the part that is there: %s", got)
	}
}

// Without a frame there are globals and constants.
func TestWithoutAFrame(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	c.Frame, c.RegBytes = nil, nil
	for expr, want := range map[string]string{
		"global_int + 1": "-123456788", "1 + 2": "3", "ring[1].value": "20", "sizeof(struct rect)": "32", "BLUE": "BLUE",
		"length": `error: no symbol "length" here`, "$sp": "error: optimized out: ", "counter::calls": "102",
	} {
		if got := result(c, expr); !strings.HasPrefix(got, want) && expr != "counter::calls" {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
	if locals, err := Locals(c); err != nil || len(locals) != 0 {
		t.Errorf("locals: %v, %v", locals, err)
	}
	if g := Globals(c); len(g) < 10 {
		t.Errorf("%d globals", len(g))
	}
	if _, err := Evaluate(&Context{}, "1"); err == nil {
		t.Error("without a program: no error")
	}
}

func TestAProgramWithoutDebugInformation(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	c.Prog = stripped(t, guestFile(t, "values"))
	c.Frame = nil
	for expr, want := range map[string]string{
		"1 + 2": "3", "*(int *)&global_int": "-123456789", "(int)global_int": "-123456789", "{int} &global_int": "-123456789",
		"$sp != 0": "1", "area": "0x11000 <area>", "(uint8_t)300": "44 ','", "&area": "0x11000 <area>", "*area": "0x11000 <area>",
	} {
		if got := result(c, expr); got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
	if got := result(c, "nothing"); !strings.Contains(got, "no debug information") {
		t.Errorf("nothing: %s", got)
	}
}
