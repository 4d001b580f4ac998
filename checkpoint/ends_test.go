package checkpoint

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

// bg is the context of requests that nobody cancels.
var bg = context.Background()

// Instructions of steadyProgram.
const (
	pcLoop  = toyBase       // every 3 instructions
	pcRare  = toyBase + 4*3 // every 256 turns of the loop
	pcRarer = toyBase + 4*6 // every 256th of these
)

// Addresses that steadyProgram stores to at these.
const (
	loopWord  = 0x1000
	rareWord  = 0x9000
	rarerWord = 0xc000
)

// steadyProgram counts in a loop of three instructions, stores the count, and
// does something else rarely and more rarely.
func steadyProgram(length uint64) *toyProgram {
	return &toyProgram{threads: 1, length: length, ins: []toyIns{
		{op: opALU, a: 2, b: 2, imm: 1, c: 1},
		{op: opStore, a: 2, b: 1, imm: loopWord},
		{op: opBranch, a: 2, c: 0xff, imm: 0},
		{op: opStore, a: 2, b: 1, imm: rareWord},
		{op: opALU, a: 3, b: 3, imm: 1, c: 1},
		{op: opBranch, a: 3, c: 0xff, imm: 0},
		{op: opStore, a: 2, b: 1, imm: rarerWord},
		{op: opBranch, a: 6, c: 1, imm: 0},
		{op: opExit},
	}}
}

// steady returns a timeline of the steady program, run to its exit.
func steady(t testing.TB, length uint64, cfg Config) (*Timeline, *toy) {
	t.Helper()
	m := newToy(steadyProgram(length), &vm.Log{}, randomOutside(1))
	tl := New(m, cfg)
	if s := tl.Forward(bg, math.MaxUint64, nil); s.Reason != vm.StopExit {
		t.Fatalf("ran to %+v", s)
	}
	return tl, m
}

func fixedSpacing(n uint64) Config { return Config{MinSpacing: n, MaxSpacing: n} }

func breakAt(addrs ...uint64) *vm.Stops { return &vm.Stops{Breaks: vm.NewBreaks(addrs...)} }

// nowhere asks for something that never happens, in a way that no index rules out.
func nowhere() *vm.Stops {
	s := breakAt(pcLoop)
	s.Filter = func(*vm.Stop) bool { return false }
	return s
}

func watchWrites(addr uint64) *vm.Stops {
	return &vm.Stops{Watches: []vm.Watch{{Addr: addr, Size: 8, Write: true}}}
}

func mustSeek(t testing.TB, tl *Timeline, icount uint64) {
	t.Helper()
	if err := tl.Seek(bg, icount); err != nil || tl.Icount() != icount {
		t.Fatalf("seek to %d: %v, at %d", icount, err, tl.Icount())
	}
}

func mustBack(t testing.TB, tl *Timeline, lower uint64, stops *vm.Stops) vm.Stop {
	t.Helper()
	s, err := tl.Back(bg, lower, stops)
	if err != nil || tl.Icount() != s.Icount {
		t.Fatalf("back: %+v, %v, at %d", s, err, tl.Icount())
	}
	return s
}

func TestBothEndsHold(t *testing.T) {
	tl, _ := steady(t, 5000, fixedSpacing(300))
	end := tl.Frontier()
	for range 3 {
		if s := tl.Forward(bg, math.MaxUint64, nil); s.Reason != vm.StopExit || s.Icount != end || !tl.Live() {
			t.Fatalf("forward after the exit: %+v", s)
		}
	}
	if s := mustBack(t, tl, 0, breakAt(pcRare)); s.Reason != vm.StopBreak || s.PC != pcRare || tl.Live() {
		t.Errorf("back after the exit: %+v", s)
	}
	mustSeek(t, tl, 0)
	for range 3 {
		if s := mustBack(t, tl, 0, breakAt(pcLoop)); s.Reason != vm.StopLimit || s.Icount != 0 {
			t.Fatalf("back at the beginning: %+v", s)
		}
	}
	if s := tl.Forward(bg, math.MaxUint64, nil); s.Reason != vm.StopExit || s.Icount != end {
		t.Errorf("forward to the exit again: %+v", s)
	}
}

func TestSeekBeyondTheFrontierSaysSo(t *testing.T) {
	tl := New(newToy(steadyProgram(5000), &vm.Log{}, randomOutside(1)), Config{})
	tl.Forward(bg, 100, nil)
	if err := tl.Seek(bg, 101); !errors.Is(err, ErrBeyondFrontier) || tl.Icount() != 100 {
		t.Errorf("%v, at %d", err, tl.Icount())
	}
}

func TestForwardGoesOnLiveFromThePast(t *testing.T) {
	tl := New(newToy(steadyProgram(5000), &vm.Log{}, randomOutside(1)), fixedSpacing(200))
	tl.Forward(bg, 1000, nil)
	mustSeek(t, tl, 10)
	if s := tl.Forward(bg, 2000, nil); s.Reason != vm.StopLimit || tl.Icount() != 2000 || tl.Frontier() != 2000 || !tl.Live() {
		t.Errorf("%+v, at %d, frontier %d", s, tl.Icount(), tl.Frontier())
	}
}

// damaged returns a timeline whose log has become unusable at the end of its
// history, to replay which fails.
func damaged(t *testing.T) (tl *Timeline, m *toy) {
	prog := steadyProgram(5000)
	prog.ins[4] = toyIns{op: opAsk, a: 3, b: 1, imm: 0x3000} // every 256 turns
	m = newToy(prog, &vm.Log{}, randomOutside(1))
	tl = New(m, fixedSpacing(700))
	tl.Forward(bg, 3000, nil)
	if m.log.Len() < 3 {
		t.Fatalf("%d inputs", m.log.Len())
	}
	m.log.At(2).Kind = vm.InputInit
	return tl, m
}

func TestReplayThatDivergesLeavesTheMachineWhereItWas(t *testing.T) {
	tl, m := damaged(t)
	bad := m.log.At(2).Icount
	mustSeek(t, tl, bad-100)
	hash := m.Hash()
	// All checkpoints after the damage are in the way: a seek would restore
	// them and never see it.
	tl.store.list = tl.store.list[:tl.store.after(bad-1)]

	if err := tl.Seek(bg, bad+10); err == nil || errors.Is(err, ErrCancelled) {
		t.Errorf("seek: %v", err)
	}
	if m.Hash() != hash || m.err != nil {
		t.Fatalf("after a failed seek at %d, %v", m.Icount(), m.err)
	}
	for _, stops := range []*vm.Stops{nil, nowhere()} {
		if s := tl.Forward(bg, bad+10, stops); s.Reason != vm.StopError || s.Err == nil || s.Icount != bad-100 {
			t.Errorf("forward: %+v", s)
		}
		if m.Hash() != hash || m.err != nil {
			t.Fatalf("after a failed forward at %d, %v", m.Icount(), m.err)
		}
	}
	mustSeek(t, tl, bad-50)
}

func TestSearchThatDivergesLeavesTheMachineWhereItWas(t *testing.T) {
	tl, m := damaged(t)
	hash := m.Hash()
	s, err := tl.Back(bg, 0, nowhere())
	if err == nil || s.Reason != vm.StopError || s.Err == nil {
		t.Errorf("%+v, %v", s, err)
	}
	if m.Hash() != hash || m.err != nil {
		t.Errorf("at %d, %v", m.Icount(), m.err)
	}
}

func TestDisabledKeepsOnlyTheFirstAndPinnedCheckpoints(t *testing.T) {
	tl, _ := steady(t, 20_000, Config{MinSpacing: 100, MaxSpacing: 100, Disabled: true})
	mustSeek(t, tl, 9000)
	tl.Pin()
	mustSeek(t, tl, 15_000)
	mustBack(t, tl, 0, watchWrites(rareWord))
	mustSeek(t, tl, 3)
	var at []uint64
	for _, c := range tl.Checkpoints() {
		if c.Icount != tl.base.icount {
			at = append(at, c.Icount)
		}
	}
	if len(at) > 2 || tl.store.at(9000) == nil || tl.store.at(0) == nil {
		t.Errorf("checkpoints at %d", at)
	}
}

func TestANewTimelineWantsAFreshMachine(t *testing.T) {
	m := newToy(steadyProgram(100), &vm.Log{}, randomOutside(1))
	m.Run(1, nil)
	defer func() {
		if recover() == nil {
			t.Error("accepted a machine at icount 1")
		}
	}()
	New(m, Config{})
}

// asking is a program that asks for an input in every fourth instruction, for
// the guest kernel to store at 0x2000.
func asking(t *testing.T) *Timeline {
	t.Helper()
	prog := &toyProgram{threads: 1, length: 1000, ins: []toyIns{
		{op: opALU, a: 2, b: 2, imm: 1, c: 1},
		{op: opAsk, a: 4, b: 1, imm: 0x2000},
		{op: opALU, a: 2, b: 2, imm: 1, c: 1},
		{op: opExit},
	}}
	tl := New(newToy(prog, &vm.Log{}, randomOutside(1)), fixedSpacing(100))
	if s := tl.Forward(bg, 400, nil); s.Reason != vm.StopLimit {
		t.Fatalf("%+v", s)
	}
	return tl
}

// An access by the guest kernel is reported after it, where the machine is at
// the next instruction already: whatever is to be reported there must not be
// passed over.
func TestStopRightAfterAKernelAccessIsFound(t *testing.T) {
	tl := asking(t)
	s := watchWrites(0x2000)
	s.Breaks = vm.NewBreaks(toyBase + 4*2) // the instruction after
	for k := range uint64(50) {
		want := 400 - 4*(k+1)
		if got := mustBack(t, tl, 0, s); got.Reason != vm.StopBreak || got.Icount != want+2 {
			t.Fatalf("at %d: %+v", want+2, got)
		}
		if got := mustBack(t, tl, 0, s); got.Reason != vm.StopWatch || got.Icount != want+1 || got.After {
			t.Fatalf("at %d: %+v", want+1, got)
		}
	}
}

// One instruction can be several stops: a filter that says no to one of them is
// asked about the others, however often it has been asked before.
func TestFilterIsAskedAboutEveryStopOfAnInstruction(t *testing.T) {
	word := vm.Watch{Addr: 0x2000, Size: 8, Write: true}
	for name, s := range map[string]*vm.Stops{
		"break and kernel access": {
			Breaks:  vm.NewBreaks(toyBase + 4),
			Watches: []vm.Watch{word},
			Filter:  func(s *vm.Stop) bool { return s.Reason == vm.StopWatch },
		},
		"two watches": {
			Watches: []vm.Watch{word, word},
			Filter:  func(s *vm.Stop) bool { return s.Watch == 1 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			tl := asking(t)
			tl.tune.manyCalls = 1
			for k := range uint64(50) {
				want := 400 - 4*(k+1) + 1
				if got := mustBack(t, tl, 0, s); got.Reason != vm.StopWatch || got.Icount != want {
					t.Fatalf("want a stop at %d, got %+v", want, got)
				}
			}
		})
	}
}
