package testdata

import (
	"io/fs"
	"slices"
	"strings"
)

// Guest describes a guest program, and what it does when it is run with Args
// and Stdin in an empty directory.
type Guest struct {
	Name   string
	Arch   string // as GOARCH has it
	About  string
	Source string // below src
	Libc   bool   // linked with the GNU C library
	DWARF  int    // version of its own debug information; 0 for Go, whose version follows the Go release

	Args  []string // after argv[0]
	Stdin string

	Exit   int    // exit code
	Signal int    // the signal that kills it, or 0
	Stderr string // what it writes there; standard output is Expect
	// Endless guests never end by themselves: Exit and Expect do not apply.
	Endless bool

	// Threads tells that it has several threads, Timed that how much it
	// executes depends on how fast its clock goes. The output never does.
	Threads bool
	Timed   bool

	// Execs tells that it executes itself. qemu-riscv64 can't, unless the host
	// knows what to do with its programs: what is to be expected of it is what a
	// build for the host does.
	Execs bool

	// Instructions is how many it executes, as counted under qemu-riscv64: those
	// that retire, the last system call included, and one more for dying of a
	// signal. 0: not known, or not the same in every run.
	Instructions uint64
}

// Go reports whether the guest is written in Go, to be built by BuildGo.
func (g Guest) Go() bool { return strings.HasSuffix(g.Source, ".go") }

// Expect is what the guest writes to standard output.
func (g Guest) Expect() string {
	if own, err := files.ReadFile("expect/" + g.Arch + "/" + g.Name + ".out"); err == nil {
		return string(own)
	}
	return string(mustRead("expect/" + g.Name + ".out"))
}

// The architectures that there are guests for.
const (
	RISCV64 = "riscv64"
	AMD64   = "amd64"
)

// Arches lists them.
func Arches() []string { return []string{RISCV64, AMD64} }

var guests = []Guest{
	{Name: "arith", Source: "arith.c", DWARF: 5, Instructions: 2261435,
		About: "every integer instruction of RV64IMAC on edge cases; a digest each"},
	{Name: "recurse", Source: "recurse.c", DWARF: 4, Exit: 42, Instructions: 157616,
		About: "recursion: plain, nested, mutual, on one line, deep"},
	{Name: "floats", Source: "floats.c", DWARF: 5, Instructions: 27033104,
		About: "every F and D instruction on edge cases in every rounding mode, with flags; a digest each"},
	{Name: "threads", Source: "threads.c", DWARF: 5, Exit: 7, Threads: true,
		About: "four threads on clone and futex: mutex, barrier, atomics, a relay"},
	{Name: "signals", Source: "signals.c", DWARF: 4, Signal: 10, Timed: true,
		About: "repaired faults, masks, nesting, timers, siginfo, registers across handlers"},
	{Name: "signals_more", Source: "signals_more.c", DWARF: 5, Signal: 11, Threads: true, Timed: true,
		About: "queued signals, restarted system calls, one-shot handlers, broken pipe, a thread as target"},
	{Name: "stdin", Source: "stdin.c", DWARF: 5, Exit: 5,
		Stdin: "first line, 1\n-5 and 7\n\nthe number 1000000 in a line longer than the buffer that it is read into\nno newline: 3",
		About: "echoes the lines of standard input and sums up the numbers in them"},
	{Name: "files", Source: "files.c", DWARF: 4, Args: []string{"scratch"},
		About: "files, a directory and pipes in the current directory; removes what it made"},
	{Name: "crash", Source: "crash.c", DWARF: 5, Signal: 11, Instructions: 1118,
		About: "reads through a null pointer four calls deep"},
	{Name: "abort", Source: "abort.c", DWARF: 5, Signal: 6, Instructions: 1059,
		About: "kills itself with SIGABRT"},
	{Name: "steps", Source: "steps.c", DWARF: 5, Exit: 3, Instructions: 11281,
		About: "one construct after the other to step through; lines marked //@NAME"},
	{Name: "steps_dwarf4", Source: "steps.c", DWARF: 4, Exit: 3, Instructions: 11281,
		About: "steps with DWARF 4"},
	{Name: "steps_o2", Source: "steps.c", DWARF: 5, Exit: 3, Instructions: 9021,
		About: "steps at -O2"},
	{Name: "values", Source: "values.c", DWARF: 5, Instructions: 34818,
		About: "variables of every kind that C has; //@all marks where all are alive"},
	{Name: "values_dwarf4", Source: "values.c", DWARF: 4, Instructions: 34818,
		About: "values with DWARF 4"},
	{Name: "values_o2", Source: "values.c", DWARF: 5, Instructions: 33973,
		About: "values at -O2: many are optimised away or live in registers"},
	{Name: "inline_o2", Source: "inline_o2.c", DWARF: 5, Instructions: 5052,
		About: "at -O2: inlined calls, location lists, entry values, tail calls; unwound by .eh_frame"},
	{Name: "spin", Source: "spin.c", DWARF: 5, Endless: true,
		About: "an endless loop without system calls"},
	{Name: "sleepy", Source: "sleepy.c", DWARF: 5, Threads: true, Timed: true,
		About: "waits for time in every way"},
	{Name: "selfmod", Source: "selfmod.c", DWARF: 5, Instructions: 15904,
		About: "writes and rewrites code that it runs, with fence.i"},
	{Name: "bench_int", Source: "bench_int.c", DWARF: 5, Args: []string{"1000"},
		About: "benchmark: an integer loop"},
	{Name: "bench_mem", Source: "bench_mem.c", DWARF: 5, Args: []string{"1"},
		About: "benchmark: sums, stores and pointer chasing over megabytes"},
	{Name: "bench_call", Source: "bench_call.c", DWARF: 5, Args: []string{"1"},
		About: "benchmark: calls and returns"},
	{Name: "bench_float", Source: "bench_float.c", DWARF: 5, Args: []string{"1000"},
		About: "benchmark: arithmetic in double precision"},
	{Name: "long_ago", Source: "long_ago.c", DWARF: 5, Args: []string{"2"},
		About: "something happens once, and then nothing like it for long: //@event, then //@long-call"},
	{Name: "demo_inventory", Source: "demo_inventory.c", DWARF: 5, Signal: 11, Instructions: 4299476,
		About: "the demo: crashes at //@crash; //@culprit overwrote the pointer millions of instructions before"},
	{Name: "hello_glibc", Source: "hello_glibc.c", DWARF: 5, Libc: true, Exit: 5, Stderr: "done\n",
		About: "ordinary C with glibc: printf, malloc, qsort with a callback, atexit"},
	{Name: "signals_glibc", Source: "signals_glibc.c", DWARF: 4, Libc: true, Signal: 6, Timed: true,
		About: "signals with glibc: sigsetjmp out of a fault, raise, setitimer, abort"},
	{Name: "pthread_glibc", Source: "pthread_glibc.c", DWARF: 5, Libc: true, Threads: true,
		About: "glibc threads: a bounded queue, condition variables, thread-local storage"},
	{Name: "forks", Source: "forks.c", DWARF: 5, Libc: true, Timed: true,
		About: "processes by fork: memory, descriptors, pipes, waits, signals, groups, orphans"},
	{Name: "programs", Source: "programs.c", DWARF: 5, Libc: true, Execs: true, Exit: 1,
		About: "executes itself: execve, posix_spawn, vfork, scripts, errors"},
	{Name: "contend_glibc", Source: "contend_glibc.c", Libc: true, DWARF: 5, Threads: true, Timed: true,
		About: "eight threads that fight over locks: the order of their turns, in memory, is the scheduler's doing"},
	{Name: "sockets_glibc", Source: "sockets_glibc.c", Libc: true, DWARF: 5, Threads: true, Timed: true,
		About: "TCP, UDP and Unix sockets within the program: data, ends, errors, poll and epoll, a passed file"},
	{Name: "lazy_race", Source: "lazy_race.c", DWARF: 5, Threads: true, Timed: true,
		About: "a race that is lost about once in 10⁴ runs: two workers make the same thing at first use; killed by SIGABRT at //@lost"},
	{Name: "x86", Source: "x86.c", DWARF: 5, Exit: 6,
		About: "for amd64 alone: repeated string instructions, code that changes without a fence, x87 and SSE across signals"},

	{Name: "gohello", Source: "gohello/main.go", Threads: true, Exit: 4, Stderr: "done\n",
		About: "ordinary Go: fmt, maps, sorting, errors"},
	{Name: "gothreads", Source: "gothreads/main.go", Threads: true, Timed: true, Exit: 9,
		About: "goroutines, channels, select, sleeping, garbage collection, panics, preemption"},
	{Name: "govalues", Source: "govalues/main.go", Threads: true,
		About: "variables of every kind that Go has; //@all marks where all are alive"},
}

// Guests lists all guest programs for riscv64, those in C first.
func Guests() []Guest { return GuestsFor(RISCV64) }

// GuestsFor lists the guest programs for an architecture, those in C first. How
// much they execute is only known for riscv64.
func GuestsFor(arch string) []Guest {
	var out []Guest
	for _, g := range guests {
		if g.Arch = arch; arch != RISCV64 {
			g.Instructions = 0
		}
		if _, err := fs.Stat(files, g.bin()); g.Go() || err == nil {
			out = append(out, g)
		}
	}
	return out
}

// Lookup finds a guest for riscv64 by its name.
func Lookup(name string) (Guest, bool) { return LookupFor(RISCV64, name) }

// LookupFor finds a guest for an architecture by its name.
func LookupFor(arch, name string) (Guest, bool) {
	all := GuestsFor(arch)
	i := slices.IndexFunc(all, func(g Guest) bool { return g.Name == name })
	if i < 0 {
		return Guest{}, false
	}
	return all[i], true
}

// Benchmark says how to make a benchmark guest run for about 10⁹ instructions on
// riscv64.
type Benchmark struct {
	Name string
	// N is the count to pass as argv[1] for 10⁹ instructions, to within 1%.
	N int
	// PerN is about how many instructions one more count executes. The guest
	// executes Setup more, whatever the count.
	PerN, Setup float64
	// Hot is the function that it spends its time in.
	Hot string
}

// Benchmarks lists the benchmark guests.
func Benchmarks() []Benchmark {
	return []Benchmark{
		{Name: "bench_int", N: 69_000_000, PerN: 14.5, Setup: 1_100, Hot: "mix"},
		{Name: "bench_mem", N: 147, PerN: 6_815_900, Setup: 2_164_000, Hot: "sum_words"},
		{Name: "bench_call", N: 3_383, PerN: 295_590, Setup: 1_100, Hot: "fib"},
		{Name: "bench_float", N: 10_100_000, PerN: 99, Setup: 2_400, Hot: "move"},
	}
}
