package linux

import (
	"math"
	"slices"

	"github.com/dap-revexec/dap-revexec/vm"
)

// Sizes that bound what a guest can make the machine hold.
const (
	maxThreads   = 4096
	maxProcesses = 256 // those that have not been waited for included
	maxFDs       = 1024
	maxPending   = 4096     // queued signals, over all threads
	maxTimers    = 256      // POSIX timers
	pipeSize     = 64 << 10 // bytes in a pipe
	maxPipes     = 4096     // of all processes
	maxIOV       = 1024
	maxPath      = 4096
	maxIO        = 16 << 20 // bytes moved by one read or write; more is a short count
	maxVMAs      = 65530    // as vm.max_map_count
	maxMapFile   = 1 << 30  // bytes of a file that one mmap reads
	maxEpoll     = 1024     // files in one epoll set
	maxLinkPath  = 4096
	maxLocks     = 1 << 16 // record locks
)

// never is a deadline that does not come.
const never = math.MaxUint64

// quantum is how many instructions a thread runs before the next one's turn, unless
// there is chaos.
// Standard input is polled at that rate for a thread that waits while others run, and
// the terminal always.
const quantum = 50_000

// pid is the guest's process ID and the thread ID of its first thread.
const pid = 1000

// state is the guest kernel's state, complete but for memory and the icount: a
// snapshot is a clone of it. The registers of the current thread live in the CPU
// while it runs; [Machine.park] writes them back here.
//
// Slices marked immutable are shared by clones and replaced, never written.
type state struct {
	pos   int    // inputs consumed from the log
	boot  uint64 // time of day at icount 0, ns since 1970
	uid   uint32 // user and group that the guest runs as
	gid   uint32
	seed  [32]byte // of the guest's random numbers
	draws uint64   // blocks of random numbers drawn so far

	skew       uint64 // virtual time is icount + skew, ns
	quantumEnd uint64 // icount at which the current thread's turn ends
	next       uint64 // icount of the next event; settle computes it

	procs   []*process // ascending by ID; those that have ended stay until they are waited for
	mms     []*mm      // ascending by ID
	lastMM  uint64
	threads []*thread // live ones of all processes, ascending by ID
	current vm.ThreadID
	own     vm.ThreadID   // the debugged process's thread that ran last
	idle    bool          // no thread has the CPU; current had it last
	queue   []vm.ThreadID // runnable ones but the current, in order of their turn
	lastTID vm.ThreadID   // thread and process IDs come from the same numbers
	waits   uint64        // waits begun so far: numbers them
	chaos   chaos

	locks     []recordLock
	shared    []sharedFile // host files that are mapped shared
	lastShare uint64       // numbers the memory that is mapped shared

	descs []*desc // open files; a freed slot is nil
	pipes []*pipe // a freed slot is nil
	socks []*sock // a freed slot is nil
	stdin inlet
	tty   *tty // nil: the standard streams are pipes
	// sockets counts the sockets ever made, ports the ephemeral ones given out.
	sockets, ports uint64
	// handles counts the host files ever opened: it numbers them.
	handles uint64

	doom   *doom // immutable; set once a signal will kill a process in the next tick
	exited bool  // the debugged process has ended, and with it everything
	status vm.ExitStatus
}

// doom is a death to come.
type doom struct {
	pid  vm.ThreadID
	sig  int
	addr uint64
}

// thread is a guest thread.
type thread struct {
	id       vm.ThreadID
	p        *process
	name     string
	regs     []uint64 // slots of the architecture
	pc, last uint64
	cpu      uint64 // instructions spent, up to when it was last switched to
	since    uint64 // icount when it was last switched to

	mask      uint64 // blocked signals, bit n-1 for signal n
	saved     uint64 // mask to go back to after the call that replaced it
	restoring bool   // saved is in use
	pending   []sigInfo
	altSP     uint64
	altSize   uint64
	altFlags  uint32

	clearTID uint64 // address to clear and wake at exit; 0 for none
	robust   uint64 // head of the robust-futex list
	wait     wait
}

// waitKind says what a blocked thread waits for.
type waitKind uint8

const (
	waitNone   waitKind = iota // it runs, or waits for its turn
	waitFile                   // a file's readiness: the call is tried again when one changes
	waitFutex                  // a FUTEX_WAKE on addr
	waitSleep                  // the deadline
	waitSignal                 // a signal in set, or any handler if set is 0
	waitChild                  // a child's end: the call is tried again when one ends
	waitVfork                  // process addr's leaving of the address space; only a signal that kills ends it
)

// restart says what becomes of a wait that a signal handler interrupts.
type restart uint8

const (
	restartNever restart = iota // EINTR
	restartSA                   // EINTR, or once more if the handler has SA_RESTART
)

// wait is what a blocked thread waits for. Its call has retired.
type wait struct {
	kind     waitKind
	seq      uint64 // order among all waits
	nr       uint64 // the call
	args     [6]uint64
	deadline uint64 // virtual ns; never for none
	late     int64  // the call's result when the deadline passes
	restart  restart
	addr     uint64 // futex; process; characters that there were to read from the terminal
	shared   uint64 // futex in memory that is shared: its number, and addr is the offset; else 0
	bits     uint64 // futex bit set
	set      uint64 // signals
	done     uint64 // bytes that a write has written so far
	desc     int    // the open file held during the wait, -1 for none
	outside  bool   // standard input could end it
	rem      uint64 // where an interrupted sleep tells the time left; 0 for nowhere
}

func (t *thread) blocked() bool { return t.wait.kind != waitNone }

func (t *thread) clone() *thread {
	c := *t
	c.regs = slices.Clone(t.regs)
	c.pending = slices.Clone(t.pending)
	return &c
}

// clone copies the state deeply.
func (s *state) clone() *state {
	c := *s
	c.mms = make([]*mm, len(s.mms))
	for i, x := range s.mms {
		y := *x
		c.mms[i] = &y
	}
	c.procs = make([]*process, len(s.procs))
	for i, p := range s.procs {
		c.procs[i] = p.clone()
		if p.mm != nil {
			c.procs[i].mm = c.mm(p.mm.id)
		}
	}
	c.threads = make([]*thread, len(s.threads))
	for i, t := range s.threads {
		c.threads[i] = t.clone()
		c.threads[i].p = c.process(t.p.pid)
	}
	c.queue = slices.Clone(s.queue)
	c.locks = slices.Clone(s.locks)
	c.shared = slices.Clone(s.shared)
	c.descs = make([]*desc, len(s.descs))
	for i, d := range s.descs {
		if d != nil {
			c.descs[i] = d.clone()
		}
	}
	c.pipes = make([]*pipe, len(s.pipes))
	for i, p := range s.pipes {
		if p != nil {
			q := *p
			c.pipes[i] = &q
		}
	}
	c.socks = make([]*sock, len(s.socks))
	for i, k := range s.socks {
		if k != nil {
			c.socks[i] = k.clone()
		}
	}
	if s.tty != nil {
		c.tty = s.tty.clone()
	}
	return &c
}

// size is roughly how many bytes a clone takes.
func (s *state) size() int {
	n := 1024 + len(s.stdin.buf)
	if s.tty != nil {
		n += 256 + 2*len(s.tty.buf) + len(s.tty.later) + len(s.tty.held)
	}
	for _, p := range s.procs {
		n += 4096 + len(p.fds)*16 + len(p.pending)*48 + len(p.timers)*96
	}
	for _, t := range s.threads {
		n += 512 + 8*len(t.regs) + 48*len(t.pending)
	}
	for _, d := range s.descs {
		if d != nil {
			n += 256 + len(d.path) + 48*len(d.items)
		}
	}
	for _, p := range s.pipes {
		if p != nil {
			n += 64 + len(p.buf)
		}
	}
	for _, k := range s.socks {
		if k != nil {
			n += k.size()
		}
	}
	return n
}

// thread finds a live thread.
func (s *state) thread(id vm.ThreadID) *thread {
	i, ok := slices.BinarySearchFunc(s.threads, id, func(t *thread, id vm.ThreadID) int { return int(t.id - id) })
	if !ok {
		return nil
	}
	return s.threads[i]
}

// waiters lists the blocked threads of some kinds in the order in which they
// began to wait.
func (s *state) waiters(kinds ...waitKind) []*thread {
	var out []*thread
	for _, t := range s.threads {
		if t.blocked() && slices.Contains(kinds, t.wait.kind) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *thread) int {
		if a.wait.seq < b.wait.seq {
			return -1
		}
		return 1
	})
	return out
}
