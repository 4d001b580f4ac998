package linux

import (
	"errors"
	"fmt"
	"path"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// loader builds the address space that a program starts in, as the kernel's
// load_elf_binary does for a process without address space randomization.
type loader struct {
	m      *Machine
	space  *mem.Space // empty
	prog   *program
	interp *program // nil for none
	execfn string   // what the program was called by
	args   []string
	env    []string

	bias, interpBias uint64
}

// loaded is where a program starts.
type loaded struct {
	image vm.Image
	pc    uint64 // of the first instruction: the dynamic loader's if there is one
	sp    uint64
	brk   uint64 // the end of the program's data
}

func (l *loader) load() (*loaded, error) {
	a := l.m.arch
	x := l.prog.x
	if x.pie {
		first := pageDown(x.segments[0].vaddr)
		l.bias = a.pieBase&^(max(x.align, mem.PageSize)-1) - min(first, a.pieBase)
	}
	out := &loaded{pc: x.entry + l.bias}
	for i := range x.segments {
		end, err := l.segment(l.prog, &x.segments[i], l.bias)
		if err != nil {
			return nil, err
		}
		out.brk = max(out.brk, pageUp(end))
	}
	if err := l.system(); err != nil {
		return nil, err
	}
	if l.interp != nil {
		if err := l.loadInterp(); err != nil {
			return nil, fmt.Errorf("its dynamic loader %s: %w", l.interp.path, err)
		}
		out.pc = l.interp.x.entry + l.interpBias
	}
	var auxv []byte
	var err error
	if out.sp, auxv, err = l.stack(); err != nil {
		return nil, err
	}
	out.image = vm.Image{Path: l.prog.path, Args: l.args, Entry: x.entry + l.bias, Bias: l.bias, Auxv: auxv}
	if l.interp != nil {
		out.image.Interp, out.image.InterpBias = l.interp.path, l.interpBias
	}
	return out, nil
}

// system maps the stack, and the code that returns from signal handlers where
// the C library does not bring it.
func (l *loader) system() error {
	a := l.m.arch
	stack := mem.VMA{Start: a.top - stackSize, End: a.top, Prot: mem.Read | mem.Write, Name: "[stack]"}
	if l.prog.x.exec {
		stack.Prot |= mem.Exec
	}
	if err := l.space.Map(stack); err != nil || len(a.trampoline) == 0 {
		return err
	}
	text := mem.VMA{Start: a.mmapTop, End: a.mmapTop + mem.PageSize, Prot: mem.Read | mem.Exec, Name: "[sigreturn]"}
	err := l.space.Map(text)
	l.space.Poke(text.Start, a.trampoline)
	return err
}

// loadInterp maps the dynamic loader where mmap would put it.
func (l *loader) loadInterp() error {
	a, x := l.m.arch, l.interp.x
	first, last := x.segments[0], x.segments[len(x.segments)-1]
	start, end := pageDown(first.vaddr), pageUp(last.vaddr+last.memsz)
	if x.pie {
		at, ok := l.space.FindFree(a.mmapLow, a.mmapTop, end-start)
		if !ok {
			return errors.New("there is no room for it")
		}
		l.interpBias = at - start
	} else if l.space.Mapped(start, end) {
		return fmt.Errorf("it wants addresses %#x–%#x, which the program has", start, end)
	}
	for i := range x.segments {
		if _, err := l.segment(l.interp, &x.segments[i], l.interpBias); err != nil {
			return err
		}
	}
	return nil
}

// segment maps one segment and returns its end. As under Linux the file's bytes
// around it show in its first and last page, and what it has in memory only is
// zero.
func (l *loader) segment(p *program, s *segment, bias uint64) (uint64, error) {
	a := l.m.arch
	start, end := s.vaddr+bias, s.vaddr+bias+s.memsz
	if pageDown(start) < minMapAddr || end > a.mmapTop {
		return 0, fmt.Errorf("cannot be loaded: it wants addresses %#x–%#x, a program may have %#x–%#x", start, end, uint64(minMapAddr), a.mmapTop)
	}
	v := mem.VMA{Start: pageDown(start), End: pageUp(end), Prot: s.prot, Name: p.path, Offset: pageDown(s.off)}
	fileEnd := start + s.filesz
	// What has no byte in the file is anonymous memory.
	if anon := pageUp(fileEnd); anon < v.End && anon >= v.Start {
		w := mem.VMA{Start: anon, End: v.End, Prot: s.prot}
		if s.filesz == 0 {
			w.Start = v.Start
		}
		if err := l.space.Map(w); err != nil {
			return 0, err
		}
		v.End = w.Start
	}
	if v.Start < v.End {
		if err := errors.Join(l.space.Map(v), l.space.Fill(v.Start, v.End, p.content, v.Offset)); err != nil {
			return 0, err
		}
		if tail := v.End - fileEnd; s.memsz > s.filesz && fileEnd < v.End {
			l.space.Poke(fileEnd, make([]byte, tail))
		}
	}
	return end, nil
}

func commOf(file string) string {
	name := path.Base(file)
	return name[:min(len(name), commSize-1)]
}

// Types of auxiliary vector entries (elf.h).
const (
	atNull        = 0
	atPhdr        = 3
	atPhent       = 4
	atPhnum       = 5
	atPagesz      = 6
	atBase        = 7
	atFlags       = 8
	atEntry       = 9
	atUID         = 11
	atEUID        = 12
	atGID         = 13
	atEGID        = 14
	atPlatform    = 15
	atHwcap       = 16
	atClktck      = 17
	atSecure      = 23
	atRandom      = 25
	atHwcap2      = 26
	atExecfn      = 31
	atMinSigStack = 51
)

// stack fills the stack: strings at the top, then the auxiliary vector, envp,
// argv and argc below it.
func (l *loader) stack() (sp uint64, auxv []byte, err error) {
	a, x := l.m.arch, l.prog.x
	total := 0
	for _, list := range [][]string{l.args, l.env} {
		for _, s := range list {
			total += len(s) + 1 + 8
		}
	}
	if total > maxArgs {
		return 0, nil, fmt.Errorf("arguments and environment take %d bytes, more than %d", total, maxArgs)
	}
	sp = a.top - 8
	push := func(p []byte) uint64 {
		sp -= uint64(len(p))
		l.space.Poke(sp, p)
		return sp
	}
	text := func(s string) uint64 { return push(append([]byte(s), 0)) }
	// In memory the strings are in order, as programs that rewrite their title
	// expect: so they are pushed from the last to the first.
	strings := func(list []string) []uint64 {
		out := make([]uint64, len(list))
		for i := len(list) - 1; i >= 0; i-- {
			out[i] = text(list[i])
		}
		return out
	}
	execfn := text(l.execfn)
	env := strings(l.env)
	args := strings(l.args)
	sp &^= 15
	var platform uint64
	if a.platform != "" {
		platform = text(a.platform)
		sp &^= 15
	}
	random := push(l.m.random(16))
	var v record
	v.u64(atHwcap, a.hwcap, atPagesz, mem.PageSize, atClktck, clockTick)
	if x.phdr != 0 {
		v.u64(atPhdr, x.phdr+l.bias)
	}
	var base uint64
	if l.interp != nil {
		base = pageDown(l.interp.x.segments[0].vaddr) + l.interpBias
	}
	v.u64(atPhent, phdrSize, atPhnum, x.phnum, atBase, base, atFlags, 0, atEntry, x.entry+l.bias)
	uid, gid := uint64(l.m.st.uid), uint64(l.m.st.gid)
	v.u64(atUID, uid, atEUID, uid, atGID, gid, atEGID, gid, atSecure, 0)
	v.u64(atRandom, random, atHwcap2, a.hwcap2, atExecfn, execfn)
	if a.platform != "" {
		v.u64(atPlatform, platform)
	}
	if a.minSigStack != 0 {
		v.u64(atMinSigStack, a.minSigStack)
	}
	v.u64(atNull, 0)
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
