// Package terminal joins the terminal of a debugged program with a real one: the
// terminal device of package linux is the guest's end, what is here moves bytes and
// sizes between it and the outside. It never interprets what is typed: echo, line
// editing and Ctrl-C are the device's, the real terminal is in raw mode.
//
// There are two ways to a real terminal.
//
//   - [Local] is the terminal of this process: the commands run and record use it.
//   - [Remote] is a terminal that the editor has opened. A DAP server has no terminal
//     of its own; it asks its client to start a command in one (the reverse request
//     runInTerminal), which is this executable again, as a proxy: [Proxy]. The proxy
//     connects to the server's [Listener], proves that it is the one that was asked
//     for, and forwards its Local in both directions in the frames of protocol.go.
//
// Both are a linux.TerminalSource for input (a Remote by way of [Remote.Source], one
// for each run of the program) and take output by a method Write.
//
// # Ends
//
// A terminal that goes away (its window is closed, the proxy killed) is a hang-up:
// the source ends, and the guest's kernel sends SIGHUP. A session that ends lets the
// proxy end: it undoes the modes that the program set and did not take back (the
// alternate screen, a hidden cursor, mouse reports; see modes.go) and restores the
// terminal's own. So it does when the connection breaks and when a signal ends it.
// Only SIGKILL and a crash (of Go's runtime, or a panic on a goroutine that is not the
// command's own) leave the terminal raw.
//
// # Goroutines
//
// A Local has one goroutine for signals; a Remote has one that reads and one that
// writes the connection. Their methods may be called from any goroutine.
package terminal
