package dap

import godap "github.com/google/go-dap"

// The requests that look for something in the history: executions of a line, values of
// a variable, hits of breakpoints, the moment of an output.

// Commands of these requests.
const (
	CommandLastExecution = "revexec/lastExecution"
	CommandNextExecution = "revexec/nextExecution"
	CommandExecutions    = "revexec/executions"
	CommandBackToCall    = "revexec/backToCall"
	CommandValueHistory  = "revexec/valueHistory"
	CommandFindHits      = "revexec/findHits"
	CommandOutputMoment  = "revexec/outputMoment"
)

// The requests that look for something.
type (
	// ExecutionRequest goes to the latest earlier, or the next, execution of a place.
	ExecutionRequest = RequestOf[PlaceArguments]
	// ExecutionsRequest asks for all executions of a place.
	ExecutionsRequest = RequestOf[ExecutionsArguments]
	// BackToCallRequest goes back to where a frame made the call that it is in.
	BackToCallRequest = RequestOf[BackToCallArguments]
	// ValueHistoryRequest asks for the values that a variable has had.
	ValueHistoryRequest = RequestOf[ValueHistoryArguments]
	// FindHitsRequest looks for all hits of what is set.
	FindHitsRequest = RequestOf[FindHitsArguments]
	// OutputMomentRequest asks when something was output.
	OutputMomentRequest = RequestOf[OutputMomentArguments]
)

// PlaceArguments name a place in the program: a line, a function or an instruction.
type PlaceArguments struct {
	Source               *godap.Source `json:"source,omitempty"` // and Line
	Line                 int           `json:"line,omitempty"`
	Function             string        `json:"function,omitempty"`
	InstructionReference string        `json:"instructionReference,omitempty"`
	// Breakpoints makes breakpoints on the way stop the program, too. Executions does
	// not look at it.
	Breakpoints bool `json:"breakpoints,omitempty"`
}

// ExecutionsArguments are the arguments of an ExecutionsRequest.
type ExecutionsArguments struct {
	PlaceArguments
	Limit int `json:"limit,omitempty"` // the newest so many: 1 to 10000; 0: 1000
}

// Occurrences are what was found, by position.
type Occurrences struct {
	Occurrences []Occurrence `json:"occurrences"`
	Complete    bool         `json:"complete"` // none is missing; else they are the newest
}

// Occurrence is something in the history that one can go to.
type Occurrence struct {
	Icount      uint64        `json:"icount"`
	Thread      int           `json:"thread"`
	Function    string        `json:"function,omitempty"`
	Source      *godap.Source `json:"source,omitempty"`
	Line        int           `json:"line,omitempty"`
	Reason      string        `json:"reason"` // as of a stop there
	Old         *Value        `json:"old,omitempty"`
	New         *Value        `json:"new,omitempty"`
	Breakpoints []int         `json:"breakpoints,omitempty"` // hit, as the client knows them
	Text        string        `json:"text"`                  // for a person
}

// Value is a value that a variable has had.
type Value struct {
	Text string `json:"text"`
	// Number is the value of integers, floating-point numbers, enums and bools.
	Number *float64 `json:"number,omitempty"`
}

// BackToCallArguments are the arguments of a BackToCallRequest.
type BackToCallArguments struct {
	FrameID int `json:"frameId"`
}

// ValueHistoryArguments are the arguments of a ValueHistoryRequest.
type ValueHistoryArguments struct {
	dataBreakpointInfoArguments
	Limit int  `json:"limit,omitempty"` // the newest so many writes: 1 to 10000; 0: 1000
	Quiet bool `json:"quiet,omitempty"` // nobody asked for it just now: an error is not to be shown to the user
}

// ValueHistory is how a variable came to its value.
type ValueHistory struct {
	Name string `json:"name"`
	// EvaluateName is an expression for the variable; empty if there is none, or if what
	// was asked for is an address.
	EvaluateName string `json:"evaluateName,omitempty"`

	Type    string `json:"type,omitempty"`
	Address string `json:"address"` // hexadecimal
	Size    uint64 `json:"size"`    // bytes
	// From and To are the part of the history that was looked at: of a local variable
	// from where its function was entered to here, else all.
	From     uint64 `json:"from"`
	To       uint64 `json:"to"`
	Complete bool   `json:"complete"` // no write is missing
	// Initial is the value before the first of the writes.
	Initial *Value `json:"initial,omitempty"`
	// Occurrences are the writes, by position: that before the write.
	Occurrences []Occurrence `json:"occurrences"`
}

// FindHitsArguments are the arguments of a FindHitsRequest.
type FindHitsArguments struct {
	Limit int `json:"limit,omitempty"` // the newest so many: 1 to 10000; 0: 1000
}

// OutputMomentArguments name an output: a byte of a stream, or a text.
type OutputMomentArguments struct {
	Stream string  `json:"stream,omitempty"` // "stdout", "stderr"; empty: stdout for an offset, both for a text
	Offset *uint64 `json:"offset,omitempty"` // of the byte, from the start of the stream
	Text   string  `json:"text,omitempty"`   // the latest output that contains it
	Before *uint64 `json:"before,omitempty"` // with a text: output before that position only
}

// OutputMoment tells when something was output.
type OutputMoment struct {
	Icount uint64 `json:"icount"` // the position before the write
	Stream string `json:"stream"`
	Offset uint64 `json:"offset"` // of the write, bytes
	Size   uint64 `json:"size"`   // of the write, bytes
	Text   string `json:"text"`   // what was written, shortened
}
