package linux

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// Executing another program (execve(2)).

const (
	maxArg     = 128 << 10 // bytes of one argument, as MAX_ARG_STRLEN
	maxScripts = 4         // interpreters that are scripts themselves
	maxShebang = 256       // bytes of a script's first line
)

func sysExecve(m *Machine, t *thread, a *[6]uint64) int64 {
	cwd := int64(atFdcwd)
	return m.execve(t, uint64(cwd), a[0], a[1], a[2], 0)
}

func sysExecveat(m *Machine, t *thread, a *[6]uint64) int64 {
	if a[4]&^(atEmptyPath|atSymlinkNofollow) != 0 {
		return -eINVAL
	}
	return m.execve(t, a[0], a[1], a[2], a[3], a[4])
}

func (m *Machine) execve(t *thread, dirfd, addr, argv, envp, flags uint64) int64 {
	p, given, bad := m.execPath(t, dirfd, addr, flags)
	if bad != 0 {
		return bad
	}
	left := maxArgs
	args, bad := m.readStrings(argv, &left)
	if bad != 0 {
		return bad
	}
	env, bad := m.readStrings(envp, &left)
	if bad != 0 {
		return bad
	}
	if len(args) == 0 {
		args = []string{""} // as Linux does, so that no program finds its environment there
	}
	l, bad := m.program(t, p, given, args)
	if bad != 0 {
		return bad
	}
	l.env = env
	return m.exec(t, l)
}

// execPath is the absolute path of what is to be executed, and the one by which
// it is called.
func (m *Machine) execPath(t *thread, dirfd, addr, flags uint64) (abs, given string, bad int64) {
	if !m.emptyPath(addr, flags) {
		if abs, bad = m.pathAt(t, dirfd, addr); bad != 0 {
			return "", "", bad
		}
		given = abs
		if int32(dirfd) == atFdcwd {
			given, bad = m.readString(addr, maxPath)
		}
		return abs, given, bad
	}
	d := m.file(t, dirfd)
	switch {
	case d == nil:
		return "", "", -eBADF
	case d.kind != kindHost:
		return "", "", -eACCES
	}
	return d.path, d.path, 0
}

// readStrings reads an array of pointers to strings that a null pointer ends. A
// null array is an empty one. left is how many bytes the strings and pointers may
// take.
func (m *Machine) readStrings(addr uint64, left *int) ([]string, int64) {
	var out []string
	for ; addr != 0; addr += 8 {
		p, ok := m.readU64(addr)
		switch {
		case !ok:
			return nil, -eFAULT
		case p == 0:
			return out, 0
		}
		s, bad := m.readString(p, min(maxArg, *left))
		switch {
		case bad == -eNAMETOOLONG:
			return nil, -eTOOBIG
		case bad != 0:
			return nil, bad
		}
		if *left -= len(s) + 1 + 8; *left <= 0 {
			return nil, -eTOOBIG
		}
		out = append(out, s)
	}
	return out, 0
}

// program finds what executing the file at path at with args comes to: a program, or
// the interpreter of a script. name is what the file is called by.
func (m *Machine) program(t *thread, at, name string, args []string) (*loader, int64) {
	ask := func(query func(h *host, in *vm.Input)) *vm.Input { return m.ask(t, query) }
	first := name
	for range maxScripts + 1 {
		p, bad := m.executable(at)
		if bad != 0 {
			return nil, bad
		}
		f, bad, _ := m.fetchExecutable(ask, p, true)
		if bad != 0 {
			return nil, bad
		}
		if interp, arg, ok := shebang(f.raw); ok {
			if interp == "" {
				return nil, -eNOEXEC
			}
			rest := append([]string{name}, args[1:]...)
			if arg != "" {
				rest = slices.Insert(rest, 0, arg)
			}
			args = slices.Insert(rest, 0, interp)
			at, name = interp, interp
			continue
		}
		if f.err != nil || f.prog.x.arch != m.arch {
			m.note.Debug().Err(f.err).Str("path", f.path).Msg("the guest executes what can't be executed: it gets ENOEXEC")
			return nil, -eNOEXEC
		}
		interp, bad, err := m.interpreter(ask, f.prog)
		if err != nil {
			m.note.Debug().Err(err).Str("path", f.path).Msg("the guest executes a program without a dynamic loader")
			return nil, bad
		}
		return &loader{m: m, prog: f.prog, interp: interp, execfn: first, args: args}, 0
	}
	return nil, -eLOOP
}

// executable is the absolute path of what is called by the path name, if it can be
// executed at all.
func (m *Machine) executable(name string) (string, int64) {
	if name[0] != '/' {
		name = strings.TrimSuffix(m.p.cwd, "/") + "/" + name
	}
	clean := path.Clean(name)
	if x, is := m.special(clean); is {
		if x.name == "exe" && !x.p.ended() {
			return x.p.mm.image.Path, 0
		}
		return "", -eACCES
	}
	return name, 0
}

// shebang reads the first line of a script: its interpreter, and the rest of the
// line as one argument.
func shebang(file []byte) (interp, arg string, ok bool) {
	line, ok := bytes.CutPrefix(file[:min(len(file), maxShebang)], []byte("#!"))
	if !ok {
		return "", "", false
	}
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	} else if len(file) > maxShebang {
		// Cut off: what interpreter it would have been is not known.
		if !bytes.ContainsAny(bytes.TrimLeft(line, " \t"), " \t") {
			return "", "", true
		}
	}
	interp = strings.Trim(string(line), " \t\x00")
	if i := strings.IndexAny(interp, " \t"); i >= 0 {
		interp, arg = interp[:i], strings.Trim(interp[i:], " \t")
	}
	return interp, arg, true
}

// exec replaces the program of t's process by the one that l has found. When it
// fails nothing has changed.
func (m *Machine) exec(t *thread, l *loader) int64 {
	s, p := m.st, t.p
	s.lastMM++
	x := &mm{id: s.lastMM, users: 1}
	r := m.newRealm(x.id, emptyMemory)
	l.space = r.mem
	at, err := l.load()
	if err != nil {
		m.dropRealm(x.id)
		return -eNOEXEC
	}
	x.begin(l, at)
	for _, o := range s.threadsOf(p) {
		if o != t {
			m.noteEnd(o)
			m.dropThread(o, m.c.Icount)
		}
	}
	if p.own() {
		// What was written before the program went has been written, and so on.
		r.mem.TraceReads(m.acted != nil)
		r.mem.Succeed(m.mem)
		m.traceIn(r)
		m.journal(m.c.Icount, vm.NoteExec, t.id, 0, 0)
	}
	if p.mm.users == 1 {
		m.unmapping(t, 0, mem.MaxAddr)
	}
	m.leaveMM(p)
	p.mm = x
	s.mms = append(s.mms, x)
	p.execed = true
	p.resetActions()
	p.timers = nil
	for fd := range p.fds {
		if p.fds[fd].desc >= 0 && p.fds[fd].cloexec {
			m.closeFD(fd)
		}
	}
	// The thread goes on as the process's first.
	s.threads = slices.DeleteFunc(s.threads, func(o *thread) bool { return o == t })
	*t = thread{id: p.pid, p: p, name: commOf(l.execfn), regs: make([]uint64, m.arch.slots), pc: at.pc, mask: t.mask,
		pending: t.pending, altFlags: ssDisable, cpu: t.cpu, since: t.since}
	i, _ := slices.BinarySearchFunc(s.threads, t.id, func(o *thread, id vm.ThreadID) int { return int(o.id - id) })
	s.threads = slices.Insert(s.threads, i, t)
	m.arch.start(t.regs, at.sp)
	m.load(t)
	m.noteExec(t)
	return noResult
}

// emptyMemory is the content of a new address space.
var emptyMemory = mem.NewSpace().Snapshot()
