package linux_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/linux"
)

// Sequences of system calls as nobody would make them, about all that processes
// share: descriptors, pipes, sockets, epoll sets, children, threads. The guest ends
// by a timer, whatever it waits for.

// What an argument may be.
const (
	argNumber  = iota // one of the numbers given
	argFD             // a low number
	argBuffer         // memory with something in it
	argAddress        // of a socket
	argMessage        // struct mmsghdr
)

// sharedBase is where the guest maps memory, perhaps shared with its children.
const sharedBase = 0x40000

type argument struct {
	kind    int
	numbers []int64
}

func oneOf(n ...int64) argument { return argument{argNumber, n} }

var (
	anFD      = argument{kind: argFD}
	aBuffer   = argument{kind: argBuffer}
	anAddress = argument{kind: argAddress}
	aMessage  = argument{kind: argMessage}
	aSize     = oneOf(0, 1, 8, 100, 4096, 1<<14)
	sendFlags = oneOf(0, 0x40, 0x4040, 0x40|0x2)
)

var sequenceCalls = []struct {
	nr   int64
	args []argument
}{
	{198, []argument{oneOf(1, 1, 2, 2, 10, 16), oneOf(1, 2, 5, 0o4001, 0o4002, 0o4005, 3), oneOf(0)}},                                               // socket
	{199, []argument{oneOf(1), oneOf(1, 2, 5, 0o4001, 0o4002), oneOf(0), oneOf(dataBase)}},                                                          // socketpair
	{200, []argument{anFD, anAddress, oneOf(16, 16, 28, 2, 110)}},                                                                                   // bind
	{201, []argument{anFD, oneOf(0, 1, 5, -1)}},                                                                                                     // listen
	{242, []argument{anFD, oneOf(0), oneOf(0), oneOf(0, 0o4000)}},                                                                                   // accept4
	{203, []argument{anFD, anAddress, oneOf(16, 16, 28, 2, 110)}},                                                                                   // connect
	{204, []argument{anFD, aBuffer, oneOf(dataBase + 8)}},                                                                                           // getsockname
	{206, []argument{anFD, aBuffer, aSize, sendFlags, argument{argAddress, nil}, oneOf(0, 16)}},                                                     // sendto
	{206, []argument{anFD, aBuffer, aSize, sendFlags, oneOf(0), oneOf(0)}},                                                                          // send
	{207, []argument{anFD, aBuffer, aSize, oneOf(0, 0x40, 0x42, 0x100, 0x20), oneOf(0), oneOf(0)}},                                                  // recvfrom
	{208, []argument{anFD, oneOf(1, 1, 6, 41), oneOf(2, 7, 9, 15, 20, 26), oneOf(dataBase), oneOf(4, 16)}},                                          // setsockopt
	{209, []argument{anFD, oneOf(1, 6), oneOf(3, 4, 7, 9, 15, 17), aBuffer, oneOf(dataBase + 8)}},                                                   // getsockopt
	{210, []argument{anFD, oneOf(0, 1, 2)}},                                                                                                         // shutdown
	{211, []argument{anFD, aMessage, sendFlags}},                                                                                                    // sendmsg
	{212, []argument{anFD, aMessage, oneOf(0, 0x40, 0x42)}},                                                                                         // recvmsg
	{269, []argument{anFD, aMessage, oneOf(1, 3), sendFlags}},                                                                                       // sendmmsg
	{243, []argument{anFD, aMessage, oneOf(1, 3), oneOf(0, 0x40, 0x10000), oneOf(0)}},                                                               // recvmmsg
	{59, []argument{oneOf(dataBase), oneOf(0, 0o4000)}},                                                                                             // pipe2
	{63, []argument{anFD, aBuffer, aSize}},                                                                                                          // read
	{64, []argument{anFD, aBuffer, aSize}},                                                                                                          // write
	{23, []argument{anFD}},                                                                                                                          // dup
	{24, []argument{anFD, anFD, oneOf(0)}},                                                                                                          // dup3
	{57, []argument{anFD}},                                                                                                                          // close
	{25, []argument{anFD, oneOf(0, 1, 2, 3, 4), oneOf(0, 1, 0o4000)}},                                                                               // fcntl
	{20, []argument{oneOf(0)}},                                                                                                                      // epoll_create1
	{21, []argument{anFD, oneOf(1, 1, 2, 3), anFD, aBuffer}},                                                                                        // epoll_ctl
	{22, []argument{anFD, aBuffer, oneOf(1, 5), oneOf(0, 0, 1), oneOf(0), oneOf(8)}},                                                                // epoll_pwait
	{19, []argument{oneOf(0, 3), oneOf(0, 0o4000, 1)}},                                                                                              // eventfd2
	{220, []argument{oneOf(17, 17, 0x4111, 0x50f00, 0x100|17), oneOf(0), oneOf(0), oneOf(0), oneOf(0)}},                                             // clone
	{260, []argument{oneOf(-1, 0, 1001), oneOf(0, dataBase), oneOf(0, 1, 0x40000000), oneOf(0)}},                                                    // wait4
	{93, []argument{oneOf(0, 7)}},                                                                                                                   // exit
	{129, []argument{oneOf(1001, 1002, 1003), oneOf(0, 9, 10, 17)}},                                                                                 // kill
	{134, []argument{oneOf(10, 17), oneOf(dataBase + 0x100), oneOf(0), oneOf(8)}},                                                                   // rt_sigaction
	{98, []argument{oneOf(dataBase+0x200, dataBase+0x204), oneOf(0, 1, 0x80, 0x81), oneOf(0, 1), oneOf(0, dataBase+0x180)}},                         // futex
	{101, []argument{oneOf(dataBase + 0x180), oneOf(0)}},                                                                                            // nanosleep
	{222, []argument{oneOf(sharedBase, sharedBase+0x1000, 0), oneOf(0x1000, 0x3000), oneOf(3, 3, 1), oneOf(0x32, 0x31, 0x31), oneOf(-1), oneOf(0)}}, // mmap
	{216, []argument{oneOf(sharedBase, sharedBase+0x1000), oneOf(0x1000), oneOf(0x1000, 0x2000), oneOf(0, 1, 3), oneOf(sharedBase + 0x4000)}},       // mremap
	{233, []argument{oneOf(sharedBase), oneOf(0x1000, 0x2000), oneOf(4, 9)}},                                                                        // madvise
	{226, []argument{oneOf(sharedBase), oneOf(0x1000), oneOf(1, 3)}},                                                                                // mprotect
	{278, []argument{oneOf(sharedBase, sharedBase+0x800, sharedBase+0x1ff0), oneOf(8, 100), oneOf(0)}},                                              // getrandom
	{215, []argument{oneOf(dataBase+0x3000, sharedBase, sharedBase), oneOf(0x1000)}},                                                                // munmap
	{17, []argument{aBuffer, oneOf(100)}},                                                                                                           // getcwd
	{48, []argument{oneOf(-100), oneOf(dataBase + 0x280), oneOf(0)}},                                                                                // faccessat
}

// sequenceOf is the program that makes the calls which raw chooses.
func sequenceOf(raw []byte) []byte {
	next := func(n int) int {
		if len(raw) == 0 {
			return 0
		}
		v := int(raw[0]) % n
		raw = raw[1:]
		return v
	}
	a := newAsm()
	a.sys(57, 0)
	a.sys(134, 13, dataBase+0x100, 0, 8) // ignores SIGPIPE
	a.sys(103, 0, dataBase+0x300, 0)     // the end, two milliseconds from now
	for n := 0; len(raw) > 0 && n < 400; n++ {
		c := &sequenceCalls[next(len(sequenceCalls))]
		for i, arg := range c.args {
			var v int64
			switch arg.kind {
			case argNumber:
				v = arg.numbers[next(len(arg.numbers))]
			case argFD:
				v = int64(next(14))
			case argBuffer:
				v = dataBase + 0x400 + 8*int64(next(200))
				if v%32 == 0 {
					v += sharedBase - dataBase
				}
			case argAddress:
				v = dataBase + 0x800 + 128*int64(next(6))
			case argMessage:
				v = dataBase + 0x1000 + 64*int64(next(6))
			}
			a.li(a0+uint32(i), v)
		}
		if c.nr == 93 { // children only
			a.sys(172)
			a.addi(a0, a0, -1000)
			a.beqz(a0, fmt.Sprint("on", n))
		}
		a.li(a7, c.nr)
		a.ecall()
		a.label(fmt.Sprint("on", n))
	}
	a.label("wait")
	a.sys(73, 0, 0, 0, 0, 0) // ppoll
	a.j("wait")

	le := binary.LittleEndian
	data := make([]byte, 0x2000)
	le.PutUint32(data[8:], 64)           // a size
	le.PutUint64(data[0x100:], 1)        // SIG_IGN
	le.PutUint64(data[0x188:], 50_000)   // a short time
	copy(data[0x280:], "/dev/null")      //
	le.PutUint64(data[0x318:], 2000)     // µs
	for i := 0x400; i < 0x800; i += 12 { // events
		le.PutUint32(data[i:], 1|4|1<<31)
	}
	for i, at := range []string{
		"\x01\x00\x00name", "\x01\x00/tmp/x", "\x02\x00\x10\x00\x7f\x00\x00\x01", "\x02\x00\x10\x01\x00\x00\x00\x00",
		"\x0a\x00\x10\x00" + string(make([]byte, 19)) + "\x01", "\x00\x00",
	} {
		copy(data[0x800+128*i:], at)
	}
	for i := range 6 { // messages
		m := data[0x1000+64*i:]
		le.PutUint64(m[16:], dataBase+0x1800)
		le.PutUint64(m[24:], uint64(i%3))
		if i > 1 {
			le.PutUint64(m[32:], dataBase+0x1900)
			le.PutUint64(m[40:], []uint64{0, 0, 24, 20, 64, 24}[i])
		}
	}
	le.PutUint64(data[0x1800:], dataBase+0x400)
	le.PutUint64(data[0x1808:], 700)
	le.PutUint64(data[0x1810:], dataBase+0x600)
	le.PutUint64(data[0x1818:], 3)
	le.PutUint64(data[0x1900:], 24) // SCM_RIGHTS of two descriptors
	le.PutUint32(data[0x1908:], 1)
	le.PutUint32(data[0x190c:], 1)
	le.PutUint32(data[0x1910:], 3)
	le.PutUint32(data[0x1914:], 4)
	return a.elf(data...)
}

// testSequence runs a sequence with snapshots on the way. Whatever came after it, a
// snapshot is still what it was, and leads to the same end, here and elsewhere.
func testSequence(t *testing.T, raw []byte) {
	cfg := fixed(linux.Config{Path: "/guest", File: sequenceOf(raw), Dir: "/", MaxMemory: 1 << 26})
	m, err := linux.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	type mark struct {
		s     vm.Snapshot
		hash  vm.Hash
		saved []byte // relative to the one before, but for every 16th
	}
	var marks []mark
	var store drawer
	for {
		now := mark{s: m.Snapshot(), hash: m.Hash()}
		var prev vm.Snapshot
		if n := len(marks); n > 0 && n%16 != 0 {
			prev = marks[n-1].s
		}
		if now.saved, err = now.s.Save(prev, &store); err != nil {
			t.Fatal(err)
		}
		marks = append(marks, now)
		watchdog := time.AfterFunc(10*time.Second, m.Interrupt) // if all wait for good
		s := m.Run(m.Icount()+97, nil)
		watchdog.Stop()
		if s.Reason == vm.StopExit {
			break
		} else if s.Reason != vm.StopLimit {
			t.Fatal(s.Reason, s.Err)
		}
		if m.Icount() > 60_000 {
			break // children that go on and on
		}
	}
	end, final := m.Icount(), m.Hash()
	t.Logf("%d instructions", end)
	other, err := linux.New(linux.Config{Path: "/guest", File: cfg.File, Dir: "/", MaxMemory: 1 << 26, Log: m.Log()})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for i := len(marks) - 1; i >= 0; i -= max(len(marks)/8, 1) {
		for j, m := range []*linux.Machine{m, other, m, other} {
			s := marks[i].s
			if j >= 2 {
				s = nil
				for k := i &^ 15; k <= i; k++ {
					if s, err = m.Load(marks[k].saved, s, &store); err != nil {
						t.Fatalf("the snapshot at icount %d: %v", marks[k].s.Icount(), err)
					}
				}
			}
			m.Restore(s)
			if m.Hash() != marks[i].hash {
				t.Fatalf("the snapshot at icount %d has changed", marks[i].s.Icount())
			}
			if s := m.Run(end, nil); m.Icount() != end || s.Reason != vm.StopLimit || m.Hash() != final {
				t.Fatalf("from the snapshot at icount %d it ends otherwise: %+v", marks[i].s.Icount(), s)
			}
		}
	}
}

func TestRandomSequencesOfCallsLeaveSnapshotsAlone(t *testing.T) {
	n := 150
	if testing.Short() {
		n = 20
	}
	for i := range n {
		rnd := rand.New(rand.NewPCG(77, uint64(i)))
		raw := make([]byte, 100+rnd.IntN(900))
		for i := range raw {
			raw[i] = byte(rnd.Uint32())
		}
		testSequence(t, raw)
		if t.Failed() {
			t.Fatalf("seed %d", i)
		}
	}
}

func FuzzCallSequences(f *testing.F) {
	rnd := rand.New(rand.NewPCG(78, 1))
	for range 30 {
		raw := make([]byte, 300)
		for i := range raw {
			raw[i] = byte(rnd.Uint32())
		}
		f.Add(raw)
	}
	f.Fuzz(testSequence)
}
