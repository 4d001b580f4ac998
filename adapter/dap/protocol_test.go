package dap_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	godap "github.com/google/go-dap"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
	"github.com/dap-revexec/dap-revexec/adapter/dap/client"
)

func framed(content string) string {
	return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(content), content)
}

// errorResponse waits for an error response to a request that has no number.
func (p *peer) errorResponse(id int) *godap.ErrorResponse {
	p.Helper()
	m, err := p.c.Take(p.ctx, func(m *client.Message) bool { _, ok := m.Msg.(*godap.ErrorResponse); return ok })
	if err != nil {
		p.Fatal(err)
	}
	e := m.Msg.(*godap.ErrorResponse)
	if e.Body.Error == nil || e.Body.Error.Id != id || e.Body.Error.Format == "" {
		p.Fatalf("error response %s, expected id %d", m.Raw, id)
	}
	return e
}

func TestMalformedMessagesAreAnsweredAndSurvived(t *testing.T) {
	for name, c := range map[string]struct {
		raw string
		id  int
	}{
		"no JSON":              {framed("{"), 1001},
		"empty":                {framed(""), 1001},
		"no object":            {framed("[1,2]"), 1001},
		"null":                 {framed("null"), 1001},
		"no type":              {framed(`{"seq":7}`), 1001},
		"unknown type":         {framed(`{"seq":7,"type":"question"}`), 1001},
		"unknown request":      {framed(`{"seq":7,"type":"request","command":"fly"}`), 1002},
		"no command":           {framed(`{"seq":7,"type":"request"}`), 1002},
		"wrong argument type":  {framed(`{"seq":7,"type":"request","command":"next","arguments":{"threadId":"x"}}`), 1003},
		"arguments no object":  {framed(`{"seq":7,"type":"request","command":"next","arguments":4}`), 1003},
		"too long":             {fmt.Sprintf("Content-Length: %d\r\n\r\n", 65<<20) + strings.Repeat(" ", 65<<20), 1001},
		"garbage before":       {"this is no header\r\n" + framed(`{"seq":7,"type":"request","command":"fly"}`), 1002},
		"other header fields":  {"Content-Type: x\r\n" + framed(`{"seq":7,"type":"request","command":"fly"}`), 1002},
		"lines end with LF":    {strings.ReplaceAll(framed(`{"seq":7,"type":"request","command":"fly"}`), "\r", ""), 1002},
		"header in lower case": {strings.ToLower(framed(`{"seq":7,"type":"request","command":"fly"}`)), 1002},
	} {
		t.Run(name, func(t *testing.T) {
			p := connect(t)
			p.initialize()
			go p.c.SendRaw([]byte(c.raw))
			p.errorResponse(c.id)
			p.refused(1004, "threads", nil) // the session is there
		})
	}
}

func TestMessagesThatAreNoRequestsAreIgnored(t *testing.T) {
	p := connect(t)
	p.initialize()
	p.c.SendRaw([]byte(framed(`{"seq":7,"type":"event","event":"stopped","body":{}}`) +
		framed(`{"seq":8,"type":"response","request_seq":1,"success":true,"command":"runInTerminal"}`) +
		framed(`{"seq":9,"type":"event","event":"unheard"}`)))
	p.refused(1004, "threads", nil)
	for _, m := range p.c.Pending() {
		t.Errorf("answered: %s", m.Raw)
	}
}

func TestBrokenFramingEndsTheSessionWithAnError(t *testing.T) {
	for name, raw := range map[string]string{
		"no number":       "Content-Length: many\r\n\r\n",
		"negative":        "Content-Length: -1\r\n\r\n",
		"huge":            "Content-Length: 99999999999999\r\n\r\n",
		"over all limits": "Content-Length: 99999999999999999999999999\r\n\r\n",
		"endless header":  strings.Repeat("x", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			p := connect(t)
			p.initialize()
			go p.c.SendRaw([]byte(raw))
			p.errorResponse(1001)
			if err := <-p.served; err == nil {
				t.Error("Serve returned no error")
			}
			p.served <- nil
		})
	}
}

func TestEndOfTheConnectionEndsTheSession(t *testing.T) {
	for name, raw := range map[string]string{"at once": "", "in a header": "Content-Le", "in a message": "Content-Length: 100\r\n\r\n{"} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			done := make(chan error, 1)
			go func() { done <- dap.Serve(context.Background(), far, dap.Config{}) }()
			io.WriteString(near, raw)
			near.Close()
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("Serve: %v", err)
				}
			case <-time.After(deadline):
				t.Fatal("the session does not end")
			}
		})
	}
}

func TestClientThatDoesNotReadCanStillEndTheSession(t *testing.T) {
	// The program floods its client with output, which never reads it.
	near, far := net.Pipe()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- dap.Serve(ctx, far, dap.Config{Drain: time.Millisecond}) }()
	for i, m := range []string{
		`"command":"initialize","arguments":{"adapterID":"x"}`,
		fmt.Sprintf(`"command":"launch","arguments":{"program":%q}`, guest(t, "spin")),
		`"command":"configurationDone"`,
		`"command":"disconnect"`,
	} {
		io.WriteString(near, framed(fmt.Sprintf(`{"seq":%d,"type":"request",%s}`, i+1, m)))
	}
	select {
	case <-done:
	case <-ctx.Done():
		t.Fatal("the session does not end")
	}
	near.Close()
}

func TestEndOfTheContextEndsTheSession(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- dap.Serve(ctx, far, dap.Config{}) }()
	cancel()
	select {
	case <-done:
	case <-time.After(deadline):
		t.Fatal("the session does not end")
	}
}

func TestEveryMessageHasTheNextNumber(t *testing.T) {
	p := start(t, "steps")
	p.move("continue", "exit")
	seen := map[int]bool{}
	for _, m := range p.c.Pending() {
		seq := m.Msg.GetSeq()
		if seq < 1 || seen[seq] {
			t.Errorf("number %d: %s", seq, m.Raw)
		}
		seen[seq] = true
	}
}
