package checkpoint_test

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/amd64"
	"github.com/dap-revexec/dap-revexec/vm/engine"
	"github.com/dap-revexec/dap-revexec/vm/ir"
	"github.com/dap-revexec/dap-revexec/vm/linux"
	"github.com/dap-revexec/dap-revexec/vm/mem"
	"github.com/dap-revexec/dap-revexec/vm/rv64"
)

// Invariants 5, you pay for what you use, and 6, a snapshot is cheap: what can be
// said of them without a clock. The benchmarks have the clock.

// scribe is a translator that notes the blocks it makes. The engine puts Break
// operations into them.
type scribe struct {
	ir.Translator
	blocks []*ir.Block
}

func (s *scribe) Translate(m *mem.Space, pc uint64, max int, stop func(uint64) bool) *ir.Block {
	b := s.Translator.Translate(m, pc, max, stop)
	if b != nil && max > 1 {
		s.blocks = append(s.blocks, b)
	}
	return b
}

const bareStack = 0x7000_0000

// core is what it takes to run code of an architecture without a kernel.
type core struct {
	tr       ir.Translator
	reset    func(r []uint64)
	sp       int
	number   int // register with a system call's number
	result   int // and that with its result
	callSize uint64
	exits    []uint64 // exit, exit_group
}

var cores = map[string]core{
	testdata.RISCV64: {rv64.Translator{}, func(r []uint64) { r[rv64.Resv] = rv64.NoResv }, rv64.SP, 17, rv64.A0, 4, []uint64{93, 94}},
	testdata.AMD64:   {amd64.Translator{}, amd64.Reset, amd64.RSP, amd64.RAX, amd64.RAX, 2, []uint64{60, 231}},
}

// bare is a CPU with a program loaded and no kernel: system calls return 0.
type bare struct {
	core
	c *ir.CPU
	e *engine.Engine
	s *scribe
}

func newBare(t *testing.T, arch, name string) *bare {
	t.Helper()
	p := lookup(t, arch, name)
	f, err := elf.NewFile(bytes.NewReader(p.file))
	if err != nil {
		t.Fatal(err)
	}
	b := &bare{core: cores[arch], c: &ir.CPU{Mem: mem.NewSpace(), PC: f.Entry}}
	b.s = &scribe{Translator: b.tr}
	b.e = engine.New(b.c, b.s)
	for _, seg := range f.Progs {
		if seg.Type != elf.PT_LOAD {
			continue
		}
		content, err := io.ReadAll(seg.Open())
		if err != nil {
			t.Fatal(err)
		}
		prot := mem.Read
		if seg.Flags&elf.PF_W != 0 {
			prot |= mem.Write
		}
		if seg.Flags&elf.PF_X != 0 {
			prot |= mem.Exec
		}
		start, end := seg.Vaddr&^(mem.PageSize-1), (seg.Vaddr+seg.Memsz+mem.PageSize-1)&^(mem.PageSize-1)
		if err := b.c.Mem.Map(mem.VMA{Start: start, End: end, Prot: prot}); err != nil {
			t.Fatal(err)
		}
		b.c.Mem.Poke(seg.Vaddr, content)
	}
	if err := b.c.Mem.Map(mem.VMA{Start: bareStack, End: bareStack + 64*mem.PageSize, Prot: mem.Read | mem.Write}); err != nil {
		t.Fatal(err)
	}
	b.reset(b.c.R[:])
	b.c.R[b.sp] = bareStack + 60*mem.PageSize
	return b
}

// run executes up to n instructions, past breakpoints and system calls.
func (b *bare) run(t *testing.T, n uint64) {
	t.Helper()
	for end := b.c.Icount + n; b.c.Icount < end; {
		switch x := b.e.Run(end-b.c.Icount, true); x {
		case ir.ExitLimit, ir.ExitBreak:
		case ir.ExitSyscall:
			if slices.Contains(b.exits, b.c.R[b.number]) {
				return
			}
			b.call()
		default:
			t.Fatalf("exit %d at %#x: %+v", x, b.c.PC, b.c.Mem.Fault)
		}
	}
}

// call is a system call.
func (b *bare) call() {
	b.c.R[b.result] = 0
	b.c.PC += b.callSize
	b.c.Icount++
}

func countBreaks(b *ir.Block) (n int) {
	for _, op := range b.Ops {
		if op.Kind == ir.Break {
			n++
		}
	}
	return n
}

// Code that is translated without breakpoints has no operation for them, and
// with breakpoints only the blocks that start at one have.
func TestOnlyBlocksWithABreakpointPayForIt(t *testing.T) {
	t.Parallel()
	everywhere(t, []string{"arith", "recurse", "values", "bench_call"}, func(t *testing.T, arch, name string) {
		r, b := random(t, 500), newBare(t, arch, name)
		b.run(t, 50_000)
		plain := b.s.blocks
		var pcs []uint64
		at := map[uint64]*ir.Block{}
		for _, x := range plain {
			if n := countBreaks(x); n != 0 {
				t.Fatalf("the block at %#x has %d Break operations, and there are no breakpoints", x.PC, n)
			}
			pcs = append(pcs, x.PCs...)
			at[x.PC] = x
		}
		for range 5 {
			b = newBare(t, arch, name)
			set := vm.NewBreaks(pcs[r.IntN(len(pcs))], pcs[r.IntN(len(pcs))], pcs[r.IntN(len(pcs))])
			b.e.SetBreaks(set)
			b.run(t, 50_000)
			starts := 0
			for _, x := range b.s.blocks {
				want := 0
				if set.Has(x.PC) {
					want = 1
					starts++
				}
				if n := countBreaks(x); n != want || n > 0 && x.Ops[0].Kind != ir.Break {
					t.Errorf("the block at %#x has %d Break operations, want %d, first", x.PC, n, want)
				}
				for _, pc := range x.PCs[1:] {
					if set.Has(pc) {
						t.Errorf("the block at %#x goes on past the breakpoint at %#x", x.PC, pc)
					}
				}
				// What has no breakpoint in it is translated as without.
				if y := at[x.PC]; y != nil && x.N < y.N && !set.Has(y.PCs[x.N]) {
					t.Errorf("the block at %#x has %d instructions, without breakpoints %d", x.PC, x.N, y.N)
				}
			}
			if starts == 0 {
				t.Errorf("no block starts at any of %#x", set.Addrs())
			}
		}
		// Without breakpoints again, the code from before is good.
		b.e.SetBreaks(nil)
		b.c.PC = pcs[0]
		known := len(b.s.blocks)
		b.e.Run(1, false)
		for _, x := range b.s.blocks[known:] {
			if countBreaks(x) != 0 {
				t.Errorf("the block at %#x keeps its breakpoint", x.PC)
			}
		}
	})
}

// watched runs up to the icount to with w watched and returns the last access to
// it.
func (b *bare) watched(t *testing.T, w vm.Watch, to uint64) (last mem.Fault) {
	t.Helper()
	b.c.Mem.SetWatches([]vm.Watch{w})
	for b.c.Icount < to {
		switch x := b.e.Run(to-b.c.Icount, true); x {
		case ir.ExitLimit:
		case ir.ExitMem:
			if last = b.c.Mem.Fault; last.Kind != mem.FaultWatch {
				t.Fatalf("%+v", last)
			}
			b.c.Mem.IgnoreWatches = mem.Read | mem.Write
			b.e.Run(1, true)
			b.c.Mem.IgnoreWatches = 0
		case ir.ExitSyscall:
			b.call()
		default:
			t.Fatalf("exit %d at %#x", x, b.c.PC)
		}
	}
	return last
}

// A watchpoint keeps the pages that it covers out of the TLB, and no others: all
// else is as fast as without.
func TestAWatchpointCostsOnlyOnItsPages(t *testing.T) {
	t.Parallel()
	const length = 20_000
	everywhere(t, []string{"recurse"}, func(t *testing.T, arch, name string) {
		for _, w := range []vm.Watch{{Size: 8, Write: true}, {Size: 1, Read: true}, {Size: 2 * mem.PageSize, Read: true, Write: true}} {
			how := fmt.Sprintf("size=%d,read=%v,write=%v", w.Size, w.Read, w.Write)
			b := newBare(t, arch, name)
			b.run(t, length)
			used := tlbPages(b.c.Mem, false)
			// An address that is accessed in that way.
			hot := newBare(t, arch, name).watched(t, vm.Watch{Addr: bareStack, Size: 64 * mem.PageSize, Read: w.Read, Write: w.Write}, length)
			w.Addr = hot.Addr
			b = newBare(t, arch, name)
			if b.watched(t, w, length) == (mem.Fault{}) {
				t.Fatalf("%s: nothing touches what is watched", how)
			}
			covers := func(page uint64) bool { return page+mem.PageSize > w.Addr && page < w.Addr+w.Size }
			for _, write := range []bool{false, true} {
				for _, page := range tlbPages(b.c.Mem, write) {
					if covers(page) && (write && w.Write || !write && w.Read) {
						t.Errorf("%s: the TLB lets accesses to the watched page %#x through", how, page)
					}
				}
			}
			now := tlbPages(b.c.Mem, false)
			for _, page := range used {
				if !covers(page) && !slices.Contains(now, page) {
					t.Errorf("%s: the watch keeps page %#x out of the TLB", how, page)
				}
			}
		}
	})
}

// tlbPages lists the pages that reads (or writes) find in the TLB.
func tlbPages(s *mem.Space, write bool) (list []uint64) {
	for i := range s.TLB {
		tag := s.TLB[i].R
		if write {
			tag = s.TLB[i].W
		}
		if tag != math.MaxUint64 {
			list = append(list, tag)
		}
	}
	slices.Sort(list)
	return list
}

// written are the pages that the guest and its kernel write between two
// positions, as a watch on all writable memory sees them.
func written(m *linux.Machine, from vm.Snapshot, to uint64) map[uint64]bool {
	m.Restore(from)
	var all []vm.Watch
	for _, v := range m.Mappings() {
		if v.Write {
			all = append(all, vm.Watch{Addr: v.Start, Size: v.End - v.Start, Write: true})
		}
	}
	pages := map[uint64]bool{}
	m.Run(to, &vm.Stops{Watches: all, AtStart: true, Filter: func(s *vm.Stop) bool {
		for p := s.Addr >> mem.PageShift; p <= (s.Addr+s.Size-1)>>mem.PageShift; p++ {
			pages[p] = true
		}
		return false
	}})
	return pages
}

// What a snapshot holds of its own are the pages written since the one before:
// exactly those, where the guest changes no mappings.
func TestASnapshotHoldsThePagesWrittenSinceTheLast(t *testing.T) {
	t.Parallel()
	names := []string{"arith", "recurse", "threads", "signals", "stdin", "bench_mem", "pthread_glibc", "hello_glibc"}
	each(t, names, func(t *testing.T, f *truth) {
		r := random(t, f.end+7)
		m := replayer(t, f.cfg, f.log)
		calls := vm.NewBreaks(systemCalls(m)...)
		m.Snapshot()
		for range scale(30) {
			m.Restore(m.Snapshot())
			if d := m.Snapshot().Activity().Written; len(d) != 0 {
				t.Fatalf("a snapshot right after a restore at %d has pages %x", m.Icount(), d)
			}
			from := m.Snapshot()
			if d := from.Activity().Written; len(d) != 0 {
				t.Fatalf("a snapshot right after another has pages %x", d)
			}
			to := min(m.Icount()+1+r.Uint64N(max(f.end/20, 100)), f.end)
			if r.IntN(4) == 0 {
				to = min(m.Icount()+1+r.Uint64N(50), f.end)
			}
			remapped := false
			m.Run(to, &vm.Stops{Breaks: calls, AtStart: true, Filter: func(s *vm.Stop) bool {
				remapped = remapped || remaps(m, s.Thread)
				return false
			}})
			after := m.Snapshot()
			want := written(m, from, to)
			for _, p := range after.Activity().Written {
				if !want[p] && !remapped {
					t.Errorf("page %#x counts as written between %d and %d", p, from.Icount(), to)
				}
			}
			for p := range want {
				if !slices.Contains(after.Activity().Written, p) {
					t.Errorf("page %#x is written between %d and %d and is not among the dirty ones", p, from.Icount(), to)
				}
			}
			if !slices.IsSorted(after.Activity().Written) {
				t.Errorf("dirty pages %x", after.Activity().Written)
			}
			m.Restore(after)
			f.check(t, m, "after a restore")
			if to == f.end {
				m.Restore(from)
				m.Run(r.Uint64N(f.end), nil)
			}
		}
	})
}

// Neither a snapshot nor a restore depends on how much memory the guest has.
// Measured in what they allocate.
func TestSnapshotsAndRestoresDoNotDependOnMemorySize(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	cost := func(arch, name string) (snapshot, restore float64, pages int) {
		p := lookup(t, arch, name)
		m := boot(t, p.config())
		m.Run(200, nil)
		for {
			s := m.Snapshot()
			pages += len(s.Activity().Written)
			if m.Icount() > 8e6 || m.Run(m.Icount()+1e6, nil).Reason == vm.StopExit {
				break
			}
		}
		s := m.Snapshot()
		return testing.AllocsPerRun(100, func() { m.Snapshot() }), testing.AllocsPerRun(100, func() { m.Restore(s) }), pages
	}
	for _, arch := range testdata.Arches() {
		small, smallR, few := cost(arch, "bench_int")
		large, largeR, many := cost(arch, "bench_mem")
		if many < 100*few {
			t.Fatalf("%s: %d pages are not much more than %d", arch, many, few)
		}
		if large > small+2 || largeR > smallR+2 {
			t.Errorf("%s: with %d pages a snapshot allocates %v times and a restore %v, with %d pages %v and %v", arch, many, large, largeR, few, small, smallR)
		}
	}
}
