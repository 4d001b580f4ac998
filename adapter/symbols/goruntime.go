package symbols

import "fmt"

// goOutermost are the functions of Go's runtime at which stacks begin.
var goOutermost = map[string]bool{
	"runtime.goexit":    true,
	"runtime.mstart":    true,
	"runtime.rt0_go":    true,
	"runtime.clone":     true,
	"_rt0_riscv64":      true,
	"_rt0_amd64":        true,
	"runtime.sigreturn": true,
}

// Goroutine is the address of the goroutine (runtime.g) that a thread of a Go
// program runs; ok is false if that can't be told.
func (p *Program) Goroutine(regs Regs, mem Memory) (g uint64, ok bool) {
	a := p.img.arch
	if a.goTLS {
		// Its register holds it in compiled Go code only. In thread-local storage
		// it always is.
		p.tlsgOnce.Do(func() {
			if s, found := p.symtab.only("runtime.tlsg"); found && s.TLS {
				p.tlsg = s.Addr
			}
		})
		addr, found := a.tls(regs, p.tlsg, max(p.img.tlsSize, 8), p.img.tlsAlign)
		if !found {
			return 0, false
		}
		g, err := p.readWord(mem, addr)
		return g, err == nil && g != 0
	}
	return regs.Reg(a.goG)
}

// goSwitches are the functions that run on a system stack what was called on a
// goroutine's.
var goSwitches = map[string]bool{
	"runtime.systemstack": true,
	"runtime.mcall":       true,
	"runtime.morestack":   true,
	"runtime.asmcgocall":  true,
}

// switchStack continues from a frame at the bottom of a system stack on the
// stack of the goroutine that it works for: the runtime keeps where that one
// left off in g.m.curg.sched. switched is false for all other frames.
func (p *Program) switchStack(f *Frame, mem Memory) (caller *Frame, switched bool, err error) {
	if f.Exact || f.Func == nil || f.Func.Language != LangGo || !goSwitches[f.Func.Name] {
		return nil, false, nil
	}
	g, ok := f.Regs.Reg(p.img.arch.goG)
	if !ok || g == 0 {
		return nil, false, nil
	}
	read := func(base uint64, typ, field string) uint64 {
		if err != nil {
			return 0
		}
		off, ok := p.memberOffset(typ, field)
		if !ok {
			err = fmt.Errorf("runtime type %s has no member %s", typ, field)
			return 0
		}
		v, e := p.readWord(mem, base+uint64(off))
		err = e
		return v
	}
	m := read(g, "runtime.g", "m")
	curg := read(m, "runtime.m", "curg")
	if err != nil {
		return nil, false, fmt.Errorf("the goroutine behind %s: %w", f.Func.Name, err)
	}
	if curg == 0 {
		return nil, false, ErrOutermost // the scheduler's own stack
	}
	if curg == g {
		return nil, false, nil // on the goroutine's stack already
	}
	sched, ok := p.memberOffset("runtime.g", "sched")
	if !ok {
		return nil, false, nil
	}
	buf := curg + uint64(sched)
	pc := read(buf, "runtime.gobuf", "pc")
	sp := read(buf, "runtime.gobuf", "sp")
	if err != nil {
		return nil, false, fmt.Errorf("the goroutine behind %s: %w", f.Func.Name, err)
	}
	if pc == 0 || sp == 0 {
		return nil, false, ErrOutermost
	}
	r := &regFile{}
	r.set(p.img.arch.sp, sp)
	r.set(p.img.arch.goG, curg)
	return &Frame{PC: pc, Regs: r}, true, nil
}

// memberOffset finds a member of a struct type.
func (p *Program) memberOffset(typ, field string) (int64, bool) {
	t, ok := p.LookupType(typ)
	if !ok {
		return 0, false
	}
	for _, f := range t.Strip().Fields() {
		if f.Name == field {
			return f.Offset, true
		}
	}
	return 0, false
}

// GoType finds the type that the runtime describes at addr: what the first word
// of an interface value points to, by way of its table when it has methods.
func (p *Program) GoType(addr uint64) (*Type, bool) {
	if len(p.goTypes) == 0 {
		return nil, false
	}
	base, ok := p.SymbolNamed("runtime.types")
	if !ok || addr < base.Addr {
		return nil, false
	}
	// Since Go 1.26 the attribute counts from there, before it was an address.
	off, ok := p.goTypes[addr-base.Addr]
	if !ok {
		off, ok = p.goTypes[addr-p.bias]
	}
	if !ok {
		return nil, false
	}
	return p.typeFrom(off), true
}
