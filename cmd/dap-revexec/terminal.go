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
	var addr, token string
	cmd := &cobra.Command{
		Use:    terminal.Command + " --" + terminal.ConnectFlag + " HOST:PORT --" + terminal.TokenFlag + " FILE",
		Short:  "Forward the terminal to a debug session that has asked its editor for one",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := awaitInterrupts(nil, syscall.SIGHUP)
			defer ctx.end()
			err := terminal.Proxy(ctx, addr, token, std.in, std.out)
			switch {
			case ctx.caught.Load() != 0:
				return ctx.reason()
			case errors.Is(err, terminal.ErrHangUp): // before the signal of the same name
				return exitStatus(128 + syscall.SIGHUP)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&addr, terminal.ConnectFlag, "", "the session's address")
	cmd.Flags().StringVar(&token, terminal.TokenFlag, "", "a file with the token that proves that the session has asked for this")
	for _, name := range []string{terminal.ConnectFlag, terminal.TokenFlag} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return cmd
}
