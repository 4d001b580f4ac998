// Command dap-revexec is a debugger that runs backwards: a DAP server for editors
// (its bare form), a GDB server, a runner without a debugger, a recorder of programs
// and a player of recordings, and a demonstration.
// README.md at the module's root is its manual.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func main() { os.Exit(execute(os.Args[1:], system)) }

// exitStatus is an error that has been reported, or needs no report: the process
// ends with the status.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// execute runs the command line and returns the exit status. Errors are one line
// on standard error.
func execute(args []string, std stdio) int {
	root := newRoot(std)
	root.SetArgs(args)
	root.SetOut(std.out)
	root.SetErr(std.err)
	err := root.Execute()
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintf(std.err, "dap-revexec: %s\n", printable(strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", " ")))
	return 1
}

// stdio are the standard streams.
type stdio struct {
	in       *os.File
	out, err *os.File
}

var system = stdio{os.Stdin, os.Stdout, os.Stderr}

// newRoot builds the commands.
func newRoot(std stdio) *cobra.Command {
	var log logFlags
	serve := newServe(std, &log)
	root := &cobra.Command{
		Use:   "dap-revexec",
		Short: "A debugger that runs backwards, for editors (DAP) and for gdb",
		Long: `A debugger that runs backwards, for every editor that speaks the Debug Adapter
Protocol, and for gdb. It debugs x86-64 and riscv64 Linux executables.

Without a command it serves DAP on standard input and output, as editors want it.`,
		Args:          cobra.NoArgs,
		RunE:          serve.RunE,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.Flags().AddFlagSet(serve.Flags())
	log.register(root.PersistentFlags())
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(serve, newGDBServer(std, &log), newRun(std, &log), newRecord(std, &log), newReplay(std, &log), newInfo(std), newDemo(std), newVersion(std), newTerminal(std))
	return root
}
