package values

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const rustSource = "testdata/guest.rs"

// rustGuest is guest.rs, compiled once; nil when that failed.
var (
	rustOnce  sync.Once
	rustGuest []byte

	rustMu    sync.Mutex
	rustStops = map[string]*Context{} // by marker
)

// rustAt is the Rust program at a marker.
func rustAt(t testing.TB, marker string) *Context {
	t.Helper()
	rustc, err := exec.LookPath("rustc")
	if home, herr := os.UserHomeDir(); err != nil && herr == nil {
		rustc, err = exec.LookPath(filepath.Join(home, ".cargo/bin/rustc"))
	}
	if err != nil {
		needTool(t, "rustc")
	}
	needTool(t, "cc") // which it links with
	if runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
		t.Skip("rustc's library for x86-64 Linux comes with it on such hosts only")
	}
	rustOnce.Do(func() {
		exe := filepath.Join(t.TempDir(), "guest")
		cmd := exec.Command(rustc, "--edition", "2021", "-A", "warnings", "-g", "--target", "x86_64-unknown-linux-gnu",
			"-C", "target-feature=+crt-static", "-C", "relocation-model=static", "-o", exe, rustSource)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if rustGuest, err = os.ReadFile(exe); err != nil {
			t.Fatal(err)
		}
	})
	if rustGuest == nil {
		t.Fatal("it was not compiled")
	}
	rustMu.Lock()
	defer rustMu.Unlock()
	c := rustStops[marker]
	if c == nil {
		c = runTo(t, rustGuest, "guest.rs", sourceLine(t, rustSource, marker))
		if c == nil {
			t.Fatal("it ended")
		}
		rustStops[marker] = c
	}
	out := *c
	return &out
}

func TestValuesOfTheRustLibraryAreShownByTheirMeaning(t *testing.T) {
	c := rustAt(t, "main")
	checkResults(t, c, [][2]string{
		{"text", `"owned"`}, {"empty", `""`}, {"slice", `"borrowed"`}, {"part", `"rro"`}, {"letter", "'ß'"}, {"unit", "()"}, {"float", "1.5"},
		{"big", "1267650600228229401496703205376"}, {"array", "[1, 2, 3]"}, {"bytes", "[98, 121, 116, 101, 115]"},
		{"ints", "[1, 2, 3, 4]"}, {"none", "[]"}, {"words", `["one", "two"]`}, {"view", "[2, 3]"}, {"mut_view", "[1, 2]"}, {"deque", "[2, 3, 4, 5]"},
		{"some", "Some(5)"}, {"nothing", "None"}, {"some_ref", "Some(1)"}, {"no_ref", "None"}, {"some_text", `Some("inside")`}, {"no_text", "None"},
		{"nested", "Some(Some(3))"}, {"some_box", "Some(8)"}, {"nonzero", "Some(7)"}, {"ok", "Ok(1)"}, {"err", `Err("bad")`},
		{"some_bool", "Some(true)"}, {"some_char", "Some('c')"}, {"boxed", "42"}, {"boxed_point", "Point {x: 1, y: 2}"}, {"boxed_slice", "[7, 8]"}, {"boxed_str", `"box"`},
		{"rc", "Point {x: 3, y: 4} (strong 2, weak 1)"}, {"weak", "(Weak) Point {x: 3, y: 4}"}, {"arc", "77 (strong 1, weak 0)"}, {"arc_str", `"arc" (strong 1, weak 0)`},
		{"cell", "6"}, {"refcell", "[1]"}, {"mutex", "10"}, {"shared", `"locked" (strong 1, weak 0)`}, {"rw", "3"},
		{"set[0] + set[1] + set[2]", "60"}, {"no_map", "{}"}, {"tree", `{0: "n0", 2: "n1", 4: "n2", …`}, {"small_tree", `{"a": 1.0, "b": 2.0}`},
		{"tree_set", "{'e', 'h', 'l', 'o'}"}, {"no_tree", "{}"}, {"heap", "[5, 1, 2]"}, {"list", "[1, 2, 3]"},
		{"tuple", `(1, "two", 3.0)`}, {"point", "Point {x: -1, y: 1}"}, {"wrapper", "Wrapper(9)"}, {"marker", "Unit"},
		{"colour", "Green"}, {"red", "Red"}, {"circle", "Circle {radius: 2.0}"}, {"rect", "Rect(3, 4)"}, {"named", `Named("box")`}, {"no_shape", "Empty"},
		{"single", "Only(3)"}, {"maybe_shape", "Some(Rect(5, 6))"}, {"no_maybe", "None"}, {"path", `"/tmp/x"`}, {"os", `"os"`}, {"took", "1.5s"},
		{"counter", "12"}, {"ready", "true"}, {"object", "Circle {radius: 2.0} (dyn)"}, {"boxed_object", "Rect(3, 4) (dyn)"},
		{"reference", "Point {x: -1, y: 1}"}, {"double", "Point {x: -1, y: 1}"}, {"mutable", "8"}, {"closure", "{offset: 1}"},
		{"chain", "Node {value: 1, next: Some(Node {value: 2, next: None})}"}, {"pair", "Pair {first: 1, second: Some(2)}"}, {"range", "1..5"}, {"total", "52"},
		{"type words", "Vec<String>"}, {"type err", "Result<i32, String>"}, {"type array", "[i32; 3]"}, {"type pointer", "*const i32"}, {"type rect", "guest::Shape"},
		{"type shared", "Arc<Mutex<String>>"}, {"type object", "&dyn guest::Area"},
	})
}

func TestExpressionsReachIntoTheRustLibrary(t *testing.T) {
	c := rustAt(t, "main")
	checkResults(t, c, [][2]string{
		{"point.x", "-1"}, {"tuple.0", "1"}, {"tuple.1 == \"two\"", "true"}, {"rect.0 + rect.1", "7"}, {"some.0", "5"}, {"*boxed + 1", "43"}, {"boxed + 1", "43"},
		{"boxed_point.y", "2"}, {"rc.x", "3"}, {"*arc", "77"}, {"map[\"one\"]", "1"}, {"map[\"three\"]", "3"}, {"ids[49]", `"v"`}, {"tree[4]", `"n2"`}, {"tree[198]", `"n99"`},
		{"tree[5]", "error: no such key (at column 5 of \"tree[5]\")"}, {"small_tree[\"b\"]", "2.0"}, {"ints[2]", "3"}, {"words[1]", `"two"`}, {"words[1][0]", "116"}, {"deque[3]", "5"},
		{"circle.radius * 2", "4"}, {"text == \"owned\"", "true"}, {"slice != text", "true"}, {"reference.x", "-1"}, {"double.y", "1"}, {"chain.next.0.value", "2"},
		{"object.radius", "2.0"}, {"inner::LEVEL", "9"}, {"guest::inner::LEVEL", "9"}, {"LEVEL", "9"}, {"GREETING", `"hello"`}, {"COUNT", "5"},
		{"colour == Colour::Green", "true"}, {"guest::Colour::Blue", "Blue"}, {"flag && true", "true"}, {"(u8)300", "44"}, {"*pointer", "1"}, {"sizeof(guest::Point)", "8"},
		{"text,r", "String {vec: [111, …"}, {"nothing,r", "Option {discriminant: 0}"}, {"ints,x", "[0x1, 0x2, 0x3, 0x4]"},
	})
	sameAgain(t, c)
	c = rustAt(t, "area")
	checkResults(t, c, [][2]string{{"self", "Circle {radius: 2.0}"}, {"self.radius", "2.0"}, {"*self", "Circle {radius: 2.0}"}})
	c = rustAt(t, "get")
	checkResults(t, c, [][2]string{{"self.first", "1"}, {"self.second.0", "2"}, {"type self", "&guest::Pair<i32>"}})
	c = rustAt(t, "fill")
	checkResults(t, c, [][2]string{{"map[\"two\"]", "2"}, {"type map", "&mut HashMap<String, i32>"}})
}

func TestRustValuesThatAreNotInitializedAreShownSomehow(t *testing.T) {
	c := rustAt(t, "main")
	start := time.Now()
	sp := c.Frame.CFA
	for off := uint64(0); off < 1<<12; off += 8 { // every type, on anything
		for _, v := range everything(t, c) {
			if addr, size, ok := v.Address(); ok && addr < sp && size > 8 && off%512 == 0 {
				w := *v
				w.viewed, w.src = nil, source{kind: srcMemory, addr: sp - 1<<12 + off}
				w.Text()
				w.Children(0, 10)
			}
		}
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it took %v", d)
	}
}

func TestFunctionsOfRustAreFoundByTheirNames(t *testing.T) {
	c := rustAt(t, "main")
	for name, want := range map[string]string{
		"main": "guest::main", "inner::add": "guest::inner::add", "fill": "guest::fill",
		"Shape::area": "<guest::Shape as guest::Area>::area", "Pair::get": "guest::Pair", "guest::Pair::get": "guest::Pair",
	} {
		f := c.Prog.FuncsNamed(name)
		if len(f) != 1 || !strings.HasPrefix(f[0].Name, want) {
			var names []string
			for _, f := range f {
				names = append(names, f.Name)
			}
			t.Errorf("%s: %q, want %s", name, names, want)
		}
	}
}
