package vm

import (
	"slices"
	"testing"
)

// What was skipped is missing, what was kept between is there, and the order of
// what follows starts anew.
func TestLogWithSkippedInputs(t *testing.T) {
	in := func(icount uint64) *Input { return &Input{Icount: icount} }
	var l Log
	l.Append(in(0))
	l.Skip(3)
	l.Append(in(50))
	l.Skip(1 << 40) // takes no memory
	l.Append(in(70))
	l.Append(in(70))
	base := 5 + 1<<40
	if l.Base() != base || l.Len() != base+2 {
		t.Fatalf("base %d, length %d; want %d, %d", l.Base(), l.Len(), base, base+2)
	}
	for i, want := range map[int]uint64{0: 0, 4: 50, base: 70, base + 1: 70} {
		if got := l.At(i); got == nil || got.Icount != want {
			t.Errorf("input %d is %v, want one at icount %d", i, got, want)
		}
	}
	var all []int
	for i, in := range l.All() {
		if in != l.At(i) {
			t.Errorf("All has %v for %d", in, i)
		}
		all = append(all, i)
	}
	if !slices.Equal(all, []int{0, 4, base, base + 1}) {
		t.Errorf("All lists %v", all)
	}
	for _, i := range []int{-1, 1, 3, 5, base - 1, base + 2} {
		if got := l.At(i); got != nil {
			t.Errorf("input %d is %v, want none", i, got)
		}
	}
}

// OnGrow sees the log as it is after an input and at a wait.
func TestLogTellsThatItGrows(t *testing.T) {
	var l Log
	l.Waits(10)
	if l.Frontier() != 0 {
		t.Error("a wait that nobody asked about moved the frontier")
	}
	var calls []bool
	l.OnGrow = func(wait bool) {
		calls = append(calls, wait)
		if l.Len() != 1 || wait && l.Frontier() != 20 {
			t.Errorf("%d inputs and frontier %d at call %d", l.Len(), l.Frontier(), len(calls))
		}
	}
	l.Append(&Input{Icount: 15})
	l.Waits(20)
	if len(calls) != 2 || calls[0] || !calls[1] {
		t.Errorf("OnGrow was called with %v, want false, true", calls)
	}
}
