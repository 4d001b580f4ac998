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
		Long: `Run a program without a debugger. Its input, output and exit status are the command's.

On a terminal (all three standard streams, in the foreground) the program has one,
too, and each key is the program's: Ctrl-C interrupts it as it would by itself. A signal to the command (kill) ends the run.`,
		Args: cobra.MinimumNArgs(1),
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
			at, err := sit(std)
			if err != nil {
				return err
			}
			defer at.leave()
			history := guest.history(at.messages())
			history.Disabled = noRecord
			return run(at, cfg, history, stats, nil)
		},
	}
	guest.register(cmd.Flags())
	cmd.Flags().BoolVar(&stats, "stats", false, "tell on standard error how much was executed, how fast, and what the history cost")
	cmd.Flags().BoolVar(&noRecord, "no-record", false, "keep no checkpoints, to compare the speed")
	return cmd
}

// interrupts is a context that ends at the first SIGINT or SIGTERM. A second one ends
// the process, as it always does.
type interrupts struct {
	context.Context
	cancel context.CancelCauseFunc
	caught atomic.Int64  // the signal, 0 for none
	ended  chan struct{} // closed by end
	done   chan struct{}
}

// awaitInterrupts makes the context. last, if not nil, is called before a second
// signal ends the process. More signals than the two may be awaited.
func awaitInterrupts(last func() error, more ...os.Signal) *interrupts {
	i := &interrupts{ended: make(chan struct{}), done: make(chan struct{})}
	i.Context, i.cancel = context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, append([]os.Signal{os.Interrupt, syscall.SIGTERM}, more...)...)
	go func() {
		defer close(i.done)
		defer signal.Stop(signals)
		select {
		case s := <-signals:
			i.caught.Store(int64(number(s)))
			i.cancel(fmt.Errorf("%v", s))
		case <-i.ended:
			return
		}
		if last == nil {
			return // the second signal does what it does by itself
		}
		select {
		case s := <-signals:
			_ = last()
			os.Exit(128 + int(number(s)))
		case <-i.ended:
		}
	}()
	return i
}

// number is a signal's number.
func number(s os.Signal) syscall.Signal {
	if n, ok := s.(syscall.Signal); ok {
		return n
	}
	return syscall.SIGINT
}

// end stops waiting.
func (i *interrupts) end() {
	i.cancel(nil)
	close(i.ended)
	<-i.done
}

// reason is why a run was interrupted: an exit status, as a shell has it, or what
// has been cancelled for.
func (i *interrupts) reason() error {
	if n := i.caught.Load(); n != 0 {
		return exitStatus(128 + n)
	}
	return context.Cause(i)
}

// companion goes along with a run.
type companion interface {
	// drive runs the timeline's program to its end, or that of ctx.
	drive(ctx context.Context, tl *checkpoint.Timeline) vm.Stop
	// beforeOutput is called before something is written to the standard streams.
	beforeOutput()
	// finish is called after drive. Its error counts if the run has none.
	finish(tl *checkpoint.Timeline) error
}

// run runs a guest to its end. The guest's exit status comes back as an
// exitStatus, as a shell has it: 128 and the signal for one that was killed. begin,
// if not nil, makes a companion to the run.
func run(at *seat, cfg linux.Config, history checkpoint.Config, stats bool, begin func(*linux.Machine, *checkpoint.Timeline) (companion, error)) error {
	ctx := awaitInterrupts(at.leave)
	defer ctx.end()
	var with companion = alone{}
	at.give(&cfg)
	cfg.Output = func(fd int, icount uint64, p []byte) {
		with.beforeOutput()
		if err := at.write(fd, p); err != nil {
			ctx.cancel(err)
		}
	}
	m, err := linux.New(cfg)
	if err != nil {
		return err
	}
	defer m.Close()
	tl := checkpoint.New(m, history)
	defer tl.Close()
	if begin != nil {
		if with, err = begin(m, tl); err != nil {
			return err
		}
	}
	began := time.Now()
	stop := with.drive(ctx, tl)
	took := time.Since(began)
	if err := at.leave(); err != nil {
		return err
	}
	finished := with.finish(tl)
	if stats {
		report(at.err, tl, took)
	}
	switch stop.Reason {
	case vm.StopExit:
		status, _ := m.Exited()
		if err := exitError(status); err != nil {
			return err
		}
		return finished
	case vm.StopError:
		return fmt.Errorf("%s: at icount %d: %w", cfg.Path, stop.Icount, stop.Err)
	}
	return fmt.Errorf("%s: at icount %d: %w", cfg.Path, stop.Icount, ctx.reason())
}

// exitError is how a program ended, as an exit status; nil for success.
func exitError(status vm.ExitStatus) error {
	switch {
	case status.Signal != 0:
		return exitStatus(128 + status.Signal)
	case status.Code != 0:
		return exitStatus(status.Code)
	}
	return nil
}

// write writes a program's output to where it belongs.
func (s stdio) write(fd int, p []byte) error {
	w := s.out
	if fd == 2 {
		w = s.err
	}
	if _, err := w.Write(p); err != nil {
		return fmt.Errorf("writing the program's output: %w", err)
	}
	return nil
}

// alone is the companion of a run without one.
type alone struct{}

func (alone) beforeOutput()                     {}
func (alone) finish(*checkpoint.Timeline) error { return nil }
func (alone) drive(ctx context.Context, tl *checkpoint.Timeline) vm.Stop {
	return tl.Forward(ctx, math.MaxUint64, nil)
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
