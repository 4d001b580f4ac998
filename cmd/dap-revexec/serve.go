package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
)

// newServe builds the command that serves DAP.
func newServe(std stdio, log *logFlags) *cobra.Command {
	var listen string
	var remote bool
	cmd := &cobra.Command{
		Use:   "serve [--listen HOST:PORT]",
		Short: "Serve the Debug Adapter Protocol on standard input and output, or on a TCP port",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			logger, closer, err := log.open(std)
			if err != nil {
				return err
			}
			defer closer.Close()
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			cfg := dap.Config{Logger: logger, Tool: firstLine(version())}
			if listen == "" {
				if isTerminal(std.in) {
					fmt.Fprintln(std.err, "dap-revexec: waiting for DAP messages on standard input (dap-revexec --help tells what else there is)")
				}
				return dap.Serve(ctx, pipe{std.in, std.out}, cfg)
			}
			ln, err := dap.Listen(listen, remote)
			if err != nil {
				return err
			}
			// Editors wait for this line.
			fmt.Fprintf(std.out, "DAP server listening at: %s\n", ln.Addr())
			return dap.ServeListener(ctx, ln, cfg)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", "serve on a TCP address, such as 127.0.0.1:4711; port 0 has one chosen")
	cmd.Flags().BoolVar(&remote, "allow-remote", false, "let --listen take an address that other machines can reach; whoever connects can run programs here")
	return cmd
}

// pipe makes one connection of two streams.
type pipe struct {
	io.ReadCloser
	io.WriteCloser
}

func (p pipe) Close() error {
	err := p.ReadCloser.Close()
	if e := p.WriteCloser.Close(); err == nil {
		err = e
	}
	return err
}

// isTerminal reports whether a person may sit at f.
func isTerminal(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}
