package values

import (
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/testdata"
)

// oracle are expressions whose results don't depend on where the stack is, for
// values.c at //@all.
var oracle = []string{
	// Variables of every type.
	"i8_min", "i8_max", "u8_max", "i16_min", "u16_max", "i32_min", "u32_max", "i64_min", "i64_max", "u64_max",
	"letter", "newline", "high", "yes", "no", "minus", "f", "third", "d", "tenth", "huge", "tiny", "infinity", "minus_zero",
	"p", "r", "bits", "u", "packed", "empty", "colour", "flags", "level", "wide",
	"numbers", "grid", "text", "full", "strings", "points", "leaf", "*list->next->prev", "*message", "message->pixel",
	"in_register", "length", "argc", "vla", "global_int", "static_int", "const_int", "volatile_short", "global_string",
	"global_array", "zeroed", "matrix", "typedef_table", "rects", "ring", "global_callback", "call", "no_arguments",
	"null_string", "i128", "unknown", "sizeof vla", "sizeof(empty)", "*argv@1",
	// Members, elements, pointers.
	"p.x", "r.min.y", "rect_pointer->max.x", "(*rect_pointer).name", "rects[1].min.x", "list->next->next->value",
	"root.child[0]->child[1]->key", "*pointer", "**pointer_pointer", "pointer[-1]", "(*row)[2][1]", "grid[1][2][0]", "*grid[1][1]",
	"message->left", "message->both", "message->data[2]", "message->pixel.g", "bits.b", "bits.f", "u.bytes[7]", "u.d",
	"ring[0].prev->value", "ring[0].next - ring", "&ring[2] - &ring[0]", "&ring[1]", "ring[1].next", "&ring[1].value",
	"&global_int", "*&global_int", "&rects[1].max.y", "&matrix[1]", "*matrix[1]@2", "numbers[1]@3", "*pointer@2", "zeroed[990]@10",
	"*global_string@5", "global_string[7]", "*global_string", "argv[0][0]", "2[numbers]", "(&numbers[4])[-1]", "*(&numbers[4] - 2)",
	// Arithmetic: promotions, signs, wrapping.
	"i8_min + 0", "u8_max + 1", "u8_max * u8_max", "i16_min - 1", "u16_max * u16_max", "i32_min - 1", "i32_max", "u32_max + 1",
	"u32_max + 1L", "i64_max + 1", "u64_max + 1", "-i32_min", "-1 < 1u", "-1L < 1u", "-1 > 0ul", "i8_min < u8_max", "~0", "~0u", "~u8_max",
	"-minus", "+letter", "!yes", "!no", "!!length", "7 / 2", "-7 / 2", "-7 % 3", "7 % -3", "7u / 2", "u64_max / 3", "u64_max % 10", "i64_min / 2",
	"1 << 4", "1 << 31", "1u << 31", "1L << 40", "-8 >> 1", "u32_max >> 4", "0xff & 0x0f", "1 | 6", "5 ^ 3", "bits.a << 2", "bits.c + 1",
	"1 + 2 * 3", "(1 + 2) * 3", "10 - 4 - 3", "100 / 10 / 5", "1 | 2 ^ 3 & 4", "1 << 2 + 1", "1 < 2 == 1", "5 & 6 == 6", "-2 * -3", "- -3",
	"d * 2", "f + 1", "d / 3", "third * 3", "tenth + 0.2", "1.5e3", "0x1p4", ".5", "1.f", "d < tenth", "infinity > huge", "1 / 3.0", "f == 1.5", "d + i32_min", "length / 2.",
	"numbers[0] + numbers[2] * 2", "p.x * p.y", "letter - 'a'", "'A'", "'\\n'", "'\\''", "'\\101'", "'\\x41'", "letter + 1", "letter == 'x'",
	"yes + yes", "colour + 1", "colour == BLUE", "GREEN", "FLAG_A | FLAG_C", "flags & FLAG_C", "level < 0", "wide > 4294967295", "WIDE",
	// Logic.
	"1 && 0", "1 || 0", "0 && 1 / 0", "1 || 1 / 0", "list && list->value == 1", "!list->prev", "null_string == 0", "yes && !no", "d && 0.0", "pointer && 1",
	"length > 3 && length < 5",
	"pointer == &numbers[2]", "pointer > numbers", "pointer - numbers", "&numbers[2] == numbers + 2", "(char *)&numbers[2] - (char *)numbers",
	"pointer + 1 - pointer", "1 + pointer == pointer + 1", "untyped == &p",
	// Constants.
	"2147483647", "2147483648", "4294967295", "4294967296", "0x7fffffff", "0x80000000", "0xffffffff", "037", "10u", "10l", "10ul", "0x10", "9223372036854775807",
	"18446744073709551615u", "sizeof 1", "sizeof 1L", "sizeof 2147483648", "sizeof 0x80000000",
	// sizeof and casts.
	"sizeof(int)", "sizeof(struct rect)", "sizeof rects", "sizeof(long double)", "sizeof(char *)", "sizeof p.x", "sizeof(unsigned short)",
	"sizeof(struct list [4])", "sizeof(table)", "sizeof(point_t)", "sizeof(int (*)[10])", "sizeof 'a'", "sizeof *rect_pointer",
	"(char)300", "(signed char)200", "(unsigned char)-1", "(short)70000", "(unsigned short)-1", "(unsigned)-1", "(long)u32_max", "(int)u64_max", "(unsigned long)-1",
	"(long long)i32_min", "(long unsigned int)5", "(int)2.9", "(int)-2.9", "(float)1/3", "(double)7/2", "(_Bool)5", "(enum colour)5", "(enum colour)42", "(byte)257",
	"(int8_t)255", "(uint64_t)-1", "((struct point *)untyped)->y", "*(int *)untyped", "*(unsigned char *)&i32_min@4", "(long)&global_int", "(unsigned int)(char)-1",
	"*(long *)&d", "((struct rect *)rects)[1].colour", "*(struct point *)&rects[1].max", "(int)letter", "(char)65", "(int *)0", "(void *)16", "(struct list *)ring",
	"*(int (*)[3])&typedef_table[1]", "(const volatile int)5", "{int} &global_int", "{struct point} untyped", "(point_t *)untyped == &p",
	"sizeof(byte) + sizeof (short)", "(i8_min)", "(p).x", "((((1))))", "-(5)", "(letter)", "(int)-1", "(int)+1", "(length) - 1", "(length) * 2", "(length) & 6",
	// Formats.
	"/x u8_max", "/x i32_min", "/d u8_max", "/u i8_min", "/o 8", "/t 10", "/c 65", "/x numbers", "/x -1", "/d 'a'", "/x p", "/a &ring[1]", "/a main", "/u minus", "/x i64_min",
	// Statics of functions and files.
	"counter::calls", "'values.c'::static_int", "values.c::static_int + 1",
	// Functions.
	"&area", "*area == area", "call == area", "global_callback == &area",
	// Memory that is not there, and more that is wrong: an error in both.
	"*bad_string", "list->prev->value", "nothing", "p.z", "p->z", "*length", "&length + ", "numbers +", "1 +* 2", "p + 1", "7 / 0", "7 % 0", "*untyped", "&1", "(struct nowhere *)0",
	"1 = ", "&bits.a", "p < p", "!p", "sizeof(struct nowhere)", "(struct point)1", "numbers[p]", "f & 1", "f % 2", "~d", "d << 1",
}

// ours are results that differ from gdb's on purpose.
var ours = map[string]string{
	"u":                            "{i=4607182418800017408, d=1, halves={0, 1072693248}, bytes={0, 0, 0, 0, 0, 0, 240, 63}}", // bytes that are no text
	"empty":                        "{}",
	"flags":                        "FLAG_A|FLAG_C", // though FLAG_ALL is a combination itself
	"*message":                     "{kind=3, {{left=1, right=-1}, both=-4294967295}, pixel={r=0 '\\000', g=200 '\\310', b=0 '\\000'}, n=3, data=<unknown length>}",
	"*argv@1":                      `{0x3fffffefea "/guest"}`, // the argument is another
	"2[numbers]":                   "3",                       // C has it, gdb has not
	"yes + yes":                    "2",
	"/t 10":                        "0b1010",
	"/a main":                      "0x11144 <main>",
	"&bits.a":                      "error: bits.a is a bit field: it has no address",
	"*(unsigned char *)&i32_min@4": "{0, 0, 0, 128}",
	"values.c::static_int + 1":     "43", // gdb wants quotes
}

// oursO2 are the same for variables of the optimized program.
var oursO2 = map[string]string{
	"flags": "FLAG_A|FLAG_C",
	"bytes": "{<optimized out>, <optimized out>, <optimized out>, 239}",
	// What pointers without an address point to.
	"s":               `<no address> "A"`,
	"strings":         `{<no address> "one", 0x13158 "two", 0x0}`,
	"pointer_pointer": "<points to pointer>",
	"row":             "<points to grid+24>",
	"rect_pointer":    "<points to r>",
}

func TestExpressionsAreThoseOfGDB(t *testing.T) {
	c := guestAt(t, "values", "values.c", "all")
	theirs := askGDB(t, "values", "values.c", "all", oracle)
	for _, expr := range oracle {
		got := result(c, expr)
		want, isOurs := ours[expr]
		if !isOurs {
			want = normalGDB(theirs[expr])
		}
		if want == "" && strings.HasPrefix(got, "error: ") {
			continue // an error in both
		}
		if !sameValue(got, want) {
			t.Errorf("%s: %s; gdb: %s", expr, got, theirs[expr])
		}
	}
}

// result is the text of an expression's value, or what is wrong with it.
func result(c *Context, expr string) string {
	v, err := Evaluate(c, expr)
	switch {
	case err != nil:
		return "error: " + err.Error()
	case v.Err() != nil:
		return "error: " + v.Err().Error()
	}
	return v.Text(Format{Limit: 2000})
}

// At -O2 variables are in registers, in pieces, constants, or not there at all.
func TestOptimizedVariablesAreThoseOfGDB(t *testing.T) {
	for _, marker := range []string{"area", "arguments", "calls", "counter"} {
		t.Run(marker, func(t *testing.T) {
			c := guestAt(t, "values_o2", "values.c", marker)
			args, err := Args(c)
			if err != nil {
				t.Fatal(err)
			}
			locals, err := Locals(c)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, v := range append(args, locals...) {
				if v.Name() != "show" { // bytes in it are text to gdb
					names = append(names, v.Name())
				}
			}
			theirs := askGDB(t, "values_o2", "values.c", marker, names)
			for _, name := range names {
				v, err := Evaluate(c, name)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				got, want := stack.ReplaceAllString(v.Text(Format{Limit: 2000}), "STACK"), stack.ReplaceAllString(normalGDB(theirs[name]), "STACK")
				if ours, ok := oursO2[name]; ok {
					want = ours
				}
				if !sameValue(got, want) {
					t.Errorf("%s: %s; gdb: %s", name, got, theirs[name])
				}
			}
		})
	}
}

// stack matches addresses on the stack, which is not where qemu has it.
var stack = regexp.MustCompile(`0x(?:3fffff[0-9a-f]{4}|40008[0-9a-f]{5})\b`)

// askGDB prints expressions with the real gdb, at the same place under
// qemu-riscv64. An error is an empty answer.
func askGDB(t *testing.T, guest, source, marker string, exprs []string) map[string]string {
	t.Helper()
	gdb, qemu := needTool(t, "gdb-multiarch"), needTool(t, "qemu-riscv64")
	dir := t.TempDir()
	exe, err := testdata.Extract(dir, guest)
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "gdb")
	server := exec.Command(qemu, "-g", socket, exe)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		server.Process.Kill()
		server.Wait()
	}()
	args := []string{
		"-nx", "-batch", "-ex", "set confirm off", "-ex", "set width 0", "-ex", "set print elements 2000", "-ex", "set print repeats 10",
		"-ex", "set charset UTF-8", "-ex", "set tcp connect-timeout 10", "-ex", "set print symbol on", "-ex", "set breakpoint pending off",
		"-ex", "target remote " + socket,
		"-ex", fmt.Sprintf("break %s:%d", source, testdata.Line(source, marker)), "-ex", "continue",
	}
	for i, e := range exprs {
		cmd := "print "
		if strings.HasPrefix(e, "/") {
			cmd = "print"
		}
		args = append(args, "-ex", fmt.Sprintf("echo @@%d|", i), "-ex", cmd+e)
	}
	args = append(args, "-ex", `echo @@end|`, "-ex", "kill", exe)
	cmd := exec.Command(gdb, args...)
	timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer timer.Stop()
	out, _ := cmd.Output()
	answers := map[string]string{}
	for _, part := range strings.Split(string(out), "@@")[1:] {
		number, text, _ := strings.Cut(part, "|")
		if i, err := strconv.Atoi(number); err == nil {
			answers[exprs[i]] = strings.TrimSpace(text)
		}
	}
	if len(answers) != len(exprs) {
		t.Fatalf("gdb answered %d of %d:\n%s", len(answers), len(exprs), out)
	}
	return answers
}

var (
	gdbNumber = regexp.MustCompile(`^\$\d+ = `)
	gdbCast   = regexp.MustCompile(`(^|[{=] |, |\s)\((?:[a-z_]+ ?)+[a-z0-9_]* ?[^()]*(?:\(\*\)[^()]*(?:\([^()]*\))?)? ?\*?\) (0x)`)
	gdbFlags  = regexp.MustCompile(`\(([A-Z_]+(?: \| [A-Z_]+)+)\)`)
	gdbZeros  = regexp.MustCompile(`(?:\\000)+"`)
	gdbNoMem  = regexp.MustCompile(`<error: Cannot access memory at address [^>]*>`)
	gdbNaN    = regexp.MustCompile(`nan\(0x[0-9a-f]+\)`)
	gdbFunc   = regexp.MustCompile(`\{[a-z_]+ \([^{}]*\)\} (0x)`)
)

// normalGDB brings gdb's notation into ours.
func normalGDB(s string) string {
	if !gdbNumber.MatchString(s) {
		return ""
	}
	s = gdbNumber.ReplaceAllString(s, "")
	s = gdbCast.ReplaceAllString(s, "$1$2")
	s = gdbFunc.ReplaceAllString(s, "$1")
	s = gdbFlags.ReplaceAllStringFunc(s, func(m string) string { return strings.ReplaceAll(strings.Trim(m, "()"), " | ", "|") })
	s = gdbZeros.ReplaceAllString(s, `"`)
	s = gdbNoMem.ReplaceAllString(s, "<no memory there>")
	s = gdbNaN.ReplaceAllString(s, "nan")
	s = strings.ReplaceAll(s, " = ", "=")
	return s
}

var floatText = regexp.MustCompile(`-?\d+\.\d+(?:e[+-]\d+)?|-?\d+e[+-]\d+`)

// sameValue compares two texts; floats by their value.
func sameValue(got, want string) bool {
	shortest := func(s string) string {
		return floatText.ReplaceAllStringFunc(s, func(m string) string {
			f, err := strconv.ParseFloat(m, 64)
			if err != nil || math.IsInf(f, 0) {
				return m
			}
			return strconv.FormatFloat(f, 'g', 7, 64)
		})
	}
	return got == want || shortest(got) == shortest(want)
}
