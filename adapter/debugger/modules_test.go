package debugger

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/adapter/debugger/values"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// dynamic calls f for each architecture whose dynamically linked programs can be
// built here, with a debugger at the start of one.
func dynamic(t *testing.T, f func(t *testing.T, d *Debugger), args ...string) {
	for _, tc := range testdata.Toolchains() {
		t.Run(tc.Arch, func(t *testing.T) {
			if err := tc.Missing(); err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			f(t, startDynamic(t, dynamicPath(t, tc), tc.Sysroot, args...))
		})
	}
}

func dynamicPath(t *testing.T, tc testdata.Toolchain) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	name := "dynamic-" + tc.Arch
	if p := built.path[name]; p != "" {
		return p
	}
	dir := filepath.Join(built.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	exe, err := tc.BuildDynamic(dir)
	if err != nil {
		t.Fatal(err)
	}
	built.path[name] = exe
	return exe
}

func startDynamic(t *testing.T, exe, sysroot string, args ...string) *Debugger {
	t.Helper()
	m, err := linux.New(linux.Config{
		Path: exe, Args: append([]string{exe}, args...), Dir: filepath.Dir(exe), Sysroot: sysroot,
		Now: time.Unix(1_700_000_000, 0), Seed: [32]byte{1, 2, 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	im := m.Image()
	prog, err := symbols.Load(im.Path, im.Bias)
	if err != nil {
		t.Fatal(err)
	}
	return New(checkpoint.New(m, checkpoint.Config{}), prog)
}

// lineOf is a line that is marked in one of the program's sources.
func lineOf(file, marker string) int { return testdata.Line("dynamic/"+file, marker) }

// go1 moves and fails the test if that fails.
func go1(t *testing.T, d *Debugger, mo Motion) Event {
	t.Helper()
	ev, err := d.Move(t.Context(), mo)
	if err != nil {
		t.Fatalf("%+v: %v", mo, err)
	}
	return ev
}

// isAt fails the test unless the innermost frame is at the marked line.
func isAt(t *testing.T, d *Debugger, file, marker string) {
	t.Helper()
	fs, err := d.Frames(0)
	if len(fs) == 0 || filepath.Base(fs[0].File) != file || fs[0].Line != lineOf(file, marker) {
		t.Fatalf("at %s (%v), want %s:%d (%s)", d.Where(), err, file, lineOf(file, marker), marker)
	}
}

func frameNames(d *Debugger) []string {
	fs, _ := d.Frames(0)
	var out []string
	for _, f := range fs {
		out = append(out, f.Name)
	}
	return out
}

func moduleNames(d *Debugger) []string {
	var out []string
	for _, m := range d.Modules() {
		out = append(out, m.Name())
	}
	return out
}

func value(t *testing.T, d *Debugger, expr string) string {
	t.Helper()
	v, err := values.Evaluate(d.Context(0, nil), expr)
	if err != nil {
		return "error: " + err.Error()
	}
	return v.Text()
}

func TestRunToMainGoesThroughTheDynamicLoader(t *testing.T) {
	dynamic(t, func(t *testing.T, d *Debugger) {
		if got := moduleNames(d); len(got) != 2 || got[0] != "dynamic" || !strings.HasPrefix(got[1], "ld-linux") {
			t.Errorf("modules at the start: %q", got)
		}
		ev, err := d.RunToMain(t.Context())
		if err != nil || ev.Reason != ReasonStep {
			t.Fatalf("%+v, %v", ev, err)
		}
		if names := frameNames(d); len(names) == 0 || names[0] != "main" {
			t.Errorf("frames %q", names)
		}
		got := moduleNames(d)
		for _, want := range []string{"libshared.so", "libc.so.6"} {
			if !slices.Contains(got, want) {
				t.Errorf("modules %q lack %s", got, want)
			}
		}
		for _, m := range d.Modules() {
			if m.Program() == nil {
				t.Errorf("%s: %s", m.Path, m.Problem())
			}
		}
	})
}

func TestABreakpointInALibraryBindsWhenItIsLoadedAndHoldsInReverse(t *testing.T) {
	dynamic(t, func(t *testing.T, d *Debugger) {
		var told []string // what a user sees come and go
		d.SetModuleSink(func() {
			for _, b := range d.Breakpoints() {
				s := "pending"
				if b.Verified {
					s = "bound"
				}
				if n := len(told); n == 0 || told[n-1] != s {
					told = append(told, s)
				}
			}
		})
		bps := d.SetSourceBreakpoints("plugin.c", []SourceBreakpoint{{Line: lineOf("plugin.c", "work")}})
		if bps[0].Verified || !strings.Contains(bps[0].Message, "as soon as") {
			t.Errorf("before the library is loaded: %+v", bps[0])
		}
		var at []uint64
		for round := 1; round <= 2; round++ {
			ev := go1(t, d, Motion{})
			if ev.Reason != ReasonBreakpoint || !slices.Equal(ev.Breakpoints, []int{bps[0].ID}) {
				t.Fatalf("round %d: %+v", round, ev)
			}
			isAt(t, d, "plugin.c", "work")
			if got := value(t, d, "n"); got != []string{"", "1", "2"}[round] {
				t.Errorf("n = %s", got)
			}
			at = append(at, ev.Icount)
		}
		if ev := go1(t, d, Motion{}); ev.Reason != ReasonEnd {
			t.Fatalf("%+v", ev)
		}
		want := []string{"pending", "bound", "pending", "bound", "pending"}
		if !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		for i := 1; i >= 0; i-- {
			ev := go1(t, d, Motion{Back: true})
			if ev.Reason != ReasonBreakpoint || ev.Icount != at[i] {
				t.Fatalf("back to %d: %+v", at[i], ev)
			}
			if b := d.Breakpoints()[0]; !b.Verified {
				t.Errorf("at %d: %+v", at[i], b)
			}
		}
		if ev := go1(t, d, Motion{Back: true}); ev.Reason != ReasonStart {
			t.Fatalf("%+v", ev)
		}
		if b := d.Breakpoints()[0]; b.Verified {
			t.Errorf("at the start: %+v", b)
		}
		if got := moduleNames(d); len(got) != 2 {
			t.Errorf("modules at the start: %q", got)
		}
		// Anew, over what is known.
		if ev := go1(t, d, Motion{}); ev.Reason != ReasonBreakpoint || ev.Icount != at[0] {
			t.Errorf("forward again: %+v, want %d", ev, at[0])
		}
	})
}

func TestASearchBackLearnsOfLibrariesInAHistoryThatItDidNotSee(t *testing.T) {
	dynamic(t, func(t *testing.T, d *Debugger) {
		d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "plugin_work"}})
		ev := go1(t, d, Motion{})
		// Another debugger on the same timeline, from its end.
		tl := d.Timeline()
		if st := tl.Forward(t.Context(), noLimit, nil); st.Err != nil {
			t.Fatal(st.Err)
		}
		e := New(tl, d.Program())
		e.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "plugin_work"}})
		second := go1(t, e, Motion{Back: true})
		first := go1(t, e, Motion{Back: true})
		if second.Reason != ReasonFunction || first.Reason != ReasonFunction || first.Icount != ev.Icount || second.Icount <= first.Icount {
			t.Errorf("%+v, then %+v, want the first one at %d", second, first, ev.Icount)
		}
	})
}

func TestStepsLeadIntoAndOutOfALibrary(t *testing.T) {
	dynamic(t, func(t *testing.T, d *Debugger) {
		d.SetSourceBreakpoints("main.c", []SourceBreakpoint{{Line: lineOf("main.c", "shared")}})
		start := go1(t, d, Motion{})
		isAt(t, d, "main.c", "shared")
		d.SetSourceBreakpoints("main.c", nil)

		in := go1(t, d, Motion{Verb: StepIn}) // the first call goes through the loader
		if names := frameNames(d); len(names) < 2 || names[0] != "shared_add" || names[1] != "main" {
			t.Fatalf("stepped into %q", names)
		}
		if m := d.frame0(t).Module; m == nil || m.Name() != "libshared.so" {
			t.Errorf("module %+v", m)
		}
		for !strings.HasPrefix(d.frame0(t).Name, "inner") {
			go1(t, d, Motion{Verb: StepIn})
		}
		if names := frameNames(d); len(names) < 3 || names[1] != "shared_add" || names[2] != "main" {
			t.Errorf("frames %q", names)
		}
		go1(t, d, Motion{Verb: StepOut})
		isAt(t, d, "shared.c", "callinner")
		if _, err := d.Seek(t.Context(), d.Timeline().Icount()); err != nil { // steps are no longer undone
			t.Fatal(err)
		}
		ev := go1(t, d, Motion{Verb: StepOut, Back: true})
		isAt(t, d, "main.c", "shared")
		if ev.Icount <= start.Icount || ev.Icount >= in.Icount {
			t.Errorf("reverse step out to %d, want the call between %d and %d", ev.Icount, start.Icount, in.Icount)
		}
		if ev := go1(t, d, Motion{Verb: Next}); ev.Reason != ReasonStep {
			t.Errorf("%+v", ev)
		}
		isAt(t, d, "main.c", "again")
		over := d.Timeline().Icount()
		go1(t, d, Motion{Verb: StepIn, Back: true})
		if name := d.frame0(t).Name; name != "shared_add" {
			t.Errorf("reverse step in leads into %s", name)
		}
		if _, err := d.Seek(t.Context(), over); err != nil {
			t.Fatal(err)
		}
		go1(t, d, Motion{Verb: Next, Back: true})
		isAt(t, d, "main.c", "shared")
		// The second call goes straight through the linkage table.
		if _, err := d.Seek(t.Context(), over); err != nil {
			t.Fatal(err)
		}
		go1(t, d, Motion{Verb: StepIn})
		if name := d.frame0(t).Name; name != "shared_add" {
			t.Errorf("stepped into %s", name)
		}
		go1(t, d, Motion{Verb: StepOut})
		isAt(t, d, "main.c", "again")
	})
}

func (d *Debugger) frame0(t *testing.T) Frame {
	t.Helper()
	fs, err := d.Frames(0)
	if len(fs) == 0 {
		t.Fatal(err)
	}
	return fs[0]
}

// At each instruction of a call through the linkage table and the dynamic loader
// the stack leads back to main.
func TestTheStackUnwindsThroughLinkageTablesAndTheLoader(t *testing.T) {
	dynamic(t, func(t *testing.T, d *Debugger) {
		d.SetSourceBreakpoints("main.c", []SourceBreakpoint{{Line: lineOf("main.c", "shared")}})
		d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "shared_add"}})
		go1(t, d, Motion{})
		isAt(t, d, "main.c", "shared")
		from := d.Timeline().Icount()
		to := go1(t, d, Motion{}).Icount
		if _, err := d.Seek(t.Context(), from); err != nil {
			t.Fatal(err)
		}
		bad, seen := 0, map[string]bool{}
		for d.Timeline().Icount() < to {
			names := frameNames(d)
			module := ""
			if m := d.frame0(t).Module; m != nil {
				module = m.Name()
			}
			seen[module] = true
			if d.Arch().Name == "riscv64" && strings.HasPrefix(module, "ld-") {
				// Debian's loader for RISC-V has neither symbols nor unwind tables.
				go1(t, d, Motion{Verb: StepInstruction})
				continue
			}
			if !slices.Contains(names, "main") {
				if bad++; bad <= 5 {
					_, err := d.Frames(0)
					t.Errorf("%s: in %s, frames %q, %v", d.Where(), module, names, err)
				}
			}
			go1(t, d, Motion{Verb: StepInstruction})
		}
		if bad > 0 {
			t.Errorf("%d of %d positions", bad, to-from)
		}
		if len(seen) < 3 {
			t.Errorf("only went through %v", seen)
		}
	})
}

func TestThreadLocalVariablesOfTheProgramAndOfLibraries(t *testing.T) {
	dynamic(t, func(t *testing.T, d *Debugger) {
		d.SetSourceBreakpoints("shared.c", []SourceBreakpoint{{Line: lineOf("shared.c", "return")}})
		d.SetSourceBreakpoints("plugin.c", []SourceBreakpoint{{Line: lineOf("plugin.c", "worked")}})
		go1(t, d, Motion{})
		isAt(t, d, "shared.c", "return")
		for expr, want := range map[string]string{
			"shared_local": "41", "hidden_local.left": "3", "own_local": "6", "shared_counter": "110", "sum": "5",
		} {
			if got := value(t, d, expr); got != want {
				t.Errorf("%s = %s, want %s", expr, got, want)
			}
		}
		go1(t, d, Motion{})
		go1(t, d, Motion{})
		isAt(t, d, "plugin.c", "worked")
		for expr, want := range map[string]string{
			"plugin_local": "8", "plugin_calls": "1", "shared_local": "42", "own_local": "6", "shared_counter": "121",
		} {
			if got := value(t, d, expr); got != want {
				t.Errorf("%s = %s, want %s", expr, got, want)
			}
		}
	})
}

func TestExecReplacesTheModules(t *testing.T) {
	dynamic(t, func(t *testing.T, d *Debugger) {
		d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "main"}})
		first := go1(t, d, Motion{})
		if got := value(t, d, "argc"); got != "2" {
			t.Errorf("argc = %s", got)
		}
		second := go1(t, d, Motion{})
		if second.Reason != ReasonFunction || value(t, d, "argc") != "2" || value(t, d, "argv[1]") == value(t, d, "argv[0]") {
			t.Fatalf("%+v", second)
		}
		if got := value(t, d, "argv[1]"); !strings.Contains(got, "second") {
			t.Errorf("argv[1] = %s", got)
		}
		if ev := go1(t, d, Motion{Back: true}); ev.Icount != first.Icount {
			t.Errorf("back at %d, want %d", ev.Icount, first.Icount)
		}
		if got := value(t, d, "argv[1]"); !strings.Contains(got, "again") {
			t.Errorf("argv[1] = %s", got)
		}
	}, "again")
}

func TestALibraryThatIsNotTheOneOnDiskIsListedWithTheReason(t *testing.T) {
	for _, tc := range testdata.Toolchains() {
		t.Run(tc.Arch, func(t *testing.T) {
			if err := tc.Missing(); err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			dir := t.TempDir()
			exe, err := tc.BuildDynamic(dir)
			if err != nil {
				t.Fatal(err)
			}
			d := startDynamic(t, exe, tc.Sysroot)
			if _, err := d.RunToMain(t.Context()); err != nil {
				t.Fatal(err)
			}
			lib := filepath.Join(dir, "libshared.so")
			other, err := os.ReadFile(filepath.Join(dir, "libplugin.so"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(lib); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(lib, other, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, m := range d.Modules() {
				if m.Name() != "libshared.so" {
					continue
				}
				if why := m.Problem(); m.Program() != nil || !strings.Contains(why, "build ID") {
					t.Errorf("another build: %q", why)
				}
				return
			}
			t.Error("the library is not listed")
		})
	}
}

func TestDisassemblyNamesWhatItRefersTo(t *testing.T) {
	dynamic(t, func(t *testing.T, d *Debugger) {
		d.SetSourceBreakpoints("main.c", []SourceBreakpoint{{Line: lineOf("main.c", "shared")}})
		go1(t, d, Motion{})
		var text []string
		for _, in := range d.Disassemble(d.frame0(t).PC, 0, 40) {
			text = append(text, in.Text)
		}
		all := strings.Join(text, "\n")
		for _, want := range []string{"<shared_add@plt>", "<shared_counter"} {
			if !strings.Contains(all, want) && (want != "<shared_counter" || d.Arch().Name == "amd64") {
				t.Errorf("no %s in\n%s", want, all)
			}
		}
	})
}

// A handler's frames lead through the kernel's to what was interrupted.
func TestTheStackUnwindsThroughSignalFrames(t *testing.T) {
	each(t, "signals_glibc", func(t *testing.T, d *Debugger) {
		d.SetFunctionBreakpoints([]FunctionBreakpoint{{Name: "on_fault"}, {Name: "on_alarm"}, {Name: "on_usr1"}})
		hits := 0
		for ; hits < 5; hits++ {
			if ev := go1(t, d, Motion{}); ev.Reason == ReasonSignal {
				continue
			} else if ev.Reason != ReasonFunction {
				break
			}
			if names := frameNames(d); !slices.Contains(names, "main") {
				_, err := d.Frames(0)
				t.Errorf("%q, %v", names, err)
			}
		}
		if hits == 0 {
			t.Error("no handler was reached")
		}
	})
}
