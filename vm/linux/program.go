package linux

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// program is an ELF file to be loaded: an executable or a dynamic loader.
type program struct {
	path    string // where it lies on the host
	x       *executable
	raw     []byte
	content *mem.Content // of raw
}

func newProgram(path string, raw []byte, from source) (*program, error) {
	x, err := parseELF(raw)
	if err != nil {
		return nil, err
	}
	return &program{path: path, x: x, raw: raw, content: mem.NewKnownContent(uint64(from), raw)}, nil
}

// asking is a way through the door: [Machine.ask] for a thread, or what
// [Machine.atStart] returns.
type asking func(query func(h *host, in *vm.Input)) *vm.Input

// interpreter fetches the dynamic loader that a program asks for, nil if it asks
// for none. Errors name it and say what is wrong with it; errno is the guest's
// negative number for them.
func (m *Machine) interpreter(ask asking, p *program) (interp *program, errno int64, err error) {
	if p.x.interp == "" {
		return nil, 0, nil
	}
	fail := func(errno int64, err error) (*program, int64, error) {
		return nil, errno, fmt.Errorf("its dynamic loader %s: %w", p.x.interp, err)
	}
	f, errno, err := m.fetchExecutable(ask, p.x.interp, false)
	if err != nil {
		if errno == -eNOENT {
			err = fmt.Errorf("%w; link with -static, or give the directory that holds the libraries of %s programs as sysroot", err, p.x.arch.desc.Name)
		}
		return fail(errno, err)
	}
	switch {
	case f.err != nil:
		return fail(-eLIBBAD, f.err)
	case f.prog.x.arch != p.x.arch:
		return fail(-eLIBBAD, fmt.Errorf("for %s, the program is for %s", f.prog.x.arch.desc.Name, p.x.arch.desc.Name))
	}
	return f.prog, 0, nil
}

// fetched is an executable file that has been read.
type fetched struct {
	path string // where it lies on the host
	raw  []byte
	prog *program
	err  error // why it is none
}

// fetchExecutable reads an executable file through the door. The path is the
// guest's. With resolve the file's name is that behind all symbolic links. The
// content passes the door once, as that of mapped files does: Aux[0] is its size,
// Aux[1] 0 or one more than the index of the input that has it.
func (m *Machine) fetchExecutable(ask asking, path string, resolve bool) (f *fetched, errno int64, err error) {
	at := m.st.pos
	in := ask(func(h *host, in *vm.Input) {
		real := h.real(path)
		if resolve {
			if to, err := filepath.EvalSymlinks(real); err == nil {
				real = to
			}
		}
		h.executable(m.log, at, real, in)
	})
	if in.Ret < 0 {
		return nil, in.Ret, errors.New(string(in.Data))
	}
	if i := aux(in, 1); i > 0 {
		at = int(min(i-1, 1<<40))
		if in = m.log.At(at); in == nil || at >= m.st.pos {
			m.diverge("an executable's content is not in the log")
			return nil, -eIO, m.err
		}
	}
	if f = m.lib.program(at, in); f == nil {
		return nil, -eIO, errors.New("the log's copy of it is damaged")
	}
	return f, 0, nil
}

// executable answers what the executable file at path holds. next is the index
// that this answer gets.
func (h *host) executable(log *vm.Log, next int, path string, in *vm.Input) {
	began := time.Now()
	fi, errno := h.stat(path, true)
	if errno == 0 {
		if r, ok := h.programs[fi.key(path)]; ok && log.At(r.index) == r.in {
			in.Aux = []uint64{0, uint64(r.index) + 1}
			return
		}
	}
	raw, err := readExecutable(path)
	if err != nil {
		in.Ret, in.Data = -executableErrno(err), []byte(err.Error())
		return
	}
	// A file that is too new to be known by its times is known by its content.
	r, ok := h.newest[path]
	if ok && log.At(r.index) == r.in && bytes.Equal(r.in.Data[:r.in.Aux[0]], raw) {
		in.Aux = []uint64{0, uint64(r.index) + 1}
	} else {
		// The content comes first, so that it is aligned and can be mapped.
		in.Aux, in.Data = []uint64{uint64(len(raw)), 0}, append(raw, path...)
		r = read{next, in}
		h.newest[path] = r
	}
	if errno == 0 && fi.unchangedFor(began) > settled {
		h.programs[fi.key(path)] = r
	}
}

// refusal is an error with the guest's number for it.
type refusal struct {
	errno int64
	text  string
}

func (r *refusal) Error() string { return r.text }

func executableErrno(err error) int64 {
	var r *refusal
	if errors.As(err, &r) {
		return r.errno
	}
	return errnoOf(err)
}

// readExecutable reads a regular file that may be executed.
func readExecutable(path string) ([]byte, error) {
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &refusal{eNOENT, "no such file"}
	case err != nil:
		return nil, bare(err)
	case fi.IsDir():
		return nil, &refusal{eACCES, "a directory, not a program"}
	case !fi.Mode().IsRegular():
		return nil, &refusal{eACCES, "not a regular file"}
	case fi.Mode().Perm()&0o111 == 0 && runtime.GOOS != "windows":
		return nil, &refusal{eACCES, "not executable (chmod +x it)"}
	case fi.Size() > maxExecutable:
		return nil, &refusal{eNOMEM, fmt.Sprintf("too large: %d bytes, more than %d", fi.Size(), maxExecutable)}
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

// real is the host's name of what the guest calls path, an absolute path: it
// lies below the sysroot if there is something there.
func (h *host) real(path string) string {
	if h.sysroot == "" {
		return path
	}
	below := filepath.Join(h.sysroot, path)
	if _, err := os.Lstat(below); err != nil {
		return path
	}
	return below
}
