package dap

import (
	"encoding/json"
	"fmt"

	godap "github.com/google/go-dap"
)

// What goes beyond the protocol as go-dap v0.12 knows it: parts of newer versions
// of the specification, and the requests and fields of our own. EXTENSIONS.md
// describes them to authors of clients; keep it in step.

// Commands of the requests of our own.
const (
	CommandReverseStepIn  = "revexec/reverseStepIn"
	CommandReverseStepOut = "revexec/reverseStepOut"
	CommandLastWrite      = "revexec/lastWrite"
	CommandNextWrite      = "revexec/nextWrite"
	CommandSeek           = "revexec/seek"
	CommandWhere          = "revexec/where"
)

// Position is a place in the program's history.
type Position struct {
	Icount   uint64 `json:"icount"`   // instructions executed since the program's start
	Frontier uint64 `json:"frontier"` // the newest position recorded so far
	Thread   int    `json:"thread"`   // the thread that is current there
}

// ReverseStepInRequest steps back into the function that the statement before
// the current one called.
type ReverseStepInRequest struct {
	godap.Request
	Arguments godap.StepInArguments `json:"arguments"`
}

// ReverseStepInResponse acknowledges a ReverseStepInRequest.
type ReverseStepInResponse struct{ godap.Response }

// ReverseStepOutRequest goes back to the call of the current function.
type ReverseStepOutRequest struct {
	godap.Request
	Arguments godap.StepOutArguments `json:"arguments"`
}

// ReverseStepOutResponse acknowledges a ReverseStepOutRequest.
type ReverseStepOutResponse struct{ godap.Response }

// LastWriteRequest goes back to the latest earlier write to a variable or to what an
// expression stands for.
type LastWriteRequest struct {
	godap.Request
	Arguments godap.DataBreakpointInfoArguments `json:"arguments"` // and bytes, asAddress
}

// LastWriteResponse acknowledges a LastWriteRequest.
type LastWriteResponse struct{ godap.Response }

// NextWriteRequest goes on to the next write.
type NextWriteRequest struct {
	godap.Request
	Arguments godap.DataBreakpointInfoArguments `json:"arguments"` // and bytes, asAddress
}

// NextWriteResponse acknowledges a NextWriteRequest.
type NextWriteResponse struct{ godap.Response }

// SeekRequest goes to a position.
type SeekRequest struct {
	godap.Request
	Arguments SeekArguments `json:"arguments"`
}

// SeekArguments are the arguments of a SeekRequest: one of the two.
type SeekArguments struct {
	Icount *uint64 `json:"icount,omitempty"` // an absolute position
	// To is what the word seek takes: "start", "end", "12345", "+1000",
	// "-1000", "50%".
	To string `json:"to,omitempty"`
}

// SeekResponse acknowledges a SeekRequest.
type SeekResponse struct {
	godap.Response
	Body SeekResponseBody `json:"body"`
}

// SeekResponseBody tells where a SeekRequest goes to.
type SeekResponseBody struct {
	Icount uint64 `json:"icount"`
}

// WhereRequest asks for the position.
type WhereRequest struct{ godap.Request }

// WhereResponse answers a WhereRequest.
type WhereResponse struct {
	godap.Response
	Body WhereResponseBody `json:"body"`
}

// WhereResponseBody tells the position.
type WhereResponseBody struct {
	Position
	Percent float64       `json:"percent"` // Icount of Frontier
	Live    bool          `json:"live"`    // at the frontier: going on executes the program anew
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
}

// OutputInfo tells when the program wrote its output.
type OutputInfo struct {
	Icount uint64 `json:"icount"`
}

func (b *OutputEventBody) mergeable(next *OutputEventBody) bool {
	return b.Category == next.Category && (b.Category == "stdout" || b.Category == "stderr")
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
	for _, m := range []struct {
		command  string
		req, res func() godap.Message
	}{
		{CommandReverseStepIn, func() godap.Message { return &ReverseStepInRequest{} }, func() godap.Message { return &ReverseStepInResponse{} }},
		{CommandReverseStepOut, func() godap.Message { return &ReverseStepOutRequest{} }, func() godap.Message { return &ReverseStepOutResponse{} }},
		{CommandLastWrite, func() godap.Message { return &LastWriteRequest{} }, func() godap.Message { return &LastWriteResponse{} }},
		{CommandNextWrite, func() godap.Message { return &NextWriteRequest{} }, func() godap.Message { return &NextWriteResponse{} }},
		{CommandSeek, func() godap.Message { return &SeekRequest{} }, func() godap.Message { return &SeekResponse{} }},
		{CommandWhere, func() godap.Message { return &WhereRequest{} }, func() godap.Message { return &WhereResponse{} }},
	} {
		if err := c.RegisterRequest(m.command, m.req, m.res); err != nil {
			panic(fmt.Sprintf("dap: %v", err))
		}
	}
	return c
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
