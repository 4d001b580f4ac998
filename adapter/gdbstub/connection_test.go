package gdbstub

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/vm"
)

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
	at := c.pc()
	c.wantStop("bs", "05", at^4) // it can still be walked: the loop has two instructions
	c.wantStop("s", "05", at)
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
