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
