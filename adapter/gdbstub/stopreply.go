package gdbstub

import (
	"context"
	"fmt"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm"
)

// cause says why the guest stopped.
type cause uint8

const (
	causeNone      cause = iota // the client finds the guest so, or has moved it by a monitor command
	causeStep                   // a step is done
	causeBreak                  // a Z0 breakpoint
	causeHardBreak              // a Z1 breakpoint
	causeWatch                  // a watchpoint
	causeSignal                 // a signal
	causeInterrupt              // 0x03
	causeBegin                  // the start of history
	causeEnd                    // the end of the guest
	causeExec                   // the process has become another program
	causeBroken                 // the machine can't go on
)

// stopReply is a stop as the client is told it.
type stopReply struct {
	cause  cause
	signal int // gdb's number
	thread vm.ThreadID
	watch  pointType // causeWatch
	addr   uint64    // causeWatch: an address in the watched range; causeSignal: the faulting one
	linux  int       // causeSignal: the guest's number
}

// why is lldb's word for the reason.
func (r stopReply) why() string {
	switch r.cause {
	case causeBreak, causeHardBreak:
		return "breakpoint"
	case causeWatch:
		return "watchpoint"
	case causeStep:
		return "trace"
	case causeExec:
		return "exec"
	case causeBegin, causeEnd:
		return "history boundary" // lldb since 2025
	}
	if r.signal == sigNone {
		return "none"
	}
	// Also for causeNone: from a "trace" that it did not ask for lldb goes on.
	return "signal"
}

// expedited are the registers in stop replies, which spare the client asking:
// PC, SP and frame pointer.
func (s *session) expedited() []int {
	a := s.m.Arch()
	return []int{a.PC, a.SP, a.FP}
}

// render writes a stop reply packet.
func (s *session) render(r stopReply) string {
	var b strings.Builder
	fmt.Fprintf(&b, "T%02xthread:%s;", s.signalNumber(r), s.id(r.thread))
	switch r.cause {
	case causeBreak:
		if s.client.swbreak {
			b.WriteString("swbreak:;")
		}
	case causeHardBreak:
		if s.client.hwbreak {
			b.WriteString("hwbreak:;")
		}
	case causeWatch:
		fmt.Fprintf(&b, "%s:%x;", watchReason[r.watch], r.addr)
	case causeBegin:
		b.WriteString("replaylog:begin;")
	case causeEnd:
		b.WriteString("replaylog:end;")
	case causeExec:
		fmt.Fprintf(&b, "exec:%s;", hexText(s.m.Image().Path))
	}
	for _, i := range s.expedited() {
		fmt.Fprintf(&b, "%x:%s;", s.m.Arch().Regs[i].GDB, s.hexReg(r.thread, i))
	}
	if s.client.threadsInStop {
		fmt.Fprintf(&b, "threads:%s;reason:%s;", s.threadList(), r.why())
		if r.cause == causeWatch {
			fmt.Fprintf(&b, "description:%s;", hexText(fmt.Sprint(r.addr)))
		}
	}
	return b.String()
}

// seen is what the client has been told at the position where it is now, so that
// going on does not report it again.
type seen struct {
	icount uint64
	thread vm.ThreadID // the thread that was reported
	access bool        // the access that the next instruction makes
	undone bool        // the access that the previous instruction made
	signal bool        // the signal that the next instruction raises
}

// stopped notes a stop at the current position as what the client knows.
func (s *session) stopped(r stopReply) {
	s.last = r
	s.pretence = pretence{}
	s.seen = seen{icount: s.tl.Icount(), thread: r.thread}
	// The thread that stopped is the one that the client looks at next; gdb
	// says so with Hg, too, but only when it differs from its last Hg.
	s.general = anyThread
}

func (s *session) why(context.Context, string) response {
	return answer(s.render(s.last))
}
