package debugger

import (
	"fmt"

	"github.com/dap-revexec/dap-revexec/vm"
)

// signals of Linux by number: name and meaning (signal(7)).
var signals = map[int][2]string{
	1: {"SIGHUP", "hangup"}, 2: {"SIGINT", "interrupt"}, 3: {"SIGQUIT", "quit"},
	4: {"SIGILL", "illegal instruction"}, 5: {"SIGTRAP", "breakpoint instruction"},
	6: {"SIGABRT", "aborted"}, 7: {"SIGBUS", "misaligned or impossible memory access"},
	8: {"SIGFPE", "arithmetic exception"}, 9: {"SIGKILL", "killed"}, 10: {"SIGUSR1", "user signal 1"},
	11: {"SIGSEGV", "invalid memory access"}, 12: {"SIGUSR2", "user signal 2"},
	13: {"SIGPIPE", "write to a pipe without a reader"}, 14: {"SIGALRM", "alarm"},
	15: {"SIGTERM", "termination"}, 16: {"SIGSTKFLT", "stack fault"}, 24: {"SIGXCPU", "CPU time limit"},
	25: {"SIGXFSZ", "file size limit"}, 26: {"SIGVTALRM", "virtual alarm"}, 27: {"SIGPROF", "profiling timer"},
	29: {"SIGIO", "input or output is possible"}, 30: {"SIGPWR", "power failure"}, 31: {"SIGSYS", "bad system call"},
}

func signalName(n int) string {
	if s, ok := signals[n]; ok {
		return s[0]
	}
	return fmt.Sprintf("signal %d", n)
}

// SignalName is a signal's name and its meaning for a person.
func SignalName(n int) (name, meaning string) {
	return signalName(n), signals[n][1]
}

// faults are the signals whose address means something.
var faults = map[int]bool{4: true, 5: true, 7: true, 8: true, 11: true}

func signalText(st *vm.Stop) string {
	name, meaning := SignalName(st.Signal)
	text := name
	if meaning != "" {
		text += ": " + meaning
	}
	switch {
	case st.NoAddr && st.Signal == 11:
		// x86's general protection fault: Intel SDM volume 3, 6.15, #GP.
		text += ", by an address that is not canonical or a misaligned operand"
	case faults[st.Signal] && !st.NoAddr:
		text += fmt.Sprintf(" at %#x", st.Addr)
	}
	if st.Fatal {
		text += " (kills the program)"
	}
	return text
}
