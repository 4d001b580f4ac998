package linux

import (
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// arch is what the kernel has to know about a guest architecture. A thread's
// registers are the slots of the ir's register file that the architecture uses,
// and the PC.
type arch struct {
	desc  *vm.Arch
	isa   string // for messages: which programs of it run
	tr    ir.Translator
	slots int // registers, slots 0 to slots-1

	sp, tls, ret int    // slots
	callSize     uint64 // bytes of the system-call instruction

	machine string // uname -m
	hwcap   uint64 // AT_HWCAP
	hwcap2  uint64 // AT_HWCAP2

	platform    string // AT_PLATFORM, empty for none
	minSigStack uint64 // AT_MINSIGSTKSZ, 0 for none

	// numbers translates the numbers of its system calls; nil: they are the
	// generic ones.
	numbers *numbering

	top      uint64 // end of the stack, and of user addresses
	mmapTop  uint64 // mappings are placed below it, downwards
	mmapLow  uint64 // and not below this
	pieBase  uint64 // where position-independent programs are loaded
	pcIgnore uint64 // bits of a code address that the hardware ignores
	map32    bool   // mmap has MAP_32BIT

	redZone uint64 // bytes below the stack pointer that are in use

	// trampoline is the code that a signal handler returns to. Empty: the C
	// library brings it, as the restorer of an action.
	trampoline []byte

	// call decodes a system call at pc: the architecture's number, and its
	// arguments. It changes the registers that the instruction does.
	call func(r []uint64, next uint64) (nr uint64, args [6]uint64)
	// again sets the registers for call nr, the architecture's number, to be made
	// once more. What the result was written over was arg0.
	again func(r []uint64, nr, arg0 uint64)
	// start sets the registers of a new process. They are 0 before.
	start func(r []uint64, sp uint64)
	// switched changes what a thread loses while another one runs.
	switched func(r []uint64)
	// register reads register i of arch.desc: its low 64 bits, and those above.
	register func(r []uint64, pc uint64, i int) (lo, hi uint64)
	// fault is the signal that an exit from the instruction at the PC raises.
	// taken, if it is not nil, does to the registers what the exception does:
	// it is called as the signal is delivered.
	fault func(c *ir.CPU, x ir.Exit) (si sigInfo, taken func())
	// frame builds a signal frame below sp and says where it lies; handle sets
	// the registers for the handler's entry; resume is the opposite of frame. It
	// gets to memory through read, and reports whether all could be read.
	frame  func(r []uint64, pc, sp uint64, f *sigFrame) (at uint64, raw []byte)
	handle func(r []uint64, at, trampoline uint64, sig int)
	resume func(r []uint64, read func(addr uint64, n int) ([]byte, bool)) (pc uint64, f sigFrame, ok bool)
	// The others lay structures out as the architecture's libc has them.
	actionSize  int
	readAction  func(raw []byte) action
	writeAction func(a action) []byte
	stat        func(fi *fileInfo) []byte
	epollEvent  int // bytes of a struct epoll_event; its last 8 are the data
	// cpuInfo is the text in /proc/cpuinfo about processor n.
	cpuInfo func(n int) string
}

// sigFrame is what a signal frame holds beside the registers.
type sigFrame struct {
	info     sigInfo
	mask     uint64
	altSP    uint64
	altSize  uint64
	altFlags uint32
	restorer uint64 // code that the handler returns to
}

// arches lists the guest architectures.
var arches = []*arch{rv64Arch, amd64Arch}

func supported() string {
	s := ""
	for i, a := range arches {
		if i > 0 {
			s += ", "
		}
		s += a.desc.Name + " (" + a.isa + ")"
	}
	return s
}
