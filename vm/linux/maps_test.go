package linux_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// Protections of mmap.
const (
	rw = 3
	rx = 5
)

// mapper maps a file for execution, changes other things, and unmaps it. It
// returns the guest and the labels that lie right behind the system calls that
// change what is executable.
func mapper(t *testing.T) (m *linux.Machine, changes []string, a *asm) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lib")
	if err := os.WriteFile(file, bytes.Repeat([]byte{1}, 3<<12), 0o644); err != nil {
		t.Fatal(err)
	}
	a = newAsm()
	a.sys(56, -100, dataBase, 0) // openat
	a.addi(s0, a0, 0)
	fileMap := func(prot int64) {
		for i, v := range []int64{0, 0x3000, prot, 2} {
			a.li(a0+uint32(i), v)
		}
		a.addi(a4, s0, 0)
		a.li(a5, 0)
		a.li(a7, 222)
		a.ecall()
	}
	protect := func(off, size, prot int64) {
		a.li(a1, off)
		a.emit(0x33 | a0<<7 | s1<<15 | a1<<20) // add a0, s1, a1
		a.li(a1, size)
		a.li(a2, prot)
		a.li(a7, 226)
		a.ecall()
	}
	change := func(name string) {
		a.label(name)
		changes = append(changes, name)
	}
	fileMap(1) // to be read
	fileMap(rx)
	change("mapped")
	a.addi(s1, a0, 0)
	a.sys(222, 0, 0x1000, rx, 0x22, -1, 0) // anonymous memory is no file
	protect(0x1000, 0x1000, rw)
	change("less")
	protect(0x1000, 0x1000, 1) // which was not executable anyway
	protect(0x1000, 0x1000, rx)
	change("more")
	a.addi(a0, s1, 0)
	a.li(a1, 0x3000)
	a.li(a7, 215)
	a.ecall()
	change("unmapped")
	a.exit(0)
	m = boot(t, a.elf(append([]byte(file), 0)...), nil)
	return m, changes, a
}

func TestMapsStopsRightAfterEachChangeOfWhatFilesCanBeExecuted(t *testing.T) {
	m, changes, a := mapper(t)
	stops := &vm.Stops{Maps: true, Filter: func(*vm.Stop) bool { return false }}
	first := m.Snapshot()
	for round := range 2 { // live, then replayed
		for i, name := range changes {
			s := m.Run(forever, stops)
			expectStop(t, s, vm.Stop{Reason: vm.StopMaps, Icount: m.Icount(), PC: a.labels[name]})
			if got := m.MapsVersion(); got != uint64(i+1) {
				t.Fatalf("round %d, %s: version %d, want %d", round, name, got, i+1)
			}
		}
		if s := m.Run(forever, stops); s.Reason != vm.StopExit {
			t.Fatalf("then %v", s.Reason)
		}
		m.Restore(first)
		if got := m.MapsVersion(); got != 0 {
			t.Fatalf("version %d at the start", got)
		}
	}
}

func TestMapsStopsAreReportedAtTheLimitAndAfterTheFirstInstruction(t *testing.T) {
	m, _, _ := mapper(t)
	stops := &vm.Stops{Maps: true}
	start := m.Snapshot()
	s := m.Run(forever, stops)
	at := s.Icount
	m.Restore(start)
	if s := m.Run(at, stops); s.Reason != vm.StopMaps || s.Icount != at {
		t.Errorf("Run to %d stops with %v at %d", at, s.Reason, s.Icount)
	}
	m.Restore(start)
	m.Run(at-1, nil)
	if s := m.Run(forever, stops); s.Reason != vm.StopMaps || s.Icount != at {
		t.Errorf("Run from %d stops with %v at %d", at-1, s.Reason, s.Icount)
	}
	m.Restore(start)
	if s := m.Run(forever, &vm.Stops{}); s.Reason != vm.StopExit {
		t.Errorf("without Maps: %v", s.Reason)
	}
}
