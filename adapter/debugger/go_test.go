package debugger

import (
	"path/filepath"
	"slices"
	"testing"
)

// Stepping over the lines of a Go program is the same walk on each architecture,
// forward and, without the memory of the steps made, back: a goroutine is followed
// wherever the scheduler and growing stacks take it.
func TestStepsOverGoLinesAreTheSameOnEachArchitecture(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: Go guests are built")
	}
	var first []int
	each(t, "gothreads", func(t *testing.T, d *Debugger) {
		if _, err := d.RunToMain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if fs, _ := d.Frames(0); len(fs) == 0 || fs[0].Name != "main.main" || filepath.Base(fs[0].File) != "main.go" {
			t.Fatalf("at %s", d.Where())
		}
		var lines []int
		at := []uint64{d.m.Icount()}
		for len(lines) < 60 {
			ev := d.do(t, Next, false)
			if ev.Reason == ReasonEnd || d.frame(t, 0).Name != "main.main" {
				break
			}
			if ev.Reason != ReasonStep {
				t.Fatalf("%+v at %s", ev, d.place())
			}
			lines, at = append(lines, d.line()), append(at, ev.Icount)
		}
		if len(lines) < 5 {
			t.Fatalf("only %d lines: %v", len(lines), lines)
		}
		if first == nil {
			first = lines
		} else if !slices.Equal(first, lines) {
			t.Errorf("lines %v, on the other architecture %v", lines, first)
		}
		d.to(t, at[len(at)-1])
		for i := len(at) - 2; i >= max(len(at)-12, 0); i-- {
			d.undo = nil
			if ev := d.do(t, Next, true); ev.Icount != at[i] {
				t.Fatalf("back at %d (%s), want %d", ev.Icount, d.place(), at[i])
			}
		}
	})
}

func TestStacksOfGoroutinesEndWhereTheyBegin(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: Go guests are built")
	}
	each(t, "gothreads", func(t *testing.T, d *Debugger) {
		d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "runtime.schedule"}, {Name: "runtime.futex"}, {Name: "runtime.memmove"}, {Name: "runtime.mallocgc"}})
		for range 25 {
			if ev := d.do(t, Continue, false); ev.Reason != ReasonFunction {
				break
			}
			fs, err := d.Frames(0)
			if err != nil || len(fs) == 0 {
				t.Errorf("%s: %d frames, %v", d.Where(), len(fs), err)
			}
		}
	})
}

func TestStepsInDoNotLeadIntoAssemblyOfGosRuntime(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: Go guests are built")
	}
	each(t, "gothreads", func(t *testing.T, d *Debugger) {
		if _, err := d.RunToMain(t.Context()); err != nil {
			t.Fatal(err)
		}
		list := d.allStatements(d.set(), d.pc(d.current(0))).Addrs()
		if len(list) == 0 {
			t.Fatal("no statements")
		}
		for _, pc := range list {
			if l, ok := d.Program().LineAt(pc); ok && filepath.Ext(l.File) == ".s" && filepath.Base(filepath.Dir(l.File)) == "runtime" {
				t.Errorf("into %s at %s:%d", d.Program().FuncAt(pc).Name, l.File, l.Line)
			}
		}
	})
}
