package values

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const librarySource = "testdata/library.cc"

// libraries are library.cc, compiled once for each set of flags.
var (
	librariesMu sync.Mutex
	libraries   = map[string][]byte{}

	libraryStops = map[string]*Context{} // the tests only read them
)

// compilers are those of the architectures.
var compilers = map[string]string{"riscv64": "riscv64-linux-gnu-g++", "amd64": "x86_64-linux-gnu-g++"}

func libraryFile(t testing.TB, arch, flags string) []byte {
	t.Helper()
	gxx := needTool(t, compilers[arch])
	librariesMu.Lock()
	defer librariesMu.Unlock()
	if b := libraries[arch+flags]; b != nil {
		return b
	}
	exe := filepath.Join(t.TempDir(), "library")
	args := append([]string{"-std=c++20", "-g", "-static", "-o", exe, librarySource}, strings.Fields(flags)...)
	if out, err := exec.Command(gxx, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	libraries[arch+flags] = b
	return b
}

// sourceLine is the line of a marker in a source file.
func sourceLine(t testing.TB, path, marker string) int {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(src), "//@"+marker)
	if !ok {
		t.Fatalf("%s has no marker %s", path, marker)
	}
	return strings.Count(before, "\n") + 1
}

func libraryAt(t testing.TB, arch, flags, marker string) *Context {
	t.Helper()
	file := libraryFile(t, arch, flags)
	librariesMu.Lock()
	defer librariesMu.Unlock()
	key := arch + flags + marker
	c := libraryStops[key]
	if c == nil {
		if c = runTo(t, file, "library.cc", sourceLine(t, librarySource, marker)); c == nil {
			t.Fatal("it ended")
		}
		libraryStops[key] = c
	}
	out := *c
	return &out
}

// checkResults compares expressions' texts; "type x" asks for the type of x.
// A want that begins or ends with … says only how the text ends or begins.
func checkResults(t *testing.T, c *Context, want [][2]string) {
	t.Helper()
	for _, w := range want {
		var got string
		if expr, ok := strings.CutPrefix(w[0], "type "); ok {
			v, err := Evaluate(c, expr)
			if err != nil {
				t.Errorf("%s: %v", expr, err)
				continue
			}
			got = v.Type()
		} else {
			got = result(c, w[0])
		}
		end, cutFront := strings.CutPrefix(w[1], "…")
		begin, cutEnd := strings.CutSuffix(w[1], "…")
		if cutFront && strings.HasSuffix(got, end) || cutEnd && strings.HasPrefix(got, begin) || got == w[1] {
			continue
		}
		t.Errorf("%s: %s, want %s", w[0], got, w[1])
	}
}

// onEach runs a test for the architectures.
func onEach(t *testing.T, f func(t *testing.T, arch string)) {
	for arch := range compilers {
		t.Run(arch, func(t *testing.T) { f(t, arch) })
	}
}

func TestValuesOfTheCPlusPlusLibraryAreShownByTheirMeaning(t *testing.T) {
	onEach(t, func(t *testing.T, arch string) {
		c := libraryAt(t, arch, "-O0", "main")
		checkResults(t, c, [][2]string{
			{"empty", `""`}, {"small", `"hi"`}, {"large", `"a string that does not fit into the object itself"`}, {"zeros", `"a\000b"`},
			{"wide", `L"wide"`}, {"sixteen", `u"sixteen"`}, {"part", `"string"`}, {"path", `"/usr/lib/x.so"`},
			{"none", "{}"}, {"ints", "{1, 2, 3, 4}"}, {"ints,x", "{0x1, 0x2, 0x3, 0x4}"}, {"flags", "{true, false, true, true, false, false, true, …"},
			{"words", `{"one", "two", "three"}`}, {"nested", "{{1}, {2, 3}, {}}"}, {"arr", "{1.5, 2.5, 3.5}"}, {"deq", "{-99, -98, -97, …"},
			{"lst", `{"a", "b", "c"}`}, {"fwd", "{7, 8, 9}"}, {"view", "{2, 3}"}, {"fixed", "{1, 2}"}, {"init", "{5, 6, 7}"},
			{"bits", "0b0001010011"}, {"stk", "{1, 2}"}, {"que", "{3, 4}"}, {"prio", "{9, 5}"},
			{"ages", `{"alice": 30, "bob": 42, "carol": 7}`}, {"byNumber", "{1: {}, 3: {1, 2}}"}, {"multi", "{1: 97 'a', 1: 98 'b', 2: 99 'c'}"},
			{"uniq", "{1, 2, 3}"}, {"chars", "{97 'a', 120 'x', 120 'x'}"}, {"hmulti", "{1: 3, 1: 2}"},
			{"two", `{1, "uno"}`}, {"three", `{1, 2.5, "three"}`}, {"nothing", "{}"},
			{"maybe", "5"}, {"not_there", "nullopt"}, {"text", `"text"`}, {"var", `"variant" (std::string)`},
			{"thing", "42 (int)"}, {"no_thing", "<empty>"}, {"any_text", `"any" (std::string)`},
			{"owner", `…{name="lamp", price=30, tint=green, next=0x0}`}, {"nobody", "nullptr"},
			{"shared", `…{name="desk", price=90, tint=green, next=0x0} (use count 2, weak 1)`}, {"null_shared", "nullptr"},
			{"plain", "… 77 (use count 1)"}, {"weak", "…(use count 2, weak 1)"},
			{"fn", "…<add>"}, {"lambda", "main()::<lambda(int, int)>"}, {"no_fn", "<empty>"},
			{"secs", "90s"}, {"ms", "1500ms"}, {"mins", "1.5min"}, {"when", "2001-09-09T01:46:40Z"},
			{"cplx", "1 + -2i"}, {"counter", "12"}, {"ready", "true"}, {"ref", "1"},
			{"vit", "-> 3"}, {"lit", `-> "a"`}, {"mit", `-> {"bob", 42}`}, {"dit", "-> 1"}, {"hit", `-> {"tea", 2.5}`}, {"sit", "-> 1"}, {"strit", "-> 104 'h'"},
			{"result", "268"},
		})
	})
}

func TestTypesOfTheCPlusPlusLibraryAreShort(t *testing.T) {
	checkResults(t, libraryAt(t, "riscv64", "-O0", "main"), [][2]string{
		{"type words", "std::vector<std::string>"}, {"type ages", "std::map<std::string, int>"}, {"type secs", "std::chrono::seconds"},
		{"type prio", "std::priority_queue<int>"}, {"type view", "std::span<int>"}, {"type owner", "std::unique_ptr<shop::item>"},
		{"type prices", "std::unordered_map<std::string, double>"}, {"type method", "int (shop::duck::*)(void)"},
	})
}

func TestExpressionsReachIntoTheCPlusPlusLibrary(t *testing.T) {
	onEach(t, func(t *testing.T, arch string) {
		c := libraryAt(t, arch, "-O0", "main")
		checkResults(t, c, [][2]string{
			{"ints[2]", "3"}, {"ints[ints[0]]", "2"}, {"ages[\"bob\"]", "42"}, {"byNumber[3][1]", "2"}, {"prices[\"tea\"] * 2", "5"},
			{"ages[small == \"hi\" ? \"bob\" : \"carol\"]", "42"}, {"deq[398]", "299"}, {"deq[99]", "0"}, {"lst[1]", `"b"`}, {"uniq[2]", "3"}, {"flags[2]", "true"}, {"flags[72]", "true"},
			{"words[1] == \"two\"", "true"}, {"words[1] < words[0]", "false"}, {"small[1]", "105 'i'"}, {"words[2][4]", "101 'e'"}, {"buffer[2]", "3"},
			{"*owner", `{name="lamp", price=30, tint=green, next=0x0}`}, {"owner->price + 1", "31"}, {"shared->name", `"desk"`}, {"weak->price", "90"},
			{"!nobody", "true"}, {"owner && 1", "true"}, {"*maybe + 1", "6"}, {"not_there || 0", "false"}, {"*plain", "77"}, {"*vit", "3"}, {"mit->second", "42"},
			{"counter + 1", "13"}, {"-counter", "-12"}, {"*aptr", "2"}, {"ref + 1", "2"}, {"two.second", `"uno"`}, {"pvec[0][1]", "2"}, {"(*pvec)[1]", "2"},
			{"items[1].name", `"y"`}, {"nested[1][1]", "3"}, {"sizeof(std::vector<int>)", "24"}, {"sizeof(std::map<std::string,int>)", "48"},
			{"*(std::vector<int> *)pvec", "{1, 2, 3, 4}"}, {"ints._M_impl._M_finish - ints._M_impl._M_start", "4"},
			{"ints[9]", "error: index 9 is out of range: the size is 4 (at column 5 of \"ints[9]\")"},
			{"ages[\"zed\"]", "error: no such key (at column 5 of \"ages[\\\"zed\\\"]\")"},
			{"*nobody", "error: nobody…"},
			{"small,r", "{_M_dataplus={…"}, {"/r fwd", "{<std::_Fwd_list_base<long>> = …"}, {"small,!", "{_M_dataplus={…"},
			{"shop::limits::most", "12"}, {"limits.most - limits.now", "7"}, {"zero < ints[0] && ints[1] > zero", "true"},
		})
	})
}

func TestClassesOfCPlusPlus(t *testing.T) {
	onEach(t, func(t *testing.T, arch string) {
		c := libraryAt(t, arch, "-O0", "main")
		checkResults(t, c, [][2]string{
			// Virtual bases, and the whole object behind a pointer to a base.
			{"duck.legs", "4"}, {"animal->legs", "4"}, {"animal->name", `"Donald"`}, {"aref.legs", "4"}, {"animal", "… (shop::duck)"},
			{"duck", `{<shop::swimmer> = {<shop::animal> = {legs=4}, depth=30}, <shop::flyer> = {<shop::animal> = {legs=4}, height=100}, name="Donald"}`},
			{"member", "&shop::animal::legs"}, {"method", "…<shop::duck::both>"}, {"vmethod", "virtual function 2 of shop::animal <shop::animal::sound>"},
			{"shop::animal::count", "2"}, {"animal->count", "2"}, {"tint == shop::colour::blue", "true"}, {"intref + rref", "12"}, {"np", "0x0"}, {"grid", "{cells={1, 2, 3}}"},
		})
		c = libraryAt(t, arch, "-O0", "method")
		checkResults(t, c, [][2]string{{"legs", "4"}, {"this->legs", "4"}, {"depth + height", "130"}, {"name", `"Donald"`}, {"count", "2"}})
		c = libraryAt(t, arch, "-O0", "grid")
		checkResults(t, c, [][2]string{{"cells[i]", "2"}, {"this->cells", "{1, 2, 3}"}})
		c = libraryAt(t, arch, "-O0", "closure")
		checkResults(t, c, [][2]string{{"ints", "{1, 2, 3, 4}"}, {"k", "9"}, {"large", `"a string that does not fit into the object itself"`}})
	})
}

func TestOptimizedCPlusPlus(t *testing.T) {
	onEach(t, func(t *testing.T, arch string) {
		checkResults(t, libraryAt(t, arch, "-O2", "total"), [][2]string{
			{"n", "{1, 2, 3, 4}"}, {"n[3]", "4"}, {"it.name", `"lamp"`}, {"type n", "const shop::numbers &"},
		})
	})
}

func TestChildrenOfContainersCanBeEvaluated(t *testing.T) {
	onEach(t, func(t *testing.T, arch string) {
		sameAgain(t, libraryAt(t, arch, "-O0", "main"))
	})
}

// At the start of main nothing is constructed: containers hold what was on the
// stack before.
func TestContainersThatAreNotConstructedAreShownSomehow(t *testing.T) {
	c := libraryAt(t, "riscv64", "-O0", "start")
	start := time.Now()
	walk(everything(t, c), 3, func(v *Value) { v.Text() })
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it took %v", d)
	}
}

// theirContainers are variables whose elements gdb's printers list as well.
var theirContainers = []string{
	"none", "ints", "flags", "words", "deq", "lst", "fwd", "ages", "multi", "uniq", "chars", "prices", "hashed", "hmulti", "init", "byNumber", "nested",
}

const printersPath = "/usr/share/gcc/python"

func TestElementsAreThoseOfTheLibrarysOwnPrinters(t *testing.T) {
	gdb, qemu := needTool(t, "gdb-multiarch"), needTool(t, "qemu-riscv64")
	if _, err := os.Stat(printersPath + "/libstdcxx/v6/printers.py"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("libstdc++'s printers for gdb are not installed")
	}
	dir := t.TempDir()
	exe, script, socket := filepath.Join(dir, "library"), filepath.Join(dir, "ask.py"), filepath.Join(dir, "gdb")
	if err := os.WriteFile(exe, libraryFile(t, "riscv64", "-O0"), 0o755); err != nil {
		t.Fatal(err)
	}
	python := fmt.Sprintf(`
import sys
sys.path.insert(0, %q)
from libstdcxx.v6 import register_libstdcxx_printers
register_libstdcxx_printers(None)
def leaves(v):
    p = gdb.default_visualizer(v)
    if p is None or not hasattr(p, 'children') or p.to_string() is not None and v.type.strip_typedefs().name.startswith('std::__cxx11::basic_string'):
        yield v.format_string() if isinstance(v, gdb.Value) else str(v)
        return
    for _, c in p.children():
        if isinstance(c, gdb.Value):
            yield from leaves(c)
        else:
            yield str(c)
for name in %q.split():
    print('@@' + name + '|' + ' ; '.join(leaves(gdb.parse_and_eval(name))))
print('@@end|')
`, printersPath, strings.Join(theirContainers, " "))
	if err := os.WriteFile(script, []byte(python), 0o644); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(qemu, "-g", socket, exe)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		server.Process.Kill()
		server.Wait()
	}()
	cmd := exec.Command(gdb, "-nx", "-batch", "-ex", "set confirm off", "-ex", "set width 0", "-ex", "set print elements 0", "-ex", "set tcp connect-timeout 10",
		"-ex", "target remote "+socket, "-ex", fmt.Sprintf("break library.cc:%d", sourceLine(t, librarySource, "main")), "-ex", "continue",
		"-ex", "source "+script, "-ex", "kill", exe)
	timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer timer.Stop()
	out, _ := cmd.CombinedOutput()
	c := libraryAt(t, "riscv64", "-O0", "main")
	compared := 0
	for _, part := range strings.Split(string(out), "@@")[1:] {
		name, theirs, _ := strings.Cut(strings.TrimSpace(part), "|")
		if !slices.Contains(theirContainers, name) {
			continue
		}
		v, err := Evaluate(c, name)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(leaves(v), " ; "); !strings.EqualFold(got, theirs) {
			t.Errorf("%s: %s\ngdb: %s", name, got, theirs)
		}
		compared++
	}
	if compared != len(theirContainers) {
		t.Fatalf("gdb answered %d of %d:\n%s", compared, len(theirContainers), out)
	}
}

// leaves are the elements of a container and of those in it, keys before values.
func leaves(v *Value) []string {
	w := v.view()
	if w == nil || w.seq == nil {
		return []string{v.Text(Format{Limit: 10000})}
	}
	var out []string
	for i := range w.seq.n {
		if w.seq.pair != nil {
			k, e, err := w.seq.pair(i)
			if err != nil {
				return append(out, err.Error())
			}
			out = append(append(out, leaves(k)...), leaves(e)...)
			continue
		}
		e, err := w.seq.at(i)
		if err != nil {
			return append(out, err.Error())
		}
		out = append(out, leaves(e)...)
	}
	return out
}
