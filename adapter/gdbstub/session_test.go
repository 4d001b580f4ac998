package gdbstub

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
	"net"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
	"github.com/dap-revexec/dap-revexec/vm/rv64"
)

// counting is a program with a loop: x10 counts up, is stored at data[8], and
// x11 counts the rounds down.
//
//	0  x11 += 3
//	1  x10 += 1     the loop
//	2  data[8] = x10
//	3  loop to 1
//	4  exit 7
var counting = []toyIns{
	{toyAdd, 11, 3},
	{toyAdd, 10, 1},
	{toyStore, 10, 8},
	{toyLoop, 11, 1},
	{toyExit, 0, 7},
}

func newCounting(t *testing.T) (*stage, *client) {
	st := newStage(newToy(counting, 0), Config{})
	return st, st.connect(t)
}

func TestHandshake(t *testing.T) {
	st := newStage(newToy(counting, 0), Config{})
	c := st.connectRaw(t)
	got := c.call("qSupported:multiprocess+;swbreak+;xmlRegisters=i386")
	for _, f := range []string{"PacketSize=10000", "QStartNoAckMode+", "qXfer:features:read+", "vContSupported+", "swbreak+", "ConditionalBreakpoints+", "ReverseStep+", "ReverseContinue+"} {
		if !strings.Contains(";"+got+";", ";"+f+";") {
			t.Errorf("%s is not in %s", f, got)
		}
	}
	if strings.Contains(got, "hwbreak") {
		t.Error("hwbreak offered to a client that does not know it")
	}
	c.want("vMustReplyEmpty", "")
	c.want("vNoSuchPacket;1", "")
	c.want("qNoSuchPacket", "")
	c.want("qTStatus", "")
	c.want("QCatchSyscalls:0", "")
	c.want("\x01", "")
	c.want("", "")
	c.want("qAttached", "1")
	c.want("qAttached:1", "1")
	c.want("qSymbol::", "OK")
	c.want("!", "OK")
	c.want("vCont?", vContActions)
	c.want("QStartNoAckMode", "OK")
	c.acks = false
	c.want("qC", "QCp1.1")
	c.want("qfThreadInfo", "mp1.1")
	c.wantStop("vCont;s:p1.1;c:p1.-1", "05", 0x1004)
}

func TestAcknowledgements(t *testing.T) {
	st := newStage(newToy(counting, 0), Config{})
	c := st.connectRaw(t)
	c.raw("$qC#00")
	if got := c.item(); got.kind != itemNak {
		t.Fatalf("wrong checksum: got %v, want -", got)
	}
	c.raw(string(frame("qC")))
	if got := c.item(); got.kind != itemAck {
		t.Fatalf("good packet: got %v, want +", got)
	}
	for range 3 {
		if got := c.item(); got != (item{itemPacket, "QC1"}) {
			t.Fatalf("got %v, want the answer, again after each -", got)
		}
		c.raw("-")
	}
	if got := c.item(); got != (item{itemPacket, "QC1"}) {
		t.Fatalf("got %v", got)
	}
	c.raw("+")
	c.raw(string(frame("QStartNoAckMode")))
	if got := c.item(); got.kind != itemAck {
		t.Fatalf("got %v, want +", got)
	}
	if got := c.item(); got != (item{itemPacket, "OK"}) {
		t.Fatalf("got %v", got)
	}
	c.raw("+")
	c.raw(string(frame("qC")))
	if got := c.item(); got != (item{itemPacket, "QC1"}) {
		t.Errorf("got %v, want the answer without an acknowledgement", got)
	}
}

func TestRegisters(t *testing.T) {
	_, c := newCounting(t)
	const x10, pc = "0100000000000000", "0010000000000000"
	all := c.call("g")
	if want := 2 * (33*8 + 32*8 + 3*4); len(all) != want {
		t.Fatalf("g gives %d digits, want %d", len(all), want)
	}
	if got := all[10*16 : 11*16]; got != x10 {
		t.Errorf("x10 in g is %s, want %s", got, x10)
	}
	if got := all[32*16 : 33*16]; got != pc {
		t.Errorf("pc in g is %s, want %s", got, pc)
	}
	c.want("pa", x10)
	c.want("p20", pc)
	c.want("p42", "00000000") // fflags
	c.wantError("p41")        // between the registers
	c.wantError("pffffffffff")
	c.wantError("p")
	c.wantError("G00")
	if got := c.call("Pa=0200000000000000"); !strings.HasPrefix(got, "E.") || !strings.Contains(got, "history") {
		t.Errorf("writing a register: got %q, want an error that says why", got)
	}
	c.want("Pa="+x10, "OK") // as it is
	c.want("pa", x10)
}

func TestMemory(t *testing.T) {
	_, c := newCounting(t)
	c.want("m1000,2", "1313")
	c.want("m2ffe,8", "0000") // as much as there is
	c.wantError("m5000,4")
	c.wantError("m1000")
	c.wantError("m1000,xyz")
	c.wantError("m,")
	c.want("m1000,0", "")
	if n := len(c.call("m1000,ffffffffffffffff")); n == 0 || n > packetSize {
		t.Errorf("reading everything gives %d digits", n)
	}
	c.want("x0,0", "") // old lldb and gdb disagree on what it answers
	c.wantError("M2008,1:ff")
	c.wantError("X2008,1:\xff")
	c.want("X2008,0:", "OK") // a client asks whether there is X
	c.want("m2008,1", "00")
}

func TestCRC(t *testing.T) {
	_, c := newCounting(t)
	data := strings.Repeat("\x13", 100)
	// The same polynomial as IEEE 802.3, but the bits of every byte and of the
	// result the other way round, and no inversion at the end.
	mirrored := make([]byte, len(data))
	for i := range mirrored {
		mirrored[i] = bits.Reverse8(data[i])
	}
	c.want("qCRC:1000,64", fmt.Sprintf("C%08x", bits.Reverse32(^crc32.ChecksumIEEE(mirrored))))
	c.wantError("qCRC:0,64")
}

func TestTargetDescription(t *testing.T) {
	_, c := newCounting(t)
	var xml strings.Builder
	for part := "m"; part[0] == 'm'; {
		part = c.call(fmt.Sprintf("qXfer:features:read:target.xml:%x,%x", xml.Len(), 1000))
		if part[0] != 'm' && part[0] != 'l' {
			t.Fatalf("got %q", part)
		}
		xml.WriteString(part[1:])
	}
	for _, want := range []string{
		"<architecture>riscv:rv64</architecture>",
		`<feature name="org.gnu.gdb.riscv.cpu">`,
		`<reg name="pc" bitsize="64" regnum="32" type="code_ptr"`,
		`<reg name="ft0" bitsize="64" regnum="33" type="ieee_double"`,
		`<reg name="fcsr" bitsize="32" regnum="68" type="int"`,
		"</target>\n",
	} {
		if !strings.Contains(xml.String(), want) {
			t.Errorf("%s is missing in %s", want, xml.String())
		}
	}
	c.wantError("qXfer:features:read:other.xml:0,100")
	c.want("qXfer:nothing:read::0,100", "")
	c.want("qXfer:features:write:target.xml:0:00", "")
	c.want("qXfer:exec-file:read::0,100", "l/toy")
	c.want("qXfer:exec-file:read::1,2", "mto")
	c.want("qXfer:exec-file:read::ffffffffffffffff,2", "l")
	c.want("qXfer:auxv:read::0,100", "l"+strings.Repeat("\x00", 16))
	c.wantError("qXfer:siginfo:read::0,100")
	c.wantError("qXfer:auxv:read::0")
	c.wantError("qXfer:")
}

func TestBreakpointsStopBeforeTheirInstructionInBothDirections(t *testing.T) {
	st, c := newCounting(t)
	c.want("Z0,1008,4", "OK") // the store
	for _, icount := range []uint64{2, 5, 8} {
		c.wantStop("vCont;c", "05", 0x1008, "swbreak:")
		if st.tl.Icount() != icount {
			t.Errorf("stopped at icount %d, want %d", st.tl.Icount(), icount)
		}
	}
	for _, icount := range []uint64{5, 2} {
		c.wantStop("bc", "05", 0x1008, "swbreak:")
		if st.tl.Icount() != icount {
			t.Errorf("back at icount %d, want %d", st.tl.Icount(), icount)
		}
	}
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	c.want("z0,1008,4", "OK")
	c.want("Z1,1004,4", "OK")
	c.wantStop("c", "05", 0x1004, "hwbreak:")
	c.want("z1,1004,4", "OK")
	c.want("z1,1004,4", "OK") // gone already
	c.want("Z5,1004,4", "")
	c.wantError("Z0,1004")
	c.wantError("Z2,1004,0")
	c.wantError("Z2,ffffffffffffffff,8")
	c.wantError("Z")
}

func TestBothEndsOfHistoryHold(t *testing.T) {
	st, c := newCounting(t)
	for range 2 {
		c.wantStop("bs", "05", 0x1000, "replaylog:begin")
		c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	}
	s, text := c.move("vCont;c")
	if s.pc != 0x1014 || fmt.Sprint(s.fields) != "map[replaylog:end]" {
		t.Errorf("at the end: %v", s)
	}
	if want := "[exited with code 7; history can still be walked]\n"; text != want {
		t.Errorf("console has %q, want %q", text, want)
	}
	for _, again := range []string{"vCont;c", "c", "s", "vCont;s:1", "vCont;r1000,2000:1"} {
		s, text := c.move(again)
		if s.pc != 0x1014 || fmt.Sprint(s.fields) != "map[replaylog:end]" || text != "" {
			t.Errorf("%s at the end: %v, console %q", again, s, text)
		}
	}
	c.wantStop("bs", "05", 0x1010)
	c.wantStop("s", "05", 0x1014, "replaylog:end")
	c.want("Z0,1004,4", "OK")
	c.wantStop("bc", "05", 0x1004, "swbreak:")
	if st.tl.Icount() != 7 {
		t.Errorf("the latest breakpoint before the end is at icount %d, want 7", st.tl.Icount())
	}
}

func TestSteppingBackUndoesStepping(t *testing.T) {
	st, c := newCounting(t)
	var hashes []vm.Hash
	var pcs []uint64
	for {
		hashes, pcs = append(hashes, st.m.Hash()), append(pcs, st.m.Reg(1, rv64.RegPC))
		s, _ := c.move("vCont;s:1")
		if _, end := s.fields["replaylog"]; end {
			break
		}
	}
	for i := len(hashes) - 1; i >= 0; i-- {
		c.wantStop("bs", "05", pcs[i])
		if st.m.Hash() != hashes[i] {
			t.Errorf("the state at icount %d is another one", i)
		}
	}
}

func TestRangeStepping(t *testing.T) {
	st, c := newCounting(t)
	c.wantStop("vCont;r1000,1010:1;c", "05", 0x1010) // all of the loop
	if st.tl.Icount() != 10 {
		t.Errorf("at icount %d, want 10", st.tl.Icount())
	}
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	c.want("Z0,1008,4", "OK")
	c.wantStop("vCont;r1000,1010:1;c", "05", 0x1008, "swbreak:")
	c.wantStop("vCont;r1000,1010:1;c", "05", 0x1008, "swbreak:")
	if st.tl.Icount() != 5 {
		t.Errorf("at icount %d, want 5", st.tl.Icount())
	}
}

func TestWatchpointForwardStopsBeforeTheStore(t *testing.T) {
	st, c := newCounting(t)
	c.want("Z2,200a,1", "OK") // a byte in the middle
	c.wantStop("vCont;c", "05", 0x1008, "watch:200a")
	if st.tl.Icount() != 2 {
		t.Errorf("at icount %d, want 2", st.tl.Icount())
	}
	// What gdb does: step over it without the watchpoint, then look.
	c.want("z2,200a,1", "OK")
	c.wantStop("vCont;s:1", "05", 0x100c)
	c.want("Z2,200a,1", "OK")
	c.wantStop("vCont;c", "05", 0x1008, "watch:200a")
	// A client that just goes on is not held at the same one.
	c.wantStop("vCont;c", "05", 0x1008, "watch:200a")
	if st.tl.Icount() != 8 {
		t.Errorf("at icount %d, want 8", st.tl.Icount())
	}
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
}

func TestWatchpointStopsAStepOntoItsStore(t *testing.T) {
	st, c := newCounting(t)
	c.want("Z2,2008,8", "OK")
	c.wantStop("vCont;s:1", "05", 0x1004)
	c.wantStop("vCont;s:1", "05", 0x1008)
	c.wantStop("vCont;s:1", "05", 0x1008, "watch:2008")
	c.wantStop("vCont;s:1", "05", 0x100c)
	if st.tl.Icount() != 3 {
		t.Errorf("at icount %d, want 3", st.tl.Icount())
	}
}

func TestWatchpointGoingBackStopsAfterTheStore(t *testing.T) {
	st, c := newCounting(t)
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
	c.want("Z2,2008,8", "OK")
	for _, icount := range []uint64{9, 6, 3} { // each once, the latest first
		c.wantStop("bc", "05", 0x100c, "watch:2008")
		if st.tl.Icount() != icount {
			t.Errorf("at icount %d, want %d", st.tl.Icount(), icount)
		}
	}
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
}

func TestSteppingBackOverAWatchedStoreReportsIt(t *testing.T) {
	st, c := newCounting(t)
	c.want("Z0,100c,4", "OK")
	c.wantStop("vCont;c", "05", 0x100c, "swbreak:")
	c.want("Z2,2008,8", "OK")
	c.wantStop("bs", "05", 0x100c, "watch:2008")
	if st.tl.Icount() != 3 {
		t.Errorf("at icount %d, want 3", st.tl.Icount())
	}
	c.wantStop("bs", "05", 0x1008)
	c.wantStop("bs", "05", 0x1004)
}

func TestReadAndAccessWatchpoints(t *testing.T) {
	prog := []toyIns{{toyStore, 10, 8}, {toyLoad, 11, 8}, {toyStore, 10, 16}, {toyLoad, 12, 16}, {toyExit, 0, 0}}
	st := newStage(newToy(prog, 0), Config{})
	c := st.connect(t)
	c.want("Z3,2008,8", "OK")
	c.want("Z4,2010,8", "OK")
	c.wantStop("vCont;c", "05", 0x1004, "rwatch:2008")
	c.wantStop("vCont;c", "05", 0x1008, "awatch:2010")
	c.wantStop("vCont;c", "05", 0x100c, "awatch:2010")
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
	c.wantStop("bc", "05", 0x1010, "awatch:2010")
	c.wantStop("bc", "05", 0x100c, "awatch:2010")
	c.wantStop("bc", "05", 0x1008, "rwatch:2008")
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
}

// A write by the guest kernel looks as if its system call had made it.
func TestWatchedKernelWrites(t *testing.T) {
	prog := []toyIns{{toyAdd, 10, 1}, {toyKernel, 10, 8}, {toyAdd, 10, 1}, {toyKernel, 10, 8}, {toyExit, 0, 0}}
	st := newStage(newToy(prog, 0), Config{})
	c := st.connect(t)
	c.want("Z2,2008,8", "OK")
	c.wantStop("vCont;c", "05", 0x1004, "watch:2008")
	c.want("m2008,1", "00")
	c.wantStop("vCont;s:1", "05", 0x1008)
	c.want("m2008,1", "02")
	c.wantStop("vCont;c", "05", 0x100c, "watch:2008")
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
	c.wantStop("bc", "05", 0x1010, "watch:2008")
	c.wantStop("bs", "05", 0x100c)
	c.wantStop("bc", "05", 0x1008, "watch:2008")
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
}

func TestConditionsAreEvaluatedInTheServer(t *testing.T) {
	st, c := newCounting(t)
	const equals3 = "26000a" + "2203" + "13" + "27" // x10 == 3
	const equals4 = "26000a" + "2204" + "13" + "27"
	const fails = "2200" + "17" + "27" // *(char *)0
	c.want("Z0,1008,4;X7,"+equals3, "OK")
	c.wantStop("vCont;c", "05", 0x1008, "swbreak:")
	c.want("pa", "0300000000000000")
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
	c.wantStop("bc", "05", 0x1008, "swbreak:")
	c.want("pa", "0300000000000000")
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	c.want("Z0,1008,4;X7,"+equals3+"X7,"+equals4, "OK") // either; replaces the one before
	c.wantStop("vCont;c", "05", 0x1008, "swbreak:")
	c.wantStop("vCont;c", "05", 0x1008, "swbreak:")
	c.want("pa", "0400000000000000")
	c.wantStop("bc", "05", 0x1008, "swbreak:")
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	c.want("Z0,1008,4;X4,"+fails, "OK")
	c.wantStop("vCont;c", "05", 0x1008, "swbreak:")
	if st.tl.Icount() != 2 {
		t.Errorf("a condition that can't be evaluated stopped at icount %d, want 2", st.tl.Icount())
	}
	c.wantError("Z0,1008,4;X1,00")
	c.wantError("Z0,1008,4;X9,27")
	c.wantError("Z0,1008,4;cmds:0")
}

func TestSignalsStopBeforeTheirDelivery(t *testing.T) {
	prog := []toyIns{{toyFault, 0, 0x10}, {toyAdd, 10, 1}, {toyDie, 0, 0x2000}, {toyExit, 0, 0}}
	st := newStage(newToy(prog, 0), Config{})
	c := st.connect(t)
	c.wantStop("vCont;c", "0b", 0x1000)
	info := c.call("qXfer:siginfo:read::0,80")
	if len(info) != 1+128 || info[1] != 11 || info[1+8] != 1 || info[1+16] != 0x10 {
		t.Errorf("siginfo is %q, want SIGSEGV, SEGV_MAPERR at 0x10", info)
	}
	c.wantStop("vCont;C0b:1;c", "0b", 0x1008)
	if info := c.call("qXfer:siginfo:read::0,80"); info[1+8] != 2 || info[1+16+1] != 0x20 {
		t.Errorf("siginfo is %q, want SEGV_ACCERR at 0x2000", info)
	}
	c.want("?", c.call("?"))
	s, text := c.move("c")
	if fmt.Sprint(s.fields) != "map[replaylog:end]" || !strings.Contains(text, "killed by signal 11 (SIGSEGV)") {
		t.Errorf("%v, console %q", s, text)
	}
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	// Of signals that the client does not want to hear it is not told.
	c.want("QPassSignals:b;e", "OK")
	c.wantStop("vCont;c", "05", 0x100c, "replaylog:end")
	c.wantError("QPassSignals:xyz")
}

// Two threads in one loop, five instructions each in turn.
func TestThreadsTakeTurnsInBothDirections(t *testing.T) {
	prog := []toyIns{
		{toyAdd, 11, 1}, {toyAdd, 12, 1}, {toyAdd, 13, 1}, {toyJump, 0, 0}, // thread 1
		{toyAdd, 11, 1}, {toyAdd, 12, 1}, {toyAdd, 13, 1}, {toyJump, 0, 4}, // thread 2
	}
	st := newStage(newToy(prog, 0, 4), Config{})
	c := st.connect(t)
	c.want("qfThreadInfo", "m1,2")
	c.want("qsThreadInfo", "l")
	c.want("T2", "OK")
	c.wantError("T3")
	c.want("Hg2", "OK")
	c.want("p20", "1010000000000000")
	c.wantError("Hg3")
	c.wantError("Hx1")
	c.want("Hg0", "OK")
	c.want("qThreadExtraInfo,2", hexText("toy-2: runnable"))
	if x := c.call("qXfer:threads:read::0,1000"); !strings.Contains(x, `<thread id="2" name="toy-2">runnable</thread>`) {
		t.Errorf("threads: %s", x)
	}

	// Thread 2's first instruction runs after five of thread 1's.
	if s := c.wantStop("vCont;s:2;c", "05", 0x1014); s.thread != "2" || st.tl.Icount() != 6 {
		t.Errorf("thread %s stopped at icount %d, want 2 at 6", s.thread, st.tl.Icount())
	}
	// Thread 1's next, the sixth, after the rest of thread 2's.
	if s := c.wantStop("vCont;s:1;c", "05", 0x1008); s.thread != "1" || st.tl.Icount() != 11 {
		t.Errorf("thread %s stopped at icount %d, want 1 at 11", s.thread, st.tl.Icount())
	}
	// Undoing thread 2's last undoes that of thread 1, too.
	c.want("Hc2", "OK")
	if s := c.wantStop("bs", "05", 0x1010); s.thread != "2" || st.tl.Icount() != 9 {
		t.Errorf("thread %s stopped at icount %d, want 2 at 9", s.thread, st.tl.Icount())
	}
	// Any thread: the one whose instruction is undone.
	c.want("Hcp1.-1", "OK")
	for icount := uint64(8); icount > 3; icount-- {
		thread := "2"
		if icount < 5 {
			thread = "1"
		}
		if s, _ := c.move("bs"); s.thread != thread || st.tl.Icount() != icount {
			t.Errorf("thread %s stopped at icount %d, want %s at %d", s.thread, st.tl.Icount(), thread, icount)
		}
	}
	// On the way another thread's breakpoint is one.
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	c.want("Z0,1008,4", "OK")
	if s := c.wantStop("vCont;s:2;c", "05", 0x1008, "swbreak:"); s.thread != "1" || st.tl.Icount() != 2 {
		t.Errorf("thread %s stopped at icount %d, want 1 at 2", s.thread, st.tl.Icount())
	}
	c.wantStop("vCont;s:2;c", "05", 0x1014)
	c.want("Z0,100c,4", "OK")
	c.want("Hc1", "OK")
	if s := c.wantStop("bs", "05", 0x1000); s.thread != "1" || st.tl.Icount() != 4 {
		t.Errorf("thread %s stopped at icount %d, want 1 at 4", s.thread, st.tl.Icount())
	}
}

// A step can end where another thread is about to execute an instruction with a
// breakpoint: the client has not been told of that one.
func TestBreakpointOfTheNextThreadIsNotPassedOver(t *testing.T) {
	prog := []toyIns{{toyJump, 0, 0}, {toyAdd, 11, 1}, {toyAdd, 11, 1}, {toyJump, 0, 1}}
	st := newStage(newToy(prog, 0, 1), Config{})
	c := st.connect(t)
	c.want("Z0,1004,4", "OK")
	for range 5 {
		c.wantStop("vCont;s:1;c", "05", 0x1000)
	}
	if s := c.wantStop("vCont;c", "05", 0x1004, "swbreak:"); s.thread != "2" || st.tl.Icount() != 5 {
		t.Errorf("thread %s stopped at icount %d, want 2 at 5", s.thread, st.tl.Icount())
	}
}

// gdb takes a breakpoint out to step a thread over it, and believes that no other
// thread runs meanwhile. One that runs into it stops all the same.
func TestBreakpointRemovedForOneThreadHoldsForOthers(t *testing.T) {
	prog := []toyIns{{toyAdd, 11, 1}, {toyAdd, 11, 1}, {toyAdd, 11, 1}, {toyJump, 0, 0}}
	st := newStage(newToy(prog, 0, 2), Config{})
	c := st.connect(t)
	c.want("Z0,1008,4", "OK")
	c.wantStop("vCont;c", "05", 0x1008, "swbreak:") // thread 1
	c.want("z0,1008,4", "OK")
	// Thread 2 stands at the same breakpoint; the client steps it, and thread 1
	// comes there again (its fourth and more instructions come first).
	if s := c.wantStop("vCont;s:2", "05", 0x100c); s.thread != "2" {
		t.Errorf("thread %s stopped, want 2", s.thread)
	}
	c.want("Z0,1008,4", "OK")
	c.want("z0,1008,4", "OK")
	if s := c.wantStop("vCont;s:1", "05", 0x1008, "swbreak:"); s.thread != "2" {
		t.Errorf("thread %s stopped, want 2, which came to the breakpoint while thread 1 was to be stepped", s.thread)
	}
}

func TestOutputGoesToTheConsoleOnce(t *testing.T) {
	m := newToy([]toyIns{{toyPrint, 0, 11}, {toyPrint, 0, 22}, {toyExit, 0, 0}}, 0)
	st := newStage(m, Config{})
	m.output = st.server.Output
	c := st.connect(t)
	if _, text := c.move("vCont;c"); !strings.HasPrefix(text, "11\n22\n[exited") {
		t.Errorf("console has %q", text)
	}
	c.wantStop("bc", "05", 0x1000, "replaylog:begin")
	if _, text := c.move("vCont;c"); !strings.HasPrefix(text, "[exited") {
		t.Errorf("replay wrote %q to the console", text)
	}
}

func TestOutputGoesToTheWritersOfTheConfiguration(t *testing.T) {
	var out strings.Builder
	m := newToy([]toyIns{{toyPrint, 0, 11}, {toyExit, 0, 0}}, 0)
	st := newStage(m, Config{Stdout: &out})
	m.output = st.server.Output
	c := st.connect(t)
	if _, text := c.move("vCont;c"); strings.Contains(text, "11") || out.String() != "11\n" {
		t.Errorf("console has %q, standard output %q", text, out.String())
	}
}

func TestInterruptStopsARun(t *testing.T) {
	spin := []toyIns{{toyAdd, 11, 1}, {toyJump, 0, 0}}
	st := newStage(newToy(spin, 0), Config{})
	c := st.connect(t)
	for _, run := range []string{"vCont;c", "c", "vCont;r1000,1008:1"} {
		c.send(run)
		c.raw("\x03")
		s, _ := c.stopped()
		if s.signal != "02" || len(s.fields) != 0 {
			t.Errorf("%s, interrupted: %v", run, s)
		}
	}
	c.wantStop("s", "05", c.wantStop("bs", "05", c.pc()^4).pc^4) // it can still be walked
}

// pc asks for the PC.
func (c *client) pc() uint64 {
	c.t.Helper()
	return c.parseStop(c.call("?")).pc
}

func TestInterruptStopsAWaitForInput(t *testing.T) {
	m := newToy([]toyIns{{toyAdd, 11, 1}, {toyWait, 0, 0}}, 0)
	waiting := make(chan struct{}, 1)
	m.waiting = func() { waiting <- struct{}{} }
	st := newStage(m, Config{})
	c := st.connect(t)
	c.send("vCont;c")
	<-waiting
	c.raw("\x03")
	if s, _ := c.stopped(); s.signal != "02" || st.tl.Icount() != 1 {
		t.Errorf("%v at icount %d", s, st.tl.Icount())
	}
}

// An interrupt of something that has ended already must not hit what comes next.
func TestInterruptWhileStoppedIsForgotten(t *testing.T) {
	_, c := newCounting(t)
	c.raw("\x03")
	c.want("qC", "QC1")
	c.raw("\x03\x03")
	c.wantStop("vCont;s:1", "05", 0x1004)
	c.want("Z0,1008,4", "OK")
	c.raw("\x03")
	c.wantStop("vCont;c", "05", 0x1008, "swbreak:")
}

// blockedSearch is a timeline whose searches wait until they are cancelled.
type blockedSearch struct {
	Timeline
	begun chan struct{}
}

func (b blockedSearch) Back(ctx context.Context, lower uint64, stops *vm.Stops) (vm.Stop, error) {
	b.begun <- struct{}{}
	<-ctx.Done()
	return b.Timeline.Back(ctx, lower, stops)
}

func TestInterruptStopsASearchAndLeavesTheGuestWhereItWas(t *testing.T) {
	st, c := newBlocked(t)
	c.send("bc")
	<-st.search.begun
	c.raw("\x03")
	if s, _ := c.stopped(); s.signal != "02" || s.pc != 0x1014 {
		t.Errorf("interrupted search: %v", s)
	}
	c.wantStop("bs", "05", 0x1010)
}

type blockedStage struct {
	*stage
	search blockedSearch
}

// newBlocked is the counting program at its end, with searches that do not end.
func newBlocked(t *testing.T) (*blockedStage, *client) {
	t.Helper()
	st := newStage(newToy(counting, 0), Config{})
	b := &blockedStage{stage: st, search: blockedSearch{st.tl, make(chan struct{})}}
	st.server = New(Config{Timeline: b.search})
	c := st.connect(t)
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
	return b, c
}

func TestClientThatDisconnectsInASearchLeavesTheHistoryToTheNext(t *testing.T) {
	st, c := newBlocked(t)
	c.send("bc")
	<-st.search.begun
	c.conn.Close()
	if err := st.finished(t); err != nil {
		t.Errorf("Serve: %v", err)
	}
	c = st.connect(t)
	if c.pc() != 0x1014 {
		t.Errorf("the next client finds the guest at %#x", c.pc())
	}
	c.wantStop("bs", "05", 0x1010)
}

func TestClientsCanDetachAndComeBack(t *testing.T) {
	st, c := newCounting(t)
	c.want("Z0,1008,4", "OK")
	c.wantStop("vCont;c", "05", 0x1008, "swbreak:")
	c.want("D", "OK")
	if err := st.finished(t); err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := c.conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the connection is still open: %v", err)
	}
	c = st.connect(t)
	if c.pc() != 0x1008 {
		t.Errorf("the guest is at %#x", c.pc())
	}
	c.wantStop("bs", "05", 0x1004)
	// The first client's breakpoint has gone with it.
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
}

func TestKill(t *testing.T) {
	st, c := newCounting(t)
	c.send("k")
	if err := st.finished(t); !errors.Is(err, ErrKilled) {
		t.Errorf("after k: %v", err)
	}
	c = st.connect(t)
	c.want("vKill;1", "OK")
	c.conn.Close()
	if err := st.finished(t); !errors.Is(err, ErrKilled) {
		t.Errorf("after vKill: %v", err)
	}
}

func TestRunningAgainIsGoingToTheStart(t *testing.T) {
	st, c := newCounting(t)
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
	c.want("vKill;1", "OK")
	c.wantStop("vRun;", "05", 0x1000)
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
	c.send("R00")
	c.want("p20", "0010000000000000")
	c.want("D;1", "OK")
	if err := st.finished(t); err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestMonitor(t *testing.T) {
	st, c := newCounting(t)
	c.wantStop("vCont;c", "05", 0x1014, "replaylog:end")
	for _, x := range []struct {
		line   string
		says   string
		icount uint64
	}{
		{"when", "icount 11 of 11 recorded, thread 1, pc 0x1014, exited with code 7", 11},
		{"seek 4", "icount 4 of 11 recorded, thread 1, pc 0x1004, in the past", 4},
		{"seek +3", "icount 7 ", 7},
		{"seek -2", "icount 5 ", 5},
		{"seek -100", "icount 0 ", 0},
		{"seek 1_0", "icount 10 ", 10},
		{"seek 12", "12 lies beyond the recorded history, which ends at 11", 10},
		{"seek +18446744073709551615", "beyond", 10},
		{"seek nowhere", `"nowhere" is no position`, 10},
		{"seek", "usage: seek N", 10},
		{"start", "icount 0 of 11", 0},
		{"checkpoint", "checkpoint kept at icount 0", 0},
		{"end", "icount 11 of 11", 11},
		{"checkpoints", "kept", 11},
		{"info", "recorded        11 instructions", 11},
		{"help", "seek N | +N | -N", 11},
		{"", "checkpoint", 11},
		{"dance", "dance: no such command: try help", 11},
		{"when now", "usage: when", 11},
	} {
		if got := c.monitor(x.line); !strings.Contains(got, x.says) {
			t.Errorf("monitor %s says %q, want %q in it", x.line, got, x.says)
		}
		if st.tl.Icount() != x.icount {
			t.Errorf("monitor %s: at icount %d, want %d", x.line, st.tl.Icount(), x.icount)
		}
	}
	c.monitor("seek 4")
	c.wantStop("?", "05", 0x1004)
	c.wantError("qRcmd,zz")
}

func TestFilesServed(t *testing.T) {
	_, c := newCounting(t)
	open := func(path string) string { return c.call("vFile:open:" + hexText(path) + ",0,0") }
	c.want("vFile:setfs:0", "F0")
	for _, path := range []string{"/etc/passwd", "/toy/../etc/passwd", "", "/proc/1/mem"} {
		if got := open(path); got != "F-1,2" {
			t.Errorf("opening %q: %q, want no such file", path, got)
		}
	}
	if got := open("/proc/1/maps"); got != "F3" {
		t.Fatalf("opening maps: %q", got)
	}
	if got := c.call("vFile:pread:3,1000,0"); !strings.Contains(got, "1000-2000 r-xp 00000000 00:00 0 toy\n") {
		t.Errorf("maps are %q", got)
	}
	c.want("vFile:pread:3,10,fffff", "F0;")
	if got := c.call("vFile:fstat:3"); len(got) != len("F40;")+64 || !strings.HasPrefix(got, "F40;") {
		t.Errorf("fstat: %q", got)
	}
	if got := open("/proc/1/cmdline"); got != "F4" {
		t.Errorf("opening cmdline: %q", got)
	}
	c.want("vFile:pread:4,100,0", "F8;toy\x00arg\x00")
	c.want("vFile:close:3", "F0")
	c.want("vFile:close:3", "F-1,9")
	c.want("vFile:pread:3,10,0", "F-1,9")
	c.want("vFile:open:"+hexText("/proc/1/maps")+",1,0", "F-1,1e")
	c.want("vFile:open:zz,0,0", "F-1,16")
	c.want("vFile:readlink:"+hexText("/proc/1/exe"), "F4;/toy")
	c.want("vFile:readlink:"+hexText("/etc/localtime"), "F-1,2")
	c.want("vFile:unlink:"+hexText("/toy"), "")
	for range maxFiles {
		open("/proc/1/maps")
	}
	if got := open("/proc/1/maps"); got != "F-1,18" {
		t.Errorf("opening ever more files: %q", got)
	}
}

func TestLLDBQuestions(t *testing.T) {
	_, c := newCounting(t)
	c.want("QThreadSuffixSupported", "OK")
	c.want("QListThreadsInStopReply", "OK")
	if got := c.call("qHostInfo"); !strings.Contains(got, "triple:"+hexText("riscv64-unknown-linux-gnu")) {
		t.Errorf("qHostInfo: %s", got)
	}
	if got := c.call("qProcessInfo"); !strings.HasPrefix(got, "pid:1;") {
		t.Errorf("qProcessInfo: %s", got)
	}
	c.want("p20;thread:1;", "0010000000000000")
	c.wantError("p20;thread:7;")
	c.wantError("g;thread:x;")
	c.want("qMemoryRegionInfo:1234", "start:1000;size:1000;permissions:rx;name:"+hexText("toy")+";")
	c.want("qMemoryRegionInfo:0", "start:0;size:1000;")
	c.want("qMemoryRegionInfo:3000", "start:3000;size:ffffffffffffd000;")
	c.wantError("qMemoryRegionInfo:")
	c.wantStop("vCont;s:1", "05", 0x1004, "threads:1", "reason:trace")
	c.wantStop("qThreadStopInfo1", "05", 0x1004, "threads:1", "reason:trace")
	c.wantError("qThreadStopInfo2")
	if got := c.call("jThreadsInfo"); !strings.Contains(got, `"tid":1`) || !strings.Contains(got, `"reason":"trace"`) {
		t.Errorf("jThreadsInfo: %s", got)
	}
}

func TestErrorTextsForThoseWhoUnderstandThem(t *testing.T) {
	_, c := newCounting(t)
	c.want("m0,4", "E0e")
	c.call("qSupported:error-message+")
	c.want("m0,4", "E.no memory at 0x0 here")
}

func TestPacketThatIsTooLong(t *testing.T) {
	_, c := newCounting(t)
	c.raw("$m" + strings.Repeat("0", packetSize) + ",1#00")
	if got := c.receive(); !strings.HasPrefix(got, "E") {
		t.Errorf("got %q, want an error", got)
	}
	c.want("qC", "QC1")
}

func TestClientThatFloodsIsDisconnected(t *testing.T) {
	st := newStage(newToy([]toyIns{{toyJump, 0, 0}}, 0), Config{})
	c := st.connect(t)
	c.send("vCont;c")
	for range 2 * maxPending {
		if _, err := c.conn.Write(frame("qC")); err != nil {
			break
		}
	}
	if err := st.finished(t); !errors.Is(err, errFlooded) {
		t.Errorf("Serve: %v", err)
	}
}

func TestServerServesOneClientAfterTheOther(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	st := newStage(newToy(counting, 0), Config{})
	done := make(chan error, 1)
	go func() { done <- st.server.ListenAndServe(context.Background(), l) }()
	for i, end := range []string{"D", "", "k"} {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c := &client{t: t, conn: conn, s: newScanner(conn), acks: true}
		c.wantStop("vCont;s:1", "05", 0x1004+4*uint64(i))
		if end != "" {
			c.send(end)
		}
		conn.Close()
	}
	if err := <-done; err != nil {
		t.Errorf("ListenAndServe: %v", err)
	}
}

func TestServingEndsWithItsContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	st := newStage(newToy([]toyIns{{toyJump, 0, 0}}, 0), Config{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- st.server.ListenAndServe(ctx, l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := &client{t: t, conn: conn, s: newScanner(conn), acks: true}
	c.wantStop("vCont;s:1", "05", 0x1000)
	c.send("vCont;c")
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("ListenAndServe: %v", err)
	}
}
