// Package linux is the Linux user-mode personality of the deterministic machine:
// it loads a static ELF executable and is the kernel under it. System calls,
// threads, signals, timers, memory maps, pipes and files; one process.
//
// # How it stays deterministic
//
// The kernel's objects (pipes, futexes, timers, signals, mappings, the clock)
// are functions of the instruction count and live in [state], which a snapshot
// copies. Everything that needs the world outside (a file, standard input, a
// directory) goes through one door, [Machine.ask] and its relatives in door.go:
// live, the host is asked, the answer is appended to the input log and then
// applied; in replay the answer comes from the log and is applied by the same
// code. The host's side (open files, the goroutine that reads standard input)
// is in [host], which nothing but the door's questions touch.
//
// # How it keeps time
//
// One instruction takes one nanosecond of virtual time. When no thread can run,
// the machine is idle; leaving idle is a tick, in which the clock jumps to the
// earliest deadline or an input arrives. Sleeping takes no real time, unless the
// guest also waits for standard input.
//
// # How a position is settled
//
// After each system call and tick, and when the icount reaches the next event
// (the end of a quantum, a timer), [Machine.settle] does all that is due at that
// icount: it wakes, delivers signals to handlers, and schedules. So a position
// has one state, whatever made the machine stop there. Between events only guest
// instructions change the state.
//
// # How it is laid out
//
//	machine.go run.go settle.go      the machine: contract, run loop, events and scheduling
//	state.go hash.go snapshot.go     the state, its digest, its copies
//	door.go host*.go stdin.go        the one door and what lies behind it
//	elf.go load.go                   the executable; the initial address space and stack
//	arch.go rv64.go                  what differs between guest architectures
//	calls.go names.go                the system-call table, and the names of all calls
//	the others                       the system calls, by subject
//
// # Concurrency
//
// A Machine belongs to one goroutine; only Interrupt may be called from others.
// One more goroutine reads Config.Stdin, from the guest's first wait for it on;
// it hands chunks over on a channel and touches nothing else.
package linux
