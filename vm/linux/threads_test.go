package linux_test

import (
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// The first thread may go before the others: the machine can be looked at,
// captured and restored while nobody runs, and ends with the last one.
func TestFirstThreadExitsBeforeTheOthers(t *testing.T) {
	a := newAsm()
	a.li(t0, dataBase)
	a.li(t1, 1_000_000)
	a.sd(t1, t0, 8)
	a.sys(220, 0x10f00, dataBase+0x2000, 0, 0, 0) // clone
	a.beqz(a0, "child")
	a.sys(93, 1)
	a.label("child")
	a.sys(101, dataBase, 0) // nanosleep
	a.label("woken")
	a.sys(93, 6)
	m := boot(t, a.elf(), nil)
	s := m.Run(forever, &vm.Stops{Breaks: vm.NewBreaks(a.labels["woken"])})
	if s.Reason != vm.StopBreak || s.Thread != 1001 {
		t.Fatalf("stop %+v", s)
	}
	asleep := s.Icount - 1
	m = boot(t, a.elf(), nil)
	m.Run(asleep, nil)
	th := m.Threads()
	if len(th) != 1 || th[0].ID != 1001 || th[0].State != vm.ThreadBlocked || m.CurrentThread() != 1001 {
		t.Fatalf("asleep: current %d of %+v", m.CurrentThread(), th)
	}
	if m.Reg(1000, m.Arch().PC) != 0 || m.RegBytes(1000, a0) != nil {
		t.Error("a thread that has gone has registers")
	}
	snap, hash := m.Snapshot(), m.Hash()
	if st := toEnd(t, m); st.Code != 6 {
		t.Errorf("status %+v", st)
	}
	end := m.Hash()
	m.Restore(snap)
	if m.Hash() != hash {
		t.Error("restored into another state")
	}
	if toEnd(t, m); m.Hash() != end {
		t.Error("the second end is another")
	}
}

func TestMisalignedAtomicRaisesSIGBUS(t *testing.T) {
	a := newAsm()
	a.li(t0, dataBase+4)
	a.label("amo")
	a.emit(0x0062b02f | t1<<7) // amoadd.d t1, t1, (t0)
	m := boot(t, a.elf(), nil)
	s := m.Run(forever, &vm.Stops{Signals: true})
	expectStop(t, s, vm.Stop{Reason: vm.StopSignal, Icount: 2, PC: a.labels["amo"], Addr: dataBase + 4, Signal: 7, Fatal: true})
}

// Threads that never give the CPU away take turns.
func TestSpinningThreadsTakeTurns(t *testing.T) {
	a := newAsm()
	a.sys(220, 0x10f00, dataBase+0x2000, 0, 0, 0) // clone
	a.label("spin")
	a.addi(t0, t0, 1)
	a.j("spin")
	m := boot(t, a.elf(), nil)
	m.Run(1_000_000, nil)
	one, other := m.Reg(1000, t0), m.Reg(1001, t0)
	if one+other < 499_000 || max(one, other)-min(one, other) > 25_000 {
		t.Errorf("they have counted to %d and %d", one, other)
	}
}
