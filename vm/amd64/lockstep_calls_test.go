//go:build linux && amd64

package amd64_test

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
	"github.com/dap-revexec/dap-revexec/vm/ir"
)

// pretended are system calls that are not executed, and what they return: a
// thread that never gets to run, and no restartable sequences, whose area the
// kernel would write to at any time.
var pretended = map[uint64]uint64{unix.SYS_CLONE: 1 << 20, unix.SYS_CLONE3: 1 << 20, unix.SYS_RSEQ: ^uint64(unix.ENOSYS) + 1}

// quiet are system calls that write no memory.
var quiet = map[uint64]bool{
	unix.SYS_WRITE: true, unix.SYS_WRITEV: true, unix.SYS_CLOSE: true, unix.SYS_OPEN: true, unix.SYS_OPENAT: true, unix.SYS_LSEEK: true,
	unix.SYS_ACCESS: true, unix.SYS_FACCESSAT: true, unix.SYS_GETPID: true, unix.SYS_GETTID: true, unix.SYS_GETUID: true, unix.SYS_SET_ROBUST_LIST: true,
	unix.SYS_SET_TID_ADDRESS: true, unix.SYS_ARCH_PRCTL: true, unix.SYS_MADVISE: true, unix.SYS_SCHED_YIELD: true,
	unix.SYS_MPROTECT: true, unix.SYS_MUNMAP: true, unix.SYS_MMAP: true, unix.SYS_BRK: true, unix.SYS_FCNTL: true, unix.SYS_FUTEX: true,
}

// remapping are system calls that change mappings.
var remapping = map[uint64]bool{
	unix.SYS_MMAP: true, unix.SYS_MUNMAP: true, unix.SYS_MPROTECT: true, unix.SYS_BRK: true, unix.SYS_MREMAP: true,
}

// outputs are where others write: the argument with the address, and the size,
// or, when negative, minus the number of the argument that bounds it.
var outputs = map[uint64][]struct{ arg, size int }{
	unix.SYS_READ: {{1, -2}}, unix.SYS_PREAD64: {{1, -2}}, unix.SYS_FSTAT: {{1, 144}}, unix.SYS_STAT: {{1, 144}}, unix.SYS_NEWFSTATAT: {{2, 144}},
	unix.SYS_UNAME: {{0, 390}}, unix.SYS_CLOCK_GETTIME: {{1, 16}}, unix.SYS_GETTIMEOFDAY: {{0, 16}}, unix.SYS_GETRANDOM: {{0, -1}},
	unix.SYS_PRLIMIT64: {{3, 16}}, unix.SYS_READLINK: {{1, -2}}, unix.SYS_READLINKAT: {{2, -3}}, unix.SYS_RT_SIGACTION: {{2, 32}},
	unix.SYS_RT_SIGPROCMASK: {{2, 8}}, unix.SYS_SIGALTSTACK: {{1, 24}}, unix.SYS_SCHED_GETAFFINITY: {{2, -1}}, unix.SYS_IOCTL: {{2, 64}},
	unix.SYS_NANOSLEEP: {{1, 16}}, unix.SYS_GETRLIMIT: {{1, 16}}, unix.SYS_PIPE2: {{0, 8}},
}

// errWaits ends a run: the program waits for another of its threads, of which
// there are none.
var errWaits = errors.New("the program waits for another thread")

func (l *lockstep) word(addr uint64) uint32 {
	var b [4]byte
	l.n.read(addr, b[:])
	return binary.LittleEndian.Uint32(b[:])
}

// call executes a system call natively and gives the VM its results.
func (l *lockstep) call() error {
	if x := l.e.Run(1, false); x != ir.ExitSyscall {
		return fmt.Errorf("the VM stopped with exit %d at a system call", x)
	}
	r := l.now
	number := r.Rax
	args := [6]uint64{r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9}
	l.steps++
	l.c.Icount++
	l.c.LastPC = l.c.PC
	if number == unix.SYS_FUTEX && args[1]&0x7f == 0 && l.word(args[0]) == uint32(args[2]) {
		return errWaits
	}
	if result, ok := pretended[number]; ok {
		r.Rip += 2
		r.Rcx, r.R11, r.Rax = r.Rip, r.Eflags, result
		if err := l.n.setRegs(&r); err != nil {
			return err
		}
		l.now = r
		l.adopt()
		return nil
	}
	exited, err := l.n.step()
	if exited {
		return errExited
	}
	if err != nil {
		return err
	}
	if l.now, err = l.n.regs(); err != nil {
		return err
	}
	l.now.R11 &^= amd64.FlagTF
	if err := l.n.setRegs(&l.now); err != nil {
		return err
	}
	l.adopt()
	switch {
	case remapping[number]:
		at, size := l.now.Rax, args[1]
		if number == unix.SYS_MREMAP {
			size = args[2]
		} else if number != unix.SYS_MMAP || at>>48 != 0 {
			at, size = 0, 0
		}
		return l.remap(at, at+size)
	case quiet[number]:
		return nil
	}
	out, ok := outputs[number]
	if !ok {
		return l.memory(true)
	}
	for _, o := range out {
		size := uint64(o.size)
		if o.size < 0 {
			size = args[-o.size]
		}
		if args[o.arg] == 0 || size > 1<<20 {
			continue
		}
		b := make([]byte, size)
		for len(b) > 0 && !l.n.read(args[o.arg], b) {
			b = b[:len(b)-1]
		}
		l.c.Mem.Poke(args[o.arg], b)
	}
	return nil
}
