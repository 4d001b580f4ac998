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
	exe   *program  // what the history began with
	pages mem.Pages // what of its memory is in stores
	log   *vm.Log   // the history, if none of its machines is live: nobody appends to it

	mu       sync.Mutex
	contents map[int]*mem.Content // of mapped files, by the input that has it
	programs map[int]*fetched     // executables, by the input that has them
	sources  map[*byte]source     // where they are, by their first byte
}

func newLibrary(exe *program) *library {
	return &library{exe: exe, contents: map[int]*mem.Content{}, programs: map[int]*fetched{},
		sources: map[*byte]source{&exe.raw[0]: sourceExecutable}}
}

// content is the mapped file that input i, in, has.
func (l *library) content(i int, in *vm.Input) *mem.Content {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.contents[i]
	if c == nil {
		c = mem.NewKnownContent(uint64(fromInput(i, false)), in.Data)
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
	from := fromInput(i, true)
	f.prog, f.err = newProgram(f.path, f.raw, from)
	l.programs[i] = f
	if n > 0 {
		l.sources[&f.raw[0]] = from
	}
	return f
}

// sourceOf tells which executable raw is; 0: none.
func (l *library) sourceOf(raw []byte) source {
	if len(raw) == 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sources[&raw[0]]
}

// executable is the executable that is at from. It is made from the log if need be,
// as far as that is given.
func (l *library) executable(from source, log *vm.Log) (raw []byte, prog *program) {
	i, executable, ok := from.input()
	switch {
	case !ok && from == sourceExecutable:
		return l.exe.raw, l.exe
	case !ok || !executable:
		return nil, nil
	}
	var f *fetched
	if in := inputAt(log, i); in != nil {
		f = l.program(i, in)
	} else {
		l.mu.Lock()
		f = l.programs[i]
		l.mu.Unlock()
	}
	if f == nil {
		return nil, nil
	}
	return f.raw, f.prog
}

// raw are the bytes of the executable at from.
func (l *library) raw(from source, log *vm.Log) ([]byte, bool) {
	raw, _ := l.executable(from, log)
	return raw, raw != nil
}

// pagesOf are the pages of the file at from; nil if it is not known.
func (l *library) pagesOf(from source, log *vm.Log) *mem.Content {
	i, executable, ok := from.input()
	if !ok || executable {
		if _, prog := l.executable(from, log); prog != nil {
			return prog.content
		}
		return nil
	}
	if in := inputAt(log, i); in != nil {
		return l.content(i, in)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.contents[i]
}

// inputAt is input i of the log, which may be nil.
func inputAt(log *vm.Log, i int) *vm.Input {
	if log == nil {
		return nil
	}
	return log.At(i)
}
