//go:build linux && amd64

package amd64_test

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// state is everything that an instruction reads and writes.
type state struct {
	GPR    [16]uint64
	RIP    uint64
	Flags  uint64
	MXCSR  uint32
	FCW    uint16
	FSW    uint16
	FTag   uint8 // abridged
	XMM    [16][2]uint64
	FP     [8]float80 // by physical register
	Window [pageSize]byte
}

// float80 is the content of an x87 register.
type float80 struct {
	Mant uint64
	Exp  uint16 // and sign
}

// outcome is how an execution ended.
type outcome struct {
	Sig  syscall.Signal // 0: all steps were executed
	Addr uint64         // for a page fault: the first byte that could not be accessed
	Page bool           // Addr is valid
	Left uint64         // steps not executed
}

func (o outcome) String() string {
	if o.Sig == 0 {
		return "executed"
	}
	s := o.Sig.String()
	if o.Page {
		s += fmt.Sprintf(" at %#x", o.Addr)
	}
	return fmt.Sprintf("%s with %d steps left", s, o.Left)
}

// fromFX reads an FXSAVE image (SDM volume 1, table 10-2).
func (s *state) fromFX(fx []byte) {
	le := binary.LittleEndian
	s.FCW, s.FSW, s.FTag = le.Uint16(fx), le.Uint16(fx[2:]), fx[4]
	s.MXCSR = le.Uint32(fx[24:])
	top := int(s.FSW >> 11 & 7)
	for i := range 8 {
		at := fx[32+16*i:]
		s.FP[(top+i)&7] = float80{le.Uint64(at), le.Uint16(at[8:])}
	}
	for i := range 16 {
		at := fx[160+16*i:]
		s.XMM[i] = [2]uint64{le.Uint64(at), le.Uint64(at[8:])}
	}
}

// toFX writes an FXSAVE image.
func (s *state) toFX(fx []byte) {
	le := binary.LittleEndian
	clear(fx)
	le.PutUint16(fx, s.FCW)
	le.PutUint16(fx[2:], s.FSW)
	fx[4] = s.FTag
	le.PutUint32(fx[24:], s.MXCSR)
	le.PutUint32(fx[28:], 0xffff)
	top := int(s.FSW >> 11 & 7)
	for i := range 8 {
		f, at := s.FP[(top+i)&7], fx[32+16*i:]
		le.PutUint64(at, f.Mant)
		le.PutUint16(at[8:], f.Exp)
	}
	for i := range 16 {
		at := fx[160+16*i:]
		le.PutUint64(at, s.XMM[i][0])
		le.PutUint64(at[8:], s.XMM[i][1])
	}
}

// machine executes cases in our VM.
type machine struct {
	c   *ir.CPU
	e   *engine.Engine
	now [pageSize]byte // the window's content
}

func newMachine(t testing.TB) *machine {
	t.Helper()
	c := &ir.CPU{Mem: mem.NewSpace()}
	amd64.Reset(c.R[:])
	m := &machine{c: c, e: engine.New(c, amd64.Translator{})}
	for _, v := range []mem.VMA{
		{Start: codeAt, End: codeAt + pageSize, Prot: mem.Read | mem.Write | mem.Exec},
		{Start: windowAt, End: windowAt + pageSize, Prot: mem.Read | mem.Write},
	} {
		if err := c.Mem.Map(v); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// run executes steps instructions of code at s.RIP, from s and to s.
func (m *machine) run(s *state, code []byte, steps uint64) outcome {
	c := m.c
	r := c.R[:]
	amd64.Reset(r)
	copy(r[amd64.RAX:], s.GPR[:])
	amd64.SetRFlags(r, s.Flags)
	r[amd64.FSBase], r[amd64.GSBase] = fsBase, gsBase
	r[amd64.MXCSR] = uint64(s.MXCSR)
	r[amd64.FPCW], r[amd64.FPSW], r[amd64.FPTag] = uint64(s.FCW), uint64(s.FSW), uint64(s.FTag)
	for i, x := range s.XMM {
		r[amd64.XMM0+2*i], r[amd64.XMM0+2*i+1] = x[0], x[1]
	}
	for i, f := range s.FP {
		r[amd64.FP0+2*i], r[amd64.FP0+2*i+1] = f.Mant, uint64(f.Exp)
	}
	c.PC = s.RIP
	c.Mem.Poke(s.RIP, code)
	if m.now != s.Window {
		c.Mem.Poke(windowAt, s.Window[:])
	}
	before := c.Icount
	x := m.e.Run(steps, false)
	if x == ir.ExitFloat {
		amd64.RaiseFloat(c.R[:])
	}
	o := m.outcome(x, steps-(c.Icount-before))

	copy(s.GPR[:], r[amd64.RAX:])
	s.RIP = c.PC
	if x == ir.ExitTrap { // the host stands behind int3
		s.RIP += uint64(len(code))
	}
	s.Flags = amd64.RFlags(r)
	s.MXCSR = uint32(r[amd64.MXCSR])
	s.FCW, s.FSW, s.FTag = uint16(r[amd64.FPCW]), uint16(r[amd64.FPSW]), uint8(r[amd64.FPTag])
	for i := range s.XMM {
		s.XMM[i] = [2]uint64{r[amd64.XMM0+2*i], r[amd64.XMM0+2*i+1]}
	}
	for i := range s.FP {
		s.FP[i] = float80{r[amd64.FP0+2*i], uint16(r[amd64.FP0+2*i+1])}
	}
	c.Mem.Peek(windowAt, m.now[:])
	s.Window = m.now
	return o
}

// exitSignals are the signals that Linux turns exits into.
var exitSignals = map[ir.Exit]syscall.Signal{
	ir.ExitLimit:      0,
	ir.ExitMem:        syscall.SIGSEGV,
	ir.ExitFetch:      syscall.SIGSEGV,
	ir.ExitTrap:       syscall.SIGTRAP,
	ir.ExitIllegal:    syscall.SIGILL,
	ir.ExitDivide:     syscall.SIGFPE,
	ir.ExitProtection: syscall.SIGSEGV,
	ir.ExitFloat:      syscall.SIGFPE,
}

func (m *machine) outcome(x ir.Exit, left uint64) outcome {
	o := outcome{Left: left}
	sig, known := exitSignals[x]
	if !known {
		sig = syscall.SIGSYS
	}
	o.Sig = sig
	if x == ir.ExitMem || x == ir.ExitFetch {
		o.Addr, o.Page = m.c.Mem.Fault.Addr, true
	}
	return o
}

// nativeOutcome is how a case ended on the host's CPU.
func nativeOutcome(k *nativeCase) outcome {
	const debug, stackFault, pageFault = 1, 12, 14
	o := outcome{Sig: syscall.Signal(k.Sig), Left: k.Left}
	switch {
	case o.Sig == syscall.SIGTRAP && k.Trapno == debug:
		o.Sig = 0
	case k.Trapno == pageFault:
		o.Addr, o.Page = k.Addr, true
	case k.Trapno == stackFault: // an address that is not canonical, through rsp or rbp
		o.Sig = syscall.SIGSEGV
	}
	return o
}
