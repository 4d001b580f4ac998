// Package linux is the Linux user-mode personality of the deterministic machine:
// it loads an ELF executable, static or dynamically linked, and is the kernel
// under it: system calls, processes, threads, signals, timers, memory maps, pipes
// and files.
//
// # How it stays deterministic
//
// The kernel's objects (pipes, futexes, timers, signals, mappings, the clock)
// are functions of the instruction count and live in [state], which a snapshot
// copies. Everything that needs the world outside (a file, standard input, a
// directory) goes through one door, [Machine.ask] and its relatives in door.go:
// live, the host is asked, the answer is appended to the input log and then
// applied; in replay the answer comes from the log and is applied by the same
// code. The host's side (open files, the goroutine that reads standard input or
// the terminal) is in [host], which nothing but the door's questions touch.
//
// # How it keeps time
//
// One instruction takes one nanosecond of virtual time. When no thread can run,
// the machine is idle; leaving idle is a tick, in which the clock jumps to the
// earliest deadline or an input arrives. Sleeping takes no real time, unless the
// guest also waits for standard input, or has a terminal: there a key may end any
// wait, and somebody looks on.
//
// # How a terminal is part of it
//
// The terminal outside is in raw mode: it hands on keys and shows bytes. All else is
// in [tty], a device of the guest's kernel: the editing of lines, echo, control
// characters, whom they signal. So a terminal is no more than a stream of inputs, like
// standard input, and what it shows follows from them: going back in history neither
// asks for a key again nor shows anything twice. What arrives while threads run is
// noticed within a quantum.
//
// # How a position is settled
//
// After each system call and tick, and when the icount reaches the next event
// (the end of a quantum, a timer), [Machine.settle] does all that is due at that
// icount: it wakes, delivers signals to handlers, and schedules. So a position
// has one state, whatever made the machine stop there. Between events only guest
// instructions change the state.
//
// # How it keeps processes apart
//
// One scheduler, one clock and one input log serve all processes. The first one
// is the debugged process: what a [vm.Machine] shows and stops at is its alone, and
// the machine ends with it. The state has a [process] for each, and an [mm] for
// each address space, which a vfork shares until its execve. An address space's
// pages and translated code are in its [realm]: realms are no state, a snapshot has
// their memory's snapshots only, and Restore makes the realms that it needs and
// keeps those that it does not need in a pool. While the kernel works for a
// process, be it one that does not run (it delivers a signal, or tries a call
// again), that one is in [Machine.focus]. A fork copies no page, and what a child
// runs of its parent's code in a realm from the pool has often been translated
// there before.
//
// # How it is laid out
//
//	machine.go run.go settle.go      the machine: contract, run loop, events and scheduling
//	chaos.go                         scheduling at random
//	state.go hash.go snapshot.go     the state, its digest, its copies
//	activity.go                      what happened between two snapshots; the journal
//	save.go code.go check.go         snapshots as bytes, and whether those can be believed
//	replica.go library.go describe.go  machines of one history, and what they share
//	door.go host*.go stdin.go        the one door and what lies behind it
//	terminal.go                      what a terminal is to those outside
//	tty.go ttyin.go ttyout.go        the terminal in the guest's kernel, its line discipline
//	ttyrw.go ttyctl.go termios.go    reading and writing, ioctl, its settings
//	load.go elf.go program.go        how a program starts: ELF files, the dynamic loader
//	loader.go                        the initial address space and stack
//	proc.go                          processes, address spaces and realms
//	clone.go exec.go exit.go wait.go group.go  how they come, change, go, and are found
//	arch.go rv64.go                  what differs between guest architectures
//	calls.go names.go                the system-call table, and the names of all calls
//	share.go                         memory that processes and mappings share
//	the others                       the system calls, by subject
//
// # Quirks
//
// The system calls that callNames knows but calls does not have give ENOSYS, and
// a message the first time.
//
// Sockets reach other sockets of the guest only: AF_UNIX, TCP and UDP on the
// loopback addresses. Other addresses are unreachable (ENETUNREACH), other
// families do not exist (EAFNOSUPPORT). A Unix socket's name makes no file.
// Epoll sets may hold other sets, but those none (ELOOP).
//
// The guest is the user who runs it (the input log has the number), but can become
// nobody else, and process 1000 on a machine called revexec with Linux 6.6 and
// Config.NCPU processors. Its addresses are the same in every run. There is no
// vDSO. Without Config.Terminal the standard streams are pipes, so a C library
// buffers output in blocks. Files have no extended attributes.
//
// There is one terminal at most, /dev/pts/0: no pseudo-terminals can be made. It has no
// modem, no speed and no breaks, and output never waits to be sent. A process in the
// background that reads from it would be stopped: as signals do not stop it, it gets
// EIO, as if it ignored SIGTTIN.
//
// Guest paths are host paths, below Config.Sysroot where something is there.
// Regular files and directories can be opened; devices other than null, zero,
// full, random and urandom, and sockets give ENXIO, since they could block the
// host. FIFOs, and locks of files, work between the guest's processes only. Of
// /proc there is what programs read of themselves and of each other. Owners of
// files do not change. What the guest changes gets the guest's time of day as its
// time, but for a directory in which it makes or removes files. There is no
// inotify, no io_uring, no System V IPC; what memfd_create makes can't be executed.
// Files are known by their paths: not by ones longer than 4096 bytes, and an open
// directory not after it has been renamed.
//
// A private mapping of a file is a copy made at that moment. A shared one is
// coherent with what the guest reads and writes, but the host sees what has been
// written to it only when the guest synchronizes, unmaps or reads it or ends, and
// what the host's programs write to the file meanwhile does not appear in it. What
// lies behind the end of the file reads as 0 instead of raising SIGBUS, and
// MADV_DONTNEED does not bring the file's bytes back. A watch sees accesses by the
// watched addresses only, not those to the same memory by others.
//
// CLONE_FILES and CLONE_FS are obeyed for threads only: another process gets
// copies. There are no pidfds, no
// namespaces, and no process but the guest's; init (process 1) is not there, but
// waits for orphans. A program of another architecture gives ENOEXEC. The debugged
// process's end is everybody's.
//
// Signals that would stop a process are ignored. CPU time is the number of
// instructions (of the process, also for timers that ask for a thread's). Memory
// is charged when it is first written, to each process that sees a page since a
// fork; when all together go beyond Config.MaxMemory the largest process is killed
// with SIGKILL.
//
// # Concurrency
//
// A Machine belongs to one goroutine; only Interrupt may be called from others.
// One more goroutine reads Config.Stdin, from the guest's first wait for it on, or
// asks Config.Terminal's source; it hands chunks over on a channel and touches
// nothing else.
package linux
