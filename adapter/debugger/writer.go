package debugger

import (
	"bytes"
	"slices"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Who is writing: asked in the middle of a motion, each time that the program writes
// something. A program that writes writes a lot, from few places: unwinding is
// remembered together with all that it has read of the thread's registers and of
// memory. Where that is the same again so is the answer.

const (
	writerFrames   = 64      // activations that are looked at
	writerReads    = 200     // reads of an unwinding that is remembered
	maxWriterStack = 8 << 10 // bytes of stack that such a one may go over
	maxWriters     = 1000    // unwindings that are remembered
)

// Line is a line of the program.
type Line struct {
	File     string // as recorded in the debug information
	Line     int
	Function string
}

// writers remembers unwindings.
type writers struct {
	known map[writerKey][]*unwinding
	count int
	stack [maxWriterStack]byte // to read into
}

// writerKey is what tells most unwindings apart.
type writerKey struct{ version, pc, sp uint64 }

// unwinding is what was found, and what it rests on: registers, and memory above the
// stack pointer.
type unwinding struct {
	regs  []regRead
	reads []memRead
	size  int  // of the part of the stack that has been read, bytes
	other bool // something else has been read
	line  Line
	found bool
}

type regRead struct {
	dwarf int
	value uint64
	ok    bool
}

type memRead struct {
	at   int // above the stack pointer
	data []byte
}

// holds reports whether all that the unwinding rests on is the same at the machine's
// position. stack is what is above the stack pointer there.
func (u *unwinding) holds(regs threadRegs, stack []byte) bool {
	for _, r := range u.regs {
		if v, ok := regs.Reg(r.dwarf); v != r.value || ok != r.ok {
			return false
		}
	}
	for i := range u.reads {
		r := &u.reads[i]
		if !bytes.Equal(stack[r.at:r.at+len(r.data)], r.data) {
			return false
		}
	}
	return true
}

// witness reads registers and memory, and notes in an unwinding what.
type witness struct {
	*unwinding
	threadRegs
	m  vm.Machine
	sp uint64
}

// Reg implements symbols.Regs.
func (w witness) Reg(dwarf int) (uint64, bool) {
	v, ok := w.threadRegs.Reg(dwarf)
	if r := (regRead{dwarf, v, ok}); !slices.Contains(w.regs, r) {
		w.regs = append(w.regs, r)
	}
	return v, ok
}

// ReadMemory implements symbols.Memory.
func (w witness) ReadMemory(addr uint64, p []byte) int {
	n := w.m.ReadMemory(addr, p)
	if w.d.ModuleAt(addr) != nil {
		return n // code: the same as long as the same files are mapped
	}
	if addr < w.sp || addr-w.sp > maxWriterStack-uint64(len(p)) || n < len(p) || len(w.reads) >= writerReads {
		w.other = true
		return n
	}
	r := memRead{int(addr - w.sp), slices.Clone(p)}
	if !slices.ContainsFunc(w.reads, func(x memRead) bool { return x.at == r.at && len(x.data) == len(r.data) }) {
		w.reads = append(w.reads, r)
		w.size = max(w.size, r.at+n)
	}
	return n
}

// Writer is the innermost line of the current thread's stack in a file that is the
// user's, as user tells, which must always tell the same of a file. It may be called
// from the machine's output callback.
func (d *Debugger) Writer(user func(file string) bool) (Line, bool) {
	t := d.m.CurrentThread()
	regs := threadRegs{d, t}
	key := writerKey{d.m.MapsVersion(), d.pc(t), d.sp(t)}
	x := &d.writers
	have := 0 // of the stack
	for _, u := range x.known[key] {
		if u.size > have {
			have = d.m.ReadMemory(key.sp, x.stack[:u.size])
		}
		if u.size <= have && u.holds(regs, x.stack[:]) {
			return u.line, u.found
		}
	}
	u := &unwinding{}
	d.unwind(witness{u, regs, d.m, key.sp}, key.pc, user)
	if !u.other {
		if x.count >= maxWriters || x.known == nil {
			x.known, x.count = map[writerKey][]*unwinding{}, 0
		}
		x.count++
		x.known[key] = append(x.known[key], u)
	}
	return u.line, u.found
}

// unwind looks for a line that is the user's.
func (d *Debugger) unwind(w witness, pc uint64, user func(file string) bool) {
	space := d.Space()
	f := space.Innermost(pc, w, w)
	for range writerFrames {
		if at := f.LookupPC(); f.Program() != nil {
			if _, ok := f.Program().LineAt(at); ok {
				for _, x := range d.logical(nil, 0, f) {
					if x.File != "" && !x.Subtle && user(x.File) {
						w.line, w.found = Line{x.File, x.Line, symbols.FrameName(x.Name)}, true
						return
					}
				}
			}
		}
		caller, err := f.Caller(w)
		if err != nil {
			return
		}
		f = caller
	}
}
