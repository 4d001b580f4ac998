package gdbstub

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// stdioGuest, in the environment, makes the test binary a server of this guest
// on its standard input and output.
const stdioGuest = "REVEXEC_TEST_STDIO_GUEST"

func TestMain(m *testing.M) {
	if exe := os.Getenv(stdioGuest); exe != "" {
		if err := serveStdio(exe); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func serveStdio(exe string) error {
	var server *Server
	m, err := linux.New(linux.Config{
		Path: exe, Args: []string{exe},
		Output: func(fd int, at uint64, p []byte) { server.Output(fd, at, p) },
	})
	if err != nil {
		return err
	}
	defer m.Close()
	server = New(Config{Timeline: checkpoint.New(m, checkpoint.Config{})})
	return server.Serve(context.Background(), Stream(os.Stdin, os.Stdout))
}

// gdb can start the server: then the guest's output comes through the protocol.
func TestGDBOverStandardInputAndOutput(t *testing.T) {
	t.Parallel()
	st := newGuest(t, "steps", nil)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	st.addr = fmt.Sprintf("| env %s=%s %s", stdioGuest, st.exe, self)
	st.gdb(t,
		step{"break nested_calls", ""},
		step{"continue", "loops 32\nBreakpoint 1, nested_calls"},
		step{"reverse-stepi", ""},
		step{"continue", "Breakpoint 1, nested_calls"},
		step{"continue", "!loops\nnested_calls 73\n" + exited3},
		step{"reverse-continue", "Breakpoint 1, nested_calls"},
	)
}
