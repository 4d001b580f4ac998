package gdbstub

import (
	"context"
	"fmt"
	"strings"
)

// qSupported exchanges features. The client's list comes as :NAME+;NAME=VALUE;….
func (s *session) qSupported(_ context.Context, args string) response {
	s.client = abilities{}
	for _, f := range strings.Split(strings.TrimPrefix(args, ":"), ";") {
		switch f {
		case "swbreak+":
			s.client.swbreak = true
		case "hwbreak+":
			s.client.hwbreak = true
		case "multiprocess+":
			s.client.multiprocess = true
		case "exec-events+":
			s.client.execEvents = true
		case "error-message+":
			s.client.errorMessage = true
		}
	}
	features := []string{
		fmt.Sprintf("PacketSize=%x", packetSize),
		"QStartNoAckMode+",
		"qXfer:features:read+",
		"qXfer:auxv:read+",
		"qXfer:exec-file:read+",
		"qXfer:libraries-svr4:read+",
		"qXfer:threads:read+",
		"qXfer:siginfo:read+",
		"vContSupported+",
		"ConditionalBreakpoints+",
		"QPassSignals+",
		"ReverseStep+",
		"ReverseContinue+",
	}
	// gdb takes a stop reason that it did not ask for as an error.
	if s.client.swbreak {
		features = append(features, "swbreak+")
	}
	if s.client.multiprocess {
		// There is one process, but without this gdb does not know its number.
		features = append(features, "multiprocess+")
	}
	if s.client.execEvents {
		features = append(features, "exec-events+")
	}
	if s.client.hwbreak {
		features = append(features, "hwbreak+")
	}
	return answer(strings.Join(features, ";"))
}

func (s *session) startNoAckMode(context.Context, string) response {
	// The client sends nothing before it has the answer, so the reader can't
	// meet a packet that is still to be acknowledged.
	s.link.noAck.Store(true)
	return ok
}

// attached says that the guest was there before the client: clients then detach
// when they quit, and do not kill it.
func (s *session) attached(context.Context, string) response { return answer("1") }

func (s *session) threadSuffixSupported(context.Context, string) response {
	s.client.threadSuffix = true
	return ok
}

func (s *session) listThreadsInStopReply(context.Context, string) response {
	s.client.threadsInStop = true
	return ok
}

// hostInfo is lldb's question what it is connected to.
func (s *session) hostInfo(context.Context, string) response {
	a := s.m.Arch()
	watch := "before"
	if watchesAfter(a) {
		watch = "after"
	}
	return answer(fmt.Sprintf("triple:%s;ptrsize:%d;endian:little;watchpoint_exceptions_received:%s;hostname:%s;",
		hexText(triple(a.Name)), a.PtrSize, watch, hexText("dap-revexec")))
}

// processInfo is lldb's question about the process. Its numbers are hexadecimal.
func (s *session) processInfo(context.Context, string) response {
	a := s.m.Arch()
	return answer(fmt.Sprintf("pid:%x;parent-pid:1;real-uid:0;real-gid:0;effective-uid:0;effective-gid:0;triple:%s;ostype:linux;vendor:unknown;endian:little;ptrsize:%d;",
		s.pid, hexText(triple(a.Name)), a.PtrSize))
}

// triple is the LLVM target triple of a GOARCH name.
func triple(arch string) string {
	if arch == "amd64" {
		arch = "x86_64"
	}
	return arch + "-unknown-linux-gnu"
}

// detach lets the client go; what it answers still reaches it.
func (s *session) detach(context.Context, string) response {
	s.ending = errDetached
	return ok
}

// kill ends the session and the server. It has no answer.
func (s *session) kill(context.Context, string) response {
	s.ending = ErrKilled
	return noAnswer
}

// killProcess is kill by a client that may stay, to run the guest again: the
// guest counts as killed when the client goes without having done so.
func (s *session) killProcess(context.Context, string) response {
	s.killed = true
	return ok
}
