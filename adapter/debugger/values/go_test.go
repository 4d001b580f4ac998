package values

import (
	"strconv"
	"strings"
	"testing"
)

// What Go itself says of these, in govalues/main.go at //@all.
var goExpressions = []struct{ expr, want string }{
	// Variables.
	{"b", "true"}, {"i8", "-128"}, {"u8", "255"}, {"i16", "-300"}, {"u32", "4000000000"},
	{"i64", "-9223372036854775808"}, {"u64", "18446744073709551615"}, {"f32", "1.5"}, {"f64", "-2.25"},
	{"c64", "(1+2i)"}, {"c128", "(3-4i)"}, {"r", "223"}, {"by", "65"}, {"ptr", "0x1234"}, {"nan", "NaN"}, {"inf", "-Inf"},
	{"s", `"hello\n\"Go\""`}, {"empty", `""`}, {"array", "[3]int{10, 20, 30}"}, {"grid", `[2][2]string{{"a", "b"}, {"c", "d"}}`},
	{"slice", "[]int{10, 20, 30} (len 3, cap 10)"}, {"nilSlice", "nil"}, {"part", "[]int{2} (len 1, cap 2)"}, {"bytes", `[]byte("bytes")`},
	{"m", `map[string]main.point{"origin": {x: 0, y: 0}, "unit": {x: 1, y: 1}}`}, {"ints", `map[int]string{1: "one"}`}, {"nilMap", "nil"},
	{"p", "main.point{x: 3, y: 4}"}, {"pp", "&main.point{x: 3, y: 4}"}, {"nilPtr", "nil"}, {"col", "2"}, {"d", "1.5s"},
	{"rc", `&main.rect{point: main.point{x: 1, y: 2}, w: 3, h: 4, tags: []string{"x", "y"}}`}, {"anon", `{a: 1, b: "anonymous"}`},
	{"sh", `&main.rect{point: main.point{x: 1, y: 2}, w: 3, h: 4, tags: []string{"x", "y"}}`}, {"nilShape", "nil"},
	{"any1", "int(7)"}, {"any2", "main.circle(2)"}, {"l.next.value", `"first"`}, {"add", "main.adder.func1"}, {"method", "main.point.dist-fm"},
	{"globalError", `&errors.errorString{s: "global error"}`},
	// Packages.
	{"main.globalInt", "42"}, {"globalInt", "42"}, {"globalString", `"grüße, 世界"`}, {"main.globalSlice[1]", "2"}, {"globalMap", `map[string]int{"one": 1, "two": 2}`},
	{"len(os.Args)", "1"}, {`len("internal/godebugs".All) > 10`, "true"}, {"len(godebugs.All) > 10", "true"},
	// Members, elements, what interfaces hold.
	{"p.x", "3"}, {"pp.y", "4"}, {"(*pp).y", "4"}, {"rc.point.y", "2"}, {"rc.y", "2"}, {"rc.tags[1]", `"y"`}, {"rc.tags[1][0]", "121"}, {"l.next.next == nil", "true"},
	{"sh.w", "3"}, {"sh.(*main.rect).h", "4"}, {"sh.(*rect).h", "4"}, {"any2.(main.circle) + 1", "3"}, {"err.msg", `"wrapped: global error"`}, {"err.(*fmt.wrapError).err.s", `"global error"`},
	{"array[1]", "20"}, {"grid[1][0]", `"c"`}, {"slice[2]", "30"}, {"s[0]", "104"}, {"slice[1:]", "[]int{20, 30} (len 2, cap 9)"}, {"slice[:1]", "[]int{10} (len 1, cap 10)"},
	{"slice[:5]", "[]int{10, 20, 30, 0, 0} (len 5, cap 10)"}, {"array[1:2]", "[1]int{20}"}, {"s[1:3]", `"el"`}, {`"abc"[1:]`, `"bc"`}, {"bytes[1:3]", `[]byte("yt") (len 2, cap 4)`}, {"many[99]", "9801"}, {`m["unit"].x`, "1"},
	{"ints[1]", `"one"`}, {"globalMap[\"two\"] * 2", "4"}, {"many[i8 + 128]", ""}, {"many[int(i8) + 128 + 7]", "49"},
	// Built-in functions.
	{"len(s)", "10"}, {"len(slice)", "3"}, {"cap(slice)", "10"}, {"len(m)", "2"}, {"len(many)", "100"}, {"len(nilMap)", "0"}, {"len(ch)", "2"}, {"cap(ch)", "3"},
	{"len(array)", "3"}, {"len(globalString)", "15"}, {"real(c128)", "3"}, {"imag(c128)", "-4"}, {"len(long)", "300"},
	// Operators.
	{"1 + 2*3", "7"}, {"7 / 2", "3"}, {"-7 / 2", "-3"}, {"-7 % 3", "-1"}, {"7 / 2.0", "3.5"}, {"1 << 10", "1024"}, {"6 &^ 2", "4"}, {"^0", "-1"}, {"^u8", "0"}, {"5 ^ 3", "6"}, {"1 | 6 & 3", "3"},
	{"u8 + 1", "0"}, {"i8 - 1", "127"}, {"-i8", "-128"}, {"u64 + 1", "0"}, {"u32 << 1", "3705032704"}, {"u8 >> 4", "15"}, {"i16 >> 1", "-150"}, {"f32 * 2", "3"}, {"f64 + 1", "-1.25"}, {"c128 * c128", "(-7-24i)"},
	{"i8 < 0", "true"}, {"u8 == 255", "true"}, {"f64 < 0 && b", "true"}, {"!b || i8 > 0", "false"}, {"b == true", "true"}, {"s == \"hello\\n\\\"Go\\\"\"", "true"}, {"s != empty", "true"}, {`empty + "x" + s[:2]`, `"xhe"`}, {`s > "h"`, "true"},
	{"pp == nil", "false"}, {"nilPtr == nil", "true"}, {"nilShape == nil", "true"}, {"sh != nil", "true"}, {"nilSlice == nil", "true"}, {"nilMap == nil && err != nil", "true"}, {"add != nil", "true"},
	{"nan == nan", "false"}, {"'a' + 1", "98"}, {"'ß' == r", "true"}, {"by == 'A'", "true"}, {"0x10 + 0b11 + 0o17 + 1_000", "1034"}, {"`raw\\n`", `"raw\\n"`}, {"&p == pp", "true"}, {"col == 2", "true"},
	// Conversions.
	{"int(u8) + 1", "256"}, {"uint8(300)", "44"}, {"int8(u8)", "-1"}, {"float64(i16) / 7", "-42.857142857142854"}, {"int(f64)", "-2"}, {"string(bytes)", `"bytes"`}, {"string(r)", `"ß"`}, {"main.colour(1)", "1"}, {"colour(1) + col", "3"},
	{"(*main.point)(ptr) == nil", "false"}, {"uintptr(0x10)", "0x10"}, {"(*main.point)(uintptr(0)) == nil", "true"}, {"any2.(circle) == circle(2)", "true"}, {"(*list[string])(nil) == nil", "true"}, {"[]int(nil) == nil", "true"},
	// Memory as an array.
	{"slice[0]@2", "[2]int{10, 20}"}, {"*pp@1", "[1]main.point{{x: 3, y: 4}}"}, {"/x u8", "0xff"}, {"slice,x", "[]int{0xa, 0x14, 0x1e} (len 3, cap 10)"},
}

func TestGoExpressions(t *testing.T) {
	c := guestAt(t, "govalues", "govalues/main.go", "all")
	for _, e := range goExpressions {
		got := result(c, e.expr)
		if e.want == "" && strings.HasPrefix(got, "error: ") {
			continue
		}
		if got != e.want {
			t.Errorf("%s: %s, want %s", e.expr, got, e.want)
		}
	}
}

var goErrors = []struct{ expr, want string }{
	{"nothing", `no symbol "nothing" here`},
	{"main.nothing", `no symbol "main.nothing" here`},
	{"p.z", `no member "z" in main.point`},
	{"nilPtr.w", "cannot read 8 bytes at 0x8 (nilPtr is nil)"},
	{"array[3]", "index 3 is out of range: the length is 3"},
	{"slice[-1]", "index -1 is out of range: the length is 3"},
	{"slice[4:2]", "bounds [4:2] are out of range"},
	{"slice[:11]", "bounds [0:11] are out of range"},
	{`m["none"]`, `the map has no key "none"`},
	{"m[1]", "keys of the map are string, not an int"},
	{"i8 + i16", "mismatched types int8 and int16"},
	{"u8 == 300", "the constant 300 overflows uint8"},
	{"i16 + 1.5", "the constant 1.5 is truncated"},
	{"p + 1", `no operator "+" for main.point and int`},
	{"pp + 1", `no operator "+" for *main.point and int`},
	{"p && b", "p is no condition: it is a main.point, not bool"},
	{"!i8", "i8 is no condition: it is an int8, not bool"},
	{"p == nil", "p can't be nil"},
	{"sh.(main.circle)", "sh holds a *main.rect, not a main.circle"},
	{"nilShape.(main.circle)", "the interface is nil"},
	{"p.(main.circle)", "p is no interface"},
	{"add(1)", "calls are not possible"},
	{"p.dist()", "calls are not possible"},
	{"main.adder(1)", "calls are not possible"},
	{"len(p)", "p has no length"},
	{"i8 = 1", "assignment: the past can't be changed"},
	{"x := 1", "assignment: the past can't be changed"},
	{"i8++", "assignment: the past can't be changed"},
	{"1 / (i8 - i8)", "division by zero"},
	{"main.point", `"main.point" is a type, not a value`},
	{"*i8", "i8 is no pointer"},
	{"&1", "1 has no address"},
	{"2i", "complex literals are not supported"},
}

func TestGoErrorsSayWhatIsWrong(t *testing.T) {
	c := guestAt(t, "govalues", "govalues/main.go", "all")
	for _, e := range goErrors {
		if got := result(c, e.expr); !strings.HasPrefix(got, "error: ") || !strings.Contains(got, e.want) {
			t.Errorf("%s: %s, want an error with %q", e.expr, got, e.want)
		}
	}
}

func TestGoMapsListEveryEntryOnce(t *testing.T) {
	c := guestAt(t, "govalues", "govalues/main.go", "all")
	v, err := Evaluate(c, "many")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for start := 0; start < v.NumIndexed(); start += 7 {
		page, err := v.Children(start, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range page {
			seen[k.Name()] = k.Text()
		}
	}
	for i := range 100 {
		n := strconv.Itoa(i)
		if seen["["+n+"]"] != strconv.Itoa(i*i) {
			t.Errorf("many[%d] is %q", i, seen["["+n+"]"])
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d entries", len(seen))
	}
}
