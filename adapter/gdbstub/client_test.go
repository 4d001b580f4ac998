package gdbstub

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/checkpoint"
	"github.com/dap-revexec/dap-revexec/vm"
)

// client is a scripted client of the protocol.
type client struct {
	t    *testing.T
	conn net.Conn
	s    *scanner
	acks bool
}

// patience bounds how long a test waits for something that should come at once.
const patience = 20 * time.Second

// stage is a machine with its timeline and server, and how to connect to it.
type stage struct {
	tl     *checkpoint.Timeline
	m      vm.Machine
	server *Server
	done   chan error // what Serve returned
}

func newStage(m vm.Machine, cfg Config) *stage {
	st := &stage{m: m, tl: checkpoint.New(m, checkpoint.Config{})}
	cfg.Timeline = st.tl
	cfg.Logger = zerolog.Nop()
	st.server = New(cfg)
	return st
}

// connect starts serving a client, in no-ack mode. The client's end waits until
// the server is done.
func (st *stage) connect(t *testing.T) *client {
	t.Helper()
	c := st.connectRaw(t)
	c.call("qSupported:swbreak+;hwbreak+;vContSupported+")
	c.want("QStartNoAckMode", "OK")
	c.acks = false
	return c
}

// connectRaw does the same without any exchange, in ack mode.
func (st *stage) connectRaw(t *testing.T) *client {
	t.Helper()
	ours, theirs := net.Pipe()
	st.done = make(chan error, 1)
	go func() { st.done <- st.server.Serve(context.Background(), theirs) }()
	c := &client{t: t, conn: ours, s: newScanner(ours), acks: true}
	done := st.done
	t.Cleanup(func() {
		ours.Close()
		select {
		case <-done:
		case <-time.After(patience):
			t.Error("the server did not notice that the client had gone")
		}
	})
	return c
}

// finished waits until Serve has returned.
func (st *stage) finished(t *testing.T) error {
	t.Helper()
	select {
	case err := <-st.done:
		st.done <- err // for the cleanup
		return err
	case <-time.After(patience):
		t.Fatal("Serve did not return")
		return nil
	}
}

// send sends a packet.
func (c *client) send(data string) {
	c.t.Helper()
	c.raw(string(frame(data)))
}

func (c *client) raw(bytes string) {
	c.t.Helper()
	_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c.conn, bytes); err != nil {
		c.t.Fatalf("sending %.60q: %v", bytes, err)
	}
}

// item returns the next item, whatever it is.
func (c *client) item() item {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	kind, data, err := c.s.next()
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	return item{kind, string(data)}
}

// receive returns the next packet.
func (c *client) receive() string {
	c.t.Helper()
	for {
		i := c.item()
		if i.kind == itemAck {
			continue
		}
		if i.kind != itemPacket {
			c.t.Fatalf("got %v instead of a packet", i)
		}
		if c.acks {
			c.raw("+")
		}
		return i.data
	}
}

// call sends a packet and returns the answer.
func (c *client) call(data string) string {
	c.t.Helper()
	c.send(data)
	return c.receive()
}

// want checks an answer.
func (c *client) want(data, answer string) {
	c.t.Helper()
	if got := c.call(data); got != answer {
		c.t.Errorf("%s: got %.200q, want %.200q", data, got, answer)
	}
}

// wantError checks that the answer is an error.
func (c *client) wantError(data string) {
	c.t.Helper()
	if got := c.call(data); !strings.HasPrefix(got, "E") {
		c.t.Errorf("%s: got %.200q, want an error", data, got)
	}
}

// stop is a parsed stop reply.
type stop struct {
	signal string
	thread string
	pc     uint64
	fields map[string]string // all but thread and registers
}

func (s stop) String() string {
	return fmt.Sprintf("T%s thread %s pc %#x %v", s.signal, s.thread, s.pc, s.fields)
}

func (c *client) parseStop(reply string) stop {
	c.t.Helper()
	if len(reply) < 3 || reply[0] != 'T' {
		c.t.Fatalf("%.100q is no stop reply", reply)
	}
	s := stop{signal: reply[1:3], fields: map[string]string{}}
	for _, f := range strings.Split(strings.TrimSuffix(reply[3:], ";"), ";") {
		name, value, found := strings.Cut(f, ":")
		if !found {
			c.t.Fatalf("field %q of stop reply %q", f, reply)
		}
		switch {
		case name == "thread":
			s.thread = value
		case name == "20":
			b, err := hex.DecodeString(value)
			if err != nil || len(b) != 8 {
				c.t.Fatalf("pc %q", value)
			}
			for i := range b {
				s.pc |= uint64(b[i]) << (8 * i)
			}
		case len(name) <= 2:
		default:
			s.fields[name] = value
		}
	}
	return s
}

// move sends a resume packet and returns the stop, and what was said on the
// console before.
func (c *client) move(data string) (stop, string) {
	c.t.Helper()
	c.send(data)
	return c.stopped()
}

func (c *client) stopped() (stop, string) {
	c.t.Helper()
	var console strings.Builder
	for {
		reply := c.receive()
		if text, is := strings.CutPrefix(reply, "O"); is {
			b, err := hex.DecodeString(text)
			if err != nil {
				c.t.Fatalf("console packet %q: %v", reply, err)
			}
			console.Write(b)
			continue
		}
		return c.parseStop(reply), console.String()
	}
}

// wantStop moves and checks where and why it stopped: signal, PC and fields as
// "name:value".
func (c *client) wantStop(data, signal string, pc uint64, fields ...string) stop {
	c.t.Helper()
	s, _ := c.move(data)
	want := stop{signal: signal, thread: s.thread, pc: pc, fields: map[string]string{}}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ":")
		want.fields[name] = value
	}
	if s.String() != want.String() {
		c.t.Errorf("%s: got %v, want %v", data, s, want)
	}
	return s
}

// monitor runs a monitor command and returns what it says.
func (c *client) monitor(line string) string {
	c.t.Helper()
	c.send("qRcmd," + hexText(line))
	var b strings.Builder
	for {
		reply := c.receive()
		if reply == "OK" {
			return b.String()
		}
		text, good := unhexText(strings.TrimPrefix(reply, "O"))
		if !good {
			c.t.Fatalf("monitor %s: %q", line, reply)
		}
		b.WriteString(text)
	}
}
