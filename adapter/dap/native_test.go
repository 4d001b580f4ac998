package dap_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	godap "github.com/google/go-dap"
)

// A program with a bug, in the languages that people compile: something sets total
// to a wrong value, which the end shows.
var bugs = []bug{
	{"C", "bug.c", `#include <stdio.h>
int total;
static void add(int n) {
	total += n; // write
}
int main(void) {
	for (int i = 1; i <= 5; i++)
		add(i);
	int seen = total;
	printf("total %d\n", seen); // show
	return seen == 15 ? 0 : 1;
}
`, []string{"gcc", "-g", "bug.c", "-o", "bug"}},
	{"C++", "bug.cpp", `#include <iostream>
#include <vector>
int total;
static void add(int n) {
	total += n; // write
}
int main() {
	std::vector<int> list = {1, 2, 3, 4, 5};
	for (int n : list)
		add(n);
	int seen = total;
	std::cout << "total " << seen << std::endl; // show
	return seen == 15 ? 0 : 1;
}
`, []string{"g++", "-g", "bug.cpp", "-o", "bug"}},
	{"Go", "bug.go", `package main

import "fmt"

var total int

//go:noinline
func add(n int) {
	total += n // write
}

func main() {
	for _, n := range []int{1, 2, 3, 4, 5} {
		add(n)
	}
	seen := total
	fmt.Println("total", seen) // show
}
`, []string{"go", "build", "-gcflags=all=-N -l", "-o", "bug", "bug.go"}},
	{"Rust", "bug.rs", `static mut TOTAL: i32 = 0;

#[inline(never)]
fn add(n: i32) {
    unsafe { TOTAL += n } // write
}

fn main() {
    for n in 1..=5 {
        add(n);
    }
    let seen = unsafe { TOTAL };
    println!("total {}", seen); // show
}
`, []string{"rustc", "-g", "bug.rs", "-o", "bug"}},
}

// bug is such a program.
type bug struct {
	name, file, source string
	build              []string // a command; it leaves the program as "bug"
}

// lineOf is the line of a bug's source with a marker.
func lineOf(b *bug, marker string) int {
	before, _, _ := strings.Cut(b.source, "// "+marker)
	return strings.Count(before, "\n") + 1
}

// build compiles a bug into a new directory.
func build(t *testing.T, b *bug) string {
	t.Helper()
	dir := t.TempDir()
	path, err := exec.LookPath(b.build[0])
	if home, _ := os.UserHomeDir(); err != nil && b.name == "Rust" {
		path, err = exec.LookPath(filepath.Join(home, ".cargo", "bin", "rustc"))
	}
	if err == nil && b.name == "Rust" {
		_, err = exec.LookPath("cc") // which it links with
	}
	if err != nil {
		if os.Getenv("CI") == "true" && b.name != "Rust" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if err := os.WriteFile(filepath.Join(dir, b.file), []byte(b.source), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, b.build[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GO111MODULE=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", b.build, err, out)
	}
	return dir
}

// What this machine's compilers make is debugged as it is: stepped back over lines
// and led back to the last write of a variable.
func TestProgramsOfThisMachineStepBack(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("needs an x86-64 Linux machine")
	}
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			dir := build(t, &b)
			line := func(marker string) int { return lineOf(&b, marker) }

			p := connect(t)
			p.initialize()
			p.launch(filepath.Join(dir, "bug"), args{"stopOnEntry": true, "env": args{"HOME": dir}})
			p.do("configurationDone", nil)
			p.stopped("entry")
			if top := p.stack()[0]; !strings.Contains(top.Name, "main") || top.Source == nil || top.Source.Name != b.file {
				t.Fatalf("the entry is in %+v", top)
			}
			set := ask[godap.SetBreakpointsResponseBody](p, "setBreakpoints", args{
				"source": args{"path": filepath.Join(dir, b.file)}, "breakpoints": []args{{"line": line("show")}},
			})
			if !set.Breakpoints[0].Verified {
				t.Fatalf("%+v", set.Breakpoints[0])
			}
			shown := p.move("continue", "breakpoint")
			if got := p.eval("seen").Result; got != "15" {
				t.Errorf("seen = %s", got)
			}
			p.move("stepBack", "step")
			if top := p.stack()[0]; top.Line >= line("show") {
				t.Errorf("back on line %d", top.Line)
			}
			if back := p.move("next", "breakpoint"); back.Revexec.Icount != shown.Revexec.Icount {
				t.Errorf("next leads to %d, not %d", back.Revexec.Icount, shown.Revexec.Icount)
			}

			name := map[string]string{"Rust": "bug::TOTAL", "Go": "main.total"}[b.name]
			if name == "" {
				name = "total"
			}
			info := ask[godap.DataBreakpointInfoResponseBody](p, "dataBreakpointInfo", args{"name": name, "frameId": p.stack()[0].Id})
			id, ok := info.DataId.(string)
			if !ok {
				t.Fatalf("%s can't be watched: %s", name, info.Description)
			}
			p.do("setDataBreakpoints", args{"breakpoints": []args{{"dataId": id, "accessType": "write"}}})
			for want := 10; want >= 6; want -= 4 { // before the fifth write, the fourth
				p.move("reverseContinue", "data breakpoint")
				if top := p.stack()[0]; top.Line != line("write") {
					t.Errorf("the write is on line %d of %s, want %d", top.Line, top.Name, line("write"))
				}
				if got := p.eval(name).Result; got != strconv.Itoa(want) {
					t.Errorf("%s = %s, want %d", name, got, want)
				}
			}
			p.do("setDataBreakpoints", args{"breakpoints": []args{}})
			p.move("continue", "breakpoint")
			p.move("continue", "exit")
			if !strings.Contains(p.output("stdout"), "total 15") {
				t.Errorf("output %q", p.output("stdout"))
			}
			p.move("reverseContinue", "breakpoint")
		})
	}
}
