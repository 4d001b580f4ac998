package gdbstub

import (
	"fmt"
	"hash/crc32"
	"math/bits"
	"strings"
	"testing"
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
		{"seek 101%", `"101%" is no position`, 10},
		{"seek start", "icount 0 ", 0},
		{"seek 50%", "icount 5 ", 5},
		{"seek end", "icount 11 ", 11},
		{"seek 10", "icount 10 ", 10},
		{"seek", "usage: seek POSITION", 10},
		{"start", "icount 0 of 11", 0},
		{"checkpoint", "checkpoint kept at icount 0", 0},
		{"end", "icount 11 of 11", 11},
		{"checkpoints", "kept", 11},
		{"info", "recorded        11 instructions", 11},
		{"help", "seek POSITION", 11},
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

func TestMonitorFindsWrites(t *testing.T) {
	prog := []toyIns{{toyAdd, 10, 1}, {toyStore, 10, 8}, {toyAdd, 10, 1}, {toyKernel, 10, 8}, {toyAdd, 10, 1}, {toyStore, 10, 16}, {toyExit, 0, 0}}
	st := newStage(newToy(prog, 0), Config{})
	c := st.connect(t)
	for _, x := range []struct {
		line   string
		says   string
		icount uint64
	}{
		{"last-write 0x2008 8", "8 bytes at 0x2008 were not written before here", 0},
		{"next-write 0x2008 8", "0x2008: 0x0 → 0x2, written at icount 1\n", 2},
		{"next-write 0x2008 8", "0x2008: 0x2 → 0x3, written at icount 3\n", 4},
		{"next-write 0x2008 8", "8 bytes at 0x2008 are not written up to the end", 7},
		{"last-write 8200 1", "0x2008: 0x2 → 0x3, written at icount 3\n", 3},
		{"next-write 8200 1", "0x2008: 0x2 → 0x3, written at icount 3\n", 4},
		{"last-write 0x2000 16", "02 00 00 00 00 00 00 00 → ", 3},
		{"last-write 0x2000 16", "written at icount 1\n", 1},
		{"last-write 0x2000 16", "not written before", 1},
		{"last-write 0x2000", "usage: last-write ADDR SIZE", 1},
		{"last-write here 8", "want an address and a number of bytes", 1},
		{"next-write 0x2000 0", "want 1 to", 1},
	} {
		if got := c.monitor(x.line); !strings.Contains(got, x.says) {
			t.Errorf("monitor %s says %q, want %q in it", x.line, got, x.says)
		}
		if st.tl.Icount() != x.icount {
			t.Errorf("monitor %s: at icount %d, want %d", x.line, st.tl.Icount(), x.icount)
		}
	}
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
