package linux

import (
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/internal/wire"
)

const (
	// describedVersion is the version of the form of descriptions.
	describedVersion = 2

	// behaviour is the version of what guests compute: of the processors, the guest
	// kernel, its scheduler and clock. A log is replayed by a machine with the same
	// one only. It must be raised with each change that an old log does not fit.
	behaviour = 2

	// maxGuestMemory bounds Config.MaxMemory where it is read from a description.
	maxGuestMemory = 1 << 40 // bytes
)

// Describe tells what the machine is made of, beside its log: for Reopen to make it
// again in another process, on whatever host. It holds the executable's content, but
// no other file's.
func Describe(m *Machine) []byte {
	c := &wire.Coder{}
	c.Put(describedVersion)
	c.Put(behaviour)
	s, file := m.setup, m.lib.exe.raw
	s.code(c, &file)
	return c.Written()
}

// code writes or reads the setup of a machine, and its executable.
func (s *setup) code(c *wire.Coder, file *[]byte) {
	c.String(&s.path)
	for _, list := range []*[]string{&s.argv, &s.env} {
		wire.List(c, list, maxArgs, c.String)
	}
	c.String(&s.dir)
	c.String(&s.sysroot)
	wire.Num(c, &s.ncpu)
	wire.Num(c, &s.maxPages)
	c.Bool(&s.chaos.On)
	c.Uint(&s.chaos.Seed)
	c.Bool(&s.terminal)
	wire.Num(c, &s.window.Rows)
	wire.Num(c, &s.window.Cols)
	c.Bytes(file)
}

// Reopen makes the machine that Describe has described, at icount 0. It is sealed: it
// replays the log, which must have its first inputs, and never touches the host,
// whatever the guest does. The description may come from a stranger.
func Reopen(description []byte, log *vm.Log, logger zerolog.Logger) (*Machine, error) {
	c := wire.Reader(description)
	if v := c.Get(); v != describedVersion && c.Err() == nil {
		return nil, fmt.Errorf("the description of the recorded machine has version %d, this build reads version %d", v, describedVersion)
	}
	if v := c.Get(); v != behaviour && c.Err() == nil {
		return nil, fmt.Errorf("the recorded machine behaves as version %d, this build's as version %d: replay it with the release that it was recorded with", v, behaviour)
	}
	var s setup
	var file []byte
	s.code(c, &file)
	if s.ncpu < 1 || s.ncpu > maxNCPU || s.maxPages < 1 || s.maxPages > maxGuestMemory/vm.PageSize || s.path == "" || s.dir == "" {
		c.Fail("%d processors, %d pages, program %q in directory %q", s.ncpu, s.maxPages, s.path, s.dir)
	}
	if err := c.End(); err != nil {
		return nil, fmt.Errorf("the description of the recorded machine is damaged: %w", err)
	}
	prog, err := newProgram(s.path, file, sourceExecutable)
	if err != nil {
		return nil, fmt.Errorf("the recorded program %s: %w", s.path, err)
	}
	m := newMachine(s, newLibrary(prog), log, nil, logger)
	m.lib.log = log
	if err := m.create(time.Time{}, [32]byte{}); err != nil {
		return nil, fmt.Errorf("the recorded program %s: %w", s.path, err)
	}
	return m, nil
}

// holders are the system calls whose inputs can hold the content of a file.
var holders = map[uint32]bool{216: true, 221: true, 222: true, 281: true} // mremap, execve, mmap, execveat

// InputsToKeep lists, ascending, the inputs of a log that a history needs even when it
// begins behind them: those that the machine is made with, and those that hold content
// of files which later inputs, or snapshots, may refer to.
func InputsToKeep(log *vm.Log) []int {
	var out []int
	for i, in := range log.All() {
		if in.Kind == vm.InputInit || in.Kind == vm.InputSyscall && holders[in.Num] && in.Ret >= 0 && aux(in, 1) == 0 {
			out = append(out, i)
		}
	}
	return out
}
