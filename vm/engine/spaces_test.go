package engine_test

import (
	"encoding/binary"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
	"github.com/dap-revexec/dap-revexec/vm/rv64"
)

// A CPU that goes from one address space to another has an engine for each. A
// change of code in the one that does not run is noticed there, and only there.
func TestCodeChangesInTheSpaceThatDoesNotRun(t *testing.T) {
	code := []uint32{addi(5, 5, 1), jal(0, -4)}
	c, e1 := machine(t, code)
	one := c.Mem
	two := mem.NewSpace()
	two.Restore(one.Fork())
	c.Mem = two
	e2 := engine.New(c, rv64.Translator{})

	run := func(s *mem.Space, e *engine.Engine) uint64 {
		c.Mem, c.PC, c.R[5] = s, codeBase, 0
		if x := e.Run(10, false); x != ir.ExitLimit {
			t.Fatalf("exit %d", x)
		}
		return c.R[5]
	}
	if run(one, e1) != 5 || run(two, e2) != 5 {
		t.Fatal("the same code does not do the same")
	}
	poke := func(s *mem.Space, instruction uint32) {
		s.Poke(codeBase, binary.LittleEndian.AppendUint32(nil, instruction))
	}
	poke(one, addi(5, 5, 2)) // the CPU is in the other
	if a, b := run(one, e1), run(two, e2); a != 10 || b != 5 {
		t.Errorf("%d and %d, want 10 and 5", a, b)
	}
	// The code of the space that ran is still marked: stores there are noticed.
	poke(two, addi(5, 5, 3))
	if a, b := run(one, e1), run(two, e2); a != 10 || b != 15 {
		t.Errorf("%d and %d, want 10 and 15", a, b)
	}
}
