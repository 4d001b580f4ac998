package dap_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	godap "github.com/google/go-dap"
	"github.com/rs/zerolog"

	"github.com/dap-revexec/dap-revexec/adapter/dap"
	"github.com/dap-revexec/dap-revexec/adapter/terminal"
	"github.com/dap-revexec/dap-revexec/adapter/terminal/ptytest"
)

// TestMain is the proxy when the adapter has it started: the adapter's executable is
// the test's here.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == terminal.Command {
		if err := terminal.Proxy(context.Background(), os.Args[2], os.Stdin, os.Stdout); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// editor is a client that opens terminals.
type editor struct {
	*peer
	tty   *ptytest.Terminal
	proxy *exec.Cmd
	dir   string // the working directory that the terminal was to have
}

// connectWithTerminals is connect for a client that opens terminals.
func connectWithTerminals(t *testing.T, cfg dap.Config) *editor {
	t.Helper()
	near, far := net.Pipe()
	cfg.Logger = zerolog.New(zerolog.NewTestWriter(t))
	p := connectWith(t, near, func(ctx context.Context) error { return dap.Serve(ctx, far, cfg) })
	p.do("initialize", args{
		"clientID": "test", "adapterID": "dap-revexec", "linesStartAt1": true, "columnsStartAt1": true, "pathFormat": "path",
		"supportsRunInTerminalRequest": true,
	})
	return &editor{peer: p}
}

// serveTerminal waits for the adapter's wish for a terminal and fulfills it.
func (e *editor) serveTerminal() {
	e.Helper()
	var wish godap.RunInTerminalRequestArguments
	seq, err := e.c.Request(e.ctx, "runInTerminal", &wish)
	if err != nil {
		e.Fatal(err)
	}
	if wish.Kind != "integrated" || len(wish.Env) > 0 || wish.Title == "" || wish.ArgsCanBeInterpretedByShell {
		e.Errorf("the terminal is wished for as %+v", wish)
	}
	e.dir = wish.Cwd
	e.tty = ptytest.New(e.T)
	e.proxy = exec.Command(wish.Args[0], wish.Args[1:]...)
	e.proxy.Dir = wish.Cwd
	e.proxy.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // the race detector's end is slow
	e.tty.Start(e.proxy)
	if err := e.c.Answer(seq, "runInTerminal", ""); err != nil {
		e.Fatal(err)
	}
}

// launchOn launches a program on a terminal and configures nothing.
func (e *editor) launchOn(program string, more ...args) {
	e.Helper()
	a := args{"program": program, "cwd": filepath.Dir(program), "console": "integratedTerminal"}
	for _, m := range more {
		for k, v := range m {
			a[k] = v
		}
	}
	seq := e.send("launch", a)
	e.serveTerminal()
	if err := e.response(seq); err != nil {
		e.Fatal(err)
	}
	e.told("initialized")
}

// ended waits for the proxy's end and checks that it leaves the terminal in order.
func (e *editor) ended() {
	e.Helper()
	if err := e.proxy.Wait(); err != nil {
		e.Errorf("the proxy: %v", err)
	}
	e.tty.Settle()
	if e.tty.Raw() {
		e.Error("the terminal is left in raw mode")
	}
}

// told waits for an event.
func (p *peer) told(name string) {
	p.Helper()
	if err := p.c.Event(p.ctx, name, nil); err != nil {
		p.Fatal(err)
	}
}

// silent checks that the program's output has come on the terminal only.
func (e *editor) silent() {
	e.Helper()
	if out := e.output("stdout") + e.output("stderr"); out != "" {
		e.Errorf("output events: %q", out)
	}
}

// typeLines answers the guest stdin, which asks for lines.
func (e *editor) typeLines() {
	e.Helper()
	e.tty.Type("one 1\r")
	e.tty.Expect("one 1\r\n") // the echo
	e.tty.Expect(" 1: one 1 (5 characters, sum 1)\r\n")
	e.tty.Type("twoo\x7f 2\r")
	e.tty.Expect("twoo\b \b 2\r\n")
	e.tty.Expect(" 2: two 2 (5 characters, sum 2)\r\n")
	e.tty.Type("\x04")
	e.tty.Expect("2 lines, total 3\r\n")
}

func TestTerminalIsShownNothingTwiceAndAskedForNothingTwice(t *testing.T) {
	e := connectWithTerminals(t, dap.Config{})
	exe := guest(t, "stdin")
	e.launchOn(exe, args{"stopOnEntry": true})
	if e.dir != filepath.Dir(exe) {
		t.Errorf("the terminal was to be in %s", e.dir)
	}
	e.do("configurationDone", nil)
	e.stopped("entry")
	e.do("continue", args{"threadId": e.thread})
	e.typeLines()
	end := e.stopped("exit")
	if end.Revexec.Exit == nil || end.Revexec.Exit.Code != 2 {
		t.Errorf("the exit is %+v", end.Revexec.Exit)
	}
	seen := e.tty.Seen()

	e.console("printed two 2") // an echo, or an answer: output all the same
	if moment := e.stopped("goto"); moment.Revexec.Icount >= end.Revexec.Icount {
		t.Errorf("it was printed at %d", moment.Revexec.Icount)
	}
	e.move("continue", "exit")

	e.breakOn(exe, "stdin.c", bp{at: "echo"})
	e.move("reverseContinue", "breakpoint")
	e.move("reverseContinue", "breakpoint")
	e.move("reverseContinue", "entry")
	for range 2 {
		e.move("continue", "breakpoint")
		if n := e.eval("lines").Result; n == "" {
			t.Error("no value")
		}
	}
	again := e.move("continue", "exit")
	if again.Revexec.Icount != end.Revexec.Icount {
		t.Errorf("the end is at %d, then at %d", end.Revexec.Icount, again.Revexec.Icount)
	}
	e.silent()
	e.do("disconnect", nil)
	e.ended() // all that was shown has been shown by then
	if now := e.tty.Seen(); now != seen {
		t.Errorf("going back and forth has shown %q", strings.TrimPrefix(now, seen))
	}
}

func TestRestartKeepsTheTerminal(t *testing.T) {
	e := connectWithTerminals(t, dap.Config{})
	e.launchOn(guest(t, "stdin"))
	e.do("configurationDone", nil)
	for range 2 {
		e.typeLines()
		e.stopped("exit")
		e.do("restart", nil)
	}
	e.tty.Type("half a line")
	e.tty.Expect("half a line")
	e.do("restart", nil) // while it waits for input
	e.typeLines()
	e.stopped("exit")
	e.do("disconnect", nil)
	e.ended()
	e.silent()
}

func TestRestartOpensAnotherTerminalForOneThatWasClosed(t *testing.T) {
	e := connectWithTerminals(t, dap.Config{})
	e.launchOn(guest(t, "stdin"))
	e.do("configurationDone", nil)
	e.tty.Type("one 1\r")
	e.tty.Expect(" 1: one 1")
	e.tty.Close()
	stop := event[dap.StoppedEventBody](e.peer, "stopped")
	for stop.Reason == "exception" { // the signal
		if !strings.Contains(stop.Description+stop.Text, "SIGHUP") {
			t.Errorf("stopped by %s: %s", stop.Description, stop.Text)
		}
		e.do("continue", args{"threadId": stop.ThreadId})
		stop = event[dap.StoppedEventBody](e.peer, "stopped")
	}
	if stop.Reason != "exit" || stop.Revexec.Exit == nil || stop.Revexec.Exit.Signal != "SIGHUP" {
		t.Errorf("stopped: %+v", stop)
	}
	_ = e.proxy.Wait()
	seq := e.send("restart", nil)
	e.serveTerminal()
	if err := e.response(seq); err != nil {
		t.Fatal(err)
	}
	e.typeLines()
	e.stopped("exit")
	e.do("terminate", nil)
	e.told("terminated")
	e.ended()
}

func TestRestartWithoutATerminalLetsItGo(t *testing.T) {
	e := connectWithTerminals(t, dap.Config{})
	exe := guest(t, "stdin")
	e.launchOn(exe)
	e.do("configurationDone", nil)
	e.tty.Type("one 1\r")
	e.tty.Expect(" 1: one 1")
	e.do("restart", args{"arguments": args{"program": exe, "stdin": args{"text": "two 2\n"}}})
	e.stopped("exit")
	e.ended()
	if out := e.output("stdout"); out != " 1: two 2 (5 characters, sum 2)\n1 lines, total 2\n" {
		t.Errorf("output %q", out)
	}
}

func TestProgramKnowsWhichTerminalItIsOn(t *testing.T) {
	const printenv = "/usr/bin/printenv"
	if runtime.GOARCH != "amd64" {
		t.Skip("needs an x86-64 machine")
	}
	if _, err := os.Stat(printenv); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Setenv("TERM", "of-the-terminal") // the proxy's; the adapter's is another in life
	for want, env := range map[string]args{"of-the-terminal": {}, "of-the-launch": {"TERM": "of-the-launch"}} {
		e := connectWithTerminals(t, dap.Config{})
		e.launchOn(printenv, args{"args": []string{"TERM"}, "env": env, "noDebug": true, "inheritEnv": false})
		e.do("configurationDone", nil)
		e.tty.Expect(want + "\r\n")
		e.told("terminated")
		e.ended()
	}
}

func TestTerminalIsLetGoInEveryPhase(t *testing.T) {
	for name, prepare := range map[string]func(e *editor){
		"configuring": func(e *editor) {},
		"stopped": func(e *editor) {
			e.do("setFunctionBreakpoints", args{"breakpoints": []args{{"name": "main"}}})
			e.do("configurationDone", nil)
			e.stopped("function breakpoint")
		},
		"waiting for input": func(e *editor) {
			e.do("configurationDone", nil)
			e.tty.Type("one\r")
			e.tty.Expect(" 1: one")
		},
		"exited": func(e *editor) {
			e.do("configurationDone", nil)
			e.typeLines()
			e.stopped("exit")
		},
	} {
		for _, end := range []string{"disconnect", "terminate", "connection lost"} {
			t.Run(name+"/"+end, func(t *testing.T) {
				e := connectWithTerminals(t, dap.Config{})
				e.launchOn(guest(t, "stdin"))
				prepare(e)
				if end == "connection lost" {
					e.c.Close()
				} else {
					e.do(end, nil)
				}
				e.ended()
			})
		}
	}
}

func TestRunWithoutDebuggingOnATerminal(t *testing.T) {
	e := connectWithTerminals(t, dap.Config{})
	e.launchOn(guest(t, "stdin"), args{"noDebug": true})
	e.do("configurationDone", nil)
	e.typeLines()
	if code := event[godap.ExitedEventBody](e.peer, "exited").ExitCode; code != 2 {
		t.Errorf("exit code %d", code)
	}
	e.told("terminated")
	e.ended()
}

func TestInterruptTypedOnTheTerminalReachesAProgramThatComputes(t *testing.T) {
	e := connectWithTerminals(t, dap.Config{})
	e.launchOn(guest(t, "spin"), args{"noDebug": true})
	e.do("configurationDone", nil)
	e.tty.Type("\x03")
	e.tty.Expect("^C")
	if code := event[godap.ExitedEventBody](e.peer, "exited").ExitCode; code != 130 {
		t.Errorf("exit code %d", code)
	}
	e.told("terminated")
	e.ended()
}

func TestSessionOnATerminalIsRecorded(t *testing.T) {
	e := connectWithTerminals(t, dap.Config{})
	exe := guest(t, "stdin")
	rec := filepath.Join(t.TempDir(), "rec")
	e.launchOn(exe, args{"record": rec})
	e.do("configurationDone", nil)
	e.typeLines()
	end := e.stopped("exit")
	e.do("disconnect", nil)
	e.ended()
	shown := e.tty.Seen()

	t.Run("in the debug console", func(t *testing.T) {
		p := connect(t)
		p.initialize()
		p.do("launch", args{"recording": rec})
		p.told("initialized")
		p.do("configurationDone", nil)
		if again := p.stopped("exit"); again.Revexec.Icount != end.Revexec.Icount {
			t.Errorf("the end is at %d, in the recording at %d", end.Revexec.Icount, again.Revexec.Icount)
		}
		if out := p.output("stdout"); out != shown {
			t.Errorf("%q is seen of %q", out, shown)
		}
	})
	t.Run("on a terminal", func(t *testing.T) {
		e := connectWithTerminals(t, dap.Config{})
		seq := e.send("launch", args{"recording": rec, "console": "integratedTerminal"})
		e.serveTerminal()
		if err := e.response(seq); err != nil {
			t.Fatal(err)
		}
		e.told("initialized")
		e.do("configurationDone", nil)
		e.tty.Type("not asked for\r")
		e.stopped("exit")
		e.move("reverseContinue", "entry")
		e.move("continue", "exit")
		e.do("disconnect", nil)
		e.ended()
		e.silent()
		// What the proxy had not read yet at its end, the terminal itself echoes.
		if out := strings.TrimSuffix(e.tty.Seen(), "not asked for\r\n"); out != shown {
			t.Errorf("%q is seen of %q", out, shown)
		}
	})
}

func TestTerminalsThatDoNotComeAreErrors(t *testing.T) {
	exe := guest(t, "stdin")
	launch := args{"program": exe, "console": "externalTerminal"}
	t.Run("the client can't", func(t *testing.T) {
		p := connect(t)
		p.initialize()
		if e := p.refused(2001, "launch", launch); !strings.Contains(e.Format, "internalConsole") {
			t.Errorf("the error does not say what to do: %s", e.Format)
		}
		p.launch(exe) // another try
	})
	t.Run("the client refuses", func(t *testing.T) {
		e := connectWithTerminals(t, dap.Config{})
		seq := e.send("launch", launch)
		var wish godap.RunInTerminalRequestArguments
		ask, err := e.c.Request(e.ctx, "runInTerminal", &wish)
		if err != nil {
			t.Fatal(err)
		}
		if wish.Kind != "external" {
			t.Errorf("the kind is %q", wish.Kind)
		}
		if err := e.c.Answer(ask, "runInTerminal", "no room for it"); err != nil {
			t.Fatal(err)
		}
		if err := e.response(seq); err == nil || !strings.Contains(err.Error(), "no room for it") {
			t.Errorf("the error is %v", err)
		}
		e.launchOn(exe) // another try
	})
	t.Run("it does not come in time", func(t *testing.T) {
		e := connectWithTerminals(t, dap.Config{TerminalWait: time.Millisecond})
		if err := e.refused(2001, "launch", launch); !strings.Contains(err.Format, "within 1ms") {
			t.Errorf("the error is %s", err.Format)
		}
	})
	t.Run("it is cancelled", func(t *testing.T) {
		e := connectWithTerminals(t, dap.Config{})
		seq := e.send("launch", launch)
		if _, err := e.c.Request(e.ctx, "runInTerminal", nil); err != nil {
			t.Fatal(err)
		}
		e.do("cancel", args{"requestId": seq})
		if err := e.response(seq); err == nil || !strings.Contains(err.Error(), "cancelled") {
			t.Errorf("the error is %v", err)
		}
		e.launchOn(exe)
	})
	t.Run("the session ends", func(t *testing.T) {
		e := connectWithTerminals(t, dap.Config{})
		seq := e.send("launch", launch)
		if _, err := e.c.Request(e.ctx, "runInTerminal", nil); err != nil {
			t.Fatal(err)
		}
		e.do("disconnect", nil)
		if err := e.response(seq); err == nil {
			t.Error("the launch succeeds")
		}
	})
	t.Run("the program can't be started", func(t *testing.T) {
		e := connectWithTerminals(t, dap.Config{})
		seq := e.send("launch", args{"program": write(t, "x", "no program"), "console": "integratedTerminal"})
		e.serveTerminal()
		if err := e.response(seq); err == nil {
			t.Error("the launch succeeds")
		}
		e.ended() // it tells, too
		e.tty.Expect("dap-revexec: ")
	})
	for name, c := range map[string]args{
		"console and stdin": {"program": exe, "console": "integratedTerminal", "stdin": args{"text": "x"}},
		"unknown console":   {"program": exe, "console": "somewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			e := connectWithTerminals(t, dap.Config{})
			if err := e.refused(1003, "launch", c); !strings.Contains(err.Format, "console") {
				t.Errorf("the error is %s", err.Format)
			}
		})
	}
}

// Responses that nobody has asked for change nothing.
func TestResponsesToNothingAreIgnored(t *testing.T) {
	p := connect(t)
	p.initialize()
	for _, text := range []string{
		`{"seq":7,"type":"response","request_seq":1,"success":true,"command":"runInTerminal"}`,
		`{"seq":8,"type":"response","request_seq":-1,"success":false,"command":"never heard of"}`,
		`{"seq":9,"type":"response","request_seq":"x"}`,
		`{"seq":10,"type":"event","event":"x"}`,
	} {
		if err := p.c.SendRaw([]byte(fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), text))); err != nil {
			t.Fatal(err)
		}
	}
	p.launch(guest(t, "steps"))
}
