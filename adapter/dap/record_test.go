package dap_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/files"
	"github.com/dap-revexec/dap-revexec/checkpoint/recording"
	"github.com/dap-revexec/dap-revexec/testdata"
)

// forbidden are files of which none may be opened.
type forbidden struct{ t *testing.T }

func (f forbidden) Open(path string) (files.File, error) {
	f.t.Errorf("%s of this machine was opened", path)
	return nil, fs.ErrNotExist
}

// noHostFiles fails the test when a file of this machine is opened from now on.
func noHostFiles(t *testing.T) {
	host := files.Host
	files.Host = forbidden{t}
	t.Cleanup(func() { files.Host = host })
}

// recorded records a guest in a session of its own, from its start to its end, and
// removes it. It returns the recording.
func recorded(t *testing.T, name string, options args) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "session.rvx")
	exe := guest(t, name)
	options["file"] = path
	p := connect(t)
	p.initialize()
	p.launch(exe, args{"record": options})
	p.do("setExceptionBreakpoints", args{"filters": []string{}})
	p.do("configurationDone", nil)
	p.stopped("exit")
	p.do("disconnect", nil)
	if err := <-p.served; err != nil {
		t.Error(err)
	}
	p.served <- nil
	if err := os.RemoveAll(filepath.Dir(exe)); err != nil {
		t.Fatal(err)
	}
	return path
}

// open starts a session on a recording.
func open(t *testing.T, path string, more ...args) *peer {
	t.Helper()
	p := connect(t)
	p.initialize()
	p.launch("", append([]args{{"recording": path, "cwd": t.TempDir()}}, more...)...)
	return p
}

func TestARecordingIsDebuggedWhereNothingOfTheProgramIs(t *testing.T) {
	for _, arch := range testdata.Arches() {
		t.Run(arch, func(t *testing.T) {
			path := recorded(t, "steps@"+arch, args{"sources": true})
			noHostFiles(t)
			g, _ := testdata.LookupFor(arch, "steps")
			p := open(t, path, args{"stopOnEntry": true})
			p.do("configurationDone", nil)
			p.stopped("entry")
			src := p.stack()[0].Source
			if src == nil || src.SourceReference == 0 || src.PresentationHint == "deemphasize" {
				t.Fatalf("source %+v", src)
			}
			body := ask[godap.SourceResponseBody](p, "source", args{"source": src, "sourceReference": src.SourceReference})
			if body.Content != string(testdata.Source("steps.c")) {
				t.Errorf("the source has %d bytes", len(body.Content))
			}
			bps := ask[godap.SetBreakpointsResponseBody](p, "setBreakpoints", args{
				"source": src, "breakpoints": []args{{"line": testdata.Line("steps.c", "a-body")}},
			})
			if len(bps.Breakpoints) != 1 || !bps.Breakpoints[0].Verified {
				t.Fatalf("%+v", bps)
			}
			first := p.move("continue", "breakpoint").Revexec.Icount
			second := p.move("continue", "breakpoint").Revexec.Icount
			value := p.eval("trace").Result
			if back := p.move("stepBack", "step").Revexec.Icount; back >= second || second <= first {
				t.Errorf("at %d, %d, back at %d", first, second, back)
			}
			p.move("next", "breakpoint")
			if again := p.eval("trace").Result; again != value || value == "" {
				t.Errorf("n is %s, then %s", value, again)
			}
			p.move("reverseContinue", "breakpoint")
			p.do("setBreakpoints", args{"source": src, "breakpoints": []args{}})
			p.move("reverseContinue", "entry")
			for range 2 {
				stop := p.move("continue", "exit")
				if stop.Revexec.Exit == nil || stop.Revexec.Exit.Code != g.Exit {
					t.Errorf("exit %+v", stop.Revexec.Exit)
				}
				p.move("reverseContinue", "entry")
			}
			if got := p.output("stdout"); got != g.Expect() {
				t.Errorf("output %q", got)
			}
		})
	}
}

func TestWithoutSourcesOnlyNamedDirectoriesAreLookedIn(t *testing.T) {
	path := recorded(t, "steps", args{})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "steps.c"), testdata.Source("steps.c"), 0o644); err != nil {
		t.Fatal(err)
	}
	source := func(more args) *godap.Source {
		p := open(t, path, args{"stopOnEntry": true}, more)
		p.do("configurationDone", nil)
		p.stopped("entry")
		src := p.stack()[0].Source
		if src.SourceReference != 0 {
			text := ask[godap.SourceResponseBody](p, "source", args{"source": src, "sourceReference": src.SourceReference}).Content
			if !strings.Contains(text, "not in the recording") {
				t.Errorf("in place of the source: %s", text)
			}
		}
		return src
	}
	if src := source(args{"cwd": dir}); src.SourceReference == 0 || src.Origin != "not found" {
		t.Errorf("not named: %+v", src)
	}
	for name, more := range map[string]args{
		"sourcePaths": {"sourcePaths": []string{dir}}, "sourceMap": {"sourceMap": args{"/revexec/testdata/src": dir}},
	} {
		if src := source(more); src.SourceReference != 0 || src.Path != filepath.Join(dir, "steps.c") {
			t.Errorf("%s: %+v", name, src)
		}
	}
}

func TestARecordingOpensAtThePositionAskedFor(t *testing.T) {
	path := recorded(t, "steps", args{})
	for position, want := range map[string]func(at, end uint64) bool{
		"start": func(at, end uint64) bool { return at == 0 },
		"end":   func(at, end uint64) bool { return at == end },
		"50%":   func(at, end uint64) bool { return at == end/2 || at == end/2+1 },
		"1000":  func(at, end uint64) bool { return at == 1000 },
	} {
		p := open(t, path, args{"position": position})
		p.do("configurationDone", nil)
		stop := p.stopped("goto")
		if !want(stop.Revexec.Icount, stop.Revexec.Frontier) {
			t.Errorf("%s: at %d of %d", position, stop.Revexec.Icount, stop.Revexec.Frontier)
		}
		if out := p.output("stdout"); out != "" {
			t.Errorf("%s: output %q", position, out)
		}
	}
}

func TestTheEndOfARecordingIsAStopOfItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rec")
	p := connect(t)
	p.initialize()
	p.launch(guest(t, "spin"), args{"record": path})
	p.do("configurationDone", nil)
	if got := event[godap.OutputEventBody](p, "output"); got.Output != "spinning\n" {
		t.Errorf("output %q", got.Output)
	}
	p.do("disconnect", nil) // while it runs
	if err := <-p.served; err != nil {
		t.Error(err)
	}
	p.served <- nil

	p = open(t, path)
	p.do("configurationDone", nil)
	for range 2 {
		stop := p.stopped("pause")
		if !strings.Contains(stop.Description, "End of the recording") || stop.Revexec.Icount != stop.Revexec.Frontier || stop.Revexec.Exit != nil {
			t.Errorf("%+v", stop)
		}
		p.do("continue", args{"threadId": p.thread})
	}
	p.stopped("pause")
	p.move("stepBack", "step")
	p.move("reverseContinue", "entry")
}

func TestTheWordSaveMakesARecordingOfTheHistorySoFar(t *testing.T) {
	p := start(t, "steps")
	dir := t.TempDir()
	path := filepath.Join(dir, "with a space")
	p.move("next", "step")
	at := p.move("next", "step")
	if got := p.console("save " + path); !strings.Contains(got, path) {
		t.Errorf("save: %s", got)
	}
	q := open(t, path, args{"position": "end"})
	q.do("configurationDone", nil)
	stop := q.stopped("goto")
	if stop.Revexec.Icount != at.Revexec.Frontier {
		t.Errorf("saved up to %d of %d", stop.Revexec.Icount, at.Revexec.Frontier)
	}
	again := filepath.Join(dir, "again")
	q.console("save " + again)
	q = open(t, again)
	q.do("configurationDone", nil)
	if stop := q.stopped("pause"); stop.Revexec.Icount != at.Revexec.Frontier {
		t.Errorf("saved again up to %d of %d", stop.Revexec.Icount, at.Revexec.Frontier)
	}
	for _, line := range []string{"save", "save " + again, "save " + write(t, "text", "precious")} {
		if err := q.c.Do(q.ctx, "evaluate", args{"expression": line, "context": "repl"}, nil); err == nil {
			t.Errorf("%s: no error", line)
		}
	}
}

func TestLaunchArgumentsOfRecordings(t *testing.T) {
	p := connect(t)
	p.initialize()
	rec := filepath.Join(t.TempDir(), "rec")
	exe := guest(t, "steps")
	for _, c := range []struct {
		id   int
		says string
		args args
	}{
		{1003, "recording", args{}},
		{1003, "exclude", args{"recording": rec, "record": rec}},
		{1003, "position", args{"program": exe, "position": "end"}},
		{1003, "record", args{"program": exe, "record": 7}},
		{1003, "record", args{"program": exe, "record": args{"sources": true}}},
		{1003, "zero byte", args{"recording": "a\x00b"}},
		{2001, rec, args{"recording": rec}},
		{2001, "not a recording", args{"recording": exe}},
		{2001, "no recording", args{"program": exe, "record": exe}},
		{2001, "/nowhere", args{"program": exe, "record": "/nowhere/rec"}},
	} {
		if e := p.refused(c.id, "launch", c.args); !strings.Contains(e.Message+e.Format, c.says) {
			t.Errorf("%v: %+v, expected %q", c.args, e, c.says)
		}
	}
	p.launch(exe, args{"record": "relative"}) // to cwd
	made := filepath.Join(filepath.Dir(exe), "relative")
	if st, err := os.Stat(made); err != nil || st.Size() == 0 {
		t.Error(err)
	}
	q := connect(t)
	q.initialize()
	if e := q.refused(2001, "launch", args{"program": made}); !strings.Contains(e.Message+e.Format, "is a recording") {
		t.Errorf("a recording as a program: %+v", e)
	}
}

func TestLibrariesOfARecordingComeFromIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rec")
	dynamic(t, func(p *peer, program string) {
		p.do("configurationDone", nil)
		p.stopped("exit")
		p.do("disconnect", nil)
		if err := <-p.served; err != nil {
			t.Error(err)
		}
		p.served <- nil
		if err := os.RemoveAll(filepath.Dir(program)); err != nil {
			t.Fatal(err)
		}

		noHostFiles(p.T)
		p = open(p.T, path)
		p.do("setExceptionBreakpoints", args{"filters": []string{"signals", "throw"}})
		if bp := p.breakIn(program, "plugin.c", "work"); bp.Verified {
			t.Errorf("before it is loaded: %+v", bp)
		}
		p.do("configurationDone", nil)
		stop := p.stopped("breakpoint")
		top := p.stack()[0]
		if top.Line != testdata.Line("dynamic/plugin.c", "work") {
			t.Errorf("at %+v", top)
		}
		if top.Source.SourceReference == 0 || top.Source.Origin != "from the recording" {
			t.Errorf("source %+v", top.Source)
		}
		mods := p.moduleNames()
		for _, name := range []string{"libplugin.so", "libshared.so", "libc.so.6"} {
			if m, ok := mods[name]; !ok || strings.Contains(m.SymbolStatus, "No symbols") {
				t.Errorf("%s: %+v", name, m)
			}
		}
		if callers := p.stack(); callers[1].Name != "with_plugin" {
			t.Errorf("called by %s", callers[1].Name)
		}
		p.move("reverseContinue", "entry")
		if again := p.move("continue", "breakpoint"); again.Revexec.Icount != stop.Revexec.Icount {
			t.Errorf("at %d, before at %d", again.Revexec.Icount, stop.Revexec.Icount)
		}
	}, args{"record": args{"file": path, "sources": true}})
}

func TestRestartRecordsAnewAndReopens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rec")
	p := connect(t)
	p.initialize()
	p.launch(guest(t, "steps"), args{"record": path})
	p.do("configurationDone", nil)
	end := p.stopped("exit").Revexec.Icount
	p.do("restart", nil)
	p.stopped("exit")
	p.do("disconnect", nil)
	if err := <-p.served; err != nil {
		t.Error(err)
	}
	p.served <- nil

	p = open(t, path)
	p.do("configurationDone", nil)
	for range 2 {
		if got := p.stopped("exit").Revexec.Icount; got != end {
			t.Errorf("the recording ends at %d, the program at %d", got, end)
		}
		p.do("restart", nil)
	}
	p.stopped("exit")
	if n := strings.Count(p.output("stdout"), "loops 32\n"); n != 3 {
		t.Errorf("output %d times in 3 runs", n)
	}
}

func TestLibrariesAreRecordedWithoutDebuggingAsWell(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rec")
	dynamic(t, func(p *peer, program string) {
		p.do("configurationDone", nil)
		if err := p.c.Event(p.ctx, "terminated", nil); err != nil {
			t.Fatal(err)
		}
		q := open(p.T, path, args{"position": "end"})
		q.do("configurationDone", nil)
		q.stopped("goto")
		mods := q.moduleNames()
		rec, err := recording.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer rec.Close()
		if len(mods) < 4 {
			t.Errorf("modules %v", mods)
		}
		for name, m := range mods {
			if _, err := rec.ReadFile(m.Path); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}, args{"record": path, "noDebug": true})
}
