package dap

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/adapter/files"
	"github.com/dap-revexec/dap-revexec/adapter/records"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// program is the program being debugged: the machine with it, and what is built
// on that.
type program struct {
	machine vm.Machine
	tl      *checkpoint.Timeline
	dbg     *debugger.Debugger
	stdin   io.Closer   // what the program reads from outside; nil if there is none
	kept    files.Files // of the recording that the program comes from; nil if it runs here

	recorder *records.Recorder                     // nil if the session is not recorded
	played   *records.Session                      // the recording, nil if the program runs here
	heard    uint64                                // of a recording: output before this position is not given (again)
	deaf     bool                                  // nor is any now
	outputs  *outputs                              // what it has written
	echo     func(fd int, icount uint64, p []byte) // hears what is written each time; nil for nobody
}

// machineOptions are the session's wires into a machine. The callbacks come on the
// engine goroutine, but warn on any.
type machineOptions struct {
	log      zerolog.Logger
	output   func(fd int, icount uint64, p []byte)
	progress func(checkpoint.Progress)
	warn     func(error)
	tool     string   // Config.Tool
	term     *console // the terminal that the program is to run on; nil without one
}

// openProgram makes a machine with the program, or from the recording, that args
// name.
func openProgram(_ context.Context, args *launchArguments, o machineOptions) (*program, error) {
	if args.Recording != "" {
		return openRecording(args, o)
	}
	if records.IsRecording(args.path()) {
		return nil, fail(errLaunch, "%s is a recording: give it as \"recording\", not as \"program\"", args.path())
	}
	in, closer, err := args.stdin()
	if err != nil {
		return nil, err
	}
	cfg := linux.Config{
		Path: args.path(), Args: append([]string{args.Program}, args.Args...), Env: args.environment(), Dir: args.dir(),
		Stdin: in, Output: o.output, Logger: o.log, Sysroot: args.sysroot(), Chaos: args.chaos(),
	}
	if o.term != nil {
		closer = o.term.device(&cfg, args)
	}
	p, err := newProgram(cfg, args.history(o))
	if err != nil {
		if closer != nil {
			closer.Close()
		}
		return nil, err
	}
	p.stdin = closer
	if args.Record != nil {
		if err := p.record(args, o); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

// debugDirs are where the debug files of what is below a sysroot may be.
func debugDirs(sysroot string) []string {
	if sysroot == "" {
		return nil
	}
	return []string{filepath.Join(sysroot, "usr", "lib", "debug")}
}

func newProgram(cfg linux.Config, history checkpoint.Config) (*program, error) {
	m, err := linux.New(cfg)
	if err != nil {
		return nil, fail(errLaunch, "%v", err)
	}
	im := m.Image()
	src := symbols.Source{DebugDirs: debugDirs(cfg.Sysroot)}
	syms, err := src.Load(im.Path, im.Bias)
	if err != nil {
		m.Close()
		return nil, fail(errLaunch, "debug information: %v", err)
	}
	tl := checkpoint.New(m, history)
	dbg := debugger.New(tl, syms)
	dbg.SetSource(src)
	return &program{machine: m, tl: tl, dbg: dbg, outputs: newOutputs(nil)}, nil
}

// close releases what the program holds of the host.
func (p *program) close() error {
	var errs []error
	if p.recorder != nil {
		errs = append(errs, p.recorder.Close())
	}
	p.tl.Close()
	if c, ok := p.machine.(interface{ Close() }); ok {
		c.Close()
	}
	if p.played != nil {
		errs = append(errs, p.played.Recording.Close())
	}
	if p.stdin != nil {
		errs = append(errs, p.stdin.Close())
	}
	return errors.Join(errs...)
}

// position is where the program is.
func (p *program) position() Position {
	_, ended := p.machine.Exited()
	return Position{
		Icount: p.tl.Icount(), Frontier: p.tl.Frontier(), Start: p.tl.Start(), Thread: int(p.machine.CurrentThread()),
		Live: p.tl.Live(), Ended: ended,
	}
}
