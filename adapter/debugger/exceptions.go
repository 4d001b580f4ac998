package debugger

import (
	"encoding/binary"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/vm"
)

// ExceptionKind is a way in which programs say that something is wrong.
type ExceptionKind struct {
	Name    string // for requests
	Default bool   // stopped at unless something else is asked for

	functions []raiser
}

// raiser is a function of a language's runtime that every exception of a kind
// passes through.
type raiser struct {
	name    string
	text    string // what an exception is called
	library bool   // it may be in a shared library
	object  bool   // the second argument is the std::type_info of what is thrown
}

// ExceptionKinds are those that [Debugger.StopOnExceptions] takes. A panic counts
// where it is one that ends the goroutine or the thread: Go's libraries use others
// to return from deep recursion.
var ExceptionKinds = []ExceptionKind{
	{Name: "throw", functions: []raiser{
		{name: "__cxa_throw", text: "C++ exception", library: true, object: true}, // Itanium C++ ABI, 2.4.3
		{name: "__cxa_rethrow", text: "C++ exception, thrown again", library: true},
	}},
	{Name: "panic", Default: true, functions: []raiser{
		{name: "rust_panic", text: "Rust panic"},
		{name: "runtime.fatalpanic", text: "Go panic that nothing recovers"},
		{name: "runtime.throw", text: "Fatal error of the Go runtime"},
		{name: "runtime.fatal", text: "Fatal error of a Go program"},
	}},
}

// StopOnExceptions makes motions stop at exceptions of the kinds named, before
// anything is unwound. Names that are none are ignored.
func (d *Debugger) StopOnExceptions(kinds ...string) {
	var reqs []request
	for _, k := range ExceptionKinds {
		for _, name := range kinds {
			if name != k.Name {
				continue
			}
			for _, f := range k.functions {
				reqs = append(reqs, request{want: "exception " + f.name, raises: &f, place: func(s *moduleSet) (spot, error) {
					return spot{addrs: s.raiserPlaces(&f)}, nil
				}})
			}
			break
		}
	}
	d.bps.exceptions, _ = d.replace(d.bps.exceptions, ReasonException, reqs)
}

// raiserPlaces finds a function of a language's runtime: in the program, whose
// symbols are needed anyway, or among what libraries export, so that their debug
// information is not read for this.
func (s *moduleSet) raiserPlaces(f *raiser) []uint64 {
	var out []uint64
	for _, m := range s.list {
		if !m.Main {
			if addr, ok := m.raisers()[f.name]; ok && f.library {
				out = append(out, addr)
			}
		} else if p := m.Program(); p != nil {
			funcs := p.FuncsNamed(f.name)
			for _, f := range funcs {
				out = append(out, f.Low)
			}
		}
	}
	return out
}

// raisers are the functions that exceptions pass through among those that the
// module exports.
func (m *Module) raisers() map[string]uint64 {
	m.raise.Do(func() {
		if m.err == nil {
			m.raiseAt = m.source.ExportedFunctions(m.Path, m.Bias, libraryRaisers...)
		}
	})
	return m.raiseAt
}

// libraryRaisers are the raisers that lie in a shared library, usually.
var libraryRaisers = func() (names []string) {
	for _, k := range ExceptionKinds {
		for _, f := range k.functions {
			if f.library {
				names = append(names, f.name)
			}
		}
	}
	return names
}()

// exceptionText tells what is about to be raised, at the first instruction of f.
func (d *Debugger) exceptionText(f *raiser, st *vm.Stop) string {
	if !f.object || len(d.arch.Args) < 2 {
		return f.text
	}
	// struct std::type_info { void **vtable; const char *name; }
	info := d.m.Reg(st.Thread, d.arch.Args[1])
	word := make([]byte, 8)
	if d.m.ReadMemory(info+8, word) < len(word) {
		return f.text
	}
	name := make([]byte, 1024)
	name = name[:d.m.ReadMemory(binary.LittleEndian.Uint64(word), name)]
	for i, c := range name {
		if c == 0 && i > 0 {
			return f.text + " of type " + symbols.TypeInfoName(string(name[:i]))
		}
	}
	return f.text
}
