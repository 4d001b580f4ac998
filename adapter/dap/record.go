package dap

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/debugger"
	"github.com/dap-revexec/dap-revexec/adapter/records"
	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// Sessions that are recorded, and sessions on recordings.

// record begins to record the program.
func (p *program) record(args *launchArguments, o machineOptions) error {
	m := p.machine.(*linux.Machine)
	r, err := records.Record(m, p.tl, records.Options{
		Path: args.absolute(args.Record.File), Tool: o.tool, Last: args.Record.Last,
		Sources: args.Record.Sources, DebugInfo: args.Record.DebugInfo,
		Symbols: symbols.Source{DebugDirs: debugDirs(args.sysroot())}, Finder: args.finder(m.Image().Path, nil),
		OnError: o.warn, Logger: o.log,
	})
	if err != nil {
		return fail(errLaunch, "record: %v", err)
	}
	p.recorder = r
	return nil
}

// stopRecording completes the recording, if there is one.
func (p *program) stopRecording() error {
	if p.recorder == nil {
		return nil
	}
	err := p.recorder.Close()
	p.recorder = nil
	return err
}

// openRecording makes a machine from the recording that args name. What was written
// to the standard streams is output again when it is first come by going forward.
func openRecording(args *launchArguments, o machineOptions) (*program, error) {
	s, err := records.Open(args.absolute(args.Recording), args.history(o), o.log)
	if err != nil {
		return nil, fail(errLaunch, "recording: %v", err)
	}
	src := s.Source(debugDirs(args.sysroot())...)
	syms, err := s.Program(src)
	if err != nil {
		s.Close()
		return nil, fail(errLaunch, "debug information: %v", err)
	}
	dbg := debugger.New(s.Timeline, syms)
	dbg.SetSource(src)
	s.Machine.Echo(o.output)
	return &program{machine: s.Machine, tl: s.Timeline, dbg: dbg, kept: s.Files, played: s, echo: o.output, outputs: newOutputs(s.Machine.Log().Journal())}, nil
}

// hears reports whether what the program writes, behind offset bytes of that stream, is
// to be given to the client: that is so once.
func (p *program) hears(fd int, icount, offset uint64, data []byte) bool {
	if p.played == nil {
		return true
	}
	w := &p.outputs[fd]
	if p.deaf || icount < p.heard || offset < w.given {
		return false
	}
	w.given = offset + uint64(len(data))
	return true
}

// listen makes motions over a recording come by all output that has not been given yet,
// or lets them pass over it.
func (p *program) listen(on bool) {
	from := uint64(math.MaxUint64)
	if on && p.played != nil {
		from = p.heard
	}
	p.tl.Hear(from)
}

// wrote notes what the program writes, live or as a recording of it comes by. It
// returns how much it had written to that stream before.
func (p *program) wrote(fd int, icount uint64, data []byte) uint64 {
	w := &p.outputs[fd]
	if p.played == nil {
		return w.add(icount, data)
	}
	offset := w.offset(icount)
	w.keep(offset, data)
	return offset
}

// name is what the program is called for people.
func (p *program) name() string { return filepath.Base(p.machine.Image().Path) }

func saveWord(s *session, c *call, rest string) (string, error) {
	if err := s.canMove(); err != nil {
		return "", err
	}
	if rest == "" || strings.ContainsRune(rest, 0) {
		return "", badArgument("save: which file? (save FILE)")
	}
	m, ok := s.prog.machine.(*linux.Machine)
	if !ok {
		return "", fail(errUnresolvable, "save: this program can't be recorded")
	}
	a := s.launched
	path := a.absolute(rest)
	if s.prog.recorder != nil && a.absolute(a.Record.File) == path {
		return "", badArgument("save: the session is recorded to that file: choose another name")
	}
	o := records.Options{
		Path: path, Tool: s.cfg.Tool, Sources: true, DebugInfo: a.Record != nil && a.Record.DebugInfo,
		Symbols: symbols.Source{DebugDirs: debugDirs(a.sysroot())}, Finder: s.sources.Finder, Logger: s.log,
	}
	if err := records.Save(m, s.prog.tl, s.prog.played, o); err != nil {
		return "", fail(errUnresolvable, "save: %v", err)
	}
	return fmt.Sprintf("saved icount %d to %d in %s", s.prog.tl.Start(), s.prog.tl.Frontier(), path), nil
}
