package engine_test

import (
	"debug/elf"
	"io"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
	"github.com/dap-revexec/dap-revexec/vm/rv64"
)

// guest is a bare machine: a static executable and nothing but exit.
type guest struct {
	cpu ir.CPU
	eng *engine.Engine
}

func load(t testing.TB, path string) *guest {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g := &guest{}
	g.cpu.Mem = mem.NewSpace()
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD {
			continue
		}
		var prot mem.Prot
		for flag, bit := range map[elf.ProgFlag]mem.Prot{elf.PF_R: mem.Read, elf.PF_W: mem.Write, elf.PF_X: mem.Exec} {
			if p.Flags&flag != 0 {
				prot |= bit
			}
		}
		v := mem.VMA{Start: p.Vaddr &^ 4095, End: (p.Vaddr + p.Memsz + 4095) &^ 4095, Prot: prot}
		if err := g.cpu.Mem.Map(v); err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(io.LimitReader(p.Open(), int64(p.Filesz)))
		if err != nil || !g.cpu.Mem.Poke(p.Vaddr, data) {
			t.Fatal("load", err)
		}
	}
	const stack = 0x3000000000
	if err := g.cpu.Mem.Map(mem.VMA{Start: stack - 1<<20, End: stack, Prot: mem.Read | mem.Write}); err != nil {
		t.Fatal(err)
	}
	g.cpu.R[rv64.SP] = stack - 4096
	g.cpu.R[rv64.Resv] = rv64.NoResv
	g.cpu.PC = f.Entry
	g.eng = engine.New(&g.cpu, rv64.Translator{})
	return g
}
