package dap_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
)

func (p *peer) timelineChanged(what string) {
	p.Helper()
	if got := event[dap.TimelineChangedEventBody](p, dap.EventTimelineChanged); !slices.Equal(got.What, []string{what}) {
		p.Fatalf("changed: %v, expected %s", got.What, what)
	}
}

// timeline asks for the whole timeline.
func (p *peer) timeline(a args) dap.Timeline {
	p.Helper()
	return ask[dap.Timeline](p, dap.CommandTimeline, a)
}

func TestABookmarkIsAPlaceToComeBackTo(t *testing.T) {
	p := start(t, "steps")
	p.move("next", "step")
	made := ask[dap.BookmarkBody](p, dap.CommandSetBookmark, args{"name": "before the loops"}).Bookmark
	p.timelineChanged(dap.ChangedBookmarks)
	here := p.stack()[0]
	if made.Line != here.Line || made.Source == nil || made.Source.Path != here.Source.Path || made.Thread == 0 || !strings.Contains(made.Text, "steps.c") {
		t.Errorf("made %+v at line %d", made, here.Line)
	}
	if !slices.ContainsFunc(p.timeline(nil).Checkpoints, func(c dap.TimelineCheckpoint) bool { return c.Icount == made.Icount && c.Pinned }) {
		t.Error("no checkpoint is pinned there")
	}
	p.move("continue", "exit")
	if text := p.console("seek @before the loops"); !strings.Contains(text, fmt.Sprint(made.Icount)) {
		t.Errorf("seek: %s", text)
	}
	if stop := p.stopped("goto"); stop.Revexec.Icount != made.Icount {
		t.Errorf("at %d, expected %d", stop.Revexec.Icount, made.Icount)
	}
	// By its number, and the request.
	p.do(dap.CommandSeek, args{"to": "end"})
	p.stopped("goto")
	p.do(dap.CommandSeek, args{"to": fmt.Sprintf("@%d", made.ID)})
	if stop := p.stopped("goto"); stop.Revexec.Icount != made.Icount {
		t.Errorf("at %d, expected %d", stop.Revexec.Icount, made.Icount)
	}
	// Setting it again is setting it once.
	again := ask[dap.BookmarkBody](p, dap.CommandSetBookmark, nil).Bookmark
	if again.ID != made.ID || again.Name != made.Name {
		t.Errorf("set again: %+v", again)
	}
	if list := ask[dap.BookmarksBody](p, dap.CommandBookmarks, nil).Bookmarks; len(list) != 1 {
		t.Errorf("bookmarks: %+v", list)
	}
}

func TestABookmarkMadeFromElsewhereLearnsItsPlaceThere(t *testing.T) {
	p := start(t, "steps")
	there := ask[dap.WhereResponseBody](p, dap.CommandWhere, nil)
	p.move("continue", "exit")
	made := ask[dap.BookmarkBody](p, dap.CommandSetBookmark, args{"icount": there.Icount}).Bookmark
	p.timelineChanged(dap.ChangedBookmarks)
	if made.Icount != there.Icount || made.Source != nil || made.Text == "" || made.Name == "" {
		t.Errorf("made %+v", made)
	}
	p.do(dap.CommandSeek, args{"icount": there.Icount})
	p.stopped("goto")
	p.timelineChanged(dap.ChangedBookmarks)
	got := p.timeline(nil).Bookmarks
	if len(got) != 1 || got[0].Line != there.Line || got[0].Thread != there.Thread {
		t.Errorf("after a visit: %+v", got)
	}
}

func TestBookmarksAreRenamedRemovedAndEndWithTheirHistory(t *testing.T) {
	p := start(t, "steps")
	p.console("bookmark one")
	p.timelineChanged(dap.ChangedBookmarks)
	p.move("next", "step")
	p.console("bookmark")
	p.timelineChanged(dap.ChangedBookmarks)
	list := ask[dap.BookmarksBody](p, dap.CommandBookmarks, nil).Bookmarks
	if len(list) != 2 || list[0].Name != "one" || list[0].Icount >= list[1].Icount {
		t.Fatalf("bookmarks: %+v", list)
	}
	renamed := ask[dap.BookmarkBody](p, dap.CommandSetBookmark, args{"id": list[1].ID, "name": " two "}).Bookmark
	p.timelineChanged(dap.ChangedBookmarks)
	if renamed.Name != "two" || renamed.Icount != list[1].Icount {
		t.Errorf("renamed: %+v", renamed)
	}
	if text := p.console("bookmarks"); !strings.Contains(text, "one") || !strings.Contains(text, "two") {
		t.Errorf("bookmarks: %s", text)
	}
	for _, a := range []args{{"id": list[1].ID, "name": "one"}, {"id": list[1].ID}, {"name": "a\nb"}, {"name": strings.Repeat("x", 1000)}, {"id": list[1].ID, "name": "x", "icount": 1}} {
		p.refused(1003, dap.CommandSetBookmark, a)
	}
	for _, a := range []args{{"id": 99, "name": "x"}, {"icount": uint64(1) << 60}} {
		p.refused(2005, dap.CommandSetBookmark, a)
	}
	p.refused(2005, dap.CommandRemoveBookmark, args{"id": 99})
	p.refused(1003, dap.CommandRemoveBookmark, args{})
	p.refused(2005, dap.CommandSeek, args{"to": "@nowhere"})
	p.do(dap.CommandRemoveBookmark, args{"id": list[0].ID})
	p.timelineChanged(dap.ChangedBookmarks)
	p.console("unbookmark two")
	p.timelineChanged(dap.ChangedBookmarks)
	if text := p.console("bookmarks"); text != "no bookmarks" {
		t.Errorf("bookmarks: %s", text)
	}
	p.console("bookmark three")
	p.timelineChanged(dap.ChangedBookmarks)
	p.do("restart", nil)
	p.timelineChanged(dap.ChangedBookmarks)
	p.stopped("entry")
	if list := p.timeline(nil).Bookmarks; len(list) != 0 {
		t.Errorf("after a restart: %+v", list)
	}
}

func TestBookmarksAndPlacesAreCompleted(t *testing.T) {
	p := start(t, "steps")
	p.console("bookmark my place")
	for line, want := range map[string]string{
		"seek @my": "@my place", "seek @my pl": "@my place", "unbookmark m": "my place", "seek st": "start",
		"le nested_c": "nested_calls", "executions step": "steps.c:", "info th": "threads", "last-ex": "last-execution", "history trac": "trace",
	} {
		body := ask[godap.CompletionsResponseBody](p, "completions", args{"text": line, "column": len(line) + 1})
		i := slices.IndexFunc(body.Targets, func(x godap.CompletionItem) bool { return x.Label == want })
		if i < 0 {
			t.Errorf("%q: no %q among %d", line, want, len(body.Targets))
			continue
		}
		x := body.Targets[i]
		if got := line[:x.Start-1] + x.Label + line[x.Start-1+x.Length:]; !strings.HasSuffix(got, " "+want) && got != want {
			t.Errorf("%q with %q makes %q", line, want, got)
		}
	}
	if body := ask[godap.CompletionsResponseBody](p, "completions", args{"text": "printed tra", "column": 12}); len(body.Targets) != 0 {
		t.Errorf("a text is completed: %+v", body.Targets)
	}
}
