package gdbstub

import (
	"context"
	"debug/elf"
	"fmt"
	"net"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// BenchmarkBack measures what going back costs a client, over the length of the
// history in instructions: bs, which gdb's reverse steps are made of, and bc to
// a breakpoint in the hottest loop whose condition holds once in 4096 turns. The
// connection is one in memory.
func BenchmarkBack(b *testing.B) {
	for _, history := range []uint64{1e6, 1e7, 1e8} {
		st := newGuest(b, "spin", nil)
		if s := st.tl.Forward(context.Background(), history, nil); s.Reason != vm.StopLimit {
			b.Fatal(s)
		}
		here := st.m.Reg(st.m.CurrentThread(), st.m.Arch().PC)
		ours, theirs := net.Pipe()
		done := make(chan error, 1)
		go func() { done <- st.server.Serve(context.Background(), theirs) }()
		s := newScanner(ours)
		call := func(data string) {
			if _, err := ours.Write(frame(data)); err != nil {
				b.Fatal(err)
			}
			for {
				kind, answer, err := s.next()
				if err != nil || kind == itemPacket && (len(answer) == 0 || answer[0] == 'E') {
					b.Fatalf("%s: %s, %v", data, answer, err)
				}
				if kind == itemPacket {
					return
				}
			}
		}
		call("QStartNoAckMode")
		b.Run(fmt.Sprintf("bs/%.0e", float64(history)), func(b *testing.B) {
			for b.Loop() {
				call("bs")
			}
		})
		call("qRcmd," + hexText("end"))
		const everyPage = "1a" + "230fff" + "0f" + "0e" + "27" // (turns & 4095) == 0
		call(fmt.Sprintf("Z0,%x,4;Xc,24%08x%s", here, symbol(b, st.exe, "turns"), everyPage))
		b.Run(fmt.Sprintf("bc/%.0e", float64(history)), func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				if n%10 == 9 { // stay in the past that there is
					b.StopTimer()
					call("qRcmd," + hexText("end"))
					b.StartTimer()
				}
				call("bc")
			}
		})
		ours.Close()
		<-done
	}
}

// symbol is the address of a symbol of a guest.
func symbol(b *testing.B, exe, name string) uint64 {
	b.Helper()
	f, err := elf.Open(exe)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	list, err := f.Symbols()
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range list {
		if s.Name == name {
			return s.Value
		}
	}
	b.Fatalf("%s has no symbol %s", exe, name)
	return 0
}
