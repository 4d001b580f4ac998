package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/dap-revexec/dap-revexec/adapter/records"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// newReplay builds the command that plays a recording.
func newReplay(std stdio, log *logFlags) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "replay FILE",
		Short: "Play a recording: the recorded program's output and exit status are the command's",
		Long: `Play a recording from its start to its end. What the recorded program wrote to its
standard output and error is written again, and the exit status is the recorded one.
Nothing else is read or written. The recording of a program that had not ended gives
the exit status 0.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			logger, closer, err := log.open(std)
			if err != nil {
				return err
			}
			defer closer.Close()
			return replay(std, args[0], logger, check)
		},
	}
	cmd.Flags().BoolVar(&check, "verify", false, "compare the state at each checkpoint with the one recorded")
	return cmd
}

// errDiffers tells that a replay did not repeat what was recorded.
var errDiffers = errors.New("the state is not the one that was recorded: the file is damaged, or dap-revexec has a defect")

func replay(std stdio, path string, logger zerolog.Logger, check bool) error {
	ctx := awaitInterrupts(nil)
	defer ctx.end()
	s, err := openRecording(std, path, checkpoint.Config{}, logger)
	if err != nil {
		return err
	}
	defer s.Close()
	m := s.Machine
	m.Echo(func(fd int, _ uint64, p []byte) {
		if err := std.write(fd, p); err != nil {
			ctx.cancel(err)
		}
	})
	stop := context.AfterFunc(ctx, m.Interrupt)
	defer stop()
	verified := 0
	if check {
		if verified, err = verify(ctx, path, m, logger); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	// Straight to the end: a timeline would take short cuts.
	switch st := m.Run(math.MaxUint64, nil); st.Reason {
	case vm.StopInterrupted:
		return fmt.Errorf("%s: at icount %d: %w", path, st.Icount, ctx.reason())
	case vm.StopError:
		return fmt.Errorf("%s: at icount %d: %w", path, st.Icount, st.Err)
	}
	if check {
		fmt.Fprintf(std.err, "dap-revexec: verified: %s and the end, at icount %s, are as they were recorded\n", counted(verified, "checkpoint"), grouped(m.Icount()))
	}
	if status, ok := m.Exited(); ok {
		return exitError(status)
	}
	fmt.Fprintf(std.err, "dap-revexec: the recording ends here, at icount %s, before the program did\n", grouped(m.Icount()))
	return nil
}

// verify runs m from one checkpoint of the recording at path to the next, and
// compares its states with those recorded. It returns how many there are.
func verify(ctx *interrupts, path string, m vm.Machine, logger zerolog.Logger) (int, error) {
	var damaged error
	other, err := records.Open(path, checkpoint.Config{Warn: func(err error) { damaged = err }}, logger)
	if err != nil {
		return 0, err
	}
	defer other.Close()
	list := other.Timeline.Checkpoints()
	at := make([]uint64, 0, len(list)+1)
	for _, c := range list {
		at = append(at, c.Icount)
	}
	at = append(at, other.Timeline.Frontier())
	for _, icount := range at {
		if icount < m.Icount() {
			continue
		}
		if err := other.Timeline.Seek(ctx, icount); ctx.Err() != nil {
			return 0, ctx.reason()
		} else if err != nil {
			return 0, fmt.Errorf("the checkpoint at icount %d: %w", icount, err)
		}
		if damaged != nil {
			return 0, damaged
		}
		if icount > m.Icount() {
			if st := m.Run(icount, nil); st.Reason == vm.StopInterrupted {
				return 0, ctx.reason()
			} else if st.Reason != vm.StopLimit && st.Icount != icount {
				return 0, fmt.Errorf("at icount %d: the replay ended before the recorded checkpoint at %d (%s): %w", st.Icount, icount, st.Reason, errDiffers)
			}
		}
		if m.Hash() != other.Machine.Hash() {
			return 0, fmt.Errorf("at icount %d: %w", icount, errDiffers)
		}
	}
	return len(list), nil
}

// openRecording opens a recording and tells what is wrong with it.
func openRecording(std stdio, path string, history checkpoint.Config, logger zerolog.Logger) (*records.Session, error) {
	s, err := records.Open(path, history, logger)
	if err != nil {
		return nil, err
	}
	if err := s.Damage(); err != nil {
		fmt.Fprintf(std.err, "dap-revexec: %s: %v\n", path, err)
	}
	return s, nil
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
