package dap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/checkpoint"
)

// The numbers of errors, in body.error.id of an error response. They stay what
// they are: clients may tell errors apart by them.
const (
	errInternal     = 1000 // a defect of the adapter
	errMalformed    = 1001 // not JSON, or not a request
	errUnknown      = 1002 // a command that is not served
	errArguments    = 1003 // an argument is missing, or has a wrong type or value
	errState        = 1004 // the request does not belong here in the session
	errNotStopped   = 1005 // the program moves
	errCancelled    = 1006 // by a cancel request, or by the end of the session
	errStale        = 1007 // a reference to a frame or variable of an earlier stop
	errLaunch       = 2001 // the program can't be started
	errAttach       = 2002 // there is nothing to attach to
	errReadOnly     = 2003 // history can't be changed
	errEvaluate     = 2004 // an expression is wrong or can't be evaluated
	errUnresolvable = 2005 // a place, range or thing that the program does not have
	errMotion       = 2006 // the machine could not go there
)

// failure is an error with what an error response says of it.
type failure struct {
	id    int
	short string // Response.message, where the specification gives it; else empty
	text  string
	quiet bool // not for the user: a hover over no expression
}

func (f *failure) Error() string { return f.text }

// quietly is an error that the client has a place of its own for.
func quietly(err error) *failure {
	f := *asFailure(err)
	f.quiet = true
	return &f
}

func fail(id int, format string, args ...any) *failure {
	return &failure{id: id, text: fmt.Sprintf(format, args...)}
}

// badArgument says what is wrong with an argument.
func badArgument(format string, args ...any) *failure {
	return fail(errArguments, format, args...)
}

// The failures with a message of the specification's.
var (
	failNotStopped = &failure{id: errNotStopped, short: "notStopped", text: "the program is running: pause it first", quiet: true}
	failCancelled  = &failure{id: errCancelled, short: "cancelled", text: "cancelled", quiet: true}
)

// asFailure turns any error into a failure.
func asFailure(err error) *failure {
	var f *failure
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.Canceled), errors.Is(err, checkpoint.ErrCancelled):
		return failCancelled
	}
	return &failure{id: errInternal, text: err.Error()}
}

// response builds the error response to a request.
func (f *failure) response(seq int, command string) *response {
	short := f.short
	if short == "" {
		short = f.text
	}
	return &response{
		Response: godap.Response{
			ProtocolMessage: godap.ProtocolMessage{Type: "response"},
			RequestSeq:      seq, Command: command, Message: short,
		},
		Body: godap.ErrorResponseBody{Error: &godap.ErrorMessage{Id: f.id, Format: f.text, ShowUser: !f.quiet}},
	}
}

// decodeFailure says what is wrong with a message that could not be decoded.
func decodeFailure(err error) *failure {
	var typ *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	var field *godap.DecodeProtocolMessageFieldError
	switch {
	case errors.As(err, &typ):
		name := typ.Field
		if name == "" {
			return fail(errMalformed, "malformed message: %s where an object was expected", typ.Value)
		}
		return fail(errArguments, "%s: a %s was expected, not a %s", name, typ.Type, typ.Value)
	case errors.As(err, &syntax):
		return fail(errMalformed, "malformed message: not JSON: %v at byte %d", syntax, syntax.Offset)
	case errors.As(err, &field) && field.SubType == "Request":
		return fail(errUnknown, "request %.60q is not known", field.FieldValue)
	}
	return fail(errMalformed, "malformed message: %v", err)
}
