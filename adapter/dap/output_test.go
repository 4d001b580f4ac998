package dap_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
)

// written waits for the output event with a text.
func (p *peer) written(text string) dap.OutputEventBody {
	p.Helper()
	m, err := p.c.Take(p.ctx, func(m *clientMessage) bool {
		e, ok := m.Msg.(*godap.OutputEvent)
		return ok && strings.Contains(e.Body.Output, text)
	})
	if err != nil {
		p.Fatalf("waiting for the output %q: %v", text, err)
	}
	return decode[dap.OutputEventBody](p.T, m.Raw)
}

// What is written through a language's library is the line's that called it. C's is
// written at the end, when none of the program's lines is under way any more.
func TestOutputTellsTheLineThatWroteIt(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("needs an x86-64 Linux machine")
	}
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			dir := build(t, &b)
			p := connect(t)
			p.initialize()
			p.launch(filepath.Join(dir, "bug"), args{"env": args{"HOME": dir}})
			p.do("configurationDone", nil)
			p.stopped("exit")
			got := p.written("total")
			if b.name == "C" {
				if got.Source != nil {
					t.Errorf("%+v, line %d", got.Source, got.Line)
				}
				return
			}
			if got.Source == nil || got.Source.Path != filepath.Join(dir, b.file) || got.Line != lineOf(&b, "show") {
				t.Errorf("%+v, line %d, expected %s, line %d", got.Source, got.Line, b.file, lineOf(&b, "show"))
			}
		})
	}
}

func TestOutputsSourceIsItsMomentIfAskedFor(t *testing.T) {
	each(t, "steps", func(t *testing.T, p *peer) {
		// The guest's libraries are sources as any others: it has a line.
		p.move("continue", "exit")
		plain := p.written("loops")
		if plain.Source == nil || plain.Line == 0 || !filepath.IsAbs(plain.Source.Path) {
			t.Fatalf("%+v", plain)
		}
		q := start(t, "steps@"+map[bool]string{true: "amd64", false: "riscv64"}[strings.Contains(t.Name(), "amd64")], args{"momentUri": "revexec-moment:"})
		q.move("continue", "exit")
		moment := q.written("loops")
		if want := fmt.Sprintf("revexec-moment:/%d/%s", moment.Revexec.Icount, plain.Source.Name); moment.Source == nil || moment.Source.Path != want {
			t.Fatalf("%+v, expected %s", moment.Source, want)
		}
		if moment.Line != plain.Line || moment.Source.Name != plain.Source.Name || moment.Revexec.Icount != plain.Revexec.Icount {
			t.Errorf("%+v, line %d; without it %+v, line %d", moment.Source, moment.Line, plain.Source, plain.Line)
		}
	})
}

func TestAMomentsURIIsChecked(t *testing.T) {
	p := connect(t)
	p.initialize()
	for _, bad := range []string{"moment", "c:", "1x:", "x y:", "moment:/path", "moment:?"} {
		p.refused(1003, "launch", args{"program": guest(t, "steps"), "momentUri": bad})
	}
	p.launch(guest(t, "steps"), args{"momentUri": "x-moment://host"})
}

func TestOutputWithoutAKnownLineHasAMomentAllTheSame(t *testing.T) {
	path := recorded(t, "steps", args{})
	p := open(t, path, args{"momentUri": "m2:", "sourcePaths": []string{}})
	p.do("configurationDone", nil)
	p.stopped("exit")
	got := p.written("loops")
	if want := fmt.Sprintf("m2:/%d/output", got.Revexec.Icount); got.Source == nil || got.Source.Path != want || got.Line != 1 {
		t.Errorf("%+v, line %d, expected %s", got.Source, got.Line, want)
	}
}

func TestABookmarkInALibraryTellsTheUsersLine(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("needs an x86-64 Linux machine")
	}
	b := bugs[slices.IndexFunc(bugs, func(b bug) bool { return b.name == "Go" })]
	dir := build(t, &b)
	p := connect(t)
	p.initialize()
	p.launch(filepath.Join(dir, "bug"), args{"env": args{"HOME": dir}})
	p.do("configurationDone", nil)
	p.stopped("exit")
	p.console("printed total")
	p.stopped("goto")
	if top := p.stack()[0]; top.Source != nil && top.Source.Name == b.file {
		t.Fatalf("not in a library: %+v", top)
	}
	made := ask[dap.BookmarkBody](p, dap.CommandSetBookmark, nil).Bookmark
	if made.Source == nil || made.Source.Name != b.file || made.Line != lineOf(&b, "show") {
		t.Errorf("%+v", made)
	}
	if text := p.console(fmt.Sprintf("executions %d", lineOf(&b, "write"))); !strings.HasPrefix(text, "5 executions") {
		t.Errorf("%s", text)
	}
}
