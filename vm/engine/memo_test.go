package engine_test

import (
	"encoding/binary"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
	"github.com/dap-revexec/dap-revexec/vm/rv64"
)

// counting counts what is translated.
type counting struct {
	ir.Translator
	n int
}

func (c *counting) Translate(m *mem.Space, pc uint64, max int, stop func(pc uint64) bool) *ir.Block {
	c.n++
	return c.Translator.Translate(m, pc, max, stop)
}

// What several spaces map of one file is translated once; what one of them has
// written to, or has at other protections, is not taken from another's.
func TestFilesAreTranslatedOnceForAllSpaces(t *testing.T) {
	var text []byte
	for _, i := range []uint32{addi(5, 5, 1), addi(5, 5, 1), jal(0, -8)} {
		text = binary.LittleEndian.AppendUint32(text, i)
	}
	content := mem.NewContent(text)
	count := &counting{Translator: rv64.Translator{}}
	memo := engine.NewMemo(count)
	c := &ir.CPU{}
	type place struct {
		m *mem.Space
		e *engine.Engine
	}
	mapped := func() place {
		c.Mem = mem.NewSpace()
		p := place{c.Mem, engine.New(c, memo)}
		v := mem.VMA{Start: codeBase, End: codeBase + mem.PageSize, Prot: mem.Read | mem.Write | mem.Exec}
		if err := p.m.Map(v); err != nil {
			t.Fatal(err)
		}
		if err := p.m.Fill(v.Start, v.End, content, 0); err != nil {
			t.Fatal(err)
		}
		return p
	}
	run := func(p place) uint64 {
		c.Mem, c.PC, c.R[5] = p.m, codeBase, 0
		p.e.Run(300, false)
		return c.R[5]
	}
	one := mapped()
	if got := run(one); got != 200 {
		t.Fatalf("counted to %d", got)
	}
	made := count.n
	two := mapped()
	if got := run(two); got != 200 || count.n != made {
		t.Errorf("counted to %d in the second space, after %d translations more", got, count.n-made)
	}
	two.m.Poke(codeBase, binary.LittleEndian.AppendUint32(nil, addi(5, 5, 7)))
	if a, b := run(one), run(two); a != 200 || b != 800 {
		t.Errorf("after a change in the second: %d and %d", a, b)
	}
	three := mapped()
	three.e.SetBreaks(vm.NewBreaks(codeBase + 4))
	if run(three) != 1 {
		t.Error("the third space's breakpoint is not noticed")
	}
	if run(one) != 200 {
		t.Error("but in the first")
	}
	four := mapped()
	if err := four.m.Protect(codeBase, codeBase+mem.PageSize, mem.Read); err != nil {
		t.Fatal(err)
	}
	c.Mem, c.PC = four.m, codeBase
	if x := four.e.Run(10, false); x != ir.ExitFetch {
		t.Errorf("what may not be executed: exit %d", x)
	}
}
