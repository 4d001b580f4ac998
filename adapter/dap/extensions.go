package dap

import (
	"encoding/json"
	"fmt"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
)

// What goes beyond the protocol as go-dap v0.12 knows it: parts of newer versions
// of the specification, and the requests and fields of our own. EXTENSIONS.md
// describes them to authors of clients; keep it in step.

// Commands of the requests of our own that move the program, or tell where it is. The
// others are in extensions_timeline.go and extensions_history.go.
const (
	CommandReverseStepIn  = "revexec/reverseStepIn"
	CommandReverseStepOut = "revexec/reverseStepOut"
	CommandLastWrite      = "revexec/lastWrite"
	CommandNextWrite      = "revexec/nextWrite"
	CommandSeek           = "revexec/seek"
	CommandWhere          = "revexec/where"
)

// RequestOf is a request of our own with arguments of type A.
type RequestOf[A any] struct {
	godap.Request
	Arguments A `json:"arguments"`
}

// ResponseOf is a response to a request of our own with a body of type B.
type ResponseOf[B any] struct {
	godap.Response
	Body B `json:"body"`
}

// None is no arguments, or no body.
type None struct{}

// Position is a place in the program's history.
type Position struct {
	Icount   uint64 `json:"icount"`          // instructions executed since the program's start
	Frontier uint64 `json:"frontier"`        // the newest position recorded so far
	Start    uint64 `json:"start"`           // the first one; 0 but for recordings of the last part of a run
	Thread   int    `json:"thread"`          // the thread that is current there
	Live     bool   `json:"live"`            // at the frontier: going on executes the program anew
	Ended    bool   `json:"ended,omitempty"` // the program has ended there
}

// The requests of our own that move the program, and that which asks where it is.
type (
	// ReverseStepInRequest steps back into the function that the statement before
	// the current one called.
	ReverseStepInRequest = RequestOf[godap.StepInArguments]
	// ReverseStepOutRequest goes back to the call of the current function.
	ReverseStepOutRequest = RequestOf[godap.StepOutArguments]
	// WriteRequest goes back to the latest earlier write to a variable or to what an
	// expression stands for, or on to the next one. Its arguments may have bytes and
	// asAddress, too.
	WriteRequest = RequestOf[godap.DataBreakpointInfoArguments]
	// SeekRequest goes to a position.
	SeekRequest = RequestOf[SeekArguments]
	// WhereRequest asks for the position.
	WhereRequest = RequestOf[None]
)

// SeekArguments are the arguments of a SeekRequest: one of the two.
type SeekArguments struct {
	Icount *uint64 `json:"icount,omitempty"` // an absolute position
	// To is what the word seek takes: "start", "end", "12345", "+1000",
	// "-1000", "50%".
	To string `json:"to,omitempty"`
}

// SeekResponseBody tells where a SeekRequest goes to.
type SeekResponseBody struct {
	Icount uint64 `json:"icount"`
}

// WhereResponseBody tells the position.
type WhereResponseBody struct {
	Position
	Percent float64       `json:"percent"` // Icount of Frontier
	Text    string        `json:"text"`    // all of it, for a person
	Source  *godap.Source `json:"source,omitempty"`
	Line    int           `json:"line,omitempty"`
}

// StoppedEventBody is the body of stopped events.
type StoppedEventBody struct {
	godap.StoppedEventBody
	Revexec StopInfo `json:"revexec"`
}

// StopInfo is what a stopped event says beyond the protocol.
type StopInfo struct {
	Position
	Back  bool       `json:"back,omitempty"`  // the program went backward
	Watch *WatchInfo `json:"watch,omitempty"` // for the reason "data breakpoint"
	Exit  *ExitInfo  `json:"exit,omitempty"`  // for the reason "exit"
}

// WatchInfo describes an access to watched data.
type WatchInfo struct {
	Expr    string `json:"expr"`
	Address string `json:"address"` // hexadecimal
	Size    uint64 `json:"size"`    // bytes
	Write   bool   `json:"write"`   // else a read
	Old     string `json:"old"`     // the value before the access
	New     string `json:"new,omitempty"`
	Icount  uint64 `json:"icount"` // the position before the access
}

// ExitInfo tells how the program ended.
type ExitInfo struct {
	Code   int    `json:"code"`
	Signal string `json:"signal,omitempty"` // that killed it
}

// OutputEventBody is the body of output events.
type OutputEventBody struct {
	godap.OutputEventBody
	Revexec *OutputInfo `json:"revexec,omitempty"`

	end  uint64        // of program output: the offset behind it
	from debugger.Line // the line that was writing, if it is known
}

// mergeable reports whether next can be put behind b: if it goes on where that ends, and
// comes from the same line.
func (b *OutputEventBody) mergeable(next *OutputEventBody) bool {
	x, y := b.Revexec, next.Revexec
	return x != nil && y != nil && x.Stream != "" && x.Stream == y.Stream && b.end == *y.Offset && b.from == next.from
}

// merge puts next behind b, which keeps its position.
func (b *OutputEventBody) merge(next *OutputEventBody) {
	b.Output += next.Output
	b.end = next.end
}

// OutputInfo tells when the program wrote its output, or when a logpoint spoke.
type OutputInfo struct {
	Icount uint64 `json:"icount"` // before the write, or the beginning of what is put together
	// Stream is "stdout" or "stderr" for what the program wrote, and Offset how many
	// bytes it had written there before. Without a stream it is a logpoint's message.
	Stream string  `json:"stream,omitempty"`
	Offset *uint64 `json:"offset,omitempty"`
}

// Capabilities is the body of the response to initialize.
type Capabilities struct {
	godap.Capabilities
	SupportsDataBreakpointBytes bool           `json:"supportsDataBreakpointBytes,omitempty"`
	Revexec                     *RevexecFields `json:"revexec,omitempty"`
}

// RevexecFields tells a client which requests of our own there are.
type RevexecFields struct {
	Requests []string `json:"requests"`
	Words    []string `json:"words"` // of the debug console
}

// dataBreakpointInfoArguments has the arguments that newer versions of the
// specification added.
type dataBreakpointInfoArguments struct {
	godap.DataBreakpointInfoArguments
	Bytes     int  `json:"bytes,omitempty"`
	AsAddress bool `json:"asAddress,omitempty"`
}

// disassembledInstruction has a field that newer versions of the specification added.
type disassembledInstruction struct {
	godap.DisassembledInstruction
	PresentationHint string `json:"presentationHint,omitempty"` // "invalid" where no memory is
}

// NewCodec returns a codec for all messages of the protocol and for the requests
// of our own. It decodes events and responses of go-dap's types: fields beyond
// them, as in [StoppedEventBody], have to be decoded apart.
func NewCodec() *godap.Codec {
	c := godap.NewCodec()
	for _, m := range ownMessages {
		if err := c.RegisterRequest(m.command, m.request, m.response); err != nil {
			panic(fmt.Sprintf("dap: %v", err))
		}
	}
	if err := c.RegisterEvent(EventTimelineChanged, func() godap.Message { return &TimelineChangedEvent{} }); err != nil {
		panic(fmt.Sprintf("dap: %v", err))
	}
	return c
}

// ownMessage is how the messages of a request of our own are made, to be decoded.
type ownMessage struct {
	command           string
	request, response func() godap.Message
}

// own is the row of a request with arguments A and a response with a body B.
func own[A, B any](command string) ownMessage {
	return ownMessage{
		command,
		func() godap.Message { return &RequestOf[A]{} },
		func() godap.Message { return &ResponseOf[B]{} },
	}
}

// ownMessages are the requests of our own.
var ownMessages = []ownMessage{
	own[godap.StepInArguments, None](CommandReverseStepIn),
	own[godap.StepOutArguments, None](CommandReverseStepOut),
	own[godap.DataBreakpointInfoArguments, None](CommandLastWrite),
	own[godap.DataBreakpointInfoArguments, None](CommandNextWrite),
	own[SeekArguments, SeekResponseBody](CommandSeek),
	own[None, WhereResponseBody](CommandWhere),

	own[PlaceArguments, None](CommandLastExecution),
	own[PlaceArguments, None](CommandNextExecution),
	own[ExecutionsArguments, Occurrences](CommandExecutions),
	own[BackToCallArguments, None](CommandBackToCall),
	own[ValueHistoryArguments, ValueHistory](CommandValueHistory),
	own[FindHitsArguments, Occurrences](CommandFindHits),
	own[OutputMomentArguments, OutputMoment](CommandOutputMoment),

	own[None, BookmarksBody](CommandBookmarks),
	own[SetBookmarkArguments, BookmarkBody](CommandSetBookmark),
	own[RemoveBookmarkArguments, None](CommandRemoveBookmark),
	own[TimelineArguments, Timeline](CommandTimeline),
}

// extended decodes the arguments of a request into a type that knows more of
// them than go-dap does.
func extended[T any](c *call) (T, error) {
	var m struct {
		Arguments T `json:"arguments"`
	}
	if err := json.Unmarshal(c.raw, &m); err != nil {
		return m.Arguments, decodeFailure(err)
	}
	return m.Arguments, nil
}
