package linux

import (
	"encoding/binary"
	"fmt"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

var amd64Arch = &arch{
	desc:     amd64.Arch,
	isa:      "x86-64-v2",
	tr:       amd64.Translator{},
	slots:    amd64.NumSlots,
	sp:       amd64.RSP,
	tls:      amd64.FSBase,
	ret:      amd64.RAX,
	callSize: 2,
	machine:  "x86_64",
	hwcap:    amd64.Features,

	platform:    "x86_64",
	minSigStack: 1040,
	numbers:     newNumbering(amd64Names[:], "clone", "fork", "vfork"),

	// Where a program lies under gdb, which switches address space randomization
	// off: the stack below 2^47 but for a page, mappings below 128 MiB for the
	// stack, position-independent programs at two thirds.
	top:     0x7fff_ffff_f000,
	mmapTop: 0x7fff_f7ff_f000,
	mmapLow: 0x10_0000,
	pieBase: 0x5555_5555_4000,
	map32:   true,
	redZone: 128,

	call: func(r []uint64, next uint64) (nr uint64, args [6]uint64) {
		nr = r[amd64.RAX]
		args = [6]uint64{r[amd64.RDI], r[amd64.RSI], r[amd64.RDX], r[amd64.R10], r[amd64.R8], r[amd64.R9]}
		r[amd64.RCX], r[amd64.R11] = next, amd64.RFlags(r)
		return nr, args
	},
	again: func(r []uint64, nr, _ uint64) { r[amd64.RAX] = nr },
	start: func(r []uint64, sp uint64) {
		amd64.Reset(r)
		r[amd64.RSP] = sp
	},
	switched: func([]uint64) {},
	register: amd64.ReadRegister,
	fault:    amd64Fault,
	frame:    amd64BuildFrame,
	handle: func(r []uint64, at, _ uint64, sig int) {
		r[amd64.RSP] = at
		r[amd64.RDI] = uint64(sig)
		r[amd64.RSI] = at + xInfo
		r[amd64.RDX] = at + xUC
		r[amd64.RAX] = 0
		amd64.SetRFlags(r, amd64.RFlags(r)&^(amd64.FlagDF|amd64.FlagTF))
		resetFloat(r)
	},
	resume: amd64ReadFrame,

	actionSize: 32,
	readAction: func(raw []byte) action {
		return action{handler: leU64(raw), flags: leU64(raw[8:]), restorer: leU64(raw[16:]), mask: leU64(raw[24:])}
	},
	writeAction: func(a action) []byte {
		var b record
		b.u64(a.handler, a.flags, a.restorer, a.mask)
		return b
	},
	stat:       amd64Stat,
	epollEvent: 12,
	cpuInfo: func(n int) string {
		return fmt.Sprintf("processor\t: %d\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel name\t: dap-revexec virtual CPU\ncpu MHz\t\t: 1000.000\n"+
			"fpu\t\t: yes\nflags\t\t: fpu tsc cx8 cmov clflush mmx fxsr sse sse2 syscall nx rdtscp lm pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm\n\n", n)
	},
}

// amd64Stat is struct stat of x86-64's asm/stat.h.
func amd64Stat(fi *fileInfo) []byte {
	var b record
	b.u64(fi.dev, fi.ino, fi.nlink)
	b.u32(fi.mode, uint32(fi.uid), uint32(fi.gid), 0)
	b.u64(fi.rdev, fi.size, fi.blockSize, fi.blocks)
	for _, t := range []int64{fi.atime, fi.mtime, fi.ctime} {
		s, ns := splitTime(t)
		b.u64(s, ns)
	}
	b.u64(0, 0, 0)
	return b
}

// Exceptions (SDM volume 3, table 6-1).
const (
	excDE = 0
	excBP = 3
	excUD = 6
	excGP = 13
	excPF = 14
	excMF = 16
	excAC = 17
	excXM = 19
)

// Bits of a page fault's error code.
const (
	pfProtection = 1
	pfWrite      = 2
	pfUser       = 4
	pfFetch      = 16
)

// amd64Fault does what the handlers in the kernel's arch/x86/kernel/traps.c and
// arch/x86/mm/fault.c do.
func amd64Fault(c *ir.CPU, x ir.Exit) (si sigInfo, taken func()) {
	switch x {
	case ir.ExitIllegal:
		si = sigInfo{sig: sigILL, code: illILLOPN, w: [2]uint64{c.PC}, trap: trapInfo{nr: excUD}}
	case ir.ExitTrap:
		// A trap, not a fault: the handler returns behind the instruction.
		return sigInfo{sig: sigTRAP, code: siKernel, trap: trapInfo{nr: excBP}}, func() { c.PC += breakpointSize(c) }
	case ir.ExitDivide:
		si = sigInfo{sig: sigFPE, code: fpeINTDIV, w: [2]uint64{c.PC}, trap: trapInfo{nr: excDE}}
	case ir.ExitProtection:
		si = sigInfo{sig: sigSEGV, code: siKernel, trap: trapInfo{nr: excGP}}
	case ir.ExitFloat:
		flags, nr := amd64.RaisedFloat(c.R[:])&^(c.R[amd64.MXCSR]>>7), uint64(excXM)
		if flags == 0 {
			flags, nr = c.R[amd64.FPSW]&^c.R[amd64.FPCW]&0x3f, excMF
		}
		return sigInfo{sig: sigFPE, code: floatCode(flags), w: [2]uint64{c.PC}, trap: trapInfo{nr: nr}}, func() { amd64.RaiseFloat(c.R[:]) }
	default:
		si = amd64MemFault(&c.Mem.Fault)
	}
	return si, nil
}

// breakpointSize is the length of the breakpoint instruction at the PC: of int3,
// or of int 3 with the number as an operand.
func breakpointSize(c *ir.CPU) uint64 {
	var b [1]byte
	if c.Mem.Peek(c.PC, b[:]); b[0] == 0xcd {
		return 2
	}
	return 1
}

func amd64MemFault(f *mem.Fault) sigInfo {
	if f.Kind == mem.FaultAlign {
		return sigInfo{sig: sigBUS, code: busADRALN, w: [2]uint64{f.Addr}, trap: trapInfo{nr: excAC}}
	}
	if int64(f.Addr<<16)>>16 != int64(f.Addr) { // not canonical
		return sigInfo{sig: sigSEGV, code: siKernel, trap: trapInfo{nr: excGP}}
	}
	si := sigInfo{sig: sigSEGV, code: segvMAPERR, w: [2]uint64{f.Addr}, trap: trapInfo{nr: excPF, err: pfUser, addr: f.Addr}}
	if f.Kind == mem.FaultProt {
		si.code = segvACCERR
		si.trap.err |= pfProtection
	}
	switch f.Access {
	case mem.AccessWrite:
		si.trap.err |= pfWrite
	case mem.AccessFetch:
		si.trap.err |= pfFetch
	}
	return si
}

// floatCode is the si_code of unmasked exceptions: invalid, denormal, divide by
// zero, overflow, underflow, precision, from bit 0 on.
func floatCode(raised uint64) int32 {
	for _, c := range []struct {
		bits uint64
		code int32
	}{{1, fpeFLTINV}, {4, fpeFLTDIV}, {8, fpeFLTOVF}, {16 | 2, fpeFLTUND}, {32, fpeFLTRES}} {
		if raised&c.bits != 0 {
			return c.code
		}
	}
	return fpeFLTINV
}

// The layout of a signal frame, struct rt_sigframe in the kernel's
// arch/x86/include/asm/sigframe.h: the address that the handler returns to, a
// ucontext and a siginfo. The FXSAVE image lies above it, aligned to 64 bytes.
const (
	xUC     = 8
	xStack  = xUC + 16
	xRegs   = xUC + 40 // struct sigcontext
	xCS     = xRegs + 144
	xSS     = xRegs + 150
	xErr    = xRegs + 152
	xTrap   = xRegs + 160
	xOldSet = xRegs + 168
	xCR2    = xRegs + 176
	xFloat  = xRegs + 184
	xMask   = xRegs + 256
	xInfo   = xUC + 304
	xFrame  = xInfo + 128
	fxSize  = 512

	// UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS: the frame has ss.
	xFlags = 2 | 4
)

// xOrder lists the registers in the order of struct sigcontext; rip and rflags
// follow.
var xOrder = [...]int{amd64.R8, amd64.R9, amd64.R10, amd64.R11, amd64.R12, amd64.R13, amd64.R14, amd64.R15,
	amd64.RDI, amd64.RSI, amd64.RBP, amd64.RBX, amd64.RDX, amd64.RAX, amd64.RCX, amd64.RSP}

func amd64BuildFrame(r []uint64, pc, sp uint64, f *sigFrame) (at uint64, raw []byte) {
	float := (sp - fxSize) &^ 63
	at = (float-xFrame)&^15 - 8
	raw = make([]byte, float+fxSize-at)
	le := binary.LittleEndian
	le.PutUint64(raw, f.restorer)
	le.PutUint64(raw[xUC:], xFlags)
	le.PutUint64(raw[xStack:], f.altSP)
	le.PutUint32(raw[xStack+8:], f.altFlags)
	le.PutUint64(raw[xStack+16:], f.altSize)
	for i, n := range xOrder {
		le.PutUint64(raw[xRegs+8*i:], r[n])
	}
	le.PutUint64(raw[xRegs+128:], pc)
	le.PutUint64(raw[xRegs+136:], amd64.RFlags(r))
	cs, _ := amd64.ReadRegister(r, pc, amd64.RegCS)
	ss, _ := amd64.ReadRegister(r, pc, amd64.RegCS+1)
	le.PutUint16(raw[xCS:], uint16(cs))
	le.PutUint16(raw[xSS:], uint16(ss))
	le.PutUint64(raw[xErr:], f.info.trap.err)
	le.PutUint64(raw[xTrap:], f.info.trap.nr)
	le.PutUint64(raw[xOldSet:], f.mask)
	le.PutUint64(raw[xCR2:], f.info.trap.addr)
	le.PutUint64(raw[xFloat:], float)
	le.PutUint64(raw[xMask:], f.mask)
	copy(raw[xInfo:], f.info.encode())
	img := amd64.FXSave(r)
	copy(raw[float-at:], img[:])
	return at, raw
}

// restorable are the flags that a signal frame restores.
const restorable = amd64.FlagsArith | amd64.FlagTF | amd64.FlagDF | amd64.FlagAC

// amd64ReadFrame finds the frame where the handler's return has left the stack
// pointer: behind the address that it returned to.
func amd64ReadFrame(r []uint64, read func(addr uint64, n int) ([]byte, bool)) (pc uint64, f sigFrame, ok bool) {
	le := binary.LittleEndian
	raw, ok := read(r[amd64.RSP]-8, xFrame)
	if !ok {
		return 0, f, false
	}
	if float := le.Uint64(raw[xFloat:]); float == 0 {
		resetFloat(r)
	} else {
		img, ok := read(float, fxSize)
		if !ok || amd64.FXRestore(r, (*[fxSize]byte)(img)) != nil {
			return 0, f, false
		}
	}
	for i, n := range xOrder {
		r[n] = le.Uint64(raw[xRegs+8*i:])
	}
	flags := le.Uint64(raw[xRegs+136:])
	amd64.SetRFlags(r, amd64.RFlags(r)&^restorable|flags&restorable)
	f.altSP = le.Uint64(raw[xStack:])
	f.altFlags = le.Uint32(raw[xStack+8:])
	f.altSize = le.Uint64(raw[xStack+16:])
	f.mask = le.Uint64(raw[xMask:])
	return le.Uint64(raw[xRegs+128:]), f, true
}

// resetFloat puts x87 and SSE into the state in which programs and signal
// handlers start.
func resetFloat(r []uint64) {
	var fresh [amd64.NumSlots]uint64
	amd64.Reset(fresh[:])
	img := amd64.FXSave(fresh[:])
	// The image is one that FXSave made: it can be restored.
	_ = amd64.FXRestore(r, &img)
}
