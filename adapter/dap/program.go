package dap

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/adapter/files"
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
	stdin   io.Closer   // nil if there is none
	kept    files.Files // of the recording that the program comes from; nil if it runs here
}

// machineOptions are the session's wires into a machine. Both callbacks come on
// the engine goroutine.
type machineOptions struct {
	log      zerolog.Logger
	output   func(fd int, icount uint64, p []byte)
	progress func(checkpoint.Progress)
}

// openProgram makes a machine with the program that args name.
func openProgram(_ context.Context, args *launchArguments, o machineOptions) (*program, error) {
	in, closer, err := args.stdin()
	if err != nil {
		return nil, err
	}
	cfg := linux.Config{
		Path: args.path(), Args: append([]string{args.Program}, args.Args...), Env: args.environment(), Dir: args.dir(),
		Stdin: in, Output: o.output, Logger: o.log, Sysroot: args.sysroot(), Chaos: args.chaos(),
	}
	p, err := newProgram(cfg, o)
	if err != nil {
		if closer != nil {
			closer.Close()
		}
		return nil, err
	}
	p.stdin = closer
	return p, nil
}

func newProgram(cfg linux.Config, o machineOptions) (*program, error) {
	m, err := linux.New(cfg)
	if err != nil {
		return nil, fail(errLaunch, "%v", err)
	}
	im := m.Image()
	var src symbols.Source
	if cfg.Sysroot != "" {
		src.DebugDirs = []string{debugDir(cfg.Sysroot)}
	}
	syms, err := src.Load(im.Path, im.Bias)
	if err != nil {
		m.Close()
		return nil, fail(errLaunch, "debug information: %v", err)
	}
	tl := checkpoint.New(m, checkpoint.Config{Progress: o.progress})
	dbg := debugger.New(tl, syms)
	dbg.SetSource(src)
	return &program{machine: m, tl: tl, dbg: dbg}, nil
}

// debugDir is where a sysroot has separate debug files.
func debugDir(sysroot string) string { return filepath.Join(sysroot, "usr", "lib", "debug") }

// close releases what the program holds of the host.
func (p *program) close() error {
	var errs []error
	if c, ok := p.machine.(interface{ Close() }); ok {
		c.Close()
	}
	if p.stdin != nil {
		errs = append(errs, p.stdin.Close())
	}
	return errors.Join(errs...)
}

// position is where the program is.
func (p *program) position() Position {
	return Position{Icount: p.tl.Icount(), Frontier: p.tl.Frontier(), Thread: int(p.machine.CurrentThread())}
}
