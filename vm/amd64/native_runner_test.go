//go:build linux && amd64

package amd64_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"
)

// The layout that testdata/native/runner.c shares with this file.
const (
	codeAt   = 0x1a2b4000 // one page for instructions; what follows is not mapped
	windowAt = 0x20000000 // one page of data with nothing around it
	pageSize = 4096
	fsBase   = windowAt + 0x100
	gsBase   = windowAt + 0xe00

	maxCode   = 192
	maxPatch  = 640
	maxDiff   = 160
	fxSize    = 512
	batchSize = 2048 // cases executed between two messages

	headerSize = 64 + pageSize
)

// nativeCase is struct test of the runner.
type nativeCase struct {
	GPR               [16]uint64
	RIP, Flags, Steps uint64
	CodeLen, PatchLen uint32
	PatchAt           uint64
	Code              [maxCode]byte
	Patch             [maxPatch]byte
	FX                [fxSize]byte

	OutGPR           [16]uint64
	OutRIP, OutFlags uint64
	Sig, Trapno, Err uint64
	Addr, Left       uint64
	OutFX            [fxSize]byte
	NDiff            uint64
	Diff             [maxDiff]struct{ At, Value uint64 }
}

// native is the runner: a process that executes instructions on the host's CPU.
type native struct {
	window *[pageSize]byte // what all cases start from; written before a batch
	cases  []nativeCase

	shared []byte
	in     io.WriteCloser
	out    io.Reader
	cmd    *exec.Cmd
}

// need skips the test where a tool is missing, but not in CI.
func need(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is required in CI: %v", tool, err)
			}
			t.Skipf("%s is not installed", tool)
		}
	}
}

// startNative builds and starts the runner; the test's end stops it.
func startNative(t testing.TB) *native {
	t.Helper()
	need(t, "gcc")
	dir := t.TempDir()
	exe := filepath.Join(dir, "runner")
	build := exec.Command("gcc", "-O2", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-mno-red-zone",
		"-fcf-protection=none", "-fPIE", "-static-pie", "-o", exe, filepath.Join("testdata", "native", "runner.c"))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	file, err := os.Create(filepath.Join(dir, "shared"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	size := headerSize + batchSize*int(unsafe.Sizeof(nativeCase{}))
	if err := file.Truncate(int64(size)); err != nil {
		t.Fatal(err)
	}
	n := &native{cmd: exec.Command(exe)}
	if n.shared, err = syscall.Mmap(int(file.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED); err != nil {
		t.Fatal(err)
	}
	n.window = (*[pageSize]byte)(n.shared[64:])
	n.cases = unsafe.Slice((*nativeCase)(unsafe.Pointer(&n.shared[headerSize])), batchSize)
	n.cmd.ExtraFiles = []*os.File{file}
	n.cmd.Stderr = os.Stderr
	if n.in, err = n.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if n.out, err = n.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.in.Close()
		_ = n.cmd.Wait()
		_ = syscall.Munmap(n.shared)
	})
	return n
}

// run executes the first count cases.
func (n *native) run(count int) error {
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], uint64(count))
	if _, err := n.in.Write(word[:]); err != nil {
		return fmt.Errorf("native runner: %w", err)
	}
	if _, err := io.ReadFull(n.out, word[:1]); err != nil {
		return fmt.Errorf("native runner: died in a batch of %d: %w", count, err)
	}
	if size := binary.LittleEndian.Uint64(n.shared); size != uint64(unsafe.Sizeof(nativeCase{})) {
		return fmt.Errorf("native runner: its cases have %d bytes, ours %d: the two layouts differ", size, unsafe.Sizeof(nativeCase{}))
	}
	return nil
}
