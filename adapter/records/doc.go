// Package records makes recordings of programs and opens them again, with all that
// a debugger wants beside the history: the program's files. Package recording has the
// file format and the history, and knows nothing of what runs on the machine.
//
// While a program runs, a [Recorder] watches which files it maps to execute and puts
// them into the recording whole: of the parts that the program itself reads the
// history has the contents, but symbols and debug information lie in others. A
// [Session] is an open recording, with a machine that replays it. All its files come
// from the recording: a recording that somebody else has made reads nothing of the
// machine that it is looked at on, whatever its debug information names.
package records
