//go:build linux && amd64

package amd64_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// traced is a native program that is single-stepped. All of its methods must be
// called on the thread that started it.
type traced struct {
	cmd *exec.Cmd
	pid int
	mem *os.File // its memory
}

const addrNoRandomize = 0x40000

// startTraced starts a program, without address randomization, and stops it
// before its first instruction.
func startTraced(t *testing.T, dir string, argv ...string) *traced {
	t.Helper()
	old, _, errno := unix.RawSyscall(unix.SYS_PERSONALITY, 0xffffffff, 0, 0)
	if errno != 0 {
		t.Fatal("personality: ", errno)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = []string{"LC_ALL=C", "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1", "GOGC=off"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	unix.RawSyscall(unix.SYS_PERSONALITY, old|addrNoRandomize, 0, 0)
	err := cmd.Start()
	unix.RawSyscall(unix.SYS_PERSONALITY, old, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := &traced{cmd: cmd, pid: cmd.Process.Pid}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_, _ = cmd.Process.Wait()
	})
	if s, err := n.wait(); err != nil || !s.Stopped() {
		t.Fatalf("%s did not stop at its start: %v %#x", argv[0], err, s)
	}
	if err := unix.PtraceSetOptions(n.pid, unix.PTRACE_O_EXITKILL); err != nil {
		t.Fatal("ptrace: ", err)
	}
	if n.mem, err = os.OpenFile(fmt.Sprintf("/proc/%d/mem", n.pid), os.O_RDWR, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.mem.Close() })
	return n
}

func (n *traced) wait() (s unix.WaitStatus, err error) {
	for {
		_, err = unix.Wait4(n.pid, &s, 0, nil)
		if err != unix.EINTR {
			return s, err
		}
	}
}

// step executes one instruction. exited is true when it was the last one.
// Signals but those of faults are not delivered.
func (n *traced) step() (exited bool, err error) {
	for {
		if err := unix.PtraceSingleStep(n.pid); err != nil {
			return false, fmt.Errorf("ptrace: %w", err)
		}
		s, err := n.wait()
		switch {
		case err != nil:
			return false, err
		case s.Exited():
			return true, nil
		case !s.Stopped():
			return false, fmt.Errorf("native program ended: status %#x", s)
		}
		switch sig := s.StopSignal(); sig {
		case unix.SIGTRAP:
			return false, nil
		case unix.SIGSEGV, unix.SIGILL, unix.SIGFPE, unix.SIGBUS:
			return false, fmt.Errorf("native program: %v", sig)
		}
	}
}

func (n *traced) regs() (r unix.PtraceRegs, err error) {
	err = unix.PtraceGetRegs(n.pid, &r)
	return r, err
}

func (n *traced) setRegs(r *unix.PtraceRegs) error { return unix.PtraceSetRegs(n.pid, r) }

// fx reads the x87 and SSE registers as an FXSAVE image.
func (n *traced) fx(image *[fxSize]byte) error {
	const getFPRegs = 14
	if _, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, getFPRegs, uintptr(n.pid), 0, uintptr(unsafe.Pointer(image)), 0, 0); errno != 0 {
		return fmt.Errorf("ptrace: %w", errno)
	}
	return nil
}

func (n *traced) read(addr uint64, b []byte) bool {
	got, _ := n.mem.ReadAt(b, int64(addr))
	return got == len(b)
}

func (n *traced) write(addr uint64, b []byte) bool {
	_, err := n.mem.WriteAt(b, int64(addr))
	return err == nil
}

// maps lists its mappings but for those of the kernel, which only the kernel's
// own code uses.
func (n *traced) maps() (vmas []mem.VMA, err error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/maps", n.pid))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var v mem.VMA
		var perms, dev string
		var inode uint64
		line := s.Text()
		if _, err := fmt.Sscanf(line, "%x-%x %s %x %s %d", &v.Start, &v.End, &perms, &v.Offset, &dev, &inode); err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
		if at := strings.IndexAny(line, "/["); at >= 0 {
			v.Name = line[at:]
		}
		if strings.HasPrefix(v.Name, "[v") {
			continue
		}
		for i, p := range []mem.Prot{mem.Read, mem.Write, mem.Exec} {
			if perms[i] != '-' {
				v.Prot |= p
			}
		}
		vmas = append(vmas, v)
	}
	return vmas, nil
}

// present calls f for each stretch of [start, end) that has pages in memory; of
// files' mappings all count.
func (n *traced) present(v mem.VMA, f func(addr uint64, b []byte) error) error {
	if v.Prot == 0 {
		return nil
	}
	pages := (v.End - v.Start) / pageSize
	in := make([]byte, 8*pages)
	pm, err := os.Open(fmt.Sprintf("/proc/%d/pagemap", n.pid))
	if err != nil {
		return err
	}
	defer pm.Close()
	if _, err := pm.ReadAt(in, int64(v.Start/pageSize*8)); err != nil {
		return err
	}
	b := make([]byte, pageSize)
	for i := range pages {
		if v.Name != "" && v.Name[0] == '/' || binary.LittleEndian.Uint64(in[8*i:])>>62 != 0 {
			addr := v.Start + i*pageSize
			if !n.read(addr, b) {
				continue // beyond the end of a file
			}
			if err := f(addr, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// hideVDSO makes the auxiliary vector describe a kernel without a vDSO and
// without processor features of its own choice, so that the program asks cpuid.
func (n *traced) hideVDSO(sp uint64) error {
	word := func(at uint64) uint64 {
		var b [8]byte
		n.read(at, b[:])
		return binary.LittleEndian.Uint64(b[:])
	}
	at := sp + 8 + 8*(word(sp)+1) // beyond argc, argv
	for word(at) != 0 {           // the environment
		at += 8
	}
	for at += 8; word(at) != 0; at += 16 {
		const ignore, hwcap2, sysinfo, rseqSize, rseqAlign = 1, 26, 33, 27, 28
		var zero [8]byte
		switch word(at) {
		case sysinfo, rseqSize, rseqAlign:
			zero[0] = ignore
			if !n.write(at, zero[:]) {
				return fmt.Errorf("can't change the auxiliary vector at %#x", at)
			}
		case hwcap2:
			n.write(at+8, zero[:])
		}
	}
	return nil
}
