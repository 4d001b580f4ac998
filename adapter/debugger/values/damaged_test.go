package values

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/adapter/symbols"
)

// noise is memory in which some words are others: small numbers, addresses
// nearby, or anything. What is read twice is the same.
type noise struct {
	mem  symbols.Memory
	seed uint64
	rate uint64 // one word in so many
}

func (n noise) ReadMemory(addr uint64, p []byte) int {
	got := n.mem.ReadMemory(addr, p)
	for i := 0; i < got; i++ {
		word := (addr + uint64(i)) &^ 7
		r := rand.New(rand.NewPCG(n.seed, word))
		if r.Uint64()%n.rate != 0 {
			continue
		}
		var other [8]byte
		value := r.Uint64()
		switch r.Uint64() % 5 {
		case 0:
			value %= 64
		case 1:
			value = word + value%256&^7 - 128 // cycles
		case 2:
			value = 1<<62 + value%1024
		case 3:
			value = 0
		}
		binary.LittleEndian.PutUint64(other[:], value)
		p[i] = other[(addr+uint64(i))&7]
	}
	return got
}

// Whatever is in memory, each value has a text and children in a moment.
func TestDamagedMemoryIsShownSomehow(t *testing.T) {
	places := map[string]func() *Context{
		"C++":  func() *Context { return libraryAt(t, "riscv64", "-O0", "main") },
		"Rust": func() *Context { return rustAt(t, "main") },
	}
	for name, at := range places {
		t.Run(name, func(t *testing.T) {
			c := at()
			for seed := range uint64(6) {
				damaged := *c
				damaged.Mem = noise{c.Mem, seed, 3 + 4*(seed%4)}
				locals, err := Locals(&damaged)
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range locals {
					start := time.Now()
					walk([]*Value{v}, 2, func(v *Value) {
						v.Text()
						v.Text(Format{Limit: 10_000})
						if n := v.NumNamed() + v.NumIndexed(); n > 10 {
							v.Children(n-5, 5)
						}
					})
					if d := time.Since(start); d > 10*time.Second {
						t.Errorf("seed %d: %s took %v", seed, v.Name(), d)
					}
				}
			}
		})
	}
}
