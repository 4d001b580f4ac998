package debugger

import (
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/debugger/values"
)

// What a library keeps to itself is not found from outside of it, and what is not
// there at all is not searched for in the debug information of the system's.
func TestNamesOfOtherModulesAreThoseThatTheyExport(t *testing.T) {
	dynamic(t, func(t *testing.T, d *Debugger) {
		d.SetSourceBreakpoints("main.c", []SourceBreakpoint{{Line: lineOf("main.c", "counter")}})
		go1(t, d, Motion{})
		isAt(t, d, "main.c", "counter")
		look := func(expr string) string {
			v, err := values.Evaluate(d.here(d.current(0)), expr)
			if err != nil {
				return "error: " + err.Error()
			}
			return v.Text()
		}
		for expr, want := range map[string]string{"shared_counter": "120", "shared_local": "42", "own_local": "6"} {
			if got := look(expr); got != want {
				t.Errorf("%s = %s, want %s", expr, got, want)
			}
		}
		if got := look("shared_add"); !strings.Contains(got, "shared_add") {
			t.Errorf("shared_add is %s", got)
		}
		if got := look("(struct pair *)0"); !strings.Contains(got, "0x0") {
			t.Errorf("a pointer to a struct that the library has: %s", got)
		}
		fresh := New(d.Timeline(), d.Program()) // which has read nothing
		for _, expr := range []string{"no_such_name", "b", "hidden_local", "inner", "(no_such_type)0"} {
			if v, err := values.Evaluate(fresh.here(fresh.current(0)), expr); err == nil {
				t.Errorf("%s = %s", expr, v.Text())
			}
		}
		for _, m := range fresh.Modules() {
			if !m.User() && m.Loaded() {
				t.Errorf("the debug information of %s was read", m.Path)
			}
		}
	})
}

// A stack trace shows the system's code below main; what it takes long to read of
// that is read for whoever looks into it.
func TestAStackTraceNamesLibrariesFunctionsWithoutReadingTheirDebugInformation(t *testing.T) {
	dynamic(t, func(t *testing.T, d *Debugger) {
		d.SetSourceBreakpoints("main.c", []SourceBreakpoint{{Line: lineOf("main.c", "counter")}})
		go1(t, d, Motion{})
		fresh := New(d.Timeline(), d.Program())
		fs, err := fresh.Frames(0)
		if err != nil || len(fs) < 2 || fs[0].Name != "main" || fs[1].Module == nil || fs[1].Module.User() {
			t.Fatalf("%+v, %v", fs, err)
		}
		libc := fs[1].Module
		if libc.Loaded() {
			t.Errorf("the debug information of %s was read", libc.Path)
		}
		skimmed := fs[1]
		if c := fresh.Context(0, &fs[1]); !libc.Loaded() || c.Prog != libc.Program() || c.Frame.PC != skimmed.PC || c.Frame.CFA != skimmed.CFA {
			t.Errorf("looking into %s: %+v", skimmed.Name, c.Frame)
		}
		fresh.Moved()
		again, err := fresh.Frames(0)
		if err != nil || len(again) < len(fs) || again[len(again)-1].CFA != fs[len(fs)-1].CFA {
			t.Fatalf("with debug information %+v, %v; without %+v", again, err, fs)
		}
		if strings.HasPrefix(skimmed.Name, "0x") && !strings.HasPrefix(again[1].Name, "0x") {
			t.Errorf("main's caller is %s, and not %s, without debug information", skimmed.Name, again[1].Name)
		}
	})
}
