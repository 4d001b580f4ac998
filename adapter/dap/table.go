package dap

import (
	"fmt"
	"slices"
	"strings"

	godap "github.com/google/go-dap"
)

// phase is how far a session is. Phases are bits, so that sets of them are a
// phase, too.
type phase uint8

const (
	fresh       phase = 1 << iota // before initialize
	ready                         // no program yet
	configuring                   // launched; the program waits for configurationDone
	stopped
	moving
	ended // the program has been terminated; the connection is there still

	loaded    = configuring | stopped // the machine may be looked at
	started   = stopped | moving
	connected = ready | configuring | stopped | moving | ended
	anyPhase  = fresh | connected
)

// why says why a request does not belong into the phase p.
func (p phase) why() string {
	switch p {
	case fresh:
		return "initialize has to come first"
	case ready:
		return "no program has been launched"
	case configuring:
		return "the program has been launched but not started (configurationDone is missing)"
	case stopped, moving:
		return "a program is being debugged already"
	}
	return "the program has been terminated"
}

// whileMoving says what becomes of a request that comes while the program moves.
type whileMoving uint8

const (
	refuse   whileMoving = iota // an error: notStopped
	serve                       // the motion is interrupted for it, and resumed
	pauses                      // it ends the motion; the reader answers
	replaces                    // it ends the motion without a stop
	copied                      // the reader answers from the inbox
	bySelf                      // as whileMovingOf says
)

// handler serves a request: it returns the response's body, nil for none.
type handler func(*session, *call) (any, error)

// command is a row of the request table.
type command struct {
	name   string
	phases phase       // in which it may come
	moving whileMoving // meaningful for phases with moving
	needs  []string    // arguments that must be there
	caps   func(*Capabilities)
	run    handler
}

// own reports whether it is a request of our own.
func (cmd *command) own() bool { return strings.HasPrefix(cmd.name, "revexec/") }

// on adapts a handler that takes a typed request.
func on[M godap.Message](f func(*session, *call, M) (any, error)) handler {
	return func(s *session, c *call) (any, error) {
		m, ok := c.msg.(M)
		if !ok {
			return nil, fail(errInternal, "%s: decoded as %T", c.name, c.msg)
		}
		return f(s, c, m)
	}
}

// commands is the request table: each request that is served. The capabilities in
// the response to initialize are derived from it. It is filled by init, since
// handlers look things up in it.
var commands map[string]*command

func init() {
	rows := []command{
		// The session.
		{name: "initialize", phases: fresh, run: on((*session).initialize), caps: func(c *Capabilities) {
			c.SupportsValueFormattingOptions = true
		}},
		{name: "launch", phases: ready, run: on((*session).launch)},
		{name: "attach", phases: ready, run: on((*session).attach)},
		{name: "configurationDone", phases: configuring, run: on((*session).configurationDone),
			caps: func(c *Capabilities) { c.SupportsConfigurationDoneRequest = true }},
		{name: "restart", phases: loaded | started | ended, moving: replaces, run: on((*session).restart),
			caps: func(c *Capabilities) { c.SupportsRestartRequest = true }},
		{name: "terminate", phases: loaded | started, moving: replaces, run: on((*session).terminate),
			caps: func(c *Capabilities) { c.SupportsTerminateRequest = true }},
		{name: "disconnect", phases: anyPhase, moving: replaces, run: on((*session).disconnect),
			caps: func(c *Capabilities) { c.SupportTerminateDebuggee = true }},
		{name: "cancel", phases: anyPhase, moving: copied, run: nil, // the reader serves it: see receive
			caps: func(c *Capabilities) { c.SupportsCancelRequest = true }},

		// Breakpoints. They may be asked for before launch, and while the program moves.
		{name: "setBreakpoints", phases: connected, moving: serve, needs: []string{"source"}, run: on((*session).setBreakpoints),
			caps: func(c *Capabilities) {
				c.SupportsConditionalBreakpoints = true
				c.SupportsHitConditionalBreakpoints = true
				c.SupportsLogPoints = true
			}},
		{name: "setFunctionBreakpoints", phases: connected, moving: serve, needs: []string{"breakpoints"}, run: on((*session).setFunctionBreakpoints),
			caps: func(c *Capabilities) { c.SupportsFunctionBreakpoints = true }},
		{name: "setInstructionBreakpoints", phases: connected, moving: serve, needs: []string{"breakpoints"}, run: on((*session).setInstructionBreakpoints),
			caps: func(c *Capabilities) { c.SupportsInstructionBreakpoints = true }},
		{name: "setExceptionBreakpoints", phases: connected, moving: serve, needs: []string{"filters"}, run: on((*session).setExceptionBreakpoints),
			caps: func(c *Capabilities) { c.ExceptionBreakpointFilters = exceptionFilters }},
		{name: "setDataBreakpoints", phases: connected, moving: serve, needs: []string{"breakpoints"}, run: on((*session).setDataBreakpoints),
			caps: func(c *Capabilities) { c.SupportsDataBreakpoints = true }},
		{name: "dataBreakpointInfo", phases: loaded, needs: []string{"name"}, run: on((*session).dataBreakpointInfo),
			caps: func(c *Capabilities) { c.SupportsDataBreakpointBytes = true }},
		{name: "breakpointLocations", phases: loaded | moving, moving: serve, needs: []string{"source", "line"}, run: on((*session).breakpointLocations),
			caps: func(c *Capabilities) { c.SupportsBreakpointLocationsRequest = true }},

		// Motions.
		{name: "continue", phases: stopped, run: on((*session).cont)},
		{name: "next", phases: stopped, run: on((*session).next),
			caps: func(c *Capabilities) { c.SupportsSteppingGranularity = true }},
		{name: "stepIn", phases: stopped, run: on((*session).stepIn)},
		{name: "stepOut", phases: stopped, run: on((*session).stepOut)},
		{name: "stepBack", phases: stopped, run: on((*session).stepBack),
			caps: func(c *Capabilities) { c.SupportsStepBack = true }},
		{name: "reverseContinue", phases: stopped, run: on((*session).reverseContinue)},
		{name: "restartFrame", phases: stopped, needs: []string{"frameId"}, run: on((*session).restartFrame),
			caps: func(c *Capabilities) { c.SupportsRestartFrame = true }},
		{name: "pause", phases: loaded | started, moving: pauses, run: on((*session).pauseStopped)},
		{name: CommandReverseStepIn, phases: stopped, run: on((*session).reverseStepIn)},
		{name: CommandReverseStepOut, phases: stopped, run: on((*session).reverseStepOut)},
		{name: CommandLastWrite, phases: stopped, needs: []string{"name"}, run: on((*session).lastWrite)},
		{name: CommandNextWrite, phases: stopped, needs: []string{"name"}, run: on((*session).nextWrite)},
		{name: CommandSeek, phases: stopped, run: on((*session).seek)},
		{name: CommandLastExecution, phases: stopped, run: on((*session).lastExecution)},
		{name: CommandNextExecution, phases: stopped, run: on((*session).nextExecution)},
		{name: CommandBackToCall, phases: stopped, needs: []string{"frameId"}, run: on((*session).backToCall)},

		// Looking.
		{name: "threads", phases: loaded | started, moving: copied, run: on((*session).threads)},
		{name: "stackTrace", phases: loaded, run: on((*session).stackTrace),
			caps: func(c *Capabilities) { c.SupportsDelayedStackTraceLoading = true }},
		{name: "scopes", phases: loaded, needs: []string{"frameId"}, run: on((*session).scopes)},
		{name: "variables", phases: loaded, needs: []string{"variablesReference"}, run: on((*session).variables)},
		{name: "evaluate", phases: loaded | started, moving: bySelf, needs: []string{"expression"}, run: on((*session).evaluate),
			caps: func(c *Capabilities) {
				c.SupportsEvaluateForHovers = true
				c.SupportsClipboardContext = true
			}},
		{name: "completions", phases: loaded | started, moving: serve, needs: []string{"text", "column"}, run: on((*session).completions),
			caps: func(c *Capabilities) {
				c.SupportsCompletionsRequest = true
				c.CompletionTriggerCharacters = []string{".", ">"}
			}},
		{name: "exceptionInfo", phases: loaded, run: on((*session).exceptionInfo),
			caps: func(c *Capabilities) { c.SupportsExceptionInfoRequest = true }},
		{name: "readMemory", phases: loaded, needs: []string{"memoryReference", "count"}, run: on((*session).readMemory),
			caps: func(c *Capabilities) { c.SupportsReadMemoryRequest = true }},
		{name: "disassemble", phases: loaded, needs: []string{"memoryReference", "instructionCount"}, run: on((*session).disassemble),
			caps: func(c *Capabilities) { c.SupportsDisassembleRequest = true }},
		{name: "source", phases: loaded | moving, moving: serve, run: on((*session).source)},
		{name: "loadedSources", phases: loaded | moving, moving: serve, run: on((*session).loadedSources),
			caps: func(c *Capabilities) { c.SupportsLoadedSourcesRequest = true }},
		{name: "modules", phases: loaded | moving, moving: serve, run: on((*session).modules),
			caps: func(c *Capabilities) { c.SupportsModulesRequest = true }},
		{name: CommandWhere, phases: loaded, run: on((*session).where)},

		// Looking at the history.
		{name: CommandTimeline, phases: loaded, run: on((*session).timeline)},
		{name: CommandBookmarks, phases: loaded, run: on((*session).bookmarks)},
		{name: CommandSetBookmark, phases: loaded, run: on((*session).setBookmark)},
		{name: CommandRemoveBookmark, phases: loaded, needs: []string{"id"}, run: on((*session).removeBookmark)},
		{name: CommandValueHistory, phases: loaded, needs: []string{"name"}, run: on((*session).valueHistory)},
		{name: CommandExecutions, phases: loaded, run: on((*session).executions)},
		{name: CommandFindHits, phases: loaded, run: on((*session).findHits)},
		{name: CommandOutputMoment, phases: loaded, run: on((*session).outputMoment)},

		// What a debugger of the past can't do: answered with the reason, and not advertised.
		{name: "setVariable", phases: loaded, run: readOnly},
		{name: "setExpression", phases: loaded, run: readOnly},
		{name: "writeMemory", phases: loaded, run: readOnly},
		{name: "goto", phases: loaded, run: noGoto},
		{name: "gotoTargets", phases: loaded, run: noGoto},
	}
	commands = make(map[string]*command, len(rows))
	for i := range rows {
		if commands[rows[i].name] != nil {
			panic("dap: two rows for " + rows[i].name)
		}
		commands[rows[i].name] = &rows[i]
	}
}

// whileMovingOf says what becomes of the request c while the program moves.
func whileMovingOf(c *call) whileMoving {
	if c.cmd.moving != bySelf {
		return c.cmd.moving
	}
	if m, ok := c.msg.(*godap.EvaluateRequest); ok && m.Arguments.Context == "repl" {
		if w, _, ok := findWord(m.Arguments.Expression); ok {
			return w.moving
		}
	}
	return refuse
}

// capabilities derives what the response to initialize says from the tables.
func capabilities() Capabilities {
	var caps Capabilities
	caps.Revexec = &RevexecFields{}
	for name, cmd := range commands {
		if cmd.caps != nil {
			cmd.caps(&caps)
		}
		if cmd.own() {
			caps.Revexec.Requests = append(caps.Revexec.Requests, name)
		}
	}
	slices.Sort(caps.Revexec.Requests)
	for i := range words {
		caps.Revexec.Words = append(caps.Revexec.Words, words[i].names[0])
	}
	return caps
}

// check reports why c can't be served in phase p, nil if it can.
func (cmd *command) check(c *call, p phase) error {
	if cmd.phases&p == 0 {
		if p == moving {
			return failNotStopped
		}
		if cmd.phases == fresh {
			return &failure{id: errState, text: c.name + ": the session is initialized already"}
		}
		return &failure{id: errState, text: fmt.Sprintf("%s: %s", c.name, p.why())}
	}
	return nil
}
