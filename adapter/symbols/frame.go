package symbols

import (
	"errors"
	"fmt"
)

// ErrOutermost is what [Frame.Caller] returns when a frame has no caller.
var ErrOutermost = errors.New("outermost frame")

const maxFrames = 100_000

// Frame is a physical frame of a call stack: the function's activation, with
// the inlined calls in it. Immutable.
type Frame struct {
	PC   uint64 // the next instruction here: for a caller, the return address
	Regs Regs   // as they are in this frame; some are not known in a caller
	// CFA is the canonical frame address: the value of SP just before the
	// frame was called. With the stack's memory it names the activation. 0
	// when not known.
	CFA   uint64
	Func  *Function // nil if not known
	Depth int       // 0 for the innermost
	// Exact says that PC is an instruction about to run (the innermost frame,
	// or one that a signal interrupted), not a return address.
	Exact bool
	// Signal says that the frame is the kernel's, between a signal handler and
	// what it interrupted: the trampoline that the handler returns to.
	Signal bool
	// Guess is empty for a frame found through call frame information; else
	// it says how the frame was guessed.
	Guess string

	why   string // why the CFA is not known
	prog  *Program
	space *Space
}

// Program is the debug information that describes the frame: that of the file its
// code is in or, for code outside of all known files, the executable's.
func (f *Frame) Program() *Program { return f.prog }

// Whole is the frame with all the debug information that there is of its file. Of
// callers in files whose debug information is kept in separate ones, [Frame.Caller]
// reads only symbols.
func (f *Frame) Whole() *Frame {
	p := f.space.orMain(f.space.At(f.LookupPC()))
	if p == f.prog {
		return f
	}
	w := *f
	w.prog, w.Func = p, p.FuncAt(f.LookupPC())
	return &w
}

// LookupPC is the address under which to look up the frame's lines, scopes and
// unwind rules: PC, or PC-1 for a return address, since the call may be the
// last instruction of its block.
func (f *Frame) LookupPC() uint64 {
	if f.Exact || f.Signal || f.PC == 0 {
		return f.PC
	}
	return f.PC - 1
}

// regFile holds the registers of a caller: DWARF numbers 0 to 63, which on
// every supported architecture are all that calling conventions speak of.
type regFile struct {
	val   [64]uint64
	known uint64
}

func (r *regFile) Reg(n int) (uint64, bool) {
	if n < 0 || n >= len(r.val) || r.known>>uint(n)&1 == 0 {
		return 0, false
	}
	return r.val[n], true
}

func (r *regFile) set(n int, v uint64) {
	if n >= 0 && n < len(r.val) {
		r.val[n] = v
		r.known |= 1 << uint(n)
	}
}

func (r *regFile) forget(n int) {
	if n >= 0 && n < len(r.val) {
		r.known &^= 1 << uint(n)
	}
}

// readWord reads an address-sized word.
func (p *Program) readWord(mem Memory, addr uint64) (uint64, error) {
	var b [8]byte
	n := p.img.ptrSize
	if mem == nil || mem.ReadMemory(addr, b[:n]) != n {
		return 0, fmt.Errorf("can't read memory at %#x", addr)
	}
	return littleUint(b[:n]), nil
}

// Innermost makes the frame of a thread that is about to execute at pc. It
// always succeeds; CFA is 0 when it can't be found.
func (p *Program) Innermost(pc uint64, regs Regs, mem Memory) *Frame {
	return p.alone().Innermost(pc, regs, mem)
}

// alone is a space with nothing but p.
func (p *Program) alone() *Space { return &Space{main: p} }

// complete finds the program, the function and the CFA of a frame.
func (f *Frame) complete(mem Memory) {
	a := f.space.main.img.arch
	if sp, ok := f.Regs.Reg(a.sp); ok && a.sigFrame != nil {
		_, _, f.Signal = a.sigFrame(mem, f.PC, sp)
	}
	// Of a caller its place is wanted, seldom more: see Whole.
	look := f.space.At
	if f.Depth > 0 {
		look = f.space.Glance
	}
	p := f.space.orMain(look(f.LookupPC()))
	f.prog = p
	f.Func = p.FuncAt(f.LookupPC())
	cfa, err := p.cfaOf(f, mem)
	switch {
	case err != nil:
		f.why = err.Error()
	case cfa == 0:
		f.why = "it is 0"
	default:
		f.CFA = cfa
	}
}

// cfa is the frame's CFA, or why it is not known.
func (f *Frame) cfa() (uint64, error) {
	if f.CFA == 0 {
		return 0, errors.New(f.why)
	}
	return f.CFA, nil
}

// CFA computes the canonical frame address of a thread about to execute at pc,
// as [Program.Innermost] does.
func (p *Program) CFA(pc uint64, regs Regs, mem Memory) (uint64, error) {
	return p.alone().CFA(pc, regs, mem)
}

func (p *Program) cfaOf(f *Frame, mem Memory) (uint64, error) {
	if f.Signal {
		g, err := p.guess(f, mem)
		return g.cfa, err
	}
	_, row, err := p.frames.find(f.LookupPC())
	if errors.Is(err, errNoCFI) {
		g, err := p.guess(f, mem)
		return g.cfa, err
	}
	if err != nil {
		return 0, err
	}
	if row.cfaExpr != nil {
		return p.cfiExpr(f, mem, row.cfaExpr, nil)
	}
	v, ok := f.Regs.Reg(row.cfaReg)
	if !ok {
		return 0, fmt.Errorf("register %s is not known in this frame", p.regName(row.cfaReg))
	}
	return v + uint64(row.cfaOff), nil
}

// cfiExpr evaluates an expression of call frame information; init is the CFA
// for those that begin with it on the stack.
func (p *Program) cfiExpr(f *Frame, mem Memory, expr []byte, init *uint64) (v uint64, err error) {
	err = guard(func() error {
		e := evaluator{p: p, frame: f, mem: mem}
		if init != nil {
			e.push(generic(*init))
		}
		v, err = e.scalar(expr)
		return err
	})
	return v, err
}

// Caller unwinds one physical frame. The error is [ErrOutermost] at the regular
// end of the stack; any other says why unwinding had to stop.
func (f *Frame) Caller(mem Memory) (*Frame, error) {
	p := f.prog
	if p == nil {
		return nil, errors.New("a frame that was not unwound")
	}
	if f.Depth >= maxFrames {
		return nil, fmt.Errorf("the stack is deeper than %d frames", maxFrames)
	}
	if p.isOutermost(f) {
		return nil, ErrOutermost
	}
	c, switched, err := p.switchStack(f, mem)
	if err == nil && !switched {
		c, err = p.unwind(f, mem)
	}
	if err != nil {
		return nil, err
	}
	c.Depth, c.space = f.Depth+1, f.space
	if c.PC == 0 {
		return nil, ErrOutermost
	}
	c.complete(mem)
	// The stack grows downwards: a caller's frame lies above its callee's.
	// Signals and Go may change the stack.
	if !c.Exact && !switched && c.CFA != 0 && f.CFA != 0 {
		if c.CFA < f.CFA || c.CFA == f.CFA && c.PC == f.PC {
			return nil, fmt.Errorf("the frame of the caller at %#x is not above this one: the stack is damaged or its description wrong", c.PC)
		}
	}
	if c.Func == nil && !c.prog.InCode(c.LookupPC()) {
		var b [1]byte
		if mem == nil || mem.ReadMemory(c.PC, b[:]) != 1 {
			return nil, fmt.Errorf("the return address %#x is not in mapped memory: the stack is damaged", c.PC)
		}
	}
	return c, nil
}

// isOutermost reports whether nothing called f: the entry point of the program
// and the functions at which Go's stacks begin.
func (p *Program) isOutermost(f *Frame) bool {
	if f.Func == nil {
		return false
	}
	if f.Func.Contains(p.img.entry+p.bias) && p.img.entry != 0 {
		return true
	}
	return f.Func.Language == LangGo && goOutermost[f.Func.Name]
}

func (p *Program) unwind(f *Frame, mem Memory) (*Frame, error) {
	if f.Signal {
		return p.unwindGuess(f, mem)
	}
	d, row, err := p.frames.find(f.LookupPC())
	if errors.Is(err, errNoCFI) {
		return p.unwindGuess(f, mem)
	}
	if err != nil {
		return nil, err
	}
	if f.CFA == 0 {
		return nil, fmt.Errorf("the frame's address is not known: %s", f.why)
	}
	r := p.kept(f)
	r.set(p.img.arch.sp, f.CFA)
	ra := int(min(d.cie.ReturnAddressRegister, 1<<20))
	c := &Frame{Regs: r, Exact: d.signal()}
	saved := false
	for _, rule := range row.regs {
		v, known, err := p.apply(rule, f, mem)
		if rule.reg == ra && rule.kind != ruleSame {
			switch {
			case rule.kind == ruleUndefined:
				return nil, ErrOutermost
			case err != nil:
				return nil, fmt.Errorf("the return address of %s: %w", p.describe(f.PC), err)
			case !known:
				return nil, fmt.Errorf("the return address of %s is in register %s, which is not known", p.describe(f.PC), p.regName(int(rule.off)))
			}
			c.PC, saved = v, true
		}
		if known && err == nil {
			r.set(rule.reg, v)
		} else {
			r.forget(rule.reg)
		}
	}
	if saved {
		return c, nil
	}
	// Still in the register where the call left it.
	if !f.Exact {
		return nil, fmt.Errorf("the return address of %s is not saved, though it called another function", p.describe(f.PC))
	}
	v, ok := f.Regs.Reg(ra)
	if !ok {
		return nil, fmt.Errorf("the return address is not known: register %s", p.regName(ra))
	}
	r.set(ra, v)
	c.PC = v
	return c, nil
}

// kept makes the registers that a call preserves.
func (p *Program) kept(f *Frame) *regFile {
	r := &regFile{}
	list := p.img.arch.kept
	if f.Func != nil && f.Func.Language == LangGo {
		list = p.img.arch.goKept
	}
	for _, n := range list {
		if v, ok := f.Regs.Reg(n); ok {
			r.set(n, v)
		}
	}
	return r
}

// apply finds a register's value in the caller.
func (p *Program) apply(r regRule, f *Frame, mem Memory) (v uint64, known bool, err error) {
	switch r.kind {
	case ruleSame:
		v, known = f.Regs.Reg(r.reg)
		return v, known, nil
	case ruleOffset:
		v, err = p.readWord(mem, f.CFA+uint64(r.off))
	case ruleValOffset:
		v = f.CFA + uint64(r.off)
	case ruleRegister:
		v, known = f.Regs.Reg(int(r.off))
		return v, known, nil
	case ruleExpr:
		if v, err = p.cfiExpr(f, mem, r.expr, &f.CFA); err == nil {
			v, err = p.readWord(mem, v)
		}
	case ruleValExpr:
		v, err = p.cfiExpr(f, mem, r.expr, &f.CFA)
	default:
		return 0, false, nil
	}
	return v, err == nil, err
}

// describe names a code address for messages.
func (p *Program) describe(pc uint64) string {
	if f := p.FuncAt(pc); f != nil {
		return f.Name
	}
	return fmt.Sprintf("%#x", pc)
}

// Backtrace lists up to limit frames from the innermost on. Beside an error the
// frames found before it are returned; the regular end is no error.
func (p *Program) Backtrace(pc uint64, regs Regs, mem Memory, limit int) ([]*Frame, error) {
	return p.alone().Backtrace(pc, regs, mem, limit)
}

func unwindFrom(innermost *Frame, mem Memory, limit int) ([]*Frame, error) {
	out := []*Frame{innermost}
	for len(out) < limit {
		c, err := out[len(out)-1].Caller(mem)
		if errors.Is(err, ErrOutermost) {
			break
		}
		if err != nil {
			return out, err
		}
		out = append(out, c)
	}
	return out, nil
}
