package main

import (
	"errors"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/dap-revexec/dap-revexec/adapter/terminal"
)

// newTerminal builds the command that forwards a terminal to a debug session: what
// editors start in a terminal for the launch argument "console".
func newTerminal(std stdio) *cobra.Command {
	return &cobra.Command{
		Use:    terminal.Command + " FILE",
		Short:  "Forward the terminal to a debug session that has asked its editor for one",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := awaitInterrupts(nil, syscall.SIGHUP)
			defer ctx.end()
			err := terminal.Proxy(ctx, args[0], std.in, std.out)
			switch {
			case ctx.caught.Load() != 0:
				return ctx.reason()
			case errors.Is(err, terminal.ErrHangUp): // before the signal of the same name
				return exitStatus(128 + syscall.SIGHUP)
			}
			return err
		},
	}
}
