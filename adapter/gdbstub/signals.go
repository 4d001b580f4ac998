package gdbstub

import (
	"context"
	"encoding/binary"
	"strings"
)

// Signals in stop replies, in gdb's numbers.
const (
	sigNone = 0
	sigInt  = 2
	sigTrap = 5
	sigAbrt = 6
	sigStop = 17
)

// signalInfo names a signal of Linux (asm-generic numbers: riscv64, amd64, …)
// and gives gdb's number, which differs for many (gdb's include/gdb/signals.def).
type signalInfo struct {
	name string
	gdb  int
}

var signals = [...]signalInfo{
	1: {"SIGHUP", 1}, 2: {"SIGINT", 2}, 3: {"SIGQUIT", 3}, 4: {"SIGILL", 4},
	5: {"SIGTRAP", 5}, 6: {"SIGABRT", 6}, 7: {"SIGBUS", 10}, 8: {"SIGFPE", 8},
	9: {"SIGKILL", 9}, 10: {"SIGUSR1", 30}, 11: {"SIGSEGV", 11}, 12: {"SIGUSR2", 31},
	13: {"SIGPIPE", 13}, 14: {"SIGALRM", 14}, 15: {"SIGTERM", 15}, 16: {"SIGSTKFLT", 143},
	17: {"SIGCHLD", 20}, 18: {"SIGCONT", 19}, 19: {"SIGSTOP", 17}, 20: {"SIGTSTP", 18},
	21: {"SIGTTIN", 21}, 22: {"SIGTTOU", 22}, 23: {"SIGURG", 16}, 24: {"SIGXCPU", 24},
	25: {"SIGXFSZ", 25}, 26: {"SIGVTALRM", 26}, 27: {"SIGPROF", 27}, 28: {"SIGWINCH", 28},
	29: {"SIGIO", 23}, 30: {"SIGPWR", 32}, 31: {"SIGSYS", 12},
}

// gdbUnknownSignal is GDB_SIGNAL_UNKNOWN.
const gdbUnknownSignal = 143

// gdbSignal translates a signal number of Linux.
func gdbSignal(linux int) int {
	switch {
	case linux > 0 && linux < len(signals):
		return signals[linux].gdb
	case linux == 32:
		return 77
	case 33 <= linux && linux <= 63:
		return linux - 33 + 45
	case linux == 64:
		return 78
	}
	return gdbUnknownSignal
}

// linuxSignal is the reverse, 0 for those that Linux does not have.
func linuxSignal(gdb int) int {
	for n := 1; n <= 64; n++ {
		if g := gdbSignal(n); g == gdb && g != gdbUnknownSignal {
			return n
		}
	}
	return 0
}

// signalName is a Linux signal's name, "" for one without.
func signalName(linux int) string {
	if linux > 0 && linux < len(signals) {
		return signals[linux].name
	}
	return ""
}

// signalNumber is a stop's signal as the client numbers it: gdb has numbers of its
// own, lldb uses the guest's.
func (s *session) signalNumber(r stopReply) int {
	if !s.client.threadsInStop {
		return r.signal
	}
	if r.cause == causeNone && r.signal == sigTrap {
		// When lldb finds the guest stopped by SIGTRAP at the entry point it
		// takes that for a breakpoint of its own and lets the guest run.
		return linuxSignal(sigStop)
	}
	if n := linuxSignal(r.signal); n != 0 {
		return n
	}
	return r.signal
}

// passSignals is QPassSignals:NN;NN…: signals of which the client does not want
// to hear.
func (s *session) passSignals(_ context.Context, args string) response {
	pass := map[int]bool{}
	for _, f := range strings.Split(strings.TrimPrefix(args, ":"), ";") {
		if f == "" {
			continue
		}
		n, good := number(f)
		if !good || n > 255 {
			return s.malformed()
		}
		pass[int(n)] = true
	}
	s.pass = pass
	return ok
}

// siginfoSize is sizeof(siginfo_t) in Linux.
const siginfoSize = 128

// siginfo builds the siginfo_t of a signal that is about to be raised: number,
// errno, code and, where there is one, the address, as si_signo, si_errno,
// si_code and si_addr lie on 64-bit Linux. Nothing is known of the sender of
// one that was sent.
func (s *session) siginfo(linux int, addr uint64) []byte {
	const (
		userCode   = 0 // SI_USER
		firstFault = 1 // SEGV_MAPERR, BUS_ADRALN, ILL_ILLOPC, TRAP_BRKPT
		accessCode = 2 // SEGV_ACCERR
	)
	code := userCode
	switch signalName(linux) {
	case "SIGSEGV":
		code = firstFault
		if s.m.ReadMemory(addr, make([]byte, 1)) == 1 {
			code = accessCode
		}
	case "SIGBUS", "SIGILL", "SIGTRAP", "SIGFPE":
		code = firstFault
	default:
		addr = 0
	}
	b := make([]byte, siginfoSize)
	binary.LittleEndian.PutUint32(b[0:], uint32(linux))
	binary.LittleEndian.PutUint32(b[8:], uint32(code))
	binary.LittleEndian.PutUint64(b[16:], addr)
	return b
}
