package linux

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// Config says what to run. Only Path is required.
type Config struct {
	Path string   // the executable, a host path
	File []byte   // its content, if it is not to be read from Path
	Args []string // argv, Args[0] included; empty: Path alone
	Env  []string // "NAME=value"
	Dir  string   // the guest's working directory; empty: the process's

	// Stdin is what the guest reads from descriptor 0; nil: nothing. It is read
	// on a goroutine of its own, from the guest's first wait for it on.
	Stdin io.Reader
	// Output is given what the guest writes to descriptors 1 and 2 while live,
	// with the icount of the writing system call. It must not keep p.
	Output func(fd int, icount uint64, p []byte)

	// Log is the history to replay, and to append to at its end; nil: a new one.
	// It must have been made with the same executable, Args, Env and Dir.
	Log    *vm.Log
	Logger zerolog.Logger // for people; the zero value is silent

	// Now is the time of day that the guest starts at and Seed its randomness;
	// the zero values mean the host's. They are the log's first input: a Log
	// that is not empty has them already.
	Now  time.Time
	Seed [32]byte

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
	x, err := parseELF(file)
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
	if cfg.MaxMemory <= 0 {
		cfg.MaxMemory = defaultMaxMemory
	}
	space := mem.NewSpace()
	m := &Machine{
		arch: x.arch, c: &ir.CPU{Mem: space}, mem: space, log: cfg.Log, note: cfg.Logger, exe: file,
		host:     &host{files: map[uint64]*os.File{}, stdin: newFeed(cfg.Stdin), output: cfg.Output},
		ncpu:     max(cfg.NCPU, 1),
		maxPages: int(max(cfg.MaxMemory/mem.PageSize, 1)),
		wake:     make(chan struct{}, 1),
		unknown:  map[uint64]bool{},
	}
	m.e = engine.New(m.c, x.arch.tr)
	m.st = newState(dir)
	if err := m.begin(cfg); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	l := loader{m: m, x: x, file: file, path: path, args: cfg.Args, env: cfg.Env}
	if err := l.load(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m.mem.SetCodeMaps(0)
	m.settle()
	m.mem.Snapshot() // what has been loaded is not written by the guest
	return m, nil
}

func newState(dir string) *state {
	s := &state{cwd: dir, umask: 0o022, current: pid, lastTID: pid, quantumEnd: quantum, limits: initialLimits()}
	for i := range s.itimers {
		s.itimers[i].deadline = never
	}
	s.add(&desc{kind: kindStdin, flags: oRdOnly, mode: modeFIFO | 0o600, path: "pipe:[0]"}, false)
	for fd := 1; fd <= 2; fd++ {
		s.add(&desc{kind: kindOutput, stream: fd, flags: oWrOnly, mode: modeFIFO | 0o600, path: "pipe:[" + strconv.Itoa(fd) + "]"}, false)
	}
	return s
}

// begin takes the facts that are fixed at the start through the door.
func (m *Machine) begin(cfg Config) error {
	want := &vm.Input{Kind: vm.InputInit}
	in := m.expect(want)
	if m.err != nil {
		return m.err
	}
	if in == nil {
		now, seed := cfg.Now, cfg.Seed
		if now.IsZero() {
			now = time.Now()
		}
		if seed == [32]byte{} {
			if _, err := rand.Read(seed[:]); err != nil {
				return fmt.Errorf("no random numbers: %w", err)
			}
		}
		in = want
		in.Aux, in.Data = []uint64{uint64(max(now.UnixNano(), 0))}, seed[:]
		m.record(in)
	}
	m.st.pos++
	m.st.boot = aux(in, 0)
	copy(m.st.seed[:], in.Data)
	return nil
}

// readExecutable reads a regular file that may be executed.
func readExecutable(path string) ([]byte, error) {
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("no such file")
	case err != nil:
		return nil, bare(err)
	case fi.IsDir():
		return nil, errors.New("a directory, not a program")
	case !fi.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case fi.Mode().Perm()&0o111 == 0 && runtime.GOOS != "windows":
		return nil, errors.New("not executable (chmod +x it)")
	case fi.Size() > maxExecutable:
		return nil, fmt.Errorf("too large: %d bytes, more than %d", fi.Size(), maxExecutable)
	}
	file, err := os.ReadFile(path)
	return file, bare(err)
}

// bare is an error without the path that package os puts before it.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// loader builds the address space that a program starts in.
type loader struct {
	m    *Machine
	x    *executable
	file []byte
	path string
	args []string
	env  []string
	bias uint64
	end  uint64 // of the last segment
}

func (l *loader) load() error {
	a := l.m.arch
	if l.x.pie {
		first := pageDown(l.x.segments[0].vaddr)
		l.bias = a.pieBase - min(first, a.pieBase)
	}
	for i := range l.x.segments {
		if err := l.segment(&l.x.segments[i]); err != nil {
			return err
		}
	}
	l.m.st.brkStart = pageUp(l.end)
	l.m.st.brk = l.m.st.brkStart
	l.m.trampoline = a.mmapTop
	text := mem.VMA{Start: a.mmapTop, End: a.mmapTop + mem.PageSize, Prot: mem.Read | mem.Exec, Name: "[sigreturn]"}
	stack := mem.VMA{Start: a.top - stackSize, End: a.top, Prot: mem.Read | mem.Write, Name: "[stack]"}
	if err := errors.Join(l.m.mem.Map(text), l.m.mem.Map(stack)); err != nil {
		return err
	}
	l.m.mem.Poke(text.Start, a.trampoline)
	sp, auxv, err := l.stack()
	if err != nil {
		return err
	}
	l.m.image = vm.Image{Path: l.path, Args: l.args, Entry: l.x.entry + l.bias, Bias: l.bias, Auxv: auxv}
	t := &thread{id: pid, name: commOf(l.path), regs: make([]uint64, a.slots), pc: l.x.entry + l.bias, altFlags: ssDisable}
	a.start(t.regs, sp)
	l.m.st.threads = []*thread{t}
	l.m.load(t)
	return nil
}

func commOf(path string) string {
	name := filepath.Base(path)
	return name[:min(len(name), commSize-1)]
}

// segment maps one segment. As under Linux the file's bytes around it show in
// its first and last page, and what it has in memory only is zero.
func (l *loader) segment(s *segment) error {
	a := l.m.arch
	start, end := s.vaddr+l.bias, s.vaddr+l.bias+s.memsz
	if pageDown(start) < minMapAddr || end > a.mmapTop {
		return fmt.Errorf("cannot be loaded: it wants addresses %#x–%#x, a program may have %#x–%#x", start, end, uint64(minMapAddr), a.mmapTop)
	}
	v := mem.VMA{Start: pageDown(start), End: pageUp(end), Prot: s.prot, Name: l.path, Offset: pageDown(s.off)}
	fileEnd := start + s.filesz
	// What has no byte in the file is anonymous memory.
	if anon := pageUp(fileEnd); anon < v.End && anon >= v.Start {
		w := mem.VMA{Start: anon, End: v.End, Prot: s.prot}
		if s.filesz == 0 {
			w.Start = v.Start
		}
		if err := l.m.mem.Map(w); err != nil {
			return err
		}
		v.End = w.Start
	}
	if v.Start < v.End {
		if err := l.m.mem.Map(v); err != nil {
			return err
		}
		from := v.Offset
		to := min(from+(v.End-v.Start), uint64(len(l.file)))
		if from < to {
			l.m.mem.Poke(v.Start, l.file[from:to])
		}
		if tail := v.End - fileEnd; s.memsz > s.filesz && fileEnd < v.End {
			l.m.mem.Poke(fileEnd, make([]byte, tail))
		}
	}
	l.end = max(l.end, end)
	return nil
}

// Types of auxiliary vector entries (elf.h).
const (
	atNull   = 0
	atPhdr   = 3
	atPhent  = 4
	atPhnum  = 5
	atPagesz = 6
	atBase   = 7
	atFlags  = 8
	atEntry  = 9
	atUID    = 11
	atEUID   = 12
	atGID    = 13
	atEGID   = 14
	atHwcap  = 16
	atClktck = 17
	atSecure = 23
	atRandom = 25
	atHwcap2 = 26
	atExecfn = 31
)

// stack fills the stack: strings at the top, then the auxiliary vector, envp,
// argv and argc below it.
func (l *loader) stack() (sp uint64, auxv []byte, err error) {
	m := l.m
	total := 0
	for _, list := range [][]string{l.args, l.env} {
		for _, s := range list {
			total += len(s) + 1 + 8
		}
	}
	if total > maxArgs {
		return 0, nil, fmt.Errorf("arguments and environment take %d bytes, more than %d", total, maxArgs)
	}
	sp = m.arch.top - 8
	push := func(p []byte) uint64 {
		sp -= uint64(len(p))
		m.mem.Poke(sp, p)
		return sp
	}
	text := func(s string) uint64 { return push(append([]byte(s), 0)) }
	execfn := text(l.path)
	var env, args []uint64
	for _, s := range l.env {
		env = append(env, text(s))
	}
	for _, s := range l.args {
		args = append(args, text(s))
	}
	sp &^= 15
	random := push(m.random(16))
	var v record
	v.u64(atHwcap, m.arch.hwcap, atPagesz, mem.PageSize, atClktck, clockTick)
	if l.x.phdr != 0 {
		v.u64(atPhdr, l.x.phdr+l.bias)
	}
	v.u64(atPhent, phdrSize, atPhnum, l.x.phnum, atBase, 0, atFlags, 0, atEntry, l.x.entry+l.bias)
	v.u64(atUID, guestUID, atEUID, guestUID, atGID, guestUID, atEGID, guestUID, atSecure, 0)
	v.u64(atRandom, random, atHwcap2, 0, atExecfn, execfn, atNull, 0)
	var b record
	b.u64(uint64(len(args)))
	b.u64(args...)
	b.u64(0)
	b.u64(env...)
	b.u64(0)
	b = append(b, v...)
	sp = (sp-uint64(len(b)))&^15 + uint64(len(b)) // argc is to be aligned
	push(b)
	return sp, v, nil
}
