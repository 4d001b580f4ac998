package amd64_test

import (
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
)

// Numbers from gdb's amd64-tdep.h and the psABI.
func TestRegistersHaveTheNumbersOfGDBAndDWARF(t *testing.T) {
	a := amd64.Arch
	if len(a.Regs) != amd64.NumRegs {
		t.Fatalf("%d registers", len(a.Regs))
	}
	for _, c := range []struct {
		name             string
		gdb, dwarf, size int
	}{
		{"rax", 0, 0, 64}, {"rbx", 1, 3, 64}, {"rsp", 7, 7, 64}, {"r15", 15, 15, 64}, {"rip", 16, 16, 64}, {"eflags", 17, 49, 32},
		{"gs", 23, 55, 32}, {"st7", 31, 40, 80}, {"fop", 39, -1, 32}, {"xmm0", 40, 17, 128}, {"xmm15", 55, 32, 128},
		{"mxcsr", 56, 64, 32}, {"orig_rax", 57, -1, 64}, {"fs_base", 58, 58, 64}, {"gs_base", 59, 59, 64},
	} {
		i, ok := a.RegByName(c.name)
		if !ok {
			t.Errorf("no %s", c.name)
			continue
		}
		if r := a.Regs[i]; r.GDB != c.gdb || r.DWARF != c.dwarf || r.Bits != c.size {
			t.Errorf("%s: %+v, want %+v", c.name, r, c)
		}
	}
	seen := map[int]bool{}
	for _, f := range a.GDBFeatures {
		for _, i := range f.Regs {
			seen[i] = true
		}
	}
	if len(seen) != len(a.Regs) {
		t.Errorf("the features have %d registers of %d", len(seen), len(a.Regs))
	}
}

// Each slot of the architectural state shows in some register.
func TestEveryPartOfTheStateCanBeRead(t *testing.T) {
	var r [amd64.NumSlots]uint64
	amd64.Reset(r[:])
	read := func() (all [2 * amd64.NumRegs]uint64) {
		for i := range amd64.NumRegs {
			all[2*i], all[2*i+1] = amd64.ReadRegister(r[:], 0x1234, i)
		}
		return all
	}
	before := read()
	for s := range amd64.NumSlots {
		switch {
		case s >= amd64.CCOp && s <= amd64.Flags, s > amd64.FPDP && s < amd64.XMM0:
			continue
		}
		old := r[s]
		r[s] ^= 1 << 2
		if read() == before {
			t.Errorf("slot %d does not show", s)
		}
		r[s] = old
	}
}

func TestDisassemblyTellsCallsReturnsAndJumps(t *testing.T) {
	for _, c := range []struct {
		code            []byte
		text            string
		call, ret, jump bool
	}{
		{[]byte{0xf3, 0x0f, 0x1e, 0xfa}, "endbr64", false, false, false},
		{[]byte{0xf3, 0x48, 0x0f, 0x1e, 0xc8}, "rdsspq %rax", false, false, false},
		{[]byte{0x3e, 0xff, 0xe0}, "notrack jmp *%rax", false, false, true},
		{[]byte{0xf2, 0xc3}, "bnd retq", false, true, false},
		{[]byte{0xc5, 0xf8, 0x77}, "vzeroupper", false, false, false},
		{[]byte{0x48, 0x98}, "cltq", false, false, false},
		{[]byte{0xe8, 0x10, 0, 0, 0}, "callq 0x1015", true, false, false},
		{[]byte{0xc3}, "retq", false, true, false},
		{[]byte{0xeb, 0xfe}, "jmp 0x1000", false, false, true},
		{[]byte{0x74, 0x02}, "je 0x1004", false, false, true},
		{[]byte{0x48, 0x89, 0xe5}, "mov %rsp,%rbp", false, false, false},
		{[]byte{0x06}, ".byte 0x06", false, false, false},
		{[]byte{0x48}, ".byte 0x48", false, false, false},
	} {
		in := amd64.Arch.Disassemble(c.code, 0x1000)
		if in.Text != c.text || in.Size != len(c.code) || in.Call != c.call || in.Ret != c.ret || in.Jump != c.jump {
			t.Errorf("% x: %+v, want %+v", c.code, in, c)
		}
	}
}
