package amd64

import (
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

const (
	codeBase  = 0x400000
	dataBase  = 0x600000
	stackTop  = 0x7ff000
	dataPages = 4
)

// machine is a bare CPU with code at codeBase, where everything is permitted,
// pages of data at dataBase and a stack.
func machine(t testing.TB, code []byte) (*ir.CPU, *engine.Engine) {
	t.Helper()
	c := &ir.CPU{PC: codeBase, Mem: mem.NewSpace()}
	Reset(c.R[:])
	c.R[RSP] = stackTop - 0x100
	e := engine.New(c, Translator{})
	codeEnd := (uint64(len(code)) + 2*mem.PageSize) &^ (mem.PageSize - 1)
	for _, v := range []mem.VMA{
		{Start: codeBase, End: codeBase + codeEnd, Prot: mem.Read | mem.Write | mem.Exec},
		{Start: dataBase, End: dataBase + dataPages*mem.PageSize, Prot: mem.Read | mem.Write},
		{Start: stackTop - 4*mem.PageSize, End: stackTop, Prot: mem.Read | mem.Write},
	} {
		if err := c.Mem.Map(v); err != nil {
			t.Fatal(err)
		}
	}
	if !c.Mem.Poke(codeBase, code) {
		t.Fatal("code does not fit")
	}
	return c, e
}

// A repeated string instruction counts an instruction for each iteration, and
// one when there is none; the PC stays at it in between.
func TestEachIterationOfAStringInstructionIsAnInstruction(t *testing.T) {
	c, e := machine(t, []byte{0xf3, 0xaa, 0xf3, 0xaa, 0xcc}) // rep stosb twice
	c.R[RCX], c.R[RDI], c.R[RAX] = 5000, dataBase+100, 0x55
	for i := range uint64(3) {
		if x := e.Run(1, false); x != ir.ExitLimit || c.Icount != i+1 || c.R[RCX] != 5000-i-1 || c.PC != codeBase || c.LastPC != codeBase {
			t.Fatalf("after %d: exit %d, rcx %d, pc %#x", c.Icount, x, c.R[RCX], c.PC)
		}
	}
	if x := e.Run(1<<20, false); x != ir.ExitTrap || c.Icount != 5001 || c.R[RCX] != 0 || c.PC != codeBase+4 || c.LastPC != codeBase+2 {
		t.Fatalf("exit %d, icount %d, rcx %d, pc %#x", x, c.Icount, c.R[RCX], c.PC)
	}
	var b [5002]byte
	c.Mem.Peek(dataBase+99, b[:])
	if b[0] != 0 || b[1] != 0x55 || b[5000] != 0x55 || b[5001] != 0 {
		t.Fatal("the wrong bytes have been written")
	}
}
