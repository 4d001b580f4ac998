package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
	"github.com/dap-revexec/dap-revexec/adapter/gdbstub"
	"github.com/dap-revexec/dap-revexec/adapter/records"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// newGDBServer builds the command that serves gdb.
func newGDBServer(std stdio, log *logFlags) *cobra.Command {
	var guest guestFlags
	var listen string
	var remote bool
	cmd := &cobra.Command{
		Use:   "gdbserver [flags] [-] [--] PROGRAM [ARGS…]  or  gdbserver [flags] [-] RECORDING",
		Short: "Serve a program or a recording to gdb and lldb, in both directions",
		Long: `Serve a program or a recording to gdb and lldb, in both directions, on a TCP port.
gdb gets the executable and the libraries through the connection; of a recording they
are those in it.

With - before PROGRAM the protocol is spoken on standard input and output, for
gdb to start the server itself, and the program's output goes to gdb's console:
  (gdb) target remote | dap-revexec gdbserver - PROGRAM`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			piped := args[0] == "-"
			if piped {
				if args = args[1:]; len(args) == 0 {
					return errors.New("gdbserver -: which program? (gdbserver - PROGRAM [ARGS…])")
				}
			}
			logger, closer, err := log.open(std)
			if err != nil {
				return err
			}
			defer closer.Close()
			var server *gdbstub.Server
			output := func(fd int, icount uint64, p []byte) { server.Output(fd, icount, p) }
			served := gdbstub.Config{Logger: logger}
			if records.IsRecording(args[0]) {
				if len(args) > 1 {
					return fmt.Errorf("gdbserver: %s is a recording: it takes no arguments", args[0])
				}
				s, err := openRecording(std, args[0], guest.history(std.err), logger)
				if err != nil {
					return err
				}
				defer s.Close()
				s.Machine.Echo(output)
				served.Timeline, served.Files = s.Timeline, s.Files
			} else {
				cfg, err := guest.config(args, std.err)
				if err != nil {
					return err
				}
				cfg.Logger, cfg.Output = logger, output
				if !piped {
					cfg.Stdin = std.in
				}
				m, err := linux.New(cfg)
				if err != nil {
					return err
				}
				defer m.Close()
				tl := checkpoint.New(m, guest.history(std.err))
				defer tl.Close()
				served.Timeline = tl
			}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			if piped {
				server = gdbstub.New(served)
				err := server.Serve(ctx, gdbstub.Stream(std.in, std.out))
				if errors.Is(err, gdbstub.ErrKilled) {
					return nil
				}
				return err
			}
			served.Stdout, served.Stderr = std.out, std.err
			server = gdbstub.New(served)
			ln, err := dap.Listen(listen, remote)
			if err != nil {
				return err
			}
			fmt.Fprintf(std.err, "Listening on %s (in gdb: target remote %[1]s)\n", ln.Addr())
			if err := server.ListenAndServe(ctx, ln); !errors.Is(err, context.Canceled) {
				return err
			}
			return exitStatus(128 + int(syscall.SIGINT))
		},
	}
	guest.register(cmd.Flags())
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:1234", "the TCP address to serve on; port 0 has one chosen")
	cmd.Flags().BoolVar(&remote, "allow-remote", false, "let --listen take an address that other machines can reach")
	return cmd
}
