// Package gdbstub serves a timeline to gdb, lldb and everything else that
// speaks the GDB remote serial protocol, in both directions of time.
//
// It is the debugger's end of a [checkpoint.Timeline] seen through machine
// glasses: addresses, registers, bytes, breakpoints, one instruction. Lines,
// frames and variables are the client's business, so the package needs neither
// symbols nor the source-level debugger beside it.
//
// # The protocol
//
// The client sends packets, $DATA#CC, where CC is the sum of DATA's bytes modulo
// 256 in hexadecimal; each side acknowledges with + or asks again with -, until
// QStartNoAckMode ends that. Nearly all packets are questions with one answer.
// The ones that resume execution (vCont, c, s, bs, bc) are answered by a stop
// reply, T05thread:1;…, when the guest stops; O packets with text for the
// client's console may come first. The lone byte 0x03 interrupts. A packet that
// the server does not know gets the empty answer, which is how clients find out
// what there is. Reference: "Debugging with GDB", appendix "GDB Remote Serial
// Protocol"; for lldb's packets, lldb's document lldb-gdb-remote.txt.
//
// Going back is bs (undo one instruction) and bc (back to the latest earlier
// stop). gdb builds reverse-step, reverse-next and reverse-finish out of them and
// of breakpoints.
//
// # What stopping means in each direction
//
// A position is an icount, and a stop is a position together with what the
// client was told there.
//
//   - A breakpoint: the PC is its address and the instruction there has not been
//     executed, in both directions. Going on in either direction does not report
//     the same one again. Going back stops at the latest earlier one.
//   - A watchpoint, forward: the PC is the store's (or load's) address, the
//     access has not happened. gdb knows that of RISC-V and steps over the
//     instruction before it looks at the value.
//   - A watchpoint, going back: the PC is just after the access. gdb then steps
//     back over it, and so arrives at the store with the old value.
//   - An access by the guest kernel (a system call that fills a buffer) is
//     reported as if the instruction that called it had made it.
//   - A signal raised by a fault, or one that kills: before it is delivered.
//     Resuming delivers it. A client can't suppress or invent signals: that would
//     change history.
//   - Either end of history is an ordinary stop with replaylog:begin or
//     replaylog:end, however often one runs into it. The exit of the guest is the
//     end of history, not of the session: a line on the client's console tells of
//     it and everything can be walked backwards from there.
//
// The past can't be changed: writes to registers and memory are refused.
//
// A recording is served like a program. Its files are those in it (Config.Files), what
// it wrote comes again when going forward first comes by, and its end is replaylog:end
// whether or not the program had ended.
//
// # Threads
//
// All threads of a guest run on one deterministic machine, one instruction after
// the other. Which thread is next is part of history, so a client can't hold some
// threads still while others run (gdb's scheduler-locking): a request to step
// thread T runs whatever the history has until T has executed an instruction.
// While a client wants one thread to run alone, the others run all the same, but
// what they meet is not reported.
//
// # Habits of gdb
//
// These shape what is done here; they were seen with gdb 13.
//
//   - It takes RISC-V Linux for a system without single-stepping and steps
//     forward by breakpoints of its own, a handful of packets an instruction.
//     After "set osabi none" it sends range steps instead, one packet a line,
//     but no longer knows signal frames and $_siginfo.
//   - It moves a thread over a breakpoint alone. If another thread's stop is
//     reported meanwhile it fails an assertion; if an end of history is, it
//     never resumes again. See endAlone and pretence.
//   - With "bs" it says which thread is to step back only when that is to run
//     alone, else "any", meaning the one that it looks at.
//   - reverse-next and reverse-step pass over a line that consists of several
//     neighbouring ranges in the line table.
//   - It does not notice a change of position by a monitor command until
//     "maintenance flush register-cache"; what it has read of stacks stays until
//     "maintenance flush dcache".
//
// # Goroutines
//
//	reader  one per connection. Reads bytes, checks and acknowledges packets, hands
//	        them to the engine; turns 0x03 and the end of the connection into the
//	        end of a context. Touches nothing but its link.
//	engine  the goroutine that called Serve or ListenAndServe. Owns the timeline,
//	        the machine and everything in a session; answers packets one by one.
//	writer  one per connection. Writes queued packets. Touches nothing but its link.
//
// [Server.Output] is called by the machine while it runs, so on the engine
// goroutine.
package gdbstub
