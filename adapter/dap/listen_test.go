package dap_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
)

func TestClientsAreServedAtOnce(t *testing.T) {
	ln, err := dap.Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- dap.ServeListener(ctx, ln, dap.Config{}) }()
	exe := guest(t, "steps")
	var first *peer // is there all the time
	for i := range 3 {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		p := connectWith(t, conn, func(context.Context) error { return nil })
		p.initialize()
		p.launch(exe, args{"stopOnEntry": true})
		p.do("configurationDone", nil)
		p.stopped("entry")
		switch i {
		case 0:
			first = p
			continue
		case 1:
			conn.Close() // one that does not take its leave
			continue
		}
		p.do("disconnect", nil)
	}
	first.move("next", "step")
	first.move("stepBack", "step")
	cancel()
	if err := <-done; err != nil {
		t.Errorf("ServeListener: %v", err)
	}
}

func TestListenErrorsSayWhatToDo(t *testing.T) {
	ln, err := dap.Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for addr, says := range map[string]string{
		ln.Addr().String(): "in use",
		"0.0.0.0:0":        "--allow-remote",
		":0":               "--allow-remote",
		"[::]:0":           "--allow-remote",
		"192.0.2.1:0":      "--allow-remote",
		"127.0.0.1":        "host:port",
		"127.0.0.1:x":      "127.0.0.1:x",
	} {
		if l, err := dap.Listen(addr, false); err == nil {
			l.Close()
			t.Errorf("listening on %s", addr)
		} else if !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, without %q", addr, err, says)
		}
	}
	if l, err := dap.Listen("0.0.0.0:0", true); err != nil {
		t.Error(err)
	} else {
		l.Close()
	}
	if l, err := dap.Listen("localhost:0", false); err != nil {
		t.Error(err)
	} else {
		l.Close()
	}
}
