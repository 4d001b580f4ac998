package gdbstub

import (
	"debug/elf"
	"fmt"
	"testing"
)

// Stepping a program that forks never ends within a child, in either direction,
// and bs takes back just what a step did.
func TestStepsStayInTheDebuggedProcess(t *testing.T) {
	for _, watched := range []bool{false, true} {
		t.Run(fmt.Sprintf("watch=%v", watched), func(t *testing.T) {
			g := newGuest(t, "forks", nil)
			st := newStage(g.m, Config{})
			c := st.connect(t)
			c.want(fmt.Sprintf("Z0,%x,4", symbolOf(t, g.exe, "generation")), "OK")
			c.move("vCont;c")
			if watched { // what nobody writes to
				c.want(fmt.Sprintf("Z2,%x,4", symbolOf(t, g.exe, "global")), "OK")
			}
			far := 0
			for range 1500 {
				from := st.tl.Icount()
				c.move("vCont;s")
				to := st.tl.Icount()
				if _, exited := st.m.Exited(); exited {
					break
				}
				if st.m.Elsewhere() {
					t.Fatalf("the step from %d ended in another process, at %d", from, to)
				}
				if to == from+1 {
					continue
				}
				far++
				if c.move("bs"); st.tl.Icount() != from {
					t.Fatalf("a step from %d to %d, and back to %d", from, to, st.tl.Icount())
				}
				if c.move("s"); st.tl.Icount() != to {
					t.Fatalf("the step from %d led to %d, then to %d", from, to, st.tl.Icount())
				}
			}
			if far == 0 {
				t.Error("no step led over another process")
			}
		})
	}
}

func symbolOf(t *testing.T, exe, name string) uint64 {
	t.Helper()
	f, err := elf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	syms, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range syms {
		if s.Name == name {
			return s.Value
		}
	}
	t.Fatalf("no symbol %s", name)
	return 0
}
