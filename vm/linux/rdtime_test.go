package linux_test

import (
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// TestTheTimeRegisterFollowsTheMonotonicClock reads both around a sleep, also
// when the reads are replayed from a snapshot before it.
func TestTheTimeRegisterFollowsTheMonotonicClock(t *testing.T) {
	const second = 1_000_000_000
	a := newAsm()
	a.li(s0, dataBase)
	a.li(t0, 3)
	a.sd(t0, s0, 0) // struct timespec{3, 0}
	a.sys(101, dataBase, 0)
	a.label("slept")
	a.emit(0xc0102073 | s1<<7) // rdtime s1
	a.sys(113, 1, dataBase)    // clock_gettime(CLOCK_MONOTONIC)
	a.ld(a1, s0, 0)
	a.ld(a2, s0, 8)
	a.label("end")
	a.exit(0)
	m := boot(t, a.elf(), nil)
	start := m.Snapshot()
	for range 2 {
		if st := m.Run(forever, &vm.Stops{Breaks: vm.NewBreaks(a.labels["end"])}); st.Reason != vm.StopBreak {
			t.Fatalf("%+v", st)
		}
		th := m.CurrentThread()
		read, clock := m.Reg(th, s1), m.Reg(th, a1)*second+m.Reg(th, a2)
		if read < 3*second || clock < read || clock-read > 20 {
			t.Fatalf("the time register says %d ns, the clock just after it %d ns", read, clock)
		}
		m.Restore(start)
	}
}
