package dap_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/testdata"
)

// dynamic calls f for each architecture whose dynamically linked programs can be
// built here, with a client that has launched one, to be configured.
func dynamic(t *testing.T, f func(p *peer, program string), more ...args) {
	for _, tc := range testdata.Toolchains() {
		t.Run(tc.Arch, func(t *testing.T) {
			if err := tc.Missing(); err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			exe, err := tc.BuildDynamic(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			p := connect(t)
			p.initialize()
			a := args{"sysroot": tc.Sysroot}
			if tc.Sysroot == "" {
				a = args{}
			}
			p.launch(exe, append([]args{a}, more...)...)
			f(p, exe)
		})
	}
}

// breakIn sets a breakpoint on a marked line of a source of the dynamic program.
func (p *peer) breakIn(program, file, marker string) godap.Breakpoint {
	p.Helper()
	body := ask[godap.SetBreakpointsResponseBody](p, "setBreakpoints", args{
		"source":      args{"path": filepath.Join(filepath.Dir(program), file)},
		"breakpoints": []args{{"line": testdata.Line("dynamic/"+file, marker)}},
	})
	return body.Breakpoints[0]
}

// moduleReasons waits for events about the module of a name until the last of the
// reasons has come, and checks that these came. Symbols may be read at any time.
func (p *peer) moduleReasons(name string, want ...string) {
	p.Helper()
	var got []string
	for len(got) < len(want) {
		if e := event[godap.ModuleEventBody](p, "module"); e.Module.Name == name && e.Reason != "changed" {
			got = append(got, e.Reason)
		}
	}
	if !slices.Equal(got, want) {
		p.Errorf("events about %s: %q, want %q", name, got, want)
	}
}

func (p *peer) moduleNames() map[string]godap.Module {
	p.Helper()
	out := map[string]godap.Module{}
	for _, m := range ask[godap.ModulesResponseBody](p, "modules", args{}).Modules {
		out[m.Name] = m
	}
	return out
}

func TestABreakpointInALibraryIsPendingUntilItIsLoaded(t *testing.T) {
	dynamic(t, func(p *peer, program string) {
		bp := p.breakIn(program, "plugin.c", "work")
		if bp.Verified || !strings.Contains(bp.Message, "as soon as") {
			t.Errorf("before it is loaded: %+v", bp)
		}
		p.do("configurationDone", nil)
		stop := p.stopped("breakpoint")
		if !slices.Equal(stop.HitBreakpointIds, []int{bp.Id}) {
			t.Errorf("hit %v, want %d", stop.HitBreakpointIds, bp.Id)
		}
		changed := event[godap.BreakpointEventBody](p, "breakpoint")
		if changed.Reason != "changed" || changed.Breakpoint.Id != bp.Id || !changed.Breakpoint.Verified {
			t.Errorf("%+v", changed)
		}
		p.moduleReasons("libplugin.so", "new")
		top := p.stack()[0]
		if top.Line != testdata.Line("dynamic/plugin.c", "work") || top.Source.Name != "plugin.c" {
			t.Errorf("stopped at %+v", top)
		}
		mods := p.moduleNames()
		if m := mods["libplugin.so"]; top.ModuleId != float64(m.Id.(float64)) || m.SymbolStatus != "Symbols loaded" || !m.IsUserCode {
			t.Errorf("frame in module %v, which is %+v", top.ModuleId, m)
		}
		if m := mods["libc.so.6"]; m.IsUserCode || m.Id == nil {
			t.Errorf("libc: %+v", m)
		}
		var sources []string
		for _, s := range ask[godap.LoadedSourcesResponseBody](p, "loadedSources", args{}).Sources {
			sources = append(sources, s.Name)
		}
		for _, want := range []string{"main.c", "shared.c", "plugin.c"} {
			if !slices.Contains(sources, want) {
				t.Errorf("loaded sources %q lack %s", sources, want)
			}
		}

		p.move("reverseContinue", "entry")
		changed = event[godap.BreakpointEventBody](p, "breakpoint")
		if changed.Breakpoint.Verified {
			t.Errorf("at the start: %+v", changed.Breakpoint)
		}
		p.moduleReasons("libplugin.so", "removed")
		if mods := p.moduleNames(); len(mods) != 2 {
			t.Errorf("modules at the start: %v", mods)
		}
		if again := p.move("continue", "breakpoint"); again.Revexec.Icount != stop.Revexec.Icount {
			t.Errorf("at %d, before at %d", again.Revexec.Icount, stop.Revexec.Icount)
		}
		second := p.move("continue", "breakpoint")
		p.move("continue", "exit")
		if back := p.move("reverseContinue", "breakpoint"); back.Revexec.Icount != second.Revexec.Icount {
			t.Errorf("back at %d, want %d", back.Revexec.Icount, second.Revexec.Icount)
		}
	})
}

func TestExecIsToldAsAnotherProcess(t *testing.T) {
	dynamic(t, func(p *peer, program string) {
		p.breakIn(program, "main.c", "first")
		p.do("configurationDone", nil)
		p.stopped("breakpoint")
		if got := p.eval("argc").Result; got != "2" {
			t.Errorf("argc = %s", got)
		}
		p.move("continue", "breakpoint")
		if got := p.eval("argv[1]").Result; !strings.Contains(got, "second") {
			t.Errorf("argv[1] = %s", got)
		}
		p.move("reverseContinue", "breakpoint")
		if got := p.eval("argv[1]").Result; !strings.Contains(got, "again") {
			t.Errorf("argv[1] = %s", got)
		}
	}, args{"args": []string{"again"}})
}

func TestStopOnEntryOfADynamicProgramIsInMain(t *testing.T) {
	dynamic(t, func(p *peer, program string) {
		p.do("configurationDone", nil)
		p.stopped("entry")
		if top := p.stack()[0]; top.Name != "main" {
			t.Errorf("in %s", top.Name)
		}
	}, args{"stopOnEntry": true})
}

func TestASysrootThatIsNoDirectoryIsRefused(t *testing.T) {
	p := connect(t)
	p.initialize()
	err := p.c.Do(p.ctx, "launch", args{"program": guest(t, "steps"), "sysroot": "/nonexistent/root"}, nil)
	if err == nil || !strings.Contains(err.Error(), "sysroot") {
		t.Errorf("%v", err)
	}
}
