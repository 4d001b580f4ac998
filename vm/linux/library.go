package linux

import (
	"sync"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// source says where in a history the content of a file is: sourceExecutable, or an
// input of the log, as fromInput numbers them. 0 is no place in it.
type source uint64

// sourceExecutable is the executable that the machine was made with.
const sourceExecutable source = 1

// fromInput is the content that input i holds: of an executable (which is followed
// by its path there), or of a mapped file.
func fromInput(i int, executable bool) source {
	n := source(i+1) << 1
	if executable {
		n |= 1
	}
	return n
}

// input is the opposite of fromInput; ok is false for sourceExecutable.
func (s source) input() (i int, executable, ok bool) {
	return int(s>>1) - 1, s&1 != 0, s>>1 != 0
}

// library is the content of the files that a history holds. A machine shares it with
// its replicas: so they have the same pages, and may exchange snapshots without
// translating code again. It may be used from several goroutines.
type library struct {
	exe *program // what the history began with

	mu       sync.Mutex
	contents map[int]*mem.Content // of mapped files, by the input that has it
	programs map[int]*fetched     // executables, by the input that has them
}

func newLibrary(exe *program) *library {
	return &library{exe: exe, contents: map[int]*mem.Content{}, programs: map[int]*fetched{}}
}

// content is the mapped file that input i, in, has.
func (l *library) content(i int, in *vm.Input) *mem.Content {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.contents[i]
	if c == nil {
		c = mem.NewContent(in.Data)
		l.contents[i] = c
	}
	return c
}

// program is the executable that input i, in, has; nil: the input is damaged.
func (l *library) program(i int, in *vm.Input) *fetched {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.programs[i]; f != nil {
		return f
	}
	n := aux(in, 0)
	if n > uint64(len(in.Data)) {
		return nil
	}
	f := &fetched{path: string(in.Data[n:]), raw: in.Data[:n:n]}
	f.prog, f.err = newProgram(f.path, f.raw)
	l.programs[i] = f
	return f
}
