package values

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const exoticSource = `package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"
)

type name string
type temperature float64
type pair [2]int
type wrapper struct{ p *int }
type big struct{ words [40]int }
type inner struct{ deep int }
type outer struct {
	*inner
	_    int
	next *outer
	any
}
type stringer interface{ String() string }

func (n name) String() string { return string(n) }

type tree[K comparable, V any] struct {
	left, right *tree[K, V]
	key         K
	value       V
}

var sink []any

func main() {
	n := 42
	byArray := map[pair]string{{1, 2}: "a"}
	byStruct := map[inner]int{{7}: 8}
	byAny := map[any]int{1: 10, "one": 11, 2.5: 12}
	byName := map[name]temperature{"boiling": 100}
	byFloat := map[float64]bool{0: true}
	bigs := map[int]big{3: {[40]int{39: 5}}}
	byBig := map[big]int{{[40]int{1}}: 6}
	sets := map[string]struct{}{"x": {}}
	nested := map[string][]int{"k": {1, 2}}
	grown := map[int]string{}
	for i := range 5000 {
		grown[i] = fmt.Sprint(i)
	}
	for i := range 5000 {
		if i%10 != 0 {
			delete(grown, i)
		}
	}
	emptyMap := map[int]int{}
	var direct any = wrapper{&n}
	var directArray any = [1]*int{&n}
	var mapped any = byName
	var pointer any = &n
	var named any = name("n")
	var text any = "text"
	var flag any = true
	var function any = strings.ToUpper
	var sliced any = []int{1}
	var structured any = inner{3}
	var st stringer = name("s")
	var nilErr error = (*os.PathError)(nil)
	joined := errors.Join(errors.New("a"), nil)
	closed := make(chan inner, 4)
	closed <- inner{1}
	closed <- inner{2}
	<-closed
	closed <- inner{3}
	close(closed)
	var nilChan chan int
	o := outer{inner: &inner{9}, any: 5}
	o.next = &o
	huge := [1000]int{500: 1}
	zeros := make([]int, 300)
	anys := []any{1, "a", nil, 2.5, inner{4}}
	deepSlice := [][][]int{{{1}, {2, 3}}, nil}
	t := &tree[string, []int]{key: "k", value: []int{1}}
	up := unsafe.Pointer(&n)
	ptrs := []*int{&n, nil}
	nul := "a\x00b\xff"
	raw := []byte{0, 1, 2}
	runes := []rune("hé")
	var zero struct{}
	fn := func() int { return n }
	var nilFn func()
	sink = append(sink, byArray, byStruct, byAny, byName, byFloat, bigs, byBig, sets, nested, grown, emptyMap, direct, directArray, mapped, pointer, named, text, flag, function, sliced, structured, st,
		nilErr, joined, closed, nilChan, o, huge, zeros, anys, deepSlice, t, up, ptrs, nul, raw, runes, zero, fn, nilFn)
	fmt.Println("ready")
	fmt.Println(len(sink)) //@here
}
`

func TestExoticGoValues(t *testing.T) {
	needTool(t, "go")
	dir := t.TempDir()
	for name, text := range map[string]string{"main.go": exoticSource, "go.mod": "module exotic\ngo 1.24\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-gcflags=all=-N -l", "-o", "exotic", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=riscv64", "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file, err := os.ReadFile(filepath.Join(dir, "exotic"))
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(exoticSource, "//@here")
	c := runTo(t, file, "main.go", strings.Count(before, "\n")+1)
	if c == nil {
		t.Fatal("it ended")
	}
	for expr, want := range map[string]string{
		"byArray": `map[main.pair]string{{1, 2}: "a"}`, "byStruct": "map[main.inner]int{{deep: 7}: 8}", "byName": `map[main.name]main.temperature{"boiling": 100}`,
		"byFloat": "map[float64]bool{0: true}", "byFloat[0]": "true", `byName["boiling"]`: "100", "len(bigs)": "1", "bigs[3].words[39]": "5", "len(byBig)": "1", "sets": `map[string]struct {}{"x": {}}`,
		"nested": `map[string][]int{"k": {1, 2}}`, `nested["k"][1]`: "2", "len(grown)": "500", "grown[4990]": `"4990"`, "grown[4991]": "error: the map has no key 4991 (at column 6 of \"grown[4991]\")", "emptyMap": "map[int]int{}", "len(byAny)": "3",
		"direct.p == &n": "true", "*direct.p": "42", "direct.(wrapper).p == &n": "true", "*directArray.([1]*int)[0]": "42", "mapped": `map[main.name]main.temperature{"boiling": 100}`, `mapped.(map[name]temperature)["boiling"]`: "100",
		"*pointer.(*int)": "42", "named": `main.name("n")`, "text": `"text"`, "flag": "true", "function": "func(string) string(strings.ToUpper)", "sliced": "[]int{1}", "structured": "main.inner{deep: 3}", "structured.deep": "3", "st": `main.name("s")`,
		"nilErr": "(*io/fs.PathError)(nil)", "nilErr == nil": "false", "joined.errs[0].s": `"a"`, "len(closed)": "2", "nilChan": "nil", "len(nilChan)": "0", "o.deep": "9", "o.inner.deep": "9", "o.next.next.deep": "9", "o.any": "int(5)",
		"huge": "[1000]int{0 <repeats 500 times>, 1, 0 <repeats 499 times>}", "zeros": "[]int{0 <repeats 300 times>}", "anys": `[]interface {}{int(1), "a", nil, float64(2.5), main.inner{deep: 4}}`, "anys[4].deep": "4",
		"deepSlice": "[][][]int{{{1}, {2, 3}}, nil}", "deepSlice[0][1][1]": "3", "t.key": `"k"`, "t.value": "[]int{1}", "t.left == nil": "true", "up == unsafe.Pointer(&n)": "true", "*(*int)(up)": "42", "*ptrs[0]": "42", "ptrs[1]": "nil",
		"nul": `"a\x00b\xff"`, "raw": "[]uint8{0, 1, 2}", "raw,x": "[]uint8{0x0, 0x1, 0x2}", "runes": "[]int32{104, 233}", "runes[1] == 'é'": "true", "zero": "{}", "fn": "main.main.func1", "nilFn": "nil", "nilFn == nil": "true",
		`string(runes[1])`: `"é"`, `name("x") == "x"`: "true", "temperature(1) / 4": "0.25", "len(huge[1:])": "999", "(*outer)(nil) == nil": "true", "sink[0].(map[main.pair]string)": `map[main.pair]string{{1, 2}: "a"}`, "n@1": "[1]int{42}",
		"byArray[pair(byArray)]": "",
	} {
		got := result(c, expr)
		if want == "" && strings.HasPrefix(got, "error: ") {
			continue
		}
		if got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
	// A map's order is its own.
	v, err := Evaluate(c, "byAny")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"int(1): 10", `"one": 11`, "float64(2.5): 12"} {
		if !strings.Contains(v.Text(), part) {
			t.Errorf("byAny: %s, without %s", v.Text(), part)
		}
	}
	kids, err := must(t, c, "closed").Children(0, 0)
	if err != nil || len(kids) != 2 || kids[0].Text() != "main.inner{deep: 2}" || kids[1].Text() != "main.inner{deep: 3}" {
		t.Errorf("closed: %v, %v", kids, err)
	}
	if text := must(t, c, "closed").Text(); !strings.HasSuffix(text, "(len 2, cap 4, closed)") {
		t.Errorf("closed: %s", text)
	}
	grown := must(t, c, "grown")
	seen := map[string]bool{}
	for start := 0; start < grown.NumIndexed(); start += 100 {
		page, err := grown.Children(start, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range page {
			seen[k.Name()] = true
		}
	}
	if len(seen) != 500 || !seen["[4990]"] || seen["[4991]"] {
		t.Errorf("grown lists %d entries", len(seen))
	}
	sameAgain(t, c)
}

func must(t testing.TB, c *Context, expr string) *Value {
	t.Helper()
	v, err := Evaluate(c, expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return v
}
