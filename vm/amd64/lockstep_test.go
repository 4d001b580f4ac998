//go:build linux && amd64

package amd64_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dap-revexec/dap-revexec/vm/amd64"
	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/mem"
)

var lockstepSteps = flag.Uint64("lockstep.steps", 25_000, "instructions of each program that are executed in lockstep with the host's CPU")

// lockstep executes a program natively and in the VM, an instruction at a time.
// The VM starts from the memory and the registers that the kernel gave the
// native program, and what system calls return and write is taken from there;
// what cpuid and the like say goes the other way.
type lockstep struct {
	n     *traced
	c     *ir.CPU
	e     *engine.Engine
	insts map[uint64]*stepInst
	maps  []mem.VMA // of the native program
	steps uint64
	fps   uint64 // comparisons of x87 and SSE registers

	now     unix.PtraceRegs // native registers
	written []span
	fx      [fxSize]byte
}

type span struct{ addr, size uint64 }

func newLockstep(n *traced) (*lockstep, error) {
	c := &ir.CPU{Mem: mem.NewSpace()}
	amd64.Reset(c.R[:])
	l := &lockstep{n: n, c: c, e: engine.New(c, amd64.Translator{}), insts: map[uint64]*stepInst{}}
	r, err := n.regs()
	if err != nil {
		return nil, err
	}
	if err := n.hideVDSO(r.Rsp); err != nil {
		return nil, err
	}
	l.now = r
	l.adopt()
	return l, l.remap(0, 0)
}

// adopt takes over the native registers.
func (l *lockstep) adopt() {
	r := &l.now
	for i, v := range general(r) {
		l.c.R[i] = *v
	}
	l.c.PC = r.Rip
	l.c.R[amd64.FSBase], l.c.R[amd64.GSBase] = r.Fs_base, r.Gs_base
	amd64.SetRFlags(l.c.R[:], r.Eflags)
}

// general are the general registers in the hardware's order.
func general(r *unix.PtraceRegs) [16]*uint64 {
	return [16]*uint64{&r.Rax, &r.Rcx, &r.Rdx, &r.Rbx, &r.Rsp, &r.Rbp, &r.Rsi, &r.Rdi,
		&r.R8, &r.R9, &r.R10, &r.R11, &r.R12, &r.R13, &r.R14, &r.R15}
}

// remap makes the VM's mappings those of the native program. What is mapped in
// [fresh, freshEnd) has been mapped anew, even if it looks as before.
func (l *lockstep) remap(fresh, freshEnd uint64) error {
	now, err := l.n.maps()
	if err != nil {
		return err
	}
	old := l.maps
	l.maps = now
	for _, v := range old {
		if !slices.Contains(now, v) {
			// What remains of it is mapped again below.
			kept := slices.ContainsFunc(now, func(w mem.VMA) bool { return w.Start < v.End && v.Start < w.End })
			if !kept {
				if err := l.c.Mem.Unmap(v.Start, v.End); err != nil {
					return err
				}
			}
		}
	}
	for _, v := range now {
		if slices.Contains(old, v) && !(v.Start < freshEnd && fresh < v.End) {
			continue
		}
		if err := l.c.Mem.Map(v); err != nil {
			return err
		}
		err := l.n.present(v, func(addr uint64, b []byte) error {
			l.c.Mem.Poke(addr, b)
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, v := range old { // holes that were cut into a region
		for at := v.Start; at < v.End; at += pageSize {
			if !slices.ContainsFunc(now, func(w mem.VMA) bool { return w.Start <= at && at < w.End }) {
				if err := l.c.Mem.Unmap(at, at+pageSize); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// memory compares all memory that can be written. With adopt the VM takes over
// what differs instead.
func (l *lockstep) memory(adopt bool) error {
	var own [pageSize]byte
	for _, v := range l.maps {
		if v.Prot&mem.Write == 0 {
			continue
		}
		err := l.n.present(v, func(addr uint64, b []byte) error {
			l.c.Mem.Peek(addr, own[:])
			if bytes.Equal(own[:], b) {
				return nil
			}
			if adopt {
				l.c.Mem.Poke(addr, b)
				return nil
			}
			i := 0
			for own[i] == b[i] {
				i++
			}
			i &^= 7
			return fmt.Errorf("memory at %#x: % x, want % x", addr+uint64(i), own[i:i+8], b[i:i+8])
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inst is the instruction that the VM stands at.
func (l *lockstep) inst() *stepInst {
	var code [15]byte
	n := l.c.Mem.Fetch(l.c.PC, code[:])
	s := l.insts[l.c.PC]
	if s == nil || !bytes.Equal(s.code, code[:n]) {
		s = classify(code[:n])
		l.insts[l.c.PC] = s
	}
	return s
}

var errExited = errors.New("the program has ended")

// step executes one instruction on both sides and compares.
func (l *lockstep) step() error {
	s := l.inst()
	if s.kind == calling {
		return l.call()
	}
	l.written = l.written[:0]
	s.written(l.c, func(addr, size uint64) { l.written = append(l.written, span{addr, size}) })
	if x := l.e.Run(1, false); x != ir.ExitLimit {
		return fmt.Errorf("the VM stopped with exit %d, memory fault %+v", x, l.c.Mem.Fault)
	}
	if exited, err := l.n.step(); err != nil || exited {
		return errors.Join(err, errors.New("the native program ended without a system call"))
	}
	var err error
	if l.now, err = l.n.regs(); err != nil {
		return err
	}
	l.steps++
	switch s.kind {
	case asking:
		for i, v := range general(&l.now) {
			*v = l.c.R[i]
		}
		amdFlags := amd64.RFlags(l.c.R[:]) & amd64.FlagsArith
		l.now.Eflags = l.now.Eflags&^amd64.FlagsArith | amdFlags
		return l.n.setRegs(&l.now)
	case storing:
		for _, w := range l.written {
			b := make([]byte, w.size)
			l.n.read(w.addr, b)
			l.c.Mem.Poke(w.addr, b)
		}
		l.written = l.written[:0]
	case pushing:
		var b [8]byte
		l.c.Mem.Peek(l.c.R[amd64.RSP], b[:])
		l.n.write(l.c.R[amd64.RSP], b[:])
	}
	return l.compare(s)
}

// compare compares the two sides after an instruction.
func (l *lockstep) compare(s *stepInst) error {
	c := l.c
	var diff []string
	for i, v := range general(&l.now) {
		if c.R[i] != *v {
			diff = append(diff, fmt.Sprintf("%s %#x, want %#x", gprNames[i], c.R[i], *v))
		}
	}
	if c.PC != l.now.Rip {
		diff = append(diff, fmt.Sprintf("rip %#x, want %#x", c.PC, l.now.Rip))
	}
	if c.R[amd64.FSBase] != l.now.Fs_base || c.R[amd64.GSBase] != l.now.Gs_base {
		diff = append(diff, fmt.Sprintf("fs %#x, gs %#x, want %#x, %#x", c.R[amd64.FSBase], c.R[amd64.GSBase], l.now.Fs_base, l.now.Gs_base))
	}
	if x := (amd64.RFlags(c.R[:]) ^ l.now.Eflags) & (amd64.FlagsArith | amd64.FlagDF); x&^s.undef != 0 {
		diff = append(diff, fmt.Sprintf("flags %s, want %s", flagText(amd64.RFlags(c.R[:]), s.undef), flagText(l.now.Eflags, s.undef)))
	} else if x != 0 {
		amd64.SetRFlags(c.R[:], l.now.Eflags)
	}
	if s.fp || l.steps%4096 == 0 {
		more, err := l.compareFP(s)
		if err != nil {
			return err
		}
		diff = append(diff, more...)
	}
	for _, w := range l.written {
		var own, native [64]byte
		c.Mem.Peek(w.addr, own[:w.size])
		l.n.read(w.addr, native[:w.size])
		if own != native {
			diff = append(diff, fmt.Sprintf("memory at %#x: % x, want % x", w.addr, own[:w.size], native[:w.size]))
		}
	}
	if diff != nil {
		return errors.New(strings.Join(diff, "\n"))
	}
	return nil
}

// compareFP compares the x87 and SSE registers. Where two processors may differ
// in the last bits, the VM takes over the native result.
func (l *lockstep) compareFP(s *stepInst) (diff []string, err error) {
	if err := l.n.fx(&l.fx); err != nil {
		return nil, err
	}
	l.fps++
	var want state
	want.fromFX(l.fx[:])
	r := l.c.R[:]
	note := func(what string, got, want any) {
		diff = append(diff, fmt.Sprintf("%s %#x, want %#x", what, got, want))
	}
	for i, w := range want.XMM {
		got := [2]uint64{r[amd64.XMM0+2*i], r[amd64.XMM0+2*i+1]}
		switch {
		case got == w:
		case close(s.tol, got, w):
			r[amd64.XMM0+2*i], r[amd64.XMM0+2*i+1] = w[0], w[1]
		default:
			note(fmt.Sprintf("xmm%d", i), []uint64{got[1], got[0]}, []uint64{w[1], w[0]})
		}
	}
	for i, w := range want.FP {
		got := float80{r[amd64.FP0+2*i], uint16(r[amd64.FP0+2*i+1])}
		switch {
		case got == w || want.FTag>>i&1 == 0:
		case close80(s.tol, got, w):
			r[amd64.FP0+2*i], r[amd64.FP0+2*i+1] = w.Mant, uint64(w.Exp)
		default:
			note(fmt.Sprintf("fp%d", i), []uint64{uint64(got.Exp), got.Mant}, []uint64{uint64(w.Exp), w.Mant})
		}
	}
	if s.tol == "ld" {
		r[amd64.FPSW] = uint64(want.FSW)
	}
	for _, f := range []struct {
		name      string
		got, want uint64
	}{
		{"mxcsr", r[amd64.MXCSR], uint64(want.MXCSR)}, {"fcw", r[amd64.FPCW], uint64(want.FCW)},
		{"fsw", r[amd64.FPSW], uint64(want.FSW)}, {"ftag", r[amd64.FPTag], uint64(want.FTag)},
	} {
		if f.got != f.want {
			note(f.name, f.got, f.want)
		}
	}
	return diff, nil
}

// run goes on for at most max instructions.
func (l *lockstep) run(t *testing.T, max uint64) {
	t.Helper()
	begin := time.Now()
	ended := false
	for l.steps < max && !ended {
		before, icount := l.c.PC, l.c.Icount
		err := l.step()
		if err == nil && l.steps%500_000 == 0 {
			err = l.memory(false)
		}
		switch {
		case errors.Is(err, errExited), errors.Is(err, errWaits):
			ended = true
			t.Log(err)
		case err != nil:
			s := l.insts[before]
			text := "?"
			if s.known {
				text = fmt.Sprint(s.inst)
			}
			t.Fatalf("instruction %d at %#x: % x  %s\n%v", icount, before, s.code, text, err)
		}
	}
	if !ended {
		if err := l.memory(false); err != nil {
			t.Fatalf("after %d instructions: %v", l.steps, err)
		}
	}
	took := time.Since(begin)
	t.Logf("%d instructions, %d comparisons of x87 and SSE registers, %.0f a second, ended: %v", l.steps, l.fps, float64(l.steps)/took.Seconds(), ended)
}

// lockstepPrograms are built from testdata/lockstep, or the host's own.
var lockstepPrograms = []struct {
	name  string
	build []string // compiler, flags and source; nil: argv names a program of the host's
	argv  []string // arguments, after the program's name if it is built
	full  bool     // not in the default selection
}{
	{"strings", []string{"gcc", "-O2", "-static", "strings.c"}, []string{"100000"}, false},
	{"format", []string{"gcc", "-O2", "-static", "format.c", "-lm"}, []string{"100000"}, false},
	{"work", []string{"gcc", "-O2", "-static", "work.c"}, []string{"100000"}, false},
	{"work-vectorized", []string{"gcc", "-O3", "-march=x86-64-v2", "-static", "work.c"}, []string{"100000"}, false},
	{"work-plain", []string{"gcc", "-O0", "-static", "work.c"}, []string{"100000"}, false},
	{"dynamic", []string{"gcc", "-O2", "format.c", "-lm"}, []string{"100000"}, false},
	{"exceptions", []string{"g++", "-O2", "-static", "exceptions.cc"}, []string{"100000"}, false},
	{"go", []string{"go", "build", "gowork.go"}, []string{"3000"}, false},
	{"sqlite3", nil, []string{"sqlite3", ":memory:", "create table t(a,b); with recursive c(x) as (values(1) union all select x+1 from c where x<3000) insert into t select x, sin(x)||'n' from c; select count(*), sum(a), max(b) from t where b like '0.1%';"}, true},
	{"perl", nil, []string{"perl", "-e", `my %h; for my $i (1..20000) { $h{$i % 97} .= chr(65 + $i % 26); } print join(",", map { "$_=" . length $h{$_} } sort keys %h), sprintf("%.15g", exp(1)), "\n"`}, true},
	{"python", nil, []string{"/usr/bin/python3", "-S", "-c", "import re, json; print(sum(i**0.5 for i in range(9999)), re.sub(r'(a+)b', r'\\1', 'aab' * 500)[:9], len(json.dumps(list(range(5000)))), 3**500 % 10**9)"}, true},
	{"awk", nil, []string{"awk", "BEGIN { for (i = 0; i < 30000; i++) { s += sin(i) * log(i + 1); t = t substr(\"abcdef\", i % 6, 2); if (length(t) > 99) t = \"\" } printf \"%.9f %s\\n\", s, t }"}, true},
}

// TestProgramsRunInLockstepWithTheHostCPU single-steps programs natively and in
// the VM: after each instruction all registers, defined flags and the memory
// that it wrote are the same. More than ten million instructions:
//
//	go test ./vm/amd64 -run Lockstep -v -timeout 30m -lockstep.steps 1000000
func TestProgramsRunInLockstepWithTheHostCPU(t *testing.T) {
	for _, p := range lockstepPrograms {
		if p.full && !flagGiven("lockstep.steps") {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			runtime.LockOSThread() // ptrace knows its tracer by the thread
			defer runtime.UnlockOSThread()
			dir := t.TempDir()
			argv := p.argv
			if p.build != nil {
				need(t, p.build[0])
				argv = append([]string{buildProgram(t, filepath.Join(dir, p.name), p.build)}, argv...)
			} else {
				need(t, argv[0])
			}
			l, err := newLockstep(startTraced(t, dir, argv...))
			if err != nil {
				t.Fatal(err)
			}
			l.run(t, *lockstepSteps)
		})
	}
}

// flagGiven reports whether a flag stands on the command line.
func flagGiven(name string) (given bool) {
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

// buildProgram compiles a source of testdata/lockstep.
func buildProgram(t *testing.T, exe string, build []string) string {
	t.Helper()
	args := []string{"-o", exe}
	for _, a := range build[1:] {
		switch ext := filepath.Ext(a); {
		case a == "build":
			args = append([]string{"build"}, args...)
		case ext != "" && a[0] != '-':
			args = append(args, filepath.Join("testdata", "lockstep", a))
		default:
			args = append(args, a)
		}
	}
	if out, err := exec.Command(build[0], args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build[0], err, out)
	}
	return exe
}
