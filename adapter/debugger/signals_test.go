package debugger

import (
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

func TestSignalsAreToldWithTheAddressThatIsKnown(t *testing.T) {
	for _, c := range []struct {
		stop vm.Stop
		want string
	}{
		{vm.Stop{Signal: 11, Addr: 0x10, Fatal: true}, "SIGSEGV: invalid memory access at 0x10 (kills the program)"},
		{vm.Stop{Signal: 11, NoAddr: true}, "SIGSEGV: invalid memory access, by an address that is not canonical or a misaligned operand"},
		{vm.Stop{Signal: 5, NoAddr: true}, "SIGTRAP: breakpoint instruction"},
		{vm.Stop{Signal: 6, Addr: 1, Fatal: true}, "SIGABRT: aborted (kills the program)"},
		{vm.Stop{Signal: 40}, "signal 40"},
	} {
		if got := signalText(&c.stop); got != c.want {
			t.Errorf("%+v: %q, want %q", c.stop, got, c.want)
		}
	}
}
