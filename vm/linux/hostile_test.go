package linux_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// runFor runs a guest that may wait for good.
func runFor(m *linux.Machine, until uint64) vm.Stop {
	stop := time.AfterFunc(100*time.Millisecond, m.Interrupt)
	defer m.ClearInterrupt()
	defer stop.Stop()
	return m.Run(until, nil)
}

// FuzzExecutable loads whatever comes and runs it for a little.
func FuzzExecutable(f *testing.F) {
	f.Add(counter(3).elf())
	rnd := rand.New(rand.NewPCG(9, 9))
	for range 30 { // damaged headers
		b := bytes.Clone(counter(3).elf())
		for range 1 + rnd.IntN(4) {
			b[rnd.IntN(176)] = byte(rnd.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := linux.New(fixed(linux.Config{Path: "/guest", File: file, Dir: t.TempDir(), MaxMemory: 1 << 26}))
		if err != nil {
			return
		}
		defer m.Close()
		if s := runFor(m, 2000); s.Reason == vm.StopError {
			t.Fatal(s.Err)
		}
	})
}

// FuzzCode runs whatever comes as code, with the registers pointing to useful
// and useless places.
func FuzzCode(f *testing.F) {
	rnd := rand.New(rand.NewPCG(5, 5))
	for range 40 {
		b := make([]byte, 64)
		for i := range 16 {
			w := rnd.Uint32()
			switch rnd.IntN(4) {
			case 0:
				w = 0x73
			case 1: // load, store, arithmetic, AMO …
				w = w&^0x7f | []uint32{0x03, 0x23, 0x13, 0x33, 0x2f, 0x63, 0x07, 0x53}[rnd.IntN(8)]
			case 2: // li a7, number
				w = itype(0x13, 0, a7, 0, int64(rnd.IntN(300)))
			}
			binary.LittleEndian.PutUint32(b[4*i:], w)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		if len(code) > 0x8000 {
			return
		}
		prologue := newAsm()
		for i, v := range []int64{3, dataBase, 64, 3, 0, 8, 0, 222} {
			prologue.li(a0+uint32(i), v)
		}
		prologue.li(t0, dataBase+64)
		prologue.li(s0, codeBase)
		full := append(prologue.elf()[0x1000:0x1000+4*len(prologue.code)], code...)
		cfg := fixed(linux.Config{Path: "/guest", File: image(full, []byte("/dev/null\x00")), Dir: t.TempDir(), MaxMemory: 1 << 26})
		m, err := linux.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if s := runFor(m, 20_000); s.Reason == vm.StopError {
			t.Fatal(s.Err)
		}
		// What it did can be replayed in steps of any size.
		end, hash := m.Icount(), m.Hash()
		r := replayOf(t, cfg, m.Log())
		for r.Icount() < end {
			s := r.Run(min(r.Icount()+1+end/7, end), nil)
			if s.Reason == vm.StopError || s.Reason == vm.StopInterrupted {
				t.Fatalf("replay: %v %v", s.Reason, s.Err)
			}
		}
		if r.Hash() != hash {
			t.Error("the replay ends otherwise")
		}
	})
}

func TestAbsurdSizesAreRefused(t *testing.T) {
	const huge = 1 << 40
	for _, c := range []struct {
		name string
		nr   int64
		args []uint64
		want int64
	}{
		{"read", 63, []uint64{0, 1 << 50, huge}, -14},
		{"write to nowhere", 64, []uint64{1, 1 << 50, huge}, -14},
		{"write all there is", 64, []uint64{1, dataBase, huge}, dataSize},
		{"mmap", 222, []uint64{0, 1 << 62, 3, 0x22, 1<<64 - 1, 0}, -12},
		{"mmap of all", 222, []uint64{0, 1 << 38, 3, 0x22, 1<<64 - 1, 0}, -12},
		{"mmap wraps", 222, []uint64{0, 1<<64 - 1, 3, 0x22, 1<<64 - 1, 0}, -12},
		{"munmap wraps", 215, []uint64{0x1000, 1<<64 - 1}, -22},
		{"mprotect wraps", 226, []uint64{0x1000, 1<<64 - 1, 1}, -12},
		{"mremap", 216, []uint64{dataBase, 0x1000, 1 << 62, 1}, -22},
		{"mincore", 232, []uint64{0, 1 << 50, dataBase}, -12},
		{"madvise", 233, []uint64{0, 1 << 62, 4}, -22},
		{"writev", 66, []uint64{1, dataBase, 1 << 20}, -22},
		{"iovec far away", 66, []uint64{1, 1 << 60, 1024}, -14},
		{"ppoll", 73, []uint64{dataBase, 1 << 40, 0, 0, 0}, -22},
		{"pselect", 72, []uint64{1 << 30, 1 << 60, 0, 0, 0, 0}, -14},
		{"epoll_pwait", 22, []uint64{1, dataBase, 1 << 30, 0, 0}, -22},
		{"getrandom", 278, []uint64{dataBase, huge, 0}, dataSize},
		{"getdents64", 61, []uint64{0, dataBase, huge}, -20},
		{"path without an end", 56, []uint64{1<<64 - 100, dataBase + dataSize - 8, 0, 0}, -14},
		{"sched_getaffinity", 123, []uint64{0, 1 << 40, dataBase}, 8},
		{"sched_setaffinity", 122, []uint64{0, 1 << 40, dataBase}, 0},
		{"rt_sigaction", 134, []uint64{1 << 40, 0, 0, 8}, -22},
		{"kill", 129, []uint64{1000, 1 << 40}, -22},
		{"dup3", 24, []uint64{0, 1 << 20, 0}, -9},
		{"fcntl F_DUPFD", 25, []uint64{0, 0, 1 << 40}, -22},
		{"brk", 214, []uint64{1 << 60}, 0x24000},
		{"clone of a thread without its memory", 220, []uint64{0x10000, 0, 0, 0, 0}, -22},
		{"timer_settime", 110, []uint64{1 << 40, 0, dataBase, 0}, -22},
		{"clone3", 435, []uint64{dataBase, 1 << 40}, -22},
		{"prlimit", 261, []uint64{0, 1 << 40, 0, dataBase}, -22},
	} {
		a := newAsm()
		for i, v := range c.args {
			a.big(a0+uint32(i), v)
		}
		a.li(a7, c.nr)
		a.ecall()
		a.label("after")
		a.exit(0)
		data := bytes.Repeat([]byte{'a'}, dataSize)
		m := boot(t, a.elf(data...), nil)
		s := m.Run(forever, &vm.Stops{Breaks: vm.NewBreaks(a.labels["after"])})
		if s.Reason != vm.StopBreak {
			t.Errorf("%s: %v %v", c.name, s.Reason, s.Err)
			continue
		}
		if got := int64(m.Reg(s.Thread, a0)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// Requests on a terminal with arguments of all sizes do what they do, or are refused.
func TestAbsurdTerminalRequestsDoNotHarmTheMachine(t *testing.T) {
	nrs := []uint64{0x802c542a, 0x402c542b, 0x402c542c, 0x402c542d, 0x80045432, 0x80045440}
	for nr := uint64(0x5400); nr < 0x5460; nr++ {
		nrs = append(nrs, nr)
	}
	for _, nr := range nrs {
		a := newAsm()
		for _, arg := range []uint64{0, 1, 2, 3, 4, 1<<32 + 2, 1<<63 + 3, 1<<64 - 1, 1 << 50, dataBase + 1, dataBase + dataSize - 2} {
			for i, v := range []uint64{0, nr, arg} {
				a.big(a0+uint32(i), v)
			}
			a.li(a7, 29) // ioctl
			a.ecall()
		}
		a.exit(0)
		p := newPerson(t)
		m := boot(t, a.elf(), func(c *linux.Config) { c.Terminal = &linux.Terminal{Source: p} })
		s := m.Run(forever, nil)
		st, ended := m.Exited()
		if hungUp := nr == 0x5422; !ended || st.Code != 0 || (st.Signal != 0) != hungUp { // TIOCNOTTY
			t.Errorf("request %#x: %v %+v %v", nr, s.Reason, st, s.Err)
		}
		p.hangsUp()
	}
}

// loopOf makes the same system call for ever.
func loopOf(nr int64, args ...int64) *asm {
	a := newAsm()
	a.label("loop")
	a.sys(nr, args...)
	a.j("loop")
	return a
}

func TestFloodsAreBounded(t *testing.T) {
	for _, c := range []struct {
		name string
		a    *asm
		run  uint64
	}{
		{"threads", func() *asm {
			a := newAsm()
			a.label("loop")
			a.sys(220, 0x10f00, dataBase+0x1000, 0, 0, 0)
			a.j("loop")
			return a
		}(), 100_000},
		{"pipes", loopOf(59, dataBase, 0), 50_000},
		{"epolls", loopOf(20, 0), 50_000},
		{"timers", loopOf(107, 1, 0, dataBase), 50_000},
		{"mappings", loopOf(222, 0, 0x1000, 1, 0x22, -1, 0), 60_000},
		{"signals", loopOf(138, 1000, 34, dataBase), 50_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := boot(t, c.a.elf(bytes.Repeat([]byte{0, 0, 0, 0}, 64)...), func(c *linux.Config) { c.MaxMemory = 1 << 26 })
			if s := m.Run(c.run, nil); s.Reason == vm.StopError {
				t.Fatal(s.Err)
			}
			if n := len(m.Threads()); n > 4096 {
				t.Errorf("%d threads", n)
			}
			if n := m.Snapshot().Overhead(); n > 16<<20 {
				t.Errorf("a snapshot holds %d bytes beside pages", n)
			}
		})
	}
}

func TestGuestThatUsesTooMuchMemoryIsKilled(t *testing.T) {
	a := newAsm()
	a.sys(222, 0, 1<<30, 3, 0x22, -1, 0)
	a.li(t0, 0x1000)
	a.label("loop")
	a.sd(a0, a0, 0)
	a.emit(t0<<20 | a0<<15 | a0<<7 | 0x33) // add a0, a0, t0
	a.j("loop")
	var log bytes.Buffer
	m := boot(t, a.elf(), func(c *linux.Config) { c.MaxMemory, c.Logger = 32<<20, zerolog.New(&log) })
	if st := toEnd(t, m); st.Signal != 9 {
		t.Errorf("status %+v", st)
	}
	if !bytes.Contains(log.Bytes(), []byte("memory")) {
		t.Error("nothing is logged")
	}
}

// FuzzAMD64Code runs whatever comes as x86-64 code, on pages that it can write,
// in a process whose registers point to useful and useless places. The code starts
// twice: in the first thread and in a child that is forked, or in a second thread.
func FuzzAMD64Code(f *testing.F) {
	rnd := rand.New(rand.NewPCG(6, 6))
	for range 40 {
		b := make([]byte, 1+rnd.IntN(64))
		for i := range b {
			b[i] = byte(rnd.Uint32())
			if rnd.IntN(6) == 0 && i > 0 { // syscall, rep, lock, 0f
				b[i-1], b[i] = []byte{0x0f, 0xf3, 0xf0, 0x66}[rnd.IntN(4)], []byte{0x05, 0xa4, 0xab, 0x0f}[rnd.IntN(4)]
			}
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		if len(code) == 0 || len(code) > 0x1000 {
			return
		}
		call := []byte{0xb8, 57, 0, 0, 0, 0x0f, 0x05} // fork
		if code[0]&1 != 0 {
			// clone(CLONE_VM|FS|FILES|SIGHAND|THREAD|SYSVSEM, dataBase + 0x3000)
			call = []byte{0xb8, 56, 0, 0, 0, 0xbf, 0x00, 0x0f, 0x05, 0, 0xbe, 0, 0x30, 0x02, 0, 0x0f, 0x05}
		}
		full := append(call,
			0xbb, 0x40, 0, 0x02, 0, // mov ebx, dataBase + 64
			0xbe, 0, 0x01, 0x02, 0, // mov esi, dataBase + 256
			0xbf, 0, 0, 0x01, 0, // mov edi, codeBase
			0xba, 8, 0, 0, 0, 0xb9, 5, 0, 0, 0, // edx, ecx
		)
		file := image(append(full, code...), []byte("/dev/null\x00"))
		binary.LittleEndian.PutUint16(file[18:], uint16(elf.EM_X86_64))
		binary.LittleEndian.PutUint32(file[64+4:], uint32(elf.PF_R|elf.PF_W|elf.PF_X))
		cfg := fixed(linux.Config{Path: "/guest", File: file, Dir: t.TempDir(), MaxMemory: 1 << 26})
		m, err := linux.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if s := runFor(m, 20_000); s.Reason == vm.StopError {
			t.Fatal(s.Err)
		}
		end, hash := m.Icount(), m.Hash()
		r := replayOf(t, cfg, m.Log())
		for step := uint64(1); r.Icount() < end; step += 1 + end/7 {
			snap := r.Snapshot()
			for range 2 {
				r.Restore(snap)
				s := r.Run(min(snap.Icount()+step, end), nil)
				if s.Reason == vm.StopError || s.Reason == vm.StopInterrupted {
					t.Fatalf("replay: %v %v", s.Reason, s.Err)
				}
			}
		}
		if r.Hash() != hash {
			t.Error("the replay ends otherwise")
		}
	})
}
