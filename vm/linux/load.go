package linux

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// Config says what to run. Only Path is required.
type Config struct {
	Path string   // the executable, a host path
	File []byte   // its content, if it is not to be read from Path
	Args []string // argv, Args[0] included; empty: Path alone
	Env  []string // "NAME=value"
	Dir  string   // the guest's working directory; empty: the process's

	// Sysroot is a host directory whose files take the place of the host's for
	// the guest: an absolute path that exists below it means that file. It is how
	// a program for another architecture finds its dynamic loader and libraries.
	// Empty: none.
	Sysroot string

	// Stdin is what the guest reads from descriptor 0; nil: nothing. It is read
	// on a goroutine of its own, from the guest's first wait for it on.
	Stdin io.Reader
	// Terminal makes descriptors 0, 1 and 2 a terminal, and it the guest's
	// controlling one; Stdin is not used then. nil: they are pipes.
	Terminal *Terminal
	// Output is given what the guest writes to descriptors 1 and 2 while live,
	// with the icount of the writing system call. All that a terminal shows, echo
	// included, has fd 1. It must not keep p.
	Output func(fd int, icount uint64, p []byte)

	// Log is the history to replay, and to append to at its end; nil: a new one.
	// It must have been made with the same executable, Args, Env, Dir, Chaos and
	// Terminal.Size.
	Log    *vm.Log
	Logger zerolog.Logger // for people; the zero value is silent

	// Now is the time of day that the guest starts at and Seed its randomness;
	// the zero values mean the host's. They are the log's first input: a Log
	// that is not empty has them already.
	Now  time.Time
	Seed [32]byte

	Chaos Chaos // how threads are scheduled; the zero value: in turn

	NCPU      int   // processors that the guest is told of, 1–1024; 0: 1
	MaxMemory int64 // bytes that the guest may use before it is killed; 0: 4 GiB
}

const (
	maxExecutable    = 1 << 30 // bytes
	maxArgs          = 2 << 20 // bytes of arguments and environment, as ARG_MAX
	defaultMaxMemory = 4 << 30
	stackSize        = 8 << 20
	maxNCPU          = 1024
)

// New loads a program: the machine is at icount 0. Errors name the file and say
// what is wrong with it.
func New(cfg Config) (*Machine, error) {
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.Path, err)
	}
	file := cfg.File
	if file == nil {
		if file, err = readExecutable(path); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	prog, err := newProgram(filepath.ToSlash(path), file, sourceExecutable)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(cfg.Args) == 0 {
		cfg.Args = []string{cfg.Path}
	}
	if cfg.NCPU < 0 || cfg.NCPU > maxNCPU {
		return nil, fmt.Errorf("NCPU %d: it must be 1–%d", cfg.NCPU, maxNCPU)
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.Dir, err)
	}
	if cfg.Log == nil {
		cfg.Log = &vm.Log{}
	}
	if cfg.Log.Len() == 0 { // else the history has begun, there or not
		if fi, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("%s: the working directory: %w", dir, bare(err))
		} else if !fi.IsDir() {
			return nil, fmt.Errorf("%s: the working directory is not a directory", dir)
		}
	}
	if cfg.Sysroot != "" {
		if cfg.Sysroot, err = filepath.Abs(cfg.Sysroot); err != nil {
			return nil, fmt.Errorf("%s: the sysroot: %w", cfg.Sysroot, err)
		}
	}
	if cfg.MaxMemory <= 0 {
		cfg.MaxMemory = defaultMaxMemory
	}
	s := setup{
		path: prog.path, argv: cfg.Args, env: cfg.Env, dir: filepath.ToSlash(dir), sysroot: filepath.ToSlash(cfg.Sysroot),
		ncpu: max(cfg.NCPU, 1), maxPages: int(max(cfg.MaxMemory/mem.PageSize, 1)), chaos: cfg.Chaos,
	}
	if x := cfg.Terminal; x != nil {
		s.terminal, s.window = true, x.size()
	}
	m := newMachine(s, newLibrary(prog), cfg.Log, newHost(newFeed(cfg.Stdin, cfg.Terminal), cfg.Output, cfg.Sysroot), cfg.Logger)
	if err := m.create(cfg.Now, cfg.Seed); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// create makes the machine's first process and loads its program: it is at icount 0.
// now and seed are for a log that is empty.
func (m *Machine) create(now time.Time, seed [32]byte) error {
	m.boot(m.dir)
	m.st.chaos.on, m.st.chaos.x = m.chaos.On, m.chaos.Seed
	if err := m.begin(now, seed); err != nil {
		return err
	}
	prog := m.lib.exe
	interp, _, err := m.interpreter(m.atStart, prog)
	if err != nil {
		return err
	}
	l := loader{m: m, space: m.mem, prog: prog, interp: interp, execfn: prog.path, args: m.argv, env: m.env}
	at, err := l.load()
	if err != nil {
		return err
	}
	m.p.mm.begin(&l, at)
	t := &thread{id: pid, p: m.p, name: commOf(prog.path), regs: make([]uint64, m.arch.slots), pc: at.pc, altFlags: ssDisable}
	m.arch.start(t.regs, at.sp)
	m.st.threads = []*thread{t}
	m.load(t)
	m.mem.SetCodeMaps(0)
	m.settle()
	m.trace()
	m.origin = m.Snapshot().(*snapshot) // also: what has been loaded is not written by the guest
	return m.err
}

// boot makes the kernel's state: one process with an empty address space and the
// standard streams or the terminal, and no thread yet.
func (m *Machine) boot(dir string) {
	p := &process{pid: pid, ppid: 1, pgid: pid, sid: pid, mm: &mm{id: 1, users: 1}, exitSignal: sigCHLD,
		cwd: dir, umask: 0o022, limits: initialLimits()}
	for i := range p.itimers {
		p.itimers[i].deadline = never
	}
	m.st = &state{procs: []*process{p}, mms: []*mm{p.mm}, lastMM: p.mm.id, current: pid, own: pid, lastTID: pid, quantumEnd: quantum}
	r := m.newRealm(p.mm.id, emptyMemory)
	m.c.Mem, m.mem, m.e, m.p = r.mem, r.mem, r.e, p
	if m.terminal {
		m.st.tty = newTTY(m.window)
		i := m.keep(&desc{kind: kindTTY, flags: oRdWr, mode: modeChar | 0o620, path: ttyPath})
		for range 3 {
			m.bind(i, 0, false)
		}
		return
	}
	m.add(&desc{kind: kindStdin, flags: oRdOnly, mode: modeFIFO | 0o600, path: "pipe:[0]"}, false)
	for fd := 1; fd <= 2; fd++ {
		m.add(&desc{kind: kindOutput, stream: fd, flags: oWrOnly, mode: modeFIFO | 0o600, path: "pipe:[" + strconv.Itoa(fd) + "]"}, false)
	}
}

// What an InputInit is, in Input.Num.
const (
	initFacts  = 0 // the time of day, user and group; the seed
	initInterp = 1 // the dynamic loader: see fetchExecutable
)

// atStart puts a question to the outside that is part of the machine's creation.
func (m *Machine) atStart(query func(h *host, in *vm.Input)) *vm.Input {
	want := &vm.Input{Kind: vm.InputInit, Num: initInterp}
	in := m.expect(want)
	if m.err != nil {
		return &vm.Input{Ret: -eIO, Data: []byte(m.err.Error())}
	}
	if in == nil {
		in = want
		query(m.host, in)
		m.record(in)
	}
	m.st.pos++
	return in
}

// begin takes the facts that are fixed at the start through the door.
func (m *Machine) begin(now time.Time, seed [32]byte) error {
	want := &vm.Input{Kind: vm.InputInit, Num: initFacts}
	in := m.expect(want)
	if m.err != nil {
		return m.err
	}
	if in == nil {
		if now.IsZero() {
			now = time.Now()
		}
		if seed == [32]byte{} {
			if _, err := rand.Read(seed[:]); err != nil {
				return fmt.Errorf("no random numbers: %w", err)
			}
		}
		in = want
		in.Aux, in.Data = []uint64{uint64(max(now.UnixNano(), 0)), uint64(hostUser()), uint64(hostGroup())}, seed[:]
		m.record(in)
	}
	m.st.pos++
	m.st.boot, m.st.uid, m.st.gid = aux(in, 0), uint32(aux(in, 1)), uint32(aux(in, 2))
	copy(m.st.seed[:], in.Data)
	return nil
}
