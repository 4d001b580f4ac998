package checkpoint_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/testdata"
	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// program is a guest program, held in memory: machines of it can be made when
// its file is long gone.
type program struct {
	testdata.Guest
	file    []byte
	unknown bool   // what it prints, and how it ends
	path    string // where it lies, if that matters
	sysroot string
}

var programs = struct {
	sync.Mutex
	byName map[string]*program
}{byName: map[string]*program{}}

// find finds the guest program of that name for an architecture.
func find(arch, name string) (testdata.Guest, bool) {
	if name == dynamic {
		return testdata.Guest{Name: name, Arch: arch, Source: "dynamic/main.c", Args: []string{"again"}}, true
	}
	if name == "jumps" || name == "remap" { // C++, built when they are wanted
		return testdata.Guest{Name: name, Arch: arch, Source: name + ".cc", Threads: true}, true
	}
	return testdata.LookupFor(arch, name)
}

// lookup returns a guest program, built if it is not there prebuilt.
func lookup(tb testing.TB, arch, name string) *program {
	tb.Helper()
	programs.Lock()
	defer programs.Unlock()
	key := arch + "/" + name
	if p := programs.byName[key]; p != nil {
		return p
	}
	g, ok := find(arch, name)
	if !ok {
		tb.Fatalf("there is no guest %s", key)
	}
	p := &program{Guest: g}
	switch {
	case name == dynamic:
		p.build(tb, func(tc testdata.Toolchain, dir string) (string, error) { return tc.BuildDynamic(dir) })
	case strings.HasSuffix(g.Source, ".cc"):
		p.build(tb, func(tc testdata.Toolchain, dir string) (string, error) {
			return tc.BuildStaticCXX(dir, g.Source, "-O1", "-pthread")
		})
	case g.Go():
		exe, err := g.Build(tb.TempDir())
		if err == nil {
			p.file, err = os.ReadFile(exe)
		}
		if err != nil {
			tb.Fatal(err)
		}
	case g.Execs: // itself
		exe, err := g.Extract(tb.TempDir())
		if err != nil {
			tb.Fatal(err)
		}
		p.path, p.file = exe, g.Bin()
	default:
		p.file = g.Bin()
	}
	programs.byName[key] = p
	return p
}

// dynamic is a program that is linked dynamically and loads a library itself. It
// is built when it is wanted.
const dynamic = "dynamic"

// build builds a program that is not there prebuilt. Like that of the guests that
// execute themselves, what it needs of the host is gone when its truth has been found:
// it can be replayed, not run.
func (p *program) build(tb testing.TB, build func(tc testdata.Toolchain, dir string) (string, error)) {
	tb.Helper()
	chains := testdata.Toolchains()
	tc := chains[slices.IndexFunc(chains, func(tc testdata.Toolchain) bool { return tc.Arch == p.Arch })]
	if err := tc.Missing(); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal(err)
		}
		tb.Skip(err)
	}
	dir := tb.TempDir()
	exe, err := build(tc, dir)
	if err == nil {
		p.file, err = os.ReadFile(exe)
	}
	if err != nil {
		tb.Fatal(err)
	}
	p.path, p.sysroot, p.unknown = exe, tc.Sysroot, true
}

// config is how all machines of the program are made that are to have the same
// history. There is nothing at the path. A guest that works with files needs
// another Dir.
func (p *program) config() linux.Config {
	at, name := p.path, p.path
	if at == "" {
		at, name = "/guest/"+p.Name, p.Name
	}
	return linux.Config{
		Path: at, Sysroot: p.sysroot, File: p.file, Dir: "/", Args: append([]string{name}, p.Args...),
		Env: []string{"HOME=/guest"}, Stdin: strings.NewReader(p.Stdin),
		Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Seed: [32]byte{7},
	}
}

func boot(tb testing.TB, cfg linux.Config) *linux.Machine {
	tb.Helper()
	m, err := linux.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(m.Close)
	return m
}

// replayer is a machine that has a history to replay and nothing else: it may
// not look outside.
func replayer(tb testing.TB, cfg linux.Config, log *vm.Log) *linux.Machine {
	tb.Helper()
	cfg.Log, cfg.Now, cfg.Seed = log, time.Time{}, [32]byte{}
	cfg.Stdin = untouchable{tb}
	cfg.Output = func(fd int, icount uint64, p []byte) {
		tb.Errorf("the replay gives out %q on descriptor %d at icount %d", p, fd, icount)
	}
	return boot(tb, cfg)
}

// untouchable is a standard input that nobody may read.
type untouchable struct{ tb testing.TB }

func (u untouchable) Read([]byte) (int, error) {
	u.tb.Error("the replay reads standard input")
	return 0, io.EOF
}

// output is where a guest's output goes.
type output struct {
	stdout, stderr bytes.Buffer
	at             []uint64 // icount of each piece
}

func (o *output) sink(fd int, icount uint64, p []byte) {
	o.at = append(o.at, icount)
	if fd == 1 {
		o.stdout.Write(p)
	} else {
		o.stderr.Write(p)
	}
}

// check compares all the output with what the guest is known to print.
func (o *output) check(tb testing.TB, p *program) {
	tb.Helper()
	if p.unknown {
		return
	}
	if got := o.stdout.String(); got != p.Expect() {
		tb.Errorf("standard output:\n%s\nwant:\n%s", got, p.Expect())
	}
	if got := o.stderr.String(); got != p.Stderr {
		tb.Errorf("standard error %q, want %q", got, p.Stderr)
	}
	if !slices.IsSorted(o.at) {
		tb.Errorf("output was given out in the order %v", o.at)
	}
}

// random is the source of a test's random choices. REVEXEC_SEED, a number, makes
// them others than usual, to search for more.
func random(tb testing.TB, stream uint64) *rand.Rand {
	seed := uint64(1)
	if s := os.Getenv("REVEXEC_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			tb.Fatalf("REVEXEC_SEED: %v", err)
		}
		seed = n
	}
	tb.Logf("REVEXEC_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, stream))
}

// scale is how much of the usual effort a test should take.
func scale(n int) int {
	switch {
	case testing.Short():
		return max(n/8, 1)
	case raceEnabled:
		return max(n/5, 1)
	}
	return n
}

// truth is a program's history as a straight run makes it: a run from the
// start, in which nothing is asked for but to stop at some positions for a hash.
// Safe for concurrent use.
type truth struct {
	*program
	cfg linux.Config
	log *vm.Log
	end uint64

	// points are the positions that tests compare at, ascending: events and
	// their neighbours, and random ones.
	points []uint64
	pcs    []uint64 // addresses of instructions that were executed
	datas  []uint64 // addresses that instructions or the guest kernel may have accessed

	mu     sync.Mutex
	states map[uint64]state // at the points; at others as whoever came first saw it
}

// state is what is compared of a position: the machine's own digest, and one of
// what a debugger sees first, lest the former leave something out.
type state struct {
	hash vm.Hash
	seen uint64
}

func stateOf(m vm.Machine) state {
	h := fnv.New64a()
	var b [8]byte
	put := func(v uint64) {
		binary.LittleEndian.PutUint64(b[:], v)
		_, _ = h.Write(b[:])
	}
	arch := m.Arch()
	for _, t := range m.Threads() {
		put(uint64(t.ID))
		put(uint64(t.State))
		put(t.PC)
		put(m.LastPC(t.ID))
		for r := range arch.Regs {
			put(m.Reg(t.ID, r))
		}
		var stack [128]byte
		n := m.ReadMemory(m.Reg(t.ID, arch.SP), stack[:])
		_, _ = h.Write(stack[:n])
	}
	put(uint64(m.CurrentThread()))
	for _, v := range m.Mappings() {
		put(v.Start)
		put(v.End)
	}
	if s, exited := m.Exited(); exited {
		put(uint64(s.Code))
		put(uint64(s.Signal))
	}
	return state{m.Hash(), h.Sum64()}
}

var truths = struct {
	sync.Mutex
	byName map[string]*truth
}{byName: map[string]*truth{}}

// truthOf returns the truth about a program, found out once.
func truthOf(tb testing.TB, arch, name string) *truth {
	tb.Helper()
	p, key := lookup(tb, arch, name), arch+"/"+name
	truths.Lock()
	defer truths.Unlock()
	if f := truths.byName[key]; f != nil {
		return f
	}
	f := findTruth(tb, p)
	truths.byName[key] = f
	return f
}

// Points beside random ones.
const (
	mostEvents  = 40 // as many events at most are surrounded by points
	aroundEvent = 3  // positions on either side of one
)

func findTruth(tb testing.TB, p *program) *truth {
	tb.Helper()
	f := &truth{program: p, cfg: p.config(), states: map[uint64]state{}}
	if p.Name == "files" || p.Name == "forks" || p.Name == "programs" {
		// The directory is gone when the truth has been found: replay needs none.
		dir, err := os.MkdirTemp("", "guest")
		if err != nil {
			tb.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		f.cfg.Dir = dir
	}

	var out output
	live := f.cfg
	live.Output = out.sink
	m := boot(tb, live)
	if s := m.Run(math.MaxUint64, nil); s.Reason != vm.StopExit {
		tb.Fatalf("%s: %v at icount %d: %v", p.Name, s.Reason, s.Icount, s.Err)
	}
	out.check(tb, p)
	f.log, f.end = m.Log(), m.Icount()
	final := stateOf(m)

	r := rand.New(rand.NewPCG(f.end, 0))
	for _, e := range f.events(tb, r) {
		for i := range uint64(2*aroundEvent + 1) {
			if at := e + i; at >= aroundEvent && at-aroundEvent <= f.end {
				f.points = append(f.points, at-aroundEvent)
			}
		}
	}
	for range 300 {
		f.points = append(f.points, r.Uint64N(f.end))
	}
	for i := range uint64(8) {
		f.points = append(f.points, i, f.end-i)
	}
	slices.Sort(f.points)
	f.points = slices.Compact(f.points)

	if p.path != "" {
		if err := os.RemoveAll(filepath.Dir(p.path)); err != nil {
			tb.Fatal(err)
		}
	}
	m = replayer(tb, f.cfg, f.log)
	for _, at := range f.points {
		if m.Run(at, nil); m.Icount() != at {
			tb.Fatalf("%s: the straight run to %d arrives at %d", p.Name, at, m.Icount())
		}
		f.states[at] = stateOf(m)
		f.look(m)
	}
	if f.states[f.end] != final {
		tb.Fatalf("%s: the replay does not end as the live run did", p.Name)
	}
	for _, list := range []*[]uint64{&f.pcs, &f.datas} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return f
}

// look notes the addresses that the machine has to do with.
func (f *truth) look(m *linux.Machine) {
	t, arch := m.CurrentThread(), m.Arch()
	f.pcs = append(f.pcs, m.Reg(t, arch.PC))
	if last := m.LastPC(t); last != 0 {
		f.pcs = append(f.pcs, last)
	}
	maps := m.Mappings()
	for i := range 32 {
		addr := m.Reg(t, i)
		if slices.ContainsFunc(maps, func(v vm.Mapping) bool { return v.Write && v.Start <= addr && addr < v.End }) {
			f.datas = append(f.datas, addr)
		}
	}
}

// events finds positions where something else than guest instructions changes
// the state: before system calls and faults, and where threads take turns. When
// there are many, it leaves out some.
func (f *truth) events(tb testing.TB, r *rand.Rand) []uint64 {
	m := replayer(tb, f.cfg, f.log)
	var list []uint64
	stops := &vm.Stops{Breaks: vm.NewBreaks(systemCalls(m)...), Signals: true, Filter: func(s *vm.Stop) bool {
		list = append(list, s.Icount)
		return false
	}}
	stride := max(f.end/2000, 100)
	switches := 0
	for m.Icount() < f.end {
		s, before, thread := m.Snapshot(), m.Icount(), m.CurrentThread()
		to := min(before+stride, f.end)
		m.Run(to, stops)
		if m.CurrentThread() == thread || switches >= mostEvents || m.Icount() < to {
			continue
		}
		// Somewhere in between a thread's turn came.
		switches++
		m.Restore(s)
		for m.CurrentThread() == thread {
			m.Run(m.Icount()+1, nil)
		}
		list = append(list, m.Icount())
		m.Run(to, nil)
	}
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(len(list), mostEvents)]
}

// kernelCalls is what tests know of an architecture's system calls.
type kernelCalls struct {
	inst      []byte   // the instruction
	align     int      // of instructions
	number    string   // register with the number
	remapping []uint64 // change what memory there is: brk, munmap, mremap, mmap, madvise
	exec      uint64
	output    []uint64 // write, writev
}

var kernels = map[string]*kernelCalls{
	testdata.RISCV64: {[]byte{0x73, 0, 0, 0}, 2, "a7", []uint64{214, 215, 216, 222, 233}, 221, []uint64{64, 66}},
	testdata.AMD64:   {[]byte{0x0f, 0x05}, 1, "rax", []uint64{12, 11, 25, 9, 28}, 59, []uint64{1, 20}},
}

func kernelOf(m *linux.Machine) *kernelCalls { return kernels[m.Arch().Name] }

// callNumber is the number of the system call that thread t is about to make.
func callNumber(m *linux.Machine, t vm.ThreadID) uint64 {
	r, _ := m.Arch().RegByName(kernelOf(m).number)
	return m.Reg(t, r)
}

// remaps reports whether the system call that thread t is about to make changes
// what memory there is.
func remaps(m *linux.Machine, t vm.ThreadID) bool {
	k, nr := kernelOf(m), callNumber(m, t)
	return slices.Contains(k.remapping, nr) || nr == k.exec
}

// systemCalls finds the addresses of what may be system-call instructions.
func systemCalls(m *linux.Machine) []uint64 {
	k := kernelOf(m)
	var list []uint64
	for _, v := range m.Mappings() {
		if !v.Exec {
			continue
		}
		code := make([]byte, v.End-v.Start)
		code = code[:m.ReadMemory(v.Start, code)]
		for i := 0; i < len(code); i += k.align {
			if bytes.HasPrefix(code[i:], k.inst) {
				list = append(list, v.Start+uint64(i))
			}
		}
	}
	return list
}

// check compares the state of a machine with what is known of its position.
func (f *truth) check(tb testing.TB, m vm.Machine, how string) {
	tb.Helper()
	at, got := m.Icount(), stateOf(m)
	f.mu.Lock()
	want, known := f.states[at]
	if !known {
		f.states[at] = got
	}
	f.mu.Unlock()
	if known && got != want {
		tb.Fatalf("%s: the state at icount %d of %s for %s is not that of the straight run", how, at, f.Name, f.Arch)
	}
}

// point is a position to compare at, n points after at or before it when n is
// negative.
func (f *truth) point(at uint64, n int) uint64 {
	i, _ := slices.BinarySearch(f.points, at)
	return f.points[min(max(i+n, 0), len(f.points)-1)]
}

// breaks is a random set of addresses of the program's instructions.
func (f *truth) breaks(r *rand.Rand, n int) *vm.Breaks {
	var addrs []uint64
	for range n {
		addrs = append(addrs, f.pcs[r.IntN(len(f.pcs))])
	}
	return vm.NewBreaks(addrs...)
}

// watch is a random range that the program may access.
func (f *truth) watch(r *rand.Rand) vm.Watch {
	w := vm.Watch{Addr: f.datas[r.IntN(len(f.datas))], Size: []uint64{1, 4, 8, 32, 300, 5000}[r.IntN(6)], Write: true, Read: r.IntN(4) == 0}
	if r.IntN(2) == 0 {
		w.Addr += r.Uint64N(256) - 128
	}
	if r.IntN(10) == 0 {
		w.Addr = f.pcs[r.IntN(len(f.pcs))] // code: it is read, and some programs write it
	}
	if w.Read && r.IntN(2) == 0 {
		w.Write = false
	}
	return w
}

// everywhere runs a test for each of some programs, for each architecture that
// has them, at the same time.
func everywhere(t *testing.T, names []string, test func(t *testing.T, arch, name string)) {
	for _, arch := range testdata.Arches() {
		for i, name := range names {
			if _, ok := find(arch, name); !ok || testing.Short() && i%3 != 0 || name == "gothreads" && (raceEnabled || arch != testdata.RISCV64) {
				continue // gothreads: 44 million instructions
			}
			t.Run(arch+"/"+name, func(t *testing.T) {
				t.Parallel()
				test(t, arch, name)
			})
		}
	}
}

// each runs a test with the truth about each of some programs.
func each(t *testing.T, names []string, test func(t *testing.T, f *truth)) {
	everywhere(t, names, func(t *testing.T, arch, name string) { test(t, truthOf(t, arch, name)) })
}

// describe is a short form of stops for messages.
func describe(s *vm.Stops) string {
	if s == nil {
		return "no stops"
	}
	return fmt.Sprintf("breaks %#x, watches %+v, signals %v, at start %v", s.Breaks.Addrs(), s.Watches, s.Signals, s.AtStart)
}

// guestDir is a directory for guests that work with files.
func guestDir(tb testing.TB) string {
	dir, err := filepath.EvalSymlinks(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}
