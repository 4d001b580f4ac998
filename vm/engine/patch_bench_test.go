package engine_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

// BenchmarkPatching measures a write to code that is executed then, next to more
// and more code that has been translated: what it costs must not depend on that.
func BenchmarkPatching(b *testing.B) {
	for _, pages := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("pages=%d", pages), func(b *testing.B) {
			const perPage = mem.PageSize / 8
			var code []uint32
			for range pages * perPage {
				code = append(code, addi(7, 7, 1), jal(0, 4))
			}
			code[len(code)-1] = ecall
			c, e := machine(b, nil)
			end := codeBase + uint64(4*len(code)+2*mem.PageSize)&^(mem.PageSize-1)
			if err := c.Mem.Map(mem.VMA{Start: codeBase * 0x100, End: codeBase*0x100 + end, Prot: mem.Read | mem.Exec}); err != nil {
				b.Fatal(err)
			}
			const base = codeBase * 0x100
			var raw []byte
			for _, i := range code {
				raw = binary.LittleEndian.AppendUint32(raw, i)
			}
			c.Mem.Poke(base, raw)
			run := func(pc, n uint64, want ir.Exit) {
				c.PC = pc
				if x := e.Run(n, false); x != want {
					b.Fatalf("exit %d at %#x", x, c.PC)
				}
			}
			run(base, 1<<40, ir.ExitSyscall)
			var patch [4]byte
			b.ResetTimer()
			for i := range b.N {
				binary.LittleEndian.PutUint32(patch[:], addi(7, 0, uint32(i)&0x7ff))
				c.Mem.Poke(base+64, patch[:])
				run(base+64, 2, ir.ExitLimit)
				if c.R[7] != uint64(i)&0x7ff {
					b.Fatalf("x7 = %d after patch %d", c.R[7], i)
				}
			}
		})
	}
}
