package linux

import (
	"encoding/binary"
	"fmt"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
	"github.com/dap-revexec/dap-revexec/vm/rv64"
)

// The layout of a signal frame, struct rt_sigframe in the kernel's
// arch/riscv/kernel/signal.c: a siginfo and a ucontext, whose sigcontext is
// aligned to 16 bytes and ends with room for the Q extension's registers.
const (
	rvInfo   = 0
	rvUC     = 128
	rvStack  = rvUC + 16
	rvMask   = rvUC + 40
	rvRegs   = rvUC + 176 // pc, x1–x31
	rvFloats = rvRegs + 256
	rvFcsr   = rvFloats + 256
	rvFrame  = rvFloats + 528
)

var rv64Arch = &arch{
	desc:     rv64.Arch,
	isa:      "RV64GC",
	tr:       rv64.Translator{},
	slots:    rv64.NumSlots,
	sp:       rv64.SP,
	tls:      rv64.TP,
	ret:      rv64.A0,
	callSize: 4,
	machine:  "riscv64",
	hwcap:    hwcapOf("IMAFDC"),

	// Sv39: 2^38 bytes for the user, but for the last page.
	top:     0x3f_ffff_f000,
	mmapTop: 0x3f_f000_0000,
	mmapLow: 0x10_0000,
	pieBase: 0x2a_aaaa_a000,

	pcIgnore: 1,
	trampoline: []byte{
		0x93, 0x08, 0xb0, 0x08, // li a7, 139
		0x73, 0x00, 0x00, 0x00, // ecall
	},

	call: func(r []uint64, _ uint64) (nr uint64, args [6]uint64) {
		copy(args[:], r[rv64.A0:])
		return r[rv64.A7], args
	},
	again: func(r []uint64, _, arg0 uint64) { r[rv64.A0] = arg0 },
	start: func(r []uint64, sp uint64) {
		r[rv64.SP] = sp
		r[rv64.Resv] = rv64.NoResv
	},
	switched: func(r []uint64) { r[rv64.Resv] = rv64.NoResv },
	register: func(r []uint64, pc uint64, i int) (lo, hi uint64) { return rvRegister(r, pc, i), 0 },
	fault:    rvFault,
	frame:    rvBuildFrame,
	handle: func(r []uint64, sp, trampoline uint64, sig int) {
		r[rv64.RA] = trampoline
		r[rv64.SP] = sp
		r[rv64.A0] = uint64(sig)
		r[rv64.A0+1] = sp + rvInfo
		r[rv64.A0+2] = sp + rvUC
		r[rv64.Resv] = rv64.NoResv
	},
	resume: rvReadFrame,

	// RISC-V has no sa_restorer.
	actionSize: 24,
	readAction: func(raw []byte) action {
		return action{
			handler: binary.LittleEndian.Uint64(raw),
			flags:   binary.LittleEndian.Uint64(raw[8:]),
			mask:    binary.LittleEndian.Uint64(raw[16:]),
		}
	},
	writeAction: func(a action) []byte {
		var b record
		b.u64(a.handler, a.flags, a.mask)
		return b
	},
	stat:       genericStat,
	epollEvent: 16,
	cpuInfo: func(n int) string {
		return fmt.Sprintf("processor\t: %d\nhart\t\t: %d\nisa\t\t: rv64imafdc\nmmu\t\t: sv39\n\n", n, n)
	},
}

// hwcapOf is AT_HWCAP on RISC-V: a bit for each single-letter extension.
func hwcapOf(extensions string) (bits uint64) {
	for _, x := range extensions {
		bits |= 1 << (x - 'A')
	}
	return bits
}

func rvRegister(r []uint64, pc uint64, i int) uint64 {
	switch {
	case i < 0 || i >= rv64.NumRegs:
		return 0
	case i < rv64.RegPC:
		return r[i]
	case i == rv64.RegPC:
		return pc
	case i < rv64.RegFflags:
		return r[rv64.F0+i-rv64.RegF0]
	case i == rv64.RegFflags:
		return r[rv64.Fflags]
	case i == rv64.RegFrm:
		return r[rv64.Frm]
	}
	return r[rv64.Frm]<<5 | r[rv64.Fflags]
}

// rvFault: an access fault's address is that of the access.
func rvFault(c *ir.CPU, x ir.Exit) (si sigInfo, taken func()) {
	f := &c.Mem.Fault
	switch {
	case x == ir.ExitIllegal:
		si = sigInfo{sig: sigILL, code: illILLOPC, w: [2]uint64{c.PC}}
	case x == ir.ExitTrap:
		si = sigInfo{sig: sigTRAP, code: trapBRKPT, w: [2]uint64{c.PC}}
	case f.Kind == mem.FaultAlign:
		si = sigInfo{sig: sigBUS, code: busADRALN, w: [2]uint64{f.Addr}}
	case f.Kind == mem.FaultProt:
		si = sigInfo{sig: sigSEGV, code: segvACCERR, w: [2]uint64{f.Addr}}
	default:
		si = sigInfo{sig: sigSEGV, code: segvMAPERR, w: [2]uint64{f.Addr}}
	}
	return si, nil
}

func rvBuildFrame(r []uint64, pc, sp uint64, f *sigFrame) (at uint64, raw []byte) {
	raw = make([]byte, rvFrame)
	le := binary.LittleEndian
	copy(raw[rvInfo:], f.info.encode())
	le.PutUint64(raw[rvStack:], f.altSP)
	le.PutUint32(raw[rvStack+8:], f.altFlags)
	le.PutUint64(raw[rvStack+16:], f.altSize)
	le.PutUint64(raw[rvMask:], f.mask)
	le.PutUint64(raw[rvRegs:], pc)
	for i := 1; i < 32; i++ {
		le.PutUint64(raw[rvRegs+8*i:], r[i])
	}
	for i := range 32 {
		le.PutUint64(raw[rvFloats+8*i:], r[rv64.F0+i])
	}
	le.PutUint32(raw[rvFcsr:], uint32(r[rv64.Frm]<<5|r[rv64.Fflags]))
	return (sp - rvFrame) &^ 15, raw
}

func rvReadFrame(r []uint64, read func(addr uint64, n int) ([]byte, bool)) (pc uint64, f sigFrame, ok bool) {
	raw, ok := read(r[rv64.SP], rvFrame)
	if !ok {
		return 0, f, false
	}
	le := binary.LittleEndian
	f.altSP = le.Uint64(raw[rvStack:])
	f.altFlags = le.Uint32(raw[rvStack+8:])
	f.altSize = le.Uint64(raw[rvStack+16:])
	f.mask = le.Uint64(raw[rvMask:])
	for i := 1; i < 32; i++ {
		r[i] = le.Uint64(raw[rvRegs+8*i:])
	}
	for i := range 32 {
		r[rv64.F0+i] = le.Uint64(raw[rvFloats+8*i:])
	}
	fcsr := le.Uint32(raw[rvFcsr:])
	r[rv64.Fflags], r[rv64.Frm] = uint64(fcsr&31), uint64(fcsr>>5&7)
	r[rv64.Resv] = rv64.NoResv
	// Hardware ignores the lowest bit of sepc.
	return le.Uint64(raw[rvRegs:]) &^ 1, f, true
}
