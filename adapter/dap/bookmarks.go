package dap

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	godap "github.com/google/go-dap"
)

// Bookmarks: positions that the user has given names.

// Bounds of bookmarks.
const (
	maxBookmarks    = 10_000
	maxBookmarkName = 200 // characters
)

// bookmark is a position with a name.
type bookmark struct {
	id     int
	name   string
	icount uint64
	place  place // unknown until the program is there
}

// place is where in the program a position is.
type place struct {
	thread int // 0: not known
	file   string
	line   int
	text   string // for a person
}

// bookmarks are those of the session's program. There is one for a position at most.
type bookmarks struct {
	list []*bookmark // by icount
	last int         // ID
}

// at is the bookmark at a position, nil if there is none.
func (b *bookmarks) at(icount uint64) *bookmark {
	if i, ok := b.search(icount); ok {
		return b.list[i]
	}
	return nil
}

func (b *bookmarks) search(icount uint64) (int, bool) {
	return slices.BinarySearchFunc(b.list, icount, func(m *bookmark, at uint64) int { return cmp.Compare(m.icount, at) })
}

// id is the bookmark with an ID, nil if there is none.
func (b *bookmarks) id(id int) *bookmark {
	if i := slices.IndexFunc(b.list, func(m *bookmark) bool { return m.id == id }); i >= 0 {
		return b.list[i]
	}
	return nil
}

// named is the bookmark with a name, nil if there is none.
func (b *bookmarks) named(name string) *bookmark {
	if i := slices.IndexFunc(b.list, func(m *bookmark) bool { return m.name == name }); i >= 0 {
		return b.list[i]
	}
	return nil
}

// find is the bookmark that a user means with a name or an ID.
func (b *bookmarks) find(text string) (*bookmark, error) {
	text = strings.TrimSpace(text)
	if m := b.named(text); m != nil {
		return m, nil
	}
	if id, err := strconv.Atoi(text); err == nil {
		if m := b.id(id); m != nil {
			return m, nil
		}
	}
	if len(b.list) == 0 {
		return nil, fail(errUnresolvable, "there is no bookmark %.60q: there are none yet (bookmark NAME makes one)", text)
	}
	return nil, fail(errUnresolvable, "there is no bookmark %.60q (bookmarks lists them)", text)
}

// check says what is wrong with a name for m, nil for a new bookmark.
func (b *bookmarks) check(name string, m *bookmark) error {
	if n := utf8.RuneCountInString(name); n > maxBookmarkName {
		return badArgument("bookmark: a name of %d characters: %d at most", n, maxBookmarkName)
	}
	if strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name) {
		return badArgument("bookmark: the name %.60q has control characters in it", name)
	}
	if other := b.named(name); other != nil && other != m {
		return badArgument("bookmark: %.60q is the name of bookmark %d, at icount %d", name, other.id, other.icount)
	}
	return nil
}

// free is a name that no bookmark has.
func (b *bookmarks) free() string {
	for n := b.last + 1; ; n++ {
		if name := fmt.Sprintf("Bookmark %d", n); b.named(name) == nil {
			return name
		}
	}
}

// mark makes a bookmark, or renames the one that is there already.
func (s *session) mark(name string, icount uint64) (*bookmark, error) {
	b := &s.marks
	m := b.at(icount)
	if name = strings.TrimSpace(name); name != "" {
		if err := b.check(name, m); err != nil {
			return nil, err
		}
	}
	if m == nil {
		if len(b.list) >= maxBookmarks {
			return nil, fail(errUnresolvable, "bookmark: there are %d already", maxBookmarks)
		}
		if name == "" {
			name = b.free()
		}
		b.last++
		m = &bookmark{id: b.last, icount: icount}
		i, _ := b.search(icount)
		b.list = slices.Insert(b.list, i, m)
	}
	if name != "" {
		m.name = name
	}
	if icount == s.prog.tl.Icount() {
		m.place = s.here()
		s.prog.tl.Pin() // to come back quickly
	}
	return m, nil
}

// here describes where the program is.
func (s *session) here() place {
	t := s.prog.machine.CurrentThread()
	at := place{thread: int(t)}
	frames, _ := s.prog.dbg.Frames(t)
	f := s.usersFrame(frames)
	if f == nil {
		return at
	}
	at.file, at.line, at.text = f.File, f.Line, shortPlace(f.Name, f.File, f.Line)
	return at
}

// unmark removes a bookmark.
func (s *session) unmark(m *bookmark) {
	s.marks.list = slices.DeleteFunc(s.marks.list, func(x *bookmark) bool { return x == m })
}

// dropBookmarks forgets all bookmarks: they were of another history.
func (s *session) dropBookmarks() {
	if len(s.marks.list) > 0 {
		s.marks = bookmarks{last: s.marks.last}
		s.timelineChanged(ChangedBookmarks)
	}
}

// visitBookmark completes the bookmark at the program's position, if there is one that
// was made from elsewhere.
func (s *session) visitBookmark() {
	if m := s.marks.at(s.prog.tl.Icount()); m != nil && m.place.thread == 0 {
		m.place = s.here()
		s.timelineChanged(ChangedBookmarks)
	}
}

// timelineChanged tells the client that what a timeline shows has changed without a stop.
func (s *session) timelineChanged(what ...string) {
	s.event(EventTimelineChanged, TimelineChangedEventBody{What: what})
}

// bookmark describes a bookmark to the client.
func (s *session) bookmark(m *bookmark) Bookmark {
	out := Bookmark{ID: m.id, Name: m.name, Icount: m.icount, Thread: m.place.thread, Text: m.place.text}
	if m.place.file != "" {
		out.Source, out.Line = s.source1(m.place.file), s.lineOut(m.place.line)
	}
	if out.Text == "" {
		out.Text = fmt.Sprintf("icount %d", m.icount)
	}
	return out
}

func (s *session) bookmarkList() []Bookmark {
	list := make([]Bookmark, len(s.marks.list))
	for i, m := range s.marks.list {
		list[i] = s.bookmark(m)
	}
	return list
}

func (s *session) bookmarks(c *call, m *BookmarksRequest) (any, error) {
	return BookmarksBody{Bookmarks: s.bookmarkList()}, nil
}

func (s *session) setBookmark(c *call, m *SetBookmarkRequest) (any, error) {
	a := &m.Arguments
	var made *bookmark
	if a.ID != 0 {
		if made = s.marks.id(a.ID); made == nil {
			return nil, fail(errUnresolvable, "setBookmark: there is no bookmark %d", a.ID)
		}
		name := strings.TrimSpace(a.Name)
		switch {
		case a.Icount != nil && *a.Icount != made.icount:
			return nil, badArgument("setBookmark: a bookmark does not move: make one at icount %d", *a.Icount)
		case name == "":
			return nil, badArgument(`setBookmark: the argument "name" is empty`)
		}
		if err := s.marks.check(name, made); err != nil {
			return nil, err
		}
		made.name = name
	} else {
		at := s.prog.tl.Icount()
		var err error
		if a.Icount != nil {
			if at, err = s.reachable(*a.Icount); err != nil {
				return nil, fmt.Errorf("setBookmark: %w", err)
			}
		}
		if made, err = s.mark(a.Name, at); err != nil {
			return nil, err
		}
	}
	c.then(func() { s.timelineChanged(ChangedBookmarks) })
	return BookmarkBody{Bookmark: s.bookmark(made)}, nil
}

func (s *session) removeBookmark(c *call, m *RemoveBookmarkRequest) (any, error) {
	found := s.marks.id(m.Arguments.ID)
	if found == nil {
		return nil, fail(errUnresolvable, "removeBookmark: there is no bookmark %d", m.Arguments.ID)
	}
	s.unmark(found)
	c.then(func() { s.timelineChanged(ChangedBookmarks) })
	return nil, nil
}

func bookmarkWord(s *session, c *call, rest string) (string, error) {
	m, err := s.mark(rest, s.prog.tl.Icount())
	if err != nil {
		return "", err
	}
	c.then(func() { s.timelineChanged(ChangedBookmarks) })
	return fmt.Sprintf("bookmark %d, %q, at icount %d: come back with \"seek @%[2]s\"", m.id, m.name, m.icount), nil
}

func bookmarksWord(s *session, c *call, rest string) (string, error) {
	if len(s.marks.list) == 0 {
		return "no bookmarks", nil
	}
	var b strings.Builder
	at := s.prog.tl.Icount()
	for _, m := range s.marks.list {
		sign := " "
		if m.icount == at {
			sign = "*"
		}
		fmt.Fprintf(&b, "%s %3d  %-24s icount %-12d %s\n", sign, m.id, m.name, m.icount, m.place.text)
	}
	return strings.TrimRight(b.String(), " \n"), nil
}

func unbookmarkWord(s *session, c *call, rest string) (string, error) {
	m, err := s.marks.find(strings.TrimPrefix(rest, "@"))
	if err != nil {
		return "", err
	}
	s.unmark(m)
	c.then(func() { s.timelineChanged(ChangedBookmarks) })
	return fmt.Sprintf("bookmark %d, %q, is no more", m.id, m.name), nil
}

// completeBookmarks adds the names of the bookmarks, each behind prefix. They may have
// any characters: so what is completed is all behind the word.
func (s *session) completeBookmarks(x *completer, prefix string) {
	for _, m := range s.marks.list {
		x.add(prefix+m.name, m.place.text, godap.CompletionItemType("reference"))
	}
}
