package values

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/rv64"
)

// elfMemory is the memory of a program that has not started.
type elfMemory struct{ f *elf.File }

func (m elfMemory) ReadMemory(addr uint64, p []byte) int {
	for _, s := range m.f.Progs {
		if s.Type != elf.PT_LOAD || addr < s.Vaddr || addr >= s.Vaddr+s.Memsz {
			continue
		}
		n := min(uint64(len(p)), s.Vaddr+s.Memsz-addr)
		clear(p[:n])
		if off := addr - s.Vaddr; off < s.Filesz {
			s.ReadAt(p[:min(n, s.Filesz-off)], int64(off))
		}
		return int(n)
	}
	return 0
}

const staticSource = `
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>
#include <uchar.h>
long double quad = 1.5L, quad_tenth = 0.1L, quad_big = 1e4000L, quad_small = 1e-4940L, quad_negative = -2.0L / 3, quad_inf = __builtin_infl(), quad_zero;
_Complex double z = 3 - 4i;
_Complex float zf = 1.5f + 2i;
const wchar_t *wide = L"wide gr\u00fc\u00dfe";
wchar_t wide_array[8] = L"array";
const char16_t *two = u"two bytes";
char16_t two_array[4] = u"ab";
const char *utf8 = "gr\u00fc\u00dfe";
char high_bytes[4] = "\xff\x80" "1";
unsigned char octets[6] = "text", blob[4] = {1, 2, 3, 4};
unsigned char *octet_pointer = octets, *blob_pointer = blob;
__int128 big = ((__int128)1 << 100) + 7, big_negative = -5;
unsigned __int128 big_unsigned = ~(unsigned __int128)0;
int repeats[300], mixed[40] = {[10 ... 30] = 7, [35] = 1};
char long_text[400] = {[0 ... 398] = 'x'};
struct deep { struct { struct { struct { struct { struct { int x; } e; } d; } c; } b; } a; int after; } deep = {{{{{{5}}}}}, 6};
struct node { struct node *next; union { int number; const char *text; }; enum { LEAF, BRANCH = 4 } kind : 5; } nodes[2] = {{&nodes[1], {1}, BRANCH}, {0, {2}, LEAF}};
enum signs { NEGATIVE = -1, NONE, POSITIVE } sign = NEGATIVE;
enum permission { READ = 4, WRITE = 2, EXECUTE = 1 } mode = READ | EXECUTE, odd_mode = 9, no_mode;
void (*handlers[3])(int);
static void handler(int n) { repeats[0] = n; }
void (*one_handler)(int) = handler;
int (*const table[2][2])[3];
float floats[4] = {0.1f, 16777216.f, 1e-40f, -0.f};
double doubles[5] = {1e15, 1e17, 123456789.125, 1e-4, 1e-5};
_Bool bools[2] = {1, 0};
int8_t small = -3;
volatile const int *const volatile strange = &repeats[3];
struct flexible { int n; int items[]; } flexible = {2, {5, 6}};
struct incomplete; struct incomplete *unknown = (struct incomplete *)repeats;
void _start(void) { handler(0); }
`

// staticProgram compiles a C source and gives its globals as they are before
// anything runs.
func staticProgram(t *testing.T, source string, flags ...string) (c *Context, exe string) {
	t.Helper()
	gcc := needTool(t, "riscv64-linux-gnu-gcc")
	dir := t.TempDir()
	src := filepath.Join(dir, "static.c")
	exe = filepath.Join(dir, "static")
	if err := os.WriteFile(src, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-g", "-static", "-nostdlib", "-fno-pie", "-no-pie", "-o", exe, src}, flags...)
	if out, err := exec.Command(gcc, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return &Context{Prog: loadProgram(t, file), Arch: rv64.Arch, Mem: elfMemory{f}}, exe
}

var staticOracle = []string{
	"quad", "quad_big", "quad_small", "quad_inf", "quad_zero", "quad * 2", "quad > 1", "quad_negative < 0", "(double)quad", "(int)quad_negative", "-quad", "(long double)3", "sizeof quad",
	"z", "zf", "sizeof z", "wide", "wide_array", "two", "two_array", "wide[0]", "wide[7]", "utf8",
	"octets", "octet_pointer", "big", "big_negative", "big_unsigned",

	"repeats", "mixed", "deep.a.b.c", "deep.after", "nodes", "nodes[0].text == 0", "nodes[0].number", "nodes->kind", "nodes[0].next->number", "&nodes[1]", "*nodes[0].next", "sign", "sign < 0", "mode", "no_mode", "mode & WRITE", "READ|WRITE", "(enum permission)3",
	"handlers", "one_handler", "*one_handler", "table", "floats", "doubles", "bools", "small", "strange", "*strange", "strange[-3]", "flexible.items[1]", "unknown", "sizeof(struct node)", "&flexible.items[1]", "BRANCH", "LEAF",
	// What gdb's C has, too.
	"1 ? 2 : 3", "0 ? 2 : 3", "small ? small : 1", "1 ? 2 : 0 ? 3 : 4", "(1, 2)", "sizeof(1 ? 1 : 1)", "nodes[1].next ? 1 : 2", "repeats == &repeats[0]", "&repeats[5] - repeats", "(long)&repeats[1] - (long)repeats", "&*strange == strange", "*&sign", "sizeof(wide_array)", "sizeof(*wide)",
	"/x big", "/x small", "/x mixed[10]@3", "/d mode", "/x mode", "/c octets[0]", "/d octets[0]", "/x floats[0] == 0", "/s octet_pointer", "/x wide_array", "/d two_array", "/f repeats[0]", "/x nodes->kind", "/u small", "/o small", "/d high_bytes[0]", "/x bools",
}

// oursStatic are results that differ from gdb's on purpose.
var oursStatic = map[string]string{
	"small ? small : 1": "-3", // an int
	"floats":            "{0.1, 16777216, 1e-40, -0}",
	"quad_big":          "1e+4000",
	"/x nodes->kind":    "0x4",
}

func TestStaticDataIsAsGDBShowsIt(t *testing.T) {
	c, exe := staticProgram(t, staticSource)
	gdb := needTool(t, "gdb-multiarch")
	args := []string{"-nx", "-batch", "-ex", "set width 0", "-ex", "set print elements 2000", "-ex", "set charset UTF-8", "-ex", "set print symbol on", "-ex", "set language c"}
	for i, e := range staticOracle {
		args = append(args, "-ex", fmt.Sprintf("echo @@%d|", i), "-ex", strings.Replace("print "+e, "print /", "print/", 1))
	}
	out, err := exec.Command(gdb, append(args, exe)...).Output()
	if err != nil {
		t.Logf("gdb: %v", err)
	}
	answers := strings.Split(string(out), "@@")[1:]
	if len(answers) != len(staticOracle) {
		t.Fatalf("gdb answered %d of %d:\n%s", len(answers), len(staticOracle), out)
	}
	for i, expr := range staticOracle {
		number, answer, _ := strings.Cut(answers[i], "|")
		if number != strconv.Itoa(i) {
			t.Fatalf("answer %d is for %s", i, number)
		}
		want, isOurs := oursStatic[expr]
		if !isOurs {
			want = normalGDB(strings.TrimSpace(answer))
		}
		got := result(c, expr)
		if want == "" && strings.HasPrefix(got, "error: ") {
			continue
		}
		if !sameValue(got, want) {
			t.Errorf("%s: %s; gdb: %s", expr, got, answer)
		}
	}
}

// What gdb has no opinion on, or another.
func TestStaticDataInOurNotation(t *testing.T) {
	c, _ := staticProgram(t, staticSource)
	for expr, want := range map[string]string{
		"quad_tenth":    "0.1",
		"quad_negative": "-0.6666666666666666666666666666666666",
		"blob":          "{1, 2, 3, 4}", "odd_mode": "9", "mode": "READ|EXECUTE",
		"deep":       "{a={b={c={d={e={…}}}}}, after=6}",
		"high_bytes": `"\377\2001"`,
		"floats":     "{0.1, 16777216, 1e-40, -0}",
		"doubles":    "{1000000000000000, 1e+17, 123456789.125, 0.0001, 1e-05}",
		"flexible":   "{n=2, items=<unknown length>}",
		"*unknown":   "<incomplete type>",
		// Texts are compared by their content.
		`utf8 == "größe"`: "0", `utf8 == "grüße"`: "1", `octets == "text"`: "1", `octet_pointer != "text"`: "0", `"abc" < "abd"`: "1", `utf8 > "abc"`: "1",
		`"abc"[1]`: "98 'b'", `sizeof "abc"`: "4", `"a" "b"`: `"ab"`, `"tab\t\x41\101\u00fc"`: `"tab\tAAü"`, `*"abc"`: "97 'a'", `'ü'`: "252",
		"blob,x": "{0x1, 0x2, 0x3, 0x4}", "small,x": "0xfd", "octets,d": "{116, 101, 120, 116, 0, 0}", "/t 5": "0b101", "/a 0": "0x0", "/f 1": "1e-45", "/f 0x3ff0000000000000": "1", "/x floats[1]": "0x4b800000", "/c 300": "44 ','",
		"big + 1": "1267650600228229401496703205384", "big * 3": "3802951800684688204490109616149", "big >> 90": "1024", "big % 1000": "383",
		"big / big_negative": "-253530120045645880299340641076", "-big": "-1267650600228229401496703205383", "big > 5": "1", "big == big": "1", "~big_negative": "4",
		"(long)big": "7", "big & 15": "7", "big | 8": "1267650600228229401496703205391", "big ^ big": "0", "big - 8": "1267650600228229401496703205375", "big_negative < 0": "1",
		"(__int128)1 << 64": "18446744073709551616", "(int)big_negative": "-5", "big_unsigned + 1": "0", "big << 200": "0", "big_unsigned > big": "1", "big_negative > big_unsigned": "0",
		"z + 1": "4 + -4i", "z * z": "-7 + -24i", "z == z": "1", "zf / 2": "0.75 + 1i", "-z": "-3 + 4i",
	} {
		if got := result(c, expr); got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
	long, _ := Evaluate(c, "long_text")
	if text := long.Text(); !strings.HasSuffix(text, `x"…`) || len(text) < 150 || len(text) > 260 {
		t.Errorf("long_text: %s", text)
	}
	if text := long.Text(Format{Limit: 1000}); len(text) != 399+2 {
		t.Errorf("long_text in full: %d characters", len(text))
	}
}
