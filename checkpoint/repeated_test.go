package checkpoint_test

import (
	"bytes"
	"context"
	"debug/elf"
	"math"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
)

// Each iteration of a repeated string instruction is a position of its own: a
// breakpoint on it is hit before each, a watch on what it writes by one of them, and
// going back finds the same places as going forward.
func TestEachIterationOfARepeatedInstructionIsAPosition(t *testing.T) {
	t.Parallel()
	f := truthOf(t, testdata.AMD64, "x86")
	file, err := elf.NewFile(bytes.NewReader(f.file))
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	address := func(name string) uint64 {
		i := slices.IndexFunc(symbols, func(s elf.Symbol) bool { return s.Name == name })
		if i < 0 {
			t.Fatalf("no symbol %s", name)
		}
		return symbols[i].Value
	}
	m := replayer(t, f.cfg, f.log)
	code := make([]byte, 64)
	m.ReadMemory(address("copy"), code)
	at := bytes.Index(code, []byte{0xf3, 0xa4}) // rep movsb
	if at < 0 {
		t.Fatalf("no rep movsb in % x", code)
	}
	rep, to := address("copy")+uint64(at), address("to")
	for name, stops := range map[string]*vm.Stops{
		"breakpoint": {Breaks: vm.NewBreaks(rep)},
		"watch":      {Watches: []vm.Watch{{Addr: to + 150, Size: 2, Write: true}}},
	} {
		first := replayer(t, f.cfg, f.log)
		tl := checkpoint.New(first, checkpoint.Config{MinSpacing: 3000, MaxSpacing: 3000})
		var hits []uint64
		for len(hits) < 450 {
			s := tl.Forward(context.Background(), math.MaxUint64, stops)
			if s.Reason != vm.StopBreak && s.Reason != vm.StopWatch {
				break
			}
			f.check(t, first, name)
			hits = append(hits, s.Icount)
		}
		if name == "breakpoint" {
			// copy(to + 5, from, 300): before each iteration, and nothing in between.
			if len(hits) != 450 || hits[299] != hits[0]+299 || hits[300] == hits[299]+1 {
				t.Fatalf("%d hits, at %v", len(hits), hits)
			}
			if err := tl.Seek(context.Background(), hits[100]); err != nil {
				t.Fatal(err)
			}
			if rcx, _ := first.Arch().RegByName("rcx"); first.Reg(first.CurrentThread(), rcx) != 200 {
				t.Errorf("after 100 of 300 iterations rcx is %d", first.Reg(first.CurrentThread(), rcx))
			}
		} else if len(hits) < 4 || len(hits) > 400 {
			t.Fatalf("%d writes", len(hits))
		}
		if err := tl.Seek(context.Background(), hits[len(hits)-1]); err != nil {
			t.Fatal(err)
		}
		for i := len(hits) - 2; i >= 0; i-- {
			s, err := tl.Back(context.Background(), 0, stops)
			if err != nil || s.Icount != hits[i] {
				t.Fatalf("%s: back from %d leads to %+v, %v; forward it was hit at %d", name, hits[i+1], s, err, hits[i])
			}
		}
		f.check(t, first, name+", back at the first")
	}
}
