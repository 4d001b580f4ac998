// Package dap serves the Debug Adapter Protocol over a time-travel debugger: one
// [Serve] is one session with one client over one connection.
//
// It translates: what a motion, a breakpoint or a value is, is decided in package
// debugger and below; how it looks on the wire is decided here. What goes beyond
// the protocol is described in EXTENSIONS.md.
//
// # Goroutines
//
// A session has three goroutines of its own.
//
//   - The engine (it is the caller of Serve) owns the debugger, the timeline and
//     the machine, and every field of session that is not named below. It takes
//     requests from the inbox one by one and runs their handlers. While the
//     program moves it is inside of debugger.Move; the callbacks of the machine
//     (output) and of the timeline (progress) come on it, too.
//   - The reader decodes requests and puts them into the inbox. It touches only
//     the inbox and the outbox. It serves at once what must not wait for the
//     engine: cancel; and, while a motion is under way, pause, the list of
//     threads (from the copy in the inbox), and the refusal of whatever needs a
//     stopped program. To have a request served in the middle of a motion, it
//     puts it into the inbox and cancels the motion's context: the engine serves
//     it and resumes the motion, which the client does not notice.
//   - The writer takes messages from the outbox and writes them.
//
// Requests of the adapter's own, to the client, are sent by the engine; the reader
// calls what was left with them for the response (reverse.go). A program's terminal
// has goroutines of its own (package terminal); one more waits for its end, and
// touches the outbox only.
//
// The inbox and the outbox have a mutex each; the inbox's may be held when the
// outbox's is taken, not the other way round. Timers (of progress reports) touch
// only their own report and the outbox.
//
// # Order
//
// A response is sent before the events that its request causes. All that the
// program has written before a stop is sent before the stopped event. References
// to frames and variables end with the next motion.
//
// # Queries
//
// Requests that look at the history (query.go) replay parts of it inside of their handler:
// the program is where it was when they answer, no stop comes of them, and what they
// replay is not output. Nothing else is served meanwhile; the reader still cancels them.
// References to frames and variables stay good, as the position is the same.
//
// # Recordings
//
// A session may be recorded, or be on a recording (record.go, package records). Of a
// recorded program all files come from the recording, except for what the launch
// configuration names: sources below sourcePaths and sourceMap, debug files below
// sysroot. The recorder belongs to the engine; what it has to tell (a full disk) comes
// from any goroutine and goes to the outbox.
//
// # Slow clients
//
// The outbox does not make anybody wait, with one exception: the program's output
// waits for room in it, since a program can write without end. The wait stops the
// program, not the session: pause, cancel, disconnect and the loss of the
// connection end it.
package dap
