package dap

import godap "github.com/google/go-dap"

// The requests about the history as a whole: what happened when, and bookmarks.

// Commands of these requests.
const (
	CommandTimeline       = "revexec/timeline"
	CommandBookmarks      = "revexec/bookmarks"
	CommandSetBookmark    = "revexec/setBookmark"
	CommandRemoveBookmark = "revexec/removeBookmark"
)

// EventTimelineChanged is the event that tells that what a timeline shows has changed
// without a stop.
const EventTimelineChanged = "revexec/timelineChanged"

// What a TimelineChangedEvent tells of.
const (
	ChangedBookmarks = "bookmarks"
	ChangedHits      = "hits"
)

// TimelineChangedEvent tells that what a timeline shows has changed.
type TimelineChangedEvent struct {
	godap.Event
	Body TimelineChangedEventBody `json:"body"`
}

// TimelineChangedEventBody tells what has changed: ChangedBookmarks, ChangedHits.
type TimelineChangedEventBody struct {
	What []string `json:"what"`
}

// The requests about bookmarks and the timeline.
type (
	// BookmarksRequest asks for all bookmarks.
	BookmarksRequest = RequestOf[None]
	// SetBookmarkRequest makes a bookmark, or renames one.
	SetBookmarkRequest = RequestOf[SetBookmarkArguments]
	// RemoveBookmarkRequest removes a bookmark.
	RemoveBookmarkRequest = RequestOf[RemoveBookmarkArguments]
	// TimelineRequest asks for what happened in a part of the history.
	TimelineRequest = RequestOf[TimelineArguments]
)

// Bookmark is a position that the user has given a name.
type Bookmark struct {
	ID     int           `json:"id"` // from 1 on
	Name   string        `json:"name"`
	Icount uint64        `json:"icount"`
	Thread int           `json:"thread"` // 0 if the program has not been there since
	Source *godap.Source `json:"source,omitempty"`
	Line   int           `json:"line,omitempty"`
	Text   string        `json:"text"` // the place, for a person
}

// BookmarksBody lists the bookmarks by their position.
type BookmarksBody struct {
	Bookmarks []Bookmark `json:"bookmarks"`
}

// BookmarkBody has the bookmark that was made or renamed.
type BookmarkBody struct {
	Bookmark Bookmark `json:"bookmark"`
}

// SetBookmarkArguments are the arguments of a SetBookmarkRequest.
type SetBookmarkArguments struct {
	Name   string  `json:"name,omitempty"`   // empty: one is made
	Icount *uint64 `json:"icount,omitempty"` // absent: here
	ID     int     `json:"id,omitempty"`     // of the bookmark to rename; 0: make one
}

// RemoveBookmarkArguments are the arguments of a RemoveBookmarkRequest.
type RemoveBookmarkArguments struct {
	ID int `json:"id"`
}

// TimelineArguments are the arguments of a TimelineRequest.
type TimelineArguments struct {
	From    *uint64 `json:"from,omitempty"`    // absent: the start of history
	To      *uint64 `json:"to,omitempty"`      // absent: the frontier
	Buckets int     `json:"buckets,omitempty"` // 1 to 10000; 0: 1000
}

// Timeline is what happened in a part of the history, as finely as the number of
// buckets allows that the part is divided into.
type Timeline struct {
	Position    Position             `json:"position"`
	Recording   bool                 `json:"recording"` // the program is a recording's
	From        uint64               `json:"from"`      // the part, both ends in it
	To          uint64               `json:"to"`
	Buckets     int                  `json:"buckets"`
	Threads     []TimelineThread     `json:"threads"`     // by ID
	Checkpoints []TimelineCheckpoint `json:"checkpoints"` // one per bucket
	Events      []TimelineEvent      `json:"events"`      // by position
	Bookmarks   []Bookmark           `json:"bookmarks"`   // all
	Branches    []TimelineBranch     `json:"branches"`
	// Hits is the part of the history in which all hits of breakpoints are known; nil:
	// only those are that the program has stopped at.
	Hits *TimelineRange `json:"hits"`
}

// TimelineThread is a thread's life.
type TimelineThread struct {
	ID   int     `json:"id"`
	Name string  `json:"name"`
	From uint64  `json:"from"`         // where it began
	To   *uint64 `json:"to,omitempty"` // where it ended
	// Active are the stretches in which it ran, or may have run, ascending.
	Active [][2]uint64 `json:"active"`
}

// TimelineCheckpoint stands for the checkpoints in a bucket.
type TimelineCheckpoint struct {
	Icount uint64 `json:"icount"` // of the first
	Count  int    `json:"count"`
	Cold   bool   `json:"cold,omitempty"`   // none of them is in memory
	Pinned bool   `json:"pinned,omitempty"` // one of them stays for good
}

// TimelineEvent stands for the events of one kind, thread and stream in a bucket.
type TimelineEvent struct {
	Icount uint64 `json:"icount"`           // of the first: the position before it
	To     uint64 `json:"to,omitempty"`     // of the last, if there are several
	Kind   string `json:"kind"`             // KindOutput to KindData
	Thread int    `json:"thread,omitempty"` // that it happened to
	Count  int    `json:"count"`
	Text   string `json:"text"`             // for a person
	Stream string `json:"stream,omitempty"` // of output: "stdout", "stderr"
	Bytes  uint64 `json:"bytes,omitempty"`  // of output and input
	// Breakpoints are the numbers of the breakpoints hit, as the client knows them.
	Breakpoints []int `json:"breakpoints,omitempty"`
}

// Kinds of events of a timeline.
const (
	KindOutput     = "output"
	KindInput      = "input"
	KindSignal     = "signal"
	KindException  = "exception" // a stop at a signal, an exception or a panic
	KindThread     = "thread"    // one begins
	KindThreadEnd  = "threadEnd"
	KindExec       = "exec" // the process executes another program
	KindExit       = "exit"
	KindBreakpoint = "breakpoint"
	KindData       = "dataBreakpoint"
)

// TimelineBranch is a history. There is one.
type TimelineBranch struct {
	ID      int    `json:"id"`
	Name    string `json:"name"`
	From    uint64 `json:"from"`
	To      uint64 `json:"to"`
	Current bool   `json:"current"`
}

// TimelineRange is a part of the history, both ends in it.
type TimelineRange struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}
