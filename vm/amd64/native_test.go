//go:build linux && amd64

package amd64_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/arch/x86/x86asm"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
)

var (
	nativeCases = flag.Int("native.cases", 50, "cases per instruction form that are compared with the host's CPU")
	nativeSeed  = flag.Uint64("native.seed", 0, "seed of one more run of the cases compared with the host's CPU; 0: from the time")
	nativeForms = flag.String("native.forms", "", "compare only forms with these names, comma-separated")
)

// comparison runs cases on both sides and collects what differs.
type comparison struct {
	t    *testing.T
	n    *native
	m    *machine
	g    *gen
	todo []*testCase

	cases    int
	failures map[string]int // by form
	missing  map[string]int // forms that the VM does not have
	undef    map[string]int // differences in undefined flags and results
}

func newComparison(t *testing.T, n *native, seed uint64) *comparison {
	c := &comparison{t: t, n: n, m: newMachine(t), failures: map[string]int{}, missing: map[string]int{}, undef: map[string]int{}}
	c.g = &gen{Rand: rand.New(rand.NewPCG(seed, 64)), window: new([pageSize]byte)}
	return c
}

// fillWindow chooses what the window holds for the cases that follow.
func (c *comparison) fillWindow(values string) {
	c.flush()
	for i := 0; i < pageSize; i += 16 {
		copy(c.g.window[i:], c.g.bytes(pick(c.g, []string{"int", "pi", values, values}), 16))
	}
	*c.n.window = *c.g.window
}

// add queues a case; flush runs what is queued.
func (c *comparison) add(k *testCase) {
	c.todo = append(c.todo, k)
	if len(c.todo) == batchSize {
		c.flush()
	}
}

func (c *comparison) flush() {
	for i, k := range c.todo {
		c.n.cases[i].set(k, c.g.window)
	}
	if len(c.todo) == 0 {
		return
	}
	if err := c.n.run(len(c.todo)); err != nil {
		c.t.Fatal(err)
	}
	for i, k := range c.todo {
		c.compare(k, &c.n.cases[i])
	}
	c.cases += len(c.todo)
	c.todo = c.todo[:0]
}

// set fills in a case's inputs.
func (n *nativeCase) set(k *testCase, window *[pageSize]byte) {
	n.GPR, n.RIP, n.Flags, n.Steps = k.in.GPR, k.in.RIP, k.in.Flags, k.steps
	n.CodeLen = uint32(copy(n.Code[:], k.code))
	k.in.toFX(n.FX[:])
	lo, hi := 0, pageSize
	for lo < hi && k.in.Window[lo] == window[lo] {
		lo++
	}
	for hi > lo && k.in.Window[hi-1] == window[hi-1] {
		hi--
	}
	if hi-lo > maxPatch || len(k.code) > maxCode {
		panic("native case: too much memory or code")
	}
	n.PatchAt, n.PatchLen = uint64(lo), uint32(hi-lo)
	copy(n.Patch[:], k.in.Window[lo:hi])
}

// result is the state that a case led to on the host.
func (n *nativeCase) result(window *[pageSize]byte) *state {
	s := &state{GPR: n.OutGPR, RIP: n.OutRIP, Flags: n.OutFlags}
	s.fromFX(n.OutFX[:])
	s.Window = *window
	for _, d := range n.Diff[:min(n.NDiff, maxDiff)] {
		for i := range uint64(8) {
			s.Window[d.At+i] = byte(d.Value >> (8 * i))
		}
	}
	return s
}

func (c *comparison) compare(k *testCase, n *nativeCase) {
	want, wantHow := n.result(c.g.window), nativeOutcome(n)
	if wantHow.Sig != 0 {
		for _, in := range k.insns {
			if in.start == want.RIP {
				k.undef = in.undef
			}
		}
	}
	got := k.in
	gotHow := c.m.run(&got, k.code, k.steps)
	name := k.name()
	if gotHow.Sig == syscall.SIGILL && (wantHow.Sig != syscall.SIGILL || wantHow.Left < gotHow.Left) {
		c.missing[k.formAt(got.RIP)]++
		refused := wantHow.Sig == syscall.SIGSEGV && !wantHow.Page // as more than 15 bytes are
		if !refused && !beyondLevel(k.code[got.RIP-k.in.RIP:]) && len(c.missing) < 60 {
			c.t.Errorf("%s\n  at %#x: an invalid instruction, want: %v", k, got.RIP, wantHow)
		}
		return
	}
	if code := k.insns[0].bytes; wantHow.Sig == syscall.SIGSEGV && bytes.Contains(code, []byte{0x0f, 0xf7}) {
		// AMD's change the x87 registers over to MMX before maskmovq faults, and
		// name another byte of the operand.
		want.FSW, want.FTag = got.FSW, got.FTag
		wantHow.Addr = gotHow.Addr
	}
	var diff []string
	if gotHow.Sig != wantHow.Sig || gotHow.Left != wantHow.Left || gotHow.Page && wantHow.Page && !k.samePlace(gotHow.Addr, wantHow.Addr) {
		diff = append(diff, fmt.Sprintf("ended: %v, want %v", gotHow, wantHow))
	}
	diff = append(diff, differences(k, &got, want)...)
	if (got.Flags^want.Flags)&k.undef != 0 {
		c.undef[name]++
	}
	if k.soft && diff != nil {
		c.undef[name]++
		return
	}
	if diff == nil {
		return
	}
	if c.failures[name]++; c.failures[name] > 2 || len(c.failures) > 60 {
		return
	}
	const most = 10
	if len(diff) > most {
		diff = append(diff[:most], fmt.Sprintf("  and %d more", len(diff)-most))
	}
	c.t.Errorf("%s\n%s", k, strings.Join(diff, "\n"))
}

// samePlace reports whether two addresses of a fault agree. In an operand of more
// than 16 bytes processors access some other byte of the page first.
func (k *testCase) samePlace(a, b uint64) bool {
	if k.insns[0].form.size > 16 {
		return a/pageSize == b/pageSize
	}
	return a == b
}

// beyondLevel reports whether the instruction at the start of code is one that
// the host may have and a processor of level v2 has not.
func beyondLevel(code []byte) bool {
	i := slices.IndexFunc(code, func(b byte) bool {
		return b&0xf0 != 0x40 && bytes.IndexByte([]byte{0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3}, b) < 0
	})
	if i < 0 {
		return false
	}
	prefixes, code := code[:i], append(code[i:len(code):len(code)], make([]byte, 4)...)
	has := func(p byte) bool { return bytes.IndexByte(prefixes, p) >= 0 }
	switch {
	case code[0] == 0xc4 || code[0] == 0xc5 || code[0] == 0x62: // VEX, EVEX
		return true
	case code[0] != 0x0f:
		return false
	case code[1] == 0x38:
		return code[2]&0xfe == 0xf0 && !has(0xf2) || code[2]&0xfc == 0x80 || has(0xf0) // movbe; invpcid and the like
	}
	return code[1] == 0x2b && (has(0xf2) || has(0xf3)) || has(0xf0) // movntss, movntsd; lock where it is none
}

// differences lists how two states differ in what is defined.
func differences(k *testCase, got, want *state) (diff []string) {
	note := func(what string, g, w any) {
		diff = append(diff, fmt.Sprintf("  %-6s %#x, want %#x", what, g, w))
	}
	for i := range got.GPR {
		if got.GPR[i] != want.GPR[i] {
			note(gprNames[i], got.GPR[i], want.GPR[i])
		}
	}
	if got.RIP != want.RIP {
		note("rip", got.RIP, want.RIP)
	}
	if x := (got.Flags ^ want.Flags) &^ k.undef; x != 0 {
		diff = append(diff, fmt.Sprintf("  flags  %s, want %s", flagText(got.Flags, k.undef), flagText(want.Flags, k.undef)))
	}
	tol := k.tolerance()
	for i := range got.XMM {
		if got.XMM[i] != want.XMM[i] && !close(tol, got.XMM[i], want.XMM[i]) {
			note(fmt.Sprintf("xmm%d", i), []uint64{got.XMM[i][1], got.XMM[i][0]}, []uint64{want.XMM[i][1], want.XMM[i][0]})
		}
	}
	if got.MXCSR != want.MXCSR {
		note("mxcsr", got.MXCSR, want.MXCSR)
	}
	if got.FCW != want.FCW {
		note("fcw", got.FCW, want.FCW)
	}
	codes := uint16(0) // condition codes that may differ
	if tol == "ld" && want.FSW&0x20 != 0 {
		codes = c1 // an approximation may have been rounded the other way
	}
	if (got.FSW^want.FSW)&^codes != 0 {
		note("fsw", got.FSW, want.FSW)
	}
	if got.FTag != want.FTag {
		note("ftag", got.FTag, want.FTag)
	}
	for i := range got.FP {
		if got.FP[i] != want.FP[i] && !close80(tol, got.FP[i], want.FP[i]) {
			note(fmt.Sprintf("fp%d", i), []uint64{uint64(got.FP[i].Exp), got.FP[i].Mant}, []uint64{uint64(want.FP[i].Exp), want.FP[i].Mant})
		}
	}
	if got.Window != want.Window {
		g, w := got.Window, want.Window
		for _, m := range k.masks {
			for i := range uint64(8) {
				if m.at+i < pageSize {
					b := byte(m.bits >> (8 * i))
					g[m.at+i] &^= b
					w[m.at+i] &^= b
				}
			}
		}
		for i := 0; i < pageSize; i += 8 {
			if !slices.Equal(g[i:i+8], w[i:i+8]) {
				diff = append(diff, fmt.Sprintf("  [%#x] %s, want %s", windowAt+i, hex.EncodeToString(g[i:i+8]), hex.EncodeToString(w[i:i+8])))
			}
		}
	}
	return diff
}

var gprNames = strings.Fields("rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15")

func flagText(v, undef uint64) string {
	var s strings.Builder
	for _, f := range []struct {
		name string
		bit  uint64
	}{{"OF", amd64.FlagOF}, {"DF", amd64.FlagDF}, {"SF", amd64.FlagSF}, {"ZF", amd64.FlagZF}, {"AF", amd64.FlagAF}, {"PF", amd64.FlagPF}, {"CF", amd64.FlagCF}} {
		switch {
		case undef&f.bit != 0:
			fmt.Fprintf(&s, "(%s)", strings.ToLower(f.name))
		case v&f.bit != 0:
			s.WriteString(f.name + " ")
		default:
			s.WriteString("-- ")
		}
	}
	return fmt.Sprintf("%s%#x", &s, v)
}

func (k *testCase) name() string {
	if len(k.insns) > 1 {
		return "sequence"
	}
	return k.insns[0].form.name
}

// formAt is the name of the form of the instruction at pc.
func (k *testCase) formAt(pc uint64) string {
	for _, in := range k.insns {
		if in.start == pc {
			return in.form.name
		}
	}
	return "?"
}

func (k *testCase) tolerance() string { return k.insns[0].form.tol }

// String shows a case so that it can be repeated by hand.
func (k *testCase) String() string {
	var s strings.Builder
	for _, in := range k.insns {
		text := in.form.name
		if x, err := x86asm.Decode(in.bytes, 64); err == nil {
			text = x86asm.GNUSyntax(x, in.start, nil)
		}
		fmt.Fprintf(&s, "%#x: %x  %s\n", in.start, in.bytes, text)
		if in.isMem && in.at >= windowAt && in.at < windowAt+pageSize {
			fmt.Fprintf(&s, "    [%#x] = % x\n", in.at, k.in.Window[in.at-windowAt:min(in.at-windowAt+16, pageSize)])
		}
	}
	for i, r := range k.in.GPR {
		fmt.Fprintf(&s, "  %s=%#x", gprNames[i], r)
	}
	fmt.Fprintf(&s, "\n  flags=%s", flagText(k.in.Flags, 0))
	if f := k.insns[0].form; f.values != "int" || f.x87 {
		fmt.Fprintf(&s, " mxcsr=%#x", k.in.MXCSR)
		for _, i := range []int{k.insns[0].reg & 15, k.insns[0].rm} {
			fmt.Fprintf(&s, " xmm%d=%#x:%#x", i, k.in.XMM[i][1], k.in.XMM[i][0])
		}
		if !f.x87 && !f.mmx {
			return s.String()
		}
		fmt.Fprintf(&s, "\n  fcw=%#x fsw=%#x ftag=%#x", k.in.FCW, k.in.FSW, k.in.FTag)
		for i := range k.in.FP {
			r := k.in.FP[(int(k.in.FSW>>11)+i)&7]
			fmt.Fprintf(&s, " st%d=%#x:%#x", i, r.Exp, r.Mant)
		}
	}
	return s.String()
}

// report writes the statistics.
func (c *comparison) report() {
	c.flush()
	for what, counts := range map[string]map[string]int{"not implemented": c.missing, "undefined results differ": c.undef, "FAILED": c.failures} {
		var names []string
		for name, n := range counts {
			names = append(names, fmt.Sprintf("%s %d", name, n))
		}
		if sort.Strings(names); names != nil {
			c.t.Logf("%s: %s", what, strings.Join(names, ", "))
		}
	}
	c.t.Logf("%d cases", c.cases)
}

// seeds are those that are always used, and one from the time or the command
// line.
func seeds(t *testing.T) []uint64 {
	s := *nativeSeed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (repeat with -native.seed)", s)
	return []uint64{1, s}
}

func selected(forms []*form) []*form {
	if *nativeForms == "" {
		return forms
	}
	names := strings.Split(*nativeForms, ",")
	return slices.DeleteFunc(slices.Clone(forms), func(f *form) bool { return !slices.Contains(names, f.name) })
}

// TestInstructionsAgreeWithTheHostCPU executes each instruction form with random
// operands, registers and flags on the host's CPU and in the VM: all registers,
// defined flags, memory and the signals of faults are the same.
func TestInstructionsAgreeWithTheHostCPU(t *testing.T) {
	n := startNative(t)
	groups := []struct {
		name  string
		forms []*form
	}{
		{"integer", integerForms()},
		{"sse", sseForms()},
		{"x87", x87Forms()},
	}
	for _, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			for _, seed := range seeds(t) {
				c := newComparison(t, n, seed)
				for _, f := range selected(group.forms) {
					c.fillWindow(f.values)
					for range *nativeCases {
						c.add(c.g.single(f))
					}
				}
				c.report()
			}
		})
	}
}

// TestSequencesAgreeWithTheHostCPU does the same with several instructions in a
// row, which are translated together.
func TestSequencesAgreeWithTheHostCPU(t *testing.T) {
	n := startNative(t)
	integer := integerForms()
	groups := []struct {
		name, values string
		forms        []*form
	}{
		{"integer", "int", integer},
		{"sse", "pd", append(sseForms(), integer...)},
		{"x87", "x87", append(x87Forms(), integer...)},
	}
	for _, group := range groups {
		forms := slices.DeleteFunc(slices.Clone(selected(group.forms)), func(f *form) bool { return f.alone })
		if len(forms) == 0 {
			continue
		}
		t.Run(group.name, func(t *testing.T) {
			for _, seed := range seeds(t) {
				c := newComparison(t, n, seed)
				for range 8 {
					c.fillWindow(group.values)
					for range 5 * *nativeCases {
						c.add(c.g.sequence(forms))
					}
				}
				c.report()
			}
		})
	}
}
