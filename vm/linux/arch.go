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

	top      uint64 // end of the stack, and of user addresses
	mmapTop  uint64 // mappings are placed below it, downwards
	mmapLow  uint64 // and not below this
	pieBase  uint64 // where position-independent programs are loaded
	sigFrame uint64 // bytes of a signal frame

	// trampoline is the code that a signal handler returns to.
	trampoline []byte

	// call decodes a system call: its number in the table of calls, and its
	// arguments.
	call func(r []uint64) (nr uint64, args [6]uint64)
	// start sets the registers of a new process. They are 0 before.
	start func(r []uint64, sp uint64)
	// switched changes what a thread loses while another one runs.
	switched func(r []uint64)
	// register reads register i of arch.desc.
	register func(r []uint64, pc uint64, i int) uint64
	// frame builds a signal frame that is to lie at sp; handle sets the
	// registers for the handler's entry; resume is the opposite of frame.
	frame  func(r []uint64, pc, sp uint64, f *sigFrame) []byte
	handle func(r []uint64, sp, trampoline uint64, sig int)
	resume func(r []uint64, raw []byte) (pc uint64, f sigFrame)
	// sigAction and stat lay structures out as the architecture's libc has them.
	actionSize  int
	readAction  func(raw []byte) action
	writeAction func(a action) []byte
	stat        func(fi *fileInfo) []byte
}

// sigFrame is what a signal frame holds beside the registers.
type sigFrame struct {
	info     sigInfo
	mask     uint64
	altSP    uint64
	altSize  uint64
	altFlags uint32
}

// arches lists the guest architectures.
var arches = []*arch{rv64Arch}

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
