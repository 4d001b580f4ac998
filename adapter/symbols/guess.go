package symbols

import "fmt"

// guessed is what can be told of a frame without call frame information.
type guessed struct {
	cfa  uint64
	pc   uint64 // of the caller
	how  string
	regs *regFile
	// exact says that pc is an instruction about to run.
	exact bool
}

// guess looks, in this order, for a signal frame, for a return address still in
// its register, at the function's code, and for a frame pointer.
func (p *Program) guess(f *Frame, mem Memory) (guessed, error) {
	a := p.img.arch
	sp, ok := f.Regs.Reg(a.sp)
	if !ok {
		return guessed{}, fmt.Errorf("no call frame information for %s, and its stack pointer is not known", p.describe(f.PC))
	}
	if g, ok := p.guessSignal(f, mem, sp); ok {
		return g, nil
	}
	// Linkage tables have no frames of their own.
	atEntry := p.inPLT(f.PC) || f.Func == nil && !p.InCode(f.PC) || f.Func != nil && f.PC == f.Func.Low
	// Where calls push the return address it is on top again at the return.
	atEntry = atEntry || a.ra < 0 && p.img.flowAt(f.PC-p.bias) == flowReturn
	if f.Exact && atEntry {
		if g, ok := p.guessLeaf(f, mem, sp, "at a function's entry"); ok {
			return g, nil
		}
	}
	if g, ok := p.guessScan(f, mem, sp); ok {
		return g, nil
	}
	if fp, ok := f.Regs.Reg(a.fp); ok && fp > sp && fp%8 == 0 && fp-sp < 1<<30 {
		pc, err1 := p.readWord(mem, fp+uint64(a.fpRA))
		old, err2 := p.readWord(mem, fp+uint64(a.fpFP))
		if err1 == nil && err2 == nil && f.space.isReturnAddress(pc, mem) {
			g := guessed{cfa: fp + uint64(a.fpCFA), pc: pc, how: "from the frame pointer", regs: p.kept(f)}
			g.regs.set(a.sp, g.cfa)
			g.regs.set(a.fp, old)
			return g, nil
		}
	}
	if f.Exact {
		if g, ok := p.guessLeaf(f, mem, sp, "of a function that called none"); ok {
			return g, nil
		}
	}
	return guessed{}, fmt.Errorf("no call frame information for %s, and no frame pointer or return address to go by", p.describe(f.PC))
}

// guessLeaf takes the return address from where a call leaves it.
func (p *Program) guessLeaf(f *Frame, mem Memory, sp uint64, how string) (guessed, bool) {
	a := p.img.arch
	g := guessed{cfa: sp, how: how, regs: p.kept(f)}
	if a.ra >= 0 {
		g.pc, _ = f.Regs.Reg(a.ra)
	} else {
		g.pc, _ = p.readWord(mem, sp)
		g.cfa = sp + uint64(p.img.ptrSize)
	}
	if !f.space.isReturnAddress(g.pc, mem) {
		return guessed{}, false
	}
	g.regs.set(a.sp, g.cfa)
	if fp, ok := f.Regs.Reg(a.fp); ok {
		g.regs.set(a.fp, fp)
	}
	return g, true
}

// isReturnAddress reports whether the instruction before pc is a call: in one of
// the files or, outside of them, in code that was made as the program ran.
func (s *Space) isReturnAddress(pc uint64, mem Memory) bool {
	if p := s.At(pc - 1); p != nil {
		return p.InCode(pc-1) && p.img.afterCall(pc-p.bias)
	}
	var before [8]byte
	return pc >= 8 && mem != nil && mem.ReadMemory(pc-8, before[:]) == len(before) && s.main.img.arch.callBefore(before[:])
}

// guessSignal recognizes the kernel's signal frame by the code that the handler
// returns to.
func (p *Program) guessSignal(f *Frame, mem Memory, sp uint64) (guessed, bool) {
	a := p.img.arch
	if a.sigFrame == nil {
		return guessed{}, false
	}
	at, reg, ok := a.sigFrame(mem, f.PC, sp)
	if !ok {
		return guessed{}, false
	}
	g := guessed{cfa: sp, how: "a signal frame", regs: &regFile{}, exact: true}
	var err error
	if g.pc, err = p.readWord(mem, at); err != nil {
		return guessed{}, false
	}
	if v, ok := f.Regs.Reg(a.tp); ok { // which no signal changes
		g.regs.set(a.tp, v)
	}
	for n := range g.regs.val {
		if addr, ok := reg(n); ok {
			if v, err := p.readWord(mem, addr); err == nil {
				g.regs.set(n, v)
			}
		}
	}
	return g, true
}

func (p *Program) unwindGuess(f *Frame, mem Memory) (*Frame, error) {
	g, err := p.guess(f, mem)
	if err != nil {
		return nil, err
	}
	return &Frame{PC: g.pc, Regs: g.regs, Exact: g.exact, Guess: g.how}, nil
}
