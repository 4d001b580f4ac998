package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/dap/client"
)

// built is a program of this host, built as its users build programs: with the
// compiler's own choice of everything but debug information. The lines of its
// source that the test refers to carry a mark in a comment.
type built struct {
	name     string
	file     string // name of the source
	source   string
	compile  []string          // the compiler and its arguments; the source and the program are %s and %o
	optional bool              // may be missing under CI as well
	repeats  bool              // code in the middle of a line may count as another's: LLVM without optimisation
	shown    map[string]string // what expressions show at the mark "look"
	watch    string            // the variable whose last write is searched
	before   string            // what it was before that write
	after    string
	writer   string // the function that writes it
}

// The marks are: "first", where the program is stopped; "write", the last write of
// the watched variable; "look", reached last.
var compilers = []built{
	{
		name: "gcc", file: "bug.c", compile: []string{"gcc", "-g", "%s", "-o", "%o"},
		source: `#include <stdio.h>
#include <string.h>
struct point { double x; int tag; char name[8]; struct point *next; };
static struct point points[3];
static void shift(struct point *p, double by)
{
	p->x += by; /* write */
}
int main(void)
{
	int sum = 0; /* first */
	for (int i = 0; i < 3; i++) {
		points[i].next = i ? &points[i - 1] : NULL;
		snprintf(points[i].name, sizeof points[i].name, "p%d", i);
		sum += i * i;
	}
	shift(&points[1], 1.5);
	shift(&points[1], 2.5);
	printf("%s\n", points[1].name);
	return sum == 5 ? 0 : 1; /* look */
}
`,
		shown: map[string]string{"sum": "5", "points[2].name": "\"p2\"", "points[2].next->x": "4", "points[1].next->next": "0x0"},
		watch: "points[1].x", before: "1.5", after: "4", writer: "shift",
	},
	{
		name: "g++", file: "bug.cpp", compile: []string{"g++", "-g", "%s", "-o", "%o"},
		source: `#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>
struct Base { virtual ~Base() = default; int id = 7; };
struct Derived : Base { std::string label = "derived"; };
static int total;
static void add(int n)
{
	total += n; // write
}
int main()
{
	std::vector<std::string> names{"ann", "bob"}; // first
	std::map<std::string, int> ages;
	ages["ann"] = 31;
	std::shared_ptr<Base> base = std::make_shared<Derived>();
	std::unordered_map<int, double> table{{1, 0.5}};
	std::cout << names[0] << std::endl;
	std::thread other(add, 40);
	other.join();
	try {
		throw std::runtime_error("no");
	} catch (const std::exception &e) {
		add(2);
	}
	std::cout << total << "\n";
	return ages.size() == 1 ? 0 : 1; // look
}
`,
		shown: map[string]string{
			"names": `{"ann", "bob"}`, "names[1]": `"bob"`, "ages": `{"ann": 31}`, `ages["ann"]`: "31", "table": "{1: 0.5}", "base->id": "7",
		},
		watch: "total", before: "40", after: "42", writer: "add",
	},
	{
		name: "go", file: "bug.go", compile: []string{"go", "build", "-o", "%o", "%s"},
		source: goSource, shown: map[string]string{"main.total": "42", "main.ages": `map[string]int{"ann": 31}`, "main.names": `[]string{"ann", "bob"} (len 2, cap 4)`},
		watch: "main.total", before: "40", after: "42", writer: "main.add",
	},
	{
		name: "go without optimisation", file: "bug.go", compile: []string{"go", "build", "-gcflags=all=-N -l", "-o", "%o", "%s"},
		source: goSource,
		shown: map[string]string{
			"main.total": "42", "main.ages": `map[string]int{"ann": 31}`, "local": `[]string{"ann", "bob"} (len 2, cap 4)`, "shape": "main.rect{w: 2, h: 3}", "len(local)": "2",
		},
		watch: "main.total", before: "40", after: "42", writer: "main.add",
	},
	{
		name: "rustc", file: "bug.rs", compile: []string{"rustc", "-g", "%s", "-o", "%o"}, optional: true, repeats: true,
		source: `use std::collections::HashMap;
use std::thread;
#[derive(Debug)]
enum Shape { Circle(f64), Rect { w: i32, h: i32 } }
struct Account { cents: i64, note: Option<String> }
fn pay(account: &mut Account, cents: i64) {
    account.cents += cents; // write
}
fn main() {
    let mut account = Account { cents: 0, note: None }; // first
    let mut ages: HashMap<String, i32> = HashMap::new();
    ages.insert("ann".to_string(), 31);
    let shapes = vec![Shape::Circle(1.5), Shape::Rect { w: 2, h: 3 }];
    println!("{:?}", shapes);
    let n = thread::spawn(|| 40).join().unwrap();
    pay(&mut account, n);
    pay(&mut account, 2);
    account.note = Some(String::from("paid"));
    println!("{} {:?}", account.cents, account.note); // look
}
`,
		shown: map[string]string{
			"ages": `{"ann": 31}`, "shapes": "[Circle(1.5), Rect {w: 2, h: 3}]", "account.note": `Some("paid")`, "account.cents": "42", "n": "40",
		},
		watch: "account.cents", before: "40", after: "42", writer: "bug::pay",
	},
}

const goSource = `package main

import (
	"fmt"
	"os"
)

type shape interface{ area() int }
type rect struct{ w, h int }

func (r rect) area() int { return r.w * r.h }

var (
	total int
	names []string
	ages  = map[string]int{}
)

//go:noinline
func add(n int) {
	total += n // write
}

func main() {
	names = make([]string, 0, 4) // first
	names = append(names, "ann", "bob")
	ages["ann"] = 31
	var shape shape = rect{2, 3}
	results := make(chan int)
	go func() { results <- 40 }()
	add(<-results)
	fmt.Println(shape.area())
	add(2)
	local := names
	if len(local) != 2 { // look
		os.Exit(1)
	}
}
`

// build builds the program and returns its path and that of its source. It skips
// the test where there is no such compiler.
func (b built) build(t *testing.T) (exe, source string) {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skipf("programs of this host are for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	tool, err := exec.LookPath(b.compile[0])
	if home, e := os.UserHomeDir(); err != nil && b.optional && e == nil {
		tool, err = exec.LookPath(filepath.Join(home, ".cargo", "bin", b.compile[0]))
	}
	if err == nil && b.compile[0] == "rustc" {
		_, err = exec.LookPath("cc") // which it links with
	}
	if err != nil {
		if os.Getenv("CI") == "true" && !b.optional {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	exe, source = filepath.Join(dir, "bug"), filepath.Join(dir, b.file)
	if err := os.WriteFile(source, []byte(b.source), 0o644); err != nil {
		t.Fatal(err)
	}
	var args []string
	for _, a := range b.compile[1:] {
		args = append(args, strings.NewReplacer("%s", source, "%o", exe).Replace(a))
	}
	cmd := exec.Command(tool, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", b.compile, err, out)
	}
	return exe, source
}

// line returns the number of the source line with a mark.
func (b built) line(t *testing.T, mark string) int {
	t.Helper()
	for i, l := range strings.Split(b.source, "\n") {
		if strings.HasSuffix(strings.TrimSuffix(l, " */"), "// "+mark) || strings.HasSuffix(l, "/* "+mark+" */") {
			return i + 1
		}
	}
	t.Fatalf("%s has no line marked %q", b.file, mark)
	return 0
}

// place is where the program stands.
type place struct {
	function string
	line     int
	icount   uint64
	frame    int
}

func (p place) String() string {
	return fmt.Sprintf("%s:%d at icount %d", p.function, p.line, p.icount)
}

// user is a client that does what somebody at an editor does.
type user struct {
	t      *testing.T
	ctx    context.Context
	c      *client.Client
	thread int
	stop   godap.StoppedEventBody
	end    func() error // ends the server, and tells what was wrong with it
}

func (u *user) do(request string, args, body any) {
	u.t.Helper()
	if err := u.c.Do(u.ctx, request, args, body); err != nil {
		u.t.Fatalf("%s: %v", request, err)
	}
}

// settle waits for the program to stop and tells where.
func (u *user) settle() place {
	u.t.Helper()
	u.stop = godap.StoppedEventBody{}
	if err := u.c.Event(u.ctx, "stopped", &u.stop); err != nil {
		u.t.Fatalf("no stop: %v", err)
	}
	u.thread = u.stop.ThreadId
	var stack godap.StackTraceResponseBody
	u.do("stackTrace", map[string]any{"threadId": u.thread}, &stack)
	if len(stack.StackFrames) == 0 {
		u.t.Fatal("no frames")
	}
	var where struct {
		Icount uint64 `json:"icount"`
	}
	u.do("revexec/where", nil, &where)
	f := stack.StackFrames[0]
	return place{f.Name, f.Line, where.Icount, f.Id}
}

func (u *user) move(request string) place {
	u.t.Helper()
	u.do(request, map[string]any{"threadId": u.thread}, nil)
	return u.settle()
}

func (u *user) show(p place, expression string) string {
	u.t.Helper()
	var got godap.EvaluateResponseBody
	u.do("evaluate", map[string]any{"expression": expression, "frameId": p.frame, "context": "watch"}, &got)
	return got.Result
}

// TestProgramsAsCompilersMakeThem is the story of the README's first page: build,
// launch, step over and back, and reverse to the last write of a variable.
func TestProgramsAsCompilersMakeThem(t *testing.T) {
	for _, b := range compilers {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			exe, source := b.build(t)
			b.debug(t, serve(t), map[string]any{"program": exe}, source)

			// The same from a recording, with nothing of the program left.
			rec := filepath.Join(t.TempDir(), "rec")
			if got := runIt(t, "", "record", "-q", "--sources", "-o", rec, exe); got.status != 0 || got.err != "" {
				t.Fatalf("record: %+v", got)
			}
			if err := os.RemoveAll(filepath.Dir(exe)); err != nil {
				t.Fatal(err)
			}
			b.debug(t, serve(t), map[string]any{"recording": rec}, source)
		})
	}
}

// serve starts a server on standard input and output, and a user of it.
func serve(t *testing.T) *user {
	t.Helper()
	return serveWith(t, command())
}

// serveWith is serve with a command of one's own.
func serveWith(t *testing.T, cmd *exec.Cmd) *user {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	u := &user{t: t, ctx: ctx, c: client.New(pipe{out, in})}
	u.end = sync.OnceValue(func() error {
		defer cancel()
		in.Close()
		if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
			return fmt.Errorf("the server: %v, %q", err, &stderr)
		}
		return nil
	})
	t.Cleanup(func() {
		if err := u.end(); err != nil {
			t.Error(err)
		}
	})
	return u
}

// launch starts a program, or opens a recording; configure is what an editor sends
// before it runs.
func (u *user) launch(args map[string]any, configure func()) {
	u.t.Helper()
	u.do("initialize", map[string]any{"adapterID": "x", "linesStartAt1": true}, nil)
	launch, err := u.c.Send("launch", args)
	if err != nil {
		u.t.Fatal(err)
	}
	if err := u.c.Event(u.ctx, "initialized", nil); err != nil {
		u.t.Fatal(err)
	}
	configure()
	u.do("configurationDone", nil, nil)
	if err := u.c.Response(u.ctx, launch, nil); err != nil {
		u.t.Fatal(err)
	}
}

// debug tells the story.
func (b built) debug(t *testing.T, u *user, args map[string]any, source string) {
	first, write, look := b.line(t, "first"), b.line(t, "write"), b.line(t, "look")

	u.launch(args, func() {
		var set godap.SetBreakpointsResponseBody
		lines := []any{map[string]any{"line": first}, map[string]any{"line": look}}
		u.do("setBreakpoints", map[string]any{"source": map[string]any{"path": source}, "breakpoints": lines}, &set)
		for i, want := range []int{first, look} {
			if len(set.Breakpoints) != 2 || !set.Breakpoints[i].Verified || set.Breakpoints[i].Line != want {
				t.Fatalf("breakpoints %+v", set.Breakpoints)
			}
		}
	})

	// Over some lines, and back over the same.
	way := []place{u.settle()}
	if way[0].line != first {
		t.Fatalf("stopped at %v, not at line %d", way[0], first)
	}
	for range 7 {
		at := u.move("next")
		if last := way[len(way)-1]; at.line == last.line && !b.repeats || at.icount <= last.icount || at.function != last.function {
			t.Errorf("next from %v to %v", last, at)
		}
		way = append(way, at)
	}
	for i := len(way) - 2; i >= 0; i-- {
		at, want := u.move("stepBack"), way[i]
		at.frame = want.frame
		if at != want {
			t.Fatalf("stepBack from %v to %v, not to %v", way[i+1], at, want)
		}
	}

	// What the variables mean.
	end := u.move("continue")
	if end.line != look {
		t.Fatalf("continue to %v, not to line %d", end, look)
	}
	for expression, want := range b.shown {
		if got := u.show(end, expression); got != want {
			t.Errorf("%s is shown as %s, not as %s", expression, got, want)
		}
	}

	// The last write.
	var info godap.DataBreakpointInfoResponseBody
	u.do("dataBreakpointInfo", map[string]any{"name": b.watch, "frameId": end.frame}, &info)
	if info.DataId == nil {
		t.Fatalf("%s can't be watched: %s", b.watch, info.Description)
	}
	u.do("setDataBreakpoints", map[string]any{"breakpoints": []any{map[string]any{"dataId": info.DataId, "accessType": "write"}}}, nil)
	wrote := u.move("reverseContinue")
	if u.stop.Reason != "data breakpoint" || wrote.function != b.writer || wrote.line != write || wrote.icount >= end.icount {
		t.Fatalf("back to %v because of %s (%s), not to the write in %s, line %d", wrote, u.stop.Reason, u.stop.Text, b.writer, write)
	}
	if want := ": " + b.before + " → " + b.after; !strings.HasSuffix(u.stop.Text, want) {
		t.Errorf("the write is told as %q, not %q", u.stop.Text, want)
	}
	u.do("setDataBreakpoints", map[string]any{"breakpoints": []any{}}, nil)
	if caller := u.move("revexec/reverseStepOut"); caller.line <= write || caller.line >= look {
		t.Errorf("back out of the function to %v", caller)
	}

	// To the end, and back from there to where it has been.
	if at := u.move("continue"); at.line != look || at.icount != end.icount {
		t.Errorf("forward again to %v, not to %v", at, end)
	}
	u.move("continue")
	var exit godap.ExitedEventBody
	if err := u.c.Event(u.ctx, "exited", &exit); err != nil || exit.ExitCode != 0 {
		t.Errorf("exit code %d, %v", exit.ExitCode, err)
	}
	if at := u.move("reverseContinue"); at.line != look || at.icount != end.icount {
		t.Errorf("back from the end to %v, not to %v", at, end)
	}
	u.do("disconnect", nil, nil)
}

// raising are programs that raise an exception or a panic, on the line marked "write".
var raising = []struct {
	built
	filter, text string
	status       int
}{
	{
		built: built{name: "C++", file: "bug.cpp", compile: []string{"g++", "-g", "%s", "-o", "%o"}, source: `#include <stdexcept>
namespace bank {
struct error : std::runtime_error { using std::runtime_error::runtime_error; };
}
static void fail() { throw bank::error("caught"); } // write
int main()
{
	try {
		fail();
	} catch (const std::exception &) {
		return 3;
	}
}
`},
		filter: "throw", text: "C++ exception of type bank::error", status: 3,
	},
	{
		built: built{name: "Go", file: "bug.go", compile: []string{"go", "build", "-o", "%o", "%s"}, source: `package main

func recovered() {
	defer func() { recover() }()
	panic("not this one")
}

func main() {
	recovered()
	panic("this one") // write
}
`},
		filter: "panic", text: "Go panic that nothing recovers", status: 2,
	},
	{
		built: built{name: "Rust", file: "bug.rs", optional: true, compile: []string{"rustc", "-g", "%s", "-o", "%o"}, source: `fn main() {
    let v: Vec<i32> = Vec::new();
    println!("{}", v[std::env::args().count()]); // write
}
`},
		filter: "panic", text: "Rust panic", status: 101,
	},
}

func TestExceptionsStopWhereTheyAreRaised(t *testing.T) {
	for _, b := range raising {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			exe, source := b.build(t)
			u := serve(t)
			u.launch(map[string]any{"program": exe}, func() { u.do("setExceptionBreakpoints", map[string]any{"filters": []string{b.filter}}, nil) })
			at := u.settle()
			if u.stop.Reason != "exception" || u.stop.Text != b.text {
				t.Fatalf("stopped for %s: %q, not for %q", u.stop.Reason, u.stop.Text, b.text)
			}
			var stack godap.StackTraceResponseBody
			u.do("stackTrace", map[string]any{"threadId": u.thread}, &stack)
			raised := slices.ContainsFunc(stack.StackFrames, func(f godap.StackFrame) bool {
				return f.Source != nil && f.Source.Path == source && f.Line == b.line(t, "write")
			})
			if !raised {
				t.Errorf("the line that raises it is not on the stack: %+v", stack.StackFrames)
			}
			var info godap.ExceptionInfoResponseBody
			if u.do("exceptionInfo", map[string]any{"threadId": u.thread}, &info); info.ExceptionId != b.text {
				t.Errorf("exceptionInfo %+v", info)
			}
			u.move("continue")
			var exit godap.ExitedEventBody
			if err := u.c.Event(u.ctx, "exited", &exit); err != nil || exit.ExitCode != b.status {
				t.Fatalf("exit code %d, %v; not %d", exit.ExitCode, err, b.status)
			}
			if back := u.move("reverseContinue"); back.icount != at.icount || u.stop.Text != b.text {
				t.Errorf("back to %v (%s), not to %v", back, u.stop.Text, at)
			}
			u.do("disconnect", nil, nil)
		})
	}
}
