package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dap-revexec/dap-revexec/adapter/files"
	"github.com/dap-revexec/dap-revexec/adapter/records"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/checkpoint/recording"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// newRecord builds the command that records a program to be looked at later.
func newRecord(std stdio, log *logFlags) *cobra.Command {
	var guest guestFlags
	var to string
	var last instructions
	var sources, debugInfo, stats, quiet bool
	cmd := &cobra.Command{
		Use:   "record -o FILE [flags] [--] PROGRAM [ARGS…]",
		Short: "Run a program and record it, to be debugged later and elsewhere",
		Long: `Run a program and record it. Its input, output and exit status are the command's.

The recording holds all that is needed to replay and debug the program on another
machine, of any system. It is complete up to its last moment even if the recorder is
killed or the disk is full.

On a terminal (all three standard streams, in the foreground) the program has one,
too, and each key is the program's: Ctrl-C interrupts it as it would by itself. A signal to the command (kill, or Ctrl-C where
the program has no terminal) ends the program and the recording.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if to == "" {
				return errors.New("record: where to? (record -o FILE PROGRAM)")
			}
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
			o := records.Options{
				Path: to, Tool: firstLine(version()), Last: uint64(last), Sources: sources, DebugInfo: debugInfo, Logger: logger,
				Finder: files.Finder{Dirs: files.DirsNear(filepath.Dir(cfg.Path), cfg.Dir)},
			}
			if cfg.Sysroot != "" {
				o.Symbols = symbols.Source{DebugDirs: []string{filepath.Join(cfg.Sysroot, "usr", "lib", "debug")}}
			}
			at, err := sit(std)
			if err != nil {
				return err
			}
			defer at.leave()
			tell := at.messages()
			r := &recorder{w: tell, quiet: quiet, line: progressLine{w: std.err, on: isTerminal(std.err) && !at.shared() && !quiet}}
			o.OnError = func(err error) { fmt.Fprintf(tell, "dap-revexec: %v\n", err) }
			history := guest.history(nil) // the recorder tells of errors itself
			return run(at, cfg, history, stats, func(m *linux.Machine, tl *checkpoint.Timeline) (companion, error) {
				r.rec, err = records.Record(m, tl, o)
				r.path = to
				return r, err
			})
		},
	}
	f := cmd.Flags()
	guest.register(f)
	f.StringVarP(&to, "output", "o", "", "the file to record to; a recording that is there is replaced")
	f.Var(&last, "last", "keep about the last N instructions only, such as 500M or 2G: a flight recorder")
	f.BoolVar(&sources, "sources", false, "put the source files into the recording that the debug information names")
	f.BoolVar(&debugInfo, "debug-info", false, "put separate debug files into it, those of the system's libraries among them")
	f.BoolVar(&stats, "stats", false, "tell on standard error how much was executed, how fast, and what the history cost")
	f.BoolVarP(&quiet, "quiet", "q", false, "say nothing but errors")
	return cmd
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// recorder is the companion of a run that is recorded.
type recorder struct {
	rec   *records.Recorder
	path  string
	w     io.Writer
	quiet bool
	line  progressLine
}

// progressSlice is after how many instructions a terminal may be told of progress.
const progressSlice = 20e6

func (r *recorder) drive(ctx context.Context, tl *checkpoint.Timeline) vm.Stop {
	stops := &vm.Stops{Maps: true}
	for {
		until := uint64(math.MaxUint64)
		if r.line.on {
			until = tl.Icount() + progressSlice
		}
		switch stop := tl.Forward(ctx, until, stops); stop.Reason {
		case vm.StopMaps:
			r.rec.Look()
		case vm.StopLimit:
			r.line.tell("recording: %s instructions, %s", grouped(tl.Icount()), megabytes(r.rec.Size()))
		default:
			return stop
		}
	}
}

func (r *recorder) beforeOutput() { r.line.clear() }

// finish completes the file and tells what it holds.
func (r *recorder) finish(tl *checkpoint.Timeline) error {
	r.line.clear()
	err := r.rec.Close()
	if err != nil {
		if r.rec.Err() != nil {
			return exitStatus(1) // OnError has told
		}
		return err
	}
	if r.quiet {
		return nil
	}
	rec, err := recording.Open(r.path)
	if err != nil {
		return err
	}
	defer rec.Close()
	info := rec.Info()
	what := grouped(info.Last-info.Start) + " instructions"
	if info.Start > 0 {
		what = fmt.Sprintf("the last %s of %s instructions", grouped(info.Last-info.Start), grouped(info.Last))
	}
	fmt.Fprintf(r.w, "dap-revexec: recorded %s in %s (%s). Open it with \"recording\" in a launch configuration, or with: dap-revexec gdbserver %[2]s\n",
		what, r.path, megabytes(info.Size))
	return nil
}

// megabytes writes a size for people.
func megabytes(n int64) string {
	if n < 1e5 {
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// progressLine is a line at the bottom of a terminal that tells how far something
// is.
type progressLine struct {
	w     io.Writer
	on    bool
	shown bool
	last  time.Time
}

// progressEvery is how often a progress line changes.
const progressEvery = time.Second

func (p *progressLine) tell(format string, args ...any) {
	now := time.Now()
	if p.last.IsZero() {
		p.last = now // what is short needs no line
	}
	if !p.on || now.Sub(p.last) < progressEvery {
		return
	}
	p.last, p.shown = now, true
	fmt.Fprintf(p.w, "\r\x1b[K"+format, args...)
}

// clear takes the line away.
func (p *progressLine) clear() {
	if p.shown {
		p.shown = false
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
