package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// newRun builds the command that runs a program without a debugger.
func newRun(std stdio, log *logFlags) *cobra.Command {
	var guest guestFlags
	var stats, noRecord bool
	cmd := &cobra.Command{
		Use:   "run [flags] [--] PROGRAM [ARGS…]",
		Short: "Run a program without a debugger: its input, output and exit status are the command's",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			logger, closer, err := log.open(std)
			if err != nil {
				return err
			}
			defer closer.Close()
			cfg, err := guest.config(args, std.err)
			if err != nil {
				return err
			}
			cfg.Logger = logger
			return run(std, cfg, checkpoint.Config{Disabled: noRecord}, stats)
		},
	}
	guest.register(cmd.Flags())
	cmd.Flags().BoolVar(&stats, "stats", false, "tell on standard error how much was executed, how fast, and what the history cost")
	cmd.Flags().BoolVar(&noRecord, "no-record", false, "keep no checkpoints, to compare the speed")
	return cmd
}

// run runs a guest to its end. The guest's exit status comes back as an
// exitStatus, as a shell has it: 128 and the signal for one that was killed.
func run(std stdio, cfg linux.Config, history checkpoint.Config, stats bool) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var caught atomic.Int64
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		select {
		case s := <-signals:
			if n, ok := s.(syscall.Signal); ok {
				caught.Store(int64(n))
			}
			cancel(fmt.Errorf("%v", s))
		case <-ctx.Done():
		}
	}()

	cfg.Stdin = std.in
	cfg.Output = func(fd int, _ uint64, p []byte) {
		w := std.out
		if fd == 2 {
			w = std.err
		}
		if _, err := w.Write(p); err != nil {
			cancel(fmt.Errorf("writing the program's output: %w", err))
		}
	}
	m, err := linux.New(cfg)
	if err != nil {
		return err
	}
	defer m.Close()
	tl := checkpoint.New(m, history)
	began := time.Now()
	stop := tl.Forward(ctx, math.MaxUint64, nil)
	took := time.Since(began)
	if stats {
		report(std.err, tl, took)
	}
	switch stop.Reason {
	case vm.StopExit:
		status, _ := m.Exited()
		code := status.Code
		if status.Signal != 0 {
			code = 128 + status.Signal
		}
		if code != 0 {
			return exitStatus(code)
		}
		return nil
	case vm.StopError:
		return fmt.Errorf("%s: at icount %d: %w", cfg.Path, stop.Icount, stop.Err)
	}
	if n := caught.Load(); n != 0 {
		return exitStatus(128 + n)
	}
	return fmt.Errorf("%s: at icount %d: %w", cfg.Path, stop.Icount, context.Cause(ctx))
}

// report tells what a run has cost.
func report(w io.Writer, tl *checkpoint.Timeline, took time.Duration) {
	st := tl.Stats()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	n := tl.Icount()
	fmt.Fprintf(w, "icount       %d\n", n)
	fmt.Fprintf(w, "time         %.3f s, %.1f million instructions/s\n", took.Seconds(), float64(n)/1e6/max(took.Seconds(), 1e-9))
	fmt.Fprintf(w, "checkpoints  %d, %.1f MiB, one every %d instructions\n", st.Checkpoints, mib(uint64(st.Bytes)), st.Spacing)
	fmt.Fprintf(w, "input log    %d inputs, %.1f KiB\n", st.LogInputs, float64(st.LogBytes)/1024)
	fmt.Fprintf(w, "memory       %.1f MiB of the system, %.1f MiB in use\n", mib(mem.Sys), mib(mem.HeapInuse))
}

func mib(n uint64) float64 { return float64(n) / (1 << 20) }
